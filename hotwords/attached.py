"""Words attached to a running graph: what a search is handed beside the automaton.

Not for: where they come from (``tlg.hotwords.attaching``), how a search enters them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNKNOWN", "AttachedWords"]

UNKNOWN = "<unk>"  # the class of words that a language model does not know


@dataclass(frozen=True, eq=False)
class AttachedWords:
    """Words that a graph lacks, with pronunciations, for a search that lays them over the graph.

    Args:
        words: the texts, each once for each class; word k has the output label first_label + k.
        first_label: the number of labels of the graph's table of words.
        classes: what each stands for in the language model: ``<unk>``, or a class such as ``<name>``.
        scores: added to the score of entering each word, nats, before lm_weight.
        units: token ids of all pronunciations, one behind the other.
        sizes: the tokens of each pronunciation, at least 1.
        owners: the word of each pronunciation; rising.
        costs: -log of the probability that a pronunciation was given, nats; 0 without one, as in a lexicon.
    """

    words: tuple[str, ...]
    first_label: int
    classes: tuple[str, ...]
    scores: NDArray[np.float64]
    units: NDArray[np.int32]
    sizes: NDArray[np.int32]
    owners: NDArray[np.int32]
    costs: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self.words)

    @property
    def num_pronunciations(self) -> int:
        """The pronunciations of all words."""
        return len(self.sizes)

    @property
    def first_sizes(self) -> NDArray[np.int32]:
        """The tokens of the first pronunciation of each word: what it counts in the n of n*b + w."""
        return self.sizes[np.flatnonzero(np.diff(self.owners, prepend=-1))]

    def pronunciations(self) -> list[list[tuple[int, ...]]]:
        """Return the pronunciations of each word, in token ids."""
        found: list[list[tuple[int, ...]]] = [[] for _ in self.words]
        units, begin = self.units.tolist(), 0
        for owner, size in zip(self.owners.tolist(), self.sizes.tolist(), strict=True):
            found[owner].append(tuple(units[begin : begin + size]))
            begin += size
        return found

    @property
    def summary(self) -> str:
        """One line of counts."""
        counts = ", ".join(f"{count} as {name}" for name, count in Counter(self.classes).items())
        return f"{len(self.words)} words attached ({counts}) with {self.num_pronunciations} pronunciations"
