"""How a YAML file is laid out, so that what is put in looks like what is there: quotes, indentation, where a value ends."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from linter.dialects.yamldoc import Mapping, Node, Scalar, Sequence
from linter.source import Source

_PLAIN = r"[^\W_](?:[\w ./\\@$+=~^()-]|:(?=[^\s,\[\]{}]))*(?<! )"  # more is allowed by YAML, less is typed without quotes
_KEY = r"[^\W_][\w .$@|()/-]*(?<! )"


def scalar(value: str, style: str = "'") -> str:
    """A text as a YAML scalar in a style ("'", '"', or "" for plain); another style where this one can't hold it."""
    if any(not char.isprintable() for char in value):
        return double_quoted(value)
    if style == "" and is_plain(value):
        return value
    return double_quoted(value) if style == '"' else "'" + value.replace("'", "''") + "'"


def is_plain(value: str) -> bool:
    """Whether a text may stand without quotes and stays a text."""
    return re.fullmatch(_PLAIN, value) is not None and _is_text(value)


def key(name: str, style: str = "") -> str:
    """A text as the key of a mapping."""
    if style == '"':
        return double_quoted(name)
    if style == "" and re.fullmatch(_KEY, name) and _is_text(name):
        return name
    return scalar(name)


def _is_text(value: str) -> bool:
    return isinstance(Scalar(value, 0, 0, "").value, str) and value.lower() not in ("y", "n")


def double_quoted(value: str) -> str:
    """A text in double quotes, with YAML's escapes."""
    out = []
    for char in value:
        if char in '"\\':
            out.append("\\" + char)
        elif char in "\n\t\r":
            out.append({"\n": "\\n", "\t": "\\t", "\r": "\\r"}[char])
        elif char.isprintable():
            out.append(char)
        else:
            code = ord(char)
            out.append(f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}")
    return '"' + "".join(out) + '"'


def texts(node: Node) -> Iterator[Scalar]:
    """The scalars below a node that are values, not keys."""
    stack = [node]
    while stack:
        at = stack.pop()
        if isinstance(at, Mapping):
            stack.extend(reversed([item for _, item in at.items]))
        elif isinstance(at, Sequence):
            stack.extend(reversed(at.items))
        else:
            yield at


def quotes(*nodes: Node) -> str:
    """The style in which most texts below these nodes are written; single quotes where none is."""
    styles = [one.style for node in nodes for one in texts(node) if isinstance(one.value, str)]
    counts = Counter(style for style in styles if style in ("'", '"', ""))
    return max(("'", '"', ""), key=lambda style: counts[style]) if counts else "'"


def column(source: Source, offset: int) -> int:
    """The number of characters before an offset on its line."""
    return source.position(offset).column - 1


def margin(source: Source, offset: int) -> str | None:
    """The blanks before an offset; None when something else stands there."""
    start, _ = source.line_span(offset)
    before = source.text[start:offset]
    return None if before.strip(" ") else before


def end_of(key_: Scalar, node: Node) -> int:
    """Where the value of a key ends; an alias ends at least with its key."""
    return max(key_.end, node.end)


def body_end(source: Source, key_: Scalar, node: Node) -> int:
    """The end (before its line end) of the last line that belongs to a key of a block mapping.

    Comments that stand deeper than the key, directly under its value, belong to it.
    """
    depth = column(source, key_.start)
    starts = source.line_starts
    line = source.position(max(key_.start, end_of(key_, node) - 1)).line
    last = line
    gap = False
    for number in range(line + 1, len(starts) + 1):
        begin, stop = source.line_span(starts[number - 1])
        text = source.text[begin:stop]
        inside = text.lstrip(" ")
        if not inside.strip():
            gap = True
            continue
        if inside.startswith("#"):
            if len(text) - len(inside) <= depth:
                break
            if not gap:
                last = number
            continue
        indent = len(text) - len(inside)
        if indent < depth or (indent == depth and not (isinstance(node, Sequence) and re.match("-[ \t]|-$", inside))):
            break
        if text.startswith(("---", "...")) and depth == 0:
            break
        last, gap = number, False
    return source.line_span(starts[last - 1])[1]


def steps(mapping: Mapping, source: Source, default: int) -> int:
    """By how much the values of a block mapping's keys are indented, most often."""
    found: Counter[int] = Counter()
    for key_, node in mapping.items:
        if isinstance(node, Mapping) and not node.flow and node.items and node.start > key_.end:
            inner = node.items[0][0]
            if inner.start > key_.end and margin(source, inner.start) is not None:
                found[column(source, inner.start) - column(source, key_.start)] += 1
    found = Counter({step: count for step, count in found.items() if step > 0})
    return max(found, key=lambda step: (found[step], -step)) if found else default


def list_steps(nodes: Iterator[tuple[Scalar, Node]], source: Source, default: int) -> int:
    """By how much the dashes of block lists are indented against their keys, most often; may be 0."""
    found: Counter[int] = Counter()
    for key_, node in nodes:
        if isinstance(node, Sequence) and not node.flow and node.items and node.start > key_.end:
            blanks = margin(source, node.start)
            if blanks is not None:
                found[len(blanks) - column(source, key_.start)] += 1
    found = Counter({step: count for step, count in found.items() if step >= 0})
    return max(found, key=lambda step: (found[step], -step)) if found else default
