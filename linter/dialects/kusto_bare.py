"""Bare query files (`.kql`, `.kusto`, `.csl`): one rule a file, what is known of it in its leading comments.

`// Name: …`, `// Title: …`, `// Id: …`, `// Severity: …` and technique ids anywhere in those comments are read. A file that is
not one query may be several with blank lines between them, as Microsoft's query editors take them: each is a tree of the rule.
"""

from __future__ import annotations

import re

from linter.dialects.draft import Draft
from linter.dialects.kusto_rule import LEVELS, add_query
from linter.dialects.queries.core import QueryError
from linter.dialects.queries.kql_pipe import syntax
from linter.rule import Reading
from linter.source import Embedded, Source

_COMMENT = re.compile(r"[ \t]*//[ \t]?([^\r\n]*)")
_NAMED = re.compile(r"[\s*#-]*(name|title|id|severity|author|date|query name|rule name)\s*[:=]\s*(\S.*)", re.IGNORECASE)
_TECHNIQUE = re.compile(r"(?<![\w.])T\d{4}(?:[./]\d{3})?(?![\w.]*\w)")
_BLANK = re.compile(r"(?:\r?\n[ \t]*){2,}|(?:\r[ \t]*){2,}")
_MAX_BLOCKS = 500
_MAX_TRIED = 100_000  # characters of blocks that are tried together, again and again


def read(source: Source) -> Reading:
    """The rule of a bare query file."""
    text = source.text
    draft = Draft(source.path, "kusto")
    _comments(source, draft)
    problem = add_query(draft, Embedded(text, ((0, 0),)), (0, len(text)))
    if problem is not None and _blocks(text, draft):
        problem = None
    if problem is not None:
        return Reading((), (problem,))
    return Reading((draft.finish(),), ())


def _comments(source: Source, draft: Draft) -> None:
    """Metadata of the comments before the query."""
    text, at, first = source.text, 0, ""
    draft.title = source.path.rsplit("/", 1)[-1].rpartition(".")[0]
    draft.start, draft.end = 0, min(1, len(text))
    named = False
    while at < len(text):
        start, end = source.line_span(at)
        line = text[start:end]
        found = _COMMENT.match(line)
        if line.strip("\ufeff \t") and found is None:
            if not draft.end or draft.end == 1:
                draft.start, draft.end = start, end
            break
        if found is not None:
            body = found.group(1).rstrip()
            key = _NAMED.fullmatch(body)
            if key is not None:
                named = (
                    _named(draft, key, start + found.start(1) + body.find(key.group(2)) if key.group(2) in body else start)
                    or named
                )
            elif body and not first:
                first = body
            for one in _TECHNIQUE.finditer(line):
                draft.techniques.append((one.group().replace("/", "."), start + one.start(), start + one.end()))
                if not any(what == "tags" for what, _, _ in draft.anchors):
                    draft.anchors.append(("tags", start, end))
        at = end + 1
    if not named and first and len(first) <= 120:
        draft.title = first.strip("#*-= ") or draft.title


def _named(draft: Draft, key: re.Match[str], start: int) -> bool:
    name, value = key.group(1).lower(), key.group(2).strip()
    if name in ("name", "title", "query name", "rule name"):
        draft.title, draft.start, draft.end = value[:256], start, start + len(value)
        draft.anchors.append(("title", start, start + len(value)))
        return True
    if name == "id":
        draft.id = value
    elif name == "severity" and value.lower() in LEVELS:
        draft.level = value.lower()
    elif name == "author":
        draft.author = value
    elif name == "date":
        draft.date = value[:10]
    return False


def _blocks(text: str, draft: Draft) -> bool:
    """Whether the text is several queries with blank lines between them, all readable; they are then the draft's trees."""
    spans, at = [], 0
    for gap in _BLANK.finditer(text):
        spans.append((at, gap.start()))
        at = gap.end()
    spans.append((at, len(text)))
    blocks = _joined(text, [span for span in spans if _says(text[slice(*span)])])
    if len(blocks) < 2:
        return False
    made = Draft(draft.path, draft.dialect)
    for start, end in blocks:
        if add_query(made, Embedded(text[start:end], ((0, start),)), (start, end)) is not None:
            return False
    draft.trees, draft.lists = made.trees, made.lists
    draft.anchors.extend([("query", 0, len(text)), *(anchor for anchor in made.anchors if anchor[0] != "query")])
    draft.platforms, draft.domain = made.platforms, made.domain
    return True


def _joined(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans of whole queries: blocks that go on behind a blank line, or hold lets alone, are joined; [] if none."""
    out: list[tuple[int, int]] = []
    waiting, left = -1, _MAX_TRIED + len(text)
    for start, end in spans if len(spans) <= _MAX_BLOCKS else []:
        if waiting < 0 and out and _bare(text[start:end])[:1] in ("|", ")", ","):
            waiting = out.pop()[0]
        start = waiting if waiting >= 0 else start
        left -= end - start
        if left < 0:
            return []
        try:
            whole = bool(syntax(text[start:end]).queries)
        except QueryError:
            whole = False
        if whole:
            out.append((start, end))
        waiting = -1 if whole else start
    return out if waiting < 0 else []


def _bare(block: str) -> str:
    """A block without the comments and blanks before it."""
    lines = block.splitlines()
    return next((line.lstrip() for line in lines if line.strip() and not line.lstrip().startswith("//")), "")


def _says(block: str) -> bool:
    """Whether a block holds more than comments."""
    return bool(_bare(block))
