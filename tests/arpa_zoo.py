"""A zoo of odd ARPA files: one small model, and what toolkits, locales and accidents make of it.

Each case says what the reader must do: the repairs it reports, all of them and in this order, or the line
and the words of its refusal. The files are those of data/arpa_zoo (see test_lm_arpa_zoo.py).
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
from dataclasses import dataclass

BASE = """\\data\\
ngram 1=6
ngram 2=8
ngram 3=8

\\1-grams:
-1\t<unk>\t0
0\t<s>\t-0.05115252
-0.54136217\t</s>\t0
-0.6478175\ta\t-0.2410321
-0.6478175\tb\t-0.2410321
-0.78914666\tc\t-0.25527254

\\2-grams:
-0.3537688\ta </s>\t0
-0.5041859\tb </s>\t0
-0.4179998\tc </s>\t0
-0.69897\t<s> a\t-0.30103
-0.4593925\tc a\t-0.30103
-0.5070845\t<s> b\t-0.30103
-0.557027\ta b\t-0.30103
-0.43055022\tb c\t-0.30103

\\3-grams:
-0.4110802\t<s> a </s>
-0.1418166\tc a </s>
-0.39083558\ta b </s>
-0.3555888\tb c </s>
-0.37303266\tb c a
-0.3260665\t<s> a b
-0.16397204\t<s> b c
-0.36097956\ta b c

\\end\\
"""
#: log10 of "a b c" and of an unknown word, each with the end, as KenLM gives them for the base model.
SCORE, OOV = -1.741605, -1.592515


@dataclass(frozen=True)
class Animal:
    """A file and what is to become of it.

    Args:
        data: its bytes.
        repairs: what must be reported, as patterns, each from its beginning; None: the file is refused.
        line, error: where and how it is refused; line None: the file as a whole.
        score, oov: log10 of "a b c" and of an unknown word, each with the end; None: not the base model's.
        word: what stands for c.
    """

    data: bytes
    repairs: tuple[str, ...] | None = ()
    line: int | None = None
    error: str = ""
    score: float | None = SCORE
    oov: float | None = OOV
    word: str = "c"


def accept(data: str | bytes, *repairs: str, score: float | None = SCORE, oov: float | None = OOV) -> Animal:
    return Animal(data.encode() if isinstance(data, str) else data, repairs, score=score, oov=oov)


def renamed(word: str | bytes) -> bytes:
    raw = word.encode() if isinstance(word, str) else word
    return re.sub(rb"\bc\b", lambda _: raw, BASE.encode())


def word(new: str) -> Animal:
    return Animal(renamed(new), word=new)


def refuse(data: str | bytes, line: int | None, error: str) -> Animal:
    return Animal(data.encode() if isinstance(data, str) else data, None, line, error)


def put(old: str, new: str, text: str = BASE) -> str:
    assert old in text, old
    return text.replace(old, new, 1)


def without(mark: str, counts: str) -> str:
    lines = "\n".join(line for line in BASE.split("\n") if mark not in line)
    return put("ngram 1=6\nngram 2=8\nngram 3=8", counts, lines)


SPACING = r"fields set apart in an unusual way \(1 line\)$"
CR = "CR at the end of lines removed"
NO_END = r"the file ends after {} of 8 3-grams and without \\end\\\. It was cut off"
EXPECTED = r"\\{}-grams: expected, found '{}'"
TOP = r"(?s)\\3-grams:\n.*?\n\n"
SPACES = BASE.replace("\t", " ")
NO_ZEROS = BASE.replace("\t0\n", "\n")
SPHINX = (
    "#############################\n## Copyright (c) nobody ##\n#############################\n=============\n"
    "This file is in the ARPA-standard format introduced by Doug Paul.\n\n"
)
IRSTLM = put(
    "ngram 3=\t8\n\\",
    "ngram 3=\t8\n\n\n\\",
    re.sub(r"(ngram \d=)", "\\1\t", put("-1\t<unk>\t0", "-1\t <unk>")).replace("\n\n\\", "\n\\"),
)
UNSORTED = re.sub(
    r"(?s)2-grams:\n(.*?)\n\n",
    lambda m: "2-grams:\n" + "\n".join(sorted(m[1].split("\n"), reverse=True)) + "\n\n",
    BASE,
)
PROB = "the log probability is no number: {}"
ADDED = "Added with the probability that backing off gives$"

ZOO: dict[str, Animal] = {
    "base.arpa": accept(BASE),
    # Encodings, line ends, headers.
    "crlf.arpa": accept(BASE.replace("\n", "\r\n"), rf"line 1: {CR} \(34 lines\)$"),
    "cr_only.arpa": refuse(BASE.replace("\n", "\r"), 1, "lines end in a bare CR .*tr"),
    "mixed_eol.arpa": accept(put("\n\\2-grams:\n", "\r\n\\2-grams:\r\n"), rf"line 13: {CR} \(2 lines\)$"),
    "bom.arpa": accept("\ufeff" + BASE, "line 1: byte order mark removed$"),
    "utf16le.arpa": refuse(b"\xff\xfe" + BASE.encode("utf-16-le"), 1, "UTF-16 text, not UTF-8. Convert"),
    "junk_before.arpa": accept(
        "SRILM model of 2001\nsome free text\n\n" + BASE,
        r"line 1: text before \\data\\ skipped \(lines 1-2\)$",
    ),
    "comment_before.arpa": accept("# Input file: x\n# Smoothing: Modified Kneser-Ney\n" + BASE),
    "blank_before.arpa": accept("\n\n\n" + BASE),
    "junk_after.arpa": accept(BASE + "trained by nobody\n", r"line 35: text after \\end\\ skipped$"),
    "blank_after.arpa": accept(BASE + "\n\n\n"),
    "upper_data.arpa": accept(put("\\data\\", "\\Data\\"), r"line 1: '\\data\\' written in capitals$"),
    "no_data.arpa": refuse(
        BASE[BASE.index("\\1-grams") :], 1, r"\\1-grams: without a \\data\\ header before it. Add"
    ),
    # Counts.
    "count_low1.arpa": accept(put("1=6", "1=5"), "line 2: declared 5 1-grams, found 6$"),
    "count_high1.arpa": accept(put("1=6", "1=7"), "line 2: declared 7 1-grams, found 6$"),
    "count_low2.arpa": accept(put("2=8", "2=7"), "line 3: declared 7 2-grams, found 8$"),
    "count_high3.arpa": accept(put("3=8", "3=9"), "line 4: declared 9 3-grams, found 8$"),
    "count_huge.arpa": refuse(put("3=8", "3=99999999999999999999"), 4, "not a count line .*'ngram 3=999"),
    "count_negative.arpa": refuse(put("3=8", "3=-8"), 4, "not a count line .*'ngram 3=-8'"),
    "count_spaces.arpa": accept(put("ngram 1=6\nngram 2=8", "ngram  1 =   6\nngram 2=\t8")),
    "count_missing2.arpa": refuse(put("ngram 2=8\n", ""), 3, "the count of 2-grams is missing before"),
    "count_zero3.arpa": accept(re.sub(TOP, lambda _: "\\3-grams:\n\n", put("3=8", "3=0")), score=-3.007637),
    "section_missing3.arpa": refuse(re.sub(TOP, "", BASE), 24, EXPECTED.format(3, r"\\end\\")),
    "section_extra.arpa": refuse(
        put("\\end\\", "\\4-grams:\n-0.1\ta b c a\n\n\\end\\"), 34, r"\\end\\ expected, found '\\4-grams:'"
    ),
    "section_wrong_number.arpa": refuse(put("\\2-g", "\\4-g"), 14, EXPECTED.format(2, r"\\4-grams:")),
    "section_typo.arpa": refuse(put("\\2-g", "\\k-ng"), 14, EXPECTED.format(2, r"\\k-ngrams:")),
    "no_blank_after_counts.arpa": accept(put("3=8\n\n", "3=8\n")),
    "no_blank_between_sections.arpa": accept(BASE.replace("\n\n\\", "\n\\")),
    "order1.arpa": accept(
        "\\data\\\nngram 1=4\n\n\\1-grams:\n-1\t<unk>\n-99\t<s>\n-0.5\t</s>\n-0.3\ta\n\n\\end\\\n",
        score=-2.8,
        oov=-1.5,
    ),
    # The end.
    "no_end.arpa": accept(put("\n\\end\\\n", ""), r"line 32: no \\end\\; the counts agree with the header$"),
    "no_final_newline.arpa": accept(BASE.rstrip("\n")),
    "truncated.arpa": refuse(BASE[: BASE.index("-0.37303266") + 6], 29, NO_END.format(4)),
    "truncated_section.arpa": refuse(BASE[: BASE.index("-0.37303266")], 28, NO_END.format(4)),
    "empty.arpa": refuse("", 1, "the file is empty"),
    "only_newlines.arpa": refuse("\n\n\n", 1, r"no \\data\\ header"),
    # Numbers.
    "enotation.arpa": accept(
        put("-0.1418166", "-1.418166E-1", put("-0.05115252", "-5.115252e-02")),
    ),
    "minus_inf.arpa": accept(put("-1\t<unk>", "-inf\t<unk>"), oov=None),
    "minus_inf_caps.arpa": accept(
        put("-1\t<unk>", "-Infinity\t<unk>"),
        r"line 7: infinite log probability read as probability 0 \(1 line\)$",
        oov=None,
    ),
    "minus99.arpa": accept(put("0\t<s>", "-99\t<s>")),
    "nan_prob.arpa": refuse(put("-0.6478175\tb", "nan\tb"), 11, "the log probability is NaN"),
    "nan_backoff.arpa": refuse(put("a\t-0.2410321", "a\tnan"), 10, "the backoff is NaN"),
    "positive_prob.arpa": refuse(
        put("-0.6478175\tb", "0.6478175\tb"), 11, "the log probability 0.6478175 is above 0"
    ),
    "tiny_positive_prob.arpa": accept(
        put("-0.1418166", "1e-9"),
        r"line 26: log probability a little above 0 taken as 0 \(1 line\)$",
    ),
    "positive_backoff.arpa": accept(put("a\t-0.2410321", "a\t0.2410321")),
    "decimal_comma.arpa": refuse(
        re.sub(r"(\d)\.(\d)", r"\1,\2", BASE), 8, "the backoff is no number: '-0,05115252'. .*not a comma"
    ),
    "integer_probs.arpa": accept(put("-0.5041859\tb </s>", "-1\tb </s>")),
    "hex_float.arpa": refuse(put("-0.5041859\tb </s>", "-0x1p-1\tb </s>"), 16, PROB.format("'-0x1p-1'")),
    "text_prob.arpa": refuse(put("-0.5041859\tb </s>", "abc\tb </s>"), 16, PROB.format("'abc'")),
    "plus_sign.arpa": accept(put("a\t-0.2410321", "a\t+0.2410321")),
    # Backoffs.
    "missing_backoff.arpa": accept(
        put("<s> a\t-0.30103", "<s> a"),
        "1 of the 2-grams begin a longer n-gram but have no backoff, one of them: '<s> a'. Taken as 0$",
    ),
    "no_backoffs.arpa": accept(
        re.sub(r"(?m)^(-?[\d.]+\t[^\t\n]+)\t-?[\d.]+$", r"\1", BASE),
        "4 of the 1-grams begin a longer n-gram but have no backoff",
        "5 of the 2-grams begin a longer n-gram but have no backoff",
        oov=-1.541362,
    ),
    "srilm_backoff_style.arpa": accept(put("0\t<s>", "-99\t<s>", NO_ZEROS)),
    "backoff_on_highest.arpa": accept(
        put(
            "c a </s>\n", "c a </s>\t-0.3\n", BASE.replace("-0.1418166\tc a </s>\n", "-0.1418166\tc a </s>\n")
        ),
        r"line 26: backoff of a highest-order n-gram ignored \(1 line\)$",
    ),
    "zero_backoff_on_highest.arpa": accept(put("c a </s>\n", "c a </s>\t0\n")),
    "extra_field.arpa": refuse(
        put("a\t-0.2410321", "a\t-0.2410321\t-0.5"), 10, "more fields than a 1-gram has"
    ),
    # White space.
    "spaces_for_tabs.arpa": accept(SPACES, r"line 7: fields set apart in an unusual way \(22 lines\)$"),
    "sphinx_style.arpa": accept(
        SPHINX + SPACES.replace("0 <s>", "-98.9000 <s>"),
        r"line 4: text before \\data\\ skipped \(lines 4-5\)$",
        r"line 13: fields set apart in an unusual way \(22 lines\)$",
    ),
    "tabs_between_words.arpa": accept(put("a b c\n", "a\tb\tc\n"), f"line 32: {SPACING}"),
    "double_space.arpa": accept(put("a b c\n", "a  b  c\n"), f"line 32: {SPACING}"),
    "double_tab.arpa": accept(put("-0.6478175\tb", "-0.6478175\t\tb"), f"line 11: {SPACING}"),
    "space_after_prob.arpa": accept(put("-0.6478175\tb", "-0.6478175 b"), f"line 11: {SPACING}"),
    "trailing_space.arpa": accept(put("a b c\n", "a b c \n"), f"line 32: {SPACING}"),
    "trailing_tab.arpa": accept(put("b </s>\t0", "b </s>\t"), f"line 16: {SPACING}"),
    "leading_space.arpa": accept(put("-0.6478175\tb", " -0.6478175\tb"), f"line 11: {SPACING}"),
    "irstlm_style.arpa": accept(IRSTLM, f"line 8: {SPACING}"),
    "blank_line_in_section.arpa": accept(
        put("-0.4593925\tc a", "\n-0.4593925\tc a"), r"line 19: blank line inside a section \(1 line\)$"
    ),
    "space_only_line.arpa": accept(put("\n\n\\2-grams:", "\n   \n\\2-grams:")),
    "comment_inside.arpa": refuse(put("-0.4593925\tc a", "# note\n-0.4593925\tc a"), 19, PROB.format("'#'")),
    # Words.
    "u3000_word.arpa": Animal(
        BASE.replace("c\t", "我\u3000们\t")
        .replace("c ", "我\u3000们 ")
        .replace(" c\n", " 我\u3000们\n")
        .encode(),
        word="我\u3000们",
    ),
    "nbsp_word.arpa": word("c\u00a0d"),
    "vt_word.arpa": word("c\x0bd"),
    "nul_word.arpa": refuse(renamed("c\0d"), 12, "a NUL byte"),
    "invalid_utf8_word.arpa": refuse(renamed(b"c\xff\xfe"), 12, "a word that is not UTF-8. Convert"),
    "long_word.arpa": word("c" * 5000),
    "upper_unk.arpa": accept(put("<unk>", "<UNK>"), "<UNK> is taken as the unknown word <unk>$"),
    "no_unk.arpa": accept(
        put("ngram 1=6", "ngram 1=5", put("-1\t<unk>\t0\n", "")),
        "no <unk>: unknown words have probability 0$",
        oov=None,
    ),
    "unk_not_first.arpa": accept(
        put("c\t-0.25527254\n", "c\t-0.25527254\n-1\t<unk>\t0\n", put("-1\t<unk>\t0\n", ""))
    ),
    "no_bos.arpa": accept(
        without("<s>", "ngram 1=5\nngram 2=6\nngram 3=5"),
        "no <s>: sentences start without context$",
        score=-1.92141286,
        oov=-1.54136217,
    ),
    "no_eos.arpa": accept(
        without("</s>", "ngram 1=5\nngram 2=5\nngram 3=4"),
        "no </s>: the end of a sentence has probability 0$",
        score=-99 - 1.38601620,
        oov=-99 - 1.05115252,
    ),
    "sphinx_bos_names.arpa": accept(
        BASE.replace("<s>", "<S>").replace("</s>", "</S>"),
        "no <s>: sentences start without context$",
        "no </s>: the end of a sentence has probability 0$",
        score=-99 - 1.56582406,
        oov=-100,
    ),
    "word_not_in_unigrams.arpa": refuse(
        put("\tb c\t", "\tb zebra\t"), 22, "the word 'zebra' is not among the unigrams"
    ),
    "duplicate_unigram.arpa": accept(
        put("b\t-0.2410321\n", "b\t-0.2410321\n-0.7\tb\t-0.1\n", put("1=6", "1=7")),
        r"line 12: unigram given again: the first was kept \(1 line\)$",
    ),
    "duplicate_bigram.arpa": accept(
        put("a b\t-0.30103\n", "a b\t-0.30103\n-0.6\ta b\t-0.2\n", put("2=8", "2=9")),
        "1 of the 2-grams occur more than once, the first: 'a b'. The first of each was kept$",
    ),
    "missing_prefix.arpa": accept(
        put("-0.557027\ta b\t-0.30103\n", "", put("2=8", "2=7")),
        f"1 of the 2-grams are missing though longer n-grams contain them, the first: 'a b'. {ADDED}",
    ),
    "missing_suffix.arpa": accept(
        put("-0.43055022\tb c\t-0.30103\n", "", put("2=8", "2=7")),
        f"1 of the 2-grams are missing though longer n-grams contain them, the first: 'b c'. {ADDED}",
    ),
    "unsorted.arpa": accept(UNSORTED),
    "too_few_words.arpa": refuse(put("\ta b c\n", "\ta b\n"), 32, "a 3-gram with 2 words"),
    "too_many_words.arpa": refuse(put("\ta b c\n", "\ta b c a\n"), 32, "the backoff is no number: 'a'"),
    "no_words.arpa": refuse(put("\ta b c\n", "\n"), 32, "a 3-gram with 0 words"),
    "eps_word.arpa": word("<eps>"),
    "hash0_word.arpa": word("#0"),
    "mitlm_style.arpa": accept("\n" + put("0\t<s>", "-99\t<s>").replace("\t0\n", "\n")),
    "pocolm_count.arpa": accept(
        put("0\t<s>\t-0.05115252\n", ""),
        "line 2: <s> is counted but has no unigram; added with probability 0$",
        "1 of the 1-grams begin a longer n-gram but have no backoff, one of them: '<s>'. Taken as 0$",
        oov=-1.54136217,
    ),
    "interp_zero_sum.arpa": accept(put("-0.78914666\tc", "-0.01\tc")),
    "class_brackets.arpa": word("[NAME]"),
    # Containers and garbage.
    "gz.arpa.gz": accept(gzip.compress(BASE.encode(), mtime=0)),
    "gz_no_suffix.arpa": accept(gzip.compress(BASE.encode(), mtime=0)),
    "gz_truncated.arpa.gz": refuse(
        gzip.compress(BASE.encode(), mtime=0)[:-60], None, "damaged or truncated compressed data"
    ),
    "gz_two_members.arpa.gz": accept(
        gzip.compress(BASE[:200].encode(), mtime=0) + gzip.compress(BASE[200:].encode(), mtime=0)
    ),
    "bz2.arpa.bz2": accept(bz2.compress(BASE.encode())),
    "xz.arpa.xz": accept(lzma.compress(BASE.encode())),
    "lzma_alone.arpa.lzma": refuse(
        lzma.compress(BASE.encode(), format=lzma.FORMAT_ALONE), 1, r"old \.lzma container. Unpack it"
    ),
    "zstd.arpa.zst": accept(  # a frame of one raw block
        b"\x28\xb5\x2f\xfd\x60"
        + (len(BASE) - 256).to_bytes(2, "little")
        + (len(BASE) << 3 | 1).to_bytes(3, "little")
        + BASE.encode(),
    ),
    "garbage.arpa": refuse(
        bytes((i * 7919 + (i >> 3) * 104729) & 255 for i in range(4096)), 1, "not an ARPA file"
    ),
    "elf_like.arpa": refuse(b"\x7fELF\x02\x01\x01" + bytes(200), 1, "a program, not an ARPA file"),
    "kenlm_magic.arpa": refuse(b"mmap lm " + bytes(100), 1, "KenLM binary, not an ARPA file"),
    "html.arpa": refuse(
        "<!DOCTYPE html><html><body>404 Not Found</body></html>\n", 1, "an HTML page, not an ARPA file"
    ),
    "lfs_pointer.arpa": refuse(
        "version https://git-lfs spec v1\noid sha256:" + "0" * 64 + "\nsize 12345\n", 1, "Git LFS pointer"
    ),
    "plain_text.arpa": refuse("the cat sat on the mat\nthe dog too\n", 1, r"no \\data\\ header"),
    "counts_file.arpa": refuse("a b c\t12\na b\t30\n", 1, r"no \\data\\ header"),
}
