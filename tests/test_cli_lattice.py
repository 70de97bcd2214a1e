"""``tlg lattice`` as its user sees it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lattice_cases import CORNERS, NO_PATH, SENTENCE, WORDS
from tlg.cli import main
from tlg.decoder.lattice import Lattice
from tlg.decoder.lattice_files import read_lattices, write_lattices

Run = Callable[..., tuple[int, str, str]]
READ = ("--words", "words.txt", "--acoustic-scale", "2")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command as from a shell in a folder with lattices: exit status, standard output, error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text("".join(f"{w} {n}\n" for n, w in enumerate(WORDS)), encoding="utf-8")
    (tmp_path / "refs.tsv").write_text("u1\tthe hat sat at the mat\nu2\tsat mat\nu3\ta\n", encoding="utf-8")
    cases = {"u1": SENTENCE, "u2": CORNERS, "u3": NO_PATH}
    write_lattices("l.ark", ((name, case.lattice(acoustic_scale=2.0)) for name, case in cases.items()))

    def call(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tlg", "lattice", *args])
        with pytest.raises(SystemExit) as exit_:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return int(exit_.value.code or 0), printed.out, printed.err

    return call


def test_info(run: Run) -> None:
    status, out, _ = run("info", "l.ark", "--json")
    figures = json.loads(out)
    covered = 100 * SENTENCE.lattice().density + 3 + 5 + 2 + 2
    assert status == 0
    assert figures.pop("density") == pytest.approx(covered / 108)
    assert figures == {"utterances": 3, "empty": 1, "partial": 0, "frames": 108, "states": 14, "arcs": 20}
    _, out, _ = run("info", "l.ark")
    assert out.splitlines()[0] == "utterances 3"


def test_oracle(run: Run) -> None:
    status, out, _ = run("oracle", "l.ark", "refs.tsv", *READ)
    lines = out.splitlines()
    assert status == 0
    # u1: in the lattice, two words off in its best path; u2: "sat mat" is a path and the best one; u3 has no path.
    assert lines[0].startswith("oracle WER 11.11 | n:9 words")
    assert lines[1].startswith("best   WER 33.33 | n:9 words")
    status, out, _ = run("oracle", "l.ark", "refs.tsv", *READ, "--unit", "char", "--json")
    report = json.loads(out)
    assert report["oracle"]["errors"] < report["best"]["errors"]
    Path("refs.tsv").write_text("u1\tthe\n", encoding="utf-8")
    status, _, err = run("oracle", "l.ark", "refs.tsv", *READ)
    assert (status, err) == (
        1,
        "tlg: refs.tsv: no reference of utterance 'u2'. Add it, or leave the lattice out\n",
    )


def test_oracle_of_labels_alone_is_refused(run: Run) -> None:
    status, _, err = run("oracle", "l.ark", "refs.tsv")
    assert status == 1
    assert err == "tlg: l.ark: the file has labels, not words. Give --words, the words.txt of the graph\n"


def test_convert(run: Run) -> None:
    assert run("convert", "l.ark", "l.json.gz", *READ)[0] == 0
    assert run("convert", "l.json.gz", "again.txt", "--beam", "0.5")[0] == 0
    read = dict(read_lattices("again.txt", words=WORDS, acoustic_scale=2.0))
    assert read["u1"].best_path() == SENTENCE.lattice().prune(0.5).best_path()
    assert len(read["u1"]) == len(SENTENCE.lattice().prune(0.5))
    assert run("convert", "l.ark", "u1.svg", "--utterance", "u1", *READ)[0] == 0
    assert Path("u1.svg").read_text(encoding="utf-8").count('class="word') == 15
    assert run("convert", "l.ark", "x", "--format", "openfst", "--utterance", "u1", *READ)[0] == 0
    assert Lattice.read("x", words=WORDS).best_path().score == -36.0
    for args, message in (
        (("u1.svg",), "the format 'svg' holds one lattice. Give --utterance"),
        (("u1.svg", "--utterance", "u9"), "l.ark: no lattice of utterance 'u9'"),
        (("x",), "'x' does not tell the form of lattices"),
        (("x.ark", "--beam", "-1"), "--beam -1.0 is not 0 or more"),
        (("x.ark", "--acoustic-scale", "0"), "acoustic_scale=0.0 is not above 0"),
    ):
        status, _, err = run("convert", "l.ark", *args)
        assert status == 1
        assert err.startswith(f"tlg: {message}")
    assert not Path("x.ark").exists()


def test_nbest(run: Run) -> None:
    assert run("nbest", "l.ark", "n.tsv", "-n", "2", *READ)[0] == 0
    assert Path("n.tsv").read_text(encoding="utf-8").splitlines() == [
        "utterance-id\trank\tscore\tam_score\tlm_score\thotword_score\ttext",
        "u1\t1\t-36.0000\t-23.0000\t-13.0000\t0.0000\tthe cat sat on the mat",
        "u1\t2\t-36.2500\t-23.2500\t-13.0000\t0.0000\tthe cat sat on the hat",
        "u2\t1\t-3.0000\t-2.0000\t-1.0000\t0.0000\tsat mat",
        "u2\t2\t-3.2500\t-1.5000\t-1.7500\t0.0000\tsat",
    ]


@pytest.mark.parametrize("command", ["info", "oracle", "convert", "nbest"])
def test_help_and_broken_files(run: Run, command: str) -> None:
    status, out, _ = run(command, "--help")
    assert status == 0
    assert f"tlg lattice {command}" in out
    Path("bad.ark").write_bytes(Path("l.ark").read_bytes()[:300])
    rest = {"info": (), "oracle": ("refs.tsv",), "convert": ("o.ark",), "nbest": ("o.tsv",)}[command]
    status, _, err = run(command, "bad.ark", *rest)
    assert status == 1
    assert err.startswith("tlg: bad.ark: state 1 has 3 arcs, more than the file holds (at byte ")
    status, _, err = run(command, "none.ark", *rest)
    assert (status, err) == (1, "tlg: none.ark: no such file. Check the path\n")
    assert not Path("o.ark").exists()
    assert not Path("o.tsv").exists()
