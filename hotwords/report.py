"""What became of each line of a hotword list."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["AttachedEntry", "ClassEntry", "ClassReport", "CompileReport", "ReportEntry"]

Status = Literal["accepted", "duplicate", "rejected"]


@dataclass(frozen=True)
class AttachedEntry:
    """A word that a line attaches to the graph.

    Args:
        word: the text.
        pronunciations: in tokens, as in the lexicon.
        source: what tells them: "list", "characters", "sentencepiece", "longest match" or "g2p".
    """

    word: str
    pronunciations: tuple[tuple[str, ...], ...]
    source: str


@dataclass(frozen=True)
class ClassEntry:
    """One line of the list of a class.

    Args:
        phrase: the text.
        status: "accepted"; "duplicate": another line has the same words or sounds; "rejected": nothing tells how it is said.
        score: log of its share of the class, nats; None where it is not attached.
        pronunciations: in tokens.
        source: as in AttachedEntry, or "lexicon".
        reason: why it is not attached; "" when accepted.
        remedy: what to do about it.
        warnings: what may surprise.
        file: the file it is from.
        line: its line there, from 1.
    """

    phrase: str
    status: Status
    score: float | None
    pronunciations: tuple[tuple[str, ...], ...]
    source: str
    reason: str
    remedy: str
    warnings: tuple[str, ...]
    file: str | None
    line: int | None


@dataclass(frozen=True)
class ClassReport:
    """What became of the list of a class."""

    name: str
    entries: tuple[ClassEntry, ...]


@dataclass(frozen=True)
class ReportEntry:
    """One line of the list.

    Args:
        phrase: the text.
        status: "accepted"; "duplicate": the same units as another line, which wins; "rejected": has no spelling.
        units: its units; empty when rejected. Where there are several spellings, the one that counts n.
        num_spellings: how many spellings are listened for.
        spelled_by: "characters", "lexicon", "sentencepiece", "longest match", "list" (as the list itself splits or
            pronounces it), "g2p"; "" when rejected.
        bias: b in nats a unit, at the acoustic_scale of the report.
        word_bias: w in nats.
        reward: n*b + w in nats on the grid of 1/1024; 0 when rejected.
        reason: why it is a duplicate or was rejected; "" when accepted.
        remedy: what to do about it.
        warnings: what may surprise about an accepted line.
        file: the file it is from.
        line: its line there, from 1.
        folded: the text that was spelled, where case or width was folded; None else.
        attached: the words of it that the lexicon lacks and that are attached.
    """

    phrase: str
    status: Status
    units: tuple[str, ...]
    num_spellings: int
    spelled_by: str
    bias: float
    word_bias: float
    reward: float
    reason: str
    remedy: str
    warnings: tuple[str, ...]
    file: str | None
    line: int | None
    folded: str | None = None
    attached: tuple[AttachedEntry, ...] = ()


@dataclass(frozen=True)
class CompileReport:
    """A hotword list compiled: one entry for each line, in the order of the list.

    Args:
        entries: the lines.
        units_are: "tokens" or "words".
        boundary: the symbol that separates words, U+2581 for SentencePiece; None: phrases match anywhere.
        num_states: states of the automaton, its root included.
        num_bytes: its size.
        classes: the lists of classes.
        num_attached: words attached to the graph, members of classes among them.

    ``str()`` gives a table; ``to_json()`` the same for programs.
    """

    entries: tuple[ReportEntry, ...]
    units_are: str
    boundary: str | None
    num_states: int
    num_bytes: int
    classes: tuple[ClassReport, ...] = ()
    num_attached: int = 0

    @property
    def accepted(self) -> tuple[ReportEntry, ...]:
        """The lines that count."""
        return tuple(entry for entry in self.entries if entry.status == "accepted")

    @property
    def duplicates(self) -> tuple[ReportEntry, ...]:
        """The lines with the units of another line, which wins."""
        return tuple(entry for entry in self.entries if entry.status == "duplicate")

    @property
    def rejected(self) -> tuple[ReportEntry, ...]:
        """The lines without a spelling."""
        return tuple(entry for entry in self.entries if entry.status == "rejected")

    @property
    def summary(self) -> str:
        """One line of counts."""
        matching = "anywhere" if self.boundary is None else f"at word boundaries ({self.boundary})"
        if self.units_are == "words":
            matching = "whole words"
        warned = sum(bool(entry.warnings) for entry in self.entries)
        attached = f"; {self.num_attached} words attached" if self.num_attached else ""
        return (
            f"{len(self.entries)} phrases: {len(self.accepted)} accepted, {len(self.duplicates)} duplicates, "
            f"{len(self.rejected)} rejected, {warned} with warnings; units are {self.units_are}, matched {matching}; "
            f"{self.num_states} states, {self.num_bytes} bytes{attached}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return counts and entries as plain data."""
        return {
            "num_phrases": len(self.entries),
            "num_accepted": len(self.accepted),
            "num_duplicates": len(self.duplicates),
            "num_rejected": len(self.rejected),
            "units_are": self.units_are,
            "boundary": self.boundary,
            "num_states": self.num_states,
            "num_bytes": self.num_bytes,
            "num_attached": self.num_attached,
            "classes": [asdict(one) for one in self.classes],
            "entries": [asdict(entry) for entry in self.entries],
        }

    def to_json(self) -> str:
        """Return to_dict() as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def __str__(self) -> str:
        header = (_numbered(self.entries), "phrase", "status", "reward", "units")
        lines = _table([header, *(_row(number, entry) for number, entry in enumerate(self.entries, start=1))])
        for one in self.classes:
            header = (_numbered(one.entries), one.name, "status", "score", "tokens")
            rows = [_class_row(number, entry) for number, entry in enumerate(one.entries, start=1)]
            lines += _table([header, *rows])
        return "\n".join([*lines, self.summary])


Row = tuple[str, str, str, str, str]


def _numbered(entries: Sequence[ReportEntry | ClassEntry]) -> str:
    """Return what the first column counts: a list in memory has no lines."""
    return "line" if any(entry.line for entry in entries) else "entry"


def _table(rows: Sequence[Row]) -> list[str]:
    widths = [max(_width(row[column]) for row in rows) for column in range(4)]
    lines = []
    for row in rows:
        cells = [_pad(cell, width) for cell, width in zip(row[:4], widths, strict=True)]
        lines.append("  ".join([*cells, row[4]]).rstrip())
    return lines


def _row(number: int, entry: ReportEntry) -> Row:
    notes = [" ".join(entry.units)] if entry.units else []
    if entry.num_spellings > 1:
        notes.append(f"(and {entry.num_spellings - 1} other spellings)")
    notes += [f"attached {one.word!r}: {_said(one.pronunciations)} ({one.source})" for one in entry.attached]
    notes += _remarks(entry)
    reward = "" if entry.status == "rejected" else f"{entry.reward:g}"
    return (str(entry.line or number), entry.phrase, entry.status, reward, "; ".join(notes))


def _class_row(number: int, entry: ClassEntry) -> Row:
    notes = [f"{_said(entry.pronunciations)} ({entry.source})"] if entry.pronunciations else []
    notes += _remarks(entry)
    score = "" if entry.score is None else f"{entry.score:.3g}"
    return (str(entry.line or number), entry.phrase, entry.status, score, "; ".join(notes))


def _said(pronunciations: Sequence[Sequence[str]]) -> str:
    return ", or ".join(" ".join(units) for units in pronunciations)


def _remarks(entry: ReportEntry | ClassEntry) -> list[str]:
    notes = [f"{entry.reason}. {entry.remedy}".rstrip(". ")] if entry.reason else []
    return notes + [f"warning: {warning}" for warning in entry.warnings]


def _width(text: Iterable[str]) -> int:
    """Columns on a terminal: wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
