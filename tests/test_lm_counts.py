"""Counts that outlive their text: files, sums, training; against counting by hand."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import tlg
from tests.lm_change_cases import dumped
from tlg.lm import NgramCounts, count, merge_counts, train

TEXT = [["a", "b", "c"], ["a", "b"], ["b", "c", "a"], ["a"], []]


def sentences(seed: int, number: int = 60) -> list[list[str]]:
    rng = random.Random(seed)
    return [[f"w{rng.randrange(8)}" for _ in range(rng.randrange(9))] for _ in range(number)]


def by_hand(texts: list[list[str]], order: int) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        padded = ("<s>", *text, "</s>")
        for k in range(1, order + 1):
            for i in range(len(padded) - k + 1):
                found[padded[i : i + k]] += 1
    return found


def in_file(path: Path) -> dict[tuple[str, ...], int]:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return {tuple(row[0].split(" ")): int(row[1]) for row in rows}


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("texts", [TEXT, sentences(1)], ids=["toy", "random"])
def test_a_file_holds_every_ngram(order: int, texts: list[list[str]], tmp_path: Path) -> None:
    count(texts, order=order).save(tmp_path / "counts")
    assert in_file(tmp_path / "counts") == by_hand(texts, order)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "options", [{}, {"smoothing": "wb"}, {"smoothing": "absolute"}, {"count_of_counts": "exact"}]
)
def test_training_from_counts_is_training_from_text(
    order: int, options: dict[str, Any], tmp_path: Path
) -> None:
    texts = sentences(2)
    wanted = dumped(train(texts, order=order, **options))
    counts = count(texts, order=order)
    assert dumped(train(counts, order=order, **options)) == wanted
    counts.save(tmp_path / "counts.gz")
    assert (
        dumped(train(NgramCounts.load(tmp_path / "counts.gz", order=order), order=order, **options)) == wanted
    )


def test_lower_orders_follow_from_higher_ones() -> None:
    texts = sentences(3)
    for order in (1, 2, 3):
        assert dumped(train(count(texts, order=4), order=order)) == dumped(train(texts, order=order))


def test_sums_are_those_of_texts_one_after_another(tmp_path: Path) -> None:
    one, two = sentences(4), [[w.replace("w1", "new") for w in text] for text in sentences(5)]
    merged = merge_counts([count(one, order=3), count(two, order=4)], [1, 2])
    assert merged.order == 3
    wanted = dumped(train([*one, *two, *two], order=3))
    assert dumped(train(merged, order=3)) == wanted
    count(one, order=3).save(tmp_path / "one")
    count(two, order=3).save(tmp_path / "two.xz")
    read = NgramCounts.load([tmp_path / "one", tmp_path / "two.xz", tmp_path / "two.xz"], order=3)
    assert dumped(train(read, order=3)) == wanted
    assert (read.num_sentences, read.num_words) == (180, sum(map(len, [*one, *two, *two])))


def test_a_file_in_any_order_and_with_repeats_is_the_same(tmp_path: Path) -> None:
    count(TEXT, order=3).save(tmp_path / "counts")
    lines = (tmp_path / "counts").read_text(encoding="utf-8").splitlines()
    words = [line for line in lines if line.count(" ") == 0]
    rest = [line for line in lines if line.count(" ") > 0]
    random.Random(1).shuffle(rest)
    spread = "\r\n".join([*words, "", *rest]).replace("\t", " ")
    (tmp_path / "other").write_text(spread, encoding="utf-8")
    wanted = dumped(train(TEXT, order=3))
    assert dumped(train(NgramCounts.load(tmp_path / "other", order=3), order=3)) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b\t1\na\n", r"counts:2: no count"),
        ("a b\tmany\n", r"counts:1: the count 'many' is no whole number"),
        ("a b\t-1\n", r"the count '-1' is no whole number"),
        ("a b\t1.5\n", r"the count '1.5' is no whole number"),
        ("a b\t99999999999999999999\n", r"no whole number below 2\^32"),
        ("a b c\t1\n", r"counts:1: 3 words, where n-grams of order 2 are read"),
        ("a <s>\t1\n", r"<s> or </s> in the middle"),
        ("</s> a\t1\n", r"<s> or </s> in the middle"),
    ],
)
def test_wrong_files(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "counts").write_text(text, encoding="utf-8")
    with pytest.raises(tlg.errors.TextError, match=message):
        NgramCounts.load(tmp_path / "counts", order=2)


def test_what_cannot_be_trained_on_is_refused(tmp_path: Path) -> None:
    (tmp_path / "counts").write_text("a\t1\n", encoding="utf-8")
    with pytest.raises(tlg.errors.TextError, match="no n-grams of order 2"):
        train(NgramCounts.load(tmp_path / "counts", order=2), order=2)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe a\t1\n")
    with pytest.raises(tlg.errors.TextError, match="not UTF-8"):
        NgramCounts.load(tmp_path / "bytes", order=2)
    counts = count(TEXT, order=2)
    with pytest.raises(tlg.errors.OptionError, match="the counts are of order 2"):
        train(counts, order=3)
    with pytest.raises(tlg.errors.OptionError, match="for texts, not for counts"):
        train(counts, order=2, symbols="unk")
    with pytest.raises(tlg.errors.TextError, match="the text is empty"):
        count([], order=2)
    for options, message in (
        (([counts], [0]), "no whole number from 1 on"),
        (([counts], [1, 2]), "2 times for 1 counts"),
        (([], None), "no counts to merge"),
    ):
        with pytest.raises(tlg.errors.OptionError, match=message):
            merge_counts(*options)
    huge = merge_counts([counts], [2**32 - 1])
    with pytest.raises(tlg.errors.TextError, match=r"2\^32 times or more"):
        train(huge, order=2)
