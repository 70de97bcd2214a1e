"""When has the speaker finished? Kaldi's five rules, over blanks.

Source: Kaldi's online2/online-endpoint.h.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from tlg.errors import OptionError

__all__ = ["EndpointRule", "Endpointing"]

SLACK = 1e-9  # seconds: 3 * 0.1 is not 0.3


def _check_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value) or value < 0:
        raise OptionError(f"{name}={value!r} is not a number of 0 or more", remedy="Give seconds or nats")


@dataclasses.dataclass(frozen=True)
class EndpointRule:
    """One rule; it holds when all of its conditions do.

    Attributes:
        must_contain_nonsilence: there is a token other than silence in the best path.
        min_trailing_silence: seconds behind its last such token, at least.
        max_relative_cost: nats; how much worse than the best path the best one that may end here is, at
            most (``inf``: a path may be in mid-word).
        min_utterance_length: seconds, at least.

    Raises:
        OptionError: a value that is negative or no number.
    """

    must_contain_nonsilence: bool = True
    min_trailing_silence: float = 1.0
    max_relative_cost: float = math.inf
    min_utterance_length: float = 0.0

    def __post_init__(self) -> None:
        """Check the values."""
        for field in dataclasses.fields(self)[1:]:
            _check_number(field.name, getattr(self, field.name))

    def holds(self, *, trailing_silence: float, utterance_length: float, relative_cost: float) -> bool:
        """Return whether the rule holds; seconds, seconds and nats."""
        return (
            (utterance_length > trailing_silence or not self.must_contain_nonsilence)
            and trailing_silence >= self.min_trailing_silence - SLACK
            and relative_cost <= self.max_relative_cost
            and utterance_length >= self.min_utterance_length - SLACK
        )


@dataclasses.dataclass(frozen=True)
class Endpointing:
    """The rules of a stream's endpoint; the first that holds is the one reported. The defaults are Kaldi's.

    Attributes:
        frame_shift: seconds from one frame of posteriors to the next (the network's subsampling included:
            often 0.04).
        silence: tokens that count as silence, as the blank always does: a silence phone, a word boundary.
        rule1: 5 s of silence, if anything was said or not. None, here and below: no such rule.
        rule2: 0.5 s of silence behind speech, where a final state is likely (2 nats).
        rule3: 1 s, where one is near (8 nats).
        rule4: 2 s, wherever.
        rule5: 20 s of speech.

    Raises:
        OptionError: a value out of its range.
    """

    frame_shift: float
    silence: Sequence[str] = ()
    rule1: EndpointRule | None = EndpointRule(must_contain_nonsilence=False, min_trailing_silence=5.0)
    rule2: EndpointRule | None = EndpointRule(min_trailing_silence=0.5, max_relative_cost=2.0)
    rule3: EndpointRule | None = EndpointRule(min_trailing_silence=1.0, max_relative_cost=8.0)
    rule4: EndpointRule | None = EndpointRule(min_trailing_silence=2.0)
    rule5: EndpointRule | None = EndpointRule(
        must_contain_nonsilence=False, min_trailing_silence=0.0, min_utterance_length=20.0
    )

    def __post_init__(self) -> None:
        """Check the values."""
        _check_number("frame_shift", self.frame_shift)
        if not 0 < self.frame_shift < math.inf:
            raise OptionError(
                f"frame_shift={self.frame_shift} is not above 0", remedy="Give seconds, say 0.04"
            )
        if isinstance(self.silence, str):
            raise OptionError(
                f"silence={self.silence!r} is a str, not a list of tokens", remedy="Pass a list"
            )
        object.__setattr__(self, "silence", tuple(self.silence))

    def endpoint(self, *, num_frames: int, sound_end: int, relative_cost: float) -> str | None:
        """Return the name of the first rule that holds, or None.

        Args:
            num_frames: of the utterance so far.
            sound_end: the frame behind the last token of the best path that is no silence; 0: none.
            relative_cost: nats; see EndpointRule.
        """
        length = num_frames * self.frame_shift
        silence = (num_frames - sound_end) * self.frame_shift
        for name in ("rule1", "rule2", "rule3", "rule4", "rule5"):
            rule: EndpointRule | None = getattr(self, name)
            if rule is not None and rule.holds(
                trailing_silence=silence, utterance_length=length, relative_cost=relative_cost
            ):
                return name
        return None
