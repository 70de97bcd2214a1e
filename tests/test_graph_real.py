"""LG of real models: against the ARPA file's own scores, the OpenFst engine and Kaldi's route."""

from __future__ import annotations

import lzma
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.reference import graph_twin as twin
from tlg import _core
from tlg.decoder.graph import Graph, TokenTable, build_graph
from tlg.decoder.graph.lexicon import spell


def xz_lines(path: Path) -> list[str]:
    return lzma.decompress(path.read_bytes()).decode("utf-8").splitlines()


def sentence_units(graph: Graph, sentence: list[str], dice: random.Random) -> tuple[list[int], list[int]]:
    """Spell a sentence with pronunciations at random: input labels, output labels."""
    units = [dice.choice(graph.pronunciations(word)) for word in sentence]
    ids = {word: i for i, word in enumerate(graph.words)}
    return [graph.tokens.id(u) + 1 for word in units for u in word], [ids[word] for word in sentence]


def without_disambiguation(fst: _core.Fst, num_tokens: int) -> _core.Fst:
    arcs = fst.arcs().copy()
    arcs["ilabel"][arcs["ilabel"] > num_tokens] = 0
    return _core.Fst(fst.start, fst.states(), arcs)


@pytest.mark.parametrize("golden", ["zipf.o3.p012.arpa.xz", "zipf.o4.p02.arpa.xz", "zipf.o5.nofb.arpa.xz"])
def test_pruned_models_of_order_3_to_5(data: Path, golden: str) -> None:
    """The sample's words are w1, w2, ...: prefixes of each other, spelled by characters."""
    pytest.importorskip("pynini", exc_type=ImportError)
    folder = data / "lm_goldens"
    text = [line.split() for line in (folder / "zipf.txt").read_text(encoding="utf-8").splitlines()]
    tokens = TokenTable.of(["<blk>", "w", *"0123456789"])
    lexicon = spell(dict.fromkeys(word for line in text for word in line), tokens).lexicon
    options: dict[str, Any] = {"lexicon": lexicon, "tokens": tokens, "lm": folder / golden}
    native, openfst = build_graph(**options), build_graph(**options, engine="openfst")
    ngrams = twin.parse_arpa("\n".join(xz_lines(folder / golden)))
    ours, peer = twin.arcs_of(native.fst), twin.arcs_of(openfst.fst)
    dice = random.Random(1)
    for sentence in dice.sample([line for line in text if line], 60):
        units, words = sentence_units(native, sentence, dice)
        score = twin.shortest(ours, units, words)
        assert score == pytest.approx(twin.sentence_cost(ngrams, sentence), abs=1e-4)
        for olabels in (words, None):  # None: whatever words these units can be
            pair = [twin.shortest(fst, units, olabels) for fst in (ours, peer)]
            assert pair[0] == pytest.approx(pair[1], abs=0.01)  # the peer rounds each arc to 1/1024


@pytest.fixture(scope="module")
def phone(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Lexicon, tokens and model of the workload's phones, made from CMUdict as its README says."""
    folder = tmp_path_factory.mktemp("phone")
    vocabulary = {line.split("\t")[0] for line in xz_lines(shared / "workload" / "vocab.txt.xz")}
    rows = []
    for line in xz_lines(shared / "data" / "lexicon" / "cmudict.txt.xz"):
        word, *phones = line.split("#")[0].split()
        word = word.split("(")[0].lower()
        if word in vocabulary and phones:
            rows.append((word, *(p.rstrip("012") for p in phones)))
    (folder / "lexicon.txt").write_text("".join(" ".join(r) + "\n" for r in dict.fromkeys(rows)))
    symbols = ["<blk>", *sorted({p for _, *phones in rows for p in phones})]
    (folder / "tokens.txt").write_text("".join(f"{s} {i}\n" for i, s in enumerate(symbols)))
    arpa = lzma.decompress((shared / "workload" / "lm_100k.arpa.xz").read_bytes())
    (folder / "lm.arpa").write_bytes(arpa)
    return folder / "lexicon.txt", folder / "tokens.txt", folder / "lm.arpa"


def test_against_kaldi_and_the_arpa(phone: tuple[Path, Path, Path], tmp_path: Path, shared: Path) -> None:
    pytest.importorskip("kaldilm")
    pytest.importorskip("kaldifst")
    from benchmarks.kaldi_route import build_lg

    lexicon, tokens, arpa = phone
    graph = build_graph(lexicon=lexicon, tokens=tokens, lm=arpa, out=tmp_path / "graph")
    theirs, words = build_lg(lexicon, tokens, arpa)
    assert list(words) == list(graph.words)
    theirs.write(str(tmp_path / "theirs.fst"))
    peer = without_disambiguation(_core.Fst.read(str(tmp_path / "theirs.fst")), len(graph.tokens))
    assert graph.fst.num_states < peer.num_states
    ngrams = twin.parse_arpa(arpa.read_text(encoding="utf-8"))
    text = xz_lines(shared / "data" / "text" / "en" / "ljspeech_lm.txt.xz")
    known = set(graph.words)
    sentences = [line.split() for line in text if 3 <= len(line.split()) <= 15 and set(line.split()) <= known]
    dice = random.Random(2)
    ours, other = twin.arcs_of(graph.fst), twin.arcs_of(peer)
    largest = 0.0
    for sentence in dice.sample(sentences, 40):
        units, labels = sentence_units(graph, sentence, dice)
        score = twin.shortest(ours, units, labels)
        assert score == pytest.approx(twin.sentence_cost(ngrams, sentence), abs=1e-4)
        largest = max(largest, abs(score - twin.shortest(other, units, labels)))
        free = twin.shortest(ours, units), twin.shortest(other, units)
        largest = max(largest, abs(free[0] - free[1]))
    assert largest < 0.02, "the peer rounds each arc to 1/1024"


def test_written_out_topology_of_a_real_model(phone: tuple[Path, Path, Path]) -> None:
    lexicon, tokens, arpa = phone
    lg = build_graph(lexicon=lexicon, tokens=tokens, lm=arpa)
    tlg = _core.apply_ctc(lg.fst, 1, False)
    assert lg.fst.num_states < tlg.num_states < 3 * lg.fst.num_states
    # Final costs of a state of LG are those of all its states in T o LG.
    finals = np.unique(tlg.states()["final_cost"])
    assert np.array_equal(finals, np.unique(lg.fst.states()["final_cost"]))
