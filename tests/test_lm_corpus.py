"""The way from texts to counts: threads, memory, temporary files, progress, Ctrl-C, odd texts."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tlg.lm
from tests.reference.kneser_ney import kneser_ney
from tlg.errors import MissingFileError, OptionError, OutputError, TextError
from tlg.lm.corpus import parse_size

posix = pytest.mark.skipif(os.name != "posix", reason="no such limits and signals here")


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any limit is allowed: a limit of a few bytes sends everything to temporary files."""
    monkeypatch.setattr("tlg.lm.corpus.SMALLEST_MEMORY", 1)


def arpa(texts: Any, folder: Path, **options: Any) -> bytes:
    tlg.lm.train(texts, **options).save(folder / "lm.arpa")
    return (folder / "lm.arpa").read_bytes()


def zipf_text(seed: int, lines: int, words: int = 3000) -> bytes:
    rng = random.Random(seed)
    return "".join(
        " ".join(f"w{int(words ** rng.random())}" for _ in range(rng.randint(0, 12))) + "\n"
        for _ in range(lines)
    ).encode()


def test_threads_and_memory_do_not_change_a_byte(tmp_path: Path, little_memory: None) -> None:
    text = tmp_path / "text.txt"
    text.write_bytes(zipf_text(1, 20000))
    plain = arpa(text, tmp_path, order=4, threads=1)
    for threads, memory in [(2, None), (7, None), (1, 1), (3, 1), (2, "300K"), (None, None)]:
        assert arpa(text, tmp_path, order=4, threads=threads, memory=memory) == plain, (threads, memory)


@pytest.mark.parametrize("seed", range(25))
def test_equals_the_slow_twin_whatever_the_setting(seed: int, tmp_path: Path, little_memory: None) -> None:
    rng = random.Random(5000 + seed)
    words = [f"w{i}" for i in range(rng.randint(1, 12))]
    sentences = [
        [words[min(int(rng.expovariate(0.4)), len(words) - 1)] for _ in range(rng.randint(0, 9))]
        for _ in range(rng.randint(1, 60))
    ]
    options: dict[str, Any] = {"order": rng.randint(1, 9), "count_of_counts": rng.choice(["lmplz", "exact"])}
    setting = {"threads": rng.randint(1, 4), "memory": rng.choice([None, 1, 5000, "1M"])}
    text = "".join(" ".join(sentence) + "\n" for sentence in sentences).encode()
    given = [sentences, io.BytesIO(text), [io.BytesIO(text)], (one for one in sentences)][rng.randrange(4)]
    given = [given] if isinstance(given, io.BytesIO) else given
    found = {}
    for line in arpa(given, tmp_path, **options, **setting).decode().splitlines():
        if "\t" in line:
            prob, ngram, *backoff = line.split("\t")
            found[tuple(ngram.split(" "))] = (float(prob), float(backoff[0]) if backoff else 0.0)
    expected = kneser_ney(sentences, **options)
    assert found.keys() == expected.keys()
    for key, (log10_prob, log10_backoff) in expected.items():
        assert found[key][0] == pytest.approx(max(log10_prob, -99), abs=2e-6), key
        assert found[key][1] == pytest.approx(max(log10_backoff, -99), abs=2e-6), key


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "two gz in one": lambda data: gzip.compress(data[:5000]) + gzip.compress(data[5000:]),
}


def zstd(data: bytes) -> bytes:
    package = pytest.importorskip("zstandard")
    packer = package.ZstdCompressor()
    return bytes(packer.compress(data[:7000]) + packer.compress(data[7000:]))


@pytest.mark.parametrize("packer", [*PACKERS, "zst"])
@pytest.mark.parametrize("block", [1 << 24, 1000, 7])
def test_packed_texts_are_unpacked_piece_by_piece(
    packer: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b"\xef\xbb\xbf" + zipf_text(2, 400)
    plain = arpa([io.BytesIO(text)], tmp_path, order=3)
    packed = zstd(text) if packer == "zst" else PACKERS[packer](text)
    monkeypatch.setattr("tlg.lm.text.BLOCK", block)
    monkeypatch.setattr("tlg.lm.corpus.BLOCK", block)
    (tmp_path / "packed").write_bytes(packed)
    assert arpa(tmp_path / "packed", tmp_path, order=3) == plain
    assert arpa([io.BytesIO(packed)], tmp_path, order=3) == plain
    if packer != "plain":
        (tmp_path / "packed").write_bytes(packed[:-9])
        with pytest.raises(TextError, match=r"packed: damaged or truncated compressed data .*\. Copy or"):
            tlg.lm.train(tmp_path / "packed")


def test_sentences_come_from_a_generator_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tlg.lm.corpus.SENTENCES", 100)
    alive = most = 0

    class Sentence(list[str]):
        def __init__(self, words: list[str]) -> None:
            nonlocal alive, most
            super().__init__(words)
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def sentences() -> Iterator[list[str]]:
        for i in range(1000):
            yield Sentence(["a", f"b{i % 7}"])

    model = tlg.lm.train(sentences(), order=2)
    assert isinstance(model.report, tlg.lm.TrainReport)
    assert model.report.sentences == 1000 and most < 5


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ([["a"], ["b c"]], r"sentence 2: 'b c' is not one word.*\. Split the sentence"),
        ([["a"], [], ["b", ""]], r"sentence 3: '' is not one word"),
        ([["a"], ["b\n"]], r"sentence 2: 'b\\n' is not one word"),
        ([["a"], ["\0"]], r"sentence 2: '\\x00' is not one word"),
        ([["a"], ["b", "<s>"]], r"sentence 2: '<s>' is reserved"),
        ([["a"], ["b", 3]], r"sentence 2 holds something that is no text"),
        ([["a"], ["b", "\udcff"]], r"sentence 2 holds something that is no text"),
    ],
)
def test_a_bad_sentence_is_named(sentences: Any, message: str) -> None:
    with pytest.raises(TextError, match=message):
        tlg.lm.train(sentences)


def test_a_word_that_looks_like_white_space_is_a_word() -> None:
    model = tlg.lm.train([["a", "\u3000", "\u00a0b"], ["\v"]], order=2)
    assert {"\u3000", "\u00a0b", "\v"} <= set(model.vocabulary)


@pytest.mark.parametrize("line", [b"a b c\n" * 9 + b"word " * 2_000_000, b"a " + b"w" * 10_000_000 + b" b"])
def test_a_line_of_ten_megabytes(line: bytes, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_bytes(line)
    report = tlg.lm.train(tmp_path / "text.txt", order=3, memory="16M").report
    assert isinstance(report, tlg.lm.TrainReport)
    assert report.words == len(line.split())


ODD_TEXTS = {
    "one word": (b"a", ["a"]),
    "only a newline": (b"\n", []),
    "carriage returns, tabs and NUL part words": (b"a\rb\tc\0d\r\n", ["a", "b", "c", "d"]),
    "byte order mark": (b"\xef\xbb\xbfa\n", ["a"]),
    "byte order mark alone in front of nothing": (b"\xef\xbb\xbf\n", []),
    "half a byte order mark is text, and not UTF-8": (b"\xef\xbb\n", None),
    "ideographic space is no space": ("a\u3000b c\n".encode(), ["a\u3000b", "c"]),
}


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_odd_text(name: str, tmp_path: Path) -> None:
    data, words = ODD_TEXTS[name]
    (tmp_path / "text.txt").write_bytes(data)
    if words is None:
        with pytest.raises(TextError, match=r"text.txt:1: not UTF-8"):
            tlg.lm.train(tmp_path / "text.txt", order=2)
        return
    model = tlg.lm.train(tmp_path / "text.txt", order=2)
    assert sorted(set(model.vocabulary) - {"<s>", "</s>", "<unk>"}) == sorted(words)


def test_texts_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot be read \(Is a directory\)"):
        tlg.lm.train(tmp_path)
    with pytest.raises(MissingFileError, match="no such file"):
        tlg.lm.train([tmp_path / "none.txt"])
    with pytest.raises(TextError, match="the text is empty"):
        tlg.lm.train([io.BytesIO(b"")])
    with pytest.raises(OptionError, match="the stream gives str"):
        tlg.lm.train([io.StringIO("a")])  # type: ignore[list-item]


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read anything")
def test_a_text_without_permission(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_bytes(b"a\n")
    (tmp_path / "text.txt").chmod(0)
    with pytest.raises(OutputError, match=r"cannot be read \(Permission denied\)"):
        tlg.lm.train(tmp_path / "text.txt")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memory": "1M"}, r"memory='1M' is less than 16M\. Allow more"),
        ({"memory": 0}, r"memory=0 is less than 16M"),
        ({"memory": "much"}, r"memory='much' is no size\. Give bytes"),
        ({"memory": 1.5}, r"memory=1.5 is no size"),
        ({"threads": 0}, r"threads=0 is not a whole number from 1 to 1024"),
        ({"threads": True}, r"threads=True is not"),
        ({"vocab": 3}, r"vocab is a int"),
        ({"vocab": [1]}, r"vocab holds 1, not a word"),
    ],
)
def test_bad_option(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        tlg.lm.train([["a"]], **options)


def test_a_temp_dir_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"none: there is no such folder\. Name another temp_dir"):
        tlg.lm.train([["a"]], memory="16M", temp_dir=tmp_path / "none")


def test_sizes() -> None:
    sizes = {"64M": 64 << 20, "2G": 2 << 30, "1.5 GiB": 3 << 29, "100": 100, "7k": 7168, "1TB": 1 << 40}
    assert {size: parse_size(size) for size in sizes} == sizes


def test_progress_knows_the_total_of_every_phase(tmp_path: Path) -> None:
    text = tmp_path / "text.txt.gz"
    text.write_bytes(gzip.compress(zipf_text(3, 2000)))
    seen: list[tuple[str, int, int]] = []
    tlg.lm.train([text, text], order=3, progress=lambda *told: seen.append(told))
    phases = list(dict.fromkeys(phase for phase, _, _ in seen))
    assert phases[:4] == ["read", "sort", "count", "estimate"]
    assert seen[0] == ("read", 0, 2 * text.stat().st_size)
    assert all(0 <= done <= total and total > 0 for _, done, total in seen)


@posix
@pytest.mark.parametrize("phase", ["read", "sort", "count", "estimate"])
def test_ctrl_c_ends_it_in_every_phase(phase: str, tmp_path: Path, little_memory: None) -> None:
    """What the caller's progress raises goes through, and so does a signal that comes in the core."""

    def stop(told: str, done: int, total: int) -> None:
        if told == phase:
            raise KeyboardInterrupt

    text = [io.BytesIO(zipf_text(4, 3000))]
    with pytest.raises(KeyboardInterrupt):
        tlg.lm.train(text, order=3, memory=1, temp_dir=tmp_path, threads=3, progress=stop)
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_signal_is_noticed_by_the_core() -> None:
    class Alarm(Exception):
        pass

    def ring(number: int, frame: object) -> None:
        raise Alarm

    def arm(phase: str, done: int, total: int) -> None:
        if phase == "sort" and done == 0:  # now the core works for a while, in one call
            signal.setitimer(signal.ITIMER_REAL, 0.05)

    before = signal.signal(signal.SIGALRM, ring)
    try:
        with pytest.raises(Alarm):
            tlg.lm.train([io.BytesIO(zipf_text(5, 30000) * 5)], order=9, threads=1, progress=arm)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@posix
def test_a_full_disk_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    """Files that may not grow beyond 100 kB stand for a disk with that much room."""
    (tmp_path / "text.txt").write_bytes(zipf_text(6, 30000) * 10)
    (tmp_path / "temp").mkdir()
    program = textwrap.dedent(
        """
        import resource, sys
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        from tlg.cli import main
        main()
        """
    )
    command = ["lm", "train", str(tmp_path / "text.txt"), "-o", str(tmp_path / "lm.arpa")]
    command += ["--memory", "16M", "--temp-dir", str(tmp_path / "temp")]
    done = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"temp: no room for a temporary file of " in done.stderr
    assert b"Free space there, name another folder (temp_dir, --temp-dir), or allow more" in done.stderr
    assert sorted(one.name for one in tmp_path.iterdir()) == ["temp", "text.txt"]
    assert list((tmp_path / "temp").iterdir()) == []


def test_temporary_files_have_no_names(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, little_memory: None
) -> None:
    names: list[Path] = []

    def look(*told: object) -> None:
        names.extend(tmp_path.iterdir())

    arpa(
        [io.BytesIO(zipf_text(7, 2000))],
        tmp_path_factory.mktemp("out"),
        memory=1,
        temp_dir=tmp_path,
        progress=look,
    )
    assert names == []


def test_a_fixed_vocabulary(tmp_path: Path) -> None:
    text = [["a", "b", "x"], ["a", "y", "b"]]
    listed = tmp_path / "vocab.txt"
    listed.write_text("b\na\nnever a\n<s>\n", encoding="utf-8")
    model = tlg.lm.train(text, order=2, vocab=listed)
    assert sorted(model.vocabulary) == sorted(["<unk>", "<s>", "</s>", "a", "b", "never"])
    assert isinstance(model.report, tlg.lm.TrainReport)
    assert "2 words of the text are not in vocab: counted as <unk>" in model.report.notes
    # As if the text had the unknown word there.
    same = tlg.lm.train(
        [["a", "b", "<unk>"], ["a", "<unk>", "b"]], order=2, symbols="unk", vocab=["b", "a", "never"]
    )
    model.save(tmp_path / "1.arpa")
    same.save(tmp_path / "2.arpa")
    assert (tmp_path / "1.arpa").read_bytes() == (tmp_path / "2.arpa").read_bytes()
    assert b"\tnever\t" in (tmp_path / "1.arpa").read_bytes()


def test_a_closed_vocabulary() -> None:
    text = [["a", "b", "x", "b", "a"], ["a", "y", "b"], ["b"], ["a", "c"]]
    model = tlg.lm.train(text, order=3, vocab=["a", "b", "c", "never"], closed_vocab=True)
    assert "<unk>" not in model.vocabulary and "x" not in model.vocabulary
    assert isinstance(model.report, tlg.lm.TrainReport)
    assert (
        "2 words of the text are not in vocab: left out, with the n-grams they are in" in model.report.notes
    )
    for history in ([], ["a"], ["b"], ["never"], ["a", "b"], ["b", "b"]):
        scores = [model.score_sentence([*history, w])[len(history)] for w in ("a", "b", "c", "never")]
        total = sum(10**score.log10_prob for score in [*scores, model.score_sentence(history)[-1]])
        assert total == pytest.approx(1, abs=1e-5), history
