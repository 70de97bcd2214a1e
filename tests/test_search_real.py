"""Real posteriors: the same words and scores by kaldi-decoder, by a written-out topology and by either engine."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tlg
from tests import test_graph_real
from tests.conftest import EXAMPLES
from tlg._files import read_text
from tlg.decoder.graph import Graph, build_graph
from tlg.decoder.inputs import read_inputs
from tlg.decoder.result import Result
from tlg.decoder.search import Decoder

FloatArray = NDArray[np.float32]
WIDE: dict[str, Any] = {"beam": 25.0, "max_active": 2**31 - 1}
SPEECH = EXAMPLES / "speech"
phone = test_graph_real.phone  # the fixture


@pytest.fixture(scope="module")
def speech_lm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A bigram model over the words of some sentences, with their lexicon: what build_graph takes."""
    folder = tmp_path_factory.mktemp("speech")
    text = read_text(SPEECH / "lm_text.txt.xz").splitlines()[:120]
    refs = [line.split("\t")[1] for line in read_text(SPEECH / "dev.refs.tsv").splitlines()[:6]]
    (folder / "text.txt").write_text("".join(f"{line}\n" for line in text + refs), encoding="utf-8")
    words = {word for line in text + refs for word in line.split()}
    lexicon = [line for line in read_text(SPEECH / "lexicon.txt.xz").splitlines() if line.split()[0] in words]
    (folder / "lexicon.txt").write_text("".join(f"{line}\n" for line in lexicon), encoding="utf-8")
    tlg.lm.train([folder / "text.txt"], order=2, discount_fallback=True).save(folder / "lm.arpa")
    return {
        "lexicon": folder / "lexicon.txt",
        "tokens": SPEECH / "tokens.txt",
        "lm": folder / "lm.arpa",
        "separator": "<wb>",
        "separator_prob": 0.75,
    }


@pytest.fixture(scope="module")
def utterances() -> list[FloatArray]:
    some = itertools.islice(read_inputs(SPEECH / "dev.npz"), 6)
    return [np.asarray(log_probs, np.float32)[:300] for _, log_probs in some]


def assert_same(found: Result, wanted: Result) -> None:
    assert found.words == wanted.words
    assert found.tokens == wanted.tokens
    assert found.score == pytest.approx(wanted.score, abs=1e-3)
    assert found.am_score == pytest.approx(wanted.am_score, abs=1e-3)


def test_implicit_topology_is_the_written_out_one(
    speech_lm: dict[str, Any], utterances: list[FloatArray]
) -> None:
    implicit, written = (build_graph(**speech_lm, topology=kind) for kind in ("implicit", "ctc"))
    options: dict[str, Any] = {**WIDE, "word_score": -1.0, "blank_penalty": 1.0, "acoustic_scale": 1.5}
    some = utterances[:4]
    found_all, wanted_all = (Decoder(g, **options).decode_batch(some) for g in (implicit, written))
    for found, wanted in zip(found_all, wanted_all, strict=True):
        assert not found.partial
        assert_same(found, wanted)
        assert found.blank_score == pytest.approx(wanted.blank_score, abs=1e-3)


def test_hotwords_on_a_written_out_topology(speech_lm: dict[str, Any], utterances: list[FloatArray]) -> None:
    """Blanks and repeated frames, which are arcs there, do not move the automaton."""
    listed = {"speech": 3.0, "printing": 3.0, "the": 1.5, "in": 1.0, "of the": 2.0}
    for match in ("units", "words"):
        results = []
        for kind in ("implicit", "ctc"):
            graph = build_graph(**speech_lm, topology=kind)
            hot = tlg.Hotwords(listed, graph=graph, match=match)
            results.append(Decoder(graph, hotwords=hot, **WIDE).decode_batch(utterances[:3]))
        for found, wanted in zip(*results, strict=True):
            assert_same(found, wanted)
            # Where a word ends is not to be seen in a written-out graph.
            assert [(h.phrase, h.reward) for h in found.hotwords] == [
                (h.phrase, h.reward) for h in wanted.hotwords
            ]
            assert found.hotword_score == wanted.hotword_score
        assert any(found.hotwords for found in results[0])


def test_engines_decode_alike(speech_lm: dict[str, Any], utterances: list[FloatArray]) -> None:
    pytest.importorskip("pynini", exc_type=ImportError)
    native, openfst = (build_graph(**speech_lm, engine=kind) for kind in ("native", "openfst"))
    for log_probs in utterances[:3]:
        found = Decoder(native, **WIDE).decode(log_probs)
        peer = Decoder(openfst, **WIDE).decode(log_probs)
        assert found.words == peer.words
        # The peer rounds each arc to 1/1024.
        assert found.am_score == pytest.approx(peer.am_score, abs=1e-3)
        assert found.score == pytest.approx(peer.score, abs=len(found.tokens) / 1024)


def kaldi_decode(tlg_fst: Path, posteriors: list[FloatArray], beam: float) -> list[tuple[list[int], float]]:
    """Word ids and score of each utterance by kaldi-decoder, which reads one label a frame."""
    kd: Any = pytest.importorskip("kaldi_decoder")
    kaldifst: Any = pytest.importorskip("kaldifst")
    fst = kaldifst.StdVectorFst.read(str(tlg_fst))
    decoder = kd.FasterDecoder(fst, kd.FasterDecoderOptions(beam=beam, max_active=2**30, min_active=0))
    found = []
    for log_probs in posteriors:
        decoder.decode(kd.DecodableCtc(log_probs))
        reached, best = decoder.get_best_path()
        assert reached
        _, _, words, total = kaldifst.get_linear_symbol_sequence(best)
        found.append(([word for word in words if word], -float(total.value1 + total.value2)))
    return found


def check_against_kaldi(graph_options: dict[str, Any], posteriors: list[FloatArray], folder: Path) -> None:
    build_graph(**graph_options, topology="ctc", out=folder / "tlg", fst_type="vector")
    wanted = kaldi_decode(folder / "tlg" / "TLG.fst", posteriors, WIDE["beam"])
    graph = build_graph(**graph_options)
    for log_probs, (words, score) in zip(posteriors, wanted, strict=True):
        found = Decoder(graph, **WIDE).decode(log_probs)
        assert not found.partial
        assert found.words == [graph.words[word] for word in words]
        assert found.score == pytest.approx(score, abs=1e-3)
    # And the file itself, as this decoder reads it.
    written = Decoder(Graph.load(folder / "tlg"), **WIDE).decode(posteriors[0])
    assert written.words == [graph.words[word] for word in wanted[0][0]]
    assert written.score == pytest.approx(wanted[0][1], abs=1e-3)


def test_kaldi_decoder_on_speech(
    speech_lm: dict[str, Any], utterances: list[FloatArray], tmp_path: Path
) -> None:
    check_against_kaldi(speech_lm, utterances[:4], tmp_path)


def test_kaldi_decoder_on_characters(tmp_path: Path) -> None:
    """OCR: thousands of units, more than any mask holds; frames that list 32 of them."""
    folder = EXAMPLES / "ocr"
    symbols = {line.rpartition(" ")[0] for line in read_text(folder / "tokens.txt").splitlines()}
    lines = read_text(folder / "lm_text.txt.xz").splitlines()[:400]
    refs = [line.split("\t")[1] for line in read_text(folder / "dev.refs.tsv").splitlines()[:6]]
    lines += [" ".join(ref) for ref in refs]
    used = {c for line in lines for c in line.split()} & symbols
    lines = [" ".join(c for c in line.split() if c in used) for line in lines]
    (tmp_path / "text.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    tlg.lm.train([tmp_path / "text.txt"], order=2, discount_fallback=True).save(tmp_path / "lm.arpa")
    options = {
        "lexicon": {c: [[c]] for c in sorted(used)},
        "tokens": folder / "tokens.txt",
        "lm": tmp_path / "lm.arpa",
    }
    sparse = [frames for _, frames in itertools.islice(read_inputs(folder / "dev.npz"), 3)]
    posteriors = [dense(frames, len(symbols)) for frames in sparse]
    check_against_kaldi(options, posteriors, tmp_path)
    decoder = Decoder(build_graph(**options), **WIDE)  # type: ignore[arg-type]
    for frames, log_probs in zip(sparse, posteriors, strict=True):
        assert_same(decoder.decode(frames), decoder.decode(log_probs))


def dense(frames: Any, width: int) -> FloatArray:
    assert isinstance(frames, tlg.SparseFrames)
    others = frames.rest - np.log(np.float32(width - frames.ids.shape[1]))
    rows = np.repeat(others[:, None], width, axis=1).astype(np.float32)
    np.put_along_axis(rows, frames.ids.astype(np.int64), frames.log_probs, axis=1)
    return rows


def test_kaldi_decoder_on_the_workload(
    phone: tuple[Path, Path, Path], shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lexicon, tokens, lm = phone
    spec = importlib.util.spec_from_file_location("make_workload", shared / "workload" / "make_workload.py")
    assert spec is not None and spec.loader is not None
    workload = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(workload)
    workload.main(["--out", str(tmp_path / "wl"), "--n", "20", "--kinds", "phone"])
    files = sorted((tmp_path / "wl" / "phone").glob("utt*.npz"))
    posteriors = [np.load(file)["log_probs"] * np.float32(1.5) for file in files]
    folder = tmp_path / "tlg"
    build_graph(lexicon=lexicon, tokens=tokens, lm=lm, topology="ctc", out=folder, fst_type="vector")
    wanted = kaldi_decode(folder / "TLG.fst", posteriors, 14.0)
    graph = build_graph(lexicon=lexicon, tokens=tokens, lm=lm)
    decoder = Decoder(graph, beam=14.0, max_active=2**31 - 1, acoustic_scale=1.5)
    for file, (words, score) in zip(files, wanted, strict=True):
        found = decoder.decode(np.load(file)["log_probs"])
        assert found.words == [graph.words[word] for word in words]
        assert found.score == pytest.approx(score, abs=1e-3)
