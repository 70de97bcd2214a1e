"""Perplexities of all smoothing methods on the Penn Treebank, as docs/smoothing.md prints them.

    python -m benchmarks.ptb_table [--only PART] [--json]

Reads text/en/ptb.{train,valid,test}.txt.xz in $TLG_SHARED/data (default: shared/ beside the checkout), Mikolov's
preparation, with <unk> renamed to <oov> so that it is an ordinary word.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tlg.lm


@dataclass(frozen=True)
class Row:
    """One model.

    Args:
        name: what the table calls it.
        options: of tlg.lm.train.
        known: the perplexity of the test text that somebody else found for the same model; None: nobody did.
        source: who.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    known: float | None = None
    source: str = ""

    @property
    def command(self) -> str:
        """The options as `tlg lm train` takes them."""
        words = []
        for name, value in self.options.items():
            flag = f"--{name.replace('_', '-')}"
            if value is False:
                words.append(flag.replace("--", "--no-", 1))
            elif value is True:
                words.append(flag)
            elif isinstance(value, tuple):
                words.append(f"{flag} {' '.join(map(str, value))}")
            else:
                words.append(f"{flag} {value}")
        return " ".join(words)


def _closed(name: str, orders: dict[int, float | None], source: str, **options: Any) -> list[Row]:
    return [
        Row(name, {"order": order, **options, "closed_vocab": True}, known, source)
        for order, known in orders.items()
    ]


OWN = "float64 from the formulas"
LMPLZ = "lmplz + KenLM"
SRILM = "SRILM's defaults, float64"
ROWS: list[Row] = [
    *(
        Row("modified Kneser-Ney", {"order": order}, known, LMPLZ)
        for order, known in {2: 185.7049, 3: 148.2815, 4: 142.7156, 5: 141.1862, 6: 140.8369}.items()
    ),
    Row("modified Kneser-Ney", {"order": 5, "prune": (0, 0, 0, 0, 1)}, 141.4708, LMPLZ),
    Row("modified Kneser-Ney", {"order": 5, "prune": (0, 0, 1)}, 147.4003, LMPLZ),
    Row("modified Kneser-Ney", {"order": 4, "prune": (0, 1, 2)}, 166.5893, LMPLZ),
    Row("modified Kneser-Ney", {"order": 5, "prune": (0, 1, 2)}, 165.3852, LMPLZ),
    Row("modified Kneser-Ney", {"order": 3, "interpolate_unigrams": False}, 150.0707, LMPLZ),
    Row("modified Kneser-Ney", {"order": 5, "interpolate_unigrams": False}, 142.8900, LMPLZ),
    Row("modified Kneser-Ney", {"order": 3, "vocab_pad": 20000}, 149.1280, LMPLZ),
    Row("modified Kneser-Ney", {"order": 5, "count_of_counts": "exact"}),
    Row("modified Kneser-Ney", {"order": 5, "prune": (0, 0, 1), "prune_counts": "adjusted"}),
    Row("modified Kneser-Ney, backoff", {"order": 3, "backoff": True}),
    Row("modified Kneser-Ney, backoff", {"order": 5, "backoff": True}),
    *_closed("Kneser-Ney", {2: 186.80, 3: 150.60, 5: 143.51}, OWN, smoothing="kn"),
    *_closed(
        "Kneser-Ney, backoff",
        {3: 157.883},
        "kaldingram",
        smoothing="kn",
        backoff=True,
        count_of_counts="raw",
    ),
    *_closed(
        "absolute discounting",
        {2: 195.2747, 3: 166.4915, 4: 165.5634, 5: 165.8574},
        OWN,
        smoothing="absolute",
    ),
    *_closed("Witten-Bell", {2: 199.8363, 3: 186.3114, 4: 201.4507, 5: 209.1973}, OWN, smoothing="wb"),
    *_closed("Witten-Bell, backoff", {3: None}, "", smoothing="wb", backoff=True),
    *_closed("Katz (Good-Turing)", {3: 165.2308, 5: 162.2543}, SRILM, smoothing="katz"),
    *_closed("Katz (Good-Turing)", {3: 166.5769, 5: 173.6680}, OWN, smoothing="katz", prune=(0,)),
    *_closed("Jelinek-Mercer", {2: 206.56, 3: 177.02}, OWN, smoothing="jm", heldout="ptb.valid.txt"),
    *_closed(
        "Jelinek-Mercer, buckets", {3: None}, "", smoothing="jm", heldout="ptb.valid.txt", weight_buckets=True
    ),
    *_closed("add 1", {1: 639.7896, 2: 824.0316, 3: 3307.9177}, OWN, smoothing="laplace"),
    *_closed("add 0.01", {1: 639.3031, 2: 274.2710, 3: 1039.6616}, OWN, smoothing="addk", k=0.01),
]


def unpack(shared: Path, folder: Path) -> None:
    """Write ptb.train.txt, ptb.valid.txt and ptb.test.txt into a folder."""
    for part in ("train", "valid", "test"):
        text = lzma.decompress((shared / f"data/text/en/ptb.{part}.txt.xz").read_bytes())
        (folder / f"ptb.{part}.txt").write_bytes(text.replace(b"<unk>", b"<oov>"))


def measure(row: Row, folder: Path) -> float:
    """Train a row's model and return its perplexity on the test text."""
    options = dict(row.options)
    if "heldout" in options:
        options["heldout"] = folder / options["heldout"]
    model = tlg.lm.train(folder / "ptb.train.txt", **options)
    return model.perplexity(folder / "ptb.test.txt").ppl


def main() -> None:
    parser = argparse.ArgumentParser(description="Perplexities on the Penn Treebank by smoothing method.")
    parser.add_argument("--only", default="", help="rows whose name or command has this in it")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    shared = Path(os.environ.get("TLG_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpack(shared, folder)
        for row in ROWS:
            if arguments.only in f"{row.name} {row.command}":
                found.append((row, measure(row, folder)))
    if arguments.json:
        print(
            json.dumps([{"name": r.name, "options": r.command, "ppl": p, "known": r.known} for r, p in found])
        )
        return
    print("| method | `tlg lm train ptb.train.txt -o lm.arpa ...` | test ppl | known | by |")
    print("| --- | --- | --- | --- | --- |")
    for row, ppl in found:
        known = "" if row.known is None else f"{row.known:.7g}"
        print(f"| {row.name} | `{row.command}` | {ppl:.4f} | {known} | {row.source} |")


if __name__ == "__main__":
    main()
