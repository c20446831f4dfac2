"""Kibana's filter objects (`filters`, `threat_filters`) as condition trees; offsets are into the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from linter.dialects.document import Document, Path, relocated
from linter.dialects.queries import core
from linter.rule import Node, Not, Term

_VALUES = {  # clauses of one field and one value: the op where the value has no wildcards
    "match_phrase": "eq", "match": "eq", "term": "eq", "match_phrase_prefix": "startswith", "match_bool_prefix": "startswith",
    "prefix": "startswith", "regexp": "re", "wildcard": "wildcard", "terms": "eq", "terms_set": "eq",
}  # fmt: skip
_ORDER = ("gt", "gte", "lt", "lte")


def trees(document: Document, *path: str | int) -> list[Node]:
    """The condition of each filter of the list at a path, in order; disabled ones and those that say nothing left out."""
    found = document.get(*path)
    items = found if isinstance(found, list) else [found] if isinstance(found, dict) else []
    made = (_filter(document, item, (*path, index) if isinstance(found, list) else path) for index, item in enumerate(items))
    return [node for node in made if node is not None]


def _filter(document: Document, item: Any, path: Path) -> Node | None:
    """One filter: its query, under a Not where its meta says so."""
    if not isinstance(item, dict):
        return None
    given = item.get("meta")
    meta: dict[str, Any] = given if isinstance(given, dict) else {}
    if meta.get("disabled") is True:
        return None
    if meta.get("type") == "combined":
        parts = trees(document, *path, "meta", "params")
        either = str(meta.get("relation", "AND")).upper() == "OR"
        node = core.disjunction(parts) if either else core.conjunction(parts)
    elif isinstance(item.get("query"), dict):
        node = clause(document, item["query"], (*path, "query"))
    else:
        node = clause(document, item, path)
    return Not(node) if node is not None and meta.get("negate") is True else node


def clause(document: Document, query: Any, path: Path) -> Node | None:
    """A query of Elasticsearch's query language; None for what says nothing that a catalog could use."""
    if isinstance(query, list):
        return core.conjunction([clause(document, item, (*path, index)) for index, item in enumerate(query)])
    if not isinstance(query, dict):
        return None
    parts: list[Node | None] = []
    for name, body in query.items():
        here = (*path, name)
        if name == "bool" and isinstance(body, dict):
            parts.append(_bool(document, body, here))
        elif name in ("nested", "constant_score") and isinstance(body, dict):
            inner = "query" if name == "nested" else "filter"
            parts.append(clause(document, body.get(inner), (*here, inner)))
        elif name == "exists" and isinstance(body, dict) and isinstance(body.get("field"), str):
            start, end = document.span(*here, "field")
            parts.append(Term(body["field"], "exists", "", name, True, start, end))
        elif name in ("query_string", "simple_query_string") and isinstance(body, dict):
            parts.append(_lucene(document, (*here, "query"), body))
        elif name == "range" and isinstance(body, dict):
            parts.extend(_range(document, body, here))
        elif name in _VALUES and isinstance(body, dict):
            parts.extend(_values(document, name, body, here))
    return core.conjunction(parts)


def _bool(document: Document, body: dict[str, Any], path: Path) -> Node | None:
    """Must and filter: all; should: at least one; must_not: none."""

    def clauses(name: str) -> list[Node]:
        found = body.get(name)
        items = found if isinstance(found, list) else [found]
        made = (
            clause(document, item, (*path, name, index) if isinstance(found, list) else (*path, name))
            for index, item in enumerate(items)
        )
        return [node for node in made if node is not None]

    must = clauses("must") + clauses("filter")
    should = clauses("should")
    optional = must and not body.get("minimum_should_match")
    parts = must + ([] if optional or not should else [core.any_of(should)])
    return core.conjunction(parts + [Not(node) for node in clauses("must_not")])


def _range(document: Document, body: dict[str, Any], path: Path) -> Iterator[Node]:
    for field, bounds in body.items():
        for op, value in bounds.items() if isinstance(bounds, dict) else ():
            if op in _ORDER:
                yield Term(field, op, _text(value), "range", True, *document.span(*path, field, op))


def _values(document: Document, name: str, body: dict[str, Any], path: Path) -> Iterator[Node]:
    """`{field: value}`, `{field: {"value": value, …}}`, `{field: [value, …]}`."""
    for field, given in body.items():
        here: Path = (*path, field)
        cased = True
        if name == "terms" and field in ("boost", "_name"):
            continue
        if isinstance(given, dict):
            key = next((key for key in ("value", "wildcard", "query", "terms") if key in given), "")
            cased = given.get("case_insensitive") is not True
            given, here = given.get(key), (*here, key)
        listed = isinstance(given, list)
        terms: list[Node] = []
        for index, value in enumerate(given if isinstance(given, list) else [given]):
            op, text = _VALUES[name], _text(value)
            if op == "wildcard":
                op, text = core.pattern(core.pieces(text, "\\*?"))
            if op == "eq" and core.is_network(text):
                op = "cidr"
            terms.append(Term(field, op, text, name, cased, *document.span(*here, *((index,) if listed else ()))))
        if terms:
            yield core.any_of(terms)


def _lucene(document: Document, path: Path, body: dict[str, Any]) -> Node | None:
    """A query string is Lucene; what can't be read says nothing here (the rule's own query decides whether it is read)."""
    from linter.dialects.queries import lucene

    if not isinstance(body.get("query"), str):
        return None
    place = document.embedded(*path)
    try:
        return relocated(lucene.parse(place.text).parts[0].tree, place)
    except core.QueryError:
        return None


def entries(document: Document, path: Path, above: str = "") -> Node | None:
    """The entries of an exception item, all of which have to hold; `above`: the field that they are nested in."""
    found = document.get(*path)
    parts: list[Node | None] = []
    for index, entry in enumerate(found if isinstance(found, list) else []):
        if not isinstance(entry, dict) or not isinstance(entry.get("field"), str):
            continue
        here, field, kind, value = (*path, index), above + entry["field"], entry.get("type"), entry.get("value")
        node: Node | None = None
        if kind == "nested":
            node = entries(document, (*here, "entries"), f"{field}.")
        elif kind == "exists":
            node = Term(field, "exists", "", "exists", True, *document.span(*here, "field"))
        elif kind == "list":
            name = document.string(*here, "list", "id")
            node = Term(field, "eq", name, "list", False, *document.span(*here, "list"), listed=True) if name else None
        elif kind in ("match", "match_any", "wildcard"):
            many = value if isinstance(value, list) else [value]
            spots = [(*here, "value", at) if isinstance(value, list) else (*here, "value") for at in range(len(many))]
            terms = [_entry(document, field, str(kind), _text(each), spot) for each, spot in zip(many, spots, strict=True)]
            node = core.any_of(terms) if terms else None
        parts.append(Not(node) if node is not None and entry.get("operator") == "excluded" else node)
    return core.conjunction(parts)


def _entry(document: Document, field: str, kind: str, text: str, spot: Path) -> Term:
    op = "cidr" if core.is_network(text) else "eq"
    if kind == "wildcard":
        op, text = core.pattern(core.pieces(text, "\\*?"))
    return Term(field, op, text, kind, True, *document.span(*spot))


def _text(value: Any) -> str:
    """A value as text, as the query languages write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
