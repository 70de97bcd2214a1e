"""Decoding: graphs, the search over them, what it finds, and how good that is."""

from tlg.decoder.evaluate import ScoreReport, score
from tlg.decoder.graph.build import build_graph
from tlg.decoder.graph.graph import Graph
from tlg.decoder.greedy import GreedyResult, greedy
from tlg.decoder.inputs import read_inputs
from tlg.decoder.result import Result
from tlg.decoder.search import Decoder, SearchOptions
from tlg.decoder.sparse import SparseFrames

__all__ = [
    "Decoder",
    "Graph",
    "GreedyResult",
    "Result",
    "ScoreReport",
    "SearchOptions",
    "SparseFrames",
    "build_graph",
    "greedy",
    "read_inputs",
    "score",
]
