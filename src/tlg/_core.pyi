"""The C++ core. Private: use the functions and classes of tlg."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__version__: str

# --- hotwords ---

class HotwordMatch:
    """One phrase found in a unit sequence: its index, its half-open span, its reward in nats."""

    @property
    def phrase(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def reward(self) -> float: ...

class HotwordAutomaton:
    """Phrases compiled: csrc/hotwords/automaton.h. Never changes; safe to share between threads."""

    def __init__(
        self,
        *,
        units: npt.NDArray[np.int32],
        offsets: npt.NDArray[np.int64],
        bias: npt.NDArray[np.float64],
        word_bias: npt.NDArray[np.float64],
        lengths: npt.NDArray[np.int32],
        num_units: int,
        boundary: int,
        starts_word: Sequence[bool],
        max_loan: float,
    ) -> None: ...
    def advance(self, state: int, unit: int) -> tuple[float, int]: ...
    def end_score(self, state: int) -> float: ...
    def max_gain(self, state: int) -> float: ...
    def find(self, units: Sequence[int]) -> list[HotwordMatch]: ...
    def total(self, units: npt.NDArray[np.int32]) -> float: ...
    def trace(self, units: Sequence[int]) -> tuple[list[float], list[float]]: ...
    def check(self) -> None: ...
    @property
    def num_states(self) -> int: ...
    @property
    def num_phrases(self) -> int: ...
    @property
    def num_bytes(self) -> int: ...
    @property
    def max_loan(self) -> float: ...
