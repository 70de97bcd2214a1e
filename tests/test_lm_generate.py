"""Generation: draws follow the model's distribution, argmax and beam are those of brute force."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tlg.lm
from tests.reference.backoff_twin import BackoffTwin
from tlg import _core
from tlg.errors import OptionError, TextError
from tlg.lm import Generated, NgramModel

GOLDENS = Path(__file__).resolve().parent / "data" / "lm_goldens"


@pytest.fixture(scope="module")
def abc() -> tuple[NgramModel, BackoffTwin]:
    path = GOLDENS / "abc.o3.arpa"
    return NgramModel.load(path), BackoffTwin(path)


def expected_shares(
    scores: np.ndarray[Any, Any], temperature: float, top_k: int, top_p: float
) -> np.ndarray[Any, Any]:
    """By the book: temperature, then the k best, then the fewest best that have the share."""
    with np.errstate(under="ignore"):
        weights = np.exp((scores.astype(np.float64) - scores.max()) / temperature)
    order = np.argsort(-scores, kind="stable")
    if top_k:
        weights[order[top_k:]] = 0
    shares = weights / weights.sum()
    before = np.cumsum(shares[order]) - shares[order]
    shares[order[before >= top_p]] = 0
    return np.asarray(shares / shares.sum())


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"),
    [
        (1, 0, 1),
        (0.5, 0, 1),
        (3, 0, 1),
        (1, 7, 1),
        (1, 0, 0.5),
        (0.7, 40, 0.8),
        (1, 1, 1),
        (1, 0, 1e-9),
        (1, 999, 1),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 300])
def test_draws_follow_the_shares(size: int, temperature: float, top_k: int, top_p: float) -> None:
    """The inverse of the running sum: as many of evenly spaced numbers fall on each as it has of the whole."""
    scores = np.random.default_rng(size).normal(-5, 3, size).astype(np.float32)
    scores[::7] = scores[0]  # ties
    shares = expected_shares(scores, temperature, top_k, top_p)
    draws = 20000
    found = np.bincount(
        [_core.draw(scores, (i + 0.5) / draws, temperature, top_k, top_p) for i in range(draws)],
        minlength=size,
    )
    assert np.abs(found / draws - shares).max() <= 1.01 / draws + 1e-6


def test_draws_at_the_ends() -> None:
    never = -np.inf
    scores = np.array([never, 0, never, -200, never], np.float32)
    assert {_core.draw(scores, u, 1, 0, 1) for u in (0.0, 0.5, np.nextafter(1, 0))} == {1}
    assert _core.draw(scores, np.nextafter(1, 0), 100, 0, 1) == 3
    for bad, message in [
        ([never], "every score is -inf"),
        ([], "every score is -inf"),
        ([0, np.nan], "NaN or"),
        ([np.inf], "inf"),
    ]:
        with pytest.raises(OptionError, match=message):
            _core.draw(np.array(bad, np.float32), 0.5, 1, 0, 1)


def test_samples_follow_the_model(abc: tuple[NgramModel, BackoffTwin]) -> None:
    """Chi-square of whole sentences against their probabilities, at a level of about 1 in 10,000."""
    model, twin = abc
    draws = 20000
    sentences = model.generate(draws, seed=7, max_words=60, exclude_unk=False)
    assert all(one.complete for one in sentences)
    counts = Counter(one.words for one in sentences)
    expected = {
        words: draws * math.exp(sum(twin.sentence(words))) for words in twin.sentences(4, exclude=["<s>"])
    }
    expected = {words: share for words, share in expected.items() if share >= 10}
    statistic = sum((counts[words] - share) ** 2 / share for words, share in expected.items())
    rest, rest_share = draws - sum(counts[w] for w in expected), draws - sum(expected.values())
    statistic += (rest - rest_share) ** 2 / rest_share
    assert len(expected) > 30
    freedom = len(expected)
    assert statistic < freedom + 4 * math.sqrt(2 * freedom)


def test_scores_are_the_models(abc: tuple[NgramModel, BackoffTwin]) -> None:
    model, twin = abc
    for one in model.generate(50, seed=3, temperature=2.0, top_k=3, max_words=6, prefix="a b"):
        assert one.words[:2] == ("a", "b") and len(one.words) <= 8
        scores = twin.sentence(one.words)[2:] if one.complete else twin.sentence(one.words)[2:-1]
        assert one.score == pytest.approx(sum(scores), abs=1e-4)
        assert one.text == str(one) == " ".join(one.words)
        assert one.as_dict() == {
            "text": one.text,
            "words": one.words,
            "score": one.score,
            "complete": one.complete,
        }
    assert model.generate(prefix=["a", "b"], seed=1) == model.generate(prefix=" a  b", seed=1)


def test_seeds(abc: tuple[NgramModel, BackoffTwin]) -> None:
    model, _ = abc
    assert model.generate(20, seed=5) == model.generate(20, seed=5) != model.generate(20, seed=6)
    assert model.generate(20, seed=5)[:4] == model.generate(4, seed=5)
    assert model.generate(20) != model.generate(20)


def test_a_seed_leaves_no_choice(abc: tuple[NgramModel, BackoffTwin]) -> None:
    """Each word is where the running sum of probabilities, by id, passes the next number of PCG64."""
    model, twin = abc
    random = np.random.Generator(np.random.PCG64(1))
    for found in model.generate(30, seed=1):
        words: list[str] = []
        while True:
            words_there = [word for word in model.vocabulary if word not in ("<s>", "<unk>")]
            weights = np.exp([twin.nats(["<s>", *words], word) for word in words_there])
            at = int(np.searchsorted(np.cumsum(weights), random.random() * weights.sum(), side="right"))
            if words_there[at] == "</s>":
                break
            words.append(words_there[at])
        assert list(found.words) == words and found.complete


def test_unknown_words_and_begins_never_come(abc: tuple[NgramModel, BackoffTwin]) -> None:
    model, _ = abc
    words = {word for one in model.generate(500, seed=1, temperature=5.0) for word in one.words}
    assert words == {"a", "b", "c"}
    words = {
        word for one in model.generate(500, seed=1, temperature=5.0, exclude_unk=False) for word in one.words
    }
    assert words == {"a", "b", "c", "<unk>"}


def test_the_cut_comes_after_the_unknown_word(abc: tuple[NgramModel, BackoffTwin]) -> None:
    model, _ = abc
    one, two = model.generate(2, seed=1, top_k=1, max_words=5)
    assert one == two and one.words == model.generate(method="argmax", max_words=5)[0].words


def test_argmax(abc: tuple[NgramModel, BackoffTwin]) -> None:
    model, twin = abc
    for prefix in ("", "a", "a b", "c c c", "zebra"):
        words = prefix.split()
        for _ in range(7):
            choices = [w for w in model.vocabulary if w not in ("<s>", "<unk>")]
            best = max(choices, key=lambda w: twin.nats(["<s>", *words], w))
            if best == "</s>":
                break
            words.append(best)
        (found,) = model.generate(method="argmax", prefix=prefix, max_words=7)
        assert list(found.words) == words and found.complete == (best == "</s>")


@pytest.mark.parametrize("max_words", [0, 1, 5])
def test_beam_finds_the_best_sentences(abc: tuple[NgramModel, BackoffTwin], max_words: int) -> None:
    model, twin = abc
    every = [(sum(twin.sentence(words)), words) for words in twin.sentences(max_words)]
    every.sort(key=lambda pair: -pair[0])
    for n in (1, 3, 12):
        found = model.generate(n, method="beam", beam=500, max_words=max_words)
        assert len(found) == min(n, len(every)) and all(one.complete for one in found)
        assert [one.score for one in found] == pytest.approx([score for score, _ in every[:n]], abs=1e-4)
        for one in found:
            assert one.score == pytest.approx(sum(twin.sentence(one.words)), abs=1e-4)
        assert len({one.words for one in found}) == len(found)


def test_a_narrow_beam(abc: tuple[NgramModel, BackoffTwin]) -> None:
    model, _ = abc
    wide = model.generate(method="beam", beam=64, prefix="c")[0]
    for beam in (1, 2, 8):
        found = model.generate(beam, method="beam", beam=beam, prefix="c")
        assert found and found[0].score <= wide.score + 1e-6
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "method": ({"method": "greedy"}, "method='greedy' is not known. Give one of sample, argmax, beam"),
    "n": ({"n": 0}, "n=0 is no whole number of at least 1"),
    "temperature": ({"temperature": 0}, "temperature=0 is not above 0. For the best word use 'argmax'"),
    "top_k": ({"top_k": -1}, "top_k=-1"),
    "top_p": ({"top_p": 0}, r"top_p=0 is not in \(0, 1\]"),
    "beam": ({"beam": 0}, "beam=0"),
    "max_words": ({"max_words": -1}, "max_words=-1"),
    "wide": ({"method": "beam", "n": 9}, "n=9 is more than beam=8"),
    "several": ({"method": "argmax", "n": 2}, "n=2, but 'argmax' has one sentence"),
    "for sampling": ({"method": "beam", "top_p": 0.5}, "top_p is for method='sample', not for 'beam'"),
    "seed": ({"method": "argmax", "seed": 1}, "seed is for method='sample'"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_mistakes(case: tuple[dict[str, Any], str], abc: tuple[NgramModel, BackoffTwin]) -> None:
    options, message = case
    with pytest.raises(OptionError, match=message):
        abc[0].generate(**options)


def test_a_prefix_has_no_ends(abc: tuple[NgramModel, BackoffTwin]) -> None:
    with pytest.raises(TextError, match="'<s>' is in the prefix"):
        abc[0].generate(prefix="<s> a")


def test_zero_words(abc: tuple[NgramModel, BackoffTwin]) -> None:
    assert abc[0].generate(prefix="a", max_words=0, seed=1) == [Generated(("a",), 0.0, False)]
    assert tlg.lm.generate(abc[0], method="argmax", max_words=0) == [Generated((), 0.0, False)]
