"""``tlg hotwords``: what becomes of a hotword list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

__all__ = ["hotwords"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def hotwords() -> None:
    """Look at hotword lists.

    \b
    Example:
        tlg hotwords check hot.txt --graph graph/
    """


@hotwords.command(short_help="Show what becomes of each line of a list.")
@click.argument("file", type=click.Path())
@click.option("--graph", type=click.Path(), help="Graph folder, for its tokens, words and lexicon.")
@click.option("--tokens", type=click.Path(), help="tokens.txt, where there is no graph.")
@click.option("--blank", help="Token or id of the blank, which no phrase can have; a graph knows its own.")
@click.option("--bias", type=float, help="Nats a unit for phrases without their own; default 1.5.")
@click.option(
    "--match",
    type=click.Choice(["auto", "units", "words"]),
    default="auto",
    show_default=True,
    help="What phrases are spelled in: tokens, or words of the graph.",
)
@click.option("--boundary", default="auto", show_default=True, help="Token that separates words, or 'none'.")
@click.option("--sentencepiece", type=click.Path(), help="SentencePiece model that splits the phrases.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def check(
    file: str,
    graph: str | None,
    tokens: str | None,
    blank: str | None,
    bias: float | None,
    match: Any,
    boundary: str,
    sentencepiece: str | None,
    as_json: bool,
) -> None:
    """Show for each line of FILE whether it is accepted, its units and its reward, or why not.

    Exit status 0, also with rejected lines; 1 when FILE cannot be used at all: it cannot be read, or it holds
    phrases and every one of them is rejected.

    \b
    Example:
        tlg hotwords check hot.txt --tokens tokens.txt
    """
    from tlg.hotwords import Hotwords

    if (graph is None) == (tokens is None):
        raise click.UsageError("give --graph or --tokens, one of them")
    source: Any = None
    if graph is not None:
        from tlg.decoder.graph.graph import Graph

        source, blank = Graph.load(graph, blank=blank), None
    report = Hotwords(
        Path(file),
        graph=source,
        tokens=tokens,
        blank=blank,
        bias=bias,
        match=match,
        boundary=None if boundary == "none" else boundary,
        sentencepiece=sentencepiece,
    ).report
    click.echo(report.to_json() if as_json else str(report))
    if report.entries and not report.accepted:
        raise click.exceptions.Exit(1)
