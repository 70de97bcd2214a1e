"""Makes the graphs in this folder: each toolkit's recipe, step by step, on one tiny lexicon and bigram.

    python -m tests.data.foreign.make_samples

Needs kaldifst (Kaldi's graph tools), kaldilm (arpa2fst) and pynini (const files). Each function names the scripts
that it follows and does what they do in their order, with the same tools; the text tools in between (awk, perl)
and k2's operations are written anew here, from what they do. README.md says which files come out.
"""

from __future__ import annotations

import math
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import kaldifst
import kaldilm
import pywrapfst

from tests.data.foreign.k2_steps import compose_topology, ctc_topo, expand, remove_epsilon, to_text
from tests.data.foreign.topologies import (
    compact_t,
    corrected_t,
    eesen_t,
    identity_t,
    riva_t,
    riva_t_with_start,
)

HERE = Path(__file__).resolve().parent
Lexicon = list[tuple[str, list[str]]]

# A repeat inside a word and one across words, homophones, words that begin others.
LEXICON: Lexicon = [
    (line.split()[0], line.split()[1:]) for line in (HERE / "lexicon.txt").read_text().splitlines()
]
UNITS = sorted({unit for _, units in LEXICON for unit in units})
# "an", "aa" and others do not follow <s> in the bigrams: only the backoff leads to them there.
ARPA = (HERE / "lm.arpa").read_text()


def write_table(path: Path, symbols: Iterable[str]) -> dict[str, int]:
    ids = {symbol: i for i, symbol in enumerate(symbols)}
    path.write_text("".join(f"{symbol} {i}\n" for symbol, i in ids.items()), encoding="utf-8")
    return ids


def add_disambiguation(lexicon: Lexicon) -> tuple[Lexicon, int]:
    """utils/add_lex_disambig.pl: #k behind equal pronunciations and behind those that begin another."""
    count: dict[str, int] = defaultdict(int)
    begins: set[str] = set()
    for _, units in lexicon:
        count[" ".join(units)] += 1
        begins.update(" ".join(units[:n]) for n in range(1, len(units)))
    used: dict[str, int] = defaultdict(int)
    out = []
    for word, units in lexicon:
        key = " ".join(units)
        if count[key] > 1 or key in begins:
            used[key] += 1
            units = [*units, f"#{used[key]}"]
        out.append((word, units))
    return out, max(used.values(), default=0)


def compile_fst(lines: Iterable[str], sort: str | None = None) -> kaldifst.StdVectorFst:
    """fstcompile of numbers, and fstarcsort."""
    fst = kaldifst.compile("\n".join(lines) + "\n", acceptor=False)
    if sort is not None:
        kaldifst.arcsort(fst, sort_type=sort)
    return fst


def numbers(line: str, inputs: dict[str, int], outputs: dict[str, int]) -> str:
    """A line of text FST with its symbols replaced."""
    fields = line.split()
    if len(fields) >= 4:
        fields[2], fields[3] = str(inputs[fields[2]]), str(outputs[fields[3]])
    return " ".join(fields)


def lexicon_lines(
    lexicon: Lexicon, silence: str | None = None, probability: float = 0.5, disambiguation: str = ""
) -> list[str]:
    """utils/make_lexicon_fst.pl; with a silence: its optional silence after each word and at the start."""
    lines = []
    state = 0
    if silence is None:
        for word, units in lexicon:
            source = 0
            for i, unit in enumerate(units):
                state += i < len(units) - 1
                target = state if i < len(units) - 1 else 0
                lines.append(f"{source} {target} {unit} {word if i == 0 else '<eps>'}")
                source = target
        return [*lines, "0 0"]
    cost, no_cost = -math.log(probability), -math.log(1 - probability)
    lines += [f"0 1 <eps> <eps> {no_cost}", f"0 3 {silence} <eps> {cost}"]
    lines += [f"2 3 {silence} <eps>", f"3 1 {disambiguation} <eps>"]
    state = 3
    for word, units in lexicon:
        source, said = 1, word
        for i, unit in enumerate(units):
            if i < len(units) - 1:
                state += 1
                lines.append(f"{source} {state} {unit} {said}")
                source, said = state, "<eps>"
            else:
                lines += [f"{source} 1 {unit} {said} {no_cost}", f"{source} 2 {unit} {said} {cost}"]
    return [*lines, "1 0"]


def grammar_old(words: dict[str, int], arpa: str) -> kaldifst.StdVectorFst:
    """arpa2fst without a disambiguation symbol | eps2disambig.pl | s2eps.pl | fstrmepsilon | fstarcsort."""
    known = {"<s>", "</s>", *words}
    if "<s>" not in words:  # EESEN's words.txt; s2eps.pl removes these two before the words are looked up
        words = {**words, "<s>": len(words), "</s>": len(words) + 1}
    kept = [line for line in arpa.splitlines() if not re.search("<unk>", line, re.IGNORECASE)]
    kept = [line.replace("ngram 1=9", "ngram 1=8") for line in kept]
    assert all(set(line.split("\t")[1].split()) <= known for line in kept if "\t" in line)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "lm.arpa").write_text("\n".join(kept) + "\n")
        write_table(Path(folder) / "words.txt", words)
        text = kaldilm.arpa2fst(
            input_arpa=f"{folder}/lm.arpa", read_symbol_table=f"{folder}/words.txt", disambig_symbol=""
        )
    lines = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 4:
            if fields[2] == "0":
                fields[2] = str(words["#0"])
            fields[2:4] = ["0" if f in (str(words["<s>"]), str(words["</s>"])) else f for f in fields[2:4]]
        lines.append(" ".join(fields))
    fst = compile_fst(lines)
    kaldifst.rmepsilon(fst)
    kaldifst.arcsort(fst, sort_type="ilabel")
    return fst


def grammar_new(words: dict[str, int], arpa: str) -> kaldifst.StdVectorFst:
    """arpa2fst --disambig-symbol=#0 --read-symbol-table=words.txt."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "lm.arpa").write_text(arpa)
        write_table(Path(folder) / "words.txt", words)
        text = kaldilm.arpa2fst(
            input_arpa=f"{folder}/lm.arpa", read_symbol_table=f"{folder}/words.txt", disambig_symbol="#0"
        )
    return compile_fst(text.splitlines(), "ilabel")


def compose_lg(
    L: kaldifst.StdVectorFst, G: kaldifst.StdVectorFst, use_log: bool = True
) -> kaldifst.StdVectorFst:
    """fsttablecompose L G | fstdeterminizestar --use-log=true | fstminimizeencoded | fstarcsort."""
    LG = kaldifst.compose(L, G)
    kaldifst.determinize_star(LG, use_log=use_log)
    kaldifst.minimize_encoded(LG)
    kaldifst.arcsort(LG, sort_type="ilabel")
    return LG


def kaldi_style(
    folder: Path,
    t_lines: Callable[[Sequence[str], str], list[str]],
    *,
    tokens: Callable[[list[str]], list[str]],
    blank: str,
    lexicon: Lexicon = LEXICON,
    sentence_marks: bool = True,
    old_arpa2fst: bool = True,
    silence: str | None = None,
    const: bool = False,
    keep_lg: bool = False,
) -> None:
    """compile_lexicon_token_fst.sh and make_tlg.sh (WeNet), their like of EESEN, FunASR and riva."""
    folder.mkdir(parents=True)
    marked, last = add_disambiguation(lexicon)
    marks = [f"#{n}" for n in range(last + 2)]
    token_ids = write_table(folder / "tokens.txt", tokens(marks))
    T = compile_fst(
        [numbers(line, token_ids, token_ids) for line in t_lines(list(token_ids), blank)], "olabel"
    )
    said = sorted({word for word, _ in lexicon})  # sort | uniq
    word_ids = write_table(
        folder / "words.txt", ["<eps>", *said, "#0", *(("<s>", "</s>") if sentence_marks else ())]
    )
    L = compile_fst(
        [numbers(line, token_ids, word_ids) for line in lexicon_lines(marked, silence, 0.5, marks[-1])]
    )
    kaldifst.add_self_loops(L, isyms=[token_ids["#0"]], osyms=[word_ids["#0"]])
    kaldifst.arcsort(L, sort_type="olabel")
    G = (grammar_old if old_arpa2fst else grammar_new)(word_ids, ARPA)
    LG = compose_lg(L, G)
    if keep_lg:
        LG.write(str(folder / "LG.fst"))
    TLG = kaldifst.compose(T, LG)
    TLG.write(str(folder / "TLG.fst"))
    if const:  # fstconvert --fst_type=const
        made = pywrapfst.Fst.read(str(folder / "TLG.fst"))
        pywrapfst.convert(made, "const").write(str(folder / "TLG.fst"))


def wenet(folder: Path, t_lines: Callable[..., list[str]] = compact_t, keep_lg: bool = True) -> None:
    """tools/fst of WeNet; units.txt is the model's: <blank> 0, <unk> 1, ..., <sos/eos> at the end."""
    units = ["<blank>", "<unk>", *UNITS, "<sos/eos>"]
    kaldi_style(
        folder, t_lines, tokens=lambda marks: ["<eps>", *units, *marks], blank="<blank>", keep_lg=keep_lg
    )
    write_table(folder / "units.txt", units)


def funasr(folder: Path) -> None:
    """runtime/tools/fst of FunASR, and what collect_resource_file.sh leaves of it; tokens.json is the model's."""
    units = ["<blank>", "<s>", "</s>", *UNITS, "<unk>"]
    with tempfile.TemporaryDirectory() as made:
        lang = Path(made) / "lang"
        kaldi_style(lang, compact_t, tokens=lambda marks: ["<eps>", *units, *marks], blank="<blank>")
        folder.mkdir(parents=True)
        shutil.copy(lang / "TLG.fst", folder)
        words = [line.split()[0] for line in (lang / "words.txt").read_text().splitlines()]
    (folder / "config.yaml").write_text("token_list:\n" + "".join(f'- "{word}"\n' for word in words))
    (folder / "lexicon.txt").write_text("".join(f"{word}\t{' '.join(units)}\n" for word, units in LEXICON))
    (folder / "tokens.json").write_text("[\n" + ",\n".join(f'"{unit}"' for unit in units) + "\n]\n")


def eesen(folder: Path, space: bool = False) -> None:
    """utils/ctc_compile_dict_token.sh and local/wsj_decode_graph.sh of EESEN; --dict-type char has a space."""
    units = [*(["<SPACE>"] if space else []), *UNITS]
    kaldi_style(
        folder,
        eesen_t,
        tokens=lambda marks: ["<eps>", "<blk>", *units, *marks],
        blank="<blk>",
        sentence_marks=False,
        silence="<SPACE>" if space else None,
    )
    (folder / "units.txt").write_text("".join(f"{unit} {i}\n" for i, unit in enumerate(units, 1)))


def riva(
    folder: Path, t_lines: Callable[..., list[str]], loops: bool = True, blank_first: bool = False
) -> None:
    """mkgraph_ctc.sh of riva-asrlib-decoder, with --topo, --topo-with-selfloops and --blank-first."""
    ends = (["<eps>", "<blk>"], []) if blank_first else (["<eps>"], ["<blk>"])
    kaldi_style(
        folder,
        lambda tokens, blank: t_lines(tokens, blank, loops),
        tokens=lambda marks: [*ends[0], "[UNK]", *UNITS, *ends[1], *marks],
        blank="<blk>",
        old_arpa2fst=False,
        const=True,
    )
    (folder / "blank_first").write_text("true\n" if blank_first else "false\n")
    (folder / "units.txt").write_text("".join(f"{unit}\n" for unit in ["[UNK]", *UNITS]))


def icefall_lang(folder: Path, phones: bool) -> tuple[dict[str, int], dict[str, int], Lexicon]:
    """local/prepare_lang.py (phones: <eps> is token 0 and the blank) or local/prepare_lang_bpe.py of icefall."""
    folder.mkdir(parents=True)
    lexicon = sorted(LEXICON)
    if phones:
        lexicon = [("!SIL", ["SIL"]), *lexicon, ("<UNK>", ["SPN"])]
    marked, last = add_disambiguation(lexicon)
    units = sorted({unit for _, spelled in lexicon for unit in spelled})
    first = ["<eps>"] if phones else ["<blk>", "<sos/eos>", "<unk>"]
    token_ids = write_table(folder / "tokens.txt", [*first, *units, *(f"#{n}" for n in range(last + 1))])
    words = sorted({word for word, _ in lexicon})
    word_ids = write_table(folder / "words.txt", ["<eps>", *words, "#0", "<s>", "</s>"])
    return token_ids, word_ids, marked


def icefall_lexicon(
    marked: Lexicon, tokens: dict[str, int], words: dict[str, int], silence: str | None
) -> list[str]:
    """make_lexicon_fst_no_silence and make_lexicon_fst_with_silence of icefall/ctc/prepare_lang.py."""
    if silence is None:
        lines = lexicon_lines(marked)
    else:
        cost = -math.log(0.5)
        lines = [f"0 1 <eps> <eps> {cost}", f"0 2 <eps> <eps> {cost}", f"2 1 {silence} <eps>"]
        state = 2
        for word, units in marked:
            source = 1
            for i, unit in enumerate(units[:-1]):
                state += 1
                lines.append(f"{source} {state} {unit} {word if i == 0 else '<eps>'}")
                source = state
            said = word if len(units) == 1 else "<eps>"
            lines += [f"{source} {target} {units[-1]} {said} {cost}" for target in (1, 2)]
        lines.append("1 0")
    return [numbers(line, {"<eps>": 0, **tokens}, words) for line in lines]


def add_one(fst: kaldifst.StdVectorFst, keep_zero: bool, outputs: bool) -> None:
    """add_one of icefall/ctc/topo.py."""
    for state in kaldifst.StateIterator(fst):
        for arc in kaldifst.ArcIterator(fst, state):
            if not keep_zero or arc.ilabel != 0:
                arc.ilabel += 1
            if outputs and arc.olabel != 0:
                arc.olabel += 1


def icefall(folder: Path, phones: bool) -> None:
    """local/prepare_lang_fst.py of icefall: HLG.fst for sherpa-onnx (and sherpa)."""
    tokens, words, marked = icefall_lang(folder, phones)
    last_token = max(i for token, i in tokens.items() if not token.startswith("#"))
    last_mark = max(tokens.values())
    lines = []
    for i in range(last_token + 1):  # build_standard_ctc_topo
        lines += [f"{i} {k} {k} {k if i != k else 0}" for k in range(last_token + 1)]
    H = compile_fst([*lines, *(str(i) for i in range(last_token + 1))])
    add_one(H, keep_zero=False, outputs=True)
    L = compile_fst(icefall_lexicon(marked, tokens, words, "SIL" if phones else None))
    add_one(L, keep_zero=phones, outputs=False)
    kaldifst.add_self_loops(L, isyms=[tokens["#0"] + 1], osyms=[words["#0"]])
    kaldifst.arcsort(L, sort_type="olabel")
    LG = compose_lg(L, grammar_new(words, ARPA), use_log=False)
    for state in kaldifst.StateIterator(H):  # add_disambig_self_loops
        for mark in range(tokens["#0"] + 1, last_mark + 2):
            H.add_arc(state, kaldifst.StdArc(mark, mark, 0, state))
    kaldifst.arcsort(H, sort_type="olabel")
    HLG = kaldifst.compose(H, LG)
    kaldifst.determinize_star(HLG)
    for state in kaldifst.StateIterator(HLG):
        for arc in kaldifst.ArcIterator(HLG, state):
            if tokens["#0"] + 1 <= arc.ilabel <= last_mark + 1:
                arc.ilabel = 0
    HLG.write(str(folder / "HLG.fst"))


def k2(folder: Path, modified: bool, openfst: bool) -> None:
    """local/compile_hlg_using_openfst.py of icefall (which makes HLG_fst.pt), then k2.to_str or, for openfst,
    icefall/shared/convert-k2-to-openfst.py."""
    tokens, words, marked = icefall_lang(folder, phones=False)
    L = compile_fst(icefall_lexicon(marked, tokens, words, None))
    kaldifst.add_self_loops(L, isyms=[tokens["#0"]], osyms=[words["#0"]])
    kaldifst.arcsort(L, sort_type="olabel")
    LG = compose_lg(L, grammar_new(words, ARPA), use_log=False)
    arcs, finals = [], {}
    for line in LG.to_str(is_acceptor=False, show_weight_one=True).splitlines():
        fields = line.split()
        if len(fields) <= 2:
            finals[int(fields[0])] = -float(fields[1])
            continue
        label, word = int(fields[2]), int(fields[3])
        label = 0 if label >= tokens["#0"] else label
        word = 0 if word >= words["#0"] else word
        arcs.append((int(fields[0]), int(fields[1]), label, [word] if word else [], -float(fields[4])))
    last_token = max(i for token, i in tokens.items() if not token.startswith("#"))
    HLG = compose_topology(ctc_topo(last_token, modified), remove_epsilon(arcs, finals))
    if not openfst:
        (folder / "HLG.txt").write_text(to_text(HLG))
        return
    compile_fst(expand(HLG)).write(str(folder / "HLG.fst"))


def nemo(folder: Path) -> None:
    """mkgraph_ctc_ov of nemo/collections/asr/parts/utils/wfst_utils.py: the tables are inside TLG.fst."""
    with tempfile.TemporaryDirectory() as made:
        lang = Path(made) / "lang"
        kaldi_style(
            lang,
            riva_t_with_start,
            tokens=lambda marks: ["<eps>", "<unk>", *UNITS, "<blk>", *marks],
            blank="<blk>",
            old_arpa2fst=False,
        )
        fst = pywrapfst.VectorFst.read(str(lang / "TLG.fst"))
        fst.set_input_symbols(pywrapfst.SymbolTable.read_text(str(lang / "tokens.txt")))
        fst.set_output_symbols(pywrapfst.SymbolTable.read_text(str(lang / "words.txt")))
    folder.mkdir(parents=True)
    fst.write(str(folder / "TLG.fst"))


SAMPLES: dict[str, Callable[[Path], None]] = {
    "wenet": wenet,
    "wenet-corrected": lambda folder: wenet(folder, corrected_t, keep_lg=False),
    "wenet-eesen": lambda folder: wenet(folder, eesen_t, keep_lg=False),
    "funasr": funasr,
    "eesen": eesen,
    "eesen-char": lambda folder: eesen(folder, space=True),
    "icefall-bpe": lambda folder: icefall(folder, phones=False),
    "icefall-phone": lambda folder: icefall(folder, phones=True),
    "k2-text": lambda folder: k2(folder, modified=False, openfst=False),
    "k2-text-modified": lambda folder: k2(folder, modified=True, openfst=False),
    "k2-openfst": lambda folder: k2(folder, modified=False, openfst=True),
    "riva-ctc": lambda folder: riva(folder, riva_t),
    "riva-ctc-no-selfloops": lambda folder: riva(folder, riva_t, loops=False),
    "riva-ctc-blank-first": lambda folder: riva(folder, riva_t, blank_first=True),
    "riva-eesen": lambda folder: riva(folder, eesen_t),
    "riva-compact": lambda folder: riva(folder, compact_t),
    "riva-identity": lambda folder: riva(folder, identity_t),
    "nemo": nemo,
}


def make_all(into: Path) -> None:
    for name, make in SAMPLES.items():
        shutil.rmtree(into / name, ignore_errors=True)
        make(into / name)


if __name__ == "__main__":
    make_all(HERE)
