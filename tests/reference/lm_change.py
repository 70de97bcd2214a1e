"""Slow twins of what changes models, on dicts of n-grams, from the papers' definitions.

A model is {words: (log10 of the probability, log10 of the backoff)}, an n-gram a tuple of words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Ngram = tuple[str, ...]
Model = Mapping[Ngram, tuple[float, float]]

ZERO = -99.0


def words_of(model: Model) -> list[str]:
    """The events: all words but <s>."""
    return [ngram[0] for ngram in model if len(ngram) == 1 and ngram[0] != "<s>"]


def order_of(model: Model) -> int:
    return max(map(len, model))


def prob(model: Model, ngram: Ngram) -> float:
    """p(last word | words before it), by the definition of backing off."""
    ngram = ngram[-order_of(model) :]
    if ngram in model:
        return 0.0 if model[ngram][0] <= ZERO else 10 ** model[ngram][0]
    if len(ngram) == 1:
        return 0.0
    _, backoff = model.get(ngram[:-1], (0.0, 0.0))
    return (0.0 if backoff <= ZERO else 10**backoff) * prob(model, ngram[1:])


def known(model: Model, words: Sequence[str]) -> Ngram:
    """The words as the model knows them."""
    return tuple(word if (word,) in model else "<unk>" for word in words)


def total(model: Model, context: Ngram) -> float:
    return math.fsum(prob(model, (*context, word)) for word in words_of(model))


def chain_probs(model: Model, contexts: Model) -> dict[Ngram, float]:
    """P(h) of the contexts of a model by the chain rule from the probabilities of another."""
    found = {}
    for ngram in model:
        words = known(contexts, ngram)
        first = ("</s>",) if words[0] == "<s>" else words[:1]
        found[ngram] = prob(contexts, first) * math.prod(
            prob(contexts, words[: i + 1]) for i in range(1, len(words))
        )
    return found


def without(model: Model, ngram: Ngram) -> dict[Ngram, tuple[float, float]]:
    """The model without one n-gram, its context's backoff made anew."""
    context = ngram[:-1]
    rest = {key: value for key, value in model.items() if key != ngram}
    seen = [key for key in rest if key[:-1] == context and len(key) == len(ngram) and key[-1] != "<s>"]
    mass = total(model, context) - math.fsum(prob(rest, key) for key in seen)
    lower = total(rest, context[1:]) - math.fsum(prob(rest, key[1:]) for key in seen)
    rest[context] = (rest[context][0], math.log10(mass / lower))
    return rest


def perplexity_change(model: Model, context_probs: Mapping[Ngram, float], ngram: Ngram) -> float:
    """exp(P(h) D(p(.|h) || p'(.|h))) - 1, the distance summed over the whole vocabulary."""
    context, after = ngram[:-1], without(model, ngram)
    distance = 0.0
    for word in words_of(model):
        old, new = prob(model, (*context, word)), prob(after, (*context, word))
        if old > 0:
            distance += old * (math.log(old) - math.log(new)) if new > 0 else math.inf
    return math.expm1(context_probs[context] * distance)


def pruned(
    model: Model, context_probs: Mapping[Ngram, float], threshold: float
) -> tuple[set[Ngram], set[Ngram]]:
    """What SRILM keeps, and the suffixes that a closed model needs besides."""
    kept: set[Ngram] = set()
    for k in range(order_of(model), 0, -1):
        for ngram in model:
            if len(ngram) == k and (
                k == 1
                or any(longer[:-1] == ngram for longer in kept if len(longer) == k + 1)
                or perplexity_change(model, context_probs, ngram) >= threshold
            ):
                kept.add(ngram)
    suffixes = {ngram[i:] for ngram in kept for i in range(1, len(ngram))}
    return kept, suffixes - kept


def share_of_unknown(model: Model, word: str, everything: Sequence[str]) -> float:
    """What part of p(<unk>) a word gets from a model: 1 for words that it has."""
    missing = [one for one in everything if (one,) not in model]
    return 1 / (len(missing) + 1) if (word,) not in model or word == "<unk>" else 1.0


def mixed_parts(models: Sequence[Model], ngram: Ngram, everything: Sequence[str]) -> list[float]:
    """p_i(last word | words before it), unknown words sharing <unk>."""
    return [
        prob(model, known(model, ngram)) * share_of_unknown(model, ngram[-1], everything) for model in models
    ]


def linear(
    models: Sequence[Model], weights: Sequence[float], ngram: Ngram, everything: Sequence[str]
) -> float:
    parts = mixed_parts(models, ngram, everything)
    return math.fsum(weight * part for weight, part in zip(weights, parts, strict=True))


def loglinear(
    models: Sequence[Model], weights: Sequence[float], ngram: Ngram, everything: Sequence[str]
) -> float:
    """The product, normalised over the vocabulary."""

    def product(word: str) -> float:
        parts = mixed_parts(models, (*ngram[:-1], word), everything)
        return math.prod(math.pow(part, weight) for part, weight in zip(parts, weights, strict=True))

    return product(ngram[-1]) / math.fsum(product(word) for word in everything)


def em_round(weights: Sequence[float], probs: Sequence[Sequence[float]]) -> list[float]:
    """One round of EM: the mean of what each model has in the mixture of each token."""
    sums = [0.0] * len(weights)
    for token in probs:
        mixed = math.fsum(weight * one for weight, one in zip(weights, token, strict=True))
        for i, one in enumerate(token):
            sums[i] += weights[i] * one / mixed
    return [one / len(probs) for one in sums]


def score(weights: Sequence[float], probs: Sequence[Sequence[float]]) -> float:
    """The mean log probability of the tokens in nats."""
    return math.fsum(
        math.log(math.fsum(w * one for w, one in zip(weights, token, strict=True))) for token in probs
    ) / len(probs)
