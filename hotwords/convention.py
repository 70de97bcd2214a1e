"""How the lexicon of a graph writes its words, so that words attached to it are written alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tlg.hotwords.units import WORD_START, Lexicon, is_unspaced

__all__ = ["SPACES", "Convention", "Letters", "is_spelled", "lexicon_sample", "read_convention"]

SPACES = (" ", "<space>", "|")  # tokens that separate words, the likeliest first
SAMPLE = 500  # lexicon words looked at
FEW = 20  # of fewer words a token that all of them begin or end with tells nothing
CASES: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper)

Pronunciations = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Convention:
    """The form of pronunciations.

    Args:
        spells: words are spelled by their letters.
        before: tokens before each word: a separator.
        behind: tokens behind each word.
        marks_unspaced: words of scripts without spaces begin with U+2581 too, where others do.
        case: how letters of words become tokens.
        optional: a token that the graph itself allows behind each word.
    """

    spells: bool = True
    before: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    marks_unspaced: bool = False
    case: Callable[[str], str] = str
    optional: str | None = None

    def dressed(self, units: Sequence[str]) -> tuple[str, ...]:
        """Return units with the separators that the lexicon writes and no others around them; () for separators alone."""
        around = {*self.before, *self.behind, self.optional}
        low, high = 0, len(units)
        while low < high and units[low] in around:
            low += 1
        while low < high and units[high - 1] in around:
            high -= 1
        return (*self.before, *units[low:high], *self.behind) if low < high else ()


class Letters(dict[str, str]):
    """Letter -> its token: as it is, else in another case; "" where there is none.

    Args:
        case: how the lexicon writes letters.
        ids: the tokens.
    """

    def __init__(self, case: Callable[[str], str], ids: Mapping[str, int]) -> None:
        """Begin without letters."""
        super().__init__()
        self._case = case
        self._ids = ids

    def __missing__(self, letter: str) -> str:
        """Look a letter up for the first time."""
        forms = (self._case(letter), letter, letter.lower(), letter.upper())
        unit = next((form for form in forms if form in self._ids and form not in SPACES), "")
        self[letter] = unit
        return unit


def lexicon_sample(
    words: Iterable[str], lexicon: Callable[[str], Pronunciations]
) -> dict[str, Pronunciations]:
    """Return words spread over the table, with their pronunciations; those alone that have some."""
    listed = [word for word in words if word[:1] not in "<#"]
    sample = {word: lexicon(word) for word in listed[:: max(1, len(listed) // SAMPLE)]}
    return {word: found for word, found in sample.items() if found}


def is_spelled(word: str, pronunciation: Iterable[str]) -> bool:
    """Return whether tokens are the letters of a word, whatever their case."""
    letters = "".join(unit.removeprefix(WORD_START) for unit in pronunciation if unit not in SPACES)
    return letters.casefold() == word.casefold()


def read_convention(words: Iterable[str], lexicon: Lexicon) -> Convention:
    """Return how a lexicon writes words, by a sample of them."""
    sample = {} if lexicon is None else lexicon_sample(words, lexicon)
    if not sample:
        return Convention()
    first = {word: found[0] for word, found in sample.items()}
    spelled = {word: units for word, units in first.items() if is_spelled(word, units)}
    texts = {word: "".join(unit for unit in units if unit not in SPACES) for word, units in spelled.items()}
    cases = [sum(case(word) == text for word, text in texts.items()) for case in CASES]
    unspaced = [units[0] for word, units in first.items() if is_unspaced(word[0])]
    return Convention(
        spells=2 * len(spelled) >= len(first),
        before=_around([units[0] for units in first.values()]),
        behind=_around([units[-1] for units in first.values() if len(units) > 1]),
        marks_unspaced=2 * sum(unit.startswith(WORD_START) for unit in unspaced) > len(unspaced),
        case=CASES[cases.index(max(cases))],
    )


def _around(ends: list[str]) -> tuple[str, ...]:
    """Return the token that stands at one end of words: a separator of most, or any of many words and all of them."""
    if not ends:
        return ()
    token, count = Counter(ends).most_common(1)[0]
    is_one = (token in SPACES and 2 * count >= len(ends)) or (count == len(ends) >= FEW)
    return (token,) if is_one else ()
