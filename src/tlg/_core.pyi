"""The C++ core. Private: use the functions and classes of tlg."""

import enum
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

__version__: str

# --- hotwords ---

class HotwordMatch:
    """One phrase found in a unit sequence: its index, its half-open span, its reward in nats."""

    @property
    def phrase(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def reward(self) -> float: ...

class HotwordTable:
    """The phrases of a list in arrays: csrc/hotwords/phrases.h."""

    def __init__(
        self,
        *,
        units: npt.NDArray[np.int32],
        offsets: npt.NDArray[np.int64],
        bias: npt.NDArray[np.float64],
        word_bias: npt.NDArray[np.float64],
        lengths: npt.NDArray[np.int32],
        owners: npt.NDArray[np.int32],
        texts: bytes,
        text_offsets: npt.NDArray[np.int64],
        num_units: int,
        boundary: int,
        starts_word: Sequence[bool],
    ) -> None: ...
    def automaton(self, *, max_loan: float) -> HotwordAutomaton: ...
    def winners(self) -> npt.NDArray[np.int32]: ...
    def hidden(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]: ...

class WordSplitter:
    """Phrases cut into words: csrc/hotwords/split_words.h."""

    def __init__(
        self,
        characters: npt.NDArray[np.uint32],
        offsets: npt.NDArray[np.int64],
        ids: npt.NDArray[np.int32],
    ) -> None: ...
    def split(
        self, characters: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64], most: int
    ) -> tuple[
        npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]
    ]: ...

def hotword_neighbours(
    units: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], shortest: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]: ...

class HotwordAutomaton:
    """Phrases compiled: csrc/hotwords/automaton.h. Never changes; safe to share between threads."""

    def __init__(
        self,
        *,
        units: npt.NDArray[np.int32],
        offsets: npt.NDArray[np.int64],
        bias: npt.NDArray[np.float64],
        word_bias: npt.NDArray[np.float64],
        lengths: npt.NDArray[np.int32],
        num_units: int,
        boundary: int,
        starts_word: Sequence[bool],
        max_loan: float,
    ) -> None: ...
    def advance(self, state: int, unit: int) -> tuple[float, int]: ...
    def end_score(self, state: int) -> float: ...
    def max_gain(self, state: int) -> float: ...
    def find(self, units: Sequence[int]) -> list[HotwordMatch]: ...
    def total(self, units: npt.NDArray[np.int32]) -> float: ...
    def trace(self, units: Sequence[int]) -> tuple[list[float], list[float]]: ...
    def gains(self, state: int, count: int) -> npt.NDArray[np.float32]: ...
    def to_fst(
        self,
        *,
        labels: npt.NDArray[np.int32],
        starts_word: Sequence[bool],
        boundary: int,
        phi: int,
        max_arcs: int,
    ) -> Fst: ...
    def check(self) -> None: ...
    @property
    def num_states(self) -> int: ...
    @property
    def num_phrases(self) -> int: ...
    @property
    def num_bytes(self) -> int: ...
    @property
    def max_loan(self) -> float: ...

# --- transducers and graphs ---

class Fst:
    """A transducer over tropical costs; immutable. `states` and `arcs` are read-only views for tests."""

    def __init__(self, start: int, states: NDArray[np.void], arcs: NDArray[np.void]) -> None: ...
    @staticmethod
    def read(path: str) -> Fst: ...
    def write(self, path: str, kind: str = "const") -> None: ...
    def check_labels(self, max_ilabel: int, max_olabel: int, name: str) -> None: ...
    def find_input_epsilon_cycle(self) -> int: ...
    def drop_pages(self) -> None: ...
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

class Unknown(enum.Enum):
    drop = ...
    renormalise = ...
    map = ...

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
    def slot_words(self) -> list[str]: ...
    @property
    def num_states(self) -> int: ...
    @property
    def num_arcs(self) -> int: ...

class LexiconGraph:
    @property
    def fst(self) -> Fst: ...
    @property
    def slots(self) -> Fst: ...
    @property
    def num_roots(self) -> int: ...
    @property
    def num_separators(self) -> int: ...

def apply_ctc(lg: Fst, blank: int, compact: bool) -> Fst: ...
def build_lg(grammar: Grammar, lexicon: Lexicon, separator: int, separator_prob: float) -> LexiconGraph: ...

# posteriors
def read_log_probs(
    array: NDArray[Any], *, logits: bool, tolerance: float, first_row: int = 0
) -> NDArray[np.float32]: ...
def from_dlpack(capsule: object) -> NDArray[Any]: ...

class Topology(enum.Enum):
    CTC = ...
    PLAIN = ...

class HotwordLabels(enum.Enum):
    NONE = ...
    TOKENS = ...
    WORDS = ...

class SearchGraph:
    def __init__(
        self,
        fst: Fst,
        *,
        topology: Topology,
        num_tokens: int,
        blank: int,
        lm_weight: float,
        word_score: float,
        slot_arcs: Fst | None = None,
    ) -> None: ...

class Slots:
    def __init__(self, graph: SearchGraph, slot_arcs: Fst) -> None: ...

class AttachedWords:
    def __init__(
        self,
        slots: Slots,
        *,
        slot_words: npt.ArrayLike,
        labels: npt.ArrayLike,
        scores: npt.ArrayLike,
        columns: npt.ArrayLike,
        sizes: npt.ArrayLike,
        owners: npt.ArrayLike,
        costs: npt.ArrayLike,
    ) -> None: ...

class HotwordUse:
    def __init__(
        self,
        graph: SearchGraph,
        automaton: HotwordAutomaton,
        labels: HotwordLabels,
        neutral: int = -1,
        wanted: Sequence[int] = (),
        attached: AttachedWords | None = None,
    ) -> None: ...
    @property
    def labels(self) -> HotwordLabels: ...

class SlotWord:
    word: int
    probability: float
    start: float
    end: float

class MbrResult:
    words: list[int]
    confidences: list[float]
    spans: NDArray[np.int64]
    risk: float
    slots: list[list[SlotWord]]

class LatticeResult:
    nbest: list[Hypothesis]
    lattice: Lattice
    lattice_beam: float
    confidence: list[float]
    mbr: MbrResult

class Hypothesis:
    tokens: list[int]
    words: list[int]
    token_spans: NDArray[np.int64]
    word_spans: NDArray[np.int64]
    hotwords: list[HotwordMatch]
    score: float
    am_score: float
    lm_score: float
    word_score: float
    blank_score: float
    hotword_score: float
    search_score: float
    partial: bool
    num_frames: int
    more: LatticeResult | None

class Decoder:
    def __init__(
        self,
        graph: SearchGraph,
        *,
        beam: float,
        max_active: int,
        min_active: int,
        acoustic_scale: float,
        blank_penalty: float,
        blank_skip: float = 1.0,
        token_beam: float = ...,
        max_tokens: int = 0,
        lattice_beam: float = 0.0,
        nbest: int = 0,
        lattice: bool = False,
        mbr: bool = False,
        num_roots: int,
        separator: int,
        kernel: str,
    ) -> None: ...
    def decode(self, input: object, hotwords: HotwordUse | None) -> Hypothesis: ...

class Batch:
    def __init__(
        self, decoder: Decoder, hotwords: HotwordUse | None, *, threads: int, all_or_nothing: bool = False
    ) -> None: ...
    def add(self, number: int, input: object, *, logits: bool, tolerance: float) -> None: ...
    def wait(self, number: int = -1) -> int: ...
    def is_done(self, number: int) -> bool: ...
    def num_waiting(self) -> int: ...
    def take(self, number: int) -> Hypothesis: ...
    def stop(self) -> None: ...

class FiredHotword:
    phrase: int
    start: int
    end: int
    reward: float

class PartialPath:
    path: Hypothesis
    first_word: int
    num_stable_words: int
    hotwords: list[FiredHotword]
    first_hotword: int
    num_stable_hotwords: int
    sound_end: int
    relative_cost: float

class Stream:
    def __init__(self, decoder: Decoder, hotwords: HotwordUse | None, silence: Sequence[int]) -> None: ...
    def push(self, frames: object, num_tokens: int) -> None: ...
    def partial(self) -> PartialPath: ...
    def finish(self) -> Hypothesis: ...
    def reset(self, hotwords: HotwordUse | None) -> None: ...
    def change_hotwords(self, hotwords: HotwordUse | None) -> None: ...
    def words(self, start: int, end: int) -> list[int]: ...
    def word_spans(self, start: int, end: int) -> NDArray[np.int64]: ...
    def hotwords(self, start: int, end: int) -> list[FiredHotword]: ...
    @property
    def num_pushed(self) -> int: ...
    @property
    def num_traces(self) -> int: ...
    @property
    def num_kept_frames(self) -> int: ...

# word lattices (csrc/bindings/register_lattice.cc)

class LatticeForm(enum.Enum):
    OPENFST = ...
    COMPACT = ...
    COMPACT_TEXT = ...
    FRAMES = ...
    FRAMES_TEXT = ...

class Lattice:
    """csrc/decoder/lattice/lattice.h; immutable. `states` and `arcs` are read-only views."""

    def __init__(
        self, *, states: NDArray[np.void], arcs: NDArray[np.void], num_frames: int, partial: bool
    ) -> None: ...
    @staticmethod
    def state_dtype() -> np.dtype[np.void]: ...
    @staticmethod
    def arc_dtype() -> np.dtype[np.void]: ...
    def states(self) -> NDArray[np.void]: ...
    def arcs(self) -> NDArray[np.void]: ...
    def write(self, form: LatticeForm, acoustic_scale: float) -> bytes: ...
    def posteriors(self, scale: float, with_hotwords: bool) -> NDArray[np.float64]: ...
    def oracle(
        self, units: Sequence[int], begin: Sequence[int], reference: Sequence[int]
    ) -> tuple[int, list[int]]: ...
    @property
    def num_states(self) -> int: ...
    @property
    def num_arcs(self) -> int: ...
    @property
    def num_frames(self) -> int: ...
    @property
    def partial(self) -> bool: ...

def parse_lattice(data: bytes, begin: int, acoustic_scale: float, name: str) -> tuple[Lattice, int]: ...

# Prefix beam search (csrc/bindings/register_prefix.cc, register_prefix_model.cc)

class WordMode(enum.Enum):
    TOKENS = ...
    SEPARATOR = ...
    START = ...
    LEXICON = ...

class PrefixLexicon:
    @staticmethod
    def spell(
        words: Sequence[str], texts: Sequence[str], starts_word: Sequence[int], usable: Sequence[int]
    ) -> PrefixLexicon: ...
    @staticmethod
    def pronounce(
        words: Sequence[str],
        word_of: Sequence[int],
        tokens: Sequence[int],
        offsets: Sequence[int],
        num_tokens: int,
    ) -> PrefixLexicon: ...
    @property
    def unspelled(self) -> list[int]: ...
    @property
    def num_states(self) -> int: ...

class PrefixModelOptions:
    mode: WordMode
    separator: int
    starts_word: Sequence[int]
    usable: Sequence[int]
    texts: Sequence[str]
    lm_on_tokens: bool
    lm_ids: Sequence[int]
    open: bool
    judges_words: bool
    closed_by_lexicon: bool
    lookahead: bool
    lm_weight: float
    word_score: float
    unk_score: float

class PrefixModel:
    def __init__(self, options: PrefixModelOptions, lexicon: PrefixLexicon | None) -> None: ...
    @staticmethod
    def with_ngrams(
        options: PrefixModelOptions, lexicon: PrefixLexicon | None, ngrams: NgramModel
    ) -> PrefixModel: ...
    @staticmethod
    def with_python(
        options: PrefixModelOptions, lexicon: PrefixLexicon | None, model: object, words: Sequence[str]
    ) -> PrefixModel: ...

class PrefixHotwords:
    def __init__(self, automaton: HotwordAutomaton, on_words: bool, num_tokens: int) -> None: ...

class PrefixWord:
    id: int
    first_token: int
    end_token: int
    unknown: bool

class PrefixHypothesis:
    tokens: list[int]
    token_spans: NDArray[np.int64]
    words: list[PrefixWord]
    hotwords: list[HotwordMatch]
    score: float
    am_score: float
    lm_score: float
    word_score: float
    unk_score: float
    hotword_score: float
    search_score: float
    partial: bool
    num_frames: int

class PrefixOptions:
    def __init__(self) -> None: ...
    beam_size: int
    beam: float
    token_beam: float
    max_tokens: int
    acoustic_scale: float
    blank_penalty: float
    blank: int

class PrefixDecoder:
    def __init__(self, model: PrefixModel, options: PrefixOptions) -> None: ...
    def decode(
        self, inputs: Sequence[object], hotwords: PrefixHotwords | None, nbest: int, threads: int
    ) -> list[list[PrefixHypothesis]]: ...

class PrefixStream:
    def __init__(self, decoder: PrefixDecoder, hotwords: PrefixHotwords | None) -> None: ...
    def push(self, frames: object, num_tokens: int) -> None: ...
    def best(self, nbest: int) -> list[PrefixHypothesis]: ...
    @property
    def num_nodes(self) -> int: ...
    @property
    def num_traces(self) -> int: ...

# n-gram models (csrc/bindings/register_lm.cc)

class Symbols(enum.Enum):
    error = ...
    skip = ...
    unk = ...

def count_newlines(text: bytes) -> int: ...

class Job:
    """How long work is done: csrc/util/job.h. memory 0 is no limit."""

    def __init__(
        self, threads: int, memory: int, temp_dir: str, progress: Callable[[str, int, int], object] | None
    ) -> None: ...
    def touched(self, bytes: int) -> None: ...
    @property
    def memory(self) -> int: ...

class CorpusOptions:
    symbols: Symbols
    fixed_vocab: bool
    vocab: list[str]
    closed: bool

class Corpus:
    def __init__(self, options: CorpusOptions, job: Job) -> None: ...
    def add_text(self, text: bytes, name: str, first_line: int) -> None: ...
    @property
    def num_words(self) -> int: ...
    @property
    def num_sentences(self) -> int: ...
    @property
    def num_skipped(self) -> int: ...
    @property
    def num_listed(self) -> int: ...
    @property
    def num_outside(self) -> int: ...

class Smoothing(enum.Enum):
    mkn = ...
    kn = ...
    absolute = ...
    wb = ...
    katz = ...
    addk = ...
    ml = ...
    jm = ...

class CountOfCounts(enum.Enum):
    lmplz = ...
    exact = ...
    raw = ...

class PruneCounts(enum.Enum):
    raw = ...
    adjusted = ...

class SmoothingOptions:
    smoothing: Smoothing
    backoff: bool
    count_of_counts: CountOfCounts
    discount_fallback: bool
    fallback: list[float]
    prune: list[int]
    prune_counts: PruneCounts
    interpolate_unigrams: bool
    vocab_pad: int
    limit_vocab: bool
    vocab: list[str]
    k: float
    gt_max: list[int]
    weight_buckets: bool

class OrderReport:
    counted: int
    kept: int
    t: list[int]
    discount: list[float]
    fallback: str
    weight: list[float]

def train(
    corpus: Corpus, order: int, options: SmoothingOptions, heldout: Corpus | None = None
) -> tuple[NgramModel, list[OrderReport]]: ...

class NgramModel:
    @staticmethod
    def open(path: str, verify: bool = False) -> NgramModel: ...
    @property
    def structure(self) -> str: ...
    @property
    def packing(self) -> list[tuple[int, int, int, int, int]]: ...
    def to_trie(self, prob_bits: int, backoff_bits: int) -> NgramModel: ...
    def to_probing(self) -> NgramModel: ...
    @staticmethod
    def read_arpa(text: bytes, name: str) -> NgramModel: ...
    @property
    def counts(self) -> list[int]: ...
    @property
    def vocabulary(self) -> list[str]: ...
    @property
    def repairs(self) -> list[str]: ...
    def score_tokens(self, words: list[str]) -> list[TokenScore]: ...
    @property
    def special_ids(self) -> tuple[int, int, int]: ...
    def begin(self, bos: bool) -> int: ...
    def step(self, state: int, word: int) -> tuple[int, float]: ...
    def finish(self, state: int) -> float: ...
    def find(self, word: str) -> int: ...
    def find_all(self, words: list[str]) -> NDArray[np.int32]: ...
    def score_batch(
        self, states: NDArray[np.uint64], words: NDArray[np.int32]
    ) -> tuple[NDArray[np.float32], NDArray[np.uint64]]: ...
    def score_sequences(
        self, ids: NDArray[np.int32], offsets: NDArray[np.int64], bos: bool, eos: bool
    ) -> NDArray[np.float32]: ...

def next_words(
    model: NgramModel, state: int, count: int
) -> tuple[NDArray[np.uint32], NDArray[np.float32]]: ...
def next_distribution(model: NgramModel, state: int) -> NDArray[np.float32]: ...
def draw(
    scores: NDArray[np.float32], uniform: float, temperature: float, top_k: int, top_p: float
) -> int: ...
def hash_sentences(text: bytes, least: int) -> NDArray[np.uint64]: ...
def read_arpa(readinto: Callable[[memoryview], int], bytes: int, name: str) -> NgramModel: ...

class LmFileWriter:
    def __init__(self, model: NgramModel) -> None: ...
    @property
    def size(self) -> int: ...
    def next(self) -> bytes: ...

def binary_sections(path: str) -> list[tuple[str, int]]: ...

class ContextSums:
    length: int
    contexts: int
    off: int
    worst: float
    worst_context: str

def check_sums(model: NgramModel, tolerance: float) -> list[ContextSums]: ...

class ArpaWriter:
    num_written: int
    def __init__(self, model: NgramModel, threads: int = 1) -> None: ...
    def next(self) -> memoryview: ...

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
    def __init__(self, model: NgramModel, per_sentence: bool, threads: int = 1) -> None: ...
    def add_text(self, text: bytes, name: str, first_line: int) -> None: ...
    def add_sentence(self, words: Sequence[str], number: int) -> None: ...
    @property
    def total(self) -> TextScore: ...
    @property
    def sentences(self) -> list[TextScore]: ...

# What changes models (csrc/bindings/register_lm_change.cc)

class PruneOptions:
    threshold: float
    ngrams: list[int]
    min_order: int
    back_off_suffixes: bool

class PruneFigures:
    threshold: float
    kept: list[int]
    suffixes: list[int]

def prune_model(
    model: NgramModel, history: str, history_model: NgramModel | None, options: PruneOptions
) -> tuple[NgramModel, PruneFigures]: ...
def limit_vocabulary(
    model: NgramModel, words: Sequence[str], spread: bool
) -> tuple[NgramModel, list[str]]: ...
def add_words(model: NgramModel, shares: Sequence[tuple[str, float]]) -> NgramModel: ...

# Mixtures (csrc/bindings/register_lm_mix.cc)

class HeldOut:
    def __init__(self, models: Sequence[NgramModel]) -> None: ...
    def add_text(self, text: bytes, name: str, first_line: int) -> None: ...
    def add_sentence(self, words: Sequence[str], number: int) -> None: ...
    @property
    def num_sentences(self) -> int: ...
    @property
    def num_oovs(self) -> int: ...

def token_probs(models: Sequence[NgramModel], text: HeldOut, share: bool) -> NDArray[np.float64]: ...
def mix_linear(models: Sequence[NgramModel], weights: Sequence[float], share: bool) -> NgramModel: ...

class LoglinearMix:
    def __init__(self, models: Sequence[NgramModel], share: bool) -> None: ...
    def model(self, weights: Sequence[float]) -> NgramModel: ...
    def set_text(self, text: HeldOut) -> None: ...
    def evaluate(self, weights: Sequence[float]) -> tuple[float, list[float]]: ...
    @property
    def num_tokens(self) -> int: ...

# Counts that outlive their text (csrc/bindings/register_lm_counts.cc)

class NgramCounts:
    def __init__(self, order: int) -> None: ...
    @staticmethod
    def of_text(corpus: Corpus, order: int) -> NgramCounts: ...
    def add_lines(self, text: bytes, name: str, first_line: int) -> None: ...
    def add(self, other: NgramCounts, times: int) -> None: ...
    @property
    def order(self) -> int: ...
    @property
    def num_tokens(self) -> int: ...
    @property
    def num_sentences(self) -> int: ...

class CountWriter:
    def __init__(self, counts: NgramCounts) -> None: ...
    def next(self) -> bytes: ...

def train_counts(
    counts: NgramCounts, job: Job, options: SmoothingOptions, heldout: Corpus | None
) -> tuple[NgramModel, list[OrderReport]]: ...
