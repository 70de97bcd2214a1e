"""``tlg lm count`` and ``tlg lm merge-counts``."""

from __future__ import annotations

import click

from tlg.cli.lm.changes import check_output
from tlg.cli.lm.common import HELP, print_json, texts

__all__ = ["count", "merge_counts"]


@click.command(context_settings=HELP)
@click.argument("text", nargs=-1, required=True)
@click.option("-o", "--output", required=True, help="The count file; .gz, .bz2, .xz and .zst compress.")
@click.option("--order", default=4, show_default=True, type=click.IntRange(1, 9), help="Longest n-grams.")
@click.option(
    "--symbols",
    default="error",
    show_default=True,
    type=click.Choice(["error", "skip", "unk"]),
    help="<s>, </s>, <unk> in the text: refuse, take as white space, or count <unk> as the unknown word.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def count(text: tuple[str, ...], output: str, order: int, symbols: str, as_json: bool) -> None:
    """Count the n-grams of TEXT files into a count file: an n-gram, a tab and a number a line.

    \b
    Example:
        tlg lm count corpus.txt.gz -o counts.gz --order 3
        tlg lm train --counts counts.gz -o lm.arpa.gz --order 3
    """
    from tlg.lm import count as count_texts

    check_output(output)
    counts = count_texts(texts(text), order=order, symbols=symbols)
    counts.save(output)
    _report(output, as_json, counts.order, counts.num_sentences, counts.num_words)


@click.command("merge-counts", context_settings=HELP)
@click.argument("files", metavar="COUNTS...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, help="The count file; .gz, .bz2, .xz and .zst compress.")
@click.option("--order", required=True, type=click.IntRange(1, 9), help="Longest n-grams of the files.")
@click.option("--times", metavar="N,N...", help="How many times each file counts, e.g. 1,3.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def merge_counts(files: tuple[str, ...], output: str, order: int, times: str | None, as_json: bool) -> None:
    """Add up the count files COUNTS.

    \b
    Example:
        tlg lm merge-counts news.counts.gz own.counts.gz -o all.counts.gz --order 3 --times 1,5
    """
    from tlg.lm import NgramCounts
    from tlg.lm import merge_counts as merge

    fields = None if times is None else times.split(",")
    if fields is not None and not all(one.isascii() and one.isdecimal() for one in fields):
        raise click.UsageError(f"--times {times}: give whole numbers with commas between them")
    check_output(output)
    parts = [NgramCounts.load(file, order=order) for file in files]
    made = merge(parts, None if fields is None else [int(one) for one in fields])
    made.save(output)
    _report(output, as_json, made.order, made.num_sentences, made.num_words)


def _report(output: str, as_json: bool, order: int, sentences: int, words: int) -> None:
    if as_json:
        print_json({"output": output, "order": order, "sentences": sentences, "words": words})
    else:
        click.echo(f"order {order}: {sentences} sentences, {words} words\n{output} written", err=True)
