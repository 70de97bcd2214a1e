"""Training n-gram models from text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tlg import _core
from tlg._files import PathLike
from tlg.errors import OptionError
from tlg.lm.corpus import TrainProgress, make_job, read_corpus
from tlg.lm.counts import NgramCounts, symbols_of
from tlg.lm.model import NgramModel
from tlg.lm.overlap import SentenceSketch
from tlg.lm.report import OrderReport, TrainReport
from tlg.lm.smoothing import SMOOTHINGS, choose, fallback_note, vocabulary
from tlg.lm.text import Texts

__all__ = ["SMOOTHINGS", "train"]


def train(
    texts: Texts | NgramCounts,
    *,
    order: int = 4,
    smoothing: str = "mkn",
    backoff: bool = False,
    k: float | None = None,
    heldout: Texts | None = None,
    weight_buckets: bool = False,
    gt_max: Sequence[int] | None = None,
    prune: Sequence[int] | None = None,
    prune_counts: str = "raw",
    discount_fallback: bool | float | Sequence[float] = True,
    count_of_counts: str | None = None,
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
            words are separated by spaces, tabs, CR and NUL; an empty line is a sentence. Or the counts of
            texts, from ``tlg.lm.count`` or a count file.
        order: the length of the longest n-grams, 1 to 9.
        smoothing: "mkn" modified Kneser-Ney, "kn" Kneser-Ney with one discount an order, "absolute"
            discounting, "wb" Witten-Bell, "katz" (Good-Turing), "jm" Jelinek-Mercer, "addk", "laplace"
            (add 1), "ml" maximum likelihood. docs/smoothing.md teaches them.
        backoff: the backoff form of mkn, kn, absolute and wb: unseen n-grams alone get what the
            discounts take; by default it is shared by all (interpolation). katz always backs off.
        k: what addk adds to each count.
        heldout: for jm: a text like the one to come, from which the weights are learnt; as `texts`.
        weight_buckets: jm learns a weight for contexts seen once, 2-3, 4-7, ... times, instead of one
            an order.
        gt_max: the highest count that katz discounts, one an order, the last one repeats; (1, 7).
        prune: n-grams that occur at most this often are dropped: one threshold for each order from 1
            on, non-decreasing, the last one repeats. (0, 0, 1) drops what occurs once from order 3 on,
            and is the default of katz; the others keep all.
        prune_counts: "raw" compares thresholds with occurrences, as lmplz; "adjusted", for mkn and kn,
            with Kneser-Ney's adjusted counts, as SRILM, and keeps the parts of what is kept.
        discount_fallback: what to do for an order whose discounts the text does not determine (few
            n-grams): True takes 0.5, 1, 1.5 (mkn), 0.75 (kn, absolute) or leaves the counts in question
            as they are (katz), and says so in the report; values are taken instead of these; False
            raises TextError.
        count_of_counts: where discounts come from. "lmplz", the default of mkn, gives the numbers of
            lmplz, which enters the last n-gram of the lower orders with the number of times it occurs;
            "exact" is the formula; "raw" counts occurrences, for mkn and kn too.
        interpolate_unigrams: mix the unigrams with a uniform distribution, ``<unk>`` in it; if False,
            all the mass taken from the unigrams goes to ``<unk>``.
        vocab_pad: size of that uniform distribution when it is larger than the vocabulary.
        vocab: a file or the words themselves: the words of the model. Others count as ``<unk>``; words that
            the text lacks get the share of a word never seen.
        limit_vocab: a file or the words themselves: n-grams with any other word are dropped.
        closed_vocab: no other words than the model's will come: it has no ``<unk>``, no mass goes there,
            and n-grams with a word outside vocab do not count.
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

    Source: Chen and Goodman 1998; Heafield et al. 2013; formulas and sources
    of each method: docs/smoothing.md.
    """
    choice = choose(
        order,
        smoothing,
        backoff=backoff,
        k=k,
        heldout=heldout,
        weight_buckets=weight_buckets,
        gt_max=gt_max,
        prune=prune,
        prune_counts=prune_counts,
        discount_fallback=discount_fallback,
        count_of_counts=count_of_counts,
        interpolate_unigrams=interpolate_unigrams,
        vocab_pad=vocab_pad,
        limit_vocab=limit_vocab,
    )
    meaning = symbols_of(symbols)
    job = make_job(threads, memory, temp_dir, progress)
    learns_from: _core.Corpus | None = None
    if heldout is not None:
        learns_from, _, _ = read_corpus(
            heldout,
            symbols=meaning,
            vocab=None,
            closed_vocab=False,
            job=job,
            progress=None,
        )

    sketch, notes, skipped, listed = SentenceSketch(), list[str](), 0, None
    if isinstance(texts, NgramCounts):
        if vocab is not None or closed_vocab or symbols != "error":
            raise OptionError(
                "vocab, closed_vocab and symbols are for texts, not for counts",
                remedy="Give symbols to tlg.lm.count, or use limit_vocab",
            )
        counts = texts.shortened(choice.used["order"])
        sentences, words = counts.num_sentences, counts.num_words
        core, found = _core.train_counts(counts.core, job, choice.core, learns_from)
    else:
        corpus, sketch, notes = read_corpus(
            texts,
            symbols=meaning,
            vocab=None if vocab is None else vocabulary("vocab", vocab),
            closed_vocab=closed_vocab,
            job=job,
            progress=progress,
        )
        sentences, words, skipped = corpus.num_sentences, corpus.num_words, corpus.num_skipped
        listed = None if vocab is None else corpus.num_listed
        core, found = _core.train(corpus, choice.used["order"], choice.core, learns_from)
    cutoffs = choice.used["prune"] or (0,)
    orders = tuple(
        OrderReport(
            order=length,
            counted=one.counted,
            kept=one.kept,
            cutoff=cutoffs[min(length, len(cutoffs)) - 1],
            count_of_counts=tuple(one.t),
            discounts=tuple(one.discount),
            weights=tuple(one.weight),
            fallback=one.fallback,
        )
        for length, one in enumerate(found, start=1)
    )
    notes.extend(fallback_note(choice, one.order, one.fallback) for one in orders if one.fallback)
    if skipped:
        notes.append(f"{skipped} times <s>, </s> or <unk> in the text were left out")
    report = TrainReport(
        sentences=sentences,
        words=words,
        types=orders[0].counted - 3,
        skipped_symbols=skipped,
        options={
            **choice.used,
            "vocab": listed,
            "closed_vocab": closed_vocab,
            "symbols": symbols,
        },
        orders=orders,
        notes=tuple(notes),
        sketch=sketch,
    )
    return NgramModel(core, report, f"{smoothing}{order}", job)
