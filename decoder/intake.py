"""Posteriors at the door of the search: an array or sparse frames, checked, as the core takes them."""

from __future__ import annotations

from tlg._arrays import as_log_probs
from tlg.decoder.sparse import SparseFrames
from tlg.errors import OptionError

__all__ = ["intake"]


def intake(log_probs: object, num_tokens: int, *, logits: bool = False, first_row: int = 0) -> object:
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
        if logits:
            raise OptionError("sparse frames are log-posteriors", remedy="Leave logits=True out")
        log_probs.check_width(num_tokens, first_row=first_row)
        return (log_probs.ids, log_probs.log_probs, log_probs.rest)
    return as_log_probs(log_probs, num_tokens=num_tokens, logits=logits, first_row=first_row)
