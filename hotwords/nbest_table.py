"""Tables of n-best lists: read, rescored with hotwords, written in the new order."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from tlg._files import PathLike, atomic_write, compress, read_text
from tlg.errors import TextError
from tlg.hotwords.kaldi_nbest import KaldiCosts, read_kaldi_nbest
from tlg.hotwords.rescore import hotwords_of_texts, rescore

__all__ = ["RescoredTable", "rescore_table"]

ID_NAMES = ("utterance-id", "line-id", "utterance", "id")


class RescoredTable(NamedTuple):
    """What became of a table.

    Args:
        utterances: lists in it.
        hypotheses: rows in it.
        changed: lists with another first row.
        fired: lists whose first row holds a hotword.
    """

    utterances: int
    hypotheses: int
    changed: int
    fired: int


def rescore_table(
    nbest: PathLike,
    hotwords: PathLike,
    output: PathLike,
    *,
    bias: float | None = None,
    weight: float = 1.0,
    kaldi: KaldiCosts | None = None,
) -> RescoredTable:
    """Write an n-best table with the hotwords' rewards in its scores, each utterance's best row first.

    Args:
        nbest: a table with a header: a column of ids, ``score`` in nats, ``text``; ``hotword_score``, where it is there,
            is what the scores hold of hotwords, and is replaced; ``rank`` is numbered anew; other columns stay.
        hotwords: the list, matched on the texts.
        output: the table to write; packed as its suffix says.
        bias: b, nats a character; None: 1.5.
        weight: of the rewards.
        kaldi: the costs of Kaldi's n-best texts, ``utt-1 word ...`` lines, which nbest is then; the output is a table all the
            same.

    Raises:
        TextError: a table without these columns, a row that does not fit or a score that is no number (with its line).
        OptionError: costs without a file.
        HotwordError: the list cannot be used.
    """
    header, *rows = _rows(nbest) if kaldi is None else read_kaldi_nbest(nbest, kaldi)
    id_column = next((header[1].index(name) for name in ID_NAMES if name in header[1]), -1)
    columns = {
        name: header[1].index(name)
        for name in ("rank", "score", "hotword_score", "text")
        if name in header[1]
    }
    if id_column < 0 or "score" not in columns or "text" not in columns:
        raise TextError(
            "its first line does not name columns utterance-id, score and text",
            remedy="Write it with tlg decode --nbest, or add a header",
            file=nbest,
            line=header[0],
        )
    lists: dict[str, list[tuple[list[str], float]]] = {}
    for number, cells in rows:
        if len(cells) != len(header[1]):
            raise TextError(
                f"{len(cells)} columns, not {len(header[1])}",
                remedy="Separate them by one tab each",
                file=nbest,
                line=number,
            )
        score = _number(cells[columns["score"]], nbest, number)
        if "hotword_score" in columns:
            score -= _number(cells[columns["hotword_score"]], nbest, number)
        lists.setdefault(cells[id_column], []).append((cells, score))
    texts = [cells[columns["text"]] for rows in lists.values() for cells, _ in rows]
    compiled = hotwords_of_texts(Path(hotwords), texts, bias=bias)
    lines = ["\t".join(header[1])]
    changed = fired = 0
    for entries in lists.values():
        ranked = rescore(
            [(cells[columns["text"]], score) for cells, score in entries], compiled, weight=weight
        )
        changed += ranked[0].rank != 0
        fired += bool(ranked[0].matches)
        for place, one in enumerate(ranked, 1):
            cells = list(entries[one.rank][0])
            new = {
                "rank": str(place),
                "score": f"{one.total:.4f}",
                "hotword_score": f"{one.hotword_score:.4f}",
            }
            for name, value in new.items():
                if name in columns:
                    cells[columns[name]] = value
            lines.append("\t".join(cells))
    content = "".join(line + "\n" for line in lines).encode()
    with atomic_write(output) as out:
        out.write(compress(content, output))
    return RescoredTable(len(lists), len(texts), changed, fired)


def _rows(path: PathLike) -> list[tuple[int, list[str]]]:
    """Return line number and cells of each line that is not blank."""
    rows = [
        (number, line.removesuffix("\r").split("\t"))
        for number, line in enumerate(read_text(path).split("\n"), 1)
        if line.strip()
    ]
    if not rows:
        raise TextError("holds nothing", remedy="Write it with tlg decode --nbest", file=path)
    return rows


def _number(cell: str, path: PathLike, line: int) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise TextError(f"{cell!r} is no score", remedy="Write nats", file=path, line=line)
    return value
