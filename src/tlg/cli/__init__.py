"""The commands ``tlg`` and ``build-tlg``: one file per sub-command, loaded when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable

import click

from tlg._core import __version__
from tlg.errors import TlgError

__all__ = ["build_main", "main"]

# name -> (module, its click command, one line for --help)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "decode": ("tlg.cli.decode", "decode", "Decode posteriors over a graph."),
    "hotwords": ("tlg.cli.hotwords", "hotwords", "Check a hotword list against a graph or a token table."),
    "lattice": ("tlg.cli.lattice", "lattice", "Look at lattices, convert and draw them; oracle error rates."),
    "tune": ("tlg.cli.tune", "tune", "Choose search options and hotword bias on a development set."),
    "score": ("tlg.cli.score", "score", "Error rates of hypotheses, recall and precision of hotwords."),
    "lexicon": ("tlg.cli.lexicon", "lexicon", "Make a lexicon from characters, words or SentencePiece."),
    "info": ("tlg.cli.info", "info", "What is in a graph folder or a language model."),
    "import": ("tlg.cli.import_graph", "import_graph", "Write a graph of another toolkit as one of ours."),
    "lm": ("tlg.cli.lm", "lm", "Train n-gram language models and measure them."),
}


ABOUT = """Decode posteriors over word graphs, train n-gram models, measure.

\b
Example, from text to error rates:
    tlg lm train text.txt -o lm.arpa.gz
    build-tlg --lexicon lexicon.txt --tokens tokens.txt --lm lm.arpa.gz --out graph/
    tlg decode --graph graph/ test.npz -o hyp.tsv
    tlg score refs.tsv hyp.tsv
"""


class LazyGroup(click.Group):
    """A group whose commands are imported only when they run, so that ``--help`` is instant."""

    def __init__(self, name: str, table: dict[str, tuple[str, str, str]], help: str) -> None:
        """Keep the table; nothing is imported yet."""
        super().__init__(name, help=help, context_settings={"help_option_names": ["-h", "--help"]})
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self.table:
            return None
        module, attribute, _ = self.table[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table alone."""
        if not self.table:
            return
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in self.table.items()])


def run(command: Callable[..., object], program: str) -> None:
    """Run a click command: exit status 0, 1 (bad input or failed work) or 2 (usage); no traceback."""
    try:
        command(prog_name=program, standalone_mode=True)
    except TlgError as error:
        click.echo(f"{program}: {error}", err=True)
        sys.exit(1)
    except (OSError, MemoryError) as error:
        click.echo(f"{program}: {error or type(error).__name__}", err=True)
        sys.exit(1)


def main() -> None:
    """Run ``tlg``."""
    tlg = LazyGroup("tlg", COMMANDS, ABOUT)
    tlg = click.version_option(__version__, prog_name="tlg")(tlg)
    run(tlg, "tlg")


def build_main() -> None:
    """Run ``build-tlg``."""
    module = importlib.import_module("tlg.cli.build")
    run(module.build, "build-tlg")
