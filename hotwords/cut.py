"""Phrases cut into words: at spaces, and where a script without spaces begins or ends, or within it.

Not for: many phrases at once (``tlg.hotwords.quick_words``).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import groupby, pairwise

from tlg.hotwords.units import MAX_SPELLINGS, is_unspaced

__all__ = ["joined_words", "scripts", "ways_to_cut"]


def joined_words(phrase: str) -> list[str]:
    """Return the words between spaces; spaces within a script without spaces mean nothing: a search may put its
    words otherwise there.
    """
    words = phrase.split()
    if phrase.isascii() or len(words) < 2:
        return words
    joined: list[str] = []
    for word in words:
        if joined and all(map(is_unspaced, joined[-1] + word)):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def scripts(word: str) -> list[str]:
    """Return the runs of a word with and without characters of scripts without spaces."""
    return ["".join(characters) for _, characters in groupby(word, is_unspaced)]


def ways_to_cut(word: str, known: Callable[[str], bool]) -> list[list[str]]:
    """Return the ways to cut a word into known words, fewest first; only beside a character of a script without
    spaces it can be cut.

    One more than MAX_SPELLINGS at most, so that the caller sees that some are left out.
    """
    unspaced = [] if word.isascii() else [is_unspaced(character) for character in word]
    if not any(unspaced):
        return [[word]] if known(word) else []
    size = len(word)
    places = [0, *(i for i in range(1, size) if unspaced[i - 1] or unspaced[i]), size]
    parts = {(i, j) for at, i in enumerate(places) for j in places[at + 1 :] if known(word[i:j])}
    # The fewest words from each place to the end; None: no way leads there.
    fewest: dict[int, int | None] = dict.fromkeys(places)
    fewest[size] = 0
    for at in reversed(range(len(places) - 1)):
        start = places[at]
        counts = [n + 1 for j in places[at + 1 :] if (start, j) in parts and (n := fewest[j]) is not None]
        fewest[start] = min(counts, default=None)
    ways: list[list[str]] = []
    begin = fewest[0]
    heap: list[tuple[int, tuple[int, ...]]] = [] if begin is None else [(begin, (0,))]
    while heap and len(ways) <= MAX_SPELLINGS:
        _, cuts = heapq.heappop(heap)
        if cuts[-1] == size:
            ways.append([word[i:j] for i, j in pairwise(cuts)])
            continue
        for end in places:
            left = fewest[end]
            if end > cuts[-1] and left is not None and (cuts[-1], end) in parts:
                heapq.heappush(heap, (len(cuts) + left, (*cuts, end)))
    return ways
