"""The search against brute force, against itself in other settings, and bad input at its door."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tests.reference import decode_twin
from tests.reference.leftmost_longest import Phrase, find
from tests.search_cases import Case, decode_all, make_fst, random_case, random_log_probs
from tlg import _core
from tlg.errors import GraphError, OptionError

KERNELS = ["baseline", "avx2", "avx512"]


def make_graph(
    case: Case, *, plain: bool = False, lm_weight: float = 1.0, word_score: float = 0.0
) -> _core.SearchGraph:
    return _core.SearchGraph(
        case.fst(),
        topology=_core.Topology.PLAIN if plain else _core.Topology.CTC,
        num_tokens=case.log_probs.shape[1],
        blank=-1 if plain else case.blank,
        lm_weight=lm_weight,
        word_score=word_score,
    )


def make_decoder(
    case: Case, *, kernel: str = "auto", graph: _core.SearchGraph | None = None, **options: Any
) -> _core.Decoder:
    of_graph = {name: options.pop(name) for name in ("plain", "lm_weight", "word_score") if name in options}
    graph = graph or make_graph(case, **of_graph)
    settings: dict[str, Any] = {
        "beam": math.inf,
        "max_active": 2**31 - 1,
        "min_active": 0,
        "acoustic_scale": 1.0,
        "blank_penalty": 0.0,
        "num_roots": 0,
        "separator": -1,
        "kernel": kernel,
    }
    return _core.Decoder(graph, **{**settings, **options})


def search(case: Case, **options: Any) -> _core.Hypothesis:
    return make_decoder(case, **options).decode(case.log_probs, None)


def check_against(found: _core.Hypothesis, best: decode_twin.Best) -> None:
    assert found.partial == (best.score == -math.inf)
    if not found.partial:
        assert found.score == pytest.approx(best.score, abs=1e-4)
        assert found.search_score == pytest.approx(best.score, abs=1e-4)


@pytest.mark.parametrize("block", range(12))
def test_equals_brute_force(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        case = random_case(seed)
        options: dict[str, Any] = {
            "acoustic_scale": random.Random(seed).choice([0.5, 1.0, 1.7]),
            "lm_weight": random.Random(seed).choice([0.0, 1.0, 0.6]),
            "word_score": random.Random(seed).choice([0.0, 0.7, -0.4]),
            "blank_penalty": random.Random(seed).choice([0.0, 0.3]),
        }
        best = decode_twin.decode(
            case.arcs, case.finals, case.log_probs.tolist(), blank=case.blank, **options
        )
        found = search(case, **options)
        check_against(found, best)
        if not found.partial:
            check_terms(case, found, **options)


def check_terms(case: Case, found: _core.Hypothesis, **options: float) -> None:
    """The terms add up, and the path with these tokens and words has that graph score."""
    parts = (found.am_score, found.lm_score, found.word_score, found.blank_score, found.hotword_score)
    assert sum(parts) == pytest.approx(found.score, abs=1e-9)
    assert found.word_score == pytest.approx(options["word_score"] * len(found.words), abs=1e-5)
    paths = decode_twin.graph_paths(case.arcs, case.finals, found.tokens, lambda arc: arc[4])
    costs = [cost for cost, words in paths if list(words) == found.words]
    assert found.lm_score == pytest.approx(-options["lm_weight"] * min(costs), abs=1e-4)
    check_alignment(case, found, options["acoustic_scale"], options["blank_penalty"])


def check_alignment(case: Case, found: _core.Hypothesis, scale: float, penalty: float) -> None:
    """Token spans are in order, leave a blank between repeats, and carry the acoustic score."""
    labels = np.full(len(case.log_probs), case.blank)
    end = 0
    for token, (start, stop) in zip(found.tokens, found.token_spans.tolist(), strict=True):
        assert end <= start < stop <= len(labels)
        labels[start:stop] = token
        end = stop
    assert decode_twin.collapse(labels.tolist(), case.blank) == tuple(found.tokens)
    scores = case.log_probs[np.arange(len(labels)), labels].astype(float)
    assert found.am_score == pytest.approx(scale * scores.sum(), abs=1e-4)
    assert found.blank_score == pytest.approx(-penalty * (labels == case.blank).sum(), abs=1e-6)


@pytest.mark.parametrize("block", range(4))
def test_one_posterior_per_token_equals_brute_force(block: int) -> None:
    for seed in range(1000 + block * 50, 1050 + block * 50):
        case = random_case(seed, blank_among=False)
        best = decode_twin.decode(case.arcs, case.finals, case.log_probs.tolist(), blank=None)
        found = search(case, plain=True)
        check_against(found, best)
        if not found.partial:
            assert len(found.tokens) == len(case.log_probs)


def random_hotwords(
    rng: random.Random, *, blank: int, in_words: bool
) -> tuple[_core.HotwordAutomaton, list[Phrase]]:
    """A list for a random_case(), compiled, and as the twin takes it."""
    inventory = list(range(1, 6)) if in_words else [u for u in range(3) if u != blank]
    phrases = []
    for _ in range(rng.randint(1, 4)):
        units = tuple(rng.choice(inventory) for _ in range(rng.randint(1, 3)))
        phrases.append((units, rng.choice([0.0, 0.5, 1.5]), rng.choice([0.0, 1.0, 3.0, -2.0])))
    automaton = _core.HotwordAutomaton(
        units=np.array([u for units, _, _ in phrases for u in units], np.int32),
        offsets=np.cumsum([0, *(len(units) for units, _, _ in phrases)]),
        bias=np.array([b for _, b, _ in phrases]),
        word_bias=np.array([w for _, _, w in phrases]),
        lengths=np.array([], np.int32),
        num_units=6,
        boundary=-1,
        starts_word=[],
        max_loan=rng.choice([0.0, 1.0, 100.0]),
    )
    return automaton, [Phrase(tuple(map(str, units)), b, w) for units, b, w in phrases]


@pytest.mark.parametrize("labels", [_core.HotwordLabels.TOKENS, _core.HotwordLabels.WORDS])
@pytest.mark.parametrize("block", range(5))
def test_hotwords_equal_brute_force(labels: _core.HotwordLabels, block: int) -> None:
    """The best path with rewards, whatever was lent on the way."""
    in_words = labels is _core.HotwordLabels.WORDS
    for seed in range(2000 + block * 40, 2040 + block * 40):
        case = random_case(seed)
        automaton, listed = random_hotwords(random.Random(seed), blank=case.blank, in_words=in_words)
        best = decode_twin.decode(
            case.arcs,
            case.finals,
            case.log_probs.tolist(),
            blank=case.blank,
            reward=rewarder(listed, in_words),
        )
        graph = make_graph(case)
        use = _core.HotwordUse(graph, automaton, labels)
        found = make_decoder(case, graph=graph).decode(case.log_probs, use)
        check_against(found, best)
        if not found.partial:
            assert found.hotword_score == reward_of(listed, found.words if in_words else found.tokens)


def rewarder(phrases: list[Phrase], in_words: bool) -> Callable[[tuple[int, ...], tuple[int, ...]], float]:
    return lambda tokens, words: reward_of(phrases, words if in_words else tokens)


def reward_of(phrases: list[Phrase], units: Sequence[int]) -> float:
    return sum(phrase.reward for phrase, _, _ in find(phrases, [str(unit) for unit in units]))


def larger_case(seed: int, *, width: int, frames: int, states: int) -> Case:
    """Too large for brute force; with more units than a mask of 64 or 128 bits has."""
    rng = random.Random(seed)
    blank = rng.randrange(width)
    units = [token for token in range(width) if token != blank]
    arcs: list[decode_twin.Arc] = []
    for source in range(states):
        for _ in range(rng.choice([1, 3, 40])):
            target = rng.randrange(states)
            word = rng.choice([0, 0, rng.randint(1, 50)])
            arcs.append((source, target, rng.choice(units) + 1, word, rng.randint(0, 512) / 64))
        if source + 1 < states and rng.random() < 0.4:
            target = rng.randrange(source + 1, states)
            arcs.append((source, target, 0, 0, rng.randint(-8, 64) / 64))
    finals = {state: 0.5 for state in range(states) if rng.random() < 0.3}
    return Case(arcs, finals or {0: 0.0}, states, random_log_probs(rng, frames, width, 3.0), blank)


@pytest.mark.parametrize("width", [8, 64, 66, 120, 200])
def test_kernels_and_threads_agree(width: int) -> None:
    case = larger_case(width, width=width, frames=60, states=40)
    batch = [case.log_probs[:n] for n in (60, 0, 1, 33)]
    first = make_decoder(case, kernel="baseline", beam=9.0)
    expected = [first.decode(rows, None) for rows in batch]
    available = []
    for kernel in KERNELS:
        try:
            decoder = make_decoder(case, kernel=kernel, beam=9.0)
        except OptionError:
            continue  # this CPU lacks it
        available.append(kernel)
        for threads in (1, 3):
            found = decode_all(decoder, batch, threads)
            for one, other in zip(found, expected, strict=True):
                assert (one.tokens, one.words, one.score) == (other.tokens, other.words, other.score)
                assert one.search_score == other.search_score
    assert "baseline" in available


@pytest.mark.parametrize("width", [8, 66, 200])
@pytest.mark.parametrize("seed", range(6))
def test_a_wide_beam_loses_nothing(width: int, seed: int) -> None:
    """Beam 60 on scores that differ by less finds what an unlimited beam finds, masks or none."""
    case = larger_case(seed, width=width, frames=25, states=30)
    everything, wide = search(case), search(case, beam=200.0)
    assert (wide.tokens, wide.words, wide.score) == (everything.tokens, everything.words, everything.score)
    narrow = search(case, beam=2.0)
    assert narrow.partial or narrow.score <= everything.score + 1e-4


def test_sparse_equals_dense() -> None:
    case = larger_case(7, width=30, frames=40, states=30)
    rows = np.where(np.isfinite(case.log_probs), case.log_probs, -30).astype(np.float32)
    ids = np.argsort(-rows, axis=1)[:, :8].astype(np.int32)
    listed = np.take_along_axis(rows, ids, axis=1)
    rest = np.log1p(-np.exp(listed.astype(float)).sum(axis=1).clip(max=1 - 1e-9)).astype(np.float32)
    dense = np.repeat((rest - np.float32(np.log(np.float32(22))))[:, None], 30, axis=1)
    np.put_along_axis(dense, ids, listed, axis=1)
    decoder = make_decoder(case, beam=12.0)
    one, other = (decoder.decode(frames, None) for frames in ((ids, listed, rest), dense))
    assert (one.tokens, one.words) == (other.tokens, other.words)
    assert one.score == pytest.approx(other.score, abs=1e-4)


def test_max_active_and_min_active() -> None:
    case = larger_case(3, width=40, frames=50, states=60)
    everything = search(case, beam=30.0)
    few = search(case, beam=30.0, max_active=5)
    assert few.partial or few.score <= everything.score + 1e-4
    # With enough tokens kept whatever the beam, a beam of nothing finds the best path.
    kept = search(case, beam=0.01, max_active=100_000, min_active=100_000)
    assert (kept.tokens, kept.score) == (everything.tokens, everything.score)
    assert search(case, beam=0.01).score <= everything.score


def test_repeats_need_a_blank() -> None:
    """Language: 'a a' is word 1, 'a' word 2; blank is column 0."""
    arcs = [(0, 1, 2, 2, 0.0), (0, 2, 2, 1, 0.0), (2, 1, 2, 0, 0.0)]
    sure = math.log(0.98)
    rest = math.log(0.01)

    def rows(labels: str) -> Any:
        return np.array([[sure if c == x else rest for x in "-ab"] for c in labels], np.float32)

    fst_case = Case(arcs, {1: 0.0}, 3, rows("aa"), 0)
    assert search(fst_case).words == [2]
    fst_case.log_probs = rows("a-a")
    assert search(fst_case).words == [1]
    fst_case.log_probs = rows("aaa-aa")
    found = search(fst_case)
    assert (found.words, found.token_spans.tolist()) == ([1], [[0, 3], [4, 6]])


def test_repeat_across_an_epsilon_arc() -> None:
    """Word 1 ends in 'a', a backoff arc follows, word 2 begins with 'a': a blank is still needed."""
    arcs = [(0, 1, 2, 1, 0.0), (1, 2, 0, 0, 0.0), (2, 3, 2, 2, 0.0)]
    log_probs = np.log(np.array([[0.05, 0.9, 0.05]] * 3, np.float32))
    found = search(Case(arcs, {3: 0.0}, 4, log_probs, 0))
    assert found.words == [1, 2]
    assert found.token_spans.tolist() == [[0, 1], [2, 3]]


def test_partial_when_no_final_state_is_reached() -> None:
    arcs = [(0, 1, 2, 1, 0.0), (1, 2, 3, 2, 0.0)]
    log_probs = np.log(np.array([[0.05, 0.9, 0.05]], np.float32))
    found = search(Case(arcs, {2: 0.0}, 3, log_probs, 0))
    assert found.partial
    assert found.words == [1]
    assert found.num_frames == 1
    assert found.score == pytest.approx(math.log(0.9), abs=1e-6)


def test_partial_when_no_path_goes_on() -> None:
    """The second frame rules out all that the graph allows: the path up to there is kept and flagged."""
    arcs = [(0, 1, 2, 1, 0.0)]
    with np.errstate(divide="ignore"):
        log_probs = np.log(np.array([[0.1, 0.9, 0.0], [0.0, 0.0, 1.0]], np.float32))
    found = search(Case(arcs, {1: 0.0}, 2, log_probs, 0))
    assert (found.partial, found.words, found.num_frames) == (True, [1], 1)


def test_no_frames_is_an_empty_result() -> None:
    case = Case([(0, 1, 2, 1, 0.0)], {0: 0.25, 1: 0.0}, 2, np.zeros((0, 3), np.float32), 0)
    found = search(case)
    assert (found.tokens, found.words, found.partial) == ([], [], False)
    assert found.score == -0.25


def test_long_utterances_keep_their_precision() -> None:
    """Costs are rebased: 20,000 frames at -5 each score the same a frame as 20."""
    arcs = [(0, 0, 2, 1, 0.125)]
    row = np.array([[math.log1p(-math.exp(-5.0)), -5.0]], np.float32)
    for frames in (20, 20_000):
        log_probs = np.repeat(row, frames, axis=0)
        # Only the unit may be taken: blank costs 100 a frame.
        found = search(Case(arcs, {0: 0.0}, 1, log_probs, 0), blank_penalty=100.0, beam=500.0)
        assert found.score == pytest.approx(-5.0 * frames - 0.125, rel=1e-6)
        assert found.search_score == pytest.approx(found.score, rel=1e-6)


BAD_GRAPHS: dict[str, tuple[list[decode_twin.Arc], dict[str, int], str]] = {
    "label_beyond_the_table": (
        [(0, 1, 9, 0, 0.0)],
        {},
        r"input label 9 is beyond the token table \(3 tokens\)",
    ),
    "blank_in_lg": ([(0, 1, 1, 0, 0.0)], {}, r"arcs with the blank \(token id 0\)"),
    "epsilon_cycle": ([(0, 1, 0, 0, 0.0), (1, 0, 0, 0, 0.0)], {}, "epsilon arcs form a cycle"),
}


@pytest.mark.parametrize("name", BAD_GRAPHS)
def test_bad_graphs(name: str) -> None:
    arcs, _, message = BAD_GRAPHS[name]
    with pytest.raises(GraphError, match=message):
        search(Case(arcs, {1: 0.0}, 2, np.zeros((0, 3), np.float32), 0))


def test_empty_graph() -> None:
    with pytest.raises(GraphError, match="the graph is empty"):
        _core.SearchGraph(
            make_fst(0, [], {}),
            topology=_core.Topology.CTC,
            num_tokens=3,
            blank=0,
            lm_weight=1.0,
            word_score=0.0,
        )


def test_unknown_kernel() -> None:
    with pytest.raises(OptionError, match="no search kernel named 'mmx'"):
        make_decoder(random_case(1), kernel="mmx")
