"""``tlg lexicon``: lexicons from characters, word lists and SentencePiece models."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from tlg.cli import LazyGroup

if TYPE_CHECKING:
    from tlg.decoder.graph.lexicon import Spelling

__all__ = ["chars", "lexicon", "spm", "words"]

Command = TypeVar("Command", bound=Callable[..., object])

TABLE = {
    "chars": ("tlg.cli.lexicon", "chars", "One word per character token, or words spelled by characters."),
    "words": ("tlg.cli.lexicon", "words", "A word list spelled by characters, with an end marker."),
    "spm": ("tlg.cli.lexicon", "spm", "Words split by a SentencePiece model."),
}
lexicon = LazyGroup(
    "lexicon",
    TABLE,
    "Make a lexicon from characters, words or SentencePiece.\n\n\b\nExample:\n"
    "    tlg lexicon words words.txt --tokens tokens.txt -o lexicon.txt",
)
HELP = {"help_option_names": ["-h", "--help"]}


def _vocabulary(lm: str | None, word_list: str | None) -> list[str]:
    """Return the words of an LM or of a list (the first field of each line)."""
    if lm is not None:
        from tlg.lm import NgramModel

        return list(NgramModel.load(lm).vocabulary)
    assert word_list is not None
    from tlg._files import read_text

    return [line.split()[0] for line in read_text(word_list).split("\n") if line.strip()]


def _output(command: Command) -> Command:
    """Give a command the options that say where the lexicon goes and how it is told."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print counts and what was left out as JSON."),
        click.option(
            "-o",
            "--output",
            type=click.Path(),
            help="The lexicon to write (.gz, .bz2, .xz, .zst compress); else printed.",
        ),
    ):
        command = option(command)
    return command


def _check(output: str | None, as_json: bool) -> None:
    """Refuse to print the lexicon and JSON into one another."""
    if as_json and output is None:
        raise click.UsageError("--json goes with -o: without it the lexicon itself is printed")


def _write(spelling: Spelling, output: str | None, as_json: bool) -> None:
    """Write the lexicon, and say on standard error (or as JSON) what was left out."""
    from tlg._files import atomic_write, compress

    text = spelling.text()
    if output is None:
        click.echo(text, nl=False)
    else:
        with atomic_write(output) as stream:
            stream.write(compress(text.encode("utf-8"), output))
    left_out = spelling.unspelled
    if as_json:
        report = {
            "words": len(spelling.lexicon),
            "pronunciations": sum(map(len, spelling.lexicon.values())),
            "left_out": list(left_out),
        }
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
        return
    click.echo(f"{len(spelling.lexicon)} words, {len(left_out)} left out", err=True)
    for reason in left_out:
        click.echo(f"left out: {reason}", err=True)


@click.command(context_settings=HELP)
@click.option("--tokens", required=True, type=click.Path(), help="The model's columns.")
@click.option("--blank", help="Token or id of the CTC blank.")
@click.option(
    "--lm", type=click.Path(), help="Spell the words of this ARPA file, instead of one word per character."
)
@click.option("--words", "word_list", type=click.Path(), help="Spell the words of this list, one a line.")
@_output
def chars(
    tokens: str,
    blank: str | None,
    lm: str | None,
    word_list: str | None,
    output: str | None,
    as_json: bool,
) -> None:
    """Make a lexicon for a character model: each character a word, or words spelled by characters.

    \b
    Example:
        tlg lexicon chars --tokens tokens.txt --lm words.arpa -o lexicon.txt
    """
    from tlg.decoder.graph.lexicon import characters, spell
    from tlg.decoder.graph.tokens import TokenTable

    _check(output, as_json)
    if lm is not None and word_list is not None:
        raise click.UsageError("give --lm or --words, not both")
    table = TokenTable.load(tokens, blank=blank)
    _write(
        spell(_vocabulary(lm, word_list), table) if lm or word_list else characters(table), output, as_json
    )


@click.command(context_settings=HELP)
@click.argument("word_list", metavar="WORDS")
@click.option("--tokens", required=True, type=click.Path(), help="The model's columns.")
@click.option("--blank", help="Token or id of the CTC blank.")
@click.option("--end", metavar="TOKEN", help="A token behind every word, such as '|'.")
@_output
def words(
    word_list: str, tokens: str, blank: str | None, end: str | None, output: str | None, as_json: bool
) -> None:
    """Spell the words of a list (the first field of each line) by their characters.

    \b
    Example:
        tlg lexicon words words.txt --tokens tokens.txt --end '|' -o lexicon.txt --json
    """
    from tlg.decoder.graph.lexicon import spell
    from tlg.decoder.graph.tokens import TokenTable

    _check(output, as_json)
    _write(
        spell(_vocabulary(None, word_list), TokenTable.load(tokens, blank=blank), end=end), output, as_json
    )


@click.command(context_settings=HELP)
@click.option("--model", required=True, type=click.Path(), help="The SentencePiece .model file.")
@click.option("--lm", type=click.Path(), help="Split the words of this ARPA file.")
@click.option("--words", "word_list", type=click.Path(), help="Split the words of this list, one a line.")
@click.option(
    "--tokens", type=click.Path(), help="The model's columns: splits with other pieces are left out."
)
@click.option("--blank", help="Token or id of the CTC blank.")
@click.option("--nbest", default=1, show_default=True, help="Best splits of a word to take.")
@_output
def spm(
    model: str,
    lm: str | None,
    word_list: str | None,
    tokens: str | None,
    blank: str | None,
    nbest: int,
    output: str | None,
    as_json: bool,
) -> None:
    """Split words into the pieces of a SentencePiece model.

    \b
    Example:
        tlg lexicon spm --model bpe.model --lm lm.arpa --tokens tokens.txt -o lexicon.txt
    """
    from tlg.decoder.graph.lexicon import spell_pieces
    from tlg.decoder.graph.tokens import TokenTable

    _check(output, as_json)
    if (lm is None) == (word_list is None):
        raise click.UsageError("give --lm or --words")
    table = None if tokens is None else TokenTable.load(tokens, blank=blank)
    _write(spell_pieces(_vocabulary(lm, word_list), model, tokens=table, nbest=nbest), output, as_json)
