"""The Python of docs/streaming.md runs, and prints what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "streaming.md"


def test_code() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1
    code = blocks[0] + "\nassert result.text == '今天天气很好', result.text\n"
    run = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code], check=True, capture_output=True, encoding="utf-8"
    )
    lines = run.stdout.splitlines()
    assert "rule2 我在阳光保险上班" in lines
    assert all(" | " in line or line.startswith("rule") for line in lines)
