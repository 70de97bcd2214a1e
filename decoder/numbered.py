"""Hotword lists made ready for one search, once each, and numbered."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from tlg.hotwords import Hotwords

__all__ = ["NumberedLists"]

Use = TypeVar("Use")


class NumberedLists(Generic[Use]):
    """What is made of each ``Hotwords``, and its version: 1 for the first list put in force, then 2, 3 and so on.

    The same ``Hotwords`` again is the same list: it keeps its version, whoever uses it. A list that cannot be used
    takes no number. Lists are not kept alive. Threads can share it.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._known: weakref.WeakKeyDictionary[Hotwords, tuple[Use | None, int]] = weakref.WeakKeyDictionary()
        self._last = 0

    def get(self, hotwords: Hotwords, make: Callable[[Hotwords], Use]) -> tuple[Use | None, int]:
        """Return what ``make`` makes of it (None for a list without phrases that attaches no
        words), and its version.

        Raises:
            Exception: what ``make`` raises; nothing is kept then.
        """
        with self._lock:
            known = self._known.get(hotwords)
        if known is None:
            has_effect = len(hotwords) > 0 or hotwords.attached is not None
            use = make(hotwords) if has_effect else None  # aside: others need not wait
            with self._lock:
                known = self._known.get(hotwords)
                if known is None:
                    self._last += 1
                    known = self._known[hotwords] = (use, self._last)
        return known
