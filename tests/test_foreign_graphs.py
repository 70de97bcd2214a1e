"""Graphs of other toolkits, made by their own recipes (tests/data/foreign): what is told of them, what they decode.

Oracles: a slow Viterbi search over the files as the toolkit itself reads them, kaldi-decoder, and our own LG.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import DATA
from tests.reference import foreign_twin as twin
from tests.search_cases import random_log_probs
from tlg import Decoder, Graph, Result, build_graph

FOREIGN = DATA / "foreign"
WORDS = {"a", "aa", "an", "be", "bee", "been"}
WIDE: dict[str, Any] = {"beam": math.inf, "max_active": 2**30}


@dataclass(frozen=True)
class Told:
    """What must be told of a sample."""

    toolkit: str
    repeats: str
    blank: str
    column: int
    symbols: str
    offset: int = 1
    topology: str = "explicit"


CASES = {
    "wenet": Told("wenet", "compact", "<blank>", 0, "<blank> <unk> a b i n <sos/eos>"),
    "wenet-corrected": Told("wenet", "exact", "<blank>", 0, "<blank> <unk> a b i n <sos/eos>"),
    "wenet-eesen": Told("wenet", "compact", "<blank>", 0, "<blank> <unk> a b i n <sos/eos>"),
    "funasr": Told("funasr", "no loops", "<blank>", 0, "<blank> <s> </s> a b i n <unk>", topology="none"),
    "eesen": Told("eesen", "compact", "<blk>", 0, "<blk> a b i n"),
    "eesen-char": Told("eesen", "compact", "<blk>", 0, "<blk> <SPACE> a b i n"),
    "icefall-bpe": Told("icefall", "exact", "<blk>", 0, "<blk> <sos/eos> <unk> a b i n"),
    "icefall-phone": Told("icefall", "exact", "<eps>", 0, "<eps> SIL SPN a b i n"),
    "k2-text": Told("icefall", "exact", "<blk>", 0, "<blk> <sos/eos> <unk> a b i n", offset=0),
    "k2-text-modified": Told("icefall", "modified", "<blk>", 0, "<blk> <sos/eos> <unk> a b i n", offset=0),
    "k2-openfst": Told("icefall", "exact", "<blk>", 0, "<blk> <sos/eos> <unk> a b i n", offset=0),
    "riva-ctc": Told("riva", "exact", "<blk>", 5, "[UNK] a b i n <blk>"),
    "riva-ctc-blank-first": Told("riva", "exact", "<blk>", 0, "<blk> [UNK] a b i n"),
    "riva-ctc-no-selfloops": Told("riva", "no loops", "<blk>", 5, "[UNK] a b i n <blk>"),
    "riva-eesen": Told("riva", "compact", "<blk>", 5, "[UNK] a b i n <blk>"),
    "riva-compact": Told("riva", "compact", "<blk>", 5, "[UNK] a b i n <blk>"),
    "riva-identity": Told("riva", "no loops", "<blk>", 5, "[UNK] a b i n <blk>"),
    "nemo": Told("nemo", "exact", "<blk>", 5, "<unk> a b i n <blk>"),
}
WITH_SILENCE = ("eesen-char", "icefall-phone")
# Exact, without silence, and with a backoff at the start: they say what our own LG says.
EQUAL_TO_OURS = ("wenet-corrected", "icefall-bpe", "k2-text", "k2-openfst", "nemo")
DOUBLING = tuple(name for name, told in CASES.items() if told.repeats in ("compact", "modified"))


def load(name: str) -> Graph:
    return Graph.load(FOREIGN / name)


def say(graph: Graph, path: str, sure: float = 0.9) -> NDArray[np.float32]:
    """Posteriors of one token a frame; ``-`` is the blank."""
    assert graph.info.built["blank"] in graph.tokens.symbols
    names = [graph.info.built["blank"] if c == "-" else c for c in path]
    rows = np.full((len(path), len(graph.tokens)), (1 - sure) / (len(graph.tokens) - 1))
    rows[np.arange(len(path)), [graph.tokens.id(name) for name in names]] = sure
    return np.asarray(np.log(rows), dtype=np.float32)


def posteriors(graph: Graph, seed: int) -> NDArray[np.float32]:
    rng = random.Random(seed)
    return random_log_probs(rng, rng.randint(0, 7), len(graph.tokens), sharp=1.5)


def twin_of(name: str) -> tuple[list[twin.Arc], dict[int, float], Any]:
    """A sample as its toolkit reads it: arcs, final costs, input label -> column."""
    folder = FOREIGN / name
    if (folder / "HLG.txt").is_file():
        arcs, finals = twin.k2_text((folder / "HLG.txt").read_text())
        return arcs, finals, lambda label: None if label == -1 else label
    kaldifst: Any = pytest.importorskip("kaldifst")
    (path,) = (p for p in folder.iterdir() if p.name in ("TLG.fst", "HLG.fst"))
    kind: Any = kaldifst.StdConstFst if name.startswith("riva") else kaldifst.StdVectorFst
    fst = kaldifst.StdVectorFst(kind.read(str(path)))
    fst.input_symbols = fst.output_symbols = None
    arcs, finals = twin.openfst_text(fst.to_str(is_acceptor=False, show_weight_one=True))
    return arcs, finals, lambda label: label - 1 if label else None


@pytest.mark.parametrize("name", CASES)
def test_what_is_told(name: str) -> None:
    graph, told = load(name), CASES[name]
    built = graph.info.built
    assert (built["toolkit"], built["repeats"], built["label_offset"]) == (
        told.toolkit,
        told.repeats,
        told.offset,
    )
    assert graph.tokens.symbols == tuple(told.symbols.split())
    assert built["blank"] == told.blank == graph.tokens.symbols[told.column]
    assert graph.tokens.blank == (None if told.topology == "none" else told.column)
    assert graph.info.topology == told.topology
    spoken = {word for word in graph.words if word[0] not in "<#!"}
    assert spoken == WORDS
    first = graph.report.notes[0]
    assert f"label_offset {told.offset}; the blank '{told.blank}' is column {told.column}" in first
    assert any("double letters" in note for note in graph.report.notes) == (name in DOUBLING)
    no_backoff = name in ("riva-ctc", "riva-ctc-blank-first")
    assert any("no backoff" in note for note in graph.report.notes) == no_backoff


@pytest.mark.parametrize("name", [name for name in CASES if name != "k2-openfst"])
def test_decodes_as_the_toolkit_does(name: str) -> None:
    graph = load(name)
    arcs, finals, column = twin_of(name)
    decoder = Decoder(graph, **WIDE)
    answers = 0
    for seed in range(25):
        x = posteriors(graph, seed)
        cost, words = twin.best_path(arcs, finals, x.tolist(), column, skip_loops=name == "funasr")
        found = decoder.decode(x)
        assert found.partial == (cost == math.inf)
        if not found.partial:
            assert found.words == [graph.words[word] for word in words]
            assert found.score == pytest.approx(-cost, abs=1e-4)
            answers += 1
    assert answers >= 12


@pytest.mark.parametrize("name", [n for n, told in CASES.items() if told.offset == 1 and n != "funasr"])
def test_kaldi_decoder_finds_the_same(name: str) -> None:
    """What sherpa-onnx runs on HLG.fst, and near what WeNet, EESEN and riva run on TLG.fst."""
    kd: Any = pytest.importorskip("kaldi_decoder")
    kaldifst: Any = pytest.importorskip("kaldifst")
    graph = load(name)
    (path,) = (p for p in (FOREIGN / name).iterdir() if p.name in ("TLG.fst", "HLG.fst"))
    kind = kaldifst.StdConstFst if name.startswith("riva") else kaldifst.StdVectorFst
    fst = kaldifst.StdVectorFst(kind.read(str(path)))  # the decoder does not keep it alive
    options = kd.FasterDecoderOptions(beam=1e6, max_active=2**30, min_active=0)
    peer, decoder = kd.FasterDecoder(fst, options), Decoder(graph, **WIDE)
    for seed in range(25, 50):
        x = posteriors(graph, seed)
        if len(x) == 0:
            continue
        peer.decode(kd.DecodableCtc(x))
        found = decoder.decode(x)
        assert peer.reached_final() != found.partial
        if not found.partial:
            _, best = peer.get_best_path()
            _, _, words, total = kaldifst.get_linear_symbol_sequence(best)
            assert found.words == [graph.words[word] for word in words if word]
            assert found.score == pytest.approx(-(total.value1 + total.value2), abs=1e-3)


def ours(graph: Graph, topology: Any = "implicit") -> Graph:
    """Our own graph from what the samples were made of."""
    return build_graph(
        lexicon=FOREIGN / "lexicon.txt",
        tokens=list(graph.tokens.symbols),
        lm=FOREIGN / "lm.arpa",
        blank=None if topology == "none" else graph.tokens.blank,
        topology=topology,
    )


def assert_same(one: Result, two: Result) -> None:
    assert one.partial == two.partial
    if one.partial:
        return
    # Kaldi's minimisation rounds every arc to 1/1024.
    assert one.score == pytest.approx(two.score, abs=1e-3 * (1 + len(two.tokens)))
    assert one.words == two.words and one.tokens == two.tokens
    assert one.token_spans == two.token_spans
    assert one.blank_score == pytest.approx(two.blank_score)


@pytest.mark.parametrize("name", EQUAL_TO_OURS)
def test_exact_topologies_say_what_the_search_itself_says(name: str) -> None:
    graph = load(name)
    options = {**WIDE, "blank_penalty": 0.5}
    decoder, own = Decoder(graph, **options), Decoder(ours(graph), **options)
    for seed in range(60):
        assert_same(decoder.decode(posteriors(graph, seed)), own.decode(posteriors(graph, seed)))


def test_funasr_reads_one_token_a_frame() -> None:
    graph = load("funasr")
    decoder, own = Decoder(graph, **WIDE), Decoder(ours(graph, "none"), **WIDE)
    for seed in range(60):
        assert_same(decoder.decode(posteriors(graph, seed)), own.decode(posteriors(graph, seed)))
    assert decoder.decode(say(graph, "aabin")).tokens == list("aabin")
    # The same files, read for a CTC model.
    ctc = Graph.load(FOREIGN / "funasr", toolkit="wenet")
    assert ctc.info.topology == "explicit" and ctc.info.built["repeats"] == "compact"
    assert Decoder(ctc, **WIDE).decode(say(ctc, "bbb-i-nnn")).words == ["been"]


@pytest.mark.parametrize("name", [n for n in CASES if n not in WITH_SILENCE and n != "funasr"])
def test_tokens_spans_and_hotwords(name: str) -> None:
    """Blanks and frames that repeat a token move nothing, whatever arcs a topology spends on them."""
    graph = load(name)
    sharp: dict[str, Any] = {"acoustic_scale": 3.0, "beam": 60.0}
    decoder = Decoder(graph, hotwords={"bin": 4.0}, hotword_bias=1.0, **sharp)
    held = CASES[name].repeats != "no loops"  # tokens may last
    path = "--bb-ii-bbb-ii--n-" if held else "--b-i-b-i--n-"
    result = decoder.decode(say(graph, path))
    assert result.words == ["be", "been"] and result.tokens == ["b", "i", "b", "i", "n"]
    spans = [(2, 4), (5, 7), (8, 11), (12, 14), (16, 17)]
    assert result.token_spans == (spans if held else [(i, i + 1) for i in (2, 4, 6, 8, 11)])
    assert [(fired.phrase, fired.reward) for fired in result.hotwords] == [("bin", 7.0)]
    assert result.hotword_score == 7.0 and result.blank_score == 0.0
    penal = Decoder(graph, blank_penalty=0.25, **sharp).decode(say(graph, path))
    assert penal.blank_score == -0.25 * path.count("-")
    twice = decoder.decode(say(graph, "aa-a" if held else "a-a"))
    assert twice.tokens == ["a", "a"]


@pytest.mark.parametrize("name", DOUBLING)
def test_topologies_that_are_wrong_on_repeats(name: str) -> None:
    """A token held for two frames may become two tokens where the model likes that: not by the CTC rule."""
    graph = load(name)
    favours = Decoder(graph, hotwords={"aa": 8.0}, hotword_bias=1.0, acoustic_scale=0.5, **WIDE)
    assert favours.decode(say(graph, "aa")).tokens == ["a", "a"]
    exact = load("wenet-corrected")
    favours = Decoder(exact, hotwords={"aa": 8.0}, hotword_bias=1.0, **WIDE)
    assert favours.decode(say(exact, "aa", sure=0.999)).tokens == ["a"]


@pytest.mark.parametrize("name", ["riva-ctc", "riva-ctc-blank-first"])
def test_rivas_start_cannot_back_off(name: str) -> None:
    """'an' follows <s> by backing off alone; the same recipe with NeMo's T finds it."""
    graph = load(name)
    assert Decoder(graph, **WIDE).decode(say(graph, "-a-n-")).words != ["an"]
    assert Decoder(graph, **WIDE).decode(say(graph, "b-i-a-n", 0.99)).words[-1] == "an"  # later it can
    nemo = load("nemo")
    assert Decoder(nemo, **WIDE).decode(say(nemo, "-a-n-")).words == ["an"]
    own = ours(graph)
    assert Decoder(own, **WIDE).decode(say(graph, "-a-n-")).words == ["an"]


@pytest.mark.parametrize("name", ["k2-openfst", "k2-text"])
def test_two_forms_of_k2s_graph_are_one(name: str) -> None:
    """k2's own conversion writes the blank, final arcs and further words of an arc with label 0 alike."""
    decoders = [Decoder(load(one), **WIDE) for one in (name, "icefall-bpe")]
    for seed in range(40):
        x = posteriors(decoders[0].graph, seed)
        assert_same(*(decoder.decode(x) for decoder in decoders))


def test_lg_of_another_toolkit_is_searched_exactly() -> None:
    """WeNet leaves LG.fst beside its compact TLG: with disambiguation symbols, and no topology."""
    graph = Graph.load(FOREIGN / "wenet" / "LG.fst")
    assert graph.info.topology == "implicit" and graph.tokens.blank == 0
    assert any("disambiguation symbols are read as epsilons" in note for note in graph.report.notes)
    decoder, own = Decoder(graph, **WIDE), Decoder(ours(graph), **WIDE)
    for seed in range(60):
        assert_same(decoder.decode(posteriors(graph, seed)), own.decode(posteriors(graph, seed)))


@pytest.mark.parametrize("name", CASES)
def test_saved_it_is_one_of_ours(name: str, tmp_path: Path) -> None:
    graph = load(name)
    graph.save(tmp_path / "saved")
    again = Graph.load(tmp_path / "saved")
    assert again.info == graph.info and again.tokens.symbols == graph.tokens.symbols
    x = posteriors(graph, 3)
    assert Decoder(again, **WIDE).decode(x) == Decoder(graph, **WIDE).decode(x)


def test_the_recipes_still_make_the_samples(tmp_path: Path) -> None:
    pytest.importorskip("kaldifst")
    pytest.importorskip("kaldilm")
    pytest.importorskip("pywrapfst", exc_type=ImportError)
    from tests.data.foreign.make_samples import make_all

    make_all(tmp_path)
    for name in CASES:
        fresh, kept = Graph.load(tmp_path / name), load(name)
        assert (fresh.fst.num_states, fresh.fst.num_arcs) == (kept.fst.num_states, kept.fst.num_arcs)
        assert fresh.words == kept.words and fresh.tokens.symbols == kept.tokens.symbols
        x = posteriors(kept, 5)
        one, two = Decoder(fresh, **WIDE).decode(x), Decoder(kept, **WIDE).decode(x)
        assert one.words == two.words and one.score == pytest.approx(two.score, abs=1e-3)


@pytest.mark.parametrize("name", CASES)
def test_streams_and_lattices_of_each(name: str) -> None:
    graph = load(name)
    decoder = Decoder(graph, **WIDE)
    lattices = Decoder(graph, nbest=4, lattice=True, lattice_beam=30.0, **WIDE)
    for seed in range(12):
        x = posteriors(graph, seed)
        result = decoder.decode(x)
        stream = decoder.stream()
        for start in range(0, len(x), 2):
            stream.push(x[start : start + 2])
        assert stream.finish() == result
        found = lattices.decode(x)
        assert (found.words, found.tokens) == (result.words, result.tokens)
        assert found.score == pytest.approx(result.score, abs=1e-4)
        assert found.nbest[0].tokens == result.tokens and found.nbest[0].words == result.words


@pytest.mark.parametrize("name", EQUAL_TO_OURS)
def test_nbest_and_skipped_blanks_of_exact_topologies(name: str) -> None:
    graph = load(name)
    options: dict[str, Any] = {**WIDE, "nbest": 5, "lattice_beam": 40.0}
    decoder, own = Decoder(graph, **options), Decoder(ours(graph), **options)
    for seed in range(20):
        one, two = (d.decode(posteriors(graph, seed)) for d in (decoder, own))
        if one.partial:
            continue
        scores = [{tuple(h.words): h.score for h in result.nbest} for result in (one, two)]
        least = (
            max(min(found.values()) for found in scores) + 0.01
        )  # of two at the end, either may be left out
        for words, score in [*scores[0].items(), *scores[1].items()]:
            if score > least:
                assert scores[0][words] == pytest.approx(scores[1][words], abs=0.01)
    skipping, both = (Decoder(g, blank_skip=0.8, **WIDE) for g in (graph, ours(graph)))
    for path in ("--a---a-n--", "aa--a", "b---i---n", "----"):
        assert_same(skipping.decode(say(graph, path)), both.decode(say(graph, path)))


def test_funasrs_lexicon_tells_spans_and_spells_hotwords() -> None:
    graph = load("funasr")
    decoder = Decoder(graph, hotwords={"been": 4.0}, hotword_bias=1.0, acoustic_scale=3.0, beam=60.0)
    result = decoder.decode(say(graph, "bibina"))
    assert result.words == ["be", "been", "a"]
    assert [tuple(span) for span in result.word_spans] == [("be", 0, 2), ("been", 2, 5), ("a", 5, 6)]
    assert [fired[:3] for fired in result.hotwords] == [("been", 2, 5)]


@pytest.mark.parametrize("name", ["wenet", "eesen", "icefall-phone", "riva-ctc", "riva-identity"])
def test_pyninis_shortest_path_is_the_same(name: str) -> None:
    pynini: Any = pytest.importorskip("pynini", exc_type=ImportError)
    graph = load(name)
    (path,) = (p for p in (FOREIGN / name).iterdir() if p.name in ("TLG.fst", "HLG.fst"))
    peer = pynini.Fst.read(str(path))
    decoder = Decoder(graph, **WIDE)
    for seed in range(60, 72):
        x = posteriors(graph, seed)
        frames = pynini.Fst()
        frames.add_states(len(x) + 1)
        frames.set_start(0)
        frames.set_final(len(x))
        for t, row in enumerate(x.tolist()):
            for column, score in enumerate(row):
                if score > -math.inf:
                    frames.add_arc(t, pynini.Arc(column + 1, column + 1, -score, t + 1))
        best = pynini.shortestpath(pynini.compose(frames.arcsort("olabel"), peer.copy().arcsort("ilabel")))
        found = decoder.decode(x)
        assert found.partial == (best.num_states() == 0)
        if not found.partial:
            cost = float(pynini.shortestdistance(best, reverse=True)[best.start()])
            assert found.score == pytest.approx(-cost, abs=1e-3)
            said = pynini.project(best, "output").rmepsilon().topsort()
            words = [next(iter(said.arcs(s))).olabel for s in said.states() if said.num_arcs(s)]
            assert found.words == [graph.words[word] for word in words]
