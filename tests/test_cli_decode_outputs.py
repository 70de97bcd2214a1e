"""The further files of tlg decode: whole or not there at all."""

from __future__ import annotations

import dataclasses
import gzip
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import EXAMPLES
from tests.decoder_cases import speech_graph
from tests.lattice_cases import NO_WORD, SENTENCE, WORDS
from tests.test_ctm import result
from tlg.cli import main
from tlg.cli.decode_outputs import CtmWriter, LatticeWriter, NbestWriter, Output
from tlg.decoder.ctm import ctm_texts, read_ctm
from tlg.decoder.evaluate.tables import read_table
from tlg.decoder.lattice import Lattice
from tlg.decoder.lattice_files import read_lattices
from tlg.decoder.result import Result
from tlg.errors import LatticeError, OptionError, TextError


def ranked(text: str, total: float) -> Result:
    words = text.split()
    plain = result(*((word, n, n + 1) for n, word in enumerate(words)))
    return dataclasses.replace(plain, score=total, am_score=total + 1.5, lm_score=-1.5)


def test_nbest(tmp_path: Path) -> None:
    file = tmp_path / "n.tsv.gz"
    best = dataclasses.replace(
        ranked("the cat", -3.0), nbest=[ranked("the cat", -3.0), ranked("the hat", -3.25)]
    )
    with NbestWriter(str(file)) as output:
        output.add("u1", best)
        output.add("u2", dataclasses.replace(ranked("", -1.0), nbest=[]))
        assert not file.exists()
    assert gzip.decompress(file.read_bytes()).decode() == (
        "utterance-id\trank\tscore\tam_score\tlm_score\tword_score\tblank_score\thotword_score\ttext\n"
        "u1\t1\t-3.0000\t-1.5000\t-1.5000\t0.0000\t0.0000\t0.0000\tthe cat\n"
        "u1\t2\t-3.2500\t-1.7500\t-1.5000\t0.0000\t0.0000\t0.0000\tthe hat\n"
        "u2\t1\t-1.0000\t0.5000\t-1.5000\t0.0000\t0.0000\t0.0000\t\n"
    )


def test_ctm(tmp_path: Path) -> None:
    file = tmp_path / "a.ctm"
    with CtmWriter(str(file), frame_shift=0.5) as output:
        output.add("u1", result(("the", 1, 3)))
        output.add("u2", result())
    assert read_ctm(file) == [("u1", "1", 0.5, 1.0, "the", None)]
    for shift in (None, 0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(OptionError, match=r"--frame-shift.*above 0\. Give the seconds"):
            CtmWriter(str(file), frame_shift=shift)


@pytest.mark.parametrize("name", ["a.ark", "a.txt.gz", "a.json"])
def test_lattices(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    with LatticeWriter(str(file)) as output:
        output.add("u1", dataclasses.replace(result(), lattice=SENTENCE.lattice()))
        output.add("u2", dataclasses.replace(result(), lattice=NO_WORD.lattice()))
    assert [(key, lattice.best_path().text) for key, lattice in read_lattices(file, words=WORDS)] == [
        ("u1", "the cat sat on the mat"),
        ("u2", ""),
    ]


def test_lattices_in_a_form_of_choice(tmp_path: Path) -> None:
    file = tmp_path / "lat.1"
    with LatticeWriter(str(file), format="kaldi") as output:
        output.add("u1", dataclasses.replace(result(), lattice=SENTENCE.lattice()))
    assert len(Lattice.read(file, key="u1")) == 15
    with pytest.raises(OptionError, match="does not tell the form"):
        LatticeWriter(str(file))
    with pytest.raises(OptionError, match="'svg' holds one lattice in a file"):
        LatticeWriter(str(tmp_path / "a.svg"))


@pytest.mark.parametrize(
    ("make", "name", "one", "error"),
    [
        (lambda path: NbestWriter(path), "a\tb", result(), TextError),
        (lambda path: NbestWriter(path), " ", result(), TextError),
        (lambda path: NbestWriter(path), "u", result(("a\nb", 0, 1)), TextError),
        (lambda path: CtmWriter(path, frame_shift=1.0), "a b", result(("a", 0, 1)), TextError),
        (lambda path: LatticeWriter(path, format="kaldi"), "u", result(), LatticeError),
        (
            lambda path: LatticeWriter(path, format="kaldi"),
            "a b",
            dataclasses.replace(result(), lattice=SENTENCE.lattice()),
            LatticeError,
        ),
    ],
)
def test_what_cannot_be_written_leaves_the_old_file(
    make: Any, name: str, one: Result, error: type[Exception], tmp_path: Path
) -> None:
    file = tmp_path / "out"
    file.write_text("before", encoding="utf-8")
    with pytest.raises(error, match="out: "), make(str(file)) as output:
        output.add("good", dataclasses.replace(result(("a", 0, 1)), lattice=SENTENCE.lattice()))
        output.add(name, one)
    assert file.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_an_output_is_written_inside_its_block(tmp_path: Path) -> None:
    output: Output = CtmWriter(str(tmp_path / "a.ctm"), frame_shift=1.0)
    with pytest.raises(ValueError, match="inside its with block"):
        output.add("u", result(("a", 0, 1)))


def test_the_whole_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    graph, folder = speech_graph(tmp_path), tmp_path / "graph"
    with np.load(EXAMPLES / "speech" / "test.npz") as archive:
        np.savez(tmp_path / "test.npz", **{name: archive[name] for name in list(archive)[:4]})
    monkeypatch.chdir(tmp_path)
    arguments = (
        "--nbest 3 --ctm a.ctm --frame-shift 0.02 --lattices lat.1.gz --confidence --acoustic-scale 1.5"
    )
    command = ["tlg", "decode", "--graph", str(folder), "test.npz", "-o", "hyp.tsv", *arguments.split()]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as exit_:
        main()
    assert not exit_.value.code, capsys.readouterr().err
    texts = read_table("hyp.tsv")
    assert ctm_texts(read_ctm("a.ctm")) == {name: text for name, text in texts.items() if text}
    assert all(word.confidence is not None for word in read_ctm("a.ctm"))
    lattices = dict(read_lattices("lat.1.gz", words=graph, acoustic_scale=1.5))
    assert {name: lattice.best_path().text for name, lattice in lattices.items()} == texts
    rows = [line.split("\t") for line in Path("hyp.nbest.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    assert {row[0]: row[-1] for row in rows if row[1] == "1"} == texts
    for name, lattice in lattices.items():
        scores = [float(row[2]) for row in rows if row[0] == name]
        assert [path.score for path in lattice.paths(3)] == pytest.approx(scores, abs=0.01)
