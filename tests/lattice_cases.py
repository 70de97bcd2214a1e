"""Lattices for tests: a sentence with its alternatives, corner cases, random ones."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from tests.reference.lattice_twin import Arc, Score, State
from tlg.decoder.lattice import Lattice
from tlg.decoder.lattice_paths import make_core

WORDS = ("<eps>", "the", "cat", "hat", "sat", "on", "at", "mat", "a", "flat", "cats")
NONE: Score = (0.0, 0.0, 0.0)


class Case(NamedTuple):
    """A lattice in the form of tests/reference/lattice_twin.py."""

    states: list[State]
    arcs: list[Arc]
    num_frames: int

    def lattice(self, *, acoustic_scale: float = 1.0, partial: bool = False) -> Lattice:
        states = [(0, frame, final is not None, final or NONE) for frame, final in self.states]
        core = make_core(states, self.arcs, self.num_frames, partial)
        return Lattice(core, WORDS, acoustic_scale=acoustic_scale)


SENTENCE = Case(
    [
        (0, None),
        (12, None),
        (14, None),
        (30, None),
        (33, None),
        (50, None),
        (60, None),
        (64, None),
        (70, None),
        (100, (-1.0, -2.0, 0.0)),
    ],
    [
        (0, 1, 1, (-3.0, -1.0, 0.0)),
        (0, 2, 8, (-4.0, -1.5, 0.0)),
        (1, 3, 2, (-5.0, -3.0, 0.0)),
        (1, 4, 3, (-5.5, -3.0, 0.0)),
        (1, 4, 10, (-6.0, -4.0, 1.0)),
        (2, 3, 3, (-5.0, -3.25, 0.0)),
        (3, 5, 4, (-4.0, -2.0, 0.0)),
        (4, 5, 4, (-4.0, -2.0, 0.0)),
        (5, 6, 5, (-2.0, -1.0, 0.0)),
        (5, 7, 6, (-2.5, -1.25, 0.0)),
        (6, 8, 1, (-3.0, -1.0, 0.0)),
        (6, 9, 9, (-9.0, -5.0, 0.0)),
        (7, 8, 1, (-2.75, -1.0, 0.0)),
        (8, 9, 3, (-5.25, -3.0, 0.0)),
        (8, 9, 7, (-5.0, -3.0, 0.0)),
    ],
    100,
)
# Final states on the way, frames behind them, words without frames.
CORNERS = Case(
    [(0, None), (3, (-0.5, -0.25, 0.0)), (5, NONE), (5, (-1.0, 0.0, 0.5))],
    [
        (0, 1, 4, (-1.0, -2.0, 0.5)),
        (0, 2, 5, (-1.5, -2.0, 0.0)),
        (1, 2, 3, (-0.5, -1.0, 0.0)),
        (1, 3, 7, NONE),
        (2, 3, 1, (-0.125, -0.25, 0.0)),
    ],
    8,
)
ONE_WORD = Case([(0, None), (5, NONE)], [(0, 1, 2, (-2.0, -1.0, 0.0))], 5)
NO_WORD = Case([(0, (-4.0, -1.0, 0.0))], [], 3)
NO_PATH = Case([], [], 0)
NAMED = {
    "sentence": SENTENCE,
    "corners": CORNERS,
    "one_word": ONE_WORD,
    "no_word": NO_WORD,
    "no_path": NO_PATH,
}

# Eighths: sums are exact, in float32 too.
EIGHTHS = st.integers(-80, 24).map(lambda n: n / 8)
SCORES = st.tuples(EIGHTHS, EIGHTHS, st.integers(0, 16).map(lambda n: n / 8))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any lattice of up to seven states."""
    size = draw(st.integers(1, 7))
    frames = [0, *sorted(draw(st.lists(st.integers(0, 9), min_size=size - 1, max_size=size - 1)))]
    finals = [draw(st.none() | SCORES) for _ in range(size)]
    finals[-1] = finals[-1] or draw(SCORES)
    arcs: list[Arc] = []
    for source in range(size - 1):
        words = sorted(draw(st.sets(st.integers(1, 5), max_size=3)))
        arcs += [(source, draw(st.integers(source + 1, size - 1)), word, draw(SCORES)) for word in words]
    return trimmed(Case(list(zip(frames, finals, strict=True)), arcs, max(frames) + draw(st.integers(0, 2))))


def trimmed(case: Case) -> Case:
    """What lies on paths."""
    begun, ends = {0}, {number for number, (_, final) in enumerate(case.states) if final is not None}
    for source, target, _, _ in case.arcs:
        if source in begun:
            begun.add(target)
    for source, target, _, _ in reversed(case.arcs):
        if target in ends:
            ends.add(source)
    if 0 not in ends:
        return Case([], [], case.num_frames)
    kept = sorted(begun & ends)
    new = {old: number for number, old in enumerate(kept)}
    arcs = [
        (new[source], new[target], word, score)
        for source, target, word, score in case.arcs
        if source in new and target in new
    ]
    return Case([case.states[old] for old in kept], arcs, case.num_frames)
