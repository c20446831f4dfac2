"""A finding's fix as formats carry it: the edits of one fix as a single replacement, and on whole lines."""

from __future__ import annotations

from typing import NamedTuple

from linter.finding import Fix
from linter.source import Source

FARTHEST = 40  # lines between the first and the last edit of a fix, above which one replacement would hide what it does


class Replacement(NamedTuple):
    """Put `text` in place of the offsets [start, end)."""

    start: int
    end: int
    text: str


class LineReplacement(NamedTuple):
    """Put `text` (its last line end included, "" to remove them) in place of the lines `first` to `last`."""

    first: int
    last: int
    text: str


def joined(fix: Fix, source: Source) -> Replacement | None:
    """All edits of a fix as one replacement; None when it has none, they overlap, lie outside the text, or are far apart."""
    edits = sorted(fix.edits, key=lambda edit: (edit.start, edit.end))
    if not edits or edits[0].start < 0 or edits[-1].end > len(source.text):
        return None
    parts, at = [], edits[0].start
    for edit in edits:
        if edit.start < at or edit.end < edit.start:
            return None
        parts += [source.text[at : edit.start], edit.text]
        at = edit.end
    if source.position(at).line - source.position(edits[0].start).line > FARTHEST:
        return None
    return Replacement(edits[0].start, at, "".join(parts))


def on_lines(fix: Fix, source: Source) -> LineReplacement | None:
    """A fix as a replacement of whole lines, `\\n` as line end; None where `joined` is, or where it changes nothing."""
    one = joined(fix, source)
    if one is None:
        return None
    first = source.position(one.start).line
    last = max(first, source.position(one.end).line)
    begin = source.line_starts[first - 1]
    end = source.line_starts[last] if last < len(source.line_starts) else len(source.text)
    if one.end == source.line_starts[last - 1] and last > first:  # ends with the line end before: that line stays as it is
        last, end = last - 1, one.end
    if begin == end:  # behind the last line end is no line to replace: take the one before
        if first == 1:
            return None
        first -= 1
        begin = source.line_starts[first - 1]
    old = source.text[begin:end]
    new = source.text[begin : one.start] + one.text + source.text[one.end : end]
    if new == old:
        return None
    if new and not new.endswith(("\n", "\r")) and old.endswith(("\n", "\r")):
        return None  # it would join the next line
    return _trimmed(first, _plain_ends(old), _plain_ends(new))


def _trimmed(first: int, old: list[str], new: list[str]) -> LineReplacement:
    """The replacement without the lines at both ends that stay; one line is always replaced."""
    while len(old) > 1 and new and old[0] == new[0]:
        first, old, new = first + 1, old[1:], new[1:]
    while len(old) > 1 and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return LineReplacement(first, first + len(old) - 1, "".join(new))


def _plain_ends(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").splitlines(keepends=True)
