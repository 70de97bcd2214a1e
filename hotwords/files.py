"""Hotword lists: every form in which people hold them, read into one.

Not for: spelling the phrases in the units of a model (``tlg.hotwords.spelling``).
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tlg._files import PathLike, read_text
from tlg.errors import HotwordError

__all__ = ["Hotword", "HotwordSource", "read_hotwords"]

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Hotword:
    """One phrase of a list, as it was given.

    Args:
        phrase: the text, without white space around it.
        word_bias: w, nats for the whole phrase; negative to suppress it.
        bias: b, nats a unit, of this phrase alone; None: the bias of the list.
        file: the file that it is from.
        line: its line there, from 1.
    """

    phrase: str
    word_bias: float = 0.0
    bias: float | None = None
    file: str | None = None
    line: int | None = None


HotwordSource = PathLike | Mapping[str, float | str | None] | Iterable["str | tuple[str, float] | Hotword"]


def read_hotwords(source: HotwordSource) -> list[Hotword]:
    """Return the phrases of a hotword list, in its order.

    Args:
        source: a path (one phrase a line, or a JSON object), a dict from phrase to word bias, or a list of
            phrases, of ``(phrase, word bias)`` pairs or of Hotword. Phrases of a list are taken as they are:
            the forms of a line, below, are those of files.

    A line is ``phrase``, ``phrase w`` (the last field, if it is a number: the word bias in nats) or
    ``phrase :b`` (this phrase's own bias, nats a unit, as sherpa-onnx writes it). Fields are separated by
    white space. A phrase that ends with a number needs a weight behind it: ``route 66 0``. Lines that begin
    with ``#`` are comments. UTF-8 with or without BOM, LF or CRLF, plain or compressed.

    Raises:
        HotwordError: something that is no list, a number that is not finite, a blank phrase, JSON that is no
            object of numbers; names the file and the line.
        MissingFileError: a Path that is no file.
        TextError: a file that is not UTF-8.
    """
    if isinstance(source, str) and not os.path.exists(source):  # noqa: PTH110 - False for what is no path at all
        shown = source if len(source) <= 60 else source[:57] + "..."
        raise HotwordError(
            f"hotwords={shown!r} is a str, but no file of that name exists",
            remedy='Give the path of a file, a list of phrases (["..."]) or a dict ({"...": 5.0})',
        )
    if isinstance(source, str | os.PathLike):
        return _from_file(source)
    if isinstance(source, Mapping):
        return [_from_pair(phrase, weight, f"hotword {phrase!r}") for phrase, weight in source.items()]
    if isinstance(source, bytes) or not isinstance(source, Iterable):
        raise HotwordError(
            f"hotwords cannot be read from {type(source).__name__}", remedy="Give a path, list or dict"
        )
    return [_from_item(item, number) for number, item in enumerate(source)]


def _from_file(path: PathLike) -> list[Hotword]:
    text = read_text(path)
    name = os.fspath(path)
    if text.lstrip().startswith("{"):
        return _from_json(text, name)
    hotwords = []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        fields = line.split()
        if fields and not fields[0].startswith("#"):
            hotwords.append(_from_fields(line.strip(), fields, name, number))
    return hotwords


def _from_fields(line: str, fields: list[str], file: str, number: int) -> Hotword:
    """Read one line, split into its fields."""
    for field in fields[1:]:
        if field[0] == "@" or (field[0] == "#" and NUMBER.fullmatch(field[1:])):
            raise HotwordError(
                f"{field!r} is a field of sherpa-onnx's lists that has no meaning here",
                remedy="Remove it (thresholds and display names are not supported)",
                file=file,
                line=number,
            )
    last = fields[-1]
    phrase = line[: -len(last)].rstrip()
    if phrase and NUMBER.fullmatch(last):
        return Hotword(phrase, word_bias=_finite(last, file, number), file=file, line=number)
    if phrase and last[0] == ":" and NUMBER.fullmatch(last[1:]):
        return Hotword(phrase, bias=_finite(last[1:], file, number), file=file, line=number)
    return Hotword(line, file=file, line=number)


def _finite(number: str, file: str, line: int) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise HotwordError(
            f"the number {number} is not finite", remedy="Give nats, say 5", file=file, line=line
        )
    return value


def _from_json(text: str, file: str) -> list[Hotword]:
    """Read a JSON object; its keys may repeat, as the lines of a list may."""
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (json.JSONDecodeError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise HotwordError(
            f"begins with '{{' but is no JSON object ({error})",
            remedy='Write {"phrase": 5.0}, or one phrase a line',
            file=file,
            line=line,
        ) from error
    return [_from_pair(phrase, weight, f"hotword {phrase!r}", file) for phrase, weight in pairs]


def _from_pair(phrase: object, weight: object, what: str, file: str | None = None) -> Hotword:
    """Read a phrase and its word bias, a number or a numeric string; None stands for 0."""
    if not isinstance(phrase, str):
        raise HotwordError(f"{what} is no str", remedy="Phrases are text", file=file)
    if not phrase.strip():
        raise HotwordError(f"{what} is blank", remedy="Remove it", file=file)
    if isinstance(weight, str) and NUMBER.fullmatch(weight.strip()):
        weight = float(weight)
    if weight is None:
        weight = 0.0
    if isinstance(weight, bool) or not hasattr(weight, "__float__"):
        raise HotwordError(
            f"{what} has the word bias {weight!r}, which is no number", remedy="Give nats, say 5.0", file=file
        )
    value = float(weight)
    if not math.isfinite(value):
        raise HotwordError(
            f"{what} has a word bias that is not finite", remedy="Give nats, say 5.0", file=file
        )
    return Hotword(phrase.strip(), word_bias=value, file=file)


def _from_item(item: object, number: int) -> Hotword:
    if isinstance(item, Hotword):
        for value in (item.word_bias, item.bias):
            if value is not None and not math.isfinite(value):
                raise HotwordError(
                    f"hotword {item.phrase!r} has a bias that is not finite", remedy="Give nats"
                )
        if not item.phrase.strip():
            raise HotwordError(f"item {number} of the list is blank", remedy="Remove it")
        return item
    if isinstance(item, str):
        return _from_pair(item, None, f"item {number} of the list")
    if isinstance(item, tuple | list) and len(item) == 2:
        return _from_pair(item[0], item[1], f"item {number} of the list")
    raise HotwordError(
        f"item {number} of the list is {item!r}",
        remedy='Items are phrases ("..."), pairs ("...", 5.0) or Hotword',
    )
