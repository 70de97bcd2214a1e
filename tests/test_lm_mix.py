"""Mixtures, against twins that mix word by word from the definition."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tlg
from tests.lm_change_cases import MODELS, contexts_of, dumped, loaded, random_model
from tests.reference import lm_change as twin
from tlg.lm import MixedModel, MixReport, NgramModel, check_language_model, learn_weights, mix

Dict = dict[tuple[str, ...], tuple[float, float]]
few = settings(max_examples=30, deadline=None)
A = random_model(1, order=3, words=5, density=0.6)
B = random_model(2, order=2, words=4, first=2, density=0.6)  # w2 to w5: other words, another order
C = random_model(3, order=4, words=3, density=0.6)


def events(*models: twin.Model) -> list[str]:
    return list(dict.fromkeys(word for model in models for word in twin.words_of(model)))


def sentences(seed: int, count: int, words: int = 6) -> list[list[str]]:
    rng = random.Random(seed)
    return [[f"w{rng.randrange(words)}" for _ in range(rng.randrange(8))] for _ in range(count)]


def histories(texts: list[list[str]]) -> list[tuple[str, ...]]:
    """Each token with all words before it."""
    return [("<s>", *text, "</s>")[: i + 2] for text in texts for i in range(len(text) + 1)]


def without_unk_contexts(model: twin.Model) -> Dict:
    """As lmplz makes models: <unk> is a unigram and nothing else."""
    kept = {n: v for n, v in model.items() if len(n) == 1 or "<unk>" not in n}
    made = dumped(loaded(kept))
    for context in sorted({n[:-1] for n in made if len(n) > 1}, key=len):
        seen = [n for n in made if n[:-1] == context and len(n) == len(context) + 1]
        left = 1 - math.fsum(twin.prob(made, n) for n in seen)
        lower = twin.total(made, context[1:]) - math.fsum(twin.prob(made, n[1:]) for n in seen)
        made[context] = (made[context][0], math.log10(left / lower))
    return made


@few
@given(MODELS, MODELS, st.floats(0.05, 0.95))
def test_linear_mixture_of_seen_ngrams_and_sums(a: dict[Any, Any], b: dict[Any, Any], weight: float) -> None:
    models = [loaded(a), loaded(b)]
    parts = [dumped(model) for model in models]
    made = dumped(mix(models, [weight, 1 - weight]))
    everything = events(*parts)
    assert set(made) >= set(parts[0]) | set(parts[1])
    for ngram in made:
        if ngram[-1] != "<s>":
            wanted = twin.linear(parts, (weight, 1 - weight), ngram, everything)
            assert twin.prob(made, ngram) == pytest.approx(wanted, rel=2e-6, abs=1e-12)
    for context in contexts_of(3, made):
        assert twin.total(made, context) == pytest.approx(1, abs=1e-6)


@few
@given(MODELS, MODELS, st.floats(-0.2, 1.5), st.floats(0.1, 1.5))
def test_loglinear_mixture_is_exact_for_all_words(
    a: dict[Any, Any], b: dict[Any, Any], one: float, two: float
) -> None:
    a, b = (without_unk_contexts(model) for model in (a, b))
    if any(("<unk>",) not in model for model in (a, b)):
        return  # where a model gives words nothing the product is nothing, see below
    made = dumped(mix([loaded(a), loaded(b)], [one, two], method="loglinear"))
    everything = events(a, b)
    for context in contexts_of(4, made, 4):
        for word in everything:
            wanted = twin.loglinear([a, b], (one, two), (*context, word), everything)
            # little mass left to back off with is 1 less the float32 numbers that are seen
            assert twin.prob(made, (*context, word)) == pytest.approx(wanted, rel=1e-5, abs=2e-7)
        assert twin.total(made, context) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("method", ["linear", "loglinear"])
def test_a_model_mixed_with_itself_is_itself(method: str) -> None:
    model = loaded(C)
    made, source = dumped(mix([model, model, model], [0.2, 0.5, 0.3], method=method)), dumped(model)
    assert set(made) == set(source)
    for ngram, (log10_prob, backoff) in source.items():
        assert made[ngram] == pytest.approx((log10_prob, backoff), abs=2e-6)


def test_a_word_one_model_lacks_shares_its_unk_or_has_nothing() -> None:
    models = [loaded(A), loaded(B)]
    a, b = dumped(models[0]), dumped(models[1])
    shared = dumped(mix(models, [0.25, 0.75]))
    # w0 and w1 are not in B, which has three equal shares for them and <unk>
    wanted = 0.25 * twin.prob(a, ("w0",)) + 0.75 * twin.prob(b, ("<unk>",)) / 3
    assert twin.prob(shared, ("w0",)) == pytest.approx(wanted, rel=1e-6)
    zero = dumped(mix(models, [0.25, 0.75], unknown="zero"))
    assert twin.prob(zero, ("w0",)) == pytest.approx(0.25 * twin.prob(a, ("w0",)), rel=1e-6)
    unk = 0.25 * twin.prob(a, ("<unk>",)) + 0.75 * twin.prob(b, ("<unk>",))
    assert twin.prob(zero, ("<unk>",)) == pytest.approx(unk, rel=1e-6)
    for context in contexts_of(5, zero):
        assert twin.total(zero, context) == pytest.approx(1, abs=1e-6)


def test_unk_by_another_name_is_the_same_word() -> None:
    renamed = {tuple(w.replace("<unk>", "<UNK>") for w in n): v for n, v in A.items()}
    made = dumped(mix([loaded(A), loaded(renamed)], [0.5, 0.5]))
    source = dumped(loaded(A))
    assert set(made) == set(source)
    for ngram in source:
        assert made[ngram] == pytest.approx(source[ngram], abs=2e-6)


def token_probs(models: list[twin.Model], texts: list[list[str]]) -> list[list[float]]:
    everything = events(*models)
    return [
        twin.mixed_parts(models, history, everything)
        for history in histories(texts)
        if history[-1] in everything
    ]


def test_em_is_that_of_the_twin_and_never_falls() -> None:
    models = [loaded(A), loaded(B), loaded(C)]
    texts = [*sentences(5, 60), ["w1", "nobody", "w2"]]
    learnt = learn_weights(models, texts)
    probs = token_probs([dumped(model) for model in models], texts)
    assert (learnt.tokens, learnt.oovs) == (len(probs), 1)
    weights = [1 / 3] * 3
    for ppl, found in learnt.history:
        assert found == pytest.approx(weights, abs=1e-6)
        assert ppl == pytest.approx(math.exp(-twin.score(weights, probs)), rel=1e-6)
        weights = twin.em_round(weights, probs)
    ppls = [ppl for ppl, _ in learnt.history]
    assert all(later <= earlier * (1 + 1e-12) for earlier, later in itertools.pairwise(ppls))
    best = twin.score(learnt.weights, probs)
    for i in range(3):  # nowhere near is better
        for aside in (0.01, -0.01):
            moved = [max(w + (aside if i == j else 0), 0) for j, w in enumerate(learnt.weights)]
            assert twin.score([w / sum(moved) for w in moved], probs) <= best + 1e-9


def test_loglinear_weights_are_the_best_there_are() -> None:
    parts = [without_unk_contexts(A), without_unk_contexts(B)]
    texts = sentences(6, 30)
    models = [loaded(part) for part in parts]
    learnt = learn_weights(models, texts, method="loglinear")
    everything = events(*parts)

    def score(weights: tuple[float, ...]) -> float:
        tokens = [h for h in histories(texts) if h[-1] in everything]
        return math.fsum(
            math.log(twin.loglinear(parts, weights, (*h[:-1][-2:], h[-1]), everything)) for h in tokens
        ) / len(tokens)

    best = score(learnt.weights)
    assert learnt.ppl == pytest.approx(math.exp(-best), rel=1e-5)
    assert learnt.ppl <= learnt.history[0][0]
    for i in range(2):
        for aside in (0.02, -0.02):
            moved = tuple(w + (aside if i == j else 0) for j, w in enumerate(learnt.weights))
            assert score(moved) < best
    # the model of these weights says the same
    made = mix(models, learnt.weights, method="loglinear")
    tokens = [one.log10_prob for text in texts for one in made.score_sentence(text)]
    assert 10 ** (-math.fsum(tokens) / len(tokens)) == pytest.approx(learnt.ppl, rel=1e-5)


def test_models_that_say_the_same_can_be_tuned() -> None:
    model = loaded(without_unk_contexts(A))
    learnt = learn_weights([model, model], sentences(7, 20, 4), method="loglinear")
    assert learnt.ppl <= learnt.history[0][0] and all(map(math.isfinite, learnt.weights))


def test_heldout_mixes_and_reports() -> None:
    models = [loaded(A), loaded(B)]
    texts = sentences(8, 40)
    made = mix(models, heldout=texts)
    report = made.report
    assert isinstance(report, MixReport)
    assert report.weights == learn_weights(models, texts).weights
    assert report.after == made.counts and report.history[-1][0] < report.history[0][0]
    assert "held-out perplexity" in str(report) and report.as_dict()["tokens"] == report.tokens


def test_kenlm_reads_and_agrees(tmp_path: Any) -> None:
    kenlm = pytest.importorskip("kenlm")
    for method in ("linear", "loglinear"):
        made = mix([loaded(A), loaded(B)], [0.4, 0.6], method=method)
        made.save(tmp_path / "mixed.arpa")
        theirs = kenlm.Model(str(tmp_path / "mixed.arpa"))
        for text in sentences(9, 10, 8):
            ours = sum(one.log10_prob for one in made.score_sentence(text))
            assert theirs.score(" ".join(text)) == pytest.approx(ours, abs=2e-5)


class Own:
    """A model of the caller's: a twin model behind the contract."""

    def __init__(self, model: twin.Model, vocabulary: bool = True) -> None:
        self.model = model
        if vocabulary:
            self.vocabulary = [ngram[0] for ngram in model if len(ngram) == 1]

    def begin(self) -> tuple[str, ...]:
        return ("<s>",)

    def score(self, state: tuple[str, ...], word: str) -> tuple[tuple[str, ...], float]:
        words = twin.known(self.model, (*state, word))
        return words[-3:], self._log(words)

    def end(self, state: tuple[str, ...]) -> float:
        return self._log((*state, "</s>"))

    def next_distribution(self, state: tuple[str, ...]) -> Any:
        import numpy as np

        return np.array([-np.inf if w == "<s>" else self._log((*state, w)) for w in self.vocabulary])

    def _log(self, words: tuple[str, ...]) -> float:
        p = twin.prob(self.model, words)
        return math.log(p) if p > 0 else -math.inf


def scored(model: Any, text: list[str]) -> list[float]:
    state, scores = model.begin(), []
    for word in text:
        state, score = model.score(state, word)
        assert hash(state) == hash(state)
        scores.append(score)
    return [*scores, model.end(state)]


# a product with 0 is 0: log-linear mixtures share
@pytest.mark.parametrize(
    ("method", "unknown"), [("linear", "share"), ("linear", "zero"), ("loglinear", "share")]
)
def test_word_by_word_is_the_definition(method: str, unknown: str) -> None:
    models = [Own(A), Own(B)]
    weights = (0.3, 0.7)
    mixture = MixedModel(models, weights, method=method, unknown=unknown)
    everything = events(A, B)
    assert set(mixture.vocabulary) == {*everything, "<s>"}
    for text in sentences(10, 8):
        found = scored(mixture, text)
        for score, history in zip(found, histories([text]), strict=True):
            if method == "loglinear":
                wanted = twin.loglinear([A, B], weights, history, everything)
            elif unknown == "share":
                wanted = twin.linear([A, B], weights, history, everything)
            else:
                known = [(m, w) for m, w in zip((A, B), weights, strict=True) if (history[-1],) in m]
                wanted = sum(w * twin.prob(m, twin.known(m, history)) for m, w in known)
            assert score == pytest.approx(math.log(wanted), abs=1e-9)
    state = mixture.begin()
    for text in sentences(11, 1):
        for word in text:
            distribution = mixture.next_distribution(state)
            assert math.fsum(map(math.exp, distribution)) == pytest.approx(1, abs=1e-9)
            state, score = mixture.score(state, word)
            assert distribution[mixture.vocabulary.index(word)] == pytest.approx(score, abs=1e-9)


@pytest.mark.parametrize("method", ["linear", "loglinear"])
def test_ngram_models_mixed_word_by_word_keep_the_contract(method: str) -> None:
    texts = [*sentences(12, 6), ["w1", "nobody", "w2"]]
    mixture = MixedModel([loaded(A), loaded(B)], (0.3, 0.7), method=method)
    check_language_model(mixture, texts)
    twins = MixedModel([Own(A), Own(B)], (0.3, 0.7), method=method)
    for text in texts:
        assert scored(mixture, text) == pytest.approx(scored(twins, text), abs=1e-5)
    found = tlg.lm.perplexity(mixture, texts)
    assert (found.oovs, found.sentences) == (1, len(texts))


def test_word_by_word_equals_the_one_model_where_it_has_the_ngram() -> None:
    a, b = without_unk_contexts(A), without_unk_contexts(C)
    made = dumped(mix([loaded(a), loaded(b)], [0.3, 0.7]))
    mixture = MixedModel([Own(a), Own(b)], (0.3, 0.7))
    for ngram in made:
        if ngram[0] != "<s>" or ngram[-1] == "<s>" or len(ngram) == 1:
            continue
        state = mixture.begin()
        for word in ngram[1:-1]:
            state, _ = mixture.score(state, word)
        score = mixture.end(state) if ngram[-1] == "</s>" else mixture.score(state, ngram[-1])[1]
        assert score == pytest.approx(made[ngram][0] * math.log(10), abs=1e-5)


def test_a_model_without_vocabulary_is_asked_for_every_word() -> None:
    mixture = MixedModel([Own(A), Own(B, vocabulary=False)], (0.5, 0.5))
    assert "anything" in mixture and "w0" in mixture
    wanted = 0.5 * twin.prob(A, ("<s>", "w0")) + 0.5 * twin.prob(B, ("<s>", "<unk>"))
    assert mixture.score(mixture.begin(), "w0")[1] == pytest.approx(math.log(wanted))
    with pytest.raises(tlg.errors.OptionError, match="no next_distribution"):
        mixture.next_distribution(mixture.begin())
    with pytest.raises(tlg.errors.OptionError, match="normalised"):
        MixedModel([Own(A), Own(B, vocabulary=False)], (0.5, 0.5), method="loglinear")


@pytest.mark.parametrize(
    ("count", "options", "message"),
    [
        (1, {"weights": [1.0]}, "two models or more"),
        (2, {}, "either weights or heldout"),
        (2, {"weights": [0.5, 0.5], "heldout": [["a"]]}, "either weights or heldout"),
        (2, {"weights": [1.0]}, "1 weights for 2 models"),
        (2, {"weights": [0.5, 0.7]}, "add to 1"),
        (2, {"weights": [-0.5, 1.5]}, "not 0 or more"),
        (2, {"weights": ["a", "b"]}, "no numbers"),
        (2, {"weights": [math.nan, 1]}, "not all finite"),
        (2, {"weights": [0.5, 0.5], "method": "geometric"}, "method='geometric'"),
        (2, {"weights": [0.5, 0.5], "unknown": "guess"}, "unknown='guess'"),
        (2, {"heldout": [["w1"]], "tolerance": 0}, "tolerance=0"),
    ],
)
def test_wrong_options(count: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(tlg.errors.OptionError, match=message):
        mix([loaded(A)] * count, **options)


def test_wrong_texts(tmp_path: Any) -> None:
    models = [loaded(A), loaded(B)]
    (tmp_path / "bad.txt").write_text("w1 w2\nw1 </s> w2\n", encoding="utf-8")
    with pytest.raises(tlg.errors.TextError, match=r"bad\.txt:2: '</s>' is in the text"):
        mix(models, heldout=tmp_path / "bad.txt")
    with pytest.raises(tlg.errors.TextError, match="the held-out text is empty"):
        learn_weights(models, [])
    with pytest.raises(tlg.errors.MissingFileError):
        learn_weights(models, tmp_path / "none.txt")
    with pytest.raises(tlg.errors.OptionError, match="cannot be mixed into one model"):
        mix([models[0], "b.arpa"], [0.5, 0.5])  # type: ignore[list-item]
    assert isinstance(models[0], NgramModel)
