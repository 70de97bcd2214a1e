"""Phrases -> the units that a decoder steps a hotword automaton on.

Three ways of matching, chosen from the tokens and the lexicon (docs/hotwords.md#units):

- units that match anywhere: characters of a script without spaces;
- units with word boundaries: letters and a separator token, or SentencePiece pieces;
- words: a lexicon that does not spell (phones); the units are the graph's words.

Not for: reading lists, scores. A phrase that cannot be spelled in full is refused, never shortened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from tlg._files import PathLike
from tlg.errors import GraphError, OptionError
from tlg.hotwords.additions import Additions
from tlg.hotwords.convention import SPACES, is_spelled, lexicon_sample
from tlg.hotwords.pieces import piece_speller
from tlg.hotwords.quick import quick_forms, quick_letters
from tlg.hotwords.units import (
    WORD_START,
    Lexicon,
    Spelled,
    Speller,
    SpellingSource,
    Unspellable,
    from_lexicon,
    is_unspaced,
    missing,
    one_each,
    ways_through,
)
from tlg.hotwords.word_speller import word_speller

__all__ = ["Match", "choose_boundary", "lexicon_of", "make_speller", "unit_ids", "word_ids"]

Match = Literal["auto", "units", "words"]

NO_LEXICON = (
    "The graph came without a lexicon: if its tokens are phones, put the lexicon.txt that it was built from beside it; "
    "else write the phrase with its tokens"
)


def make_speller(
    source: SpellingSource | None,
    symbols: Sequence[str],
    *,
    blank: int | str | None = None,
    match: Match = "auto",
    boundary: str | None = "auto",
    sentencepiece: PathLike | None = None,
    pieces: int = 1,
    adds: Additions | None = None,
    why_not: tuple[str, str] = (
        "it cannot be attached",
        "Build the graph again, with the word in the lexicon",
    ),
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
        pieces: how many of its best splits of each word are listened for.
        adds: what the graph lacks, where words are attached to it.
        why_not: why words that the graph lacks are not attached, and what to do; where they are not.

    Raises:
        OptionError: an option that does not fit the tokens.
    """
    if match not in ("auto", "units", "words"):
        raise OptionError(f"match={match!r} is unknown", remedy="Choose 'auto', 'units' or 'words'")
    lexicon = lexicon_of(source)
    if match == "words" and source is None:
        raise OptionError("match='words' needs a graph, for its words", remedy="Pass graph=")
    ids = unit_ids(symbols, blank)
    chosen = choose_boundary(ids, boundary)
    if sentencepiece is None and pieces != 1:
        raise OptionError(
            f"pieces={pieces} has no effect without a SentencePiece model", remedy="Pass sentencepiece="
        )
    if sentencepiece is not None and choose_boundary(ids, "auto") != WORD_START:
        raise OptionError(
            "a SentencePiece model was given, but the tokens are not its pieces: none begins with U+2581",
            remedy="Leave sentencepiece= out, or pass the tokens of that model",
        )
    if source is not None and match != "units":
        words = word_ids(source.words)
        if match == "words" or not _units_will_do(words, ids, lexicon, boundary):
            if boundary not in ("auto", None):
                raise OptionError(
                    f"boundary={boundary!r} has no effect: the list is matched over the words of the graph",
                    remedy="Leave it out, or pass match='units'",
                )
            return word_speller(source, words, ids, adds, why_not)
    if chosen == WORD_START:
        return replace(piece_speller(ids, len(symbols), lexicon, sentencepiece, pieces), adds=adds)
    if sentencepiece is not None:
        raise OptionError(
            f"a SentencePiece model was given, but with boundary={boundary!r} nothing is split by it",
            remedy="Leave boundary= or sentencepiece= out",
        )
    is_bare = source is not None and lexicon is None
    return replace(_letter_speller(ids, len(symbols), lexicon, chosen, is_bare=is_bare), adds=adds)


# --- what the tokens and the lexicon are ---


def unit_ids(symbols: Sequence[str], blank: int | str | None) -> dict[str, int]:
    """Return token -> id, without the blank.

    Raises:
        OptionError: the blank is no token.
    """
    ids = {symbol: number for number, symbol in enumerate(symbols)}
    if blank is not None:
        ids.pop(_blank_symbol(symbols, ids, blank), None)
    return ids


def _blank_symbol(symbols: Sequence[str], ids: Mapping[str, int], blank: int | str) -> str:
    if isinstance(blank, str) and blank in ids:
        return blank
    # Digits that are no symbol are an id, as in a token table.
    is_id = not isinstance(blank, str) or (blank.isascii() and blank.isdigit())
    if is_id and 0 <= int(blank) < len(symbols):
        return symbols[int(blank)]
    raise OptionError(f"blank={blank!r} is no token", remedy="Give one of the tokens, or its id from 0")


def word_ids(words: Sequence[str] | Mapping[str, int]) -> Mapping[str, int]:
    """Return word -> output label."""
    if isinstance(words, Mapping):
        return words
    return {word: number for number, word in enumerate(words)}


def lexicon_of(source: SpellingSource | None) -> Lexicon:
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
    sample = lexicon_sample(words, lexicon)
    spelled = sum(any(is_spelled(word, units) for units in found) for word, found in sample.items())
    marked = sum(
        any(unit in SPACES or unit.startswith(WORD_START) for unit in found[0]) for found in sample.values()
    )
    shows_words = boundary != "auto" or 2 * marked >= len(sample) or _has_unspaced(ids)
    return 2 * spelled >= len(sample) and shows_words


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
    if lexicon is None:
        spell_all = quick_letters({unit: n for unit, n in ids.items() if unit != boundary}, joiner)
    else:

        def told(word: str) -> tuple[list[list[str]], str]:
            return forms_of(word), "lexicon" if in_lexicon(word) else "characters"

        spell_all = quick_forms(ids, told, joiner, ("lexicon", "characters"), {})
    return Speller("tokens", ids, num_units, number, boundary, (), spell, ids, spell_all)
