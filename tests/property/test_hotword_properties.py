"""Properties of compiled hotwords, for lists and strings of any shape."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import leftmost_longest as reference
from tlg.hotwords import Hotword, Hotwords

ALPHABET = "ABC"
WEIGHTS = st.one_of(st.just(0.0), st.floats(-20, 20))
HOTWORDS = st.lists(
    st.builds(
        Hotword,
        st.text(ALPHABET, min_size=1, max_size=6),
        word_bias=WEIGHTS,
        bias=st.one_of(st.none(), st.floats(-2, 4)),
    ),
    max_size=10,
)
UNITS = st.lists(st.sampled_from(ALPHABET), max_size=30)
LOANS = st.one_of(st.just(0.0), st.floats(0, 10), st.just(float("inf")))


def compiled(hotwords: list[Hotword]) -> Hotwords:
    return Hotwords(hotwords, tokens=list(ALPHABET), bias=1.5)


@settings(max_examples=200, deadline=None)
@given(HOTWORDS, UNITS, LOANS)
def test_score_is_that_of_the_matches_and_steps_add_up_to_it(
    listed: list[Hotword], units: list[str], loan: float
) -> None:
    hotwords = compiled(listed)
    phrases = [
        reference.Phrase(tuple(h.phrase), 1.5 if h.bias is None else h.bias, h.word_bias) for h in listed
    ]
    score = hotwords.score(units)
    assert score == reference.score(phrases, units)
    automaton = hotwords.automaton(max_loan=loan)
    automaton.check()
    running, ended = automaton.trace(hotwords.unit_ids(units))
    state, total = 0, 0.0
    for step, unit in enumerate(hotwords.unit_ids(units)):
        bound = automaton.max_gain(state)
        assert all(automaton.advance(state, other)[0] <= bound for other in range(len(ALPHABET)))
        gain, state = automaton.advance(state, unit)
        total += gain
        assert total == running[step]
        # Nothing is earned at the end: loans go back.
        assert automaton.end_score(state) <= 0
        assert total + automaton.end_score(state) == ended[step]
    assert total + automaton.end_score(state) == score


@settings(max_examples=100, deadline=None)
@given(HOTWORDS, st.randoms(use_true_random=False), UNITS)
def test_order_of_the_list_does_not_matter(listed: list[Hotword], random: object, units: list[str]) -> None:
    shuffled = list(listed)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = compiled(listed), compiled(shuffled)
    assert one.find(units) == other.find(units)
    ids = one.unit_ids(units)
    assert one.automaton().trace(ids) == other.automaton().trace(ids)
    assert sorted(e.phrase for e in one.report.accepted) == sorted(e.phrase for e in other.report.accepted)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(ALPHABET, min_size=1, max_size=6), max_size=8), UNITS, st.floats(0, 10))
def test_no_more_than_the_cap_is_lent(phrases: list[str], units: list[str], loan: float) -> None:
    automaton = compiled([Hotword(phrase) for phrase in phrases]).automaton(max_loan=loan)
    running, ended = automaton.trace([ALPHABET.index(unit) for unit in units])
    assert all(0 <= lent - earned <= loan for lent, earned in zip(running, ended, strict=True))


@settings(max_examples=50, deadline=None)
@given(HOTWORDS)
def test_the_bound_of_a_gain_is_reached_at_the_root(listed: list[Hotword]) -> None:
    automaton = compiled(listed).automaton()
    gains = [automaton.advance(0, unit)[0] for unit in range(len(ALPHABET))]
    assert max(0.0, *gains) == automaton.max_gain(0)
