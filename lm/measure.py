"""Measuring a model on texts: an n-gram model in C++, any other LanguageModel word by word."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from itertools import chain
from typing import Any, Protocol, TypeVar

from tlg import _core
from tlg.errors import ContractError, OptionError, TextError
from tlg.lm.contract import LanguageModel, check_scorer, has_batch
from tlg.lm.corpus import check_threads
from tlg.lm.overlap import Overlap, SentenceSketch, odd_text
from tlg.lm.perplexity import Perplexity, Sums, TextSums, WordScore
from tlg.lm.text import Block, Progress, Texts, add_sentence, blocks, text_name, texts_of

__all__ = ["perplexity"]

State = TypeVar("State", bound=Hashable)

LOG10_E = math.log10(math.e)
HEAD = 1 << 16  # bytes of a text that are looked at when it seems odd
GROUP = 256  # sentences that a model with score_batch scores side by side
SPACES = bytes.maketrans(b"\t\r\0", b"   ")


def perplexity(
    model: LanguageModel[Any],
    texts: Texts,
    *,
    oov: str = "exclude",
    per_sentence: bool = False,
    per_word: bool = False,
    train_texts: Texts | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Perplexity:
    """Measure how well a model predicts texts: an NgramModel, or any LanguageModel (slower).

    A LanguageModel that answers ``word in model`` has its unknown words counted as OOVs; one that does
    not, knows every word. Its tokens of score -inf are ``zeroprobs``, and it has no ``hits``.

    Args:
        model: the model.
        texts: one path, or an iterable of paths (plain or compressed), binary streams and sentences
            (lists of words). A str is always a path. An empty line is a sentence.
        oov: "exclude" leaves unknown words out of log10_prob, ppl and ppl1 (SRILM's default);
            "include" scores them as ``<unk>``.
        per_sentence: give each sentence's figures too.
        per_word: give each sentence's tokens too, as SRILM's -debug 2 does.
        train_texts: what the model was trained on: its sentences are looked for in the texts. A model
            trained in this session remembers its own.
        threads: of an NgramModel on files; None: as many as there are cores. The figures are the same.
        progress: called with numbers of bytes read.

    Raises:
        TextError: there is no sentence, or ``<s>`` or ``</s>`` is in the text; names the line.
        MissingFileError: there is no such file.
        ContractError: a model of the caller's gave a score that is none.

    Source: SRILM ngram(1) -ppl for ppl, ppl1 and zeroprobs; KenLM's query for the other two.
    """
    if oov not in ("exclude", "include"):
        raise OptionError(f"oov={oov!r} is not known", remedy="Give 'exclude' or 'include'")
    check_scorer(model)
    run = _Run(model, oov, per_sentence or per_word, per_word)
    run.threads = check_threads(threads)
    run.compares = train_texts is not None or run.sketch is not None
    loose: list[Sequence[str]] = []
    for text in texts_of(texts):
        if isinstance(text, Sequence) and not isinstance(text, str):
            loose.append(text)
            continue
        run.open(text_name(text))
        for block in blocks(text, progress):
            run.add_block(block)
        run.close()
    if loose:
        run.open("<sentences>")
        for number, words in enumerate(loose, start=1):
            run.add_sentence(words, number)
        run.close()
    if not run.total.sentences:
        raise TextError("the text is empty: there is no sentence to score", remedy="Give some text")
    if train_texts is not None:
        shared = run.overlap.shared_with_texts(train_texts, progress)
    elif run.sketch is not None:
        shared = run.sketch.shared_with(run.overlap.hashes)
    else:
        return run.result(shared_sentences=None, shared_share=None, notes=tuple(run.notes))
    notes = (*run.notes, *shared.notes)
    return run.result(shared_sentences=shared.sentences, shared_share=shared.share, notes=notes)


class _Scorer(Protocol):
    """Scores one text."""

    def add_text(self, text: bytes, name: str, first_line: int, /) -> None: ...
    def add_sentence(self, words: Sequence[str], number: int, /) -> None: ...
    @property
    def total(self) -> TextSums: ...
    @property
    def sentences(self) -> Sequence[TextSums]: ...


class _Run:
    """What a measurement adds up: figures, sentences to compare, what is odd."""

    def __init__(self, model: LanguageModel[Any], oov: str, per_sentence: bool, per_word: bool) -> None:
        core = getattr(model, "core", None)
        self.model = model
        self.core = core if isinstance(core, _core.NgramModel) else None
        self.name = str(getattr(model, "name", type(model).__name__))
        self.known: Any = model if hasattr(model, "__contains__") else _Everything()
        self.oov, self.per_sentence, self.per_word = oov, per_sentence, per_word
        sketch = getattr(getattr(model, "report", None), "sketch", None)
        self.sketch = sketch if isinstance(sketch, SentenceSketch) else None
        self.compares = False
        self.threads = 1
        self.overlap = Overlap()
        self.total = Sums()
        self.files: list[Perplexity] = []
        self.sentences: list[Perplexity] = []
        self.notes: list[str] = []

    def open(self, text: str) -> None:
        """Begin with a text."""
        self.text = text
        self.head: list[Sequence[str]] = []
        self.head_text = b""
        self.words: list[Sequence[str]] = []  # of each sentence, if each word is asked for
        self.scorer: _Scorer = (
            _ModelScorer(self.model, self.known)
            if self.core is None
            else _core.TextScorer(self.core, self.per_sentence, self.threads)
        )

    def add_block(self, block: Block) -> None:
        self.scorer.add_text(block.data, block.name, block.first_line)
        if self.compares:
            self.overlap.add_text(block.data)
        if not self.head_text:
            self.head_text = block.data[:HEAD]
        if self.per_word:
            self.words += [words for words, _ in _split(block.data)]

    def add_sentence(self, words: Sequence[str], number: int) -> None:
        add_sentence(self.scorer, words, number)
        if self.compares:
            self.overlap.add_sentence(words)
        if len(self.head) < 1000:
            self.head.append(words)
        if self.per_word:
            self.words.append(words)
        spaced = next((word for word in words if " " in word), None)
        if spaced is not None and not any("with a space in it" in note for note in self.notes):
            self.notes.append(
                f"sentence {number} holds a word with a space in it, {spaced[:40]!r}: give lists of words"
            )

    def close(self) -> None:
        """Keep the figures of the text."""
        sums = Sums()
        sums.add(self.scorer.total)
        self.total.add(sums)
        self.files.append(sums.result(self.text, self.oov, self.name))
        # Split only when it is looked at, for that is rare.
        head = chain(self.head, (words for words, _ in _split(self.head_text, errors="replace")))
        self.notes += odd_text(self.text, sums.sentences, sums.words, sums.oovs, head, self.known)
        if not self.per_sentence:
            return
        for number, one in enumerate(self.scorer.sentences, start=1):
            sums = Sums()
            sums.add(one)
            tokens = self._tokens(self.words[number - 1], number - 1) if self.per_word else ()
            self.sentences.append(sums.result(f"{self.text}:{number}", self.oov, self.name, per_word=tokens))

    def _tokens(self, words: Sequence[str], index: int) -> tuple[WordScore, ...]:
        if isinstance(self.scorer, _ModelScorer):
            return tuple(self.scorer.tokens[index])
        assert self.core is not None
        scores = self.core.score_tokens(list(words))
        return tuple(
            WordScore(word, one.log10_prob, one.order, one.oov)
            for word, one in zip([*words, "</s>"], scores, strict=True)
        )

    def result(self, **parts: Any) -> Perplexity:
        whole = self.files[0].text if len(self.files) == 1 else f"{len(self.files)} files"
        files = tuple(self.files) if len(self.files) > 1 else ()
        sentences = tuple(self.sentences)
        return self.total.result(whole, self.oov, self.name, files=files, per_sentence=sentences, **parts)


def _split(text: bytes, errors: str = "strict") -> Iterator[tuple[list[str], int]]:
    """Yield the words of each line, split as csrc/lm/count/corpus.h does, and the line, from 0."""
    lines = text.translate(SPACES).split(b"\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines):
        yield [word for word in line.decode("utf-8", errors).split(" ") if word], number


class _Everything:
    """The words of a model that does not say which it has."""

    def __contains__(self, word: object) -> bool:
        return True


class _ModelScorer:
    """Scores a text with a LanguageModel."""

    def __init__(self, model: LanguageModel[Any], known: Any) -> None:
        self.model = model
        self.known = known
        self.total = Sums()
        self.sentences: list[Sums] = []
        self.tokens: list[list[WordScore]] = []

    def add_text(self, text: bytes, name: str, first_line: int) -> None:
        group: list[list[str]] = []
        before = len(self.sentences)
        try:
            for words, line in _split(text):
                for word in words:
                    if word in ("<s>", "</s>"):
                        raise TextError(
                            f"'{word}' is in the text",
                            remedy="Remove it: sentence ends are added to each line",
                            file=name,
                            line=first_line + line,
                        )
                group.append(words)
                if len(group) == GROUP:
                    self._score(group)
                    group = []
        except UnicodeDecodeError as error:
            line = first_line + len(self.sentences) - before + len(group)
            raise TextError("not UTF-8", remedy="Convert the text to UTF-8", file=name, line=line) from error
        self._score(group)

    def add_sentence(self, words: Sequence[str], number: int) -> None:
        for word in words:
            if not isinstance(word, str):
                raise TypeError(word)
            if word in ("<s>", "</s>"):
                raise TextError(
                    f"'{word}' is in the text",
                    remedy="Remove it: sentence ends are added to each line",
                    file=f"sentence {number}",
                )
        self._score([words])

    def _score(self, group: Sequence[Sequence[str]]) -> None:
        states = [self.model.begin() for _ in group]
        scores: list[list[float]] = [[] for _ in group]
        for at in range(max(map(len, group), default=0)):
            running = [i for i, words in enumerate(group) if len(words) > at]
            if has_batch(self.model):
                words = [group[i][at] for i in running]
                found, after = self.model.score_batch([states[i] for i in running], words)
                for i, score, state in zip(running, found, after, strict=True):
                    scores[i].append(float(score))
                    states[i] = state
                continue
            for i in running:
                states[i], score = self.model.score(states[i], group[i][at])
                scores[i].append(float(score))
        for sentence, state, ofs in zip(group, states, scores, strict=True):
            self._add(sentence, [*ofs, float(self.model.end(state))])

    def _add(self, words: Sequence[str], scores: Sequence[float]) -> None:
        one = Sums(sentences=1, words=len(words))
        tokens = []
        for word, score in zip([*words, "</s>"], scores, strict=True):
            if math.isnan(score) or score > 1e-3:
                raise ContractError(
                    f"{type(self.model).__name__} gives {word!r} the score {score:g}",
                    remedy="Scores are natural logarithms of probabilities: at most 0, not NaN",
                )
            oov = word != "</s>" and word not in self.known
            one.add_token(score * LOG10_E, oov)
            tokens.append(WordScore(word, score * LOG10_E, 0, oov))
        self.sentences.append(one)
        self.tokens.append(tokens)
        self.total.add(one)
