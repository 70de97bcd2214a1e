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
