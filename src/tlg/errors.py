"""The exceptions of tlg: one tree, each saying what is wrong, where, and what to do about it."""

from __future__ import annotations

from os import PathLike, fspath

__all__ = [
    "ArpaError",
    "ContractError",
    "GraphError",
    "HotwordError",
    "InputError",
    "LatticeError",
    "LexiconError",
    "MissingExtraError",
    "MissingFileError",
    "OptionError",
    "OutputError",
    "PosteriorError",
    "StreamError",
    "TextError",
    "TlgError",
    "TokensError",
]


class TlgError(Exception):
    """Whatever tlg refuses.

    Args:
        message: what is wrong, without a full stop at its end.
        remedy: what to do about it, a sentence.
        file: the file at fault, if there is one.
        line: its line, from 1.

    ``str()`` gives ``file:line: message. remedy``; the parts are attributes too.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        file: str | PathLike[str] | None = None,
        line: int | None = None,
    ) -> None:
        """Keep the parts; the text is put together by ``str()``."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.file = None if file is None else fspath(file)
        self.line = line

    def __str__(self) -> str:
        where = ""
        if self.file is not None:
            where = f"{self.file}:{self.line}: " if self.line is not None else f"{self.file}: "
        return f"{where}{self.message}" + (f". {self.remedy}" if self.remedy else "")

    def __reduce__(self) -> tuple[object, ...]:
        state = {"remedy": self.remedy, "file": self.file, "line": self.line}
        return (type(self), (self.message,), state)


class InputError(TlgError, ValueError):
    """A value or a file's content that cannot be used."""


class OptionError(InputError):
    """An argument out of its range, or a name that does not exist."""


class PosteriorError(InputError):
    """log_probs that are no posteriors: wrong width, NaN, +inf, rows that do not sum to 1."""


class TokensError(InputError):
    """A token table that cannot be used."""


class LexiconError(InputError):
    """A lexicon that cannot be used."""


class TextError(InputError):
    """Training or test text that cannot be used."""


class ArpaError(InputError):
    """An ARPA file that cannot be used."""


class ContractError(InputError):
    """A language model of the caller's own that breaks the contract (tlg.lm.LanguageModel)."""


class GraphError(InputError):
    """A decoding graph that is corrupt or does not fit."""


class HotwordError(InputError):
    """A hotword list that cannot be used."""


class LatticeError(InputError):
    """A word lattice, or a file of lattices, that cannot be used."""


class StreamError(TlgError, RuntimeError):
    """A stream used out of turn: after its end, or by two threads at once."""


class MissingFileError(TlgError, FileNotFoundError):
    """A file that is not there."""


class OutputError(TlgError, OSError):
    """A file that cannot be read or written."""


class MissingExtraError(TlgError, ImportError):
    """A package of an optional extra that is not installed."""
