"""Errors against speed: every decoder on the same posteriors and language model, over its own range of settings.

    python benchmarks/curves.py --sets SETS --workload WL --lm lm_1m.arpa.xz --out docs/img/curves.tsv
        [--peers PYTHON] [--pyctcdecode PYTHON] [--utterances 200] [--only NAME ...]

SETS is what decode_sets.py writes, WL what make_workload.py writes; the set is graph. --peers is the Python of an
environment with ctc-beam-decoder and flashlight-text, --pyctcdecode that of one with pyctcdecode. Each point is a
process of its own: CPU is user time of decoding, one thread, posteriors in memory, model loaded. plot_curves.py draws
what is written here.
"""

from __future__ import annotations

import argparse
import json
import lzma
import math
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from launch import launch, python_of

Decode = Callable[[Any], str]
BEAMS = (5, 6, 8, 10, 12, 14, 16)
SETTINGS: dict[str, tuple[float, ...]] = {
    "tlg": BEAMS,
    "kaldi-decoder, min_active=0": BEAMS,
    "kaldi-decoder, default": (8, 12, 16),
    "tlg.PrefixDecoder": (5, 7, 9, 12),
    "flashlight-text": (10, 25, 50, 100, 250),
    "ctc-beam-decoder": (10, 25, 100, 250),
    "pyctcdecode": (10, 25, 100),
}


def graph_decoder(args: argparse.Namespace) -> Decode:
    import tlg

    decoder = tlg.Decoder(
        args.sets / "graph" / "lg", beam=args.setting, acoustic_scale=1.5, max_active=2**31 - 1
    )
    return lambda log_probs: decoder.decode(log_probs).text


def kaldi_decoder(args: argparse.Namespace) -> Decode:
    import kaldi_decoder
    import kaldifst

    from benchmarks.peers import lines_of

    folder = args.sets / "graph" / "tlg"
    fst = kaldifst.StdVectorFst.read(str(folder / "TLG.fst"))
    words = {
        int(number): word
        for word, number in (line.rsplit(None, 1) for line in lines_of(folder / "words.txt"))
    }
    min_active = {} if args.child.endswith("default") else {"min_active": 0}
    options = kaldi_decoder.FasterDecoderOptions(beam=args.setting, **min_active)
    decoder = kaldi_decoder.FasterDecoder(fst, options)

    def decode(log_probs: Any) -> str:
        assert fst.start >= 0  # the decoder does not keep it alive
        decoder.decode(kaldi_decoder.DecodableCtc(log_probs * np.float32(1.5)))
        found, best = decoder.get_best_path()
        labels = kaldifst.get_linear_symbol_sequence(best)[2] if found else []
        return " ".join(words[label] for label in labels if label)

    return decode


def prefix_decoder(args: argparse.Namespace) -> Decode:
    import tlg
    from benchmarks.peers import words_of

    folder = args.workload / "graph"
    decoder = tlg.PrefixDecoder(
        folder / "tokens.txt",
        lm=args.arpa,
        lexicon=words_of(folder),
        lm_weight=0.65,
        word_score=2.0,
        beam=args.setting,
        token_beam=7.0,
    )
    return lambda log_probs: decoder.decode(log_probs).text


def like_pyctcdecode(args: argparse.Namespace) -> Decode:
    from benchmarks import peers

    return peers.like_pyctcdecode(args.child, args.workload / "graph", args.arpa, width=int(args.setting))


def flashlight(args: argparse.Namespace) -> Decode:
    from benchmarks import peers

    return peers.flashlight(args.workload / "graph", args.arpa, width=int(args.setting))


MAKERS: dict[str, Callable[[argparse.Namespace], Decode]] = {
    "tlg": graph_decoder,
    "kaldi-decoder, min_active=0": kaldi_decoder,
    "kaldi-decoder, default": kaldi_decoder,
    "tlg.PrefixDecoder": prefix_decoder,
    "flashlight-text": flashlight,
    "ctc-beam-decoder": like_pyctcdecode,
    "pyctcdecode": like_pyctcdecode,
}


def child(args: argparse.Namespace) -> None:
    paths = sorted((args.workload / "graph").glob("*.npz"))[: args.utterances]
    inputs = [np.load(path)["log_probs"] for path in paths]
    decode = MAKERS[args.child](args)
    for log_probs in inputs[:5]:
        decode(log_probs)
    best, spent, texts = math.inf, 0.0, []
    while spent < 0.5:  # quick decoders again and again
        begin = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        texts = [decode(log_probs) for log_probs in inputs]
        seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime - begin
        best, spent = min(best, seconds), spent + seconds
    found = dict(zip((path.stem for path in paths), texts, strict=True))
    print(json.dumps({"us": 1e6 * best / sum(map(len, inputs)), "texts": found}))


def python_for(name: str, args: argparse.Namespace) -> Path | str | None:
    return python_of(name, own=sys.executable, peers=args.peers, pyctcdecode=args.pyctcdecode)


def measure(name: str, setting: float, args: argparse.Namespace) -> dict[str, Any]:
    options = {option: getattr(args, option) for option in ("sets", "workload", "lm", "arpa", "utterances")}
    return launch(python_for(name, args) or sys.executable, __file__, name, setting=setting, **options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--workload", type=Path, required=True)
    parser.add_argument("--lm", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--pyctcdecode", type=Path)
    parser.add_argument("--utterances", type=int, default=200)
    parser.add_argument("--only", nargs="+", default=list(SETTINGS))
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--setting", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--arpa", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args)
        return
    if args.out is None:
        parser.error("--out is needed")
    import tlg

    names = [name for name in args.only if python_for(name, args) is not None]
    lines = (args.workload / "refs.tsv").read_text(encoding="utf-8").splitlines()
    refs = {row[0]: row[-1] for row in (line.split("\t") for line in lines)}
    rows = ["decoder\tsetting\terror %\tus/frame"]
    with tempfile.TemporaryDirectory() as folder:
        args.arpa = args.lm
        if args.lm.suffix == ".xz":  # the peers read plain ARPA
            args.arpa = Path(folder) / "lm.arpa"
            args.arpa.write_bytes(lzma.decompress(args.lm.read_bytes()))
        for name in names:
            for setting in SETTINGS[name]:
                found = measure(name, setting, args)
                rate = 100 * tlg.score({key: refs[key] for key in found["texts"]}, found["texts"]).rate
                rows.append(f"{name}\t{setting:g}\t{rate:.2f}\t{found['us']:.3f}")
                print(rows[-1], flush=True)
    args.out.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
