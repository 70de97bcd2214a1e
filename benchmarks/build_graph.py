"""How long and how much memory does LG of a million n-grams take, beside kaldilm + kaldifst in the same run?

    python benchmarks/build_graph.py --workload WL --lm lm_1m.arpa [--kinds phone graph] [--runs 3]

WL is a folder with phone/ and graph/, each with lexicon.txt and tokens.txt; the LM is an ARPA file, perhaps
compressed. Every build is a process of its own; user + system CPU seconds and peak RSS are the process's,
less nothing: Python and imports are in both. Printed: the median of the runs, and the ratio.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def native(folder: Path, lm: Path, out: Path) -> tuple[int, int]:
    from tlg.decoder.graph import build_graph

    graph = build_graph(
        lexicon=folder / "lexicon.txt", tokens=folder / "tokens.txt", lm=lm, out=out / "graph"
    )
    return graph.fst.num_states, graph.fst.num_arcs


def kaldi(folder: Path, lm: Path, out: Path) -> tuple[int, int]:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from benchmarks.kaldi_route import build_lg

    fst, _ = build_lg(folder / "lexicon.txt", folder / "tokens.txt", lm)
    fst.write(str(out / "LG.fst"))
    from tlg import _core

    made = _core.Fst.read(str(out / "LG.fst"))
    return made.num_states, made.num_arcs


def child(route: str, folder: Path, lm: Path) -> None:
    with tempfile.TemporaryDirectory() as out:
        states, arcs = {"native": native, "kaldi": kaldi}[route](folder, lm, Path(out))
        size = sum(path.stat().st_size for path in Path(out).rglob("*.fst"))
    used = resource.getrusage(resource.RUSAGE_SELF)
    megabytes = used.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
    figures = {"cpu": used.ru_utime + used.ru_stime, "mb": megabytes, "states": states, "arcs": arcs}
    print(json.dumps({**figures, "bytes": size}))


def measure(route: str, folder: Path, lm: Path, runs: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", route, "--workload", str(folder), "--lm", str(lm)]
    found = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(runs)]
    return {key: statistics.median(one[key] for one in found) for key in found[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workload", type=Path, required=True)
    parser.add_argument("--lm", type=Path, required=True)
    parser.add_argument("--kinds", nargs="+", default=["phone", "graph"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.workload, options.lm)
        return
    from tlg._files import read_bytes

    with tempfile.TemporaryDirectory() as folder:
        lm = Path(folder, "lm.arpa")  # kaldilm reads no compressed files
        lm.write_bytes(read_bytes(options.lm))
        print(f"{'':16}{'CPU s':>8}{'peak MB':>9}{'states':>10}{'arcs':>10}{'MB':>7}")
        for kind in options.kinds:
            rows = {
                "tlg": measure("native", options.workload / kind, lm, options.runs),
                "kaldifst": measure("kaldi", options.workload / kind, lm, 1),
            }
            for name, row in rows.items():
                print(
                    f"{kind + ' ' + name:16}{row['cpu']:8.2f}{row['mb']:9.0f}{row['states']:10.0f}"
                    f"{row['arcs']:10.0f}{row['bytes'] / 1e6:7.1f}"
                )
            ours, theirs = rows["tlg"], rows["kaldifst"]
            print(
                f"{kind}: {theirs['cpu'] / ours['cpu']:.1f} x less CPU, {theirs['mb'] / ours['mb']:.1f} x less memory"
            )


if __name__ == "__main__":
    main()
