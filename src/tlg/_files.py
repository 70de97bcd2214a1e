"""Files: compression by content, atomic writing, clear errors for what is missing."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tlg.errors import MissingExtraError, MissingFileError, OutputError, TextError

__all__ = ["PathLike", "atomic_write", "compress", "read_bytes", "read_text", "zstandard_package"]

PathLike = str | os.PathLike[str]

GZIP, BZIP2, XZ, ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"


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


def read_bytes(path: PathLike) -> bytes:
    """Return the whole content of a file, decompressed (gzip, bzip2, xz, zstd: told by its first bytes).

    Raises:
        MissingFileError: there is no such file.
        TextError: the compressed data is damaged or cut off.
        OutputError: the file cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise MissingFileError("no such file", remedy="Check the path", file=path) from error
    except OSError as error:
        raise OutputError(
            f"cannot be read ({error.strerror})", remedy="Check the path and its permissions", file=path
        ) from error
    try:
        if data.startswith(GZIP):
            return gzip.decompress(data)
        if data.startswith(BZIP2):
            return bz2.decompress(data)
        if data.startswith(XZ):
            return lzma.decompress(data)
        if data.startswith(ZSTD):
            return _decompress_zstd(data)
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise TextError(
            f"damaged or truncated compressed data ({error})", remedy="Copy or compress it again", file=path
        ) from error
    return data


def _decompress_zstd(data: bytes) -> bytes:
    zstandard = zstandard_package()
    frames = []
    while data:
        # One object a frame: a stream reader would take a frame that is cut off for a short one.
        frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            frames.append(frame.decompress(data))
        except zstandard.ZstdError as error:
            raise EOFError(str(error)) from error
        if not frame.eof:
            raise EOFError("the last frame is cut off")
        data = frame.unused_data
    return b"".join(frames)


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


def compress(data: bytes, path: PathLike) -> bytes:
    """Return the data as the suffix of the path asks for (.gz, .bz2, .xz, .zst; else as it is)."""
    suffix = Path(path).suffix
    if suffix == ".gz":
        return gzip.compress(data, mtime=0)
    if suffix == ".bz2":
        return bz2.compress(data)
    if suffix == ".xz":
        return lzma.compress(data)
    if suffix == ".zst":
        return bytes(zstandard_package().ZstdCompressor().compress(data))
    return data


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
