"""Arrays at the door: whatever holds posteriors becomes float32, C-contiguous [T, V], and is checked once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlg import _core
from tlg.errors import PosteriorError

__all__ = ["TOLERANCE", "as_log_probs", "log_softmax"]

#: How far the log-sum-exp of a row may be from 0, in nats. float16 rounding stays well below it.
TOLERANCE = 1e-2


def as_log_probs(
    x: object, *, num_tokens: int | None = None, logits: bool = False, first_row: int = 0
) -> NDArray[np.float32]:
    """Return posteriors as a float32, C-contiguous array [T, V] of natural logs, checked.

    Args:
        x: [T, V]; a numpy array of any float dtype and strides, a torch tensor in CPU memory (bfloat16 and
            ``requires_grad`` included), or anything else with ``__dlpack__``. T may be 0. No copy is made of
            what is float32 and C-contiguous already.
        num_tokens: the width V that is asked for; None takes any.
        logits: the rows are raw network output; a log-softmax is applied. The kind is never guessed.
        first_row: what to add to row numbers in messages (frames of a stream that went before).

    Raises:
        PosteriorError: not such an array; a wrong width; a row with NaN or +inf, with -inf throughout, or
            whose log-sum-exp is further than 1e-2 from 0 (names the first such row, from 0).
    """
    array = _as_numpy(x)
    if array.dtype.kind != "f":
        if array.dtype.name != "bfloat16":
            raise PosteriorError(
                f"log_probs are of type {array.dtype}, not floating point",
                remedy="Pass natural-log posteriors, or logits=True for raw network output",
            )
        array = array.astype(np.float32)
    if array.ndim != 2:
        raise PosteriorError(_rank_message(array.shape), remedy=_rank_remedy(array.shape))
    if num_tokens is not None and array.shape[1] != num_tokens:
        raise PosteriorError(
            f"log_probs have {array.shape[1]} columns, but there are {num_tokens} tokens",
            remedy="Use the tokens.txt of the network that made them (the blank has a line there too)",
        )
    if array.shape[1] == 0 and array.shape[0] > 0:
        raise PosteriorError("log_probs have no columns", remedy="Pass an array [T, V]")
    if logits:
        return log_softmax(array, first_row=first_row)
    with np.errstate(over="ignore"):  # float64 beyond the range of float32 becomes inf: reported below
        rows: NDArray[np.float32] = np.ascontiguousarray(array, dtype=np.float32)
    _core.check_log_probs(rows, TOLERANCE, first_row)
    return rows


def log_softmax(logits: NDArray[Any], *, first_row: int = 0) -> NDArray[np.float32]:
    """Return the log-softmax of each row, float32 (computed in float64 if that is what comes in).

    Args:
        logits: floating point [T, V], V > 0; -inf entries are fine.
        first_row: what to add to row numbers in messages.

    Raises:
        PosteriorError: a row holds NaN or +inf, or is -inf throughout.
    """
    work = logits if logits.dtype == np.float64 else np.asarray(logits, dtype=np.float32)
    largest = work.max(axis=1, keepdims=True, initial=-np.inf)
    bad = ~np.isfinite(largest[:, 0])
    if bad.any():
        row = int(bad.argmax())
        value = largest[row, 0]
        what = "holds NaN" if np.isnan(value) else "holds +inf" if value > 0 else "is -inf in every column"
        raise PosteriorError(
            f"row {first_row + row} {what}", remedy="Look for an overflow in the network's output, or padding"
        )
    shifted = work - largest
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return np.ascontiguousarray(shifted, dtype=np.float32)


def _as_numpy(x: object) -> NDArray[Any]:
    if isinstance(x, np.ndarray):
        return x
    if type(x).__module__.partition(".")[0] == "torch":
        return _from_torch(x)
    if hasattr(x, "__dlpack__"):
        try:
            return np.from_dlpack(x)
        except (BufferError, RuntimeError, TypeError, ValueError) as error:
            raise PosteriorError(
                f"log_probs of type {type(x).__name__} cannot be read through DLPack ({error})",
                remedy="Pass a numpy array, float32 [T, V]",
            ) from error
    raise PosteriorError(
        f"log_probs are a {type(x).__name__}, not an array",
        remedy="Pass a numpy array or a torch tensor [T, V]; for a list, numpy.asarray(x, dtype='float32')",
    )


def _from_torch(x: Any) -> NDArray[Any]:
    # Only objects that torch made come here, so torch is imported already; tlg itself never imports it.
    if not hasattr(x, "detach"):
        raise PosteriorError(
            f"log_probs are a {type(x).__name__}, not a tensor", remedy="Pass a tensor [T, V]"
        )
    if x.device.type != "cpu":
        raise PosteriorError(f"log_probs are a tensor on {x.device}", remedy="Pass log_probs.cpu()")
    if str(x.layout) != "torch.strided":
        raise PosteriorError(f"log_probs are a tensor of layout {x.layout}", remedy="Pass x.to_dense()")
    x = x.detach()
    if str(x.dtype) == "torch.bfloat16":
        x = x.float()
    array: NDArray[Any] = x.resolve_conj().resolve_neg().numpy()
    return array


def _rank_message(shape: tuple[int, ...]) -> str:
    return f"log_probs have the shape {list(shape)}, not [T, V] (frames, tokens)"


def _rank_remedy(shape: tuple[int, ...]) -> str:
    if len(shape) == 3 and shape[0] == 1:
        return "There is a batch of one: pass log_probs[0]"
    if len(shape) == 3:
        return "Pass one utterance at a time, x[b, :lengths[b]], or a list of them to decode_batch"
    return "Pass one row per frame"
