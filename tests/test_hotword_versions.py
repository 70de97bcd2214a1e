"""Which list was in force: numbers of lists, on decoders, streams, partials and results."""

from __future__ import annotations

import copy
import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.decoder_cases import SYMBOLS, say
from tlg import Decoder, Graph, Hotwords, PrefixDecoder
from tlg.errors import HotwordError

AGREE = [Decoder, PrefixDecoder]


@pytest.fixture(params=AGREE, ids=lambda kind: kind.__name__)
def decoder(request: pytest.FixtureRequest, characters: Graph) -> Any:
    return Decoder(characters) if request.param is Decoder else PrefixDecoder(SYMBOLS, blank="<blk>")


def test_lists_are_numbered_as_they_are_put_in_force(decoder: Any, tmp_path: Path) -> None:
    x = say("我在保定")
    assert decoder.hotwords_version == decoder.decode(x).hotwords_version == 0
    decoder.hotwords = ["保定"]
    assert decoder.hotwords_version == decoder.decode(x).hotwords_version == 1
    decoder.hotwords = {"保定": 3.0}
    assert decoder.hotwords_version == decoder.decode(x).hotwords_version == 2
    decoder.hotwords = None
    assert decoder.hotwords_version == decoder.decode(x).hotwords_version == 0
    decoder.hotwords = []  # a list, though without phrases
    assert decoder.hotwords_version == decoder.decode(x).hotwords_version == 3
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(HotwordError):
        decoder.hotwords = tmp_path / "bad.json"
    assert decoder.hotwords_version == 3
    decoder.hotwords = ["保定"]  # the bad one took no number
    assert decoder.hotwords_version == 4


def test_the_same_hotwords_are_the_same_list(decoder: Any) -> None:
    hot = Hotwords(["保定"], tokens=SYMBOLS, blank="<blk>")
    decoder.hotwords = hot
    decoder.hotwords = ["阳光"]
    assert decoder.hotwords_version == 2
    assert decoder.stream(hotwords=hot).hotwords_version == 1
    decoder.hotwords = hot
    assert decoder.hotwords_version == 1
    assert decoder.stream(hotwords=["保定"]).hotwords_version == 3  # another list, though of the same phrases
    assert decoder.hotwords_version == 1


def test_streams_carry_the_number_of_their_own(characters: Graph) -> None:
    decoder = Decoder(characters, hotwords=["保定"])
    x = say("我在保定")
    stream = decoder.stream()
    own = decoder.stream(hotwords=["阳光"])
    none = decoder.stream(hotwords=[])
    assert [s.hotwords_version for s in (stream, own, none)] == [1, 2, 3]
    decoder.hotwords = ["阳光", "保定"]
    partial = stream.push(x)
    assert (partial.hotwords_version, stream.hotwords_version, decoder.hotwords_version) == (1, 1, 4)
    result = stream.finish()
    assert result.hotwords_version == 1
    stream.reset()
    assert stream.hotwords_version == stream.push(x).hotwords_version == stream.finish().hotwords_version == 4
    assert partial.hotwords_version == 1  # it is about the frames of then
    assert result.hotwords_version == 1


def test_prefix_streams_keep_theirs() -> None:
    decoder = PrefixDecoder(SYMBOLS, blank="<blk>", hotwords=["保定"])
    stream = decoder.stream()
    decoder.hotwords = ["阳光"]
    stream.push(say("我在保定"))
    assert stream.hotwords_version == stream.partial().hotwords_version == 1
    assert [one.phrase for one in stream.finish().hotwords] == ["保定"]
    other = decoder.stream()
    assert other.hotwords_version == 2
    assert other.hotwords is decoder.hotwords
    assert other.push(say("阳光很好")).finish().nbest[0].hotwords_version == 2


def test_results_of_batches_and_nbest_carry_it(characters: Graph) -> None:
    decoder = Decoder(characters, hotwords=["保定"], nbest=3)
    x = say("我在保定")
    work = decoder.decode_iter([x, x])
    decoder.hotwords = ["阳光"]
    assert [result.hotwords_version for _, result in work] == [1, 1]
    result = decoder.decode_batch([x])[0]
    assert result.hotwords_version == 2
    assert [one.hotwords_version for one in result.nbest] == [2] * len(result.nbest)
    assert "hotwords_version" not in repr(result)


def test_it_plays_no_part_in_comparisons(characters: Graph) -> None:
    x = say("我在保定")
    decoder = Decoder(characters)
    without = decoder.decode(x)
    decoder.hotwords = []
    empty = decoder.decode(x)
    assert (without.hotwords_version, empty.hotwords_version) == (0, 1)
    assert without == empty


def test_copies_count_together(characters: Graph) -> None:
    decoder = Decoder(characters, hotwords=["保定"])
    other = copy.copy(decoder)
    other.hotwords = ["阳光"]
    decoder.hotwords = ["天气"]
    assert (decoder.hotwords_version, other.hotwords_version) == (3, 2)


def test_lists_are_not_kept_alive(characters: Graph) -> None:
    decoder = Decoder(characters, hotwords=["保定"])
    assert decoder.hotwords is not None
    seen = weakref.ref(decoder.hotwords)
    stream = decoder.stream()
    decoder.hotwords = None
    gc.collect()
    assert seen() is not None  # of the stream
    stream.reset()
    gc.collect()
    assert seen() is None


def test_threads_never_share_a_number(characters: Graph) -> None:
    decoder = Decoder(characters)
    versions: list[int] = []
    start = threading.Barrier(4)

    def work(seed: int) -> None:
        start.wait(timeout=30)
        for turn in range(20):
            versions.append(decoder.stream(hotwords={"保定": float(seed * 100 + turn)}).hotwords_version)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(versions) == list(range(1, 81))


def test_threads_that_make_one_list_ready_get_one_number(characters: Graph) -> None:
    decoder = Decoder(characters)
    hot = Hotwords(["保定"], graph=characters)
    start = threading.Barrier(8)
    versions: list[int] = []

    def work() -> None:
        start.wait(timeout=30)
        versions.append(decoder.stream(hotwords=hot).hotwords_version)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert versions == [1] * 8


@pytest.mark.parametrize("boundary", ["auto", None])
def test_prefix_beam_pays_what_find_finds_over_pieces(boundary: str | None) -> None:
    pieces = ["<blk>", "▁new", "▁york", "er", "▁", "s", "。"]
    hot = Hotwords(
        {"new york": 2.0, "yorker": -1.0, "s": 0.5}, tokens=pieces, blank="<blk>", boundary=boundary
    )
    decoder = PrefixDecoder(pieces, blank="<blk>", hotwords=hot, nbest=10)
    dice = np.random.default_rng(5)
    fired = 0
    for _ in range(20):
        logits = dice.normal(scale=3.0, size=(12, len(pieces)))
        result = decoder.decode(logits, logits=True)
        for one in result.nbest:
            found = hot.find(one.tokens)
            assert one.hotword_score == hot.score(one.tokens)
            assert [heard.phrase for heard in one.hotwords] == [match.phrase for match in found]
            fired += len(found)
    assert fired > 20
