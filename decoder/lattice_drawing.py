"""Lattices as pictures: text for Graphviz, and SVG with a layout of our own (time from left to right)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from tlg.decoder.lattice_paths import arc_lists, best_arc_paths, slacks, sub_lattice
from tlg.errors import OptionError

if TYPE_CHECKING:
    from tlg.decoder.lattice import Lattice, LatticeArc

__all__ = ["dot_text", "svg_text"]

# Sizes in pixels.
FRAME = 7.0  # the width of a frame, where words leave room
LANE = 52.0  # the height of a lane: an arc with its label
RADIUS = 5.0
MARGIN = 28.0
LETTER, WIDE_LETTER = 7.6, 13.5  # widths of a character of the label
STYLE = """
  .bg { fill: #ffffff }
  .arc { fill: none; stroke: #5b6b7f }
  .best { stroke: #1565c0 }
  .head { fill: #5b6b7f }
  .head.best { fill: #1565c0; stroke: none }
  .state { fill: #ffffff; stroke: #37474f; stroke-width: 1.4 }
  .word { font: 13px "Helvetica Neue", Helvetica, Arial, "Noto Sans CJK SC", sans-serif; fill: #1c2733;
          text-anchor: middle; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round }
  .word.best { fill: #0d47a1; font-weight: 600; stroke: #ffffff }
  .small { font: 10px "Helvetica Neue", Helvetica, Arial, sans-serif; fill: #78858f; text-anchor: middle;
           paint-order: stroke; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round }
  .axis { stroke: #cfd6dd; stroke-width: 1 }
  .note { font: 11px "Helvetica Neue", Helvetica, Arial, sans-serif; fill: #78858f }
"""


def dot_text(lattice: Lattice, *, posteriors: bool) -> str:
    """Return the lattice in Graphviz's language, the best path bold."""
    best = set(lattice.best_path().arcs) if lattice else set()
    lines = ["digraph lattice {", "  rankdir=LR;", "  node [shape=circle, fontsize=10, width=0.3];"]
    for number, state in enumerate(lattice.states):
        shape = ", shape=doublecircle" if state.is_final else ""
        lines.append(f'  {number} [label="{number}", tooltip="frame {state.frame}"{shape}];')
    for number, arc in enumerate(lattice.arcs):
        label = _quoted(arc.word) + (f"\\n{arc.posterior:.2f}" if posteriors else "")
        bold = ", style=bold" if number in best else ""
        lines.append(
            f'  {arc.source} -> {arc.target} [label="{label}", '
            f'tooltip="[{arc.start}, {arc.end}) score {arc.score:.2f}"{bold}];'
        )
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


class Layout(NamedTuple):
    """Where things are drawn: x of each state, lane of each state and arc (0 the best path's, then 1, -1, 2, ...)."""

    x: list[float]
    state_lane: list[int]
    arc_lane: list[int]


def svg_text(lattice: Lattice, *, max_arcs: int, posteriors: bool, frame_shift: float | None) -> str:
    """Return the drawing; see Lattice.to_svg."""
    if isinstance(max_arcs, bool) or not isinstance(max_arcs, int) or max_arcs < 1:
        raise OptionError(f"max_arcs={max_arcs!r} is not a whole number above 0")
    if frame_shift is not None and not (math.isfinite(frame_shift) and frame_shift > 0):
        raise OptionError(f"frame_shift={frame_shift!r} is not above 0", remedy="Give seconds a frame")
    if not lattice:
        return _document(240, 60, [f'<text class="note" x="{MARGIN}" y="34">no path</text>'])
    shown, kept, note = _within(lattice, max_arcs)
    probable = lattice.posteriors()[kept].tolist()
    layout = _lay_out(shown)
    lanes = [*layout.state_lane, *layout.arc_lane]
    top = MARGIN + LANE * max(lanes)
    best = set(shown.best_path().arcs)
    parts = _axis(shown, layout, top + LANE * -min(lanes) + 34, frame_shift)
    labels: list[str] = []
    for number, arc in sorted(enumerate(shown.arcs), key=lambda item: item[0] in best):
        arc = arc._replace(posterior=probable[number])
        line, label = _draw_arc(arc, number in best, layout, layout.arc_lane[number], top, posteriors)
        parts.append(line)
        labels.append(label)
    for number, state in enumerate(shown.states):
        x, y = layout.x[number], top - LANE * layout.state_lane[number]
        title = f"<title>state {number}, frame {state.frame}</title>"
        parts.append(f'<circle class="state" cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}">{title}</circle>')
        if state.is_final:
            parts.append(f'<circle class="state" cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS - 2.2:.1f}"/>')
    parts += labels
    height = top + LANE * -min(lanes) + 52
    if note:
        parts.append(f'<text class="note" x="{MARGIN}" y="{height + 8:.1f}">{escape(note)}</text>')
        height += 18
    return _document(max(layout.x) + MARGIN, height, parts)


def _within(lattice: Lattice, max_arcs: int) -> tuple[Lattice, list[int], str]:
    """Return the lattice of the best paths, the numbers its arcs had, and what to say of it.

    It has no more arcs than asked for, unless the best path has.
    """
    core = lattice.core
    if len(lattice) <= max_arcs:
        return lattice, list(range(len(lattice))), ""
    off, _ = slacks(arc_lists(core))
    beam = max(0.0, sorted(off)[max_arcs - 1])
    small, kept = sub_lattice(core, beam)
    while len(kept) > max_arcs and beam > 0:  # arcs of equal worth
        beam = max((level for level in off if level < beam - 1e-6), default=0.0)
        small, kept = sub_lattice(core, max(0.0, beam))
    note = f"{len(kept)} of {len(lattice)} arcs: within {beam:.2f} nats of the best path"
    return type(lattice)(small, lattice.words), kept, note


def _width(word: str) -> float:
    return sum(WIDE_LETTER if ord(c) >= 0x1100 else LETTER for c in word)


def _room(arc: LatticeArc) -> float:
    return max(_width(arc.word), 22.0) + 30.0


def _lay_out(lattice: Lattice) -> Layout:
    states, arcs = lattice.states, lattice.arcs
    into: list[list[LatticeArc]] = [[] for _ in states]
    for arc in arcs:
        into[arc.target].append(arc)
    x = [MARGIN] * len(states)
    frame, at, furthest = 0, MARGIN, MARGIN
    # Time moves on evenly, and a little faster where a word needs room.
    for frame_now, group in _by_frame(lattice):
        needed = [x[arc.source] + _room(arc) for s in group for arc in into[s] if arc.start < arc.end]
        if frame_now > frame:
            at = max([at + (frame_now - frame) * FRAME, furthest + 2 * RADIUS + 4, *needed])
            frame = frame_now
        for s in group:
            x[s] = max([at, *(x[arc.source] + _room(arc) for arc in into[s] if arc.start == arc.end)])
            furthest = max(furthest, x[s])
    state_lane, arc_lane = _lanes(lattice, x)
    return Layout(x, state_lane, arc_lane)


def _by_frame(lattice: Lattice) -> list[tuple[int, list[int]]]:
    groups: dict[int, list[int]] = {}
    for number, state in enumerate(lattice.states):
        groups.setdefault(state.frame, []).append(number)
    return sorted(groups.items())


def _lanes(lattice: Lattice, x: list[float]) -> tuple[list[int], list[int]]:
    """Return the lane of each state and arc: best path first, then detours from it, each where there is room."""
    arcs = lattice.arcs
    lists = arc_lists(lattice.core)
    off, _ = slacks(lists)
    best = best_arc_paths(lists, 1)[0]
    state_lane: list[int | None] = [None] * len(x)
    arc_lane: list[int | None] = [None] * len(arcs)
    state_lane[0] = 0
    for number in best:
        arc_lane[number] = state_lane[arcs[number].target] = 0
    taken: dict[int, list[tuple[float, float]]] = {}
    for number in sorted(range(len(arcs)), key=lambda number: (off[number], number)):
        if arc_lane[number] is not None:
            continue
        chain = [number]
        while state_lane[arcs[chain[0]].source] is None:
            before = arcs[chain[0]].source
            chain.insert(
                0, min((a for a in range(len(arcs)) if arcs[a].target == before), key=lambda a: (off[a], a))
            )
        while state_lane[arcs[chain[-1]].target] is None:
            behind = arcs[chain[-1]].target
            leaving = range(lists.first_arc[behind], lists.first_arc[behind + 1])
            if not leaving:
                break
            chain.append(min(leaving, key=lambda a: (off[a], a)))
        left, right = x[arcs[chain[0]].source], x[arcs[chain[-1]].target]
        lane = next(
            lane
            for level in range(1, len(arcs) + 2)
            for lane in (level, -level)
            if all(right <= begin + 1 or left >= end - 1 for begin, end in taken.get(lane, []))
        )
        taken.setdefault(lane, []).append((left, right))
        for number_ in chain:
            if arc_lane[number_] is None:
                arc_lane[number_] = lane
            if state_lane[arcs[number_].target] is None:
                state_lane[arcs[number_].target] = lane
    return [lane or 0 for lane in state_lane], [lane or 0 for lane in arc_lane]


def _draw_arc(
    arc: LatticeArc, is_best: bool, layout: Layout, lane: int, top: float, posteriors: bool
) -> tuple[str, str]:
    """Return the line with its head, and the label."""
    x0, x1 = layout.x[arc.source], layout.x[arc.target]
    y0, y1 = (top - LANE * layout.state_lane[s] for s in (arc.source, arc.target))
    y = top - LANE * lane
    bend = min(26.0, (x1 - x0) / 3)
    begin, end = x0 + RADIUS, x1 - RADIUS - 5
    kind = " best" if is_best else ""
    opacity = 0.35 + 0.65 * math.sqrt(min(max(arc.posterior, 0.0), 1.0))
    thick = 1.1 + 1.9 * min(max(arc.posterior, 0.0), 1.0)
    path = f"M{begin:.1f},{y0:.1f} "
    flat0, flat1 = x0 + bend if y0 != y else begin, x1 - bend if y1 != y else end
    if y0 != y:
        path += f"C{x0 + bend * 0.6:.1f},{y0:.1f} {x0 + bend * 0.4:.1f},{y:.1f} {flat0:.1f},{y:.1f} "
    path += f"L{max(flat0, flat1):.1f},{y:.1f} "
    if y1 != y:
        path += f"C{x1 - bend * 0.4:.1f},{y:.1f} {x1 - bend * 0.6:.1f},{y1:.1f} {end:.1f},{y1:.1f}"
    title = (
        f"{arc.word}: frames [{arc.start}, {arc.end}), posterior {arc.posterior:.3f}, score {arc.score:.2f} "
        f"(am {arc.am_score:.2f}, lm {arc.lm_score:.2f}, hotwords {arc.hotword_score:.2f})"
    )
    line = (
        f'<g opacity="{opacity:.2f}"><title>{escape(title)}</title>'
        f'<path class="arc{kind}" d="{path.strip()}" stroke-width="{thick:.1f}"/>'
        f'<path class="head{kind}" d="M{end:.1f},{y1 - 3.4:.1f} l6,3.4 l-6,3.4 z"/></g>'
    )
    middle = (x0 + x1) / 2
    label = f'<text class="word{kind}" x="{middle:.1f}" y="{y - 6:.1f}">{escape(arc.word)}</text>'
    if posteriors:
        label += f'<text class="small" x="{middle:.1f}" y="{y + 13:.1f}">{arc.posterior:.2f}</text>'
    return line, label


def _axis(lattice: Lattice, layout: Layout, y: float, frame_shift: float | None) -> list[str]:
    places = {state.frame: layout.x[number] for number, state in reversed(list(enumerate(lattice.states)))}
    parts = [f'<line class="axis" x1="{MARGIN}" x2="{max(layout.x):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>']
    last = -math.inf
    for frame, x in sorted(places.items()):
        parts.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 3:.1f}" y2="{y + 3:.1f}"/>')
        text = str(frame) if frame_shift is None else f"{frame * frame_shift:.2f} s"
        if x - last >= 8 + 6 * len(text):
            parts.append(f'<text class="small" x="{x:.1f}" y="{y + 14:.1f}">{text}</text>')
            last = x
    return parts


def _document(width: float, height: float, parts: list[str]) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
            f"<style>{STYLE}</style>",
            '<rect class="bg" width="100%" height="100%" rx="8"/>',
            *parts,
            "</svg>",
            "",
        ]
    )
