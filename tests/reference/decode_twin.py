"""A decoder from the definition alone: every frame labelling is tried, none is pruned. Slow; for tiny cases.

A graph here is a list of arcs (source, target, ilabel, olabel, cost) with start 0 and {state: final cost};
ilabel 0 is epsilon, else token id + 1. Epsilon arcs make no cycles.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Arc = tuple[int, int, int, int, float]


@dataclass
class Best:
    score: float = -math.inf
    tokens: tuple[int, ...] = ()
    words: tuple[int, ...] = ()


def collapse(labels: Sequence[int], blank: int) -> tuple[int, ...]:
    """The CTC rule: repeats become one, blanks go."""
    runs = [label for label, _ in itertools.groupby(labels)]
    return tuple(label for label in runs if label != blank)


def graph_paths(
    arcs: Sequence[Arc], finals: Mapping[int, float], tokens: Sequence[int], cost_of: Callable[[Arc], float]
) -> list[tuple[float, tuple[int, ...]]]:
    """All (cost, words) of the complete paths that read the tokens."""
    found: list[tuple[float, tuple[int, ...]]] = []

    def walk(state: int, position: int, cost: float, words: tuple[int, ...]) -> None:
        if position == len(tokens) and state in finals:
            found.append((cost + finals[state], words))
        for arc in arcs:
            source, target, ilabel, olabel, _ = arc
            if source != state:
                continue
            further = (*words, olabel) if olabel else words
            if ilabel == 0:
                walk(target, position, cost + cost_of(arc), further)
            elif position < len(tokens) and ilabel == tokens[position] + 1:
                walk(target, position + 1, cost + cost_of(arc), further)

    walk(0, 0, 0.0, ())
    return found


def decode(
    arcs: Sequence[Arc],
    finals: Mapping[int, float],
    log_probs: Sequence[Sequence[float]],
    *,
    blank: int | None,
    **options: Any,
) -> Best:
    """The best path; options as in decode_all()."""
    found = decode_all(arcs, finals, log_probs, blank=blank, **options)
    return max(found.values(), key=lambda best: best.score, default=Best())


def decode_all(
    arcs: Sequence[Arc],
    finals: Mapping[int, float],
    log_probs: Sequence[Sequence[float]],
    *,
    blank: int | None,
    acoustic_scale: float = 1.0,
    lm_weight: float = 1.0,
    word_score: float = 0.0,
    blank_penalty: float = 0.0,
    reward: Callable[[tuple[int, ...], tuple[int, ...]], float] = lambda tokens, words: 0.0,
) -> dict[tuple[int, ...], Best]:
    """The best path of each word sequence: over CTC labellings with ``blank``, or, with None, one token a frame."""
    width = len(log_probs[0]) if log_probs else 0
    acoustic: dict[tuple[int, ...], float] = {}
    for labels in itertools.product(range(width), repeat=len(log_probs)):
        score = sum(acoustic_scale * row[label] for row, label in zip(log_probs, labels, strict=True))
        if blank is not None:
            score -= blank_penalty * labels.count(blank)
        tokens = labels if blank is None else collapse(labels, blank)
        acoustic[tokens] = max(acoustic.get(tokens, -math.inf), score)

    def cost_of(arc: Arc) -> float:
        return lm_weight * arc[4] - (word_score if arc[3] else 0.0)

    weighted = {state: lm_weight * cost for state, cost in finals.items()}
    found: dict[tuple[int, ...], Best] = {}
    for tokens, score in acoustic.items():
        if score == -math.inf:
            continue
        for cost, words in graph_paths(arcs, weighted, tokens, cost_of):
            total = score - cost + reward(tokens, words)
            if total > found.get(words, Best()).score:
                found[words] = Best(total, tokens, words)
    return found
