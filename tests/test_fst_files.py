"""OpenFst files: both ways with pynini, and no corruption that is not a clear error."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graph_cases import LEXICA, TRIGRAM, build
from tlg import _core
from tlg.errors import GraphError, MissingFileError, OutputError

# Accepts "a", says foo, costs 0.5; or reads nothing, then "b b ...".
TEXT = """0 1 1 7 0.5
0 2 0 0 1.25
1 0.75
2 2 2 0
2"""


def compile_text(text: str) -> _core.Fst:
    """Compile OpenFst's text form, numbers for labels: `from to ilabel olabel [cost]`, `final [cost]`."""
    arcs: dict[int, list[tuple[int, int, float, int]]] = {}
    finals: dict[int, float] = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) > 2:
            cost = float(fields[4]) if len(fields) > 4 else 0.0
            arc = (int(fields[2]), int(fields[3]), cost, int(fields[1]))
            arcs.setdefault(int(fields[0]), []).append(arc)
        else:
            finals[int(fields[0])] = float(fields[1]) if len(fields) > 1 else 0.0
    count = 1 + max([*arcs, *finals, *(a[3] for out in arcs.values() for a in out)])
    flat: list[tuple[int, int, float, int]] = []
    rows = []
    for state in range(count):
        out = arcs.get(state, [])
        rows.append((finals.get(state, np.inf), len(flat), len(out), 0, 0))
        flat += out
    empty = _core.parse_fst(EMPTY, "empty")
    states = np.array(rows, dtype=empty.states().dtype)
    return _core.Fst(0, states, np.array(flat, dtype=empty.arcs().dtype))


def header(kind: bytes, arc: bytes, version: int, flags: int, start: int, states: int, arcs: int) -> bytes:
    names = struct.pack("<i", len(kind)) + kind + struct.pack("<i", len(arc)) + arc
    return (
        struct.pack("<i", 2125659606) + names + struct.pack("<iiQqqq", version, flags, 3, start, states, arcs)
    )


EMPTY = header(b"vector", b"standard", 2, 0, -1, 0, 0)
STATE = struct.pack("<fq", 0.0, 0)


def cost(weight: Any) -> float:
    return float(np.float32(str(weight).replace("Infinity", "inf")))  # pynini prints nine digits


def same(a: _core.Fst, b: _core.Fst) -> bool:
    def rows(fst: _core.Fst) -> list[Any]:
        arcs = fst.arcs().tolist()
        return [(s[0], s[3:], arcs[s[1] : s[1] + s[2]]) for s in fst.states().tolist()]

    return a.start == b.start and rows(a) == rows(b)


@pytest.mark.parametrize("kind", ["const", "vector"])
@pytest.mark.parametrize("text", [TEXT, "0", "0 1 3 0 0.5\n1"], ids=["two_ways", "one_state", "one_arc"])
def test_round_trip(tmp_path: Path, text: str, kind: str) -> None:
    made = compile_text(text)
    made.write(str(tmp_path / "x.fst"), kind)
    assert same(made, _core.Fst.read(str(tmp_path / "x.fst")))
    assert [p.name for p in tmp_path.iterdir()] == ["x.fst"]


def test_empty_round_trip(tmp_path: Path) -> None:
    empty = _core.parse_fst(EMPTY, "empty")
    for kind in ("const", "vector"):
        empty.write(str(tmp_path / "x.fst"), kind)
        assert _core.Fst.read(str(tmp_path / "x.fst")).num_states == 0


@pytest.mark.parametrize("kind", ["const", "vector"])
def test_pynini_reads_ours(tmp_path: Path, kind: str) -> None:
    pynini = pytest.importorskip("pynini", exc_type=ImportError)
    graph = build(TRIGRAM, LEXICA["prefixes"], tmp_path)
    graph.fst.write(str(tmp_path / "x.fst"), kind)
    read = pynini.Fst.read(str(tmp_path / "x.fst"))
    assert read.verify() and read.num_states() == graph.fst.num_states
    # Recomputed properties must agree with the ones in the file.
    assert read.properties(pynini.I_LABEL_SORTED, True) == pynini.I_LABEL_SORTED
    ours = graph.fst.arcs().tolist()
    for state, row in enumerate(graph.fst.states().tolist()):
        theirs = [(a.ilabel, a.olabel, cost(a.weight), a.nextstate) for a in read.arcs(state)]
        assert theirs == [tuple(a) for a in ours[row[1] : row[1] + row[2]]]
        assert cost(read.final(state)) == row[0]


@pytest.mark.parametrize("symbols", [False, True], ids=["no_symbols", "symbols"])
@pytest.mark.parametrize("kind", ["const", "vector"])
def test_we_read_pyninis(tmp_path: Path, kind: str, symbols: bool) -> None:
    pynini = pytest.importorskip("pynini", exc_type=ImportError)
    import pywrapfst

    compiler = pywrapfst.Compiler(fst_type=kind)
    compiler.write(TEXT)
    fst = compiler.compile()
    if symbols:
        table = pywrapfst.SymbolTable()
        for symbol in ("<eps>", "a", "日本"):
            table.add_symbol(symbol)
        fst = pynini.Fst.from_pywrapfst(pywrapfst.convert(fst, "vector"))
        fst.set_input_symbols(table)
        fst.set_output_symbols(table)
        fst = pywrapfst.convert(fst, kind)
    path = tmp_path / "x.fst"
    fst.write(str(path))
    assert same(_core.Fst.read(str(path)), compile_text(TEXT))
    # What stands behind the transducer is not ours to judge, what is missing is.
    data = path.read_bytes()
    for end in range(len(data)):
        with pytest.raises(GraphError):
            _core.parse_fst(data[:end], "cut")


BAD = {
    "no_fst": (b"\\data\\ ngram 1=3", "is no OpenFst binary file"),
    "empty": (b"", "is no OpenFst binary file"),
    "compact": (header(b"compact_acceptor", b"standard", 2, 0, 0, 1, 0), "type 'compact_acceptor'"),
    "log": (header(b"vector", b"log", 2, 0, 0, 1, 0) + STATE, "arcs of type 'log'"),
    "old": (header(b"vector", b"standard", 1, 0, 0, 1, 0) + STATE, "format version 1"),
    "flags": (header(b"vector", b"standard", 2, 64, 0, 1, 0) + STATE, "unknown flags 64"),
    "start": (header(b"vector", b"standard", 2, 0, 1, 1, 0) + STATE, "start state is 1 of 1"),
    "no_start": (header(b"vector", b"standard", 2, 0, -1, 1, 0) + STATE, "start state -1"),
    "too_many_states": (header(b"const", b"standard", 2, 4, 0, 2**40, 0), "states do not fit"),
    "too_many_arcs": (header(b"const", b"standard", 2, 0, 0, 0, 2**40), "arcs do not fit"),
    "name_too_long": (struct.pack("<ii", 2125659606, 2**30), "the length of the header"),
    "arcs_of_a_state": (
        header(b"vector", b"standard", 2, 0, 0, 1, 0) + struct.pack("<fq", 0, 2**61),
        "more than the file holds",
    ),
    "nextstate": (
        header(b"vector", b"standard", 2, 0, 0, 1, 1) + struct.pack("<fqiifi", 0, 1, 1, 1, 0, 5),
        "arc to state 5 of 1",
    ),
    "label": (
        header(b"vector", b"standard", 2, 0, 0, 1, 1) + struct.pack("<fqiifi", 0, 1, -1, 1, 0, 0),
        "negative label",
    ),
    "nan": (
        header(b"vector", b"standard", 2, 0, 0, 1, 1) + struct.pack("<fqiifi", 0, 1, 1, 1, np.nan, 0),
        "NaN",
    ),
    "symbols": (header(b"vector", b"standard", 2, 1, 0, 1, 0) + STATE, "symbol table"),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD)
def test_bad_file(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "bad.fst").write_bytes(data)
    with pytest.raises(GraphError, match="bad.fst: .*" + message) as caught:
        _core.Fst.read(str(tmp_path / "bad.fst"))
    assert caught.value.remedy


def test_states_to_the_end_of_the_file() -> None:
    streamed = header(b"vector", b"standard", 2, 0, 0, -1, 0) + 2 * STATE
    assert _core.parse_fst(streamed, "streamed").num_states == 2


def test_missing_and_unwritable(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"none\.fst: no such file"):
        _core.Fst.read(str(tmp_path / "none.fst"))
    with pytest.raises(OutputError, match="no regular file"):
        _core.Fst.read(str(tmp_path))
    with pytest.raises(OutputError, match="cannot be written"):
        compile_text(TEXT).write(str(tmp_path / "no" / "x.fst"))


@pytest.mark.parametrize("kind", ["const", "vector"])
def test_mutated_files_never_crash(tmp_path: Path, kind: str) -> None:
    """Seeded fuzzing: a damaged file is refused, or is a transducer that passes every check."""
    build(TRIGRAM, LEXICA["prefixes"], tmp_path).fst.write(str(tmp_path / "x.fst"), kind)
    original = (tmp_path / "x.fst").read_bytes()
    dice = random.Random(7)
    refused = 0
    for _ in range(4000):
        data = bytearray(original)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data))
            where = dice.choice([at, dice.randrange(72)])
            data[where : where + 1] = dice.choice(
                [b"", b"\xff", b"\x00", b"\x80", dice.randbytes(1), b"\x7f" * 4]
            )
        try:
            fst = _core.parse_fst(bytes(data), "mutated")
        except GraphError:
            refused += 1
            continue
        assert fst.num_states == 0 or 0 <= fst.start < fst.num_states
        assert all(0 <= a[3] < fst.num_states for a in fst.arcs().tolist()[:100])
    assert refused > 1000


arcs = st.tuples(
    st.integers(0, 5), st.integers(0, 5), st.integers(0, 3), st.integers(0, 3), st.integers(0, 9)
)


@settings(deadline=None)
@given(st.lists(arcs, min_size=1, max_size=14), st.lists(st.integers(0, 5), min_size=1))
def test_connect_sort_and_cycles(rows: list[tuple[int, int, int, int, int]], finals: list[int]) -> None:
    pynini = pytest.importorskip("pynini", exc_type=ImportError)
    lines = [f"{a} {b} {i} {o} {w}" for a, b, i, o, w in rows] + [f"{s}" for s in finals]
    made = compile_text("\n".join(lines))
    theirs = pynini.Fst()
    theirs.add_states(made.num_states)
    theirs.set_start(0)
    for a, b, i, o, w in rows:
        theirs.add_arc(a, pynini.Arc(i, o, w, b))
    for s in finals:
        theirs.set_final(s)
    epsilons = theirs.copy()
    for s in epsilons.states():
        kept = [a.copy() for a in epsilons.arcs(s) if a.ilabel == 0]
        epsilons.delete_arcs(s)
        for arc in kept:
            epsilons.add_arc(s, arc)
    cyclic = bool(epsilons.properties(pynini.CYCLIC, True) & pynini.CYCLIC)
    assert (made.find_input_epsilon_cycle() >= 0) == cyclic
    connected = made.connect()
    theirs.connect()
    assert connected.num_states == theirs.num_states()
    assert connected.num_arcs == sum(theirs.num_arcs(s) for s in theirs.states())
    flat = made.sort_arcs()
    for row in flat.states().tolist():
        labels = [a[0] for a in flat.arcs().tolist()[row[1] : row[1] + row[2]]]
        assert labels == sorted(labels)
    assert sorted(flat.arcs().tolist()) == sorted(made.arcs().tolist())
