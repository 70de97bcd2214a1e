"""Which bias suits phones? Error rate, hotword recall and precision for a list and several biases.

    python benchmarks/hotword_bias.py --workload WL --lm lm_1m.arpa.xz [--kind phone] [--list 1000]
        [--scale 1.5] [--beam 12] [--biases 0 0.1 0.2 0.3 0.5 0.7 1 1.5] [--shares 0.4 0.6]

WL is what make_workload.py writes; half of its hotwords_N.txt is never spoken. Biases are in nats a unit (phones, for a
list that is matched over words), to be multiplied by the scale. "lm 0.6" is AutoBias with that share.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import tlg
from tlg.hotwords import AutoBias


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workload", type=Path, required=True)
    parser.add_argument("--lm", type=Path, required=True)
    parser.add_argument("--kind", default="phone")
    parser.add_argument("--list", default="1000")
    parser.add_argument("--scale", type=float, default=1.5)
    parser.add_argument("--beam", type=float, default=12.0)
    parser.add_argument("--biases", nargs="+", type=float, default=[0, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5])
    parser.add_argument("--shares", nargs="*", type=float, default=[0.4, 0.6])
    args = parser.parse_args()
    folder = args.workload / args.kind
    graph = tlg.build_graph(lexicon=folder / "lexicon.txt", tokens=folder / "tokens.txt", lm=args.lm)
    paths = sorted(folder.glob("*.npz"))
    inputs = [np.load(path)["log_probs"] for path in paths]
    rows = [
        line.split("\t") for line in (args.workload / "refs.tsv").read_text(encoding="utf-8").splitlines()
    ]
    spoken = {row[0]: row[-1] for row in rows}
    refs = {path.stem: spoken[path.stem] for path in paths}
    phrases = args.workload / f"hotwords_{args.list}.txt"
    print("| bias / scale | WER % | B-WER % | U-WER % | recall % | precision % |")
    print("|---|---|---|---|---|---|")
    model = tlg.lm.NgramModel.load(args.lm)
    strengths: dict[str, float | AutoBias] = {f"{bias:g}": bias * args.scale for bias in args.biases}
    strengths |= {f"lm {share:g}": AutoBias(model, share=share) for share in args.shares}
    for name, bias in strengths.items():
        hotwords = tlg.Hotwords(phrases, graph=graph, bias=bias)
        decoder = tlg.Decoder(graph, beam=args.beam, acoustic_scale=args.scale, hotwords=hotwords)
        texts = [result.text for result in decoder.decode_batch(inputs, threads=2)]
        report = tlg.score(refs, dict(zip(refs, texts, strict=True)), hotwords=phrases)
        found, hot, rest = report.hotwords, report.on_hotwords, report.on_rest
        assert found is not None and hot is not None and rest is not None
        recall, precision = 100 * (found.recall or 0), 100 * (found.precision or 0)
        rates = " | ".join(f"{100 * (rate or 0):.2f}" for rate in (report.rate, hot.rate, rest.rate))
        print(f"| {name} | {rates} | {recall:.1f} | {precision:.1f} |", flush=True)


if __name__ == "__main__":
    main()
