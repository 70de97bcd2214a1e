"""Streams: the same result as decode() for every chunking, a stable prefix that is stable, errors that harm nothing."""

from __future__ import annotations

import copy
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.decoder_cases import SPEECH, SYMBOLS, character_graph, say
from tlg import Decoder, Graph, Hotwords, SparseFrames
from tlg.decoder import Partial, Stream
from tlg.errors import HotwordError, OptionError, PosteriorError, StreamError

SAID = "-我-在阳-光保-险上班--阳光很好-"


def feed(stream: Stream, frames: Any, sizes: Iterator[int] | list[int]) -> Stream:
    """Push the frames in chunks of these sizes, the rest at once."""
    at = 0
    for size in sizes:
        stream.push(part(frames, at, at + size))
        at += size
    stream.push(part(frames, at, len(frames)))
    return stream


def part(frames: Any, start: int, end: int) -> Any:
    if isinstance(frames, SparseFrames):
        return SparseFrames(frames.ids[start:end], frames.log_probs[start:end], frames.rest[start:end])
    return frames[start:end]


def sparse(frames: Any, width: int) -> SparseFrames:
    ids = np.argsort(-frames, axis=1)[:, :width]
    log_probs = np.take_along_axis(frames, ids, axis=1)
    left = np.maximum(1 - np.exp(log_probs.astype(float)).sum(axis=1), 1e-30)
    return SparseFrames(ids, log_probs, np.log(left))


@pytest.fixture
def decoder(characters: Graph) -> Decoder:
    return Decoder(characters, acoustic_scale=2.0, hotwords={"阳光保险": 2.0, "很好": 1.0})


@pytest.mark.parametrize("size", [1, 2, 7, 63, 64, 65])
def test_real_speech(speech: Graph, utterances: list[Any], size: int) -> None:
    decoder = Decoder(speech, **SPEECH)
    stream = decoder.stream()
    for frames in utterances[:3]:
        sizes = [size] * (len(frames) // size)
        stream.reset()
        assert feed(stream, frames, sizes).finish() == decoder.decode(frames)


def test_real_sparse_lines(ocr: Graph, lines: list[SparseFrames]) -> None:
    decoder = Decoder(ocr)
    for frames in lines[:8]:
        assert feed(decoder.stream(), frames, [1, 0, 5, 2]).finish() == decoder.decode(frames)


def test_dense_and_sparse_chunks_mix(decoder: Decoder) -> None:
    frames = say(SAID)
    stream = decoder.stream()
    for t in range(len(frames)):
        row = frames[t : t + 1]
        stream.push(sparse(row, len(SYMBOLS) - t % 2) if t % 3 else row)
    result = stream.finish()
    assert result.text == decoder.decode(frames).text
    assert result.score == pytest.approx(decoder.decode(frames).score, abs=1e-4)


def test_logits(decoder: Decoder) -> None:
    frames = say(SAID) + 3.0
    stream = decoder.stream()
    for t in range(0, len(frames), 4):
        stream.push(frames[t : t + 4], logits=True)
    assert stream.finish() == decoder.decode(frames, logits=True)


def test_the_callers_array_may_be_used_again(decoder: Decoder) -> None:
    frames = say(SAID)
    stream, room = decoder.stream(), np.empty_like(frames[:1])
    for row in frames:
        room[0] = row
        stream.push(room)
        room[0] = np.nan
    assert stream.finish() == decoder.decode(frames)


@pytest.mark.parametrize("topology", ["ctc", "none"])
def test_explicit_topologies(tmp_path: Path, topology: str) -> None:
    graph = character_graph(tmp_path, topology)
    decoder = Decoder(graph, hotwords={"阳光": 1.0})
    frames = say("我在阳光保险上班", symbols=list(graph.tokens.symbols))
    stream = decoder.stream()
    for row in frames:
        stream.push(row[None])
    assert stream.finish() == decoder.decode(frames)
    assert stream.finish().text == "我在阳光保险上班"


def test_no_frames(decoder: Decoder) -> None:
    frames = say("")
    stream = decoder.stream()
    assert stream.partial().words == []
    stream.push(frames)
    partial = stream.push(frames)
    assert (partial.text, partial.stable_text, partial.num_frames, partial.score) == ("", "", 0, 0.0)
    assert stream.finish() == decoder.decode(frames)


def test_partials(decoder: Decoder) -> None:
    frames = say(SAID)
    stream = decoder.stream()
    texts: list[str] = []
    stable: list[str] = []
    for t in range(len(frames)):
        partial = stream.push(frames[t : t + 1])
        assert partial.words[: len(stable)] == stable
        stable = partial.stable_words
        assert partial.words[: len(stable)] == stable
        assert partial.text.startswith(partial.stable_text)
        assert [span.word for span in partial.word_spans] == partial.words
        assert partial.num_frames == t + 1
        assert partial.hotword_score == sum(fired.reward for fired in partial.hotwords)
        assert partial.stable_hotwords == partial.hotwords[: len(partial.stable_hotwords)]
        texts.append(partial.text)
    result = stream.finish()
    assert texts[SAID.index("光")] == "我在阳光"
    assert texts[-1] == result.text == SAID.replace("-", "")
    assert result.words[: len(stable)] == stable


def test_partials_lend_nothing(decoder: Decoder) -> None:
    """Three quarters of a hotword are worth nothing until it is whole."""
    stream = decoder.stream()
    frames = say("我-在阳-光保-险", sure=1 - 1e-6)
    earned = [stream.push(row[None]).hotword_score for row in frames]
    assert earned[:-1] == [0.0] * (len(earned) - 1)
    assert earned[-1] == decoder.decode(frames).hotword_score > 0


def test_stable_parts_come_before_the_end(decoder: Decoder) -> None:
    stream = decoder.stream()
    partial = stream.partial()
    for _ in range(30):
        partial = stream.push(say(SAID))
    assert len(partial.stable_words) > 0.8 * len(partial.words)
    assert [fired.phrase for fired in partial.stable_hotwords[:3]] == ["阳光保险", "很好", "阳光保险"]
    whole = decoder.decode(np.concatenate([say(SAID)] * 30))
    assert whole.hotwords[: len(partial.stable_hotwords)] == partial.stable_hotwords
    assert (
        whole.word_spans[: len(partial.stable_words) - 1]
        == partial.word_spans[: len(partial.stable_words) - 1]
    )
    assert stream.finish() == whole


def test_partials_stay_what_they_were(decoder: Decoder) -> None:
    frames = say(SAID)
    wanted, kept = [], []
    for keep in (False, True):
        stream = decoder.stream()
        for t in range(0, len(frames), 3):
            partial = stream.push(frames[t : t + 3])
            if keep:
                kept.append(partial)
            else:
                wanted.append((partial.text, partial.words, partial.score, partial.num_frames))
        (stream.finish if keep else stream.reset)()
    assert [(one.text, one.words, one.score, one.num_frames) for one in kept] == wanted


def test_what_is_not_read_is_not_worked_out(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(Stream, "_look", lambda self: asked.append(self))
    monkeypatch.setattr(Partial, "fix", lambda self, state: asked.append(self))
    stream = decoder.stream()
    for row in say(SAID):
        stream.push(row[None])
    stream.finish()
    assert asked == []


def test_errors_leave_the_stream_as_it_was(decoder: Decoder) -> None:
    frames = say(SAID)
    bad = frames[8:].copy()
    bad[2, 1] = np.nan
    stream = decoder.stream()
    stream.push(frames[:8])
    ids = np.full((1, 2), len(SYMBOLS) + 3)
    ids[0, 0] = 0
    beyond = SparseFrames(ids, np.log(np.full((1, 2), 0.5)), np.full(1, -np.inf))
    for chunk, message in [
        (bad, "row 10 holds NaN"),
        (frames[8:, :-1], "columns"),
        (frames[8], r"not \[T, V\]"),
        (frames[8:].astype(int), "not floating point"),
        (beyond, "row 8 holds a token id beyond"),
        (None, "not an array"),
    ]:
        with pytest.raises(PosteriorError, match=message):
            stream.push(chunk)
    with pytest.raises(PosteriorError, match="row 10 holds NaN"):
        stream.push(bad, logits=True)
    with pytest.raises(OptionError, match="sparse frames are log-posteriors"):
        stream.push(sparse(frames[:1], 3), logits=True)
    assert stream.num_frames == 8
    stream.push(frames[8:])
    assert stream.finish() == decoder.decode(frames)


def test_after_the_end(decoder: Decoder) -> None:
    stream = decoder.stream()
    stream.push(say("我在"))
    result = stream.finish()
    assert stream.finish() is result
    for late in (lambda: stream.push(say("我")), stream.partial, lambda: stream.endpoint):
        with pytest.raises(StreamError, match=r"finished\. Call reset\(\)"):
            late()
    stream.reset()
    assert stream.num_frames == 0
    assert stream.partial().text == ""
    stream.push(say("我在"))
    assert stream.finish() == result


def test_a_dead_end_is_the_end(characters: Graph) -> None:
    """No path goes on: what follows is not searched, as in decode()."""
    decoder = Decoder(characters)
    frames = np.full((6, len(SYMBOLS)), -np.inf, np.float32)
    frames[[0, 1], SYMBOLS.index("我")] = 0
    frames[2, SYMBOLS.index("我")] = 0
    frames[3:, 0] = 0
    blocked = Decoder(characters, beam=1.0).stream()
    for row in frames:
        blocked.push(row[None])
    whole = Decoder(characters, beam=1.0).decode(frames)
    assert blocked.finish() == whole
    assert decoder.decode(frames).num_frames <= 6


def test_hotwords_are_those_of_the_beginning(characters: Graph) -> None:
    decoder = Decoder(characters, hotwords={"阳光": 3.0})
    frames = say(SAID)
    stream = decoder.stream()
    own = decoder.stream(hotwords={"上班": 4.0})
    none = decoder.stream(hotwords=[])
    for one in (stream, own, none):
        one.push(frames[:5])
    decoder.hotwords = {"很好": 1.0}
    found = {}
    for name, one in {"first": stream, "own": own, "none": none}.items():
        one.push(frames[5:])
        found[name] = [fired.phrase for fired in one.finish().hotwords]
        one.reset()
        one.push(frames)
        found[f"{name}, next"] = [fired.phrase for fired in one.finish().hotwords]
    assert found == {
        "first": ["阳光", "阳光"],
        "first, next": ["很好"],
        "own": ["上班"],
        "own, next": ["上班"],
        "none": [],
        "none, next": [],
    }
    assert own.hotwords is not None and len(own.hotwords) == 1
    # Until asked for others.
    own.reset()
    own.use_hotwords()
    assert own.hotwords is decoder.hotwords
    own.push(frames[:3])
    own.use_hotwords({"我在": 1.0})
    assert own.hotwords is decoder.hotwords
    with pytest.raises(HotwordError):
        own.use_hotwords({"": 1.0})
    own.push(frames[3:])
    assert [fired.phrase for fired in own.finish().hotwords] == ["很好"]
    own.reset()
    own.push(frames)
    assert [fired.phrase for fired in own.finish().hotwords] == ["我在"]


def test_one_list_is_made_ready_once(characters: Graph) -> None:
    decoder = Decoder(characters)
    hotwords = Hotwords({"阳光": 3.0}, graph=characters)
    for _ in range(3):
        assert decoder.stream(hotwords=hotwords).hotwords is hotwords
    gone = weakref.ref(hotwords)
    del hotwords
    gc.collect()
    assert gone() is None


def test_a_stream_keeps_its_decoder(characters: Graph) -> None:
    frames = say(SAID)
    decoder = Decoder(characters)
    wanted = decoder.decode(frames)
    stream = copy.copy(decoder).stream()
    del decoder
    gc.collect()
    assert feed(stream, frames, [3, 3]).finish() == wanted
    assert repr(stream) == "<tlg.Stream: finished>"


def test_many_streams_on_threads(speech: Graph, utterances: list[Any]) -> None:
    decoder = Decoder(speech, **SPEECH)
    wanted = [decoder.decode(frames) for frames in utterances]

    def run(job: int) -> list[bool]:
        streams = [decoder.stream() for _ in utterances]
        for t in range(0, max(map(len, utterances)), 5 + job):
            for stream, frames in zip(streams, utterances, strict=True):
                partial = stream.push(frames[t : t + 5 + job])
                if t % 3 == 0:
                    assert partial.text is not None
        return [stream.finish() == result for stream, result in zip(streams, wanted, strict=True)]

    with ThreadPoolExecutor(4) as pool:
        assert all(all(found) for found in pool.map(run, range(4)))


def test_one_stream_on_two_threads_is_an_error(speech: Graph, utterances: list[Any]) -> None:
    decoder = Decoder(speech, **{**SPEECH, "beam": 20.0})
    frames = np.concatenate(utterances[:3])
    stream = decoder.stream()
    begun = threading.Event()
    late: list[str] = []

    def push() -> None:
        begun.set()
        stream.push(frames)

    worker = threading.Thread(target=push)
    worker.start()
    begun.wait()
    calls: list[Callable[[], Any]] = [
        lambda: stream.push(frames[:1]),
        stream.partial,
        stream.finish,
        stream.reset,
    ]
    while worker.is_alive() and len(late) < 4:
        try:
            calls[len(late)]()
        except StreamError as error:
            late.append(str(error))
        else:
            break  # it had not begun, or is done
    worker.join()
    assert all("at work in another thread" in message for message in late)
    stream.reset()
    assert feed(stream, utterances[0], [9]).finish() == decoder.decode(utterances[0])


def test_errors_of_turn_are_deterministic(decoder: Decoder) -> None:
    """The same, without a race: whoever comes while the stream works is refused."""
    stream = decoder.stream()
    partial = stream.push(say("我"))
    calls: list[Callable[[], Any]] = [
        lambda: stream.push(say("我")),
        stream.partial,
        stream.finish,
        stream.reset,
        stream.use_hotwords,
        lambda: stream.endpoint,
        lambda: partial.text,
    ]
    with stream._turn:
        for call in calls:
            with pytest.raises(StreamError, match="Use a stream from one thread at a time"):
                call()
    assert partial.text == "我"
    assert repr(stream) == "<tlg.Stream: 1 frames>"


def test_an_hour_of_speech_is_kept_in_little_room(speech: Graph, utterances: list[Any]) -> None:
    """Counts of what the core keeps; real posteriors, again and again."""
    decoder = Decoder(speech, **SPEECH)
    stream, most, frames = decoder.stream(), 0, 0
    while frames < 9_000:
        for one in utterances:
            stream.push(one)
            frames += len(one)
            most = max(most, stream._core.num_traces)
            assert stream._core.num_kept_frames < 64
    assert most < 20_000
    partial = stream.partial()
    assert partial.num_frames == frames
    assert len(partial.words) - len(partial.stable_words) < 200
