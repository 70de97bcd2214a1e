"""A producer of DLPack capsules by the letter of its header, for types and devices that numpy does not have."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

CPU, CUDA, ROCM = 1, 2, 10
INT, UINT, FLOAT, BFLOAT, COMPLEX, BOOL, FLOAT8 = 0, 1, 2, 4, 5, 6, 10


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class _Managed(ctypes.Structure):
    pass


_DELETER = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Managed._fields_ = (("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", _DELETER))


class Producer:
    """An array as a stranger's tensor.

    Args:
        array: its memory; strides are those of the array.
        code, bits, lanes: what its elements are said to be.
        device: where it is said to be.
        strides: False gives none, which means C-contiguous.
        byte_offset: where the data begin behind the pointer that is given.
    """

    def __init__(
        self,
        array: NDArray[Any],
        *,
        code: int = FLOAT,
        bits: int | None = None,
        lanes: int = 1,
        device: int = CPU,
        strides: bool = True,
        byte_offset: int = 0,
    ) -> None:
        self.array, self.device, self.deleted = array, device, 0
        whole = ctypes.c_int64 * array.ndim
        self._shape = whole(*array.shape)
        self._strides = whole(*(step // array.itemsize for step in array.strides))
        self._deleter = _DELETER(self._delete)
        tensor = _Tensor(
            array.ctypes.data - byte_offset,
            device,
            0,
            array.ndim,
            code,
            8 * array.itemsize if bits is None else bits,
            lanes,
            self._shape,
            self._strides if strides else None,
            byte_offset,
        )
        self._managed = _Managed(tensor, None, self._deleter)

    def _delete(self, _: Any) -> None:
        self.deleted += 1

    def __dlpack__(self, *, stream: None = None) -> Any:
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return new(ctypes.addressof(self._managed), b"dltensor", None)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device, 0


def to_bfloat16(x: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The bits of the nearest bfloat16, ties to even."""
    bits = x.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)
