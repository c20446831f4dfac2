"""Elastic's hunts in TOML: `[hunt]` with several queries in several languages, each a tree of one rule."""

from __future__ import annotations

import re
from typing import Any

from linter.dialects.document import Document, Path
from linter.dialects.draft import Draft, DraftTree
from linter.dialects.elastic_rule import QueryProblem, parse
from linter.rule import Problem, Rule
from linter.source import Source

_LANGUAGES = {"es|ql": "esql", "esql": "esql", "eql": "eql", "kql": "kuery", "kuery": "kuery", "lucene": "lucene"}
_FORMS = (  # what a query's language is told by, where the hunt names several
    (r"(?i)\s*(?:from|row|ts|show|set)\b(?!\s*[:.])", "esql"),
    (r"(?i)\s*(?:sequence|sample|any|[a-z_]+)\s+(?:where|by|with)\b", "eql"),
)
_TECHNIQUE = re.compile(r"[Tt]\d{4}(?:[./]\d{3})?$")
_ANCHORS = (("title", "name"), ("id", "uuid"), ("query", "query"), ("tags", "mitre"), ("note", "notes"))


def read(source: Source, document: Document) -> Rule | Problem:
    """The hunt of a document, or what kept its first faulty query from being read; queries for osquery are left out."""
    draft = Draft(source.path, "elastic", document.string("hunt", "uuid"), document.string("hunt", "name"))
    draft.start, draft.end = document.inside("hunt", "name") if draft.title else document.keys.get(("hunt",), (0, 1))
    draft.author = ", ".join(document.strings("hunt", "author"))
    draft.tags = ("threat-hunting", *document.strings("hunt", "integration"))
    found: Any = document.get("hunt", "query")
    paths: list[Path] = [("hunt", "query", at) for at in range(len(found))] if isinstance(found, list) else [("hunt", "query")]
    named = [_LANGUAGES.get(name.lower(), "") for name in document.strings("hunt", "language")]
    read_any = False
    for path in paths:
        text = _unfenced(document.string(*path))
        language = _language(text, named)
        if not text.strip() or not language:
            continue
        try:
            parts = parse(document, path, language, draft, _unfenced)
        except QueryProblem as problem:
            return Problem(problem.message, problem.start, problem.end, draft.id, draft.title)
        place = document.embedded(*path)
        draft.trees.extend(DraftTree(part.tree, part.sources, place) for part in parts if part.tree is not None)
        read_any = True
    if not read_any and not any(document.string(*path).strip() for path in paths):
        return Problem("the hunt has no query", draft.start, draft.end, draft.id, draft.title)
    mitre = document.get("hunt", "mitre")
    for at, tag in enumerate(mitre if isinstance(mitre, list) else ()):
        if isinstance(tag, str) and _TECHNIQUE.match(tag):
            draft.techniques.append((tag.replace("/", "."), *document.inside("hunt", "mitre", at)))
    draft.anchors.extend((name, *document.span("hunt", key)) for name, key in _ANCHORS if document.get("hunt", key) is not None)
    return draft.finish()


def _language(text: str, named: list[str]) -> str:
    """The language of a query; "" for one of osquery's or of no language known here."""
    if re.match(r"(?is)\s*(?:--[^\n]*\n\s*)*(?:select|with|pragma)\b", text):
        return ""
    told = next((language for pattern, language in _FORMS if re.match(pattern, _bare(text))), "")
    known = [name for name in named if name]
    return told if told in known or not known else known[0]


def _unfenced(text: str) -> str:
    """A query whose first line is what is left of a Markdown fence (`sql`), with blanks in its place."""
    return re.sub(r"\A(?:sql|esql|eql|kql)(?=\r?\n)", lambda found: " " * len(found[0]), text)


def _bare(text: str) -> str:
    """A query without the comments before it."""
    found = re.match(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", text, re.DOTALL)
    return text[found.end() :] if found else text
