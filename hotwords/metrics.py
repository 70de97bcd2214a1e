"""Hotword recall, precision and F1 between reference and hypothesis texts.

An occurrence is a leftmost-longest, non-overlapping match of a phrase in a text, as decoding counts it. Of
r occurrences of a phrase in a reference and h in its hypothesis, min(r, h) are hits: where in the text
they stand is not compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tlg.errors import OptionError

__all__ = ["HotwordMetrics", "PhraseCounts", "PhraseFinder", "hotword_counts"]


@dataclass(frozen=True)
class PhraseCounts:
    """Occurrences of one phrase, or of all.

    Args:
        in_refs: occurrences in the references.
        in_hyps: occurrences in the hypotheses.
        hits: those in both, utterance by utterance.
    """

    in_refs: int
    in_hyps: int
    hits: int

    @property
    def recall(self) -> float | None:
        """The part of the references' occurrences that is found; None without any."""
        return self.hits / self.in_refs if self.in_refs else None

    @property
    def precision(self) -> float | None:
        """The part of the hypotheses' occurrences that is right; None without any."""
        return self.hits / self.in_hyps if self.in_hyps else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of both: 2 hits / (in_refs + in_hyps); None without any occurrence."""
        total = self.in_refs + self.in_hyps
        return 2 * self.hits / total if total else None

    @property
    def false_alarms(self) -> int:
        """Occurrences in the hypotheses without one in the reference."""
        return self.in_hyps - self.hits


@dataclass(frozen=True)
class HotwordMetrics(PhraseCounts):
    """The sums over all phrases (micro average), and each phrase.

    Args:
        unit: "word" or "char": what texts and phrases were cut into.
        phrases: phrase -> its counts, for the phrases that occur anywhere, in the order of the list.
        num_phrases: phrases in the list, without repetitions.
        num_utterances: pairs of texts.
    """

    unit: Literal["word", "char"]
    phrases: dict[str, PhraseCounts]
    num_phrases: int
    num_utterances: int

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as plain data."""
        return {
            "unit": self.unit,
            "num_utterances": self.num_utterances,
            "num_phrases": self.num_phrases,
            **_figures(self),
            "phrases": {phrase: _figures(counts) for phrase, counts in self.phrases.items()},
        }


def hotword_counts(
    refs: Sequence[str],
    hyps: Sequence[str],
    phrases: Iterable[str],
    unit: Literal["word", "char"] = "word",
) -> HotwordMetrics:
    """Count hotwords in references and hypotheses.

    Args:
        refs: reference texts.
        hyps: hypothesis texts, in the same order.
        phrases: the hotwords.
        unit: "word": words separated by white space; "char": characters, white space left out.

    Raises:
        OptionError: lists of different lengths, an unknown unit, a bare str.
    """
    if unit not in ("word", "char"):
        raise OptionError(f"unit={unit!r} is unknown", remedy="Choose 'word' or 'char'")
    for name, value in (("refs", refs), ("hyps", hyps), ("phrases", phrases)):
        if isinstance(value, str):
            raise OptionError(f"{name} is a str, not a list of texts", remedy="Put it in a list")
    if len(refs) != len(hyps):
        raise OptionError(
            f"{len(refs)} references but {len(hyps)} hypotheses",
            remedy="Give one hypothesis for each reference",
        )
    names = _names(phrases, unit)
    trie = PhraseFinder(names)
    in_refs: Counter[str] = Counter()
    in_hyps: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for ref, hyp in zip(refs, hyps, strict=True):
        there, found = trie.count(_cut(ref, unit)), trie.count(_cut(hyp, unit))
        in_refs += there
        in_hyps += found
        hits += there & found
    table = {
        name: PhraseCounts(in_refs[name], in_hyps[name], hits[name])
        for name in names.values()
        if in_refs[name] or in_hyps[name]
    }
    return HotwordMetrics(
        in_refs=in_refs.total(),
        in_hyps=in_hyps.total(),
        hits=hits.total(),
        unit=unit,
        phrases=table,
        num_phrases=len(names),
        num_utterances=len(refs),
    )


def _names(phrases: Iterable[str], unit: str) -> dict[tuple[str, ...], str]:
    names: dict[tuple[str, ...], str] = {}
    for phrase in phrases:
        cut = _cut(phrase, unit)
        if cut:
            names.setdefault(cut, phrase)
    return names


def _cut(text: str, unit: str) -> tuple[str, ...]:
    words = text.split()
    return tuple(words) if unit == "word" else tuple("".join(words))


def _figures(counts: PhraseCounts) -> dict[str, Any]:
    return {
        "in_refs": counts.in_refs,
        "in_hyps": counts.in_hyps,
        "hits": counts.hits,
        "false_alarms": counts.false_alarms,
        "recall": counts.recall,
        "precision": counts.precision,
        "f1": counts.f1,
    }


class PhraseFinder:
    """Finds phrases in sequences of units, leftmost-longest and without overlaps.

    Args:
        names: the units of each phrase, and its name.
    """

    def __init__(self, names: Mapping[tuple[str, ...], str]) -> None:
        """Put the phrases into a trie: nested dicts, where None leads to the name of the phrase that ends there."""
        self._root: dict[str | None, Any] = {}
        for units, name in names.items():
            node = self._root
            for unit in units:
                node = node.setdefault(unit, {})
            node[None] = name

    @classmethod
    def of(cls, phrases: Iterable[str], unit: Literal["word", "char"]) -> PhraseFinder:
        """Return a finder of phrases cut into words or characters; of equal ones the first gives the name."""
        return cls(_names(phrases, unit))

    def find(self, units: Sequence[str]) -> Iterator[tuple[int, int, str]]:
        """Yield (start, end, name) of each match, from left to right."""
        start = 0
        while start < len(units):
            node: Any = self._root
            end, name = start + 1, None
            for position in range(start, len(units)):
                node = node.get(units[position])
                if node is None:
                    break
                if None in node:
                    end, name = position + 1, node[None]
            if name is not None:
                yield start, end, name
            start = end

    def count(self, units: Sequence[str]) -> Counter[str]:
        """Count the matches of each name."""
        return Counter(name for _, _, name in self.find(units))
