"""The nodes of a YAML document, with their places in the text, and what YAML 1.1 makes of a scalar."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias

MAX_DUPLICATES = 100  # keys of one mapping that are said to be repeated
STR = "tag:yaml.org,2002:str"
# What plain texts that are no str start with, and those that start with a letter.
FIRSTS = frozenset("-+0123456789.yYnNtTfFoO~<=!&*") | {""}
WORDS = frozenset(
    word for low in ("yes", "no", "true", "false", "on", "off", "null") for word in (low, low.capitalize(), low.upper())
)
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_SHORT = 20  # characters of a value that may come again: a number, a date, a word


class Scalar:
    """A scalar: `style` is "" (plain), "'", '"', "|" or ">"; `tag` is "" unless one was written."""

    __slots__ = ("end", "start", "style", "tag", "text")

    def __init__(self, text: str, start: int, end: int, style: str, tag: str = "") -> None:
        self.text = text
        self.start = start
        self.end = end
        self.style = style
        self.tag = tag

    def __repr__(self) -> str:
        return f"Scalar({self.text!r}, {self.start}, {self.end}, {self.style!r})"

    @property
    def value(self) -> Any:
        """What YAML 1.1 makes of it: str, int, float, bool, None, date, datetime, bytes; the text where that fails."""
        text = self.text
        if not self.tag:
            first = text[:1]
            if self.style or first not in FIRSTS or (first.isalpha() and text not in WORDS):
                return text
            if text.count("-") >= 4:  # an id: no number or date has as many
                return text
            if " " in text and not text[:4].isdigit():  # `1 of selection_*`: of what has a blank only a date is no text
                return text
            if text in _NULLS:
                return None
            if len(text) < 18 and text.isdigit() and text.isascii() and first != "0":
                return int(text)
        return _resolved_short(text, self.tag) if len(text) <= _SHORT else _resolved(text, self.tag)


class Sequence:
    """A list of nodes; `flow` when written in brackets."""

    __slots__ = ("end", "flow", "items", "start")

    def __init__(self, items: list[Node], start: int, end: int, flow: bool) -> None:
        self.items = items
        self.start = start
        self.end = end
        self.flow = flow

    def __repr__(self) -> str:
        return f"Sequence({self.items!r})"


class Mapping:
    """Pairs of a key and a node, in order; `flow` when written in braces."""

    __slots__ = ("_index", "end", "flow", "items", "start")

    def __init__(self, items: list[tuple[Scalar, Node]], start: int, end: int, flow: bool) -> None:
        self.items = items
        self.start = start
        self.end = end
        self.flow = flow
        self._index: dict[str, Node] | None = None

    def __repr__(self) -> str:
        return f"Mapping({self.items!r})"

    def get(self, name: str) -> Node | None:
        """The node of a key; the last one where the key is repeated."""
        index = self._index
        if index is None:
            index = self._index = {key.text: node for key, node in self.items}
        return index.get(name)

    def key(self, name: str) -> Scalar | None:
        """The key itself, for its place; the last one where it is repeated."""
        return next((key for key, _ in reversed(self.items) if key.text == name), None)

    @property
    def duplicates(self) -> list[Scalar]:
        """Keys that stood in the mapping already, the first MAX_DUPLICATES of them."""
        items = self.items
        if len(items) < 2:
            return []
        index = self._index
        if index is None:
            index = self._index = {key.text: node for key, node in items}
        if len(index) == len(items):
            return []
        seen: set[str] = set()
        found = (key for key, _ in self.items if key.text in seen or seen.add(key.text))  # type: ignore[func-returns-value]
        return list(islice(found, MAX_DUPLICATES))


Node: TypeAlias = "Scalar | Sequence | Mapping"


def text_of(node: Node | None) -> str:
    """A scalar's text (an empty one for a null written `~` or `null`); "" for anything else."""
    if isinstance(node, Scalar):
        return "" if not node.style and node.text in ("~", "null", "Null", "NULL") else node.text
    return ""


def _resolved(text: str, tag: str) -> Any:
    """The value of a plain or tagged scalar, by PyYAML's own resolver and constructor."""
    from linter.dialects.libyaml import yaml

    if not tag:
        for candidate, pattern in yaml.resolver.Resolver.yaml_implicit_resolvers.get(text[:1], ()):
            if pattern.match(text):
                tag = candidate
                break
        else:
            return text
    if tag == STR:
        return text
    construct = yaml.constructor.SafeConstructor.yaml_constructors.get(tag)
    if construct is None or not tag.startswith("tag:yaml.org,2002:"):
        return text
    try:
        return construct(yaml.constructor.SafeConstructor(), yaml.ScalarNode(tag, text))
    except (ValueError, OverflowError, KeyError, yaml.YAMLError, AttributeError):
        return text  # 2024-13-45, an integer of a million digits, <<


_resolved_short = lru_cache(maxsize=2048)(_resolved)
