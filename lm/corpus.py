"""The corpus of a training: texts to the core's ids, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tlg import _core
from tlg.errors import TextError
from tlg.lm.text import BLOCK, Progress, Texts, blocks, iterate_texts

__all__ = ["read_corpus"]


class _Sentences:
    """Gathers sentences given as lists of words and hands them on as text, many at once."""

    def __init__(self, corpus: _core.Corpus) -> None:
        self.corpus = corpus
        self.lines: list[str] = []
        self.size = 0
        self.first = 1

    def add(self, words: Sequence[str], number: int) -> None:
        if not self.lines:
            self.first = number
        try:
            line = " ".join(words)
        except TypeError as error:
            raise TextError(
                f"sentence {number} holds something that is no text", remedy="Give lists of words (str)"
            ) from error
        # Words that are one each have no blank in them, and none is empty.
        if len(line.split(" ")) != max(len(words), 1) or any(c in line for c in "\n\t\r\0") or "" in words:
            bad = next(word for word in words if not word or any(c in word for c in " \n\t\r\0"))
            raise TextError(
                f"{bad!r} is not one word: it is empty or has white space in it",
                remedy="Split the sentence into words first",
                file=f"sentence {number}",
            )
        self.lines.append(line)
        self.size += len(line) + 1
        if self.size >= BLOCK // 4:
            self.flush()

    def flush(self) -> None:
        """Give what was gathered to the corpus."""
        if not self.lines:
            return
        lines, self.lines, self.size = self.lines, [], 0
        try:
            self.corpus.add_text("".join(f"{line}\n" for line in lines).encode(), "", self.first)
        except UnicodeEncodeError:
            number = next(i for i, line in enumerate(lines, self.first) if not _encodes(line))
            raise TextError(
                f"sentence {number} holds something that is no text",
                remedy="Give words without surrogates",
            ) from None
        except TextError as error:
            raise TextError(error.message, remedy=error.remedy, file=f"sentence {error.line}") from None


def _encodes(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_corpus(
    texts: Texts,
    *,
    symbols: _core.Symbols,
    vocab: Iterable[str] | None,
    closed_vocab: bool,
    job: _core.Job,
    progress: Progress | None,
) -> tuple[_core.Corpus, list[str]]:
    """Return the corpus and notes on what was mended in the texts.

    Args:
        texts: as for tlg.lm.train.
        symbols: what ``<s>``, ``</s>`` and ``<unk>`` in the text mean.
        vocab: the words of a fixed vocabulary; None: those of the text.
        closed_vocab: n-grams with a word outside vocab do not count.
        job: threads, memory and progress of the training.
        progress: called with numbers of bytes read.

    Raises:
        TextError, MissingFileError, OutputError: as tlg.lm.train.
    """
    options = _core.CorpusOptions()
    options.symbols = symbols
    if vocab is not None:
        options.fixed_vocab = True
        options.vocab = list(vocab)
        options.closed = closed_vocab
    corpus = _core.Corpus(options, job)
    notes: list[str] = []
    sentences = _Sentences(corpus)
    for number, text in enumerate(iterate_texts(texts), start=1):
        if isinstance(text, Sequence) and not isinstance(text, str):
            sentences.add(text, number)
            continue
        sentences.flush()
        for block in blocks(text, progress):
            corpus.add_text(block.data, block.name, block.first_line)
            notes.extend(block.notes)
    sentences.flush()
    return corpus, notes
