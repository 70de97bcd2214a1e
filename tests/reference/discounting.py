"""Absolute discounting, Kneser-Ney and modified Kneser-Ney, interpolated and backoff, from the formulas.

H. Ney, U. Essen and R. Kneser 1994 (absolute discounting); R. Kneser and H. Ney 1995 (its counts); S. F. Chen
and J. Goodman 1998 (interpolation, three discounts).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from tests.reference.ngrams import Model, Ngram, assemble, choose, count


def discounts(t: Counter[int], modified: bool, fallback: Sequence[float]) -> list[float]:
    """What is taken from the counts 1, 2, 3 and more."""
    needed = (t[1], t[2], t[3]) if modified else (t[1], t[2])
    if 0 in needed:
        return list(fallback)
    y = t[1] / (t[1] + 2 * t[2])
    if not modified:
        return [y, y, y]
    d = [j - (j + 1) * y * t[j + 1] / t[j] for j in (1, 2, 3)]
    return list(fallback) if any(not 0 <= d[j - 1] <= j for j in (1, 2, 3)) else d


def discounting(
    sentences: Sequence[Sequence[str]],
    order: int,
    smoothing: str,
    backoff: bool = False,
    count_of_counts: str = "exact",
    prune: Sequence[int] = (),
    prune_counts: str = "raw",
    limit_vocab: Collection[str] | None = None,
    vocab: Sequence[str] | None = None,
    closed_vocab: bool = False,
    **unigrams: Any,
) -> Model:
    """mkn, kn and absolute."""
    ngrams = count(sentences, order, closed_vocab, vocab)
    counts = ngrams.occurs if smoothing == "absolute" else ngrams.adjusted
    kept = choose(
        ngrams,
        ngrams.adjusted if prune_counts == "adjusted" else ngrams.occurs,
        prune,
        limit_vocab,
        vocab is not None,
        prune_counts == "adjusted",
    )
    modified = smoothing == "mkn"
    fallback = (0.5, 1.0, 1.5) if modified else (0.75, 0.75, 0.75)
    taken: dict[int, list[float]] = {}
    for k in range(1, order + 1):
        source = ngrams.occurs if count_of_counts == "raw" else counts
        t = Counter(n for g, n in source.items() if len(g) == k)
        taken[k] = discounts(t, modified, fallback)
        words = [w for w in ngrams.predictable if (w,) in kept[1]]
        if k == 1 and closed_vocab and not modified and t[1] == 0 and all((w,) in counts for w in words):
            taken[k] = [0.0, 0.0, 0.0]  # nobody needs a share

    def split(k: int, group: dict[Ngram, int], own: Collection[Ngram]) -> tuple[dict[Ngram, float], float]:
        whole = sum(group.values())
        shares = {g: (n - taken[k][min(n, 3) - 1]) / whole for g, n in group.items() if g in own}
        left = sum(taken[k][min(n, 3) - 1] if g in own else n for g, n in group.items())
        return shares, left / whole

    return assemble(ngrams, counts, kept, split, backoff, **unigrams)
