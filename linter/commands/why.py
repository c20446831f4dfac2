"""`siftlint why PATH:LINE`: the rules behind the findings on a line."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from linter import config, engine
from linter.checks.base import Counted
from linter.commands.common import Chooser, UsageError, catalogs, coloured, width, write
from linter.discover import look, tidy
from linter.finding import Finding, RuleRef
from linter.reporters.clean import plain

if TYPE_CHECKING:
    from linter.catalog.load import Catalog


def run(args: Namespace) -> int:
    """Lints the file for the most patient reader and prints what each finding on the line rests on."""
    given, _, number = args.place.rpartition(":")
    if not given or not number.isdecimal():
        raise UsageError(f"`{args.place}` is not PATH:LINE, such as rules/share.yml:12")
    path, line = tidy(given), int(number[:9])
    if not os.path.isfile(path):  # noqa: PTH113
        raise UsageError(f"{path} is a folder" if os.path.isdir(path) else f"no such file: {path}")  # noqa: PTH112
    args.persona = args.persona or "auditor"
    choose = Chooser(args)
    settings = config.for_file(path)
    where = catalogs(args.snapshot or settings.snapshot, settings.catalogs)
    ledger: engine.Ledger = {}
    result = engine.lint_look(look(path, choose.dialect_of(path)), choose(path), lambda: engine.catalog(where), ledger=ledger)
    every = (*result.findings, *(gone.finding for gone in result.silenced))
    here = [finding for finding in every if finding.begin.line <= line <= finding.finish.line]
    write("\n".join(_answer(path, line, every, here, ledger, where)) + "\n", None)
    return 0


def _answer(
    path: str, line: int, every: tuple[Finding, ...], here: list[Finding], ledger: engine.Ledger, where: tuple[str, ...]
) -> Iterator[str]:
    if not here:
        others = sorted({finding.begin.line for finding in every})
        elsewhere = f"; there are some on {', '.join(map(str, others))}" if others else ""
        yield f"No finding on line {line} of {plain(path)}{elsewhere}."
    for at, finding in enumerate(here):
        if at:
            yield ""
        counted = ledger[finding]() if finding in ledger else None
        yield from _about(finding, counted.what if counted else "bear it out")
        if counted is not None:
            yield from _counted(counted, engine.catalog(where))
        elif finding.evidence.rules:
            yield from _rules(finding.evidence.rules)
        else:
            yield f"  It follows from the rule itself; `siftlint explain {finding.check}` says how."


def _about(finding: Finding, what: str) -> Iterator[str]:
    from textwrap import wrap

    bold, end = ("\x1b[1m", "\x1b[0m") if coloured() else ("", "")
    yield f"{bold}{finding.check}{end} {plain(finding.path)}:{finding.begin.line}:{finding.begin.column}"
    for text in wrap(plain(finding.message), width() - 2, break_on_hyphens=False):
        yield f"  {text}"
    evidence = finding.evidence
    counts = (
        (evidence.rules_considered, "rules considered"),
        (evidence.rules_here, f"of them {what}"),
        (evidence.families, "of these independent (near-copies count once)"),
        (evidence.corpus_reach, "rules of the whole catalog use it"),
    )
    for number, label in counts:
        if number is not None:
            yield f"  {number:>6,} {label}"


def _counted(counted: Counted, catalog: Catalog) -> Iterator[str]:
    """Every rule that was considered: first those of which it is true, then the others."""
    here = frozenset(counted.here)
    rest = [handle for handle in counted.considered if handle not in here]
    for handles, what in ((here, f"{len(here):,} that {counted.what}"), (rest, f"{len(rest):,} that don't")):
        if handles:
            yield ""
            yield f"  {what}, near-copies too:"
            rules = sorted(catalog.rules(handles), key=lambda rule: (rule.vendor, rule.title, rule.handle))
            yield from _rules(rule.ref for rule in rules)


def _rules(rules: Iterator[RuleRef] | tuple[RuleRef, ...]) -> Iterator[str]:
    dim, end = ("\x1b[2m", "\x1b[0m") if coloured() else ("", "")
    for rule in rules:
        layer = f" ({plain(rule.layer)})" if rule.layer else ""
        yield f"  {dim}{rule.vendor:<8}{end}{plain(rule.title or rule.id, width() - 10)}{layer}"
        if rule.url:
            yield f"          {dim}{plain(rule.url)}{end}"
