"""The queries of the Elastic corpus, for oracles and for corpus-wide tests."""

import tomllib
from functools import cache
from typing import NamedTuple

from linter.rule import And, Node, Not, Or, Term
from tests.shared import SHARED

CORPUS = SHARED / "corpora" / "2026-08" / "elastic"


class Query(NamedTuple):
    name: str
    language: str
    text: str


@cache
def _every_query() -> dict[str, list[Query]]:
    found: dict[str, list[Query]] = {}
    for path in sorted(CORPUS.rglob("*.toml")):
        rule = tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
        if "query" in rule:
            found.setdefault(rule.get("language", ""), []).append(Query(path.name, rule.get("language", ""), rule["query"]))
        if "threat_query" in rule:
            found.setdefault("threat", []).append(Query(path.name, "kuery", rule["threat_query"]))
    return found


def queries(language: str) -> tuple[Query, ...]:
    return tuple(_every_query().get(language, ()))


def terms(node: Node, negated: bool = False) -> list[tuple[Term, bool]]:
    """Every term below a node with the parity of the NOTs above it."""
    if isinstance(node, Term):
        return [(node, negated)]
    if isinstance(node, Not):
        return terms(node.item, not negated)
    assert isinstance(node, And | Or)
    return [found for item in node.items for found in terms(item, negated)]
