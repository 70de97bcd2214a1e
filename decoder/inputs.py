"""Reading what ``tlg decode`` takes: .npz, .npy, folders of .npy, Kaldi .ark and .scp.

What is read is handed on as it is stored, an utterance at a time; it is checked where it is decoded (tlg._arrays).
"""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlg._files import PathLike, read_bytes
from tlg.decoder.ark import STANDARD_INPUT, read_ark, read_scp, scp_lines
from tlg.decoder.sparse import SparseFrames
from tlg.errors import InputError, PosteriorError, TlgError

__all__ = ["Frames", "count_inputs", "read_inputs", "read_npz"]

Frames = NDArray[Any] | SparseFrames


def read_inputs(
    paths: PathLike | Iterable[PathLike], *, skip: Collection[str] = ()
) -> Iterator[tuple[str, Frames]]:
    """Yield (utterance id, posteriors) of the files, one after the other, each in its own order.

    Args:
        paths: ``.npz`` (one array [T, V] an utterance, or a packed set: see read_npz), ``.npy`` (the name
            without its suffix is the id), a folder of ``.npy`` (by name), Kaldi ``.ark`` (binary, compressed
            or text matrices) or ``.scp``; ``ark:FILE`` and ``scp:FILE`` as Kaldi writes them, whose FILE may be a
            pipe or ``-``, standard input (``-`` alone is ``ark:-``).
        skip: utterances that are left out; they are not read where that can be.

    Raises:
        MissingFileError: there is no such file.
        PosteriorError: a file that cannot be read as such; names the file.
        InputError: an utterance id that comes twice.
    """
    unwanted = frozenset(skip)
    seen: dict[str, PathLike] = {}
    for path in _listed(paths):
        for name, frames in _read_one(path, unwanted):
            if name in seen:
                where = "" if seen[name] == path else f" (it is in {seen[name]} too)"
                raise InputError(
                    f"utterance '{name}' comes twice{where}",
                    remedy="Give each utterance its own id",
                    file=path,
                )
            seen[name] = path
            if frames is not None and name not in unwanted:
                yield name, frames


def count_inputs(paths: PathLike | Iterable[PathLike]) -> int | None:
    """Return how many utterances the files hold, where that is known without reading them; None where not.

    What is wrong with a file is left to read_inputs to say.
    """
    total = 0
    try:
        for path in _listed(paths):
            kind, place = _kind(path)
            if kind == "folder":
                total += len(list(Path(place).glob("*.npy")))
            elif kind == ".npy":
                total += 1
            elif kind == ".npz":
                with _open_npz(path) as arrays:
                    total += len(arrays["lengths"]) if _is_packed(arrays) else len(arrays)
            elif kind == ".scp" and place != STANDARD_INPUT:
                total += sum(1 for _ in scp_lines(place))
            else:
                return None
    except (TlgError, *_BROKEN):
        return None
    return total


def _listed(paths: PathLike | Iterable[PathLike]) -> list[PathLike]:
    return [paths] if isinstance(paths, str | Path) or not isinstance(paths, Iterable) else list(paths)


def _kind(path: PathLike) -> tuple[str, str]:
    """Return what a path is, as a suffix or "folder", and where it is."""
    kind, colon, rest = str(path).partition(":")
    kind = kind.partition(",")[0]  # ark,t: or scp,p: as Kaldi writes them
    if colon and kind in ("ark", "scp"):
        if rest.rstrip().endswith("|"):
            raise PosteriorError(
                "a command, which ends in '|', is not run",
                remedy="Run it yourself: COMMAND | tlg ... -",
                file=path,
            )
        return f".{kind}", rest
    if str(path) == STANDARD_INPUT:
        return ".ark", STANDARD_INPUT
    place = Path(path)
    return ("folder" if place.is_dir() else place.suffix), str(path)


def _read_one(path: PathLike, skip: frozenset[str]) -> Iterator[tuple[str, Frames | None]]:
    """Yield what a file holds; None for what was skipped unread."""
    kind, place = _kind(path)
    if kind == "folder":
        files = sorted(Path(place).glob("*.npy"))
        if not files:
            raise PosteriorError("a folder without .npy files", remedy="Check the path", file=path)
        for file in files:
            yield file.stem, None if file.stem in skip else _load_npy(file)
    elif kind == ".npz":
        yield from _read_npz(place, skip)
    elif kind == ".npy":
        yield Path(place).stem, _load_npy(place)
    elif kind == ".ark":
        yield from read_ark(place)
    elif kind == ".scp":
        yield from read_scp(place, skip=skip)
    else:
        read_bytes(place)  # a missing file is the better message
        raise PosteriorError(
            f"posteriors in a file of the unknown kind '{kind}'",
            remedy="Pass .npz, .npy, a folder of .npy, .ark or .scp (or ark:FILE, scp:FILE)",
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
    for name, frames in _read_npz(path, frozenset()):
        assert frames is not None
        yield name, frames


def _read_npz(path: PathLike, skip: frozenset[str]) -> Iterator[tuple[str, Frames | None]]:
    with _open_npz(path) as arrays:
        try:
            if _is_packed(arrays):
                yield from _unpack(path, {name: arrays[name] for name in arrays})
                return
            for name in arrays:
                yield name, None if name in skip else _read_array(arrays, name)
        except _BROKEN as error:
            if isinstance(error, InputError):
                raise
            raise PosteriorError(
                f"damaged array ({error})", remedy="Write the file again", file=path
            ) from error


_BROKEN = (ValueError, EOFError, zipfile.BadZipFile, OSError)


def _is_packed(arrays: Mapping[str, Any]) -> bool:
    return {"logp", "lengths"} <= set(arrays)


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


@contextlib.contextmanager
def _open_npz(path: PathLike) -> Iterator[Mapping[str, NDArray[Any]]]:
    """Open an .npz, whose arrays are read when they are asked for."""
    with contextlib.ExitStack() as stack:
        if _is_plain(path):
            loaded = _load(stack.enter_context(Path(path).open("rb")), path)
        else:
            loaded = _load(io.BytesIO(read_bytes(path)), path)
        if not isinstance(loaded, Mapping):
            raise PosteriorError("the content does not fit the suffix", remedy="Rename the file", file=path)
        yield loaded


def _read_array(arrays: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    """Return an array of an .npz. What numpy parses as Python is most of the time of reading a short one."""
    archive = getattr(arrays, "zip", None)
    member = f"{name}.npy"
    if archive is None or member not in archive.NameToInfo:
        return arrays[name]
    data: bytes = archive.read(member)
    found = _NPY_HEAD.match(data)
    if found is None:  # a rarer kind
        array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
        return array
    at = 10 + int.from_bytes(data[8:10], "little")
    return np.frombuffer(data, found[1].decode(), offset=at).reshape(int(found[2]), int(found[3]))


# Version 1 of the form, and a matrix in C order.
_NPY_HEAD = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>]f[248])', 'fortran_order': False, 'shape': \(([0-9]+), ([0-9]+)\), \} *\n",
    re.DOTALL,
)


def _load_npy(path: PathLike) -> NDArray[Any]:
    loaded = _load(io.BytesIO(read_bytes(path)), path)
    if not isinstance(loaded, np.ndarray):
        raise PosteriorError("the content does not fit the suffix", remedy="Rename the file", file=path)
    return loaded


def _is_plain(path: PathLike) -> bool:
    """Return whether a file is a plain .npz. Any other is read whole, which also says what is wrong with it."""
    try:
        with Path(path).open("rb") as stream:
            return stream.read(2) == b"PK"
    except OSError:
        return False


def _load(stream: Any, path: PathLike) -> Any:
    """Return what numpy reads, arrays of an .npz by name; anything that goes wrong names the file."""
    try:
        return np.load(stream, allow_pickle=False)
    except _BROKEN as error:
        if isinstance(error, InputError) or getattr(error, "file", None) is not None:
            raise
        raise PosteriorError(
            f"not a numpy file ({error})", remedy="Write it with numpy.save", file=path
        ) from error
