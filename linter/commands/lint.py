"""`siftlint lint`."""

from __future__ import annotations

import os
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence

from linter import config, engine, suppress
from linter.commands.common import Chooser, Unable, catalogs, coloured, files, part, say, snapshot, text_of, width, write
from linter.commands.kept import lint_all, lint_cached
from linter.discover import containers_line
from linter.engine import FileResult, Job
from linter.reading import Unreadable
from linter.reporters.registry import WITH_FIXES, View, reporter

MISSING = "no such file or folder"
REPORT_TO = "https://github.com/siftlint/siftlint/issues"


def run(args: Namespace) -> int:
    """Lints, reports, and says by the exit status whether something reaches --fail-on."""
    settings = config.for_paths(args.paths)
    choose = Chooser(args)
    found = files(args)
    if args.changed_since is not None:
        names = [item for item in found if isinstance(item, str)]
        choose.changed = part("linter.changes").since(args.changed_since, names, args.paths)
        found = [item for item in found if isinstance(item, Unreadable) or item in choose.changed]
    where = catalogs(args.snapshot or settings.snapshot, settings.catalogs)
    wants_noise = args.format == "json"
    jobs = [
        Job(item, choose(item if isinstance(item, str) else item.path), choose.dialect_of(item), where, wants_noise)
        for item in found
    ]
    processes = settings.jobs if args.jobs is None else args.jobs
    results, remark = (list(lint_all(jobs, processes)), "") if args.no_cache else lint_cached(jobs, processes, where)
    if remark:
        say(remark)
    known = args.baseline or settings.baseline
    report = engine.report(
        results,
        choose,
        snapshot=snapshot(where) if args.format != "text" else {},
        ignores=settings.ignores,
        baseline=suppress.read_baseline(known) if known else frozenset(),
        whole=args.changed_since is None and all(os.path.isdir(path) for path in args.paths),  # noqa: PTH112
    )
    if args.write_baseline:
        report = _written(report, args.write_baseline)
    if args.fix or args.unsafe_fixes or args.diff:
        fixed = part("linter.fixer").run(report, jobs, unsafe=args.unsafe_fixes, diff=args.diff)
        report = fixed.report
        if args.diff:
            write(fixed.diff, args.output)
            say(*(() if args.quiet and not fixed.fixes else report.notes))
            return _ended(args, settings, report, found)
    elif args.format in WITH_FIXES and any(finding.intent for finding in report.findings):
        report = attach_fixes(report)
    view = View(coloured() and not args.output, width(), args.verbose > 0, args.quiet, tuple(args.paths), text_of)
    write(reporter(args.format).render(report, view), args.output, commands=args.format == "github")
    say(*(() if args.quiet else _notes(results, args)), *report.notes)
    return _ended(args, settings, report, found)


def _written(report: engine.Report, file: str) -> engine.Report:
    """Writes what is found as a baseline; the report as a run with that baseline gives it."""
    known = [gone.finding for gone in report.silenced if gone.by == "baseline"]
    try:
        count = suppress.write_baseline(file, [*report.findings, *known])
    except OSError as error:
        raise Unable(f"can't write {file}: {error.strerror or error}") from None
    say(f"{count} finding{'' if count == 1 else 's'} written to {file}; use it with --baseline {file}")
    silenced = (*report.silenced, *(suppress.Silenced(finding, "baseline") for finding in report.findings))
    summary = report.summary._replace(findings=0, baselined=report.summary.baselined + report.summary.findings)
    return report._replace(findings=(), summary=summary, silenced=silenced)


def _ended(args: Namespace, settings: config.Config, report: engine.Report, found: Sequence[str | Unreadable]) -> int:
    """The exit status."""
    if report.failures:
        say(*report.failures, f"not linted by a fault of siftlint's own; please report it, with the rule: {REPORT_TO}")
        return 3
    if any(isinstance(item, Unreadable) and item.message == MISSING for item in found):
        return 2
    floor = args.fail_on or settings.fail_on
    return int(floor != "never" and report.reaches(floor))


def attach_fixes(report: engine.Report) -> engine.Report:
    """The report with the edits of its findings' intents, for formats that carry them."""
    try:
        fixer = part("linter.fixer")
    except Exception:  # a fix is an extra: the findings are what was asked for
        return report
    attached: engine.Report = fixer.attach(report)
    return attached


def _notes(results: Sequence[FileResult], args: Namespace) -> Iterator[str]:
    """What a reader may wonder about: named files that hold no rule, nothing to lint at all, containers that are not read.

    With -v also how many other files were looked into.
    """
    paths, since = args.paths, args.changed_since
    named = {path.replace("\\", "/").removeprefix("./") for path in paths}
    for result in results:
        if result.kind == "other" and result.path in named:
            yield f"{result.path}: no rule of a dialect that siftlint knows"
    if not any(result.kind in ("rule", "failure", "unsupported") for result in results) and not named & {
        r.path for r in results
    }:
        yield f"no rules {f'that changed since {since} ' if since else ''}in {', '.join(paths) or 'this folder'}"
    containers = containers_line(Counter(result.container for result in results if result.container))
    if containers:
        yield containers
    others = sum(result.kind == "other" for result in results)
    if args.verbose and others:
        yield f"{others:,} other file{' holds' if others == 1 else 's hold'} no rule"
