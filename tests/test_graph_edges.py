"""Graphs of odd models, lexicons and token tables: each equals the definition, or is refused by name."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.graph_cases import TRIGRAM, UNIGRAM, Pronunciations, assert_same, build, language
from tests.reference import graph_twin as twin
from tlg import Decoder, Graph, build_graph
from tlg.errors import ArpaError, LexiconError, OptionError, PosteriorError, TlgError

HEAD = "-99\t<s>\t-0.1\n-0.5\t</s>\n-0.5\ta\t-0.2\n-0.7\tb\t-0.3\n"
LEXICON: Pronunciations = {"a": [("x", 1)], "b": [("xx", 1)]}


def arpa(*sections: str) -> str:
    counts = "".join(f"ngram {n}={len(s.splitlines())}\n" for n, s in enumerate(sections, 1))
    body = "".join(f"\\{n}-grams:\n{s}\n" for n, s in enumerate(sections, 1))
    return f"\\data\\\n{counts}\n{body}\\end\\\n"


MODELS = {
    "middle_order_empty": arpa(HEAD, "", "-0.2\t<s> a b\n"),
    "positive_backoffs": arpa(HEAD.replace("-0.2", "3.0"), "-0.4\t<s> a\n-0.2\ta b\n"),
    "heavy_backoffs": arpa(HEAD.replace("-0.1", "-40").replace("-0.2", "-40"), "-0.4\t<s> a\n"),
    "sum_above_1": arpa(HEAD.replace("-0.5\t</s>", "0\t</s>").replace("-0.5\ta", "0\ta"), "-0.01\ta a\n"),
    "start_has_no_bigram": arpa(HEAD, "-0.4\ta b\n-0.1\tb </s>\n"),
    "history_only_in_unigrams": arpa(HEAD, "-0.3\tb b\n"),
    "words_like_marks": arpa(HEAD.replace("\ta\t", "\t#1\t").replace("\tb\t", "\t##\t"), "-0.3\t#1 ##\n"),
}


@pytest.mark.parametrize("name", MODELS)
def test_odd_models(name: str, tmp_path: Path) -> None:
    text = MODELS[name]
    lexicon = (
        {{"a": "#1", "b": "##"}[w]: p for w, p in LEXICON.items()} if name == "words_like_marks" else LEXICON
    )
    graph = build(text, lexicon, tmp_path)
    wanted = twin.expected_language(twin.closed(twin.parse_arpa(text)), lexicon, words=4, length=4)
    assert_same(language(graph, 4), wanted)
    assert wanted


def test_an_empty_top_order_still_backs_off(tmp_path: Path) -> None:
    """The figures are KenLM's for this file."""
    costs = language(build(arpa(HEAD, ""), LEXICON, tmp_path), 2)
    assert costs[(), ()] == pytest.approx(0.6 * math.log(10), abs=1e-5)
    assert costs[("x",), ("a",)] == pytest.approx(1.3 * math.log(10), abs=1e-5)


@pytest.mark.parametrize("word", ["<eps>", "#0", "<s>", "</s>"])
def test_reserved_words(word: str, tmp_path: Path) -> None:
    with pytest.raises(
        LexiconError, match=rf"the word '{word}' is reserved. Remove the line or rename the word"
    ):
        build(UNIGRAM, {**LEXICON, word: [("x", 1)]}, tmp_path)


def test_a_model_that_names_reserved_words(tmp_path: Path) -> None:
    """<eps> and #0 in a model are words that no lexicon can have: listed, never arcs."""
    graph = build(UNIGRAM.replace("\tb\n", "\t<eps>\n"), LEXICON, tmp_path)
    assert graph.report.words_without_pronunciation == ("<eps>",)
    assert {words for _, words in language(graph, 2)} == {(), ("a",), ("a", "a")}


TOKENS = {
    "marks_at_the_end": ["<blk>", "x", "y", "#0"],
    "marks_in_the_middle": ["<blk>", "#1", "x", "y"],
    "hash_inside": ["<blk>", "c#", "x", "##"],
    "blank_last": ["x", "y", "#", "<blk>"],
    "epsilon_is_a_token": ["<blk>", "x", "y", "<eps>"],
}


@pytest.mark.parametrize("name", TOKENS)
def test_tokens_that_look_like_something_else(name: str, tmp_path: Path) -> None:
    """A token may hold '#', also alone (WeNet, FunASR and EESEN take each for a disambiguation symbol)."""
    tokens = TOKENS[name]
    spelled = [token for token in tokens if token != "<blk>"]
    words = ["a", "b", "c"]
    text = arpa("-99\t<s>\n-0.5\t</s>\n" + "".join(f"-0.5\t{w}\n" for w in words))
    (tmp_path / "lm.arpa").write_text(text)
    made = build_graph(
        lexicon={word: [[token]] for word, token in zip(words, spelled, strict=True)},
        tokens=tokens,
        lm=tmp_path / "lm.arpa",
        out=tmp_path / "graph",
    )
    loaded = Graph.load(tmp_path / "graph")
    assert loaded.tokens.symbols == made.tokens.symbols
    for word, token in zip(words, spelled, strict=True):
        x = np.full((1, len(tokens)), 0.01)
        x[0, tokens.index(token)] = 1 - 0.01 * (len(tokens) - 1)
        result = Decoder(loaded, beam=50.0).decode(np.log(x))
        assert (result.words, result.tokens) == ([word], [token])


def test_one_token_words_in_a_row_need_a_blank(tmp_path: Path) -> None:
    graph = build(UNIGRAM, LEXICON, tmp_path)
    decoder = Decoder(graph, beam=math.inf)
    for path, count in (("xx", 1), ("x-x", 2), ("xx--xx", 2), ("x-x-x", 3), ("---", 0)):
        rows = np.full((len(path), len(graph.tokens)), 1e-4)
        rows[np.arange(len(path)), [graph.tokens.id("<blk>" if c == "-" else c) for c in path]] = 1 - 2e-4
        assert decoder.decode(np.log(rows)).tokens == ["x"] * count


def test_shorter_than_any_sentence(tmp_path: Path) -> None:
    graph = build(UNIGRAM.replace("-0.5\t</s>", "-9\t</s>"), {"a": [("xyz", 1)]}, tmp_path)
    decoder = Decoder(graph, beam=math.inf)
    for frames in range(3):
        x = np.zeros((frames, len(graph.tokens)))
        x[:] = -math.inf
        for frame, token in zip(range(frames), "xyz", strict=False):
            x[frame, graph.tokens.id(token)] = 0.0
        result = decoder.decode(x)
        assert result.partial == (frames > 0) and result.num_frames == frames
        assert result.tokens == list("xyz")[:frames]


def test_width_of_another_model(tmp_path: Path) -> None:
    graph = build(UNIGRAM, LEXICON, tmp_path)
    for width in (len(graph.tokens) - 1, len(graph.tokens) + 1):
        with pytest.raises(PosteriorError, match=rf"{width} .*{len(graph.tokens)}"):
            Decoder(graph).decode(np.log(np.full((2, width), 1 / width)))


def test_a_wide_vocabulary_needs_no_written_out_topology(tmp_path: Path) -> None:
    """4,000 characters, each a word: LG has an arc a word; the written-out rule would have 16 million."""
    symbols = [chr(0x4E00 + i) for i in range(4000)]
    (tmp_path / "lm.arpa").write_text(
        arpa("-99\t<s>\n-0.5\t</s>\n" + "".join(f"-3.6\t{c}\n" for c in symbols)), encoding="utf-8"
    )
    graph = build_graph(
        lexicon={c: [[c]] for c in symbols}, tokens=["<blk>", *symbols], lm=tmp_path / "lm.arpa"
    )
    assert graph.fst.num_arcs < 8010
    x = np.full((3, 4001), -12.0)
    x[[0, 1, 2], [77, 0, 77]] = 0.0
    x -= np.log(np.exp(x).sum(axis=1, keepdims=True))
    assert Decoder(graph).decode(x).words == [symbols[76], symbols[76]]


BAD: dict[str, tuple[str, Pronunciations, dict[str, Any], type[TlgError], str]] = {
    "no_common_word": (UNIGRAM, {"q": [("x", 1)]}, {}, TlgError, "no word"),
    "no_end": (
        UNIGRAM.replace("ngram 1=4", "ngram 1=3").replace("-0.5\t</s>\n", ""),
        LEXICON,
        {},
        ArpaError,
        "</s>",
    ),
    "blank_in_a_pronunciation": (UNIGRAM, LEXICON, {"blank": "x"}, LexiconError, "blank"),
    "empty_pronunciation": (
        TRIGRAM,
        {**LEXICON, "c": [("", 1)]},
        {},
        LexiconError,
        "empty pronunciation of 'c'",
    ),
    "no_such_blank": (UNIGRAM, LEXICON, {"blank": "nix"}, TlgError, "'nix' is not among"),
    "no_such_topology": (UNIGRAM, LEXICON, {"topology": "explicit"}, OptionError, "does not exist"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_refused(
    case: tuple[str, Pronunciations, dict[str, Any], type[TlgError], str], tmp_path: Path
) -> None:
    text, lexicon, options, error, message = case
    with pytest.raises(error, match=message) as caught:
        build(text, lexicon, tmp_path, **options)
    assert caught.value.remedy


@pytest.mark.parametrize("order", list(itertools.permutations(["a x", "b x", "a x x"])))
def test_the_order_of_the_lexicon_changes_nothing(order: tuple[str, ...], tmp_path: Path) -> None:
    """Homophones, words that begin others, several pronunciations: in any order, and listed twice."""
    (tmp_path / "lm.arpa").write_text(MODELS["positive_backoffs"])
    graphs = []
    for lines in (order, sorted(order), [*order, order[0]]):
        (tmp_path / "lexicon.txt").write_text("".join(f"{line}\n" for line in lines))
        graphs.append(
            build_graph(lexicon=tmp_path / "lexicon.txt", tokens=["<blk>", "x"], lm=tmp_path / "lm.arpa")
        )
    for other in graphs[1:]:
        assert_same(language(other, 4), language(graphs[0], 4))
    assert len(graphs[2].report.duplicate_pronunciations) == 1
