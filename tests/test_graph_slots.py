"""Slots of a graph: where words can be attached. Oracle: the sentences of the model, slots and all, by the ARPA rule."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.graph_cases import LEXICA, TRIGRAM, Pronunciations, assert_same, build
from tests.reference import graph_twin as twin
from tlg import Graph
from tlg.errors import GraphError, TlgError

# `<unk>` and a class in all orders, as the last word and before others.
SLOTS = """\\data\\
ngram 1=8
ngram 2=9
ngram 3=5

\\1-grams:
-99\t<s>\t-0.3
-1.4\t<unk>\t-0.2
-1.3\t<name>\t-0.15
-0.7\t</s>
-0.5\ta\t-0.25
-0.9\tb\t-0.1
-1.1\tc\t-0.2
-2.1\t<s>x

\\2-grams:
-0.4\t<s> a\t-0.05
-0.3\ta b\t-0.15
-1.1\t<s> <unk>\t-0.4
-1.2\ta <unk>\t-0.1
-1.15\ta <name>
-0.6\t<unk> b\t-0.12
-0.55\t<name> </s>
-0.2\tb </s>
-0.8\t<unk> <unk>\t0.05

\\3-grams:
-0.3\t<s> a b
-0.9\t<s> a <unk>
-0.35\ta <unk> b
-0.45\ta b <name>
-0.65\t<s> <unk> </s>

\\end\\
"""
KNOWN: Pronunciations = {"a": [("x", 1)], "b": [("y", 1)]}
SPOKEN: Pronunciations = {"<unk>": [("u", 1)], "<name>": [("m", 1)]}  # as if the lexicon had them


def with_slots(graph: Graph, length: int) -> dict[Any, float]:
    """Return the language of LG with an arc for each slot, which reads the token of SPOKEN."""
    start, arcs, finals = twin.arcs_of(graph.fst)
    symbols, words = list(graph.tokens.symbols), list(graph.words)
    assert graph.slot_arcs is not None
    for state, slots in enumerate(twin.arcs_of(graph.slot_arcs)[1]):
        for label, again, cost, target in slots:
            assert label == again
            name = graph.slots[label - 1]
            for one, table in ((SPOKEN[name][0][0][0], symbols), (name, words)):
                if one not in table:
                    table.append(one)
            arcs[state].append((symbols.index(SPOKEN[name][0][0][0]) + 1, words.index(name), cost, target))
    found = twin.language((start, arcs, finals), length=length)
    return {
        (tuple(symbols[i - 1] for i in units), tuple(words[o] for o in said)): cost
        for (units, said), cost in found.items()
    }


@pytest.mark.parametrize("separator", [None, "-"])
def test_slots_are_the_ngrams_of_the_model(tmp_path: Path, separator: str | None) -> None:
    options: dict[str, Any] = {} if separator is None else {"separator": separator, "separator_prob": 0.3}
    graph = build(SLOTS, KNOWN, tmp_path, out=tmp_path / "graph", **options)
    assert graph.slots == ("<unk>", "<name>")
    wanted = twin.expected_language(
        twin.parse_arpa(SLOTS),
        KNOWN | SPOKEN,
        words=3,
        length=3,
        separator=None if separator is None else (separator, 0.3),
    )
    assert_same(with_slots(graph, 3), wanted)
    assert_same(with_slots(Graph.load(tmp_path / "graph"), 3), wanted)


def test_lg_is_that_without_slots(tmp_path: Path) -> None:
    graph = build(SLOTS, KNOWN, tmp_path)
    found = twin.language(twin.arcs_of(graph.fst), length=4)
    plain = twin.expected_language(twin.parse_arpa(SLOTS), KNOWN, words=4, length=4)
    assert sorted(found.values()) == pytest.approx(sorted(plain.values()), abs=2e-5)


def test_renormalised_with_the_other_words(tmp_path: Path) -> None:
    """After each history a slot keeps its place among the words that are left: all are divided by the same."""
    ngrams = twin.parse_arpa(SLOTS)
    graph, plain = (build(SLOTS, KNOWN, tmp_path, unknown=unknown) for unknown in ("renormalise", "drop"))
    found, before = with_slots(graph, 2), with_slots(plain, 2)
    for words in (("a", "<unk>"), ("a", "<name>"), ("<unk>", "b")):
        units = tuple((KNOWN | SPOKEN)[word][0][0][0] for word in words)
        change = before[units, words] - found[units, words]
        # Each word, and the end, after its history.
        histories = [("<s>", *words[:count]) for count in range(3)]
        left = [sum(twin.probability(ngrams, h[-2:], word) for word in ("a", "b", "</s>")) for h in histories]
        assert change == pytest.approx(-sum(map(math.log, left)), abs=2e-5)


def test_unk_in_the_lexicon(tmp_path: Path) -> None:
    """A word of the lexicon, and a slot besides."""
    graph = build(SLOTS, {**KNOWN, "<unk>": [("w", 1)]}, tmp_path)
    assert graph.slots == ("<unk>", "<name>")
    found = with_slots(graph, 3)
    wanted = twin.expected_language(
        twin.parse_arpa(SLOTS), {**KNOWN, **SPOKEN, "<unk>": [("w", 1), ("u", 1)]}, words=3, length=3
    )
    assert_same(found, wanted)


def test_none(tmp_path: Path) -> None:
    graph = build(TRIGRAM, LEXICA["plain"], tmp_path, out=tmp_path / "graph")
    assert graph.slots == () and graph.slot_arcs is None
    assert not (tmp_path / "graph" / "slots.fst").exists()
    assert build(SLOTS, KNOWN, tmp_path, topology="ctc").slots == ()


def test_bad_folders(tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    build(SLOTS, KNOWN, tmp_path, out=folder)
    whole = (folder / "slots.fst").read_bytes()
    about = (folder / "graph.json").read_text()
    (folder / "slots.fst").write_bytes(whole[:-7])
    with pytest.raises(TlgError, match=r"slots\.fst"):
        Graph.load(folder)
    (folder / "slots.fst").unlink()
    with pytest.raises(TlgError, match=r"slots\.fst"):
        Graph.load(folder)
    (folder / "slots.fst").write_bytes((folder / "LG.fst").read_bytes())
    with pytest.raises(GraphError, match=r"slots\.fst"):
        Graph.load(folder)
    (folder / "slots.fst").write_bytes(whole)
    (folder / "graph.json").write_text(about.replace('"<name>"', "7"))
    with pytest.raises(GraphError, match="lacks a valid 'slots'"):
        Graph.load(folder)
