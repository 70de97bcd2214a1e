"""Kaldi archives: ``.ark`` (binary or text matrices, compressed ones too) and ``.scp`` lists of places in them.

Archives are read as they come, one matrix at a time, so that they may be pipes and larger than memory.

Source: Kaldi's matrix/kaldi-matrix.cc (FM, DM, text), matrix/compressed-matrix.cc (CM, CM2, CM3; the same float32
and float64 steps, so the same bits) and util/kaldi-holder.cc (ranges).
"""

from __future__ import annotations

import contextlib
import io
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tlg._files import PathLike, Unpacked, open_unpacked, read_bytes, read_text
from tlg.errors import MissingFileError, OutputError, PosteriorError, TextError

__all__ = ["STANDARD_INPUT", "read_ark", "read_scp", "scp_lines"]

Matrix = NDArray[np.float32] | NDArray[np.float64]
STANDARD_INPUT = "-"
BLOCK = 1 << 20  # read at a time: a size that is not to be believed costs no memory
SMALL_BLOCK = 1 << 16  # where what follows a matrix is not wanted
EXTRA_ROWS = 3  # how far the end of a range may lie behind the last row, as in Kaldi: rounded segment times


class _Stream(Protocol):
    """What archives are read from."""

    def readinto(self, view: memoryview, /) -> int | None:
        """Fill the view from the start and return with how many bytes; 0 is the end."""


class _Cursor:
    """A place in an archive; every failure names the file and the byte."""

    def __init__(self, stream: _Stream, path: PathLike, *, at: int = 0, block: int = BLOCK) -> None:
        self.stream, self.path, self.at = stream, path, at
        self._block = memoryview(bytearray(block))
        self._data, self._next = b"", 0  # what was read, and how much of it was taken

    def fail(self, what: str, remedy: str = "Write the archive again") -> PosteriorError:
        return PosteriorError(f"{what} (at byte {self.at})", remedy=remedy, file=self.path)

    def _fill(self) -> bool:
        """Read on if all is taken; False at the end."""
        if self._next == len(self._data):
            size = self.stream.readinto(self._block) or 0
            self._data, self._next = bytes(self._block[:size]), 0
        return self._next < len(self._data)

    def peek(self) -> bytes:
        return self._data[self._next : self._next + 1] if self._fill() else b""

    def take(self, size: int) -> bytes:
        pieces, missing = [], size
        while missing > 0 and self._fill():
            piece = self._data[self._next : self._next + missing]
            self._next += len(piece)
            missing -= len(piece)
            pieces.append(piece)
        if missing > 0:
            raise self.fail(f"the archive ends where {size} more bytes should be", "Copy the file again")
        self.at += size
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def take_until(self, end: re.Pattern[bytes]) -> bytes:
        """Take what comes before the first such byte, or all that is left."""
        pieces, found = [], None
        while found is None and self._fill():
            found = end.search(self._data, self._next)
            stop = len(self._data) if found is None else found.start()
            pieces.append(self._data[self._next : stop])
            self._next = stop
        taken = b"".join(pieces)
        self.at += len(taken)
        return taken

    def until_space(self) -> str:
        raw = self.take_until(_SPACE)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.fail("a name that is not UTF-8") from error

    def skip_space(self) -> None:
        while self.peek().isspace():
            self.take(1)

    def int32(self) -> int:
        if self.take(1) != b"\x04":
            self.at -= 1
            raise self.fail("not a 4-byte integer")
        return int(struct.unpack("<i", self.take(4))[0])


_SPACE, _BRACKET = re.compile(rb"\s"), re.compile(rb"\]")


@contextlib.contextmanager
def _open(path: PathLike) -> Iterator[_Stream]:
    if str(path) == STANDARD_INPUT:
        with io.FileIO(sys.stdin.fileno(), "rb", closefd=False) as raw:
            yield Unpacked(raw, "standard input", None)
        return
    with open_unpacked(path) as unpacked:
        yield unpacked


def read_ark(path: PathLike) -> Iterator[tuple[str, Matrix]]:
    """Yield (utterance id, matrix [T, V]) of an archive, in its order.

    Args:
        path: the file, plain or compressed, or a pipe; "-" is standard input.

    Raises:
        MissingFileError: there is no such file.
        PosteriorError: not an archive of matrices, or cut off; names the byte.
    """
    with _open(path) as stream:
        cursor = _Cursor(stream, "standard input" if str(path) == STANDARD_INPUT else path)
        while True:
            cursor.skip_space()
            if not cursor.peek():
                return
            name = cursor.until_space()
            if cursor.peek() not in (b" ", b"\t"):
                cursor.take(1)  # of an archive that ends here
                cursor.at -= 1
                raise cursor.fail("no space after the utterance id", "Write an archive of matrices")
            cursor.take(1)
            yield name, _read_matrix(cursor)


def scp_lines(path: PathLike) -> Iterator[tuple[int, str, str]]:
    """Yield (line number, utterance id, place) of a list; "-" is standard input.

    Raises:
        MissingFileError: there is no such file.
        TextError: not UTF-8.
    """
    if str(path) == STANDARD_INPUT:
        try:
            text = sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise TextError("not UTF-8", remedy="Pass a list in UTF-8", file="standard input") from error
    else:
        text = read_text(path)
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            name, place = [*line.split(maxsplit=1), ""][:2]
            yield number, name, place.strip()


def read_scp(path: PathLike, *, skip: frozenset[str] = frozenset()) -> Iterator[tuple[str, Matrix | None]]:
    """Yield (utterance id, matrix [T, V]) of a list of lines ``utterance-id file.ark:offset[rows,columns]``.

    Files are named as in Kaldi: relative to where the program runs; if there is none, to the list's folder. A
    range counts from 0 and includes its end: ``[0:9]`` are ten rows, ``[:,0:3]`` four columns.

    Args:
        path: the list.
        skip: utterances whose matrices are not read: None comes in their place.

    Raises:
        MissingFileError: the list or an archive is missing.
        PosteriorError: a line of another form (commands are not run), or a broken archive.
    """
    with contextlib.ExitStack() as stack:
        archive: Path | None = None
        stream: io.FileIO | io.BytesIO | None = None
        for number, name, place in scp_lines(path):
            found = _PLACE.fullmatch(place)
            if found is None or place.endswith("|"):
                raise PosteriorError(
                    "not 'utterance-id file.ark:offset' (commands, which end in '|', are not run)",
                    remedy="Copy the matrices into one archive",
                    file=path,
                    line=number,
                )
            if name in skip:
                yield name, None
                continue
            wanted = _locate(found["file"], path)
            if stream is None or archive != wanted:
                stack.close()
                try:
                    archive, stream = wanted, stack.enter_context(_open_places(wanted))
                except (MissingFileError, OutputError) as error:
                    raise type(error)(
                        f"'{name}': {wanted}: {error.message}",
                        remedy="Check the path of the archive, or make the list again",
                        file=path,
                        line=number,
                    ) from error
            offset = int(found["offset"] or 0)
            if offset > stream.seek(0, io.SEEK_END):
                raise PosteriorError(
                    f"'{name}': byte {offset} is beyond the end of {archive}",
                    remedy="Make the list again",
                    file=path,
                    line=number,
                )
            stream.seek(offset)
            matrix = _read_matrix(_Cursor(stream, archive, at=offset, block=SMALL_BLOCK))
            if found["range"] is not None:
                matrix = _cut(matrix, found["range"], name, path, number)
            yield name, matrix


_PLACE = re.compile(r"(?P<file>.+?)(:(?P<offset>[0-9]+))?(\[(?P<range>[^\[\]]*)\])?")


def _locate(file: str, list_: PathLike) -> Path:
    place = Path(file)
    return Path(list_).parent / file if not place.is_absolute() and not place.exists() else place


@contextlib.contextmanager
def _open_places(path: Path) -> Iterator[io.FileIO | io.BytesIO]:
    """Open an archive to be read from any place; a compressed one is unpacked in memory."""
    with open_unpacked(path) as unpacked:
        if unpacked.size is None:
            yield io.BytesIO(read_bytes(path))
            return
    with io.FileIO(path, "rb") as stream:
        yield stream


def _cut(matrix: Matrix, given: str, name: str, path: PathLike, line: int) -> Matrix:
    """Return the part that a range names."""
    height, width = matrix.shape
    parts = given.split(",")
    rows = _span(parts[0], height, EXTRA_ROWS)
    columns = _span(parts[1] if len(parts) > 1 else ":", width, 0)
    if len(parts) > 2 or rows is None or columns is None:
        raise PosteriorError(
            f"'{name}': no range [{given}] of a matrix of {height} x {width}",
            remedy="Write [first row:last row] or [rows,first column:last column], from 0",
            file=path,
            line=line,
        )
    return matrix[rows, columns]


def _span(part: str, size: int, extra: int) -> slice | None:
    """Return what ``first:last`` or ``:`` names; None if it is no part of so many, and some at the end."""
    if part == ":":
        return slice(0, size)
    found = re.fullmatch(r"([0-9]+):([0-9]+)", part)
    if found is None:
        return None
    first, last = int(found[1]), int(found[2])
    return slice(first, last + 1) if first <= last < size + extra and first < size else None


def _read_matrix(cursor: _Cursor) -> Matrix:
    if cursor.peek() != b"\x00":
        return _read_text_matrix(cursor)
    if cursor.take(2) != b"\x00B":
        cursor.at -= 2
        raise cursor.fail("neither a binary nor a text matrix", "Write an archive of matrices")
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
    if rows < 0 or columns < 0 or (columns == 0 and rows > 0):
        raise cursor.fail(f"a matrix of {rows} x {columns}")


def _read_compressed(cursor: _Cursor, kind: str) -> NDArray[np.float32]:
    low_, span_, rows, columns = struct.unpack("<ffii", cursor.take(16))
    low, span = np.float32(low_), np.float32(span_)
    _check_size(cursor, rows, columns)
    if kind == "CM2":
        levels = np.frombuffer(cursor.take(2 * rows * columns), "<u2").reshape(rows, columns)
        return np.asarray(low + levels.astype(np.float32) * np.float32(span_ * (1.0 / 65535.0)), np.float32)
    if kind == "CM3":
        levels8 = np.frombuffer(cursor.take(rows * columns), np.uint8).reshape(rows, columns)
        return np.asarray(low + levels8.astype(np.float32) * np.float32(span_ * (1.0 / 255.0)), np.float32)
    # CM: per column the values at the percentiles 0, 25, 75, 100, then one byte a value, column by column:
    # 0..64 lie in the first quarter, 64..192 in the middle half, 192..255 in the last quarter.
    heads = np.frombuffer(cursor.take(8 * columns), "<u2").reshape(columns, 4).astype(np.float32)
    p0, p25, p75, p100 = (low + span * np.float32(1.52590218966964e-05) * heads).T[..., None]
    codes = np.frombuffer(cursor.take(rows * columns), np.uint8).reshape(columns, rows).astype(np.float32)
    # Kaldi multiplies in float32, but for the last factor and the sum.
    first = p0 + ((p25 - p0) * codes).astype(np.float64) * (1 / 64.0)
    middle = p25 + ((p75 - p25) * (codes - 64)).astype(np.float64) * (1 / 128.0)
    last = p75 + ((p100 - p75) * (codes - 192)).astype(np.float64) * (1 / 63.0)
    values = np.where(codes <= 64, first, np.where(codes <= 192, middle, last))
    return np.ascontiguousarray(values.T, dtype=np.float32)


def _read_text_matrix(cursor: _Cursor) -> NDArray[np.float64]:
    cursor.skip_space()
    if cursor.peek() != b"[":
        raise cursor.fail("neither a binary nor a text matrix", "Write an archive of matrices")
    cursor.take(1)
    text = cursor.take_until(_BRACKET)
    if cursor.peek() != b"]":
        raise cursor.fail("a text matrix without ']'", "Copy the file again")
    lines = [line.split() for line in text.replace(b";", b"\n").split(b"\n") if line.strip()]
    width = len(lines[0]) if lines else 0
    if any(len(line) != width for line in lines):
        raise cursor.fail("a text matrix with rows of unequal width")
    try:
        values = np.array([[float(cell) for cell in line] for line in lines], np.float64)
    except ValueError as error:
        raise cursor.fail(f"a text matrix with something that is no number ({error})") from error
    cursor.take(1)
    return values.reshape(len(lines), width)
