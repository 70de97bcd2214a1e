"""Chooses the search parameters of each example set on its dev part, and writes parameters.json.

    python examples/choose_parameters.py [speech] [ocr]

First a grid over acoustic_scale, word_score and blank_penalty without hotwords. lm_weight stays 1: only its ratio to
the others changes what wins. Then each setting within 5 % of the fewest errors is tried with each hotword bias.
Of those that make no more errors than the same setting without hotwords, the best hotword F1 wins; of equals, the
fewest errors, then the first. The test part is never looked at. Takes a few minutes.
"""

from __future__ import annotations

import itertools
import json
import sys
from dataclasses import asdict, replace
from typing import Any

from sets import PARAMETERS, SETS, ExampleSet, Parameters, decode, texts

import tlg
from tlg.decoder.evaluate.metrics import ScoreReport, percent
from tlg.errors import TlgError

THREADS = 2
BEAM = 14.0
# set -> acoustic_scale, word_score, blank_penalty, hotword bias
GRID: dict[str, tuple[tuple[float, ...], ...]] = {
    "speech": (
        (0.8, 1.0, 1.25),
        (-4.0, -3.0, -2.0, -1.0, 0.0),
        (0.5, 1.0, 2.0, 3.0),
        (0.3, 0.5, 0.75),
    ),
    "ocr": (
        (1.0, 1.5, 2.0, 3.0),
        (4.0, 6.0, 8.0),
        (0.5, 1.0),
        (0.5, 1.0, 1.5, 2.0, 3.0),
    ),
}
NEAR_BEST = 1.05  # settings with at most this many times the fewest errors are tried with hotwords


def main(names: list[str]) -> None:
    """Choose for the named sets, or for all."""
    chosen: dict[str, Any] = json.loads(PARAMETERS.read_text(encoding="utf-8")) if PARAMETERS.exists() else {}
    for example in SETS:
        if not names or example.name in names:
            chosen[example.name] = asdict(choose(example))
    PARAMETERS.write_text(json.dumps(chosen, indent=2) + "\n", encoding="utf-8")


def choose(example: ExampleSet) -> Parameters:
    """Return the best parameters of one set."""
    graph = example.build()
    references = example.references("dev")
    inputs = list(example.posteriors("dev").values())

    def score(parameters: Parameters, *, hotwords: bool) -> ScoreReport:
        options: dict[str, Any] = dict(parameters.search())
        if hotwords:
            options["hotwords"] = tlg.Hotwords(example.hotwords, graph=graph, bias=parameters.hotword_bias)
        results, _ = decode(tlg.Decoder(graph, **options), inputs, threads=THREADS)
        report = tlg.score(
            list(references.values()), texts(example, results), unit=example.unit, hotwords=example.hotwords
        )
        hot = report.hotwords
        assert hot is not None
        shown = " ".join(f"{name}={value:g}" for name, value in asdict(parameters).items())
        found = f"recall {percent(hot.recall)}, precision {percent(hot.precision)}"
        print(f"{example.name} {shown}: {percent(report.rate)}, {found}", flush=True)
        return report

    scales, word_scores, blank_penalties, biases = GRID[example.name]
    without = []
    for scale, word_score, blank_penalty in itertools.product(scales, word_scores, blank_penalties):
        candidate = Parameters(
            beam=BEAM,
            acoustic_scale=scale,
            lm_weight=1.0,
            word_score=word_score,
            blank_penalty=blank_penalty,
            hotword_bias=0.0,
        )
        without.append((score(candidate, hotwords=False).errors, candidate))
    fewest = min(errors for errors, _ in without)
    tried = []
    for errors, setting in without:
        if errors > NEAR_BEST * fewest:
            continue
        for bias in biases:
            candidate = replace(setting, hotword_bias=bias)
            report = score(candidate, hotwords=True)
            assert report.hotwords is not None
            if report.errors <= errors:
                tried.append((-(report.hotwords.f1 or 0.0), report.errors, candidate))
    if not tried:
        raise SystemExit(f"{example.name}: every hotword bias costs errors; try smaller ones")
    best = min(tried, key=lambda one: one[:2])[2]
    print(f"{example.name}: chosen {best}", flush=True)
    return best


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except TlgError as error:
        sys.exit(f"choose_parameters: {error}")
