"""Phrases -> words of a graph, where tokens do not spell them: phones, or letters that do not show where words end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from tlg.hotwords.additions import Additions, unknown_unit
from tlg.hotwords.cut import joined_words, scripts, ways_to_cut
from tlg.hotwords.quick_words import quick_words
from tlg.hotwords.units import (
    MAX_SPELLINGS,
    TOO_MANY,
    Spelled,
    Speller,
    Spelling,
    SpellingSource,
    Unspellable,
    ways_through,
)

__all__ = ["word_speller"]

Forms = list[list[str]]


def word_speller(
    source: SpellingSource,
    ids: Mapping[str, int],
    tokens: Mapping[str, int],
    adds: Additions | None,
    why_not: tuple[str, str],
) -> Speller:
    """Return a speller whose units are words.

    Args:
        source: a graph with a lexicon.
        ids: word -> output label.
        tokens: the model's tokens without the blank.
        adds: what the graph lacks, where words are attached to it.
        why_not: why words that the graph lacks are not attached, and what to do; where they are not.
    """

    def length(word: str) -> int:
        if word not in ids or (adds is not None and not adds.says(word)):
            return 0
        pronunciations = source.pronunciations(word)
        return len(pronunciations[0]) if pronunciations else 0

    def is_said(word: str) -> bool:
        return length(word) > 0

    def forms_of(word: str, given: Collection[str], *, attach: bool) -> list[Forms]:
        """Return the parts of a word, each with its forms."""
        forms = ways_to_cut(word, is_said)
        if word in given:
            forms.append([unknown_unit(word)])
        if forms:
            return [forms]
        if attach:
            # A word of several scripts: what is lacking of it.
            return [ways_to_cut(run, is_said) or [[unknown_unit(run)]] for run in scripts(word)]
        raise lacking(word)

    def lacking(word: str) -> Unspellable:
        others = (word.lower(), word.upper(), word.capitalize())
        other = next((other for other in others if is_said(other)), None)
        remedy = why_not[1] if other is None else f"It has {other!r}: write it so"
        return Unspellable(f"word {word!r} is not in the lexicon, and {why_not[0]}", remedy)

    def spelled(words: Sequence[str], given: Collection[str], *, attach: bool) -> Spelled:
        alternatives: list[list[Forms]] = []
        why: Unspellable | None = None
        for word in words:
            try:
                alternatives.append(forms_of(word, given, attach=attach))
            except Unspellable as error:
                why = why or error
                alternatives.append([[]])
        members = [] if adds is None else adds.members_in(words)
        if members:
            ways, warnings = _ways_with(alternatives, members)
        elif why is None:
            ways, warnings = ways_through([forms for parts in alternatives for forms in parts])
        if why is not None and not (members and ways):
            raise why
        # What an attached word counts is known when it is attached.
        spellings = tuple(Spelling(tuple(way), tuple(length(word) or 1 for word in way)) for way in ways)
        return Spelled(spellings, "lexicon", warnings)

    def spell(phrase: str) -> Spelled:
        return spelled(joined_words(phrase), (), attach=False)

    def spell_attached(phrase: str, given: Collection[str]) -> Spelled:
        assert adds is not None
        words = joined_words(phrase)
        whole = " ".join(words)
        if len(words) == 1 or whole not in given:
            return spelled(words, given, attach=adds.lacks)
        one = Spelling((unknown_unit(whole),), (1,))
        try:
            apart = spelled(words, given, attach=False)
        except Unspellable:
            return Spelled((one,), "list")
        return Spelled((*apart.spellings, one), apart.by, apart.warnings)

    num_units = max(ids.values(), default=-1) + 1
    return Speller(
        "words",
        ids,
        num_units,
        -1,
        None,
        (),
        spell,
        tokens,
        quick_words(ids, length, adds),
        adds,
        None if adds is None else spell_attached,
    )


def _ways_with(
    alternatives: Sequence[Sequence[Forms]], members: Sequence[tuple[int, int, str]]
) -> tuple[Forms, tuple[str, ...]]:
    """Return the ways through words that may stand together as members of classes, those without members first."""
    size = len(alternatives)
    onward: list[Forms] = [[] for _ in range(size)] + [[[]]]
    for start in reversed(range(size)):
        parts, _ = ways_through(alternatives[start])
        steps = [(part, start + 1) for part in parts]
        steps += [([unit], end) for begin, end, unit in members if begin == start]
        ways = [[*step, *rest] for step, end in steps for rest in onward[end]]
        onward[start] = ways[: MAX_SPELLINGS + 1]
    if len(onward[0]) > MAX_SPELLINGS:
        return onward[0][:MAX_SPELLINGS], TOO_MANY
    return onward[0], ()
