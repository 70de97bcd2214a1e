"""What pruning, mixing and changing the vocabulary report."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["ChangeReport", "MixReport", "PruneReport", "VocabularyReport"]


@dataclass(frozen=True)
class ChangeReport:
    """How a model was made of others.

    Args:
        before: n-grams of order 1, 2, ... of the model that was changed; of all models of a mixture together.
        after: those of the model that came of it.
        options: all options, by name.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    options: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for JSON; what is infinite is None."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in asdict(self).items()
        }

    def lines(self) -> list[str]:
        """Return what there is to say beside the numbers of n-grams."""
        return []

    def __str__(self) -> str:
        counts = [f"{'/'.join(map(str, self.before))} n-grams, now {'/'.join(map(str, self.after))}"]
        return "\n".join(counts + self.lines())


@dataclass(frozen=True)
class PruneReport(ChangeReport):
    """How a model was pruned.

    Args:
        threshold: the one asked for; or the smallest relative change of the perplexity by an n-gram that
            stayed, infinite where none did.
        suffixes: per order, n-grams that stayed only because they are the suffix of one that did and, with
            ``suffixes="backoff"``, have the probability that backing off gives.
    """

    threshold: float
    suffixes: tuple[int, ...]

    def lines(self) -> list[str]:
        """Return the threshold, and what stayed for its form alone."""
        said = [f"threshold {self.threshold:.6g}"]
        if any(self.suffixes):
            said.append(f"{'/'.join(map(str, self.suffixes))} of them are made up, as suffixes of others")
        return said


@dataclass(frozen=True)
class MixReport(ChangeReport):
    """How models were mixed.

    Args:
        models: their names.
        weights: of the models, in the same order.
        history: one entry per round of learning the weights: the perplexity of the held-out text with the
            weights of that round; empty where the weights were given.
        tokens: of the held-out text that were counted.
        oovs: words of the held-out text that no model has; they were left out.
    """

    models: tuple[str, ...]
    weights: tuple[float, ...]
    history: tuple[tuple[float, tuple[float, ...]], ...] = ()
    tokens: int = 0
    oovs: int = 0

    def lines(self) -> list[str]:
        """Return the weights, and how they were found."""
        said = [f"{weight:.6g} {name}" for name, weight in zip(self.models, self.weights, strict=True)]
        if self.history:
            said.append(
                f"held-out perplexity {self.history[0][0]:.6g}, then {self.history[-1][0]:.6g} after "
                f"{len(self.history) - 1} rounds, on {self.tokens} tokens without {self.oovs} OOV"
            )
        return said


@dataclass(frozen=True)
class VocabularyReport(ChangeReport):
    """How a vocabulary was changed.

    Args:
        missing: words asked to stay that the model does not have.
        present: words to add that it had already.
        added: words that were added.
        removed: how many words went.
    """

    missing: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: int = 0

    def lines(self) -> list[str]:
        """Return what became of the words."""
        said = [f"{self.removed} words removed"] if self.removed else []
        if self.added:
            said.append(f"{len(self.added)} words added")
        if self.missing:
            said.append(f"{len(self.missing)} words are not in the model: {' '.join(self.missing[:20])}")
        if self.present:
            said.append(f"{len(self.present)} words were there already: {' '.join(self.present[:20])}")
        return said
