"""Interpolated modified Kneser-Ney, slow and readable, from the formulas.

S. F. Chen and J. Goodman, An empirical study of smoothing techniques for language modeling, 1998, with the
conventions of lmplz: sentences padded with one <s>, log10 results, pruning by occurrence counts.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

Ngram = tuple[str, ...]
SPECIAL = ("<unk>", "<s>", "</s>")


def log10(p: float) -> float:
    return math.log10(p) if p > 0 else -math.inf


def discounts(t: Counter[int]) -> list[float]:
    """D_1, D_2, D_3+ of the counts-of-counts, or the fallback where the formula fails."""
    if 0 in (t[1], t[2], t[3]):
        return [0.5, 1.0, 1.5]
    y = t[1] / (t[1] + 2 * t[2])
    d = [j - (j + 1) * y * t[j + 1] / t[j] for j in (1, 2, 3)]
    return [0.5, 1.0, 1.5] if any(not 0 <= d[j - 1] <= j for j in (1, 2, 3)) else d


def kneser_ney(
    sentences: Sequence[Sequence[str]],
    order: int,
    prune: Sequence[int] = (),
    count_of_counts: str = "exact",
    interpolate_unigrams: bool = True,
    vocab_pad: int = 0,
    limit_vocab: Sequence[str] | None = None,
) -> dict[Ngram, tuple[float, float]]:
    """Return {n-gram: (log10 probability, log10 backoff)}."""
    occurrences: Counter[Ngram] = Counter()
    left_words: defaultdict[Ngram, set[str]] = defaultdict(set)
    rank: dict[str, int] = {word: i for i, word in enumerate(SPECIAL)}
    for sentence in sentences:
        for word in sentence:
            rank.setdefault(word, len(rank))
        padded = ("<s>", *sentence, "</s>")
        for end in range(2, len(padded) + 1):
            for k in range(1, min(order, end) + 1):
                ngram = padded[end - k : end]
                occurrences[ngram] += 1
                if end > k:
                    left_words[ngram].add(padded[end - k - 1])
    # How often an n-gram counts: as often as it occurs at the top and after <s>, else its left words.
    count = {g: n if len(g) == order or g[0] == "<s>" else len(left_words[g]) for g, n in occurrences.items()}
    # An n-gram read from the right, by first appearance of its words: lmplz's order.
    last_at_top = max(occurrences, key=lambda g: ([rank[w] for w in reversed(g)], len(g)))
    d: dict[int, list[float]] = {}
    for k in range(1, order + 1):
        t = Counter(c for g, c in count.items() if len(g) == k)
        quirk = last_at_top[-k:]
        if count_of_counts == "lmplz" and k < order and len(quirk) == k:
            t[count[quirk]] -= 1
            t[occurrences[quirk]] += 1
        d[k] = discounts(t)

    inside = set(rank) if limit_vocab is None else {*limit_vocab, *SPECIAL}

    def kept(g: Ngram) -> bool:
        if len(g) == 1 and g[0] in SPECIAL:
            return True
        threshold = (prune[min(len(g), len(prune)) - 1]) if prune else 0
        return occurrences[g] > threshold and set(g) <= inside

    followers: defaultdict[Ngram, list[Ngram]] = defaultdict(list)
    for g in count:
        followers[g[:-1]].append(g)
    total = {h: sum(count[g] for g in followers[h]) for h in followers}
    gamma = {
        h: sum(d[len(g)][min(count[g], 3) - 1] if kept(g) else count[g] for g in followers[h]) / total[h]
        for h in followers
    }
    listed = [(word,) for word in rank if kept((word,))]
    uniform = 1 / max(vocab_pad, len(listed) - 1)
    p: dict[Ngram, float] = {}
    for g in [*listed, *sorted((g for g in count if len(g) > 1 and kept(g)), key=len)]:
        own = (count[g] - d[len(g)][min(count[g], 3) - 1]) / total[g[:-1]] if count.get(g) else 0.0
        if len(g) > 1:
            p[g] = own + gamma[g[:-1]] * p[g[1:]]
        elif interpolate_unigrams:
            p[g] = own + gamma[()] * uniform
        else:
            p[g] = own + (gamma[()] if g == ("<unk>",) else 0)
    p[("<s>",)] = 1.0
    return {
        g: (min(0.0, log10(q)), log10(gamma[g]) if g in gamma and len(g) < order else 0.0)
        for g, q in p.items()
    }
