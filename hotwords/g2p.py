"""Grapheme-to-phoneme functions that come ready: by name, fitted to the tokens of a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tlg.errors import OptionError

__all__ = ["G2P", "READY", "check_g2p", "load_g2p"]

# word -> its pronunciations, or its only one, in tokens; None or nothing: it is not known
G2P = Callable[[str], "Sequence[Sequence[str]] | Sequence[str] | None"]
Samples = Callable[[], Mapping[str, Sequence[Sequence[str]]]]

READY = ("pinyin", "english")


def check_g2p(g2p: object) -> None:
    """Check an option.

    Raises:
        OptionError: it is no function, and names no ready one.
    """
    if isinstance(g2p, str) and g2p not in READY:
        raise OptionError(
            f"g2p={g2p!r} is unknown", remedy=f"Choose {' or '.join(map(repr, READY))}, or a function"
        )
    if g2p is not None and not isinstance(g2p, str) and not callable(g2p):
        raise OptionError(
            f"g2p is a {type(g2p).__name__}, not a function", remedy="Pass word -> list of lists of tokens"
        )


def load_g2p(name: str, ids: Mapping[str, int], samples: Samples) -> G2P:
    """Return a ready function.

    Args:
        name: one of READY.
        ids: the tokens.
        samples: returns words of the lexicon with their pronunciations, to see how it writes sounds.

    Raises:
        MissingExtraError: its package is not installed.
        OptionError: the tokens are not of its kind.
    """
    if name == "pinyin":
        from tlg.hotwords.g2p_pinyin import pinyin_g2p

        return pinyin_g2p(ids, samples())
    from tlg.hotwords.g2p_english import english_g2p

    return english_g2p(ids)
