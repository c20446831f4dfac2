"""Linting many files with the cache: what is known is taken from it, the rest is linted and kept.

A kept result is a JSON array. The file's path, which stands in its key, is filled in on reading.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from linter import engine
from linter.checks.base import RuleRow
from linter.commands.common import Unable
from linter.engine import FileResult, Job
from linter.finding import Edit, Evidence, Finding, Fix, Intent, RuleRef
from linter.rule import Event
from linter.source import Position
from linter.suppress import Inline, Silenced

SAMPLE = 40  # files that are linted before there are workers
FEW = 20  # files that need no thought about processes
_AT_ONCE = 2_000  # results that wait to be kept
_INTENTS: dict[str, Any] = {kind.__name__: kind for kind in Intent.__args__}


def lint_all(jobs: Sequence[Job], processes: int) -> Iterator[FileResult]:
    """Every file's result, in order, over as many processes as pay. Unable when one of them is lost."""
    if len(jobs) < FEW and processes < 2:
        yield from map(engine.lint_file, jobs)
        return
    from linter.jobs import WorkerLost, run

    try:
        yield from run(engine.lint_file, jobs, processes, label="linting", sample=SAMPLE)
    except WorkerLost as error:
        raise Unable(str(error)) from None


def lint_cached(jobs: Sequence[Job], processes: int, catalogs: Sequence[str]) -> tuple[list[FileResult], str]:
    """The same with the cache, and a word on the cache, "" when there is nothing to say. `catalogs`: their folders."""
    from linter.cache import Cache, Keys, folder  # a run without it starts sooner

    place = folder()
    try:
        keys = Keys(catalogs) if place else None
    except OSError:  # no catalog, which is for those to say who need it
        keys = None
    if keys is None:
        return list(lint_all(jobs, processes)), ""
    of = [keys.key(job.path, job[1:]) if isinstance(job.path, str) else None for job in jobs]
    cache = Cache(place)
    try:
        kept = cache.get([key for key in of if key is not None])
        results = _unpacked(jobs, of, kept)
        missing = [at for at, result in enumerate(results) if result is None]
        fresh: list[tuple[bytes, bytes]] = []
        for at, result in zip(missing, lint_all([jobs[at] for at in missing], processes), strict=True):
            results[at] = result
            key = of[at]
            if key is not None and (data := pack(result)) is not None:
                fresh.append((key, data))
            if len(fresh) >= _AT_ONCE:
                cache.put(fresh)
                fresh = []
        cache.put(fresh)
        return [result for result in results if result is not None], cache.note
    finally:
        cache.close()


def _unpacked(jobs: Sequence[Job], of: Sequence[bytes | None], kept: dict[bytes, bytes]) -> list[FileResult | None]:
    """Each job's kept result, None where there is none. An entry that is not understood is none."""
    if not kept:
        return [None] * len(jobs)
    read = Unpacker()
    return [
        read.result(job.path, kept[key]) if key in kept and isinstance(job.path, str) else None
        for job, key in zip(jobs, of, strict=True)
    ]


# results as bytes


def pack(result: FileResult) -> bytes | None:
    """A result as bytes; None for one that is not to be kept: a fault of ours."""
    if result.failure:
        return None
    data = [
        result.kind,
        result.dialect,
        result.unreadable,
        result.container,
        [row[1:] for row in result.rules],
        [_finding(finding) for finding in result.findings],
        [[_finding(gone.finding), *gone[1:]] for gone in result.silenced],
        result.comments,
    ]
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _finding(finding: Finding) -> list[Any]:
    """A finding without its path; an intent with its kind before it."""
    intent = None if finding.intent is None else [type(finding.intent).__name__, *finding.intent]
    return [*finding[:4], *finding[5:15], intent, finding.fixes]


class Unpacker:
    """Bytes → results. Events are shared: thousands of rules read the same few."""

    def __init__(self) -> None:
        self._events: dict[tuple[Any, ...], Event] = {}

    def result(self, path: str, data: bytes) -> FileResult | None:
        """The result that was packed, for a file at `path`; None when these bytes are none."""
        try:
            kind, dialect, unreadable, container, rows, findings, silenced, comments = json.loads(
                data.decode("utf-8", "surrogatepass")
            )
            return FileResult(
                path,
                kind,
                dialect,
                tuple([self._row(path, row) for row in rows]),
                tuple([_refound(path, finding) for finding in findings]),
                tuple([Silenced(_refound(path, finding), by, reason) for finding, by, reason in silenced]),
                tuple([Inline(tuple(checks), *rest) for checks, *rest in comments]),
                unreadable,
                container,
            )
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    def _row(self, path: str, row: list[Any]) -> RuleRow:
        dialect, id, title, start, end, begin, finish, kind, techniques, events, exclusions, noise, bases = row
        return RuleRow(
            path, dialect, id, title, start, end, Position(*begin), Position(*finish), kind, tuple(techniques),
            tuple(map(self._event, events)), exclusions, noise, tuple(bases),
        )  # fmt: skip

    def _event(self, fields: list[Any]) -> Event:
        key = tuple(fields)
        event = self._events.get(key)
        if event is None:
            event = self._events[key] = Event(*key)
        return event


def _refound(path: str, fields: list[Any]) -> Finding:
    check, severity, confidence, persona, dialect, id, title, start, end, begin, finish, message, subject, *rest = fields
    (here, considered, families, reach, rules), intent, fixes = rest
    return Finding(
        check, severity, confidence, persona, path, dialect, id, title, start, end, Position(*begin), Position(*finish),
        message, tuple(subject), Evidence(here, considered, families, reach, tuple([RuleRef(*rule) for rule in rules])),
        _intent(intent), tuple([Fix(how, said, tuple([Edit(*edit) for edit in edits])) for how, said, edits in fixes]),
    )  # fmt: skip


def _intent(fields: list[Any] | None) -> Any:
    return None if fields is None else _INTENTS[fields[0]](*map(_tuples, fields[1:]))


def _tuples(value: Any) -> Any:
    """Lists as the tuples that they were."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
