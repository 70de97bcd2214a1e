"""Hotwords against their definition: worked examples, the case file, every string of small alphabets."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.reference import leftmost_longest as reference
from tlg.errors import HotwordError, OptionError
from tlg.hotwords import Hotword, Hotwords, HotwordSource

ROOT = Path(__file__).resolve().parent

# phrases -> w (b = 1), units, score: spec 5 and the worked cases of docs/hotwords.md
EXAMPLES: dict[str, tuple[dict[str, float], str, float]] = {
    "fail_into_another": ({"阳光保险": 0, "保定": 0}, "阳光保定", 2),
    "short_pending": ({"AB": 5, "ABCD": 7}, "ABX", 7),
    "short_pending_long_breaks_off": ({"AB": 5, "ABCD": 7}, "ABCX", 7),
    "long_replaces_short": ({"AB": 5, "ABCD": 7}, "ABCDX", 11),
    "twice": ({"AB": 5, "ABCD": 7}, "ABAB", 14),
    "inner_paid_when_outer_breaks_off": ({"AB": 5, "XABZ": 7}, "XABY", 7),
    "outer_hides_inner": ({"AB": 5, "XABZ": 7}, "XABZ", 11),
    "unfinished_at_the_end": ({"ABCD": 0}, "ABC", 0),
    "overlap_counts_once": ({"AA": 5}, "AAAX", 7),
    "commit_and_go_on": ({"AB": 0, "ABCD": 0, "CX": 0}, "ABCX", 4),
    "two_matches_on_one_fallback": ({"AB": 0, "ABCDE": 0, "CD": 0}, "ABCDX", 4),
    "two_matches_then_a_tail": ({"AB": 0, "ABCDEF": 0, "CD": 0, "EX": 2}, "ABCDEX", 8),
    "one_unit_inside": ({"A": 0, "ABC": 0}, "ABAB", 2),
    "suppressed": ({"AB": -10}, "ABX", -8),
    "suppressed_short_good_long": ({"AB": -10, "ABC": 3}, "ABC", 6),
    "suppressed_long_still_wins": ({"AB": 5, "ABC": -9}, "ABC", -6),
    "leftmost_wins": ({"ABA": 0, "BAB": 0}, "ABABA", 3),
    "leftmost_wins_over_worth": ({"AB": 0, "BCD": 9}, "ABCD", 2),
    "tail_goes_on": ({"中国": 5, "中国银行": 2, "银河": 0}, "中国银河", 9),
    "outer_breaks_off": ({"XABCD": 1, "ABC": 2, "BCD": 3}, "XABCY", 5),
}


@pytest.mark.parametrize("reverse", [False, True], ids=["as_listed", "reversed"])
@pytest.mark.parametrize(("phrases", "units", "score"), EXAMPLES.values(), ids=EXAMPLES)
def test_worked_example(phrases: dict[str, float], units: str, score: float, reverse: bool) -> None:
    listed = dict(reversed(phrases.items())) if reverse else phrases
    tokens = sorted({*units, *"".join(phrases)})
    hotwords = Hotwords(listed, tokens=tokens, bias=1.0)
    assert hotwords.score(list(units)) == score
    assert sum(match.reward for match in hotwords.find(list(units))) == score


Case = tuple[str, list[dict[str, object]], float, list[str], float, list[list[object]], list[float]]


def read_cases() -> list[Case]:
    cases: list[Case] = []
    for line in (ROOT / "data" / "hotword_cases.tsv").read_text(encoding="utf-8").split("\n"):
        if not line or line.startswith(("#", "kind\t")):
            continue
        kind, phrases, b, units, score, matches, prefixes = line.split("\t")
        cases.append(
            (
                kind,
                json.loads(phrases),
                float(b),
                units.split(),
                float(score),
                json.loads(matches),
                [float(value) for value in prefixes.split()],
            )
        )
    return cases


def test_case_file_in_every_order_and_with_any_loan() -> None:
    cases = read_cases()
    assert len(cases) == 594
    assert {case[0] for case in cases} == {"named", "plain", "words"}
    shuffler = random.Random(5)
    for kind, phrases, b, units, score, matches, prefixes in cases:
        boundary = "|" if kind == "words" else None
        hotwords = []
        for phrase in phrases:
            own = phrase.get("b")
            text = str(phrase["phrase"]) if boundary is None else str(phrase["phrase"]).replace(" ", "")
            hotwords.append(
                Hotword(
                    text.replace("|", " ") if boundary else text.replace(" ", ""),
                    word_bias=float(str(phrase["w"])),
                    bias=None if own is None else float(str(own)),
                )
            )
        tokens = sorted({*units, *"".join(hotword.phrase.replace(" ", "") for hotword in hotwords), "|"})
        for max_loan in (0.0, 1.5, 100.0):
            shuffler.shuffle(hotwords)
            compiled = Hotwords(hotwords, tokens=tokens, bias=b, boundary=boundary)
            automaton = compiled.automaton(max_loan=max_loan)
            automaton.check()
            ids = compiled.unit_ids(units)
            assert automaton.trace(ids)[1] == prefixes, (kind, phrases, units)
            assert compiled.score(units) == score == automaton.total(np.array(ids, np.int32))
            found = [[phrase, start, end, reward] for phrase, start, end, reward in compiled.find(units)]
            want = [[str(m[0]).replace(" ", "").replace("|", " "), *m[1:]] for m in matches]
            assert found == want, (kind, phrases, units)


def random_list(rng: random.Random, alphabet: Sequence[str], boundary: str | None) -> list[reference.Phrase]:
    phrases = []
    for _ in range(rng.randint(1, 9)):
        units = tuple(rng.choice(alphabet) for _ in range(rng.randint(1, 5)))
        if boundary in (units[0], units[-1]):
            continue
        w = rng.choice([0.0, 0.0, 0.0, rng.uniform(-9, 9)])
        phrases.append(reference.Phrase(units, rng.choice([1.0, 1.0, 0.3, 2.5, 0.0, -1.0]), w))
    return phrases


def as_text(phrase: reference.Phrase, boundary: str | None) -> str:
    return "".join(" " if unit == boundary else unit for unit in phrase.units)


@pytest.mark.parametrize(
    ("alphabet", "length", "boundary", "lists"),
    [("AB", 8, None, 60), ("ABC", 7, None, 20), ("ab|", 7, "|", 20)],
    ids=["two_units", "three_units", "boundaries"],
)
def test_every_string(alphabet: str, length: int, boundary: str | None, lists: int) -> None:
    rng = random.Random(alphabet)
    for _ in range(lists):
        # A doubled boundary inside a phrase cannot be written as text.
        phrases = [p for p in random_list(rng, alphabet, boundary) if "||" not in "".join(p.units)]
        texts = [Hotword(as_text(p, boundary), p.word_bias, p.bias) for p in phrases]
        hotwords = Hotwords(texts, tokens=list(alphabet), boundary=boundary)
        automaton = hotwords.automaton(max_loan=rng.choice([0.0, 0.5, 2.0, 50.0]))
        # The score of every string, hence also at every prefix; longer ones are checked by their totals.
        scores: dict[tuple[int, ...], float] = {(): 0.0}
        for size in range(1, length + 1):
            for ids in itertools.product(range(len(alphabet)), repeat=size):
                units = [alphabet[i] for i in ids]
                matches = reference.find(phrases, units, boundary)
                scores[ids] = sum(phrase.reward for phrase, _, _ in matches)
                got = automaton.find(ids)
                assert [(m.start, m.end, m.reward) for m in got] == [(s, e, p.reward) for p, s, e in matches]
                if size == length:
                    assert automaton.trace(ids)[1] == [scores[ids[: i + 1]] for i in range(size)]


def test_pieces_against_the_definition() -> None:
    tokens = ["<blk>", "▁a", "a", "b", "▁b", "c"]
    starts = frozenset({"▁a", "▁b"})
    rng = random.Random(3)
    for _ in range(15):
        words = ["".join(rng.choice("ab") + rng.choice(["", "a", "c"]) for _ in range(1)) for _ in range(6)]
        texts = [" ".join(rng.sample(words, rng.randint(1, 2))) for _ in range(4)]
        hotwords = Hotwords(texts, tokens=tokens, bias=1.5, blank="<blk>")
        phrases = [reference.Phrase(entry.units, 1.5, 0.0) for entry in hotwords.report.entries]
        automaton = hotwords.automaton()
        for ids in itertools.product(range(1, 6), repeat=5):
            units = [tokens[i] for i in ids]
            want = [reference.score(phrases, units[: i + 1], "|", starts) for i in range(5)]
            assert automaton.trace(ids)[1] == want, (texts, units)
            assert hotwords.score(units) == want[-1]


def test_no_list_is_exactly_nothing() -> None:
    hotwords = Hotwords([], tokens=["a", "b", "|"])
    automaton = hotwords.automaton()
    assert len(hotwords) == 0
    assert automaton.num_states == 1
    assert automaton.trace([0, 1, 2, 0]) == ([0.0] * 4, [0.0] * 4)
    assert hotwords.find(["a", "|"]) == []


def test_defaults_scale_with_the_decoder() -> None:
    hotwords = Hotwords(["ABCD"], tokens=list("ABCD"))
    assert hotwords.score(list("ABCD")) == 6.0
    assert hotwords.automaton(acoustic_scale=3.0).trace([0, 1, 2, 3])[1] == [0, 0, 0, 18.0]
    assert hotwords.automaton(acoustic_scale=3.0).max_loan == 6.0
    assert hotwords.automaton(acoustic_scale=3.0, beam=6.0).max_loan == 2.0
    assert hotwords.automaton(acoustic_scale=3.0, beam=6.0) is hotwords.automaton(
        acoustic_scale=3.0, beam=6.0
    )
    given = Hotwords({"ABCD": 1.0}, tokens=list("ABCD"), bias=2.0)
    assert given.automaton(acoustic_scale=3.0).trace([0, 1, 2, 3])[1][-1] == 9.0
    assert given.automaton(acoustic_scale=3.0, max_loan=1.0).trace([0, 1, 2, 3])[0] == [1.0, 1.0, 1.0, 9.0]
    for step in range(30):  # a tuner's scales do not pile up
        hotwords.automaton(acoustic_scale=1.0 + step)
    assert len(hotwords._automata) <= 8


def test_what_a_list_is_worth_at_another_scale() -> None:
    hotwords = Hotwords({"ABCD": 1.0, "BA": 0.0}, tokens=list("ABCD"))
    for scale in (0.5, 1.0, 3.0):
        automaton = hotwords.automaton(acoustic_scale=scale)
        assert hotwords.score(list("ABCD"), acoustic_scale=scale) == 6 * scale + 1
        assert automaton.trace([0, 1, 2, 3])[1][-1] == 6 * scale + 1
        assert hotwords.find(list("BA"), acoustic_scale=scale) == [("BA", 0, 2, 3 * scale)]
        entries = hotwords.report_at(scale).entries
        assert [(e.bias, e.reward) for e in entries] == [
            (1.5 * scale, 6 * scale + 1),
            (1.5 * scale, 3 * scale),
        ]
    assert hotwords.report == hotwords.report_at(1.0)
    # 20 nats are much at scale 1, not at 10.
    strong = Hotwords({"ABCD": 25.0}, tokens=list("ABCD"), bias=0.0)
    assert len(strong.report.entries[0].warnings) == 1
    assert strong.report_at(10.0).entries[0].warnings == ()
    with pytest.raises(OptionError, match="acoustic_scale=0 is not above 0"):
        hotwords.report_at(0)
    for wrong in (float("nan"), None, "x", 10**400):
        with pytest.raises(OptionError, match=r"acoustic_scale=.* is not above 0"):
            hotwords.score(["A"], acoustic_scale=wrong)  # type: ignore[arg-type]


def test_lists_of_any_size_are_exact_in_float32() -> None:
    hotwords = Hotwords({"AB": 0.1, "ABC": 1 / 3, "CA": -2.7}, tokens=list("ABC"), bias=0.123456)
    automaton = hotwords.automaton()
    rng = random.Random(1)
    ids = [rng.randrange(3) for _ in range(3000)]
    state, total = 0, np.float32(0)
    for unit in ids:
        gain, state = automaton.advance(state, unit)
        assert gain * 1024 == int(gain * 1024)
        total += np.float32(gain)
    total += np.float32(automaton.end_score(state))
    assert float(total) == sum(match.reward for match in automaton.find(ids))


def test_threads_share_a_list() -> None:
    hotwords = Hotwords({"AB": 5, "ABCD": 7, "BC": 1}, tokens=list("ABCD"), bias=1.0)
    rng = random.Random(2)
    strings = [[rng.choice("ABCD") for _ in range(200)] for _ in range(50)]
    alone = [hotwords.find(units) for units in strings]
    with ThreadPoolExecutor(4) as pool:
        scales = list(pool.map(lambda scale: hotwords.automaton(acoustic_scale=scale), [1.0, 2.0, 1.0, 3.0]))
        assert list(pool.map(hotwords.find, strings)) == alone
    assert scales[0] is scales[2]


BAD_CALLS: dict[str, tuple[HotwordSource, dict[str, object], type[Exception], str]] = {
    "no_units": (["A"], {}, OptionError, "Pass graph= or tokens="),
    "huge_reward": ({"A": 9999999.0}, {"tokens": ["A"]}, HotwordError, "'A' is worth 10000000"),
    "bias_nan": (["A"], {"tokens": ["A"], "bias": float("nan")}, OptionError, "bias=nan is not finite"),
    "bias_text": (["A"], {"tokens": ["A"], "bias": "x"}, OptionError, "bias='x' is not a number"),
    "bias_bool": (["A"], {"tokens": ["A"], "bias": True}, OptionError, "bias=True is not a number"),
    "match": (["A"], {"tokens": ["A"], "match": "phones"}, OptionError, "match='phones' is unknown"),
    "words_without_graph": (["A"], {"tokens": ["A"], "match": "words"}, OptionError, "needs a graph"),
    "graph_path": (["A"], {"graph": "graph/"}, OptionError, r"graph is a str.*tlg\.Graph\.load"),
    "blank": (["A"], {"tokens": ["A"], "blank": "_"}, OptionError, "blank='_' is no token"),
    "blank_beyond": (["A"], {"tokens": ["A"], "blank": 1}, OptionError, "blank=1 is no token"),
    "boundary": (["A"], {"tokens": ["A"], "boundary": "_"}, OptionError, "boundary='_' is no token"),
    "boundary_pieces": (["A"], {"tokens": ["A"], "boundary": "▁"}, OptionError, "no token begins with U"),
    "strict": (
        ["AQ"],
        {"tokens": ["A"], "strict": True},
        HotwordError,
        r"'AQ' cannot be used: 'Q' \(U\+0051\)",
    ),
    "twice": (["A"], {"tokens": ["A", "A"]}, ValueError, "token 'A' is there twice"),
    "not_str": (["A"], {"tokens": [1, 2]}, ValueError, "no list of str"),
    "bias_large": (["A"], {"tokens": ["A"], "bias": 10**400}, OptionError, "is not finite"),
    "attach_score": (
        ["A"],
        {"tokens": ["A"], "attach_score": 1.0},
        OptionError,
        "attach_score= need a graph",
    ),
    "pieces": (["A"], {"tokens": ["A"], "pieces": 2}, OptionError, "pieces=2 has no effect without"),
    "spm_boundary": (
        ["A"],
        {"tokens": ["▁A", "A"], "sentencepiece": "m.model", "boundary": "A"},
        OptionError,
        "with boundary='A' nothing is split by it",
    ),
    "spm": (["A"], {"tokens": ["A"], "sentencepiece": "m.model"}, OptionError, "not its pieces"),
    "spm_missing": (
        ["A"],
        {"tokens": ["▁A"], "sentencepiece": "m.model"},
        FileNotFoundError,
        "m.model: no such",
    ),
}


@pytest.mark.parametrize(("source", "options", "kind", "text"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_call(
    source: HotwordSource, options: dict[str, object], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        Hotwords(source, **options)  # type: ignore[arg-type]


def test_bad_units_and_options() -> None:
    hotwords = Hotwords(["AB"], tokens=["<blk>", "A", "B"], blank=0)
    with pytest.raises(OptionError, match=r"is a str, not a list of symbols\. Pass list\(text\)"):
        hotwords.score("AB")
    for units, kind in ((5, "int"), (None, "NoneType"), (b"AB", "bytes")):
        with pytest.raises(OptionError, match=rf"units={units!r} is a {kind}, not a list of symbols"):
            hotwords.find(units)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="a unit is no str"):
        hotwords.score([["A"]])  # type: ignore[list-item]
    with pytest.raises(OptionError, match="5 is not one of the units"):
        hotwords.score([5])  # type: ignore[list-item]
    with pytest.raises(OptionError, match="'Q' is not one of the units"):
        hotwords.find(["A", "Q"])
    with pytest.raises(OptionError, match="'<blk>' is not one of the units"):
        hotwords.find(["A", "<blk>"])
    with pytest.raises(OptionError, match="acoustic_scale=0 is not above 0"):
        hotwords.automaton(acoustic_scale=0)
    with pytest.raises(OptionError, match="max_loan=-1 is negative or no number"):
        hotwords.automaton(max_loan=-1)
    with pytest.raises(OptionError, match="hotword state 99 does not exist"):
        hotwords.automaton().advance(99, 0)
