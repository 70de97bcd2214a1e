"""The ARPA reader and writer: round trips, odd files, bad files, mutated files."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.arpa_zoo import ZOO
from tlg.errors import ArpaError, InputError, MissingExtraError, MissingFileError, OutputError
from tlg.lm import NgramModel, ReadReport, train
from tlg.lm.arpa import context_sums, read_arpa, write_arpa

GOLDENS = Path(__file__).resolve().parent / "data" / "lm_goldens"
BASE = (GOLDENS / "abc.o3.arpa").read_text(encoding="utf-8")


def load(tmp_path: Path, text: str | bytes, name: str = "lm.arpa") -> NgramModel:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return NgramModel.load(path)


def repairs(model: NgramModel) -> list[str]:
    assert isinstance(model.report, ReadReport)
    return list(model.report.repairs)


def saved(model: NgramModel, path: Path) -> str:
    model.save(path)
    return path.read_text(encoding="utf-8")


def test_a_plain_file_comes_back_byte_for_byte(tmp_path: Path) -> None:
    model = load(tmp_path, BASE)
    assert repairs(model) == []
    assert model.order == 3 and model.counts == (6, 8, 8)
    assert model.vocabulary == ("<unk>", "<s>", "</s>", "a", "b", "c")
    assert saved(model, tmp_path / "again.arpa") == BASE


@pytest.mark.parametrize("golden", ["zipf.o5.nofb.arpa.xz", "unicode.o3.arpa", "long_word.o3.arpa.xz"])
def test_goldens_come_back_byte_for_byte(golden: str, tmp_path: Path) -> None:
    data = (GOLDENS / golden).read_bytes()
    text = lzma.decompress(data) if golden.endswith(".xz") else data
    saved(NgramModel.load(GOLDENS / golden), tmp_path / "again.arpa")
    assert (tmp_path / "again.arpa").read_bytes() == text


def test_order_1_and_empty_orders(tmp_path: Path) -> None:
    for golden in ("abc.o1.arpa", "abc.o7.arpa", "newline_only.o3.arpa"):
        text = (GOLDENS / golden).read_text(encoding="utf-8")
        assert saved(load(tmp_path, text), tmp_path / "again.arpa") == text


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_compression_by_suffix(suffix: str, tmp_path: Path) -> None:
    if suffix == ".zst":
        pytest.importorskip("zstandard")
    path = tmp_path / f"lm.arpa{suffix}"
    load(tmp_path, BASE).save(path)
    start = {"": b"\\dat", ".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7z", ".zst": b"\x28\xb5"}
    assert path.read_bytes().startswith(start[suffix])
    other = path.rename(tmp_path / "model")  # told by content, not by name
    assert saved(NgramModel.load(other), tmp_path / "again.arpa") == BASE


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_compressed_files_that_are_cut_off(suffix: str, tmp_path: Path) -> None:
    if suffix == ".zst":
        pytest.importorskip("zstandard")
    path = tmp_path / f"lm.arpa{suffix}"
    load(tmp_path, BASE).save(path)
    whole = path.read_bytes()
    for size in (len(whole) // 4, len(whole) - 9, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match=rf"lm\.arpa\{suffix}: .*(damaged or truncated|cut off)"):
            NgramModel.load(path)
    path.write_bytes(whole[: len(whole) // 2] + b"\xff" * 8 + whole[len(whole) // 2 + 8 :])
    with pytest.raises(InputError, match=rf"lm\.arpa\{suffix}:"):
        NgramModel.load(path)
    path.write_bytes(whole + whole)  # two members: the second model is text behind the first
    assert repairs(NgramModel.load(path)) == [r"line 35: text after \end\ skipped"]


def test_zstd_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.version_info >= (3, 14):
        pytest.skip("in the standard library")
    model = load(tmp_path, BASE)
    (tmp_path / "packed.zst").write_bytes(ZOO["zstd.arpa.zst"].data)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    for use in (lambda: model.save(tmp_path / "new.zst"), lambda: NgramModel.load(tmp_path / "packed.zst")):
        with pytest.raises(
            MissingExtraError, match=r"need the package zstandard. Run: pip install 'tlg\[zstd\]'"
        ):
            use()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lm.arpa", "packed.zst"]


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot be read .*directory"):
        NgramModel.load(tmp_path)
    if not Path("/dev/fd").exists():
        pytest.skip("no /dev/fd here")
    reading, writing = os.pipe()
    try:
        os.write(writing, gzip.compress(BASE.encode()))
        os.close(writing)
        assert NgramModel.load(f"/dev/fd/{reading}").counts == (6, 8, 8)
    finally:
        os.close(reading)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"/dev/full: cannot be written .*space"):
        load(tmp_path, BASE).save("/dev/full")


def test_progress_and_interruption(tmp_path: Path) -> None:
    model = train(GOLDENS / "zipf.txt", order=4)
    written: list[int] = []
    write_arpa(model.core, tmp_path / "lm.arpa.gz", written.append)
    assert sum(written) == sum(model.counts)
    read: list[int] = []
    read_arpa(tmp_path / "lm.arpa.gz", read.append)
    assert sum(read) == (tmp_path / "lm.arpa.gz").stat().st_size

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_arpa(model.core, tmp_path / "other.arpa", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read_arpa(tmp_path / "lm.arpa.gz", interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["lm.arpa.gz"]


def test_threads_do_not_change_the_file(tmp_path: Path) -> None:
    model = train(GOLDENS / "zipf.txt", order=5)
    for threads in (1, 2, 5):
        write_arpa(model.core, tmp_path / f"{threads}.arpa", threads=threads)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_saving_is_reproducible_and_atomic(tmp_path: Path) -> None:
    model = load(tmp_path, BASE)
    for name in ("a.gz", "b.gz"):
        model.save(tmp_path / name)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    with pytest.raises(OutputError, match="cannot be written"):
        model.save(tmp_path / "missing" / "lm.arpa")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gz", "b.gz", "lm.arpa"]


def edit(pattern: str, replacement: str) -> str:
    changed = re.sub(pattern, lambda _: replacement, BASE, count=1, flags=re.MULTILINE)
    assert changed != BASE
    return changed


MENDED = {
    "crlf": (BASE.replace("\n", "\r\n"), "line 1: CR at the end of lines removed"),
    "bom": ("\ufeff" + BASE, "line 1: byte order mark removed"),
    "text_in_front": ("made by X\n" + BASE, r"text before \\data\\ skipped \(lines 1-1\)"),
    "text_behind": (BASE + "trailer\n", r"line 35: text after \\end\\ skipped"),
    "count_low": (edit("ngram 2=8", "ngram 2=7"), "line 3: declared 7 2-grams, found 8"),
    "count_high": (edit("ngram 3=8", "ngram 3=9"), "line 4: declared 9 3-grams, found 8"),
    "spaces": (BASE.replace("\t", " "), "line 7: fields set apart in an unusual way"),
    "no_end": (edit(r"\n\\end\\\n", ""), r"no \\end\\"),
    "above_0_by_rounding": (edit("^-0.69897\t", "1e-9\t"), "line 18: log probability a little above 0"),
    "backoff_at_the_top": (edit("c a </s>$", "c a </s>\t-0.5"), "line 26: backoff of a highest-order"),
    "duplicate_word": (edit("^-1\t<unk>\t0$", "-1\t<unk>\t0\n-2\t<unk>\t0"), "line 8: unigram given again"),
    "duplicate": (edit("^-0.557027\ta b.*$", "-0.5\ta b\t0\n-0.7\ta b\t0"), "2-grams occur more than once"),
    "no_prefix": (edit("^-0.557027\ta b.*\n", ""), "2-grams are missing though longer n-grams contain them"),
    "no_backoff": (edit("<s> a\t-0.30103", "<s> a"), "begin a longer n-gram but have no backoff"),
    "infinity": (edit("^-1\t<unk>", "-Infinity\t<unk>"), "line 7: infinite log probability"),
    "capitals": (BASE.replace("<unk>", "<UNK>"), "<UNK> is taken as the unknown word"),
    "no_unk": (edit("^-1\t<unk>\t0\n", "").replace("1=6", "1=5"), "no <unk>: unknown words have"),
}


@pytest.mark.parametrize("name", MENDED)
def test_mended(name: str, tmp_path: Path) -> None:
    text, message = MENDED[name]
    model = load(tmp_path, text)
    assert any(re.search(message, one) for one in repairs(model)), repairs(model)
    assert model.score_sentence(["a", "b"])[0].log10_prob < 1e-6


def test_a_missing_prefix_changes_no_probability(tmp_path: Path) -> None:
    whole = load(tmp_path, BASE)
    # "b c" as backing off gives it: then taking it out changes nothing.
    model = load(tmp_path, edit("^-0.43055022\tb c.*\n", ""))
    for words in (["b", "c", "a"], ["a", "b", "c"], ["a", "b", "c", "a"]):
        for ours, base in zip(model.score_sentence(words), whole.score_sentence(words), strict=True):
            if ours.order == base.order == 3:
                assert ours.log10_prob == base.log10_prob


BAD: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", r"lm.arpa:1: the file is empty"),
    "other_text": ("the cat\nsat\n", r"lm.arpa:1: no \\data\\ header"),
    "utf16": (BASE.encode("utf-16"), r"lm.arpa:1: UTF-16"),
    "kenlm_binary": (b"mmap lm http://kheafield.com/code format version 5\n\0", "KenLM binary"),
    "html": ("<!DOCTYPE html><html>", "HTML page"),
    "lfs": ("version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "bare_cr": (BASE.replace("\n", "\r"), "bare CR"),
    "nul": (edit("a b c$", "a b\0 c"), "lm.arpa:32: a NUL byte"),
    "not_utf8": (BASE.encode().replace(b"\ta\t", b"\t\xff\t", 1), "lm.arpa:10: a word that is not UTF-8"),
    "no_header": (BASE[BASE.index("\\1-grams") :], r"lm.arpa:1: \\1-grams: without"),
    "negative_count": (edit("ngram 3=8", "ngram 3=-8"), "lm.arpa:4: not a count line"),
    "huge_count": (edit("ngram 3=8", "ngram 3=99999999999999999999"), "lm.arpa:4: not a count line"),
    "count_left_out": (edit("ngram 2=8\n", ""), "lm.arpa:3: the count of 2-grams is missing"),
    "section_left_out": (BASE[: BASE.index("\\3-grams")] + "\\end\\\n", "lm.arpa:24: .3-grams: expected"),
    "section_too_many": (edit(r"\\end\\", "\\4-grams:\n"), r"lm.arpa:34: .*found '.4-grams:'"),
    "cut_in_a_line": (BASE[:-60], r"lm.arpa:\d+: "),
    "cut_between_lines": (BASE[: BASE.index("-0.36097956")], "the file ends after 7 of 8 3-grams"),
    "cut_in_the_header": ("\\data\\\nngram 1=6\n", "the file ends in its header"),
    "nan": (edit("^-0.6478175\ta", "nan\ta"), "lm.arpa:10: the log probability is NaN"),
    "nan_backoff": (edit("-0.2410321$", "nan"), "lm.arpa:10: the backoff is NaN"),
    "above_0": (edit("^-0.6478175\ta", "0.6478175\ta"), "lm.arpa:10: .*0.6478175 is above 0"),
    "comma": (edit("^-0.6478175\ta", "-0,6478175\ta"), "lm.arpa:10: .*decimal point, not a comma"),
    "no_number": (edit("^-0.6478175\ta", "abc\ta"), "lm.arpa:10: the log probability is no number: 'abc'"),
    "unknown_word": (edit("a b c$", "a b zebra"), "lm.arpa:32: the word 'zebra' is not among"),
    "too_few_words": (edit("a b c$", "a b"), "lm.arpa:32: a 3-gram with 2 words"),
    "too_many_words": (edit("a b c$", "a b c a"), "lm.arpa:32: the backoff is no number: 'a'"),
    "too_many_fields": (edit("\ta\t-0.2410321$", "\ta\t-0.2\t-0.5"), "lm.arpa:10: more fields"),
    "cr_in_a_word": (
        BASE.replace("c\t-0.25", "c\rd\t-0.25"),
        "lm.arpa:12: a CR inside a word: 'c.d'. Convert",
    ),
    "zip": (b"PK\x03\x04 and more", "lm.arpa:1: a zip archive, not an ARPA file. Unpack"),
    "compress": (b"\x1f\x9d\x90", r"lm.arpa:1: packed by compress \(.Z\). Unpack it with: gzip -d"),
    "high_order": ("\\data\\\n" + "".join(f"ngram {k}=1\n" for k in range(1, 40)), "above the highest"),
}


@pytest.mark.parametrize("name", BAD)
def test_refused(name: str, tmp_path: Path) -> None:
    text, message = BAD[name]
    with pytest.raises(ArpaError, match=message):
        load(tmp_path, text)


def test_missing_or_damaged_file(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such file"):
        NgramModel.load(tmp_path / "none.arpa")
    for data in (gzip.compress(BASE.encode())[:-30], bz2.compress(BASE.encode())[:-30]):
        with pytest.raises(InputError, match="damaged or truncated"):
            load(tmp_path, data)


def test_mutated_files_give_a_model_or_an_error(tmp_path: Path) -> None:
    rng = random.Random(20261121)
    pieces = [
        "\t",
        " ",
        "\n",
        "\r",
        "\\",
        "-",
        "nan",
        "inf",
        "<s>",
        "1e9",
        "\0",
        "é",
        "\\end\\",
        "ngram 4=1",
        "7",
        "0",
    ]
    path = tmp_path / "lm.arpa"
    accepted = 0
    for _ in range(1500):
        text = BASE
        for _ in range(rng.randint(1, 2)):
            at, size = rng.randrange(len(text)), rng.choice([0, 0, 1, 3, 40])
            middle = rng.choice([*pieces, text[at : at + 30], ""])
            text = text[:at] + middle + text[at + size :]
        path.write_bytes(text.encode())
        try:
            model = NgramModel.load(path)
        except ArpaError as error:
            assert error.line, str(error)
        else:
            accepted += 1
            again = saved(model, tmp_path / "again.arpa")
            copy = NgramModel.load(tmp_path / "again.arpa")
            assert copy.counts == model.counts
            assert saved(copy, tmp_path / "third.arpa") == again
            ours, theirs = model.score_sentence(["a", "b", "x"]), copy.score_sentence(["a", "b", "x"])
            assert ours == theirs
    assert 100 < accepted < 1400


def test_a_trained_model_and_its_file_score_alike(tmp_path: Path) -> None:
    model = train(GOLDENS / "zipf.txt", order=4, prune=[0, 0, 1])
    model.save(tmp_path / "lm.arpa")
    copy = NgramModel.load(tmp_path / "lm.arpa")
    assert repairs(copy) == []
    assert copy.counts == model.counts and copy.vocabulary == model.vocabulary
    for line in (GOLDENS / "zipf.txt").read_text(encoding="utf-8").splitlines()[:50]:
        assert copy.score_sentence(line.split()) == model.score_sentence(line.split())


log10 = st.floats(-9.0, 0.0, width=32).map(lambda value: value + 0.0)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_model_comes_back(tmp_path: Path, data: st.DataObject) -> None:
    """What is written of a model read in any order of lines is read again, byte for byte and bit for bit."""
    letters = st.text("ab我é0-.#", min_size=1, max_size=18)
    words = ["<unk>", "<s>", "</s>", *data.draw(st.lists(letters, min_size=1, max_size=5, unique=True))]
    bigrams = data.draw(st.sets(st.tuples(st.sampled_from(words), st.sampled_from(words)), max_size=8))
    trigrams = sorted({(a, b, c) for a, b in bigrams for b2, c in bigrams if b == b2})
    kept = [one for one in trigrams if data.draw(st.booleans())]
    lines = [
        [f"{data.draw(log10)!r}\t{word}\t{data.draw(log10)!r}" for word in words],
        [f"{data.draw(log10)!r}\t{' '.join(one)}\t{data.draw(log10)!r}" for one in sorted(bigrams)],
        [f"{data.draw(log10)!r}\t{' '.join(one)}" for one in kept],
    ]
    header = "\\data\\\n" + "".join(f"ngram {k}={len(part)}\n" for k, part in enumerate(lines, 1))
    shuffled = [lines[0], *(data.draw(st.permutations(part)) for part in lines[1:])]
    sections = "".join(
        f"\n\\{k}-grams:\n" + "".join(f"{line}\n" for line in part) for k, part in enumerate(shuffled, 1)
    )
    model = load(tmp_path, f"{header}{sections}\n\\end\\\n")
    assert repairs(model) == []
    first = saved(model, tmp_path / "first.arpa")
    again = NgramModel.load(tmp_path / "first.arpa")
    assert saved(again, tmp_path / "second.arpa") == first
    assert again.vocabulary == tuple(words)
    for line in (line for part in lines for line in part):
        number, ngram, *backoff = line.split("\t")
        found = re.search(rf"^(\S+)\t{re.escape(ngram)}(?:\t(\S+))?$", first, re.MULTILINE)
        assert found and np.float32(found[1]) == np.float32(number)
        assert not backoff or np.float32(found[2]) == np.float32(backoff[0])


SENTENCES = ["a b c", "c a", "b", "x a", ""]


@pytest.mark.parametrize("golden", ["abc.o3.arpa", "zipf.o5.nofb.arpa.xz"])
def test_kenlm_reads_what_is_written(golden: str, tmp_path: Path) -> None:
    kenlm = pytest.importorskip("kenlm")
    model = NgramModel.load(GOLDENS / golden)
    model.save(tmp_path / "lm.arpa")
    theirs = kenlm.Model(str(tmp_path / "lm.arpa"))
    words = [word for word in model.vocabulary if not word.startswith("<")][:40]
    for text in [*SENTENCES, " ".join(words), " ".join(reversed(words))]:
        ours = sum(one.log10_prob for one in model.score_sentence(text.split()))
        assert theirs.score(text) == pytest.approx(ours, abs=1e-4)


@pytest.mark.parametrize("golden", ["abc.o3.arpa", "zipf.o5.nofb.arpa.xz", "abc.o1.arpa"])
def test_kaldi_reads_what_is_written(golden: str, tmp_path: Path) -> None:
    """Kaldi's arpa2fst gives the same transducer for our file as for lmplz's."""
    kaldilm = pytest.importorskip("kaldilm")
    data = (GOLDENS / golden).read_bytes()
    (tmp_path / "lmplz.arpa").write_bytes(lzma.decompress(data) if golden.endswith(".xz") else data)
    NgramModel.load(GOLDENS / golden).save(tmp_path / "ours.arpa")
    made = [
        kaldilm.arpa2fst(
            input_arpa=str(tmp_path / name),
            disambig_symbol="#0",
            read_symbol_table="",
            write_symbol_table=str(tmp_path / f"{name}.words"),
        )
        for name in ("lmplz.arpa", "ours.arpa")
    ]
    assert made[0] and made[0] == made[1]


def test_sums(tmp_path: Path) -> None:
    model = train(GOLDENS / "zipf.txt", order=3)
    rows = context_sums(model)
    assert [row["length"] for row in rows] == [0, 1, 2]
    assert all(row["off"] == 0 and abs(row["worst"] - 1) < 1e-5 for row in rows)
    assert rows[0]["contexts"] == 1 and rows[1]["contexts"] <= model.counts[0]
    odd = load(tmp_path, edit("^-0.78914666\tc", "-0.01\tc"))
    rows = context_sums(odd)
    unigrams = [float(line.split("\t")[0]) for line in BASE.splitlines()[6:12] if "<s>" not in line]
    total = sum(10**value for value in unigrams) - 10**-0.78914666 + 10**-0.01
    assert rows[0]["worst"] == pytest.approx(total, abs=1e-6) and rows[0]["off"] == 1
    assert rows[1]["off"] > 0 and rows[1]["worst_context"]
