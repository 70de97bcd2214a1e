"""Small models and lexicons, and how tests build graphs from them and list their language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.reference import graph_twin as twin
from tlg.decoder.graph import Graph, build_graph

Pronunciations = dict[str, list[tuple[Sequence[str], float]]]

# Uni-, bi- and trigrams; "a b" is only a history of "a b a", "c" only a unigram, "b </s>" is listed.
TRIGRAM = """\\data\\
ngram 1=5
ngram 2=5
ngram 3=2

\\1-grams:
-99\t<s>\t-0.3
-0.7\t</s>
-0.5\ta\t-0.25
-0.6\tb\t-0.1
-1.1\tc\t-0.2

\\2-grams:
-0.4\t<s> a\t-0.05
-0.3\ta b\t-0.15
-0.2\tb </s>
-0.9\tb a\t0.1
-0.8\tc c

\\3-grams:
-0.1\t<s> a b
-0.35\ta b a

\\end\\
"""
UNIGRAM = "\\data\\\nngram 1=4\n\n\\1-grams:\n-99\t<s>\n-0.5\t</s>\n-0.5\ta\n-0.7\tb\n\n\\end\\\n"

LEXICA: dict[str, Pronunciations] = {
    "plain": {"a": [("x", 1)], "b": [("y", 1)], "c": [("z", 1)]},
    "homophones": {"a": [("x", 1)], "b": [("x", 1)], "c": [("xy", 1)]},
    "prefixes": {"a": [("x", 1)], "b": [("xx", 1)], "c": [("xxy", 1)]},
    "two_pronunciations": {"a": [("xy", 1), ("xz", 1)], "b": [("xyz", 1)], "c": [("z", 1)]},
    "prefix_of_itself": {"a": [("x", 1), ("xy", 1), ("xyy", 1)], "b": [("xyz", 1)], "c": [("z", 1)]},
    "probabilities": {"a": [("xy", 0.7), ("xz", 0.3)], "b": [("xy", 0.25), ("y", 0.5)], "c": [("xyz", 1)]},
    "repeated_unit": {"a": [("xx", 1)], "b": [("xxx", 1)], "c": [("yx", 1)]},
    "suffixes_shared": {"a": [("xzz", 1)], "b": [("yzz", 1)], "c": [("zz", 1)]},
    "word_without_pronunciation": {"a": [("x", 1)], "b": [("y", 1)]},
}


def build(arpa: str, lexicon: Pronunciations, folder: Path, **options: Any) -> Graph:
    (folder / "lm.arpa").write_text(arpa, encoding="utf-8")
    units = sorted({u for ps in lexicon.values() for p, _ in ps for u in p} | {"-"})
    lines = [f"{w} {q} {' '.join(p)}\n" for w, ps in lexicon.items() for p, q in ps]
    (folder / "lexicon.txt").write_text("".join(lines), encoding="utf-8")
    return build_graph(
        lexicon=folder / "lexicon.txt", tokens=["<blk>", *units], lm=folder / "lm.arpa", **options
    )


def language(graph: Graph, length: int) -> dict[Any, float]:
    symbols, words = graph.tokens.symbols, graph.words
    found = twin.language(twin.arcs_of(graph.fst), length=length)
    return {
        (tuple(symbols[i - 1] for i in units), tuple(words[o] for o in said)): cost
        for (units, said), cost in found.items()
    }


def assert_same(found: dict[Any, float], wanted: dict[Any, float]) -> None:
    assert found.keys() == wanted.keys()
    for key, cost in wanted.items():
        assert found[key] == pytest.approx(cost, abs=2e-5), key
