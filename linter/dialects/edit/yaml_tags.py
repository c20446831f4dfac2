"""One technique more in a YAML rule's list of them."""

from __future__ import annotations

from linter.dialects.edit import yaml_items
from linter.dialects.edit.base import Refused
from linter.dialects.yamldoc import Mapping, Node, Sequence, YamlError, documents, text_of
from linter.finding import AddTag, Edit, Fix, ReplaceTag
from linter.rule import Rule
from linter.source import Source


def add(source: Source, rule: Rule, intent: AddTag, keys: tuple[str, ...]) -> Fix:
    """The technique behind the last one in the rule's list under one of the keys; a text to copy where there is no list."""
    technique = intent.technique.upper()
    places = [(start, end) for name, start, end in rule.anchors if name in ("tags", "techniques")]
    try:
        roots = documents(source)
    except YamlError as error:
        raise Refused(f"the file is not YAML: {error.message}") from None
    for mapping in _mappings(roots):
        for key, node in mapping.items:
            inside = any(start <= node.start and node.end <= end for start, end in places)
            if key.text in keys and inside and isinstance(node, Sequence) and node.items and node.start >= key.end:
                known = [item for item in node.items if text_of(item)[:1].upper() == "T"]
                edit = yaml_items.behind(source, node, known[-1] if known else node.items[-1], technique)
                return Fix("safe", f"add {technique}", (edit,))
    return Fix("display", f"add {technique} to `{keys[0]}`", ())


def doubled(source: Source, intent: ReplaceTag) -> Edit | None:
    """Takes the old technique out of its list where the new one stands in it already; None where it does not."""
    try:
        roots = documents(source)
    except YamlError:
        return None
    for mapping in _mappings(roots):
        for _, node in mapping.items:
            if not isinstance(node, Sequence) or not node.start <= intent.start < node.end or len(node.items) < 2:
                continue
            item = next((one for one in node.items if one.start <= intent.start and intent.end <= one.end), None)
            wanted = text_of(item).lower().replace(intent.old.strip().lower(), intent.new.strip().lower())
            if item is not None and any(text_of(one).lower() == wanted for one in node.items if one is not item):
                return yaml_items.without_item(source, node, item)
    return None


def _mappings(roots: list[Node]) -> list[Mapping]:
    found: list[Mapping] = []
    stack: list[Node] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if isinstance(node, Mapping):
            found.append(node)
            stack.extend(reversed([item for _, item in node.items]))
        elif isinstance(node, Sequence):
            stack.extend(reversed(node.items))
    return found
