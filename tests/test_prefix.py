"""Prefix beam search as users call it: words, reports, streams, threads, models in Python, pruning."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tlg
from tests.lm_contract_cases import Foreign, Knowing
from tests.prefix_cases import EXACT, LETTERS, WORDS, posteriors, train_lm
from tlg import PrefixDecoder, SparseFrames
from tlg.decoder.greedy import greedy
from tlg.decoder.prefix_model import PrefixReport

SPELLED = ["<blk>", *"abcdefgh", "|"]


def peaked(text: str, tokens: list[str], peak: float = 0.9) -> NDArray[np.float32]:
    """Return posteriors whose best token of each frame is the given one, '-' the blank."""
    rows = np.full((len(text), len(tokens)), np.log((1 - peak) / (len(tokens) - 1)))
    rows[np.arange(len(text)), [tokens.index("<blk>" if c == "-" else c) for c in text]] = np.log(peak)
    return rows.astype(np.float32)


@pytest.fixture(scope="module")
def lm(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return train_lm(tmp_path_factory.mktemp("lm"), ["a ab ba", "ab ab a", "ba bb", "a a ab", "bb ba ab a"])


# --- what comes out ---


def test_a_result() -> None:
    found = tlg.prefix_beam(peaked("-a-bb-|-cc--", SPELLED), SPELLED, nbest=3)
    assert (found.text, found.words) == ("ab c", ["ab", "c"])
    assert found.tokens == ["a", "b", "|", "c"]
    assert found.token_spans == [(1, 2), (3, 5), (6, 7), (8, 10)]
    assert found.word_spans == [("ab", 1, 5), ("c", 8, 10)]
    assert (found.partial, found.num_frames, found.unknown_words, found.hotwords) == (False, 12, [], [])
    assert found.lm_score == found.word_score == found.unk_score == found.hotword_score == 0
    assert found.am_score == found.score
    assert len(found.nbest) == 3 and found.nbest[0].nbest == ()
    assert found.nbest[0].text == found.text
    assert found.nbest[0].score > found.nbest[1].score >= found.nbest[2].score


def test_the_same_unit_twice_needs_a_blank_between() -> None:
    tokens = ["<blk>", "a"]
    assert tlg.prefix_beam(peaked("aa-a", tokens), tokens).text == "aa"
    assert tlg.prefix_beam(peaked("aaaa", tokens), tokens).text == "a"


def test_sums_beat_the_best_path() -> None:
    # The best path is all blank (0.36), yet "a" has more alignments: 0.24 + 0.24 + 0.16.
    x = np.log(np.array([[0.6, 0.4], [0.6, 0.4]]))
    assert greedy(x, ["<blk>", "a"]).text == ""
    found = tlg.prefix_beam(x, ["<blk>", "a"])
    assert found.text == "a"
    assert np.exp(found.am_score) == pytest.approx(0.64)


def test_beam_of_one_is_greedy_where_posteriors_are_clear() -> None:
    for seed in range(5):
        text = "".join(np.random.default_rng(seed).choice(list("-abc|"), 40))
        x = peaked(text, SPELLED, 0.99)
        assert tlg.prefix_beam(x, SPELLED, beam_size=1).tokens == list(greedy(x, SPELLED).tokens)


def test_no_frames() -> None:
    several: list[dict[str, Any]] = [{}, {"lexicon": ["ab"]}, {"hotwords": ["ab"]}]
    for options in several:
        found = PrefixDecoder(SPELLED, **options).decode(np.zeros((0, 10), np.float32))
        assert (found.text, found.words, found.tokens, found.score) == ("", [], [], 0.0)
        assert (found.partial, found.num_frames) == (False, 0)


def test_text_where_tokens_are_words() -> None:
    tokens = ["<blk>", "阳", "光", "X", "<space>"]
    x = peaked("阳-光-X", tokens[:4])
    assert tlg.prefix_beam(x, tokens[:4]).text == "阳光X"
    assert tlg.prefix_beam(x, tokens[:4], joiner=" ").text == "阳 光 X"
    rows = np.log(np.eye(5)[[1, 4, 3]] * 0.96 + 0.008)
    assert tlg.prefix_beam(rows, tokens).text == "阳 X"


def test_closed_lexicon_and_partial_words() -> None:
    x = peaked("-a-b-c-", SPELLED)
    assert tlg.prefix_beam(x, SPELLED, lexicon=["abc"]).text == "abc"
    assert tlg.prefix_beam(x, SPELLED, lexicon=["abd"]).words == ["abd"]  # the constraint wins
    cut = tlg.prefix_beam(x, SPELLED, lexicon=["abcdefgh"], beam=4.0)
    assert cut.partial and cut.words == ["abc"] and cut.unknown_words == []
    long = tlg.prefix_beam(x, SPELLED, lexicon=["abcdefgh"], **EXACT)
    assert (not long.partial and long.text == "") or long.words == ["abcdefgh"]
    opened = tlg.prefix_beam(x, SPELLED, lexicon=["abd"], unk_score=-0.5)
    assert (opened.words, opened.unknown_words, opened.unk_score) == (["abc"], ["abc"], -0.5)


def test_ignored_tokens_never_come_out() -> None:
    found = tlg.prefix_beam(peaked("-a-b-", SPELLED), SPELLED, ignore_tokens=["b"], nbest=50)
    assert len(found.nbest) == 50 and not any("b" in one.tokens for one in found.nbest)


# --- what is decided is reported ---

REPORTS: dict[str, tuple[list[str], dict[str, Any], str | None, str]] = {
    "letters": (LETTERS, {}, "|", "separated"),
    "space_symbol": (["<blk>", "a", "<space>"], {}, "<space>", "separated"),
    "pieces": (["<blk>", "\u2581a", "b"], {}, "\u2581", "pieces"),
    "characters": (["<blk>", "阳", "|"], {}, None, "tokens"),
    "no_separator": (LETTERS, {"word_separator": None}, None, "tokens"),
    "phones": (["<blk>", "X", "Y"], {"lexicon": {"w": [["X", "Y"]]}}, None, "pronunciations"),
}


@pytest.mark.parametrize("case", REPORTS.values(), ids=REPORTS)
def test_report_of_words(case: tuple[list[str], dict[str, Any], str | None, str]) -> None:
    tokens, options, separator, words_are = case
    report = PrefixDecoder(tokens, **options).report
    assert (report.word_separator, report.words_are, report.lm_unit) == (separator, words_are, None)


def test_report_of_lexicon_and_model(lm: Any) -> None:
    model, _ = lm
    report = PrefixDecoder(LETTERS, lm=model, lexicon=["ab", "xyz", "bbb"]).report
    assert report == PrefixReport(
        word_separator="|",
        words_are="separated",
        lm_unit="word",
        lm_unit_because=f"the model has words that are no tokens, such as {other(model)!r}",
        unspelled=("xyz",),
        words_without_lm=("xyz", "bbb"),
    )
    report = PrefixDecoder(LETTERS, lm=model, lm_unit="token").report
    assert report.lm_unit == "token" and report.tokens_without_lm == ("b", "|")
    decoder = PrefixDecoder(LETTERS, lexicon={"ab": [["a", "b", "|"], ["b"]]})
    assert decoder.decode(peaked("-b-|", LETTERS)).words == ["ab"]
    assert "separated" in repr(decoder)


def other(model: Any) -> str:
    vocabulary: list[str] = model.core.vocabulary
    return next(word for word in vocabulary if word not in ("<s>", "</s>", "<unk>", "a", "b"))


def test_lexicon_files(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("ab\nba\n\nab\n", encoding="utf-8")
    x = peaked("-a-b-|-b-a", LETTERS)
    assert tlg.prefix_beam(x, LETTERS, lexicon=path).words == ["ab", "ba"]
    path.write_text("first a b |\nsecond 0.5 b a |\n", encoding="utf-8")
    decoder = PrefixDecoder(LETTERS, lexicon=path)
    assert decoder.decode(x).words == ["first", "second"]
    assert decoder.report.unused_probabilities == 1


# --- a language model in Python ---


@pytest.mark.parametrize("kind", [Foreign, Knowing])
@pytest.mark.parametrize("lexicon", [None, WORDS])
def test_a_model_in_python_scores_the_same(kind: type[Foreign], lexicon: list[str] | None, lm: Any) -> None:
    model, _path = lm
    options: dict[str, Any] = {"lexicon": lexicon, "lm_unit": "word", "nbest": 5, "word_score": 1.0}
    options |= {"unk_score": None if lexicon else -2.0, **EXACT}
    ours = PrefixDecoder(LETTERS, lm=model, **options)
    theirs = PrefixDecoder(LETTERS, lm=kind(model), **options)
    for seed in range(4):
        x = posteriors(seed, 6, 4)
        one, two = ours.decode(x), theirs.decode(x)
        if lexicon or kind is Knowing:  # else no word is unknown
            assert [r.text for r in one.nbest] == [r.text for r in two.nbest]
            assert [r.score for r in one.nbest] == pytest.approx([r.score for r in two.nbest], abs=1e-5)
        assert two.lm_score == pytest.approx(sum(_scores(model, two.words)), abs=1e-5)
    assert (
        theirs.decode_batch([posteriors(1, 6, 4)] * 4, threads=3) == [theirs.decode(posteriors(1, 6, 4))] * 4
    )


def _scores(model: Any, words: list[str]) -> list[float]:
    state, scores = model.begin(), []
    for word in words:
        state, score = model.score(state, word)
        scores.append(score)
    return [*scores, model.end(state)]


def test_kenlm_binaries(data: Path) -> None:
    pytest.importorskip("kenlm")
    tokens = ["<blk>", "a", "b", "c"]
    x = posteriors(3, 6, 4)
    options: dict[str, Any] = {"word_separator": None, "nbest": 5, **EXACT}
    ours = tlg.prefix_beam(x, tokens, lm=data / "lm_goldens" / "abc.o3.arpa", **options)
    theirs = tlg.prefix_beam(x, tokens, lm=data / "kenlm" / "abc.probing.bin", lm_unit="token", **options)
    assert [one.text for one in ours.nbest] == [one.text for one in theirs.nbest]
    assert ours.lm_score == pytest.approx(theirs.lm_score, abs=1e-4)


def test_errors_of_a_model_in_python_come_through(lm: Any) -> None:
    class Broken(Foreign):
        def score(self, state: int, word: str) -> tuple[int, float]:
            raise KeyError(word)

    class Nan(Foreign):
        def score(self, state: int, word: str) -> tuple[int, float]:
            return state, float("nan")

    class Positive(Foreign):
        def score(self, state: int, word: str) -> tuple[int, float]:
            return state, 0.5

        def end(self, state: int) -> float:
            return 1e-9  # the rounding of a certainty

    x = peaked("-a-|-b-", LETTERS)
    with pytest.raises(
        tlg.errors.OptionError, match=r"scores '\w+' with 0.5. Scores are natural log.*at most 0"
    ):
        tlg.prefix_beam(x, LETTERS, lm=Positive(lm[0]), lm_unit="word")
    with pytest.raises(KeyError):
        tlg.prefix_beam(x, LETTERS, lm=Broken(lm[0]), lm_unit="word")
    with pytest.raises(tlg.errors.OptionError, match=r"scores '\w+' with nan"):
        tlg.prefix_beam(x, LETTERS, lm=Nan(lm[0]), lm_unit="word")


# --- streams, threads, sparse frames ---


def decoders(lm: Any) -> dict[str, PrefixDecoder]:
    model, _ = lm
    return {
        "plain": PrefixDecoder(LETTERS, nbest=4),
        "words": PrefixDecoder(LETTERS, lm=model, lexicon=WORDS, hotwords={"bb": 1.0}, nbest=4),
        "narrow": PrefixDecoder(LETTERS, lm=model, unk_score=-3.0, beam_size=5, max_tokens=2, token_beam=3.0),
    }


@pytest.mark.parametrize("name", ["plain", "words", "narrow"])
def test_streams_equal_offline_for_every_chunking(name: str, lm: Any) -> None:
    decoder = decoders(lm)[name]
    rng = np.random.default_rng(7)
    for seed in range(4):
        x = posteriors(seed, 40, 4, 2.0)
        whole = decoder.decode(x)
        for _ in range(5):
            cuts = np.sort(rng.integers(0, 41, rng.integers(0, 12)))
            stream = decoder.stream()
            for chunk in np.split(x, cuts):
                stream.push(chunk)
            assert stream.num_pushed == 40
            assert stream.text == whole.text
            assert stream.finish() == whole


def test_partial_results_are_those_of_a_shorter_utterance(lm: Any) -> None:
    decoder = decoders(lm)["words"]
    x = posteriors(2, 30, 4, 2.0)
    stream = decoder.stream()
    for end in range(1, 31):
        assert stream.push(x[end - 1 : end]).partial() == decoder.decode(x[:end])


def test_streams_end(lm: Any) -> None:
    stream = PrefixDecoder(LETTERS).stream()
    stream.push(posteriors(0, 3, 4))
    with pytest.raises(tlg.errors.PosteriorError, match="row 4 holds NaN"):
        stream.push(np.array([[0.25] * 4, [np.nan] * 4], np.float32).astype(np.float32) * 0 + np.log(0.25))
    stream.finish()
    for call in (stream.finish, stream.partial, lambda: stream.push(posteriors(0, 1, 4))):
        with pytest.raises(tlg.errors.StreamError, match="finished"):
            call()


def test_streams_keep_their_hotwords() -> None:
    decoder = PrefixDecoder(LETTERS, hotwords={"ab": 3.0})
    x = posteriors(11, 20, 4)
    with_list, stream = decoder.decode(x), decoder.stream()
    decoder.hotwords = None
    without = decoder.decode(x)
    assert stream.push(x).finish() == with_list
    assert decoder.stream(hotwords={"ab": 3.0}).push(x).finish() == with_list
    decoder.hotwords = {"ab": 3.0}
    assert decoder.stream(hotwords=[]).push(x).finish() == without
    with pytest.raises(tlg.errors.HotwordError):
        decoder.hotwords = "no such file"
    assert decoder.decode(x) == with_list


def test_threads_equal_one_thread(lm: Any) -> None:
    for decoder in decoders(lm).values():
        batch = [posteriors(seed, 5 + seed * 3, 4, 2.0) for seed in range(12)]
        alone = [decoder.decode(x) for x in batch]
        for threads in (1, 2, 5, 50):
            assert decoder.decode_batch(batch, threads=threads) == alone
    padded = np.zeros((3, 41, 4), np.float32)
    for row in range(3):
        padded[row, : len(batch[row])] = batch[row]
    lengths = [len(x) for x in batch[:3]]
    assert decoder.decode_batch(padded, lengths=lengths) == alone[:3]


def test_sparse_equals_dense(lm: Any) -> None:
    rng = np.random.default_rng(5)
    for decoder in decoders(lm).values():
        for listed in (1, 2, 4):
            x = posteriors(listed, 30, 4, 2.0).astype(np.float64)
            ids = np.array([rng.permutation(4)[:listed] for _ in x])
            picked = np.take_along_axis(x, ids, axis=1)
            rest = np.log(np.maximum(1 - np.exp(picked).sum(axis=1), 1e-30))
            if listed == 4:
                rest[:] = -np.inf
            frames = SparseFrames(ids, picked, rest)
            one, two = decoder.decode(frames), decoder.decode(frames.dense(4))
            assert (one.text, one.token_spans) == (two.text, two.token_spans)
            assert one.score == pytest.approx(two.score, abs=1e-4)
            stream = decoder.stream()
            for t in range(0, 30, 7):
                part = slice(t, t + 7)
                stream.push(SparseFrames(ids[part], picked[part], rest[part]))
            assert stream.finish() == one


def test_logits_and_types() -> None:
    x = posteriors(9, 12, 4)
    wanted = tlg.prefix_beam(x, LETTERS)
    shifted = tlg.prefix_beam(x + 3, LETTERS, logits=True)
    assert shifted.text == wanted.text and shifted.score == pytest.approx(wanted.score, abs=1e-4)
    assert tlg.prefix_beam(x.astype(np.float64), LETTERS) == wanted
    assert tlg.prefix_beam(np.asfortranarray(x), LETTERS) == wanted
    assert tlg.prefix_beam(np.repeat(x, 2, axis=0)[::2], LETTERS) == wanted


def test_long_streams_keep_little(lm: Any) -> None:
    decoder = PrefixDecoder(LETTERS, lm=lm[0], lexicon=WORDS)
    stream = decoder.stream()
    most = 0
    for seed in range(40):
        stream.push(posteriors(seed, 500, 4, 2.0))
        core = stream._core
        assert core is not None
        most = max(most, core.num_nodes + core.num_traces)
    found = stream.finish()
    # A node and a trace for each token stay, and what was found since they were last looked through.
    assert found.num_frames == 20_000 and len(found.tokens) > 3_000
    assert most < 4 * len(found.tokens) + 40_000
    assert np.isfinite(found.score) and found.score < -5_000
    whole = decoder.decode(np.concatenate([posteriors(seed, 500, 4, 2.0) for seed in range(40)]))
    assert whole == found


# --- pruning ---


def test_pruning_keeps_the_meaning_of_scores(lm: Any) -> None:
    """Whatever is pruned, the terms of what is found are as without pruning but for lost alignments."""
    options: dict[str, Any] = {"lm": lm[0], "lexicon": WORDS, "nbest": 10, "hotwords": {"ab": 1.0}}
    exact = PrefixDecoder(LETTERS, **options, **EXACT)
    for narrow in ({"beam_size": 4}, {"beam": 3.0}, {"max_tokens": 1}, {"token_beam": 1.0}):
        decoder = PrefixDecoder(LETTERS, **options, **narrow)
        for seed in range(4):
            x = posteriors(seed, 7, 4)
            lookup = {tuple(one.tokens): one for one in exact.decode(x).nbest}
            for one in decoder.decode(x).nbest:
                full = lookup.get(tuple(one.tokens))
                if full is not None and not one.partial:
                    assert one.lm_score == pytest.approx(full.lm_score)
                    assert one.hotword_score == full.hotword_score
                    assert one.am_score <= full.am_score + 1e-9


def test_token_pruning_keeps_hotwords() -> None:
    tokens = ["<blk>", "阳", "光", "甲", "乙"]
    x = np.log(np.array([[0.02, 0.2, 0.03, 0.7, 0.05], [0.02, 0.03, 0.2, 0.05, 0.7]])).astype(np.float32)
    for prune in ({"max_tokens": 1}, {"token_beam": 0.5}):
        assert tlg.prefix_beam(x, tokens, **prune).text == "甲乙"
        found = tlg.prefix_beam(x, tokens, hotwords={"阳光": 5.0}, **prune)
        assert found.text == "阳光"
        assert [one[:3] for one in found.hotwords] == [("阳光", 0, 2)]


def test_equal_scores_are_decided_by_token_ids() -> None:
    x = np.log(np.full((3, 4), 0.25, np.float32))
    wanted = [one.tokens for one in PrefixDecoder(LETTERS, nbest=6, word_separator=None).decode(x).nbest]
    assert wanted[0] == ["a"]  # a, b and | have as many alignments
    for _ in range(3):
        again = PrefixDecoder(LETTERS, nbest=6, word_separator=None).decode(x)
        assert [one.tokens for one in again.nbest] == wanted


def test_copies_and_pickles() -> None:
    decoder = PrefixDecoder(LETTERS)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(decoder)
    assert copy.copy(decoder.report) == decoder.report


def test_hotwords_are_reported_and_found() -> None:
    decoder = PrefixDecoder(LETTERS, hotwords={"ab": 2.0, "xyz": 1.0}, hotword_bias=1.0)
    assert decoder.hotwords is not None
    assert [entry.status for entry in decoder.hotwords.report.entries] == ["accepted", "rejected"]
    found = decoder.decode(peaked("-a-b-|-a-b-b", LETTERS, 0.9999))
    assert found.hotwords == [("ab", 1, 4, 4.0)]  # "abb" is another word
    assert found.hotword_score == 4.0
    assert decoder.decode(peaked("-a-b-", LETTERS)).hotwords == [("ab", 1, 4, 4.0)]


def test_hotwords_over_words_of_phones() -> None:
    lexicon = {"保定": [["X", "Y"]], "报订": [["X", "Y"]], "阳": [["Y"]]}
    x = np.log(np.eye(3)[[1, 2, 0, 2]] * 0.91 + 0.03).astype(np.float32)
    decoder = PrefixDecoder(["<blk>", "X", "Y"], lexicon=lexicon, hotwords={"报订": 1.0}, nbest=2)
    assert decoder.hotwords is not None and decoder.hotwords.units_are == "words"
    found = decoder.decode(x)
    assert found.text == "报订阳" and found.hotwords[0][:3] == ("报订", 0, 2)
    decoder.hotwords = {"保定": 1.0}
    assert decoder.decode(x).text == "保定阳"
