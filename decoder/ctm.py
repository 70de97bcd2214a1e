"""CTM, NIST's table of words with their times: ``recording channel begin duration word [confidence]``, one a line.

Source: NIST's Scoring Toolkit, infmts.htm.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tlg._files import PathLike, read_text, write_packed
from tlg.decoder.prefix_result import PrefixResult
from tlg.decoder.result import MbrPath, Result, join_words
from tlg.errors import OptionError, TextError

__all__ = ["CtmWord", "ctm_lines", "ctm_texts", "read_ctm", "write_ctm"]

# Times are written in whole milliseconds, confidences with four digits.
MILLISECONDS = 1000
COMMENT = ";;"


class CtmWord(NamedTuple):
    """A line of a CTM file: times in seconds; the confidence is None where there is none."""

    utterance: str
    channel: str
    start: float
    duration: float
    word: str
    confidence: float | None


def ctm_lines(
    utterance: str,
    result: Result | MbrPath | PrefixResult,
    *,
    frame_shift: float,
    channel: str = "1",
    offset: float = 0.0,
    confidence: Iterable[float] | None = None,
) -> list[str]:
    """Return the lines of an utterance, each with its line break; none where there are no words.

    A word goes from the first frame of its first token to the end of its last, as in ``result.word_spans``. Begin and end
    are rounded to the nearest millisecond each and the duration is their difference, so that words that meet in a frame
    meet in the file. A word without tokens has the duration 0.000.

    Args:
        utterance: its id, or that of the recording it lies in.
        result: of a decoder, or its ``mbr``; of prefix search.
        frame_shift: seconds from one frame to the next.
        channel: of the recording.
        offset: seconds from the beginning of the recording to that of the utterance.
        confidence: of each word, 0 to 1; None: ``result.confidence``; where that is None too, none is printed.

    Raises:
        OptionError: frame_shift is not above 0, or offset is negative; as many confidences as words are needed.
        TextError: an id, a channel or a word with white space in it, an empty one, or an id that begins a comment.
    """
    if not (math.isfinite(frame_shift) and frame_shift > 0):
        raise OptionError(
            f"frame_shift={frame_shift!r} is not above 0", remedy="Give seconds a frame, 0.04 or so"
        )
    if not (math.isfinite(offset) and offset >= 0):
        raise OptionError(f"offset={offset!r} is not 0 or more", remedy="Give seconds")
    _check_field(utterance, "utterance id")
    _check_field(channel, "channel")
    # Prefix search gives none.
    known = getattr(result, "confidence", None) if confidence is None else confidence
    certain: list[float | None] = [None] * len(result.word_spans) if known is None else list(known)
    if len(certain) != len(result.word_spans):
        raise OptionError(f"{len(certain)} confidences for {len(result.word_spans)} words")
    lines = []
    for (word, first, last), value in zip(result.word_spans, certain, strict=True):
        _check_field(word, "word")
        begin, end = (round((offset + frame * frame_shift) * MILLISECONDS) for frame in (first, last))
        line = f"{utterance} {channel} {begin / MILLISECONDS:.3f} {(end - begin) / MILLISECONDS:.3f} {word}"
        lines.append(line + ("\n" if value is None else f" {value:.4f}\n"))
    return lines


def write_ctm(
    path: PathLike, results: Iterable[tuple[str, Result | MbrPath | PrefixResult]], *, frame_shift: float
) -> None:
    """Write the words of many utterances, whole or not at all; .gz, .bz2, .xz, .zst compress.

    Args:
        path: the file.
        results: (utterance id, result), taken one at a time.
        frame_shift: seconds from one frame to the next.

    Raises:
        OptionError, TextError: as ctm_lines.
        OutputError: the file cannot be written.
    """
    if isinstance(results, Mapping):
        raise OptionError("results are a dict, not pairs", remedy="Pass results.items()")
    with write_packed(path) as write:
        for utterance, result in results:
            if not hasattr(result, "word_spans"):
                raise OptionError(
                    f"utterance {utterance!r}: a {type(result).__name__} has no words", remedy="Pass a Result"
                )
            write("".join(ctm_lines(utterance, result, frame_shift=frame_shift)).encode())


def read_ctm(path: PathLike) -> list[CtmWord]:
    """Return the lines of a CTM file, in its order; comments (``;;``) and blank lines are passed over.

    Raises:
        MissingFileError: there is no such file.
        TextError: a line of another form; names it.
    """
    words = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        fields = line.split()
        if not fields or fields[0].startswith(COMMENT):
            continue
        try:
            utterance, channel, start, duration, word, *rest = fields
            times = float(start), float(duration)
            confidence = float(rest[0]) if rest else None
            if len(rest) > 1 or not all(map(math.isfinite, times)) or min(times) < 0:
                raise ValueError
        except ValueError as error:
            raise TextError(
                f"is not 'recording channel begin duration word [confidence]': {line.strip()[:60]!r}",
                remedy="Write one word a line, times in seconds",
                file=path,
                line=number,
            ) from error
        words.append(CtmWord(utterance, channel, *times, word, confidence))
    return words


def ctm_texts(words: Iterable[CtmWord]) -> dict[str, str]:
    """Return utterance id -> text of the words in the order of their times: what ``tlg.score`` compares."""
    by_utterance: dict[str, list[CtmWord]] = {}
    for word in words:
        by_utterance.setdefault(word.utterance, []).append(word)
    return {
        utterance: join_words(
            [word.word for word in sorted(said, key=lambda word: (word.channel, word.start))]
        )
        for utterance, said in by_utterance.items()
    }


def _check_field(text: str, what: str) -> None:
    if text and not any(c.isspace() for c in text) and not (what != "word" and text.startswith(COMMENT)):
        return
    raise TextError(
        f"the {what} {text!r} cannot stand in a CTM file: it is empty, has white space in it or begins a comment",
        remedy=f"Give another {what}",
    )
