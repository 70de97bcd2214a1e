"""Figures that others computed on real posteriors, computed again with tlg."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlg.decoder.evaluate import score
from tlg.decoder.graph import TokenTable
from tlg.decoder.greedy import greedy
from tlg.decoder.inputs import read_inputs

SPACES = {"<space>": " ", "<ideographic-space>": "\u3000"}


# level: greedy CER in % and hotword recall in %, as printed in the data's README (made without tlg)
@pytest.mark.parametrize(
    ("level", "cer", "recall"), [("easy", 2.44, 93.1), ("mid", 7.81, 84.9), ("hard", 19.87, 67.5)]
)
def test_greedy_on_ocr_lines(level: str, cer: float, recall: float, shared: Path) -> None:
    folder = shared / "data" / "ctc" / "ocr"
    rows = [line.split("\t") for line in (folder / "refs.tsv").read_text(encoding="utf-8").splitlines()]
    references = {name: text for kind, name, _, text in rows if kind == level}
    table = TokenTable.load(folder / "tokens.txt")
    found = {}
    for name, frames in read_inputs(folder / f"{level}.npz"):
        tokens = greedy(frames, table).tokens
        found[name] = "".join(SPACES.get(token, token) for token in tokens)
    listed = [line.split("\t") for line in (folder / "hotwords.tsv").read_text(encoding="utf-8").splitlines()]
    true = [phrase for kind, phrase, what in listed if (kind, what) == (level, "true")]
    report = score(references, found, unit="char", hotwords=true)
    assert 100 * report.rate == pytest.approx(cer, abs=0.005)
    assert report.hotwords is not None
    assert report.hotwords.recall is not None
    assert 100 * report.hotwords.recall == pytest.approx(
        recall, abs=1.0
    )  # overlapping names are counted otherwise there
