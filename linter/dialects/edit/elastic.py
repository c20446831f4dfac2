"""Elastic: the exclusion at the end of a query's condition, in the query's own language."""

from __future__ import annotations

import re
from typing import NamedTuple

from linter.dialects.document import Document
from linter.dialects.edit import container, elastic_words, moves
from linter.dialects.edit.base import Refused, parts
from linter.dialects.edit.container import Container
from linter.dialects.edit.elastic_words import Words
from linter.dialects.queries import core
from linter.finding import AddExclusion, AddTag, AnchorExclusion, Edit, Fix, Intent, ReplaceTag
from linter.rule import Predicate, Rule, leaves
from linter.source import Source

_WORDS: dict[str, Words] = {
    "eql": elastic_words.eql,
    "kuery": elastic_words.kuery,
    "lucene": elastic_words.lucene,
    "esql": elastic_words.esql,
}
_RAW_COMMANDS = frozenset(("from", "ts", "where", "eval", "metadata"))


def fix(source: Source, rule: Rule, intent: Intent) -> Fix:
    """The edits of an intent. Refused where it can't be carried out."""
    if isinstance(intent, AddExclusion):
        return add_exclusion(source, rule, intent)
    if isinstance(intent, ReplaceTag):
        return moves.elastic(source, rule, intent)
    if isinstance(intent, AddTag):
        return Fix("display", f"add {intent.technique} to the rule's `threat`", ())
    if isinstance(intent, AnchorExclusion):
        return Fix("display", f"write {elastic_words.eql('…', intent.op, intent.value)[2:]} there", ())
    raise Refused("Elastic knows no such fix")


def text(intent: AddExclusion) -> str:
    """The exclusion in EQL."""
    try:
        return f"`not {_condition(elastic_words.eql, intent)}`"
    except Refused:
        return ""


def _condition(words: Words, intent: AddExclusion, joint: str = " and ") -> str:
    found = [words(*part) for part in parts(intent)]
    return found[0] if len(found) == 1 else f"({joint.join(found)})"


def add_exclusion(source: Source, rule: Rule, intent: AddExclusion) -> Fix:
    """`and not …` at the end of the condition; `| where not …` in ES|QL. Refused where no one place is known."""
    if not any(name == "query" for name, _, _ in rule.anchors):
        raise Refused("the rule has no query")
    language = _language(source, rule)
    if language not in _WORDS:
        raise Refused("the query's language is not known")
    here = container.of(source, rule)
    try:
        edits = _esql(here, intent) if language == "esql" else _appended(here, language, rule, intent)
    except core.QueryError as error:
        raise Refused(f"the query can't be read: {error.message}") from None
    return Fix("unsafe", f"exclude {_condition(_WORDS[language], intent)}", edits)


def _language(source: Source, rule: Rule) -> str:
    """The language of the query that stands at the rule's anchor."""
    from linter.dialects import elastic_rule

    document, path = _document(source, rule)
    kind = document.string(*path, "type")
    named = document.string(*path, "language") or elastic_rule._OF_TYPE.get(kind, "")
    named = named or ("kuery" if kind or document.string(*path, "rule_id") else "eql")
    return elastic_rule.LANGUAGES.get(named.lower(), "")


def _document(source: Source, rule: Rule) -> tuple[Document, tuple[str | int, ...]]:
    """The parsed file and the path of the table that holds the query."""
    from linter.dialects import jsondoc, tomldoc

    span = rule.anchor("query")
    if container._is_toml(source):
        document = tomldoc.load(source)
    else:
        start, end = next(
            ((start, end) for start, end in jsondoc.lines(source.text) if start <= span[0] < end), (0, len(source.text))
        )
        alone = source.text[start:end].lstrip()[:1] in "{[" and source.text[start:end].rstrip()[-1:] in "}]"
        document = jsondoc.load(source.text, start, end) if alone and end - start > 2 else jsondoc.load(source.text)
    path = next((path for path, place in document.values.items() if place == span and path[-1:] == ("query",)), None)
    if path is None:
        raise Refused("the query stands elsewhere")
    return document, path[:-1]


# and not … at the end


class _Shape(NamedTuple):
    """Where a condition stands in its query, and whether an OR stands outermost."""

    start: int
    end: int
    any: bool
    joints: tuple[core.Token, ...]  # the outermost ANDs


def _tokens(language: str, text: str) -> list[core.Token]:
    if language == "eql":
        from linter.dialects.queries import eql_expr

        return eql_expr.lex(text)
    from linter.dialects.queries import kuery, lucene

    module = kuery if language == "kuery" else lucene
    return core.Lexer(module._PAIRS, module._DOTALL).tokens(text, limit=core.MOST_TOKENS)


def _shape(language: str, text: str, rule: Rule, field: str) -> _Shape:
    """The shape of the condition; of a sequence that of the one event that reads the field. Refused when there is none."""
    tokens = _tokens(language, text)[:-1]
    first, stop = 0, len(tokens)
    if language == "eql":
        if tokens and tokens[0].text.lower() in ("sequence", "join", "sample"):
            first, stop = _event(tokens, rule, field)
        words = [token.text.lower() for token in tokens[first : min(stop, first + 3)]]
        if "where" not in words:
            raise Refused("the query has no condition")
        first += words.index("where") + 1
    return _shape_within(language, tokens, first, stop)


def _event(tokens: list[core.Token], rule: Rule, field: str) -> tuple[int, int]:
    """The tokens between the brackets of the event that a field belongs to."""
    spans: list[tuple[int, int]] = []
    opened, depth = 0, 0
    for at, token in enumerate(tokens):
        if token.kind == "op" and token.text in ("[", "]"):
            depth += 1 if token.text == "[" else -1
            if token.text == "[" and depth == 1:
                opened = at + 1
            elif depth == 0:
                spans.append((opened, at))
    having = [
        number
        for number, tree in enumerate(rule.trees)
        if any(isinstance(leaf, Predicate) and leaf.field.lower() == field.lower() for leaf in leaves(tree))
    ]
    if len(having) != 1 or len(spans) != len(rule.trees):
        raise Refused("the query is a sequence: which event is meant is not known")
    return spans[having[0]]


def _shape_within(language: str, tokens: list[core.Token], first: int, stop: int) -> _Shape:
    depth, last, either = 0, stop, False
    joints: list[core.Token] = []
    implicit = False
    for at in range(first, stop):
        token = tokens[at]
        word = token.text if language == "lucene" else token.text.lower()
        if token.kind == "op":
            depth += (word in ("(", "[", "{")) - (word in (")", "]", "}"))
            if word == "|" and depth == 0 and language == "eql":
                last = at
                break
        if depth == 0 and token.kind != "string":
            either = either or (word in ("or", "OR", "||") and (language == "lucene") is (word != "or"))
            if word in ("and", "AND", "&&") and (language == "lucene") is (word != "and"):
                joints.append(token)
        if language == "lucene" and depth == 0 and at > first and token.kind in ("word", "string", "regex"):
            before = tokens[at - 1]
            implicit = implicit or (before.kind in ("word", "string", "regex") and before.text not in _JOINS)
            implicit = implicit or before.text in (")", "]", "}")
            implicit = implicit and token.text not in _JOINS
    if last <= first:
        raise Refused("the query has no condition")
    return _Shape(
        tokens[first].start, tokens[last - 1].end, either or implicit or (language == "lucene" and not joints), tuple(joints)
    )


_JOINS = frozenset(("AND", "OR", "NOT", "&&", "||", "!"))
_COMMENT = re.compile(r"[ \t]*//[^\r\n]*")


def _appended(here: Container, language: str, rule: Rule, intent: AddExclusion) -> tuple[Edit, ...]:
    query = here.query.text
    shape = _shape(language, query, rule, intent.field)
    upper = language == "lucene" or bool(shape.joints and shape.joints[-1].text.isupper())
    joint, no = ("AND", "NOT") if upper else ("and", "not")
    extra = f"{no} {_condition(_colons(language, query), intent, f' {joint} ')}"
    edits: list[Edit] = []
    if shape.any and not _single(language, query, shape):
        edits.append(here.put(shape.start, "("))
        edits.append(here.put(shape.end, f") {joint} {extra}"))
        return tuple(edits)
    broken = here.broken or here.kind in ("json", 'toml"')
    if "\n" not in query[shape.start : shape.end] or not broken:
        return (here.put(shape.end, f" {joint} {extra}"),)
    indent = _indent(query, shape)
    last = shape.joints[-1] if shape.joints else None
    leading = last is not None and not query[query.rfind("\n", 0, last.start) + 1 : last.start].strip()
    if leading:
        return (here.put(shape.end, f"\n{indent}{joint} {extra}"),)
    comment = _COMMENT.match(query, shape.end) if language == "eql" else None
    if comment:  # stays where it is, behind what it is about
        return (here.put(shape.end, f" {joint}"), here.put(comment.end(), f"\n{indent}{extra}"))
    return (here.put(shape.end, f" {joint}\n{indent}{extra}"),)


def _colons(language: str, query: str) -> Words:
    """The language's words, with blanks around the colon as the query has them."""
    words = _WORDS[language]
    found = re.search(r"[\w.\"](\s?):(\s?)\S", query) if language == "kuery" else None
    if found is None or not (found[1] or found[2]):
        return words

    def spaced(field: str, op: str, value: str) -> str:
        written = words(field, op, value)
        return re.sub(r":", f"{found[1] and ' '}:{found[2] and ' '}", written, count=1)

    return spaced


def _single(language: str, query: str, shape: _Shape) -> bool:
    """Whether a Lucene query is one clause, which needs no parentheses."""
    return language == "lucene" and not re.search(r"\s", query[shape.start : shape.end])


def _indent(query: str, shape: _Shape) -> str:
    """The blanks before the line of the condition's last outermost part; those of a line further on the query's first."""
    joint = shape.joints[-1] if shape.joints else None
    at = shape.end - 1
    if joint is not None:
        rest = query[joint.end : shape.end]
        at = joint.end + len(rest) - len(rest.lstrip())
    line = query[query.rfind("\n", 0, at) + 1 : at]
    blanks = line[: len(line) - len(line.lstrip(" \t"))]
    if query.rfind("\n", 0, at) < query.find("\n", query.find(query.lstrip()[:1])) and not blanks:
        found = re.search(r"\n([ \t]+)\S", query[shape.start : shape.end])
        return found[1] if found else "  "
    return blanks


# | where not …


def _esql(here: Container, intent: AddExclusion) -> tuple[Edit, ...]:
    from linter.dialects.queries import esql_lex

    query = here.query.text
    tokens = esql_lex.lex(query)[:-1]
    depth = 0
    commands: list[list[core.Token]] = [[]]
    for token in tokens:
        if token.kind == "op":
            depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
            if token.text == "|" and depth == 0:
                commands.append([])
        commands[-1].append(token)
    where: list[core.Token] = []
    for command in commands:
        words = [token.text.lower() for token in command if token.text != "|"]
        if not words or words[0] not in _RAW_COMMANDS or ("(" in words[:3] and words[0] == "from"):
            break
        if words[0] in ("where", "from", "ts"):
            where = command
    if not where:
        raise Refused("the place for a condition is not known")
    extra = f"| where not {_condition(elastic_words.esql, intent)}"
    end = where[-1].end
    opening = where[0]
    before = query[query.rfind("\n", 0, opening.start) + 1 : opening.start]
    if opening.text == "|" and not before.strip():
        indent = before
    else:
        after = re.search(r"\n([ \t]*)\|", query)
        if after is None:
            return (here.put(end, f" {extra}"),)
        indent = after[1]
    comment = _COMMENT.match(query, end)
    return (here.put(comment.end() if comment else end, f"\n{indent}{extra}"),)
