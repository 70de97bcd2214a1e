"""A hotword file that is watched: whenever it has changed it is loaded again; a bad one changes nothing.

Not for: what loading means, which is the caller's (``Decoder.watch_hotwords`` swaps the list in).
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import math
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, TypeVar

from tlg._files import PathLike
from tlg.errors import HotwordError, MissingExtraError, MissingFileError, OptionError

__all__ = ["HotwordWatch", "WatchBackend"]

WatchBackend = Literal["auto", "watchfiles", "polling"]

Owner = TypeVar("Owner")

log = logging.getLogger("tlg")
# A file changed again within this time of its last change may bear the same times: some file systems count in
# two seconds.
COARSE = 3.0  # seconds
LEAVE = 10.0  # seconds that the end of the interpreter waits for a list that is being compiled


class _Stat(NamedTuple):
    """What a file looks like from outside: differs when it was written, replaced or renamed to."""

    modified_ns: int
    changed_ns: int
    size: int
    inode: int
    device: int


class HotwordWatch:
    """Watches one file until it is closed, or what it loads for is gone. Made by ``Decoder.watch_hotwords``.

    A context manager: closed at the end of the block.

    Args:
        path: the file.
        owner: for whom it is loaded; not kept alive.
        load: loads the file for the owner, and returns the version then in force.
        poll: seconds between two looks at the file; with watchfiles, where events may be missed too.
        settle: seconds for which the file must have stayed the same before it is read.
        on_change: called after each load, with this object, in the watching thread.
        on_error: called with the reason when a changed file cannot be used, in the watching thread.
        backend: "watchfiles" (events of the operating system; the extra ``tlg[watch]``), "polling", or "auto":
            watchfiles if it is installed.

    Raises:
        OptionError: times that are no times, an unknown backend.
        MissingExtraError: backend="watchfiles", and it is not installed.
        Exception: what ``load`` raises: the first load is here.
    """

    def __init__(
        self,
        path: PathLike,
        owner: Owner,
        load: Callable[[Owner, Path], int],
        *,
        poll: float = 1.0,
        settle: float = 0.25,
        on_change: Callable[[HotwordWatch], object] | None = None,
        on_error: Callable[[Exception], object] | None = None,
        backend: WatchBackend = "auto",
    ) -> None:
        """Load the file, then begin to watch it."""
        self.path = Path(path).absolute()  # wherever the process goes
        self._poll = _seconds("poll", poll, least=1e-3)
        self._settle = _seconds("settle", settle)
        self._on_change = on_change
        self._on_error = on_error
        self._events = _has_events(backend)
        self._stop = threading.Event()
        self._last_error: Exception | None = None
        self._version = 0
        self._seen = self._look()
        self._read_at = time.time()
        self._in_force = self._tried = _digest_of(self.path)
        self._version = load(owner, self.path)
        reference = weakref.ref(owner)

        def load_again() -> int | None:
            alive = reference()
            return None if alive is None else load(alive, self.path)

        self._load = load_again
        self._ender = weakref.finalize(owner, self._stop.set)
        self._ender.atexit = False
        # A daemon: nobody has to wait for it. But it is ended before the interpreter is (see _close_all).
        self._thread = threading.Thread(target=self._run, name="tlg-hotword-watch", daemon=True)
        _running.add(self)
        self._thread.start()

    def __enter__(self) -> HotwordWatch:  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else self.backend
        return f"<tlg.hotwords.HotwordWatch: {str(self.path)!r}, version {self.version}, {state}>"

    @property
    def version(self) -> int:
        """The number of the list that was loaded last; a bad file leaves it as it is."""
        return self._version

    @property
    def last_error(self) -> Exception | None:
        """Why the file as it is now cannot be used; None: it is in force."""
        return self._last_error

    @property
    def backend(self) -> Literal["watchfiles", "polling"]:
        """What tells of changes."""
        return "watchfiles" if self._events else "polling"

    @property
    def closed(self) -> bool:
        """Whether it watches no more."""
        return self._stop.is_set()

    def close(self) -> None:
        """Stop watching; afterwards nothing is loaded any more. The last list stays in force."""
        self._end(None)

    def _end(self, timeout: float | None) -> None:
        self._stop.set()
        if threading.current_thread() is not self._thread:  # as in a callback
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            for _ in self._wakings():
                if self._stop.is_set():
                    return
                self._check()
        finally:
            self._stop.set()
            self._ender.detach()
            _running.discard(self)

    def _wakings(self) -> Iterator[None]:
        """Yield when it is worth a look."""
        if self._events:
            try:
                yield from self._file_events()
            except (OSError, RuntimeError) as error:
                # No more watches to be had, or the folder is gone: looking still works.
                log.warning("hotwords: no events of %s (%s): polling", self.path, error)
                self._events = False
        while not self._stop.wait(self._poll):
            yield

    def _file_events(self) -> Iterator[None]:
        import watchfiles

        # Folders, since files are replaced; also that which a link leads to.
        folders = {self.path.parent, self.path.resolve().parent}
        for _ in watchfiles.watch(
            *sorted(folders),
            watch_filter=None,
            debounce=200,
            step=50,
            stop_event=self._stop,
            rust_timeout=max(1, int(self._poll * 1000)),
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=False,
        ):
            yield

    def _look(self) -> _Stat | None:
        try:
            found = os.stat(self.path)  # noqa: PTH116 - follows links
        except OSError:
            return None
        return _Stat(found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev)

    def _check(self) -> None:
        """Load the file if it has changed."""
        now = self._look()
        young = self._seen is not None and abs(self._read_at - self._seen.modified_ns / 1e9) < COARSE
        if now == self._seen and not young:
            return
        while now != self._seen:  # wait until it stays as it is
            self._seen = now
            if self._stop.wait(self._settle):
                return
            now = self._look()
        self._read_at = time.time()
        try:
            digest = _digest_of(self.path)
            if digest == self._in_force:  # only touched, or as it was before
                self._last_error = None
            if digest in (self._in_force, self._tried):
                return
            version = self._load()
        except Exception as error:  # noqa: BLE001 - whatever it is, the old list stays and the watch goes on
            if isinstance(error, OSError):  # not the content's fault
                self._tried = self._in_force
            else:
                self._tried = digest
            self._refuse(error)
            return
        if version is None:
            self._stop.set()
            return
        self._in_force = self._tried = digest
        self._version, self._last_error = version, None
        log.info("hotwords: %s is in force as version %d", self.path, version)
        self._call(self._on_change, self)

    def _refuse(self, error: Exception) -> None:
        told = isinstance(error, OSError) and str(self._last_error) == str(error)
        self._last_error = error
        if told:
            return
        log.warning("hotwords: version %d stays in force: %s", self._version, error)
        self._call(self._on_error, error)

    def _call(self, callback: Callable[..., object] | None, argument: object) -> None:
        if callback is None:
            return
        try:
            callback(argument)
        except Exception:
            log.exception("hotwords: a callback of the watch over %s failed", self.path)


def _digest_of(path: Path) -> bytes:
    try:
        return hashlib.blake2b(path.read_bytes()).digest()
    except FileNotFoundError as error:
        raise MissingFileError("no such file", remedy="Put it back", file=path) from error
    except IsADirectoryError as error:
        raise HotwordError("is a folder", remedy="Name the file of the list", file=path) from error


def _has_events(backend: WatchBackend) -> bool:
    if backend not in ("auto", "watchfiles", "polling"):
        raise OptionError(f"backend={backend!r} is unknown", remedy="Use auto, watchfiles or polling")
    if backend == "polling":
        return False
    try:
        import watchfiles  # noqa: F401
    except ImportError as error:
        if backend == "auto":
            return False
        raise MissingExtraError(
            "backend='watchfiles' needs the package watchfiles", remedy="Run: pip install 'tlg[watch]'"
        ) from error
    return True


def _seconds(name: str, value: object, *, least: float = 0.0) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise OptionError(f"{name}={value!r} is not a number of seconds", remedy="Say 0.5")
    if value < least:
        raise OptionError(f"{name}={value!r} is less than {least:g} seconds", remedy="Say 0.5")
    return float(value)


_running: weakref.WeakSet[HotwordWatch] = weakref.WeakSet()


def _close_all() -> None:
    """End the threads while the interpreter is whole; one that is compiling a list is waited for a little."""
    watches = list(_running)
    for watch in watches:
        watch._stop.set()
    for watch in watches:
        watch._end(LEAVE)


atexit.register(_close_all)
