from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tlg import _core, errors
from tlg.errors import MissingExtraError, MissingFileError, OutputError, PosteriorError, TlgError

CLASSES = [getattr(errors, name) for name in errors.__all__]

# What a caller who knows nothing of tlg can catch.
ALSO = {
    "TlgError": Exception,
    "MissingFileError": FileNotFoundError,
    "OutputError": OSError,
    "MissingExtraError": ImportError,
    "StreamError": RuntimeError,
}


@pytest.mark.parametrize("kind", CLASSES)
def test_one_tree(kind: type[TlgError]) -> None:
    assert issubclass(kind, TlgError)
    assert issubclass(kind, ALSO.get(kind.__name__, ValueError))


# name: (options, text)
TEXTS: dict[str, tuple[dict[str, object], str]] = {
    "message": ({}, "it is wrong"),
    "remedy": ({"remedy": "Mend it"}, "it is wrong. Mend it"),
    "file": ({"file": "x.txt"}, "x.txt: it is wrong"),
    "line": ({"file": Path("x.txt"), "line": 3, "remedy": "Mend it"}, "x.txt:3: it is wrong. Mend it"),
}


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("case", TEXTS.values(), ids=TEXTS)
def test_text_and_pickle(kind: type[TlgError], case: tuple[dict[str, object], str]) -> None:
    options, text = case
    error = kind("it is wrong", **options)  # type: ignore[arg-type]
    assert str(error) == text
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (str(copy), copy.message, copy.remedy, copy.file, copy.line) == (
        text,
        error.message,
        error.remedy,
        error.file,
        error.line,
    )


def test_the_core_throws_the_same_classes() -> None:
    with pytest.raises(PosteriorError) as caught:
        _core.read_log_probs(np.zeros((2, 3), np.float32), logits=False, tolerance=1e-2)
    assert caught.value.message.startswith("row 0 is no distribution")
    assert "logits=True" in caught.value.remedy
    assert (caught.value.file, caught.value.line) == (None, None)
    with pytest.raises(errors.OptionError, match="log_probs has 1 dimensions, not 2"):
        _core.read_log_probs(np.zeros(3, np.float32), logits=False, tolerance=1e-2)


def test_os_errors_stay_catchable() -> None:
    for kind in (MissingFileError, OutputError):
        with pytest.raises(OSError, match=r"x\.txt: gone"):
            raise kind("gone", file="x.txt")
    with pytest.raises(ImportError, match="Run: pip"):
        raise MissingExtraError("missing", remedy="Run: pip install it")


def tlg(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tlg", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_exit_status(tmp_path: Path) -> None:
    assert tlg("--help").returncode == 0
    assert tlg("--version").returncode == 0
    usage = tlg("score")
    assert (usage.returncode, usage.stdout) == (2, "")
    assert tlg("no-such-command").returncode == 2
    missing = tlg("score", str(tmp_path / "refs.tsv"), str(tmp_path / "hyp.tsv"))
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr == f"tlg: {tmp_path / 'refs.tsv'}: no such file. Check the path\n"
