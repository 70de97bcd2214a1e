"""Search parameters and hotword strength from a development set.

Not for: the beam, which buys errors with time (docs/performance.md); choosing on what is tested later.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from tlg.decoder.evaluate.metrics import ScoreReport, score
from tlg.decoder.evaluate.normalise import Normalisation, Unit
from tlg.decoder.graph.graph import Graph
from tlg.decoder.options import SearchOptions
from tlg.decoder.search import Decoder
from tlg.errors import InputError
from tlg.hotwords import AutoBias, Hotwords
from tlg.hotwords.compile import DEFAULT_BIAS, DEFAULT_WORD_BIAS
from tlg.hotwords.files import Hotword, HotwordSource, read_hotwords

__all__ = ["Trial", "TuneReport", "tune"]

Make = Callable[[HotwordSource, "float | AutoBias | None"], Hotwords]

# Parts of the default bias that are tried.
BIASES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
# acoustic_scale is multiplied and divided, the others go up and down, by these in turn.
STEPS: dict[str, tuple[float, ...]] = {
    "acoustic_scale": (1.5, 1.25, 1.1),
    "word_score": (2.0, 1.0, 0.5),
    "blank_penalty": (1.0, 0.5, 0.25),
}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One setting that was tried, and what came of it.

    Args:
        acoustic_scale, word_score, blank_penalty: of the search.
        hotword_bias: b, nats a unit; "auto": of each phrase, from the language model; None: without hotwords.
        report: error rates and, with a list, what was found of it.
    """

    acoustic_scale: float
    word_score: float
    blank_penalty: float
    hotword_bias: float | Literal["auto"] | None
    report: ScoreReport

    def to_dict(self) -> dict[str, Any]:
        """Return setting and figures as plain data for JSON."""
        report = self.report
        figures: dict[str, Any] = {"errors": report.errors, "rate": report.rate}
        if report.hotwords is not None and report.on_rest is not None:
            figures |= {
                "recall": report.hotwords.recall,
                "precision": report.hotwords.precision,
                "f1": report.hotwords.f1,
                "errors_on_rest": report.on_rest.errors,
            }
        names = ("acoustic_scale", "word_score", "blank_penalty", "hotword_bias")
        return {**{name: getattr(self, name) for name in names}, **figures}


@dataclass(frozen=True, kw_only=True)
class TuneReport:
    """What ``tune`` found.

    Args:
        trials: all that was tried, in order.
        best: the one that was chosen.
        options: its search options that are not the defaults, and hotword_bias: what ``tlg decode --config`` takes, and
            a Decoder, unless the bias is "auto", which is for Hotwords.
        notes: what the user should know of the choice.
    """

    trials: tuple[Trial, ...]
    best: Trial
    options: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def tune(
    graph: Graph,
    inputs: Mapping[str, Any],
    refs: Mapping[str, str],
    *,
    start: SearchOptions | None = None,
    hotwords: HotwordSource | None = None,
    make: Make | None = None,
    lm: Any = None,
    search: bool = True,
    unit: Unit = "word",
    normalise: Normalisation = "none",
    threads: int = 1,
    progress: Callable[[Trial], None] | None = None,
) -> TuneReport:
    """Choose acoustic_scale, word_score and blank_penalty, then the bias of a hotword list.

    The first three by the fewest errors without hotwords: each in turn is moved up and down, in smaller and smaller
    steps, as long as that helps (coordinate descent; lm_weight stays as it is, for only its ratio to the others changes
    what wins). The bias by the best F1 of the list, among those that make no more errors on the other units than there are
    without the list; of equals the smallest.

    Args:
        graph: to search.
        inputs: utterance id -> posteriors, as Decoder.decode takes them.
        refs: utterance id -> text; other ids are left out.
        start: where to begin, and the options that stay (beam, lm_weight, ...).
        hotwords: a list with phrases that occur and phrases that do not (distractors); those with a bias of their own
            keep it.
        make: makes the list with a bias, where it takes more than the phrases: say
            ``lambda source, bias: Hotwords(source, graph=graph, bias=bias, g2p="english")``. Also without phrases: the
            classes that it fills are there in all trials.
        lm: the language model for bias="auto", which is tried besides numbers.
        search: False: keep the search options of ``start``, choose the bias alone.
        unit: what errors are counted in, "word" or "char".
        normalise: done to both sides before they are compared.
        threads: utterances decoded at a time.
        progress: called with each trial.

    Raises:
        InputError: an utterance without a reference, none at all, or a list none of whose phrases occurs.
        HotwordError: a list that cannot be used.
    """
    missing = [name for name in inputs if name not in refs]
    if missing or not inputs:
        what = f"utterance {missing[0]!r} has no reference" if missing else "there are no utterances"
        raise InputError(what, remedy="Give posteriors and references of the same utterances")
    start = start or SearchOptions()
    notes: list[str] = []
    lists = None
    if hotwords is not None:
        auto = None if lm is None else AutoBias(lm, lm_weight=start.lm_weight)
        lists = _Lists(read_hotwords(hotwords), make or partial(_plain_list, graph), auto)
        made = lists.make(None)  # what is wrong with the list is told before hours of trials
        if made.num_rejected:
            notes.append(
                f"{made.num_rejected} phrases of the list are rejected; 'tlg hotwords check' tells why"
            )
    without = None if make is None else make([], None)
    if without is not None and without.num_rejected_members:
        notes.append(
            f"{without.num_rejected_members} members of classes are rejected; 'tlg hotwords check' tells why"
        )
    tuner = _Tuner(graph, inputs, refs, start, lists, without, unit, normalise, threads, progress)
    best = tuner.search() if search else tuner.run({}, None)
    if lists is not None:
        best = tuner.choose_bias(best, lists, notes)
    options = tuner.options_of(best)
    return TuneReport(trials=tuple(tuner.trials), best=best, options=options, notes=tuple(notes))


def _plain_list(graph: Graph, source: HotwordSource, bias: float | AutoBias | None) -> Hotwords:
    return Hotwords(source, graph=graph, bias=bias)


class _Lists:
    """Makes the list with one bias or another.

    Args:
        hotwords: its phrases.
        make: makes it.
        auto: what "auto" is; None: it is not tried.
    """

    def __init__(self, hotwords: list[Hotword], make: Make, auto: AutoBias | None) -> None:
        self.hotwords = hotwords
        self.auto = auto
        self._make = make

    def make(self, bias: float | Literal["auto"] | None) -> Hotwords:
        return self._make(self.hotwords, self.auto if bias == "auto" else bias)


class _Tuner:
    """Runs settings, and remembers them."""

    def __init__(
        self,
        graph: Graph,
        inputs: Mapping[str, Any],
        refs: Mapping[str, str],
        start: SearchOptions,
        lists: _Lists | None,
        without: Hotwords | None,
        unit: Unit,
        normalise: Normalisation,
        threads: int,
        progress: Callable[[Trial], None] | None,
    ) -> None:
        self._graph = graph
        self._frames: Sequence[Any] = list(inputs.values())
        self._names = list(inputs)
        self._refs = {name: refs[name] for name in inputs}
        self._start = dataclasses.replace(start, nbest=1, lattice=False, mbr=False)
        self._lists, self._without = lists, without
        self._unit, self._normalise, self._threads = unit, normalise, threads
        self._progress = progress
        self.trials: list[Trial] = []
        self._known: dict[tuple[Any, ...], Trial] = {}

    def run(self, changes: Mapping[str, float], bias: float | Literal["auto"] | None) -> Trial:
        """Decode with a setting, or return what came of it before."""
        options = dataclasses.replace(self._start, **dict[str, Any](changes))
        key = (options.acoustic_scale, options.word_score, options.blank_penalty, bias)
        if key in self._known:
            return self._known[key]
        compiled = self._without
        if bias is not None:
            assert self._lists is not None
            compiled = self._lists.make(bias)
        decoder = Decoder(self._graph, hotwords=compiled, **dataclasses.asdict(options))
        results = decoder.decode_batch(self._frames, threads=self._threads)
        report = score(
            self._refs,
            {name: result.text for name, result in zip(self._names, results, strict=True)},
            unit=self._unit,
            normalise=self._normalise,
            hotwords=None if self._lists is None else self._lists.hotwords,
        )
        trial = Trial(
            acoustic_scale=options.acoustic_scale,
            word_score=options.word_score,
            blank_penalty=options.blank_penalty,
            hotword_bias=bias,
            report=report,
        )
        self._known[key] = trial
        self.trials.append(trial)
        if self._progress is not None:
            self._progress(trial)
        return trial

    def search(self) -> Trial:
        """Return the setting with the fewest errors without hotwords, as far as small steps lead."""
        names = list(STEPS)
        if self._graph.info.topology == "none":
            names.remove("blank_penalty")
        setting = {name: float(getattr(self._start, name)) for name in names}
        best = self.run(setting, None)
        for stage in range(len(STEPS["acoustic_scale"])):
            moved = True
            while moved:
                moved = False
                for name in names:
                    for value in _neighbours(name, setting[name], stage):
                        trial = self.run({**setting, name: value}, None)
                        if trial.report.errors < best.report.errors:
                            best, setting, moved = trial, {**setting, name: value}, True
        return best

    def choose_bias(self, plain: Trial, lists: _Lists, notes: list[str]) -> Trial:
        """Return the setting with the bias whose list is found best at no cost for the other units."""
        assert plain.report.hotwords is not None and plain.report.on_rest is not None
        if plain.report.hotwords.in_refs == 0:
            raise InputError(
                "no hotword of the list occurs in the references",
                remedy="Give a list whose phrases the development set holds, and distractors",
            )
        if all(count.in_refs for count in plain.report.hotwords.phrases.values()) and (
            len(plain.report.hotwords.phrases) == plain.report.hotwords.num_phrases
        ):
            notes.append("every phrase of the list occurs: without distractors false alarms are not seen")
        setting = {name: getattr(plain, name) for name in STEPS}
        units = lists.make(None).units_are
        default = (DEFAULT_BIAS if units == "tokens" else DEFAULT_WORD_BIAS) * plain.acoustic_scale
        biases: list[float | Literal["auto"]] = [round(part * default, 6) for part in BIASES]
        best = plain
        for bias in [*biases, "auto"] if lists.auto is not None else biases:
            trial = self.run(setting, bias)
            if _worth(trial) > _worth(best) and _on_rest(trial) <= _on_rest(plain):
                best = trial
        if best is plain:
            notes.append("no bias finds more of the list without errors on the other words: none is set")
        return best

    def options_of(self, best: Trial) -> dict[str, Any]:
        """Return what a config file holds: what differs from the defaults."""
        options = dataclasses.asdict(self._start) | {name: getattr(best, name) for name in STEPS}
        default = dataclasses.asdict(SearchOptions())
        # What a result holds besides its text is asked for where it is used.
        unset = ("nbest", "lattice", "lattice_beam", "mbr")
        changed = {
            name: value for name, value in options.items() if value != default[name] and name not in unset
        }
        return changed | ({} if best.hotword_bias is None else {"hotword_bias": best.hotword_bias})


def _neighbours(name: str, value: float, stage: int) -> tuple[float, float]:
    step = STEPS[name][stage]
    if name == "acoustic_scale":
        return round(value * step, 4), round(value / step, 4)
    return round(value + step, 4), round(value - step, 4)


def _worth(trial: Trial) -> float:
    assert trial.report.hotwords is not None
    return trial.report.hotwords.f1 or 0.0


def _on_rest(trial: Trial) -> int:
    assert trial.report.on_rest is not None
    return trial.report.on_rest.errors
