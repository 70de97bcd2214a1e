"""A hotword list in units: columns, as the automaton is compiled from them.

Not for: how a phrase is spelled (``tlg.hotwords.spelling``), what spellings are worth (``tlg.hotwords.compile``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tlg.hotwords.fold import Fold, spell_folded
from tlg.hotwords.listing import Extra, HotwordList
from tlg.hotwords.units import Spelled, Speller, Unspellable, one_each

__all__ = ["SpelledList", "spell_list"]

Numbers = NDArray[np.int32]


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
    """

    units: Numbers
    sizes: Numbers
    owners: Numbers
    lengths: Numbers
    by: list[str]
    warnings: dict[int, tuple[str, ...]] = field(default_factory=dict)
    refused: dict[int, Unspellable] = field(default_factory=dict)
    folded: dict[int, str] = field(default_factory=dict)

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
        )

    def left_open(self, entries: Collection[int]) -> SpelledList:
        """Return the same without the spellings of some entries, which stay in the list as not spelled yet."""
        if not entries:
            return self
        keep = np.ones(len(self.by), bool)
        keep[list(entries)] = False
        spelling = keep[self.owners]
        unit = np.repeat(spelling, self.sizes)
        return SpelledList(
            self.units[unit],
            self.sizes[spelling],
            self.owners[spelling],
            self.lengths[unit] if len(self.lengths) else self.lengths,
            [how if kept else "" for how, kept in zip(self.by, keep.tolist(), strict=True)],
            {entry: one for entry, one in self.warnings.items() if keep[entry]},
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
        )


def spell_list(speller: Speller, hotwords: HotwordList, fold: Fold = "none") -> SpelledList:
    """Spell every phrase: those of the common kind all at once, the others one by one."""
    if speller.spell_all is None:
        return _one_by_one(speller, hotwords, range(len(hotwords)), fold)
    quick = speller.spell_all(hotwords.phrases)
    quick = quick.left_open(hotwords.extras)
    left = [entry for entry, how in enumerate(quick.by) if not how]
    if not left:
        return quick
    return _merged(quick, _one_by_one(speller, hotwords, left, fold))


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
    ).in_order()


def _one_by_one(speller: Speller, hotwords: HotwordList, entries: Iterable[int], fold: Fold) -> SpelledList:
    ids = speller.ids
    by = [""] * len(hotwords)
    units: list[int] = []
    sizes: list[int] = []
    owners: list[int] = []
    lengths: list[int] = []
    warnings: dict[int, tuple[str, ...]] = {}
    refused: dict[int, Unspellable] = {}
    texts: dict[int, str] = {}
    for entry in entries:
        phrase, extra = hotwords.phrases[entry], hotwords.extras.get(entry)
        try:
            if extra is None:
                text, spelled = spell_folded(phrase, speller.spell, fold)
            else:
                text, spelled = _spell_given(speller, phrase, extra, fold)
        except Unspellable as error:
            refused[entry] = Unspellable(error.reason, error.remedy)  # without its traceback
            continue
        by[entry] = spelled.by
        if spelled.warnings:
            warnings[entry] = spelled.warnings
        if text != phrase:
            texts[entry] = text
        for spelling in spelled.spellings:
            units += [ids[unit] for unit in spelling.units]
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
    )


def _spell_given(speller: Speller, phrase: str, extra: Extra, fold: Fold) -> tuple[str, Spelled]:
    """Spell a phrase that the list itself splits into tokens, or says how to pronounce."""
    for pronunciation in extra.pronunciations:
        unknown = next((token for token in pronunciation if token not in speller.tokens), None)
        if unknown is not None:
            raise Unspellable(
                f"its pronunciation has {unknown!r}, which is not among the tokens", "Write it in the tokens"
            )
    if speller.units_are == "tokens" and extra.pronunciations:
        return phrase, Spelled(one_each(extra.pronunciations), "list", extra.notes)
    if speller.units_are == "tokens" and extra.tokens:
        unknown = next((token for token in extra.tokens if token not in speller.ids), None)
        if unknown is None:
            return phrase, Spelled(one_each([extra.tokens]), "list", extra.notes)
        note = f"{unknown!r} is not among the tokens: split anew, from its text"
        extra = extra._replace(notes=(*extra.notes, note))
    text, spelled = spell_folded(phrase, speller.spell, fold)
    return text, spelled._replace(warnings=spelled.warnings + extra.notes)
