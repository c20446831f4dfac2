"""The output formats, by name. To add one: write its module with a `render`, add its name here.

A renderer is a pure function of the Report: `render(report: Report, view: View) -> str`, the whole output with its last line
end. What it writes comes from rules by strangers: `clean.plain` for what people read, the format's own escaping for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple, Protocol, cast

from linter.engine import Report
from linter.source import Source

FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit", "rdjson", "markdown")
WITH_FIXES = ("json", "sarif", "rdjson", "markdown")  # formats that carry fixes: edits are made for these


class View(NamedTuple):
    """How a report for people is shown. `read` gives a file's text for excerpts, None when it is gone; others ignore this.

    `paths` are those that were asked for, for the commands to copy.
    """

    colour: bool = False
    width: int = 80
    verbose: bool = False
    quiet: bool = False
    paths: tuple[str, ...] = ()
    read: Callable[[str], Source | None] = lambda _: None


class Reporter(Protocol):
    """What a format's module offers."""

    def render(self, report: Report, view: View) -> str:
        """The whole output, its last line end included; "" when there is nothing to write."""


def reporter(name: str) -> Reporter:
    """The module of a format. KeyError when there is none."""
    if name not in FORMATS:
        raise KeyError(name)
    return cast(Reporter, import_module(f"linter.reporters.{name}"))
