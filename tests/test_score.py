from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jiwer
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tlg.cli.score import score as score_command
from tlg.decoder.evaluate.metrics import score
from tlg.decoder.evaluate.normalise import normalise_text
from tlg.decoder.evaluate.tables import read_table, write_table
from tlg.errors import InputError, MissingFileError, OptionError, TextError

# name: (reference, hypothesis, unit, substitutions, deletions, insertions, units)
CASES = {
    "equal": ("a b c", "a b c", "word", 0, 0, 0, 3),
    "substitution": ("a b c", "a x c", "word", 1, 0, 0, 3),
    "deletion": ("a b c", "a c", "word", 0, 1, 0, 3),
    "insertion": ("a b c", "a b b c", "word", 0, 0, 1, 3),
    "white_space_is_no_error": (" a  b\u3000c ", "a\tb c", "word", 0, 0, 0, 3),
    "case_counts": ("A b", "a b", "word", 1, 0, 0, 2),
    "empty_hypothesis": ("a b", "", "word", 0, 2, 0, 2),
    "empty_reference": ("", "a b", "word", 0, 0, 2, 0),
    "both_empty": ("", "", "word", 0, 0, 0, 0),
    "char_ignores_spaces": ("今天 天气", "今天天气", "char", 0, 0, 0, 4),
    "char_substitution": ("阳光保险", "阳光保定", "char", 1, 0, 0, 4),
    "char_repeat_lost": ("天天向上", "天向上", "char", 0, 1, 0, 4),
    "word_sees_one_word": ("阳光保险", "阳光保定", "word", 1, 0, 0, 1),
    "beyond_the_basic_plane": ("𠮷野家", "吉野家", "char", 1, 0, 0, 3),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_counts(case: tuple[str, str, str, int, int, int, int]) -> None:
    ref, hyp, unit, substitutions, deletions, insertions, units = case
    report = score({"u": ref}, {"u": hyp}, unit=unit)  # type: ignore[arg-type]
    assert (report.substitutions, report.deletions, report.insertions) == (
        substitutions,
        deletions,
        insertions,
    )
    assert report.num_units == units
    (row,) = report.utterances
    assert (row.substitutions, row.deletions, row.insertions) == (substitutions, deletions, insertions)
    assert row.errors == report.errors
    json.dumps(report.to_dict(per_utterance=True), allow_nan=False)


WORDS = st.lists(st.sampled_from("abcd"), max_size=8).map(" ".join)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6))
def test_equals_jiwer(pairs: list[tuple[str, str]]) -> None:
    refs, hyps = [r for r, _ in pairs], [h for _, h in pairs]
    report = score(refs, hyps)
    if any(refs):
        assert report.rate == pytest.approx(jiwer.wer(refs, hyps))
        chars = score(refs, hyps, unit="char")
        assert chars.rate == pytest.approx(
            jiwer.wer(
                [" ".join(r.replace(" ", "")) for r in refs], [" ".join(h.replace(" ", "")) for h in hyps]
            )
        )
    assert report.errors == sum(row.errors for row in report.utterances)


@given(
    st.lists(st.text(max_size=20), max_size=5),
    st.sampled_from(["word", "char"]),
    st.sampled_from(["none", "speechio"]),
)
def test_itself_is_without_error(texts: list[str], unit: str, normalise: str) -> None:
    report = score(texts, texts, unit=unit, normalise=normalise)  # type: ignore[arg-type]
    assert report.errors == 0
    assert report.rate == 0.0
    assert report.num_correct == len(texts)


def test_signature_and_text() -> None:
    report = score(
        {"u": "a b c d", "v": "e"}, {"u": "a x c d", "v": "e"}, settings={"beam": 16, "lm": "mkn4"}
    )
    assert report.signature.startswith(
        "WER 20.00 | n:5 words | refs:verbatim | norm:none | beam:16 | lm:mkn4 | hot:none | jiwer:"
    )
    assert "| tlg:" in report.signature
    assert "1 errors: 1 substitutions, 0 deletions, 0 insertions; 1 of 2 utterances" in str(report)
    assert score(["ab"], ["ac"], unit="char").signature.startswith("CER 50.00 | n:2 chars |")


def test_only_insertions() -> None:
    report = score([""], ["a"])
    assert report.rate == float("inf")
    assert report.to_dict()["rate"] is None


def test_hotwords_are_counted() -> None:
    refs = {"a": "阳光保险在保定", "b": "去保定"}
    report = score(refs, refs, unit="char", hotwords=["阳光保险", "保定"])
    assert report.hotwords is not None
    assert (report.hotwords.recall, report.hotwords.precision, report.hotwords.f1) == (1.0, 1.0, 1.0)
    assert "| hot:2 |" in report.signature
    assert "recall 100.0 % (3 of 3), precision 100.0 % (0 false alarms), F1 100.0 %" in str(report)
    assert report.to_dict()["hotwords"]["f1"] == 1.0


def test_missing_and_extra_utterances_are_named() -> None:
    refs = {f"u{i}": "a" for i in range(8)}
    with pytest.raises(InputError, match=r"7 references without a hypothesis: u1, u2, u3, u4, u5 and 2 more"):
        score(refs, {"u0": "a"})
    report = score(refs, {"u0": "a"}, allow_missing=True)
    assert (report.deletions, len(report.missing)) == (7, 7)
    assert "| missing:7 |" in report.signature
    with pytest.raises(InputError, match="1 hypotheses without a reference: other"):
        score(refs, {**refs, "other": "a"}, allow_missing=True)


def test_what_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="2 references, but 1 hypotheses"):
        score(["a", "b"], ["a"])
    with pytest.raises(InputError, match="a list of texts against a table"):
        score(["a"], {"0": "a"})
    with pytest.raises(OptionError, match="no unit 'phone'"):
        score(["a"], ["a"], unit="phone")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no normalisation 'all'"):
        score(["a"], ["a"], normalise="all")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="reference '0' is a int, not text"):
        score([1], ["a"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="hypothesis 'u' is a NoneType, not text"):
        score({"u": "a"}, {"u": None})  # type: ignore[dict-item]
    with pytest.raises(InputError, match="texts are a int, not a list or a table"):
        score(1, 2)  # type: ignore[arg-type]


NORMALISED = {
    "width": ("ＡＢｃ１２　ｄ", "ABC12 D"),
    "punctuation": ("你好，世界！“是”…《书》", "你好 世界 是 书"),
    "full_width_punctuation": ("Ａ，Ｂ！", "A B"),
    "apostrophe_inside_a_word": ("don't 'tis o’clock dogs'", "DON'T TIS O'CLOCK DOGS"),
    "symbols": ("3 + 4 = 7 $", "3 4 7"),
    "nothing_left": ("...", ""),
}


@pytest.mark.parametrize("case", NORMALISED.values(), ids=NORMALISED)
def test_speechio(case: tuple[str, str]) -> None:
    assert normalise_text(case[0], "speechio") == case[1]


@given(st.text(max_size=30))
def test_speechio_twice_is_once(text: str) -> None:
    once = normalise_text(text, "speechio")
    assert normalise_text(once, "speechio") == once


TABLES = {
    "plain": "u1\ta b\nu2\tc\n",
    "more_columns": "u1\ta b\t9.6\nu2\tc\t1.0\n",
    "bom_crlf": "\ufeffu1\ta b\r\nu2\tc\r\n",
    "no_last_newline": "u1\ta b\nu2\tc",
    "header": "level\tline-id\tsource\ttext\nhard\tu1\tx\ta b\nhard\tu2\ty\tc\n",
    "blank_lines": "\nu1\ta b\n\nu2\tc\n\n",
}


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_tables(text: str, tmp_path: Path) -> None:
    path = tmp_path / "refs.tsv"
    path.write_bytes(text.encode())
    assert read_table(path) == {"u1": "a b", "u2": "c"}


BROKEN = {
    "no_tab": ("u1\ta\nu2 b\n", r"refs.tsv:2: no tab between utterance id and text"),
    "no_id": ("\ta\n", r"refs.tsv:1: no utterance id"),
    "twice": ("u1\ta\nu2\tb\nu1\tc\n", r"refs.tsv:3: utterance 'u1' comes twice \(first in line 1\)"),
    "short_row": ("level\tline-id\ttext\nhard\tu1\n", r"refs.tsv:2: 2 columns, not 3"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_broken_tables(case: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "refs.tsv"
    path.write_text(case[0], encoding="utf-8")
    with pytest.raises(TextError, match=case[1]):
        read_table(path)


def test_table_round_trip(tmp_path: Path) -> None:
    table = {"u1": "今天 天气", "u2": ""}
    for name in ("hyp.tsv", "hyp.tsv.gz"):
        write_table(tmp_path / name, table)
        assert read_table(tmp_path / name) == table
    with pytest.raises(TextError, match="'u' cannot be written as a line"):
        write_table(tmp_path / "bad.tsv", {"u": "a\tb"})
    assert not (tmp_path / "bad.tsv").exists()
    with pytest.raises(MissingFileError, match="no such file"):
        read_table(tmp_path / "none.tsv")
    (tmp_path / "latin.tsv").write_bytes(b"u1\ta\nu2\t\xe9\n")
    with pytest.raises(TextError, match=r"latin\.tsv:2: not UTF-8"):
        read_table(tmp_path / "latin.tsv")


def test_command(tmp_path: Path) -> None:
    write_table(tmp_path / "refs.tsv", {"u": "a b", "v": "c"})
    write_table(tmp_path / "hyp.tsv", {"u": "a x", "v": "c"})
    (tmp_path / "hot.txt").write_text("c 5\n", encoding="utf-8")
    files = [str(tmp_path / "refs.tsv"), str(tmp_path / "hyp.tsv")]
    run = CliRunner().invoke
    plain = run(score_command, [*files, "--per-utterance"])
    assert plain.exit_code == 0
    assert plain.output.startswith("WER 33.33 | n:3 words")
    assert "u\t2\t1\t0\t0\ta b\ta x\n" in plain.output
    as_json = run(
        score_command, [*files, "--json", "--per-utterance", "--hotwords", str(tmp_path / "hot.txt")]
    )
    report = json.loads(as_json.output)
    assert (report["errors"], report["num_units"], report["hotwords"]["recall"]) == (1, 3, 1.0)
    assert report["utterances"][0]["hyp"] == "a x"
    assert run(score_command, [*files, "--unit", "phone"]).exit_code == 2
    (tmp_path / "empty.tsv").write_text("", encoding="utf-8")
    nothing = run(score_command, [str(tmp_path / "empty.tsv")] * 2)
    assert nothing.exit_code == 1 and "empty.tsv: holds no utterances" in str(nothing.exception)
    assert "Example:" in run(score_command, ["--help"]).output


# ref, hyp, phrases, unit, (units, sub, del, ins) on the hotwords, the same on the rest
BIASED = {
    "hit": ("a b c", "a b c", ["b"], "word", (1, 0, 0, 0), (2, 0, 0, 0)),
    "hotword_lost": ("a b c", "a c", ["b"], "word", (1, 0, 1, 0), (2, 0, 0, 0)),
    "hotword_misheard": ("a b c", "a x c", ["b"], "word", (1, 1, 0, 0), (2, 0, 0, 0)),
    "false_alarm_inserted": ("a c", "a b c", ["b"], "word", (0, 0, 0, 1), (2, 0, 0, 0)),
    "false_alarm_substituted": ("a x c", "a b c", ["b"], "word", (0, 0, 0, 0), (3, 1, 0, 0)),
    "rest_inserted": ("a b", "a y b", ["b"], "word", (1, 0, 0, 0), (1, 0, 0, 1)),
    "half_a_phrase": ("a b c", "a b x", ["b c"], "word", (2, 1, 0, 0), (1, 0, 0, 0)),
    "longest_counts": ("a b c", "x b c", ["a", "a b"], "word", (2, 1, 0, 0), (1, 0, 0, 0)),
    "characters": ("我爱北京", "我爱背景", ["北京"], "char", (2, 2, 0, 0), (2, 0, 0, 0)),
}


@pytest.mark.parametrize("case", BIASED.values(), ids=BIASED)
def test_errors_on_hotwords_and_on_the_rest(case: tuple[Any, ...]) -> None:
    ref, hyp, phrases, unit, on_hotwords, on_rest = case
    report = score([ref], [hyp], unit=unit, hotwords=phrases)
    for part, expected in ((report.on_hotwords, on_hotwords), (report.on_rest, on_rest)):
        assert part is not None
        assert (part.num_units, part.substitutions, part.deletions, part.insertions) == expected
    assert "U-" in str(report) and "B-" in str(report)
    json.dumps(report.to_dict(), allow_nan=False)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6), st.lists(WORDS.filter(bool), max_size=3))
def test_the_parts_add_up(pairs: list[tuple[str, str]], phrases: list[str]) -> None:
    report = score([r for r, _ in pairs], [h for _, h in pairs], hotwords=phrases)
    hot, rest = report.on_hotwords, report.on_rest
    assert hot is not None and rest is not None
    assert hot.num_units + rest.num_units == report.num_units
    assert hot.substitutions + rest.substitutions == report.substitutions
    assert hot.deletions + rest.deletions == report.deletions
    assert hot.insertions + rest.insertions == report.insertions
    assert score(["a"], ["a"]).on_hotwords is None
