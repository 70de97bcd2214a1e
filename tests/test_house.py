"""The rules of the house: who may use whom, how long a file may be, what the documents promise."""

from __future__ import annotations

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import tlg
from tlg import _core
from tlg.cli import COMMANDS, LazyGroup

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("decoder", "lm", "hotwords")
MAX_LINES = 500

# C++ room -> the rooms whose headers it may include, besides its own.
CPP_RULES: dict[str, set[str]] = {
    "util": set(),
    "fst": {"util"},
    "lm": {"util"},
    "hotwords": {"util", "fst"},
    "graph": {"util", "fst", "lm"},
    "decoder": {"util", "fst", "hotwords"},
    "bindings": {"util", "fst", "lm", "hotwords", "graph", "decoder"},
}
# Single headers of other rooms: the contract, not what keeps it.
CPP_CONTRACTS: dict[str, set[str]] = {"decoder": {"lm/lm_model.h"}}
BASE = {"tlg.errors", "tlg._files", "tlg._arrays", "tlg._core"}
# Python room -> what it may import of tlg, besides itself.
PYTHON_RULES: dict[str, set[str]] = {
    "tlg.errors": set(),
    "tlg._files": {"tlg.errors"},
    "tlg._arrays": {"tlg.errors", "tlg._core"},
    "tlg.lm": BASE,
    "tlg.hotwords": BASE,
    "tlg.decoder": BASE | {"tlg.lm", "tlg.hotwords"},
    "tlg.cli": BASE | {"tlg.lm", "tlg.hotwords", "tlg.decoder"},
    "tlg.__main__": {"tlg.cli"},
    "tlg": BASE | {"tlg.lm", "tlg.hotwords", "tlg.decoder"},
}


def python_files() -> list[Path]:
    """The package, as it lies in the tree."""
    return sorted(p for room in (*ROOMS, "src/tlg") for p in (ROOT / room).rglob("*.py"))


def cpp_files() -> list[Path]:
    return sorted(p for p in (ROOT / "csrc").rglob("*") if p.suffix in (".h", ".cc"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[1:] if parts[0] == "src" else ("tlg", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, module) of each import; "from tlg import _core" is tlg._core."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            if node.module == "tlg":
                yield from ((node.lineno, f"tlg.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, str(node.module)


def test_includes_go_one_way() -> None:
    wrong = []
    for path in cpp_files():
        room = path.relative_to(ROOT / "csrc").parts[0]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = re.match(r'\s*#\s*include\s*(["<])([^">]+)', line)
            if found is None:
                continue
            quote, header = found.groups()
            if header in CPP_CONTRACTS.get(room, ()):
                continue
            if quote == '"' and header.split("/")[0] not in CPP_RULES[room] | {room}:
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {room} may not include {header}")
            if room != "bindings" and re.match(r"(Python\.h|pybind11/)", header):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: Python outside csrc/bindings")
    assert wrong == []


def test_headers_open_with_what_they_are_for() -> None:
    wrong = []
    for path in cpp_files():
        if path.suffix == ".h":
            lines = path.read_text(encoding="utf-8").splitlines()
            code = [line for line in lines if line and not line.startswith("//")]
            opening = " ".join(line.lstrip("/ ") for line in lines[: lines.index("")])
            if not lines[0].startswith("//") or not (
                code[0] == "#pragma once" or "no include guard" in opening
            ):
                wrong.append(str(path.relative_to(ROOT)))
            if any(re.match(r"\s*using namespace", line) for line in lines):
                wrong.append(f"{path.relative_to(ROOT)}: using namespace")
    assert wrong == []


def test_imports_go_one_way() -> None:
    wrong = []
    for path in python_files():
        module = module_name(path)
        room = room_of(module)
        for number, name in imported(path):
            if name.split(".")[0] != "tlg":
                continue
            target = room_of(name)
            if target == room:
                continue
            if target not in PYTHON_RULES[room]:
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {room} may not import {name}")
    assert wrong == []


def test_reference_implementations_stand_alone() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "reference"}
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {name}"
        for path in sorted((ROOT / "tests" / "reference").rglob("*.py"))
        for number, name in imported(path)
        if name.split(".")[0] not in allowed and not name.startswith("tests.reference.")
    ]
    assert wrong == [], "an oracle that calls tlg proves nothing"


def test_files_are_read_in_one_sitting() -> None:
    listed = [*python_files(), *cpp_files()]
    for folder in ("tests", "examples", "benchmarks"):
        listed += [p for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".h", ".cc")]
    long = {
        str(path.relative_to(ROOT)): lines
        for path in listed
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}, f"more than {MAX_LINES} lines: split by idea"


def test_one_version() -> None:
    version = (ROOT / "VERSION").read_text(encoding="ascii").strip()
    assert tlg.__version__ == _core.__version__ == version


@pytest.mark.parametrize("name", [module_name(p) for p in python_files() if p.stem != "__main__"])
def test_public_names_exist(name: str) -> None:
    module = importlib.import_module(name)
    assert list(module.__all__) == sorted(set(module.__all__), key=ruff_order)
    for public in module.__all__:
        assert hasattr(module, public), f"{name}.__all__ names {public}, which is not there"


def ruff_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as ruff's RUF022 sorts __all__."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def documents() -> list[Path]:
    folders = [ROOT, ROOT / "docs", ROOT / "examples" / "speech", ROOT / "examples" / "ocr"]
    return [path for folder in folders for path in sorted(folder.glob("*.md"))]


@pytest.mark.parametrize("path", documents(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def shell_lines(path: Path) -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [line.split("#")[0].split() for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_commands_of_the_readme_exist(name: str) -> None:
    lines = shell_lines(ROOT / name)
    assert lines
    for words in lines:
        if words[0] == "build-tlg":
            command: click.Command | None = importlib.import_module("tlg.cli.build").build
            rest = words[1:]
        else:
            assert words[0] == "tlg", words
            command, rest = LazyGroup("tlg", COMMANDS, ""), words[1:]
            while isinstance(command, click.Group):
                command = command.get_command(click.Context(command), rest[0])
                assert command is not None, f"{name}: there is no command '{' '.join(words)}'"
                rest = rest[1:]
        assert command is not None
        known = {option for parameter in command.params for option in parameter.opts}
        for word in rest:
            assert not word.startswith("-") or word in known, f"{name}: '{' '.join(words[:3])}' has no {word}"


@pytest.mark.parametrize("name", ["README.md", "README.zh.md", "CONTRIBUTING.md"])
def test_make_targets_of_the_documents_exist(name: str) -> None:
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    mentioned = re.findall(
        r"(?:`|^    )make ([a-z]+)", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert mentioned
    assert set(mentioned) <= targets


def test_sdist_and_wheel_hold_what_the_tree_holds(tmp_path: Path) -> None:
    """Build the sdist from a copy of the tree, and from it all of a wheel but the compiled core."""
    if not (ROOT / "setup.py").exists() or shutil.which("make") is None:
        pytest.skip("not a source tree")
    leave = shutil.ignore_patterns(
        ".*", "build", "dist", "*.egg-info", "__pycache__", "*.so", "*.pyd", "out", "shared"
    )
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=leave)
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}

    def setup(folder: Path, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "setup.py", "-q", *arguments],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
        )

    setup(tree, "sdist", "--dist-dir", str(tmp_path / "dist"))
    (archive,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        # Python before 3.11.4 knows no filters.
        options: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        packed.extractall(tmp_path / "unpacked", **options)
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    for path in [
        *cpp_files(),
        *documents(),
        ROOT / "Makefile",
        ROOT / "LICENSE",
        ROOT / "tests" / "test_house.py",
    ]:
        assert (unpacked / path.relative_to(ROOT)).is_file(), f"{path.relative_to(ROOT)} is not in the sdist"

    setup(unpacked, "build_py", "--build-lib", str(tmp_path / "lib"))
    built = {p.relative_to(tmp_path / "lib").as_posix() for p in (tmp_path / "lib").rglob("*") if p.is_file()}
    wanted = {
        "tlg/" + p.relative_to(ROOT / "src" / "tlg").as_posix() for p in (ROOT / "src" / "tlg").rglob("*.py*")
    }
    wanted |= {"tlg/" + p.relative_to(ROOT).as_posix() for room in ROOMS for p in (ROOT / room).rglob("*.py")}
    wanted = {name for name in wanted if "__pycache__" not in name and not name.endswith((".pyd", ".pyc"))}
    assert built == wanted | {"tlg/py.typed"}
