"""Kaldi's endpoint rules, as its online2/online-endpoint.cc states them, in exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

Rule = tuple[bool, float, float, float]  # must contain nonsilence, trailing silence, relative cost, length


def endpoint_detected(
    rules: dict[str, Rule], num_frames: int, trailing_silence_frames: int, frame_shift: float, cost: float
) -> str | None:
    """The first rule that is activated, in the order given; None: no endpoint."""
    shift = Fraction(str(frame_shift))
    utterance_length = num_frames * shift
    trailing_silence = trailing_silence_frames * shift
    contains_nonsilence = utterance_length > trailing_silence
    for name, (must_contain_nonsilence, min_silence, max_cost, min_length) in rules.items():
        if (
            (contains_nonsilence or not must_contain_nonsilence)
            and trailing_silence >= Fraction(str(min_silence))
            and (math.isinf(max_cost) or (not math.isinf(cost) and Fraction(cost) <= Fraction(max_cost)))
            and utterance_length >= Fraction(str(min_length))
        ):
            return name
    return None
