"""tlg lm generate, and what tlg lm ppl tells beside the figures, as programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tlg.lm import NgramModel

GOLDENS = Path(__file__).resolve().parent / "data" / "lm_goldens"
ABC, MODEL = str(GOLDENS / "abc.txt"), str(GOLDENS / "abc.o3.arpa")
MAIN = "from tlg.cli import main; main()"


def tlg(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", MAIN, "lm", *args]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def out(*args: str) -> str:
    done = tlg(*args)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_generate() -> None:
    assert "Example: tlg lm generate " in " ".join(out("generate", "--help").split())
    options = ("--method", "sample", "--temperature", "0.8", "--top-k", "3", "--top-p", "0.9", "--seed", "1")
    model = NgramModel.load(MODEL)
    expected = model.generate(5, temperature=0.8, top_k=3, top_p=0.9, seed=1, prefix="a b")
    found = out("generate", MODEL, "--count", "5", *options, "--prefix", "a b")
    assert found.splitlines() == [one.text for one in expected]
    as_json = json.loads(out("generate", MODEL, "--count", "5", *options, "--prefix", "a b", "--json"))
    assert [one["words"] for one in as_json] == [list(one.words) for one in expected]
    assert [one["score"] for one in as_json] == [one.score for one in expected]
    best = out("generate", MODEL, "--method", "beam", "--count", "3", "--max-words", "4").splitlines()
    assert best == [one.text for one in model.generate(3, method="beam", max_words=4)]
    assert out("generate", MODEL, "--method", "argmax") == model.generate(method="argmax")[0].text + "\n"


def test_per_word() -> None:
    found = out("ppl", MODEL, ABC, "--per-word")
    (first, *_) = NgramModel.load(MODEL).perplexity(ABC, per_word=True).per_sentence
    assert found.startswith(str(first)) and "\tp( </s> | " in found and "by order of n-gram 1:" in found
    figures = json.loads(out("ppl", MODEL, ABC, "--per-word", "--json"))
    assert [one["word"] for one in figures["per_sentence"][0]["per_word"]] == ["a", "b", "c", "</s>"]


def test_shared_sentences_are_told(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("a b c a b\nc c c b a\n", encoding="utf-8")
    (tmp_path / "test.txt").write_text("a b c a b\nb b b b b\na\n", encoding="utf-8")
    done = tlg("ppl", MODEL, str(tmp_path / "test.txt"), "--train", str(tmp_path / "train.txt"))
    assert done.returncode == 0
    assert done.stderr.startswith(
        "warning: 1 of 2 sentences of 5 words or more (50.0 %) are in the training text"
    )
    assert "1 sentences (50.0%) are in the training text too" in done.stdout
    done = tlg("ppl", MODEL, str(tmp_path / "test.txt"), "--train", str(tmp_path / "train.txt"), "--json")
    figures = json.loads(done.stdout)
    assert (figures["shared_sentences"], figures["shared_share"]) == (1, 0.5) and len(figures["notes"]) == 1
    assert "shared_sentences" not in json.loads(out("ppl", MODEL, ABC, "--json"))


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        (("generate", "nowhere.arpa"), 1, "nowhere.arpa: no such file"),
        (("generate", MODEL, "--temperature", "0"), 1, "temperature=0.0 is not above 0"),
        (("generate", MODEL, "--top-p", "2"), 1, "top_p=2.0 is not in (0, 1]"),
        (("generate", MODEL, "--method", "beam", "--seed", "1"), 1, "seed is for method='sample'"),
        (("generate", MODEL, "--prefix", "</s>"), 1, "'</s>' is in the prefix"),
        (("generate", MODEL, "--method", "greedy"), 2, "'greedy' is not one of"),
        (("generate", MODEL, "--count", "0"), 2, "--count"),
        (("ppl", MODEL, ABC, "--train", "nowhere.txt"), 1, "nowhere.txt: no such file"),
        (("ppl", MODEL, ABC, "--threads", "0"), 2, "--threads"),
    ],
)
def test_mistakes(args: tuple[str, ...], status: int, message: str) -> None:
    done = tlg(*args)
    assert done.returncode == status and message in done.stderr and "Traceback" not in done.stderr
