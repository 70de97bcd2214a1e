"""The Python of docs/lm_query.md runs, block after block."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tlg.cli.lm import lm

PAGE = Path(__file__).resolve().parent.parent / "docs" / "lm_query.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    found = blocks("python")
    assert len(found) >= 9
    for block in found:
        exec(compile(block, PAGE.name, "exec"), names)  # noqa: S102 - the document itself is under test
    Path("test.txt").write_text("the dog sat\n", encoding="utf-8")
    Path("train.txt").write_text("\n".join(names["text"]), encoding="utf-8")
    for block in blocks("sh"):
        for line in block.strip().splitlines():
            words = shlex.split(line)
            assert words[:2] == ["tlg", "lm"]
            done = CliRunner().invoke(lm, words[2:], catch_exceptions=False)
            assert done.exit_code == 0 and done.stdout, line
