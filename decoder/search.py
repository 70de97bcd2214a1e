"""The decoder: a graph with options, immutable but for its hotword slot, shared by any number of threads."""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tlg import _core
from tlg._arrays import as_log_probs
from tlg._files import PathLike
from tlg.decoder.graph.graph import Graph
from tlg.decoder.result import FiredHotword, Result, WordSpan, join_words
from tlg.decoder.sparse import SparseFrames
from tlg.errors import OptionError, PosteriorError
from tlg.hotwords import Hotwords
from tlg.hotwords.files import HotwordSource

__all__ = ["Decoder", "SearchOptions"]


@dataclasses.dataclass(frozen=True)
class SearchOptions:
    """The options of a search; all scores in nats.

    Attributes:
        beam: paths worse than the best by more than this are dropped; ``math.inf`` searches everything.
        max_active: tokens kept after a frame at most, a guard against frames that say nothing.
        min_active: tokens kept whatever the beam, where the search reaches as many. Unlike in Kaldi, few tokens
            do not switch the beam off.
        acoustic_scale: multiplies the log-posteriors; above 0.
        lm_weight: multiplies the graph's scores; 0 or more.
        word_score: added for each word.
        blank_penalty: taken off for each blank frame.

    Raises:
        OptionError: a value out of its range.
    """

    beam: float = 16.0
    max_active: int = 7000
    min_active: int = 0
    acoustic_scale: float = 1.0
    lm_weight: float = 1.0
    word_score: float = 0.0
    blank_penalty: float = 0.0

    def __post_init__(self) -> None:
        """Check types and ranges."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            whole = field.name in ("max_active", "min_active")
            if isinstance(value, bool) or not isinstance(
                value, (int, np.integer) if whole else (int, float, np.integer, np.floating)
            ):
                raise OptionError(f"{field.name}={value!r} is not {'an integer' if whole else 'a number'}")
            try:
                object.__setattr__(self, field.name, int(value) if whole else float(value))
            except OverflowError:
                raise OptionError(f"{field.name} is beyond the range of a float") from None
        self._require(self.beam > 0, "beam", "above 0", "8 to 16 are usual; math.inf searches everything")
        self._require(0 < self.max_active < 2**31, "max_active", "above 0", "7000 is the default")
        self._require(
            0 <= self.min_active <= self.max_active,
            "min_active",
            "between 0 and max_active",
            "0 is the default",
        )
        self._require(
            0 < self.acoustic_scale < math.inf, "acoustic_scale", "above 0 and finite", "1 to 3 are usual"
        )
        self._require(0 <= self.lm_weight < math.inf, "lm_weight", "0 or more and finite", "1 is the default")
        for name in ("word_score", "blank_penalty"):
            self._require(math.isfinite(getattr(self, name)), name, "finite", "0 is the default")

    def _require(self, fits: bool, name: str, range_: str, remedy: str) -> None:
        if not fits:
            raise OptionError(f"{name}={getattr(self, name)} is not {range_}", remedy=remedy)


@dataclasses.dataclass(frozen=True)
class _Slot:
    """What the hotword slot holds: swapped as one, so that a decode sees all of a list or none of it."""

    hotwords: Hotwords | None = None
    use: _core.HotwordUse | None = None


class Decoder:
    """Viterbi beam search over a word graph. Share one decoder between threads; decode() keeps no state.

    Args:
        graph: a Graph, or the path of a graph folder.
        hotwords: a Hotwords, or anything that it takes (dict, list, path), spelled with the graph.
        hotword_bias: b of hotwords that have none of their own, nats a unit; None: 1.5 times acoustic_scale.
            Goes with a list given here; a Hotwords has its own.
        **options: the fields of SearchOptions: beam=16.0, max_active=7000, min_active=0, acoustic_scale=1.0,
            lm_weight=1.0, word_score=0.0, blank_penalty=0.0.

    Raises:
        OptionError: an unknown option (names the nearest known one) or a value out of its range.
        GraphError, HotwordError: the graph or the list cannot be used.

    Score of a path: ``acoustic_scale * sum(log_probs) - blank_penalty * blank frames + lm_weight * graph score +
    word_score * words + hotword rewards``. Source: docs/semantics.md, docs/search.md.
    """

    def __init__(
        self,
        graph: Graph | PathLike,
        *,
        hotwords: Hotwords | HotwordSource | None = None,
        hotword_bias: float | None = None,
        **options: Any,
    ) -> None:
        """Lay the graph out for the search; nothing of it is changed later."""
        self.graph = graph if isinstance(graph, Graph) else Graph.load(graph)
        self.options = _options(options)
        info = self.graph.info
        blank = self.graph.tokens.blank
        implicit = info.topology == "implicit"
        if implicit and blank is None:
            raise OptionError("the graph's token table names no blank", remedy="Build it with blank=")
        self._search_graph = _core.SearchGraph(
            self.graph.fst,
            topology=_core.Topology.CTC if implicit else _core.Topology.PLAIN,
            num_tokens=len(self.graph.tokens),
            blank=-1 if blank is None or info.topology == "none" else blank,
            lm_weight=self.options.lm_weight,
            word_score=self.options.word_score,
        )
        separator = -1 if info.separator is None else self.graph.tokens.id(info.separator)
        self._core = _core.Decoder(
            self._search_graph,
            beam=self.options.beam,
            max_active=self.options.max_active,
            min_active=self.options.min_active,
            acoustic_scale=self.options.acoustic_scale,
            blank_penalty=self.options.blank_penalty,
            num_roots=info.num_roots + info.num_separators,
            separator=separator,
            kernel=os.environ.get("TLG_KERNEL", "auto"),
        )
        self._hotword_bias = hotword_bias
        self._lock = threading.Lock()
        self._slot = self._compile(hotwords)

    def __repr__(self) -> str:
        return f"Decoder({self.graph!r}, {self.options!r}, hotwords={self.hotwords!r})"

    @property
    def hotwords(self) -> Hotwords | None:
        """The hotwords of decodes that begin now. Assign a list, a dict, a path, a Hotwords or None.

        The new list is compiled aside and swapped in whole; a bad one raises and changes nothing.
        """
        return self._slot.hotwords

    @hotwords.setter
    def hotwords(self, hotwords: Hotwords | HotwordSource | None) -> None:
        slot = self._compile(hotwords)
        with self._lock:
            self._slot = slot

    def decode(self, log_probs: object, *, logits: bool = False) -> Result:
        """Decode one utterance.

        Args:
            log_probs: [T, V] natural-log posteriors (numpy of any float type, torch in CPU memory, DLPack), or
                SparseFrames. T may be 0.
            logits: the array is raw network output; a log-softmax is applied.

        Raises:
            PosteriorError: not posteriors over the graph's tokens; names the first bad row.
        """
        return self._decode([self._intake(log_probs, logits)], threads=1)[0]

    def decode_batch(
        self,
        inputs: Iterable[object],
        *,
        lengths: Sequence[int] | None = None,
        threads: int = 1,
        logits: bool = False,
    ) -> list[Result]:
        """Decode several utterances on threads; the results do not depend on how many.

        Args:
            inputs: a list of what decode() takes, or one padded array [B, T, V] with ``lengths``.
            lengths: frames of each row of a padded array.
            threads: at least 1; the GIL is released.
            logits: as in decode().

        Raises:
            PosteriorError: as in decode(); names the utterance (from 0). Nothing is decoded then.
            OptionError: threads below 1, or lengths that do not fit.
        """
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise OptionError(f"threads={threads!r} is not 1 or more", remedy="Pass the number of cores")
        ready = []
        for number, one in enumerate(_unpad(inputs, lengths)):
            try:
                ready.append(self._intake(one, logits))
            except PosteriorError as error:
                raise PosteriorError(
                    f"utterance {number}: {error.message}", remedy=error.remedy, file=error.file
                ) from error
        return self._decode(ready, threads=threads)

    def _intake(self, log_probs: object, logits: bool) -> object:
        num_tokens = len(self.graph.tokens)
        if isinstance(log_probs, SparseFrames):
            if logits:
                raise OptionError("sparse frames are log-posteriors", remedy="Leave logits=True out")
            log_probs.check_width(num_tokens)
            return (log_probs.ids, log_probs.log_probs, log_probs.rest)
        return as_log_probs(log_probs, num_tokens=num_tokens, logits=logits)

    def _decode(self, ready: list[object], *, threads: int) -> list[Result]:
        slot = self._slot
        found = self._core.decode(ready, slot.use, threads)
        return [self._result(one, slot) for one in found]

    def _compile(self, hotwords: Hotwords | HotwordSource | None) -> _Slot:
        if hotwords is None:
            return _Slot()
        if not isinstance(hotwords, Hotwords):
            hotwords = Hotwords(hotwords, graph=self.graph, bias=self._hotword_bias)
        labels = _core.HotwordLabels.TOKENS if hotwords.units_are == "tokens" else _core.HotwordLabels.WORDS
        table = len(self.graph.tokens) if hotwords.units_are == "tokens" else len(self.graph.words)
        if hotwords.num_units > table + 1:  # one more: a boundary that is no token
            raise OptionError(
                f"the hotwords are spelled in {hotwords.num_units} units, the graph has {table}",
                remedy="Make the Hotwords with graph= this graph",
            )
        if len(hotwords) == 0:
            return _Slot(hotwords)
        automaton = hotwords.automaton(acoustic_scale=self.options.acoustic_scale, beam=self.options.beam)
        separator = self.graph.info.separator
        neutral = -1
        if separator is not None and separator != hotwords.report.boundary:
            neutral = self.graph.tokens.id(separator)
        use = _core.HotwordUse(self._search_graph, automaton, labels, neutral)
        return _Slot(hotwords, use)

    def _result(self, found: _core.Hypothesis, slot: _Slot) -> Result:
        words = [self.graph.words[word] for word in found.words]
        token_spans = [(start, end) for start, end in found.token_spans.tolist()]
        word_spans = [
            WordSpan(word, start, end)
            for word, (start, end) in zip(words, found.word_spans.tolist(), strict=True)
        ]
        fired = []
        if found.hotwords and slot.hotwords is not None:
            in_words = slot.hotwords.units_are == "words"
            spans = [(span.start, span.end) for span in word_spans] if in_words else token_spans
            for match in found.hotwords:
                fired.append(
                    FiredHotword(
                        slot.hotwords.phrase(match.phrase),
                        spans[match.start][0],
                        spans[match.end - 1][1],
                        match.reward,
                    )
                )
        symbols = self.graph.tokens.symbols
        return Result(
            text=join_words(words),
            words=words,
            word_spans=word_spans,
            tokens=[symbols[token] for token in found.tokens],
            token_spans=token_spans,
            score=found.score,
            am_score=found.am_score,
            lm_score=found.lm_score,
            word_score=found.word_score,
            blank_score=found.blank_score,
            hotword_score=found.hotword_score,
            hotwords=fired,
            partial=found.partial,
            num_frames=found.num_frames,
        )


def _options(given: dict[str, Any]) -> SearchOptions:
    known = [field.name for field in dataclasses.fields(SearchOptions)]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, [*known, "hotwords", "hotword_bias"], n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known options: {', '.join(known)}"
            raise OptionError(f"unknown option {name!r}", remedy=remedy)
    return SearchOptions(**given)


def _unpad(inputs: Iterable[object], lengths: Sequence[int] | None) -> Iterable[object]:
    """Return the utterances of a batch: a list's items, or the rows of [B, T, V] cut to their lengths."""
    shape = getattr(inputs, "shape", None)
    if shape is None:
        if lengths is not None:
            raise OptionError("lengths go with one padded array [B, T, V]", remedy="Leave lengths out")
        return inputs
    if len(shape) != 3:
        raise PosteriorError(
            f"a batch array has shape {tuple(shape)}, not [B, T, V]",
            remedy="Pass a list of arrays [T, V], or decode() for one",
        )
    if lengths is None:
        raise OptionError("a padded batch needs lengths", remedy="Pass lengths=, one number of frames a row")
    cut = np.asarray(lengths)
    if cut.dtype.kind not in "iu" or cut.shape != (shape[0],):
        raise OptionError(
            f"lengths are {cut.dtype} of shape {cut.shape}, not {shape[0]} integers",
            remedy="Pass frames, not seconds or fractions",
        )
    for row, length in enumerate(cut.tolist()):
        if not 0 <= length <= shape[1]:
            raise OptionError(f"lengths[{row}]={length} is not within 0 and {shape[1]} frames")
    array: Any = inputs
    return [array[row, :length] for row, length in enumerate(cut.tolist())]
