"""``tlg lm``: train n-gram models and measure them."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import click

from tlg.cli import LazyGroup
from tlg.errors import OutputError

__all__ = ["info", "lm", "ppl", "train"]

TABLE = {
    "train": ("tlg.cli.lm", "train", "Train a model from text."),
    "ppl": ("tlg.cli.lm", "ppl", "Perplexity of texts under a model."),
    "info": ("tlg.cli.lm", "info", "Orders and counts of a model, and what reading it mended."),
}
lm = LazyGroup(
    "lm",
    TABLE,
    "Train n-gram language models and measure them.\n\n\b\nExample:\n"
    "    tlg lm train text.txt -o lm.arpa.gz --order 4\n"
    "    tlg lm ppl lm.arpa.gz heldout.txt",
)
HELP = {"help_option_names": ["-h", "--help"]}


class PruneCommand(click.Command):
    """A command whose --prune takes all the numbers that follow it, as lmplz's does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option for each number."""
        spread: list[str] = []
        at = 0
        while at < len(args):
            if args[at] == "--":
                spread += args[at:]
                break
            if args[at] != "--prune":
                spread.append(args[at])
                at += 1
                continue
            end = at + 1
            while end < len(args) and args[end].isdecimal() and args[end].isascii():
                end += 1
            for number in args[at + 1 : end]:
                if len(number) > 1 and number[0] == "0":
                    raise click.UsageError(
                        f"--prune {number}: write the thresholds apart, as in --prune 0 0 1"
                    )
                spread += ["--prune", number]
            if end == at + 1:
                raise click.UsageError("--prune needs numbers, as in --prune 0 0 1")
            at = end
        return super().parse_args(ctx, spread)


def _texts(names: Sequence[str]) -> list[str | IO[bytes]]:
    """Return the texts, ``-`` as standard input."""
    return [sys.stdin.buffer if name == "-" else name for name in names]


@contextlib.contextmanager
def _progress(names: Sequence[str], what: str) -> Iterator[Callable[[int], object]]:
    """Show how many bytes were read, on standard error, if that is a terminal."""
    from tqdm import tqdm

    from tlg.lm.text import text_size

    sizes = [None if name == "-" else text_size(name) for name in names]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    # disable=None: off when standard error is no terminal
    with tqdm(total=total, desc=what, unit="B", unit_scale=True, disable=None, file=sys.stderr) as bar:
        yield bar.update


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


@click.command(cls=PruneCommand, context_settings=HELP)
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
    type=click.Choice(["mkn"]),
    help="mkn: interpolated modified Kneser-Ney.",
)
@click.option(
    "--prune",
    multiple=True,
    type=int,
    metavar="N...",
    help="Drop n-grams that occur at most N times: a threshold per order, non-decreasing, the last repeats.",
)
@click.option(
    "--discount-fallback/--no-discount-fallback",
    default=True,
    show_default=True,
    help="Where a text is too small to give discounts for an order: use 0.5 1 1.5, or fail.",
)
@click.option(
    "--count-of-counts",
    default="lmplz",
    show_default=True,
    type=click.Choice(["lmplz", "exact"]),
    help="lmplz: the numbers of lmplz, its oddity at the last n-gram included; exact: the formula.",
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
@click.option("--limit-vocab", metavar="FILE", help="Drop n-grams with a word that is not in this file.")
@click.option(
    "--symbols",
    default="error",
    show_default=True,
    type=click.Choice(["error", "skip", "unk"]),
    help="<s>, </s>, <unk> in the text: refuse, take as white space, or count <unk> as the unknown word.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def train(text: tuple[str, ...], output: str, as_json: bool, limit_vocab: str | None, **options: Any) -> None:
    """Train a model from TEXT files: one sentence a line, words separated by spaces; - is standard input.

    \b
    Example:
        tlg lm train corpus.txt.gz more.txt -o lm.arpa.gz --order 4 --prune 0 0 1
    """
    from tlg.lm import TrainReport
    from tlg.lm import train as train_model

    if not Path(output).parent.is_dir():  # not after an hour of work
        raise OutputError("there is no such folder", remedy="Make it first", file=Path(output).parent)
    with _progress(text, "reading") as progress:
        model = train_model(_texts(text), limit_vocab=limit_vocab, progress=progress, **options)
    model.save(output)
    report = model.report
    assert isinstance(report, TrainReport)
    if as_json:
        _print_json({"output": output, **report.as_dict()})
    else:
        # Where the model goes to standard output, the report must not.
        click.echo(f"{report}\n{output} written", err=not Path(output).is_file())


@click.command(context_settings=HELP)
@click.argument("model", metavar="LM")
@click.argument("text", nargs=-1, required=True)
@click.option("--per-sentence", is_flag=True, help="Give each sentence's figures too.")
@click.option(
    "--oov",
    default="exclude",
    show_default=True,
    type=click.Choice(["exclude", "include"]),
    help="Leave unknown words out of logprob, ppl and ppl1, or score them as <unk>.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def ppl(model: str, text: tuple[str, ...], per_sentence: bool, oov: str, as_json: bool) -> None:
    """Measure the perplexity of TEXT files under the model LM; - is standard input.

    \b
    Example:
        tlg lm ppl lm.arpa.gz heldout.txt --oov include --json
    """
    from tlg.lm import NgramModel

    ngrams = NgramModel.load(model)
    with _progress(text, "scoring") as progress:
        result = ngrams.perplexity(_texts(text), oov=oov, per_sentence=per_sentence, progress=progress)
    if as_json:
        _print_json(result.as_dict())
        return
    for part in (*result.per_sentence, *result.files, result):
        click.echo(str(part))
    hits = " ".join(f"{k}:{count}" for k, count in enumerate(result.hits, start=1))
    click.echo(
        f"ppl including OOV {result.ppl_including_oov:.6g}, excluding OOV {result.ppl_excluding_oov:.6g}, "
        f"{result.tokens} tokens, by order of n-gram {hits}"
    )
    click.echo(result.signature)


@click.command(context_settings=HELP)
@click.argument("model", metavar="LM")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def info(model: str, as_json: bool) -> None:
    """Show the order and the counts of the ARPA file LM, and what reading it had to mend.

    \b
    Example:
        tlg lm info lm.arpa.gz
    """
    from tlg.lm import NgramModel, ReadReport

    ngrams = NgramModel.load(model)
    report = ngrams.report
    repairs = report.repairs if isinstance(report, ReadReport) else ()
    if as_json:
        figures = {"file": model, "bytes": Path(model).stat().st_size, "order": ngrams.order}
        _print_json({**figures, "counts": ngrams.counts, "repairs": repairs})
        return
    click.echo(f"{model}: order {ngrams.order}")
    for k, count in enumerate(ngrams.counts, start=1):
        click.echo(f"{k}-grams: {count}")
    for repair in repairs:
        click.echo(f"mended: {repair}")
