"""Lattices that a decoder makes: walked, written, read by Kaldi's library, drawn."""

from __future__ import annotations

import copy
import math
import pickle
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tlg import Decoder, Graph, Lattice, Result, read_lattices, write_lattices
from tlg.cli.decode_outputs import CtmWriter, LatticeWriter, NbestWriter
from tlg.decoder.ctm import read_ctm
from tlg.decoder.lattice import LatticePath

SCALE = 1.5


@pytest.fixture(scope="module")
def results(speech: Graph, utterances: list[Any]) -> list[Result]:
    decoder = Decoder(
        speech, acoustic_scale=SCALE, lattice=True, lattice_beam=5.0, nbest=6, blank_penalty=0.1
    )
    return decoder.decode_batch(utterances[:4])


def lattice_of(result: Result) -> Lattice:
    assert result.lattice is not None
    return result.lattice


def test_the_best_path_is_the_result(results: list[Result]) -> None:
    for result in results:
        best = lattice_of(result).best_path()
        assert best.words == result.words
        assert best.score == pytest.approx(result.score, abs=1e-6)
        assert best.am_score == pytest.approx(result.am_score + result.blank_score, abs=1e-6)
        assert best.lm_score == pytest.approx(result.lm_score + result.word_score, abs=1e-6)
        for span, own in zip(best.word_spans, result.word_spans, strict=True):
            assert span.start <= own.start < own.end <= span.end
        assert lattice_of(result).oracle(result.words).errors == 0


def test_paths_are_the_nbest_list(results: list[Result]) -> None:
    for result in results:
        paths: list[LatticePath] = lattice_of(result).paths(6)
        assert [path.text for path in paths] == [one.text for one in result.nbest]
        assert [path.score for path in paths] == pytest.approx([one.score for one in result.nbest], abs=1e-6)


def test_files_keep_the_best_path(results: list[Result], speech: Graph, tmp_path: Path) -> None:
    for form in ("kaldi", "kaldi-text", "kaldi-lattice", "kaldi-lattice-text", "json"):
        items = [(f"u{n}", lattice_of(result)) for n, result in enumerate(results)]
        assert write_lattices(tmp_path / form, items, format=form) == len(results)
        read = list(read_lattices(tmp_path / form, words=speech, acoustic_scale=SCALE))
        for (_, lattice), result in zip(read, results, strict=True):
            assert lattice.best_path().text == result.text
            assert lattice.best_path().score == pytest.approx(result.score, abs=1e-3)
            assert lattice.num_frames == result.num_frames


def test_kaldis_library_finds_the_same_text(results: list[Result], speech: Graph, tmp_path: Path) -> None:
    kaldifst = pytest.importorskip("kaldifst")
    for result in results:
        file = tmp_path / "a.lat"
        lattice_of(result).write(file, format="kaldi-lattice", key="u")
        file.write_bytes(file.read_bytes()[2:])
        (best,) = kaldifst.lattice_to_nbest(kaldifst.Lattice.read(str(file)), SCALE, 1.0, 1)
        _, frames, words, total = kaldifst.get_linear_symbol_sequence(best)
        assert [speech.words[word] for word in words] == result.words
        assert len(frames) == result.num_frames
        assert total.value1 + total.value2 == pytest.approx(-result.score, abs=1e-3)


def test_copies_and_drawings(results: list[Result]) -> None:
    for result in results:
        lattice = lattice_of(result)
        assert pickle.loads(pickle.dumps(result)).lattice == lattice
        assert copy.copy(lattice) is lattice
        ET.fromstring(lattice.to_svg(frame_shift=0.02))
        # A pickle has the words of the lattice, not those of the graph.
        assert len(pickle.dumps(lattice)) < 200 * (len(lattice) + 10)


def test_outputs_of_the_command(results: list[Result], speech: Graph, tmp_path: Path) -> None:
    with (
        NbestWriter(str(tmp_path / "n.tsv")) as nbest,
        CtmWriter(str(tmp_path / "a.ctm"), frame_shift=0.02) as ctm,
        LatticeWriter(str(tmp_path / "a.ark")) as lattices,
    ):
        for number, result in enumerate(results):
            for output in (nbest, ctm, lattices):
                output.add(f"u{number}", result)
    rows = (tmp_path / "n.tsv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + sum(len(result.nbest) for result in results)
    words = read_ctm(tmp_path / "a.ctm")
    wanted = [value for result in results for value in result.confidence or []]
    assert [word.confidence for word in words] == pytest.approx(wanted, abs=6e-5)
    assert dict(read_lattices(tmp_path / "a.ark", words=speech)).keys() == {
        f"u{n}" for n in range(len(results))
    }


@pytest.mark.parametrize("lattice_beam", [24.0, math.inf])
def test_a_lattice_of_noise_ends(speech: Graph, lattice_beam: float) -> None:
    """Where all is possible everywhere, the beam is narrowed instead of filling the memory."""
    noise = np.random.default_rng(0).normal(size=(100, len(speech.tokens)))
    decoder = Decoder(speech, beam=14.0, nbest=5, lattice=True, lattice_beam=lattice_beam)
    result = decoder.decode(noise, logits=True)
    assert result.nbest[0].words == result.words
    assert lattice_of(result).best_path().words == result.words
    assert lattice_of(result).best_path().score == pytest.approx(result.score, abs=1e-4)
