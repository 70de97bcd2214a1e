"""The quick start of the READMEs runs as it is printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = ["我在阳光保险上班", "阳光很好", "保险很好", "我在保定", "今天天气很好", "今天我在保定上班"]


def snippet(name: str) -> str:
    found = re.search(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert found is not None
    return found.group(1)


def write_files(folder: Path, spoken: str) -> None:
    """A lexicon in which characters spell themselves, text, and posteriors that say one sentence."""
    characters = sorted(set("".join(TEXT)))
    columns = ["<blk>", *characters]
    spaced = "".join(" ".join(line) + "\n" for line in TEXT)
    for name, content in {
        "text.txt": spaced * 3,
        "heldout.txt": spaced,
        "lexicon.txt": "".join(f"{c} {c}\n" for c in characters),
        "tokens.txt": "".join(f"{c} {i}\n" for i, c in enumerate(columns)),
    }.items():
        (folder / name).write_text(content, encoding="utf-8")
    path = [column for c in spoken for column in (columns.index(c), 0)]
    log_probs = np.full((len(path), len(columns)), np.log(0.05 / (len(columns) - 1)))
    log_probs[np.arange(len(path)), path] = np.log(0.95)
    np.save(folder / "posteriors.npy", log_probs)


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_quick_start(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, "我在阳光保险上班")
    names: dict[str, Any] = {}
    exec(compile(snippet(name), name, "exec"), names)  # noqa: S102 - the document itself is under test
    assert "".join(names["result"].text.split()) == "我在阳光保险上班"
    assert [fired.phrase for fired in names["result"].hotwords] == ["阳光保险"]
    assert "| refs:verbatim | norm:none |" in capsys.readouterr().out
