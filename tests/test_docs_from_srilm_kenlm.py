"""Every command of docs/from_srilm_kenlm.md runs, top to bottom, and its Python too."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tlg.cli.lm import lm

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "from_srilm_kenlm.md"
ZIPF = ROOT / "tests" / "data" / "lm_goldens" / "zipf.txt"
# What sends text through another program's syntax stands in comments; these are tlg's own words.
WRITTEN = re.compile(r"[\w.-]+\.(?:arpa|tlglm|counts)\b")


def parts() -> list[tuple[str, str]]:
    """The code blocks in their order, each with its language."""
    return re.findall(r"```(sh|python)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def make_files() -> None:
    lines = ZIPF.read_text(encoding="utf-8").splitlines()
    Path("train.txt").write_text("\n".join(lines[:300]) + "\nthe dog sat on the mat\n", encoding="utf-8")
    Path("heldout.txt").write_text("\n".join(lines[300:350]) + "\n", encoding="utf-8")
    Path("test.txt").write_text("\n".join(lines[350:]) + "\nthe zebra sat\n", encoding="utf-8")
    words = sorted({word for line in lines[:50] for word in line.split()})
    Path("words.txt").write_text("\n".join([*words, "the"]) + "\n", encoding="utf-8")
    Path("new.txt").write_text("zebra\nokapi\n", encoding="utf-8")


def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_files()
    ran = 0
    for language, block in parts():
        if language == "python":
            names: dict[str, Any] = {}
            exec(compile(block, PAGE.name, "exec"), names)  # noqa: S102 - the document itself is under test
            assert names["total"] == pytest.approx(sum(one[0] for one in names["full"]), abs=1e-4)
            assert names["known"] and names["order"] == 5 and not names["same"] and len(names["best"]) == 5
            continue
        comment = ""
        for line in block.splitlines():
            if line.startswith("#"):
                comment = line
                continue
            words = shlex.split(line)
            assert words[:2] == ["tlg", "lm"] and comment, line
            done = CliRunner().invoke(lm, words[2:], catch_exceptions=False)
            assert done.exit_code == 0, (line, done.output)
            for name in WRITTEN.findall(line):
                assert Path(name).stat().st_size > 0, line
            comment = ""  # each command says what it stands for
            ran += 1
    assert ran >= 25


def test_commands_of_the_tables_exist() -> None:
    text = re.sub(r"```.*?```", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    named = re.findall(r"`tlg lm ([a-z-]+)([^`]*)`", text)
    assert named
    for name, options in named:
        command = lm.commands.get(name) or lm.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None, name
        known = {option for parameter in command.params for option in parameter.opts}
        for option in re.findall(r"--[a-z-]+", options):
            assert option in known, f"tlg lm {name} has no {option}"
