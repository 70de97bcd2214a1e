"""Hotwords made ready for one graph and one search: what a decoder or a stream holds, swapped as one."""

from __future__ import annotations

import bisect
import dataclasses
import itertools
from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from tlg import _core
from tlg._files import PathLike
from tlg.decoder.graph.graph import Graph
from tlg.decoder.numbered import NumberedLists
from tlg.errors import HotwordError, OptionError
from tlg.hotwords import AttachedWords, Hotwords
from tlg.hotwords.files import HotwordSource
from tlg.hotwords.listing import is_finite

__all__ = [
    "HotwordsInTurn",
    "NamesPhrases",
    "Slot",
    "SlotMaker",
    "check_accepted",
    "check_bias",
    "check_units",
]


@dataclasses.dataclass(frozen=True)
class Slot:
    """What a hotword slot holds: replaced as one, so that a search sees all of a list or none of it.

    Attributes:
        hotwords: the list.
        use: the list made ready; None: no phrases.
        version: its number; 0: no list.
    """

    hotwords: Hotwords | None = None
    use: _core.HotwordUse | None = None
    version: int = 0


class NamesPhrases(Protocol):
    """What tells the phrase of a match: a Hotwords, or several in turn."""

    @property
    def units_are(self) -> Literal["tokens", "words"]:
        """What the places of matches count."""

    @property
    def boundary(self) -> str | None:
        """The token that separates words; None: phrases match anywhere."""

    @property
    def attached(self) -> AttachedWords | None:
        """The words that are attached to the graph; None: none."""

    def phrase(self, number: int) -> str:
        """Return the text of a phrase, by the number that matches carry."""


class HotwordsInTurn:
    """The lists of one utterance, one after another; phrases are numbered through.

    Args:
        slots: what was in force, in order; at least one.
    """

    def __init__(self, slots: Sequence[Slot]) -> None:
        """Count the phrases of each."""
        self._lists = [slot.hotwords for slot in slots if slot.hotwords is not None and slot.use is not None]
        ends = itertools.accumulate(one.automaton().num_phrases for one in self._lists)
        self._begins = [0, *ends][:-1]

    @property
    def units_are(self) -> Literal["tokens", "words"]:
        """What the places of matches count: the same for all of them."""
        return self._lists[0].units_are if self._lists else "tokens"

    @property
    def boundary(self) -> str | None:
        """The token that separates words for the first of them."""
        return self._lists[0].boundary if self._lists else None

    @property
    def attached(self) -> None:
        """None: a list that attaches words does not change within an utterance."""
        return None

    def phrase(self, number: int) -> str:
        """Return the text of a phrase."""
        at = bisect.bisect_right(self._begins, number) - 1
        return self._lists[at].phrase(number - self._begins[at])


class SlotMaker:
    """Makes slots for one graph and one search; threads can share it.

    Args:
        graph: whose units and words hotwords are matched on.
        search_graph: its form for the search.
        acoustic_scale: of the search.
        beam: of the search.
        bias: of lists that are no Hotwords.
        prunes_tokens: whether the search leaves tokens out: not those of hotwords then.
    """

    def __init__(
        self,
        graph: Graph,
        search_graph: _core.SearchGraph,
        *,
        acoustic_scale: float,
        beam: float,
        bias: float | None,
        prunes_tokens: bool = False,
    ) -> None:
        """Keep what lists are compiled with."""
        self._graph = graph
        self._search_graph = search_graph
        self._acoustic_scale = acoustic_scale
        self._beam = beam
        self._bias = bias
        self._prunes_tokens = prunes_tokens
        self._slots: _core.Slots | None = None
        if graph.slot_arcs is not None:
            self._slots = _core.Slots(search_graph, graph.slot_arcs)
        self._lists: NumberedLists[_core.HotwordUse] = NumberedLists()

    def make(self, hotwords: Hotwords | HotwordSource | None) -> Slot:
        """Return a slot with these hotwords. One Hotwords is made ready once, for any number of streams.

        Raises:
            HotwordError: a list that cannot be used.
            OptionError: a Hotwords made for another table of units.
        """
        if hotwords is None:
            return Slot()
        if not isinstance(hotwords, Hotwords):
            hotwords = Hotwords(hotwords, graph=self._graph, bias=self._bias)
        return Slot(hotwords, *self._lists.get(hotwords, self._use))

    def _use(self, hotwords: Hotwords) -> _core.HotwordUse:
        check_units(hotwords, self._graph.tokens.symbols, self._graph.words)
        labels = _core.HotwordLabels.TOKENS if hotwords.units_are == "tokens" else _core.HotwordLabels.WORDS
        automaton = hotwords.automaton(acoustic_scale=self._acoustic_scale, beam=self._beam)
        separator = self._graph.info.separator
        neutral = -1
        if separator is not None and separator != hotwords.boundary:
            neutral = self._graph.tokens.id(separator)
        wanted = self._tokens_of(hotwords) if self._prunes_tokens else []
        attached = None if hotwords.attached is None else self._attach(hotwords.attached)
        return _core.HotwordUse(self._search_graph, automaton, labels, neutral, wanted, attached)

    def _attach(self, words: AttachedWords) -> _core.AttachedWords:
        """Return the words as the search has them."""
        places = {name: number for number, name in enumerate(self._graph.slots)}
        missing = sorted(set(words.classes) - places.keys())
        if self._slots is None or missing or words.first_label < len(self._graph.words):
            what = f"the slot {missing[0]!r}" if missing else "slots for the words that the list attaches"
            raise OptionError(
                f"the graph lacks {what}: the hotwords are made for another one",
                remedy="Make the Hotwords with graph= this graph",
            )
        return _core.AttachedWords(
            self._slots,
            slot_words=np.array([places[name] for name in words.classes], np.int32),
            labels=words.first_label + np.arange(len(words), dtype=np.int32),
            scores=words.scores,
            columns=words.units,
            sizes=words.sizes,
            owners=words.owners,
            costs=words.costs,
        )

    def _tokens_of(self, hotwords: Hotwords) -> list[int]:
        """Return the columns that hotwords are made of."""
        units = set(hotwords.used_units())
        table = self._graph.tokens
        if hotwords.units_are == "words":
            units = {
                token for word in units for spelled in self._graph.pronunciations(word) for token in spelled
            }
        known = set(table.symbols)
        attached = () if hotwords.attached is None else hotwords.attached.units.tolist()
        return sorted({*attached, *(table.id(unit) for unit in units if unit in known)})


def check_bias(bias: object) -> float | None:
    """Return a hotword_bias option as a float.

    Raises:
        OptionError: it is no finite number.
    """
    if bias is None:
        return None
    if isinstance(bias, bool) or not isinstance(bias, int | float | np.integer | np.floating):
        raise OptionError(f"hotword_bias={bias!r} is not a number", remedy="Give nats a unit, say 1.5")
    if not is_finite(bias):
        raise OptionError(f"hotword_bias={bias} is not finite", remedy="Give nats a unit, say 1.5")
    return float(bias)


def check_accepted(hotwords: Hotwords | None, path: PathLike) -> None:
    """Check that a list of which there are phrases has some that can be used.

    Raises:
        HotwordError: every one is rejected; names the first and why.
    """
    if hotwords is None or len(hotwords) > 0:
        return
    entries = hotwords.report.entries
    if entries:
        first = entries[0]
        raise HotwordError(
            f"all {len(entries)} phrases are rejected; {first.phrase!r}: {first.reason}",
            remedy=first.remedy,
            file=path,
            line=first.line,
        )


def check_units(
    hotwords: Hotwords,
    tokens: Sequence[str],
    words: Sequence[str],
    *,
    where: str = "the graph",
    remedy: str = "Make the Hotwords with graph= this graph",
) -> None:
    """Check that the numbers of the list's units are those of the tables: it may be made for others.

    Raises:
        OptionError: it is.
    """
    table = tokens if hotwords.units_are == "tokens" else words
    attached = 0 if hotwords.attached is None else len(hotwords.attached)
    # One more: a boundary that is no token.
    if hotwords.num_units > len(table) + (1 if hotwords.units_are == "tokens" else attached):
        raise OptionError(
            f"the hotwords are made for {hotwords.num_units} {hotwords.units_are}, {where} has {len(table)}",
            remedy=remedy,
        )
    for unit, number in hotwords.used_units().items():
        if number < len(table) and table[number] != unit:
            raise OptionError(
                f"the hotwords are made for another table: number {number} is {unit!r} there, "
                f"{table[number]!r} in {where}",
                remedy=remedy,
            )
