"""The Python of docs/lattice_files.md runs, and prints what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tlg.decoder.lattice_files import FORMATS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "lattice_files.md"


def test_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    pairs = re.findall(r"```python\n(.*?)```\s+prints\s+```text\n(.*?)```", text, re.DOTALL)
    assert pairs
    for code, printed in pairs:
        run = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", code], check=True, capture_output=True, encoding="utf-8"
        )
        assert run.stdout == printed


def test_every_format_is_listed() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, form in FORMATS.items():
        assert f"`{name}`" in text
        for suffix in form.suffixes:
            assert f"`{suffix}`" in text or suffix == ".gv"
