"""``tlg lm mix``."""

from __future__ import annotations

import click

from tlg.cli.lm.changes import check_output, finish
from tlg.cli.lm.common import HELP, progress_bar, texts

__all__ = ["mix"]


def _weights(context: click.Context, parameter: click.Parameter, value: str | None) -> list[float] | None:
    if value is None:
        return None
    try:
        return [float(one) for one in value.split(",")]
    except ValueError as error:
        raise click.BadParameter(f"{value!r} are no numbers with commas between them") from error


@click.command(context_settings=HELP)
@click.argument("models", metavar="LM...", nargs=-1, required=True)
@click.option(
    "-o", "--output", required=True, help="The ARPA file to write; .gz, .bz2, .xz and .zst compress."
)
@click.option("--weights", callback=_weights, metavar="W,W...", help="One weight per model, e.g. 0.7,0.3.")
@click.option("--heldout", multiple=True, metavar="FILE", help="Instead: a text to learn the weights from.")
@click.option(
    "--method",
    default="linear",
    show_default=True,
    type=click.Choice(["linear", "loglinear"]),
    help="The weighted sum of the probabilities, or their weighted product.",
)
@click.option(
    "--unknown",
    default="share",
    show_default=True,
    type=click.Choice(["share", "zero"]),
    help="Words that a model lacks: they share its <unk>, or it gives them nothing.",
)
@click.option("--text", multiple=True, metavar="FILE", help="Measure the perplexity of this text too.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def mix(
    models: tuple[str, ...],
    output: str,
    weights: list[float] | None,
    heldout: tuple[str, ...],
    method: str,
    unknown: str,
    text: tuple[str, ...],
    as_json: bool,
) -> None:
    """Mix the models LM... into one.

    \b
    Example:
        tlg lm mix general.arpa.gz own.arpa.gz -o both.arpa.gz --heldout heldout.txt
        tlg lm mix general.arpa.gz own.arpa.gz -o both.arpa.gz --weights 0.6,0.4
    """
    from tlg.lm import NgramModel
    from tlg.lm import mix as mix_models

    if len(models) < 2:
        raise click.UsageError("give two models or more")
    if (weights is None) == (not heldout):
        raise click.UsageError("give either --weights or --heldout")
    check_output(output)
    parts = [NgramModel.load(model) for model in models]
    with progress_bar(heldout, "reading") as progress:
        made = mix_models(
            parts,
            weights,
            heldout=texts(heldout) if heldout else None,
            method=method,
            unknown=unknown,
            progress=progress,
        )
    finish(made, output, as_json, texts=text)
