"""Witten-Bell smoothing (method C), interpolated and backoff: I. H. Witten and T. C. Bell 1991."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from tests.reference.ngrams import Model, Ngram, assemble, choose, count


def witten_bell(
    sentences: Sequence[Sequence[str]],
    order: int,
    backoff: bool = False,
    prune: Sequence[int] = (),
    limit_vocab: Collection[str] | None = None,
    vocab: Sequence[str] | None = None,
    closed_vocab: bool = False,
    **unigrams: Any,
) -> Model:
    """A new word is as likely as there were new words: once for each different follower."""
    ngrams = count(sentences, order, closed_vocab, vocab)
    kept = choose(ngrams, ngrams.occurs, prune, limit_vocab, vocab is not None)

    def split(k: int, group: dict[Ngram, int], own: Collection[Ngram]) -> tuple[dict[Ngram, float], float]:
        whole = sum(group.values()) + len(group)
        dropped = sum(n for g, n in group.items() if g not in own)
        return {g: n / whole for g, n in group.items() if g in own}, (len(group) + dropped) / whole

    return assemble(ngrams, ngrams.occurs, kept, split, backoff, **unigrams)
