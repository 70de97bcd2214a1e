"""Perplexity, in SRILM's and KenLM's terms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import IO, Any

from tlg import _core
from tlg._files import PathLike
from tlg.errors import OptionError, TextError
from tlg.lm.text import Progress, Texts, add_sentence, blocks, text_name, texts_of

__all__ = ["Perplexity", "measure"]


def _power(log10_prob: float, tokens: int) -> float:
    """Return 10^(-log10_prob / tokens): nan where there is no token."""
    if tokens <= 0:
        return math.nan
    try:
        return float(10.0 ** (-log10_prob / tokens))
    except OverflowError:
        return math.inf


@dataclass(frozen=True, kw_only=True)
class Perplexity:
    """How well a model predicts a text. Logarithms have base 10 here, as the toolkits print them.

    ``ppl``, ``ppl1`` and ``log10_prob`` follow ``oov``: with "exclude" (SRILM's default) unknown words
    count nowhere, with "include" (SRILM -unk) they are scored as ``<unk>``. Tokens of probability 0
    (``zeroprobs``) are left out of the three, as in SRILM. A figure over no token is nan.

    Args:
        text: what was measured.
        sentences: lines; an empty line is a sentence.
        words: without ``</s>``.
        oovs: words that the model does not have.
        zeroprobs: tokens of probability 0.
        log10_prob: of the tokens that count.
        ppl: per token, ``</s>`` included.
        ppl1: per word: the same log10_prob, ``</s>`` not counted as a token.
        ppl_including_oov: as KenLM's query: all tokens, unknown words as ``<unk>``; inf when a token has
            probability 0.
        ppl_excluding_oov: as KenLM's query: unknown words left out.
        tokens: words + sentences.
        hits: tokens whose probability came from an n-gram of order 1, 2, ...; unknown words in order 1.
        oov: "exclude" or "include".
        signature: everything needed to take the figure again.
        files: the same for each file, when there are several.
        per_sentence: the same for each sentence, when asked for.
    """

    text: str
    sentences: int
    words: int
    oovs: int
    zeroprobs: int
    log10_prob: float
    ppl: float
    ppl1: float
    ppl_including_oov: float
    ppl_excluding_oov: float
    tokens: int
    hits: tuple[int, ...]
    oov: str
    signature: str
    files: tuple[Perplexity, ...] = ()
    per_sentence: tuple[Perplexity, ...] = ()

    def __str__(self) -> str:
        what = self.text if self.files else f"file {self.text}"
        return (
            f"{what}: {self.sentences} sentences, {self.words} words, {self.oovs} OOVs\n"
            f"{self.zeroprobs} zeroprobs, logprob= {self.log10_prob:.6g} ppl= {self.ppl:.6g} "
            f"ppl1= {self.ppl1:.6g}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for JSON: inf and nan become None, empty parts are left out."""

        def clean(value: Any) -> Any:
            if isinstance(value, float) and not math.isfinite(value):
                return None
            if isinstance(value, dict):
                return {k: clean(v) for k, v in value.items() if k not in optional or v}
            return [clean(v) for v in value] if isinstance(value, list | tuple) else value

        optional = ("files", "per_sentence")
        cleaned: dict[str, Any] = clean(asdict(self))
        return cleaned


@dataclass
class _Sums:
    """Adds up the scores of texts."""

    sentences: int = 0
    words: int = 0
    oovs: int = 0
    zeroprobs: int = 0
    oov_zeroprobs: int = 0
    log10_prob: float = 0.0
    log10_oov: float = 0.0
    hits: tuple[int, ...] = ()

    def add(self, score: _core.TextScore) -> None:
        self.sentences += score.sentences
        self.words += score.words
        self.oovs += score.oovs
        self.zeroprobs += score.zeroprobs
        self.oov_zeroprobs += score.oov_zeroprobs
        self.log10_prob += score.log10_prob
        self.log10_oov += score.log10_oov
        old = self.hits or (0,) * len(score.hits)
        self.hits = tuple(a + b for a, b in zip(old, score.hits, strict=True))

    def result(self, text: str, oov: str, model: str, **parts: Any) -> Perplexity:
        include = oov == "include"
        log10_prob = self.log10_prob + (self.log10_oov if include else 0.0)
        zeroprobs = self.zeroprobs + (self.oov_zeroprobs if include else 0)
        tokens = self.words + self.sentences
        words = self.words - zeroprobs - (0 if include else self.oovs)
        ppl = _power(log10_prob, words + self.sentences)
        zero = self.zeroprobs + self.oov_zeroprobs > 0
        every = math.inf if zero else _power(self.log10_prob + self.log10_oov, tokens)
        known = math.inf if self.zeroprobs else _power(self.log10_prob, tokens - self.oovs)
        signature = (
            f"PPL {ppl:.4f} | text:{text} | sentences:{self.sentences} | words:{self.words} | "
            f"oovs:{self.oovs} | zeroprobs:{zeroprobs} | oov:{oov} | lm:{model} | "
            f"order:{len(self.hits) or '-'} | tlg:{_core.__version__}"
        )
        return Perplexity(
            text=text,
            sentences=self.sentences,
            words=self.words,
            oovs=self.oovs,
            zeroprobs=zeroprobs,
            log10_prob=log10_prob,
            ppl=ppl,
            ppl1=_power(log10_prob, words),
            ppl_including_oov=every,
            ppl_excluding_oov=known,
            tokens=tokens,
            hits=self.hits,
            oov=oov,
            signature=signature,
            **parts,
        )


def _sentences(scorer: _core.TextScorer, name: str, oov: str, model: str) -> Iterator[Perplexity]:
    for number, score in enumerate(scorer.sentences, start=1):
        sums = _Sums()
        sums.add(score)
        yield sums.result(f"{name}:{number}", oov, model)


def measure(
    core: _core.NgramModel,
    texts: Texts,
    *,
    name: str,
    oov: str = "exclude",
    per_sentence: bool = False,
    progress: Progress | None = None,
) -> Perplexity:
    """Score texts with a model; NgramModel.perplexity says what the options mean."""
    if oov not in ("exclude", "include"):
        raise OptionError(f"oov={oov!r} is not known", remedy="Give 'exclude' or 'include'")
    total = _Sums()
    files: list[Perplexity] = []
    sentences: list[Perplexity] = []
    loose: list[Sequence[str]] = []

    def close(scorer: _core.TextScorer, text: str) -> None:
        sums = _Sums()
        sums.add(scorer.total)
        total.add(scorer.total)
        files.append(sums.result(text, oov, name))
        sentences.extend(_sentences(scorer, text, oov, name))

    for text in texts_of(texts):
        if isinstance(text, Sequence) and not isinstance(text, str):
            loose.append(text)
            continue
        scorer = _core.TextScorer(core, per_sentence)
        source: PathLike | IO[bytes] = text
        for block in blocks(source, progress):
            scorer.add_text(block.data, block.name, block.first_line)
        close(scorer, text_name(text))
    if loose:
        scorer = _core.TextScorer(core, per_sentence)
        for number, words in enumerate(loose, start=1):
            add_sentence(scorer, words, number)
        close(scorer, "<sentences>")
    if not total.sentences:
        raise TextError("the text is empty: there is no sentence to score", remedy="Give some text")
    whole = files[0].text if len(files) == 1 else f"{len(files)} files"
    return total.result(
        whole,
        oov,
        name,
        files=tuple(files) if len(files) > 1 else (),
        per_sentence=tuple(sentences),
    )
