"""What a decoder returns: text, words and tokens with their frames, and the score's terms."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["FiredHotword", "Result", "WordSpan", "join_words"]


class WordSpan(NamedTuple):
    """A word and its frames, half-open [start, end)."""

    word: str
    start: int
    end: int


class FiredHotword(NamedTuple):
    """A hotword that the result holds: its frames, half-open [start, end), and the reward it earned (nats)."""

    phrase: str
    start: int
    end: int
    reward: float


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


# Scripts written without spaces between words, as unicodedata names their characters.
_NO_SPACE = ("CJK ", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "IDEOGRAPHIC")


def _takes_no_space(character: str) -> bool:
    if character < "\u0e00":
        return False
    return unicodedata.name(character, "").startswith(_NO_SPACE)


def join_words(words: Sequence[str]) -> str:
    """Return the words as running text: a space between two, unless both scripts write none there."""
    text = ""
    for word in words:
        if text and word and not (_takes_no_space(text[-1]) and _takes_no_space(word[0])):
            text += " "
        text += word
    return text
