"""A condition tree as one short line, for tests: `field~op~value`, `^` derived, `i` caseless, `!(…)`, `&(…)`, `|(…)`."""

from linter.dialects.queries import core
from linter.rule import And, Node, Not, Or, Term


def shown(node: Node) -> str:
    if isinstance(node, Term):
        return f"{node.field}~{node.op}~{node.value}{'^' * node.derived}"
    if isinstance(node, Not):
        return f"!{shown(node.item)}"
    assert isinstance(node, And | Or)
    return ("&" if isinstance(node, And) else "|") + "(" + ", ".join(shown(item) for item in node.items) + ")"


def parts(query: core.Query) -> list[str]:
    return [shown(part.tree) for part in query.parts]


def spans(text: str, query: core.Query) -> list[str]:
    """The text of each term, in order."""

    def walk(node: Node) -> list[str]:
        if isinstance(node, Term):
            return [text[node.start : node.end]]
        if isinstance(node, Not):
            return walk(node.item)
        assert isinstance(node, And | Or)
        return [found for item in node.items for found in walk(item)]

    return [found for part in query.parts for found in walk(part.tree)]
