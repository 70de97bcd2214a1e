"""The bias of a phrase from how badly a language model scores it.

A phrase that ordinary text holds needs no help: the model favours it already, and a bonus on top makes false alarms.
A phrase that the model finds unlikely starts behind by what the model takes from it; that deficit is what a bonus has
to make up for. Not for: the search; a bias is a number before decoding begins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlg.errors import OptionError
from tlg.hotwords.listing import is_finite
from tlg.hotwords.units import is_unspaced

__all__ = ["AutoBias", "auto_bias", "check_auto", "phrase_score"]

# Tokens, or phones of words: what is longer than that is hardly heard by chance.
SHORT = {"tokens": 2, "words": 6}
KNOWN = 0.24  # of the mean of its unigrams: what a model may take off a word before it is short of anything


@dataclass(frozen=True)
class AutoBias:
    """Asks for biases from a language model: ``Hotwords(..., bias=AutoBias(lm))``.

    Args:
        lm: what scores words in nats by the contract of ``tlg.lm`` (``begin``, ``score``) and knows its words
            (``word in lm``): an NgramModel.
        lm_weight: of the search: what it makes of the model's scores.
        share: the part of the deficit that the bias makes up for.
        average: nats a word that a phrase may score without a deficit, at most 0; None: 0.24 times the mean of the
            model's unigrams.
        least: the lowest bias, as a part of the default one.
        most: the highest bias, as a part of the default one.
        longer: what each unit beyond the second (where words are matched: phone beyond the sixth) is worth besides, as
            a part of the default bias: the more units, the less likely are they heard by chance.

    The defaults were measured: docs/hotword_quality.md.
    """

    lm: Any
    lm_weight: float = 1.0
    share: float = 0.6
    average: float | None = None
    least: float = 0.0
    most: float = 5 / 3
    longer: float = 0.2

    def __post_init__(self) -> None:
        """Check the options.

        Raises:
            OptionError: a value out of its range, or no model.
        """
        if not (hasattr(self.lm, "begin") and hasattr(self.lm, "score") and hasattr(self.lm, "__contains__")):
            raise OptionError(
                "biases from a language model need lm=, one that scores words",
                remedy="Pass tlg.lm.load_model(...)",
            )
        if not (self.lm_weight >= 0 and math.isfinite(self.lm_weight)):
            raise OptionError(f"lm_weight={self.lm_weight} is no weight", remedy="Pass the decoder's")
        if not (self.share > 0 and math.isfinite(self.share)):
            raise OptionError(
                f"share={self.share} is not above 0", remedy="Pass a part of the deficit, say 0.6"
            )
        if self.average is not None and not (self.average <= 0 and math.isfinite(self.average)):
            raise OptionError(f"average={self.average} is not in nats a word", remedy="Pass one below 0")
        if not (self.longer >= 0 and math.isfinite(self.longer)):
            raise OptionError(
                f"longer={self.longer} is negative", remedy="Pass a part of the default bias, say 0.2"
            )
        if not 0 <= self.least <= self.most < math.inf:
            raise OptionError(
                f"least={self.least} and most={self.most} are no range", remedy="Pass 0 <= least <= most"
            )

    def deficits(self, phrases: Sequence[str]) -> NDArray[np.float64]:
        """Return for each phrase how many nats it is short of, and shall be given."""
        deficits = np.zeros(len(phrases))
        if self.lm_weight == 0:
            return deficits
        average = KNOWN * mean_unigram(self.lm) if self.average is None else self.average
        for entry, phrase in enumerate(phrases):
            score, words = phrase_score(self.lm, phrase)
            deficits[entry] = self.share * self.lm_weight * (average * words - score)
        return deficits

    def biases(
        self, deficits: NDArray[np.float64], units: NDArray[np.int64], default: float, *, short: int
    ) -> NDArray[np.float64]:
        """Return b of each phrase: auto_bias() with ``longer`` and the range, which ``default`` scales."""
        return auto_bias(
            deficits,
            units,
            short=short,
            longer=self.longer * default,
            least=self.least * default,
            most=self.most * default,
        )


def check_auto(bias: object, lm: object) -> AutoBias | None:
    """Return what asks a language model for biases, if something is to."""
    if isinstance(bias, AutoBias) and lm is None:
        return bias
    if bias == "auto":
        return AutoBias(lm)
    if lm is not None:
        raise OptionError("lm= has no effect with this bias", remedy='Pass bias="auto", or leave lm= out')
    if isinstance(bias, bool | str) or not (bias is None or hasattr(bias, "__float__")):
        raise OptionError(f"bias={bias!r} is not a number", remedy="Give nats a unit, say 1.5")
    if bias is not None and not is_finite(bias):
        raise OptionError(f"bias={bias} is not finite", remedy="Give nats a unit, say 1.5")
    return None


def auto_bias(
    deficits: NDArray[np.float64],
    units: NDArray[np.int64],
    *,
    short: int = SHORT["tokens"],
    longer: float = 0.0,
    least: float,
    most: float,
) -> NDArray[np.float64]:
    """Return b in nats a unit: what the phrase is given, spread over its units, from ``least`` to ``most``.

    Args:
        deficits: nats that the model takes from each phrase beyond those that it takes from ordinary text.
        units: n of each phrase; 0 counts as 1.
        short: units beyond so many are worth more.
        longer: nats for each of them, besides.
        least: the lowest b.
        most: the highest b.
    """
    given = deficits + longer * np.maximum(units - short, 0)
    return np.clip(given / np.maximum(units, 1), least, most)


def phrase_score(lm: Any, phrase: str) -> tuple[float, int]:
    """Return what a model gives to a phrase without context, in nats, and the number of its words.

    Scripts without spaces are cut into words of the model, going through from left to right and keeping the best
    way to each place. What is no word of the model counts as one unknown word; there, as one for each character.
    """
    try:
        state = lm.begin(bos=False)
    except TypeError:  # a model without the option
        state = lm.begin()
    total, words = 0.0, 0
    for word in phrase.split():
        if word in lm or not all(map(is_unspaced, word)):
            state, score = lm.score(state, word)
            total, words = total + score, words + 1
            continue
        best: list[tuple[float, int, Any] | None] = [None] * (len(word) + 1)
        best[0] = (total, words, state)
        for start in range(len(word)):
            here = best[start]
            if here is None:
                continue
            for end in range(start + 1, len(word) + 1):
                part = word[start:end]
                if end > start + 1 and part not in lm:
                    continue
                behind, score = lm.score(here[2], part)
                there = best[end]
                if there is None or here[0] + score > there[0]:
                    best[end] = (here[0] + score, here[1] + 1, behind)
        last = best[-1]
        assert last is not None  # single characters always lead on
        total, words, state = last
    return total, words


def mean_unigram(lm: Any) -> float:
    """Return the mean of the unigram log-probabilities of a model, in nats: minus its unigram entropy.

    Raises:
        OptionError: a model that does not tell its distribution.
    """
    if not hasattr(lm, "next_distribution"):
        raise OptionError(
            "this model does not tell how it scores ordinary text", remedy="Pass AutoBias(lm, average=...)"
        )
    log_probs = np.asarray(lm.next_distribution(lm.begin(bos=False)), np.float64)
    finite = np.isfinite(log_probs)
    return float(np.sum(np.exp(log_probs[finite]) * log_probs[finite]))
