"""What a stream knows before its end."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from tlg import _core
from tlg.decoder.reading import ResultReader
from tlg.decoder.result import FiredHotword, WordSpan, join_words
from tlg.decoder.slot import NamesPhrases

__all__ = ["Partial", "Snapshot", "StableParts"]


class StableParts:
    """What can no longer change of one utterance, with its frames; it only grows.

    Args:
        core: the stream.
        reader: makes words of labels.
        hotwords: the list that the utterance is searched with.
        version: its number.
    """

    def __init__(
        self, core: _core.Stream, reader: ResultReader, hotwords: NamesPhrases | None, version: int
    ) -> None:
        """Begin with nothing."""
        self._core = core
        self._reader = reader
        self._hotwords = hotwords
        self._version = version
        self._words: list[str] = []
        self._spans: list[WordSpan] = []
        self._fired: list[FiredHotword] = []
        self._text = ""

    def change_hotwords(self, hotwords: NamesPhrases | None, version: int) -> None:
        """Name the hotwords to come by these; they number those before as they were."""
        self._hotwords, self._version = hotwords, version

    def snapshot(self) -> Snapshot:
        """Return what is known now."""
        found = self._core.partial()
        self._grow(found.first_word, found.first_hotword)
        return Snapshot(
            found=found,
            reader=self._reader,
            hotword_list=self._hotwords,
            hotwords_version=self._version,
            placed_words=self._words,
            placed_spans=self._spans,
            placed_hotwords=self._fired,
            placed_text=self._text,
        )

    def _grow(self, num_words: int, num_hotwords: int) -> None:
        start = len(self._words)
        if num_words > start:
            words = self._reader.words(self._core.words(start, num_words), self._hotwords)
            spans = self._core.word_spans(start, num_words).tolist()
            self._words += words
            self._spans += [WordSpan(word, *span) for word, span in zip(words, spans, strict=True)]
            self._text = join_words([self._text, *words])
        start = len(self._fired)
        if num_hotwords > start:
            self._fired += name_hotwords(self._core.hotwords(start, num_hotwords), self._hotwords)


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The state of a stream at one frame, put into words when it is read.

    The lists of placed parts grow later: the first ``found.first_word`` words and ``found.first_hotword`` hotwords
    of them are this snapshot's. Nothing here asks the stream, which may be at work in another thread.
    """

    found: _core.PartialPath
    reader: ResultReader
    hotword_list: NamesPhrases | None
    hotwords_version: int
    placed_words: list[str]
    placed_spans: list[WordSpan]
    placed_hotwords: list[FiredHotword]
    placed_text: str

    @functools.cached_property
    def open_words(self) -> list[str]:
        """The words behind those placed."""
        return self.reader.words(self.found.path.words, self.hotword_list)

    @property
    def stable_open_words(self) -> list[str]:
        """Those of them that can no longer change: their frames still can."""
        return self.open_words[: self.found.num_stable_words - self.found.first_word]

    @property
    def words(self) -> list[str]:
        """All words."""
        return self.placed_words[: self.found.first_word] + self.open_words

    @property
    def word_spans(self) -> list[WordSpan]:
        """All words and their frames."""
        spans = self.found.path.word_spans.tolist()
        return self.placed_spans[: self.found.first_word] + [
            WordSpan(word, start, end) for word, (start, end) in zip(self.open_words, spans, strict=True)
        ]

    @property
    def hotwords(self) -> list[FiredHotword]:
        """All hotwords."""
        fired = name_hotwords(self.found.hotwords, self.hotword_list)
        return self.placed_hotwords[: self.found.first_hotword] + fired


def name_hotwords(fired: list[_core.FiredHotword], hotwords: NamesPhrases | None) -> list[FiredHotword]:
    """Return them with their phrases."""
    if hotwords is None:
        return []
    return [FiredHotword(hotwords.phrase(one.phrase), one.start, one.end, one.reward) for one in fired]


class Partial:
    """The best path of a stream so far, without the final cost. Worked out when it is first read.

    It stays what it was when the stream goes on.
    """

    __slots__ = ("__weakref__", "_read", "_snapshot")

    def __init__(self, read: Callable[[], Snapshot]) -> None:
        """Keep how to read it."""
        self._read: Callable[[], Snapshot] | None = read
        self._snapshot: Snapshot | None = None

    def fix(self, snapshot: Snapshot) -> None:
        """Take the state that it is about, before the stream goes on."""
        if self._snapshot is None:
            self._snapshot, self._read = snapshot, None

    @property
    def is_fixed(self) -> bool:
        """Whether it has been worked out."""
        return self._snapshot is not None

    def _state(self) -> Snapshot:
        if self._snapshot is None:
            assert self._read is not None
            self.fix(self._read())
        assert self._snapshot is not None
        return self._snapshot

    def __repr__(self) -> str:
        return f"Partial({self.stable_text!r} + {self.words[len(self.stable_words) :]!r})"

    @property
    def text(self) -> str:
        """The words joined, as in Result.text."""
        state = self._state()
        return join_words([state.placed_text, *state.open_words])

    @property
    def words(self) -> list[str]:
        """The words."""
        return self._state().words

    @property
    def stable_text(self) -> str:
        """The text of stable_words."""
        state = self._state()
        return join_words([state.placed_text, *state.stable_open_words])

    @property
    def stable_words(self) -> list[str]:
        """The first of the words, as many as can no longer change: all later partials and the result have them."""
        state = self._state()
        return state.words[: state.found.num_stable_words]

    @property
    def word_spans(self) -> list[WordSpan]:
        """Each word with its frames, as known now.

        Graphs that do not say where words end show where labels come; the result has what the lexicon tells.
        """
        return self._state().word_spans

    @property
    def hotwords(self) -> list[FiredHotword]:
        """The hotwords that would be paid if the utterance ended now, and where."""
        return self._state().hotwords

    @property
    def stable_hotwords(self) -> list[FiredHotword]:
        """The first of the hotwords, as many as can no longer change (but for the frames of the last)."""
        return self.hotwords[: self._state().found.num_stable_hotwords]

    @property
    def score(self) -> float:
        """The total, without the final cost: the terms as in Result."""
        return self._state().found.path.score

    @property
    def hotword_score(self) -> float:
        """What the hotwords earned, and would be paid if the utterance ended now: no loans."""
        return self._state().found.path.hotword_score

    @property
    def hotwords_version(self) -> int:
        """The number of the hotword list in force (``Decoder.hotwords_version``); 0: none."""
        return self._state().hotwords_version

    @property
    def num_frames(self) -> int:
        """Frames searched."""
        return self._state().found.path.num_frames
