"""What a pull request brings: the findings of its head that its base has not, from git's objects, whatever is checked out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from linter import changes, engine
from linter.changes import Change, Ranges
from linter.checks.base import Options
from linter.discover import SUFFIXES, Look, judge
from linter.engine import FileResult, Report
from linter.finding import Finding
from linter.reading import MAX_BYTES, Unreadable, decode
from linter.rule import Reading, Rule
from linter.source import Source

CONTEXT = 3  # unchanged lines around a change on which GitHub takes comments


class File(NamedTuple):
    """A changed file: its name for us (`path`) and in the repository, those that take comments (`hunks`), and changed lines."""

    path: str
    name: str
    hunks: Ranges
    changed: Ranges


class Comparison(NamedTuple):
    """What head has to say. `fresh`: findings that base has not; `known`: those it has; `gone`: how many it alone has."""

    base: str
    head: str
    files: tuple[File, ...]
    report: Report
    fresh: tuple[Finding, ...]
    known: tuple[Finding, ...]
    gone: int
    rules: tuple[Rule, ...]
    texts: dict[str, Source]
    failed: frozenset[str]  # names of files that siftlint could not do its work on

    def file(self, path: str) -> File | None:
        """The changed file of a finding's path."""
        return next((file for file in self.files if file.path == path), None)


class Lint(NamedTuple):
    """How files are linted: their options and dialect by path, the catalog's folders, and how results become a Report."""

    options: Callable[[str], Options]
    dialect: Callable[[str], str]
    catalogs: tuple[str, ...]
    report: Callable[[Iterable[FileResult]], Report]


def touched(top: str, base: str, head: str, shown: Callable[[str], str | None]) -> tuple[tuple[File, Change], ...]:
    """The changed files that could hold rules. `shown` gives the path by which we speak of a file, None to leave it out."""
    near = {change.path: change.ranges for change in changes.diff(top, base, head, CONTEXT)}
    suffixes = tuple({suffix for many in SUFFIXES.values() for suffix in many})
    found = []
    for change in changes.diff(top, base, head):
        path = shown(change.path) if change.ranges and change.path.lower().endswith(suffixes) else None
        if path is not None:
            found.append((File(path, change.path, near.get(change.path, ()), change.ranges), change))
    return tuple(found)


def compare(top: str, base: str, head: str, files: Sequence[tuple[File, Change]], lint: Lint) -> Comparison:
    """Lints every file as it is in `head` and as it was in `base`, under its name in `head`, and tells them apart."""
    before, after = [], []
    rules: list[Rule] = []
    texts: dict[str, Source] = {}
    for file, change in files:
        seen = _look(top, head, change.path, file.path, lint)
        reading, result = _lint(seen, lint.options(file.path)._replace(changed=file.changed), lint.catalogs)
        after.append(result)
        rules += reading.rules if reading else ()
        if seen.source:
            texts[file.path] = seen.source
        if change.old:
            old = _look(top, base, change.old, file.path, lint)
            before.append(_lint(old, lint.options(file.path)._replace(changed=None), lint.catalogs)[1])
    report, had = lint.report(after), lint.report(before)
    left = Counter(finding.fingerprint for finding in had.findings)
    fresh, known = [], []
    for finding in report.findings:
        if left[finding.fingerprint] > 0:
            left[finding.fingerprint] -= 1
            known.append(finding)
        else:
            fresh.append(finding)
    gone = sum(count for count in left.values() if count > 0)
    failed = frozenset(file.name for (file, _), result in zip(files, after, strict=True) if result.failure)
    return Comparison(
        base, head, tuple(file for file, _ in files), report, tuple(fresh), tuple(known), gone, tuple(rules), texts, failed
    )


def _look(top: str, commit: str, name: str, path: str, lint: Lint) -> Look:
    data = changes.blob(top, commit, name)
    if data is None:  # a submodule, or not there
        return Look(path, "other")
    if len(data) > MAX_BYTES:
        return judge(path, Unreadable(path, f"{len(data) / 1e6:.1f} MB is too large to be read", sample=""), lint.dialect(path))
    return judge(path, decode(path, data), lint.dialect(path))


def _lint(seen: Look, options: Options, catalogs: tuple[str, ...]) -> tuple[Reading | None, FileResult]:
    """The file's rules and what is to be said of them; a fault of ours is the file's `failure`, as in `engine.lint_file`."""
    from linter.dialects import registry

    try:
        result = engine.lint_look(seen, options, lambda: engine.catalog(catalogs))
        if seen.kind != "rule" or seen.source is None:
            return None, result
        return registry.dialect(seen.dialect).read(seen.source), result
    except Exception as error:
        return None, FileResult(seen.path, "failure", failure=f"{seen.path}: {type(error).__name__}: {error}")
