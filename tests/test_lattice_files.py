"""Lattices in files of OpenFst and Kaldi: bytes by hand, an independent reader, pynini and kaldifst."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lattice_cases import CORNERS, NAMED, NO_PATH, NO_WORD, ONE_WORD, SENTENCE, WORDS, Case, cases
from tests.reference import lattice_twin as twin
from tlg import _core
from tlg.decoder.lattice import Lattice
from tlg.decoder.lattice_files import FORMATS, read_lattices, write_lattices
from tlg.errors import LatticeError, MissingFileError, OptionError, OutputError

Form = _core.LatticeForm
KALDI = {"kaldi": "ark", "kaldi-text": "txt", "kaldi-lattice": "ark", "kaldi-lattice-text": "txt"}


def ones(count: int) -> bytes:
    return struct.pack(f"<i{count}i", count, *[1] * count)


def header(arc_type: bytes, start: int, num_states: int) -> list[bytes]:
    return [
        struct.pack("<i", 2125659606),
        struct.pack("<i", 6) + b"vector",
        struct.pack("<i", len(arc_type)) + arc_type,
        struct.pack("<ii", 2, 0),
        b"properties",
        struct.pack("<qqq", start, num_states, 0),
    ]


def without_properties(data: bytes) -> bytes:
    at = 4 + 4 + 6 + 4 + struct.unpack_from("<i", data, 14)[0] + 8
    return data[:at] + b"properties" + data[at + 8 :]


def test_bytes_of_a_compact_lattice() -> None:
    # One word with frames 0 to 5; acoustic cost 2 / 0.5, graph cost 1; the end costs nothing.
    wanted = [
        *header(b"compactlattice44", 0, 2),
        struct.pack("<ff", np.inf, np.inf) + ones(0),
        struct.pack("<q", 1),
        struct.pack("<ii", 2, 2) + struct.pack("<ff", 1.0, 4.0) + ones(5) + struct.pack("<i", 1),
        struct.pack("<ff", 0.0, 0.0) + ones(0),
        struct.pack("<q", 0),
    ]
    assert without_properties(ONE_WORD.lattice().core.write(Form.COMPACT, 0.5)) == b"".join(wanted)


def test_bytes_of_a_lattice() -> None:
    case = Case([(0, None), (2, (-1.0, 0.0, 0.0))], [(0, 1, 2, (-2.0, -1.0, 0.25))], 3)
    inner = struct.pack("<ff", np.inf, np.inf) + struct.pack("<q", 1) + struct.pack("<ii", 1, 0)
    wanted = [
        *header(b"lattice4", 0, 4),
        struct.pack("<ff", np.inf, np.inf) + struct.pack("<q", 1),
        struct.pack("<iiffi", 1, 2, 0.75, 2.0, 1),
        inner + struct.pack("<ffi", 0.0, 0.0, 2),
        inner + struct.pack("<ffi", 0.0, 1.0, 3),
        struct.pack("<ff", 0.0, 0.0) + struct.pack("<q", 0),
    ]
    assert without_properties(case.lattice().core.write(Form.FRAMES, 1.0)) == b"".join(wanted)


def test_bytes_of_an_acceptor_and_of_no_path() -> None:
    wanted = [
        *header(b"standard", 0, 2),
        struct.pack("<fq", np.inf, 1) + struct.pack("<iifi", 2, 2, 3.0, 1),
        struct.pack("<fq", 0.0, 0),
    ]
    assert without_properties(ONE_WORD.lattice().core.write(Form.OPENFST, 0.5)) == b"".join(wanted)
    for form, name in (
        (Form.OPENFST, b"standard"),
        (Form.COMPACT, b"compactlattice44"),
        (Form.FRAMES, b"lattice4"),
    ):
        assert without_properties(NO_PATH.lattice().core.write(form, 1.0)) == b"".join(header(name, -1, 0))


def test_text() -> None:
    compact = (
        "\n0\t1\t4\t1.5,0.5,1_1_1\n0\t2\t5\t2,0.75,1_1_1_1_1\n1\t2\t3\t1,0.25,1_1\n1\t3\t7\t0,0,1_1\n"
        "1\t0.25,0.25,1_1_1_1_1\n2\t3\t1\t0.25,0.0625,\n2\t0,0,1_1_1\n3\t-0.5,0.5,1_1_1\n\n"
    )
    assert CORNERS.lattice().core.write(Form.COMPACT_TEXT, 2.0).decode() == compact
    assert NO_PATH.lattice().core.write(Form.COMPACT_TEXT, 1.0) == b"\n\n"
    assert NO_WORD.lattice().core.write(Form.COMPACT_TEXT, 1.0) == b"\n0\t1,4,1_1_1\n\n"
    frames = "\n0\t1\t1\t2\t1,2\n1\t2\t1\t0\n2\t3\t1\t0\n3\t4\t1\t0\n4\t5\t1\t0\n5\n\n"
    assert ONE_WORD.lattice().core.write(Form.FRAMES_TEXT, 1.0).decode() == frames
    # The weight One is left out, as OpenFst does; the shortest digits that read back the same.
    case = Case(
        [(0, None), (0, (0.0, 0.0, 0.0))], [(0, 1, 2, (0.0, 0.0, 0.0)), (0, 1, 3, (-0.1, -1e-7, 0.0))], 0
    )
    text = "\n0\t1\t2\n0\t1\t3\t0.0000001,0.1,\n1\n\n"
    assert case.lattice().core.write(Form.COMPACT_TEXT, 1.0).decode() == text


def costs(case: Case, scale: float, *, tropical: bool) -> dict[tuple[int, ...], tuple[float, ...]]:
    """Words -> summed costs and frames, as files should have them."""
    found: dict[tuple[int, ...], tuple[float, ...]] = {}
    for path in twin.all_paths(case.states, case.arcs):
        end = case.arcs[path.arcs[-1]][1] if path.arcs else 0
        scores = [case.arcs[arc][3] for arc in path.arcs] + [case.states[end][1] or (0.0, 0.0, 0.0)]
        am, graph, hotword = (sum(score[term] for score in scores) for term in range(3))
        pair = (-(graph + hotword), -am / scale)
        found[path.words] = (-(am + graph + hotword), 0) if tropical else (*pair, case.num_frames)
    return found


@settings(deadline=None)
@given(case=cases(), scale=st.sampled_from([1.0, 2.0, 0.5]))
def test_an_independent_reader_finds_every_path(case: Case, scale: float) -> None:
    core = case.lattice().core
    for form, name in (
        (Form.COMPACT, "compactlattice44"),
        (Form.FRAMES, "lattice4"),
        (Form.OPENFST, "standard"),
    ):
        arc_type, start, states, rest = twin.read_binary(core.write(form, scale))
        assert (arc_type, rest) == (name, b"")
        found = twin.file_paths(start, states)
        if form is Form.OPENFST:
            found = {words: (total[0], 0) for words, total in found.items()}
        assert found == costs(case, scale, tropical=form is Form.OPENFST)
    if case.states:
        for form, compact in ((Form.COMPACT_TEXT, True), (Form.FRAMES_TEXT, False)):
            states = twin.read_text(core.write(form, scale).decode(), compact=compact)
            assert twin.file_paths(0, states) == costs(case, scale, tropical=False)


@settings(deadline=None)
@given(
    case=cases(),
    scale=st.sampled_from([1.0, 2.0, 0.5]),
    form=st.sampled_from([Form.COMPACT, Form.COMPACT_TEXT]),
)
def test_compact_lattices_come_back(case: Case, scale: float, form: Form) -> None:
    data = case.lattice().core.write(form, scale)
    core, end = _core.parse_lattice(b"key " + data + b"more", 4, scale, "x")
    assert end == 4 + len(data)
    # Files have one cost for graph and hotwords together; nothing else is lost.
    merged = [(s, t, w, (am, graph + hot, 0.0)) for s, t, w, (am, graph, hot) in case.arcs]
    ends = [
        (frame, None if final is None else (final[0], final[1] + final[2], 0.0))
        for frame, final in case.states
    ]
    num_frames = case.num_frames if case.states else 0
    assert Lattice(core, WORDS) == Case(ends, merged, num_frames).lattice()


@settings(deadline=None)
@given(case=cases(), form=st.sampled_from([Form.FRAMES, Form.FRAMES_TEXT]))
def test_lattices_come_back_with_their_paths(case: Case, form: Form) -> None:
    core, _ = _core.parse_lattice(case.lattice().core.write(form, 2.0), 0, 2.0, "x")
    found = Lattice(core, WORDS)
    wanted = twin.all_paths(case.states, case.arcs)
    assert [(path.text, path.score) for path in found.paths(10_000)] == [
        (" ".join(WORDS[word] for word in path.words), path.score) for path in wanted
    ]
    assert found.num_frames == (case.num_frames if case.states else 0)
    # A word that only silence follows is one with it in such a file; all others keep their frames.
    spans = {path.words: [case.states[case.arcs[arc][0]][0] for arc in path.arcs] for path in wanted}
    for path in found.paths(10_000):
        labels = tuple(WORDS.index(word) for word in path.words)
        assert [start for _, start, _ in path.word_spans] == spans[labels]


@pytest.mark.parametrize("case", NAMED.values(), ids=NAMED)
def test_pynini_reads_the_acceptor(case: Case, tmp_path: Path) -> None:
    pynini = pytest.importorskip("pynini")
    lattice = case.lattice()
    lattice.write(tmp_path / "a.fst")
    fst = pynini.Fst.read(str(tmp_path / "a.fst"))
    assert fst.verify()
    assert fst.num_states() == len(case.states)
    # The properties in the header are right: OpenFst finds them in the same transducer built by hand.
    again = pynini.Fst()
    again.add_states(fst.num_states())
    if case.states:
        again.set_start(fst.start())
    for state in fst.states():
        again.set_final(state, fst.final(state))
        for arc in fst.arcs(state):
            again.add_arc(state, arc)
    known = fst.properties(pynini.FST_PROPERTIES, False)
    assert known & pynini.TOP_SORTED == pynini.TOP_SORTED
    assert known & pynini.I_DETERMINISTIC == pynini.I_DETERMINISTIC
    assert again.properties(pynini.FST_PROPERTIES, True) & known == known
    wanted = [(-path.score, list(path.words)) for path in twin.all_paths(case.states, case.arcs)[:2]]
    paths = pynini.shortestpath(fst, nshortest=2).paths()
    found = []
    while not paths.done():
        found.append((float(str(paths.weight())), [label for label in paths.olabels() if label]))
        paths.next()
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("case", [SENTENCE, CORNERS, ONE_WORD, NO_WORD])
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_kaldifst_reads_the_lattice(case: Case, scale: float, tmp_path: Path) -> None:
    kaldifst = pytest.importorskip("kaldifst")
    lattice, file = case.lattice(acoustic_scale=scale), tmp_path / "lattice.ark"
    lattice.write(file, format="kaldi-lattice", key="utt-1")
    key, content = file.read_bytes().split(b" ", 1)
    assert key == b"utt-1"
    file.write_bytes(content)
    read = kaldifst.Lattice.read(str(file))
    read.write(str(tmp_path / "again"))
    assert (tmp_path / "again").read_bytes() == content  # the properties too
    text = lattice.core.write(Form.FRAMES_TEXT, scale).decode()
    assert read.to_str(fst_field_separator="\t").replace("\t\n", "\n") == text[1:-1]
    # Kaldi's tools take the scale of the search, and then find the same best path.
    (best,) = kaldifst.lattice_to_nbest(read, scale, 1.0, 1)
    ok, frames, words, total = kaldifst.get_linear_symbol_sequence(best)
    wanted = lattice.best_path()
    assert ok
    assert [WORDS[word] for word in words] == wanted.words
    assert len(frames) == case.num_frames
    assert total.value1 + total.value2 == pytest.approx(-wanted.score)  # scaled already


def test_kaldifst_writes_what_is_read(tmp_path: Path) -> None:
    kaldifst = pytest.importorskip("kaldifst")
    made = kaldifst.Lattice()
    for _ in range(5):
        made.add_state()
    made.start = 3  # states in no order; transition-ids; the word in mid-arc
    weight = kaldifst.LatticeWeight
    for source, ilabel, olabel, graph, acoustic, target in [
        (3, 17, 0, 0.5, 2.0, 1),
        (1, 18, 4, 0.25, 1.0, 0),
        (3, 17, 5, 1.0, 2.5, 4),
        (4, 16, 0, 0.0, 1.0, 0),
        (0, 9, 6, 0.5, 0.5, 2),
    ]:
        made.add_arc(source, kaldifst.LatticeArc(ilabel, olabel, weight(graph, acoustic), target))
    made.set_final(2, weight(1.5, 0.25))
    made.write(str(tmp_path / "a.lat"))
    lattice = Lattice.read(tmp_path / "a.lat", acoustic_scale=2.0)
    assert [(path.text, path.score, path.am_score, path.lm_score) for path in lattice.paths(5)] == [
        ("4 6", -10.25, -7.5, -2.75),
        ("5 6", -11.5, -8.5, -3.0),
    ]
    assert [span[1:] for span in lattice.best_path().word_spans] == [(0, 2), (2, 3)]
    assert lattice.num_frames == 3


@pytest.mark.parametrize(
    "name", ["compact.ark", "compact.txt", "frames.ark", "frames.txt", "compact_of_frames.ark"]
)
def test_what_kaldi_writes(name: str, data: Path) -> None:
    """Files of Kaldi's own code: see tests/data/kaldi_lattices/README.md."""
    file = data / "kaldi_lattices" / name
    read = dict(read_lattices(file, words=WORDS, acoustic_scale=2.0))
    assert list(read) == [key for key, case in NAMED.items() if case.states]
    for key, lattice in read.items():
        wanted = NAMED[key].lattice()
        assert [path.words for path in lattice.paths(50)] == [path.words for path in wanted.paths(50)]
        assert [path.score for path in lattice.paths(50)] == [path.score for path in wanted.paths(50)]
        assert lattice.num_frames == wanted.num_frames
    if name == "compact.ark":  # ours is the same, but for what the headers say of properties
        theirs = file.read_bytes()
        for key, case in NAMED.items():
            if case.states:
                assert theirs.startswith(key.encode() + b" ")
                ours = case.lattice().core.write(Form.COMPACT, 2.0)
                begin, end = len(key) + 1, len(key) + 1 + len(ours)
                assert without_properties(theirs[begin:end]) == without_properties(ours)
                theirs = theirs[end:]
        assert theirs == b""


@pytest.mark.parametrize("form", [name for name in FORMATS if FORMATS[name].core or name == "json"])
def test_files_of_one(form: str, tmp_path: Path) -> None:
    for name, case in NAMED.items():
        lattice = case.lattice(acoustic_scale=2.0)
        file = tmp_path / f"{name}.x.gz"
        lattice.write(file, format=form)
        read = Lattice.read(file, words=WORDS, acoustic_scale=2.0)
        assert [path.words for path in read.paths(20)] == [path.words for path in lattice.paths(20)]
        if form == "json":
            assert read == lattice
        ((key, _),) = read_lattices(file)
        assert key == name


@pytest.mark.parametrize("form", [*KALDI, "json"])
def test_archives(form: str, tmp_path: Path) -> None:
    items = [(f"utt-{n}", case.lattice()) for n, case in enumerate(NAMED.values())]
    items.append(("口语", SENTENCE.lattice()))
    file = tmp_path / "all.out"
    assert write_lattices(file, iter(items), format=form) == len(items)
    read = dict(read_lattices(file, words=WORDS))
    assert list(read) == [key for key, _ in items]
    for key, lattice in items:
        assert [path.text for path in read[key].paths(20)] == [path.text for path in lattice.paths(20)]
    assert Lattice.read(file, words=WORDS, key="口语").best_path().text == "the cat sat on the mat"
    with pytest.raises(LatticeError, match=r"all\.out: has several lattices\. Pass key="):
        Lattice.read(file)
    with pytest.raises(LatticeError, match=r"all\.out: no lattice of utterance 'utt-9'"):
        Lattice.read(file, key="utt-9")


def test_formats_are_told_by_the_suffix(tmp_path: Path) -> None:
    lattice = ONE_WORD.lattice()
    starts = {
        "a.fst": b"\xd6\xfd\xb2\x7e\x06\0\0\0vector\x08\0\0\0standard",
        "a.ark": b"a \xd6\xfd\xb2\x7e\x06\0\0\0vector\x10\0\0\0compactlattice44",
        "a.txt": b"a \n0\t1\t2\t1,2,1_1_1_1_1\n1\n\n",
        "a.json": b'{"key":"a",',
        "a.dot": b"digraph",
        "a.SVG": b"<svg ",
    }
    for name, start in starts.items():
        lattice.write(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    for name in ("lat.gz", "lat.1.gz"):  # as Kaldi's scripts call them
        lattice.write(tmp_path / name)
        assert gzip.decompress((tmp_path / name).read_bytes()).startswith(b"lat \xd6\xfd")
    lattice.write(tmp_path / "b.txt.gz")
    assert gzip.decompress((tmp_path / "b.txt.gz").read_bytes()).startswith(b"b \n0")
    with pytest.raises(
        OptionError, match=r"'lat\.1\.xz' does not tell the form of lattices. .*\.fst \(openfst\)"
    ):
        lattice.write(tmp_path / "lat.1.xz")
    with pytest.raises(OptionError, match=r"format 'htk' is unknown\. Known: openfst, kaldi,"):
        lattice.write(tmp_path / "a.fst", format="htk")
    with pytest.raises(OptionError, match=r"'openfst' holds one lattice in a file\. For many: kaldi,"):
        write_lattices(tmp_path / "a.fst", [])


def test_words_of_the_labels(tmp_path: Path) -> None:
    file, table = tmp_path / "a.ark", tmp_path / "words.txt"
    SENTENCE.lattice().write(file)
    table.write_text("".join(f"{word} {n}\n" for n, word in enumerate(WORDS)), encoding="utf-8")
    for words in (WORDS, dict(enumerate(WORDS)), table, str(table)):
        assert Lattice.read(file, words=words).best_path().text == "the cat sat on the mat"
    assert Lattice.read(file).best_path().text == "1 2 4 5 1 7"
    with pytest.raises(LatticeError, match=r"a\.ark: there is no word 10: .*Pass words="):
        Lattice.read(file, words=WORDS[:9])
    with pytest.raises(OptionError, match="words are a int"):
        Lattice.read(file, words=3)
    table.write_text("a 0\nb 0\n", encoding="utf-8")
    with pytest.raises(LatticeError, match=r"words\.txt:2: "):
        Lattice.read(file, words=table)


def test_nothing_is_half_written(tmp_path: Path) -> None:
    file = tmp_path / "all.ark"
    file.write_bytes(b"before")
    lattice = ONE_WORD.lattice()
    for keys, message in (
        (["a", "b c"], "'b c' cannot be the key"),
        (["a", ""], "'' cannot be the key"),
        (["a", "a"], "utterance 'a' comes twice"),
    ):
        with pytest.raises(LatticeError, match=message):
            write_lattices(file, [(key, lattice) for key in keys])
    huge = Case([(0, None), (5, (0.0, 0.0, 0.0))], [(0, 1, 2, (-1e300, -1.0, 0.0))], 5).lattice()
    with pytest.raises(LatticeError, match=r"is beyond float32\. Use smaller scales"):
        huge.write(file)
    long = Case([(0, None), (1 << 40, (0.0, 0.0, 0.0))], [(0, 1, 2, (0.0, 0.0, 0.0))], 1 << 40).lattice()
    for form in KALDI:
        with pytest.raises(LatticeError, match=r"1099511627776 frames are too many for Kaldi's files"):
            long.write(file, format=form)
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(OutputError, match="nowhere"):
        lattice.write(tmp_path / "nowhere" / "a.ark")
    with pytest.raises(MissingFileError, match=r"none\.ark"):
        Lattice.read(tmp_path / "none.ark")


@pytest.mark.parametrize("thing", [None, "a lattice"])
def test_what_is_no_lattice_is_named(thing: Any, tmp_path: Path) -> None:
    """A decoder without lattice=True gives None."""
    with pytest.raises(
        LatticeError, match=r"utterance 'u1': a \w+ is no lattice\. Make the decoder with lattice=True"
    ):
        write_lattices(tmp_path / "l.ark", [("u1", thing)])
    with pytest.raises(OptionError, match=r"items are a dict, not pairs\. Pass items\.items\(\)"):
        write_lattices(tmp_path / "l.ark", {"u1": thing})  # type: ignore[dict-item]
    assert not list(tmp_path.iterdir())
