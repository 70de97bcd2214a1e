"""``tlg hotwords rescore``: n-best tables put in order with hotwords."""

from __future__ import annotations

import click

__all__ = ["rescore"]


@click.command(short_help="Put n-best lists in order with hotwords.")
@click.argument("nbest", type=click.Path())
@click.option("--hotwords", "file", type=click.Path(), required=True, help="Hotword list.")
@click.option("-o", "--output", type=click.Path(), required=True, help="Table to write, best first.")
@click.option("--bias", type=float, help="Nats a character for phrases without their own; default 1.5.")
@click.option("--weight", type=float, default=1.0, show_default=True, help="Of the hotwords' rewards.")
@click.option(
    "--am-costs", type=click.Path(), help="NBEST is Kaldi's 'utt-1 word ...' lines: their acoustic costs."
)
@click.option("--lm-costs", type=click.Path(), help="The same, graph costs.")
@click.option("--acoustic-scale", type=float, default=1.0, show_default=True, help="Multiplies --am-costs.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def rescore(
    nbest: str,
    file: str,
    output: str,
    bias: float | None,
    weight: float,
    am_costs: str | None,
    lm_costs: str | None,
    acoustic_scale: float,
    as_json: bool,
) -> None:
    """Add what hotwords are worth to the scores of an n-best table, and put each utterance's rows in order.

    NBEST is a table with a header, as ``tlg decode --nbest`` writes it: a column of ids, ``score`` (nats) and ``text``.
    Where it has ``hotword_score``, that is replaced; ``rank`` is numbered anew; other columns stay. Phrases are matched on
    the texts: whole words where the script has spaces.

    With --am-costs or --lm-costs NBEST is what Kaldi's nbest-to-linear and int2sym.pl make of lattices.

    \b
    Example:
        tlg hotwords rescore hyp.nbest.tsv --hotwords hot.txt -o rescored.nbest.tsv
        tlg hotwords rescore nbest.txt --am-costs ac.txt --lm-costs lm.txt --hotwords hot.txt -o rescored.nbest.tsv
    """
    import json

    from tlg.hotwords.kaldi_nbest import KaldiCosts
    from tlg.hotwords.nbest_table import rescore_table

    kaldi = None
    if am_costs is not None or lm_costs is not None:
        kaldi = KaldiCosts(am_costs, lm_costs, acoustic_scale)
    elif acoustic_scale != 1.0:
        raise click.UsageError("--acoustic-scale goes with --am-costs")
    done = rescore_table(nbest, file, output, bias=bias, weight=weight, kaldi=kaldi)
    if as_json:
        click.echo(json.dumps(done._asdict()))
    else:
        click.echo(
            f"{done.utterances} utterances, {done.hypotheses} hypotheses: {done.changed} utterances have another best "
            f"one, {done.fired} of the best hold hotwords",
            err=True,
        )
