"""``tlg lm ppl``."""

from __future__ import annotations

import click

from tlg.cli.lm.common import HELP, print_json, progress_bar, texts

__all__ = ["ppl"]


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
    with progress_bar(text, "scoring") as progress:
        result = ngrams.perplexity(texts(text), oov=oov, per_sentence=per_sentence, progress=progress)
    if as_json:
        print_json(result.as_dict())
        return
    for part in (*result.per_sentence, *result.files, result):
        click.echo(str(part))
    hits = " ".join(f"{k}:{count}" for k, count in enumerate(result.hits, start=1))
    click.echo(
        f"ppl including OOV {result.ppl_including_oov:.6g}, excluding OOV {result.ppl_excluding_oov:.6g}, "
        f"{result.tokens} tokens, by order of n-gram {hits}"
    )
    click.echo(result.signature)
