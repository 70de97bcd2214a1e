"""Further files that ``tlg decode`` writes: n-best tables, CTM, lattices; each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from tlg._files import write_packed
from tlg.decoder.ctm import ctm_lines
from tlg.decoder.evaluate.tables import table_line
from tlg.decoder.lattice_files import FORMATS, lattice_bytes, lattice_format
from tlg.decoder.result import MbrPath, Result
from tlg.errors import LatticeError, OptionError, TextError

__all__ = ["CtmWriter", "LatticeWriter", "NbestWriter", "Output", "TextWriter", "beside"]

NBEST_COLUMNS = (
    "utterance-id",
    "rank",
    "score",
    "am_score",
    "lm_score",
    "word_score",
    "blank_score",
    "hotword_score",
    "text",
)


def beside(path: str, suffix: str) -> str:
    """Return the name of a file beside this one: hyp.tsv.gz -> hyp.nbest.tsv.gz for ".nbest.tsv"."""
    name = Path(path)
    packed = name.suffix if name.suffix in (".gz", ".bz2", ".xz", ".zst") else ""
    stem = name.with_suffix("") if packed else name
    return str(stem.with_name(stem.name.removesuffix(".tsv") + suffix + packed))


def told(result: Result) -> Result | MbrPath:
    """Return whose words are written: those with the least expected errors, where they were asked for."""
    return result if result.mbr is None else result.mbr


class Output:
    """A file that gets one result after another; it takes its name when the block ends without an error.

    Args:
        path: the file; .gz, .bz2, .xz, .zst compress.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(self, path: str) -> None:
        """Check what can be checked; nothing is opened yet."""
        self.path = path
        self._stack = ExitStack()
        self._write: Callable[[bytes], object] | None = None

    def __enter__(self) -> Any:
        self._write = self._stack.enter_context(write_packed(self.path))
        self._put(self.head())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._write = None
        return self._stack.__exit__(kind, error, traceback)

    def add(self, name: str, result: Result) -> None:
        """Write what there is of one utterance.

        Raises:
            TlgError: it cannot be written in this form; names the file.
        """
        self._put(self.encode(name, result))

    def head(self) -> bytes:
        """Return what comes before the first utterance."""
        return b""

    def encode(self, name: str, result: Result) -> bytes:
        """Return what there is of one utterance, for whoever writes the file himself.

        Raises:
            TlgError: it cannot be written in this form; names the file.
        """
        try:
            return self._content(name, result)
        except (LatticeError, TextError) as error:
            if error.file is None:
                error.file = self.path
            raise

    def _put(self, content: bytes) -> None:
        if self._write is None:
            raise ValueError("an Output is written inside its with block")
        self._write(content)

    def _content(self, name: str, result: Result) -> bytes:
        raise NotImplementedError


class TextWriter(Output):
    """The table of texts: ``utterance-id<TAB>text``."""

    def _content(self, name: str, result: Result) -> bytes:
        return table_line(name, told(result).text, self.path).encode()


class NbestWriter(Output):
    """The n best texts of each utterance: a table with a header, the best first (rank 1); scores in nats.

    ``tlg score`` cannot read it, since an utterance has several rows: take those of rank 1.
    """

    def head(self) -> bytes:
        """Return the names of the columns."""
        return ("\t".join(NBEST_COLUMNS) + "\n").encode()

    def _content(self, name: str, result: Result) -> bytes:
        rows = []
        for rank, one in enumerate(result.nbest or [result], 1):
            scores = [f"{getattr(one, term):.4f}" for term in NBEST_COLUMNS[2:-1]]
            rows.append("\t".join([name, str(rank), *scores, one.text]) + "\n")
            if any(mark in name + one.text for mark in "\t\r\n") or not name.strip():
                raise TextError(
                    f"utterance {name!r} cannot be written as a line: a tab, a line break, or no id",
                    remedy="Give it another id; replace tabs and line breaks by spaces",
                )
        return "".join(rows).encode()


class CtmWriter(Output):
    """Words with their times, and their confidence where there is one.

    Args:
        path: the file.
        frame_shift: seconds from one frame to the next; None is refused, since times cannot be guessed.

    Raises:
        OptionError: no frame_shift, or one that is not above 0.
    """

    def __init__(self, path: str, *, frame_shift: float | None) -> None:
        """Check the frame shift."""
        if frame_shift is None or not 0 < frame_shift < float("inf"):
            raise OptionError(
                "--ctm needs --frame-shift, above 0"
                if frame_shift is None
                else f"--frame-shift {frame_shift} is not above 0",
                remedy="Give the seconds from one frame of the network's output to the next, 0.04 or so",
            )
        super().__init__(path)
        self._frame_shift = frame_shift

    def _content(self, name: str, result: Result) -> bytes:
        return "".join(ctm_lines(name, told(result), frame_shift=self._frame_shift)).encode()


class LatticeWriter(Output):
    """The lattice of each utterance, with its id as the key.

    Args:
        path: the file.
        format: "kaldi", "kaldi-text", "kaldi-lattice", "kaldi-lattice-text" or "json"; None: as the suffix says.

    Raises:
        OptionError: an unknown form, one that holds a single lattice, or a suffix that tells none.
    """

    def __init__(self, path: str, *, format: str | None = None) -> None:
        """Find out the form."""
        self._format = lattice_format(path, format)
        if not FORMATS[self._format].is_archive:
            archives = ", ".join(name for name, form in FORMATS.items() if form.is_archive)
            raise OptionError(
                f"the format '{self._format}' holds one lattice in a file", remedy=f"For many: {archives}"
            )
        super().__init__(path)

    def _content(self, name: str, result: Result) -> bytes:
        if result.lattice is None:
            raise LatticeError(
                f"utterance {name!r} has no lattice", remedy="Make the decoder with lattice=True"
            )
        return lattice_bytes(result.lattice, self._format, name)
