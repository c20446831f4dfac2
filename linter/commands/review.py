"""`siftlint review`: findings as comments on a pull request."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from linter import changes, config, engine, suppress
from linter.commands.common import Chooser, Unable, UsageError, catalogs, say, snapshot, text_of, write
from linter.commands.lint import attach_fixes
from linter.discover import tidy
from linter.engine import FileResult, Report
from linter.finding import Finding
from linter.reporters.clean import inert, plain
from linter.reporters.text import count
from linter.review import place as places
from linter.review.compare import Comparison, Lint, compare, touched
from linter.review.place import Place, ReviewError
from linter.review.plan import Plan, plan

if TYPE_CHECKING:
    from linter.review.hub import Hub
    from linter.review.post import Done

INSTALL = "`review` needs PyGithub: pip install 'siftlint[review]', or in a checkout: pip install '.[review]'"
NO_RIGHT = (
    "nothing was posted: this token may not write to pull requests (one from a fork never may; else give the job "
    "`permissions: pull-requests: write`); what would have been said follows"
)


def run(args: Namespace) -> int:
    """Compares head with base, and posts (or prints) what head has and base has not."""
    try:
        where = places.of(os.environ)
        return _run(args, where)
    except ReviewError as error:
        raise Unable(str(error)) from None


def _run(args: Namespace, where: Place | None) -> int:
    post = not args.dry_run
    if post and where is None:
        raise UsageError("no pull request: this is not a job of one (GITHUB_EVENT_PATH, GITHUB_REPOSITORY); see --dry-run")
    if post and where and not where.token:
        raise UsageError("no token: give GITHUB_TOKEN in the environment, or see --dry-run")
    hub = _hub(where) if post and where else None
    settings = config.for_paths(args.paths)
    choose = Chooser(args)
    review = _Review(args, where, settings, choose)
    found = review.compare()
    limit = args.max_comments
    seen, to_do, denied = None, plan(found, (), limit, review.covers), ""
    if hub:
        from linter.review.hub import Denied
        from linter.review.post import carry_out, present

        try:
            head = str((hub.pull().get("head") or {}).get("sha") or "")
            if head and head != found.head:
                say(f"a newer push ({head[:7]}) is there: its own run speaks for it, this one posts nothing")
                return review.status(found)
            seen = present(hub)
            to_do = plan(found, seen.comments, limit, review.covers)
            done = carry_out(
                hub, to_do, seen, found.head, lambda now: review.summary(found, now, bool(seen and seen.summaries))
            )
            write(_told(done, to_do, hub), args.output)
        except Denied as error:
            denied = f"{NO_RIGHT} ({error})"
    if denied:
        say(denied)
    if denied or not hub:
        write("\n".join(_shown(to_do, review.summary(found, to_do, False))) + "\n", args.output)
    say(*found.report.notes, *found.report.failures)
    return 3 if found.report.failures else review.status(found)


def _hub(where: Place) -> Hub:
    try:
        from linter.review.hub import Hub

        return Hub(where)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("github", "requests"):
            raise Unable(INSTALL) from None
        raise


class _Review:
    """One run: its configuration, the two commits, and what it says of them."""

    def __init__(self, args: Namespace, where: Place | None, settings: config.Config, choose: Chooser) -> None:
        self.args, self.where, self.settings, self.choose = args, where, settings, choose
        self.folders = catalogs(args.snapshot or settings.snapshot, settings.catalogs)
        known = args.baseline or settings.baseline
        self.baseline = suppress.read_baseline(known) if known else frozenset()
        self.top = changes.toplevel(args.paths[0] if args.paths else ".")

    def compare(self) -> Comparison:
        """Lints both commits. ReviewError or ChangesError when one is not here."""
        base = self.args.changed_since or (self.where.base if self.where else "")
        if not base:
            raise UsageError("compare with what? --changed-since REF, such as --changed-since origin/main")
        head = changes.commit(self.top, (self.where.head if self.where else "") or "HEAD")
        parting = changes.merge_base(self.top, base, head)
        files = touched(self.top, parting, head, self.shown)
        lint = Lint(self.choose, lambda path: self.choose.dialect_of(path), self.folders, self._report)
        found = compare(self.top, parting, head, files, lint)
        return self._with_fixes(found)

    def _report(self, results: Iterable[FileResult]) -> Report:
        return engine.report(
            results, self.choose, snapshot=snapshot(self.folders), ignores=self.settings.ignores, baseline=self.baseline
        )

    def _with_fixes(self, found: Comparison) -> Comparison:
        """The fixes of new findings, for files that stand here as they are in head: fixes are made for what is on disk."""
        here = {path for path, source in found.texts.items() if (now := text_of(path)) and now.text == source.text}
        wanted = tuple(one for one in found.fresh if one.intent and one.path in here)
        if not wanted:
            return found
        fixed = attach_fixes(found.report._replace(findings=wanted)).findings
        by_old = dict(zip(map(_key, wanted), fixed, strict=True)) if len(fixed) == len(wanted) else {}
        return found._replace(fresh=tuple(by_old.get(_key(one), one) for one in found.fresh))

    def shown(self, name: str) -> str | None:
        """The path by which this run speaks of a file of the repository; None when it is not asked for, or excluded."""
        whole = f"{self.top}/{name}"
        path = tidy(os.path.relpath(whole))
        if path.startswith("../"):
            path = whole
        roots = [tidy(os.path.realpath(given)).rstrip("/") for given in self.args.paths or (".",)]
        if not any(whole == root or whole.startswith(f"{root}/") for root in roots):
            return None
        return None if self.settings.excludes(path) or config.for_file(path).excludes(path) else path

    def covers(self, name: str) -> bool:
        """Whether this run speaks for a file of the repository."""
        return self.shown(name) is not None

    def status(self, found: Comparison) -> int:
        """1 when a new finding reaches --fail-on."""
        floor = self.args.fail_on or self.settings.fail_on
        return int(floor != "never" and found.report._replace(findings=found.fresh).reaches(floor))

    def summary(self, found: Comparison, now: Plan, there: bool) -> str:
        """The summary's text; "" when there is nothing to say and nothing was said before."""
        from linter.review.summary import summary

        if not (found.fresh or there):
            return ""
        catalog = engine.catalog(self.folders) if found.report.snapshot else None
        return summary(found, now, self.where.page if self.where else "", catalog)


def _key(finding: Finding) -> tuple[str, int, str]:
    return finding.path, finding.start, finding.fingerprint


def _told(done: Done, now: Plan, hub: Hub) -> str:
    parts = [
        f"{count(done.posted, 'comment')} posted", f"{done.edited} edited", f"{done.removed} removed",
        f"{done.resolved} resolved", f"{len(now.kept)} there already", f"summary {done.summary or 'not needed'}",
    ]  # fmt: skip
    requests = ", ".join(f"{number} {verb}" for verb, number in sorted(hub.sent.items()))
    return inert("\n".join([f"{', '.join(parts)} ({requests})", *map(plain, done.problems)]) + "\n")


def _shown(now: Plan, summary: str) -> Iterator[str]:
    """What would be posted, each line behind a mark that no line of a stranger can forge."""
    for post in now.posts:
        lines = f"{post.start}-{post.line}" if post.start < post.line else str(post.line)
        yield f"comment on {plain(post.path)}:{lines}"
        yield from _quoted(post.body)
    yield "summary" if summary else "nothing to say"
    yield from _quoted(summary)


def _quoted(body: str) -> Sequence[str]:
    return [inert(f"  | {plain(line)}") for line in body.splitlines()]
