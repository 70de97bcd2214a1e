"""WFST decoding with hotwords, and n-gram language models, for the posteriors of any acoustic model."""

from tlg._core import __version__
from tlg.decoder.evaluate.metrics import ScoreReport, score
from tlg.decoder.greedy import GreedyResult, greedy
from tlg.decoder.sparse import SparseFrames

__all__ = ["GreedyResult", "ScoreReport", "SparseFrames", "__version__", "greedy", "score"]
