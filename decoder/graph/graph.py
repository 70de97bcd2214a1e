"""The decoding graph: a folder on disk, an immutable object in memory."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tlg import _core
from tlg._files import PathLike, read_bytes, read_text
from tlg.decoder.graph.report import BuildReport
from tlg.decoder.graph.tables import read_words
from tlg.decoder.graph.tokens import TokenTable
from tlg.errors import GraphError, OptionError, OutputError

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
        slots: words of the model that stand for words to come, ``<unk>`` and classes like ``<name>``: hotword lists
            can put words there while the graph is decoded over.
        built: engine, inputs and options of the build.
    """

    topology: str
    num_roots: int = 0
    num_separators: int = 0
    empty_root: int = -1
    separator: str | None = None
    separator_prob: float | None = None
    unk_cost: float | None = None
    slots: tuple[str, ...] = ()
    built: Mapping[str, Any] = field(default_factory=dict)


class Graph:
    """A decoding graph with its tables. Immutable; decoders share it.

    Attributes:
        fst: the transducer (``_core.Fst``): input label = token id + 1, output label = index into ``words``.
        tokens: the model's columns.
        words: the word of each output label; 0 is ``<eps>``.
        info: how it is laid out.
        report: what the build found.
        slot_arcs: the places of info.slots: an arc from state i to state j of ``fst``, with the input label k + 1, says that
            info.slots[k] may be said at i and that j comes after it; None: no slots.
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
        lexicon_path: Path | None = None,
        slot_arcs: _core.Fst | None = None,
    ) -> None:
        """Check that the parts fit together. ``lexicon_path``: read when it is first needed, if it is there.

        Raises:
            GraphError: a label beyond its table, an epsilon cycle, a root or a slot beyond the states.
        """
        self.fst = fst
        self.tokens = tokens
        self.words = tuple(words)
        self.info = info
        self.report = report if report is not None else BuildReport()
        self.name = name
        self.slot_arcs = slot_arcs
        self._lexicon = lexicon
        self._lexicon_path = lexicon_path if lexicon_path is not None and lexicon_path.is_file() else None
        self._costs: dict[tuple[str, tuple[int, ...]], float] | None = None  # those above 0
        self._source: tuple[Path, dict[str, Any]] | None = None  # set by load()
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
        if (slot_arcs is None) != (not info.slots):
            raise GraphError(
                "has slots.fst or names in graph.json, not both", remedy="Build the graph again", file=name
            )
        if slot_arcs is not None:
            slot_arcs.check_labels(len(info.slots), len(info.slots), f"{name}: slots.fst")
            if slot_arcs.num_states != info.num_roots + info.num_separators:
                raise GraphError(
                    f"slots.fst has {slot_arcs.num_states} states, for {info.num_roots} roots and "
                    f"{info.num_separators} separator states",
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

    def __copy__(self) -> Graph:
        """Return the graph itself: it never changes."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Graph:
        """Return the graph itself: it never changes."""
        return self

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as the folder that it was loaded from; another process maps the same files."""
        if self._source is None:
            raise TypeError("a Graph in memory cannot be pickled. Save it, and pickle Graph.load(folder)")
        path, options = self._source
        counts = (self.fst.num_states, self.fst.num_arcs, len(self.words), self.tokens.fingerprint)
        return _load_again, (str(path.resolve()), options, counts)

    @property
    def slots(self) -> tuple[str, ...]:
        """The words of the model that hotword lists can fill: ``<unk>``, and classes like ``<name>``."""
        return self.info.slots

    @property
    def file_name(self) -> str:
        """The transducer's name in the folder: LG.fst, or TLG.fst where the topology is written out."""
        return "LG.fst" if self.info.topology == "implicit" else "TLG.fst"

    def pronunciations(self, word: str) -> list[list[str]]:
        """Return the pronunciations of a word, each a list of tokens; none if the lexicon lacks it.

        Raises:
            GraphError: the graph came without a lexicon.
        """
        symbols = self.tokens.symbols
        return [
            [symbols[label - 1] for label in labels] for labels in self._read_lexicon().pronunciations(word)
        ]

    def pronunciation_costs(self, word: str) -> list[float]:
        """Return -log of the probability that the lexicon gives each of pronunciations(), nats; 0 without one.

        Raises:
            GraphError: the graph came without a lexicon.
        """
        lexicon = self._read_lexicon()
        if self._costs is None:
            words = lexicon.words
            self._costs = {
                (words[at], tuple(labels)): cost for at, labels, cost in lexicon.entries() if cost > 0
            }
        return [self._costs.get((word, tuple(labels)), 0.0) for labels in lexicon.pronunciations(word)]

    def _read_lexicon(self) -> _core.Lexicon:
        """Return the lexicon; it is read when it is first needed."""
        if self._lexicon is None:
            if self._lexicon_path is None:
                raise GraphError(
                    "has no lexicon.txt", remedy="Put the lexicon into the graph folder", file=self.name
                )
            self._lexicon = _core.Lexicon(
                read_bytes(self._lexicon_path), str(self._lexicon_path), list(self.tokens.symbols), -1
            )
        return self._lexicon

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
        if self.slot_arcs is not None:
            self.slot_arcs.write(str(folder / "slots.fst"), fst_type)
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
    def load(
        cls,
        path: PathLike,
        *,
        blank: str | int | None = None,
        toolkit: str | None = None,
        label_offset: int | None = None,
        words: PathLike | None = None,
        tokens: PathLike | None = None,
    ) -> Graph:
        """Open a graph: a folder of tlg (the transducer is memory-mapped), or a graph of another toolkit.

        A folder without graph.json, or a transducer's own path, is a graph of another toolkit (WeNet, FunASR, EESEN,
        icefall, riva, NeMo). What its labels mean is told from its files, and refused where they leave it open;
        docs/graph.md says by which rules. ``info.built`` and the report tell what was found.

        Args:
            path: the folder, or TLG.fst, HLG.fst, LG.fst, or their text form.
            blank: the blank of such a graph: token or column; by default looked for by its usual names.
                For a folder of tlg it must be the blank that the graph was built with.
            toolkit: which toolkit's files these are; "funasr" also reads one token a frame, as its runtime does.
                By default told by the files.
            label_offset: input label less column, 0 or 1; by default told by the files.
            words: the table of words; by default words.txt (or config.yaml) beside the transducer.
            tokens: the token table; by default tokens.txt, units.txt or tokens.json beside it.

        Raises:
            MissingFileError: no such path, or a file is missing.
            OptionError: another blank than that of the graph; an option that a folder of tlg does not need.
            GraphError, TokensError: the files are corrupt, do not belong together, or leave their meaning open.
        """
        where = Path(path)
        foreign = {"toolkit": toolkit, "label_offset": label_offset, "words": words, "tokens": tokens}
        if not (where / "graph.json").is_file():
            from tlg.decoder.graph.foreign import load_foreign  # which needs this class

            graph = load_foreign(
                where, blank=blank, toolkit=toolkit, label_offset=label_offset, words=words, tokens=tokens
            )
            graph._source = where, {"blank": blank, **foreign}
            return graph
        needless = [name for name, value in foreign.items() if value is not None]
        if needless:
            raise OptionError(
                f"{needless[0]}= is for graphs of other toolkits; {where} has a graph.json, which says it",
                remedy="Leave it out",
            )
        about = _read_about(where / "graph.json")
        ctc = about["blank"] is not None
        table = TokenTable.load(where / "tokens.txt", blank=about["blank"], ctc=ctc, is_whole=True)
        if table.fingerprint != about["tokens"]["sha256"] or len(table) != about["tokens"]["count"]:
            raise GraphError(
                "is not the token table that the graph was built with",
                remedy="Build the graph again, or put the right tokens.txt back",
                file=where / "tokens.txt",
            )
        if blank is not None and TokenTable.of(table, blank=blank).blank != table.blank:
            raise OptionError(
                f"the graph was built with the blank {about['blank']!r}, not {blank!r}",
                remedy="Leave blank out, or build the graph again",
            )
        spoken = read_words(where / "words.txt")
        fst = _core.Fst.read(str(where / about["fst"]))
        found = {"words": len(spoken), "states": fst.num_states, "arcs": fst.num_arcs}
        for key, count in found.items():
            if count != about[key]:
                raise GraphError(
                    f"names {about[key]} {key}, the folder has {count}",
                    remedy="Build the graph again",
                    file=where / "graph.json",
                )
        info = GraphInfo(**{name: about[name] for name in GraphInfo.__dataclass_fields__})
        slots = _core.Fst.read(str(where / "slots.fst")) if info.slots else None
        lexicon = where / "lexicon.txt"
        graph = cls(
            fst,
            table,
            spoken,
            info,
            _read_report(where),
            name=str(where),
            lexicon_path=lexicon,
            slot_arcs=slots,
        )
        graph._source = where, {}
        return graph


def _load_again(path: str, options: dict[str, Any], counts: tuple[int, int, int, str]) -> Graph:
    """Load what was pickled, and refuse another graph that has taken its place."""
    graph = Graph.load(path, **options)
    if counts != (graph.fst.num_states, graph.fst.num_arcs, len(graph.words), graph.tokens.fingerprint):
        raise GraphError(
            "is not the graph that was pickled", remedy="Pickle the graph that is there now", file=path
        )
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
    slots = about.setdefault("slots", [])  # graphs of older versions have none
    if not isinstance(slots, list) or not all(isinstance(word, str) for word in slots):
        raise GraphError("lacks a valid 'slots'", remedy="Build the graph again", file=path)
    about["slots"] = tuple(slots)
    if about["fst"] not in ("LG.fst", "TLG.fst") or about["topology"] not in (*TOPOLOGIES, "explicit"):
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
