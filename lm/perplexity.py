"""Perplexity, in SRILM's and KenLM's terms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Protocol

from tlg import _core

__all__ = ["Perplexity", "Sums", "TextSums", "WordScore"]


@dataclass(frozen=True)
class WordScore:
    """What a model gives one token.

    Args:
        word: the token, ``</s>`` for the end of the sentence.
        log10_prob: its probability, base 10.
        order: of the n-gram that gave it; 0 from a model that is no n-gram model.
        oov: the model does not have the word.
    """

    word: str
    log10_prob: float
    order: int
    oov: bool


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
        shared_sentences: how many sentences of five words or more are in the training text too; None
            where that is not known.
        shared_share: their part of the sentences of five words or more.
        notes: what casts doubt on the figures, one sentence each: training text in the test text,
            words that look tokenised or cased in another way.
        files: the same for each file, when there are several.
        per_sentence: the same for each sentence, when asked for.
        per_word: of a sentence, each of its tokens, when asked for.
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
    shared_sentences: int | None = None
    shared_share: float | None = None
    notes: tuple[str, ...] = ()
    files: tuple[Perplexity, ...] = ()
    per_sentence: tuple[Perplexity, ...] = ()
    per_word: tuple[WordScore, ...] = ()

    @property
    def hit_rates(self) -> tuple[float, ...]:
        """The parts of the tokens that n-grams of order 1, 2, ... gave the probability of."""
        return tuple(hits / self.tokens for hits in self.hits) if self.tokens else ()

    @property
    def oov_rate(self) -> float:
        """The part of the words that the model does not have."""
        return self.oovs / self.words if self.words else math.nan

    def __str__(self) -> str:
        what = self.text if self.files else f"file {self.text}"
        words = "".join(f"{line}\n" for line in self._word_lines())
        return words + (
            f"{what}: {self.sentences} sentences, {self.words} words, {self.oovs} OOVs\n"
            f"{self.zeroprobs} zeroprobs, logprob= {self.log10_prob:.6g} ppl= {self.ppl:.6g} "
            f"ppl1= {self.ppl1:.6g}"
        )

    def _word_lines(self) -> list[str]:
        """Return what SRILM prints at ``-debug 2``: the sentence, and each of its words."""
        if not self.per_word:
            return []
        before = "<s>"
        lines = [" ".join(token.word for token in self.per_word[:-1])]
        for at, token in enumerate(self.per_word):
            context = before if at == 0 else f"{before} ..."
            ngram = f"[{token.order}gram]" if token.order else "[model]"
            counts = not (token.oov and self.oov == "exclude")
            prob = f"{10.0**token.log10_prob:.6g} [ {token.log10_prob:.6g} ]"
            lines.append(
                f"\tp( {token.word} | {context} )\t= {f'{ngram} {prob}' if counts else '[OOV] 0 [ -inf ]'}"
            )
            before = token.word
        return lines

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for JSON: inf and nan become None, empty parts are left out."""

        optional = ("files", "notes", "per_sentence", "per_word", "shared_sentences", "shared_share")

        def clean(value: Any) -> Any:
            if isinstance(value, float) and not math.isfinite(value):
                return None
            if isinstance(value, Perplexity):
                return value.as_dict()
            if isinstance(value, WordScore):
                return clean(asdict(value))
            if isinstance(value, dict):
                return {key: clean(one) for key, one in value.items()}
            return [clean(one) for one in value] if isinstance(value, list | tuple) else value

        values = {one.name: getattr(self, one.name) for one in fields(self)} | {"hit_rates": self.hit_rates}
        kept = {key: one for key, one in values.items() if key not in optional or one not in (None, ())}
        cleaned: dict[str, Any] = clean(kept)
        return cleaned


class TextSums(Protocol):
    """What scoring a text adds up to: ``_core.TextScore``, or Sums."""

    @property
    def sentences(self) -> int: ...  # noqa: D102 (the fields of csrc/lm/query/text_score.h)
    @property
    def words(self) -> int: ...  # noqa: D102
    @property
    def oovs(self) -> int: ...  # noqa: D102
    @property
    def zeroprobs(self) -> int: ...  # noqa: D102
    @property
    def oov_zeroprobs(self) -> int: ...  # noqa: D102
    @property
    def log10_prob(self) -> float: ...  # noqa: D102
    @property
    def log10_oov(self) -> float: ...  # noqa: D102
    @property
    def hits(self) -> Sequence[int]: ...  # noqa: D102


@dataclass
class Sums:
    """Sums over tokens, as ``_core.TextScore`` has them; see csrc/lm/query/text_score.h."""

    sentences: int = 0
    words: int = 0
    oovs: int = 0
    zeroprobs: int = 0
    oov_zeroprobs: int = 0
    log10_prob: float = 0.0
    log10_oov: float = 0.0
    hits: list[int] = field(default_factory=list)

    def add_token(self, log10_prob: float, oov: bool) -> None:
        """Add one token that is no ``</s>``, or, if it is known, one that is."""
        zero = log10_prob == -math.inf
        self.oovs += oov
        if oov:
            self.oov_zeroprobs += zero
            self.log10_oov += 0.0 if zero else log10_prob
        else:
            self.zeroprobs += zero
            self.log10_prob += 0.0 if zero else log10_prob

    def add(self, score: TextSums) -> None:
        """Add another text's."""
        self.sentences += score.sentences
        self.words += score.words
        self.oovs += score.oovs
        self.zeroprobs += score.zeroprobs
        self.oov_zeroprobs += score.oov_zeroprobs
        self.log10_prob += score.log10_prob
        self.log10_oov += score.log10_oov
        old = self.hits or [0] * len(score.hits)
        self.hits = [a + b for a, b in zip(old, score.hits, strict=True)]

    def result(self, text: str, oov: str, model: str, **parts: Any) -> Perplexity:
        """Return the figures."""
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
            hits=tuple(self.hits),
            oov=oov,
            signature=signature,
            **parts,
        )
