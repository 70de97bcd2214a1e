"""``build-tlg``: lexicon, tokens and language model to a decoding graph."""

from __future__ import annotations

import json

import click

__all__ = ["build"]

# About what part of the time each phase takes.
SHARES = {"read": 35, "grammar": 12, "compose": 30, "topology": 90, "write": 12}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--lexicon",
    required=True,
    type=click.Path(),
    help="Lines 'word [probability] token token ...'; may be compressed.",
)
@click.option(
    "--tokens",
    required=True,
    type=click.Path(),
    help="The model's columns: 'symbol id' lines, or one symbol a line.",
)
@click.option("--lm", required=True, type=click.Path(), help="ARPA file: plain, .gz, .bz2, .xz or .zst.")
@click.option(
    "--out",
    required=True,
    type=click.Path(),
    help="Graph folder to write; a graph that is there is replaced.",
)
@click.option("--blank", help="Token or id of the CTC blank; by default looked for by its usual names.")
@click.option(
    "--topology",
    default="implicit",
    show_default=True,
    type=click.Choice(["implicit", "ctc", "ctc-compact", "none"]),
    help="implicit: LG.fst, exact and smallest; ctc, ctc-compact: TLG.fst for other decoders; none: a model "
    "with one posterior per token and no blank.",
)
@click.option(
    "--engine",
    default="native",
    show_default=True,
    type=click.Choice(["native", "openfst"]),
    help="openfst: the textbook route with pynini, slow, for checking.",
)
@click.option("--separator", metavar="TOKEN", help="A token that may follow each word: silence, <wb>, |.")
@click.option("--separator-prob", default=0.5, show_default=True, help="Its probability.")
@click.option(
    "--unknown",
    default="drop",
    show_default=True,
    type=click.Choice(["drop", "renormalise", "map"]),
    help="n-grams with words that the lexicon lacks: drop them, drop and renormalise the rest, or map their "
    "probability to <unk>.",
)
@click.option(
    "--missing-as-unk",
    is_flag=True,
    help="Give words that the LM lacks the cost of <unk>, not leave them out.",
)
@click.option(
    "--drop-unknown", is_flag=True, help="Skip pronunciations with unknown tokens, and report them."
)
@click.option(
    "--fst-type",
    default="const",
    show_default=True,
    type=click.Choice(["const", "vector"]),
    help="const: memory-mapped by tlg; vector: for decoders that read nothing else (WeNet).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def build(
    lexicon: str,
    tokens: str,
    lm: str,
    out: str,
    blank: str | None,
    topology: str,
    engine: str,
    separator: str | None,
    separator_prob: float,
    unknown: str,
    missing_as_unk: bool,
    drop_unknown: bool,
    fst_type: str,
    as_json: bool,
) -> None:
    """Build a decoding graph from a lexicon, a token table and an n-gram model.

    \b
    Example:
        build-tlg --lexicon lexicon.txt --tokens tokens.txt --lm lm.arpa.gz --out graph/
    """
    from tlg.cli.lm.common import phase_bar
    from tlg.decoder.graph import build_graph

    phases = SHARES if topology.startswith("ctc") else {**SHARES, "topology": 0}
    with phase_bar(phases) as tell:
        graph = build_graph(
            lexicon=lexicon,
            tokens=tokens,
            lm=lm,
            out=out,
            blank=blank,
            topology=topology,  # type: ignore[arg-type]
            engine=engine,  # type: ignore[arg-type]
            separator=separator,
            separator_prob=separator_prob,
            unknown=unknown,  # type: ignore[arg-type]
            missing_as_unk=missing_as_unk,
            drop_unknown=drop_unknown,
            fst_type=fst_type,  # type: ignore[arg-type]
            progress=tell,
        )
    if as_json:
        click.echo(json.dumps(graph.report.to_json(), ensure_ascii=False, indent=1))
    else:
        click.echo(str(graph.report))
