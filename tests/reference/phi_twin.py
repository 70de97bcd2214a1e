"""What a transducer with failure arcs costs, by following them: written from their definition.

A failure arc is taken, without reading a label, where no other arc of the state has the wanted label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# (from, to, label, cost); a final state is (state, cost)
Arc = tuple[int, int, int, float]


def read_text(text: str) -> tuple[list[Arc], dict[int, float]]:
    """Read OpenFst's text form of an acceptor written as a transducer; the first state named is the start."""
    arcs: list[Arc] = []
    finals: dict[int, float] = {}
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) == 2:
            finals[int(fields[0])] = float(fields[1])
        else:
            source, target, ilabel, olabel = map(int, fields[:4])
            assert ilabel == olabel
            arcs.append((source, target, ilabel, float(fields[4])))
    return arcs, finals


def path_cost(arcs: Iterable[Arc], finals: dict[int, float], labels: Sequence[int], phi: int | None) -> float:
    by_label: dict[tuple[int, int], tuple[int, float]] = {}
    for source, target, label, cost in arcs:
        assert (source, label) not in by_label, "not deterministic"
        by_label[source, label] = (target, cost)
    state, total = 0, 0.0
    for label in labels:
        while (state, label) not in by_label:
            assert phi is not None, "no arc, and no failure arc"
            state, cost = by_label[state, phi]
            total += cost
        state, cost = by_label[state, label]
        total += cost
    return total + finals[state]
