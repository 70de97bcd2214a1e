"""What a decoder returns: text, words and tokens with their frames, and the score's terms."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from typing_extensions import Self

    from tlg.decoder.lattice import Lattice

__all__ = ["FiredHotword", "MbrPath", "Result", "SlotWord", "WordSpan", "join_words"]


class WordSpan(NamedTuple):
    """A word and its frames, half-open [start, end)."""

    word: str
    start: int
    end: int


class _Fired(NamedTuple):
    phrase: str
    start: int
    end: int
    reward: float


class FiredHotword(_Fired):
    """A hotword that the result holds: a tuple (phrase, start, end, reward), its frames half-open, its reward in nats.

    Attributes:
        margin: by how many nats the best path would still beat the best one without this hotword there, if it had not
            been rewarded. Above 0 it would have won anyway; below, the reward decided, and -margin is the least that
            would have done. None without ``lattice=True``. Where the lattice holds no path without the hotword, the
            margin is at least this much.
    """

    margin: float | None = None

    def __new__(cls, phrase: str, start: int, end: int, reward: float, margin: float | None = None) -> Self:
        """Return the tuple, with its margin beside it."""
        self = super().__new__(cls, phrase, start, end, reward)
        self.margin = margin
        return self

    def __repr__(self) -> str:
        known = "" if self.margin is None else f", margin={self.margin!r}"
        return (
            f"FiredHotword(phrase={self.phrase!r}, start={self.start}, end={self.end}, "
            f"reward={self.reward!r}{known})"
        )


class SlotWord(NamedTuple):
    """What may stand in a slot of a confusion network: a word, or "" for none; frames are means over the paths."""

    word: str
    probability: float
    start: float
    end: float


@dataclass(frozen=True)
class MbrPath:
    """The words with the least expected number of word errors, given the lattice without its hotword scores.

    Attributes:
        text: the words joined.
        words: the words; they need not be a path of the graph.
        word_spans: their frames, half-open.
        confidence: of each word, the probability that it stands in its place.
        risk: the expected number of word errors.
        slots: the confusion network: for each place the words that may stand there, the most probable first.

    Source: Xu, Povey, Mangu and Zhu, 2011 (docs/lattices.md).
    """

    text: str
    words: list[str]
    word_spans: list[WordSpan]
    confidence: list[float]
    risk: float
    slots: list[list[SlotWord]]


def _nothing() -> None:
    """A default that leaves no attribute in the class, which would hide what is deferred."""


@dataclass(frozen=True)
class Result:
    """The best path of one utterance.

    ``score = am_score + lm_score + word_score + blank_score + hotword_score``, in nats, each term weighted as
    the search weights it:

    Attributes:
        text: the words joined; no space is put between words of scripts that write none (Chinese, Thai).
        words: the words.
        word_spans: each word with its first frame and the frame after its last token.
        tokens: the units of the path, repeats collapsed, blanks left out.
        token_spans: [start, end) frames of each token.
        score: the total.
        am_score: acoustic_scale times the sum of the log-posteriors along the path.
        lm_score: lm_weight times the graph's score (language model, pronunciation, sentence end).
        word_score: the option ``word_score`` times the number of words.
        blank_score: minus the option ``blank_penalty`` times the number of blank frames.
        hotword_score: what the hotwords in the result earned: no loans.
        hotwords: which of them, and where.
        partial: no final state of the graph was reached (cut off in mid-word, or a beam too narrow): the
            best partial path is given, without the final cost.
        num_frames: frames searched; fewer than given only where no path went on (``partial`` is then true).
        nbest: the best paths of different word sequences, the best first, this one among them: ``nbest=`` of the
            decoder many, or fewer where ``lattice_beam`` holds fewer. Theirs are empty.
        confidence: of each word, the probability that it stands in its place, from the lattice without the hotword
            scores; None without ``lattice=True`` or ``mbr=True``.
        lattice: all that ended within ``lattice_beam``; None without ``lattice=True``.
        mbr: the words with the least expected number of errors; None without ``mbr=True``.
        lattice_beam: within how many nats of the best path nbest, confidence, lattice and mbr know all paths: the
            option's value, or less where it had to be narrowed (a search in doubt throughout); None where none of
            them was asked for.
        hotwords_version: the number of the hotword list that was in force (``Decoder.hotwords_version``); 0: none. Of
            no account where results are compared.
    """

    text: str
    words: list[str]
    word_spans: list[WordSpan]
    tokens: list[str]
    token_spans: list[tuple[int, int]]
    score: float
    am_score: float
    lm_score: float
    word_score: float
    blank_score: float
    hotword_score: float
    hotwords: list[FiredHotword]
    partial: bool
    num_frames: int
    nbest: list[Result] = field(default_factory=list, repr=False)
    confidence: list[float] | None = field(default_factory=_nothing)
    lattice: Lattice | None = field(default_factory=_nothing, repr=False, compare=False)
    mbr: MbrPath | None = field(default_factory=_nothing, repr=False)
    lattice_beam: float | None = field(default_factory=_nothing, repr=False, compare=False)
    hotwords_version: int = field(default_factory=int, repr=False, compare=False)

    @classmethod
    def deferred(cls, read: Callable[[Result, str], Any], **known: Any) -> Result:
        """Return a result whose fields are worked out when they are first read.

        Args:
            read: (the result, a field's name) -> its value; it may read other fields.
            **known: fields that have their value already.
        """
        result = object.__new__(cls)
        result.__dict__.update(known, _read=read)
        return result

    def __getattr__(self, name: str) -> Any:
        """Work out a field of a deferred result; asked only for what is not there yet."""
        read = self.__dict__.get("_read")
        if read is None or name not in Result.__dataclass_fields__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        # Threads that ask at once all get what the first of them stored: r.lattice is r.lattice.
        return self.__dict__.setdefault(name, read(self, name))

    def __getstate__(self) -> dict[str, Any]:
        """Return all fields: what a copy or a pickle holds, with nothing left to work out."""
        return {name: getattr(self, name) for name in Result.__dataclass_fields__}


# Scripts written without spaces between words, as unicodedata names their characters.
_NO_SPACE = ("CJK ", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "IDEOGRAPHIC")
_NO_SPACE_FROM = "\u0e00"  # no script below this one is among them


@functools.lru_cache(maxsize=1 << 16)
def _takes_no_space(character: str) -> bool:
    if character < _NO_SPACE_FROM:
        return False
    return unicodedata.name(character, "").startswith(_NO_SPACE)


def join_words(words: Sequence[str]) -> str:
    """Return the words as running text: a space between two, unless both scripts write none there."""
    text = " ".join(words)
    if "" not in words and max(text, default="") < _NO_SPACE_FROM:
        return text
    text = ""
    for word in words:
        if text and word and not (_takes_no_space(text[-1]) and _takes_no_space(word[0])):
            text += " "
        text += word
    return text
