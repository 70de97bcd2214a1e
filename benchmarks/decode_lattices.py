"""What n-best lists, lattices, confidences and minimum Bayes risk cost beside the best path alone.

    python benchmarks/decode_lattices.py --workload WL --lm lm_1m.arpa.xz
        [--kind phone] [--beam 12] [--scale 1.5] [--lattice-beams 4 6 8] [--rounds 3]

WL is what make_workload.py writes (see decode_workload.py). One process, one graph, one thread; the ways of decoding
take turns, all utterances at a time. CPU is user + system of ``decode`` and of reading the text, and, but for "kept", the
n-best texts, the lattice and the confidences; the least of the rounds. What nobody reads is not worked out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import tlg

WAYS: dict[str, dict[str, Any]] = {
    "lattice, kept": {"lattice": True},
    "10 best": {"nbest": 10},
    "lattice, confidence": {"lattice": True},
    "lattice, confidence, minimum Bayes risk": {"lattice": True, "mbr": True},
}


def read(result: tlg.Result, way: str) -> int:
    """Ask for what is there; the number of arcs of the lattice."""
    assert result.text is not None
    if way.endswith("kept"):
        return 0
    for one in result.nbest or ():
        assert one.text is not None
    return result.lattice.core.num_arcs if result.lattice is not None else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workload", type=Path, required=True)
    parser.add_argument("--lm", type=Path, required=True)
    parser.add_argument("--kind", default="phone")
    parser.add_argument("--beam", type=float, default=12.0)
    parser.add_argument("--scale", type=float, default=1.5)
    parser.add_argument("--lattice-beams", nargs="+", type=float, default=[4.0, 6.0, 8.0])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    folder = args.workload / args.kind
    inputs = [np.load(path)["log_probs"] for path in sorted(folder.glob("*.npz"))]
    with tempfile.TemporaryDirectory() as out:
        files = {"lexicon": folder / "lexicon.txt", "tokens": folder / "tokens.txt"}
        graph = tlg.build_graph(**files, lm=args.lm, out=Path(out) / "graph")
        common: dict[str, Any] = {
            "beam": args.beam,
            "acoustic_scale": args.scale,
            "max_active": 2**31 - 1,
        }
        decoders = {("best path", 0.0): tlg.Decoder(graph, **common)}
        for beam in args.lattice_beams:
            for name, options in WAYS.items():
                decoders[name, beam] = tlg.Decoder(graph, **common, **options, lattice_beam=beam)
        least = dict.fromkeys(decoders, float("inf"))
        arcs = dict.fromkeys(decoders, 0)
        for _ in range(args.rounds):
            spent = dict.fromkeys(decoders, 0.0)
            arcs = dict.fromkeys(decoders, 0)
            for way, decoder in decoders.items():
                for log_probs in inputs:
                    begin = time.process_time()
                    found = read(decoder.decode(log_probs), way[0])
                    spent[way] += time.process_time() - begin
                    arcs[way] += found
            least = {way: min(least[way], spent[way]) for way in decoders}
    base = least["best path", 0.0]
    print("| way | lattice_beam | us an utterance | more | arcs |")
    print("|---|---|---|---|---|")
    for (name, beam), seconds in least.items():
        shown = f"{beam:g}" if beam else ""
        each = f"{arcs[name, beam] / len(inputs):.0f}" if arcs[name, beam] else ""
        more = f"{100 * (seconds / base - 1):+.0f} %" if beam else ""
        print(f"| {name} | {shown} | {1e6 * seconds / len(inputs):.0f} | {more} | {each} |")


if __name__ == "__main__":
    main()
