"""Biases of hotwords from how badly a language model scores them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tlg
from tests.test_hotword_lists import same
from tests.test_hotword_spelling import CHARACTERS, graph
from tlg.errors import OptionError
from tlg.hotwords import AutoBias, Hotword, Hotwords, auto_bias
from tlg.hotwords.auto_bias import mean_unigram, phrase_score


class Unigrams:
    """A model of words that do not depend on what came before."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = dict(scores)

    def __contains__(self, word: object) -> bool:
        return word in self.scores

    def begin(self) -> int:
        return 0

    def score(self, state: int, word: str) -> tuple[int, float]:
        return 0, self.scores.get(word, -10.0)


def test_score_of_a_phrase() -> None:
    lm = Unigrams({"阳光": -3.0, "阳": -2.0, "光": -2.0, "保": -5.0, "new": -4.0})
    assert phrase_score(lm, "阳光保") == (-8.0, 2)
    assert phrase_score(lm, "new 阳龙") == (-16.0, 3)
    assert phrase_score(lm, "old new") == (-14.0, 2)
    rng = random.Random(1)
    for _ in range(100):
        text = "".join(rng.choices("阳光保", k=4))
        ways = [
            [text[i:j] for i, j in itertools.pairwise((0, *cuts, 4))]
            for count in range(4)
            for cuts in itertools.combinations((1, 2, 3), count)
        ]
        wanted = max(sum(lm.scores[w] for w in way) for way in ways if all(w in lm for w in way))
        assert phrase_score(lm, text)[0] == wanted


def test_bias_from_a_deficit() -> None:
    deficits = np.array([-3.0, 0.0, 1.0, 4.0, np.inf])
    units = np.array([2, 2, 2, 2, 0])
    assert auto_bias(deficits, units, least=0.25, most=1.5).tolist() == [0.25, 0.25, 0.5, 1.5, 1.5]
    # The second unit is worth nothing besides, the third and the fourth half a nat each.
    longer = auto_bias(np.array([1.0, 1.0, 1.0, -4.0]), np.array([1, 2, 4, 4]), longer=0.5, least=0, most=9)
    assert longer.tolist() == [1.0, 0.5, 0.5, 0.0]
    phones = auto_bias(np.zeros(2), np.array([6, 8]), short=6, longer=0.5, least=0, most=9)
    assert phones.tolist() == [0.0, 0.125]


def test_auto_bias_of_a_list() -> None:
    lm = Unigrams({"阳": -2.0, "光": -2.0, "保": -5.0, "险": -7.0})
    auto = AutoBias(lm, average=-4.0, lm_weight=0.25, share=2.0, least=0.2, most=1.0)
    hotwords = Hotwords(["阳光", "保险", ("龙", 2.0), Hotword("光", bias=0.7)], tokens=CHARACTERS, bias=auto)
    # Deficits: half of -8 + 4 and of -8 + 12 nats; the range is .2 to 1 times 1.5.
    assert [entry.bias for entry in hotwords.report.entries[:2]] == pytest.approx([0.3, 1.0])
    assert hotwords.report.entries[3].bias == 0.7
    assert hotwords.score(["保", "险"]) == 2.0
    assert hotwords.bias == "auto"
    units = hotwords.unit_ids(["阳", "光"])
    # The range and what long phrases get, not the deficit, are scaled with the acoustics.
    assert hotwords.automaton(acoustic_scale=3.0).total(np.array(units, np.int32)) == round(1.8 * 1024) / 1024
    assert hotwords.automaton(acoustic_scale=3.0).find(hotwords.unit_ids(["保", "险"]))[0].reward == 2.0
    long = Hotwords(
        ["保险" * 2], tokens=CHARACTERS, bias=AutoBias(lm, average=-4.0, lm_weight=0.25, longer=0.5)
    )
    # 0.6 * 0.25 * (24 - 16) nats, and half the default for the third and for the fourth unit.
    assert long.score(list("保险保险")) == pytest.approx(1.2 + 2 * 0.75, abs=1e-3)
    found = long.automaton(acoustic_scale=2.0).find(long.unit_ids(list("保险保险")))
    assert found[0].reward == pytest.approx(1.2 + 2 * 1.5, abs=1e-3)
    changed = hotwords.changed(remove=["阳光"], add=["光保"])
    same(
        changed,
        Hotwords(["保险", ("龙", 2.0), Hotword("光", bias=0.7), "光保"], tokens=CHARACTERS, bias=auto),
    )


def test_auto_bias_where_words_are_matched() -> None:
    sounds = graph("_ k ae t b", "cat k ae t\nbat b ae t", blank="_")
    lm = Unigrams({"cat": -3.0, "bat": -3.0})  # nobody is short of anything
    hotwords = Hotwords(["cat bat", "bat cat bat"], graph=sounds, bias=AutoBias(lm, average=-3.0, longer=0.5))
    # Six phones are short; nine get half the default, 0.5, for three of them.
    assert hotwords.units_are == "words"
    assert [entry.bias for entry in hotwords.report.entries] == pytest.approx([0.0, 3 * 0.25 / 9])


def test_auto_bias_with_a_trained_model(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("a b a b\n" * 40 + "c\n", encoding="utf-8")
    lm = tlg.lm.train([tmp_path / "text"], order=2, smoothing="wb")
    log_probs = np.asarray(lm.next_distribution(lm.begin(bos=False)), float)
    probs = np.exp(log_probs[np.isfinite(log_probs)])
    assert mean_unigram(lm) == pytest.approx(float(np.sum(probs * np.log(probs))), abs=1e-5)
    hotwords = Hotwords(["ab", "a b", "c"], tokens=["_", *"abc|"], bias="auto", lm=lm)
    biases = {entry.phrase: entry.bias for entry in hotwords.report.entries}
    assert biases["a b"] < biases["ab"] < biases["c"] == 2.5  # one rare unit: at the limit


BAD_AUTO: dict[str, tuple[dict[str, Any], str]] = {
    "no_model": ({"bias": "auto"}, "need lm="),
    "lm_alone": ({"lm": Unigrams({})}, 'lm= has no effect with this bias. Pass bias="auto"'),
    "both": ({"lm": Unigrams({}), "bias": 1.0}, "lm= has no effect"),
    "no_average": ({"lm": Unigrams({}), "bias": "auto"}, r"Pass AutoBias\(lm, average="),
    "path": ({"lm": "lm.arpa", "bias": "auto"}, "need lm="),
}


@pytest.mark.parametrize(("options", "text"), BAD_AUTO.values(), ids=BAD_AUTO)
def test_bad_auto_bias(options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        Hotwords(["A"], tokens=CHARACTERS, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"lm_weight": -1.0},
        {"share": 0.0},
        {"average": 1.0},
        {"least": 2.0},
        {"most": float("inf")},
        {"longer": -0.1},
    ],
    ids=str,
)
def test_bad_auto_options(options: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        AutoBias(Unigrams({}), **options)
