"""``tlg lm prune``."""

from __future__ import annotations

import click

from tlg.cli.lm.changes import check_output, finish
from tlg.cli.lm.common import HELP

__all__ = ["prune"]


def _numbers(context: click.Context, parameter: click.Parameter, value: str | None) -> list[int] | int | None:
    if value is None:
        return None
    fields = value.split(",")
    if not all(one.isascii() and one.isdecimal() for one in fields):
        raise click.BadParameter(f"{value!r} is no number, and no numbers with commas between them")
    numbers = [int(one) for one in fields]
    return numbers[0] if len(numbers) == 1 else numbers


@click.command(context_settings=HELP)
@click.argument("model", metavar="LM")
@click.argument("output", metavar="OUT")
@click.option(
    "--threshold", type=float, help="What changes the perplexity relatively by less goes, e.g. 1e-8."
)
@click.option(
    "--ngrams",
    callback=_numbers,
    metavar="N[,N...]",
    help="Instead: how many n-grams to keep, unigrams included; or one number per order.",
)
@click.option(
    "--history",
    default="chain",
    show_default=True,
    type=click.Choice(["chain", "stationary"]),
    help="How often contexts occur: by the chain rule, as SRILM, or as the model writes them (for Kneser-Ney).",
)
@click.option("--history-lm", metavar="LM", help="By the chain rule from this model (-prune-history-lm).")
@click.option(
    "--min-order",
    default=2,
    show_default=True,
    type=click.IntRange(1),
    help="Shorter n-grams stay (-minprune).",
)
@click.option(
    "--suffixes",
    default="keep",
    show_default=True,
    type=click.Choice(["keep", "backoff"]),
    help="Suffixes of what stays: leave them as they are, or make SRILM's model, which has none.",
)
@click.option(
    "--text", multiple=True, metavar="FILE", help="Measure the perplexity of this text, before and after."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def prune(
    model: str,
    output: str,
    threshold: float | None,
    ngrams: list[int] | int | None,
    history: str,
    history_lm: str | None,
    min_order: int,
    suffixes: str,
    text: tuple[str, ...],
    as_json: bool,
) -> None:
    """Remove from the model LM what hardly changes it, and write OUT: entropy pruning.

    \b
    Example:
        tlg lm prune lm.arpa.gz small.arpa.gz --threshold 1e-8
        tlg lm prune lm.arpa.gz small.arpa.gz --ngrams 500000 --history stationary --text heldout.txt
    """
    from tlg.lm import NgramModel
    from tlg.lm import prune as prune_model

    if (threshold is None) == (ngrams is None):
        raise click.UsageError("give either --threshold or --ngrams")
    check_output(output)
    ngram_model = NgramModel.load(model)
    made = prune_model(
        ngram_model,
        threshold,
        ngrams=ngrams,
        history=history,
        history_model=None if history_lm is None else NgramModel.load(history_lm),
        min_order=min_order,
        suffixes=suffixes,
    )
    finish(made, output, as_json, before=ngram_model, texts=text)
