"""What a graph build found, as figures and lists; nothing is dropped in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

__all__ = ["BuildReport"]


@dataclass(frozen=True)
class BuildReport:
    """The report of one graph build.

    Attributes:
        words: words of the lexicon.
        pronunciations: distinct pronunciations.
        words_without_pronunciation: words of the model that the lexicon lacks; they cannot be recognised.
        words_without_lm: words of the lexicon that the model lacks; they cannot be recognised either, unless
            they were given the cost of ``<unk>``.
        duplicate_pronunciations: lexicon lines that say what another line says.
        dropped_pronunciations: lexicon lines with unknown tokens (``drop_unknown=True``).
        lm_repairs: what the reader of the ARPA file mended.
        dropped_ngrams: n-grams with a word that the lexicon lacks.
        skipped_ngrams: n-grams that no sentence can use (``<s>`` inside, ``</s>`` not at the end, probability 0).
        backoff_only_states: histories removed because they only back off.
        merged_states: histories that were equal to another one.
        unreachable_states: histories that no sentence reaches.
        roots: states of the grammar.
        states: states of the graph written.
        arcs: its arcs.
        seconds: wall-clock time of the build, with reading and without writing.
        notes: anything else worth knowing, one sentence each.
    """

    words: int = 0
    pronunciations: int = 0
    words_without_pronunciation: tuple[str, ...] = ()
    words_without_lm: tuple[str, ...] = ()
    duplicate_pronunciations: tuple[str, ...] = ()
    dropped_pronunciations: tuple[str, ...] = ()
    lm_repairs: tuple[str, ...] = ()
    dropped_ngrams: int = 0
    skipped_ngrams: int = 0
    backoff_only_states: int = 0
    merged_states: int = 0
    unreachable_states: int = 0
    roots: int = 0
    states: int = 0
    arcs: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as what json.dumps takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> BuildReport:
        """Return the report that to_json gave; names that this version does not know are passed over."""
        known = {f.name for f in fields(cls)}
        kept: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name in known
        }
        return cls(**kept)

    def __str__(self) -> str:
        """Return the report for people: one line a figure, lists cut after ten."""
        built = f", {self.roots} LM states, {self.seconds:.2f} s" if self.roots else ""
        lines = [f"graph: {self.states} states, {self.arcs} arcs{built}"]
        if self.pronunciations:  # nothing is known of them in graphs of other toolkits
            lines.append(f"lexicon: {self.words} words, {self.pronunciations} pronunciations")
        figures = (
            ("n-grams dropped (a word of theirs, or <unk>, has no pronunciation)", self.dropped_ngrams),
            ("n-grams skipped (no sentence can use them)", self.skipped_ngrams),
        )
        lines += [f"{name}: {count}" for name, count in figures if count]
        lists = (
            ("words of the LM without a pronunciation", self.words_without_pronunciation),
            ("words of the lexicon that the LM lacks", self.words_without_lm),
            ("pronunciations listed twice", self.duplicate_pronunciations),
            ("pronunciations dropped", self.dropped_pronunciations),
            ("repairs of the ARPA file", self.lm_repairs),
            ("notes", self.notes),
        )
        for name, items in lists:
            if items:
                shown = "; ".join(items[:10]) + ("; ..." if len(items) > 10 else "")
                lines.append(f"{name}: {len(items)} ({shown})")
        return "\n".join(lines)
