"""Pronunciation lexicons: reading them, and making them from characters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tlg import _core
from tlg._files import PathLike, read_bytes
from tlg.decoder.graph.tokens import TokenTable
from tlg.errors import LexiconError, TextError

__all__ = ["LexiconSource", "load_lexicon"]

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
