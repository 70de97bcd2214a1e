"""The C++ core. Private: use the functions and classes of tlg."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

__version__: str

# --- transducers and graphs ---

class Fst:
    """A transducer over tropical costs; immutable. `states` and `arcs` are read-only views for tests."""

    def __init__(self, start: int, states: NDArray[np.void], arcs: NDArray[np.void]) -> None: ...
    @staticmethod
    def read(path: str) -> Fst: ...
    def write(self, path: str, kind: str = "const") -> None: ...
    def check_labels(self, max_ilabel: int, max_olabel: int, name: str) -> None: ...
    def find_input_epsilon_cycle(self) -> int: ...
    def sort_arcs(self) -> Fst: ...
    def connect(self) -> Fst: ...
    def states(self) -> NDArray[np.void]: ...
    def arcs(self) -> NDArray[np.void]: ...
    @property
    def start(self) -> int: ...
    @property
    def num_states(self) -> int: ...
    @property
    def num_arcs(self) -> int: ...

def parse_fst(data: bytes, name: str) -> Fst: ...

class Lexicon:
    def __init__(
        self,
        text: bytes,
        name: str,
        tokens: list[str],
        blank: int,
        drop_unknown: bool = False,
        probabilities: bool = True,
    ) -> None: ...
    def pronunciations(self, word: str) -> list[list[int]]: ...
    def entries(self) -> list[tuple[int, list[int], float]]: ...
    def text(self) -> bytes: ...
    @property
    def words(self) -> list[str]: ...
    @property
    def duplicates(self) -> list[str]: ...
    @property
    def dropped(self) -> list[str]: ...
    @property
    def num_pronunciations(self) -> int: ...

class Unknown:
    drop: ClassVar[Unknown]
    renormalise: ClassVar[Unknown]
    map: ClassVar[Unknown]

class GrammarReport:
    words_without_pronunciation: list[str]
    words_without_lm: list[str]
    repairs: list[str]
    dropped_ngrams: int
    skipped_ngrams: int
    backoff_only_states: int
    merged_states: int
    unreachable_states: int
    has_sentence_start: bool
    unk_cost: float

class Grammar:
    def __init__(
        self, model: NgramModel, name: str, lexicon: Lexicon, unknown: Unknown, missing_as_unk: bool
    ) -> None: ...
    @property
    def report(self) -> GrammarReport: ...
    @property
    def empty(self) -> int: ...
    @property
    def num_states(self) -> int: ...
    @property
    def num_arcs(self) -> int: ...

class LexiconGraph:
    @property
    def fst(self) -> Fst: ...
    @property
    def num_roots(self) -> int: ...
    @property
    def num_separators(self) -> int: ...

def apply_ctc(lg: Fst, blank: int, compact: bool) -> Fst: ...
def build_lg(grammar: Grammar, lexicon: Lexicon, separator: int, separator_prob: float) -> LexiconGraph: ...

# n-gram models (csrc/bindings/register_lm.cc)

class Symbols:
    error: ClassVar[Symbols]
    skip: ClassVar[Symbols]
    unk: ClassVar[Symbols]

class CountOfCounts:
    lmplz: ClassVar[CountOfCounts]
    exact: ClassVar[CountOfCounts]

class Corpus:
    def __init__(self, symbols: Symbols) -> None: ...
    def add_text(self, text: bytes, name: str, first_line: int) -> None: ...
    def add_sentence(self, words: Sequence[str], number: int) -> None: ...
    @property
    def num_words(self) -> int: ...
    @property
    def num_sentences(self) -> int: ...
    @property
    def num_skipped(self) -> int: ...

class KneserNeyOptions:
    count_of_counts: CountOfCounts
    discount_fallback: bool
    fallback: list[float]
    prune: list[int]
    interpolate_unigrams: bool
    vocab_pad: int
    limit_vocab: bool
    vocab: list[str]

class OrderReport:
    counted: int
    kept: int
    t: list[int]
    discount: list[float]
    fallback: str

def train_kneser_ney(
    corpus: Corpus, order: int, options: KneserNeyOptions
) -> tuple[NgramModel, list[OrderReport]]: ...

class NgramModel:
    @staticmethod
    def read_arpa(text: bytes, name: str) -> NgramModel: ...
    @property
    def counts(self) -> list[int]: ...
    @property
    def vocabulary(self) -> list[str]: ...
    @property
    def repairs(self) -> list[str]: ...
    def score_tokens(self, words: list[str]) -> list[tuple[float, int, bool]]: ...

class ArpaWriter:
    def __init__(self, model: NgramModel) -> None: ...
    def next(self) -> bytes: ...

class TextScore:
    sentences: int
    words: int
    oovs: int
    zeroprobs: int
    oov_zeroprobs: int
    log10_prob: float
    log10_oov: float
    hits: list[int]

class TextScorer:
    def __init__(self, model: NgramModel, per_sentence: bool) -> None: ...
    def add_text(self, text: bytes, name: str, first_line: int) -> None: ...
    def add_sentence(self, words: Sequence[str], number: int) -> None: ...
    @property
    def total(self) -> TextScore: ...
    @property
    def sentences(self) -> list[TextScore]: ...
