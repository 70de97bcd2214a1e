"""Every kind of array that may hold posteriors: numpy, torch, DLPack, __array__; and those that are refused."""

from __future__ import annotations

import gc
import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.decoder_cases import SYMBOLS, say
from tests.dlpack_producer import BOOL, COMPLEX, CUDA, FLOAT8, INT, ROCM, Producer, to_bfloat16
from tlg import Decoder, Graph, SparseFrames, greedy
from tlg._arrays import as_log_probs
from tlg.errors import InputError, OptionError, PosteriorError


def posteriors(frames: int, tokens: int, seed: int = 0) -> NDArray[np.float32]:
    x = np.random.default_rng(seed).normal(size=(frames, tokens)) * 2
    x -= np.logaddexp.reduce(x, axis=1)[:, None]
    return x.astype(np.float32)


def bfloat16_values(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return (to_bfloat16(x).astype(np.uint32) << 16).view(np.float32)


def peaked(frames: int = 6, tokens: int = 9) -> NDArray[np.float32]:
    """Rows that keep their mass in bfloat16."""
    x = np.full((frames, tokens), -20.0, np.float32)
    x[np.arange(frames), np.arange(frames) % tokens] = 0.0
    return x


# numpy

LAYOUTS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "plain": lambda x: x,
    "column_major": np.asfortranarray,
    "every_second_row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "every_third_column": lambda x: np.repeat(x, 3, axis=1)[:, ::3],
    "rows_backwards": lambda x: x[::-1].copy()[::-1],
    "columns_backwards": lambda x: x[:, ::-1].copy()[:, ::-1],
    "rows_of_a_batch": lambda x: np.stack([x, x])[1],
    "matrix": lambda x: np.matrix(x),
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape) if (x == x[:1]).all() else x,
    "unaligned": lambda x: (
        np.frombuffer(b"\0" + x.astype(x.dtype).tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape)
    ),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("dtype", ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "longdouble"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("logits", [False, True])
def test_numpy(dtype: str, layout: Callable[[NDArray[Any]], NDArray[Any]], logits: bool) -> None:
    x = posteriors(7, 11).astype(dtype)
    plain = as_log_probs(np.ascontiguousarray(x), logits=logits)
    found = as_log_probs(layout(x), logits=logits)
    assert found.dtype == np.float32 and found.flags.c_contiguous
    np.testing.assert_array_equal(found, plain)
    wanted = x.astype(np.float64)
    if logits:
        wanted = wanted - np.logaddexp.reduce(wanted, axis=1)[:, None]
        np.testing.assert_allclose(found, wanted, atol=3e-6)
    else:
        np.testing.assert_array_equal(found, wanted.astype(np.float32))


def test_read_only_and_memory_mapped(tmp_path: Any) -> None:
    x = posteriors(5, 8)
    x.flags.writeable = False
    assert as_log_probs(x) is x
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_array_equal(as_log_probs(mapped), x)


@pytest.mark.parametrize("columns", [1, 3, 40])
def test_logits_are_worked_out_in_float64_where_they_are(columns: int) -> None:
    x = np.random.default_rng(columns).normal(size=(20, columns)) * 300 + 1e7
    wanted = x - np.logaddexp.reduce(x, axis=1)[:, None]
    # In float32, steps of 1 would be left of these numbers.
    np.testing.assert_allclose(as_log_probs(x, logits=True), wanted, rtol=1e-6, atol=1e-9)


def test_masked_arrays_are_refused(characters: Graph) -> None:
    x = np.ma.masked_array(say("我在"), mask=False)
    with pytest.raises(
        PosteriorError, match=r"are a masked array. Cut the masked frames off, or pass x.data"
    ):
        Decoder(characters).decode(x)
    assert Decoder(characters).decode(x.data).text == "我在"


# __array__ and DLPack


class Wrapped:
    """What pandas, xarray, h5py or zarr objects are to numpy."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if isinstance(self.array, Exception):
            raise self.array
        return np.asarray(self.array, dtype=dtype)


def test_array_protocol(characters: Graph) -> None:
    assert Decoder(characters).decode(Wrapped(say("我在"))).text == "我在"
    with pytest.raises(PosteriorError, match="of type int64, not floating point"):
        as_log_probs(Wrapped(np.zeros((2, 3), int)))
    with pytest.raises(PosteriorError, match=r"of type Wrapped cannot be read.*KeyError: 'gone'"):
        as_log_probs(Wrapped(KeyError("gone")))


def test_dlpack_by_the_letter() -> None:
    x = posteriors(6, 9)
    for kind in ("f2", "f4", "f8"):
        y = x.astype(kind)
        for view in (y, np.asfortranarray(y), y[::-1].copy()[::-1], np.repeat(y, 2, axis=1)[:, ::2]):
            np.testing.assert_array_equal(as_log_probs(Producer(view)), y.astype(np.float32))
    np.testing.assert_array_equal(as_log_probs(Producer(x, strides=False)), x)
    np.testing.assert_array_equal(as_log_probs(Producer(x[1:], byte_offset=x.strides[0])), x[1:])
    empty = Producer(np.zeros((0, 9), np.float32))
    assert as_log_probs(empty, num_tokens=9).shape == (0, 9)


def test_bfloat16_through_dlpack() -> None:
    x = peaked()
    rows = Producer(to_bfloat16(x), code=4)
    np.testing.assert_array_equal(as_log_probs(rows), bfloat16_values(x))
    rows = Producer(np.asfortranarray(to_bfloat16(x)), code=4)
    np.testing.assert_array_equal(as_log_probs(rows), bfloat16_values(x))
    raw = posteriors(6, 9) * 3
    wanted = as_log_probs(bfloat16_values(raw), logits=True)
    np.testing.assert_array_equal(as_log_probs(Producer(to_bfloat16(raw), code=4), logits=True), wanted)


def test_dlpack_memory_is_given_back_once() -> None:
    one = Producer(posteriors(4, 5))
    found: Any = as_log_probs(one)
    assert one.deleted == 0  # no copy: it is still in use
    del found
    gc.collect()
    assert one.deleted == 1
    other = Producer(posteriors(4, 5).astype(np.float64))
    as_log_probs(other)
    assert other.deleted == 1


BAD_DLPACK: dict[str, tuple[Callable[[], Any], str]] = {
    "cuda": (
        lambda: Producer(say("我"), device=CUDA),
        r"of type Producer are on a device \(CUDA\). Copy them to CPU",
    ),
    "rocm": (lambda: Producer(say("我"), device=ROCM), r"on a device \(ROCm\)"),
    "other_device": (lambda: Producer(say("我"), device=99), r"on a device \(of DLPack's number 99\)"),
    "int32": (lambda: Producer(np.zeros((1, 3), np.int32), code=INT), "of type int32, not floating point"),
    "bool": (lambda: Producer(np.zeros((1, 3), bool), code=BOOL), "of type bool8, not floating point"),
    "complex": (lambda: Producer(np.zeros((1, 3), complex), code=COMPLEX), "of type complex128, not"),
    "float8": (lambda: Producer(np.zeros((1, 3), np.uint8), code=FLOAT8), "of type DLPack type 10, bits 8"),
    "lanes": (lambda: Producer(np.zeros((1, 3), np.float32), lanes=4), "of type float32x4"),
    "vector": (lambda: Producer(np.zeros(3, np.float32)), r"the shape \[3\], not \[T, V\]"),
    "no_capsule": (lambda: Falling(None), "of type Falling cannot be read through DLPack"),
    "falls": (
        lambda: Falling(ZeroDivisionError("oops")),
        r"cannot be read through DLPack \(ZeroDivisionError: oops\)",
    ),
}


class Falling:
    """A protocol that is not kept."""

    def __init__(self, thrown: Exception | None) -> None:
        self.thrown = thrown

    def __dlpack__(self, **_: Any) -> Any:
        if self.thrown is not None:
            raise self.thrown
        return "no capsule"


@pytest.mark.parametrize("case", BAD_DLPACK.values(), ids=BAD_DLPACK)
def test_bad_dlpack(case: tuple[Callable[[], Any], str]) -> None:
    with pytest.raises(PosteriorError, match=case[1]):
        as_log_probs(case[0]())


class ReadOnly:
    """numpy gives read-only memory by the newer protocol alone."""

    def __init__(self) -> None:
        self.array = say("我在")
        self.array.flags.writeable = False

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[Any, Any]:
        return self.array.__dlpack_device__()


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.1.0", reason="numpy 2.1 knows read-only DLPack")
def test_read_only_dlpack(characters: Graph) -> None:
    assert Decoder(characters).decode(ReadOnly()).text == "我在"


# Other packages, where they are installed


def package(name: str) -> Any:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed (pip install {name.replace('_', '-')})")
    return importlib.import_module(name)


def test_ml_dtypes() -> None:
    bfloat16 = package("ml_dtypes").bfloat16
    x = peaked()
    np.testing.assert_array_equal(as_log_probs(x.astype(bfloat16)), bfloat16_values(x))
    np.testing.assert_array_equal(as_log_probs(x.T.astype(bfloat16).T), bfloat16_values(x))
    with pytest.raises(PosteriorError, match="of type float8_e5m2, not floating point"):
        as_log_probs(x.astype(importlib.import_module("ml_dtypes").float8_e5m2))


def test_array_api_strict(characters: Graph) -> None:
    array = package("array_api_strict").asarray(say("我在"))
    assert Decoder(characters).decode(array).text == "我在"


def test_torch(characters: Graph) -> None:
    torch = package("torch")
    decoder = Decoder(characters)
    x = say("我-在保定")
    best = decoder.decode(x)
    tensor = torch.from_numpy(x)
    kinds = {
        "float32": tensor,
        "float64": tensor.double(),
        "requires_grad": tensor.clone().requires_grad_(),
        "not_a_leaf": tensor.clone().requires_grad_() * 1.0,
        "transposed": tensor.t().contiguous().t(),
        "strided": tensor.repeat_interleave(2, 0)[::2],
        "parameter": torch.nn.Parameter(tensor.clone()),
        "inference": torch.inference_mode()(lambda: tensor + 0)(),
        "negative_view": torch.imag(torch.complex(tensor, -tensor).conj()),
        "subclass": tensor.as_subclass(type("Mine", (torch.Tensor,), {})),
    }
    for name, kind in kinds.items():
        assert decoder.decode(kind) == best, name
    for half in (tensor.half(), tensor.half().t().contiguous().t().requires_grad_()):
        assert decoder.decode(half).words == best.words
    raw = (tensor * 4).bfloat16()
    wanted = decoder.decode(raw.float().numpy(), logits=True)
    for kind in (raw, raw.requires_grad_(), raw.t().contiguous().t()):
        assert decoder.decode(kind, logits=True) == wanted
    np.testing.assert_array_equal(
        as_log_probs(torch.from_numpy(peaked()).bfloat16()), bfloat16_values(peaked())
    )


def test_torch_batches(characters: Graph) -> None:
    torch = package("torch")
    decoder = Decoder(characters)
    texts = ["我-在保定", "", "阳光很好"]
    padded = torch.full((3, 7, len(SYMBOLS)), float("nan"))
    for row, text in enumerate(texts):
        padded[row, : len(text)] = torch.from_numpy(say(text))
    alone = [decoder.decode(say(text)) for text in texts]
    sizes = [5, 0, 4]
    for lengths in (sizes, torch.tensor(sizes), torch.tensor(sizes, dtype=torch.int32), np.array(sizes)):
        assert decoder.decode_batch(padded.requires_grad_(), lengths=lengths, threads=2) == alone
    assert decoder.decode_batch(padded.detach().double(), lengths=[torch.tensor(n) for n in sizes]) == alone
    raw = [torch.from_numpy(say(text)) for text in texts]
    assert decoder.decode_batch(raw, threads=2) == alone
    for bad, message in (
        (torch.tensor([5.0, 0.0, 4.0]), "lengths are float32 of shape"),
        (torch.tensor([5, 0]), r"int64 of shape \[2\], not 3 integers"),
        (torch.tensor([5, 0, 8]), r"lengths\[2\]=8 is not between 0 and the 7"),
        (torch.tensor([5, -1, 4]), r"lengths\[1\]=-1"),
        (torch.tensor([5, 0, 4], device="meta"), "on meta"),
        (torch.tensor([True, False, True]), "lengths are bool"),
    ):
        with pytest.raises(OptionError, match=message):
            decoder.decode_batch(padded, lengths=bad)


def test_torch_refused() -> None:
    torch = package("torch")
    cases = {
        "meta": (torch.empty(2, 3, device="meta"), r"a tensor on meta. Pass log_probs.cpu\(\)"),
        "integers": (torch.zeros(2, 3, dtype=torch.int64), "of type int64, not floating point"),
        "complex": (torch.zeros(2, 3, dtype=torch.complex64), "of type complex64"),
        "sparse": (torch.zeros(2, 3).to_sparse(), r"layout torch.sparse_coo. Pass x.to_dense\(\)"),
        "float8": (torch.zeros(2, 3).to(torch.float8_e4m3fn), "Tensor of float8_e4m3fn that numpy cannot"),
        "batch_of_one": (torch.zeros(1, 2, 3), "pass log_probs"),
        "size": (torch.zeros(2, 3).shape, "are a Size, not a tensor"),
    }
    for tensor, message in cases.values():
        with pytest.raises(PosteriorError, match=message):
            as_log_probs(tensor)
    if torch.cuda.is_available():
        with pytest.raises(PosteriorError, match=r"a tensor on cuda:0. Pass log_probs.cpu\(\)"):
            as_log_probs(torch.zeros(2, 3, device="cuda"))


def test_torch_topk(characters: Graph) -> None:
    torch = package("torch")
    x = torch.from_numpy(say("我-在保定"))
    decoder = Decoder(characters)
    for frames in (x, x.half(), x.clone().requires_grad_()):
        sparse = SparseFrames.from_topk(*frames.topk(4))
        assert decoder.decode(sparse).words == list("我在保定")
        np.testing.assert_allclose(sparse.dense(len(SYMBOLS)), x, atol=2e-2)
    assert greedy(SparseFrames.from_topk(*x.topk(4)), SYMBOLS).text == "我在保定"
    ids, values = torch.arange(4).repeat(2, 1), torch.full((2, 4), float(np.log(0.25)))
    assert len(SparseFrames(ids, values, torch.full((2,), -np.inf))) == 2
    with pytest.raises(PosteriorError, match=r"ids are a tensor on meta. Pass ids.cpu\(\)"):
        SparseFrames.from_topk(values, torch.zeros(2, 4, dtype=torch.int64, device="meta"))


# Sparse frames from dense ones


@pytest.mark.parametrize("k", [1, 2, 5, 11, 12])
def test_from_dense(k: int) -> None:
    x = posteriors(30, 12)
    x[3] = -np.log(12)  # all equal: the smaller ids are listed
    frames = SparseFrames.from_dense(x, k)
    order = np.argsort(-x, axis=1, kind="stable")
    np.testing.assert_array_equal(np.sort(frames.ids, axis=1), np.sort(order[:, :k], axis=1))
    np.testing.assert_array_equal(np.take_along_axis(x, frames.ids.astype(int), axis=1), frames.log_probs)
    others = np.take_along_axis(x, order[:, k:], axis=1).astype(np.float64)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(frames.rest, np.log(np.exp(others).sum(axis=1)), rtol=1e-6)


def test_from_dense_of_sure_rows_and_of_none() -> None:
    sure = np.full((2, 5), -np.inf, np.float32)
    sure[:, 3] = 0
    frames = SparseFrames.from_dense(sure, 2)
    np.testing.assert_array_equal(frames.ids, [[0, 3]] * 2)
    assert (frames.rest == -np.inf).all()
    assert SparseFrames.from_dense(np.zeros((0, 5)), 3).ids.shape == (0, 3)
    raw = posteriors(4, 6) * 3 + 7
    np.testing.assert_allclose(
        SparseFrames.from_dense(raw, 6, logits=True).dense(6), as_log_probs(raw, logits=True)
    )


def test_from_topk() -> None:
    x = posteriors(30, 12)
    ids = np.argsort(-x, axis=1)[:, :4]
    found = SparseFrames.from_topk(np.take_along_axis(x, ids, axis=1), ids)
    np.testing.assert_allclose(found.rest, SparseFrames.from_dense(x, 4).rest, rtol=1e-4)
    above = np.log(np.full((2, 4), 0.25)) + 1e-3  # rounding: no rest
    assert (SparseFrames.from_topk(above, np.tile(np.arange(4), (2, 1))).rest == -np.inf).all()


BAD_SPARSE: dict[str, tuple[Callable[[], Any], str]] = {
    "k_0": (lambda: SparseFrames.from_dense(say("我"), 0), rf"k=0 is not between 1 and {len(SYMBOLS)}"),
    "k_large": (lambda: SparseFrames.from_dense(say("我"), 99), "k=99 is not"),
    "k_float": (lambda: SparseFrames.from_dense(say("我"), 2.0), "k=2.0 is not"),  # type: ignore[arg-type]
    "dense_logits": (lambda: SparseFrames.from_dense(say("我") + 1, 2), "row 0 is no distribution"),
    "topk_of_logits": (
        lambda: SparseFrames.from_topk(np.full((1, 2), 3.0), np.array([[0, 1]])),
        "row 0 is no distribution",
    ),
    "topk_nan": (
        lambda: SparseFrames.from_topk(np.full((1, 2), np.nan), np.array([[0, 1]])),
        "row 0 holds NaN",
    ),
    "topk_swapped": (
        lambda: SparseFrames.from_topk(np.array([[0, 1]]), np.full((1, 2), -1.0)),
        "log_probs are of type int64, not floating point",
    ),
    "topk_vector": (lambda: SparseFrames.from_topk(np.zeros(2), np.zeros(2, int)), r"the shape \[2\], not"),
    "ragged_ids": (
        lambda: SparseFrames([[0], [0, 1]], np.zeros((2, 1)), np.zeros(2)),  # type: ignore[arg-type]
        "ids are no array",
    ),
}


@pytest.mark.parametrize("case", BAD_SPARSE.values(), ids=BAD_SPARSE)
def test_bad_sparse(case: tuple[Callable[[], Any], str]) -> None:
    with pytest.raises(InputError, match=case[1]):
        case[0]()
