"""The tolerant ARPA reader on a zoo of odd files: what it reports or refuses, word for word and line by line."""

from __future__ import annotations

import gzip
import importlib.util
import re
from pathlib import Path

import pytest

from tests.arpa_zoo import BASE, ZOO, Animal
from tlg.errors import InputError
from tlg.lm import NgramModel, ReadReport

NEEDS_ZSTD = pytest.mark.skipif(
    importlib.util.find_spec("zstandard") is None, reason="zstandard is not installed"
)


def visit(path: Path, animal: Animal) -> None:
    """Read a file and compare everything that its case states."""
    if animal.repairs is None:
        with pytest.raises(InputError, match=f"^{re.escape(str(path))}.*{animal.error}") as caught:
            NgramModel.load(path)
        assert caught.value.line == animal.line
        assert caught.value.remedy
        return
    model = NgramModel.load(path)
    assert isinstance(model.report, ReadReport)
    found = model.report.repairs
    assert len(found) == len(animal.repairs), found
    for text, pattern in zip(found, animal.repairs, strict=True):
        assert re.match(pattern, text), text
    for words, total in ((["a", "b", animal.word], animal.score), (["zebra"], animal.oov)):
        assert total is None or sum(scores(model, words)) == pytest.approx(total, abs=1e-5), words


def scores(model: NgramModel, words: list[str]) -> list[float]:
    return [one.log10_prob for one in model.score_sentence(words)]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=NEEDS_ZSTD) if name.endswith(".zst") else name for name in ZOO]
)
def test_zoo(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(ZOO[name].data)
    visit(path, ZOO[name])


def test_the_shared_zoo_is_this_zoo(shared: Path) -> None:
    """Every row of the manifest: the same bytes, the same treatment, and KenLM's scores where it has some."""
    folder = shared / "data" / "arpa_zoo"
    rows = (folder / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row.split("\t")[0] for row in rows] == list(ZOO)
    for row in rows:
        name, _, _, kenlm, detail, ideal = row.split("\t")
        animal = ZOO[name]
        data = (folder / name).read_bytes()
        if name == "zstd.arpa.zst" or "gz" in name:  # packed by another version
            assert "truncated" in name or name.endswith("zst") or gzip.decompress(data) == BASE.encode()
        else:
            assert data == animal.data, name
        if "accept" not in ideal and "keep the first" not in ideal:
            assert animal.repairs is None, (name, ideal)
        if animal.repairs is None:
            assert "refuse" in ideal, (name, ideal)
            if wanted := re.search(r"refuse (?:with )?line (\d+)", ideal):
                assert animal.line == int(wanted[1]), name
        elif "no report" in ideal:
            assert not animal.repairs, name
        elif re.search(r"\breport\b", ideal) and "option reports" not in ideal:
            assert animal.repairs or "or report" in ideal, name
        if name.endswith(".zst") and importlib.util.find_spec("zstandard") is None:
            continue
        visit(folder / name, animal)
        read = re.fullmatch(r"OK order (\d) a_b_c (-[\d.]+) oov (-[\d.]+|-inf)(?: \|.*)?", detail)
        assert (read is not None) == (kenlm == "accepts"), name
        if read and animal.repairs is not None:
            model = NgramModel.load(folder / name)
            assert model.order == int(read[1])
            total = sum(scores(model, ["a", "b", "c"]))
            assert total == pytest.approx(float(read[2]), abs=2e-6), name
            if float(read[3]) > -50:  # else unknown words have probability 0: what KenLM says is its habit
                assert sum(scores(model, ["zebra"])) == pytest.approx(float(read[3]), abs=2e-6), name
