"""MixedModel: models mixed word by word, each with its own state."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlg.errors import OptionError
from tlg.lm.contract import LanguageModel, check_scorer, has_distribution
from tlg.lm.mix import METHODS, UNKNOWNS, check_weights

__all__ = ["MixedModel"]

State = tuple[Hashable, ...]

BEGIN, END, UNKNOWN = "<s>", "</s>", ("<unk>", "<UNK>")
REMEMBERED = 4096  # normalisers, by state
ZERO = -99 * math.log(10)  # in products, where -inf would leave nothing to divide by


class MixedModel:
    """Several language models as one, mixed exactly for every word after every context.

    Keeps the contract of LanguageModel and never changes. A state is the tuple of the models' states.
    """

    def __init__(
        self,
        models: Sequence[LanguageModel[Any]],
        weights: Sequence[float],
        *,
        method: str = "linear",
        unknown: str = "share",
    ) -> None:
        """Mix models: NgramModels or any LanguageModel, an own neural one too.

        Args:
            models: two or more. Those that have a ``vocabulary`` say by it what words they know.
            weights: one per model; linear ones are 0 or more and add to 1.
            method: "linear", or "loglinear": proportional to the product of the models' probabilities to
                the power of the weights, normalised over all words, so that each model must have
                ``next_distribution``; a new state costs a pass over the vocabulary.
            unknown: as in ``tlg.lm.mix``, for models that have a ``vocabulary``; others are asked for every
                word and answer as they do.

        Raises:
            OptionError: fewer than two models, weights that do not fit, or a model that is none.
        """
        if method not in METHODS:
            raise OptionError(f"method={method!r} is not known", remedy="There is: 'linear', 'loglinear'")
        if unknown not in UNKNOWNS:
            raise OptionError(f"unknown={unknown!r} is not known", remedy="There is: 'share', 'zero'")
        if len(models) < 2:
            raise OptionError("a mixture has two models or more", remedy="Give a list of models")
        for model in models:
            check_scorer(model)
            if method == "loglinear" and not has_distribution(model):
                raise OptionError(
                    f"{type(model).__name__} has no next_distribution, by which log-linear mixtures are normalised",
                    remedy="Mix linearly, or give the model a vocabulary and next_distribution",
                )
        self._models = tuple(models)
        self._weights = check_weights(weights, len(models), method)
        self._linear = method == "linear"
        self._share = unknown == "share"
        self._words = self._all_words()
        self._ids = {word: number for number, word in enumerate(self._words)}
        self._known = [
            frozenset(model.vocabulary) if hasattr(model, "vocabulary") else None for model in self._models
        ]
        self._log_shares = [self._log_share(known) for known in self._known]
        self._columns = (
            [self._columns_of(i) for i in range(len(models))] if all(map(has_distribution, models)) else []
        )
        self._remembered: OrderedDict[State, float] = OrderedDict()

    def _all_words(self) -> tuple[str, ...]:
        """Return the words that a model has, the unknown word of any name once."""
        words: dict[str, None] = {}
        unk = None
        for model in self._models:
            for word in getattr(model, "vocabulary", ()):
                if word in UNKNOWN:
                    unk = unk or word
                    words[unk] = None
                else:
                    words[word] = None
        return tuple(words)

    def _log_share(self, known: frozenset[str] | None) -> float:
        """Return ln of the part of ``<unk>`` that each word unknown to a model gets from it."""
        if known is None:
            return 0.0
        missing = sum(word not in known for word in self._words if word not in (*UNKNOWN, BEGIN, END))
        return -math.log(missing + 1)

    def _columns_of(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return which column of a model's distribution each word has, and what to add to its score."""
        model: Any = self._models[number]
        column = {word: at for at, word in enumerate(model.vocabulary)}
        unk = next((column[word] for word in UNKNOWN if word in column), -1)
        share = self._log_shares[number] if self._share else 0.0
        columns, added = [], []
        for word in self._words:
            if word in UNKNOWN:
                columns.append(unk)
                added.append(share if unk >= 0 else -math.inf)
            elif word in column:
                columns.append(column[word])
                added.append(0.0)
            else:
                columns.append(unk)
                special = word in (BEGIN, END)
                added.append(share if self._share and unk >= 0 and not special else -math.inf)
        return np.array(columns, dtype=np.int64), np.array(added)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """All words that a model has."""
        return self._words

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights of the models."""
        return self._weights

    def __contains__(self, word: object) -> bool:
        """Tell whether a model knows a word; a model without a ``vocabulary`` knows every word."""
        return (word in self._ids and word not in UNKNOWN) or any(known is None for known in self._known)

    def begin(self) -> State:
        """Return the state at the start of a sentence."""
        return tuple(model.begin() for model in self._models)

    def score(self, state: State, word: str) -> tuple[State, float]:
        """Return the state after a word, and the word's score in nats."""
        states, scores = [], []
        for number, (model, one) in enumerate(zip(self._models, state, strict=True)):
            then, score = model.score(one, word)
            states.append(then)
            scores.append(score + self._adjusted(number, word))
        mixed = self._mixed(scores) if self._linear else float(sum(self._products(scores)))
        return tuple(states), mixed if self._linear else mixed - self._normaliser(state)

    def end(self, state: State) -> float:
        """Return the score of ``</s>`` in nats."""
        scores = [model.end(one) for model, one in zip(self._models, state, strict=True)]
        if self._linear:
            return self._mixed(scores)
        return float(sum(self._products(scores))) - self._normaliser(state)

    def next_distribution(self, state: State) -> NDArray[np.float64]:
        """Return the scores in nats of all words of ``vocabulary``, float64 [V].

        Raises:
            OptionError: a model has no next_distribution.
        """
        if not self._columns:
            raise OptionError(
                "a model of the mixture has no next_distribution", remedy="Ask for words with score"
            )
        scores = self._scores_of_all(state)
        return scores if self._linear else scores - self._normaliser(state)

    def _adjusted(self, number: int, word: str) -> float:
        """Return what to add to a model's score of a word: nothing if it has the word."""
        known = self._known[number]
        if known is None or (word in known and word not in UNKNOWN):
            return 0.0
        if self._share:
            return self._log_shares[number]
        # A word that no model has is <unk> to all of them; one that another has is not this one's.
        return -math.inf if word in self._ids and word not in UNKNOWN else 0.0

    def _products(self, scores: Sequence[float]) -> list[float]:
        return [weight * max(score, ZERO) for weight, score in zip(self._weights, scores, strict=True)]

    def _mixed(self, scores: Sequence[float]) -> float:
        best = max(scores)
        if best == -math.inf:
            return best
        total = sum(w * math.exp(score - best) for w, score in zip(self._weights, scores, strict=True))
        return min(best + math.log(total), 0.0) if total > 0 else -math.inf

    def _scores_of_all(self, state: State) -> NDArray[np.float64]:
        """Return the linear mixture of all words, or the products that are to be normalised."""
        total = np.full(len(self._words), -np.inf) if self._linear else np.zeros(len(self._words))
        for model, one, weight, (columns, added) in zip(
            self._models, state, self._weights, self._columns, strict=True
        ):
            if not weight:
                continue
            asked: Any = model
            scores = np.asarray(asked.next_distribution(one), dtype=np.float64)[columns] + added
            if self._linear:
                total = np.logaddexp(total, scores + math.log(weight))
            else:
                total = total + weight * np.maximum(scores, ZERO)
        if BEGIN in self._ids:
            total[self._ids[BEGIN]] = -np.inf
        return total

    def _normaliser(self, state: State) -> float:
        found = self._remembered.get(state)
        if found is None:
            scores = self._scores_of_all(state)
            best = scores.max()
            found = float(best + np.log(np.exp(scores - best).sum()))
            self._remembered[state] = found
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return found
