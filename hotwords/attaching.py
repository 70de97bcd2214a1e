"""Words for a graph that lacks them: pronounced, told apart, labelled.

Not for: which words a phrase has (``tlg.hotwords.additions``), their sounds (``tlg.hotwords.pronounce``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

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
        if not math.isfinite(self.attach_score):
            raise OptionError(f"attach_score={self.attach_score} is not finite", remedy="Give nats, say 2.0")
        if isinstance(self.pieces, bool) or not isinstance(self.pieces, int) or self.pieces < 1:
            raise OptionError(
                f"pieces={self.pieces!r} is no number of splits", remedy="Use 1 for the best alone"
            )
        check_g2p(self.g2p)


@dataclass(frozen=True)
class Fate:
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
        fates: text -> what became of it.
        classes: the classes.
        rivals: (class, text) -> the members that keep all its pronunciations.
    """

    spelled: SpelledList
    attached: AttachedWords | None = None
    fates: Mapping[str, Fate] = field(default_factory=dict)
    classes: tuple[ClassList, ...] = ()
    rivals: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


class _Columns:
    """Collects attached words; a pronunciation is attached once for each class."""

    def __init__(self, ids: Mapping[str, int]) -> None:
        self._ids = ids
        self._taken: dict[tuple[str, Units], str] = {}
        self.words: list[str] = []
        self.classes: list[str] = []
        self.scores: list[float] = []
        self.units: list[int] = []
        self.sizes: list[int] = []
        self.owners: list[int] = []
        self.costs: list[float] = []

    def claim(self, name: str, text: str, ways: Sequence[Units]) -> tuple[list[Units], tuple[str, ...]]:
        """Return the pronunciations that no other word of the class has, and the words that have the others."""
        free: list[Units] = []
        rivals: dict[str, None] = {}
        for way in ways:
            owner = self._taken.setdefault((name, way), text)
            if owner == text:
                free.append(way)
            else:
                rivals[owner] = None
        return free, tuple(rivals)

    def add(self, name: str, text: str, score: float, ways: Sequence[tuple[Units, float]]) -> int:
        """Append a word; return its number."""
        number = len(self.words)
        self.words.append(text)
        self.classes.append(name)
        self.scores.append(score)
        for way, cost in ways:
            self.units += [self._ids[unit] for unit in way]
            self.sizes.append(len(way))
            self.owners.append(number)
            self.costs.append(cost)
        return number

    def build(self, first_label: int) -> AttachedWords | None:
        if not self.words:
            return None
        return AttachedWords(
            tuple(self.words),
            first_label,
            tuple(self.classes),
            np.array(self.scores, np.float64),
            np.array(self.units, np.int32),
            np.array(self.sizes, np.int32),
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
        """Look at the graph, and say the members of classes."""
        self.options = options
        self._graph = graph
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

    def says(self, word: str) -> bool:
        """Return whether the graph has a word."""
        return word in self._words and word not in self._unsaid

    @cached_property
    def pronouncer(self) -> Pronouncer:
        """What says words that the lexicon lacks."""
        return Pronouncer(
            self._ids,
            read_convention(self._words, self._lexicon),
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
        columns = _Columns(self._ids)
        fates, labels = self._unknown(columns, spelled)
        rivals: dict[tuple[str, str], tuple[str, ...]] = {}
        for one in self.classes if self._classes else ():
            self._members(columns, one, labels, rivals)
        attached = columns.build(self.first_label)
        spelled = self._relabelled(spelled, attached, fates, labels)
        return Attachment(spelled, attached, fates, self.classes if self._classes else (), rivals)

    def _unknown(
        self, columns: _Columns, spelled: SpelledList
    ) -> tuple[dict[str, Fate], dict[tuple[str, str], int]]:
        """Add the words that the graph lacks, in the order of the list."""
        wants: dict[str, list[Units]] = {}
        for entry in sorted(spelled.wanted):
            for want in spelled.wanted[entry]:
                if want.text not in wants:
                    wants[want.text] = []
                wants[want.text] += want.pronunciations
        fates: dict[str, Fate] = {}
        labels: dict[tuple[str, str], int] = {}
        for text, given in wants.items():
            ways, source = self._ways(text, given)
            if isinstance(ways, Unspellable):
                fates[text] = Fate(text, reason=ways.reason, remedy=ways.remedy)
                continue
            if not ways and not self.says(text):
                fates[text] = Fate(
                    text, reason="its pronunciation is a separator alone", remedy="Write its sounds"
                )
                continue
            free, rivals = columns.claim(UNKNOWN, text, ways)
            fates[text] = Fate(text, tuple(free), source if free else "", rivals=rivals)
            if free:
                score = self.options.attach_score
                labels[UNKNOWN, text] = columns.add(UNKNOWN, text, score, [(way, 0.0) for way in free])
            elif rivals:
                labels[UNKNOWN, text] = labels[UNKNOWN, rivals[0]]
        return fates, labels

    def _ways(self, text: str, given: Sequence[Units]) -> tuple[Sequence[Units] | Unspellable, str]:
        """Return how a word is said: as the list gives, but for what the lexicon has; else as another source tells."""
        if given:
            ways = self.pronouncer.given(given)
            if self.says(text):
                known = self._said(text)
                ways = tuple(way for way in ways if way not in known)
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
        kept: dict[int, list[tuple[Units, float]]] = {}
        for member in sorted(one.members, key=lambda member: -member.score):
            free, others = columns.claim(one.name, member.text, [units for units, _ in member.ways])
            kept[member.entry] = [way for way in member.ways if way[0] in free]
            if others:
                rivals[one.name, member.text] = others
        for member in one.members:
            if kept[member.entry]:
                key = one.name, member.text
                labels[key] = columns.add(one.name, member.text, member.score, kept[member.entry])
        for (name, text), others in rivals.items():
            if name == one.name and (name, text) not in labels:
                labels[name, text] = labels[name, others[0]]

    def _relabelled(
        self,
        spelled: SpelledList,
        attached: AttachedWords | None,
        fates: Mapping[str, Fate],
        labels: Mapping[tuple[str, str], int],
    ) -> SpelledList:
        """Return the spellings in the labels of this list, without those that need what is not attached."""
        is_attached = spelled.units >= self.first_label
        if self.adds is None or not len(spelled.lengths) or not is_attached.any():
            return spelled
        units = self.adds.units()
        label = np.array([labels.get(_key(unit), -1) for unit in units], np.int32)
        found = label[spelled.units[is_attached] - self.first_label]
        numbers, lengths = spelled.units.copy(), spelled.lengths.copy()
        numbers[is_attached] = np.where(found < 0, -1, found + self.first_label)
        if attached is not None:
            lengths[is_attached] = np.where(found < 0, 1, attached.first_sizes[found])
        lost = np.zeros(len(spelled.sizes), bool)
        lost[np.repeat(np.arange(len(spelled.sizes)), spelled.sizes)[numbers < 0]] = True
        left = replace(spelled, units=numbers, lengths=lengths).without(lost)
        alive = np.zeros(len(spelled.by), bool)
        alive[left.owners] = True
        refused = dict(spelled.refused)
        by = list(spelled.by)
        for entry, wants in spelled.wanted.items():
            if not alive[entry]:
                by[entry] = ""
                refused[entry] = _refusal([fates[want.text] for want in wants])
                continue
            by[entry] = next((s for want in wants if (s := fates[want.text].source)), by[entry])
        return replace(left, by=by, refused=refused)


def _key(unit: str) -> tuple[str, str]:
    """Return the class and the text of an attached unit."""
    text = text_of(unit)
    return (unit[1 : -len(text) - 1] if unit.startswith(MEMBER_MARK) else UNKNOWN), text


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
