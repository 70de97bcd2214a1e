"""Margins against all paths of small random lattices."""

from __future__ import annotations

import math
import pickle
import random
from pathlib import Path

import numpy as np
import pytest

import tlg
from tlg.decoder.lattice import Lattice
from tlg.decoder.lattice_paths import make_core
from tlg.decoder.margins import with_margins
from tlg.decoder.result import FiredHotword

WORDS = {1: "a", 2: "ab", 3: "b", 4: "ba"}
HAN = {1: "保", 2: "保险", 3: "险", 4: "保保"}


def random_lattice(rng: random.Random, words: dict[int, str]) -> Lattice:
    count = rng.randint(2, 6)
    frames = [0, *sorted(rng.randint(1, 9) for _ in range(count - 1))]
    arcs = []
    for source in range(count - 1):
        for label in rng.sample(sorted(words), rng.randint(1, 3)):
            score = (-rng.random() * 9, -rng.random() * 3, rng.choice([0.0, 2.0]))
            arcs.append((source, rng.randint(source + 1, count - 1), label, score))
    # States that no path enters are left out; the first one has arcs.
    reached = {0} | {arc[1] for arc in arcs}
    while True:
        inside = {0} | {arc[1] for arc in arcs if arc[0] in reached}
        if inside == reached:
            break
        reached = inside
    number = {state: i for i, state in enumerate(sorted(reached))}
    arcs = sorted(
        ((number[a], number[b], label, score) for a, b, label, score in arcs if a in number),
        key=lambda arc: (arc[0], arc[2]),
    )
    leaving = {arc[0] for arc in arcs}
    states = []
    for state, i in number.items():
        first = sum(arc[0] < i for arc in arcs)
        ends = i not in leaving or rng.random() < 0.2
        states.append((first, frames[state], ends, (0.0, -rng.random() if ends else 0.0, 0.0)))
    return Lattice(make_core(states, arcs, frames[-1], False), words)


def all_paths(lattice: Lattice) -> list[tuple[float, list[int]]]:
    states, arcs = lattice.states, lattice.arcs
    found = []

    def go(state: int, score: float, path: list[int]) -> None:
        if states[state].is_final:
            found.append((score + states[state].score, path))
        for i, arc in enumerate(arcs):
            if arc.source == state:
                go(arc.target, score + arc.score, [*path, i])

    go(0, 0.0, [])
    return found


def says(lattice: Lattice, path: list[int], span: tuple[int, int], phrase: str, *, han: bool) -> bool:
    words = [lattice.arcs[i] for i in path]
    inside = [arc.word for arc in words if arc.end > span[0] and arc.start < span[1]]
    if han:
        return phrase in "".join(inside)
    return f" {phrase} " in f" {' '.join(inside)} "


@pytest.mark.parametrize("han", [False, True])
def test_margins_of_all_paths(han: bool) -> None:
    rng = random.Random(7)
    phrases = ["保险", "险保", "保"] if han else ["a", "ab b", "ba"]
    words = HAN if han else WORDS
    compared = 0
    for _ in range(3000):
        lattice = random_lattice(rng, words)
        paths = all_paths(lattice)
        best, best_path = max(paths)
        start = rng.randint(0, 8)
        span, phrase = (start, rng.randint(start + 1, 9)), rng.choice(phrases)
        if not says(lattice, best_path, span, phrase, han=han):
            continue
        reward, beam = 1.5, rng.choice([3.0, math.inf])
        one = FiredHotword(phrase, *span, reward)
        (found,) = with_margins([one], lattice, beam, whole_words=True)
        rivals = [score for score, path in paths if not says(lattice, path, span, phrase, han=han)]
        rival = max([best - beam, *rivals])
        assert found.margin is not None
        assert found.margin == pytest.approx(best - reward - rival, abs=1e-6)
        compared += 1
    assert compared > 300


def test_a_phrase_that_the_words_do_not_spell_has_no_margin() -> None:
    lattice = random_lattice(random.Random(1), WORDS)
    one = FiredHotword("A", 0, 3, 1.0)
    assert with_margins([one], lattice, 8.0, whole_words=True) == [one]


def test_the_margin_tells_which_reward_decides(tmp_path: Path) -> None:
    """Decoded: with less than -margin the rival wins, with more the hotword does."""
    (tmp_path / "lm.arpa").write_text(
        "\\data\\\nngram 1=5\n\n\\1-grams:\n-1\t<s>\n-1\t</s>\n-0.5\t保\n-1\t险\n-0.9\t线\n\n\\end\\\n",
        encoding="utf-8",
    )
    graph = tlg.build_graph(
        lexicon={c: [[c]] for c in "保险线"}, tokens=["<blk>", "保", "险", "线"], lm=tmp_path / "lm.arpa"
    )
    rows = np.log([[0.1, 0.8, 0.05, 0.05], [0.1, 0.1, 0.2, 0.6]]).astype(np.float32)
    options = {"lattice": True, "lattice_beam": 20.0}
    (fired,) = tlg.Decoder(graph, hotwords={"保险": 6.0}, hotword_bias=0.0, **options).decode(rows).hotwords
    assert fired.margin is not None and -6 < fired.margin < 0
    for more, wins in ((0.01, True), (-0.01, False)):
        hotwords = {"保险": round((more - fired.margin) * 1024) / 1024}
        text = tlg.Decoder(graph, hotwords=hotwords, hotword_bias=0.0).decode(rows).text
        assert (text == "保险") == wins
    plain = tlg.Decoder(graph, hotwords={"保险": 6.0}).decode(rows)
    assert plain.hotwords[0].margin is None
    assert fired == ("保险", 0, 2, 6.0)  # a tuple, whatever is known besides
    again = pickle.loads(pickle.dumps(fired))
    assert (again, again.margin, repr(again)) == (fired, fired.margin, repr(fired))
