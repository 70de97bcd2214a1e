"""``tlg tune``: search options and hotword bias from a development set, to a file for ``tlg decode --config``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from tlg._files import atomic_write
from tlg.cli.decode_options import merge
from tlg.cli.list_options import ListOptions, language_model, list_options
from tlg.decoder.evaluate.metrics import percent
from tlg.decoder.evaluate.normalise import Normalisation, Unit
from tlg.decoder.evaluate.tables import read_table
from tlg.decoder.graph.graph import Graph
from tlg.decoder.inputs import read_inputs
from tlg.decoder.options import SearchOptions
from tlg.decoder.tune import Trial, TuneReport
from tlg.decoder.tune import tune as tune_options
from tlg.hotwords import Hotwords

__all__ = ["tune"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--graph", required=True, type=click.Path(), help="Graph folder.")
@click.option("--refs", required=True, type=click.Path(), help="Table of 'utterance-id<TAB>text'.")
@click.option(
    "-o", "--output", required=True, type=click.Path(), help="JSON file to write, for 'tlg decode --config'."
)
@click.option("--hotwords", type=click.Path(), help="A list with distractors: choose its bias, too.")
@click.option(
    "--hotword-lm", type=click.Path(), help="Language model (ARPA): try 'auto', a bias for each phrase, too."
)
@list_options
@click.option("--only-hotwords", is_flag=True, help="Keep the options of --config; choose the bias alone.")
@click.option("--config", type=click.Path(), help="Where to begin; options that are not chosen stay.")
@click.option("--beam", type=float, help="Of all trials, nats.  [default: 16, or that of --config]")
@click.option("--unit", type=click.Choice(["word", "char"]), default="word", show_default=True)
@click.option("--normalise", type=click.Choice(["none", "speechio"]), default="none", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print all trials as JSON.")
def tune(
    inputs: tuple[str, ...],
    graph: str,
    refs: str,
    output: str,
    hotwords: str | None,
    hotword_lm: str | None,
    listing: ListOptions,
    only_hotwords: bool,
    config: str | None,
    beam: float | None,
    unit: Unit,
    normalise: Normalisation,
    threads: int,
    as_json: bool,
) -> None:
    """Choose acoustic scale, word score, blank penalty and, with --hotwords, the bias of the list, by the errors on INPUT (as
    'tlg decode' takes it). Options of the list are for both commands; with a bias of 'auto', --hotword-lm is, too.

    \b
    Example:
        tlg tune --graph graph/ --refs dev.tsv dev.npz --hotwords hot.txt -o tuned.json
        tlg decode --graph graph/ test.npz --config tuned.json --hotwords hot.txt -o hyp.tsv
    """
    if only_hotwords and hotwords is None:
        raise click.UsageError("--only-hotwords goes with --hotwords")
    if hotword_lm is not None and hotwords is None:
        raise click.UsageError("--hotword-lm goes with --hotwords")
    listing.check(hotwords)
    settings = merge(config, {"beam": beam})
    settings.pop("hotword_bias", None)
    model = language_model(hotword_lm)
    loaded = Graph.load(graph)
    # The file first: hours of trials shall not end in a place that cannot be written.
    with (
        atomic_write(output) as file,
        tqdm(desc="trials", unit="", disable=not sys.stderr.isatty(), leave=False) as bar,
    ):
        report = tune_options(
            loaded,
            dict(read_inputs(inputs)),
            read_table(refs),
            start=SearchOptions.from_dict(settings),
            hotwords=None if hotwords is None else Path(hotwords),
            make=lambda source, bias: Hotwords(source, graph=loaded, bias=bias, **listing.arguments),
            lm=model,
            search=not only_hotwords,
            unit=unit,
            normalise=normalise,
            threads=threads,
            progress=lambda trial: _advance(bar, trial),
        )
        file.write((json.dumps(dict(report.options), indent=2) + "\n").encode())
    _show(report, as_json)


def _advance(bar: Any, trial: Trial) -> None:
    bar.set_postfix_str(percent(trial.report.rate), refresh=False)
    bar.update()


def _show(report: TuneReport, as_json: bool) -> None:
    if as_json:
        found = {
            "options": dict(report.options),
            "best": report.best.to_dict(),
            "trials": [trial.to_dict() for trial in report.trials],
            "notes": list(report.notes),
        }
        click.echo(json.dumps(found, indent=2, allow_nan=False))
        return
    first, best = report.trials[0], report.best
    click.echo(f"{len(report.trials)} settings tried; at the start {percent(first.report.rate)}:")
    click.echo(json.dumps(dict(report.options)))
    click.echo(str(best.report))
    for note in report.notes:
        click.echo(f"note: {note}", err=True)
