"""tlg.decoder.graph: what is searched. Tokens, lexicon, graph and its build."""

from tlg.decoder.graph.build import build_graph
from tlg.decoder.graph.graph import Graph, GraphInfo
from tlg.decoder.graph.report import BuildReport
from tlg.decoder.graph.tokens import TokenTable

__all__ = ["BuildReport", "Graph", "GraphInfo", "TokenTable", "build_graph"]
