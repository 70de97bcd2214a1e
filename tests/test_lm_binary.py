"""Binary models: to a file and back bit for bit, scores by the rule of ARPA files, damage of every kind."""

from __future__ import annotations

import json
import lzma
import math
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tlg
from tests.reference import graph_twin
from tlg import _core
from tlg.errors import ArpaError, MissingFileError, OptionError, OutputError
from tlg.lm import NgramModel, load_model
from tlg.lm.binary import binary_parts, open_binary

GOLDENS = Path(__file__).resolve().parent / "data" / "lm_goldens"
NAMES = [
    "abc.o1",
    "abc.o3",
    "abc.o6",
    "empty.o3",
    "one_word.o6",
    "unicode.o3",
    "zipf.o3.p001",
    "zipf.o5.nofb",
]
MAIN = "from tlg.cli import main; main()"
LN10 = math.log(10.0)


def arpa(name: str) -> bytes:
    path = GOLDENS / f"{name}.arpa"
    return path.read_bytes() if path.exists() else lzma.decompress(Path(f"{path}.xz").read_bytes())


@pytest.fixture
def model(tmp_path: Path) -> NgramModel:
    (tmp_path / "lm.arpa").write_bytes(arpa("zipf.o3.p001"))
    return NgramModel.load(tmp_path / "lm.arpa")


def arpa_of(model: NgramModel, path: Path) -> bytes:
    model.save(path)
    return path.read_bytes()


@pytest.mark.parametrize("structure", ["probing", "trie"])
@pytest.mark.parametrize("name", NAMES)
def test_arpa_to_binary_to_arpa_is_the_same_file(name: str, structure: str, tmp_path: Path) -> None:
    (tmp_path / "lm.arpa").write_bytes(arpa(name))
    first = NgramModel.load(tmp_path / "lm.arpa")
    text = arpa_of(first, tmp_path / "again.arpa")
    assert text == arpa(name)
    first.save(tmp_path / "lm.tlglm", structure=structure)
    second = NgramModel.load(tmp_path / "lm.tlglm")
    assert (second.counts, second.vocabulary) == (first.counts, first.vocabulary)
    assert arpa_of(second, tmp_path / "back.arpa") == text
    other = {"trie": "probing", "probing": "trie"}[structure]
    second.save(tmp_path / "other.tlglm", structure=other)
    assert arpa_of(NgramModel.load(tmp_path / "other.tlglm"), tmp_path / "back2.arpa") == text
    second.save(tmp_path / "same.tlglm", structure=structure)
    assert (tmp_path / "same.tlglm").read_bytes() == (tmp_path / "lm.tlglm").read_bytes()


def all_sentences() -> list[list[str]]:
    lines = (GOLDENS / "zipf.txt").read_text(encoding="utf-8").splitlines()[:80]
    return [*(line.split() for line in lines), ["never", "w1", "seen"], [], ["w1"] * 7]


@pytest.mark.parametrize("options", [{}, {"prob_bits": 8, "backoff_bits": 8}, {"prob_bits": 3}])
def test_scores_are_those_of_the_rule(options: dict[str, Any], model: NgramModel, tmp_path: Path) -> None:
    model.save(tmp_path / "lm.tlglm", structure="trie", **options)
    trie = NgramModel.load(tmp_path / "lm.tlglm")
    ngrams = graph_twin.parse_arpa(arpa_of(trie, tmp_path / "expanded.arpa").decode())
    if not options:
        assert ngrams == graph_twin.parse_arpa(arpa("zipf.o3.p001").decode())
    for sentence in all_sentences():
        state = trie.begin()
        history: tuple[str, ...] = ("<s>",)
        for word in [*sentence, "</s>"]:
            seen = word if (word,) in ngrams else "<unk>"
            expected = math.log(graph_twin.probability(ngrams, history[-2:], seen))
            state, score = trie.score(state, word)
            assert score == pytest.approx(expected, abs=2e-5), (sentence, word)
            history = (*history, seen)


def test_the_kenlm_package_agrees(model: NgramModel, tmp_path: Path) -> None:
    kenlm = pytest.importorskip("kenlm", reason="the oracle kenlm-ex is not installed")
    model.save(tmp_path / "lm.tlglm", structure="trie")
    ours, theirs = NgramModel.load(tmp_path / "lm.tlglm"), kenlm.Model(str(tmp_path / "lm.arpa"))
    for sentence in all_sentences():
        expected = list(theirs.full_scores(" ".join(sentence)))
        for score, (prob, order, oov) in zip(ours.score_sentence(sentence), expected, strict=True):
            assert score.log10_prob == pytest.approx(prob, abs=2e-6)
            assert (score.order, score.oov) == (order, oov)


def test_a_trie_answers_as_the_arrays_do(model: NgramModel, tmp_path: Path) -> None:
    model.save(tmp_path / "lm.tlglm", structure="trie")
    trie = NgramModel.load(tmp_path / "lm.tlglm")
    text = GOLDENS / "zipf.txt"
    ours, theirs = trie.perplexity(text), model.perplexity(text)
    assert (ours.log10_prob, ours.hits, ours.oovs) == (theirs.log10_prob, theirs.hits, theirs.oovs)
    for sentence in all_sentences()[:20]:
        ids = [model.word_id(word) for word in sentence]
        assert ids == [trie.word_id(word) for word in sentence]
        a, b = model.begin(), trie.begin()
        for word in sentence:
            assert np.array_equal(model.next_distribution(a), trie.next_distribution(b))
            for k in (1, 5, 100):
                assert model.next_words(a, k) == trie.next_words(b, k)
            (a, x), (b, y) = model.score(a, word), trie.score(b, word)
            assert x == y
        assert model.end(a) == trie.end(b)
    a_scores = model.score_sentences(all_sentences())
    for one, two in zip(a_scores, trie.score_sentences(all_sentences()), strict=True):
        assert np.array_equal(one, two)
    with pytest.raises(OptionError, match="state"):
        trie.score(0xFFFF_FFFF_FFFF, "w1")


WORDS = st.sampled_from(["a", "b", "c", "d", "<unk>", "<s>", "</s>"])


@st.composite
def arpa_texts(draw: st.DrawFn) -> str:
    """Closed models of any order, without some of the special words, with few values or many."""
    order = draw(st.integers(1, 9))
    words = draw(st.sets(WORDS, min_size=1))
    longest = draw(
        st.lists(st.lists(st.sampled_from(sorted(words)), min_size=1, max_size=order), max_size=12)
    )
    ngrams: set[tuple[str, ...]] = {(word,) for word in words}
    for words_of_one in longest:
        for begin in range(len(words_of_one)):
            for end in range(begin + 1, len(words_of_one) + 1):
                ngrams.add(tuple(words_of_one[begin:end]))
    values = st.sampled_from([-99.0, -0.5, -1.25, 0.0]) | st.floats(-9, 0, width=32)
    levels = [sorted(n for n in ngrams if len(n) == k) for k in range(1, order + 1)]
    lines = ["\\data\\", *(f"ngram {k}={len(level)}" for k, level in enumerate(levels, 1)), ""]
    for k, level in enumerate(levels, 1):
        lines.append(f"\\{k}-grams:")
        for ngram in level:
            fields = [repr(draw(values)), " ".join(ngram)]
            if k < order:
                fields.append(repr(draw(values)))
            lines.append("\t".join(fields))
        lines.append("")
    return "\n".join([*lines, "\\end\\", ""])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=arpa_texts(), queries=st.lists(st.lists(WORDS, max_size=8), max_size=4))
def test_any_model(text: str, queries: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "lm.arpa").write_text(text, encoding="utf-8")
    arrays = NgramModel.load(folder / "lm.arpa")
    arrays.save(folder / "lm.tlglm", structure="trie")
    trie = NgramModel.load(folder / "lm.tlglm")
    assert arpa_of(trie, folder / "back.arpa") == arpa_of(arrays, folder / "again.arpa")
    ngrams = graph_twin.parse_arpa((folder / "again.arpa").read_text(encoding="utf-8"))
    for query in queries:
        state = trie.begin(bos=False)
        history: tuple[str, ...] = ()
        for word in query:
            seen = word if (word,) in ngrams else "<unk>"
            state, score = trie.score(state, word)
            if (seen,) in ngrams:
                expected = graph_twin.probability(
                    ngrams, history[max(0, len(history) - arrays.order + 1) :], seen
                )
                assert score == pytest.approx(math.log(max(expected, 1e-300)), abs=1e-3) or expected < 1e-90
            history = (*history, seen) if (seen,) in ngrams else ()


def test_suffix_and_options_pick_the_kind(model: NgramModel, tmp_path: Path) -> None:
    model.save(tmp_path / "a.tlglm")
    assert binary_parts(tmp_path / "a.tlglm")["structure"] == "probing"
    model.save(tmp_path / "b.tlglm", prob_bits=8, backoff_bits=6)
    parts = binary_parts(tmp_path / "b.tlglm")
    assert parts["structure"] == "trie"
    assert all(row["probability"] <= 8 and row["backoff"] <= 6 for row in parts["packing"])
    assert sum(parts["sections"].values()) < (tmp_path / "b.tlglm").stat().st_size
    model.save(tmp_path / "c", structure="trie")
    assert NgramModel.load(tmp_path / "c").counts == model.counts
    for options, message in [
        ({"structure": "tree"}, "structure='tree' is not known. Give one of probing, trie"),
        ({"structure": "probing", "prob_bits": 8}, "not quantised. Use structure='trie'"),
        ({"prob_bits": 1}, "prob_bits=1. Give 2 to 16 bits"),
        ({"backoff_bits": 17}, "backoff_bits=17"),
    ]:
        with pytest.raises(OptionError, match=message):
            model.save(tmp_path / "bad.tlglm", **options)  # type: ignore[arg-type]
    with pytest.raises(OutputError):
        model.save(tmp_path / "no folder" / "bad.tlglm")
    assert not [path for path in tmp_path.iterdir() if "bad" in path.name]


def test_quantising_costs_little(model: NgramModel, tmp_path: Path) -> None:
    exact = model.perplexity(GOLDENS / "zipf.txt").ppl
    error = []
    for bits in (4, 8, 12):
        model.save(tmp_path / f"{bits}.tlglm", prob_bits=bits, backoff_bits=bits)
        error.append(
            abs(NgramModel.load(tmp_path / f"{bits}.tlglm").perplexity(GOLDENS / "zipf.txt").ppl / exact - 1)
        )
    assert error[0] < 0.1 and error[1] < 0.005 and error[2] < 0.0005


@pytest.mark.parametrize("structure", ["probing", "trie"])
def test_files_cut_off_or_changed(structure: str, model: NgramModel, tmp_path: Path) -> None:
    path = tmp_path / "lm.tlglm"
    model.save(path, structure=structure)
    good = path.read_bytes()
    open_binary(path, verify=True)
    rng = np.random.default_rng(7)
    for size in [9, 63, 64, 100, len(good) // 2, len(good) - 1]:
        path.write_bytes(good[:size])
        with pytest.raises(ArpaError, match=r"lm\.tlglm: the model is (cut off|damaged)"):
            NgramModel.load(path)
    for at in rng.integers(0, len(good), 60):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
        with pytest.raises(ArpaError):
            open_binary(path, verify=True)
        try:
            damaged = NgramModel.load(path)
            damaged.score_sentence(["w1", "w2", "zzz", "w3"])
            damaged.next_words(damaged.begin(), 3)
        except (ArpaError, UnicodeDecodeError):
            pass
    path.write_bytes(b"")
    with pytest.raises(ArpaError):
        NgramModel.load(path)
    with pytest.raises(MissingFileError, match=r"gone\.tlglm"):
        open_binary(tmp_path / "gone.tlglm")


def test_a_graph_is_built_from_a_binary(tmp_path: Path) -> None:
    text = GOLDENS / "abc.txt"
    model = tlg.lm.train(text, order=2)
    model.save(tmp_path / "lm.arpa")
    model.save(tmp_path / "lm.tlglm", structure="trie")
    (tmp_path / "tokens.txt").write_text("<blk> 0\na 1\nb 2\nc 3\n")
    (tmp_path / "lexicon.txt").write_text("a a\nb b\nc c\n")
    for name in ("lm.arpa", "lm.tlglm"):
        tlg.build_graph(
            lexicon=tmp_path / "lexicon.txt",
            tokens=tmp_path / "tokens.txt",
            blank="<blk>",
            lm=tmp_path / name,
            out=tmp_path / f"{name}.graph",
        )
    graphs = [(tmp_path / f"{name}.graph" / "LG.fst").read_bytes() for name in ("lm.arpa", "lm.tlglm")]
    assert graphs[0] == graphs[1]


def run(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", MAIN, "lm", *args]
    return subprocess.run(command, capture_output=True, check=False, text=True)


def test_convert_and_info_as_programs(model: NgramModel, tmp_path: Path) -> None:
    source, trie, back = (str(tmp_path / name) for name in ("lm.arpa", "lm.tlglm", "back.arpa.gz"))
    done = run("convert", source, trie, "--format", "trie", "--quantise-bits", "8")
    assert done.returncode == 0 and f"{trie}: " in done.stderr, done.stderr
    figures: dict[str, Any] = json.loads(run("info", trie, "--json", "--verify").stdout)
    assert figures["structure"] == "trie" and tuple(figures["counts"]) == model.counts
    assert figures["packing"][0]["probability"] <= 8
    assert "section 2.records: " in run("info", trie).stdout
    assert run("convert", trie, back, "--verify").returncode == 0
    assert NgramModel.load(back).counts == model.counts
    assert run("convert", source, str(tmp_path / "p.tlglm")).returncode == 0
    assert binary_parts(tmp_path / "p.tlglm")["structure"] == "probing"
    text = str(GOLDENS / "abc.txt")
    assert (
        run("ppl", str(tmp_path / "p.tlglm"), text).stdout.replace("p.tlglm", "lm.arpa")
        == run("ppl", source, text).stdout
    )
    for arguments, status, message in [
        ([source, trie, "--format", "probing", "--quantise-bits", "8"], 2, "use --format trie"),
        ([source, trie, "--quantise-bits", "1"], 2, "2 to 16 bits"),
        ([source, trie, "--format", "arpa"], 2, "name it otherwise"),
        ([str(tmp_path / "gone"), trie], 1, "no such file"),
    ]:
        done = run("convert", *arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (status, False)
        assert message in done.stderr
    assert "Example:" in run("convert", "--help").stdout


def test_ptb_is_smaller_than_in_kenlm(shared: Path, tmp_path: Path) -> None:
    """KenLM of the same model: probing 51.29 MB, trie 23.50, quantised to 8 bits 12.17, 9.67 with -a 22."""
    with lzma.open(shared / "data" / "text" / "en" / "ptb.train.txt.xz", "rt", encoding="utf-8") as stream:
        text = stream.read().replace("<unk>", "<oov>")
    (tmp_path / "train.txt").write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = tlg.lm.train(tmp_path / "train.txt", order=5)
    assert model.counts == (10002, 264990, 586558, 717733, 737952)
    sizes = {}
    ways: dict[str, dict[str, Any]] = {"exact": {}, "8 bits": {"prob_bits": 8, "backoff_bits": 8}}
    for name, options in ways.items():
        model.save(tmp_path / "lm.tlglm", structure="trie", **options)
        sizes[name] = (tmp_path / "lm.tlglm").stat().st_size
    assert sizes["exact"] < 15.5e6 and sizes["8 bits"] < 8.3e6
    assert isinstance(load_model(tmp_path / "lm.tlglm").score_sentence(["the"])[0].log10_prob, float)
    assert _core.NgramModel.open(str(tmp_path / "lm.tlglm"), True).structure == "trie"
