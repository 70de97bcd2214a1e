"""``tlg hotwords check`` as its user sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def tlg(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tlg", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def write(folder: Path, hotwords: str) -> tuple[Path, Path]:
    (folder / "tokens.txt").write_text("<blk> 0\n阳 1\n光 2\n", encoding="utf-8")
    (folder / "hot.txt").write_text(hotwords, encoding="utf-8")
    return folder / "hot.txt", folder / "tokens.txt"


def test_table_and_json(tmp_path: Path) -> None:
    hot, tokens = write(tmp_path, "阳光 5\n阳光龙\n")
    shown = tlg("hotwords", "check", hot, "--tokens", tokens)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "accepted" in shown.stdout
    assert "'龙' (U+9F99) is not among the tokens" in shown.stdout
    assert "2 phrases: 1 accepted, 0 duplicates, 1 rejected" in shown.stdout
    data = json.loads(tlg("hotwords", "check", hot, "--tokens", tokens, "--json", "--bias", "1").stdout)
    assert data["entries"][0]["reward"] == 7
    assert data["num_rejected"] == 1


def test_rewards_at_the_scale_of_the_search(tmp_path: Path) -> None:
    hot, tokens = write(tmp_path, "阳光 5\n阳光光 :2\n")
    command = ("hotwords", "check", hot, "--tokens", tokens, "--json")
    data = json.loads(tlg(*command, "--acoustic-scale", "3").stdout)
    assert [entry["reward"] for entry in data["entries"]] == [2 * 4.5 + 5, 3 * 2]
    done = tlg(*command, "--acoustic-scale", "0")
    assert (done.returncode, "acoustic_scale=0.0 is not above 0" in done.stderr) == (1, True)


def test_json_lists_have_lines(tmp_path: Path) -> None:
    hot, tokens = write(tmp_path, '{"阳光": 5,\n\n "龙": 1}')
    data = json.loads(tlg("hotwords", "check", hot, "--tokens", tokens, "--json").stdout)
    assert [entry["line"] for entry in data["entries"]] == [1, 3]
    shown = tlg("hotwords", "check", hot, "--tokens", tokens).stdout.splitlines()
    assert shown[0].split()[0] == "line" and shown[2].split()[:2] == ["3", "龙"]


def test_exit_status(tmp_path: Path) -> None:
    hot, tokens = write(tmp_path, "龙\n")
    assert tlg("hotwords", "check", hot, "--tokens", tokens).returncode == 1  # nothing of it is usable
    hot.write_text("", encoding="utf-8")
    assert tlg("hotwords", "check", hot, "--tokens", tokens).returncode == 0
    missing = tlg("hotwords", "check", tmp_path / "none.txt", "--tokens", tokens)
    assert missing.returncode == 1
    assert missing.stderr.startswith("tlg: ")
    assert "no such file" in missing.stderr
    assert "Traceback" not in missing.stderr
    hot.write_text("阳光 1e999\n", encoding="utf-8")
    assert (
        "hot.txt:1: the number 1e999 is not finite"
        in tlg("hotwords", "check", hot, "--tokens", tokens).stderr
    )
    assert tlg("hotwords", "check", hot).returncode == 2
    assert "Example" in tlg("hotwords", "check", "--help").stdout


def test_warnings_and_folding(tmp_path: Path) -> None:
    (tmp_path / "tokens.txt").write_text("_ 0\n" + "".join(f"{c} {i}\n" for i, c in enumerate("abcd", 1)))
    (tmp_path / "hot.txt").write_text("ABCD #0.3\nabca\n", encoding="utf-8")
    options = ("--tokens", tmp_path / "tokens.txt", "--fold", "case")
    table = tlg("hotwords", "check", tmp_path / "hot.txt", *options).stdout
    assert "warning: folded to 'abcd'" in table
    assert "warning: '#0.3' has no effect here" in table
    assert "it is one unit from 'abca' of line 2" in table
    data = json.loads(tlg("hotwords", "check", tmp_path / "hot.txt", *options, "--json").stdout)
    assert [entry["folded"] for entry in data["entries"]] == ["abcd", None]
    assert len(data["entries"][0]["warnings"]) == 3


def test_export(tmp_path: Path) -> None:
    hot, tokens = write(tmp_path, "阳光 5\n阳光龙\n")
    out, symbols = tmp_path / "hot.fst", tmp_path / "hot.syms"
    options = (hot, "--tokens", tokens, "--blank", "<blk>", "-o", out)
    done = tlg("hotwords", "export", *options, "--symbols", symbols, "--kind", "text", "--bias", "1")
    assert done.returncode == 0
    assert "hot.txt:2: '阳光龙' left out: '龙'" in done.stderr
    assert "num_states: 2" in done.stdout
    # From the start: light up the first unit (1 nat is lent), or not; then 7 in all, or nothing.
    assert out.read_text(encoding="utf-8") == (
        "0\t1\t2\t2\t-1.0\n0\t0\t3\t3\t0.0\n0\t0.0\n1\t0\t3\t3\t-6.0\n1\t0\t4\t4\t1.0\n1\t1.0\n"
    )
    assert symbols.read_text(encoding="utf-8") == "<eps>\t0\n阳\t2\n光\t3\n#phi\t4\n"
    figures = json.loads(tlg("hotwords", "export", *options, "--failure", "expanded", "--json").stdout)
    assert figures == {"num_phrases": 1, "num_states": 2, "num_arcs": 4, "phi_label": None}
    hot.write_text("龙\n", encoding="utf-8")
    out.unlink()
    assert tlg("hotwords", "export", *options).returncode == 1
    assert not out.exists()
    assert "Example" in tlg("hotwords", "export", "--help").stdout


def test_bias_from_a_model(tmp_path: Path) -> None:
    hot, tokens = write(tmp_path, "阳光\n")
    (tmp_path / "lm.arpa").write_text(
        "\\data\\\nngram 1=5\n\n\\1-grams:\n-1 <unk>\n-99 <s>\n-1 </s>\n-0.1 阳\n-2 光\n\n\\end\\\n",
        encoding="utf-8",
    )
    command = ("hotwords", "check", hot, "--tokens", tokens, "--json")
    data = json.loads(tlg(*command, "--bias", "auto", "--lm", tmp_path / "lm.arpa").stdout)
    log10 = (-1.0, -1.0, -0.1, -2.0)
    average = sum(10**p * p for p in log10)
    assert abs(data["entries"][0]["bias"] - 0.6 * 2.302585 * (2 * 0.24 * average + 2.1) / 2) < 1e-3
    halved = json.loads(
        tlg(*command, "--bias", "auto", "--lm", tmp_path / "lm.arpa", "--lm-weight", "0.5").stdout
    )
    assert abs(halved["entries"][0]["bias"] - data["entries"][0]["bias"] / 2) < 1e-3
    for options in (["--bias", "auto"], ["--lm", "x"], ["--bias", "much"], ["--lm-weight", "2"]):
        assert tlg(*command, *options).returncode == 2
