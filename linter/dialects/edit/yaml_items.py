"""One item of a YAML list or mapping more, or less."""

from __future__ import annotations

from collections.abc import Sequence as Several

from linter.dialects.edit import yaml_layout
from linter.dialects.edit.base import Refused, line_end
from linter.dialects.yamldoc import Mapping, Node, Scalar, Sequence
from linter.finding import Edit
from linter.source import Source


def behind_last(source: Source, node: Sequence, value: str) -> Edit | None:
    """A line `- value` behind the last item of a block list; None when the items do not stand on lines of their own."""
    last = node.items[-1]
    dash = _dash(source, last)
    if dash is None:
        return None
    blanks, mark = dash
    start, at = source.line_span(max(last.start, last.end - 1))
    if source.text[last.end : at].strip() and not source.text[last.end : at].lstrip(" ").startswith("#"):
        return None
    return Edit(at, at, f"{line_end(source, start)}{blanks}{mark}{value}")


def behind(source: Source, node: Sequence, item: Node, value: str) -> Edit:
    """`value` behind an item of a list, in brackets or in lines. Refused when the items are laid out otherwise."""
    style = item.style if isinstance(item, Scalar) and item.style in ("'", '"') else ""
    written = yaml_layout.scalar(value, style)
    if not node.start <= item.start < item.end:
        raise Refused("the list holds aliases")
    if node.flow:
        blanks = yaml_layout.margin(source, item.start)
        joint = f",{line_end(source, item.end)}{blanks}" if blanks is not None else ", "
        return Edit(item.end, item.end, joint + written)
    edit = behind_last(source, Sequence([item], node.start, node.end, False), written)
    if edit is None:
        raise Refused("the list's items do not stand on lines of their own")
    return edit


def _dash(source: Source, item: Node) -> tuple[str, str] | None:
    """(indentation, dash with the blanks behind it) of a block list's item; None when something else stands before it."""
    start, _ = source.line_span(item.start)
    before = source.text[start : item.start]
    blanks = before[: len(before) - len(before.lstrip(" "))]
    mark = before[len(blanks) :]
    return (blanks, mark) if mark.startswith("-") and not mark[1:].strip(" ") and len(mark) > 1 else None


def without_item(source: Source, node: Sequence, item: Node) -> Edit:
    """Takes an item out of a list: its line, or the piece between the commas. Refused where it is laid out otherwise."""
    at = next(number for number, one in enumerate(node.items) if one is item)
    if node.flow:
        if at + 1 < len(node.items):
            return Edit(item.start, node.items[at + 1].start, "")
        return Edit(node.items[at - 1].end, item.end, "")
    dash = _dash(source, item)
    start, end = source.line_span(item.start)
    rest = source.text[item.end : end].strip(" ")
    if dash is None or (rest and not rest.startswith("#")) or source.line_span(item.end)[0] != start:
        raise Refused("the list's items do not stand on lines of their own")
    return Edit(start, min(len(source.text), end + len(line_end(source, start))), "")


def without_key(source: Source, mapping: Mapping, pairs: Several[tuple[Scalar, Node]], pair: tuple[Scalar, Node]) -> Edit:
    """Takes a key and its value out of a mapping: whole lines with the comments above, or the piece between the commas."""
    key, node = pair
    if mapping.flow:
        return _out_of_flow(pairs, pair)
    if yaml_layout.margin(source, key.start) is None:
        raise Refused("it does not stand on lines of its own")
    text = source.text
    start, _ = source.line_span(key.start)
    end = yaml_layout.body_end(source, key, node)
    depth = yaml_layout.column(source, key.start)
    first = start
    while first > 0:  # comments directly above, as deep as the key, are about it
        begin, stop = source.line_span(first - 1)
        line = text[begin:stop]
        if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) != depth:
            break
        first = begin
    after = end + len(line_end(source, end)) if end < len(text) else end
    if after == end and first > 0:  # the file's last line has no line end: the one before is dropped
        first -= 2 if text.startswith("\r\n", first - 2) else 1
        return Edit(first, end, "")
    if _blank(source, first - 1) and (after >= len(text) or _blank(source, after)):
        _, stop = source.line_span(after)
        after = min(len(text), stop + len(line_end(source, after)))
    return Edit(first, after, "")


def _blank(source: Source, offset: int) -> bool:
    if offset < 0:
        return False
    start, stop = source.line_span(offset)
    return stop < len(source.text) and not source.text[start:stop].strip()


def _out_of_flow(pairs: Several[tuple[Scalar, Node]], pair: tuple[Scalar, Node]) -> Edit:
    at = pairs.index(pair)
    if any(node.start < key.end for key, node in pairs[max(0, at - 1) : at + 1]):
        raise Refused("it stands beside an alias")
    if at + 1 < len(pairs):
        return Edit(pair[0].start, pairs[at + 1][0].start, "")
    if at == 0:
        raise Refused("it is all that the detection has")
    return Edit(yaml_layout.end_of(*pairs[at - 1]), yaml_layout.end_of(*pair), "")
