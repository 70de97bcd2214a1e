"""SentencePiece models, opened in one place."""

from __future__ import annotations

from typing import Any

from tlg._files import PathLike, read_bytes
from tlg.errors import InputError, MissingExtraError

__all__ = ["load_sentencepiece"]


def load_sentencepiece(path: PathLike, *, kind: type[InputError]) -> Any:
    """Return the processor of a model.

    Args:
        path: the .model file.
        kind: of the error where the file is no model.

    Raises:
        MissingExtraError: the package sentencepiece is not installed.
        MissingFileError: there is no such file.
        InputError: it is no SentencePiece model; of that kind.
    """
    try:
        import sentencepiece
    except ImportError as error:
        raise MissingExtraError(
            "SentencePiece models need the package sentencepiece",
            remedy="Run: pip install 'tlg[sentencepiece]'",
        ) from error
    data = read_bytes(path)
    processor = sentencepiece.SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(data)
    except Exception as error:  # whatever the library raises on a damaged model
        raise kind("is no SentencePiece model", remedy="Give the .model file", file=path) from error
    return processor
