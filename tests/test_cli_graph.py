"""build-tlg, tlg info, tlg lexicon: what they print, write and return."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import DATA
from tests.graph_cases import LEXICA, TRIGRAM, build
from tlg.cli import build_main, main
from tlg.decoder.graph import Graph


def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: object
) -> tuple[int, str, str]:
    """Run a command as from a shell: exit status, standard output, standard error."""
    monkeypatch.setattr(sys, "argv", [str(a) for a in args])
    with pytest.raises(SystemExit) as exit_:
        (build_main if args[0] == "build-tlg" else main)()
    printed = capsys.readouterr()
    return int(exit_.value.code or 0), printed.out, printed.err


@pytest.fixture
def inputs(tmp_path: Path) -> list[str | Path]:
    build(TRIGRAM, LEXICA["plain"], tmp_path)
    (tmp_path / "tokens.txt").write_text("<blk> 0\nx 1\ny 2\nz 3\n- 4\n")
    return [
        *("build-tlg", "--lexicon", tmp_path / "lexicon.txt", "--tokens", tmp_path / "tokens.txt"),
        *("--lm", tmp_path / "lm.arpa", "--out", tmp_path / "graph"),
    ]


def test_build_and_info(
    inputs: list[str | Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, _ = run(capsys, monkeypatch, *inputs, "--separator", "-", "--separator-prob", "0.25")
    assert status == 0 and re.match(r"graph: \d+ states, \d+ arcs, \d+ LM states", out)
    status, out, _ = run(capsys, monkeypatch, "tlg", "info", inputs[-1], "--json")
    about = json.loads(out)
    assert status == 0 and about["separator"] == "-" and about["separator_prob"] == 0.25
    assert about["blank"] == "<blk>" and about["report"]["words"] == 3
    status, out, _ = run(capsys, monkeypatch, "tlg", "info", inputs[-1])
    assert status == 0 and "topology: implicit" in out
    status, out, _ = run(capsys, monkeypatch, "tlg", "info", inputs[inputs.index("--lm") + 1])
    assert status == 0 and "order 3" in out


@pytest.mark.parametrize("topology", ["implicit", "ctc", "ctc-compact"])
def test_every_topology(
    inputs: list[str | Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    topology: str,
) -> None:
    status, out, _ = run(capsys, monkeypatch, *inputs, "--topology", topology, "--json")
    graph = Graph.load(str(inputs[-1]))
    assert status == 0 and json.loads(out)["states"] == graph.fst.num_states
    assert graph.info.topology == topology


def test_bad_input_is_one_line_and_status_1(
    inputs: list[str | Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "lexicon.txt").write_text("a x\nb q\n")
    status, out, err = run(capsys, monkeypatch, *inputs)
    assert status == 1 and out == "" and err.count("\n") == 1
    assert "lexicon.txt:2: token 'q' is not among the 5 tokens" in err
    assert not (tmp_path / "graph").exists()
    assert run(capsys, monkeypatch, *inputs, "--topology", "hmm")[0] == 2
    assert run(capsys, monkeypatch, "tlg", "info", tmp_path)[0] == 1


def test_lexicons(
    inputs: list[str | Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokens = ["--tokens", tmp_path / "tokens.txt"]
    status, out, _ = run(capsys, monkeypatch, "tlg", "lexicon", "chars", *tokens)
    assert status == 0 and out == "x x\ny y\nz z\n- -\n"
    (tmp_path / "words.txt").write_text("xy 3\nzq\nz\n")
    lexicon = ["tlg", "lexicon", "words", tmp_path / "words.txt", *tokens]
    status, out, err = run(capsys, monkeypatch, *lexicon, "--end", "-")
    assert out == "xy x y -\nz z -\n" and "left out: zq: no token for 'q'" in err
    status, out, _ = run(capsys, monkeypatch, *lexicon, "-o", tmp_path / "made.txt.gz")
    assert status == 0 and out == "" and (tmp_path / "made.txt.gz").read_bytes()[:2] == b"\x1f\x8b"
    status, out, err = run(capsys, monkeypatch, *lexicon, "-o", tmp_path / "made.txt", "--json")
    told = {"words": 2, "pronunciations": 2, "left_out": ["zq: no token for 'q'"]}
    assert status == 0 and err == "" and json.loads(out) == told
    status, out, err = run(capsys, monkeypatch, *lexicon, "--json")
    assert status == 2 and out == "" and "--json goes with -o" in err
    chars = ["tlg", "lexicon", "chars", *tokens, "--lm", tmp_path / "lm.arpa"]
    assert run(capsys, monkeypatch, *chars)[2].startswith("0 words, 3 left out")
    assert run(capsys, monkeypatch, *chars, "--words", tmp_path / "words.txt")[0] == 2
    spm = ["tlg", "lexicon", "spm", "--words", tmp_path / "words.txt", "--model", tmp_path / "words.txt"]
    pytest.importorskip("sentencepiece")
    status, _, err = run(capsys, monkeypatch, *spm)
    assert status == 1 and "words.txt: is no SentencePiece model" in err


FOREIGN = DATA / "foreign"


def test_graphs_of_other_toolkits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, _ = run(capsys, monkeypatch, "tlg", "info", FOREIGN / "wenet")
    assert (
        status == 0 and "label_offset 1; the blank '<blank>' is column 0" in out and "double letters" in out
    )
    status, out, _ = run(capsys, monkeypatch, "tlg", "info", FOREIGN / "riva-ctc" / "TLG.fst", "--json")
    told = json.loads(out)
    assert status == 0 and told["built"]["toolkit"] == "riva" and told["blank"] == "<blk>"
    status, out, _ = run(capsys, monkeypatch, "tlg", "import", FOREIGN / "k2-text", "-o", tmp_path / "g")
    assert status == 0 and "label_offset 0" in out and Graph.load(tmp_path / "g").info.topology == "explicit"
    status, out, _ = run(
        *(
            capsys,
            monkeypatch,
            "tlg",
            "import",
            FOREIGN / "funasr" / "TLG.fst",
            "-o",
            tmp_path / "g",
            "--json",
        ),
        *("--toolkit", "wenet", "--tokens", FOREIGN / "funasr" / "tokens.json", "--label-offset", "1"),
    )
    assert status == 0 and json.loads(out)["built"]["toolkit"] == "wenet"
    assert Graph.load(tmp_path / "g").tokens.blank == 0
    shutil.copy(FOREIGN / "wenet" / "TLG.fst", tmp_path / "alone.fst")
    status, _, err = run(capsys, monkeypatch, "tlg", "info", tmp_path / "alone.fst")
    assert status == 1 and "pass words= (tlg import --words)" in err
    status, _, err = run(
        *(capsys, monkeypatch, "tlg", "import", tmp_path / "alone.fst", "-o", tmp_path / "g2"),
        *("--words", FOREIGN / "wenet" / "words.txt", "--tokens", FOREIGN / "riva-ctc" / "tokens.txt"),
    )
    assert status == 1 and "loops on label 1" in err and not (tmp_path / "g2").exists()
    assert run(capsys, monkeypatch, "tlg", "import", tmp_path / "none", "-o", tmp_path / "g2")[0] == 1
    assert (
        run(capsys, monkeypatch, "tlg", "import", tmp_path, "-o", tmp_path / "g2", "--toolkit", "x")[0] == 2
    )
