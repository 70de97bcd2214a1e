"""The C++ core. Private: use the functions and classes of tlg."""

from collections.abc import Sequence
from typing import ClassVar

__version__: str

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
    def score_tokens(self, words: list[str]) -> list[TokenScore]: ...

class ArpaWriter:
    def __init__(self, model: NgramModel) -> None: ...
    def next(self) -> bytes: ...

class TokenScore:
    log10_prob: float
    order: int
    oov: bool

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
