"""What prefix beam search returns, and how it is read from what the core found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tlg import _core
from tlg.decoder.result import FiredHotword, WordSpan, join_words
from tlg.hotwords import Hotwords

__all__ = ["PrefixReader", "PrefixResult"]


@dataclass(frozen=True, kw_only=True)
class PrefixResult:
    """The best prefix of one utterance.

    ``score = am_score + lm_score + word_score + unk_score + hotword_score``, in nats, each term weighted as the
    search weights it.

    Attributes:
        text: the words joined, as in ``Result``; where tokens are words, the tokens joined by ``joiner``.
        words: the words.
        word_spans: each word with its first frame and the frame after its last token.
        tokens: the units, blanks and repeats removed, separators included.
        token_spans: [start, end) frames of each token, on the best alignment of these tokens.
        score: the total.
        am_score: log of the sum over all alignments of the tokens, each the product over its frames of
            posterior ** acoustic_scale, times exp(-blank_penalty) for a blank. (``Result`` has the best alone.)
        lm_score: lm_weight times the language model's score, end of sentence included.
        word_score: the option word_score times the number of words.
        unk_score: the option unk_score times the number of unknown words.
        hotword_score: what the hotwords in the result earned: no loans.
        hotwords: which of them, and where.
        unknown_words: those of ``words`` that the lexicon lacks (without a lexicon: that the model lacks).
        partial: it ends inside a word of the lexicon, because no prefix alive ends as it should; that word is
            cut off, and neither it nor the end of the sentence is scored.
        num_frames: frames searched; fewer than given only where no prefix went on (``partial`` is then true).
        nbest: the best results with distinct texts, this one (without a list of its own) first.
        hotwords_version: the number of the hotword list that was in force (``PrefixDecoder.hotwords_version``); 0: none.
            Of no account where results are compared.
    """

    text: str
    words: list[str]
    word_spans: list[WordSpan]
    tokens: list[str]
    token_spans: list[tuple[int, int]]
    score: float
    am_score: float
    lm_score: float
    word_score: float
    unk_score: float
    hotword_score: float
    hotwords: list[FiredHotword]
    unknown_words: list[str]
    partial: bool
    num_frames: int
    nbest: tuple[PrefixResult, ...] = ()
    hotwords_version: int = field(default=0, repr=False, compare=False)


class PrefixReader:
    """Makes results of what the core found.

    Args:
        symbols: the tokens.
        texts: what each adds to a word.
        words: of the lexicon, by id.
        joiner: put between tokens where they are the words; None: words are told otherwise.
    """

    def __init__(
        self, symbols: Sequence[str], texts: Sequence[str], words: Sequence[str], *, joiner: str | None
    ) -> None:
        """Keep the tables."""
        self._symbols = symbols
        self._texts = texts
        self._words = words
        self._joiner = joiner

    def best(
        self, found: Sequence[_core.PrefixHypothesis], hotwords: Hotwords | None, version: int
    ) -> PrefixResult:
        """Return the first result, which lists them all."""
        all_ = tuple(self._result(one, hotwords, version) for one in found)
        return self._result(found[0], hotwords, version, all_)

    def _result(
        self,
        found: _core.PrefixHypothesis,
        hotwords: Hotwords | None,
        version: int,
        nbest: tuple[PrefixResult, ...] = (),
    ) -> PrefixResult:
        spans: list[tuple[int, int]] = list(map(tuple, found.token_spans.tolist()))
        tokens = [self._symbols[token] for token in found.tokens]
        word_spans: list[WordSpan] = []
        unknown: list[str] = []
        for one in found.words:
            pieces = found.tokens[one.first_token : one.end_token]
            word = self._words[one.id] if one.id >= 0 else "".join(self._texts[token] for token in pieces)
            word_spans.append(WordSpan(word, spans[one.first_token][0], spans[one.end_token - 1][1]))
            if one.unknown:
                unknown.append(word)
        words = [span.word for span in word_spans]
        if self._joiner is None:
            text = join_words(words)
        else:
            text = self._joiner.join(tokens).replace("<space>", " ").replace("\u2581", " ").strip()
        fired: list[FiredHotword] = []
        if hotwords is not None:
            places = [span[1:] for span in word_spans] if hotwords.units_are == "words" else spans
            fired = [
                FiredHotword(
                    hotwords.phrase(match.phrase),
                    places[match.start][0],
                    places[match.end - 1][1],
                    match.reward,
                )
                for match in found.hotwords
            ]
        return PrefixResult(
            text=text,
            words=words,
            word_spans=word_spans,
            tokens=tokens,
            token_spans=spans,
            score=found.score,
            am_score=found.am_score,
            lm_score=found.lm_score,
            word_score=found.word_score,
            unk_score=found.unk_score,
            hotword_score=found.hotword_score,
            hotwords=fired,
            unknown_words=unknown,
            partial=found.partial,
            num_frames=found.num_frames,
            nbest=nbest,
            hotwords_version=version,
        )
