"""``tlg hotwords rescore`` as its user sees it."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tlg.errors import OptionError, TextError
from tlg.hotwords.kaldi_nbest import KaldiCosts
from tlg.hotwords.nbest_table import rescore_table

TABLE = """utterance-id\trank\tscore\tam_score\thotword_score\ttext
a\t1\t-2.5000\t-2.0000\t0.0000\ti live in newark now
a\t2\t-3.0000\t-2.2500\t0.0000\ti live in new york now
b\t1\t5.0000\t-1.0000\t7.0000\tnewer words
b\t2\t-1.5000\t-1.0000\t0.0000\tnewest words
"""


def tlg(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tlg", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def write(folder: Path, table: str, hotwords: str = "new york 2\n") -> tuple[Path, Path]:
    (folder / "nbest.tsv").write_text(table, encoding="utf-8")
    (folder / "hot.txt").write_text(hotwords, encoding="utf-8")
    return folder / "nbest.tsv", folder / "hot.txt"


def test_rows_are_put_in_order(tmp_path: Path) -> None:
    nbest, hot = write(tmp_path, TABLE)
    out = tmp_path / "out.tsv"
    shown = tlg("hotwords", "rescore", nbest, "--hotwords", hot, "-o", out, "--bias", "0.25")
    assert (shown.returncode, shown.stdout) == (0, "")
    assert "2 utterances, 4 hypotheses: 2 utterances have another best one, 1 of the best" in shown.stderr
    assert out.read_text(encoding="utf-8").splitlines() == [
        "utterance-id\trank\tscore\tam_score\thotword_score\ttext",
        "a\t1\t1.0000\t-2.2500\t4.0000\ti live in new york now",  # 8 characters of 0.25, and 2
        "a\t2\t-2.5000\t-2.0000\t0.0000\ti live in newark now",
        "b\t1\t-1.5000\t-1.0000\t0.0000\tnewest words",  # the other one's 7 were of hotwords before
        "b\t2\t-2.0000\t-1.0000\t0.0000\tnewer words",
    ]


def test_json_and_packed_output(tmp_path: Path) -> None:
    nbest, hot = write(tmp_path, "id\tscore\ttext\nx\t-1\tnew york\n\nx\t-2\tnew work\r\n")
    out = tmp_path / "out.tsv.gz"
    shown = tlg("hotwords", "rescore", nbest, "--hotwords", hot, "-o", out, "--json")
    assert json.loads(shown.stdout) == {"utterances": 1, "hypotheses": 2, "changed": 0, "fired": 1}
    assert (
        gzip.decompress(out.read_bytes()).decode()
        == "id\tscore\ttext\nx\t13.0000\tnew york\nx\t-2.0000\tnew work\n"
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", r"nbest\.tsv: holds nothing"),
        ("a\t1\tx\n", r"nbest\.tsv:1: its first line does not name columns utterance-id, score and text"),
        ("id\tscore\ttext\na\t1\n", r"nbest\.tsv:2: 2 columns, not 3"),
        ("id\tscore\ttext\na\t1\tx\na\tinf\tx\n", r"nbest\.tsv:3: 'inf' is no score"),
    ],
)
def test_bad_tables(tmp_path: Path, table: str, message: str) -> None:
    nbest, hot = write(tmp_path, table)
    with pytest.raises(TextError, match=message):
        rescore_table(nbest, hot, tmp_path / "out.tsv")
    assert not (tmp_path / "out.tsv").exists()


def test_a_mistake_is_one_line(tmp_path: Path) -> None:
    nbest, hot = write(tmp_path, "a\n")
    shown = tlg("hotwords", "rescore", nbest, "--hotwords", hot, "-o", tmp_path / "out.tsv")
    assert shown.returncode == 1
    assert "Traceback" not in shown.stderr
    assert tlg("hotwords", "rescore", nbest).returncode == 2


KALDI = "a-1 i live in newark now\na-2 i live in new york now\nb-utt-1\nb-utt-2 newest\n"


def test_texts_of_kaldi(tmp_path: Path) -> None:
    nbest, hot = write(tmp_path, KALDI)
    am, lm = tmp_path / "ac", tmp_path / "lm"
    am.write_text("a-1 4\na-2 5\nb-utt-1 6\nb-utt-2 7.5\n", encoding="utf-8")
    lm.write_text("a-1 0.5\na-2 0.5\nb-utt-1 -1\nb-utt-2 -1\n", encoding="utf-8")
    out = tmp_path / "out.tsv"
    options: list[str | Path] = [
        "--am-costs",
        am,
        "--lm-costs",
        lm,
        "--acoustic-scale",
        "0.5",
        "--bias",
        "0.25",
    ]
    shown = tlg("hotwords", "rescore", nbest, "--hotwords", hot, "-o", out, *options)
    assert (shown.returncode, shown.stdout) == (0, "")
    assert out.read_text(encoding="utf-8").splitlines() == [
        "utterance-id\trank\tscore\tam_score\tlm_score\thotword_score\ttext",
        "a\t1\t1.0000\t-5.0000\t-0.5000\t4.0000\ti live in new york now",  # -2.5 - 0.5 + 4
        "a\t2\t-2.5000\t-4.0000\t-0.5000\t0.0000\ti live in newark now",
        "b-utt\t1\t-2.0000\t-6.0000\t1.0000\t0.0000\t",
        "b-utt\t2\t-2.7500\t-7.5000\t1.0000\t0.0000\tnewest",
    ]
    for text, costs, message in (
        ("a-x b\n", "a-x 1\n", "nbest.tsv:1: key 'a-x' does not end with a rank"),
        ("a-1 b\na-1 c\n", "a-1 1\n", "nbest.tsv:2: key 'a-1' is there twice"),
        ("a-1 b\n", "a-2 1\n", "nbest.tsv:1: key 'a-1' has no cost in"),
        ("a-1 b\n", "a-1 x\n", "ac:1: 'a-1 x' is no cost of its own"),
        ("\n", "a-1 1\n", "nbest.tsv: holds nothing"),
    ):
        nbest.write_text(text, encoding="utf-8")
        am.write_text(costs, encoding="utf-8")
        with pytest.raises(TextError, match=re.escape(message)):
            rescore_table(nbest, hot, out, kaldi=KaldiCosts(am=am))
    with pytest.raises(OptionError, match="have no scores"):
        rescore_table(nbest, hot, out, kaldi=KaldiCosts())
    assert (
        tlg("hotwords", "rescore", nbest, "--hotwords", hot, "-o", out, "--acoustic-scale", "2").returncode
        == 2
    )
