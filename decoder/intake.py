"""Posteriors at the door of the search: an array or sparse frames, as the core takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlg._arrays import as_floats, as_log_probs, as_numpy, as_rows
from tlg.decoder.sparse import SparseFrames
from tlg.errors import OptionError, PosteriorError, TlgError

__all__ = ["intake", "unchecked", "unpad"]

#: Rows of dense frames, or the three arrays of sparse ones.
Ready = NDArray[Any] | tuple[NDArray[Any], NDArray[Any], NDArray[Any]]


def intake(log_probs: object, num_tokens: int, *, logits: bool = False, first_row: int = 0) -> Ready:
    """Return what the core searches: a float32 array [T, V], or the three arrays of sparse frames.

    Args:
        log_probs: as Decoder.decode() takes it.
        num_tokens: V.
        logits: the array is raw network output.
        first_row: what to add to row numbers in messages (frames of a stream that went before).

    Raises:
        PosteriorError: not posteriors over these tokens; names the first bad row.
        OptionError: logits with sparse frames.
    """
    if isinstance(log_probs, SparseFrames):
        return _sparse(log_probs, num_tokens, logits, first_row)
    return as_log_probs(log_probs, num_tokens=num_tokens, logits=logits, first_row=first_row)


def unchecked(log_probs: object, num_tokens: int, *, logits: bool = False) -> Ready:
    """Return the same for the core's threads, which check and convert the rows of arrays themselves.

    Raises:
        PosteriorError: not an array of this width.
        OptionError: logits with sparse frames.
    """
    if isinstance(log_probs, SparseFrames):
        return _sparse(log_probs, num_tokens, logits, 0)
    return as_rows(log_probs, num_tokens=num_tokens)


def _sparse(frames: SparseFrames, num_tokens: int, logits: bool, first_row: int) -> Ready:
    if logits:
        raise OptionError("sparse frames are log-posteriors", remedy="Leave logits=True out")
    frames.check_width(num_tokens, first_row=first_row)
    return (frames.ids, frames.log_probs, frames.rest)


def unpad(inputs: object, lengths: object) -> Iterable[object]:
    """Return the utterances of a batch: a list's items, or the rows of [B, T, V] cut to their lengths.

    Raises:
        PosteriorError: neither a list nor an array [B, T, V].
        OptionError: lengths that do not fit, or that are missing.
    """
    if getattr(inputs, "shape", None) is None:
        if lengths is not None:
            raise OptionError("lengths go with one padded array [B, T, V]", remedy="Leave lengths out")
        if isinstance(inputs, str | bytes | Path | Mapping) or not isinstance(inputs, Iterable):
            raise PosteriorError(
                f"a batch is a {type(inputs).__name__}, not a list of arrays [T, V]",
                remedy="Pass a list; of one utterance, decode() takes the array itself",
            )
        return inputs
    batch = as_floats(inputs)
    if batch.ndim != 3:
        raise PosteriorError(
            f"a batch array has shape {batch.shape}, not [B, T, V]",
            remedy="Pass a list of arrays [T, V], or decode() for one",
        )
    if lengths is None:
        raise OptionError("a padded batch needs lengths", remedy="Pass lengths=, one number of frames a row")
    return [batch[row, :length] for row, length in enumerate(_check_lengths(lengths, *batch.shape[:2]))]


def _check_lengths(lengths: object, rows: int, frames: int) -> list[int]:
    """Return the lengths of a padded batch [rows, frames, V] as integers."""
    try:
        # Lists, and what a list may hold: numbers of numpy, tensors of one element.
        cut = np.asarray(lengths) if isinstance(lengths, list | tuple) else as_numpy(lengths, what="lengths")
    except (PosteriorError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(lengths, int | float):
            raise OptionError(
                f"lengths={lengths!r} is one number, not {rows} integers",
                remedy="Pass frames, one number a row",
            ) from error
        raise OptionError(
            f"lengths are no list of integers ({error.message if isinstance(error, TlgError) else error})",
            remedy="Pass frames, one number a row",
        ) from error
    if cut.size == 0 and rows == 0:
        return []
    if cut.dtype.kind not in "iu" or cut.shape != (rows,):
        raise OptionError(
            f"lengths are {cut.dtype} of shape {list(cut.shape)}, not {rows} integers",
            remedy="Pass frames, one number a row, not seconds or fractions",
        )
    found: list[int] = cut.tolist()
    for row, length in enumerate(found):
        if not 0 <= length <= frames:
            raise OptionError(
                f"lengths[{row}]={length} is not between 0 and the {frames} frames of the batch",
                remedy="Pass the number of frames of each row before padding",
            )
    return found
