"""Words that only the model or only the lexicon has: dropped, renormalised, mapped, given <unk>'s cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.graph_cases import LEXICA, TRIGRAM, UNIGRAM, Pronunciations, assert_same, build, language
from tests.reference import graph_twin as twin
from tlg.decoder.graph import BuildReport
from tlg.errors import ArpaError, LexiconError

# TRIGRAM with <unk>, and n-grams of words to be unknown ("c", "d") in all orders.
UNK = """\\data\\
ngram 1=7
ngram 2=7
ngram 3=3

\\1-grams:
-99\t<s>\t-0.3
-1.4\t<unk>\t-0.2
-0.7\t</s>
-0.5\ta\t-0.25
-0.9\tb\t-0.1
-1.1\tc\t-0.2
-1.2\td

\\2-grams:
-0.4\t<s> a\t-0.05
-0.3\ta b\t-0.15
-1.1\ta c
-1.3\ta d
-1.2\ta <unk>
-0.2\tb </s>
-0.9\tb c\t0.1

\\3-grams:
-0.3\t<s> a b
-0.9\t<s> a c
-0.35\ta b c

\\end\\
"""
A_AND_B: Pronunciations = {"a": [("x", 1)], "b": [("y", 1)]}


def test_words_that_one_side_lacks(tmp_path: Path) -> None:
    report = build(TRIGRAM, {"a": [("x", 1)], "q": [("y", 1)]}, tmp_path).report
    assert report.words_without_pronunciation == ("b", "c") and report.words_without_lm == ("q",)
    assert report.dropped_ngrams == 8
    assert "words of the LM without a pronunciation: 2 (b; c)" in str(report)
    assert BuildReport.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_renormalised(tmp_path: Path) -> None:
    graph = build(UNK, A_AND_B, tmp_path, unknown="renormalise")
    ngrams = twin.renormalised(twin.parse_arpa(UNK), set(A_AND_B))
    assert_same(language(graph, 4), twin.expected_language(ngrams, A_AND_B, words=4, length=4))
    for history in ((), ("<s>",), ("a",), ("<s>", "a"), ("a", "b")):
        total = sum(twin.probability(ngrams, history, word) for word in ("a", "b", "</s>"))
        assert total == pytest.approx(1.0)


def test_mapped_to_unk(tmp_path: Path) -> None:
    lexicon: Pronunciations = {**A_AND_B, "<unk>": [("u", 1)]}
    graph = build(UNK, lexicon, tmp_path, unknown="map")
    ngrams = twin.mapped_to_unk(twin.parse_arpa(UNK), set(lexicon))
    assert ("a", "b", "<unk>") in ngrams
    assert_same(language(graph, 4), twin.expected_language(ngrams, lexicon, words=4, length=4))
    with pytest.raises(LexiconError, match="needs <unk> in the lexicon"):
        build(UNK, LEXICA["plain"], tmp_path, unknown="map")
    with pytest.raises(ArpaError, match=r"lm\.arpa: has no <unk>"):
        build(TRIGRAM, LEXICA["plain"], tmp_path, unknown="map")


def test_missing_words_cost_what_unk_costs(tmp_path: Path) -> None:
    lexicon: Pronunciations = {**A_AND_B, "q": [("u", 1)]}
    graph = build(UNK, lexicon, tmp_path, missing_as_unk=True)
    ngrams = twin.parse_arpa(UNK)
    ngrams["q",] = ngrams["<unk>",]
    assert_same(language(graph, 4), twin.expected_language(ngrams, lexicon, words=4, length=4))
    assert graph.info.unk_cost == pytest.approx(1.4 * twin.LN10)


def test_unk_in_the_lexicon_is_a_word(tmp_path: Path) -> None:
    lexicon: Pronunciations = {**A_AND_B, "<UNK>": [("u", 1)]}
    graph = build(UNK, lexicon, tmp_path)
    wanted = twin.expected_language(
        twin.parse_arpa(UNK.replace("<unk>", "<UNK>")), lexicon, words=3, length=3
    )
    assert_same(language(graph, 3), wanted)


def test_impossible_words_and_no_start(tmp_path: Path) -> None:
    arpa = UNIGRAM.replace("-0.7\tb", "-inf\tb").replace("-99\t<s>\n", "").replace("1=4", "1=3")
    graph = build(arpa, LEXICA["plain"], tmp_path)
    assert min(cost for (_, words), cost in language(graph, 2).items() if "b" in words) > 200
