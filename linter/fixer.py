"""Carries out what findings intend: one fix at a time, each proven before it counts, a file written whole or not at all.

A fix counts when the edited text, read again, says exactly what was meant (`dialects.edit.proof`), and when the finding is gone
and no other has come. The next fix starts from the text that the last one made, so that fixes never overlap. What could not
be done stays a finding, with the reason.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from linter import engine
from linter.atomic import write_whole
from linter.checks import registry as checks
from linter.checks.base import RuleRow
from linter.dialects import registry as dialects
from linter.dialects.edit import proof, registry
from linter.dialects.edit.base import Refused
from linter.dialects.edit.proof import Proven, Unproven
from linter.discover import Look
from linter.engine import FileResult, Job, Report
from linter.finding import AddExclusion, Finding, Fix
from linter.reading import load
from linter.rule import Reading, Rule
from linter.source import Source

MAX_PROVEN = 1_000_000  # characters of one file that are read again to prove its fixes, when they are only shown
MAX_FIXES = 200  # in one file and run


class Outcome(NamedTuple):
    """The report as it is after fixing, what changed (or would) as a unified diff, and how many fixes and files that is."""

    report: Report
    diff: str
    fixes: int
    files: int


# fixes for those who show them


def attach(report: Report) -> Report:
    """The report with a fix for each finding that has an intent; one without edits says what to do by hand, or why not."""
    readings: dict[str, tuple[Source, Reading] | None] = {}
    room: dict[str, int] = {}
    findings = []
    for finding in report.findings:
        if finding.intent is not None:
            if finding.path not in readings:
                readings[finding.path] = _read(finding)
                room[finding.path] = MAX_PROVEN
            known = readings[finding.path]
            if known is not None:
                room[finding.path] -= len(known[0].text) + 100
                fits = room[finding.path] >= 0
                fix = _offered(finding, *known) if fits else Fix("display", "not fixed: the file is too large to prove it", ())
                finding = finding._replace(fixes=(fix,))
        findings.append(finding)
    return report._replace(findings=tuple(findings))


def _read(finding: Finding) -> tuple[Source, Reading] | None:
    loaded = load(finding.path)
    if not isinstance(loaded, Source) or len(loaded.text) > MAX_PROVEN:
        return None
    return loaded, dialects.dialect(finding.dialect).read(loaded)


def _offered(finding: Finding, source: Source, reading: Reading) -> Fix:
    try:
        return _proven(finding, source, reading)[0]
    except (Refused, Unproven) as error:
        return _by_hand(finding, str(error))


def _by_hand(finding: Finding, reason: str) -> Fix:
    """What to type, where there is a text for it, and why siftlint does not."""
    text = registry.text(finding.dialect, finding.intent) if isinstance(finding.intent, AddExclusion) else ""
    return Fix("display", f"by hand: {text} ({reason})" if text else f"not fixed: {reason}", ())


def _proven(finding: Finding, source: Source, reading: Reading) -> tuple[Fix, Proven | None]:
    """The fix of a finding, and what its edits make of the file (None: it has none). Refused, Unproven."""
    rule = _rule_of(finding, reading)
    if rule is None or finding.intent is None:
        raise Refused("the rule could not be found again")
    try:
        fix = registry.fix(source, rule, finding.intent)
        return fix, proof.carried_out(source, reading, rule, finding.intent, fix) if fix.edits else None
    except (Refused, Unproven):
        raise
    except Exception as error:  # a fix is an extra: it never costs the findings
        if os.environ.get("SIFTLINT_DEBUG"):
            raise
        raise Refused(f"siftlint could not work it out ({type(error).__name__})") from None


def _rule_of(finding: Finding, reading: Reading) -> Rule | None:
    """The rule that a finding is about; of several with one id and title the last that begins before it."""
    same = [one for one in reading.rules if (one.id, one.title) == (finding.rule_id, finding.rule_title)]
    before = [one for one in same if one.start <= finding.start]
    return (before or same)[-1] if same else None


# fixes for those who want them made


def run(report: Report, jobs: Sequence[Job], *, unsafe: bool = False, diff: bool = False) -> Outcome:
    """Makes the fixes of a report's findings: the safe ones, with `unsafe` those too that change what a rule detects.

    Only findings that are shown are fixed. With `diff` nothing is written, and the findings stay.
    """
    by_path = {job.path: job for job in jobs if isinstance(job.path, str)}
    shown: dict[str, list[Finding]] = {}
    for finding in report.findings:
        shown.setdefault(finding.path, []).append(finding)
    findings: list[Finding] = []
    rows: dict[str, tuple[RuleRow, ...]] = {}
    notes: list[str] = []
    diffs: list[str] = []
    fixes = files = 0
    for path, own in shown.items():
        work = _File.of(by_path.get(path), own, unsafe)
        problem = work.make(write=not diff) if work is not None else ""
        if work is None or problem:
            findings += own
            notes += [f"{path}: not fixed: {problem}"] if problem else []
            continue
        fixes += work.count
        files += work.count > 0
        diffs += [work.diff()] if work.count else []
        findings += work.noted(own) if diff else work.left(own)
        rows[path] = work.result.rules
    findings.sort(key=lambda f: (f.path, f.begin, f.finish, f.check, f.message))
    notes += _said(fixes, files, findings, diff)
    told = report._replace(
        findings=tuple(findings),
        rules=report.rules if diff else _rows(report.rules, rows),
        summary=report.summary._replace(findings=len(findings)),
        notes=(*report.notes, *notes),
    )
    return Outcome(told, "".join(diffs), fixes, files)


def _said(fixes: int, files: int, findings: Sequence[Finding], diff: bool) -> list[str]:
    """What was done, and what more could be."""
    done = f"{_count(fixes)} in {files} file{'' if files == 1 else 's'}{', not made (--diff)' if diff else ''}"
    out = [done] if fixes or diff else []
    more = sum(fix.applicability == "unsafe" and bool(fix.edits) for finding in findings for fix in finding.fixes)
    if more:
        out.append(f"{_count(more)} more with --unsafe-fixes: they change what a rule detects")
    return out


def _count(fixes: int) -> str:
    return f"{fixes} fix{'' if fixes == 1 else 'es'}"


def _rows(rules: Sequence[RuleRow], fresh: dict[str, tuple[RuleRow, ...]]) -> tuple[RuleRow, ...]:
    """The rows of the rules, those of the fixed files as they are now."""
    out: list[RuleRow] = []
    seen: set[str] = set()
    for row in rules:
        if row.path not in fresh:
            out.append(row)
        elif row.path not in seen:
            seen.add(row.path)
            out.extend(fresh[row.path])
    return tuple(out)


class _File:
    """One file that is being fixed."""

    def __init__(self, job: Job, source: Source, own: Sequence[Finding], unsafe: bool) -> None:
        self.job = job
        self.dialect = own[0].dialect
        self.unsafe = unsafe
        self.original = self.source = source
        self.result = self.lint(source)
        self.count = 0
        shown = Counter(one.fingerprint for one in own)
        # Findings that the reader does not see (baseline, ignores) are neither fixed nor shown afterwards.
        self.hidden = Counter(one.fingerprint for one in self.result.findings) - shown
        self.offers: dict[str, Fix] = {}

    @classmethod
    def of(cls, job: Job | None, own: Sequence[Finding], unsafe: bool) -> _File | None:
        """The file of some findings; None when there is nothing to be done in it."""
        if job is None or not isinstance(job.path, str) or not any(one.intent is not None for one in own):
            return None
        loaded = load(job.path)
        return cls(job, loaded, own, unsafe) if isinstance(loaded, Source) else None

    def lint(self, source: Source) -> FileResult:
        """What is to be said of a text."""
        seen = Look(source.path, "rule", self.dialect, source)
        return engine.lint_look(seen, self.job.options, lambda: engine.catalog(self.job.catalogs))

    def visible(self) -> list[Finding]:
        """The findings that are there now, without those that the reader does not see."""
        hidden = Counter(self.hidden)
        out = []
        for finding in self.result.findings:
            if hidden[finding.fingerprint] > 0:
                hidden[finding.fingerprint] -= 1
            else:
                out.append(finding)
        return out

    def make(self, *, write: bool) -> str:
        """Makes all fixes that can be made, until none is left; why the file could not be written, or ""."""
        refused: dict[str, int] = {}  # fingerprint → number of fixes made when it was last tried
        while self.count < MAX_FIXES:
            wanted = (one for one in self.visible() if one.intent is not None and refused.get(one.fingerprint) != self.count)
            finding = next(wanted, None)
            if finding is None:
                break
            try:
                self.apply(finding)
            except (Refused, Unproven) as error:
                self.offers[finding.fingerprint] = _by_hand(finding, str(error))
                refused[finding.fingerprint] = self.count
            except _NotMade as kept:
                self.offers[finding.fingerprint] = kept.fix
                refused[finding.fingerprint] = self.count
        return self.write() if write and self.count else ""

    def apply(self, finding: Finding) -> None:
        """Makes one fix. Refused, Unproven or _NotMade when it isn't made."""
        reading = dialects.dialect(self.dialect).read(self.source)
        fix, proven = _proven(finding, self.source, reading)
        if proven is None or fix.applicability == "display" or (fix.applicability == "unsafe" and not self.unsafe):
            raise _NotMade(fix)
        after = self.lint(proven.source)
        before_now = Counter(one.fingerprint for one in self.result.findings)
        after_now = Counter(one.fingerprint for one in after.findings)
        if after.failure or after_now[finding.fingerprint] >= before_now[finding.fingerprint]:
            raise Unproven("the finding would still be there")
        statistical = checks.check(finding.check).CHECK.statistical
        for fresh in after.findings:
            # What argues from other rules goes on to their next exclusion: that is not a fault of the fix.
            if after_now[fresh.fingerprint] > before_now[fresh.fingerprint] and not (
                statistical and fresh.check == finding.check
            ):
                raise Unproven(f"it would bring another finding: {fresh.check}: {fresh.message}")
        _loads(self.dialect, self.source, proven.source)
        self.source, self.result = proven.source, after
        self.count += 1

    def write(self) -> str:
        """Writes the file; why it could not be, or ""."""
        now = load(self.source.path)
        if not isinstance(now, Source) or (now.text, now.bom) != (self.original.text, self.original.bom):
            return "the file has changed meanwhile"
        try:
            write_whole(self.source.path, ("\ufeff" if self.source.bom else "") + self.source.text)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def left(self, own: Sequence[Finding]) -> list[Finding]:
        """The findings that are there after fixing, those over the whole run at their rules' places."""
        rows = {(row.id, row.title): row for row in self.result.rules}
        out = self.noted(self.visible())
        for finding in own:
            if checks.check(finding.check).CHECK.scope == "run":
                row = rows.get((finding.rule_id, finding.rule_title))
                out.append(
                    finding
                    if row is None
                    else finding._replace(start=row.start, end=row.end, begin=row.begin, finish=row.finish)
                )
        return out

    def noted(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings with the fixes that were not made."""
        offers = self.offers
        return [one._replace(fixes=(offers[one.fingerprint],)) if one.fingerprint in offers else one for one in findings]

    def diff(self) -> str:
        """What changed, as a unified diff."""
        from difflib import unified_diff

        path = self.source.path
        old, new = (_lines(text) for text in (self.original.text, self.source.text))
        out = []
        for line in unified_diff(old, new, path, path):
            out.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
        return "".join(out)


class _NotMade(Exception):
    """A fix that is not to be made in this run: it is for display, or unsafe."""

    def __init__(self, fix: Fix) -> None:
        super().__init__(fix.description)
        self.fix = fix


def _lines(text: str) -> list[str]:
    pieces = text.split("\n")
    return [piece + "\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def _loads(dialect: str, old: Source, new: Source) -> None:
    """Unproven when another YAML reader than ours does not load a text that is to be written."""
    if dialect not in ("sigma", "splunk", "kusto") or not _is_yaml(old):
        return
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        for _ in YAML(typ="safe", pure=True).load_all(new.text):
            pass
    except (YAMLError, ValueError, RecursionError) as error:
        raise Unproven(f"ruamel.yaml would not load the file: {str(error).splitlines()[0]}") from None


def _is_yaml(source: Source) -> bool:
    from linter.dialects.marks import BARE_KUSTO

    return not source.path.lower().endswith(BARE_KUSTO) and source.text[:200].lstrip("\ufeff \t\r\n")[:1] not in ("{", "[")
