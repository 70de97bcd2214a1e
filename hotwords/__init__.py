"""Hotwords: phrases that decoding should favour or avoid, compiled into an automaton."""

from tlg.hotwords.attached import AttachedWords
from tlg.hotwords.auto_bias import AutoBias, auto_bias
from tlg.hotwords.compile import DEFAULT_BIAS, DEFAULT_MAX_LOAN, DEFAULT_WORD_BIAS, HotwordMatch, Hotwords
from tlg.hotwords.export import HotwordFst
from tlg.hotwords.files import Hotword, HotwordSource, read_hotwords
from tlg.hotwords.logits_processor import HotwordLogitsProcessor
from tlg.hotwords.metrics import HotwordMetrics, PhraseCounts, hotword_counts
from tlg.hotwords.report import AttachedEntry, ClassEntry, ClassReport, CompileReport, ReportEntry
from tlg.hotwords.rescore import Rescored, rescore
from tlg.hotwords.units import SpellingSource, SymbolTable
from tlg.hotwords.watch import HotwordWatch

__all__ = [
    "DEFAULT_BIAS",
    "DEFAULT_MAX_LOAN",
    "DEFAULT_WORD_BIAS",
    "AttachedEntry",
    "AttachedWords",
    "AutoBias",
    "ClassEntry",
    "ClassReport",
    "CompileReport",
    "Hotword",
    "HotwordFst",
    "HotwordLogitsProcessor",
    "HotwordMatch",
    "HotwordMetrics",
    "HotwordSource",
    "HotwordWatch",
    "Hotwords",
    "PhraseCounts",
    "ReportEntry",
    "Rescored",
    "SpellingSource",
    "SymbolTable",
    "auto_bias",
    "hotword_counts",
    "read_hotwords",
    "rescore",
]
