"""Measurements that are a process of their own, perhaps of another Python."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

PEERS = ("flashlight-text", "ctc-beam-decoder")  # that one environment can hold; pyctcdecode wants numpy 1


def launch(python: str | Path, script: str, name: str, **options: object) -> dict[str, Any]:
    """Run ``script --child NAME --option value ...`` and return the JSON that it prints last."""
    command = [str(python), script, "--child", name]
    for option, value in options.items():
        command += [f"--{option}", str(value)]
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def python_of(name: str, *, own: str, peers: Path | None, pyctcdecode: Path | None) -> Path | str | None:
    """Return the Python that has a decoder; None where no environment with it was named."""
    return pyctcdecode if name == "pyctcdecode" else peers if name in PEERS else own
