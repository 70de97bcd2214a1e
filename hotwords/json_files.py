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
from tlg.hotwords.listing import NOTHING, Extra, ListBuilder, is_finite

__all__ = ["add_pair", "read_json"]

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
JSON_MARK = re.compile(r'\\.|["{}\[\]:]')  # an escape, or what gives JSON its form
MODES = ("offline", "online", "2pass")  # of FunASR's messages
FIELDS = ("word_bias", "bias", "pronunciations")


class _Pairs(list[tuple[str, Any]]):
    """A JSON object; its keys may repeat, as the lines of a list may."""


def read_json(text: str, builder: ListBuilder) -> None:
    """Read a JSON object; phrases of a file get their lines.

    Raises:
        HotwordError: it is none, or a weight is no number; names the phrase and the line.
    """
    pairs = _parse(text, builder)
    fields = dict(pairs)
    nested = fields.get("hotwords")
    is_message = fields.get("mode") in MODES or isinstance(fields.get("is_speaking"), bool)
    lines: Sequence[int] | None = None
    if isinstance(nested, str) and nested.lstrip().startswith("{"):
        line = _line_of_hotwords(text, builder)
        pairs = _parse(nested, builder, line)
        lines = [line] * len(pairs)
    elif is_message and (nested is None or nested == ""):
        pairs, lines = _Pairs(), []
    elif is_message and isinstance(nested, str):
        raise builder.refusal(
            f"the field 'hotwords' of the message is {nested!r:.60}, no JSON object",
            'Write "hotwords": "{\\"phrase\\": 20}"',
            _line_of_hotwords(text, builder),
        )
    elif isinstance(nested, _Pairs) and not {key for key, _ in nested} & set(FIELDS):
        pairs = nested
        if builder.file is not None:
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


def _parse(text: str, builder: ListBuilder, line: int = 0) -> _Pairs:
    """Read an object. `line`: the one of the file that all of it is in; 0: it is the file."""
    try:
        found = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:  # also a number of too many digits
        if isinstance(error, json.JSONDecodeError):
            line = line or error.lineno
        raise builder.refusal(
            f"begins with '{{' but is no JSON object ({error})",
            'Write {"phrase": 5.0}, or one phrase a line',
            line,
        ) from error
    assert isinstance(found, _Pairs)  # it begins with a brace
    return found


def _keys(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Go through the keys of objects in JSON that was read: depth from 1, line from 1, key of the depth above, key."""
    path: list[str] = []
    line = counted = begin = end = 0  # of the last string
    is_inside = False
    for found in JSON_MARK.finditer(text):
        mark = found[0]
        if mark == '"':
            is_inside = not is_inside
            begin, end = (found.start(), end) if is_inside else (begin, found.end())
        elif is_inside:
            continue
        elif mark in "{[":
            path.append("")
        elif mark in "}]":
            path.pop()
        else:
            line += text.count("\n", counted, begin)
            counted = begin
            path[-1] = json.loads(text[begin:end])
            yield len(path), line + 1, path[-2] if len(path) > 1 else "", path[-1]


def _line_of_hotwords(text: str, builder: ListBuilder) -> int:
    """Return the line of the last field "hotwords" of a message in a file; 0 where it is in none."""
    if builder.file is None:
        return 0
    return [line for depth, line, _, key in _keys(text) if depth == 1 and key == "hotwords"][-1]


def _add_fields(builder: ListBuilder, phrase: str, fields: _Pairs, line: int) -> None:
    def refuse(what: str, remedy: str) -> HotwordError:
        return builder.refusal(f"hotword {phrase!r} {what}", remedy, line)

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
    text = builder.checked(phrase, what, line)
    value = 0.0 if weight is None else _number(builder, weight, what, "word bias", line)
    builder.add(text, value, bias, line, extra)


def _number(builder: ListBuilder, value: Any, what: str, name: str, line: int) -> float:
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise builder.refusal(
            f"{what} has the {name} {value!r}, which is no number", "Give nats, say 5.0", line
        )
    if not is_finite(value):
        raise builder.refusal(f"{what} has a {name} that is not finite", "Give nats, say 5.0", line)
    return float(value)
