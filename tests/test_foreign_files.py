"""The files of other toolkits: tables of words and tokens, also inside a transducer, and transducers as text."""

from __future__ import annotations

import json
import math
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import DATA
from tlg import Decoder, Graph
from tlg.decoder.graph.fst_text import read_fst_text
from tlg.decoder.graph.tables import embedded_tables, read_config_words, read_symbol_rows
from tlg.errors import GraphError, TlgError, TokensError

FOREIGN = DATA / "foreign"


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        return Path(shutil.copytree(FOREIGN / name, tmp_path / name))

    return make


def test_words_of_config_yaml(tmp_path: Path) -> None:
    """FunASR#1528: quotes and backslashes, which are not escaped there."""
    path = tmp_path / "config.yaml"
    path.write_text('lang: zh\ntoken_list:\n- "<eps>"\n- "a"b"\n- "c\\d"\n\n- plain\n- \'one\'\nnext: 1\n')
    assert read_config_words(path) == ["<eps>", 'a"b', "c\\d", "plain", "one"]
    for text, message in (
        ("words:\n- a\n", "has no token_list"),
        ("token_list:\n", "the token_list is empty"),
        ("token_list:\n- a\n  b\n", r"config\.yaml:3: is not '- \"word\"'"),
    ):
        path.write_text(text)
        with pytest.raises(GraphError, match=message):
            read_config_words(path)
    path.write_bytes(b"token_list:\n- \xff\n")
    with pytest.raises(GraphError, match="UTF-8"):
        read_config_words(path)


def test_tokens_of_json(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(json.dumps({"<blank>": 0, "a": 2, "b": 1}))
    assert read_symbol_rows(path).by_id == {0: "<blank>", 1: "b", 2: "a"}
    for text, message in (
        ("[1, 2]", "neither a list"),
        ('{"a": 0, "b": 0}', "neither"),
        ("{", "is no JSON"),
        ("[" * 99999, "is no JSON"),
    ):
        path.write_text(text)
        with pytest.raises(TokensError, match=message):
            read_symbol_rows(path)


def test_damaged_tables_inside(copy: Callable[[str], Path]) -> None:
    path = copy("nemo") / "TLG.fst"
    data = path.read_bytes()
    inputs, outputs = embedded_tables(path)
    assert inputs is not None and outputs is not None and outputs.by_id[0] == "<eps>"
    for size in range(0, 600, 7):
        path.write_bytes(data[:size])
        with pytest.raises(TlgError, match=r"TLG\.fst"):
            Graph.load(path.parent)
    place = data.index(b"<unk>")
    path.write_bytes(data[:place] + b"\xff" + data[place + 1 :])
    with pytest.raises(GraphError, match="symbol table inside is not UTF-8"):
        Graph.load(path.parent)
    path.write_bytes(data[: place - 4] + struct.pack("<i", -1) + data[place:])
    with pytest.raises(GraphError, match="symbol"):
        Graph.load(path.parent)


TEXTS: dict[str, tuple[str, list[tuple[int, int, int, float, int]], dict[int, float]]] = {
    # (from, ilabel, olabel, cost, to), final costs
    "openfst": ("0 1 2 3 0.5\n1 0 1 0\n1 0.25\n", [(0, 2, 3, 0.5, 1), (1, 1, 0, 0, 0)], {1: 0.25}),
    "openfst_starts_elsewhere": ("1 0 1 0 1\n0\n", [(1, 1, 0, 1, 0)], {0: 0}),
    "k2": (
        "0 0 0 0 0\n0 1 2 7 -0.5\n0 2 -1 -1 -1\n2\n",
        [(0, 1, 0, 0, 0), (0, 3, 7, 0.5, 1), (0, 0, 0, 1, 2)],
        {2: 0},
    ),
    "k2_inner_labels": ("0 1 2 7 2 -0.5\n1 2 -1 -1 -1 0\n2\n", [(0, 3, 7, 0.5, 1), (1, 0, 0, 0, 2)], {2: 0}),
    "k2_lists": (
        'k2.Fsa: 0 1 2 2 [ 7 8 ] -0.5\n1 2 -1 -1 [ 9 -1 ] -1\n2\nproperties_str = "Valid".\n',
        [(0, 0, 7, 0.5, 3), (1, 0, 9, 1, 2), (3, 3, 8, 0, 1)],
        {2: 0},
    ),
    "k2_as_openfst": ("0 0 0 [ ] 0\n0 1 1 [ 7 ] 0.5\n1 2\n", [(0, 1, 0, 0, 0), (0, 2, 7, 0.5, 1)], {1: 2}),
}


@pytest.mark.parametrize("case", TEXTS.values(), ids=TEXTS)
def test_text(case: tuple[str, list[Any], dict[int, float]], tmp_path: Path) -> None:
    text, arcs, finals = case
    (tmp_path / "HLG.txt").write_text(text)
    fst, _ = read_fst_text(tmp_path / "HLG.txt")
    assert fst.start == int(text.removeprefix("k2.Fsa: ").split()[0])
    found = []
    for state, row in enumerate(fst.states()):
        for arc in fst.arcs()[row["arcs"] : row["arcs"] + row["num_arcs"]]:
            found.append((state, *arc.tolist()))
    assert found == arcs
    assert {s: c for s, c in enumerate(fst.states()["final_cost"].tolist()) if c < math.inf} == finals


BAD_TEXTS = {
    "nothing": ("\n", "holds no arc and no state"),
    "symbols": (
        "0 1 a b\n",
        r"HLG\.txt:1: is no arc and no final state of OpenFst's text form: '0 1 a b'.*in numbers",
    ),
    "acceptor": ("0 1 2\n", "is no arc"),
    "acceptor_with_cost": ("0 1 2 0.5\n", "is no arc"),
    "too_many": ("0 1 2 3 4 5\n", "is no arc"),
    "negative_label": ("0 1 -2 3\n", "is no arc"),
    "negative_state": ("-1 1 2 3\n", "is no arc"),
    "not_a_number": ("0 1 2 3 nan\n", "is no arc"),
    "final_of_words": ("x\n", "is no arc"),
    "k2_acceptor": ("0 1 2 0.5\n1 2 -1 0\n2\n", "of k2's text form.*k2.to_str"),
    "k2_below": ("0 1 -2 [ 1 ] 0\n", "of k2's text form"),
    "not_utf_8": (b"0 1 \xff 3\n", "UTF-8"),
}


@pytest.mark.parametrize("case", BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_bad_text(case: tuple[str | bytes, str], tmp_path: Path) -> None:
    text, message = case
    (tmp_path / "HLG.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(GraphError, match=message):
        read_fst_text(tmp_path / "HLG.txt")


def test_text_of_openfst_is_read_like_its_binary(copy: Callable[[str], Path]) -> None:
    folder = copy("wenet-corrected")
    graph = Graph.load(folder)
    rows = []
    for state, row in enumerate(graph.fst.states()):
        for ilabel, olabel, cost, target in graph.fst.arcs()[
            row["arcs"] : row["arcs"] + row["num_arcs"]
        ].tolist():
            rows.append(f"{state} {target} {ilabel} {olabel} {cost!r}\n")
        if row["final_cost"] < math.inf:
            rows.append(f"{state} {float(row['final_cost'])!r}\n")
    (folder / "TLG.fst").unlink()
    (folder / "TLG.fst.txt").write_text("".join(rows))
    again = Graph.load(folder)
    assert again.info.built["label_offset"] == 1 and np.array_equal(again.fst.arcs(), graph.fst.arcs())
    x = np.log(np.full((4, 7), 1 / 7, dtype=np.float32))
    assert Decoder(again).decode(x) == Decoder(graph).decode(x)
