"""A rule being read: dialects fill a Draft, and `finish` makes the immutable Rule of it, in the one vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, field

from linter.rule import Event, Fault, Node, OrgList, Related, Rule, Selection, Technique
from linter.source import Embedded
from linter.taxonomy import attack, events, normalise


@dataclass(slots=True)
class DraftTree:
    """One condition tree of Terms, what it reads, and where its text stands in the file (None: offsets are the file's)."""

    node: Node | None = None  # None: the rule has no query (machine learning, correlation)
    sources: tuple[str, ...] = ()
    place: Embedded | None = None


@dataclass(slots=True)
class Draft:
    """What a dialect has read so far; `techniques` are (text as tagged, start, end). Fields as in `Rule`."""

    path: str
    dialect: str
    id: str = ""
    title: str = ""
    start: int = 0
    end: int = 0
    trees: list[DraftTree] = field(default_factory=list)
    techniques: list[tuple[str, int, int]] = field(default_factory=list)
    category: str = ""
    product: str = ""
    service: str = ""
    sources: tuple[str, ...] = ()  # of the whole rule, added to each tree's own
    platforms: tuple[str, ...] = ()
    domain: str = ""
    author: str = ""
    date: str = ""
    status: str = ""
    level: str = ""
    kind: str = "rule"
    tags: tuple[str, ...] = ()
    related: list[Related] = field(default_factory=list)
    false_positives: tuple[str, ...] = ()
    selections: tuple[Selection, ...] = ()
    lists: list[OrgList] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    anchors: list[tuple[str, int, int]] = field(default_factory=list)

    def finish(self) -> Rule:
        """The Rule: events resolved tree by tree, predicates and techniques normalised, each event and technique once."""
        found: dict[Event, None] = {}
        trees: list[Node] = []
        for tree in self.trees or [DraftTree()]:
            sources = (*tree.sources, *self.sources)
            hints = events.Hints(self.dialect, self.category, self.product, self.service, sources, tree.node, self.tags)
            resolved = events.resolve(hints)
            found.update(dict.fromkeys(resolved))
            if tree.node is not None:
                trees.append(normalise.predicates(tree.node, self.dialect, resolved, sources, tree.place))
        techniques: dict[str, Technique] = {}
        for text, start, end in self.techniques:
            technique = attack.technique(text, start, end)
            techniques.setdefault(technique.id, technique)
        return Rule(
            path=self.path, dialect=self.dialect, vendor=self.dialect, id=self.id, title=self.title,
            start=self.start, end=self.end, trees=tuple(trees), techniques=tuple(techniques.values()), events=tuple(found),
            platforms=self.platforms, domain=self.domain, author=self.author, date=self.date, status=self.status,
            level=self.level, kind=self.kind, tags=self.tags, related=tuple(self.related),
            false_positives=self.false_positives, selections=self.selections, lists=tuple(self.lists),
            faults=tuple(self.faults), anchors=tuple(self.anchors),
        )  # fmt: skip
