"""What the tests of prefix beam search share: posteriors, small language models, the twin's readings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.reference import leftmost_longest, prefix_twin

Readings = Callable[[tuple[int, ...]], Iterator[tuple[tuple[str, ...], float]]]

LETTERS = ["<blk>", "a", "b", "|"]
WORDS = ["a", "ab", "ba", "bb"]
EXACT: dict[str, Any] = {"beam_size": 100_000, "beam": float("inf")}


def posteriors(seed: int, frames: int, tokens: int, spread: float = 1.5) -> NDArray[np.float32]:
    x = np.random.default_rng(seed).normal(scale=spread, size=(frames, tokens))
    x -= np.logaddexp.reduce(x, axis=1)[:, None]
    return x.astype(np.float32)


def train_lm(folder: Path, lines: Sequence[str], order: int = 2) -> Any:
    """Train a small model, write it as ARPA for kenlm, and return it with the path."""
    import tlg

    text = folder / "text.txt"
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
    model = tlg.lm.train([text], order=order, smoothing="wb")
    path = folder / "lm.arpa"
    model.save(path)
    return model, path


def lm_sum(model: Any, words: Sequence[str]) -> float:
    """Return a sentence's score in nats by the three questions of the contract."""
    state, total = model.begin(), 0.0
    for word in words:
        state, score = model.score(state, word)
        total += score
    return total + float(model.end(state))


def brute(log_probs: Any, tokens: Sequence[str], readings: Readings, **options: float) -> list[Any]:
    return prefix_twin.search(
        np.asarray(log_probs, np.float64), range(1, len(tokens)), 0, readings, **options
    )


def by_text(found: Sequence[Any], text: Callable[[Any], str]) -> list[tuple[str, float]]:
    """Return the best of each text, the best first."""
    best: dict[str, float] = {}
    for one in found:
        best.setdefault(text(one), one.total)
    return list(best.items())


def reward(phrases: dict[str, float], units: Sequence[str], bias: float, boundary: str | None) -> float:
    listed = [leftmost_longest.Phrase(tuple(text), bias, weight) for text, weight in phrases.items()]
    return leftmost_longest.score(listed, units, boundary)
