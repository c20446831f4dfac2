"""`siftlint why PATH:LINE`: the rules behind the findings on a line."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from linter import config, engine
from linter.commands.common import Chooser, UsageError, catalogs, coloured, width, write
from linter.engine import Job
from linter.finding import Finding
from linter.reporters.clean import plain


def run(args: Namespace) -> int:
    """Lints the file for the most patient reader and prints what each finding on the line rests on."""
    path, _, number = args.place.rpartition(":")
    if not path or not number.isdigit():
        raise UsageError(f"`{args.place}` is not PATH:LINE, such as rules/share.yml:12")
    args.persona = args.persona or "auditor"
    choose = Chooser(args)
    settings = config.for_file(path)
    where = catalogs(args.snapshot or settings.snapshot, settings.catalogs)
    result = engine.lint_file(Job(path, choose(path), choose.dialect_of(path), where))
    if result.failure:
        raise RuntimeError(result.failure)
    every = (*result.findings, *(gone.finding for gone in result.silenced))
    line = int(number)
    here = [finding for finding in every if finding.begin.line <= line <= finding.finish.line]
    if not here:
        others = sorted({finding.begin.line for finding in every})
        where_else = f"; there are some on {', '.join(map(str, others))}" if others else ""
        write(f"No finding on line {line} of {plain(path)}{where_else}.\n", None)
        return 0
    write("\n".join(text for finding in here for text in _lines(finding)) + "\n", None)
    return 0


def _lines(finding: Finding) -> Iterator[str]:
    bold, dim, end = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if coloured() else ("", "", "")
    yield f"{bold}{finding.check}{end} {plain(finding.path)}:{finding.begin.line}:{finding.begin.column}"
    yield f"  {plain(finding.message)}"
    evidence = finding.evidence
    counts = (
        (evidence.rules_considered, "rules considered"),
        (evidence.rules_here, "of them like it"),
        (evidence.families, "independent families (near-copies count once)"),
        (evidence.corpus_reach, "rules of the whole catalog use it"),
    )
    for number, what in counts:
        if number is not None:
            yield f"  {number:>6,} {what}"
    for rule in evidence.rules:
        yield f"  {dim}{rule.vendor:<8}{end}{plain(rule.title or rule.id, width() - 10)}"
        if rule.url:
            yield f"          {dim}{plain(rule.url)}{end}"
    if not evidence.rules:
        yield f"  It follows from the rule itself; `siftlint explain {finding.check}` says how."
    yield ""
