"""What was raised and is not shown: comments in the rule, ignores in the configuration, a baseline, in this order.

A comment `siftlint: ignore[check, check] reason`, in the comment style of the rule's language, silences those checks on its
own line and on the next; on a rule's first lines or its title it silences them for the whole rule.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from linter.atomic import write_whole
from linter.finding import Finding
from linter.source import Source

if TYPE_CHECKING:
    from datetime import date

_COMMENT = re.compile(r"(?:#|//|/\*|```)[ \t]*siftlint:[ \t]*ignore\[([\w*, -]{1,400})\][ \t]*([^\r\n]{0,300})")
_OPENERS = ("#", "//", "/*", "```")
MAX_COMMENTS = 10_000  # a file's that are heeded
BASELINE_VERSION = 1


class Inline(NamedTuple):
    """An ignore comment: the checks it names (`*`: all), why, its line, and the lines (first, last) it speaks for."""

    checks: tuple[str, ...]
    reason: str
    line: int
    first: int
    last: int

    def covers(self, finding: Finding) -> bool:
        """Whether it silences a finding."""
        return self.first <= finding.begin.line <= self.last and (finding.check in self.checks or "*" in self.checks)


class Ignore(NamedTuple):
    """An ignore in the configuration. `rule`, `check` and `value` narrow it ("" does not); `expires` is its last day."""

    rule: str
    check: str
    value: str
    reason: str
    expires: date | None = None
    where: str = ""

    def covers(self, finding: Finding) -> bool:
        """Whether it silences a finding."""
        return (
            (not self.rule or self.rule == finding.rule_id)
            and (not self.check or self.check == finding.check)
            and (not self.value or self.value.lower() in (part.lower() for part in finding.subject))
        )

    @property
    def name(self) -> str:
        """What it is about, for a message."""
        parts = (("rule", self.rule), ("check", self.check), ("value", self.value))
        return ", ".join(f"{key} {text}" for key, text in parts if text)


class Silenced(NamedTuple):
    """A finding that is not shown, and why: `inline`, `external` or `baseline`, with the reason its author gave."""

    finding: Finding
    by: str
    reason: str = ""


# comments


def inline(source: Source, titles: Sequence[int]) -> tuple[Inline, ...]:
    """The ignore comments of a file. `titles`: the offsets at which its rules' titles stand."""
    if "siftlint:" not in source.text:
        return ()
    lines = [source.text[slice(*source.line_span(start))].strip() for start in source.line_starts]
    heads = sorted({source.position(offset).line for offset in titles})
    scopes = _Scopes(lines, heads)
    out: list[Inline] = []
    for found in _COMMENT.finditer(source.text):
        if len(out) >= MAX_COMMENTS:
            break
        line = source.position(found.start()).line
        checks = tuple(dict.fromkeys(part.strip() for part in found.group(1).split(",") if part.strip()))
        reason = found.group(2).replace("*/", "").replace("```", "").strip()
        out.append(Inline(checks, reason, line, *scopes.of(line)))
    return tuple(out)


def _regions(lines: list[str], heads: list[int]) -> list[int]:
    """The first line of each rule's part of the file, rising: behind a `---`, else where the comments above its title begin."""
    starts = {1, *(number + 1 for number, text in enumerate(lines, 1) if text == "---")}
    marks = sorted(starts)
    for before, head in pairwise(heads):
        if bisect_right(marks, before) == bisect_right(marks, head):  # nothing between two titles says where a rule begins
            starts.add(_block_above(lines, head))
    return sorted(starts)


def _block_above(lines: list[str], line: int) -> int:
    """The first line of the comments that stand directly above a line; the line itself where there are none."""
    while line > 1 and _is_comment(lines[line - 2]):
        line -= 1
    return line


def _is_comment(text: str) -> bool:
    return text.startswith(_OPENERS)


class _Scopes:
    """The lines that a comment speaks for: the whole rule's at its head, else its own and, if it stands alone, the next."""

    def __init__(self, lines: list[str], heads: list[int]) -> None:
        self._last = len(lines)
        self._regions = _regions(lines, heads)
        self._heads = heads
        self._above = [_block_above(lines, head) for head in heads]
        self._opening: dict[int, int] = {}
        self._following = list(range(1, len(lines) + 1))  # by line: the next one that is no comment, itself where it is none
        for line in range(len(lines) - 1, 0, -1):
            if _is_comment(lines[line - 1]):
                self._following[line - 1] = self._following[line]
        for first, behind in pairwise((*self._regions, len(lines) + 1)):
            opening = first
            while opening < behind - 1 and (
                not lines[opening - 1] or _is_comment(lines[opening - 1]) or lines[opening - 1] == "---"
            ):
                opening += 1
            self._opening[first] = opening

    def of(self, line: int) -> tuple[int, int]:
        """The first and the last line for which a comment on a line speaks."""
        at = bisect_right(self._regions, line) - 1
        first = self._regions[at]
        last = self._regions[at + 1] - 1 if at + 1 < len(self._regions) else self._last
        head = bisect_left(self._heads, line)  # the title that comes next, above which the comment may stand
        if line <= self._opening[first] or (
            head < len(self._heads) and self._above[head] <= line and first <= self._heads[head] <= last
        ):
            return first, last
        return line, min(self._following[line - 1], last)


def split_inline(findings: Iterable[Finding], comments: Sequence[Inline]) -> tuple[tuple[Finding, ...], tuple[Silenced, ...]]:
    """The findings that no comment silences, and those that one does."""
    shown, silenced = [], []
    for finding in findings:
        by = next((comment for comment in comments if comment.covers(finding)), None)
        if by is None:
            shown.append(finding)
        else:
            silenced.append(Silenced(finding, "inline", by.reason))
    return tuple(shown), tuple(silenced)


# ignores in the configuration


class External(NamedTuple):
    """What the configuration's ignores did: findings left, findings silenced, and what to tell the author about the ignores."""

    shown: tuple[Finding, ...]
    silenced: tuple[Silenced, ...]
    notes: tuple[str, ...]


def split_external(
    findings: Sequence[Finding], ignores: Sequence[Ignore], rule_ids: frozenset[str], whole: bool, today: date | None = None
) -> External:
    """Applies the ignores. An expired one does nothing and is noted; so is one that matched nothing although it could have.

    `rule_ids`: the rules of this run; `whole`: whole folders were linted, so that an ignore whose rule was not seen, or that
    names no rule, could have matched.
    """
    if not ignores:
        return External(tuple(findings), (), ())
    from datetime import date

    today = today or date.today()
    valid, notes = [], []
    for ignore in ignores:
        if ignore.expires is not None and ignore.expires < today:
            notes.append(f"{ignore.where}: the ignore for {ignore.name} expired on {ignore.expires}; remove it or renew it")
        else:
            valid.append(ignore)
    shown, silenced = [], []
    used: set[Ignore] = set()
    for finding in findings:
        by = [ignore for ignore in valid if ignore.covers(finding)]
        used.update(by)
        if by:
            silenced.append(Silenced(finding, "external", by[0].reason))
        else:
            shown.append(finding)
    for ignore in valid:
        if ignore not in used and (ignore.rule in rule_ids or whole):
            why = "matches nothing" if not ignore.rule or ignore.rule in rule_ids else "names a rule that is not here"
            notes.append(f"{ignore.where}: the ignore for {ignore.name} {why}; remove it")
    return External(tuple(shown), tuple(silenced), tuple(notes))


# baseline


class BaselineError(ValueError):
    """A baseline file that can't be read, or is none; the text says which and why."""


def read_baseline(path: str) -> frozenset[str]:
    """The fingerprints of a baseline file. BaselineError when it can't be read."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            data = json.load(file)
    except OSError as error:
        raise BaselineError(f"baseline {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise BaselineError(f"baseline {path}: not JSON ({error})") from None
    if not isinstance(data, dict) or data.get("version") != BASELINE_VERSION or not isinstance(data.get("findings"), list):
        raise BaselineError(f"baseline {path}: not a siftlint baseline of version {BASELINE_VERSION}")
    return frozenset(str(entry.get("fingerprint")) for entry in data["findings"] if isinstance(entry, dict))


def split_baseline(findings: Iterable[Finding], known: frozenset[str]) -> tuple[tuple[Finding, ...], tuple[Silenced, ...]]:
    """The findings that are not in the baseline, and those that are."""
    shown, silenced = [], []
    for finding in findings:
        if known and finding.fingerprint in known:
            silenced.append(Silenced(finding, "baseline"))
        else:
            shown.append(finding)
    return tuple(shown), tuple(silenced)


def write_baseline(path: str, findings: Iterable[Finding]) -> int:
    """Writes the findings as a baseline, sorted and one a line, whole or not at all; returns how many entries it holds."""
    entries = {
        finding.fingerprint: {
            "fingerprint": finding.fingerprint,
            "check": finding.check,
            "rule": finding.rule_id or finding.path,
            "title": finding.rule_title,
            "subject": list(finding.subject),
        }
        for finding in findings
    }
    rows = sorted(entries.values(), key=lambda entry: (entry["check"], entry["rule"], entry["fingerprint"]))
    body = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows)
    write_whole(path, f'{{"version": {BASELINE_VERSION}, "findings": [\n{body}\n]}}\n')
    return len(rows)
