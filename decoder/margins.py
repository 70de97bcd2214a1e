"""How much a hotword needed its reward: the best path with it, its reward taken off, against the best path without it.

Not for: which hotwords fired (the core says so), how probable a word is (confidence).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from tlg.decoder.lattice import Lattice
from tlg.decoder.lattice_paths import ArcLists, arc_lists, best_rest
from tlg.decoder.result import FiredHotword
from tlg.hotwords.units import is_unspaced

__all__ = ["with_margins"]


def with_margins(
    fired: Sequence[FiredHotword], lattice: Lattice, beam: float, *, whole_words: bool
) -> list[FiredHotword]:
    """Return the hotwords with their margins.

    Args:
        fired: those of the best path.
        lattice: what the search kept; its best path is the result. A phrase that its words do not spell as it is
            written keeps the margin None.
        beam: the lattice holds all paths within so many nats of the best.
        whole_words: the phrases match whole words alone.
    """
    if not fired or not lattice:
        return list(fired)
    lists = arc_lists(lattice.core)
    frames = [state.frame for state in lattice.states]
    before, after = _best_from_start(lists), best_rest(lists)
    best = after[0]
    words = lattice.best_path().words
    found = []
    for one in fired:
        progress = _Progress(one.phrase, lattice.words, whole_words=whole_words)
        if not progress.is_said(words):  # it was matched in another form than its words are written in
            found.append(one)
            continue
        rival = _best_without(lists, frames, before, after, (one.start, one.end), progress)
        # Beyond the beam nothing was kept: a rival is at least that far behind.
        margin = best - one.reward - max(rival, best - beam)
        found.append(FiredHotword(*one, margin))
    return found


class _State(NamedTuple):
    """Where a path stands: the lattice's state, and how much of the phrase it has just said."""

    state: int
    said: int


def _best_without(
    lists: ArcLists,
    frames: Sequence[int],
    before: Sequence[float],
    after: Sequence[float],
    span: tuple[int, int],
    progress: _Progress,
) -> float:
    """Return the score of the best path that does not complete the phrase within these frames; -inf if all do."""
    start, end = span
    best: dict[_State, float] = {}
    least = -math.inf
    for state in range(len(lists.final)):
        ways = [(said, best.pop(_State(state, said), -math.inf)) for said in range(progress.length)]
        if frames[state] <= start:  # the phrase can begin here; what came before it is past
            ways[0] = (0, before[state])
        for said, score in ways:
            if score == -math.inf:
                continue
            if frames[state] >= end:
                least = max(least, score + after[state])
                continue
            least = max(least, score + lists.final[state])
            for arc in range(lists.first_arc[state], lists.first_arc[state + 1]):
                target = lists.target[arc]
                if frames[target] <= start:
                    continue  # comes with before[target]
                said_then, is_whole = progress.advance(said, lists.word[arc])
                if is_whole:
                    continue
                key, then = _State(target, said_then), score + lists.score[arc]
                if then > best.get(key, -math.inf):
                    best[key] = then
    return least


def _best_from_start(lists: ArcLists) -> list[float]:
    scores = [-math.inf] * len(lists.final)
    scores[0] = 0.0
    for arc, source in enumerate(lists.source):
        target = lists.target[arc]
        scores[target] = max(scores[target], scores[source] + lists.score[arc])
    return scores


class _Progress:
    """A phrase said word by word: characters against characters, Knuth, Morris and Pratt's automaton.

    Args:
        phrase: its text.
        words: the word of each label.
        whole_words: it begins and ends with words.
    """

    def __init__(self, phrase: str, words: dict[int, str], *, whole_words: bool) -> None:
        """Make the automaton. Spaces count only in phrases of scripts that write them."""
        self._spaces = not all(is_unspaced(c) for c in phrase if not c.isspace())
        text = " ".join(phrase.split()) if self._spaces else "".join(phrase.split())
        self._text = f" {text} " if self._spaces and whole_words else text
        self._words = words
        self._known: dict[tuple[int, int], tuple[int, bool]] = {}
        self._back = [0] * (len(self._text) + 1)
        at = 0
        for i in range(1, len(self._text)):
            while at and self._text[i] != self._text[at]:
                at = self._back[at]
            at += self._text[i] == self._text[at]
            self._back[i + 1] = at

    @property
    def length(self) -> int:
        """How many states there are: the phrase is never said whole."""
        return len(self._text)

    def is_said(self, words: Sequence[str]) -> bool:
        """Return whether words say the phrase."""
        said, is_whole = 0, False
        for word in words:
            said, now_whole = self._advance(said, word)
            is_whole = is_whole or now_whole
        return is_whole

    def advance(self, said: int, label: int) -> tuple[int, bool]:
        """Return how much is said after a word, and whether the phrase was whole within it."""
        known = self._known.get((said, label))
        if known is None:
            known = self._known[said, label] = self._advance(said, self._words[label])
        return known

    def _advance(self, said: int, word: str) -> tuple[int, bool]:
        is_whole = False
        for character in f" {word} " if self._spaces else word:
            if self._spaces and character == " " and said and self._text[said - 1] == " ":
                continue  # the space behind a word is the space in front of the next
            while said and (said == len(self._text) or character != self._text[said]):
                said = self._back[said]
            said += character == self._text[said]
            if said == len(self._text):
                is_whole, said = True, self._back[said]
        return said, is_whole
