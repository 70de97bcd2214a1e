"""Changing the vocabulary of a model: fewer words, or more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from os import PathLike as OsPathLike

from tlg import _core
from tlg._files import PathLike, read_text
from tlg.errors import OptionError
from tlg.lm.change_report import VocabularyReport
from tlg.lm.model import NgramModel

__all__ = ["add_words", "limit_vocabulary"]

REMOVED = ("unk", "spread")
SPECIAL = ("<s>", "</s>", "<unk>", "<UNK>")


def _words(words: PathLike | Iterable[str], name: str) -> list[str]:
    """Return words from a file (separated as in texts) or from memory, each once."""
    if isinstance(words, str | OsPathLike):
        return list(dict.fromkeys(read_text(words).replace("\0", " ").split()))
    if not isinstance(words, Iterable):
        raise OptionError(f"{name} is a {type(words).__name__}", remedy="Give the words, or a path")
    listed = list(dict.fromkeys(words))
    for word in listed:
        if not isinstance(word, str) or not word or any(c in word for c in " \t\r\n\0"):
            raise OptionError(f"{name} holds {word!r}, which is no word", remedy="Give words without spaces")
        if any("\ud800" <= c <= "\udfff" for c in word):
            raise OptionError(f"{name} holds {word!r}, which is not UTF-8", remedy="Give words of real text")
    return listed


def limit_vocabulary(
    model: NgramModel, words: PathLike | Iterable[str], *, removed: str = "unk"
) -> NgramModel:
    """Keep the n-grams of some words alone; the sums over the vocabulary stay 1.

    Args:
        model: stays as it is.
        words: the words to keep, or the path of a file with them; ``<s>``, ``</s>`` and ``<unk>`` stay
            anyway. What the model does not have is listed in the report (``add_words`` adds it).
        removed: where the probability of the other words goes. "unk": to ``<unk>``, after every context
            exactly what they had there; all words that stay keep what they have. "spread": to the words
            that stay, in proportion: what the model says given that the word is one of these.

    Raises:
        OptionError: "unk" and the model has no ``<unk>``; what is no word.
        MissingFileError: there is no such file.
    """
    if removed not in REMOVED:
        raise OptionError(f"removed={removed!r} is not known", remedy="There is: 'unk', 'spread'")
    listed = _words(words, "words")
    core, missing = _core.limit_vocabulary(model.core, listed, removed == "spread")
    report = VocabularyReport(
        before=model.counts,
        after=tuple(core.counts),
        options={"words": len(listed), "removed": removed},
        missing=tuple(word for word in missing if word not in SPECIAL),
        removed=model.counts[0] - core.counts[0],
    )
    return NgramModel(core, report, f"{model.name} limited")


def _shares(words: list[str], share: float) -> dict[str, float]:
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise OptionError(f"share={share!r} is not above 0 and at most 1")
    return {word: share / len(words) for word in words}


def _given(words: Mapping[str, float]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for word, share in words.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise OptionError(f"the share of {word!r} is {share!r}", remedy="Give numbers above 0, at most 1")
        shares[word] = float(share)
    if math.fsum(shares.values()) > 1 + 1e-9:
        raise OptionError(
            f"the shares add to {math.fsum(shares.values()):g}",
            remedy="They are parts of the probability of <unk>: give what adds to 1 or less",
        )
    return shares


def add_words(
    model: NgramModel, words: PathLike | Iterable[str] | Mapping[str, float], *, share: float = 0.5
) -> NgramModel:
    """Add words to a model: each gets a part of the probability of ``<unk>``; sums stay what they were.

    The words become unigrams, and are backed off to after every context. Where ``<unk>`` has n-grams of
    its own it keeps them.

    Args:
        model: stays as it is.
        words: the new words, or the path of a file with them, which share equally; or a dict with the part
            of ``<unk>`` that each gets. What the model has already is left as it is and listed in the report.
        share: what part of ``<unk>`` the new words get together, where the parts are not given.

    Raises:
        OptionError: the model has no ``<unk>`` or gives it nothing; parts that are not above 0 or add to
            more than 1; what is no word.
        MissingFileError: there is no such file.
    """
    listed = _words(words, "words")
    known = set(model.vocabulary) | set(SPECIAL)
    new = [word for word in listed if word not in known]
    if isinstance(words, Mapping):
        shares = _given({word: words[word] for word in new})
    else:
        shares = _shares(new, share) if new else {}
    core = _core.add_words(model.core, list(shares.items()))
    report = VocabularyReport(
        before=model.counts,
        after=tuple(core.counts),
        options={"share": math.fsum(shares.values())},
        present=tuple(word for word in listed if word in known),
        added=tuple(new),
    )
    return NgramModel(core, report, f"{model.name} extended")
