"""What prefix beam search refuses, cell by cell where other packages crash, guess or say nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tlg
from tests.prefix_cases import LETTERS, posteriors
from tlg import PrefixDecoder, SparseFrames
from tlg.errors import (
    ArpaError,
    HotwordError,
    LexiconError,
    MissingFileError,
    OptionError,
    PosteriorError,
    TokensError,
)

X = posteriors(1, 5, 4)


def changed(row: int, column: int, value: float) -> Any:
    x = X.copy()
    x[row, column] = value
    return x


INPUTS: dict[str, tuple[Any, str]] = {
    "one_nan": (changed(2, 1, math.nan), "row 2 holds NaN"),
    "all_nan": (np.full((5, 4), np.nan, np.float32), "row 0 holds NaN"),
    "plus_inf": (changed(3, 0, math.inf), r"row 3 holds \+inf"),
    "row_of_minus_inf": (np.where(np.arange(5)[:, None] == 1, -np.inf, X), "row 1 is -inf"),
    "too_wide": (posteriors(1, 5, 7), "have 7 columns, but there are 4 tokens"),
    "too_narrow": (posteriors(1, 5, 3), "have 3 columns, but there are 4 tokens"),
    "raw_logits": (X + 2, "logits=True"),
    "probabilities": (np.exp(X), "logits=True"),
    "probabilities_rounded": (np.exp(X).astype(np.float16), "logits=True"),
    "padded_rows_of_zeros": (np.concatenate([X, np.zeros((2, 4), np.float32)]), "row 5"),
    "integers": (np.zeros((5, 4), np.int64), "not floating point"),
    "a_list": (X.tolist(), "not an array"),
    "a_batch": (X[None], r"log_probs\[0\]"),
    "one_frame": (X[0], "not \\[T, V\\]"),
    "nothing": (None, "not an array"),
    "sparse_beyond_the_table": (
        SparseFrames(np.array([[9]]), np.zeros((1, 1)), np.array([-np.inf])),
        "beyond the table of 4 tokens",
    ),
}


@pytest.mark.parametrize("case", INPUTS.values(), ids=INPUTS)
def test_inputs(case: tuple[Any, str]) -> None:
    x, message = case
    decoder = PrefixDecoder(LETTERS)
    calls: list[Callable[[], object]] = [
        lambda: tlg.prefix_beam(x, LETTERS),
        lambda: decoder.decode(x),
        lambda: decoder.stream().push(x),
    ]
    for call in calls:
        with pytest.raises(PosteriorError, match=message):
            call()
    with pytest.raises(PosteriorError, match=f"utterance 1: .*{message}"):
        decoder.decode_batch([X, x])


def test_logits_with_sparse_frames() -> None:
    frames = SparseFrames(np.array([[1]]), np.zeros((1, 1)), np.array([-np.inf]))
    with pytest.raises(OptionError, match="sparse frames are log-posteriors"):
        tlg.prefix_beam(frames, LETTERS, logits=True)


LENGTHS: dict[str, tuple[Any, str]] = {
    "too_long": ([6, 5], "not between 0 and the 5 frames"),
    "negative": ([-1, 5], "not between 0 and the 5 frames"),
    "too_few": ([5], "not 2 integers"),
    "floats": ([0.5, 1.0], "integers"),
    "none": (None, "needs lengths"),
}


@pytest.mark.parametrize("case", LENGTHS.values(), ids=LENGTHS)
def test_lengths(case: tuple[Any, str]) -> None:
    lengths, message = case
    with pytest.raises(OptionError, match=message):
        PrefixDecoder(LETTERS).decode_batch(np.stack([X, X]), lengths=lengths)


OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "beam_size_0": ({"beam_size": 0}, "beam_size=0 is not 1 or more"),
    "beam_size_below_0": ({"beam_size": -1}, "beam_size=-1 is not 1 or more"),
    "beam_size_a_float": ({"beam_size": 10.5}, "beam_size=10.5 is not an integer"),
    "beam_0": ({"beam": 0}, "beam=0 is not between"),
    "beam_size_huge": ({"beam_size": 2**31}, "beam_size=2147483648 is not at most 2147483647"),
    "nbest_huge": ({"nbest": 2**70}, "nbest=1180591620717411303424 is not at most 2147483647"),
    "beam_nan": ({"beam": math.nan}, "beam=nan is not between"),
    "max_tokens_below_0": ({"max_tokens": -1}, "max_tokens=-1 is not 0 or more"),
    "token_beam_below_0": ({"token_beam": -5.0}, "token_beam=-5.0 is not between"),
    "acoustic_scale_0": ({"acoustic_scale": 0}, "acoustic_scale=0 is not between"),
    "lm_weight_below_0": ({"lm_weight": -1}, "lm_weight=-1 is not between"),
    "word_score_inf": ({"word_score": math.inf}, "word_score=inf is not between"),
    "unk_score_minus_inf": ({"unk_score": -math.inf}, "unk_score=-inf is not between"),
    "blank_penalty": ({"blank_penalty": 1000.0}, "blank_penalty=1000.0 is not between -100 and 100"),
    "word_score_text": ({"word_score": "1"}, "word_score='1' is not a number"),
    "lm_weight_bool": ({"lm_weight": True}, "lm_weight=True is not a number"),
    "nbest_0": ({"nbest": 0}, "nbest=0 is not 1 or more"),
    "misspelt": ({"beam_siz": 3}, "Did you mean 'beam_size'"),
    "of_pyctcdecode": ({"beam_width": 3}, "here it is beam_size"),
    "of_torchaudio": ({"sil_token": "|"}, "here it is word_separator"),
    "alpha": ({"alpha": 0.5}, "here it is lm_weight"),
    "separator_no_token": ({"word_separator": "#"}, "word_separator='#' is no token"),
    "separator_is_the_blank": ({"word_separator": "<blk>"}, "or the blank"),
    "separator_a_number": ({"word_separator": 3}, "word_separator=3 is no token"),
    "no_pieces": ({"word_separator": "\u2581"}, "no token begins with U\\+2581"),
    "ignored_text": ({"ignore_tokens": "ab"}, "is a str, not a list"),
    "lm_unit": ({"lm": "x.arpa", "lm_unit": "letter"}, "x.arpa|neither 'word' nor 'token'"),
    "lm_no_model": ({"lm": object()}, "is no language model"),
    "hotword_bias": ({"hotwords": ["a"], "hotword_bias": math.inf}, "not finite"),
    "hotword_bias_twice": (
        {"hotwords": tlg.Hotwords(["a"], tokens=LETTERS), "hotword_bias": 1.0},
        "has its own bias",
    ),
    "hotwords_of_other_tokens": (
        {"hotwords": tlg.Hotwords(["ba"], tokens=["<blk>", "b", "a", "|"])},
        "made for another table: number 1 is 'b' there",
    ),
    "unk_score_without_separator": (
        {"word_separator": None, "lexicon": {"w": [["a"]]}, "unk_score": -1.0},
        "cannot be told",
    ),
}


@pytest.mark.parametrize("case", OPTIONS.values(), ids=OPTIONS)
def test_options(case: tuple[dict[str, Any], str]) -> None:
    options, message = case
    with pytest.raises((OptionError, MissingFileError), match=message):
        PrefixDecoder(LETTERS, **options)


def test_threads() -> None:
    for threads in (0, -1, 1.5, True):
        with pytest.raises(OptionError, match="threads"):
            PrefixDecoder(LETTERS).decode_batch([X], threads=threads)  # type: ignore[arg-type]


def test_tokens() -> None:
    with pytest.raises(TokensError, match="token 'a' is both 1 and 2"):
        PrefixDecoder(["<blk>", "a", "a"])
    with pytest.raises(TokensError, match="no token looks like the blank"):
        PrefixDecoder(["a", "b"])
    with pytest.raises(TokensError, match="the blank '<no>' is not among"):
        PrefixDecoder(LETTERS, blank="<no>")
    with pytest.raises(TokensError, match="blank 9 is not a column"):
        PrefixDecoder(LETTERS, blank=9)
    with pytest.raises(TokensError, match="'z' is not among"):
        PrefixDecoder(LETTERS, ignore_tokens=["z"])


LEXICA: dict[str, tuple[Any, str]] = {
    "empty": ([], "has no words"),
    "not_text": (["ab", 3], "3 is no word \\(entry 2\\)"),
    "with_a_space": (["a b"], "is no word"),
    "a_number": (7, "the lexicon is a int"),
    "unknown_token": ({"w": [["z"]]}, "z"),
    "blank": ({"w": [["<blk>"]]}, "blank|blk"),
    "separator_inside": ({"w": [["a", "|", "b"]]}, "has the separator '|' inside"),
    "separator_alone": ({"w": [["|"]]}, "is empty"),
    "spells_nothing": (["XYZ"], "spell none of the 1 words"),
}


@pytest.mark.parametrize("case", LEXICA.values(), ids=LEXICA)
def test_lexica(case: tuple[Any, str]) -> None:
    lexicon, message = case
    with pytest.raises(LexiconError, match=message):
        PrefixDecoder(LETTERS, lexicon=lexicon)


def test_pieces_in_pronunciations() -> None:
    tokens = ["<blk>", "\u2581a", "b"]
    for units in (["b"], ["\u2581a", "\u2581a"]):
        with pytest.raises(LexiconError, match="does not begin with a piece that starts a word"):
            PrefixDecoder(tokens, lexicon={"w": [units]})
    with pytest.raises(LexiconError, match="has an ignored token"):
        PrefixDecoder(tokens, lexicon={"w": [["\u2581a", "b"]]}, ignore_tokens=["b"])


def test_files(tmp_path: Path) -> None:
    for name in ("lm", "lexicon"):
        with pytest.raises(MissingFileError, match=r"nowhere\.txt"):
            PrefixDecoder(LETTERS, **{name: tmp_path / "nowhere.txt"})  # type: ignore[arg-type]
    garbage = tmp_path / "garbage.arpa"
    garbage.write_text("no model\n", encoding="utf-8")
    with pytest.raises(ArpaError, match=r"garbage\.arpa"):
        PrefixDecoder(LETTERS, lm=garbage)


def test_hotwords() -> None:
    with pytest.raises(HotwordError):
        PrefixDecoder(LETTERS, hotwords="abc")  # a str is a path, never a list of letters
    decoder = PrefixDecoder(LETTERS, hotwords=["ab", "xyz"])
    assert decoder.hotwords is not None
    rejected = [entry for entry in decoder.hotwords.report.entries if entry.status == "rejected"]
    assert [(entry.phrase, "is not among the tokens" in entry.reason) for entry in rejected] == [
        ("xyz", True)
    ]


def test_a_model_that_does_not_tell_its_words() -> None:
    class Silent:
        def begin(self) -> int:
            return 0

        def score(self, state: int, word: str) -> tuple[int, float]:
            return 0, -1.0

        def end(self, state: int) -> float:
            return 0.0

    with pytest.raises(OptionError, match="lm_unit='word' or lm_unit='token'"):
        PrefixDecoder(LETTERS, lm=Silent())
    assert PrefixDecoder(LETTERS, lm=Silent(), lm_unit="word").decode(X).lm_score < 0

    class Odd(Silent):
        def score(self, state: int, word: str) -> Any:
            return -1.0

    with pytest.raises(OptionError, match=r"gave no \(state, score\)"):
        PrefixDecoder(LETTERS, lm=Odd(), lm_unit="word").decode(X)


def test_no_path_goes_on() -> None:
    """Posteriors that forbid what the lexicon demands: the best so far, marked."""
    with np.errstate(divide="ignore"):
        x = np.log(np.array([[0.1, 0.9, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0]]))
    found = tlg.prefix_beam(x, LETTERS, lexicon={"aa": [["a", "a"]]})
    assert found.partial and found.num_frames == 1
    assert found.score == pytest.approx(math.log(0.1))  # the empty prefix, which may end
