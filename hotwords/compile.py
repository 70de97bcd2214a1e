"""Hotwords: a list of phrases compiled for one set of units.

Not for: decoding; a decoder takes ``Hotwords.automaton`` and steps it.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Literal, NamedTuple, NoReturn

import numpy as np

from tlg import _core
from tlg._files import PathLike, read_text
from tlg.errors import HotwordError, OptionError, TokensError
from tlg.hotwords.files import Hotword, HotwordSource, read_hotwords
from tlg.hotwords.report import CompileReport, ReportEntry
from tlg.hotwords.spelling import Match, make_speller
from tlg.hotwords.units import Spelled, Speller, SpellingSource, Unspellable

__all__ = ["DEFAULT_BIAS", "DEFAULT_MAX_LOAN", "DEFAULT_WORD_BIAS", "HotwordMatch", "Hotwords"]

# b of phrases that have none of their own, times acoustic_scale; measured: docs/hotwords.md#strength
DEFAULT_BIAS = 1.5  # nats a token
DEFAULT_WORD_BIAS = 0.5  # nats a phone, where the list is matched over words
DEFAULT_MAX_LOAN = 2.0  # nats, times acoustic_scale; at most a third of the beam
GRID = 1024  # rewards are multiples of 1/1024 nats
CACHED = 8  # automata kept for other scales and loans


class HotwordMatch(NamedTuple):
    """A hotword found in a unit sequence.

    Args:
        phrase: its text, as in the list.
        start: its first unit.
        end: the unit behind its last.
        reward: nats.
    """

    phrase: str
    start: int
    end: int
    reward: float


class _Phrase(NamedTuple):
    """A phrase with its spellings; ``entry`` is its place in the list."""

    entry: int
    hotword: Hotword
    spelled: Spelled


class Hotwords:
    """A compiled hotword list. Never changes after it is built; safe to share between threads.

    Args:
        source: a path, a list or a dict; the forms are those of ``tlg.hotwords.read_hotwords``.
        graph: a graph, for its tokens, words and lexicon (``tlg.hotwords.SpellingSource``).
        tokens: without a graph: the token symbols in the order of their ids, or the path of tokens.txt
            (``symbol id`` lines, or one symbol a line).
        bias: b in nats a unit for the phrases without their own; None: 1.5 (0.5 a phone, where the list is
            matched over words) times the acoustic_scale of the decoder. A phrase of n units is worth n*b + w.
        match: "units" to match tokens, "words" to match the words of the graph, "auto": words where the
            lexicon does not spell its words (phones) or does not show where they end (letters without a
            separator), units else.
        boundary: the token that separates words, U+2581 where pieces begin words (SentencePiece), None to let
            phrases match anywhere; "auto" finds it. With a boundary a phrase matches whole words only.
        sentencepiece: path of the SentencePiece model, to split phrases as it does.
        blank: without a graph: the blank token, by id or symbol, which no phrase can have.
        strict: raise on the first phrase that cannot be spelled, instead of reporting it.

    Raises:
        HotwordError: a list that cannot be read (names file and line); with strict, a rejected phrase.
        OptionError: graph and tokens both or neither; an option that does not fit.
        TokensError: a token table that cannot be read.

    Semantics: docs/hotwords.md. The score of a unit sequence is the sum of the rewards of its leftmost-longest,
    non-overlapping matches, and depends on nothing else.
    """

    def __init__(
        self,
        source: HotwordSource,
        *,
        graph: SpellingSource | None = None,
        tokens: Sequence[str] | PathLike | None = None,
        bias: float | None = None,
        match: Match = "auto",
        boundary: str | None = "auto",
        sentencepiece: PathLike | None = None,
        blank: int | str | None = None,
        strict: bool = False,
    ) -> None:
        """Read, spell and compile the list."""
        if isinstance(bias, bool) or not (bias is None or hasattr(bias, "__float__")):
            raise OptionError(f"bias={bias!r} is not a number", remedy="Give nats a unit, say 1.5")
        if bias is not None and not math.isfinite(bias):
            raise OptionError(f"bias={bias} is not finite", remedy="Give nats a unit, say 1.5")
        if (graph is None) == (tokens is None):
            raise OptionError(
                "hotwords need units to be spelled in", remedy="Pass graph= or tokens=, one of them"
            )
        if graph is not None:
            if not hasattr(graph, "tokens"):
                raise OptionError(
                    f"graph is a {type(graph).__name__}, not a graph", remedy="Pass tlg.Graph.load(folder)"
                )
            symbols: Sequence[str] = graph.tokens.symbols
            blank = getattr(graph.tokens, "blank", None) if blank is None else blank
        else:
            assert tokens is not None
            symbols = _read_tokens(tokens)
        self.bias = bias
        self._speller: Speller = make_speller(
            graph, symbols, blank=blank, match=match, boundary=boundary, sentencepiece=sentencepiece
        )
        self._lock = threading.Lock()
        self._automata: dict[tuple[float, float], _core.HotwordAutomaton] = {}
        hotwords = read_hotwords(source)
        phrases: list[_Phrase] = []
        refused: dict[int, Unspellable] = {}
        for number, hotword in enumerate(hotwords):
            try:
                phrases.append(_Phrase(number, hotword, self._speller.spell(hotword.phrase)))
            except Unspellable as error:
                if strict:
                    raise HotwordError(
                        f"hotword {hotword.phrase!r} cannot be used: {error.reason}",
                        remedy=error.remedy,
                        file=hotword.file,
                        line=hotword.line,
                    ) from None
                refused[number] = error
        # Sorted, so that which of two equal phrases is named does not hang on the order of the list.
        self._phrases = sorted(phrases, key=lambda one: (one.hotword.phrase, one.entry))
        self._owners = [one for one in self._phrases for _ in one.spelled.spellings]
        self._hotwords = hotwords
        self._refused = refused
        self.automaton()  # so that a reward out of range is refused now

    def __reduce__(self) -> NoReturn:
        """Refuse: what spells a list (a graph, a caller's function) stays where it is."""
        raise TypeError("Hotwords cannot be pickled. Make them in each process, from the same list")

    @cached_property
    def report(self) -> CompileReport:
        """What became of each line of the list."""
        return self._make_report()

    @property
    def units_are(self) -> Literal["tokens", "words"]:
        """Which labels a search steps the automaton on: token ids or word ids."""
        return self._speller.units_are

    @property
    def num_units(self) -> int:
        """The numbers that the automaton knows are 0 .. num_units - 1."""
        return self._speller.num_units

    def __len__(self) -> int:
        """Return the number of phrases that count."""
        return len(self.report.accepted)

    def __repr__(self) -> str:
        return f"<tlg.Hotwords: {self.report.summary}>"

    def automaton(
        self, *, acoustic_scale: float = 1.0, beam: float | None = None, max_loan: float | None = None
    ) -> _core.HotwordAutomaton:
        """Return the automaton for a search with these options; made once for each pair of scale and loan.

        Args:
            acoustic_scale: of the search; scales the default bias and the default loan, not what was given.
            beam: of the search, nats; the default loan is at most a third of it.
            max_loan: the most that is lent to a phrase in progress, nats; None: 2 times acoustic_scale.

        Raises:
            OptionError: a value out of its range.
            HotwordError: a reward beyond 4096 nats.
        """
        if not (acoustic_scale > 0 and math.isfinite(acoustic_scale)):
            raise OptionError(f"acoustic_scale={acoustic_scale} is not above 0", remedy="Pass the decoder's")
        if max_loan is None:
            max_loan = DEFAULT_MAX_LOAN * acoustic_scale
            if beam is not None:
                max_loan = min(max_loan, beam / 3)
        if not max_loan >= 0:
            raise OptionError(f"max_loan={max_loan} is negative", remedy="Give nats; 0 lends nothing")
        key = (acoustic_scale if self.bias is None else 1.0, max_loan)
        with self._lock:
            if key not in self._automata:
                if len(self._automata) >= CACHED:  # a tuner tries many scales
                    del self._automata[next(iter(self._automata))]
                self._automata[key] = self._compile(*key)
            return self._automata[key]

    def score(self, units: Sequence[str]) -> float:
        """Return what the hotwords add to a hypothesis: the sum of the rewards of find(), in nats.

        Args:
            units: its tokens without blanks (or its words, where units_are is "words"), as symbols.

        Raises:
            OptionError: a symbol that is no unit.
        """
        return sum(match.reward for match in self.find(units))

    def find(self, units: Sequence[str]) -> list[HotwordMatch]:
        """Return the hotwords in a hypothesis, from left to right, at acoustic_scale 1.

        Args:
            units: as in score().

        Raises:
            OptionError: a symbol that is no unit.
        """
        return [
            HotwordMatch(self.phrase(match.phrase), match.start, match.end, match.reward)
            for match in self.automaton().find(self.unit_ids(units))
        ]

    def spell(self, text: str) -> list[str]:
        """Return the units of a text as a phrase of the list would be spelled (the first way, of several).

        Raises:
            OptionError: it holds what is no unit.
        """
        if not text.strip():
            return []
        try:
            return list(self._speller.spell(text).spellings[0].units)
        except Unspellable as error:
            raise OptionError(
                f"text {text!r:.60} cannot be spelled: {error.reason}", remedy="Pass the units themselves"
            ) from None

    def phrase(self, number: int) -> str:
        """Return the text of a phrase of the automaton, by the number that its matches carry."""
        return self._owners[number].hotword.phrase

    def unit_ids(self, units: Sequence[str]) -> list[int]:
        """Return the numbers of units given as symbols.

        Raises:
            OptionError: a symbol that is no unit; a str, which would be cut into letters.
        """
        if isinstance(units, str):
            raise OptionError(
                f"units={units!r} is a str, not a list of symbols", remedy="Pass list(text) or text.split()"
            )
        ids = self._speller.ids
        try:
            return [ids[unit] for unit in units]
        except KeyError as error:
            kind = "words" if self.units_are == "words" else "units (tokens other than blank)"
            raise OptionError(
                f"{error.args[0]!r} is not one of the {kind}", remedy="Check the symbols"
            ) from None

    def _bias_of(self, hotword: Hotword, acoustic_scale: float) -> float:
        if hotword.bias is not None:
            return hotword.bias
        if self.bias is not None:
            return self.bias
        return acoustic_scale * (DEFAULT_BIAS if self.units_are == "tokens" else DEFAULT_WORD_BIAS)

    def _compile(self, acoustic_scale: float, max_loan: float) -> _core.HotwordAutomaton:
        ids = self._speller.ids
        units: list[int] = []
        lengths: list[int] = []
        offsets, bias, word_bias = [0], [], []
        for one in self._phrases:
            b = self._bias_of(one.hotword, acoustic_scale)
            spellings = one.spelled.spellings
            for spelling in spellings:
                units += [ids[unit] for unit in spelling.units]
                lengths += spelling.lengths
                offsets.append(len(units))
                bias.append(b)
                # All spellings are worth what the first is.
                word_bias.append(one.hotword.word_bias + b * (spellings[0].length - spelling.length))
        try:
            return _core.HotwordAutomaton(
                units=np.array(units, np.int32),
                offsets=np.array(offsets, np.int64),
                bias=np.array(bias, np.float64),
                word_bias=np.array(word_bias, np.float64),
                lengths=np.array(lengths, np.int32),
                num_units=self._speller.num_units,
                boundary=self._speller.boundary,
                starts_word=self._speller.starts_word,
                max_loan=max_loan,
            )
        except HotwordError as error:
            raise self._named(error) from None

    def _named(self, error: HotwordError) -> HotwordError:
        """Say which phrase the core's "phrase 17 ..." is."""
        first, number, *rest = error.message.split(" ", 2)
        if first != "phrase" or not number.isdigit():
            return error
        hotword = self._owners[int(number)].hotword
        message = " ".join(["hotword", repr(hotword.phrase), *rest])
        return HotwordError(message, remedy=error.remedy, file=hotword.file, line=hotword.line)

    def _make_report(self) -> CompileReport:
        automaton = self.automaton()
        hotwords, refused = self._hotwords, self._refused
        spelled = {one.entry: one.spelled for one in self._phrases}
        # The rule of the automaton: the greater reward, then the greater bias, then the order of the texts.
        winners: dict[tuple[str, ...], tuple[float, float, int]] = {}
        for one in self._phrases:
            b, reward = self._worth(one)
            for spelling in one.spelled.spellings:
                best = winners.get(spelling.units)
                if best is None or (reward, b) > best[:2]:
                    winners[spelling.units] = (reward, b, one.entry)
        hidden = self._hidden(winners)
        entries = []
        for number, hotword in enumerate(hotwords):
            if number in refused:
                entries.append(_rejected(hotword, self._bias_of(hotword, 1.0), refused[number]))
                continue
            b, reward = self._worth(_Phrase(number, hotword, spelled[number]))
            first, *_ = spellings = spelled[number].spellings
            winner = winners[first.units][2]
            reason = remedy = ""
            warnings = list(spelled[number].warnings)
            if winner != number:
                other = hotwords[winner]
                where = f" of line {other.line}" if other.line is not None else f" (entry {winner + 1})"
                why = "is worth more" if winners[first.units][0] > reward else "lends more"
                if winners[first.units][:2] == (reward, b):
                    why = "is worth the same"
                reason = f"the same units as {other.phrase!r}{where}, which {why}"
                remedy = "Remove one of them"
            else:
                if len(first.units) == 1 and self.units_are == "tokens":
                    warnings.append(f"one unit: it fires at every {first.units[0]!r}")
                if number in hidden:
                    warnings.append(hidden[number])
            entries.append(
                ReportEntry(
                    phrase=hotword.phrase,
                    status="accepted" if winner == number else "duplicate",
                    units=first.units,
                    num_spellings=len(spellings),
                    spelled_by=spelled[number].by,
                    bias=b,
                    word_bias=hotword.word_bias,
                    reward=reward,
                    reason=reason,
                    remedy=remedy,
                    warnings=tuple(warnings),
                    file=hotword.file,
                    line=hotword.line,
                )
            )
        return CompileReport(
            entries=tuple(entries),
            units_are=self.units_are,
            boundary=self._speller.boundary_symbol,
            num_states=automaton.num_states,
            num_bytes=automaton.num_bytes,
        )

    def _worth(self, one: _Phrase) -> tuple[float, float]:
        """Return bias and reward at acoustic_scale 1."""
        b = self._bias_of(one.hotword, 1.0)
        length = one.spelled.spellings[0].length
        reward = length * b + one.hotword.word_bias
        # Half away from zero, as the core rounds.
        return b, math.copysign(math.floor(abs(reward) * GRID + 0.5) / GRID, reward)

    def _hidden(self, winners: dict[tuple[str, ...], tuple[float, float, int]]) -> dict[int, str]:
        """Return entry -> warning for phrases that begin a longer one which is worth less."""
        hidden: dict[int, str] = {}
        for units, (reward, _, _) in winners.items():
            for size in range(1, len(units)):
                shorter = winners.get(units[:size])
                if shorter is not None and shorter[0] > reward and self._ends_word(units, size):
                    longer = " ".join(units) if self.units_are == "words" else "".join(units)
                    hidden.setdefault(
                        shorter[2],
                        f"where {longer!r} follows, the longer one's {reward:g} is paid, not its own",
                    )
        return hidden

    def _ends_word(self, units: tuple[str, ...], size: int) -> bool:
        """Return whether units[:size] ends at a word boundary."""
        if self._speller.boundary < 0:
            return True
        number = self._speller.ids[units[size]]
        return number == self._speller.boundary or bool(
            self._speller.starts_word and self._speller.starts_word[number]
        )


def _rejected(hotword: Hotword, bias: float, error: Unspellable) -> ReportEntry:
    return ReportEntry(
        phrase=hotword.phrase,
        status="rejected",
        units=(),
        num_spellings=0,
        spelled_by="",
        bias=bias,
        word_bias=hotword.word_bias,
        reward=0.0,
        reason=error.reason,
        remedy=error.remedy,
        warnings=(),
        file=hotword.file,
        line=hotword.line,
    )


def _read_tokens(tokens: Sequence[str] | PathLike) -> list[str]:
    """Return the symbols by id; a gap is an empty symbol, which no phrase has."""
    if not isinstance(tokens, str) and isinstance(tokens, Sequence):
        symbols = list(tokens)
        if not all(isinstance(symbol, str) for symbol in symbols):
            raise TokensError("tokens is no list of str", remedy="Pass symbols in the order of their ids")
        repeated = (
            next((s for s in symbols if s and symbols.count(s) > 1), None)
            if len(set(symbols)) < len(symbols)
            else None
        )
        if repeated is not None:
            raise TokensError(f"token {repeated!r} is there twice", remedy="Each token needs its own symbol")
        return symbols
    by_id: dict[int, str] = {}
    seen: set[str] = set()
    # Split at spaces and tabs alone: other white space may be a token.
    rows = [re.split("[ \t]+", line.strip(" \t\r")) for line in read_text(tokens).split("\n")]
    has_ids = all(len(row) == 2 and row[1].isdecimal() for row in rows if row != [""])
    for number, row in enumerate(rows, start=1):
        if row == [""]:
            continue
        symbol, token = (row[0], int(row[1])) if has_ids else (" ".join(row), len(by_id))
        if token in by_id or symbol in seen:
            raise TokensError(
                f"symbol {symbol!r} or id {token} is there twice",
                remedy="Write 'symbol id' lines, each once",
                file=tokens,
                line=number,
            )
        by_id[token] = symbol
        seen.add(symbol)
    if not by_id:
        raise TokensError("holds no tokens", remedy="Write 'symbol id' lines", file=tokens)
    if max(by_id) > 10 * len(by_id) + 1000:
        raise TokensError(
            f"has {len(by_id)} tokens but the id {max(by_id)}", remedy="Number them from 0", file=tokens
        )
    return [by_id.get(token, "") for token in range(max(by_id) + 1)]
