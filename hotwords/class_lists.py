"""Class slots: lists of people, places and the like that stand for a class of the language model.

Not for: how a search enters a class; phrases that are favoured.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tlg.errors import OptionError
from tlg.hotwords.cut import joined_words, scripts, ways_to_cut
from tlg.hotwords.files import HotwordSource, read_list
from tlg.hotwords.listing import HotwordList
from tlg.hotwords.pronounce import MARK, Pronouncer, Units, split_words
from tlg.hotwords.units import MAX_SPELLINGS, Unspellable

__all__ = ["ClassList", "Member", "Sayer", "Separator", "member_texts", "read_classes"]


class Separator(NamedTuple):
    """A token that may stand between words.

    Args:
        token: its symbol.
        probability: that it does.
    """

    token: str
    probability: float


@dataclass(frozen=True)
class Member:
    """One line of a class list.

    Args:
        entry: its place in the list.
        text: the words, one space between them.
        ways: pronunciations with their costs, nats; none: it is left out.
        source: how it is said: "list", "lexicon", "characters", ...; of several, the one that is no lexicon.
        score: log of its share of the class; -inf where it is left out.
        reason: why it is left out.
        remedy: what to do.
    """

    entry: int
    text: str
    ways: tuple[tuple[Units, float], ...]
    source: str
    score: float
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class ClassList:
    """A class with its members, as the list has them."""

    name: str
    listed: HotwordList
    members: tuple[Member, ...]


def read_classes(classes: Mapping[str, HotwordSource], slots: Sequence[str]) -> dict[str, HotwordList]:
    """Read the lists of classes.

    Raises:
        OptionError: a class that the graph's language model lacks.
        HotwordError: a list that cannot be read.
    """
    if not isinstance(classes, Mapping):
        raise OptionError(
            f"classes is a {type(classes).__name__}", remedy='Pass {"<name>": list or path, ...}'
        )
    for name in classes:
        if name not in slots:
            has = ", ".join(slots) if slots else "no class"
            raise OptionError(
                f"class {name!r} is not in the graph's language model, which has {has}",
                remedy="Train the model on text with such a class in the place of names, and build the graph again",
            )
    return {name: read_list(source) for name, source in classes.items()}


def member_texts(lists: Mapping[str, HotwordList]) -> dict[str, list[str]]:
    """Return text -> the classes that have it."""
    found: dict[str, list[str]] = {}
    for name, listed in lists.items():
        for phrase in listed.phrases:
            names = found.setdefault(" ".join(joined_words(phrase)), [])
            if name not in names:
                names.append(name)
    return found


class Sayer:
    """Says members of classes: what lexicon and pronouncer say of their words, put together.

    Args:
        says: whether the graph has a word.
        pronunciations: those of the lexicon, with their costs, nats.
        pronouncer: says words that the graph lacks.
        tokens: the tokens without the blank.
        boundary: the token that separates words, U+2581 for pieces; None.
        separator: the token that the graph allows behind each word by itself.
    """

    def __init__(
        self,
        says: Callable[[str], bool],
        pronunciations: Callable[[str], list[tuple[Units, float]]],
        pronouncer: Pronouncer,
        *,
        tokens: Mapping[str, int],
        boundary: str | None,
        separator: Separator | None,
    ) -> None:
        """Keep them."""
        self._says = says
        self._lexicon = pronunciations
        self._pronouncer = pronouncer
        self._tokens = tokens
        self._boundary = boundary
        self._separator = separator

    def say(self, name: str, listed: HotwordList) -> ClassList:
        """Return a class with the pronunciations of its members and their shares of it."""
        members: list[Member] = []
        entries: dict[str, int] = {}
        for entry, phrase in enumerate(listed.phrases):
            text = " ".join(joined_words(phrase))
            best = entries.setdefault(text, entry)
            if listed.word_bias[entry] > listed.word_bias[best]:
                entries[text] = entry
        said: dict[int, tuple[list[tuple[Units, float]], str]] = {}
        refused: dict[int, Unspellable] = {}
        given = _given(listed)
        for text, entry in entries.items():
            try:
                said[entry] = self._member(text, given.get(text, ()))
            except Unspellable as error:
                refused[entry] = Unspellable(error.reason, error.remedy)
        weights = listed.word_bias[list(said)] if said else listed.word_bias[:0]
        top = float(weights.max()) if len(weights) else 0.0
        total = top + math.log(sum(math.exp(w - top) for w in weights.tolist())) if len(weights) else 0.0
        for entry, phrase in enumerate(listed.phrases):
            text = " ".join(joined_words(phrase))
            if entry in said:
                ways, source = said[entry]
                share = float(listed.word_bias[entry]) - total
                members.append(Member(entry, text, tuple(ways), source, share))
            elif entry in refused:
                why = refused[entry]
                members.append(Member(entry, text, (), "", -math.inf, why.reason, why.remedy))
            else:
                other = int(listed.lines[entries[text]]) or entries[text] + 1
                reason = f"the class has it already, in line {other}"
                members.append(Member(entry, text, (), "", -math.inf, reason, "Remove one of them"))
        return ClassList(name, listed, tuple(members))

    def _member(self, text: str, given: Sequence[Units]) -> tuple[list[tuple[Units, float]], str]:
        words = text.split(" ")
        if given:
            ways = []
            for pronunciation in given:
                unknown = next((u for u in pronunciation if u not in self._tokens and u != MARK), None)
                if unknown is not None:
                    raise Unspellable(
                        f"its pronunciation has {unknown!r}, which is no token", "Write tokens of the graph"
                    )
                parts = split_words(pronunciation, len(words), self._tokens, self._boundary)
                dressed = [self._pronouncer.given([part]) for part in parts or [pronunciation]]
                if all(dressed):
                    ways += list(self._joined([(part[0], 0.0) for part in dressed]))
            return _cheapest(ways), "list"
        alternatives: list[list[tuple[Units, float]]] = []
        sources: dict[str, None] = {}
        for word in words:
            for said, source in self._word(word):
                alternatives.append(said)
                sources[source] = None
        combined = itertools.product(*alternatives)
        spoken = itertools.chain.from_iterable(self._joined(way) for way in combined)
        ways = list(itertools.islice(spoken, MAX_SPELLINGS))
        return _cheapest(ways), next((s for s in sources if s != "lexicon"), "lexicon")

    def _word(self, word: str) -> list[tuple[list[tuple[Units, float]], str]]:
        """Return the pronunciations of a word, or of its parts where it is several."""
        if self._says(word):
            return [(self._lexicon(word), "lexicon")]
        cut = ways_to_cut(word, self._says)
        if cut:
            return [(self._lexicon(part), "lexicon") for part in cut[0]]
        found = []
        for run in scripts(word):
            cut = ways_to_cut(run, self._says)
            if cut:
                found += [(self._lexicon(part), "lexicon") for part in cut[0]]
                continue
            said = self._pronouncer.say(run)
            if isinstance(said, Unspellable):
                raise Unspellable(f"word {run!r} is not in the lexicon, and {said.reason}", said.remedy)
            found.append(([(units, 0.0) for units in said.pronunciations], said.source))
        return found

    def _joined(self, words: Sequence[tuple[Units, float]]) -> Iterator[tuple[Units, float]]:
        """Yield the words one behind the other, with the separator and without it between them."""
        separator = self._separator
        ways: list[tuple[Units, float]] = [((), 0.0)]
        for number, (units, cost) in enumerate(words):
            begun = [(before + units, total + cost) for before, total in ways]
            ways = begun
            if separator is not None and number + 1 < len(words):
                with_it, without = -math.log(separator.probability), -math.log1p(-separator.probability)
                ways = [(before, total + without) for before, total in begun]
                ways += [((*before, separator.token), total + with_it) for before, total in begun]
            ways = ways[:MAX_SPELLINGS]
        yield from ways


def _given(listed: HotwordList) -> dict[str, list[Units]]:
    """Return the pronunciations that a list gives, by text."""
    found: dict[str, list[Units]] = {}
    for entry, extra in sorted(listed.extras.items()):
        ways = found.setdefault(" ".join(joined_words(listed.phrases[entry])), [])
        ways += [units for units in extra.pronunciations if units not in ways]
    return found


def _cheapest(ways: Sequence[tuple[Units, float]]) -> list[tuple[Units, float]]:
    """Return each pronunciation once, with its least cost."""
    found: dict[Units, float] = {}
    for units, cost in ways:
        found[units] = min(cost, found.get(units, math.inf))
    return list(found.items())
