"""Errors on the hotwords and errors on the rest: B-WER and U-WER.

A list that helps its phrases can harm the words around them; one rate hides that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tlg.hotwords.metrics import PhraseFinder

__all__ = ["ErrorCounts", "split_errors"]


@dataclass(frozen=True, kw_only=True)
class ErrorCounts:
    """Errors in a part of the units.

    Args:
        num_units: units of the references in this part.
        substitutions, deletions, insertions: errors on them.
    """

    num_units: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions together."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Errors by reference units: 0.05 is 5 %. None where there is no unit."""
        return self.errors / self.num_units if self.num_units else None

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain data for JSON."""
        return {
            "rate": self.rate,
            "num_units": self.num_units,
            "errors": self.errors,
            "substitutions": self.substitutions,
            "deletions": self.deletions,
            "insertions": self.insertions,
        }


def split_errors(
    refs: Iterable[Sequence[str]],
    hyps: Iterable[Sequence[str]],
    alignments: Iterable[Iterable[Any]],
    finder: PhraseFinder,
) -> tuple[ErrorCounts, ErrorCounts]:
    """Return the errors on the hotwords, and those on the rest.

    A unit of a reference is a hotword's if a phrase that the reference holds covers it; an inserted unit, if a phrase
    that the hypothesis holds does. Phrases are found leftmost-longest.

    Args:
        refs: the units of each reference.
        hyps: the units of each hypothesis.
        alignments: of each pair, jiwer's chunks.
        finder: of the phrases.

    Source: B-WER and U-WER of Le et al., "Contextualized streaming end-to-end speech recognition with trie-based deep biasing
    and shallow fusion", 2021; whole phrases here, single words there.
    """
    units = [0, 0]
    errors = [{"substitute": 0, "delete": 0, "insert": 0} for _ in range(2)]
    for ref, hyp, chunks in zip(refs, hyps, alignments, strict=True):
        in_ref, in_hyp = _covered(ref, finder), _covered(hyp, finder)
        for is_hot in in_ref:
            units[is_hot] += 1
        for chunk in chunks:
            if chunk.type == "equal":
                continue
            inserted = chunk.type == "insert"
            marks = (
                in_hyp[chunk.hyp_start_idx : chunk.hyp_end_idx]
                if inserted
                else in_ref[chunk.ref_start_idx : chunk.ref_end_idx]
            )
            for is_hot in marks:
                errors[is_hot][chunk.type] += 1
    rest, hot = (
        ErrorCounts(
            num_units=units[part],
            substitutions=errors[part]["substitute"],
            deletions=errors[part]["delete"],
            insertions=errors[part]["insert"],
        )
        for part in range(2)
    )
    return hot, rest


def _covered(units: Sequence[str], finder: PhraseFinder) -> list[bool]:
    marks = [False] * len(units)
    for start, end, _ in finder.find(units):
        marks[start:end] = [True] * (end - start)
    return marks
