"""Paths of a lattice, over its arrays: the best ones in order, and how far each arc is from the best.

Not for: posteriors (csrc/decoder/lattice/lattice_posteriors.h), the path nearest to a reference
(csrc/decoder/lattice/lattice_oracle.h).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tlg import _core

__all__ = ["ArcLists", "arc_lists", "best_arc_paths", "best_rest", "make_core", "slacks", "sub_lattice"]


def make_core(
    states: Sequence[tuple[Any, ...]], arcs: Sequence[tuple[Any, ...]], num_frames: int, partial: bool
) -> _core.Lattice:
    """Return the arrays of a lattice from tuples.

    Args:
        states: (any number, frame, whether a path may end here, (am, graph, hotword) of ending).
        arcs: (source, target, label, (am, graph, hotword)), in the order of their sources.
        num_frames: of the utterance.
        partial: see Lattice.

    Raises:
        LatticeError: what makes no lattice; names the first state or arc.
    """
    return _core.Lattice(
        states=np.array(list(states), _core.Lattice.state_dtype()),
        arcs=np.array(list(arcs), _core.Lattice.arc_dtype()),
        num_frames=num_frames,
        partial=partial,
    )


class ArcLists(NamedTuple):
    """A lattice's arrays as lists, which plain loops read faster.

    Attributes:
        first_arc: of each state, and behind the last one.
        source, target, word, score: of each arc; the score is the total.
        final: of each state, the total of ending there; -inf where no path ends.
    """

    first_arc: list[int]
    source: list[int]
    target: list[int]
    word: list[int]
    score: list[float]
    final: list[float]


def arc_lists(core: _core.Lattice) -> ArcLists:
    """Return the lists of a lattice."""
    states, arcs = core.states(), core.arcs()
    ends = states["final_score"]
    totals = (ends["am"] + ends["graph"] + ends["hotword"]).tolist()
    scores = arcs["score"]
    return ArcLists(
        first_arc=[*states["first_arc"].tolist(), len(arcs)],
        source=arcs["source"].tolist(),
        target=arcs["target"].tolist(),
        word=arcs["word"].tolist(),
        score=(scores["am"] + scores["graph"] + scores["hotword"]).tolist(),
        final=[
            total if is_final else -math.inf
            for total, is_final in zip(totals, states["is_final"].tolist(), strict=True)
        ],
    )


def best_rest(lists: ArcLists) -> list[float]:
    """Return the score of the best way on from each state to an end."""
    rest = list(lists.final)
    for arc in range(len(lists.source) - 1, -1, -1):  # arcs lie in the order of their states
        source = lists.source[arc]
        rest[source] = max(rest[source], lists.score[arc] + rest[lists.target[arc]])
    return rest


def best_arc_paths(lists: ArcLists, count: int) -> list[list[int]]:
    """Return the arcs of the `count` best paths, best first; of equal scores the lower words first.

    No two paths of a lattice have the same words, so these are the best word sequences.

    Source: A* (Hart, Nilsson and Raphael, 1968); what lies ahead is known exactly, so each path that comes out whole
    is the next best.
    """
    if not lists.final or count < 1:
        return []
    rest = best_rest(lists)
    heap = [(-rest[0], _Way(None, -1, 0, 0, 0.0, True))]
    found: list[list[int]] = []
    visits = [0] * len(lists.final)
    while heap and len(found) < count:
        _, way = heapq.heappop(heap)
        if not way.goes_on:
            found.append([step.arc for step in way.steps()])
            continue
        state = way.state
        visits[state] += 1
        if visits[state] > count:  # as many better ways to this state go on in the same way
            continue
        if lists.final[state] > -math.inf:
            whole = way.score + lists.final[state]
            heapq.heappush(heap, (-whole, _Way(way.before, way.arc, way.word, state, whole, False)))
        for arc in range(lists.first_arc[state], lists.first_arc[state + 1]):
            target, reached = lists.target[arc], way.score + lists.score[arc]
            step = _Way(way, arc, lists.word[arc], target, reached, True)
            heapq.heappush(heap, (-(reached + rest[target]), step))
    return found


class _Way:
    """A way from the start to a state, by its last step; of two with equal scores the lower words come first."""

    __slots__ = ("arc", "before", "goes_on", "score", "state", "word")

    def __init__(
        self, before: _Way | None, arc: int, word: int, state: int, score: float, goes_on: bool
    ) -> None:
        self.before = before
        self.arc = arc
        self.word = word
        self.state = state
        self.score = score
        self.goes_on = goes_on  # False: it ends in this state

    def steps(self) -> list[_Way]:
        """Return the ways to each state behind the start."""
        steps = []
        way: _Way | None = self
        while way is not None and way.arc >= 0:
            steps.append(way)
            way = way.before
        return steps[::-1]

    def __lt__(self, other: _Way) -> bool:
        mine, others = ([step.word for step in way.steps()] for way in (self, other))
        return (mine, self.goes_on) < (others, other.goes_on)


def slacks(lists: ArcLists) -> tuple[list[float], list[float]]:
    """Return by how much the best path through each arc, and through each end, is worse than the best path.

    An end that is none is infinitely worse.
    """
    rest = best_rest(lists)
    reached = [-math.inf] * len(lists.final)
    reached[:1] = [0.0]
    for arc, source in enumerate(lists.source):
        target = lists.target[arc]
        reached[target] = max(reached[target], reached[source] + lists.score[arc])
    best = rest[0] if rest else 0.0
    of_arcs = [
        best - (reached[source] + lists.score[arc] + rest[lists.target[arc]])
        for arc, source in enumerate(lists.source)
    ]
    of_ends = [best - (reached[state] + final) for state, final in enumerate(lists.final)]
    return of_arcs, of_ends


def sub_lattice(core: _core.Lattice, beam: float) -> tuple[_core.Lattice, list[int]]:
    """Return the lattice of the paths' parts within `beam` of the best path, and its arcs' former numbers."""
    lists = arc_lists(core)
    of_arcs, of_ends = slacks(lists)
    # Rounding makes the best path itself a little worse than itself.
    most = beam + 1e-9 * (1.0 + max(map(abs, lists.score), default=0.0))
    stays = [end <= most for end in of_ends]
    kept = [arc for arc, slack in enumerate(of_arcs) if slack <= most]
    # At the edge of the beam rounding may keep an arc and not the next one.
    ends = list(stays)
    for arc in reversed(kept):
        ends[lists.source[arc]] |= ends[lists.target[arc]]
    begun = [state == 0 for state in range(len(ends))]
    for arc in kept:
        begun[lists.target[arc]] |= begun[lists.source[arc]]
    kept = [arc for arc in kept if begun[lists.source[arc]] and ends[lists.target[arc]]]
    used = [state for state in range(len(ends)) if begun[state] and ends[state]]
    number = {state: new for new, state in enumerate(used)}
    states, arcs = core.states()[used].copy(), core.arcs()[kept].copy()
    states["is_final"] = [stays[state] for state in used]
    for name in ("am", "graph", "hotword"):
        states["final_score"][name] *= states["is_final"]
    arcs["source"] = [number[lists.source[arc]] for arc in kept]
    arcs["target"] = [number[lists.target[arc]] for arc in kept]
    small = _core.Lattice(states=states, arcs=arcs, num_frames=core.num_frames, partial=core.partial)
    return small, kept
