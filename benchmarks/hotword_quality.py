"""What hotwords find and what they spoil: recall, false alarms, errors on the hotwords and on the rest.

    python benchmarks/hotword_quality.py --ocr OCR [--speech SPEECH] [--levels mid hard] [--biases 0.5 1 1.5 2]
        [--lm-biases 0.6] [--distractors 0 100 1000 10000] [--lm-weight 0.5] [--word-score 3] [--blank-penalty 0.5]

OCR: 400 real text lines a level with lists of true phrases (they occur), near ones and distractors (they do not), and
the texts that the character 4-gram is trained on. A row for each strength: "b" is nats a unit for every phrase alike; "lm b" is
AutoBias with share b: phrases that the model knows well need little help. Then, at two strengths, more and more
distractors: names of all levels that no reference of this one holds, then strings of 2 to 4 characters cut from the
model's text, likewise.

recall: of the occurrences of true phrases. false alarms: occurrences of any phrase of the list that the reference lacks. CER on
hotwords (B), on the rest (U). changed: lines without a true phrase whose text is not that of the search without
hotwords.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tlg
from tlg._files import read_text
from tlg.decoder.inputs import read_npz
from tlg.hotwords import AutoBias


class Lines:
    """A level of the OCR set: posteriors, references, phrases, and what is found without hotwords."""

    def __init__(self, folder: Path, level: str, graph: tlg.Graph, options: dict[str, Any]) -> None:
        rows = [line.split("\t") for line in read_text(folder / "refs.tsv").splitlines()[1:]]
        self.refs = [row[3] for row in rows if row[0] == level]
        self.frames = [frames for _, frames in read_npz(folder / f"{level}.npz")]
        rows = [line.split("\t") for line in read_text(folder / "hotwords.tsv").splitlines()[1:]]
        self.true = [row[1] for row in rows if row[0] == level and row[2] == "true"]
        self.others = [row[1] for row in rows if row[0] == level and row[2] != "true"]
        text = "\n".join(self.refs)
        self.names = list(dict.fromkeys(row[1] for row in rows if row[1] not in text))
        random.Random(1).shuffle(self.names)
        self.graph, self.options = graph, options
        self.plain = self.decode([], None)

    def decode(self, phrases: list[str], bias: float | AutoBias | None) -> list[str]:
        compiled = None if bias is None else tlg.Hotwords(phrases, graph=self.graph, bias=bias)
        decoder = tlg.Decoder(self.graph, hotwords=compiled, **self.options)
        return [result.text for result in decoder.decode_batch(self.frames, threads=2)]

    def row(self, phrases: list[str], bias: float | AutoBias | None) -> str:
        texts = self.decode(phrases, bias)
        true = tlg.score(self.refs, texts, unit="char", hotwords=self.true)
        listed = tlg.score(self.refs, texts, unit="char", hotwords=phrases)
        without = [not any(phrase in ref for phrase in self.true) for ref in self.refs]
        changed = sum(
            is_without and text != plain
            for is_without, text, plain in zip(without, texts, self.plain, strict=True)
        )
        assert true.hotwords is not None and listed.hotwords is not None
        assert true.on_hotwords is not None and true.on_rest is not None
        recall = true.hotwords.recall or 0.0
        precision = true.hotwords.hits / (true.hotwords.hits + listed.hotwords.false_alarms)
        return (
            f"{100 * recall:.1f} | {100 * precision:.1f} | {200 * recall * precision / (recall + precision):.1f} "
            f"| {listed.hotwords.false_alarms} | {100 * true.rate:.2f} | {100 * (true.on_hotwords.rate or 0):.2f} "
            f"| {100 * (true.on_rest.rate or 0):.2f} | {changed} |"
        )


def train(folder: Path, scratch: Path) -> tuple[tlg.Graph, tlg.lm.NgramModel]:
    """Return a graph of characters and its language model, a 4-gram of the set's texts."""
    texts = [folder / "lm_text.txt.gz", folder / "lm_text_aishell.txt.gz"]
    symbols = {line.rsplit(" ", 1)[0] for line in read_text(folder / "tokens.txt").splitlines()}
    used = sorted({c for path in texts for c in read_text(path).split()} & symbols)
    model = tlg.lm.train(texts, order=4)
    model.save(scratch / "lm.arpa")
    graph = tlg.build_graph(
        lexicon={c: [[c]] for c in used}, tokens=folder / "tokens.txt", lm=scratch / "lm.arpa"
    )
    return graph, tlg.lm.NgramModel.load(scratch / "lm.arpa")


def cut_distractors(texts: Iterable[Path], taken: str, count: int) -> list[str]:
    """Return strings of 2 to 4 characters from the texts that `taken` does not hold."""
    lines = [line.replace(" ", "") for path in texts for line in read_text(path).splitlines()]
    chosen: dict[str, None] = {}
    rng = random.Random(1)
    while len(chosen) < count:
        line, length = rng.choice(lines), rng.randint(2, 4)
        if len(line) < length:
            continue
        start = rng.randint(0, len(line) - length)
        phrase = line[start : start + length]
        if phrase not in taken and phrase.isalpha():
            chosen[phrase] = None
    return list(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ocr", type=Path, required=True)
    parser.add_argument("--levels", nargs="+", default=["easy", "mid", "hard"])
    parser.add_argument("--biases", nargs="+", type=float, default=[0.5, 1.0, 1.5, 2.0])
    parser.add_argument("--lm-biases", nargs="+", type=float, default=[0.4, 0.6, 0.8])
    parser.add_argument("--distractors", nargs="+", type=int, default=[0, 100, 1000, 10000])
    parser.add_argument("--beam", type=float, default=10.0)
    parser.add_argument("--lm-weight", type=float, default=0.5)
    parser.add_argument("--word-score", type=float, default=3.0)
    parser.add_argument("--blank-penalty", type=float, default=0.5)
    args = parser.parse_args()
    options = {
        "beam": args.beam,
        "lm_weight": args.lm_weight,
        "word_score": args.word_score,
        "blank_penalty": args.blank_penalty,
    }
    with tempfile.TemporaryDirectory() as scratch:
        graph, model = train(args.ocr, Path(scratch))

        def by_lm(share: float) -> AutoBias:
            return AutoBias(model, lm_weight=args.lm_weight, share=share)

        print(
            "| level | list | strength | recall % | precision % | F1 % | false alarms | CER % | B-CER % | U-CER % | changed |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|---|")
        for level in args.levels:
            lines = Lines(args.ocr, level, graph, options)
            phrases = lines.true + lines.others
            print(f"| {level} | {len(phrases)} | none | {lines.row(phrases, None)}", flush=True)
            for bias in args.biases:
                print(f"| {level} | {len(phrases)} | {bias:g} | {lines.row(phrases, bias)}", flush=True)
            for bias in args.lm_biases:
                print(
                    f"| {level} | {len(phrases)} | lm {bias:g} | {lines.row(phrases, by_lm(bias))}",
                    flush=True,
                )
            more = lines.names + cut_distractors(
                [args.ocr / "lm_text.txt.gz", args.ocr / "lm_text_aishell.txt.gz"],
                "\n".join(lines.refs),
                max(0, max(args.distractors, default=0) - len(lines.names)),
            )
            for count in args.distractors:
                phrases = list(dict.fromkeys(lines.true + more[:count]))
                for name, bias in (("1", 1.0), ("lm 0.6", by_lm(0.6))):
                    print(f"| {level} | true + {count} | {name} | {lines.row(phrases, bias)}", flush=True)


if __name__ == "__main__":
    main()
