"""The token table: the columns of a model's output, by name and by number."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tlg._files import PathLike, read_text
from tlg.errors import TextError, TokensError

__all__ = ["USUAL_BLANKS", "TokenTable", "check_ids", "is_disambiguation", "parse_symbols"]

# What toolkits call the CTC blank, in the order in which they are looked for.
USUAL_BLANKS = ("<blk>", "<blank>", "<b>", "[blank]", "<ctc_blank>", "<ctc>", "<pad>", "[PAD]", "<eps>", "_")


@dataclass(frozen=True)
class TokenTable:
    """The columns of a model's output.

    Attributes:
        symbols: the token of each column, distinct.
        blank: the blank's column; None for a model without blank (one posterior per token).
        name: the file it came from, for messages.
    """

    symbols: tuple[str, ...]
    blank: int | None
    name: str = "tokens"
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the symbols and index them."""
        ids: dict[str, int] = {}
        for column, symbol in enumerate(self.symbols):
            if not isinstance(symbol, str):
                raise TokensError(
                    f"token {symbol!r} (id {column}) is a {type(symbol).__name__}, not text",
                    remedy="Pass the symbols as str, in the order of the columns",
                    file=self.name,
                )
            if not symbol or any(c in symbol for c in " \t\r\n"):
                raise TokensError(
                    f"token {symbol!r} (id {column}) is empty or contains a space",
                    remedy="Write such a token under another name, <space> for a space",
                    file=self.name,
                )
            if symbol in ids:
                raise TokensError(
                    f"token '{symbol}' is both {ids[symbol]} and {column}",
                    remedy="Give every column a name of its own",
                    file=self.name,
                )
            ids[symbol] = column
        object.__setattr__(self, "_ids", ids)
        if not self.symbols:
            raise TokensError("has no tokens", remedy="Write one 'symbol id' a line", file=self.name)
        if self.blank is not None and not 0 <= self.blank < len(self.symbols):
            raise TokensError(
                f"blank {self.blank} is not a column: there are {len(self.symbols)} tokens",
                remedy="Give blank as a token or as an id from 0",
                file=self.name,
            )

    @classmethod
    def load(
        cls, path: PathLike, *, blank: str | int | None = None, ctc: bool = True, is_whole: bool = False
    ) -> TokenTable:
        """Read ``symbol id`` lines in any order of ids, or one symbol a line (ids from 0).

        Args:
            path: the file, UTF-8, perhaps compressed. Disambiguation symbols (``#0``, ``#1``, ...) behind
                the last column, as icefall and Kaldi write them, are left out.
            blank: token or id of the CTC blank; by default the one of USUAL_BLANKS that is there.
            ctc: whether the model has a blank.
            is_whole: every symbol is a column, also one that looks like a disambiguation symbol.

        Raises:
            TokensError: ids with holes, or a symbol or an id twice (with the line); no blank; not UTF-8.
        """
        try:
            text = read_text(path)
        except TextError as error:
            raise TokensError(error.message, remedy=error.remedy, file=error.file, line=error.line) from error
        by_id = parse_symbols(text, str(path))
        while not is_whole and by_id and is_disambiguation(by_id.get(max(by_id), "")):
            del by_id[max(by_id)]
        symbols = check_ids(by_id, str(path))
        cls(symbols, None, str(path))
        return cls(symbols, _find_blank(symbols, blank, ctc, str(path)), str(path))

    @classmethod
    def of(
        cls,
        tokens: PathLike | Sequence[str] | TokenTable,
        *,
        blank: str | int | None = None,
        ctc: bool = True,
    ) -> TokenTable:
        """Return a table from a file, a list of symbols (column 0 first) or another table."""
        if isinstance(tokens, TokenTable):
            if blank is None and (tokens.blank is not None) == ctc:
                return tokens
            return cls(tokens.symbols, _find_blank(tokens.symbols, blank, ctc, tokens.name), tokens.name)
        if isinstance(tokens, str | Path) or hasattr(tokens, "__fspath__"):
            return cls.load(tokens, blank=blank, ctc=ctc)
        if not isinstance(tokens, Iterable):
            raise TokensError(
                f"tokens are a {type(tokens).__name__}, not a list of symbols",
                remedy="Pass tokens.txt, a list of symbols, or a TokenTable",
            )
        symbols = tuple(tokens)
        cls(symbols, None)  # a doubled symbol is reported before a missing blank
        return cls(symbols, _find_blank(symbols, blank, ctc, "tokens"))

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        """Return whether there is such a token."""
        return symbol in self._ids

    def id(self, symbol: str) -> int:
        """Return the column of a token.

        Raises:
            TokensError: there is no such token.
        """
        try:
            return self._ids[symbol]
        except KeyError:
            raise TokensError(
                f"'{symbol}' is not among the {len(self)} tokens", remedy="Check its spelling", file=self.name
            ) from None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the symbols in the order of the columns, as hexadecimal digits."""
        return hashlib.sha256("\n".join(self.symbols).encode("utf-8")).hexdigest()

    def text(self) -> str:
        """Return the table as ``symbol id`` lines."""
        return "".join(f"{symbol} {column}\n" for column, symbol in enumerate(self.symbols))


def parse_symbols(text: str, name: str) -> dict[int, str]:
    """Return id -> symbol of ``symbol id`` lines, or of one symbol a line (ids from 0).

    Raises:
        TokensError: a line of another form, a symbol or an id twice; with the line.
    """
    rows = [
        (number, re.split(r"[ \t]+", line.strip(" \t\r")))  # other spaces may be tokens
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip(" \t\r")
    ]
    if all(len(fields) == 1 for _, fields in rows):
        rows = [(number, [*fields, str(column)]) for column, (number, fields) in enumerate(rows)]
    by_id: dict[int, str] = {}
    lines: dict[int, int] = {}
    seen: dict[str, int] = {}
    for number, fields in rows:
        if len(fields) != 2 or not (fields[1].isascii() and fields[1].isdigit()):
            raise TokensError(
                f"is not 'symbol id': {' '.join(fields)[:60]!r}",
                remedy="Write one token and its id a line, or one token a line in the order of the columns",
                file=name,
                line=number,
            )
        symbol, column = fields[0], int(fields[1])
        if symbol in seen:
            raise TokensError(
                f"token '{symbol}' is already on line {seen[symbol]}",
                remedy="Give every column a name of its own",
                file=name,
                line=number,
            )
        if column in by_id:
            raise TokensError(
                f"id {column} is already '{by_id[column]}' on line {lines[column]}",
                remedy="Give every token an id of its own",
                file=name,
                line=number,
            )
        seen[symbol] = lines[column] = number
        by_id[column] = symbol
    return by_id


def check_ids(by_id: Mapping[int, str], name: str) -> tuple[str, ...]:
    """Return the symbols in the order of their ids.

    Raises:
        TokensError: the ids are not 0, 1, 2, ... without holes.
    """
    for column in range(len(by_id)):
        if column not in by_id:
            raise TokensError(
                f"no token has id {column}, but ids go up to {max(by_id)}",
                remedy="Number the tokens 0, 1, 2, ... as the model's columns, without holes",
                file=name,
            )
    return tuple(by_id[column] for column in range(len(by_id)))


def is_disambiguation(symbol: str) -> bool:
    """Return whether it is one of Kaldi's disambiguation symbols: #0, #1, ..."""
    return symbol.startswith("#") and symbol[1:].isascii() and symbol[1:].isdigit()


def _find_blank(symbols: tuple[str, ...], blank: str | int | None, ctc: bool, name: str) -> int | None:
    if not ctc:
        if blank is not None:
            raise TokensError(
                "a blank was given for a model without blank", remedy="Leave blank out", file=name
            )
        return None
    if blank is None:
        for usual in USUAL_BLANKS:
            if usual in symbols:
                return symbols.index(usual)
        raise TokensError(
            f"no token looks like the blank (looked for {' '.join(USUAL_BLANKS)})",
            remedy="Pass blank= (--blank): the token or its id",
            file=name,
        )
    if isinstance(blank, str):
        if blank in symbols:
            return symbols.index(blank)
        if not (blank.isascii() and blank.isdigit()):
            raise TokensError(
                f"the blank '{blank}' is not among the {len(symbols)} tokens",
                remedy="Pass blank= (--blank): the token or its id",
                file=name,
            )
    elif isinstance(blank, bool) or not hasattr(blank, "__index__"):
        raise TokensError(
            f"blank={blank!r} is neither a token nor an id",
            remedy="Pass blank= (--blank): the token or its id",
            file=name,
        )
    return int(blank)
