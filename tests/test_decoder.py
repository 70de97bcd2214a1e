"""tlg.Decoder as its user calls it: results, what is fixed, options."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from typing import Any

import numpy as np
import pytest

from tests.conftest import EXAMPLES
from tests.decoder_cases import (
    SPEECH,
    check_result,
    say,
)
from tlg import (
    Decoder,
    Graph,
    Hotwords,
    SearchOptions,
    SparseFrames,
)
from tlg.errors import (
    HotwordError,
    OptionError,
)


@pytest.fixture
def graph(characters: Graph) -> Graph:
    return characters


# Results


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
    "max_active_huge": ({"max_active": 2**31}, "max_active=2147483648 is not at most"),
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
