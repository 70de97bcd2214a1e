"""Results whose fields are worked out when they are read: to everybody else the same as plain ones."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tlg.decoder.result import Result, WordSpan, join_words

FIELDS: dict[str, Any] = {
    "text": "a b",
    "words": ["a", "b"],
    "word_spans": [WordSpan("a", 0, 1), WordSpan("b", 2, 3)],
    "tokens": ["a", "b"],
    "token_spans": [(0, 1), (2, 3)],
    "score": -3.0,
    "am_score": -1.0,
    "lm_score": -2.0,
    "word_score": 0.0,
    "blank_score": 0.0,
    "hotword_score": 0.0,
    "hotwords": [],
    "partial": False,
    "num_frames": 4,
    "nbest": [],
    "confidence": None,
    "lattice": None,
    "mbr": None,
    "lattice_beam": None,
    "hotwords_version": 0,
}


def deferred(asked: list[str]) -> Result:
    def read(result: Result, name: str) -> Any:
        asked.append(name)
        return " ".join(result.words) if name == "text" else FIELDS[name]

    return Result.deferred(read)


def test_fields_are_worked_out_once_and_only_when_read() -> None:
    asked: list[str] = []
    result = deferred(asked)
    assert asked == []
    assert result.text == "a b"
    assert result.text == "a b"
    assert asked == ["text", "words"]


def test_threads_that_read_at_once_get_one_object() -> None:
    both = threading.Barrier(2)

    def read(result: Result, name: str) -> Any:
        both.wait(timeout=10)  # each thread is about to make a value of its own
        return ["a"]

    result = Result.deferred(read)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: result.words, range(2))
    assert first is second
    assert result.words is first


def test_is_the_same_as_a_plain_result() -> None:
    plain = Result(**FIELDS)
    assert deferred([]) == plain
    assert plain == deferred([])
    assert repr(deferred([])) == repr(plain)
    assert dataclasses.asdict(deferred([])) == dataclasses.asdict(plain)
    assert dataclasses.replace(deferred([]), score=0.0) == dataclasses.replace(plain, score=0.0)
    for other in (
        pickle.loads(pickle.dumps(deferred([]))),
        copy.copy(deferred([])),
        copy.deepcopy(deferred([])),
    ):
        assert other == plain


def test_is_frozen_and_has_no_other_attributes() -> None:
    result = deferred([])
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.text = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="'Result' object has no attribute 'txt'"):
        _ = result.txt
    assert not hasattr(Result(**FIELDS), "_nothing")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], ""),
        (["one"], "one"),
        (["one", "two"], "one two"),
        (["one", "", "two"], "one two"),
        (["", "one"], "one"),
        (["größe", "два"], "größe два"),
        (["你", "好"], "你好"),
        (["你", "ok", "好"], "你 ok 好"),
        (["한국", "말"], "한국 말"),
    ],
)
def test_join_words(words: list[str], text: str) -> None:
    assert join_words(words) == text
