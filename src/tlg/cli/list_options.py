"""Options of commands that take hotword lists: how phrases are spelled, what they are worth, what is attached for them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click
from click.core import ParameterSource

__all__ = ["Bias", "ListOptions", "bias_option", "check_auto", "language_model", "list_options"]

Bias = float | Literal["auto"] | None

# Arguments of Hotwords -> the option that gives each.
FLAGS = {
    "match": "--match",
    "boundary": "--boundary",
    "fold": "--fold",
    "attach": "--no-attach",
    "attach_score": "--attach-score",
    "g2p": "--g2p",
    "sentencepiece": "--sentencepiece",
    "pieces": "--pieces",
    "classes": "--class",
}
OF_GRAPHS = ("attach", "attach_score", "g2p", "classes")
OF_CLASSES = ("g2p", "sentencepiece", "pieces", "classes")  # what members of classes are said with


@dataclass(frozen=True)
class ListOptions:
    """What a command was told about its list.

    Args:
        arguments: of Hotwords.
        given: those that the command line gives; the others have their defaults.
    """

    arguments: dict[str, Any]
    given: tuple[str, ...]

    @property
    def classes(self) -> dict[str, Path]:
        """Class -> the file of its members."""
        found: dict[str, Path] = self.arguments["classes"]
        return found

    def check(self, hotwords: str | None) -> None:
        """Check that each option has something to act on.

        Args:
            hotwords: the file of the list, or None.

        Raises:
            click.UsageError: one has not.
        """
        if hotwords is not None:
            return
        for name in self.given:
            if name not in OF_CLASSES:
                raise click.UsageError(f"{FLAGS[name]} goes with --hotwords")
            if not self.classes:
                raise click.UsageError(f"{FLAGS[name]} goes with --hotwords or --class")

    def check_graph(self) -> None:
        """Check the options of a list that is compiled without a graph.

        Raises:
            click.UsageError: one needs a graph.
        """
        wrong = next((name for name in OF_GRAPHS if name in self.given), None)
        if wrong is not None:
            raise click.UsageError(f"{FLAGS[wrong]} goes with --graph")


def bias_option(flag: str, *, help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return an option that takes nats, or "auto"."""
    return click.option(flag, type=_nats_or_auto, metavar="NATS|auto", help=help)


def _nats_or_auto(text: str) -> float | Literal["auto"]:
    if text == "auto":
        return "auto"
    try:
        return float(text)  # whether it is finite, Hotwords asks
    except ValueError:
        raise click.BadParameter(f"{text} is no number; give nats, or auto") from None


def check_auto(bias: Bias, lm: str | None, flags: tuple[str, str]) -> None:
    """Check that automatic biases come with a language model, and nothing else does.

    Args:
        bias: what the command line or the config gives.
        lm: path of the model, or None.
        flags: the names of both options.

    Raises:
        click.UsageError: one without the other.
    """
    if (lm is not None) != (bias == "auto"):
        raise click.UsageError(f"{flags[0]} auto and {flags[1]} go together")


def language_model(path: str | None) -> Any:
    """Return the model that biases are asked of, or None.

    Raises:
        TlgError: it cannot be read.
    """
    if path is None:
        return None
    from tlg.lm.load import load_model

    return load_model(path)


def list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets ``listing``, a ListOptions."""

    @functools.wraps(command)
    def packed(*args: Any, **options: Any) -> Any:
        source = click.get_current_context().get_parameter_source
        arguments = {name: options.pop(name) for name in FLAGS}
        # --attach asks for what is done anyway.
        given = tuple(
            name
            for name in FLAGS
            if source(name) is ParameterSource.COMMANDLINE and (name, arguments[name]) != ("attach", True)
        )
        arguments["classes"] = _class_lists(arguments["classes"])
        if arguments["boundary"] == "none":
            arguments["boundary"] = None
        return command(*args, listing=ListOptions(arguments, given), **options)

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
            "--sentencepiece",
            type=click.Path(exists=True, dir_okay=False),
            help="SentencePiece model that splits the phrases.",
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
        click.option(
            "--fold",
            type=click.Choice(["none", "case", "width", "both"]),
            default="none",
            show_default=True,
            help="Spell words that the tokens or the lexicon lack in another case or width.",
        ),
        click.option(
            "--boundary", default="auto", show_default=True, help="Token that separates words, or 'none'."
        ),
        click.option(
            "--match",
            type=click.Choice(["auto", "units", "words"]),
            default="auto",
            show_default=True,
            help="What phrases are spelled in: tokens, or words of the graph.",
        ),
    ):
        packed = option(packed)
    return packed


def _class_lists(given: Sequence[str]) -> dict[str, Path]:
    """Read '<name>=FILE', once for each class."""
    lists: dict[str, Path] = {}
    for one in given:
        name, sign, path = one.partition("=")
        if not (name and sign and path):
            raise click.UsageError(f"--class {one} is not of the form '<name>=FILE'")
        if name in lists:
            raise click.UsageError(f"--class names {name} twice: put its members into one file")
        lists[name] = Path(path)
    return lists
