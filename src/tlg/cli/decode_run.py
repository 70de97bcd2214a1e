"""The pipeline of ``tlg decode``: a thread reads, a pool decodes, and what is done is written in the order of reading."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tqdm import tqdm

from tlg._files import PathLike
from tlg.cli.decode_outputs import Output
from tlg.cli.decode_resume import Outputs
from tlg.decoder.inputs import count_inputs, read_inputs
from tlg.decoder.result import Result
from tlg.decoder.search import Decoder
from tlg.errors import InputError

__all__ = ["RunFigures", "run_pipeline"]

SHOWN = 20  # utterances named whose lattice beam was narrowed; the others are counted
READ_AHEAD = 4  # utterances that wait for the pool, for each of its threads

Item = TypeVar("Item")


@dataclass
class RunFigures:
    """What a run did.

    Attributes:
        utterances: decoded.
        skipped: utterances that a run before this one had done.
        frames: of those decoded.
        partial: results without a final state.
        narrowed: results whose lattice beam had to be narrowed.
        hotwords: hotwords that fired.
        seconds: wall clock, from the first input to the last output.
        cpu_seconds: of all threads in that time.
    """

    utterances: int = 0
    skipped: int = 0
    frames: int = 0
    partial: int = 0
    narrowed: int = 0
    hotwords: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def count(self, result: Result) -> None:
        """Count one result."""
        self.utterances += 1
        self.frames += result.num_frames
        self.partial += result.partial
        self.hotwords += len(result.hotwords)

    def speed(self, frame_shift: float | None) -> dict[str, float]:
        """Return frames a second and, where the length of a frame (s) is known, the real-time factor."""
        figures = {"frames_per_second": self.frames / self.seconds if self.seconds > 0 else 0.0}
        if frame_shift is not None:
            audio = self.frames * frame_shift
            figures["audio_seconds"] = audio
            figures["real_time_factor"] = self.seconds / audio if audio > 0 else 0.0
        return figures


def run_pipeline(
    decoder: Decoder,
    inputs: Sequence[PathLike],
    *,
    outputs: Outputs,
    writers: Sequence[Output],
    threads: int,
    logits: bool,
    frame_shift: float | None,
) -> RunFigures:
    """Decode files and write each result as soon as those before it are written.

    Args:
        decoder: the search.
        inputs: as read_inputs() takes them.
        outputs: where results go.
        writers: what makes an utterance's part of each file of them.
        threads: utterances decoded at a time.
        logits: the inputs are raw network output.
        frame_shift: seconds from frame to frame, for the progress bar.

    Raises:
        TlgError: an input or output that cannot be used; what came before it is written.
    """
    figures = RunFigures(skipped=len(outputs.done))
    begin, cpu = time.perf_counter(), time.process_time()
    reading = read_inputs(inputs, skip=outputs.done)
    with (
        _read_ahead(reading, READ_AHEAD * threads) as ahead,
        _progress(inputs, len(outputs.done)) as bar,
        contextlib.closing(decoder.decode_iter(ahead, threads=threads, logits=logits, copy=False)) as results,
    ):
        try:
            for name, result in results:
                outputs.write(name, [writer.encode(name, result) for writer in writers])
                figures.count(result)
                _warn_if_narrowed(name, result, decoder, figures)
                figures.seconds = time.perf_counter() - begin
                _advance(bar, figures, frame_shift)
        except InputError as error:
            error.remedy = error.remedy.replace("logits=True", "--logits")
            raise
    figures.seconds, figures.cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu
    return figures


def _warn_if_narrowed(name: str, result: Result, decoder: Decoder, figures: RunFigures) -> None:
    """Say on standard error which utterances have less than was asked for: nothing is left out in silence."""
    asked, kept = decoder.options.kept_beam, result.lattice_beam
    if kept is None or kept >= asked:
        return
    figures.narrowed += 1
    if figures.narrowed > SHOWN:
        return
    line = (
        f"tlg: warning: utterance {name!r}: the lattice beam was narrowed from {asked:g} to {kept:.3g} nats"
    )
    tqdm.write(
        f"{line}, since there are too many paths. Use a smaller --lattice-beam or --beam", file=sys.stderr
    )


@contextlib.contextmanager
def _progress(inputs: Sequence[PathLike], done: int) -> Iterator[tqdm[Any] | None]:
    """Show a bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with tqdm(total=count_inputs(inputs), initial=done, unit=" utterances", file=sys.stderr) as bar:
        yield bar


def _advance(bar: tqdm[Any] | None, figures: RunFigures, frame_shift: float | None) -> None:
    if bar is None:
        return
    speed = figures.speed(frame_shift)
    said = f"{speed['frames_per_second']:,.0f} frames/s"
    if speed.get("real_time_factor"):
        said += f", {1 / speed['real_time_factor']:,.0f} times real time"
    bar.set_postfix_str(said, refresh=False)
    bar.update()


@contextlib.contextmanager
def _read_ahead(items: Iterator[Item], most: int) -> Iterator[Iterator[Item]]:
    """Give the items as another thread reads them, at most so many before they are asked for."""
    ready: queue.Queue[tuple[Item | None, Exception | None]] = queue.Queue(most)
    stopped = threading.Event()

    def put(item: Item | None, end: Exception | None) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                ready.put((item, end), timeout=0.1)
                return

    def read() -> None:
        try:
            for item in items:
                put(item, None)
                if stopped.is_set():
                    return
        except Exception as error:  # noqa: BLE001  # raised where the items are asked for
            put(None, error)
        else:
            put(None, StopIteration())

    def give() -> Iterator[Item]:
        while True:
            item, end = ready.get()
            if isinstance(end, StopIteration):
                return
            if end is not None:
                raise end
            assert item is not None
            yield item

    # A daemon: one that waits for a pipe that gives nothing more is not waited for.
    reader = threading.Thread(target=read, name="tlg-reader", daemon=True)
    reader.start()
    try:
        yield give()
    finally:
        stopped.set()
        reader.join(timeout=1.0)
