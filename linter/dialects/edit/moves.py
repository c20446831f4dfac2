"""Techniques where they are more than an id: Elastic's `threat` tables name each one and link to it."""

from __future__ import annotations

from linter.dialects.edit.base import Refused
from linter.finding import Edit, Fix, ReplaceTag
from linter.rule import Rule
from linter.source import Source


def elastic(source: Source, rule: Rule, intent: ReplaceTag) -> Fix:
    """The id with its name and its address, when the new technique stands as deep as the old one; else a text to copy."""
    from linter.taxonomy import attack

    old, new = intent.old.strip().upper(), intent.new.strip().upper()
    by_hand = Fix("display", f"replace {old} by {new} in the rule's `threat`, with its name and address", ())
    info = attack.lookup(new)
    start, end = intent.start, intent.end
    if source.text[start:end].strip().upper() != old:
        raise Refused(f"{old} does not stand there as such")
    if info is None or ("." in old) != ("." in new) or ("." in old and old.partition(".")[0] != new.partition(".")[0]):
        return by_hand
    if sum(one.original.strip().upper() in (old, new) for one in rule.techniques) != 1:
        return by_hand
    first, last = _table(source, start)
    block = source.text[first:last]
    known = attack.lookup(old)
    pieces = [(f'"{known.name}"', f'"{info.name}"')] if known is not None else []
    pieces.append((f"/techniques/{old.replace('.', '/')}/", f"/techniques/{new.replace('.', '/')}/"))
    edits = [Edit(start, end, new)]
    for before, after in pieces:
        at = block.find(before)
        if at < 0 or block.count(before) > 1:
            return by_hand
        edits.append(Edit(first + at, first + at + len(before), after))
    return Fix("safe", f"replace {old} by {new}, with its name and address", tuple(sorted(edits)))


def _table(source: Source, offset: int) -> tuple[int, int]:
    """The lines around an offset up to the next empty line, table header or bracket."""
    text = source.text
    first, last = source.line_span(offset)
    while first > 0:
        start, stop = source.line_span(first - 1)
        line = text[start:stop].strip()
        if not line or line[0] in "[{" or line[-1] in "[{":
            break
        first = start
    while last < len(text):
        start, stop = source.line_span(min(len(text), last + (2 if text.startswith("\r\n", last) else 1)))
        line = text[start:stop].strip()
        if start <= last or not line or line[0] in "[{}]" or line[-1] in "[{":
            break
        last = stop
    return first, last
