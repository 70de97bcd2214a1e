"""``tlg lm convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tlg.cli.lm.common import HELP

__all__ = ["convert"]


def _bits(_ctx: click.Context, _option: click.Parameter, value: int | None) -> int | None:
    if value is not None and not 2 <= value <= 16:
        raise click.BadParameter("give 2 to 16 bits")
    return value


@click.command(context_settings=HELP)
@click.argument("model", metavar="IN")
@click.argument("output", metavar="OUT")
@click.option(
    "--format",
    "structure",
    type=click.Choice(["arpa", "probing", "trie"]),
    help="What OUT becomes. Default: by its suffix, probing for .tlglm, else arpa.",
)
@click.option(
    "--quantise-bits", type=int, callback=_bits, help="Of a trie: bits of each probability and backoff."
)
@click.option("--prob-bits", type=int, callback=_bits, help="Of a trie: bits of each probability.")
@click.option("--backoff-bits", type=int, callback=_bits, help="Of a trie: bits of each backoff.")
@click.option("--verify", is_flag=True, help="Compare the checksums of a binary IN first.")
def convert(
    model: str,
    output: str,
    structure: str | None,
    quantise_bits: int | None,
    prob_bits: int | None,
    backoff_bits: int | None,
    verify: bool,
) -> None:
    """Write the model IN (ARPA, compressed or not, or a binary) as OUT.

    A binary opens in a millisecond: probing is the faster to ask, trie the smaller. All is kept bit for
    bit but for values that are quantised; an ARPA file is compressed by suffix (.gz, .bz2, .xz, .zst).

    \b
    Example:
        tlg lm convert lm.arpa.gz lm.tlglm --format trie --quantise-bits 8
    """
    from tlg.lm import NgramModel
    from tlg.lm.binary import BINARY_SUFFIX, is_binary, open_binary

    bits: dict[str, Any] = {
        "prob_bits": quantise_bits if prob_bits is None else prob_bits,
        "backoff_bits": quantise_bits if backoff_bits is None else backoff_bits,
    }
    quantised = any(value is not None for value in bits.values())
    if quantised and structure not in (None, "trie"):
        raise click.UsageError(f"--format {structure} is not quantised: use --format trie")
    if verify and is_binary(model):
        open_binary(model, verify=True)
    ngrams = NgramModel.load(model)
    if structure == "arpa":
        if Path(output).suffix == BINARY_SUFFIX:
            raise click.UsageError(f"{output} would not be known for an ARPA file: name it otherwise")
        ngrams.save(output)
    else:
        ngrams.save(output, structure=structure, **bits)
    report = ngrams.report
    click.echo(f"{output}: {Path(output).stat().st_size} bytes, order {ngrams.order}", err=True)
    for repair in getattr(report, "repairs", ()):
        click.echo(f"mended: {repair}", err=True)
