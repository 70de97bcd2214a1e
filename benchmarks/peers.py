"""The Python decoders that benchmarks measure ours against, each set up once: a function from [T, V] to text.

They are imported inside, by the Python that has them (pyctcdecode needs numpy 1). Nothing of tlg is imported here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

Decode = Callable[[Any], str]


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def symbols_of(folder: Path) -> list[str]:
    return [line.rsplit(None, 1)[0] for line in lines_of(folder / "tokens.txt")]


def words_of(folder: Path) -> list[str]:
    return list(dict.fromkeys(line.split()[0] for line in lines_of(folder / "lexicon.txt")))


def like_pyctcdecode(
    name: str,
    folder: Path,
    arpa: Path,
    *,
    width: int,
    hotwords: list[str] | None = None,
    hotword_weight: float = 10.0,
    alpha: float = 0.5,
    beta: float = 4.0,
) -> Decode:
    """ "pyctcdecode" or "ctc-beam-decoder", with the weights that peers were found to do best with here."""
    if name == "pyctcdecode":
        from pyctcdecode import build_ctcdecoder
    else:
        from ctc_beam_decoder import build_ctcdecoder
    special = {"<blk>": "", "|": " "}
    labels = [special.get(symbol, symbol) for symbol in symbols_of(folder)]
    decoder = build_ctcdecoder(labels, str(arpa), words_of(folder), alpha=alpha, beta=beta)
    options = {"beam_width": width, "hotwords": hotwords, "hotword_weight": hotword_weight}
    return lambda log_probs: " ".join(decoder.decode(log_probs, **options).split())


def flashlight(folder: Path, arpa: Path, *, width: int) -> Decode:
    """flashlight-text with a lexicon and KenLM; its lm_weight counts per log10."""
    from flashlight.lib.text import decoder as fl
    from flashlight.lib.text.dictionary import Dictionary

    ids = {symbol: column for column, symbol in enumerate(symbols_of(folder))}
    words = Dictionary()
    for word in words_of(folder):
        words.add_entry(word)
    words.add_entry("<unk>")
    unk = words.get_index("<unk>")
    words.set_default_index(unk)
    lm = fl.KenLM(str(arpa), words)
    start = lm.start(False)
    trie = fl.Trie(len(ids), ids.get("|", 0))
    for word, *units in (line.split() for line in lines_of(folder / "lexicon.txt")):
        index = words.get_index(word)
        trie.insert([ids[unit] for unit in units], index, lm.score(start, index)[1])
    trie.smear(fl.SmearingMode.MAX)
    options = fl.LexiconDecoderOptions(
        beam_size=width,
        beam_size_token=min(20, len(ids)),
        beam_threshold=25,
        lm_weight=1.5,
        word_score=1.0,
        unk_score=-math.inf,
        sil_score=0,
        log_add=False,
        criterion_type=fl.CriterionType.CTC,
    )
    decoder = fl.LexiconDecoder(options, trie, lm, ids.get("|", -1), 0, unk, [], False)

    def decode(log_probs: Any) -> str:
        found = decoder.decode(log_probs.ctypes.data, *log_probs.shape)
        return " ".join(words.get_entry(i) for i in found[0].words if i >= 0) if found else ""

    return decode
