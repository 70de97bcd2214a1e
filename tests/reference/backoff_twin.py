"""The rule of ARPA files, by the book: p(w | h) is listed, or backoff(h) * p(w | h without its first word)."""

from __future__ import annotations

import itertools
import lzma
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

LN10 = math.log(10.0)


class BackoffTwin:
    """An n-gram model as a dict from words to (log10 probability, log10 backoff)."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        text = (lzma.decompress(data) if path.suffix == ".xz" else data).decode("utf-8")
        self.ngrams: dict[tuple[str, ...], tuple[float, float]] = {}
        order = 0
        for line in text.split("\n"):
            if line.endswith("-grams:"):
                order = int(line[1 : line.index("-")])
            elif order and line and not line.startswith("\\"):
                fields = line.split("\t")
                words = tuple(fields[1].split(" "))
                assert len(words) == order
                self.ngrams[words] = (float(fields[0]), float(fields[2]) if len(fields) > 2 else 0.0)
        self.order = order
        self.words = [words[0] for words in self.ngrams if len(words) == 1]

    def log10(self, history: Sequence[str], word: str) -> tuple[float, int]:
        """Return the log10 probability of a word, and the order of the n-gram that gave it."""
        known = [w if (w,) in self.ngrams else "<unk>" for w in (*history, word)]
        context = tuple(known[:-1][-(self.order - 1) :]) if self.order > 1 else ()
        return self._log10(context, known[-1])

    def _log10(self, context: tuple[str, ...], word: str) -> tuple[float, int]:
        found = self.ngrams.get((*context, word))
        if found is not None:
            return found[0], len(context) + 1
        prob, order = self._log10(context[1:], word)
        return self.ngrams.get(context, (0.0, 0.0))[1] + prob, order

    def nats(self, history: Sequence[str], word: str) -> float:
        """Return the natural logarithm of the probability of a word."""
        return self.log10(history, word)[0] * LN10

    def sentence(self, words: Sequence[str]) -> list[float]:
        """Return the scores of the words and of </s>, in nats."""
        tokens = [*words, "</s>"]
        return [self.nats(["<s>", *tokens[:i]], token) for i, token in enumerate(tokens)]

    def sentences(
        self, max_words: int, exclude: Sequence[str] = ("<s>", "<unk>")
    ) -> Iterator[tuple[str, ...]]:
        """Yield all sentences of at most so many words."""
        words = [word for word in self.words if word not in (*exclude, "</s>")]
        for length in range(max_words + 1):
            yield from itertools.product(words, repeat=length)
