"""Hotword lists: every form in which people hold them, read into one.

Not for: spelling the phrases in the units of a model (``tlg.hotwords.spelling``).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from numbers import Real

from tlg._files import PathLike, read_text
from tlg.errors import HotwordError
from tlg.hotwords.json_files import NUMBER, add_pair, read_json
from tlg.hotwords.listing import Extra, Hotword, HotwordList, ListBuilder, is_finite
from tlg.hotwords.units import WORD_START

__all__ = ["Hotword", "HotwordSource", "read_hotwords", "read_list"]


MAY_BE_A_FIELD = frozenset("+-.0123456789:#@")  # what a field behind the phrase begins with

HotwordSource = PathLike | Mapping[str, float | str | None] | Iterable["str | tuple[str, float] | Hotword"]


def read_hotwords(source: HotwordSource) -> list[Hotword]:
    """Return the phrases of a hotword list, in its order.

    Args:
        source: a path (one phrase a line, or a JSON object), a dict from phrase to word bias, a list of
            phrases, of ``(phrase, word bias)`` pairs or of Hotword, or a str that holds a JSON object. Phrases of a
            list are taken as they are: the forms of a line, below, are those of files.

    A line is ``phrase``, ``phrase w`` (the last field, if it is a number: the word bias in nats) or
    ``phrase :b`` (this phrase's own bias, nats a unit, as sherpa-onnx writes it). Fields are separated by
    white space. A phrase that ends with a number needs a weight behind it: ``route 66 0``. Lines that begin
    with ``#`` are comments. UTF-8 with or without BOM, LF or CRLF, plain or compressed.

    ``phrase<TAB>w<TAB>p r o n<TAB>...``: with pronunciations, in tokens of a graph; w may be empty or ``:b``.
    sherpa-onnx's fields ``#threshold`` and ``@name`` have no effect, which ``Hotword.notes`` says. A phrase
    that is split into SentencePiece pieces is put together; ``Hotword.tokens`` keeps the pieces.

    Raises:
        HotwordError: something that is no list, a number that is not finite, a blank phrase, JSON that is no
            object of numbers; names the file and the line.
        MissingFileError: a Path that is no file.
        TextError: a file that is not UTF-8.
    """
    return list(read_list(source))


def read_list(source: HotwordSource) -> HotwordList:
    """Return the same as columns: quick for long lists."""
    if isinstance(source, HotwordList):
        return source
    builder = ListBuilder()
    if isinstance(source, str) and not os.path.exists(source):  # noqa: PTH110 - False for what is no path at all
        if source.lstrip().startswith("{"):
            read_json(source, builder)
            return builder.build()
        shown = source if len(source) <= 60 else source[:57] + "..."
        raise HotwordError(
            f"hotwords={shown!r} is a str, but no file of that name exists",
            remedy='Give the path of a file, a list of phrases (["..."]) or a dict ({"...": 5.0})',
        )
    if isinstance(source, str | os.PathLike):
        builder = ListBuilder(os.fspath(source))
        text = read_text(source)
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if text.lstrip().startswith("{"):
            read_json(text, builder)
        else:
            _read_lines(text, builder)
    elif isinstance(source, Mapping):
        for phrase, weight in source.items():
            add_pair(builder, phrase, weight)
    elif isinstance(source, bytes) or not isinstance(source, Iterable):
        raise HotwordError(
            f"hotwords cannot be read from {type(source).__name__}", remedy="Give a path, list or dict"
        )
    else:
        for number, item in enumerate(source):
            _add_item(builder, item, number)
    return builder.build()


# --- lines ---


def _read_lines(text: str, builder: ListBuilder) -> None:
    add = builder.add
    is_number = NUMBER.fullmatch
    for number, line in enumerate(text.split("\n"), start=1):
        fields = line.split()
        if not fields or fields[0][0] == "#":
            continue
        last = fields[-1]
        # Most lines: a phrase, or a phrase and its word bias.
        if WORD_START in line or line.count("\t") > 1:
            _add_line(builder, line, number)
        elif len(fields) == 1 or last[0] not in MAY_BE_A_FIELD:
            add(line.strip(), line=number)
        elif len(fields) == 2 and is_number(last):
            add(fields[0], _finite(builder, last, number), line=number)
        else:
            _add_line(builder, line, number)


def _add_line(builder: ListBuilder, line: str, number: int) -> None:
    """Read a line of several fields."""
    if _add_columns(builder, line, number):
        return
    line = line.strip()
    word_bias, bias = 0.0, math.nan
    notes: list[str] = []
    fields = line.split()
    if len(fields) > 1 and NUMBER.fullmatch(fields[-1]):
        word_bias = _finite(builder, fields[-1], number)
        line = line[: -len(fields.pop())].rstrip()
    else:
        # sherpa-onnx's fields stand behind the phrase, in any order, each once.
        seen: set[str] = set()
        while len(fields) > 1 and (kind := _sherpa_field(fields[-1])) and kind not in seen:
            seen.add(kind)
            last = fields.pop()
            line = line[: -len(last)].rstrip()
            if kind == ":":
                bias = _finite(builder, last[1:], number)
            else:
                what = "threshold" if kind == "#" else "display name"
                notes.append(f"{last!r} has no effect here: a {what} of sherpa-onnx")
    tokens: tuple[str, ...] = ()
    if WORD_START in line:
        tokens = tuple(fields)
        line = "".join(fields).replace(WORD_START, " ").strip()
        if not line:
            raise builder.refusal(
                f"phrase {' '.join(fields)!r} is a mark of word beginnings alone", "Remove the line", number
            )
    builder.add(line, word_bias, bias, number, Extra(tokens, (), tuple(reversed(notes))))


def _sherpa_field(text: str) -> str:
    """Return what kind of field of sherpa-onnx's it is, by its first character; "" for none."""
    first, rest = text[0], text[1:]
    if (first in ":#" and NUMBER.fullmatch(rest)) or (first == "@" and rest):
        return first
    return ""


def _add_columns(builder: ListBuilder, line: str, number: int) -> bool:
    """Read a line with a column of pronunciations; return whether it is one."""
    if line.count("\t") < 2:
        return False
    phrase, weight, *spoken = (column.strip() for column in line.split("\t"))
    is_bias = weight[:1] == ":"
    if not phrase:
        return False
    if weight and not NUMBER.fullmatch(weight[is_bias:]):
        if NUMBER.fullmatch(spoken[-1]):  # the line's weight: the tabs are in the phrase
            return False
        raise builder.refusal(
            f"the weight {weight!r} is no number",
            "Write phrase, weight (or nothing) and pronunciation between tabs, or a phrase without tabs",
            number,
        )
    value = _finite(builder, weight[is_bias:], number) if weight else 0.0
    pronunciations = tuple(dict.fromkeys(tuple(column.split()) for column in spoken if column))
    builder.add(
        phrase,
        0.0 if is_bias else value,
        value if is_bias else math.nan,
        number,
        Extra((), pronunciations, ()),
    )
    return True


def _finite(builder: ListBuilder, number: str, line: int) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise builder.refusal(f"the number {number} is not finite", "Give nats, say 5", line)
    return value


# --- lists in memory ---


def _add_item(builder: ListBuilder, item: object, number: int) -> None:
    if isinstance(item, str):
        builder.add(builder.checked(item, f"item {number} of the list"))
    elif isinstance(item, Hotword):
        for value in (item.word_bias, item.bias):
            if value is not None and not isinstance(value, Real):
                raise HotwordError(
                    f"hotword {item.phrase!r} has the bias {value!r}, which is no number", remedy="Give nats"
                )
            if value is not None and not is_finite(value):
                raise HotwordError(
                    f"hotword {item.phrase!r} has a bias that is not finite", remedy="Give nats"
                )
        builder.checked(item.phrase, f"item {number} of the list")
        builder.add_hotword(item)
    elif isinstance(item, tuple | list) and len(item) == 2:
        add_pair(builder, item[0], item[1], item=number)
    else:
        raise HotwordError(
            f"item {number} of the list is {item!r}",
            remedy='Items are phrases ("..."), pairs ("...", 5.0) or Hotword',
        )
