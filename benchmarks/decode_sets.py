"""The sets that the decoders are compared on, made once: posteriors, references, LG.fst and TLG.fst.

    python benchmarks/decode_sets.py --out SETS --workload WL --lm lm_1m.arpa.xz
        [--speech SPEECH] [--ocr OCR] [--only phone ...] [--ocr-lines 100]

phone, graph, bpe: what make_workload.py writes (WL/KIND/uttNNNN.npz, tokens.txt, lexicon.txt; WL/refs.tsv).
clean, babble10: LJ Speech posteriors (float16, 191 columns, renormalised here and cut to the columns that the lexicon
uses) with the same language model; ``<wb>`` may follow a word. ocr-mid, ocr-hard: 18,710 characters, the 64 best of
each frame listed; a character 4-gram trained here from the set's text. A set is a folder: posteriors.npz, refs.tsv,
set.json, lg/ (for tlg), tlg/ (TLG.fst of type vector for kaldi-decoder: exact CTC topology; for ocr, where that would
have 3e8 arcs in T alone, ctc-compact, which lets a character repeat without a blank).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import tlg
from tlg._files import read_text

EXACT, COMPACT = "ctc", "ctc-compact"


def write_set(
    folder: Path,
    posteriors: dict[str, Any],
    refs: dict[str, str],
    topology: str,
    about: dict[str, Any],
    **files: Any,
) -> None:
    """Write one set; `files` is what build_graph takes."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "posteriors.npz", **posteriors)
    (folder / "refs.tsv").write_text("".join(f"{k}\t{v}\n" for k, v in refs.items()), encoding="utf-8")
    tlg.build_graph(**files, out=folder / "lg")
    tlg.build_graph(**files, out=folder / "tlg", topology=topology)
    reward_words(folder / "tlg" / "TLG.fst", about.get("word_score", 0.0))
    tlg.Graph.load(folder / "tlg").save(folder / "tlg", fst_type="vector")
    (folder / "set.json").write_text(json.dumps({"topology": topology, **about}), encoding="utf-8")


def reward_words(path: Path, score: float) -> None:
    """Work a score for each word into a const transducer: kaldi-decoder has no such option."""
    arcs = tlg.Graph.load(path.parent).fst.num_arcs
    if score:
        data = np.memmap(path, np.int32, "r+")[-4 * arcs :].reshape(arcs, 4)
        data[:, 2].view(np.float32)[data[:, 1] != 0] -= np.float32(score)
        data.flush()


def workload(kind: str, args: argparse.Namespace) -> None:
    source = args.workload / kind
    rows = [
        line.split("\t") for line in (args.workload / "refs.tsv").read_text(encoding="utf-8").splitlines()
    ]
    write_set(
        args.out / kind,
        {path.stem: np.load(path)["log_probs"] for path in sorted(source.glob("*.npz"))},
        {row[0]: row[-1] for row in rows},
        EXACT,
        {"scale": 1.5, "unit": "word"},
        lexicon=source / "lexicon.txt",
        tokens=source / "tokens.txt",
        lm=args.lm,
    )


def lm_words(path: Path) -> set[str]:
    """Return the words of an ARPA file."""
    words, inside = set(), False
    for line in read_text(path).splitlines():
        if line.startswith("\\1-grams"):
            inside = True
        elif line.startswith("\\2-grams"):
            return words
        elif inside and line.strip():
            words.add(line.split("\t")[1].strip())
    return words


def speech(name: str, args: argparse.Namespace) -> None:
    stored = "ljspeech" if name == "clean" else f"ljspeech_{name}"
    known = lm_words(args.lm)
    lines = read_text(args.speech / "lexicon.txt.xz").splitlines()
    lexicon = [line for line in lines if line.split()[0] in known]
    symbols = [
        line.rsplit(None, 1)[0]
        for line in (args.speech / "tokens.txt").read_text(encoding="utf-8").splitlines()
    ]
    used = {token for line in lexicon for token in line.split()[1:]} | {"<wb>", "<blank>"}
    columns = [i for i, symbol in enumerate(symbols) if symbol in used]
    posteriors = {}
    with np.load(args.speech / f"{stored}.npz") as arrays:
        for key in arrays.files:
            x = arrays[key].astype(np.float32)[:, columns]
            posteriors[key] = x - np.logaddexp.reduce(x, axis=1, keepdims=True)
    rows = [
        line.split("\t")
        for line in (args.speech / f"{stored}.refs.tsv").read_text(encoding="utf-8").splitlines()
    ]
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "lexicon.txt").write_text("\n".join(lexicon) + "\n", encoding="utf-8")
        tokens = "".join(f"{symbols[column]} {i}\n" for i, column in enumerate(columns))
        (Path(scratch) / "tokens.txt").write_text(tokens, encoding="utf-8")
        write_set(
            args.out / name,
            posteriors,
            {row[0]: row[1] for row in rows},
            EXACT,
            {"scale": 1.5, "unit": "word"},
            lexicon=Path(scratch) / "lexicon.txt",
            tokens=Path(scratch) / "tokens.txt",
            lm=args.lm,
            separator="<wb>",
            separator_prob=0.75,
        )


def ocr(name: str, args: argparse.Namespace) -> None:
    level = name.removeprefix("ocr-")
    with np.load(args.ocr / f"{level}.npz") as arrays:
        lengths = arrays["lengths"][: args.ocr_lines]
        frames = int(lengths.sum())
        packed = {key: arrays[key][:frames] for key in ("ids", "logp", "rest")} | {"lengths": lengths}
    rows = [line.split("\t") for line in (args.ocr / "refs.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    refs = [row[3] for row in rows if row[0] == level][: args.ocr_lines]
    texts = [args.ocr / "lm_text.txt.gz", args.ocr / "lm_text_aishell.txt.gz"]
    symbols = [
        line.rsplit(" ", 1)[0] for line in (args.ocr / "tokens.txt").read_text(encoding="utf-8").splitlines()
    ]
    used = {c for path in texts for c in read_text(path).split()} & set(symbols)
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "lexicon.txt").write_text(
            "".join(f"{c} {c}\n" for c in sorted(used)), encoding="utf-8"
        )
        tlg.lm.train(texts, order=4).save(Path(scratch) / "lm.arpa")
        write_set(
            args.out / name,
            packed,
            {f"{i:06}": ref for i, ref in enumerate(refs)},
            COMPACT,
            {"scale": 1.0, "word_score": 6.0, "blank_penalty": 0.5, "unit": "char"},
            lexicon=Path(scratch) / "lexicon.txt",
            tokens=args.ocr / "tokens.txt",
            lm=Path(scratch) / "lm.arpa",
        )


MAKERS: dict[str, Callable[[str, argparse.Namespace], None]] = {
    "phone": workload,
    "graph": workload,
    "bpe": workload,
    "clean": speech,
    "babble10": speech,
    "ocr-mid": ocr,
    "ocr-hard": ocr,
}


def wanted(args: argparse.Namespace) -> Iterator[tuple[str, Callable[[str, argparse.Namespace], None]]]:
    sources = {workload: args.workload, speech: args.speech, ocr: args.ocr}
    for name, make in MAKERS.items():
        if sources[make] is not None and (not args.only or name in args.only):
            yield name, make


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workload", type=Path)
    parser.add_argument("--lm", type=Path, required=True)
    parser.add_argument("--speech", type=Path)
    parser.add_argument("--ocr", type=Path)
    parser.add_argument("--ocr-lines", type=int, default=100)
    parser.add_argument("--only", nargs="+", choices=sorted(MAKERS))
    args = parser.parse_args()
    for name, make in wanted(args):
        make(name, args)
        print(f"{name}: written", flush=True)


if __name__ == "__main__":
    main()
