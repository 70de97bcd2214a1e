"""How long does a hotword list take to compile, what memory, how large is it, how fast does it step, change, report?

    python benchmarks/hotwords_compile.py [--phrases 100000] [--only names]

A process for each kind of list. Lists are drawn at random and written to a file: reading it, spelling and compiling are
timed together (user CPU; best of three), memory is the peak above that of the process with everything imported and the
tokens or the lexicon loaded. "core" is the automaton from arrays. "change" removes ten phrases and adds ten.
Steps are timed on text in which every fourth stretch is a phrase.

names      2 to 6 of 6,000 characters, a weight on each line
letters    8 to 18 of 40 tokens, without word boundaries
words      1 to 3 of 20,000 English-like words, on a lexicon of phones
chinese    2 to 6 of 3,000 characters, on a lexicon of phones that has these and 30,000 words of them
pieces     1 to 3 words, split by a SentencePiece model of 1,000 pieces
unknown    words of 5 to 10 letters that are attached to a lexicon of 50,000, which shows where words end
unmarked   the same where it does not: matched over words
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tlg import _core
from tlg.hotwords import Hotwords


def user() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def peak() -> float:
    """MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def best(work: Callable[[], object], repeats: int = 3) -> float:
    """Seconds of user CPU."""
    found = float("inf")
    for _ in range(repeats):
        start = user()
        work()
        found = min(found, user() - start)
    return found


class Phones:
    """A lexicon in the form of a graph to which words can be attached."""

    slots = ("<unk>",)

    def __init__(self, path: Path) -> None:
        rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        self.symbols = ["<blk>", *sorted({phone for _, *phones in rows for phone in phones})]
        self.blank = 0
        self._core = _core.Lexicon(path.read_bytes(), "lexicon", self.symbols, 0)
        self.tokens = self
        self.words = ["<eps>", *(word for word, *_ in rows)]

    def pronunciations(self, word: str) -> list[list[str]]:
        return [[self.symbols[label - 1] for label in labels] for labels in self._core.pronunciations(word)]


def drawn(rng: random.Random, number: int, draw: Callable[[], str]) -> list[str]:
    """That many different phrases."""
    found: dict[str, None] = {}
    while len(found) < number:
        found[draw()] = None
    return list(found)


def names(rng: random.Random, number: int, folder: Path) -> list[str]:
    characters = [chr(0x4E00 + i) for i in range(6000)]
    weights = [1 / (i + 20) for i in range(6000)]
    listed = drawn(rng, number, lambda: "".join(rng.choices(characters, weights, k=rng.randint(2, 6))))
    (folder / "tokens.txt").write_text("\n".join(characters) + "\n", encoding="utf-8")
    return [f"{phrase} {rng.randint(1, 9)}" for phrase in listed]


def letters(rng: random.Random, number: int, folder: Path) -> list[str]:
    tokens = [chr(0x100 + i) for i in range(40)]
    (folder / "tokens.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    return drawn(rng, number, lambda: "".join(rng.choices(tokens, k=rng.randint(8, 18))))


def some_words(rng: random.Random, number: int) -> list[str]:
    return drawn(rng, number, lambda: "".join(rng.choices("etaoinshrdlucmfwypvbgk", k=rng.randint(2, 9))))


def write_lexicon(folder: Path, lexicon: dict[str, list[str]]) -> None:
    text = "".join(f"{word} {' '.join(phones)}\n" for word, phones in lexicon.items())
    (folder / "lexicon.txt").write_text(text, encoding="utf-8")


def words(rng: random.Random, number: int, folder: Path) -> list[str]:
    known = some_words(rng, 20_000)
    phones = [f"p{i}" for i in range(40)]
    lexicon = {word: rng.choices(phones, k=max(2, len(word) - 1)) for word in known}
    write_lexicon(folder, lexicon)
    return drawn(rng, number, lambda: " ".join(rng.choices(known, k=rng.randint(1, 3))))


def chinese(rng: random.Random, number: int, folder: Path) -> list[str]:
    characters = [chr(0x4E00 + i) for i in range(3000)]
    weights = [1 / (i + 20) for i in range(3000)]
    known = drawn(rng, 30_000, lambda: "".join(rng.choices(characters, weights, k=rng.randint(2, 3))))
    said = {character: f"s{rng.randrange(1200)}" for character in characters}
    lexicon = {word: [said[character] for character in word] for word in [*characters, *known]}
    write_lexicon(folder, lexicon)
    return drawn(rng, number, lambda: "".join(rng.choices(characters, weights, k=rng.randint(2, 6))))


def pieces(rng: random.Random, number: int, folder: Path) -> list[str]:
    import sentencepiece

    known = some_words(rng, 20_000)
    text = folder / "text"
    text.write_text("\n".join(" ".join(rng.choices(known, k=8)) for _ in range(4000)), encoding="utf-8")
    model = folder / "spm"
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(model), vocab_size=1000, minloglevel=2
    )
    processor = sentencepiece.SentencePieceProcessor(model_file=f"{model}.model")
    tokens = [processor.IdToPiece(i) for i in range(processor.GetPieceSize())]
    (folder / "tokens.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    return drawn(rng, number, lambda: " ".join(rng.choices(known, k=rng.randint(1, 3))))


def unknown(rng: random.Random, number: int, folder: Path, end: str = "|") -> list[str]:
    drawn_words = drawn(
        rng, number + 50_000, lambda: "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(5, 10)))
    )
    write_lexicon(folder, {word: [*word, *end] for word in drawn_words[:50_000]})
    return drawn_words[50_000:]


def unmarked(rng: random.Random, number: int, folder: Path) -> list[str]:
    return unknown(rng, number, folder, "")


KINDS = {
    "names": names,
    "letters": letters,
    "words": words,
    "chinese": chinese,
    "pieces": pieces,
    "unknown": unknown,
    "unmarked": unmarked,
}


def text_of(hotwords: Hotwords, rng: random.Random) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Two million units, a fourth of the stretches phrases."""

    def stretches() -> Iterator[list[int]]:
        entries = hotwords.report.accepted[:2000]
        phrases = [hotwords.unit_ids(entry.units) for entry in entries]
        while True:
            yield rng.choice(phrases) if rng.random() < 0.25 else rng.choices(range(hotwords.num_units), k=4)

    ids: list[int] = []
    for stretch in stretches():
        ids += stretch
        if len(ids) > 2_000_000:
            return np.array(ids, np.int32)
    raise AssertionError


def options_of(folder: Path) -> dict[str, Any]:
    """What the list is compiled for."""
    if (folder / "lexicon.txt").exists():
        return {"graph": Phones(folder / "lexicon.txt")}
    model = {"sentencepiece": folder / "spm.model"} if (folder / "spm.model").exists() else {}
    return {"tokens": (folder / "tokens.txt").read_text(encoding="utf-8").split("\n")[:-1], **model}


def measure(kind: str, folder: Path) -> None:
    rng = random.Random(2)
    path, options = folder / "hot.txt", options_of(folder)
    with path.open(encoding="utf-8") as file:
        phrase = file.readline().strip()
    Hotwords([phrase.split(" ")[0] if kind == "names" else phrase], **options)
    before = peak()
    whole = [user()]
    hotwords = Hotwords(path, **options)
    whole = [user() - whole[0]]
    memory = peak() - before
    number = len(hotwords.report.entries)
    whole += [best(lambda: Hotwords(path, **options), 2)]
    loans = iter(range(3, 99))  # another one for each run: what is cached would cost nothing
    core = best(lambda: hotwords.automaton(max_loan=next(loans)))
    removed = [entry.phrase for entry in hotwords.report.entries[:: number // 10]]
    changed = best(lambda: hotwords.changed(remove=removed, add=removed))
    report = best(lambda: hotwords.changed().report, 1) - best(lambda: hotwords.changed())
    automaton = hotwords.automaton()
    units = text_of(hotwords, rng)
    steps = len(units) / best(lambda: automaton.total(units))
    print(
        f"{kind}: {number} phrases, {automaton.num_phrases} spellings, {automaton.num_states} states, "
        f"{automaton.num_bytes / 1e6:.1f} MB; Hotwords() {min(whole):.2f} s, {memory:.0f} MB more; "
        f"core {core:.3f} s; change {changed:.3f} s; report {report:.2f} s; {steps / 1e6:.0f} M steps/s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--phrases", type=int, default=100_000)
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--prepared", type=Path, help=argparse.SUPPRESS)  # the process that is measured
    arguments = parser.parse_args()
    if arguments.prepared is not None:
        measure(arguments.only, arguments.prepared)
        return
    for kind in [arguments.only] if arguments.only else KINDS:
        with tempfile.TemporaryDirectory() as name:
            lines = KINDS[kind](random.Random(1), arguments.phrases, Path(name))
            (Path(name) / "hot.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
            subprocess.run([sys.executable, __file__, "--only", kind, "--prepared", name], check=True)


if __name__ == "__main__":
    main()
