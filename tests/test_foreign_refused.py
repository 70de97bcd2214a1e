"""Graphs of other toolkits whose files leave open what they mean: refused, with what to pass; other ways in."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import DATA
from tlg import Decoder, Graph, _core
from tlg.errors import GraphError, MissingFileError, OptionError, TlgError, TokensError

FOREIGN = DATA / "foreign"


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        return Path(shutil.copytree(FOREIGN / name, tmp_path / name))

    return make


def lines(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    path.write_text("".join(f"{line}\n" for line in change(path.read_text("utf-8").splitlines())), "utf-8")


def rename_blank(folder: Path) -> None:
    for name in ("tokens.txt", "units.txt"):
        if (folder / name).is_file():
            lines(
                folder / name,
                lambda rows: [row.replace("<blank>", "phi").replace("<blk>", "phi") for row in rows],
            )


def other_tokens(folder: Path) -> None:
    lines(folder / "units.txt", lambda rows: [row.replace("b ", "q ") for row in rows])


def one_more_token(folder: Path) -> None:
    """Another model's table: one token in front, so all columns are one higher."""
    (folder / "units.txt").unlink()
    table = ["<eps>", "<s>", "<blank>", "<unk>", *"abin", "<sos/eos>"]
    (folder / "tokens.txt").write_text("".join(f"{symbol} {i}\n" for i, symbol in enumerate(table)))


def fewer_tokens(folder: Path) -> None:
    (folder / "units.txt").unlink()
    (folder / "tokens.txt").write_text("<blank> 0\n<unk> 1\na 2\nb 3\ni 4\n")


def words_for_tokens(folder: Path) -> None:
    """wenet#1545: the unit table where the words belong."""
    shutil.copy(folder / "units.txt", folder / "words.txt")


def columns_for_lg(folder: Path) -> None:
    (folder / "TLG.fst").unlink()
    (folder / "tokens.txt").unlink()


def empty_arrays() -> tuple[Any, Any]:
    fst = Graph.load(FOREIGN / "wenet").fst
    return fst.states()[:0], fst.arcs()[:0]


def no_graph(folder: Path) -> None:
    for path in folder.glob("*.fst"):
        path.unlink()


REFUSED: dict[str, tuple[str, Callable[[Path], object], dict[str, Any], type[TlgError], str]] = {
    "unknown_blank": (
        "icefall-bpe",
        rename_blank,
        {},
        TokensError,
        r"no token looks like the blank .* loops on 'phi' where it starts: pass blank= \(--blank\) if that is it",
    ),
    "two_tables": (
        "wenet",
        other_tokens,
        {},
        GraphError,
        r"tokens\.txt and units\.txt, which name different tokens",
    ),
    "another_models_tokens": (
        "wenet",
        one_more_token,
        {},
        GraphError,
        r"loops on label 1 .*tokens\.txt the blank '<blank>' is column 1, label 2. Pass the graph's own token table",
    ),
    "too_few_tokens": (
        "wenet",
        fewer_tokens,
        {},
        GraphError,
        r"has the input label 6, but the 5 tokens of .*tokens\.txt end at 5",
    ),
    "words_and_units_swapped": (
        "wenet-corrected",
        lambda folder: (folder / "words.txt").write_text("<eps> 0\na 1\n"),
        {},
        GraphError,
        "output label .*, but the words end at 1",
    ),
    "wrong_blank": (
        "riva-ctc",
        lambda folder: None,
        {"blank": "a"},
        GraphError,
        r"loops on label 6 .*the blank 'a' is column 1, label 2",
    ),
    "no_such_blank": ("riva-ctc", lambda folder: None, {"blank": 9}, TokensError, "blank 9 is not a column"),
    "wrong_offset": (
        "wenet",
        lambda folder: None,
        {"label_offset": 0},
        GraphError,
        r"label_offset=0 was given, but by .*tokens\.txt \(ids are input labels.*\) it is 1",
    ),
    "wrong_offset_of_columns": (
        "icefall-bpe",
        lambda folder: None,
        {"label_offset": 0},
        GraphError,
        "loops on label 1 .* is column 0, label 0",
    ),
    "offset_1_of_k2": (
        "k2-openfst",
        lambda folder: None,
        {"label_offset": 1},
        GraphError,
        "loops on label 0",
    ),
    "no_such_offset": (
        "wenet",
        lambda folder: None,
        {"label_offset": 2},
        OptionError,
        "label_offset=2 does not exist",
    ),
    "no_such_toolkit": (
        "wenet",
        lambda folder: None,
        {"toolkit": "kaldi"},
        OptionError,
        "Use one of: wenet, funasr",
    ),
    "lg_and_columns": (
        "wenet",
        columns_for_lg,
        {},
        GraphError,
        r"LG\.fst: is a graph without blanks, and .*units\.txt lists columns: nothing tells the offset",
    ),
    "lg_under_another_name": (
        "wenet",
        lambda folder: shutil.move(folder / "LG.fst", folder / "TLG.fst"),
        {},
        GraphError,
        r"no label loops where the graph starts.* name it LG\.fst .*else pass blank= and label_offset=",
    ),
    "tlg_named_as_lg": (
        "wenet",
        lambda folder: shutil.move(folder / "TLG.fst", folder / "LG.fst"),
        {"path": "LG.fst"},
        GraphError,
        "has arcs with the blank '<blank>'. If the topology is in it, name it TLG.fst",
    ),
    "two_graphs": (
        "wenet",
        lambda folder: shutil.copy(folder / "TLG.fst", folder / "HLG.fst"),
        {},
        GraphError,
        r"holds TLG\.fst and HLG\.fst. Pass the path of the one to read",
    ),
    "torch": (
        "k2-text",
        lambda folder: shutil.move(folder / "HLG.txt", folder / "HLG.pt"),
        {},
        GraphError,
        r"HLG\.pt: is a file of torch.* python -c .*torch\.load\('HLG\.pt'.*open\('HLG\.txt', 'w'\)",
    ),
    "torch_by_name": (
        "k2-text",
        lambda folder: (folder / "H.pt").touch(),
        {"path": "H.pt"},
        GraphError,
        "file of torch",
    ),
    "no_words": (
        "wenet",
        lambda folder: (folder / "words.txt").unlink(),
        {},
        MissingFileError,
        r"neither words\.txt nor config\.yaml.* or pass words= \(tlg import --words\)",
    ),
    "no_tokens": (
        "funasr",
        lambda folder: (folder / "tokens.json").unlink(),
        {},
        MissingFileError,
        r"neither tokens\.txt nor units\.txt.*FunASR keeps tokens\.json in the folder of the acoustic model",
    ),
    "no_graph": (
        "wenet",
        no_graph,
        {},
        MissingFileError,
        "neither",
    ),
    "composed_to_nothing": (  # wenet#1707
        "wenet",
        lambda folder: _core.Fst(-1, *empty_arrays()).write(str(folder / "TLG.fst"), "vector"),
        {},
        GraphError,
        r"TLG\.fst: is empty: lexicon and model had nothing in common",
    ),
    "only_marks": (
        "icefall-bpe",
        lambda folder: (folder / "tokens.txt").write_text("#0 0\n#1 1\n"),
        {},
        TokensError,
        "has no tokens",
    ),
    "holes": (
        "icefall-bpe",
        lambda folder: (folder / "tokens.txt").write_text("<blk> 0\na 2\n"),
        {},
        TokensError,
        "no token has id 1, but ids go up to 2",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused(
    case: tuple[str, Callable[[Path], object], dict[str, Any], type[TlgError], str],
    copy: Callable[[str], Path],
) -> None:
    name, damage, options, error, message = case
    folder = copy(name)
    damage(folder)
    options = dict(options)
    path = folder / options.pop("path", "")
    with pytest.raises(error, match=message):
        Graph.load(path, **options)


def test_folders_of_ours_need_no_telling(characters: Graph, tmp_path: Path) -> None:
    characters.save(tmp_path / "own")
    for option in ({"toolkit": "wenet"}, {"label_offset": 1}, {"words": "w"}, {"tokens": "t"}):
        with pytest.raises(OptionError, match=rf"{next(iter(option))}= is for graphs of other toolkits"):
            Graph.load(tmp_path / "own", **option)
    with pytest.raises(GraphError, match=r"lies in a graph folder of tlg.*Load the folder"):
        Graph.load(tmp_path / "own" / "LG.fst")


def test_what_is_given_decides(copy: Callable[[str], Path]) -> None:
    folder = copy("icefall-bpe")
    rename_blank(folder)
    assert Graph.load(folder, blank="phi").tokens.blank == Graph.load(folder, blank=0).tokens.blank == 0
    wenet = copy("wenet")
    rename_blank(wenet)  # a table of labels whose blank has no usual name
    graph = Graph.load(wenet, blank="phi")
    assert graph.tokens.symbols == ("phi", "<unk>", *"abin", "<sos/eos>")
    columns_for_lg(wenet)
    with pytest.raises(GraphError, match=r"has the input label 8, but the 7 tokens of .*units\.txt end at 7"):
        Graph.load(wenet, blank="phi", label_offset=1)  # units.txt does not list the disambiguation symbols
    with (wenet / "units.txt").open("a") as stream:
        stream.write("#0 7\n#1 8\n#2 9\n#3 10\n")
    lg = Graph.load(wenet, blank="phi", label_offset=1)
    assert lg.info.topology == "implicit" and lg.tokens.symbols == graph.tokens.symbols
    assert Decoder(lg).decode(np.log(np.eye(7, dtype=np.float32)[[2, 0, 2]] * 0.93 + 0.01)).tokens == [
        "a",
        "a",
    ]


@pytest.mark.parametrize("name", ["wenet", "eesen", "riva-ctc", "riva-ctc-blank-first"])
def test_units_alone_will_do(name: str, copy: Callable[[str], Path]) -> None:
    """units.txt: WeNet's lists columns, EESEN's leaves the blank out and counts from 1, riva's has no ids."""
    folder = copy(name)
    (folder / "tokens.txt").unlink()
    whole, part = Graph.load(FOREIGN / name), Graph.load(folder)
    assert part.tokens.symbols == whole.tokens.symbols and part.tokens.blank == whole.tokens.blank
    assert np.array_equal(part.fst.arcs(), whole.fst.arcs())


def test_files_in_other_places(tmp_path: Path) -> None:
    folder = FOREIGN / "funasr"
    (tmp_path / "lm").mkdir()
    for name in ("TLG.fst", "config.yaml"):
        shutil.copy(folder / name, tmp_path / "lm" / name)
    shutil.copy(folder / "TLG.fst", tmp_path / "graph.fst")
    graph = Graph.load(tmp_path / "lm", tokens=folder / "tokens.json")
    assert graph.info.topology == "none" and graph.tokens.blank is None
    alone = Graph.load(
        tmp_path / "graph.fst",
        toolkit="funasr",
        tokens=str(folder / "tokens.json"),
        words=str(folder / "config.yaml"),
    )
    assert alone.words == graph.words and np.array_equal(alone.fst.arcs(), graph.fst.arcs())
    with pytest.raises(MissingFileError, match="no such file"):
        Graph.load(tmp_path / "graph.fst", tokens=tmp_path / "none.txt", words=folder / "config.yaml")


def test_one_token_a_frame_without_blank_loops(copy: Callable[[str], Path]) -> None:
    """A graph whose loops are gone already, as FunASR's search sees it."""
    folder = copy("funasr")
    Graph.load(folder).fst.write(str(folder / "TLG.fst"))
    again = Graph.load(folder, label_offset=1)
    assert again.info.topology == "none" and again.fst.num_arcs == Graph.load(FOREIGN / "funasr").fst.num_arcs


def test_a_start_of_its_own(copy: Callable[[str], Path]) -> None:
    """A T whose start reads blanks into another state, and one where nothing tells but what is given."""
    folder = copy("wenet-corrected")
    graph = Graph.load(folder)
    own = arcs_of(graph, graph.fst.start)
    rows = [f"{graph.fst.num_states} {a} {b} {c} {d!r}\n" for b, c, d, a in own]
    rest = [
        f"{s} {a} {b} {c} {d!r}\n" for s in range(graph.fst.num_states) for b, c, d, a in arcs_of(graph, s)
    ]
    rest += [f"{s} {c!r}\n" for s, c in enumerate(graph.fst.states()["final_cost"].tolist()) if c < math.inf]
    (folder / "TLG.fst").unlink()
    (folder / "TLG.txt").write_text("".join(rows + rest))
    told = Graph.load(folder)
    x = np.log(np.full((5, 7), 1 / 7, dtype=np.float32))
    assert told.tokens == graph.tokens and Decoder(told).decode(x) == Decoder(graph).decode(x)
    # Without a backoff to a state that loops, and then with one arc less, so that a blank makes a difference.
    reading = [(row, arc[0]) for row, arc in zip(rows, own, strict=True) if arc[0] != 0]
    (folder / "TLG.txt").write_text("".join([row for row, _ in reading] + rest))
    assert Graph.load(folder).tokens == graph.tokens
    fewer = [row for row, label in reading if label != graph.tokens.id("a") + 1]
    (folder / "TLG.txt").write_text("".join(fewer + rest))
    with pytest.raises(GraphError, match="no label loops where the graph starts"):
        Graph.load(folder)
    given = Graph.load(folder, blank="<blank>", label_offset=1)
    assert given.info.built["repeats"] == "exact" and given.tokens == graph.tokens


def arcs_of(graph: Graph, state: int) -> list[Any]:
    row = graph.fst.states()[state]
    found: list[Any] = graph.fst.arcs()[row["arcs"] : row["arcs"] + row["num_arcs"]].tolist()
    return found


def test_a_token_named_like_a_blank(copy: Callable[[str], Path]) -> None:
    """Where <eps> is the blank (icefall's phones), another token may have a blank's name."""
    folder = copy("icefall-phone")
    lines(folder / "tokens.txt", lambda rows: [row.replace("SPN", "<b>") for row in rows])
    with pytest.raises(GraphError, match=r"loops on label 1 .* the blank '<b>' is column 2, label 3"):
        Graph.load(folder)
    graph, wanted = Graph.load(folder, blank="<eps>"), Graph.load(FOREIGN / "icefall-phone")
    assert graph.tokens.blank == 0 and graph.tokens.symbols[:3] == ("<eps>", "SIL", "<b>")
    assert np.array_equal(graph.fst.arcs(), wanted.fst.arcs())


def test_marks_among_words(copy: Callable[[str], Path]) -> None:
    """#0 behind the words is no word; a word that looks like one is, where words are."""
    folder = copy("icefall-bpe")
    lines(folder / "words.txt", lambda rows: [row.replace("an ", "#1 ") for row in rows])
    graph = Graph.load(folder)
    x = np.log(np.eye(7, dtype=np.float32)[[4, 5, 3, 6]] * 0.93 + 0.01)
    assert Decoder(graph, acoustic_scale=3.0).decode(x).words == ["be", "#1"]
    changed = graph.fst.arcs().copy()
    changed["olabel"][changed["olabel"] == graph.words.index("#1")] = graph.words.index("#0")
    _core.Fst(graph.fst.start, graph.fst.states(), changed).write(str(folder / "HLG.fst"))
    told = Graph.load(folder)
    assert any("say a disambiguation symbol" in note for note in told.report.notes)
    assert Decoder(told, acoustic_scale=3.0).decode(x).words == ["be"]


def test_lg_one_token_a_frame() -> None:
    """FunASR's reading of a graph without topology: every arc is a frame."""
    wenet = FOREIGN / "wenet"
    graph = Graph.load(wenet / "LG.fst", toolkit="funasr")
    assert graph.info.topology == "none" and graph.tokens.blank is None
    x = np.log(np.eye(7, dtype=np.float32)[[2, 2]] * 0.93 + 0.01)
    assert Decoder(graph).decode(x).tokens == ["a", "a"]
