"""``tlg lm generate``."""

from __future__ import annotations

from typing import Any

import click

from tlg.cli.lm.common import HELP, print_json

__all__ = ["generate"]


@click.command(context_settings=HELP)
@click.argument("model", metavar="LM")
@click.option(
    "--count", "n", default=1, show_default=True, type=click.IntRange(1), help="How many sentences."
)
@click.option(
    "--method",
    default="sample",
    show_default=True,
    type=click.Choice(["sample", "argmax", "beam"]),
    help="Draw each word; take the best word at each step; search the best sentences.",
)
@click.option(
    "--temperature",
    default=1.0,
    show_default=True,
    help="Divides the scores before drawing; below 1 the likely becomes likelier.",
)
@click.option("--top-k", default=0, type=click.IntRange(0), help="Draw among the K best words.")
@click.option(
    "--top-p",
    default=1.0,
    show_default=True,
    help="Draw among the fewest best words with this share together.",
)
@click.option("--seed", type=click.IntRange(0), help="The same seed gives the same sentences.")
@click.option("--prefix", default="", help="Words that each sentence begins with.")
@click.option(
    "--max-words", default=100, show_default=True, type=click.IntRange(0), help="At most, after the prefix."
)
@click.option(
    "--beam", default=8, show_default=True, type=click.IntRange(1), help="Hypotheses kept, for --method beam."
)
@click.option("--exclude-unk/--include-unk", default=True, show_default=True, help="Whether <unk> may come.")
@click.option("--json", "as_json", is_flag=True, help="Print words and scores as JSON.")
def generate(model: str, as_json: bool, **options: Any) -> None:
    """Make sentences with the model LM, one a line.

    \b
    Example:
        tlg lm generate lm.arpa.gz --count 5 --temperature 0.8 --top-k 50 --seed 1 --prefix "the company"
    """
    from tlg.lm import NgramModel

    sentences = NgramModel.load(model).generate(**options)
    if as_json:
        print_json([sentence.as_dict() for sentence in sentences])
        return
    for sentence in sentences:
        click.echo(sentence.text)
