"""Counts of n-grams that outlive their text: counted, saved, read, added up, trained from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike as OsPathLike

from tlg import _core
from tlg._files import PathLike, write_packed
from tlg.errors import OptionError, TextError
from tlg.lm.corpus import TrainProgress, make_job, read_corpus
from tlg.lm.text import Texts, blocks

__all__ = ["SYMBOLS", "NgramCounts", "count", "merge_counts", "symbols_of"]

MAX_ORDER = 9
MAX_TIMES = 2**32 - 1
SYMBOLS = {"error": _core.Symbols.error, "skip": _core.Symbols.skip, "unk": _core.Symbols.unk}


def _check_order(order: int) -> int:
    if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= MAX_ORDER:
        raise OptionError(f"order={order!r} is not from 1 to {MAX_ORDER}")
    return order


def symbols_of(symbols: str) -> _core.Symbols:
    """Return what special words in a text mean.

    Raises:
        OptionError: the name is not known.
    """
    if symbols not in SYMBOLS:
        known = ", ".join(repr(one) for one in SYMBOLS)
        raise OptionError(f"symbols={symbols!r} is not known", remedy=f"There is: {known}")
    return SYMBOLS[symbols]


class NgramCounts:
    """How often n-grams occur, from ``tlg.lm.count``, ``NgramCounts.load`` or ``merge_counts``."""

    def __init__(self, core: _core.NgramCounts) -> None:
        """Wrap what counting or reading made; users call ``count`` or ``load``."""
        self._core = core

    @classmethod
    def load(cls, paths: PathLike | Iterable[PathLike], *, order: int) -> NgramCounts:
        """Read count files: lines of an n-gram, a tab and a whole number (SRILM's ngram-count -write).

        What is in several files, or several times in one, is added up. Needed are the n-grams of the highest
        order, and the shorter ones that begin with ``<s>``: other short ones follow from them and are not read.

        Args:
            paths: one path or several, plain or gz, bz2, xz, zst.
            order: the length of the longest n-grams, 1 to 9.

        Raises:
            OptionError: an order out of its range.
            TextError: a line that is no n-gram with a count, or an n-gram longer than the order; names the line.
            MissingFileError: there is no such file.
        """
        core = _core.NgramCounts(_check_order(order))
        for path in [paths] if isinstance(paths, str | OsPathLike) else list(paths):
            for block in blocks(path):
                core.add_lines(block.data, block.name, block.first_line)
        return cls(core)

    def save(self, path: PathLike) -> None:
        """Write a count file with the n-grams of all orders, compressed by suffix, atomically.

        Raises:
            TextError: there are no n-grams.
            OutputError: the folder is missing or not writable, or the disk is full; no file is left.
        """
        writer = _core.CountWriter(self._core)
        with write_packed(path) as write:
            while piece := writer.next():
                write(piece)

    def shortened(self, order: int) -> NgramCounts:
        """Return the counts of a lower order, or these.

        Raises:
            OptionError: the order is higher than that of these counts.
        """
        if order > self.order:
            raise OptionError(
                f"order={order}, and the counts are of order {self.order}",
                remedy=f"Pass order={self.order} or less, or count the text again",
            )
        if order == self.order:
            return self
        core = _core.NgramCounts(_check_order(order))
        core.add(self._core, 1)
        return NgramCounts(core)

    @property
    def core(self) -> _core.NgramCounts:
        """The counts, for the other rooms of tlg."""
        return self._core

    @property
    def order(self) -> int:
        """The length of the longest n-grams."""
        return self._core.order

    @property
    def num_sentences(self) -> int:
        """How many sentences were counted."""
        return self._core.num_sentences

    @property
    def num_words(self) -> int:
        """How many words were counted, without ``</s>``."""
        return self._core.num_tokens - self._core.num_sentences

    def __repr__(self) -> str:
        return f"NgramCounts(order={self.order}, sentences={self.num_sentences}, words={self.num_words})"


def count(
    texts: Texts,
    *,
    order: int = 4,
    symbols: str = "error",
    threads: int | None = None,
    memory: int | str | None = None,
    temp_dir: PathLike | None = None,
    progress: TrainProgress | None = None,
) -> NgramCounts:
    """Count the n-grams of texts; ``train`` takes the counts in the place of texts.

    Args:
        texts: as in ``train``.
        order: the length of the longest n-grams, 1 to 9.
        symbols: what ``<s>``, ``</s>`` and ``<unk>`` in the text mean, as in ``train``.
        threads: as in ``train``.
        memory: as in ``train``.
        temp_dir: as in ``train``.
        progress: as in ``train``.

    Raises:
        OptionError: an option out of its range.
        TextError: the text is empty, not UTF-8, or has a reserved word; names the line.
        MissingFileError: there is no such file.
        OutputError: a file cannot be read, or there is no room for temporary files.
    """
    _check_order(order)
    meaning = symbols_of(symbols)
    job = make_job(threads, memory, temp_dir, progress)
    corpus, _, _ = read_corpus(
        texts, symbols=meaning, vocab=None, closed_vocab=False, job=job, progress=progress
    )
    if not corpus.num_sentences:
        raise TextError("the text is empty: there is no sentence to count", remedy="Give some text")
    return NgramCounts(_core.NgramCounts.of_text(corpus, order))


def merge_counts(counts: Sequence[NgramCounts], times: Sequence[int] | None = None) -> NgramCounts:
    """Add up counts, each so many times: a text counted twice weighs as if it stood there twice.

    Args:
        counts: one or more; the lowest order among them is the order of the sum.
        times: a whole number from 1 on for each; 1 if left out.

    Raises:
        OptionError: no counts, or times that do not fit.
    """
    if not counts:
        raise OptionError("there are no counts to merge", remedy="Give a list of NgramCounts")
    repeats = [1] * len(counts) if times is None else list(times)
    if len(repeats) != len(counts):
        raise OptionError(f"{len(repeats)} times for {len(counts)} counts", remedy="Give one for each")
    for one in repeats:
        if isinstance(one, bool) or not isinstance(one, int) or not 1 <= one <= MAX_TIMES:
            raise OptionError(f"times={times!r} holds {one!r}, no whole number from 1 on")
    core = _core.NgramCounts(min(one.order for one in counts))
    for part, repeat in zip(counts, repeats, strict=True):
        core.add(part.core, repeat)
    return NgramCounts(core)
