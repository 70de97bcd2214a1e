"""Hotword lists made ready for prefix beam search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tlg import _core
from tlg.decoder.graph.tokens import TokenTable
from tlg.decoder.numbered import NumberedLists
from tlg.decoder.prefix_model import PrefixModel
from tlg.decoder.slot import check_units
from tlg.errors import OptionError
from tlg.hotwords import Hotwords
from tlg.hotwords.files import HotwordSource

__all__ = ["PrefixSlot", "PrefixSlotMaker"]


@dataclass(frozen=True)
class PrefixSlot:
    """What a hotword slot holds, replaced as one: the list, what is made of it, its number (0: no list)."""

    hotwords: Hotwords | None = None
    use: _core.PrefixHotwords | None = None
    version: int = 0


class _Spelling:
    """What hotwords are spelled with, in the form of a graph: tokens, words, pronunciations."""

    def __init__(self, model: PrefixModel) -> None:
        """Index the pronunciations by word."""
        assert model.pronunciations is not None
        self._table = model.tokens.table
        self._words = model.words
        self._of: dict[str, list[list[str]]] = {}
        for word, units in model.pronunciations:
            self._of.setdefault(model.words[word], []).append([self._table.symbols[unit] for unit in units])

    @property
    def tokens(self) -> TokenTable:
        """The tokens."""
        return self._table

    @property
    def words(self) -> Sequence[str]:
        """The words by id."""
        return self._words

    def pronunciations(self, word: str) -> Sequence[Sequence[str]]:
        """Return the token symbols of each pronunciation."""
        return self._of.get(word, [])


class PrefixSlotMaker:
    """Makes slots for one model; threads can share it.

    Args:
        model: whose tokens and words hotwords are matched on.
        acoustic_scale: of the search.
        beam: of the search.
        bias: of lists that are no Hotwords.
    """

    def __init__(self, model: PrefixModel, *, acoustic_scale: float, beam: float, bias: float | None) -> None:
        """Keep what lists are compiled with."""
        self._model = model
        self._spelling = _Spelling(model) if model.pronunciations is not None else None
        self._acoustic_scale = acoustic_scale
        self._beam = beam
        self._bias = bias
        self._lists: NumberedLists[_core.PrefixHotwords] = NumberedLists()

    def make(self, hotwords: Hotwords | HotwordSource | None) -> PrefixSlot:
        """Return a slot with these hotwords.

        Raises:
            HotwordError: a list that cannot be used.
            OptionError: a Hotwords made for another table of units.
        """
        if hotwords is None:
            return PrefixSlot()
        if not isinstance(hotwords, Hotwords):
            hotwords = self._compile(hotwords)
        return PrefixSlot(hotwords, *self._lists.get(hotwords, self._use))

    def _compile(self, source: HotwordSource) -> Hotwords:
        tokens = self._model.tokens
        if self._spelling is not None:
            by_words = self._model.report.words_are == "pronunciations"
            return Hotwords(
                source,
                graph=self._spelling,
                bias=self._bias,
                match="auto" if by_words else "units",
                boundary="auto" if by_words else tokens.separator,
            )
        return Hotwords(
            source,
            tokens=list(tokens.table.symbols),
            bias=self._bias,
            boundary=tokens.separator,
            blank=tokens.table.blank,
        )

    def _use(self, hotwords: Hotwords) -> _core.PrefixHotwords:
        on_words = hotwords.units_are == "words"
        if on_words and self._model.report.words_are != "pronunciations":
            raise OptionError(
                "the hotwords are made of words, but here they are heard in tokens",
                remedy="Make the Hotwords with tokens= these tokens",
            )
        check_units(
            hotwords,
            self._model.tokens.table.symbols,
            self._model.words,
            where="the token table" if not on_words else "the lexicon",
            remedy="Make the Hotwords with tokens= these tokens, or pass the list itself",
        )
        automaton = hotwords.automaton(acoustic_scale=self._acoustic_scale, beam=self._beam)
        return _core.PrefixHotwords(automaton, on_words, len(self._model.tokens.table))
