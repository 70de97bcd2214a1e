"""``tlg lm info``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tlg.cli.lm.common import HELP, print_json

__all__ = ["info"]

SPECIAL = ("<s>", "</s>", "<unk>", "<UNK>")
FST_SYMBOLS = ("<eps>", "#0")


@click.command(context_settings=HELP)
@click.argument("model", metavar="LM")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--verify", is_flag=True, help="Read all of a binary and compare its checksums.")
@click.option(
    "--check", is_flag=True, help="Add up the probabilities after every context: each sum should be 1."
)
def info(model: str, as_json: bool, verify: bool, check: bool) -> None:
    """Show the order and the counts of the model LM, what reading it had to mend, what a binary is made of.

    \b
    Example:
        tlg lm info lm.arpa.gz --check
    """
    from tlg.lm import KenlmModel, NgramModel, load_model
    from tlg.lm.arpa import TOLERANCE, context_sums
    from tlg.lm.binary import binary_parts, is_binary, open_binary

    if verify and is_binary(model):
        open_binary(model, verify=True)
    ngrams = load_model(model)
    figures: dict[str, Any] = {"file": model, "bytes": Path(model).stat().st_size, "order": ngrams.order}
    if isinstance(ngrams, NgramModel):
        figures["counts"] = ngrams.counts
        figures["vocabulary"] = len(ngrams.vocabulary)
        figures["special_words"] = [word for word in SPECIAL if word in ngrams.vocabulary]
        figures["symbol_clashes"] = [word for word in FST_SYMBOLS if word in ngrams.vocabulary]
        figures["repairs"] = getattr(ngrams.report, "repairs", ())
        if check:
            figures["sums"] = context_sums(ngrams)
        if is_binary(model):
            figures |= binary_parts(model)
    elif isinstance(ngrams, KenlmModel):
        figures["structure"] = "kenlm"
    if as_json:
        print_json(figures)
        return
    click.echo(f"{model}: order {ngrams.order}, {figures['bytes']} bytes")
    for k, count in enumerate(figures.get("counts", ()), start=1):
        click.echo(f"{k}-grams: {count}")
    if "vocabulary" in figures:
        specials = ", ".join(figures["special_words"]) or "none"
        click.echo(f"vocabulary: {figures['vocabulary']} words; special ones: {specials}")
    if clashes := figures.get("symbol_clashes"):
        click.echo(f"note: {', '.join(clashes)} would clash with symbols of a graph (Kaldi, build-tlg)")
    for repair in figures.get("repairs", ()):
        click.echo(f"mended: {repair}")
    for row in figures.get("sums", ()):
        where = f" after '{row['worst_context']}'" if row["worst_context"] else ""
        click.echo(
            f"sums after {row['length']} words: {row['contexts']} contexts, {row['off']} off by more than "
            f"{TOLERANCE:g}, worst {row['worst']:.6f}{where}"
        )
    if "structure" in figures:
        click.echo(f"structure: {figures['structure']}")
    for k, row in enumerate(figures.get("packing", ()), start=2):
        click.echo(f"bits of a {k}-gram: " + ", ".join(f"{name} {bits}" for name, bits in row.items()))
    for name, size in figures.get("sections", {}).items():
        click.echo(f"section {name}: {size} bytes")
