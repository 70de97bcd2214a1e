"""LG against the definition: every sentence, pronunciation and separator, listed by a slow twin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.graph_cases import LEXICA, TRIGRAM, UNIGRAM, Pronunciations, assert_same, build, language
from tests.reference import graph_twin as twin


@pytest.mark.parametrize("engine", ["native", "openfst"])
@pytest.mark.parametrize("separator", [None, ("-", 0.3)], ids=["no_separator", "separator"])
@pytest.mark.parametrize("arpa", [UNIGRAM, TRIGRAM], ids=["unigram", "trigram"])
@pytest.mark.parametrize("lexicon", LEXICA.values(), ids=LEXICA)
def test_language_is_that_of_the_definition(
    tmp_path: Path, lexicon: Pronunciations, arpa: str, separator: tuple[str, float] | None, engine: str
) -> None:
    if engine == "openfst":
        pytest.importorskip("pynini", exc_type=ImportError)
    options: dict[str, Any] = {"engine": engine}
    if separator is not None:
        options |= {"separator": separator[0], "separator_prob": separator[1]}
    graph = build(arpa, lexicon, tmp_path, **options)
    ngrams = twin.parse_arpa(arpa)
    assert_same(
        language(graph, 4), twin.expected_language(ngrams, lexicon, words=4, length=4, separator=separator)
    )


def test_shape(tmp_path: Path) -> None:
    graph = build(TRIGRAM, LEXICA["prefixes"], tmp_path, separator="-", separator_prob=0.5)
    start, arcs, _ = twin.arcs_of(graph.fst)
    assert start == 0
    ends = graph.info.num_roots + graph.info.num_separators
    for state, out in enumerate(arcs):
        assert [a[0] for a in out] == sorted(a[0] for a in out)
        if state >= graph.info.num_roots:
            assert all(ilabel or state < ends for ilabel, _, _, _ in out)
    # Every way to a root: a separator state or a backoff; every way to a separator state: a word's end.
    for state, out in enumerate(arcs):
        for ilabel, _, _, target in out:
            if target < graph.info.num_roots:
                assert state < ends and (ilabel == 0 or graph.info.num_roots <= state)
    # Words are out on the first arc on which they are known.
    assert graph.words[1:4] == ("a", "b", "c")


@st.composite
def models(draw: st.DrawFn) -> dict[tuple[str, ...], tuple[float, float]]:
    """A backoff model of order 1 to 3, some of whose prefixes and suffixes were pruned away."""
    number = st.integers(1, 40).map(lambda n: -n / 16)
    backoff = st.integers(-20, 4).map(lambda n: n / 16)
    ngrams: dict[tuple[str, ...], tuple[float, float]]
    ngrams = {(w,): (draw(number), draw(backoff)) for w in "abcd"[: draw(st.integers(1, 4))]}
    ngrams["<s>",] = (-99.0, draw(backoff))
    ngrams["</s>",] = (draw(number), 0.0)
    words = [w for (w, *_) in ngrams if w != "<s>"]
    for _ in range(draw(st.integers(0, 12))):
        history = draw(st.sampled_from([key for key in ngrams if key[-1] != "</s>" and len(key) < 3]))
        key = (*history, draw(st.sampled_from(words)))
        ngrams[key] = (draw(number), 0.0 if key[-1] == "</s>" else draw(backoff))
    top = max(len(w) for w in ngrams)
    pruned = draw(st.sets(st.sampled_from([w for w in ngrams if len(w) == 2]))) if top == 3 else set()
    return {w: (p, 0.0 if len(w) == top else b) for w, (p, b) in ngrams.items() if w not in pruned}


pronunciation = st.lists(st.sampled_from("xyz"), min_size=1, max_size=3).map(tuple)
lexica = st.dictionaries(
    st.sampled_from("abcd"),
    st.lists(st.tuples(pronunciation, st.sampled_from([1.0, 0.5, 0.25])), min_size=1, max_size=3),
    min_size=1,
)


@settings(max_examples=200, deadline=None)
@given(
    ngrams=models(),
    lexicon=lexica,
    separator=st.sampled_from([None, ("-", 0.25)]),
    unknown=st.sampled_from(["drop", "renormalise"]),
)
@example(  # "a a" is not listed and would have more than probability 1
    ngrams={
        ("a",): (-1 / 16, 0.125),
        ("<s>",): (-99.0, 0.0),
        ("</s>",): (-1 / 16, 0.0),
        ("a", "</s>"): (-1 / 16, 0.0),
        ("<s>", "a"): (-1 / 16, 0.0),
        ("<s>", "a", "a"): (-1 / 16, 0.0),
    },
    lexicon={"a": [(("x",), 1.0)]},
    separator=None,
    unknown="renormalise",
)
def test_any_small_model_and_lexicon(
    tmp_path_factory: pytest.TempPathFactory,
    ngrams: dict[tuple[str, ...], tuple[float, float]],
    lexicon: Pronunciations,
    separator: tuple[str, float] | None,
    unknown: str,
) -> None:
    if not any((w,) in ngrams for w in lexicon):
        return
    options: dict[str, Any] = {"unknown": unknown}
    if separator is not None:
        options |= {"separator": separator[0], "separator_prob": separator[1]}
    graph = build(twin.write_arpa(ngrams), lexicon, tmp_path_factory.mktemp("graph"), **options)
    ngrams = twin.closed(ngrams)
    if unknown == "renormalise":
        ngrams = twin.renormalised(ngrams, set(lexicon))
    wanted = twin.expected_language(ngrams, lexicon, words=3, length=3, separator=separator)
    assert_same(language(graph, 3), wanted)


@pytest.mark.parametrize("topology", ["implicit", "ctc"])
def test_progress_goes_through_the_phases(topology: str, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    build(
        TRIGRAM,
        LEXICA["homophones"],
        tmp_path,
        topology=topology,
        out=tmp_path / "graph",
        progress=lambda *news: told.append(news),
    )
    size = (tmp_path / "lm.arpa").stat().st_size
    phases = ["read", "grammar", "compose", *(["topology"] if topology == "ctc" else []), "write"]
    assert list(dict.fromkeys(phase for phase, _, _ in told)) == phases
    read = [(done, total) for phase, done, total in told if phase == "read"]
    assert read[0] == (0, size) and read[-1] == (size, size) and read == sorted(read)
