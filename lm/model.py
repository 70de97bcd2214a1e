"""NgramModel: a backoff n-gram model, immutable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tlg import _core
from tlg._files import PathLike
from tlg.errors import OptionError
from tlg.lm.arpa import read_arpa, write_arpa
from tlg.lm.change_report import ChangeReport
from tlg.lm.perplexity import Perplexity, measure
from tlg.lm.report import TrainReport
from tlg.lm.text import Progress, Texts

__all__ = ["NgramModel", "ReadReport", "WordScore"]


@dataclass(frozen=True)
class ReadReport:
    """How a model was read.

    Args:
        path: the file.
        repairs: what the reader mended, one sentence each, with the line where there is one.
    """

    path: str
    repairs: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((f"{self.path}: {len(self.repairs)} repairs", *self.repairs))


@dataclass(frozen=True)
class WordScore:
    """What a model gives one token.

    Args:
        word: the token, ``</s>`` for the end of the sentence.
        log10_prob: its probability, base 10.
        order: of the n-gram that gave it.
        oov: the model does not have the word.
    """

    word: str
    log10_prob: float
    order: int
    oov: bool


class NgramModel:
    """A backoff n-gram model, from ``tlg.lm.train`` or ``NgramModel.load``; it never changes."""

    def __init__(
        self, core: _core.NgramModel, report: TrainReport | ReadReport | ChangeReport, name: str
    ) -> None:
        """Wrap what training or reading made; users call ``train`` or ``load``."""
        self._core = core
        self._report = report
        self._name = name

    @classmethod
    def load(cls, path: PathLike) -> NgramModel:
        """Read an ARPA file, plain or gz, bz2, xz or zst (told by its first bytes).

        What toolkits are known to write is read, and mended where needed: see ``report.repairs``.

        Raises:
            MissingFileError: there is no such file.
            ArpaError: it is no ARPA file, or damaged; names the line.
        """
        core = read_arpa(path)
        return cls(core, ReadReport(str(path), tuple(core.repairs)), Path(path).name)

    def save(self, path: PathLike) -> None:
        """Write the model as an ARPA file, compressed by suffix (.gz, .bz2, .xz, .zst), atomically.

        Raises:
            OutputError: the folder is missing or not writable, or the disk is full; no file is left.
        """
        write_arpa(self._core, path)

    @property
    def core(self) -> _core.NgramModel:
        """The model's arrays, for the other rooms of tlg."""
        return self._core

    @property
    def name(self) -> str:
        """What figures call the model: its file, or how it was trained."""
        return self._name

    @property
    def report(self) -> TrainReport | ReadReport | ChangeReport:
        """How the model was trained, read or made of others."""
        return self._report

    @property
    def order(self) -> int:
        """The length of the longest n-grams."""
        return len(self._core.counts)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many n-grams there are of order 1, 2, ..."""
        return tuple(self._core.counts)

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """All words, special ones too, in the order of the unigrams."""
        return tuple(self._core.vocabulary)

    def score_sentence(self, words: list[str]) -> list[WordScore]:
        """Score each word of a sentence and its end, ``<s>`` in front.

        Raises:
            OptionError: the sentence is a str (it would be ambiguous how to split it), or holds what is no str.
        """
        if isinstance(words, str):
            raise OptionError("a sentence is a list of words", remedy="Split it: text.split()")
        if not all(isinstance(word, str) for word in words):
            raise OptionError(f"the sentence {words!r} holds something that is no text", remedy="Pass str")
        return [
            WordScore(word, score.log10_prob, score.order, score.oov)
            for word, score in zip([*words, "</s>"], self._core.score_tokens(list(words)), strict=True)
        ]

    def perplexity(
        self,
        texts: Texts,
        *,
        oov: str = "exclude",
        per_sentence: bool = False,
        progress: Progress | None = None,
    ) -> Perplexity:
        """Measure how well the model predicts texts.

        Args:
            texts: one path, or an iterable of paths (plain or compressed), binary streams and sentences
                (lists of words). A str is always a path. An empty line is a sentence.
            oov: "exclude" leaves unknown words out of log10_prob, ppl and ppl1 (SRILM's default);
                "include" scores them as ``<unk>``.
            per_sentence: give each sentence's figures too.
            progress: called with numbers of bytes read.

        Raises:
            TextError: there is no sentence, or ``<s>`` or ``</s>`` is in the text; names the line.
            MissingFileError: there is no such file.

        Source: SRILM ngram(1) -ppl for ppl, ppl1 and zeroprobs; KenLM's query for the other two.
        """
        return measure(
            self._core, texts, name=self._name, oov=oov, per_sentence=per_sentence, progress=progress
        )

    def __repr__(self) -> str:
        counts = "/".join(map(str, self.counts))
        return f"NgramModel({self._name!r}, order={self.order}, counts={counts})"
