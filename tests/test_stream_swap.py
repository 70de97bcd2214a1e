"""Streams that take other hotwords in the middle of an utterance."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from tests.decoder_cases import SPEECH, TERMS, say
from tests.reference.hotword_change import find_in_turn
from tests.reference.leftmost_longest import Phrase
from tlg import Decoder, Graph, Hotwords, Result
from tlg.errors import HotwordError, OptionError, StreamError

TEXT = "我在阳光保定今天气很好保险上班"


def in_turn(
    decoder: Decoder, lists: list[Any], text: str, frames: list[int], *, chunk: int = 1000
) -> tuple[Result, list[Any]]:
    """Decode a text of one frame a character; list i + 1 comes into force at frames[i]."""
    x = say(text, sure=0.999)
    stream = decoder.stream(hotwords=lists[0])
    seen = []
    for (start, end), later in zip(itertools.pairwise([0, *frames, len(x)]), [*lists[1:], None], strict=True):
        for at in range(start, end, chunk):
            seen.append(stream.push(x[at : min(end, at + chunk)]))
        if later is not None:
            stream.use_hotwords(later, now=True)
    return stream.finish(), seen


def test_what_is_whole_stays_and_the_rest_is_read_again(characters: Graph) -> None:
    decoder = Decoder(characters, hotword_bias=1.0)
    stream = decoder.stream(hotwords={"保定": 5.0, "保定今天": 7.0, "我在": 0.0})
    stream.push(say("我在保定今", sure=0.999))
    assert [one.phrase for one in stream.partial().hotwords] == ["我在", "保定"]
    # 保定 might have become 保定今天: it is a match now, and 今 may begin another one.
    stream.use_hotwords({"今天": 1.0, "保定今天气": 50.0}, now=True)
    assert [(one.phrase, one.start, one.end) for one in stream.partial().hotwords] == [
        ("我在", 0, 2),
        ("保定", 2, 4),
    ]
    result = stream.push(say("天气", sure=0.999)) and stream.finish()
    assert result.text == "我在保定今天气"
    assert [one[:4] for one in result.hotwords] == [
        ("我在", 0, 2, 2.0),
        ("保定", 2, 4, 7.0),
        ("今天", 4, 6, 3.0),
    ]
    assert result.hotword_score == 12.0
    assert result.hotwords_version == 2
    assert result.score == pytest.approx(sum(getattr(result, term) for term in TERMS))


@pytest.mark.parametrize("seed", range(30))
def test_any_lists_against_the_rule(characters: Graph, seed: int) -> None:
    dice = random.Random(seed)
    text = "".join([*dice.sample(TEXT, 6), *"保定今", *dice.sample(TEXT, 4)])
    text = "".join(a for a, _ in itertools.groupby(text))  # one frame each: a repeat would be one token

    def random_list() -> dict[str, float]:
        phrases = {}
        for _ in range(dice.randrange(5)):
            start = dice.randrange(len(text))
            phrases[text[start : start + dice.randrange(1, 6)]] = dice.choice([0.0, 1.0, 2.5])
        return phrases

    lists = [random_list() for _ in range(dice.randrange(2, 5))]
    frames = sorted(dice.sample(range(1, len(text)), len(lists) - 1))
    decoder = Decoder(characters, hotword_bias=0.5, lm_weight=0.1)
    result, _ = in_turn(decoder, lists, text, frames)
    assert "".join(result.tokens) == text  # sure enough that no list changes it
    listed = [[Phrase(tuple(one), 0.5, weight) for one, weight in phrases.items()] for phrases in lists]
    wanted = [
        ("".join(phrase.units), start, end, phrase.reward)
        for phrase, start, end in find_in_turn(listed, text, frames)
    ]
    assert [one[:4] for one in result.hotwords] == wanted
    assert result.hotword_score == sum(reward for *_, reward in wanted)
    in_pieces, partials = in_turn(decoder, lists, text, frames, chunk=1)
    assert in_pieces == result
    for partial in partials:
        assert partial.hotword_score == sum(one.reward for one in partial.hotwords)
        assert partial.stable_hotwords == result.hotwords[: len(partial.stable_hotwords)] or any(
            one.end == len(text) for one in partial.stable_hotwords
        )


def test_real_speech_and_lists_over_words(speech: Graph, utterances: list[Any]) -> None:
    decoder = Decoder(speech, **SPEECH)
    words = [word for x in utterances for word in decoder.decode(x).words]
    lists = [Hotwords(words[i::4], graph=speech) for i in range(4)]
    for number, x in enumerate(utterances):
        stream = decoder.stream(hotwords=lists[number % 4])
        fired = 0
        size = len(x) // 5 + 1
        for turn, start in enumerate(range(0, len(x), size)):
            partial = stream.push(x[start : start + size])
            assert partial.hotword_score == pytest.approx(sum(one.reward for one in partial.hotwords))
            assert len(partial.stable_hotwords) >= fired
            fired = len(partial.stable_hotwords)
            stream.use_hotwords(lists[(number + turn + 1) % 4], now=True)
            assert stream.partial().hotwords[:fired] == partial.stable_hotwords
        result = stream.finish()
        assert result.hotword_score == pytest.approx(sum(one.reward for one in result.hotwords))
        assert all(one.phrase in result.words for one in result.hotwords)
        for one in result.hotwords:
            assert any((span.start, span.end) == (one.start, one.end) for span in result.word_spans)
    stream = decoder.stream(hotwords=lists[0])
    stream.push(utterances[0][:20])
    stream.use_hotwords([], now=True)
    stream.push(utterances[0][20:])
    stream.use_hotwords(lists[1], now=True)
    assert stream.finish().hotwords_version == 2  # numbered as they come into force, the empty one third


def test_a_change_before_the_first_frame_or_behind_the_last(characters: Graph) -> None:
    decoder = Decoder(characters)
    x = say("我在保定")
    stream = decoder.stream(hotwords=["阳光"])
    stream.use_hotwords(["保定"], now=True)
    assert stream.push(x) and stream.finish() == Decoder(characters, hotwords=["保定"]).decode(x)
    stream.reset()
    stream.push(x)
    stream.use_hotwords([], now=True)
    result = stream.finish()
    assert [one.phrase for one in result.hotwords] == ["保定"]  # it was whole already
    assert result.hotwords_version == stream.hotwords_version


def test_the_decoders_list_is_taken_when_asked_for(characters: Graph) -> None:
    decoder = Decoder(characters, hotwords=["阳光"])
    x = say("我在保定")
    stream, other = decoder.stream(), decoder.stream()
    stream.push(x[:1])
    other.push(x[:1])
    decoder.hotwords = ["保定"]
    assert stream.hotwords_version == 1
    stream.use_hotwords(now=True)
    other.use_hotwords()  # from the next utterance on
    assert (stream.hotwords_version, other.hotwords_version) == (2, 1)
    assert stream.hotwords is decoder.hotwords
    for one in stream, other:
        one.push(x[1:])
    assert [one.phrase for one in stream.finish().hotwords] == ["保定"]
    assert other.finish().hotwords == []
    other.reset()
    assert other.hotwords_version == 2


def test_the_same_list_again_changes_nothing(characters: Graph) -> None:
    hot = Hotwords({"保定": 0.0, "保定今天": 0.0}, graph=characters)
    decoder = Decoder(characters, hotwords=hot)
    x = say("保定今天")
    stream = decoder.stream()
    for row in x:
        stream.push(row[np.newaxis])
        stream.use_hotwords(now=True)
    assert stream.finish() == decoder.decode(x)


def test_a_partial_is_about_the_list_of_then(characters: Graph) -> None:
    stream = Decoder(characters).stream(hotwords=["我在"])
    partial = stream.push(say("我在保"))
    stream.use_hotwords(["保定"], now=True)
    assert (partial.hotwords_version, stream.partial().hotwords_version) == (1, 2)
    assert [one.phrase for one in partial.hotwords] == ["我在"]


def test_what_is_refused(characters: Graph, speech: Graph, utterances: list[Any]) -> None:
    x = say("我在保定")
    stream = Decoder(characters, nbest=2).stream(hotwords=["保定"])
    stream.push(x)
    with pytest.raises(OptionError, match="more than the best path cannot change its hotwords within"):
        stream.use_hotwords(["阳光"], now=True)
    assert stream.hotwords_version == 1
    assert [one.phrase for one in stream.finish().hotwords] == ["保定"]
    with pytest.raises(StreamError, match="the stream is finished"):
        stream.use_hotwords(["阳光"], now=True)

    stream = Decoder(speech, **SPEECH).stream(hotwords=["the"])
    stream.push(utterances[0][:50])
    over_tokens = Hotwords(["a"], graph=speech, match="units", boundary=None)
    with pytest.raises(OptionError, match=r"matched on words, those of the new list on tokens. Change lists"):
        stream.use_hotwords(over_tokens, now=True)
    with pytest.raises(HotwordError):
        stream.use_hotwords("no such file", now=True)
    assert stream.hotwords_version == 1
    stream.reset()
    assert stream.hotwords_version == 1  # what was refused is not the stream's own either
    stream.use_hotwords(over_tokens)
    assert stream.hotwords is over_tokens
