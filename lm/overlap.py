"""What may be wrong with a test text: sentences of the training text in it, another kind of text."""

from __future__ import annotations

import string
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tlg import _core
from tlg.lm.text import Progress, Texts, blocks, iterate_texts

__all__ = ["MIN_WORDS", "Overlap", "SentenceSketch", "Shared", "odd_text"]

# Shorter sentences ("thank you very much") come again in any text.
MIN_WORDS = 5
# Above this share of the sentences a figure is no longer one of new text.
WARN_SHARE = 0.05
# A model that does not know this share of the words was hardly made for the text.
WARN_OOV = 0.2
SKETCH_SIZE = 1 << 16
MANY = 1 << 14  # sentences that are hashed at once

Hashes = NDArray[np.uint64]


def hash_block(text: bytes) -> Hashes:
    """Return a number for each sentence of MIN_WORDS or more in whole lines."""
    hashes = _core.hash_sentences(text, MIN_WORDS)
    return np.asarray(hashes[hashes != 0])


class SentenceSketch:
    """Which sentences a text holds, in bounded memory: all of them, or the lowest 65,536 hashes.

    Hashes are spread evenly, so the lowest are a sample of the sentences, and what two texts have below
    the same bar can be compared (bottom-k sampling).

    Source: Broder, On the resemblance and containment of documents, 1997.
    """

    def __init__(self, size: int = SKETCH_SIZE) -> None:
        """Start empty; `size` is how many hashes are kept at most."""
        self._size = size
        self._kept: Hashes = np.empty(0, np.uint64)
        self._new: list[Hashes] = []
        self._bar: int | None = None  # hashes up to here are all kept; None: all are

    def add_text(self, text: bytes) -> None:
        """Add whole lines."""
        hashes = hash_block(text)
        self._new.append(hashes if self._bar is None else hashes[hashes <= np.uint64(self._bar)])
        if sum(map(len, self._new)) > self._size:
            self._merge()

    def _merge(self) -> None:
        self._kept = np.concatenate([self._kept, *self._new])
        self._new = []
        if len(self._kept) > self._size:
            self._kept = np.partition(self._kept, self._size - 1)[: self._size]
            self._bar = int(self._kept[-1])

    def shared_with(self, hashes: Hashes) -> Shared:
        """Tell how many of a text's sentences are here; estimated if only a sample is."""
        self._merge()
        sample = hashes if self._bar is None else hashes[hashes <= np.uint64(self._bar)]
        found = int(np.isin(sample, self._kept).sum())
        if self._bar is None or not len(sample):
            return Shared(found, len(hashes), self._bar is None)
        return Shared(round(found / len(sample) * len(hashes)), len(hashes), False)


@dataclass(frozen=True)
class Shared:
    """How many sentences of a text are in another one too.

    Args:
        sentences: how many.
        compared: of how many: those of MIN_WORDS words or more.
        exact: counted; False: estimated from a sample.
    """

    sentences: int
    compared: int
    exact: bool

    @property
    def share(self) -> float:
        """The part of the compared sentences that is shared."""
        return self.sentences / self.compared if self.compared else 0.0

    @property
    def notes(self) -> tuple[str, ...]:
        """A warning, when there is something to warn of."""
        if self.share <= WARN_SHARE:
            return ()
        about = "" if self.exact else "about "
        note = (
            f"{about}{self.sentences} of {self.compared} sentences of {MIN_WORDS} words or more "
            f"({100 * self.share:.1f} %) are in the training text too: measure on other text, for these "
            "figures flatter the model"
        )
        return (note,)


class Overlap:
    """Collects the sentences of a test text, to look for them in training text."""

    def __init__(self) -> None:
        """Start empty."""
        self._parts: list[Hashes] = []
        self._waiting: list[str] = []

    def add_text(self, text: bytes) -> None:
        """Add whole lines."""
        self._parts.append(hash_block(text))

    def add_sentence(self, words: Sequence[str]) -> None:
        """Add one sentence."""
        self._waiting.append(" ".join(words))
        if len(self._waiting) >= MANY:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self.add_text("\n".join(waiting).encode("utf-8", "surrogatepass"))

    @property
    def hashes(self) -> Hashes:
        """One for each sentence of MIN_WORDS or more."""
        self._flush()
        return np.concatenate([np.empty(0, np.uint64), *self._parts])

    def shared_with_texts(self, texts: Texts, progress: Progress | None = None) -> Shared:
        """Read training text, block by block, and count the sentences that are in it too."""
        hashes, counts = np.unique(self.hashes, return_counts=True)
        found = np.zeros(len(hashes), bool)
        loose = Overlap()
        for text in iterate_texts(texts):
            if isinstance(text, Sequence) and not isinstance(text, str):
                loose.add_sentence(text)
                continue
            for block in blocks(text, progress):
                found |= np.isin(hashes, hash_block(block.data))
        found |= np.isin(hashes, loose.hashes)
        return Shared(int(counts[found].sum()), int(counts.sum()), True)


def odd_text(
    name: str, sentences: int, words: int, oovs: int, head: Iterable[Sequence[str]], known: Container[str]
) -> list[str]:
    """Say why a text may not be what the model was made for: nothing, or one sentence.

    Args:
        name: of the text.
        sentences, words, oovs: its figures.
        head: some of its sentences.
        known: the model's words.
    """
    if words < 10 or oovs <= WARN_OOV * words:
        return []
    unknown = [word for sentence in head for word in sentence if word not in known]
    rate = f"{name}: the model does not know {100 * oovs / words:.0f} % of the words"

    def most(change: Callable[[str], str]) -> bool:
        return sum(change(word) != word and change(word) in known for word in unknown) > len(unknown) / 2

    if unknown and words <= 1.2 * sentences:
        if all(len(word) > 1 and word[0] in known and word[-1] in known for word in unknown[:20]):
            return [
                f"{rate}, most lines are one word and the model has characters: split the text into those"
            ]
        return [
            f"{rate}, and most lines are one word: is the text split into words as the training text was?"
        ]
    if most(str.lower):
        return [f"{rate}, but most of them in lower case: lower the text as the training text was"]
    if most(str.upper):
        return [f"{rate}, but most of them in upper case: the training text was in capitals"]
    if most(lambda word: word.strip(string.punctuation)):
        return [f"{rate}, but most of them without punctuation: tokenise the text as the training text was"]
    return [f"{rate}: is it the language, and tokenised as the training text was?"]
