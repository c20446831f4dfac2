"""One Sentinel or Defender rule, whatever file it stands in: metadata and query of a mapping into a draft.

Anchors: `title`, `id`, `tags` (the techniques), `level` run from the key to the end of the value; `query` is the query's text.
`where:N` belongs to the N-th tree: from the start of its last `where` before anything changes the columns (of its source, where
there is none) to the place where one more `| where …` line goes in.
"""

from __future__ import annotations

import re

from linter.dialects.draft import Draft, DraftTree
from linter.dialects.kusto_tables import domain, platforms
from linter.dialects.queries import kql
from linter.dialects.queries.core import QueryError
from linter.dialects.yamldoc import Mapping, Scalar, Sequence, text_of
from linter.dialects.yamldoc import Node as Yaml
from linter.rule import Fault, OrgList, Problem
from linter.source import Embedded

LEVELS = frozenset(("informational", "low", "medium", "high"))
TECHNIQUE_KEYS = ("relevantTechniques", "subTechniques", "techniques", "mitreTechniques", "relevantSubTechniques")
TITLES = ("name", "displayName", "title")
_TECHNIQUE = re.compile(r"T\d{4,}(?:[./]\d{3})?", re.IGNORECASE)
_REST = re.compile(r"[ \t]*(?://[^\r\n]*)?(?=[\r\n]|\Z)")
_FENCED = re.compile(r"(\s*```(?:kusto|kql)?[ \t]*\r?\n)((?:(?!```).)*)(```\s*)", re.DOTALL | re.IGNORECASE)
_KEYS = {key.lower(): key for key in (*TECHNIQUE_KEYS, *TITLES, "id", "severity", "tactics", "tags", "query")}


def field(root: Mapping, name: str) -> tuple[Scalar, Yaml] | None:
    """The key and node of a name, its case aside; None where there is none."""
    node = root.get(name)
    key = root.key(name) if node is not None else None
    if node is not None and key is not None:
        return key, node
    lower = name.lower()
    return next(((key, node) for key, node in root.items if key.text.lower() == lower), None)


def rule(draft: Draft, parts: list[Mapping], query: Scalar, place: Embedded) -> Problem | None:
    """A rule out of the mappings that hold its metadata (the first that has a key counts) and its query.

    A query that can't be read is a problem, and the draft then is no rule.
    """
    describe(draft, parts)
    return add_query(draft, place, (query.start, query.end))


def describe(draft: Draft, parts: list[Mapping]) -> None:
    """A rule's metadata out of the mappings that hold it; the first that has a key counts."""
    for mapping in parts:
        _metadata(draft, mapping)
    if not draft.title:
        draft.start, draft.end = parts[0].items[0][0].start, parts[0].items[0][0].end
        draft.faults.append(Fault("title-missing", "the rule has no name", draft.start, draft.end))


def _metadata(draft: Draft, root: Mapping) -> None:
    for name in TITLES:
        found = field(root, name)
        if found is not None and not draft.title and (text := " ".join(text_of(found[1]).split())):
            draft.title, draft.start, draft.end = text, found[1].start, found[1].end
            draft.anchors.append(("title", found[0].start, found[1].end))
    for key, node in root.items:
        name = key.text
        lower = _KEYS.get(name.lower(), name)
        if lower == "id" and not draft.id:
            draft.id = text_of(node).strip()
            draft.anchors.append(("id", key.start, node.end))
        elif lower == "severity" and not draft.level:
            _severity(draft, key, node)
        elif lower in TECHNIQUE_KEYS:
            _techniques(draft, key, node)
        elif lower == "tactics":
            draft.tags = (*draft.tags, *(item.text.strip() for item in scalars(node)))
        elif lower == "tags":
            _tags(draft, node)
        elif name in ("author", "createdBy") and not draft.author:
            draft.author = text_of(node).strip()
        elif name == "metadata" and isinstance(node, Mapping):
            author = node.get("author")
            draft.author = draft.author or text_of(author.get("name") if isinstance(author, Mapping) else author).strip()
        elif name in ("lastUpdatedDateUTC", "createdDateUTC", "date", "lastModifiedDateTime") and not draft.date:
            draft.date = text_of(node).strip()[:10]
        elif lower.lower() == "status" and not draft.status:
            draft.status = text_of(node).strip().lower()
        elif name in ("falsePositives", "falsepositives", "FalsePositives", "knownFalsePositives"):
            draft.false_positives = tuple(item.text.strip() for item in scalars(node))
    for key in root.duplicates:
        message = f"`{key.text[:60]}` is repeated; the last one counts"
        draft.faults.append(Fault("duplicate-key", message, key.start, key.end))


def scalars(node: Yaml) -> list[Scalar]:
    """The texts of a list, or the one text that stands there; nulls left out."""
    items = node.items if isinstance(node, Sequence) else [node]
    return [item for item in items if isinstance(item, Scalar) and text_of(item).strip()]


def _severity(draft: Draft, key: Scalar, node: Yaml) -> None:
    text = text_of(node).strip()
    draft.level = text.lower()
    draft.anchors.append(("level", key.start, max(key.end, node.end)))
    if text and draft.level not in LEVELS:
        message = f"`{text[:40]}` is no severity that Sentinel knows (Informational, Low, Medium, High)"
        draft.faults.append(Fault("level-value", message, node.start, max(node.end, node.start + 1)))
        draft.level = {"hight": "high", "info": "informational", "critical": "critical"}.get(draft.level, "")


def _techniques(draft: Draft, key: Scalar, node: Yaml) -> None:
    if not any(what == "tags" for what, _, _ in draft.anchors):
        draft.anchors.append(("tags", key.start, max(key.end, node.end)))
    for item in scalars(node):
        _technique(draft, item)


def _technique(draft: Draft, item: Scalar) -> None:
    """The ids in a text: one as a rule, sometimes several with commas. A text without one is passed on as it is."""
    text = item.text.strip()
    found = list(_TECHNIQUE.finditer(item.text))
    shift = item.start + (1 if item.style in ("'", '"') else 0)
    for one in found:
        plain = item.style in ("", "'", '"') and item.end - item.start <= len(item.text) + 2
        span = (shift + one.start(), shift + one.end()) if plain else (item.start, item.end)
        draft.techniques.append((one.group().replace("/", ".").upper(), *span))
    if not found:
        draft.techniques.append((text, item.start, item.end))


def _tags(draft: Draft, node: Yaml) -> None:
    """Texts; or, in a saved search, `{name: tactics, value: "…"}`."""
    draft.tags = (*draft.tags, *(item.text.strip() for item in scalars(node)))
    for item in node.items if isinstance(node, Sequence) else []:
        if isinstance(item, Mapping):
            name, value = text_of(item.get("name")).lower(), item.get("value")
            if name in ("techniques", "relevanttechniques", "subtechniques") and isinstance(value, Scalar):
                if not any(what == "tags" for what, _, _ in draft.anchors):
                    draft.anchors.append(("tags", item.start, item.end))
                if value.text.strip():
                    _technique(draft, value)
            elif name == "tactics" and isinstance(value, Scalar):
                draft.tags = (*draft.tags, *(part.strip() for part in value.text.split(",") if part.strip()))


def add_query(draft: Draft, place: Embedded, span: tuple[int, int]) -> Problem | None:
    """Reads the query into the draft's trees, lists and anchors; the problem when it can't be read."""
    try:
        reading = kql.read(_unfenced(place.text))
    except QueryError as error:
        at = place.at(error.start), place.end(error.start, error.end)
        return Problem(f"the query can't be read: {error.message}", at[0], max(at[0] + 1, at[1]), draft.id, draft.title)
    draft.anchors.append(("query", *span))
    for part, chain in zip(reading.query.parts, reading.chains, strict=True):
        draft.anchors.append((f"where:{len(draft.trees)}", place.at(chain.start), _behind(place, chain.end)))
        draft.trees.append(DraftTree(part.tree, part.sources, place))
    for one in reading.query.lists:
        draft.lists.append(OrgList(one.name, one.negated, place.at(one.start), place.end(one.start, one.end)))
    sources = [source for part in reading.query.parts for source in part.sources]
    draft.platforms = draft.platforms or platforms(sources)
    draft.domain = draft.domain or domain(sources)
    return None


def _unfenced(text: str) -> str:
    """A query between the marks of a Markdown code block, as some editors write it, with blanks in their place."""
    if not text.lstrip().startswith("```"):
        return text
    found = _FENCED.fullmatch(text)
    return text if found is None else " " * len(found[1]) + found[2] + " " * len(found[3])


def _behind(place: Embedded, end: int) -> int:
    """Where a line can be put in behind an offset: behind the comment that follows on its line, if nothing else does."""
    found = _REST.match(place.text, end)
    return place.end(0, found.end()) if found and found.end() else place.end(0, end) if end else place.at(0)
