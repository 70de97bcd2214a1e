"""Hotwords here and in the packages that people use today: time, recall and precision against the length of the list.

    python benchmarks/hotword_peers.py --speech SPEECH --text TEXT [--workload WL --lm lm_1m.arpa]
        [--peers PYTHON] [--pyctcdecode PYTHON] [--sizes 10 100 1000] [--weights 3 10] [--biases 0.5 1.5]
        [--utterances 68] [--rounds 2] [--only NAME ...]

--peers is the Python of an environment with ctc-beam-decoder, --pyctcdecode that of one with pyctcdecode (numpy < 2). Two sets:

- babble10: real speech with other voices, 68 utterances (SPEECH: ljspeech_babble10). The columns are phones, and these
  packages spell words in columns: so words are written in phones, a letter each (the pronunciation that the network learnt
  from, one a word); the 3-gram is trained on TEXT/ljspeech_lm.txt.xz written so. Half of the true phrases are not in it.
- letters: synthetic posteriors (WL is what make_workload.py writes), lists hotwords_N.txt, half of which is spoken.

--weights: the packages' hotword_weight, --biases: ours, nats a phone or letter; by default what each has by default (10;
1.5 times the acoustic scale for a token, 0.5 where words are matched). All get the same posteriors, words and model. A list of N
holds true phrases, N / 2 at most, and words that nobody says. Each measurement is a process of its own, the decoders take turns,
user CPU of decoding alone, one thread; the least of the rounds (what takes more than 100 ms an utterance runs once). recall,
precision, F1: of the occurrences of the list's phrases; recall without: of the same phrases by the same decoder without a list.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import peers
from launch import launch, python_of
from peers import lines_of, symbols_of, words_of

Decode = Callable[[Any], str]
SLOW = 100.0  # ms an utterance: what takes longer runs once
# What each was found to do best with on the set, without hotwords.
SETTINGS: dict[str, dict[str, dict[str, float]]] = {
    "babble10": {
        "peers": {"alpha": 0.5, "beta": 1.0},
        "prefix": {"lm_weight": 0.7, "word_score": 1.0, "acoustic_scale": 0.8},
        "graph": {"acoustic_scale": 1.0},
    },
    "letters": {
        "peers": {"alpha": 0.5, "beta": 4.0},
        "prefix": {"lm_weight": 0.8, "word_score": 3.0},
        "graph": {"acoustic_scale": 1.5},
    },
}


def hot_list(args: argparse.Namespace) -> list[str] | None:
    return lines_of(args.set / f"hotwords_{args.count}.txt") if args.count else None


def tlg_prefix(args: argparse.Namespace, **options: Any) -> Decode:
    import tlg

    decoder = tlg.PrefixDecoder(
        args.set / "tokens.txt",
        lm=args.set / "lm.arpa",
        lexicon=words_of(args.set),
        hotwords=hot_list(args),
        hotword_bias=args.weight,
        beam=8.0,
        **SETTINGS[args.set.name]["prefix"],
        **options,
    )
    return lambda log_probs: decoder.decode(log_probs).text


def tlg_prefix_open(args: argparse.Namespace) -> Decode:
    return tlg_prefix(args, unk_score=-10.0)


def tlg_graph(args: argparse.Namespace) -> Decode:
    import tlg

    graph = tlg.Graph.load(args.set / "graph")
    listed = hot_list(args)
    hotwords = tlg.Hotwords(listed, graph=graph, bias=args.weight) if listed else None
    decoder = tlg.Decoder(graph, beam=12.0, hotwords=hotwords, **SETTINGS[args.set.name]["graph"])
    return lambda log_probs: decoder.decode(log_probs).text


def like_pyctcdecode(args: argparse.Namespace) -> Decode:
    strength = {} if args.weight is None else {"hotword_weight": args.weight}
    return peers.like_pyctcdecode(
        args.child,
        args.set,
        args.set / "lm.arpa",
        width=100,
        hotwords=hot_list(args),
        **strength,
        **SETTINGS[args.set.name]["peers"],
    )


OURS = {"tlg prefix": tlg_prefix, "tlg prefix open": tlg_prefix_open, "tlg graph": tlg_graph}
PEERS = {"ctc-beam-decoder": like_pyctcdecode, "pyctcdecode": like_pyctcdecode}


def child(args: argparse.Namespace) -> None:
    with np.load(args.set / "posteriors.npz") as arrays:
        inputs = {name: arrays[name] for name in arrays.files[: args.utterances]}
    decode = {**OURS, **PEERS}[args.child](args)
    for log_probs in list(inputs.values())[:3]:
        decode(log_probs)
    begin = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    texts = {name: decode(log_probs) for name, log_probs in inputs.items()}
    seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime - begin
    print(json.dumps({"ms": 1e3 * seconds / len(inputs), "texts": texts}))


# --- sets ---


def write_set(
    folder: Path,
    posteriors: dict[str, Any],
    refs: dict[str, str],
    tokens: Iterable[str],
    lexicon: Iterable[str],
    arpa: Path,
    **options: Any,
) -> None:
    """Write what a decoder of any Python reads; `options` are those of build_graph."""
    import tlg

    folder.mkdir()
    np.savez(folder / "posteriors.npz", **posteriors)
    write_lines(folder / "refs.tsv", (f"{name}\t{text}" for name, text in refs.items()))
    write_lines(folder / "tokens.txt", (f"{token} {column}" for column, token in enumerate(tokens)))
    write_lines(folder / "lexicon.txt", lexicon)
    (folder / "lm.arpa").symlink_to(arpa.resolve())
    tlg.build_graph(
        lexicon=folder / "lexicon.txt",
        tokens=folder / "tokens.txt",
        lm=folder / "lm.arpa",
        out=folder / "graph",
        **options,
    )


def write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def letters(folder: Path, args: argparse.Namespace) -> None:
    source = args.workload / "graph"
    rows = [line.split("\t") for line in lines_of(args.workload / "refs.tsv")[: args.utterances]]
    write_set(
        folder,
        {row[0]: np.load(source / f"{row[0]}.npz")["log_probs"] for row in rows},
        {row[0]: row[-1] for row in rows},
        symbols_of(source),
        lines_of(source / "lexicon.txt"),
        args.lm,
    )
    for size in filter(None, args.sizes):
        lines = lines_of(args.workload / f"hotwords_{size}.txt")
        write_lines(folder / f"hotwords_{size}.txt", (line.split("\t")[0] for line in lines))


def said_as_learnt(speech: Path) -> dict[str, tuple[str, ...]]:
    """Return one pronunciation of each word: the network's teacher's where it differs from the dictionary's."""
    from hotword_speech import read_lexicon

    known = read_lexicon(speech, "lexicon_cmu.txt.xz")
    return {
        word: next((said for said in ways if said not in known.get(word, ())), ways[0])
        for word, ways in read_lexicon(speech).items()
    }


def babble10(folder: Path, args: argparse.Namespace) -> None:
    from hotword_speech import read_posteriors

    import tlg
    from tlg._files import read_text

    said = said_as_learnt(args.speech)
    symbols = [line.rsplit(None, 1)[0] for line in lines_of(args.speech / "tokens.txt")]
    used = sorted({phone for phones in said.values() for phone in phones})
    spare = (letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in used)
    letter = {phone: phone if len(phone) == 1 else next(spare) for phone in used}
    assert len(set(letter.values())) == len(used)

    def written(text: str) -> str:
        return " ".join("".join(letter[phone] for phone in said[word]) for word in text.split())

    columns = [symbols.index(symbol) for symbol in ("<blank>", "<wb>", *used)]
    posteriors = {}
    for name, frames in read_posteriors(args.speech / "ljspeech_babble10.npz").items():
        x = frames[:, columns]
        posteriors[name] = x - np.logaddexp.reduce(x, axis=1, keepdims=True)
    lines = [written(line) for line in read_text(args.text / "ljspeech_lm.txt.xz").splitlines() if line]
    vocabulary = sorted({word for line in lines for word in line.split()})
    write_lines(folder.parent / "text.txt", lines)
    tlg.lm.train([folder.parent / "text.txt"], order=3).save(folder.parent / "written.arpa")
    rows = [line.split("\t") for line in lines_of(args.speech / "ljspeech_babble10.refs.tsv")]
    refs = {row[0]: written(row[1]) for row in rows[: args.utterances]}
    write_set(
        folder,
        {name: posteriors[name] for name in refs},
        refs,
        ["<blk>", "|", *(letter[phone] for phone in used)],
        (f"{word} {' '.join(word)}" for word in vocabulary),
        folder.parent / "written.arpa",
        separator="|",
        separator_prob=0.75,
    )
    listed = [line.split("\t") for line in lines_of(args.speech / "hotwords_ljspeech.tsv")]
    rng = random.Random(1)
    spoken = {word for ref in refs.values() for word in ref.split()}
    true = [written(row[0]) for row in listed if row[1] == "true"]
    others = [written(row[0]) for row in listed if row[1] != "true"]
    rest = sorted(said)
    rng.shuffle(rest)
    rng.shuffle(true)
    others = [word for word in (*others, *map(written, rest)) if word not in spoken]
    for size in filter(None, args.sizes):
        half = true[: size // 2]
        chosen = list(dict.fromkeys([*half, *others[: size + 100]]))[:size]
        write_lines(folder / f"hotwords_{size}.txt", chosen)


# --- table ---


def strengths(decoder: str, args: argparse.Namespace) -> list[float | None]:
    return list(args.weights or [None]) if decoder in PEERS else list(args.biases or [None])


def measure(decoders: list[str], size: int, args: argparse.Namespace) -> dict[tuple[str, float | None], Any]:
    """Return (decoder, strength) -> the quickest of the rounds; None is the decoder's default."""
    found: dict[tuple[str, float | None], dict[str, Any]] = {}
    for _ in range(args.rounds):
        for decoder in decoders:
            for weight in strengths(decoder, args) if size else [None]:
                if found.get((decoder, weight), {"ms": 0})["ms"] > SLOW:
                    continue
                python = python_of(
                    decoder, own=sys.executable, peers=args.peers, pyctcdecode=args.pyctcdecode
                )
                options = {"set": args.set, "count": size, "utterances": args.utterances}
                if weight is not None:
                    options["weight"] = weight
                one = launch(python or sys.executable, __file__, decoder, **options)
                key = (decoder, weight)
                if key not in found or one["ms"] < found[key]["ms"]:
                    found[key] = one
    return found


def percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def table(name: str, decoders: list[str], args: argparse.Namespace) -> None:
    import tlg

    refs = dict(line.split("\t") for line in lines_of(args.set / "refs.tsv"))
    without: dict[str, Any] = {}
    for size in sorted({0, *args.sizes}):
        found = measure(decoders, size, args)
        phrases = lines_of(args.set / f"hotwords_{size}.txt") if size else []
        if not size:
            without = {decoder: one for (decoder, _), one in found.items()}
        ours = next((one["ms"] for (decoder, _), one in found.items() if decoder == "tlg prefix"), None)
        for (decoder, weight), one in found.items():
            report = tlg.score(refs, one["texts"], hotwords=phrases)
            before = tlg.score(refs, without[decoder]["texts"], hotwords=phrases)
            assert report.hotwords is not None and report.on_rest is not None and before.hotwords is not None
            cells = [
                name,
                str(size),
                decoder if weight is None else f"{decoder}, {weight:g}",
                f"{one['ms']:.2f}",
                f"{one['ms'] / without[decoder]['ms']:.2f}",
                "-" if ours is None else f"{one['ms'] / ours:.1f}",
                percent(before.hotwords.recall),
                percent(report.hotwords.recall),
                percent(report.hotwords.precision),
                percent(report.hotwords.f1),
                f"{100 * report.rate:.2f}",
                percent(report.on_rest.rate) if size else "-",
            ]
            print("| " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--speech", type=Path)
    parser.add_argument("--text", type=Path)
    parser.add_argument("--workload", type=Path)
    parser.add_argument("--lm", type=Path)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--pyctcdecode", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--weights", type=float, nargs="+")
    parser.add_argument("--biases", type=float, nargs="+")
    parser.add_argument("--utterances", type=int, default=68)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs="+")
    for hidden, kind in (("child", str), ("set", Path), ("count", int), ("weight", float)):
        parser.add_argument(f"--{hidden}", type=kind, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args)
        return
    ways = {"own": sys.executable, "peers": args.peers, "pyctcdecode": args.pyctcdecode}
    decoders = [
        name
        for name in (*OURS, *PEERS)
        if python_of(name, **ways) is not None and (args.only is None or name in args.only)
    ]
    head = "set hotwords decoder ms/utterance,times-without,times-tlg-prefix,recall-without-%,recall-%,precision-%,F1-%,WER-%,U-WER-%"
    names = [cell.replace("-", " ") for cell in head.replace(" ", ",").split(",")]
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|", flush=True)
    for name, make, source in (("babble10", babble10, args.speech), ("letters", letters, args.workload)):
        if source is None:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            args.set = Path(scratch) / name
            make(args.set, args)
            table(name, decoders, args)


if __name__ == "__main__":
    main()
