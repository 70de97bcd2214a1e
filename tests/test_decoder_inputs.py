"""What tlg.Decoder takes and refuses: batches, kinds of arrays, sparse frames."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import EXAMPLES
from tests.decoder_cases import (
    SYMBOLS,
    check_result,
    say,
)
from tlg import (
    Decoder,
    Graph,
    SparseFrames,
)
from tlg.errors import (
    InputError,
    OptionError,
    PosteriorError,
)


@pytest.fixture
def graph(characters: Graph) -> Graph:
    return characters


# Batches


def test_batch_equals_one_by_one(ocr: Graph, lines: list[SparseFrames]) -> None:
    decoder = Decoder(ocr, acoustic_scale=1.5, word_score=6.0, hotwords=EXAMPLES / "ocr" / "hotwords.txt")
    alone = [decoder.decode(x) for x in lines]
    order = random.Random(5).sample(range(len(lines)), len(lines))
    for threads in (1, 2, 3, 64, np.int64(2), 10**30):
        assert decoder.decode_batch(lines, threads=threads) == alone
        assert decoder.decode_batch([lines[i] for i in order], threads=threads) == [alone[i] for i in order]
    assert decoder.decode_batch(iter(lines)) == alone
    assert decoder.decode_batch([]) == [] and decoder.decode_batch([], threads=3) == []
    for x, result in zip(lines, alone, strict=True):
        check_result(result, len(x), decoder)


TOO_FEW_THREADS = """
import resource, sys
from pathlib import Path
from tests.decoder_cases import character_graph, say
from tlg import Decoder
decoder = Decoder(character_graph(Path(sys.argv[1])))
batch = [say("我-在保定") for _ in range(200)]
alone = decoder.decode_batch(batch, threads=1)
now = next(int(x.split()[1]) for x in open("/proc/self/status") if x.startswith("VmSize:"))
resource.setrlimit(resource.RLIMIT_AS, (now * 1024 + (40 << 20), resource.RLIM_INFINITY))  # stacks of a few threads
assert decoder.decode_batch(batch, threads=200) == alone
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space as Linux does")
def test_batch_where_the_system_gives_fewer_threads(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-c", TOO_FEW_THREADS, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), *filter(None, sys.path)])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_padded_batch(graph: Graph) -> None:
    texts = ["我-在保定", "", "阳光很好"]
    batch = np.full((3, 9, len(SYMBOLS)), np.nan, np.float32)  # what is behind the lengths is never looked at
    for row, text in enumerate(texts):
        batch[row, : len(text)] = say(text)
    decoder = Decoder(graph)
    alone = [decoder.decode(say(text)) for text in texts]
    lengths: Any
    for lengths in ([5, 0, 4], (5, 0, 4), np.array([5, 0, 4], np.uint8), np.array([5, 0, 4])):
        assert decoder.decode_batch(batch, lengths=lengths) == alone
    assert decoder.decode_batch(batch[:0], lengths=[]) == []
    assert decoder.decode_batch(batch[:, :0], lengths=[0, 0, 0]) == [decoder.decode(say(""))] * 3


BATCH = np.zeros((2, 3, len(SYMBOLS)), np.float32)
BAD_BATCHES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no_lengths": (BATCH, {}, "padded batch needs lengths"),
    "too_long": (BATCH, {"lengths": [3, 4]}, r"lengths\[1\]=4 is not between 0 and the 3 frames"),
    "negative": (BATCH, {"lengths": [-1, 3]}, r"lengths\[0\]=-1 is not between"),
    "floats": (BATCH, {"lengths": [3.0, 3.0]}, "lengths are float64.*not 2 integers"),
    "fractions": (BATCH, {"lengths": [1.0, 0.5]}, "not seconds or fractions"),
    "bools": (BATCH, {"lengths": [True, True]}, "lengths are bool"),
    "too_few": (BATCH, {"lengths": [3]}, r"shape \[1\], not 2 integers"),
    "too_many": (BATCH, {"lengths": [3, 3, 3]}, r"shape \[3\], not 2 integers"),
    "a_number": (BATCH, {"lengths": 3}, "lengths=3 is one number, not 2 integers"),
    "ragged": (BATCH, {"lengths": [[1], [1, 2]]}, "lengths are no list of integers"),
    "none_inside": (BATCH, {"lengths": [3, None]}, "lengths are object"),
    "text": (
        BATCH,
        {"lengths": "33"},
        r"\(lengths are a str, not an array\)\. Pass frames, one number a row$",
    ),
    "one_utterance": (BATCH[0], {}, r"shape \(3, \d+\), not \[B, T, V\]. .*decode\(\) for one"),
    "lengths_of_a_list": ([BATCH[0]], {"lengths": [3]}, "lengths go with one padded array"),
    "none": (None, {}, "a batch is a NoneType, not a list of arrays"),
    "a_path": ("x.npz", {}, "a batch is a str, not a list of arrays"),
    "a_dict": ({"u": BATCH[0]}, {}, "a batch is a dict, not a list"),
    "lists": ([[[0.0]]], {}, "utterance 0: log_probs are a list, not an array"),
    "threads_0": ([], {"threads": 0}, "threads=0 is not 1 or more"),
    "threads_negative": ([], {"threads": -2}, "threads=-2 is not"),
    "threads_float": ([], {"threads": 2.0}, r"threads=2.0 is not an integer"),
    "threads_bool": ([], {"threads": True}, "threads=True is not"),
    "threads_none": ([], {"threads": None}, "threads=None is not"),
}


@pytest.mark.parametrize("case", BAD_BATCHES.values(), ids=BAD_BATCHES)
def test_bad_batches(graph: Graph, case: tuple[Any, dict[str, Any], str]) -> None:
    batch, options, message = case
    with pytest.raises(InputError, match=message):
        Decoder(graph).decode_batch(batch, **options)


def test_one_bad_utterance_is_named(graph: Graph) -> None:
    bad = say("保定")
    bad[1, 3] = np.nan
    decoder = Decoder(graph)
    with pytest.raises(PosteriorError, match="utterance 2: row 1 "):
        decoder.decode_batch([say("我"), say("在"), bad], threads=2)
    sparse = SparseFrames(np.zeros((1, 1), int), np.zeros((1, 1)), np.full(1, -np.inf))
    with pytest.raises(OptionError, match="utterance 1: sparse frames are log-posteriors"):
        decoder.decode_batch([say("我"), sparse], logits=True)


# Kinds of input


class FromDlpack:
    """No more than the protocol, as jax or cupy arrays offer it."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()


def test_kinds_of_arrays(graph: Graph) -> None:
    decoder = Decoder(graph)
    x = say("我-在保定-")
    best = decoder.decode(x)
    double = np.float64(x)
    wide = np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)
    read_only = x.copy()
    read_only.flags.writeable = False
    kinds: dict[str, Any] = {
        "float64": double,
        "longdouble": np.longdouble(x),
        "big_endian": x.astype(">f4"),
        "column_major": np.asfortranarray(x),
        "strided": wide[::2, ::3],
        "backwards": x[::-1][::-1],
        "read_only": read_only,
        "dlpack": FromDlpack(x),
    }
    for name, kind in kinds.items():
        assert decoder.decode(kind) == best, name
    half = decoder.decode(x.astype(np.float16))
    assert half.words == best.words and half.score == pytest.approx(best.score, abs=0.05)


def test_logits(graph: Graph) -> None:
    decoder = Decoder(graph)
    x = say("我-在保定-")
    raw = x * np.float32(1) + np.arange(len(x), dtype=np.float32)[:, None]
    shifted = decoder.decode(raw, logits=True)
    assert shifted.words == list("我在保定")
    assert shifted.score == pytest.approx(decoder.decode(x).score, abs=1e-4)
    with pytest.raises(PosteriorError, match="logits=True"):
        decoder.decode(raw)
    assert decoder.decode_batch([raw], logits=True) == [shifted]


def test_sparse_equals_dense(ocr: Graph, lines: list[SparseFrames]) -> None:
    decoder = Decoder(ocr, acoustic_scale=1.5, word_score=6.0)
    for x in lines[:3]:
        sparse, dense = decoder.decode(x), decoder.decode(x.dense(len(ocr.tokens)))
        assert sparse.text == dense.text
        assert sparse.score == pytest.approx(dense.score, abs=1e-3)


def test_sparse_frames_that_list_all_or_nothing(graph: Graph) -> None:
    decoder = Decoder(graph)
    x = say("我在保定")
    columns = np.tile(np.arange(len(SYMBOLS)), (4, 1))
    full = SparseFrames(columns, x, np.full(4, -np.inf, np.float32))
    assert decoder.decode(full).score == pytest.approx(decoder.decode(x).score, abs=1e-6)
    nothing = SparseFrames(np.zeros((2, 0), int), np.zeros((2, 0), np.float32), np.zeros(2, np.float32))
    even = np.full((2, len(SYMBOLS)), -np.log(len(SYMBOLS)), np.float32)
    assert decoder.decode(nothing).score == pytest.approx(decoder.decode(even).score, abs=1e-5)
    empty = SparseFrames(np.zeros((0, 3), int), np.zeros((0, 3), np.float32), np.zeros(0, np.float32))
    assert decoder.decode(empty) == decoder.decode(x[:0])


def test_no_frames(graph: Graph) -> None:
    for dtype in (np.float16, np.float32, np.float64):
        result = Decoder(graph, hotwords=["保定"]).decode(np.zeros((0, len(SYMBOLS)), dtype))
        assert (result.text, result.words, result.tokens, result.num_frames) == ("", [], [], 0)
        assert result.word_spans == [] and result.hotwords == [] and result.am_score == 0


def broken(row: int, column: int | None, value: float) -> NDArray[np.float32]:
    x = say("我在保定")
    x[row, slice(None) if column is None else column] = value
    return x


BAD_INPUTS: dict[str, tuple[Any, str]] = {
    "nan": (broken(2, 3, np.nan), "row 2 holds NaN"),
    "all_nan": (broken(0, None, np.nan), "row 0 holds NaN"),
    "inf": (broken(1, 0, np.inf), r"row 1 holds \+inf"),
    "dead_row": (broken(3, None, -np.inf), "row 3 is -inf"),
    "probabilities": (np.exp(say("我在")), "row 0 is no distribution.*logits=True"),
    "zero_padding": (np.concatenate([say("我"), np.zeros((1, len(SYMBOLS)), np.float32)]), "row 1 "),
    "narrow": (say("我")[:, :-1], rf"{len(SYMBOLS) - 1} columns, but there are {len(SYMBOLS)} tokens"),
    "wide": (np.zeros((1, len(SYMBOLS) + 1)), rf"{len(SYMBOLS) + 1} columns"),
    "narrow_and_empty": (np.zeros((0, 3)), "3 columns, but"),
    "one_frame": (say("我")[0], r"shape \[\d+\], not \[T, V\]"),
    "batch_of_one": (say("我")[None], r"batch of one: pass log_probs\[0\]"),
    "batch": (np.stack([say("我")] * 2), "decode_batch"),
    "number": (np.float32(1), "not an array"),
    "integers": (np.zeros((1, len(SYMBOLS)), int), "of type int64, not floating point"),
    "booleans": (np.zeros((1, len(SYMBOLS)), bool), "of type bool"),
    "complex": (np.zeros((1, len(SYMBOLS)), complex), "of type complex128"),
    "objects": (np.full((1, len(SYMBOLS)), None), "of type object"),
    "list": (say("我").tolist(), "log_probs are a list, not an array"),
    "none": (None, "log_probs are a NoneType"),
    "path": ("x.npy", "log_probs are a str"),
    "sparse_beyond": (
        SparseFrames(np.full((1, 1), 99), np.zeros((1, 1)), np.full(1, -np.inf)),
        rf"row 0 holds a token id beyond the table of {len(SYMBOLS)} tokens",
    ),
}


@pytest.mark.parametrize("case", BAD_INPUTS.values(), ids=BAD_INPUTS)
def test_bad_inputs(graph: Graph, case: tuple[Any, str]) -> None:
    decoder = Decoder(graph)
    before = decoder.decode(say("我在保定"))
    with pytest.raises(PosteriorError, match=case[1]):
        decoder.decode(case[0])
    assert decoder.decode(say("我在保定")) == before
