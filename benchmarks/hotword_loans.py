"""How much to lend to a hotword in progress? Search errors against the cap of the loan, at narrow and wide beams.

    python benchmarks/hotword_loans.py --ocr OCR [--level hard] [--beams 3 4 6 8 10] [--loans 0 1 2 4 100] [--bias 1.5] [--lines 200]

The cap changes which paths are searched, never what a finished path is worth; so a search with a wide beam (--wide) tells what each line's best path
is. lost: lines whose best path the narrow search did not find, in all; with a hotword: of the lines on whose best path a hotword fires
(too small a loan loses it in the beam); without: of the others (too large a loan prunes good rivals of a phrase that fails later). Then
recall and false alarms of the narrow search, and its speed times that without a loan (user CPU of one run, one thread).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from hotword_quality import make_bench, train

import tlg
from tlg import _core
from tlg.hotwords.metrics import hotword_counts


class WithLoan(tlg.Hotwords):
    """A list whose loans are capped as the benchmark says."""

    max_loan = 0.0

    def automaton(self, **options: Any) -> _core.HotwordAutomaton:
        return super().automaton(**options | {"max_loan": self.max_loan})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ocr", type=Path, required=True)
    parser.add_argument("--level", default="hard")
    parser.add_argument("--beams", nargs="+", type=float, default=[3.0, 4.0, 6.0, 8.0, 10.0])
    parser.add_argument("--loans", nargs="+", type=float, default=[0.0, 1.0, 2.0, 4.0, 100.0])
    parser.add_argument("--bias", type=float, default=1.5)
    parser.add_argument("--wide", type=float, default=22.0)
    parser.add_argument("--lines", type=int, default=200)
    args = parser.parse_args()
    options = {"lm_weight": 0.5, "word_score": 3.0, "blank_penalty": 0.5, "max_active": 20_000}
    with tempfile.TemporaryDirectory() as scratch:
        graph, _ = train(args.ocr, Path(scratch))
        bench, _ = make_bench(args.ocr, args.level, graph, options)
        phrases = [*bench.true, *bench.others]

        def decode(beam: float, loan: float) -> tuple[list[tlg.Result], float]:
            hotwords = WithLoan(phrases, graph=graph, bias=args.bias)
            hotwords.max_loan = loan
            decoder = tlg.Decoder(graph, hotwords=hotwords, **options | {"beam": beam})
            begin = time.process_time()
            found = [decoder.decode(frames) for frames in bench.frames[: args.lines]]
            return found, time.process_time() - begin

        best, _ = decode(args.wide, 2.0)
        fires = [bool(result.hotwords) for result in best]
        print(f"{len(best)} lines, hotwords fire on the best path of {sum(fires)}")
        print("| beam | loan | lost | with a hotword | without | recall % | false alarms | times loan 0 |")
        print("|" + "---|" * 8, flush=True)
        for beam in args.beams:
            base = 0.0
            for loan in args.loans:
                found, seconds = decode(beam, loan)
                base = base or seconds
                lost = [one.score < wide.score - 1e-3 for one, wide in zip(found, best, strict=True)]
                texts = [result.text for result in found]
                true = hotword_counts(bench.refs[: args.lines], texts, bench.true, unit="char")
                alarms = hotword_counts(bench.refs[: args.lines], texts, phrases, unit="char").false_alarms
                with_one = sum(one and fired for one, fired in zip(lost, fires, strict=True))
                cells = [f"{beam:g}", f"{loan:g}", str(sum(lost)), str(with_one), str(sum(lost) - with_one)]
                cells += [f"{100 * (true.recall or 0):.1f}", str(alarms), f"{seconds / base:.2f}"]
                print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
