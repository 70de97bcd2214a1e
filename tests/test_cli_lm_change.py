"""The sub-commands of ``tlg lm`` that change models, from files to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.lm_change_cases import arpa, dumped, random_model
from tests.test_lm_counts import by_hand, in_file
from tlg.cli.lm import lm
from tlg.lm import NgramModel, add_words, limit_vocabulary, mix, prune


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, seed in (("a.arpa", 1), ("b.arpa", 2)):
        (tmp_path / name).write_text(
            arpa(random_model(seed, order=3, words=6, density=0.6)), encoding="utf-8"
        )
    (tmp_path / "words.txt").write_text("w1\nw2\nzebra\n", encoding="utf-8")
    (tmp_path / "shares.txt").write_text("one\t0.25\ntwo\t0.5\n", encoding="utf-8")
    (tmp_path / "text.txt").write_text("w1 w2 w3\nw1\n\nw5 w4 w1\n", encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, code: int = 0) -> Any:
    paths = [str(folder / one) if "." in one and not one[0].isdigit() else one for one in arguments]
    result = CliRunner().invoke(lm, paths)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout) if "--json" in arguments and code == 0 else result.output


def same(folder: Path, made: NgramModel) -> bool:
    return dumped(NgramModel.load(folder / "out.arpa")) == dumped(made)


def test_prune(folder: Path) -> None:
    model = NgramModel.load(folder / "a.arpa")
    report = run(folder, "prune", "a.arpa", "out.arpa", "--threshold", "0.01", "--text", "text.txt", "--json")
    wanted = prune(model, 0.01)
    assert same(folder, wanted)
    assert report["after"] == list(wanted.counts) and report["before"] == list(model.counts)
    assert report["ppl_before"] == pytest.approx(model.perplexity(folder / "text.txt").ppl)
    assert report["ppl_after"] == pytest.approx(wanted.perplexity(folder / "text.txt").ppl)
    total = sum(model.counts) - 10
    run(folder, "prune", "a.arpa", "out.arpa", "--ngrams", str(total), "--history", "stationary")
    assert same(folder, prune(model, ngrams=total, history="stationary"))
    numbers = [model.counts[0], model.counts[1] // 2, 3]
    said = run(folder, "prune", "a.arpa", "out.arpa", "--ngrams", ",".join(map(str, numbers)))
    assert same(folder, prune(model, ngrams=numbers)) and "n-grams, now" in said
    run(folder, "prune", "a.arpa", "out.arpa", "--threshold", "0.01", "--history-lm", "b.arpa")
    assert same(folder, prune(model, 0.01, history_model=NgramModel.load(folder / "b.arpa")))


def test_mix(folder: Path) -> None:
    models = [NgramModel.load(folder / name) for name in ("a.arpa", "b.arpa")]
    run(folder, "mix", "a.arpa", "b.arpa", "-o", "out.arpa", "--weights", "0.25,0.75")
    assert same(folder, mix(models, [0.25, 0.75]))
    arguments = ("mix", "a.arpa", "b.arpa", "-o", "out.arpa", "--heldout", "text.txt", "--json")
    report = run(folder, *arguments, "--method", "loglinear")
    wanted = mix(models, heldout=folder / "text.txt", method="loglinear")
    assert same(folder, wanted)
    assert report["weights"] == pytest.approx(wanted.report.weights)  # type: ignore[union-attr]


def test_vocabularies(folder: Path) -> None:
    model = NgramModel.load(folder / "a.arpa")
    report = run(folder, "limit-vocab", "a.arpa", "words.txt", "out.arpa", "--json")
    assert same(folder, limit_vocabulary(model, ["w1", "w2"])) and report["missing"] == ["zebra"]
    run(folder, "add-words", "a.arpa", "words.txt", "out.arpa", "--share", "0.2")
    assert same(folder, add_words(model, ["zebra"], share=0.2))
    run(folder, "add-words", "a.arpa", "shares.txt", "out.arpa")
    assert same(folder, add_words(model, {"one": 0.25, "two": 0.5}))


def test_counts(folder: Path) -> None:
    texts = [line.split() for line in (folder / "text.txt").read_text(encoding="utf-8").splitlines()]
    run(folder, "count", "text.txt", "-o", "counts.out", "--order", "3")
    assert in_file(folder / "counts.out") == by_hand(texts, 3)
    arguments = ("merge-counts", "counts.out", "counts.out", "-o", "sum.out", "--order", "3")
    figures = run(folder, *arguments, "--times", "1,2", "--json")
    assert in_file(folder / "sum.out") == by_hand(texts * 3, 3)
    assert figures["sentences"] == 12
    run(folder, "train", "--counts", "sum.out", "-o", "out.arpa", "--order", "3")
    by_counts = dumped(NgramModel.load(folder / "out.arpa"))
    (folder / "thrice.txt").write_text((folder / "text.txt").read_text() * 3, encoding="utf-8")
    run(folder, "train", "thrice.txt", "-o", "out.arpa", "--order", "3")
    assert dumped(NgramModel.load(folder / "out.arpa")) == by_counts


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("prune", "a.arpa", "out.arpa"), 2, "either --threshold or --ngrams"),
        (("prune", "a.arpa", "out.arpa", "--ngrams", "some"), 2, "is no number"),
        (("mix", "a.arpa", "-o", "out.arpa", "--weights", "1"), 2, "two models or more"),
        (("mix", "a.arpa", "b.arpa", "-o", "out.arpa"), 2, "either --weights or --heldout"),
        (("mix", "a.arpa", "b.arpa", "-o", "out.arpa", "--weights", "x"), 2, "are no numbers"),
        (("merge-counts", "a.arpa", "-o", "out.arpa", "--order", "3", "--times", "x"), 2, "whole numbers"),
    ],
)
def test_wrong_use(folder: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    assert message in run(folder, *arguments, code=code)
    assert not (folder / "out.arpa").exists()
