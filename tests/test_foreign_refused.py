"""Graphs of other toolkits whose files leave open what they mean: refused, with what to pass; other ways in."""

from __future__ import annotations

import json
import math
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import DATA
from tlg import Decoder, Graph
from tlg.decoder.graph.fst_text import read_fst_text
from tlg.decoder.graph.tables import embedded_tables, read_config_words, read_symbol_rows
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
        r"neither words\.txt nor config\.yaml.* or pass words= \(--words\)",
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


def test_words_of_config_yaml(tmp_path: Path) -> None:
    """FunASR#1528: quotes and backslashes, which are not escaped there."""
    path = tmp_path / "config.yaml"
    path.write_text('lang: zh\ntoken_list:\n- "<eps>"\n- "a"b"\n- "c\\d"\n\n- plain\n- \'one\'\nnext: 1\n')
    assert read_config_words(path) == ["<eps>", 'a"b', "c\\d", "plain", "one"]
    for text, message in (
        ("words:\n- a\n", "has no token_list"),
        ("token_list:\n", "the token_list is empty"),
        ("token_list:\n- a\n  b\n", r"config\.yaml:3: is not '- \"word\"'"),
    ):
        path.write_text(text)
        with pytest.raises(GraphError, match=message):
            read_config_words(path)
    path.write_bytes(b"token_list:\n- \xff\n")
    with pytest.raises(GraphError, match="UTF-8"):
        read_config_words(path)


def test_tokens_of_json(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(json.dumps({"<blank>": 0, "a": 2, "b": 1}))
    assert read_symbol_rows(path).by_id == {0: "<blank>", 1: "b", 2: "a"}
    for text, message in (
        ("[1, 2]", "neither a list"),
        ('{"a": 0, "b": 0}', "neither"),
        ("{", "is no JSON"),
        ("[" * 99999, "is no JSON"),
    ):
        path.write_text(text)
        with pytest.raises(TokensError, match=message):
            read_symbol_rows(path)


def test_damaged_tables_inside(copy: Callable[[str], Path]) -> None:
    path = copy("nemo") / "TLG.fst"
    data = path.read_bytes()
    inputs, outputs = embedded_tables(path)
    assert inputs is not None and outputs is not None and outputs.by_id[0] == "<eps>"
    for size in range(0, 600, 7):
        path.write_bytes(data[:size])
        with pytest.raises(TlgError, match=r"TLG\.fst"):
            Graph.load(path.parent)
    place = data.index(b"<unk>")
    path.write_bytes(data[:place] + b"\xff" + data[place + 1 :])
    with pytest.raises(GraphError, match="symbol table inside is not UTF-8"):
        Graph.load(path.parent)
    path.write_bytes(data[: place - 4] + struct.pack("<i", -1) + data[place:])
    with pytest.raises(GraphError, match="symbol"):
        Graph.load(path.parent)


TEXTS: dict[str, tuple[str, list[tuple[int, int, int, float, int]], dict[int, float]]] = {
    # (from, ilabel, olabel, cost, to), final costs
    "openfst": ("0 1 2 3 0.5\n1 0 1 0\n1 0.25\n", [(0, 2, 3, 0.5, 1), (1, 1, 0, 0, 0)], {1: 0.25}),
    "openfst_starts_elsewhere": ("1 0 1 0 1\n0\n", [(1, 1, 0, 1, 0)], {0: 0}),
    "k2": (
        "0 0 0 0 0\n0 1 2 7 -0.5\n0 2 -1 -1 -1\n2\n",
        [(0, 1, 0, 0, 0), (0, 3, 7, 0.5, 1), (0, 0, 0, 1, 2)],
        {2: 0},
    ),
    "k2_inner_labels": ("0 1 2 7 2 -0.5\n1 2 -1 -1 -1 0\n2\n", [(0, 3, 7, 0.5, 1), (1, 0, 0, 0, 2)], {2: 0}),
    "k2_lists": (
        'k2.Fsa: 0 1 2 2 [ 7 8 ] -0.5\n1 2 -1 -1 [ 9 -1 ] -1\n2\nproperties_str = "Valid".\n',
        [(0, 0, 7, 0.5, 3), (1, 0, 9, 1, 2), (3, 3, 8, 0, 1)],
        {2: 0},
    ),
    "k2_as_openfst": ("0 0 0 [ ] 0\n0 1 1 [ 7 ] 0.5\n1 2\n", [(0, 1, 0, 0, 0), (0, 2, 7, 0.5, 1)], {1: 2}),
}


@pytest.mark.parametrize("case", TEXTS.values(), ids=TEXTS)
def test_text(case: tuple[str, list[Any], dict[int, float]], tmp_path: Path) -> None:
    text, arcs, finals = case
    (tmp_path / "HLG.txt").write_text(text)
    fst, _ = read_fst_text(tmp_path / "HLG.txt")
    assert fst.start == int(text.removeprefix("k2.Fsa: ").split()[0])
    found = []
    for state, row in enumerate(fst.states()):
        for arc in fst.arcs()[row["arcs"] : row["arcs"] + row["num_arcs"]]:
            found.append((state, *arc.tolist()))
    assert found == arcs
    assert {s: c for s, c in enumerate(fst.states()["final_cost"].tolist()) if c < math.inf} == finals


BAD_TEXTS = {
    "nothing": ("\n", "holds no arc and no state"),
    "symbols": (
        "0 1 a b\n",
        r"HLG\.txt:1: is no arc and no final state of OpenFst's text form: '0 1 a b'.*in numbers",
    ),
    "acceptor": ("0 1 2\n", "is no arc"),
    "acceptor_with_cost": ("0 1 2 0.5\n", "is no arc"),
    "too_many": ("0 1 2 3 4 5\n", "is no arc"),
    "negative_label": ("0 1 -2 3\n", "is no arc"),
    "negative_state": ("-1 1 2 3\n", "is no arc"),
    "not_a_number": ("0 1 2 3 nan\n", "is no arc"),
    "final_of_words": ("x\n", "is no arc"),
    "k2_acceptor": ("0 1 2 0.5\n1 2 -1 0\n2\n", "of k2's text form.*k2.to_str"),
    "k2_below": ("0 1 -2 [ 1 ] 0\n", "of k2's text form"),
    "not_utf_8": (b"0 1 \xff 3\n", "UTF-8"),
}


@pytest.mark.parametrize("case", BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_bad_text(case: tuple[str | bytes, str], tmp_path: Path) -> None:
    text, message = case
    (tmp_path / "HLG.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(GraphError, match=message):
        read_fst_text(tmp_path / "HLG.txt")


def test_text_of_openfst_is_read_like_its_binary(copy: Callable[[str], Path]) -> None:
    folder = copy("wenet-corrected")
    graph = Graph.load(folder)
    rows = []
    for state, row in enumerate(graph.fst.states()):
        for ilabel, olabel, cost, target in graph.fst.arcs()[
            row["arcs"] : row["arcs"] + row["num_arcs"]
        ].tolist():
            rows.append(f"{state} {target} {ilabel} {olabel} {cost!r}\n")
        if row["final_cost"] < math.inf:
            rows.append(f"{state} {float(row['final_cost'])!r}\n")
    (folder / "TLG.fst").unlink()
    (folder / "TLG.fst.txt").write_text("".join(rows))
    again = Graph.load(folder)
    assert again.info.built["label_offset"] == 1 and np.array_equal(again.fst.arcs(), graph.fst.arcs())
    x = np.log(np.full((4, 7), 1 / 7, dtype=np.float32))
    assert Decoder(again).decode(x) == Decoder(graph).decode(x)
