"""Small random models for the tests of what changes models, and their way to and from tlg."""

from __future__ import annotations

import math
import random
import tempfile
from pathlib import Path

import hypothesis.strategies as st

from tests.reference.lm_change import Model, order_of, prob, total
from tlg.lm import NgramModel

SPECIAL = ("<unk>", "<s>", "</s>")


def random_model(
    seed: int, *, order: int = 3, words: int = 4, first: int = 0, unk: bool = True, density: float = 0.4
) -> dict[tuple[str, ...], tuple[float, float]]:
    """A normalised model: any n-grams, closed; backoffs below and above 1.

    Numbers have four digits after the point, so that they are what they are in float32 too.
    """
    rng = random.Random(seed)
    events = [*(("<unk>",) if unk else ()), "</s>", *(f"w{first + i}" for i in range(words))]
    weights = [rng.random() + 0.05 for _ in events]
    model: dict[tuple[str, ...], tuple[float, float]] = {
        (word,): (math.log10(weight / sum(weights)), 0.0)
        for word, weight in zip(events, weights, strict=True)
    }
    model[("<s>",)] = (0.0, 0.0)
    for k in range(2, order + 1):
        contexts = [ngram for ngram in model if len(ngram) == k - 1 and ngram[-1] != "</s>"]
        contexts = [ngram for ngram in contexts if "<s>" not in ngram[1:]]
        for context in contexts:
            options = [w for w in events if (*context[1:], w) in model]
            chosen = [word for word in options if rng.random() < density][: len(events) - 1]
            if not chosen:
                continue
            shares = [rng.random() + 0.02 for _ in chosen]
            mass = rng.uniform(0.3, 0.95)
            for word, share in zip(chosen, shares, strict=True):
                ngram = (*context, word)
                model[ngram] = (math.log10(mass * share / sum(shares)), 0.0)
            left = 1 - math.fsum(prob(model, (*context, word)) for word in chosen)
            lower = total(model, context[1:]) - math.fsum(prob(model, (*context[1:], w)) for w in chosen)
            model[context] = (model[context][0], math.log10(left / lower))
    return model


def arpa(model: Model) -> str:
    lines = ["\\data\\"]
    orders = range(1, order_of(model) + 1)
    lines += [f"ngram {k}={sum(len(ngram) == k for ngram in model)}" for k in orders]
    for k in orders:
        lines += ["", f"\\{k}-grams:"]
        for ngram, (log10_prob, backoff) in model.items():
            if len(ngram) == k:
                tail = "" if k == order_of(model) else f"\t{backoff:.9g}"
                lines.append(f"{log10_prob:.9g}\t{' '.join(ngram)}{tail}")
    return "\n".join([*lines, "", "\\end\\", ""])


def loaded(model: Model) -> NgramModel:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.arpa"
        path.write_text(arpa(model), encoding="utf-8")
        return NgramModel.load(path)


def dumped(model: NgramModel) -> dict[tuple[str, ...], tuple[float, float]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.arpa"
        model.save(path)
        text = path.read_text(encoding="utf-8")
    found = {}
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) > 1:
            found[tuple(fields[1].split(" "))] = (
                float(fields[0]),
                float(fields[2]) if len(fields) > 2 else 0.0,
            )
    return found


def contexts_of(seed: int, model: Model, count: int = 12) -> list[tuple[str, ...]]:
    """Contexts to look at: those of the model, and any words."""
    rng = random.Random(seed)
    words = [ngram[0] for ngram in model if len(ngram) == 1 and ngram[0] != "</s>"]
    own = [ngram for ngram in model if len(ngram) < order_of(model) and ngram[-1] != "</s>"]
    loose = [tuple(rng.choice(words) for _ in range(rng.randint(0, 3))) for _ in range(count)]
    return [(), *rng.sample(own, min(count, len(own))), *loose]


MODELS = st.builds(
    random_model,
    st.integers(0, 10**6),
    order=st.integers(1, 4),
    words=st.integers(1, 5),
    unk=st.booleans(),
    density=st.sampled_from([0.15, 0.4, 0.8]),
)
