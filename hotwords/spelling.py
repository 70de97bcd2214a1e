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
from itertools import pairwise
from typing import Literal

from tlg._files import PathLike
from tlg.errors import GraphError, OptionError
from tlg.hotwords.pieces import piece_speller
from tlg.hotwords.quick import quick_letters
from tlg.hotwords.quick_words import quick_words
from tlg.hotwords.spelled import SpelledList
from tlg.hotwords.units import (
    MAX_SPELLINGS,
    WORD_START,
    Lexicon,
    Spelled,
    Speller,
    Spelling,
    SpellingSource,
    Unspellable,
    from_lexicon,
    is_unspaced,
    missing,
    one_each,
    ways_through,
)

__all__ = ["Match", "choose_boundary", "make_speller"]

Match = Literal["auto", "units", "words"]

SPACES = (" ", "<space>", "|")  # tokens that separate words, the likeliest first
NO_LEXICON = (
    "The graph came without a lexicon: if its tokens are phones, put the lexicon.txt that it was built from beside it; "
    "else write the phrase with its tokens"
)
SAMPLE = 500  # lexicon words looked at to see whether the lexicon spells


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
        match: "units", "words" or "auto": words if the lexicon does not spell (phones), or spells with letters
            and does not show where words end.
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
    ids = {symbol: number for number, symbol in enumerate(symbols)}
    if blank is not None:
        ids.pop(_blank_symbol(symbols, ids, blank), None)
    if source is not None and match != "units":
        words = _word_ids(source.words)
        if match == "words" or not _units_will_do(words, ids, lexicon, boundary):
            return _word_speller(source, words, ids)
    chosen = choose_boundary(ids, boundary)
    if chosen == WORD_START:
        return piece_speller(ids, len(symbols), lexicon, sentencepiece)
    if sentencepiece is not None:
        raise OptionError(
            "a SentencePiece model was given, but the tokens are not its pieces: none begins with U+2581",
            remedy="Leave sentencepiece= out, or pass the tokens of that model",
        )
    return _letter_speller(ids, len(symbols), lexicon, chosen, is_bare=source is not None and lexicon is None)


# --- what the tokens and the lexicon are ---


def _blank_symbol(symbols: Sequence[str], ids: Mapping[str, int], blank: int | str) -> str:
    if isinstance(blank, str) and blank in ids:
        return blank
    # Digits that are no symbol are an id, as in a token table.
    is_id = not isinstance(blank, str) or (blank.isascii() and blank.isdigit())
    if is_id and 0 <= int(blank) < len(symbols):
        return symbols[int(blank)]
    raise OptionError(f"blank={blank!r} is no token", remedy="Give one of the tokens, or its id from 0")


def _word_ids(words: Sequence[str] | Mapping[str, int]) -> Mapping[str, int]:
    if isinstance(words, Mapping):
        return words
    return {word: number for number, word in enumerate(words)}


def _lexicon(source: SpellingSource | None) -> Lexicon:
    """Return the lexicon; None without a graph, or where the graph came without one."""
    if source is None:
        return None
    try:
        source.pronunciations("")
    except GraphError:
        return None
    return source.pronunciations


def _units_will_do(
    words: Iterable[str], ids: Mapping[str, int], lexicon: Lexicon, boundary: str | None
) -> bool:
    """Say whether tokens spell the words and show where words begin, by a sample of words spread over the table.

    Phones have homophones; letters without a separator in every word do not show where one ends.
    """
    if lexicon is None:
        return True
    sample = [word for word in words if word[:1] not in "<#"]
    judged = spelled = marked = 0
    for word in sample[:: max(1, len(sample) // SAMPLE)]:
        pronunciations = lexicon(word)
        if not pronunciations:
            continue
        judged += 1
        spelled += any(_joined(units) == word.casefold() for units in pronunciations)
        marked += any(unit in SPACES or unit.startswith(WORD_START) for unit in pronunciations[0])
    shows_words = boundary != "auto" or 2 * marked >= judged or _has_unspaced(ids)
    return 2 * spelled >= judged and shows_words


def _joined(units: Iterable[str]) -> str:
    return "".join(unit.removeprefix(WORD_START) for unit in units if unit not in SPACES).casefold()


def _has_unspaced(ids: Mapping[str, int]) -> bool:
    return any(len(symbol) == 1 and is_unspaced(symbol) for symbol in ids)


def choose_boundary(ids: Mapping[str, int], boundary: str | None) -> str | None:
    """Return the token that separates words, U+2581 where pieces begin words, None where nothing does.

    Args:
        ids: the tokens.
        boundary: the one to take; "auto": U+2581 where some token of several characters begins with it; else None
            where there are characters of a script without spaces; else the first of SPACES that is a token.

    Raises:
        OptionError: there is no such token.
    """
    # The mark alone may be a mere character of an OCR model.
    has_pieces = any(len(symbol) > 1 and symbol.startswith(WORD_START) for symbol in ids)
    if boundary == "auto":
        if has_pieces:
            return WORD_START
        # Where characters of a script without spaces are tokens, a space token does not separate words.
        if _has_unspaced(ids):
            return None
        return next((symbol for symbol in SPACES if symbol in ids), None)
    if boundary == WORD_START and not has_pieces:
        raise OptionError("no token begins with U+2581", remedy="Pass boundary=None or a token")
    if boundary is not None and boundary != WORD_START and boundary not in ids:
        raise OptionError(
            f"boundary={boundary!r} is no token", remedy="Pass one of the tokens, or None (--boundary none)"
        )
    return boundary


# --- letters and characters ---


def _letter_speller(
    ids: Mapping[str, int], num_units: int, lexicon: Lexicon, boundary: str | None, *, is_bare: bool
) -> Speller:
    space = boundary if boundary is not None else next((s for s in SPACES[:2] if s in ids), None)

    def forms_of(word: str) -> list[list[str]]:
        forms = from_lexicon(word, lexicon, ids, boundary)
        if not forms and len(word) > 1 and word in ids:
            forms = [[word]]
        if not forms or forms == [[word]]:
            # A model with tokens for words as well as letters may emit either.
            forms += [list(word)] if all(letter in ids for letter in word) else []
        if forms:
            return forms
        letter = next(letter for letter in word if letter not in ids)
        what = f"{letter!r} (U+{ord(letter):04X})"
        raise missing(what, word, ids, NO_LEXICON) if is_bare else missing(what, word, ids)

    def in_lexicon(word: str) -> bool:
        return bool(from_lexicon(word, lexicon, ids, boundary))

    def spell(phrase: str) -> Spelled:
        alternatives: list[list[list[str]]] = []
        before = ""
        for word in phrase.split():
            # Where a graph's lexicon spells both words and there is no such token, none is put between them.
            joined = boundary is None and before and (is_unspaced(before[-1]) or is_unspaced(word[0]))
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
        ways, warnings = ways_through(alternatives)
        if boundary is not None and boundary in (ways[0][0], ways[0][-1]):
            raise Unspellable(f"it begins or ends with the word boundary {boundary!r}", "Remove it")
        by = "lexicon" if any(map(in_lexicon, phrase.split())) else "characters"
        return Spelled(one_each(ways), by, warnings)

    number = -1 if boundary is None else ids[boundary]
    joiner = None if boundary is None else ids[boundary]
    spell_letters = quick_letters({unit: n for unit, n in ids.items() if unit != boundary}, joiner)

    def spell_all(phrases: list[str]) -> SpelledList:
        quick = spell_letters(phrases)
        if lexicon is None:
            return quick
        spelled = (entry for entry, how in enumerate(quick.by) if how)
        return quick.left_open({entry for entry in spelled if any(map(lexicon, phrases[entry].split()))})

    return Speller("tokens", ids, num_units, number, boundary, (), spell, ids, spell_all)


# --- words ---


def _word_speller(source: SpellingSource, ids: Mapping[str, int], tokens: Mapping[str, int]) -> Speller:
    num_units = max(ids.values(), default=-1) + 1

    def length(word: str) -> int:
        pronunciations = source.pronunciations(word) if word in ids else ()
        return len(pronunciations[0]) if pronunciations else 0

    def spell(phrase: str) -> Spelled:
        words: list[str] = []
        for word in phrase.split():
            if words and all(map(is_unspaced, words[-1] + word)):
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
        ways, warnings = ways_through(alternatives)
        spellings = tuple(Spelling(tuple(way), tuple(length(word) for word in way)) for way in ways)
        return Spelled(spellings, "lexicon", warnings)

    return Speller("words", ids, num_units, -1, None, (), spell, tokens, quick_words(ids, length))


def _segmentations(word: str, known: Callable[[str], bool]) -> list[list[str]]:
    """Return the ways to cut a word into known words, fewest first; only scripts without spaces are cut.

    One more than MAX_SPELLINGS at most, so that the caller sees that some are left out.
    """
    if not all(is_unspaced(character) for character in word):
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
