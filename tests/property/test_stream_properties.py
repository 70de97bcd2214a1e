"""Whatever the graph, the posteriors, the hotwords and the chunks: a stream ends with what decode() gives, and
what it calls stable stays."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.decoder_cases import character_graph
from tests.search_cases import random_case, random_log_probs
from tlg import Decoder, Graph, SparseFrames, _core
from tlg.decoder import Stream

# Units that fill one mask word, two, or more than masks hold.
WIDTHS = [3, 60, 100, 140]
KERNELS = ["baseline", "avx2", "avx512"]
CHUNKS = st.lists(st.integers(0, 9), max_size=30)


def available(kernel: str) -> bool:
    case = random_case(0)
    graph = _core.SearchGraph(
        case.fst(), topology=_core.Topology.CTC, num_tokens=3, blank=case.blank, lm_weight=1, word_score=0
    )
    try:
        make(graph, kernel=kernel)
    except ValueError:
        return False
    return True


def make(graph: _core.SearchGraph, **options: Any) -> _core.Decoder:
    settings: dict[str, Any] = {
        "beam": math.inf,
        "max_active": 2**31 - 1,
        "min_active": 0,
        "acoustic_scale": 1.0,
        "blank_penalty": 0.0,
        "num_roots": 0,
        "separator": -1,
        "kernel": "auto",
    }
    return _core.Decoder(graph, **{**settings, **options})


def fields(found: _core.Hypothesis) -> tuple[Any, ...]:
    matches = [(match.phrase, match.start, match.end, match.reward) for match in found.hotwords]
    spans = (found.token_spans.tolist(), found.word_spans.tolist())
    terms = (found.am_score, found.lm_score, found.word_score, found.blank_score, found.hotword_score)
    whole = (found.score, found.search_score, found.partial, found.num_frames)
    return found.tokens, found.words, spans, matches, terms, whole


def hotword_use(rng: random.Random, graph: _core.SearchGraph, labels: Any, width: int) -> Any:
    if labels is _core.HotwordLabels.NONE:
        return None
    units: list[int] = []
    offsets = [0]
    for _ in range(3):
        units += [rng.randint(1, min(width - 1, 5)) for _ in range(rng.randint(1, 3))]
        offsets.append(len(units))
    automaton = _core.HotwordAutomaton(
        units=np.array(units, np.int32),
        offsets=np.array(offsets, np.int64),
        bias=np.full(3, 0.5),
        word_bias=np.array([rng.choice([1.0, 0.0, -1.0]) for _ in range(3)]),
        lengths=np.ones(len(units), np.int32),
        num_units=max(width, 6),
        boundary=-1,
        starts_word=[],
        max_loan=rng.choice([0.0, 2.0]),
    )
    return _core.HotwordUse(graph, automaton, labels)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("topology", [_core.Topology.CTC, _core.Topology.PLAIN])
@pytest.mark.parametrize("width", WIDTHS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), chunks=CHUNKS)
def test_the_core(kernel: str, topology: Any, width: int, seed: int, chunks: list[int]) -> None:
    if not available(kernel):
        pytest.skip(f"this CPU lacks {kernel}")
    rng = random.Random(seed)
    case = random_case(seed, width=width, frames=5)
    rows = random_log_probs(rng, rng.randint(0, 90), width)
    plain = topology is _core.Topology.PLAIN
    graph = _core.SearchGraph(
        case.fst(),
        topology=topology,
        num_tokens=width,
        blank=rng.choice([-1, case.blank]) if plain else case.blank,
        lm_weight=1.0,
        word_score=rng.choice([0.0, 0.5]),
    )
    labels = rng.choice([_core.HotwordLabels.NONE, _core.HotwordLabels.TOKENS, _core.HotwordLabels.WORDS])
    use = hotword_use(rng, graph, labels, width)
    decoder = make(
        graph,
        kernel=kernel,
        beam=rng.choice([2.0, 8.0, math.inf]),
        max_active=rng.choice([1, 3, 2**31 - 1]),
        min_active=rng.choice([0, 1]),
        acoustic_scale=rng.choice([1.0, 1.7]),
        blank_penalty=rng.choice([0.0, 0.4]),
        num_roots=rng.choice([0, 2]),
    )
    wanted = fields(decoder.decode(rows, use))
    stream = _core.Stream(decoder, use, [])
    at = 0
    for size in [*chunks, len(rows)]:
        stream.push(rows[at : at + size], width)
        at = min(at + size, len(rows))
        if rng.random() < 0.3:
            stream.partial()
    assert fields(stream.finish()) == wanted


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return character_graph(tmp_path_factory.mktemp("stream"))


def as_chunk(rows: NDArray[np.float32], width: int) -> Any:
    """Dense where width is 0, else the best `width` tokens of each frame."""
    if width == 0:
        return rows
    ids = np.argsort(-rows, axis=1, kind="stable")[:, :width]
    log_probs = np.take_along_axis(rows, ids, axis=1)
    left = np.maximum(1 - np.exp(log_probs.astype(np.float64)).sum(axis=1), 1e-30)
    rest = np.log(left) if width < rows.shape[1] else np.full(len(rows), -np.inf)
    return SparseFrames(ids, log_probs, rest)


def joined(chunks: list[Any]) -> Any:
    if isinstance(chunks[0], SparseFrames):
        parts = [[getattr(chunk, name) for chunk in chunks] for name in ("ids", "log_probs", "rest")]
        return SparseFrames(*(np.concatenate(part) for part in parts))
    return np.concatenate(chunks)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    sizes=CHUNKS,
    width=st.sampled_from([0, 0, 4, 15]),
    hotwords=st.sampled_from([None, {"阳光": 1.0}, {"我在": -2.0, "在阳光": 3.0, "好": 0.0}]),
)
def test_the_public_face(graph: Graph, seed: int, sizes: list[int], width: int, hotwords: Any) -> None:
    rng = random.Random(seed)
    decoder = Decoder(graph, beam=rng.choice([3.0, 12.0]), hotwords=hotwords, blank_penalty=0.5)
    rows = random_log_probs(rng, sum(sizes), len(graph.tokens), sharp=rng.choice([1.0, 4.0]))
    ends = np.cumsum([0, *sizes])
    chunks = [as_chunk(rows[a:b], width) for a, b in itertools.pairwise(ends)]
    stream: Stream = decoder.stream()
    stable: list[str] = []
    stable_fired: list[Any] = []
    for chunk in chunks:
        partial = stream.push(chunk)
        assert partial.stable_words[: len(stable)] == stable
        stable = partial.stable_words
        assert partial.words[: len(stable)] == stable
        assert [fired[:2] for fired in partial.stable_hotwords[: len(stable_fired)]] == stable_fired
        stable_fired = [fired[:2] for fired in partial.stable_hotwords]
        assert partial.hotword_score == sum(fired.reward for fired in partial.hotwords)
        assert partial.stable_text == "".join(partial.stable_words)
    result = stream.finish()
    wanted = decoder.decode(joined(chunks) if chunks else rows)
    assert dataclasses.asdict(result) == dataclasses.asdict(wanted)
    assert result.words[: len(stable)] == stable
    assert [fired[:2] for fired in result.hotwords[: len(stable_fired)]] == stable_fired
