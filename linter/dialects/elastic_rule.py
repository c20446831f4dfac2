"""One Elastic rule, of a TOML file or a Kibana export, as a Draft: metadata, query, filters, threats, exceptions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, cast

from linter.dialects import elastic_filters
from linter.dialects.document import MAX_TEXT, Document, Path, Span, relocated
from linter.dialects.draft import Draft, DraftTree
from linter.dialects.queries import core
from linter.rule import And, Node, Not, Or, OrgList, Problem, Related, Rule, Term, leaves
from linter.source import Embedded, Source

LANGUAGES = {"eql": "eql", "kuery": "kuery", "kql": "kuery", "lucene": "lucene", "esql": "esql"}
_ML, _SAVED = "machine_learning", "saved_query"
_OF_TYPE = {"eql": "eql", "esql": "esql"}
_SYSTEMS = {"windows": "windows", "linux": "linux", "macos": "macos", "darwin": "macos"}
_CLOUDS = {
    "aws": "aws", "azure": "azure", "gcp": "gcp", "okta": "okta", "o365": "m365", "google_workspace": "google_workspace",
    "github": "github", "kubernetes": "kubernetes",
}  # fmt: skip
_ANCHORS = (
    ("title", "name"), ("query", "query"), ("threat", "threat"), ("tags", "tags"), ("filters", "filters"),
    ("false_positives", "false_positives"), ("note", "note"), ("id", "rule_id"), ("severity", "severity"),
)  # fmt: skip
_UUID = r"\b[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b"


def is_rule(found: dict[str, Any]) -> bool:
    """Whether an object of an export is a detection rule."""
    return "name" in found and ("query" in found or "risk_score" in found or _ML + "_job_id" in found)


def read(
    source: Source, document: Document, *at: str | int, exceptions: Mapping[str, Sequence[Node]] | None = None
) -> Rule | Problem:
    """The rule at a path of a document, or what kept its detection from being read.

    `exceptions`: by exception list, the conditions under which the rules that name it are silent (offsets in the file).
    """
    get, string = _getters(document, at)
    draft = Draft(source.path, "elastic", string("rule_id") or string("id"), string("name"))
    draft.start, draft.end = document.inside(*at, "name") if draft.title else _headline(document, at)
    try:
        draft.trees = _trees(document, at, draft, _excepted(document, at, exceptions or {}))
    except QueryProblem as problem:
        return Problem(problem.message, problem.start, problem.end, draft.id, draft.title)
    _metadata(document, at, draft)
    _threats(document, draft, *_threat_path(document, at))
    _exceptions(document, draft, (*at, "exceptions_list"))
    if string("type") == _ML:
        draft.kind = "ml"
    elif get("building_block_type"):
        draft.kind = "building_block"
    for name, key in _ANCHORS:
        path = _threat_path(document, at) if key == "threat" else (*at, key)
        if document.get(*path) is not None:
            draft.anchors.append((name, *document.span(*path)))
    return draft.finish()


class QueryProblem(Exception):
    """What kept the detection from being read; offsets in the file."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message, self.start, self.end = message, start, end


def _getters(document: Document, at: Path) -> tuple[Any, Any]:
    return (lambda key: document.get(*at, key)), (lambda key: document.string(*at, key))


def _headline(document: Document, at: Path) -> Span:
    """Where a rule without a name is pointed at: its header or the line that it starts on."""
    start, end = document.keys.get(at) or document.span(*at)
    line = document.text.find("\n", start, end)
    return start, line if line > start else min(end, start + 80)


def _threat_path(document: Document, at: Path) -> Path:
    """The endpoint's rules have `[[threat]]` beside `[rule]`."""
    return ("threat",) if at == ("rule",) and document.get("rule", "threat") is None else (*at, "threat")


# --- queries


def _excepted(document: Document, at: Path, exceptions: Mapping[str, Sequence[Node]]) -> list[Node]:
    """The exceptions of the rule's lists, negated."""
    named = [item.get("list_id") for item in _list(document.get(*at, "exceptions_list"))] if exceptions else []
    return [Not(node) for name in named if isinstance(name, str) for node in exceptions.get(name, ())]


def _trees(document: Document, at: Path, draft: Draft, excepted: list[Node]) -> list[DraftTree]:
    """The trees of the query, of the filters around it, and of the indicators that it is matched with."""
    get, string = _getters(document, at)
    kind = string("type")
    index = document.strings(*at, "index")
    draft.sources = index + tuple(f"data_view:{view}" for view in document.strings(*at, "data_view_id"))
    filters = elastic_filters.trees(document, *at, "filters") + excepted
    if not isinstance(get("query"), str):
        if get("query") is not None:
            raise QueryProblem("the query is not text", *document.span(*at, "query"))
        if kind in (_ML, _SAVED) or filters:
            node = core.conjunction(filters)
            return [DraftTree(node, place=None)] if node is not None else []
        raise QueryProblem("the rule has no query", draft.start, draft.end)
    language = string("language") or _OF_TYPE.get(kind, "") or ("kuery" if kind or get("rule_id") else "eql")
    parts = parse(document, (*at, "query"), language, draft)
    if language == "esql" or not filters:
        found = [DraftTree(part.tree, part.sources, document.embedded(*at, "query")) for part in parts]
        found = [tree for tree in found if tree.node is not None]
        found.extend(DraftTree(node) for node in filters)
    else:  # every event must pass the filters
        place = document.embedded(*at, "query")
        found = [DraftTree(core.conjunction([relocated(part.tree, place), *filters]), part.sources) for part in parts]
    found.extend(_indicators(document, at, draft))
    return found


def parse(
    document: Document, path: Path, language: str, draft: Draft, prepared: Callable[[str], str] = str
) -> tuple[core.Part, ...]:
    """The parts of the query at a path, its lists noted in the draft; QueryProblem when it can't be read.

    `prepared` makes the text that is read of the one that stands there; it keeps every offset.
    """
    name = LANGUAGES.get(language.lower())
    if name is None:
        where = document.inside(*path[:-1], "language")
        raise QueryProblem(f"unknown query language {language[:40]!r}", *where)
    if len(document.string(*path)) > MAX_TEXT:
        start, _ = document.inside(*path)
        raise QueryProblem(f"a query of more than {MAX_TEXT} characters is not read", start, start + 1)
    place = document.embedded(*path)
    front = cast(Any, import_module(f"linter.dialects.queries.{name}"))
    try:
        query = cast(core.Query, front.parse(prepared(place.text)))
        draft.lists.extend(OrgList(each.name, each.negated, *_on_file(place, each.start, each.end)) for each in query.lists)
        return query.parts
    except core.QueryError as error:
        start = min(error.start, len(place.text))
        end = max(start, min(error.end, len(place.text)))
        raise QueryProblem(f"the {_LABELS[name]} query can't be read: {error.message}", *_on_file(place, start, end)) from None
    except RecursionError:
        raise QueryProblem("the query is nested too deep", *_on_file(place, 0, 1)) from None


_LABELS = {"eql": "EQL", "kuery": "KQL", "lucene": "Lucene", "esql": "ES|QL"}


def _on_file(place: Embedded, start: int, end: int) -> Span:
    begin = place.at(start)
    return begin, max(begin + 1, place.end(start, end))


def _indicators(document: Document, at: Path, draft: Draft) -> list[DraftTree]:
    """The indicator query of a threat match: a tree of its own on another index, neither indicator nor exclusion here."""
    if not document.string(*at, "threat_query"):
        return []
    language = document.string(*at, "threat_language") or "kuery"
    parts = parse(document, (*at, "threat_query"), language, draft)
    place = document.embedded(*at, "threat_query")
    filters = elastic_filters.trees(document, *at, "threat_filters")
    sources = document.strings(*at, "threat_index")
    nodes = [core.conjunction([relocated(part.tree, place), *filters]) for part in parts]
    return [DraftTree(derived(node), sources) for node in nodes if node is not None]


def derived(node: Node) -> Node:
    """The same tree with every term marked as derived."""
    if isinstance(node, Term):
        return node._replace(derived=True)
    if isinstance(node, Not):
        return Not(derived(node.item), node.label)
    return type(node)(tuple(derived(item) for item in node.items), node.label) if isinstance(node, And | Or) else node


# --- metadata


def _metadata(document: Document, at: Path, draft: Draft) -> None:
    _, string = _getters(document, at)
    meta: Path = ("metadata",) if at == ("rule",) else (*at, "metadata")
    draft.tags = document.strings(*at, "tags")
    draft.author = ", ".join(document.strings(*at, "author"))
    draft.date = document.string(*meta, "creation_date") or string("created_at")
    draft.status = document.string(*meta, "maturity")
    if "_deprecated" in draft.path.split("/"):
        draft.status = "deprecated"
    draft.level = string("severity")
    draft.false_positives = tuple(text.strip() for text in document.strings(*at, "false_positives"))
    draft.domain = ", ".join(dict.fromkeys(_tagged(draft.tags, "Domain")))
    draft.platforms = _platforms(document, at, draft, document.strings(*meta, "integration"))
    mentioned: dict[str, None] = {}
    for key in ("note", "setup", "query", "description"):
        text = string(key)
        if "-" in text and (found := re.findall(_UUID, text)):
            mentioned.update(dict.fromkeys(found))
    mentioned.pop(draft.id, None)
    draft.related.extend(Related(id, "mention") for id in mentioned)


def _tagged(tags: tuple[str, ...], name: str) -> list[str]:
    """The values of the tags `Name: value`."""
    return [tag[len(name) + 1 :].strip() for tag in tags if tag.startswith(name + ":")]


def _platforms(document: Document, at: Path, draft: Draft, integrations: tuple[str, ...]) -> tuple[str, ...]:
    """By the tags `OS: …`, else the endpoint's `os_list`, else `host.os.type` in the query, else the integrations."""
    named = [*_tagged(draft.tags, "OS"), *document.strings(*at, "os_list")]
    if not named:
        for tree in draft.trees:
            for leaf in leaves(tree.node) if tree.node is not None else ():
                if isinstance(leaf, Term) and leaf.field in ("host.os.type", "host.os.family") and leaf.op == "eq":
                    named.append(leaf.value)
    if not named:
        named = [*_tagged(draft.tags, "Platform")]
    found = dict.fromkeys(_SYSTEMS[name.lower()] for name in named if name.lower() in _SYSTEMS)
    found.update(dict.fromkeys(_CLOUDS[name] for name in integrations if name in _CLOUDS))
    return tuple(found)


def _threats(document: Document, draft: Draft, *path: str | int) -> None:
    """Techniques and sub-techniques, each where its id stands."""
    for number, threat in enumerate(_list(document.get(*path))):
        here = (*path, number, "technique")
        for index, technique in enumerate(_list(threat.get("technique"))):
            spots: list[Path] = [(*here, index, "id")]
            spots += [(*here, index, "subtechnique", place, "id") for place in range(len(_list(technique.get("subtechnique"))))]
            draft.techniques.extend(
                (document.string(*spot), *document.inside(*spot)) for spot in spots if document.string(*spot)
            )


def _list(found: Any) -> list[dict[str, Any]]:
    """The tables of a list; a wrong item keeps its place as an empty one."""
    return [item if isinstance(item, dict) else {} for item in found] if isinstance(found, list) else []


def _exceptions(document: Document, draft: Draft, path: Path) -> None:
    """Exception lists: what they hold is the organisation's own."""
    for index, item in enumerate(_list(document.get(*path))):
        name = item.get("list_id") or item.get("id")
        if isinstance(name, str) and name:
            draft.lists.append(OrgList(name, True, *document.span(*path, index)))
