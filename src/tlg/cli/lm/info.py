"""``tlg lm info``."""

from __future__ import annotations

from pathlib import Path

import click

from tlg.cli.lm.common import HELP, print_json

__all__ = ["info"]


@click.command(context_settings=HELP)
@click.argument("model", metavar="LM")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def info(model: str, as_json: bool) -> None:
    """Show the order and the counts of the ARPA file LM, and what reading it had to mend.

    \b
    Example:
        tlg lm info lm.arpa.gz
    """
    from tlg.lm import NgramModel, ReadReport

    ngrams = NgramModel.load(model)
    report = ngrams.report
    repairs = report.repairs if isinstance(report, ReadReport) else ()
    if as_json:
        figures = {"file": model, "bytes": Path(model).stat().st_size, "order": ngrams.order}
        print_json({**figures, "counts": ngrams.counts, "repairs": repairs})
        return
    click.echo(f"{model}: order {ngrams.order}")
    for k, count in enumerate(ngrams.counts, start=1):
        click.echo(f"{k}-grams: {count}")
    for repair in repairs:
        click.echo(f"mended: {repair}")
