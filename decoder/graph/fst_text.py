"""Transducers as text: OpenFst's (fstprint with numbers) and k2's (k2.to_str).

Not for: graphs of millions of arcs (binary files load at once), acceptors, symbols in place of numbers.
"""

from __future__ import annotations

import math
import re

import numpy as np

from tlg import _core
from tlg._files import PathLike, read_text
from tlg.errors import GraphError, TextError

__all__ = ["read_fst_text"]

STATE = np.dtype(
    [("final_cost", "<f4"), ("arcs", "<u4"), ("num_arcs", "<u4"), ("input", "<u4"), ("output", "<u4")]
)
ARC = np.dtype([("ilabel", "<i4"), ("olabel", "<i4"), ("weight", "<f4"), ("nextstate", "<i4")])
FORM = "Write lines 'from to input output [cost]' and 'final [cost]', in numbers (fstprint without symbols)"
K2_FORM = "Write it with k2.to_str(fsa)"


def read_fst_text(path: PathLike) -> tuple[_core.Fst, bool]:
    """Return the transducer, and whether it is k2's (then its input labels are token ids + 1 already).

    k2's form is known by input labels -1, on the arcs into its final state, or by lists of output labels in
    brackets. There label 0 is the token 0 and no epsilon; an arc that says several words becomes a chain.

    Raises:
        GraphError: a line of another form, with its number.
    """
    try:
        text = read_text(path)
    except TextError as error:
        raise GraphError(error.message, remedy=error.remedy, file=error.file, line=error.line) from error
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    end = next((i for i, (_, line) in enumerate(lines) if line.startswith("properties_str")), len(lines))
    lines = [(number, line.removeprefix("k2.Fsa: ")) for number, line in lines[:end]]
    has_final_arcs = any(line.split()[2:3] == ["-1"] for _, line in lines)
    is_k2 = has_final_arcs or any("[" in line for _, line in lines)
    reader = _Reader(str(path), is_k2, -1.0 if has_final_arcs else 1.0)
    for number, line in lines:
        reader.take(number, line)
    return reader.fst(), is_k2


class _Reader:
    """Takes the lines one after the other. ``sign``: -1 where weights are scores, 1 where they are costs."""

    def __init__(self, name: str, is_k2: bool, sign: float) -> None:
        self.name, self.is_k2, self.sign = name, is_k2, sign
        self.start = self.largest = -1
        self.arcs: list[tuple[int, int, int, list[int], float]] = []  # from, to, ilabel, words, cost
        self.finals: dict[int, float] = {}

    def take(self, number: int, line: str) -> None:
        several = re.search(r"\[([^\]]*)\]", line)
        fields = (line if several is None else line.replace(several.group(0), " ")).split()
        try:
            if len(fields) <= 2 and several is None:
                self._take_final(int(fields[0]), float(fields[1]) if len(fields) == 2 else 0.0)
            elif several is not None:  # from to label [other labels] score
                words = [int(word) for word in several.group(1).split()]
                self._take_arc(fields, 3, words, range(4, 6))
            else:  # from to label output [other labels] score; the score may be left out in OpenFst's form
                self._take_arc(fields, 4, [int(fields[3])], range(5, 7) if self.is_k2 else range(4, 6))
        except (ValueError, IndexError) as error:
            raise GraphError(
                f"is no arc and no final state of {'k2' if self.is_k2 else 'OpenFst'}'s text form: {line[:60]!r}",
                remedy=K2_FORM if self.is_k2 else FORM,
                file=self.name,
                line=number,
            ) from error

    def _take_arc(self, fields: list[str], whole: int, words: list[int], sizes: range) -> None:
        source, target, label = (int(field) for field in fields[:3])
        cost = self.sign * float(fields[-1]) if len(fields) > whole else 0.0
        if len(fields) not in sizes or min(source, target) < 0 or math.isnan(cost):
            raise ValueError
        if label < (-1 if self.is_k2 else 0) or min(words, default=0) < (-1 if self.is_k2 else 0):
            raise ValueError
        self._see(source, target)
        if label == -1:
            self.finals[target] = 0.0
        # k2's -1 becomes 0: an epsilon arc into the final state.
        self.arcs.append((source, target, label + self.is_k2, [word for word in words if word > 0], cost))

    def _take_final(self, state: int, cost: float) -> None:
        if state < 0 or math.isnan(cost):
            raise ValueError
        self._see(state, state)
        self.finals[state] = min(cost, self.finals.get(state, math.inf))

    def _see(self, source: int, target: int) -> None:
        if self.start < 0:
            self.start = source
        self.largest = max(self.largest, source, target)

    def fst(self) -> _core.Fst:
        if self.start < 0:
            raise GraphError("holds no arc and no state", remedy=FORM, file=self.name)
        rows = []
        count = self.largest + 1
        for source, target, label, words, cost in self.arcs:
            for word in words[:-1]:
                rows.append((source, 0, word, cost, count))
                source, cost, count = count, 0.0, count + 1
            rows.append((source, label, words[-1] if words else 0, cost, target))
        rows.sort(key=lambda row: row[0])
        arcs = np.array([row[1:] for row in rows], dtype=ARC)
        states = np.zeros(count, dtype=STATE)
        states["num_arcs"] = np.bincount([row[0] for row in rows], minlength=count)
        states["arcs"] = np.cumsum(states["num_arcs"]) - states["num_arcs"]
        states["final_cost"] = math.inf
        for state, cost in self.finals.items():
            states["final_cost"][state] = cost
        return _core.Fst(self.start, states, arcs)
