"""Slow twins for graphs: the score of a sentence by the definition of an ARPA file, and a search of any FST."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

Ngrams = dict[tuple[str, ...], tuple[float, float]]  # words -> (log10 probability, log10 backoff)
Arc = tuple[int, int, float, int]
LN10 = math.log(10.0)


def parse_arpa(text: str) -> Ngrams:
    """Read the n-grams of a well-formed ARPA text."""
    ngrams: Ngrams = {}
    order = 0
    for line in text.splitlines():
        if line.startswith("\\"):
            order = int(line[1:].split("-")[0]) if line.endswith("-grams:") else 0
        elif order and line.strip():
            fields = line.split()
            words = tuple(fields[1 : 1 + order])
            backoff = float(fields[1 + order]) if len(fields) > 1 + order else 0.0
            ngrams[words] = (float(fields[0]), backoff)
    return ngrams


def write_arpa(ngrams: Ngrams) -> str:
    """Return the n-grams as ARPA text."""
    top = max(len(words) for words in ngrams)
    by_order = {k: [(w, v) for w, v in ngrams.items() if len(w) == k] for k in range(1, top + 1)}
    lines = ["\\data\\", *(f"ngram {k}={len(rows)}" for k, rows in by_order.items()), ""]
    for k, rows in by_order.items():
        lines.append(f"\\{k}-grams:")
        for words, (prob, backoff) in rows:
            lines.append(f"{prob}\t{' '.join(words)}" + (f"\t{backoff}" if k < top else ""))
        lines.append("")
    return "\n".join([*lines, "\\end\\", ""])


def _join(history: tuple[str, ...], word: str) -> tuple[str, ...]:
    return (*history, word)


def _history(ngrams: Ngrams, words: tuple[str, ...]) -> tuple[str, ...]:
    order = max(len(w) for w in ngrams)
    words = words[max(0, len(words) - (order - 1)) :]
    while words and words not in ngrams:
        words = words[1:]
    return words


def _back_off(ngrams: Ngrams, costs: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    closed = dict(costs)
    for length in range(max(len(h) for h in costs), 0, -1):
        for history in [h for h in closed if len(h) == length]:
            shorter = _history(ngrams, history[1:])
            cost = closed[history] - LN10 * ngrams.get(history, (0.0, 0.0))[1]
            closed[shorter] = min(closed.get(shorter, math.inf), cost)
    return closed


def sentence_cost(ngrams: Ngrams, words: Sequence[str]) -> float:
    """Return the cost (nats) of a sentence with its end: the cheapest way of backing off, as in a WFST."""
    costs = {_history(ngrams, ("<s>",)): 0.0}
    for word in (*words, "</s>"):
        after: dict[tuple[str, ...], float] = {}
        for history, cost in _back_off(ngrams, costs).items():
            if (*history, word) in ngrams:
                target = _history(ngrams, (*history, word))
                total = cost - LN10 * ngrams[_join(history, word)][0]
                after[target] = min(after.get(target, math.inf), total)
        if not after:
            return math.inf
        costs = after
    return min(costs.values())


def probability(ngrams: Ngrams, history: tuple[str, ...], word: str) -> float:
    """Return p(word | history) by the rule of a language model: the longest n-gram that is listed."""
    scale = 1.0
    while (*history, word) not in ngrams:
        if not history:
            return 0.0
        scale *= math.pow(10.0, ngrams.get(history, (0.0, 0.0))[1])
        history = history[1:]
    return scale * math.pow(10.0, ngrams[_join(history, word)][0])


def closed(ngrams: Ngrams) -> Ngrams:
    """Return the model with every missing prefix and suffix listed, at what backing off gives, backoff 0.

    What backs off to more than probability 1, in models that are none, is listed with 1.
    """
    made = dict(ngrams)
    for length in range(max(len(key) for key in ngrams), 1, -1):
        for key in [k for k in made if len(k) == length]:
            for part in (key[:-1], key[1:]):
                if part not in made:
                    made[part] = (min(0.0, math.log10(probability(ngrams, part[:-1], part[-1]))), 0.0)
    return made


def _is_known(key: tuple[str, ...], known: set[str]) -> bool:
    return all(word in known or word in ("<s>", "</s>") for word in key)


def renormalised(ngrams: Ngrams, known: set[str]) -> Ngrams:
    """Return the model given that every word is known: p(word | history, the word is known)."""
    kept = {key: value for key, value in ngrams.items() if _is_known(key, known)}
    words = [key[0] for key in kept if len(key) == 1 and key != ("<s>",)]

    def total(history: tuple[str, ...]) -> float:
        return sum(probability(ngrams, history, word) for word in words)

    made: Ngrams = {}
    for key, (log10_prob, backoff) in kept.items():
        below = _history(ngrams, key[1:])
        made[key] = (
            log10_prob - (math.log10(total(key[:-1])) if key != ("<s>",) else 0.0),
            backoff + (math.log10(total(below) / total(key)) if key[-1] != "</s>" else 0.0),
        )
    return made


def mapped_to_unk(ngrams: Ngrams, known: set[str]) -> Ngrams:
    """Return the model with what unknown words have, after each history that lists one, given to <unk>."""
    unknown = [key[0] for key in ngrams if len(key) == 1 and not _is_known(key, known)]
    made = {key: value for key, value in ngrams.items() if _is_known(key, known)}
    for key in ngrams:
        if _is_known(key[:-1], known) and key[-1] in (*unknown, "<unk>"):
            total = sum(probability(ngrams, key[:-1], word) for word in (*unknown, "<unk>"))
            backoff = made.get((*key[:-1], "<unk>"), (0.0, 0.0))[1]
            made[_join(key[:-1], "<unk>")] = (math.log10(total), backoff)
    return made


def arcs_of(fst: object) -> tuple[int, list[list[Arc]], list[float]]:
    """Return start, arcs and final costs of a tlg._core.Fst as plain lists."""
    states, arcs = fst.states(), fst.arcs()  # type: ignore[attr-defined]
    flat = [tuple(arc) for arc in arcs.tolist()]
    out = [flat[row[1] : row[1] + row[2]] for row in states.tolist()]
    return fst.start, out, [row[0] for row in states.tolist()]  # type: ignore[attr-defined]


def shortest(
    graph: tuple[int, list[list[Arc]], list[float]],
    ilabels: Sequence[int],
    olabels: Sequence[int] | None = None,
) -> float:
    """Return the least cost of the graph's paths that read ilabels (and write olabels, if given)."""
    start, arcs, finals = graph
    best: dict[tuple[int, int, int], float] = {}
    # Costs may be negative a little; Bellman-Ford style: a state is queued again when it gets cheaper.
    queue: list[tuple[int, int, int]] = [(0, 0, start)]
    best[(0, 0, start)] = 0.0
    answer = math.inf
    while queue:
        key = heapq.heappop(queue)
        read, written, state = key
        cost = best[key]
        if read == len(ilabels) and (olabels is None or written == len(olabels)):
            answer = min(answer, cost + finals[state])
        for ilabel, olabel, weight, target in arcs[state]:
            if ilabel and (read == len(ilabels) or ilabels[read] != ilabel):
                continue
            if olabel and olabels is not None and (written == len(olabels) or olabels[written] != olabel):
                continue
            after = (read + (ilabel != 0), written + (olabel != 0) if olabels is not None else 0, target)
            if cost + weight < best.get(after, math.inf) - 1e-12:
                best[after] = cost + weight
                heapq.heappush(queue, after)
    return answer


def language(
    graph: tuple[int, list[list[Arc]], list[float]], *, length: int
) -> dict[tuple[tuple[int, ...], tuple[int, ...]], float]:
    """Return {(ilabels, olabels): least cost} of all paths with at most `length` input labels."""
    start, arcs, finals = graph
    found: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = {}
    best: dict[tuple[tuple[int, ...], tuple[int, ...], int], float] = {((), (), start): 0.0}
    queue: list[tuple[tuple[int, ...], tuple[int, ...], int]] = [((), (), start)]
    while queue:
        key = queue.pop()
        read, written, state = key
        cost = best[key]
        if finals[state] != math.inf:
            pair = (read, written)
            found[pair] = min(found.get(pair, math.inf), cost + finals[state])
        for ilabel, olabel, weight, target in arcs[state]:
            after = (read + (ilabel,) * (ilabel != 0), written + (olabel,) * (olabel != 0), target)
            if len(after[0]) <= length and cost + weight < best.get(after, math.inf) - 1e-12:
                best[after] = cost + weight
                queue.append(after)
    return found


def expected_language(
    ngrams: Ngrams,
    lexicon: dict[str, list[tuple[Sequence[str], float]]],
    *,
    words: int,
    length: int,
    separator: tuple[str, float] | None = None,
) -> dict[tuple[tuple[str, ...], tuple[str, ...]], float]:
    """Return {(units, words): cost} by the definition: every sentence of up to `words` words, every
    pronunciation (units, probability), an optional separator after each word."""
    known = sorted(w for w in lexicon if (w,) in ngrams)
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], float] = {}
    for count in range(words + 1):
        for sentence in itertools.product(known, repeat=count):
            base = sentence_cost(ngrams, sentence)
            if base == math.inf:
                continue
            for choice in itertools.product(*(_spoken(lexicon[w], separator) for w in sentence)):
                units = tuple(itertools.chain.from_iterable(part for part, _ in choice))
                if len(units) > length:
                    continue
                cost = base + sum(c for _, c in choice)
                found[units, sentence] = min(found.get((units, sentence), math.inf), cost)
    return found


def _spoken(
    pronunciations: Iterable[tuple[Sequence[str], float]], separator: tuple[str, float] | None
) -> Iterator[tuple[tuple[str, ...], float]]:
    for units, probability in pronunciations:
        cost = -math.log(probability)
        if separator is None:
            yield tuple(units), cost
        else:
            yield tuple(units), cost - math.log(1 - separator[1])
            yield (*units, separator[0]), cost - math.log(separator[1])
