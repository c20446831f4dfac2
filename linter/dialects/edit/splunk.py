"""Splunk: `NOT field="value"` at the end of the first filter on raw events, else a `search` before the filter macro."""

from __future__ import annotations

import re
from typing import NamedTuple

from linter.dialects.edit import container, names, yaml_tags
from linter.dialects.edit.base import Refused, parts
from linter.dialects.edit.container import Container
from linter.finding import AddExclusion, AddTag, AnchorExclusion, Edit, Fix, Intent
from linter.rule import Rule, pattern_pieces
from linter.source import Source

_ORDER = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
# Nodes of Splunk's Common Information Model that rules search.
_NODES = frozenset((
    "Processes", "Filesystem", "Registry", "Services", "Ports", "All_Traffic", "Authentication", "Web", "DNS", "All_Email",
    "All_Changes", "Malware_Attacks", "IDS_Attacks", "All_Certificates", "Updates", "Vulnerabilities", "All_Risk",
))  # fmt: skip
_SEVERAL = re.compile(r"\|\s*(?:append|multisearch|union)\b")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_NAME = re.compile(r"[\w.{}:-]+")


def fix(source: Source, rule: Rule, intent: Intent) -> Fix:
    """The edits of an intent. Refused where it can't be carried out."""
    if isinstance(intent, AddExclusion):
        return add_exclusion(source, rule, intent)
    if isinstance(intent, AddTag):
        return yaml_tags.add(source, rule, intent, ("mitre_attack_id", "mitre_attack"))
    if isinstance(intent, AnchorExclusion):
        return Fix("display", f"write {condition('field', intent.op, intent.value)} there", ())
    raise Refused("Splunk knows no such fix")


def text(intent: AddExclusion) -> str:
    """The exclusion as a search expression."""
    try:
        return f"`{_excluded(intent)}`"
    except Refused:
        return ""


def _excluded(intent: AddExclusion) -> str:
    found = [condition(*part) for part in parts(intent)]
    return f"NOT {found[0]}" if len(found) == 1 else f"NOT ({' '.join(found)})"


def condition(field: str, op: str, value: str) -> str:
    """A comparison in a search. Refused when a search has no way to write it."""
    if field and not _NAME.fullmatch(field):
        field = f'"{field}"'
    if op in _ORDER and re.fullmatch(r"-?\d{1,18}(?:\.\d+)?", value):
        return f"{field}{_ORDER[op]}{value}"
    if op not in ("eq", "contains", "startswith", "endswith", "like", "cidr") or not value or not field:
        raise Refused(f"a search has no way to write `{field or 'a keyword'}` {op}")
    if op != "like" and ("*" in value or any(not char.isprintable() for char in value)):
        raise Refused("the value holds what a search reads otherwise")
    if op == "like":
        signs = pattern_pieces(value)
        if (True, "?") in signs or (False, "*") in signs:
            raise Refused("a search has no sign for any one character, and none for a literal star")
        value = "".join(sign for _, sign in signs)
    written = value.replace("\\", "\\\\").replace('"', '\\"')
    stars = ("*" if op in ("contains", "endswith") else ""), ("*" if op in ("contains", "startswith") else "")
    return f'{field}="{stars[0]}{written}{stars[1]}"'


class _Base(NamedTuple):
    """The first filter: its text without strings, and whether it belongs to a tstats."""

    start: int
    end: int
    bare: str
    model: bool


def add_exclusion(source: Source, rule: Rule, intent: AddExclusion) -> Fix:
    """The exclusion where raw events are filtered. Refused where no place is known for its fields."""
    here = container.of(source, rule)
    if _SEVERAL.search(_STRING.sub("", here.query.text)):
        raise Refused("the search puts the results of several together")
    base = _base(here, rule)
    if base is not None:
        intent = _in_words_of(base, here.query.text, rule, intent)
        extra = _excluded(intent)
        return Fix("unsafe", f"exclude {extra.removeprefix('NOT ')}", _in_base(here, base, extra))
    extra = _excluded(intent)
    place = next(((start, end) for name, start, end in rule.anchors if name == "sift"), None)
    if place is None:
        raise Refused("the place for a condition is not known")
    description = f"exclude {extra.removeprefix('NOT ')}"
    return Fix("unsafe", description, (here.put(here.inner(place[0]), f"search {extra} | "),))


def _base(here: Container, rule: Rule) -> _Base | None:
    found = next(((start, end) for name, start, end in rule.anchors if name == "base"), None)
    if found is None:
        return None
    query = here.query.text
    start, end = here.inner(found[0]), here.inner(found[1] - 1) + 1
    bare = _STRING.sub(lambda one: '"' + " " * (len(one.group()) - 2) + '"', query[start:end])
    before = query[:start].rpartition("|")[2]
    return _Base(start, end, bare, re.search(r"\btstats\b", before) is not None)


def _in_words_of(base: _Base, query: str, rule: Rule, intent: AddExclusion) -> AddExclusion:
    """The exclusion with each field called as it is there: a tstats filters fields of its data model's node, which carry the
    node's name; raw events have no such fields. Refused when a field has no such name.
    """
    nodes = {name.partition(".")[0] for name in re.findall(r"([A-Za-z_]\w*\.\w+)\s*(?:[=<>!]|\bIN\b)", base.bare)}
    words = set(re.findall(r"[\w.{}]+", query))

    def fits(field: str) -> bool:
        node = field.partition(".")[0]
        return (node != field and (not nodes or node in nodes)) if base.model else (node == field or node not in _NODES)

    def named(part: tuple[str, str, str]) -> tuple[str, str, str]:
        field, op, value = part
        if fits(field):
            return part
        for other in names.same_meaning(rule, field):
            if fits(other) and ((base.model and nodes) or other in words):
                return other, op, value
        raise Refused(f"`{field}` is no field of {'the data model that is searched' if base.model else 'the raw events'}")

    first, *rest = map(named, parts(intent))
    return AddExclusion(*first, tuple(rest))


def _in_base(here: Container, base: _Base, extra: str) -> tuple[Edit, ...]:
    depth, either, joint = 0, False, False
    for token in re.finditer(r"[()]|\b(?:OR|AND)\b", base.bare):
        word = token.group()
        depth += (word == "(") - (word == ")")
        either = either or (word == "OR" and depth == 0)
        joint = joint or (word == "AND" and depth == 0)
    word = " AND " if joint else " "
    if either:
        return (here.put(base.start, "("), here.put(base.end, f"){word}{extra}"))
    return (here.put(base.end, f"{word}{extra}"),)
