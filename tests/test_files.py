from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from tlg._files import atomic_write, compress, read_bytes, read_text
from tlg.errors import MissingFileError, OutputError, TextError

TEXT = "阳光保险 5\nsecond line\n" * 50
SUFFIXES = ["", ".gz", ".bz2", ".xz", ".zst"]
CHECKSUMMED = [".gz", ".bz2", ".xz"]  # zstd frames carry a checksum only when asked for


@pytest.fixture(params=SUFFIXES)
def suffix(request: pytest.FixtureRequest) -> str:
    if request.param == ".zst" and importlib.util.find_spec("zstandard") is None:
        pytest.skip("zstandard is not installed (pip install 'tlg[zstd]')")
    return str(request.param)


def test_round_trip(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"text.txt{suffix}"
    path.write_bytes(compress(TEXT.encode(), path))
    assert (len(path.read_bytes()) < len(TEXT.encode())) == bool(suffix)
    assert read_text(path) == TEXT
    assert read_bytes(str(path)) == TEXT.encode()


def test_compression_is_told_by_content(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(compress(TEXT.encode(), f"x{suffix}"))
    assert read_text(path) == TEXT


def test_two_members(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"text.txt{suffix}"
    path.write_bytes(compress(b"one\n", path) + compress(b"two\n", path))
    assert read_text(path) == "one\ntwo\n"


def test_compressed_bytes_do_not_depend_on_the_time(suffix: str) -> None:
    assert compress(TEXT.encode(), f"x{suffix}") == compress(TEXT.encode(), f"y{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES[1:], indirect=True)
@pytest.mark.parametrize("cut", [0.3, 0.7, 0.99])
def test_truncated(suffix: str, cut: float, tmp_path: Path) -> None:
    path = tmp_path / f"text.txt{suffix}"
    whole = compress(TEXT.encode(), path)
    path.write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(TextError, match=r"text\.txt\.\w+: damaged or truncated compressed data .*Copy"):
        read_bytes(path)


@pytest.mark.parametrize("suffix", CHECKSUMMED, indirect=True)
def test_damaged(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"text.txt{suffix}"
    whole = bytearray(compress(TEXT.encode(), path))
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(TextError, match="damaged or truncated"):
        read_bytes(path)


def test_utf8(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\n")
    assert read_text(path) == "a\r\nb\n"
    path.write_bytes("阳光\n保险".encode("gb18030"))
    with pytest.raises(TextError, match=r"text.txt:1: not UTF-8. Convert"):
        read_text(path)
    path.write_bytes(b"a\nb\n\xff\n")
    with pytest.raises(TextError, match=r"text.txt:3: not UTF-8"):
        read_text(path)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"none.txt: no such file. Check the path"):
        read_bytes(tmp_path / "none.txt")
    with pytest.raises(OutputError, match="cannot be read"):
        read_bytes(tmp_path)


def test_atomic_write(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    with atomic_write(path) as stream:
        stream.write(b"first")
        assert not path.exists()
    assert path.read_bytes() == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["out.txt"]
    if sys.platform != "win32":
        umask = os.umask(0)
        os.umask(umask)
        assert path.stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize(
    "error", [RuntimeError("stop"), KeyboardInterrupt(), MissingFileError("gone", file="x")]
)
def test_failure_leaves_what_was_there(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_bytes(b"old")

    def fail() -> None:
        with atomic_write(path) as stream:
            stream.write(b"half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.txt"]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        with atomic_write(path) as stream:
            stream.write(b"x")

    with pytest.raises(OutputError, match=r"out.txt: cannot be written .*Check the folder"):
        write(tmp_path / "no" / "out.txt")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="folder: is a folder, not a file"):
        write(tmp_path / "folder")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_written_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with atomic_write(pipe) as stream:
            stream.write(b"x")
        assert os.read(reader, 10) == b"x"
    finally:
        os.close(reader)
    assert pipe.is_fifo() and [p.name for p in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="cannot be written"), atomic_write(folder / "out.txt"):
            pass
    finally:
        folder.chmod(0o700)
