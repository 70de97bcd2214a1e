"""T o LG against the CTC rule, over every frame sequence up to a length."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.graph_cases import LEXICA, TRIGRAM, Pronunciations, build, language
from tlg.decoder.graph import Graph

BLANK = "<blk>"


def exact(frames: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield tuple(key for key, _ in itertools.groupby(frames) if key != BLANK)


def compact(frames: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    runs = [(key, len(list(run))) for key, run in itertools.groupby(frames)]
    for counts in itertools.product(*([0] if key == BLANK else range(1, n + 1) for key, n in runs)):
        yield tuple(key for (key, _), n in zip(runs, counts, strict=True) for _ in range(n))


@pytest.mark.parametrize("separator", [False, True], ids=["no_separator", "separator"])
@pytest.mark.parametrize(("topology", "rule"), [("ctc", exact), ("ctc-compact", compact)])
@pytest.mark.parametrize("lexicon", [LEXICA["prefixes"], LEXICA["repeated_unit"], LEXICA["homophones"]])
def test_reads_what_the_rule_allows(
    tmp_path: Path, lexicon: Pronunciations, topology: str, rule: object, separator: bool
) -> None:
    options = {"separator": "-"} if separator else {}
    lg = language(build(TRIGRAM, lexicon, tmp_path, **options), 4)
    graph = build(TRIGRAM, lexicon, tmp_path, topology=topology, **options)
    by_units: dict[tuple[str, ...], dict[tuple[str, ...], float]] = {}
    for (units, words), cost in lg.items():
        by_units.setdefault(units, {})[words] = cost
    wanted: dict[object, float] = {}
    for length in range(5):
        for frames in itertools.product(graph.tokens.symbols, repeat=length):
            for units in rule(frames):  # type: ignore[operator]
                for words, cost in by_units.get(units, {}).items():
                    wanted[frames, words] = min(cost, wanted.get((frames, words), math.inf))
    found = language(graph, 4)
    assert found.keys() == wanted.keys()
    assert all(found[key] == pytest.approx(cost, abs=1e-5) for key, cost in wanted.items())
    assert graph.info.num_roots == 0 and graph.file_name == "TLG.fst"


def test_none_is_lg_without_a_blank(tmp_path: Path) -> None:
    graph = build(TRIGRAM, LEXICA["plain"], tmp_path, topology="none")
    assert graph.tokens.blank is None and graph.file_name == "TLG.fst"
    assert language(graph, 3) == language(build(TRIGRAM, LEXICA["plain"], tmp_path), 3)
    graph.save(tmp_path / "graph")
    assert Graph.load(tmp_path / "graph").info.topology == "none"
