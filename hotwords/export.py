"""A compiled list as a transducer for OpenFst, Kaldi and whoever reads their files.

Not for: decoding here; the automaton itself is smaller and quicker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tlg import _core
from tlg._files import PathLike, atomic_write
from tlg.errors import OptionError
from tlg.hotwords.units import Speller

__all__ = ["MAX_ARCS", "Failure", "HotwordFst", "make_fst"]

Failure = Literal["phi", "expanded"]

MAX_ARCS = 50_000_000  # 800 MB in a file
PHI = "#phi"


@dataclass(frozen=True)
class HotwordFst:
    """A hotword list as an acceptor over the model's labels, tropical weights in nats.

    The cost of a sequence of labels, its final cost included, is minus the score of the list for it.

    Args:
        fst: the transducer; its input and output labels are the same.
        symbols: label -> symbol, ``<eps>`` and the failure label included.
        phi_label: the label of the failure arcs; None: there are none, every state has an arc for every label.
    """

    fst: _core.Fst
    symbols: Mapping[int, str]
    phi_label: int | None

    def write(self, path: PathLike, *, kind: Literal["const", "vector", "text"] = "vector") -> None:
        """Write the transducer, under a temporary name first.

        Args:
            path: the file.
            kind: OpenFst's binary types, or its text form: ``from to ilabel olabel cost`` lines, with label numbers.

        Raises:
            OptionError: no such kind.
            OutputError: the place is not writable.
        """
        if kind not in ("const", "vector", "text"):
            raise OptionError(f"kind={kind!r} is unknown", remedy="Choose 'vector', 'const' or 'text'")
        if kind == "text":
            with atomic_write(path) as file:
                file.write(self._text())
        else:
            self.fst.write(str(path), kind)

    def write_symbols(self, path: PathLike) -> None:
        """Write the symbol table: ``symbol label`` lines.

        Raises:
            OutputError: the place is not writable.
        """
        with atomic_write(path) as file:
            for label, symbol in sorted(self.symbols.items()):
                file.write(f"{symbol}\t{label}\n".encode())

    def _text(self) -> bytes:
        states, arcs = self.fst.states(), self.fst.arcs()
        lines = []
        for state, (first, count, final) in enumerate(
            zip(
                states["arcs"].tolist(),
                states["num_arcs"].tolist(),
                states["final_cost"].tolist(),
                strict=True,
            )
        ):
            for ilabel, olabel, cost, to in arcs[first : first + count].tolist():
                lines.append(f"{state}\t{to}\t{ilabel}\t{olabel}\t{cost!r}\n")
            lines.append(f"{state}\t{final!r}\n")
        return "".join(lines).encode()


def make_fst(
    automaton: _core.HotwordAutomaton,
    speller: Speller,
    *,
    failure: Failure = "phi",
    phi_label: int | None = None,
    max_arcs: int = MAX_ARCS,
) -> HotwordFst:
    """Return an automaton as a transducer.

    Args:
        automaton: the compiled list.
        speller: what spelled it.
        failure: "phi": failure arcs; "expanded": none, for plain composition.
        phi_label: their label; None: one above the largest.
        max_arcs: more are refused.

    Raises:
        OptionError: an option out of its range; a phi label that is that of a unit.
        HotwordError: too many arcs.
    """
    if failure not in ("phi", "expanded"):
        raise OptionError(f"failure={failure!r} is unknown", remedy="Choose 'phi' or 'expanded'")
    if failure == "expanded" and phi_label is not None:
        raise OptionError("phi_label= has no effect without failure arcs", remedy="Leave it out")
    # Tokens have the labels of a decoding graph: their id + 1, as 0 is epsilon. Words have theirs.
    shift = 1 if speller.units_are == "tokens" else 0
    labels = np.zeros(speller.num_units, np.int32)
    symbols = {0: "<eps>"}
    for unit, number in speller.ids.items():
        if unit and number + shift > 0:
            labels[number] = number + shift
            symbols[number + shift] = unit
    phi = 0
    if failure == "phi":
        phi = max(symbols) + 1 if phi_label is None else phi_label
        if not 0 < phi < 2**31 - 1:
            raise OptionError(f"phi_label={phi} is no label", remedy="Give one above those of the units")
        symbols[phi] = symbols.get(phi, PHI)
    fst = automaton.to_fst(
        labels=labels,
        starts_word=speller.starts_word,
        boundary=speller.boundary,
        phi=phi,
        max_arcs=max_arcs,
    )
    return HotwordFst(fst, symbols, phi or None)
