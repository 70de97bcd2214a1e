"""Words attached to a running graph. Oracle: the graph built anew with them."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tlg
from tests import attached_cases
from tests.attached_cases import Case, make_case
from tlg.errors import OptionError
from tlg.hotwords import Hotword


def lists_of(case: Case, rng: random.Random) -> tuple[tlg.Hotwords, tlg.Hotwords]:
    """Return the same list for the graph with slots and for the one built anew."""
    new = case.fillers["<unk>"]
    match: Any = rng.choice(["units", "words"])
    bias = rng.choice([0.0, 1.3])
    # Members of classes are no hotwords, and only the first graph knows that they are not words like others.
    phrases = [" ".join(rng.choices([*new, "w0", "w1"], k=2)) for _ in range(2)] if match == "words" else []
    known = {*case.lexicon, *new}
    phrases = [phrase for phrase in dict.fromkeys(phrases) if known.issuperset(phrase.split())]
    named = [Hotword(word, pronunciations=tuple(ways)) for word, ways in new.items()]
    listed = [*named, *(Hotword(phrase) for phrase in phrases)]
    names = case.fillers["<name>"]
    members = [
        Hotword(name, word_bias=case.weights[name], pronunciations=tuple(names[name])) for name in names
    ]
    options: dict[str, Any] = {"bias": bias, "match": match, "boundary": None}
    ours = tlg.Hotwords(
        listed, graph=case.slots, attach_score=case.score, classes={"<name>": members}, **options
    )
    anew = tlg.Hotwords([hotword.phrase for hotword in listed], graph=case.rebuilt, **options)
    assert [entry.status for entry in ours.report.entries] == [entry.status for entry in anew.report.entries]
    return ours, anew


@pytest.mark.parametrize("seed", range(60))
def test_as_if_built_anew(tmp_path: Path, seed: int) -> None:
    """The best path, its scores, the n best and the lattice are those of the graph built with the words."""
    rng = random.Random(seed)
    case = make_case(rng, tmp_path)
    ours, anew = lists_of(case, rng)
    options: dict[str, Any] = {
        "beam": 1e4,
        "max_active": 10**6,
        "lm_weight": rng.choice([0.5, 1.0, 2.0]),
        "word_score": rng.choice([0.0, 1.5]),
        "acoustic_scale": rng.choice([0.7, 1.0]),
        "nbest": 5,
        "lattice": True,
        "lattice_beam": 6.0,
    }
    decoder = tlg.Decoder(case.slots, hotwords=ours, **options)
    oracle = tlg.Decoder(case.rebuilt, hotwords=anew, **options)
    numpy_rng = np.random.default_rng(seed)
    for _ in range(3):
        x = attached_cases.posteriors(numpy_rng, case.slots)
        found, expected = decoder.decode(x), oracle.decode(x)
        assert found.partial == expected.partial
        assert found.score == pytest.approx(expected.score, abs=2e-3)
        assert found.hotword_score == pytest.approx(sum(match.reward for match in found.hotwords), abs=1e-4)
        assert [one.score for one in found.nbest] == pytest.approx(
            [one.score for one in expected.nbest], abs=5e-3
        )
        if len(found.nbest) > 1 and found.nbest[0].score - found.nbest[1].score > 1e-2:
            assert found.words == expected.words
            assert [word for word, _, _ in found.word_spans] == found.words
            assert [span[1:] for span in found.word_spans] == [span[1:] for span in expected.word_spans]
        assert found.lattice is not None and expected.lattice is not None
        assert found.lattice.best_path().words == found.words
        held = [[path.score for path in lattice.paths(40)] for lattice in (found.lattice, expected.lattice)]
        number = sum(score > found.score - 5.99 for score in held[0])  # beyond the beam, more may be kept
        assert held[0][:number] == pytest.approx(held[1][:number], abs=5e-3)


def test_classes_without_phrases(tmp_path: Path) -> None:
    """Members of classes need no phrases. Oracle: the same with a phrase that is worth nothing."""
    spoken = 0
    for seed in range(12):
        rng = random.Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        case = make_case(rng, folder)
        names = case.fillers["<name>"]
        members = [Hotword(name, pronunciations=tuple(names[name])) for name in names]
        options: dict[str, Any] = {"graph": case.slots, "classes": {"<name>": members}, "boundary": None}
        alone = tlg.Hotwords([], **options)
        lists = [alone, tlg.Hotwords(["w0"], bias=0.0, match="words", **options)]
        lists.append(lists[1].changed(remove=["w0"]))
        x = attached_cases.posteriors(np.random.default_rng(seed), case.slots)
        decoders = [tlg.Decoder(case.slots, hotwords=one, beam=1e4, nbest=3) for one in lists]
        found = [decoder.decode(x) for decoder in decoders]
        streams = [decoder.stream() for decoder in decoders]
        for stream, result in zip(streams, found, strict=True):
            stream.push(x)
            assert stream.finish().score == pytest.approx(result.score, abs=1e-4)
        for result in found:
            assert result.score == pytest.approx(found[1].score, abs=1e-4)
            assert [one.score for one in result.nbest] == pytest.approx(
                [one.score for one in found[1].nbest], abs=1e-4
            )
            assert result.hotwords == [] or result is found[1]
        assert found[0].words == found[1].words
        spoken += bool({*found[0].words} & {*names})
    assert spoken > 0


def test_cases_speak_the_words(tmp_path: Path) -> None:
    """In a good part of the cases attached words and members of classes are on the best path."""
    spoken: set[str] = set()
    for seed in range(12):
        folder = tmp_path / str(seed)
        folder.mkdir()
        rng = random.Random(seed)
        case = make_case(rng, folder)
        decoder = tlg.Decoder(case.slots, hotwords=lists_of(case, rng)[0])
        x = attached_cases.posteriors(np.random.default_rng(seed), case.slots)
        spoken |= {word[0] for word in decoder.decode(x).words}
    assert spoken >= {"w", "n", "m"}


@pytest.mark.parametrize("seed", range(20))
def test_streams(tmp_path: Path, seed: int) -> None:
    """A stream gives what decode() gives, however it is cut, with narrow beams too; partials name the words."""
    rng = random.Random(seed)
    case = make_case(rng, tmp_path)
    ours, _ = lists_of(case, rng)
    more: dict[str, Any] = {"nbest": 3, "lattice": True} if seed % 2 else {}
    decoder = tlg.Decoder(case.slots, hotwords=ours, beam=rng.choice([4.0, 16.0]), **more)
    parts = [attached_cases.posteriors(np.random.default_rng(seed + i), case.slots) for i in range(8)]
    x = np.concatenate(parts)
    whole = decoder.decode(x)
    stream = decoder.stream()
    for chunk in np.array_split(x, rng.randint(1, 20)):
        partial = stream.push(chunk)
        assert all(isinstance(word, str) for word in partial.words)
    result = stream.finish()
    assert (result.words, result.score, result.word_spans) == (whole.words, whole.score, whole.word_spans)
    assert result.hotwords == whole.hotwords


@pytest.mark.parametrize("seed", range(10))
def test_order_does_not_matter(tmp_path: Path, seed: int) -> None:
    """Neither the order of the list nor what was attached before changes a score."""
    rng = random.Random(seed)
    case = make_case(rng, tmp_path)
    new = case.fillers["<unk>"]
    listed = [Hotword(word, pronunciations=tuple(ways)) for word, ways in new.items()]
    decoder = tlg.Decoder(case.slots)
    x = attached_cases.posteriors(np.random.default_rng(seed), case.slots)
    plain = decoder.decode(x)
    scores = []
    for _ in range(4):
        rng.shuffle(listed)
        decoder.hotwords = tlg.Hotwords(listed, graph=case.slots)
        scores.append(decoder.decode(x).score)
    assert scores == pytest.approx([scores[0]] * 4, abs=1e-3)
    decoder.hotwords = None
    assert decoder.decode(x) == plain


def test_lists_of_streams_are_their_own(tmp_path: Path) -> None:
    """Streams with other attached words run side by side over one decoder."""
    case = make_case(random.Random(3), tmp_path)
    new = case.fillers["<unk>"]
    decoder = tlg.Decoder(case.slots)
    lists = [
        tlg.Hotwords([Hotword(word, pronunciations=tuple(new[word]))], graph=case.slots, bias=6.0)
        for word in new
    ]
    x = np.concatenate([attached_cases.posteriors(np.random.default_rng(i), case.slots) for i in range(6)])
    expected = []
    for hotwords in lists:
        other = copy.copy(decoder)
        other.hotwords = hotwords
        expected.append(other.decode(x).words)
    streams = [decoder.stream(hotwords=hotwords) for hotwords in lists]
    for chunk in np.array_split(x, 7):
        for stream in streams:
            stream.push(chunk)
    assert [stream.finish().words for stream in streams] == expected


def test_a_stream_keeps_its_words(tmp_path: Path) -> None:
    """A list that attaches words cannot come or go within an utterance; between two it can."""
    case = make_case(random.Random(3), tmp_path)
    ours, _ = lists_of(case, random.Random(3))
    decoder = tlg.Decoder(case.slots)
    stream = decoder.stream()
    stream.push(attached_cases.posteriors(np.random.default_rng(0), case.slots))
    with pytest.raises(OptionError, match="attaches words to the graph comes or goes"):
        stream.use_hotwords(ours, now=True)
    stream.finish()


def test_for_another_graph(tmp_path: Path) -> None:
    """A list made for a graph with slots is refused by one without."""
    case = make_case(random.Random(0), tmp_path)
    ours = tlg.Hotwords([Hotword("n0", pronunciations=(("a",),))], graph=case.slots, match="units")
    assert ours.attached is not None
    with pytest.raises(OptionError, match="made for another one"):
        tlg.Decoder(case.rebuilt, hotwords=ours)


def test_slots_of_the_folder(tmp_path: Path) -> None:
    """The folder names the slots; a folder without them, of an older version, loads and has none."""
    case = make_case(random.Random(0), tmp_path)
    assert set(case.slots.slots) == {"<unk>", "<name>"}
    assert case.rebuilt.slots == ()
    assert (tmp_path / "slots" / "slots.fst").is_file()
    assert not (tmp_path / "rebuilt" / "slots.fst").exists()
    assert tlg.Graph.load(tmp_path / "rebuilt").slot_arcs is None
