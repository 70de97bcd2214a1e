"""Texts for training and testing: files, streams, or sentences in memory, read block by block."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from tlg._files import BZIP2, GZIP, XZ, ZSTD, PathLike, read_bytes
from tlg.errors import MissingFileError, OptionError, OutputError, TextError

__all__ = [
    "Progress",
    "Text",
    "Texts",
    "add_sentence",
    "blocks",
    "iterate_texts",
    "text_name",
    "text_size",
    "texts_of",
]

Text = PathLike | IO[bytes] | Sequence[str]
Texts = PathLike | Iterable[Text]
Progress = Callable[[int], object]

BLOCK = 16 << 20
BOM = b"\xef\xbb\xbf"


class SentenceSink(Protocol):
    """What takes sentences: a corpus, a scorer."""

    def add_sentence(self, words: Sequence[str], number: int) -> None:
        """Take one sentence."""


@dataclass(frozen=True)
class Block:
    """Whole lines of a text.

    Args:
        data: their bytes; only the last block of a text may lack a newline at its end.
        name: what errors call the text.
        first_line: the number of its first line, from 1.
        notes: what was mended, one sentence each.
    """

    data: bytes
    name: str
    first_line: int
    notes: tuple[str, ...] = ()


def iterate_texts(texts: Texts) -> Iterator[Text]:
    """Yield the texts one by one, as they come: a str or a path is one file, anything else is iterated.

    Raises:
        OptionError: an item is neither a path, a binary stream nor a sequence of words.
    """
    if isinstance(texts, str | os.PathLike):
        yield texts
        return
    if not isinstance(texts, Iterable):
        raise OptionError(
            f"texts may not be {type(texts).__name__}", remedy="Give a path, or a list of paths or sentences"
        )
    for item in texts:
        is_stream = hasattr(item, "read")
        if isinstance(item, bytes) or not (is_stream or isinstance(item, str | os.PathLike | Sequence)):
            raise OptionError(
                f"a text may not be {type(item).__name__}",
                remedy="Give paths, binary streams, or sentences as lists of words",
            )
        yield item


def texts_of(texts: Texts) -> list[Text]:
    """Return the texts, all at once.

    Raises:
        OptionError: an item is neither a path, a binary stream nor a sequence of words.
    """
    return list(iterate_texts(texts))


def add_sentence(sink: SentenceSink, words: Sequence[str], number: int) -> None:
    """Give a sentence to the core.

    Raises:
        TextError: something in it is not text; names the sentence.
    """
    try:
        sink.add_sentence(words, number)
    except TypeError as error:
        raise TextError(
            f"sentence {number} holds something that is no text",
            remedy="Give lists of words (str, no surrogates)",
        ) from error


def text_name(text: Text) -> str:
    """Return what messages call a file or a stream."""
    if isinstance(text, str | os.PathLike):
        return os.fspath(text)
    return str(getattr(text, "name", "<stream>"))


def text_size(text: Text) -> int | None:
    """Return how many bytes there will be to read, or None where only reading would tell."""
    if not isinstance(text, str | os.PathLike):
        return None
    try:
        with Path(text).open("rb") as stream:
            if stream.read(6).startswith((GZIP, BZIP2, XZ, ZSTD)):
                return None
            return os.fstat(stream.fileno()).st_size
    except OSError:
        return None


def _pieces(text: PathLike | IO[bytes]) -> Iterator[bytes]:
    """Yield the content in pieces of any size; compressed files are unpacked as a whole."""
    if not isinstance(text, str | os.PathLike):
        first = True
        while piece := text.read(BLOCK):
            if not isinstance(piece, bytes):
                raise OptionError("the stream gives str", remedy="Open it in binary mode")
            if first and piece.startswith((GZIP, BZIP2, XZ, ZSTD)):
                raise TextError(
                    "compressed data in a stream",
                    remedy="Unpack it on the way, or give the file",
                    file=text_name(text),
                )
            first = False
            yield piece
        return
    try:
        with Path(text).open("rb") as stream:
            piece = stream.read(BLOCK)
            if piece.startswith((GZIP, BZIP2, XZ, ZSTD)):
                yield read_bytes(text)
                return
            while piece:
                yield piece
                piece = stream.read(BLOCK)
    except FileNotFoundError as error:
        raise MissingFileError("no such file", remedy="Check the path", file=text) from error
    except OSError as error:
        raise OutputError(
            f"cannot be read ({error.strerror})", remedy="Check the path and its permissions", file=text
        ) from error


def blocks(text: PathLike | IO[bytes], progress: Progress | None = None) -> Iterator[Block]:
    """Yield a file or a binary stream as blocks of whole lines, a byte order mark removed.

    Args:
        text: plain, or compressed as tlg._files.read_bytes knows it; a stream must be plain.
        progress: called with the number of bytes after each piece.

    Raises:
        MissingFileError, OutputError: it is not there or cannot be read.
        TextError: damaged compressed data, or a stream of compressed data.
    """
    name = text_name(text)
    line = 1
    rest = b""
    first = True
    notes: tuple[str, ...] = ()
    for piece in _pieces(text):
        if progress is not None:
            progress(len(piece))
        if first and piece.startswith(BOM):
            piece = piece[len(BOM) :]
            notes = (f"{name}: byte order mark removed",)
        first = False
        cut = piece.rfind(b"\n") + 1
        if not cut:
            rest += piece
            continue
        data = rest + piece[:cut] if rest else piece[:cut]
        rest = piece[cut:]
        yield Block(data, name, line, notes)
        notes = ()
        line += data.count(b"\n")
    if rest:
        ended = f"{name}:{line}: the last line has no newline; taken as a whole sentence"
        yield Block(rest, name, line, (*notes, ended))
    elif notes:
        yield Block(b"", name, line, notes)
