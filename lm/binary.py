"""Binary models: files that are mapped and queried where they lie, and told apart from ARPA files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlg import _core
from tlg._files import PathLike, atomic_write
from tlg.errors import ArpaError, OptionError
from tlg.lm.arpa import read_arpa
from tlg.lm.kenlm_model import is_kenlm_binary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "BINARY_SUFFIX",
    "STRUCTURES",
    "binary_parts",
    "is_binary",
    "open_binary",
    "read_model",
    "save_binary",
]

BINARY_SUFFIX = ".tlglm"
# What a binary model may be inside: docs/lm_binary.md says which to take.
STRUCTURES = ("probing", "trie")
MAGIC = b"\x89tlgLM\r\n"


def is_binary(path: PathLike) -> bool:
    """Tell whether a file begins as tlg's binary models do; False if it cannot be read, or only once."""
    if not Path(path).is_file():  # what a pipe gives is not given again
        return False
    try:
        with Path(path).open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def open_binary(path: PathLike, *, verify: bool = False) -> _core.NgramModel:
    """Map a binary model, in about a millisecond whatever its size.

    Args:
        path: the file; it may be replaced by renaming while it is open, not written in place.
        verify: read all of it and compare the checksums. Without, a file damaged on its way gives wrong
            scores (but for its head, which is always looked at).

    Raises:
        MissingFileError: there is no such file.
        ArpaError: no binary model, cut off, damaged, or of a later version.
    """
    return _core.NgramModel.open(str(path), verify)


def binary_parts(path: PathLike) -> dict[str, Any]:
    """Return what a binary model is made of: its structure, the bits of a trie, the sizes of its sections.

    Raises:
        MissingFileError: there is no such file.
        ArpaError: no binary model, or damaged in what is looked at.
    """
    core = open_binary(path)
    names = ("rank", "probability", "backoff", "codes of probabilities", "codes of backoffs")
    parts: dict[str, Any] = {"structure": core.structure}
    if core.structure == "trie":
        parts["packing"] = [dict(zip(names, row, strict=True)) for row in core.packing]
    return parts | {"sections": dict(_core.binary_sections(str(path)))}


def read_model(path: PathLike, progress: Callable[[int], object] | None = None) -> _core.NgramModel:
    """Read an ARPA file or map a binary model, told by the first bytes.

    Args:
        path: the file.
        progress: called with numbers of bytes of an ARPA file, as they are read.

    Raises:
        MissingFileError: there is no such file.
        ArpaError: it is neither, or damaged.
    """
    if is_binary(path):
        return open_binary(path)
    if is_kenlm_binary(path):
        raise ArpaError(
            "a KenLM binary, of which only scores can be had",
            remedy="For scores: tlg.lm.KenlmModel.load(path). For all else give the ARPA file it was built from",
            file=path,
        )
    return read_arpa(path, progress)


def _pieces(
    core: _core.NgramModel, structure: str, prob_bits: int | None, backoff_bits: int | None
) -> Iterator[bytes]:
    if structure not in STRUCTURES:
        raise OptionError(
            f"structure={structure!r} is not known", remedy=f"Give one of {', '.join(STRUCTURES)}"
        )
    if structure == "probing" and (prob_bits or backoff_bits):
        raise OptionError("the probing structure is not quantised", remedy="Use structure='trie'")
    if core.structure == structure and not (prob_bits or backoff_bits):
        made = core
    elif structure == "trie":
        made = core.to_trie(prob_bits or 0, backoff_bits or 0)
    else:
        made = core.to_probing()
    writer = _core.LmFileWriter(made)
    while piece := writer.next():
        yield piece


def save_binary(
    core: _core.NgramModel,
    path: PathLike,
    *,
    structure: str = "probing",
    prob_bits: int | None = None,
    backoff_bits: int | None = None,
) -> None:
    """Write a model as a binary file, atomically.

    Args:
        core: the model's arrays.
        path: the file; any name, though ``.tlglm`` lets ``NgramModel.save`` know by itself.
        structure: "probing", a hash table, the faster; or "trie", bit-packed, the smaller.
        prob_bits: of a trie: 2 to 16 bits a probability; None keeps them as they are.
        backoff_bits: of a trie: 2 to 16 bits a backoff; None keeps them as they are.

    Raises:
        OptionError: an unknown structure, bits out of their range, bits for the probing structure.
        OutputError: the folder is missing or not writable, or the disk is full; no file is left.
    """
    pieces = _pieces(core, structure, prob_bits, backoff_bits)
    first = next(pieces)  # options are looked at before there is a file
    with atomic_write(path) as stream:
        stream.write(first)
        for piece in pieces:
            stream.write(piece)
