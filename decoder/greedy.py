"""The best path of CTC posteriors: no graph, no language model. What all the rest is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tlg._arrays import as_log_probs
from tlg._files import PathLike
from tlg.decoder.graph.tokens import TokenTable
from tlg.decoder.sparse import SparseFrames

__all__ = ["GreedyResult", "greedy"]


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
    tokens: TokenTable | Sequence[str] | PathLike,
    *,
    blank: int | str | None = None,
    logits: bool = False,
    joiner: str = "",
) -> GreedyResult:
    """Return the best token of each frame, repeats merged and blanks removed.

    Args:
        log_probs: [T, V] natural log, or SparseFrames. Of equal best tokens the smallest id wins.
        tokens: the symbols in the order of the columns, a tokens.txt, or a TokenTable (a graph's ``tokens``).
        blank: name or column of the blank; by default the first of its usual names that is in the table.
        logits: log_probs are raw network output.
        joiner: put between the tokens in ``text``, e.g. " " for phones.

    Raises:
        PosteriorError: see tlg.SparseFrames and docs/semantics.md.
        TokensError: a broken table, or no such blank.

    Source: Graves et al., 2006, best path decoding.
    """
    table = TokenTable.of(tokens, blank=blank)
    symbols, blank_id = table.symbols, table.blank
    if isinstance(log_probs, SparseFrames):
        log_probs.check_width(len(symbols))
        # A token that is not listed has its share of the rest, at most; it cannot beat the best one listed
        # unless almost nothing is listed, and then the dense form decides.
        others = max(1, len(symbols) - log_probs.ids.shape[1])
        listed = log_probs.log_probs.max(axis=1, initial=-np.inf)
        if (listed <= log_probs.rest - np.log(others)).any():
            return greedy(log_probs.dense(len(symbols)), table, joiner=joiner)
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
