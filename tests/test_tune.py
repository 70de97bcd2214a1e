"""Tuning: what is chosen is checked by decoding again with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

import tlg
from tlg.cli.tune import tune as tune_command
from tlg.decoder.evaluate.metrics import ScoreReport
from tlg.decoder.options import SearchOptions
from tlg.decoder.tune import tune
from tlg.errors import InputError, OptionError, OutputError
from tlg.hotwords import AutoBias

LETTERS = "阳光保险定中国"
HOT = {"保险": 0.0, "中国": 0.0, "光阳": 0.0, "定定": 0.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tune")


@pytest.fixture(scope="module")
def graph(folder: Path) -> tlg.Graph:
    text = ["阳 光 保 险", "中 国", "保 定", "阳 光", "中 国 阳 光", "保 定 中 国", "国 光"] * 4
    (folder / "text.txt").write_text("\n".join(text), encoding="utf-8")
    tlg.lm.train(folder / "text.txt", order=2, discount_fallback=True).save(folder / "lm.arpa")
    return tlg.build_graph(
        lexicon={c: [[c]] for c in LETTERS},
        tokens=["<blk>", *LETTERS],
        lm=folder / "lm.arpa",
        out=folder / "graph",
    )


@pytest.fixture(scope="module")
def dev() -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    rng = np.random.default_rng(5)
    inputs, refs = {}, {}
    for i in range(40):
        text = "".join(rng.choice(["阳光", "保险", "中国", "保定", "光"], size=rng.integers(1, 4)))
        rows = []
        for c in text:
            row = rng.normal(0, 1.3, len(LETTERS) + 1)
            row[1 + LETTERS.index(c)] += 3
            blank = rng.normal(0, 1, len(LETTERS) + 1)
            blank[0] += 4
            rows += [row, blank]
        x = np.array(rows, np.float32)
        inputs[f"u{i}"] = x - np.logaddexp.reduce(x, axis=1, keepdims=True)
        refs[f"u{i}"] = text
    return inputs, refs


def decoded(graph: tlg.Graph, dev: Any, options: Any, **more: Any) -> ScoreReport:
    inputs, refs = dev
    decoder = tlg.Decoder(graph, **options, **more)
    texts = {name: decoder.decode(x).text for name, x in inputs.items()}
    return tlg.score(refs, texts, unit="char", hotwords=HOT)


def test_the_choice_is_the_best_that_was_tried(graph: tlg.Graph, dev: Any) -> None:
    seen: list[Any] = []
    report = tune(graph, *dev, unit="char", progress=seen.append)
    assert tuple(seen) == report.trials
    assert report.best.report.errors == min(trial.report.errors for trial in report.trials)
    assert report.best.report.errors < report.trials[0].report.errors
    assert decoded(graph, dev, report.options).errors == report.best.report.errors
    assert "hotword_bias" not in report.options
    # No step of the smallest size leads further down.
    tried = {(t.acoustic_scale, t.word_score, t.blank_penalty) for t in report.trials}
    best = report.best
    assert (best.acoustic_scale, best.word_score + 0.5, best.blank_penalty) in tried
    assert (best.acoustic_scale, best.word_score, best.blank_penalty - 0.25) in tried


def test_the_bias_costs_the_other_units_nothing(graph: tlg.Graph, dev: Any) -> None:
    report = tune(graph, *dev, unit="char", hotwords=HOT, search=False)
    plain = report.trials[0]
    assert plain.hotword_bias is None
    allowed = [
        trial
        for trial in report.trials
        if trial.report.on_rest.errors <= plain.report.on_rest.errors  # type: ignore[union-attr]
    ]
    f1 = max(trial.report.hotwords.f1 for trial in allowed)  # type: ignore[type-var, union-attr]
    assert report.best.report.hotwords is not None and report.best.report.hotwords.f1 == f1
    bias = report.options.get("hotword_bias")
    assert bias is not None
    again = decoded(graph, dev, {}, hotwords=HOT, hotword_bias=bias)
    assert again.hotwords == report.best.report.hotwords


def test_a_list_that_takes_more_than_its_phrases(graph: tlg.Graph, dev: Any, folder: Path) -> None:
    """``make`` makes the list; with a model "auto" is tried behind the numbers."""
    lm = tlg.lm.load_model(folder / "lm.arpa")

    def make(source: Any, bias: Any) -> tlg.Hotwords:
        return tlg.Hotwords(source, graph=graph, bias=bias, fold="width")

    listed = {**HOT, "Q": 0.0}
    start = SearchOptions(lm_weight=0.5)
    report = tune(graph, *dev, unit="char", start=start, hotwords=listed, make=make, lm=lm, search=False)
    *numbers, auto = report.trials
    assert auto.hotword_bias == "auto" and "auto" not in [trial.hotword_bias for trial in numbers]
    assert any("1 phrases of the list are rejected" in note for note in report.notes)
    hotwords = make(listed, AutoBias(lm, lm_weight=0.5))
    again = decoded(graph, dev, {"lm_weight": 0.5}, hotwords=hotwords)
    assert again.hotwords is not None and auto.report.hotwords is not None
    assert (again.errors, again.hotwords.f1) == (auto.report.errors, auto.report.hotwords.f1)
    with pytest.raises(OptionError, match="need lm="):
        tune(graph, *dev, hotwords=listed, lm=object(), search=False)


def test_automatic_biases_are_chosen_where_they_find_more(
    graph: tlg.Graph, dev: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tlg.decoder.tune.BIASES", (0.001,))  # which find as good as nothing
    lm = tlg.lm.load_model(folder / "lm.arpa")
    report = tune(graph, *dev, unit="char", hotwords=["中国"], lm=lm, search=False)
    assert report.best is report.trials[-1]
    assert report.options["hotword_bias"] == "auto"
    assert report.best.to_dict()["hotword_bias"] == "auto"


def test_options_that_are_not_chosen_stay(graph: tlg.Graph, dev: Any) -> None:
    start = SearchOptions(beam=9.0, lm_weight=0.7, acoustic_scale=1.3)
    report = tune(graph, *dev, unit="char", start=start, hotwords=HOT, search=False)
    assert report.options["beam"] == 9 and report.options["lm_weight"] == 0.7
    assert report.options["acoustic_scale"] == 1.3


def test_bad_sets(graph: tlg.Graph, dev: Any) -> None:
    inputs, refs = dev
    with pytest.raises(InputError, match="'u0' has no reference"):
        tune(graph, inputs, {})
    with pytest.raises(InputError, match="there are no utterances"):
        tune(graph, {}, refs)
    with pytest.raises(InputError, match="no hotword of the list occurs"):
        tune(graph, inputs, refs, hotwords={"险险险": 0.0}, search=False)
    report = tune(graph, inputs, refs, unit="char", hotwords={"保险": 0.0}, search=False)
    assert any("distractors" in note for note in report.notes)


def test_command(graph: tlg.Graph, dev: Any, tmp_path: Path) -> None:
    inputs, refs = dev
    np.savez(tmp_path / "dev.npz", **inputs)
    (tmp_path / "refs.tsv").write_text("".join(f"{k}\t{v}\n" for k, v in refs.items()), encoding="utf-8")
    (tmp_path / "hot.txt").write_text("\n".join(HOT), encoding="utf-8")
    graph.save(tmp_path / "graph")
    args = ["--graph", "graph", "--refs", "refs.tsv", "dev.npz", "--unit", "char", "-o", "tuned.json"]
    args = [str(tmp_path / arg) if (tmp_path / arg).exists() or "tuned" in arg else arg for arg in args]
    hot = ["--hotwords", str(tmp_path / "hot.txt")]
    done = CliRunner().invoke(tune_command, [*args, *hot, "--only-hotwords", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert json.loads((tmp_path / "tuned.json").read_text()) == found["options"]
    assert found["best"]["hotword_bias"] == found["options"]["hotword_bias"]
    done = CliRunner().invoke(tune_command, [*args, "--only-hotwords"])
    assert done.exit_code == 2 and "--only-hotwords goes with --hotwords" in done.output
    done = CliRunner().invoke(tune_command, args)
    assert done.exit_code == 0 and "settings tried" in done.output


def test_command_with_options_of_the_list(
    graph: tlg.Graph, dev: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, refs = dev
    np.savez(tmp_path / "dev.npz", **inputs)
    (tmp_path / "refs.tsv").write_text("".join(f"{k}\t{v}\n" for k, v in refs.items()), encoding="utf-8")
    (tmp_path / "hot.txt").write_text("\n".join(HOT) + "\nQ\n", encoding="utf-8")
    graph.save(tmp_path / "graph")
    args = ["--graph", tmp_path / "graph", "--refs", tmp_path / "refs.tsv", tmp_path / "dev.npz"]
    args += ["-o", tmp_path / "tuned.json"]
    command = [*map(str, args), "--unit", "char"]
    listed = ["--hotwords", str(tmp_path / "hot.txt"), "--only-hotwords", "--json"]
    lm = ["--hotword-lm", str(folder / "lm.arpa")]
    done = CliRunner().invoke(tune_command, [*command, *listed, *lm, "--fold", "width", "--match", "units"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["trials"][-1]["hotword_bias"] == "auto"
    assert any("1 phrases of the list are rejected" in note for note in found["notes"])
    for options in (lm, ["--fold", "case"], ["--no-attach"]):
        done = CliRunner().invoke(tune_command, [*command, *options])
        assert done.exit_code == 2 and f"{options[0]} goes with --hotwords" in done.output
    # A list that cannot be made is told before anything is tried.
    monkeypatch.setattr("tlg.decoder.tune.Decoder", None)
    done = CliRunner().invoke(tune_command, [*command, *listed, "--boundary", "zz"])
    assert isinstance(done.exception, OptionError)


def test_a_place_that_cannot_be_written_is_told_before_anything_is_tried(
    graph: tlg.Graph, dev: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, refs = dev
    np.savez(tmp_path / "dev.npz", **inputs)
    (tmp_path / "refs.tsv").write_text("".join(f"{k}\t{v}\n" for k, v in refs.items()), encoding="utf-8")
    graph.save(tmp_path / "graph")
    tried: list[object] = []
    monkeypatch.setattr("tlg.cli.tune.tune_options", lambda *args, **options: tried.append(args))
    args = ["--graph", tmp_path / "graph", "--refs", tmp_path / "refs.tsv", tmp_path / "dev.npz"]
    done = CliRunner().invoke(tune_command, [*map(str, args), "-o", str(tmp_path / "nowhere" / "t.json")])
    assert isinstance(done.exception, OutputError)
    assert not tried
