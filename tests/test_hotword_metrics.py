"""Recall and precision of hotwords, against counts made from the definition."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.reference import leftmost_longest as reference
from tlg.errors import OptionError
from tlg.hotwords import hotword_counts


def test_by_hand() -> None:
    refs = ["new york is new", "the new york times", "york"]
    hyps = ["new york is new york", "the new yolk times", "york new york"]
    metrics = hotword_counts(refs, hyps, ["new york", "york", "new york times", "rome", "york"])
    # references: york new york; hypotheses: new york twice, nothing, york and new york
    assert metrics.phrases["new york"] == type(metrics.phrases["york"])(in_refs=1, in_hyps=3, hits=1)
    assert (metrics.phrases["york"].hits, metrics.phrases["new york times"].in_refs) == (1, 1)
    assert list(metrics.phrases) == ["new york", "york", "new york times"]
    assert (metrics.in_refs, metrics.in_hyps, metrics.hits, metrics.false_alarms) == (3, 4, 2, 2)
    assert (metrics.recall, metrics.precision, metrics.f1) == (2 / 3, 2 / 4, 4 / 7)
    assert (metrics.num_phrases, metrics.num_utterances) == (4, 3)
    data = metrics.to_dict()
    assert data["phrases"]["new york"]["false_alarms"] == 2
    assert data["unit"] == "word"


def test_characters_ignore_spaces() -> None:
    metrics = hotword_counts(["我买 阳光保险"], ["我买阳 光 保险"], ["阳光 保险", "光"], unit="char")
    assert (metrics.in_refs, metrics.hits, list(metrics.phrases)) == (1, 1, ["阳光 保险"])


def test_nothing_to_count() -> None:
    metrics = hotword_counts([], [], [" "])
    assert (metrics.recall, metrics.precision, metrics.f1) == (None, None, None)
    assert metrics.phrases == {}
    only_hyp = hotword_counts(["a"], ["b"], ["b"])
    assert (only_hyp.recall, only_hyp.precision, only_hyp.f1) == (None, 0.0, 0.0)


@pytest.mark.parametrize("unit", ["word", "char"])
def test_against_the_definition(unit: str) -> None:
    rng = random.Random(unit)
    glue = " " if unit == "word" else ""

    def text(low: int, high: int) -> list[str]:
        return [rng.choice("ABC") for _ in range(rng.randint(low, high))]

    for _ in range(150):
        phrases = [reference.Phrase(tuple(text(1, 3)), 1.0, 0.0) for _ in range(4)]
        refs, hyps = ([text(0, 9) for _ in range(4)] for _ in range(2))
        wanted: dict[str, list[int]] = {}
        for ref, hyp in zip(refs, hyps, strict=True):
            in_ref, in_hyp = (
                Counter(glue.join(phrase.units) for phrase, _, _ in reference.find(phrases, units))
                for units in (ref, hyp)
            )
            for name in in_ref | in_hyp:
                row = wanted.setdefault(name, [0, 0, 0])
                row[0] += in_ref[name]
                row[1] += in_hyp[name]
                row[2] += min(in_ref[name], in_hyp[name])
        metrics = hotword_counts(
            [glue.join(ref) for ref in refs],
            [glue.join(hyp) for hyp in hyps],
            [glue.join(phrase.units) for phrase in phrases],
            "word" if unit == "word" else "char",
        )
        got = {name: [c.in_refs, c.in_hyps, c.hits] for name, c in metrics.phrases.items()}
        assert got == wanted
        assert [metrics.in_refs, metrics.in_hyps, metrics.hits] == [
            sum(row[column] for row in wanted.values()) for column in range(3)
        ]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((["a"], [], ["a"]), "1 references but 0 hypotheses"),
        ((["a"], ["a"], "a"), "phrases is a str, not a list"),
        (("a", ["a"], ["a"]), "refs is a str, not a list"),
        ((["a"], ["a"], ["a"], "phone"), "unit='phone' is unknown"),
    ],
)
def test_bad_input(arguments: tuple[object, ...], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        hotword_counts(*arguments)  # type: ignore[arg-type]
