"""The corpus of a training: texts to the core's ids, block by block."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tlg import _core
from tlg._files import PathLike
from tlg.errors import OptionError, OutputError, TextError
from tlg.lm.overlap import SentenceSketch
from tlg.lm.text import BLOCK, Texts, blocks, iterate_texts, text_size

__all__ = ["TrainProgress", "available_cores", "check_threads", "make_job", "parse_size", "read_corpus"]

# Called as progress(phase, done, total), total 0 where it is not known. Phases, in this order: "read"
# (bytes), "sort", "count", "estimate", "write".
TrainProgress = Callable[[str, int, int], object]

SMALLEST_MEMORY = 16 << 20
MOST_THREADS = 1024
SENTENCES = 1 << 22  # bytes of sentences handed on at once


class _Sentences:
    """Gathers sentences given as lists of words and hands them on as text, many at once."""

    def __init__(self, corpus: _core.Corpus, sketch: SentenceSketch, room: int) -> None:
        self.corpus = corpus
        self.sketch = sketch
        self.room = room
        self.lines: list[str] = []
        self.size = 0
        self.first = 1

    def add(self, words: Sequence[str], number: int) -> None:
        if not self.lines:
            self.first = number
        try:
            line = " ".join(words)
        except TypeError as error:
            raise TextError(
                f"sentence {number} holds something that is no text", remedy="Give lists of words (str)"
            ) from error
        # Words that are one each have no blank in them, and none is empty.
        if len(line.split(" ")) != max(len(words), 1) or any(c in line for c in "\n\t\r\0") or "" in words:
            bad = next(word for word in words if not word or any(c in word for c in " \n\t\r\0"))
            raise TextError(
                f"{bad!r} is not one word: it is empty or has white space in it",
                remedy="Split the sentence into words first",
                file=f"sentence {number}",
            )
        self.lines.append(line)
        self.size += len(line) + 1
        if self.size >= self.room:
            self.flush()

    def flush(self) -> None:
        """Give what was gathered to the corpus."""
        if not self.lines:
            return
        lines, self.lines, self.size = self.lines, [], 0
        try:
            text = "".join(f"{line}\n" for line in lines).encode()
            self.corpus.add_text(text, "", self.first)
            self.sketch.add_text(text)
        except UnicodeEncodeError:
            number = next(i for i, line in enumerate(lines, self.first) if not _encodes(line))
            raise TextError(
                f"sentence {number} holds something that is no text",
                remedy="Give words without surrogates",
            ) from None
        except TextError as error:
            raise TextError(error.message, remedy=error.remedy, file=f"sentence {error.line}") from None


def _encodes(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


def make_job(
    threads: int | None, memory: int | str | None, temp_dir: PathLike | None, progress: TrainProgress | None
) -> _core.Job:
    """Return how a training is to be done; the options are those of tlg.lm.train.

    Raises:
        OptionError: threads or memory is out of its range.
        OutputError: temp_dir is no folder.
    """
    threads = check_threads(threads)
    limit = 0 if memory is None else parse_size(memory)
    if memory is not None and limit < SMALLEST_MEMORY:
        raise OptionError(
            f"memory={memory!r} is less than {SMALLEST_MEMORY >> 20}M", remedy="Allow more, as in 512M or 2G"
        )
    folder = tempfile.gettempdir() if temp_dir is None else os.fspath(temp_dir)
    if limit and not Path(folder).is_dir():
        raise OutputError("there is no such folder", remedy="Name another temp_dir (--temp-dir)", file=folder)
    return _core.Job(threads, limit, folder, progress)


def check_threads(threads: int | None) -> int:
    """Return the number, None being as many as there are cores for this process.

    Raises:
        OptionError: it is none.
    """
    if threads is None:
        return available_cores()
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= MOST_THREADS:
        raise OptionError(f"threads={threads!r} is not a whole number from 1 to {MOST_THREADS}")
    return threads


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parse_size(size: int | str) -> int:
    """Return a number of bytes: 67108864, "64M", "1.5G", "2 GiB" (K, M, G, T: powers of 1024).

    Raises:
        OptionError: it is none.
    """
    if isinstance(size, int) and not isinstance(size, bool):
        return size
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", str(size), re.IGNORECASE | re.ASCII)
    if not isinstance(size, str) or found is None:
        raise OptionError(
            f"memory={size!r} is no size", remedy="Give bytes, or a number with K, M, G or T: 512M, 2G"
        )
    return int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " "))


class _Reading:
    """Adds up the bytes read and tells them."""

    def __init__(self, texts: Texts, progress: TrainProgress | None) -> None:
        self.progress = progress
        self.done = 0
        self.total = 0
        self.told = 0.0
        if progress is None:
            return
        # What comes out of an iterator is not known before it comes.
        given = [texts] if isinstance(texts, str | os.PathLike) else texts
        sizes = [text_size(text) for text in given] if isinstance(given, list | tuple) else [None]
        if None not in sizes:
            self.total = sum(size or 0 for size in sizes)
        progress("read", 0, self.total)

    def __call__(self, size: int) -> None:
        self.done += size
        if self.progress is not None and time.monotonic() >= self.told + 0.1:
            self.told = time.monotonic()
            self.progress("read", self.done, self.total)


def read_corpus(
    texts: Texts,
    *,
    symbols: _core.Symbols,
    vocab: Iterable[str] | None,
    closed_vocab: bool,
    job: _core.Job,
    progress: TrainProgress | None,
) -> tuple[_core.Corpus, SentenceSketch, list[str]]:
    """Return the corpus, its sentences for later comparison, and notes on what was mended in the texts.

    Args:
        texts: as for tlg.lm.train.
        symbols: what ``<s>``, ``</s>`` and ``<unk>`` in the text mean.
        vocab: the words of a fixed vocabulary; None: those of the text.
        closed_vocab: there is no ``<unk>``; n-grams with a word outside vocab do not count.
        job: threads, memory and progress of the training.
        progress: called with the phase "read", and bytes.

    Raises:
        TextError, MissingFileError, OutputError: as tlg.lm.train.
    """
    options = _core.CorpusOptions()
    options.symbols = symbols
    if vocab is not None:
        options.fixed_vocab = True
        options.vocab = list(vocab)
    options.closed = closed_vocab
    corpus = _core.Corpus(options, job)
    notes: list[str] = []
    size = min(BLOCK, max(job.memory // 32, 1 << 12)) if job.memory else BLOCK
    reading = _Reading(texts, progress)
    sketch = SentenceSketch()
    sentences = _Sentences(corpus, sketch, min(size, SENTENCES))
    for number, text in enumerate(iterate_texts(texts), start=1):
        if isinstance(text, Sequence) and not isinstance(text, str):
            sentences.add(text, number)
            continue
        sentences.flush()
        for block in blocks(text, reading, size):
            corpus.add_text(block.data, block.name, block.first_line)
            sketch.add_text(block.data)
            notes.extend(block.notes)
    sentences.flush()
    if vocab is not None and corpus.num_outside:
        how = "left out, with the n-grams they are in" if closed_vocab else "counted as <unk>"
        notes.append(f"{corpus.num_outside} words of the text are not in vocab: {how}")
    return corpus, sketch, notes
