"""The command line: arguments and exit status only; each subcommand is a module of `linter.commands`."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from errno import EDQUOT, EFBIG, EIO, ENOSPC
from importlib import import_module
from typing import Any, NoReturn, TextIO

from linter import __version__
from linter.terminal import columns

COMMANDS = ("lint", "suggest", "parse", "why", "checks", "explain", "catalog", "review")
DIALECTS = ("auto", "sigma", "elastic", "splunk", "kusto", "yaral")
FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit", "rdjson", "markdown")
PERSONAS = ("regular", "pedantic", "auditor")
FAIL_ON = ("error", "warning", "advice", "never")
REPORT_TO = "https://github.com/siftlint/siftlint/issues"
EPILOG = """\
exit status: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage or configuration, 3 siftlint could not do its work
"""


class _Help(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal. argparse makes one for every argument, and by itself loads half a library to learn a width."""

    def __init__(self, prog: str, **more: Any) -> None:
        super().__init__(prog, **{"width": columns() - 2, **more})


class _Parser(argparse.ArgumentParser):
    """Wrong usage is one line that says what would be right, and exit status 2."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"formatter_class": _Help, **given})

    def error(self, message: str) -> None:  # type: ignore[override]
        print(f"{self.prog}: {message}\nsee: {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


def parser(only: str = "") -> argparse.ArgumentParser:
    """The whole command line, or, which takes a fraction of the time, what a command that is known needs of it."""
    top = _Parser(
        prog="siftlint",
        description="Holds detection rules against a catalog of public rules: what is noise, what is commonly excluded.",
        epilog=EPILOG,
    )
    top.add_argument("--version", action="version", version=f"siftlint {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser, prog=top.prog)
    for name in (only,) if only else COMMANDS:
        globals()[f"_{name}"](commands)
    return top


_Commands = argparse._SubParsersAction


def _paths(command: argparse.ArgumentParser, nargs: str = "*") -> None:
    command.add_argument("paths", nargs=nargs, metavar="PATH", help="files and folders (default: this folder)")
    command.add_argument("--dialect", choices=DIALECTS, default="auto", help="read files as this dialect (default: by content)")
    command.add_argument("--snapshot", metavar="DIR", help="the catalog snapshot (default: the shipped one)")
    command.add_argument("--output", metavar="FILE", help="write there instead of to standard output")


def _selection(command: argparse.ArgumentParser) -> None:
    command.add_argument("--select", action="append", metavar="CHECK", help="only these checks (repeat, or use commas)")
    command.add_argument("--ignore", action="append", metavar="CHECK", help="not these checks")
    command.add_argument("--persona", choices=PERSONAS, help="how much a reader accepts (default: regular)")


def _lint(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("lint", help="lint rules", epilog=EPILOG)
    _paths(command)
    _selection(command)
    command.add_argument("--format", choices=FORMATS, default="text")
    command.add_argument("--fail-on", choices=FAIL_ON, help="the least severity that fails (default: warning)")
    command.add_argument("--changed-since", metavar="REF", help="only what changed since the merge base with this commit")
    command.add_argument("--baseline", metavar="FILE", help="known findings, not shown")
    command.add_argument("--write-baseline", metavar="FILE", help="write what is found as a baseline")
    command.add_argument("--fix", action="store_true", help="apply safe fixes")
    command.add_argument("--unsafe-fixes", action="store_true", help="apply those too that change what a rule detects")
    command.add_argument("--diff", action="store_true", help="print what --fix would change, change nothing")
    command.add_argument("--jobs", type=_count, metavar="N", help="processes (default: as many as pay)")
    command.add_argument("--no-cache", action="store_true", help="neither read nor write the cache")
    command.add_argument("-q", "--quiet", action="store_true", help="print nothing when there is nothing to say")
    command.add_argument("-v", "--verbose", action="count", default=0, help="say more")


def _suggest(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("suggest", help="exclusions that rules like this one have and this one lacks")
    _paths(command, "+")
    command.add_argument("--format", choices=("text", "json"), default="text")
    command.add_argument("--limit", type=_count, default=10, metavar="N", help="at most so many a rule (default: 10)")
    command.add_argument("--as-filter", action="store_true", help="write a Sigma filter document that refers to the rule")


def _parse(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("parse", help="print the normalised rules")
    _paths(command, "+")
    command.add_argument("--format", choices=("json",), default="json")


def _why(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("why", help="the rules behind the findings on a line")
    command.add_argument("place", metavar="PATH:LINE")
    command.add_argument("--dialect", choices=DIALECTS, default="auto")
    command.add_argument("--snapshot", metavar="DIR", help="the catalog snapshot (default: the shipped one)")
    _selection(command)


def _checks(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("checks", help="list the checks")
    command.add_argument("--format", choices=("text", "json"), default="text")


def _explain(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("explain", help="what a check means, with examples")
    command.add_argument("check", metavar="CHECK")


def _catalog(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("catalog", help="look into the catalog, or build one")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
    show = actions.add_parser("show", help="what the catalog knows of a technique")
    show.add_argument("technique", metavar="TECHNIQUE", help="such as T1021.002")
    show.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    show.add_argument("--section", metavar="S", help="only this section")
    show.add_argument("--value", metavar="V", help="the rules behind a value")
    info = actions.add_parser("info", help="what the snapshot is made of")
    info.add_argument("--format", choices=("text", "json"), default="text")
    build = actions.add_parser("build", help="build a snapshot from checkouts")
    build.add_argument("--corpus", action="append", required=True, metavar="VENDOR=DIR")
    build.add_argument("--output", required=True, metavar="DIR")
    build.add_argument("--sources", metavar="TSV", help="repository, commit, date and licence of each corpus")
    build.add_argument("--layer", action="store_true", help="a small private catalog, to stack over the shipped one")
    build.add_argument("--jobs", type=_count, metavar="N", help="processes (default: as many as pay)")
    site = actions.add_parser("site", help="write the catalog as web pages")
    site.add_argument("--output", required=True, metavar="DIR")
    diff = actions.add_parser("diff", help="what a snapshot learned since another")
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")
    diff.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    for action in (show, info, site):
        action.add_argument("--snapshot", metavar="DIR", help="the catalog snapshot (default: the shipped one)")


def _review(commands: _Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("review", help="post findings on a pull request")
    _paths(command)
    _selection(command)
    command.add_argument("--dry-run", action="store_true", help="print what would be posted")
    command.add_argument("--max-comments", type=_count, default=25, metavar="N", help="the rest goes to the summary (25)")
    command.add_argument("--changed-since", metavar="REF", help="the base of the pull request")
    command.add_argument("--baseline", metavar="FILE", help="known findings, not shown")
    command.add_argument("--fail-on", choices=FAIL_ON, help="the least severity that fails (default: warning)")


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 up")
    return int(text[:9])


def command() -> NoReturn:
    """`siftlint` as a process, to its end. Python's own tidying up takes a fifth of the time that linting one rule does."""
    status = main()
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # nobody reads on
        pass
    except OSError:
        status = status or 3
    with suppress(OSError):
        sys.stderr.flush()
    if os.environ.get("SIFTLINT_DEBUG"):
        raise SystemExit(status)  # profilers and debuggers want their turn
    os._exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit status. Only SIFTLINT_DEBUG lets a traceback out."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed before we began: nobody is listening
            setattr(sys, name, _nowhere())
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    gc.set_threshold(200_000, 10, 50)  # what a run makes it needs to its end
    try:
        words = sys.argv[1:] if argv is None else list(argv)
        args = parser(words[0] if words and words[0] in COMMANDS else "").parse_args(words)
        status = int(import_module(f"linter.commands.{args.command}").run(args))
        sys.stdout.flush()
        return status
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stdout = _nowhere()  # nobody reads on: no complaint at exit
        return 0
    except Exception as error:
        return _failed(error)


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  (open until the end)


def _failed(error: Exception) -> int:
    """One line for an error that reached the top, and its exit status."""
    from linter.catalog.snapshot import SnapshotError
    from linter.changes import ChangesError
    from linter.commands.common import Unable, UsageError, say
    from linter.config import ConfigError
    from linter.suppress import BaselineError

    if isinstance(error, ConfigError | UsageError | BaselineError | ChangesError):
        say(str(error))
        return 2
    if isinstance(error, Unable | SnapshotError):
        say(str(error))
        return 3
    if isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT, EFBIG, EIO):
        sys.stdout = _nowhere()
        say(f"can't write to {error.filename or 'standard output'}: {error.strerror}")
        return 3
    if os.environ.get("SIFTLINT_DEBUG"):
        raise error
    say(
        f"internal error: {type(error).__name__}: {error}",
        f"please report it: {REPORT_TO} (SIFTLINT_DEBUG=1 prints the traceback)",
    )
    return 3


if __name__ == "__main__":
    command()
