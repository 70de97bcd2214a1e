"""``tlg hotwords``: what becomes of a hotword list; a list for other programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tlg.cli.hotwords_rescore import rescore
from tlg.cli.list_options import Bias, ListOptions, bias_option, check_auto, language_model, list_options

if TYPE_CHECKING:
    from tlg.hotwords import Hotwords

__all__ = ["hotwords"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def hotwords() -> None:
    """Look at hotword lists; use them on n-best lists.

    \b
    Example:
        tlg hotwords check hot.txt --graph graph/
    """


hotwords.add_command(rescore)


def source_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what a list is compiled for."""
    command = list_options(command)
    for option in (
        click.option(
            "--lm-weight", type=float, default=1.0, show_default=True, help="Of the search, for --bias auto."
        ),
        click.option("--lm", type=click.Path(), help="Language model (ARPA) for --bias auto."),
        bias_option(
            "--bias",
            help="Nats a unit for phrases without their own, or 'auto'.  [default: 1.5 * acoustic scale, for phones 0.5 * it]",
        ),
        click.option(
            "--blank", help="Token or id of the blank, which no phrase can have; a graph knows its own."
        ),
        click.option("--tokens", type=click.Path(), help="tokens.txt, where there is no graph."),
        click.option("--graph", type=click.Path(), help="Graph folder, for its tokens, words and lexicon."),
    ):
        command = option(command)
    return command


acoustic_scale_option = click.option(
    "--acoustic-scale",
    type=float,
    default=1.0,
    show_default=True,
    help="Of the search; scales default biases.",
)


def compiled(
    file: str,
    *,
    graph: str | None,
    tokens: str | None,
    blank: str | None,
    bias: Bias,
    lm: str | None,
    lm_weight: float,
    listing: ListOptions,
) -> Hotwords:
    """Return the list in a file, compiled as the options say."""
    from tlg.hotwords import AutoBias, Hotwords

    if (graph is None) == (tokens is None):
        raise click.UsageError("give --graph or --tokens, one of them")
    if graph is None:
        listing.check_graph()
    check_auto(bias, lm, ("--bias", "--lm"))
    if lm is None and lm_weight != 1:
        raise click.UsageError("--lm-weight goes with --bias auto")
    model = language_model(lm)
    source: Any = None
    if graph is not None:
        from tlg.decoder.graph.graph import Graph

        source, blank = Graph.load(graph, blank=blank), None
    return Hotwords(
        Path(file),
        graph=source,
        tokens=tokens,
        blank=blank,
        bias=bias if model is None else AutoBias(model, lm_weight=lm_weight),
        **listing.arguments,
    )


@hotwords.command(short_help="Show what becomes of each line of a list.")
@click.argument("file", type=click.Path())
@source_options
@acoustic_scale_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def check(file: str, acoustic_scale: float, as_json: bool, **options: Any) -> None:
    """Show for each line of FILE whether it is accepted, its units and its reward, or why not.

    Words that the lexicon lacks are attached to the graph while it is searched; the table tells how they are said. Members
    of classes (--class) have a table of their own.

    Warnings tell of phrases of one unit, phrases that are nearly the same, phrases that a longer one hides, folded case
    and width, words that sound like others, and fields that have no effect here.

    Exit status 0, also with rejected lines; 1 when FILE cannot be used at all: it cannot be read, or it holds
    phrases and every one of them is rejected.

    \b
    Example:
        tlg hotwords check hot.txt --tokens tokens.txt
        tlg hotwords check hot.txt --graph graph/ --acoustic-scale 1.5 --g2p english --class '<name>=contacts.txt'
    """
    report = compiled(file, **options).report_at(acoustic_scale)
    click.echo(report.to_json() if as_json else str(report))
    if report.entries and not report.accepted:
        raise click.exceptions.Exit(1)


@hotwords.command(short_help="Write a list as a transducer for OpenFst.")
@click.argument("file", type=click.Path())
@source_options
@click.option("-o", "--out", required=True, type=click.Path(), help="The transducer.")
@click.option("--symbols", type=click.Path(), help="Write its symbol table here.")
@click.option(
    "--kind",
    type=click.Choice(["vector", "const", "text"]),
    default="vector",
    show_default=True,
    help="OpenFst's binary types, or its text form.",
)
@click.option(
    "--failure",
    type=click.Choice(["phi", "expanded"]),
    default="phi",
    show_default=True,
    help="Failure arcs, or an arc for every label in every state.",
)
@click.option("--phi-label", type=int, help="Label of failure arcs; default: one above the largest.")
@acoustic_scale_option
@click.option("--max-loan", type=float, help="Most that is lent to a phrase in progress, nats.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def export(
    file: str,
    out: str,
    symbols: str | None,
    kind: Any,
    failure: Any,
    phi_label: int | None,
    acoustic_scale: float,
    max_loan: float | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Write the automaton of FILE as an acceptor: the cost of a sequence of labels is minus what the list gives it.

    Labels are token ids + 1, or word ids where the list is matched over words. Rejected lines are told of on
    standard error. Exit status 1 also when every phrase is rejected; nothing is written then.

    \b
    Example:
        tlg hotwords export hot.txt --graph graph/ -o hot.fst --symbols hot.syms
    """
    hotwords = compiled(file, **options)
    report = hotwords.report
    for entry in report.rejected:
        click.echo(f"tlg: {file}:{entry.line or '?'}: {entry.phrase!r} left out: {entry.reason}", err=True)
    if report.entries and not report.accepted:
        raise click.exceptions.Exit(1)
    made = hotwords.to_fst(
        failure=failure, phi_label=phi_label, acoustic_scale=acoustic_scale, max_loan=max_loan
    )
    made.write(out, kind=kind)
    if symbols is not None:
        made.write_symbols(symbols)
    figures = {
        "num_phrases": len(report.accepted),
        "num_states": made.fst.num_states,
        "num_arcs": made.fst.num_arcs,
        "phi_label": made.phi_label,
    }
    if as_json:
        click.echo(json.dumps(figures, indent=2))
    else:
        click.echo("\n".join(f"{name}: {value}" for name, value in figures.items()))
