"""Hotwords for n-best lists, whoever made them: their rewards are added to the scores, and the lists put in order.

Not for: finding what is not in the list; a decoder's own hotwords change what it searches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tlg.errors import OptionError
from tlg.hotwords.compile import HotwordMatch, Hotwords
from tlg.hotwords.files import HotwordSource, read_hotwords
from tlg.hotwords.listing import is_finite

__all__ = ["Rescored", "hotwords_of_texts", "rescore"]


@dataclass(frozen=True)
class Rescored:
    """A hypothesis with its hotwords.

    Attributes:
        hypothesis: as it was given: a text, or units.
        rank: its place in the list that was given, from 0.
        score: as it was given, nats.
        hotword_score: what its hotwords are worth, nats: their rewards, times ``weight``.
        matches: the hotwords, and where in its units (of a text, the characters of its words and the spaces between).
        total: ``score + hotword_score``.
    """

    hypothesis: str | Sequence[str]
    rank: int
    score: float
    hotword_score: float
    matches: list[HotwordMatch]

    @property
    def total(self) -> float:
        """What the list is in order of."""
        return self.score + self.hotword_score


def rescore(
    nbest: Iterable[tuple[str | Sequence[str], float]],
    hotwords: Hotwords | HotwordSource,
    *,
    weight: float = 1.0,
    bias: float | None = None,
) -> list[Rescored]:
    """Return the hypotheses with what their hotwords are worth, the best first; equals stay in their order.

    Args:
        nbest: (hypothesis, score) pairs; the scores in nats, higher is better, without hotwords. A hypothesis is a text
            or, for a Hotwords, the list of its units.
        hotwords: a Hotwords, or a list, dict or path. The latter are matched on the texts themselves: characters, whole
            words where the script has spaces.
        weight: of the hotwords' rewards, for scores on a scale of their own; 0 or more.
        bias: b, nats a unit, of a list that is no Hotwords; None: 1.5.

    Raises:
        OptionError: no pairs, a score that is no finite number, a unit that the hotwords do not know, units without a Hotwords.
        HotwordError: the list cannot be used.
    """
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < math.inf:
        raise OptionError(f"weight={weight!r} is not 0 or more", remedy="1 adds the rewards as they are")
    nbest = list(_pairs(nbest))
    for rank, (hypothesis, score) in enumerate(nbest):
        if isinstance(hypothesis, bytes) or not isinstance(hypothesis, Iterable):
            raise OptionError(
                f"hypothesis {rank} is {hypothesis!r:.60}", remedy="Pass a text, or the list of its units"
            )
        number = isinstance(score, int | float | np.integer | np.floating) and not isinstance(score, bool)
        if not number or not is_finite(score):
            raise OptionError(f"the score of hypothesis {rank} is {score!r}", remedy="Pass nats")
    if isinstance(hotwords, Hotwords):
        if bias is not None:
            raise OptionError(
                "bias= and a Hotwords, which has its own", remedy="Pass bias= to Hotwords alone"
            )
    else:
        units = next((one for one, _ in nbest if not isinstance(one, str)), None)
        if units is not None:
            raise OptionError(
                f"hypothesis {list(units)!r:.60} is no text", remedy="Pass a Hotwords made for these units"
            )
        hotwords = hotwords_of_texts(hotwords, [str(one) for one, _ in nbest], bias=bias)
    rescored = []
    for rank, (hypothesis, score) in enumerate(nbest):
        units = hotwords.spell(hypothesis) if isinstance(hypothesis, str) else hypothesis
        matches = hotwords.find(units)
        reward = weight * sum(match.reward for match in matches)
        rescored.append(Rescored(hypothesis, rank, float(score), reward, matches))
    return sorted(rescored, key=lambda one: -one.total)


def _pairs(nbest: Iterable[object]) -> Iterator[tuple[Any, Any]]:
    """Check that hypotheses come with scores."""
    if isinstance(nbest, str | bytes) or not isinstance(nbest, Iterable):
        raise OptionError(f"nbest is {nbest!r:.60}", remedy="Pass (hypothesis, score) pairs")
    for rank, pair in enumerate(nbest):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise OptionError(
                f"hypothesis {rank} is {pair!r:.60}, no pair", remedy="Pass (hypothesis, score) pairs"
            )
        yield pair[0], pair[1]


def hotwords_of_texts(source: HotwordSource, texts: Sequence[str], *, bias: float | None = None) -> Hotwords:
    """Return the list compiled for the characters of some texts.

    A phrase matches whole words; where the texts are of a script without spaces, anywhere.

    Args:
        source: as Hotwords takes it.
        texts: all that it will be matched on.
        bias: b, nats a character; None: 1.5.

    Raises:
        HotwordError: the list cannot be used.
    """
    phrases = read_hotwords(source)
    characters = {" "}.union(*texts, *(hotword.phrase for hotword in phrases))
    tokens = sorted(character for character in characters if character == " " or not character.isspace())
    return Hotwords(phrases, tokens=tokens, bias=bias)
