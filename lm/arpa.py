"""ARPA files: reading with repairs, writing with compression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlg import _core
from tlg._files import PathLike, open_unpacked, write_packed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tlg.lm.model import NgramModel

__all__ = ["TOLERANCE", "context_sums", "read_arpa", "write_arpa"]

#: How far the sum of the probabilities after a context may be from 1. Files with six decimals stay below it.
TOLERANCE = 1e-3


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
    model: _core.NgramModel,
    path: PathLike,
    progress: Callable[[int], object] | None = None,
    *,
    threads: int = 1,
) -> None:
    """Write a model as an ARPA file, compressed as the suffix asks for (.gz, .bz2, .xz, .zst).

    The numbers are the shortest that read back to the same float32, without exponents. The n-grams
    are in lmplz's order. The file appears under its name only when it is complete.

    Args:
        model: what to write.
        path: the file.
        progress: called with numbers of n-grams, as they are written.
        threads: how many make the text; the file does not depend on it.

    Raises:
        MissingExtraError: .zst, and the package for it is not installed.
        OutputError: the folder is missing or not writable, or the disk is full.
    """
    writer = _core.ArpaWriter(model, threads)
    with write_packed(path) as write:
        told = 0
        while piece := writer.next():
            write(piece)
            if progress is not None:
                progress(writer.num_written - told)
                told = writer.num_written


def context_sums(model: NgramModel, tolerance: float = TOLERANCE) -> list[dict[str, Any]]:
    """Add up the probabilities of all words but ``<s>`` after every context that begins a longer n-gram.

    Args:
        model: any n-gram model.
        tolerance: a sum further from 1 is counted as off.

    Returns:
        For contexts of 0, 1, ... words: ``length``, ``contexts`` (how many), ``off``, ``worst`` (the sum
        furthest from 1) and ``worst_context``.

    Raises:
        ArpaError: the model's links are damaged.
    """
    names = ("length", "contexts", "off", "worst", "worst_context")
    sums = _core.check_sums(model.core, tolerance)
    return [{name: getattr(one, name) for name in names} for one in sums]
