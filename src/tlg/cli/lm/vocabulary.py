"""``tlg lm limit-vocab`` and ``tlg lm add-words``."""

from __future__ import annotations

import click

from tlg.cli.lm.changes import check_output, finish
from tlg.cli.lm.common import HELP
from tlg.errors import OptionError

__all__ = ["add_words", "limit_vocab"]


@click.command("limit-vocab", context_settings=HELP)
@click.argument("model", metavar="LM")
@click.argument("words", metavar="WORDS")
@click.argument("output", metavar="OUT")
@click.option(
    "--removed",
    default="unk",
    show_default=True,
    type=click.Choice(["unk", "spread"]),
    help="Where the probability of the other words goes: to <unk>, or to the words that stay.",
)
@click.option(
    "--text", multiple=True, metavar="FILE", help="Measure the perplexity of this text, before and after."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def limit_vocab(
    model: str, words: str, output: str, removed: str, text: tuple[str, ...], as_json: bool
) -> None:
    """Keep the n-grams of the words in the file WORDS alone, and write OUT.

    \b
    Example:
        tlg lm limit-vocab lm.arpa.gz words.txt small.arpa.gz --removed spread
    """
    from tlg.lm import NgramModel, limit_vocabulary

    check_output(output)
    ngram_model = NgramModel.load(model)
    made = limit_vocabulary(ngram_model, words, removed=removed)
    finish(made, output, as_json, before=ngram_model, texts=text)


def _shares(path: str) -> dict[str, float] | list[str]:
    """Return the words of a file, with their shares where each line has one after a tab."""
    from tlg._files import read_text

    rows = [line.split("\t") for line in read_text(path).splitlines() if line.strip()]
    if not any(len(row) > 1 for row in rows):
        return [word for row in rows for word in row[0].split()]
    shares = {}
    for number, row in enumerate(rows, start=1):
        try:
            word, share = row
            shares[word] = float(share)
        except ValueError as error:
            raise OptionError(
                f"{path}: line {number} of those that are not empty is no word and share",
                remedy="Give every word a share after a tab, or none",
            ) from error
    return shares


@click.command("add-words", context_settings=HELP)
@click.argument("model", metavar="LM")
@click.argument("words", metavar="WORDS")
@click.argument("output", metavar="OUT")
@click.option(
    "--share",
    default=0.5,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="What part of the probability of <unk> the new words share equally.",
)
@click.option(
    "--text", multiple=True, metavar="FILE", help="Measure the perplexity of this text, before and after."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def add_words(
    model: str, words: str, output: str, share: float, text: tuple[str, ...], as_json: bool
) -> None:
    """Add the words in the file WORDS to the model, at the cost of <unk>, and write OUT.

    A line of WORDS is a word, or a word, a tab and the part of <unk> that it gets.

    \b
    Example:
        tlg lm add-words lm.arpa.gz new.txt larger.arpa.gz --share 0.3
    """
    from tlg.lm import NgramModel
    from tlg.lm import add_words as add

    check_output(output)
    ngram_model = NgramModel.load(model)
    made = add(ngram_model, _shares(words), share=share)
    finish(made, output, as_json, before=ngram_model, texts=text)
