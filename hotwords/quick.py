"""Many phrases spelled at once, where that is the same as spelling them one by one.

Not for: phrases of several spellings, or that cannot be spelled; ``tlg.hotwords.spelling`` sees to those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from tlg.hotwords.spelled import SpelledList
from tlg.hotwords.units import is_unspaced

__all__ = ["quick_letters", "quick_pieces"]

NO_LENGTHS = np.empty(0, np.int32)


def quick_letters(ids: Mapping[str, int], joiner: int | None) -> Callable[[list[str]], SpelledList]:
    """Return what spells phrases by their characters.

    Args:
        ids: token -> number, without the word boundary.
        joiner: the number of the word boundary; None: phrases with spaces are left alone.
    """
    whole = {token for token in ids if len(token) > 1}
    codes = {ord(token): number for token, number in ids.items() if len(token) == 1 and not token.isspace()}
    table = np.full(max(codes, default=0x20) + 2, -1, np.int32)  # the last for what is beyond
    for code, number in codes.items():
        table[code] = number
    if joiner is not None:
        table[0x20] = joiner

    def spell_all(phrases: list[str]) -> SpelledList:
        sizes = np.fromiter(map(len, phrases), np.int32, len(phrases))
        text = "".join(phrases).encode("utf-32-le", "surrogatepass")
        characters: NDArray[np.uint32] = np.frombuffer(text, "<u4")
        units = table[np.minimum(characters, len(table) - 1)]
        owners = np.arange(len(phrases), dtype=np.int32)
        missed = np.zeros(len(phrases), bool)
        missed[np.repeat(owners, sizes)[units < 0]] = True
        if joiner is not None:
            # One space stands for the boundary; of several one.
            space = characters == 0x20
            missed[np.repeat(owners, sizes)[1:][space[1:] & space[:-1]]] = True
        if whole:
            missed |= np.fromiter((not whole.isdisjoint(p.split()) for p in phrases), bool, len(phrases))
        by = ["" if miss else "characters" for miss in missed.tolist()]
        if not missed.any():
            return SpelledList(units, sizes, owners, NO_LENGTHS, by)
        kept = ~missed
        return SpelledList(units[np.repeat(kept, sizes)], sizes[kept], owners[kept], NO_LENGTHS, by)

    return spell_all


def quick_pieces(
    ids: Mapping[str, int], encode: Callable[[list[str]], list[list[str]]]
) -> Callable[[list[str]], SpelledList]:
    """Return what splits phrases by a SentencePiece model, but for those that begin in a script without spaces.

    Args:
        ids: piece -> number.
        encode: texts -> their pieces.
    """

    def spell_all(phrases: list[str]) -> SpelledList:
        units: list[int] = []
        sizes: list[int] = []
        owners: list[int] = []
        by = [""] * len(phrases)
        get = ids.get
        texts = [" ".join(phrase.split()) for phrase in phrases]
        for entry, pieces in enumerate(encode(texts)):
            found = [get(piece, -1) for piece in pieces]
            if -1 in found or not found or is_unspaced(texts[entry][:1]):
                continue
            by[entry] = "sentencepiece"
            units += found
            sizes.append(len(found))
            owners.append(entry)
        numbers, counts, entries = (np.array(column, np.int32) for column in (units, sizes, owners))
        return SpelledList(numbers, counts, entries, NO_LENGTHS, by)

    return spell_all
