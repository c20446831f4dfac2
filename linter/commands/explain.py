"""`siftlint explain CHECK`: the check's page, with its examples."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from inspect import cleandoc
from textwrap import indent, wrap

from linter.checks import registry
from linter.checks.base import Check, Example
from linter.commands.common import UsageError, coloured, width, write
from linter.config import nearby
from linter.finding import HELP_BASE


def run(args: Namespace) -> int:
    """Prints the page."""
    name = args.check
    if name not in registry.IDS:
        raise UsageError(f"no check is called `{name}`{nearby(name, registry.IDS)}")
    write("\n".join(page(registry.check(name), coloured(), width())) + "\n", None)
    return 0


def page(check: Check, colour: bool = False, columns: int = 80) -> Iterator[str]:
    """The lines of a check's page."""
    info = check.CHECK
    bold, dim, plain = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if colour else ("", "", "")
    yield f"{bold}{info.id}{plain}"
    yield f"{dim}{info.severity} · persona {info.persona} · confidence {info.confidence} · {', '.join(info.dialects)}{plain}"
    yield ""
    for block in cleandoc(check.__doc__ or "").split("\n\n"):
        heading, newline, body = block.partition("\n") if block.startswith("## ") else ("", "", block)
        if heading:
            yield f"{bold}{heading.removeprefix('## ')}{plain}"
        yield from _filled(body if newline or not heading else "", columns)
        yield ""
    for heading, examples in (("Found", check.INVALID), ("Not found", check.VALID)):
        for example in examples:
            yield from _example(heading, example, bold, dim, plain)
            yield ""
    yield f"{dim}{HELP_BASE}{info.id}.html{plain}"


def _filled(body: str, columns: int) -> Iterator[str]:
    """A block of the page at the width of the terminal; what is indented, or a list, stays as it is."""
    lines = body.splitlines()
    if any(line.startswith(("    ", "- ", "|")) for line in lines):
        yield from lines
    else:
        yield from wrap(" ".join(lines), columns, break_long_words=False, break_on_hyphens=False)


def _example(heading: str, example: Example, bold: str, dim: str, plain: str) -> Iterator[str]:
    yield f"{bold}{heading}: {example.title}{plain}"
    lines = indent(example.text.rstrip("\n"), "    ").splitlines()
    for number, line in enumerate(lines, 1):
        yield f"{line}{dim}   # ◄{plain}" if number == example.line else line
