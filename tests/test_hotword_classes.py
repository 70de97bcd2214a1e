"""Class slots: members of a class, their pronunciations and shares."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlg.errors import HotwordError, OptionError
from tlg.hotwords import Hotword, Hotwords


@dataclass(frozen=True)
class Table:
    symbols: Sequence[str]
    blank: int = 0


@dataclass(frozen=True)
class Info:
    separator: str | None = None
    separator_prob: float | None = None
    built: Mapping[str, object] = ()  # type: ignore[assignment]


@dataclass(frozen=True)
class SlotGraph:
    tokens: Table
    lexicon: Mapping[str, Sequence[Sequence[str]]]
    words: Sequence[str]
    costs: Mapping[str, Sequence[float]]
    info: Info = Info(built={})
    slots: tuple[str, ...] = ("<unk>", "<name>", "<place>")

    def pronunciations(self, word: str) -> Sequence[Sequence[str]]:
        return self.lexicon.get(word, ())

    def pronunciation_costs(self, word: str) -> Sequence[float]:
        return self.costs.get(word, ())


TOKENS = ["<blk>", *["k", "ae", "t", "s", "n", "uw", "y", "ao", "r", "ih", "d", "g", "sil"]]
LEXICON = {
    "ann": [["ae", "n"]],
    "an": [["ae", "n"]],
    "york": [["y", "ao", "r", "k"], ["y", "ao", "k"]],
    "new": [["n", "uw"]],
    "保险": [["s", "uw"]],
    "阳光": [["y", "ae"]],
}
COSTS = {word: [0.25 * k for k in range(len(ways))] for word, ways in LEXICON.items()}
WORDS = ("<eps>", *LEXICON, "#0", "<s>", "</s>", "<name>")


def on(separator: str | None = None, probability: float | None = None) -> SlotGraph:
    return SlotGraph(Table(TOKENS), LEXICON, WORDS, COSTS, Info(separator, probability, {}))


def said(hotwords: Hotwords) -> dict[tuple[str, str], list[tuple[str, float]]]:
    """(class, word) -> pronunciations with their costs."""
    one = hotwords.attached
    if one is None:
        return {}
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    places = np.split(one.units, np.cumsum(one.sizes)[:-1])
    for owner, units, cost in zip(one.owners.tolist(), places, one.costs.tolist(), strict=True):
        way = " ".join(TOKENS[unit] for unit in units.tolist())
        found.setdefault((one.classes[owner], one.words[owner]), []).append((way, cost))
    return found


def test_members_are_put_together_of_what_the_lexicon_says() -> None:
    hotwords = Hotwords([], graph=on(), classes={"<name>": ["ann york", "new york"], "<place>": ["york"]})
    assert said(hotwords) == {
        ("<name>", "ann york"): [("ae n y ao r k", 0.0), ("ae n y ao k", 0.25)],
        ("<name>", "new york"): [("n uw y ao r k", 0.0), ("n uw y ao k", 0.25)],
        ("<place>", "york"): [("y ao r k", 0.0), ("y ao k", 0.25)],
    }
    assert hotwords.attached is not None
    assert hotwords.attached.first_label == len(WORDS)
    np.testing.assert_allclose(hotwords.attached.scores, [-math.log(2), -math.log(2), 0.0])
    assert len(hotwords) == 0  # members are no hotwords


def test_shares_follow_the_weights() -> None:
    weights = {"ann": 1.0, "new": -0.5, "york": 0.0}
    hotwords = Hotwords([], graph=on(), classes={"<name>": weights})
    assert hotwords.attached is not None
    total = math.log(sum(math.exp(w) for w in weights.values()))
    np.testing.assert_allclose(hotwords.attached.scores, [w - total for w in weights.values()])
    assert math.isclose(np.exp(hotwords.attached.scores).sum(), 1.0)
    # What is left out takes no share.
    hotwords = Hotwords([], graph=on(), classes={"<name>": {"ann": 1.0, "dog": 3.0}})
    assert hotwords.attached is not None and hotwords.attached.scores.tolist() == [0.0]


def test_optional_separators_may_stand_within() -> None:
    """As the graph puts them behind each word, with their probability."""
    hotwords = Hotwords([], graph=on("sil", 0.3), classes={"<name>": ["ann new ann"]})
    expected: list[tuple[str, Any]] = []
    for silent in itertools.product((False, True), repeat=2):
        cost = sum(-math.log(0.3 if one else 0.7) for one in silent)
        a, b = (" sil" if one else "" for one in silent)
        expected.append((f"ae n{a} n uw{b} ae n", pytest.approx(cost)))
    found: list[tuple[str, Any]] = sorted(said(hotwords)["<name>", "ann new ann"])
    assert found == sorted(expected)
    assert list(said(Hotwords([], graph=on("sil", 0.3), classes={"<name>": ["ann"]})).values()) == [
        [("ae n", 0.0)]
    ]


def test_what_the_graph_allows_behind_words_is_not_attached() -> None:
    dog = Hotword("dog", pronunciations=(("sil", "d", "ao", "g", "sil"),))
    assert said(Hotwords([dog], graph=on("sil", 0.3))) == {("<unk>", "dog"): [("d ao g", 0.0)]}
    assert said(Hotwords([dog], graph=on())) == {("<unk>", "dog"): [("sil d ao g sil", 0.0)]}


def test_members_that_the_lexicon_lacks() -> None:
    names = [
        Hotword("dog"),
        Hotword("ann gork", pronunciations=(("ae", "n", "|", "g", "ao", "k"),)),
        Hotword("zed", pronunciations=(("s", "ih", "d"), ("s", "ae", "d"))),
        Hotword("阳光保险"),
    ]
    hotwords = Hotwords([], graph=on(), classes={"<name>": names}, g2p=lambda word: DOG.get(word))
    assert said(hotwords) == {
        ("<name>", "dog"): [("d ao g", 0.0)],
        ("<name>", "ann gork"): [("ae n g ao k", 0.0)],
        ("<name>", "zed"): [("s ih d", 0.0), ("s ae d", 0.0)],
        ("<name>", "阳光保险"): [("y ae s uw", 0.0)],
    }
    (name,) = hotwords.report.classes
    assert [entry.source for entry in name.entries] == ["g2p", "list", "list", "lexicon"]


def test_homophones_and_lines_twice() -> None:
    hotwords = Hotwords(
        [], graph=on(), classes={"<name>": {"ann": 0.0, "an": 1.0, "new": 0.0}, "<place>": ["ann", "ann"]}
    )
    assert said(hotwords) == {
        ("<name>", "an"): [("ae n", 0.0)],  # the better scored one
        ("<name>", "new"): [("n uw", 0.0)],
        ("<place>", "ann"): [("ae n", 0.0)],  # another class
    }
    name, place = hotwords.report.classes
    assert [entry.status for entry in name.entries] == ["duplicate", "accepted", "accepted"]
    assert name.entries[0].reason.startswith("it sounds like 'an' of the class")
    assert name.entries[0].score is None
    assert any("sounds like 'ann' of the lexicon" in warning for warning in name.entries[1].warnings)
    assert [entry.reason for entry in place.entries] == ["", "the class has it already, in line 1"]
    assert hotwords.attached is not None and hotwords.attached.scores[2] == 0.0


def test_report_and_files(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("ann 1\nfrog 2\n", encoding="utf-8")
    hotwords = Hotwords(["york"], graph=on(), classes={"<name>": path})
    (name,) = hotwords.report.classes
    assert (name.name, [entry.status for entry in name.entries]) == ("<name>", ["accepted", "rejected"])
    frog = name.entries[1]
    assert (frog.line, frog.file) == (2, str(path))
    assert frog.reason == "word 'frog' is not in the lexicon, and nothing tells how it is said"
    table = str(hotwords.report).split("\n")
    assert table[2].split() == ["line", "<name>", "status", "score", "tokens"]
    assert table[3].split()[:7] == ["1", "ann", "accepted", "0", "ae", "n", "(lexicon);"]
    read = json.loads(hotwords.report.to_json())
    assert read["classes"][0]["entries"][1]["status"] == "rejected"


def test_phrases_over_words_that_members_are_part_of() -> None:
    options: dict[str, Any] = {"graph": on(), "bias": 1.0, "classes": {"<name>": ["ann york", "york"]}}
    hotwords = Hotwords({"new ann york": 2.0}, **options)
    labels = len(WORDS)
    assert hotwords.num_units == labels + 2
    find = hotwords.automaton().find
    rewards = {
        tuple(words): sum(match.reward for match in find(words))
        for words in ([4, 1, 3], [4, labels], [4, 1, labels + 1], [4, 3], [1, 3])
    }
    # n: 2 + 2 + 4 phones, whatever way it is said.
    assert rewards == {(4, 1, 3): 10.0, (4, labels): 10.0, (4, 1, labels + 1): 10.0, (4, 3): 0.0, (1, 3): 0.0}
    # Also where words that the lexicon lacks are not attached.
    hotwords = Hotwords(["new frog"], graph=on(), bias=1.0, attach=False, classes={"<name>": [FROG]})
    assert [entry.status for entry in hotwords.report.entries] == ["accepted"]
    assert sum(match.reward for match in hotwords.automaton().find([4, labels])) == 4.0


DOG = {"dog": ["d", "ao", "g"]}
FROG = Hotword("frog", pronunciations=(("g", "ao"),))


def test_classes_stay_when_a_list_changes() -> None:
    classes: dict[str, Any] = {"<name>": ["ann york", FROG]}
    hotwords = Hotwords(["new"], graph=on(), classes=classes).changed(add=["frog new"], remove=["new"])
    anew = Hotwords(["frog new"], graph=on(), classes=classes)
    assert said(hotwords) == said(anew)
    assert hotwords.report == anew.report
    assert hotwords.num_units == anew.num_units


def test_errors() -> None:
    with pytest.raises(OptionError, match=r"class '<town>' is not in .* which has <unk>, <name>, <place>"):
        Hotwords([], graph=on(), classes={"<town>": ["ann"]})
    without = SlotGraph(Table(TOKENS), LEXICON, WORDS, COSTS, slots=())
    with pytest.raises(OptionError, match="which has no class"):
        Hotwords([], graph=without, classes={"<name>": ["ann"]})
    with pytest.raises(OptionError, match="classes is a list"):
        Hotwords([], graph=on(), classes=["ann"])  # type: ignore[arg-type]
    with pytest.raises(HotwordError, match="item 0 of the list is blank"):
        Hotwords([], graph=on(), classes={"<name>": [" "]})
    member = Hotword("zz", pronunciations=(("k", "QQ"),))
    (report,) = Hotwords([], graph=on(), classes={"<name>": [member, "ann"]}).report.classes
    assert [(one.phrase, one.status) for one in report.entries] == [("zz", "rejected"), ("ann", "accepted")]
    assert report.entries[0].reason == "its pronunciation has 'QQ', which is no token"


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.lists(st.sampled_from(["ann", "an", "york", "new"]), min_size=1, max_size=3).map(" ".join),
        st.integers(-3000, 3000).map(lambda n: n / 1000),  # told apart in sums too
        max_size=5,
    )
)
def test_shares_and_pronunciations_by_the_formula(names: dict[str, float]) -> None:
    hotwords = Hotwords([], graph=on(), classes={"<name>": names})
    expected: dict[tuple[str, str], list[tuple[str, float]]] = {}
    taken: set[str] = set()
    for name in sorted(names, key=lambda name: -names[name]):
        ways: list[tuple[str, float]] = []
        for choice in itertools.product(
            *(list(zip(LEXICON[w], COSTS[w], strict=True)) for w in name.split())
        ):
            way = " ".join(unit for units, _ in choice for unit in units)
            if way not in taken:
                ways.append((way, sum(cost for _, cost in choice)))
        taken.update(way for way, _ in ways)
        if ways:
            expected["<name>", name] = ways
    assert said(hotwords) == {key: expected[key] for name in names if (key := ("<name>", name)) in expected}
    if hotwords.attached is not None:
        total = np.logaddexp.reduce(list(names.values()))
        np.testing.assert_allclose(
            hotwords.attached.scores, [names[word] - total for word in hotwords.attached.words]
        )
