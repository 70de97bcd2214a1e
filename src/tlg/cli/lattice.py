"""``tlg lattice``: what is in files of lattices, how good they are, and the same in other forms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from tlg._files import write_packed
from tlg.decoder.evaluate.metrics import score as score_texts
from tlg.decoder.evaluate.normalise import Unit
from tlg.decoder.evaluate.tables import read_table
from tlg.decoder.lattice import Lattice
from tlg.decoder.lattice_files import FORMATS, lattice_format, read_lattices, write_lattices
from tlg.errors import LatticeError, OptionError, TextError

__all__ = ["lattice"]

Command = TypeVar("Command", bound=Callable[..., object])


def _reading(command: Command) -> Command:
    """Add the options of reading."""
    for option in (
        click.option(
            "--acoustic-scale",
            type=float,
            default=1.0,
            show_default=True,
            help="Multiplies the acoustic scores of Kaldi's files: that of the search.",
        ),
        click.option(
            "--words", type=click.Path(), help="words.txt of the graph; JSON files have their own words."
        ),
        click.argument("file", type=click.Path()),
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def lattice() -> None:
    """Look at lattices, convert and draw them.

    \b
    Example:
        tlg lattice oracle lattices.ark refs.tsv --words graph/words.txt --acoustic-scale 1.5
        tlg lattice convert lattices.ark utt-7.svg --utterance utt-7 --words graph/words.txt
    """


@lattice.command()
@_reading
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def info(file: str, words: str | None, acoustic_scale: float, as_json: bool) -> None:
    """Count what FILE holds; density is the number of arcs over a frame, on average.

    \b
    Example:
        tlg lattice info lattices.ark --json
    """
    figures: dict[str, float] = dict.fromkeys(
        ("utterances", "empty", "partial", "frames", "states", "arcs"), 0
    )
    covered = 0.0
    for _, one in read_lattices(file, words=words, acoustic_scale=acoustic_scale):
        figures["utterances"] += 1
        figures["empty"] += not one
        figures["partial"] += one.partial
        figures["frames"] += one.num_frames
        figures["states"] += one.core.num_states
        figures["arcs"] += len(one)
        covered += one.density * one.num_frames
    figures["density"] = covered / figures["frames"] if figures["frames"] else 0.0
    if as_json:
        click.echo(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        click.echo(f"{name:<11}{value:.2f}" if name == "density" else f"{name:<11}{value}")


@lattice.command()
@_reading
@click.argument("refs", type=click.Path())
@click.option(
    "--unit", type=click.Choice(["word", "char"]), default="word", show_default=True, help="WER or CER."
)
@click.option("--json", "as_json", is_flag=True, help="Print both reports as JSON.")
def oracle(file: str, refs: str, words: str | None, acoustic_scale: float, unit: Unit, as_json: bool) -> None:
    """Error rate of the best choice among the paths of FILE, beside that of the best path; REFS: 'id<TAB>text'.

    \b
    Example:
        tlg lattice oracle lattices.ark refs.tsv --words graph/words.txt --acoustic-scale 1.5
    """
    table = read_table(refs)
    nearest: dict[str, str] = {}
    best: dict[str, str] = {}
    for name, one in _distinct(file, words, acoustic_scale):
        if name not in table:
            raise TextError(
                f"no reference of utterance {name!r}", remedy="Add it, or leave the lattice out", file=refs
            )
        _require_words(one, words, file)
        nearest[name] = " ".join(one.oracle(table[name].split(), unit=unit).path.words) if one else ""
        best[name] = " ".join(one.best_path().words) if one else ""
    reports = {
        name: score_texts(table, texts, unit=unit) for name, texts in (("oracle", nearest), ("best", best))
    }
    if as_json:
        click.echo(json.dumps({name: report.to_dict() for name, report in reports.items()}, indent=2))
        return
    for name, report in reports.items():
        click.echo(f"{name:<7}{report.signature}")


@lattice.command()
@_reading
@click.argument("output", type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="Form of OUTPUT; by default as its suffix says.",
)
@click.option(
    "--utterance", help="Only this one; needed for forms that hold one lattice (openfst, dot, svg)."
)
@click.option("--beam", type=float, help="Keep what lies on a path within so many nats of the best one.")
def convert(
    file: str,
    output: str,
    words: str | None,
    acoustic_scale: float,
    form: str | None,
    utterance: str | None,
    beam: float | None,
) -> None:
    """Write the lattices of FILE to OUTPUT: .ark and .txt for Kaldi, .json, .fst (OpenFst), .svg and .dot (drawings).

    \b
    Example:
        tlg lattice convert lattices.ark utt-7.svg --utterance utt-7 --words graph/words.txt
    """
    name = lattice_format(output, form)
    if utterance is None and not FORMATS[name].is_archive:
        raise OptionError(f"the format '{name}' holds one lattice", remedy="Give --utterance")
    if beam is not None and not beam >= 0:
        raise OptionError(f"--beam {beam} is not 0 or more", remedy="Give nats")

    def pruned(one: Lattice) -> Lattice:
        return one if beam is None else one.prune(beam)

    if utterance is not None:
        one = Lattice.read(file, words=words, acoustic_scale=acoustic_scale, key=utterance)
        pruned(one).write(output, format=name, key=utterance)
        return
    found = read_lattices(file, words=words, acoustic_scale=acoustic_scale)
    write_lattices(output, ((key, pruned(one)) for key, one in found), format=name)


@lattice.command()
@_reading
@click.argument("output", type=click.Path())
@click.option(
    "-n", "--count", type=click.IntRange(min=1), default=10, show_default=True, help="Paths of each lattice."
)
def nbest(file: str, output: str, words: str | None, acoustic_scale: float, count: int) -> None:
    """Write the best paths of each lattice of FILE to the table OUTPUT, the best first; scores in nats.

    \b
    Example:
        tlg lattice nbest lattices.ark nbest.tsv -n 100 --words graph/words.txt --acoustic-scale 1.5
    """
    with write_packed(output) as write:
        write(b"utterance-id\trank\tscore\tam_score\tlm_score\thotword_score\ttext\n")
        for name, one in read_lattices(file, words=words, acoustic_scale=acoustic_scale):
            for rank, path in enumerate(one.paths(count), 1):
                scores = "\t".join(f"{value:.4f}" for value in path[2:6])
                write(f"{name}\t{rank}\t{scores}\t{path.text}\n".encode())


def _require_words(one: Lattice, words: str | None, file: str) -> None:
    """Refuse labels that stand for words: against a text, all of them would be errors."""
    if words is None and one.words and all(word == str(label) for label, word in one.words.items()):
        raise LatticeError(
            "the file has labels, not words", remedy="Give --words, the words.txt of the graph", file=file
        )


def _distinct(file: str, words: Any, acoustic_scale: float) -> Iterator[tuple[str, Lattice]]:
    seen: set[str] = set()
    for name, one in read_lattices(file, words=words, acoustic_scale=acoustic_scale):
        if name in seen:
            raise LatticeError(f"utterance {name!r} comes twice", remedy="Remove one of them", file=file)
        seen.add(name)
        yield name, one
