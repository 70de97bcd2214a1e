"""What does a hotword list cost the search?

    python benchmarks/hotword_speed.py --sets SETS --workload WL [--only phone graph ocr-hard] [--rounds 5]
        [--sizes 100 1000 100000] [--ocr OCR]

SETS is what decode_sets.py writes. Lists: phrases of one to three words drawn from the set's own words by their frequency rank
(Zipf), so that many are begun and some are spoken; for OCR, the set's names, then strings of 2 to 4 characters of its text.
User CPU of decode() and the text, from Python, one thread, without a list and with each list in turn; of each utterance the
least of all rounds counts. fired: hotwords in the results.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
from decode_workload import load

import tlg
from tlg._files import read_text


def word_phrases(graph: tlg.Graph, count: int) -> list[str]:
    """Return phrases of one to three words of the graph."""
    words = [word for word in graph.words[1:-3] if word.isalpha()]
    rng = np.random.default_rng(1)
    rng.shuffle(words)
    weights = 1 / np.arange(1, len(words) + 1)
    weights /= weights.sum()
    chosen: dict[str, None] = {}
    while len(chosen) < count:
        picks = rng.choice(len(words), size=(4096, 3), p=weights)
        for pick, length in zip(picks, rng.integers(1, 4, 4096), strict=True):
            chosen[" ".join(words[i] for i in pick[:length])] = None
    return list(chosen)[:count]


def character_phrases(ocr: Path, level: str, count: int) -> list[str]:
    """Return the names of a level, then strings cut from the text."""
    rows = [line.split("\t") for line in read_text(ocr / "hotwords.tsv").splitlines()[1:]]
    chosen = dict.fromkeys(row[1] for row in rows if row[0] == level)
    lines = [line.replace(" ", "") for line in read_text(ocr / "lm_text.txt.gz").splitlines()]
    rng = random.Random(1)
    while len(chosen) < count:
        line, length = rng.choice(lines), rng.randint(2, 4)
        start = rng.randint(0, max(0, len(line) - length))
        if len(phrase := line[start : start + length]) == length and phrase.isalpha():
            chosen[phrase] = None
    return list(chosen)[:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--ocr", type=Path)
    parser.add_argument("--only", nargs="+", default=["phone", "graph", "bpe", "ocr-hard"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[100, 1000, 100000])
    parser.add_argument("--utterances", type=int, default=300)
    parser.add_argument("--beam", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print("| set | phrases | us/frame | times without | fired |")
    print("|---|---|---|---|---|")
    for name in args.only:
        folder = args.sets / name
        about, _, inputs = load(folder, dense=False)
        inputs = inputs[: args.utterances]
        graph = tlg.Graph.load(folder / "lg")
        options: dict[str, Any] = {
            "beam": args.beam,
            "acoustic_scale": about["scale"],
            **{key: about[key] for key in ("word_score", "blank_penalty") if key in about},
        }
        decoders = {0: tlg.Decoder(graph, **options)}
        for size in args.sizes:
            if name.startswith("ocr"):
                phrases = character_phrases(args.ocr, name.removeprefix("ocr-"), size)
            else:
                phrases = word_phrases(graph, size)
            decoders[size] = tlg.Decoder(graph, hotwords=tlg.Hotwords(phrases, graph=graph), **options)
        least = {size: [float("inf")] * len(inputs) for size in decoders}
        fired = dict.fromkeys(decoders, 0)
        frames = sum(len(x) for x in inputs)
        for _ in range(args.rounds):
            for size, decoder in decoders.items():
                fired[size] = 0
                for i, x in enumerate(inputs):
                    begin = time.process_time()
                    result = decoder.decode(x)
                    text = result.text
                    least[size][i] = min(least[size][i], time.process_time() - begin)
                    fired[size] += len(result.hotwords)
                    assert isinstance(text, str)
        totals = {size: sum(seconds) for size, seconds in least.items()}
        for size, seconds in totals.items():
            ratio = "" if size == 0 else f"{seconds / totals[0]:.3f}"
            print(f"| {name} | {size} | {seconds / frames * 1e6:.3f} | {ratio} | {fired[size]} |", flush=True)


if __name__ == "__main__":
    main()
