"""Cells of other decoders' failures that are about searching: repeats around skipped blanks, hotwords that must not help."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tlg
from tests.decoder_cases import SYMBOLS, TEXT, say
from tlg import Decoder, Graph, Hotwords
from tlg.errors import TlgError

V = len(SYMBOLS)


@pytest.mark.parametrize("skip", [1.0, 0.8, 0.2])
@pytest.mark.parametrize("blanks", ["-", "--", "-----"])
def test_equal_tokens_around_skipped_blanks_stay_two(characters: Graph, blanks: str, skip: float) -> None:
    decoder = Decoder(characters, blank_skip=skip, lm_weight=0.1)
    result = decoder.decode(say(f"今天{blanks}天气{blanks}很好{blanks}"))
    assert result.text == "今天天气很好"
    assert result.num_frames == 6 + 3 * len(blanks)
    starts = [start for start, _ in result.token_spans]
    assert starts == [0, 1, 2 + len(blanks), 3 + len(blanks), 4 + 2 * len(blanks), 5 + 2 * len(blanks)]


@pytest.mark.parametrize("skip", [1.0, 0.8])
def test_nothing_but_blanks(characters: Graph, skip: float) -> None:
    result = Decoder(characters, blank_skip=skip, nbest=2, lattice_beam=4.0).decode(say("-" * 40, sure=0.999))
    assert result.text == "" and result.num_frames == 40
    stream = Decoder(characters, blank_skip=skip).stream()
    stream.push(say("-" * 40, sure=0.999))
    assert stream.finish().text == ""


def test_a_list_that_nothing_begins_leaves_every_score_alone(characters: Graph) -> None:
    """Not a unit of the list is in reach of the beam: results are those without it, bit for bit."""
    said = say("我-在保定", sure=0.9999999)
    options: dict[str, Any] = {"beam": 8.0, "acoustic_scale": 2.0}
    plain = Decoder(characters, **options).decode(said)
    listed = Decoder(characters, hotwords={"阳光": 1.0, "天气很好": 0.0}, hotword_bias=0.5, **options).decode(
        said
    )
    assert plain.text == listed.text == "我在保定" and listed.hotwords == []
    for term in ("score", "am_score", "lm_score", "word_score", "blank_score", "hotword_score"):
        assert getattr(listed, term) == getattr(plain, term), term
    np.testing.assert_array_equal(listed.word_spans, plain.word_spans)


def test_an_unfinished_phrase_at_the_end_gives_everything_back(characters: Graph) -> None:
    said = say("阳光")
    plain = Decoder(characters).decode(said)
    begun = Decoder(characters, hotwords={"阳光保险上班": 5.0}).decode(said)
    assert begun.text == plain.text == "阳光"
    assert begun.hotword_score == 0.0 and begun.score == plain.score and begun.hotwords == []


def test_a_phrase_that_ends_with_the_last_frame_is_paid_in_full(characters: Graph) -> None:
    result = Decoder(characters, hotwords={"保定": 3.0}, hotword_bias=0.25).decode(say("我在保定"))
    assert [fired.phrase for fired in result.hotwords] == ["保定"]
    assert result.hotword_score == pytest.approx(3.5)


def test_a_phrase_of_one_common_token(characters: Graph) -> None:
    result = Decoder(characters, hotwords={"天": 1.0}, hotword_bias=0.5).decode(say("今天-天气"))
    assert result.text == "今天天气" and len(result.hotwords) == 2
    assert result.hotword_score == pytest.approx(3.0)


def test_the_blank_is_never_rewarded(characters: Graph) -> None:
    report = Hotwords(["<blk>", "-", "保定"], tokens=["-", "保", "定", "<blk>"], blank="-").report
    assert [entry.phrase for entry in report.rejected] == ["-"]
    decoder = Decoder(characters, hotwords=["<blk>"])
    assert decoder.hotwords is not None
    assert [entry.phrase for entry in decoder.hotwords.report.rejected] == ["<blk>"]


@pytest.mark.parametrize("phrase", ["ＡＢ", "保：定", "保:定", "保龙定", "BAODING"])
def test_phrases_with_units_that_are_no_tokens_are_rejected_whole(characters: Graph, phrase: str) -> None:
    decoder = Decoder(characters, hotwords={phrase: 50.0})
    assert decoder.hotwords is not None
    (entry,) = decoder.hotwords.report.rejected
    assert entry.phrase == phrase and entry.reason and entry.remedy
    said = say("我在保定")
    assert decoder.decode(said) == Decoder(characters).decode(said)


def test_twenty_thousand_phrases(characters: Graph) -> None:
    dice = random.Random(1)
    phrases = {"".join(dice.choices(SYMBOLS[1:], k=dice.randint(5, 9))): 0.01 for _ in range(20_000)}
    phrases["保定"] = 2.0
    decoder = Decoder(characters, hotwords=phrases, hotword_bias=0.01)
    assert decoder.hotwords is not None and not decoder.hotwords.report.rejected
    result = decoder.decode(say("我-在保定"))
    assert result.text == "我在保定" and "保定" in [fired.phrase for fired in result.hotwords]


TWICE: dict[str, Callable[[], object]] = {
    "greedy": lambda: tlg.greedy(np.log(np.full((1, 3), 1 / 3)), ["<blk>", "a", "a"]),
    "prefix_beam": lambda: tlg.prefix_beam(np.log(np.full((1, 3), 1 / 3)), ["<blk>", "a", "a"]),
}


@pytest.mark.parametrize("use", TWICE.values(), ids=TWICE)
def test_a_token_that_is_there_twice(use: Callable[[], object]) -> None:
    with pytest.raises(TlgError, match=r"'a'"):
        use()


def test_a_swapped_list_reaches_new_streams_alone(characters: Graph) -> None:
    """The list changes while a stream stands in the middle of one of its phrases."""
    decoder = Decoder(characters, hotwords={"保定": 3.0}, hotword_bias=0.25)
    stream = decoder.stream()
    stream.push(say("我在保"))
    decoder.hotwords = {"我在": 1.0}
    stream.push(say("定"))
    assert [fired.phrase for fired in stream.finish().hotwords] == ["保定"]
    assert [fired.phrase for fired in decoder.decode(say(TEXT[3])).hotwords] == ["我在"]
