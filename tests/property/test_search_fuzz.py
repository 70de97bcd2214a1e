"""Whatever a graph file, an option or an array holds: an answer or a TlgError, nothing else."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.graph_cases import LEXICA, TRIGRAM, build
from tests.search_cases import ARC, STATE, random_log_probs
from tlg import _core
from tlg.decoder.graph import Graph
from tlg.decoder.search import Decoder
from tlg.errors import TlgError

ODD_FLOATS = [0.0, -0.0, 1e-45, -1.0, 1.0, 1e30, -1e30, 3.4e38, -3.4e38, math.inf, -math.inf, math.nan]
ODD_INTEGERS = [0, 1, 2, 3, 5, 255, 2**16, 2**30, 2**31 - 1, -1, -(2**31)]


def decode(graph: Graph, rng: random.Random, **options: Any) -> None:
    decoder = Decoder(graph, **options)
    log_probs = random_log_probs(rng, rng.randint(0, 12), len(graph.tokens))
    for result in decoder.decode_batch([log_probs, log_probs[:1]], threads=2):
        assert not math.isnan(result.score)
        assert len(result.word_spans) == len(result.words)
        assert all(0 <= start <= end <= len(log_probs) for start, end in result.token_spans)


@pytest.mark.parametrize("kind", ["const", "vector"])
@pytest.mark.parametrize("topology", ["implicit", "ctc"])
def test_damaged_graph_files(tmp_path: Path, topology: str, kind: Any) -> None:
    graph = build(TRIGRAM, LEXICA["prefixes"], tmp_path, topology=topology)
    folder = tmp_path / "graph"
    graph.save(folder, fst_type=kind)
    file = folder / graph.file_name
    sound = file.read_bytes()
    rng = random.Random(f"{topology} {kind}")
    outcomes = {"refused": 0, "decoded": 0}
    for _ in range(250):
        data = bytearray(sound)
        for _ in range(rng.choice([1, 1, 2, 8])):
            at = rng.randrange(len(data)) & ~3
            if rng.random() < 0.5:
                data[at : at + 4] = np.float32(rng.choice(ODD_FLOATS[:-3])).tobytes()
            else:
                data[at : at + 4] = np.int32(rng.choice(ODD_INTEGERS)).tobytes()
        if rng.random() < 0.1:
            data = data[: rng.randrange(len(data))]
        file.unlink()  # a mapped file must not change below its reader
        file.write_bytes(data)
        try:
            decode(Graph.load(folder), rng, beam=rng.choice([4.0, 16.0, math.inf]))
            outcomes["decoded"] += 1
        except TlgError as error:
            assert str(error)
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 10


def test_random_bytes(tmp_path: Path) -> None:
    file = tmp_path / "LG.fst"
    magic = np.int32(2125659606).tobytes()
    for seed in range(200):
        rng = random.Random(seed)
        file.unlink(missing_ok=True)
        file.write_bytes(rng.choice([b"", magic]) + rng.randbytes(rng.choice([0, 1, 7, 64, 300])))
        with pytest.raises(TlgError):
            _core.Fst.read(str(file))


@pytest.mark.parametrize("topology", [_core.Topology.CTC, _core.Topology.PLAIN])
def test_random_tables(topology: _core.Topology) -> None:
    """Arcs of any kind between a few states: labels and targets out of range, infinite and negative costs."""
    decoded = 0
    for seed in range(600):
        rng = random.Random(seed)
        states = np.zeros(rng.randint(0, 5), STATE)
        arcs = np.zeros(rng.randint(0, 12), ARC)
        wild = rng.random() < 0.3
        costs = ODD_FLOATS[: 12 if wild else 5]
        for number in range(len(arcs)):
            labels = [
                rng.choice(ODD_INTEGERS) if wild and rng.random() < 0.1 else rng.randrange(4) for _ in "io"
            ]
            if topology is _core.Topology.CTC and labels[0] == 1 and rng.random() < 0.9:
                labels[0] = 2
            target = (
                rng.choice(ODD_INTEGERS) if wild and rng.random() < 0.1 else rng.randrange(len(states) or 1)
            )
            arcs[number] = (*labels, rng.choice(costs), target)
        cuts = sorted(rng.randint(0, len(arcs)) for _ in range(max(len(states) - 1, 0)))
        bounds = [0, *cuts, len(arcs)]
        for number in range(len(states)):
            own = arcs[bounds[number] : bounds[number + 1]]
            counts = (int((own["ilabel"] == 0).sum()), int((own["olabel"] == 0).sum()))
            states[number] = (rng.choice([math.inf, *costs]), bounds[number], len(own), *counts)
        try:
            graph = _core.SearchGraph(
                _core.Fst(0 if len(states) else -1, states, arcs),
                topology=topology,
                num_tokens=3,
                blank=0,
                lm_weight=rng.choice([0.0, 1.0, 0.5]),
                word_score=rng.choice([0.0, 2.0]),
            )
        except TlgError:
            continue
        decoder = _core.Decoder(
            graph,
            beam=rng.choice([0.5, 10.0, math.inf]),
            max_active=rng.choice([1, 3, 2**31 - 1]),
            min_active=rng.choice([0, 1]),
            acoustic_scale=1.0,
            blank_penalty=rng.choice([0.0, 1.0]),
            num_roots=rng.choice([0, 1, 100]),
            separator=rng.choice([-1, 1]),
            kernel="auto",
        )
        found = decoder.decode(random_log_probs(rng, 6, 3), None)
        assert not math.isnan(found.score)
        decoded += 1
    assert decoded > 50


@pytest.mark.parametrize("seed", range(150))
def test_random_options(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    rng = random.Random(seed)
    graph = shared_graph(tmp_path_factory)
    options: dict[str, Any] = {}
    for name in ("beam", "acoustic_scale", "lm_weight", "word_score", "blank_penalty"):
        if rng.random() < 0.4:
            options[name] = rng.choice([*ODD_FLOATS[:-6], *ODD_FLOATS, "1", None, True, 10**400])
    for name in ("max_active", "min_active", "max_activ"):
        if rng.random() < 0.2:
            options[name] = rng.choice([*ODD_INTEGERS, 1.5, "7", 10**30])
    if rng.random() < 0.3:
        options["hotwords"] = rng.choice([{"a": 1.0}, {"a": 1e9}, ["a b"], {}, {"": 1.0}, {"a": math.nan}])
    try:
        decode(graph, rng, **options)
    except TlgError as error:
        assert str(error)


GRAPHS: list[Graph] = []


def shared_graph(factory: pytest.TempPathFactory) -> Graph:
    if not GRAPHS:
        GRAPHS.append(build(TRIGRAM, LEXICA["prefixes"], factory.mktemp("graph")))
    return GRAPHS[0]


@pytest.mark.parametrize("seed", range(60))
def test_random_arrays(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    rng = random.Random(seed)
    decoder = Decoder(shared_graph(tmp_path_factory))
    width = len(decoder.graph.tokens)
    rows: Any = random_log_probs(rng, rng.randint(0, 6), rng.choice([width, width, 2, 9]))
    for _ in range(rng.choice([0, 1, 3])):
        if rows.size:
            rows[rng.randrange(rows.shape[0]), rng.randrange(rows.shape[1])] = rng.choice(ODD_FLOATS)
    forms: list[Callable[[Any], Any]] = [
        lambda a: a,
        lambda a: a.T,
        lambda a: a[::2],
        lambda a: a[:, None],
        lambda a: a.astype(np.float16),
        lambda a: a.astype(object),
        lambda a: a.tolist(),
    ]
    with np.errstate(over="ignore"):
        rows = rng.choice(forms)(rows)
    try:
        result = decoder.decode(rows, logits=rng.random() < 0.5)
        assert not math.isnan(result.score)
    except TlgError as error:
        assert str(error)
