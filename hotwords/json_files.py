"""Hotword lists in JSON, and pairs of phrase and weight.

``{"phrase": w}``, numbers or numeric strings, as FunASR's clients send them; a FunASR message whose field
"hotwords" holds such an object, or its text; ``{"phrase": {"word_bias": w, "bias": b, "pronunciations": [...]}}``.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from tlg.errors import HotwordError
from tlg.hotwords.listing import NOTHING, Extra, ListBuilder

__all__ = ["add_pair", "read_json"]

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
MODES = ("offline", "online", "2pass")  # of FunASR's messages
FIELDS = ("word_bias", "bias", "pronunciations")


class _Pairs(list[tuple[str, Any]]):
    """A JSON object; its keys may repeat, as the lines of a list may."""


def read_json(text: str, builder: ListBuilder) -> None:
    """Read a JSON object.

    Raises:
        HotwordError: it is none, or a weight is no number; names the phrase, and the line where JSON ends.
    """
    pairs = _parse(text, builder.file)
    fields = dict(pairs)
    nested = fields.get("hotwords")
    is_message = fields.get("mode") in MODES or isinstance(fields.get("is_speaking"), bool)
    if isinstance(nested, str) and nested.lstrip().startswith("{"):
        pairs = _parse(nested, builder.file)
    elif is_message and (nested is None or nested == ""):
        pairs = _Pairs()
    elif is_message and isinstance(nested, str):
        raise HotwordError(
            f"the field 'hotwords' of the message is {nested!r:.60}, no JSON object",
            remedy='Write "hotwords": "{\\"phrase\\": 20}"',
            file=builder.file,
        )
    elif isinstance(nested, _Pairs) and not {key for key, _ in nested} & set(FIELDS):
        pairs = nested
    for phrase, value in pairs:
        if isinstance(value, _Pairs):
            _add_fields(builder, phrase, value)
        else:
            add_pair(builder, phrase, value)


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


def _add_fields(builder: ListBuilder, phrase: str, fields: _Pairs) -> None:
    def refuse(what: str, remedy: str) -> HotwordError:
        return HotwordError(f"hotword {phrase!r} {what}", remedy=remedy, file=builder.file)

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
    number = math.nan if bias is None else _number(builder, bias, f"hotword {phrase!r}", "bias")
    extra = Extra((), tuple(dict.fromkeys(tuple(one.split()) for one in spoken)), ())
    add_pair(builder, phrase, given.get("word_bias"), bias=number, extra=extra)


def add_pair(
    builder: ListBuilder,
    phrase: object,
    weight: object,
    *,
    item: int | None = None,
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
        raise HotwordError(f"{what} is blank", remedy="Remove it", file=builder.file)
    value = 0.0 if weight is None else _number(builder, weight, what, "word bias")
    builder.add(text, value, bias, extra=extra)


def _number(builder: ListBuilder, value: Any, what: str, name: str) -> float:
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise HotwordError(
            f"{what} has the {name} {value!r}, which is no number",
            remedy="Give nats, say 5.0",
            file=builder.file,
        )
    number = float(value)
    if not math.isfinite(number):
        raise HotwordError(
            f"{what} has a {name} that is not finite", remedy="Give nats, say 5.0", file=builder.file
        )
    return number
