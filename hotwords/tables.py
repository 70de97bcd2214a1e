"""Token tables given without a graph."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tlg._files import PathLike, read_text
from tlg.errors import TokensError

__all__ = ["read_tokens"]


def read_tokens(tokens: Sequence[str] | PathLike) -> list[str]:
    """Return the symbols by id; a gap is an empty symbol, which no phrase has.

    Raises:
        TokensError: a list of other things than str, a symbol or id that is there twice, a file without tokens.
    """
    if not isinstance(tokens, str) and isinstance(tokens, Sequence):
        symbols = list(tokens)
        if not all(isinstance(symbol, str) for symbol in symbols):
            raise TokensError("tokens is no list of str", remedy="Pass symbols in the order of their ids")
        repeated = (
            next((s for s in symbols if s and symbols.count(s) > 1), None)
            if len(set(symbols)) < len(symbols)
            else None
        )
        if repeated is not None:
            raise TokensError(f"token {repeated!r} is there twice", remedy="Each token needs its own symbol")
        return symbols
    by_id: dict[int, str] = {}
    seen: set[str] = set()
    # Split at spaces and tabs alone: other white space may be a token.
    rows = [re.split("[ \t]+", line.strip(" \t\r")) for line in read_text(tokens).split("\n")]
    has_ids = all(len(row) == 2 and row[1].isdecimal() for row in rows if row != [""])
    for number, row in enumerate(rows, start=1):
        if row == [""]:
            continue
        symbol, token = (row[0], int(row[1])) if has_ids else (" ".join(row), len(by_id))
        if token in by_id or symbol in seen:
            raise TokensError(
                f"symbol {symbol!r} or id {token} is there twice",
                remedy="Write 'symbol id' lines, each once",
                file=tokens,
                line=number,
            )
        by_id[token] = symbol
        seen.add(symbol)
    if not by_id:
        raise TokensError("holds no tokens", remedy="Write 'symbol id' lines", file=tokens)
    if max(by_id) > 10 * len(by_id) + 1000:
        raise TokensError(
            f"has {len(by_id)} tokens but the id {max(by_id)}", remedy="Number them from 0", file=tokens
        )
    return [by_id.get(token, "") for token in range(max(by_id) + 1)]
