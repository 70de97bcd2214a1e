"""Phrases in the units of characters, letters, SentencePiece and words; the report about them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tlg._files import read_text
from tlg.errors import GraphError, HotwordError, OptionError
from tlg.hotwords import DEFAULT_BIAS, DEFAULT_WORD_BIAS, Hotwords, hotword_counts


@dataclass(frozen=True)
class Table:
    symbols: Sequence[str]
    blank: int | str | None = None


@dataclass(frozen=True)
class FakeGraph:
    """As much of a graph as spelling asks for."""

    tokens: Table
    lexicon: Mapping[str, Sequence[Sequence[str]]]
    words: Sequence[str] | Mapping[str, int] = ()

    def pronunciations(self, word: str) -> Sequence[Sequence[str]]:
        if not self.lexicon:
            raise GraphError("has no lexicon.txt", remedy="Put it there")
        return self.lexicon.get(word, ())


def graph(tokens: str, lexicon: str, blank: int | str | None = 0) -> FakeGraph:
    entries: dict[str, list[list[str]]] = {}
    for line in lexicon.strip().split("\n"):
        word, *units = line.split()
        entries.setdefault(word, []).append(units)
    return FakeGraph(Table(tokens.split(), blank), entries, ("<eps>", *entries, "#0", "<s>", "</s>"))


CHARACTERS = ["<blk>", *"阳光保险中国ABCab|", "<space>", "HELLO"]
LETTERS = ["<pad>", *"abcdefghijklmnopqrstuvwxyz'|"]
PIECES = ["<blk>", "▁new", "▁york", "▁y", "or", "▁c", "▁保", *"▁newat阳光保险sk,"]

# tokens, phrase -> units of the first spelling, number of spellings, how
SPELLED: dict[str, tuple[list[str], str, str, int, str]] = {
    "characters": (CHARACTERS, "阳光保险", "阳 光 保 险", 1, "characters"),
    "spaces_between_characters_mean_nothing": (CHARACTERS, "阳光 保 险", "阳 光 保 险", 1, "characters"),
    "bar_is_a_character_there": (CHARACTERS, "A|B", "A | B", 1, "characters"),
    "space_between_latin_words": (CHARACTERS, "AB 阳 A  B", "A B 阳 A <space> B", 1, "characters"),
    "whole_token": (CHARACTERS, "HELLO 阳光", "HELLO 阳 光", 1, "characters"),
    "token_or_letters": (["<blk>", "ok", "o", "k", "阳"], "ok 阳", "ok 阳", 2, "characters"),
    "thai": (["<blk>", *"กขค", " "], "กข ค", "ก ข ค", 1, "characters"),
    "letters": (LETTERS, "new york", "n e w | y o r k", 1, "characters"),
    "apostrophe": (LETTERS, "o'hare", "o ' h a r e", 1, "characters"),
    "longest_pieces": (PIECES, "new york", "▁new ▁york", 1, "longest match"),
    "pieces_inside": (PIECES, "cat york", "▁c a t ▁york", 1, "longest match"),
    "characters_with_and_without_mark": (PIECES, "阳光", "阳 光", 2, "characters"),
    "marked_character": (PIECES, "保险", "保 险", 3, "characters"),
    "mixed_scripts": (PIECES, "cat阳 光new", "▁c a t 阳 光 ▁new", 1, "longest match"),
}


@pytest.mark.parametrize(("tokens", "phrase", "units", "count", "by"), SPELLED.values(), ids=SPELLED)
def test_spelled(tokens: list[str], phrase: str, units: str, count: int, by: str) -> None:
    (entry,) = Hotwords([phrase], tokens=tokens, blank=0).report.entries
    assert (" ".join(entry.units), entry.num_spellings, entry.spelled_by) == (units, count, by)
    assert any("longest match" in warning for warning in entry.warnings) == (by == "longest match")
    assert entry.status == "accepted"
    assert entry.reward == DEFAULT_BIAS * len(entry.units)


REJECTED: dict[str, tuple[list[str], str, str, str]] = {
    "unknown": (CHARACTERS, "阳光龙", r"'龙' \(U\+9F99\) is not among the tokens", "characters that are"),
    "case": (LETTERS, "NEW", r"'N' \(U\+004E\) is not among the tokens", "They spell 'new': write it so"),
    "blank": (["a", "_"], "a_a", "'_' .* is not among the tokens", "characters that are"),
    "no_space": (
        ["<blk>", "a", "b", "阳"],
        "a b",
        "no token for the space between 'a' and 'b'",
        "pass boundary=",
    ),
    "boundary_at_the_end": (LETTERS, "new|", "begins or ends with the word boundary", "Remove it"),
    "no_piece": (["<blk>", "▁a", "b"], "aq", "'q' begins with no piece", "characters that are"),
}


@pytest.mark.parametrize(("tokens", "phrase", "reason", "remedy"), REJECTED.values(), ids=REJECTED)
def test_rejected(tokens: list[str], phrase: str, reason: str, remedy: str) -> None:
    hotwords = Hotwords([phrase, tokens[0]], tokens=tokens, blank="_" if "_" in tokens else 0)
    entry = hotwords.report.entries[0]
    assert entry.status == "rejected"
    assert entry.units == ()
    assert remedy in entry.remedy
    with pytest.raises(HotwordError, match=f"hotword '.*' cannot be used: .*{reason}"):
        Hotwords([phrase], tokens=tokens, blank="_" if "_" in tokens else 0, strict=True)


def test_boundaries_are_found_or_given() -> None:
    assert Hotwords(["cat"], tokens=LETTERS).report.boundary == "|"
    assert Hotwords(["cat"], tokens=LETTERS).score(list("con|cat|s")) == 4.5
    assert Hotwords(["cat"], tokens=LETTERS).score(list("concat")) == 0
    assert Hotwords(["cat"], tokens=LETTERS, boundary=None).score(list("concat")) == 4.5
    assert Hotwords(["阳光"], tokens=CHARACTERS).report.boundary is None
    assert Hotwords(["AB"], tokens=CHARACTERS, boundary="<space>").score(["A", "B", "<space>"]) == 3.0
    assert Hotwords(["AB"], tokens=CHARACTERS, boundary="<space>").score(["A", "B", "阳"]) == 0
    pieces = Hotwords(["new york", "阳光"], tokens=PIECES)
    assert pieces.report.boundary == "▁"
    assert pieces.find(["▁new", "▁york", "▁c"]) == [("new york", 0, 2, 3.0)]
    assert pieces.find(["▁new", "▁york", "s"]) == []
    assert pieces.find(["▁new", "▁york", ","]) == [("new york", 0, 2, 3.0)]
    assert pieces.find(["a", "阳", "光", "保"]) == [("阳光", 1, 3, 3.0)]
    assert pieces.find(["▁", "阳", "光"]) == [("阳光", 0, 3, 3.0)]


def test_lexicon_of_letters_and_pieces() -> None:
    letters = graph("_ m i s t e r |", "mister m i s t e r |\nmr m i s t e r |\nmiss m i s s |")
    hotwords = Hotwords(["mr"], graph=letters)
    assert hotwords.units_are == "tokens"
    assert hotwords.report.entries[0].units == tuple("mister")
    assert hotwords.report.entries[0].spelled_by == "lexicon"

    pieces = graph("_ ▁ne w ▁new ▁york", "new ▁new\nnew ▁ne w\nyork ▁york")
    hotwords = Hotwords(["new york"], graph=pieces)
    assert hotwords.report.entries[0].num_spellings == 2
    # Every spelling is worth what the first is.
    assert hotwords.find(["▁new", "▁york"]) == [("new york", 0, 2, 3.0)]
    assert hotwords.find(["▁ne", "w", "▁york"]) == [("new york", 0, 3, 3.0)]


def test_letters_that_do_not_show_where_words_end() -> None:
    letters = graph("_ c a t s |", "cat c a t\ncats c a t s\nat a t")
    hotwords = Hotwords(["cat", "at"], graph=letters, bias=1.0)
    assert hotwords.units_are == "words"
    assert hotwords.find(["cats", "cat"]) == [("cat", 1, 2, 3.0)]
    assert Hotwords(["at"], graph=letters, bias=1.0, boundary=None).score(list("cat")) == 2.0
    characters = graph("_ 阳 光", "阳光 阳 光\n光 光")
    assert Hotwords(["阳光"], graph=characters).units_are == "tokens"


PHONES = graph(
    "<blk> k ae t s n uw y ao r ng g w",
    "cat k ae t\ncats k ae t s\nkat k ae t\nnew n uw\nnew n y uw\nyork y ao r k\nthe ng\nempty",
    blank="<blk>",
)


def test_graph_without_a_lexicon() -> None:
    characters = FakeGraph(Table(["<blk>", "阳", "光"], 0), {}, {"<eps>": 0, "阳光": 1})
    assert Hotwords(["阳光"], graph=characters).find(["阳", "光"]) == [("阳光", 0, 2, 3.0)]
    with pytest.raises(GraphError, match=r"has no lexicon.txt"):
        Hotwords(["阳光"], graph=characters, match="words")


def test_phones_without_a_lexicon_say_what_is_missing() -> None:
    phones = FakeGraph(Table(["<blk>", "K", "AE", "T"], 0), {}, {"<eps>": 0, "cat": 1})
    (entry,) = Hotwords(["cat"], graph=phones).report.rejected
    assert entry.reason == "'c' (U+0063) is not among the tokens"
    assert entry.remedy.startswith(
        "The graph came without a lexicon: if its tokens are phones, put the lexicon.txt"
    )
    (entry,) = Hotwords(["cat"], tokens=["<blk>", "K", "AE", "T"], blank="<blk>").report.rejected
    assert "came without" not in entry.remedy


def test_words_of_phone_lexicons() -> None:
    hotwords = Hotwords({"cat": 0, "new york": 2.0}, graph=PHONES, bias=0.5)
    assert hotwords.units_are == "words"
    assert hotwords.num_units == len(PHONES.words)
    assert hotwords.report.boundary is None
    # n is the number of phones of the first pronunciations: 3, and 2 + 4.
    assert hotwords.find(["new", "york", "cat"]) == [("new york", 0, 2, 5.0), ("cat", 2, 3, 1.5)]
    assert hotwords.score(["kat", "cats"]) == 0  # homophones, and words that begin alike
    running, ended = hotwords.automaton(max_loan=100).trace(hotwords.unit_ids(["new", "york"]))
    assert (running, ended) == ([1.0, 5.0], [0.0, 5.0])
    by_phones = Hotwords(["cat", "york cat"], graph=PHONES, match="units")
    assert [entry.units for entry in by_phones.report.entries] == [
        ("k", "ae", "t"),
        ("y", "ao", "r", "k", "k", "ae", "t"),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"boundary": "k"}, "boundary='k' has no effect: the list is matched over the words"),
        ({"boundary": "zz"}, "boundary='zz' is no token"),
        ({"sentencepiece": "m.model"}, "the tokens are not its pieces"),
        ({"pieces": 3}, "pieces=3 has no effect without a SentencePiece model"),
    ],
)
def test_options_without_effect_where_words_are_matched(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Hotwords(["cat"], graph=PHONES, **options)


@pytest.mark.parametrize(
    ("phrase", "remedy"),
    [("dog", "Build the graph again"), ("CAT", "It has 'cat': write it so"), ("empty", "Build")],
)
def test_words_that_the_lexicon_lacks(phrase: str, remedy: str) -> None:
    (entry,) = Hotwords([phrase], graph=PHONES).report.rejected
    assert entry.reason == f"word {phrase!r} is not in the lexicon, and the graph has no <unk> slot"
    assert remedy in entry.remedy


def test_chinese_words_in_every_segmentation() -> None:
    pinyin = graph(
        "<blk> yang2 guang1 bao3 xian3 ding4",
        "阳光 yang2 guang1\n保险 bao3 xian3\n阳 yang2\n光 guang1\n阳光保险 yang2 guang1 bao3 xian3\n报 bao3\n保 bao3\n险 xian3",
    )
    hotwords = Hotwords(["阳光 保险"], graph=pinyin, bias=1.0)
    assert hotwords.report.entries[0].units == ("阳光保险",)
    assert hotwords.report.entries[0].num_spellings == 5
    for words in ("阳光保险", "阳光 保险", "阳 光 保险", "阳 光 保 险"):
        assert hotwords.find(words.split()) == [("阳光 保险", 0, len(words.split()), 4.0)]
    assert hotwords.score(["阳光", "报", "险"]) == 0


def test_many_segmentations_are_said() -> None:
    lexicon = "\n".join(f"{'一' * size} {'y ' * size}" for size in range(1, 9))
    (entry,) = Hotwords(["一" * 12], graph=graph("<blk> y", lexicon), bias=1.0).report.entries
    assert entry.num_spellings == 64
    assert entry.units == ("一" * 4, "一" * 8)
    assert "more than 64 spellings" in entry.warnings[0]


def test_sentencepiece_model(tmp_path: Path) -> None:
    spm = pytest.importorskip("sentencepiece")
    text = tmp_path / "text.txt"
    text.write_text("new york city is new\nyork is a city\nthe cat sat in new york\n" * 30, encoding="utf-8")
    spm.SentencePieceTrainer.Train(
        input=str(text), model_prefix=str(tmp_path / "m"), vocab_size=30, model_type="bpe", minloglevel=2
    )
    model = spm.SentencePieceProcessor(model_file=str(tmp_path / "m.model"))
    tokens = [model.IdToPiece(i) for i in range(model.GetPieceSize())]
    hotwords = Hotwords(["new york", "qqq"], tokens=tokens, sentencepiece=tmp_path / "m.model")
    entry, rejected = hotwords.report.entries
    assert list(entry.units) == model.EncodeAsPieces("new york")
    assert entry.spelled_by == "sentencepiece"
    assert rejected.status == "rejected"
    assert hotwords.score(model.EncodeAsPieces("the new york cat")) == 1.5 * len(entry.units)
    broken = tmp_path / "broken.model"
    broken.write_bytes(b"not a model")
    with pytest.raises(HotwordError, match=r"broken.model: is no SentencePiece model"):
        Hotwords(["new"], tokens=tokens, sentencepiece=broken)


def test_report_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "hot.txt"
    path.write_text(
        "阳光保险 5\n阳 光 保 险 2\n# 注\n阳光龙\n光\n中国 9\n中国A -9\n中国\t:3\n", encoding="utf-8"
    )
    report = Hotwords(path, tokens=CHARACTERS, blank=0, bias=1.0).report
    assert [entry.status for entry in report.entries] == [
        "accepted",
        "duplicate",
        "rejected",
        "accepted",
        "accepted",
        "accepted",
        "duplicate",
    ]
    assert [entry.line for entry in report.entries] == [1, 2, 4, 5, 6, 7, 8]
    assert report.entries[1].reason == "the same units as '阳光保险' of line 1, which is worth more"
    assert report.entries[3].warnings == ("one unit: it fires at every '光'",)
    assert report.entries[4].warnings == ("where '中国A' follows, the longer one's -6 is paid, not its own",)
    table = str(report)
    assert "7 phrases: 4 accepted, 2 duplicates, 1 rejected, 2 with warnings" in table
    assert all(len(line) > 10 for line in table.split("\n"))
    data = json.loads(report.to_json())
    assert (data["num_accepted"], data["num_duplicates"], data["num_rejected"]) == (4, 2, 1)
    assert data["entries"][0]["units"] == ["阳", "光", "保", "险"]
    assert data["entries"][2]["remedy"]


def test_which_duplicate_wins_does_not_hang_on_the_order() -> None:
    for order in (1, -1):
        listed = [("阳光", 1.0), ("阳 光", 5.0), ("中国", 0.0), ("中 国", 0.0)][::order]
        hotwords = Hotwords(listed, tokens=CHARACTERS, bias=1.0)
        assert hotwords.find(list("阳光中国")) == [("阳 光", 0, 2, 7.0), ("中 国", 2, 4, 2.0)]
        status = {entry.phrase: entry.status for entry in hotwords.report.entries}
        assert status == {"阳光": "duplicate", "阳 光": "accepted", "中国": "duplicate", "中 国": "accepted"}


TOKEN_FILES: dict[str, tuple[bytes, str]] = {
    "twice": (b"a 0\nb 1\na 2\n", r"tokens.txt:3: symbol 'a' or id 2 is there twice"),
    "id_twice": (b"a 0\nb 0\n", r"tokens.txt:2: symbol 'b' or id 0 is there twice"),
    "empty": (b"\n", "tokens.txt: holds no tokens"),
    "huge_id": (b"a 0\nb 999999999\n", "has 2 tokens but the id 999999999"),
}


@pytest.mark.parametrize(("content", "text"), TOKEN_FILES.values(), ids=TOKEN_FILES)
def test_bad_token_file(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "tokens.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=text):
        Hotwords(["a"], tokens=path)


def test_token_files(tmp_path: Path) -> None:
    path = tmp_path / "tokens.txt"
    path.write_text("b 2\na 1\n<blk> 0\n", encoding="utf-8")
    assert Hotwords(["ab"], tokens=path).unit_ids(["a", "b"]) == [1, 2]
    path.write_text("b 2\r\na 1\r\n<blk> 0\r\n\u3000 3\r\n", encoding="utf-8")
    assert Hotwords(["ab"], tokens=path).unit_ids(["a", "\u3000"]) == [1, 3]
    path.write_text("<blk>\na\nb\n", encoding="utf-8")
    assert Hotwords(["ab"], tokens=str(path)).unit_ids(["a", "b"]) == [1, 2]


def test_real_ocr_tokens(shared: Path) -> None:
    folder = shared / "data" / "ctc" / "ocr"
    rows = (folder / "hotwords.tsv").read_text(encoding="utf-8").split("\n")[1:]
    phrases = sorted({row.split("\t")[1] for row in rows if row})
    hotwords = Hotwords(phrases, tokens=folder / "tokens.txt", blank="<blank>")
    assert (hotwords.units_are, hotwords.report.boundary) == ("tokens", None)
    assert len(hotwords.report.accepted) == len(phrases) > 1000
    refs = [
        row.split("\t")[3] for row in (folder / "refs.tsv").read_text(encoding="utf-8").split("\n")[1:] if row
    ]
    counts = hotword_counts(refs, refs, phrases, unit="char")
    assert counts.f1 == 1.0
    known = [ref for ref in refs if set(ref) <= set(hotwords._speller.ids)]
    assert (
        sum(len(hotwords.find(list(ref))) for ref in known)
        == hotword_counts(known, known, phrases, "char").in_refs
    )


def test_real_phone_lexicon(shared: Path) -> None:
    folder = shared / "data" / "ctc" / "speech"
    tokens = [
        line.split()[0] for line in (folder / "tokens.txt").read_text(encoding="utf-8").split("\n") if line
    ]
    lexicon: dict[str, list[list[str]]] = {}
    for line in read_text(folder / "lexicon.txt.xz").split("\n"):
        if line:
            word, *phones = line.split()
            lexicon.setdefault(word, []).append(phones)
    words = {"<eps>": 0} | {word: number for number, word in enumerate(lexicon, start=1)}
    rows = (folder / "hotwords_ljspeech.tsv").read_text(encoding="utf-8").split("\n")
    phrases = [row.split("\t")[0] for row in rows if "\t" in row and not row.startswith("phrase\t")]
    hotwords = Hotwords(phrases, graph=FakeGraph(Table(tokens, 190), lexicon, words))
    assert hotwords.units_are == "words"
    assert len(hotwords.report.accepted) == len(phrases) == 259
    entry = hotwords.report.entries[0]
    assert entry.reward == DEFAULT_WORD_BIAS * len(lexicon[entry.phrase][0])
    assert hotwords.find(["the", entry.phrase]) == [(entry.phrase, 1, 2, entry.reward)]
