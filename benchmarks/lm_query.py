"""How fast are queries and loading, beside the package kenlm in the same run? One thread, user seconds.

    python -m benchmarks.lm_query [--runs 7] [--json] [--only ptb_o5 books_o3]

Needs the larger data (see tests/conftest.py; $TLG_SHARED) and kenlm. A model is trained and written as ARPA
and as a binary file; both programs read the ARPA file. "text" is NgramModel.perplexity: it reads the test file,
splits it, scores it, and looks at its beginning for what is odd; "core_text" is the scoring alone, from bytes
in memory to sums; "mapped_text" is "text" from the binary file; "ids" is score_sentences from arrays; kenlm is given its lines as str, which Model.score splits and scores in C++
(KenLM's own `query` reads and splits too; facts taken before found it no faster: 4.8 against 5.0 million
tokens a second). Runs alternate between the two; the least of each counts. Loading is done in processes of
their own, for the peak of memory.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kenlm
import numpy as np

import tlg.lm
from tlg import _core
from tlg.lm import NgramModel

JOBS = {"ptb_o5": ("ptb.train", "ptb.test", 5), "books_o3": ("books", "books.test", 3)}
LOAD = """
import json, resource, sys
if sys.argv[1] == "kenlm":
    import kenlm
    load = kenlm.Model
else:
    from tlg.lm import NgramModel
    def load(path):
        model = NgramModel.load(path)
        model.core.begin(True)  # the query structure is built when the first question comes
        return model
def peak():  # of this program: ru_maxrss would count the one that started it
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
before, least = resource.getrusage(resource.RUSAGE_SELF), peak()
model = load(sys.argv[2])
after = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"user": after.ru_utime - before.ru_utime, "system": after.ru_stime - before.ru_stime,
                  "added_mb": peak() - least}))
"""


def loading(program: str, path: Path, runs: int) -> dict[str, float]:
    """Load in a process of its own; the least user time of the runs."""
    all_runs = []
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, "-c", LOAD, program, str(path)], check=True, capture_output=True, text=True
        )
        all_runs.append(json.loads(done.stdout))
    least: dict[str, float] = min(all_runs, key=lambda one: one["user"])
    return least


def alternate(runs: int, jobs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Run all jobs in turn, several times; return the least CPU seconds of each."""
    best = dict.fromkeys(jobs, float("inf"))
    for _ in range(runs):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            best[name] = min(best[name], time.process_time() - start)
    return best


def states_one_by_one(model: NgramModel, lines: list[list[int]]) -> None:
    core = model.core
    for ids in lines:
        state = core.begin(True)
        for word in ids:
            state, _ = core.step(state, word)
        core.finish(state)


def kenlm_states_one_by_one(model: Any, lines: list[list[str]]) -> None:
    for words in lines:
        state, after = kenlm.State(), kenlm.State()
        model.BeginSentenceWrite(state)
        for word in [*words, "</s>"]:
            model.BaseScore(state, word, after)
            state, after = after, state


def measure(job: str, folder: Path, shared: Path, runs: int) -> dict[str, Any]:
    corpus, held_out, order = JOBS[job]
    for name in (corpus, held_out):
        data = lzma.decompress((shared / f"text/en/{name}.txt.xz").read_bytes())
        (folder / name).write_bytes(data.replace(b"<unk>", b"<oov>"))
    arpa, binary, test = folder / f"{job}.arpa", folder / f"{job}.tlglm", folder / held_out
    trained = tlg.lm.train(folder / corpus, order=order)
    trained.save(arpa)
    trained.save(binary)
    del trained

    theirs, ours, mapped = kenlm.Model(str(arpa)), NgramModel.load(arpa), NgramModel.load(binary)
    lines = test.read_text(encoding="utf-8").split("\n")[:-1]
    sentences = [line.split() for line in lines]
    tokens = sum(len(words) + 1 for words in sentences)
    numbers = [ours.core.find_all(words) for words in sentences]
    ids = np.concatenate(numbers).astype(np.int32)
    offsets = np.cumsum([0, *map(len, numbers)])
    few, few_ids = sentences[:1000], [one.tolist() for one in numbers[:1000]]
    few_tokens = sum(len(words) + 1 for words in few)

    expected = sum(map(theirs.score, lines))
    result = ours.perplexity(test, oov="include")
    assert abs(result.log10_prob - expected) < 1e-6 * abs(expected), (result.log10_prob, expected)
    assert mapped.perplexity(test, oov="include").log10_prob == result.log10_prob
    data = test.read_bytes()

    def core_text() -> None:
        scorer = _core.TextScorer(ours.core, False, 1)
        scorer.add_text(data, held_out, 1)
        assert scorer.total.sentences == len(lines)

    best = alternate(
        runs,
        {
            "core_text": core_text,
            "kenlm_text": lambda: sum(map(theirs.score, lines)),
            "text": lambda: ours.perplexity(test, threads=1),
            "mapped_text": lambda: mapped.perplexity(test, threads=1),
            "ids": lambda: ours.core.score_sequences(ids, offsets, True, True),
        },
    )
    calls = alternate(
        runs,
        {
            "kenlm_call": lambda: kenlm_states_one_by_one(theirs, few),
            "call": lambda: states_one_by_one(ours, few_ids),
        },
    )
    speed = {f"{name}_mtokens": tokens / seconds / 1e6 for name, seconds in best.items()}
    speed |= {f"{name}_mtokens": few_tokens / seconds / 1e6 for name, seconds in calls.items()}
    return {
        "job": job,
        "tokens": tokens,
        **speed,
        "arpa_bytes": arpa.stat().st_size,
        "binary_bytes": binary.stat().st_size,
        "load_arpa": loading("tlg", arpa, min(runs, 3)),
        "kenlm_load_arpa": loading("kenlm", arpa, min(runs, 3)),
        "load_binary": loading("tlg", binary, min(runs, 3)),
    }


def show(one: dict[str, Any]) -> None:
    print(f"{one['job']}: {one['tokens']} tokens of test text")
    for name, peer in (
        ("core_text", "kenlm_text"),
        ("text", "kenlm_text"),
        ("mapped_text", "kenlm_text"),
        ("ids", "kenlm_text"),
    ):
        ours, theirs = one[f"{name}_mtokens"], one[f"{peer}_mtokens"]
        print(f"  {name:12} {ours:6.2f} M tokens/s   kenlm {theirs:5.2f}   ratio {ours / theirs:.2f}")
    ours, theirs = one["call_mtokens"], one["kenlm_call_mtokens"]
    print(f"  word by word {ours:6.2f} M tokens/s   kenlm {theirs:5.2f}   ratio {ours / theirs:.2f}")
    for name in ("load_arpa", "kenlm_load_arpa", "load_binary"):
        load = one[name]
        print(
            f"  {name:15} user {load['user']:.3f} s, system {load['system']:.3f} s, "
            f"peak memory + {load['added_mb']:.0f} MB"
        )
    print(f"  sizes: ARPA {one['arpa_bytes'] / 1e6:.2f} MB, binary {one['binary_bytes'] / 1e6:.2f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description="Queries and loading beside kenlm.")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", nargs="+", choices=JOBS, default=list(JOBS))
    arguments = parser.parse_args()
    shared = Path(os.environ.get("TLG_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
    results = []
    for job in arguments.only:
        with tempfile.TemporaryDirectory() as folder:
            results.append(measure(job, Path(folder), shared, arguments.runs))
    if arguments.json:
        print(json.dumps(results, indent=1))
    else:
        for one in results:
            show(one)


if __name__ == "__main__":
    main()
