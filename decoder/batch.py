"""Many utterances on threads: a whole batch, or an iterator that reads no further ahead than it must.

The threads are the core's: they check, convert and search without the GIL. The caller's thread reads the inputs, makes
the results, and works with them while it would have to wait.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tlg import _core
from tlg._arrays import TOLERANCE
from tlg.decoder.intake import Ready, unchecked, unpad
from tlg.decoder.reading import ResultReader
from tlg.decoder.result import Result
from tlg.decoder.slot import Slot
from tlg.errors import OptionError, PosteriorError, TlgError

__all__ = ["BatchJob", "decode_all", "decode_each"]

AHEAD = 8  # utterances read ahead, for each thread, where nobody says


@dataclass(frozen=True, kw_only=True)
class BatchJob:
    """What a decoder lends to a batch, with the hotwords of the moment.

    Attributes:
        core: the search.
        slot: the hotwords.
        reader: makes results.
        num_tokens: V.
        logits: the inputs are raw network output.
        threads: utterances decoded at a time; checked here.

    Raises:
        OptionError: threads is not 1 or more.
    """

    core: _core.Decoder
    slot: Slot
    reader: ResultReader
    num_tokens: int
    logits: bool
    threads: int

    def __post_init__(self) -> None:
        """Check what comes from users."""
        _check_count("threads", self.threads, "Pass the number of cores")

    def begin(self, most: int, *, all_or_nothing: bool = False) -> _core.Batch:
        """Return a batch without utterances, of which no more than ``most`` are ever under way."""
        threads = max(1, min(int(self.threads), most))
        return _core.Batch(self.core, self.slot.use, threads=threads, all_or_nothing=all_or_nothing)

    def add(self, batch: _core.Batch, number: int, ready: Ready) -> None:
        """Hand one input over."""
        batch.add(number, ready, logits=self.logits, tolerance=TOLERANCE)

    def take(self, batch: _core.Batch, number: int) -> Result:
        """Return the result of a finished utterance, or raise what went wrong with it."""
        return self.reader.result(batch.take(number), self.slot.hotwords, self.slot.version)


def decode_all(job: BatchJob, inputs: object, *, lengths: object) -> list[Result]:
    """Return the results of a batch in its order. See Decoder.decode_batch."""
    ready = [_view(job, number, one) for number, one in enumerate(unpad(inputs, lengths))]
    results: list[Result | None] = [None] * len(ready)
    # The longest first, so that the end is not one thread at work on a long one.
    order: Iterable[int] = range(len(ready))
    if job.threads > 1:
        order = sorted(order, key=lambda number: -_num_frames(ready[number]))
    batch = job.begin(len(ready), all_or_nothing=True)
    try:
        for number in order:
            job.add(batch, number, ready[number])
        pending = set(order)
        failed: tuple[int, TlgError] | None = None
        while pending:
            number = batch.wait()
            pending.discard(number)
            try:
                results[number] = job.take(batch, number)
            except TlgError as error:
                if failed is None or number < failed[0]:
                    failed = (number, error)
                # The first bad one is reported whatever the threads did: those before it are still checked.
                pending = {other for other in pending if other < number}
    finally:
        batch.stop()
    if failed is not None:
        raise _named(failed[1], failed[0]) from failed[1]
    return [result for result in results if result is not None]


def decode_each(
    job: BatchJob, inputs: object, *, ordered: bool, window: int | None, copy: bool
) -> Generator[tuple[Any, Result], None, None]:
    """Return an iterator over (key, result). See Decoder.decode_iter.

    Args:
        job: how to decode.
        inputs: the utterances.
        ordered: in their order, or as they are done.
        window: utterances under way at most; None: some for each thread.
        copy: keep copies of inputs under way, in case the caller uses their memory again.
    """
    if isinstance(inputs, str | bytes | Path | Mapping) or not isinstance(inputs, Iterable):
        remedy = "Pass inputs.items()" if isinstance(inputs, Mapping) else "Pass an iterable"
        raise PosteriorError(
            f"the inputs are a {type(inputs).__name__}, not an iterable of arrays or (key, array)",
            remedy=remedy,
        )
    if hasattr(inputs, "shape"):
        raise PosteriorError(
            "the inputs are one array, not an iterable of arrays or (key, array)",
            remedy="Pass a padded batch to decode_batch with lengths=, one utterance to decode",
        )
    if window is not None:
        _check_count("window", window, f"{AHEAD} utterances a thread are the default")
    most = 1 if job.threads == 1 else AHEAD * int(job.threads) if window is None else int(window)
    return _decode_each(job, iter(inputs), ordered, most, copy and job.threads > 1)


def _decode_each(
    job: BatchJob, inputs: Iterator[object], ordered: bool, most: int, copy: bool
) -> Generator[tuple[Any, Result], None, None]:
    keys: dict[int, Any] = {}  # of the utterances under way
    added, due = 0, 0
    at_end: Exception | None = None  # why no more is read
    batch = job.begin(most)
    try:
        while True:
            wanted, read = (due if ordered else -1), 0
            # A result that is ready goes out before much more is read: reading may take long. A second one is
            # read where threads may soon have nothing to do.
            while (
                at_end is None
                and len(keys) < most
                and (
                    read == 0
                    or (read == 1 and batch.num_waiting() < job.threads)
                    or not batch.is_done(wanted)
                )
            ):
                try:
                    item = next(inputs)
                    key, log_probs = item if isinstance(item, tuple) and len(item) == 2 else (added, item)
                    ready = _view(job, key, log_probs)
                except Exception as error:  # noqa: BLE001  # raised when what came before it is out
                    at_end = error
                    break
                job.add(batch, added, _copied(ready) if copy else ready)
                keys[added] = key
                added += 1
                read += 1
            if not keys:
                break
            number = batch.wait(wanted)
            key = keys.pop(number)
            due += 1
            try:
                result = job.take(batch, number)
            except TlgError as error:
                raise _named(error, key) from error
            yield key, result
    finally:
        batch.stop()
    if at_end is not None and not isinstance(at_end, StopIteration):
        raise at_end


def _view(job: BatchJob, key: object, log_probs: object) -> Ready:
    """Return one input as the batch takes it."""
    try:
        return unchecked(log_probs, job.num_tokens, logits=job.logits)
    except TlgError as error:
        raise _named(error, key) from error


def _check_count(name: str, value: object, remedy: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise OptionError(f"{name}={value!r} is not an integer", remedy=remedy)
    if value < 1:
        raise OptionError(f"{name}={value!r} is not 1 or more", remedy=remedy)


def _num_frames(ready: Ready) -> int:
    return int((ready[0] if isinstance(ready, tuple) else ready).shape[0])


def _copied(ready: Ready) -> Ready:
    return (ready[0].copy(), ready[1].copy(), ready[2].copy()) if isinstance(ready, tuple) else ready.copy()


def _named(error: TlgError, key: object) -> TlgError:
    """Return the error with the utterance's name in front."""
    message = f"utterance {key!r}: {error.message}"
    return type(error)(message, remedy=error.remedy, file=error.file, line=error.line)
