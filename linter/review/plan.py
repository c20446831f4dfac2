"""What is to be done on a pull request: a pure function of what is found and of what of ours is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from linter.finding import SEVERITIES, Finding
from linter.review import words
from linter.review.compare import Comparison, File


class Existing(NamedTuple):
    """A comment of our own. `line` is None when it is outdated; `replied`: others speak in its conversation.

    `thread` is the conversation's id, "" when it is not known; `by_person`: somebody else than we resolved it.
    """

    id: int
    fingerprint: str
    path: str
    line: int | None
    body: str
    replied: bool = False
    thread: str = ""
    resolved: bool = False
    by_person: bool = False


class Post(NamedTuple):
    """A comment to make on the lines `start` to `line` of a file of the repository."""

    finding: Finding
    path: str
    start: int
    line: int
    body: str


class Plan(NamedTuple):
    """What to do. `silent`: findings that a person resolved; `outside`: those off the diff; `over`: those above the limit."""

    posts: tuple[Post, ...]
    edits: tuple[tuple[Existing, str], ...]
    drops: tuple[Existing, ...]
    kept: tuple[Finding, ...]
    silent: tuple[Finding, ...]
    outside: tuple[Finding, ...]
    over: tuple[Finding, ...]

    def refused(self, posts: Iterable[Post]) -> Plan:
        """The plan after GitHub took some comments for no part of the diff: their findings go to the summary."""
        gone = set(posts)
        outside = (*self.outside, *(post.finding for post in self.posts if post in gone))
        return self._replace(posts=tuple(post for post in self.posts if post not in gone), outside=outside)


def plan(found: Comparison, existing: Sequence[Existing], limit: int, covers: Callable[[str], bool] = lambda _: True) -> Plan:
    """What to post, edit and remove. `covers`: whether this run speaks for a file of the repository, by its name."""
    posts: list[Post] = []
    edits: list[tuple[Existing, str]] = []
    drops: list[Existing] = []
    kept: list[Finding] = []
    silent: list[Finding] = []
    outside: list[Finding] = []
    over: list[Finding] = []
    for finding in _once(found):
        mine = [one for one in existing if one.fingerprint == finding.fingerprint]
        if any(one.resolved and one.by_person for one in mine):
            silent.append(finding)
            continue
        live = [one for one in mine if not one.resolved and (one.line is not None or one.replied)]
        drops += [one for one in mine if not one.resolved and one not in live[:1]]
        post = _post(finding, found)
        if live:
            kept.append(finding)
            if post and live[0].line is not None and post.body.strip() != live[0].body.replace("\r\n", "\n").strip():
                edits.append((live[0], post.body))
        elif post is None:
            outside.append(finding)
        elif len(posts) + len(kept) >= limit:
            over.append(finding)
        else:
            posts.append(post)
    raised = {finding.fingerprint for finding in found.fresh}
    for one in existing:
        if one.fingerprint not in raised and not one.resolved and covers(one.path) and one.path not in found.failed:
            drops.append(one)
    return Plan(tuple(posts), tuple(edits), tuple(drops), *map(tuple, (kept, silent, outside, over)))


def _once(found: Comparison) -> list[Finding]:
    """The new findings, each fingerprint once (at a place in the diff if it has one), the gravest first."""
    best: dict[str, Finding] = {}
    for finding in found.fresh:
        before = best.get(finding.fingerprint)
        if before is None or (_lines(before, found) is None and _lines(finding, found) is not None):
            best[finding.fingerprint] = finding
    return sorted(best.values(), key=lambda one: (-SEVERITIES.index(one.severity), one.path, one.begin, one.check))


def _lines(finding: Finding, found: Comparison) -> tuple[File, int, tuple[tuple[int, int], ...]] | None:
    """(file, line to comment on, the hunk it is in) of a finding; None when it is off the diff. Changed lines come first."""
    file = found.file(finding.path)
    if file is None:
        return None
    for ranges in (file.changed, file.hunks):
        for low, high in ranges:
            line = max(low, finding.begin.line)
            hunk = tuple((first, last) for first, last in file.hunks if first <= line <= last)
            if line <= min(high, finding.finish.line) and hunk:
                return file, line, hunk
    return None


def _post(finding: Finding, found: Comparison) -> Post | None:
    spot = _lines(finding, found)
    if spot is None:
        return None
    file, line, hunk = spot
    offer = words.offer(finding, found.texts.get(finding.path), hunk)
    start, end = (offer.change.first, offer.change.last) if offer else (line, line)
    return Post(finding, file.name, start, end, words.comment(finding, offer))
