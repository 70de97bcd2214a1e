"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests import decoder_cases
from tlg import Graph, SparseFrames
from tlg.decoder import read_inputs

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


@pytest.fixture(scope="session")
def characters(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """A tiny graph of Chinese characters that spell themselves."""
    return decoder_cases.character_graph(tmp_path_factory.mktemp("characters"))


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """English words in phones with a separator, and `utterances` for it."""
    return decoder_cases.speech_graph(tmp_path_factory.mktemp("speech"))


@pytest.fixture(scope="session")
def utterances() -> list[Any]:
    """Posteriors of eight utterances of examples/speech."""
    return [frames for _, frames in read_inputs(EXAMPLES / "speech" / "test.npz")][:8]


@pytest.fixture(scope="session")
def ocr(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """Chinese characters out of 18,710 tokens, and `lines` for it."""
    return decoder_cases.ocr_graph(tmp_path_factory.mktemp("ocr"))


@pytest.fixture(scope="session")
def lines() -> list[SparseFrames]:
    """Sparse frames of forty lines of examples/ocr."""
    found = [frames for _, frames in read_inputs(EXAMPLES / "ocr" / "test.npz")][:40]
    return [frames for frames in found if isinstance(frames, SparseFrames)]
