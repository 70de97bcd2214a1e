"""Every run of lmplz in the larger data: counts, discounts, perplexities; slower, so all in one file."""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tlg.lm
from benchmarks.ptb_table import ROWS, Row, measure, unpack
from tests.test_lm_train import assert_same_arpa, options_of, read_lines
from tlg.errors import OptionError, TextError

# name: how its texts are made of data/text, by the first word of the run's name
FAMILIES: dict[str, tuple[dict[str, str], Callable[[bytes], bytes]]] = {
    "books": (
        {"train": "en/books", "books.valid": "en/books.valid", "books.test": "en/books.test"},
        lambda text: text,
    ),
    "ptb": (
        {"train": "en/ptb.train", "valid": "en/ptb.valid", "test": "en/ptb.test"},
        lambda text: text.replace(b"<unk>", b"<oov>"),
    ),
    "pd9801_words": (
        {"train": "zh/pd9801_seg.train", "pd9801_words": "zh/pd9801_seg.test"},
        lambda text: text,
    ),
    "pd9801_chars": (
        {"train": "zh/pd9801_seg.train", "pd9801_chars": "zh/pd9801_seg.test"},
        lambda text: characters(text),
    ),
    "lm_train_zh": (
        {"train": "zh/lm_train_zh", "aishell1.dev": "zh/aishell1.dev", "aishell1.test": "zh/aishell1.test"},
        lambda text: characters(text),
    ),
}
RUNS = [
    *("ptb_o1_fallback", "ptb_o2", "ptb_o3", "ptb_o4", "ptb_o5", "ptb_o6"),
    *("ptb_o3_prune001", "ptb_o3_prune555", "ptb_o4_prune012"),
    *("ptb_o5_prune00001", "ptb_o5_prune001", "ptb_o5_prune012"),
    *("ptb_o3_iu0", "ptb_o5_iu0", "ptb_o3_vocabpad20000", "ptb_o3_limit5k", "ptb_o5_skip_symbols"),
    *("ptb_o1", "ptb_o3_raw_unk_no_skip", "ptb_o3_prune_decreasing"),
    *("pd9801_words_o3", "pd9801_words_o5", "pd9801_chars_o3", "pd9801_chars_o5"),
    *("lm_train_zh_chars_o3", "lm_train_zh_chars_o5"),
    *("books_o3", "books_o4", "books_o3_prune0011", "books_o4_prune0011"),
]


def characters(text: bytes) -> bytes:
    """Every character of a line, or of its second column, is a token."""
    lines = [[*line.split("\t"), line][1] for line in text.decode().split("\n")]
    return "\n".join(" ".join(line.replace(" ", "")) for line in lines).encode()


@pytest.fixture(scope="module")
def folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    unpack(shared, folder)
    return folder


def text_of(shared: Path, folder: Path, family: str, part: str, raw: bool = False) -> Path:
    parts, prepare = FAMILIES[family]
    path = folder / f"{family}.{part}.{raw}"
    if not path.exists():
        text = lzma.decompress((shared / f"data/text/{parts[part]}.txt.xz").read_bytes())
        path.write_bytes(text if raw else prepare(text))
    return path


def test_all_runs_are_here(shared: Path) -> None:
    names = {path.name.removesuffix(".info.json") for path in shared.glob("data/lm_goldens/*.info.json")}
    assert names == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_a_run_of_lmplz(name: str, shared: Path, folder: Path) -> None:
    goldens = shared / "data" / "lm_goldens"
    info: dict[str, Any] = json.loads((goldens / f"{name}.info.json").read_text(encoding="utf-8"))
    family = next(family for family in FAMILIES if name.startswith(family))
    raw = "symbols" in name or "raw" in name
    text = text_of(shared, folder, family, "train", raw)
    options = options_of(info["flags"], goldens)
    if info["rc"]:
        with pytest.raises((TextError, OptionError)):
            tlg.lm.train(text, **options)
        return
    model = tlg.lm.train(text, **options)
    if "ngrams" in info:
        assert list(model.counts) == info["ngrams"]
    report = model.report
    assert isinstance(report, tlg.lm.TrainReport)
    found = re.findall(r"^\d+ \S+ D1=(\S+) D2=(\S+) D3\+=(\S+)$", info["stderr"], flags=re.MULTILINE)
    assert len(found) == model.order
    for order, values in zip(report.orders, found, strict=True):
        # Six digits are printed; float32 was used.
        assert order.discounts == pytest.approx([float(value) for value in values], rel=6e-6)
    for part in FAMILIES[family][0]:
        wanted = info.get(part, info.get(f"ptb.{part}.txt"))
        if part == "train" or not wanted:
            continue
        # Raw texts have <unk> in them, as an unknown word.
        result = model.perplexity(text_of(shared, folder, family, part, raw))
        assert result.oovs == wanted["oov"]
        assert result.ppl_including_oov == pytest.approx(wanted["ppl_incl"], rel=2e-6)
        assert result.ppl_excluding_oov == pytest.approx(wanted["ppl_excl"], rel=2e-6)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.known], ids=lambda row: f"{row.name} {row.command}"
)
def test_a_row_of_the_ptb_table(row: Row, folder: Path) -> None:
    digits = len(str(row.known).partition(".")[2])
    assert measure(row, folder) == pytest.approx(row.known, abs=max(0.6 * 10**-digits, 0.00015))


TOYS = "data/lm_goldens/toy"


@pytest.mark.parametrize("name", ["abc.o3", "zipf.o3"])
def test_collapsed_values_follow_from_our_model(name: str, shared: Path, tmp_path: Path) -> None:
    """lmplz --collapse_values: q(g) = p(g) with the backoffs of all suffixes of g, over those of its context."""
    toys = shared / TOYS
    text, golden = toys / f"{name[:-3]}.txt", next(toys.glob(f"{name}.collapse.arpa*"))
    tlg.lm.train(text, order=3).save(tmp_path / "lm.arpa")
    ours = [line.split("\t") for line in read_lines(tmp_path / "lm.arpa") if "\t" in line]
    backoff = {line[1]: float(line[2]) for line in ours if len(line) > 2}

    def suffixes(words: list[str]) -> float:
        return sum(backoff.get(" ".join(words[i:]), 0.0) for i in range(len(words)))

    found = {}
    for prob, ngram, *_ in ours:
        words = ngram.split(" ")
        found[ngram] = float(prob) + suffixes(words) - suffixes(words[:-1])
    theirs = [line.split("\t") for line in read_lines(golden) if "\t" in line]
    assert found.keys() == {line[1] for line in theirs}
    for prob, ngram, *rest in theirs:
        assert found[ngram] == pytest.approx(float(prob), abs=1e-5), ngram
        assert rest in ([], ["0"])


@pytest.mark.parametrize("name", ["abc.o3.verbose", "zipf.o3.verbose", "abc.o3.renumber"])
def test_other_headers_and_orders_hold_the_same_model(name: str, shared: Path, tmp_path: Path) -> None:
    golden = next((shared / TOYS).glob(f"{name}.arpa*"))
    tlg.lm.train(shared / TOYS / f"{name.split('.')[0]}.txt", order=3).save(tmp_path / "lm.arpa")

    def content(path: Path) -> list[str]:
        lines = (line for line in read_lines(path) if line and not line.startswith("#"))
        return sorted(lines, key=lambda line: [*line.split("\t"), ""][1])

    assert_same_arpa(content(tmp_path / "lm.arpa"), content(golden))
