"""Training compared with lmplz, n-gram by n-gram, and with a slow twin written from the formulas."""

from __future__ import annotations

import io
import lzma
import random
from pathlib import Path
from typing import Any

import pytest

import tlg.lm
from tests.reference.kneser_ney import kneser_ney
from tlg.errors import InputError, MissingFileError, OptionError, TextError

ROOT = Path(__file__).resolve().parent
GOLDENS = ROOT / "data" / "lm_goldens"


def read_lines(path: Path) -> list[str]:
    """Lines end at LF alone: U+2028 and the like may be in a word."""
    data = path.read_bytes()
    return (lzma.decompress(data) if path.suffix == ".xz" else data).decode().split("\n")


def assert_same_arpa(ours: list[str], theirs: list[str]) -> None:
    """The same lines in the same order; numbers within 1e-5."""
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        if a == b:
            continue
        x, y = a.split("\t"), b.split("\t")
        assert len(x) == len(y) > 1 and x[1] == y[1], (a, b)
        assert float(x[0]) == pytest.approx(float(y[0]), abs=1e-5, rel=0), (a, b)
        assert x[2:] == y[2:] or float(x[2]) == pytest.approx(float(y[2]), abs=1e-5, rel=0), (a, b)


def options_of(flags: str, folder: Path = GOLDENS) -> dict[str, Any]:
    """lmplz's flags in tlg's words; files are in the folder."""
    options: dict[str, Any] = {"discount_fallback": False}
    words = flags.split()
    while words:
        flag = words.pop(0)
        values: list[str] = []
        while words and not words[0].startswith("-"):
            values.append(words.pop(0))
        if flag == "-o":
            options["order"] = int(values[0])
        elif flag == "--discount_fallback":
            options["discount_fallback"] = [float(v) for v in values] * (3 if len(values) == 1 else 1) or True
        elif flag == "--prune":
            options["prune"] = [int(v) for v in values]
        elif flag == "--interpolate_unigrams":
            options["interpolate_unigrams"] = values[0] != "0"
        elif flag == "--vocab_pad":
            options["vocab_pad"] = int(values[0])
        elif flag == "--limit_vocab_file":
            options["limit_vocab"] = folder / values[0]
        elif flag == "--skip_symbols":
            options["symbols"] = "skip"
        else:
            raise AssertionError(flag)
    return options


ROWS = {
    (row := line.split("\t"))[0]: row
    for line in (GOLDENS / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]
}
# Where tlg mends the text or refuses what lmplz takes, the rule is tested below instead.
OTHER = {"bom.o3", "no_final_newline.o3", "empty.o3", "invalid_utf8.o3"}


@pytest.mark.parametrize("name", [name for name in ROWS if name not in OTHER])
def test_toy_golden(name: str, tmp_path: Path) -> None:
    _, _, flags, text, status, arpa = ROWS[name]
    if status != "0":
        with pytest.raises(InputError):
            tlg.lm.train([GOLDENS / text], **options_of(flags))
        return
    model = tlg.lm.train([GOLDENS / text], **options_of(flags))
    model.save(tmp_path / "lm.arpa")
    assert_same_arpa(read_lines(tmp_path / "lm.arpa"), read_lines(GOLDENS / arpa))


def test_byte_order_mark_is_removed_and_a_missing_last_newline_mended(tmp_path: Path) -> None:
    for text, note in [("bom.txt", "byte order mark"), ("no_final_newline.txt", "no newline")]:
        model = tlg.lm.train([GOLDENS / text], order=3)
        model.save(tmp_path / "lm.arpa")
        assert_same_arpa(read_lines(tmp_path / "lm.arpa"), read_lines(GOLDENS / "abc.o3.arpa"))
        assert isinstance(model.report, tlg.lm.TrainReport)
        assert any(note in one for one in model.report.notes)


@pytest.mark.parametrize(
    ("golden", "options"),
    [
        ("ptb_o1_fallback.arpa.xz", {"order": 1}),
        ("ptb_o2.arpa.xz", {"order": 2, "discount_fallback": False}),
        ("ptb_o3.arpa.xz", {"order": 3, "discount_fallback": False}),
        ("ptb_o3_prune001.arpa.xz", {"order": 3, "prune": [0, 0, 1]}),
        ("ptb_o3_prune555.arpa.xz", {"order": 3, "prune": [5, 5, 5]}),
        ("ptb_o5_prune012.arpa.xz", {"order": 5, "prune": [0, 1, 2]}),
    ],
)
def test_ptb_golden(golden: str, options: dict[str, Any], ptb: Path, shared: Path, tmp_path: Path) -> None:
    tlg.lm.train([ptb], **options).save(tmp_path / "lm.arpa")
    assert_same_arpa(read_lines(tmp_path / "lm.arpa"), read_lines(shared / "data/lm_goldens" / golden))


@pytest.mark.parametrize(
    ("golden", "options"),
    [
        ("ptb_o5.sample200k.arpa.xz", {"order": 5, "discount_fallback": False}),
        ("ptb_o3_iu0.sample.arpa.xz", {"order": 3, "interpolate_unigrams": False}),
        ("ptb_o3_vocabpad20000.sample.arpa.xz", {"order": 3, "vocab_pad": 20000}),
        ("ptb_o3_limit5k.sample.arpa.xz", {"order": 3, "limit_vocab": "ptb_vocab5k.txt"}),
    ],
)
def test_ptb_sample(golden: str, options: dict[str, Any], ptb: Path, shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "lm_goldens"
    if "limit_vocab" in options:
        options = {**options, "limit_vocab": folder / options["limit_vocab"]}
    tlg.lm.train([ptb], **options).save(tmp_path / "lm.arpa")
    ours = read_lines(tmp_path / "lm.arpa")
    theirs = [line for line in read_lines(folder / golden) if line]
    wanted = {[*line.split("\t"), ""][1] for line in theirs}
    # The sample is in file order: what is left of ours must be the same list.
    assert_same_arpa([line for line in ours if line and [*line.split("\t"), ""][1] in wanted], theirs)


@pytest.fixture(scope="session")
def ptb(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The training text of the goldens: <unk> is an ordinary word in it."""
    text = lzma.decompress((shared / "data/text/en/ptb.train.txt.xz").read_bytes())
    path = tmp_path_factory.mktemp("ptb") / "ptb.txt"
    path.write_bytes(text.replace(b"<unk>", b"<oov>"))
    return path


def random_sentences(rng: random.Random) -> list[list[str]]:
    words = [f"w{i}" for i in range(rng.randint(1, 12))]
    return [
        [words[min(int(rng.expovariate(0.4)), len(words) - 1)] for _ in range(rng.randint(0, 9))]
        for _ in range(rng.randint(1, 40))
    ]


@pytest.mark.parametrize("seed", range(60))
def test_equals_the_slow_twin(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    sentences = random_sentences(rng)
    order = rng.randint(1, 9)
    options: dict[str, Any] = {
        "order": order,
        "prune": sorted(rng.randint(0, 2) for _ in range(rng.randint(0, order)))
        if rng.random() < 0.5
        else [],
        "count_of_counts": rng.choice(["lmplz", "exact"]),
        "interpolate_unigrams": rng.random() < 0.8,
    }
    if options["interpolate_unigrams"] and rng.random() < 0.3:
        options["vocab_pad"] = rng.randint(1, 40)
    if rng.random() < 0.3:
        options["limit_vocab"] = sorted(rng.sample([f"w{i}" for i in range(12)], 5))
    expected = kneser_ney(sentences, **options)
    model = tlg.lm.train(sentences, **options)
    model.save(tmp_path / "lm.arpa")
    found: dict[tuple[str, ...], tuple[float, float]] = {}
    for line in read_lines(tmp_path / "lm.arpa"):
        if "\t" in line:
            prob, words, *backoff = line.split("\t")
            found[tuple(words.split(" "))] = (float(prob), float(backoff[0]) if backoff else 0.0)
    assert found.keys() == expected.keys()
    for ngram, (log10_prob, log10_backoff) in expected.items():
        assert found[ngram][0] == pytest.approx(max(log10_prob, -99), abs=2e-6), ngram
        assert found[ngram][1] == pytest.approx(max(log10_backoff, -99), abs=2e-6), ngram


@pytest.mark.parametrize("seed", range(12))
def test_probabilities_sum_to_one_after_any_history(seed: int) -> None:
    rng = random.Random(1000 + seed)
    sentences = random_sentences(rng)
    order = rng.randint(1, 6)
    prune = [0, 0, 1][:order] if seed % 2 else []
    model = tlg.lm.train(sentences, order=order, prune=prune)
    words = [word for word in model.vocabulary if word not in ("<s>", "</s>", "<unk>")]
    for _ in range(8):
        history = [rng.choice([*words, "unseen"]) for _ in range(rng.randint(0, 6))]
        scores = [model.score_sentence([*history, word])[len(history)] for word in [*words, "unseen"]]
        end = model.score_sentence(history)[-1]
        total = sum(10**score.log10_prob for score in [*scores, end])
        assert total == pytest.approx(1, abs=1e-5)


def test_texts_come_as_paths_streams_or_sentences(tmp_path: Path) -> None:
    text = (GOLDENS / "abc.txt").read_bytes()
    packed = tmp_path / "abc.txt.xz"
    packed.write_bytes(lzma.compress(text))
    ways: list[Any] = [
        GOLDENS / "abc.txt",
        str(GOLDENS / "abc.txt"),
        [packed],
        [io.BytesIO(text)],
        [line.split() for line in text.decode().splitlines()],
    ]
    for i, texts in enumerate(ways):
        tlg.lm.train(texts, order=3).save(tmp_path / f"{i}.arpa")
    assert len({(tmp_path / f"{i}.arpa").read_bytes() for i in range(len(ways))}) == 1


def test_several_files_are_one_text(tmp_path: Path) -> None:
    lines = (GOLDENS / "zipf.txt").read_bytes().splitlines(keepends=True)
    (tmp_path / "1.txt").write_bytes(b"".join(lines[:150]))
    (tmp_path / "2.txt").write_bytes(b"".join(lines[150:]))
    tlg.lm.train([tmp_path / "1.txt", tmp_path / "2.txt"], order=4).save(tmp_path / "a.arpa")
    tlg.lm.train(GOLDENS / "zipf.txt", order=4).save(tmp_path / "b.arpa")
    assert (tmp_path / "a.arpa").read_bytes() == (tmp_path / "b.arpa").read_bytes()


def test_blocks_do_not_change_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tlg.lm.train(GOLDENS / "unicode.txt", order=3).save(tmp_path / "a.arpa")
    for size in (1, 2, 7):
        monkeypatch.setattr("tlg.lm.text.BLOCK", size)
        tlg.lm.train(GOLDENS / "unicode.txt", order=3).save(tmp_path / "b.arpa")
        assert (tmp_path / "a.arpa").read_bytes() == (tmp_path / "b.arpa").read_bytes()


def test_fallback_is_reported() -> None:
    report = tlg.lm.train(GOLDENS / "abc.txt", order=3).report
    assert isinstance(report, tlg.lm.TrainReport)
    assert [bool(one.fallback) for one in report.orders] == [True, False, True]
    assert "order 1: no 1-gram has the adjusted count 1: fallback discounts 0.5 1 1.5" in report.notes
    assert "4 sentences, 9 words, 3 different" in str(report)


def test_unk_in_the_text_can_be_the_unknown_word() -> None:
    model = tlg.lm.train([["a", "<unk>", "b"], ["a", "b"]], order=2, symbols="unk")
    assert model.score_sentence(["a", "anything"])[1].order == 2
    with pytest.raises(TextError, match=r"sentence 1: '<s>' is reserved"):
        tlg.lm.train([["<s>", "a"]], symbols="unk")


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the text is empty"),
        (b"a b\n\xff c\n", r"text.txt:2: not UTF-8. Convert"),
        (b"a\n\nb \xe4\xbd\n", r"text.txt:3: not UTF-8"),
        (b"a\nb <s> c\n", r"text.txt:2: '<s>' is reserved .* symbols='skip'"),
        (b"a\nb <unk>\n", r"text.txt:2: '<unk>' is reserved .* symbols='unk'"),
        (lzma.compress(b"a b c\n" * 99)[:-20], r"text.txt: damaged or truncated"),
    ],
)
def test_bad_text(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(TextError, match=message):
        tlg.lm.train([write(tmp_path / "text.txt", data)])


def test_missing_text() -> None:
    with pytest.raises(MissingFileError, match=r"nowhere.txt: no such file"):
        tlg.lm.train(["nowhere.txt"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 0}, "order=0"),
        ({"order": 10}, "order=10 is not from 1 to 9"),
        ({"order": 2.5}, "order=2.5 is not a whole number"),
        ({"smoothing": "gt"}, "smoothing='gt' is not known. There is: 'mkn', 'kn'"),
        ({"symbols": "keep"}, "There is: 'error', 'skip', 'unk'"),
        ({"count_of_counts": "x"}, "There is: 'lmplz', 'exact', 'raw'"),
        ({"order": 2, "prune": [0, 0, 1]}, "3 thresholds for a model of order 2"),
        ({"order": 3, "prune": [0, 2, 1]}, "decrease"),
        ({"prune": [-1]}, "prune=-1"),
        ({"prune": 1}, "prune=1 is no sequence"),
        ({"limit_vocab": [1]}, "limit_vocab holds 1, not a word"),
        ({"vocab_pad": 10, "interpolate_unigrams": False}, "vocab_pad needs interpolate_unigrams"),
        ({"limit_vocab": 3}, "limit_vocab is a int"),
        ({"discount_fallback": [1, 2]}, "has 2 values"),
        ({"discount_fallback": "half"}, "discount_fallback='half' is no bool"),
        ({"discount_fallback": None}, "discount_fallback=None is no bool"),
        ({"discount_fallback": [1.5, 1, 1]}, "for the count 1 is not from 0 to 1"),
        ({"smoothing": "kn", "discount_fallback": 1.5}, "for the count 1 is not from 0 to 1"),
        ({"smoothing": "kn", "discount_fallback": [0.5, 1, 1.5]}, "has 3 values. Give a bool or one value"),
        ({"smoothing": "katz", "discount_fallback": 0.5}, "katz takes no values"),
        ({"smoothing": "wb", "discount_fallback": False}, "it is for 'mkn', 'kn', 'absolute', 'katz'"),
        ({"k": 1}, "k has no effect with smoothing='mkn'. Leave it out; it is for 'addk'"),
        ({"smoothing": "addk"}, "needs k. Give it: k=0.01, --k 0.01"),
        ({"smoothing": "addk", "k": 0}, "k=0 is not a number above 0"),
        ({"smoothing": "addk", "k": float("nan")}, "k=nan is not a number above 0"),
        ({"smoothing": "laplace", "k": 2}, "k has no effect with smoothing='laplace'"),
        ({"heldout": [["a"]]}, "heldout has no effect with smoothing='mkn'"),
        ({"smoothing": "jm"}, "learns its weights from a text of its own. Give it: heldout"),
        ({"weight_buckets": True}, "it is for 'jm'"),
        ({"smoothing": "katz", "backoff": True}, "backoff has no effect with smoothing='katz'"),
        ({"backoff": True, "vocab_pad": 9}, "vocab_pad has no effect with backoff"),
        ({"backoff": True, "interpolate_unigrams": False}, "interpolate_unigrams has no effect with backoff"),
        ({"smoothing": "kn", "count_of_counts": "lmplz"}, "lmplz knows 'mkn' alone"),
        ({"smoothing": "wb", "count_of_counts": "exact"}, "it is for 'mkn', 'kn'"),
        ({"smoothing": "wb", "prune_counts": "adjusted"}, "it is for 'mkn', 'kn'"),
        ({"prune_counts": "srilm"}, "There is: 'raw', 'adjusted'"),
        ({"gt_max": [5]}, "it is for 'katz'"),
        ({"smoothing": "katz", "gt_max": []}, "gt_max=\\(\\) for a model of order 4"),
        ({"smoothing": "katz", "gt_max": 7}, "gt_max=7 is no sequence"),
        ({"closed_vocab": True, "interpolate_unigrams": False}, "a closed vocabulary needs interpolate"),
    ],
)
def test_bad_option(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        tlg.lm.train([["a", "b"]], **options)


@pytest.mark.parametrize("texts", [None, [b"a b"], [5], [["a b"]], [[""]], [[1, 2]], [["\udcff"]]])
def test_bad_texts(texts: Any) -> None:
    with pytest.raises(InputError):
        tlg.lm.train(texts)
