"""What the sub-commands that change models share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tlg.cli.lm.common import print_json
from tlg.errors import OutputError

if TYPE_CHECKING:
    from tlg.lm import NgramModel

__all__ = ["check_output", "finish"]


def check_output(output: str) -> None:
    """Refuse a file that cannot be written before the work is done.

    Raises:
        OutputError: its folder is not there.
    """
    if not Path(output).parent.is_dir():
        raise OutputError("there is no such folder", remedy="Make it first", file=Path(output).parent)


def finish(
    made: NgramModel,
    output: str,
    as_json: bool,
    *,
    before: NgramModel | None = None,
    texts: Sequence[str] = (),
) -> None:
    """Write a model and report what became of it, with perplexities where texts are given."""
    from tlg.lm import ChangeReport

    ppl = {}
    if texts:
        if before is not None:
            ppl["ppl_before"] = before.perplexity(list(texts)).ppl
        ppl["ppl_after"] = made.perplexity(list(texts)).ppl
    made.save(output)
    report = made.report
    assert isinstance(report, ChangeReport)
    if as_json:
        print_json({"output": output, **report.as_dict(), **ppl})
        return
    lines = [str(report), *(f"{name.replace('_', ' ')} {value:.6g}" for name, value in ppl.items())]
    # Where the model goes to standard output, the report must not.
    click.echo("\n".join([*lines, f"{output} written"]), err=not Path(output).is_file())
