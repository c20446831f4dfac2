"""Splunk's search processing language → condition trees.

A pipeline's filters (its base search or tstats where clause, every later `search`, `where` and `regex`) make one tree; each
sub-search, appended or joined search is a part of its own. Columns are followed through the pipeline (`spl_columns`), so
that a filter on a computed one is known as such. Macros are expanded as text; what stands in one has the span of its call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from linter.dialects.queries.core import Part, Query, QueryError, Token, conjunction
from linter.dialects.queries.spl_columns import Columns
from linter.dialects.queries.spl_commands import handler
from linter.dialects.queries.spl_flags import Choice, Resolver
from linter.dialects.queries.spl_search import SearchParser
from linter.dialects.queries.spl_text import (
    MAX_CHARS,
    Command,
    MacroDefinition,
    Spans,
    call,
    commands,
    expand,
    tokens,
    unquoted,
)  # fmt: skip
from linter.dialects.queries.spl_words import FOREIGN_COMMANDS, FREE, GENERATING, KNOWN
from linter.rule import And, Node, Not, Or, OrgList, Term, leaves

__all__ = ["MacroDefinition", "Search", "called", "parse", "read", "silent"]

MAX_SUBSEARCHES = 500
_BASE_DEPTH, _SUB_DEPTH = 40, 8  # of core.MAX_DEPTH: a group here takes six Python frames, a sub-search some twenty
ORIGINS = ("index", "sourcetype", "source", "eventtype", "channel", "splunk_server", "tag")
_SILENT = ("drop_dm_object_name", "comment", "summariesonly")
_SIFTS = (  # how macros are named that take away what an organisation expects
    "_filter", "_whitelist", "_allowlist", "_allow_list", "_safelist", "_exclusion", "_exclusions", "_exceptions",
    "_suppression", "_suppressions",
)  # fmt: skip
_NO = ("false", "0", "no", "none", "null")


class Search(NamedTuple):
    """A query and the places that an edit needs, as offsets in its text.

    `base`: the first filter on raw events (base search, tstats where clause, `search` after a data model), to whose end
    ` NOT field="value"` may be added. `sift`: the call of the first `*_filter` macro, in front of which a `search` may stand.
    `customs`: commands that are not Splunk's own, with their places.
    """

    query: Query
    base: tuple[int, int] | None
    sift: tuple[int, int] | None
    customs: tuple[tuple[str, int, int], ...] = ()


def parse(text: str, macros: Mapping[str, MacroDefinition] | None = None) -> Query:
    """The query's parts, the main search first, and its organisation lists. QueryError when it can't be read."""
    return read(text, macros).query


def read(text: str, macros: Mapping[str, MacroDefinition] | None = None) -> Search:
    """As `parse`, with the places that an edit needs."""
    spans: Spans | None = None
    try:
        if len(text) > MAX_CHARS:
            raise QueryError(f"the search has more than {MAX_CHARS:,} characters", 0)
        reader = _Reader(macros or {})
        expanded, spans = expand(text, reader.macros, kept)
    except QueryError as error:
        raise QueryError(error.message, *_clamped(error.start, error.end, text)) from None
    try:
        pipeline = Pipeline(reader, expanded, spans, Columns(), None)
        pipeline.run(0, len(expanded))
    except QueryError as error:
        span = spans.span(error.start, error.end) if spans is not None else (error.start, error.end)
        raise QueryError(error.message, *_clamped(*span, text)) from None
    except RecursionError:
        raise QueryError("the search is nested too deeply", 0) from None
    if not reader.commands:
        raise QueryError("the search is empty", 0)
    parts = tuple(part.finished() for at, part in enumerate(reader.parts) if at == 0 or part.says())
    return Search(Query(parts, tuple(dict.fromkeys(reader.lists))), reader.base, reader.sift, tuple(reader.customs))


def _clamped(start: int, end: int, text: str) -> tuple[int, int]:
    start = max(0, min(start, len(text) - 1))
    return start, max(start + 1, min(end, len(text)))


def called(text: str) -> set[str]:
    """The names of the macros that a text calls."""
    return {call(match)[0] for match in re.findall(r"`[^`\n]{1,500}`", text)}


def kept(macro: MacroDefinition) -> bool:
    """Whether a macro's calls are not expanded: it means nothing, filters by the organisation, or names only a source."""
    return silent(macro.name) or origins(macro.definition) is not None


def silent(name: str) -> bool:
    """Whether a macro says nothing of what is looked for, by its name."""
    return name.endswith("_filter") or name in _SILENT or name.startswith("security_content_") or name.endswith("_config")


@lru_cache(maxsize=1024)
def origins(definition: str) -> tuple[str, ...] | None:
    """(`sourcetype:…`, `index:…`) of a macro that says only where events are kept; None for any other macro."""
    if "|" in definition or "`" in definition or not any(word in definition.lower() for word in ORIGINS):
        return None
    try:
        tree = parse(definition).parts[0].tree
    except QueryError:
        return None
    terms = [leaf for leaf in leaves(tree) if isinstance(leaf, Term)]
    if not terms or any(term.field.lower() not in ORIGINS for term in terms):
        return None
    return tuple(f"{term.field.lower()}:{term.value}" for term in terms)


class _Reader:
    """What all pipelines of a query share."""

    def __init__(self, macros: Mapping[str, MacroDefinition]) -> None:
        self.macros = macros
        self.parts: list[_Part] = []
        self.lists: list[OrgList] = []
        self.base: tuple[int, int] | None = None
        self.sift: tuple[int, int] | None = None
        self.commands = 0
        self.subsearches = 0
        self.resolver = Resolver()
        self.customs: list[tuple[str, int, int]] = []


class _Part:
    """A part that is being read."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.sources: dict[str, None] = {}

    def says(self) -> bool:
        return bool(self.nodes) or any(not source.startswith("lookup:") for source in self.sources)

    def finished(self) -> Part:
        tree = conjunction(self.nodes) or And(())
        for field, value in _origins_of(tree):
            self.sources.setdefault(f"{field}:{value}")
        return Part(tree, tuple(self.sources))


def _origins_of(node: Node) -> Iterator[tuple[str, str]]:
    if isinstance(node, Term):
        if node.field.lower() in ORIGINS and node.op not in ("exists", "null") and not node.derived:
            yield node.field.lower(), node.value
    elif isinstance(node, And | Or):
        for item in node.items:
            yield from _origins_of(item)


class Pipeline:
    """One pipeline: its columns as they are at the command being read, and the part that its filters go to."""

    def __init__(
        self, reader: _Reader, text: str, spans: Spans | None, columns: Columns, parent: Pipeline | None, derived: bool = False
    ) -> None:
        self.reader = reader
        self.text = text
        self.spans = spans
        self.columns = columns
        self.parent = parent
        self.derived = derived
        self.depth: int = _BASE_DEPTH if parent is None else parent.depth + _SUB_DEPTH
        self.part = _Part()
        self.lookup = ""  # the lookup that the rows come from
        self.output: list[str] = []  # the columns that a last fields, table or return names
        reader.parts.append(self.part)

    # ------------------------------------------------------------------ commands

    def run(self, start: int, end: int, command_first: bool = False) -> None:
        """Reads the commands in [start, end) of the text."""
        found = commands(self.text, start, end)
        for at, command in enumerate(found):
            name = command.name
            if not name and not self.text[command.body : command.end].strip():
                continue
            self.reader.commands += 1
            if at == 0 and name != "search" and not (command_first and name) and not self.generates(command):
                self.filter(tokens("search", self.text, command, command.start))
                continue
            if not name:
                self.unnamed(command)
                continue
            read_command = handler(name)
            if read_command is not None:
                read_command(self, command)
            elif name in KNOWN:
                self.other(command)
            elif name in FOREIGN_COMMANDS:
                raise QueryError(f"unknown command {name!r}", command.start, command.start + len(name))
            else:
                self.custom(command)

    def generates(self, command: Command) -> bool:
        """Whether the first words of a pipeline without a leading | are a command all the same."""
        if command.name not in GENERATING and not (self.parent is not None and command.name in KNOWN):
            return False
        rest = self.text[command.body : command.end].lstrip()
        return bool(rest) and rest[0] not in "=<>!,)."

    def unnamed(self, command: Command) -> None:
        """A command that is a macro, or none at all."""
        here = tokens("search", self.text, command)
        if here[0].kind != "macro":
            raise QueryError("expected a command", here[0].start, here[0].end)
        for token in here:
            if token.kind == "macro":
                self.macro(token)

    def other(self, command: Command) -> None:
        """A command that filters nothing: the columns it names with `as` are computed, its sub-searches are parts."""
        if command.name in FREE and not command.subs:
            return
        for opened, closed in command.subs:
            self.columns.merge(self.sub(opened + 1, closed - 1).columns)
        here = tokens("search", self.text, command)
        self.columns.compute(after.text.strip("\"'") for word, after in pairwise(here) if word.text.lower() == "as")
        for token in here:
            if token.kind == "macro":
                self.macro(token)

    def custom(self, command: Command) -> None:
        """A command of an add-on or of the organisation's own: what it makes of the rows is computed.

        Fields that were read before it stay what they are, any other column may be its own.
        """
        self.reader.customs.append((command.name, *self.place(command.start, command.start + len(command.name))))
        used = {leaf.field for node in self.part.nodes for leaf in leaves(node) if isinstance(leaf, Term) and not leaf.derived}
        with suppress(QueryError):
            self.other(command)
        self.columns.table([*self.columns.raw, *(name for name in used if name)], self.columns.computed)

    def fresh(self) -> None:
        """Begins another part where a second generating command stands in the pipeline."""
        if self.part.nodes or self.part.sources:
            self.part = _Part()
            self.reader.parts.append(self.part)

    # ------------------------------------------------------------------ filters

    def filter(self, here: list[Token]) -> None:
        """A search expression that filters."""
        raw = not self.columns.closed
        self.add(SearchParser(here, self, self.depth).expression())
        if self.parent is None and self.reader.base is None and raw and len(here) > 1:
            self.reader.base = self.place(here[0].start, here[-2].end)

    def add(self, node: Node | None) -> None:
        """Adds a condition to the tree and notes the lists that it asks."""
        if node is None:
            return
        if self.columns.choices:
            node = self.reader.resolver.resolved(node, self.columns.choices)
        self.part.nodes.append(node)
        self.consulted(node, False)

    def chosen(self, choice: Choice) -> Choice:
        """A choice with those that its conditions read put in."""
        if not self.columns.choices:
            return choice
        put_in = self.reader.resolver.resolved
        made = Choice(tuple((put_in(test, self.columns.choices), value) for test, value in choice.branches), choice.default)
        return made if made.bearable() else choice

    def consulted(self, node: Node, negated: bool) -> None:
        """Notes the organisation's lists below a node."""
        if isinstance(node, Not):
            self.consulted(node.item, not negated)
        elif isinstance(node, And | Or):
            for item in node.items:
                self.consulted(item, negated)
        elif isinstance(node, Term):
            if node.listed:
                self.reader.lists.append(OrgList(node.value, negated, node.start, node.end))
            elif node.derived and node.field in self.columns.lookups:
                absent = node.op == "null" or (node.op == "eq" and node.value.lower() in _NO)
                name = self.columns.lookups[node.field]
                self.reader.lists.append(OrgList(name, negated ^ absent, node.start, node.end))

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of this pipeline's text stands in the query."""
        return self.spans.span(start, end) if self.spans is not None else (start, end)

    # ------------------------------------------------------------------ Host

    def term(
        self, field: str, op: str, value: str, native: str, cased: bool, start: int, end: int, *, listed: bool = False
    ) -> Term:
        """A term on a column as it is called at this place."""
        derived = self.derived
        if field:
            field, computed = self.columns.resolve(field)
            derived = derived or computed
        if value[:1] == "$" and value[-1:] == "$" and len(value) > 2:  # filled in at run time
            derived = True
        if self.spans is not None:
            start, end = self.spans.span(start, end)
        return Term(field, op, value, native, cased, start, end, derived, listed)

    def node(self, name: str) -> None:
        """Notes the node of the data model that a tstats reads."""
        model = next((source for source in self.part.sources if source.startswith("datamodel:")), "")
        if model:
            del self.part.sources[model]
            first = model.removeprefix("datamodel:")
            name = name if name == first or name.startswith(f"{first}.") else f"{first}.{name}"
        self.part.sources[f"datamodel:{name.removeprefix('datamodel:')}"] = None

    def macro(self, token: Token) -> None:
        """A macro that is not expanded: a filter of the organisation, a prefix taken away, or a source."""
        name, arguments = call(token.text)
        if name.endswith(_SIFTS):
            place = self.place(token.start, token.end)
            self.reader.lists.append(OrgList(name, True, *place))
            if self.parent is None and self.reader.sift is None and name.endswith("_filter"):
                self.reader.sift = place
        elif name == "drop_dm_object_name":
            if arguments:
                self.columns.rename(f"{arguments[0]}.*", "*")
        elif name and not silent(name):
            self.part.sources[f"macro:{name}"] = None
            known = self.reader.macros.get(name)
            self.part.sources.update(dict.fromkeys((known and origins(known.definition)) or ()))

    def subsearch(self, token: Token, negated: bool) -> Node | None:
        """What a `[…]` in a filter says by itself: a lookup's rows are a list; a search is a part of its own."""
        sub = self.sub(token.start + 1, token.end - 1, derived=negated)
        if not sub.lookup:
            return None
        if not sub.output:
            self.reader.lists.append(OrgList(sub.lookup, negated, *self.place(token.start, token.end)))
        span = (token.start, token.end)
        return conjunction([self.term(name, "eq", sub.lookup, "[…]", False, *span, listed=True) for name in sub.output])

    def fragment(self, token: Token) -> Node | None:
        """A search expression inside a quoted string (`searchmatch`)."""
        text, spans, kept_spans, kept_text = *unquoted(token, self.spans), self.spans, self.text
        self.spans, self.text = spans, text
        here = Command("search", 0, 0, len(text), ())
        node = SearchParser(tokens("search", text, here), self, self.depth).expression()
        self.spans, self.text = kept_spans, kept_text
        return node

    def sub(
        self, start: int, end: int, derived: bool = False, columns: Columns | None = None, command: bool = False
    ) -> Pipeline:
        """Reads a sub-search in [start, end) of the text as a part of its own."""
        return self.nested(self.text, self.spans, start, end, derived, columns, command)

    def nested(
        self, text: str, spans: Spans | None, start: int, end: int, derived: bool = False, columns: Columns | None = None,
        command: bool = False,
    ) -> Pipeline:  # fmt: skip
        """Reads a search in another text."""
        self.reader.subsearches += 1
        if self.reader.subsearches > MAX_SUBSEARCHES or self.depth > _BASE_DEPTH + 6 * _SUB_DEPTH:
            raise QueryError("too many sub-searches", start, end)
        pipeline = Pipeline(self.reader, text, spans, columns or Columns(), self, derived or self.derived)
        pipeline.run(start, end, command)
        return pipeline

    def mapped(self, text: str, spans: Spans) -> Pipeline:
        """Reads the search of a `map`, which stands in a quoted string."""
        expanded, inner = expand(text, self.reader.macros, kept, spans)
        return self.nested(expanded, inner, 0, len(expanded))
