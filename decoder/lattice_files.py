"""Files of lattices: which forms there are, archives with a key for each utterance, JSON.

Source: Kaldi's table format (util/kaldi-table.h) and lattice holders (lat/kaldi-lattice.h). The bytes of one lattice are
made and read by csrc/decoder/lattice/lattice_io.h.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import index
from pathlib import Path
from typing import Any, NamedTuple

from tlg import _core
from tlg._files import PathLike, read_bytes, write_packed
from tlg.decoder.graph.graph import Graph
from tlg.decoder.graph.tokens import TokenTable
from tlg.decoder.lattice import Lattice, check_scale
from tlg.decoder.lattice_paths import make_core
from tlg.errors import LatticeError, OptionError, TokensError

__all__ = [
    "FORMATS",
    "lattice_bytes",
    "lattice_format",
    "read_lattices",
    "read_one",
    "write_lattices",
    "write_one",
]

MAGIC = b"\xd6\xfd\xb2\x7e"  # the first bytes of an OpenFst file
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


class Form(NamedTuple):
    """A form of files: what of the core writes it, the suffixes that mean it, whether archives have it."""

    core: _core.LatticeForm | None
    suffixes: tuple[str, ...]
    is_archive: bool


FORMATS: Mapping[str, Form] = {
    "openfst": Form(_core.LatticeForm.OPENFST, (".fst",), False),
    "kaldi": Form(_core.LatticeForm.COMPACT, (".ark", ".lats"), True),
    "kaldi-text": Form(_core.LatticeForm.COMPACT_TEXT, (".txt",), True),
    "kaldi-lattice": Form(_core.LatticeForm.FRAMES, (), True),
    "kaldi-lattice-text": Form(_core.LatticeForm.FRAMES_TEXT, (), True),
    "json": Form(None, (".json", ".jsonl"), True),
    "dot": Form(None, (".dot", ".gv"), False),
    "svg": Form(None, (".svg",), False),
}
DRAWINGS = ("dot", "svg")


def lattice_format(path: PathLike, format: str | None = None) -> str:
    """Return the name of the form that a file is written in: `format`, or what the suffix says.

    Raises:
        OptionError: there is no such form, or the suffix tells none.
    """
    if format is not None:
        if format not in FORMATS:
            raise OptionError(f"format {format!r} is unknown", remedy=f"Known: {', '.join(FORMATS)}")
        return format
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in COMPRESSED else ""
    if packed == ".gz" and (not suffixes or suffixes[-1][1:].isdecimal()):
        return "kaldi"  # Kaldi's scripts name archives lat.gz and lat.1.gz
    for name, form in FORMATS.items():
        if suffixes and suffixes[-1] in form.suffixes:
            return name
    known = ", ".join(f"{suffix} ({name})" for name, form in FORMATS.items() for suffix in form.suffixes)
    raise OptionError(
        f"'{Path(path).name}' does not tell the form of lattices",
        remedy=f"Give the format, or one of these suffixes: {known}",
    )


def lattice_bytes(lattice: Lattice, format: str, key: str) -> bytes:
    """Return what a file holds for one lattice: in archives with its key.

    Raises:
        LatticeError: a key with white space in it or none; scores beyond float32.
    """
    if format == "dot":
        return lattice.to_dot().encode()
    if format == "svg":
        return lattice.to_svg().encode()
    if format == "json":
        return _json_line(lattice, key).encode()
    core_form = FORMATS[format].core
    assert core_form is not None
    content = lattice.core.write(core_form, lattice.acoustic_scale)
    if not FORMATS[format].is_archive:
        return content
    if not key or any(c.isspace() for c in key):
        raise LatticeError(
            f"{key!r} cannot be the key of a lattice in an archive: it is empty or has white space in it",
            remedy="Give the utterance another id",
        )
    return key.encode() + b" " + content


def write_one(path: PathLike, lattice: Lattice, *, format: str | None, key: str | None) -> None:
    """Write one lattice to a file of its own; see Lattice.write."""
    name = lattice_format(path, format)
    content = lattice_bytes(lattice, name, _stem(path) if key is None else key)
    with write_packed(path) as write:
        write(content)


def write_lattices(
    path: PathLike,
    items: Iterable[tuple[str, Lattice]],
    *,
    format: str | None = None,
) -> int:
    """Write the lattices of many utterances to one file, whole or not at all; return how many.

    Args:
        path: the file; .gz, .bz2, .xz, .zst compress.
        items: (utterance id, lattice), taken one at a time.
        format: as in Lattice.write, except "openfst", "dot" and "svg"; None: as the suffix says.

    Raises:
        OptionError: a form that holds one lattice alone, an unknown one, or a suffix that tells none.
        LatticeError: an id with white space in it, or one that comes twice; what is no lattice; scores beyond float32.
        OutputError: the file cannot be written.
    """
    name = lattice_format(path, format)
    if not FORMATS[name].is_archive:
        archives = [known for known, form in FORMATS.items() if form.is_archive]
        raise OptionError(
            f"the format '{name}' holds one lattice in a file", remedy=f"For many: {', '.join(archives)}"
        )
    if isinstance(items, Mapping):
        raise OptionError("items are a dict, not pairs", remedy="Pass items.items()")
    seen: set[str] = set()
    with write_packed(path) as write:
        for key, lattice in items:
            if not isinstance(lattice, Lattice):
                raise LatticeError(
                    f"utterance {key!r}: a {type(lattice).__name__} is no lattice",
                    remedy="Make the decoder with lattice=True; pass its result.lattice",
                )
            if key in seen:
                raise LatticeError(f"utterance {key!r} comes twice", remedy="Give each an id", file=path)
            seen.add(key)
            write(lattice_bytes(lattice, name, key))
    return len(seen)


def read_lattices(
    path: PathLike, *, words: Any = None, acoustic_scale: float = 1.0
) -> Iterator[tuple[str, Lattice]]:
    """Yield (utterance id, lattice) of a file, in its order; the form is told by the content.

    A file with one lattice and no key has the file's name, without suffixes, as its id.

    Args:
        path: the file; compressed or not.
        words: the words of the labels: a Graph, a sequence, a mapping, or the path of a words.txt. None: labels stand
            for words. JSON files have their own.
        acoustic_scale: multiplies the acoustic scores of Kaldi's files.

    Raises:
        MissingFileError: there is no such file.
        LatticeError: no lattices, or a broken one; names the line of a text, the byte of a binary file.
    """
    table, scale = _word_table(words), check_scale(acoustic_scale)
    data = read_bytes(path)
    if data.lstrip()[:1] == b"{":
        yield from _read_json(data, path)
        return
    at = 0
    if data.startswith(MAGIC) or _begins_without_key(data):
        core, at = _core.parse_lattice(data, 0, scale, str(path))
        if data[at:].strip():
            raise LatticeError(
                f"something follows the lattice (at byte {at})",
                remedy="Several lattices need a key each, as in Kaldi's archives",
                file=path,
            )
        yield _stem(path), _with_words(core, table, scale, path)
        return
    while (at := _skip_space(data, at)) < len(data):
        end = at
        while end < len(data) and not data[end : end + 1].isspace():
            end += 1
        try:
            key = data[at:end].decode("utf-8")
        except UnicodeDecodeError as error:
            raise LatticeError(
                f"no key of a lattice (at byte {at})",
                remedy="Give an archive of lattices, an OpenFst file or tlg's JSON",
                file=path,
            ) from error
        if data[end : end + 1] in (b" ", b"\t"):  # a line's end belongs to the lattice
            end += 1
        core, at = _core.parse_lattice(data, end, scale, str(path))
        yield key, _with_words(core, table, scale, path)


def read_one(path: PathLike, *, words: Any, acoustic_scale: float, key: str | None) -> Lattice:
    """Read the one lattice of a file, or that of a key; see Lattice.read."""
    found: dict[str, Lattice] = {}
    for name, lattice in read_lattices(path, words=words, acoustic_scale=acoustic_scale):
        found.setdefault(name, lattice)
        if name == key:
            return lattice
        if key is None and len(found) > 1:
            raise LatticeError(
                "has several lattices", remedy="Pass key=, or go through tlg.read_lattices", file=path
            )
    if key is None and found:
        return next(iter(found.values()))
    missing = "no lattice" if key is None else f"no lattice of utterance {key!r}"
    raise LatticeError(missing, remedy="Check the file and the id", file=path)


def _stem(path: PathLike) -> str:
    return Path(path).name.partition(".")[0]


def _skip_space(data: bytes, at: int) -> int:
    while at < len(data) and data[at : at + 1].isspace():
        at += 1
    return at


def _begins_without_key(data: bytes) -> bool:
    """Return whether a text starts with a line of a lattice: several numbers, where a key would stand alone."""
    if data[:1] in (b"\n", b"\r"):
        return True
    first = data[: data.find(b"\n")] if b"\n" in data else data
    columns = first.split()
    return len(columns) > 1 and all(column.isdigit() for column in columns[:2])


def _word_table(words: Any) -> Sequence[str] | Mapping[int, str] | None:
    if words is None or isinstance(words, Mapping):
        return words
    if isinstance(words, Graph):
        return words.words
    if isinstance(words, str | Path) or hasattr(words, "__fspath__"):
        try:
            return TokenTable.load(words, ctc=False).symbols
        except TokensError as error:
            raise LatticeError(
                error.message, remedy=error.remedy, file=error.file, line=error.line
            ) from error
    if isinstance(words, Sequence):
        return words
    raise OptionError(
        f"words are a {type(words).__name__}", remedy="Pass a Graph, a sequence, a mapping or words.txt"
    )


def _with_words(
    core: _core.Lattice, table: Sequence[str] | Mapping[int, str] | None, scale: float, path: PathLike
) -> Lattice:
    if table is None:
        table = {label: str(label) for label in core.arcs()["word"].tolist()}
    lattice = Lattice(core, table, acoustic_scale=scale)
    try:
        _ = lattice.words  # every label has one
    except LatticeError as error:
        error.file = str(path)
        raise
    return lattice


def _json_line(lattice: Lattice, key: str) -> str:
    core, words = lattice.core, lattice.words
    content = {
        "key": key,
        "num_frames": lattice.num_frames,
        "partial": lattice.partial,
        "acoustic_scale": lattice.acoustic_scale,
        # JSON has no infinity.
        "beam": "inf" if lattice.beam == math.inf else lattice.beam,
        "narrowed": lattice.narrowed,
        "states": [
            [frame, list(score) if is_final else None] for _, frame, is_final, score in core.states().tolist()
        ],
        "arcs": [
            [source, target, label, words[label], *score]
            for source, target, label, score in core.arcs().tolist()
        ],
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def _read_json(data: bytes, path: PathLike) -> Iterator[tuple[str, Lattice]]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            yield _parse_json(json.loads(line))
        except LatticeError as error:
            error.file, error.line = str(path), number
            raise
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise LatticeError(
                f"no lattice in tlg's JSON ({type(error).__name__}: {str(error)[:80]})",
                remedy="Write it again with Lattice.write",
                file=path,
                line=number,
            ) from error


def _parse_json(content: Any) -> tuple[str, Lattice]:
    states = [
        (0, index(frame), score is not None, tuple(map(float, score or (0.0, 0.0, 0.0))))
        for frame, score in content["states"]
    ]
    arcs = [
        (index(source), index(target), index(label), tuple(map(float, score)))
        for source, target, label, _, *score in content["arcs"]
    ]
    words = {index(label): str(word) for _, _, label, word, *_ in content["arcs"]}
    core = make_core(states, arcs, index(content["num_frames"]), bool(content["partial"]))
    beam = content.get("beam")
    return str(content["key"]), Lattice(
        core,
        words,
        acoustic_scale=content["acoustic_scale"],
        beam=None if beam is None else float(beam),
        narrowed=bool(content.get("narrowed", False)),
    )
