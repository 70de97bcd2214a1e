"""How large is a binary model, how long does it take to open, what does it score, and how fast?

    python -m benchmarks.lm_sizes train.txt test.txt [--order 5] [--runs 3] [--json]

Trains a model (or reads LM.arpa given as train.txt) and writes it in every way. Beside it, where the package
kenlm is installed, KenLM on the ARPA file (its probing structure); KenLM's binaries can be given with
--kenlm FILE. User seconds, the least of the runs; each in the same process, one thread.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tlg
from tlg.lm import NgramModel
from tlg.lm.binary import binary_parts

KINDS: dict[str, dict[str, Any]] = {
    "probing": {"structure": "probing"},
    "trie": {"structure": "trie"},
    "trie, 8 bits": {"prob_bits": 8, "backoff_bits": 8},
    "trie, 6 bits": {"prob_bits": 6, "backoff_bits": 6},
    "trie, 4 bits": {"prob_bits": 4, "backoff_bits": 4},
}


def least(runs: int, job: Callable[[], object]) -> float:
    times = []
    for _ in range(runs):
        start = time.process_time()
        job()
        times.append(time.process_time() - start)
    return min(times)


def ours(model: NgramModel, path: Path, options: dict[str, Any], test: Path, runs: int) -> dict[str, Any]:
    written = least(1, lambda: model.save(path, **options))
    opened = least(runs, lambda: NgramModel.load(path))
    mapped = NgramModel.load(path)
    figures = mapped.perplexity(test)
    seconds = least(runs, lambda: mapped.perplexity(test))
    return {
        "bytes": path.stat().st_size,
        "write_seconds": written,
        "open_milliseconds": opened * 1e3,
        "ppl_including_oov": figures.ppl_including_oov,
        "million_tokens_per_second": figures.tokens / seconds / 1e6,
        "parts": binary_parts(path),
    }


def theirs(path: str, test: Path, runs: int) -> dict[str, Any]:
    import kenlm

    config = kenlm.Config()
    config.show_progress = False
    opened = least(runs, lambda: kenlm.Model(path, config))
    model = kenlm.Model(path, config)
    lines = [" ".join(line.split()) for line in test.read_text(encoding="utf-8").splitlines()]
    tokens = sum(len(line.split()) + 1 for line in lines)
    log10_prob = sum(model.score(line) for line in lines)
    seconds = least(runs, lambda: [model.score(line) for line in lines])
    return {
        "bytes": Path(path).stat().st_size,
        "open_milliseconds": opened * 1e3,
        "ppl_including_oov": 10 ** (-log10_prob / tokens),
        "million_tokens_per_second": tokens / seconds / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Sizes and speeds of binary models.")
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--order", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--kenlm", nargs="*", default=[], help="KenLM's binaries of the same model")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if ".arpa" in arguments.train.name:
            model = NgramModel.load(arguments.train)
        else:
            model = tlg.lm.train(arguments.train, order=arguments.order)
        model.save(folder / "lm.arpa")
        for kind, options in KINDS.items():
            results[kind] = ours(model, folder / "lm.tlglm", options, arguments.test, arguments.runs)
        try:
            for path in [str(folder / "lm.arpa"), *arguments.kenlm]:
                results[f"kenlm {Path(path).name}"] = theirs(path, arguments.test, arguments.runs)
        except ImportError:
            print("the package kenlm is not installed: no figures beside ours")
    if arguments.json:
        print(json.dumps({"ngrams": model.counts, "results": results}, indent=1))
        return
    print(f"n-grams {'/'.join(map(str, model.counts))}, {sum(model.counts)} in all")
    for kind, row in results.items():
        print(
            f"{kind:28} {row['bytes'] / 1e6:8.2f} MB  open {row['open_milliseconds']:9.3f} ms"
            f"  ppl {row['ppl_including_oov']:9.3f}  {row['million_tokens_per_second']:6.2f} M tokens/s"
        )
    for k, bits in enumerate(results["trie"]["parts"]["packing"], start=2):
        print(f"exact trie, bits of a {k}-gram: {bits}")


if __name__ == "__main__":
    main()
