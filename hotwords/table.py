"""The table that an automaton is compiled from: spellings and what each is worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tlg import _core
from tlg.hotwords.listing import HotwordList
from tlg.hotwords.spelled import SpelledList
from tlg.hotwords.units import Speller

__all__ = ["make_table"]


def make_table(
    hotwords: HotwordList, spelled: SpelledList, speller: Speller, bias: NDArray[np.float64]
) -> _core.HotwordTable:
    """Return the spellings with what they are worth.

    Args:
        hotwords: the list.
        spelled: its spellings.
        speller: what the units are.
        bias: b of each entry, nats a unit.
    """
    owners = spelled.owners
    bias = bias[owners]
    # All spellings are worth what the first is.
    counts = spelled.counts()
    firsts = spelled.firsts
    of_first = np.repeat(counts[firsts], np.diff(firsts, append=len(owners)))
    # The order of these bytes is that of the texts.
    texts = "".join(hotwords.phrases).encode("utf-32-be", "surrogatepass")
    sizes = np.fromiter(map(len, hotwords.phrases), np.int64, len(hotwords))
    return _core.HotwordTable(
        units=spelled.units,
        offsets=spelled.offsets,
        bias=bias,
        word_bias=hotwords.word_bias[owners] + bias * (of_first - counts),
        lengths=spelled.lengths,
        owners=owners,
        texts=texts,
        text_offsets=np.concatenate([[0], np.cumsum(4 * sizes)]),
        num_units=speller.num_units,
        boundary=speller.boundary,
        starts_word=speller.starts_word,
    )
