"""Sparse frames: the best tokens of each frame and the mass of all others.

For wide outputs (thousands of characters), where nearly all of the mass is on a few dozen tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlg._arrays import TOLERANCE
from tlg.errors import PosteriorError

__all__ = ["SparseFrames"]


@dataclass(frozen=True, eq=False)
class SparseFrames:
    """Posteriors of one utterance, K listed tokens a frame; what is not listed shares ``rest`` evenly.

    Args:
        ids: integers [T, K]; the tokens listed, in any order, no token twice in a row.
        log_probs: float [T, K]; their natural-log posteriors. -inf is fine.
        rest: float [T]; log of the mass of all tokens not listed, together. -inf where there is none.

    Raises:
        PosteriorError: shapes that do not fit, ids that are negative or twice in a row, NaN, +inf, or a row
            whose mass is further than 1e-2 (log) from 1; names the first such row, from 0.

    The arrays are kept as int32 and float32, C-contiguous; they are copied only where they are not.
    """

    ids: NDArray[Any]
    log_probs: NDArray[Any]
    rest: NDArray[Any]

    def __post_init__(self) -> None:
        """Check shapes and rows, and fix the types."""
        ids, log_probs, rest = np.asarray(self.ids), np.asarray(self.log_probs), np.asarray(self.rest)
        if ids.dtype.kind not in "iu" or log_probs.dtype.kind != "f" or rest.dtype.kind != "f":
            raise PosteriorError(
                f"sparse frames have types {ids.dtype}, {log_probs.dtype}, {rest.dtype}",
                remedy="ids are integers, log_probs and rest floating point",
            )
        if ids.ndim != 2 or log_probs.shape != ids.shape or rest.shape != ids.shape[:1]:
            raise PosteriorError(
                f"sparse frames have shapes {ids.shape}, {log_probs.shape}, {rest.shape}",
                remedy="ids and log_probs are [T, K], rest is [T]",
            )
        ordered = np.sort(ids.astype(np.int64, copy=False), axis=1)
        _refuse((ordered[:, :1] < 0).any(axis=1), "holds a negative token id", "Token ids count from 0")
        if ids.size:
            too_large = ordered[:, -1] > np.iinfo(np.int32).max
            _refuse(too_large, "holds a token id beyond 32 bits", "Check the ids")
        _refuse(
            (ordered[:, 1:] == ordered[:, :-1]).any(axis=1),
            "lists a token twice",
            "List each token once a frame",
        )
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            log_probs = np.ascontiguousarray(log_probs, dtype=np.float32)
            rest = np.ascontiguousarray(rest, dtype=np.float32)
            _refuse(
                np.isnan(log_probs).any(axis=1) | np.isnan(rest), "holds NaN", "Look at the network's output"
            )
            mass = np.log(np.exp(log_probs).sum(axis=1) + np.exp(rest))
            _refuse(
                ~(np.abs(mass) <= TOLERANCE),
                "is no distribution: listed tokens and rest together do not have the mass 1",
                "Pass natural-log posteriors; rest is the log of the mass that is not listed",
            )
        object.__setattr__(self, "ids", np.ascontiguousarray(ids, dtype=np.int32))
        object.__setattr__(self, "log_probs", log_probs)
        object.__setattr__(self, "rest", rest)

    def __len__(self) -> int:
        """Return the number of frames T."""
        return int(self.ids.shape[0])

    def check_width(self, num_tokens: int, *, first_row: int = 0) -> None:
        """Check the ids against the number of tokens.

        Args:
            num_tokens: V.
            first_row: what to add to row numbers in messages (frames of a stream that went before).

        Raises:
            PosteriorError: an id beyond the table, or mass left over when all tokens are listed.
        """
        if self.ids.size:
            _refuse(
                self.ids.max(axis=1) >= num_tokens,
                f"holds a token id beyond the table of {num_tokens} tokens",
                "Use the tokens.txt of the network that made them",
                first_row,
            )
        if self.ids.shape[1] == num_tokens:
            _refuse(
                self.rest > np.log(TOLERANCE),
                "lists every token, and yet there is a rest",
                "Pass -inf as the rest where every token is listed",
                first_row,
            )

    def dense(self, num_tokens: int) -> NDArray[np.float32]:
        """Return float32 [T, num_tokens]: each token not listed gets ``rest - log(num_tokens - K)``.

        Raises:
            PosteriorError: an id beyond the table, or mass left over when all tokens are listed.
        """
        self.check_width(num_tokens)
        others = num_tokens - self.ids.shape[1]
        share = self.rest - np.float32(np.log(others)) if others > 0 else np.full_like(self.rest, -np.inf)
        rows = np.repeat(share[:, None], num_tokens, axis=1)
        np.put_along_axis(rows, self.ids.astype(np.int64), self.log_probs, axis=1)
        return rows


def _refuse(bad: Any, what: str, remedy: str, first_row: int = 0) -> None:
    if bad.any():
        raise PosteriorError(f"row {first_row + int(bad.argmax())} {what}", remedy=remedy)
