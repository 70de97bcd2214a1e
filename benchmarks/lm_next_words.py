"""How long does "what comes next" take, and how fast are sentences made?

    python -m benchmarks.lm_next_words [--json] [--only ptb_o5 books_o3]

Needs the larger data (see tests/conftest.py; $TLG_SHARED). The states are those of the test text. CPU time
of one thread. KenLM has no such query: its users score every word of the vocabulary, which is the last line.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import tlg.lm

# job: training text, test text, order
JOBS = {"ptb_o5": ("ptb.train", "ptb.test", 5), "books_o3": ("books", "books.test", 3)}
STATES = 20000
WORDS = 20000


def states_of(model: tlg.lm.NgramModel, path: Path) -> list[int]:
    states = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            state = model.begin()
            for word in line.split():
                states.append(state)
                state, _ = model.score(state, word)
            if len(states) >= STATES:
                break
    return states[:STATES]


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def each(ask: Callable[[int], object], states: Iterable[int], count: int) -> float:
    """Microseconds a question."""

    def work() -> None:
        for state in states:  # answers are let go, as a search would
            ask(state)

    return seconds(work) / count * 1e6


def words_per_second(model: tlg.lm.NgramModel, **options: Any) -> float:
    made = 0

    def work() -> None:
        nonlocal made
        for seed in range(10**6):
            made += sum(len(one.words) + one.complete for one in model.generate(20, seed=seed, **options))
            if made >= WORDS:
                return

    taken = seconds(work)
    return made / taken


def run(job: str, folder: Path, shared: Path) -> dict[str, float]:
    train, test, order = JOBS[job]
    for name in (train, test):
        data = lzma.decompress((shared / f"text/en/{name}.txt.xz").read_bytes())
        (folder / name).write_bytes(data.replace(b"<unk>", b"<oov>"))
    model = tlg.lm.train(folder / train, order=order)
    states = states_of(model, folder / test)
    figures: dict[str, float] = {
        "words": len(model),
        "first_call_s": seconds(lambda: model.next_words(states[0])),
    }
    for k in (1, 10, 100):
        ask = lambda state, k=k: model.next_words(state, k)
        figures[f"next_words_{k}_us"] = each(ask, states, len(states))
    few = states[:2000]
    figures["next_distribution_us"] = each(model.next_distribution, few, len(few))
    figures["generate_words_per_s"] = words_per_second(model)
    figures["generate_temperature_words_per_s"] = words_per_second(model, temperature=0.8)
    figures["generate_top_k_top_p_words_per_s"] = words_per_second(
        model, temperature=0.8, top_k=50, top_p=0.9
    )
    figures["generate_top_p_words_per_s"] = words_per_second(model, top_p=0.9)
    ids = list(range(len(model)))
    state = states[1]
    figures["every_word_scored_us"] = 1e6 * seconds(lambda: [model.score(state, word) for word in ids])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description="Time of next_words, next_distribution and generate.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", nargs="+", choices=JOBS, default=list(JOBS))
    arguments = parser.parse_args()
    shared = Path(os.environ.get("TLG_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
    with tempfile.TemporaryDirectory() as name:
        results = {job: run(job, Path(name), shared) for job in arguments.only}
    if arguments.json:
        print(json.dumps(results, indent=1))
        return
    print(f"{'':40}" + "".join(f"{job:>12}" for job in results))
    for row in next(iter(results.values())):
        cells = (one[row] for one in results.values())
        print(f"{row:40}" + "".join(f"{cell:12.2f}" if cell < 1000 else f"{cell:12.0f}" for cell in cells))


if __name__ == "__main__":
    main()
