"""Biases from a language model, chosen on one half of the text lines and measured on the other, both ways round.

    python benchmarks/hotword_heldout.py --ocr OCR [--shares 0.5 0.6 0.7] [--known 0.24 0.34] [--longer 0 0.2 0.4]
        [--most 1.667] [--limit 0.5]

The lines of easy, mid and hard are split by a hash of their ids. Every setting of AutoBias decodes all lines once. On one
half that setting is chosen which finds most true phrases with at most half the false alarms of 1.5 nats a character for
all on mid and on hard, changes no line without a true phrase on easy and mid, and adds at most 0.1 point of errors to the
other characters on any level; of equals the one with the fewest false alarms. What it does on the other half is
shown beside no hotwords, b = 1.5 for all and the default of AutoBias.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hotword_quality import make_bench, train
from hotword_table import Bias, Workbench
from numpy.typing import NDArray

import tlg
from tlg.hotwords import AutoBias
from tlg.hotwords.auto_bias import mean_unigram
from tlg.hotwords.metrics import hotword_counts

LEVELS = ("easy", "mid", "hard")
COLUMNS = ("hits", "in refs", "false alarms", "changed", "errors on the rest", "units of the rest")
HITS, IN_REFS, FALSE_ALARMS, CHANGED, ERRORS, UNITS = range(len(COLUMNS))
Setting = tuple[float, float, float, float]


@dataclass(frozen=True)
class Level:
    """A level, and which half each of its lines belongs to."""

    bench: Workbench
    half: NDArray[np.bool_]

    def counts(self, bias: Bias) -> NDArray[np.int64]:
        """Return the figures of each half, and of all lines: [3, 6]."""
        bench = self.bench
        listed = [*bench.true, *bench.others]
        texts = bench.plain if bias is None else bench.decode(bench.compiled(listed, bias))
        table = np.zeros((len(texts), len(COLUMNS)), np.int64)
        without = set(bench.without)
        for row, (ref, text, plain) in enumerate(zip(bench.refs, texts, bench.plain, strict=True)):
            true = hotword_counts([ref], [text], bench.true, unit=bench.unit)
            found = hotword_counts([ref], [text], listed, unit=bench.unit)
            rest = tlg.score([ref], [text], unit=bench.unit, hotwords=bench.true).on_rest
            assert rest is not None
            changed = row in without and text != plain
            table[row] = [
                true.hits,
                true.in_refs,
                found.false_alarms,
                changed,
                rest.errors,
                rest.num_units,
            ]
        return np.stack([table[~self.half].sum(0), table[self.half].sum(0), table.sum(0)])


def split(level: str, count: int) -> NDArray[np.bool_]:
    """Return whether each line belongs to the second half."""
    return np.array([hashlib.sha256(f"{level}-{i}".encode()).digest()[0] % 2 == 1 for i in range(count)])


def cells(level: NDArray[np.int64]) -> str:
    recall = 100 * level[HITS] / level[IN_REFS]
    rest = 100 * level[ERRORS] / level[UNITS]
    return f"{level[HITS]}/{level[IN_REFS]} ({recall:.1f}) | {level[FALSE_ALARMS]} | {level[CHANGED]} | {rest:.2f}"


def choose(
    tried: Mapping[Setting, NDArray[np.int64]],
    none: NDArray[np.int64],
    plain: NDArray[np.int64],
    half: int,
    limit: float,
) -> Setting | None:
    """Return the best setting on a half; the arrays are [level, half, column]."""

    def is_allowed(counts: NDArray[np.int64]) -> bool:
        rates = counts[:, half, ERRORS] / counts[:, half, UNITS]
        rates_without = none[:, half, ERRORS] / none[:, half, UNITS]
        return bool(
            (counts[1:, half, FALSE_ALARMS] <= limit * plain[1:, half, FALSE_ALARMS]).all()
            and (counts[:2, half, CHANGED] == 0).all()
            and (rates <= rates_without + 0.001).all()
        )

    allowed = [setting for setting, counts in tried.items() if is_allowed(counts)]
    return max(
        allowed,
        key=lambda setting: (
            tried[setting][:, half, HITS].sum(),
            -tried[setting][:, half, FALSE_ALARMS].sum(),
        ),
        default=None,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ocr", type=Path, required=True)
    parser.add_argument("--shares", nargs="+", type=float, default=[0.5, 0.6, 0.7])
    parser.add_argument("--known", nargs="+", type=float, default=[0.24, 0.34])
    parser.add_argument("--longer", nargs="+", type=float, default=[0.0, 0.2, 0.4])
    parser.add_argument("--most", nargs="+", type=float, default=[5 / 3])
    parser.add_argument("--limit", type=float, default=0.5)
    args = parser.parse_args()
    options = {"beam": 10.0, "lm_weight": 0.5, "word_score": 3.0, "blank_penalty": 0.5}
    with tempfile.TemporaryDirectory() as scratch:
        graph, model = train(args.ocr, Path(scratch))
    mean = mean_unigram(model)
    levels = []
    for name in LEVELS:
        bench, _ = make_bench(args.ocr, name, graph, options)
        levels.append(Level(bench, split(name, len(bench.refs))))

    def measure(bias: Bias) -> NDArray[np.int64]:
        return np.stack([level.counts(bias) for level in levels])

    none, plain, default = measure(None), measure(1.5), measure(AutoBias(model, lm_weight=0.5))
    tried: dict[Setting, NDArray[np.int64]] = {}
    for share, known, longer, most in itertools.product(args.shares, args.known, args.longer, args.most):
        auto = AutoBias(model, lm_weight=0.5, share=share, average=known * mean, longer=longer, most=most)
        tried[share, known, longer, most] = measure(auto)
    print("| chosen on | strength | measured on | level | recall % | false alarms | changed | U-CER % |")
    print("|---|---|---|---|---|---|---|---|")
    show(tried, {"none": none, "1.5": plain, "default": default}, args.limit)


def show(
    tried: Mapping[Setting, NDArray[np.int64]], fixed: Mapping[str, NDArray[np.int64]], limit: float
) -> None:
    for chosen_on, measured_on in ((0, 1), (1, 0)):
        setting = choose(tried, fixed["none"], fixed["1.5"], chosen_on, limit)
        rows = dict(fixed)
        if setting is not None:
            share, known, longer, most = setting
            rows[f"share {share:g}, known {known:g}, longer {longer:g}, most {most:.2f}"] = tried[setting]
        for name, counts in rows.items():
            origin = f"half {chosen_on + 1}" if name.startswith("share") else "-"
            for level, figures in zip(LEVELS, counts[:, measured_on], strict=True):
                print(f"| {origin} | {name} | half {measured_on + 1} | {level} | {cells(figures)} |")
    for name, counts in fixed.items():
        for level, figures in zip(LEVELS, counts[:, 2], strict=True):
            print(f"| - | {name} | all | {level} | {cells(figures)} |")


if __name__ == "__main__":
    main()
