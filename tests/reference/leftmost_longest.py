"""Leftmost-longest, non-overlapping matching from its definition alone; slow and meant to be read.

Scan from the left. At a position take the longest phrase that starts there, pay its reward n*b + w, go on
behind it; if none does, go on by one unit. Where words have boundaries, a phrase starts at the beginning,
behind a boundary or before a unit that starts a word, and ends likewise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Phrase:
    units: tuple[str, ...]
    bias: float
    word_bias: float

    @property
    def reward(self) -> float:
        value = len(self.units) * self.bias + self.word_bias
        return math.copysign(math.floor(abs(value) * 1024 + 0.5) / 1024, value)


def find(
    phrases: Sequence[Phrase],
    units: Sequence[str],
    boundary: str | None = None,
    starts_word: frozenset[str] = frozenset(),
) -> list[tuple[Phrase, int, int]]:
    def is_cut(i: int) -> bool:
        if boundary is None or i in (0, len(units)):
            return True
        return units[i - 1] == boundary or units[i] == boundary or units[i] in starts_word

    matches = []
    start = 0
    while start < len(units):
        best = None
        for phrase in phrases:
            end = start + len(phrase.units)
            if tuple(units[start:end]) != phrase.units or not (is_cut(start) and is_cut(end)):
                continue
            # The longest; of the same units the greater reward, then the greater bias.
            if best is None or rank(phrase) > rank(best):
                best = phrase
        if best is None:
            start += 1
        else:
            matches.append((best, start, start + len(best.units)))
            start += len(best.units)
    return matches


def rank(phrase: Phrase) -> tuple[int, float, float]:
    return (len(phrase.units), phrase.reward, phrase.bias)


def score(
    phrases: Sequence[Phrase],
    units: Sequence[str],
    boundary: str | None = None,
    starts_word: frozenset[str] = frozenset(),
) -> float:
    return sum(phrase.reward for phrase, _, _ in find(phrases, units, boundary, starts_word))
