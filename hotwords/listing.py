"""A hotword list as it was given: columns, so that 100,000 phrases are not as many objects.

Not for: reading files (``tlg.hotwords.files``), spelling (``tlg.hotwords.spelling``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from tlg.errors import HotwordError

__all__ = ["Extra", "Hotword", "HotwordList", "ListBuilder", "is_finite"]


@dataclass(frozen=True)
class Hotword:
    """One phrase of a list, as it was given.

    Args:
        phrase: the text, without white space around it.
        word_bias: w, nats for the whole phrase; negative to suppress it.
        bias: b, nats a unit, of this phrase alone; None: the bias of the list.
        file: the file that it is from.
        line: its line there, from 1.
        tokens: the tokens that the file splits it into (sherpa-onnx's lists of pieces); none: it is text alone.
        pronunciations: how it is said, in the tokens of a graph; for words that the lexicon lacks.
        notes: what was read and has no effect.
    """

    phrase: str
    word_bias: float = 0.0
    bias: float | None = None
    file: str | None = None
    line: int | None = None
    tokens: tuple[str, ...] = ()
    pronunciations: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


class Extra(NamedTuple):
    """What few phrases have: fields of Hotword."""

    tokens: tuple[str, ...] = ()
    pronunciations: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


NOTHING = Extra()


def is_finite(number: Any) -> bool:
    """Return whether a number is one of float64: whole ones may be too large."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


@dataclass(frozen=True, eq=False)
class HotwordList(Sequence[Hotword]):
    """The phrases of a list in its order; an entry is the number of a phrase, from 0.

    Args:
        phrases: the texts.
        word_bias: w of each.
        bias: b of each; NaN: the bias of the list.
        lines: the line of each; 0: it has none.
        files: the file of each, or None.
        extras: entry -> what else was given, where there is something.
    """

    phrases: list[str]
    word_bias: NDArray[np.float64]
    bias: NDArray[np.float64]
    lines: NDArray[np.int32]
    files: list[str | None]
    extras: dict[int, Extra] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of phrases."""
        return len(self.phrases)

    @overload
    def __getitem__(self, entry: int) -> Hotword: ...
    @overload
    def __getitem__(self, entry: slice) -> list[Hotword]: ...
    def __getitem__(self, entry: int | slice) -> Hotword | list[Hotword]:
        """Return one Hotword, or a list of them for a slice."""
        if isinstance(entry, slice):
            return [self[number] for number in range(*entry.indices(len(self)))]
        phrase = self.phrases[entry]
        entry %= len(self.phrases)
        bias, line = float(self.bias[entry]), int(self.lines[entry])
        return Hotword(
            phrase,
            word_bias=float(self.word_bias[entry]),
            bias=None if math.isnan(bias) else bias,
            file=self.files[entry],
            line=line or None,
            **self.extras.get(entry, NOTHING)._asdict(),
        )

    def __iter__(self) -> Iterator[Hotword]:
        """Make the Hotwords one after another."""
        return (self[entry] for entry in range(len(self.phrases)))

    def kept(self, keep: NDArray[np.bool_]) -> HotwordList:
        """Return the entries that are marked, in their order."""
        new = np.cumsum(keep) - 1
        return HotwordList(
            list(compress(self.phrases, keep.tolist())),
            self.word_bias[keep],
            self.bias[keep],
            self.lines[keep],
            list(compress(self.files, keep.tolist())),
            {int(new[entry]): extra for entry, extra in self.extras.items() if keep[entry]},
        )

    def followed_by(self, other: HotwordList) -> HotwordList:
        """Return both lists as one."""
        shift = len(self)
        return HotwordList(
            self.phrases + other.phrases,
            np.concatenate([self.word_bias, other.word_bias]),
            np.concatenate([self.bias, other.bias]),
            np.concatenate([self.lines, other.lines]),
            self.files + other.files,
            self.extras | {shift + entry: extra for entry, extra in other.extras.items()},
        )


class ListBuilder:
    """Collects a list phrase by phrase."""

    def __init__(self, file: str | None = None) -> None:
        """Begin, with the file that the phrases are from."""
        self.file = file
        self.phrases: list[str] = []
        self.word_bias: list[float] = []
        self.bias: list[float] = []
        self.lines: list[int] = []
        self.files: list[str | None] | None = None
        self.extras: dict[int, Extra] = {}

    def refusal(self, what: str, remedy: str, line: int = 0) -> HotwordError:
        """Return the error for an entry of the list; line 0: none."""
        return HotwordError(what, remedy=remedy, file=self.file, line=line or None)

    def checked(self, phrase: object, what: str, line: int = 0) -> str:
        """Return a phrase without white space around it; ``what`` names it in errors.

        Raises:
            HotwordError: no text. JSON can write half of a surrogate pair, which no file can hold.
        """
        if not isinstance(phrase, str):
            raise self.refusal(f"{what} is no str", "Phrases are text", line)
        text = phrase.strip()
        if not text:
            raise self.refusal(f"{what} is blank", "Remove it", line)
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise self.refusal(
                f"{what} has half of a surrogate pair", "Write the character itself, or both halves", line
            )
        return text

    def add(
        self, phrase: str, word_bias: float = 0.0, bias: float = np.nan, line: int = 0, extra: Extra = NOTHING
    ) -> None:
        """Append a phrase; a bias of NaN is that of the list."""
        if extra is not NOTHING and extra != NOTHING:
            self.extras[len(self.phrases)] = extra
        self.phrases.append(phrase)
        self.word_bias.append(word_bias)
        self.bias.append(bias)
        self.lines.append(line)
        if self.files is not None:
            self.files.append(self.file)

    def add_hotword(self, hotword: Hotword) -> None:
        """Append a phrase with the file that it names."""
        if self.files is None:
            self.files = [self.file] * len(self.phrases)
        self.add(
            hotword.phrase.strip(),
            hotword.word_bias,
            np.nan if hotword.bias is None else hotword.bias,
            hotword.line or 0,
            Extra(tuple(hotword.tokens), tuple(map(tuple, hotword.pronunciations)), tuple(hotword.notes)),
        )
        self.files[-1] = hotword.file

    def build(self) -> HotwordList:
        """Return the list."""
        return HotwordList(
            self.phrases,
            np.array(self.word_bias, np.float64),
            np.array(self.bias, np.float64),
            np.array(self.lines, np.int32),
            [self.file] * len(self.phrases) if self.files is None else self.files,
            self.extras,
        )
