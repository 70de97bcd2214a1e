"""Arrays at the door: whatever holds posteriors becomes float32, C-contiguous [T, V], and is checked once."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlg import _core
from tlg.errors import PosteriorError, TlgError

__all__ = ["TOLERANCE", "as_floats", "as_log_probs", "as_numpy", "as_rows"]

#: How far the log-sum-exp of a row may be from 0, in nats. float16 rounding stays well below it.
TOLERANCE = 1e-2

# Numbers of devices in DLPack; all others are named by their number.
_DEVICES = {2: "CUDA", 4: "OpenCL", 7: "Vulkan", 8: "Metal", 10: "ROCm", 14: "oneAPI", 15: "WebGPU"}
_CPU = 1


_FLOAT32 = np.dtype(np.float32)
_MAX_FRAMES = 2**31 - 1


def as_log_probs(
    x: object, *, num_tokens: int | None = None, logits: bool = False, first_row: int = 0
) -> NDArray[np.float32]:
    """Return posteriors as a float32, C-contiguous array [T, V] of natural logs, checked.

    Args:
        x: [T, V]; a numpy array of any float dtype and strides, a torch tensor in CPU memory (bfloat16 and
            ``requires_grad`` included), or anything else with ``__dlpack__`` or ``__array__``. T may be 0. No
            copy is made of what is float32 and C-contiguous already.
        num_tokens: the width V that is asked for; None takes any.
        logits: the rows are raw network output; a log-softmax is applied (worked out in float64 if that is
            what comes in). The kind is never guessed.
        first_row: what to add to row numbers in messages (frames of a stream that went before).

    Raises:
        PosteriorError: not such an array; a wrong width; a row with NaN or +inf, with -inf throughout, or
            whose log-sum-exp is further than 1e-2 from 0 (names the first such row, from 0).
    """
    rows = as_rows(x, num_tokens=num_tokens)
    return _core.read_log_probs(rows, logits=logits, tolerance=TOLERANCE, first_row=first_row)


def as_rows(x: object, *, num_tokens: int | None = None) -> NDArray[Any]:
    """Return an array [T, V] as the core reads it, without a copy where that can be: its rows are not checked.

    Args:
        x: as in as_log_probs().
        num_tokens: the width V that is asked for; None takes any.

    Raises:
        PosteriorError: not such an array, or a wrong width.
    """
    if type(x) is np.ndarray and x.dtype is _FLOAT32 and x.ndim == 2:
        num_frames, width = x.shape
        if 0 < width == num_tokens and num_frames <= _MAX_FRAMES:
            return x  # what most callers pass: the checks below would cost 4 us
    array = as_floats(x)
    if array.ndim != 2:
        raise PosteriorError(_rank_message(array.shape), remedy=_rank_remedy(array.shape))
    if num_tokens is not None and array.shape == (0, 0):  # how Kaldi writes a matrix without rows
        return array.reshape(0, num_tokens)
    if num_tokens is not None and array.shape[1] != num_tokens:
        raise PosteriorError(
            f"log_probs have {array.shape[1]} columns, but there are {num_tokens} tokens",
            remedy="Use the tokens.txt of the network that made them (the blank has a line there too)",
        )
    if array.shape[1] == 0 and array.shape[0] > 0:
        raise PosteriorError("log_probs have no columns", remedy="Pass an array [T, V]")
    if array.shape[0] > _MAX_FRAMES:
        raise PosteriorError(
            f"log_probs have {array.shape[0]} frames", remedy="Decode so long a recording as a stream"
        )
    return array


def as_floats(x: object, *, what: str = "log_probs") -> NDArray[Any]:
    """Return floating-point numbers of any rank as a numpy array in native byte order, mostly without a copy.

    Args:
        x: as in as_log_probs().
        what: its name in messages.

    Returns:
        float16, float32 or float64; uint16 holds the bits of bfloat16, which numpy does not have.

    Raises:
        PosteriorError: not an array, not in CPU memory, or not floating point.
    """
    if not isinstance(x, np.ndarray) and not _is_torch(x) and hasattr(x, "__dlpack__"):
        return _from_dlpack(x, what)
    array = as_numpy(x, what=what)
    if array.dtype == _BFLOAT16:
        return array.view(np.uint16)
    return _native(array, what)


def as_numpy(x: object, *, what: str) -> NDArray[Any]:
    """Return an array of anything as numpy's, without a copy; bfloat16 as the bits in a structure of its own.

    Args:
        x: a numpy array, a torch tensor, or anything with ``__array__``.
        what: its name in messages.

    Raises:
        PosteriorError: not an array, masked, or not in CPU memory.
    """
    if isinstance(x, np.ma.MaskedArray):
        raise PosteriorError(
            f"{what} are a masked array",
            remedy="Cut the masked frames off, or pass x.data if nothing that counts is masked",
        )
    if isinstance(x, np.ndarray):
        return _bits(np.asarray(x))
    if _is_torch(x):
        return _from_torch(x, what)
    if hasattr(x, "__array__") and not isinstance(x, np.generic):
        try:
            return _bits(np.asarray(x))
        except Exception as error:  # whatever a stranger's __array__ raises
            raise PosteriorError(
                f"{what} of type {type(x).__name__} cannot be read as a numpy array "
                f"({type(error).__name__}: {error})",
                remedy="Pass a numpy array, float32 [T, V]",
            ) from error
    raise PosteriorError(
        f"{what} are a {type(x).__name__}, not an array",
        remedy="Pass a numpy array or a torch tensor [T, V]; for a list, numpy.asarray(x, dtype='float32')",
    )


# A structure, so that no array of real 16-bit integers is taken for it.
_BFLOAT16 = np.dtype([("bfloat16", np.uint16)])


def _bits(array: NDArray[Any]) -> NDArray[Any]:
    """Give bfloat16 of the package ml_dtypes (jax, tensorflow) its bits."""
    return array.view(np.uint16).view(_BFLOAT16) if array.dtype.name == "bfloat16" else array


def _native(array: NDArray[Any], what: str) -> NDArray[Any]:
    """Return float16, float32 or float64 in native byte order."""
    if array.dtype.char not in "efdg":
        raise PosteriorError(
            f"{what} are of type {array.dtype}, not floating point",
            remedy="Pass natural-log posteriors, or logits=True for raw network output",
        )
    if array.dtype.char == "g":
        with np.errstate(over="ignore"):  # beyond float64 becomes inf: reported with the rows
            return array.astype(np.float64)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _is_torch(x: object) -> bool:
    # Only who has imported torch has tensors; tlg itself never imports it.
    torch = sys.modules.get("torch")
    return type(x).__module__.partition(".")[0] == "torch" or (
        torch is not None and hasattr(torch, "Tensor") and isinstance(x, torch.Tensor)
    )


def _from_torch(x: Any, what: str) -> NDArray[Any]:
    if not hasattr(x, "detach"):
        raise PosteriorError(f"{what} are a {type(x).__name__}, not a tensor", remedy="Pass a tensor [T, V]")
    if x.device.type != "cpu":
        raise PosteriorError(f"{what} are a tensor on {x.device}", remedy=f"Pass {what}.cpu()")
    if str(x.layout) != "torch.strided":
        raise PosteriorError(f"{what} are a tensor of layout {x.layout}", remedy="Pass x.to_dense()")
    dtype = str(x.dtype).removeprefix("torch.")
    try:
        x = x.detach()
        if dtype == "bfloat16":
            bits: NDArray[Any] = x.view(sys.modules["torch"].int16).numpy()
            return bits.view(np.uint16)[..., None].view(_BFLOAT16)[..., 0]
        array: NDArray[Any] = x.resolve_conj().resolve_neg().numpy()
    except Exception as error:  # a type that numpy lacks, or a tensor without memory of its own
        raise PosteriorError(
            f"{what} are a {type(x).__name__} of {dtype} that numpy cannot read",
            remedy="Pass natural-log posteriors as x.float()",
        ) from error
    return array


def _from_dlpack(x: Any, what: str) -> NDArray[Any]:
    try:
        device = int(x.__dlpack_device__()[0]) if hasattr(x, "__dlpack_device__") else _CPU
        if device != _CPU:
            name = _DEVICES.get(device, f"of DLPack's number {device}")
            raise PosteriorError(
                f"{what} of type {type(x).__name__} are on a device ({name})",
                remedy="Copy them to CPU memory first",
            )
        try:
            return _core.from_dlpack(x.__dlpack__())
        except BufferError:  # read-only memory goes by the newer protocol alone, which numpy speaks
            return _native(np.from_dlpack(x), what)
    except TlgError:
        raise
    except Exception as error:  # whatever a stranger's protocol raises
        raise PosteriorError(
            f"{what} of type {type(x).__name__} cannot be read through DLPack "
            f"({type(error).__name__}: {error})",
            remedy="Pass a numpy array, float32 [T, V]",
        ) from error


def _rank_message(shape: tuple[int, ...]) -> str:
    return f"log_probs have the shape {list(shape)}, not [T, V] (frames, tokens)"


def _rank_remedy(shape: tuple[int, ...]) -> str:
    if len(shape) == 3 and shape[0] == 1:
        return "There is a batch of one: pass log_probs[0]"
    if len(shape) == 3:
        return "Pass one utterance at a time, x[b, :lengths[b]], or a list of them to decode_batch"
    return "Pass one row per frame"
