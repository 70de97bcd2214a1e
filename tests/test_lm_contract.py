"""Any class that keeps the contract works where an NgramModel does; one that breaks it is told how."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tlg.lm
from tests.lm_contract_cases import RIGHT, WRONG, Batched, Distributed, Foreign, Knowing, Positive
from tlg.errors import ContractError, OptionError, TextError
from tlg.lm import LanguageModel, NgramModel, check_language_model
from tlg.lm.contract import BatchedModel, DistributionModel
from tlg.lm.kenlm_model import KenlmModel

GOLDENS = Path(__file__).resolve().parent / "data" / "lm_goldens"
SENTENCES = [["a", "b", "zebra"], ["c"]]


@pytest.fixture(scope="module")
def model() -> NgramModel:
    return NgramModel.load(GOLDENS / "abc.o3.arpa")


def test_an_ngram_model_keeps_it(model: NgramModel) -> None:
    keeps: LanguageModel[int] = model
    check_language_model(keeps, SENTENCES)
    assert isinstance(model, LanguageModel | BatchedModel | DistributionModel)


@pytest.mark.parametrize("kind", RIGHT)
def test_right_ones(kind: type[Foreign], model: NgramModel) -> None:
    check_language_model(kind(model), SENTENCES)


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_ones(kind: type[Foreign], model: NgramModel) -> None:
    with pytest.raises(ContractError, match=WRONG[kind]):
        check_language_model(kind(model), SENTENCES)


def test_what_is_no_model(model: NgramModel) -> None:
    with pytest.raises(OptionError, match="str is no language model: it has no begin, score, end"):
        check_language_model("lm.arpa", SENTENCES)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no sentence to try"):
        check_language_model(model, [])
    with pytest.raises(OptionError, match="dict is no language model"):
        tlg.lm.perplexity({}, SENTENCES)  # type: ignore[arg-type]


def text_file(folder: Path) -> Path:
    path = folder / "test.txt"
    path.write_bytes(b"a b c\n\nc\tzebra  a\r\n" * 300 + b"b")
    return path


@pytest.mark.parametrize("kind", RIGHT)
def test_perplexity_is_the_same(kind: type[Foreign], model: NgramModel, tmp_path: Path) -> None:
    path = text_file(tmp_path)
    options: dict[str, Any] = {
        "per_sentence": True,
        "oov": "exclude" if kind in (Knowing, Batched) else "include",
    }
    ours, theirs = model.perplexity(path, **options), tlg.lm.perplexity(kind(model), path, **options)
    assert theirs.hits == () and theirs.hit_rates == ()
    assert (theirs.sentences, theirs.words, theirs.tokens) == (ours.sentences, ours.words, ours.tokens)
    assert theirs.oovs == (ours.oovs if kind in (Knowing, Batched) else 0)
    for name in ("log10_prob", "ppl", "ppl1", "ppl_including_oov"):
        assert getattr(theirs, name) == pytest.approx(getattr(ours, name), rel=1e-6)
    assert len(theirs.per_sentence) == len(ours.per_sentence)
    for one, other in zip(theirs.per_sentence, ours.per_sentence, strict=True):
        assert one.text == other.text and one.log10_prob == pytest.approx(other.log10_prob, rel=1e-6)


def test_words_that_never_come(model: NgramModel) -> None:
    class Never(Foreign):
        def score(self, state: int, word: str) -> tuple[int, float]:
            after, score = super().score(state, word)
            return after, -math.inf if word == "b" else score

    result = tlg.lm.perplexity(Never(model), [["a", "b"]])
    assert result.zeroprobs == 1 and result.ppl_including_oov == math.inf and math.isfinite(result.ppl)


def test_bad_text_and_bad_scores(model: NgramModel, tmp_path: Path) -> None:
    path = tmp_path / "test.txt"
    path.write_bytes(b"a\nb <s>\n")
    with pytest.raises(TextError, match=r"test.txt:2: '<s>' is in the text"):
        tlg.lm.perplexity(Foreign(model), path)
    path.write_bytes(b"a\nb\nc \xff\n")
    with pytest.raises(TextError, match=r"test.txt:3: not UTF-8"):
        tlg.lm.perplexity(Foreign(model), path)
    with pytest.raises(TextError, match="sentence 1: '</s>' is in the text"):
        tlg.lm.perplexity(Foreign(model), [["</s>"]])
    with pytest.raises(TextError, match="sentence 2 holds something that is no text"):
        tlg.lm.perplexity(Foreign(model), [["a"], [1]])  # type: ignore[list-item]
    with pytest.raises(ContractError, match=r"Positive gives 'a' the score 0\.5"):
        tlg.lm.perplexity(Positive(model), [["a"]])


def test_generation_is_the_same(model: NgramModel) -> None:
    cases: list[dict[str, Any]] = [
        {"seed": 1, "n": 20},
        {"method": "argmax"},
        {"method": "beam", "n": 4, "max_words": 5},
    ]
    for options in cases:
        ours = model.generate(**options)
        theirs = tlg.lm.generate(Distributed(model), **options)
        assert [one.words for one in theirs] == [one.words for one in ours]
        assert [one.score for one in theirs] == pytest.approx([one.score for one in ours], abs=1e-5)
    with pytest.raises(OptionError, match="Foreign cannot generate: it has no next_distribution"):
        tlg.lm.generate(Foreign(model))


def test_generation_checks_the_shape(model: NgramModel) -> None:
    class Narrow(Distributed):
        def next_distribution(self, state: int) -> Any:
            return np.zeros(3)

    with pytest.raises(ContractError, match=r"the shape \(3,\), not \(6,\)"):
        tlg.lm.generate(Narrow(model))


def test_a_kenlm_binary_is_a_model_like_any_other(model: NgramModel) -> None:
    pytest.importorskip("kenlm", reason="the oracle kenlm-ex is not installed")
    theirs = KenlmModel.load(GOLDENS / "abc.o3.arpa")
    check_language_model(theirs, SENTENCES)
    assert not hasattr(theirs, "vocabulary") and not hasattr(theirs, "core")
    ours, found = model.perplexity(SENTENCES), tlg.lm.perplexity(theirs, SENTENCES)
    assert found.oovs == ours.oovs == 1 and found.ppl == pytest.approx(ours.ppl, rel=1e-5)
    mixed = tlg.lm.MixedModel([model, theirs], [0.5, 0.5])
    assert tlg.lm.perplexity(mixed, [["a", "b"]]).ppl == pytest.approx(
        model.perplexity([["a", "b"]]).ppl, rel=1e-5
    )
