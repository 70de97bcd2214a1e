"""The best path of CTC posteriors: no graph, no language model. What all the rest is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tlg._arrays import as_log_probs
from tlg._files import PathLike, read_text
from tlg.decoder.sparse import SparseFrames
from tlg.errors import TokensError

__all__ = ["GreedyResult", "greedy"]

#: Names by which a blank is known when the caller names none; exactly one of them must be in the table.
BLANK_NAMES = ("<blank>", "<blk>", "<b>", "<pad>", "[PAD]")


@dataclass(frozen=True, kw_only=True)
class GreedyResult:
    """What the best path says.

    Args:
        text: the tokens joined (``joiner``), SentencePiece's U+2581 as a space.
        tokens: symbols without blanks and repeats.
        token_ids: their columns.
        token_spans: (start, end) of each token, frames, half-open: the frames where it is the best one.
        score: sum of the best log_probs over all frames, nats.
    """

    text: str
    tokens: tuple[str, ...]
    token_ids: tuple[int, ...]
    token_spans: tuple[tuple[int, int], ...]
    score: float


def greedy(
    log_probs: object,
    tokens: Sequence[str] | PathLike,
    *,
    blank: int | str | None = None,
    logits: bool = False,
    joiner: str = "",
) -> GreedyResult:
    """Return the best token of each frame, repeats merged and blanks removed.

    Args:
        log_probs: [T, V] natural log, or SparseFrames. Of equal best tokens the smallest id wins.
        tokens: the symbols in the order of the columns, or a tokens.txt of lines ``symbol id``.
        blank: name or column of the blank. None: the one of ``<blank> <blk> <b> <pad> [PAD]`` in the table.
        logits: log_probs are raw network output.
        joiner: put between the tokens in ``text``, e.g. " " for phones.

    Raises:
        PosteriorError: see tlg.SparseFrames and docs/semantics.md.
        TokensError: a broken table, no such blank, or several that could be it.

    Source: Graves et al., 2006, best path decoding.
    """
    symbols = list(tokens) if isinstance(tokens, Sequence) and not isinstance(tokens, str) else _read(tokens)
    blank_id = _blank(symbols, blank)
    if isinstance(log_probs, SparseFrames):
        log_probs.check_width(len(symbols))
        # A token that is not listed has its share of the rest, at most; it cannot beat the best one listed
        # unless almost nothing is listed, and then the dense form decides.
        others = max(1, len(symbols) - log_probs.ids.shape[1])
        listed = log_probs.log_probs.max(axis=1, initial=-np.inf)
        if (listed <= log_probs.rest - np.log(others)).any():
            return greedy(log_probs.dense(len(symbols)), symbols, blank=blank_id, joiner=joiner)
        tied = np.where(log_probs.log_probs == listed[:, None], log_probs.ids, len(symbols))
        path, scores = tied.min(axis=1, initial=len(symbols)), listed
    else:
        rows = as_log_probs(log_probs, num_tokens=len(symbols), logits=logits)
        path = rows.argmax(axis=1) if rows.size else np.zeros(0, np.int64)
        scores = np.take_along_axis(rows, path[:, None], axis=1)[:, 0]
    # Runs of one token: a unit is repeated only with a blank between.
    starts = np.flatnonzero(np.diff(path, prepend=-1))
    ends = np.append(starts[1:], len(path)) if len(path) else starts
    kept = [(int(path[s]), int(s), int(e)) for s, e in zip(starts, ends, strict=True) if path[s] != blank_id]
    names = tuple(symbols[unit] for unit, _, _ in kept)
    return GreedyResult(
        text=joiner.join(names).replace("\u2581", " ").strip(),
        tokens=names,
        token_ids=tuple(unit for unit, _, _ in kept),
        token_spans=tuple((start, end) for _, start, end in kept),
        score=float(scores.sum(dtype=np.float64)),
    )


def _blank(symbols: list[str], blank: int | str | None) -> int:
    if isinstance(blank, int):
        if not 0 <= blank < len(symbols):
            raise TokensError(
                f"there is no column {blank}: the table has {len(symbols)} tokens", remedy="Check blank"
            )
        return blank
    found = [i for i, s in enumerate(symbols) if (s == blank if blank is not None else s in BLANK_NAMES)]
    if len(found) == 1:
        return found[0]
    if blank is not None:
        raise TokensError(
            f"'{blank}' is {len(found)} times among the tokens", remedy="Name the blank's column"
        )
    raise TokensError(
        f"cannot tell the blank: {[symbols[i] for i in found] or 'none of the usual names'} in the table",
        remedy="Pass blank= (a name or a column)",
    )


def _read(path: PathLike) -> list[str]:
    table: dict[int, str] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        line = line.removesuffix("\r")
        if not line:
            continue
        symbol, _, column = line.replace("\t", " ").rpartition(" ")
        if not symbol or not column.isdecimal() or int(column) in table:
            raise TokensError("not 'symbol id', or an id twice", remedy="Correct it", file=path, line=number)
        table[int(column)] = symbol
    if sorted(table) != list(range(len(table))):
        raise TokensError("the ids are not 0, 1, ... without a gap", remedy="Add the missing ones", file=path)
    return [table[i] for i in range(len(table))]
