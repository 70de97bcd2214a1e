"""Token tables, lexicons, graph folders: what is accepted, and what every bad input says."""

from __future__ import annotations

import copy
import gzip
import json
import math
import pickle
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tlg.decoder.graph.graph as graph_module
from tests.conftest import DATA
from tests.graph_cases import LEXICA, TRIGRAM, UNIGRAM, build, language
from tlg import Hotwords, _core
from tlg.decoder.graph import Graph, TokenTable, build_graph
from tlg.decoder.graph.lexicon import characters, load_lexicon, spell, spell_pieces
from tlg.errors import (
    ArpaError,
    GraphError,
    LexiconError,
    MissingFileError,
    OptionError,
    OutputError,
    TokensError,
)

TOKENS = ["<blk>", "x", "y", "z", "1", "0.5", "|"]


@pytest.mark.parametrize("text", ["<blk> 0\na 1\nb 2\n", "b 2\r\na\t1\r\n<blk> 0", "\ufeff<blk>\na\nb\n\n"])
def test_token_tables(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokens.txt").write_text(text, encoding="utf-8", newline="")
    table = TokenTable.load(tmp_path / "tokens.txt")
    assert table.symbols == ("<blk>", "a", "b") and table.blank == 0
    assert table.fingerprint == TokenTable.of(["<blk>", "a", "b"]).fingerprint
    assert table.fingerprint != TokenTable.of(["<blk>", "b", "a"]).fingerprint
    assert table.id("b") == 2 and "a" in table and "c" not in table


def test_blank_and_disambiguation(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("a 0\n\u3000 1\nq 2\n#0 3\n#1 4\n", encoding="utf-8")
    assert TokenTable.load(tmp_path / "t", blank="q").blank == 2
    assert TokenTable.load(tmp_path / "t", blank="1").symbols == ("a", "\u3000", "q")
    assert TokenTable.load(tmp_path / "t", ctc=False).blank is None
    # A token named by digits is the token, not an id.
    assert TokenTable.of(["0", "1", "2"], blank="2").blank == 2
    assert TokenTable.of(["2", "1", "0"], blank="2").blank == 0


BAD_TOKENS = {
    "hole": ("<blk> 0\na 2\n", "no token has id 1, but ids go up to 2"),
    "same_symbol": ("<blk> 0\na 1\na 2\n", "t:3: token 'a' is already on line 2"),
    "same_id": ("<blk> 0\na 1\nb 1\n", "t:3: id 1 is already 'a' on line 2"),
    "no_number": ("<blk> 0\na one\n", "t:2: is not 'symbol id'"),
    "three_fields": ("<blk> 0\na b 1\n", "t:2: is not 'symbol id'"),
    "no_blank": ("a 0\nb 1\n", "looked for <blk> <blank>"),
    "empty": ("", "has no tokens"),
}


@pytest.mark.parametrize(("text", "message"), BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_bad_tokens(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t").write_text(text, encoding="utf-8")
    with pytest.raises(TokensError, match=message) as caught:
        TokenTable.load(tmp_path / "t")
    assert caught.value.remedy


def test_more_bad_tokens(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"<blk> 0\n\xff 1\n")
    with pytest.raises(TokensError, match="t:2: not UTF-8"):
        TokenTable.load(tmp_path / "t")
    with pytest.raises(TokensError, match="the blank 'q' is not among the 1 tokens"):
        TokenTable.of(["a"], blank="q")
    with pytest.raises(TokensError, match="blank 7 is not a column"):
        TokenTable.of(["a"], blank=7)
    with pytest.raises(TokensError, match=r"blank=1\.5 is neither a token nor an id"):
        TokenTable.of(["a", "b"], blank=1.5)  # type: ignore[arg-type]
    with pytest.raises(TokensError, match=r"token 7 \(id 1\) is a int, not text"):
        TokenTable.of(["a", 7])  # type: ignore[list-item]
    with pytest.raises(TokensError, match="tokens are a int, not a list of symbols"):
        TokenTable.of(7)  # type: ignore[arg-type]
    assert TokenTable.of(["a", "b"], blank=np.int64(1)).blank == 1
    with pytest.raises(TokensError, match="contains a space"):
        TokenTable.of(["a b"], blank=0)
    with pytest.raises(TokensError, match="without blank"):
        TokenTable.of(["a"], blank=0, ctc=False)
    with pytest.raises(MissingFileError, match="no such file"):
        TokenTable.load(tmp_path / "none")


def read(text: str | bytes, tmp_path: Path, **options: Any) -> Any:
    data = text.encode("utf-8") if isinstance(text, str) else text
    (tmp_path / "lex").write_bytes(data)
    return load_lexicon(tmp_path / "lex", TokenTable.of(TOKENS), **options)


def test_lexicon_lines(tmp_path: Path) -> None:
    text = "\ufeffb  0.25 x y\r\nb\tz\n\na 1 x\na 0.5 x\nc 1.0 x\nb z\nd 1e-1 y\n"
    entries = read(text, tmp_path)
    assert entries.words == ["a", "b", "c", "d"]
    spelled = sorted(
        (entries.words[w], units, round(math.exp(-cost), 4)) for w, units, cost in entries.entries()
    )
    # "1" and "0.5" are tokens here, so they are no probabilities; 0.25, 1.0 and 1e-1 are none.
    assert spelled == [
        ("a", [5, 2], 1.0),
        ("a", [6, 2], 1.0),
        ("b", [2, 3], 0.25),
        ("b", [4], 1.0),
        ("c", [2], 1.0),
        ("d", [3], 0.1),
    ]
    assert entries.duplicates == ["line 7: b"]
    assert entries.pronunciations("b") == [[2, 3], [4]] and entries.pronunciations("q") == []
    again = read(entries.text(), tmp_path)
    assert again.entries() == entries.entries() and again.words == entries.words


def test_the_likelier_of_two_equal_lines_stays(tmp_path: Path) -> None:
    for text in ("a 0.25 x\na 0.75 x\n", "a 0.75 x\na 0.25 x\n"):
        assert [math.exp(-c) for _, _, c in read(text, tmp_path).entries()] == pytest.approx([0.75])


BAD_LEXICA = {
    "unknown_token": (
        "a x\nb q\n",
        r"lex:2: token 'q' is not among the 7 tokens. Add it, or pass drop_unknown",
    ),
    "blank": ("a x <blk>\n", "lex:1: the pronunciation of 'a' contains the blank '<blk>'"),
    "too_probable": ("a 1.5 x\n", "lex:1: the probability '1.5' is not above 0"),
    "zero": ("a 0 x\n", "lex:1: the probability '0' is not above 0"),
    "late_probability": ("a x 0.25\n", "lex:1: token '0.25' is not among"),
    "reserved": ("<s> x\n", "lex:1: the word '<s>' is reserved"),
    "encoding": (b"a x\n\xe9 y\n", "lex:2: not UTF-8"),
    "nothing": ("\n\n", "has no pronunciation"),
    "endless": ("a" + " x" * 1001, "lex:1: the pronunciation of 'a' has more than 1000 tokens"),
    "html": ("<html> <body>\n", "token '<body>' is not among"),
}


@pytest.mark.parametrize(("text", "message"), BAD_LEXICA.values(), ids=BAD_LEXICA)
def test_bad_lexicon(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(LexiconError, match=message) as caught:
        read(text, tmp_path)
    assert caught.value.remedy


def test_cut_off_tables(tmp_path: Path) -> None:
    for name, content in (("lex.gz", b"a x\n" * 99), ("t.gz", b"<blk> 0\nx 1\n")):
        (tmp_path / name).write_bytes(gzip.compress(content)[:-9])
    with pytest.raises(LexiconError, match=r"lex\.gz: damaged or truncated compressed data"):
        load_lexicon(tmp_path / "lex.gz", TokenTable.of(TOKENS))
    with pytest.raises(TokensError, match=r"t\.gz: damaged or truncated compressed data"):
        TokenTable.load(tmp_path / "t.gz")


def test_drop_unknown(tmp_path: Path) -> None:
    entries = read("a x q\na y\nb q\n", tmp_path, drop_unknown=True)
    assert entries.words == ["a"] and entries.entries() == [(0, [3], 0.0)]
    assert [line.split(": ")[:2] for line in entries.dropped] == [["line 1", "a"], ["line 3", "b"]]
    with pytest.raises(LexiconError, match="no pronunciation has known tokens only"):
        read("b q\n", tmp_path, drop_unknown=True)


def test_lexicon_from_a_dict() -> None:
    table = TokenTable.of(TOKENS)
    entries = load_lexicon({"a": [["x", "y"], ("1",)], "b": [["0.5"]]}, table)
    assert entries.entries() == [(0, [2, 3], 0.0), (0, [5], 0.0), (1, [6], 0.0)]
    with pytest.raises(LexiconError, match="is the string 'xy', not a list"):
        load_lexicon({"a": ["xy"]}, table)
    with pytest.raises(LexiconError, match="contains a space"):
        load_lexicon({"a b": [["x"]]}, table)


def test_the_longest_pronunciation_makes_a_graph(tmp_path: Path) -> None:
    long = {"a": [("x" * 1000, 1)], "b": [("x" * 999 + "y", 1)]}
    assert build(UNIGRAM, long, tmp_path).fst.num_states > 1000  # type: ignore[arg-type]


def test_spelling(shared: Path) -> None:
    table = TokenTable.of(["<blk>", "a", "B", "|", "ab"])
    assert characters(table).lexicon == {"a": [["a"]], "B": [["B"]], "|": [["|"]]}
    made = spell(["ab", "Ab", "ac", "<unk>", "ab"], table, end="|")
    assert made.lexicon == {"ab": [["a", "B", "|"]], "Ab": [["a", "B", "|"]]}
    assert made.unspelled == ("ac: no token for 'c'",)
    pytest.importorskip("sentencepiece")
    model = shared / "workload" / "bpe500.model"
    pieces = spell_pieces(["hello", "</s>"], model, nbest=3)
    assert len(pieces.lexicon["hello"]) == 3
    assert all("".join(split) == "\u2581hello" for split in pieces.lexicon["hello"])


def test_empty_pronunciation_would_cycle(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match=r"empty pronunciation of 'b' .*epsilon cycle"):
        build(UNIGRAM, {"a": [("x", 1)], "b": [("", 1)]}, tmp_path)


def test_no_common_word_and_no_end(tmp_path: Path) -> None:
    with pytest.raises(ArpaError, match="no word of the model is in the lexicon"):
        build(TRIGRAM, {"A": [("x", 1)]}, tmp_path)
    with pytest.raises(ArpaError, match=r"lm\.arpa: has no </s>"):
        build(UNIGRAM.replace("4", "3").replace("-0.5\t</s>\n", ""), LEXICA["plain"], tmp_path)


BAD_OPTIONS = {
    "topology": ({"topology": "hmm"}, "topology='hmm' does not exist"),
    "engine": ({"engine": "k2"}, "engine='k2' does not exist"),
    "unknown": ({"unknown": "keep"}, "unknown='keep' does not exist"),
    "fst_type": ({"fst_type": "compact"}, "fst_type='compact' does not exist"),
    "probability": ({"separator": "-", "separator_prob": 1.0}, "separator_prob 1.0 is not above 0"),
    "probability_text": ({"separator": "-", "separator_prob": "x"}, "separator_prob 'x' is not above 0"),
    "openfst_map": ({"engine": "openfst", "unknown": "map"}, "engine='openfst' knows no other way"),
}


@pytest.mark.parametrize(("options", "message"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_bad_options(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        build(TRIGRAM, LEXICA["plain"], tmp_path, **options)


def test_bad_separator(tmp_path: Path) -> None:
    with pytest.raises(TokensError, match="'<blk>' is the blank"):
        build(TRIGRAM, LEXICA["plain"], tmp_path, separator="<blk>")
    with pytest.raises(TokensError, match="'sil' is not among"):
        build(TRIGRAM, LEXICA["plain"], tmp_path, separator="sil")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build(TRIGRAM, LEXICA["probabilities"], tmp_path, out=tmp_path / "graph")
    return tmp_path / "graph"


def test_folder(folder: Path) -> None:
    graph = Graph.load(folder)
    names = sorted(p.name for p in folder.iterdir())
    assert names == ["LG.fst", "graph.json", "lexicon.txt", "report.json", "tokens.txt", "words.txt"]
    assert (folder / "words.txt").read_text().split("\n")[:2] == ["<eps> 0", "a 1"]
    assert graph.pronunciations("a") == [["x", "y"], ["x", "z"]] and graph.pronunciations("q") == []
    assert graph.info.topology == "implicit" and graph.report.states == graph.fst.num_states
    assert language(graph, 3) == language(build(TRIGRAM, LEXICA["probabilities"], folder.parent), 3)
    graph.save(folder.parent / "copy")
    again = Graph.load(folder.parent / "copy")
    assert language(again, 3) == language(graph, 3)
    assert again.pronunciations("b") == graph.pronunciations("b")


def test_vector_folder(folder: Path) -> None:
    graph = Graph.load(folder)
    graph.save(folder.parent / "vector", fst_type="vector")
    assert b"vector" in (folder.parent / "vector" / "LG.fst").read_bytes()[:20]
    assert language(Graph.load(folder.parent / "vector"), 3) == language(graph, 3)
    with pytest.raises(OptionError, match="fst_type='log' does not exist"):
        graph.save(folder.parent / "vector", fst_type="log")  # type: ignore[arg-type]


def test_same_input_same_bytes(folder: Path) -> None:
    build(TRIGRAM, LEXICA["probabilities"], folder.parent, out=folder.parent / "again")
    for name in ("LG.fst", "words.txt", "tokens.txt", "lexicon.txt", "graph.json"):
        assert (folder / name).read_bytes() == (folder.parent / "again" / name).read_bytes()


def test_replacing_a_graph_in_use(folder: Path) -> None:
    old = Graph.load(folder)
    before = language(old, 3)
    build(UNIGRAM, LEXICA["plain"], folder.parent, out=folder)
    assert language(old, 3) == before and language(Graph.load(folder), 3) != before
    assert not [p.name for p in folder.parent.iterdir() if p.name.startswith(".")]


def test_a_crash_leaves_no_half_graph(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(p.name for p in folder.parent.iterdir())

    def fail(value: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(graph_module, "_json", fail)
    for out in (folder, folder.parent / "new"):
        with pytest.raises(OutputError, match="No space left"):
            build(UNIGRAM, LEXICA["plain"], folder.parent, out=out)
    assert sorted(p.name for p in folder.parent.iterdir()) == before
    assert Graph.load(folder).report.words == 3


def test_no_other_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(OutputError, match="is there already and is no graph folder"):
        build(TRIGRAM, LEXICA["plain"], tmp_path, out=tmp_path / "mine")
    (tmp_path / "empty").mkdir()
    build(TRIGRAM, LEXICA["plain"], tmp_path, out=tmp_path / "empty")


def edit(path: Path, **changes: Any) -> None:
    about = json.loads(path.read_text())
    about.update(changes)
    path.write_text(json.dumps({k: v for k, v in about.items() if v is not Ellipsis}))


BAD_FOLDERS: dict[str, tuple[Any, str]] = {
    "other_tokens": (lambda f: (f / "tokens.txt").write_text("<blk> 0\nu 1\n"), "not the token table"),
    "fewer_words": (
        lambda f: (f / "words.txt").write_text("<eps> 0\na 1\n"),
        "names 7 words, the folder has 2",
    ),
    "words_hole": (lambda f: (f / "words.txt").write_text("<eps> 0\na 2\n"), "have holes"),
    "words_twice": (
        lambda f: (f / "words.txt").write_text("<eps> 0\na 0\n"),
        r"words\.txt:2: id 0 is there twice",
    ),
    "words_form": (
        lambda f: (f / "words.txt").write_text("<eps> 0\na b\n"),
        r"words\.txt:2: is not 'word id'",
    ),
    "words_bytes": (
        lambda f: (f / "words.txt").write_bytes(b"<eps> 0\n\xff 1\n"),
        r"words\.txt:2: not UTF-8",
    ),
    "cut": (lambda f: (f / "LG.fst").write_bytes((f / "LG.fst").read_bytes()[:-1]), r"LG\.fst: .*do not fit"),
    "no_json": (lambda f: (f / "graph.json").write_text("{"), "is no JSON"),
    "version": (lambda f: edit(f / "graph.json", format=9), "has format version 9"),
    "lacks": (lambda f: edit(f / "graph.json", arcs=...), "lacks a valid 'arcs'"),
    "arcs": (lambda f: edit(f / "graph.json", arcs=1), "names 1 arcs, the folder has"),
    "roots": (lambda f: edit(f / "graph.json", num_roots=10**6), "names 1000000 roots"),
    "path": (lambda f: edit(f / "graph.json", fst="../LG.fst"), "unknown file or topology"),
    "report": (lambda f: (f / "report.json").write_text("[1]"), "is no build report"),
}


@pytest.mark.parametrize(("damage", "message"), BAD_FOLDERS.values(), ids=BAD_FOLDERS)
def test_bad_folder(folder: Path, damage: Any, message: str) -> None:
    damage(folder)
    with pytest.raises(GraphError, match=message) as caught:
        Graph.load(folder)
    assert caught.value.remedy and caught.value.file


def test_missing_files(folder: Path) -> None:
    with pytest.raises(MissingFileError, match="no such graph folder"):
        Graph.load(folder / "none")
    (folder / "LG.fst").unlink()
    with pytest.raises(MissingFileError, match=r"LG\.fst: no such file"):
        Graph.load(folder)
    (folder / "graph.json").unlink()
    with pytest.raises(MissingFileError, match=r"holds neither graph\.json nor TLG\.fst"):
        Graph.load(folder)


def test_foreign_folder(tmp_path: Path) -> None:
    made = build(TRIGRAM, LEXICA["plain"], tmp_path, topology="ctc")
    foreign = tmp_path / "wenet"
    foreign.mkdir()
    made.fst.write(str(foreign / "TLG.fst"), "vector")
    (foreign / "words.txt").write_text("".join(f"{w} {i}\n" for i, w in enumerate(made.words)))
    with pytest.raises(MissingFileError, match=r"neither tokens\.txt nor units\.txt"):
        Graph.load(foreign)
    (foreign / "units.txt").write_text(made.tokens.text())
    graph = Graph.load(foreign)
    assert graph.info.topology == "explicit" and language(graph, 3) == language(made, 3)
    with pytest.raises(GraphError, match=r"has no lexicon\.txt"):
        graph.pronunciations("a")


def test_blank_of_a_folder(tmp_path: Path, folder: Path) -> None:
    foreign = tmp_path / "eesen"
    foreign.mkdir()
    build(TRIGRAM, LEXICA["plain"], tmp_path, topology="ctc", out=tmp_path / "ctc")
    for name in ("TLG.fst", "words.txt"):
        shutil.copy(tmp_path / "ctc" / name, foreign / name)
    table = (folder / "tokens.txt").read_text(encoding="utf-8").replace("<blk>", "phi")
    (foreign / "tokens.txt").write_text(table, encoding="utf-8")
    with pytest.raises(TokensError, match=r"no token looks like the blank .*'phi' .*blank= \(--blank\)"):
        Graph.load(foreign)
    assert Graph.load(foreign, blank="phi").tokens.blank == 0
    assert Graph.load(folder, blank="<blk>").tokens.blank == Graph.load(folder, blank=0).tokens.blank == 0
    with pytest.raises(OptionError, match="the graph was built with the blank '<blk>', not 1"):
        Graph.load(folder, blank=1)


def test_epsilon_cycle_and_labels_are_refused(tmp_path: Path) -> None:
    made = build(TRIGRAM, LEXICA["plain"], tmp_path, topology="ctc")
    arcs = np.array([(0, 0, 1.0, 0)], dtype=made.fst.arcs().dtype)
    states = np.array([(0.0, 0, 1, 0, 0)], dtype=made.fst.states().dtype)
    with pytest.raises(GraphError, match="cycle of epsilon arcs at state 0"):
        Graph(_core.Fst(0, states, arcs), made.tokens, made.words, made.info)
    arcs["ilabel"] = 99
    with pytest.raises(GraphError, match="input label 99, but the tokens end at 5"):
        Graph(_core.Fst(0, states, arcs), made.tokens, made.words, made.info)
    arcs["ilabel"], arcs["olabel"] = 1, 99
    with pytest.raises(GraphError, match="output label 99, but the words end at 6"):
        Graph(_core.Fst(0, states, arcs), made.tokens, made.words, made.info)


def test_bad_lm(tmp_path: Path) -> None:
    (tmp_path / "lex").write_text("a x\n")
    (tmp_path / "bad.arpa").write_text("no arpa")
    with pytest.raises(ArpaError, match=r"bad\.arpa"):
        build_graph(lexicon=tmp_path / "lex", tokens=TOKENS, lm=tmp_path / "bad.arpa")
    with pytest.raises(MissingFileError, match=r"none\.arpa"):
        build_graph(lexicon=tmp_path / "lex", tokens=TOKENS, lm=tmp_path / "none.arpa")


def test_pickled_as_its_folder(folder: Path, tmp_path: Path) -> None:
    graph = Graph.load(folder)
    again = pickle.loads(pickle.dumps(graph))
    assert again.info == graph.info and np.array_equal(again.fst.arcs(), graph.fst.arcs())
    assert copy.copy(graph) is graph and copy.deepcopy([graph])[0] is graph
    made = build(TRIGRAM, LEXICA["plain"], tmp_path)
    with pytest.raises(TypeError, match="a Graph in memory cannot be pickled"):
        pickle.dumps(made)
    foreign = Graph.load(DATA / "foreign" / "funasr", toolkit="wenet")
    assert pickle.loads(pickle.dumps(foreign)).info == foreign.info
    kept = pickle.dumps(graph)
    build(UNIGRAM, LEXICA["plain"], tmp_path, out=folder)
    with pytest.raises(GraphError, match="is not the graph that was pickled"):
        pickle.loads(kept)
    with pytest.raises(TypeError, match="Hotwords cannot be pickled"):
        pickle.dumps(Hotwords({"x y": 1.0}, tokens=["x", "y"]))


def test_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    """Each has a temporary name of its own, in any script; what is there at the end is whole."""
    made = build(TRIGRAM, LEXICA["prefixes"], tmp_path)
    path = tmp_path / "图 ü.fst"

    def write(kind: str) -> None:
        for _ in range(20):
            made.fst.write(str(path), kind)

    threads = [threading.Thread(target=write, args=(kind,)) for kind in ("const", "vector", "const")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.array_equal(np.sort(_core.Fst.read(str(path)).arcs()), np.sort(made.fst.arcs()))
    assert sorted(p.name for p in tmp_path.iterdir() if "fst" in p.name) == ["图 ü.fst"]
