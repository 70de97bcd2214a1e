"""Word lattices as their users walk them: states, arcs, paths, what is how probable, what was possible."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from tlg import _core
from tlg._files import PathLike
from tlg.decoder.lattice_paths import arc_lists, best_arc_paths, make_core, sub_lattice
from tlg.decoder.result import WordSpan, join_words
from tlg.errors import LatticeError, OptionError

__all__ = ["Lattice", "LatticeArc", "LatticePath", "LatticeState", "OraclePath", "check_scale"]


class LatticeState(NamedTuple):
    """A place between words: its frame; whether a path may end here, and what that scores (nats).

    The scores of ending are 0 where no path ends.
    """

    frame: int
    is_final: bool
    score: float
    am_score: float
    lm_score: float
    hotword_score: float


class LatticeArc(NamedTuple):
    """A word between two states: its frames, half-open [start, end), its scores (nats), its probability.

    ``score = am_score + lm_score + hotword_score``. ``lm_score`` holds the option ``word_score`` too, ``am_score`` the
    blank penalties. ``posterior`` is the share of the paths that take this arc, as ``Lattice.posteriors()``
    gives it: hotword scores are left out.
    """

    source: int
    target: int
    word: str
    start: int
    end: int
    score: float
    am_score: float
    lm_score: float
    hotword_score: float
    posterior: float


class LatticePath(NamedTuple):
    """A path from the start to an end: its words with their frames, its scores (nats), its arcs by number."""

    words: list[str]
    word_spans: list[WordSpan]
    score: float
    am_score: float
    lm_score: float
    hotword_score: float
    arcs: list[int]

    @property
    def text(self) -> str:
        """The words joined, as in a Result."""
        return join_words(self.words)


class OraclePath(NamedTuple):
    """The path of a lattice nearest to a reference, and its substitutions, insertions and deletions."""

    errors: int
    path: LatticePath


class Lattice:
    """What a search holds possible: a graph of words, at most one path for each word sequence. It never changes.

    Decoders make lattices (``Decoder(..., lattice=True)``), ``Lattice.read`` reads them. States are numbered in topological
    order; 0 is the start. Each frame belongs to one word of a path: a word goes on to where the next one begins, blanks
    included, unlike in ``Result.word_spans``.

    Args:
        core: the arrays; ``core.states()`` and ``core.arcs()`` show them as numpy records.
        words: the word of each label.
        acoustic_scale: of the search, which ``am_score`` holds; files of Kaldi have acoustic scores without it.
        beam: every word sequence within so many nats of the best is in the lattice, as far as the search went; None:
            not known, as of files of other programs.
        narrowed: the beam is less than the search was asked for (``lattice_beam``): that would have been too much.
    """

    __slots__ = ("__weakref__", "_arcs", "_words", "acoustic_scale", "beam", "core", "narrowed")

    core: _core.Lattice
    acoustic_scale: float
    beam: float | None
    narrowed: bool
    _words: Sequence[str] | Mapping[int, str]
    _arcs: tuple[LatticeArc, ...] | None

    def __init__(
        self,
        core: _core.Lattice,
        words: Sequence[str] | Mapping[int, str],
        *,
        acoustic_scale: float = 1.0,
        beam: float | None = None,
        narrowed: bool = False,
    ) -> None:
        """Keep the arrays; nothing is worked out before it is asked for."""
        scale = check_scale(acoustic_scale)
        content = {"core": core, "acoustic_scale": scale, "beam": beam, "narrowed": narrowed}
        for name, value in {**content, "_words": words, "_arcs": None}.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a Lattice never changes: {name!r} cannot be assigned")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a Lattice never changes: {name!r} cannot be deleted")

    def __repr__(self) -> str:
        parts = [
            f"{self.core.num_states} states",
            f"{len(self)} arcs",
            f"{self.num_frames} frames",
            *(["partial"] if self.partial else []),
            *([f"narrowed to a beam of {self.beam:.3g}"] if self.narrowed else []),
        ]
        return f"Lattice({', '.join(parts)})"

    def __len__(self) -> int:
        """Return the number of arcs."""
        return self.core.num_arcs

    def __bool__(self) -> bool:
        """Return whether there is a path: one without words is one, too."""
        return self.core.num_states > 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Lattice):
            return NotImplemented
        return (
            (self.num_frames, self.partial, self.acoustic_scale)
            == (other.num_frames, other.partial, other.acoustic_scale)
            and np.array_equal(self.core.states(), other.core.states())
            and np.array_equal(self.core.arcs(), other.core.arcs())
            and self.words == other.words
        )

    def __hash__(self) -> int:
        return hash((self.core.num_states, self.core.num_arcs, self.num_frames))

    def __copy__(self) -> Lattice:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Lattice:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        # Plain tuples: the records of the arrays hold padding, whose bytes mean nothing.
        states, arcs = self.core.states(), self.core.arcs()
        content = (states.tolist(), arcs.tolist(), self.num_frames, self.partial)
        return (_restore, (*content, self.words, self.acoustic_scale, self.beam, self.narrowed))

    @property
    def words(self) -> dict[int, str]:
        """The words that are on arcs, by label (graphs made here: the place in words.txt)."""
        labels = np.unique(self.core.arcs()["word"]).tolist()
        return dict(zip(labels, self._names(labels), strict=True))

    @property
    def num_frames(self) -> int:
        """Frames of the utterance."""
        return self.core.num_frames

    @property
    def partial(self) -> bool:
        """Whether no final state of the decoder's graph was reached: its paths end where the search stood."""
        return self.core.partial

    @property
    def states(self) -> list[LatticeState]:
        """The states, in topological order."""
        return [
            LatticeState(frame, is_final, sum(score), *score)
            for _, frame, is_final, score in self.core.states().tolist()
        ]

    @property
    def arcs(self) -> tuple[LatticeArc, ...]:
        """The arcs, sorted by source, then by the label of their word."""
        arcs = self._arcs
        if arcs is None:
            arcs = self._make_arcs()
            object.__setattr__(self, "_arcs", arcs)
        return arcs

    def arcs_from(self, state: int) -> tuple[LatticeArc, ...]:
        """Return the arcs that leave a state.

        Raises:
            OptionError: there is no such state.
        """
        if not 0 <= state < self.core.num_states:
            raise OptionError(f"state {state} is not among the {self.core.num_states} states")
        first = [*self.core.states()["first_arc"].tolist(), len(self)]
        return self.arcs[first[state] : first[state + 1]]

    @property
    def start(self) -> int | None:
        """The state where all paths begin, 0; None where there is no path."""
        return 0 if self else None

    @property
    def finals(self) -> list[int]:
        """The states where a path may end."""
        found: list[int] = np.flatnonzero(self.core.states()["is_final"]).tolist()
        return found

    @property
    def density(self) -> float:
        """How many arcs lie over a frame, on average; 0 without frames. Kaldi's lattice-depth."""
        frames, arcs = self.core.states()["frame"], self.core.arcs()
        covered = int((frames[arcs["target"]] - frames[arcs["source"]]).sum())
        return covered / self.num_frames if self.num_frames else 0.0

    def best_path(self) -> LatticePath:
        """Return the path with the best score; of equal ones that with the lower labels.

        Raises:
            LatticeError: there is no path.
        """
        self._require_paths()
        return self.paths(1)[0]

    def paths(self, n: int) -> list[LatticePath]:
        """Return the n best paths, best first; fewer where there are fewer. No two have the same words.

        Raises:
            OptionError: n is not above 0.
        """
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise OptionError(f"n={n!r} is not a whole number above 0")
        return [self._path(arcs) for arcs in best_arc_paths(arc_lists(self.core), int(n))]

    def posteriors(self, *, scale: float = 1.0, with_hotwords: bool = False) -> NDArray[np.float64]:
        """Return the probability of each arc: the share of all paths, by exp(scale * score), that take it.

        Args:
            scale: multiplies the scores; below 1, paths become more alike.
            with_hotwords: count what hotwords earn. By default a word is not more certain for being listed.

        Raises:
            OptionError: scale is not above 0.
        """
        _check_number("scale", scale)
        if not (math.isfinite(scale) and scale > 0):
            raise OptionError(f"scale={scale!r} is not above 0", remedy="1 is the default")
        return self.core.posteriors(float(scale), with_hotwords)

    def oracle(self, reference: Sequence[str], *, unit: str = "word") -> OraclePath:
        """Return the path with the fewest errors against a reference; of several, the one with the best score.

        Args:
            reference: the words that were said. With ``unit="char"`` they may be cut up in any way.
            unit: what errors are counted in, "word" or "char".

        Raises:
            LatticeError: there is no path.
            OptionError: the reference is one text, not words; an unknown unit.
        """
        if unit not in ("word", "char"):
            raise OptionError(f"unit={unit!r} is neither 'word' nor 'char'")
        if isinstance(reference, str):
            raise OptionError(
                "the reference is one text, not a sequence of words", remedy="Pass text.split()"
            )
        self._require_paths()
        ids: dict[str, int] = {}
        spelled = {
            label: [ids.setdefault(part, len(ids)) for part in ([word] if unit == "word" else word)]
            for label, word in self.words.items()
        }
        parts = (
            list(reference) if unit == "word" else [c for word in reference for c in word if not c.isspace()]
        )
        units, begin = [], [0]
        for label in self.core.arcs()["word"].tolist():
            units += spelled[label]
            begin.append(len(units))
        errors, arcs = self.core.oracle(units, begin, [ids.get(part, -1) for part in parts])
        return OraclePath(errors, self._path(arcs))

    def prune(self, beam: float) -> Lattice:
        """Return the lattice of what lies on a path within `beam` nats of the best one.

        Raises:
            OptionError: beam is negative or NaN.
        """
        _check_number("beam", beam)
        if not beam >= 0:
            raise OptionError(f"beam={beam!r} is not 0 or more", remedy="Give nats")
        core, _ = sub_lattice(self.core, float(beam))
        kept, narrowed = self.beam, self.narrowed
        if kept is not None and beam <= kept:
            kept, narrowed = float(beam), False
        return Lattice(core, self._words, acoustic_scale=self.acoustic_scale, beam=kept, narrowed=narrowed)

    def to_dot(self, *, posteriors: bool = True) -> str:
        """Return the lattice as text for Graphviz: ``dot -Tsvg``.

        Args:
            posteriors: whether arcs show their probability behind the word.
        """
        from tlg.decoder.lattice_drawing import dot_text

        return dot_text(self, posteriors=posteriors)

    def to_svg(
        self, *, max_arcs: int = 150, posteriors: bool = True, frame_shift: float | None = None
    ) -> str:
        """Return a drawing: time from left to right, the best path straight, others beside it; SVG, self-contained.

        Args:
            max_arcs: draw only what lies on the best paths, so that there are no more arcs; the drawing says so.
            posteriors: whether arcs show their probability under the word.
            frame_shift: seconds a frame, for an axis in seconds; None: in frames.

        Raises:
            OptionError: max_arcs or frame_shift is not above 0.
        """
        from tlg.decoder.lattice_drawing import svg_text

        return svg_text(self, max_arcs=max_arcs, posteriors=posteriors, frame_shift=frame_shift)

    def _repr_svg_(self) -> str:
        """Return the drawing that notebooks show."""
        return self.to_svg()

    def write(self, path: PathLike, *, format: str | None = None, key: str | None = None) -> None:
        """Write the lattice to a file, whole or not at all; .gz, .bz2, .xz, .zst compress.

        Args:
            path: the file.
            format: "openfst" (.fst), "kaldi" (.ark), "kaldi-text" (.txt), "kaldi-lattice", "kaldi-lattice-text",
                "json" (.json), "dot" (.dot), "svg" (.svg); None: as the suffix says. docs/lattice_files.md has what each
                holds.
            key: the utterance's id in an archive of Kaldi; None: the file's name without suffixes.

        Raises:
            OptionError: an unknown format, or a suffix that tells none.
            LatticeError: a key with white space in it; scores beyond float32.
            OutputError: the file cannot be written.
        """
        from tlg.decoder.lattice_files import write_one

        write_one(path, self, format=format, key=key)

    @classmethod
    def read(
        cls, path: PathLike, *, words: Any = None, acoustic_scale: float = 1.0, key: str | None = None
    ) -> Lattice:
        """Read a lattice that ``write``, Kaldi or OpenFst wrote; the form is told by the content.

        Args:
            path: the file; compressed or not.
            words: the words of the labels: a Graph, a sequence, a mapping, or the path of a words.txt. None: labels
                stand for words. JSON files have their own.
            acoustic_scale: multiplies the acoustic scores of Kaldi's files.
            key: the utterance to read, where there are several.

        Raises:
            MissingFileError: there is no such file.
            LatticeError: not a lattice, a broken one, or not one (names the place); no such key.
        """
        from tlg.decoder.lattice_files import read_one

        return read_one(path, words=words, acoustic_scale=acoustic_scale, key=key)

    def _require_paths(self) -> None:
        if not self:
            raise LatticeError("the lattice has no path", remedy="Look at bool(lattice) first")

    def _names(self, labels: Sequence[int]) -> list[str]:
        try:
            return [self._words[label] for label in labels]
        except LookupError as error:
            missing = max(labels) if isinstance(self._words, Sequence) else error.args[0]
            raise LatticeError(
                f"there is no word {missing}: the lattice was made with other words",
                remedy="Pass words= of the graph that made it",
            ) from error

    def _make_arcs(self) -> tuple[LatticeArc, ...]:
        words, frames = self.words, self.core.states()["frame"].tolist()
        return tuple(
            LatticeArc(
                source,
                target,
                words[label],
                frames[source],
                frames[target],
                am + lm + hot,
                am,
                lm,
                hot,
                share,
            )
            for (source, target, label, (am, lm, hot)), share in zip(
                self.core.arcs().tolist(), self.posteriors().tolist(), strict=True
            )
        )

    def _path(self, numbers: Sequence[int]) -> LatticePath:
        states = self.core.states()
        arcs = self.core.arcs()[list(numbers)]
        end = int(arcs["target"][-1]) if len(arcs) else 0
        frames = states["frame"]
        names = self._names(arcs["word"].tolist())
        begins, ends = frames[arcs["source"]].tolist(), frames[arcs["target"]].tolist()
        am, graph, hotword = (
            float(arcs["score"][term].sum() + states["final_score"][term][end])
            for term in ("am", "graph", "hotword")
        )
        return LatticePath(
            names,
            [WordSpan(*span) for span in zip(names, begins, ends, strict=True)],
            am + graph + hotword,
            am,
            graph,
            hotword,
            list(numbers),
        )


def check_scale(acoustic_scale: float) -> float:
    """Return the scale as a float.

    Raises:
        OptionError: it is not above 0.
    """
    _check_number("acoustic_scale", acoustic_scale)
    if not (math.isfinite(acoustic_scale) and acoustic_scale > 0):
        raise OptionError(f"acoustic_scale={acoustic_scale} is not above 0", remedy="Give that of the search")
    return float(acoustic_scale)


def _check_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise OptionError(f"{name}={value!r} is not a number")


def _restore(
    states: list[tuple[Any, ...]],
    arcs: list[tuple[Any, ...]],
    num_frames: int,
    partial: bool,
    words: Mapping[int, str],
    acoustic_scale: float,
    beam: float | None = None,
    narrowed: bool = False,
) -> Lattice:
    core = make_core(states, arcs, num_frames, partial)
    return Lattice(core, words, acoustic_scale=acoustic_scale, beam=beam, narrowed=narrowed)
