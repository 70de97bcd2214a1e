"""Tables of words and tokens as toolkits write them.

words.txt of a graph folder, FunASR's config.yaml and tokens.json, and the symbol tables that OpenFst can keep
inside a transducer's file. Not for: what the ids mean (convention.py).
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from tlg._files import PathLike, read_text
from tlg.decoder.graph.tokens import parse_symbols
from tlg.errors import GraphError, TextError, TokensError

__all__ = [
    "SymbolRows",
    "embedded_tables",
    "read_config_words",
    "read_symbol_rows",
    "read_words",
    "word_list",
]

WORDS_REMEDY = "Write one 'word id' a line, ids 0, 1, 2, ... with <eps> as 0"
FST_MAGIC, TABLE_MAGIC = 2125659606, 2125658996  # OpenFst's
HAS_INPUT_TABLE, HAS_OUTPUT_TABLE = 1, 2


@dataclass(frozen=True)
class SymbolRows:
    """Symbols by id, before anything is known of what the ids are.

    Attributes:
        by_id: id -> symbol.
        name: where they came from, for messages.
        numbered: the table has ids; without, they are the order of the lines.
    """

    by_id: dict[int, str]
    name: str
    numbered: bool = True


def read_words(path: PathLike) -> list[str]:
    """Return the words of a ``word id`` table, 0 first.

    Raises:
        GraphError: another form, an id twice (with the line), ids with holes.
    """
    try:
        text = read_text(path)
    except TextError as error:
        raise GraphError(error.message, remedy=error.remedy, file=error.file, line=error.line) from error
    words: dict[int, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split(" ")
        if len(fields) != 2 or line.endswith("\r"):  # not as we write it
            fields = re.split(r"[ \t]+", line.strip(" \t\r"))
        if fields == [""]:
            continue
        if len(fields) != 2 or not (fields[1].isascii() and fields[1].isdigit()):
            raise GraphError(f"is not 'word id': {line[:60]!r}", remedy=WORDS_REMEDY, file=path, line=number)
        if int(fields[1]) in words:
            raise GraphError(f"id {fields[1]} is there twice", remedy=WORDS_REMEDY, file=path, line=number)
        words[int(fields[1])] = fields[0]
    return word_list(words, str(path))


def word_list(words: dict[int, str], name: str) -> list[str]:
    """Return the words in the order of their ids.

    Raises:
        GraphError: the ids have holes.
    """
    if not words or max(words) != len(words) - 1:
        raise GraphError("the ids of the words have holes", remedy=WORDS_REMEDY, file=name)
    return [words[i] for i in range(len(words))]


def read_config_words(path: PathLike) -> list[str]:
    """Return the words of FunASR's config.yaml: a list ``token_list``, written by awk and not as YAML.

    A word that holds a quote or a backslash is broken as YAML (its own runtime exits on it); here a line is the
    word between the first and the last quote.

    Raises:
        GraphError: no such list, or a line of another form.
    Source: runtime/tools/fst/collect_resource_file.sh of FunASR.
    """
    try:
        lines = read_text(path).split("\n")
    except TextError as error:
        raise GraphError(error.message, remedy=error.remedy, file=error.file, line=error.line) from error
    remedy = "Write it with FunASR's collect_resource_file.sh, or put words.txt into the folder"
    if "token_list:" not in (line.rstrip() for line in lines):
        raise GraphError("has no token_list", remedy=remedy, file=path)
    first = next(i for i, line in enumerate(lines) if line.rstrip() == "token_list:") + 1
    words = []
    for number, line in enumerate(lines[first:], first + 1):
        if not line.strip():
            continue
        item = re.fullmatch(r"\s*-\s+(?:\"(.*)\"|'(.*)'|([^\s\"'].*?))\s*", line)
        if item is None:
            if not line[0].isspace() and not line.startswith("-"):
                break  # the next key
            raise GraphError(f"is not '- \"word\"': {line[:60]!r}", remedy=remedy, file=path, line=number)
        words.append(next(group for group in item.groups() if group is not None))
    if not words:
        raise GraphError("the token_list is empty", remedy=remedy, file=path)
    return words


def read_symbol_rows(path: PathLike) -> SymbolRows:
    """Return the symbols of tokens.txt, units.txt or tokens.json (FunASR: a list, or symbol -> id).

    Raises:
        TokensError: another form, a symbol or an id twice.
    """
    try:
        text = read_text(path)
    except TextError as error:
        raise TokensError(error.message, remedy=error.remedy, file=error.file, line=error.line) from error
    if Path(path).suffix != ".json":
        first = next((line for line in text.split("\n") if line.strip()), "")
        return SymbolRows(parse_symbols(text, str(path)), str(path), len(first.split()) > 1)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TokensError(f"is no JSON ({error})", remedy="Write a list of tokens", file=path) from error
    if isinstance(found, dict) and all(isinstance(i, int) for i in found.values()):
        rows = {i: symbol for symbol, i in found.items()}
        if len(rows) == len(found):
            return SymbolRows(rows, str(path))
    if not isinstance(found, list) or not all(isinstance(symbol, str) for symbol in found):
        raise TokensError(
            "is neither a list of tokens nor an object {token: id}", remedy="Write a list", file=path
        )
    return SymbolRows(dict(enumerate(found)), str(path))


def embedded_tables(path: PathLike) -> tuple[SymbolRows | None, SymbolRows | None]:
    """Return the input and the output table inside an OpenFst binary file, None where there is none.

    Raises:
        GraphError: a table is cut off or not text.
    Source: the file format of OpenFst (fst.cc, symbol-table.cc).
    """
    with Path(path).open("rb") as stream:

        def take(form: str) -> int:
            data = stream.read(struct.calcsize(form))
            if len(data) < struct.calcsize(form):
                raise GraphError("the file ends inside its header", remedy="Copy it again", file=path)
            return int(struct.unpack(form, data)[0])

        def take_text() -> str:
            size = take("<i")
            data = stream.read(max(size, 0))
            if size < 0 or len(data) < size:
                raise GraphError("the file ends inside a symbol table", remedy="Copy it again", file=path)
            try:
                return data.decode("utf-8")
            except UnicodeDecodeError as error:
                raise GraphError(
                    "the symbol table inside is not UTF-8", remedy="Use UTF-8", file=path
                ) from error

        def take_table(what: str) -> SymbolRows:
            if take("<i") != TABLE_MAGIC:
                raise GraphError("the symbol table inside does not start as one", file=path)
            take_text()
            take("<q")
            rows = {}
            for _ in range(take("<q")):
                symbol = take_text()
                rows[take("<q")] = symbol
            return SymbolRows(rows, f"{path} ({what} table inside)")

        if take("<i") != FST_MAGIC:
            return None, None
        take_text(), take_text(), take("<i")
        flags = take("<i")
        for _ in range(4):  # properties, start, states, arcs
            take("<Q")
        inputs = take_table("input") if flags & HAS_INPUT_TABLE else None
        outputs = take_table("output") if flags & HAS_OUTPUT_TABLE else None
        return inputs, outputs
