"""Draw docs/img/curves.svg from docs/img/curves.tsv (curves.py writes it): errors against speed.

    python benchmarks/plot_curves.py

Needs matplotlib: ``pip install --group bench``.
"""

from __future__ import annotations

import collections
from pathlib import Path

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "img"


def read(path: Path) -> dict[str, list[tuple[float, float, str]]]:
    """Return (us/frame, error rate, setting) of each decoder."""
    curves = collections.defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        name, setting, rate, micros = line.split("\t")
        curves[name].append((float(micros), float(rate), setting))
    return curves


def main() -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "tlg"  # the same file for the same figures
    from matplotlib import pyplot
    from matplotlib.ticker import FormatStrFormatter, NullFormatter

    figure, axes = pyplot.subplots(figsize=(8, 5))
    for (name, points), marker in zip(read(IMAGES / "curves.tsv").items(), "osD^vPX", strict=False):
        micros, rates, settings = zip(*points, strict=True)
        (line,) = axes.plot(micros, rates, marker=marker, label=name, linewidth=2 if name == "tlg" else 1.2)
        for point in (0, -1):
            axes.annotate(
                settings[point],
                (micros[point], rates[point]),
                textcoords="offset points",
                xytext=(4, 5),
                fontsize=8,
                color=line.get_color(),
            )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_yticks([2, 2.5, 3, 4, 5, 6, 8])
    axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("CPU time, microseconds a frame (one thread)")
    axes.set_ylabel("word error rate, %")
    axes.set_title("Letters, 1 M n-grams: errors against speed (numbers: beam or beam size)")
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(IMAGES / "curves.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
