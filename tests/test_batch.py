"""decode_batch and decode_iter: threads, order, memory, errors, and how they end."""

from __future__ import annotations

import gc
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.decoder_cases import SYMBOLS, say
from tlg import Decoder, Graph, Result, SparseFrames
from tlg.errors import InputError, OptionError, PosteriorError

TEXTS = ["我-在保定", "", "阳光很好", "今天-天气很好", "保险很好-", "我在阳光-保险上班"]


@pytest.fixture(scope="module")
def decoder(characters: Graph) -> Decoder:
    return Decoder(characters, hotwords={"保定": 1.0})


@pytest.fixture(scope="module")
def inputs() -> list[NDArray[np.float32]]:
    dice = random.Random(3)
    return [say(dice.choice(TEXTS) * dice.choice([1, 1, 1, 9])) for _ in range(60)]


@pytest.fixture(scope="module")
def alone(decoder: Decoder, inputs: list[NDArray[np.float32]]) -> list[Result]:
    return [decoder.decode(x) for x in inputs]


# Order and results


@pytest.mark.parametrize("threads", [1, 2, 3, 16])
@pytest.mark.parametrize("window", [None, 1, 2, 1000])
def test_ordered_results_are_those_of_one_by_one(
    decoder: Decoder, inputs: list[Any], alone: list[Result], threads: int, window: int | None
) -> None:
    found = list(decoder.decode_iter(iter(inputs), threads=threads, window=window))
    assert found == list(enumerate(alone))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_as_completed_results_are_the_same_in_some_order(
    decoder: Decoder, inputs: list[Any], alone: list[Result], threads: int
) -> None:
    pairs = [(f"utt{i}", x) for i, x in enumerate(inputs)]
    found = list(decoder.decode_iter(pairs, threads=threads, ordered=False))
    assert len(found) == len(alone)
    assert dict(found) == {f"utt{i}": result for i, result in enumerate(alone)}


def test_every_kind_of_item(decoder: Decoder) -> None:
    x = say("我在保定")
    sparse = SparseFrames.from_dense(x, 4)
    items: list[Any] = [x, ("k", x), (("a", 1), np.float64(x)), [0, sparse][1], (None, x[:, ::-1][:, ::-1])]
    found = list(decoder.decode_iter(items, threads=2))
    assert [key for key, _ in found] == [0, "k", ("a", 1), 3, None]
    assert [result.text for _, result in found] == ["我在保定"] * 5
    raw = list(decoder.decode_iter([x + 5], threads=2, logits=True))
    assert raw[0][1].text == "我在保定"
    assert list(decoder.decode_iter([])) == [] == list(decoder.decode_iter(iter(()), threads=3))


def test_the_hotwords_are_those_of_the_call(characters: Graph) -> None:
    mine = Decoder(characters, hotwords=["保定"], hotword_bias=1.0)
    results = mine.decode_iter([say("我在保定")] * 6, threads=2)
    mine.hotwords = None
    assert {result.hotword_score for _, result in results} == {2.0}
    assert {result.hotword_score for _, result in mine.decode_iter([say("我在保定")])} == {0.0}


def test_memory_may_be_used_again_at_once(decoder: Decoder) -> None:
    """As where a network writes each output into the same array."""
    texts = ["我在保定", "阳光很好", "保险很好"] * 20
    dense, ids = say(texts[0]), np.zeros((4, 3), np.int32)
    values, rest = np.zeros((4, 3), np.float32), np.zeros(4, np.float32)

    def outputs() -> Iterator[Any]:
        for text in texts:
            np.copyto(dense, say(text))
            yield dense
            best = SparseFrames.from_dense(say(text), 3)
            for kept, new in ((ids, best.ids), (values, best.log_probs), (rest, best.rest)):
                np.copyto(kept, new)
            yield SparseFrames(ids, values, rest)

    found = [result.text for _, result in decoder.decode_iter(outputs(), threads=3)]
    assert found == [text for text in texts for _ in range(2)]


# Memory


class Counted:
    """Arrays that are made as they are asked for, and how many of them live."""

    def __init__(self, count: int) -> None:
        self.count, self.made, self.living, self.most = count, 0, 0, 0

    def __iter__(self) -> Iterator[Any]:
        for _ in range(self.count):
            self.made += 1
            self.living += 1
            self.most = max(self.most, self.living)
            x = say("我在保定").view(Tracked)
            x.owner = self
            yield x
            del x


class Tracked(np.ndarray[Any, np.dtype[np.float32]]):
    """An array that says when it goes."""

    owner: Counted | None = None

    def __del__(self) -> None:
        if self.owner is not None:
            self.owner.living -= 1


@pytest.mark.parametrize(("threads", "window"), [(1, None), (2, None), (2, 3), (4, 5)])
@pytest.mark.parametrize("ordered", [True, False])
def test_no_more_inputs_live_than_the_window(
    decoder: Decoder, threads: int, window: int | None, ordered: bool
) -> None:
    source = Counted(200)
    most = window or (1 if threads == 1 else 8 * threads)
    results = decoder.decode_iter(source, threads=threads, window=window, ordered=ordered, copy=False)
    for done, _ in enumerate(results):
        assert source.made <= done + most + 1
    assert source.made == 200 and source.most <= most + 1
    gc.collect()
    assert source.living == 0


def test_nothing_is_read_before_a_result_is_asked_for(decoder: Decoder) -> None:
    source = Counted(10)
    results = decoder.decode_iter(source, threads=2)
    assert source.made == 0
    next(results)
    assert 1 <= source.made <= 10


def test_one_thread_reads_nothing_ahead(decoder: Decoder) -> None:
    source = Counted(10)
    for done, _ in enumerate(decoder.decode_iter(source)):
        assert source.made == done + 1


# Errors


def broken(text: str, row: int) -> NDArray[np.float32]:
    x = say(text)
    x[row, 2] = np.nan
    return x


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_bad_utterance_is_named_after_the_results_before_it(decoder: Decoder, threads: int) -> None:
    bad: Any
    for bad, message in (
        (broken("我在保定", 2), "utterance 'u7': row 2 holds NaN"),
        (say("我")[:, 1:], rf"utterance 'u7': log_probs have {len(SYMBOLS) - 1} columns"),
        ([0.0], "utterance 'u7': log_probs are a list"),
    ):
        pairs = [(f"u{i}", bad if i == 7 else say("我在保定")) for i in range(40)]
        seen = []
        with pytest.raises(PosteriorError, match=message):
            for key, result in decoder.decode_iter(pairs, threads=threads):
                assert result.text == "我在保定"
                seen.append(key)
        assert seen == [f"u{i}" for i in range(7)]
        with pytest.raises(PosteriorError, match=message):
            list(decoder.decode_iter(pairs, threads=threads, ordered=False))


def test_the_first_bad_utterance_of_a_batch_is_named_whatever_the_threads_do(decoder: Decoder) -> None:
    batch: list[Any] = [say("我在保定" * (1 + i % 5)) for i in range(60)]
    batch[41], batch[23], batch[50] = broken("我" * 99, 5), broken("我在", 1), broken("阳光" * 80, 3)
    for threads in (1, 2, 3, 8, 2, 2, 2):
        with pytest.raises(PosteriorError, match="utterance 23: row 1 holds NaN"):
            decoder.decode_batch(batch, threads=threads)


class Broken(Exception):
    """What a caller's generator may raise."""


@pytest.mark.parametrize("threads", [1, 2])
def test_what_the_inputs_raise_comes_through_whole(decoder: Decoder, threads: int) -> None:
    thrown = Broken("the network fell over")

    def source() -> Iterator[Any]:
        for _ in range(5):
            yield say("我在保定")
        raise thrown

    seen = []
    with pytest.raises(Broken) as caught:
        for key, _ in decoder.decode_iter(source(), threads=threads):
            seen.append(key)
    assert caught.value is thrown and seen == [0, 1, 2, 3, 4]
    assert any(entry.name == "source" for entry in caught.traceback)


BAD_ITERATIONS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "threads_0": ([], {"threads": 0}, "threads=0 is not 1 or more"),
    "threads_float": ([], {"threads": 2.0}, "threads=2.0 is not"),
    "window_0": ([], {"window": 0}, "window=0 is not 1 or more. 8 utterances a thread are the default"),
    "window_bool": ([], {"window": True}, "window=True is not"),
    "path": ("x.npz", {}, "the inputs are a str, not an iterable"),
    "number": (3, {}, "the inputs are a int, not an iterable"),
    "dict": ({"u": say("我")}, {}, r"the inputs are a dict.*Pass inputs.items\(\)"),
    "array": (say("我"), {}, "the inputs are one array.*decode_batch with lengths="),
}


@pytest.mark.parametrize("case", BAD_ITERATIONS.values(), ids=BAD_ITERATIONS)
def test_bad_calls_are_refused_at_once(decoder: Decoder, case: tuple[Any, dict[str, Any], str]) -> None:
    with pytest.raises(InputError, match=case[2]):
        decoder.decode_iter(case[0], **case[1])


def test_sparse_frames_with_logits(decoder: Decoder) -> None:
    pair = ("u", SparseFrames.from_dense(say("我"), 2))
    with pytest.raises(OptionError, match="utterance 'u': sparse frames are log-posteriors"):
        list(decoder.decode_iter([pair], logits=True))


# Ends


@pytest.mark.parametrize("threads", [1, 3])
def test_closing_early_stops_cleanly(decoder: Decoder, threads: int) -> None:
    source = Counted(10**9)
    results = decoder.decode_iter(source, threads=threads)
    for _ in range(5):
        next(results)
    results.close()
    made = source.made
    assert made < 100
    with pytest.raises(StopIteration):
        next(results)
    for _, _ in zip(range(3), decoder.decode_iter(source, threads=threads), strict=False):
        pass  # dropped in the middle, not closed
    gc.collect()
    assert decoder.decode(say("我在保定")).text == "我在保定"


def test_one_iterator_inside_another(decoder: Decoder) -> None:
    texts = ["我在保定", "阳光很好"]
    inner = decoder.decode_iter((say(text) for text in itertools.cycle(texts)), threads=2)
    outer = decoder.decode_iter((say(result.text) for _, result in inner), threads=2)
    assert [next(outer)[1].text for _ in range(8)] == texts * 4
    outer.close()
    inner.close()


def test_batches_at_once_from_several_threads(
    decoder: Decoder, inputs: list[Any], alone: list[Result]
) -> None:
    found: list[bool] = []

    def work(how: Callable[[], list[Result]]) -> None:
        found.append(how() == alone)

    jobs: list[Callable[[], list[Result]]] = [
        lambda: decoder.decode_batch(inputs, threads=2),
        lambda: [result for _, result in decoder.decode_iter(inputs, threads=3)],
        lambda: decoder.decode_batch(inputs),
    ] * 2
    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 6


INTERRUPTED = """
import signal, sys
from pathlib import Path
from tests.decoder_cases import character_graph, say
from tlg import Decoder
decoder = Decoder(character_graph(Path(sys.argv[1])))
x = say("我在保定-" * 400)
signal.setitimer(signal.ITIMER_REAL, 0.3)
signal.signal(signal.SIGALRM, signal.default_int_handler)  # as Ctrl-C
try:
    decoder.decode_batch([x] * 100_000, threads=int(sys.argv[2]))
except KeyboardInterrupt:
    print("interrupted")
print(decoder.decode_batch([x[:4]] * 3, threads=2)[2].text)
"""

INTERRUPTED_ALONE = """
import signal, sys
from pathlib import Path
from tests.decoder_cases import character_graph, say
from tlg import Decoder
more = {"nbest": 2} if sys.argv[2] == "lattices" else {}
decoder = Decoder(character_graph(Path(sys.argv[1])), beam=1000.0, **more)
x = say("我-在保定-" * 100_000)
signal.setitimer(signal.ITIMER_REAL, 0.1)
signal.signal(signal.SIGALRM, signal.default_int_handler)
try:
    if sys.argv[2] != "decode_batch":
        decoder.decode(x)
    else:
        decoder.decode_batch([x, x, x], threads=2)
except KeyboardInterrupt:
    print("interrupted")
"""

INTERRUPTED_PREFIX = """
import signal, sys
import numpy as np
from tests.prefix_cases import LETTERS, posteriors
from tlg import PrefixDecoder
decoder = PrefixDecoder(LETTERS, beam_size=1000)
x = np.tile(posteriors(1, 1000, len(LETTERS)), (3000, 1))  # all of it would take minutes
signal.setitimer(signal.ITIMER_REAL, 0.1)
signal.signal(signal.SIGALRM, signal.default_int_handler)
try:
    if sys.argv[1] == "decode":
        decoder.decode(x)
    else:
        decoder.decode_batch([x, x[:1]], threads=2)  # one thread is idle to the end, perhaps the main one
except KeyboardInterrupt:
    print("interrupted")
"""

FORKED = """
import os, sys
from pathlib import Path
from tests.decoder_cases import character_graph, say
from tlg import Decoder
decoder = Decoder(character_graph(Path(sys.argv[1])))
batch = [say("我在保定")] * 50
wanted = decoder.decode_batch(batch, threads=2)
child = os.fork()
if child == 0:
    os._exit(0 if decoder.decode_batch(batch, threads=2) == wanted else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def run_program(code: str, *args: str) -> str:
    root = Path(__file__).resolve().parent.parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), *filter(None, sys.path)])}
    command = [sys.executable, "-W", "ignore", "-c", code, *args]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer of Unix")
@pytest.mark.parametrize("threads", ["1", "2"])
def test_interrupting_ends_a_batch_soon(tmp_path: Path, threads: str) -> None:
    begin = time.monotonic()
    assert run_program(INTERRUPTED, str(tmp_path), threads) == "interrupted\n我在保定\n"
    assert time.monotonic() - begin < 100  # all of it would take many minutes


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer of Unix")
@pytest.mark.parametrize("how", ["decode", "decode_batch", "lattices"])
def test_interrupting_ends_a_long_utterance_soon(tmp_path: Path, how: str) -> None:
    assert run_program(INTERRUPTED_ALONE, str(tmp_path), how) == "interrupted\n"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer of Unix")
@pytest.mark.parametrize("how", ["decode", "decode_batch"])
def test_interrupting_ends_a_prefix_search_soon(how: str) -> None:
    assert run_program(INTERRUPTED_PREFIX, how) == "interrupted\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
def test_a_forked_process_has_threads_of_its_own(tmp_path: Path) -> None:
    assert run_program(FORKED, str(tmp_path)) == "0\n"
