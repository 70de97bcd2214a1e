"""Word and character error rates, with a signature behind every figure.

Alignments are jiwer's; nothing here computes an edit distance.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tlg._core import __version__
from tlg._files import PathLike
from tlg.decoder.evaluate.biased import ErrorCounts, split_errors
from tlg.decoder.evaluate.normalise import Normalisation, Unit, normalise_text, split_units
from tlg.decoder.evaluate.tables import read_table
from tlg.errors import InputError
from tlg.hotwords.files import HotwordSource, read_hotwords
from tlg.hotwords.metrics import HotwordMetrics, PhraseFinder, hotword_counts

__all__ = ["ScoreReport", "UtteranceScore", "percent", "score"]

Texts = Mapping[str, str] | Sequence[str] | PathLike


@dataclass(frozen=True, kw_only=True)
class UtteranceScore:
    """The errors of one utterance; ``ref`` and ``hyp`` are as they were compared (normalised)."""

    utterance: str
    ref: str
    hyp: str
    num_units: int
    substitutions: int
    deletions: int
    insertions: int

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions together."""
        return self.substitutions + self.deletions + self.insertions


@dataclass(frozen=True, kw_only=True)
class ScoreReport:
    """What ``score`` found.

    Args:
        unit: "word" (the rate is a WER) or "char" (a CER).
        normalise: what was done to both sides.
        num_units: units of the references.
        substitutions, deletions, insertions: errors, summed over the utterances.
        utterances: one row each, in the order of the references.
        missing: ids without a hypothesis, counted as empty (``allow_missing``).
        hotwords: recall, precision and F1 of the hotwords, if a list was given.
        settings: what the caller wants in the signature (beam, LM, ...).
        on_hotwords: the errors on the hotwords in the references (their rate is the B-WER), if a list was given.
        on_rest: the errors on all other units (U-WER).
    """

    unit: Unit
    normalise: Normalisation
    num_units: int
    substitutions: int
    deletions: int
    insertions: int
    utterances: tuple[UtteranceScore, ...]
    missing: tuple[str, ...] = ()
    hotwords: HotwordMetrics | None = None
    settings: Mapping[str, object] | None = None
    on_hotwords: ErrorCounts | None = None
    on_rest: ErrorCounts | None = None

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions together."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors by reference units: 0.05 is 5 %. 0 where both are 0, infinite where only the units are."""
        if self.num_units == 0:
            return float("inf") if self.errors else 0.0
        return self.errors / self.num_units

    @property
    def num_correct(self) -> int:
        """Number of utterances without an error."""
        return sum(row.errors == 0 for row in self.utterances)

    @property
    def signature(self) -> str:
        """One line with the figure and all that it depends on."""
        from importlib.metadata import version  # here, for it makes `import tlg` slow

        name, units = ("WER", "words") if self.unit == "word" else ("CER", "chars")
        parts = [
            f"{name} {100 * self.rate:.2f}",
            f"n:{self.num_units} {units}",
            "refs:verbatim",
            f"norm:{self.normalise}",
            *([f"missing:{len(self.missing)}"] if self.missing else []),
            *(f"{key}:{value}" for key, value in (self.settings or {}).items()),
            f"hot:{self.hotwords.num_phrases}" if self.hotwords is not None else "hot:none",
            f"jiwer:{version('jiwer')}",
            f"tlg:{__version__}",
        ]
        return " | ".join(parts)

    def __str__(self) -> str:
        lines = [
            self.signature,
            f"{self.errors} errors: {self.substitutions} substitutions, {self.deletions} deletions, "
            + f"{self.insertions} insertions; {self.num_correct} of {len(self.utterances)} utterances without error",
        ]
        if self.hotwords is not None:
            hot = self.hotwords
            lines.append(
                f"hotwords: recall {percent(hot.recall)} ({hot.hits} of {hot.in_refs}), "
                + f"precision {percent(hot.precision)} ({hot.false_alarms} false alarms), F1 {percent(hot.f1)}"
            )
        if self.on_hotwords is not None and self.on_rest is not None:
            name = "WER" if self.unit == "word" else "CER"
            parts = ((f"B-{name}", self.on_hotwords), (f"U-{name}", self.on_rest))
            lines.append(
                "; ".join(
                    f"{label} {percent(part.rate)} ({part.errors} errors on {part.num_units} units)"
                    for label, part in parts
                )
            )
        return "\n".join(lines)

    def to_dict(self, *, per_utterance: bool = False) -> dict[str, Any]:
        """Return the report as plain data for JSON; a rate without units is None there."""
        report: dict[str, Any] = {
            "rate": self.rate if self.num_units or not self.errors else None,
            "unit": self.unit,
            "normalise": self.normalise,
            "num_units": self.num_units,
            "num_utterances": len(self.utterances),
            "num_correct": self.num_correct,
            "errors": self.errors,
            "substitutions": self.substitutions,
            "deletions": self.deletions,
            "insertions": self.insertions,
            "missing": list(self.missing),
            "signature": self.signature,
        }
        if self.hotwords is not None:
            report["hotwords"] = self.hotwords.to_dict()
        if self.on_hotwords is not None and self.on_rest is not None:
            report["on_hotwords"] = self.on_hotwords.to_dict()
            report["on_rest"] = self.on_rest.to_dict()
        if per_utterance:
            report["utterances"] = [
                {
                    "id": row.utterance,
                    "num_units": row.num_units,
                    "substitutions": row.substitutions,
                    "deletions": row.deletions,
                    "insertions": row.insertions,
                    "ref": row.ref,
                    "hyp": row.hyp,
                }
                for row in self.utterances
            ]
        return report


def percent(rate: float | None) -> str:
    """Return a rate as "93.1 %", or "-" where there is nothing to count."""
    return "-" if rate is None else f"{100 * rate:.1f} %"


def score(
    refs: Texts,
    hyps: Texts,
    *,
    unit: Unit = "word",
    normalise: Normalisation = "none",
    hotwords: HotwordSource | None = None,
    allow_missing: bool = False,
    settings: Mapping[str, object] | None = None,
) -> ScoreReport:
    """Compare hypotheses with references: WER or CER, and how well hotwords were found.

    Args:
        refs: utterance id -> text; or a list of texts; or the path of a table ``utterance-id<TAB>text``.
        hyps: the same; two lists are compared by position.
        unit: "word" (between white space) or "char" (code points other than white space).
        normalise: done to both sides and to the hotwords: "none", or "speechio" (see normalise_text).
        hotwords: phrases, a mapping whose keys they are, or a hotword file: adds recall, precision and F1, and
            the errors on the hotwords and on the rest (B-WER and U-WER).
        allow_missing: count a missing hypothesis as an empty one instead of refusing.
        settings: put into the signature as they are, e.g. ``{"beam": 16, "lm": "mkn4"}``.

    Raises:
        InputError: utterances without a hypothesis, hypotheses without a reference (names them), two lists
            of unequal length, or one list against a table.
        TextError: a table that cannot be read; names file and line.

    Source: edit distance with unit costs, jiwer.process_words.
    """
    references, hypotheses = _paired(refs, hyps)
    missing = [name for name in references if name not in hypotheses]
    extra = [name for name in hypotheses if name not in references]
    if extra:
        raise InputError(
            f"{len(extra)} hypotheses without a reference: {_some(extra)}",
            remedy="Compare tables of the same set",
        )
    if missing and not allow_missing:
        raise InputError(
            f"{len(missing)} references without a hypothesis: {_some(missing)}",
            remedy="Decode them too, or pass allow_missing (--allow-missing) to count them as empty",
        )
    ref_units = {name: _units(text, unit, normalise) for name, text in references.items()}
    hyp_units = {name: _units(hypotheses.get(name, ""), unit, normalise) for name in references}
    chunks = _align(ref_units, hyp_units)
    rows = _rows(ref_units, hyp_units, chunks, unit)
    phrases = (
        None
        if hotwords is None
        else [normalise_text(hotword.phrase, normalise) for hotword in read_hotwords(hotwords)]
    )
    found = on_hotwords = on_rest = None
    if phrases is not None:
        # The texts as compared, so that a figure about hotwords and one about words speak of the same.
        found = hotword_counts([row.ref for row in rows], [row.hyp for row in rows], phrases, unit=unit)
        on_hotwords, on_rest = split_errors(
            ref_units.values(), hyp_units.values(), chunks, PhraseFinder.of(phrases, unit)
        )
    return ScoreReport(
        unit=unit,
        normalise=normalise,
        num_units=sum(row.num_units for row in rows),
        substitutions=sum(row.substitutions for row in rows),
        deletions=sum(row.deletions for row in rows),
        insertions=sum(row.insertions for row in rows),
        utterances=tuple(rows),
        missing=tuple(missing),
        hotwords=found,
        settings=settings,
        on_hotwords=on_hotwords,
        on_rest=on_rest,
    )


def _units(text: str, unit: Unit, normalise: Normalisation) -> list[str]:
    return split_units(normalise_text(text, normalise), unit)


def _align(refs: dict[str, list[str]], hyps: dict[str, list[str]]) -> list[list[Any]]:
    if not refs:
        return []
    import jiwer  # here, for it makes `import tlg` slow

    joined = [" ".join(units) for units in refs.values()]
    alignments: list[list[Any]] = jiwer.process_words(
        joined, [" ".join(hyps[name]) for name in refs]
    ).alignments
    return alignments


def _rows(
    refs: dict[str, list[str]], hyps: dict[str, list[str]], alignments: list[list[Any]], unit: Unit
) -> list[UtteranceScore]:
    joiner = " " if unit == "word" else ""
    rows = []
    for name, chunks in zip(refs, alignments, strict=True):
        counts = {"substitute": 0, "delete": 0, "insert": 0, "equal": 0}
        for chunk in chunks:
            counts[chunk.type] += max(
                chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx
            )
        rows.append(
            UtteranceScore(
                utterance=name,
                ref=joiner.join(refs[name]),
                hyp=joiner.join(hyps[name]),
                num_units=len(refs[name]),
                substitutions=counts["substitute"],
                deletions=counts["delete"],
                insertions=counts["insert"],
            )
        )
    return rows


def _paired(refs: Texts, hyps: Texts) -> tuple[dict[str, str], dict[str, str]]:
    listed = [not isinstance(x, Mapping | str | os.PathLike) for x in (refs, hyps)]
    if listed[0] != listed[1]:
        raise InputError(
            "a list of texts against a table with utterance ids", remedy="Pass two lists or two tables"
        )
    for x in (refs, hyps):
        if not isinstance(x, Mapping | str | os.PathLike | Iterable):
            raise InputError(
                f"texts are a {type(x).__name__}, not a list or a table",
                remedy="Pass two lists, two dicts or two paths",
            )
    tables = [
        dict(x)
        if isinstance(x, Mapping)
        else read_table(x)
        if isinstance(x, str | os.PathLike)
        else {str(i): text for i, text in enumerate(x)}
        for x in (refs, hyps)
    ]
    if listed[0] and len(tables[0]) != len(tables[1]):
        raise InputError(
            f"{len(tables[0])} references, but {len(tables[1])} hypotheses", remedy="Pass lists of one length"
        )
    for what, table in zip(("reference", "hypothesis"), tables, strict=True):
        for name, text in table.items():
            if not isinstance(text, str):
                raise InputError(
                    f"{what} {name!r} is a {type(text).__name__}, not text",
                    remedy="Pass str; of a result, its text",
                )
    return tables[0], tables[1]


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
