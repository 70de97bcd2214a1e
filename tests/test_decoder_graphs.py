"""tlg.Decoder over graphs of every topology, partial results, damaged folders."""

from __future__ import annotations

import math
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import EXAMPLES
from tests.decoder_cases import (
    SPEECH,
    SYMBOLS,
    TERMS,
    TEXT,
    character_graph,
    check_result,
    say,
    write_characters,
)
from tlg import (
    Decoder,
    Graph,
    Hotwords,
    TlgError,
    build_graph,
    lm,
)
from tlg.decoder.spans import place_words
from tlg.errors import (
    GraphError,
    MissingFileError,
    OptionError,
)


@pytest.fixture
def graph(characters: Graph) -> Graph:
    return characters


@pytest.mark.parametrize("topology", ["ctc", "ctc-compact"])
def test_a_written_topology_gives_the_same(graph: Graph, topology: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"beam": math.inf, "blank_penalty": 0.5, "word_score": 0.25, "lm_weight": 0.7}
    hotwords = {"保定": 1.0}
    implicit = Decoder(graph, hotwords=hotwords, **options)
    explicit = Decoder(character_graph(tmp_path, topology), hotwords=hotwords, **options)
    assert explicit.graph.info.topology == topology
    for text in ("--我我-在-保-定定-", "今天-天气很好", "阳光-很好", "", "我"):
        one, two = implicit.decode(say(text)), explicit.decode(say(text))
        assert two.words == one.words and two.partial == one.partial and two.tokens == one.tokens
        assert two.token_spans == one.token_spans and two.hotwords == one.hotwords
        for term in ("score", *TERMS):
            assert getattr(two, term) == pytest.approx(getattr(one, term), abs=1e-4), term


@pytest.mark.parametrize("topology", ["ctc", "ctc-compact"])
def test_words_of_a_written_topology_lie_where_they_were_spoken(
    speech: Graph, utterances: list[Any], topology: Any, tmp_path: Path
) -> None:
    """Such a graph brings a word's label late; the lexicon tells where the word began."""
    text = Path(speech.name).parent / "text.txt"
    built = build_graph(
        lexicon=EXAMPLES / "speech" / "lexicon.txt.xz",
        tokens=EXAMPLES / "speech" / "tokens.txt",
        lm=lm.train([text], order=2),
        separator="<wb>",
        separator_prob=0.75,
        topology=topology,
        out=tmp_path / "graph",
    )
    hotwords = EXAMPLES / "speech" / "hotwords.txt"
    implicit = Decoder(speech, hotwords=hotwords, **SPEECH).decode_batch(utterances)
    for graph in (built, tmp_path / "graph"):
        explicit = Decoder(graph, hotwords=hotwords, **SPEECH).decode_batch(utterances)
        for one, two in zip(implicit, explicit, strict=True):
            assert two.word_spans == one.word_spans and two.hotwords == one.hotwords
            assert two.score == pytest.approx(one.score, abs=1e-3)


PRONUNCIATIONS = {
    "a": ["x"],
    "ab": ["x y", "x y z"],
    "b": ["y"],
    "cd": ["z w"],
    "mute": [""],
    "d": ["w", "z"],
}
PLACES: dict[str, tuple[str, str, bool, Any]] = {  # words, tokens, partial, tokens of each word
    "one_way": ("a b", "x y", False, [(0, 1), (1, 2)]),
    "separators": ("a b", "| x | y |", False, [(1, 2), (3, 4)]),
    "the_only_reading": ("ab d", "x y z w", False, [(0, 3), (3, 4)]),
    "few_tokens_first": ("ab cd", "x y z w", False, [(0, 2), (2, 4)]),
    "no_tokens": ("a mute b", "x y", False, [(0, 1), (1, 1), (1, 2)]),
    "nothing": ("", "", False, []),
    "cut_off": ("a cd", "x z", True, [(0, 1), (1, 2)]),
    "not_yet_a_word": ("a", "x z", True, [(0, 1)]),
    "too_many_tokens": ("a", "x z", False, None),
    "too_few_tokens": ("a cd", "x z", False, None),
    "other_tokens": ("a b", "x x", True, None),
    "unknown_word": ("zzz", "x", False, None),
}


@pytest.mark.parametrize("case", PLACES.values(), ids=PLACES)
def test_places_by_the_lexicon(case: tuple[str, str, bool, Any]) -> None:
    words, tokens, partial, places = case
    spelled = {word: [one.split() for one in ways] for word, ways in PRONUNCIATIONS.items()}
    found = place_words(
        words.split(), tokens.split(), lambda word: spelled.get(word, []), separator="|", partial=partial
    )
    assert found == places


def test_ties_go_to_the_lower_token_and_the_lower_word(tmp_path: Path) -> None:
    write_characters(tmp_path)
    (tmp_path / "even.txt").write_text("d\nc\nb\na\n", encoding="utf-8")
    lexicon = {"d": [["y"]], "c": [["y"]], "b": [["x"]], "a": [["x"]]}
    even = lm.train([tmp_path / "even.txt"], order=1)
    built = build_graph(lexicon=lexicon, tokens=["<blk>", "x", "y"], lm=even)
    x = np.log(np.array([[0.02, 0.49, 0.49]]))
    first = min(built.words.index(word) for word in "ab")
    for beam in (5.0, math.inf):
        result = Decoder(built, beam=beam, word_score=9.0).decode(x)
        assert (result.tokens, result.words) == (["x"], [built.words[first]])


def test_one_posterior_per_token(tmp_path: Path) -> None:
    symbols = SYMBOLS[1:]
    decoder = Decoder(character_graph(tmp_path, "none"), hotwords=["保定"])
    assert decoder.graph.tokens.blank is None
    result = decoder.decode(say("今天天气很好", symbols=symbols))
    assert result.text == "今天天气很好" and result.token_spans == [(i, i + 1) for i in range(6)]
    assert result.blank_score == 0
    assert decoder.decode(say("我在保定", symbols=symbols)).hotwords == [("保定", 2, 4, 3.0)]


def test_partial_in_mid_word(tmp_path: Path) -> None:
    write_characters(tmp_path)
    (tmp_path / "words.txt").write_text("我 在 阳光保险 上班\n我 在 保定\n阳光 很 好\n" * 3, encoding="utf-8")
    lexicon = {word: [list(word)] for word in ("我", "在", "阳光保险", "上班", "保定", "阳光", "很", "好")}
    built = build_graph(
        lexicon=lexicon, tokens=tmp_path / "tokens.txt", lm=lm.train([tmp_path / "words.txt"], order=2)
    )
    hotwords = Hotwords({"阳光保险": 5.0, "阳光保": 1.0}, graph=built, bias=1.0, attach=False)
    decoder = Decoder(built, beam=4.0, hotwords=hotwords)
    whole, cut = decoder.decode(say("我在阳光保险")), decoder.decode(say("我在阳光保"))
    assert not whole.partial and whole.words == ["我", "在", "阳光保险"] and whole.hotword_score == 9.0
    assert cut.partial and cut.tokens == list("我在阳光保") and cut.words[:2] == ["我", "在"]
    assert cut.hotwords == [("阳光保", 2, 5, 4.0)]  # nothing that was lent to the longer one
    check_result(cut, 5, decoder)


def test_partial_where_no_path_goes_on(tmp_path: Path) -> None:
    write_characters(tmp_path)
    symbols = [*SYMBOLS, "never"]  # a column that no word has
    built = build_graph(lexicon=tmp_path / "lexicon.txt", tokens=symbols, lm=tmp_path / "lm.arpa")
    decoder = Decoder(built)
    x = say("我在保定", symbols=symbols)
    x[2] = -np.inf
    x[2, -1] = 0.0
    result = decoder.decode(x)
    assert result.partial and result.num_frames == 2 and result.words == ["我", "在"]
    check_result(result, 2, decoder)
    assert decoder.decode(x[2:]).num_frames == 0 and decoder.decode(x[2:]).partial
    assert decoder.decode(x[:2]).num_frames == 2


BAD_GRAPHS: dict[str, tuple[Any, type[Exception], str]] = {
    "missing": ("no/such/graph", MissingFileError, "no such graph folder. Build it with build-tlg"),
    "none": (None, OptionError, "graph is a NoneType, not a Graph or a path"),
    "number": (3, OptionError, "graph is a int, not a Graph or a path"),
}


@pytest.mark.parametrize("case", BAD_GRAPHS.values(), ids=BAD_GRAPHS)
def test_bad_graphs(case: tuple[Any, type[Exception], str]) -> None:
    with pytest.raises(case[1], match=case[2]):
        Decoder(case[0])


@pytest.fixture
def folder(graph: Graph, tmp_path: Path) -> Path:
    graph.save(tmp_path / "copy")
    return tmp_path / "copy"


def test_a_graph_from_its_folder(folder: Path, graph: Graph) -> None:
    x = say("我在保定")
    for path in (folder, str(folder)):
        assert Decoder(path).decode(x) == Decoder(graph).decode(x)


def test_a_running_decoder_keeps_a_replaced_graph(folder: Path) -> None:
    decoder = Decoder(folder)
    before = decoder.decode(say("我在保定"))
    shutil.rmtree(folder)
    assert decoder.decode(say("我在保定")) == before


def test_changed_tokens_are_noticed(folder: Path) -> None:
    tokens = folder / "tokens.txt"
    text = tokens.read_text(encoding="utf-8")
    swapped = text.replace(SYMBOLS[1], "?").replace(SYMBOLS[2], SYMBOLS[1]).replace("?", SYMBOLS[2])
    tokens.write_text(swapped, encoding="utf-8")
    with pytest.raises(GraphError, match="is not the token table that the graph was built with"):
        Decoder(folder)
    tokens.unlink()
    with pytest.raises(MissingFileError, match=r"tokens\.txt"):
        Decoder(folder)


def test_every_cut_of_a_graph_is_refused(folder: Path) -> None:
    data = (folder / "LG.fst").read_bytes()
    for size in [*range(120), *range(120, len(data), 97), len(data) - 1]:
        (folder / "LG.fst").write_bytes(data[:size])
        with pytest.raises(TlgError, match=r"LG\.fst"):
            Decoder(folder)


def test_damaged_graphs_never_crash(folder: Path) -> None:
    """A flipped byte is refused, or gives a graph that a search ends on."""
    data = (folder / "LG.fst").read_bytes()
    rng = random.Random(11)
    refused = 0
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(rng.choice([1, 1, 4])):
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        (folder / "LG.fst").write_bytes(damaged)
        try:
            result = Decoder(folder, beam=20.0).decode(say("--我我-在-保-定定-"))
        except TlgError as error:
            refused += 1
            assert "copy" in str(error), error
        else:
            assert result.num_frames <= 12
            assert not math.isnan(result.score)
    assert refused > 0


def test_text_round_trip(graph: Graph) -> None:
    """What the model was trained on is what comes back."""
    decoder = Decoder(graph)
    for text in TEXT:
        assert decoder.decode(say("-".join(text))).text == text


def test_a_folder_of_another_toolkit(tmp_path: Path) -> None:
    """TLG.fst and its tables alone; a lexicon in another form is no reason to refuse it."""
    graph = character_graph(tmp_path, "ctc")
    own = Decoder(graph).decode(say("--我我-在-保-定定-"))
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    for name in ("TLG.fst", "words.txt", "tokens.txt"):
        shutil.copy(tmp_path / "graph" / name, foreign / name)
    for lexicon in (None, "word some other form\n"):
        if lexicon is not None:
            (foreign / "lexicon.txt").write_text(lexicon, encoding="utf-8")
        decoder = Decoder(foreign)
        assert decoder.graph.info.topology == "explicit"
        assert decoder.decode(say("--我我-在-保-定定-")) == own
