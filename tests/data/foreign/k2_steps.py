"""The operations of k2 that icefall's scripts use on HLG, on plain lists, for the samples.

Written from k2's documentation and what its functions do; not for graphs of any size. An arc is (from, to, label,
words, score); label 0 is epsilon in LG, and the blank in the topology and what is made with it; -1 leads to the
final state, the last one.
"""

from __future__ import annotations

Arc = tuple[int, int, int, list[int], float]
Topology = list[tuple[int, int, int, int]]  # from, to, label, output


def ctc_topo(last_token: int, modified: bool) -> Topology:
    """k2.ctc_topo(max_token, modified)."""
    final = last_token + 1
    if not modified:
        arcs = [(i, j, j, j if i != j else 0) for i in range(final) for j in range(final)]
        return arcs + [(i, final, -1, -1) for i in range(final)]
    arcs = [(0, 0, i, i) for i in range(final)] + [(0, i, i, i) for i in range(1, final)]
    arcs += [(i, target, i, 0) for i in range(1, final) for target in (i, 0)]
    return [*arcs, (0, final, -1, -1)]


def remove_epsilon(arcs: list[Arc], finals: dict[int, float]) -> list[Arc]:
    """k2.remove_epsilon and connect; words of epsilon arcs move to the next arc, whose list grows."""
    leaving: dict[int, list[Arc]] = {}
    for arc in arcs:
        leaving.setdefault(arc[0], []).append(arc)
    final = max(max(a, b) for a, b, *_ in arcs) + 1
    for state, score in finals.items():
        leaving.setdefault(state, []).append((state, final, -1, [-1], score))
    numbers = {0: 0}
    todo = [0]
    out: list[Arc] = []
    while todo:
        state = todo.pop()
        best: dict[int, tuple[float, list[int]]] = {state: (0.0, [])}
        queue = [state]
        while queue:
            here = queue.pop(0)
            score, words = best[here]
            for _, target, label, said, cost in leaving.get(here, []):
                if label == 0 and (target not in best or best[target][0] < score + cost):
                    best[target] = (score + cost, words + said)
                    queue.append(target)
        for here, (score, words) in sorted(best.items()):
            for _, target, label, said, cost in leaving.get(here, []):
                if label == 0:
                    continue
                if target != final and target not in numbers:
                    numbers[target] = len(numbers)
                    todo.append(target)
                out.append((state, target, label, words + said, score + cost))
    numbers[final] = len(numbers)
    return sorted((numbers[a], numbers[b], label, words, score) for a, b, label, words, score in out)


def compose_topology(topology: Topology, lg: list[Arc]) -> list[tuple[Arc, int]]:
    """k2.compose(H, LG, inner_labels="tokens"), connect and arc_sort: arcs, each with its inner label."""
    by_label: dict[tuple[int, int], list[Arc]] = {}
    for arc in lg:
        by_label.setdefault((arc[0], arc[2]), []).append(arc)
    leaving: dict[int, Topology] = {}
    for move in topology:
        leaving.setdefault(move[0], []).append(move)
    found: list[tuple[tuple[int, int], tuple[int, int] | None, int, int, list[int], float]] = []
    reached, todo = {(0, 0)}, [(0, 0)]
    while todo:
        h, g = todo.pop()
        for _, to, label, output in leaving.get(h, []):
            for _, target, _, words, score in (
                by_label.get((g, output), []) if output else [(g, g, 0, [], 0.0)]
            ):
                pair = None if label == -1 else (to, target)
                found.append(((h, g), pair, label, output, words, score))
                if pair is not None and pair not in reached:
                    reached.add(pair)
                    todo.append(pair)
    alive: set[tuple[int, int]] = set()
    while True:
        more = {source for source, target, *_ in found if target is None or target in alive} - alive
        if not more:
            break
        alive |= more
    numbers = {pair: i for i, pair in enumerate(sorted(alive, key=lambda pair: (pair != (0, 0), pair)))}
    final = len(numbers)
    return sorted(
        ((numbers[source], final if target is None else numbers[target], label, words, score), output)
        for source, target, label, output, words, score in found
        if source in alive and (target is None or target in alive)
    )


def to_text(hlg: list[tuple[Arc, int]]) -> str:
    """k2.to_str: from, to, label, the inner label, the words in brackets, score."""
    lines = []
    for (source, target, label, words, score), inner in hlg:
        said = "".join(f"{word} " for word in words)
        lines.append(f"{source} {target} {label} {inner} [ {said}] {score:g}")
    return "\n".join([*lines, str(max(arc[1] for arc, _ in hlg))]) + "\n"


def expand(hlg: list[tuple[Arc, int]]) -> list[str]:
    """k2.expand_ragged_attributes and k2_to_openfst of kaldifst: lines of OpenFst text.

    Labels stay as they are, so the blank is 0; so are the arcs into the final state, and those that hold the
    further words of an arc. A list of several words becomes arcs in a row, the label on the first, -1 on the last.
    """
    final = max(arc[1] for arc, _ in hlg)
    rows: list[tuple[int, int, int, int, float]] = []
    states = final  # the final state goes to the end
    for (source, target, label, words, score), _ in hlg:
        said = [word for word in words if word != -1] or [0]
        if label == -1 and said != [0]:
            said.append(0)
        labels = [label if label != -1 else 0] + [0] * (len(said) - 1)
        for word, one in zip(said[:-1], labels[:-1], strict=True):
            rows.append((source, states + 1, one, word, -score))
            source, score, states = states + 1, 0.0, states + 1
        rows.append((source, target, labels[-1], said[-1], -score))
    renumbered = {final: states}
    for state in range(final + 1, states + 1):
        renumbered[state] = state - 1
    lines = [
        f"{renumbered.get(a, a)} {renumbered.get(b, b)} {i} {o} {cost:g}" for a, b, i, o, cost in sorted(rows)
    ]
    return [*lines, f"{states} 0"]
