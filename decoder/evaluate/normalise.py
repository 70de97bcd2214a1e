"""What is done to references and hypotheses before they are compared; nothing, unless asked for."""

from __future__ import annotations

import unicodedata
from typing import Literal, get_args

from tlg.errors import OptionError

__all__ = ["Normalisation", "Unit", "normalise_text", "split_units"]

Unit = Literal["word", "char"]
Normalisation = Literal["none", "speechio"]


def split_units(text: str, unit: Unit) -> list[str]:
    """Return the units of a text: words between white space, or characters other than white space."""
    if unit == "word":
        return text.split()
    if unit == "char":
        return list("".join(text.split()))
    raise OptionError(f"there is no unit '{unit}'", remedy=f"Use one of {', '.join(get_args(Unit))}")


def normalise_text(text: str, kind: Normalisation) -> str:
    """Return the text as it is compared.

    ``none`` changes nothing. ``speechio`` does three of the things that SpeechIO's leaderboard does to both
    sides: full-width forms become half-width (U+FF01..U+FF5E, U+3000), letters become upper case, and
    punctuation and symbols (Unicode P* and S*) become spaces; an apostrophe between two letters stays, so
    that ``don't`` is one word. It does not spell out numbers, and removes neither fillers nor erhua: for
    those, normalise the texts beforehand. Run twice it gives the same as once.
    """
    if kind == "none":
        return text
    if kind != "speechio":
        raise OptionError(
            f"there is no normalisation '{kind}'", remedy=f"Use one of {', '.join(get_args(Normalisation))}"
        )
    folded = "".join(_half_width(c) for c in text).upper()
    kept = []
    for i, c in enumerate(folded):
        if c in "'\u2019":
            inside = 0 < i < len(folded) - 1 and folded[i - 1].isalpha() and folded[i + 1].isalpha()
            kept.append("'" if inside else " ")
        else:
            kept.append(" " if unicodedata.category(c)[0] in "PS" else c)
    return " ".join("".join(kept).split())


def _half_width(c: str) -> str:
    if "\uff01" <= c <= "\uff5e":
        return chr(ord(c) - 0xFEE0)
    return " " if c == "\u3000" else c
