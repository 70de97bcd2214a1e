"""The two example sets: what they consist of, and how their models and graphs are made with tlg.

Shared by demo.py and choose_parameters.py, which are run as scripts of this folder.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import tlg
from tlg._files import read_text
from tlg.decoder.evaluate.tables import read_table
from tlg.decoder.inputs import read_inputs

HERE = Path(__file__).resolve().parent
OUT = HERE / "out"
PARAMETERS = HERE / "parameters.json"


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Of one set; chosen on its dev part by choose_parameters.py."""

    beam: float
    acoustic_scale: float
    lm_weight: float
    word_score: float
    blank_penalty: float
    hotword_bias: float

    @classmethod
    def load(cls, name: str) -> Parameters:
        """Read those of a set from parameters.json."""
        stored = json.loads(PARAMETERS.read_text(encoding="utf-8"))[name]
        return cls(**{field.name: stored[field.name] for field in fields(cls)})

    def search(self) -> dict[str, Any]:
        """Return what tlg.Decoder takes."""
        return {name: value for name, value in asdict(self).items() if name != "hotword_bias"}


@dataclass(frozen=True, kw_only=True)
class ExampleSet:
    """One folder of examples.

    Args:
        name: the folder.
        title: for the table.
        unit: what errors are counted in.
        order: of the n-gram model.
        separator: a token that may follow each word.
        separator_prob: its probability; the network leaves it out now and then.
        frame_shift: seconds a frame, None where the input is no audio.
    """

    name: str
    title: str
    unit: Literal["word", "char"]
    order: int
    separator: str | None = None
    separator_prob: float = 0.5
    frame_shift: float | None = None

    @property
    def folder(self) -> Path:
        """Where the data is."""
        return HERE / self.name

    @property
    def out(self) -> Path:
        """Where models, graphs and hypotheses go."""
        return OUT / self.name

    @property
    def tokens(self) -> Path:
        """The token table."""
        return self.folder / "tokens.txt"

    @property
    def hotwords(self) -> Path:
        """The hotword list."""
        return self.folder / "hotwords.txt"

    def references(self, part: str) -> dict[str, str]:
        """Return the references of "dev" or "test"."""
        return read_table(self.folder / f"{part}.refs.tsv")

    def posteriors(self, part: str) -> dict[str, Any]:
        """Return the posteriors of "dev" or "test"; the order is that of the references."""
        found = dict(read_inputs(self.folder / f"{part}.npz"))
        return {name: found[name] for name in self.references(part)}

    def lexicon(self) -> Path:
        """Return the lexicon; for characters one is written: every character of the text spells itself."""
        stored = self.folder / "lexicon.txt.xz"
        if stored.exists():
            return stored
        symbols = {line.rpartition(" ")[0] for line in self.tokens.read_text(encoding="utf-8").split("\n")}
        used = set(read_text(self.folder / "lm_text.txt.xz").split()) & symbols
        path = self.out / "lexicon.txt"
        path.write_text("".join(f"{c} {c}\n" for c in sorted(used)), encoding="utf-8")
        return path

    def build(self) -> tlg.Graph:
        """Train the model, build the graph, and load it from its folder as a user would."""
        self.out.mkdir(parents=True, exist_ok=True)
        lm = tlg.lm.train([self.folder / "lm_text.txt.xz"], order=self.order)
        lm.save(self.out / "lm.arpa")
        tlg.build_graph(
            lexicon=self.lexicon(),
            tokens=self.tokens,
            lm=self.out / "lm.arpa",
            separator=self.separator,
            separator_prob=self.separator_prob,
            # Hotwords that the text lacks come in at the cost of <unk>.
            missing_as_unk=True,
            out=self.out / "graph",
        )
        return tlg.Graph.load(self.out / "graph")


SETS = (
    ExampleSet(
        name="speech",
        title="speech (LJ Speech + babble 10 dB)",
        unit="word",
        order=3,
        separator="<wb>",
        # Present 3 times in 4: the odds at which leaving it out costs about 1 nat more.
        separator_prob=0.75,
        frame_shift=0.02,
    ),
    ExampleSet(name="ocr", title="OCR (AISHELL lines, hard)", unit="char", order=4),
)


def texts(example: ExampleSet, results: list[Any]) -> list[str]:
    """Return the texts of results as they are scored: characters without the spaces between words."""
    return [result.text if example.unit == "word" else "".join(result.text.split()) for result in results]


def decode(decoder: Any, inputs: list[Any], *, threads: int = 1) -> tuple[list[Any], float]:
    """Return the results and the seconds that they took (wall clock)."""
    begin = time.perf_counter()
    results = decoder.decode_batch(inputs, threads=threads)
    return results, time.perf_counter() - begin
