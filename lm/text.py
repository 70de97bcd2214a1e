"""Texts for training and testing: files, streams, or sentences in memory, read block by block."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from tlg import _core
from tlg._files import PathLike, unpacked_pieces
from tlg.errors import MissingFileError, OptionError, OutputError, TextError, TlgError

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


class Reader(Protocol):
    """What bytes are read from; a raw stream may give fewer than asked for."""

    def read(self, size: int, /) -> bytes | None:
        """Return up to so many bytes, none at the end."""


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
    """Return how many bytes there will be to read (of a compressed file: as it is), None if nobody knows."""
    if not isinstance(text, str | os.PathLike):
        return None
    try:
        status = Path(text).stat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _pieces(text: PathLike | IO[bytes], size: int, progress: Progress | None) -> Iterator[bytes]:
    """Yield the content, unpacked, in pieces of about so many bytes."""
    if not isinstance(text, str | os.PathLike):
        yield from unpacked_pieces(_reader(text, progress), text_name(text), size)
        return
    try:
        with Path(text).open("rb", buffering=0) as stream:
            yield from unpacked_pieces(_reader(stream, progress), text, size)
    except FileNotFoundError as error:
        raise MissingFileError("no such file", remedy="Check the path", file=text) from error
    except OSError as error:
        if isinstance(error, TlgError):
            raise
        raise OutputError(
            f"cannot be read ({error.strerror})", remedy="Check the path and its permissions", file=text
        ) from error


def _reader(stream: Reader, progress: Progress | None) -> Callable[[int], bytes]:
    """Return what reads a stream, checks what it gives and tells how much that was."""

    def read(size: int) -> bytes:
        data = stream.read(size)
        if data is None:
            raise TextError("the stream gives nothing yet and has not ended", remedy="Make it blocking")
        if not isinstance(data, bytes):
            raise OptionError("the stream gives str", remedy="Open it in binary mode")
        if progress is not None:
            progress(len(data))
        return data

    return read


def blocks(
    text: PathLike | IO[bytes], progress: Progress | None = None, size: int | None = None
) -> Iterator[Block]:
    """Yield a file or a binary stream as blocks of whole lines, a byte order mark removed.

    Args:
        text: plain or compressed (gzip, bzip2, xz, zstd: told by the first bytes).
        progress: called with the number of bytes after each read, before they are unpacked.
        size: about how many bytes are in a block; None for 16 MB. A longer line is a block of its own.

    Raises:
        MissingFileError, OutputError: it is not there or cannot be read.
        TextError: damaged compressed data.
    """
    name = text_name(text)
    line = 1
    rest: list[bytes] = []  # of a line that is not complete
    notes: tuple[str, ...] = ()
    start: bytes | None = b""  # what may be a byte order mark
    for piece in _pieces(text, BLOCK if size is None else size, progress):
        if start is not None:
            start += piece
            if len(start) < len(BOM) and BOM.startswith(start):
                continue
            piece, start = start, None
            if piece.startswith(BOM):
                piece = piece[len(BOM) :]
                notes = (f"{name}: byte order mark removed",)
        cut = piece.rfind(b"\n") + 1
        if not cut:
            rest.append(piece)
            continue
        # No copy of whole blocks where lines end with them.
        data = piece if cut == len(piece) else piece[:cut]
        yield Block(b"".join((*rest, data)) if rest else data, name, line, notes)
        rest = [piece[cut:]] if cut < len(piece) else []
        notes = ()
        line += _core.count_newlines(data)
    if start:
        rest.append(start)
    if rest:
        ended = f"{name}:{line}: the last line has no newline; taken as a whole sentence"
        yield Block(b"".join(rest), name, line, (*notes, ended))
    elif notes:
        yield Block(b"", name, line, notes)
