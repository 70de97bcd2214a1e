"""The options of a search on the command line and in a --config file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

from tlg._files import read_text
from tlg.decoder.options import LATTICE_BEAM, SearchOptions
from tlg.decoder.slot import check_bias
from tlg.errors import OptionError

__all__ = ["merge", "search_options"]

Command = TypeVar("Command", bound=Callable[..., object])
_DEFAULTS = SearchOptions()

# Field of SearchOptions -> its type on the command line, and a line of help.
_NUMBERS: dict[str, tuple[type, str]] = {
    "beam": (float, "Drop paths worse than the best by more, nats."),
    "max_active": (int, "Tokens kept after a frame at most."),
    "min_active": (int, "Tokens kept whatever the beam."),
    "acoustic_scale": (float, "Multiplies the log-posteriors."),
    "lm_weight": (float, "Multiplies the graph's scores."),
    "word_score": (float, "Added for each word, nats."),
    "blank_penalty": (float, "Taken off for each blank frame, nats."),
    "blank_skip": (float, "Pass over frames whose blank has this probability, one of each run kept."),
    "token_beam": (float, "Leave out tokens of a frame that are worse than its best by more, nats."),
    "max_tokens": (int, "Look at so many tokens of a frame; 0: all."),
    "nbest": (
        int,
        "Different texts of each utterance to write besides, with their scores, to OUTPUT's .nbest.tsv.",
    ),
    "lattice_beam": (
        float,
        "Keep paths that end within this of the best, nats: for --nbest, --lattices, --mbr, --confidence.",
    ),
}


def search_options(command: Command) -> Command:
    """Give a command the options of a search; one that is not given is None: from --config, else its default."""
    for name, (kind, text) in reversed(_NUMBERS.items()):
        default = LATTICE_BEAM if name == "lattice_beam" else getattr(_DEFAULTS, name)
        flag = f"--{name.replace('_', '-')}"
        command = click.option(flag, name, type=kind, help=f"{text}  [default: {default:g}]")(command)
    return command


def merge(config: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of the config file under those given; what is wrong in the file names the file.

    Args:
        config: a file with a JSON object, or None.
        given: fields of SearchOptions, and hotword_bias; None is not given.

    Raises:
        OptionError: an unknown option, or a value out of its range.
        MissingFileError: there is no such file.
    """
    known = {name: value for name, value in given.items() if value is not None}
    settings = {} if config is None else _read_config(config)
    settings.update(known)
    try:
        SearchOptions.from_dict(
            {name: value for name, value in settings.items() if name != "hotword_bias"},
            others=["hotword_bias"],
        )
    except OptionError as error:
        name = error.message.removeprefix("unknown option ").partition("=")[0].strip("'")
        if config is not None and name not in known and name in settings:
            error.file = config
        raise
    return settings


def _read_config(path: str) -> dict[str, Any]:
    """Read the options of a JSON file; names are those of SearchOptions, and hotword_bias."""
    try:
        settings = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise OptionError(
            f"not JSON ({error.msg})", remedy="Write a JSON object", file=path, line=error.lineno
        ) from error
    except ValueError as error:  # a number of too many digits
        raise OptionError(f"not JSON ({error})", remedy="Write a JSON object", file=path) from error
    except RecursionError as error:
        raise OptionError("JSON nested too deeply", remedy="Write a plain JSON object", file=path) from error
    if not isinstance(settings, dict):
        raise OptionError("not a JSON object", remedy='Write {"acoustic_scale": 1.5, ...}', file=path)
    bias = settings.get("hotword_bias")
    if bias is not None and bias != "auto":
        try:
            check_bias(bias)
        except OptionError as error:
            error.file = path
            raise
    return settings
