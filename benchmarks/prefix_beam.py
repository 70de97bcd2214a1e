"""How fast is decoding without a graph, and with one, beside the packages that people use today, on the same posteriors?

    python benchmarks/prefix_beam.py --workload WL --lm lm_1m.arpa --peers PYTHON [--pyctcdecode PYTHON]
        [--kind graph] [--utterances 200] [--rounds 2] [--hotwords 0 100] [--only NAME ...]

WL is what make_workload.py writes: KIND/uttNNNN.npz, KIND/tokens.txt, KIND/lexicon.txt, refs.tsv, hotwords_N.txt. --peers is
the Python of an environment with ctc-beam-decoder and flashlight-text; pyctcdecode needs one of its own (numpy < 2).
Each measurement is a process of its own, and the decoders take turns. CPU is user + system of decoding alone, one
thread, posteriors in memory, model loaded; the least of the rounds. Memory is the peak RSS of the process, with
Python, the language model and all posteriors. Options of the peers are those found best for them on this workload.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from launch import launch, python_of

Decode = Callable[[Any], str]


def ours(args: argparse.Namespace, folder: Path, **options: Any) -> Decode:
    import tlg
    from benchmarks.peers import words_of

    if args.count:
        options["hotwords"] = args.workload / f"hotwords_{args.count}.txt"
    decoder = tlg.PrefixDecoder(
        folder / "tokens.txt", lm=args.lm, lexicon=words_of(folder), lm_weight=0.8, word_score=3.0, **options
    )
    return lambda log_probs: decoder.decode(log_probs).text


def tlg_prefix(args: argparse.Namespace, folder: Path) -> Decode:
    return ours(args, folder, beam=8.0)


def tlg_prefix_wide(args: argparse.Namespace, folder: Path) -> Decode:
    return ours(args, folder, beam=12.0)


def tlg_prefix_open(args: argparse.Namespace, folder: Path) -> Decode:
    return ours(args, folder, beam=8.0, unk_score=-10.0)


def tlg_graph(args: argparse.Namespace, folder: Path, beam: float = 12.0) -> Decode:
    import tlg

    graph = args.graph / args.kind
    if not graph.exists():
        tlg.build_graph(lexicon=folder / "lexicon.txt", tokens=folder / "tokens.txt", lm=args.lm, out=graph)
    hotwords = args.workload / f"hotwords_{args.count}.txt" if args.count else None
    decoder = tlg.Decoder(graph, beam=beam, acoustic_scale=1.5, hotwords=hotwords)
    return lambda log_probs: decoder.decode(log_probs).text


def tlg_graph_narrow(args: argparse.Namespace, folder: Path) -> Decode:
    return tlg_graph(args, folder, beam=10.0)


def hot_list(args: argparse.Namespace) -> list[str] | None:
    if not args.count:
        return None
    path = args.workload / f"hotwords_{args.count}.txt"
    return [line.split("\t")[0] for line in path.read_text(encoding="utf-8").splitlines()]


def like_pyctcdecode(args: argparse.Namespace, folder: Path) -> Decode:
    from benchmarks import peers

    return peers.like_pyctcdecode(args.child, folder, args.lm, width=100, hotwords=hot_list(args))


def flashlight(args: argparse.Namespace, folder: Path) -> Decode:
    from benchmarks import peers

    return peers.flashlight(folder, args.lm, width=100)


OURS = {"tlg prefix": tlg_prefix, "tlg prefix wide": tlg_prefix_wide, "tlg prefix open": tlg_prefix_open}
OURS |= {"tlg graph": tlg_graph, "tlg graph narrow": tlg_graph_narrow}
PEERS = {"ctc-beam-decoder": like_pyctcdecode, "flashlight-text": flashlight, "pyctcdecode": like_pyctcdecode}
NO_HOTWORDS = {"flashlight-text"}


def peak_megabytes() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return math.nan
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def child(args: argparse.Namespace) -> None:
    folder = args.workload / args.kind
    paths = sorted(folder.glob("*.npz"))[: args.utterances]
    inputs = [np.load(path)["log_probs"] for path in paths]
    decode = {**OURS, **PEERS}[args.child](args, folder)
    for log_probs in inputs[:5]:
        decode(log_probs)
    begin = time.process_time()
    texts = [decode(log_probs) for log_probs in inputs]
    seconds = time.process_time() - begin
    frames = sum(len(one) for one in inputs)
    found = dict(zip((path.stem for path in paths), texts, strict=True))
    print(json.dumps({"us": 1e6 * seconds / frames, "mb": peak_megabytes(), "texts": found}))


def python_for(name: str, args: argparse.Namespace) -> Path | str | None:
    return python_of(name, own=sys.executable, peers=args.peers, pyctcdecode=args.pyctcdecode)


def measure(name: str, count: int, args: argparse.Namespace) -> dict[str, Any]:
    options = {option: getattr(args, option) for option in ("workload", "lm", "kind", "utterances", "graph")}
    return launch(python_for(name, args) or sys.executable, __file__, name, count=count, **options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workload", type=Path, required=True)
    parser.add_argument("--lm", type=Path, required=True)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--pyctcdecode", type=Path)
    parser.add_argument("--kind", default="graph", choices=["graph", "bpe"])
    parser.add_argument("--utterances", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--hotwords", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--graph", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args)
        return
    names = [name for name in (*OURS, *PEERS) if python_for(name, args) is not None]
    names = [name for name in names if args.only is None or name in args.only]
    with tempfile.TemporaryDirectory() as folder:
        args.graph = Path(folder)
        if "tlg graph" in names:
            measure("tlg graph", 0, args)  # builds the graph, which counts as memory in no other run
        table(names, args)


def table(names: list[str], args: argparse.Namespace) -> None:
    import tlg

    rows = [
        line.split("\t") for line in (args.workload / "refs.tsv").read_text(encoding="utf-8").splitlines()
    ]
    print(
        "| set | hotwords | decoder | WER % | us/frame | peak MB | us/frame by that of tlg prefix | of tlg graph |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for count in args.hotwords:
        best: dict[str, dict[str, Any]] = {}
        listed = [name for name in names if not count or name not in NO_HOTWORDS]
        for _ in range(args.rounds):
            for name in listed:
                found = measure(name, count, args)
                if name not in best or found["us"] < best[name]["us"]:
                    best[name] = found
        for name, found in best.items():
            refs = {row[0]: row[-1] for row in rows if row[0] in found["texts"]}
            rate = 100 * tlg.score(refs, found["texts"]).rate
            ratios = [
                f"{found['us'] / best[base]['us']:.1f}" if base in best else "-"
                for base in ("tlg prefix", "tlg graph")
            ]
            print(
                f"| {args.kind} | {count} | {name} | {rate:.2f} | {found['us']:.2f} | {found['mb']:.0f} | "
                f"{ratios[0]} | {ratios[1]} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
