"""The figures of the hotword benchmarks, against counts made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.hotword_table import Workbench
from tests.decoder_cases import SYMBOLS, say
from tlg import Graph


def heard(*frames: dict[str, float]) -> NDArray[np.float32]:
    """Return frames in which some symbols are as probable as said, and all others hardly are."""
    rows = np.full((len(frames), len(SYMBOLS)), 1e-6, np.float32)
    for row, frame in zip(rows, frames, strict=True):
        for symbol, probability in frame.items():
            row[SYMBOLS.index(symbol)] = probability
    logs: NDArray[np.float32] = np.log(rows / rows.sum(axis=1, keepdims=True))
    return logs


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("| ").split("|")]


def test_row_of_the_table(characters: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    unsure = {"光": 0.6, "定": 0.4}
    bench = Workbench(
        name="toy",
        # 阳光: heard. 保定: heard with the list alone. The last line holds no phrase and gets one.
        refs=["我阳光", "我保定", "我保光"],
        frames=[
            say("我阳光"),
            heard({"我": 1.0}, {"保": 1.0}, unsure),
            heard({"我": 1.0}, {"保": 1.0}, unsure),
        ],
        true=["阳光", "保定", "龙"],
        others=["光保"],
        unit="char",
        graph=characters,
        options={"lm_weight": 0.0},
        pronunciations={},
        threads=1,
    )
    assert bench.without == [2]
    assert bench.plain == ["我阳光", "我保光", "我保光"]
    listed = [*bench.true, *bench.others]
    bench.row("4", listed, "none", 0)
    bench.row("4", listed, "1", 1.0)
    none, one = capsys.readouterr().out.splitlines()
    # Of 9 characters one is wrong, of 4 in phrases one, of 5 others none; then one of the others alone.
    assert cells(none)[4:] == [
        "none",
        "50.0",
        "-",
        "100.0",
        "66.7",
        "0",
        "11.11",
        "25.00",
        "0.00",
        "1",
        "0",
        "0",
    ]
    assert cells(one)[4:] == ["1", "100.0", "-", "66.7", "80.0", "1", "11.11", "0.00", "20.00", "1", "1", "1"]
    assert cells(one)[2] == "33.3"  # 龙 is no word of the graph
