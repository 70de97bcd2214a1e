"""What hotwords find and what they spoil in lines of Chinese text; hotword_table.py says what the columns are.

    python benchmarks/hotword_quality.py --ocr OCR [--levels mid hard] [--biases 0.5 1 1.5 2]
        [--lm-biases 0.6] [--distractors 0 100 1000 10000] [--lm-weight 0.5] [--word-score 3] [--blank-penalty 0.5]
        [--fixed 1 0.6]

OCR: 400 real text lines a level with lists of true phrases (they occur), near ones and distractors (they do not), and
the texts that the character 4-gram is trained on. A row for each strength: "b" is nats a unit for every phrase alike; "lm b"
is AutoBias with share b: phrases that the model knows well need little help. Then, at two strengths (--fixed: bias and
share), more and more distractors: names of all levels that no reference of this one holds, then strings of 2 to 4
characters cut from the model's text, likewise.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hotword_table import Workbench, print_head

import tlg
from tlg._files import read_text
from tlg.decoder.inputs import read_npz
from tlg.hotwords import AutoBias


def make_bench(
    folder: Path, level: str, graph: tlg.Graph, options: dict[str, Any]
) -> tuple[Workbench, list[str]]:
    """Return a level of the OCR set, and names of all levels that no reference of this one holds."""
    rows = [line.split("\t") for line in read_text(folder / "refs.tsv").splitlines()[1:]]
    refs = [row[3] for row in rows if row[0] == level]
    rows = [line.split("\t") for line in read_text(folder / "hotwords.tsv").splitlines()[1:]]
    text = "\n".join(refs)
    names = list(dict.fromkeys(row[1] for row in rows if row[1] not in text))
    random.Random(1).shuffle(names)
    bench = Workbench(
        name=level,
        refs=refs,
        frames=[frames for _, frames in read_npz(folder / f"{level}.npz")],
        true=[row[1] for row in rows if row[0] == level and row[2] == "true"],
        others=[row[1] for row in rows if row[0] == level and row[2] != "true"],
        unit="char",
        graph=graph,
        options=options,
        pronunciations={},
    )
    return bench, names


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
    parser.add_argument("--distractors", nargs="*", type=int, default=[0, 100, 1000, 10000])
    parser.add_argument("--fixed", nargs=2, type=float, default=[1.0, 0.6], metavar=("BIAS", "SHARE"))
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

        print_head("CER")
        for level in args.levels:
            bench, names = make_bench(args.ocr, level, graph, options)
            most = max(args.distractors, default=0)
            more = names + cut_distractors(
                [args.ocr / "lm_text.txt.gz", args.ocr / "lm_text_aishell.txt.gz"],
                "\n".join(bench.refs),
                max(0, most - len(names)),
            )
            bench.table(args.biases, args.lm_biases, by_lm, args.distractors, more, tuple(args.fixed))


if __name__ == "__main__":
    main()
