from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tlg.decoder.greedy import greedy
from tlg.decoder.sparse import SparseFrames
from tlg.errors import PosteriorError, TokensError

TOKENS = ["<blk>", "a", "b", "c"]


def path(text: str, peak: float = 0.9) -> NDArray[np.float64]:
    """Return log_probs whose best token of each frame is the given one, '-' the blank."""
    rows = np.full((len(text), 4), np.log((1 - peak) / 3))
    rows[np.arange(len(text)), ["-abc".index(c) for c in text]] = np.log(peak)
    return rows


# name: (best tokens frame by frame, text, spans)
CASES: dict[str, tuple[str, str, list[tuple[int, int]]]] = {
    "plain": ("-a-b", "ab", [(1, 2), (3, 4)]),
    "held": ("aaabb", "ab", [(0, 3), (3, 5)]),
    "repeat_needs_a_blank": ("aa-a", "aa", [(0, 2), (3, 4)]),
    "repeat_without_blank_is_one": ("aaaa", "a", [(0, 4)]),
    "blanks_only": ("----", "", []),
    "no_frames": ("", "", []),
    "back_and_forth": ("aba", "aba", [(0, 1), (1, 2), (2, 3)]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_best_path(case: tuple[str, str, list[tuple[int, int]]]) -> None:
    frames, text, spans = case
    found = greedy(path(frames), TOKENS)
    assert found.text == text
    assert found.tokens == tuple(text)
    assert found.token_ids == tuple(TOKENS.index(c) for c in text)
    assert found.token_spans == tuple(spans)
    assert found.score == pytest.approx(len(frames) * np.log(0.9), rel=1e-6)


def test_every_path_against_groupby() -> None:
    for frames in map("".join, itertools.product("-ab", repeat=6)):
        wanted = "".join(key for key, _ in itertools.groupby(frames) if key != "-")
        assert greedy(path(frames), TOKENS).text == wanted


def test_blank_by_name_column_and_place(tmp_path: Path) -> None:
    x = path("a-b")
    last = np.roll(x, -1, axis=1)
    assert greedy(last, ["a", "b", "c", "_"], blank="_").text == "ab"
    assert greedy(last, ["a", "b", "c", "d"], blank=3).text == "ab"
    table = tmp_path / "tokens.txt"
    table.write_text("a 0\nb 1\nc 2\n<blank> 3\n", encoding="utf-8")
    assert greedy(last, table).text == "ab"
    with pytest.raises(TokensError, match="no token looks like the blank"):
        greedy(last, ["a", "b", "c", "d"])
    with pytest.raises(TokensError, match="the blank 'x' is not among the 4 tokens"):
        greedy(last, ["a", "b", "c", "d"], blank="x")


def test_joiners() -> None:
    assert greedy(path("-a-b"), TOKENS, joiner=" ").text == "a b"
    assert greedy(path("-a-b-c"), ["<blk>", "▁he", "llo", "▁you"]).text == "hello you"


def test_ties_go_to_the_smaller_id() -> None:
    rows = np.log(np.full((1, 4), 0.25))
    assert greedy(rows, TOKENS).token_ids == ()
    even = SparseFrames(np.array([[3, 2]]), np.log([[0.4, 0.4]]), np.log([0.2]))
    assert greedy(even, TOKENS).token_ids == (2,)


def test_sparse_equals_dense() -> None:
    rng = np.random.default_rng(1)
    for listed in (0, 1, 2, 4):
        x = rng.normal(size=(50, 4))
        x -= np.logaddexp.reduce(x, axis=1)[:, None]
        ids = np.array([rng.permutation(4)[:listed] for _ in x]).reshape(50, listed)
        picked = np.take_along_axis(x, ids, axis=1)
        rest = np.log(np.maximum(1 - np.exp(picked).sum(axis=1), 1e-30))
        frames = SparseFrames(ids, picked, rest)
        one, other = greedy(frames, TOKENS), greedy(frames.dense(4), TOKENS)
        assert (one.tokens, one.token_spans) == (other.tokens, other.token_spans)
        assert one.score == pytest.approx(other.score, rel=1e-6)


def test_refused() -> None:
    with pytest.raises(PosteriorError, match="have 4 columns, but there are 3 tokens"):
        greedy(path("a"), TOKENS[:3])
    with pytest.raises(PosteriorError, match="logits=True"):
        greedy(path("a") + 1, TOKENS)
    assert greedy(path("a") + 1, TOKENS, logits=True).text == "a"
    with pytest.raises(PosteriorError, match="beyond the table of 4 tokens"):
        greedy(SparseFrames(np.array([[7]]), np.zeros((1, 1)), np.array([-np.inf])), TOKENS)
