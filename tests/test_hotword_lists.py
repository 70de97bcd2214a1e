"""Changing a list, folding case and width, near-duplicates."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_hotword_spelling import CHARACTERS, LETTERS, PHONES, PIECES, FakeGraph, Table, graph
from tlg import _core
from tlg.errors import HotwordError, OptionError
from tlg.hotwords import Hotword, Hotwords, read_hotwords
from tlg.hotwords.files import read_list
from tlg.hotwords.quick import quick_letters
from tlg.hotwords.spelled import SpelledList, spell_list
from tlg.hotwords.spelling import make_speller

PINYIN = graph(
    "<blk> yang2 guang1 bao3 xian3",
    "阳光 yang2 guang1\n保险 bao3 xian3\n阳 yang2\n光 guang1\n阳光保险 yang2 guang1 bao3 xian3\n保 bao3\n险 xian3",
)

# --- a changed list ---

TEXTS = st.sampled_from(
    ["阳光", "阳 光", "保险", "阳光保险", "光", "保", "龙", "险", "阳光龙", "光保", "A B", "AB", "C"]
)
WORDS = st.builds(
    Hotword,
    TEXTS,
    word_bias=st.sampled_from([0.0, 1.0, -7.5]),
    bias=st.sampled_from([None, None, 0.5]),
    pronunciations=st.sampled_from([(), (), (("阳", "光"),), (("nope",),)]),
)
TABLES: dict[str, dict[str, Any]] = {
    "characters": {"tokens": CHARACTERS, "blank": 0},
    "letters": {"tokens": [*LETTERS, "A", "B", "C", "阳", "光"], "blank": 0, "boundary": "|"},
    "pieces": {"tokens": PIECES, "blank": 0},
    "words": {"graph": PINYIN},
}


def same(one: Hotwords, other: Hotwords) -> None:
    """Check that two lists are one and the same in all that can be seen of them."""
    assert replace(one.report, num_bytes=0) == replace(other.report, num_bytes=0)
    assert len(one) == len(other) == len(one.report.accepted)
    assert one.used_units() == other.used_units()
    rng = random.Random(1)
    units = sorted(one.used_units())
    first, second = one.automaton(max_loan=1.0), other.automaton(max_loan=1.0)
    for _ in range(8 if units else 0):
        said = rng.choices(units, k=8)
        assert one.find(said) == other.find(said)
        ids = one.unit_ids(said)
        assert first.trace(ids) == second.trace(ids)


@pytest.mark.parametrize("options", TABLES.values(), ids=TABLES)
@settings(max_examples=25, deadline=None)
@given(listed=st.lists(WORDS, max_size=8), added=st.lists(WORDS, max_size=4), data=st.data())
def test_a_changed_list_is_the_new_list_compiled(
    options: dict[str, Any], listed: list[Hotword], added: list[Hotword], data: st.DataObject
) -> None:
    before = Hotwords(listed, bias=1.0, fold="both", **options)
    report = before.report
    texts = sorted({hotword.phrase for hotword in listed})
    removed = data.draw(st.lists(st.sampled_from(texts), unique=True)) if texts else []
    changed = before.changed(add=added, remove=removed)
    kept = [hotword for hotword in listed if hotword.phrase not in removed]
    same(changed, Hotwords(kept + added, bias=1.0, fold="both", **options))
    assert before.report is report
    assert len(before) == len(report.accepted)


def test_changes_that_cannot_be(tmp_path: Path) -> None:
    hotwords = Hotwords(["阳光", "保险"], tokens=CHARACTERS)
    with pytest.raises(
        HotwordError, match=r"'中国' is not in the list, so it cannot be removed\. Write it as"
    ):
        hotwords.changed(remove=["阳光", "中国"])
    with pytest.raises(HotwordError, match="remove= has 3, which is no str"):
        hotwords.changed(remove=["阳光", 3])  # type: ignore[list-item]
    with pytest.raises(HotwordError, match="'龙' cannot be used"):
        hotwords.changed(add=["龙"], strict=True)
    path = tmp_path / "more.txt"
    path.write_text("中国 5\n", encoding="utf-8")
    assert [e.phrase for e in hotwords.changed(add=path, remove="阳光").report.entries] == ["保险", "中国"]
    assert len(hotwords.changed(remove=["阳光", "保险"])) == 0
    assert len(hotwords.changed()) == 2


# --- many phrases at once ---

LETTER_TABLES: dict[str, tuple[list[str], str | None]] = {
    "characters": (CHARACTERS, None),
    "letters": (LETTERS, "|"),
    "space_token": (["<blk>", *"ab", " ", "\u3000", "ok", "阳"], None),
    "space_boundary": (["<blk>", *"ab", " ", "ok"], " "),
}


@pytest.mark.parametrize(("tokens", "boundary"), LETTER_TABLES.values(), ids=LETTER_TABLES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_all_at_once_is_one_by_one(tokens: list[str], boundary: str | None, data: st.DataObject) -> None:
    letters = st.one_of(
        st.sampled_from([*tokens[1:], " ", "  ", "|"]), st.sampled_from("阳龙ab\u3000\t\U0001f600")
    )
    texts = data.draw(st.lists(st.lists(letters, min_size=1, max_size=5).map("".join), max_size=8))
    listed = [text.strip() for text in texts if text.strip()]
    speller = make_speller(None, tokens, blank=0, boundary=boundary)
    assert speller.spell_all is not None
    columns = read_list(listed)
    quick = spell_list(speller, columns, "none")
    slow = spell_list(replace(speller, spell_all=None), columns, "none")
    assert_same_columns(quick, slow)


MIXED = graph(
    "_ a b c",
    "阳光 a b\n保险 b c c\n阳 a\n光 b\n光保 a\n阳光保险 a b b c\n保 b\n险 c\ncat a b\nnew c\n空\n空保\nempty\n保空 a",
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text("阳光保险空", min_size=1, max_size=7)
        | st.sampled_from(
            [
                "cat",
                "new cat",
                "new  cat",
                "dog",
                "empty cat",
                "阳光 保险",
                "cat 阳光",
                "cat阳光",
                "阳　光",
                "龙",
            ]
        ),
        max_size=6,
    )
)
def test_words_all_at_once_are_words_one_by_one(listed: list[str]) -> None:
    speller = make_speller(MIXED, MIXED.tokens.symbols, blank=0, match="words")
    columns = read_list(listed)
    quick = spell_list(speller, columns, "none")
    assert_same_columns(quick, spell_list(replace(speller, spell_all=None), columns, "none"))


SPELLED_BY: dict[str, dict[str, Any]] = {
    "letters": {
        "source": graph(
            "_ m r . i s t e | at", "mister m i s t e r |\nmr m i s t e r |\nat a t\ntie t i e\ntie t i t", 0
        )
    },
    "letters_anywhere": {
        "source": graph("_ m r . i s t e 阳 at", "mister m i s t e r\nmr m i s t e r\n阳 阳\ntie t i e", 0),
        "match": "units",
    },
    "pieces": {
        "source": graph(
            "_ ▁ne w ▁new ▁york ▁m r ▁t i e 阳 s ▁", "new ▁new\nnew ▁ne w\nyork ▁york\nmr ▁m r", 0
        )
    },
    "longest": {
        "source": None,
        "symbols": ["_", "▁ne", "w", "▁new", "▁york", "▁m", "r", "▁t", "i", "e", "阳", "s", "▁"],
    },
}


@pytest.mark.parametrize("options", SPELLED_BY.values(), ids=SPELLED_BY)
@settings(max_examples=120, deadline=None)
@given(
    listed=st.lists(
        st.lists(
            st.sampled_from(
                ["mister", "mr", "at", "tie", "new", "york", "阳", "阳mr", "sir", "m|", "|", "zoo", "w"]
            ),
            min_size=1,
            max_size=3,
        ).map(" ".join),
        max_size=6,
    )
)
def test_forms_all_at_once_are_forms_one_by_one(options: dict[str, Any], listed: list[str]) -> None:
    source = options["source"]
    symbols = options.get("symbols") or source.tokens.symbols
    speller = make_speller(source, symbols, blank=0, match=options.get("match", "auto"))
    assert speller.units_are == "tokens"
    columns = read_list(listed)
    for _ in range(2):  # what is remembered the second time
        quick = spell_list(speller, columns, "none")
    assert_same_columns(quick, spell_list(replace(speller, spell_all=None), columns, "none"))


def test_many_ways_are_cut_at_once() -> None:
    characters = "阳光保险中国银行"
    lines = [f"{characters[i:j]} a" for i in range(8) for j in range(i + 1, 9)]
    whole = graph("_ a", "\n".join(lines))
    hotwords = Hotwords([characters, characters[:3], "阳" * 70], graph=whole, match="words")
    entries = hotwords.report.entries
    assert [entry.num_spellings for entry in entries] == [64, 4, 1]
    assert entries[0].warnings[0] == "it has more than 64 spellings: the first 64 count"
    assert hotwords.find(["阳", "光", "保"])[0].phrase == "阳光保"


def assert_same_columns(one: SpelledList, other: SpelledList) -> None:
    for name in ("units", "sizes", "owners", "lengths"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert (one.by, one.warnings, one.folded) == (other.by, other.warnings, other.folded)
    assert {e: r.reason for e, r in one.refused.items()} == {e: r.reason for e, r in other.refused.items()}


def test_most_phrases_are_spelled_at_once() -> None:
    spell_all = quick_letters({"a": 1, "b": 2, "ab": 3}, 0)
    assert spell_all(["a b", "ba", "ab", "c", "b ab"]).by == ["characters", "characters", "", "", ""]


# --- given tokens and pronunciations ---


def test_tokens_of_the_list(tmp_path: Path) -> None:
    path = tmp_path / "hot.txt"
    path.write_text("▁c a t ▁york :2 #0.3\n▁c at\n▁new\n", encoding="utf-8")
    given_tokens, other, _ = Hotwords(path, tokens=PIECES, blank=0).report.entries
    assert (given_tokens.phrase, given_tokens.spelled_by) == ("cat york", "list")
    assert given_tokens.units == ("▁c", "a", "t", "▁york")
    assert given_tokens.warnings == ("'#0.3' has no effect here: a threshold of sherpa-onnx",)
    assert (other.phrase, other.units, other.spelled_by) == ("cat", ("▁c", "a", "t"), "longest match")
    assert (
        "as the list splits it, it has 'at', which is no token: split anew, from its text" in other.warnings
    )
    path.write_text("a t ▁york\n", encoding="utf-8")
    (entry,) = Hotwords(path, tokens=[*PIECES, "▁at"], blank=0).report.entries
    assert (entry.phrase, entry.units) == ("at york", ("▁at", "▁york"))
    assert "it begins with 'a', which begins no word: split anew" in entry.warnings[-1]


def test_pronunciations_are_whole_words() -> None:
    (entry,) = Hotwords([Hotword("cat", pronunciations=(("c", "|"),))], tokens=LETTERS).report.entries
    assert entry.status == "rejected"
    assert entry.reason == "its pronunciation begins or ends with the word boundary '|'"
    said = [Hotword("cat", pronunciations=(("▁c", "a", "t"),)), Hotword("at", pronunciations=(("a", "t"),))]
    entries = Hotwords(said, tokens=PIECES).report.entries
    assert [entry.status for entry in entries] == ["accepted", "rejected"]
    assert entries[1].reason == "its pronunciation begins with 'a', which begins no word"


def test_pronunciations_are_checked() -> None:
    listed = [
        Hotword("cat", pronunciations=(("k", "ae", "t"),)),
        Hotword("dog", pronunciations=(("d", "ao", "g"),)),
        Hotword("kit", pronunciations=(("k", "t"), ("k", "ae"))),
    ]
    words = Hotwords(listed, graph=PHONES)
    assert [e.status for e in words.report.entries] == ["accepted", "rejected", "rejected"]
    assert words.report.entries[1].reason == "its pronunciation has 'd', which is not among the tokens"
    assert (
        words.report.entries[2].reason == "word 'kit' is not in the lexicon, and the graph has no <unk> slot"
    )
    phones = Hotwords(listed, graph=PHONES, match="units")
    assert phones.report.entries[2].units == ("k", "t")
    assert phones.report.entries[2].num_spellings == 2
    assert phones.find(["k", "ae", "t", "k", "ae"]) == [("cat", 0, 3, 4.5), ("kit", 3, 5, 3.0)]


# --- case and width ---

FOLDED: dict[str, tuple[Any, str, str, str | None]] = {
    "upper": (LETTERS, "NEW York", "case", "new york"),
    "as_it_is": (CHARACTERS, "AB", "both", None),
    "lower_to_upper": (["_", *"AB"], "ab", "case", "AB"),
    "width": (LETTERS, "\uff4e\uff45\uff57", "width", "new"),
    "both": (LETTERS, "\uff2e\uff25\uff37 York", "both", "new york"),
    "to_wide": (["_", "\uff21", "\uff22"], "ab", "both", "\uff21\uff22"),
    "kana": (["_", "カ"], "\uff76", "width", "カ"),
    "mixed": (["_", *"阳光AB"], "阳光ab", "case", "阳光AB"),
    "not_asked": (LETTERS, "NEW", "width", None),
    "not_possible": (LETTERS, "NEW7", "both", None),
    "words": (PHONES, "CAT York", "case", "cat york"),
}


@pytest.mark.parametrize(("units", "phrase", "fold", "text"), FOLDED.values(), ids=FOLDED)
def test_folded(units: Any, phrase: str, fold: Any, text: str | None) -> None:
    options: dict[str, Any] = {"graph": units} if isinstance(units, FakeGraph) else {"tokens": units}
    (entry,) = Hotwords([phrase], fold=fold, **options).report.entries
    assert (entry.phrase, entry.folded) == (phrase, text)
    if text is not None:
        assert entry.status == "accepted"
        assert f"folded to {text!r}" in entry.warnings
        assert entry.units == Hotwords([text], **options).report.entries[0].units
    elif "not" in (fold, phrase) or phrase in ("NEW", "NEW7"):
        assert entry.status == "rejected"


def test_folded_duplicates_are_told() -> None:
    report = Hotwords(["cat", "CAT"], tokens=LETTERS, fold="case").report
    assert [entry.status for entry in report.entries] == ["duplicate", "accepted"]
    with pytest.raises(OptionError, match="fold='all' is unknown"):
        Hotwords(["cat"], tokens=LETTERS, fold="all")  # type: ignore[arg-type]


# --- phrases beside one another ---


def distance(one: Sequence[int], other: Sequence[int]) -> int:
    """Edit distance, from its recurrence."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 2), max_size=6).map(tuple), max_size=14),
    st.integers(1, 4),
    st.booleans(),
)
def test_neighbours(phrases: list[tuple[int, ...]], shortest: int, distinct: bool) -> None:
    if distinct:
        phrases = list(dict.fromkeys(phrases))
    offsets = np.cumsum([0, *map(len, phrases)])
    units = np.array(list(itertools.chain(*phrases)), np.int32)
    nearest, distances, counts = _core.hotword_neighbours(units, offsets, shortest)
    for i, phrase in enumerate(phrases):
        found = [
            (distance(phrase, other), j)
            for j, other in enumerate(phrases)
            if j != i and min(len(phrase), len(other)) >= shortest and distance(phrase, other) <= 1
        ]
        assert (int(distances[i]), int(nearest[i])) == min(found, default=(-1, -1)), phrases
        if distinct:
            assert counts[i] == len(found)


def test_near_duplicates_are_warned_of() -> None:
    report = Hotwords(
        ["阳光保险", "阳光保中", "国光保险", "阳光", "阳国", "C阳光保险"], tokens=CHARACTERS
    ).report
    near = [[w for w in entry.warnings if "one unit from" in w] for entry in report.entries]
    assert near[0] == [
        "it is one unit from '阳光保中' (entry 2) (and 2 more): one may be heard for the other"
    ]
    assert near[1] == ["it is one unit from '阳光保险' (entry 1): one may be heard for the other"]
    assert near[3] == near[4] == []  # of two units each
    sounds = graph("_ k ae t z b", "cat k ae t\nkat k ae t\ncatz k ae t z\nbat b ae t", blank="_")
    listed = Hotwords(["cat", "kat", "catz", "bat cat"], graph=sounds).report
    assert listed.entries[0].warnings == ()  # three phones
    longer = graph("_ k ae t z b", "cats k ae t z\nkatz k ae t z\nbats b ae t z", blank="_")
    listed = Hotwords(["cats", "katz", "bats"], graph=longer).report
    assert listed.entries[0].warnings == (
        "it sounds the same as 'katz' (entry 2) (and 1 more): one may be heard for the other",
    )
    assert listed.entries[2].warnings[0].startswith("it is one phone from 'cats' (entry 1)")


def test_hidden_phrases_are_warned_of() -> None:
    report = Hotwords({"AB": 5.0, "CABA": -9.0, "ABC": 1.0}, tokens=CHARACTERS, bias=1.0).report
    assert "where 'ABC' follows, the longer one's 4 is paid, not its own" in report.entries[0].warnings
    report = Hotwords({"AB": 5.0, "CABA": -9.0}, tokens=CHARACTERS, bias=1.0).report
    assert report.entries[0].warnings == ("inside 'CABA', the longer one's -5 is paid, not its own",)
    words = Hotwords({"at": 5.0, "cat": -9.0, "cat at": -9.0}, tokens=LETTERS, bias=1.0).report
    assert words.entries[0].warnings == ("inside 'cat|at', the longer one's -3 is paid, not its own",)


def test_strong_rewards_are_warned_of() -> None:
    entries = Hotwords({"AB": 20.0, "BC": 17.0}, tokens=CHARACTERS, bias=1.5).report.entries
    assert "it is worth 23 nats, which outweigh nearly any evidence" in entries[0].warnings[0]
    assert entries[1].warnings == ()


def test_entries_are_numbered() -> None:
    listed = read_hotwords({"阳光": 1.0})
    assert Hotwords(listed, tokens=Table(CHARACTERS).symbols).phrase(0) == "阳光"
