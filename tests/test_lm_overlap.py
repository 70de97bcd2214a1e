"""What casts doubt on a perplexity: training sentences in the test text, another kind of text."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tlg.lm
from tlg import _core
from tlg.lm import NgramModel
from tlg.lm.overlap import Overlap, SentenceSketch

GOLDENS = Path(__file__).resolve().parent / "data" / "lm_goldens"


def lines(count: int, seed: int, words: int = 8) -> list[str]:
    drawn = random.Random(seed)
    return [" ".join(f"w{drawn.randrange(1000)}" for _ in range(words)) for _ in range(count)]


def encoded(text: list[str]) -> bytes:
    return "".join(line + "\n" for line in text).encode()


def test_hashes_know_words_not_spaces() -> None:
    same = [b"a b c d e", b"  a b c d e  ", b"a\tb c\0d e\r", b"a  b c d e", b"\ta b c d  e"]
    hashes = _core.hash_sentences(b"\n".join(same), 5)
    assert len(set(hashes.tolist())) == 1 and len(hashes) == len(same)
    rng = random.Random(1)
    for _ in range(2000):  # every length and place of a chunk's border
        words = ["x" * rng.randrange(1, 12) for _ in range(rng.randrange(0, 12))]
        plain, odd = " ".join(words), "".join(word + rng.choice([" ", "\t", "  ", " \r"]) for word in words)
        one, other = _core.hash_sentences(f"{plain}\n{odd}\n".encode(), 5).tolist()
        assert one == other and (one == 0) == (len(words) < 5)
    others = [b"a b c d f", b"ab c d e f", b"a b cd e f", b"a b c d e f", b"a b c d \x0be"]
    assert len(set(_core.hash_sentences(b"\n".join([same[0], *others]), 1).tolist())) == 6
    assert _core.hash_sentences(b"", 5).tolist() == [] and _core.hash_sentences(b"\n\na", 0).tolist()[0] != 0


def test_counts_shared_sentences(tmp_path: Path) -> None:
    train, test = lines(300, 1), lines(50, 2)
    mixed = [*test, *train[:25], "a b", train[0].replace(" ", "  ")]
    (tmp_path / "train.txt").write_bytes(encoded([*train, "a b"]))
    (tmp_path / "test.txt").write_bytes(encoded(mixed))
    model = tlg.lm.train(tmp_path / "train.txt", order=2)
    for texts in (tmp_path / "test.txt", [line.split() for line in mixed]):
        for train_texts in (tmp_path / "train.txt", [line.split() for line in train]):
            result = model.perplexity(texts, train_texts=train_texts)
            assert result.shared_sentences == 26  # "a b" is too short to count
            assert result.shared_share == pytest.approx(26 / 76)
            (note,) = (note for note in result.notes if "training text" in note)
            assert note.startswith("26 of 76 sentences of 5 words or more (34.2 %) are in the training text")
    clean = model.perplexity([line.split() for line in test], train_texts=tmp_path / "train.txt")
    assert clean.shared_sentences == 0 and not any("training text" in note for note in clean.notes)


def test_a_foreign_model_can_be_asked_too(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_bytes(encoded(lines(20, 1)))
    loaded = NgramModel.load(GOLDENS / "abc.o3.arpa")
    assert loaded.perplexity([["a"]]).shared_sentences is None
    assert "shared_sentences" not in loaded.perplexity([["a"]]).as_dict()
    result = loaded.perplexity(tmp_path / "train.txt", train_texts=tmp_path / "train.txt")
    assert result.shared_sentences == result.as_dict()["shared_sentences"] == 20


def test_a_trained_model_remembers(tmp_path: Path) -> None:
    train = lines(300, 1)
    (tmp_path / "train.txt").write_bytes(encoded(train))
    model = tlg.lm.train([tmp_path / "train.txt", ["one", "sentence", "given", "as", "words"]], order=2)
    result = model.perplexity([line.split() for line in [*train[:30], *lines(30, 9)]])
    assert result.shared_sentences == 30 and "30 of 60 sentences" in " ".join(result.notes)
    assert model.perplexity([["one", "sentence", "given", "as", "words"]]).shared_sentences == 1
    model.save(tmp_path / "lm.arpa")  # the file does not
    assert NgramModel.load(tmp_path / "lm.arpa").perplexity([train[0].split()]).shared_sentences is None


def test_a_sketch_of_many_sentences_is_a_fair_sample() -> None:
    train = lines(20000, 1)
    sketch = SentenceSketch(size=1000)
    for at in range(0, len(train), 700):
        sketch.add_text(encoded(train[at : at + 700]))
    test = Overlap()
    test.add_text(encoded([*train[5000:8000], *lines(7000, 5)]))
    shared = sketch.shared_with(test.hashes)
    assert not shared.exact and shared.compared == 10000
    # 1,000 of 20,000 are kept, so about 500 of the test text are looked at: 0.3 +- 4 * 0.02
    assert shared.share == pytest.approx(0.3, abs=0.08)
    assert shared.notes[0].startswith("about ")


def test_the_order_of_a_text_does_not_matter() -> None:
    train = lines(5000, 1)
    found = []
    for seed in range(3):
        random.Random(seed).shuffle(train)
        sketch = SentenceSketch(size=300)
        for at in range(0, len(train), 100 * (seed + 1)):
            sketch.add_text(encoded(train[at : at + 100 * (seed + 1)]))
        test = Overlap()
        test.add_text(encoded(sorted(train)[:2000]))
        found.append(sketch.shared_with(test.hashes))
    assert found[0].share == pytest.approx(1) and found[0] == found[1] == found[2]


def model_of(text: list[str]) -> NgramModel:
    return tlg.lm.train([line.split() for line in text], order=2)


WORDS = ["the cat sat on the mat today", "a dog ran to the cat again", "we went home after the show"] * 3
# name: (training text, test text, the note)
ODD: dict[str, tuple[list[str], Any, str]] = {
    "upper case": (WORDS, [line.upper() for line in WORDS], "but most of them in lower case: lower the text"),
    "lower case": ([line.upper() for line in WORDS], WORDS, "but most of them in upper case"),
    "punctuation": (
        WORDS,
        [line.replace(" ", ", ") for line in WORDS],
        "but most of them without punctuation",
    ),
    "another language": (
        WORDS,
        ["ein hund lief nach haus und schlief"] * 9,
        "is it the language, and tokenised",
    ),
    "not split": (WORDS, ["".join(line.split()) for line in WORDS] * 3, "is the text split into words"),
    "characters": (
        [" ".join("今天天气很好我们在保定")] * 9,
        ["今天天气很好", "我们在保定"] * 9,
        "the model has characters",
    ),
}


@pytest.mark.parametrize("case", ODD.values(), ids=ODD)
def test_odd_texts_are_told(case: tuple[list[str], Any, str], tmp_path: Path) -> None:
    train, test, message = case
    model = model_of(train)
    (tmp_path / "test.txt").write_bytes(encoded(test))
    for texts in (tmp_path / "test.txt", [line.split() for line in test]):
        (note,) = (note for note in model.perplexity(texts).notes if "training text too" not in note)
        assert message in note and "% of the words" in note


def test_words_with_spaces_are_told() -> None:
    notes = model_of(WORDS).perplexity([["the cat", "sat"], ["on the mat"]]).notes
    assert notes[0] == "sentence 1 holds a word with a space in it, 'the cat': give lists of words"
    assert len([note for note in notes if "with a space in it" in note]) == 1


def test_ordinary_texts_have_no_notes(tmp_path: Path) -> None:
    result = NgramModel.load(GOLDENS / "abc.o3.arpa").perplexity(GOLDENS / "abc.txt")
    assert result.notes == () and "notes" not in result.as_dict()
    assert np.isclose(sum(result.hit_rates), 1) and result.as_dict()["hit_rates"] == list(result.hit_rates)
    assert result.oov_rate == 0


def test_per_word_is_what_srilm_prints() -> None:
    model = NgramModel.load(GOLDENS / "abc.o3.arpa")
    result = model.perplexity([["a", "b", "zebra"], []], per_word=True)
    first, second = result.per_sentence
    scores = model.score_sentence(["a", "b", "zebra"])
    assert list(first.per_word) == scores and [one.word for one in second.per_word] == ["</s>"]
    head, *rows, figures, _ = str(first).splitlines()
    assert head == "a b zebra" and figures == "file <sentences>:1: 1 sentences, 3 words, 1 OOVs"
    p, log = 10 ** scores[1].log10_prob, scores[1].log10_prob
    assert rows[1] == f"\tp( b | a ... )\t= [{scores[1].order}gram] {p:.6g} [ {log:.6g} ]"
    assert rows[0].startswith("\tp( a | <s> )\t= [2gram] ")
    assert rows[2] == "\tp( zebra | b ... )\t= [OOV] 0 [ -inf ]"
    assert rows[3].startswith("\tp( </s> | zebra ... )\t= [1gram] ")
    include = model.perplexity([["zebra"]], per_word=True, oov="include").per_sentence[0]
    log = model.score_sentence(["zebra"])[0].log10_prob
    assert f"\tp( zebra | <s> )\t= [1gram] {10**log:.6g} [ {log:.6g} ]" in str(include)
    assert result.as_dict()["per_sentence"][0]["per_word"][2]["oov"] is True
    assert result.per_sentence[0].log10_prob == pytest.approx(sum(s.log10_prob for s in scores if not s.oov))


def test_per_word_of_any_model() -> None:
    model = NgramModel.load(GOLDENS / "abc.o3.arpa")

    class Own:
        def begin(self) -> int:
            return model.begin()

        def score(self, state: int, word: str) -> tuple[int, float]:
            return model.score(state, word)

        def end(self, state: int) -> float:
            return model.end(state)

    (sentence,) = tlg.lm.perplexity(Own(), [["a", "b"]], per_word=True).per_sentence
    assert "\tp( b | a ... )\t= [model] " in str(sentence) and [one.order for one in sentence.per_word] == [
        0,
        0,
        0,
    ]
