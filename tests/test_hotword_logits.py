"""HotwordLogitsProcessor: what it adds to a sequence is what its hotwords are worth, however it is searched."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.reference import leftmost_longest as twin
from tlg import Hotwords
from tlg.errors import OptionError
from tlg.hotwords import HotwordLogitsProcessor

LETTERS = [*"ABCDE", "<eos>", "<|0.5|>"]
EOS, STAMP = 5, 6
PIECES = ["▁new", "▁york", "er", "▁town", "s", "▁", "。", "<eos>"]


def hotwords(phrases: dict[str, float], **options: Any) -> Hotwords:
    return Hotwords(phrases, **{"tokens": LETTERS, "bias": 1.0, **options})


def added(processor: HotwordLogitsProcessor, ids: list[int], width: int = len(LETTERS)) -> list[float]:
    """What is added to each token of a sequence, one call a token."""
    steps = []
    for size in range(len(ids)):
        scores = processor(np.array([ids[:size]], np.int64), np.zeros((1, width), np.float32))
        steps.append(float(scores[0, ids[size]]))
    return steps


LISTS: list[dict[str, float]] = [
    {},
    {"AB": 5, "ABCD": 7},
    {"AB": 5, "ABD": 7, "XABZ": 7},
    {"AA": 5},
    {"A": 1, "ABC": 2, "BC": -4},
    {"AB": 1, "ABCDE": 2, "CD": 3},
    {"ABCD": 0, "CX": 1, "C": -1},
]


@pytest.mark.parametrize("phrases", LISTS, ids=str)
def test_the_sum_is_the_score(phrases: dict[str, float]) -> None:
    hot = hotwords(phrases)
    processor = HotwordLogitsProcessor(hot, eos=EOS)
    for length in range(5):
        for units in itertools.product(range(4), repeat=length):
            symbols = [LETTERS[unit] for unit in units]
            assert sum(added(processor, [*units, EOS])) == hot.score(symbols), symbols
            # Cut off without an end.
            cut_off = sum(added(processor, list(units)))
            (end,) = processor.end_scores(np.array([units], np.int64).reshape(1, length))
            assert cut_off + end == hot.score(symbols), symbols


@pytest.mark.parametrize("max_loan", [0.0, 0.7, None])
def test_pieces_and_word_boundaries(max_loan: float | None) -> None:
    phrases = {"new york": 2.0, "york": -1.0, "town": 3.0, "yorker": 1.0}
    hot = Hotwords(phrases, tokens=PIECES, bias=1.0)
    assert hot.report.boundary == "▁"
    listed = [twin.Phrase(entry.units, entry.bias, entry.word_bias) for entry in hot.report.accepted]
    starts = frozenset(piece for piece in PIECES if piece.startswith("▁") or piece == "。")
    processor = HotwordLogitsProcessor(hot, eos=7, max_loan=max_loan)
    dice = random.Random(3)
    fired = 0
    for _ in range(300):
        ids = [dice.randrange(7) for _ in range(dice.randrange(9))]
        symbols = [PIECES[one] for one in ids]
        got = sum(added(processor, [*ids, 7], len(PIECES)))
        assert got == hot.score(symbols) == twin.score(listed, symbols, "▁|", starts), symbols
        fired += got != 0
    assert fired > 50


def test_every_token_gains_what_a_step_gives() -> None:
    dice = random.Random(5)
    for boundary in (None, "E"):
        phrases = {
            "".join(dice.choices("ABCD", k=dice.randrange(1, 6))): dice.uniform(-3, 3) for _ in range(40)
        }
        hot = hotwords(phrases, boundary=boundary)
        automaton = hot.automaton()
        for state in range(automaton.num_states):
            gains = automaton.gains(state, len(LETTERS))
            assert gains.tolist() == [automaton.advance(state, unit)[0] for unit in range(len(LETTERS))]
    pieces = Hotwords(["new york", "york", "yorker town", "town。"], tokens=PIECES).automaton()
    for state in range(pieces.num_states):
        assert pieces.gains(state, 8).tolist() == [pieces.advance(state, unit)[0] for unit in range(8)]


def test_rows_can_be_reordered_copied_and_dropped() -> None:
    hot = hotwords({"AB": 5, "ABCD": 7, "BB": 1})
    processor = HotwordLogitsProcessor(hot, eos=EOS)
    dice = random.Random(7)
    rows = [[] for _ in range(6)]  # type: list[list[int]]
    for _ in range(12):
        ids = np.array(rows, np.int64).reshape(len(rows), -1)
        got = processor(ids, np.zeros((len(rows), len(LETTERS)), np.float32))
        for row, scores in zip(rows, got, strict=True):
            alone = HotwordLogitsProcessor(hot, eos=EOS)(
                np.array([row], np.int64), np.zeros((1, len(LETTERS)), np.float32)
            )
            assert scores.tolist() == alone[0].tolist(), row
        rows = [[*dice.choice(rows), dice.randrange(4)] for _ in range(dice.randrange(1, 7))]
    assert processor(np.array([[0, 1, 2], [0, 1, 0]]), np.zeros((2, 7), np.float32))[0, 3] > 0  # as at first


def test_prompt_end_and_ignored_ids() -> None:
    hot = hotwords({"AB": 5})
    zeros = np.zeros((1, 9), np.float32)  # two columns more than there are symbols
    processor = HotwordLogitsProcessor(hot, eos=[EOS, 8], ignored=[STAMP], begin_index=2)
    plain = HotwordLogitsProcessor(hot, eos=EOS)
    # The prompt ends with A: it is no part of the text.
    assert processor(np.array([[3, 0]]), zeros)[0, 1] == 0
    assert plain(np.array([[3, 0]]), zeros)[0, 1] > 0
    # What is ignored, and ids beyond the table, come between without breaking anything off.
    between = processor(np.array([[3, 3, 0, STAMP, 7]]), zeros)[0]
    assert (between == processor(np.array([[3, 3, 0]]), zeros)[0]).all()
    assert between[1] == 7 - 1
    assert (between[[STAMP, 7]] == 0).all()
    assert (between[[EOS, 8]] == -1).all()  # an end gives back the loan of A
    assert (between[[0, 2]] == [0, -1]).all()  # A again is lent as much as it gives back
    assert (processor(np.array([[3, 3, 0, 8, 1]]), zeros) == 0).all()  # ended
    assert processor.end_scores(np.array([[3, 3, 0, 8], [3, 3, 0, 7]])).tolist() == [0, -1]


def bigrams(seed: int, size: int) -> NDArray[np.float64]:
    """A toy model: log-probabilities of the next token given the last (the last row: at the beginning)."""
    logits = np.random.default_rng(seed).normal(size=(size + 1, size))
    table: NDArray[np.float64] = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return table


def beam_search(
    model: NDArray[np.float64], processor: HotwordLogitsProcessor, beams: int, longest: int
) -> tuple[list[int], float]:
    """As generate() does it: the processed scores are summed, finished beams are put aside."""
    alive, totals = [[]], np.zeros(1)  # type: list[list[int]], NDArray[np.float64]
    best: tuple[list[int], float] = ([], -np.inf)
    for _ in range(longest + 1):
        ids = np.array(alive, np.int64).reshape(len(alive), -1)
        scores = processor(ids, model[[row[-1] if row else -1 for row in alive]])
        assert scores.dtype == np.float64
        sums = totals[:, None] + scores
        for row, one in zip(alive, sums[:, EOS], strict=True):
            best = max(best, (row, float(one)), key=lambda pair: pair[1])
        sums[:, EOS:] = -np.inf
        order = np.argsort(-sums, axis=None, kind="stable")[:beams]
        order = order[np.isfinite(sums.flat[order])]
        alive = [[*alive[at // sums.shape[1]], int(at % sums.shape[1])] for at in order.tolist()]
        totals = sums.flat[order]
    return best


@pytest.mark.parametrize("seed", range(6))
def test_beam_search_finds_the_best_sequence(seed: int) -> None:
    model = bigrams(seed, len(LETTERS))
    hot = hotwords({"ABC": 1.0, "BCD": 2.0, "DD": -1.5, "CA": 0.5}, bias=0.75)
    processor = HotwordLogitsProcessor(hot, eos=EOS)

    def total(units: tuple[int, ...]) -> float:
        path = [-1, *units, EOS]
        spoken = sum(model[a, b] for a, b in itertools.pairwise(path))
        return float(spoken + hot.score([LETTERS[unit] for unit in units]))

    everything = [units for n in range(6) for units in itertools.product(range(5), repeat=n)]
    wanted = max(everything, key=total)
    got, score = beam_search(model, processor, beams=5**5, longest=5)
    assert tuple(got) == wanted
    assert score == pytest.approx(total(wanted), abs=1e-9)
    # However narrow the beam, what a sequence is worth is the same.
    narrow, score = beam_search(model, processor, beams=2, longest=8)
    assert score == pytest.approx(total(tuple(narrow)), abs=1e-9)


def test_a_hotword_changes_what_greedy_search_says() -> None:
    model = np.full((EOS + 2, EOS + 1), -4.0)
    model[-1, 0], model[0, [2, 1]], model[[1, 2], EOS] = -0.1, [-0.5, -1.0], -0.1  # A, then C rather than B
    for phrases, said in [({}, "AC"), ({"AB": 0.0}, "AB"), ({"AB": -3.0}, "AC")]:
        processor = HotwordLogitsProcessor(hotwords(phrases), eos=EOS)
        ids: list[int] = []
        while not ids or ids[-1] != EOS:
            row = model[[ids[-1] if ids else -1]]
            scores = processor(np.array([ids], np.int64), np.pad(row, ((0, 0), (0, 1)), constant_values=-9.0))
            ids.append(int(scores[0].argmax()))
        assert "".join(LETTERS[one] for one in ids[:-1]) == said


def test_what_it_is_given_is_left_alone() -> None:
    scores = np.zeros((1, 7), np.float16)
    scores[0, 2] = -np.inf
    got = HotwordLogitsProcessor(hotwords({"AB": 5}))(np.zeros((1, 0), np.int64), scores)
    assert got.dtype == np.float16
    assert scores[0, 0] == 0
    assert got[0, 0] == 1
    assert got[0, 2] == -np.inf


def test_bad_input(characters: Any, speech: Any) -> None:
    hot = hotwords({"AB": 5})
    with pytest.raises(OptionError, match=r"made of words.*tokens= the model's vocabulary"):
        HotwordLogitsProcessor(Hotwords(["new york"], graph=speech))
    with pytest.raises(OptionError, match=r"hotwords is a list"):
        HotwordLogitsProcessor(["AB"])  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"begin_index=-1 is no length"):
        HotwordLogitsProcessor(hot, begin_index=-1)
    with pytest.raises(OptionError, match=r"ignored has 'A', which is no id"):
        HotwordLogitsProcessor(hot, ignored=["A"])  # type: ignore[list-item]
    processor = HotwordLogitsProcessor(hot)
    zeros = np.zeros((1, 7), np.float32)
    with pytest.raises(OptionError, match=r"scores of shape \[1, 7\] for 2 rows"):
        processor(np.zeros((2, 3), np.int64), zeros)
    with pytest.raises(OptionError, match=r"input_ids are float64 of shape \[1, 3\]"):
        processor(np.zeros((1, 3)), zeros)
    with pytest.raises(OptionError, match=r"scores for 4 tokens, the hotwords are made for 7"):
        processor(np.zeros((1, 3), np.int64), zeros[:, :4])
    with pytest.raises(OptionError, match=r"scores are int64"):
        processor(np.zeros((1, 3), np.int64), np.zeros((1, 7), np.int64))


@pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16", "float64"])
def test_torch_tensors(kind: str) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    processor = HotwordLogitsProcessor(hotwords({"AB": 5}), eos=EOS)
    ids = torch.tensor([[0], [1]])
    scores = torch.zeros((2, 7), dtype=getattr(torch, kind))
    got = processor(ids, scores)
    assert isinstance(got, torch.Tensor)
    assert got.dtype == scores.dtype
    assert got.device == scores.device
    assert float(scores.abs().sum()) == 0
    wanted = processor(ids.numpy(), np.zeros((2, 7), np.float32))
    assert got.float().numpy().tolist() == wanted.tolist()  # multiples of 1/1024 below 8
    with torch.inference_mode():
        assert torch.equal(processor(ids, scores), got)
