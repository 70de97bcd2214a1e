"""Hotword lists in all their forms, and what is wrong with the others."""

from __future__ import annotations

import gzip
import json
import re
from collections import OrderedDict
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlg.errors import HotwordError, MissingFileError, TextError, TlgError
from tlg.hotwords import Hotword, read_hotwords

# content of a file -> (phrase, w, own b)
FORMS: dict[str, tuple[bytes, list[tuple[str, float, float | None]]]] = {
    "plain": ("阳光保险\n保定\n".encode(), [("阳光保险", 0, None), ("保定", 0, None)]),
    "space_weight": ("阳光保险 5\n".encode(), [("阳光保险", 5, None)]),
    "tab_weight": ("阳光保险\t-2.5\n".encode(), [("阳光保险", -2.5, None)]),
    "ideographic_space": ("阳光保险\u3000+5e-1\n".encode(), [("阳光保险", 0.5, None)]),
    "words": (b"new york .5\nlos angeles\n", [("new york", 0.5, None), ("los angeles", 0, None)]),
    "own_bias": (b"new york :2.0\n", [("new york", 0, 2.0)]),
    "negative_own_bias": (b"new york :-1\n", [("new york", 0, -1.0)]),
    "number_alone_is_a_phrase": (b"911\n", [("911", 0, None)]),
    "number_phrase_with_weight": (b"route 66 0\n", [("route 66", 0, None)]),
    "not_numbers": (
        b"to nan\nto inf\nno 1_0\nx 0x1F\n",
        [(t, 0, None) for t in ("to nan", "to inf", "no 1_0", "x 0x1F")],
    ),
    "only_the_last_field": (b"a 1 2\nb 3 :4\n", [("a 1", 2, None), ("b 3", 0, 4.0)]),
    "wide_digits": ("第 \uff15\n".encode(), [("第 \uff15", 0, None)]),
    "comments": (b"# a list\n\n  # more\nC# 3\nF #\n", [("C#", 3, None), ("F #", 0, None)]),
    "bom_crlf": (b"\xef\xbb\xbfab 1\r\ncd\r\n", [("ab", 1, None), ("cd", 0, None)]),
    "old_mac": (b"ab 1\rcd", [("ab", 1, None), ("cd", 0, None)]),
    "no_last_newline": (b"ab", [("ab", 0, None)]),
    "empty": (b"", []),
    "json": (b'{"ab": 20, "cd": "1.5", "ef": null}', [("ab", 20, None), ("cd", 1.5, None), ("ef", 0, None)]),
    "json_bom": (b'\xef\xbb\xbf \n{"ab": 20}', [("ab", 20, None)]),
    "json_twice": (b'{"ab": 1, "ab": 2}', [("ab", 1, None), ("ab", 2, None)]),
    "json_empty": (b"{}", []),
    "gzip": (gzip.compress(b"ab 3\n"), [("ab", 3, None)]),
    "lone_colon": (b"what :\nsmile :)\n", [("what :", 0, None), ("smile :)", 0, None)]),
}


@pytest.mark.parametrize(("content", "wanted"), FORMS.values(), ids=FORMS)
def test_form(tmp_path: Path, content: bytes, wanted: list[tuple[str, float, float | None]]) -> None:
    path = tmp_path / "hot.txt"
    path.write_bytes(content)
    for source in (path, str(path)):
        assert [(h.phrase, h.word_bias, h.bias) for h in read_hotwords(source)] == wanted


def read(tmp_path: Path, text: str) -> list[Hotword]:
    path = tmp_path / "hot.txt"
    path.write_bytes(text.encode())
    return read_hotwords(path)


# sherpa-onnx's lists of pieces: phrase, b, tokens, number of notes
SHERPA: dict[str, tuple[str, str, float | None, str, int]] = {
    "pieces": ("▁HE LL O ▁WORLD :1.5", "HELLO WORLD", 1.5, "▁HE LL O ▁WORLD", 0),
    "all_fields": ("▁HE LL O :1.5 #0.35 @HELLO", "HELLO", 1.5, "▁HE LL O", 2),
    "any_order": ("▁HE LL O @HELLO #0.35 :1.5", "HELLO", 1.5, "▁HE LL O", 2),
    "no_fields": ("▁你 好", "你好", None, "▁你 好", 0),
    "text": ("HELLO WORLD :1.5 #0.35", "HELLO WORLD", 1.5, "", 1),
    "characters": ("你 好 问 问 #0.35 @你好问问", "你 好 问 问", None, "", 2),
    "each_once": ("a :1 :2", "a :1", 2.0, "", 0),
    "number_before": ("▁ROUTE ▁6 6 :2", "ROUTE 66", 2.0, "▁ROUTE ▁6 6", 0),
}


@pytest.mark.parametrize(("line", "phrase", "bias", "tokens", "notes"), SHERPA.values(), ids=SHERPA)
def test_lists_of_sherpa(
    tmp_path: Path, line: str, phrase: str, bias: float | None, tokens: str, notes: int
) -> None:
    (hotword,) = read(tmp_path, line + "\n")
    assert (hotword.phrase, hotword.bias, hotword.tokens) == (phrase, bias, tuple(tokens.split()))
    assert len(hotword.notes) == notes
    assert all("has no effect here" in note for note in hotword.notes)


def test_pronunciations(tmp_path: Path) -> None:
    listed = read(tmp_path, "tlg\t5\tt iy l jh iy\ttee el gee\na b\t\tx\nc\t:2\ty z\t\nd\te\t3\n")
    assert [(h.phrase, h.word_bias, h.bias, h.pronunciations) for h in listed] == [
        ("tlg", 5, None, (("t", "iy", "l", "jh", "iy"), ("tee", "el", "gee"))),
        ("a b", 0, None, (("x",),)),
        ("c", 0, 2.0, (("y", "z"),)),
        ("d\te", 3, None, ()),
    ]
    text = '{"tlg": {"word_bias": "5", "bias": 1, "pronunciations": ["t iy", "t iy"]}, "x": {"pronunciations": "y"}}'
    assert read(tmp_path, text) == [
        Hotword("tlg", 5.0, 1.0, str(tmp_path / "hot.txt"), 1, pronunciations=(("t", "iy"),)),
        Hotword("x", file=str(tmp_path / "hot.txt"), line=1, pronunciations=(("y",),)),
    ]


@pytest.mark.parametrize("as_text", [False, True], ids=["file", "text"])
def test_json_of_funasr(tmp_path: Path, as_text: bool) -> None:
    message = '{"mode": "2pass", "hotwords": "{\\"阿里巴巴\\": 20, \\"通义\\": \\"30\\"}", "itn": true}'
    for text in ('{"阿里巴巴": 20, "通义": "30"}', message, '{"hotwords": {"阿里巴巴": 20, "通义": 30}}'):
        listed = read_hotwords(text) if as_text else read(tmp_path, text)
        assert [(h.phrase, h.word_bias) for h in listed] == [("阿里巴巴", 20), ("通义", 30)]
    assert [h.phrase for h in read_hotwords('{"hotwords": 3}')] == ["hotwords"]


@pytest.mark.parametrize("field", ['"hotwords": "", ', '"hotwords": null, ', ""])
def test_messages_of_funasr_without_hotwords(tmp_path: Path, field: str) -> None:
    assert read(tmp_path, "{" + field + '"mode": "offline", "itn": true}') == []


def test_phrases_named_like_fields_of_messages(tmp_path: Path) -> None:
    text = '{"mode": 5, "wav_name": "2", "is_speaking": null, "hotwords": 1}'
    listed = read(tmp_path, text)
    assert [(h.phrase, h.word_bias) for h in listed] == [
        ("mode", 5),
        ("wav_name", 2),
        ("is_speaking", 0),
        ("hotwords", 1),
    ]
    assert [h.phrase for h in read(tmp_path, '{"mode": 5, "king": 3}')] == ["mode", "king"]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.text(alphabet='a"{}[]:,\\\n保', min_size=1).filter(lambda text: text.strip()),
        st.sampled_from([1, "2.5", None, {"bias": 1, "pronunciations": ["a", "b"]}, {}]),
    ),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_phrases_of_json_have_their_lines(
    tmp_path_factory: pytest.TempPathFactory,
    listed: dict[str, Any],
    nested: bool,
    again: bool,
    as_text: bool,
    newline: str,
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.json"
    text = json.dumps(listed, indent=1)
    lines = [number for number, line in enumerate(text.split("\n"), start=1) if line.startswith(' "')]
    if nested:
        # The last field of a name counts.
        before = '{"mode": "offline",\n "x": {"hotwords": {"q": 1}},\n'
        before += ' "hotwords": {"z": 5,\n "y": {"bias": 2}},\n' if again else ""
        text = f'{before} "hotwords": {json.dumps(text) if as_text else text}}}'
        lines = [(1 if as_text else line) + before.count("\n") for line in lines]
    path.write_text(text, encoding="utf-8", newline=newline)
    found = read_hotwords(path)
    assert [h.phrase for h in found] == [phrase.strip() for phrase in listed]
    assert [h.line for h in found] == lines
    # A text has no file that lines could be of.
    assert [h.line for h in read_hotwords(text)] == [None] * len(listed)


def test_mistakes_in_json_have_their_lines(tmp_path: Path) -> None:
    for text, line, what in (
        ('{"a": 1,\n "b": "x"}', 2, "'b' has the word bias 'x'"),
        ('{"a": 1,\n\n "b": 1e999}', 3, "'b' has a word bias that is not finite"),
        ('{"a": 1,\n " ": 1}', 2, "' ' is blank"),
        ('{"a": 1,\n "b": {"weight": 1}}', 2, "'b' has the field 'weight'"),
        ('{"a": 1,\n "b": {"bias": true}}', 2, "'b' has the bias True"),
        ('{"mode": "2pass",\n "hotwords": "x"}', 2, "no JSON object"),
        ('{"mode": "2pass",\n\n "hotwords": "{\\"b\\": \\"x\\"}"}', 3, "'b' has the word bias 'x'"),
        ('{"a": 1,\n "b" 2}', 2, "no JSON object"),
        ('{"mode": "2pass",\n\n "hotwords": "{\\"b\\" 2}"}', 3, "no JSON object"),
        ('{"a": 1,\n "b"\n:\n"x"}', 2, "'b' has the word bias 'x'"),
        ('{"a": 1,\n "b": 1' + 400 * "0" + "}", 2, "'b' has a word bias that is not finite"),
        ('{"a": 1,\n "b": {"bias": 1' + 400 * "0" + "}}", 2, "'b' has a bias that is not finite"),
        ('{"a": 1,\n "b\\ud800": 1}', 2, "has half of a surrogate pair"),
    ):
        with pytest.raises(HotwordError, match=re.escape(what)) as caught:
            read(tmp_path, text)
        assert (caught.value.file, caught.value.line) == (str(tmp_path / "hot.txt"), line)


def test_lines_are_counted_with_comments(tmp_path: Path) -> None:
    path = tmp_path / "hot.txt"
    path.write_bytes(b"# one\n\nab\n# two\ncd 2\n")
    assert [(h.phrase, h.line) for h in read_hotwords(path)] == [("ab", 3), ("cd", 5)]
    assert {h.file for h in read_hotwords(path)} == {str(path)}


def test_in_memory() -> None:
    assert read_hotwords({"ab": 5, "cd": "2", "ef": None}) == [
        Hotword("ab", 5.0),
        Hotword("cd", 2.0),
        Hotword("ef"),
    ]
    assert read_hotwords(OrderedDict(ab=1.5)) == [Hotword("ab", 1.5)]
    assert read_hotwords(["ab", ("cd", 2), Hotword("ef", bias=1.0)]) == [
        Hotword("ab"),
        Hotword("cd", 2.0),
        Hotword("ef", bias=1.0),
    ]
    assert read_hotwords(phrase for phrase in ("route 66", " ab ")) == [Hotword("route 66"), Hotword("ab")]
    assert read_hotwords([]) == read_hotwords({}) == []


BAD_FILES: dict[str, tuple[bytes, type[Exception], str]] = {
    "too_large": (b"ab\ncd 1e999\n", HotwordError, r"hot.txt:2: the number 1e999 is not finite"),
    "mark_alone": ("\n\u2581 :2\n".encode(), HotwordError, r"hot.txt:2: phrase '▁' is a mark of word"),
    "columns_weight": (b"ab\tx\ta b\n", HotwordError, r"hot.txt:1: the weight 'x' is no number"),
    "message_text": (
        b'{"mode": "offline", "hotwords": "ab 20"}',
        HotwordError,
        "the field 'hotwords' of the message is 'ab 20', no JSON object",
    ),
    "columns_too_large": (b"ab\t1e999\ta b\n", HotwordError, r"hot.txt:1: the number 1e999 is not finite"),
    "json_field": (
        b'{"ab": {"weight": 1}}',
        HotwordError,
        "'ab' has the field 'weight'. Its fields are word",
    ),
    "json_spoken": (b'{"ab": {"pronunciations": [1]}}', HotwordError, "'ab' has pronunciations that are no"),
    "json_bias": (b'{"ab": {"bias": "x"}}', HotwordError, "'ab' has the bias 'x', which is no number"),
    "message": (b'{"hotwords": "{\\"ab\\": []}"}', HotwordError, r"'ab' has the word bias \[\], which"),
    "not_utf8": ("ab\n保定\n".encode("gbk"), TextError, r"hot.txt:2: not UTF-8"),
    "utf16": ("ab".encode("utf-16"), TextError, "not UTF-8"),
    "json_broken": (b'{"ab": 1,\n "cd" 2}', HotwordError, r"hot.txt:2: begins with '\{' but is no JSON"),
    "json_list": (b'{"ab": [1]}', HotwordError, r"hotword 'ab' has the word bias \[1\], which is no number"),
    "json_bool": (b'{"ab": true}', HotwordError, "word bias True, which is no number"),
    "json_text": (b'{"ab": "high"}', HotwordError, "word bias 'high', which is no number"),
    "json_nan": (b'{"ab": NaN}', HotwordError, "'ab' has a word bias that is not finite"),
    "json_blank": (b'{" ": 1}', HotwordError, "hotword ' ' is blank"),
    "json_deep": (b'{"ab": ' + b"[" * 100000, HotwordError, "is no JSON object"),
}


@pytest.mark.parametrize(("content", "kind", "text"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file(tmp_path: Path, content: bytes, kind: type[Exception], text: str) -> None:
    path = tmp_path / "hot.txt"
    path.write_bytes(content)
    with pytest.raises(kind, match=text):
        read_hotwords(path)


BAD_VALUES: dict[str, tuple[object, str]] = {
    "bare_str": (
        "阳光保险",
        r"hotwords='阳光保险' is a str, but no file of that name exists\. Give the path",
    ),
    "bare_json": ('{"ab": 1', "begins with '{' but is no JSON object"),
    "empty_str": ("", "is a str, but no file"),
    "very_long_str": ("ab" * 5000, "is a str, but no file"),
    "zero_byte": ("a\0b", "is a str, but no file"),
    "number": (5, "cannot be read from int"),
    "bytes": (b"ab", "cannot be read from bytes"),
    "none": (None, "cannot be read from NoneType"),
    "item": (["ab", 5], "item 1 of the list is 5"),
    "triple": ([("ab", 1, 2)], "item 0 of the list is"),
    "blank": (["ab", " "], "item 1 of the list is blank"),
    "key": ({3: 4}, "is no str"),
    "nan": ({"ab": float("nan")}, "not finite"),
    "hotword_text": ([Hotword("ab", bias="x")], "has the bias 'x', which is no number"),  # type: ignore[arg-type]
    "hotword_nan": ([Hotword("ab", bias=float("inf"))], "bias that is not finite"),
    "large": ({"ab": 10**400}, "not finite"),
    "hotword_large": ([Hotword("ab", word_bias=10**400)], "bias that is not finite"),
    "digits": ('{"ab": 1' + 5000 * "0" + "}", "no JSON object|not finite"),
    "surrogate": (["ab\ud800"], "item 0 of the list has half of a surrogate pair"),
    "surrogate_pair": ({"ab\udfff": 1}, "has half of a surrogate pair"),
    "hotword_blank": ([Hotword(" ")], "item 0 of the list is blank"),
    "hotword_no_text": ([Hotword(3)], "item 0 of the list is no str"),  # type: ignore[arg-type]
    "hotword_surrogate": ([Hotword("ab\ud800")], "item 0 of the list has half of a surrogate pair"),
}


@pytest.mark.parametrize(("value", "text"), BAD_VALUES.values(), ids=BAD_VALUES)
def test_bad_value(value: object, text: str) -> None:
    with pytest.raises(HotwordError, match=text):
        read_hotwords(value)  # type: ignore[arg-type]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text(alphabet='ab:#@.019-e{}"\n\t\r\ufeff保 ,[]', max_size=40).map(lambda text: text.encode()),
    )
)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(content)
    try:
        hotwords = read_hotwords(path)
    except TlgError:
        return
    assert all(h.phrase and h.phrase == h.phrase.strip() and isfinite(h.word_bias) for h in hotwords)


def test_missing_path(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"hot.txt: no such file"):
        read_hotwords(tmp_path / "hot.txt")
