"""Streams: utterances that come in pieces, over one shared decoder."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from types import TracebackType

from tlg import _core
from tlg.decoder.endpoint import Endpointing
from tlg.decoder.graph.graph import Graph
from tlg.decoder.intake import intake
from tlg.decoder.partial import Partial, Snapshot, StableParts
from tlg.decoder.reading import ResultReader
from tlg.decoder.result import Result
from tlg.decoder.slot import HotwordsInTurn, NamesPhrases, Slot, SlotMaker
from tlg.errors import OptionError, StreamError
from tlg.hotwords import Hotwords
from tlg.hotwords.files import HotwordSource

__all__ = ["Stream"]


class _Turn:
    """Held while a stream works: whoever else comes meanwhile is refused."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise StreamError(
                "this stream is at work in another thread",
                remedy="Use a stream from one thread at a time; many streams can share a decoder",
            )

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


class Stream:
    """One utterance at a time, pushed in chunks of any size. Made by ``Decoder.stream()``.

    A stream holds what its utterance needs and no more (a few hundred kilobytes at most, for an hour as for a
    second; where the decoder is asked for more than the best path, what that needs, which grows); many can share a
    decoder. Use each from one thread at a time.

    Args:
        core: the decoder's search.
        graph: the graph.
        reader: makes results.
        slots: makes hotwords ready.
        current: what the decoder's hotword slot holds now.
        hotwords: of this stream; None: those of the decoder.
        endpointing: the endpoint rules; None: there is no endpoint.

    Raises:
        HotwordError: a list that cannot be used.
        OptionError: endpointing with silence tokens that the graph lacks, or with none where it has no blank.

    Source: docs/streaming.md.
    """

    __slots__ = (
        "_core",
        "_current",
        "_endpointing",
        "_graph",
        "_in_turn",
        "_last",
        "_names",
        "_own",
        "_reader",
        "_result",
        "_slot",
        "_slots",
        "_snapshot",
        "_stable",
        "_turn",
    )

    def __init__(
        self,
        core: _core.Decoder,
        *,
        graph: Graph,
        reader: ResultReader,
        slots: SlotMaker,
        current: Callable[[], Slot],
        hotwords: Hotwords | HotwordSource | None,
        endpointing: Endpointing | None,
    ) -> None:
        """Begin an utterance of no frames."""
        self._graph = graph
        self._reader = reader
        self._slots = slots
        self._current = current
        self._endpointing = endpointing
        self._own = None if hotwords is None else slots.make(hotwords)
        self._slot = self._own or current()
        self._in_turn = [self._slot]  # the lists of the utterance
        self._names: NamesPhrases | None = self._slot.hotwords
        self._core = _core.Stream(core, self._slot.use, _silence(endpointing, graph))
        self._turn = _Turn()
        self._stable = StableParts(self._core, reader, self._slot.hotwords, self._slot.version)
        self._result: Result | None = None
        self._snapshot: Snapshot | None = None  # of the frames so far, if it was asked for
        self._last: weakref.ref[Partial] | None = None  # a partial that may not have been read yet

    def __repr__(self) -> str:
        state = "finished" if self._result is not None else f"{self.num_frames} frames"
        return f"<tlg.Stream: {state}>"

    @property
    def num_frames(self) -> int:
        """Frames pushed since the utterance began."""
        return self._core.num_pushed

    @property
    def hotwords(self) -> Hotwords | None:
        """The hotwords of the utterance in hand: those that are in force now."""
        return self._slot.hotwords

    @property
    def hotwords_version(self) -> int:
        """The number of that list (``Decoder.hotwords_version``); 0: none."""
        return self._slot.version

    def push(self, chunk: object, *, logits: bool = False) -> Partial:
        """Search on through some more frames.

        Args:
            chunk: what ``Decoder.decode`` takes, of any number of frames; dense and sparse chunks can be mixed.
            logits: the chunk is raw network output; a log-softmax is applied.

        Returns:
            The best path so far. It costs nothing until it is read.

        Raises:
            PosteriorError: not posteriors over the graph's tokens; names the first bad row, from 0 since the
                utterance began (of SparseFrames made wrong: since the chunk did). No frame of the chunk is taken:
                the stream goes on as if it had not come.
            StreamError: after finish(), or while another thread uses the stream.
        """
        with self._turn:
            self._refuse_if_finished()
            num_tokens = len(self._graph.tokens)
            ready = intake(chunk, num_tokens, logits=logits, first_row=self._core.num_pushed)
            self._leave()
            self._core.push(ready, num_tokens)
            return self._partial()

    def partial(self) -> Partial:
        """Return the best path so far.

        Raises:
            StreamError: after finish(), or while another thread uses the stream.
        """
        with self._turn:
            self._refuse_if_finished()
            return self._partial()

    @property
    def endpoint(self) -> str | None:
        """The endpoint rule that holds now, ``"rule1"`` to ``"rule5"``; None: the utterance goes on.

        The stream takes no notice: call finish() and reset() where it is time.

        Raises:
            StreamError: after finish(), or while another thread uses the stream.
        """
        with self._turn:
            self._refuse_if_finished()
            if self._endpointing is None:
                return None
            found = self._look().found
            return self._endpointing.endpoint(
                num_frames=found.path.num_frames,
                sound_end=found.sound_end,
                relative_cost=found.relative_cost,
            )

    def finish(self) -> Result:
        """End the utterance and return its result: that of ``Decoder.decode`` for all of its frames.

        Called again, it returns the same result.

        Raises:
            StreamError: while another thread uses the stream.
        """
        with self._turn:
            if self._result is None:
                self._leave()
                self._result = self._reader.result(self._core.finish(), self._names, self._slot.version)
            return self._result

    def reset(self) -> None:
        """Begin another utterance, whether this one was finished or not.

        It takes the hotwords that the decoder has now, or the stream's own if it has any.

        Raises:
            StreamError: while another thread uses the stream.
        """
        with self._turn:
            self._leave()
            self._begin()

    def use_hotwords(self, hotwords: Hotwords | HotwordSource | None = None, *, now: bool = False) -> None:
        """Choose the hotwords of utterances that begin from now on; one that has begun keeps its own.

        An utterance without frames takes them at once.

        Args:
            hotwords: a list of this stream's own, as in ``Decoder.stream``; None: those of the decoder, as they are
                when an utterance begins.
            now: the utterance that has begun takes them too, for the frames to come. What the old list has matched
                stays; the units behind its last match that might have become one are read again by the new list,
                which alone matches from there on (docs/hotwords_live.md).

        Raises:
            HotwordError, OptionError: the list cannot be used (with ``now``: or is matched on words where the old one
                was on tokens, or the stream keeps more than the best path); the stream keeps what it had.
            StreamError: while another thread uses the stream; with ``now``, after finish().
        """
        own = None if hotwords is None else self._slots.make(hotwords)
        with self._turn:
            if now:
                self._refuse_if_finished()
            has_begun = self._result is None and self._core.num_pushed > 0
            if has_begun and now:
                self._change(own or self._current())
            self._own = own
            if self._result is None and not has_begun:
                self._leave()
                self._begin()

    def _change(self, slot: Slot) -> None:
        if slot == self._slot:
            return
        self._leave()
        self._core.change_hotwords(slot.use)
        self._slot = slot
        self._in_turn.append(slot)
        self._names = HotwordsInTurn(self._in_turn)
        self._stable.change_hotwords(self._names, slot.version)

    def _begin(self) -> None:
        self._slot = self._own or self._current()
        self._in_turn, self._names = [self._slot], self._slot.hotwords
        self._core.reset(self._slot.use)
        self._stable = StableParts(self._core, self._reader, self._slot.hotwords, self._slot.version)
        self._result = None

    def _refuse_if_finished(self) -> None:
        if self._result is not None:
            raise StreamError("the stream is finished", remedy="Call reset() to begin another utterance")

    def _partial(self) -> Partial:
        last = self._last() if self._last is not None else None
        if last is None:
            last = Partial(self._read)
            self._last = weakref.ref(last)
        return last

    def _read(self) -> Snapshot:
        with self._turn:
            return self._look()

    def _look(self) -> Snapshot:
        if self._snapshot is None:
            self._snapshot = self._stable.snapshot()
        return self._snapshot

    def _leave(self) -> None:
        """Before the stream goes on: a partial that somebody still holds is about the frames so far."""
        last = self._last() if self._last is not None else None
        if last is not None and not last.is_fixed:
            last.fix(self._look())
        self._last = self._snapshot = None


def _silence(endpointing: Endpointing | None, graph: Graph) -> list[int]:
    """Return the columns that count as silence; blanks do without being named."""
    if endpointing is None:
        return []
    if graph.tokens.blank is None and not endpointing.silence:
        raise OptionError(
            "endpointing needs silence, and the graph has no blank",
            remedy="Name the tokens that mean silence: Endpointing(silence=[...])",
        )
    return [graph.tokens.id(token) for token in endpointing.silence]
