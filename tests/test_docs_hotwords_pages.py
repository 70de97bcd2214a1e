"""The Python of docs/hotwords_live.md and docs/hotwords_elsewhere.md runs, and the pages are linked."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.mark.parametrize(("name", "count"), [("hotwords_live.md", 1), ("hotwords_elsewhere.md", 2)])
def test_code(name: str, count: int) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == count
    for block in blocks:
        subprocess.run([sys.executable, "-X", "utf8", "-c", block], check=True)
    assert f"({name})" in (DOCS / "hotwords.md").read_text(encoding="utf-8")
