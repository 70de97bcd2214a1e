"""Graphs with slots, and the same graphs built anew with the words that are attached: random ones, all small.

What `<unk>` or a class stands for may be any of the words that stand for it: the model of the graph built anew has,
for each n-gram with such a name, one for each way to put words there, with their scores.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import tlg

Pronunciations = dict[str, list[tuple[str, ...]]]
Ngrams = dict[tuple[str, ...], tuple[float, float]]  # log10 of probability and backoff

UNITS = ("a", "b", "c", "d")  # of the words that matter
SLOTS = ("<unk>", "<name>")


@dataclass(frozen=True)
class Case:
    """One graph with slots, and one built with the words.

    Attributes:
        slots, rebuilt: the two graphs.
        lexicon: of the first.
        fillers: slot -> the words put there, said in one way or several.
        score: of words put for ``<unk>``.
        weights: of members of ``<name>``.
    """

    slots: tlg.Graph
    rebuilt: tlg.Graph
    lexicon: Pronunciations
    fillers: dict[str, Pronunciations]
    score: float
    weights: dict[str, float]


def make_case(rng: random.Random, folder: Path) -> Case:
    """Make a case; the tokens fit masks of one or two words, or none."""
    num_others = rng.choice([0, 90, 160])
    others: Pronunciations = {f"x{i}": [(f"u{i}",)] for i in range(num_others)}
    separator = rng.choice([None, "sil"])
    tokens = ["<blk>", *UNITS, *(f"u{i}" for i in range(num_others))] + ([separator] if separator else [])
    said: set[tuple[str, ...]] = set()
    lexicon = _words(rng, "w", 4, set()) | others
    fillers = {"<unk>": _words(rng, "n", rng.randint(1, 3), said), "<name>": _words(rng, "m", 2, set())}
    score = round(rng.uniform(-1, 0.2), 2)
    weights = {member: round(rng.uniform(-1, 1), 2) for member in fillers["<name>"]}
    total = math.log(sum(map(math.exp, weights.values())))
    scores = {word: score for word in fillers["<unk>"]}
    scores |= {word: weight - total for word, weight in weights.items()}
    ngrams = _ngrams(rng, [f"w{i}" for i in range(4)], list(others))
    filled: Ngrams = {}
    for words, (log10_prob, backoff) in ngrams.items():
        ways = [list(fillers[word]) if word in SLOTS else [word] for word in words]
        for way in itertools.product(*ways):
            more = scores[way[-1]] / math.log(10) if words[-1] in SLOTS else 0.0
            filled[way] = (log10_prob + more, backoff)
    (folder / "tokens.txt").write_text("".join(f"{token} {i}\n" for i, token in enumerate(tokens)))
    options = {} if separator is None else {"separator": separator, "separator_prob": rng.choice([0.3, 0.5])}

    def build(name: str, words: Pronunciations, model: Ngrams) -> tlg.Graph:
        _write_lexicon(folder / f"{name}.txt", words)
        _write_arpa(folder / f"{name}.arpa", model)
        tlg.build_graph(
            lexicon=folder / f"{name}.txt",
            lm=folder / f"{name}.arpa",
            tokens=folder / "tokens.txt",
            out=folder / name,
            **options,  # type: ignore[arg-type]
        )
        return tlg.Graph.load(folder / name)

    slots = build("slots", lexicon, ngrams)
    rebuilt = build("rebuilt", lexicon | fillers["<unk>"] | fillers["<name>"], filled)
    return Case(slots, rebuilt, lexicon, fillers, score, weights)


def posteriors(rng: np.random.Generator, graph: tlg.Graph) -> NDArray[np.float32]:
    """Return posteriors in which the units that matter are likely."""
    logits = 2 * rng.standard_normal((int(rng.integers(1, 12)), len(graph.tokens)))
    logits[:, 0] += 1
    logits[:, 1 : 1 + len(UNITS)] += 2
    return (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32)


def _words(rng: random.Random, name: str, count: int, said: set[tuple[str, ...]]) -> Pronunciations:
    """Return words, no two of which sound alike, but for what is a prefix of what."""
    words: Pronunciations = {}
    for number in range(count):
        ways = {tuple(rng.choices(UNITS, k=rng.randint(1, 3))) for _ in range(rng.randint(1, 2))} - said
        if ways:
            words[f"{name}{number}"] = sorted(ways)
            said |= ways
    return words


def _ngrams(rng: random.Random, words: Sequence[str], others: Sequence[str]) -> Ngrams:
    ngrams: Ngrams = {("<s>",): (-99.0, 0.0)}
    for word in [*words, *others, "</s>"]:
        ngrams[word,] = (round(-rng.uniform(0.3, 2.5), 3), 0.0)
    for word in SLOTS:
        ngrams[word,] = (round(-rng.uniform(0.6, 1.5), 3), 0.0)
    order = rng.choice([1, 2, 3])
    for length in range(2, order + 1):
        for history in [key for key in ngrams if len(key) == length - 1 and key[-1] != "</s>"]:
            if history[-1] in others:
                continue
            for word in [*words, *SLOTS, "</s>"]:
                if rng.random() < 0.4:
                    longer = (*history, word)
                    ngrams[longer] = (round(-rng.uniform(0.6, 2), 3), 0.0)
    for key, (log10_prob, _) in ngrams.items():
        if len(key) < order and key[-1] != "</s>":
            ngrams[key] = (log10_prob, round(-rng.uniform(0, 1), 3))
    return ngrams


def _write_lexicon(path: Path, words: Pronunciations) -> None:
    path.write_text("".join(f"{word} {' '.join(way)}\n" for word in words for way in words[word]))


def _write_arpa(path: Path, ngrams: Ngrams) -> None:
    order = max(map(len, ngrams))
    lines = ["\\data\\"]
    lines += [f"ngram {n}={sum(len(words) == n for words in ngrams)}" for n in range(1, order + 1)]
    for n in range(1, order + 1):
        lines.append(f"\n\\{n}-grams:")
        for words, (log10_prob, backoff) in sorted(ngrams.items()):
            if len(words) == n:
                lines.append(f"{log10_prob!r}\t{' '.join(words)}" + (f"\t{backoff!r}" if n < order else ""))
    path.write_text("\n".join([*lines, "", "\\end\\", ""]))
