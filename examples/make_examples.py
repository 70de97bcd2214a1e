"""Cuts examples/speech and examples/ocr out of the project's larger data.

    python examples/make_examples.py PATH_TO_SHARED_DATA

Needs the folders ctc/speech, ctc/ocr and text/en under that path. Run again, it writes the same bytes.
What the files are, and their licences, is in the README of each folder.
"""

from __future__ import annotations

import gzip
import io
import lzma
import sys
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
SPEECH_SET = "ljspeech_babble10"
OCR_LEVEL = "hard"
OCR_TOKENS_A_FRAME = 32
OCR_DEV_LINES = 80


def main(shared: Path) -> None:
    """Make both folders."""
    speech(shared / "ctc" / "speech", shared / "text" / "en" / "ljspeech_lm.txt.xz", HERE / "speech")
    ocr(shared / "ctc" / "ocr", HERE / "ocr")
    sizes = [path.stat().st_size for folder in ("speech", "ocr") for path in (HERE / folder).iterdir()]
    print(f"{sum(sizes)} bytes in {len(sizes)} files, the largest {max(sizes)}")


def speech(source: Path, lm_text: Path, out: Path) -> None:
    """LJ Speech with babble: every second utterance to dev, the others to test."""
    out.mkdir(exist_ok=True)
    text = lzma.decompress(lm_text.read_bytes()).decode()
    words_of_lm = set(text.split())
    rows = [line.split("\t") for line in read(source / f"{SPEECH_SET}.refs.tsv")]
    references = {name: words for name, words, _ in rows}
    arrays = np.load(source / f"{SPEECH_SET}.npz")
    for part, names in (("dev", list(references)[::2]), ("test", list(references)[1::2])):
        save_npz(out / f"{part}.npz", {name: arrays[name] for name in names})
        write(out / f"{part}.refs.tsv", [f"{name}\t{references[name]}" for name in names])
    write(out / "tokens.txt", read(source / "tokens.txt"))
    write(out / "lm_text.txt.xz", text.splitlines())
    hotwords = [line.split("\t") for line in read(source / "hotwords_ljspeech.tsv")]
    kept = {kind: [p for p, k in hotwords if k == kind] for kind in ("true", "distractor")}
    write_hotwords(out / "hotwords.txt", kept)
    # Of the words that the LM text lacks, the lexicon has the hotwords alone: nothing else of the references
    # is given away.
    wanted = words_of_lm | {p for p, _ in hotwords}
    lexicon = lzma.decompress((source / "lexicon.txt.xz").read_bytes()).decode().splitlines()
    write(out / "lexicon.txt.xz", [line for line in lexicon if line.split(maxsplit=1)[0] in wanted])


def ocr(source: Path, out: Path) -> None:
    """The AISHELL lines of one level, the best tokens of each frame; the first lines are dev."""
    out.mkdir(exist_ok=True)
    lm_lines = read(source / "lm_text_aishell.txt.gz")
    rows = [line.split("\t") for line in read(source / "refs.tsv")[1:]]
    rows = [row for row in rows if row[0] == OCR_LEVEL]
    packed = np.load(source / f"{OCR_LEVEL}.npz")
    ends = np.cumsum(packed["lengths"])
    frames = [slice(int(end - length), int(end)) for end, length in zip(ends, packed["lengths"], strict=True)]
    chosen = [i for i, row in enumerate(rows) if row[2] == "aishell"]
    for part, lines in (("dev", chosen[:OCR_DEV_LINES]), ("test", chosen[OCR_DEV_LINES:])):
        index = np.concatenate([np.arange(frames[i].start, frames[i].stop) for i in lines])
        logp = packed["logp"][index]
        cut = logp[:, OCR_TOKENS_A_FRAME:].astype(np.float64)
        rest = np.logaddexp(packed["rest"][index].astype(np.float64), np.logaddexp.reduce(cut, axis=1))
        save_npz(
            out / f"{part}.npz",
            {
                "ids": packed["ids"][index, :OCR_TOKENS_A_FRAME],
                "logp": logp[:, :OCR_TOKENS_A_FRAME],
                "rest": rest.astype(np.float16),
                "lengths": packed["lengths"][lines],
                "utterances": np.array([rows[i][1] for i in lines]),
            },
        )
        write(out / f"{part}.refs.tsv", [f"{rows[i][1]}\t{rows[i][3]}" for i in lines])
    write(out / "tokens.txt", read(source / "tokens.txt"))
    write(out / "lm_text.txt.xz", lm_lines)
    write_hotwords(out / "hotwords.txt", ocr_hotwords(source, [rows[i][3] for i in chosen], lm_lines))


def ocr_hotwords(source: Path, references: list[str], lm_lines: list[str]) -> dict[str, list[str]]:
    """Names of the kept lines; near misses of these; distractors that occur in the AISHELL text."""
    characters = Counter("".join(lm_lines))
    text = "\n".join(line.replace(" ", "") for line in lm_lines)
    phrases = [line.split("\t") for line in read(source / "hotwords.tsv")[1:]]
    phrases = [row for row in phrases if row[0] == OCR_LEVEL and all(c in characters for c in row[1])]
    true = [p for _, p, kind in phrases if kind == "true" and any(p in line for line in references)]
    near = [p for _, p, kind in phrases if kind == "near" and any(is_near(p, t) for t in true)]
    distractor = [p for _, p, kind in phrases if kind == "distractor" and p in text]
    return {"true": true, "near": near, "distractor": distractor}


def is_near(a: str, b: str) -> bool:
    """One character replaced, or one an extension of the other."""
    if len(a) == len(b):
        return sum(x != y for x, y in zip(a, b, strict=True)) == 1
    return a.startswith(b) or b.startswith(a) or a.endswith(b) or b.endswith(a)


def read(path: Path) -> list[str]:
    """Return the lines of a text, gzipped or not."""
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return text.decode("utf-8").removesuffix("\n").split("\n")


def write(path: Path, lines: list[str]) -> None:
    """Write lines, compressed if the suffix is .xz."""
    data = "".join(line + "\n" for line in lines).encode()
    path.write_bytes(lzma.compress(data, preset=9) if path.suffix == ".xz" else data)


def write_hotwords(path: Path, phrases: dict[str, list[str]]) -> None:
    """Write one list, its kinds as comments: a decoder is told nothing of them."""
    heads = {
        "true": "occur in the references (dev and test together)",
        "near": "one character away from one above, or a part of it; not in the references",
        "distractor": "not in the references",
    }
    lines = []
    for kind, listed in phrases.items():
        lines += [f"# {kind}: {len(listed)}, {heads[kind]}", *listed]
    write(path, lines)


def save_npz(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    """Write an .npz with the smallest deflate and no dates, so that the same data are the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy"), buffer.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9
            )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
