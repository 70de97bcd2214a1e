"""LG by kaldilm and kaldifst, as their users build it: compose, determinise (log), minimise."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["build_lg"]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Send what C++ prints on standard error to nowhere: kaldilm has no switch for its progress."""
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def _lexicon_text(entries: list[tuple[str, list[str]]], words: dict[str, int], tokens: dict[str, int]) -> str:
    """Return L as text: the word on the first arc, #k after homophones and prefixes, a loop for #0."""
    backoff = len(tokens) + 1
    count = Counter(tuple(units) for _, units in entries)
    prefixes = {tuple(units[:n]) for _, units in entries for n in range(1, len(units))}
    used: Counter[tuple[str, ...]] = Counter()
    lines = [f"0 0 {backoff} {words['#0']} 0"]
    fresh = 1
    for word, units in entries:
        labels = [tokens[unit] + 1 for unit in units]
        key = tuple(units)
        if count[key] > 1 or key in prefixes:
            used[key] += 1
            labels.append(backoff + used[key])
        state = 0
        for i, label in enumerate(labels):
            target = 0 if i == len(labels) - 1 else fresh
            fresh += target != 0
            lines.append(f"{state} {target} {label} {words[word] if i == 0 else 0} 0")
            state = target
    return "\n".join([*lines, "0 0"]) + "\n"


def build_lg(lexicon: Path, tokens: Path, arpa: Path) -> tuple[Any, dict[str, int]]:
    """Build LG; return the kaldifst transducer and the word ids.

    Input labels are token id + 1; those above the number of tokens are disambiguation symbols (epsilons).

    Args:
        lexicon: lines ``word token token ...``.
        tokens: lines ``symbol id``.
        arpa: an ARPA file, not compressed.
    """
    import kaldifst
    import kaldilm

    rows = [line.split() for line in lexicon.read_text(encoding="utf-8").splitlines()]
    entries = [(word, units) for word, *units in dict.fromkeys(tuple(row) for row in rows)]
    pairs = (line.rsplit(None, 1) for line in tokens.read_text(encoding="utf-8").splitlines())
    ids = {symbol: int(column) for symbol, column in pairs}
    names = sorted({word for word, _ in entries})
    words = {word: i for i, word in enumerate(["<eps>", *names, "#0", "<s>", "</s>"])}
    with tempfile.TemporaryDirectory() as folder:
        table, grammar = Path(folder, "words.txt"), Path(folder, "G.fst")
        table.write_text("".join(f"{w} {i}\n" for w, i in words.items()), encoding="utf-8")
        with _quiet():
            kaldilm.arpa2fst(
                input_arpa=str(arpa),
                output_fst=str(grammar),
                disambig_symbol="#0",
                read_symbol_table=str(table),
            )
        right = kaldifst.StdVectorFst.read(str(grammar))
    left = kaldifst.compile(_lexicon_text([(w, list(u)) for w, u in entries], words, ids))
    kaldifst.arcsort(left, sort_type="olabel")
    lg = kaldifst.compose(left, right)
    kaldifst.determinize_star(lg, use_log=True)
    kaldifst.minimize_encoded(lg)
    kaldifst.arcsort(lg, sort_type="ilabel")
    return lg, words
