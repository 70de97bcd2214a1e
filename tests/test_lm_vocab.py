"""Other vocabularies: what becomes of the probability of words that go, and of <unk>."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tlg
from tests.lm_change_cases import MODELS, contexts_of, dumped, loaded, random_model
from tests.reference import lm_change as twin
from tlg.lm import VocabularyReport, add_words, limit_vocabulary

few = settings(max_examples=40, deadline=None)
MODEL = random_model(1, order=3, words=6, density=0.6)


@few
@given(MODELS, st.integers(0, 2**6 - 1), st.sampled_from(["unk", "spread"]))
def test_limited_models_say_what_the_whole_one_does(model: dict[Any, Any], chosen: int, removed: str) -> None:
    words = [f"w{i}" for i in range(6) if chosen >> i & 1]
    source = dumped(loaded(model))
    if ("<unk>",) not in source and removed == "unk":
        with pytest.raises(tlg.errors.OptionError, match="no <unk> to take"):
            limit_vocabulary(loaded(model), words, removed=removed)
        return
    made = dumped(limit_vocabulary(loaded(model), words, removed=removed))
    assert len(made) <= len(source)
    stay = [word for word in twin.words_of(source) if word in (*words, "<unk>", "</s>")]
    assert set(twin.words_of(made)) == set(stay)
    goes = [word for word in twin.words_of(source) if word not in stay]
    for context in contexts_of(chosen, made):
        assert twin.total(made, context) == pytest.approx(1, abs=1e-6)
        if any(word in goes for word in context):
            continue
        whole = math.fsum(twin.prob(source, (*context, word)) for word in stay)
        gone = math.fsum(twin.prob(source, (*context, word)) for word in goes)
        for word in stay:
            old = twin.prob(source, (*context, word))
            wanted = old / whole if removed == "spread" else old + (gone if word == "<unk>" else 0.0)
            assert twin.prob(made, (*context, word)) == pytest.approx(wanted, rel=2e-5, abs=2e-7)


def test_report_of_a_limit_lists_what_is_not_there() -> None:
    made = limit_vocabulary(loaded(MODEL), ["w1", "zebra", "w2", "w1", "zebra", "<s>"])
    report = made.report
    assert isinstance(report, VocabularyReport)
    assert report.missing == ("zebra",)
    assert report.removed == 4
    assert report.before == loaded(MODEL).counts and report.after == made.counts
    assert "zebra" in str(report)


def test_words_come_from_files_too(tmp_path: Any) -> None:
    (tmp_path / "words.txt").write_text("w1\nw2 w3\n", encoding="utf-8")
    made = limit_vocabulary(loaded(MODEL), tmp_path / "words.txt")
    assert dumped(made) == dumped(limit_vocabulary(loaded(MODEL), ["w1", "w2", "w3"]))
    with pytest.raises(tlg.errors.MissingFileError):
        limit_vocabulary(loaded(MODEL), tmp_path / "none.txt")


def test_order_falls_where_no_long_ngram_stays() -> None:
    source: dict[tuple[str, ...], tuple[float, float]] = {
        ("<unk>",): (-1.0, 0.0),
        ("</s>",): (math.log10(0.5), 0.0),
        ("<s>",): (0.0, math.log10(0.8)),
        ("a",): (math.log10(0.4), 0.0),
        ("<s>", "a"): (math.log10(0.52), 0.0),
    }
    made = limit_vocabulary(loaded(source), [], removed="spread")
    assert made.counts == (3,)
    assert dumped(made)[("</s>",)][0] == pytest.approx(math.log10(0.5 / 0.6), abs=1e-6)


@few
@given(MODELS, st.integers(0, 10**6))
def test_added_words_have_their_share_and_sums_stay(model: dict[Any, Any], seed: int) -> None:
    rng = random.Random(seed)
    shares = {f"new{i}": rng.uniform(0.05, 0.3) for i in range(3)}
    source = dumped(loaded(model))
    if ("<unk>",) not in source:
        with pytest.raises(tlg.errors.OptionError, match="no <unk>"):
            add_words(loaded(model), shares)
        return
    made = dumped(add_words(loaded(model), shares))
    unk = twin.prob(source, ("<unk>",))
    for word, share in shares.items():
        assert twin.prob(made, (word,)) == pytest.approx(share * unk, rel=1e-5)
    assert twin.prob(made, ("<unk>",)) == pytest.approx((1 - sum(shares.values())) * unk, rel=1e-5)
    explicit = any(len(ngram) == 2 and ngram[1] == "<unk>" for ngram in source)
    for context in contexts_of(seed, made):
        assert twin.total(made, context) == pytest.approx(1, abs=1e-6)
        if explicit:
            continue
        for word in twin.words_of(source):
            if word != "<unk>":  # nobody else pays
                old = twin.prob(source, (*context, word))
                assert twin.prob(made, (*context, word)) == pytest.approx(old, rel=1e-6, abs=2e-7)


def test_new_words_share_equally() -> None:
    model = loaded(MODEL)
    made = add_words(model, ["one", "two", "w1", "one"], share=0.4)
    report = made.report
    assert isinstance(report, VocabularyReport)
    assert (report.added, report.present) == (("one", "two"), ("w1",))
    unk = twin.prob(dumped(model), ("<unk>",))
    for word in ("one", "two"):
        assert twin.prob(dumped(made), (word,)) == pytest.approx(0.2 * unk, rel=1e-6)
    assert made.vocabulary == (*model.vocabulary, "one", "two")
    assert dumped(add_words(model, ["w1"])) == dumped(model)


def test_kenlm_reads_and_agrees(tmp_path: Any) -> None:
    kenlm = pytest.importorskip("kenlm")
    model = loaded(MODEL)
    for made in (
        limit_vocabulary(model, ["w1", "w2", "w3"]),
        limit_vocabulary(model, ["w1", "w2", "w3"], removed="spread"),
        add_words(model, ["new"]),
    ):
        made.save(tmp_path / "changed.arpa")
        theirs = kenlm.Model(str(tmp_path / "changed.arpa"))
        for text in ("w1 w2 w3 w1", "new w1 w5 w2", "w3 nobody w3", ""):
            ours = sum(one.log10_prob for one in made.score_sentence(text.split()))
            assert theirs.score(text) == pytest.approx(ours, abs=2e-5)


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (["two words"], {}, "which is no word"),
        ([""], {}, "which is no word"),
        ([7], {}, "which is no word"),
        (["\ud800"], {}, "not UTF-8"),
        (7, {}, "words is a int"),
        (["a"], {"share": 0}, "share=0 is not above 0"),
        (["a"], {"share": 1.5}, "share=1.5"),
        ({"a": 0.0}, {}, "the share of 'a' is 0.0"),
        ({"a": 0.7, "b": 0.7}, {}, "the shares add to 1.4"),
    ],
)
def test_wrong_words(words: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(tlg.errors.OptionError, match=message):
        add_words(loaded(MODEL), words, **options)


def test_wrong_choice() -> None:
    with pytest.raises(tlg.errors.OptionError, match="removed='lost' is not known"):
        limit_vocabulary(loaded(MODEL), ["w1"], removed="lost")
