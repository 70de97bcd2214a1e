"""What does it cost to change hotwords while streams run?

    python benchmarks/hotword_swap.py --graph GRAPH --workload WL/phone --lists HOT_A HOT_B [--streams 8] [--beam 12]
        [--scale 1.5]

GRAPH is a graph folder that fits the folder of .npz files (make_workload.py writes them); HOT_A and HOT_B are two hotword
files. Shown: compiling a list aside (read, spelled, compiled, made ready for the graph), assigning one that is ready,
and stream.use_hotwords(now=True) for streams in the middle of an utterance, from one list to the other and back. Wall
clock, microseconds; median and the 99th percentile.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import tlg
from tlg.decoder.inputs import read_inputs


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e6


def row(name: str, times: list[float]) -> None:
    print(f"| {name} | {np.median(times):,.1f} | {np.percentile(times, 99):,.1f} | {len(times)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--graph", type=Path, required=True)
    parser.add_argument("--workload", type=Path, required=True)
    parser.add_argument("--lists", type=Path, nargs=2, required=True)
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--beam", type=float, default=12.0)
    parser.add_argument("--scale", type=float, default=1.5)
    options = parser.parse_args()
    graph = tlg.Graph.load(options.graph)
    decoder = tlg.Decoder(graph, beam=options.beam, acoustic_scale=options.scale)
    compiling, assigning, changing = [], [], []
    lists = []
    for path in options.lists:
        start = time.perf_counter()
        decoder.hotwords = path
        compiling.append((time.perf_counter() - start) * 1e6)
        lists.append(decoder.hotwords)
    files = sorted(options.workload.glob("*.npz"))[:40]
    inputs = [frames for path in files for _, frames in read_inputs(path)]
    streams = [decoder.stream() for _ in range(options.streams)]
    turn = 0
    for number, frames in enumerate(inputs):
        stream = streams[number % len(streams)]
        stream.reset()
        for start in range(0, len(frames), 8):
            stream.push(frames[start : start + 8])
            turn += 1
            one = lists[turn % 2]
            assigning.append(timed(lambda one=one: setattr(decoder, "hotwords", one)))
            changing.append(timed(lambda stream=stream: stream.use_hotwords(now=True)))
        stream.finish()
    print("| | median us | 99 % us | times |\n|---|---|---|---|")
    row("compile aside", compiling)
    row("assign a list that is ready", assigning)
    row("a stream changes in mid-utterance", changing)


if __name__ == "__main__":
    main()
