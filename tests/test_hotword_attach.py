"""Words that the lexicon lacks: which are attached, how they are said, what the report says; lists that change."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlg.errors import HotwordError, OptionError
from tlg.hotwords import AttachedWords, Hotword, Hotwords


@dataclass(frozen=True)
class Table:
    symbols: Sequence[str]
    blank: int = 0


@dataclass(frozen=True)
class SlotGraph:
    """As much of a graph as is asked for."""

    tokens: Table
    lexicon: Mapping[str, Sequence[Sequence[str]]]
    words: Sequence[str]
    slots: tuple[str, ...]

    def pronunciations(self, word: str) -> Sequence[Sequence[str]]:
        return self.lexicon.get(word, ())


def graph(tokens: Sequence[str], lexicon: str, slots: tuple[str, ...] = ("<unk>", "<name>")) -> SlotGraph:
    entries: dict[str, list[list[str]]] = {}
    for line in lexicon.strip().split("\n"):
        word, *units = line.split()
        entries.setdefault(word, []).append(units)
    return SlotGraph(Table(tokens), entries, ("<eps>", *entries, "#0", "<s>", "</s>"), slots)


PHONES = graph(
    ["<blk>", "k", "ae", "t", "s", "n", "uw", "y", "ao", "r", "ih", "d", "g"],
    "cat k ae t\nkat k ae t\ncats k ae t s\nnew n uw\nyork y ao r k\nyork y ao r k ih\ncaps k ae t s\n",
)
FIRST = len(PHONES.words)
LETTERS = graph(["<blk>", *"abcdefgorzx", "|"], "cab c a b |\nbad b a d |\nbed b e d |\nzed z e d |")
BARE = graph(["<blk>", *"abcdefgorzx"], "cab c a b\nbad b a d\nbed b e d\nzed z e d")
CAPITALS = graph(["<blk>", *"ABDEGZO", "|"], "bad B A D |\nbed B E D |")
CHINESE = graph(["<blk>", *"阳光保险龙abc"], "阳光 阳 光\n保险 保 险\n险 险")
PIECES = graph(
    ["<blk>", "▁", "▁new", "▁bad", "▁z", "or", "g", *"abcdenow", "龙", "阳", "▁阳"],
    "new ▁new\nbad ▁bad\nbed ▁ b e d",
)


def said(attached: AttachedWords | None, symbols: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    """(class, word) -> pronunciations, read from the columns."""
    if attached is None:
        return {}
    found: dict[tuple[str, str], list[str]] = {}
    begin = 0
    for owner, size in zip(attached.owners.tolist(), attached.sizes.tolist(), strict=True):
        tokens = " ".join(symbols[unit] for unit in attached.units[begin : begin + size].tolist())
        found.setdefault((attached.classes[owner], attached.words[owner]), []).append(tokens)
        begin += size
    assert begin == len(attached.units)
    assert list(found) == list(zip(attached.classes, attached.words, strict=True))
    return found


def spoken(phrases: Any, on: SlotGraph, **options: Any) -> dict[str, list[str]]:
    """Attached word -> pronunciations."""
    hotwords = Hotwords(phrases, graph=on, **options)
    return {word: ways for (_, word), ways in said(hotwords.attached, on.tokens.symbols).items()}


# graph, phrase -> what is attached
ATTACHED: dict[str, tuple[SlotGraph, str, dict[str, list[str]]]] = {
    "separator_as_in_the_lexicon": (LETTERS, "bad zorg", {"zorg": ["z o r g |"]}),
    "no_separator_where_there_is_none": (BARE, "bad zorg", {"zorg": ["z o r g"]}),
    "each_word_once": (LETTERS, "zorg gez zorg", {"zorg": ["z o r g |"], "gez": ["g e z |"]}),
    "all_known": (LETTERS, "bad bed", {}),
    "letters_in_the_case_of_the_lexicon": (CAPITALS, "zoe", {}),  # the phrase itself cannot be spelled
    "cut_into_words": (CHINESE, "阳光保险", {}),
    "spaces_mean_nothing": (CHINESE, "阳 光保 险", {}),
    "whole_where_it_cannot_be_cut": (CHINESE, "阳光龙", {"阳光龙": ["阳 光 龙"]}),
    "joined": (CHINESE, "保 险 龙", {"保险龙": ["保 险 龙"]}),
    "only_the_other_script": (CHINESE, "阳光cab保险", {"cab": ["c a b"]}),
    "both_scripts": (CHINESE, "龙cab", {"龙": ["龙"], "cab": ["c a b"]}),
    "longest_match": (PIECES, "new zorg", {"zorg": ["▁z or g"]}),
    "one_piece_a_letter": (PIECES, "bad now", {"now": ["▁ n o w"]}),
    "unmarked_where_the_lexicon_has_none": (PIECES, "阳龙", {"阳龙": ["阳 龙"]}),
    "nothing_tells": (PHONES, "dog", {}),
}


@pytest.mark.parametrize(("on", "phrase", "expected"), ATTACHED.values(), ids=ATTACHED)
def test_attached(on: SlotGraph, phrase: str, expected: dict[str, list[str]]) -> None:
    assert spoken([phrase], on) == expected
    assert spoken([phrase], on, attach=False) == {}


def test_labels_and_columns() -> None:
    hotwords = Hotwords(["zorg", "bad gez"], graph=LETTERS, attach_score=1.5)
    attached = hotwords.attached
    assert attached is not None
    assert len(attached) == attached.num_pronunciations == 2
    assert attached.words == ("zorg", "gez")
    assert attached.first_label == len(LETTERS.words)
    assert attached.classes == ("<unk>", "<unk>")
    assert attached.scores.tolist() == [1.5, 1.5] and attached.scores.dtype == np.float64
    assert attached.sizes.tolist() == [5, 4] and attached.sizes.dtype == np.int32
    assert attached.owners.tolist() == [0, 1] and attached.units.dtype == np.int32
    assert attached.costs.tolist() == [0.0, 0.0] and attached.costs.dtype == np.float32
    symbols = LETTERS.tokens.symbols
    assert [symbols[unit] for unit in attached.units.tolist()] == [*"zorg|gez|"]
    assert attached.summary == "2 words attached (2 as <unk>) with 2 pronunciations"
    # Matched over tokens as ever.
    assert hotwords.num_units == Hotwords(["zorg"], graph=LETTERS, attach=False).num_units
    assert [entry.units for entry in hotwords.report.entries] == [tuple("zorg"), tuple("bad|gez")]


def test_lists_over_words_have_units_for_attached_words() -> None:
    listed = [
        Hotword("dog", pronunciations=(("d", "ao", "g"), ("d", "ih", "g", "s"))),
        Hotword("new gork", word_bias=2.0, pronunciations=(("n", "uw", "|", "g", "ao", "r", "k"),)),
        Hotword("gork dog cat"),
    ]
    hotwords = Hotwords(listed, graph=PHONES, bias=0.5)
    assert hotwords.units_are == "words"
    assert hotwords.num_units == FIRST + 2
    assert hotwords.unit_ids(["dog", "gork", "cat"]) == [FIRST, FIRST + 1, 1]
    assert said(hotwords.attached, PHONES.tokens.symbols) == {
        ("<unk>", "dog"): ["d ao g", "d ih g s"],
        ("<unk>", "gork"): ["g ao r k"],
    }
    # n counts the phones of the first pronunciations: 3, 2 + 4, 4 + 3 + 3.
    assert [entry.reward for entry in hotwords.report.entries] == [1.5, 5.0, 5.0]
    assert hotwords.find(["new", "gork", "dog", "cat"]) == [("new gork", 0, 2, 5.0), ("dog", 2, 3, 1.5)]
    assert hotwords.score(["gork", "dog", "cat"]) == 5.0
    assert hotwords.spell("dog cat") == ["dog", "cat"]
    with pytest.raises(OptionError, match="word 'frog' is not in the lexicon"):
        hotwords.spell("frog")
    assert hotwords.used_units() == {"new": 4, "cat": 1, "dog": FIRST, "gork": FIRST + 1}


def test_given_pronunciations() -> None:
    def one(phrase: str, *ways: str, on: SlotGraph = PHONES, **options: Any) -> dict[str, list[str]]:
        return spoken([Hotword(phrase, pronunciations=tuple(tuple(w.split()) for w in ways))], on, **options)

    # What the lexicon has already is not attached again.
    assert one("cat", "k ae t") == {}
    assert one("cat", "k ae t", "k ae") == {"cat": ["k ae"]}
    # Words that are not told apart stay together.
    assert one("new gork", "n uw g ao r k") == {"new gork": ["n uw g ao r k"]}
    assert one("new york", "n uw | y ao r") == {"york": ["y ao r"]}
    assert one("gork zed", "g ao r k | s eh d".replace("eh", "ih")) == {
        "gork": ["g ao r k"],
        "zed": ["s ih d"],
    }
    # Letters: the separator tells words apart, and is put behind each as the lexicon has it.
    assert one("zorg gez", "z o r g | g e z", on=LETTERS) == {"zorg": ["z o r g |"], "gez": ["g e z |"]}
    assert one("zorg", "z o r c", on=LETTERS) == {"zorg": ["z o r c |"]}
    assert one("zorg", "| z o r c | |", on=LETTERS, boundary=None) == {"zorg": ["z o r c |"]}
    # Pieces: U+2581 does.
    assert one("new zorg", "▁new ▁z o r g".replace("r", "or"), on=PIECES) == {"zorg": ["▁z o or g"]}
    # One that can be cut is attached whole when its pronunciation is given.
    assert one("阳光保险", "阳 光 龙", on=CHINESE) == {"阳光保险": ["阳 光 龙"]}
    # The list comes before every other source, wherever in it the pronunciation is.
    listed = [Hotword("gork"), Hotword("new gork", pronunciations=(("n", "uw", "|", "g", "ao", "r", "k"),))]
    assert spoken(listed, PHONES, g2p=lambda word: ["g"]) == {"gork": ["g ao r k"]}


def test_pronunciations_without_effect_are_told() -> None:
    cat = Hotword("cat", pronunciations=(("k", "ae"),))
    (entry,) = Hotwords([cat], graph=PHONES).report.entries
    assert not any("no effect" in warning for warning in entry.warnings)
    for on, options in ((PHONES, {"attach": False}), (graph(PHONES.tokens.symbols, "cat k ae t", ()), {})):
        (entry,) = Hotwords([cat], graph=on, **options).report.entries  # type: ignore[arg-type]
        assert entry.status == "accepted"
        assert entry.warnings[0].startswith("its pronunciation has no effect")


def test_scores_that_outweigh_all_evidence_are_warned_of() -> None:
    def warnings(score: float) -> list[tuple[str, ...]]:
        hotwords = Hotwords(["zorg", "bad"], graph=LETTERS, attach_score=score)
        return [entry.warnings for entry in hotwords.report.entries]

    assert warnings(20.0) == [(), ()]
    attached, known = warnings(21.0)
    assert attached[0].startswith("attach_score=21 outweighs nearly any evidence")
    assert known == ()
    hotwords = Hotwords(["zorg"], graph=LETTERS, attach_score=25.0)
    assert hotwords.report_at(1.25).entries[0].warnings == ()  # evidence counts as much more


def test_a_separator_alone_is_no_pronunciation() -> None:
    listed = [Hotword("zorg", pronunciations=(("|",),))]
    hotwords = Hotwords(listed, graph=LETTERS, boundary=None)
    assert hotwords.attached is None
    assert "its pronunciation is a separator alone" in hotwords.report.entries[0].warnings[-1]


def test_phrase_given_as_one_word_and_as_words() -> None:
    listed = [Hotword("new york", pronunciations=(("n", "uw", "y", "ao"),))]
    hotwords = Hotwords(listed, graph=PHONES, bias=1.0)
    assert hotwords.attached is not None and hotwords.attached.words == ("new york",)
    assert hotwords.score(["new", "york"]) == hotwords.score(["new york"]) == 6.0
    assert hotwords.report.entries[0].num_spellings == 2


def test_homophones() -> None:
    ways = {"zoe": ["s ao"], "zoey": ["s ao"], "so": ["s ao", "s uw"], "kad": ["k ae t"]}

    def g2p(word: str) -> list[list[str]]:
        return [way.split() for way in ways[word]]

    hotwords = Hotwords(["zoe", "zoey", "so", "kad"], graph=PHONES, g2p=g2p)
    assert said(hotwords.attached, PHONES.tokens.symbols) == {
        ("<unk>", "zoe"): ["s ao"],
        ("<unk>", "so"): ["s uw"],
        ("<unk>", "kad"): ["k ae t"],
    }
    zoe, zoey, so, kad = hotwords.report.entries
    assert [entry.status for entry in hotwords.report.entries] == [
        "accepted",
        "duplicate",
        "accepted",
        "accepted",
    ]
    assert zoe.warnings[0].startswith("'zoe' sounds like 'zoey', 'so' of the list")
    assert any("all of which are those of 'zoe'" in warning for warning in zoey.warnings)
    assert any("some of which it shares with 'zoe'" in warning for warning in so.warnings)
    assert any("'kad' sounds like 'cat', 'kat' of the lexicon" in warning for warning in kad.warnings)


def test_report() -> None:
    hotwords = Hotwords(["bad zorg", "bed"], graph=LETTERS)
    entry, other = hotwords.report.entries
    (one,) = entry.attached
    assert (one.word, one.pronunciations, one.source) == ("zorg", (("z", "o", "r", "g", "|"),), "characters")
    assert other.attached == ()
    assert hotwords.report.num_attached == 1
    assert hotwords.report.summary.endswith("; 1 words attached")
    assert "attached 'zorg': z o r g | (characters)" in str(hotwords.report)
    read = json.loads(hotwords.report.to_json())
    assert read["entries"][0]["attached"][0]["word"] == "zorg"
    assert read["num_attached"] == 1


def test_why_a_word_cannot_be_found() -> None:
    old = graph(PHONES.tokens.symbols, "cat k ae t", slots=())
    (entry,) = Hotwords(["dog"], graph=old, g2p=lambda word: ["d", "ao", "g"]).report.entries
    assert (entry.status, entry.reason) == (
        "rejected",
        "word 'dog' is not in the lexicon, and the graph has no <unk> slot",
    )
    assert "a language model that has <unk>" in entry.remedy
    (entry,) = Hotwords(["dog"], graph=PHONES, attach=False).report.entries
    assert entry.reason == "word 'dog' is not in the lexicon, and none are attached"
    (entry,) = Hotwords(["cat dog"], graph=PHONES).report.entries
    assert entry.reason == "word 'dog' is not in the lexicon, and nothing tells how it is said"
    (entry,) = Hotwords(["CAT"], graph=PHONES).report.entries
    assert entry.remedy.startswith("The lexicon has 'cat': write it so")
    (entry,) = Hotwords(["CAT"], graph=PHONES, fold="case").report.entries
    assert (entry.status, entry.folded) == ("accepted", "cat")
    # Over tokens the phrase can be matched, but the graph says it only as other words.
    bare = graph(LETTERS.tokens.symbols, "cab c a b |", slots=())
    (entry,) = Hotwords(["cab zorg"], graph=bare).report.entries
    assert entry.status == "accepted"
    assert entry.warnings[0].startswith("the lexicon lacks 'zorg' and the graph has no <unk> slot")
    with pytest.raises(HotwordError, match=r"'dog' cannot be used: .* nothing tells how it is said"):
        Hotwords(["dog"], graph=PHONES, strict=True)


def test_words_of_the_lexicon_that_the_model_lacks() -> None:
    @dataclass(frozen=True)
    class Info:
        built: Mapping[str, object]
        separator: str | None = None
        separator_prob: float | None = None

    @dataclass(frozen=True)
    class Report:
        words_without_lm: tuple[str, ...]

    @dataclass(frozen=True)
    class Built(SlotGraph):
        info: Info
        report: Report

    for as_unk in (False, True):
        on = Built(
            PHONES.tokens,
            PHONES.lexicon,
            PHONES.words,
            PHONES.slots,
            Info({"missing_as_unk": as_unk}),
            Report(("cats",)),
        )
        ways = {"cats": ["k", "ae", "t", "s"]}
        hotwords = Hotwords(["new cats"], graph=on, g2p=ways.get)
        expected = {} if as_unk else {("<unk>", "cats"): ["k ae t s"]}
        assert said(hotwords.attached, on.tokens.symbols) == expected
        assert hotwords.unit_ids(["cats"]) == [3 if as_unk else FIRST]


# --- grapheme to phoneme ---


def test_g2p_forms() -> None:
    assert spoken(["dog"], PHONES, g2p=lambda word: ["d", "ao", "g"]) == {"dog": ["d ao g"]}
    assert spoken(["dog"], PHONES, g2p=lambda word: "d ao g") == {"dog": ["d ao g"]}
    many = [("d", "ao", "g"), ["d", "ao"], ("d", "ao")]
    assert spoken(["dog"], PHONES, g2p=lambda word: many) == {"dog": ["d ao g", "d ao"]}
    nothing: Any
    for nothing in ([], None, [[]]):
        silent: dict[str, Any] = {"dog": nothing}
        (entry,) = Hotwords(["dog"], graph=PHONES, g2p=silent.get).report.entries
        assert entry.reason.endswith("g2p does not know how it is said")
    (entry,) = Hotwords(["dog"], graph=PHONES, g2p=lambda word: ["d", "oo", "g"]).report.entries
    assert entry.reason.endswith("g2p says it with 'oo', which is not among the tokens")
    asked: list[str] = []

    def asking(word: str) -> list[str]:
        asked.append(word)
        return ["d"]

    Hotwords(["dog", "cat", "new dog"], graph=PHONES, g2p=asking)
    assert asked == ["dog"]  # once, and not for what the lexicon has
    # Letters need none.
    assert spoken(["zorg"], LETTERS, g2p=lambda word: ["a"]) == {"zorg": ["z o r g |"]}


def test_g2p_errors_name_the_word() -> None:
    def fails(word: str) -> list[str]:
        raise RuntimeError("no model")

    with pytest.raises(HotwordError, match="g2p failed on 'dog': no model"):
        Hotwords(["dog"], graph=PHONES, g2p=fails)
    with pytest.raises(HotwordError, match=r"g2p gives \[1, 2\] for 'dog', which is no list of tokens"):
        Hotwords(["dog"], graph=PHONES, g2p=lambda word: [1, 2])  # type: ignore[list-item]
    with pytest.raises(OptionError, match="g2p='latin' is unknown"):
        Hotwords(["dog"], graph=PHONES, g2p="latin")
    with pytest.raises(OptionError, match="g2p is a int, not a function"):
        Hotwords(["dog"], graph=PHONES, g2p=3)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"g2p=, classes= and attach_score= need a graph"):
        Hotwords(["dog"], tokens=["a"], g2p=lambda word: ["a"])
    for score, why in (("x", "is not a number"), (float("nan"), "beyond 4096"), (1e9, "beyond 4096 nats")):
        with pytest.raises(OptionError, match=f"attach_score=.* {why}"):
            Hotwords(["dog"], graph=PHONES, attach_score=score)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="pieces=0 is no number of splits"):
        Hotwords(["dog"], graph=PHONES, pieces=0)


# --- lists that change; many phrases at once ---

PHRASES = st.lists(
    st.one_of(
        st.lists(
            st.sampled_from(["cat", "new", "york", "gork", "dog", "zed", "cats"]), min_size=1, max_size=3
        ).map(" ".join),
        st.sampled_from(
            [
                Hotword("dog", pronunciations=(("d", "ao", "g"),)),
                Hotword("gork", pronunciations=(("g", "ao", "r", "k"), ("d", "ao", "g"))),
                Hotword("new gork", pronunciations=(("n", "uw", "g"),)),
                Hotword("cat zed", pronunciations=(("k", "ae", "|", "s", "ih", "d"),)),
                Hotword("cat", pronunciations=(("k", "ae", "t"), ("k", "ae", "s"))),
            ]
        ),
    ),
    max_size=6,
)


def state(hotwords: Hotwords) -> tuple[Any, ...]:
    columns: tuple[Any, ...] = ()
    if hotwords.attached is not None:
        one = hotwords.attached
        arrays = (one.scores, one.units, one.sizes, one.owners, one.costs)
        columns = (one.words, one.first_label, one.classes, *(array.tolist() for array in arrays))
    # A path leads through at most so many words here.
    found = [
        hotwords.find(list(words))
        for words in itertools.product(
            [w for w in ("cat", "new", "dog", "gork", "zed", "new gork") if w in known(hotwords)], repeat=2
        )
    ]
    return columns, hotwords.num_units, hotwords.report, found


def known(hotwords: Hotwords) -> set[str]:
    attached = () if hotwords.attached is None else hotwords.attached.words
    return {"cat", "new", *attached}


@settings(max_examples=60, deadline=None)
@given(PHRASES, PHRASES, st.data())
def test_a_changed_list_is_that_compiled_anew(old: list[Any], new: list[Any], data: st.DataObject) -> None:
    def g2p(word: str) -> list[list[str]]:
        return {"zed": [["s", "ih", "d"]], "gork": [["d", "ao", "g"]]}.get(word, [])

    texts = sorted({phrase if isinstance(phrase, str) else phrase.phrase for phrase in old})
    removed = data.draw(st.lists(st.sampled_from(texts), unique=True)) if texts else []
    kept = [p for p in old if (p if isinstance(p, str) else p.phrase) not in removed]
    changed = Hotwords(old, graph=PHONES, g2p=g2p).changed(add=new, remove=removed)
    assert state(changed) == state(Hotwords([*kept, *new], graph=PHONES, g2p=g2p))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.text("abegzx阳光保险龙", min_size=1, max_size=4), min_size=1, max_size=3).map(" ".join),
        max_size=8,
    ),
    st.sampled_from([LETTERS, BARE, CHINESE]),
)
def test_many_at_once_as_one_by_one(phrases: list[str], on: SlotGraph) -> None:
    """What is attached for a list is what is attached for its phrases, in the order of first use."""
    expected: dict[str, list[str]] = {}
    for phrase in phrases:
        for word, ways in spoken([phrase], on).items():
            if ways not in expected.values():
                expected.setdefault(word, ways)
    assert spoken(phrases, on) == expected


# --- SentencePiece ---


def test_splits_of_a_sentencepiece_model(tmp_path: Path) -> None:
    """Attached words have the model's n best splits, as `tlg lexicon spm` would write them; phrases match all of them."""
    spm = pytest.importorskip("sentencepiece")
    text = tmp_path / "text"
    text.write_text(
        "\n".join(["new york is a new town", "the old town of york", "a town anew"] * 20), "utf-8"
    )
    model = tmp_path / "m.model"
    spm.SentencePieceTrainer.Train(
        input=str(text), model_prefix=str(tmp_path / "m"), vocab_size=24, model_type="unigram", minloglevel=2
    )
    processor = spm.SentencePieceProcessor(model_file=str(model))
    tokens = ["<blk>", *(processor.IdToPiece(i) for i in range(processor.GetPieceSize()))]
    on = graph(tokens, "new " + " ".join(processor.encode("new", out_type=str)))
    best = {word: processor.nbest_encode(word, nbest_size=3, out_type=str) for word in ("towny", "york")}
    assert len(best["towny"]) > 1
    for count in (1, 3):
        hotwords = Hotwords(["towny york"], graph=on, sentencepiece=model, pieces=count, bias=1.0)
        expected = {
            ("<unk>", word): [" ".join(split) for split in ways[:count]] for word, ways in best.items()
        }
        assert said(hotwords.attached, tokens) == expected
        (entry,) = hotwords.report.entries
        assert entry.num_spellings == len(best["towny"][:count]) * len(best["york"][:count])
        assert {one.source for one in entry.attached} == {"sentencepiece"}
        for first, second in itertools.product(best["towny"][:count], best["york"][:count]):
            assert hotwords.score([*first, *second]) == entry.reward
    # A list over words takes the model too.
    hotwords = Hotwords(["towny"], graph=on, sentencepiece=model, match="words")
    assert said(hotwords.attached, tokens) == {("<unk>", "towny"): [" ".join(best["towny"][0])]}
    # What the model splits into no tokens is not attached.
    (entry,) = Hotwords(["new 龙"], graph=on, sentencepiece=model, match="words").report.entries
    assert (
        entry.reason == "word '龙' is not in the lexicon, and it cannot be split into pieces that are tokens"
    )
