"""``tlg decode`` as a pipeline: what is done is kept and taken up again, however a run ended."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.decoder_cases import character_graph, say, write_characters
from tests.test_inputs import float_matrix
from tlg.cli import main
from tlg.cli.decode_resume import resumable_outputs
from tlg.errors import TlgError

TEXTS = ["我-在保定-", "阳光很好", "今天-天气很好", "", "保险很好"]
COUNT = 60

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("characters")
    character_graph(folder)
    return folder / "graph"


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, graph: Path
) -> Run:
    """Run tlg decode --resume on test.npz: exit status, standard output, error."""
    monkeypatch.chdir(tmp_path)
    arrays: dict[str, Any] = {f"u{i:02d}": say(TEXTS[i % 5]) for i in range(COUNT)}
    np.savez("test.npz", **arrays)

    def call(*args: str | Path, output: str = "hyp.tsv", graph: Path = graph) -> tuple[int, str, str]:
        command = ["tlg", "decode", "--graph", graph, "-o", output, "--resume", *(args or ["test.npz"])]
        monkeypatch.setattr(sys, "argv", [str(a) for a in command])
        with pytest.raises(SystemExit) as exit_:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return int(exit_.value.code or 0), printed.out, printed.err

    return call


def wanted(count: int = COUNT) -> str:
    return "".join(f"u{i:02d}\t{TEXTS[i % 5].replace('-', '')}\n" for i in range(count))


def stop_after(count: int, file: str = "hyp.tsv") -> None:
    """Leave what a run leaves that is killed after so many utterances."""
    head, *lines = Path(f"{file}.journal").read_bytes().splitlines(keepends=True)
    Path(f"{file}.journal").write_bytes(head + b"".join(lines[:count]))


def half_done(run: Run) -> None:
    """Leave a run that met a bad utterance behind 40 good ones."""
    with np.load("test.npz") as good:
        arrays: dict[str, Any] = dict(good)
    good_one = arrays["u40"].copy()
    arrays["u40"] = good_one + 1
    np.savez("test.npz", **arrays)
    status, _, err = run()
    assert status == 1 and "utterance 'u40': row 0 is no distribution" in err
    assert "40 utterances are kept in hyp.tsv.part; the same command goes on from there" in err
    arrays["u40"] = good_one
    np.savez("test.npz", **arrays)


def test_a_run_without_a_stop_leaves_the_output_alone(run: Run) -> None:
    status, _, err = run()
    assert status == 0 and "already" not in err
    assert Path("hyp.tsv").read_text("utf-8") == wanted()
    assert sorted(path.name for path in Path().iterdir()) == ["hyp.tsv", "test.npz"]


@pytest.mark.parametrize("threads", ["1", "3"])
def test_going_on_after_an_error(run: Run, threads: str) -> None:
    half_done(run)
    assert Path("hyp.tsv.part").read_text("utf-8") == wanted(40) and not Path("hyp.tsv").exists()
    status, out, _ = run("test.npz", "--threads", threads, "--json")
    report = json.loads(out)
    assert status == 0 and (report["utterances"], report["skipped"]) == (20, 40)
    assert Path("hyp.tsv").read_text("utf-8") == wanted()
    assert sorted(path.name for path in Path().iterdir()) == ["hyp.tsv", "test.npz"]


@pytest.mark.parametrize("cut", range(0, 41, 8))
@pytest.mark.parametrize("torn", ["", "journal", "part", "behind"])
def test_every_place_to_stop_at(run: Run, cut: int, torn: str) -> None:
    half_done(run)
    stop_after(cut)
    if torn == "journal":  # half a line
        with Path("hyp.tsv.journal").open("ab") as stream:
            stream.write(b"999\tu")
    if torn == "part":  # the part lacks what the journal says it has
        size = Path("hyp.tsv.part").stat().st_size
        os.truncate("hyp.tsv.part", size // 2)
    if torn == "behind":  # half a line of an utterance that is not in the journal
        with Path("hyp.tsv.part").open("ab") as stream:
            stream.write("u41\t今".encode()[:-1])
    assert run()[0] == 0
    assert Path("hyp.tsv").read_text("utf-8") == wanted()


KILLED = """
import os, signal, sys, time
from tlg.cli import decode_resume, main
write = decode_resume._line
def slow(*fields):  # the journal's lines, one a while, so that the run can be killed between any two
    time.sleep(0.02)
    return write(*fields)
decode_resume._line = slow
main()
"""


@pytest.mark.skipif(not hasattr(os, "kill") or os.name == "nt", reason="kills as Unix does")
def test_kill_9_in_mid_run(run: Run, graph: Path) -> None:
    args = ["decode", "--graph", str(graph), "test.npz", "-o", "hyp.tsv", "--resume", "--threads", "2"]
    before = 0
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", KILLED, *args], env=environment())
        journal = Path("hyp.tsv.journal")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            done = journal.read_bytes().count(b"\n") - 1 if journal.exists() else 0
            if done >= before + 8:
                break
            time.sleep(0.005)
        process.kill()
        process.wait()
        before = journal.read_bytes().count(b"\n") - 1
        assert 0 < before < COUNT and not Path("hyp.tsv").exists()
    status, _, err = run("test.npz")
    assert status == 0 and f"; {before} utterances were there already" in err
    assert Path("hyp.tsv").read_text("utf-8") == wanted()


# name -> (the options of the second run, what it says)
OTHERS: dict[str, tuple[list[str], str]] = {
    "beam": (
        ["--beam", "12"],
        r"other settings: beam (16.0 before, 12.0 now). Give the same ones, or delete",
    ),
    "two": (
        ["--beam", "12", "--word-score", "1"],
        "beam (16.0 before, 12.0 now), word_score (0.0 before, 1.0",
    ),
    "logits": (["--logits"], "logits (False before, True now)"),
    "hotwords": (["--hotwords", "hot.txt"], "other settings: hotwords."),
    "bias": (
        ["--hotwords", "hot.txt", "--hotword-bias", "1"],
        "other settings: hotword_bias (None before, 1.0 now), hotwords.",
    ),
    "listing": (["--hotwords", "hot.txt", "--fold", "case"], "other settings: hotwords, listing."),
    "inputs": (["more.npz"], "other settings: inputs."),
}


@pytest.mark.parametrize("case", OTHERS.values(), ids=OTHERS)
def test_other_settings_are_refused(run: Run, case: tuple[list[str], str]) -> None:
    half_done(run)
    Path("hot.txt").write_text("保定\n", "utf-8")
    shutil.copy("test.npz", "more.npz")
    before = {path: path.read_bytes() for path in Path().iterdir()}
    status, _, err = run("test.npz", *case[0])
    assert status == 1 and case[1] in err and "hyp.tsv.part was begun with other settings" in err
    assert {path: path.read_bytes() for path in Path().iterdir()} == before
    assert run()[0] == 0 and Path("hyp.tsv").read_text("utf-8") == wanted()


def test_a_changed_hotword_list_or_graph_is_refused(run: Run, graph: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(graph, copy)
    Path("hot.txt").write_text("保定\n", "utf-8")
    bad: dict[str, Any] = {"a": say("我"), "b": say("我") + 1}
    np.savez("bad.npz", **bad)
    again = ("bad.npz", "--hotwords", "hot.txt")
    assert run(*again, graph=copy)[0] == 1
    Path("hot.txt").write_text("保定 2\n", "utf-8")
    assert "other settings: hotwords." in run(*again, graph=copy)[2]
    Path("hot.txt").write_text("保定\n", "utf-8")
    with (copy / "words.txt").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    assert "other settings: graph." in run(*again, graph=copy)[2]
    shutil.rmtree(copy)
    shutil.copytree(graph, copy)
    assert "utterance 'b': row 0" in run(*again, graph=copy)[2]


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_compressed_outputs_are_compressed_at_the_end(run: Run, suffix: str) -> None:
    arrays: dict[str, Any] = {"u00": say(TEXTS[0]), "u01": say(TEXTS[1]) + 1}
    np.savez("test.npz", **arrays)
    output = f"hyp.tsv{suffix}"
    assert run(output=output)[0] == 1
    assert Path(f"{output}.part").read_text("utf-8") == wanted(1)
    arrays["u01"] = say(TEXTS[1])
    np.savez("test.npz", **arrays)
    assert run(output=output)[0] == 0
    if suffix == ".gz":
        assert gzip.decompress(Path(output).read_bytes()).decode() == wanted(2)
    assert sorted(path.name for path in Path().iterdir()) == [output, "test.npz"]


MORE = ("--nbest", "3", "--ctm", "out.ctm", "--frame-shift", "0.04", "--lattices", "lat.ark", "--confidence")


def test_all_outputs_are_taken_up_again(run: Run) -> None:
    status, _, err = run("test.npz", *MORE)
    assert status == 0, err
    names = ["hyp.nbest.tsv", "hyp.tsv", "lat.ark", "out.ctm"]
    assert sorted(path.name for path in Path().iterdir()) == [*names, "test.npz"]
    whole = {name: Path(name).read_bytes() for name in names}
    for name in names:
        Path(name).unlink()
    with np.load("test.npz") as arrays:
        good: dict[str, Any] = dict(arrays)
    np.savez("test.npz", **{**good, "u40": good["u40"] + 1})
    assert run("test.npz", *MORE)[0] == 1
    stop_after(23)
    np.savez("test.npz", **good)
    other = [*MORE[:5], "0.05", *MORE[6:]]
    assert "other settings: frame_shift (0.04 before, 0.05 now)" in run("test.npz", *other)[2]
    assert "other settings: lattice" in run("test.npz", *MORE[:6])[2]
    assert run("test.npz", *MORE)[0] == 0
    assert {name: Path(name).read_bytes() for name in names} == whole
    assert "two outputs are the same file" in run("test.npz", *MORE, "--ctm", "hyp.tsv")[2]


def test_what_cannot_be_resumed(run: Run) -> None:
    Path("hyp.tsv.part").write_text("mine", "utf-8")
    status, _, err = run()
    assert status == 1 and "hyp.tsv.part: is there, but not its journal hyp.tsv.journal. Move it away" in err
    assert Path("hyp.tsv.part").read_text("utf-8") == "mine"
    Path("hyp.tsv.part").unlink()
    Path("hyp.tsv.journal").write_text("no journal\n", "utf-8")
    assert "hyp.tsv.journal: not a journal of tlg decode" in run()[2]
    Path("hyp.tsv.journal").unlink()
    Path("folder").mkdir()
    assert "folder: is a folder, not a file" in run(output="folder")[2]
    assert "none/hyp.tsv.journal: cannot be written" in run(output="none/hyp.tsv")[2]
    if Path("/dev/null").is_char_device():
        assert "/dev/null: --resume needs a file" in run(output="/dev/null")[2]


def test_two_runs_at_once(run: Run) -> None:
    pytest.importorskip("fcntl", reason="there are no such locks here")
    with resumable_outputs({"hyp.tsv": b""}, {}) as outputs:
        outputs.write("a", [b"a\n"])
        status, _, err = run()
        assert status == 1 and "hyp.tsv.journal: another run is writing. Wait for it" in err
        outputs.write("b", [b"b\n"])
    assert Path("hyp.tsv").read_bytes() == b"a\nb\n"


def test_several_files_grow_together(tmp_path: Path) -> None:
    """As when n-best lists or CTM are written too: an utterance is in all files or in none."""
    places = [tmp_path / "hyp.tsv", tmp_path / "out.ctm", tmp_path / "nbest.tsv.gz"]
    heads = [b"", b"", b"name\trank\n"]

    def parts(name: str) -> list[bytes]:
        return [f"{name}\n".encode() * count for count in (1, 0 if name == "b" else 2, 3)]

    class Stopped(Exception):
        pass

    def begin(names: str) -> frozenset[str]:
        with resumable_outputs(dict(zip(places, heads, strict=True)), {"beam": 3}) as outputs:
            for name in names:
                outputs.write(name, parts(name))
            if names != "end":
                raise Stopped
        return outputs.done

    with pytest.raises(Stopped):
        begin("abc")
    with (tmp_path / "out.ctm.part").open("ab") as stream:
        stream.write(b"half an utteran")
    os.truncate(tmp_path / "nbest.tsv.gz.part", 23)  # of c, a third is there
    with pytest.raises(Stopped):
        begin("cd")
    assert begin("end") == {"a", "b", "c", "d"}
    names = "abcdend"  # the journal knows names, not how often: read_inputs() sees to that
    assert places[0].read_bytes() == b"".join(parts(name)[0] for name in names)
    assert places[1].read_bytes() == b"".join(parts(name)[1] for name in names)
    assert gzip.decompress(places[2].read_bytes()) == heads[2] + b"".join(parts(name)[2] for name in names)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hyp.tsv", "nbest.tsv.gz", "out.ctm"]


def test_names_that_would_break_the_journal(tmp_path: Path) -> None:
    with (
        pytest.raises(TlgError, match=r"utterance 'a\\tb' cannot be written"),
        resumable_outputs({tmp_path / "x": b""}, {}) as outputs,
    ):
        outputs.write("a\tb", [b""])


# The pipeline itself


def test_standard_input_to_standard_output(graph: Path) -> None:
    matrices = b"".join(f"u{i:02d} ".encode() + float_matrix(say(TEXTS[i % 5])) for i in range(COUNT))
    command = [sys.executable, "-m", "tlg", "decode", "--graph", str(graph), "-", "-o", "/dev/stdout"]
    if not Path("/dev/stdout").exists():
        pytest.skip("there is no /dev/stdout here")
    done = subprocess.run(
        [*command, "--threads", "2"], input=matrices, capture_output=True, check=False, env=environment()
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == wanted()


def test_an_error_does_not_wait_for_a_pipe_that_stays_open(graph: Path) -> None:
    command = [sys.executable, "-m", "tlg", "decode", "--graph", str(graph), "-", "-o", os.devnull]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(b"bad " + float_matrix(say("我") + 1))
        process.stdin.flush()
        assert process.wait(60) == 1
        assert b"utterance 'bad': row 0 is no distribution" in process.stderr.read()


def test_speed_with_and_without_a_frame_shift(run: Run) -> None:
    report = json.loads(run("test.npz", "--frame-shift", "0.04", "--json")[1])
    frames = sum(len(TEXTS[i % 5]) for i in range(COUNT))
    assert report["frames"] == frames and report["audio_seconds"] == pytest.approx(0.04 * frames)
    assert report["real_time_factor"] == pytest.approx(report["seconds"] / report["audio_seconds"])
    assert report["frames_per_second"] == pytest.approx(frames / report["seconds"])
    assert ", real-time factor " in run("test.npz", "--frame-shift", "0.04")[2]
    report = json.loads(run("test.npz", "--json")[1])
    assert "real_time_factor" not in report and "audio_seconds" not in report


def on_a_terminal(*args: str | Path) -> bytes:
    """Run a command that must succeed; return what it shows on a terminal."""
    import fcntl
    import pty
    import termios

    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("4H", 25, 120, 0, 0))
    process = subprocess.Popen(
        [sys.executable, *args], stdout=subprocess.DEVNULL, stderr=end, env=environment()
    )
    os.close(end)
    shown = b""
    try:
        while piece := os.read(terminal, 1 << 16):
            shown += piece
    except OSError:  # how a pseudo-terminal ends on Linux
        pass
    finally:
        os.close(terminal)
    assert process.wait() == 0
    return shown


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_the_bar_has_a_total_and_a_speed(run: Run, graph: Path) -> None:
    args: list[str | Path] = ["decode", "--graph", graph, "test.npz", "-o", "hyp.tsv"]
    args += ["--frame-shift", "0.04"]
    shown = on_a_terminal("-m", "tlg", *args)
    assert f"{COUNT}/{COUNT}".encode() in shown and b"frames/s" in shown and b"times real time" in shown


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_the_bar_of_build_tlg_ends_full(tmp_path: Path) -> None:
    write_characters(tmp_path)
    args: list[str | Path] = []
    for name in ("lexicon", "tokens"):
        args += [f"--{name}", tmp_path / f"{name}.txt"]
    program = "import sys; from tlg.cli import build_main; sys.argv[0] = 'build-tlg'; build_main()"
    shown = on_a_terminal("-c", program, *args, "--lm", tmp_path / "lm.arpa", "--out", tmp_path / "g")
    assert b"write" in shown and b"100%" in shown  # what is shorter than a tenth of a second is not shown
