"""From what the core found to Results: numbers become words and tokens, places become frames."""

from __future__ import annotations

from collections.abc import Sequence

from tlg import _core
from tlg.decoder.graph.graph import Graph
from tlg.decoder.result import FiredHotword, Result, WordSpan, join_words
from tlg.decoder.spans import place_words
from tlg.errors import TlgError
from tlg.hotwords import Hotwords

__all__ = ["ResultReader"]


class ResultReader:
    """Reads what is found in one graph.

    Args:
        graph: its words, tokens and lexicon.
    """

    def __init__(self, graph: Graph) -> None:
        """See whether the graph says where words end, or the lexicon has to."""
        self._graph = graph
        self._spells = graph.info.num_roots == 0 and _has_lexicon(graph)

    def words(self, labels: Sequence[int]) -> list[str]:
        """Return the words of output labels."""
        return [self._graph.words[label] for label in labels]

    def result(self, found: _core.Hypothesis, hotwords: Hotwords | None) -> Result:
        """Return the result of an utterance that was searched with these hotwords."""
        words = self.words(found.words)
        token_spans: list[tuple[int, int]] = list(map(tuple, found.token_spans.tolist()))
        symbols = self._graph.tokens.symbols
        tokens = [symbols[token] for token in found.tokens]
        word_spans = [
            WordSpan(word, start, end)
            for word, (start, end) in zip(words, found.word_spans.tolist(), strict=True)
        ]
        if self._spells and words:
            word_spans = self._spell_spans(words, tokens, token_spans, found.partial) or word_spans
        fired = []
        if found.hotwords and hotwords is not None:
            in_words = hotwords.units_are == "words"
            spans = [(span.start, span.end) for span in word_spans] if in_words else token_spans
            for match in found.hotwords:
                fired.append(
                    FiredHotword(
                        hotwords.phrase(match.phrase),
                        spans[match.start][0],
                        spans[match.end - 1][1],
                        match.reward,
                    )
                )
        return Result(
            text=join_words(words),
            words=words,
            word_spans=word_spans,
            tokens=tokens,
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

    def _spell_spans(
        self, words: list[str], tokens: list[str], token_spans: list[tuple[int, int]], partial: bool
    ) -> list[WordSpan] | None:
        """Return the words' frames as the lexicon tells them; None if it does not explain the tokens."""
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


def _has_lexicon(graph: Graph) -> bool:
    """Return whether the graph came with a lexicon; one of another toolkit may be in a form of its own."""
    try:
        graph.pronunciations("")
    except TlgError:
        return False
    return True
