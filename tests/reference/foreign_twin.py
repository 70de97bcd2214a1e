"""The best path through a graph with a topology of its own, frame by frame; written from the definition alone."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

Arc = tuple[int, int, int, tuple[int, ...], float]  # from, to, input label, words, cost
Best = tuple[float, tuple[int, ...]]


def best_path(
    arcs: Sequence[Arc],
    finals: dict[int, float],
    frames: Sequence[Sequence[float]],
    column: Callable[[int], int | None],
    *,
    start: int = 0,
    skip_loops: bool = False,
) -> Best:
    """Return the cost and the words of the best path that ends in a final state.

    Args:
        arcs: of the graph.
        finals: state -> final cost.
        frames: log-posteriors.
        column: input label -> the column that it reads; None: it reads no frame.
        start: the first state.
        skip_loops: leave out arcs that lead back to their state.
    """
    used = [arc for arc in arcs if not (skip_loops and arc[0] == arc[1])]
    silent = [arc for arc in used if column(arc[2]) is None]
    reading = [arc for arc in used if column(arc[2]) is not None]

    def close(front: dict[int, Best]) -> dict[int, Best]:
        changed = True
        while changed:
            changed = False
            for source, target, _, words, cost in silent:
                if source in front:
                    offer = (front[source][0] + cost, front[source][1] + words)
                    if offer[0] < front.get(target, (math.inf, ()))[0] - 1e-12:
                        front[target] = offer
                        changed = True
        return front

    front = close({start: (0.0, ())})
    for frame in frames:
        following: dict[int, Best] = {}
        for source, target, label, words, cost in reading:
            place = column(label)
            assert place is not None
            if source in front and frame[place] > -math.inf:
                offer = (front[source][0] + cost - frame[place], front[source][1] + words)
                following[target] = min(offer, following.get(target, (math.inf, ())))
        front = close(following)
    return min(
        ((cost + finals[state], words) for state, (cost, words) in front.items() if state in finals),
        default=(math.inf, ()),
    )


def openfst_text(text: str) -> tuple[list[Arc], dict[int, float]]:
    """Arcs and final costs of what fstprint or kaldifst's to_str writes."""
    arcs: list[Arc] = []
    finals: dict[int, float] = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) <= 2:
            finals[int(fields[0])] = float(fields[1]) if len(fields) == 2 else 0.0
            continue
        words = (int(fields[3]),) if fields[3] != "0" else ()
        cost = float(fields[4]) if len(fields) == 5 else 0.0
        arcs.append((int(fields[0]), int(fields[1]), int(fields[2]), words, cost))
    return arcs, finals


def k2_text(text: str) -> tuple[list[Arc], dict[int, float]]:
    """Arcs and final state of what k2.to_str writes: scores, lists of words, -1 into the final state."""
    lines = text.splitlines()
    arcs: list[Arc] = []
    for line in lines[:-1]:
        found = re.fullmatch(r"(\d+) (\d+) (-?\d+) -?\d+ \[ ([-\d ]*)\] (\S+)", line)
        assert found is not None, line
        words = tuple(int(word) for word in found[4].split() if word != "-1")
        arcs.append((int(found[1]), int(found[2]), int(found[3]), words, -float(found[5])))
    return arcs, {int(lines[-1]): 0.0}
