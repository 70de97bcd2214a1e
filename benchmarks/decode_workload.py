"""How fast is the search, and how large, beside kaldi-decoder on the same graph and posteriors in the same run?

    python benchmarks/decode_workload.py --workload WL --lm lm_1m.arpa.xz
        [--kinds phone graph] [--beams 12 14] [--rounds 3] [--scale 1.5]

WL is what make_workload.py writes: KIND/uttNNNN.npz, KIND/tokens.txt, KIND/lexicon.txt, refs.tsv, hotwords_N.txt.
tlg searches LG.fst with the CTC topology inside; kaldi-decoder (FasterDecoder, min_active=0) searches the TLG.fst that
`build-tlg --topology ctc` writes from the same LG. Each measurement is a process of its own; the two take turns. CPU is
user + system of decoding alone, one thread, posteriors in memory; the least of the rounds. Memory is the peak RSS of
the whole process, with Python, the graph and all posteriors of the kind.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np


def load(workload: Path, kind: str) -> tuple[list[str], list[Any]]:
    paths = sorted((workload / kind).glob("*.npz"))
    return [path.stem for path in paths], [np.load(path)["log_probs"] for path in paths]


def run_tlg(graph: Path, inputs: list[Any], args: argparse.Namespace) -> tuple[float, list[str]]:
    import tlg

    decoder = tlg.Decoder(graph, beam=args.beam, acoustic_scale=args.scale, max_active=2**31 - 1)
    for log_probs in inputs[:20]:
        decoder.decode(log_probs)
    begin = time.process_time()
    texts = [decoder.decode(log_probs).text for log_probs in inputs]
    return time.process_time() - begin, texts


def run_kaldi(graph: Path, inputs: list[Any], args: argparse.Namespace) -> tuple[float, list[str]]:
    import kaldi_decoder
    import kaldifst

    fst = kaldifst.StdVectorFst.read(str(graph / "TLG.fst"))
    lines = (graph / "words.txt").read_text(encoding="utf-8").splitlines()
    words = {int(number): word for word, number in (line.rsplit(None, 1) for line in lines)}
    options = kaldi_decoder.FasterDecoderOptions(beam=args.beam, min_active=0)
    decoder = kaldi_decoder.FasterDecoder(fst, options)
    for log_probs in inputs:  # in place: no second copy of the posteriors is to count as memory
        log_probs *= np.float32(args.scale)

    def decode(log_probs: Any) -> str:
        decoder.decode(kaldi_decoder.DecodableCtc(log_probs))
        found, best = decoder.get_best_path()
        labels = kaldifst.get_linear_symbol_sequence(best)[2] if found else []
        return " ".join(words[label] for label in labels if label)

    for log_probs in inputs[:20]:
        decode(log_probs)
    begin = time.process_time()
    texts = [decode(log_probs) for log_probs in inputs]
    return time.process_time() - begin, texts


def peak_megabytes() -> float:
    """Of this process since its exec: ru_maxrss would begin at what its parent had."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def child(args: argparse.Namespace) -> None:
    names, inputs = load(args.workload, args.kinds[0])
    seconds, texts = {"tlg": run_tlg, "kaldi-decoder": run_kaldi}[args.child](args.graph, inputs, args)
    frames = sum(len(one) for one in inputs)
    megabytes = peak_megabytes()
    found = dict(zip(names, texts, strict=True))
    print(json.dumps({"us": 1e6 * seconds / frames, "mb": megabytes, "texts": found}))


def measure(name: str, graph: Path, kind: str, beam: float, args: argparse.Namespace) -> dict[str, Any]:
    command = [
        sys.executable,
        __file__,
        "--child",
        name,
        "--graph",
        str(graph),
        "--workload",
        str(args.workload),
    ]
    command += [
        "--kinds",
        kind,
        "--beam",
        str(beam),
        "--scale",
        str(args.scale),
    ]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def build(workload: Path, kind: str, lm: Path, out: Path) -> None:
    """Write LG.fst for tlg and TLG.fst (vector: what kaldifst reads) for kaldi-decoder."""
    import tlg

    files: dict[str, Any] = {
        "lexicon": workload / kind / "lexicon.txt",
        "tokens": workload / kind / "tokens.txt",
    }
    tlg.build_graph(**files, lm=lm, out=out / "lg")
    tlg.build_graph(**files, lm=lm, out=out / "tlg", topology="ctc", fst_type="vector")


def word_errors(workload: Path, texts: dict[str, str]) -> float:
    import tlg

    rows = [line.split("\t") for line in (workload / "refs.tsv").read_text(encoding="utf-8").splitlines()]
    refs = {row[0]: row[-1] for row in rows if row[0] in texts}
    return tlg.score(refs, texts).rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workload", type=Path, required=True)
    parser.add_argument("--lm", type=Path)
    parser.add_argument("--kinds", nargs="+", default=["phone", "graph"])
    parser.add_argument("--beams", nargs="+", type=float, default=[12.0, 14.0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.5)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--graph", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--beam", type=float, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args)
        return
    if args.lm is None:
        parser.error("--lm is needed")
    print("| set | beam | decoder | WER % | us/frame | peak MB |")
    print("|---|---|---|---|---|---|")
    for kind in args.kinds:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            build(args.workload, kind, args.lm, out)
            for beam in args.beams:
                compare(out, kind, beam, args)


def compare(out: Path, kind: str, beam: float, args: argparse.Namespace) -> None:
    best: dict[str, dict[str, Any]] = {}
    for _ in range(args.rounds):
        for name, graph in (("kaldi-decoder", out / "tlg"), ("tlg", out / "lg")):
            found = measure(name, graph, kind, beam, args)
            if name not in best or found["us"] < best[name]["us"]:
                best[name] = found
    for name, found in best.items():
        rate = 100 * word_errors(args.workload, found["texts"])
        print(
            f"| {kind} | {beam:g} | {name} | {rate:.2f} | {found['us']:.2f} | {found['mb']:.0f} |", flush=True
        )
    peer, ours = best["kaldi-decoder"], best["tlg"]
    differ = sum(peer["texts"][name] != ours["texts"][name] for name in ours["texts"])
    ratios = f"{peer['us'] / ours['us']:.2f} times as fast, {ours['mb'] / peer['mb']:.2f} of the memory"
    print(
        f"| {kind} | {beam:g} | tlg against kaldi-decoder | {differ} texts differ | {ratios} | |", flush=True
    )


if __name__ == "__main__":
    main()
