"""Hotwords that change while 8 streams decode: which list each utterance was decoded with.

    python examples/reload_hotwords.py

Eight threads decode utterances of examples/speech, ten frames at a time, over one decoder. Meanwhile the hotword file
that the decoder watches is written anew: with more phrases, then with a line that is wrong, then with others. Streams
keep the list that their utterance began with; those of thread 8 ask for the newest after every chunk.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from sets import SETS, Parameters

import tlg
from tlg._files import atomic_write

THREADS, CHUNK, ENOUGH = 8, 10, 60.0  # frames; seconds until something must be wrong


class Streams:
    """Threads that decode until they are told to stop, and what they found."""

    def __init__(self, decoder: tlg.Decoder, inputs: list[Any]) -> None:
        """Start them."""
        self.decoder, self.inputs = decoder, inputs
        self.stop = threading.Event()
        self.news = threading.Condition()
        self.found: list[tuple[int, list[int], tlg.Result]] = []  # thread, versions on the way, result
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(1, THREADS + 1)]
        for thread in self.threads:
            thread.start()

    def run(self, number: int) -> None:
        """Decode one utterance after another."""
        stream = self.decoder.stream()
        for turn in range(len(self.inputs) * 100):
            if self.stop.is_set():
                return
            frames = self.inputs[(number * 37 + turn) % len(self.inputs)]
            versions = [stream.hotwords_version]
            for start in range(0, len(frames), CHUNK):
                stream.push(frames[start : start + CHUNK])
                if number == THREADS:
                    stream.use_hotwords(now=True)
                if stream.hotwords_version != versions[-1]:
                    versions.append(stream.hotwords_version)
            result = stream.finish()
            stream.reset()
            with self.news:
                self.found.append((number, versions, result))
                self.news.notify_all()

    def wait(self, version: int) -> None:
        """Wait until each thread has finished an utterance that began with this list."""

        def seen() -> bool:
            return len({number for number, versions, _ in self.found if versions[0] == version}) == THREADS

        with self.news:
            if not self.news.wait_for(seen, timeout=ENOUGH):
                raise SystemExit(f"version {version} was not used by every thread")

    def end(self) -> None:
        """Stop them all."""
        self.stop.set()
        for thread in self.threads:
            thread.join()


def main() -> None:
    """Run the demonstration."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    (example,) = [one for one in SETS if one.name == "speech"]
    graph, parameters = example.build(), Parameters.load("speech")
    phrases = example.hotwords.read_text(encoding="utf-8").splitlines()
    inputs = list(example.posteriors("test").values())
    decoder = tlg.Decoder(graph, hotword_bias=parameters.hotword_bias, **parameters.search())
    changed = threading.Semaphore(0)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hot.txt"
        third = len(phrases) // 3
        write(file, phrases[:third])
        watch = decoder.watch_hotwords(
            file, poll=0.1, on_change=lambda _: changed.release(), on_error=lambda _: changed.release()
        )
        with watch:
            streams = Streams(decoder, inputs)
            try:
                streams.wait(1)
                for lines in (phrases, [*phrases[:third], "new york 1e999"], phrases[third:]):
                    write(file, lines)
                    if not changed.acquire(timeout=ENOUGH):
                        raise SystemExit("the change was not seen")
                    streams.wait(watch.version)
            finally:
                streams.end()
    show(streams.found)


def write(file: Path, phrases: list[str]) -> None:
    """Replace the file as a whole."""
    with atomic_write(file) as out:
        out.write("".join(phrase + "\n" for phrase in phrases).encode())


def show(found: list[tuple[int, list[int], tlg.Result]]) -> None:
    """Print which list was used by whom, and what of it was heard."""
    print("\nthread  utterances by list (version at the beginning -> at the end)")
    for number in range(1, THREADS + 1):
        counts: dict[str, int] = {}
        for thread, versions, _ in found:
            if thread == number:
                name = " -> ".join(map(str, versions))
                counts[name] = counts.get(name, 0) + 1
        print(f"{number:6}  " + ",  ".join(f"{name}: {count}" for name, count in sorted(counts.items())))
    print("\nversion  utterances  hotwords heard")
    for version in sorted({result.hotwords_version for *_, result in found}):
        results = [result for *_, result in found if result.hotwords_version == version]
        print(f"{version:7}  {len(results):10}  {sum(len(result.hotwords) for result in results)}")


if __name__ == "__main__":
    main()
