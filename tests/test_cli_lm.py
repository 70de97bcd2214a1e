"""tlg lm train, ppl and info as programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

GOLDENS = Path(__file__).resolve().parent / "data" / "lm_goldens"
ABC = str(GOLDENS / "abc.txt")
MAIN = "from tlg.cli import main; main()"


def tlg(*args: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", MAIN, *args], input=stdin, capture_output=True, check=False)


def out(*args: str, stdin: bytes = b"") -> str:
    done = tlg(*args, stdin=stdin)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""  # no progress bar where there is no terminal
    return done.stdout.decode()


@pytest.mark.parametrize("command", ["train", "ppl", "info"])
def test_help_has_an_example(command: str) -> None:
    assert f"Example: tlg lm {command} " in " ".join(out("lm", command, "--help").split())


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there is no /dev/stdout here")
def test_a_model_on_standard_output_is_alone_there(tmp_path: Path) -> None:
    done = tlg("lm", "train", ABC, "-o", "/dev/stdout", "--order", "2")
    assert done.returncode == 0 and b"sentences" in done.stderr
    out("lm", "train", ABC, "-o", str(tmp_path / "lm.arpa"), "--order", "2")
    assert done.stdout == (tmp_path / "lm.arpa").read_bytes()


def test_train_and_measure(tmp_path: Path) -> None:
    arpa = str(tmp_path / "lm.arpa.gz")
    report = out("lm", "train", ABC, "-o", arpa, "--order", "3")
    assert "order 1: no 1-gram has the adjusted count 1: fallback discounts 0.5 1 1.5" in report
    text = out("lm", "ppl", arpa, ABC)
    assert text.startswith(f"file {ABC}: 4 sentences, 9 words, 0 OOVs\n0 zeroprobs, logprob= ")
    figures = json.loads(out("lm", "ppl", arpa, "--json", "--per-sentence", ABC))
    assert figures["sentences"] == 4 and len(figures["per_sentence"]) == 4
    assert f"PPL {figures['ppl']:.4f} | " in text
    assert json.loads(out("lm", "info", arpa, "--json"))["counts"] == [6, 8, 8]
    assert "2-grams: 8" in out("lm", "info", arpa)


@pytest.mark.parametrize(
    "args",
    [
        (ABC, "-o", "OUT", "--order", "3", "--prune", "0", "0", "1"),
        ("--prune", "0", "0", "1", "--order", "3", "-o", "OUT", ABC),
        ("--order", "3", "--prune", "0", "0", "1", "-o", "OUT", "--", ABC),
    ],
)
def test_prune_takes_several_numbers(args: tuple[str, ...], tmp_path: Path) -> None:
    output = tmp_path / "lm.arpa"
    report = out("lm", "train", "--json", *(str(output) if arg == "OUT" else arg for arg in args))
    assert [one["kept"] for one in json.loads(report)["orders"]] == [6, 8, 1]
    assert "ngram 3=1\n" in output.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "args",
    [
        ("--smoothing", "jm", "--heldout", ABC, "--weight-buckets"),
        ("--smoothing", "katz", "--gt-max", "1", "3", "--prune", "0"),
        ("--smoothing", "kn", "--backoff", "--count-of-counts", "raw", "--closed-vocab"),
        ("--smoothing", "addk", "--k", "0.5"),
        ("--prune", "0", "1", "--prune-counts", "adjusted"),
    ],
)
def test_methods_and_their_options(args: tuple[str, ...], tmp_path: Path) -> None:
    """Measured on the text itself, each method's model is a model."""
    arpa = str(tmp_path / "lm.arpa")
    report = json.loads(out("lm", "train", ABC, "-o", arpa, "--order", "3", "--json", *args))
    assert report["options"]["smoothing"] == (args[1] if args[0] == "--smoothing" else "mkn")
    assert bool(report["orders"][2]["weights"]) == ("jm" in args)
    assert 1 < json.loads(out("lm", "ppl", arpa, "--json", ABC))["ppl"] < 6


def test_standard_input(tmp_path: Path) -> None:
    text = Path(ABC).read_bytes()
    for name, args, stdin in [("a", ABC, b""), ("b", "-", text)]:
        out("lm", "train", args, "-o", str(tmp_path / name), "--order", "3", stdin=stdin)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert "4 sentences, 9 words" in out("lm", "ppl", str(tmp_path / "a"), "-", stdin=text)


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        (("train", "nowhere.txt", "-o", "OUT"), 1, "nowhere.txt: no such file"),
        (("train", ABC, "-o", "nowhere/lm.arpa"), 1, "nowhere: there is no such folder"),
        (("train", "-", "-o", "OUT"), 1, "the text is empty"),
        (("train", ABC, "-o", "OUT", "--no-discount-fallback"), 1, "no Kneser-Ney discounts for order 1"),
        (("train", ABC, "-o", "OUT", "--prune", "0", "2", "1"), 1, "the thresholds of prune decrease"),
        (("train", str(GOLDENS / "symbols.txt"), "-o", "OUT"), 1, "symbols.txt:1: '<s>' is reserved"),
        (("train", ABC, "-o", "OUT", "--order", "0"), 2, "--order"),
        (("train", ABC, "-o", "OUT", "--prune", "01111"), 2, "write the numbers apart, as in --prune 0 0 1"),
        (
            ("train", ABC, "-o", "OUT", "--gt-max", "-o", "OUT"),
            2,
            "--gt-max needs numbers, as in --gt-max 1 7",
        ),
        (("train", ABC, "-o", "OUT", "--k", "1"), 1, "k has no effect with smoothing='mkn'"),
        (("train", ABC, "-o", "OUT", "--smoothing", "jm"), 1, "learns its weights from a text of its own"),
        (("train", ABC, "-o", "OUT", "--smoothing", "wb", "--heldout", ABC), 1, "heldout has no effect"),
        (("train", ABC, "-o", "OUT", "--smoothing", "good"), 2, "Invalid value for '--smoothing'"),
        (("train", ABC, "-o", "OUT", "--prune"), 2, "--prune needs numbers"),
        (("train", ABC), 2, "--output"),
        (("ppl", ABC, ABC), 1, "abc.txt:1: no \\data\\ header"),
        (("ppl", "lm.arpa"), 2, "TEXT"),
    ],
)
def test_mistakes(args: tuple[str, ...], status: int, message: str, tmp_path: Path) -> None:
    output = tmp_path / "lm.arpa"
    done = tlg("lm", *(str(output) if arg == "OUT" else arg for arg in args))
    assert done.returncode == status
    assert message in done.stderr.decode() and "Traceback" not in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_threads_memory_and_vocabularies(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("a\nb\nz\n", encoding="utf-8")
    listed = str(tmp_path / "vocab.txt")
    model = str(tmp_path / "lm.arpa")
    limits = ["--threads", "2", "--memory", "64M", "--temp-dir", str(tmp_path), "-o", model]
    report = json.loads(out("lm", "train", ABC, "--order", "2", "--vocab", listed, "--json", *limits))
    assert report["options"]["vocab"] == 3 and any("not in vocab" in note for note in report["notes"])
    assert "\tz\t" in Path(model).read_text(encoding="utf-8")
    out("lm", "train", ABC, "--order", "2", "--vocab", listed, "--closed-vocab", *limits)
    assert "<unk>" not in Path(model).read_text(encoding="utf-8")
    done = tlg("lm", "train", ABC, "--memory", "1M", "-o", str(tmp_path / "no.arpa"))
    assert done.returncode != 0 and b"memory='1M' is less than 16M. Allow more" in done.stderr
    assert not (tmp_path / "no.arpa").exists()
