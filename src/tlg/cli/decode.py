"""``tlg decode``: posteriors in files over a graph, to a table of texts."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import click
from tqdm import tqdm

from tlg._files import PathLike, atomic_write, compress, read_text
from tlg.decoder.evaluate.tables import table_line
from tlg.decoder.graph.graph import Graph
from tlg.decoder.inputs import Frames, read_inputs
from tlg.decoder.options import SearchOptions
from tlg.decoder.result import Result
from tlg.decoder.search import Decoder
from tlg.errors import InputError, OptionError

__all__ = ["decode"]

BATCH = 64  # utterances held at a time, for each thread
SHOWN = 20  # rejected hotwords listed before the rest are counted
_DEFAULTS = SearchOptions()

Command = TypeVar("Command", bound=Callable[..., object])


def _number(name: str, text: str, kind: type = float) -> Callable[[Command], Command]:
    """Return the decorator of one search option; unset means: from --config, else its default."""
    default = getattr(_DEFAULTS, name)
    return click.option(
        f"--{name.replace('_', '-')}", name, type=kind, help=f"{text}  [default: {default:g}]"
    )


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--graph",
    required=True,
    type=click.Path(),
    help="Graph folder: of build-tlg, or with another toolkit's TLG.fst.",
)
@click.option("--blank", help="Token or id of the blank, where another toolkit made the graph.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(),
    help="Table of 'utterance-id<TAB>text' (.gz, .bz2, .xz, .zst compress); written whole or not at all.",
)
@click.option("--hotwords", type=click.Path(), help="Hotword list; see 'tlg hotwords check'.")
@click.option(
    "--hotword-bias",
    type=float,
    help="Nats a unit for hotwords without their own.  [default: 1.5 * acoustic scale, for phones 0.5 * it]",
)
@_number("beam", "Drop paths worse than the best by more, nats.")
@_number("max_active", "Tokens kept after a frame at most.", int)
@_number("min_active", "Tokens kept whatever the beam.", int)
@_number("acoustic_scale", "Multiplies the log-posteriors.")
@_number("lm_weight", "Multiplies the graph's scores.")
@_number("word_score", "Added for each word, nats.")
@_number("blank_penalty", "Taken off for each blank frame, nats.")
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
@click.option("--json", "as_json", is_flag=True, help="Print counts, times and options as JSON.")
def decode(
    inputs: tuple[str, ...],
    graph: str,
    blank: str | None,
    output: str,
    hotwords: str | None,
    hotword_bias: float | None,
    config: str | None,
    logits: bool,
    threads: int,
    as_json: bool,
    **options: float | None,
) -> None:
    """Decode INPUT: .npz (an array [T, V] for each utterance, or sparse frames), .npy, a folder of .npy, Kaldi
    .ark or .scp; natural-log posteriors unless --logits is given.

    \b
    Example:
        tlg decode --graph graph/ test.npz --acoustic-scale 1.5 --hotwords hot.txt -o hyp.tsv
    """
    given = {
        name: value for name, value in {**options, "hotword_bias": hotword_bias}.items() if value is not None
    }
    settings = _merge(config, given)
    loaded = Graph.load(graph, blank=blank)
    decoder = Decoder(loaded, hotwords=None if hotwords is None else Path(hotwords), **settings)
    _show_rejected(decoder)
    counts = {"utterances": 0, "frames": 0, "partial": 0, "hotwords": 0}
    begin, cpu = time.perf_counter(), time.process_time()
    with atomic_write(output) as stream:
        lines = []
        for name, result in _decode_all(decoder, inputs, threads=threads, logits=logits):
            lines.append(table_line(name, result.text, output))
            counts["utterances"] += 1
            counts["frames"] += result.num_frames
            counts["partial"] += result.partial
            counts["hotwords"] += len(result.hotwords)
        stream.write(compress("".join(lines).encode(), output))
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    if as_json:
        figures = {**counts, "seconds": seconds, "cpu_seconds": cpu}
        click.echo(json.dumps({**figures, "options": dataclasses.asdict(decoder.options)}, indent=2))
        return
    click.echo(
        f"{counts['utterances']} utterances, {counts['frames']} frames in {seconds:.2f} s; "
        f"{counts['partial']} partial, {counts['hotwords']} hotwords fired",
        err=True,
    )


def _decode_all(
    decoder: Decoder, inputs: tuple[PathLike, ...], *, threads: int, logits: bool
) -> Iterator[tuple[str, Result]]:
    """Yield (utterance id, result) in the order of the inputs, a batch at a time."""
    waiting: Iterator[tuple[str, Frames]] = read_inputs(inputs)
    with tqdm(unit=" utterances", disable=not sys.stderr.isatty()) as bar:
        while batch := list(islice(waiting, BATCH * threads)):
            try:
                results = decoder.decode_batch(
                    [frames for _, frames in batch], threads=threads, logits=logits
                )
            except InputError as error:
                _name_utterance(error, [name for name, _ in batch])
                error.remedy = error.remedy.replace("logits=True", "--logits")
                raise
            bar.update(len(batch))
            yield from zip((name for name, _ in batch), results, strict=True)


def _name_utterance(error: InputError, names: list[str]) -> None:
    """Put the utterance's id where decode_batch gave its place in the batch."""
    head, colon, rest = error.message.partition(": ")
    number = head.removeprefix("utterance ")
    if colon and number.isdigit() and int(number) < len(names):
        error.message = f"utterance '{names[int(number)]}': {rest}"


def _merge(config: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of the config file under those given; what is wrong in the file names the file."""
    settings = {} if config is None else _read_config(config)
    settings.update(given)
    try:
        SearchOptions.from_dict(
            {name: value for name, value in settings.items() if name != "hotword_bias"},
            others=["hotword_bias"],
        )
    except OptionError as error:
        name = error.message.removeprefix("unknown option ").partition("=")[0].strip("'")
        if config is not None and name not in given and name in settings:
            error.file = config
        raise
    return settings


def _read_config(path: str) -> dict[str, Any]:
    """Read the options of a JSON file; names are those of SearchOptions, and hotword_bias."""
    try:
        settings = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise OptionError(
            f"not JSON ({error.msg})", remedy="Write a JSON object", file=path, line=error.lineno
        ) from error
    except RecursionError as error:
        raise OptionError("JSON nested too deeply", remedy="Write a plain JSON object", file=path) from error
    if not isinstance(settings, dict):
        raise OptionError("not a JSON object", remedy='Write {"acoustic_scale": 1.5, ...}', file=path)
    bias = settings.get("hotword_bias")
    if isinstance(bias, bool) or not isinstance(bias, int | float | None):
        raise OptionError(f"hotword_bias={bias!r} is not a number", remedy="Give nats a unit", file=path)
    return settings


def _show_rejected(decoder: Decoder) -> None:
    """List on stderr the hotwords that cannot be used: nothing is dropped in silence."""
    if decoder.hotwords is None:
        return
    rejected = decoder.hotwords.report.rejected
    for entry in rejected[:SHOWN]:
        where = f"{entry.file}:{entry.line}: " if entry.line is not None else ""
        click.echo(f"tlg: {where}hotword {entry.phrase!r} rejected: {entry.reason}. {entry.remedy}", err=True)
    if len(rejected) > SHOWN:
        more = len(rejected) - SHOWN
        click.echo(f"tlg: {more} more hotwords rejected; 'tlg hotwords check' lists all", err=True)
