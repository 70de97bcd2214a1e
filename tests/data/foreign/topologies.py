"""The T of each toolkit, as the lines of a text FST, from its token table; arcs in the order of its script."""

from __future__ import annotations

from collections.abc import Sequence


def eesen_t(tokens: Sequence[str], blank: str, loops: bool = True) -> list[str]:
    """utils/ctc_token_fst.py of EESEN; ctc_token_fst.py of WeNet; ctc_eesen_token_fst.py of riva."""
    lines = ["0 1 <eps> <eps>", f"1 1 {blank} <eps>", f"2 2 {blank} <eps>", "2 0 <eps> <eps>"]
    node = 3
    for token in tokens:
        if token in ("<eps>", blank):
            continue
        if token.startswith("#"):
            lines.append(f"0 0 <eps> {token}")
        else:
            lines.append(f"1 {node} {token} {token}")
            lines += [f"{node} {node} {token} <eps>"] * loops
            lines.append(f"{node} 2 <eps> <eps>")
        node += 1
    return [*lines, "0"]


def compact_t(tokens: Sequence[str], blank: str, loops: bool = True) -> list[str]:
    """ctc_token_fst_compact.py of WeNet; ctc_token_fst.py of FunASR; ctc_compact_token_fst.py of riva."""
    lines = [f"0 0 {blank} <eps>"]
    node = 1
    for token in tokens:
        if token in ("<eps>", blank):
            continue
        if token.startswith("#"):
            lines.append(f"0 0 <eps> {token}")
        else:
            lines.append(f"0 {node} {token} {token}")
            lines += [f"{node} {node} {token} <eps>"] * loops
            lines.append(f"{node} 0 <eps> <eps>")
        node += 1
    return [*lines, "0"]


def corrected_t(tokens: Sequence[str], blank: str) -> list[str]:
    """ctc_token_fst_corrected.py of WeNet."""
    phones = [t for t in tokens if t not in ("<eps>", blank) and not t.startswith("#")]
    marks = [t for t in tokens if t.startswith("#")]
    lines = [f"0 0 {blank} <eps>"]
    for i, one in enumerate(phones, 1):
        lines += [f"0 {i} {one} {one}", f"{i} {i} {one} <eps>", f"{i} 0 {blank} <eps>"]
    for i, _ in enumerate(phones, 1):
        lines += [f"{i} {j} {other} {other}" for j, other in enumerate(phones, 1) if i != j]
    for i in range(len(phones) + 1):
        lines += [f"{i} {i} <eps> {mark}" for mark in marks]
    return [*lines, *(str(i) for i in range(len(phones) + 1))]


def riva_t(tokens: Sequence[str], blank: str, loops: bool = True) -> list[str]:
    """ctc_token_fst.py of riva: the start has no disambiguation symbols."""
    phones = [t for t in tokens if t not in ("<eps>", blank) and not t.startswith("#")]
    marks = [t for t in tokens if t.startswith("#")]
    lines = [f"0 0 {blank} <eps>"]
    for i, one in enumerate(phones, 1):
        lines.append(f"0 {i} {one} {one}")
        lines += [f"{i} {i} {one} <eps>"] * loops
        lines.append(f"{i} 0 {blank} <eps>")
    for i, _ in enumerate(phones, 1):
        lines.append(str(i))
        lines += [f"{i} {j} {other} {other}" for j, other in enumerate(phones, 1) if i != j]
        lines += [f"{i} {i} <eps> {mark}" for mark in marks]
    return [*lines, "0"]


def identity_t(tokens: Sequence[str], blank: str, loops: bool = True) -> list[str]:
    """identity_token_fst.py of riva: one state."""
    del loops
    lines = []
    for token in tokens:
        if token == "<eps>":
            continue
        if token == blank:
            lines.append(f"0 0 {blank} <eps>")
        lines.append(f"0 0 {'<eps>' if token.startswith('#') else token} {token}")
    return [*lines, "0"]


def riva_t_with_start(tokens: Sequence[str], blank: str) -> list[str]:
    """build_default_topo of NeMo: riva's, with disambiguation symbols at the start too."""
    marks = [t for t in tokens if t.startswith("#")]
    return [*riva_t(tokens, blank), *(f"0 0 <eps> {mark}" for mark in marks)]
