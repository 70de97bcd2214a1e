"""``tlg import``: a graph of another toolkit, written as one of ours."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from tlg.cli.foreign import foreign_options

__all__ = ["import_graph"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("graph", type=click.Path())
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(),
    help="Graph folder to write; a graph that is there is replaced.",
)
@click.option("--blank", help="Token or id of the blank; by default looked for by its usual names.")
@foreign_options
@click.option("--json", "as_json", is_flag=True, help="Print what was told of it as JSON.")
def import_graph(graph: str, out: str, blank: str | None, foreign: dict[str, Any], as_json: bool) -> None:
    """Read GRAPH, a folder of WeNet, FunASR, EESEN, icefall, riva or NeMo, or its TLG.fst, HLG.fst or LG.fst (or
    their text form), and write a graph folder that says by itself what its labels mean.

    \b
    Example:
        tlg import data/lang_test/ -o graph/
    """
    from tlg.decoder.graph import Graph

    read = Graph.load(graph, blank=blank, **foreign)
    read.save(out)
    if as_json:
        click.echo(
            json.dumps({**asdict(read.info), "report": read.report.to_json()}, ensure_ascii=False, indent=1)
        )
    else:
        for note in read.report.notes:
            click.echo(note)
