"""The search with an unlimited beam against OpenFst's shortest path over posteriors o T o (hotwords) o LG.

T and the hotword acceptor are built here from their definitions, without a look at the decoder's code.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.graph_cases import LEXICA, TRIGRAM, build
from tests.reference import leftmost_longest as twin
from tests.reference.decode_twin import Arc
from tests.search_cases import Case, random_case, random_log_probs
from tests.test_search import larger_case, make_decoder, make_graph
from tlg import _core
from tlg.decoder.graph import Graph
from tlg.decoder.search import Decoder

pynini: Any = pytest.importorskip("pynini", exc_type=ImportError)

Phrases = list[twin.Phrase]


def fst_of(arcs: Iterable[Arc], finals: dict[int, float], num_states: int) -> Any:
    fst = pynini.Fst()
    fst.add_states(max(num_states, 1))
    fst.set_start(0)
    for source, target, ilabel, olabel, cost in arcs:
        if cost < math.inf:
            fst.add_arc(source, pynini.Arc(ilabel, olabel, pynini.Weight("tropical", cost), target))
    for state, cost in finals.items():
        fst.set_final(state, pynini.Weight("tropical", cost))
    return fst


def posterior_fst(log_probs: Any, *, scale: float, blank: int, penalty: float) -> Any:
    arcs = [
        (t, t + 1, column + 1, column + 1, -scale * float(value) + (penalty if column == blank else 0.0))
        for t, row in enumerate(log_probs)
        for column, value in enumerate(row)
    ]
    return fst_of(arcs, {len(log_probs): 0.0}, len(log_probs) + 1)


def ctc_topology(width: int, blank: int) -> Any:
    """From frame labels to units: state 0 after a blank (or nothing), state 1 + u after unit u."""
    after = [1 + u for u in range(width)]
    after[blank] = 0
    arcs: list[Arc] = []
    for last, label in itertools.product(range(width), range(width)):
        silent = label in (blank, last)
        arcs.append((after[last], after[label], label + 1, 0 if silent else label + 1, 0.0))
    return fst_of(arcs, dict.fromkeys(range(width + 1), 0.0), width + 1)


def hotword_acceptor(phrases: Phrases, units: Sequence[int]) -> Any:
    """An acceptor of unit + 1 whose states are what is still undecided: the beginning of a longer phrase."""

    def is_open(pending: tuple[str, ...]) -> bool:
        return any(len(p.units) > len(pending) and p.units[: len(pending)] == pending for p in phrases)

    def settle(pending: tuple[str, ...]) -> tuple[float, tuple[str, ...]]:
        """Pay what can no longer become longer; return it and what is left open."""
        paid = 0.0
        while pending and not is_open(pending):
            here = [p for p in phrases if pending[: len(p.units)] == p.units]
            best = max(here, key=twin.rank) if here else None
            paid += best.reward if best else 0.0
            pending = pending[len(best.units) if best else 1 :]
        return paid, pending

    numbers: dict[tuple[str, ...], int] = {(): 0}
    arcs: list[Arc] = []
    queue: list[tuple[str, ...]] = [()]
    for state in queue:
        for unit in units:
            paid, after = settle((*state, str(unit)))
            if after not in numbers:
                numbers[after] = len(numbers)
                queue.append(after)
            arcs.append((numbers[state], numbers[after], unit + 1, unit + 1, -paid))
    finals = {number: -twin.score(phrases, state) for state, number in numbers.items()}
    return fst_of(arcs, finals, len(numbers))


def weighted(arcs: Iterable[Arc], finals: dict[int, float], lm_weight: float, word_score: float) -> Any:
    scaled = [(s, t, i, o, lm_weight * w - (word_score if o else 0.0)) for s, t, i, o, w in arcs]
    states = 1 + max(itertools.chain((a[0] for a in scaled), (a[1] for a in scaled), finals))
    return fst_of(scaled, {s: lm_weight * cost for s, cost in finals.items()}, states)


def compose(*fsts: Any) -> Any:
    made = fsts[0]
    for fst in fsts[1:]:
        made = pynini.compose(made.arcsort("olabel"), fst.copy().arcsort("ilabel"))
    return made


def best_cost(fst: Any) -> float:
    """Cost of the shortest path; infinity where there is none."""
    if fst.start() < 0:
        return math.inf
    return float(pynini.shortestdistance(fst, reverse=True)[fst.start()])


def check(found: _core.Hypothesis, lattice: Any, blank: int | None, columns: Sequence[int]) -> None:
    """Same best score; and the words found have that score in the lattice."""
    cost = best_cost(lattice)
    assert found.partial == (cost == math.inf)
    if found.partial:
        return
    assert found.score == pytest.approx(-cost, abs=1e-4)
    assert found.search_score == pytest.approx(-cost, abs=1e-4)
    said = fst_of(
        ((i, i + 1, w, w, 0.0) for i, w in enumerate(found.words)),
        {len(found.words): 0.0},
        len(found.words) + 1,
    )
    assert best_cost(compose(lattice, said)) == pytest.approx(cost, abs=1e-4)
    assert all(token in columns and token != blank for token in found.tokens)


def random_phrases(rng: random.Random, inventory: Sequence[int]) -> Phrases:
    phrases: dict[tuple[str, ...], twin.Phrase] = {}
    for _ in range(rng.randint(1, 5)):
        units = tuple(str(rng.choice(inventory)) for _ in range(rng.randint(1, 4)))
        phrases[units] = twin.Phrase(units, rng.choice([0.0, 0.5, 1.5]), rng.choice([0.0, 1.0, 3.0, -2.0]))
    return list(phrases.values())


def compiled(phrases: Phrases, num_units: int, max_loan: float) -> _core.HotwordAutomaton:
    return _core.HotwordAutomaton(
        units=np.array([int(u) for p in phrases for u in p.units], np.int32),
        offsets=np.cumsum([0, *(len(p.units) for p in phrases)]),
        bias=np.array([p.bias for p in phrases]),
        word_bias=np.array([p.word_bias for p in phrases]),
        lengths=np.array([], np.int32),
        num_units=num_units,
        boundary=-1,
        starts_word=[],
        max_loan=max_loan,
    )


def test_the_hotword_acceptor_is_the_definition() -> None:
    for seed in range(40):
        rng = random.Random(seed)
        phrases = random_phrases(rng, [0, 1, 2])
        acceptor = hotword_acceptor(phrases, [0, 1, 2])
        for _ in range(20):
            units = [rng.randrange(3) for _ in range(rng.randint(0, 9))]
            string = fst_of(
                ((i, i + 1, u + 1, u + 1, 0.0) for i, u in enumerate(units)), {len(units): 0.0}, 10
            )
            wanted = -twin.score(phrases, [str(u) for u in units])
            assert best_cost(compose(string, acceptor)) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("hot", ["none", "tokens", "words"])
@pytest.mark.parametrize("block", range(4))
def test_random_graphs(block: int, hot: str) -> None:
    for seed in range(5000 + block * 30, 5030 + block * 30):
        rng = random.Random(seed)
        width = rng.choice([3, 4, 6, 70])
        if rng.random() < 0.5:
            case = random_case(seed, frames=12, width=width)
        else:
            case = larger_case(seed, width=width, frames=rng.randint(1, 15), states=rng.choice([6, 15]))
        lm_weight, word_score = rng.choice([0.0, 1.0, 0.6]), rng.choice([0.0, 0.7, -0.4])
        scale, penalty = rng.choice([0.5, 1.0, 1.7]), rng.choice([0.0, 0.3])
        graph = make_graph(case, lm_weight=lm_weight, word_score=word_score)
        lattice = compose(
            posterior_fst(case.log_probs, scale=scale, blank=case.blank, penalty=penalty),
            ctc_topology(width, case.blank),
        )
        units = [u for u in range(width) if u != case.blank]
        lg = weighted(case.arcs, case.finals, lm_weight, word_score)
        use = None
        if hot == "tokens":
            phrases = random_phrases(rng, units[:4])
            lattice = compose(lattice, hotword_acceptor(phrases, units), lg)
            automaton = compiled(phrases, width, rng.choice([0.0, 2.0, math.inf]))
            use = _core.HotwordUse(graph, automaton, _core.HotwordLabels.TOKENS)
        elif hot == "words":
            phrases = random_phrases(rng, range(1, 6))
            # Words are labels 1 .. 50, the acceptor takes "unit" + 1.
            lattice = compose(lattice, lg, hotword_acceptor(phrases_of_labels(phrases), range(50)))
            automaton = compiled(phrases, 51, rng.choice([0.0, 2.0, math.inf]))
            use = _core.HotwordUse(graph, automaton, _core.HotwordLabels.WORDS)
        else:
            lattice = compose(lattice, lg)
        decoder = make_decoder(case, graph=graph, acoustic_scale=scale, blank_penalty=penalty)
        found = decoder.decode(case.log_probs, use)
        check(found, lattice, case.blank, units)


def phrases_of_labels(phrases: Phrases) -> Phrases:
    return [twin.Phrase(tuple(str(int(u) - 1) for u in p.units), p.bias, p.word_bias) for p in phrases]


def arcs_of(graph: Graph) -> tuple[list[Arc], dict[int, float]]:
    states, arcs = graph.fst.states(), graph.fst.arcs()
    assert graph.fst.start == 0
    listed: list[Arc] = []
    for source, state in enumerate(states):
        for arc in arcs[int(state["arcs"]) : int(state["arcs"]) + int(state["num_arcs"])]:
            ilabel, olabel, weight, target = arc.tolist()
            listed.append((source, target, ilabel, olabel, weight))
    finals = {s: float(c) for s, c in enumerate(states["final_cost"].tolist()) if c < math.inf}
    return listed, finals


@pytest.mark.parametrize("separator", [None, "-"], ids=["no_separator", "separator"])
@pytest.mark.parametrize("name", LEXICA)
def test_built_graphs(tmp_path: Path, name: str, separator: str | None) -> None:
    """LG built by tlg; hotwords over words; the decoder as users call it."""
    graph = build(TRIGRAM, LEXICA[name], tmp_path, separator=separator)
    width, blank = len(graph.tokens), graph.tokens.blank
    assert blank is not None
    arcs, finals = arcs_of(graph)
    words = [graph.words.index(word) for word in LEXICA[name]]
    topology = ctc_topology(width, blank)
    for seed in range(12):
        rng = random.Random(f"{name} {separator} {seed}")
        options: dict[str, Any] = {
            "beam": math.inf,
            "max_active": 2**31 - 1,
            "acoustic_scale": rng.choice([0.5, 1.0, 1.7]),
            "lm_weight": rng.choice([1.0, 0.6]),
            "word_score": rng.choice([0.0, 0.7]),
            "blank_penalty": rng.choice([0.0, 0.3]),
        }
        log_probs = random_log_probs(rng, rng.randint(0, 20), width)
        acoustic = posterior_fst(
            log_probs, scale=options["acoustic_scale"], blank=blank, penalty=options["blank_penalty"]
        )
        lg = weighted(arcs, finals, options["lm_weight"], options["word_score"])
        lattice = compose(acoustic, topology, lg)
        decoder = Decoder(graph, **options)
        result = decoder.decode(log_probs)
        assert result.score == pytest.approx(-best_cost(lattice), abs=1e-4)
        # In two words and in one; each word a unit.
        pair = " ".join(graph.words[rng.choice(words)] for _ in range(2))
        listed = {pair: rng.choice([2.0, 4.0]), graph.words[rng.choice(words)]: rng.choice([1.0, -2.0])}
        lengths = {w: len(graph.pronunciations(w)[0]) for w in LEXICA[name]}
        phrases = [
            twin.Phrase(
                tuple(str(graph.words.index(x) - 1) for x in p.split()), 0.0, w + 0.5 * sum_of(lengths, p)
            )
            for p, w in listed.items()
        ]
        decoder.hotwords = hot(graph, listed)
        boosted = decoder.decode(log_probs)
        acceptor = hotword_acceptor(phrases, range(len(graph.words)))
        assert boosted.score == pytest.approx(-best_cost(compose(lattice, acceptor)), abs=2e-3)


def hot(graph: Graph, listed: dict[str, float]) -> Any:
    from tlg.hotwords import Hotwords

    return Hotwords(listed, graph=graph, match="words", bias=0.5)


def sum_of(lengths: dict[str, int], phrase: str) -> int:
    return sum(lengths[word] for word in phrase.split())


@pytest.mark.parametrize("seed", range(6))
def test_posteriors_of_one_token_a_frame(seed: int) -> None:
    case: Case = random_case(seed + 7000, frames=12, width=4, blank_among=False)
    acoustic = posterior_fst(case.log_probs, scale=1.0, blank=-1, penalty=0.0)
    lattice = compose(acoustic, weighted(case.arcs, case.finals, 1.0, 0.0))
    decoder = make_decoder(case, graph=make_graph(case, plain=True))
    check(decoder.decode(case.log_probs, None), lattice, None, range(4))
