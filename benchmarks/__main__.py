"""``make bench``: the benchmarks that run from the repository alone, and how to run the others.

python -m benchmarks
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ALONE = ("hotwords_compile.py", "plot_curves.py")


def main() -> None:
    for name in ALONE:
        print(f"== benchmarks/{name}", flush=True)
        subprocess.run([sys.executable, str(HERE / name)], check=True)
    for path in sorted(HERE.glob("*.py")):
        if path.name in ALONE or path.name.startswith("_"):
            continue
        text = path.read_text(encoding="utf-8").split('"""')[1]
        usage = [line.strip() for line in text.splitlines() if line.startswith("    ")]
        if usage:
            print(f"== benchmarks/{path.name} needs larger data:\n   {' '.join(usage)}")


if __name__ == "__main__":
    main()
