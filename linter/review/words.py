"""What a review says: the text of a comment and of the summary. Strangers' texts go through `markup` alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from linter.finding import Finding, Fix
from linter.reporters.edits import LineReplacement, on_lines
from linter.reporters.markdown import blob, counts, evidence_title, head, siblings
from linter.reporters.markup import code, exact, link, prose, suggestion, text
from linter.reporters.text import count
from linter.source import Source

MOST = 60_000  # characters of a comment: GitHub takes 65,536
SUMMARY = "<!-- siftlint:summary -->"
_FINDING = re.compile(r"<!-- siftlint:finding ([0-9a-f]{16}) -->(?:\n|$)")
PAST = "~~This is not raised any more.~~"


class Section(NamedTuple):
    """A part of the summary: what is said above it, and its lines; `folded` behind a line to open."""

    title: str
    lines: tuple[str, ...]
    folded: bool = False


class Offer(NamedTuple):
    """A fix that can be applied from a comment: the lines it replaces, and by what."""

    fix: Fix
    change: LineReplacement


# comments


def marked(body: str) -> str:
    """The fingerprint that a comment of ours carries on its first line, "" when it carries none."""
    found = _FINDING.match(body.replace("\r\n", "\n"))
    return found[1] if found else ""


def is_summary(body: str) -> bool:
    """Whether a body is that of a summary."""
    return body.startswith(SUMMARY)


def comment(finding: Finding, offer: Offer | None) -> str:
    """A comment on a finding's lines, with the fix that is offered to be applied."""
    lines = [f"<!-- siftlint:finding {finding.fingerprint} -->", head(finding), "", prose(finding.message)]
    if finding.evidence.rules:
        lines += ["", "<details>", f"<summary>{evidence_title(finding.evidence)}</summary>", "", *siblings(finding.evidence)]
        lines += ["", "</details>"]
    if offer:
        lines += ["", _title(offer.fix), "", suggestion(offer.change.text).rstrip("\n")]
    else:
        lines += [part for fix in finding.fixes for part in ("", _title(fix))]
    lines += ["", f"<sub>Not this one? Resolve this conversation, or write {_ignore(finding)} at the line.</sub>"]
    return "\n".join(lines) + "\n"


def past(body: str) -> str:
    """A comment whose finding is gone, for a conversation that is not ours to remove."""
    first, _, rest = body.replace("\r\n", "\n").partition("\n")
    return f"{first}\n{PAST}\n\n{rest}" if PAST not in body else body


def offer(finding: Finding, source: Source | None, hunks: Sequence[tuple[int, int]]) -> Offer | None:
    """The first fix that can be offered as a replacement of whole lines that lie in one hunk; None when there is none."""
    for fix in finding.fixes if source else ():
        change = on_lines(fix, source) if source and fix.applicability != "display" else None
        if change and exact(change.text) and any(low <= change.first and change.last <= high for low, high in hunks):
            return Offer(fix, change)
    return None


def _title(fix: Fix) -> str:
    caution = " (it changes what the rule detects)" if fix.applicability == "unsafe" and fix.edits else ""
    return f"**Fix**{caution}: {prose(fix.description)}"


def _ignore(finding: Finding) -> str:
    opener = {"yaral": "//", "kusto": "//"}.get(finding.dialect, "#")
    return code(f"{opener} siftlint: ignore[{finding.check}] why")


# the summary


def line(finding: Finding, page: str, commit: str, name: str) -> str:
    """A finding as an item of a list, linked to its line."""
    where = f"{code(finding.path)} line {finding.begin.line}"
    if page and commit:
        where = f"[{code(finding.path)} line {finding.begin.line}]({blob(page, commit, name, finding.begin.line)})"
    title = f" · {text(finding.rule_title, 100)}" if finding.rule_title else ""
    refs = ", ".join(link(rule.title or rule.id, rule.url) for rule in finding.evidence.rules[:3])
    return f"- {head(finding)} {where}{title}  \n  {prose(finding.message)}{f' E.g. {refs}.' if refs else ''}"


def summary(fresh: Sequence[Finding], said: Sequence[str], sections: Sequence[Section], foot: str) -> str:
    """The summary: counts, sentences, parts; it is cut between two lines when it does not fit."""
    lines = [SUMMARY, f"## siftlint: {counts(fresh)}", "", *said]
    size = sum(len(one) + 1 for one in lines) + len(foot) + 200
    for section in sections:
        body = list(_section(section, MOST - size))
        lines += body
        size += sum(len(one) + 1 for one in body)
    return "\n".join([*lines, "", f"<sub>{foot}</sub>"]) + "\n"


def _section(section: Section, room: int) -> Iterator[str]:
    kept: list[str] = []
    room -= len(section.title) + 100
    for one in section.lines:
        room -= len(one) + 1
        if room < 0:
            break
        kept.append(one)
    left = len(section.lines) - len(kept)
    if left:
        kept.append(f"- … and {left} more than fit here")
    if section.folded:
        yield from ("", "<details>", f"<summary>{section.title}</summary>", "", *kept, "", "</details>")
    else:
        yield from ("", f"### {section.title}", "", *kept)


def sentence(new: int, on_lines: int, rules: int, gone: int) -> str:
    """What the pull request brings, in words."""
    said = f"{count(rules, 'changed rule')}: " + (
        f"{count(new, 'finding')} that the base has not" if new else "nothing that the base has not"
    )
    if on_lines:
        said += f", {on_lines} of them on the changed lines" if new > on_lines else ", on the changed lines"
    if gone:
        said += f"; {count(gone, 'older finding')} {'is' if gone == 1 else 'are'} gone"
    return said + "."
