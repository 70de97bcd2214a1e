"""Katz's backoff with Good-Turing discounts: S. M. Katz 1987, with the choices of SRILM's ngram-count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from tests.reference.ngrams import Model, Ngram, assemble, choose, count


def ratios(t: Counter[int], highest: int) -> dict[int, float]:
    """d_r: what a count r is multiplied by; 1 where the formula fails."""
    if t[1] == 0:
        return {}
    while highest and t[highest + 1] == 0:
        highest -= 1
    a = (highest + 1) * t[highest + 1] / t[1]
    found = {}
    for r in range(1, highest + 1):
        d = 1.0
        if t[r] and a != 1:
            estimate = (r + 1) * t[r + 1] / t[r] / r
            d = (estimate - a) / (1 - a)
            if not 3e-6 < d <= 1 or estimate > 1:
                d = 1.0
        found[r] = d
    return found


def katz(
    sentences: Sequence[Sequence[str]],
    order: int,
    gt_max: Sequence[int] = (1, 7),
    prune: Sequence[int] = (0, 0, 1),
    limit_vocab: Collection[str] | None = None,
    vocab: Sequence[str] | None = None,
    closed_vocab: bool = False,
) -> Model:
    ngrams = count(sentences, order, closed_vocab, vocab)
    kept = choose(ngrams, ngrams.occurs, prune, limit_vocab, vocab is not None)
    d = {
        k: ratios(
            Counter(n for g, n in ngrams.occurs.items() if len(g) == k), gt_max[min(k, len(gt_max)) - 1]
        )
        for k in range(1, order + 1)
    }
    size = sum((w,) in kept[1] for w in ngrams.predictable)

    def split(k: int, group: dict[Ngram, int], own: Collection[Ngram]) -> tuple[dict[Ngram, float], float]:
        whole = sum(group.values())
        left = sum((1 - d[k].get(n, 1)) * n if g in own else n for g, n in group.items())
        # Doug Paul's: something must be left where not all words were seen.
        extra = 1 if left <= 3e-6 * whole and len(group) < size else 0
        whole += extra
        return {g: d[k].get(n, 1) * n / whole for g, n in group.items() if g in own}, (left + extra) / whole

    return assemble(ngrams, ngrams.occurs, kept, split, backoff=True)
