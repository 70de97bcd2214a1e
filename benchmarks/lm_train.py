"""How long and how large is training? Text -> ARPA file, each run in a process of its own.

    python -m benchmarks.lm_train [--runs 3] [--json] [--only ptb_o3 ...]

Needs the larger data (see tests/conftest.py; $TLG_SHARED). The lmplz figures beside ours are those stored
with the goldens: another run, at another time, on a machine of the same kind; a ratio to them says roughly
where we stand and no more. User seconds and peak memory are the yardstick: the machine was shared.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

JOBS = {
    "ptb_o3": ("ptb.train", 3),
    "ptb_o5": ("ptb.train", 5),
    "books_o3": ("books", 3),
    "books_o4": ("books", 4),
}
CHILD = """
import json, resource, sys, time
import tlg.lm
start = time.perf_counter()
model = tlg.lm.train(sys.argv[1], order=int(sys.argv[2]))
trained = time.perf_counter()
model.save(sys.argv[3])
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "train_wall": trained - start, "save_wall": time.perf_counter() - trained,
    "user": used.ru_utime, "system": used.ru_stime, "peak_mb": used.ru_maxrss / 1024,
    "ngrams": model.counts}))
"""


def run(text: Path, order: int, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(text), str(order), str(folder / "lm.arpa")],
        check=True,
        capture_output=True,
        text=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description="Time and memory of tlg.lm.train.")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", nargs="+", choices=JOBS, default=list(JOBS))
    arguments = parser.parse_args()
    shared = Path(os.environ.get("TLG_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for job in arguments.only:
            corpus, order = JOBS[job]
            text = folder / corpus
            if not text.exists():
                data = lzma.decompress((shared / f"text/en/{corpus}.txt.xz").read_bytes())
                text.write_bytes(data.replace(b"<unk>", b"<oov>"))
            # The least disturbed run: the one that used least user time.
            best = min((run(text, order, folder) for _ in range(arguments.runs)), key=lambda r: r["user"])
            golden = json.loads((shared / f"lm_goldens/{job}.info.json").read_text(encoding="utf-8"))
            assert best["ngrams"] == golden["ngrams"]
            stored = golden["time"]
            results.append(
                {
                    "job": job,
                    **best,
                    "stored_lmplz_user": stored["user"],
                    "stored_lmplz_peak_mb": stored["rss_kb"] / 1024,
                }
            )
    if arguments.json:
        print(json.dumps(results, indent=1))
        return
    print(
        "job        train s  save s  user s  sys s  peak MB | stored lmplz: user s  peak MB | user, MB ratio"
    )
    for one in results:
        print(
            f"{one['job']:10} {one['train_wall']:7.2f} {one['save_wall']:7.2f} {one['user']:7.2f} "
            f"{one['system']:6.2f} {one['peak_mb']:8.0f} | {one['stored_lmplz_user']:20.2f} "
            f"{one['stored_lmplz_peak_mb']:8.0f} | {one['stored_lmplz_user'] / one['user']:5.1f} "
            f"{one['stored_lmplz_peak_mb'] / one['peak_mb']:5.1f}"
        )


if __name__ == "__main__":
    main()
