"""Pronunciations for words that the lexicon of a graph lacks, in the tokens of the graph.

Sources, the first that has one: the letters of the word (where the lexicon spells), the pieces of a SentencePiece
model or a longest match, a grapheme-to-phoneme function. What a list gives itself comes before them all
(``tlg.hotwords.attaching``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tlg._files import PathLike
from tlg.errors import HotwordError
from tlg.hotwords.convention import Convention, Letters
from tlg.hotwords.g2p import G2P, load_g2p
from tlg.hotwords.sentencepiece_model import load_sentencepiece
from tlg.hotwords.units import WORD_START, Unspellable, is_unspaced

__all__ = ["MARK", "Found", "Pronouncer", "best_splits", "longest_match", "split_words"]

MARK = "|"  # between the words of a given pronunciation, where it is no token
NOTHING_TELLS = "Give its pronunciation in the list (phrase<TAB>weight<TAB>tokens), or pass g2p="

Units = tuple[str, ...]


class Found(NamedTuple):
    """How a word is said.

    Args:
        pronunciations: in tokens, as the lexicon would have them; at least one.
        source: "list", "lexicon", "characters", "sentencepiece", "longest match" or "g2p".
    """

    pronunciations: tuple[Units, ...]
    source: str


class Pronouncer:
    """Says words. Safe to share between threads, if the caller's g2p function is.

    Args:
        ids: the tokens without the blank.
        convention: how the lexicon writes words.
        has_pieces: the tokens are SentencePiece pieces.
        model: path of the SentencePiece model.
        pieces: how many of its best splits are pronunciations.
        g2p: a function from a word to its pronunciations, or the name of a ready one.
        samples: tells what words a ready one can look at, to see how this lexicon writes sounds.
    """

    def __init__(
        self,
        ids: Mapping[str, int],
        convention: Convention,
        *,
        has_pieces: bool,
        model: PathLike | None,
        pieces: int,
        g2p: G2P | str | None,
        samples: Callable[[], Mapping[str, Sequence[Sequence[str]]]],
    ) -> None:
        """Load the model and the function."""
        self._ids = ids
        self._convention = convention
        self._letters = Letters(convention.case, ids)
        self._has_pieces = has_pieces
        self._processor: Any = None if model is None else load_sentencepiece(model, kind=HotwordError)
        self._pieces = pieces
        self._g2p = load_g2p(g2p, ids, samples) if isinstance(g2p, str) else g2p
        self._said: dict[str, Found | Unspellable] = {}  # by the model or the function

    def given(self, pronunciations: Iterable[Sequence[str]]) -> tuple[Units, ...]:
        """Return pronunciations of a list in the form of the lexicon."""
        dressed = (self._convention.dressed(units) for units in pronunciations)
        return tuple(dict.fromkeys(units for units in dressed if units))

    def letters(self, words: Sequence[str]) -> dict[str, bytes]:
        """Return those of many words that are spelled by their letters, as the bytes of int32 token ids."""
        if self._has_pieces or not self._convention.spells or not words:
            return {}
        texts = [word.replace(" ", "") for word in words]
        characters = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<u4")
        listed, places = np.unique(characters, return_inverse=True)
        tokens = [self._letters[chr(code)] for code in listed.tolist()]
        numbers = np.array([self._ids[token] if token else -1 for token in tokens], np.int32)[places]
        is_lacking = np.concatenate([[0], np.cumsum(numbers < 0)])
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
        begins = ends - np.fromiter(map(len, texts), np.int64, len(texts))
        whole = (is_lacking[ends] == is_lacking[begins]).tolist()
        before, behind = (
            np.array([self._ids[unit] for unit in units], np.int32).tobytes()
            for units in (self._convention.before, self._convention.behind)
        )
        data = numbers.tobytes()
        places4 = zip(words, whole, (4 * begins).tolist(), (4 * ends).tolist(), strict=True)
        return {word: before + data[low:high] + behind for word, is_whole, low, high in places4 if is_whole}

    def say(self, word: str) -> Found | Unspellable:
        """Return how a word is said, or why nothing tells it.

        Raises:
            HotwordError: the caller's function failed; names the word.
        """
        why: Unspellable | None = None
        if not self._has_pieces and self._convention.spells:
            letters = tuple(map(self._letters.__getitem__, word.replace(" ", "")))
            if all(letters):  # none of them a separator
                return Found(((*self._convention.before, *letters, *self._convention.behind),), "characters")
            lacking = next(letter for letter in word if letter != " " and not self._letters[letter])
            why = Unspellable(f"{lacking!r} (U+{ord(lacking):04X}) is not among the tokens", NOTHING_TELLS)
        if word not in self._said:
            self._said[word] = self._tell(word, why)
        return self._said[word]

    def _tell(self, word: str, why: Unspellable | None) -> Found | Unspellable:
        if self._has_pieces:
            found = self._split(word)
            if found is not None:
                return found
            why = Unspellable("it cannot be split into pieces that are tokens", NOTHING_TELLS)
        if self._g2p is not None:
            ways = self._ask(word)
            unknown = next((unit for way in ways for unit in way if unit not in self._ids), None)
            if unknown is not None:
                why = Unspellable(
                    f"g2p says it with {unknown!r}, which is not among the tokens", NOTHING_TELLS
                )
            elif dressed := self.given(ways):
                return Found(dressed, "g2p")
            else:
                why = Unspellable("g2p does not know how it is said", "Give its pronunciation in the list")
        return why or Unspellable("nothing tells how it is said", NOTHING_TELLS)

    def _split(self, word: str) -> Found | None:
        """Return the splits of a word into pieces, as the lexicon of such a graph has them."""
        unmarked = is_unspaced(word[0]) and not self._convention.marks_unspaced
        if self._processor is None:
            marked = word if unmarked else WORD_START + word.replace(" ", WORD_START)
            units, rest = longest_match(marked, self._ids)
            return Found((tuple(units),), "longest match") if not rest else None
        splits = best_splits(self._processor, word, self._pieces)
        if unmarked:
            splits = [_unmarked(split) for split in splits]
        ways = tuple(dict.fromkeys(tuple(s) for s in splits if s and all(unit in self._ids for unit in s)))
        return Found(ways, "sentencepiece") if ways else None

    def _ask(self, word: str) -> list[Units]:
        """Return what the function says, checked."""
        assert self._g2p is not None
        try:
            said = self._g2p(word)
        except Exception as error:
            raise HotwordError(
                f"g2p failed on {word!r}: {error}",
                remedy="Mend the function; let it return [] for a word that it does not know",
            ) from error
        ways: Any = [] if said is None else [said.split()] if isinstance(said, str) else said
        if isinstance(ways, Iterable):
            ways = list(ways)
            if ways and all(isinstance(unit, str) for unit in ways):
                ways = [ways]
        if not isinstance(ways, list) or not all(map(_is_spoken, ways)):
            raise HotwordError(
                f"g2p gives {said!r:.80} for {word!r}, which is no list of tokens",
                remedy='Return ["t", "o", "k"], or a list of such lists',
            )
        return list(dict.fromkeys(tuple(way) for way in ways if len(way)))


def best_splits(processor: Any, text: str, number: int) -> list[list[str]]:
    """Return the best splits of a text by a SentencePiece model, the best first."""
    best: list[str] = processor.encode(text, out_type=str)
    if number == 1:
        return [best]
    others: list[list[str]] = processor.nbest_encode(text, nbest_size=number, out_type=str)
    return [best, *(split for split in others if split != best)][:number]


def split_words(
    pronunciation: Units, count: int, ids: Mapping[str, int], boundary: str | None
) -> list[Units]:
    """Return a given pronunciation of several words by words; [] where its form does not tell them apart.

    They are told apart by the token that separates words, by a lone ``|`` where that is no token, or by U+2581.
    """
    if count == 1:
        return [pronunciation]
    mark = MARK if MARK in pronunciation and MARK not in ids else boundary
    parts: list[list[str]] = [[]]
    for unit in pronunciation:
        if unit == mark:
            parts.append([])
            continue
        if boundary == WORD_START and unit.startswith(WORD_START):
            parts.append([])
        parts[-1].append(unit)
    found = [tuple(part) for part in parts if part]
    return found if len(found) == count else []


def _is_spoken(way: object) -> bool:
    return isinstance(way, list | tuple) and all(isinstance(unit, str) and unit for unit in way)


def _unmarked(split: list[str]) -> list[str]:
    bare = split[0].removeprefix(WORD_START) if split else ""
    return [bare, *split[1:]] if bare else split[1:]


def longest_match(text: str, ids: Mapping[str, int]) -> tuple[list[str], str]:
    """Split from the left, the longest piece first; return the pieces, and the rest, which begins with no piece."""
    units: list[str] = []
    start = 0
    while start < len(text):
        end = next((end for end in range(len(text), start, -1) if text[start:end] in ids), None)
        if end is None:
            break
        units.append(text[start:end])
        start = end
    return units, text[start:]
