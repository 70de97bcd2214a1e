"""The Lattice that users walk, against every path listed by hand."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lattice_cases import CORNERS, NAMED, NO_PATH, NO_WORD, NONE, ONE_WORD, SENTENCE, WORDS, Case, cases
from tests.reference.lattice_twin import all_paths, edit_distance, posteriors
from tlg import _core
from tlg.decoder.lattice import Lattice
from tlg.decoder.lattice_paths import make_core
from tlg.errors import LatticeError, OptionError


def test_what_it_shows() -> None:
    lattice = SENTENCE.lattice()
    assert repr(lattice) == "Lattice(10 states, 15 arcs, 100 frames)"
    assert (len(lattice), bool(lattice), lattice.num_frames, lattice.partial) == (15, True, 100, False)
    assert (lattice.start, lattice.finals) == (0, [9])
    assert lattice.states[3] == (30, False, 0.0, 0.0, 0.0, 0.0)
    assert lattice.states[9] == (100, True, -3.0, -1.0, -2.0, 0.0)
    arc = lattice.arcs[4]
    assert arc[:9] == (1, 4, "cats", 12, 33, -9.0, -6.0, -4.0, 1.0)
    assert 0 < arc.posterior < 0.2
    assert lattice.arcs_from(8) == lattice.arcs[13:]
    assert lattice.arcs_from(9) == ()
    # 88 frames of "the"/"a" and so on: by hand, the sum of all arcs' frames over 100.
    covered = 12 + 14 + 18 + 21 + 21 + 16 + 20 + 17 + 10 + 14 + 10 + 40 + 6 + 30 + 30
    assert lattice.density == pytest.approx(covered / 100)
    path = lattice.best_path()
    assert path.text == "the cat sat on the mat"
    assert path.word_spans[1] == ("cat", 12, 30)
    assert (path.score, path.am_score, path.lm_score, path.hotword_score) == (-36.0, -23.0, -13.0, 0.0)
    assert path.arcs == [0, 2, 6, 8, 10, 14]


def test_corner_cases() -> None:
    empty = NO_PATH.lattice()
    assert (bool(empty), len(empty), empty.start, empty.finals, empty.states, empty.arcs) == (
        False,
        0,
        None,
        [],
        [],
        (),
    )
    assert (empty.density, empty.paths(3), repr(empty)) == (0.0, [], "Lattice(0 states, 0 arcs, 0 frames)")
    assert not empty.prune(5)
    with pytest.raises(LatticeError, match="has no path"):
        empty.best_path()
    with pytest.raises(LatticeError, match="has no path"):
        empty.oracle(["the"])
    silence = NO_WORD.lattice()
    assert (bool(silence), len(silence), silence.best_path()) == (
        True,
        0,
        ([], [], -5.0, -4.0, -1.0, 0.0, []),
    )
    assert silence.oracle(["the", "cat"]).errors == 2
    assert ONE_WORD.lattice(partial=True).partial


@settings(deadline=None)
@given(case=cases(), count=st.integers(1, 12))
def test_paths_are_the_best_ones_in_order(case: Case, count: int) -> None:
    wanted = all_paths(case.states, case.arcs)[:count]
    found = case.lattice().paths(count)
    assert [(tuple(path.arcs), path.score) for path in found] == [(path.arcs, path.score) for path in wanted]
    for path in found:
        assert path.am_score + path.lm_score + path.hotword_score == path.score
        assert [WORDS[case.arcs[arc][2]] for arc in path.arcs] == path.words
        assert [(start, end) for _, start, end in path.word_spans] == [
            (case.states[case.arcs[arc][0]][0], case.states[case.arcs[arc][1]][0]) for arc in path.arcs
        ]


def test_equal_paths_come_by_their_words() -> None:
    # A ladder of ties: 3 words in each of 6 places, all with the same score.
    states = [(n, None if n < 6 else NONE) for n in range(7)]
    arcs = [(n, n + 1, word, NONE) for n in range(6) for word in (2, 5, 7)]
    found = Case(states, arcs, 6).lattice().paths(4)
    cat, on, mat = "cat", "on", "mat"
    first = [cat] * 5
    assert [path.words for path in found] == [
        [*first, cat],
        [*first, on],
        [*first, mat],
        [*first[:4], on, cat],
    ]


@settings(deadline=None)
@given(case=cases(), scale=st.sampled_from([1.0, 0.1, 2.0]), with_hotwords=st.booleans())
def test_posteriors(case: Case, scale: float, with_hotwords: bool) -> None:
    found = case.lattice().posteriors(scale=scale, with_hotwords=with_hotwords)
    np.testing.assert_allclose(found, posteriors(case.states, case.arcs, scale, with_hotwords), atol=1e-12)


@settings(deadline=None)
@given(
    case=cases(), reference=st.lists(st.integers(1, 6), max_size=7), unit=st.sampled_from(["word", "char"])
)
def test_oracle(case: Case, reference: list[int], unit: str) -> None:
    lattice, words = case.lattice(), [WORDS[label] for label in reference]

    def errors(said: list[str]) -> int:
        return edit_distance(said, words) if unit == "word" else edit_distance("".join(said), "".join(words))

    paths = all_paths(case.states, case.arcs)
    if not paths:
        return
    wanted = min((errors([WORDS[w] for w in path.words]), -path.score) for path in paths)
    found = lattice.oracle(words, unit=unit)
    assert (found.errors, -found.path.score) == wanted
    assert errors(found.path.words) == found.errors


def test_oracle_of_words_the_lattice_lacks() -> None:
    found = SENTENCE.lattice().oracle(["der", "cat", "sat", "on", "a", "mat"])
    assert (found.errors, found.path.text) == (2, "the cat sat on the mat")
    with pytest.raises(OptionError, match=r"one text, not a sequence of words. Pass text.split\(\)"):
        SENTENCE.lattice().oracle("the cat")
    with pytest.raises(OptionError, match="unit='phone' is neither 'word' nor 'char'"):
        SENTENCE.lattice().oracle([], unit="phone")


@settings(deadline=None)
@given(case=cases(), beam=st.integers(0, 80).map(lambda n: n / 8))
def test_prune_keeps_what_is_on_a_good_path(case: Case, beam: float) -> None:
    lattice, paths = case.lattice(), all_paths(case.states, case.arcs)
    small = lattice.prune(beam)
    good = [path for path in paths if path.score >= paths[0].score - beam]
    on_good = {arc for path in good for arc in path.arcs}
    assert len(small) == len(on_good)
    kept = {path.text: path.score for path in small.paths(1000)} if small else {}
    for path in good:
        assert kept[" ".join(WORDS[w] for w in path.words)] == path.score
    ends = {case.arcs[path.arcs[-1]][1] if path.arcs else 0 for path in good}
    assert len(small.finals) == len(ends)
    assert small.num_frames == lattice.num_frames


def test_options_are_checked() -> None:
    lattice = SENTENCE.lattice()
    for n in (0, -1, 1.5, True):
        with pytest.raises(OptionError, match="is not a whole number above 0"):
            lattice.paths(n)  # type: ignore[arg-type]
    for beam in (-1.0, float("nan")):
        with pytest.raises(OptionError, match="is not 0 or more"):
            lattice.prune(beam)
    for scale in (0.0, float("inf")):
        with pytest.raises(OptionError, match="is not above 0"):
            lattice.posteriors(scale=scale)
        with pytest.raises(OptionError, match=r"acoustic_scale=.* is not above 0"):
            SENTENCE.lattice(acoustic_scale=scale)
    for call in (lattice.prune, lambda scale: lattice.posteriors(scale=scale)):
        with pytest.raises(OptionError, match="='1' is not a number"):
            call("1")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="acoustic_scale='1' is not a number"):
        SENTENCE.lattice(acoustic_scale="1")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="state 10 is not among the 10 states"):
        lattice.arcs_from(10)


@pytest.mark.parametrize("case", NAMED.values(), ids=NAMED)
def test_copies_are_equal(case: Case) -> None:
    lattice = case.lattice(acoustic_scale=1.5)
    for other in (
        pickle.loads(pickle.dumps(lattice)),
        copy.deepcopy(lattice),
        case.lattice(acoustic_scale=1.5),
    ):
        assert other == lattice
        assert hash(other) == hash(lattice)
        assert other.arcs == lattice.arcs
        assert other.acoustic_scale == 1.5
    assert lattice != case.lattice(acoustic_scale=2.0)
    assert lattice != "lattice"
    assert len(pickle.dumps(lattice)) == len(
        pickle.dumps(Lattice(lattice.core, [*WORDS, *["more"] * 10_000], acoustic_scale=1.5))
    )


def test_a_lattice_never_changes() -> None:
    lattice = SENTENCE.lattice()
    with pytest.raises(AttributeError, match="a Lattice never changes: 'core' cannot be assigned"):
        lattice.core = NO_PATH.lattice().core
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del lattice.acoustic_scale
    with pytest.raises(ValueError, match="read-only"):
        lattice.core.arcs()["word"][0] = 3


def test_views_outlive_the_lattice() -> None:
    arcs = SENTENCE.lattice().core.arcs()
    assert arcs["word"].tolist() == [arc[2] for arc in SENTENCE.arcs]


def test_threads_share_a_lattice() -> None:
    lattice, found = SENTENCE.lattice(), []
    threads = [threading.Thread(target=lambda: found.append(lattice.arcs)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [lattice.arcs] * 4


def test_words_of_another_table() -> None:
    lattice = Lattice(SENTENCE.lattice().core, WORDS[:5])
    with pytest.raises(
        LatticeError, match=r"there is no word 7: the lattice was made with other words\. Pass words="
    ):
        lattice.best_path()
    with pytest.raises(LatticeError, match="there is no word 1:"):
        Lattice(SENTENCE.lattice().core, {}).words  # noqa: B018


GOOD_STATES = [(0, 0, False, NONE), (0, 4, False, NONE), (0, 9, True, NONE)]
GOOD_ARCS = [(0, 1, 3, NONE), (0, 2, 4, NONE), (1, 2, 3, NONE)]
INF = float("inf")
BROKEN = {
    "cycle": (GOOD_STATES, [*GOOD_ARCS[:2], (1, 1, 3, NONE)], "arc 2 goes from state 1 to 1 of 3. Number the states"),
    "backwards": (GOOD_STATES, [*GOOD_ARCS, (2, 1, 3, NONE)], "arc 3 goes from state 2 to 1"),
    "no_target": (GOOD_STATES, [(0, 7, 3, NONE)], "arc 0 goes from state 0 to 7 of 3"),
    "unsorted": (GOOD_STATES, GOOD_ARCS[::-1], "arc 1 has source 0 of 3, behind arcs of later states. Sort"),
    "no_source": (GOOD_STATES, [*GOOD_ARCS, (9, 2, 3, NONE)], "arc 3 has source 9 of 3"),
    "two_words": (GOOD_STATES, [(0, 1, 3, NONE), (0, 2, 3, NONE), (1, 2, 3, NONE)], "arc 1 has word 3 behind word 3"),
    "no_word": (GOOD_STATES, [(0, 1, 0, NONE), *GOOD_ARCS[1:]], "arc 0 has word 0. Words are numbered from 1"),
    "negative_word": (GOOD_STATES, [(0, 1, -3, NONE), *GOOD_ARCS[1:]], "arc 0 has word -3"),
    "dead_end": ([*GOOD_STATES, (0, 9, False, NONE)], [*GOOD_ARCS, (2, 3, 1, NONE)], "state 3 leads to no final state"),
    "unreached": ([*GOOD_STATES, (0, 9, True, NONE)], GOOD_ARCS, "state 3 is not reached. Leave out"),
    "frame_back": ([(0, 0, False, NONE), (0, 9, False, NONE), (0, 4, True, NONE)], GOOD_ARCS, "arc 2 goes back from frame 9 to 4"),
    "late_start": ([(0, 1, False, NONE), *GOOD_STATES[1:]], GOOD_ARCS, "state 0 lies at frame 1 of 9"),
    "beyond": ([*GOOD_STATES[:2], (0, 10, True, NONE)], GOOD_ARCS, "state 2 lies at frame 10 of 9"),
    "infinite": (GOOD_STATES, [(0, 1, 3, (-INF, 0.0, 0.0)), *GOOD_ARCS[1:]], "a score of arc 0 is not finite"),
    "nan_end": ([*GOOD_STATES[:2], (0, 9, True, (0.0, float("nan"), 0.0))], GOOD_ARCS, "the final score of state 2 is not"),
    "arcs_alone": ([], [(0, 1, 3, NONE)], "there are arcs, but no states"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_arrays_are_checked(name: str) -> None:
    states, arcs, message = BROKEN[name]
    with pytest.raises(LatticeError, match=message):
        make_core(states, arcs, 9, False)


def test_good_arrays_pass() -> None:
    core = make_core(GOOD_STATES, GOOD_ARCS, 9, False)
    assert (core.num_states, core.num_arcs, core.states()["first_arc"].tolist()) == (3, 3, [0, 2, 3])
    with pytest.raises(LatticeError, match="num_frames is negative"):
        make_core([], [], -1, False)
    with pytest.raises(OptionError, match="states has 2 dimensions, not 1"):
        _core.Lattice(
            states=np.zeros((1, 1), _core.Lattice.state_dtype()),
            arcs=np.zeros(0, _core.Lattice.arc_dtype()),
            num_frames=0,
            partial=False,
        )
    assert CORNERS.lattice().core.states()["is_final"].tolist() == [False, True, True, True]
