"""The Python of docs/prefix_beam.md and docs/from_pyctcdecode.md runs, and their tables name what there is."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tlg
from tlg.decoder.prefix import _ELSEWHERE, PrefixOptions

DOCS = Path(__file__).resolve().parent.parent / "docs"
KNOWN = {
    *inspect.signature(tlg.PrefixDecoder.__init__).parameters,
    *PrefixOptions.__dataclass_fields__,
    *inspect.signature(tlg.PrefixDecoder.decode_batch).parameters,
}


@pytest.mark.parametrize("page", ["prefix_beam.md", "from_pyctcdecode.md"])
def test_code(page: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        subprocess.run([sys.executable, "-c", block], check=True)


def test_options_named_in_the_tables_exist() -> None:
    text = (DOCS / "from_pyctcdecode.md").read_text(encoding="utf-8")
    rows = [line.replace("\\|", "").split("|") for line in text.splitlines() if line.startswith("|")]
    named = {name for row in rows for name in re.findall(r"`(\w+)=", row[2])}
    assert {"lm_weight", "unk_score", "word_separator", "lexicon"} <= named
    assert named <= KNOWN


def test_options_of_others_are_in_the_tables() -> None:
    text = (DOCS / "from_pyctcdecode.md").read_text(encoding="utf-8")
    assert [name for name in _ELSEWHERE if f"`{name}" not in text] == []
