"""n-gram language models: train, read, write, query, measure, change and mix them."""

from tlg.lm.change_report import ChangeReport, MixReport, PruneReport, VocabularyReport
from tlg.lm.contract import LanguageModel, check_language_model
from tlg.lm.counts import NgramCounts, count, merge_counts
from tlg.lm.generate import Generated, generate
from tlg.lm.kenlm_model import KenlmModel
from tlg.lm.load import load_model
from tlg.lm.measure import perplexity
from tlg.lm.mix import MixWeights, learn_weights, mix
from tlg.lm.mixed import MixedModel
from tlg.lm.model import NgramModel, ReadReport
from tlg.lm.perplexity import Perplexity, WordScore
from tlg.lm.prune import prune
from tlg.lm.report import OrderReport, TrainReport
from tlg.lm.train import train
from tlg.lm.vocab import add_words, limit_vocabulary

__all__ = [
    "ChangeReport",
    "Generated",
    "KenlmModel",
    "LanguageModel",
    "MixReport",
    "MixWeights",
    "MixedModel",
    "NgramCounts",
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
    "count",
    "generate",
    "learn_weights",
    "limit_vocabulary",
    "load_model",
    "merge_counts",
    "mix",
    "perplexity",
    "prune",
    "train",
]
