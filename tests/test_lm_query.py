"""States, batches and what may follow: compared with the rule of ARPA files, and with kenlm."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tlg.lm
from tests.reference.backoff_twin import BackoffTwin
from tlg.errors import OptionError
from tlg.lm import NgramModel

GOLDENS = Path(__file__).resolve().parent / "data" / "lm_goldens"
MODELS = ["abc.o3.arpa", "abc.o1.arpa", "abc.o6.arpa", "case.o3.arpa", "abc.o3.p01.arpa", "unicode.o3.arpa"]


@pytest.fixture(params=MODELS)
def pair(request: pytest.FixtureRequest) -> tuple[NgramModel, BackoffTwin]:
    path = GOLDENS / str(request.param)
    return NgramModel.load(path), BackoffTwin(path)


@pytest.fixture(scope="module")
def zipf(tmp_path_factory: pytest.TempPathFactory) -> tuple[NgramModel, BackoffTwin]:
    """A model with contexts that are pruned away, dropped suffixes, and ties."""
    path = tmp_path_factory.mktemp("zipf") / "lm.arpa"
    tlg.lm.train(GOLDENS / "zipf.txt", order=4, prune=[0, 0, 1]).save(path)
    return NgramModel.load(path), BackoffTwin(path)


def some_sentences(words: list[str], count: int, seed: int) -> list[list[str]]:
    drawn = random.Random(seed)
    pool = [word for word in words if word not in ("<s>", "</s>")] + ["never-seen"]
    return [[drawn.choice(pool) for _ in range(drawn.randrange(9))] for _ in range(count)]


def test_states_follow_the_rule(pair: tuple[NgramModel, BackoffTwin]) -> None:
    model, twin = pair
    for words in some_sentences(twin.words, 50, seed=1):
        state, scores = model.begin(), []
        for word in words:
            state, score = model.score(state, word)
            scores.append(score)
        scores.append(model.end(state))
        assert scores == pytest.approx(twin.sentence(words), abs=2e-5)
        state = model.begin(bos=False)
        for at, word in enumerate(words):
            state, score = model.score(state, word)
            assert score == pytest.approx(twin.nats(words[:at], word), abs=2e-5)


def test_equal_states_score_alike(zipf: tuple[NgramModel, BackoffTwin]) -> None:
    model, twin = zipf
    reached: dict[int, list[str]] = {}
    met = 0
    for words in some_sentences(twin.words, 400, seed=2):
        state, history = model.begin(), ["<s>"]
        for word in words:
            state, _ = model.score(state, word)
            history.append(word)
            before = reached.setdefault(state, list(history))
            met += before != history
            assert model.end(state) == pytest.approx(twin.nats(before, "</s>"), abs=2e-5)
            assert model.end(state) == pytest.approx(twin.nats(history, "</s>"), abs=2e-5)
    assert met > 100


def test_kenlm_state_by_state(tmp_path: Path, zipf: tuple[NgramModel, BackoffTwin]) -> None:
    kenlm = pytest.importorskip("kenlm", reason="the oracle kenlm-ex is not installed")
    model, twin = zipf
    model.save(tmp_path / "lm.arpa")
    theirs = kenlm.Model(str(tmp_path / "lm.arpa"))
    for words in some_sentences(twin.words, 100, seed=3):
        state, before = model.begin(), kenlm.State()
        theirs.BeginSentenceWrite(before)
        for word in words:
            after = kenlm.State()
            expected = theirs.BaseScore(before, word, after) * np.log(10)
            state, score = model.score(state, word)
            assert score == pytest.approx(expected, abs=2e-5)
            before = after


def test_batches_equal_single_words(zipf: tuple[NgramModel, BackoffTwin]) -> None:
    model, twin = zipf
    states, words, expected = [], [], []
    for sentence in some_sentences(twin.words, 100, seed=4):
        state = model.begin()
        for word in sentence:
            states.append(state)
            words.append(word)
            state, score = model.score(state, word)
            expected.append((state, score))
    ids = [model.word_id(word) for word in words]
    for given in (words, ids, np.array(ids, np.int64)):
        scores, after = model.score_batch(states, given)
        assert scores.dtype == np.float32 and after.dtype == np.uint64
        assert list(zip(after.tolist(), scores.tolist(), strict=True)) == expected
    scores, after = model.score_batch(after[:0], [])
    assert len(scores) == len(after) == 0


@pytest.mark.parametrize("eos", [True, False])
@pytest.mark.parametrize("bos", [True, False])
def test_sentences(zipf: tuple[NgramModel, BackoffTwin], bos: bool, eos: bool) -> None:
    model, twin = zipf
    sentences = [[], *some_sentences(twin.words, 40, seed=5), []]
    found = model.score_sentences(sentences, bos=bos, eos=eos)
    assert len(found) == len(sentences)
    for words, scores in zip(sentences, found, strict=True):
        history = ["<s>"] if bos else []
        tokens = [*words, "</s>"] if eos else words
        expected = [twin.nats([*history, *tokens[:i]], token) for i, token in enumerate(tokens)]
        assert scores.tolist() == pytest.approx(expected, abs=2e-5)
    ids = [model.word_id(word) for words in sentences for word in words]
    offsets = np.cumsum([0, *map(len, sentences)])
    again = model.score_sentences(np.array(ids), offsets, bos=bos, eos=eos)
    assert [scores.tolist() for scores in again] == [scores.tolist() for scores in found]
    by_ids = model.score_sentences(
        [[model.word_id(w) for w in words] for words in sentences], bos=bos, eos=eos
    )
    assert [scores.tolist() for scores in by_ids] == [scores.tolist() for scores in found]
    assert model.score_sentences([]) == []


def test_the_distribution_is_that_of_score(pair: tuple[NgramModel, BackoffTwin]) -> None:
    model, twin = pair
    for words in [[], *some_sentences(twin.words, 15, seed=6)]:
        state = model.begin()
        for word in words:
            state, _ = model.score(state, word)
        scores = model.next_distribution(state)
        assert scores.shape == (len(model),) and scores.dtype == np.float32
        for word_id, word in enumerate(model.vocabulary):
            if word == "<s>":
                assert scores[word_id] == -np.inf
            else:
                assert scores[word_id] == model.score(state, word_id)[1]
                assert scores[word_id] == pytest.approx(twin.nats(["<s>", *words], word), abs=2e-5)
        assert np.exp(scores.astype(np.float64)).sum() == pytest.approx(1, abs=1e-6)


def test_next_words_are_the_best_of_the_distribution(zipf: tuple[NgramModel, BackoffTwin]) -> None:
    model, twin = zipf
    for words in [[], *some_sentences(twin.words, 60, seed=7)]:
        state = model.begin()
        for word in words:
            state, _ = model.score(state, word)
        scores = model.next_distribution(state)
        order = np.argsort(-scores, kind="stable")[: np.isfinite(scores).sum()]
        expected = [(model.vocabulary[i], float(scores[i])) for i in order]
        for k in (0, 1, 3, 10, len(model), 10 * len(model)):
            assert model.next_words(state, k) == expected[:k]


def test_a_word_that_only_a_longer_context_makes_unlikely(tmp_path: Path) -> None:
    """After "x a", b is unlikely, though after "a" it is the likeliest: it must not come back."""
    (tmp_path / "lm.arpa").write_text(
        "\\data\\\nngram 1=6\nngram 2=4\nngram 3=1\n\n\\1-grams:\n-1\t<unk>\n-99\t<s>\t0\n-1\t</s>\n"
        "-0.5\ta\t-0.2\n-0.6\tb\n-0.7\tx\t-0.3\n\n\\2-grams:\n-0.1\ta b\n-0.9\ta x\n-0.4\tx a\t-0.1\n-0.5\t<s> x\t0\n\n"
        "\\3-grams:\n-3\tx a b\n\n\\end\\\n",
        encoding="utf-8",
    )
    model = NgramModel.load(tmp_path / "lm.arpa")
    state = model.score(model.score(model.begin(bos=False), "x")[0], "a")[0]
    best = model.next_words(state, 6)
    assert [word for word, _ in best] == ["a", "x", "<unk>", "</s>", "b"]
    assert dict(best)["b"] == pytest.approx(-3 * np.log(10), abs=1e-5)
    assert model.next_words(state, 1) == best[:1]


def test_the_vocabulary() -> None:
    model = NgramModel.load(GOLDENS / "abc.o3.arpa")
    assert len(model) == 6 == len(model.vocabulary)
    assert [model.vocabulary[i] for i in (model.unk_id, model.bos_id, model.eos_id)] == [
        "<unk>",
        "<s>",
        "</s>",
    ]
    assert model.vocabulary[model.word_id("b")] == "b"
    assert model.word_id("zebra") == model.unk_id == model.word_id("<unk>")
    assert "a" in model and "zebra" not in model and "<unk>" not in model and 3 not in model
    state = model.begin()
    assert model.score(state, "zebra") == model.score(state, -1) == model.score(state, model.unk_id)
    assert hash(state) == hash(model.begin()) and state == model.begin() != model.begin(bos=False)


BAD: dict[str, tuple[str, str]] = {
    "no state": ("model.score(1 << 40, 'a')", "is none of this model|is no state"),
    "no word": ("model.score(model.begin(), 99)", "99"),
    "no kind of word": ("model.score(model.begin(), 1.5)", "1.5 is no word"),
    "a str": ("model.score_sentences('a b')", "may not be a str"),
    "sentences of str": ("model.score_sentences(['a b'])", "'a b' is no list of words"),
    "float ids": ("model.score_batch([0], [0.5])", "word ids may not be float64"),
    "float states": ("model.score_batch([0.5], [0])", "states may not be float64"),
    "lengths": ("model.score_batch([0], [0, 1])", r"states of shape \(1,\) for words of shape \(2,\)"),
    "negative states": ("model.score_batch([-1], [0])", "negative"),
    "ids out of range": ("model.score_batch([0], [1 << 40])", "out of range"),
    "ids that are none": ("model.score_batch([0], [99])", "99"),
    "states that are none": ("model.score_batch([1 << 40], [0])", "state"),
    "offsets fall": ("model.score_sentences([1, 2], [0, 2, 1, 2])", "offsets do not divide 2 ids"),
    "offsets end": ("model.score_sentences([1, 2], [0, 1])", "offsets do not divide 2 ids"),
    "no offsets": ("model.score_sentences([1, 2], [])", "offsets are no integers"),
    "negative k": ("model.next_words(model.begin(), -1)", "k=-1 is negative"),
    "next of no state": ("model.next_distribution(1 << 40)", "state"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_mistakes(case: tuple[str, str]) -> None:
    code, message = case
    with pytest.raises(OptionError, match=message):
        eval(code, {"model": NgramModel.load(GOLDENS / "abc.o3.arpa")})


def test_threads_share_a_model(zipf: tuple[NgramModel, BackoffTwin]) -> None:
    """Also the structures that the first question builds are built once."""
    _, twin = zipf
    model = tlg.lm.train(GOLDENS / "zipf.txt", order=4, prune=[0, 0, 1])
    sentences = some_sentences(twin.words, 200, seed=8)

    def work() -> list[Any]:
        found: list[Any] = []
        for words in sentences:
            state = model.begin()
            for word in words:
                state, score = model.score(state, word)
                found.append((score, model.next_words(state, 3), float(model.next_distribution(state).max())))
        found.append(model.perplexity(sentences).log10_prob)
        return found

    results: list[list[Any]] = []
    threads = [threading.Thread(target=lambda: results.append(work())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6 and all(result == results[0] for result in results)


@pytest.mark.parametrize("structure", ["probing", "trie"])
def test_binaries_answer_the_same(
    structure: str, zipf: tuple[NgramModel, BackoffTwin], tmp_path: Path
) -> None:
    model, twin = zipf
    model.save(tmp_path / "lm.tlglm", structure=structure)
    binary = NgramModel.load(tmp_path / "lm.tlglm")
    assert binary.vocabulary == model.vocabulary
    for words in [[], *some_sentences(twin.words, 60, seed=9)]:
        state, there = model.begin(), binary.begin()
        for word in words:
            (state, score), (there, other) = model.score(state, word), binary.score(there, word)
            assert score == other
        scores = binary.next_distribution(there)
        assert scores.tolist() == model.next_distribution(state).tolist()
        assert [float(scores[i]) for i in range(len(binary)) if i != binary.bos_id] == [
            binary.score(there, i)[1] for i in range(len(binary)) if i != binary.bos_id
        ]
        for k in (1, 5, 50, len(binary)):
            assert binary.next_words(there, k) == model.next_words(state, k)
    assert binary.generate(10, seed=1) == model.generate(10, seed=1)
