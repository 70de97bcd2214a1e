"""From what the core found to Results: numbers become words and tokens, places become frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from tlg import _core
from tlg.decoder.graph.graph import Graph
from tlg.decoder.lattice import Lattice
from tlg.decoder.margins import with_margins
from tlg.decoder.options import SearchOptions
from tlg.decoder.result import FiredHotword, MbrPath, Result, SlotWord, WordSpan, join_words
from tlg.decoder.slot import NamesPhrases
from tlg.decoder.spans import place_words
from tlg.errors import TlgError
from tlg.hotwords import AttachedWords

__all__ = ["ResultReader"]


class ResultReader:
    """Reads what is found in one graph.

    Args:
        graph: its words, tokens and lexicon.
        options: of the search: what was asked for.
    """

    def __init__(self, graph: Graph, options: SearchOptions) -> None:
        """See whether the graph says where words end, or the lexicon has to."""
        self._graph = graph
        self.options = options
        self._spells = graph.info.num_roots == 0 and _has_lexicon(graph)

    def words(self, labels: Sequence[int], hotwords: NamesPhrases | None) -> list[str]:
        """Return the words of output labels; those that the hotwords have attached have their own."""
        table = self._table(hotwords)
        return [table[label] for label in labels]

    def _table(self, hotwords: NamesPhrases | None) -> Sequence[str]:
        words, attached = self._graph.words, None if hotwords is None else hotwords.attached
        return words if attached is None else _WordsAndAttached(words, attached)

    def result(self, found: _core.Hypothesis, hotwords: NamesPhrases | None, version: int) -> Result:
        """Return the result of an utterance that was searched with these hotwords, a list of this number.

        Its fields are put into words when they are first read: a list of tuples for each token costs a good part
        of what the search does, and most users want the text.
        """
        return Result.deferred(_Found(self, found, hotwords).read, hotwords_version=version)

    def lattice(self, core: _core.Lattice, beam: float | None, hotwords: NamesPhrases | None) -> Lattice:
        """Return a lattice with the words of the graph, which holds all paths within the beam."""
        scale, asked = self.options.acoustic_scale, self.options.kept_beam
        narrowed = beam is not None and beam < asked
        table = self._table(hotwords)
        return Lattice(core, table, acoustic_scale=scale, beam=beam, narrowed=narrowed)

    def tokens(self, columns: Sequence[int]) -> list[str]:
        """Return the symbols of columns."""
        symbols = self._graph.tokens.symbols
        return [symbols[column] for column in columns]

    def spell_spans(
        self, words: list[str], tokens: list[str], token_spans: list[tuple[int, int]], partial: bool
    ) -> list[WordSpan] | None:
        """Return the words' frames as the lexicon tells them; None: the graph does, or the lexicon cannot."""
        if not self._spells or not words:
            return None
        places = place_words(
            words, tokens, self._graph.pronunciations, separator=self._graph.info.separator, partial=partial
        )
        if places is None:
            return None
        spans = []
        for word, (first, last) in zip(words, places, strict=True):
            begin = token_spans[first][0] if first < last else token_spans[first - 1][1] if first > 0 else 0
            spans.append(WordSpan(word, begin, token_spans[last - 1][1] if first < last else begin))
        return spans


class _Found:
    """What the core found, and how each field of a Result is made of it."""

    __slots__ = ("_core", "_hotwords", "_reader")

    def __init__(self, reader: ResultReader, core: _core.Hypothesis, hotwords: NamesPhrases | None) -> None:
        self._reader = reader
        self._core = core
        self._hotwords = hotwords

    def read(self, result: Result, name: str) -> Any:
        make = _MAKERS.get(name)
        if make is not None:
            return make(self, result)
        value = getattr(self._core, name)
        return value + 0.0 if isinstance(value, float) else value  # -4 for each of 0 words is 0, not -0

    def text(self, result: Result) -> str:
        return join_words(result.words)

    def words(self, result: Result) -> list[str]:
        return self._reader.words(self._core.words, self._hotwords)

    def tokens(self, result: Result) -> list[str]:
        return self._reader.tokens(self._core.tokens)

    def token_spans(self, result: Result) -> list[tuple[int, int]]:
        return list(map(tuple, self._core.token_spans.tolist()))

    def word_spans(self, result: Result) -> list[WordSpan]:
        spelled = self._reader.spell_spans(result.words, result.tokens, result.token_spans, result.partial)
        if spelled is not None:
            return spelled
        spans = self._core.word_spans.tolist()
        return [WordSpan(word, start, end) for word, (start, end) in zip(result.words, spans, strict=True)]

    def hotwords(self, result: Result) -> list[FiredHotword]:
        hotwords, fired = self._hotwords, []
        if not self._core.hotwords or hotwords is None:
            return []
        in_words = hotwords.units_are == "words"
        spans = [(span.start, span.end) for span in result.word_spans] if in_words else result.token_spans
        for match in self._core.hotwords:
            start, end = spans[match.start][0], spans[match.end - 1][1]
            fired.append(FiredHotword(hotwords.phrase(match.phrase), start, end, match.reward))
        if result.lattice is None or result.lattice_beam is None:
            return fired
        whole_words = in_words or hotwords.boundary is not None
        return with_margins(fired, result.lattice, result.lattice_beam, whole_words=whole_words)

    def nbest(self, result: Result) -> list[Result]:
        more = self._core.more
        found = [self._core] if more is None or not more.nbest else more.nbest
        known: dict[str, Any] = {"nbest": [], "confidence": None, "lattice": None, "mbr": None}
        known["lattice_beam"] = None
        known["hotwords_version"] = result.hotwords_version
        return [Result.deferred(_Found(self._reader, one, self._hotwords).read, **known) for one in found]

    def confidence(self, result: Result) -> list[float] | None:
        more, options = self._core.more, self._reader.options
        return more.confidence if more is not None and (options.lattice or options.mbr) else None

    def lattice(self, result: Result) -> Lattice | None:
        more = self._core.more
        if more is None or not self._reader.options.lattice:
            return None
        return self._reader.lattice(more.lattice, result.lattice_beam, self._hotwords)

    def lattice_beam(self, result: Result) -> float | None:
        if self._core.more is None:
            return None
        kept, asked = self._core.more.lattice_beam, self._reader.options.kept_beam
        return kept if kept < np.float32(asked) else asked  # the core's is rounded

    def mbr(self, result: Result) -> MbrPath | None:
        more = self._core.more
        if more is None or not self._reader.options.mbr:
            return None
        mbr = more.mbr
        words = self._reader.words(mbr.words, self._hotwords)
        spans = [WordSpan(word, *span) for word, span in zip(words, mbr.spans.tolist(), strict=True)]
        slots = [
            [
                SlotWord(
                    self._reader.words([one.word], self._hotwords)[0] if one.word else "",
                    one.probability,
                    one.start,
                    one.end,
                )
                for one in slot
            ]
            for slot in mbr.slots
        ]
        return MbrPath(join_words(words), words, spans, mbr.confidences, mbr.risk, slots)


# The other fields are the core's own.
_MAKERS: dict[str, Callable[[_Found, Result], Any]] = {
    "text": _Found.text,
    "words": _Found.words,
    "word_spans": _Found.word_spans,
    "tokens": _Found.tokens,
    "token_spans": _Found.token_spans,
    "hotwords": _Found.hotwords,
    "nbest": _Found.nbest,
    "confidence": _Found.confidence,
    "lattice": _Found.lattice,
    "mbr": _Found.mbr,
    "lattice_beam": _Found.lattice_beam,
}


class _WordsAndAttached(Sequence[str]):
    """The words of a graph, and behind them those that a list has attached."""

    def __init__(self, words: Sequence[str], attached: AttachedWords) -> None:
        self._words = words
        self._attached = attached

    def __len__(self) -> int:
        return self._attached.first_label + len(self._attached)

    @overload
    def __getitem__(self, label: int) -> str: ...
    @overload
    def __getitem__(self, label: slice) -> list[str]: ...
    def __getitem__(self, label: int | slice) -> str | list[str]:
        if isinstance(label, slice):
            return [self[one] for one in range(*label.indices(len(self)))]
        first = self._attached.first_label
        return self._words[label] if label < first else self._attached.words[label - first]


def _has_lexicon(graph: Graph) -> bool:
    """Return whether the graph came with a lexicon; one of another toolkit may be in a form of its own."""
    try:
        graph.pronunciations("")
    except TlgError:
        return False
    return True
