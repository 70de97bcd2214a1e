"""A hotword file that is watched: changes, bad files, editors, threads; with each backend that is there."""

from __future__ import annotations

import gc
import importlib.util
import logging
import os
import queue
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.decoder_cases import SYMBOLS, say
from tlg import Decoder, Graph, PrefixDecoder
from tlg.errors import HotwordError, MissingExtraError, MissingFileError, OptionError, TextError
from tlg.hotwords import Hotwords, HotwordWatch

LONG = 60.0  # seconds until a test gives up; none waits so long unless something is broken
HAS_EVENTS = importlib.util.find_spec("watchfiles") is not None
BACKENDS = ["polling", "watchfiles"]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Any:
    if request.param == "watchfiles" and not HAS_EVENTS:
        pytest.skip("watchfiles is not installed: pip install 'tlg[watch]'")
    return request.param


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "hot.txt"
    file.write_text("保定\n", encoding="utf-8")
    return file


class Watched:
    """A watch, and what it reports, in order."""

    def __init__(self, decoder: Any, path: Path, **options: Any) -> None:
        self.decoder = decoder
        self.events: queue.Queue[Any] = queue.Queue()
        # Changes are told by content: nothing hangs on these times.
        options = {"poll": 0.02, "settle": 0.02, **options}
        self.watch: HotwordWatch = decoder.watch_hotwords(
            path, on_change=lambda watch: self.events.put(watch.version), on_error=self.events.put, **options
        )

    def next(self) -> Any:
        return self.events.get(timeout=LONG)

    def until_version(self, phrases: list[str]) -> int:
        """Wait for the list of these phrases: a write may be seen in two halves."""
        while True:
            version = self.next()
            if isinstance(version, int) and self.phrases() == phrases:
                return version

    def phrases(self) -> list[str]:
        return [entry.phrase for entry in self.decoder.hotwords.report.entries]


@pytest.fixture
def watched(characters: Graph, path: Path, backend: Any) -> Iterator[Watched]:
    one = Watched(Decoder(characters), path, backend=backend)
    yield one
    one.watch.close()


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def replace(path: Path, text: str) -> None:
    """As editors do, and tlg itself: a new file in the place of the old one."""
    new = path.with_name("new~")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def remove_and_write(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("change", [write, replace, remove_and_write])
def test_a_changed_file_is_in_force(
    watched: Watched, path: Path, change: Callable[[Path, str], None]
) -> None:
    assert (watched.watch.version, watched.decoder.hotwords_version, watched.phrases()) == (1, 1, ["保定"])
    stream = watched.decoder.stream()
    change(path, "阳光\n天气 2\n")
    version = watched.until_version(["阳光", "天气"])
    assert watched.watch.version == watched.decoder.hotwords_version == version > 1
    assert watched.watch.last_error is None
    assert watched.decoder.decode(say("阳光很好")).hotwords_version == version
    assert stream.push(say("我在保定")).hotwords_version == 1  # streams keep theirs
    change(path, "保险\n")
    assert watched.until_version(["保险"]) > version


@pytest.mark.parametrize("kind", [Decoder, PrefixDecoder])
def test_lists_are_made_as_the_caller_says(characters: Graph, path: Path, kind: Any) -> None:
    decoder: Any = Decoder(characters) if kind is Decoder else PrefixDecoder(SYMBOLS)
    where: dict[str, Any] = {"graph": characters} if kind is Decoder else {"tokens": SYMBOLS}
    one = Watched(decoder, path, backend="polling", make=lambda file: Hotwords(file, bias=3.0, **where))
    try:
        rewards = [[entry.reward for entry in decoder.hotwords.report.entries]]
        write(path, "阳光\n天气 2\n")
        one.until_version(["阳光", "天气"])
        rewards.append([entry.reward for entry in decoder.hotwords.report.entries])
    finally:
        one.watch.close()
    assert rewards == [[6.0], [6.0, 8.0]]


def test_a_folder_is_no_list(characters: Graph, tmp_path: Path) -> None:
    with pytest.raises(HotwordError, match=r"is a folder\. Name the file"):
        Decoder(characters).watch_hotwords(tmp_path)


def test_one_write_after_another_of_the_same_size(watched: Watched, path: Path) -> None:
    for phrase in ["阳光", "天气", "保险", "保定"] * 3:
        write(path, phrase + "\n")
        watched.until_version([phrase])


def test_a_bad_file_changes_nothing_and_says_why(
    watched: Watched, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="tlg")
    replace(path, "阳光\n保定 1e999\n")
    error = watched.next()
    assert isinstance(error, HotwordError)
    assert error.line == 2
    assert watched.watch.last_error is error
    assert (watched.watch.version, watched.phrases()) == (1, ["保定"])
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("tlg", "WARNING")
    assert f"version 1 stays in force: {path}:2: the number 1e999 is not finite" in record.getMessage()

    replace(path, "x\ny\n")
    error = watched.next()
    assert isinstance(error, HotwordError)
    assert "all 2 phrases are rejected; 'x': " in str(error)
    assert str(path) in str(error)

    path.write_bytes(b"\xff\xfe\xfa")
    while not isinstance(error, TextError):  # it may be seen empty
        error = watched.next()
    replace(path, "天气\n")
    watched.until_version(["天气"])
    assert watched.watch.last_error is None


def test_a_file_that_is_gone_and_comes_back(watched: Watched, path: Path) -> None:
    path.unlink()
    error = watched.next()
    assert isinstance(error, MissingFileError)
    assert "no such file. Put it back" in str(error)
    assert watched.phrases() == ["保定"]
    write(path, "阳光\n")
    watched.until_version(["阳光"])


def test_a_file_that_is_only_touched_is_no_new_list(watched: Watched, path: Path) -> None:
    os.utime(path, (1e9, 1e9))
    replace(path, "保定\n")
    replace(path, "阳光\n")
    assert watched.next() == 2  # the first news there is


def test_a_good_file_restored_is_the_list_in_force(watched: Watched, path: Path) -> None:
    replace(path, '{"保定": "x"}')
    assert isinstance(watched.next(), HotwordError)
    replace(path, "保定\n")
    replace(path, "阳光\n")
    assert watched.next() == 2
    assert watched.watch.last_error is None


def test_a_link_that_is_turned_elsewhere(characters: Graph, tmp_path: Path, backend: Any) -> None:
    for name, phrase in ("one", "保定"), ("two", "阳光"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "hot.txt", phrase + "\n")
    link = tmp_path / "hot.txt"
    try:
        link.symlink_to(tmp_path / "one" / "hot.txt")
    except OSError as error:
        pytest.skip(f"no symbolic links here: {error}")
    watched = Watched(Decoder(characters), link, backend=backend)
    with watched.watch:
        (tmp_path / "new").symlink_to(tmp_path / "two" / "hot.txt")
        (tmp_path / "new").replace(link)
        watched.until_version(["阳光"])
        write(tmp_path / "two" / "hot.txt", "天气\n")
        watched.until_version(["天气"])


def test_nothing_is_loaded_once_it_is_closed(watched: Watched, path: Path) -> None:
    with watched.watch as watch:
        assert not watch.closed
    assert watch.closed
    write(path, "阳光\n")
    watch.close()
    assert watched.events.empty()
    assert watched.phrases() == ["保定"]
    assert "closed" in repr(watch)
    assert threads() == []


def test_it_ends_with_its_decoder(characters: Graph, path: Path, backend: Any) -> None:
    decoder = Decoder(characters)
    decoder.watch_hotwords(path, poll=0.02, backend=backend)  # nobody holds the watch
    gc.collect()
    (thread,) = threads()
    del decoder
    gc.collect()
    thread.join(LONG)
    assert not thread.is_alive()


def test_it_can_be_closed_from_a_callback(characters: Graph, path: Path, backend: Any) -> None:
    closed = threading.Event()

    def close(watch: HotwordWatch) -> None:
        watch.close()
        closed.set()

    decoder = Decoder(characters)
    watch = decoder.watch_hotwords(path, poll=0.02, settle=0.0, on_change=close, backend=backend)
    write(path, "阳光\n")
    assert closed.wait(LONG)
    watch.close()
    assert threads() == []


def test_a_callback_that_fails_is_logged(
    characters: Graph, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen: queue.Queue[int] = queue.Queue()

    def fail(watch: HotwordWatch) -> None:
        seen.put(watch.version)
        raise KeyError("mine")

    with Decoder(characters).watch_hotwords(path, poll=0.02, settle=0.02, on_change=fail) as watch:
        assert watch.version == 1
    decoder = Decoder(characters)
    with decoder.watch_hotwords(path, poll=0.02, settle=0.02, on_change=fail, backend="polling"):
        replace(path, "阳光\n")
        assert seen.get(timeout=LONG) == 2
        replace(path, "天气\n")
        assert seen.get(timeout=LONG) == 3  # it went on
    assert "a callback of the watch" in caplog.text


def test_prefix_decoders_watch_too(path: Path, backend: Any) -> None:
    watched = Watched(PrefixDecoder(SYMBOLS, blank="<blk>"), path, backend=backend)
    with watched.watch:
        replace(path, "阳光\n")
        watched.until_version(["阳光"])
        assert watched.decoder.hotwords_version == watched.watch.version


def test_what_is_wrong_from_the_beginning_raises(
    characters: Graph, tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = Decoder(characters, hotwords=["天气"])
    with pytest.raises(MissingFileError, match=r"none\.txt: no such file"):
        decoder.watch_hotwords(tmp_path / "none.txt")
    write(path, "q\n")
    with pytest.raises(HotwordError, match=r"all 1 phrases are rejected; 'q'"):
        decoder.watch_hotwords(path)
    write(path, "保定\n")
    for options, message in [
        ({"poll": 0}, r"poll=0 is less than 0\.001 seconds"),
        ({"settle": -1}, r"settle=-1 is less than 0 seconds"),
        ({"poll": "fast"}, "poll='fast' is not a number of seconds"),
        ({"backend": "inotify"}, "backend='inotify' is unknown. Use auto, watchfiles or polling"),
    ]:
        with pytest.raises(OptionError, match=message):
            decoder.watch_hotwords(path, **options)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tlg\[watch\]'"):
        decoder.watch_hotwords(path, backend="watchfiles")
    assert (decoder.hotwords_version, threads()) == (1, [])
    with decoder.watch_hotwords(path) as watch:
        assert watch.backend == "polling"


@pytest.mark.skipif(not HAS_EVENTS, reason="watchfiles is not installed: pip install 'tlg[watch]'")
def test_events_that_fail_give_way_to_polling(
    characters: Graph, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import watchfiles

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError("no watches left")

    monkeypatch.setattr(watchfiles, "watch", fail)
    watched = Watched(Decoder(characters), path)
    with watched.watch:
        replace(path, "阳光\n")
        watched.until_version(["阳光"])
        assert watched.watch.backend == "polling"
    assert "no watches left" in caplog.text


def test_the_interpreter_ends_while_it_watches(path: Path, backend: Any) -> None:
    script = textwrap.dedent(
        f"""
        import sys
        from tlg import PrefixDecoder
        decoder = PrefixDecoder(["<blk>", *"保定阳光"], blank="<blk>")
        decoder.watch_hotwords({str(path)!r}, poll=0.001, settle=0.0, backend={backend!r})
        open({str(path)!r}, "w", encoding="utf-8").write("阳光\\n" * 100)
        print("end")
        """
    )
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=LONG, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "tlg-hotword-watch"]
