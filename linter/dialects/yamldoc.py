"""YAML text → node trees with offsets, for every dialect whose rules are YAML (Sigma, Splunk, Sentinel).

    for root in documents(source):                 # YamlError when the text is not YAML; it has `.start`, `.end`
        if isinstance(root, Mapping):
            title = text_of(root.get("title"))     # the text as written, "" for what is absent or no scalar
            query = root.get("query")
            if isinstance(query, Scalar):
                place = embedded(source, query)    # maps offsets in `query.text` to offsets in `source.text`

`start` and `end` of a node are code points into `source.text`, end exclusive, without anchor and tag; a block collection
ends with its last item. `Scalar.text` is the text after unescaping and folding, whatever its type; `Scalar.value` is what
PyYAML's safe loader (YAML 1.1) makes of it, computed when asked for. Aliases are shared nodes, cycles are refused, and the
tree expanded over its aliases is bounded by MAX_NODES, so a plain recursive walk is safe in depth (MAX_DEPTH) and in time.
Merge keys (`<<`) are resolved. A repeated key is kept in `items`; `get` answers the last, as PyYAML does; `duplicates` tells.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from linter.dialects import yamllines
from linter.dialects.yamlnodes import STR, Mapping, Node, Scalar, Sequence, text_of
from linter.source import Embedded, Source

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Mapping", "Node", "Scalar", "Sequence", "YamlError", "composed", "documents", "embedded", "text_of"]

MAX_CHARS = 8_000_000
MAX_NODES = 400_000  # the largest public rule file has some 7,000
MAX_DEPTH = 200
MAX_DOCUMENTS = 1_000
_PROPERTIES = r"(?:[&!][^\s,\[\]{}]*(?:\s+(?:#[^\n]*)?)?)+"


class YamlError(ValueError):
    """A text that is not YAML, or past the bounds: why, the place, and the documents read before it."""

    def __init__(self, message: str, start: int, end: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = start + 1 if end is None else end
        self.read: list[Node] = []


def documents(source: Source) -> list[Node]:
    """The documents of a text, empty ones as a null Scalar. YamlError when it is not YAML or past the bounds."""
    text = source.text
    if len(text) > MAX_CHARS:
        raise YamlError(f"the file has {len(text):,} characters; no more than {MAX_CHARS:,} are read", 0)
    root = yamllines.compose(text)
    return composed(text) if root is None else [root]


def composed(text: str) -> list[Node]:
    """The documents of a text that libyaml reads, whatever is in it; `documents` without the bound on its length."""
    from linter.dialects.libyaml import yaml

    roots: list[Node] = []
    try:
        _compose(text, _parser(text), roots)
    except YamlError as error:
        error.read = roots
        raise
    except yaml.YAMLError as error:
        found = _located(text, error)
        found.read = roots
        raise found from None
    except UnicodeEncodeError as error:
        raise YamlError("the file holds half of a surrogate pair, which is no character", error.start) from None
    return roots


def _parser(text: str) -> Callable[[], Any]:
    """A function that gives the next event: libyaml's where PyYAML was built with it."""
    from linter.dialects.libyaml import yaml

    if yaml.__with_libyaml__:
        from yaml._yaml import CParser

        return CParser(text).get_event

    class Pure(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
        def __init__(self) -> None:
            yaml.reader.Reader.__init__(self, text)
            yaml.scanner.Scanner.__init__(self)
            yaml.parser.Parser.__init__(self)

    return Pure().get_event


def _compose(text: str, event_of: Callable[[], Any], roots: list[Node]) -> None:
    """Events → trees, without recursion. `count` runs over the expanded tree: an alias adds the size of what it names."""
    from linter.dialects.libyaml import yaml

    merges = "<<" in text
    scalar_event, alias_event = yaml.ScalarEvent, yaml.AliasEvent
    mapping_event, sequence_event = yaml.MappingStartEvent, yaml.SequenceStartEvent
    mapping_end, sequence_end = yaml.MappingEndEvent, yaml.SequenceEndEvent
    scalars = frozenset((Scalar,))
    children: list[Any] = roots
    stack: list[tuple[list[Any], Any, int]] = []
    anchors: dict[str, tuple[Node, int] | None] = {}
    count = 0
    while (event := event_of()) is not None:
        kind = type(event)
        if kind is scalar_event:
            count += 1
            start, end, tag, style = event.start_mark.index, event.end_mark.index, event.tag, event.style
            node = Scalar(event.value, start, end, style or "")
            if tag is not None or event.anchor is not None:
                node.tag = STR if tag == "!" else tag or ""
                node.start = min(_behind_properties(text, start), end)
                if event.anchor is not None:
                    anchors[event.anchor] = (node, 1)
            if style == "|" or style == ">":
                node.end = start + len(text[start:end].rstrip(" \t\r\n"))
            children.append(node)
        elif kind is mapping_end or kind is sequence_end:
            items = children
            children, opened, before = stack.pop()
            start, flow = opened.start_mark.index, bool(opened.flow_style)
            if opened.anchor is not None or opened.tag is not None:
                start = _behind_properties(text, start)
            end = event.end_mark.index if flow or not items else max(start, items[-1].end)
            made: Node
            if kind is mapping_end:
                if not flow and items:
                    end = max(end, items[-2].end)
                keys = items[::2]
                made = Mapping(list(zip(keys, items[1::2], strict=True)), start, end, flow)
                if not scalars.issuperset(map(type, keys)):
                    wrong = next(key for key in keys if type(key) is not Scalar)
                    raise YamlError("a list or mapping is used as a key", wrong.start, wrong.end)
                if merges:
                    count += _merge(made)
            else:
                made = Sequence(items, start, end, flow)
            if opened.anchor is not None:
                anchors[opened.anchor] = (made, count - before)
            children.append(made)
        elif kind is mapping_event or kind is sequence_event:
            count += 1
            stack.append((children, event, count - 1))
            children = []
            if event.anchor is not None:
                anchors[event.anchor] = None
            if len(stack) > MAX_DEPTH:
                raise YamlError(f"nested deeper than {MAX_DEPTH} levels", event.start_mark.index)
        elif kind is alias_event:
            start, end = event.start_mark.index, event.end_mark.index
            if event.anchor not in anchors:
                raise YamlError(f"the alias *{event.anchor[:80]} names no anchor before it", start, end)
            known = anchors[event.anchor]
            if known is None:
                raise YamlError(f"the alias *{event.anchor[:80]} stands inside what it names", start, end)
            count += known[1]
            children.append(known[0])
        elif kind is yaml.DocumentStartEvent:
            anchors.clear()
            if len(roots) >= MAX_DOCUMENTS:
                raise YamlError(f"more than {MAX_DOCUMENTS:,} documents in one file", event.start_mark.index)
        if count > MAX_NODES:
            raise YamlError(f"more than {MAX_NODES:,} values, aliases expanded", event.start_mark.index)


def _behind_properties(text: str, start: int) -> int:
    """The offset behind `&anchor` and `!tag`."""
    found = re.compile(_PROPERTIES).match(text, start)
    return found.end() if found else start


def _merge(mapping: Mapping) -> int:
    """Puts the pairs of `<<: *other` in, own keys winning; how many it added. YamlError for a merge of something else."""
    if not any(key.text == "<<" and not key.style for key, _ in mapping.items):
        return 0
    own = [(key, node) for key, node in mapping.items if key.text != "<<" or key.style]
    seen = {key.text for key, _ in own}
    merged: list[tuple[Scalar, Node]] = []
    for key, node in mapping.items:
        if key.text != "<<" or key.style:
            continue
        for other in node.items if isinstance(node, Sequence) else [node]:
            if not isinstance(other, Mapping):
                raise YamlError("a merge key (<<) takes a mapping or a list of mappings", key.start, key.end)
            for pair in other.items:
                if pair[0].text not in seen:
                    seen.add(pair[0].text)
                    merged.append(pair)
    mapping.items = merged + own
    return len(merged)


def _located(text: str, error: Any) -> YamlError:
    """PyYAML's error with its place in the text, tabs named as what they are."""
    from linter.dialects.libyaml import yaml

    if isinstance(error, yaml.reader.ReaderError):
        at = error.position
        if yaml.__with_libyaml__:  # libyaml counts bytes
            at = len(text.encode("utf-8", "replace")[:at].decode("utf-8", "ignore"))
        char = text[at : at + 1]
        return YamlError(f"the character U+{ord(char):04X} is not allowed in YAML" if char else str(error.reason), at)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    at = min(mark.index, len(text)) if mark is not None else 0
    if text[at : at + 1] == "\t":
        return YamlError("a tab is used where YAML wants spaces", at)
    parts = [getattr(error, "problem", None), getattr(error, "context", None)]
    message = ", ".join(part for part in parts if part) or "not YAML"
    return YamlError(message[:300], at, min(at + 1, max(len(text), at)))


def embedded(source: Source, scalar: Scalar) -> Embedded:
    """The scalar's text with the place of each of its characters in the file, whatever its style."""
    raw, text = source.text[scalar.start : scalar.end], scalar.text
    quotes = 1 if scalar.style in ("'", '"') else 0
    if raw[quotes : len(raw) - quotes] == text:
        found = [(0, quotes)]
    elif scalar.style in ("|", ">"):
        found = _block(raw, text)
    else:
        found = _flow(raw[quotes : len(raw) - quotes], text, scalar.style, quotes)
    joined: list[tuple[int, int]] = []
    for inner, outer in found or [(0, 0)]:
        if not joined or outer - joined[-1][1] != inner - joined[-1][0]:
            joined.append((inner, outer))
    return Embedded(text, tuple((inner, outer + scalar.start) for inner, outer in joined))


_BREAK = "(?:\r\n|[\n\r\x85\u2028\u2029])"
_LINE = f"([^\n\r\x85\u2028\u2029]*)({_BREAK}|$)"
_FOLD = f"(?P<fold>[ \t]*(?:{_BREAK}[ \t]*)+)"
_UNITS = {
    "": f"{_FOLD}|[^ \t\n\r\x85\u2028\u2029]+|[ \t]+",
    "'": f"{_FOLD}|(?P<escape>'')|[^ \t\n\r\x85\u2028\u2029']+|[ \t]+",
    '"': f"(?P<joint>\\\\{_BREAK}[ \t]*)|{_FOLD}|(?P<escape>\\\\(?:x..|u.{{4}}|U.{{8}}|.))"
    "|[^ \t\n\r\x85\u2028\u2029\\\\]+|[ \t]+",
}  # as text: most runs need none of them, and compiling takes a while


def _flow(raw: str, text: str, style: str, base: int) -> list[tuple[int, int]]:
    """(offset in the text, offset in the scalar) of each unit of a plain or quoted scalar: words, folds, escapes."""
    segments: list[tuple[int, int]] = []
    at = 0
    for unit in re.finditer(_UNITS[style], raw):
        segments.append((at, base + unit.start()))
        kind = unit.lastgroup
        if kind == "escape":
            at += 1
        elif kind == "fold":  # one break is a blank, more are one less; none behind a `\` at the end of the line
            start = at
            while text[at : at + 1] in ("\n", "\u2028", "\u2029") and at < len(text):
                at += 1
            at += at == start and text[at : at + 1] == " " and not raw[: unit.start()].endswith("\\\n")
        elif kind is None:
            at += unit.end() - unit.start()
    segments.append((at, base + len(raw)))
    return segments


def _block(raw: str, text: str) -> list[tuple[int, int]]:
    """(offset in the text, offset in the scalar) of each line of a block scalar, and of the line breaks between them."""
    line_of = re.compile(_LINE)
    header = line_of.match(raw)
    start = header.end() if header else 0
    lines = [(found.group(1), found.start()) for found in line_of.finditer(raw, start)]
    first = next((line for line, _ in lines if line.strip(" ")), "")
    inner = next((line for line in text.split("\n") if line.strip(" ")), "")
    indent = max(0, _leading(first) - _leading(inner))
    segments: list[tuple[int, int]] = []
    at, end = 0, lines[0][1] if lines else start
    for line, place in lines:
        content = line[indent:]
        if not content:
            continue
        found = text.find(content, at)
        if found < 0:
            break
        if found > at:
            segments.append((at, end))
        segments.append((found, place + indent))
        at, end = found + len(content), place + len(line)
    if at < len(text):
        segments.append((at, end))
    return segments


def _leading(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
