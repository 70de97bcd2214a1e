"""What does an hour of one utterance take in memory: a stream of the best path, a stream with lattices, the oracle path?

    python benchmarks/long_lattices.py --graph GRAPH --workload WL/phone --refs WL/refs.tsv [--hours 1]
        [--frame-shift 0.04] [--beam 12] [--scale 1.5] [--lattice-beam 8] [--chunk 25]

The utterances of the workload (make_workload.py) one after the other, until there are so many hours, as one. Memory is
what the process has beyond what it had before (Linux). The oracle path is that of the whole lattice against all references.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

import tlg


def megabytes(what: str = "VmRSS") -> float:
    """Return memory of this process, now or (VmHWM) at most since the last reset of the mark."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what + ":"))


def reset_peak() -> float:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return megabytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--graph", type=Path, required=True)
    parser.add_argument("--workload", type=Path, required=True)
    parser.add_argument("--refs", type=Path, required=True)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--frame-shift", type=float, default=0.04)
    parser.add_argument("--beam", type=float, default=12.0)
    parser.add_argument("--scale", type=float, default=1.5)
    parser.add_argument("--lattice-beam", type=float, default=8.0)
    parser.add_argument("--chunk", type=int, default=25)
    args = parser.parse_args()
    rows = (line.split("\t") for line in args.refs.read_text(encoding="utf-8").splitlines())
    refs = {row[0]: row[-1] for row in rows}
    files = sorted(args.workload.glob("*.npz"))
    wanted = args.hours * 3600 / args.frame_shift
    inputs: list[Any] = []
    words: list[str] = []
    while sum(map(len, inputs)) < wanted:
        path = files[len(inputs) % len(files)]
        inputs.append(np.load(path)["log_probs"])
        words += refs[path.stem].split()
    frames = sum(map(len, inputs))
    print(f"{frames} frames, {frames * args.frame_shift / 3600:.2f} h, {len(words)} words")
    options: dict[str, Any] = {"beam": args.beam, "acoustic_scale": args.scale}
    graph = tlg.Graph.load(args.graph)
    for name, more in {
        "best path": {},
        "lattice": {"lattice": True, "lattice_beam": args.lattice_beam},
    }.items():
        decoder = tlg.Decoder(graph, **options, **more)
        decoder.decode(inputs[0])
        stream = decoder.stream()
        before, begin = reset_peak(), time.process_time()
        for one in inputs:
            for start in range(0, len(one), args.chunk):
                stream.push(one[start : start + args.chunk])
        result = stream.finish()
        now, peak, seconds = megabytes(), megabytes("VmHWM"), time.process_time() - begin
        print(
            f"{name}: {peak - before:.1f} MB at most, {now - before:.1f} MB after finish(), {seconds:.1f} s CPU"
        )
    before, begin = reset_peak(), time.process_time()
    lattice = result.lattice
    assert lattice is not None
    peak, seconds = megabytes("VmHWM"), time.process_time() - begin
    print(f"{lattice!r} and confidences: {peak - before:.1f} MB at most, {seconds:.1f} s CPU")
    before, begin = reset_peak(), time.process_time()
    errors = lattice.oracle(words).errors
    peak, seconds = megabytes("VmHWM"), time.process_time() - begin
    table = lattice.core.num_states * (len(words) + 1) * 32 / 2**20
    print(
        f"oracle: {errors} errors, {peak - before:.1f} MB at most, {seconds:.1f} s CPU; as one table {table:,.0f} MB"
    )


if __name__ == "__main__":
    main()
