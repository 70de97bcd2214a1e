"""Pruning by relative entropy, against a twin that sums the distance over the whole vocabulary."""

from __future__ import annotations

import lzma
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tlg
from tests.lm_change_cases import MODELS, arpa, contexts_of, dumped, loaded, random_model
from tests.reference import lm_change as twin
from tlg.lm import NgramModel, PruneReport, prune

few = settings(max_examples=40, deadline=None)


def changes(model: twin.Model, history: twin.Model) -> dict[tuple[str, ...], float]:
    contexts = twin.chain_probs(model, history)
    return {n: twin.perplexity_change(model, contexts, n) for n in model if len(n) > 1}


def between(values: list[float], at: float) -> float:
    """A threshold that is not within rounding of any value; 0 where there is none."""
    ordered = sorted(values)
    for low, high in zip(
        ordered[int(at * len(ordered)) :], ordered[int(at * len(ordered)) + 1 :], strict=False
    ):
        if low > 1e-6 and high > low * 1.01:
            return (low + high) / 2
    return 0.0


@few
@given(MODELS, st.floats(0, 0.95))
def test_what_goes_is_what_the_twin_says(model: dict[tuple[str, ...], Any], at: float) -> None:
    source = dumped(loaded(model))  # closed, in float32
    threshold = between(list(changes(source, source).values()), at)
    kept, suffixes = twin.pruned(source, twin.chain_probs(source, source), threshold)
    made = prune(loaded(model), threshold, suffixes="backoff")
    assert set(dumped(made)) == kept | suffixes
    report = made.report
    assert isinstance(report, PruneReport)
    assert sum(report.suffixes) == len(suffixes)


@few
@given(
    MODELS, st.floats(0, 0.95), st.sampled_from(["keep", "backoff"]), st.sampled_from(["chain", "stationary"])
)
def test_sums_stay(model: dict[tuple[str, ...], Any], at: float, suffixes: str, history: str) -> None:
    source = loaded(model)
    threshold = between(list(changes(dumped(source), dumped(source)).values()), at)
    made = dumped(prune(source, threshold, suffixes=suffixes, history=history))
    before = dumped(source)
    for context in contexts_of(1, made):
        assert twin.total(made, context) == pytest.approx(1, abs=1e-6)
    for ngram, (log10_prob, _) in made.items():
        if suffixes == "keep":
            assert log10_prob == before[ngram][0]


def test_threshold_zero_changes_nothing() -> None:
    model = loaded(random_model(3, order=4, words=6))
    assert dumped(prune(model, 0.0)) == dumped(model)
    assert dumped(prune(model, ngrams=10**9)) == dumped(model)


def test_srilm_model_is_that_of_made_up_suffixes() -> None:
    """A made-up suffix scores as if it were not there."""
    source = dumped(loaded(random_model(8, order=3, words=8, density=0.6)))
    threshold = between(list(changes(source, source).values()), 0.6)
    kept, suffixes = twin.pruned(source, twin.chain_probs(source, source), threshold)
    assert suffixes
    made = dumped(prune(loaded(source), threshold, suffixes="backoff"))
    bare = {ngram: value for ngram, value in made.items() if ngram in kept}
    for suffix in suffixes:
        # Backoffs of a suffix that is a context are needed still; its probability is not.
        assert twin.prob(bare, suffix) == pytest.approx(twin.prob(made, suffix), rel=1e-6)


def test_a_number_of_ngrams_is_met_exactly_and_grows() -> None:
    model = loaded(random_model(4, order=4, words=8, density=0.6))
    total, unigrams = sum(model.counts), model.counts[0]
    last: set[tuple[str, ...]] = set()
    for wanted in range(unigrams, total + 1):
        made = prune(model, ngrams=wanted)
        assert sum(made.counts) == wanted
        kept = set(dumped(made))
        assert last <= kept
        last = kept
    with pytest.raises(tlg.errors.OptionError, match=f"fewer than the {unigrams} that must stay"):
        prune(model, ngrams=unigrams - 1)


def test_a_number_is_the_model_of_its_threshold() -> None:
    model = loaded(random_model(4, order=4, words=8, density=0.6))
    made = prune(model, ngrams=sum(model.counts) // 2)
    assert isinstance(made.report, PruneReport)
    assert dumped(prune(model, made.report.threshold)) == dumped(made)


def test_numbers_per_order_are_limits() -> None:
    model = loaded(random_model(5, order=3, words=8, density=0.6))
    unigrams, bigrams, trigrams = model.counts
    made = prune(model, ngrams=(unigrams, bigrams // 2, trigrams // 4))
    assert made.counts[:2] == (unigrams, bigrams // 2)
    assert made.counts[2] <= trigrams // 4
    assert prune(model, ngrams=(unigrams, 0, 0)).order == 1
    with pytest.raises(tlg.errors.OptionError, match="order 3"):
        prune(model, ngrams=(10, 10))


def test_min_order_spares_the_shorter() -> None:
    model = loaded(random_model(6, order=3, words=6, density=0.6))
    made = prune(model, 10.0, min_order=3)
    assert made.counts == model.counts[:2]
    assert prune(model, 10.0).counts == model.counts[:1]


def test_history_of_another_model_decides() -> None:
    source = dumped(loaded(random_model(9, order=3, words=6, density=0.7)))
    other = dumped(loaded(random_model(10, order=2, words=4, density=0.7)))
    contexts = twin.chain_probs(source, other)
    # words that the other model lacks share its <unk>
    missing = sum((word,) not in other for word in twin.words_of(source))
    for ngram in contexts:
        unknown = sum((word,) not in other for word in ngram)
        contexts[ngram] /= (missing + 1) ** (unknown + ngram.count("<unk>"))
    every = {n: twin.perplexity_change(source, contexts, n) for n in source if len(n) > 1}
    threshold = between(list(every.values()), 0.5)
    assert threshold > 0
    kept, suffixes = twin.pruned(source, contexts, threshold)
    made = prune(loaded(source), threshold, history_model=loaded(other), suffixes="backoff")
    assert set(dumped(made)) == kept | suffixes


def test_stationary_weights_are_frequencies_of_what_the_model_writes() -> None:
    """Against power iteration over whole histories of two words, all of them."""
    source = dumped(loaded(random_model(11, order=3, words=3, density=0.6)))
    words = twin.words_of(source)
    mass: dict[tuple[str, ...], float] = {("<s>",): 1.0}
    for _ in range(300):
        following: dict[tuple[str, ...], float] = {}
        for history, share in mass.items():
            for word in words:
                to = ("<s>",) if word == "</s>" else (*history, word)[-2:]
                following[to] = following.get(to, 0.0) + share * twin.prob(source, (*history, word))
        mass = following
    contexts = {}
    for ngram in source:
        contexts[ngram] = math.fsum(s for h, s in mass.items() if h[-len(ngram) :] == ngram)
    every = {n: twin.perplexity_change(source, contexts, n) for n in source if len(n) > 1}
    chain = changes(source, source)
    assert any(abs(every[n] - chain[n]) > 0.1 * chain[n] for n in every)  # or it would show nothing
    for at in (0.2, 0.5, 0.8):
        threshold = between(list(every.values()), at)
        kept, suffixes = twin.pruned(source, contexts, threshold)
        made = prune(loaded(source), threshold, history="stationary", suffixes="backoff")
        assert set(dumped(made)) == kept | suffixes


def test_odd_models_are_pruned_too() -> None:
    """Sums that are not 1 stay what they were: a model that lost its <unk>, one with odd backoffs."""
    whole = random_model(12, order=3, words=6, density=0.6)
    lacking = {ngram: value for ngram, value in whole.items() if "<unk>" not in ngram}
    skewed = {ngram: (p, b + 0.05) for ngram, (p, b) in whole.items()}
    for model in (lacking, skewed):
        source = loaded(model)
        made = dumped(prune(source, 0.01))
        before = dumped(source)
        assert len(made) < len(before)
        for context in contexts_of(2, made):
            if context in made or not context:
                assert twin.total(made, context) == pytest.approx(twin.total(before, context), abs=1e-5)


def test_kenlm_reads_and_agrees(tmp_path: Any) -> None:
    kenlm = pytest.importorskip("kenlm")
    made = prune(loaded(random_model(13, order=3, words=8, density=0.6)), 0.005)
    made.save(tmp_path / "pruned.arpa")
    theirs = kenlm.Model(str(tmp_path / "pruned.arpa"))
    for sentence in ("w1 w2 w3", "w0", "", "w7 w7 w1 nothing w2"):
        ours = sum(one.log10_prob for one in made.score_sentence(sentence.split()))
        assert theirs.score(sentence) == pytest.approx(ours, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either a threshold or ngrams"),
        ({"threshold": 1e-8, "ngrams": 5}, "either a threshold or ngrams"),
        ({"threshold": -1.0}, "not a number from 0 on"),
        ({"threshold": math.nan}, "not a number from 0 on"),
        ({"threshold": "1e-8"}, "not a number from 0 on"),
        ({"ngrams": "many"}, "no number of n-grams"),
        ({"ngrams": -1}, "no number of n-grams"),
        ({"threshold": 1e-8, "history": "kn"}, "history='kn' is not known"),
        ({"threshold": 1e-8, "suffixes": "drop"}, "suffixes='drop' is not known"),
        ({"threshold": 1e-8, "min_order": 0}, "min_order=0"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(tlg.errors.OptionError, match=message):
        prune(loaded(random_model(1)), **options)


def test_report_says_what_came_of_it() -> None:
    made = prune(loaded(random_model(5, order=3, words=8, density=0.6)), 0.01, suffixes="backoff")
    report = made.report
    assert isinstance(report, PruneReport)
    assert report.after == made.counts
    assert "n-grams, now" in str(report)
    assert report.as_dict()["threshold"] == 0.01
    report = prune(made, ngrams=made.counts[0]).report
    assert isinstance(report, PruneReport)
    assert report.as_dict()["threshold"] is None


def test_penn_treebank_is_pruned_as_by_kaldi(shared: Any, tmp_path: Any) -> None:
    """What kaldingram 0.1.2 (kaldi's and icefall's script) leaves of lmplz's trigrams.

    It gives a first <s> the probability 1, where SRILM takes that of </s>: the figures are of its run on
    the model with p(<s>) = p(</s>).
    """
    packed = (shared / "data" / "text" / "en" / "ptb.train.txt.xz").read_bytes()
    text = lzma.decompress(packed).decode("utf-8")
    (tmp_path / "train.txt").write_text(text.replace("<unk>", "<oov>"), encoding="utf-8")
    model = tlg.lm.train(tmp_path / "train.txt", order=3)
    wanted = {1e-8: (264860, 549578), 1e-7: (257301, 321879), 1e-6: (150416, 49897)}
    for threshold, (bigrams, trigrams) in wanted.items():
        report = prune(model, threshold, suffixes="backoff").report
        assert isinstance(report, PruneReport)
        # an n-gram or two at the very threshold go by the last digit of a float32
        assert report.after[1] - report.suffixes[1] == pytest.approx(bigrams, abs=3)
        assert report.after[2] == pytest.approx(trigrams, abs=3)


def test_models_stay_as_they_are() -> None:
    model = loaded(random_model(5, order=3, words=8))
    before = dumped(model)
    prune(model, 0.1)
    assert dumped(model) == before
    assert arpa(before).startswith("\\data\\")
    assert isinstance(model, NgramModel)
