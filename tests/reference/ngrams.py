"""Counting n-grams and putting a model together from what a smoothing method says of each context.

Written from definitions, with dicts and floats; the methods are in the files beside it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

Ngram = tuple[str, ...]
# {n-gram: (log10 probability, log10 backoff)}
Model = dict[Ngram, tuple[float, float]]
# What a method says of one context: from the counts of its n-grams and the set of those that keep their
# counts to {n-gram: its own share} and the mass that is left over.
Split = Callable[[int, dict[Ngram, int], Collection[Ngram]], tuple[dict[Ngram, float], float]]
SPECIAL = ("<unk>", "<s>", "</s>")


@dataclass
class Ngrams:
    """All n-grams of a text up to an order.

    Args:
        order: the length of the longest.
        words: the vocabulary, special words first.
        occurs: how often each n-gram is in the text.
        adjusted: Kneser-Ney's counts: occurrences at the top and after ``<s>``, else different left words.
        closed: there is no ``<unk>``.
    """

    order: int
    words: list[str]
    occurs: dict[Ngram, int]
    adjusted: dict[Ngram, int]
    closed: bool

    @property
    def predictable(self) -> list[str]:
        return [w for w in self.words if w != "<s>" and not (self.closed and w == "<unk>")]


def count(
    sentences: Sequence[Sequence[str]], order: int, closed: bool = False, vocab: Sequence[str] | None = None
) -> Ngrams:
    """Count; with a vocab other words are ``<unk>``, and in a closed one no n-gram with it counts."""
    occurs: Counter[Ngram] = Counter()
    left: defaultdict[Ngram, set[str]] = defaultdict(set)
    words = dict.fromkeys((*SPECIAL, *(vocab or ())))
    for sentence in sentences:
        known = [w if vocab is None or w in vocab else "<unk>" for w in sentence]
        words.update(dict.fromkeys(known))
        padded = ("<s>", *known, "</s>")
        for end in range(2, len(padded) + 1):
            for k in range(1, min(order, end) + 1):
                ngram = padded[end - k : end]
                occurs[ngram] += 1
                if end > k:
                    left[ngram].add(padded[end - k - 1])
    counted = {g: n for g, n in occurs.items() if not (closed and "<unk>" in g)}
    adjusted = {g: n if len(g) == order or g[0] == "<s>" else len(left[g]) for g, n in counted.items()}
    return Ngrams(order, list(words), counted, adjusted, closed)


def choose(
    ngrams: Ngrams,
    counts: dict[Ngram, int],
    prune: Sequence[int] = (),
    limit_vocab: Collection[str] | None = None,
    fixed: bool = False,
    close: bool = False,
) -> tuple[set[Ngram], set[Ngram]]:
    """Return the n-grams that keep their counts and those that are listed in the model.

    Args:
        counts: what thresholds are compared with.
        fixed: the vocabulary was given: thresholds spare unigrams.
        close: parts of what is kept are listed too.
    """
    inside = {*(ngrams.words if limit_vocab is None else limit_vocab), *SPECIAL}
    own: set[Ngram] = {(w,) for w in ngrams.words if w in SPECIAL or (fixed and w in inside)}
    for g, n in counts.items():
        threshold = prune[min(len(g), len(prune)) - 1] if prune else 0
        if n > threshold and set(g) <= inside:
            own.add(g)
    if ngrams.closed:
        own.discard(("<unk>",))
    listed = set(own)
    for k in range(ngrams.order, 1, -1) if close else ():
        for g in [g for g in listed if len(g) == k]:
            listed |= {g[1:], g[:-1]}
    return own, listed


def assemble(
    ngrams: Ngrams,
    counts: dict[Ngram, int],
    kept: tuple[set[Ngram], set[Ngram]],
    split: Split,
    backoff: bool = False,
    interpolate_unigrams: bool = True,
    vocab_pad: int = 0,
    rescale_unigrams: bool = False,
) -> Model:
    """Make a model; `split` may look only at what it is given.

    Args:
        rescale_unigrams: where no word is left to give the left-over mass to, all unigrams grow in
            proportion instead of by the same amount.
    """
    own, listed = kept
    contexts: defaultdict[Ngram, dict[Ngram, int]] = defaultdict(dict)
    for g, n in counts.items():
        contexts[g[:-1]][g] = n
    words = [w for w in ngrams.predictable if (w,) in listed]
    p: dict[Ngram, float] = {("<s>",): 1.0}
    weight: dict[Ngram, float] = {}

    shares, rest = split(1, contexts.get((), {}), own)
    unseen = [w for w in words if not shares.get((w,))]
    if backoff and not unseen and rescale_unigrams:
        shares, rest = {g: q / (1 - rest) for g, q in shares.items()}, 0.0
    for w in words:
        p[(w,)] = shares.get((w,), 0.0)
        if backoff:
            if w in unseen:
                p[(w,)] += rest / len(unseen)
            elif not unseen:
                p[(w,)] += rest / len(words)
        elif interpolate_unigrams:
            p[(w,)] += rest / max(vocab_pad, len(words))
        elif w == "<unk>":
            p[(w,)] += rest

    for k in range(2, ngrams.order + 1):
        own_shares: dict[Ngram, float] = {}
        for h, group in contexts.items():
            # A context whose n-grams all count 0 was never seen.
            if len(h) != k - 1 or not sum(group.values()) or h not in listed:
                continue
            shares, rest = split(k, group, own)
            shares = {g: q for g, q in shares.items() if q}
            if backoff:
                seen = sum(p[g[1:]] for g in shares)
                if 1 - seen > 1e-11:
                    rest /= 1 - seen
                else:
                    shares, rest = {g: q / (1 - rest) for g, q in shares.items()}, 0.0
            weight[h] = rest
            own_shares.update(shares)
        for g in listed:
            if len(g) == k:
                p[g] = own_shares.get(g, 0.0)
                if not backoff or g not in own_shares:
                    p[g] += weight.get(g[:-1], 1.0) * p[g[1:]]

    def log10(x: float) -> float:
        return max(math.log10(x), -99.0) if x > 0 else -99.0

    return {g: (min(0.0, log10(q)), log10(weight.get(g, 1.0))) for g, q in p.items()}


def total(model: Model, words: Sequence[str], history: Ngram) -> float:
    """Return the sum of p(w | history) over words, by backing off."""

    def log10_prob(g: Ngram) -> float:
        if g in model:
            return model[g][0]
        return model.get(g[:-1], (0.0, 0.0))[1] + log10_prob(g[1:])

    return math.fsum(10 ** log10_prob((*history, w)) for w in words)
