"""Hotwords for models that say one token after another: speech recognisers like Whisper, language models.

Not for: CTC posteriors, which a decoder searches with hotwords of its own.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tlg.errors import OptionError
from tlg.hotwords.compile import Hotwords
from tlg.hotwords.units import WORD_START

__all__ = ["HotwordLogitsProcessor"]

CACHE_BYTES = 32 << 20  # of what each token gains, by state

Scores = TypeVar("Scores")


class HotwordLogitsProcessor:
    """Adds to the scores of the next tokens what the hotwords gain by them; called as Hugging Face's are.

    ``processor(input_ids, scores)`` returns new scores of the kind that it was given (numpy, or torch on any
    device); what it was given is left alone. Summed over a sequence up to and with its end token, what is added is
    exactly ``Hotwords.score`` of the sequence: a hotword in progress is lent its bias, and a sequence that breaks it
    off, or ends, gives it back. It depends on the ids alone, so that beams can be reordered, copied and dropped.

    Args:
        hotwords: made with ``tokens=``, the symbols of the model's vocabulary in the order of their ids.
        eos: the id, or ids, of the end of a sequence. Behind it nothing is added.
        ignored: ids that are no part of the text (language tags, timestamps); they are passed over. So are ids that
            ``hotwords`` has no symbol for.
        begin_index: where the text begins in ``input_ids``: the length of the prompt.
        max_loan: the most that is lent to a hotword in progress, nats; None: 2.

    Raises:
        OptionError: hotwords over words, or an option that does not fit.

    Source: docs/hotwords_elsewhere.md.
    """

    def __init__(
        self,
        hotwords: Hotwords,
        *,
        eos: int | Sequence[int] | None = None,
        ignored: Iterable[int] = (),
        begin_index: int = 0,
        max_loan: float | None = None,
    ) -> None:
        """Keep the automaton; nothing here changes it."""
        if not isinstance(hotwords, Hotwords):
            raise OptionError(
                f"hotwords is a {type(hotwords).__name__}", remedy="Make tlg.Hotwords(list, tokens=symbols)"
            )
        if hotwords.units_are != "tokens":
            raise OptionError(
                "the hotwords are made of words, and a model says tokens",
                remedy="Make them with tokens= the model's vocabulary",
            )
        if isinstance(begin_index, bool) or not isinstance(begin_index, int) or begin_index < 0:
            raise OptionError(f"begin_index={begin_index!r} is no length", remedy="Pass that of the prompt")
        self.hotwords = hotwords
        self._automaton = hotwords.automaton(max_loan=max_loan)
        # The boundary of pieces that begin words is numbered behind the tokens.
        self._num_tokens = hotwords.num_units - (hotwords.boundary == WORD_START)
        self._eos = _ids("eos", () if eos is None else [eos] if isinstance(eos, int | np.integer) else eos)
        self._ignored = _ids("ignored", ignored) - self._eos
        self._begin = begin_index
        self._states: dict[bytes, int | None] = {}  # ids of the rows seen last -> state; None: ended
        self._gains: OrderedDict[tuple[int, int], npt.NDArray[np.float32]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<tlg.hotwords.HotwordLogitsProcessor: {self.hotwords.report.summary}>"

    def __call__(self, input_ids: Any, scores: Scores) -> Scores:
        """Return the scores with what each next token gains added.

        Args:
            input_ids: [B, L] integers, the ids so far, prompt included.
            scores: [B, V] floats, logits or log-probabilities of the next token; V may be more than there are symbols.

        Raises:
            OptionError: shapes that do not fit.
        """
        shape = tuple(int(size) for size in getattr(scores, "shape", ()))
        ids = self._rows(input_ids)
        if len(shape) != 2 or shape[0] != len(ids):
            raise OptionError(
                f"scores of shape {list(shape)} for {len(ids)} rows of ids",
                remedy="Pass [B, L] ids and [B, V] scores",
            )
        if shape[1] < self._num_tokens:
            raise OptionError(
                f"scores for {shape[1]} tokens, the hotwords are made for {self._num_tokens}",
                remedy="Make the Hotwords with tokens= the model's vocabulary",
            )
        added = np.zeros(shape, np.float32)
        for row, state in zip(added, self._follow(ids), strict=True):
            if state is not None:
                row += self._gains_in(state, shape[1])
        summed: Scores = _add(scores, added)
        return summed

    def end_scores(self, input_ids: Any) -> npt.NDArray[np.float32]:
        """Return what each row would gain by ending now, nats: loans go back, a hotword just completed is paid.

        For rows that are cut off without an end token: with this added, they too are worth exactly their hotwords.

        Args:
            input_ids: as in the call.

        Raises:
            OptionError: no [B, L] integers.
        """
        states = self._follow(self._rows(input_ids))
        ends = [0.0 if state is None else self._automaton.end_score(state) for state in states]
        return np.array(ends, np.float32)

    def _rows(self, input_ids: Any) -> npt.NDArray[np.int64]:
        if _is_torch(input_ids):
            input_ids = input_ids.detach().cpu().numpy()
        ids = np.asarray(input_ids)
        if ids.ndim != 2 or not (np.issubdtype(ids.dtype, np.integer) or ids.size == 0):
            raise OptionError(
                f"input_ids are {ids.dtype} of shape {list(ids.shape)}", remedy="Pass integers, [B, L]"
            )
        return np.ascontiguousarray(ids[:, self._begin :], np.int64)

    def _follow(self, ids: npt.NDArray[np.int64]) -> list[int | None]:
        """Return the automaton's state behind each row; None: it has ended."""
        known, states = self._states, dict[bytes, "int | None"]()
        found = []
        for row in ids:
            key = row.tobytes()
            before = key[: -row.itemsize] if len(row) > 0 else None
            if key in known:
                state = known[key]
            elif before in known:
                state = self._step(known[before], int(row[-1]))
            else:
                state = 0
                for token in row.tolist():
                    state = self._step(state, token)
            states[key] = state
            found.append(state)
        self._states = states  # of this step alone: the next one asks for these rows with one token more
        return found

    def _step(self, state: int | None, token: int) -> int | None:
        if state is None or token in self._eos:
            return None
        if token in self._ignored or not 0 <= token < self._num_tokens:
            return state
        return self._automaton.advance(state, token)[1]

    def _gains_in(self, state: int, width: int) -> npt.NDArray[np.float32]:
        key = (state, width)
        gains = self._gains.get(key)
        if gains is None:
            gains = np.zeros(width, np.float32)
            gains[: self._num_tokens] = self._automaton.gains(state, self._num_tokens)
            gains[[token for token in self._ignored if token < width]] = 0.0
            gains[[token for token in self._eos if token < width]] = self._automaton.end_score(state)
            while self._gains and (len(self._gains) + 1) * gains.nbytes > CACHE_BYTES:
                self._gains.popitem(last=False)
            self._gains[key] = gains
        return gains


def _ids(name: str, values: Iterable[int]) -> frozenset[int]:
    ids = list(values)
    for one in ids:
        if isinstance(one, bool) or not isinstance(one, int | np.integer) or one < 0:
            raise OptionError(f"{name} has {one!r}, which is no id", remedy="Pass ids of tokens, from 0")
    return frozenset(int(one) for one in ids)


def _is_torch(array: object) -> bool:
    torch = sys.modules.get("torch")  # who holds a tensor has imported it
    return torch is not None and isinstance(array, torch.Tensor)


def _add(scores: Any, added: npt.NDArray[np.float32]) -> Any:
    if _is_torch(scores):
        torch = sys.modules["torch"]
        return scores + torch.from_numpy(added).to(device=scores.device, dtype=scores.dtype)
    if not isinstance(scores, np.ndarray) or not np.issubdtype(scores.dtype, np.floating):
        raise OptionError(
            f"scores are {getattr(scores, 'dtype', type(scores).__name__)}",
            remedy="Pass floats, a numpy array or a torch tensor",
        )
    return scores + added.astype(scores.dtype)
