"""Language models of a caller's own, right and wrong ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlg.lm import NgramModel


class Foreign:
    """An NgramModel behind the contract's three methods alone."""

    def __init__(self, model: NgramModel) -> None:
        self.model = model

    def begin(self) -> int:
        return self.model.begin()

    def score(self, state: int, word: str) -> tuple[int, float]:
        return self.model.score(state, word)

    def end(self, state: int) -> float:
        return self.model.end(state)


class Knowing(Foreign):
    """One that says which words it knows."""

    def __contains__(self, word: object) -> bool:
        return word in self.model


class Batched(Knowing):
    """One that scores in batches."""

    def score_batch(self, states: Any, words: Any) -> tuple[NDArray[np.float32], list[int]]:
        scores, after = self.model.score_batch(states, words)
        return scores, after.tolist()


class Distributed(Foreign):
    """One that knows what may follow."""

    @property
    def vocabulary(self) -> tuple[str, ...]:
        return self.model.vocabulary

    def next_distribution(self, state: int) -> NDArray[np.float32]:
        return self.model.next_distribution(state)


class UnhashableState(Foreign):
    def begin(self) -> Any:
        return [self.model.begin()]


class StateByAddress(Foreign):
    class State:
        pass

    def begin(self) -> Any:
        return self.State()


class Positive(Foreign):
    def score(self, state: int, word: str) -> tuple[int, float]:
        return state, 0.5


class NotANumber(Foreign):
    def end(self, state: int) -> float:
        return float("nan")


class NoScore(Foreign):
    def end(self, state: int) -> float:
        return "low"  # type: ignore[return-value]


class Moody(Foreign):
    """One that answers otherwise the second time."""

    times = 0

    def score(self, state: int, word: str) -> tuple[int, float]:
        self.times += 1
        after, score = super().score(state, word)
        return after, score - self.times


class Forgetful(Foreign):
    """One whose state lacks what the scores depend on."""

    last = ""

    def score(self, state: int, word: str) -> tuple[int, float]:
        self.last = word
        return self.model.begin(bos=False), -1.0

    def end(self, state: int) -> float:
        return -1.0 - len(self.last)

    def begin(self) -> int:
        self.last = ""
        return self.model.begin(bos=False)


class NoSum(Distributed):
    def next_distribution(self, state: int) -> NDArray[np.float32]:
        return np.asarray(super().next_distribution(state) + np.float32(1))


class OtherShape(Distributed):
    def next_distribution(self, state: int) -> NDArray[np.float32]:
        return super().next_distribution(state)[1:]


class OtherFigures(Distributed):
    def next_distribution(self, state: int) -> NDArray[np.float32]:
        return np.full(len(self.model), -np.log(len(self.model)), np.float32)


class NoEnd(Distributed):
    @property
    def vocabulary(self) -> tuple[str, ...]:
        return tuple(word.replace("</s>", "end") for word in self.model.vocabulary)


class ShortBatch(Batched):
    def score_batch(self, states: Any, words: Any) -> tuple[NDArray[np.float32], list[int]]:
        scores, after = super().score_batch(states, words)
        return scores[1:], after


class OtherBatch(Batched):
    def score_batch(self, states: Any, words: Any) -> tuple[NDArray[np.float32], list[int]]:
        scores, after = super().score_batch(states, words)
        return scores - 1, after


RIGHT = (Foreign, Knowing, Batched, Distributed)
# What check_language_model says of the wrong ones.
WRONG: dict[type[Foreign], str] = {
    UnhashableState: "the state after '<s>' is list, which is not hashable",
    StateByAddress: "the state after '<s>' is another one the second time",
    Positive: "the score of 'a' after '<s>' is 0.5. Scores are natural logarithms",
    NotANumber: "the score of </s> after '<s>' is nan",
    NoScore: "the score of </s> after '<s>' is 'low', not a number",
    Moody: "the score of 'a' after '<s>' changes",
    Forgetful: "the score of </s> after|equal states score differently",
    NoSum: r"next_distribution after '<s>' sums to 2\.71828, not 1",
    OtherShape: r"has the shape \(5,\), not \(6,\)",
    OtherFigures: "'</s>' has the score .* in next_distribution. Both must be the same",
    NoEnd: "vocabulary has no '</s>'",
    ShortBatch: "score_batch gave 3 scores and 4 states for 4 words",
    OtherBatch: "score_batch and score differ on 'a' after '<s>'",
}
