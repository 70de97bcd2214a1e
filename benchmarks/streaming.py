"""What do streams cost beside decode()? CPU time of a frame, by the size of the chunks, in one run.

    python benchmarks/streaming.py --graph GRAPH --workload WL/phone [--beam 12] [--scale 1.5] [--rounds 3]
        [--chunks 1 4 16 64] [--utterances 1000]

GRAPH is a graph folder that fits the folder of .npz files (make_workload.py writes them). Whole is decode(); the others
push chunks and finish, with partial results unread and with the text read after each chunk. The least of the rounds;
the ways take turns. User and system time, one thread, posteriors in memory.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tlg


def whole(decoder: tlg.Decoder, inputs: list[Any]) -> Callable[[], None]:
    def run() -> None:
        for frames in inputs:
            decoder.decode(frames)

    return run


def streamed(decoder: tlg.Decoder, inputs: list[Any], chunk: int, *, read: bool) -> Callable[[], None]:
    def run() -> None:
        stream = decoder.stream()
        for frames in inputs:
            for start in range(0, len(frames), chunk):
                if read:
                    _ = stream.push(frames[start : start + chunk]).text
                else:
                    stream.push(frames[start : start + chunk])
            stream.finish()
            stream.reset()

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--graph", type=Path, required=True)
    parser.add_argument("--workload", type=Path, required=True)
    parser.add_argument("--beam", type=float, default=12.0)
    parser.add_argument("--scale", type=float, default=1.5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chunks", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--utterances", type=int, default=1000)
    args = parser.parse_args()
    files = sorted(args.workload.glob("*.npz"))[: args.utterances]
    inputs = [np.load(path)["log_probs"] for path in files]
    decoder = tlg.Decoder(args.graph, beam=args.beam, acoustic_scale=args.scale, max_active=2**31 - 1)
    ways = {"whole": whole(decoder, inputs)}
    for chunk in args.chunks:
        ways[f"{chunk}"] = streamed(decoder, inputs, chunk, read=False)
        ways[f"{chunk}, text read"] = streamed(decoder, inputs, chunk, read=True)
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(args.rounds):
        for name, run in ways.items():
            begin = time.process_time()
            run()
            least[name] = min(least[name], time.process_time() - begin)
    frames = sum(map(len, inputs))
    print("| frames a chunk | us/frame | of decode() |")
    print("|---|---|---|")
    for name, seconds in least.items():
        print(f"| {name} | {1e6 * seconds / frames:.2f} | {seconds / least['whole']:.2f} |")


if __name__ == "__main__":
    main()
