"""Tables of references and hypotheses: ``utterance-id<TAB>text``, one a line, further columns ignored."""

from __future__ import annotations

from collections.abc import Mapping

from tlg._files import PathLike, atomic_write, compress, read_text
from tlg.errors import TextError

__all__ = ["read_table", "table_line", "write_table"]

ID_NAMES = ("utterance-id", "line-id", "utterance", "id")


def read_table(path: PathLike) -> dict[str, str]:
    """Return utterance id -> text, in the order of the file.

    UTF-8 with or without BOM, LF or CRLF, compressed or not. Blank lines are passed over. A header is
    recognised when its first line has a column ``text`` and one of ``utterance-id``, ``line-id``,
    ``utterance``, ``id``; the columns are then taken by their names, otherwise they are the first two.

    Raises:
        MissingFileError: there is no such file.
        TextError: a line without a tab, an empty id, or an id that comes twice; names the line.
    """
    table: dict[str, str] = {}
    first_line: dict[str, int] = {}
    id_column, text_column, needed = 0, 1, 2
    for number, line in enumerate(read_text(path).split("\n"), 1):
        line = line.removesuffix("\r")
        if not line.strip():
            continue
        cells = line.split("\t")
        if not table and number == 1:
            ids = [name for name in ID_NAMES if name in cells]
            if ids and "text" in cells:
                id_column, text_column = cells.index(ids[0]), cells.index("text")
                needed = max(id_column, text_column) + 1
                continue
        if len(cells) < needed:
            raise TextError(
                "no tab between utterance id and text"
                if needed == 2
                else f"{len(cells)} columns, not {needed}",
                remedy="Write 'utterance-id<TAB>text'; an empty text needs its tab too",
                file=path,
                line=number,
            )
        name, text = cells[id_column].strip(), cells[text_column].strip()
        if not name:
            raise TextError("no utterance id before the tab", remedy="Add it", file=path, line=number)
        if name in table:
            raise TextError(
                f"utterance '{name}' comes twice (first in line {first_line[name]})",
                remedy="Remove one of them",
                file=path,
                line=number,
            )
        table[name], first_line[name] = text, number
    return table


def write_table(path: PathLike, table: Mapping[str, str]) -> None:
    """Write utterance id -> text, atomically; compressed if the suffix says so.

    Raises:
        TextError: a tab or a line break inside an id or a text.
        OutputError: the file cannot be written.
    """
    lines = "".join(table_line(name, text, path) for name, text in table.items())
    with atomic_write(path) as stream:
        stream.write(compress(lines.encode("utf-8"), path))


def table_line(name: str, text: str, path: PathLike) -> str:
    """Return one line of the table that is written to `path`.

    Raises:
        TextError: a tab or a line break inside the id or the text, no id, or what is not Unicode.
    """
    line = f"{name}\t{text}\n"
    broken = any(mark in name + text for mark in "\t\n\r")
    if broken or not name.strip() or (not line.isascii() and any("\ud800" <= c <= "\udfff" for c in line)):
        raise TextError(
            f"utterance {name!r} cannot be written as a line: a tab, a line break, no id, or not Unicode",
            remedy="Give it another id; replace tabs and line breaks by spaces",
            file=path,
        )
    return line
