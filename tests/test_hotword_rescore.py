"""n-best lists put in order with hotwords: units, texts, scores, and what is refused."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.decoder_cases import say
from tests.reference import leftmost_longest as twin
from tlg import Decoder, Graph, Hotwords
from tlg.errors import HotwordError, OptionError
from tlg.hotwords import rescore

TEXTS = [("i live in newark now", -2.5), ("i live in new york now", -3.0), ("i saw new yorkers", -2.75)]


def test_texts_match_whole_words() -> None:
    best, *others = rescore(TEXTS, {"new york": 2.0}, bias=0.5)
    assert (best.hypothesis, best.rank, best.score) == ("i live in new york now", 1, -3.0)
    assert best.matches == [("new york", 10, 18, 8 * 0.5 + 2.0)]
    assert best.total == best.score + best.hotword_score == 3.0
    assert [(one.rank, one.hotword_score, one.matches) for one in others] == [(0, 0.0, []), (2, 0.0, [])]


def test_texts_without_spaces() -> None:
    best, other = rescore([("我买了阳光宝险", -1.0), ("我买了 阳光 保险", -1.5)], ["阳光保险", "银行"])
    assert best.hypothesis == "我买了 阳光 保险"
    assert best.hotword_score == 4 * 1.5
    assert other.rank == 0


def test_weight_scales_the_rewards_and_0_is_no_hotwords() -> None:
    assert [one.rank for one in rescore(TEXTS, ["new york"], weight=0)] == [0, 2, 1]
    assert rescore(TEXTS, ["new york"], bias=1.0, weight=0.25)[0].hotword_score == 2.0
    assert [one.rank for one in rescore([("a", 1.0), ("b", 2.0), ("c", 2.0)], [])] == [1, 2, 0]
    assert rescore([], ["a"]) == []
    assert rescore((one for one in TEXTS), ["new york"]) == rescore(TEXTS, ["new york"])


@pytest.mark.parametrize("seed", range(5))
def test_units_against_the_definition(seed: int) -> None:
    dice = random.Random(seed)
    phrases = {"".join(dice.choices("AB", k=dice.randrange(1, 5))): dice.randrange(-3, 6) for _ in range(4)}
    hot = Hotwords(phrases, tokens=[*"ABC"], bias=1.0)
    listed = [twin.Phrase(tuple(phrase), 1.0, weight) for phrase, weight in phrases.items()]
    nbest = [(dice.choices("ABC", k=dice.randrange(8)), dice.uniform(-9, 0)) for _ in range(20)]
    totals = [score + twin.score(listed, units) for units, score in nbest]
    got = rescore(nbest, hot)
    assert [one.total for one in got] == pytest.approx(sorted(totals, reverse=True))
    for one in got:
        assert one.total == pytest.approx(totals[one.rank])
        assert one.hypothesis is nbest[one.rank][0]


def test_it_agrees_with_the_decoder(characters: Graph) -> None:
    """The decoder's own list, rescored, is in the order that decoding with the hotwords gives."""
    phrases = {"保定": 1.0, "阳光": -2.0}
    x = say("我在阳光保险上班", sure=0.5)
    plain = Decoder(characters, nbest=8, beam=30.0, lattice_beam=25.0).decode(x)
    hot = Hotwords(phrases, graph=characters)
    got = rescore([(one.tokens, one.score) for one in plain.nbest], hot)
    decoder = Decoder(characters, nbest=8, beam=30.0, lattice_beam=25.0, hotwords=hot)
    wanted = {tuple(one.tokens): one for one in decoder.decode(x).nbest}
    assert got[0].matches != [] or got[0].hotword_score == 0
    found = 0
    for one in got:
        other = wanted.get(tuple(one.hypothesis))
        if other is not None:
            found += 1
            assert one.hotword_score == other.hotword_score
            assert one.total == pytest.approx(other.score, abs=1e-3)
    assert found > 2


def test_a_compiled_list_spells_texts(characters: Graph) -> None:
    hot = Hotwords(["保定"], graph=characters)
    assert rescore([("我在保定", 0.0)], hot)[0].matches == [("保定", 2, 4, 3.0)]
    assert rescore([("", 0.0)], hot)[0].matches == []
    with pytest.raises(OptionError, match=r"text '我在X' cannot be spelled: .*Pass the units themselves"):
        rescore([("我在X", 0.0)], hot)


@pytest.mark.parametrize(
    ("nbest", "hotwords", "options", "message"),
    [
        ([("a", float("nan"))], ["a"], {}, "the score of hypothesis 0 is nan"),
        ([("a", 0.0), ("b", "x")], ["a"], {}, "the score of hypothesis 1 is 'x'"),
        ([(["a"], 0.0)], ["a"], {}, r"hypothesis \['a'\] is no text. Pass a Hotwords made for these units"),
        ([("a", 0.0)], ["a"], {"weight": -1}, "weight=-1 is not 0 or more"),
        ([("a", 0.0), ("i",)], ["a"], {}, r"hypothesis 1 is \('i',\), no pair"),
        (["ab"], ["a"], {}, "hypothesis 0 is 'ab', no pair"),
        ([(5, -1.0)], ["a"], {}, "hypothesis 0 is 5. Pass a text"),
        ([(b"a", -1.0)], ["a"], {}, "hypothesis 0 is b'a'. Pass a text"),
        ("text", ["a"], {}, "nbest is 'text'"),
        (None, ["a"], {}, "nbest is None"),
        ([("a", 10**400)], ["a"], {}, "the score of hypothesis 0 is 1000"),
    ],
)
def test_bad_input(nbest: Any, hotwords: Any, options: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        rescore(nbest, hotwords, **options)


def test_bad_lists(characters: Graph, tmp_path: Path) -> None:
    hot = Hotwords(["保定"], graph=characters)
    with pytest.raises(OptionError, match="bias= and a Hotwords"):
        rescore([("保定", 0.0)], hot, bias=1.0)
    with pytest.raises(OptionError, match="'X' is not one of the units"):
        rescore([(["X"], 0.0)], hot)
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(HotwordError, match=r"bad\.json"):
        rescore([("a", np.float32(0.0))], tmp_path / "bad.json")
