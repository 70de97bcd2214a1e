"""A compile report, made from the columns of a list when somebody asks for it.

Not for: its form (``tlg.hotwords.report``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tlg import _core
from tlg.hotwords.attached import AttachedWords
from tlg.hotwords.attaching import Attacher, Attachment
from tlg.hotwords.listing import HotwordList
from tlg.hotwords.report import AttachedEntry, CompileReport, ReportEntry
from tlg.hotwords.report_attached import attached_entries, attached_warnings, class_reports
from tlg.hotwords.spelled import SpelledList
from tlg.hotwords.units import WORD_START, Speller

__all__ = ["make_report"]

GRID = 1024  # rewards are multiples of 1/1024 nats
# Phrases of fewer units have too many neighbours to tell of: a phone says less than a character.
SHORTEST_NEAR = {"tokens": 3, "words": 4}

Pronounce = Callable[[str], Sequence[Sequence[str]]]


class _Parts(NamedTuple):
    """What a report is made of; b and reward by entry."""

    hotwords: HotwordList
    spelled: SpelledList
    speller: Speller
    symbols: Mapping[int, str]
    table: _core.HotwordTable
    bias: NDArray[np.float64]
    first: NDArray[np.int64]  # entry -> its first spelling; -1: it has none
    reward: NDArray[np.float64]
    offsets: list[int]  # where each spelling begins among the units
    winner: NDArray[np.int64]  # entry -> the entry whose units count; -1 where it has none
    pronounce: Pronounce | None
    attached: AttachedWords | None
    strong: float

    def name(self, entry: int) -> str:
        """Return a phrase and where it is."""
        line = int(self.hotwords.lines[entry])
        where = f"of line {line}" if line else f"(entry {entry + 1})"
        return f"{self.hotwords.phrases[entry]!r} {where}"

    def units(self, spelling: int) -> tuple[str, ...]:
        """Return the units of a spelling."""
        low, high = self.offsets[spelling], self.offsets[spelling + 1]
        return tuple(self.symbols[number] for number in self.spelled.units[low:high].tolist())


def make_report(
    hotwords: HotwordList,
    spelled: SpelledList,
    speller: Speller,
    table: _core.HotwordTable,
    bias: NDArray[np.float64],
    automaton: _core.HotwordAutomaton,
    pronounce: Pronounce | None,
    symbols: Mapping[int, str],
    attachment: Attachment,
    attacher: Attacher | None,
    *,
    strong: float,
) -> CompileReport:
    """Return what became of each phrase.

    Args:
        hotwords: the list.
        spelled: its spellings.
        speller: what spelled it.
        table: the spellings with what they are worth at the acoustic_scale of the report.
        bias: b of each entry there.
        automaton: the list compiled.
        pronounce: the pronunciations of a word, where there is a graph.
        symbols: number -> unit.
        attachment: what is attached.
        attacher: what attached it; None without a graph.
        strong: rewards above it are warned of, nats.
    """
    firsts, owners = spelled.firsts, spelled.owners
    first = np.full(len(hotwords), -1, np.int64)
    first[owners[firsts]] = firsts
    worth = np.zeros(len(hotwords))
    worth[owners[firsts]] = spelled.counts()[firsts]
    worth = np.where(first >= 0, worth * bias + hotwords.word_bias, 0.0)
    winner = np.full(len(hotwords), -1, np.int64)
    winner[owners[firsts]] = owners[table.winners()[firsts]]
    parts = _Parts(
        hotwords,
        spelled,
        speller,
        symbols,
        table,
        bias,
        first,
        # Half away from zero, as the core rounds.
        np.copysign(np.floor(np.abs(worth) * GRID + 0.5) / GRID, worth),
        spelled.offsets.tolist(),
        winner,
        pronounce,
        attachment.attached,
        strong,
    )
    warnings = _warnings(parts)
    if attacher is not None:
        for entry, notes in attached_warnings(hotwords, attachment, attacher, strong=strong).items():
            warnings.setdefault(entry, []).extend(notes)
    return CompileReport(
        entries=tuple(_entries(parts, warnings, attached_entries(attachment))),
        units_are=speller.units_are,
        boundary=speller.boundary_symbol,
        num_states=automaton.num_states,
        num_bytes=automaton.num_bytes,
        classes=() if attacher is None else class_reports(attachment, attacher),
        num_attached=0 if attachment.attached is None else len(attachment.attached),
    )


def _entries(
    parts: _Parts, warnings: dict[int, list[str]], attached: dict[int, tuple[AttachedEntry, ...]]
) -> list[ReportEntry]:
    spelled = parts.spelled
    offsets = parts.offsets
    units, symbols = spelled.units.tolist(), parts.symbols
    count = np.bincount(spelled.owners, minlength=len(parts.hotwords)).tolist()
    first, winner, reward = parts.first.tolist(), parts.winner.tolist(), parts.reward.tolist()
    bias = parts.bias.tolist()
    entries = []
    for entry, hotword in enumerate(parts.hotwords):
        at = first[entry]
        reason = remedy = ""
        if at < 0:
            reason, remedy = spelled.refused[entry].reason, spelled.refused[entry].remedy
        elif winner[entry] != entry:
            other = winner[entry]
            why = "lends more" if bias[other] != bias[entry] else "is worth the same"
            if reward[other] != reward[entry]:
                why = "is worth more"
            reason = f"the same units as {parts.name(other)}, which {why}"
            remedy = "Remove one of them"
        entries.append(
            ReportEntry(
                phrase=hotword.phrase,
                status="rejected" if at < 0 else "accepted" if winner[entry] == entry else "duplicate",
                units=()
                if at < 0
                else tuple([symbols[unit] for unit in units[offsets[at] : offsets[at + 1]]]),
                num_spellings=count[entry],
                spelled_by=spelled.by[entry],
                bias=bias[entry],
                word_bias=hotword.word_bias,
                reward=reward[entry],
                reason=reason,
                remedy=remedy,
                warnings=tuple(warnings.get(entry, ())),
                file=hotword.file,
                line=hotword.line,
                folded=spelled.folded.get(entry),
                attached=attached.get(entry, ()) if at >= 0 else (),
            )
        )
    return entries


# --- warnings ---


def _warnings(parts: _Parts) -> dict[int, list[str]]:
    """Return what may surprise about each entry, what is likelier to matter first."""
    spelled = parts.spelled
    warnings = {entry: list(notes) for entry, notes in spelled.warnings.items()}
    for entry, text in spelled.folded.items():
        warnings.setdefault(entry, []).append(f"folded to {text!r}")
    for entry in spelled.refused:
        extra = parts.hotwords.extras.get(entry)
        if extra is not None and extra.notes:
            known = warnings.setdefault(entry, [])
            known.extend(note for note in extra.notes if note not in known)
    counts = np.flatnonzero(parts.winner == np.arange(len(parts.hotwords)))
    if parts.speller.units_are == "tokens":
        for entry in counts[spelled.sizes[parts.first[counts]] == 1].tolist():
            unit = parts.units(int(parts.first[entry]))[0]
            warnings.setdefault(entry, []).append(f"one unit: it fires at every {unit!r}")
    else:
        for entry in counts[spelled.counts()[parts.first[counts]] == 1].tolist():
            warnings.setdefault(entry, []).append("one sound: little evidence is needed for it")
    for entry in counts[parts.reward[counts] > parts.strong].tolist():
        warnings.setdefault(entry, []).append(
            f"it is worth {parts.reward[entry]:g} nats, which outweigh nearly any evidence "
            "(weights made for FunASR count tenths of a nat)"
        )
    _warn_of_hidden(parts, warnings)
    _warn_of_near(parts, counts, warnings)
    return warnings


def _warn_of_hidden(parts: _Parts, warnings: dict[int, list[str]]) -> None:
    """Warn of phrases within a longer one that is worth less, which is paid instead."""
    by, at = parts.table.hidden()
    owners = parts.spelled.owners
    told: set[int] = set()
    for spelling in np.flatnonzero(by >= 0).tolist():
        entry, other = int(owners[spelling]), int(owners[by[spelling]])
        if entry in told or entry == other:
            continue
        told.add(entry)
        joiner = " " if parts.speller.units_are == "words" else ""
        longer = joiner.join(parts.units(int(by[spelling])))
        where = "where {!r} follows" if at[spelling] == 0 else "inside {!r}"
        warnings.setdefault(entry, []).append(
            f"{where.format(longer)}, the longer one's {parts.reward[other]:g} is paid, not its own"
        )


def _warn_of_near(parts: _Parts, accepted: NDArray[np.intp], warnings: dict[int, list[str]]) -> None:
    """Warn of accepted phrases that are one unit from another.

    Where units are words it is one phone, where they are pieces one character: how a piece is cut says little.
    """
    if parts.speller.units_are == "words":
        units, offsets = _phones(parts, accepted)
        same, unit = "sounds the same as", "phone"
    elif parts.speller.boundary_symbol == WORD_START:
        texts = ["".join(parts.units(first)) for first in parts.first[accepted].tolist()]
        units = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<i4")
        offsets = np.cumsum([0, *map(len, texts)], dtype=np.int64)
        same, unit = "reads the same as", "character"
    else:
        begins = parts.spelled.offsets
        firsts = parts.first[accepted]
        sizes = parts.spelled.sizes[firsts]
        offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        places = np.arange(int(sizes.sum())) + np.repeat(begins[firsts] - offsets[:-1], sizes)
        units = parts.spelled.units[places]
        same, unit = "has the units of", "unit"
    shortest = SHORTEST_NEAR[parts.speller.units_are]
    nearest, distance, counts = _core.hotword_neighbours(units, offsets, shortest)
    for at in np.flatnonzero(nearest >= 0).tolist():
        entry, other = int(accepted[at]), int(accepted[nearest[at]])
        how = same if distance[at] == 0 else f"is one {unit} from"
        others = f" (and {counts[at] - 1} more)" if counts[at] > 1 else ""
        warnings.setdefault(entry, []).append(
            f"it {how} {parts.name(other)}{others}: one may be heard for the other"
        )


def _phones(parts: _Parts, accepted: NDArray[np.intp]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the first pronunciations of accepted phrases, numbered."""
    numbers: dict[str, int] = {}
    spoken: dict[int, list[int]] = {}
    phones: list[int] = []
    offsets = [0]
    assert parts.pronounce is not None
    if parts.attached is not None:
        tokens = {number: token for token, number in parts.speller.tokens.items()}
        for label, ways in enumerate(parts.attached.pronunciations(), start=parts.attached.first_label):
            # Tokens by id here, by symbol in the lexicon.
            names = [tokens[token] for token in ways[0]]
            spoken[label] = [numbers.setdefault(name, len(numbers)) for name in names]
    begins = parts.offsets
    for first in parts.first[accepted].tolist():
        for word in parts.spelled.units[begins[first] : begins[first + 1]].tolist():
            if word not in spoken:
                pronunciations = parts.pronounce(parts.symbols[word])
                spoken[word] = [
                    numbers.setdefault(phone, len(numbers)) for phone in (pronunciations or [[]])[0]
                ]
            phones += spoken[word]
        offsets.append(len(phones))
    return np.array(phones, np.int32), np.array(offsets, np.int64)
