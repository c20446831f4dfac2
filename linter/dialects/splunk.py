"""Splunk: the YAML rules of the Enterprise Security Content Updates and of whatever contentctl builds.

Anchors of a rule: `title`, `id`, `status`, `false_positives`, `tags` and `techniques` are values; `query` is the search with
its quotes or block indicator. `base` is the first filter on raw events (base search, tstats where clause), to whose end
` NOT field="value"` may be added; `sift` is the call of the `*_filter` macro, in front of which `search NOT … |` may stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from linter.dialects.draft import Draft, DraftTree
from linter.dialects.queries import spl
from linter.dialects.queries.core import QueryError
from linter.dialects.queries.spl_text import MAX_CHARS
from linter.dialects.splunk_macros import dependencies as _dependencies
from linter.dialects.splunk_macros import near
from linter.dialects.yamldoc import Mapping, Scalar, Sequence, YamlError, documents, embedded, text_of
from linter.dialects.yamldoc import Node as Yaml
from linter.rule import And, Fault, OrgList, Problem, Reading, Rule
from linter.source import Embedded, Source

_KEYS = re.compile(r"^[\"']?([a-z_]+)[\"']?[ \t]*:", re.MULTILINE)
_EVIDENCE = frozenset(
    ("data_source", "data_sources", "how_to_implement", "known_false_positives", "tags", "type", "rba", "drilldown_searches")
)
_PLATFORMS = (
    (r"\baws\b|\bamazon\b|\bec2\b|\bs3\b|\beks\b", "aws"), (r"\bazure\b|\baks\b|\bentra\b", "azure"),
    (r"\bo365\b|\boffice 365\b|\bm365\b", "m365"), (r"\bokta\b", "okta"), (r"\bgcp\b|\bgoogle cloud\b|\bgke\b", "gcp"),
    (r"\bg ?suite\b|\bgdrive\b|\bgoogle workspace\b", "google_workspace"), (r"\bgithub\b", "github"),
    (r"\bkubernetes\b|\b[ae]ks\b|\bgke\b", "kubernetes"), (r"\blinux\b", "linux"), (r"\bmac ?os\b", "macos"),
    (r"\bwindows\b|\bsysmon eventid\b|\bpowershell\b", "windows"),
)  # fmt: skip
_LEVELS = (
    (20, "informational"),
    (40, "low"),
    (60, "medium"),
    (80, "high"),
    (100, "critical"),
)  # of risk scores, as contentctl has it
_KINDS = {"correlation": "correlation", "baseline": "building_block"}
_ANCHORS = (
    ("title", "name"), ("id", "id"), ("status", "status"), ("false_positives", "known_false_positives"), ("query", "search"),
    ("tags", "tags"),
)  # fmt: skip


def recognises(source: Source) -> bool:
    """Whether the text is a rule: a YAML mapping with `name`, `search` and what else a Splunk rule says of itself."""
    text = source.text
    if "search" not in text or "name" not in text:
        return False
    keys = set(_KEYS.findall(text.removeprefix("\ufeff")))
    if not {"name", "search"} <= keys or not keys & _EVIDENCE:
        return False
    return (
        re.search(r"^[\"']?search[\"']?[ \t]*:[ \t]*(?:[^\s#]|\n[ \t]+(?![\w\"']+:[ \t\n])\S)", text, re.MULTILINE) is not None
    )


def dependencies(source: Source) -> list[Path]:
    """The files besides its own that reading the text depends on: its macros'."""
    return _dependencies(source)


def read(source: Source) -> Reading:
    """The rule of each document that has a search; a search that can't be read is a problem at its place in the file."""
    problems: list[Problem] = []
    try:
        roots = documents(source)
    except YamlError as error:
        roots = error.read
        problems.append(Problem(error.message, error.start, error.end))
    rules: list[Rule] = []
    for root in roots:
        if not isinstance(root, Mapping) or root.key("search") is None:
            continue
        found = _rule(source, root)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            rules.append(found)
    if not rules and not problems:
        problems.append(Problem("the file has no search, so it is no rule", 0, min(1, len(source.text))))
    return Reading(tuple(rules), tuple(problems))


def _rule(source: Source, root: Mapping) -> Rule | Problem:
    draft = Draft(source.path, "splunk", text_of(root.get("id")).strip(), text_of(root.get("name")).strip())
    named, query = root.get("name"), root.get("search")
    place: Yaml = named if isinstance(named, Scalar) and draft.title else root.items[0][0]
    draft.start, draft.end = place.start, max(place.end, place.start + 1)
    if not isinstance(query, Scalar):
        key = root.key("search")
        where = query or key or place
        return Problem("the search is not text", where.start, where.end, draft.id, draft.title)
    if not query.text.strip():
        return Problem("the search is empty", query.start, max(query.end, query.start + 1), draft.id, draft.title)
    if len(query.text) > MAX_CHARS:
        message = f"the search has {len(query.text):,} characters; no more than {MAX_CHARS:,} are read"
        return Problem(message, query.start, query.start + 1, draft.id, draft.title)
    inside = embedded(source, query)
    try:
        found = spl.read(query.text, near(source.path))
    except QueryError as error:
        start, end = _on_file(inside, error.start, error.end)
        return Problem(f"the search can't be read: {error.message}", start, end, draft.id, draft.title)
    for part in found.query.parts:
        draft.trees.append(DraftTree(None if part.tree == And(()) else part.tree, part.sources, inside))
    draft.lists = [OrgList(each.name, each.negated, *_on_file(inside, each.start, each.end)) for each in found.query.lists]
    draft.faults.extend(_misspelt(found.customs, inside))
    _metadata(root, draft)
    for name, span in (("base", found.base), ("sift", found.sift)):
        if span is not None:
            draft.anchors.append((name, *_on_file(inside, *span)))
    return draft.finish()


def _misspelt(customs: tuple[tuple[str, int, int], ...], place: Embedded) -> Iterator[Fault]:
    """A fault for each custom command that is nearly one of Splunk's own."""
    from difflib import get_close_matches

    from linter.dialects.queries.spl_words import KNOWN

    for name, start, end in customs:
        near = get_close_matches(name[:40], KNOWN, 1, 0.85)
        if near:
            message = f"`{name[:40]}` is no command of Splunk's; did you mean `{near[0]}`?"
            yield Fault("command-unknown", message, *_on_file(place, start, end))


def _on_file(place: Embedded, start: int, end: int) -> tuple[int, int]:
    begin = place.at(start)
    return begin, max(begin + 1, place.end(start, end))


def _texts(node: Yaml | None) -> list[Scalar]:
    """The scalars of a list, or the one that stands in its place."""
    if isinstance(node, Sequence):
        return [item for item in node.items if isinstance(item, Scalar) and item.text]
    return [node] if isinstance(node, Scalar) and text_of(node) else []


def _metadata(root: Mapping, draft: Draft) -> None:
    """All but the search. Technique, asset, domain and story stand under `tags`, in the newest layout at the top."""
    tags = root.get("tags")
    inner = tags if isinstance(tags, Mapping) else Mapping([], 0, 0, False)

    def either(name: str) -> Yaml | None:
        return inner.get(name) or root.get(name)

    draft.author = text_of(root.get("author"))
    draft.date = text_of(root.get("date") or root.get("creation_date"))
    draft.status = "deprecated" if "deprecated" in draft.path.split("/") else text_of(root.get("status")).lower()
    draft.domain = text_of(either("security_domain")).lower()
    draft.level = _level(root, inner)
    kind = text_of(root.get("type"))
    draft.kind = "building_block" if "baselines" in draft.path.split("/") else _KINDS.get(kind.lower(), "rule")
    stories = [story.text for story in _texts(either("analytic_story"))]
    draft.tags = tuple(dict.fromkeys([*([f"type:{kind}"] if kind else []), *stories]))
    draft.false_positives = tuple(text.text.strip() for text in _texts(root.get("known_false_positives")))
    techniques = either("mitre_attack_id") or either("mitre_attack")
    draft.techniques = [(item.text.strip(), *_bare(item)) for item in _texts(techniques)]
    origins = [
        part.strip()
        for item in _texts(root.get("data_source") or root.get("data_sources"))
        for part in item.text.split(" AND ")
    ]
    draft.sources = tuple(f"data_source:{origin}" for origin in dict.fromkeys(origins))
    assets = " ".join(asset.text for asset in _texts(either("asset_type")))
    draft.platforms = _platforms(draft.title, f"{assets} | {' | '.join(origins)}".lower())
    for name, key in _ANCHORS:
        node = root.get(key)
        if node is not None:
            draft.anchors.append((name, node.start, node.end))
    if techniques is not None:
        draft.anchors.append(("techniques", techniques.start, techniques.end))


def _bare(item: Scalar) -> tuple[int, int]:
    """A scalar's span without its quotes."""
    return (item.start + 1, item.end - 1) if item.style in ("'", '"') else (item.start, item.end)


def _platforms(title: str, about: str) -> tuple[str, ...]:
    """By the title's first word where it names a system, else by assets and data sources."""
    first = title.partition(" ")[0].lower()
    if first in ("linux", "macos", "windows"):
        return (first,)
    return tuple(dict.fromkeys(name for pattern, name in _PLATFORMS if re.search(pattern, about)))


def _level(root: Mapping, tags: Mapping) -> str:
    """The severity of the highest risk score: in the tags, among the risk objects, of the finding's entities."""
    scores = [text_of(tags.get("risk_score"))]
    for above, names in (("rba", ("risk_objects",)), ("finding", ("entity", "entities"))):
        holder = root.get(above)
        for node in [holder.get(name) for name in names] if isinstance(holder, Mapping) else []:
            objects = node.items if isinstance(node, Sequence) else [node]
            scores += [text_of(item.get("score")) for item in objects if isinstance(item, Mapping)]
    known = [int(score) for score in scores if score.isascii() and score.isdigit() and len(score) < 5]
    return next((name for limit, name in _LEVELS if max(known) <= limit), "critical") if known else ""
