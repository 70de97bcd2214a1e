"""The hotword slot of tlg.Decoder: forms of lists, weights, swapping under threads, bad lists."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.decoder_cases import (
    SPEECH,
    SYMBOLS,
    say,
)
from tlg import (
    Decoder,
    Graph,
    Hotwords,
    TlgError,
)
from tlg.errors import (
    OptionError,
)
from tlg.hotwords import Hotword


@pytest.fixture
def graph(characters: Graph) -> Graph:
    return characters


def test_every_form_of_a_list_is_the_same_list(graph: Graph, tmp_path: Path) -> None:
    x = say("我在保定")
    (tmp_path / "hot.txt").write_text("# towns\n保定 2\n阳光\n", encoding="utf-8")
    (tmp_path / "hot.json").write_text('{"保定": "2", "阳光": 0}', encoding="utf-8")
    forms: list[Any] = [
        {"保定": 2.0, "阳光": None},
        [("保定", 2.0), "阳光"],
        [Hotword("阳光"), Hotword("保定", word_bias=2.0)],
        tmp_path / "hot.txt",
        str(tmp_path / "hot.txt"),
        tmp_path / "hot.json",
        (pair for pair in [("保定", 2.0), ("阳光", 0.0)]),
    ]
    results = [Decoder(graph, hotwords=form, hotword_bias=1.0).decode(x) for form in forms]
    results.append(Decoder(graph, hotwords=Hotwords({"保定": 2.0}, graph=graph, bias=1.0)).decode(x))
    assert results[0].hotwords == [("保定", 2, 4, 4.0)]
    assert all(result == results[0] for result in results)


def test_bias_and_weights(graph: Graph) -> None:
    x = say("我在保定")

    def reward(hotwords: Any, **options: Any) -> float:
        return Decoder(graph, hotwords=hotwords, **options).decode(x).hotword_score

    assert reward(["保定"]) == 2 * 1.5
    assert reward(["保定"], acoustic_scale=2.0) == 2 * 1.5 * 2.0  # the default goes with the scale
    assert reward(["保定"], acoustic_scale=2.0, hotword_bias=0.5) == 2 * 0.5  # what is given does not
    assert reward([Hotword("保定", bias=0.25, word_bias=3.0)], hotword_bias=9.0) == 2 * 0.25 + 3.0
    assert reward({"保定": -1.0}, hotword_bias=0.0) == -1.0
    with pytest.raises(OptionError, match="hotword_bias= and a Hotwords, which has its own"):
        Decoder(graph, hotwords=Hotwords(["保定"], graph=graph), hotword_bias=1.0)


def test_hotwords_change_the_words(graph: Graph) -> None:
    x = say("我在保险-", sure=0.9)
    close = np.log(np.array([0.5, 0.45]))
    row = np.full(len(SYMBOLS), np.log(0.05 / (len(SYMBOLS) - 2)))
    row[[SYMBOLS.index("险"), SYMBOLS.index("定")]] = close
    x[3] = row
    decoder = Decoder(graph, lm_weight=0.0)
    assert decoder.decode(x).text == "我在保险"
    decoder.hotwords = ["保定"]
    assert decoder.decode(x).text == "我在保定"
    decoder.hotwords = {"保定": -9.0}
    assert decoder.decode(x).text == "我在保险"
    decoder.hotwords = None
    assert decoder.decode(x).text == "我在保险" and decoder.hotwords is None


def test_no_list_and_an_empty_one_are_the_same(speech: Graph, utterances: list[Any]) -> None:
    none = Decoder(speech, **SPEECH).decode_batch(utterances)
    empty: Any
    for empty in ([], {}, Hotwords([], graph=speech), ["notawordatall"]):
        assert Decoder(speech, hotwords=empty, **SPEECH).decode_batch(utterances) == none


def test_a_bad_list_changes_nothing(graph: Graph, tmp_path: Path) -> None:
    decoder = Decoder(graph, hotwords=["保定"])
    kept, x = decoder.hotwords, say("我在保定")
    before = decoder.decode(x)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    bad: list[tuple[Any, str]] = [
        ("保定", "is a str, but no file of that name exists"),
        (tmp_path / "none.txt", "no such file"),
        (tmp_path / "latin.txt", "latin.txt:1: not UTF-8"),
        ({"保定": math.nan}, "not finite"),
        ({"保定": 1e9}, "'保定'"),
        ({"保定": "much"}, "no number"),
        ([""], "blank"),
        ([3], "item 0 of the list is 3"),
        (7, "cannot be read from int"),
        (Hotwords(["保定"], tokens=SYMBOLS[:3] + SYMBOLS[:2:-1]), "made for another table"),
        (Hotwords(["保定"], tokens=[*SYMBOLS, *"甲乙丙"]), "made for 18 tokens, the graph has 15"),
    ]
    for hotwords, message in bad:
        with pytest.raises(TlgError, match=message):
            decoder.hotwords = hotwords
        assert decoder.hotwords is kept and decoder.decode(x) == before


def test_a_list_for_other_words_is_refused(graph: Graph, speech: Graph) -> None:
    with pytest.raises(OptionError, match=r"made for .* the graph has"):
        Decoder(graph, hotwords=Hotwords(["comparatively"], graph=speech))


def test_what_cannot_be_spelled_is_in_the_report(graph: Graph) -> None:
    decoder = Decoder(graph, hotwords=["保定", "龙"])
    assert decoder.hotwords is not None
    assert [entry.phrase for entry in decoder.hotwords.report.rejected] == ["龙"]


def test_threads_share_a_decoder_while_its_list_changes(graph: Graph) -> None:
    """Each result is of one list from beginning to end, whatever the other threads do."""
    decoder = Decoder(graph, hotword_bias=0.0)
    lists: list[dict[str, float]] = [{"保定": float(n), "上班": float(n)} for n in range(1, 6)]
    x = say("今天我在保定上班", sure=0.95)
    batch = [x, x[:6], x]
    stop = threading.Event()

    def swap() -> None:
        rng = random.Random(1)
        while not stop.is_set():
            decoder.hotwords = rng.choice([None, *lists])

    def work(number: int) -> int:
        for _ in range(150):
            for result in (
                decoder.decode_batch(batch, threads=1 + number % 2) if number % 3 else [decoder.decode(x)]
            ):
                rewards = {fired.reward for fired in result.hotwords}
                assert len(rewards) <= 1 and result.hotword_score == sum(f.reward for f in result.hotwords)
                assert rewards <= {1.0, 2.0, 3.0, 4.0, 5.0}
                assert result.text == "今天我在保定上班"[: result.num_frames]
                assert len(result.hotwords) in (0, 1 if result.num_frames == 6 else 2)
        return number

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(work, range(6))) == list(range(6))
    finally:
        stop.set()
        swapper.join()


def test_a_batch_is_of_one_list(graph: Graph) -> None:
    """The list is the one of the moment of the call, also when the inputs come slowly and change it."""
    decoder = Decoder(graph, hotwords={"保定": 1.0}, hotword_bias=0.0)

    def inputs() -> Iterator[NDArray[np.float32]]:
        for n in range(3):
            yield say("我在保定")
            decoder.hotwords = {"保定": float(n + 5)}

    assert len({result.hotword_score for result in decoder.decode_batch(inputs())}) == 1
