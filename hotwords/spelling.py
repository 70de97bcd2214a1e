"""Phrases -> the units that a decoder steps a hotword automaton on.

Three ways of matching, chosen from the tokens and the lexicon (docs/hotwords.md#units):

- units that match anywhere: characters of a script without spaces;
- units with word boundaries: letters and a separator token, or SentencePiece pieces;
- words: a lexicon that does not spell (phones); the units are the graph's words.

Not for: reading lists, scores. A phrase that cannot be spelled in full is refused, never shortened.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from tlg._files import PathLike
from tlg.errors import HotwordError, MissingExtraError, MissingFileError, OptionError

__all__ = [
    "Match",
    "Spelled",
    "Speller",
    "Spelling",
    "SpellingSource",
    "SymbolTable",
    "Unspellable",
    "make_speller",
]

Match = Literal["auto", "units", "words"]

WORD_START = "\u2581"  # SentencePiece's mark on pieces that begin a word
SPACES = (" ", "<space>", "|")  # tokens that separate words, the likeliest first
MAX_SPELLINGS = 64  # of one phrase: ways to cut it into words or pieces
SAMPLE = 500  # lexicon words looked at to see whether the lexicon spells


class SymbolTable(Protocol):
    """Symbols by id: what a token table, and a word table, have."""

    @property
    def symbols(self) -> Sequence[str]:
        """The symbols in the order of their ids."""


class SpellingSource(Protocol):
    """What is asked of a graph."""

    @property
    def tokens(self) -> SymbolTable:
        """The model's tokens; its ``blank`` (an id or a symbol), if it has one, is no unit."""

    @property
    def words(self) -> Mapping[str, int] | SymbolTable:
        """The output labels: word -> id, or a table by id."""

    def pronunciations(self, word: str) -> Sequence[Sequence[str]]:
        """Return the token symbols of each pronunciation; none for a word that the lexicon lacks."""


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
    """

    units_are: Literal["tokens", "words"]
    ids: Mapping[str, int]
    num_units: int
    boundary: int
    boundary_symbol: str | None
    starts_word: tuple[bool, ...]
    spell: Callable[[str], Spelled]


def is_cjk(character: str) -> bool:
    """Return whether a character belongs to a script written without spaces (Han, Kana); "" does not."""
    if not character:
        return False
    code = ord(character)
    return (
        0x3400 <= code <= 0x9FFF
        or 0x3040 <= code <= 0x30FF
        or 0x20000 <= code <= 0x3FFFF
        or 0xF900 <= code <= 0xFAFF
        or code in (0x3005, 0x3006, 0x3007)
    )


def make_speller(
    source: SpellingSource | None,
    symbols: Sequence[str],
    *,
    blank: int | str | None = None,
    match: Match = "auto",
    boundary: str | None = "auto",
    sentencepiece: PathLike | None = None,
) -> Speller:
    """Choose how phrases are spelled.

    Args:
        source: a graph, for its lexicon; None: tokens alone.
        symbols: the tokens in the order of their ids.
        blank: the token that is no unit, by id or symbol.
        match: "units", "words" or "auto": words if the lexicon does not spell (phones).
        boundary: the token that separates words, U+2581 for pieces that begin words, None for none, "auto".
        sentencepiece: the model that split the training text; needs the extra ``sentencepiece``.

    Raises:
        OptionError: an option that does not fit the tokens.
    """
    if match not in ("auto", "units", "words"):
        raise OptionError(f"match={match!r} is unknown", remedy="Choose 'auto', 'units' or 'words'")
    lexicon = _lexicon(source)
    if match == "words" and source is None:
        raise OptionError("match='words' needs a graph, for its words", remedy="Pass graph=")
    if match == "words" or (match == "auto" and source is not None and not _lexicon_spells(source)):
        assert source is not None
        return _word_speller(source)
    ids = {symbol: number for number, symbol in enumerate(symbols)}
    if isinstance(blank, int) and 0 <= blank < len(symbols):
        ids.pop(symbols[blank], None)
    elif isinstance(blank, str):
        ids.pop(blank, None)
    chosen = _choose_boundary(ids, boundary)
    if chosen == WORD_START:
        return _piece_speller(ids, len(symbols), lexicon, sentencepiece)
    if sentencepiece is not None:
        raise OptionError(
            "a SentencePiece model was given, but the tokens are not its pieces: none begins with U+2581",
            remedy="Leave sentencepiece= out, or pass the tokens of that model",
        )
    return _letter_speller(ids, len(symbols), lexicon, chosen)


# --- what the tokens and the lexicon are ---

Lexicon = Callable[[str], Sequence[Sequence[str]]] | None


def word_ids(words: Mapping[str, int] | SymbolTable) -> Mapping[str, int]:
    """Return word -> id of either form of a word table."""
    if isinstance(words, Mapping):
        return words
    return {word: number for number, word in enumerate(words.symbols)}


def _lexicon(source: SpellingSource | None) -> Lexicon:
    return source.pronunciations if source is not None else None


def _lexicon_spells(source: SpellingSource) -> bool:
    """Say whether pronunciations are spellings, by a sample of words spread over the table."""
    words = [word for word in word_ids(source.words) if word[:1] not in "<#"]
    spelled = judged = 0
    for word in words[:: max(1, len(words) // SAMPLE)]:
        pronunciations = source.pronunciations(word)
        if not pronunciations:
            continue
        judged += 1
        spelled += any(_joined(units) == word.casefold() for units in pronunciations)
    return 2 * spelled >= judged


def _joined(units: Iterable[str]) -> str:
    return "".join(unit.removeprefix(WORD_START) for unit in units if unit not in SPACES).casefold()


def _choose_boundary(ids: Mapping[str, int], boundary: str | None) -> str | None:
    # The mark alone may be a mere character of an OCR model.
    has_pieces = any(len(symbol) > 1 and symbol.startswith(WORD_START) for symbol in ids)
    if boundary == "auto":
        if has_pieces:
            return WORD_START
        # Where characters of a script without spaces are tokens, a space token does not separate words.
        if any(len(symbol) == 1 and is_cjk(symbol) for symbol in ids):
            return None
        return next((symbol for symbol in SPACES if symbol in ids), None)
    if boundary == WORD_START and not has_pieces:
        raise OptionError("no token begins with U+2581", remedy="Pass boundary=None or a token")
    if boundary is not None and boundary != WORD_START and boundary not in ids:
        raise OptionError(f"boundary={boundary!r} is no token", remedy="Pass one of the tokens, or None")
    return boundary


# --- letters and characters ---


def _ways(alternatives: Sequence[Sequence[Sequence[str]]]) -> tuple[list[list[str]], tuple[str, ...]]:
    """Return the ways to go through the words, each in one of its forms, and a warning if some are left out."""
    ways: list[list[str]] = [[]]
    warnings: tuple[str, ...] = ()
    for forms in alternatives:
        ways = [[*way, *form] for way in ways for form in forms]
        if len(ways) > MAX_SPELLINGS:
            ways = ways[:MAX_SPELLINGS]
            warnings = (f"it has more than {MAX_SPELLINGS} spellings: the first {MAX_SPELLINGS} count",)
    return ways, warnings


def _spellings(ways: Iterable[Sequence[str]]) -> tuple[Spelling, ...]:
    return tuple(Spelling(tuple(way), (1,) * len(way)) for way in ways)


def _missing(what: str, word: str, ids: Mapping[str, int]) -> Unspellable:
    for other in (word.lower(), word.upper()):
        if other != word and all(letter in ids for letter in other):
            return Unspellable(f"{what} is not among the tokens", f"They spell {other!r}: write it so")
    return Unspellable(f"{what} is not among the tokens", "Write the phrase with characters that are")


def _from_lexicon(
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


def _letter_speller(
    ids: Mapping[str, int], num_units: int, lexicon: Lexicon, boundary: str | None
) -> Speller:
    space = boundary if boundary is not None else next((s for s in SPACES[:2] if s in ids), None)

    def forms_of(word: str) -> list[list[str]]:
        forms = _from_lexicon(word, lexicon, ids, boundary)
        if not forms and len(word) > 1 and word in ids:
            forms = [[word]]
        if not forms or forms == [[word]]:
            # A model with tokens for words as well as letters may emit either.
            forms += [list(word)] if all(letter in ids for letter in word) else []
        if forms:
            return forms
        letter = next(letter for letter in word if letter not in ids)
        raise _missing(f"{letter!r} (U+{ord(letter):04X})", word, ids)

    def in_lexicon(word: str) -> bool:
        return bool(_from_lexicon(word, lexicon, ids, boundary))

    def spell(phrase: str) -> Spelled:
        alternatives: list[list[list[str]]] = []
        before = ""
        for word in phrase.split():
            # Where a graph's lexicon spells both words and there is no such token, none is put between them.
            joined = boundary is None and before and (is_cjk(before[-1]) or is_cjk(word[0]))
            joined = joined or (space is None and in_lexicon(before) and in_lexicon(word))
            if before and not joined:
                if space is None:
                    raise Unspellable(
                        f"there is no token for the space between {before!r} and {word!r}",
                        "Write the phrase without it, or pass boundary=",
                    )
                alternatives.append([[space]])
            alternatives.append(forms_of(word))
            before = word
        ways, warnings = _ways(alternatives)
        if boundary is not None and boundary in (ways[0][0], ways[0][-1]):
            raise Unspellable(f"it begins or ends with the word boundary {boundary!r}", "Remove it")
        by = "lexicon" if any(map(in_lexicon, phrase.split())) else "characters"
        return Spelled(_spellings(ways), by, warnings)

    number = -1 if boundary is None else ids[boundary]
    return Speller("tokens", ids, num_units, number, boundary, (), spell)


# --- SentencePiece ---


def _piece_speller(
    ids: Mapping[str, int], num_tokens: int, lexicon: Lexicon, model: PathLike | None
) -> Speller:
    # A character of a script without spaces is a word of its own here: phrases may begin before it and
    # end behind it, whatever its neighbours.
    starts_word = [False] * (num_tokens + 1)
    for symbol, number in ids.items():
        starts_word[number] = symbol.startswith(WORD_START) or is_cjk(symbol[:1])
    encode = None if model is None else _load_model(model)

    def by_model(phrase: str) -> tuple[list[list[str]], str]:
        assert encode is not None
        units = encode(phrase)
        missing = next((unit for unit in units if unit not in ids), None)
        if missing is not None or not units:
            raise Unspellable(
                f"piece {missing!r} of the model is not among the tokens", "Check the phrase's characters"
            )
        return [units], "sentencepiece"

    def by_words(phrase: str) -> tuple[list[list[str]], str]:
        by = "lexicon"
        alternatives = []
        for word in _split_scripts(phrase):
            forms = _from_lexicon(word, lexicon, ids, None)
            if not forms:
                forms = [_longest_pieces(word if is_cjk(word[0]) else WORD_START + word, word, ids)]
                # Scripts without spaces whose pieces are characters can hardly be split otherwise.
                by = "characters" if by != "longest match" and forms == [list(word)] else "longest match"
            alternatives.append(forms)
        ways, _ = _ways(alternatives)
        return ways, by

    def spell(phrase: str) -> Spelled:
        phrase = " ".join(phrase.split())
        ways, by = by_words(phrase) if encode is None else by_model(phrase)
        if is_cjk(phrase[0]):
            ways = [other for way in ways for other in _marked_or_not(way, ids)]
        warnings: tuple[str, ...] = ()
        if by == "longest match":
            warnings = ("split by longest match; the model may split it otherwise: pass sentencepiece=",)
        if len(ways) > MAX_SPELLINGS:
            ways = ways[:MAX_SPELLINGS]
            warnings += (f"it has more than {MAX_SPELLINGS} spellings: the first {MAX_SPELLINGS} count",)
        return Spelled(_spellings(ways), by, warnings)

    return Speller("tokens", ids, num_tokens + 1, num_tokens, WORD_START, tuple(starts_word), spell)


def _split_scripts(phrase: str) -> list[str]:
    """Split at spaces, and where a script without spaces meets another; within it spaces mean nothing."""
    runs: list[str] = []
    for word in phrase.split():
        for without_spaces, characters in groupby(word, is_cjk):
            run = "".join(characters)
            if without_spaces and runs and is_cjk(runs[-1][-1]):
                runs[-1] += run
            else:
                runs.append(run)
    return runs


def _marked_or_not(units: list[str], ids: Mapping[str, int]) -> list[list[str]]:
    """Return the forms within a text and at its beginning, where the model puts its mark."""
    bare = units[0].removeprefix(WORD_START)
    rest = [bare, *units[1:]] if bare else units[1:]
    forms = (rest, [WORD_START + rest[0], *rest[1:]], [WORD_START, *rest]) if rest else (units,)
    return [form for form in forms if all(unit in ids for unit in form)]


def _longest_pieces(text: str, word: str, ids: Mapping[str, int]) -> list[str]:
    """Split from the left, the longest piece first."""
    units: list[str] = []
    start = 0
    while start < len(text):
        end = next((end for end in range(len(text), start, -1) if text[start:end] in ids), None)
        if end is None:
            raise _missing(f"{text[start:]!r} begins with no piece and", word, ids)
        units.append(text[start:end])
        start = end
    return units


def _load_model(path: PathLike) -> Callable[[str], list[str]]:
    try:
        import sentencepiece
    except ImportError as error:
        raise MissingExtraError(
            "sentencepiece= needs the package sentencepiece", remedy="Run: pip install 'tlg[sentencepiece]'"
        ) from error
    if not Path(path).is_file():
        raise MissingFileError("no such file", remedy="Check the path", file=path)
    processor: Any = sentencepiece.SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(Path(path).read_bytes())
    except Exception as error:  # whatever the library raises on a damaged model
        raise HotwordError("is no SentencePiece model", remedy="Give the .model file", file=path) from error

    def encode(text: str) -> list[str]:
        return [str(piece) for piece in processor.EncodeAsPieces(text)]

    return encode


# --- words ---


def _word_speller(source: SpellingSource) -> Speller:
    ids = word_ids(source.words)
    num_units = max(ids.values(), default=-1) + 1

    def length(word: str) -> int:
        pronunciations = source.pronunciations(word) if word in ids else ()
        return len(pronunciations[0]) if pronunciations else 0

    def spell(phrase: str) -> Spelled:
        words: list[str] = []
        for word in phrase.split():
            if words and all(map(is_cjk, words[-1] + word)):
                words[-1] += word  # spaces mean nothing there: the search may put its words otherwise
            else:
                words.append(word)
        alternatives = []
        for word in words:
            forms = _segmentations(word, lambda part: length(part) > 0)
            if not forms:
                others = (word.lower(), word.upper(), word.capitalize())
                other = next((other for other in others if length(other) > 0), None)
                remedy = "Add it with its pronunciation and build the graph again"
                if other is not None:
                    remedy = f"It has {other!r}: write it so"
                raise Unspellable(f"word {word!r} is not in the lexicon", remedy)
            alternatives.append(forms)
        ways, warnings = _ways(alternatives)
        spellings = tuple(Spelling(tuple(way), tuple(length(word) for word in way)) for way in ways)
        return Spelled(spellings, "lexicon", warnings)

    return Speller("words", ids, num_units, -1, None, (), spell)


def _segmentations(word: str, known: Callable[[str], bool]) -> list[list[str]]:
    """Return the ways to cut a word into known words, fewest first; only scripts without spaces are cut.

    One more than MAX_SPELLINGS at most, so that the caller sees that some are left out.
    """
    if not all(is_cjk(character) for character in word):
        return [[word]] if known(word) else []
    size = len(word)
    parts = {(i, j) for i in range(size) for j in range(i + 1, size + 1) if known(word[i:j])}
    # The fewest words from each position to the end; None: no way leads there.
    fewest: list[int | None] = [None] * size + [0]
    for start in reversed(range(size)):
        counts = [
            n + 1 for j in range(start + 1, size + 1) if (start, j) in parts and (n := fewest[j]) is not None
        ]
        fewest[start] = min(counts, default=None)
    ways: list[list[str]] = []
    heap: list[tuple[int, tuple[int, ...]]] = [] if fewest[0] is None else [(fewest[0], (0,))]
    while heap and len(ways) <= MAX_SPELLINGS:
        _, cuts = heapq.heappop(heap)
        if cuts[-1] == size:
            ways.append([word[i:j] for i, j in pairwise(cuts)])
            continue
        for end in range(cuts[-1] + 1, size + 1):
            left = fewest[end]
            if left is not None and (cuts[-1], end) in parts:
                heapq.heappush(heap, (len(cuts) + left, (*cuts, end)))
    return ways
