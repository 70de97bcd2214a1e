"""``tlg lm train``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tlg.cli.lm.common import HELP, phase_bar, print_json, texts
from tlg.errors import OutputError

__all__ = ["train"]

# Of the time that each phase takes, in per cent: what it was for a text of 60 MB and order 3.
SHARES = {"read": 15, "sort": 20, "count": 5, "estimate": 30, "write": 30}
NUMBERS = {"--prune": "0 0 1", "--gt-max": "1 7"}  # options of several numbers, with an example


class NumbersCommand(click.Command):
    """A command whose --prune and --gt-max take all the numbers that follow them, as lmplz's does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option for each number."""
        spread: list[str] = []
        at = 0
        while at < len(args):
            if args[at] == "--":
                spread += args[at:]
                break
            name = args[at]
            if name not in NUMBERS:
                spread.append(name)
                at += 1
                continue
            end = at + 1
            while end < len(args) and args[end].isdecimal() and args[end].isascii():
                end += 1
            for number in args[at + 1 : end]:
                if len(number) > 1 and number[0] == "0":
                    raise click.UsageError(
                        f"{name} {number}: write the numbers apart, as in {name} {NUMBERS[name]}"
                    )
                spread += [name, number]
            if end == at + 1:
                raise click.UsageError(f"{name} needs numbers, as in {name} {NUMBERS[name]}")
            at = end
        return super().parse_args(ctx, spread)


@click.command(cls=NumbersCommand, context_settings=HELP)
@click.argument("text", nargs=-1, required=True)
@click.option(
    "-o", "--output", required=True, help="The ARPA file to write; .gz, .bz2, .xz and .zst compress."
)
@click.option(
    "--order", default=4, show_default=True, type=click.IntRange(1, 9), help="Length of the longest n-grams."
)
@click.option(
    "--smoothing",
    default="mkn",
    show_default=True,
    type=click.Choice(["mkn", "kn", "absolute", "wb", "katz", "jm", "addk", "laplace", "ml"]),
    help="Modified Kneser-Ney, Kneser-Ney, absolute discounting, Witten-Bell, Katz (Good-Turing), "
    "Jelinek-Mercer, add k, add 1, maximum likelihood; see docs/smoothing.md.",
)
@click.option(
    "--backoff",
    is_flag=True,
    help="The backoff form of mkn, kn, absolute and wb, instead of interpolation; katz always backs off.",
)
@click.option("--k", type=float, help="With addk: what is added to each count.")
@click.option(
    "--heldout",
    multiple=True,
    metavar="FILE",
    help="With jm: a text to learn the weights from; may be repeated.",
)
@click.option(
    "--weight-buckets",
    is_flag=True,
    help="With jm: a weight for each size of context (seen 1, 2-3, 4-7, ... times), not one an order.",
)
@click.option(
    "--gt-max",
    multiple=True,
    type=int,
    metavar="N...",
    help="With katz: the highest count that is discounted, one per order, the last repeats.  [default: 1 7]",
)
@click.option(
    "--prune",
    multiple=True,
    type=int,
    metavar="N...",
    help="Drop n-grams that occur at most N times: a threshold per order, non-decreasing, the last repeats."
    "  [default: none; katz: 0 0 1]",
)
@click.option(
    "--prune-counts",
    default="raw",
    show_default=True,
    type=click.Choice(["raw", "adjusted"]),
    help="What --prune compares: occurrences, as lmplz, or Kneser-Ney's adjusted counts, as SRILM.",
)
@click.option(
    "--discount-fallback/--no-discount-fallback",
    default=True,
    show_default=True,
    help="Where a text is too small to give discounts for an order: use 0.5 1 1.5 (mkn), 0.75 (kn, absolute) "
    "or none (katz) and say so, or fail.",
)
@click.option(
    "--count-of-counts",
    type=click.Choice(["lmplz", "exact", "raw"]),
    help="Where discounts come from. lmplz: as lmplz, its oddity at the last n-gram included; exact: the "
    "formula; raw: occurrences, for mkn and kn too.  [default: lmplz for mkn, else exact]",
)
@click.option(
    "--interpolate-unigrams/--no-interpolate-unigrams",
    default=True,
    show_default=True,
    help="Mix the unigrams with a uniform distribution, or give all that is discounted to <unk>.",
)
@click.option(
    "--vocab-pad",
    default=0,
    type=click.IntRange(0),
    help="Size of the uniform distribution, if larger than the vocabulary.",
)
@click.option(
    "--vocab",
    metavar="FILE",
    help="The words of the model: others count as <unk>, and those that the text lacks are in it too.",
)
@click.option("--limit-vocab", metavar="FILE", help="Drop n-grams with a word that is not in this file.")
@click.option(
    "--closed-vocab",
    is_flag=True,
    help="No <unk> in the model; n-grams with words outside --vocab do not count.",
)
@click.option(
    "--symbols",
    default="error",
    show_default=True,
    type=click.Choice(["error", "skip", "unk"]),
    help="<s>, </s>, <unk> in the text: refuse, take as white space, or count <unk> as the unknown word.",
)
@click.option("--threads", type=int, help="How many threads; as many as there are cores without it.")
@click.option(
    "--memory",
    metavar="SIZE",
    help="About how much memory to take, as 512M or 2G; what does not fit goes to temporary files.",
)
@click.option(
    "--temp-dir", metavar="FOLDER", help="Where temporary files are, instead of the system's place."
)
@click.option("--counts", is_flag=True, help="TEXT are count files (see tlg lm count) of this order.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def train(
    text: tuple[str, ...],
    output: str,
    as_json: bool,
    limit_vocab: str | None,
    counts: bool,
    **options: Any,
) -> None:
    """Train a model from TEXT files: one sentence a line, words separated by spaces; - is standard input.

    \b
    Example:
        tlg lm train corpus.txt.gz more.txt -o lm.arpa.gz --order 4 --prune 0 0 1
        tlg lm train corpus.txt -o lm.arpa --order 3 --smoothing jm --heldout valid.txt
    """
    from tlg.lm import NgramCounts, TrainReport
    from tlg.lm import train as train_model

    if not Path(output).parent.is_dir():  # not after an hour of work
        raise OutputError("there is no such folder", remedy="Make it first", file=Path(output).parent)
    for name in ("heldout", "gt_max", "prune"):  # not given: the method's own
        options[name] = options[name] or None
    with phase_bar(SHARES) as progress:
        source = NgramCounts.load(text, order=options["order"]) if counts else texts(text)
        model = train_model(source, limit_vocab=limit_vocab, progress=progress, **options)
        progress("write", 0, 1)
        model.save(output, threads=options["threads"], progress=progress)
        progress("write", 1, 1)
    report = model.report
    assert isinstance(report, TrainReport)
    if as_json:
        print_json({"output": output, **report.as_dict()})
    else:
        # Where the model goes to standard output, the report must not.
        click.echo(f"{report}\n{output} written", err=not Path(output).is_file())
