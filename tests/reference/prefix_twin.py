"""CTC prefix search from its definition alone: every labelling, summed over its alignments; slow and meant to be read.

The score of a labelling: the log of the sum over all alignments of the product over frames of p ** acoustic_scale,
times exp(-blank_penalty) for a blank; plus what a caller adds for its words and units.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = tuple[int, ...]


def alignment_score(
    log_probs: NDArray[np.float64],
    labels: Labels,
    blank: int,
    acoustic_scale: float = 1.0,
    blank_penalty: float = 0.0,
    *,
    best: bool = False,
) -> float:
    """Return the log of the sum (or the greatest) over the alignments, by the forward recursion."""
    scaled = np.asarray(log_probs, np.float64) * acoustic_scale
    scaled[:, blank] -= blank_penalty
    states = [blank]
    for label in labels:
        states += [label, blank]
    add = max if best else np.logaddexp
    alpha = [-math.inf] * len(states)
    for t, row in enumerate(scaled):
        now = []
        for s, label in enumerate(states):
            ways = [alpha[s], alpha[s - 1] if s > 0 else -math.inf]
            if s > 1 and label not in (blank, states[s - 2]):
                ways.append(alpha[s - 2])
            if t == 0:
                ways = [0.0 if s < 2 else -math.inf]
            total = -math.inf
            for way in ways:
                total = float(add(total, way))
            now.append(total + float(row[label]))
        alpha = now
    if not len(scaled):
        return 0.0 if not labels else -math.inf
    return float(add(alpha[-1], alpha[-2] if len(alpha) > 1 else -math.inf))


def labellings(units: Sequence[int], longest: int) -> Iterator[Labels]:
    for length in range(longest + 1):
        yield from itertools.product(units, repeat=length)


@dataclass(frozen=True)
class Scored:
    labels: Labels
    words: tuple[str, ...]
    am: float
    extra: float

    @property
    def total(self) -> float:
        return self.am + self.extra


def search(
    log_probs: NDArray[np.float64],
    units: Sequence[int],
    blank: int,
    readings: Callable[[Labels], Iterator[tuple[tuple[str, ...], float]]],
    acoustic_scale: float = 1.0,
    blank_penalty: float = 0.0,
) -> list[Scored]:
    """Return every labelling with each of its readings (words, what they add), the best first."""
    found = []
    for labels in labellings(units, len(log_probs)):
        am = alignment_score(log_probs, labels, blank, acoustic_scale, blank_penalty)
        if am == -math.inf:
            continue
        found += [Scored(labels, words, am, extra) for words, extra in readings(labels)]
    return sorted(found, key=lambda one: -one.total)


def separated(labels: Labels, symbols: Sequence[str], separator: int) -> tuple[str, ...]:
    """Return what is between separators."""
    words = [""]
    for label in labels:
        if label == separator:
            words.append("")
        else:
            words[-1] += symbols[label]
    return tuple(word for word in words if word)


def pieced(labels: Labels, symbols: Sequence[str]) -> tuple[str, ...]:
    """Return the words of pieces, which U+2581 begins."""
    return tuple("".join(symbols[label] for label in labels).replace("\u2581", " ").split())


def pronounced(labels: Labels, lexicon: dict[str, list[Labels]]) -> Iterator[tuple[str, ...]]:
    """Yield the ways to read the labels as pronunciations one after another."""
    if not labels:
        yield ()
    for word, pronunciations in lexicon.items():
        for pronunciation in pronunciations:
            if labels[: len(pronunciation)] == pronunciation and pronunciation:
                for rest in pronounced(labels[len(pronunciation) :], lexicon):
                    yield (word, *rest)


def best_spans(
    log_probs: NDArray[np.float64], labels: Labels, blank: int
) -> tuple[float, set[tuple[int, ...]]]:
    """Return the score of the best alignments, by trying all, and those alignments."""
    frames, num_tokens = log_probs.shape
    best, paths = -math.inf, set()
    for path in itertools.product(range(num_tokens), repeat=frames):
        if tuple(key for key, _ in itertools.groupby(path) if key != blank) != labels:
            continue
        score = float(sum(log_probs[t, token] for t, token in enumerate(path)))
        if score > best + 1e-12:
            best, paths = score, {path}
        elif score > best - 1e-12:
            paths.add(path)
    return best, paths
