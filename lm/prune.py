"""Pruning models by relative entropy."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tlg import _core
from tlg.errors import OptionError
from tlg.lm.change_report import PruneReport
from tlg.lm.model import NgramModel

__all__ = ["prune"]

HISTORIES = ("chain", "stationary")
SUFFIXES = ("keep", "backoff")


def _numbers(ngrams: int | Sequence[int], order: int) -> list[int]:
    numbers = [ngrams] if isinstance(ngrams, int) else list(ngrams)
    if isinstance(ngrams, bool | str) or not all(isinstance(one, int) and one >= 0 for one in numbers):
        raise OptionError(
            f"ngrams={ngrams!r} is no number of n-grams", remedy="Give a number, or one per order"
        )
    if not isinstance(ngrams, int) and len(numbers) != order:
        raise OptionError(
            f"ngrams has {len(numbers)} numbers, the model has order {order}",
            remedy="Give one number, or one per order",
        )
    # The core tells one number for all from one per order by how many there are.
    return numbers


def prune(
    model: NgramModel,
    threshold: float | None = None,
    *,
    ngrams: int | Sequence[int] | None = None,
    history: str = "chain",
    history_model: NgramModel | None = None,
    min_order: int = 2,
    suffixes: str = "keep",
) -> NgramModel:
    """Remove n-grams that hardly change the model, and make the backoffs anew.

    Each n-gram has its price: by how much the perplexity of the model would rise, relatively, if it alone
    went. Those below the threshold go, the longest first, but for those that are the context of one that stays.
    Unigrams stay. Sums over the vocabulary stay what they were.

    Args:
        model: stays as it is.
        threshold: what changes the perplexity by less goes (1e-8: 1e-6 %); SRILM's -prune.
        ngrams: instead of a threshold, how many n-grams to keep: of all orders together, unigrams included
            (exactly so many come out), or one number per order (at most so many: an n-gram whose context or
            suffix went goes too).
        history: how often contexts occur. "chain": by the chain rule from the model's own probabilities, as
            SRILM; for Kneser-Ney, whose lower orders say something else, it misleads. "stationary": as often
            as a text that the model writes has them, right for any smoothing; slower.
        history_model: instead, by the chain rule from this model (SRILM's -prune-history-lm).
        min_order: n-grams shorter than this stay (SRILM's -minprune).
        suffixes: an n-gram below the threshold whose longer form (one word more to the left) stays must be in
            the file all the same: "keep" leaves it as it is; "backoff" gives it the probability that backing
            off gives, which makes the model the one that SRILM writes without it.

    Raises:
        OptionError: not one of threshold and ngrams; an option out of its range; fewer n-grams asked for
            than must stay.

    Source: Stolcke, Entropy-based pruning of backoff language models, 1998; Chelba et al., Study on
        interaction between entropy pruning and Kneser-Ney smoothing, 2010. Formulas: docs/lm_change.md.
    """
    if (threshold is None) == (ngrams is None):
        raise OptionError("give either a threshold or ngrams", remedy="For example threshold=1e-8")
    if history not in HISTORIES:
        raise OptionError(f"history={history!r} is not known", remedy="There is: 'chain', 'stationary'")
    if suffixes not in SUFFIXES:
        raise OptionError(f"suffixes={suffixes!r} is not known", remedy="There is: 'keep', 'backoff'")
    if isinstance(min_order, bool) or not isinstance(min_order, int) or min_order < 1:
        raise OptionError(f"min_order={min_order!r} is not a whole number from 1 on")
    options = _core.PruneOptions()
    options.min_order = min_order
    options.back_off_suffixes = suffixes == "backoff"
    if threshold is not None:
        number = isinstance(threshold, int | float) and not isinstance(threshold, bool)
        if not number or not math.isfinite(threshold) or threshold < 0:
            raise OptionError(f"threshold={threshold!r} is not a number from 0 on")
        options.threshold = threshold
    if ngrams is not None:
        options.ngrams = _numbers(ngrams, model.order)
    core, pruned = _core.prune_model(
        model.core, history, None if history_model is None else history_model.core, options
    )
    after = tuple(core.counts)
    made_up = [0] * len(after) if suffixes == "keep" else pruned.suffixes[: len(after)]
    report = PruneReport(
        before=model.counts,
        after=after,
        options={
            "threshold": threshold,
            "ngrams": ngrams,
            "history": repr(history_model) if history_model is not None else history,
            "min_order": min_order,
            "suffixes": suffixes,
        },
        threshold=pruned.threshold,
        suffixes=tuple(made_up),
    )
    return NgramModel(core, report, f"{model.name} pruned")
