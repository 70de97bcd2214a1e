"""Lattices the slow way: every path listed, every byte of a file taken apart. From the formulas and Kaldi's sources alone.

A lattice is (states, arcs, num_frames): states are (frame, final score or None), arcs (source, target, word, score);
a score is (am, graph, hotword).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

Score = tuple[float, float, float]
State = tuple[int, "Score | None"]
Arc = tuple[int, int, int, Score]


class Path(NamedTuple):
    """Arcs by number, words, the total score and the one without hotwords."""

    arcs: tuple[int, ...]
    words: tuple[int, ...]
    score: float
    plain: float


def all_paths(states: Sequence[State], arcs: Sequence[Arc]) -> list[Path]:
    """Every path, the best first; of equal ones the lower words."""

    def walk(state: int, taken: tuple[int, ...], total: float, plain: float) -> Iterator[Path]:
        final = states[state][1]
        if final is not None:
            words = tuple(arcs[number][2] for number in taken)
            yield Path(taken, words, total + sum(final), plain + final[0] + final[1])
        for number, (source, target, _, score) in enumerate(arcs):
            if source == state:
                yield from walk(target, (*taken, number), total + sum(score), plain + score[0] + score[1])

    found = walk(0, (), 0.0, 0.0) if states else iter(())
    return sorted(found, key=lambda path: (-path.score, path.words))


def posteriors(
    states: Sequence[State], arcs: Sequence[Arc], scale: float, with_hotwords: bool
) -> list[float]:
    """The share of the paths that take each arc."""
    paths = all_paths(states, arcs)
    scores = [scale * (path.score if with_hotwords else path.plain) for path in paths]
    most = max(scores, default=0.0)
    shares = [math.exp(score - most) for score in scores]
    total = sum(shares)
    return [
        sum(share for share, path in zip(shares, paths, strict=True) if number in path.arcs) / total
        for number in range(len(arcs))
    ]


def edit_distance(said: Sequence[Any], reference: Sequence[Any]) -> int:
    """Substitutions, insertions and deletions (Levenshtein)."""
    row = list(range(len(reference) + 1))
    for i, one in enumerate(said, 1):
        previous, row = row, [i]
        for j, other in enumerate(reference, 1):
            row.append(min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (one != other)))
    return row[-1]


class FileArc(NamedTuple):
    """An arc as a file has it; the string of a compact weight, None for other weights."""

    target: int
    ilabel: int
    olabel: int
    costs: tuple[float, ...]
    string: tuple[int, ...] | None


class FileState(NamedTuple):
    """A state as a file has it; no costs where it is not final."""

    costs: tuple[float, ...] | None
    string: tuple[int, ...] | None
    arcs: list[FileArc]


def read_binary(data: bytes) -> tuple[str, int, list[FileState], bytes]:
    """The arc type, the start and the states of an OpenFst `vector` file, and what follows it.

    Source: OpenFst's fst.cc (FstHeader::Read) and vector-fst.h, Kaldi's fstext/lattice-weight.h.
    """
    at = 0

    def take(form: str) -> tuple[Any, ...]:
        nonlocal at
        values = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return values

    def text() -> str:
        nonlocal at
        (size,) = take("i")
        at += size
        return data[at - size : at].decode("ascii")

    def weight() -> tuple[tuple[float, ...], tuple[int, ...] | None]:
        if arc_type == "standard":
            return take("f"), None
        costs = take("ff")
        if arc_type == "lattice4":
            return costs, None
        (size,) = take("i")
        return costs, take(f"{size}i")

    assert take("i") == (2125659606,)
    assert text() == "vector"
    arc_type = text()
    version, flags, _properties, start, num_states, _num_arcs = take("iiQqqq")
    assert (version, flags) == (2, 0)
    states = []
    for _ in range(num_states):
        costs, string = weight()
        (num_arcs,) = take("q")
        arcs = []
        for _ in range(num_arcs):
            ilabel, olabel = take("ii")
            arc_costs, arc_string = weight()
            (target,) = take("i")
            arcs.append(FileArc(target, ilabel, olabel, arc_costs, arc_string))
        states.append(FileState(None if math.isinf(costs[0]) else costs, string, arcs))
    return arc_type, start, states, data[at:]


def read_text(text: str, *, compact: bool) -> list[FileState]:
    """The states of one lattice in fstprint's lines.

    Source: Kaldi's lat/kaldi-lattice.cc (LatticeReader).
    """
    states: dict[int, FileState] = {}
    columns = 3 if compact else 4
    for line in text.strip("\n").split("\n"):
        fields = line.split("\t")
        costs: tuple[float, ...] = (0.0, 0.0)
        string: tuple[int, ...] | None = () if compact else None
        if len(fields) in (2, columns + 1):
            parts = fields[-1].split(",")
            costs = (float(parts[0]), float(parts[1]))
            if compact:
                string = tuple(int(label) for label in parts[2].split("_") if label)
            assert len(parts) == (3 if compact else 2)
        state = states.setdefault(int(fields[0]), FileState(None, None, []))
        if len(fields) <= 2:
            states[int(fields[0])] = FileState(costs, string, state.arcs)
        else:
            labels = [int(field) for field in fields[1:columns]]
            state.arcs.append(FileArc(labels[0], labels[1], labels[-1], costs, string))
    return [states[number] for number in range(len(states))]


def file_paths(start: int, states: Sequence[FileState]) -> dict[tuple[int, ...], tuple[float, ...]]:
    """The words of each path of a file and its summed costs; the last number is its frames, where strings tell them."""
    found: dict[tuple[int, ...], tuple[float, ...]] = {}

    def walk(number: int, words: tuple[int, ...], costs: tuple[float, ...], frames: int) -> None:
        state = states[number]
        if state.costs is not None:
            total = tuple(a + b for a, b in zip(costs, state.costs, strict=True))
            assert words not in found, "two paths with the same words"
            found[words] = (*total, frames + len(state.string or ()))
        for arc in state.arcs:
            walk(
                arc.target,
                (*words, arc.olabel) if arc.olabel else words,
                tuple(a + b for a, b in zip(costs, arc.costs, strict=True)),
                frames + (int(arc.ilabel != 0) if arc.string is None else len(arc.string)),
            )

    if start >= 0:
        sample = next(state.costs for state in states if state.costs is not None)
        walk(start, (), (0.0,) * len(sample), 0)
    return found
