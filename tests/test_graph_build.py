"""LG against the definition: every sentence, pronunciation and separator, listed by a slow twin."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlg.decoder.graph import Graph, build_graph

spec = importlib.util.spec_from_file_location(
    "graph_twin", Path(__file__).parent / "reference" / "graph_twin.py"
)
assert spec is not None and spec.loader is not None
twin: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(twin)

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


@pytest.mark.parametrize("separator", [None, ("-", 0.3)], ids=["no_separator", "separator"])
@pytest.mark.parametrize("arpa", [UNIGRAM, TRIGRAM], ids=["unigram", "trigram"])
@pytest.mark.parametrize("lexicon", LEXICA.values(), ids=LEXICA)
def test_language_is_that_of_the_definition(
    tmp_path: Path, lexicon: Pronunciations, arpa: str, separator: tuple[str, float] | None
) -> None:
    options = {} if separator is None else {"separator": separator[0], "separator_prob": separator[1]}
    graph = build(arpa, lexicon, tmp_path, **options)
    ngrams = twin.parse_arpa(arpa)
    assert_same(
        language(graph, 4), twin.expected_language(ngrams, lexicon, words=4, length=4, separator=separator)
    )


def test_shape(tmp_path: Path) -> None:
    graph = build(TRIGRAM, LEXICA["prefixes"], tmp_path, separator="-", separator_prob=0.5)
    start, arcs, _ = twin.arcs_of(graph.fst)
    assert start == 0
    ends = graph.info.num_roots + graph.info.num_separators
    for state, out in enumerate(arcs):
        assert [a[0] for a in out] == sorted(a[0] for a in out)
        if state >= graph.info.num_roots:
            assert all(ilabel or state < ends for ilabel, _, _, _ in out)
    # Every way to a root: a separator state or a backoff; every way to a separator state: a word's end.
    for state, out in enumerate(arcs):
        for ilabel, _, _, target in out:
            if target < graph.info.num_roots:
                assert state < ends and (ilabel == 0 or graph.info.num_roots <= state)
    # Words are out on the first arc on which they are known.
    assert graph.words[1:4] == ("a", "b", "c")


words = st.sampled_from("abcd")


@st.composite
def models(draw: st.DrawFn) -> dict[tuple[str, ...], tuple[float, float]]:
    number = st.integers(1, 40).map(lambda n: -n / 16)
    backoff = st.integers(-20, 4).map(lambda n: n / 16)
    ngrams = {(w,): (draw(number), draw(backoff)) for w in ["</s>", *"abcd"[: draw(st.integers(1, 4))]]}
    ngrams["<s>",] = (-99.0, draw(backoff))
    ngrams["</s>",] = (ngrams["</s>",][0], 0.0)
    for _ in range(2):
        histories = [w for w in ngrams if w[-1] != "</s>"]
        for _ in range(draw(st.integers(0, 6))):
            history, word = draw(st.sampled_from(histories)), draw(st.sampled_from([*"abcd", "</s>"]))
            if (word,) in ngrams and (*history[1:], word) in ngrams and len(history) < 3:
                ngrams[*history, word] = (draw(number), 0.0 if word == "</s>" else draw(backoff))
    top = max(len(w) for w in ngrams)
    return {w: (p, 0.0 if len(w) == top else b) for w, (p, b) in ngrams.items()}


pronunciation = st.lists(st.sampled_from("xyz"), min_size=1, max_size=3).map(tuple)
lexica = st.dictionaries(
    words,
    st.lists(st.tuples(pronunciation, st.sampled_from([1.0, 0.5, 0.25])), min_size=1, max_size=3),
    min_size=1,
)


@settings(max_examples=150, deadline=None)
@given(ngrams=models(), lexicon=lexica)
def test_any_small_model_and_lexicon(
    tmp_path_factory: pytest.TempPathFactory,
    ngrams: dict[tuple[str, ...], tuple[float, float]],
    lexicon: Pronunciations,
) -> None:
    if not any((w,) in ngrams for w in lexicon):
        return
    graph = build(twin.write_arpa(ngrams), lexicon, tmp_path_factory.mktemp("graph"))
    assert_same(language(graph, 3), twin.expected_language(ngrams, lexicon, words=3, length=3))
    assert math.isfinite(graph.report.seconds)
