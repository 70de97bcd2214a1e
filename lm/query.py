"""Asking a model word by word, in batches, and for what may follow: behind the methods of NgramModel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tlg import _core
from tlg.errors import OptionError

__all__ = ["Sentences", "next_words", "score_batch", "score_sentences", "score_word", "word_ids"]

# Lists of words, lists of ids, or one array of ids with `offsets`.
Sentences = Sequence[Sequence[str] | Sequence[int] | NDArray[np.integer[Any]]] | NDArray[np.integer[Any]]


def _id(core: _core.NgramModel, word: str | int) -> int:
    if isinstance(word, str):
        return core.find(word)
    try:
        return int(word.__index__())
    except AttributeError as error:
        raise OptionError(f"{word!r} is no word", remedy="Pass a str, or an id from word_id") from error


def score_word(core: _core.NgramModel, state: int, word: str | int) -> tuple[int, float]:
    """Score one word, given as text or as an id."""
    return core.step(state, _id(core, word))


def word_ids(core: _core.NgramModel, words: Sequence[str] | ArrayLike) -> NDArray[np.int32]:
    """Return words as ids: texts are looked up, integers are taken as they are.

    Raises:
        OptionError: a str in place of a list, something that is neither text nor integer.
    """
    if isinstance(words, str):
        raise OptionError(f"{words!r} is no list of words", remedy="Split it: text.split()")
    if isinstance(words, Sequence) and all(isinstance(word, str) for word in words):
        return core.find_all([str(word) for word in words])
    ids = np.asarray(words)
    if ids.size and ids.dtype.kind not in "iu":
        raise OptionError(
            f"word ids may not be {ids.dtype}", remedy="Pass integers, or a list of words (str)"
        )
    if ids.size and not (ids.min() >= -1 and ids.max() <= np.iinfo(np.int32).max):
        raise OptionError("a word id is out of range", remedy="Ids run from 0; -1 is an unknown word")
    return ids.astype(np.int32, copy=False)


def score_batch(
    core: _core.NgramModel, states: ArrayLike, words: Sequence[str] | ArrayLike
) -> tuple[NDArray[np.float32], NDArray[np.uint64]]:
    """Score a word in each of many states; NgramModel.score_batch says more."""
    given = np.asarray(states)
    if given.size and given.dtype.kind not in "iu":
        raise OptionError(f"states may not be {given.dtype}", remedy="Pass what begin() or score() gave")
    ids = word_ids(core, words)
    if given.ndim != 1 or given.shape != ids.shape:
        raise OptionError(
            f"states of shape {given.shape} for words of shape {ids.shape}", remedy="Pass [B] each"
        )
    if given.size and given.min() < 0:
        raise OptionError("a state is negative", remedy="Pass what begin() or score() gave")
    return core.score_batch(given.astype(np.uint64, copy=False), ids)


def score_sentences(
    core: _core.NgramModel,
    sentences: Sentences,
    offsets: ArrayLike | None,
    *,
    bos: bool,
    eos: bool,
) -> list[NDArray[np.float32]]:
    """Score whole sentences; NgramModel.score_sentences says more."""
    if isinstance(sentences, str):
        raise OptionError("sentences may not be a str", remedy="Pass lists of words: [text.split()]")
    if offsets is None:
        parts = [word_ids(core, words) for words in sentences]
        ids = np.concatenate(parts) if parts else np.empty(0, np.int32)
        ends = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    else:
        ids = word_ids(core, np.asarray(sentences))
        given = np.asarray(offsets)
        if given.ndim != 1 or not given.size or given.dtype.kind not in "iu":
            raise OptionError("offsets are no integers [S + 1]", remedy="Pass where each sentence begins")
        ends = given.astype(np.int64)
    if ids.ndim != 1 or ends[0] != 0 or ends[-1] != len(ids) or (np.diff(ends) < 0).any():
        raise OptionError(
            f"offsets do not divide {ids.size} ids into sentences",
            remedy="They run from 0 to the number of ids and do not fall",
        )
    scores = core.score_sequences(ids, ends, bos, eos)
    return np.split(scores, (ends + (np.arange(len(ends)) if eos else 0))[1:-1]) if len(ends) > 1 else []


def next_words(
    core: _core.NgramModel, vocabulary: Sequence[str], state: int, k: int
) -> list[tuple[str, float]]:
    """Return the k best words that may follow a state."""
    if k < 0:
        raise OptionError(f"k={k} is negative", remedy="Ask for 0 words or more")
    ids, scores = _core.next_words(core, state, k)
    return [(vocabulary[word], score) for word, score in zip(ids.tolist(), scores.tolist(), strict=True)]
