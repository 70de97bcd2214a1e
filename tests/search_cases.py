"""Random small graphs and posteriors for the tests of the search."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.reference.decode_twin import Arc
from tlg import _core


@dataclass
class Case:
    arcs: list[Arc]
    finals: dict[int, float]
    num_states: int
    log_probs: NDArray[np.float32]
    blank: int

    def fst(self) -> _core.Fst:
        return make_fst(self.num_states, self.arcs, self.finals)


def make_fst(num_states: int, arcs: list[Arc], finals: dict[int, float]) -> _core.Fst:
    states = np.zeros(num_states, dtype=STATE)
    table = np.zeros(len(arcs), dtype=ARC)
    position = 0
    for state in range(num_states):
        own = [arc for arc in arcs if arc[0] == state]
        states[state] = (
            finals.get(state, math.inf),
            position,
            len(own),
            sum(arc[2] == 0 for arc in own),
            sum(arc[3] == 0 for arc in own),
        )
        for _, target, ilabel, olabel, cost in own:
            table[position] = (ilabel, olabel, cost, target)
            position += 1
    return _core.Fst(0, states, table)


STATE = np.dtype(
    [
        ("final_cost", "<f4"),
        ("arcs", "<u4"),
        ("num_arcs", "<u4"),
        ("num_input_epsilons", "<u4"),
        ("num_output_epsilons", "<u4"),
    ]
)
ARC = np.dtype([("ilabel", "<i4"), ("olabel", "<i4"), ("weight", "<f4"), ("nextstate", "<i4")])


def random_log_probs(rng: random.Random, frames: int, width: int, sharp: float = 2.0) -> NDArray[np.float32]:
    """Rows that sum to 1; some entries are -inf."""
    rows = np.array([[rng.gauss(0, sharp) for _ in range(width)] for _ in range(frames)]).reshape(
        frames, width
    )
    for row in rows:
        if rng.random() < 0.1:
            row[rng.randrange(width)] = -np.inf
    return np.asarray(rows - np.log(np.exp(rows).sum(axis=1, keepdims=True)), dtype=np.float32)


def random_case(seed: int, *, frames: int = 5, width: int = 3, blank_among: bool = True) -> Case:
    """A graph with epsilon arcs, words on any arc, several arcs with one label, repeats, dead ends."""
    rng = random.Random(seed)
    num_states = rng.randint(2, 6)
    blank = rng.randrange(width) if blank_among else -1
    units = [token for token in range(width) if token != blank]
    arcs: list[Arc] = []
    for _ in range(rng.randint(3, 14)):
        source, target = rng.randrange(num_states), rng.randrange(num_states)
        cost = rng.randint(-16, 128) / 64
        word = rng.choice([0, 0, rng.randint(1, 5)])
        if rng.random() < 0.25 and source < target:
            arcs.append((source, target, 0, word, cost))
        else:
            arcs.append((source, target, rng.choice(units) + 1, word, cost))
    finals = {state: rng.randint(0, 64) / 64 for state in range(num_states) if rng.random() < 0.5} or {
        num_states - 1: 0.0
    }
    log_probs = random_log_probs(rng, rng.randint(0, frames), width)
    return Case(arcs, finals, num_states, log_probs, blank)


def decode_all(
    decoder: _core.Decoder, batch: Sequence[NDArray[np.float32]], threads: int = 1
) -> list[_core.Hypothesis]:
    """Decode on threads; rows are taken as they are."""
    pool = _core.Batch(decoder, None, threads=threads)
    for number, rows in enumerate(batch):
        pool.add(number, rows, logits=False, tolerance=math.inf)
    return [pool.take(pool.wait(number)) for number in range(len(batch))]
