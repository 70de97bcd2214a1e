"""Scores and perplexities compared with the kenlm package's, and with the published figures."""

from __future__ import annotations

import dataclasses
import json
import lzma
import math
from pathlib import Path
from typing import Any

import pytest

import tlg.lm
from tlg.errors import MissingFileError, OptionError, TextError
from tlg.lm import NgramModel

GOLDENS = Path(__file__).resolve().parent / "data" / "lm_goldens"
SCORES = sorted(path.name.removesuffix(".scores.tsv") for path in GOLDENS.glob("*.scores.tsv"))


def golden_model(name: str) -> NgramModel:
    plain = GOLDENS / f"{name}.arpa"
    return NgramModel.load(plain if plain.exists() else GOLDENS / f"{name}.arpa.xz")


@pytest.mark.parametrize("name", SCORES)
def test_golden_scores(name: str) -> None:
    model = golden_model(name)
    lines = (GOLDENS / f"{name}.scores.tsv").read_text(encoding="utf-8").split("\n")
    for line in filter(None, lines):
        sentence, total, tokens = line.rsplit("\t", 2)
        scores = model.score_sentence([word for word in sentence.replace("\\t", " ").split(" ") if word])
        assert sum(score.log10_prob for score in scores) == pytest.approx(float(total), abs=2e-5)
        for score, token in zip(scores, tokens.split(), strict=True):
            prob, order, oov = token.split(":")
            assert score.log10_prob == pytest.approx(float(prob), abs=2e-6)
            assert (score.order, score.oov) == (int(order), oov == "1"), (sentence, token)


def test_the_kenlm_package_agrees(tmp_path: Path) -> None:
    kenlm = pytest.importorskip("kenlm", reason="the oracle kenlm-ex is not installed")
    tlg.lm.train(GOLDENS / "zipf.txt", order=5, prune=[0, 0, 1]).save(tmp_path / "lm.arpa")
    theirs, ours = kenlm.Model(str(tmp_path / "lm.arpa")), NgramModel.load(tmp_path / "lm.arpa")
    for line in [*(GOLDENS / "zipf.txt").read_text(encoding="utf-8").splitlines(), "never w1 seen", ""]:
        expected = list(theirs.full_scores(line))
        for score, (prob, order, oov) in zip(ours.score_sentence(line.split()), expected, strict=True):
            assert score.log10_prob == pytest.approx(prob, abs=2e-6)
            assert (score.order, score.oov) == (order, oov)


def small() -> NgramModel:
    return golden_model("abc.o3")


def test_fields_follow_srilm_and_kenlm(tmp_path: Path) -> None:
    text = tmp_path / "test.txt"
    text.write_bytes(b"a b c\nb zebra\n\n")
    model = small()
    known = [s for w in (["a", "b", "c"], ["b", "zebra"], []) for s in model.score_sentence(w)]
    logprob = sum(s.log10_prob for s in known if not s.oov)
    oov = sum(s.log10_prob for s in known if s.oov)
    result = model.perplexity(text)
    assert (result.sentences, result.words, result.oovs, result.zeroprobs) == (3, 5, 1, 0)
    assert result.tokens == 8 and sum(result.hits) == 8
    assert result.log10_prob == pytest.approx(logprob)
    assert result.ppl == pytest.approx(10 ** (-logprob / (5 - 1 + 3)))
    assert result.ppl1 == pytest.approx(10 ** (-logprob / (5 - 1)))
    assert result.ppl_including_oov == pytest.approx(10 ** (-(logprob + oov) / 8))
    assert result.ppl_excluding_oov == pytest.approx(result.ppl)
    first, second = str(result).splitlines()
    assert first == f"file {text}: 3 sentences, 5 words, 1 OOVs"
    assert second.startswith(f"0 zeroprobs, logprob= {logprob:.6g} ppl= {result.ppl:.6g} ppl1= ")
    assert (
        f"oovs:1 | zeroprobs:0 | oov:exclude | lm:abc.o3.arpa | order:3 | tlg:{tlg.__version__}"
        in result.signature
    )
    include = model.perplexity(text, oov="include")
    assert include.ppl == pytest.approx(result.ppl_including_oov)
    assert include.log10_prob == pytest.approx(logprob + oov)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.ppl = 1.0  # type: ignore[misc]


def test_parts_add_up(tmp_path: Path) -> None:
    for name, text in [("1.txt", "a b c\n\n"), ("2.txt", "c zebra")]:
        (tmp_path / name).write_text(text, encoding="utf-8")
    paths = [tmp_path / "1.txt", tmp_path / "2.txt"]
    result = small().perplexity([*paths, ["a", "b"]], per_sentence=True)
    assert [part.sentences for part in result.files] == [2, 1, 1]
    assert str(result).startswith("3 files: 4 sentences, 7 words, ")
    assert str(result.files[0]).startswith(f"file {paths[0]}: 2 sentences, 3 words, ")
    assert [part.words for part in result.per_sentence] == [3, 0, 2, 2]
    for parts in (result.files, result.per_sentence):
        assert sum(part.log10_prob for part in parts) == pytest.approx(result.log10_prob)
        assert [sum(hits) for hits in zip(*(p.hits for p in parts), strict=True)] == list(result.hits)
    assert small().perplexity(paths[0]).files == ()


def test_zero_probabilities_are_left_out_and_said(tmp_path: Path) -> None:
    text = (GOLDENS / "abc.o3.arpa").read_text(encoding="utf-8")
    (tmp_path / "lm.arpa").write_text(text.replace("-0.78914666\tc", "-99\tc"), encoding="utf-8")
    result = NgramModel.load(tmp_path / "lm.arpa").perplexity([["c"], ["a"]])
    assert result.zeroprobs == 1 and math.isfinite(result.ppl)
    assert result.ppl_including_oov == result.ppl_excluding_oov == math.inf
    assert result.as_dict()["ppl_including_oov"] is None


def test_a_model_without_unk(tmp_path: Path) -> None:
    text = (GOLDENS / "abc.o3.arpa").read_text(encoding="utf-8")
    text = text.replace("-1\t<unk>\t0\n", "").replace("ngram 1=6", "ngram 1=5")
    (tmp_path / "lm.arpa").write_text(text, encoding="utf-8")
    model = NgramModel.load(tmp_path / "lm.arpa")
    exclude, include = (model.perplexity([["a", "zebra"]], oov=oov) for oov in ("exclude", "include"))
    assert (exclude.oovs, exclude.zeroprobs, include.zeroprobs) == (1, 0, 1)
    assert exclude.ppl == include.ppl and exclude.ppl_including_oov == math.inf


def test_no_words_has_no_ppl1() -> None:
    result = small().perplexity([[]])
    assert math.isnan(result.ppl1) and result.ppl > 1
    assert json.loads(json.dumps(result.as_dict()))["ppl1"] is None


def test_bad_input(tmp_path: Path) -> None:
    text = tmp_path / "test.txt"
    text.write_bytes(b"a b\n<s> a </s>\n")
    with pytest.raises(TextError, match=r"test.txt:2: '<s>' is in the text. Remove it"):
        small().perplexity(text)
    text.write_bytes(b"a\nb \xff\n")
    with pytest.raises(TextError, match=r"test.txt:2: not UTF-8"):
        small().perplexity(text)
    text.write_bytes(b"")
    with pytest.raises(TextError, match="the text is empty"):
        small().perplexity(text)
    with pytest.raises(OptionError, match=r"oov='no' is not known"):
        small().perplexity(text, oov="no")
    with pytest.raises(MissingFileError):
        small().perplexity("nowhere.txt")
    with pytest.raises(OptionError, match="list of words"):
        small().score_sentence("a b")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"the sentence \['a', 1\] holds something that is no text"):
        small().score_sentence(["a", 1])  # type: ignore[list-item]


@pytest.mark.parametrize("name", ["ptb_o3", "ptb_o3_prune555", "ptb_o5_prune012"])
def test_all_figures_of_the_goldens(name: str, shared: Path, tmp_path: Path) -> None:
    """What kenlm found with lmplz's models, read from their files: OOVs, both perplexities, hits."""
    golden = json.loads((shared / f"data/lm_goldens/{name}.info.json").read_text(encoding="utf-8"))
    model = NgramModel.load(shared / f"data/lm_goldens/{name}.arpa.xz")
    for part in ("valid", "test"):
        text = lzma.decompress((shared / f"data/text/en/ptb.{part}.txt.xz").read_bytes())
        (tmp_path / part).write_bytes(text.replace(b"<unk>", b"<oov>"))
        result, expected = model.perplexity(tmp_path / part), golden[part]
        assert (result.sentences, result.tokens) == (expected["sentences"], expected["tokens"])
        assert result.oovs == expected["oov"]
        assert result.log10_prob == pytest.approx(expected["logprob10_excl_oov"], abs=0.05)
        assert result.ppl_including_oov == pytest.approx(expected["ppl_incl"], abs=1.5e-4)
        assert result.ppl_excluding_oov == pytest.approx(expected["ppl_excl"], abs=1.5e-4)
        assert list(result.hits) == list(expected["matched_len"].values())
        assert result.hit_rates == tuple(hits / result.tokens for hits in result.hits)


@pytest.mark.parametrize(
    ("order", "options", "valid", "test"),
    [
        (2, {}, 199.0181, 185.7049),
        (3, {}, 157.7653, 148.2815),
        (5, {}, 148.0074, 141.1862),
        (5, {"prune": [0, 0, 1]}, 154.6013, 147.4003),
        (5, {"interpolate_unigrams": False}, 150.6841, 142.8900),
    ],
)
def test_penn_treebank(
    order: int, options: dict[str, Any], valid: float, test: float, shared: Path, tmp_path: Path
) -> None:
    for part in ("train", "valid", "test"):
        text = lzma.decompress((shared / f"data/text/en/ptb.{part}.txt.xz").read_bytes())
        (tmp_path / part).write_bytes(text.replace(b"<unk>", b"<oov>"))
    model = tlg.lm.train(tmp_path / "train", order=order, **options)
    for part, figure in (("valid", valid), ("test", test)):
        result = model.perplexity(tmp_path / part)
        assert result.ppl == pytest.approx(figure, abs=1.5e-4)
        assert result.ppl == result.ppl_including_oov
    if not options and order in (3, 5):
        rows = (shared / f"data/lm_goldens/ptb_o{order}.sentence_scores.tsv").read_text().splitlines()[1:]
        sentences = model.perplexity(tmp_path / "test", per_sentence=True).per_sentence
        for row, sentence in zip(rows, sentences, strict=False):
            _, tokens, oov, log10_prob, _ = row.split("\t")
            assert (sentence.tokens, sentence.oovs) == (int(tokens), int(oov))
            assert sentence.log10_prob == pytest.approx(float(log10_prob), abs=5e-5)
