"""Broken files of lattices: each named with its place and a remedy; none crashes, hangs or passes for whole."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.lattice_cases import CORNERS, NAMED, NO_PATH, ONE_WORD, SENTENCE, WORDS
from tlg import _core
from tlg.decoder.lattice import Lattice
from tlg.decoder.lattice_files import read_lattices
from tlg.errors import LatticeError

Form = _core.LatticeForm
DEEP = "[" * 100_000

TEXTS = {
    "no_line": ("0 1 2 1,2,1_1 extra more\n1\n\n", r":2: is no line of a lattice: '0 1 2 1,2,1_1 extra more'. Write 's"),
    "not_a_number": ("0 one 2 1,2,\n1\n\n", ":2: is no line of a lattice"),
    "negative": ("0 1 -2 1,2,\n1\n\n", ":2: is no line of a lattice"),
    "too_large": ("0 1 9999999999 1,2,\n1\n\n", ":2: is no line of a lattice"),
    "no_cost": ("0 1 2 ,2,\n1\n\n", ":2: is no line of a lattice"),
    "bad_cost": ("0 1 2 1,x2,\n1\n\n", ":2: is no line of a lattice"),
    "nan": ("0 1 2 1,nan,\n1\n\n", ":2: is no line of a lattice"),
    "not_kaldis_nan": ("0 1 2 1,BadNumber,\n1\n\n", ":2: is no line of a lattice"),
    "minus_infinity": ("0 1 2 -Infinity,0,\n1\n\n", r":2: a weight is not finite\. Write"),
    "bad_string": ("0 1 2 1,2,1__1\n1\n\n", ":2: is no line of a lattice"),
    "open_string": ("0 1 2 1,2,1_\n1\n\n", ":2: is no line of a lattice"),
    "one_field_of_weight": ("0 1 2 1\n1 3\n\n", ":3: is no line of a lattice"),
    "mixed": ("0 1 2 1,2,1\n1 2 1 2 1,2\n2\n\n", r":3: has lines of a compact lattice and of a lattice\. Write one"),
    "mixed_end": ("0 1 2 1,2,1\n1 1,2\n\n", ":3: has lines of a compact lattice and of a lattice"),
    "cut_in_a_line": ("0 1 2 1,2,1\n1 2", r":3: the file ends inside a line\. Copy"),
    "cut_between_lines": ("0 1 2 1,2,1\n", r"no line begins with state 1: the lattice is cut off\. Copy"),
    "cut_behind_the_key": ("", r":2: the file ends where a lattice should begin\. Copy"),
    "cycle": ("0 1 2 1,2,1\n1 0 3 1,2,1\n1\n\n", r": its paths run in a cycle\. A lattice is acyclic"),
    "self_loop": ("0 0 2 1,2,\n0\n\n", "its paths run in a cycle"),
    "two_arcs": ("0 1 2 1,2,\n0 1 2 1,3,\n1\n\n", r"state 0 has two arcs with word 2\. Determinise .*lattice-determinize-pruned"),
    "no_word": ("0 1 0 1,2,\n0 1 3 1,2,\n1 2 3\n2\n\n", r"an arc from state 0 to 1 has no word\. Determinise"),
    "frames_differ": ("0 1 2 1,2,1\n0 1 3 1,2,1_1\n1\n\n", r"state 1 is reached after 1 and after 2 frames\. Give every arc"),
    "ends_differ": ("0 1 2 1,2,1\n0 1,2,1_1\n1\n\n", r"some paths have 2 frames, others 1\. Give every path"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str, tmp_path: Path) -> None:
    text, message = TEXTS[name]
    file = tmp_path / "a.txt"
    file.write_text(f"utt-1 \n{text}", encoding="utf-8", newline="\n")
    with pytest.raises(LatticeError, match=rf"a\.txt{message}" if message[0] == ":" else message) as caught:
        list(read_lattices(file))
    assert caught.value.remedy
    assert caught.value.file == str(file)


def test_texts_that_will_do(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    for text in (
        "utt \n0\t1\t2\t1,4,1_1\n1\n\n",
        "utt\n0 1 2 1,4,17_18\r\n1 0,0,\r\n\r\n",  # other labels, Windows, a weight that need not be there
        "utt \n7 3 2 1,4,1_1\n3\n\n",  # states of any numbers
        "utt \n0 1 2 1,4,1_1\n0 2 3 1,1,1\n1\n2 Infinity,Infinity,\n\n",  # an arc on no path
        "0 1 2 1,4,1_1\n1\n",  # one lattice without key
        "\n0 1 2 1e0,4.0e0,1_1\n1\n\n",
        "utt \n0 1 9 2 1,4\n1 2 9 0\n2\n\n",  # a lattice with transition-ids
        "utt \n0 1 2 1,3,1_1\n1 2 0 0,1,\n2\n\n",  # an arc without a word at the end
    ):
        file.write_text(text, encoding="utf-8", newline="\n")
        ((_, lattice),) = read_lattices(file)
        assert [(path.text, path.score, path.word_spans) for path in lattice.paths(9)] == [
            ("2", -5.0, [("2", 0, 2)])
        ]


def patched(data: bytes, at: int, form: str, value: object) -> bytes:
    return data[:at] + struct.pack("<" + form, value) + data[at + struct.calcsize("<" + form) :]


def binary_cases() -> dict[str, tuple[bytes, str]]:
    good = ONE_WORD.lattice().core.write(Form.COMPACT, 1.0)
    at = good.index(b"compactlattice44") + 16  # version, flags, properties, start, states, arcs
    first = at + 8 + 8 + 24  # the first state: weight, its string, arcs
    arc = first + 12 + 8
    vector = good.replace(b"vector", b"const\0")
    return {
        "const": (vector, r"is an FST of type 'const\?', not 'vector' \(at byte 14\)\. Convert .*fstconvert"),
        "log": (good.replace(b"compactlattice44", b"lattice_is_other"), "has arcs of type 'lattice_is_other'"),
        "long_name": (patched(good, 4, "i", 1 << 30), r"the length of the header is 1073741824 \(at byte"),
        "version": (patched(good, at, "i", 3), "has format version 3, not 2"),
        "flags": (patched(good, at + 4, "i", 8), "has unknown flags 8"),
        "symbols": (patched(good, at + 4, "i", 1), "the symbol table inside does not start as one"),
        "start": (patched(good, at + 16, "q", 2), "the start state is 2 of 2"),
        "negative_start": (patched(good, at + 16, "q", -2), "the start state is -2 of 2"),
        "states": (patched(good, at + 24, "q", 1 << 40), "1099511627776 states do not fit into the file"),
        "unknown_states": (patched(good, at + 24, "q", -1), "-1 states do not fit"),
        "arcs": (patched(good, first + 12, "q", 1 << 40), "state 0 has 1099511627776 arcs, more than the file holds"),
        "negative_arcs": (patched(good, first + 12, "q", -1), "state 0 has -1 arcs"),
        "string": (patched(good, arc + 16, "i", 1 << 30), "a string of 1073741824 labels does not fit"),
        "negative_string": (patched(good, arc + 16, "i", -1), "a string of -1 labels"),
        "target": (patched(good, arc + 40, "i", 2), "an arc leads to state 2 of 2"),
        "two_labels": (patched(good, arc, "i", 7), "has two labels on an arc, 7 and 2"),
        "negative_label": (patched(patched(good, arc, "i", -2), arc + 4, "i", -2), "has a negative label"),
        "nan": (patched(good, arc + 8, "f", np.nan), "a weight is not finite"),
        "minus_infinity": (patched(good, arc + 12, "f", -np.inf), "a weight is not finite"),
        "more": (good + b"more", r"something follows the lattice \(at byte"),
    }  # fmt: skip


@pytest.mark.parametrize("name", binary_cases())
def test_binary_files(name: str, tmp_path: Path) -> None:
    data, message = binary_cases()[name]
    file = tmp_path / "a.lat"
    file.write_bytes(data)
    with pytest.raises(LatticeError, match=message) as caught:
        list(read_lattices(file))
    assert caught.value.file == str(file)
    assert caught.value.remedy


def test_weights_of_eight_bytes_and_symbol_tables(tmp_path: Path) -> None:
    weight, file = struct.Struct("<dd"), tmp_path / "a.lat"
    table = struct.pack("<ii4sqq", 2125658996, 4, b"none", 1, 1) + struct.pack("<i1sq", 1, b"a", 2)
    for arc_type, string in ((b"lattice8", b""), (b"compactlattice84", struct.pack("<i", 0))):
        file.write_bytes(
            struct.pack("<ii6si", 2125659606, 6, b"vector", len(arc_type))
            + arc_type
            + struct.pack("<iiQqqq", 2, 1, 3, 0, 2, 0)
            + table
            + weight.pack(np.inf, np.inf)
            + string
            + struct.pack("<qii", 1, 2, 2)
            + weight.pack(0.1, 0.2)
            + string
            + struct.pack("<i", 1)
            + weight.pack(1e-9, 0.0)
            + string
            + struct.pack("<q", 0)
        )
        path = Lattice.read(file, acoustic_scale=0.5).best_path()
        assert (path.words, path.lm_score, path.am_score) == (["2"], -0.1 - 1e-9, -0.1)


JSONS = {
    "not_json": ('{"key": ', r"a\.json:1: no lattice in tlg's JSON \(JSONDecodeError"),
    "other": ('{"a": 1}', r"a\.json:1: no lattice in tlg's JSON \(KeyError: 'num_frames'\)|KeyError: 'states'"),
    "short_arc": ('{"key":"a","num_frames":1,"partial":false,"acoustic_scale":1,"states":[[0,[0,0,0]]],"arcs":[[0,0]]}', "ValueError"),
    "few_scores": ('{"key":"a","num_frames":1,"partial":false,"acoustic_scale":1,"states":[[0,[0]]],"arcs":[]}', "no lattice in tlg's"),
    "text": ('{"key":"a","num_frames":1,"partial":false,"acoustic_scale":1,"states":"x","arcs":[]}', "no lattice in tlg's"),
    "huge": ('{"key":"a","num_frames":1e400,"partial":false,"acoustic_scale":1,"states":[],"arcs":[]}', "TypeError: 'float' object"),
    "half_frame": ('{"key":"a","num_frames":1,"partial":false,"acoustic_scale":1,"states":[[0.5,[0,0,0]]],"arcs":[]}', "TypeError"),
    "huge_label": ('{"key":"a","num_frames":1,"partial":false,"acoustic_scale":1,"states":[[0,null],[1,[0,0,0]]],"arcs":[[0,1,99999999999,"a",0,0,0]]}', "no lattice"),
    "scale": ('{"key":"a","num_frames":1,"partial":false,"acoustic_scale":0,"states":[],"arcs":[]}', "is not above 0"),
    "deep": ('{"key":' + DEEP, "RecursionError|JSONDecodeError"),
    "frame": ('{"key":"a","num_frames":1,"partial":false,"acoustic_scale":1,"states":[[2,[0,0,0]]],"arcs":[]}', r"a\.json:1: state 0 lies at frame 2 of 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", JSONS)
def test_json(name: str, tmp_path: Path) -> None:
    text, message = JSONS[name]
    file = tmp_path / "a.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LatticeError, match=message) as caught:
        list(read_lattices(file))
    assert (caught.value.file, caught.value.line) == (str(file), 1)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"  \n \n", b"\xff\xfe nothing", b"key", b"\0\0\0\0", b"PK\x03\x04", b"\xd6\xfd\xb2\x7e"],
)
def test_no_lattices_at_all(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(content)
    with pytest.raises(LatticeError, match=r"/a:"):
        Lattice.read(file)


@pytest.mark.parametrize("form", [Form.OPENFST, Form.COMPACT, Form.FRAMES])
def test_every_cut_of_a_binary_file_is_noticed(form: Form) -> None:
    for case in NAMED.values():
        data = case.lattice().core.write(form, 1.0)
        for end in range(4, len(data)):
            with pytest.raises(LatticeError, match=r"x: .*byte"):
                _core.parse_lattice(data[:end], 0, 1.0, "x")


@pytest.mark.parametrize("form", [Form.COMPACT_TEXT, Form.FRAMES_TEXT])
def test_no_cut_of_a_text_gives_other_paths(form: Form) -> None:
    for case in NAMED.values():
        lattice = case.lattice()
        data = lattice.core.write(form, 1.0)
        whole = [(path.words, path.score) for path in lattice.paths(50)]
        for end in range(len(data) - 1):  # the empty line at the end may be missing
            try:
                core, _ = _core.parse_lattice(data[:end], 0, 1.0, "x")
            except LatticeError:
                continue
            assert case is not NO_PATH
            found = [(path.words, path.score) for path in Lattice(core, WORDS).paths(50)]
            assert found == whole
    with pytest.raises(LatticeError, match="ends where a lattice should begin"):
        _core.parse_lattice(b"\n", 0, 1.0, "x")


@pytest.mark.parametrize("form", list(Form))
def test_mutations(form: Form) -> None:
    """Any bytes give a lattice that keeps the invariants, or a LatticeError that names the file."""
    random_ = random.Random(f"{form.name} 2026")
    originals = [case.lattice().core.write(form, 1.0) for case in (SENTENCE, CORNERS, ONE_WORD)]
    for _ in range(1500):
        data = bytearray(random_.choice(originals))
        for _ in range(random_.randint(1, 4)):
            at = random_.randrange(len(data))
            kind = random_.randrange(4)
            if kind == 0:
                data[at] = random_.randrange(256)
            elif kind == 1:
                data[at : at + 4] = struct.pack("<i", random_.choice([0, 1, -1, 2, 1 << 30, -(1 << 31)]))
            elif kind == 2:
                del data[at : at + random_.randint(1, 12)]
            else:
                data[at:at] = data[at : at + random_.randint(1, 20)]
            if not data:
                break
        try:
            core, end = _core.parse_lattice(bytes(data), 0, 1.0, "some file")
        except LatticeError as error:
            assert error.file == "some file"
            assert str(error).isprintable()
        else:
            assert end <= len(data)
            again = _core.Lattice(
                states=core.states(), arcs=core.arcs(), num_frames=core.num_frames, partial=core.partial
            )
            assert again.num_arcs == core.num_arcs
