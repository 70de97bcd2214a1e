"""Output files that are whole or not there, and such that a run can be taken up again after it was stopped.

``--resume`` appends what belongs to an utterance to ``OUTPUT.part`` as soon as it is known, and then a line to
``OUTPUT.journal``: how long each file is now, and the utterance's id. The journal's first line says with what the run
works. A run that finds a journal cuts the files to what its last whole line says, so that nothing of an utterance
is there twice or in part, however the run before ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tlg._files import PathLike, write_packed
from tlg.errors import OptionError, OutputError, TextError

__all__ = ["Outputs", "fingerprint", "resumable_outputs", "whole_outputs"]

PIECE = 1 << 20


class Outputs:
    """Where the results of a run go.

    Args:
        write: takes an utterance's id and its bytes for each file.
        done: the utterances that are there already.
    """

    def __init__(
        self, write: Callable[[str, Sequence[bytes]], None], done: frozenset[str] = frozenset()
    ) -> None:
        """Nothing is written yet."""
        self._write = write
        self._written = 0
        #: The utterances that a run before this one has written.
        self.done = done

    def write(self, name: str, parts: Sequence[bytes]) -> None:
        """Write what belongs to an utterance, a part for each file."""
        self._write(name, parts)
        self._written += 1

    def count(self) -> int:
        """Return how many utterances the files hold."""
        return len(self.done) + self._written


@contextlib.contextmanager
def whole_outputs(heads: Mapping[PathLike, bytes]) -> Iterator[Outputs]:
    """Write files under temporary names, renamed when the block ends without an error.

    Args:
        heads: the files, and what each begins with.

    Raises:
        OutputError: a file cannot be written.
    """
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(write_packed(path)) for path in heads]
        for file, head in zip(files, heads.values(), strict=True):
            file(head)

        def write(name: str, parts: Sequence[bytes]) -> None:
            for file, part in zip(files, parts, strict=True):
                file(part)

        yield Outputs(write)


@contextlib.contextmanager
def resumable_outputs(heads: Mapping[PathLike, bytes], signature: Mapping[str, Any]) -> Iterator[Outputs]:
    """Write files piece by piece beside their places and move them there when the block ends without an error.

    Args:
        heads: the files, and what each begins with; the journal stands beside the first one.
        signature: what must be the same for a run to be taken up again, for JSON.

    Raises:
        OptionError: the files were begun with something else; says what.
        OutputError: a file cannot be written, or another run is writing.
    """
    places = [Path(path) for path in heads]
    for place in places:
        if place.is_dir():
            raise OutputError("is a folder, not a file", remedy="Name a file in it", file=place)
        if place.exists() and not place.is_file():
            raise OptionError("--resume needs a file, not a device or a pipe", file=place)
    journal_path = _beside(places[0], ".journal")
    parts = [_beside(place, ".part") for place in places]
    with contextlib.ExitStack() as stack:
        journal = stack.enter_context(_open(journal_path))
        _lock(journal, journal_path)
        done, sizes = _read_journal(journal, journal_path, parts, signature)
        files = [stack.enter_context(_open(part)) for part in parts]
        ends = []
        for file, size, head in zip(files, sizes, heads.values(), strict=True):
            file.truncate(size)
            file.seek(size)
            if size == 0:  # nothing of it is there
                _write_all(file, head)
            ends.append(file.tell())

        def write(name: str, texts: Sequence[bytes]) -> None:
            _check_name(name, journal_path)
            try:
                for at, (file, text) in enumerate(zip(files, texts, strict=True)):
                    _write_all(file, text)
                    ends[at] += len(text)
                _write_all(journal, _line(*ends, name))
            except OSError as error:
                raise OutputError(f"cannot be written ({error.strerror})", file=places[0]) from error

        yield Outputs(write, done)
    for part, place in zip(parts, places, strict=True):
        _finish(part, place)
    journal_path.unlink()


def fingerprint(path: PathLike, *, beside: Sequence[str] = ()) -> str:
    """Return what stands for the content of a file, or of the files in a folder (but for reports).

    Args:
        path: the file or folder.
        beside: names of files that belong to a file, where they lie beside it.
    """
    sum_ = hashlib.sha256()
    place = Path(path)
    around = [place.parent / name for name in beside]
    for file in sorted(place.iterdir()) if place.is_dir() else [place, *around]:
        if file.is_file() and file.name != "report.json":
            sum_.update(f"{'' if file == place else file.name}\0{file.stat().st_size}\0".encode())
            with file.open("rb") as stream:
                while piece := stream.read(PIECE):
                    sum_.update(piece)
    return sum_.hexdigest()


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _line(*fields: object) -> bytes:
    return ("\t".join(map(str, fields)) + "\n").encode()


def _open(path: Path) -> IO[bytes]:
    """Open a file for reading and writing, unbuffered: what is written is the system's, if we are killed."""
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666), "r+b", 0)
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror})", remedy="Check the folder", file=path
        ) from error


def _write_all(file: IO[bytes], data: bytes) -> None:
    """Write to an unbuffered file, which may take a part at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError("another run is writing", remedy="Wait for it", file=path) from error
    except OSError:  # a file system without locks
        return


def _read_journal(
    journal: IO[bytes], path: Path, parts: Sequence[Path], signature: Mapping[str, Any]
) -> tuple[frozenset[str], list[int]]:
    """Return the utterances that are done and how long the files are with them; cut the journal to that."""
    content = journal.read()
    head, newline, rest = content.partition(b"\n")
    sizes = [0] * len(parts)
    wanted = json.dumps(signature, ensure_ascii=False, sort_keys=True).encode() + b"\n"
    if not newline:  # new, or stopped before anything was written
        for part in parts:
            if part.exists():
                raise OutputError(
                    f"is there, but not its journal {path.name}", remedy="Move it away", file=part
                )
        journal.seek(0)
        journal.truncate()
        _write_all(journal, wanted)
        return frozenset(), sizes
    _compare(head, wanted, path, parts)
    there = [part.stat().st_size if part.exists() else 0 for part in parts]
    done: set[str] = set()
    end = len(head) + 1
    for line in rest.splitlines(keepends=True):
        *numbers, name = line.decode().rstrip("\n").split("\t")
        ends = [int(number) for number in numbers if number.isdigit()]
        fits = line.endswith(b"\n") and len(ends) == len(parts)
        if not fits or any(size > most for size, most in zip(ends, there, strict=True)):
            break
        sizes = ends
        done.add(name)
        end += len(line)
    journal.truncate(end)
    journal.seek(end)
    return frozenset(done), sizes


def _compare(head: bytes, wanted: bytes, path: Path, parts: Sequence[Path]) -> None:
    """Raise what says in which settings the run before differs."""
    if head + b"\n" == wanted:
        return
    new = json.loads(wanted)
    try:
        old = json.loads(head)
        differing = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    except (ValueError, TypeError):
        raise TextError("not a journal of tlg decode", remedy="Move it away", file=path) from None
    said = []
    for name in differing:
        before, now = old.get(name), new.get(name)
        is_short = max(len(str(before)), len(str(now))) <= 20
        said.append(f"{name} ({before} before, {now} now)" if is_short else name)
    raise OptionError(
        f"{parts[0].name} was begun with other settings: {', '.join(said)}",
        remedy=f"Give the same ones, or delete {path.name} and {parts[0].name} to start anew",
        file=path,
    )


def _check_name(name: str, path: Path) -> None:
    if any(mark in name for mark in "\t\n\r"):
        raise TextError(f"utterance {name!r} cannot be written as a line", remedy="Rename it", file=path)


def _finish(part: Path, place: Path) -> None:
    """Put a whole file in its place, compressed if its name asks for it."""
    if place.suffix in (".gz", ".bz2", ".xz", ".zst"):
        with write_packed(place) as write, part.open("rb") as stream:
            while piece := stream.read(PIECE):
                write(piece)
        part.unlink()
        return
    try:
        part.replace(place)
    except OSError as error:
        raise OutputError(f"cannot be written ({error.strerror})", file=place) from error
