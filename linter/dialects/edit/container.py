"""A rule's query and what it stands in (YAML scalar, TOML or JSON string, bare file): how to write more of it there."""

from __future__ import annotations

import json
from typing import NamedTuple

from linter.dialects.edit import yaml_layout
from linter.dialects.edit.base import Refused, line_end
from linter.dialects.yamldoc import Mapping, Node, Scalar, Sequence, YamlError, documents, embedded
from linter.finding import Edit
from linter.rule import Rule
from linter.source import Embedded, Source

_BLOCK, _RAW = "|", "raw"


class Container(NamedTuple):
    """A query's text with its places, and how it is written: `raw`, a YAML style, or "toml" or "json" with its quotes."""

    source: Source
    query: Embedded
    kind: str

    @property
    def broken(self) -> bool:
        """Whether a line end in the query is one in the file."""
        return self.kind in (_BLOCK, _RAW, "toml'''", 'toml"""')

    def put(self, offset: int, text: str) -> Edit:
        """Puts text in behind the query's first `offset` characters; a `\\n` in it becomes what a line end is there."""
        at = self.query.end(0, offset) if offset else self.query.at(0)
        return Edit(at, at, self.written(offset, text))

    def replace(self, start: int, end: int, text: str) -> Edit:
        """Puts text in the place of a piece of the query."""
        return Edit(self.query.at(start), self.query.end(start, end), self.written(start, text))

    def inner(self, offset: int) -> int:
        """The offset in the query of an offset in the file; between two characters the later one's."""
        for place in range(len(self.query.segments) - 1, -1, -1):
            inside, outside = self.query.segments[place]
            if outside <= offset:
                rest = self.query.segments[place + 1 :]
                return min(inside + offset - outside, rest[0][0] if rest else len(self.query.text))
        return 0

    def line(self, offset: int) -> str:
        """The query's line that holds an offset."""
        start = self.query.text.rfind("\n", 0, offset) + 1
        stop = self.query.text.find("\n", offset)
        return self.query.text[start : stop if stop >= 0 else len(self.query.text)]

    def written(self, offset: int, text: str) -> str:
        """Query text as it is written in the file. Refused where it can't be."""
        kind = self.kind
        if "\n" in text and not self.broken and kind not in ("json", 'toml"'):
            text = " ".join(line.strip() if at else line.rstrip() for at, line in enumerate(text.split("\n")))
        if kind == _RAW:
            return text.replace("\n", line_end(self.source, self.query.at(max(0, offset - 1))))
        if kind == _BLOCK:
            start = self.query.text.rfind("\n", 0, offset) + 1
            place = self.query.at(start)
            margin = yaml_layout.column(self.source, place)
            return text.replace("\n", line_end(self.source, place) + " " * margin)
        if kind in ("toml'''", 'toml"""'):
            if kind == 'toml"""':
                text = _toml(text, keep='"\n')
            if kind[-3:] in text or any(not (char.isprintable() or char == "\n") for char in text):
                raise Refused("the text does not fit into the query's quotes")
            return text.replace("\n", line_end(self.source, self.query.at(max(0, offset - 1))))
        if kind == 'toml"':
            return _toml(text)
        if kind == "json":
            return json.dumps(text, ensure_ascii=False)[1:-1]
        if kind == '"':
            return yaml_layout.double_quoted(text)[1:-1]
        if any(not char.isprintable() for char in text):
            raise Refused("the text holds characters that can't stand there")
        if kind == "'":
            return text.replace("'", "''")
        if kind == "toml'" and "'" in text:
            raise Refused("the text does not fit into the query's quotes")
        if kind == "" and (" #" in text or ": " in text or text.endswith(":")):
            raise Refused("the text would need quotes around the query")
        return text


def _toml(text: str, keep: str = "") -> str:
    """A text with the escapes of TOML's basic strings."""
    out = []
    for char in text:
        if char in keep and char != "\\":
            out.append(char)
        elif char in '"\\':
            out.append("\\" + char)
        elif char == "\n":
            out.append("\\n")
        else:
            out.append(char if char.isprintable() else f"\\U{ord(char):08x}")
    return "".join(out)


def of(source: Source, rule: Rule) -> Container:
    """The query of a rule. Refused when it can't be found again."""
    start, end = rule.anchor("query")
    text = source.text
    if rule.dialect == "elastic" and _is_toml(source):
        from linter.dialects import tomldoc

        quote = text[start : start + 1]
        kind = "toml" + (quote * 3 if text.startswith(quote * 3, start) and end - start >= 6 else quote)
        if quote not in ("'", '"'):
            raise Refused("the query is no text")
        return Container(source, tomldoc.decode(text, start, end), kind)
    if text[:200].lstrip("\ufeff \t\r\n")[:1] in ("{", "[") and rule.dialect != "sigma":
        from linter.dialects import jsondoc

        if text[start : start + 1] != '"':
            raise Refused("the query is no text")
        return Container(source, jsondoc.decode(text, start, end), "json")
    if rule.dialect == "kusto":
        from linter.dialects.marks import BARE_KUSTO

        if source.path.lower().endswith(BARE_KUSTO):
            return Container(source, Embedded(text[start:end], ((0, start),)), _RAW)
    try:
        found = next((one for root in documents(source) for one in _scalars(root) if one.start == start), None)
    except YamlError as error:
        raise Refused(f"the file is not YAML: {error.message}") from None
    if found is None:
        raise Refused("the query stands elsewhere")
    return Container(source, embedded(source, found), found.style)


def _is_toml(source: Source) -> bool:
    from linter.dialects import elastic

    return source.text[:200].lstrip()[:1] not in ("{", "[") or elastic.recognises_toml(source.text)


def _scalars(root: Node) -> list[Scalar]:
    if isinstance(root, Mapping | Sequence):
        return list(yaml_layout.texts(root))
    return [root]
