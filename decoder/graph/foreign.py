"""Graphs of other toolkits, read as they are: WeNet, FunASR, EESEN, icefall and k2, riva, NeMo.

Finds the files, lets convention.py tell what the labels mean, and makes a Graph whose input labels are columns + 1.
Nothing is guessed: what the files leave open is refused with what to pass. The rules, toolkit by toolkit, are in
docs/graph.md. Not for: graphs of tlg, which say it all in graph.json (graph.py).
"""

from __future__ import annotations

from pathlib import Path

from tlg import _core
from tlg._files import PathLike
from tlg.decoder.graph.convention import Convention, describe, find_convention, normalise, scan
from tlg.decoder.graph.fst_text import read_fst_text
from tlg.decoder.graph.graph import Graph, GraphInfo
from tlg.decoder.graph.report import BuildReport
from tlg.decoder.graph.tables import (
    SymbolRows,
    embedded_tables,
    read_config_words,
    read_symbol_rows,
    read_words,
    word_list,
)
from tlg.decoder.graph.tokens import TokenTable, is_disambiguation
from tlg.errors import GraphError, MissingFileError, OptionError

__all__ = ["TOOLKITS", "is_transducer", "load_foreign"]

TOOLKITS = ("wenet", "funasr", "eesen", "icefall", "riva", "nemo")
# Transducers in the order in which they are looked for: the binary files, their text forms, LG last.
BINARY = ("TLG.fst", "HLG.fst")
TEXT = ("TLG.fst.txt", "TLG.txt", "HLG.fst.txt", "HLG.txt")
TORCH = ("HLG.pt", "HLG_fst.pt", "TLG.pt")
TOKEN_TABLES = ("tokens.txt", "units.txt", "tokens.json")
SPELLED_OUT = {
    "exact": "a repeated token needs a blank between",
    "compact": "a token may repeat without a blank between",
    "modified": "a token may repeat without a blank between (k2's modified topology)",
    "no loops": "no token lasts longer than a frame",
}


def load_foreign(
    where: Path,
    *,
    blank: str | int | None = None,
    toolkit: str | None = None,
    label_offset: int | None = None,
    words: PathLike | None = None,
    tokens: PathLike | None = None,
) -> Graph:
    """Open a graph of another toolkit; see Graph.load.

    Raises:
        MissingFileError: no such path, or a file is missing.
        OptionError: no such toolkit or label_offset.
        GraphError, TokensError: the files are corrupt, do not belong together, or leave their meaning open.
    """
    if toolkit is not None and toolkit not in TOOLKITS:
        raise OptionError(f"toolkit={toolkit!r} does not exist", remedy=f"Use one of: {', '.join(TOOLKITS)}")
    path = _find_transducer(where)
    fst, is_k2, inside = _read_transducer(path)
    if is_k2 and label_offset == 0:
        label_offset = None  # the reader of k2's text has dealt with it
    if fst.num_states == 0 or fst.start < 0:
        raise GraphError(
            "is empty: lexicon and model had nothing in common when it was composed",
            remedy="Build it again; look whether words.txt has the words of the model, and for messages of the tools",
            file=path,
        )
    spoken, words_name = _find_words(path, words, inside[1])
    rows = _find_tokens(path, tokens, inside[0], toolkit)
    is_lg = path.name.startswith("LG.")
    if toolkit is None and words_name.endswith(("config.yaml", "config.yml")):
        toolkit = "funasr"
    shape = scan(fst)
    convention = find_convention(
        shape,
        rows,
        file=str(path),
        blank=blank,
        label_offset=label_offset,
        without_blank=is_lg or (toolkit == "funasr" and not shape.start_loops),
    )
    toolkit = toolkit or _name_toolkit(path, convention, spoken, inside)
    one_per_token = toolkit == "funasr"
    fst, changes = normalise(
        fst, convention, silent_words=_marks(spoken), drop_loops=one_per_token and not is_lg
    )
    blank_name = convention.symbols[convention.blank]
    repeats, warnings = describe(fst, convention.blank + 1) if not is_lg else ("exact", ())
    if one_per_token:
        repeats, warnings = "no loops", tuple(warning for warning in warnings if "backoff" in warning)
    built = {
        "toolkit": toolkit or "unknown",
        "fst": path.name,
        "words": words_name,
        "tokens": rows.name,
        "token_table": convention.table,
        "label_offset": 0 if is_k2 else convention.label_offset,
        "blank": blank_name,
        "repeats": repeats,
    }
    reading = (
        f"{path.name} read as {toolkit or 'an unknown toolkit'}'s: {convention.table}; label_offset "
        f"{built['label_offset']}; the blank '{blank_name}' is column {convention.blank}; "
        + (SPELLED_OUT[repeats] if one_per_token or not is_lg else "no topology inside, the decoder adds it")
    )
    return Graph(
        fst,
        TokenTable(convention.symbols, None if one_per_token else convention.blank, rows.name),
        spoken,
        GraphInfo("none" if one_per_token else "implicit" if is_lg else "explicit", built=built),
        BuildReport(states=fst.num_states, arcs=fst.num_arcs, notes=(reading, *changes, *warnings)),
        name=str(where),
        lexicon_path=path.parent / "lexicon.txt",
    )


def _marks(words: list[str]) -> frozenset[int]:
    """Return the disambiguation symbols among the words: those behind the last word, where Kaldi has them."""
    found = set()
    for i in reversed(range(len(words))):
        if is_disambiguation(words[i]):
            found.add(i)
        elif words[i] not in ("<s>", "</s>"):
            break
    return frozenset(found)


def is_transducer(name: str) -> bool:
    """Return whether a file is a transducer by its name."""
    return name.endswith((".fst", ".fst.txt", ".pt")) or name in TEXT


def _find_transducer(where: Path) -> Path:
    if where.is_file() and is_transducer(where.name):
        if where.suffix == ".pt":
            raise _torch_file(where)
        if (where.parent / "graph.json").is_file():
            raise GraphError(
                "lies in a graph folder of tlg, whose graph.json says what its labels mean",
                remedy=f"Load the folder {where.parent}",
                file=where,
            )
        return where
    if not where.is_dir():
        raise MissingFileError(
            "no such graph folder",
            remedy="Build it with build-tlg. The file of a transducer ends in .fst, its text form in .fst.txt",
            file=where,
        )
    for names in (BINARY, TEXT, ("LG.fst",)):
        found = [where / name for name in names if (where / name).is_file()]
        if len(found) > 1:
            raise GraphError(
                f"holds {found[0].name} and {found[1].name}",
                remedy="Pass the path of the one to read",
                file=where,
            )
        if found:
            return found[0]
    for name in TORCH:
        if (where / name).is_file():
            raise _torch_file(where / name)
    raise MissingFileError(
        "holds neither graph.json nor TLG.fst or HLG.fst", remedy="Build it with build-tlg", file=where
    )


def _torch_file(path: Path) -> GraphError:
    script = (
        f"import k2, torch; f = k2.Fsa.from_dict(torch.load('{path.name}', weights_only=False)); "
        f"open('{path.stem}.txt', 'w').write(k2.to_str(f))"
    )
    return GraphError(
        "is a file of torch, which only k2 can read",
        remedy=f'Where k2 is installed, write it as text, which is read here: python -c "{script}"',
        file=path,
    )


def _read_transducer(path: Path) -> tuple[_core.Fst, bool, tuple[SymbolRows | None, SymbolRows | None]]:
    """Return the transducer, whether it came as k2's text, and the tables inside the file."""
    if path.suffix == ".txt":
        fst, is_k2 = read_fst_text(path)
        return fst, is_k2, (None, None)
    fst = _core.Fst.read(str(path))
    return fst, False, embedded_tables(path)


def _find_words(path: Path, given: PathLike | None, inside: SymbolRows | None) -> tuple[list[str], str]:
    """Return the words and where they came from."""
    if given is not None:
        table = Path(given)
        return (read_config_words if table.suffix in (".yaml", ".yml") else read_words)(table), str(table)
    for name, read in (("words.txt", read_words), ("config.yaml", read_config_words)):
        if (path.parent / name).is_file():
            return read(path.parent / name), name
    if inside is not None:
        return word_list(inside.by_id, inside.name), inside.name
    raise MissingFileError(
        "holds neither words.txt nor config.yaml, and the transducer has no table of words inside",
        remedy="Put the words there, one 'word id' a line, or pass words= (tlg import --words)",
        file=path.parent,
    )


def _find_tokens(
    path: Path, given: PathLike | None, inside: SymbolRows | None, toolkit: str | None
) -> SymbolRows:
    if given is not None:
        return read_symbol_rows(given)
    found = [path.parent / name for name in TOKEN_TABLES if (path.parent / name).is_file()]
    if not found and inside is not None:
        return inside
    if not found:
        raise MissingFileError(
            "holds neither tokens.txt nor units.txt",
            remedy="Put the model's token table there, one 'symbol id' a line, or pass tokens= (tlg import --tokens); FunASR keeps "
            "tokens.json in the folder of the acoustic model",
            file=path.parent,
        )
    tables = [read_symbol_rows(table) for table in found]
    _check_same(tables, path.parent)
    return tables[0]


def _check_same(tables: list[SymbolRows], folder: Path) -> None:
    """Refuse a folder whose tables name different tokens: one of them is another model's."""

    def units(rows: SymbolRows) -> list[str]:
        ordered = [rows.by_id[i] for i in sorted(rows.by_id)]
        return [s for s in ordered if s not in ("<eps>", "<blk>", "<blank>") and not is_disambiguation(s)]

    for other in tables[1:]:
        if units(other) != units(tables[0]):
            raise GraphError(
                f"holds {Path(tables[0].name).name} and {Path(other.name).name}, which name different tokens",
                remedy="Pass tokens= (tlg import --tokens): the table of the model",
                file=folder,
            )


def _name_toolkit(
    path: Path,
    convention: Convention,
    words: list[str],
    inside: tuple[SymbolRows | None, SymbolRows | None],
) -> str | None:
    """Return whose files these look like. It changes nothing: only FunASR's, told by their words, are read otherwise."""
    blank = convention.symbols[convention.blank]
    if path.name.startswith("H"):
        return "icefall"
    if inside[0] is not None and inside[1] is not None:
        return "nemo"
    if (path.parent / "blank_first").is_file() or (
        blank == "<blk>" and convention.blank == len(convention.symbols) - 1
    ):
        return "riva"
    if blank == "<blank>":
        return "wenet"
    return "eesen" if blank == "<blk>" and "<s>" not in words else None
