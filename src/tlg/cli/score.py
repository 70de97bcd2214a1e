"""``tlg score``: error rates of hypotheses, and how well hotwords were found."""

from __future__ import annotations

import json
from pathlib import Path

import click

from tlg.decoder.evaluate.metrics import score as score_texts
from tlg.decoder.evaluate.normalise import Normalisation, Unit
from tlg.errors import TextError

__all__ = ["score"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("ref", type=click.Path())
@click.argument("hyp", type=click.Path())
@click.option(
    "--unit", type=click.Choice(["word", "char"]), default="word", show_default=True, help="WER or CER."
)
@click.option(
    "--normalise",
    type=click.Choice(["none", "speechio"]),
    default="none",
    show_default=True,
    help="speechio: half-width, upper case, punctuation removed, on both sides.",
)
@click.option(
    "--hotwords",
    type=click.Path(),
    help="A hotword file: adds recall, precision, F1, and errors on hotwords and rest.",
)
@click.option("--allow-missing", is_flag=True, help="Count a missing hypothesis as empty.")
@click.option("--json", "as_json", is_flag=True, help="Write the report as JSON.")
@click.option("--per-utterance", is_flag=True, help="Add a line (or JSON row) for each utterance.")
def score(
    ref: str,
    hyp: str,
    unit: Unit,
    normalise: Normalisation,
    hotwords: str | None,
    allow_missing: bool,
    as_json: bool,
    per_utterance: bool,
) -> None:
    """Compare HYP with REF, tables of 'utterance-id<TAB>text': error rate with its signature.

    \b
    Example:
        tlg score refs.tsv hyp.tsv --unit char --hotwords hot.txt --json
    """
    report = score_texts(
        ref,
        hyp,
        unit=unit,
        normalise=normalise,
        hotwords=None if hotwords is None else Path(hotwords),
        allow_missing=allow_missing,
    )
    if not report.utterances:
        raise TextError("holds no utterances", remedy="Write 'utterance-id<TAB>text', one a line", file=ref)
    if as_json:
        click.echo(
            json.dumps(
                report.to_dict(per_utterance=per_utterance), ensure_ascii=False, indent=2, allow_nan=False
            )
        )
        return
    click.echo(str(report))
    if per_utterance:
        click.echo("utterance\tunits\tsub\tdel\tins\tref\thyp")
        for row in report.utterances:
            counts = f"{row.num_units}\t{row.substitutions}\t{row.deletions}\t{row.insertions}"
            click.echo(f"{row.utterance}\t{counts}\t{row.ref}\t{row.hyp}")
