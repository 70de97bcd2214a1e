"""Training n-gram models from text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike as OsPathLike

from tlg import _core
from tlg._files import PathLike, read_text
from tlg.errors import OptionError
from tlg.lm.corpus import TrainProgress, make_job, read_corpus
from tlg.lm.model import NgramModel
from tlg.lm.overlap import SentenceSketch
from tlg.lm.report import OrderReport, TrainReport
from tlg.lm.text import Texts

__all__ = ["SMOOTHINGS", "train"]

SMOOTHINGS = ("mkn",)
SYMBOLS = {"error": _core.Symbols.error, "skip": _core.Symbols.skip, "unk": _core.Symbols.unk}
COUNT_OF_COUNTS = {"lmplz": _core.CountOfCounts.lmplz, "exact": _core.CountOfCounts.exact}


def _choose(name: str, value: str, table: Iterable[str]) -> None:
    if value not in table:
        known = ", ".join(repr(one) for one in table)
        raise OptionError(f"{name}={value!r} is not known", remedy=f"There is: {known}")


def _whole(name: str, value: object, lowest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value < 2**63:
        raise OptionError(f"{name}={value!r} is not a whole number from {lowest} on")
    return value


def _fallback(value: bool | float | Sequence[float]) -> tuple[float, float, float]:
    if isinstance(value, bool):
        return (0.5, 1.0, 1.5)
    try:
        values = [float(value)] * 3 if isinstance(value, int | float) else [float(one) for one in value]
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"discount_fallback={value!r} is no bool and no numbers", remedy="Give a bool, one value or three"
        ) from error
    if len(values) != 3:
        raise OptionError(
            f"discount_fallback has {len(values)} values", remedy="Give a bool, one value or three"
        )
    return (values[0], values[1], values[2])


def _vocabulary(name: str, vocab: PathLike | Iterable[str]) -> list[str]:
    if isinstance(vocab, str | OsPathLike):
        return read_text(vocab).replace("\0", " ").split()
    if not isinstance(vocab, Iterable):
        raise OptionError(
            f"{name} is a {type(vocab).__name__}", remedy="Give the words, or the path of a file"
        )
    words = list(vocab)
    for word in words:
        if not isinstance(word, str):
            raise OptionError(f"{name} holds {word!r}, not a word", remedy="Give str, or the path of a file")
    return words


def train(
    texts: Texts,
    *,
    order: int = 4,
    smoothing: str = "mkn",
    prune: Sequence[int] = (),
    discount_fallback: bool | float | Sequence[float] = True,
    count_of_counts: str = "lmplz",
    interpolate_unigrams: bool = True,
    vocab_pad: int = 0,
    limit_vocab: PathLike | Iterable[str] | None = None,
    vocab: PathLike | Iterable[str] | None = None,
    closed_vocab: bool = False,
    symbols: str = "error",
    threads: int | None = None,
    memory: int | str | None = None,
    temp_dir: PathLike | None = None,
    progress: TrainProgress | None = None,
) -> NgramModel:
    """Train an n-gram model.

    Args:
        texts: one path, or an iterable of paths (plain or gz, bz2, xz, zst), binary streams, and
            sentences (lists of words). A str is always a path, never a sentence. One sentence a line;
            words are separated by spaces, tabs, CR and NUL; an empty line is a sentence.
        order: the length of the longest n-grams, 1 to 9.
        smoothing: "mkn", interpolated modified Kneser-Ney.
        prune: n-grams that occur at most this often are dropped: one threshold for each order from 1
            on, non-decreasing, the last one repeats. (0, 0, 1) drops what occurs once from order 3 on.
        discount_fallback: what to do for an order whose discounts the text does not determine (few
            n-grams): True takes 0.5, 1, 1.5 and says so in the report; one or three values are taken
            instead of these; False raises TextError.
        count_of_counts: "lmplz" gives the numbers of lmplz, which enters the last n-gram of the lower
            orders with the number of times it occurs; "exact" is the formula. See docs/lm.md.
        interpolate_unigrams: mix the unigrams with a uniform distribution, ``<unk>`` in it; if False,
            all the mass taken from the unigrams goes to ``<unk>``.
        vocab_pad: size of that uniform distribution when it is larger than the vocabulary.
        vocab: a file or the words themselves: the words of the model. Others count as ``<unk>``; words that
            the text lacks get the share of a word never seen.
        closed_vocab: the model has no ``<unk>``, and n-grams with a word outside vocab do not count.
        limit_vocab: a file or the words themselves: n-grams with any other word are dropped.
        symbols: ``<s>``, ``</s>`` and ``<unk>`` in the text: "error" refuses them, "skip" takes them as
            white space, "unk" counts ``<unk>`` as the unknown word and refuses the other two.
        threads: None: as many as there are cores for this process. The result is the same for any number.
        memory: about how much the training may take, beyond what Python has: bytes, or "512M", "2G"; 16M
            at least. What does not fit is kept in temporary files; the vocabulary always is in memory.
            None: no limit. The result is the same.
        temp_dir: the folder of these files; None: the system's. They have no names, so that nothing is
            left of them however the training ends.
        progress: called as progress(phase, done, total), total 0 where it is not known; the phases are
            "read" (bytes), "sort", "count", "estimate", "write". What it raises ends the training.

    Raises:
        OptionError: an option out of its range, or options that contradict each other.
        TextError: the text is empty, not UTF-8, or has a reserved word (names the line); or discounts
            fail and there is no fallback.
        MissingFileError: there is no such file.
        OutputError: a file cannot be read, or there is no room for temporary files.

    Source: Chen and Goodman 1998; Heafield et al. 2013. Formulas: docs/lm.md.
    """
    _choose("smoothing", smoothing, SMOOTHINGS)
    _choose("count_of_counts", count_of_counts, COUNT_OF_COUNTS)
    _choose("symbols", symbols, SYMBOLS)
    options = _core.SmoothingOptions()
    options.count_of_counts = COUNT_OF_COUNTS[count_of_counts]
    options.discount_fallback = discount_fallback is not False
    fallback = _fallback(discount_fallback)
    options.fallback = list(fallback)
    if not isinstance(prune, Sequence) or isinstance(prune, str):
        raise OptionError(f"prune={prune!r} is no sequence", remedy="Give a threshold per order: (0, 0, 1)")
    thresholds = [_whole("prune", one, 0) for one in prune]
    options.prune = thresholds
    options.interpolate_unigrams = interpolate_unigrams
    options.vocab_pad = _whole("vocab_pad", vocab_pad, 0)
    options.closed_vocab = closed_vocab
    if limit_vocab is not None:
        options.limit_vocab = True
        options.vocab = _vocabulary("limit_vocab", limit_vocab)
    if not 1 <= _whole("order", order, 1) <= 9:
        raise OptionError(f"order={order} is not from 1 to 9")

    job = make_job(threads, memory, temp_dir, progress)
    sketch = SentenceSketch()
    corpus, notes = read_corpus(
        texts,
        symbols=SYMBOLS[symbols],
        vocab=None if vocab is None else _vocabulary("vocab", vocab),
        closed_vocab=closed_vocab,
        job=job,
        progress=progress,
        sketch=sketch,
    )
    sentences, words, skipped = corpus.num_sentences, corpus.num_words, corpus.num_skipped
    core, found = _core.train(corpus, order, options)
    orders = tuple(
        OrderReport(k, one.counted, one.kept, tuple(one.t), tuple(one.discount), one.fallback)
        for k, one in enumerate(found, start=1)
    )
    notes.extend(
        f"order {one.order}: {one.fallback}: fallback discounts {' '.join(f'{d:g}' for d in fallback)}"
        for one in orders
        if one.fallback
    )
    if skipped:
        notes.append(f"{skipped} times <s>, </s> or <unk> in the text were left out")
    report = TrainReport(
        sentences=sentences,
        words=words,
        types=orders[0].counted - 3,
        skipped_symbols=skipped,
        options={
            "order": order,
            "smoothing": smoothing,
            "prune": tuple(thresholds),
            "discount_fallback": fallback if discount_fallback is not False else False,
            "count_of_counts": count_of_counts,
            "interpolate_unigrams": interpolate_unigrams,
            "vocab_pad": vocab_pad,
            "limit_vocab": len(options.vocab) if limit_vocab is not None else None,
            "vocab": None if vocab is None else corpus.num_listed,
            "closed_vocab": closed_vocab,
            "symbols": symbols,
        },
        orders=orders,
        notes=tuple(notes),
        sketch=sketch,
    )
    return NgramModel(core, report, f"{smoothing}{order}")
