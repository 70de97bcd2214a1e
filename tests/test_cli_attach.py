"""Words attached from the command line, to a graph that was built."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tlg
from tlg.errors import OptionError
from tlg.hotwords import AutoBias

LETTERS = [*"abdegorz"]
TOKENS = ["<blk>", *LETTERS, "|"]
ARPA = """
\\data\\
ngram 1=6

\\1-grams:
-1.0 <unk>
-99 <s>
-0.7 </s>
-0.5 bad
-0.9 bed
-0.9 <name>

\\end\\
"""


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tlg", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph whose words end with a separator, a list, members of a class, and an utterance."""
    folder = tmp_path_factory.mktemp("attach")
    (folder / "lm.arpa").write_text(ARPA.lstrip(), encoding="utf-8")
    lexicon = {"bad": [[*"bad|"]], "bed": [[*"bed|"]]}
    tlg.build_graph(lexicon=lexicon, tokens=TOKENS, blank=0, lm=folder / "lm.arpa", out=folder / "graph")
    (folder / "hot.txt").write_text("bad zorg\nbed\n", encoding="utf-8")
    (folder / "names.txt").write_text("ed bader 1\nbed\n", encoding="utf-8")
    rng = np.random.default_rng(3)
    frames = rng.normal(size=(20, len(TOKENS))).astype(np.float32)
    frames -= np.logaddexp.reduce(frames, axis=1, keepdims=True)
    np.savez(folder / "one.npz", one=frames)
    return folder


def test_check(folder: Path) -> None:
    names = f"<name>={folder / 'names.txt'}"
    shown = run("hotwords", "check", folder / "hot.txt", "--graph", folder / "graph", "--class", names)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "attached 'zorg': z o r g | (characters)" in shown.stdout
    assert "e d | b a d e r | (characters)" in shown.stdout
    assert shown.stdout.rstrip().endswith("; 3 words attached")
    options: list[str | Path] = ["--graph", folder / "graph", "--json", "--no-attach"]
    data = json.loads(run("hotwords", "check", folder / "hot.txt", *options).stdout)
    assert data["num_attached"] == 0
    assert "the lexicon lacks 'zorg' and none are attached" in data["entries"][0]["warnings"][0]


def test_the_same_from_python(folder: Path) -> None:
    graph = tlg.Graph.load(folder / "graph")
    hotwords = tlg.Hotwords(["bad zorg"], graph=graph, attach_score=2.0, classes={"<name>": ["ed"]})
    assert hotwords.attached is not None
    assert hotwords.attached.words == ("zorg", "ed")
    assert hotwords.attached.classes == ("<unk>", "<name>")
    assert hotwords.attached.first_label == len(graph.words)
    assert hotwords.attached.scores.tolist() == [2.0, 0.0]
    tlg.Decoder(graph, hotwords=hotwords)
    with pytest.raises(OptionError, match=r"class '<town>' is not in .* which has <unk>, <name>"):
        tlg.Hotwords([], graph=graph, classes={"<town>": ["ed"]})


def test_decode(folder: Path) -> None:
    out = folder / "hyp.tsv"
    names = f"<name>={folder / 'names.txt'}"
    arguments: list[str | Path] = ["decode", "--graph", folder / "graph", folder / "one.npz", "-o", out]
    done = run(*arguments, "--hotwords", folder / "hot.txt", "--attach-score", "30", "--class", names)
    assert done.returncode == 0, done.stderr
    graph = tlg.Graph.load(folder / "graph")
    classes = {"<name>": folder / "names.txt"}
    hotwords = tlg.Hotwords(folder / "hot.txt", graph=graph, attach_score=30.0, classes=classes)
    frames = np.load(folder / "one.npz")["one"]
    text = tlg.Decoder(graph, hotwords=hotwords).decode(frames).text
    assert out.read_text(encoding="utf-8") == f"one\t{text}\n"
    # Members alone, and the options of a run that is taken up again.
    done = run(*arguments, "--class", names, "--resume")
    assert done.returncode == 0, done.stderr
    alone = tlg.Decoder(graph, hotwords=tlg.Hotwords([], graph=graph, classes=classes)).decode(frames).text
    assert out.read_text(encoding="utf-8") == f"one\t{alone}\n"


def test_decode_with_every_option_of_a_list(folder: Path, tmp_path: Path) -> None:
    """Options of the list are those of Hotwords."""
    graph = tlg.Graph.load(folder / "graph")
    lm = tlg.lm.load_model(folder / "lm.arpa")
    (tmp_path / "hot.txt").write_text("BAD\nbed bad\n", encoding="utf-8")
    frames = np.load(folder / "one.npz")["one"]
    arguments: list[str | Path] = ["decode", "--graph", folder / "graph", folder / "one.npz", "--nbest", "5"]
    arguments += ["--lm-weight", "0.5", "--acoustic-scale", "2", "--hotwords", tmp_path / "hot.txt", "-o"]
    seen = set()
    cases: list[tuple[list[str | Path], dict[str, Any]]] = [
        (["--fold", "case"], {"fold": "case"}),
        (["--match", "units", "--boundary", "none"], {"match": "units", "boundary": None}),
        ([], {}),
        (["--hotword-bias", "2.5"], {"bias": 2.5}),
        (["--match", "words", "--no-attach"], {"match": "words", "attach": False}),
        (
            ["--fold", "both", "--hotword-bias", "auto", "--hotword-lm", folder / "lm.arpa"],
            {"fold": "both", "bias": AutoBias(lm, lm_weight=0.5)},
        ),
    ]
    for number, (options, made) in enumerate(cases):
        out = tmp_path / f"{number}.tsv"
        done = run(*arguments, out, *options)
        assert done.returncode == 0, done.stderr
        hotwords = tlg.Hotwords(tmp_path / "hot.txt", graph=graph, **made)
        decoder = tlg.Decoder(graph, hotwords=hotwords, lm_weight=0.5, acoustic_scale=2.0, nbest=5)
        lines = out.with_name(f"{number}.nbest.tsv").read_text(encoding="utf-8").splitlines()[1:]
        scores = [float(line.split("\t")[2]) for line in lines]
        expected = [one.score for one in decoder.decode(frames).nbest]
        assert scores == pytest.approx(expected, abs=1e-4)
        seen.add(tuple(scores))
    assert len(seen) == len(cases)  # each of them does something


def test_automatic_bias_of_a_config(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"hotword_bias": "auto"}', encoding="utf-8")
    arguments: list[str | Path] = ["decode", "--graph", folder / "graph", folder / "one.npz"]
    arguments += ["--config", tmp_path / "c.json", "-o", tmp_path / "x.tsv"]
    listed: list[str | Path] = ["--hotwords", folder / "hot.txt"]
    lm: list[str | Path] = ["--hotword-lm", folder / "lm.arpa"]
    # Without phrases there is nothing to ask a model for.
    assert run(*arguments).returncode == 0
    assert run(*arguments, "--class", f"<name>={folder / 'names.txt'}").returncode == 0
    done = run(*arguments, *listed)
    assert (done.returncode, "--hotword-bias auto and --hotword-lm go together" in done.stderr) == (2, True)
    assert run(*arguments, *listed, *lm).returncode == 0
    done = run(*arguments, *lm)
    assert (done.returncode, "--hotword-lm goes with --hotwords" in done.stderr) == (2, True)
    done = run(*arguments, *listed, *lm, "--hotword-bias", "2")
    assert (done.returncode, "--hotword-bias auto and --hotword-lm go together" in done.stderr) == (2, True)
    (tmp_path / "c.json").write_text('{"hotword_bias": "much"}', encoding="utf-8")
    done = run(*arguments, *listed)
    assert (done.returncode, "hotword_bias='much' is not a number" in done.stderr) == (1, True)


def test_tune_with_classes(folder: Path, tmp_path: Path) -> None:
    """Members are there in all trials, those without phrases too."""
    text = "ed bader bad"
    rows = []
    for letter in text.replace(" ", "|") + "|":
        row = np.full(len(TOKENS), -6.0)
        row[TOKENS.index(letter)] = 0
        blank = np.full(len(TOKENS), -6.0)
        blank[0] = 0
        rows += [row, blank]
    frames = np.array(rows, np.float32)
    np.savez(tmp_path / "dev.npz", a=frames - np.logaddexp.reduce(frames, axis=1, keepdims=True))
    (tmp_path / "refs.tsv").write_text(f"a\t{text}\n", encoding="utf-8")
    (tmp_path / "names.txt").write_text("ed bader\n龙\n", encoding="utf-8")
    (tmp_path / "hot.txt").write_text("bad\nbed\n", encoding="utf-8")
    command: list[str | Path] = ["tune", "--graph", folder / "graph", "--refs", tmp_path / "refs.tsv"]
    command += [tmp_path / "dev.npz", "-o", tmp_path / "t.json", "--json"]
    names = ["--class", f"<name>={tmp_path / 'names.txt'}"]
    first = json.loads(run(*command).stdout)["trials"][0]
    assert first["errors"] > 0
    found = json.loads(run(*command, *names).stdout)
    assert found["trials"][0]["errors"] == 0
    assert found["notes"] == ["1 members of classes are rejected; 'tlg hotwords check' tells why"]
    found = json.loads(run(*command, *names, "--hotwords", tmp_path / "hot.txt", "--only-hotwords").stdout)
    assert {trial["errors_on_rest"] for trial in found["trials"]} == {0}


def test_usage(folder: Path) -> None:
    arguments: list[str | Path] = [
        "decode",
        "--graph",
        folder / "graph",
        folder / "one.npz",
        "-o",
        folder / "no.tsv",
    ]
    for options, message in (
        (["--class", "names.txt"], "is not of the form '<name>=FILE'"),
        (["--class", "<name>=a.txt", "--class", "<name>=b.txt"], "--class names <name> twice"),
        (["--attach-score", "3"], "--attach-score goes with --hotwords"),
        (["--no-attach"], "--no-attach goes with --hotwords"),
        (["--g2p", "english"], "--g2p goes with --hotwords or --class"),
        (["--pieces", "2"], "--pieces goes with --hotwords or --class"),
        (["--fold", "case"], "--fold goes with --hotwords"),
        (["--boundary", "none", "--class", "<name>=a.txt"], "--boundary goes with --hotwords"),
        (["--match", "words"], "--match goes with --hotwords"),
        (["--hotwords", "a.txt", "--hotword-bias", "much"], "much is no number; give nats, or auto"),
        (["--sentencepiece", str(folder / "hot.txt")], "--sentencepiece goes with --hotwords or --class"),
        (["--sentencepiece", "m.model"], "File 'm.model' does not exist"),
    ):
        done = run(*arguments, *options)
        assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    assert run(*arguments, "--attach").returncode == 0
    done = run(*arguments, "--class", f"<town>={folder / 'names.txt'}")
    assert (done.returncode, "class '<town>' is not in" in done.stderr) == (1, True)
    (folder / "tokens.txt").write_text("".join(f"{t} {n}\n" for n, t in enumerate(TOKENS)), encoding="utf-8")
    tokens: list[str | Path] = ["hotwords", "check", folder / "hot.txt", "--tokens", folder / "tokens.txt"]
    done = run(*tokens, "--attach-score", "3")
    assert (done.returncode, "--attach-score goes with --graph" in done.stderr) == (2, True)
    done = run(*tokens, "--class", f"<name>={folder / 'names.txt'}")
    assert (done.returncode, "--class goes with --graph" in done.stderr) == (2, True)


def test_costs_of_the_lexicon(folder: Path, tmp_path: Path) -> None:
    """Members of classes are said with the probabilities of the lexicon."""
    (tmp_path / "lexicon.txt").write_text("bad 0.25 b a d\nbad 0.75 b e d\nbed b e d\n", encoding="utf-8")
    tlg.build_graph(
        lexicon=tmp_path / "lexicon.txt",
        tokens=TOKENS,
        blank=0,
        lm=folder / "lm.arpa",
        out=tmp_path / "graph",
    )
    graph = tlg.Graph.load(tmp_path / "graph")
    ways = {
        "".join(w): c
        for w, c in zip(graph.pronunciations("bad"), graph.pronunciation_costs("bad"), strict=True)
    }
    assert ways == pytest.approx({"bad": -np.log(0.25), "bed": -np.log(0.75)})
    assert graph.pronunciation_costs("bed") == [0.0]
    assert graph.pronunciation_costs("zorg") == []
    attached = tlg.Hotwords([], graph=graph, classes={"<name>": ["bad bad"]}).attached
    assert attached is not None
    said = ["".join(TOKENS[unit] for unit in units) for units in attached.pronunciations()[0]]
    assert dict(zip(said, attached.costs.tolist(), strict=True)) == pytest.approx(
        {a + b: ways[a] + ways[b] for a in ways for b in ways}
    )
