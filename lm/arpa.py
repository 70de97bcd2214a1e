"""ARPA files: reading with repairs, writing with compression."""

from __future__ import annotations

from collections.abc import Callable

from tlg import _core
from tlg._files import PathLike, open_unpacked, write_packed

__all__ = ["read_arpa", "write_arpa"]


def read_arpa(path: PathLike, progress: Callable[[int], object] | None = None) -> _core.NgramModel:
    """Read an ARPA file, plain or compressed (told by its first bytes).

    What KenLM, SRILM, IRSTLM, MITLM, Sphinx and pocolm write is read; what had to be mended is in
    the model's ``repairs``. The file is read once, from its start to its end, so a pipe will do; it
    is never in memory as a whole.

    Args:
        path: the file.
        progress: called with numbers of bytes of the file, as they are read.

    Raises:
        MissingFileError: there is no such file.
        ArpaError: it is no ARPA file, or damaged; names the line.
        TextError: its compressed data is damaged or cut off.
    """
    with open_unpacked(path, progress) as stream:
        return _core.read_arpa(stream.readinto, stream.size or 0, str(path))


def write_arpa(
    model: _core.NgramModel, path: PathLike, progress: Callable[[int], object] | None = None
) -> None:
    """Write a model as an ARPA file, compressed as the suffix asks for (.gz, .bz2, .xz, .zst).

    The numbers are the shortest that read back to the same float32, without exponents. The n-grams
    are in lmplz's order. The file appears under its name only when it is complete.

    Args:
        model: what to write.
        path: the file.
        progress: called with numbers of n-grams, as they are written.

    Raises:
        MissingExtraError: .zst, and the package for it is not installed.
        OutputError: the folder is missing or not writable, or the disk is full.
    """
    writer = _core.ArpaWriter(model)
    with write_packed(path) as write:
        told = 0
        while piece := writer.next():
            write(piece)
            if progress is not None:
                progress(writer.num_written - told)
                told = writer.num_written
