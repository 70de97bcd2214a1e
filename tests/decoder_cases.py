"""Small real graphs and posteriors for the tests of the decoder's Python face and its command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tlg import Decoder, Graph, Result, build_graph, lm
from tlg._files import read_text

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
TEXT = ["我在阳光保险上班", "阳光很好", "保险很好", "我在保定", "今天天气很好", "今天我在保定上班"]
SYMBOLS = ["<blk>", *sorted(set("".join(TEXT)))]
TERMS = ("am_score", "lm_score", "word_score", "blank_score", "hotword_score")
SPEECH: dict[str, Any] = {"beam": 12.0, "word_score": -3.0, "blank_penalty": 2.0}


def write_characters(folder: Path) -> None:
    """The inputs of a graph in which characters are words that spell themselves."""
    spaced = "".join(" ".join(line) + "\n" for line in TEXT)
    for name, content in {
        "text.txt": spaced * 3,
        "lexicon.txt": "".join(f"{c} {c}\n" for c in SYMBOLS[1:]),
        "tokens.txt": "".join(f"{c} {i}\n" for i, c in enumerate(SYMBOLS)),
    }.items():
        (folder / name).write_text(content, encoding="utf-8")
    lm.train([folder / "text.txt"], order=3).save(folder / "lm.arpa")


def character_graph(folder: Path, topology: str = "implicit") -> Graph:
    """The graph of write_characters(), loaded from its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_characters(folder)
    if topology == "none":  # a model without blank has no column for it
        (folder / "tokens.txt").write_text("".join(f"{c} {i}\n" for i, c in enumerate(SYMBOLS[1:])), "utf-8")
    options: dict[str, Any] = {"topology": topology}
    build_graph(
        lexicon=folder / "lexicon.txt",
        tokens=folder / "tokens.txt",
        lm=folder / "lm.arpa",
        out=folder / "graph",
        **options,
    )
    return Graph.load(folder / "graph")


def say(path: str, *, sure: float = 0.9, symbols: list[str] = SYMBOLS) -> NDArray[np.float32]:
    """Posteriors of one character a frame; ``-`` is the blank."""
    columns = [symbols.index("<blk>" if c == "-" else c) for c in path]
    rows = np.full((len(columns), len(symbols)), np.log((1 - sure) / (len(symbols) - 1)), np.float32)
    rows[np.arange(len(columns)), columns] = np.log(sure)
    return rows


def speech_graph(folder: Path) -> Graph:
    """English words spelled in phones, a separator between them, from part of examples/speech."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = read_text(EXAMPLES / "speech" / "lm_text.txt.xz").splitlines()[:2000]
    (folder / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    build_graph(
        lexicon=EXAMPLES / "speech" / "lexicon.txt.xz",
        tokens=EXAMPLES / "speech" / "tokens.txt",
        lm=lm.train([folder / "text.txt"], order=2),
        separator="<wb>",
        separator_prob=0.75,
        out=folder / "graph",
    )
    return Graph.load(folder / "graph")


def ocr_graph(folder: Path) -> Graph:
    """Chinese characters, 18,710 tokens, from part of examples/ocr."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = read_text(EXAMPLES / "ocr" / "lm_text.txt.xz").splitlines()[:3000]
    (folder / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tokens = read_text(EXAMPLES / "ocr" / "tokens.txt").split("\n")
    known = {line.rpartition(" ")[0] for line in tokens}
    used = sorted(set(" ".join(lines).split()) & known)
    (folder / "lexicon.txt").write_text("".join(f"{c} {c}\n" for c in used), encoding="utf-8")
    build_graph(
        lexicon=folder / "lexicon.txt",
        tokens=EXAMPLES / "ocr" / "tokens.txt",
        lm=lm.train([folder / "text.txt"], order=3),
        out=folder / "graph",
    )
    return Graph.load(folder / "graph")


def check_result(result: Result, frames: int, decoder: Decoder) -> None:
    """What docs/semantics.md promises of every result."""
    assert sum(getattr(result, term) for term in TERMS) == pytest.approx(result.score, abs=1e-9)
    assert [span.word for span in result.word_spans] == result.words
    assert len(result.token_spans) == len(result.tokens)
    end = 0
    for start, stop in result.token_spans:
        assert end <= start < stop <= frames
        end = stop
    for before, after in zip(result.word_spans, result.word_spans[1:], strict=False):
        assert before.start <= before.end <= after.start <= after.end
    assert result.word_score == pytest.approx(decoder.options.word_score * len(result.words))
    assert result.hotword_score == pytest.approx(sum(fired.reward for fired in result.hotwords))
    assert decoder.graph.tokens.blank is not None
    assert decoder.graph.tokens.symbols[decoder.graph.tokens.blank] not in result.tokens
    assert result.num_frames == frames or result.partial
