"""What the sub-commands of ``tlg lm`` share."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

import click

__all__ = ["HELP", "print_json", "progress_bar", "texts"]

HELP = {"help_option_names": ["-h", "--help"]}


def texts(names: Sequence[str]) -> list[str | IO[bytes]]:
    """Return the texts, ``-`` as standard input."""
    return [sys.stdin.buffer if name == "-" else name for name in names]


@contextlib.contextmanager
def progress_bar(names: Sequence[str], what: str) -> Iterator[Callable[[int], object]]:
    """Show how many bytes were read, on standard error, if that is a terminal."""
    from tqdm import tqdm

    from tlg.lm.text import text_size

    sizes = [None if name == "-" else text_size(name) for name in names]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    # disable=None: off when standard error is no terminal
    with tqdm(total=total, desc=what, unit="B", unit_scale=True, disable=None, file=sys.stderr) as bar:
        yield bar.update


def print_json(value: Any) -> None:
    """Print figures for programs."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))
