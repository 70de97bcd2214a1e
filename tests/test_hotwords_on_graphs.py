"""Hotwords compiled for built graphs: what Graph offers is what spelling asks for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tlg.decoder.graph import build
from tlg.decoder.graph import graph as graphs
from tlg.hotwords import Hotwords


def arpa(words: list[str]) -> str:
    unigrams = "".join(f"-1.0\t{word}\n" for word in ["</s>", *words])
    return f"\\data\\\nngram 1={len(words) + 2}\n\n\\1-grams:\n-99\t<s>\n{unigrams}\n\\end\\\n"


def make(folder: Path, lexicon: str, tokens: list[str]) -> Path:
    (folder / "lexicon.txt").write_text(lexicon, encoding="utf-8")
    (folder / "lm.arpa").write_text(
        arpa([line.split()[0] for line in lexicon.split("\n") if line]), encoding="utf-8"
    )
    build.build_graph(
        lexicon=folder / "lexicon.txt",
        tokens=tokens,
        lm=folder / "lm.arpa",
        out=folder / "graph",
        blank="<blk>",
    )
    return folder / "graph"


def test_characters(tmp_path: Path) -> None:
    folder = make(tmp_path, "阳光 阳 光\n保险 保 险\n保 保\n", ["<blk>", *"阳光保险定"])
    graph = graphs.Graph.load(folder)
    hotwords = Hotwords({"阳光保险": 1.0, "<blk>": 0}, graph=graph)
    assert hotwords.units_are == "tokens"
    assert hotwords.find(list("阳光保险")) == [("阳光保险", 0, 4, 7.0)]
    assert hotwords.unit_ids(["阳"]) == [1]
    (folder / "lexicon.txt").unlink()
    assert Hotwords(["阳光"], graph=graphs.Graph.load(folder)).units_are == "tokens"


def test_phones(tmp_path: Path) -> None:
    folder = make(tmp_path, "cat k ae t\nkat k ae t\nnew n uw\n", ["<blk>", "k", "ae", "t", "n", "uw"])
    graph = graphs.Graph.load(folder)
    hotwords = Hotwords(["cat", "new cat", "dog"], graph=graph, bias=1.0)
    assert hotwords.units_are == "words"
    assert hotwords.unit_ids(["new"]) == [list(graph.words).index("new")]
    assert hotwords.find(["kat", "cat", "new", "cat"]) == [("cat", 1, 2, 3.0), ("new cat", 2, 4, 5.0)]
    assert [entry.phrase for entry in hotwords.report.rejected] == ["dog"]

    (tmp_path / "hot.txt").write_text("cat 2\ndog\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "tlg",
        "hotwords",
        "check",
        str(tmp_path / "hot.txt"),
        "--graph",
        str(folder),
    ]
    shown = subprocess.run([*command, "--json"], capture_output=True, text=True, encoding="utf-8", check=True)
    assert [entry["status"] for entry in json.loads(shown.stdout)["entries"]] == ["accepted", "rejected"]
