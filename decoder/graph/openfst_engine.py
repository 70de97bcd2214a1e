"""The textbook route with OpenFst (pynini): L o G, determinised, minimised. Slow; an oracle for the native builder."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from tlg import _core
from tlg.errors import ArpaError, MissingExtraError

__all__ = ["build_lg"]

LN10 = math.log(10.0)
History = tuple[str, ...]


def build_lg(
    lexicon: _core.Lexicon,
    model: _core.NgramModel,
    *,
    num_tokens: int,
    separator: int = 0,
    separator_prob: float = 0.5,
) -> _core.Fst:
    """Compose, determinise (log semiring) and minimise L o G.

    Args:
        lexicon: the pronunciations.
        model: the grammar; n-grams with words that the lexicon lacks are left out.
        num_tokens: number of the model's columns; disambiguation symbols are numbered behind them.
        separator: input label of the optional token after each word; 0: none.
        separator_prob: its probability.

    Raises:
        MissingExtraError: pynini is not installed.
    """
    pynini = _pynini()
    words = {word: i for i, word in enumerate(lexicon.words, 1)}
    backoff_word, backoff_token = len(words) + 1, num_tokens + 1
    left = _lexicon_fst(pynini, lexicon, separator, separator_prob, backoff_word, backoff_token)
    right = _grammar_fst(pynini, model, words, backoff_word)
    lg = pynini.compose(left.arcsort("olabel"), right.arcsort("ilabel"))
    lg.rmepsilon()
    logs = pynini.determinize(pynini.arcmap(lg, map_type="to_log"))
    lg = pynini.arcmap(logs, map_type="to_standard")
    encoder = pynini.EncodeMapper("standard", encode_labels=True, encode_weights=True)
    lg.encode(encoder).minimize().decode(encoder)
    most = max((label for label in _input_labels(lg)), default=0)
    lg.relabel_pairs(ipairs=[(label, 0) for label in range(backoff_token, most + 1)])
    lg.connect().arcsort("ilabel")
    if lg.start() < 0:
        raise ArpaError(
            "no sentence of the model can be said with the lexicon",
            remedy="Check that both spell words alike",
        )
    return _core.parse_fst(lg.write_to_string(), "openfst")


def _pynini() -> Any:
    try:
        import pynini
    except ImportError as error:
        raise MissingExtraError(
            "engine='openfst' needs the package pynini", remedy="Run: pip install 'tlg[openfst]'"
        ) from error
    return pynini


def _input_labels(fst: Any) -> set[int]:
    return {arc.ilabel for state in fst.states() for arc in fst.arcs(state)}


def _lexicon_fst(
    pynini: Any,
    lexicon: _core.Lexicon,
    separator: int,
    separator_prob: float,
    backoff_word: int,
    backoff: int,
) -> Any:
    """Build L: a loop of pronunciations, the word on the first arc, #k after homophones and prefixes."""
    entries = lexicon.entries()
    count = Counter(tuple(units) for _, units, _ in entries)
    prefixes = {tuple(units[:n]) for _, units, _ in entries for n in range(len(units))}
    used: Counter[tuple[int, ...]] = Counter()
    fst = pynini.Fst()
    loop = fst.add_state()
    fst.set_start(loop)
    fst.set_final(loop)
    end = loop
    if separator:
        end = fst.add_state()
        fst.add_arc(end, pynini.Arc(0, 0, -math.log1p(-separator_prob), loop))
        fst.add_arc(end, pynini.Arc(separator, 0, -math.log(separator_prob), loop))
    fst.add_arc(loop, pynini.Arc(backoff, backoff_word, 0, loop))
    for word, units, cost in entries:
        labels = list(units)
        key = tuple(units)
        if count[key] > 1 or key in prefixes or not units:
            used[key] += 1
            labels.append(backoff + used[key])
        state = loop
        for i, label in enumerate(labels):
            target = end if i == len(labels) - 1 else fst.add_state()
            fst.add_arc(state, pynini.Arc(label, word + 1 if i == 0 else 0, cost if i == 0 else 0, target))
            state = target
    return fst


def _grammar_fst(pynini: Any, model: _core.NgramModel, words: dict[str, int], backoff_word: int) -> Any:
    """Build G: one state per history, #0 for backing off."""
    ngrams = _ngrams(model)
    order = max(len(key) for key in ngrams)
    usable = {
        key: value
        for key, value in ngrams.items()
        if all(word in words or (i == 0 and word == "<s>") for i, word in enumerate(key[:-1]))
        and (key[-1] in words or key[-1] == "</s>" or key == ("<s>",))
    }
    fst = pynini.Fst()
    states: dict[History, int] = {(): fst.add_state()}
    for key in usable:
        if len(key) < max(order, 2) and key[-1] != "</s>":
            states[key] = fst.add_state()

    def longest(history: History) -> History:
        while history not in states:
            history = history[1:]
        return history

    for key, (log10_prob, _) in usable.items():
        source = states[longest(key[:-1])]
        cost = -LN10 * log10_prob
        if key == ("<s>",) or cost == math.inf:
            continue
        if key[-1] == "</s>":
            fst.set_final(source, cost)
        else:
            label = words[key[-1]]
            fst.add_arc(source, pynini.Arc(label, label, cost, states[longest(key)]))
    for history, state in states.items():
        if history:
            backoff = -LN10 * usable[history][1]
            fst.add_arc(state, pynini.Arc(backoff_word, 0, backoff, states[longest(history[1:])]))
    return fst.set_start(states[longest(("<s>",))])


def _ngrams(model: _core.NgramModel) -> dict[History, tuple[float, float]]:
    """Read the n-grams back from the model's ARPA text: words -> (log10 probability, log10 backoff)."""
    writer = _core.ArpaWriter(model)
    pieces = []
    while piece := writer.next():
        pieces.append(bytes(piece))  # the writer uses its memory again
    ngrams: dict[History, tuple[float, float]] = {}
    order = 0
    for line in b"".join(pieces).decode("utf-8").split("\n"):
        if line.startswith("\\"):
            order = int(line[1:].split("-", 1)[0]) if line.endswith("-grams:") else 0
        elif order and line:
            fields = line.split("\t")
            key = tuple(fields[1].split(" "))
            ngrams[key] = (float(fields[0]), float(fields[2]) if len(fields) > 2 else 0.0)
    return ngrams
