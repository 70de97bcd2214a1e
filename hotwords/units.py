"""What spelling is made of: units, spellings, spellers, and what a graph must offer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from tlg.hotwords.additions import Additions
    from tlg.hotwords.spelled import SpelledList

__all__ = [
    "MAX_SPELLINGS",
    "TOO_MANY",
    "UNSPACED",
    "WORD_START",
    "Lexicon",
    "Spelled",
    "Speller",
    "Spelling",
    "SpellingSource",
    "SymbolTable",
    "Unspellable",
    "from_lexicon",
    "is_unspaced",
    "missing",
    "one_each",
    "ways_through",
]

WORD_START = "\u2581"  # SentencePiece's mark on pieces that begin a word
MAX_SPELLINGS = 64  # of one phrase: ways to cut it into words or pieces
TOO_MANY = (f"it has more than {MAX_SPELLINGS} spellings: the first {MAX_SPELLINGS} count",)
# Scripts written without spaces between words.
UNSPACED = (
    (0x4E00, 0x9FFF),  # Han
    (0x3400, 0x4DBF),  # its extensions, here and below
    (0x3005, 0x3007),  # iteration mark, closing mark, zero
    (0x3040, 0x30FF),  # Kana
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)

# word -> the token symbols of each pronunciation; None where there is no lexicon
Lexicon = Callable[[str], Sequence[Sequence[str]]] | None


class SymbolTable(Protocol):
    """Symbols by id, as a token table has them."""

    @property
    def symbols(self) -> Sequence[str]:
        """The symbols in the order of their ids."""


class SpellingSource(Protocol):
    """What is asked of a graph."""

    @property
    def tokens(self) -> SymbolTable:
        """The model's tokens; its ``blank`` (an id or a symbol), if it has one, is no unit."""

    @property
    def words(self) -> Sequence[str] | Mapping[str, int]:
        """The words by output label, or word -> output label."""

    def pronunciations(self, word: str) -> Sequence[Sequence[str]]:
        """Return the token symbols of each pronunciation; none for a word that the lexicon lacks.

        Raises:
            GraphError: there is no lexicon.
        """


class Unspellable(Exception):
    """A phrase without a spelling: why, and what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        """Keep both parts."""
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


class Spelling(NamedTuple):
    """One way of writing a phrase in units.

    Args:
        units: token symbols, or words.
        lengths: what each unit counts in the n of n*b + w: 1, or the phones of the word.
    """

    units: tuple[str, ...]
    lengths: tuple[int, ...]

    @property
    def length(self) -> int:
        """The n of n*b + w."""
        return sum(self.lengths)


class Spelled(NamedTuple):
    """All spellings of a phrase; the first counts its n.

    Args:
        spellings: at least one.
        by: "characters", "lexicon", "sentencepiece" or "longest match".
        warnings: what the reader of the report should know.
    """

    spellings: tuple[Spelling, ...]
    by: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Speller:
    """How phrases become units, and what the units are.

    Args:
        units_are: "tokens" or "words": which labels a search steps on.
        ids: unit -> its number in the automaton, which is its token or word id.
        num_units: numbers are below this; the last may stand for a boundary that no model emits.
        boundary: the number of the unit that separates words; -1: phrases match anywhere.
        boundary_symbol: its symbol, U+2581 for pieces that begin words; None without boundaries.
        starts_word: number -> a boundary comes before it; empty where boundaries are tokens.
        spell: phrase -> its spellings; raises Unspellable.
        tokens: the tokens of the model, without the blank: what pronunciations are written in.
        spell_all: phrases -> the spellings of those that are quickly spelled all at once, as ``spell`` would;
            the others have "" for how.
        adds: what the graph lacks, where words are attached to it.
        spell_attached: where units are words: the same as ``spell`` with the words that the graph lacks, or whose
            pronunciations the list gives (the second argument), as units of their own.
    """

    units_are: Literal["tokens", "words"]
    ids: Mapping[str, int]
    num_units: int
    boundary: int
    boundary_symbol: str | None
    starts_word: tuple[bool, ...]
    spell: Callable[[str], Spelled]
    tokens: Mapping[str, int]
    spell_all: Callable[[list[str]], SpelledList] | None = None
    adds: Additions | None = None
    spell_attached: Callable[[str, Collection[str]], Spelled] | None = None

    def number(self, unit: str) -> int:
        """Return the number of a unit, also of one that is to be attached."""
        found = self.ids.get(unit)
        if found is None:
            assert self.adds is not None
            found = self.adds.number(unit)
        return found


def is_unspaced(character: str) -> bool:
    """Return whether a character belongs to a script written without spaces between words; "" does not."""
    if character < "\u0e00":  # the first of them; "" too
        return False
    return any(low <= ord(character) <= high for low, high in UNSPACED)


def ways_through(alternatives: Sequence[Sequence[Sequence[str]]]) -> tuple[list[list[str]], tuple[str, ...]]:
    """Return the ways to go through the words, each in one of its forms, and a warning if some are left out."""
    ways: list[list[str]] = [[]]
    warnings: tuple[str, ...] = ()
    for forms in alternatives:
        ways = [[*way, *form] for way in ways for form in forms]
        if len(ways) > MAX_SPELLINGS:
            ways = ways[:MAX_SPELLINGS]
            warnings = TOO_MANY
    return ways, warnings


def one_each(ways: Iterable[Sequence[str]]) -> tuple[Spelling, ...]:
    """Return spellings whose units count 1 each."""
    return tuple(Spelling(tuple(way), (1,) * len(way)) for way in ways)


def missing(
    what: str,
    word: str,
    ids: Mapping[str, int],
    remedy: str = "Write the phrase with characters that are, or give a lexicon where tokens are phones",
) -> Unspellable:
    """Return the error for a word with something that is no token."""
    for other in (word.lower(), word.upper()):
        if other != word and all(letter in ids for letter in other):
            return Unspellable(f"{what} is not among the tokens", f"They spell {other!r}: write it so")
    return Unspellable(f"{what} is not among the tokens", remedy)


def from_lexicon(
    word: str, lexicon: Lexicon, ids: Mapping[str, int], boundary: str | None
) -> list[list[str]]:
    """Return the pronunciations of a word that the tokens have, without boundaries around them."""
    if lexicon is None:
        return []
    forms: list[list[str]] = []
    for pronunciation in lexicon(word):
        units = [unit for unit in pronunciation if unit != boundary]
        if units and units not in forms and all(unit in ids for unit in units):
            forms.append(units)
    return forms
