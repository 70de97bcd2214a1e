"""What do threads give? One utterance after the other beside batches and iterators on 1, 2 ... threads, in one run.

    python benchmarks/throughput.py --graph GRAPH --workload WL/phone [--beam 14] [--scale 1.5] [--threads 1 2]
        [--utterances 400] [--small 20] [--rounds 30]

GRAPH is a graph folder that fits the folder of .npz files (make_workload.py writes them). Posteriors are in memory;
checks and results are part of what is timed. The ways take turns; of each, the round with the least wall time is
shown, with its CPU time (all threads). On a machine that others use too, raise the priority (nice -n -15, as root) and
the number of rounds: wall time needs all cores at once. "small" is a batch of the first --small utterances alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tlg


def ways(
    decoder: tlg.Decoder, inputs: list[Any], small: int, threads: list[int]
) -> dict[str, Callable[[], Any]]:
    found: dict[str, Callable[[], Any]] = {"decode": lambda: [decoder.decode(x) for x in inputs]}
    for count in threads:
        found |= {
            f"decode_batch threads={count}": lambda n=count: decoder.decode_batch(inputs, threads=n),
            f"decode_iter threads={count}": lambda n=count: list(decoder.decode_iter(inputs, threads=n)),
            f"decode_iter as completed threads={count}": lambda n=count: list(
                decoder.decode_iter(inputs, threads=n, ordered=False)
            ),
            f"small decode_batch threads={count}": lambda n=count: decoder.decode_batch(
                inputs[:small], threads=n
            ),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--graph", type=Path, required=True)
    parser.add_argument("--workload", type=Path, required=True)
    parser.add_argument("--beam", type=float, default=14.0)
    parser.add_argument("--scale", type=float, default=1.5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--utterances", type=int, default=400)
    parser.add_argument("--small", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=30)
    args = parser.parse_args()
    files = sorted(args.workload.glob("*.npz"))[: args.utterances]
    inputs = [np.load(path)["log_probs"] for path in files]
    frames = sum(map(len, inputs))
    decoder = tlg.Decoder(args.graph, beam=args.beam, acoustic_scale=args.scale)
    timed = ways(decoder, inputs, args.small, args.threads)
    best: dict[str, tuple[float, float]] = {}
    for _ in range(args.rounds):
        for name, run in timed.items():
            cpu, wall = time.process_time(), time.perf_counter()
            run()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            best[name] = min(best.get(name, (wall, cpu)), (wall, cpu))
    print(f"{len(inputs)} utterances, {frames} frames, beam {args.beam:g}")
    print("| way | wall ms | CPU ms | frames/s | times as fast |")
    print("|---|---|---|---|---|")
    for name, (wall, cpu) in best.items():
        is_small = name.startswith("small")
        base = best[f"small decode_batch threads={args.threads[0]}" if is_small else "decode"]
        done = sum(map(len, inputs[: args.small])) if is_small else frames
        print(
            f"| {name} | {1e3 * wall:.1f} | {1e3 * cpu:.1f} | {done / wall:,.0f} | {base[0] / wall:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
