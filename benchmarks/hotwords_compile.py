"""How long does a hotword list take to compile, how large is it, how fast does it step?

    python benchmarks/hotwords_compile.py [--phrases 100000]

Lists are drawn at random: names of 2 to 6 out of 6,000 characters, and English-like phrases of 8 to 18 phones
out of 40. Steps are timed on text in which every fourth stretch is a phrase. "core" is _core.HotwordAutomaton with
the arrays that it takes.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Callable

import numpy as np

from tlg.hotwords import Hotwords


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Best of some runs."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def measure(name: str, tokens: list[str], phrases: list[str], rng: random.Random) -> None:
    start = time.perf_counter()
    hotwords = Hotwords(phrases, tokens=tokens, bias=1.5)
    whole = time.perf_counter() - start
    # Another loan for each run: what is cached would cost nothing.
    loans = iter(range(3, 99))
    core = seconds(lambda: hotwords.automaton(max_loan=next(loans)))
    automaton = hotwords.automaton()
    ids: list[int] = []
    while len(ids) < 2_000_000:
        if rng.random() < 0.25:
            ids += hotwords.unit_ids(list(rng.choice(phrases)))
        else:
            ids += [rng.randrange(len(tokens)) for _ in range(4)]
    units = np.array(ids, np.int32)
    stepping = seconds(lambda: automaton.total(units))
    print(
        f"{name}: {len(phrases)} phrases, {automaton.num_states} states, {automaton.num_bytes / 1e6:.1f} MB; "
        f"Hotwords() {whole:.2f} s, core {core:.3f} s; "
        f"{len(ids) / stepping / 1e6:.0f} M steps/s; "
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phrases", type=int, default=100_000)
    number = parser.parse_args().phrases
    rng = random.Random(1)
    characters = [chr(0x4E00 + i) for i in range(6000)]
    weights = [1 / (i + 20) for i in range(6000)]
    for count in (1000, number):
        names = ["".join(rng.choices(characters, weights, k=rng.randint(2, 6))) for _ in range(count)]
        measure("names", characters, sorted(set(names)), rng)
        phones = [chr(0x61 + i) for i in range(40)]
        words = ["".join(rng.choices(phones, k=rng.randint(8, 18))) for _ in range(count)]
        measure("phones", phones, sorted(set(words)), rng)


if __name__ == "__main__":
    main()
