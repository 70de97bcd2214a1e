"""What the sub-commands of ``tlg lm`` share."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

import click

__all__ = ["HELP", "phase_bar", "print_json", "progress_bar", "texts"]

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


@contextlib.contextmanager
def phase_bar(shares: Mapping[str, int]) -> Iterator[Callable[[str, int, int], None]]:
    """Show how far a work of several phases has come, on standard error, if that is a terminal.

    Args:
        shares: about what part of the time each phase takes, in their order.
    """
    from tqdm import tqdm

    layout = "{desc:<10}{percentage:3.0f}%|{bar}| [{elapsed}<{remaining}]"
    # disable=None: off when standard error is no terminal
    with tqdm(total=sum(shares.values()), bar_format=layout, disable=None, file=sys.stderr) as bar:

        def tell(phase: str, done: int, total: int) -> None:
            names = list(shares)
            before = sum(shares[name] for name in names[: names.index(phase)])
            # How much a pipe will give is not known: say how much it has given.
            bar.set_description_str(phase if total else f"{phase} {done >> 20} MB", refresh=False)
            bar.update(before + shares[phase] * (min(done / total, 1.0) if total else 0.0) - bar.n)

        yield tell


def print_json(value: Any) -> None:
    """Print figures for programs."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))
