"""LanguageModel: what a model of the caller's own must have, and a check that it has it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Protocol, TypeGuard, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tlg.errors import ContractError, OptionError

__all__ = [
    "BatchedModel",
    "DistributionModel",
    "LanguageModel",
    "check_language_model",
    "check_scorer",
    "has_batch",
    "has_distribution",
]

State = TypeVar("State", bound=Hashable)

# A distribution in float32 over 100,000 words sums to 1 within about this.
SUM_TOLERANCE = 1e-3
SCORE_TOLERANCE = 1e-4


@runtime_checkable
class LanguageModel(Protocol[State]):
    """Anything that scores the words of a sentence one after another, in nats.

    A state is what the model needs to know of the words so far. It is hashable and compared by value:
    equal states must score alike whatever follows, for then hypotheses that reach the same state can be
    recombined. States are kept, compared and handed back, and never looked into.

    The model must not change while it is in use, and the same question must get the same answer.

    Two things more are used where they are there: ``score_batch`` (BatchedModel) and
    ``next_distribution`` (DistributionModel). A model that tells its words by ``word in model`` has its
    unknown words counted apart by ``perplexity``. docs/lm_query.md has a complete example.
    """

    def begin(self) -> State:
        """Return the state at the start of a sentence, after ``<s>``."""
        ...

    def score(self, state: State, word: str, /) -> tuple[State, float]:
        """Return the state after a word, and the word's score in nats: at most 0, -inf for "never"."""
        ...

    def end(self, state: State, /) -> float:
        """Return the score of ``</s>`` in nats."""
        ...


@runtime_checkable
class BatchedModel(LanguageModel[State], Protocol[State]):
    """A LanguageModel that scores many words at once, each in its own state: networks are faster so."""

    def score_batch(
        self, states: Sequence[State], words: Sequence[str], /
    ) -> tuple[NDArray[np.float32], Sequence[State]]:
        """Return the scores in nats, float32 [B], and the B states that follow."""
        ...


@runtime_checkable
class DistributionModel(LanguageModel[State], Protocol[State]):
    """A LanguageModel that gives the distribution of the next word: what ``generate`` needs."""

    @property
    def vocabulary(self) -> Sequence[str]:
        """The words, ``</s>`` among them; ``next_distribution`` has one column for each."""
        ...

    def next_distribution(self, state: State, /) -> NDArray[np.floating[Any]]:
        """Return the scores in nats of all words and ``</s>``, [V]; -inf for what cannot come (``<s>``).

        The probabilities sum to 1.
        """
        ...


def has_batch(model: LanguageModel[State]) -> TypeGuard[BatchedModel[State]]:
    """Tell whether a model scores in batches."""
    return callable(getattr(model, "score_batch", None))


def has_distribution(model: LanguageModel[State]) -> TypeGuard[DistributionModel[State]]:
    """Tell whether a model gives the distribution of the next word."""
    return callable(getattr(model, "next_distribution", None)) and hasattr(model, "vocabulary")


def check_scorer(model: object) -> None:
    """Raise OptionError unless the three methods of LanguageModel are there."""
    missing = [name for name in ("begin", "score", "end") if not callable(getattr(model, name, None))]
    if missing:
        raise OptionError(
            f"{type(model).__name__} is no language model: it has no {', '.join(missing)}",
            remedy="Pass an NgramModel or a class with the methods of tlg.lm.LanguageModel",
        )


def check_language_model(model: LanguageModel[State], sentences: Iterable[Sequence[str]]) -> None:
    """Try a model of your own against the contract; return when it keeps it.

    Checked: states are hashable and equal when reached twice; scores are numbers at most 0 and the same
    each time; ``score_batch`` and ``next_distribution``, where there, agree with ``score`` and ``end``;
    distributions sum to 1.

    Args:
        model: the model.
        sentences: what to try it on, lists of words: a few real ones, one with unknown words. The
            empty sentence is added.

    Raises:
        ContractError: says which rule is broken, on which sentence, and how to mend it.
        OptionError: there is no sentence, or the three methods are not there.
    """
    check_scorer(model)
    tried = [list(words) for words in sentences]
    if not tried:
        raise OptionError("there is no sentence to try the model on", remedy="Give a few lists of words")
    for words in [*tried, []]:
        _check_sentence(model, words)
    if has_batch(model):
        _check_batch(model, tried)
    seen: dict[State, tuple[str, float]] = {}
    for words in tried:  # the end of a sentence stands for whatever may follow
        state = model.begin()
        for at in range(len(words) + 1):
            where = _where(words, at)
            before, score = seen.setdefault(state, (where, float(model.end(state))))
            if not _close(score, float(model.end(state))):
                raise ContractError(
                    f"equal states score differently: after {before} and after {where}",
                    remedy="A state must hold all that later scores depend on",
                )
            if at < len(words):
                state, _ = model.score(state, words[at])


def _where(words: Sequence[str], at: int) -> str:
    """Name a place in a sentence, by the words before it."""
    return repr(" ".join(["<s>", *words[:at]]))


def _close(one: float, other: float) -> bool:
    return one == other or abs(one - other) <= SCORE_TOLERANCE


def _checked_score(value: Any, where: str, what: str) -> float:
    try:
        score = float(value)
    except (TypeError, ValueError) as error:
        raise ContractError(
            f"the score of {what} after {where} is {value!r}, not a number", remedy="Return a float, in nats"
        ) from error
    if math.isnan(score) or score > SCORE_TOLERANCE:
        raise ContractError(
            f"the score of {what} after {where} is {score:g}",
            remedy="Scores are natural logarithms of probabilities: at most 0, not NaN",
        )
    return score


def _check_state(state: object, where: str) -> None:
    try:
        hash(state)
    except TypeError as error:
        raise ContractError(
            f"the state after {where} is {type(state).__name__}, which is not hashable",
            remedy="Use a tuple, a str, an int or a frozen dataclass",
        ) from error


def _check_sentence(model: LanguageModel[State], words: Sequence[str]) -> None:
    first, second = model.begin(), model.begin()
    for at in range(len(words) + 1):
        where = _where(words, at)
        _check_state(first, where)
        if first != second or hash(first) != hash(second):
            raise ContractError(
                f"the state after {where} is another one the second time",
                remedy="Compare states by value (a frozen dataclass does), and keep nothing in the model",
            )
        ends = [_checked_score(model.end(state), where, "</s>") for state in (first, second, first)]
        if not (_close(ends[0], ends[1]) and _close(ends[0], ends[2])):
            raise ContractError(
                f"the score of </s> after {where} changes: {ends[0]:g}, then {ends[1]:g} and {ends[2]:g}",
                remedy="The same question must get the same answer",
            )
        if has_distribution(model):
            _check_distribution(model, first, where, ends[0], words[at : at + 1])
        if at == len(words):
            return
        (first, one), (second, other) = model.score(first, words[at]), model.score(second, words[at])
        scores = [_checked_score(score, where, repr(words[at])) for score in (one, other)]
        if not _close(*scores):
            raise ContractError(
                f"the score of {words[at]!r} after {where} changes: {scores[0]:g}, then {scores[1]:g}",
                remedy="The same question must get the same answer",
            )


def _check_distribution(
    model: DistributionModel[State], state: State, where: str, end: float, following: Sequence[str]
) -> None:
    scores = np.asarray(model.next_distribution(state), np.float64)
    vocabulary = model.vocabulary
    if scores.shape != (len(vocabulary),):
        raise ContractError(
            f"next_distribution after {where} has the shape {scores.shape}, not ({len(vocabulary)},)",
            remedy="One column for each word of vocabulary",
        )
    total = np.exp(scores).sum()
    if not abs(total - 1.0) <= SUM_TOLERANCE:  # NaN fails too
        raise ContractError(
            f"next_distribution after {where} sums to {total:.6g}, not 1",
            remedy="Return log-softmax over all words and </s>, -inf for <s>",
        )
    columns = {word: column for column, word in enumerate(vocabulary)}
    if "</s>" not in columns:
        raise ContractError("vocabulary has no '</s>'", remedy="Its column says how likely the end is")
    wanted = [("</s>", end)]
    wanted += [(word, float(model.score(state, word)[1])) for word in following if word in columns]
    for word, score in wanted:
        if not _close(score, float(scores[columns[word]])):
            raise ContractError(
                f"after {where}, {word!r} has the score {score:g} and {scores[columns[word]]:g} in "
                "next_distribution",
                remedy="Both must be the same figure",
            )


def _check_batch(model: BatchedModel[State], sentences: Sequence[Sequence[str]]) -> None:
    states: list[State] = []
    words: list[str] = []
    places: list[str] = []
    expected: list[tuple[State, float]] = []
    for sentence in sentences:
        state = model.begin()
        for at, word in enumerate(sentence):
            states.append(state)
            words.append(word)
            places.append(_where(sentence, at))
            state, score = model.score(state, word)
            expected.append((state, float(score)))
    scores, after = model.score_batch(states, words)
    if len(scores) != len(states) or len(after) != len(states):
        raise ContractError(
            f"score_batch gave {len(scores)} scores and {len(after)} states for {len(states)} words",
            remedy="One of each for each word",
        )
    for place, word, score, to, (state, alone) in zip(places, words, scores, after, expected, strict=True):
        if to != state or not _close(float(score), alone):
            raise ContractError(
                f"score_batch and score differ on {word!r} after {place}: {float(score):g} and {alone:g}, "
                f"{'the same state' if to == state else 'and in the state'}",
                remedy="Both must give the same scores and states",
            )
