"""The options of the smoothing methods: which method takes which, and in the core's terms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike as OsPathLike
from typing import Any

from tlg import _core
from tlg._files import PathLike, read_text
from tlg.errors import OptionError

__all__ = ["SMOOTHINGS", "Choice", "choose", "fallback_note", "vocabulary"]

_UNIGRAMS = ("interpolate_unigrams", "vocab_pad")
_KNESER_NEY = ("backoff", "discount_fallback", "count_of_counts", "prune_counts", *_UNIGRAMS)
# The method, the name of its engine, and the options that not all methods have.
_METHODS: dict[str, tuple[_core.Smoothing, tuple[str, ...]]] = {
    "mkn": (_core.Smoothing.mkn, _KNESER_NEY),
    "kn": (_core.Smoothing.kn, _KNESER_NEY),
    "absolute": (_core.Smoothing.absolute, ("backoff", "discount_fallback", *_UNIGRAMS)),
    "wb": (_core.Smoothing.wb, ("backoff", *_UNIGRAMS)),
    "katz": (_core.Smoothing.katz, ("discount_fallback", "gt_max")),
    "jm": (_core.Smoothing.jm, ("heldout", "weight_buckets", "vocab_pad")),
    "addk": (_core.Smoothing.addk, ("k", "vocab_pad")),
    "laplace": (_core.Smoothing.addk, ("vocab_pad",)),
    "ml": (_core.Smoothing.ml, ()),
}
SMOOTHINGS = tuple(_METHODS)
_COUNT_OF_COUNTS = {
    "lmplz": _core.CountOfCounts.lmplz,
    "exact": _core.CountOfCounts.exact,
    "raw": _core.CountOfCounts.raw,
}
_PRUNE_COUNTS = {"raw": _core.PruneCounts.raw, "adjusted": _core.PruneCounts.adjusted}
# What the options are when the caller leaves them out.
_UNSET: dict[str, Any] = {
    "backoff": False,
    "k": None,
    "heldout": None,
    "weight_buckets": False,
    "gt_max": None,
    "prune": None,
    "prune_counts": "raw",
    "discount_fallback": True,
    "count_of_counts": None,
    "interpolate_unigrams": True,
    "vocab_pad": 0,
    "limit_vocab": None,
}


@dataclass(frozen=True)
class Choice:
    """The options of one training.

    Args:
        core: as the core takes them.
        used: as the method uses them, defaults filled in, by name.
    """

    core: _core.SmoothingOptions
    used: dict[str, Any]


def _known(name: str, value: object, table: Iterable[str]) -> str:
    if not isinstance(value, str) or value not in table:
        known = ", ".join(repr(one) for one in table)
        raise OptionError(f"{name}={value!r} is not known", remedy=f"There is: {known}")
    return value


def _whole(name: str, value: object, lowest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value < 2**63:
        raise OptionError(f"{name}={value!r} is not a whole number from {lowest} on")
    return value


def _sequence(name: str, value: object, lowest: int, example: str) -> list[int]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise OptionError(f"{name}={value!r} is no sequence", remedy=f"Give one per order: {example}")
    return [_whole(name, one, lowest) for one in value]


def _fallback(value: object, smoothing: str) -> list[float]:
    """Return the discounts that stand in for those the text does not determine."""
    modified = smoothing == "mkn"
    if isinstance(value, bool):
        return [0.5, 1.0, 1.5] if modified else [0.75]
    ways = "Give a bool, one value or three" if modified else "Give a bool or one value"
    if smoothing == "katz":
        raise OptionError(f"discount_fallback={value!r}: katz takes no values", remedy="Give a bool")
    try:
        values = [float(value)] if isinstance(value, int | float) else [float(one) for one in value]  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        raise OptionError(f"discount_fallback={value!r} is no bool and no numbers", remedy=ways) from error
    if modified and len(values) == 1:
        values *= 3
    if len(values) != (3 if modified else 1):
        raise OptionError(f"discount_fallback has {len(values)} values", remedy=ways)
    return values


def vocabulary(name: str, vocab: object) -> list[str]:
    """Return the words of a list or a file; `name` is the option that gives them."""
    if isinstance(vocab, str | OsPathLike):
        path: PathLike = vocab
        return read_text(path).replace("\0", " ").split()
    if not isinstance(vocab, Iterable):
        raise OptionError(
            f"{name} is a {type(vocab).__name__}", remedy="Give the words, or the path of a file"
        )
    words = list(vocab)
    for word in words:
        if not isinstance(word, str):
            raise OptionError(f"{name} holds {word!r}, not a word", remedy="Give str, or the path of a file")
    return words


def _contradictions(smoothing: str, given: dict[str, Any]) -> None:
    """Refuse options that the method does not have: they would be without effect."""
    takes = _METHODS[smoothing][1]
    for name, value in given.items():
        if name in ("prune", "limit_vocab") or name in takes or value == _UNSET[name]:
            continue
        having = ", ".join(repr(one) for one, (_, options) in _METHODS.items() if name in options)
        raise OptionError(
            f"{name} has no effect with smoothing={smoothing!r}", remedy=f"Leave it out; it is for {having}"
        )
    if given["backoff"]:
        for name in _UNIGRAMS:
            if given[name] != _UNSET[name]:
                raise OptionError(
                    f"{name} has no effect with backoff",
                    remedy="Leave one of the two out: backoff gives what is left to unseen words",
                )
    if given["count_of_counts"] == "lmplz" and smoothing != "mkn":
        raise OptionError(
            f"count_of_counts='lmplz' has no meaning with smoothing={smoothing!r}",
            remedy="lmplz knows 'mkn' alone: leave it out",
        )
    if smoothing == "jm" and given["heldout"] is None:
        raise OptionError(
            "smoothing='jm' learns its weights from a text of its own",
            remedy="Give it: heldout=..., --heldout FILE",
        )
    if smoothing == "addk" and given["k"] is None:
        raise OptionError("smoothing='addk' needs k", remedy="Give it: k=0.01, --k 0.01; or use 'laplace'")


def choose(order: object, smoothing: object, **given: Any) -> Choice:
    """Check the options of a training and give them in the core's terms.

    Args:
        order: of the model, 1 to 9.
        smoothing: the method, one of SMOOTHINGS.
        given: all options of tlg.lm.train that are named in _UNSET, as the caller gave them.

    Raises:
        OptionError: an option out of its range, or one that the method does not have.
    """
    length = _whole("order", order, 0)
    if not 1 <= length <= 9:
        raise OptionError(f"order={order} is not from 1 to 9")
    method = _known("smoothing", smoothing, _METHODS)
    if given["count_of_counts"] is not None:
        _known("count_of_counts", given["count_of_counts"], _COUNT_OF_COUNTS)
    _known("prune_counts", given["prune_counts"], _PRUNE_COUNTS)
    _contradictions(method, given)
    core = _core.SmoothingOptions()
    core.smoothing, takes = _METHODS[method]
    used: dict[str, Any] = {"order": length, "smoothing": method}

    katz_default = (0, 0, 1)[:length] if method == "katz" else ()
    prune = katz_default if given["prune"] is None else given["prune"]
    core.prune = _sequence("prune", prune, 0, "(0, 0, 1)")
    used["prune"] = tuple(core.prune)
    if "prune_counts" in takes:
        core.prune_counts = _PRUNE_COUNTS[given["prune_counts"]]
    if "backoff" in takes:
        core.backoff = given["backoff"]
    if "discount_fallback" in takes:
        core.discount_fallback = given["discount_fallback"] is not False
        core.fallback = _fallback(given["discount_fallback"], method)
        used["discount_fallback"] = core.discount_fallback and (method == "katz" or tuple(core.fallback))
    if "count_of_counts" in takes:
        used["count_of_counts"] = given["count_of_counts"] or ("lmplz" if method == "mkn" else "exact")
        core.count_of_counts = _COUNT_OF_COUNTS[used["count_of_counts"]]
    if "interpolate_unigrams" in takes:
        core.interpolate_unigrams = given["interpolate_unigrams"]
    core.vocab_pad = _whole("vocab_pad", given["vocab_pad"], 0)
    if method == "katz":
        gt_max = (1, 7)[:length] if given["gt_max"] is None else given["gt_max"]
        core.gt_max = _sequence("gt_max", gt_max, 1, "(1, 7)")
        if not core.gt_max or len(core.gt_max) > length or max(core.gt_max) > 1000:
            raise OptionError(
                f"gt_max={tuple(core.gt_max)!r} for a model of order {length}",
                remedy="Give the highest discounted count, 1 to 1000, per order; the last repeats",
            )
        used["gt_max"] = tuple(core.gt_max)
    if core.smoothing == _core.Smoothing.addk:
        k = 1.0 if given["k"] is None else given["k"]
        if isinstance(k, bool) or not isinstance(k, int | float) or not 0 < k < math.inf:
            raise OptionError(f"k={k!r} is not a number above 0")
        core.k = used["k"] = float(k)
    core.weight_buckets = given["weight_buckets"]
    if given["limit_vocab"] is not None:
        core.limit_vocab = True
        core.vocab = vocabulary("limit_vocab", given["limit_vocab"])
        used["limit_vocab"] = len(core.vocab)
    used.update({name: given[name] for name in takes if name not in used and name != "heldout"})
    return Choice(core, used)


def fallback_note(choice: Choice, order: int, why: str) -> str:
    """Say what an order does whose discounts the text does not determine."""
    if choice.used["smoothing"] == "katz":
        return f"order {order}: {why}: such counts stay as they are"
    values = " ".join(f"{d:g}" for d in choice.core.fallback)
    return f"order {order}: {why}: fallback discount{'s' * (len(choice.core.fallback) > 1)} {values}"
