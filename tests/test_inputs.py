"""Every kind of file that posteriors come in, and what is wrong with broken ones."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tlg.decoder.inputs import read_inputs
from tlg.decoder.sparse import SparseFrames
from tlg.errors import InputError, MissingFileError, OutputError, PosteriorError, TlgError

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
A = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]], np.float32))
B = np.log(np.array([[0.2, 0.2, 0.6]], np.float32))


def read(*paths: Path | str) -> dict[str, Any]:
    return dict(read_inputs(list(paths)))


def test_npz(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", b=B, a=A)
    found = read(tmp_path / "x.npz")
    assert list(found) == ["b", "a"]
    np.testing.assert_array_equal(found["a"], A)
    assert list(dict(read_inputs(tmp_path / "x.npz"))) == ["b", "a"]
    assert list(dict(read_inputs(str(tmp_path / "x.npz")))) == ["b", "a"]


def test_npy_and_folder(tmp_path: Path) -> None:
    np.save(tmp_path / "utt2.npy", B)
    np.save(tmp_path / "utt1.npy", A)
    assert list(read(tmp_path)) == ["utt1", "utt2"]
    np.testing.assert_array_equal(read(tmp_path / "utt2.npy")["utt2"], B)


def packed(**changes: Any) -> dict[str, Any]:
    arrays = {
        "ids": np.array([[0, 1], [2, 0], [2, 1]], np.uint16),
        "logp": np.log(np.array([[0.5, 0.25], [0.7, 0.1], [0.6, 0.2]], np.float32)).astype(np.float16),
        "rest": np.log(np.array([0.25, 0.2, 0.2], np.float32)).astype(np.float16),
        "lengths": np.array([2, 0, 1], np.int32),
    }
    return {name: array for name, array in {**arrays, **changes}.items() if array is not None}


def test_packed(tmp_path: Path) -> None:
    np.savez(tmp_path / "hard.npz", **packed())
    found = read(tmp_path / "hard.npz")
    assert list(found) == ["hard-000", "hard-001", "hard-002"]
    assert all(isinstance(x, SparseFrames) for x in found.values())
    assert [len(x) for x in found.values()] == [2, 0, 1]
    np.testing.assert_allclose(found["hard-000"].dense(3), A, atol=2e-3)
    np.savez(tmp_path / "named.npz", **packed(utterances=np.array(["x", "y", "z"])))
    assert list(read(tmp_path / "named.npz")) == ["x", "y", "z"]
    np.savez(tmp_path / "dense.npz", logp=np.vstack([A, B]), lengths=np.array([2, 1]))
    np.testing.assert_array_equal(read(tmp_path / "dense.npz")["dense-001"], B)


PACKED_BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "lengths": ({"lengths": np.array([2, 2])}, "the lengths sum to 4 frames, but there are 3 rows"),
    "negative": ({"lengths": np.array([4, -1])}, "the lengths sum to 3 frames"),
    "float_lengths": ({"lengths": np.array([3.0])}, "'lengths' is not"),
    "names": ({"utterances": np.array(["x"])}, "1 utterance ids for 3 lengths"),
    "no_rest": ({"rest": None}, "need both 'ids' and 'rest'"),
    "twice": ({"ids": np.zeros((3, 2), int)}, "'set-000': row 0 lists a token twice"),
    "same_name": ({"utterances": np.array(["x", "y", "x"])}, "utterance 'x' comes twice. Give"),
}


@pytest.mark.parametrize("case", PACKED_BROKEN.values(), ids=PACKED_BROKEN)
def test_packed_broken(case: tuple[dict[str, Any], str], tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", **packed(**case[0]))
    with pytest.raises(InputError, match=r"set\.npz: .*" + case[1]):
        read(tmp_path / "set.npz")


def test_two_files_with_one_id(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=A)
    np.savez(tmp_path / "y.npz", a=B)
    with pytest.raises(InputError, match=r"y.npz: utterance 'a' comes twice \(it is in .*x.npz too\)"):
        read(tmp_path / "x.npz", tmp_path / "y.npz")


def test_files_that_are_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=A, b=B)
    whole = (tmp_path / "x.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PosteriorError, match=r"cut.npz: not a numpy file"):
        read(tmp_path / "cut.npz")
    at = whole.index(A.tobytes())
    (tmp_path / "bent.npz").write_bytes(whole[:at] + b"\x00\x00\x00\x01" + whole[at + 4 :])
    with pytest.raises(PosteriorError, match=r"bent.npz: damaged array \(Bad CRC"):
        read(tmp_path / "bent.npz")
    np.savez(tmp_path / "objects.npz", a=np.array([{}], object))
    with pytest.raises(PosteriorError, match=r"objects.npz: damaged array"):
        read(tmp_path / "objects.npz")
    np.save(tmp_path / "cut.npy", A)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:-4])
    with pytest.raises(PosteriorError, match=r"cut.npy: not a numpy file"):
        read(tmp_path / "cut.npy")
    (tmp_path / "swap.npy").write_bytes(whole)
    with pytest.raises(PosteriorError, match=r"swap.npy: the content does not fit the suffix"):
        read(tmp_path / "swap.npy")
    (tmp_path / "empty.npy").write_bytes(b"")
    with pytest.raises(PosteriorError, match=r"empty.npy: not a numpy file"):
        read(tmp_path / "empty.npy")
    (tmp_path / "x.wav").write_bytes(b"RIFF")
    with pytest.raises(PosteriorError, match=r"x.wav: posteriors in a file of the unknown kind '.wav'"):
        read(tmp_path / "x.wav")
    for name in ("none.npz", "none.npy", "none.ark", "none.scp", "none"):
        with pytest.raises(MissingFileError, match=f"{name}: no such file"):
            read(tmp_path / name)
    (tmp_path / "folder").mkdir()
    with pytest.raises(PosteriorError, match=r"folder: a folder without .npy files"):
        read(tmp_path / "folder")


def int32(value: int) -> bytes:
    return b"\x04" + struct.pack("<i", value)


def float_matrix(x: NDArray[Any], kind: str = "FM") -> bytes:
    data = x.astype("<f4" if kind == "FM" else "<f8").tobytes()
    return b"\x00B" + kind.encode() + b" " + int32(x.shape[0]) + int32(x.shape[1]) + data


def compressed(kind: str, low: float, span: float, rows: int, columns: int, data: bytes) -> bytes:
    return b"\x00B" + kind.encode() + b" " + struct.pack("<ffii", low, span, rows, columns) + data


# One column: percentiles 0, 25, 75, 100 of the 16-bit scale, then the codes of three rows.
CM_DATA = struct.pack("<4H", 0, 16384, 49151, 65535) + bytes([0, 128, 255])

# name: (the bytes behind "utt ", the matrix)
ARK: dict[str, tuple[bytes, Any]] = {
    "float": (float_matrix(A), A),
    "double": (float_matrix(A, "DM"), A),
    "empty": (float_matrix(A[:0, :0]), np.zeros((0, 0))),
    "text": (b" [\n  -1 -2.5 \n  -inf 0 ]\n", [[-1, -2.5], [-np.inf, 0]]),
    "text_empty": (b" [ ]\n", np.zeros((0, 0))),
    "cm2": (compressed("CM2", -8, 8, 2, 2, struct.pack("<4H", 0, 65535, 0, 13107)), [[-8, 0], [-8, -6.4]]),
    "cm3": (compressed("CM3", -8, 8, 2, 2, bytes([0, 255, 51, 102])), [[-8, 0], [-6.4, -4.8]]),
    "cm": (compressed("CM", -10, 10, 3, 1, CM_DATA), [[-10], [-5], [0]]),
}


@pytest.mark.parametrize("case", ARK.values(), ids=ARK)
def test_ark(case: tuple[bytes, Any], tmp_path: Path) -> None:
    path = tmp_path / "x.ark"
    path.write_bytes(b"utt1 " + case[0] + b"utt2 " + float_matrix(B))
    found = read(path)
    np.testing.assert_allclose(found["utt1"], case[1], atol=2e-4)
    np.testing.assert_array_equal(found["utt2"], B)
    offset = 10 + len(case[0])
    (tmp_path / "x.scp").write_text(f"utt2 {path}:{offset}\nutt1\tx.ark:5\n", encoding="utf-8")
    found = read(f"scp:{tmp_path / 'x.scp'}")
    assert list(found) == ["utt2", "utt1"]
    np.testing.assert_allclose(found["utt1"], case[1], atol=2e-4)
    np.testing.assert_array_equal(found["utt2"], B)


def test_scp_of_single_matrices(tmp_path: Path) -> None:
    (tmp_path / "one.mat").write_bytes(float_matrix(A))
    (tmp_path / "x.scp").write_text("utt one.mat\n", encoding="utf-8")
    np.testing.assert_array_equal(read(tmp_path / "x.scp")["utt"], A)


CM_CURVE = struct.pack("<4H", 1000, 20000, 30000, 60000)


def test_cm_levels_are_piecewise_linear(tmp_path: Path) -> None:
    path = tmp_path / "x.ark"
    path.write_bytes(b"u " + compressed("CM", -20, 20, 256, 1, CM_CURVE + bytes(range(256))))
    wanted = np.interp(
        np.arange(256), [0, 64, 192, 255], -20 + 20 * np.array([1000, 20000, 30000, 60000]) / 65535
    )
    np.testing.assert_allclose(read(path)["u"][:, 0], wanted, atol=1e-4)


ARK_BROKEN: dict[str, tuple[bytes, str]] = {
    "cut_values": (
        b"u " + float_matrix(A)[:-3],
        r"the archive ends where 24 more bytes should be \(at byte 17\)",
    ),
    "cut_head": (b"u \x00BFM \x04\x01", "the archive ends where 4 more bytes"),
    "only_a_name": (b"utterance", "the archive ends where 1 more bytes"),
    "vector": (b"u \x00BFV " + int32(3), "a 'FV' is no matrix"),
    "size": (b"u \x00BFM " + int32(-1) + int32(2), "a matrix of -1 x 2"),
    "no_columns": (b"u \x00BFM " + int32(7) + int32(0), "a matrix of 7 x 0"),
    "huge": (b"u \x00BFM " + int32(2**31 - 1) + int32(2**31 - 1), "the archive ends where"),
    "not_int": (b"u \x00BFM \x08" + bytes(20), "not a 4-byte integer"),
    "text_open": (b"u [ 1 2\n 3", "a text matrix without ']'"),
    "text_ragged": (b"u [ 1 2\n 3 ]\n", "rows of unequal width"),
    "text_word": (b"u [ 1 two ]\n", "something that is no number"),
    "prose": (b"hello world", "neither a binary nor a text matrix"),
    "latin_name": (b"\xe9 [ ]", "a name that is not UTF-8"),
    "riff": (b"RIFF\x00\x00", "the archive ends where|neither|no space"),
}


@pytest.mark.parametrize("case", ARK_BROKEN.values(), ids=ARK_BROKEN)
def test_ark_broken(case: tuple[bytes, str], tmp_path: Path) -> None:
    path = tmp_path / "x.ark"
    path.write_bytes(case[0])
    with pytest.raises(PosteriorError, match=r"x\.ark: .*(" + case[1] + ")"):
        read(path)


SCP_BROKEN = {
    "pipe": "u gunzip -c x.gz |",
    "name_only": "u",
}


@pytest.mark.parametrize("line", SCP_BROKEN.values(), ids=SCP_BROKEN)
def test_scp_broken(line: str, tmp_path: Path) -> None:
    (tmp_path / "x.scp").write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(PosteriorError, match=r"x.scp:2: not 'utterance-id file.ark:offset'"):
        read(tmp_path / "x.scp")


@pytest.mark.parametrize("kind", [MissingFileError, OutputError])
def test_scp_of_an_archive_that_cannot_be_read(kind: type[TlgError], tmp_path: Path) -> None:
    (tmp_path / "folder.ark").mkdir()
    name, why = ("none.ark", "no such file") if kind is MissingFileError else ("folder.ark", "cannot be read")
    (tmp_path / "x.scp").write_text(f"\nu {name}:5\n", encoding="utf-8")
    with pytest.raises(kind, match=rf"x.scp:2: 'u': \S*{name}: {why}.*\. Check the path of the archive"):
        read(tmp_path / "x.scp")


def test_scp_offset_beyond_the_end(tmp_path: Path) -> None:
    (tmp_path / "x.ark").write_bytes(b"u " + float_matrix(A))
    (tmp_path / "x.scp").write_text("u x.ark:999\n", encoding="utf-8")
    with pytest.raises(PosteriorError, match=r"x.scp:1: 'u': byte 999 is beyond the end of \S*x.ark"):
        read(tmp_path / "x.scp")


def test_every_cut_of_an_archive_is_an_error_or_shorter(tmp_path: Path) -> None:
    whole = (
        b"u1 " + float_matrix(A) + b"u2 " + compressed("CM", -10, 10, 3, 1, CM_DATA) + b"u3 [ 1 2\n 3 4 ]\n"
    )
    path = tmp_path / "x.ark"
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        try:
            assert len(read(path)) <= 3
        except PosteriorError as error:
            assert error.file == str(path)


def test_example_data() -> None:
    speech = read(EXAMPLES / "speech" / "test.npz")
    assert {x.shape[1] for x in speech.values()} == {191}
    lines = read(EXAMPLES / "ocr" / "test.npz")
    assert all(isinstance(x, SparseFrames) and x.ids.shape[1] == 32 for x in lines.values())
