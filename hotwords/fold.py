"""Case and width folded: a phrase that cannot be spelled as it is written, in the form that the model knows.

Not for: normalising the text that a model is trained on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from typing import Literal

from tlg.errors import OptionError
from tlg.hotwords.units import Spelled, Unspellable

__all__ = ["Fold", "check_fold", "spell_folded"]

Fold = Literal["none", "case", "width", "both"]

WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}  # ASCII -> its full-width form


def check_fold(fold: str) -> None:
    """Check an option.

    Raises:
        OptionError: there is no such way of folding.
    """
    if fold not in ("none", "case", "width", "both"):
        raise OptionError(f"fold={fold!r} is unknown", remedy="Choose 'none', 'case', 'width' or 'both'")


def spell_folded(
    phrase: str, spell: Callable[[str], Spelled], attach: Callable[[str], Spelled], fold: Fold
) -> tuple[str, Spelled]:
    """Return the text that was spelled, and its spellings: the phrase itself if that can be.

    Else each of its words that cannot be is replaced by the first of its forms that can: of the other width, in
    lower case, upper case, capitalised.

    Args:
        phrase: the phrase.
        spell: spells with what is there.
        attach: spells with words attached, where folding does not do; the same as ``spell`` where none are.
        fold: what is folded.

    Raises:
        Unspellable: no form can be spelled; what is wrong with the phrase as it is written.
    """
    try:
        return phrase, spell(phrase)
    except Unspellable as error:
        if fold == "none":
            if attach is spell:
                raise
            return phrase, attach(phrase)
        why = error
    words = [
        next((form for form in _forms(word, fold) if _can(form, spell)), word) for word in phrase.split()
    ]
    text = " ".join(words)
    try:
        return text, attach(text)
    except Unspellable:
        raise why from None


def _forms(word: str, fold: Fold) -> Iterator[str]:
    """Yield the forms of a word, itself first."""
    widths = [word]
    if fold in ("width", "both"):
        narrow = "".join(map(_narrow, word))
        widths += [narrow, narrow.translate(WIDE)]
    for text in widths:
        yield text
        if fold in ("case", "both"):
            yield from (text.lower(), text.upper(), text.capitalize())


def _narrow(character: str) -> str:
    """Return a full-width form as ASCII, half-width Kana as Kana."""
    if unicodedata.east_asian_width(character) in "FH":
        return unicodedata.normalize("NFKC", character)
    return character


def _can(word: str, spell: Callable[[str], Spelled]) -> bool:
    try:
        spell(word)
    except Unspellable:
        return False
    return True
