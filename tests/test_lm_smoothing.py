"""Every smoothing method and option compared with slow twins written from the formulas, n-gram by n-gram."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tlg.lm
from tests.reference.discounting import discounting
from tests.reference.katz import katz
from tests.reference.mixtures import add_k, jelinek_mercer, maximum_likelihood
from tests.reference.ngrams import Model, total
from tests.reference.witten_bell import witten_bell
from tlg.lm.smoothing import SMOOTHINGS

Sentences = list[list[str]]
WORDS = [f"w{i}" for i in range(14)]


def random_sentences(rng: random.Random, most: int = 40) -> Sentences:
    words = WORDS[: rng.randint(1, 12)]
    return [
        [words[min(int(rng.expovariate(0.4)), len(words) - 1)] for _ in range(rng.randint(0, 9))]
        for _ in range(rng.randint(1, most))
    ]


def read_model(model: tlg.lm.NgramModel, path: Path) -> Model:
    model.save(path)
    found: Model = {}
    for line in path.read_text(encoding="utf-8").split("\n"):
        if "\t" in line:
            prob, words, *backoff = line.split("\t")
            found[tuple(words.split(" "))] = (float(prob), float(backoff[0]) if backoff else 0.0)
    return found


def assert_same_model(found: Model, expected: Model, order: int) -> None:
    assert found.keys() == expected.keys()
    for ngram, (log10_prob, log10_backoff) in expected.items():
        assert found[ngram][0] == pytest.approx(log10_prob, abs=3e-6), ngram
        if len(ngram) < order:
            assert found[ngram][1] == pytest.approx(log10_backoff, abs=3e-6), ngram


def kneser_ney_options(rng: random.Random, backoff: bool) -> dict[str, Any]:
    options: dict[str, Any] = {"backoff": True} if backoff else {}
    if rng.random() < 0.3:
        options["prune_counts"] = "adjusted"
    options["count_of_counts"] = rng.choice(["exact", "raw"])
    return options


def uniform_options(rng: random.Random, backoff: bool) -> dict[str, Any]:
    return {"vocab_pad": rng.randint(1, 40)} if not backoff and rng.random() < 0.2 else {}


# name: (the twin, the options of tlg that the twin needs too, drawn at random)
METHODS: dict[str, tuple[Callable[..., Model], Callable[[random.Random], dict[str, Any]]]] = {
    "mkn": (
        lambda s, **o: discounting(s, smoothing="mkn", **o),
        lambda rng: {**kneser_ney_options(rng, False), **uniform_options(rng, False)},
    ),
    "mkn-backoff": (
        lambda s, **o: discounting(s, smoothing="mkn", **o),
        lambda rng: kneser_ney_options(rng, True),
    ),
    "kn": (
        lambda s, **o: discounting(s, smoothing="kn", **o),
        lambda rng: {**kneser_ney_options(rng, False), **uniform_options(rng, False)},
    ),
    "kn-backoff": (
        lambda s, **o: discounting(s, smoothing="kn", **o),
        lambda rng: kneser_ney_options(rng, True),
    ),
    "absolute": (
        lambda s, **o: discounting(s, smoothing="absolute", **o),
        lambda rng: uniform_options(rng, False),
    ),
    "absolute-backoff": (
        lambda s, **o: discounting(s, smoothing="absolute", **o),
        lambda rng: {"backoff": True},
    ),
    "wb": (witten_bell, lambda rng: uniform_options(rng, False)),
    "wb-backoff": (witten_bell, lambda rng: {"backoff": True}),
    "katz": (katz, lambda rng: {"gt_max": rng.choice([(1, 7), (1, 3), (2,)])}),
    "addk": (add_k, lambda rng: {"k": rng.choice([1.0, 0.01, 3.5]), **uniform_options(rng, False)}),
    "ml": (maximum_likelihood, lambda rng: {}),
    "jm": (
        jelinek_mercer,
        lambda rng: {
            "heldout": random_sentences(rng, 10),
            "weight_buckets": rng.random() < 0.5,
            **uniform_options(rng, False),
        },
    ),
}


def draw(name: str, seed: int) -> tuple[Sentences, dict[str, Any]]:
    """A random text and random options for a method."""
    rng = random.Random(f"{name} {seed}")
    sentences = random_sentences(rng)
    options: dict[str, Any] = {"order": rng.choice([1, 2, 2, 3, 3, 3, 4, 5, 9]), **METHODS[name][1](rng)}
    order = options["order"]
    if "gt_max" in options:
        options["gt_max"] = options["gt_max"][:order]
    if rng.random() < 0.5:
        options["prune"] = sorted(rng.randint(0, 2) for _ in range(rng.randint(0, order)))
    if rng.random() < 0.3:
        options["limit_vocab"] = sorted(rng.sample(WORDS, 6))
    elif rng.random() < 0.4:
        options["vocab"] = [*sorted(rng.sample(WORDS, 6)), "never"]
    if rng.random() < 0.3:
        options["closed_vocab"] = True
    if name == "katz" and "prune" not in options:
        options["prune"] = (0, 0, 1)[:order]
    return sentences, options


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("seed", range(25))
def test_equals_the_slow_twin(name: str, seed: int, tmp_path: Path) -> None:
    sentences, options = draw(name, seed)
    expected = METHODS[name][0](sentences, **options)
    model = tlg.lm.train(sentences, smoothing=name.removesuffix("-backoff"), **options)
    assert_same_model(read_model(model, tmp_path / "lm.arpa"), expected, options["order"])


def test_laplace_is_add_1(tmp_path: Path) -> None:
    sentences = random_sentences(random.Random(5))
    model = tlg.lm.train(sentences, order=3, smoothing="laplace")
    assert_same_model(read_model(model, tmp_path / "lm.arpa"), add_k(sentences, 3, k=1.0), 3)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("seed", range(25, 40))
def test_probabilities_after_any_history_sum_to_one(name: str, seed: int, tmp_path: Path) -> None:
    """In double precision from the model's float32 logarithms: within 1e-6."""
    sentences, options = draw(name, seed)
    options.pop("vocab_pad", None)  # by design, the padding's share goes to nobody
    model = tlg.lm.train(sentences, smoothing=name.removesuffix("-backoff"), **options)
    found = read_model(model, tmp_path / "lm.arpa")
    words = [word for word in model.vocabulary if word != "<s>"]
    rng = random.Random(seed)
    for _ in range(30):
        history = [rng.choice(["<s>", *words, "unseen"]) for _ in range(rng.randint(0, options["order"] - 1))]
        if "</s>" not in history and "<s>" not in history[1:]:
            assert total(found, words, tuple(history)) == pytest.approx(1, abs=1e-6), history


def test_every_method_has_defaults_for_unigrams() -> None:
    sentences = [["a", "b"], ["a"], ["c", "a", "b"]]
    for smoothing in SMOOTHINGS:
        options: dict[str, Any] = {"k": 0.5} if smoothing == "addk" else {}
        if smoothing == "jm":
            options["heldout"] = [["b", "a"]]
        assert tlg.lm.train(sentences, order=1, smoothing=smoothing, **options).order == 1
