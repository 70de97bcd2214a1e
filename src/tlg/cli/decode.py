"""``tlg decode``: posteriors in files over a graph, to a table of texts."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from tlg._core import __version__
from tlg._files import PathLike
from tlg.cli.decode_options import merge, search_options
from tlg.cli.decode_outputs import CtmWriter, LatticeWriter, NbestWriter, Output, TextWriter, beside
from tlg.cli.decode_resume import Outputs, fingerprint, resumable_outputs, whole_outputs
from tlg.cli.decode_run import RunFigures, run_pipeline
from tlg.cli.foreign import foreign_options
from tlg.cli.list_options import Bias, ListOptions, bias_option, check_auto, language_model, list_options
from tlg.decoder.graph.graph import Graph
from tlg.decoder.search import Decoder
from tlg.errors import OptionError, TlgError
from tlg.hotwords import AutoBias, ClassEntry, Hotwords, ReportEntry

__all__ = ["decode"]

TABLES = ("words.txt", "tokens.txt", "units.txt", "lexicon.txt")  # that belong to a graph
SHOWN = 20  # rejected hotwords listed before the rest are counted


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--graph",
    required=True,
    type=click.Path(),
    help="Graph folder: of build-tlg, or with another toolkit's TLG.fst.",
)
@click.option("--blank", help="Token or id of the blank, where another toolkit made the graph.")
@foreign_options
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(),
    help="Table of 'utterance-id<TAB>text' (.gz, .bz2, .xz, .zst compress); written whole or not at all.",
)
@click.option("--hotwords", type=click.Path(), help="Hotword list; see 'tlg hotwords check'.")
@bias_option(
    "--hotword-bias",
    help="Nats a unit for hotwords without their own, or 'auto'.  [default: 1.5 * acoustic scale, for phones 0.5 * it]",
)
@click.option("--hotword-lm", type=click.Path(), help="Language model (ARPA) for --hotword-bias auto.")
@list_options
@search_options
@click.option("--ctm", type=click.Path(), help="Words with their times; needs --frame-shift.")
@click.option(
    "--lattices", type=click.Path(), help="Word lattices; the form follows the suffix: docs/lattice_files.md."
)
@click.option("--lattice-format", help="The form of --lattices, whatever its name: kaldi, kaldi-text, ...")
@click.option("--confidence", is_flag=True, default=None, help="Confidences in the CTM file.")
@click.option(
    "--mbr", is_flag=True, default=None, help="Write the words with the least expected number of errors."
)
@click.option(
    "--config",
    type=click.Path(),
    help='JSON object of search options, such as {"beam": 14}; options given here win.',
)
@click.option("--logits", is_flag=True, help="The inputs are raw network output: apply a log-softmax.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Utterances decoded at a time; the results do not depend on it.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Keep what is done in OUTPUT.part, and go on from there if the run is stopped and started again.",
)
@click.option(
    "--frame-shift",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="From one frame to the next: the real-time factor is shown too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print counts, times and options as JSON.")
def decode(
    inputs: tuple[str, ...],
    graph: str,
    blank: str | None,
    foreign: dict[str, Any],
    output: str,
    hotwords: str | None,
    hotword_bias: Bias,
    hotword_lm: str | None,
    listing: ListOptions,
    ctm: str | None,
    lattices: str | None,
    lattice_format: str | None,
    confidence: bool | None,
    config: str | None,
    logits: bool,
    threads: int,
    resume: bool,
    frame_shift: float | None,
    as_json: bool,
    **options: float | bool | None,
) -> None:
    """Decode INPUT: .npz (an array [T, V] for each utterance, or sparse frames), .npy, a folder of .npy, Kaldi
    .ark or .scp (- is an archive on standard input, ark:FILE and scp:FILE name any file or pipe); natural-log
    posteriors unless --logits is given.

    \b
    Example:
        tlg decode --graph graph/ test.npz --acoustic-scale 1.5 --hotwords hot.txt -o hyp.tsv
        tlg decode --graph graph/ test.npz -o hyp.tsv --nbest 10 --lattices lat.ark --ctm hyp.ctm --frame-shift 0.04
        tlg decode --graph graph/ scp:all.scp --threads 8 --resume -o hyp.tsv
    """
    for option, is_given, partner, is_there in (
        ("--confidence", confidence, "--ctm", ctm),
        ("--ctm", ctm is not None, "--frame-shift, the seconds from one frame to the next", frame_shift),
        ("--lattice-format", lattice_format is not None, "--lattices", lattices),
        ("--hotword-bias", hotword_bias is not None, "--hotwords", hotwords),
        ("--hotword-lm", hotword_lm is not None, "--hotwords", hotwords),
    ):
        if is_given and is_there is None:
            raise click.UsageError(f"{option} goes with {partner}")
    listing.check(hotwords)
    wants_lattice = True if lattices is not None or confidence else None
    settings = merge(config, {**options, "hotword_bias": hotword_bias, "lattice": wants_lattice})
    if not (wants_lattice or settings.get("mbr") or settings.get("nbest", 1) > 1):
        if options.get("lattice_beam") is not None:
            raise click.UsageError("--lattice-beam goes with --nbest, --lattices, --mbr or --confidence")
        # Of a --config that several runs share: no output of this one shows a lattice.
        for name in ("lattice", "lattice_beam"):
            settings.pop(name, None)
    bias = settings.pop("hotword_bias", None)
    if hotwords is None:
        bias = None
    check_auto(bias, hotword_lm, ("--hotword-bias", "--hotword-lm"))
    model = language_model(hotword_lm)
    loaded = Graph.load(graph, blank=blank, **foreign)
    listed = None
    if hotwords is not None or listing.classes:
        listed = Hotwords(
            [] if hotwords is None else Path(hotwords),
            graph=loaded,
            bias=bias if model is None else AutoBias(model, lm_weight=settings.get("lm_weight", 1.0)),
            **listing.arguments,
        )
    decoder = Decoder(loaded, hotwords=listed, **settings)
    _show_rejected(decoder)

    writers: list[Output] = [TextWriter(output)]
    if decoder.options.nbest > 1:
        writers.append(NbestWriter(beside(output, ".nbest.tsv")))
    if ctm is not None:
        writers.append(CtmWriter(ctm, frame_shift=frame_shift))
    if lattices is not None:
        writers.append(LatticeWriter(lattices, format=lattice_format))
    signature = {
        "tlg": __version__,
        "graph": fingerprint(graph, beside=TABLES) if resume else None,
        "hotwords": fingerprint(hotwords) if resume and hotwords is not None else None,
        "blank": blank,
        "foreign": foreign,
        "logits": logits,
        "inputs": list(inputs),
        "outputs": [writer.path for writer in writers],
        "frame_shift": frame_shift if ctm is not None else None,
        "lattice_format": lattice_format,
        "hotword_bias": None if listed is None else listed.bias,
        "hotword_lm": fingerprint(hotword_lm) if resume and hotword_lm is not None else None,
        "listing": _signature(listing) if resume else None,
        **dataclasses.asdict(decoder.options),
    }
    with _open_outputs(writers, signature if resume else None) as outputs:
        try:
            figures = run_pipeline(
                decoder,
                inputs,
                outputs=outputs,
                writers=writers,
                threads=threads,
                logits=logits,
                frame_shift=frame_shift,
            )
        except (TlgError, OSError, KeyboardInterrupt):
            if resume:
                kept = f"{outputs.count()} utterances are kept in {output}.part"
                click.echo(f"tlg: {kept}; the same command goes on from there", err=True)
            raise
    _show(figures, decoder, frame_shift, as_json)


def _signature(listing: ListOptions) -> dict[str, Any]:
    """Return what the list is made with, files by what they hold."""
    arguments = dict(listing.arguments)
    arguments["classes"] = {name: fingerprint(path) for name, path in listing.classes.items()}
    if arguments["sentencepiece"] is not None:
        arguments["sentencepiece"] = fingerprint(arguments["sentencepiece"])
    return arguments


def _open_outputs(
    writers: Sequence[Output], signature: Mapping[str, Any] | None
) -> AbstractContextManager[Outputs]:
    heads: dict[PathLike, bytes] = {writer.path: writer.head() for writer in writers}
    if len(heads) < len(writers):
        raise OptionError("two outputs are the same file", remedy="Give each a name of its own")
    return whole_outputs(heads) if signature is None else resumable_outputs(heads, signature)


def _show(figures: RunFigures, decoder: Decoder, frame_shift: float | None, as_json: bool) -> None:
    speed = figures.speed(frame_shift)
    if as_json:
        # JSON knows no infinity: null is "no limit".
        options = {
            name: None if value == math.inf else value
            for name, value in dataclasses.asdict(decoder.options).items()
        }
        report = {**dataclasses.asdict(figures), **speed, "options": options}
        click.echo(json.dumps(report, indent=2, allow_nan=False))
        return
    line = f"{figures.utterances} utterances, {figures.frames} frames in {figures.seconds:.2f} s"
    line += f" ({speed['frames_per_second']:,.0f} frames/s"
    if "real_time_factor" in speed:
        line += f", real-time factor {speed['real_time_factor']:.2g}"
    line += f"); {figures.partial} partial, {figures.hotwords} hotwords fired"
    if figures.narrowed:
        line += f"; {figures.narrowed} lattice beams narrowed"
    if figures.skipped:
        line += f"; {figures.skipped} utterances were there already"
    click.echo(line, err=True)


def _show_rejected(decoder: Decoder) -> None:
    """List on stderr the hotwords that cannot be used: nothing is dropped in silence."""
    if decoder.hotwords is None:
        return
    rejected: list[ReportEntry | ClassEntry] = []
    if decoder.hotwords.num_rejected:
        rejected += decoder.hotwords.report.rejected
    if decoder.hotwords.num_rejected_members:
        rejected += (
            e for one in decoder.hotwords.report.classes for e in one.entries if e.status == "rejected"
        )
    for entry in rejected[:SHOWN]:
        where = f"{entry.file}:{entry.line}: " if entry.line is not None else ""
        click.echo(f"tlg: {where}hotword {entry.phrase!r} rejected: {entry.reason}. {entry.remedy}", err=True)
    if len(rejected) > SHOWN:
        more = len(rejected) - SHOWN
        click.echo(f"tlg: {more} more hotwords rejected; 'tlg hotwords check' lists all", err=True)
