"""What prefixes are made of: how tokens make words, the lexicon, the language model; each decision reported."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from tlg import _core
from tlg._files import PathLike, read_text
from tlg.decoder.graph.lexicon import load_lexicon
from tlg.decoder.graph.tokens import TokenTable
from tlg.errors import LexiconError, OptionError
from tlg.hotwords.spelling import choose_boundary
from tlg.hotwords.units import WORD_START
from tlg.lm import LanguageModel, NgramModel, load_model
from tlg.lm.contract import check_scorer

__all__ = ["LexiconLike", "LmLike", "LmUnit", "PrefixModel", "PrefixReport", "PrefixTokens"]

LmUnit = Literal["word", "token"]
LmLike = LanguageModel[Any] | PathLike
LexiconLike = Iterable[str] | Mapping[str, Iterable[Sequence[str]]] | PathLike
SPECIAL = frozenset({"<s>", "</s>", "<unk>", "<UNK>"})  # of language models: no words


@dataclass(frozen=True)
class PrefixReport:
    """What was decided, and what of the input plays no part; nothing is dropped without being listed here.

    Attributes:
        word_separator: the token between words; U+2581 where pieces begin words; None.
        words_are: "tokens", "separated" (by the separator), "pieces" (from one U+2581 to the next) or
            "pronunciations" (of the lexicon, one after another).
        lm_unit: "word", "token", or None without a language model.
        lm_unit_because: why.
        unspelled: words of the lexicon (without one: of the language model) that the tokens cannot spell.
        words_without_lm: words of the lexicon that the language model lacks: scored as its unknown word.
        tokens_without_lm: tokens that a language model of tokens lacks: scored as its unknown word.
        unused_probabilities: pronunciations with a probability, which prefix search does not use.
    """

    word_separator: str | None
    words_are: str
    lm_unit: LmUnit | None
    lm_unit_because: str
    unspelled: tuple[str, ...] = ()
    words_without_lm: tuple[str, ...] = ()
    tokens_without_lm: tuple[str, ...] = ()
    unused_probabilities: int = 0


@dataclass(frozen=True)
class PrefixTokens:
    """The tokens in their roles.

    Args:
        table: the tokens.
        separator: None, U+2581 or a token.
        ignored: tokens that no prefix may have.
    """

    table: TokenTable
    separator: str | None
    ignored: frozenset[str]
    usable: list[int] = field(init=False)
    starts_word: list[int] = field(init=False)
    texts: list[str] = field(init=False)

    def __post_init__(self) -> None:
        """Work out the roles of each token."""
        pieces = self.separator == WORD_START
        usable = [
            int(column != self.table.blank and symbol not in self.ignored)
            for column, symbol in enumerate(self.table.symbols)
        ]
        starts = [int(pieces and symbol.startswith(WORD_START)) for symbol in self.table.symbols]
        texts = [symbol.removeprefix(WORD_START) if pieces else symbol for symbol in self.table.symbols]
        object.__setattr__(self, "usable", usable)
        object.__setattr__(self, "starts_word", starts)
        object.__setattr__(self, "texts", texts)

    @classmethod
    def of(
        cls,
        tokens: TokenTable | Sequence[str] | PathLike,
        *,
        blank: int | str | None,
        word_separator: str | None,
        ignore_tokens: Iterable[str],
    ) -> PrefixTokens:
        """Read the table and choose the separator.

        Raises:
            TokensError: a broken table, no such blank, an ignored token that is none.
            OptionError: a separator that is no token, or is the blank.
        """
        table = TokenTable.of(tokens, blank=blank)
        if isinstance(ignore_tokens, str):
            raise OptionError(
                f"ignore_tokens={ignore_tokens!r} is a str, not a list of tokens", remedy="Pass a list"
            )
        ignored = frozenset(table.symbols[table.id(symbol)] for symbol in ignore_tokens)
        ids = {
            symbol: column
            for column, symbol in enumerate(table.symbols)
            if column != table.blank and symbol not in ignored
        }
        if word_separator is not None and not isinstance(word_separator, str):
            raise OptionError(
                f"word_separator={word_separator!r} is no token", remedy="Pass a token, 'auto' or None"
            )
        if word_separator not in (None, "auto", WORD_START) and word_separator not in ids:
            raise OptionError(
                f"word_separator={word_separator!r} is no token, or the blank, or ignored",
                remedy="Pass one of the tokens, U+2581 where pieces begin words, or None",
            )
        return cls(table, choose_boundary(ids, word_separator), ignored)

    @property
    def separator_id(self) -> int:
        """The column of the separator; -1 if it is none."""
        if self.separator is None or self.separator == WORD_START:
            return -1
        return self.table.id(self.separator)

    def units(self) -> list[str]:
        """Return the tokens that prefixes may have."""
        return [symbol for symbol, usable in zip(self.table.symbols, self.usable, strict=True) if usable]


@dataclass(frozen=True)
class _Words:
    """A lexicon as it was given: words, and their pronunciations in columns where it has them."""

    words: list[str]
    pronunciations: list[tuple[int, list[int]]] | None = None
    probabilities: int = 0


class PrefixModel:
    """What a prefix is worth beside its sound; made once, shared by all searches.

    Attributes:
        core: for the search.
        report: what was decided.
        words: of the lexicon, by id.
        tokens: the tokens in their roles.
    """

    def __init__(
        self,
        tokens: PrefixTokens,
        *,
        lm: LmLike | None,
        lm_unit: LmUnit | None,
        lexicon: LexiconLike | None,
        lookahead: bool,
        lm_weight: float,
        word_score: float,
        unk_score: float | None,
    ) -> None:
        """Read the lexicon and the model, and decide what is not given; users make a PrefixDecoder.

        Raises:
            OptionError: the parts do not fit together, or the unit of the language model cannot be told.
            LexiconError, ArpaError: a file that cannot be used.
        """
        self.tokens = tokens
        given = None if lexicon is None else _read_lexicon(lexicon, tokens)
        self.pronunciations = given.pronunciations if given is not None else None
        mode = _word_mode(tokens, given)
        model = _open_lm(lm)
        if lm_unit not in (None, "word", "token"):
            raise OptionError(f"lm_unit={lm_unit!r} is neither 'word' nor 'token'")
        unit, because = _choose_unit(model, lm_unit, mode, tokens)
        if unk_score is not None and mode is _core.WordMode.LEXICON:
            raise OptionError(
                "unk_score without a word separator: where a word outside the lexicon ends cannot be told",
                remedy="Leave unk_score out; the lexicon constrains to its words",
            )
        vocabulary = _vocabulary(model) if unit == "word" and given is None else None
        words = given.words if given is not None else vocabulary or []
        self.words: list[str] = words
        core_lexicon, unspelled = _core_lexicon(tokens, mode, words, self.pronunciations)
        options = _core.PrefixModelOptions()
        options.mode = mode
        options.separator = tokens.separator_id
        options.starts_word = tokens.starts_word
        options.usable = tokens.usable
        options.texts = tokens.texts
        options.lm_on_tokens = unit == "token"
        options.open = given is None or unk_score is not None
        options.judges_words = given is not None or unit == "word"
        options.closed_by_lexicon = given is not None
        options.lm_weight = lm_weight
        options.word_score = word_score
        options.unk_score = 0.0 if unk_score is None else unk_score
        scored = list(tokens.table.symbols) if unit == "token" else words
        without: tuple[str, ...] = ()
        if isinstance(model, NgramModel):
            options.lookahead = lookahead
            ids = model.core.find_all(scored)
            options.lm_ids = [int(one) for one in ids.view(np.uint32)]
            without = tuple(word for word, number in zip(scored, ids.tolist(), strict=True) if number < 0)
            self.core = _core.PrefixModel.with_ngrams(options, core_lexicon, model.core)
        elif model is not None:
            options.lm_ids = list(range(len(scored)))
            if hasattr(model, "__contains__"):
                without = tuple(word for word in scored if word not in model)
            self.core = _core.PrefixModel.with_python(options, core_lexicon, model, scored)
        else:
            self.core = _core.PrefixModel(options, core_lexicon)
        usable = set(tokens.units())
        self.report = PrefixReport(
            word_separator=tokens.separator,
            words_are=_WORDS_ARE[mode],
            lm_unit=unit,
            lm_unit_because=because,
            unspelled=tuple(words[number] for number in unspelled),
            words_without_lm=without if unit == "word" else (),
            tokens_without_lm=tuple(one for one in without if one in usable) if unit == "token" else (),
            unused_probabilities=given.probabilities if given is not None else 0,
        )


_WORDS_ARE = {
    _core.WordMode.TOKENS: "tokens",
    _core.WordMode.SEPARATOR: "separated",
    _core.WordMode.START: "pieces",
    _core.WordMode.LEXICON: "pronunciations",
}


def _word_mode(tokens: PrefixTokens, lexicon: _Words | None) -> _core.WordMode:
    if tokens.separator == WORD_START:
        return _core.WordMode.START
    if tokens.separator is not None:
        return _core.WordMode.SEPARATOR
    return _core.WordMode.TOKENS if lexicon is None else _core.WordMode.LEXICON


def _open_lm(lm: LmLike | None) -> LanguageModel[Any] | None:
    if lm is None:
        return None
    if isinstance(lm, str | os.PathLike):
        return load_model(lm)
    check_scorer(lm)
    return lm


def _vocabulary(model: LanguageModel[Any] | None) -> list[str] | None:
    """Return the words of a model of tlg; None for others, which are asked word by word."""
    if not isinstance(model, NgramModel):
        return None
    return [word for word in model.core.vocabulary if word not in SPECIAL]


def _choose_unit(
    model: LanguageModel[Any] | None, given: LmUnit | None, mode: _core.WordMode, tokens: PrefixTokens
) -> tuple[LmUnit | None, str]:
    """Return what the model scores, and why: docs/prefix_beam.md#words-or-tokens."""
    if model is None:
        return None, "there is no language model"
    if mode is _core.WordMode.TOKENS:
        return "token", "there are no words but the tokens: no separator, no lexicon"
    if given is not None:
        return given, f"lm_unit={given!r} was given"
    words = _vocabulary(model)
    if words is None:
        raise OptionError(
            f"a {type(model).__name__} does not tell its words, so it may score words or tokens",
            remedy="Pass lm_unit='word' or lm_unit='token'",
        )
    symbols = set(tokens.table.symbols)
    other = next((word for word in words if word not in symbols), None)
    if other is None:
        return "token", f"all {len(words)} words of the model are tokens"
    return "word", f"the model has words that are no tokens, such as {other!r}"


def _read_lexicon(lexicon: LexiconLike, tokens: PrefixTokens) -> _Words:
    """Read a list of words, a file of words, or pronunciations from a mapping or a file."""
    if isinstance(lexicon, Mapping):
        return _pronounced(lexicon, tokens)
    if isinstance(lexicon, str | os.PathLike):
        lines = read_text(lexicon).splitlines()
        if any(len(line.split()) > 1 for line in lines):
            return _pronounced(lexicon, tokens)
        words = [line.strip() for line in lines if line.strip()]
        where: PathLike | None = lexicon
    else:
        if not isinstance(lexicon, Iterable):
            raise LexiconError(
                f"the lexicon is a {type(lexicon).__name__}",
                remedy="Pass a list of words, {word: [pronunciation, ...]}, or a file of either",
            )
        # A set has no order of its own, and ties are decided by the order of the words.
        words, where = (sorted(lexicon) if isinstance(lexicon, set | frozenset) else list(lexicon)), None
    for number, word in enumerate(words, 1):
        if not isinstance(word, str) or not word or len(word.split()) != 1:
            raise LexiconError(
                f"{word!r} is no word (entry {number})",
                remedy="Words are text without white space",
                file=where,
            )
    if not words:
        raise LexiconError("the lexicon has no words", remedy="Pass None for no lexicon", file=where)
    return _Words(list(dict.fromkeys(words)))


def _pronounced(lexicon: Mapping[str, Iterable[Sequence[str]]] | PathLike, tokens: PrefixTokens) -> _Words:
    read = load_lexicon(lexicon, tokens.table)
    name = None if isinstance(lexicon, Mapping) else lexicon
    entries = []
    for word, labels, _ in read.entries():
        units = [label - 1 for label in labels]  # input labels of a graph
        entries.append((word, _without_separator(units, tokens, read.words[word], name)))
    return _Words(list(read.words), entries, sum(cost != 0 for _, _, cost in read.entries()))


def _without_separator(units: list[int], tokens: PrefixTokens, word: str, name: PathLike | None) -> list[int]:
    """Return a pronunciation without the separator at its end; the rest must fit how words are told."""
    separator = tokens.separator_id
    if units and units[-1] == separator:
        units = units[:-1]
    what = ""
    if not units:
        what = "is empty"
    elif separator in units:
        what = f"has the separator {tokens.separator!r} inside"
    elif not all(tokens.usable[unit] for unit in units):
        what = "has an ignored token"
    elif tokens.separator == WORD_START and [tokens.starts_word[unit] for unit in units] != [1] + [0] * (
        len(units) - 1
    ):
        what = "does not begin with a piece that starts a word, or has another one inside"
    if what:
        raise LexiconError(
            f"a pronunciation of {word!r} {what}",
            remedy="Mend it, or pass word_separator=None if words need no separator",
            file=name,
        )
    return units


def _core_lexicon(
    tokens: PrefixTokens,
    mode: _core.WordMode,
    words: list[str],
    pronunciations: list[tuple[int, list[int]]] | None,
) -> tuple[_core.PrefixLexicon | None, list[int]]:
    """Return the automaton of the words, and those that no tokens spell."""
    if not words:
        return None, []
    if pronunciations is not None:
        lexicon = _core.PrefixLexicon.pronounce(
            words,
            [word for word, _ in pronunciations],
            [unit for _, units in pronunciations for unit in units],
            np.cumsum([0, *(len(units) for _, units in pronunciations)]).tolist(),
            len(tokens.table),
        )
        return lexicon, []
    usable = list(tokens.usable)
    if mode is _core.WordMode.SEPARATOR:
        usable[tokens.separator_id] = 0
    spelled = _core.PrefixLexicon.spell(words, tokens.texts, tokens.starts_word, usable)
    if len(spelled.unspelled) == len(words):
        raise LexiconError(
            f"the tokens spell none of the {len(words)} words, such as {words[0]!r}",
            remedy="Check upper and lower case, or pass pronunciations: {word: [[token, ...], ...]}",
        )
    return spelled, spelled.unspelled
