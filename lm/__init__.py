"""n-gram language models: train them from text, read and write ARPA files, measure perplexity."""

from tlg.lm.contract import LanguageModel, check_language_model
from tlg.lm.generate import Generated, generate
from tlg.lm.measure import perplexity
from tlg.lm.model import NgramModel, ReadReport
from tlg.lm.perplexity import Perplexity, WordScore
from tlg.lm.report import OrderReport, TrainReport
from tlg.lm.train import train

__all__ = [
    "Generated",
    "LanguageModel",
    "NgramModel",
    "OrderReport",
    "Perplexity",
    "ReadReport",
    "TrainReport",
    "WordScore",
    "check_language_model",
    "generate",
    "perplexity",
    "train",
]
