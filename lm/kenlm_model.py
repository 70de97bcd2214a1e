"""KenlmModel: KenLM's binaries, through the package kenlm, with the questions NgramModel answers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NoReturn

from tlg._files import PathLike
from tlg.errors import ArpaError, MissingExtraError, MissingFileError, OptionError
from tlg.lm.perplexity import WordScore

__all__ = ["KENLM_MAGIC", "KenlmModel", "is_kenlm_binary"]

KENLM_MAGIC = b"mmap lm http://kheafield.com/code"
LN10 = math.log(10.0)


class _CannotError(OptionError, AttributeError):
    """What a KenLM binary does not give; to hasattr() it is not there."""


def is_kenlm_binary(path: PathLike) -> bool:
    """Tell whether a file begins as KenLM's binaries do; False if it cannot be read, or only once."""
    if not Path(path).is_file():
        return False
    try:
        with Path(path).open("rb") as stream:
            return stream.read(len(KENLM_MAGIC)) == KENLM_MAGIC
    except OSError:
        return False


def _kenlm_package() -> Any:
    try:
        import kenlm
    except ImportError as error:
        raise MissingExtraError(
            "KenLM's binaries need the package kenlm",
            remedy="Run: pip install 'tlg[kenlm]' (or kenlm-ex, which comes compiled)",
        ) from error
    return kenlm


class KenlmModel:
    """A model in a KenLM binary; it keeps the contract LanguageModel and never changes.

    States are ``kenlm.State`` objects: hashable, and equal where they score alike. What a KenLM binary
    cannot give (its words, its n-grams, what may follow a state) is refused with the remedy.
    """

    def __init__(self, model: Any, package: Any, path: PathLike) -> None:
        """Wrap a ``kenlm.Model``; users call ``load``."""
        self._model = model
        self._package = package
        self._path = Path(path)

    @classmethod
    def load(cls, path: PathLike) -> KenlmModel:
        """Open a KenLM binary, or have KenLM read an ARPA file.

        Raises:
            MissingExtraError: the package kenlm is not installed.
            MissingFileError: there is no such file.
            ArpaError: kenlm cannot read it; with what it says.
        """
        package = _kenlm_package()
        if not Path(path).is_file():
            raise MissingFileError("no such file", remedy="Check the path", file=path)
        config = package.Config()
        config.show_progress = False
        config.arpa_complain = 0
        try:
            model = package.Model(str(path), config)
        except (OSError, RuntimeError, ValueError) as error:
            said = str(error).split(" because `")[0]
            raise ArpaError(
                f"kenlm cannot read it: {said}",
                remedy="Make the binary again on this machine from the ARPA file, or give tlg the ARPA file",
                file=path,
            ) from error
        return cls(model, package, path)

    @property
    def name(self) -> str:
        """The name of the file."""
        return self._path.name

    @property
    def order(self) -> int:
        """The length of the longest n-grams."""
        return int(self._model.order)

    def __contains__(self, word: object) -> bool:
        """Tell whether the model knows a word; ``<unk>`` itself it does not."""
        return isinstance(word, str) and word in self._model

    def begin(self, *, bos: bool = True) -> Any:
        """Return the state at the start of a sentence, after ``<s>``; with ``bos=False`` after nothing."""
        state = self._package.State()
        if bos:
            self._model.BeginSentenceWrite(state)
        else:
            self._model.NullContextWrite(state)
        return state

    def score(self, state: Any, word: str) -> tuple[Any, float]:
        """Return the state after a word, and the word's score in nats; unknown words are ``<unk>``.

        Raises:
            OptionError: no state of this package, or no text.
        """
        if not isinstance(word, str):
            raise OptionError(f"{word!r} is no text", remedy="A KenLM binary has no word ids: pass the word")
        if not isinstance(state, self._package.State):
            raise OptionError(
                f"{state!r} is no state of this model", remedy="Pass one from begin() or score()"
            )
        after = self._package.State()
        return after, self._model.BaseScore(state, word, after) * LN10

    def end(self, state: Any) -> float:
        """Return the score of ``</s>`` after a state, in nats."""
        return self.score(state, "</s>")[1]

    def score_sentence(self, words: list[str]) -> list[WordScore]:
        """Score each word of a sentence and its end, ``<s>`` in front.

        Raises:
            OptionError: the sentence is a str (it would be ambiguous how to split it), or holds what is no str.
        """
        if isinstance(words, str):
            raise OptionError("a sentence is a list of words", remedy="Split it: text.split()")
        scores = []
        state = self.begin()
        for word in [*words, "</s>"]:
            if not isinstance(word, str):
                raise OptionError(
                    f"the sentence {words!r} holds something that is no text", remedy="Pass str"
                )
            after = self._package.State()
            full = self._model.BaseFullScore(state, word, after)
            scores.append(WordScore(word, full.log_prob, full.ngram_length, full.oov))
            state = after
        return scores

    @property
    def counts(self) -> NoReturn:
        """Refused: the package kenlm does not tell.

        Raises:
            OptionError: always.
        """
        self._cannot("the n-grams cannot be counted")

    @property
    def vocabulary(self) -> NoReturn:
        """Refused: KenLM's binaries hold hashes of the words.

        Raises:
            OptionError: always.
        """
        self._cannot("the words cannot be listed")

    @property
    def core(self) -> NoReturn:
        """Refused: the package kenlm does not give the n-grams, so they cannot be changed or converted.

        Raises:
            OptionError: always.
        """
        self._cannot("the n-grams cannot be had")

    def save(self, path: PathLike, **options: Any) -> NoReturn:
        """Refused, as ``core`` is.

        Raises:
            OptionError: always.
        """
        self._cannot("the model cannot be written")

    def next_words(self, state: Any, k: int = 10) -> NoReturn:
        """Refused, as ``vocabulary`` is.

        Raises:
            OptionError: always.
        """
        self._cannot("what follows a state cannot be listed")

    def _cannot(self, what: str) -> NoReturn:
        raise _CannotError(
            f"KenLM's binaries only score: {what}",
            remedy="Give tlg the ARPA file that the binary was built from",
            file=self._path,
        )

    def __repr__(self) -> str:
        return f"KenlmModel({self._path.name!r}, order={self.order})"
