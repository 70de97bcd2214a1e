"""KenLM's binaries: three small ones that its build_binary made, and what is said where it fails."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

import tlg
from tlg.errors import ArpaError, MissingExtraError, MissingFileError, OptionError
from tlg.lm import KenlmModel, NgramModel, check_language_model, load_model

DATA = Path(__file__).resolve().parent / "data"
ARPA = DATA / "lm_goldens" / "abc.o3.arpa"
BINARIES = ["probing", "trie", "quantised"]
SENTENCES = [["a", "b", "c"], ["b", "zebra"], [], ["a"] * 5, ["c", "a", "b"]]


def binary(name: str) -> Path:
    return DATA / "kenlm" / f"abc.{name}.bin"


@pytest.fixture(params=BINARIES)
def model(request: pytest.FixtureRequest) -> KenlmModel:
    pytest.importorskip("kenlm", reason="the package kenlm is not installed")
    try:
        loaded = load_model(binary(request.param))
    except ArpaError as error:
        if "test values don't match" in str(error):
            pytest.skip("KenLM's binaries of x86-64 cannot be read here")
        raise
    assert isinstance(loaded, KenlmModel)
    return loaded


def test_scores_are_those_of_the_arpa_file(model: KenlmModel) -> None:
    arpa = NgramModel.load(ARPA)
    assert model.order == 3 and "a" in model and "zebra" not in model
    for sentence in SENTENCES:
        for ours, theirs in zip(arpa.score_sentence(sentence), model.score_sentence(sentence), strict=True):
            assert theirs.log10_prob == pytest.approx(ours.log10_prob, abs=2e-6)
            assert (theirs.word, theirs.order, theirs.oov) == (ours.word, ours.order, ours.oov)
        state, expected = model.begin(), arpa.begin()
        for word in sentence:
            state, score = model.score(state, word)
            expected, right = arpa.score(expected, word)
            assert score == pytest.approx(right, abs=1e-5)
        assert model.end(state) == pytest.approx(arpa.end(expected), abs=1e-5)
    assert model.score(model.begin(bos=False), "a")[1] == pytest.approx(
        arpa.score(arpa.begin(bos=False), "a")[1], abs=1e-5
    )


def test_the_contract_is_kept(model: KenlmModel) -> None:
    check_language_model(model, SENTENCES)
    one, two = model.score(model.begin(), "a")[0], model.score(model.begin(), "a")[0]
    assert one == two and len({one, two, model.begin()}) == 2


def test_perplexity(model: KenlmModel, tmp_path: Path) -> None:
    text = tmp_path / "test.txt"
    text.write_text("".join(" ".join(words) + "\n" for words in SENTENCES), encoding="utf-8")
    ours, theirs = NgramModel.load(ARPA).perplexity(text), tlg.lm.perplexity(model, text)
    assert theirs.ppl == pytest.approx(ours.ppl, rel=1e-5)
    assert (theirs.words, theirs.oovs, theirs.sentences) == (ours.words, ours.oovs, ours.sentences)
    assert not math.isnan(theirs.ppl1)


def test_what_cannot_be_had_says_so(model: KenlmModel, tmp_path: Path) -> None:
    remedy = "Give tlg the ARPA file that the binary was built from"
    for name in ("counts", "vocabulary", "core"):
        with pytest.raises(OptionError, match=remedy):
            getattr(model, name)
    with pytest.raises(OptionError, match=remedy):
        model.next_words(model.begin())
    with pytest.raises(OptionError, match=remedy):
        model.save(tmp_path / "lm.arpa")
    with pytest.raises(OptionError, match="no word ids"):
        model.score(model.begin(), 3)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no state of this model"):
        model.score(0, "a")
    with pytest.raises(OptionError, match="Split it"):
        model.score_sentence("a b")  # type: ignore[arg-type]
    assert "KenlmModel('abc." in repr(model)


def test_an_arpa_file_through_kenlm(tmp_path: Path) -> None:
    pytest.importorskip("kenlm", reason="the package kenlm is not installed")
    through = KenlmModel.load(ARPA)
    check_language_model(through, SENTENCES)
    assert isinstance(load_model(ARPA), NgramModel)
    (tmp_path / "bad.bin").write_bytes(binary("trie").read_bytes()[:100])
    with pytest.raises(ArpaError, match=r"bad\.bin: kenlm cannot read it: .*Make the binary again"):
        load_model(tmp_path / "bad.bin")
    with pytest.raises(MissingFileError):
        KenlmModel.load(tmp_path / "gone.bin")


def test_for_all_else_the_arpa_file_is_asked_for() -> None:
    with pytest.raises(ArpaError, match=r"KenLM binary.*KenlmModel\.load\(path\)"):
        NgramModel.load(binary("probing"))


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kenlm", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tlg\[kenlm\]'"):
        load_model(binary("trie"))
