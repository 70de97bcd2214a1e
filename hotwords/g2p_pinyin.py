"""Chinese words in pinyin, written as the tokens of a graph are: whole syllables or initials and finals, with tones
or without (the extra ``pinyin``).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tlg.errors import MissingExtraError, OptionError
from tlg.hotwords.units import is_unspaced

__all__ = ["pinyin_g2p"]

INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcs")
SHORT = {"iou": "iu", "uei": "ui", "uen": "un"}  # finals as they are written behind an initial
# The vowel of zi and of zhi, where tokens tell them from that of yi: THCHS-30 and AISHELL write iy and ix.
BUZZED = (("i", "i"), ("iy", "ix"), ("ii", "iii"))
COMMON = "的一是不了在有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市"
SAMPLE = 60  # words of the lexicon compared with


class Syllable(NamedTuple):
    """A syllable of pinyin as it is written, and its tone, 1 to 5."""

    text: str
    tone: str


@dataclass(frozen=True)
class Style:
    """A way of writing syllables in tokens.

    Args:
        parts: "syllable"; "written": y and w are initials; "zero": yang is iang; "doubled": yang is ii iang.
        tone: tones are written.
        neutral: what is written for the fifth.
        short: finals are iu, ui, un, not iou, uei, uen.
        buzzed: the finals of zi and zhi.
        umlaut: how the u of nü is written.
        upper: in capitals.
    """

    parts: str
    tone: bool
    neutral: str
    short: bool
    buzzed: tuple[str, str]
    umlaut: str
    upper: bool

    def tokens(self, syllable: Syllable) -> list[str]:
        """Return a syllable as tokens."""
        tone = "" if not self.tone else self.neutral if syllable.tone == "5" else syllable.tone
        if self.parts == "syllable":
            units = [syllable.text + tone]
        else:
            initial, final = _split(syllable.text, written=self.parts == "written")
            if self.short:
                final = SHORT.get(final, final)
            if final == "i" and initial in ("z", "c", "s"):
                final = self.buzzed[0]
            elif final == "i" and initial in ("zh", "ch", "sh", "r"):
                final = self.buzzed[1]
            if not initial and self.parts == "doubled":
                initial = 2 * final[0]
            units = [initial, final + tone] if initial else [final + tone]
        units = [unit.replace("v", self.umlaut) for unit in units]
        return [unit.upper() for unit in units] if self.upper else units


def pinyin_g2p(
    ids: Mapping[str, int], samples: Mapping[str, Sequence[Sequence[str]]]
) -> Callable[[str], list[list[str]]]:
    """Return a function from a Chinese word to its usual pronunciation in the tokens.

    Args:
        ids: the tokens.
        samples: words of the lexicon: of styles whose tokens are there, the one that agrees with most of them is taken.

    Raises:
        MissingExtraError: pypinyin is not installed.
        OptionError: the tokens are no pinyin.
    """
    try:
        from pypinyin import Style as PypinyinStyle
        from pypinyin import pinyin
    except ImportError as error:
        raise MissingExtraError(
            "g2p='pinyin' needs the package pypinyin", remedy="Run: pip install 'tlg[pinyin]'"
        ) from error

    # A list, as pypinyin's pages allow and its hints do not.
    unread: Any = lambda unknown: [[""]] * len(unknown)

    def syllables(word: str) -> list[Syllable] | None:
        if not word or not all(map(is_unspaced, word)):
            return None
        read = pinyin(
            word,
            style=PypinyinStyle.TONE3,
            neutral_tone_with_five=True,
            errors=unread,
        )
        texts = [way[0] for way in read]
        if len(texts) != len(word) or not all(text[-1:].isdigit() for text in texts):
            return None
        return [Syllable(text[:-1].replace("ü", "v"), text[-1]) for text in texts]

    style = _fitting(ids, samples, syllables)

    def say(word: str) -> list[list[str]]:
        found = syllables(word)
        return [] if found is None else [[unit for one in found for unit in style.tokens(one)]]

    return say


def _fitting(
    ids: Mapping[str, int],
    samples: Mapping[str, Sequence[Sequence[str]]],
    syllables: Callable[[str], list[Syllable] | None],
) -> Style:
    """Return the style that agrees with most words of the lexicon, of those that write most syllables in tokens."""
    common = [one for character in COMMON for one in syllables(character) or ()]
    read = itertools.islice(((found, w) for w in samples if (found := syllables(w))), SAMPLE)
    told = [(found, {tuple(units) for units in samples[word]}) for found, word in read]
    best: tuple[int, int] = (0, 0)
    chosen: Style | None = None
    for style in _styles():
        spoken = sum(all(unit in ids for unit in style.tokens(one)) for one in common)
        agreed = sum(
            tuple(unit for one in found for unit in style.tokens(one)) in ways for found, ways in told
        )
        if 2 * spoken >= len(common) and (agreed, spoken) > best:
            best, chosen = (agreed, spoken), style
    if chosen is None:
        raise OptionError(
            "g2p='pinyin' does not fit: the tokens are no pinyin syllables, nor initials and finals",
            remedy="Pass a function from a word to lists of tokens",
        )
    return chosen


def _styles() -> list[Style]:
    tones = [(True, "5"), (True, "0"), (True, ""), (False, "")]
    whole = [
        Style("syllable", tone, neutral, False, BUZZED[0], umlaut, upper)
        for (tone, neutral), umlaut, upper in itertools.product(tones, "vü", (False, True))
    ]
    choices = itertools.product(
        ("doubled", "zero", "written"), tones, (False, True), BUZZED, "vü", (False, True)
    )
    return whole + [
        Style(parts, tone, neutral, short, buzzed, umlaut, upper)
        for parts, (tone, neutral), short, buzzed, umlaut, upper in choices
    ]


def _split(text: str, *, written: bool) -> tuple[str, str]:
    """Return the initial and the final of a syllable; y and w are initials, or part of the final."""
    if text[0] in "yw":
        return (text[0], text[1:]) if written else ("", _without_glide(text))
    initial = next((one for one in INITIALS if text.startswith(one)), "")
    final = text[len(initial) :]
    if written or not initial:
        return initial, final
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "v" + final[1:]
    full = {short: long for long, short in SHORT.items()}
    return initial, full.get(final, final)


def _without_glide(text: str) -> str:
    """yi -> i, you -> iou, yuan -> van, wei -> uei, wu -> u."""
    rest = text[1:]
    if text[0] == "w":
        return "u" if rest == "u" else "uen" if rest == "en" else "u" + rest
    if rest.startswith("u"):
        return "v" + rest[1:]
    return rest if rest.startswith("i") else "i" + rest
