"""Prefix beam search with an unlimited beam against every labelling of tiny utterances."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tlg
from tests.prefix_cases import (
    EXACT,
    LETTERS,
    WORDS,
    brute,
    by_text,
    lm_sum,
    posteriors,
    reward,
    train_lm,
)
from tests.reference import prefix_twin

TEXTS = ["a ab ba", "ab ab a", "ba bb", "a a ab", "bb ba ab a"]


@pytest.fixture(scope="module")
def words_lm(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return train_lm(tmp_path_factory.mktemp("lm"), TEXTS)


def agree(decoder: tlg.PrefixDecoder, log_probs: Any, wanted: list[tuple[str, float]]) -> None:
    """The n-best list is the twin's, text by text and score by score."""
    found = decoder.decode(log_probs)
    assert not found.partial
    assert found.nbest[0].text == found.text
    assert len(found.nbest) == min(len(wanted), 20)
    texts = [one.text for one in found.nbest]
    assert len(set(texts)) == len(texts)
    lookup = dict(wanted)
    for one, (_, score) in zip(found.nbest, wanted, strict=False):
        assert one.score == pytest.approx(score, abs=2e-4)
        assert one.score == pytest.approx(lookup[one.text], abs=2e-4)
        terms = one.am_score + one.lm_score + one.word_score + one.unk_score + one.hotword_score
        assert one.score == pytest.approx(terms, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("scale", "penalty"), [(1.0, 0.0), (0.6, 0.7), (2.0, -0.4)])
def test_no_model(seed: int, scale: float, penalty: float) -> None:
    x = posteriors(seed, 5, 3)
    tokens = ["<blk>", "阳", "光"]

    def readings(labels: tuple[int, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
        yield tuple(tokens[label] for label in labels), 0.3 * len(labels)

    decoder = tlg.PrefixDecoder(
        tokens, nbest=20, acoustic_scale=scale, blank_penalty=penalty, word_score=0.3, **EXACT
    )
    assert decoder.report.words_are == "tokens"
    found = brute(x, tokens, readings, acoustic_scale=scale, blank_penalty=penalty)
    agree(decoder, x, by_text(found, lambda one: "".join(one.words)))


@pytest.mark.parametrize("seed", range(3))
def test_token_model(seed: int, tmp_path: Path) -> None:
    model, path = train_lm(tmp_path, ["阳 光 阳", "光 光", "阳 阳 光 光"], order=3)
    tokens = ["<blk>", "阳", "光"]
    x = posteriors(seed, 5, 3)

    def readings(labels: tuple[int, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
        words = tuple(tokens[label] for label in labels)
        yield words, 0.7 * lm_sum(model, words)

    wanted = by_text(brute(x, tokens, readings), lambda one: "".join(one.words))
    for lm in (model, path):
        decoder = tlg.PrefixDecoder(tokens, lm=lm, lm_weight=0.7, nbest=20, **EXACT)
        assert decoder.report.lm_unit == "token"
        agree(decoder, x, wanted)


@pytest.mark.parametrize("seed", range(3))
def test_letters_with_a_token_model(seed: int, tmp_path: Path) -> None:
    model, _ = train_lm(tmp_path, ["a b | a", "b b | a b", "| a"], order=3)
    x = posteriors(seed, 5, 4)

    def readings(labels: tuple[int, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
        words = prefix_twin.separated(labels, LETTERS, 3)
        yield words, lm_sum(model, [LETTERS[label] for label in labels]) + 0.5 * len(words)

    decoder = tlg.PrefixDecoder(LETTERS, lm=model, word_score=0.5, nbest=20, **EXACT)
    assert (decoder.report.lm_unit, decoder.report.words_are) == ("token", "separated")
    agree(decoder, x, by_text(brute(x, LETTERS, readings), lambda one: " ".join(one.words)))


@pytest.mark.parametrize("lookahead", [True, False])
@pytest.mark.parametrize("unk", [None, -1.5, 0.8])
@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("seed", range(2))
def test_word_model(seed: int, given: bool, unk: float | None, lookahead: bool, words_lm: Any) -> None:
    model, _ = words_lm
    x = posteriors(seed, 6, 4)
    known = set(WORDS[:3] if given else WORDS)

    def readings(labels: tuple[int, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
        words = prefix_twin.separated(labels, LETTERS, 3)
        unknown = sum(word not in known for word in words)
        if given and unk is None and unknown:
            return
        extra = 0.8 * lm_sum(model, words) + 1.2 * len(words) + (unk or 0.0) * unknown
        yield words, extra

    decoder = tlg.PrefixDecoder(
        LETTERS,
        lm=model,
        lexicon=WORDS[:3] if given else None,
        lm_weight=0.8,
        word_score=1.2,
        unk_score=unk,
        lookahead=lookahead,
        nbest=20,
        **EXACT,
    )
    assert decoder.report.lm_unit == "word"
    agree(decoder, x, by_text(brute(x, LETTERS, readings), lambda one: " ".join(one.words)))
    best = decoder.decode(x)
    assert best.unknown_words == [word for word in best.words if word not in known]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("unk", [None, -0.5])
def test_pieces(seed: int, unk: float | None, words_lm: Any) -> None:
    model, _ = words_lm
    tokens = ["<blk>", "\u2581a", "b", "\u2581b", "\u2581"]
    x = posteriors(seed, 5, 5)

    def readings(labels: tuple[int, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
        words = prefix_twin.pieced(labels, tokens)
        unknown = sum(word not in WORDS for word in words)
        if unk is not None or not unknown:
            yield words, lm_sum(model, words) + (unk or 0.0) * unknown

    decoder = tlg.PrefixDecoder(tokens, lm=model, lexicon=WORDS, unk_score=unk, nbest=20, **EXACT)
    assert decoder.report.words_are == "pieces"
    agree(decoder, x, by_text(brute(x, tokens, readings), lambda one: " ".join(one.words)))


@pytest.mark.parametrize("seed", range(3))
def test_pronunciations_with_homophones(seed: int, words_lm: Any) -> None:
    model, _ = words_lm
    tokens = ["<blk>", "X", "Y"]
    spelled: dict[str, list[tuple[int, ...]]] = {
        "a": [(1,)],
        "ab": [(1, 2), (2, 1)],
        "ba": [(1, 2)],
        "bb": [(2,)],
    }
    lexicon = {word: [[tokens[u] for u in one] for one in all_] for word, all_ in spelled.items()}
    x = posteriors(seed, 5, 3)

    def readings(labels: tuple[int, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
        for words in prefix_twin.pronounced(labels, spelled):
            yield words, lm_sum(model, words) - 0.2 * len(words)

    decoder = tlg.PrefixDecoder(
        tokens, lm=model, lexicon=lexicon, word_separator=None, word_score=-0.2, nbest=20, **EXACT
    )
    assert decoder.report.words_are == "pronunciations"
    agree(decoder, x, by_text(brute(x, tokens, readings), lambda one: " ".join(one.words)))


@pytest.mark.parametrize("seed", range(3))
def test_hotwords_over_tokens(seed: int) -> None:
    tokens = ["<blk>", "阳", "光"]
    phrases = {"阳光": 0.5, "光光阳": 1.0, "光阳": -1.0}
    x = posteriors(seed, 5, 3)

    def readings(labels: tuple[int, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
        words = tuple(tokens[label] for label in labels)
        yield words, reward(phrases, words, 0.75, None)

    decoder = tlg.PrefixDecoder(tokens, hotwords=phrases, hotword_bias=0.75, nbest=20, **EXACT)
    agree(decoder, x, by_text(brute(x, tokens, readings), lambda one: "".join(one.words)))
    found = decoder.decode(x)
    assert found.hotword_score == pytest.approx(sum(one.reward for one in found.hotwords))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("unk", [None, -1.0])
def test_hotwords_over_letters_with_a_word_model(seed: int, unk: float | None, words_lm: Any) -> None:
    model, _ = words_lm
    phrases = {"ab": 2.0, "b": 1.0}
    x = posteriors(seed, 5, 4)

    def readings(labels: tuple[int, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
        words = prefix_twin.separated(labels, LETTERS, 3)
        unknown = sum(word not in WORDS for word in words)
        if unk is not None or not unknown:
            units = [LETTERS[label] for label in labels]
            yield words, lm_sum(model, words) + (unk or 0) * unknown + reward(phrases, units, 0.5, "|")

    decoder = tlg.PrefixDecoder(
        LETTERS,
        lm=model,
        lexicon=WORDS,
        unk_score=unk,
        hotwords=phrases,
        hotword_bias=0.5,
        nbest=20,
        **EXACT,
    )
    agree(decoder, x, by_text(brute(x, LETTERS, readings), lambda one: " ".join(one.words)))


@pytest.mark.parametrize("seed", range(6))
def test_spans_are_those_of_a_best_alignment(seed: int) -> None:
    x = posteriors(seed, 6, 3)
    for one in tlg.PrefixDecoder(["<blk>", "阳", "光"], nbest=15, **EXACT).decode(x).nbest:
        labels = tuple("-阳光".index(token) for token in one.tokens)
        path = np.zeros(6, int)
        for label, (start, end) in zip(labels, one.token_spans, strict=True):
            path[start:end] = label
        _, paths = prefix_twin.best_spans(x.astype(np.float64), labels, 0)
        assert tuple(path.tolist()) in paths


def test_kenlm_gives_the_same(words_lm: Any) -> None:
    kenlm = pytest.importorskip("kenlm")
    _, path = words_lm
    scorer = kenlm.Model(str(path))
    decoder = tlg.PrefixDecoder(LETTERS, lm=path, lexicon=WORDS, nbest=20, **EXACT)
    for seed in range(5):
        for one in decoder.decode(posteriors(seed, 7, 4)).nbest:
            wanted = scorer.score(" ".join(one.words), bos=True, eos=True) * np.log(10)
            assert one.lm_score == pytest.approx(wanted, abs=1e-4)
