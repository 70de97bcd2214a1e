"""What is claimed: error rates, hotword recall and precision, each with its signature."""

from tlg.decoder.evaluate.metrics import ScoreReport, UtteranceScore, score
from tlg.decoder.evaluate.normalise import normalise_text
from tlg.decoder.evaluate.tables import read_table, write_table

__all__ = ["ScoreReport", "UtteranceScore", "normalise_text", "read_table", "score", "write_table"]
