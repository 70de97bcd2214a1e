"""WFST decoding with hotwords, and n-gram language models, for the posteriors of any acoustic model."""

from tlg import errors, lm
from tlg._core import __version__
from tlg.decoder.ctm import read_ctm, write_ctm
from tlg.decoder.endpoint import Endpointing, EndpointRule
from tlg.decoder.evaluate.metrics import score
from tlg.decoder.graph.build import build_graph
from tlg.decoder.graph.graph import Graph
from tlg.decoder.greedy import greedy
from tlg.decoder.lattice import Lattice
from tlg.decoder.lattice_files import read_lattices, write_lattices
from tlg.decoder.options import SearchOptions
from tlg.decoder.prefix import PrefixDecoder, prefix_beam
from tlg.decoder.prefix_result import PrefixResult
from tlg.decoder.result import Result
from tlg.decoder.search import Decoder
from tlg.decoder.sparse import SparseFrames
from tlg.errors import TlgError
from tlg.hotwords import Hotwords

__all__ = [
    "Decoder",
    "EndpointRule",
    "Endpointing",
    "Graph",
    "Hotwords",
    "Lattice",
    "PrefixDecoder",
    "PrefixResult",
    "Result",
    "SearchOptions",
    "SparseFrames",
    "TlgError",
    "__version__",
    "build_graph",
    "errors",
    "greedy",
    "lm",
    "prefix_beam",
    "read_ctm",
    "read_lattices",
    "score",
    "write_ctm",
    "write_lattices",
]
