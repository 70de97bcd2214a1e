"""From lexicon, tokens and language model to a decoding graph."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from tlg import _core
from tlg._files import PathLike
from tlg.decoder.graph import openfst_engine
from tlg.decoder.graph.graph import SPECIAL_WORDS, TOPOLOGIES, Graph, GraphInfo
from tlg.decoder.graph.lexicon import LexiconSource, load_lexicon
from tlg.decoder.graph.report import BuildReport
from tlg.decoder.graph.tokens import TokenTable
from tlg.errors import ArpaError, OptionError, TextError, TokensError
from tlg.lm.binary import read_model
from tlg.lm.model import NgramModel

__all__ = ["build_graph"]

Topology = Literal["implicit", "ctc", "ctc-compact", "none"]
Progress = Callable[[str, int, int], object]


def build_graph(
    *,
    lexicon: LexiconSource,
    tokens: PathLike | Sequence[str] | TokenTable,
    lm: PathLike | NgramModel,
    out: PathLike | None = None,
    blank: str | int | None = None,
    topology: Topology = "implicit",
    engine: Literal["native", "openfst"] = "native",
    separator: str | None = None,
    separator_prob: float = 0.5,
    unknown: Literal["drop", "renormalise", "map"] = "drop",
    missing_as_unk: bool = False,
    drop_unknown: bool = False,
    fst_type: Literal["const", "vector"] = "const",
    progress: Progress | None = None,
) -> Graph:
    """Build a decoding graph.

    Args:
        lexicon: ``word [probability] token token ...`` lines, or {word: [[token, ...], ...]}; see load_lexicon.
        tokens: the model's columns: ``symbol id`` lines, a list of symbols, or a TokenTable.
        lm: an ARPA file (plain, gz, bz2, xz, zst) or a tlg.lm.NgramModel.
        out: graph folder to write; an existing graph there is replaced.
        blank: token or id of the CTC blank; by default looked for by its usual names.
        topology: "implicit" (LG; the decoder applies the CTC rule, exact and smallest), "ctc" (exact T o LG),
            "ctc-compact" (smaller T o LG, which lets a unit repeat without a blank), "none" (a model with one
            posterior per token and no blank).
        engine: "native", or "openfst": the textbook route with pynini, for checking the native one on small
            graphs. Its graphs say the same, in other states (num_roots is 0).
        separator: a token that may follow each word, such as ``<wb>`` or a silence.
        separator_prob: its probability, above 0 and below 1.
        unknown: n-grams with words that the lexicon lacks: "drop" them and keep the other scores; drop them and
            "renormalise" what is left; or "map" their probability to ``<unk>``, which the lexicon must have.
        missing_as_unk: give words that the LM lacks the unigram cost of ``<unk>``; otherwise they are left out.
        drop_unknown: skip and report pronunciations with unknown tokens, instead of an error.
        fst_type: OpenFst's type of the transducer in the folder; see Graph.save.
        progress: called as progress(phase, done, total), with the phases "read" (bytes of the ARPA file), "grammar",
            "compose", "topology" and "write", each begun with done 0; total 0 is not known (a pipe).

    Raises:
        LexiconError, TokensError, ArpaError: an input cannot be used; with file, line and remedy.
        OptionError: an option out of its range.
    """
    begin = time.perf_counter()
    tell: Progress = progress or (lambda phase, done, total: None)
    _check_options(topology, engine, fst_type, separator_prob, unknown, missing_as_unk)
    table = TokenTable.of(tokens, blank=blank, ctc=topology != "none")
    label = _separator_label(table, separator)
    entries = load_lexicon(lexicon, table, drop_unknown=drop_unknown)
    model, name = _load_lm(lm, tell)
    tell("grammar", 0, 1)
    grammar = _core.Grammar(model, name, entries, _core.Unknown[unknown], missing_as_unk)
    found = grammar.report
    roots = separators = 0
    slots: _core.Fst | None = None
    tell("compose", 0, 1)
    if engine == "native":
        del model  # a large model need not be held while its graph is built
        made = _core.build_lg(grammar, entries, label, separator_prob)
        fst, roots, separators = made.fst, made.num_roots, made.num_separators
        slots = made.slots if topology == "implicit" and made.slots.num_arcs > 0 else None
    else:
        fst = openfst_engine.build_lg(
            entries, model, num_tokens=len(table), separator=label, separator_prob=separator_prob
        )
    if table.blank is not None and topology != "implicit":
        tell("topology", 0, 1)
        fst = _core.apply_ctc(fst, table.blank + 1, topology == "ctc-compact")
        roots = separators = 0
    info = GraphInfo(
        topology=topology,
        num_roots=roots,
        num_separators=separators,
        empty_root=grammar.empty if roots else -1,
        separator=separator,
        separator_prob=separator_prob if separator is not None else None,
        unk_cost=found.unk_cost if found.unk_cost >= 0 else None,
        slots=tuple(grammar.slot_words) if slots is not None else (),
        built={
            "engine": engine,
            "lexicon": "lexicon" if isinstance(lexicon, Mapping) else str(lexicon),
            "lm": name,
            "unknown": unknown,
            "missing_as_unk": missing_as_unk,
            "drop_unknown": drop_unknown,
        },
    )
    report = BuildReport(
        words=len(entries.words),
        pronunciations=entries.num_pronunciations,
        words_without_pronunciation=tuple(found.words_without_pronunciation),
        words_without_lm=tuple(found.words_without_lm),
        duplicate_pronunciations=tuple(entries.duplicates),
        dropped_pronunciations=tuple(entries.dropped),
        lm_repairs=tuple(found.repairs),
        dropped_ngrams=found.dropped_ngrams,
        skipped_ngrams=found.skipped_ngrams,
        backoff_only_states=found.backoff_only_states,
        merged_states=found.merged_states,
        unreachable_states=found.unreachable_states,
        roots=grammar.num_states,
        states=fst.num_states,
        arcs=fst.num_arcs,
        notes=() if found.has_sentence_start else ("the model has no <s>: sentences start anywhere",),
    )
    words = ("<eps>", *entries.words, *SPECIAL_WORDS)
    report = replace(report, seconds=round(time.perf_counter() - begin, 3))
    graph = Graph(fst, table, words, info, report, entries, slot_arcs=slots)
    if out is not None:
        tell("write", 0, 1)
        graph.save(out, fst_type=fst_type)
        tell("write", 1, 1)
    return graph


def _check_options(
    topology: str, engine: str, fst_type: str, separator_prob: float, unknown: str, missing_as_unk: bool
) -> None:
    for name, value, known in (
        ("topology", topology, TOPOLOGIES),
        ("engine", engine, ("native", "openfst")),
        ("unknown", unknown, ("drop", "renormalise", "map")),
        ("fst_type", fst_type, ("const", "vector")),
    ):
        if value not in known:
            raise OptionError(f"{name}={value!r} does not exist", remedy=f"Use one of: {', '.join(known)}")
    if not hasattr(separator_prob, "__float__") or not 0.0 < separator_prob < 1.0:
        raise OptionError(
            f"separator_prob {separator_prob!r} is not above 0 and below 1", remedy="Use 0.5 if unsure"
        )
    if engine == "openfst" and (unknown != "drop" or missing_as_unk):
        raise OptionError(
            "engine='openfst' knows no other way with unknown words than to drop them",
            remedy="Use engine='native'",
        )


def _separator_label(tokens: TokenTable, separator: str | None) -> int:
    if separator is None:
        return 0
    column = tokens.id(separator)
    if column == tokens.blank:
        raise TokensError(
            f"the separator '{separator}' is the blank",
            remedy="Leave it out: the decoder puts blanks where they belong",
            file=tokens.name,
        )
    return column + 1


def _load_lm(lm: PathLike | NgramModel, tell: Progress) -> tuple[_core.NgramModel, str]:
    if isinstance(lm, NgramModel):
        return lm.core, repr(lm)
    done = total = 0
    if Path(lm).is_file():
        total = Path(lm).stat().st_size
    tell("read", done, total)

    def read(size: int) -> None:
        nonlocal done
        done += size
        tell("read", done, total)

    try:
        return read_model(lm, read), str(lm)
    except TextError as error:
        raise ArpaError(error.message, remedy=error.remedy, file=error.file) from error
