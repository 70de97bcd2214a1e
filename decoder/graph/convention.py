"""What the labels of another toolkit's graph mean: told by its arcs and its token table, by written rules.

The arcs: every CTC topology lets the blank loop where the graph starts, saying nothing, so the label of that loop
is the blank's. The table: it names the blank, so the blank has a column. The label less the column is the
offset: 1 where label 0 is epsilon, 0 where label 0 is the model's token 0 (k2). Where arcs and table contradict
each other, or leave more than one reading, the graph is refused. Not for: files and folders (foreign.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlg import _core
from tlg.decoder.graph.tables import SymbolRows
from tlg.decoder.graph.tokens import USUAL_BLANKS, TokenTable, check_ids, is_disambiguation
from tlg.errors import GraphError, OptionError, TokensError

__all__ = ["Convention", "Shape", "describe", "find_convention", "normalise", "scan"]

EPSILONS = ("<eps>", "<epsilon>", "ε")
# Names of blanks that no table uses for anything else.
CERTAIN_BLANKS = frozenset(("<blk>", "<blank>", "[blank]", "<ctc_blank>", "<ctc>"))
BLOCK = 1 << 16  # states looked at together
MANY_LABELS = 1 << 24
NO_LOOP = -1
OFFSET_REMEDY = "Pass label_offset= (tlg import --label-offset): 1 if input labels are token ids + 1 (0: epsilon), 0 if they are the ids"


@dataclass(frozen=True)
class Shape:
    """What the arcs tell before anything is known of the labels.

    Attributes:
        labels: the input labels that are used, rising.
        start_loops: labels of the loops without a word in the states where the graph starts (the start and what
            epsilon arcs lead to from there); (0,) where the start itself loops on label 0. Where there are none:
            labels that may be read again and else change nothing that can be read, for a T whose start is a state
            of its own.
    """

    labels: NDArray[np.int32]
    start_loops: tuple[int, ...]


@dataclass(frozen=True)
class Convention:
    """What the labels of a graph mean.

    Attributes:
        symbols: the model's columns.
        blank: the column of the blank.
        label_offset: input label less column.
        disambiguation: input labels that are disambiguation symbols (#0, #1, ...): read as epsilon.
        has_blank: some arc reads the blank; without, it is a graph without a topology (LG).
        table: what the ids of the token table are, in words.
    """

    symbols: tuple[str, ...]
    blank: int
    label_offset: int
    disambiguation: frozenset[int]
    has_blank: bool
    table: str


def scan(fst: _core.Fst) -> Shape:
    """Look at the arcs of a graph."""
    used = np.zeros(1, dtype=bool)
    beyond: set[int] = set()  # labels that no table has
    for _, arcs in _blocks(fst):
        labels = arcs["ilabel"]
        largest = int(labels.max(initial=0))
        if largest >= MANY_LABELS:
            beyond.add(largest)
            labels = labels[labels < MANY_LABELS]
        counts = np.bincount(labels, minlength=len(used))
        counts[: len(used)] += used
        used = counts > 0
    loops: set[int] = set()
    if fst.start >= 0:
        own = _silent_loops(fst, fst.start)
        reached = {fst.start} if 0 in own else _epsilon_closure(fst)
        loops = {0} if 0 in own else {label for state in reached for label in _silent_loops(fst, state)}
        loops = loops or _passed_at_start(fst)
    found = np.append(np.flatnonzero(used), sorted(beyond)).astype(np.int32)
    return Shape(found, tuple(sorted(loops)))


def find_convention(
    shape: Shape,
    rows: SymbolRows,
    *,
    file: str,
    blank: str | int | None = None,
    label_offset: int | None = None,
    without_blank: bool = False,
) -> Convention:
    """Return the one reading of the labels that arcs, table and what was given allow.

    Args:
        shape: of the arcs.
        rows: the token table.
        file: the graph's name, for messages.
        blank: the blank: a token, or its column.
        label_offset: input label less column; None: told by the files.
        without_blank: no arc may read the blank: an LG, or one token a frame.

    Raises:
        TokensError: no token looks like the blank, the ids have holes.
        GraphError: arcs and table contradict each other, or do not tell the offset.
        OptionError: no such label_offset.
    """
    if label_offset not in (None, 0, 1):
        raise OptionError(f"label_offset={label_offset!r} does not exist", remedy=OFFSET_REMEDY)
    by_id, disambiguation = _split(rows)
    reading = _read_table(by_id, rows, shape, disambiguation, blank)
    return _fit(
        reading, shape, rows, file=file, blank=blank, offset=label_offset, without_blank=without_blank
    )


@dataclass(frozen=True)
class _Reading:
    """What a token table says."""

    symbols: tuple[str, ...]
    blank: int | None  # if the reading says so itself
    offset: int | None
    disambiguation: frozenset[int]  # labels; less the offset, where the reading does not say it
    table: str


def _split(rows: SymbolRows) -> tuple[dict[int, str], frozenset[int]]:
    """Part the disambiguation symbols behind the last token from the tokens."""
    by_id = dict(rows.by_id)
    ids = set()
    while by_id and is_disambiguation(by_id.get(max(by_id), "")):
        ids.add(max(by_id))
        del by_id[max(by_id)]
    if not by_id:
        raise TokensError("has no tokens", remedy="Write one 'symbol id' a line", file=rows.name)
    return by_id, frozenset(ids)


def _read_table(
    by_id: dict[int, str],
    rows: SymbolRows,
    shape: Shape,
    disambiguation: frozenset[int],
    blank: str | int | None,
) -> _Reading:
    """Tell a table of input labels from one of columns, and put the blank where a table leaves it out."""
    blanks = CERTAIN_BLANKS if not isinstance(blank, str) else {blank} - {*EPSILONS}
    if by_id.get(0) in EPSILONS and not blanks.isdisjoint(by_id.values()):
        labels = "ids are input labels: 0 is epsilon, columns are ids - 1"
        return _Reading(check_ids(by_id, rows.name)[1:], None, 1, disambiguation, labels)
    if 0 not in by_id and min(by_id) == 1:  # EESEN's units.txt
        symbols = check_ids({**by_id, 0: "<blk>"}, rows.name)
        return _Reading(symbols, 0, None, disambiguation, "ids are columns: 0, not listed, is the blank")
    symbols = check_ids(by_id, rows.name)
    largest = max((int(label) for label in shape.labels), default=0)
    if not rows.numbered and largest == len(symbols) + 1 and not {*USUAL_BLANKS} & {*symbols}:
        # riva's units.txt: the symbols alone. The graph has one label more.
        if shape.start_loops == (largest,):
            behind = "columns in order, the blank behind them"
            return _Reading((*symbols, "<blk>"), len(symbols), 1, frozenset(), behind)
        if shape.start_loops == (1,):
            return _Reading(("<blk>", *symbols), 0, 1, frozenset(), "columns in order, the blank before them")
    return _Reading(symbols, None, None, disambiguation, "ids are columns")


def _fit(
    reading: _Reading,
    shape: Shape,
    rows: SymbolRows,
    *,
    file: str,
    blank: str | int | None,
    offset: int | None,
    without_blank: bool,
) -> Convention:
    column = _blank_column(reading, shape, rows, blank)
    loops = shape.start_loops
    if offset is None:
        offset = reading.offset
    elif reading.offset is not None and offset != reading.offset:
        raise GraphError(
            f"label_offset={offset} was given, but by {rows.name} ({reading.table}) it is {reading.offset}",
            remedy="Leave label_offset out",
            file=file,
        )
    if without_blank:
        if offset is None:
            raise GraphError(
                f"is a graph without blanks, and {rows.name} lists columns: nothing tells the offset of its labels",
                remedy=OFFSET_REMEDY,
                file=file,
            )
    elif not loops:
        if blank is None or offset is None or column + offset not in shape.labels:
            raise GraphError(
                "no label loops where the graph starts, as the blank does in every CTC topology",
                remedy="If it is an LG (lexicon and grammar alone), name it LG.fst and the decoder adds the topology; "
                "else pass blank= and label_offset=",
                file=file,
            )
    elif offset is None:
        fitting = [candidate for candidate in (1, 0) if column + candidate in loops]
        if not fitting or (fitting == [0] and column > 0) or len(fitting) > 1:
            raise _contradiction(reading, column, 1, loops, rows, file)
        offset = fitting[0]
    elif column + offset not in loops:
        raise _contradiction(reading, column, offset, loops, rows, file)
    shift = offset if reading.offset is None else 0
    disambiguation = frozenset(label + shift for label in reading.disambiguation)
    beyond = [
        int(n) for n in shape.labels if n > len(reading.symbols) - 1 + offset and n not in disambiguation
    ]
    if beyond:
        raise GraphError(
            f"has the input label {beyond[0]}, but the {len(reading.symbols)} tokens of {rows.name} end at "
            f"{len(reading.symbols) - 1 + offset}",
            remedy="Pass the token table that the graph was built with",
            file=file,
        )
    has_blank = bool(np.any(shape.labels == column + offset)) and (offset == 1 or not without_blank)
    if without_blank and has_blank:
        raise GraphError(
            f"has arcs with the blank '{reading.symbols[column]}'",
            remedy="If the topology is in it, name it TLG.fst",
            file=file,
        )
    return Convention(reading.symbols, column, offset, disambiguation, has_blank, reading.table)


def _blank_column(reading: _Reading, shape: Shape, rows: SymbolRows, blank: str | int | None) -> int:
    if reading.blank is not None and blank is None:
        return reading.blank
    try:
        column = TokenTable.of(reading.symbols, blank=blank).blank
    except TokensError as error:
        if blank is None and len(shape.start_loops) == 1:
            label = shape.start_loops[0] - (reading.offset if reading.offset is not None else 1)
            if 0 <= label < len(reading.symbols):
                raise TokensError(
                    error.message,
                    remedy=f"The graph loops on '{reading.symbols[label]}' where it starts: pass blank= (--blank) if "
                    "that is it",
                    file=rows.name,
                ) from None
        raise TokensError(error.message, remedy=error.remedy, file=rows.name) from None
    assert column is not None
    return column


def _contradiction(
    reading: _Reading, column: int, offset: int, loops: tuple[int, ...], rows: SymbolRows, file: str
) -> GraphError:
    names = ", ".join(
        f"{label} ('{reading.symbols[label - 1]}' if labels are columns + 1)"
        if 0 < label <= len(reading.symbols)
        else str(label)
        for label in loops
    )
    return GraphError(
        f"loops on label {names} where it starts, which must be the blank; by {rows.name} the blank "
        f"'{reading.symbols[column]}' is column {column}, label {column + offset}",
        remedy="Pass the graph's own token table, or blank= (--blank), or label_offset= (tlg import --label-offset)",
        file=file,
    )


def normalise(
    fst: _core.Fst, convention: Convention, *, silent_words: frozenset[int], drop_loops: bool
) -> tuple[_core.Fst, tuple[str, ...]]:
    """Return the graph with input labels that are columns + 1, and what was changed, a sentence each.

    Args:
        fst: the graph as read; it is returned itself where nothing is to be changed.
        convention: of its labels.
        silent_words: output labels that are disambiguation symbols.
        drop_loops: leave out arcs that lead back to their state.
    """
    changes = {"symbols": 0, "words": 0, "loops": 0}
    shift = convention.label_offset == 0
    disambiguation = np.array(sorted(convention.disambiguation), dtype=np.int32)
    muted = np.array(sorted(silent_words), dtype=np.int32)
    if not (shift or drop_loops) and not any(
        np.isin(arcs["ilabel"], disambiguation).any() or np.isin(arcs["olabel"], muted).any()
        for _, arcs in _blocks(fst)
    ):
        return fst, ()
    old = fst.states()
    ends = (old["num_arcs"] == 0) & np.isfinite(old["final_cost"])
    kept, counts = [], np.zeros(fst.num_states, dtype=np.uint32)
    for source, arcs in _blocks(fst):
        keep = arcs["nextstate"] != source if drop_loops else np.ones(len(arcs), dtype=bool)
        changes["loops"] += int(np.count_nonzero(~keep))
        arcs, source = arcs[keep].copy(), source[keep]
        symbols = np.isin(arcs["ilabel"], disambiguation)
        changes["symbols"] += int(np.count_nonzero(symbols))
        words = np.isin(arcs["olabel"], muted)
        changes["words"] += int(np.count_nonzero(words))
        if shift:
            # k2's own conversion writes final arcs, and what is left of arcs with several words, with label 0
            # as well; the blank says no word and leads on.
            zero = arcs["ilabel"] == 0
            epsilon = zero & ((arcs["olabel"] != 0) | ends[arcs["nextstate"]])
            arcs["ilabel"] = np.where(epsilon | (zero & (not convention.has_blank)), 0, arcs["ilabel"] + 1)
        arcs["ilabel"][symbols] = 0
        arcs["olabel"][words] = 0
        kept.append(arcs)
        counts += np.bincount(source, minlength=fst.num_states).astype(np.uint32)
    states = np.zeros(fst.num_states, dtype=old.dtype)
    states["final_cost"] = old["final_cost"]
    states["num_arcs"] = counts
    states["arcs"] = np.cumsum(counts, dtype=np.uint64) - counts
    notes = {
        "symbols": f"{changes['symbols']} arcs with disambiguation symbols are read as epsilons",
        "words": f"{changes['words']} arcs say a disambiguation symbol, which is no word",
        "loops": f"{changes['loops']} loops are left out: one frame is one token",
    }
    said = [notes[kind] for kind, count in changes.items() if count]
    if shift:
        said.insert(0, "label 0 is the token 0: all labels are taken one higher")
    return _core.Fst(fst.start, states, np.concatenate(kept)), tuple(said)


def describe(fst: _core.Fst, blank_label: int) -> tuple[str, tuple[str, ...]]:
    """Return how a normalised graph treats repeated tokens, and what its users should know.

    Returns:
        "exact", "compact" (a token may repeat without a blank), "modified" (the same, k2's), or "no loops" (no
        token lasts longer than a frame); and warnings.
    """
    loop = np.full(fst.num_states, NO_LOOP, dtype=np.int32)
    for source, arcs in _blocks(fst):
        silent = (arcs["nextstate"] == source) & (arcs["olabel"] == 0) & (arcs["ilabel"] != 0)
        loop[source[silent]] = arcs["ilabel"][silent]
    compact = modified = False
    for source, arcs in _blocks(fst):
        begins = loop[source]
        back = (begins != NO_LOOP) & (begins != blank_label) & (loop[arcs["nextstate"]] == blank_label)
        compact |= bool(np.any(back & (arcs["ilabel"] == 0)))
        modified |= bool(np.any(back & (arcs["ilabel"] == begins) & (arcs["olabel"] == 0)))
    warnings = []
    if not np.any((loop != NO_LOOP) & (loop != blank_label)):
        kind = "no loops"
    elif compact or modified:
        kind = "compact" if compact else "modified"
        warnings.append("a token may repeat without a blank between: double letters can be invented")
    else:
        kind = "exact"
    backs_off = fst.states()["num_input_epsilons"] > 0
    in_token = (loop != NO_LOOP) & (loop != blank_label)
    if np.any(backs_off & in_token) and not np.any(backs_off & ~in_token):
        warnings.append(
            "no backoff leaves the start: a first word that the model lacks after <s> is out of reach"
        )
    return kind, tuple(warnings)


def _blocks(fst: _core.Fst) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
    """Yield (source states, their arcs), some states at a time, in their order. The arcs are not to be changed."""
    states, arcs = fst.states(), fst.arcs()
    for first in range(0, fst.num_states, BLOCK):
        some = states[first : first + BLOCK]
        counts, begins = some["num_arcs"].astype(np.int64), some["arcs"].astype(np.int64)
        source = np.repeat(np.arange(first, first + len(some)), counts)
        before = np.cumsum(counts) - counts
        if np.array_equal(begins[counts > 0] - begins[0], before[counts > 0]):
            yield source, arcs[begins[0] : begins[0] + len(source)]
        else:
            yield source, arcs[np.repeat(begins - before, counts) + np.arange(len(source))]


def _own_arcs(fst: _core.Fst, state: int) -> NDArray[Any]:
    row = fst.states()[state]
    first = int(row["arcs"])
    found: NDArray[Any] = fst.arcs()[first : first + int(row["num_arcs"])]
    return found


def _silent_loops(fst: _core.Fst, state: int) -> set[int]:
    arcs = _own_arcs(fst, state)
    return {int(label) for label in arcs["ilabel"][(arcs["nextstate"] == state) & (arcs["olabel"] == 0)]}


def _passed_at_start(fst: _core.Fst) -> set[int]:
    """Return labels that lead from the start to where they loop and all else is as at the start: the blank's."""

    def others(arcs: NDArray[Any], label: int) -> NDArray[Any]:
        return np.sort(arcs[(arcs["ilabel"] != label) & (arcs["ilabel"] != 0)])

    found = set()
    arcs = _own_arcs(fst, fst.start)
    for arc in arcs[(arcs["olabel"] == 0) & (arcs["weight"] == 0) & (arcs["ilabel"] != 0)]:
        label, target = int(arc["ilabel"]), int(arc["nextstate"])
        behind = others(_own_arcs(fst, target), label)
        if label in _silent_loops(fst, target) and np.array_equal(others(arcs, label), behind):
            found.add(label)
    return found


def _epsilon_closure(fst: _core.Fst) -> set[int]:
    reached, open_ = {fst.start}, [fst.start]
    while open_:
        arcs = _own_arcs(fst, open_.pop())
        for target in arcs["nextstate"][arcs["ilabel"] == 0].tolist():
            if target not in reached:
                reached.add(target)
                open_.append(target)
    return reached
