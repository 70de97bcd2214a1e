"""Pronunciation lexicons: reading them, and making them from characters or SentencePiece models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tlg import _core
from tlg._files import PathLike, read_bytes
from tlg.decoder.graph.tokens import TokenTable
from tlg.errors import LexiconError, OptionError, TextError
from tlg.hotwords.sentencepiece_model import load_sentencepiece

__all__ = ["LexiconSource", "Spelling", "characters", "load_lexicon", "spell", "spell_pieces"]

LexiconSource = PathLike | Mapping[str, Iterable[Sequence[str]]]


def load_lexicon(lexicon: LexiconSource, tokens: TokenTable, *, drop_unknown: bool = False) -> _core.Lexicon:
    """Read and check a lexicon.

    Args:
        lexicon: a file of lines ``word [probability] token token ...`` (UTF-8, perhaps compressed; several
            lines per word are pronunciations), or a dict from words to lists of pronunciations, each a list
            of tokens. The second field is a probability if it is a number above 0 and up to 1 and is not
            itself a token; where it is both it is the token, so write 1.0 where "1" is a token.
        tokens: the tokens that may occur.
        drop_unknown: skip and report pronunciations with unknown tokens, instead of an error.

    Raises:
        LexiconError: an unknown token, a blank in a pronunciation, a reserved word (``<eps> <s> </s> #0``),
            a probability out of range, bytes that are not UTF-8, no pronunciation at all; with the line.
    """
    if isinstance(lexicon, Mapping):
        text, name = _format(lexicon), "lexicon"
    else:
        name = str(lexicon)
        try:
            text = read_bytes(lexicon)
        except TextError as error:
            raise LexiconError(error.message, remedy=error.remedy, file=error.file) from error
    return _core.Lexicon(
        text,
        name,
        list(tokens.symbols),
        -1 if tokens.blank is None else tokens.blank,
        drop_unknown,
        not isinstance(lexicon, Mapping),
    )


def _format(lexicon: Mapping[str, Iterable[Sequence[str]]]) -> bytes:
    lines: list[str] = []
    for word, pronunciations in lexicon.items():
        for pronunciation in pronunciations:
            if isinstance(pronunciation, str):
                raise LexiconError(
                    f"a pronunciation of '{word}' is the string '{pronunciation}', not a list of tokens",
                    remedy="Write {word: [[token, token], ...]}",
                )
            fields = [word, *pronunciation]
            for text in fields:
                if not text or any(c in text for c in " \t\r\n\v\f"):
                    raise LexiconError(
                        f"word or token {text!r} is empty or contains a space",
                        remedy="Write such a token under the name it has in the token table",
                    )
            lines.append(" ".join(fields))
    return ("\n".join(lines) + "\n").encode("utf-8")


@dataclass(frozen=True)
class Spelling:
    """A lexicon that was made, and what could not be.

    Attributes:
        lexicon: word -> pronunciations, each a list of tokens; build_graph takes it as it is.
        unspelled: words left out, each with the reason.
    """

    lexicon: dict[str, list[list[str]]]
    unspelled: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the lexicon as lines ``word token token ...``."""
        return _format(self.lexicon).decode("utf-8") if self.lexicon else ""


# What an LM's vocabulary holds besides words.
_NO_WORDS = frozenset({"<s>", "</s>", "<unk>", "<UNK>", "<eps>", "#0"})


def characters(tokens: TokenTable) -> Spelling:
    """Make every token that is a single character a word that is spelled by itself."""
    symbols = [s for column, s in enumerate(tokens.symbols) if len(s) == 1 and column != tokens.blank]
    return Spelling({symbol: [[symbol]] for symbol in symbols})


def spell(words: Iterable[str], tokens: TokenTable, *, end: str | None = None) -> Spelling:
    """Spell words by their characters.

    Args:
        words: the words; special words of language models are passed over.
        tokens: the tokens. A character that is none is tried in lower case, then in upper case.
        end: a token put behind every word, such as ``|``.

    Raises:
        TokensError: ``end`` is no token.
    """
    tail = [] if end is None else [tokens.symbols[tokens.id(end)]]
    usable = {s for column, s in enumerate(tokens.symbols) if column != tokens.blank}
    lexicon: dict[str, list[list[str]]] = {}
    unspelled: list[str] = []
    for word in words:
        if word in _NO_WORDS or word in lexicon:
            continue
        units = []
        for character in word:
            forms = (character, character.lower(), character.upper())
            form = next((f for f in forms if f in usable), None)
            if form is None:
                unspelled.append(f"{word}: no token for '{character}'")
                break
            units.append(form)
        else:
            lexicon[word] = [units + tail]
    return Spelling(lexicon, tuple(unspelled))


def spell_pieces(
    words: Iterable[str], model: PathLike, *, tokens: TokenTable | None = None, nbest: int = 1
) -> Spelling:
    """Spell words by the pieces of a SentencePiece model.

    Args:
        words: the words; special words of language models are passed over.
        model: the .model file.
        tokens: if given, splits with a piece that is no token are left out.
        nbest: how many of the best splits of each word become pronunciations.

    Raises:
        MissingExtraError: the package sentencepiece is not installed.
        MissingFileError: there is no such model.
        LexiconError: it is no SentencePiece model.
    """
    if nbest < 1:
        raise OptionError(f"nbest {nbest} is below 1", remedy="Use 1 for the best split alone")
    processor = load_sentencepiece(model, kind=LexiconError)
    lexicon: dict[str, list[list[str]]] = {}
    unspelled: list[str] = []
    for word in words:
        if word in _NO_WORDS or word in lexicon:
            continue
        splits = [processor.encode(word, out_type=str)]
        if nbest > 1:
            splits = processor.nbest_encode(word, nbest_size=nbest, out_type=str)
        usable = [
            split
            for split in splits
            if split
            and all(
                processor.piece_to_id(p) != processor.unk_id() and (tokens is None or p in tokens)
                for p in split
            )
        ]
        if usable:
            lexicon[word] = usable
        else:
            unspelled.append(f"{word}: no split into known pieces")
    return Spelling(lexicon, tuple(unspelled))
