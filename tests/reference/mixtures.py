"""Add-k (Lidstone), maximum likelihood, and Jelinek-Mercer with weights learnt by EM."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence

from tests.reference.ngrams import Model, Ngram, Ngrams, assemble, choose, count


def add_k(
    sentences: Sequence[Sequence[str]],
    order: int,
    k: float,
    prune: Sequence[int] = (),
    limit_vocab: Collection[str] | None = None,
    vocab: Sequence[str] | None = None,
    closed_vocab: bool = False,
    vocab_pad: int = 0,
) -> Model:
    """p(w | h) = (c(hw) + k) / (c(h) + k V) for whole contexts h; after others, 1 / V."""
    ngrams = count(sentences, order, closed_vocab, vocab)
    kept = choose(ngrams, ngrams.occurs, prune, limit_vocab, vocab is not None)
    size = max(vocab_pad, sum((w,) in kept[1] for w in ngrams.predictable))
    counts = {g: n if len(g) == order or g[0] == "<s>" else 0 for g, n in ngrams.occurs.items()}

    def split(_: int, group: dict[Ngram, int], own: Collection[Ngram]) -> tuple[dict[Ngram, float], float]:
        whole = sum(group.values())
        if not whole:
            return {}, 1.0
        whole_k = whole + k * size
        dropped = sum(n for g, n in group.items() if g not in own)
        return {g: n / whole_k for g, n in group.items() if g in own}, (k * size + dropped) / whole_k

    return assemble(ngrams, counts, kept, split, vocab_pad=vocab_pad)


def maximum_likelihood(
    sentences: Sequence[Sequence[str]],
    order: int,
    prune: Sequence[int] = (),
    limit_vocab: Collection[str] | None = None,
    vocab: Sequence[str] | None = None,
    closed_vocab: bool = False,
) -> Model:
    ngrams = count(sentences, order, closed_vocab, vocab)
    kept = choose(ngrams, ngrams.occurs, prune, limit_vocab, vocab is not None)

    def split(_: int, group: dict[Ngram, int], own: Collection[Ngram]) -> tuple[dict[Ngram, float], float]:
        whole = sum(group.values())
        dropped = sum(n for g, n in group.items() if g not in own)
        return {g: n / whole for g, n in group.items() if g in own}, dropped / whole

    return assemble(ngrams, ngrams.occurs, kept, split, backoff=True, rescale_unigrams=True)


def learn(
    ngrams: Ngrams, known: Collection[str], size: int, heldout: Sequence[Sequence[str]], grouped: bool
) -> dict[tuple[int, int], float]:
    """Weights by (order, group of contexts), by EM; each has seen one token for and one against it."""
    totals: defaultdict[Ngram, int] = defaultdict(int)
    for g, n in ngrams.occurs.items():
        totals[g[:-1]] += n

    def group(h: Ngram) -> int:
        return int(math.log2(totals[h])) if grouped else 0

    events = []
    for sentence in heldout:
        padded = ("<s>", *(w if w in known else "<unk>" for w in sentence), "</s>")
        for end in range(2, len(padded) + 1):
            if ngrams.closed and padded[end - 1] == "<unk>":
                continue
            event: list[tuple[tuple[int, int], float | None]] = []
            for k in range(1, ngrams.order + 1):
                g = padded[end - k : end] if k <= end else ()
                seen = len(g) == k and totals[g[:-1]]
                if seen:
                    event.append(((k, group(g[:-1])), ngrams.occurs.get(g, 0) / totals[g[:-1]]))
                elif not grouped:
                    event.append(((k, 0), None))  # an order that says nothing: against its weight
            events.append(event)
    weights: defaultdict[tuple[int, int], float] = defaultdict(lambda: 0.5)
    for _ in range(1000):
        own: defaultdict[tuple[int, int], float] = defaultdict(lambda: 1.0)
        every: defaultdict[tuple[int, int], float] = defaultdict(lambda: 2.0)
        for event in events:
            mixed = [1 / size]
            for name, ratio in event:
                weight = weights[name] if ratio is not None else 0.0
                mixed.append(weight * (ratio or 0.0) + (1 - weight) * mixed[-1])
            share = 1.0
            for (name, ratio), p in zip(reversed(event), reversed(mixed), strict=False):
                taken = share * weights[name] * (ratio or 0.0) / p
                own[name] += taken
                every[name] += share
                share -= taken
        moved = max((abs(own[name] / every[name] - weights[name]) for name in every), default=0.0)
        weights = defaultdict(lambda: 0.5, {name: own[name] / every[name] for name in every})
        if moved < 1e-7:
            break
    return weights


def jelinek_mercer(
    sentences: Sequence[Sequence[str]],
    order: int,
    heldout: Sequence[Sequence[str]],
    weight_buckets: bool = False,
    prune: Sequence[int] = (),
    limit_vocab: Collection[str] | None = None,
    vocab: Sequence[str] | None = None,
    closed_vocab: bool = False,
    vocab_pad: int = 0,
) -> Model:
    ngrams = count(sentences, order, closed_vocab, vocab)
    kept = choose(ngrams, ngrams.occurs, prune, limit_vocab, vocab is not None)
    words = {w for w in ngrams.predictable if (w,) in kept[1]}
    size = max(vocab_pad, len(words))
    weights = learn(ngrams, words, size, heldout, weight_buckets)
    # Sizes of contexts that the held-out text lacks have the weight of the largest it has.
    largest = {k: max((g for order, g in weights if order == k), default=0) for k in range(1, order + 1)}

    def split(k: int, group: dict[Ngram, int], own: Collection[Ngram]) -> tuple[dict[Ngram, float], float]:
        whole = sum(group.values())
        weight = weights[k, min(int(math.log2(whole)), largest[k]) if weight_buckets else 0]
        dropped = sum(n for g, n in group.items() if g not in own)
        shares = {g: weight * n / whole for g, n in group.items() if g in own}
        return shares, 1 - weight + weight * dropped / whole

    return assemble(ngrams, ngrams.occurs, kept, split, vocab_pad=vocab_pad)
