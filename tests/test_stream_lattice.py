"""Streams of decoders that are asked for more than the best path: all of it as decode() gives it, to the bit."""

from __future__ import annotations

import math
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decoder_cases import SPEECH, character_graph, say
from tests.test_stream import feed, sparse
from tlg import Decoder, Graph, Lattice, Result
from tlg.cli import main

SAID = "-我-在阳-光保-险上班--阳光很好-"
HOTWORDS = {"阳光保险": 2.0, "很好": 1.0}
ALL: dict[str, Any] = {"nbest": 4, "lattice": True, "mbr": True}


def same(found: Result, wanted: Result) -> bool:
    """All fields; a Result does not compare its lattice."""
    return found == wanted and found.lattice == wanted.lattice and found.lattice_beam == wanted.lattice_beam


def mumble(seed: int, count: int, width: int) -> Any:
    """What was said, in doubt; of a graph without blank, without it."""
    noise = np.random.default_rng(seed).normal(size=(count, width), scale=1.5)
    said = np.resize(say(SAID, sure=0.6)[:, -width:], noise.shape) + noise
    return (said - np.log(np.exp(said).sum(axis=1, keepdims=True))).astype(np.float32)


@pytest.fixture(scope="module")
def decoders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Decoder]:
    found = {}
    for topology in ("implicit", "ctc", "none"):
        graph = character_graph(tmp_path_factory.mktemp(topology), topology)
        variants: dict[str, dict[str, Any]] = {
            "plain": {},
            "hotwords": {"hotwords": HOTWORDS},
            "blank_skip": {"blank_skip": 0.3, "hotwords": HOTWORDS},
        }
        for name, options in variants.items():
            if topology == "none" and "blank_skip" in options:
                continue
            found[f"{topology}, {name}"] = Decoder(graph, lattice_beam=4.0, beam=10.0, **ALL, **options)
    return found


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    seed=st.integers(0, 1 << 20),
    count=st.integers(0, 150),
    sizes=st.lists(st.integers(0, 70), max_size=12),
)
def test_every_chunking(
    decoders: dict[str, Decoder], data: st.DataObject, seed: int, count: int, sizes: list[int]
) -> None:
    decoder = decoders[data.draw(st.sampled_from(sorted(decoders)))]
    width = len(decoder.graph.tokens)
    frames: Any = mumble(seed, count, width)
    if data.draw(st.booleans()):
        frames = sparse(frames, width // 2)
    stream = decoder.stream()
    if data.draw(st.booleans()):  # another utterance before
        feed(stream, mumble(seed + 1, 40, width), [7])
        if data.draw(st.booleans()):
            stream.finish()
        stream.reset()
    assert same(feed(stream, frames, sizes).finish(), decoder.decode(frames))


@pytest.mark.parametrize("size", [1, 7, 64, 100])
def test_real_speech(speech: Graph, utterances: list[Any], size: int) -> None:
    decoder = Decoder(speech, **SPEECH, **ALL, lattice_beam=4.0)
    best = Decoder(speech, **SPEECH)
    stream, plain = decoder.stream(), best.stream()
    for frames in utterances[:3]:
        stream.reset()
        plain.reset()
        for start in range(0, len(frames), size):
            partial = stream.push(frames[start : start + size])
            other = plain.push(frames[start : start + size])
            if start % 3 == 0:  # partial results are those of a stream without lattices
                assert (partial.text, partial.score) == (other.text, other.score)
                assert partial.stable_words == other.stable_words
        result = stream.finish()
        assert same(result, decoder.decode(frames))
        assert result.text == plain.finish().text


def test_each_alone(speech: Graph, utterances: list[Any]) -> None:
    frames = utterances[0]
    asked: list[dict[str, Any]] = [{"nbest": 3}, {"lattice": True}, {"mbr": True}]
    for options in asked:
        decoder = Decoder(speech, **SPEECH, **options)
        assert same(feed(decoder.stream(), frames, [10] * 5).finish(), decoder.decode(frames))


def test_a_result_outlives_its_stream(speech: Graph, utterances: list[Any]) -> None:
    """What is worked out later needs nothing of the stream, which goes on."""
    decoder = Decoder(speech, **SPEECH, **ALL)
    stream = decoder.stream()
    results = []
    for frames in utterances[:3]:
        results.append(feed(stream, frames, [33]).finish())
        stream.reset()
    del stream
    assert all(same(one, decoder.decode(frames)) for one, frames in zip(results, utterances, strict=False))


def test_streams_without_lattices_keep_no_more(speech: Graph, utterances: list[Any]) -> None:
    kept = []
    asked: list[dict[str, Any]] = [{}, {"lattice": True}]
    for options in asked:
        stream = Decoder(speech, **SPEECH, **options).stream()
        for _ in range(3):
            for frames in utterances:
                stream.push(frames)
        kept.append(stream._core.num_traces)
    assert 10 * kept[0] < kept[1]


@pytest.fixture(scope="module")
def noise(speech: Graph) -> tuple[Decoder, Any]:
    decoder = Decoder(speech, beam=14.0, nbest=5, lattice=True, lattice_beam=24.0)
    return decoder, np.random.default_rng(0).normal(size=(40, len(speech.tokens)))


def test_a_narrowed_beam_is_told(noise: tuple[Decoder, Any]) -> None:
    decoder, frames = noise
    result = decoder.decode(frames, logits=True)
    lattice = result.lattice
    assert lattice is not None
    assert lattice.beam is not None
    assert lattice.narrowed
    assert 0 <= lattice.beam < 24
    assert result.lattice_beam == lattice.beam
    assert f"narrowed to a beam of {lattice.beam:.3g}" in repr(lattice)
    assert pickle.loads(pickle.dumps(lattice)).narrowed
    if lattice.beam > 0:
        pruned = lattice.prune(lattice.beam / 2)
        assert (pruned.beam, pruned.narrowed) == (lattice.beam / 2, False)
    assert lattice.prune(30.0).narrowed


def test_a_beam_that_fits_is_told(speech: Graph, utterances: list[Any], tmp_path: Path) -> None:
    for beam in (5.1, math.inf):
        decoder = Decoder(speech, **{**SPEECH, "beam": 6.0}, lattice=True, lattice_beam=beam)
        result = decoder.decode(utterances[0][:20])
        assert result.lattice is not None
        lattice = result.lattice
        assert (lattice.beam, lattice.narrowed, result.lattice_beam) == (beam, False, beam)
        lattice.write(tmp_path / "a.json")
        assert Lattice.read(tmp_path / "a.json").beam == beam
        lattice.write(tmp_path / "a.ark")
        assert Lattice.read(tmp_path / "a.ark", words=speech).beam is None
    assert Decoder(speech, **SPEECH).decode(utterances[0]).lattice_beam is None


def test_the_command_names_narrowed_utterances(
    noise: tuple[Decoder, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    decoder, frames = noise
    decoder.graph.save(tmp_path / "graph")
    np.savez(tmp_path / "a.npz", loud=frames, calm=frames[:1])
    options = ["--logits", "--beam", "14", "--lattice-beam", "24", "--lattices", str(tmp_path / "l.json")]
    command = ["tlg", "decode", "--graph", str(tmp_path / "graph"), str(tmp_path / "a.npz"), *options]
    monkeypatch.setattr(sys, "argv", [*command, "-o", str(tmp_path / "hyp.tsv")])
    with pytest.raises(SystemExit) as exit_:
        main()
    said = capsys.readouterr().err
    assert not exit_.value.code, said
    assert "tlg: warning: utterance 'loud': the lattice beam was narrowed from 24 to " in said
    assert "'calm'" not in said
    assert "1 lattice beams narrowed" in said
