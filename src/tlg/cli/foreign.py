"""Options of commands that read graphs of other toolkits, and what such a graph's path looks like."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["foreign_options", "is_graph"]

TOOLKITS = ("wenet", "funasr", "eesen", "icefall", "riva", "nemo")
NAMES = ("toolkit", "label_offset", "words", "tokens")


def foreign_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --toolkit, --label-offset, --words and --tokens; the command gets those given as ``foreign``."""

    @functools.wraps(command)
    def packed(*args: Any, **options: Any) -> Any:
        values = {name: options.pop(name) for name in NAMES}
        foreign = {name: value for name, value in values.items() if value is not None}
        return command(*args, foreign=foreign, **options)

    for option in (
        click.option(
            "--tokens", type=click.Path(), help="Token table of such a graph, where it lies elsewhere."
        ),
        click.option("--words", type=click.Path(), help="Its words, likewise: words.txt or config.yaml."),
        click.option(
            "--label-offset",
            type=click.IntRange(0, 1),
            help="Input label less token id in such a graph; by default told by its files.",
        ),
        click.option(
            "--toolkit",
            type=click.Choice(TOOLKITS),
            help="Whose graph it is; 'funasr' reads one token a frame. By default told by its files.",
        ),
    ):
        packed = option(packed)
    return packed


def is_graph(path: str) -> bool:
    """Return whether a path is a folder, or a transducer by its name."""
    from tlg.decoder.graph.foreign import is_transducer

    return Path(path).is_dir() or is_transducer(Path(path).name)
