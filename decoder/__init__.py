"""Decoding: graphs, the search over them, what it finds, and how good that is."""

from tlg.decoder.ctm import read_ctm, write_ctm
from tlg.decoder.endpoint import Endpointing, EndpointRule
from tlg.decoder.evaluate import ScoreReport, score
from tlg.decoder.graph.build import build_graph
from tlg.decoder.graph.graph import Graph
from tlg.decoder.greedy import GreedyResult, greedy
from tlg.decoder.inputs import read_inputs
from tlg.decoder.lattice import Lattice
from tlg.decoder.lattice_files import read_lattices, write_lattices
from tlg.decoder.options import SearchOptions
from tlg.decoder.partial import Partial
from tlg.decoder.prefix import PrefixDecoder, PrefixOptions, PrefixStream, prefix_beam
from tlg.decoder.prefix_model import PrefixReport
from tlg.decoder.prefix_result import PrefixResult
from tlg.decoder.result import Result
from tlg.decoder.search import Decoder
from tlg.decoder.sparse import SparseFrames
from tlg.decoder.stream import Stream

__all__ = [
    "Decoder",
    "EndpointRule",
    "Endpointing",
    "Graph",
    "GreedyResult",
    "Lattice",
    "Partial",
    "PrefixDecoder",
    "PrefixOptions",
    "PrefixReport",
    "PrefixResult",
    "PrefixStream",
    "Result",
    "ScoreReport",
    "SearchOptions",
    "SparseFrames",
    "Stream",
    "build_graph",
    "greedy",
    "prefix_beam",
    "read_ctm",
    "read_inputs",
    "read_lattices",
    "score",
    "write_ctm",
    "write_lattices",
]
