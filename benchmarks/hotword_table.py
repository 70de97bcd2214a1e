"""The table of what hotwords find and what they spoil, a row for each list and strength; for real text lines and speech.

recall: of the occurrences of true phrases; "of lacking": of those phrases that the lexicon cannot spell. false alarms:
occurrences of any phrase of the list that the reference lacks. B: errors on the true phrases, U: on the rest. The last
three columns are of the utterances that hold no true phrase: how many there are, phrases found there, texts that are
not those of the search without hotwords.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import tlg
from tlg.hotwords import AutoBias, Hotword
from tlg.hotwords.metrics import hotword_counts

Bias = float | AutoBias | None
Pronunciations = Mapping[str, Sequence[tuple[str, ...]]]

HEAD = (
    "| set | list | lacking % | rejected | strength | recall % | of lacking % | precision % | F1 % | false alarms | "
    "{rate} % | B-{rate} % | U-{rate} % | without | fired | changed |"
)


def print_head(rate: str) -> None:
    print(HEAD.format(rate=rate))
    print("|" + "---|" * HEAD.count(" |"), flush=True)


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """A set: posteriors, references, true phrases, a graph and search options."""

    name: str
    refs: Sequence[str]
    frames: Sequence[Any]
    true: Sequence[str]
    others: Sequence[str]
    unit: Literal["word", "char"]
    graph: tlg.Graph
    options: Mapping[str, Any]
    pronunciations: Pronunciations
    threads: int = 2

    @cached_property
    def lacking(self) -> set[str]:
        """The true phrases that cannot be spelled in words (characters) of the graph."""
        known = set(self.graph.words)
        return {phrase for phrase in self.true if not known.issuperset(self.cut(phrase))}

    @cached_property
    def without(self) -> list[int]:
        """The utterances that hold no true phrase."""
        return [
            i
            for i, ref in enumerate(self.refs)
            if hotword_counts([ref], [""], self.true, unit=self.unit).in_refs == 0
        ]

    @cached_property
    def plain(self) -> list[str]:
        return self.decode(None)

    def cut(self, phrase: str) -> list[str]:
        return phrase.split() if self.unit == "word" else list(phrase)

    def compiled(self, phrases: Sequence[str], bias: Bias) -> tlg.Hotwords:
        """Return the list; a word of it that the lexicon lacks comes with its pronunciations, if it has any."""
        known = set(self.graph.words)
        listed = [
            phrase
            if phrase in known or phrase not in self.pronunciations
            else Hotword(phrase, pronunciations=tuple(self.pronunciations[phrase]))
            for phrase in phrases
        ]
        return tlg.Hotwords(listed, graph=self.graph, bias=bias)

    def decode(self, hotwords: tlg.Hotwords | None) -> list[str]:
        decoder = tlg.Decoder(self.graph, hotwords=hotwords, **self.options)
        return [result.text for result in decoder.decode_batch(self.frames, threads=self.threads)]

    def row(self, list_name: str, phrases: Sequence[str], strength: str, bias: Bias) -> None:
        """Decode with a list; bias 0 is the search without one."""
        if bias == 0:
            self.show(list_name, phrases, strength, self.plain, "-")
        else:
            hotwords = self.compiled(phrases, bias)
            texts = self.decode(hotwords)
            self.show(list_name, phrases, strength, texts, str(hotwords.num_rejected))

    def show(
        self, list_name: str, phrases: Sequence[str], strength: str, texts: Sequence[str], rejected: str
    ) -> None:
        true = tlg.score(self.refs, texts, unit=self.unit, hotwords=self.true)
        found = hotword_counts(self.refs, texts, phrases, unit=self.unit)
        assert true.hotwords is not None
        assert true.on_hotwords is not None and true.on_rest is not None
        lacking = [counts for phrase, counts in true.hotwords.phrases.items() if phrase in self.lacking]
        there = sum(counts.in_refs for counts in lacking)
        of_lacking = f"{100 * sum(counts.hits for counts in lacking) / there:.1f}" if there else "-"
        recall = true.hotwords.recall or 0.0
        said = true.hotwords.hits + found.false_alarms
        precision = true.hotwords.hits / said if said else 1.0
        fired = hotword_counts(
            [self.refs[i] for i in self.without], [texts[i] for i in self.without], phrases, unit=self.unit
        )
        changed = sum(texts[i] != self.plain[i] for i in self.without)
        cells = [
            self.name,
            list_name,
            f"{100 * len(self.lacking) / len(self.true):.1f}",
            rejected,
            strength,
            f"{100 * recall:.1f}",
            of_lacking,
            f"{100 * precision:.1f}",
            f"{200 * recall * precision / (recall + precision):.1f}" if recall + precision else "0.0",
            str(found.false_alarms),
            f"{100 * true.rate:.2f}",
            f"{100 * (true.on_hotwords.rate or 0):.2f}",
            f"{100 * (true.on_rest.rate or 0):.2f}",
            str(len(self.without)),
            str(fired.in_hyps),
            str(changed),
        ]
        print("| " + " | ".join(cells) + " |", flush=True)

    def table(
        self,
        biases: Sequence[float],
        shares: Sequence[float],
        by_lm: Callable[[float], AutoBias],
        distractors: Sequence[int],
        more: Sequence[str],
        fixed: tuple[float, float],
    ) -> None:
        """Print the rows: strengths with the set's own list, then more and more distractors at a bias and a share."""
        listed = [*self.true, *self.others]
        self.row(str(len(listed)), listed, "none", 0)
        for bias in biases:
            self.row(str(len(listed)), listed, f"{bias:g}", bias)
        for share in shares:
            self.row(str(len(listed)), listed, f"lm {share:g}", by_lm(share))
        for count in distractors:
            phrases = list(dict.fromkeys([*self.true, *more[:count]]))
            self.row(f"true + {count}", phrases, f"{fixed[0]:g}", fixed[0])
            self.row(f"true + {count}", phrases, f"lm {fixed[1]:g}", by_lm(fixed[1]))
