"""``tlg decode``: posteriors in files over a graph, to a table of texts."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TypeVar

import click
from tqdm import tqdm

from tlg._files import PathLike, atomic_write, read_text
from tlg.decoder.inputs import Frames, read_inputs
from tlg.decoder.result import Result
from tlg.decoder.search import Decoder, SearchOptions
from tlg.errors import InputError, OptionError

__all__ = ["decode"]

BATCH = 64  # utterances held at a time, for each thread
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
@click.option("--graph", required=True, type=click.Path(), help="Graph folder, made by build-tlg.")
@click.option("-o", "--output", required=True, type=click.Path(), help="Table of 'utterance-id<TAB>text'.")
@click.option("--hotwords", type=click.Path(), help="Hotword list; see 'tlg hotwords check'.")
@click.option("--hotword-bias", type=float, help="Nats a unit.  [default: 1.5 * acoustic scale]")
@_number("beam", "Drop paths worse than the best by more, nats.")
@_number("max_active", "Tokens kept after a frame at most.", int)
@_number("min_active", "Tokens kept whatever the beam.", int)
@_number("acoustic_scale", "Multiplies the log-posteriors.")
@_number("lm_weight", "Multiplies the graph's scores.")
@_number("word_score", "Added for each word, nats.")
@_number("blank_penalty", "Taken off for each blank frame, nats.")
@click.option("--config", type=click.Path(), help="JSON object with any of the options above.")
@click.option("--logits", is_flag=True, help="The inputs are raw network output: apply a log-softmax.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def decode(
    inputs: tuple[str, ...],
    graph: str,
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
    settings = _read_config(config) if config is not None else {}
    settings.update({name: value for name, value in options.items() if value is not None})
    bias = hotword_bias if hotword_bias is not None else settings.pop("hotword_bias", None)
    settings.pop("hotword_bias", None)
    decoder = Decoder(graph, hotwords=hotwords, hotword_bias=bias, **settings)
    _show_rejected(decoder)
    counts = {"utterances": 0, "frames": 0, "partial": 0, "hotwords": 0}
    begin, cpu = time.perf_counter(), time.process_time()
    with atomic_write(output) as stream:
        for name, result in _decode_all(decoder, inputs, threads=threads, logits=logits):
            stream.write(f"{name}\t{result.text}\n".encode())
            counts["utterances"] += 1
            counts["frames"] += result.num_frames
            counts["partial"] += result.partial
            counts["hotwords"] += len(result.hotwords)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    if as_json:
        figures = {**counts, "seconds": seconds, "cpu_seconds": cpu}
        click.echo(json.dumps({**figures, "options": dataclasses.asdict(decoder.options)}, indent=2))
        return
    click.echo(
        f"{counts['utterances']} utterances, {counts['frames']} frames in {seconds:.2f} s; "
        f"{counts['partial']} partial, {counts['hotwords']} hotwords fired"
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
                raise
            bar.update(len(batch))
            yield from zip((name for name, _ in batch), results, strict=True)


def _name_utterance(error: InputError, names: list[str]) -> None:
    """Put the utterance's id where decode_batch gave its place in the batch."""
    head, colon, rest = error.message.partition(": ")
    number = head.removeprefix("utterance ")
    if colon and number.isdigit() and int(number) < len(names):
        error.message = f"utterance '{names[int(number)]}': {rest}"


def _read_config(path: str) -> dict[str, Any]:
    """Read the options of a JSON file; names are those of SearchOptions, and hotword_bias."""
    try:
        settings = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise OptionError(
            f"not JSON ({error.msg})", remedy="Write a JSON object", file=path, line=error.lineno
        ) from error
    if not isinstance(settings, dict):
        raise OptionError("not a JSON object", remedy='Write {"acoustic_scale": 1.5, ...}', file=path)
    return settings


def _show_rejected(decoder: Decoder) -> None:
    """List on stderr the hotwords that cannot be used: nothing is dropped in silence."""
    if decoder.hotwords is None:
        return
    for entry in decoder.hotwords.report.rejected:
        click.echo(f"tlg decode: hotword {entry.phrase!r} rejected: {entry.reason}. {entry.remedy}", err=True)
