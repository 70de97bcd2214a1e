"""One hotword list after another within an utterance, from the rule alone; slow and meant to be read.

The old list's positions are decided from the left, as far as what comes cannot change them: a position is open while
what follows it up to the change is the beginning of a longer phrase. From the first open position on, the old list
matches what there is; what is behind its last match is the new list's, together with all that comes.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.reference.leftmost_longest import Phrase, find


def split_at_change(phrases: Sequence[Phrase], units: Sequence[str]) -> int:
    """Return how many of the units before the change stay with the old list. Phrases match anywhere."""
    start = 0
    while start < len(units):
        rest = tuple(units[start:])
        if any(len(phrase.units) > len(rest) and phrase.units[: len(rest)] == rest for phrase in phrases):
            break
        longest = max((len(p.units) for p in phrases if rest[: len(p.units)] == p.units), default=1)
        start += longest
    matches = find(phrases, units[start:])
    return start + matches[-1][2] if matches else start


def find_in_turn(
    lists: Sequence[Sequence[Phrase]], units: Sequence[str], changes: Sequence[int]
) -> list[tuple[Phrase, int, int]]:
    """Return the matches of the first list up to changes[0] units, of the second up to changes[1], and so on."""
    matches = []
    begin = 0
    for phrases, change in zip(lists, [*changes, len(units)], strict=True):
        last = change == len(units) and phrases is lists[-1]
        kept = len(units) if last else begin + split_at_change(phrases, units[begin:change])
        matches += [(phrase, begin + a, begin + b) for phrase, a, b in find(phrases, units[begin:kept])]
        begin = kept
    return matches
