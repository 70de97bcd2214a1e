"""How fast are ARPA files read and written, beside the package kenlm in the same run? One thread, user seconds.

    python -m benchmarks.lm_files [--runs 5] [--json] [--only ptb_o5 books_o3]

Needs the larger data (see tests/conftest.py; $TLG_SHARED) and kenlm. A model is trained and written; "read" is
NgramModel.load up to the first answer, the query structure included, as kenlm.Model builds its own; "text to
arrays" is the reader alone; SRILM's order is the same file with each section sorted by prefix, "any order" one
that is shuffled. Each is done in a process of its own, the least user time of the runs counts; added MB is the
growth of the peak of memory. Runs alternate.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tlg.lm

JOBS = {"ptb_o5": ("ptb.train", 5), "books_o3": ("books", 3)}
CHILD = """
import json, resource, sys
what, path = sys.argv[1:]
if what == "kenlm":
    import kenlm
else:
    from tlg.lm import NgramModel
    from tlg.lm.arpa import read_arpa, write_arpa
if what == "write":
    core = read_arpa(path)
def peak_mb():  # of this program alone: ru_maxrss begins with its parent's
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024
peak = peak_mb()
before = resource.getrusage(resource.RUSAGE_SELF)
if what == "kenlm":
    kenlm.Model(path).score("the cat")
elif what == "read":
    NgramModel.load(path).score_sentence(["the", "cat"])
elif what == "write":
    write_arpa(core, path + ".again")
else:
    read_arpa(path)
after = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"user": after.ru_utime - before.ru_utime, "system": after.ru_stime - before.ru_stime,
                  "added_mb": peak_mb() - peak}))
"""


WORDS: dict[bytes, int] = {}  # of the file at hand, in the order of its unigrams


def measured(what: str, path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, what, str(path)], check=True, capture_output=True, text=True
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def reordered(path: Path, out: Path, change: Callable[[list[bytes]], None]) -> None:
    """Copy an ARPA file with the lines of the sections above the first in another order."""
    WORDS.clear()
    with path.open("rb") as stream, out.open("wb") as target:
        section: list[bytes] = []
        order = 0
        for line in stream:
            if line[:1] == b"\\" or line == b"\n":
                if order > 1:
                    change(section)
                target.writelines(section)
                section = []
                target.write(line)
                order = int(line[1:2]) if line[1:2].isdigit() else 0
            else:
                if order == 1:
                    WORDS[line.split(b"\t")[1].rstrip()] = len(WORDS)
                section.append(line)


def by_prefix(lines: list[bytes]) -> None:
    lines.sort(key=lambda line: [WORDS[word] for word in line.split(b"\t")[1].split()])


def text(shared: Path, name: str, folder: Path) -> Path:
    path = folder / f"{name}.txt"
    data = lzma.decompress((shared / "data" / "text" / "en" / f"{name}.txt.xz").read_bytes())
    path.write_bytes(data.replace(b"<unk>", b"<oov>"))
    return path


def run(job: str, shared: Path, folder: Path, runs: int) -> dict[str, Any]:
    name, order = JOBS[job]
    path = folder / f"{job}.arpa"
    tlg.lm.train(text(shared, name, folder), order=order).save(path)
    files = {"kenlm": path, "read": path, "text to arrays": path, "write": path}
    files["SRILM's order"] = folder / f"{job}.prefix.arpa"
    reordered(path, files["SRILM's order"], by_prefix)
    files["any order"] = folder / f"{job}.shuffled.arpa"
    reordered(path, files["any order"], random.Random(1).shuffle)
    best: dict[str, dict[str, float]] = {}
    for _ in range(runs):
        for what, file in files.items():
            one = measured(what, file)
            if what not in best or one["user"] < best[what]["user"]:
                best[what] = one
    return {"bytes": path.stat().st_size, **best, "ratio": best["kenlm"]["user"] / best["read"]["user"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=JOBS, default=list(JOBS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    shared = Path(os.environ.get("TLG_SHARED", root.parent / "shared"))
    for job in options.only:
        with tempfile.TemporaryDirectory() as folder:
            result = run(job, shared, Path(folder), options.runs)
        if options.json:
            print(json.dumps({job: result}, indent=1))
            continue
        print(f"{job}: {result['bytes'] / 1e6:.0f} MB of text")
        for what, one in result.items():
            if isinstance(one, dict):
                print(
                    f"  {what:15} {one['user']:6.2f} s user {one['system']:5.2f} s system "
                    f"{one['added_mb']:6.0f} MB added"
                )
        print(f"  kenlm / read: {result['ratio']:.2f}")


if __name__ == "__main__":
    main()
