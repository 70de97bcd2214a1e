"""A hotword list in units: columns, as the automaton is compiled from them.

Not for: how a phrase is spelled (``tlg.hotwords.spelling``), what spellings are worth (``tlg.hotwords.compile``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tlg.hotwords.additions import UNKNOWN_MARK, Given, text_of
from tlg.hotwords.cut import joined_words
from tlg.hotwords.fold import Fold, spell_folded
from tlg.hotwords.listing import Extra, HotwordList
from tlg.hotwords.pronounce import MARK, split_words
from tlg.hotwords.units import Spelled, Speller, Unspellable, one_each

__all__ = ["SpelledList", "spell_list"]

Numbers = NDArray[np.int32]

NOT_ATTACHED = "its pronunciation has no effect: what lists pronounce is not attached here, and words are said as in the lexicon"


@dataclass(frozen=True, eq=False)
class SpelledList:
    """The spellings of a list, those of a phrase together and its first one first.

    Args:
        units: of all spellings, one behind the other.
        sizes: the units of each spelling.
        owners: the entry that each spelling is of; rising.
        lengths: what each unit counts in the n of n*b + w; empty: 1 each.
        by: how each entry was spelled; "" where it was refused.
        warnings: entry -> what the reader of the report should know.
        refused: entry -> why it has no spelling.
        folded: entry -> the text that was spelled, where case or width was folded.
        wanted: entry -> the words of it that may be attached.
        given: entry -> the pronunciations that the list gives for some of these.
    """

    units: Numbers
    sizes: Numbers
    owners: Numbers
    lengths: Numbers
    by: list[str]
    warnings: dict[int, tuple[str, ...]] = field(default_factory=dict)
    refused: dict[int, Unspellable] = field(default_factory=dict)
    folded: dict[int, str] = field(default_factory=dict)
    wanted: dict[int, tuple[str, ...]] = field(default_factory=dict)
    given: dict[int, tuple[Given, ...]] = field(default_factory=dict)

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each spelling begins among the units, and where the last one ends."""
        return np.concatenate([[0], np.cumsum(self.sizes, dtype=np.int64)])

    @property
    def firsts(self) -> NDArray[np.intp]:
        """The first spelling of each entry that has one."""
        return np.flatnonzero(np.diff(self.owners, prepend=-1))

    def counts(self) -> NDArray[np.int64]:
        """The n of n*b + w of each spelling."""
        if not len(self.lengths):
            return self.sizes.astype(np.int64)
        total = np.concatenate([[0], np.cumsum(self.lengths, dtype=np.int64)])
        offsets = self.offsets
        return np.asarray(total[offsets[1:]] - total[offsets[:-1]])

    def in_order(self) -> SpelledList:
        """Return the same by rising owners; the spellings of one stay in their order."""
        if (np.diff(self.owners) >= 0).all():
            return self
        order = np.argsort(self.owners, kind="stable")
        sizes = self.sizes[order]
        # Unit k of a spelling comes from where the spelling began before.
        shifts = self.offsets[:-1][order] - np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])[:-1]
        places = np.arange(len(self.units), dtype=np.int64) + np.repeat(shifts, sizes)
        return replace(
            self,
            units=self.units[places],
            sizes=sizes,
            owners=self.owners[order],
            lengths=self.lengths[places] if len(self.lengths) else self.lengths,
        )

    def kept(self, keep: NDArray[np.bool_]) -> SpelledList:
        """Return the spellings of the entries that are marked, which are numbered anew."""
        spelling = keep[self.owners]
        unit = np.repeat(spelling, self.sizes)
        new = (np.cumsum(keep) - 1).astype(np.int32)
        return SpelledList(
            self.units[unit],
            self.sizes[spelling],
            new[self.owners[spelling]],
            self.lengths[unit] if len(self.lengths) else self.lengths,
            [by for by, kept in zip(self.by, keep.tolist(), strict=True) if kept],
            {int(new[entry]): one for entry, one in self.warnings.items() if keep[entry]},
            {int(new[entry]): one for entry, one in self.refused.items() if keep[entry]},
            {int(new[entry]): one for entry, one in self.folded.items() if keep[entry]},
            {int(new[entry]): one for entry, one in self.wanted.items() if keep[entry]},
            {int(new[entry]): one for entry, one in self.given.items() if keep[entry]},
        )

    def without(self, spelling: NDArray[np.bool_]) -> SpelledList:
        """Return the same without the spellings that are marked."""
        unit = np.repeat(~spelling, self.sizes)
        return replace(
            self,
            units=self.units[unit],
            sizes=self.sizes[~spelling],
            owners=self.owners[~spelling],
            lengths=self.lengths[unit] if len(self.lengths) else self.lengths,
        )

    def left_open(self, entries: Collection[int]) -> SpelledList:
        """Return the same without the spellings of some entries, which stay in the list as not spelled yet."""
        if not entries:
            return self
        keep = np.ones(len(self.by), bool)
        keep[list(entries)] = False
        return replace(
            self.without(~keep[self.owners]),
            by=[how if kept else "" for how, kept in zip(self.by, keep.tolist(), strict=True)],
            warnings={entry: one for entry, one in self.warnings.items() if keep[entry]},
            wanted={entry: one for entry, one in self.wanted.items() if keep[entry]},
        )

    def followed_by(self, other: SpelledList) -> SpelledList:
        """Return both as one; the entries of the other come behind."""
        shift = len(self.by)
        return SpelledList(
            np.concatenate([self.units, other.units]),
            np.concatenate([self.sizes, other.sizes]),
            np.concatenate([self.owners, other.owners + np.int32(shift)]),
            np.concatenate([self.lengths, other.lengths]),
            self.by + other.by,
            self.warnings | {shift + entry: one for entry, one in other.warnings.items()},
            self.refused | {shift + entry: one for entry, one in other.refused.items()},
            self.folded | {shift + entry: one for entry, one in other.folded.items()},
            self.wanted | {shift + entry: one for entry, one in other.wanted.items()},
            self.given | {shift + entry: one for entry, one in other.given.items()},
        )


def spell_list(speller: Speller, hotwords: HotwordList, fold: Fold = "none") -> SpelledList:
    """Spell every phrase: those of the common kind all at once, the others one by one."""
    if speller.spell_all is None:
        spelled = _one_by_one(speller, hotwords, range(len(hotwords)), fold)
    else:
        spelled = speller.spell_all(hotwords.phrases)
        # A word is attached if no other form of it is in the lexicon: folding comes first.
        spelled = spelled.left_open({*hotwords.extras, *(() if fold == "none" else spelled.wanted)})
        left = [entry for entry, how in enumerate(spelled.by) if not how]
        if left:
            spelled = _merged(spelled, _one_by_one(speller, hotwords, left, fold))
    if speller.adds is not None and speller.adds.lacks and speller.units_are == "tokens":
        texts = hotwords.phrases
        if spelled.folded:
            texts = [spelled.folded.get(entry, text) for entry, text in enumerate(texts)]
        passed = spelled.refused.keys() | spelled.wanted.keys()
        return replace(spelled, wanted=spelled.wanted | speller.adds.lacking_all(texts, passed))
    return spelled


def _merged(one: SpelledList, other: SpelledList) -> SpelledList:
    """Return the spellings of both, each of other entries of the same list, in the order of the list."""
    lengths = other.lengths
    if len(one.lengths) or len(other.lengths):
        parts = (one, other)
        lengths = np.concatenate(
            [part.lengths if len(part.lengths) else np.ones(len(part.units), np.int32) for part in parts]
        )
    return SpelledList(
        np.concatenate([one.units, other.units]),
        np.concatenate([one.sizes, other.sizes]),
        np.concatenate([one.owners, other.owners]),
        lengths,
        [a or b for a, b in zip(one.by, other.by, strict=True)],
        one.warnings | other.warnings,
        one.refused | other.refused,
        one.folded | other.folded,
        one.wanted | other.wanted,
        one.given | other.given,
    ).in_order()


def _one_by_one(speller: Speller, hotwords: HotwordList, entries: Iterable[int], fold: Fold) -> SpelledList:
    by = [""] * len(hotwords)
    units: list[int] = []
    sizes: list[int] = []
    owners: list[int] = []
    lengths: list[int] = []
    warnings: dict[int, tuple[str, ...]] = {}
    refused: dict[int, Unspellable] = {}
    texts: dict[int, str] = {}
    wanted: dict[int, tuple[str, ...]] = {}
    given: dict[int, tuple[Given, ...]] = {}
    for entry in entries:
        phrase, extra = hotwords.phrases[entry], hotwords.extras.get(entry)
        told: tuple[Given, ...] = ()
        try:
            if extra is not None and extra.pronunciations:
                _check_pronunciations(speller, phrase, extra)
                if speller.adds is not None and speller.adds.lacks:
                    told = _given_words(speller, phrase, extra)
                elif speller.units_are == "words":
                    extra = extra._replace(notes=(*extra.notes, NOT_ATTACHED))
            if extra is None:
                text, spelled = spell_folded(phrase, *_spellers(speller, ()), fold)
            else:
                text, spelled = _spell_given(
                    speller, phrase, extra, fold, frozenset(one.text for one in told)
                )
        except Unspellable as error:
            refused[entry] = Unspellable(error.reason, error.remedy)  # without its traceback
            continue
        by[entry] = spelled.by
        if spelled.warnings:
            warnings[entry] = spelled.warnings
        if text != phrase:
            texts[entry] = text
        wants = [one.text for one in told]
        if speller.units_are == "words":
            lacking = (u for s in spelled.spellings for u in s.units if u.startswith(UNKNOWN_MARK))
            wants += [text for text in dict.fromkeys(map(text_of, lacking)) if text not in wants]
        if wants:
            wanted[entry] = tuple(wants)
        if told:
            given[entry] = told
        for spelling in spelled.spellings:
            units += [speller.number(unit) for unit in spelling.units]
            lengths += spelling.lengths
            sizes.append(len(spelling.units))
            owners.append(entry)
    counts = np.array(lengths if speller.units_are == "words" else [], np.int32)
    return SpelledList(
        np.array(units, np.int32),
        np.array(sizes, np.int32),
        np.array(owners, np.int32),
        counts,
        by,
        warnings,
        refused,
        texts,
        wanted,
        given,
    )


def _spellers(
    speller: Speller, given: Collection[str]
) -> tuple[Callable[[str], Spelled], Callable[[str], Spelled]]:
    """Return what spells a phrase with words that are there, and with words that are attached."""
    spell_attached = speller.spell_attached
    if spell_attached is None:
        return speller.spell, speller.spell
    return speller.spell, lambda phrase: spell_attached(phrase, given)


def _check_pronunciations(speller: Speller, phrase: str, extra: Extra) -> None:
    """Check that given pronunciations can be said."""
    is_marked = MARK not in speller.tokens and len(phrase.split()) > 1
    for pronunciation in extra.pronunciations:
        unknown = next(
            (t for t in pronunciation if t not in speller.tokens and not (is_marked and t == MARK)), None
        )
        if unknown is not None:
            raise Unspellable(
                f"its pronunciation has {unknown!r}, which is not among the tokens", "Write it in the tokens"
            )


def _given_words(speller: Speller, phrase: str, extra: Extra) -> tuple[Given, ...]:
    """Return the words whose pronunciations a line gives: its words, or the phrase as one where they are not apart."""
    words = joined_words(phrase)
    given: dict[str, list[tuple[str, ...]]] = {}
    for pronunciation in extra.pronunciations:
        parts = split_words(pronunciation, len(words), speller.tokens, speller.boundary_symbol)
        texts = words if parts else [" ".join(words)]
        for text, part in zip(texts, parts or [pronunciation], strict=True):
            ways = given.setdefault(text, [])
            if part not in ways:
                ways.append(part)
    return tuple(Given(text, tuple(ways)) for text, ways in given.items())


def _spell_given(
    speller: Speller, phrase: str, extra: Extra, fold: Fold, given: Collection[str]
) -> tuple[str, Spelled]:
    """Spell a phrase that the list itself splits into tokens, or says how to pronounce."""
    if speller.units_are == "tokens" and extra.pronunciations:
        ways = [tuple(t for t in way if t in speller.tokens) for way in extra.pronunciations]
        for way in ways:
            if why := _misplaced(speller, way) if way else "has no tokens":
                raise Unspellable(f"its pronunciation {why}", "Write whole words")
        return phrase, Spelled(one_each(dict.fromkeys(ways)), "list", extra.notes)
    if speller.units_are == "tokens" and extra.tokens:
        unknown = next((token for token in extra.tokens if token not in speller.ids), None)
        why = _misplaced(speller, extra.tokens) if unknown is None else f"has {unknown!r}, which is no token"
        if not why:
            return phrase, Spelled(one_each([extra.tokens]), "list", extra.notes)
        note = f"as the list splits it, it {why}: split anew, from its text"
        extra = extra._replace(notes=(*extra.notes, note))
    known, attaching = _spellers(speller, given)
    if given:  # they come before what the lexicon has
        known = attaching
    text, spelled = spell_folded(phrase, known, attaching, fold)
    return text, spelled._replace(warnings=spelled.warnings + extra.notes)


def _misplaced(speller: Speller, units: Sequence[str]) -> str:
    """Return what keeps units from being matched between word boundaries; "" where nothing does."""
    first, last = speller.ids[units[0]], speller.ids[units[-1]]
    if speller.boundary in (first, last):
        return f"begins or ends with the word boundary {speller.boundary_symbol!r}"
    if speller.starts_word and not speller.starts_word[first]:
        return f"begins with {units[0]!r}, which begins no word"
    return ""
