"""N-best lists as Kaldi's tools write them: texts and costs by utterance-rank.

Source: nbest-to-linear, whose keys are ``utt-1``, ``utt-2``, ...; words by utils/int2sym.pl.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tlg._files import PathLike, read_text
from tlg.errors import OptionError, TextError

__all__ = ["HEADER", "KaldiCosts", "read_kaldi_nbest"]

HEADER = ["utterance-id", "rank", "score", "am_score", "lm_score", "hotword_score", "text"]


class KaldiCosts(NamedTuple):
    """Files of costs (negated nats), ``utt-1 cost`` lines; at least one of them.

    Args:
        am: acoustic costs.
        lm: graph costs.
        acoustic_scale: multiplies the acoustic ones in a hypothesis's score.
    """

    am: PathLike | None = None
    lm: PathLike | None = None
    acoustic_scale: float = 1.0


def read_kaldi_nbest(nbest: PathLike, costs: KaldiCosts) -> list[tuple[int, list[str]]]:
    """Return the rows of an n-best table, HEADER first, each with its line.

    Args:
        nbest: ``utt-1 word word ...`` lines; a text may be empty.
        costs: what hypotheses cost.

    Raises:
        TextError: a key that is not of that form, is there twice or has no cost; a cost that is no number; names the line.
        OptionError: no costs; a scale that is not finite.
    """
    if costs.am is None and costs.lm is None:
        raise OptionError("Kaldi's n-best texts have no scores", remedy="Give acoustic or graph costs")
    if not math.isfinite(costs.acoustic_scale):
        raise OptionError(f"acoustic_scale={costs.acoustic_scale} is not finite", remedy="Use 1")
    am, lm = (None if path is None else _costs(path) for path in (costs.am, costs.lm))
    rows = [(0, HEADER)]
    seen: set[str] = set()
    for number, line in enumerate(read_text(nbest).split("\n"), 1):
        if not line.strip():
            continue
        key, *words = line.split()
        utterance, _, rank = key.rpartition("-")
        if not (utterance and rank.isascii() and rank.isdecimal()):
            raise TextError(
                f"key {key!r} does not end with a rank",
                remedy="Write 'utt-1 word word ...' lines, as nbest-to-linear names them",
                file=nbest,
                line=number,
            )
        if key in seen:
            raise TextError(f"key {key!r} is there twice", remedy="Remove one", file=nbest, line=number)
        seen.add(key)
        am_score, lm_score = (
            0.0 if table is None else -_cost_of(key, table, path, nbest, number)
            for table, path in ((am, costs.am), (lm, costs.lm))
        )
        score = costs.acoustic_scale * am_score + lm_score
        rows.append(
            (
                number,
                [
                    utterance,
                    rank,
                    repr(score),
                    f"{am_score:.4f}",
                    f"{lm_score:.4f}",
                    "0.0000",
                    " ".join(words),
                ],
            )
        )
    if not seen:
        raise TextError("holds nothing", remedy="Write 'utt-1 word word ...' lines", file=nbest)
    return rows


def _costs(path: PathLike) -> dict[str, float]:
    found: dict[str, float] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        fields = line.split()
        if not fields:
            continue
        try:
            value = float(fields[1]) if len(fields) == 2 else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or fields[0] in found:
            raise TextError(
                f"{line.strip()!r:.80} is no cost of its own",
                remedy="Write 'utt-1 cost' lines, each once",
                file=path,
                line=number,
            )
        found[fields[0]] = value
    return found


def _cost_of(key: str, table: dict[str, float], path: PathLike | None, nbest: PathLike, line: int) -> float:
    if key not in table:
        raise TextError(f"key {key!r} has no cost in {path}", remedy="Add its line", file=nbest, line=line)
    return table[key]
