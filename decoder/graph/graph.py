"""The decoding graph: a folder on disk, an immutable object in memory."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tlg import _core
from tlg._files import PathLike, read_bytes, read_text
from tlg.decoder.graph.report import BuildReport
from tlg.decoder.graph.tokens import TokenTable
from tlg.errors import GraphError, MissingFileError, OptionError, OutputError, TextError

__all__ = ["FORMAT_VERSION", "TOPOLOGIES", "Graph", "GraphInfo"]

FORMAT_VERSION = 1
TOPOLOGIES = ("implicit", "ctc", "ctc-compact", "none")
# Words that stand behind those of the lexicon in words.txt, as Kaldi's tables have them.
SPECIAL_WORDS = ("#0", "<s>", "</s>")


@dataclass(frozen=True)
class GraphInfo:
    """How a graph is laid out and how it was built.

    Attributes:
        topology: "implicit" (LG.fst: the decoder applies the CTC rule), "ctc", "ctc-compact", "none" (TLG.fst),
            or "explicit": a TLG.fst made by another toolkit.
        num_roots: states 0 to num_roots - 1 are the states of the grammar (implicit and none; else 0).
        num_separators: the next states, each in front of a root: the optional separator.
        empty_root: the root of the empty history, to which every backoff leads in the end; -1 if unknown.
        separator: the token that may follow each word.
        separator_prob: its probability.
        unk_cost: unigram cost of ``<unk>`` in nats; None if the model has none.
        built: engine, inputs and options of the build.
    """

    topology: str
    num_roots: int = 0
    num_separators: int = 0
    empty_root: int = -1
    separator: str | None = None
    separator_prob: float | None = None
    unk_cost: float | None = None
    built: Mapping[str, Any] = field(default_factory=dict)


class Graph:
    """A decoding graph with its tables. Immutable; decoders share it.

    Attributes:
        fst: the transducer (``_core.Fst``): input label = token id + 1, output label = index into ``words``.
        tokens: the model's columns.
        words: the word of each output label; 0 is ``<eps>``.
        info: how it is laid out.
        report: what the build found.
    """

    def __init__(
        self,
        fst: _core.Fst,
        tokens: TokenTable,
        words: Sequence[str],
        info: GraphInfo,
        report: BuildReport | None = None,
        lexicon: _core.Lexicon | None = None,
        name: str = "graph",
    ) -> None:
        """Check that the parts fit together.

        Raises:
            GraphError: a label beyond its table, an epsilon cycle, a root beyond the states.
        """
        self.fst = fst
        self.tokens = tokens
        self.words = tuple(words)
        self.info = info
        self.report = report if report is not None else BuildReport()
        self.name = name
        self._lexicon = lexicon
        self._lexicon_path: Path | None = None
        if fst.num_states == 0:
            raise GraphError("has no states", remedy="Build the graph again", file=name)
        fst.check_labels(len(tokens), len(self.words) - 1, name)
        cycle = fst.find_input_epsilon_cycle()
        if cycle >= 0:
            raise GraphError(
                f"has a cycle of epsilon arcs at state {cycle}: a search would never end",
                remedy="Build the graph again; look for words with empty pronunciations",
                file=name,
            )
        if not 0 <= info.num_roots + info.num_separators <= fst.num_states or info.empty_root >= max(
            info.num_roots, 1
        ):
            raise GraphError(
                f"graph.json names {info.num_roots} roots and {info.num_separators} separator states, "
                f"the graph has {fst.num_states} states",
                remedy="Build the graph again",
                file=name,
            )
        fst.drop_pages()  # all of it has been read for the checks

    def __repr__(self) -> str:
        """Return its sizes."""
        return (
            f"Graph({self.info.topology}: {self.fst.num_states} states, {self.fst.num_arcs} arcs, "
            f"{len(self.words)} words, {len(self.tokens)} tokens)"
        )

    @property
    def file_name(self) -> str:
        """The transducer's name in the folder: LG.fst, or TLG.fst where the topology is written out."""
        return "LG.fst" if self.info.topology == "implicit" else "TLG.fst"

    def pronunciations(self, word: str) -> list[list[str]]:
        """Return the pronunciations of a word, each a list of tokens; none if the lexicon lacks it.

        Raises:
            GraphError: the graph came without a lexicon.
        """
        if self._lexicon is None:
            if self._lexicon_path is None:
                raise GraphError(
                    "has no lexicon.txt", remedy="Put the lexicon into the graph folder", file=self.name
                )
            self._lexicon = _core.Lexicon(
                read_bytes(self._lexicon_path), str(self._lexicon_path), list(self.tokens.symbols), -1
            )
        symbols = self.tokens.symbols
        return [[symbols[label - 1] for label in labels] for labels in self._lexicon.pronunciations(word)]

    def save(self, folder: PathLike, *, fst_type: Literal["const", "vector"] = "const") -> None:
        """Write the graph folder: under a temporary name first, so that a crash leaves no half graph.

        An existing graph folder of that name is replaced; graphs loaded from it go on working.

        Args:
            folder: where to write.
            fst_type: OpenFst's type of the transducer: "const" is memory-mapped when it is loaded; "vector" is
                what decoders that read nothing else want (WeNet, kaldifst's StdVectorFst).

        Raises:
            OutputError: the place is not writable, or holds something that is no graph folder.
            OptionError: no such fst_type.
        """
        if fst_type not in ("const", "vector"):
            raise OptionError(f"fst_type={fst_type!r} does not exist", remedy="Use 'const' or 'vector'")
        target = Path(folder)
        _check_replaceable(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        except OSError as error:
            raise OutputError(
                f"cannot be written ({error.strerror})", remedy="Check the folder", file=target
            ) from error
        try:
            self._write_files(temporary, fst_type)
            temporary.chmod(0o755)
            _replace_folder(temporary, target)
        except OSError as error:
            if isinstance(error, OutputError):
                raise
            raise OutputError(f"cannot be written ({error.strerror})", file=target) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _write_files(self, folder: Path, fst_type: str) -> None:
        self.fst.write(str(folder / self.file_name), fst_type)
        words = "".join(f"{word} {i}\n" for i, word in enumerate(self.words))
        (folder / "words.txt").write_text(words, encoding="utf-8", newline="\n")
        (folder / "tokens.txt").write_text(self.tokens.text(), encoding="utf-8", newline="\n")
        if self._lexicon is not None:
            (folder / "lexicon.txt").write_bytes(self._lexicon.text())
        elif self._lexicon_path is not None:
            shutil.copyfile(self._lexicon_path, folder / "lexicon.txt")
        about = {
            "format": FORMAT_VERSION,
            "version": _core.__version__,
            "fst": self.file_name,
            "blank": None if self.tokens.blank is None else self.tokens.symbols[self.tokens.blank],
            "tokens": {"count": len(self.tokens), "sha256": self.tokens.fingerprint},
            "words": len(self.words),
            "states": self.fst.num_states,
            "arcs": self.fst.num_arcs,
            **asdict(self.info),
        }
        (folder / "graph.json").write_text(_json(about), encoding="utf-8", newline="\n")
        (folder / "report.json").write_text(_json(self.report.to_json()), encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, folder: PathLike, *, blank: str | int | None = None) -> Graph:
        """Open a graph folder; the transducer is memory-mapped.

        A folder without graph.json is taken as made by another toolkit (EESEN, WeNet, FunASR, icefall): it
        must hold TLG.fst, words.txt and tokens.txt or units.txt.

        Args:
            folder: where the graph is.
            blank: the blank of such a foreign folder: token or id; by default looked for by its usual names.
                For a folder of tlg it must be the blank that the graph was built with.

        Raises:
            MissingFileError: no such folder, or a file is missing.
            OptionError: another blank than that of the graph.
            GraphError: the files are corrupt or do not belong together.
        """
        where = Path(folder)
        if not where.is_dir():
            raise MissingFileError("no such graph folder", remedy="Build it with build-tlg", file=where)
        if not (where / "graph.json").is_file():
            return cls._load_foreign(where, blank)
        about = _read_about(where / "graph.json")
        tokens = TokenTable.load(where / "tokens.txt", blank=about["blank"], ctc=about["blank"] is not None)
        if tokens.fingerprint != about["tokens"]["sha256"] or len(tokens) != about["tokens"]["count"]:
            raise GraphError(
                "is not the token table that the graph was built with",
                remedy="Build the graph again, or put the right tokens.txt back",
                file=where / "tokens.txt",
            )
        if blank is not None and TokenTable.of(tokens, blank=blank).blank != tokens.blank:
            raise OptionError(
                f"the graph was built with the blank {about['blank']!r}, not {blank!r}",
                remedy="Leave blank out, or build the graph again",
            )
        words = _read_words(where / "words.txt")
        fst = _core.Fst.read(str(where / about["fst"]))
        found = {"words": len(words), "states": fst.num_states, "arcs": fst.num_arcs}
        for key, count in found.items():
            if count != about[key]:
                raise GraphError(
                    f"names {about[key]} {key}, the folder has {count}",
                    remedy="Build the graph again",
                    file=where / "graph.json",
                )
        info = GraphInfo(**{name: about[name] for name in GraphInfo.__dataclass_fields__})
        graph = cls(fst, tokens, words, info, _read_report(where), name=str(where))
        lexicon = where / "lexicon.txt"
        graph._lexicon_path = lexicon if lexicon.is_file() else None
        return graph

    @classmethod
    def _load_foreign(cls, where: Path, blank: str | int | None) -> Graph:
        if not (where / "TLG.fst").is_file():
            raise MissingFileError(
                "holds neither graph.json nor TLG.fst", remedy="Build it with build-tlg", file=where
            )
        tables = [where / name for name in ("tokens.txt", "units.txt") if (where / name).is_file()]
        if not tables:
            raise MissingFileError(
                "holds neither tokens.txt nor units.txt",
                remedy="Put the model's token table there, one 'symbol id' a line",
                file=where,
            )
        fst = _core.Fst.read(str(where / "TLG.fst"))
        words = _read_words(where / "words.txt")
        graph = cls(
            fst, TokenTable.load(tables[0], blank=blank), words, GraphInfo("explicit"), name=str(where)
        )
        lexicon = where / "lexicon.txt"
        graph._lexicon_path = lexicon if lexicon.is_file() else None
        return graph


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _check_replaceable(target: Path) -> None:
    if not target.exists():
        return
    ours = target.is_dir() and ((target / "graph.json").is_file() or not any(target.iterdir()))
    if not ours:
        raise OutputError(
            "is there already and is no graph folder",
            remedy="Choose another name or move it away",
            file=target,
        )


def _replace_folder(fresh: Path, target: Path) -> None:
    if not target.exists():
        fresh.replace(target)
        return
    old = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.old."))
    try:
        target.replace(old / "graph")
        try:
            fresh.replace(target)
        except OSError:
            (old / "graph").replace(target)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _read_about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise GraphError(f"is no JSON ({error})", remedy="Build the graph again", file=path) from error
    if not isinstance(about, dict) or about.get("format") != FORMAT_VERSION:
        shown = about.get("format") if isinstance(about, dict) else None
        raise GraphError(
            f"has format version {shown!r}; this version of tlg reads {FORMAT_VERSION}",
            remedy="Build the graph again with this version",
            file=path,
        )
    wanted: dict[str, tuple[type, ...]] = {
        "fst": (str,),
        "blank": (str, type(None)),
        "tokens": (dict,),
        "words": (int,),
        "states": (int,),
        "arcs": (int,),
        "topology": (str,),
        "num_roots": (int,),
        "num_separators": (int,),
        "empty_root": (int,),
        "separator": (str, type(None)),
        "separator_prob": (float, type(None)),
        "unk_cost": (float, type(None)),
        "built": (dict,),
    }
    for key, types in wanted.items():
        if key not in about or not isinstance(about[key], types):
            raise GraphError(f"lacks a valid '{key}'", remedy="Build the graph again", file=path)
    if about["fst"] not in ("LG.fst", "TLG.fst") or about["topology"] not in TOPOLOGIES:
        raise GraphError("names an unknown file or topology", remedy="Build the graph again", file=path)
    if not {"sha256", "count"} <= about["tokens"].keys():
        raise GraphError("lacks a valid 'tokens'", remedy="Build the graph again", file=path)
    return about


def _read_report(where: Path) -> BuildReport:
    path = where / "report.json"
    if not path.is_file():
        return BuildReport()
    try:
        return BuildReport.from_json(json.loads(read_text(path)))
    except (ValueError, TypeError, AttributeError) as error:
        raise GraphError(
            f"is no build report ({error})", remedy="Build the graph again", file=path
        ) from error


def _read_words(path: Path) -> list[str]:
    try:
        text = read_text(path)
    except TextError as error:
        raise GraphError(error.message, remedy=error.remedy, file=error.file, line=error.line) from error
    remedy = "Write one 'word id' a line, ids 0, 1, 2, ... with <eps> as 0"
    words: dict[int, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split(" ")
        if len(fields) != 2 or line.endswith("\r"):  # not as we write it
            fields = re.split(r"[ \t]+", line.strip(" \t\r"))
        if fields == [""]:
            continue
        if len(fields) != 2 or not (fields[1].isascii() and fields[1].isdigit()):
            raise GraphError(f"is not 'word id': {line[:60]!r}", remedy=remedy, file=path, line=number)
        if int(fields[1]) in words:
            raise GraphError(f"id {fields[1]} is there twice", remedy=remedy, file=path, line=number)
        words[int(fields[1])] = fields[0]
    if not words or max(words) != len(words) - 1:
        raise GraphError("the ids of the words have holes", remedy=remedy, file=path)
    return [words[i] for i in range(len(words))]
