"""CTC prefix beam search without a graph: token or word language models, a lexicon, hotwords, n-best, streams."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from tlg import _core
from tlg._files import PathLike
from tlg.decoder.graph.tokens import TokenTable
from tlg.decoder.intake import intake, unpad
from tlg.decoder.prefix_hotwords import PrefixSlot, PrefixSlotMaker
from tlg.decoder.prefix_model import LexiconLike, LmLike, LmUnit, PrefixModel, PrefixReport, PrefixTokens
from tlg.decoder.prefix_result import PrefixReader, PrefixResult
from tlg.decoder.slot import check_accepted, check_bias
from tlg.errors import InputError, OptionError, StreamError
from tlg.hotwords import Hotwords
from tlg.hotwords.files import HotwordSource
from tlg.hotwords.watch import HotwordWatch

__all__ = ["PrefixDecoder", "PrefixOptions", "PrefixStream", "prefix_beam"]

LARGEST, MOST = 1e6, 2**31 - 1  # as in SearchOptions


@dataclasses.dataclass(frozen=True, kw_only=True)
class PrefixOptions:
    """The options of a prefix beam search; all scores in nats.

    Attributes:
        beam_size: prefixes kept after each frame.
        beam: prefixes worse than the best by more than this are dropped; ``math.inf`` drops none.
        token_beam: tokens worse than the best of a frame by more than this (scaled nats) begin nothing in it, but
            where a hotword begins or goes on with them; ``math.inf`` leaves out none.
        max_tokens: only so many tokens, the best of a frame, begin something, with the same exception; 0: all.
        acoustic_scale: multiplies the log-posteriors; above 0.
        lm_weight: multiplies the language model's scores; 0 or more.
        word_score: added for each word.
        unk_score: added for each unknown word. With a lexicon, None forbids words that it lacks, and any
            number allows them; without one, None is 0.
        blank_penalty: taken off for each blank of an alignment; within 100 of 0.

    Raises:
        OptionError: a value out of its range.
    """

    beam_size: int = 100
    beam: float = 10.0
    token_beam: float = math.inf
    max_tokens: int = 0
    acoustic_scale: float = 1.0
    lm_weight: float = 1.0
    word_score: float = 0.0
    unk_score: float | None = None
    blank_penalty: float = 0.0

    def __post_init__(self) -> None:
        """Check types and ranges."""
        for name in ("beam_size", "max_tokens"):
            value = getattr(self, name)
            least = 0 if name == "max_tokens" else 1
            if isinstance(value, bool) or not isinstance(value, int | np.integer):
                raise OptionError(f"{name}={value!r} is not an integer")
            if not least <= value <= MOST:
                allowed = f"{least} or more" if value < least else f"at most {MOST}"
                raise OptionError(f"{name}={value} is not {allowed}", remedy="50 to 250 are usual")
            object.__setattr__(self, name, int(value))
        for field in dataclasses.fields(self):
            if field.name not in ("beam_size", "max_tokens"):
                self._check_number(field.name, getattr(self, field.name))

    def _check_number(self, name: str, value: Any) -> None:
        if value is None and name == "unk_score":
            return
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise OptionError(f"{name}={value!r} is not a number")
        low, high, remedy = {
            "beam": (0.0, math.inf, "10 to 16 are usual; inf drops none"),
            "token_beam": (0.0, math.inf, "5 to 10 are usual; inf leaves out none"),
            "acoustic_scale": (1 / LARGEST, LARGEST, "0.5 to 3 are usual"),
            "lm_weight": (0.0, LARGEST, "1 is the default"),
            "blank_penalty": (-100.0, 100.0, "0 is the default"),
        }.get(name, (-LARGEST, LARGEST, "0 is the default"))
        if not low <= value <= high or (value == 0 and name == "beam"):
            raise OptionError(f"{name}={value} is not between {low:g} and {high:g}", remedy=remedy)
        object.__setattr__(self, name, float(value))


class PrefixDecoder:
    """CTC prefix beam search. Share one between threads; decode() keeps no state.

    Args:
        tokens: the symbols in the order of the columns, a tokens.txt, or a TokenTable.
        blank: name or column of the blank; None: the first of its usual names that is in the table.
        word_separator: the token between words; U+2581 where tokens that begin with it begin words; None: nothing
            separates words; "auto": U+2581 where some token of several characters begins with it, else None where
            there are characters of a script without spaces, else the first of ``" "``, ``<space>`` and ``|`` that
            is a token, else None. ``report`` says which.
        lm: a tlg.lm model, any other that keeps the protocol tlg.lm.LanguageModel (slower), or the path of
            an ARPA file or binary.
        lm_unit: "word" or "token", what the model scores; None: "token" where tokens are the only words or all
            words of the model are tokens, else "word". ``report`` says which and why.
        lexicon: a list of words, {word: [pronunciation, ...]}, or a file with a word or ``word token token ...``
            a line. Prefixes are constrained to its words, unless unk_score is given. Where nothing
            separates words, each pronunciation is followed by the next.
        hotwords: a Hotwords made with these tokens, or anything that it takes (dict, list, path).
        hotword_bias: b, nats a unit, of lists that are no Hotwords; None: 1.5 times acoustic_scale.
        nbest: how many results with distinct texts to return.
        ignore_tokens: tokens that never come out, such as ``<unk>`` or ``</s>``.
        joiner: put between tokens in ``text`` where tokens are the words.
        lookahead: a word in progress counts what the best word that it may become scores without context (with a
            tlg.lm model of words). It guides the search and is no part of a score.
        **options: the fields of PrefixOptions: beam_size=100, beam=10.0, token_beam=inf, max_tokens=0,
            acoustic_scale=1.0, lm_weight=1.0, word_score=0.0, unk_score=None, blank_penalty=0.0.

    Raises:
        OptionError: an unknown option (names the nearest known one), a value out of its range, parts that do
            not fit, a language model whose unit cannot be told.
        TokensError, LexiconError, ArpaError, HotwordError: what was given cannot be used.

    Source: prefix search (Graves, 2012) with a language model (Hannun et al., 2014); docs/prefix_beam.md.
    """

    __slots__ = ("__weakref__", "_core", "_model", "_nbest", "_options", "_reader", "_slot", "_slots")

    def __init__(
        self,
        tokens: TokenTable | Sequence[str] | PathLike,
        *,
        blank: int | str | None = None,
        word_separator: str | None = "auto",
        lm: LmLike | None = None,
        lm_unit: LmUnit | None = None,
        lexicon: LexiconLike | None = None,
        hotwords: Hotwords | HotwordSource | None = None,
        hotword_bias: float | None = None,
        nbest: int = 1,
        ignore_tokens: Iterable[str] = (),
        joiner: str = "",
        lookahead: bool = True,
        **options: Any,
    ) -> None:
        """Read and check everything; nothing of it is changed later."""
        self._options = _options(options)
        self._nbest = _count("nbest", nbest, "1 is the best alone")
        bias = check_bias(hotword_bias)
        if isinstance(hotwords, Hotwords) and hotword_bias is not None:
            raise OptionError(
                "hotword_bias= and a Hotwords, which has its own bias", remedy="Pass bias= to Hotwords alone"
            )
        roles = PrefixTokens.of(
            tokens, blank=blank, word_separator=word_separator, ignore_tokens=ignore_tokens
        )
        self._model = PrefixModel(
            roles,
            lm=lm,
            lm_unit=lm_unit,
            lexicon=lexicon,
            lookahead=bool(lookahead),
            lm_weight=self._options.lm_weight,
            word_score=self._options.word_score,
            unk_score=self._options.unk_score,
        )
        core_options = _core.PrefixOptions()
        core_options.beam_size = self._options.beam_size
        core_options.beam = self._options.beam
        core_options.token_beam = self._options.token_beam
        core_options.max_tokens = self._options.max_tokens
        core_options.acoustic_scale = self._options.acoustic_scale
        core_options.blank_penalty = self._options.blank_penalty
        assert roles.table.blank is not None  # TokenTable.of finds one, or raises
        core_options.blank = roles.table.blank
        self._core = _core.PrefixDecoder(self._model.core, core_options)
        self._reader = PrefixReader(
            roles.table.symbols,
            roles.texts,
            self._model.words,
            joiner=joiner if self._model.report.words_are == "tokens" else None,
        )
        self._slots = PrefixSlotMaker(
            self._model,
            acoustic_scale=self._options.acoustic_scale,
            beam=self._options.beam,
            bias=bias,
        )
        self._slot = self._slots.make(hotwords)

    def __repr__(self) -> str:
        report = self.report
        parts = [f"{len(self.tokens)} tokens", f"words are {report.words_are}"]
        if report.lm_unit is not None:
            parts.append(f"lm of {report.lm_unit}s")
        if self.hotwords is not None:
            parts.append(f"{len(self.hotwords)} hotwords")
        return f"PrefixDecoder({', '.join(parts)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a PrefixDecoder cannot be pickled. Make one in each process; the threads of a process can share one"
        )

    @property
    def tokens(self) -> TokenTable:
        """The token table."""
        return self._model.tokens.table

    @property
    def options(self) -> PrefixOptions:
        """The options of its search. For others, make another decoder."""
        return self._options

    @property
    def report(self) -> PrefixReport:
        """What was decided, and what of lexicon and language model plays no part."""
        return self._model.report

    @property
    def hotwords(self) -> Hotwords | None:
        """The hotwords of decodes that begin now. Assign a list, a dict, a path, a Hotwords or None.

        The new list is compiled aside and swapped in whole; a bad one raises and changes nothing.
        """
        return self._slot.hotwords

    @hotwords.setter
    def hotwords(self, hotwords: Hotwords | HotwordSource | None) -> None:
        self._slot = self._slots.make(hotwords)  # one assignment: atomic for other threads

    @property
    def hotwords_version(self) -> int:
        """The number of the list in ``hotwords``, counted from 1 as lists are put in force; 0: none.

        The same Hotwords again has the same number.
        """
        return self._slot.version

    def watch_hotwords(
        self, path: PathLike, *, make: Callable[[Path], Hotwords] | None = None, **options: Any
    ) -> HotwordWatch:
        """Load a hotword file, and again whenever it has changed; all as in ``Decoder.watch_hotwords``.

        Args:
            path: the file.
            make: makes the list of the path.
            **options: poll, settle, on_change, on_error, backend.

        Raises:
            HotwordError, MissingFileError, TextError: the file as it is now cannot be used.
            OptionError, MissingExtraError: bad options.
        """
        return HotwordWatch(path, self, lambda owner, path: owner._load_hotwords(path, make), **options)

    def _load_hotwords(self, path: Path, make: Callable[[Path], Hotwords] | None) -> int:
        slot = self._slots.make(path if make is None else make(path))
        check_accepted(slot.hotwords, path)
        self._slot = slot
        return slot.version

    def decode(self, log_probs: object, *, logits: bool = False) -> PrefixResult:
        """Decode one utterance.

        Args:
            log_probs: [T, V] natural-log posteriors (numpy of any float type, torch in CPU memory, DLPack), or
                SparseFrames. T may be 0.
            logits: the array is raw network output; a log-softmax is applied.

        Raises:
            PosteriorError: not posteriors over these tokens; names the first bad row.
        """
        return self._decode([intake(log_probs, len(self.tokens), logits=logits)], threads=1)[0]

    def decode_batch(
        self,
        inputs: Iterable[object],
        *,
        lengths: Sequence[int] | None = None,
        threads: int = 1,
        logits: bool = False,
    ) -> list[PrefixResult]:
        """Decode several utterances on threads; the results do not depend on how many.

        Args:
            inputs: a list of what decode() takes, or one padded array [B, T, V] with ``lengths``.
            lengths: frames of each row of a padded array.
            threads: at least 1; the GIL is released (a language model in Python takes it for each question).
            logits: as in decode().

        Raises:
            PosteriorError: as in decode(); names the utterance (from 0). Nothing is decoded then.
            OptionError: threads below 1, or lengths that do not fit.
        """
        threads = _count("threads", threads, "Pass the number of cores")
        ready = []
        for number, one in enumerate(unpad(inputs, lengths)):
            try:
                ready.append(intake(one, len(self.tokens), logits=logits))
            except InputError as error:
                raise type(error)(
                    f"utterance {number}: {error.message}", remedy=error.remedy, file=error.file
                ) from error
        return self._decode(ready, threads=threads)

    def stream(self, *, hotwords: Hotwords | HotwordSource | None = None) -> PrefixStream:
        """Return a stream: an utterance that comes in chunks. Any number can be open at a time.

        Args:
            hotwords: a list of the stream's own ([] for none at all); None: those that the decoder has now.

        Raises:
            HotwordError, OptionError: the list cannot be used.
        """
        slot = self._slot if hotwords is None else self._slots.make(hotwords)
        return PrefixStream(
            _core.PrefixStream(self._core, slot.use),
            reader=self._reader,
            num_tokens=len(self.tokens),
            nbest=self._nbest,
            slot=slot,
        )

    def _decode(self, ready: Sequence[object], *, threads: int) -> list[PrefixResult]:
        slot = self._slot
        found = self._core.decode(ready, slot.use, self._nbest, threads)
        return [self._reader.best(one, slot.hotwords, slot.version) for one in found]


class PrefixStream:
    """One utterance in chunks. Its result equals decode()'s, however it is cut; for one thread at a time."""

    def __init__(
        self,
        core: _core.PrefixStream,
        *,
        reader: PrefixReader,
        num_tokens: int,
        nbest: int,
        slot: PrefixSlot,
    ) -> None:
        """Wrap the core's stream; users call PrefixDecoder.stream()."""
        self._core: _core.PrefixStream | None = core
        self._reader = reader
        self._num_tokens = num_tokens
        self._nbest = nbest
        self._slot = slot
        self._num_pushed = 0

    @property
    def num_pushed(self) -> int:
        """Frames taken so far."""
        return self._num_pushed

    @property
    def hotwords(self) -> Hotwords | None:
        """The hotwords of the utterance: what is assigned to the decoder meanwhile is for streams to come."""
        return self._slot.hotwords

    @property
    def hotwords_version(self) -> int:
        """The number of that list (``PrefixDecoder.hotwords_version``); 0: none."""
        return self._slot.version

    @property
    def text(self) -> str:
        """The text of partial()."""
        return self.partial().text

    def push(self, log_probs: object, *, logits: bool = False) -> PrefixStream:
        """Take the next chunk, as decode() takes an utterance, and return the stream.

        Raises:
            PosteriorError: not posteriors; names the row, counted from the beginning of the utterance. The stream
                is as it was before.
            StreamError: it is finished.
        """
        core = self._open()
        core.push(
            intake(log_probs, self._num_tokens, logits=logits, first_row=self._num_pushed), self._num_tokens
        )
        shape = getattr(log_probs, "shape", None)
        self._num_pushed += len(log_probs) if shape is None else int(shape[0])  # type: ignore[arg-type]
        return self

    def partial(self) -> PrefixResult:
        """Return the result as if the utterance ended now; it takes time in proportion to the tokens so far.

        Raises:
            StreamError: it is finished.
        """
        return self._reader.best(self._open().best(self._nbest), self._slot.hotwords, self._slot.version)

    def finish(self) -> PrefixResult:
        """End the utterance and return its result; the stream takes nothing more.

        Raises:
            StreamError: it is finished.
        """
        found = self.partial()
        self._core = None
        return found

    def _open(self) -> _core.PrefixStream:
        if self._core is None:
            raise StreamError("the stream is finished", remedy="Begin another with stream()")
        return self._core


def prefix_beam(
    log_probs: object,
    tokens: TokenTable | Sequence[str] | PathLike,
    *,
    logits: bool = False,
    **options: Any,
) -> PrefixResult:
    """Decode one utterance by prefix beam search, without a graph.

    For more than one make a PrefixDecoder: it reads language model, lexicon and hotwords once.

    Args:
        log_probs: as PrefixDecoder.decode takes it.
        tokens: as PrefixDecoder takes it.
        logits: the array is raw network output; a log-softmax is applied.
        **options: those of PrefixDecoder: blank, word_separator, lm, lm_unit, lexicon, hotwords, hotword_bias,
            nbest, ignore_tokens, joiner, lookahead, beam_size, beam, token_beam, max_tokens,
            acoustic_scale, lm_weight, word_score, unk_score, blank_penalty.

    Raises:
        PosteriorError: not posteriors over these tokens.
        OptionError and others: as PrefixDecoder.
    """
    return PrefixDecoder(tokens, **options).decode(log_probs, logits=logits)


def _options(options: dict[str, Any]) -> PrefixOptions:
    known = [field.name for field in dataclasses.fields(PrefixOptions)]
    others = ["blank", "word_separator", "lm", "lm_unit", "lexicon", "hotwords", "hotword_bias", "nbest"]
    others += ["ignore_tokens", "joiner", "lookahead"]
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, [*known, *others], n=1)
            remedy = f"Known options: {', '.join([*known, *others])}"
            if near:
                remedy = f"Did you mean {near[0]!r}?"
            if name in _ELSEWHERE:
                remedy = f"That of another package: here it is {_ELSEWHERE[name]} (docs/from_pyctcdecode.md)"
            raise OptionError(f"unknown option {name!r}", remedy=remedy)
    return PrefixOptions(**options)


# What other packages call it.
_ELSEWHERE = {
    "alpha": "lm_weight",
    "beta": "word_score",
    "beam_width": "beam_size",
    "beam_prune_logp": "beam = -beam_prune_logp",
    "token_min_logp": "token_beam, which is relative to the best token",
    "cutoff_top_n": "max_tokens",
    "beam_size_token": "max_tokens",
    "beam_threshold": "beam",
    "hotword_weight": "the weight of each hotword, {phrase: hotword_weight}, with hotword_bias=0",
    "unk_score_offset": "unk_score = alpha * ln 10 * unk_score_offset",
    "blank_id": "blank",
    "blank_token": "blank",
    "sil_token": "word_separator",
    "kenlm_model_path": "lm",
    "unigrams": "lexicon",
}


def _count(name: str, value: object, remedy: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise OptionError(f"{name}={value!r} is not an integer", remedy=remedy)
    if value < 1:
        raise OptionError(f"{name}={value!r} is not 1 or more", remedy=remedy)
    if value > MOST:
        raise OptionError(f"{name}={value!r} is not at most {MOST}", remedy=remedy)
    return int(value)
