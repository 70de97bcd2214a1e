"""tlg.Decoder as its user calls it: results, options, kinds of input, hotword lists, threads, bad input."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
import random
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import EXAMPLES
from tests.decoder_cases import (
    SYMBOLS,
    TEXT,
    character_graph,
    ocr_graph,
    say,
    speech_graph,
    write_characters,
)
from tlg import (
    Decoder,
    Graph,
    Hotwords,
    Result,
    SearchOptions,
    SparseFrames,
    TlgError,
    build_graph,
    lm,
)
from tlg.decoder import read_inputs
from tlg.errors import (
    GraphError,
    HotwordError,
    InputError,
    MissingFileError,
    OptionError,
    PosteriorError,
)
from tlg.hotwords import Hotword

TERMS = ("am_score", "lm_score", "word_score", "blank_score", "hotword_score")
SPEECH: dict[str, Any] = {"beam": 12.0, "word_score": -3.0, "blank_penalty": 2.0}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return character_graph(tmp_path_factory.mktemp("characters"))


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return speech_graph(tmp_path_factory.mktemp("speech"))


@pytest.fixture(scope="module")
def utterances() -> list[Any]:
    return [frames for _, frames in read_inputs(EXAMPLES / "speech" / "test.npz")][:8]


@pytest.fixture(scope="module")
def lines() -> list[SparseFrames]:
    found = [frames for _, frames in read_inputs(EXAMPLES / "ocr" / "test.npz")][:40]
    return [frames for frames in found if isinstance(frames, SparseFrames)]


@pytest.fixture(scope="module")
def ocr(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return ocr_graph(tmp_path_factory.mktemp("ocr"))


def plain(text: str) -> str:
    return text.replace(" ", "")


# Results


def check_result(result: Result, frames: int, decoder: Decoder) -> None:
    """What docs/semantics.md promises of every result."""
    assert sum(getattr(result, term) for term in TERMS) == pytest.approx(result.score, abs=1e-9)
    assert [span.word for span in result.word_spans] == result.words
    assert len(result.token_spans) == len(result.tokens)
    end = 0
    for start, stop in result.token_spans:
        assert end <= start < stop <= frames
        end = stop
    for before, after in zip(result.word_spans, result.word_spans[1:], strict=False):
        assert before.start <= before.end <= after.start <= after.end
    assert result.word_score == pytest.approx(decoder.options.word_score * len(result.words))
    assert result.hotword_score == pytest.approx(sum(fired.reward for fired in result.hotwords))
    assert decoder.graph.tokens.blank is not None
    assert decoder.graph.tokens.symbols[decoder.graph.tokens.blank] not in result.tokens
    assert result.num_frames == frames or result.partial


def test_every_field(graph: Graph) -> None:
    decoder = Decoder(graph, word_score=0.5, blank_penalty=0.25, hotwords={"保定": 2.0}, hotword_bias=1.0)
    result = decoder.decode(say("--我我-在-保-定定-"))
    assert result.text == "我在保定" and result.words == list("我在保定")
    assert result.word_spans == [("我", 2, 4), ("在", 5, 6), ("保", 7, 8), ("定", 9, 11)]
    assert result.tokens == list("我在保定")
    assert result.token_spans == [(2, 4), (5, 6), (7, 8), (9, 11)]
    assert result.hotwords == [("保定", 7, 11, 4.0)] and result.hotword_score == 4.0
    assert result.hotwords[0].phrase == "保定"
    assert result.word_score == 2.0 and result.blank_score == -6 * 0.25
    assert result.am_score == pytest.approx(12 * math.log(0.9), abs=1e-5)
    assert not result.partial and result.num_frames == 12
    check_result(result, 12, decoder)


def test_real_speech(speech: Graph, utterances: list[Any]) -> None:
    hotwords = Hotwords(EXAMPLES / "speech" / "hotwords.txt", graph=speech)
    decoder = Decoder(speech, hotwords=hotwords, **SPEECH)
    results = decoder.decode_batch(utterances)
    assert results[0].text == "in being comparatively modern"
    assert [fired.phrase for fired in results[0].hotwords] == ["comparatively"]
    spans = {span.word: span for span in results[0].word_spans}
    assert results[0].hotwords[0][1:3] == spans["comparatively"][1:]
    for frames, result in zip(utterances, results, strict=True):
        check_result(result, len(frames), decoder)
        assert "<wb>" in result.tokens


def test_a_separator_is_in_no_word(speech: Graph, utterances: list[Any]) -> None:
    result = Decoder(speech, **SPEECH).decode(utterances[0])
    of_words = {
        i
        for _, start, end in result.word_spans
        for i, span in enumerate(result.token_spans)
        if start <= span[0] and span[1] <= end
    }
    others = [token for i, token in enumerate(result.tokens) if i not in of_words]
    assert others and set(others) == {"<wb>"}


def test_results_are_frozen_and_pickle(graph: Graph) -> None:
    result = Decoder(graph, hotwords=["保定"]).decode(say("我在保定"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.text = "other"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(result)) == result


# A decoder is fixed but for its hotwords


def test_a_decoder_is_fixed(graph: Graph) -> None:
    decoder = Decoder(graph, beam=9.0)
    with pytest.raises(AttributeError):
        decoder.beam = 3.0  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        decoder.hotword = ["保定"]  # type: ignore[attr-defined]
    for name in ("options", "graph"):
        with pytest.raises(AttributeError):
            setattr(decoder, name, None)
    assert decoder.options == SearchOptions(beam=9.0) and decoder.graph is graph


def test_repr_is_short(graph: Graph) -> None:
    decoder = Decoder(graph, acoustic_scale=1.5, hotwords=["保定"])
    assert repr(decoder) == f"Decoder({graph!r}, acoustic_scale=1.5, 1 hotwords)"
    assert "beam" not in repr(Decoder(graph)) and "beam=inf" in repr(Decoder(graph, beam=math.inf))


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
def test_a_copy_shares_the_graph_and_has_its_own_hotwords(graph: Graph, how: Any) -> None:
    one = Decoder(graph, hotwords=["保定"], hotword_bias=1.0)
    two = how(one)
    assert two.graph is one.graph and two.hotwords is one.hotwords and two.options == one.options
    two.hotwords = {"阳光": 1.0}
    x = say("我在保定")
    assert one.decode(x).hotword_score == 2.0 and two.decode(x).hotword_score == 0.0
    assert two.decode(say("阳光很好")).hotword_score == 3.0  # the bias went along


def test_pickling_is_refused_with_the_way_out(graph: Graph) -> None:
    with pytest.raises(TypeError, match=r"cannot be pickled. Make one in each process"):
        pickle.dumps(Decoder(graph))


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
    "a_number": (BATCH, {"lengths": 3}, r"shape \[\], not 2 integers"),
    "ragged": (BATCH, {"lengths": [[1], [1, 2]]}, "lengths are no list of integers"),
    "none_inside": (BATCH, {"lengths": [3, None]}, "lengths are object"),
    "one_utterance": (BATCH[0], {}, r"shape \(3, \d+\), not \[B, T, V\]. .*decode\(\) for one"),
    "lengths_of_a_list": ([BATCH[0]], {"lengths": [3]}, "lengths go with one padded array"),
    "none": (None, {}, "a batch is a NoneType, not a list of arrays"),
    "a_path": ("x.npz", {}, "a batch is a str, not a list of arrays"),
    "a_dict": ({"u": BATCH[0]}, {}, "a batch is a dict, not a list"),
    "lists": ([[[0.0]]], {}, "utterance 0: log_probs are a list, not an array"),
    "threads_0": ([], {"threads": 0}, "threads=0 is not 1 or more"),
    "threads_negative": ([], {"threads": -2}, "threads=-2 is not"),
    "threads_float": ([], {"threads": 2.0}, r"threads=2.0 is not"),
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


# Options


def test_option_effects(graph: Graph) -> None:
    x = say("我-在保定--", sure=0.7)
    base = Decoder(graph, beam=math.inf).decode(x)
    twice = Decoder(graph, beam=math.inf, acoustic_scale=2.0, lm_weight=2.0).decode(x)
    assert twice.words == base.words and twice.score == pytest.approx(2 * base.score, abs=1e-4)
    assert twice.am_score == pytest.approx(2 * base.am_score, abs=1e-4)
    assert twice.lm_score == pytest.approx(2 * base.lm_score, abs=1e-4)
    free = Decoder(graph, beam=math.inf, lm_weight=0.0).decode(x)
    assert free.lm_score == 0 and free.am_score >= base.am_score
    longer, shorter = (Decoder(graph, beam=math.inf, word_score=w).decode(x) for w in (9.0, -9.0))
    assert len(longer.words) > len(base.words) > len(shorter.words)
    fewer = Decoder(graph, beam=math.inf, blank_penalty=9.0).decode(x)
    blanks = round(fewer.blank_score / -9.0)
    assert blanks < 3 and fewer.blank_score == -9.0 * blanks
    assert base.blank_score == base.word_score == 0


def test_beam_and_max_active_extremes(ocr: Graph, lines: list[SparseFrames]) -> None:
    options: dict[str, Any] = {"acoustic_scale": 1.5, "word_score": 6.0}
    best = Decoder(ocr, beam=math.inf, max_active=2**31 - 1, **options)
    tight: list[dict[str, Any]] = [
        {"max_active": 1},
        {"beam": 1e-6},
        {"beam": 1e-6, "min_active": 50},
        {"beam": 1e300, "max_active": 100},
    ]
    for x in lines[:2]:
        exact = best.decode(x)
        assert Decoder(ocr, beam=60.0, max_active=2**31 - 1, **options).decode(x) == exact
        for narrow in tight:
            result = Decoder(ocr, **narrow, **options).decode(x)
            check_result(result, len(x), best)
            assert result.partial or result.score <= exact.score + 1e-6


BAD_OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown": ({"beem": 3}, "unknown option 'beem'. Did you mean 'beam'?"),
    "unknown_far": ({"qqq": 3}, "unknown option 'qqq'. Known options: beam, max_active"),
    "hotword": ({"hotword": []}, "Did you mean 'hotwords'?"),
    "bias": ({"hotwords_bias": 1}, "Did you mean 'hotword_bias'?"),
    "beam_zero": ({"beam": 0}, "beam=0.0 is not above 0. 8 to 16 are usual"),
    "beam_negative": ({"beam": -1}, "beam=-1.0 is not above 0"),
    "beam_nan": ({"beam": math.nan}, "beam=nan is not above 0"),
    "beam_str": ({"beam": "16"}, "beam='16' is not a number"),
    "beam_none": ({"beam": None}, "beam=None is not a number"),
    "beam_bool": ({"beam": True}, "beam=True is not a number"),
    "max_active_zero": ({"max_active": 0}, "max_active=0 is not above 0"),
    "max_active_huge": ({"max_active": 2**31}, "max_active=2147483648 is not"),
    "max_active_float": ({"max_active": 7000.0}, "max_active=7000.0 is not an integer"),
    "min_active": ({"min_active": 8000}, "min_active=8000 is not between 0 and max_active"),
    "min_active_negative": ({"min_active": -1}, "min_active=-1 is not between"),
    "scale_zero": ({"acoustic_scale": 0}, "acoustic_scale=0.0 is not between 1e-6 and 1e6"),
    "scale_negative": ({"acoustic_scale": -1}, "acoustic_scale=-1.0 is not between 1e-6 and 1e6"),
    "scale_tiny": ({"acoustic_scale": 1e-60}, "acoustic_scale=1e-60 is not between 1e-6 and 1e6"),
    "scale_huge": ({"acoustic_scale": 1e39}, r"acoustic_scale=1e\+39 is not between"),
    "scale_nan": ({"acoustic_scale": math.nan}, "acoustic_scale=nan is not"),
    "lm_weight_negative": ({"lm_weight": -0.1}, "lm_weight=-0.1 is not 0 or more"),
    "lm_weight_inf": ({"lm_weight": math.inf}, "lm_weight=inf is not 0 or more and at most 1e6"),
    "word_score_nan": ({"word_score": math.nan}, "word_score=nan is not between"),
    "word_score_inf": ({"word_score": math.inf}, "word_score=inf is not between"),
    "blank_penalty_inf": ({"blank_penalty": -math.inf}, "blank_penalty=-inf is not between"),
    "bias_nan": ({"hotword_bias": math.nan}, "hotword_bias=nan is not finite"),
    "bias_str": ({"hotword_bias": "1"}, "hotword_bias='1' is not a number"),
    "bias_huge": ({"hotword_bias": 1e9, "hotwords": ["保定"]}, "'保定'"),
}


@pytest.mark.parametrize("case", BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_bad_options(graph: Graph, case: tuple[dict[str, Any], str]) -> None:
    options, message = case
    with pytest.raises((OptionError, HotwordError), match=message.replace("?", r"\?")):
        Decoder(graph, **options)


def test_numpy_numbers_are_numbers(graph: Graph) -> None:
    decoder = Decoder(graph, beam=np.float32(8), max_active=np.int64(50), acoustic_scale=2)
    assert decoder.options == SearchOptions(beam=8.0, max_active=50, acoustic_scale=2.0)
    assert type(decoder.options.beam) is float and type(decoder.options.max_active) is int


# Hotwords


def test_every_form_of_a_list_is_the_same_list(graph: Graph, tmp_path: Path) -> None:
    x = say("我在保定")
    (tmp_path / "hot.txt").write_text("# towns\n保定 2\n阳光\n", encoding="utf-8")
    (tmp_path / "hot.json").write_text('{"保定": "2", "阳光": 0}', encoding="utf-8")
    forms: list[Any] = [
        {"保定": 2.0, "阳光": None},
        [("保定", 2.0), "阳光"],
        [Hotword("阳光"), Hotword("保定", word_bias=2.0)],
        tmp_path / "hot.txt",
        str(tmp_path / "hot.txt"),
        tmp_path / "hot.json",
        (pair for pair in [("保定", 2.0), ("阳光", 0.0)]),
    ]
    results = [Decoder(graph, hotwords=form, hotword_bias=1.0).decode(x) for form in forms]
    results.append(Decoder(graph, hotwords=Hotwords({"保定": 2.0}, graph=graph, bias=1.0)).decode(x))
    assert results[0].hotwords == [("保定", 2, 4, 4.0)]
    assert all(result == results[0] for result in results)


def test_bias_and_weights(graph: Graph) -> None:
    x = say("我在保定")

    def reward(hotwords: Any, **options: Any) -> float:
        return Decoder(graph, hotwords=hotwords, **options).decode(x).hotword_score

    assert reward(["保定"]) == 2 * 1.5
    assert reward(["保定"], acoustic_scale=2.0) == 2 * 1.5 * 2.0  # the default goes with the scale
    assert reward(["保定"], acoustic_scale=2.0, hotword_bias=0.5) == 2 * 0.5  # what is given does not
    assert reward([Hotword("保定", bias=0.25, word_bias=3.0)], hotword_bias=9.0) == 2 * 0.25 + 3.0
    assert reward({"保定": -1.0}, hotword_bias=0.0) == -1.0
    with pytest.raises(OptionError, match="hotword_bias= and a Hotwords, which has its own"):
        Decoder(graph, hotwords=Hotwords(["保定"], graph=graph), hotword_bias=1.0)


def test_hotwords_change_the_words(graph: Graph) -> None:
    x = say("我在保险-", sure=0.9)
    close = np.log(np.array([0.5, 0.45]))
    row = np.full(len(SYMBOLS), np.log(0.05 / (len(SYMBOLS) - 2)))
    row[[SYMBOLS.index("险"), SYMBOLS.index("定")]] = close
    x[3] = row
    decoder = Decoder(graph, lm_weight=0.0)
    assert decoder.decode(x).text == "我在保险"
    decoder.hotwords = ["保定"]
    assert decoder.decode(x).text == "我在保定"
    decoder.hotwords = {"保定": -9.0}
    assert decoder.decode(x).text == "我在保险"
    decoder.hotwords = None
    assert decoder.decode(x).text == "我在保险" and decoder.hotwords is None


def test_no_list_and_an_empty_one_are_the_same(speech: Graph, utterances: list[Any]) -> None:
    none = Decoder(speech, **SPEECH).decode_batch(utterances)
    for empty in ([], {}, Hotwords([], graph=speech), ["notawordatall"]):
        assert Decoder(speech, hotwords=empty, **SPEECH).decode_batch(utterances) == none


def test_a_bad_list_changes_nothing(graph: Graph, tmp_path: Path) -> None:
    decoder = Decoder(graph, hotwords=["保定"])
    kept, x = decoder.hotwords, say("我在保定")
    before = decoder.decode(x)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    bad: list[tuple[Any, str]] = [
        ("保定", "is a str, but no file of that name exists"),
        (tmp_path / "none.txt", "no such file"),
        (tmp_path / "latin.txt", "latin.txt:1: not UTF-8"),
        ({"保定": math.nan}, "not finite"),
        ({"保定": 1e9}, "'保定'"),
        ({"保定": "much"}, "no number"),
        ([""], "blank"),
        ([3], "item 0 of the list is 3"),
        (7, "cannot be read from int"),
        (Hotwords(["保定"], tokens=SYMBOLS[:3] + SYMBOLS[:2:-1]), "made for another table"),
        (Hotwords(["保定"], tokens=[*SYMBOLS, *"甲乙丙"]), "made for 22 tokens, the graph has 19"),
    ]
    for hotwords, message in bad:
        with pytest.raises(TlgError, match=message):
            decoder.hotwords = hotwords
        assert decoder.hotwords is kept and decoder.decode(x) == before


def test_a_list_for_other_words_is_refused(graph: Graph, speech: Graph) -> None:
    with pytest.raises(OptionError, match=r"made for .* the graph has"):
        Decoder(graph, hotwords=Hotwords(["comparatively"], graph=speech))


def test_what_cannot_be_spelled_is_in_the_report(graph: Graph) -> None:
    decoder = Decoder(graph, hotwords=["保定", "龙"])
    assert decoder.hotwords is not None
    assert [entry.phrase for entry in decoder.hotwords.report.rejected] == ["龙"]


def test_threads_share_a_decoder_while_its_list_changes(graph: Graph) -> None:
    """Each result is of one list from beginning to end, whatever the other threads do."""
    decoder = Decoder(graph, hotword_bias=0.0)
    lists: list[dict[str, float]] = [{"保定": float(n), "上班": float(n)} for n in range(1, 6)]
    x = say("今天我在保定上班", sure=0.95)
    batch = [x, x[:6], x]
    stop = threading.Event()

    def swap() -> None:
        rng = random.Random(1)
        while not stop.is_set():
            decoder.hotwords = rng.choice([None, *lists])

    def work(number: int) -> int:
        for _ in range(150):
            for result in (
                decoder.decode_batch(batch, threads=1 + number % 2) if number % 3 else [decoder.decode(x)]
            ):
                rewards = {fired.reward for fired in result.hotwords}
                assert len(rewards) <= 1 and result.hotword_score == sum(f.reward for f in result.hotwords)
                assert rewards <= {1.0, 2.0, 3.0, 4.0, 5.0}
                assert result.text == "今天我在保定上班"[: result.num_frames]
                assert len(result.hotwords) in (0, 1 if result.num_frames == 6 else 2)
        return number

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(work, range(6))) == list(range(6))
    finally:
        stop.set()
        swapper.join()


def test_a_batch_is_of_one_list(graph: Graph) -> None:
    """The list is the one of the moment of the call, also when the inputs come slowly and change it."""
    decoder = Decoder(graph, hotwords={"保定": 1.0}, hotword_bias=0.0)

    def inputs() -> Iterator[NDArray[np.float32]]:
        for n in range(3):
            yield say("我在保定")
            decoder.hotwords = {"保定": float(n + 5)}

    assert len({result.hotword_score for result in decoder.decode_batch(inputs())}) == 1


# Graphs


@pytest.mark.parametrize("topology", ["ctc", "ctc-compact"])
def test_a_written_topology_gives_the_same(graph: Graph, topology: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"beam": math.inf, "blank_penalty": 0.5, "word_score": 0.25, "lm_weight": 0.7}
    hotwords = {"保定": 1.0}
    implicit = Decoder(graph, hotwords=hotwords, **options)
    explicit = Decoder(character_graph(tmp_path, topology), hotwords=hotwords, **options)
    assert explicit.graph.info.topology == topology
    for text in ("--我我-在-保-定定-", "今天-天气很好", "阳光-很好", "", "我"):
        one, two = implicit.decode(say(text)), explicit.decode(say(text))
        assert two.words == one.words and two.partial == one.partial and two.tokens == one.tokens
        assert two.token_spans == one.token_spans and two.hotwords == one.hotwords
        for term in ("score", *TERMS):
            assert getattr(two, term) == pytest.approx(getattr(one, term), abs=1e-4), term


def test_one_posterior_per_token(tmp_path: Path) -> None:
    symbols = SYMBOLS[1:]
    decoder = Decoder(character_graph(tmp_path, "none"), hotwords=["保定"])
    assert decoder.graph.tokens.blank is None
    result = decoder.decode(say("今天天气很好", symbols=symbols))
    assert result.text == "今天天气很好" and result.token_spans == [(i, i + 1) for i in range(6)]
    assert result.blank_score == 0
    assert decoder.decode(say("我在保定", symbols=symbols)).hotwords == [("保定", 2, 4, 3.0)]


def test_partial_in_mid_word(tmp_path: Path) -> None:
    write_characters(tmp_path)
    (tmp_path / "words.txt").write_text("我 在 阳光保险 上班\n我 在 保定\n阳光 很 好\n" * 3, encoding="utf-8")
    lexicon = {word: [list(word)] for word in ("我", "在", "阳光保险", "上班", "保定", "阳光", "很", "好")}
    built = build_graph(
        lexicon=lexicon, tokens=tmp_path / "tokens.txt", lm=lm.train([tmp_path / "words.txt"], order=2)
    )
    decoder = Decoder(built, hotwords={"阳光保险": 5.0, "阳光保": 1.0}, hotword_bias=1.0)
    whole, cut = decoder.decode(say("我在阳光保险")), decoder.decode(say("我在阳光保"))
    assert not whole.partial and whole.words == ["我", "在", "阳光保险"] and whole.hotword_score == 9.0
    assert cut.partial and cut.tokens == list("我在阳光保") and cut.words[:2] == ["我", "在"]
    assert cut.hotwords == [("阳光保", 2, 5, 4.0)]  # nothing that was lent to the longer one
    check_result(cut, 5, decoder)


def test_partial_where_no_path_goes_on(graph: Graph) -> None:
    x = say("我在保定")
    x[2] = -np.inf  # the blank alone, and then a token that no word has
    x[2, 0] = 0.0
    narrow = Decoder(graph, beam=1e-3, max_active=1).decode(x)
    assert narrow.num_frames <= 4 and (narrow.partial or narrow.words)


BAD_GRAPHS: dict[str, tuple[Any, type[Exception], str]] = {
    "missing": ("no/such/graph", MissingFileError, "no such graph folder. Build it with build-tlg"),
    "none": (None, OptionError, "graph is a NoneType, not a Graph or a path"),
    "number": (3, OptionError, "graph is a int, not a Graph or a path"),
}


@pytest.mark.parametrize("case", BAD_GRAPHS.values(), ids=BAD_GRAPHS)
def test_bad_graphs(case: tuple[Any, type[Exception], str]) -> None:
    with pytest.raises(case[1], match=case[2]):
        Decoder(case[0])


@pytest.fixture
def folder(graph: Graph, tmp_path: Path) -> Path:
    graph.save(tmp_path / "copy")
    return tmp_path / "copy"


def test_a_graph_from_its_folder(folder: Path, graph: Graph) -> None:
    x = say("我在保定")
    for path in (folder, str(folder)):
        assert Decoder(path).decode(x) == Decoder(graph).decode(x)


def test_a_running_decoder_keeps_a_replaced_graph(folder: Path) -> None:
    decoder = Decoder(folder)
    before = decoder.decode(say("我在保定"))
    shutil.rmtree(folder)
    assert decoder.decode(say("我在保定")) == before


def test_changed_tokens_are_noticed(folder: Path) -> None:
    tokens = folder / "tokens.txt"
    text = tokens.read_text(encoding="utf-8")
    swapped = text.replace(SYMBOLS[1], "?").replace(SYMBOLS[2], SYMBOLS[1]).replace("?", SYMBOLS[2])
    tokens.write_text(swapped, encoding="utf-8")
    with pytest.raises(GraphError, match="is not the token table that the graph was built with"):
        Decoder(folder)
    tokens.unlink()
    with pytest.raises(MissingFileError, match=r"tokens\.txt"):
        Decoder(folder)


def test_every_cut_of_a_graph_is_refused(folder: Path) -> None:
    data = (folder / "LG.fst").read_bytes()
    for size in [*range(120), *range(120, len(data), 97), len(data) - 1]:
        (folder / "LG.fst").write_bytes(data[:size])
        with pytest.raises(TlgError, match=r"LG\.fst"):
            Decoder(folder)


def test_damaged_graphs_never_crash(folder: Path) -> None:
    """A flipped byte is refused, or gives a graph that a search ends on."""
    data = (folder / "LG.fst").read_bytes()
    rng = random.Random(11)
    refused = 0
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(rng.choice([1, 1, 4])):
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        (folder / "LG.fst").write_bytes(damaged)
        try:
            result = Decoder(folder, beam=20.0).decode(say("--我我-在-保-定定-"))
        except TlgError as error:
            refused += 1
            assert "copy" in str(error), error
        else:
            assert result.num_frames <= 12
            assert not math.isnan(result.score)
    assert refused > 0


def test_text_round_trip(graph: Graph) -> None:
    """What the model was trained on is what comes back."""
    decoder = Decoder(graph)
    for text in TEXT:
        assert plain(decoder.decode(say("-".join(text))).text) == text
