"""Files: compression by content, atomic writing, clear errors for what is missing."""

from __future__ import annotations

import bz2
import io
import lzma
import os
import stat
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

from tlg.errors import MissingExtraError, MissingFileError, OutputError, TextError, TlgError

__all__ = [
    "PathLike",
    "Unpacked",
    "atomic_write",
    "compress",
    "open_unpacked",
    "read_bytes",
    "read_text",
    "unpacked_pieces",
    "write_packed",
    "zstandard_package",
]

PathLike = str | os.PathLike[str]

GZIP, BZIP2, XZ, ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
#: Speed before size: the next levels of gzip and xz take twice the time for a few per cent.
GZIP_LEVEL, XZ_PRESET = 4, 1
#: Compressed bytes unpacked at a time: a file made to explode gives at most a thousand times as many.
PIECE = 64 << 10


class Packer(Protocol):
    """What compresses a stream of bytes."""

    def compress(self, data: bytes | memoryview, /) -> bytes:
        """Return what is ready."""

    def flush(self) -> bytes:
        """Return the rest."""


class Unpacker(Protocol):
    """What decompresses one stream, member or frame."""

    @property
    def eof(self) -> bool:
        """Whether its end was seen."""

    @property
    def unused_data(self) -> bytes:
        """What came behind its end."""

    def decompress(self, data: bytes, /) -> bytes:
        """Return what is ready."""


def zstandard_package() -> Any:
    """Return the package zstandard.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtraError(
            "zstd files need the package zstandard", remedy="Run: pip install 'tlg[zstd]'"
        ) from error
    return zstandard


def _zstd_packer() -> Packer:
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.ZstdCompressor()
    return cast(Packer, zstandard_package().ZstdCompressor().compressobj())


def _zstd_unpacker() -> Unpacker:
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.ZstdDecompressor()
    return cast(Unpacker, zstandard_package().ZstdDecompressor().decompressobj())


def _unpacker(start: bytes) -> Callable[[], Unpacker] | None:
    """Return what makes unpackers for a file that starts so, None for a plain file."""
    if start.startswith(GZIP):
        return lambda: zlib.decompressobj(31)
    if start.startswith(BZIP2):
        return bz2.BZ2Decompressor
    if start.startswith(XZ):
        return lzma.LZMADecompressor
    if start.startswith(ZSTD):
        return _zstd_unpacker
    return None


def _unpacked(read: Callable[[int], bytes], start: bytes, make: Callable[[], Unpacker]) -> Iterator[bytes]:
    """Yield the content piece by piece; members and frames follow one another, zeros may end gzip and xz files.

    Raises:
        EOFError: it is damaged or cut off.
    """
    data = start
    while data:
        unpacker = make()
        while True:
            try:
                piece = unpacker.decompress(data)
            except Exception as error:  # each kind has its own class
                raise EOFError(str(error)) from error
            if piece:
                yield piece
            if unpacker.eof:
                break
            data = read(PIECE)
            if not data:
                raise EOFError("its end is missing")
        data = unpacker.unused_data or read(PIECE)
        if start.startswith((GZIP, XZ)):
            while data and not data.strip(b"\0"):
                data = read(PIECE)
            data = data.lstrip(b"\0")


class Unpacked:
    """The content of a file as a stream that is unpacked on the way; made by ``open_unpacked``."""

    def __init__(self, stream: io.FileIO, path: PathLike, progress: Callable[[int], object] | None) -> None:
        """Look at the first bytes of an open file."""
        self._stream = stream
        self._path = path
        self._progress = progress
        self._told = 0
        start = b""
        while len(start) < len(XZ) and (more := stream.read(len(XZ) - len(start))):
            start += more
        make = _unpacker(start)
        self._pieces = None if make is None else _unpacked(stream.read, start, make)
        self._rest = memoryview(b"" if self._pieces else start)
        status = os.fstat(stream.fileno())
        #: How many bytes the content has; None where only reading would tell.
        self.size = status.st_size if self._pieces is None and stat.S_ISREG(status.st_mode) else None

    def readinto(self, view: memoryview) -> int:
        """Fill the view from the start and return with how many bytes; 0 is the end.

        Raises:
            TextError: the compressed data is damaged or cut off.
            OutputError: the file cannot be read.
        """
        try:
            while not self._rest and self._pieces is not None:
                self._rest = memoryview(next(self._pieces, b""))
                if not self._rest:
                    return 0
            if self._rest:
                size = min(len(view), len(self._rest))
                view[:size] = self._rest[:size]
                self._rest = self._rest[size:]
            else:
                size = self._stream.readinto(view) or 0
        except EOFError as error:
            raise _damaged(error, self._path) from error
        except OSError as error:
            raise _unreadable(error, self._path) from error
        if self._progress is not None:
            self._tell(self._progress)
        return size

    def _tell(self, progress: Callable[[int], object]) -> None:
        try:
            position = self._stream.tell()
        except OSError:  # a pipe
            return
        progress(position - self._told)
        self._told = position


def _damaged(error: Exception, path: PathLike) -> TextError:
    return TextError(
        f"damaged or truncated compressed data ({error})", remedy="Copy or compress it again", file=path
    )


def _unreadable(error: OSError, path: PathLike) -> TlgError:
    if isinstance(error, TlgError):
        return error
    if isinstance(error, FileNotFoundError):
        return MissingFileError("no such file", remedy="Check the path", file=path)
    return OutputError(
        f"cannot be read ({error.strerror})", remedy="Check the path and its permissions", file=path
    )


@contextmanager
def open_unpacked(path: PathLike, progress: Callable[[int], object] | None = None) -> Iterator[Unpacked]:
    """Open a file, plain or compressed (gzip, bzip2, xz, zstd: told by its first bytes), to be read once.

    Args:
        path: the file; a pipe will do.
        progress: called with numbers of bytes of the file, as they are read.

    Raises:
        MissingFileError: there is no such file.
        OutputError: the file cannot be read.
    """
    try:
        stream = io.FileIO(os.fspath(path), "rb")
    except OSError as error:
        raise _unreadable(error, path) from error
    with stream:
        try:
            unpacked = Unpacked(stream, path, progress)
        except OSError as error:
            raise _unreadable(error, path) from error
        yield unpacked


def unpacked_pieces(read: Callable[[int], bytes], name: PathLike, size: int) -> Iterator[bytes]:
    """Yield what a stream holds, unpacked, in pieces of about so many bytes.

    Args:
        read: gives up to so many bytes, plain or compressed (gzip, bzip2, xz, zstd: told by the first); none at the
            end.
        name: what errors call it.
        size: of a piece.

    Raises:
        TextError: the compressed data is damaged or cut off.
    """
    start = b""
    while len(start) < len(XZ) and (more := read(len(XZ) - len(start))):
        start += more
    make = _unpacker(start)
    if make is None:
        if start:
            yield start
        yield from iter(lambda: read(size), b"")
        return
    gathered: list[bytes] = []
    held = 0
    try:
        for piece in _unpacked(read, start, make):
            gathered.append(piece)
            held += len(piece)
            if held >= size:
                yield b"".join(gathered)
                gathered, held = [], 0
    except EOFError as error:
        raise _damaged(error, name) from error
    if gathered:
        yield b"".join(gathered)


def read_bytes(path: PathLike) -> bytes:
    """Return the whole content of a file, decompressed (gzip, bzip2, xz, zstd: told by its first bytes).

    Raises:
        MissingFileError: there is no such file.
        TextError: the compressed data is damaged or cut off.
        OutputError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            start = stream.read(len(XZ))
            make = _unpacker(start)
            if make is None:
                return start + stream.read()
            return b"".join(_unpacked(stream.read, start, make))
    except EOFError as error:
        raise _damaged(error, path) from error
    except OSError as error:
        raise _unreadable(error, path) from error


def read_text(path: PathLike) -> str:
    """Return a text file (UTF-8 with or without BOM, any compression of read_bytes), newlines kept.

    Raises:
        TextError: not UTF-8; names the line.
    """
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TextError("not UTF-8", remedy="Convert the file to UTF-8", file=path, line=line) from error


def _packer(path: PathLike) -> Packer | None:
    """Return what compresses a file of this name, None for a plain one; the same bytes at any time."""
    suffix = Path(path).suffix
    if suffix == ".gz":
        return zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31)
    if suffix == ".bz2":
        return bz2.BZ2Compressor()
    if suffix == ".xz":
        return lzma.LZMACompressor(preset=XZ_PRESET)
    if suffix == ".zst":
        return _zstd_packer()
    return None


def compress(data: bytes, path: PathLike) -> bytes:
    """Return the data as the suffix of the path asks for (.gz, .bz2, .xz, .zst; else as it is)."""
    packer = _packer(path)
    return data if packer is None else packer.compress(data) + packer.flush()


@contextmanager
def write_packed(path: PathLike) -> Iterator[Callable[[bytes | memoryview], object]]:
    """Write a file as atomic_write does, compressed as its suffix asks for; give what takes the bytes.

    Raises:
        MissingExtraError: .zst, and the package for it is not installed.
        OutputError: as atomic_write.
    """
    packer = _packer(path)
    with atomic_write(path) as stream:
        if packer is None:
            yield stream.write
            return
        yield lambda data: stream.write(packer.compress(data))
        stream.write(packer.flush())


@contextmanager
def atomic_write(path: PathLike) -> Iterator[IO[bytes]]:
    """Open a file for writing under a temporary name; rename it when the block ends without an error.

    What is there and is no regular file (/dev/stdout, /dev/null, a pipe) is written as it is.

    Raises:
        OutputError: the folder is missing or not writable, the path is a folder, or the disk is full; no file
            is left behind.
    """
    target = Path(path)
    if target.is_dir():
        raise OutputError("is a folder, not a file", remedy="Name a file in it", file=path)
    if target.exists() and not target.is_file():
        try:
            with target.open("wb") as stream:
                yield stream
        except OSError as error:
            if isinstance(error, OutputError | MissingFileError):
                raise
            raise OutputError(f"cannot be written ({error.strerror})", file=path) from error
        return
    try:
        handle, name = tempfile.mkstemp(dir=target.parent or Path(), prefix=f".{target.name}.")
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror})", remedy="Check the folder", file=path
        ) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OutputError | MissingFileError):
            raise
        raise OutputError(f"cannot be written ({error.strerror})", file=path) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
