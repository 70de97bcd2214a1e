"""WFST decoding with hotwords, and n-gram language models, for the posteriors of any acoustic model."""

from tlg._core import __version__

__all__ = ["__version__"]
