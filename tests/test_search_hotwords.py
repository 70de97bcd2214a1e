"""Hotwords in the decoder: what they win back, what they leave alone, and what their score is."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tlg
from tests.graph_cases import LEXICA, TRIGRAM, build
from tests.search_cases import random_log_probs
from tlg import _core
from tlg.decoder.graph import Graph, build_graph
from tlg.decoder.result import Result
from tlg.decoder.search import Decoder

EVERYTHING: dict[str, Any] = {"beam": math.inf, "max_active": 2**31 - 1}


def unigrams(words: dict[str, float]) -> str:
    """An ARPA model: log10 probability of each word."""
    lines = "".join(f"{value}\t{word}\n" for word, value in {"</s>": -1.0, **words}.items())
    return f"\\data\\\nngram 1={len(words) + 2}\n\n\\1-grams:\n-99\t<s>\n{lines}\n\\end\\\n"


def make(folder: Path, words: dict[str, float], lexicon: dict[str, list[list[str]]], **options: Any) -> Graph:
    (folder / "lm.arpa").write_text(unigrams(words), encoding="utf-8")
    units = sorted({unit for spellings in lexicon.values() for one in spellings for unit in one})
    extra = [options["separator"]] if options.get("separator") not in (None, *units) else []
    return build_graph(lexicon=lexicon, tokens=["<blk>", *units, *extra], lm=folder / "lm.arpa", **options)


def heard(graph: Graph, frames: Sequence[dict[str, float]]) -> NDArray[np.float64]:
    """Posteriors: the probabilities named, the rest spread evenly; a blank frame after each."""
    rows = []
    for frame in frames:
        for named in (frame, {"<blk>": 0.99}):
            others = (1 - sum(named.values())) / (len(graph.tokens) - len(named))
            rows.append([named.get(symbol, others) for symbol in graph.tokens.symbols])
    log_probs: NDArray[np.float64] = np.log(np.array(rows))
    return log_probs


def check_sum(result: Result) -> None:
    parts = result.am_score + result.lm_score + result.word_score + result.blank_score
    assert result.score == pytest.approx(parts + result.hotword_score, abs=1e-9)
    assert result.hotword_score == sum(fired.reward for fired in result.hotwords)


@pytest.fixture
def chinese(tmp_path: Path) -> Graph:
    words = {"阳光": -1.0, "保险": -1.2, "保": -2.0, "鲜": -2.0, "险": -2.5, "洋光": -0.5}
    return make(tmp_path, words, {word: [list(word)] for word in words})


UNCLEAR = [{"洋": 0.6, "阳": 0.35}, {"光": 0.9}, {"保": 0.9}, {"鲜": 0.6, "险": 0.35}]


def test_a_hotword_wins_back_what_was_missed(chinese: Graph) -> None:
    log_probs = heard(chinese, UNCLEAR)
    plain = Decoder(chinese).decode(log_probs)
    assert plain.text.startswith("洋光")
    assert (plain.hotword_score, plain.hotwords) == (0.0, [])
    hot = tlg.Hotwords({"阳光保险": 2.0}, graph=chinese, bias=1.0)
    assert hot.units_are == "tokens"
    result = Decoder(chinese, hotwords=hot).decode(log_probs)
    assert result.text == "阳光保险"
    check_sum(result)
    assert result.hotword_score == hot.score(result.tokens) == 6.0
    # Where and what; spans are frames.
    (fired,) = result.hotwords
    assert (fired.phrase, fired.reward) == ("阳光保险", 6.0)
    assert (fired.start, fired.end) == (result.token_spans[0][0], result.token_spans[3][1])
    # Apart from the reward the terms are those of the words as such.
    assert result.score - result.hotword_score < plain.score


def test_characters_match_however_words_are_cut(chinese: Graph) -> None:
    hot = tlg.Hotwords({"光保": 0.0}, graph=chinese, bias=1.0)
    result = Decoder(chinese, hotwords=hot).decode(heard(chinese, [{c: 0.97} for c in "阳光保险"]))
    assert result.words == ["阳光", "保险"]
    assert [fired.phrase for fired in result.hotwords] == ["光保"]
    check_sum(result)


def test_nothing_lent_remains(chinese: Graph) -> None:
    """Three quarters of a hotword at the end of the utterance, and in the middle of it."""
    hot = tlg.Hotwords({"阳光保险": 50.0}, graph=chinese, bias=2.0)
    for said in ("阳光保", "阳光保阳光"):
        log_probs = heard(chinese, [{c: 0.999} for c in said])
        options = {**EVERYTHING, "acoustic_scale": 50.0}  # so that nothing else can be heard
        plain, result = (Decoder(chinese, hotwords=h, **options).decode(log_probs) for h in (None, hot))
        assert result.text == plain.text == said
        assert result.score == plain.score
        assert result.hotword_score == 0.0


def test_homophones_are_not_rewarded(tmp_path: Path) -> None:
    """Phones: 保定 and 报订 sound alike; only the one that is listed is paid, by its spelling."""
    phones = [["b", "ao", "d", "ing"]]
    graph = make(
        tmp_path,
        {"保定": -3.0, "报订": -1.0, "宝": -1.5},
        {"保定": phones, "报订": phones, "宝": [["b", "ao"]]},
    )
    log_probs = heard(graph, [{phone: 0.95} for phone in phones[0]])
    assert Decoder(graph).decode(log_probs).words == ["报订"]
    hot = tlg.Hotwords({"保定": 4.0}, graph=graph, bias=0.5)
    assert hot.units_are == "words"
    result = Decoder(graph, hotwords=hot).decode(log_probs)
    assert result.words == ["保定"]
    assert result.hotword_score == hot.score(result.words) == 6.0
    check_sum(result)
    weak = Decoder(graph, hotwords=tlg.Hotwords({"保定": 0.0}, graph=graph, bias=0.25)).decode(log_probs)
    assert (weak.words, weak.hotword_score) == (["报订"], 0.0)


@pytest.mark.parametrize("pieces", [False, True], ids=["letters", "pieces"])
def test_whole_words_alone(tmp_path: Path, pieces: bool) -> None:
    """No "cat" inside "concat", with a separator between words or with pieces that begin them."""
    if pieces:
        lexicon = {"cat": [["▁cat"], ["▁c", "at"]], "con": [["▁con"]], "concat": [["▁con", "c", "at"]]}
        said = {"concat": ["▁con", "c", "at"], "con cat": ["▁con", "▁c", "at"]}
    else:
        lexicon = {word: [[*word, "|"]] for word in ("cat", "con", "concat")}
        said = {text: [*text.replace(" ", "|"), "|"] for text in ("concat", "con cat")}
    graph = make(tmp_path, {"cat": -1.0, "con": -1.0, "concat": -1.0}, lexicon)
    hot = tlg.Hotwords({"cat": 3.0}, graph=graph, bias=1.0)
    assert hot.units_are == "tokens"
    for text, tokens in said.items():
        result = Decoder(graph, hotwords=hot).decode(heard(graph, [{token: 0.97} for token in tokens]))
        assert result.text == text
        assert [fired.phrase for fired in result.hotwords] == (["cat"] if " " in text else [])
        assert result.hotword_score == hot.score(result.tokens)
        check_sum(result)


@pytest.mark.parametrize("match", ["units", "words"])
def test_optional_separators_are_neutral(tmp_path: Path, match: Any) -> None:
    """A hotword goes on across a silence between its words, if the utterance has one or not."""
    lexicon = {"new": [["n", "u"]], "york": [["y", "o", "k"]], "duke": [["d", "u", "k"]]}
    graph = make(tmp_path, dict.fromkeys(lexicon, -1.0), lexicon, separator="sil", separator_prob=0.4)
    hot = tlg.Hotwords({"new york": 2.0}, graph=graph, bias=1.0, match=match, boundary=None)
    decoder = Decoder(graph, hotwords=hot)
    rewards = set()
    for tokens in ("n u y o k", "n u sil y o k sil", "d u k sil n u sil y o k"):
        result = decoder.decode(heard(graph, [{token: 0.97} for token in tokens.split()]))
        assert result.tokens == tokens.split()
        assert [fired.phrase for fired in result.hotwords] == ["new york"]
        # From the first token of the match to its last, silences between included.
        at = result.tokens.index("n")
        assert result.hotwords[0].start == result.token_spans[at][0]
        end = max(i for i, token in enumerate(result.tokens) if token == "k")
        assert result.hotwords[0].end == result.token_spans[end][1]
        check_sum(result)
        rewards.add(result.hotword_score)
    assert rewards == {7.0}


def same(one: Result, other: Result) -> bool:
    """All but the number of the list."""

    def unnumbered(result: Result) -> dict[str, object]:
        found = dataclasses.asdict(result)
        for part in (found, *found["nbest"]):
            del part["hotwords_version"]
        return found

    return unnumbered(one) == unnumbered(other)


@pytest.mark.parametrize("seed", range(8))
def test_no_list_is_an_empty_list(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    graph = build(TRIGRAM, rng.choice(list(LEXICA.values())), tmp_path)
    log_probs = random_log_probs(rng, 30, len(graph.tokens))
    for beam in (2.0, math.inf):
        without, empty, hopeless = (
            Decoder(graph, beam=beam, hotwords=hotwords).decode(log_probs)
            for hotwords in (None, {}, {"not spelled by any of them": 5.0})
        )
        assert same(without, empty)
        assert same(without, hopeless)


@pytest.mark.parametrize("match", ["units", "words"])
@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_a_list_and_its_loans_change_nothing(tmp_path: Path, seed: int, match: Any) -> None:
    """max_loan is about what the beam keeps: with all kept, every loan gives the same result."""
    rng = random.Random(seed)
    graph = build(
        TRIGRAM, LEXICA[rng.choice(["plain", "suffixes_shared", "repeated_unit", "prefixes"])], tmp_path
    )
    options = {**EVERYTHING, "acoustic_scale": rng.choice([0.5, 1.0])}
    log_probs = random_log_probs(rng, 25, len(graph.tokens))
    words = sorted({word for word in graph.words if len(word) == 1})
    phrases = sorted({" ".join(rng.choice(words) for _ in range(rng.randint(1, 3))) for _ in range(6)})
    listed = [(phrase, rng.choice([0.0, 2.0, -1.0])) for phrase in phrases]
    results = []
    for _ in range(3):
        hot = tlg.Hotwords(dict(listed), graph=graph, match=match, boundary=None, bias=1.0)
        results.append(Decoder(graph, hotwords=hot, **options).decode(log_probs))
        if results[0].hotwords:
            units = results[0].tokens if match == "units" else results[0].words
            assert results[0].hotword_score == hot.score(units)
        rng.shuffle(listed)
    assert all(same(results[0], one) for one in results)
    check_sum(results[0])
    # The loan, through the core.
    labels = _core.HotwordLabels.TOKENS if match == "units" else _core.HotwordLabels.WORDS
    blank = graph.tokens.blank
    assert blank is not None
    core_graph = _core.SearchGraph(
        graph.fst,
        topology=_core.Topology.CTC,
        num_tokens=len(graph.tokens),
        blank=blank,
        lm_weight=1.0,
        word_score=0.0,
    )
    decoder = _core.Decoder(
        core_graph, min_active=0, blank_penalty=0.0, num_roots=0, separator=-1, kernel="auto", **options
    )
    for max_loan in (0.0, 0.5, 2.0, math.inf):
        use = _core.HotwordUse(core_graph, hot.automaton(max_loan=max_loan), labels)
        found = decoder.decode(log_probs, use)
        assert found.score == results[0].score
        assert [graph.tokens.symbols[token] for token in found.tokens] == results[0].tokens


def test_compact_topology_repeats_without_a_blank(tmp_path: Path) -> None:
    """The one difference: "x x" in two frames is word b to the compact topology, word a to the exact ones."""
    lexicon = {"a": [["x"]], "b": [["x", "x"]]}
    found = {}
    for topology in ("implicit", "ctc", "ctc-compact"):
        graph = make(tmp_path, {"a": -1.5, "b": -1.0}, lexicon, topology=topology)
        for name, labels in {"together": "xx", "apart": "x-x"}.items():
            rows = [[0.9 if (c == "x") == (s == "x") else 0.1 for s in graph.tokens.symbols] for c in labels]
            found[topology, name] = Decoder(graph, **EVERYTHING).decode(np.log(rows)).words
    assert [found[topology, "together"] for topology in ("implicit", "ctc", "ctc-compact")] == [
        ["a"],
        ["a"],
        ["b"],
    ]
    assert {tuple(found[topology, "apart"]) for topology in ("implicit", "ctc", "ctc-compact")} == {("b",)}


def test_one_posterior_a_token(tmp_path: Path) -> None:
    """No blank: every frame is a token, repeats are two, and hotwords count each."""
    lexicon = {"a": [["x"]], "b": [["x", "x"]], "c": [["y"]]}
    (tmp_path / "lm.arpa").write_text(unigrams(dict.fromkeys(lexicon, -1.0)), encoding="utf-8")
    graph = build_graph(lexicon=lexicon, tokens=["x", "y"], lm=tmp_path / "lm.arpa", topology="none")
    log_probs = np.log([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]])
    result = Decoder(graph, hotwords=tlg.Hotwords({"b": 1.0}, graph=graph, match="words", bias=1.0)).decode(
        log_probs
    )
    assert (result.tokens, result.words) == (["x", "x", "y"], ["b", "c"])
    assert result.hotword_score == 3.0
    check_sum(result)
