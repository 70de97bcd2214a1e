"""The decoder: a graph with options, immutable but for its hotword slot, shared by any number of threads."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any, NoReturn

from tlg import _core
from tlg._files import PathLike
from tlg.decoder.batch import BatchJob, decode_all, decode_each
from tlg.decoder.endpoint import Endpointing
from tlg.decoder.graph.graph import Graph
from tlg.decoder.intake import intake
from tlg.decoder.options import SearchOptions
from tlg.decoder.reading import ResultReader
from tlg.decoder.result import Result
from tlg.decoder.slot import SlotMaker, check_accepted, check_bias
from tlg.decoder.stream import Stream
from tlg.errors import OptionError
from tlg.hotwords import Hotwords
from tlg.hotwords.files import HotwordSource
from tlg.hotwords.watch import HotwordWatch, WatchBackend

__all__ = ["Decoder"]


class Decoder:
    """Viterbi beam search over a word graph. Share one decoder between threads; decode() keeps no state.

    All of it is fixed when it is made, but for ``hotwords``. ``copy.copy(decoder)`` is cheap: the copy shares the
    graph and has hotwords of its own. A decoder cannot be pickled: make one in each process.

    Args:
        graph: a Graph, or the path of a graph folder.
        hotwords: a Hotwords, or anything that it takes (dict, list, path), spelled with the graph.
        hotword_bias: b, nats a unit, of the lists given here or assigned later; None: 1.5 times acoustic_scale
            (0.5 times it a phone, where the list is matched over words). A Hotwords has its own: both is refused.
        **options: the fields of SearchOptions: beam=16.0, max_active=7000, min_active=0, acoustic_scale=1.0,
            lm_weight=1.0, word_score=0.0, blank_penalty=0.0, blank_skip=1.0, token_beam=inf, max_tokens=0; and what to
            return besides the best path: nbest=1, lattice=None, lattice_beam=None, mbr=False.

    Raises:
        OptionError: an unknown option (names the nearest known one) or a value out of its range.
        GraphError, HotwordError: the graph or the list cannot be used.

    Score of a path: ``acoustic_scale * sum(log_probs) - blank_penalty * blank frames + lm_weight * graph score +
    word_score * words + hotword rewards``. Source: docs/semantics.md, docs/search.md.
    """

    # No others: a misspelt attribute is an error, not an assignment without effect.
    __slots__ = (
        "__weakref__",
        "_core",
        "_graph",
        "_options",
        "_reader",
        "_slot",
        "_slots",
    )

    def __init__(
        self,
        graph: Graph | PathLike,
        *,
        hotwords: Hotwords | HotwordSource | None = None,
        hotword_bias: float | None = None,
        **options: Any,
    ) -> None:
        """Lay the graph out for the search; nothing of it is changed later."""
        self._options = SearchOptions.from_dict(options, others=("hotwords", "hotword_bias"))
        bias = check_bias(hotword_bias)
        if isinstance(hotwords, Hotwords) and hotword_bias is not None:
            raise OptionError(
                "hotword_bias= and a Hotwords, which has its own bias", remedy="Pass bias= to Hotwords alone"
            )
        if not isinstance(graph, Graph | str | os.PathLike):
            raise OptionError(
                f"graph is a {type(graph).__name__}, not a Graph or a path",
                remedy="Pass tlg.Graph.load(folder), or the folder",
            )
        self._graph = graph if isinstance(graph, Graph) else Graph.load(graph)
        info, tokens = self._graph.info, self._graph.tokens
        implicit = info.topology == "implicit"
        if implicit and tokens.blank is None:
            raise OptionError("the graph's token table names no blank", remedy="Build it with blank=")
        search_graph = _core.SearchGraph(
            self._graph.fst,
            topology=_core.Topology.CTC if implicit else _core.Topology.PLAIN,
            num_tokens=len(tokens),
            blank=-1 if tokens.blank is None or info.topology == "none" else tokens.blank,
            lm_weight=self._options.lm_weight,
            word_score=self._options.word_score,
            slot_arcs=self._graph.slot_arcs,
        )
        self._core = _core.Decoder(
            search_graph,
            beam=self._options.beam,
            max_active=self._options.max_active,
            min_active=self._options.min_active,
            acoustic_scale=self._options.acoustic_scale,
            blank_penalty=self._options.blank_penalty,
            blank_skip=self._options.blank_skip,
            token_beam=self._options.token_beam,
            max_tokens=self._options.max_tokens,
            lattice_beam=self._options.kept_beam,
            nbest=self._options.nbest if self._options.nbest > 1 else 0,
            lattice=bool(self._options.lattice),
            mbr=self._options.mbr,
            num_roots=info.num_roots + info.num_separators,
            separator=-1 if info.separator is None else tokens.id(info.separator),
            kernel=os.environ.get("TLG_KERNEL", "auto"),
        )
        self._reader = ResultReader(self._graph, self._options)
        self._slots = SlotMaker(
            self._graph,
            search_graph,
            acoustic_scale=self._options.acoustic_scale,
            beam=self._options.beam,
            bias=bias,
            prunes_tokens=self._options.prunes_tokens,
        )
        self._slot = self._slots.make(hotwords)

    def __repr__(self) -> str:
        parts = [repr(self._graph)]
        parts += [
            f"{field.name}={value}" if isinstance(value, bool) else f"{field.name}={value:g}"
            for field in dataclasses.fields(SearchOptions)
            if (value := getattr(self._options, field.name)) != field.default
        ]
        if self.hotwords is not None:
            parts.append(f"{len(self.hotwords)} hotwords")
        return f"Decoder({', '.join(parts)})"

    def __copy__(self) -> Decoder:
        other = object.__new__(Decoder)
        for name in self.__slots__:
            if name != "__weakref__":
                setattr(other, name, getattr(self, name))
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Decoder:
        return self.__copy__()  # what a copy shares never changes

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Decoder cannot be pickled. Make one in each process, Decoder(graph folder, ...); "
            "the threads of a process can share one"
        )

    @property
    def graph(self) -> Graph:
        """The graph it searches."""
        return self._graph

    @property
    def options(self) -> SearchOptions:
        """The options of its search. For others, make another decoder; the graph can be shared."""
        return self._options

    @property
    def hotwords(self) -> Hotwords | None:
        """The hotwords of decodes that begin now. Assign a list, a dict, a path, a Hotwords or None.

        The new list is compiled aside and swapped in whole; a bad one raises and changes nothing.
        """
        return self._slot.hotwords

    @hotwords.setter
    def hotwords(self, hotwords: Hotwords | HotwordSource | None) -> None:
        self._slot = self._slots.make(hotwords)  # one assignment: atomic for other threads

    @property
    def hotwords_version(self) -> int:
        """The number of the list in ``hotwords``; 0: none. Results, partials and streams carry that of theirs.

        Lists are numbered 1, 2, 3 ... as they are put in force, those of streams and of copies of the decoder among
        them. The same Hotwords again has the same number.
        """
        return self._slot.version

    def watch_hotwords(
        self,
        path: PathLike,
        *,
        poll: float = 1.0,
        settle: float = 0.25,
        make: Callable[[Path], Hotwords] | None = None,
        on_change: Callable[[HotwordWatch], object] | None = None,
        on_error: Callable[[Exception], object] | None = None,
        backend: WatchBackend = "auto",
    ) -> HotwordWatch:
        """Load a hotword file, and again whenever it has changed, until the watch is closed or the decoder gone.

        Each list is compiled aside, in a thread of the watch, and swapped in as by assignment. A file that cannot be
        used (or whose phrases are all rejected) leaves the old list in force: it is logged ("tlg", a warning), kept as
        ``last_error`` of the watch, and handed to ``on_error``.

        Args:
            path: the file.
            poll: seconds between two looks at it; also a safety net where the system tells of changes.
            settle: seconds for which a changed file must have stayed the same before it is read.
            make: makes the list of the path, where it takes more than the file: say
                ``lambda path: Hotwords(path, graph=graph, g2p="english", fold="case")``. None: as by assignment of the
                path, with the decoder's hotword_bias; what a list before had been made with is not known then.
            on_change: called with the watch after each change, in its thread.
            on_error: called with the error, in its thread.
            backend: "watchfiles" (events of the operating system, ``pip install 'tlg[watch]'``), "polling", or
                "auto": watchfiles if it is installed.

        Raises:
            HotwordError, MissingFileError, TextError: the file as it is now cannot be used. Nothing is watched then.
            OptionError, MissingExtraError: bad options.
        """
        return HotwordWatch(
            path,
            self,
            lambda owner, path: owner._load_hotwords(path, make),
            poll=poll,
            settle=settle,
            on_change=on_change,
            on_error=on_error,
            backend=backend,
        )

    def _load_hotwords(self, path: Path, make: Callable[[Path], Hotwords] | None) -> int:
        slot = self._slots.make(path if make is None else make(path))
        check_accepted(slot.hotwords, path)
        self._slot = slot
        return slot.version

    def decode(self, log_probs: object, *, logits: bool = False) -> Result:
        """Decode one utterance.

        Args:
            log_probs: [T, V] natural-log posteriors (numpy of any float type, torch in CPU memory, DLPack), or
                SparseFrames. T may be 0.
            logits: the array is raw network output; a log-softmax is applied.

        Raises:
            PosteriorError: not posteriors over the graph's tokens; names the first bad row.
        """
        slot = self._slot
        ready = intake(log_probs, len(self._graph.tokens), logits=logits)
        found = self._core.decode(ready, slot.use)
        return self._reader.result(found, slot.hotwords, slot.version)

    def decode_batch(
        self,
        inputs: Iterable[object],
        *,
        lengths: object = None,
        threads: int = 1,
        logits: bool = False,
    ) -> list[Result]:
        """Decode several utterances on threads; the results do not depend on how many.

        Args:
            inputs: a list of what decode() takes, or one padded array [B, T, V] with ``lengths``.
            lengths: frames of each row of a padded array: a list, an array or a tensor of integers.
            threads: utterances decoded at a time, the longest first; the caller's thread is one of them. The GIL is
                released.
            logits: as in decode().

        Raises:
            PosteriorError: as in decode(); names the first bad utterance (from 0). No result is given then.
            OptionError: threads below 1, or lengths that do not fit.
        """
        return decode_all(self._job(logits, threads), inputs, lengths=lengths)

    def decode_iter(
        self,
        inputs: Iterable[object],
        *,
        threads: int = 1,
        ordered: bool = True,
        window: int | None = None,
        copy: bool = True,
        logits: bool = False,
    ) -> Generator[tuple[Any, Result], None, None]:
        """Return an iterator over (key, result) of utterances that need not fit in memory together.

        Inputs are read on the caller's thread, only as results are asked for, and at most ``window`` of them are
        held. Closing the iterator ends the work. All are decoded with the hotwords of the moment of this call.

        Args:
            inputs: an iterable of what decode() takes, the keys being 0, 1 ..., or of pairs (key, log_probs).
            threads: utterances decoded at a time. The caller's thread decodes too while a result is waited for; of one
                thread, nothing is read ahead.
            ordered: results come in the order of the inputs, or else as they are done.
            window: utterances that are read and whose results are not out yet, at most; None: 8 for each thread.
            copy: keep a copy of each input that waits, so that its memory may be used again at once; without, an
                array must stay as it is until its result is out.
            logits: as in decode().

        Raises:
            PosteriorError: as in decode(); names the utterance by its key, once the results before it are out.
            OptionError: threads or window below 1.
        """
        return decode_each(self._job(logits, threads), inputs, ordered=ordered, window=window, copy=copy)

    def stream(
        self,
        *,
        hotwords: Hotwords | HotwordSource | None = None,
        endpointing: Endpointing | None = None,
    ) -> Stream:
        """Return a stream: an utterance that comes in chunks. Any number can be open at a time.

        Partial results are best paths; the result has all that the decoder was asked for (``nbest``, ``lattice``,
        ``mbr``). For that a stream keeps more, and what it keeps grows with the utterance: docs/streaming.md.

        Args:
            hotwords: a list of the stream's own, as the decoder takes it ([] for none at all); None: those that
                the decoder has now.
            endpointing: rules that tell when the speaker has finished; None: no rules.

        Raises:
            HotwordError, OptionError: the list or the rules cannot be used.
        """
        return Stream(
            self._core,
            graph=self._graph,
            reader=self._reader,
            slots=self._slots,
            current=lambda: self._slot,
            hotwords=hotwords,
            endpointing=endpointing,
        )

    def _job(self, logits: bool, threads: int) -> BatchJob:
        return BatchJob(
            core=self._core,
            slot=self._slot,
            reader=self._reader,
            num_tokens=len(self._graph.tokens),
            logits=logits,
            threads=threads,
        )
