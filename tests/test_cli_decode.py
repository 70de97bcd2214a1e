"""``tlg decode`` as its user sees it, and the whole way from text to error rates."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import EXAMPLES
from tests.decoder_cases import SYMBOLS, character_graph, ocr_graph, say
from tlg import Decoder
from tlg._files import read_text
from tlg.cli import build_main, main
from tlg.decoder import read_inputs
from tlg.decoder.evaluate.tables import read_table

SAID = {"u1": "我-在保定-", "u2": "阳光很好", "u3": "今天-天气很好"}
TEXTS = "u1\t我在保定\nu2\t阳光很好\nu3\t今天天气很好\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("characters")
    character_graph(folder)
    return folder / "graph"


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, graph: Path
) -> Run:
    """Run a command as from a shell in a folder with some inputs: exit status, standard output, error."""
    monkeypatch.chdir(tmp_path)
    arrays: dict[str, Any] = {name: say(text) for name, text in SAID.items()}
    np.savez("test.npz", **arrays)
    (tmp_path / "hot.txt").write_text("保定 2\n龙王\n", encoding="utf-8")

    def call(*args: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", [str(a) for a in args])
        with pytest.raises(SystemExit) as exit_:
            (build_main if args[0] == "build-tlg" else main)()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return int(exit_.value.code or 0), printed.out, printed.err

    return call


def decode(graph: Path, *args: str | Path) -> list[str | Path]:
    return ["tlg", "decode", "--graph", graph, "-o", "hyp.tsv", *args]


def write_ark(path: Path) -> list[str]:
    """A Kaldi archive of float matrices, and the lines of the .scp that points into it."""
    lines = []
    with path.open("wb") as stream:
        for name, text in SAID.items():
            x = say(text)
            stream.write(f"{name} ".encode())
            lines.append(f"{name} {path}:{stream.tell()}")
            stream.write(b"\0BFM \4" + np.int32(x.shape[0]).tobytes())
            stream.write(b"\4" + np.int32(x.shape[1]).tobytes() + x.astype("<f4").tobytes())
    return lines


def as_sparse(text: str) -> tuple[Any, Any, Any]:
    x = say(text)
    ids = np.argsort(-x, axis=1)[:, :3].astype(np.int32)
    listed = np.take_along_axis(x, ids, axis=1)
    return ids, listed, np.log1p(-np.exp(listed.astype(np.float64)).sum(axis=1)).astype(np.float32)


def make_inputs(kind: str, folder: Path) -> list[str | Path]:
    if kind == "npz":
        return ["test.npz"]
    if kind in ("npy", "folder"):
        (folder / "posteriors").mkdir()
        files = [folder / "posteriors" / f"{name}.npy" for name in SAID]
        for file, text in zip(files, SAID.values(), strict=True):
            np.save(file, say(text))
        return list(files) if kind == "npy" else [folder / "posteriors"]
    if kind == "sparse":
        parts = [as_sparse(text) for text in SAID.values()]
        ids, log_probs, rest = (np.concatenate(part) for part in zip(*parts, strict=True))
        lengths = [len(text) for text in SAID.values()]
        np.savez(folder / "s.npz", ids=ids, logp=log_probs, rest=rest, lengths=lengths, utterances=list(SAID))
        return ["s.npz"]
    lines = write_ark(folder / "test.ark")
    (folder / "test.scp").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"ark": ["test.ark"], "scp": ["test.scp"], "ark:": ["ark:test.ark"]}[kind]  # type: ignore[return-value]


@pytest.mark.parametrize("kind", ["npz", "npy", "folder", "sparse", "ark", "scp", "ark:"])
def test_every_kind_of_input(run: Run, graph: Path, kind: str, tmp_path: Path) -> None:
    status, out, err = run(*decode(graph, *make_inputs(kind, tmp_path)))
    assert (status, out) == (0, "")
    assert err.startswith("3 utterances, 17 frames in ")
    assert Path("hyp.tsv").read_text(encoding="utf-8") == TEXTS


def test_json_and_options(run: Run, graph: Path) -> None:
    Path("config.json").write_text('{"beam": 12, "word_score": 1, "hotword_bias": 1.0}', encoding="utf-8")
    options = ("--word-score", "0.5", "--max-active", "500", "--threads", "2", "--json")
    status, out, err = run(*decode(graph, "test.npz", "--config", "config.json", *options))
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert (found["utterances"], found["frames"], found["partial"], found["hotwords"]) == (3, 17, 0, 0)
    assert found["seconds"] >= 0 and found["cpu_seconds"] >= 0
    assert found["options"]["beam"] == 12 and found["options"]["max_active"] == 500
    assert found["options"]["word_score"] == 0.5  # what is given on the command line wins
    assert found["options"]["token_beam"] is None  # JSON has no infinity


def test_lattices_of_a_shared_config_cost_nothing_where_no_output_shows_them(run: Run, graph: Path) -> None:
    Path("c").write_text('{"lattice_beam": 6, "hotword_bias": 2}')
    status, out, _ = run(*decode(graph, "test.npz", "--config", "c", "--json"))
    options = json.loads(out)["options"]
    assert status == 0 and options["lattice"] is None and options["lattice_beam"] is None
    status, out, _ = run(*decode(graph, "test.npz", "--config", "c", "--json", "--lattices", "x.ark"))
    assert status == 0 and json.loads(out)["options"]["lattice_beam"] == 6


def test_no_minus_zero_in_scores(run: Run, graph: Path) -> None:
    np.savez("silence.npz", u=say(""))
    options = ("--nbest", "2", "--word-score", "-4")
    assert run(*decode(graph, "silence.npz", *options))[0] == 0
    table = Path("hyp.nbest.tsv").read_text(encoding="utf-8")
    assert table.startswith("utterance-id\t") and len(table.splitlines()) == 2
    assert "-0.0000" not in table


def test_threads_do_not_change_the_output(run: Run, tmp_path: Path) -> None:
    ocr = ocr_graph(tmp_path / "ocr")
    args: list[str | Path] = [EXAMPLES / "ocr" / "test.npz", "--acoustic-scale", "1.5", "--word-score", "6"]
    written = []
    for threads in (1, 2, 5):
        assert run(*decode(tmp_path / "ocr" / "graph", *args, "--threads", str(threads)))[0] == 0
        written.append(Path("hyp.tsv").read_bytes())
    assert written[0] == written[1] == written[2]
    decoder = Decoder(ocr, acoustic_scale=1.5, word_score=6.0)
    for name, frames in list(read_inputs(EXAMPLES / "ocr" / "test.npz"))[:3]:
        assert f"{name}\t{decoder.decode(frames).text}\n".encode() in written[0]


def test_hotwords_and_their_rejects(run: Run, graph: Path) -> None:
    status, out, err = run(
        *decode(graph, "test.npz", "--hotwords", "hot.txt", "--hotword-bias", "1", "--json")
    )
    assert status == 0 and json.loads(out)["hotwords"] == 1
    assert err.startswith("tlg: hot.txt:2: hotword '龙王' rejected: '龙' (U+9F99)") and err.count("\n") == 1
    Path("hot.txt").write_text("".join(f"龙{c}\n" for c in "甲" * 30), encoding="utf-8")
    err = run(*decode(graph, "test.npz", "--hotwords", "hot.txt"))[2]
    assert "10 more hotwords rejected; 'tlg hotwords check' lists all" in err


def test_logits(run: Run, graph: Path) -> None:
    arrays: dict[str, Any] = {name: say(text) + 3 for name, text in SAID.items()}
    np.savez("raw.npz", **arrays)
    status, _, err = run(*decode(graph, "raw.npz"))
    assert status == 1 and "utterance 'u1': row 0 is no distribution" in err and "or --logits for" in err
    assert run(*decode(graph, "raw.npz", "--logits"))[0] == 0
    assert Path("hyp.tsv").read_text(encoding="utf-8") == TEXTS


def test_compressed_output_and_devices(run: Run, graph: Path) -> None:
    assert run("tlg", "decode", "--graph", graph, "test.npz", "-o", "hyp.tsv.gz")[0] == 0
    assert gzip.decompress(Path("hyp.tsv.gz").read_bytes()).decode() == TEXTS
    if Path("/dev/null").is_char_device():
        assert run("tlg", "decode", "--graph", graph, "test.npz", "-o", "/dev/null")[0] == 0
        assert Path("/dev/null").is_char_device()


def test_utterances_without_frames(run: Run, graph: Path) -> None:
    np.savez("empty.npz", a=say(""), b=say("我在保定"))
    assert run(*decode(graph, "empty.npz"))[0] == 0
    assert Path("hyp.tsv").read_text(encoding="utf-8") == "a\t\nb\t我在保定\n"
    assert read_table("hyp.tsv") == {"a": "", "b": "我在保定"}


def with_nan() -> None:
    np.savez("x.npz", fine=say("我"), broken=np.full((2, len(SYMBOLS)), np.nan, np.float32))


def truncated_graph(graph: Path) -> Path:
    copy = Path("damaged")
    copy.mkdir()
    for file in graph.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "LG.fst").write_bytes((graph / "LG.fst").read_bytes()[:-5])
    return copy


# name -> what to write first, arguments behind the graph, what the one line on stderr says
MISTAKES: dict[str, tuple[Callable[[], object] | None, list[str], str]] = {
    "twice": (None, ["test.npz", "test.npz"], "test.npz: utterance 'u1' comes twice"),
    "missing": (None, ["none.npz"], "none.npz: no such file"),
    "missing_ark": (None, ["ark:none"], "none: no such file"),
    "ark_command": (None, ["ark:cat x.ark |"], "a command, which ends in '|', is not run. Run it yourself"),
    "kind": (None, ["hot.txt"], "hot.txt: posteriors in a file of the unknown kind '.txt'"),
    "no_npz": (lambda: Path("x.npz").write_bytes(b"PK\3\4rubbish"), ["x.npz"], "x.npz: "),
    "empty_folder": (lambda: Path("x").mkdir(), ["x"], "x: a folder without .npy files"),
    "nan": (with_nan, ["x.npz"], "utterance 'broken': row 0 holds NaN"),
    "width": (
        lambda: np.savez("x.npz", u=np.zeros((1, 3))),
        ["x.npz"],
        "utterance 'u': log_probs have 3 col",
    ),
    "rank": (lambda: np.savez("x.npz", u=np.zeros(3)), ["x.npz"], "utterance 'u': log_probs have the shape"),
    "integers": (
        lambda: np.save("u.npy", np.zeros((1, 3), int)),
        ["u.npy"],
        "utterance 'u': log_probs are of",
    ),
    "tab": (
        lambda: np.savez("x.npz", **{"a\tb": say("我")}),  # type: ignore[arg-type]
        ["x.npz"],
        "utterance 'a\\tb' cannot be written",
    ),
    "config": (None, ["test.npz", "--config", "none"], "none: no such file"),
    "config_json": (
        lambda: Path("c").write_text('{"beam": 3,\n}'),
        ["test.npz", "--config", "c"],
        "c:2: not JSON",
    ),
    "config_list": (
        lambda: Path("c").write_text("[]"),
        ["test.npz", "--config", "c"],
        "c: not a JSON object",
    ),
    "config_deep": (
        lambda: Path("c").write_text("[" * 10**5),
        ["test.npz", "--config", "c"],
        "c: JSON nested",
    ),
    "config_key": (
        lambda: Path("c").write_text('{"beem": 1}'),
        ["test.npz", "--config", "c", "--beam", "3"],
        "c: unknown option 'beem'. Did you mean 'beam'?",
    ),
    "config_type": (
        lambda: Path("c").write_text('{"beam": "1"}'),
        ["test.npz", "--config", "c"],
        "c: beam='1' is not a number",
    ),
    "config_range": (
        lambda: Path("c").write_text('{"acoustic_scale": 0}'),
        ["test.npz", "--config", "c"],
        "c: acoustic_scale=0.0 is not between",
    ),
    "config_other": (
        lambda: Path("c").write_text('{"hotwords": "hot.txt"}'),
        ["test.npz", "--config", "c"],
        "c: unknown option 'hotwords'",
    ),
    "config_bias": (
        lambda: Path("c").write_text('{"hotword_bias": "much"}'),
        ["test.npz", "--config", "c"],
        "c: hotword_bias='much' is not a number",
    ),
    "config_bias_large": (
        lambda: Path("c").write_text('{"hotword_bias": 1' + 400 * "0" + "}"),
        ["test.npz", "--config", "c"],
        "is not finite",
    ),
    "config_digits": (
        lambda: Path("c").write_text('{"beam": 1' + 5000 * "0" + "}"),
        ["test.npz", "--config", "c"],
        "c: ",
    ),
    "range": (None, ["test.npz", "--beam", "-1"], "tlg: beam=-1.0 is not above 0"),
    "bias": (
        None,
        ["test.npz", "--hotwords", "hot.txt", "--hotword-bias", "nan"],
        "bias=nan is not finite",
    ),
    "hotwords": (None, ["test.npz", "--hotwords", "none.txt"], "none.txt: no such file"),
    "hotwords_bad": (
        lambda: Path("h").write_text("x 1\ny 1e999\n"),
        ["test.npz", "--hotwords", "h"],
        "h:2: the number 1e999 is not finite",
    ),
    "output_folder": (None, ["test.npz", "-o", "no/such/hyp.tsv"], "no/such/hyp.tsv: cannot be written"),
    "output_is_one": (lambda: Path("x").mkdir(), ["test.npz", "-o", "x"], "x: is a folder, not a file"),
    "graph": (None, ["test.npz", "--graph", "none"], "none: no such graph folder. Build it with build-tlg"),
    "graph_file": (None, ["test.npz", "--graph", "hot.txt"], "hot.txt: no such graph folder"),
    "graph_other": (None, ["test.npz", "--graph", "."], ".: holds neither graph.json nor TLG.fst"),
}


@pytest.mark.parametrize("case", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_and_status_1(
    run: Run, graph: Path, case: tuple[Callable[[], object] | None, list[str], str]
) -> None:
    write, args, message = case
    if write is not None:
        write()
    before = sorted(Path().iterdir())
    status, out, err = run(*decode(graph, *args))
    assert (status, out) == (1, "")
    assert message in err and err.startswith("tlg: ") and err.count("\n") == 1
    assert sorted(Path().iterdir()) == before  # no output, no temporary file


def test_a_failure_keeps_the_old_output(run: Run, graph: Path) -> None:
    Path("hyp.tsv").write_text("old", encoding="utf-8")
    with_nan()
    assert run(*decode(graph, "test.npz", "x.npz"))[0] == 1
    assert Path("hyp.tsv").read_text(encoding="utf-8") == "old"


def test_a_damaged_graph_is_named(run: Run, graph: Path) -> None:
    status, _, err = run(*decode(truncated_graph(graph), "test.npz"))
    assert status == 1 and "LG.fst" in err and err.count("\n") == 1


USAGE: dict[str, tuple[list[str], str]] = {
    "no_input": (["--graph", "g", "-o", "x"], "Missing argument 'INPUT...'"),
    "no_graph": (["test.npz", "-o", "x"], "Missing option '--graph'"),
    "no_output": (["test.npz", "--graph", "g"], "Missing option '-o'"),
    "not_a_number": (["test.npz", "--graph", "g", "-o", "x", "--beam", "wide"], "Invalid value for '--beam'"),
    "threads": (["test.npz", "--graph", "g", "-o", "x", "--threads", "0"], "Invalid value for '--threads'"),
    "misspelt": (["test.npz", "--graph", "g", "-o", "x", "--beem", "1"], "No such option"),
    "confidence": (["test.npz", "--graph", "g", "-o", "x", "--confidence"], "--confidence goes with --ctm"),
    "bias": (
        ["test.npz", "--graph", "g", "-o", "x", "--hotword-bias", "2"],
        "--hotword-bias goes with --hotwords",
    ),
    "ctm": (["test.npz", "--graph", "g", "-o", "x", "--ctm", "y"], "--ctm goes with --frame-shift"),
    "lattice_format": (
        ["test.npz", "--graph", "g", "-o", "x", "--lattice-format", "kaldi"],
        "--lattice-format goes with --lattices",
    ),
    "lattice_beam": (
        ["test.npz", "--graph", "g", "-o", "x", "--lattice-beam", "6"],
        "--lattice-beam goes with --nbest, --lattices, --mbr or --confidence",
    ),
}


@pytest.mark.parametrize("case", USAGE.values(), ids=USAGE)
def test_usage(run: Run, case: tuple[list[str], str]) -> None:
    status, _, err = run("tlg", "decode", *case[0])
    assert status == 2 and case[1] in err


COMMANDS = (
    *("", "decode", "score", "info", "hotwords", "hotwords check", "lexicon", "lexicon chars"),
    *("lexicon words", "lexicon spm", "lm", "lm train", "lm ppl", "lm info"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(run: Run, command: str) -> None:
    status, out, _ = run("tlg", *command.split(), "--help")
    assert status == 0 and "\n  Example" in out
    assert f"\n      tlg {command}" in out  # on a line of its own, to be copied


def test_help_of_decode_shows_defaults(run: Run) -> None:
    out = " ".join(run("tlg", "decode", "--help")[1].split())
    for default in ("nats. [default: 16]", "[default: 7000]", "[default: 1]", "[default: 1.5 * acoustic"):
        assert default in out
    assert "\n      build-tlg --lexicon" in run("build-tlg", "--help")[1]


def test_as_a_program(graph: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", u=say("我在保定"))
    command = [sys.executable, "-m", "tlg", "decode", "--graph", str(graph), str(tmp_path / "x.npz"), "-o"]
    for output, status in ((tmp_path / "hyp.tsv", 0), (tmp_path / "no" / "hyp.tsv", 1)):
        done = subprocess.run([*command, str(output)], capture_output=True, text=True, check=False)
        assert done.returncode == status and done.stdout == ""
        assert "Traceback" not in done.stderr
    assert (tmp_path / "hyp.tsv").read_text(encoding="utf-8") == "u\t我在保定\n"


def test_from_text_to_error_rate(run: Run, tmp_path: Path) -> None:
    """tlg lm train, build-tlg, tlg decode, tlg score over part of examples/ocr."""
    example = EXAMPLES / "ocr"
    references = read_table(example / "test.refs.tsv")
    lines = read_text(example / "lm_text.txt.xz").splitlines()[:6000]
    Path("text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    steps: list[list[str | Path]] = [
        ["tlg", "lm", "train", "text.txt", "-o", "lm.arpa.gz", "--order", "3"],
        ["tlg", "lexicon", "chars", "--tokens", example / "tokens.txt", "-o", "all.txt"],
    ]
    for step in steps:
        assert run(*step)[0] == 0
    used = set(" ".join(lines).split())
    lexicon = [line for line in Path("all.txt").read_text("utf-8").split("\n") if line.split(" ")[0] in used]
    Path("lexicon.txt").write_text("\n".join(lexicon) + "\n", encoding="utf-8")
    build = ["--lexicon", "lexicon.txt", "--tokens", example / "tokens.txt", "--lm", "lm.arpa.gz"]
    status, out, _ = run("build-tlg", *build, "--out", "graph")
    assert status == 0 and out.startswith("graph: ")
    search = ["--acoustic-scale", "1.5", "--word-score", "6", "--blank-penalty", "1"]
    hotwords: list[str | Path] = ["--hotwords", example / "hotwords.txt"]
    with_hotwords = [*hotwords, "--hotword-bias", "3"]
    rates = []
    for more in (0, 4):  # without hotwords, with them
        assert run(*decode(Path("graph"), example / "test.npz", *search, *with_hotwords[:more]))[0] == 0
        assert list(read_table("hyp.tsv")) == [name for name, _ in read_inputs(example / "test.npz")]
        command = [
            "tlg",
            "score",
            example / "test.refs.tsv",
            "hyp.tsv",
            "--unit",
            "char",
            "--json",
            *hotwords,
        ]
        status, out, _ = run(*command)
        assert status == 0
        rates.append(json.loads(out))
    assert len(references) == 120
    assert all(report["rate"] < 0.25 for report in rates)
    assert rates[1]["hotwords"]["recall"] > rates[0]["hotwords"]["recall"]


def test_blank_of_a_foreign_graph(run: Run, tmp_path: Path) -> None:
    character_graph(tmp_path, "ctc")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    for name in ("TLG.fst", "words.txt"):
        shutil.copy(tmp_path / "graph" / name, foreign / name)
    table = (tmp_path / "graph" / "tokens.txt").read_text(encoding="utf-8").replace(SYMBOLS[0], "phi")
    (foreign / "tokens.txt").write_text(table, encoding="utf-8")
    status, _, err = run(*decode(foreign, "test.npz"))
    assert status == 1 and "no token looks like the blank" in err and "(--blank)" in err
    assert run(*decode(foreign, "test.npz", "--blank", "phi"))[0] == 0
    assert (tmp_path / "hyp.tsv").read_text(encoding="utf-8") == TEXTS
    assert run("tlg", "info", foreign, "--blank", "0")[1].splitlines()[4] == "blank: phi"
    assert run("tlg", "hotwords", "check", "hot.txt", "--graph", foreign, "--blank", "phi")[0] == 0
    status, _, err = run(*decode(tmp_path / "graph", "test.npz", "--blank", "1"))
    assert status == 1 and "the graph was built with the blank" in err
