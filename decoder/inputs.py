"""Reading what ``tlg decode`` takes: .npz, .npy, folders of .npy, Kaldi .ark and .scp.

What is read is handed on as it is stored; it is checked where it is decoded (tlg._arrays).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlg._files import PathLike, read_bytes
from tlg.decoder.ark import read_ark, read_scp
from tlg.decoder.sparse import SparseFrames
from tlg.errors import InputError, PosteriorError

__all__ = ["Frames", "read_inputs", "read_npz"]

Frames = NDArray[Any] | SparseFrames


def read_inputs(paths: PathLike | Iterable[PathLike]) -> Iterator[tuple[str, Frames]]:
    """Yield (utterance id, posteriors) of the files, one after the other, each in its own order.

    Args:
        paths: ``.npz`` (one array [T, V] an utterance, or a packed set: see read_npz), ``.npy`` (the name
            without its suffix is the id), a folder of ``.npy`` (by name), Kaldi ``.ark`` (binary, compressed
            or text matrices) or ``.scp``; ``ark:FILE`` and ``scp:FILE`` as Kaldi writes them.

    Raises:
        MissingFileError: there is no such file.
        PosteriorError: a file that cannot be read as such; names the file.
        InputError: an utterance id that comes twice.
    """
    listed = [paths] if isinstance(paths, str | Path) or not isinstance(paths, Iterable) else list(paths)
    seen: dict[str, PathLike] = {}
    for path in listed:
        for name, frames in _read_one(path):
            if name in seen:
                where = "" if seen[name] == path else f" (it is in {seen[name]} too)"
                raise InputError(
                    f"utterance '{name}' comes twice{where}",
                    remedy="Give each utterance its own id",
                    file=path,
                )
            seen[name] = path
            yield name, frames


def _read_one(path: PathLike) -> Iterator[tuple[str, Frames]]:
    kind, colon, rest = str(path).partition(":")
    if colon and kind in ("ark", "scp"):
        yield from (read_ark if kind == "ark" else read_scp)(rest)
        return
    place = Path(path)
    if place.is_dir():
        files = sorted(place.glob("*.npy"))
        if not files:
            raise PosteriorError("a folder without .npy files", remedy="Check the path", file=path)
        for file in files:
            yield file.stem, _load(file)
        return
    suffix = place.suffix
    if suffix == ".npz":
        yield from read_npz(place)
    elif suffix == ".npy":
        yield place.stem, _load(place)
    elif suffix == ".ark":
        yield from read_ark(place)
    elif suffix == ".scp":
        yield from read_scp(place)
    else:
        read_bytes(place)  # a missing file is the better message
        raise PosteriorError(
            f"posteriors in a file of the unknown kind '{suffix}'",
            remedy="Pass .npz, .npy, a folder of .npy, .ark or .scp",
            file=path,
        )


def read_npz(path: PathLike) -> Iterator[tuple[str, Frames]]:
    """Yield (utterance id, posteriors) of an .npz file in its order.

    Three forms are told apart by the names of the arrays:

    - one array [T, V] an utterance, its name the id;
    - packed and sparse: ``ids`` and ``logp`` [sum of T, K], ``rest`` [sum of T], ``lengths`` [N];
    - packed and dense: ``logp`` [sum of T, V], ``lengths`` [N].

    A packed set may hold ``utterances``, N strings; otherwise the ids are ``<file name>-000``, ``-001`` ...

    Raises:
        MissingFileError: there is no such file.
        PosteriorError: no .npz file, cut off, holding pickled objects, or lengths that do not fit.
    """
    arrays = _load(path)
    assert isinstance(arrays, Mapping)
    names = list(arrays)
    try:
        if {"logp", "lengths"} <= set(names):
            yield from _unpack(path, {name: arrays[name] for name in names})
            return
        for name in names:
            yield name, arrays[name]
    except (ValueError, EOFError, zipfile.BadZipFile, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise PosteriorError(f"damaged array ({error})", remedy="Write the file again", file=path) from error


def _unpack(path: PathLike, arrays: dict[str, NDArray[Any]]) -> Iterator[tuple[str, Frames]]:
    lengths, log_probs = arrays["lengths"], arrays["logp"]
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or log_probs.ndim != 2:
        raise PosteriorError("'lengths' is not [N] of integers, or 'logp' not [sum of T, K]", file=path)
    if (lengths < 0).any() or int(lengths.sum()) != log_probs.shape[0]:
        raise PosteriorError(
            f"the lengths sum to {int(lengths.sum())} frames, but there are {log_probs.shape[0]} rows",
            remedy="Write the file again",
            file=path,
        )
    stem = Path(path).stem
    names = [str(x) for x in arrays["utterances"]] if "utterances" in arrays else None
    if names is None:
        names = [f"{stem}-{i:03d}" for i in range(len(lengths))]
    if len(names) != len(lengths):
        raise PosteriorError(f"{len(names)} utterance ids for {len(lengths)} lengths", file=path)
    ids, rest = arrays.get("ids"), arrays.get("rest")
    if (ids is None) != (rest is None):
        raise PosteriorError("sparse frames need both 'ids' and 'rest'", file=path)
    ends = np.cumsum(lengths)
    for name, end, length in zip(names, ends, lengths, strict=True):
        rows = slice(int(end) - int(length), int(end))
        if ids is None or rest is None:
            yield name, log_probs[rows]
            continue
        try:
            yield name, SparseFrames(ids[rows], log_probs[rows], rest[rows])
        except PosteriorError as error:
            raise PosteriorError(f"'{name}': {error.message}", remedy=error.remedy, file=path) from error


def _load(path: PathLike) -> Any:
    """Return what numpy reads, arrays of an .npz by name; anything that goes wrong names the file."""
    try:
        loaded = np.load(io.BytesIO(read_bytes(path)), allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile, OSError) as error:
        if isinstance(error, InputError) or getattr(error, "file", None) is not None:
            raise
        raise PosteriorError(
            f"not a numpy file ({error})", remedy="Write it with numpy.save", file=path
        ) from error
    if (Path(path).suffix == ".npz") != isinstance(loaded, Mapping):
        raise PosteriorError("the content does not fit the suffix", remedy="Rename the file", file=path)
    return loaded
