"""``tlg lm``: train n-gram models, measure and change them; one file per sub-command."""

from __future__ import annotations

from tlg.cli import LazyGroup

__all__ = ["lm"]

TABLE = {
    "train": ("tlg.cli.lm.train", "train", "Train a model from text."),
    "ppl": ("tlg.cli.lm.ppl", "ppl", "Perplexity of texts under a model."),
    "prune": ("tlg.cli.lm.prune", "prune", "Remove what hardly changes a model."),
    "mix": ("tlg.cli.lm.mix", "mix", "Several models as one."),
    "limit-vocab": ("tlg.cli.lm.vocabulary", "limit_vocab", "Keep some words of a model alone."),
    "add-words": ("tlg.cli.lm.vocabulary", "add_words", "Add words to a model."),
    "count": ("tlg.cli.lm.count", "count", "Count n-grams into a file."),
    "merge-counts": ("tlg.cli.lm.count", "merge_counts", "Add up count files."),
    "generate": ("tlg.cli.lm.generate", "generate", "Sentences made by a model."),
    "convert": ("tlg.cli.lm.convert", "convert", "From one kind of model file to another."),
    "info": ("tlg.cli.lm.info", "info", "Orders and counts of a model, and what its file is made of."),
}
lm = LazyGroup(
    "lm",
    TABLE,
    "Train n-gram language models, measure and change them.\n\n\b\nExample:\n"
    "    tlg lm train text.txt -o lm.arpa.gz --order 4\n"
    "    tlg lm ppl lm.arpa.gz heldout.txt",
)
