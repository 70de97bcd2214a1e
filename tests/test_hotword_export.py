"""Hotword lists as transducers: what they cost by composition is what the list scores."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.reference import leftmost_longest as reference
from tests.reference import phi_twin
from tlg.errors import HotwordError, OptionError, OutputError
from tlg.hotwords import Hotword, Hotwords

pynini = pytest.importorskip("pynini")

CHARACTERS = ["<blk>", *"ABC"]
LETTERS = ["<blk>", *"ab|"]
PIECES = ["<blk>", "▁a", "a", "b", "▁b", "c"]
TABLES = {"anywhere": CHARACTERS, "boundaries": LETTERS, "pieces": PIECES}


def some_list(rng: random.Random, tokens: list[str]) -> Hotwords:
    """Weights of either sign, loans of any size; words as the table spells them."""
    letters = sorted({c for token in tokens[1:] for c in token} - set("▁|"))
    listed = []
    for _ in range(rng.randint(0, 7)):
        words = ["".join(rng.choices(letters, k=rng.randint(1, 4))) for _ in range(rng.randint(1, 2))]
        text = " ".join(words) if tokens is not CHARACTERS else words[0]
        own = rng.choice([None, 0.0, -1.0, rng.uniform(0, 3)])
        listed.append(Hotword(text, word_bias=rng.choice([0, rng.uniform(-9, 9)]), bias=own))
    return Hotwords(listed, tokens=tokens, bias=1.5, blank=0)


def linear(labels: list[int]) -> Any:
    fst = pynini.Fst()
    state = fst.set_start(fst.add_state()).start()
    for label in labels:
        following = fst.add_state()
        fst.add_arc(state, pynini.Arc(label, label, 0, following))
        state = following
    return fst.set_final(state)


def best_cost(fst: Any) -> float:
    reverse = pynini.shortestdistance(fst, reverse=True)
    # A Weight becomes a float by way of its text; costs are multiples of 1/1024.
    return round(float(reverse[fst.start()]) * 1024) / 1024


@pytest.mark.parametrize("tokens", TABLES.values(), ids=TABLES)
def test_paths_cost_what_the_list_scores(tmp_path: Path, tokens: list[str]) -> None:
    rng = random.Random(len(tokens))
    for number in range(40):
        hotwords = some_list(rng, tokens)
        loan = rng.choice([0.0, 1.0, 50.0])
        phi = hotwords.to_fst(max_loan=loan)
        assert phi.phi_label == len(tokens) + 1
        phi.write(tmp_path / "phi.txt", kind="text")
        arcs, finals = phi_twin.read_text((tmp_path / "phi.txt").read_text(encoding="utf-8"))
        expanded = hotwords.to_fst(failure="expanded", max_loan=loan)
        expanded.write(tmp_path / "expanded.fst", kind=rng.choice(["const", "vector"]))
        automaton = pynini.Fst.read(str(tmp_path / "expanded.fst"))
        assert automaton.verify()
        starts = frozenset(token for token in tokens if token.startswith("▁"))
        phrases = [
            reference.Phrase(entry.units, entry.bias, entry.word_bias) for entry in hotwords.report.accepted
        ]
        for _ in range(25):
            units = rng.choices(tokens[1:], k=rng.randint(0, 12))
            labels = [tokens.index(unit) + 1 for unit in units]
            score = hotwords.score(units)
            boundary = None if tokens is CHARACTERS else "|"
            assert score == reference.score(phrases, units, boundary, starts)
            assert phi_twin.path_cost(arcs, finals, labels, phi.phi_label) == -score, (number, units)
            assert best_cost(pynini.compose(linear(labels), automaton)) == -score, (number, units)


def test_the_best_path_of_a_lattice_is_that_of_every_path_scored() -> None:
    rng = random.Random(4)
    for _ in range(30):
        hotwords = some_list(rng, CHARACTERS)
        expanded = hotwords.to_fst(failure="expanded")
        slots = [
            [(rng.randint(2, 4), rng.randint(0, 4096) / 1024) for _ in range(rng.randint(1, 3))]
            for _ in range(6)
        ]
        lattice = pynini.Fst()
        lattice.add_states(len(slots) + 1)
        lattice.set_start(0).set_final(len(slots))
        best: dict[tuple[int, ...], float] = {(): 0.0}
        for place, slot in enumerate(slots):
            for label, cost in slot:
                lattice.add_arc(place, pynini.Arc(label, label, cost, place + 1))
            best = {
                (*path, label): min(total + cost for other, cost in slot if other == label)
                for path, total in best.items()
                for label, _ in slot
            }
        wanted = min(
            total - hotwords.score([CHARACTERS[label - 1] for label in path]) for path, total in best.items()
        )
        automaton = fst_of(expanded.fst)
        assert best_cost(pynini.compose(lattice, automaton)) == wanted


def fst_of(made: Any) -> Any:
    """Copy a transducer of ours arc by arc."""
    fst = pynini.Fst()
    fst.add_states(made.num_states)
    fst.set_start(made.start)
    arcs = made.arcs()
    for number, state in enumerate(made.states()):
        fst.set_final(number, float(state["final_cost"]))
        for arc in arcs[state["arcs"] : state["arcs"] + state["num_arcs"]]:
            one = pynini.Arc(
                int(arc["ilabel"]), int(arc["olabel"]), float(arc["weight"]), int(arc["nextstate"])
            )
            fst.add_arc(number, one)
    return fst


def test_labels_and_symbols(tmp_path: Path) -> None:
    made = Hotwords(["AB"], tokens=CHARACTERS, blank=0).to_fst(phi_label=900)
    assert made.symbols == {0: "<eps>", 2: "A", 3: "B", 4: "C", 900: "#phi"}
    made.write_symbols(tmp_path / "hot.syms")
    table = pynini.SymbolTable.read_text(str(tmp_path / "hot.syms"))
    assert (table.find(2), table.find("#phi")) == ("A", 900)
    assert (made.fst.num_states, made.fst.num_arcs) == (2, 5)  # root: A B C; A: B, phi
    assert Hotwords(["AB"], tokens=CHARACTERS, blank=0).to_fst(failure="expanded").phi_label is None


def test_scale_of_the_search() -> None:
    hotwords = Hotwords(["AB"], tokens=CHARACTERS, blank=0)
    automaton = fst_of(hotwords.to_fst(failure="expanded", acoustic_scale=3.0).fst)
    assert best_cost(pynini.compose(linear([2, 3]), automaton)) == -9.0


def test_refused(tmp_path: Path) -> None:
    hotwords = Hotwords(["AB"], tokens=CHARACTERS, blank=0)
    with pytest.raises(OptionError, match=r"phi label 3 is the label of unit 2.*above 4"):
        hotwords.to_fst(phi_label=3)
    with pytest.raises(OptionError, match="phi_label=0 is no label"):
        hotwords.to_fst(phi_label=0)
    with pytest.raises(OptionError, match="phi_label= has no effect"):
        hotwords.to_fst(failure="expanded", phi_label=9)
    with pytest.raises(OptionError, match="failure='rho' is unknown"):
        hotwords.to_fst(failure="rho")  # type: ignore[arg-type]
    with pytest.raises(HotwordError, match=r"more than 4 arcs\. Use a shorter list"):
        hotwords.to_fst(max_arcs=4)
    with pytest.raises(HotwordError, match=r"more than 5 arcs\. Use failure arcs"):
        hotwords.to_fst(failure="expanded", max_arcs=5)
    with pytest.raises(OptionError, match="kind='far' is unknown"):
        hotwords.to_fst().write(tmp_path / "x", kind="far")  # type: ignore[arg-type]
    for kind in ("text", "const"):
        with pytest.raises(OutputError):
            hotwords.to_fst().write(tmp_path / "none" / "x", kind=kind)
