"""What training reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tlg.lm.overlap import SentenceSketch

__all__ = ["OrderReport", "TrainReport"]


@dataclass(frozen=True)
class OrderReport:
    """One order of a trained model.

    Args:
        order: 1, 2, ...
        counted: different n-grams in the text (order 1: with ``<unk>``, ``<s>`` and ``</s>``).
        kept: those in the model, after pruning.
        cutoff: n-grams with this count or a lower one are dropped.
        count_of_counts: how many n-grams have the count 1, 2, ... that discounts are taken from.
        discounts: mkn: taken from the counts 1, 2, and 3 and more; kn, absolute: taken from each count;
            katz: what the counts 1, 2, ... are multiplied by; empty for the other methods.
        weights: jm: of this order against the lower ones; with buckets, after contexts seen 1, 2-3,
            4-7, ... times.
        fallback: why the discounts are the fallback values; empty when they are not.
    """

    order: int
    counted: int
    kept: int
    cutoff: int = 0
    count_of_counts: tuple[int, ...] = ()
    discounts: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    fallback: str = ""

    def __str__(self) -> str:
        parts = [f"{self.kept} of {self.counted}" if self.kept != self.counted else str(self.counted)]
        for name, values in (("discounts", self.discounts), ("weights", self.weights)):
            if values:
                parts.append(f"{name} {' '.join(f'{value:.6g}' for value in values)}")
        return f"{self.order}-grams: {', '.join(parts)}"


@dataclass(frozen=True)
class TrainReport:
    """How a model was trained.

    Args:
        sentences: lines of text.
        words: without ``</s>``.
        types: different words, without ``<unk>``, ``<s>`` and ``</s>``.
        skipped_symbols: special words left out of the text (``symbols="skip"``).
        options: all options, by name.
        orders: figures of each order.
        notes: what was mended in the text and what fell back, one sentence each.
        sketch: the sentences, for ``perplexity`` to say which of a test text are among them; not saved.
    """

    sentences: int
    words: int
    types: int
    skipped_symbols: int
    options: dict[str, Any]
    orders: tuple[OrderReport, ...]
    notes: tuple[str, ...]
    sketch: SentenceSketch | None = field(default=None, repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for JSON."""
        values = asdict(replace(self, sketch=None))
        del values["sketch"]
        return values

    def __str__(self) -> str:
        lines = [f"{self.sentences} sentences, {self.words} words, {self.types} different"]
        lines.extend(map(str, self.orders))
        return "\n".join((*lines, *self.notes))
