"""A rule being read: dialects fill a Draft, and `finish` makes the immutable Rule of it, in the one vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from linter.rule import Event, Fault, Node, OrgList, Related, Rule, Selection, Technique
from linter.source import Embedded
from linter.taxonomy import attack, events, normalise


class DraftTree(NamedTuple):
    """One condition tree of Terms, what it reads, and where its text stands in the file (None: offsets are the file's)."""

    node: Node | None = None  # None: the rule has no query (machine learning, correlation)
    sources: tuple[str, ...] = ()
    place: Embedded | None = None


class Draft:
    """What a dialect has read so far; `techniques` are (text as tagged, start, end), `sources` those of the whole rule, which
    each tree gets beside its own. The other fields are as in `Rule`.
    """

    def __init__(
        self,
        path: str,
        dialect: str,
        id: str = "",
        title: str = "",
        start: int = 0,
        end: int = 0,
        *,
        trees: Iterable[DraftTree] = (),
        techniques: Iterable[tuple[str, int, int]] = (),
        category: str = "",
        product: str = "",
        service: str = "",
        sources: tuple[str, ...] = (),
        platforms: tuple[str, ...] = (),
        domain: str = "",
        author: str = "",
        date: str = "",
        status: str = "",
        level: str = "",
        kind: str = "rule",
        tags: tuple[str, ...] = (),
        related: Iterable[Related] = (),
        false_positives: tuple[str, ...] = (),
        selections: tuple[Selection, ...] = (),
        lists: Iterable[OrgList] = (),
        faults: Iterable[Fault] = (),
        anchors: Iterable[tuple[str, int, int]] = (),
    ) -> None:
        self.path, self.dialect, self.id, self.title, self.start, self.end = path, dialect, id, title, start, end
        self.trees, self.techniques = list(trees), list(techniques)
        self.category, self.product, self.service, self.sources = category, product, service, sources
        self.platforms, self.domain, self.author, self.date = platforms, domain, author, date
        self.status, self.level, self.kind, self.tags = status, level, kind, tags
        self.related, self.false_positives, self.selections = list(related), false_positives, selections
        self.lists, self.faults, self.anchors = list(lists), list(faults), list(anchors)

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
