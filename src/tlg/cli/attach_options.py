"""Options of commands that attach words to a graph: words that its lexicon lacks, members of classes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["attach_options"]

NAMES = ("attach", "attach_score", "g2p", "pieces", "classes")


def attach_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --attach, --attach-score, --g2p, --pieces and --class; the command gets ``attaching``, arguments of Hotwords."""

    @functools.wraps(command)
    def packed(*args: Any, **options: Any) -> Any:
        attaching = {name: options.pop(name) for name in NAMES}
        lists = list(map(_class_list, attaching["classes"]))
        names = [name for name, _ in lists]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise click.UsageError(f"--class names {twice} twice: put its members into one file")
        attaching["classes"] = dict(lists)
        return command(*args, attaching=attaching, **options)

    for option in (
        click.option(
            "--class",
            "classes",
            multiple=True,
            metavar="<NAME>=FILE",
            help="List of the members of a class of the language model, say '<name>=contacts.txt'; may be repeated.",
        ),
        click.option(
            "--pieces",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="Best splits of a word by the SentencePiece model that are listened for.",
        ),
        click.option(
            "--g2p",
            type=click.Choice(["pinyin", "english"]),
            help="Says words that nothing else says; needs the extra of this name.",
        ),
        click.option(
            "--attach-score",
            type=float,
            default=0.0,
            show_default=True,
            help="Added to the score of <unk> for each attached word, nats.",
        ),
        click.option(
            "--attach/--no-attach",
            default=True,
            show_default=True,
            help="Attach words of the list that the lexicon lacks, where the graph has slots for <unk>.",
        ),
    ):
        packed = option(packed)
    return packed


def _class_list(given: str) -> tuple[str, Path]:
    """Read '<name>=FILE'."""
    name, sign, path = given.partition("=")
    if not (name and sign and path):
        raise click.UsageError(f"--class {given} is not of the form '<name>=FILE'")
    return name, Path(path)
