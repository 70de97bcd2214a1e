"""tlg lm info and convert on ARPA files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.arpa_zoo import BASE, ZOO
from tlg.cli.lm.convert import convert
from tlg.cli.lm.info import info


def run_info(*args: str) -> str:
    done = CliRunner().invoke(info, args, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_info(tmp_path: Path) -> None:
    path = tmp_path / "lm.arpa"
    path.write_bytes(ZOO["crlf.arpa"].data)
    assert run_info(str(path)).splitlines() == [
        f"{path}: order 3, {path.stat().st_size} bytes",
        "1-grams: 6",
        "2-grams: 8",
        "3-grams: 8",
        "vocabulary: 6 words; special ones: <s>, </s>, <unk>",
        "mended: line 1: CR at the end of lines removed (34 lines)",
    ]
    figures = json.loads(run_info(str(path), "--json"))
    assert figures["vocabulary"] == 6 and figures["symbol_clashes"] == [] and "sums" not in figures
    path.write_bytes(ZOO["eps_word.arpa"].data)
    assert "note: <eps> would clash with symbols of a graph" in run_info(str(path))


def test_check(tmp_path: Path) -> None:
    path = tmp_path / "lm.arpa"
    path.write_text(BASE, encoding="utf-8")
    rows = json.loads(run_info(str(path), "--check", "--json"))["sums"]
    assert [row["length"] for row in rows] == [0, 1, 2]
    assert all(row["off"] == 0 and row["worst"] == pytest.approx(1, abs=1e-5) for row in rows)
    path.write_bytes(ZOO["interp_zero_sum.arpa"].data)
    text = run_info(str(path), "--check")
    assert "sums after 0 words: 1 contexts, 1 off by more than 0.001, worst 1.8" in text


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz"])
def test_recompressing(suffix: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in.arpa.gz", tmp_path / f"out.arpa{suffix}"
    source.write_bytes(gzip.compress(BASE.encode()))
    done = CliRunner().invoke(convert, [str(source), str(target)], catch_exceptions=False)
    assert done.exit_code == 0
    again = tmp_path / "again.arpa"
    CliRunner().invoke(convert, [str(target), str(again)], catch_exceptions=False)
    assert again.read_text(encoding="utf-8") == BASE
