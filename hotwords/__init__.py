"""Hotwords: phrases that decoding should favour or avoid, compiled into an automaton."""

from tlg.hotwords.auto_bias import AutoBias, auto_bias
from tlg.hotwords.compile import DEFAULT_BIAS, DEFAULT_MAX_LOAN, DEFAULT_WORD_BIAS, HotwordMatch, Hotwords
from tlg.hotwords.export import HotwordFst
from tlg.hotwords.files import Hotword, HotwordSource, read_hotwords
from tlg.hotwords.metrics import HotwordMetrics, PhraseCounts, hotword_counts
from tlg.hotwords.report import CompileReport, ReportEntry
from tlg.hotwords.units import SpellingSource, SymbolTable

__all__ = [
    "DEFAULT_BIAS",
    "DEFAULT_MAX_LOAN",
    "DEFAULT_WORD_BIAS",
    "AutoBias",
    "CompileReport",
    "Hotword",
    "HotwordFst",
    "HotwordMatch",
    "HotwordMetrics",
    "HotwordSource",
    "Hotwords",
    "PhraseCounts",
    "ReportEntry",
    "SpellingSource",
    "SymbolTable",
    "auto_bias",
    "hotword_counts",
    "read_hotwords",
]
