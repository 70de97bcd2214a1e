"""Hotword lists in JSON, and pairs of phrase and weight.

``{"phrase": w}``, numbers or numeric strings, as FunASR's clients send them; a FunASR message whose field
"hotwords" holds such an object, or its text; ``{"phrase": {"word_bias": w, "bias": b, "pronunciations": [...]}}``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tlg.errors import HotwordError
from tlg.hotwords.listing import NOTHING, Extra, ListBuilder

__all__ = ["add_pair", "read_json"]

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
JSON_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:]')
MODES = ("offline", "online", "2pass")  # of FunASR's messages
FIELDS = ("word_bias", "bias", "pronunciations")


class _Pairs(list[tuple[str, Any]]):
    """A JSON object; its keys may repeat, as the lines of a list may."""


def read_json(text: str, builder: ListBuilder) -> None:
    """Read a JSON object; phrases of a file get their lines.

    Raises:
        HotwordError: it is none, or a weight is no number; names the phrase and the line.
    """
    pairs = _parse(text, builder.file)
    fields = dict(pairs)
    nested = fields.get("hotwords")
    is_message = fields.get("mode") in MODES or isinstance(fields.get("is_speaking"), bool)
    lines: Sequence[int] | None = None
    if isinstance(nested, str) and nested.lstrip().startswith("{"):
        pairs = _parse(nested, builder.file)
        lines = [_line_of_hotwords(text)] * len(pairs)
    elif is_message and (nested is None or nested == ""):
        pairs, lines = _Pairs(), []
    elif is_message and isinstance(nested, str):
        raise HotwordError(
            f"the field 'hotwords' of the message is {nested!r:.60}, no JSON object",
            remedy='Write "hotwords": "{\\"phrase\\": 20}"',
            file=builder.file,
            line=_line_of_hotwords(text),
        )
    elif isinstance(nested, _Pairs) and not {key for key, _ in nested} & set(FIELDS):
        pairs = nested
        inner = [line for depth, line, parent, _ in _keys(text) if depth == 2 and parent == "hotwords"]
        lines = inner[len(inner) - len(pairs) :]  # of the last field of this name
    if builder.file is None:
        lines = [0] * len(pairs)
    elif lines is None:
        lines = [line for depth, line, _, _ in _keys(text) if depth == 1]
    for (phrase, value), line in zip(pairs, lines, strict=True):
        if isinstance(value, _Pairs):
            _add_fields(builder, phrase, value, line)
        else:
            add_pair(builder, phrase, value, line=line)


def _parse(text: str, file: str | None) -> _Pairs:
    try:
        found = json.loads(text, object_pairs_hook=_Pairs)
    except (json.JSONDecodeError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise HotwordError(
            f"begins with '{{' but is no JSON object ({error})",
            remedy='Write {"phrase": 5.0}, or one phrase a line',
            file=file,
            line=line,
        ) from error
    assert isinstance(found, _Pairs)  # it begins with a brace
    return found


def _keys(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Go through the keys of objects in JSON that was read: depth from 1, line from 1, key of the depth above, key."""
    path: list[str] = []
    line, seen, last = 1, 0, ""
    for found in JSON_MARK.finditer(text):
        mark = found[0]
        if mark in "{[":
            path.append("")
        elif mark in "}]":
            path.pop()
        elif mark == ":":
            line += text.count("\n", seen, found.start())
            seen = found.start()
            path[-1] = json.loads(last)
            yield len(path), line, path[-2] if len(path) > 1 else "", path[-1]
        else:
            last = mark


def _line_of_hotwords(text: str) -> int:
    """Return the line of the last field "hotwords" of a message."""
    return [line for depth, line, _, key in _keys(text) if depth == 1 and key == "hotwords"][-1]


def _add_fields(builder: ListBuilder, phrase: str, fields: _Pairs, line: int) -> None:
    def refuse(what: str, remedy: str) -> HotwordError:
        return HotwordError(f"hotword {phrase!r} {what}", remedy=remedy, file=builder.file, line=line or None)

    given = dict(fields)
    unknown = next((name for name in given if name not in FIELDS), None)
    if unknown is not None:
        raise refuse(f"has the field {unknown!r}", f"Its fields are {', '.join(FIELDS)}")
    spoken = given.get("pronunciations") or []
    if isinstance(spoken, str):
        spoken = [spoken]
    if not isinstance(spoken, list) or not all(isinstance(one, str) and one.strip() for one in spoken):
        raise refuse(
            "has pronunciations that are no texts", 'Write them as ["p r o n"], tokens between spaces'
        )
    bias = given.get("bias")
    number = math.nan if bias is None else _number(builder, bias, f"hotword {phrase!r}", "bias", line)
    extra = Extra((), tuple(dict.fromkeys(tuple(one.split()) for one in spoken)), ())
    add_pair(builder, phrase, given.get("word_bias"), line=line, bias=number, extra=extra)


def add_pair(
    builder: ListBuilder,
    phrase: object,
    weight: object,
    *,
    item: int | None = None,
    line: int = 0,
    bias: float = math.nan,
    extra: Extra = NOTHING,
) -> None:
    """Append a phrase with its word bias, a number or a numeric string; None stands for 0.

    Raises:
        HotwordError: no text, or no finite number; names the item, or else the phrase.
    """
    what = f"hotword {phrase!r}" if item is None else f"item {item} of the list"
    if not isinstance(phrase, str):
        raise HotwordError(f"{what} is no str", remedy="Phrases are text", file=builder.file)
    text = phrase.strip()
    if not text:
        raise HotwordError(f"{what} is blank", remedy="Remove it", file=builder.file, line=line or None)
    value = 0.0 if weight is None else _number(builder, weight, what, "word bias", line)
    builder.add(text, value, bias, line, extra)


def _number(builder: ListBuilder, value: Any, what: str, name: str, line: int) -> float:
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise HotwordError(
            f"{what} has the {name} {value!r}, which is no number",
            remedy="Give nats, say 5.0",
            file=builder.file,
            line=line or None,
        )
    number = float(value)
    if not math.isfinite(number):
        raise HotwordError(
            f"{what} has a {name} that is not finite",
            remedy="Give nats, say 5.0",
            file=builder.file,
            line=line or None,
        )
    return number
