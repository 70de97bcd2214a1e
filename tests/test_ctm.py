"""CTM files: NIST's columns, times that meet, what cannot be written."""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tlg
from tlg import Decoder, Graph, score
from tlg.decoder.ctm import CtmWord, ctm_lines, ctm_texts, read_ctm, write_ctm
from tlg.decoder.result import Result, WordSpan
from tlg.errors import MissingFileError, OptionError, OutputError, TextError


def result(*spans: tuple[str, int, int]) -> Result:
    return Result(
        text=" ".join(word for word, _, _ in spans),
        words=[word for word, _, _ in spans],
        word_spans=[WordSpan(*span) for span in spans],
        tokens=[],
        token_spans=[],
        score=0.0,
        am_score=0.0,
        lm_score=0.0,
        word_score=0.0,
        blank_score=0.0,
        hotword_score=0.0,
        hotwords=[],
        partial=False,
        num_frames=100,
    )


def test_lines() -> None:
    said = result(("the", 3, 8), ("猫", 8, 20), ("uh", 20, 20))
    assert ctm_lines("utt-1", said, frame_shift=0.04) == [
        "utt-1 1 0.120 0.200 the\n",
        "utt-1 1 0.320 0.480 猫\n",
        "utt-1 1 0.800 0.000 uh\n",
    ]
    assert ctm_lines(
        "call", said, frame_shift=0.01, channel="B", offset=12.5, confidence=[1, 0.5, 0.00004]
    ) == [
        "call B 12.530 0.050 the 1.0000\n",
        "call B 12.580 0.120 猫 0.5000\n",
        "call B 12.700 0.000 uh 0.0000\n",
    ]
    assert ctm_lines("utt", result(), frame_shift=0.04) == []


def test_confidences_of_the_result() -> None:
    plain = result(("a", 0, 1), ("b", 1, 2))
    sure = dataclasses.replace(plain, confidence=[0.98765, 1.0])
    assert ctm_lines("u", sure, frame_shift=0.1) == [
        "u 1 0.000 0.100 a 0.9877\n",
        "u 1 0.100 0.100 b 1.0000\n",
    ]
    with pytest.raises(OptionError, match="1 confidences for 2 words"):
        ctm_lines("u", plain, frame_shift=0.1, confidence=[0.5])


@given(
    ends=st.lists(st.integers(0, 400), min_size=1, max_size=8).map(sorted),
    frame_shift=st.sampled_from([0.01, 0.0125, 0.016, 0.04, 1 / 3, 0.06]),
)
def test_words_that_meet_meet_in_the_file(ends: list[int], frame_shift: float) -> None:
    spans = [(f"w{n}", start, end) for n, (start, end) in enumerate(zip([0, *ends], ends, strict=False))]
    at = 0
    for line, (_, start, end) in zip(
        ctm_lines("u", result(*spans), frame_shift=frame_shift), spans, strict=True
    ):
        begin, duration = (round(1000 * float(field)) for field in line.split()[2:4])
        assert begin == at
        at += duration
        assert abs(begin / 1000 - start * frame_shift) <= 0.0005 + 1e-12
        assert abs(at / 1000 - end * frame_shift) <= 0.0005 + 1e-12


@pytest.mark.parametrize("shift", [0.0, -0.01, float("nan"), float("inf")])
def test_frame_shift(shift: float) -> None:
    with pytest.raises(OptionError, match=r"frame_shift=.* is not above 0\. Give seconds a frame"):
        ctm_lines("u", result(), frame_shift=shift)
    with pytest.raises(TypeError, match="frame_shift"):
        ctm_lines("u", result())  # type: ignore[call-arg]  # seconds are never guessed
    with pytest.raises(OptionError, match=r"offset=-1 is not 0 or more"):
        ctm_lines("u", result(), frame_shift=0.1, offset=-1)


@pytest.mark.parametrize("name", ["", "a b", "a\tb", "a\n", ";;a", "a\u3000b"])
def test_ids_that_cannot_stand(name: str) -> None:
    with pytest.raises(
        TextError, match=r"the utterance id .* cannot stand in a CTM file: .* Give another utterance id"
    ):
        ctm_lines(name, result(("a", 0, 1)), frame_shift=0.1)
    with pytest.raises(TextError, match=r"the channel .* cannot stand in a CTM file"):
        ctm_lines("u", result(("a", 0, 1)), frame_shift=0.1, channel=name)


def test_words_that_cannot_stand() -> None:
    for word in ("", "a b"):
        with pytest.raises(TextError, match=r"the word .* cannot stand"):
            ctm_lines("u", result((word, 0, 1)), frame_shift=0.1)
    assert ctm_lines("u", result((";;", 0, 1)), frame_shift=0.1) == ["u 1 0.000 0.100 ;;\n"]


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "a.ctm.gz"
    items = [("u2", result(("the", 3, 8), ("cat", 8, 20))), ("empty", result()), ("u1", result(("猫", 0, 2)))]
    write_ctm(file, iter(items), frame_shift=0.1)
    assert gzip.decompress(file.read_bytes()).decode() == (
        "u2 1 0.300 0.500 the\nu2 1 0.800 1.200 cat\nu1 1 0.000 0.200 猫\n"
    )
    words = read_ctm(file)
    assert words[1] == CtmWord("u2", "1", 0.8, 1.2, "cat", None)
    assert ctm_texts(words) == {"u2": "the cat", "u1": "猫"}
    with pytest.raises(TextError, match="the utterance id 'a b'"):
        write_ctm(file, [("u", items[0][1]), ("a b", items[0][1])], frame_shift=0.1)
    assert ctm_texts(read_ctm(file)) == {"u2": "the cat", "u1": "猫"}
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(OutputError, match="nowhere"):
        write_ctm(tmp_path / "nowhere" / "a.ctm", [], frame_shift=0.1)


def test_reading(tmp_path: Path) -> None:
    file = tmp_path / "a.ctm"
    file.write_text(
        ";; a comment\n\nu A 1.5 .2 b 0.5\r\nu A 0 1 a\n ;; more\nu B 0.5 1e-1 c 1\n", encoding="utf-8"
    )
    assert [word.word for word in read_ctm(file)] == ["b", "a", "c"]
    assert [word.confidence for word in read_ctm(file)] == [0.5, None, 1.0]
    assert ctm_texts(read_ctm(file)) == {"u": "a b c"}
    for line in (
        "u 1 0 1",
        "u 1 x 1 a",
        "u 1 0 1 a b",
        "u 1 0 1 a 0.5 more",
        "u 1 -1 1 a",
        "u 1 0 nan a",
        "u 1 inf 1 a",
    ):
        file.write_text(f";;\nu 1 0 1 a\n{line}\n", encoding="utf-8")
        with pytest.raises(
            TextError, match=r"a\.ctm:3: is not 'recording channel begin duration word \[confidence\]'"
        ):
            read_ctm(file)
    with pytest.raises(MissingFileError, match="none"):
        read_ctm(tmp_path / "none.ctm")


def test_of_a_decoder(speech: Graph, utterances: list[Any], tmp_path: Path) -> None:
    results = {f"u{n}": r for n, r in enumerate(Decoder(speech).decode_batch(utterances))}
    write_ctm(tmp_path / "a.ctm", results.items(), frame_shift=0.02)
    words = read_ctm(tmp_path / "a.ctm")
    texts = {name: r.text for name, r in results.items() if r.words}
    assert ctm_texts(words) == texts
    assert score(texts, ctm_texts(words)).errors == 0
    np.testing.assert_allclose(
        [(word.start, word.start + word.duration) for word in words],
        [(0.02 * s.start, 0.02 * s.end) for r in results.values() for s in r.word_spans],
        atol=0.00051,
    )


def test_what_is_no_result_is_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"utterance 'u1': a NoneType has no words\. Pass a Result"):
        write_ctm(tmp_path / "a.ctm", [("u1", None)], frame_shift=0.04)  # type: ignore[list-item]
    with pytest.raises(OptionError, match=r"results are a dict, not pairs\. Pass results\.items\(\)"):
        write_ctm(tmp_path / "a.ctm", {"u1": result()}, frame_shift=0.04)  # type: ignore[dict-item]
    assert not list(tmp_path.iterdir())


def test_a_result_of_prefix_search_has_times_too(tmp_path: Path) -> None:
    log_probs = np.log(np.array([[0.02, 0.96, 0.02], [0.96, 0.02, 0.02], [0.02, 0.02, 0.96]]))
    found = tlg.prefix_beam(log_probs, ["<blk>", "a", "b"])
    write_ctm(tmp_path / "a.ctm", [("u1", found)], frame_shift=0.5)
    assert [word.word for word in read_ctm(tmp_path / "a.ctm")] == found.words
    assert read_ctm(tmp_path / "a.ctm")[0].confidence is None
