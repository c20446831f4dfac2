"""File → dialect → rule → checks → Report.

`lint_file` is pure and picklable in both directions: one file in, one FileResult out, whatever the file holds. `report` puts
the results together: checks over the whole run, suppression, the summary.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from linter import logic, suppress
from linter.checks import registry
from linter.checks.base import Check, Counted, FileContext, Options, RuleContext, RuleRow, RunContext, at_least
from linter.dialects import registry as dialects
from linter.discover import Look, look
from linter.finding import Finding, Severity
from linter.reading import Unreadable
from linter.rule import Problem, Reading, Rule
from linter.source import Source
from linter.suppress import Ignore, Inline, Silenced

if TYPE_CHECKING:
    from linter.catalog.load import Catalog


MOST_FINDINGS = 100  # of one check on one rule: more help nobody, and a hostile file could ask for millions
Ledger: TypeAlias = dict[Finding, Callable[[], Counted]]


class Job(NamedTuple):
    """One file to lint: its path (or why it has no text), how, as which dialect, against which catalogs."""

    path: str | Unreadable
    options: Options
    dialect: str = "auto"
    catalogs: tuple[str, ...] = ()  # folders: the snapshot ("" for the shipped one), then the layers over it
    noise: bool = False  # whether the report wants each rule's noise


class FileResult(NamedTuple):
    """What one file gave. `kind` is as in `discover.Look`; `failure` is a fault of siftlint's own, in one line."""

    path: str
    kind: str
    dialect: str = ""
    rules: tuple[RuleRow, ...] = ()
    findings: tuple[Finding, ...] = ()
    silenced: tuple[Silenced, ...] = ()
    comments: tuple[Inline, ...] = ()
    unreadable: int = 0
    container: str = ""
    failure: str = ""


class Summary(NamedTuple):
    """Counts of a run. Everything that was raised is in findings, suppressed or baselined."""

    files: int
    rules: int
    findings: int
    suppressed: int
    baselined: int
    unreadable: int

    @property
    def raised(self) -> int:
        """All findings, shown or not."""
        return self.findings + self.suppressed + self.baselined


class Report(NamedTuple):
    """What a run found: all that a reporter needs. `notes` are for the reader, not findings; `failures` are siftlint's own."""

    findings: tuple[Finding, ...]
    rules: tuple[RuleRow, ...]
    summary: Summary
    snapshot: dict[str, Any]
    silenced: tuple[Silenced, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()

    def reaches(self, floor: Severity) -> bool:
        """Whether a finding is at or above a severity."""
        return any(at_least(finding.severity, floor) for finding in self.findings)


# one file


def lint_file(job: Job) -> FileResult:
    """Lints one file. Raises nothing but SnapshotError: without its catalog siftlint can't do its work on any file."""
    path = job.path if isinstance(job.path, str) else job.path.path
    try:
        seen = look(job.path, job.dialect) if isinstance(job.path, str) else Look(path, "problem", problem=job.path)
        return lint_look(seen, job.options, lambda: catalog(job.catalogs), noise=job.noise)
    except Exception as error:
        from linter.catalog.snapshot import SnapshotError

        if isinstance(error, SnapshotError) or os.environ.get("SIFTLINT_DEBUG"):
            raise
        return FileResult(path, "failure", failure=f"{path}: {type(error).__name__}: {error}")


def lint_look(
    seen: Look, options: Options, load: Callable[[], Catalog], *, noise: bool = False, ledger: Ledger | None = None
) -> FileResult:
    """Lints a file that has been looked at. `load` gives the catalog and is called only when a check asks for it.

    `ledger` is given to be filled: by finding, how to tell all the rules behind its counts.
    """
    if seen.kind == "problem" and seen.problem is not None:
        place = seen.problem.position
        source = Source(seen.path, "\n" * (place.line - 1) + " " * (place.column - 1))
        problem = Problem(seen.problem.message, len(source.text), len(source.text))
        return _result(seen, source, Reading((), (problem,)), options, load)
    if seen.kind != "rule" or seen.source is None:
        return FileResult(seen.path, seen.kind, container=seen.container)
    return _result(seen, seen.source, dialects.read(seen.dialect, seen.source, options.fields), options, load, noise, ledger)


def _result(
    seen: Look,
    source: Source,
    reading: Reading,
    options: Options,
    load: Callable[[], Catalog],
    noise: bool = False,
    ledger: Ledger | None = None,
) -> FileResult:
    shared: list[dict[str, object]] = [{} for _ in reading.rules]
    raised = _raise(source, seen.dialect, reading, options, load, shared, ledger)
    findings = [finding for finding in raised if options.hears(finding.persona)]
    titles = [rule.start for rule in reading.rules] + [problem.start for problem in reading.problems if problem.title]
    comments = suppress.inline(source, titles)
    shown, silenced = suppress.split_inline(findings, comments)
    rows = tuple(
        _row(rule, source, _noise(rule, load(), known) if noise else None)
        for rule, known in zip(reading.rules, shared, strict=True)
    )
    return FileResult(seen.path, "rule", seen.dialect, rows, shown, silenced, comments, len(reading.problems))


def _raise(
    source: Source,
    dialect: str,
    reading: Reading,
    options: Options,
    load: Callable[[], Catalog],
    shared: Sequence[dict[str, object]],
    ledger: Ledger | None,
) -> Iterator[Finding]:
    for module in _wanted(options, "file"):
        yield from islice(module.check(FileContext(options, module.CHECK, source, dialect, reading)), 10 * MOST_FINDINGS)
    for rule, known in zip(reading.rules, shared, strict=True):
        modules = _of_rules(options, dialect, is_quiet(rule, options.quiet_for))
        if not modules:
            continue
        context = RuleContext(options, modules[0].CHECK, rule, source, load, known)
        for module in modules:
            context.info = module.CHECK  # the check before has said all that it will
            yield from islice(module.check(context), MOST_FINDINGS)
        if ledger is not None:
            ledger.update(context.counted)


def _noise(rule: Rule, known: Catalog, shared: dict[str, object]) -> float | None:
    """How much likelier than others a rule is to need tuning, 0 to 1. `shared` is what its checks have found out."""
    from linter.catalog.noise import noise

    related = shared.get("related")
    found = noise(rule, known, related if isinstance(related, frozenset) else known.related_to(rule))
    return None if found is None else found.value


@lru_cache(maxsize=64)
def _wanted(options: Options, scope: str) -> tuple[Check, ...]:
    wanted = map(registry.check, filter(options.wants, registry.IDS))
    return tuple(check for check in wanted if check.CHECK.scope == scope and options.hears(check.CHECK.persona))


@lru_cache(maxsize=256)
def _of_rules(options: Options, dialect: str, quiet: bool) -> tuple[Check, ...]:
    """What checks rules of a dialect; those alone that are not statistical where these are to be quiet."""
    wanted = [check for check in _wanted(options, "rule") if dialect in check.CHECK.dialects]
    return tuple(check for check in wanted if not (quiet and check.CHECK.statistical))


def is_quiet(rule: Rule, quiet_for: Sequence[str]) -> bool:
    """Whether a rule is of a kind for which statistical checks are silent."""
    kinds = {rule.status.lower(), rule.level.lower(), rule.kind.replace("_", "-")}
    if any("threat-hunting" in tag.lower().replace("_", "-") for tag in rule.tags):
        kinds.add("threat-hunting")
    return not kinds.isdisjoint(quiet_for)


def _row(rule: Rule, source: Source, noise: float | None) -> RuleRow:
    excluded = {(part.canonical, part.op, part.value) for clause in logic.exclusions(rule) for part in clause.parts}
    return RuleRow(
        rule.path, rule.dialect, rule.id, rule.title, rule.start, rule.end,
        source.position(rule.start), source.position(rule.end), rule.kind,
        tuple(technique.id for technique in rule.techniques), rule.events, len(excluded), noise,
        tuple(other.id for other in rule.related if other.kind == "base"),
    )  # fmt: skip


def catalog(folders: tuple[str, ...]) -> Catalog:
    """The catalog of these folders, opened once a process. SnapshotError when it can't be used."""
    from linter.catalog import load

    return load.open_catalog(folders)


# the whole run


def report(
    results: Iterable[FileResult],
    options_of: Callable[[str], Options],
    *,
    snapshot: dict[str, Any] | None = None,
    ignores: Sequence[Ignore] = (),
    baseline: frozenset[str] = frozenset(),
    whole: bool = False,
) -> Report:
    """The Report of a run. `whole`: the run covers all that the configuration covers (see `suppress.split_external`)."""
    results = list(results)
    rows = tuple(row for result in results for row in result.rules)
    raised = [finding for result in results for finding in result.findings]
    silenced = [gone for result in results for gone in result.silenced]

    comments = {result.path: result.comments for result in results if result.comments}
    for finding in _over_all(rows, options_of):
        shown, gone = suppress.split_inline((finding,), comments.get(finding.path, ()))
        raised.extend(shown)
        silenced.extend(gone)
    raised = _without_bases(raised, rows, options_of)

    outside = suppress.split_external(raised, ignores, frozenset(row.id for row in rows), whole)
    left, known = suppress.split_baseline(outside.shown, baseline)
    silenced += [*outside.silenced, *known]
    summary = Summary(
        files=sum(result.kind in ("rule", "failure") for result in results),
        rules=len(rows),
        findings=len(left),
        suppressed=len(silenced) - len(known),
        baselined=len(known),
        unreadable=sum(result.unreadable for result in results),
    )
    notes = (*_strange(results), *outside.notes)
    ordered = tuple(sorted(left, key=lambda f: (f.path, f.begin, f.finish, f.check, f.message)))
    failures = tuple(result.failure for result in results if result.failure)
    return Report(ordered, rows, summary, snapshot or {}, tuple(silenced), notes, failures)


def _strange(results: Iterable[FileResult]) -> Iterator[str]:
    """A word on each ignore comment that names a check which is none: it would silence nothing, and look as if it did."""
    for result in results:
        for comment in result.comments:
            for name in comment.checks:
                if name != "*" and name not in registry.IDS:
                    yield f"{result.path}:{comment.line}: the ignore comment names `{name}`, which is no check"


def _over_all(rows: Sequence[RuleRow], options_of: Callable[[str], Options]) -> Iterator[Finding]:
    used = {options_of(row.path) for row in rows}
    for check in map(registry.check, (name for name in registry.RUN if any(options.wants(name) for options in used))):
        for finding in check.check(RunContext(Options(), check.CHECK, rows, options_of)):
            options = options_of(finding.path)
            if options.wants(finding.check) and options.hears(finding.persona):
                yield finding


def _without_bases(findings: list[Finding], rows: Sequence[RuleRow], options_of: Callable[[str], Options]) -> list[Finding]:
    """Leaves out what statistical checks say of a rule that a correlation in another file is built on."""
    bases = {base for row in rows for base in row.bases if base}
    if not bases:
        return findings
    return [
        finding
        for finding in findings
        if finding.rule_id not in bases
        or not registry.check(finding.check).CHECK.statistical
        or "base" not in options_of(finding.path).quiet_for
    ]
