"""What hotwords find and what they spoil in speech: the table of hotword_quality.py for sets of English phones.

    python benchmarks/hotword_speech.py --speech SPEECH --text TEXT [--sets ljspeech ljspeech_babble10 libri_other]
        [--biases 0.25 0.5 0.75] [--lm-biases 0.4 0.6 0.8] [--distractors 0 100 1000 10000] [--beam 12]
        [--whole ljspeech_babble10 libri_other] [--fixed 0.5 0.6]

SPEECH: posteriors, references and hotword lists, most of whose true phrases are rare words; lexicon.txt.xz. TEXT holds
ljspeech_lm.txt.xz and books.txt.xz. The language model is a 3-gram of the former for ljspeech sets, and of every fifth line
of the latter for libri_other; the lexicon holds the words of the model's text, so that it lacks some hotwords, which are
given with their pronunciations. "whole": the lexicon holds all of lexicon.txt.xz, words that the model lacks at the cost of
<unk>. Distractors: those of the list, then the biasing words of others, then words of the whole lexicon; none occurs. "own
lists": each utterance of libri_other with its published list of about 100 words.

b is in nats a phone, after the acoustic scale (1; 0.8 for babble). "lm b": AutoBias with share b. --fixed: bias and share of
the rows with distractors.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from hotword_table import Workbench, print_head
from numpy.typing import NDArray

import tlg
from tlg._files import read_text
from tlg.hotwords import AutoBias

SCALES = {"ljspeech_babble10": 0.8, "ljspeech_babble15": 0.8}
Lexicon = dict[str, list[tuple[str, ...]]]


def read_lexicon(speech: Path, name: str = "lexicon.txt.xz") -> Lexicon:
    lexicon: Lexicon = {}
    for line in read_text(speech / name).splitlines():
        word, *phones = line.split()
        lexicon.setdefault(word, []).append(tuple(phones))
    return lexicon


def lm_text(name: str, text: Path, lexicon: Lexicon) -> Iterator[str]:
    if name.startswith("ljspeech"):
        yield from read_text(text / "ljspeech_lm.txt.xz").splitlines()
    else:
        for line in read_text(text / "books.txt.xz").splitlines()[::5]:
            if all(word in lexicon for word in line.split()):
                yield line


def train(
    name: str, args: argparse.Namespace, lexicon: Lexicon, *, whole: bool = False
) -> tuple[tlg.Graph, tlg.lm.NgramModel]:
    """Return a graph of phones over the words of a text (or over all), and the language model of that text."""
    lines = [line for line in lm_text(name, args.text, lexicon) if line.strip()]
    words = {word for line in lines for word in line.split()}
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "text").write_text("\n".join(lines) + "\n", encoding="utf-8")
        model = tlg.lm.train([Path(scratch) / "text"], order=3)
    graph = tlg.build_graph(
        lexicon={word: said for word, said in lexicon.items() if whole or word in words},
        tokens=args.speech / "tokens.txt",
        lm=model,
        separator="<wb>",
        separator_prob=0.75,
        missing_as_unk=whole,
    )
    return graph, model


def read_posteriors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Return the arrays, normalised: they are stored in float16."""
    with np.load(path) as arrays:
        found = {name: arrays[name].astype(np.float32) for name in arrays.files}
    return {name: x - np.logaddexp.reduce(x, axis=1, keepdims=True) for name, x in found.items()}


def biasing_lists(speech: Path) -> dict[str, list[str]]:
    """Return utterance -> its published list: its rare words and others."""
    rows = [line.split("\t") for line in read_text(speech / "biasing100_libri_other.tsv").splitlines()]
    return {row[0]: [*row[1].split(), *row[2].split()] for row in rows}


def make_bench(
    name: str, graph: tlg.Graph, args: argparse.Namespace, lexicon: Lexicon
) -> tuple[Workbench, list[str], list[str]]:
    """Return the set, its utterance ids and distractors beyond those of its list."""
    posteriors = read_posteriors(args.speech / f"{name}.npz")
    rows = [line.split("\t") for line in read_text(args.speech / f"{name}.refs.tsv").splitlines()]
    refs = {row[0]: row[1] for row in rows}
    listing = "libri_other" if name == "libri_other" else "ljspeech"
    listed = [line.split("\t") for line in read_text(args.speech / f"hotwords_{listing}.tsv").splitlines()]
    bench = Workbench(
        name=name,
        refs=list(refs.values()),
        frames=[posteriors[key] for key in refs],
        true=[row[0] for row in listed if row[1] == "true"],
        others=[row[0] for row in listed if row[1] != "true"],
        unit="word",
        graph=graph,
        options={"beam": args.beam, "acoustic_scale": SCALES.get(name, 1.0)},
        pronunciations=lexicon,
    )
    spoken = {word for ref in refs.values() for word in ref.split()}
    published = {word for words in biasing_lists(args.speech).values() for word in words}
    rng = random.Random(1)
    first, last = sorted(published & lexicon.keys()), sorted(lexicon.keys())
    rng.shuffle(first)
    rng.shuffle(last)
    more = dict.fromkeys([*bench.others, *first, *last])
    return bench, list(refs), [word for word in more if word not in spoken]


def own_lists(bench: Workbench, names: list[str], args: argparse.Namespace) -> None:
    """Decode each utterance with the list that was published for it."""
    lists = biasing_lists(args.speech)
    decoder = tlg.Decoder(bench.graph, **bench.options)
    texts, rejected = [], 0
    for name, frames in zip(names, bench.frames, strict=True):
        hotwords = bench.compiled(list(dict.fromkeys(lists[name])), args.fixed[0])
        rejected += hotwords.num_rejected
        stream = decoder.stream(hotwords=hotwords)
        stream.push(frames)
        texts.append(stream.finish().text)
    everything = list(dict.fromkeys(word for words in lists.values() for word in words))
    bench.show("own lists", everything, f"{args.fixed[0]:g}", texts, str(rejected))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["ljspeech", "ljspeech_babble10", "libri_other"])
    parser.add_argument("--whole", nargs="*", default=["ljspeech_babble10", "libri_other"])
    parser.add_argument("--biases", nargs="+", type=float, default=[0.25, 0.5, 0.75, 1.0])
    parser.add_argument("--lm-biases", nargs="+", type=float, default=[0.4, 0.6, 0.8])
    parser.add_argument("--fixed", nargs=2, type=float, default=[0.5, 0.6], metavar=("BIAS", "SHARE"))
    parser.add_argument("--distractors", nargs="*", type=int, default=[0, 100, 1000, 10000])
    parser.add_argument("--beam", type=float, default=12.0)
    args = parser.parse_args()
    lexicon = read_lexicon(args.speech)
    trained: dict[tuple[bool, bool], tuple[tlg.Graph, tlg.lm.NgramModel]] = {}
    print_head("WER")
    for name, whole in [*((name, False) for name in args.sets), *((name, True) for name in args.whole)]:
        key = (name == "libri_other", whole)
        if key not in trained:
            trained[key] = train(name, args, lexicon, whole=whole)
        graph, model = trained[key]
        bench, names, more = make_bench(name, graph, args, lexicon)
        if whole:
            bench = replace(bench, name=f"{name}, whole")

        def by_lm(share: float, model: tlg.lm.NgramModel = model) -> AutoBias:
            return AutoBias(model, share=share)

        bench.table(args.biases, args.lm_biases, by_lm, args.distractors, more, tuple(args.fixed))
        if name == "libri_other":
            own_lists(bench, names, args)


if __name__ == "__main__":
    main()
