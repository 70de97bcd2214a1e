"""Words for a graph that lacks them: pronounced, told apart, labelled.

Not for: which words a phrase has (``tlg.hotwords.additions``), their sounds (``tlg.hotwords.pronounce``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tlg._files import PathLike
from tlg.errors import OptionError
from tlg.hotwords.additions import MEMBER_MARK, Additions, text_of
from tlg.hotwords.attached import UNKNOWN, AttachedWords
from tlg.hotwords.class_lists import ClassList, Sayer, Separator, member_texts, read_classes
from tlg.hotwords.convention import read_convention
from tlg.hotwords.files import HotwordSource
from tlg.hotwords.g2p import G2P, check_g2p
from tlg.hotwords.pronounce import Pronouncer, Units
from tlg.hotwords.spelled import SpelledList
from tlg.hotwords.spelling import choose_boundary, lexicon_of, unit_ids, word_ids
from tlg.hotwords.units import WORD_START, SpellingSource, Unspellable

__all__ = ["AttachOptions", "Attacher", "Attachment", "Fate"]

MOST = 4096.0  # nats, as of a reward
NO_SLOT = f"the graph has no {UNKNOWN} slot"
REBUILD = f"Build the graph again: with the word in the lexicon, or with a language model that has {UNKNOWN}"


@dataclass(frozen=True)
class AttachOptions:
    """What a caller says about words that the lexicon lacks: arguments of Hotwords."""

    attach: bool = True
    attach_score: float = 0.0
    g2p: G2P | str | None = None
    pieces: int = 1
    classes: Mapping[str, HotwordSource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check them.

        Raises:
            OptionError: one is out of its range.
        """
        score = self.attach_score
        if isinstance(score, bool) or not isinstance(score, int | float | np.integer | np.floating):
            raise OptionError(f"attach_score={score!r} is not a number", remedy="Give nats, say 2.0")
        if not abs(score) <= MOST:
            raise OptionError(f"attach_score={score} is beyond {MOST:g} nats", remedy="Give nats, say 2.0")
        if isinstance(self.pieces, bool) or not isinstance(self.pieces, int) or self.pieces < 1:
            raise OptionError(
                f"pieces={self.pieces!r} is no number of splits", remedy="Use 1 for the best alone"
            )
        check_g2p(self.g2p)


class Fate(NamedTuple):
    """What became of a word that the graph lacks.

    Args:
        text: the word.
        pronunciations: those with which it is attached; none: it is not.
        source: "list", "characters", "sentencepiece", "longest match", "g2p"; "" where it is not attached.
        reason: why it is not attached; "" also where the lexicon says it as the list does.
        remedy: what to do about it.
        rivals: attached words that have some of its pronunciations, and keep them.
    """

    text: str
    pronunciations: tuple[Units, ...] = ()
    source: str = ""
    reason: str = ""
    remedy: str = ""
    rivals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attachment:
    """A list with what is attached for it.

    Args:
        spelled: the spellings, in the labels of this list.
        attached: what a search is handed; None: nothing.
        labels: word of the list -> its number among the attached ones, or that of one that sounds the same.
        fates: text -> what became of it; those that are not simply spelled by their letters.
        classes: the classes.
        rivals: (class, text) -> the members that keep some of its pronunciations.
        symbols: the tokens by id.
    """

    spelled: SpelledList
    attached: AttachedWords | None = None
    labels: Mapping[str, int] = field(default_factory=dict)
    fates: Mapping[str, Fate] = field(default_factory=dict)
    classes: tuple[ClassList, ...] = ()
    rivals: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    symbols: Sequence[str] = ()

    @cached_property
    def _pronunciations(self) -> list[list[tuple[int, ...]]]:
        return [] if self.attached is None else self.attached.pronunciations()

    def fate(self, text: str) -> Fate:
        """Return what became of a word of the list that the graph lacks."""
        fate = self.fates.get(text)
        if fate is None:
            (units,) = self._pronunciations[self.labels[text]]
            fate = Fate(text, (tuple(self.symbols[unit] for unit in units),), "characters")
        return fate


class _Columns:
    """Collects attached words; a pronunciation is attached once for each class. Pronunciations are the bytes of int32."""

    def __init__(self) -> None:
        self._taken: dict[str, dict[bytes, str]] = {}
        self.words: list[str] = []
        self.classes: list[str] = []
        self.scores: list[float] = []
        self.units: list[bytes] = []
        self.owners: list[int] = []
        self.costs: list[float] = []

    def taken(self, name: str) -> dict[bytes, str]:
        """Return the pronunciations of a class with the words that have them."""
        return self._taken.setdefault(name, {})

    def add(self, name: str, text: str, score: float) -> int:
        """Append a word; return its number."""
        self.words.append(text)
        self.classes.append(name)
        self.scores.append(score)
        return len(self.words) - 1

    def say(self, number: int, way: bytes, cost: float) -> None:
        """Append a pronunciation of the last word."""
        self.units.append(way)
        self.owners.append(number)
        self.costs.append(cost)

    def build(self, first_label: int) -> AttachedWords | None:
        """Return the columns as arrays; None without words."""
        if not self.words:
            return None
        sizes = np.fromiter(map(len, self.units), np.int32, len(self.units)) // 4
        return AttachedWords(
            tuple(self.words),
            first_label,
            tuple(self.classes),
            np.array(self.scores, np.float64),
            np.frombuffer(b"".join(self.units), np.int32).copy(),
            sizes.astype(np.int32),
            np.array(self.owners, np.int32),
            np.array(self.costs, np.float32),
        )


class Attacher:
    """Attaches the words of lists to one graph. Lists that are changed from one another share it.

    Args:
        graph: the graph.
        symbols: its tokens by id.
        options: what the caller wants.
        blank: the blank.
        sentencepiece: path of the SentencePiece model.

    Raises:
        OptionError: a class that the graph lacks; a g2p that does not fit.
        HotwordError: a list of a class that cannot be read; a caller's g2p that fails.
        MissingExtraError: the package of a ready g2p, or sentencepiece, is not installed.
    """

    def __init__(
        self,
        graph: SpellingSource,
        symbols: Sequence[str],
        options: AttachOptions,
        *,
        blank: int | str | None,
        sentencepiece: PathLike | None,
    ) -> None:
        """Look at the graph, and read the lists of classes."""
        self.options = options
        self._graph = graph
        self._symbols = symbols
        self._ids = unit_ids(symbols, blank)
        self._words = word_ids(graph.words)
        self._lexicon = lexicon_of(graph)
        self._sentencepiece = sentencepiece
        self.first_label = max(self._words.values(), default=-1) + 1
        slots: tuple[str, ...] = tuple(getattr(graph, "slots", ()))
        self.tells = hasattr(graph, "slots") and bool(self._words)  # a graph knows all that it can say
        self._unsaid = _unsaid(graph)
        self._classes = read_classes(options.classes, slots)
        self.lacks = options.attach and UNKNOWN in slots
        # Why words that the lexicon lacks are not attached, where they are not, and what to do.
        self.why_not = (
            (NO_SLOT, REBUILD) if options.attach else ("none are attached", "Pass attach=True (--attach)")
        )
        self.adds: Additions | None = None
        if self.lacks or self._classes:
            members = member_texts(self._classes)
            self.adds = Additions(self.first_label, self.says, members=members, lacks=self.lacks)
        if isinstance(options.g2p, str):
            self.pronouncer  # noqa: B018 - what is not installed is told at once

    def says(self, word: str) -> bool:
        """Return whether the graph has a word."""
        return word in self._words and word not in self._unsaid

    @cached_property
    def pronouncer(self) -> Pronouncer:
        """What says words that the lexicon lacks."""
        separator = _separator(self._graph)
        convention = read_convention(self._words, self._lexicon)
        return Pronouncer(
            self._ids,
            replace(convention, optional=None if separator is None else separator.token),
            has_pieces=self._boundary == WORD_START,
            model=self._sentencepiece if self._boundary == WORD_START else None,
            pieces=self.options.pieces,
            g2p=self.options.g2p,
            samples=lambda: {word: self._said(word) for word in self._words},
        )

    @cached_property
    def _boundary(self) -> str | None:
        return choose_boundary(self._ids, "auto")

    @cached_property
    def classes(self) -> tuple[ClassList, ...]:
        """The classes, with how their members are said."""
        sayer = Sayer(
            self.says,
            self.costed,
            self.pronouncer,
            tokens=self._ids,
            boundary=self._boundary,
            separator=_separator(self._graph),
        )
        return tuple(sayer.say(name, listed) for name, listed in self._classes.items())

    def _said(self, word: str) -> list[Units]:
        """Return the pronunciations of the lexicon."""
        return [] if self._lexicon is None else [tuple(way) for way in self._lexicon(word)]

    def costed(self, word: str) -> list[tuple[Units, float]]:
        """Return the pronunciations of the lexicon with their costs."""
        costs: Callable[[str], Sequence[float]] | None = getattr(self._graph, "pronunciation_costs", None)
        ways = self._said(word)
        if not ways:
            raise Unspellable(
                f"nothing tells how the graph says {word!r}", "Put its lexicon.txt into the graph folder"
            )
        return list(zip(ways, costs(word) if costs is not None else [0.0] * len(ways), strict=True))

    def sounds_of(self, wanted: Mapping[Units, Sequence[str]]) -> dict[str, list[str]]:
        """Return attached word -> words of the lexicon with one of its pronunciations.

        Args:
            wanted: pronunciation -> the attached words that have it.
        """
        found: dict[str, list[str]] = {}
        if self._lexicon is None:
            return found
        for word in self._words:
            if word in self._unsaid:
                continue
            for way in self._said(word):
                for text in wanted.get(way, ()):
                    others = found.setdefault(text, [])
                    if word != text and word not in others:
                        others.append(word)
        return {text: others for text, others in found.items() if others}

    def attach(self, spelled: SpelledList) -> Attachment:
        """Return a list with what is attached for it.

        Args:
            spelled: the list, with what it wants; in the numbers of ``adds``.
        """
        columns = _Columns()
        fates: dict[str, Fate] = {}
        labels = self._unknown(columns, spelled, fates)
        members: dict[tuple[str, str], int] = {}
        rivals: dict[tuple[str, str], tuple[str, ...]] = {}
        classes = self.classes if self._classes else ()
        for one in classes:
            self._members(columns, one, members, rivals)
        attached = columns.build(self.first_label)
        found = Attachment(spelled, attached, labels, fates, classes, rivals, self._symbols)
        return replace(found, spelled=self._relabelled(found, members))

    def _unknown(self, columns: _Columns, spelled: SpelledList, fates: dict[str, Fate]) -> dict[str, int]:
        """Add the words that the graph lacks, in the order of the list; return their numbers."""
        wants = dict.fromkeys(text for entry in sorted(spelled.wanted) for text in spelled.wanted[entry])
        given: dict[str, list[Units]] = {}
        for entry in sorted(spelled.given):
            for text, ways in spelled.given[entry]:
                given.setdefault(text, []).extend(ways)
        letters = self.pronouncer.letters([text for text in wants if text not in given]) if wants else {}
        labels: dict[str, int] = {}
        taken, score = columns.taken(UNKNOWN), self.options.attach_score
        for text in wants:
            way = letters.get(text)
            if way is not None and (owner := taken.setdefault(way, text)) == text:
                labels[text] = columns.add(UNKNOWN, text, score)
                columns.say(labels[text], way, 0.0)
            elif way is not None:
                fates[text] = Fate(text, rivals=(owner,))
                labels[text] = labels[owner]
            else:
                self._unusual(columns, text, given.get(text, ()), fates, labels)
        return labels

    def _unusual(
        self,
        columns: _Columns,
        text: str,
        given: Sequence[Units],
        fates: dict[str, Fate],
        labels: dict[str, int],
    ) -> None:
        """Add a word that is not simply spelled by its letters."""
        ways, source = self._ways(text, given)
        if isinstance(ways, Unspellable):
            fates[text] = Fate(text, reason=ways.reason, remedy=ways.remedy)
            return
        free, rivals = self._claimed(columns, UNKNOWN, text, ways)
        fates[text] = Fate(text, tuple(free), source if free else "", rivals=rivals)
        if free:
            labels[text] = columns.add(UNKNOWN, text, self.options.attach_score)
            for way in free:
                columns.say(labels[text], self._bytes(way), 0.0)
        elif rivals:
            labels[text] = labels[rivals[0]]

    def _claimed(
        self, columns: _Columns, name: str, text: str, ways: Sequence[Units]
    ) -> tuple[list[Units], tuple[str, ...]]:
        """Return the pronunciations that no other word of the class has, and the words that have the others."""
        taken = columns.taken(name)
        owners = {way: taken.setdefault(self._bytes(way), text) for way in ways}
        rivals = dict.fromkeys(owner for owner in owners.values() if owner != text)
        return [way for way, owner in owners.items() if owner == text], tuple(rivals)

    def _bytes(self, way: Units) -> bytes:
        return np.array([self._ids[unit] for unit in way], np.int32).tobytes()

    def _ways(self, text: str, given: Sequence[Units]) -> tuple[Sequence[Units] | Unspellable, str]:
        """Return how a word is said: as the list gives, but for what the lexicon has; else as another source tells."""
        if given:
            ways = self.pronouncer.given(given)
            if self.says(text):
                known = self._said(text)
                ways = tuple(way for way in ways if way not in known)
            elif not ways:
                return Unspellable("its pronunciation is a separator alone", "Write its sounds"), ""
            return ways, "list"
        said = self.pronouncer.say(text)
        if not isinstance(said, Unspellable):
            return said.pronunciations, said.source
        other = next((o for o in (text.lower(), text.upper(), text.capitalize()) if self.says(o)), None)
        if other is not None:
            return Unspellable(said.reason, f"The lexicon has {other!r}: write it so. Or: {said.remedy}"), ""
        return said, ""

    def _members(
        self,
        columns: _Columns,
        one: ClassList,
        labels: dict[tuple[str, str], int],
        rivals: dict[tuple[str, str], tuple[str, ...]],
    ) -> None:
        """Add the members of a class in their order; of those that sound the same, the better scored one."""
        kept: dict[int, list[Units]] = {}
        for member in sorted(one.members, key=lambda member: -member.score):
            ways = [units for units, _ in member.ways]
            kept[member.entry], others = self._claimed(columns, one.name, member.text, ways)
            if others:
                rivals[one.name, member.text] = others
        for member in one.members:
            if not kept[member.entry]:
                continue
            number = labels[one.name, member.text] = columns.add(one.name, member.text, member.score)
            for units, cost in member.ways:
                if units in kept[member.entry]:
                    columns.say(number, self._bytes(units), cost)
        for (name, text), others in rivals.items():
            if name == one.name and (name, text) not in labels:
                labels[name, text] = labels[name, others[0]]

    def _relabelled(self, found: Attachment, members: Mapping[tuple[str, str], int]) -> SpelledList:
        """Return the spellings in the labels of this list, without those that need what is not attached."""
        spelled, attached = found.spelled, found.attached
        is_attached = spelled.units >= self.first_label
        if self.adds is None or not len(spelled.lengths) or not is_attached.any():
            return spelled
        keys = self.adds.units()
        label = np.array([_label(key, found.labels, members) for key in keys], np.int32)
        numbers = label[spelled.units[is_attached] - self.first_label]
        units, lengths = spelled.units.copy(), spelled.lengths.copy()
        units[is_attached] = np.where(numbers < 0, -1, numbers + self.first_label)
        if attached is not None:
            lengths[is_attached] = np.where(numbers < 0, 1, attached.first_sizes[numbers])
        lost = np.zeros(len(spelled.sizes), bool)
        lost[np.repeat(np.arange(len(spelled.sizes)), spelled.sizes)[units < 0]] = True
        left = replace(spelled, units=units, lengths=lengths).without(lost)
        alive = np.zeros(len(spelled.by), bool)
        alive[left.owners] = True
        is_alive = alive.tolist()
        refused = dict(spelled.refused)
        by = list(spelled.by)
        fates = found.fates
        for entry, wants in spelled.wanted.items():
            if not is_alive[entry]:
                by[entry] = ""
                refused[entry] = _refusal([fates[text] for text in wants if text in fates])
                continue
            for text in wants:
                source = fates[text].source if text in fates else "characters"
                if source:
                    by[entry] = source
                    break
        return replace(left, by=by, refused=refused)


def _label(unit: str, labels: Mapping[str, int], members: Mapping[tuple[str, str], int]) -> int:
    """Return the number of an attached unit, -1 where it is not attached."""
    text = text_of(unit)
    if unit.startswith(MEMBER_MARK):
        return members.get((unit[1 : -len(text) - 1], text), -1)
    return labels.get(text, -1)


def _refusal(fates: Sequence[Fate]) -> Unspellable:
    """Return why a phrase has no spelling: for want of its first word that is not attached."""
    one = next(fate for fate in fates if not fate.pronunciations and not fate.rivals)
    return Unspellable(f"word {one.text!r} is not in the lexicon, and {one.reason}", one.remedy)


def _unsaid(graph: SpellingSource) -> frozenset[str]:
    """Return the words of the table that the graph's language model lacks, and that so are not in the graph."""
    built = getattr(getattr(graph, "info", None), "built", {})
    if built.get("missing_as_unk", True):
        return frozenset()
    return frozenset(graph.report.words_without_lm)  # type: ignore[attr-defined]


def _separator(graph: SpellingSource) -> Separator | None:
    """Return the token that the graph allows behind each word."""
    info = getattr(graph, "info", None)
    token, probability = getattr(info, "separator", None), getattr(info, "separator_prob", None)
    return None if token is None or probability is None else Separator(token, probability)
