"""What nobody should have to find out: each way in which other CTC decoders crash, guess or make something up.

The first table is input that has been seen to do so with pyctcdecode, ctc-beam-decoder, torchaudio and flashlight-text,
fast-ctc-decode or kaldi-decoder; each row goes through every door of tlg. The last one lists the other cases, and
where they are tested.
"""

from __future__ import annotations

import ast
import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tlg
from tests.decoder_cases import SYMBOLS, TEXT, say, write_characters
from tlg import Decoder, Graph, SparseFrames
from tlg.errors import InputError, MissingFileError, PosteriorError, TlgError

TESTS = Path(__file__).resolve().parent
SAID = "我-在保定"
WORDS = "我在保定"
V = len(SYMBOLS)


@pytest.fixture(scope="module")
def decoder(characters: Graph) -> Decoder:
    return Decoder(characters)


def streamed(decoder: Decoder, x: Any, **options: Any) -> str:
    stream = decoder.stream()
    stream.push(x, **options)
    return stream.finish().text


#: Every way in for posteriors: what it makes of them.
DOORS: dict[str, Callable[..., str]] = {
    "decode": lambda d, x, **o: d.decode(x, **o).text,
    "decode_batch": lambda d, x, **o: d.decode_batch([x], threads=2, **o)[0].text,
    "decode_batch_of_several": lambda d, x, **o: d.decode_batch([x, x, x], threads=2, **o)[2].text,
    "decode_iter": lambda d, x, **o: next(d.decode_iter([("u", x)], threads=2, **o))[1].text,
    "stream": streamed,
    "prefix_beam": lambda d, x, **o: tlg.prefix_beam(x, d.graph.tokens, **o).text,
    "greedy": lambda d, x, **o: tlg.greedy(x, d.graph.tokens, **o).text,
}


def changed(value: float, row: int | slice = 2, column: int | slice = 3) -> NDArray[np.float32]:
    x = say(SAID)
    x[row, column] = value
    return x


def rounded_probabilities() -> NDArray[np.float32]:
    """Probabilities that went through float16: their sums are no longer exactly 1."""
    return np.exp(say(SAID)).astype(np.float16).astype(np.float32)


def padded() -> NDArray[np.float32]:
    return np.vstack([say(SAID), np.zeros((3, V), np.float32)])


EVERYTHING = slice(None)
# What is given -> what each door says of it.
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "one_nan": (lambda: changed(math.nan), r"row 2 holds NaN \(column 3\)"),
    "all_nan": (lambda: changed(math.nan, EVERYTHING, EVERYTHING), "row 0 holds NaN"),
    "row_of_minus_inf": (lambda: changed(-math.inf, 4, EVERYTHING), "row 4 is -inf in every column"),
    "plus_inf": (lambda: changed(math.inf), r"row 2 holds \+inf"),
    "too_narrow": (lambda: say(SAID)[:, 1:], rf"{V - 1} columns, but there are {V} tokens"),
    "too_wide": (lambda: np.hstack([say(SAID), say(SAID)]), rf"{2 * V} columns, but there are {V} tokens"),
    "too_narrow_without_frames": (lambda: np.zeros((0, 3), np.float32), "have 3 columns"),
    "raw_logits": (lambda: say(SAID) * 3 + 1, "row 0 is no distribution.*logits=True"),
    "positive_log_probs": (lambda: -say(SAID), "row 0 is no distribution"),
    "base_10_logs": (lambda: say(SAID) / np.float32(np.log(10)), "row 0 is no distribution"),
    "probabilities": (lambda: np.exp(say(SAID)), "row 0 is no distribution.*natural-log"),
    "probabilities_after_float16": (rounded_probabilities, "row 0 is no distribution"),
    "rows_of_zeros_behind": (padded, "row 5 is no distribution"),
    "scaled_log_probs": (lambda: say(SAID) * np.float32(0.3), "row 0 is no distribution"),
    "int": (lambda: np.zeros((2, V), int), "of type int64, not floating point"),
    "bool": (lambda: np.zeros((2, V), bool), "of type bool, not floating point"),
    "strings": (lambda: np.full((2, V), "a"), "of type <U1, not floating point"),
    "list": (lambda: say(SAID).tolist(), "are a list, not an array"),
    "tuple": (lambda: (1.0, 2.0, 3.0), "are a tuple, not an array"),
    "none": (lambda: None, "are a NoneType, not an array"),
    "path": (lambda: "posteriors.npy", "are a str, not an array"),
    "masked": (lambda: np.ma.masked_invalid(changed(math.nan)), "are a masked array"),
    "one_frame": (lambda: say(SAID)[0], r"the shape \[\d+\], not \[T, V\]"),
    "batch": (lambda: np.stack([say(SAID)] * 2), r"the shape \[2, 5, \d+\], not"),
    "batch_of_one": (lambda: say(SAID)[None], r"There is a batch of one: pass log_probs\[0\]"),
    "transposed": (lambda: say(SAID).T, rf"have 5 columns, but there are {V} tokens"),
    "float64_beyond_float32": (lambda: np.full((1, V), -1e300), "row 0 is -inf in every column"),
    "sparse_beyond_the_table": (
        lambda: SparseFrames(np.array([[V]]), np.zeros((1, 1)), np.full(1, -np.inf)),
        rf"row 0 holds a token id beyond the table of {V} tokens",
    ),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused_at_every_door(
    decoder: Decoder, door: Callable[..., str], case: tuple[Callable[[], Any], str]
) -> None:
    with pytest.raises(PosteriorError, match=case[1]):
        door(decoder, case[0]())
    assert door(decoder, say(SAID)) == WORDS  # nothing of it is left behind


BAD_LOGITS = {
    "nan": (changed(math.nan), "row 2 holds NaN"),
    "plus_inf": (changed(math.inf), r"row 2 holds \+inf"),
    "row_of_minus_inf": (changed(-math.inf, 4, EVERYTHING), "row 4 is -inf in every column"),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("case", BAD_LOGITS.values(), ids=BAD_LOGITS)
def test_logits_refused_at_every_door(
    decoder: Decoder, door: Callable[..., str], case: tuple[Any, str]
) -> None:
    with pytest.raises(PosteriorError, match=case[1]):
        door(decoder, case[0], logits=True)


def no_torch(_: Any) -> Any:
    return pytest.skip("torch is not installed (pip install torch)")


def torch_tensor(x: NDArray[np.float32]) -> Any:
    return importlib.import_module("torch").from_numpy(x)


# What is given -> the same text as for a plain array.
ACCEPTED: dict[str, Callable[[NDArray[np.float32]], Any]] = {
    "float16": lambda x: x.astype(np.float16),
    "float64": lambda x: x.astype(np.float64),
    "big_endian": lambda x: x.astype(">f4"),
    "not_contiguous": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "column_major": np.asfortranarray,
    "backwards": lambda x: x[::-1].copy()[::-1],
    "read_only": lambda x: np.frombuffer(x.tobytes(), np.float32).reshape(x.shape),
    "within_rounding": lambda x: x + np.float32(0.009),
    "cells_of_minus_inf": lambda x: np.where(x > -1, np.float32(0), np.float32(-np.inf)),
    "sparse": lambda x: SparseFrames.from_dense(x, 3),
    "torch": torch_tensor if importlib.util.find_spec("torch") else no_torch,
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("kind", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted_at_every_door(
    decoder: Decoder, door: Callable[..., str], kind: Callable[[NDArray[np.float32]], Any]
) -> None:
    assert door(decoder, kind(say(SAID))) == WORDS


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_no_frames_are_an_empty_result(decoder: Decoder, door: Callable[..., str]) -> None:
    for dtype in (np.float16, np.float32, np.float64):
        assert door(decoder, np.zeros((0, V), dtype)) == ""
        assert door(decoder, np.zeros((0, V), dtype), logits=True) == ""


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_logits_only_where_they_are_asked_for(decoder: Decoder, door: Callable[..., str]) -> None:
    raw = say(SAID) + np.arange(5, dtype=np.float32)[:, None]
    assert door(decoder, raw, logits=True) == WORDS
    assert door(decoder, say(SAID), logits=True) == WORDS  # a log-softmax changes no log-posteriors


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_one_frame_and_blanks_alone(decoder: Decoder, door: Callable[..., str]) -> None:
    assert door(decoder, say("我", sure=0.99999)) == "我"
    assert door(decoder, say("-" * 40, sure=0.99999)) == ""


# Streams name the frame since their beginning.


@pytest.mark.parametrize(
    ("bad", "message"), [(changed(math.nan), "row 102 holds NaN"), (padded(), "row 105 is no distribution")]
)
def test_rows_of_a_stream_are_counted_from_its_beginning(decoder: Decoder, bad: Any, message: str) -> None:
    stream = decoder.stream()
    stream.push(say("-" * 100))
    with pytest.raises(PosteriorError, match=message):
        stream.push(bad)
    stream.push(say(SAID))  # the stream is as it was
    assert stream.finish().text == WORDS


# Options, tokens, graphs, hotwords


def decoder_with(**options: Any) -> Callable[[Graph, Path], object]:
    return lambda graph, _: Decoder(graph, **options)


def build(**changes: str) -> Callable[[Graph, Path], object]:
    """Build a graph from files of which some are changed; None removes one."""

    def run(_: Graph, folder: Path) -> object:
        write_characters(folder)
        options: dict[str, Any] = {}
        for name, content in changes.items():
            if name == "blank":
                options["blank"] = content
            elif content == "missing":
                (folder / name.replace("_", ".")).unlink()
            else:
                (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
        return tlg.build_graph(
            lexicon=folder / "lexicon.txt",
            tokens=folder / "tokens.txt",
            lm=folder / "lm.arpa",
            out=folder / "graph",
            **options,
        )

    return run


CHARACTERS = [*dict.fromkeys("".join(TEXT))]

BAD_SETTINGS: dict[str, tuple[Callable[[Graph, Path], object], type[TlgError], str]] = {
    "beam_zero": (decoder_with(beam=0), InputError, "beam=0.0 is not above 0"),
    "beam_negative": (decoder_with(beam=-1), InputError, "beam=-1.0 is not above 0"),
    "max_active_zero": (decoder_with(max_active=0), InputError, "max_active=0 is not above 0"),
    "duplicate_tokens": (
        build(tokens_txt="<blk> 0\n我 1\n我 2\n"),
        InputError,
        r"tokens.txt:3: .*'我'",
    ),
    "bad_blank": (build(blank="<none>"), InputError, "<none>"),
    "no_blank_to_be_found": (
        build(tokens_txt="".join(f"{c} {i}\n" for i, c in enumerate(CHARACTERS))),
        InputError,
        "blank",
    ),
    "lexicon_token_unknown": (build(lexicon_txt="我 zh4\n"), InputError, r"lexicon.txt:1: .*'zh4'"),
    "lexicon_missing": (build(lexicon_txt="missing"), MissingFileError, "lexicon.txt: no such file"),
    "lm_missing": (build(lm_arpa="missing"), MissingFileError, "lm.arpa: no such file"),
    "lm_garbage": (build(lm_arpa="hello\n"), InputError, "lm.arpa"),
    "hotwords_a_str_is_a_path": (
        decoder_with(hotwords="abc"),
        InputError,
        "hotwords='abc' is a str, but no file of that name exists. Give the path",
    ),
    "graph_missing": (lambda _, folder: Decoder(folder / "none"), MissingFileError, "none: no such graph"),
}


@pytest.mark.parametrize("case", BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_bad_settings(
    characters: Graph, tmp_path: Path, case: tuple[Callable[[Graph, Path], object], type[TlgError], str]
) -> None:
    use, kind, message = case
    with pytest.raises(kind, match=message):
        use(characters, tmp_path)


def test_whole_numbers_are_numbers(characters: Graph) -> None:
    """pyctcdecode wants alpha=1.0 and refuses alpha=1."""
    assert Decoder(characters, beam=12, lm_weight=1, word_score=0).decode(say(SAID)).text == WORDS


def test_a_hotword_that_cannot_be_spelled_is_reported(characters: Graph) -> None:
    decoder = Decoder(characters, hotwords={"保定": 1.0, "龙王": 5.0, "我龙": 5.0})
    assert decoder.hotwords is not None
    assert [entry.phrase for entry in decoder.hotwords.report.rejected] == ["龙王", "我龙"]
    assert all("龙" in entry.reason for entry in decoder.hotwords.report.rejected)
    result = decoder.decode(say(SAID))
    assert [fired.phrase for fired in result.hotwords] == ["保定"]


def test_ties_are_decided_alike_in_every_run_and_thread(characters: Graph) -> None:
    even = np.full((9, V), -np.log(V), np.float32)
    decoder = Decoder(characters, lm_weight=0.0, acoustic_scale=1.0)
    best = decoder.decode(even)
    for threads in (1, 2, 5):
        assert decoder.decode_batch([even] * 20, threads=threads) == [best] * 20
    assert Decoder(characters, lm_weight=0.0).decode(even) == best


# The other cases of k2's, Kaldi's and NVIDIA's decoders, and where each is tested.
ELSEWHERE: dict[str, str] = {
    "lengths above T, below 0, too few, floats": "test_decoder_inputs.py::test_bad_batches",
    "lengths as torch tensors": "test_array_kinds.py::test_torch_batches",
    "CUDA, float8, quantised and nested tensors": "test_array_kinds.py::test_torch_refused",
    "devices through DLPack": "test_array_kinds.py::test_bad_dlpack",
    "no final state": "test_search.py::test_partial_when_no_final_state_is_reached",
    "T shorter than any path": "test_search.py::test_partial_when_no_final_state_is_reached",
    "no path goes on": "test_search.py::test_partial_when_no_path_goes_on",
    "all tokens pruned, min_active": "test_search.py::test_max_active_and_min_active",
    "max_active = 1, a tiny and a huge beam": "test_decoder.py::test_beam_and_max_active_extremes",
    "beam 0, NaN or not a number": "test_decoder.py::test_bad_options",
    "epsilon cycles": "test_search.py::test_bad_graphs",
    "a graph without states": "test_search.py::test_empty_graph",
    "labels beyond the width of the posteriors": "test_search.py::test_bad_graphs",
    "the same unit twice needs a blank": "test_search.py::test_repeats_need_a_blank",
    "repeats across epsilon arcs": "test_search.py::test_repeat_across_an_epsilon_arc",
    "any chunking gives the offline result": "test_stream.py::test_real_speech",
    "reset keeps or changes hotwords": "test_stream.py::test_hotwords_are_those_of_the_beginning",
    "finishing twice, partials after the end": "test_stream.py::test_after_the_end",
    "an hour in little memory": "test_stream.py::test_an_hour_of_speech_is_kept_in_little_room",
    "scores of an hour keep their digits": "test_search.py::test_long_utterances_keep_their_precision",
    "the caller's array is used again": "test_batch.py::test_memory_may_be_used_again_at_once",
    "a decoder that is pickled": "test_decoder.py::test_pickling_is_refused_with_the_way_out",
    "one stream on two threads": "test_stream.py::test_one_stream_on_two_threads_is_an_error",
    "a corrupt graph": "test_cli_decode.py::test_a_damaged_graph_is_named",
}


@pytest.mark.parametrize("place", ELSEWHERE.values(), ids=ELSEWHERE)
def test_elsewhere(place: str) -> None:
    file, _, name = place.partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
