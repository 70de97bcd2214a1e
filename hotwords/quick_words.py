"""Many phrases spelled at once in the words of a graph. Not for: phrases that cannot be (``tlg.hotwords.spelling``)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tlg import _core
from tlg.hotwords.additions import Additions, unknown_unit
from tlg.hotwords.spelled import SpelledList
from tlg.hotwords.units import MAX_SPELLINGS, TOO_MANY, UNSPACED

__all__ = ["quick_words"]

Numbers = NDArray[np.int32]


def quick_words(
    ids: Mapping[str, int], length: Callable[[str], int], adds: Additions | None = None
) -> Callable[[list[str]], SpelledList]:
    """Return what spells phrases of words between spaces, and phrases of a script without spaces.

    Args:
        ids: word -> number.
        length: the phones of a word; 0: it has no pronunciation.
        adds: numbers words that the graph lacks; None: phrases with them are left alone.
    """
    phones: dict[str, int] = {}  # words that were met -> their phones
    cutter = _Cutter(ids, phones, length)

    def is_said(word: str) -> bool:
        found = phones.get(word)
        if found is None:
            found = phones[word] = length(word)
        return found > 0

    def numbered(word: str) -> int:
        """Return the number of a word, attached where the graph lacks it."""
        assert adds is not None
        return ids[word] if word in ids and is_said(word) else adds.number(unknown_unit(word))

    members = frozenset() if adds is None else adds.member_words

    def spell_all(phrases: list[str]) -> SpelledList:
        spaced, unspaced = _kinds(phrases)
        by = [""] * len(phrases)
        units: list[int] = []
        sizes: list[int] = []
        owners: list[int] = []
        lengths: list[int] = []
        wanted: dict[int, tuple[str, ...]] = {}
        get = ids.get
        for entry in np.flatnonzero(spaced).tolist():
            words = phrases[entry].split()
            if members and not members.isdisjoint(words):
                continue
            found = [get(word, -1) for word in words]
            if -1 in found or not all(map(is_said, words)):
                if adds is None or not adds.lacks:
                    continue
                found = [numbered(word) for word in words]
                wanted[entry] = tuple([word for word in dict.fromkeys(words) if not phones.get(word)])
            by[entry] = "lexicon"
            units += found
            lengths += [phones.get(word) or 1 for word in words]  # attached words are counted later
            sizes.append(len(found))
            owners.append(entry)
        columns = [np.array(column, np.int32) for column in (units, sizes, owners, lengths)]
        warnings: dict[int, tuple[str, ...]] = {}
        if members:
            touched = [members.isdisjoint(phrases[entry].split()) for entry in range(len(phrases))]
            unspaced &= np.array(touched, bool)
        if unspaced.any():
            places = np.flatnonzero(unspaced).astype(np.int32)
            cut = cutter.cut([phrases[entry] for entry in places.tolist()])
            cut.owners = places[cut.owners]
            for entry in np.unique(cut.owners).tolist():
                by[entry] = "lexicon"
            warnings = dict.fromkeys(places[cut.more].tolist(), TOO_MANY)
            pairs = zip(columns, (cut.units, cut.sizes, cut.owners, cut.lengths), strict=True)
            columns = [np.concatenate(pair) for pair in pairs]
        numbers, counts, entries, spoken = columns
        return SpelledList(numbers, counts, entries, spoken, by, warnings, wanted=wanted).in_order()

    return spell_all


@dataclass
class _Cut:
    """Ways to cut texts into words; ``more`` are the texts with more ways than are kept."""

    units: Numbers
    sizes: Numbers
    owners: Numbers
    more: Numbers
    lengths: Numbers


class _Cutter:
    """Cuts texts of a script without spaces; asks for the pronunciations of those words alone that it meets."""

    def __init__(self, ids: Mapping[str, int], phones: dict[str, int], length: Callable[[str], int]) -> None:
        """Keep the words; they are looked over when the first text comes."""
        self._ids = ids
        self._phones = phones
        self._length = length
        self._lock = threading.Lock()  # lists that are changed share what spells them
        self._words: dict[int, str] | None = None  # by number
        self._splitter: _core.WordSplitter | None = None

    def cut(self, texts: list[str]) -> _Cut:
        """Return the ways of all texts, by words that have a pronunciation."""
        with self._lock:
            return self._cut(texts)

    def _cut(self, texts: list[str]) -> _Cut:
        if self._words is None:
            words = list(self._ids)
            kept = np.flatnonzero(_kinds(words)[1]).tolist()
            self._words = {self._ids[words[at]]: words[at] for at in kept}
        while True:
            if self._splitter is None:
                listed = list(self._words.values())
                numbers = np.array(list(self._words), np.int32)
                self._splitter = _core.WordSplitter(*_characters(listed), numbers)
            found = _Cut(*self._splitter.split(*_characters(texts), MAX_SPELLINGS), np.empty(0, np.int32))
            used = np.unique(found.units).tolist()
            for number in used:
                word = self._words[number]
                if word not in self._phones:
                    self._phones[word] = self._length(word)
            silent = [number for number in used if not self._phones[self._words[number]]]
            if not silent:
                break
            for number in silent:
                del self._words[number]
            self._splitter = None
        lengths = np.zeros(used[-1] + 1 if used else 1, np.int32)
        lengths[used] = [self._phones[self._words[number]] for number in used]
        found.lengths = lengths[found.units]
        return found


def _characters(texts: list[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the code points of texts and where each begins."""
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=offsets[1:])
    return np.frombuffer(joined, "<u4"), offsets


def _kinds(texts: list[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which texts have no character of a script without spaces, and which have nothing else."""
    characters, offsets = _characters(texts)
    marked = np.zeros(len(characters), bool)
    for low, high in UNSPACED:
        marked |= (characters >= low) & (characters <= high)
    counts = np.diff(np.concatenate([[0], np.cumsum(marked)])[offsets])
    sizes = np.diff(offsets)
    return counts == 0, (counts == sizes) & (sizes > 0)
