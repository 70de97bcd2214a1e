"""ARPA files: reading with repairs, writing with compression."""

from __future__ import annotations

import bz2
import gzip
import lzma
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tlg import _core
from tlg._files import PathLike, atomic_write, read_bytes, zstandard_package

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_arpa", "write_arpa"]


def read_arpa(path: PathLike) -> _core.NgramModel:
    """Read an ARPA file, plain or compressed (told by its first bytes).

    What KenLM, SRILM, IRSTLM, MITLM, Sphinx and pocolm write is read; what had to be mended is in
    the model's ``repairs``.

    Raises:
        MissingFileError: there is no such file.
        ArpaError: it is no ARPA file, or damaged; names the line.
    """
    return _core.NgramModel.read_arpa(read_bytes(path), str(path))


@contextmanager
def _compressed(stream: IO[bytes], suffix: str) -> Iterator[Any]:
    context: Any
    if suffix == ".gz":
        context = gzip.GzipFile(fileobj=stream, mode="wb", mtime=0, filename="")
    elif suffix == ".bz2":
        context = bz2.BZ2File(stream, "wb")
    elif suffix == ".xz":
        context = lzma.LZMAFile(stream, "wb", preset=1)  # noqa: SIM115 (entered below)
    elif suffix == ".zst":
        context = zstandard_package().ZstdCompressor().stream_writer(stream, closefd=False)
    else:
        context = nullcontext(stream)
    with context as sink:
        yield sink


def write_arpa(model: _core.NgramModel, path: PathLike) -> None:
    """Write a model as an ARPA file, compressed as the suffix asks for (.gz, .bz2, .xz, .zst).

    The numbers are the shortest that read back to the same float32. The file appears under its name
    only when it is complete.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
    """
    writer = _core.ArpaWriter(model)
    with atomic_write(path) as stream, _compressed(stream, Path(path).suffix) as sink:
        while piece := writer.next():
            sink.write(piece)
