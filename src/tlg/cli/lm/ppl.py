"""``tlg lm ppl``."""

from __future__ import annotations

import click

from tlg.cli.lm.common import HELP, print_json, progress_bar, texts

__all__ = ["ppl"]


@click.command(context_settings=HELP)
@click.argument("model", metavar="LM")
@click.argument("text", nargs=-1, required=True)
@click.option("--per-sentence", is_flag=True, help="Give each sentence's figures too.")
@click.option("--per-word", is_flag=True, help="Give each word's figures too, as SRILM's -debug 2 does.")
@click.option(
    "--oov",
    default="exclude",
    show_default=True,
    type=click.Choice(["exclude", "include"]),
    help="Leave unknown words out of logprob, ppl and ppl1, or score them as <unk>.",
)
@click.option(
    "--train",
    multiple=True,
    metavar="TEXT",
    help="The text LM was trained on: count the sentences that TEXT shares with it. May be repeated.",
)
@click.option(
    "--threads", type=click.IntRange(1), help="How many threads; by default as many as there are cores."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def ppl(
    model: str,
    text: tuple[str, ...],
    per_sentence: bool,
    per_word: bool,
    oov: str,
    train: tuple[str, ...],
    threads: int | None,
    as_json: bool,
) -> None:
    """Measure the perplexity of TEXT files under the model LM; - is standard input.

    \b
    Example:
        tlg lm ppl lm.arpa.gz heldout.txt --oov include --train corpus.txt --json
    """
    from tlg.lm import load_model, perplexity

    ngrams = load_model(model)
    with progress_bar([*text, *train], "scoring") as progress:
        result = perplexity(
            ngrams,
            texts(text),
            oov=oov,
            per_sentence=per_sentence,
            per_word=per_word,
            train_texts=list(train) or None,
            threads=threads,
            progress=progress,
        )
    for note in result.notes:
        click.echo(f"warning: {note}", err=True)
    if as_json:
        print_json(result.as_dict())
        return
    for part in (*result.per_sentence, *result.files, result):
        click.echo(str(part))
    hits = " ".join(
        f"{k}:{count} ({100 * rate:.1f}%)"
        for k, (count, rate) in enumerate(zip(result.hits, result.hit_rates, strict=True), start=1)
    )
    click.echo(
        f"ppl including OOV {result.ppl_including_oov:.6g}, excluding OOV {result.ppl_excluding_oov:.6g}, "
        f"{result.tokens} tokens, by order of n-gram {hits}"
    )
    if result.shared_sentences is not None:
        share = 100 * (result.shared_share or 0)
        click.echo(f"{result.shared_sentences} sentences ({share:.1f}%) are in the training text too")
    click.echo(result.signature)
