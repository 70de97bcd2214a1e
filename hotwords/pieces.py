"""Phrases -> SentencePiece units.

A piece that begins with U+2581 starts a word; the model, or else the lexicon or a longest match, splits words.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from unicodedata import category

from tlg._files import PathLike
from tlg.errors import HotwordError
from tlg.hotwords.pronounce import best_splits, longest_match
from tlg.hotwords.quick import quick_forms, quick_pieces
from tlg.hotwords.sentencepiece_model import load_sentencepiece
from tlg.hotwords.units import (
    MAX_SPELLINGS,
    TOO_MANY,
    WORD_START,
    Lexicon,
    Spelled,
    Speller,
    Unspellable,
    from_lexicon,
    is_unspaced,
    missing,
    one_each,
    ways_through,
)

__all__ = ["piece_speller"]

NOT_THE_MODEL: tuple[str, ...] = (
    "split by longest match; the model may split it otherwise: pass sentencepiece=",
)


def piece_speller(
    ids: Mapping[str, int], num_tokens: int, lexicon: Lexicon, model: PathLike | None, pieces: int = 1
) -> Speller:
    """Return a speller for pieces.

    Args:
        ids: piece -> token id, without the blank.
        num_tokens: the number of tokens; the boundary, which no model emits, gets the number behind them.
        lexicon: splits words, where there is no model.
        model: path of the SentencePiece model.
        pieces: how many of its best splits of each word are listened for.

    Raises:
        HotwordError: a file that is no model.
        MissingFileError: no such file.
        MissingExtraError: the package sentencepiece is not installed.
    """
    starts_word = [False] * (num_tokens + 1)
    for symbol, number in ids.items():
        starts_word[number] = _starts_word(symbol)
    processor = None if model is None else load_sentencepiece(model, kind=HotwordError)

    def encode(texts: list[str]) -> list[list[str]]:
        assert processor is not None
        split: list[list[str]] = processor.encode(texts, out_type=str, num_threads=1)
        return split

    def by_model(phrase: str) -> tuple[list[list[str]], str]:
        if pieces > 1:
            forms = [best_splits(processor, word, pieces) for word in phrase.split()]
            known = [[form for form in ways if form and all(u in ids for u in form)] for ways in forms]
            if all(known):
                return ways_through(known)[0], "sentencepiece"
        units = encode([phrase])[0]
        missing = next((unit for unit in units if unit not in ids), None)
        if missing is not None or not units:
            raise Unspellable(
                f"piece {missing!r} of the model is not among the tokens", "Check the phrase's characters"
            )
        return [units], "sentencepiece"

    def told(word: str) -> tuple[list[list[str]], str]:
        forms = from_lexicon(word, lexicon, ids, None)
        if forms:
            return forms, "lexicon"
        text = word if is_unspaced(word[0]) else WORD_START + word
        units, rest = longest_match(text, ids)
        if rest:
            raise missing(f"{rest!r} begins with no piece and", word, ids)
        return [units], "longest match"

    def by_words(phrase: str) -> tuple[list[list[str]], str]:
        by = "lexicon"
        alternatives = []
        for word in _split_scripts(phrase):
            forms, how = told(word)
            if how == "longest match":
                # Scripts without spaces whose pieces are characters can hardly be split otherwise.
                by = "characters" if by != how and forms == [list(word)] else how
            alternatives.append(forms)
        ways, _ = ways_through(alternatives)
        return ways, by

    def spell(phrase: str) -> Spelled:
        phrase = " ".join(phrase.split())
        ways, by = by_words(phrase) if processor is None else by_model(phrase)
        if is_unspaced(phrase[0]):
            ways = [other for way in ways for other in _marked_or_not(way, ids)]
        warnings = NOT_THE_MODEL if by == "longest match" else ()
        if len(ways) > MAX_SPELLINGS:
            ways = ways[:MAX_SPELLINGS]
            warnings += TOO_MANY
        return Spelled(one_each(ways), by, warnings)

    spell_all = None
    if processor is not None and pieces == 1:
        spell_all = quick_pieces(ids, encode)
    elif processor is None:
        spell_all = quick_forms(ids, told, -1, ("longest match", "lexicon"), {"longest match": NOT_THE_MODEL})
    return Speller(
        "tokens", ids, num_tokens + 1, num_tokens, WORD_START, tuple(starts_word), spell, ids, spell_all
    )


def _starts_word(piece: str) -> bool:
    """Return whether there is a word boundary before a piece.

    A character of a script without spaces is a word of its own here. Marks inside words are no punctuation.
    """
    if piece.startswith(WORD_START) or is_unspaced(piece[:1]):
        return True
    return bool(piece) and all(category(c)[0] in "PS" and c not in "'\u2019-_" for c in piece)


def _split_scripts(phrase: str) -> list[str]:
    """Split at spaces, and where a script without spaces meets another; within it spaces mean nothing."""
    runs: list[str] = []
    for word in phrase.split():
        for without_spaces, characters in groupby(word, is_unspaced):
            run = "".join(characters)
            if without_spaces and runs and is_unspaced(runs[-1][-1]):
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
