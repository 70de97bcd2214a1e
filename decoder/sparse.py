"""Sparse frames: the best tokens of each frame and the mass of all others.

For wide outputs (thousands of characters), where nearly all of the mass is on a few dozen tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlg._arrays import TOLERANCE, as_floats, as_log_probs, as_numpy
from tlg.errors import OptionError, PosteriorError

__all__ = ["SparseFrames"]


@dataclass(frozen=True, eq=False, repr=False)
class SparseFrames:
    """Posteriors of one utterance, K listed tokens a frame; what is not listed shares ``rest`` evenly.

    Args:
        ids: integers [T, K]; the tokens listed, in any order, no token twice in a row.
        log_probs: float [T, K]; their natural-log posteriors. -inf is fine.
        rest: float [T]; log of the mass of all tokens not listed, together. -inf where there is none.

    Raises:
        PosteriorError: shapes that do not fit, ids that are negative or twice in a row, NaN, +inf, or a row
            whose mass is further than 1e-2 (log) from 1; names the first such row, from 0.

    Each may be a numpy array, a torch tensor in CPU memory, or a list. They are kept as int32 and float32 arrays,
    C-contiguous, and are copied only where they are not that. ``from_dense`` and ``from_topk`` make such frames.
    """

    ids: NDArray[Any]
    log_probs: NDArray[Any]
    rest: NDArray[Any]

    def __post_init__(self) -> None:
        """Check shapes and rows, and fix the types."""
        ids = _array(self.ids, "ids")
        if ids.dtype.kind not in "iu":
            raise PosteriorError(f"ids are of type {ids.dtype}, not integers", remedy="Pass token ids [T, K]")
        log_probs, rest = _floats(self.log_probs, "log_probs"), _floats(self.rest, "rest")
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

    @classmethod
    def from_dense(cls, log_probs: object, k: int, *, logits: bool = False) -> SparseFrames:
        """Return the k best tokens of each frame, and the mass of the others as ``rest``.

        Args:
            log_probs: [T, V], as Decoder.decode() takes it.
            k: tokens listed, 1 to V. Of equal ones the smaller ids are listed.
            logits: log_probs are raw network output.

        Raises:
            PosteriorError: no posteriors; names the first bad row.
            OptionError: k out of its range.
        """
        rows = as_log_probs(log_probs, logits=logits)
        width = rows.shape[1]
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= max(width, 1):
            raise OptionError(
                f"k={k!r} is not between 1 and {width}", remedy="20 to 50 tokens hold nearly all"
            )
        if not rows.size:
            return cls(np.zeros((0, k), np.int32), np.zeros((0, k), np.float32), np.zeros(0, np.float32))
        least = np.partition(rows, width - k, axis=1)[:, width - k, None]  # the k-th best of each row
        above, equal = rows > least, rows == least
        listed = above | (equal & (np.cumsum(equal, axis=1) <= k - above.sum(axis=1, keepdims=True)))
        ids = np.nonzero(listed)[1].reshape(-1, k)
        rest = np.full(len(rows), -np.inf)
        with np.errstate(divide="ignore"):
            np.log(np.exp(rows, where=~listed, out=np.zeros(rows.shape)).sum(axis=1), out=rest)
        return cls(ids, np.take_along_axis(rows, ids, axis=1), rest)

    @classmethod
    def from_topk(cls, log_probs: object, ids: object) -> SparseFrames:
        """Return frames of the best tokens alone, such as ``SparseFrames.from_topk(*log_probs.topk(32))`` of torch.

        Args:
            log_probs: float [T, K], natural-log posteriors of a softmax over all tokens, not over these K. What
                they lack to a mass of 1 is the ``rest``.
            ids: integers [T, K].

        Raises:
            PosteriorError: as SparseFrames; a row whose mass is further than 1e-2 (log) above 1.
        """
        values = _floats(log_probs, "log_probs")
        if values.ndim != 2:
            raise PosteriorError(f"log_probs have the shape {list(values.shape)}, not [T, K]")
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            listed = np.exp(values.astype(np.float64)).sum(axis=1)
            # A sum a little above 1 is rounding: cls() has the say on how much is too much.
            rest = np.log(np.maximum(1.0 - listed, 0.0))
        return cls(ids, values, rest)  # type: ignore[arg-type]  # cls() reads any array

    def __len__(self) -> int:
        """Return the number of frames T."""
        return int(self.ids.shape[0])

    def __repr__(self) -> str:
        return f"SparseFrames({len(self)} frames, {self.ids.shape[1]} tokens each)"

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


def _array(x: object, what: str) -> NDArray[Any]:
    try:
        return np.asarray(x) if isinstance(x, list | tuple) else as_numpy(x, what=what)
    except ValueError as error:
        if isinstance(error, PosteriorError):
            raise
        raise PosteriorError(f"{what} are no array ({error})", remedy="Pass rows of equal length") from error


def _floats(x: object, what: str) -> NDArray[Any]:
    """Return floating-point numbers that numpy can work with."""
    array = as_floats(_array(x, what) if isinstance(x, list | tuple) else x, what=what)
    if array.dtype != np.uint16:
        return array
    return (array.astype(np.uint32) << 16).view(np.float32)  # the bits of bfloat16


def _refuse(bad: Any, what: str, remedy: str, first_row: int = 0) -> None:
    if bad.any():
        raise PosteriorError(f"row {first_row + int(bad.argmax())} {what}", remedy=remedy)
