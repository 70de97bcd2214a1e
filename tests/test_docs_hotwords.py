"""The Python of docs/hotwords.md runs, and its table of worked cases holds."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

from tlg.hotwords import Hotwords

PAGE = Path(__file__).resolve().parent.parent / "docs" / "hotwords.md"


def test_code() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        subprocess.run([sys.executable, "-c", block], check=True)


def test_worked_cases() -> None:
    semantics = PAGE.read_text(encoding="utf-8").partition("## Semantics")[2]
    rows = re.findall(r"^\| ([^|]+) \| (\S+) \| ([^|]+) \| (-?\d+) \|", semantics, re.MULTILINE)
    assert len(rows) == 12
    for phrases, units, matches, score in rows:
        pairs = [(text, float(w or 0)) for text, _, w in (p.partition(":") for p in phrases.split())]
        wanted = [] if matches.strip() == "-" else matches.split()
        for listed in itertools.permutations(pairs):
            hotwords = Hotwords(listed, tokens=sorted({*units, *"".join(dict(pairs))}), bias=1.0)
            assert [match.phrase for match in hotwords.find(list(units))] == wanted
            assert hotwords.score(list(units)) == float(score)
