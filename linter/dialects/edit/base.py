"""What the editors of all dialects share: how they refuse, and how a value is put among its like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from linter.finding import AddExclusion, Edit
from linter.source import Source


class Refused(ValueError):
    """Why an intent is not carried out in this text: a sentence without its subject ("the condition has an aggregation")."""


def parts(intent: AddExclusion) -> tuple[tuple[str, str, str], ...]:
    """The (field, op, value) of an exclusion, all of which have to hold for it."""
    return ((intent.field, intent.op, intent.value), *intent.extra)


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made. ValueError when two of them overlap or one lies outside."""
    out: list[str] = []
    at = 0
    for edit in sorted(edits):
        if not at <= edit.start <= edit.end <= len(text):
            raise ValueError("edits overlap")
        out += (text[at : edit.start], edit.text)
        at = edit.end
    return "".join(out) + text[at:]


def moved(edits: Iterable[Edit]) -> Iterator[tuple[int, int]]:
    """Where the texts of the edits stand once they are made: [start, end) in the new text, rising."""
    shift = 0
    for edit in sorted(edits):
        start = edit.start + shift
        yield start, start + len(edit.text)
        shift += len(edit.text) - (edit.end - edit.start)


def line_end(source: Source, offset: int) -> str:
    """The line end that a line put in behind this offset gets: that of its line, else the file's first, else `\\n`."""
    text = source.text
    _, stop = source.line_span(offset)
    for at in (stop, source.line_span(0)[1]):
        found = "\r\n" if text.startswith("\r\n", at) else text[at : at + 1]
        if found in ("\r\n", "\n", "\r"):
            return found
    return "\n"
