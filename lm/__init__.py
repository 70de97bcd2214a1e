"""n-gram language models: train them from text, read and write ARPA files, measure perplexity."""

from tlg.lm.change_report import ChangeReport, MixReport, PruneReport, VocabularyReport
from tlg.lm.contract import LanguageModel, check_language_model
from tlg.lm.mix import MixWeights, learn_weights, mix
from tlg.lm.mixed import MixedModel
from tlg.lm.model import NgramModel, ReadReport, WordScore
from tlg.lm.perplexity import Perplexity
from tlg.lm.prune import prune
from tlg.lm.report import OrderReport, TrainReport
from tlg.lm.train import train
from tlg.lm.vocab import add_words, limit_vocabulary

__all__ = [
    "ChangeReport",
    "LanguageModel",
    "MixReport",
    "MixWeights",
    "MixedModel",
    "NgramModel",
    "OrderReport",
    "Perplexity",
    "PruneReport",
    "ReadReport",
    "TrainReport",
    "VocabularyReport",
    "WordScore",
    "add_words",
    "check_language_model",
    "learn_weights",
    "limit_vocabulary",
    "mix",
    "prune",
    "train",
]
