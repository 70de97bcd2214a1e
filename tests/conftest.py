"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The larger data beside the checkout (or at $TLG_SHARED); tests that need it skip without it."""
    folder = Path(os.environ.get("TLG_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"the larger data is not at {folder}: set TLG_SHARED to its folder")
    return folder


@pytest.fixture(scope="session")
def data() -> Path:
    """Small real data kept in the repository."""
    return DATA
