"""n-best lists and lattices of whole decodes: against all labellings, pynini, and the decoder without them."""

from __future__ import annotations

import dataclasses
import math
import pickle
import random
from typing import Any

import numpy as np
import pytest

import tlg
from tests.graph_cases import LEXICA, TRIGRAM, build
from tests.reference import decode_twin
from tests.search_cases import Case, decode_all, random_case, random_log_probs
from tests.test_search import larger_case, make_decoder, make_graph, random_hotwords, rewarder
from tlg import _core
from tlg.errors import OptionError

ALL: dict[str, Any] = {"lattice_beam": 1e9, "nbest": 10_000, "lattice": True, "mbr": True}


def check_all(found: _core.Hypothesis, wanted: dict[tuple[int, ...], decode_twin.Best], beam: float) -> None:
    """Every word sequence within the beam, each once, in order, with its score."""
    assert found.partial == (not wanted)
    if not wanted:
        return
    more = found.more
    assert more is not None
    best = max(one.score for one in wanted.values())
    told = {tuple(one.words): one.score for one in more.nbest}
    assert len(told) == len(more.nbest)
    scores = [one.score for one in more.nbest]
    assert scores == sorted(scores, reverse=True)
    assert more.nbest[0].score == pytest.approx(found.score, abs=1e-4)
    for words, one in wanted.items():
        if one.score >= best - beam + 1e-3:
            assert told.pop(words) == pytest.approx(one.score, abs=1e-4), words
    for words, score in told.items():  # at the edge of the beam
        assert score == pytest.approx(wanted[words].score, abs=1e-4)
        assert score <= best - beam + 1e-2


@pytest.mark.parametrize("block", range(6))
@pytest.mark.parametrize("beam", [1e9, 2.0])
def test_n_best_equals_brute_force(block: int, beam: float) -> None:
    for seed in range(block * 25, block * 25 + 25):
        case = random_case(seed)
        rng = random.Random(seed)
        options: dict[str, Any] = {
            "acoustic_scale": rng.choice([0.5, 1.0, 1.7]),
            "lm_weight": rng.choice([0.0, 1.0, 0.6]),
            "word_score": rng.choice([0.0, 0.7, -0.4]),
            "blank_penalty": rng.choice([0.0, 0.3]),
        }
        rows = case.log_probs.tolist()
        wanted = decode_twin.decode_all(case.arcs, case.finals, rows, blank=case.blank, **options)
        decoder = make_decoder(case, **{**ALL, "lattice_beam": beam}, **options)
        check_all(decoder.decode(case.log_probs, None), wanted, beam)


@pytest.mark.parametrize("labels", [_core.HotwordLabels.TOKENS, _core.HotwordLabels.WORDS])
@pytest.mark.parametrize("block", range(3))
def test_n_best_with_hotwords_equals_brute_force(labels: _core.HotwordLabels, block: int) -> None:
    in_words = labels is _core.HotwordLabels.WORDS
    for seed in range(3000 + block * 40, 3040 + block * 40):
        case = random_case(seed)
        automaton, listed = random_hotwords(random.Random(seed), blank=case.blank, in_words=in_words)
        wanted = decode_twin.decode_all(
            case.arcs,
            case.finals,
            case.log_probs.tolist(),
            blank=case.blank,
            reward=rewarder(listed, in_words),
        )
        graph = make_graph(case)
        use = _core.HotwordUse(graph, automaton, labels)
        found = make_decoder(case, graph=graph, **ALL).decode(case.log_probs, use)
        check_all(found, wanted, 1e9)


def test_n_best_of_plain_graphs_equals_brute_force() -> None:
    for seed in range(4000, 4120):
        case = random_case(seed, blank_among=False)
        wanted = decode_twin.decode_all(case.arcs, case.finals, case.log_probs.tolist(), blank=None)
        found = make_decoder(case, plain=True, **ALL).decode(case.log_probs, None)
        check_all(found, wanted, 1e9)


@pytest.mark.parametrize("width", [8, 64, 120, 200])
def test_lattices_do_not_depend_on_kernels_or_threads(width: int) -> None:
    case = larger_case(width, width=width, frames=40, states=30)
    batch = [case.log_probs[:n] for n in (40, 0, 1, 33)]
    options: dict[str, Any] = {"beam": 12.0, "lattice_beam": 5.0, "nbest": 20, "lattice": True}

    def lattices(found: list[_core.Hypothesis]) -> list[Any]:
        return [
            (one.more.lattice.arcs().tolist(), [h.words for h in one.more.nbest], one.more.confidence)
            for one in found
            if one.more is not None
        ]

    first = make_decoder(case, kernel="baseline", **options)
    expected = [first.decode(rows, None) for rows in batch]
    plain = decode_all(make_decoder(case, kernel="baseline", beam=12.0), batch)
    assert [(one.words, one.score) for one in plain] == [(one.words, one.score) for one in expected]
    for kernel in ("baseline", "avx2", "avx512"):
        try:
            decoder = make_decoder(case, kernel=kernel, **options)
        except OptionError:
            continue  # not on this CPU
        for threads in (1, 3):
            assert lattices(decode_all(decoder, batch, threads)) == lattices(expected)


@pytest.fixture(scope="module", params=["homophones", "two_pronunciations", "prefix_of_itself"])
def graph(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tlg.Graph:
    return build(TRIGRAM, LEXICA[request.param], tmp_path_factory.mktemp("graph"))


def utterances(graph: tlg.Graph, count: int, frames: int = 12) -> list[Any]:
    rng = random.Random(7)
    return [random_log_probs(rng, frames, len(graph.tokens), 1.5) for _ in range(count)]


def test_lattice_and_n_best_tell_the_same(graph: tlg.Graph) -> None:
    """The lattice holds the n best sequences with their scores; its best path is the decoder's."""
    decoder = tlg.Decoder(graph, nbest=30, lattice_beam=6.0, lattice=True, mbr=True, beam=40.0)
    plain = tlg.Decoder(graph, beam=40.0)
    for log_probs in utterances(graph, 20):
        result, only = decoder.decode(log_probs), plain.decode(log_probs)
        assert result.words == only.words
        assert result.score == only.score
        assert result.nbest[0].words == result.words
        assert [one.text for one in only.nbest] == [only.text]
        assert only.lattice is None and only.confidence is None and only.mbr is None
        lattice = result.lattice
        assert lattice is not None
        paths = lattice.paths(30)
        assert lattice.best_path().words == result.words
        for path, one in zip(paths, result.nbest, strict=False):
            assert path.score == pytest.approx(one.score, abs=1e-6)
        assert {tuple(one.words) for one in result.nbest} <= {tuple(p.words) for p in lattice.paths(200)}
        # Each frame has one word of a path, or the path has ended before.
        covered = np.zeros(len(log_probs))
        ended = np.zeros(len(lattice.states))
        ended[0] = 1.0
        for arc in lattice.arcs:
            covered[arc.start : arc.end] += arc.posterior
            ended[arc.source] -= arc.posterior
            ended[arc.target] += arc.posterior
        for state, share in zip(lattice.states, ended, strict=True):
            assert state.is_final or share == pytest.approx(0.0, abs=1e-9)
            covered[state.frame :] += share
        assert covered == pytest.approx(1.0, abs=1e-6)
        assert result.confidence is not None and len(result.confidence) == len(result.words)
        assert all(0 <= value <= 1 + 1e-9 for value in result.confidence)
        assert result.mbr is not None and len(result.mbr.confidence) == len(result.mbr.words)


def test_n_best_equals_pynini(graph: tlg.Graph) -> None:
    pynini = pytest.importorskip("pynini", exc_type=ImportError)
    from tests.test_search_oracles import ctc_topology, fst_of, posterior_fst

    blank = graph.tokens.blank
    assert blank is not None
    arcs = [
        (state, arc[3], arc[0], arc[1], arc[2])
        for state in range(graph.fst.num_states)
        for arc in arcs_of(graph, state)
    ]
    finals = {
        s: c for s in range(graph.fst.num_states) if (c := graph.fst.states()["final_cost"][s]) < math.inf
    }
    lg = fst_of(arcs, finals, graph.fst.num_states).arcsort("ilabel")
    topology = ctc_topology(len(graph.tokens), blank).arcsort("ilabel")
    decoder = tlg.Decoder(graph, nbest=15, beam=math.inf, max_active=2**31 - 1, lattice_beam=1e6)
    for log_probs in utterances(graph, 8, 8):
        all_paths = pynini.compose(
            pynini.compose(posterior_fst(log_probs, scale=1.0, blank=blank, penalty=0.0), topology).arcsort(
                "olabel"
            ),
            lg,
        )
        best = pynini.shortestpath(pynini.project(all_paths, "output").rmepsilon(), nshortest=15, unique=True)
        found = decoder.decode(log_probs).nbest
        wanted = strings(best)
        assert len(found) == len(wanted)
        for one, (score, _words) in zip(found, wanted, strict=True):
            assert one.score == pytest.approx(score, abs=1e-3)
        assert {tuple(one.words) for one in found[:10]} == {
            tuple(graph.words[w] for w in words) for _, words in wanted[:10]
        }


def strings(fst: Any) -> list[tuple[float, list[int]]]:
    """The paths of an acyclic acceptor: (score, labels), the best first."""
    found: list[tuple[float, list[int]]] = []

    def walk(state: int, cost: float, labels: list[int]) -> None:
        final = float(fst.final(state))
        if final < math.inf:
            found.append((-(cost + final), labels))
        for arc in fst.arcs(state):
            walk(arc.nextstate, cost + float(arc.weight), labels + ([arc.ilabel] if arc.ilabel else []))

    if fst.num_states():
        walk(fst.start(), 0.0, [])
    return sorted(found, key=lambda one: -one[0])


def arcs_of(graph: tlg.Graph, state: int) -> list[tuple[int, int, float, int]]:
    states, arcs = graph.fst.states(), graph.fst.arcs()
    first, count = int(states["arcs"][state]), int(states["num_arcs"][state])
    return [tuple(arc) for arc in arcs[first : first + count].tolist()]


def test_results_with_lattices_are_pickled_whole(graph: tlg.Graph) -> None:
    decoder = tlg.Decoder(graph, nbest=3, lattice=True, mbr=True)
    result = decoder.decode(utterances(graph, 1)[0])
    again = pickle.loads(pickle.dumps(result))
    assert again == result
    assert result.lattice is not None
    assert again.lattice.paths(3) == result.lattice.paths(3)
    assert again.mbr == result.mbr
    assert len(again.nbest) == len(result.nbest)


def test_streams_have_all_that_the_decoder_is_asked_for(graph: tlg.Graph) -> None:
    decoder = tlg.Decoder(graph, nbest=3, lattice=True, mbr=True)
    for log_probs in utterances(graph, 3, 40):
        stream = decoder.stream()
        for chunk in np.array_split(log_probs, 7):
            assert stream.push(chunk).num_frames <= len(log_probs)
        found, whole = stream.finish(), decoder.decode(log_probs)
        assert found == whole  # but for the lattice
        assert found.nbest
        assert found.lattice == whole.lattice
        assert found.lattice_beam == 8.0


def test_confidence_leaves_hotwords_out() -> None:
    """A word that only its bias puts first is no more certain than it sounds."""
    arcs = [(0, 1, 2, 1, 0.0), (0, 1, 3, 2, 0.0)]
    rows = np.log(np.array([[0.01, 0.3, 0.69], [0.98, 0.01, 0.01]], np.float32))
    case = Case(arcs, {1: 0.0}, 2, rows.astype(np.float32), 0)
    automaton = _core.HotwordAutomaton(
        units=np.array([1], np.int32),
        offsets=np.array([0, 1]),
        bias=np.array([0.0]),
        word_bias=np.array([3.0]),
        lengths=np.array([], np.int32),
        num_units=3,
        boundary=-1,
        starts_word=[],
        max_loan=0.0,
    )
    graph = make_graph(case)
    decoder = make_decoder(case, graph=graph, lattice=True, lattice_beam=50.0)
    boosted = decoder.decode(rows, _core.HotwordUse(graph, automaton, _core.HotwordLabels.TOKENS))
    plain = decoder.decode(rows, None)
    assert (boosted.words, plain.words) == ([1], [2])
    assert boosted.more is not None and plain.more is not None
    assert boosted.more.confidence[0] == pytest.approx(0.3 / 0.99, abs=1e-3)
    assert plain.more.confidence[0] == pytest.approx(0.69 / 0.99, abs=1e-3)


BAD = {
    "nbest_zero": ({"nbest": 0}, "nbest=0 is not 1 or more"),
    "nbest_huge": ({"nbest": 2**31}, "nbest=2147483648 is not at most 2147483647"),
    "nbest_float": ({"nbest": 2.5}, "nbest=2.5 is not an integer"),
    "lattice_number": ({"lattice": 1}, "lattice=1 is not True or False"),
    "lattice_beam_zero": ({"lattice_beam": 0}, "lattice_beam=0.0 is not above 0"),
    "lattice_beam_nan": ({"lattice_beam": math.nan}, "lattice_beam=nan is not above 0"),
    "blank_skip_zero": ({"blank_skip": 0}, "blank_skip=0.0 is not above 0 and at most 1"),
    "blank_skip_above": ({"blank_skip": 1.5}, "blank_skip=1.5 is not above 0 and at most 1"),
    "token_beam": ({"token_beam": -1}, "token_beam=-1.0 is not 0 or more"),
    "max_tokens": ({"max_tokens": -1}, "max_tokens=-1 is not 0 or more"),
    "lattice_off": (
        {"lattice": False, "lattice_beam": 8},
        "lattice_beam=8 with lattice=False, and nothing else that needs a lattice. Leave one of them out",
    ),
    "misspelt": ({"lattice_bean": 3}, "unknown option 'lattice_bean'. Did you mean 'lattice_beam'?"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_bad_options(graph: tlg.Graph, case: tuple[dict[str, Any], str]) -> None:
    options, message = case
    with pytest.raises(OptionError) as caught:
        tlg.Decoder(graph, **options)
    assert message in str(caught.value)


def test_lattice_beam_and_lattice_as_users_combine_them() -> None:
    asked = tlg.SearchOptions(lattice_beam=8)
    assert asked.lattice is True and asked.kept_beam == 8
    off = tlg.SearchOptions(lattice=False, lattice_beam=8, nbest=5)
    assert off.lattice is False and off.kept_beam == 8
    assert tlg.SearchOptions(lattice=False).kept_beam == tlg.SearchOptions().kept_beam == 0
    changed = dataclasses.replace(tlg.SearchOptions(), lattice_beam=6.0)
    assert changed.lattice is True and changed == tlg.SearchOptions(lattice_beam=6.0)
