"""Where does the time of a decode go? The check, the search with the path, the result: us a frame, in one run.

    python benchmarks/profile_search.py --sets SETS [--only graph phone] [--beam 12] [--rounds 5]
    perf record -e cpu-clock python benchmarks/profile_search.py --sets SETS --only graph

SETS is what decode_sets.py writes. User time, one thread, the least of the rounds.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import decode_workload

from tlg.decoder.intake import intake


def least(rounds: int, way: Callable[[Any], Any], inputs: list[Any]) -> float:
    best = math.inf
    for _ in range(rounds):
        begin = decode_workload.user_time()
        for one in inputs:
            way(one)
        best = min(best, decode_workload.user_time() - begin)
    return best


def profile(name: str, args: argparse.Namespace) -> list[float]:
    """Return microseconds a frame: all, check, search and path, text, all fields."""
    about, _, inputs = decode_workload.load(args.sets / name, dense=True)
    decoder = decode_workload.make_decoder(args.sets / name, about, args.beam)
    width = len(decoder.graph.tokens)
    core, reader = decoder._core, decoder._reader
    found = [core.decode(x, None) for x in inputs]
    ways: tuple[Callable[[Any], Any], ...] = (
        lambda x: decoder.decode(x).text,
        lambda x: intake(x, width),
        lambda x: core.decode(x, None),
    )
    seconds = [least(args.rounds, way, inputs) for way in ways]
    seconds.append(least(args.rounds, lambda one: reader.result(one, None).text, found))
    seconds.append(least(args.rounds, lambda one: reader.result(one, None).__getstate__(), found))
    return [1e6 * one / sum(map(len, inputs)) for one in seconds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=["phone", "graph", "bpe", "babble10", "ocr-mid"])
    parser.add_argument("--beam", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print("| set | all | check of the rows | search and path | text | all fields |")
    print("|---|---|---|---|---|---|")
    for name in args.only:
        print(f"| {name} | " + " | ".join(f"{one:.3f}" for one in profile(name, args)) + " |", flush=True)


if __name__ == "__main__":
    main()
