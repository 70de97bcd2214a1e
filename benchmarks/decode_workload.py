"""How fast is the search, and how large, beside kaldi-decoder on the same graph and posteriors in the same run?

    python benchmarks/decode_workload.py --sets SETS [--only phone graph] [--beams 12 14] [--rounds 3]

SETS is what decode_sets.py writes. tlg searches LG.fst with the CTC topology inside; kaldi-decoder (FasterDecoder,
min_active=0) searches the TLG.fst made from the same LG. Each measurement is a process of its own; they take turns.
CPU is user time of decoding alone, from Python, checks of the posteriors and results included, one thread, posteriors
in memory; the least of the rounds. Memory is the peak RSS of the whole process, with Python, the graph and all
posteriors of the set. "tlg sparse": the same frames as the 64 best of each, with the mass of the others.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

NAMES = ("phone", "graph", "bpe", "clean", "babble10", "ocr-mid", "ocr-hard")


def load(folder: Path, *, dense: bool) -> tuple[dict[str, Any], list[str], list[Any]]:
    """Return what set.json says, the utterances' names and their posteriors."""
    about = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    with np.load(folder / "posteriors.npz") as arrays:
        if "lengths" not in arrays:
            return about, list(arrays.files), [arrays[name] for name in arrays.files]
    from tlg.decoder.inputs import read_npz

    width = len((folder / "lg" / "tokens.txt").read_text(encoding="utf-8").splitlines())
    found = dict(read_npz(folder / "posteriors.npz"))
    frames = [to_dense(one, width) if dense else one for one in found.values()]
    return about, list(found), frames


def to_dense(frames: Any, width: int) -> Any:
    rest = frames.rest - np.log(np.float32(width - frames.ids.shape[1]))
    rows = np.repeat(rest[:, None].astype(np.float32), width, axis=1)
    np.put_along_axis(rows, frames.ids.astype(np.int64), frames.log_probs, axis=1)
    return rows


def user_time() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def timed(decode: Callable[[Any], str], inputs: list[Any]) -> tuple[float, list[str]]:
    for log_probs in inputs[:20]:
        decode(log_probs)
    best, texts = float("inf"), []
    spent = 0.0
    while spent < 1.0:  # short sets again and again
        begin = user_time()
        texts = [decode(log_probs) for log_probs in inputs]
        best = min(best, user_time() - begin)
        spent += user_time() - begin
    return best, texts


def make_decoder(folder: Path, about: dict[str, Any], beam: float) -> Any:
    import tlg

    return tlg.Decoder(
        folder / "lg",
        beam=beam,
        acoustic_scale=about["scale"],
        word_score=about.get("word_score", 0.0),
        blank_penalty=about.get("blank_penalty", 0.0),
        max_active=2**31 - 1,
    )


def run_tlg(folder: Path, about: dict[str, Any], inputs: list[Any], beam: float) -> tuple[float, list[str]]:
    decoder = make_decoder(folder, about, beam)
    return timed(lambda log_probs: decoder.decode(log_probs).text, inputs)


def run_kaldi(folder: Path, about: dict[str, Any], inputs: list[Any], beam: float) -> tuple[float, list[str]]:
    import kaldi_decoder
    import kaldifst

    fst = kaldifst.StdVectorFst.read(str(folder / "tlg" / "TLG.fst"))
    lines = (folder / "tlg" / "words.txt").read_text(encoding="utf-8").splitlines()
    words = {int(number): word for word, number in (line.rsplit(None, 1) for line in lines)}
    options = kaldi_decoder.FasterDecoderOptions(beam=beam, min_active=0)
    decoder = kaldi_decoder.FasterDecoder(fst, options)
    symbols = (folder / "lg" / "tokens.txt").read_text(encoding="utf-8").splitlines()
    blank = next(i for i, line in enumerate(symbols) if line.rsplit(None, 1)[0] in ("<blk>", "<blank>"))
    for log_probs in inputs:  # in place: no second copy of the posteriors is to count as memory
        log_probs *= np.float32(about["scale"])
        log_probs[:, blank] -= np.float32(about.get("blank_penalty", 0.0))
    joiner = "" if about["unit"] == "char" else " "

    def decode(log_probs: Any) -> str:
        decoder.decode(kaldi_decoder.DecodableCtc(log_probs))
        found, best = decoder.get_best_path()
        labels = kaldifst.get_linear_symbol_sequence(best)[2] if found else []
        return joiner.join(words[label] for label in labels if label)

    return timed(decode, inputs)


def peak_megabytes() -> float:
    """Of this process since its exec: ru_maxrss would begin at what its parent had."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def child(args: argparse.Namespace) -> None:
    folder = args.sets / args.only[0]
    about, names, inputs = load(folder, dense=args.child != "tlg sparse")
    run = run_kaldi if args.child == "kaldi-decoder" else run_tlg
    seconds, texts = run(folder, about, inputs, args.beams[0])
    frames = sum(len(one) for one in inputs)
    found = dict(zip(names, texts, strict=True))
    print(json.dumps({"us": 1e6 * seconds / frames, "mb": peak_megabytes(), "texts": found}))


def measure(decoder: str, name: str, beam: float, args: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", decoder, "--sets", str(args.sets)]
    command += ["--only", name, "--beams", str(beam)]
    made = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    return dict(json.loads(made.stdout))


def errors(folder: Path, texts: dict[str, str]) -> float:
    import tlg

    about = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    rows = [line.split("\t") for line in (folder / "refs.tsv").read_text(encoding="utf-8").splitlines()]
    refs = dict(zip(texts, (row[1] for row in rows), strict=True)) if about["unit"] == "char" else dict(rows)
    return 100 * tlg.score({key: refs[key] for key in texts}, texts, unit=about["unit"]).rate


def compare(name: str, beam: float, args: argparse.Namespace) -> None:
    folder = args.sets / name
    decoders = [one for one in args.decoders if one != "tlg sparse" or name.startswith("ocr")]
    best: dict[str, dict[str, Any]] = {}
    for _ in range(args.rounds):
        for decoder in decoders:
            found = measure(decoder, name, beam, args)
            if decoder not in best or found["us"] < best[decoder]["us"]:
                best[decoder] = found
    peer = best.get("kaldi-decoder")
    for decoder, found in best.items():
        ratios = "| | | |"
        if peer is not None and decoder != "kaldi-decoder":
            differ = sum(peer["texts"][key] != found["texts"][key] for key in found["texts"])
            faster, memory = peer["us"] / found["us"], found["mb"] / peer["mb"]
            ratios = f"| {faster:.2f} | {memory:.2f} | {differ} |"
        row = f"| {name} | {beam:g} | {decoder} | {errors(folder, found['texts']):.2f} | {found['us']:.3f} "
        print(f"{row}| {found['mb']:.0f} {ratios}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=list(NAMES))
    parser.add_argument("--beams", nargs="+", type=float, default=[12.0, 14.0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--decoders", nargs="+", default=["kaldi-decoder", "tlg", "tlg sparse"])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args)
        return
    print(
        "| set | beam | decoder | error % | us/frame | peak MB | times as fast | of the memory | texts that differ |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name in args.only:
        for beam in args.beams:
            compare(name, beam, args)


if __name__ == "__main__":
    main()
