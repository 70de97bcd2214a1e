"""The demo: two sets of real posteriors, decoded in three steps, and one table of what each step brings.

    make demo        (or: python examples/demo.py)

1. greedy: the best token of each frame, no knowledge of words;
2. graph: an n-gram model trained here from the set's text, a graph built from it, exact CTC decoding;
3. graph + hotwords: the same graph with a list of rare words and names, most of which are not in the test
   part, so that false alarms would show.

Everything is made from the files beside this script; the results go to examples/out. The parameters are
those of parameters.json, chosen by choose_parameters.py on the dev part; the table is of the test part.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from sets import OUT, SETS, ExampleSet, Parameters, decode, texts

import tlg
from tlg.decoder.evaluate.metrics import ScoreReport, percent
from tlg.decoder.evaluate.tables import write_table
from tlg.errors import TlgError

HEAD = ("set", "step", "error rate", "hotword recall", "hotword precision", "speed (1 thread)")


@dataclass(frozen=True)
class Step:
    """One row of the table."""

    name: str
    shown: list[str]
    report: ScoreReport | None
    seconds: float


def main() -> None:
    """Run both sets and print the table."""
    rows, stories = [], []
    for example in SETS:
        say(f"{example.name}: training the model and building the graph")
        graph = example.build()
        references = example.references("test")
        inputs = list(example.posteriors("test").values())
        steps = run(example, graph, references, inputs)
        frames = sum(len(x) for x in inputs)
        rows += [table_row(example, step, frames, len(inputs)) for step in steps]
        stories.append(story(example, references, steps))
        stories.append("".join(f"    {step.report.signature}\n" for step in steps if step.report))
    table = markdown([HEAD, *rows])
    print(table)
    print(
        "Speech has no greedy error rate: its tokens are phones, and without a lexicon there are no words.\n"
    )
    print("\n".join(stories))
    (OUT / "table.md").write_text(table, encoding="utf-8")
    say(f"hypotheses, models, graphs and this table are in {OUT.relative_to(OUT.parent.parent)}")


def run(example: ExampleSet, graph: tlg.Graph, references: dict[str, str], inputs: list[Any]) -> list[Step]:
    """Decode the test part in three steps."""
    chosen = Parameters.load(example.name)
    hotwords = tlg.Hotwords(example.hotwords, graph=graph, bias=chosen.hotword_bias)
    plain = tlg.Decoder(graph, **chosen.search())
    boosted = tlg.Decoder(graph, hotwords=hotwords, **chosen.search())

    say(f"{example.name}: decoding {len(inputs)} utterances three times")
    joiner = " " if example.unit == "word" else ""
    greedy, greedy_seconds = decode(Greedy(graph, joiner), inputs)
    words = example.unit == "char"
    steps = [step(example, "greedy", references, greedy, greedy_seconds, {}, words=words)]
    for name, decoder in (("graph", plain), ("graph + hotwords", boosted)):
        results, seconds = decode(decoder, inputs)
        settings: dict[str, object] = {"lm": f"mkn{example.order}", **chosen.search()}
        if decoder is boosted:
            settings["bias"] = chosen.hotword_bias
        steps.append(step(example, name, references, results, seconds, settings))
    return steps


@dataclass(frozen=True)
class Greedy:
    """tlg.greedy with the face of a decoder."""

    graph: tlg.Graph
    joiner: str

    def decode_batch(self, inputs: list[Any], *, threads: int) -> list[Any]:
        """Return the best paths, one after the other."""
        return [tlg.greedy(x, self.graph.tokens, joiner=self.joiner) for x in inputs]


def step(
    example: ExampleSet,
    name: str,
    references: dict[str, str],
    results: list[Any],
    seconds: float,
    settings: dict[str, object],
    *,
    words: bool = True,
) -> Step:
    """Score one step, if it has words, and write its hypotheses."""
    hypotheses = dict(zip(references, texts(example, results), strict=True))
    write_table(example.out / f"{name.replace(' + ', '_')}.tsv", hypotheses)
    report = None
    if words:
        report = tlg.score(
            references,
            hypotheses,
            unit=example.unit,
            hotwords=example.hotwords,
            settings={"step": name, **settings},
        )
    return Step(name, list(hypotheses.values()), report, seconds)


def table_row(example: ExampleSet, step: Step, frames: int, lines: int) -> tuple[str, ...]:
    """Return one row of the table."""
    if example.frame_shift is not None:
        factor = step.seconds / (frames * example.frame_shift)
        speed = f"real-time factor {np.format_float_positional(factor, precision=2, fractional=False)}"
    else:
        speed = f"{lines / step.seconds:.0f} lines/s"
    if step.report is None or step.report.hotwords is None:
        return (example.title, step.name, "-", "-", "-", speed)
    hot = step.report.hotwords
    rate = f"{'WER' if example.unit == 'word' else 'CER'} {percent(step.report.rate)}"
    return (example.title, step.name, rate, percent(hot.recall), percent(hot.precision), speed)


def story(example: ExampleSet, references: dict[str, str], steps: list[Step]) -> str:
    """Return one utterance before and after: the one where graph and hotwords together mend most."""
    graph, hot = steps[1].report, steps[2].report
    assert graph is not None
    assert hot is not None
    gains = [a.errors - b.errors for a, b in zip(graph.utterances, hot.utterances, strict=True)]
    best = max(range(len(gains)), key=lambda i: (gains[i], graph.utterances[i].errors == gains[i], -i))
    name = list(references)[best]
    width = max(len(step.name) for step in steps)
    lines = [f"{example.name}, {name}:", f"    {'reference':{width}}  {references[name]}"]
    lines += [f"    {step.name:{width}}  {step.shown[best]}" for step in steps]
    return "\n".join(lines)


def markdown(rows: list[tuple[str, ...]]) -> str:
    """Return rows as a Markdown table with aligned columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(f"{cell:{w}}" for cell, w in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines) + "\n"


def say(text: str) -> None:
    """Tell on stderr what is going on; the table alone is on stdout."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except TlgError as error:
        sys.exit(f"demo: {error}")
