"""``tlg info``: what is in a graph folder or an ARPA file."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from tlg.cli.foreign import foreign_options, is_graph

__all__ = ["info"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("what", metavar="GRAPH|LM")
@click.option("--blank", help="Token or id of the blank, where another toolkit made the graph.")
@foreign_options
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def info(ctx: click.Context, what: str, blank: str | None, foreign: dict[str, Any], as_json: bool) -> None:
    """Show what is in a graph folder (or a TLG.fst, HLG.fst), or the orders and counts of an ARPA file.

    \b
    Example:
        tlg info graph/
    """
    if not is_graph(what) and not foreign:
        if blank is not None:
            raise click.UsageError("--blank is for graph folders")
        from tlg.cli.lm.info import info as lm_info

        ctx.invoke(lm_info, model=what, as_json=as_json)
        return
    from tlg.decoder.graph import Graph

    graph = Graph.load(what, blank=blank, **foreign)
    tokens = graph.tokens
    figures = {
        "states": graph.fst.num_states,
        "arcs": graph.fst.num_arcs,
        "words": len(graph.words),
        "tokens": len(tokens),
        "blank": None if tokens.blank is None else tokens.symbols[tokens.blank],
        "fingerprint": tokens.fingerprint,
        **asdict(graph.info),
    }
    if as_json:
        click.echo(json.dumps({**figures, "report": graph.report.to_json()}, ensure_ascii=False, indent=1))
        return
    for name, value in figures.items():
        click.echo(f"{name}: {value}")
    click.echo(str(graph.report))
