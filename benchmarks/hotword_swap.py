"""What does it cost to change hotwords while streams run?

    python benchmarks/hotword_swap.py --graph GRAPH --workload WL/phone [--lists HOT_A HOT_B] [--sizes 100 1000 100000]
        [--streams 8] [--beam 12] [--scale 1.5]

GRAPH is a graph folder that fits the folder of .npz files (make_workload.py writes them); HOT_A and HOT_B are two hotword
files; by default, for each size, two lists with no phrase in common, of one to three words of the graph, frequent
ones more often (hotword_speed.py). Shown: compiling a list aside (read, spelled, compiled, made ready for the graph),
assigning one that is ready, and stream.use_hotwords(now=True) for streams in the middle of an utterance, from one list to
the other and back. Wall clock, microseconds: median, 99th percentile, the most.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hotword_speed import word_phrases

import tlg
from tlg.decoder.inputs import read_inputs


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e6


def row(size: str, name: str, times: list[float]) -> None:
    middle, late = np.median(times), np.percentile(times, 99)
    print(f"| {size} | {name} | {middle:,.1f} | {late:,.1f} | {max(times):,.1f} | {len(times)} |", flush=True)


def two_lists(graph: tlg.Graph, size: int) -> list[list[str]]:
    """Return two lists of that many phrases, none in both."""
    phrases = word_phrases(graph, 2 * size)
    return [phrases[::2], phrases[1::2]]


def measure(
    graph: tlg.Graph, inputs: Sequence[Any], sources: Sequence[Any], size: str, options: argparse.Namespace
) -> None:
    decoder = tlg.Decoder(graph, beam=options.beam, acoustic_scale=options.scale)
    compiling, assigning, changing = [], [], []
    lists = []
    for source in sources:
        compiling.append(timed(lambda source=source: setattr(decoder, "hotwords", source)))
        lists.append(decoder.hotwords)
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
    row(size, "compile aside", compiling)
    row(size, "assign a list that is ready", assigning)
    row(size, "a stream changes in mid-utterance", changing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--graph", type=Path, required=True)
    parser.add_argument("--workload", type=Path, required=True)
    parser.add_argument("--lists", type=Path, nargs=2)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 100000])
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--beam", type=float, default=12.0)
    parser.add_argument("--scale", type=float, default=1.5)
    options = parser.parse_args()
    graph = tlg.Graph.load(options.graph)
    files = sorted(options.workload.glob("*.npz"))[:40]
    if not files:
        parser.error(f"--workload {options.workload} holds no .npz: name one of its sets, say WL/phone")
    inputs = [frames for path in files for _, frames in read_inputs(path)]
    print("| phrases | | median us | 99 % us | most us | times |\n|---|---|---|---|---|---|")
    if options.lists:
        measure(graph, inputs, options.lists, "files", options)
        return
    for size in options.sizes:
        measure(graph, inputs, two_lists(graph, size), f"{size:,}", options)


if __name__ == "__main__":
    main()
