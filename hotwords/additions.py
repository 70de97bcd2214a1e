"""What a graph cannot say of a phrase, and numbers for it until it is attached.

Not for: pronunciations (``tlg.hotwords.pronounce``), labels (``tlg.hotwords.attaching``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from tlg.hotwords.cut import joined_words, scripts, ways_to_cut

__all__ = ["Additions", "Given", "member_unit", "text_of", "unknown_unit"]

UNKNOWN_MARK, MEMBER_MARK = "\0", "\1"  # no text of a list begins with them


class Given(NamedTuple):
    """Pronunciations that a line of a list gives.

    Args:
        text: the word; several, where they are given one pronunciation.
        pronunciations: in tokens.
    """

    text: str
    pronunciations: tuple[tuple[str, ...], ...]


def unknown_unit(text: str) -> str:
    """Return the unit that stands for an attached word, where units are words."""
    return UNKNOWN_MARK + text


def member_unit(name: str, text: str) -> str:
    """Return the unit that stands for a member of a class."""
    return f"{MEMBER_MARK}{name}{UNKNOWN_MARK}{text}"


def text_of(unit: str) -> str:
    """Return the text of a unit, attached or not."""
    return unit.rpartition(UNKNOWN_MARK)[2]


class Additions:
    """Tells what a graph lacks, and numbers attached units in the order in which they are met.

    Lists that are changed from one another share the numbers, so that what is spelled stays spelled; a list that is
    compiled has its own labels instead.

    Args:
        first: the first number: behind the labels of the graph's words.
        says: whether the graph has a word.
        members: text -> the classes that have it as a member.
        lacks: whether words that the graph lacks are attached.
    """

    def __init__(
        self,
        first: int,
        says: Callable[[str], bool],
        *,
        members: Mapping[str, Sequence[str]],
        lacks: bool,
    ) -> None:
        """Begin without attached units."""
        self.first = first
        self.says = says
        self.members = members
        self.lacks = lacks
        self._longest = max((len(text.split()) for text in members), default=0)
        self.member_words = frozenset(word for text in members for word in text.split())
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()

    def number(self, unit: str) -> int:
        """Return the number of an attached unit, a new one if it has none."""
        found = self._numbers.get(unit)
        if found is None:
            with self._lock:
                found = self._numbers.setdefault(unit, self.first + len(self._numbers))
        return found

    def units(self) -> list[str]:
        """Return the attached units in the order of their numbers."""
        with self._lock:
            return list(self._numbers)

    def members_in(self, words: Sequence[str]) -> list[tuple[int, int, str]]:
        """Return the members within a phrase: their first word, the one behind their last, their unit."""
        if not self.member_words.intersection(words):
            return []
        found = []
        for start in range(len(words)):
            for end in range(start + 1, min(start + self._longest, len(words)) + 1):
                text = " ".join(words[start:end])
                found += [(start, end, member_unit(name, text)) for name in self.members.get(text, ())]
        return found

    def lacking(self, phrase: str) -> list[str]:
        """Return the words of a phrase that the graph lacks, each once.

        Of a word of several scripts that cannot be cut into words of the graph, those runs that it lacks.
        """
        found: dict[str, None] = {}
        for word in joined_words(phrase):
            if not self.says(word) and not ways_to_cut(word, self.says):
                runs = scripts(word)
                if len(runs) > 1:
                    runs = [run for run in runs if not ways_to_cut(run, self.says)]
                found.update(dict.fromkeys(runs))
        return list(found)

    def lacking_all(self, phrases: Sequence[str], left_out: Collection[int]) -> dict[int, tuple[str, ...]]:
        """Return what the graph lacks of many phrases, by entry; quick where it lacks nothing.

        Args:
            phrases: the phrases.
            left_out: entries that are passed over.
        """
        says = self.says
        known: dict[
            str, bool
        ] = {}  # words met; in scripts without spaces: whether they can be cut into characters
        found: dict[int, tuple[str, ...]] = {}
        for entry, phrase in enumerate(phrases):
            words = phrase.split()
            is_lacking = False
            for word in words:
                if word not in known:
                    known[word] = says(word) or (not word.isascii() and all(map(says, word)))
                is_lacking |= not known[word]
            if not is_lacking or entry in left_out:
                continue
            if phrase.isascii():
                found[entry] = tuple([word for word in dict.fromkeys(words) if not known[word]])
            elif wants := self.lacking(phrase):
                found[entry] = tuple(wants)
        return found
