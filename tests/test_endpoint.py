"""Endpoint rules against a slow twin of Kaldi's, and on streams."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest

from tests.decoder_cases import say
from tests.reference.endpoint_twin import endpoint_detected
from tlg import Decoder, Endpointing, EndpointRule, Graph
from tlg.errors import OptionError, TokensError

RULES = ("rule1", "rule2", "rule3", "rule4", "rule5")


def as_twin(rule: EndpointRule) -> tuple[bool, float, float, float]:
    return (
        rule.must_contain_nonsilence,
        rule.min_trailing_silence,
        rule.max_relative_cost,
        rule.min_utterance_length,
    )


def check(endpointing: Endpointing, num_frames: int, sound_end: int, cost: float) -> None:
    found = endpointing.endpoint(num_frames=num_frames, sound_end=sound_end, relative_cost=cost)
    rules = {name: as_twin(getattr(endpointing, name)) for name in RULES}
    assert found == endpoint_detected(
        rules, num_frames, num_frames - sound_end, endpointing.frame_shift, cost
    )


def test_the_defaults_are_kaldis() -> None:
    given = [as_twin(getattr(Endpointing(frame_shift=0.04), name)) for name in RULES]
    assert given == [
        (False, 5.0, math.inf, 0.0),
        (True, 0.5, 2.0, 0.0),
        (True, 1.0, 8.0, 0.0),
        (True, 2.0, math.inf, 0.0),
        (False, 0.0, math.inf, 20.0),
    ]
    for shift, (num_frames, silence), cost in itertools.product(
        (0.01, 0.04, 0.08),
        itertools.product((0, 1, 12, 13, 25, 49, 50, 51, 125, 499, 500, 2000), repeat=2),
        (-1.0, 0.0, 2.0, 2.5, 8.0, 9.0, math.inf),
    ):
        if silence <= num_frames:
            check(Endpointing(frame_shift=shift), num_frames, num_frames - silence, cost)


def test_any_rules() -> None:
    rng = random.Random(3)
    for _ in range(1000):
        rules: dict[str, Any] = {
            name: EndpointRule(
                must_contain_nonsilence=rng.random() < 0.5,
                min_trailing_silence=rng.choice([0.0, 0.25, 1.0]),
                max_relative_cost=rng.choice([0.0, 4.0, math.inf]),
                min_utterance_length=rng.choice([0.0, 0.5, 2.0]),
            )
            for name in RULES
        }
        frames = rng.randint(0, 100)
        cost = rng.choice([0.0, 3.0, 5.0, math.inf])
        check(Endpointing(frame_shift=0.03125, **rules), frames, rng.randint(0, frames), cost)


def test_a_length_that_is_met_counts() -> None:
    """3 * 0.1 is less than nothing above 0.3, 0.57 * 100 a little below 57."""
    rule = EndpointRule(min_trailing_silence=57.0)
    endpointing = Endpointing(frame_shift=0.57, rule1=None, rule2=None, rule3=None, rule4=rule, rule5=None)
    assert endpointing.endpoint(num_frames=101, sound_end=1, relative_cost=0.0) == "rule4"
    assert endpointing.endpoint(num_frames=100, sound_end=1, relative_cost=0.0) is None


def test_on_a_stream(characters: Graph) -> None:
    decoder = Decoder(characters, acoustic_scale=3.0)
    stream = decoder.stream(endpointing=Endpointing(frame_shift=0.1))
    found = []
    for row in say("--我在上班----------", sure=0.99):
        stream.push(row[None])
        found.append(stream.endpoint)
    # The last token takes frame 5; half a second behind it is frame 10, and 上班 may end a sentence.
    assert found.index("rule2") == 10
    assert set(found[:10]) == {None}
    assert stream.finish().text == "我在上班"
    stream.reset()
    for row in say("-" * 50):
        assert stream.endpoint is None
        stream.push(row[None])
    assert stream.endpoint == "rule1"
    assert decoder.stream().endpoint is None


def test_silence_tokens(speech: Graph, utterances: list[Any]) -> None:
    decoder = Decoder(speech, beam=12.0)
    frames = utterances[0]
    all_sounds, no_separators = (
        decoder.stream(endpointing=Endpointing(frame_shift=0.04, silence=silence))
        for silence in ([], ["<wb>"])
    )
    earlier = 0
    for t in range(0, len(frames), 2):
        spans = all_sounds.push(frames[t : t + 2]).word_spans
        no_separators.push(frames[t : t + 2])
        ends = [stream._look().found.sound_end for stream in (all_sounds, no_separators)]
        assert ends[1] <= ends[0]
        if ends[1] < ends[0]:  # a word ends before the separator behind it
            assert ends[1] == spans[-1].end
            earlier += 1
    assert earlier > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frame_shift": 0.0}, "frame_shift=0.0 is not above 0"),
        ({"frame_shift": math.inf}, "not above 0"),
        ({"frame_shift": math.nan}, "not a number"),
        ({"frame_shift": "0.04"}, "not a number"),
        ({"frame_shift": 0.04, "silence": "SIL"}, "not a list of tokens"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Endpointing(**options)


def test_bad_rules(characters: Graph) -> None:
    for name in ("min_trailing_silence", "max_relative_cost", "min_utterance_length"):
        with pytest.raises(OptionError, match=f"{name}=-1.0 is not a number of 0 or more"):
            EndpointRule(**{name: -1.0})  # type: ignore[arg-type]
    with pytest.raises(TokensError, match="SIL"):
        Decoder(characters).stream(endpointing=Endpointing(frame_shift=0.04, silence=["SIL"]))
