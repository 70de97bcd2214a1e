"""Opening whatever file holds a language model."""

from __future__ import annotations

from tlg._files import PathLike
from tlg.lm.kenlm_model import KenlmModel, is_kenlm_binary
from tlg.lm.model import NgramModel

__all__ = ["load_model"]


def load_model(path: PathLike) -> NgramModel | KenlmModel:
    """Open a model: an ARPA file, a binary of tlg, or a binary of KenLM, told by the first bytes.

    The last gives scores alone (KenlmModel), and needs the package kenlm.

    Raises:
        MissingFileError: there is no such file.
        MissingExtraError: a KenLM binary, and the package kenlm is not installed.
        ArpaError: it is none of these, or damaged.
    """
    return KenlmModel.load(path) if is_kenlm_binary(path) else NgramModel.load(path)
