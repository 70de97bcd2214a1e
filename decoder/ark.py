"""Kaldi archives: ``.ark`` (binary or text matrices, compressed ones too) and ``.scp`` lists of places in them.

Source: Kaldi's matrix/kaldi-matrix.cc (FM, DM, text) and matrix/compressed-matrix.cc (CM, CM2, CM3).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlg._files import PathLike, read_bytes, read_text
from tlg.errors import PosteriorError

__all__ = ["read_ark", "read_scp"]

Matrix = NDArray[np.float32] | NDArray[np.float64]


class _Cursor:
    """A place in the bytes of an archive; every failure names the file and the offset."""

    def __init__(self, data: bytes, path: PathLike, at: int = 0) -> None:
        self.data, self.path, self.at = data, path, at

    def fail(self, what: str, remedy: str = "Write the archive again") -> PosteriorError:
        return PosteriorError(f"{what} (at byte {self.at})", remedy=remedy, file=self.path)

    def take(self, size: int) -> bytes:
        if size < 0 or size > len(self.data) - self.at:
            raise self.fail(f"the archive ends where {size} more bytes should be", "Copy the file again")
        self.at += size
        return self.data[self.at - size : self.at]

    def until_space(self) -> str:
        end = self.at
        while end < len(self.data) and not self.data[end : end + 1].isspace():
            end += 1
        raw = self.take(end - self.at)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.fail("a name that is not UTF-8") from error

    def skip_space(self) -> None:
        while self.at < len(self.data) and self.data[self.at : self.at + 1].isspace():
            self.at += 1

    def int32(self) -> int:
        if self.take(1) != b"\x04":
            self.at -= 1
            raise self.fail("not a 4-byte integer")
        return int(struct.unpack("<i", self.take(4))[0])


def read_ark(path: PathLike) -> Iterator[tuple[str, Matrix]]:
    """Yield (utterance id, matrix [T, V]) of an archive, in its order.

    Raises:
        MissingFileError: there is no such file.
        PosteriorError: not an archive of matrices, or cut off; names the byte.
    """
    cursor = _Cursor(read_bytes(path), path)
    while True:
        cursor.skip_space()
        if cursor.at == len(cursor.data):
            return
        name = cursor.until_space()
        if cursor.take(1) not in (b" ", b"\t"):
            cursor.at -= 1
            raise cursor.fail("no space after the utterance id", "Write an archive of matrices")
        yield name, _read_matrix(cursor)


def read_scp(path: PathLike) -> Iterator[tuple[str, Matrix]]:
    """Yield (utterance id, matrix [T, V]) of a list of lines ``utterance-id file.ark:offset``.

    Files are named as in Kaldi: relative to where the program runs; if there is none, to the list's folder.

    Raises:
        MissingFileError: the list or an archive is missing.
        PosteriorError: a line of another form (pipes and ranges are not read), or a broken archive.
    """
    opened: tuple[Path, bytes] | None = None
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        name, place = [*line.split(maxsplit=1), ""][:2]
        place = place.strip()
        if not place or place.endswith(("|", "]")):
            raise PosteriorError(
                "not 'utterance-id file.ark:offset' (pipes and ranges are not read)",
                remedy="Copy the matrices into one archive",
                file=path,
                line=number,
            )
        file, colon, offset = place.rpartition(":")
        if not colon or not offset.isdecimal():
            file, offset = place, "0"
        archive = Path(file)
        if not archive.is_absolute() and not archive.exists():
            archive = Path(path).parent / file
        if opened is None or opened[0] != archive:
            opened = (archive, read_bytes(archive))
        cursor = _Cursor(opened[1], archive, int(offset))
        if cursor.at > len(cursor.data):
            raise cursor.fail(f"offset of '{name}' beyond the end of the archive", "Make the .scp again")
        yield name, _read_matrix(cursor)


def _read_matrix(cursor: _Cursor) -> Matrix:
    if cursor.data[cursor.at : cursor.at + 2] != b"\x00B":
        return _read_text_matrix(cursor)
    cursor.take(2)
    kind = cursor.until_space()
    if cursor.take(1) != b" ":
        raise cursor.fail("no space after the type of the matrix")
    if kind in ("FM", "DM"):
        rows, columns = cursor.int32(), cursor.int32()
        dtype = np.dtype("<f4" if kind == "FM" else "<f8")
        _check_size(cursor, rows, columns)
        values = np.frombuffer(cursor.take(rows * columns * dtype.itemsize), dtype)
        return values.reshape(rows, columns).astype(dtype.newbyteorder("="), copy=False)
    if kind in ("CM", "CM2", "CM3"):
        return _read_compressed(cursor, kind)
    raise cursor.fail(f"a '{kind}' is no matrix", "Write float or compressed matrices (FM, DM, CM)")


def _check_size(cursor: _Cursor, rows: int, columns: int) -> None:
    if rows < 0 or columns < 0 or (rows == 0) != (columns == 0):
        raise cursor.fail(f"a matrix of {rows} x {columns}")


def _read_compressed(cursor: _Cursor, kind: str) -> NDArray[np.float32]:
    low, span, rows, columns = struct.unpack("<ffii", cursor.take(16))
    _check_size(cursor, rows, columns)
    if kind == "CM2":
        levels = np.frombuffer(cursor.take(2 * rows * columns), "<u2").reshape(rows, columns)
        return np.asarray(low + levels * np.float32(span / 65535.0), np.float32)
    if kind == "CM3":
        levels8 = np.frombuffer(cursor.take(rows * columns), np.uint8).reshape(rows, columns)
        return np.asarray(low + levels8 * np.float32(span / 255.0), np.float32)
    # CM: per column the values at the percentiles 0, 25, 75, 100, then one byte a value, column by column:
    # 0..64 lie in the first quarter, 64..192 in the middle half, 192..255 in the last quarter.
    heads = np.frombuffer(cursor.take(8 * columns), "<u2").reshape(columns, 4)
    p0, p25, p75, p100 = (low + heads * np.float32(span / 65535.0)).astype(np.float32).T[..., None]
    codes = np.frombuffer(cursor.take(rows * columns), np.uint8).reshape(columns, rows).astype(np.float32)
    first = p0 + (p25 - p0) * codes * np.float32(1 / 64)
    middle = p25 + (p75 - p25) * (codes - 64) * np.float32(1 / 128)
    last = p75 + (p100 - p75) * (codes - 192) * np.float32(1 / 63)
    values = np.where(codes <= 64, first, np.where(codes <= 192, middle, last))
    return np.ascontiguousarray(values.T, dtype=np.float32)


def _read_text_matrix(cursor: _Cursor) -> NDArray[np.float64]:
    cursor.skip_space()
    if cursor.data[cursor.at : cursor.at + 1] != b"[":
        raise cursor.fail("neither a binary nor a text matrix", "Write an archive of matrices")
    cursor.take(1)
    end = cursor.data.find(b"]", cursor.at)
    if end < 0:
        raise cursor.fail("a text matrix without ']'", "Copy the file again")
    lines = [line.split() for line in cursor.data[cursor.at : end].split(b"\n") if line.strip()]
    width = len(lines[0]) if lines else 0
    if any(len(line) != width for line in lines):
        raise cursor.fail("a text matrix with rows of unequal width")
    try:
        values = np.array([[float(cell) for cell in line] for line in lines], np.float64)
    except ValueError as error:
        raise cursor.fail(f"a text matrix with something that is no number ({error})") from error
    cursor.at = end + 1
    return values.reshape(len(lines), width)
