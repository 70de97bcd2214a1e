"""Sentences from a model: sampled, greedy, or the best of a beam search."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np

from tlg import _core
from tlg.errors import ContractError, OptionError, TextError
from tlg.lm.contract import DistributionModel, LanguageModel, check_scorer, has_distribution

__all__ = ["METHODS", "Generated", "generate"]

State = TypeVar("State", bound=Hashable)

METHODS = ("sample", "argmax", "beam")
BOS, EOS = "<s>", "</s>"
UNKNOWN = ("<unk>", "<UNK>")


@dataclass(frozen=True)
class Generated:
    """A sentence that a model made.

    Args:
        words: the prefix and what followed it, without ``</s>``.
        score: of what followed the prefix, ``</s>`` included where it was reached, in nats: the
            model's own, whatever temperature, top_k and top_p did to the choice.
        complete: ``</s>`` was reached; False when max_words came first.
    """

    words: tuple[str, ...]
    score: float
    complete: bool

    @property
    def text(self) -> str:
        """The words with spaces between them."""
        return " ".join(self.words)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for JSON."""
        return {"text": self.text, **asdict(self)}

    def __str__(self) -> str:
        return self.text


def generate(
    model: LanguageModel[State],
    n: int = 1,
    *,
    method: str = "sample",
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int | None = None,
    prefix: str | Sequence[str] = (),
    max_words: int = 100,
    beam: int = 8,
    exclude_unk: bool = True,
) -> list[Generated]:
    """Make sentences with a model: an NgramModel, or any LanguageModel that has next_distribution.

    A sentence ends at ``</s>``; ``<s>`` never comes. Equal scores: the word of the lower id first.

    Args:
        model: the model.
        n: how many sentences. "argmax" has one; "beam" has at most ``beam``, best first.
        method: "sample" draws each word from the model's distribution; "argmax" takes the best word at
            each step; "beam" searches the sentences of the highest scores.
        temperature: for "sample": scores are divided by it; below 1 the likely becomes likelier.
        top_k: for "sample": draw among the k best words alone; 0: among all.
        top_p: for "sample": draw among the fewest best words that have this share of the probability
            (after temperature and top_k) together.
        seed: for "sample": the same seed gives the same sentences on every machine; None: new ones
            each time.
        prefix: words that each sentence begins with, a str is split at white space. They are not scored.
        max_words: the most words after the prefix. "sample" and "argmax" stop there without ``</s>``;
            "beam" finds the best complete sentences of at most this length.
        beam: for "beam": how many hypotheses of each length are kept.
        exclude_unk: never give ``<unk>``; its share goes to the others.

    Raises:
        OptionError: an option out of its range or for another method, or a model that has no
            next_distribution.
        TextError: ``<s>`` or ``</s>`` in the prefix.
        ContractError: a model of the caller's gave a distribution that is none.

    Source: top-p: Holtzman et al., The curious case of neural text degeneration, ICLR 2020.
    """
    if method not in METHODS:
        raise OptionError(f"method={method!r} is not known", remedy=f"Give one of {', '.join(METHODS)}")
    sampling = {"temperature": temperature != 1.0, "top_k": top_k != 0, "top_p": top_p != 1.0}
    for name, given in {**sampling, "seed": seed is not None}.items():
        if given and method != "sample":
            raise OptionError(f"{name} is for method='sample', not for {method!r}", remedy="Leave it out")
    _at_least("n", n, 1)
    _at_least("top_k", top_k, 0)
    _at_least("max_words", max_words, 0)
    _at_least("beam", beam, 1)
    if not (math.isfinite(temperature) and temperature > 0):
        raise OptionError(
            f"temperature={temperature} is not above 0", remedy="For the best word use 'argmax'"
        )
    if not 0 < top_p <= 1:
        raise OptionError(f"top_p={top_p} is not in (0, 1]", remedy="1 keeps all words")
    if method == "argmax" and n != 1:
        raise OptionError(f"n={n}, but 'argmax' has one sentence", remedy="Use 'beam' for several")
    if method == "beam" and n > beam:
        raise OptionError(f"n={n} is more than beam={beam}", remedy="Widen the beam")
    check_scorer(model)
    if not has_distribution(model):
        raise OptionError(
            f"{type(model).__name__} cannot generate: it has no next_distribution and vocabulary",
            remedy="Add them: see tlg.lm.contract.DistributionModel",
        )
    chooser = _Chooser(model, exclude_unk)
    words = tuple(prefix.split() if isinstance(prefix, str) else prefix)
    state = model.begin()
    for word in words:
        if word in (BOS, EOS):
            raise TextError(f"'{word}' is in the prefix", remedy="Remove it: sentence ends are added")
        state, _ = model.score(state, word)
    if method == "beam":
        return _beam(chooser, state, words, n, beam, max_words)
    if method == "argmax":
        return [_walk(chooser, state, words, max_words, lambda at: chooser.best(at, 1)[0][0])]
    random = np.random.Generator(np.random.PCG64(seed))
    options = (temperature, top_k, top_p)
    return [
        _walk(chooser, state, words, max_words, lambda at: chooser.draw(at, random.random(), *options))
        for _ in range(n)
    ]


def _at_least(name: str, value: int, least: int) -> None:
    if not isinstance(value, int) or value < least:
        raise OptionError(f"{name}={value!r} is no whole number of at least {least}")


class _Chooser:
    """Chooses the word that follows a state, ``</s>`` among the choices."""

    def __init__(self, model: DistributionModel[Any], exclude_unk: bool) -> None:
        self.model = model
        self.vocabulary = model.vocabulary
        self.excluded = {BOS, *UNKNOWN} if exclude_unk else {BOS}
        self.columns = [i for i, word in enumerate(self.vocabulary) if word in self.excluded]
        if EOS not in self.vocabulary:
            raise ContractError("vocabulary has no '</s>'", remedy="Its column says how likely the end is")
        self.next_words = getattr(model, "next_words", None)

    def scores(self, state: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
        scores = np.array(self.model.next_distribution(state), np.float32)
        if scores.shape != (len(self.vocabulary),):
            raise ContractError(
                f"next_distribution has the shape {scores.shape}, not ({len(self.vocabulary)},)",
                remedy="One column for each word of vocabulary",
            )
        scores[self.columns] = -np.inf
        return scores

    def best(self, state: Any, k: int) -> list[tuple[str, float]]:
        """Return the k best, best first; fewer where the rest cannot come."""
        if self.next_words is not None:
            found = self.next_words(state, k + len(self.columns))
            return [pair for pair in found if pair[0] not in self.excluded][:k]
        scores = self.scores(state)
        some = np.arange(len(scores))
        if k < len(scores):
            least = np.partition(scores, -k)[-k]
            some = np.flatnonzero(scores >= least)
        some = some[np.argsort(-scores[some], kind="stable")][:k]
        return [(self.vocabulary[i], float(scores[i])) for i in some.tolist() if scores[i] > -np.inf]

    def draw(self, state: Any, uniform: float, temperature: float, top_k: int, top_p: float) -> str:
        if top_k and self.next_words is not None:
            few = self.best(state, top_k)
            scores = np.array([score for _, score in few], np.float32)
            return few[_core.draw(scores, uniform, temperature, 0, top_p)][0]
        return self.vocabulary[_core.draw(self.scores(state), uniform, temperature, top_k, top_p)]


def _walk(
    chooser: _Chooser, state: Any, prefix: tuple[str, ...], max_words: int, choose: Callable[[Any], str]
) -> Generated:
    """Add words one by one until ``</s>``."""
    words = list(prefix)
    score = 0.0
    for _ in range(max_words):
        word = choose(state)
        if word == EOS:
            return Generated(tuple(words), score + float(chooser.model.end(state)), True)
        words.append(word)
        state, one = chooser.model.score(state, word)
        score += float(one)
    return Generated(tuple(words), score, False)


def _beam(
    chooser: _Chooser, state: Any, prefix: tuple[str, ...], n: int, beam: int, max_words: int
) -> list[Generated]:
    """Search the n best complete sentences, length by length."""
    active: list[tuple[float, tuple[str, ...], Any]] = [(0.0, prefix, state)]
    found: list[Generated] = []
    for length in range(max_words + 1):
        for score, words, at in active:
            ending = score + float(chooser.model.end(at))
            if ending > -math.inf:
                found.append(Generated(words, ending, True))
        found = heapq.nlargest(n, found, key=lambda one: one.score)  # stable: the earlier of equals
        if length == max_words:
            break
        # Only scores at most 0 can be added: what is no better now will not be better later.
        bar = found[-1].score if len(found) == n else -math.inf
        grown = [
            (score + step, words, at, word)
            for score, words, at in active
            for word, step in chooser.best(at, beam + 1)
            if word != EOS and score + step > bar
        ]
        grown.sort(key=itemgetter(0), reverse=True)  # stable too
        active = []
        reached: dict[Any, int] = {}
        for score, words, at, word in grown:
            if len(active) == beam:
                break
            after, _ = chooser.model.score(at, word)
            # Equal states score alike whatever follows: behind n of them nobody can come in.
            if reached.setdefault(after, 0) < n:
                reached[after] += 1
                active.append((score, (*words, word), after))
    return found
