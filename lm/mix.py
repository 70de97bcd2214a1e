"""Mixing models into one model, linearly or log-linearly, with weights given or learnt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tlg import _core
from tlg.errors import OptionError, TextError
from tlg.lm.change_report import MixReport
from tlg.lm.model import NgramModel
from tlg.lm.text import Progress, Texts, add_sentence, blocks, texts_of

__all__ = ["MixWeights", "learn_weights", "mix"]

METHODS = ("linear", "loglinear")
UNKNOWNS = ("share", "zero")
MAX_ROUNDS = 1000

Round = tuple[float, tuple[float, ...]]


@dataclass(frozen=True)
class MixWeights:
    """Weights of a mixture, learnt from a held-out text.

    Args:
        weights: of the models, in their order.
        history: the held-out perplexity and the weights, before the first round and after each.
        tokens: words and sentence ends of the text that were counted.
        oovs: words that no model has; they were left out.
    """

    weights: tuple[float, ...]
    history: tuple[Round, ...]
    tokens: int
    oovs: int

    @property
    def ppl(self) -> float:
        """The perplexity of the held-out text with these weights, without the OOVs."""
        return self.history[-1][0]


def _check_models(models: Sequence[NgramModel]) -> list[_core.NgramModel]:
    if isinstance(models, NgramModel) or len(models) < 2:
        raise OptionError("a mixture has two models or more", remedy="Give a list of models")
    for model in models:
        if not isinstance(model, NgramModel):
            raise OptionError(
                f"a {type(model).__name__} cannot be mixed into one model",
                remedy="Give NgramModels, or mix as you go with MixedModel",
            )
    return [model.core for model in models]


def _check_choices(method: str, unknown: str) -> None:
    if method not in METHODS:
        raise OptionError(f"method={method!r} is not known", remedy="There is: 'linear', 'loglinear'")
    if unknown not in UNKNOWNS:
        raise OptionError(f"unknown={unknown!r} is not known", remedy="There is: 'share', 'zero'")


def check_weights(weights: Sequence[float], count: int, method: str) -> tuple[float, ...]:
    """Return the weights as floats; linear ones are made to add to 1.

    Raises:
        OptionError: not one per model, not numbers, or linear weights below 0 or all 0.
    """
    try:
        numbers = tuple(float(one) for one in weights)
    except (TypeError, ValueError) as error:
        raise OptionError(f"weights={weights!r} are no numbers") from error
    if len(numbers) != count:
        raise OptionError(f"{len(numbers)} weights for {count} models", remedy="Give one weight per model")
    if not all(math.isfinite(one) for one in numbers):
        raise OptionError(f"weights={weights!r} are not all finite")
    if method == "linear":
        total = sum(numbers)
        if min(numbers) < 0 or total <= 0:
            raise OptionError(f"weights={weights!r} are not 0 or more", remedy="Give weights that add to 1")
        if abs(total - 1) > 1e-3:
            raise OptionError(f"weights={weights!r} add to {total:g}", remedy="Give weights that add to 1")
        numbers = tuple(one / total for one in numbers)
    return numbers


def _held_out(cores: list[_core.NgramModel], texts: Texts, progress: Progress | None) -> _core.HeldOut:
    held_out = _core.HeldOut(cores)
    for number, text in enumerate(texts_of(texts), start=1):
        if isinstance(text, Sequence) and not isinstance(text, str):
            add_sentence(held_out, text, number)
            continue
        for block in blocks(text, progress):
            held_out.add_text(block.data, block.name, block.first_line)
    if not held_out.num_sentences:
        raise TextError("the held-out text is empty", remedy="Give some text to learn the weights from")
    return held_out


def _expect_and_maximise(probs: NDArray[np.float64], tolerance: float) -> list[Round]:
    """Learn linear weights by EM; each token is a model's in the proportion of what the models give it."""

    def step(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        mixed = probs @ weights
        with np.errstate(divide="ignore"):
            ppl = float(np.exp(-np.mean(np.log(mixed))))
        return ppl, weights * (probs.T @ (1 / mixed)) / len(probs)

    weights = np.full(probs.shape[1], 1 / probs.shape[1])
    history: list[Round] = []
    for _ in range(MAX_ROUNDS):
        ppl, better = step(weights)
        history.append((ppl, tuple(weights.tolist())))
        better /= better.sum()
        moved = float(np.abs(better - weights).max())
        weights = better
        if moved < tolerance:
            break
    history.append((step(weights)[0], tuple(weights.tolist())))
    return history


def _climb(mixture: _core.LoglinearMix, count: int, tolerance: float) -> list[Round]:
    """Learn log-linear weights by Newton's method: the text's score is concave in them.

    The second derivatives are differences of gradients; a step that does not help is halved.
    """
    weights = np.full(count, 1 / count)
    score, slope = mixture.evaluate(weights.tolist())
    history: list[Round] = [(math.exp(-score), tuple(weights.tolist()))]
    epsilon = 1e-4
    for _ in range(MAX_ROUNDS):
        gradient = np.array(slope)
        curvature = np.empty((count, count))
        for i in range(count):
            aside = weights.copy()
            aside[i] += epsilon
            curvature[i] = (np.array(mixture.evaluate(aside.tolist())[1]) - gradient) / epsilon
        curvature = (curvature + curvature.T) / 2
        # lstsq: two models that say the same leave a direction without curvature.
        step = -np.linalg.lstsq(curvature, gradient, rcond=1e-10)[0]
        if step @ gradient <= 0:
            step = gradient
        while True:
            better = weights + step
            new_score, new_slope = mixture.evaluate(better.tolist())
            if new_score > score or np.abs(step).max() < tolerance:
                break
            step /= 2
        if new_score <= score:
            break
        gained = new_score - score
        weights, score, slope = better, new_score, new_slope
        history.append((math.exp(-score), tuple(weights.tolist())))
        if gained < tolerance and np.abs(step).max() < math.sqrt(tolerance):
            break
    return history


def _learn(
    cores: list[_core.NgramModel],
    held_out: _core.HeldOut,
    unknown: str,
    tolerance: float,
    mixture: _core.LoglinearMix | None,
) -> MixWeights:
    oovs = held_out.num_oovs
    if mixture is not None:
        mixture.set_text(held_out)
        history = _climb(mixture, len(cores), tolerance)
        return MixWeights(history[-1][1], tuple(history), mixture.num_tokens, oovs)
    probs = _core.token_probs(cores, held_out, unknown == "share")
    probs = probs[probs.sum(axis=1) > 0]
    if not len(probs):
        raise TextError("every token of the held-out text has probability 0", remedy="Give other text")
    history = _expect_and_maximise(probs, tolerance)
    return MixWeights(history[-1][1], tuple(history), len(probs), oovs)


def learn_weights(
    models: Sequence[NgramModel],
    heldout: Texts,
    *,
    method: str = "linear",
    unknown: str = "share",
    tolerance: float = 1e-6,
    progress: Progress | None = None,
) -> MixWeights:
    """Learn the weights with which a mixture of models predicts a held-out text best.

    Args:
        models: two or more.
        heldout: text that no model was trained on, as in ``train``. Words that no model has are left out.
        method: "linear" (EM from equal weights, as SRILM's compute-best-mix) or "loglinear" (Newton's
            method from equal weights). Both find the best there is.
        unknown: as in ``mix``.
        tolerance: learning ends when no weight moves by more.
        progress: called with numbers of bytes read.

    Raises:
        OptionError: fewer than two models, or an option out of its range.
        TextError: the text is empty, not UTF-8, or has ``<s>`` or ``</s>``; names the line.
        MissingFileError: there is no such file.

    Source: Dempster, Laird and Rubin 1977; Klakow, Log-linear interpolation of language models, 1998.
    """
    _check_choices(method, unknown)
    cores = _check_models(models)
    held_out = _held_out(cores, heldout, progress)
    mixture = _core.LoglinearMix(cores, unknown == "share") if method == "loglinear" else None
    return _learn(cores, held_out, unknown, _tolerance(tolerance), mixture)


def _tolerance(tolerance: float) -> float:
    if not isinstance(tolerance, int | float) or not 0 < tolerance < 1:
        raise OptionError(f"tolerance={tolerance!r} is not a number between 0 and 1")
    return float(tolerance)


def mix(
    models: Sequence[NgramModel],
    weights: Sequence[float] | None = None,
    *,
    heldout: Texts | None = None,
    method: str = "linear",
    unknown: str = "share",
    tolerance: float = 1e-6,
    progress: Progress | None = None,
) -> NgramModel:
    """Mix models into one model with the n-grams of all of them.

    "linear": p(w|h) is the weighted sum of the models' for every n-gram that a model has; the backoffs are
    made so that sums are 1, and what no model has seen backs off in the mixture (SRILM's -mix-lm). Where that
    is not good enough, MixedModel mixes for every word.
    "loglinear": p(w|h) is proportional to the product of the models' to the power of the weights, exactly,
    for all words.

    Args:
        models: two or more, of any orders and vocabularies.
        weights: one per model; linear ones are 0 or more and add to 1.
        heldout: instead of weights, text to learn them from (see ``learn_weights``); texts as in ``train``.
        method: "linear" or "loglinear".
        unknown: what a model gives words that it lacks and others have. "share": its ``<unk>`` and these
            words have equal shares of what it gives ``<unk>``, so that its sum stays 1; "zero": nothing,
            all stays with ``<unk>`` (SRILM without -unk). As context, such a word is ``<unk>`` to it.
        tolerance: learning ends when no weight moves by more.
        progress: called with numbers of bytes read of the held-out text.

    Raises:
        OptionError: fewer than two models; not one of weights and heldout; weights that do not fit.
        TextError: the text is empty, not UTF-8, or has ``<s>`` or ``</s>``; names the line.
        MissingFileError: there is no such file.

    Source: Jelinek and Mercer 1980; Klakow 1998. Formulas: docs/lm_change.md.
    """
    _check_choices(method, unknown)
    cores = _check_models(models)
    if (weights is None) == (heldout is None):
        raise OptionError("give either weights or heldout", remedy="For example weights=[0.5, 0.5]")
    share = unknown == "share"
    held_out = None if heldout is None else _held_out(cores, heldout, progress)
    given = None if weights is None else check_weights(weights, len(cores), method)
    tolerance = _tolerance(tolerance)
    mixture = _core.LoglinearMix(cores, share) if method == "loglinear" else None
    if held_out is not None:
        learnt = _learn(cores, held_out, unknown, tolerance, mixture)
    else:
        assert given is not None
        learnt = MixWeights(given, (), 0, 0)
    used = list(learnt.weights)
    core = mixture.model(used) if mixture is not None else _core.mix_linear(cores, used, share)
    names = tuple(model.name for model in models)
    order = max(model.order for model in models)
    report = MixReport(
        before=tuple(sum(model.counts[k] for model in models if k < model.order) for k in range(order)),
        after=tuple(core.counts),
        options={"method": method, "unknown": unknown, "tolerance": tolerance},
        models=names,
        weights=learnt.weights,
        history=learnt.history,
        tokens=learnt.tokens,
        oovs=learnt.oovs,
    )
    return NgramModel(core, report, f"{method} mix of {', '.join(names)}")
