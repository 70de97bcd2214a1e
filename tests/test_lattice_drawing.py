"""Drawings of lattices: well-formed, everything in its place, nothing over anything else."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings

from tests.lattice_cases import CORNERS, NAMED, NO_PATH, NONE, SENTENCE, WORDS, Case, cases
from tlg.decoder.lattice import Lattice
from tlg.errors import OptionError

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str) -> ET.Element:
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    return root


def words(root: ET.Element) -> list[tuple[str, float, float, str]]:
    """Text, x, y and class of each word."""
    return [
        (str(text.text), float(text.get("x", "")), float(text.get("y", "")), str(text.get("class")))
        for text in root.iter(f"{SVG}text")
        if str(text.get("class")).startswith("word")
    ]


def test_dot() -> None:
    text = SENTENCE.lattice().to_dot()
    assert text.count("->") == 15
    assert '  9 [label="9", tooltip="frame 100", shape=doublecircle];' in text
    assert '  1 -> 4 [label="hat\\n0.' in text
    assert re.search(r'0 -> 1 \[label="the\\n0\.\d\d", tooltip="\[0, 12\) score -4\.00", style=bold\];', text)
    assert '8 -> 9 [label="mat", ' in SENTENCE.lattice().to_dot(posteriors=False)
    assert NO_PATH.lattice().to_dot().count("->") == 0


def test_dot_is_read_by_graphviz() -> None:
    dot = shutil.which("dot")
    if dot is None:
        pytest.skip("Graphviz is not installed")
    text = Lattice(SENTENCE.lattice().core, ['"', "a\\", "<b>", *WORDS[3:]]).to_dot()
    subprocess.run([dot, "-Tsvg"], input=text.encode(), check=True, capture_output=True)


def test_odd_words_are_escaped() -> None:
    odd = Lattice(SENTENCE.lattice().core, ["", '<&"', 'say "\\', *WORDS[3:]])
    assert '[label="say \\"\\\\\\n' in odd.to_dot()
    assert '<&"' in [word for word, *_ in words(drawn(odd.to_svg()))]


@pytest.mark.parametrize("case", NAMED.values(), ids=NAMED)
def test_svg_shows_all_there_is(case: Case) -> None:
    root = drawn(case.lattice().to_svg())
    shown = words(root)
    assert sorted(word for word, *_ in shown) == sorted(WORDS[arc[2]] for arc in case.arcs)
    titles = [str(title.text) for title in root.iter(f"{SVG}title")]
    assert sum(title.startswith("state ") for title in titles) == len(case.states)
    assert len([c for c in root.iter(f"{SVG}circle") if c.get("r") != "5.0"]) == sum(
        final is not None for _, final in case.states
    )


def test_the_best_path_is_straight() -> None:
    shown = words(drawn(SENTENCE.lattice().to_svg()))
    best = sorted((x, word, y) for word, x, y, kind in shown if kind == "word best")
    assert [word for _, word, _ in best] == ["the", "cat", "sat", "on", "the", "mat"]
    assert len({y for *_, y in best}) == 1


@settings(deadline=None, max_examples=60)
@given(case=cases())
def test_words_do_not_lie_over_each_other(case: Case) -> None:
    svg = case.lattice().to_svg()
    root = drawn(svg)
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    boxes = [(x - 4 * len(word), x + 4 * len(word), y) for word, x, y, _ in words(root)]
    for number, (left, right, y) in enumerate(boxes):
        assert 0 <= left < right <= width
        assert 0 < y < height
        for other_left, other_right, other_y in boxes[:number]:
            assert y != other_y or right <= other_left or other_right <= left


def test_time_goes_to_the_right() -> None:
    root = drawn(CORNERS.lattice().to_svg())
    places = {}
    for circle in root.iter(f"{SVG}circle"):
        title = circle.find(f"{SVG}title")
        if title is not None:
            number, frame = map(int, re.findall(r"\d+", str(title.text)))
            places[number] = (frame, float(circle.get("cx", "")))
    for source, target, _, _ in CORNERS.arcs:
        assert places[source][1] < places[target][1]
    in_time = sorted(places.values())
    assert [x for _, x in in_time] == sorted(x for _, x in in_time)


def test_axis_in_seconds() -> None:
    texts = [str(text.text) for text in drawn(SENTENCE.lattice().to_svg(frame_shift=0.02)).iter(f"{SVG}text")]
    assert {"0.00 s", "0.24 s", "2.00 s"} <= set(texts)
    texts = [str(text.text) for text in drawn(SENTENCE.lattice().to_svg()).iter(f"{SVG}text")]
    assert {"0", "12", "100"} <= set(texts)


def test_large_lattices_are_cut_to_the_best_paths() -> None:
    states = [(n, None if n < 40 else NONE) for n in range(41)]
    arcs = [(n, n + 1, word, (-word * (n + 1) / 8, 0.0, 0.0)) for n in range(40) for word in range(1, 9)]
    lattice = Case(states, arcs, 40).lattice()
    root = drawn(lattice.to_svg(max_arcs=100))
    assert 90 <= len(words(root)) <= 100
    note = next(str(text.text) for text in root.iter(f"{SVG}text") if text.get("class") == "note")
    assert re.fullmatch(r"\d+ of 320 arcs: within \d+\.\d\d nats of the best path", note)
    # The best path is shown whatever its length; posteriors are those of the whole lattice.
    root = drawn(lattice.to_svg(max_arcs=10))
    assert len(words(root)) == 40
    shares = [float(str(t.text)) for t in root.iter(f"{SVG}text") if re.fullmatch(r"\d\.\d\d", str(t.text))]
    best = [lattice.arcs[arc].posterior for arc in lattice.best_path().arcs]
    assert sorted(shares) == pytest.approx(sorted(best), abs=0.006)
    # Ties: none of the second-best words fits, all have the same score.
    arcs = [(n, n + 1, word, (-min(word, 2) / 8, 0.0, 0.0)) for n in range(40) for word in range(1, 9)]
    assert len(words(drawn(Case(states, arcs, 40).lattice().to_svg(max_arcs=100)))) == 40


def test_options_are_checked() -> None:
    for max_arcs in (0, True, 2.5):
        with pytest.raises(OptionError, match=r"max_arcs=.* is not a whole number above 0"):
            SENTENCE.lattice().to_svg(max_arcs=max_arcs)  # type: ignore[arg-type]
    for shift in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(OptionError, match=r"frame_shift=.* is not above 0"):
            SENTENCE.lattice().to_svg(frame_shift=shift)


def test_notebooks_show_the_drawing() -> None:
    lattice = SENTENCE.lattice()
    assert lattice._repr_svg_() == lattice.to_svg()
    assert lattice.to_svg() == SENTENCE.lattice().to_svg()
