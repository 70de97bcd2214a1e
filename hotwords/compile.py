"""Hotwords: a list of phrases compiled for one set of units.

Not for: decoding; a decoder takes ``Hotwords.automaton`` and steps it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from tlg import _core
from tlg._files import PathLike
from tlg.errors import HotwordError, OptionError
from tlg.hotwords.additions import text_of
from tlg.hotwords.attached import AttachedWords
from tlg.hotwords.attaching import Attacher, Attachment, AttachOptions
from tlg.hotwords.auto_bias import SHORT, AutoBias, check_auto
from tlg.hotwords.export import MAX_ARCS, Failure, HotwordFst, make_fst
from tlg.hotwords.files import HotwordSource, read_list
from tlg.hotwords.fold import Fold, check_fold
from tlg.hotwords.g2p import G2P
from tlg.hotwords.listing import HotwordList, is_finite
from tlg.hotwords.make_report import make_report
from tlg.hotwords.report import CompileReport
from tlg.hotwords.spelled import SpelledList, spell_list
from tlg.hotwords.spelling import Match, make_speller
from tlg.hotwords.table import make_table
from tlg.hotwords.tables import read_tokens
from tlg.hotwords.units import Speller, SpellingSource, Unspellable

__all__ = ["DEFAULT_BIAS", "DEFAULT_MAX_LOAN", "DEFAULT_WORD_BIAS", "HotwordMatch", "Hotwords"]

# b of phrases that have none of their own, times acoustic_scale; measured: docs/hotwords.md#strength
DEFAULT_BIAS = 1.5  # nats a token
DEFAULT_WORD_BIAS = 0.5  # nats a phone, where the list is matched over words
DEFAULT_MAX_LOAN = 2.0  # nats, times acoustic_scale; at most a third of the beam
STRONG = 20.0  # nats, times acoustic_scale; more outweighs nearly any evidence
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


class Hotwords:
    """A compiled hotword list. Never changes after it is built; safe to share between threads.

    Args:
        source: a path, a list or a dict; the forms are those of ``tlg.hotwords.read_hotwords``.
        graph: a graph, for its tokens, words and lexicon (``tlg.hotwords.SpellingSource``).
        tokens: without a graph: the token symbols in the order of their ids, or the path of tokens.txt
            (``symbol id`` lines, or one symbol a line).
        bias: b in nats a unit for the phrases without their own; None: 1.5 (0.5 a phone, where the list is
            matched over words) times the acoustic_scale of the decoder. A phrase of n units is worth n*b + w.
            "auto" or an AutoBias: for each phrase, from how badly a language model scores it.
        lm: the language model for bias="auto".
        match: "units" to match tokens, "words" to match the words of the graph, "auto": words where the
            lexicon does not spell its words (phones) or does not show where they end (letters without a
            separator), units else.
        boundary: the token that separates words, U+2581 where pieces begin words (SentencePiece), None to let
            phrases match anywhere; "auto" finds it. With a boundary a phrase matches whole words only.
        sentencepiece: path of the SentencePiece model, to split phrases as it does.
        blank: without a graph: the blank token, by id or symbol, which no phrase can have.
        strict: raise on the first phrase that cannot be spelled, instead of reporting it.
        fold: "case", "width" (full and half) or "both": a word that cannot be spelled as it is written is spelled in
            the form that can; the report names it.
        attach: attach the words of the list that the lexicon lacks to the graph, where it has slots for ``<unk>``.
        attach_score: added to the score of ``<unk>`` for each of them, nats, before lm_weight.
        g2p: says words that nothing else says: a function from a word to its pronunciations in tokens; "pinyin" or
            "english", which need the extras of these names.
        pieces: how many of the best splits of a word by the SentencePiece model are listened for.
        classes: class of the language model, such as ``<name>`` -> the list of its members. Weights of a list are the
            logs of shares, up to a constant. Members are favoured only if source names them too.

    Raises:
        HotwordError: a list that cannot be read (names file and line); with strict, a rejected phrase; a g2p that fails.
        OptionError: graph and tokens both or neither; an option that does not fit; a class that the graph lacks.
        TokensError: a token table that cannot be read.
        MissingExtraError: the package of a ready g2p, or sentencepiece, is not installed.

    Semantics: docs/hotwords.md. The score of a unit sequence is the sum of the rewards of its leftmost-longest,
    non-overlapping matches, and depends on nothing else.
    """

    def __init__(
        self,
        source: HotwordSource,
        *,
        graph: SpellingSource | None = None,
        tokens: Sequence[str] | PathLike | None = None,
        bias: float | Literal["auto"] | AutoBias | None = None,
        lm: Any = None,
        match: Match = "auto",
        boundary: str | None = "auto",
        sentencepiece: PathLike | None = None,
        blank: int | str | None = None,
        strict: bool = False,
        fold: Fold = "none",
        attach: bool = True,
        attach_score: float = 0.0,
        g2p: G2P | str | None = None,
        pieces: int = 1,
        classes: Mapping[str, HotwordSource] | None = None,
    ) -> None:
        """Read, spell and compile the list."""
        self._auto = check_auto(bias, lm)
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
            symbols = read_tokens(tokens)
        check_fold(fold)
        options = AttachOptions(attach, attach_score, g2p, pieces, {} if classes is None else classes)
        self._attacher: Attacher | None = None
        if graph is not None:
            self._attacher = Attacher(graph, symbols, options, blank=blank, sentencepiece=sentencepiece)
        elif g2p is not None or classes or attach_score != 0:
            raise OptionError(
                "g2p=, classes= and attach_score= need a graph, to attach words to", remedy="Pass graph="
            )
        self.bias: float | Literal["auto"] | None = "auto" if self._auto else None
        if bias is not None and self._auto is None:
            self.bias = float(bias)  # type: ignore[arg-type]
        self._base: Speller = make_speller(
            graph,
            symbols,
            blank=blank,
            match=match,
            boundary=boundary,
            sentencepiece=sentencepiece,
            pieces=pieces,
            adds=None if self._attacher is None else self._attacher.adds,
            why_not=("", "") if self._attacher is None else self._attacher.why_not,
        )
        self._fold: Fold = fold
        self._pronounce = None if graph is None else graph.pronunciations
        hotwords = read_list(source)
        self._fill(hotwords, spell_list(self._base, hotwords, fold), self._deficits_of(hotwords))
        if strict:
            self._refuse()

    def _fill(self, hotwords: HotwordList, spelled: SpelledList, deficits: NDArray[np.float64]) -> None:
        """Take a list with its spellings and compile it, so that a reward out of range is refused now."""
        self._list = hotwords
        self._wanted = spelled  # with all that may be attached, for lists changed from this one
        self._attachment = Attachment(spelled) if self._attacher is None else self._attacher.attach(spelled)
        self._spelled = self._attachment.spelled
        self._speller = self._base
        attached = self._attachment.attached
        if attached is not None and self.units_are == "words":
            # What the lexicon has keeps its own number.
            labels = enumerate(attached.words, start=attached.first_label)
            said = self._attacher.says if self._attacher is not None else self._base.ids.__contains__
            ids = {**self._base.ids, **{text: label for label, text in labels if not said(text)}}
            self._speller = replace(self._base, ids=ids, num_units=attached.first_label + len(attached))
        self._deficits = deficits
        self._lock = threading.Lock()
        self._automata: dict[tuple[float, float], _core.HotwordAutomaton] = {}
        self.automaton()

    def _refuse(self) -> None:
        """Raise on the first phrase that cannot be spelled."""
        for entry, error in sorted(self._spelled.refused.items()):
            hotword = self._list[entry]
            raise HotwordError(
                f"hotword {hotword.phrase!r} cannot be used: {error.reason}",
                remedy=error.remedy,
                file=hotword.file,
                line=hotword.line,
            )

    def __reduce__(self) -> NoReturn:
        """Refuse: what spells a list (a graph, a caller's function) stays where it is."""
        raise TypeError("Hotwords cannot be pickled. Make them in each process, from the same list")

    @cached_property
    def report(self) -> CompileReport:
        """What became of each line of the list; rewards are those at acoustic_scale 1."""
        return self.report_at(1.0)

    def report_at(self, acoustic_scale: float) -> CompileReport:
        """Return what became of each line of the list, with the rewards of a search with this acoustic_scale.

        Raises:
            OptionError: a scale that is not above 0.
        """
        automaton = self.automaton(acoustic_scale=acoustic_scale)
        return make_report(
            self._list,
            self._spelled,
            self._speller,
            self._table(acoustic_scale),
            self._biases(acoustic_scale),
            automaton,
            self._pronounce,
            self._symbols,
            self._attachment,
            self._attacher,
            strong=STRONG * acoustic_scale,
        )

    @property
    def attached(self) -> AttachedWords | None:
        """The words that are attached to the graph, members of classes among them; None: none are."""
        return self._attachment.attached

    @property
    def units_are(self) -> Literal["tokens", "words"]:
        """Which labels a search steps the automaton on: token ids or word ids."""
        return self._base.units_are

    @property
    def num_units(self) -> int:
        """The numbers that the automaton knows are 0 .. num_units - 1."""
        return self._speller.num_units

    @property
    def boundary(self) -> str | None:
        """The unit that separates words, U+2581 where pieces begin words; None: phrases match anywhere."""
        return self._speller.boundary_symbol

    def used_units(self) -> dict[str, int]:
        """Return the units of the phrases that have a spelling, with their numbers."""
        used = np.unique(self._spelled.units)
        symbols = self._symbols
        return {symbols[number]: number for number in used.tolist()}

    def __len__(self) -> int:
        """Return the number of phrases that count."""
        return self._num_accepted

    @property
    def num_rejected(self) -> int:
        """The lines without a spelling; known without the report."""
        return len(self._spelled.refused)

    @property
    def num_rejected_members(self) -> int:
        """The lines of classes that are not attached; known without the report."""
        return sum(not member.ways for one in self._attachment.classes for member in one.members)

    @cached_property
    def _num_accepted(self) -> int:
        owners, firsts = self._spelled.owners, self._spelled.firsts
        return int(np.count_nonzero(owners[self._table(1.0).winners()[firsts]] == owners[firsts]))

    @cached_property
    def _symbols(self) -> Mapping[int, str]:
        """Number -> unit."""
        symbols = {number: unit for unit, number in self._base.ids.items()}
        attached = self._attachment.attached
        if attached is not None and self.units_are == "words":
            symbols.update(enumerate(attached.words, start=attached.first_label))
        return symbols

    def __repr__(self) -> str:
        """Return the summary of the report."""
        return f"<tlg.Hotwords: {self.report.summary}>"

    def changed(
        self, *, add: HotwordSource = (), remove: Iterable[str] = (), strict: bool = False
    ) -> Hotwords:
        """Return a new list: this one without some phrases and with others, spelled and worth what they would be anew.

        What stays is not read or spelled again; the automaton is compiled. This list is not changed.

        Args:
            add: in any form of a list; its phrases come behind those that stay.
            remove: phrases, as the list has them; every line with that text goes.
            strict: raise on the first added phrase that cannot be spelled.

        Raises:
            HotwordError: a phrase to remove that is not in the list; an addition that cannot be read.
        """
        listed = [remove] if isinstance(remove, str) else list(remove)
        wrong = next((phrase for phrase in listed if not isinstance(phrase, str)), None)
        if wrong is not None:
            raise HotwordError(f"remove= has {wrong!r}, which is no str", remedy="Name phrases by their text")
        removed = {phrase.strip() for phrase in listed}
        hotwords, spelled, deficits = self._list, self._wanted, self._deficits
        if removed:
            keep = np.fromiter((phrase not in removed for phrase in hotwords.phrases), bool, len(hotwords))
            missing = removed - {hotwords.phrases[entry] for entry in np.flatnonzero(~keep).tolist()}
            if missing:
                raise HotwordError(
                    f"hotword {min(missing)!r} is not in the list, so it cannot be removed",
                    remedy="Write it as in the list",
                )
            hotwords, spelled = hotwords.kept(keep), spelled.kept(keep)
            deficits = deficits[keep[: len(deficits)]]
        added = read_list(add)
        if len(added):
            hotwords = hotwords.followed_by(added)
            spelled = spelled.followed_by(spell_list(self._base, added, self._fold))
            deficits = np.concatenate([deficits, self._deficits_of(added)])
        other = object.__new__(Hotwords)
        other.bias, other._base, other._fold = self.bias, self._base, self._fold
        other._attacher = self._attacher
        other._pronounce, other._auto = self._pronounce, self._auto
        other._fill(hotwords, spelled, deficits)
        if strict:
            other._refuse()
        return other

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
        is_number = isinstance(acoustic_scale, int | float | np.integer | np.floating)
        if not (is_number and acoustic_scale > 0 and is_finite(acoustic_scale)):
            raise OptionError(
                f"acoustic_scale={acoustic_scale!r} is not above 0", remedy="Pass the decoder's"
            )
        if max_loan is None:
            max_loan = DEFAULT_MAX_LOAN * acoustic_scale
            if beam is not None:
                max_loan = min(max_loan, beam / 3)
        if not max_loan >= 0:
            raise OptionError(
                f"max_loan={max_loan} is negative or no number", remedy="Give nats; 0 lends nothing"
            )
        key = (acoustic_scale if self.bias in (None, "auto") else 1.0, max_loan)
        with self._lock:
            if key not in self._automata:
                if len(self._automata) >= CACHED:  # a tuner tries many scales
                    del self._automata[next(iter(self._automata))]
                self._automata[key] = self._compile(*key)
            return self._automata[key]

    def to_fst(
        self,
        *,
        failure: Failure = "phi",
        phi_label: int | None = None,
        acoustic_scale: float = 1.0,
        max_loan: float | None = None,
        max_arcs: int = MAX_ARCS,
    ) -> HotwordFst:
        """Return the automaton as a transducer for OpenFst: the best path through it costs minus ``score``.

        Args:
            failure: "phi": failure arcs, taken where no other arc has the label; "expanded": an arc for every label
                in every state, for plain composition.
            phi_label: the label of failure arcs; None: one above the largest.
            acoustic_scale: as in automaton().
            max_loan: as in automaton(); what is lent on the way is given back by the end.
            max_arcs: more are refused.

        Raises:
            OptionError: an option out of its range; a phi label that is that of a unit.
            HotwordError: too many arcs.
        """
        automaton = self.automaton(acoustic_scale=acoustic_scale, max_loan=max_loan)
        return make_fst(automaton, self._speller, failure=failure, phi_label=phi_label, max_arcs=max_arcs)

    def score(self, units: Sequence[str], *, acoustic_scale: float = 1.0) -> float:
        """Return what the hotwords add to a hypothesis: the sum of the rewards of find(), in nats.

        Args:
            units: its tokens without blanks (or its words, where units_are is "words"), as symbols.
            acoustic_scale: of the search; scales the default bias.

        Raises:
            OptionError: a symbol that is no unit; a scale that is not above 0.
        """
        return sum(match.reward for match in self.find(units, acoustic_scale=acoustic_scale))

    def find(self, units: Sequence[str], *, acoustic_scale: float = 1.0) -> list[HotwordMatch]:
        """Return the hotwords in a hypothesis, from left to right. Arguments and errors are those of score()."""
        automaton = self.automaton(acoustic_scale=acoustic_scale)
        return [
            HotwordMatch(self.phrase(match.phrase), match.start, match.end, match.reward)
            for match in automaton.find(self.unit_ids(units))
        ]

    def spell(self, text: str) -> list[str]:
        """Return the units of a text as a phrase of the list would be spelled (the first way, of several).

        Raises:
            OptionError: it holds what is no unit.
        """
        if not text.strip():
            return []
        try:
            if self._base.spell_attached is None:
                return list(self._base.spell(text).spellings[0].units)
            units = [text_of(unit) for unit in self._base.spell_attached(text, ()).spellings[0].units]
            lacking = next((unit for unit in units if unit not in self._speller.ids), None)
            if lacking is not None:
                raise Unspellable(f"word {lacking!r} is not in the lexicon", "Add it to the list")
            return units
        except Unspellable as error:
            raise OptionError(
                f"text {text!r:.60} cannot be spelled: {error.reason}", remedy="Pass the units themselves"
            ) from None

    def phrase(self, number: int) -> str:
        """Return the text of a phrase of the automaton, by the number that its matches carry."""
        return self._list.phrases[int(self._spelled.owners[number])]

    def unit_ids(self, units: Sequence[str]) -> list[int]:
        """Return the numbers of units given as symbols.

        Raises:
            OptionError: a symbol that is no unit; a str, which would be cut into letters.
        """
        if isinstance(units, str | bytes) or not isinstance(units, Iterable):
            raise OptionError(
                f"units={units!r:.60} is a {type(units).__name__}, not a list of symbols",
                remedy="Pass list(text) or text.split()",
            )
        ids = self._speller.ids
        try:
            return [ids[unit] for unit in units]
        except TypeError as error:  # what cannot be a key
            raise OptionError(f"a unit is no str: {error}", remedy="Pass the symbols") from None
        except KeyError as error:
            kind = "words" if self.units_are == "words" else "units (tokens other than blank)"
            raise OptionError(
                f"{error.args[0]!r} is not one of the {kind}", remedy="Check the symbols"
            ) from None

    def _deficits_of(self, hotwords: HotwordList) -> NDArray[np.float64]:
        """Return what the language model takes from each phrase; nothing without one."""
        return np.empty(0) if self._auto is None else self._auto.deficits(hotwords.phrases)

    def _biases(self, acoustic_scale: float) -> NDArray[np.float64]:
        """Return b of each entry."""
        default = acoustic_scale * (DEFAULT_BIAS if self.units_are == "tokens" else DEFAULT_WORD_BIAS)
        shared: float | NDArray[np.float64] = default
        if self._auto is not None:
            units = np.zeros(len(self._list), np.int64)
            firsts = self._spelled.firsts
            units[self._spelled.owners[firsts]] = self._spelled.counts()[firsts]
            shared = self._auto.biases(self._deficits, units, default, short=SHORT[self.units_are])
        elif isinstance(self.bias, float | int):
            shared = float(self.bias)
        return np.where(np.isnan(self._list.bias), shared, self._list.bias)

    def _table(self, acoustic_scale: float) -> _core.HotwordTable:
        """Return the spellings with what they are worth."""
        return make_table(self._list, self._spelled, self._speller, self._biases(acoustic_scale))

    def _compile(self, acoustic_scale: float, max_loan: float) -> _core.HotwordAutomaton:
        try:
            return self._table(acoustic_scale).automaton(max_loan=max_loan)
        except HotwordError as error:
            raise self._named(error) from None

    def _named(self, error: HotwordError) -> HotwordError:
        """Say which phrase the core's "phrase 17 ..." is."""
        first, number, *rest = error.message.split(" ", 2)
        if first != "phrase" or not number.isdigit():
            return error
        hotword = self._list[int(self._spelled.owners[int(number)])]
        message = " ".join(["hotword", repr(hotword.phrase), *rest])
        return HotwordError(message, remedy=error.remedy, file=hotword.file, line=hotword.line)
