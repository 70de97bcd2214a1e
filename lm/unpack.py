"""Texts unpacked piece by piece: gzip, bzip2, xz and zstd, told by their first bytes, never whole in memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from tlg._files import BZIP2, GZIP, XZ, ZSTD, PathLike, zstandard_package
from tlg.errors import OptionError, TextError

__all__ = ["Reader", "pieces"]

LONGEST_MAGIC = 6
# zstd gives all that a piece unpacks to at once, so the pieces are small.
ZSTD_PIECE = 1 << 14


class Reader(Protocol):
    """What bytes are read from; a raw stream may give fewer than asked for."""

    def read(self, size: int, /) -> bytes | None:
        """Return up to so many bytes, none at the end."""


class _Source(io.RawIOBase):
    """A stream whose first bytes can be looked at, and which tells how much of it was read."""

    def __init__(self, stream: Reader, progress: Callable[[int], object] | None) -> None:
        self.stream = stream
        self.progress = progress
        self.start = b""
        self.ended = False
        while len(self.start) < LONGEST_MAGIC and (piece := self.take(LONGEST_MAGIC - len(self.start))):
            self.start += piece

    def take(self, size: int) -> bytes:
        piece = self.stream.read(size)
        if piece is None:
            raise TextError("the stream gives nothing yet and has not ended", remedy="Make it blocking")
        if not isinstance(piece, bytes):
            raise OptionError("the stream gives str", remedy="Open it in binary mode")
        if self.progress is not None:
            self.progress(len(piece))
        return piece

    def read(self, size: int = -1) -> bytes:
        if self.start:
            piece, self.start = self.start[:size], self.start[size:]
            return piece
        return self.take(size)

    def readable(self) -> bool:
        return True


def _zstd(source: _Source, size: int) -> Iterator[bytes]:
    zstandard = zstandard_package()
    gathered: list[bytes] = []
    held = 0
    data = source.read(ZSTD_PIECE)
    while data:
        # One object a frame: a stream reader would take a frame that is cut off for a short one.
        frame = zstandard.ZstdDecompressor().decompressobj()
        while data and not frame.eof:
            try:
                gathered.append(frame.decompress(data))
            except zstandard.ZstdError as error:
                raise EOFError(str(error)) from error
            held += len(gathered[-1])
            if held >= size:
                yield b"".join(gathered)
                gathered, held = [], 0
            data = frame.unused_data if frame.eof else source.read(ZSTD_PIECE)
        if not frame.eof:
            raise EOFError("the last frame is cut off")
        data = data or source.read(ZSTD_PIECE)
    yield b"".join(gathered)


def _unpacker(source: Any) -> Any:
    if source.start.startswith(GZIP):
        return gzip.GzipFile(fileobj=source, mode="rb")
    return bz2.BZ2File(source) if source.start.startswith(BZIP2) else lzma.LZMAFile(source)


def pieces(
    stream: Reader, name: PathLike, size: int, progress: Callable[[int], object] | None = None
) -> Iterator[bytes]:
    """Yield what a stream holds, unpacked, in pieces of about so many bytes.

    Args:
        stream: of bytes, read from where it stands, plain or compressed.
        name: what errors call it.
        size: of a piece.
        progress: called with the number of bytes after each read from the stream.

    Raises:
        TextError: damaged or cut off compressed data.
        OptionError: the stream gives str.
        OSError: it cannot be read.
    """
    source = _Source(stream, progress)
    if not source.start.startswith((GZIP, BZIP2, XZ, ZSTD)):
        yield from iter(lambda: source.read(size), b"")
        return
    try:
        if source.start.startswith(ZSTD):
            yield from _zstd(source, size)
            return
        with _unpacker(source) as unpacker:
            yield from iter(lambda: unpacker.read(size), b"")
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise TextError(
            f"damaged or truncated compressed data ({error})", remedy="Copy or compress it again", file=name
        ) from error
