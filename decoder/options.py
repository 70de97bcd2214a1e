"""The options of a search, checked."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tlg.errors import OptionError

__all__ = ["LATTICE_BEAM", "SearchOptions"]

LARGEST = 1e6  # scales and scores; costs are float32, and far larger ones leave no digits to tell paths apart
MOST = 2**31 - 1  # counts are 32 bits wide in the core
LATTICE_BEAM = 8.0  # where something asks for lattices and nobody says


@dataclasses.dataclass(frozen=True)
class SearchOptions:
    """The options of a search; all scores in nats.

    Attributes:
        beam: paths worse than the best by more than this are dropped; ``math.inf`` searches everything.
        max_active: tokens kept after a frame at most, a guard against frames that say nothing.
        min_active: tokens kept whatever the beam, where the search reaches as many. Unlike in Kaldi, few tokens
            do not switch the beam off.
        acoustic_scale: multiplies the log-posteriors; 1e-6 to 1e6.
        lm_weight: multiplies the graph's scores; 0 to 1e6.
        word_score: added for each word; within 1e6 of 0, as the next.
        blank_penalty: taken off for each blank frame.
        blank_skip: a probability: a frame whose blank has it, after one whose blank has it too, is passed over as
            blank. 1 skips none; 0.98 is usual. Frames are counted and scored all the same.
        token_beam: tokens of a frame worse than its best one by more (scaled nats) are left out; ``math.inf``
            leaves out none. Never the blank, never a token of a hotword.
        max_tokens: as many tokens of a frame, and those of hotwords, are looked at; 0: all.
        nbest: different word sequences to return in ``Result.nbest``, where ``lattice_beam`` holds as many.
        lattice: return ``Result.lattice`` and ``Result.confidence``. None: where lattice_beam alone asks for it.
        lattice_beam: paths that end within this of the best one are kept (scaled nats); None: 8, where anything
            asks for it. A number asks for the lattice, unless nbest or mbr ask for something already; with
            ``lattice=False`` there is nothing left that it could be for, and it is refused.
        mbr: return ``Result.mbr``, the words with the least expected number of errors, and ``Result.confidence``.

    Raises:
        OptionError: a value out of its range, lattice_beam without anything to keep paths for.
    """

    beam: float = 16.0
    max_active: int = 7000
    min_active: int = 0
    acoustic_scale: float = 1.0
    lm_weight: float = 1.0
    word_score: float = 0.0
    blank_penalty: float = 0.0
    blank_skip: float = 1.0
    token_beam: float = math.inf
    max_tokens: int = 0
    nbest: int = 1
    lattice: bool | None = None
    lattice_beam: float | None = None
    mbr: bool = False

    def __post_init__(self) -> None:
        """Check types and ranges."""
        for field in dataclasses.fields(self):
            object.__setattr__(
                self, field.name, _typed(field.name, getattr(self, field.name), str(field.type))
            )
        self._require(self.beam > 0, "beam", "above 0", "8 to 16 are usual; inf searches everything")
        self._require(self.max_active > 0, "max_active", "above 0", "7000 is the default")
        self._require(
            0 <= self.min_active <= self.max_active,
            "min_active",
            "between 0 and max_active",
            "0 is the default",
        )
        self._require(
            1 / LARGEST <= self.acoustic_scale <= LARGEST,
            "acoustic_scale",
            "between 1e-6 and 1e6",
            "1 to 3 are usual",
        )
        self._require(
            0 <= self.lm_weight <= LARGEST, "lm_weight", "0 or more and at most 1e6", "1 is the default"
        )
        self._require(
            0 < self.blank_skip <= 1, "blank_skip", "above 0 and at most 1", "1 skips nothing, 0.98 is usual"
        )
        for name in ("max_active", "max_tokens", "nbest"):
            self._require(getattr(self, name) <= MOST, name, f"at most {MOST}", "As many are never looked at")
        self._require(self.token_beam >= 0, "token_beam", "0 or more", "inf leaves out nothing")
        self._require(self.max_tokens >= 0, "max_tokens", "0 or more", "0 leaves out nothing")
        self._require(self.nbest >= 1, "nbest", "1 or more", "1 is the default")
        self._require(
            self.lattice_beam is None or self.lattice_beam > 0, "lattice_beam", "above 0", "6 to 10 are usual"
        )
        if self.lattice_beam is not None and self.nbest == 1 and not self.mbr:
            if self.lattice is False:
                raise OptionError(
                    f"lattice_beam={self.lattice_beam:g} with lattice=False, and nothing else that needs a lattice",
                    remedy="Leave one of them out, or ask for nbest= or mbr=True",
                )
            object.__setattr__(self, "lattice", True)
        for name in ("word_score", "blank_penalty"):
            self._require(
                abs(getattr(self, name)) <= LARGEST, name, "between -1e6 and 1e6", "0 is the default"
            )

    @property
    def kept_beam(self) -> float:
        """The lattice beam of the search: 0 where only the best path is asked for."""
        if not (self.nbest > 1 or self.lattice or self.mbr):
            return 0.0
        return LATTICE_BEAM if self.lattice_beam is None else self.lattice_beam

    @property
    def prunes_tokens(self) -> bool:
        """Whether tokens of a frame are left out."""
        return self.token_beam < math.inf or self.max_tokens > 0

    @classmethod
    def from_dict(cls, options: Mapping[str, Any], *, others: Sequence[str] = ()) -> SearchOptions:
        """Return the options with these names and values; the others have their defaults.

        Args:
            options: option name -> value.
            others: names that the caller knows besides, for the hint at a misspelt one.

        Raises:
            OptionError: a name that is no option (names the nearest known one), a value out of its range.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in options:
            if name not in known:
                near = difflib.get_close_matches(name, [*known, *others], n=1)
                remedy = (
                    f"Did you mean {near[0]!r}?" if near else f"Known options: {', '.join([*known, *others])}"
                )
                raise OptionError(f"unknown option {name!r}", remedy=remedy)
        return cls(**options)

    def _require(self, fits: bool, name: str, range_: str, remedy: str) -> None:
        if not fits:
            raise OptionError(f"{name}={getattr(self, name)} is not {range_}", remedy=remedy)


def _typed(name: str, value: object, kind: str) -> object:
    """Return an option as its field's type."""
    if value is None and kind.endswith("None"):
        return None
    if kind.startswith("bool"):
        if not isinstance(value, bool):
            raise OptionError(f"{name}={value!r} is not True or False")
        return value
    whole = kind == "int"
    if isinstance(value, bool) or not isinstance(
        value, (int, np.integer) if whole else (int, float, np.integer, np.floating)
    ):
        raise OptionError(f"{name}={value!r} is not {'an integer' if whole else 'a number'}")
    try:
        return int(value) if whole else float(value)
    except OverflowError:
        raise OptionError(f"{name} is beyond the range of a float") from None
