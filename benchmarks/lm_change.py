"""How long do pruning and mixing take, how large do they get, and what comes out?

    python -m benchmarks.lm_change [--json] [--only ptb_prune ...]

Needs the larger data (see tests/conftest.py; $TLG_SHARED). Each job is a process of its own; the seconds are
of processor time for the change alone, the memory is the peak of the process, reading the model included.
Where kaldingram (pip install kaldingram) is installed it prunes the same model, for comparison.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import lzma
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

COMMON = """
import json, resource, sys, time
import tlg.lm
folder = sys.argv[1]
def report(start, model, test):
    used = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(used, 2), "peak_mb": round(peak), "ngrams": model.counts,
                      "made_up": getattr(model.report, "suffixes", ()),
                      "ppl": round(model.perplexity(f"{folder}/{test}.test").ppl, 3)}))
"""
PRUNE = """
lm = tlg.lm.NgramModel.load(f"{folder}/%s.arpa")
start = time.process_time()
made = tlg.lm.prune(lm, %s)
report(start, made, "%s")
"""
MIX = """
models = [tlg.lm.NgramModel.load(f"{folder}/{name}.arpa") for name in ("ptb", "books")]
start = time.process_time()
made = tlg.lm.mix(models, %s, method="%s")
report(start, made, "ptb")
"""
JOBS: dict[str, str] = {}
for threshold in ("1e-8", "1e-7", "1e-6"):
    for suffixes in ("backoff", "keep"):
        options = f"{threshold}, suffixes='{suffixes}'"
        JOBS[f"ptb_prune_{threshold}_{suffixes}"] = PRUNE % ("ptb", options, "ptb")
for size in (400_000, 200_000, 100_000, 50_000):
    for history in ("chain", "stationary"):
        options = f"ngrams={size}, history='{history}'"
        JOBS[f"ptb_prune_{size}_{history}"] = PRUNE % ("ptb", options, "ptb")
JOBS["books_prune_1e-8"] = PRUNE % ("books", "1e-8", "books")
JOBS["books_prune_1e-8_stationary"] = PRUNE % ("books", "1e-8, history='stationary'", "books")
JOBS["books_prune_2000000"] = PRUNE % ("books", "ngrams=2_000_000", "books")
JOBS["mix_linear"] = MIX % ("[0.8, 0.2]", "linear")
JOBS["mix_heldout"] = MIX % ("heldout=f'{folder}/ptb.valid'", "linear")
JOBS["mix_loglinear"] = MIX % ("[0.8, 0.2]", "loglinear")
JOBS["mix_loglinear_heldout"] = MIX % ("heldout=f'{folder}/ptb.valid'", "loglinear")
TRAIN = "import sys, tlg.lm; tlg.lm.train(sys.argv[1], order=3).save(sys.argv[2])"


def prepare(folder: Path, shared: Path) -> None:
    for name in ("ptb", "books"):
        for part in ("train", "valid", "test"):
            packed = (
                shared
                / "text"
                / "en"
                / f"{'books' if (name, part) == ('books', 'train') else f'{name}.{part}'}.txt.xz"
            )
            text = lzma.decompress(packed.read_bytes()).replace(b"<unk>", b"<oov>")
            (folder / f"{name}.{part}").write_bytes(text)
        arguments = [str(folder / f"{name}.train"), str(folder / f"{name}.arpa")]
        subprocess.run([sys.executable, "-c", TRAIN, *arguments], check=True)


def run(code: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", COMMON + code, str(folder)], check=True, capture_output=True, text=True
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def kaldingram(folder: Path, threshold: str) -> dict[str, Any]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    command = [sys.executable, "-m", "kaldingram", "prune", "--threshold", threshold, "--verbose", "5"]
    command += ["--lm", str(folder / "ptb.arpa"), "--write-lm", str(folder / "theirs.arpa")]
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (folder / "theirs.arpa").open(encoding="utf-8") as lines:
        counts = [
            int(line.split("=")[1]) for _, line in zip(range(6), lines, strict=False) if line[:6] == "ngram "
        ]
    used = round(after.ru_utime - before.ru_utime, 2)
    return {"seconds": used, "wall": round(time.perf_counter() - start, 2), "ngrams": counts}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time, memory and results of pruning and mixing.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", nargs="+", choices=JOBS, default=list(JOBS))
    arguments = parser.parse_args()
    shared = Path(os.environ.get("TLG_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, shared)
        for job in arguments.only:
            results[job] = run(JOBS[job], folder)
            if not arguments.json:
                print(job, *(f"{key} {value}" for key, value in results[job].items()), flush=True)
        if importlib.util.find_spec("kaldingram"):
            for threshold in ("1e-8", "1e-7", "1e-6"):
                results[f"kaldingram_{threshold}"] = kaldingram(folder, threshold)
    if arguments.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
