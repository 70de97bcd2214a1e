"""NgramModel: a backoff n-gram model, immutable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tlg import _core
from tlg._files import PathLike
from tlg.errors import OptionError
from tlg.lm import query
from tlg.lm.arpa import write_arpa
from tlg.lm.binary import BINARY_SUFFIX, read_model, save_binary
from tlg.lm.change_report import ChangeReport
from tlg.lm.corpus import check_threads
from tlg.lm.generate import Generated, generate
from tlg.lm.measure import perplexity
from tlg.lm.perplexity import Perplexity, WordScore
from tlg.lm.report import TrainReport
from tlg.lm.text import Progress, Texts

__all__ = ["NgramModel", "ReadReport"]


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


class NgramModel:
    """A backoff n-gram model, from ``tlg.lm.train`` or ``NgramModel.load``; it never changes."""

    def __init__(
        self,
        core: _core.NgramModel,
        report: TrainReport | ReadReport | ChangeReport,
        name: str,
        job: _core.Job | None = None,
    ) -> None:
        """Wrap what training (by a job, whose memory it uses) or reading made; users call ``train`` or ``load``."""
        self._core = core
        self._job = job
        self._report = report
        self._name = name

    @classmethod
    def load(cls, path: PathLike) -> NgramModel:
        """Read an ARPA file, plain or gz, bz2, xz or zst, or map a binary; told by the first bytes.

        What toolkits are known to write is read, and mended where needed: see ``report.repairs``.
        For KenLM's binaries see ``tlg.lm.load_model``.

        Raises:
            MissingFileError: there is no such file.
            ArpaError: it is neither, or damaged; names the line of an ARPA file.
        """
        core = read_model(path)
        return cls(core, ReadReport(str(path), tuple(core.repairs)), Path(path).name)

    def save(
        self,
        path: PathLike,
        *,
        structure: str | None = None,
        prob_bits: int | None = None,
        backoff_bits: int | None = None,
        threads: int | None = None,
        progress: Callable[[str, int, int], object] | None = None,
    ) -> None:
        """Write the model, atomically: as a binary if the suffix is .tlglm, else as an ARPA file.

        An ARPA file is compressed by suffix (.gz, .bz2, .xz, .zst).

        Args:
            path: the file.
            structure: of a binary: "probing" (the default), the faster, or "trie", the smaller; asks for
                a binary whatever the suffix. docs/lm_binary.md compares them.
            prob_bits: of a trie: 2 to 16 bits a probability; None keeps them exact.
            backoff_bits: of a trie: 2 to 16 bits a backoff; None keeps them exact.
            threads: how many make the text of an ARPA file; None: as many as there are cores for this
                process. The file does not depend on it.
            progress: called as progress("write", done, total), in n-grams, while an ARPA file is written.

        Raises:
            OptionError: an unknown structure, bits out of their range, bits for another structure; threads
                that are no number of threads.
            OutputError: the folder is missing or not writable, or the disk is full; no file is left.
        """
        quantised = prob_bits is not None or backoff_bits is not None
        if structure is None and (quantised or Path(path).suffix == BINARY_SUFFIX):
            structure = "trie" if quantised else "probing"
        if structure is None:
            done, total = 0, sum(self.counts)

            def written(ngrams: int) -> None:
                nonlocal done
                done += ngrams
                if self._job is not None:
                    self._job.touched(32 * ngrams)  # what a node takes in the arrays, and more
                if progress is not None:
                    progress("write", done, total)

            write_arpa(self._core, path, written, threads=check_threads(threads))
        else:
            save_binary(self._core, path, structure=structure, prob_bits=prob_bits, backoff_bits=backoff_bits)

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
        per_word: bool = False,
        train_texts: Texts | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Perplexity:
        """Measure how well the model predicts texts; tlg.lm.perplexity says what the options mean."""
        return perplexity(
            self,
            texts,
            oov=oov,
            per_sentence=per_sentence,
            per_word=per_word,
            train_texts=train_texts,
            threads=threads,
            progress=progress,
        )

    # --- asked word by word: docs/lm_query.md ---

    def __len__(self) -> int:
        """Return the number of words, special ones too."""
        return self._core.counts[0]

    def __contains__(self, word: object) -> bool:
        """Tell whether the model knows a word; ``<unk>`` itself it does not."""
        return isinstance(word, str) and self._core.find(word) >= 0

    def word_id(self, word: str) -> int:
        """Return the id of a word, its index in ``vocabulary``: ``unk_id`` where the model lacks it."""
        found = self._core.find(word)
        return found if found >= 0 else self.unk_id

    @cached_property
    def bos_id(self) -> int:
        """The id of ``<s>``; -1 where the model lacks it."""
        return self._core.special_ids[0]

    @cached_property
    def eos_id(self) -> int:
        """The id of ``</s>``; -1 where the model lacks it."""
        return self._core.special_ids[1]

    @cached_property
    def unk_id(self) -> int:
        """The id of ``<unk>`` (or ``<UNK>``), which stands for all unknown words; -1 for none."""
        return self._core.special_ids[2]

    def begin(self, *, bos: bool = True) -> int:
        """Return the state at the start of a sentence, after ``<s>``; with ``bos=False`` after nothing.

        A state is an int, to be compared and handed back: equal states score alike whatever follows.
        It holds for this model alone.
        """
        return self._core.begin(bos)

    def score(self, state: int, word: str | int) -> tuple[int, float]:
        """Return the state after a word, and the word's score in nats.

        Args:
            state: from begin() or score() of this model.
            word: its text or its id; unknown words are scored as ``<unk>``, as is the id -1.

        Raises:
            OptionError: no state or no id of this model.
        """
        return query.score_word(self._core, state, word)

    def end(self, state: int) -> float:
        """Return the score of ``</s>`` after a state, in nats."""
        return self._core.finish(state)

    def score_batch(
        self, states: ArrayLike, words: Sequence[str] | ArrayLike
    ) -> tuple[NDArray[np.float32], NDArray[np.uint64]]:
        """Score a word in each of many states, which need have nothing to do with each other.

        Args:
            states: integers [B].
            words: texts, or ids [B].

        Returns scores in nats, float32 [B], and the states that follow, uint64 [B].

        Raises:
            OptionError: arrays of different lengths, or what is no state or id of this model.
        """
        return query.score_batch(self._core, states, words)

    def score_sentences(
        self,
        sentences: query.Sentences,
        offsets: ArrayLike | None = None,
        *,
        bos: bool = True,
        eos: bool = True,
    ) -> list[NDArray[np.float32]]:
        """Score each token of whole sentences, in nats.

        Args:
            sentences: lists of words or of ids; or, with ``offsets``, all ids one after another.
            offsets: where each sentence begins, and the number of ids: [S + 1].
            bos: start each after ``<s>``.
            eos: score ``</s>`` too, as the last of each sentence.

        Raises:
            OptionError: what is no sentence, no id of this model, or offsets that do not fit.
        """
        return query.score_sentences(self._core, sentences, offsets, bos=bos, eos=eos)

    def next_words(self, state: int, k: int = 10) -> list[tuple[str, float]]:
        """Return the k most likely words after a state with their scores in nats, best first.

        ``</s>`` and ``<unk>`` are words here, ``<s>`` is not. Of equal scores the lower id comes first.
        Fast: the other words are not looked at. The first call of a model sorts its n-grams.
        """
        return query.next_words(self._core, self.vocabulary, state, k)

    def next_distribution(self, state: int) -> NDArray[np.float32]:
        """Return the scores of all words after a state, in nats, by id.

        With ``</s>`` and ``<unk>``, without ``<s>`` (-inf), the probabilities sum to 1, as far as the
        model's do.
        """
        return _core.next_distribution(self._core, state)

    def generate(self, n: int = 1, **options: Any) -> list[Generated]:
        """Make sentences: sampled, greedy or by beam search; the options are those of tlg.lm.generate."""
        return generate(self, n, **options)

    def __repr__(self) -> str:
        counts = "/".join(map(str, self.counts))
        return f"NgramModel({self._name!r}, order={self.order}, counts={counts})"
