from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tlg._arrays import as_log_probs
from tlg.decoder.sparse import SparseFrames
from tlg.errors import PosteriorError


def posteriors(frames: int, tokens: int, seed: int = 0) -> NDArray[np.float32]:
    x = np.random.default_rng(seed).normal(size=(frames, tokens)) * 4
    x -= np.logaddexp.reduce(x, axis=1)[:, None]
    return x.astype(np.float32)


def test_float32_is_not_copied() -> None:
    x = posteriors(5, 7)
    assert as_log_probs(x, num_tokens=7) is x


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "longdouble"])
def test_every_float_type(dtype: str) -> None:
    x = posteriors(20, 40)
    y = as_log_probs(x.astype(dtype))
    assert y.dtype == np.float32
    assert y.flags.c_contiguous
    np.testing.assert_allclose(y, x, atol=2e-2 if dtype == "f2" else 1e-6)


VIEWS = {
    "transposed": lambda x: np.asfortranarray(x),
    "every_second_row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "reversed_twice": lambda x: x[::-1].copy()[::-1],
    "column_slice": lambda x: np.hstack([x, x])[:, : x.shape[1]],
    "read_only": lambda x: np.frombuffer(x.tobytes(), np.float32).reshape(x.shape),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_every_layout(view: Any) -> None:
    x = posteriors(6, 9)
    y = as_log_probs(view(x), num_tokens=9)
    assert y.flags.c_contiguous
    np.testing.assert_array_equal(y, x)


class Capsule:
    """Nothing but DLPack."""

    def __init__(self, x: NDArray[np.float32]) -> None:
        self.x = x

    def __dlpack__(self, **options: Any) -> Any:
        return self.x.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[Any, Any]:
        return self.x.__dlpack_device__()


def test_dlpack() -> None:
    x = posteriors(4, 6)
    np.testing.assert_array_equal(as_log_probs(Capsule(x)), x)


def test_zero_frames() -> None:
    assert as_log_probs(np.zeros((0, 5), np.float32), num_tokens=5).shape == (0, 5)
    assert as_log_probs(np.zeros((0, 5)), logits=True).shape == (0, 5)


def test_certain_rows() -> None:
    x = np.full((3, 5), -np.inf, np.float32)
    x[:, 2] = 0
    assert as_log_probs(x) is x


def row_with(value: float, *, at: int = 3) -> NDArray[np.float32]:
    x = posteriors(6, 40)
    x[at, 17] = value
    return x


# name: (array, options, message)
REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "list": ([[0.0]], {}, r"are a list, not an array. .*numpy.asarray"),
    "none": (None, {}, "are a NoneType, not an array"),
    "integers": (np.zeros((2, 3), int), {}, "of type int64, not floating point"),
    "objects": (np.array([[None]]), {}, "of type object"),
    "complex": (np.zeros((2, 3), complex), {}, "of type complex128"),
    "batch_of_one": (posteriors(4, 5)[None], {}, r"shape \[1, 4, 5\], not \[T, V\].*pass log_probs\[0\]"),
    "batch": (np.zeros((2, 4, 5)), {}, r"shape \[2, 4, 5\].*decode_batch"),
    "vector": (np.zeros(4), {}, r"shape \[4\], not"),
    "width": (posteriors(4, 5), {"num_tokens": 6}, "have 5 columns, but there are 6 tokens"),
    "no_columns": (np.zeros((3, 0)), {}, "no columns"),
    "nan": (row_with(math.nan), {}, r"row 3 holds NaN \(column 17\)"),
    "inf": (row_with(math.inf), {}, r"row 3 holds \+inf"),
    "first_of_two": (np.vstack([row_with(math.nan, at=5), row_with(math.inf)]), {}, "row 5 holds NaN"),
    "all_minus_inf": (np.full((1, 4), -np.inf), {}, "row 0 is -inf in every column"),
    "float64_overflow": (np.full((1, 4), -1e300), {}, "row 0 is -inf in every column"),
    "logits": (posteriors(4, 5) + 1, {}, r"row 0 is no distribution.* is 1, not 0.*logits=True"),
    "probabilities": (np.exp(posteriors(4, 5)), {}, "row 0 is no distribution.*natural-log posteriors"),
    "stream_rows": (row_with(math.nan), {"first_row": 100}, "row 103 holds NaN"),
    "logits_nan": (row_with(math.nan), {"logits": True}, "row 3 holds NaN"),
    "logits_inf": (row_with(math.inf), {"logits": True, "first_row": 10}, r"row 13 holds \+inf"),
    "logits_all_minus_inf": (np.full((1, 4), -np.inf), {"logits": True}, "row 0 is -inf"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused(case: tuple[Any, dict[str, Any], str]) -> None:
    x, options, message = case
    with pytest.raises(PosteriorError, match=message):
        as_log_probs(x, **options)


@given(
    st.integers(1, 70),
    st.floats(0.1, 300),
    st.floats(-1e4, 1e4),
    st.integers(0, 99),
)
def test_log_softmax_against_numpy(tokens: int, spread: float, shift: float, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(3, tokens)) * spread + shift
    wanted = x - np.logaddexp.reduce(x, axis=1)[:, None]
    np.testing.assert_allclose(as_log_probs(x, logits=True), wanted, rtol=1e-6, atol=1e-5)
    single = as_log_probs(x.astype(np.float32), logits=True)
    assert np.abs(np.logaddexp.reduce(single.astype(np.float64), axis=1)).max() < 1e-4


@given(st.integers(1, 300), st.integers(0, 99), st.floats(-0.05, 0.05))
def test_tolerance_against_numpy(tokens: int, seed: int, off: float) -> None:
    x = posteriors(1, tokens, seed) + np.float32(off)
    total = abs(np.logaddexp.reduce(x[0].astype(np.float64)))
    if total < 0.0099:
        as_log_probs(x)
    elif total > 0.0101:
        with pytest.raises(PosteriorError, match="row 0 is no distribution"):
            as_log_probs(x)


def sparse_of(x: NDArray[np.float32], listed: int) -> SparseFrames:
    ids = np.argsort(-x, axis=1)[:, :listed]
    others = np.sort(-x.astype(np.float64), axis=1)[:, listed:]
    rest = np.logaddexp.reduce(-others, axis=1, initial=-np.inf)
    return SparseFrames(ids, np.take_along_axis(x, ids, axis=1), rest)


@pytest.mark.parametrize("listed", [0, 1, 5, 11, 12])
def test_sparse_to_dense(listed: int) -> None:
    x = posteriors(30, 12)
    frames = sparse_of(x, listed)
    rows = frames.dense(12)
    assert (frames.ids.dtype.name, frames.log_probs.dtype.name, len(frames)) == ("int32", "float32", 30)
    np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(np.take_along_axis(rows, frames.ids.astype(int), axis=1), frames.log_probs)
    if listed >= 11:
        np.testing.assert_allclose(rows, x, atol=1e-5)
    as_log_probs(rows, num_tokens=12)


def test_repr_of_sparse_frames_is_short() -> None:
    frames = SparseFrames.from_dense(np.full((300, 50), -np.log(50)), 20)
    assert repr(frames) == "SparseFrames(300 frames, 20 tokens each)"


def test_sparse_without_frames() -> None:
    frames = SparseFrames(np.zeros((0, 4), int), np.zeros((0, 4)), np.zeros(0))
    assert frames.dense(9).shape == (0, 9)


HALF = np.log(np.full((2, 2), 0.5))
NONE = np.full(2, -np.inf)
SPARSE_REFUSED: dict[str, tuple[Any, Any, Any, str]] = {
    "twice": ([[0, 1], [3, 3]], HALF, NONE, "row 1 lists a token twice"),
    "negative": ([[0, 1], [-1, 3]], HALF, NONE, "row 1 holds a negative token id"),
    "huge": ([[0, 1], [2**40, 3]], HALF, NONE, "row 1 holds a token id beyond 32 bits"),
    "float_ids": ([[0.0, 1], [2, 3]], HALF, NONE, "ids are of type float64"),
    "shapes": ([[0, 1]], HALF, NONE, r"have shapes \(1, 2\), \(2, 2\), \(2,\)"),
    "nan": ([[0, 1], [2, 3]], [[math.nan, 0], *HALF[:1]], NONE, "row 0 holds NaN"),
    "too_little": ([[0, 1], [2, 3]], HALF - 0.1, NONE, "row 0 is no distribution"),
    "too_much": ([[0, 1], [2, 3]], HALF, np.array([-np.inf, -1]), "row 1 is no distribution"),
    "inf": ([[0, 1], [2, 3]], HALF, np.array([-np.inf, np.inf]), "row 1 is no distribution"),
}


@pytest.mark.parametrize("case", SPARSE_REFUSED.values(), ids=SPARSE_REFUSED)
def test_sparse_refused(case: tuple[Any, Any, Any, str]) -> None:
    ids, log_probs, rest, message = case
    with pytest.raises(PosteriorError, match=message):
        SparseFrames(np.array(ids), np.array(log_probs), np.array(rest))


def test_sparse_beyond_the_table() -> None:
    with pytest.raises(PosteriorError, match="row 1 holds a token id beyond the table of 3 tokens"):
        SparseFrames(np.array([[0, 1], [2, 3]]), HALF, NONE).dense(3)
    with pytest.raises(PosteriorError, match="row 0 lists every token, and yet there is a rest"):
        SparseFrames(np.array([[0, 1]]), HALF[:1] - np.log(2), np.log(np.array([0.5]))).dense(2)
