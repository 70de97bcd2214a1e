"""Kaldi archives and lists: the same bits as Kaldi's own code, ranges, pipes, and as they come."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import DATA
from tests.decoder_cases import say
from tests.test_inputs import float_matrix
from tlg import Decoder, Graph
from tlg.decoder.inputs import count_inputs, read_inputs
from tlg.errors import InputError, PosteriorError

KALDI = DATA / "kaldi"


@pytest.fixture(scope="module")
def wanted() -> dict[str, NDArray[Any]]:
    """What Kaldi's own code reads: see tests/data/kaldi/README.md."""
    with np.load(KALDI / "wanted.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("name", ["speech_feature", "short", "two_byte", "one_byte", "one_byte_int"])
def test_compressed_matrices_bit_for_bit(wanted: dict[str, NDArray[Any]], name: str) -> None:
    found = dict(read_inputs(KALDI / "compressed.ark"))[name]
    assert isinstance(found, np.ndarray) and found.dtype == np.float32
    np.testing.assert_array_equal(found, wanted[name])


@pytest.mark.parametrize("name", ["r1", "r2", "r3", "r4", "r5"])
def test_ranges_bit_for_bit(wanted: dict[str, NDArray[Any]], name: str) -> None:
    found = dict(read_inputs(KALDI / "ranges.scp"))[name]
    assert isinstance(found, np.ndarray)
    np.testing.assert_array_equal(found, wanted[name])


def test_text_and_double_matrices(wanted: dict[str, NDArray[Any]]) -> None:
    for name, found in read_inputs([KALDI / "text.ark", KALDI / "double.ark"]):
        expected = wanted[f"double_{name}" if name == "d" else f"text_{name}"]
        assert isinstance(found, np.ndarray) and found.shape == expected.shape
        np.testing.assert_array_equal(found.astype(expected.dtype), expected)


BAD_RANGES = {
    "backwards": "[3:2]",
    "behind": "[23:23]",
    "too_long": "[0:26]",
    "columns": "[:,0:11]",
    "columns_backwards": "[:,3:2]",
    "three": "[:,:,:]",
    "step": "[0:4:2]",
    "negative": "[-1:3]",
    "words": "[a:b]",
    "empty": "[]",
}


@pytest.mark.parametrize("given", BAD_RANGES.values(), ids=BAD_RANGES)
def test_bad_ranges(tmp_path: Path, given: str) -> None:
    (tmp_path / "x.scp").write_text(f"\nu {KALDI / 'compressed.ark'}:15{given}\n", "utf-8")
    with pytest.raises(PosteriorError, match=r"x.scp:2: 'u': no range \[.*\] of a matrix of 23 x 11. Write"):
        list(read_inputs(tmp_path / "x.scp"))


def test_ends_a_little_behind_the_last_row_are_cut(tmp_path: Path) -> None:
    (tmp_path / "x.scp").write_text(f"u {KALDI / 'compressed.ark'}:15[20:25]\n", "utf-8")
    ((_, found),) = read_inputs(tmp_path / "x.scp")
    assert isinstance(found, np.ndarray) and found.shape == (3, 11)


@pytest.mark.parametrize("suffix", [".ark", ".ark.gz"])
def test_compressed_files(tmp_path: Path, wanted: dict[str, NDArray[Any]], suffix: str) -> None:
    content = (KALDI / "compressed.ark").read_bytes()
    path = tmp_path / f"x{suffix}"
    path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    found = dict(read_inputs(f"ark:{path}"))
    assert list(found) == ["speech_feature", "short", "two_byte", "one_byte", "one_byte_int"]
    (tmp_path / "x.scp").write_text(f"a {path}:383\nb {path}:15\nc {path}:383[0:1]\n", "utf-8")
    listed: dict[str, Any] = dict(read_inputs(tmp_path / "x.scp"))
    np.testing.assert_array_equal(listed["a"], wanted["short"])
    np.testing.assert_array_equal(listed["b"], wanted["speech_feature"])
    np.testing.assert_array_equal(listed["c"], wanted["short"][:2])


def test_specifiers_with_options(wanted: dict[str, NDArray[Any]]) -> None:
    found: dict[str, Any] = dict(
        read_inputs([f"ark,t:{KALDI / 'text.ark'}", f"scp,p:{KALDI / 'ranges.scp'}"])
    )
    np.testing.assert_array_equal(found["r2"], wanted["r2"])
    assert {"a", "b", "none"} <= set(found)


def test_rows_may_end_with_semicolons(tmp_path: Path) -> None:
    (tmp_path / "x.ark").write_text("u [ -1 -2; -3 -4 ]\n", "utf-8")
    ((_, found),) = read_inputs(tmp_path / "x.ark")
    np.testing.assert_array_equal(np.asarray(found), [[-1, -2], [-3, -4]])


def test_a_matrix_without_rows_is_an_utterance_without_frames(characters: Graph) -> None:
    found = dict(read_inputs(KALDI / "text.ark"))["none"]
    assert isinstance(found, np.ndarray) and found.shape == (0, 0)
    assert Decoder(characters).decode(found).text == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    """The first matrix is there before the second is written."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    first = threading.Event()

    def write() -> None:
        with pipe.open("wb", buffering=0) as stream:
            stream.write(b"u1 " + float_matrix(say("我")))
            assert first.wait(30)
            stream.write(b"u2 " + float_matrix(say("在")))

    writer = threading.Thread(target=write)
    writer.start()
    matrices = read_inputs(f"ark:{pipe}")
    assert next(matrices)[0] == "u1"
    first.set()
    assert [name for name, _ in matrices] == ["u2"]
    writer.join()


STANDARD_INPUT = (
    "import sys; from tlg.decoder import read_inputs; print([n for n, _ in read_inputs(sys.argv[1])])"
)


@pytest.mark.parametrize("place", ["-", "ark:-", "ark,t:-", "scp:-"])
def test_standard_input(place: str) -> None:
    file = KALDI / ("ranges.scp" if place.startswith("scp") else "compressed.ark")
    command = [sys.executable, "-c", STANDARD_INPUT, place]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with file.open("rb") as stream:
        done = subprocess.run(
            command, stdin=stream, capture_output=True, text=True, check=False, cwd=KALDI, env=environment
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("['r1', 'r2'" if place.startswith("scp") else "['speech_feature', 'short'")


def test_a_size_that_is_not_to_be_believed_costs_no_memory(tmp_path: Path) -> None:
    head = b"\x00BFM \x04" + np.int32(2**31 - 1).tobytes() + b"\x04" + np.int32(2**31 - 1).tobytes()
    (tmp_path / "x.ark").write_bytes(b"u " + head + bytes(100))
    with pytest.raises(
        PosteriorError, match=r"x.ark: the archive ends where 18446744056529682436 more bytes"
    ):
        list(read_inputs(tmp_path / "x.ark"))


# Counting and leaving out


def make(folder: Path) -> dict[str, Any]:
    for number, text in enumerate(["我", "在", "保"]):
        np.save(folder / f"u{number}.npy", say(text))
    np.savez(folder / "x.npz", a=say("我"), b=say("在"))
    whole = np.concatenate([say("我在"), say("保")])
    np.savez(folder / "packed.npz", logp=whole, lengths=[2, 1])
    (folder / "x.ark").write_bytes(b"".join(b"%c %s" % (c, float_matrix(say("我"))) for c in b"pqr"))
    (folder / "x.scp").write_text("s x.ark:2\n\nt x.ark:2\n", "utf-8")
    return {"u2.npy": 1, ".": 3, "x.npz": 2, "packed.npz": 2, "x.ark": None, "x.scp": 2, "none.npz": None}


def test_counting_without_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, count in make(tmp_path).items():
        assert count_inputs(name) == count, name
        if count is not None:
            assert len(list(read_inputs(name))) == count
    assert count_inputs(["x.npz", "packed.npz", "."]) == 7
    assert count_inputs(["x.npz", "-"]) is None
    (tmp_path / "bad.npz").write_bytes(b"PK no zip")
    assert count_inputs("bad.npz") is None


def test_leaving_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path)
    every = ["x.npz", "packed.npz", ".", "x.ark", "x.scp"]
    names = [name for name, _ in read_inputs(every)]
    skip = {"a", "packed-001", "u1", "q", "t", "not there"}
    assert [name for name, _ in read_inputs(every, skip=skip)] == [name for name in names if name not in skip]
    with pytest.raises(InputError, match="utterance 'a' comes twice"):
        list(read_inputs(["x.npz", "x.npz"], skip={"a", "b"}))


def test_an_npz_is_read_array_by_array(tmp_path: Path) -> None:
    """A damaged array spoils none of those before it, and none that is left out."""
    np.savez(tmp_path / "x.npz", a=say("我"), b=say("在"), c=say("保"))
    whole = bytearray((tmp_path / "x.npz").read_bytes())
    at = whole.index(say("在").tobytes())
    whole[at] ^= 1
    (tmp_path / "x.npz").write_bytes(whole)
    arrays = read_inputs(tmp_path / "x.npz")
    assert next(arrays)[0] == "a"
    with pytest.raises(PosteriorError, match="damaged array"):
        next(arrays)
    assert [name for name, _ in read_inputs(tmp_path / "x.npz", skip={"b"})] == ["a", "c"]


def test_files_are_closed_when_reading_stops(tmp_path: Path) -> None:
    (tmp_path / "x.ark").write_bytes(b"a " + float_matrix(say("我")) + b"b " + float_matrix(say("在")))
    np.savez(tmp_path / "x.npz", a=say("我"), b=say("在"))
    for name in ("x.ark", "x.npz"):
        reading = read_inputs(tmp_path / name)
        next(reading)
        del reading  # pytest fails on what is left open
