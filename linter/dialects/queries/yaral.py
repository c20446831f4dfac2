"""YARA-L 2.0 (Google SecOps): the rules of a file, their sections, and a condition tree for each event variable.

Written from Google's YARA-L 2.0 reference. A file holds several rules; a faulty one is reported and the others are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from linter.dialects.queries.core import Lexer, Part, Query, QueryError, Token
from linter.dialects.queries.yaral_events import literal
from linter.dialects.queries.yaral_trees import query
from linter.rule import OrgList

_HEAD = r"(?m)^[ \t]*(?:(?:private|global)[ \t]+){0,2}rule[ \t]+[A-Za-z_]\w*\s*\{"
_SECTIONS = frozenset({"meta", "events", "match", "outcome", "condition", "options"})
MAX_BROKEN = 100  # rules that can't be read; past them the rest of the file is not looked at
MAX_RULE_TOKENS = 100_000  # the largest public rule has 5,000


class Meta(NamedTuple):
    """The value of one key of the meta section, unescaped, and the offsets of the value as written."""

    key: str
    value: str
    start: int
    end: int


class RuleText(NamedTuple):
    """One rule: `start`/`end` of its name, `stop` behind its closing brace.

    `sections` and `variables` (the statements of each event variable, first to last) are (name, start, end) in order;
    `outcomes` are the literals of the outcome section.
    """

    name: str
    start: int
    end: int
    stop: int
    meta: tuple[Meta, ...]
    query: Query
    sections: tuple[tuple[str, int, int], ...]
    variables: tuple[tuple[str, int, int], ...]
    outcomes: tuple[Meta, ...]
    faults: tuple[Broken, ...] = ()  # in the meta section


class Broken(NamedTuple):
    """A rule that can't be read: why, and where; `name` is "" (and `meta` empty) when not even that could be."""

    message: str
    start: int
    end: int
    name: str
    meta: tuple[Meta, ...]


class Parsed(NamedTuple):
    """The rules of a text, and those that can't be read."""

    rules: tuple[RuleText, ...]
    broken: tuple[Broken, ...]


@lru_cache(maxsize=1)
def _lexer() -> Lexer:
    operand = r"(?:(?<=[\w\])])|(?<=[\w\])][ \t])|(?<=[\w\])][ \t]{2}))"  # a `/` behind one divides
    return Lexer(
        [
            ("_space", r"\s+|//[^\n]*|/\*[\s\S]*?\*/"),
            ("!a comment that is not closed", r"/\*[^\n]*"),
            ("field", r"\$[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"),
            ("string", r'"(?:[^"\\\n]++|\\[^\n])*+"|`[^`\n]*`'),
            ("!a string that is not closed", r'["`][^\n]*'),
            ("word", r"[A-Za-z_]\w*(?:\.\w+)*"),
            ("number", r"\d+(?:\.\d+)?\w*"),
            ("count", r"#[A-Za-z_]\w*"),
            ("list", r"%[A-Za-z_][\w.]*"),
            ("!unknown operator (YARA-L has = != < <= > >= in, and or not)", r"==|=~|~=|!~|<>|&&|\|\|"),
            ("sign", rf"!=|<=|>=|[=!<>(){{}}\[\],:+*.%-]|{operand}/"),
            ("regex", r"/(?:[^/\\\n]++|\\[^\n])++/"),
            ("!a regular expression that is not closed", r"/[^\n]*"),
        ]
    )


def parse(text: str) -> Parsed:
    """All rules of a text. Never raises; offsets count in `text`."""
    rules: list[RuleText] = []
    broken: list[Broken] = []
    for tokens, error in _split(text):
        if len(broken) >= MAX_BROKEN:
            at = tokens[0].start if tokens else error.start if error else 0
            broken.append(Broken(f"more than {MAX_BROKEN} faults; the rest is not read", at, at + 1, "", ()))
            break
        named = [token.kind for token in tokens[:3]] == ["word", "word", "sign"] and tokens[0].text.lower() == "rule"
        stop = _closing(tokens) if named else -1
        try:
            if named:
                if stop < 0:
                    raise error or QueryError(f"rule {tokens[1].text} has no closing brace", tokens[1].start, tokens[1].end)
                rules.append(_rule(tokens[: stop + 1]))
        except QueryError as fault:
            broken.append(Broken(fault.message, fault.start, fault.end, tokens[1].text, _meta_of(tokens)))
            continue
        stray = next((token for token in tokens[stop + 1 :] if token.text.lower() not in ("private", "global")), None)
        if stray is not None:
            broken.append(Broken(f"expected a rule, found {stray.text[:40]!r}", stray.start, stray.end, "", ()))
        elif error is not None:
            broken.append(Broken(error.message, error.start, error.end, "", ()))
    return Parsed(tuple(rules), tuple(broken))


def _closing(tokens: list[Token]) -> int:
    """The index of a rule's closing brace; -1 when it has none. No braces but those of stages stand inside a rule."""
    inside = False
    for at, token in enumerate(tokens):
        if token.kind == "sign" and token.text == "}":
            if not inside:
                return at
            inside = False
        elif token.kind == "word" and not inside and _is_stage(tokens, at):
            inside = True
    return -1


def _split(text: str) -> Iterator[tuple[list[Token], QueryError | None]]:
    """The tokens of each rule (those before the first, if any, come alone), and what ended them early."""
    at = 0
    while True:
        error = None
        tokens: list[Token] = []
        try:
            _lexer().tokens(text, at, out=tokens, limit=MAX_RULE_TOKENS).pop()
        except QueryError as fault:
            error = fault
        starts = [
            index
            for index, token in enumerate(tokens[:-2])
            if token.text.lower() == "rule" and tokens[index + 1].kind == "word" and tokens[index + 2].text == "{"
        ]
        full = error is not None and len(tokens) == MAX_RULE_TOKENS
        if full and starts and starts[-1] > 0:  # whole rules, and the beginning of one that is read in the next round
            at = tokens[starts[-1]].start
            del tokens[starts.pop() :]
            error = None
        elif full:
            name = tokens[1]
            error = QueryError(f"a rule of more than {MAX_RULE_TOKENS:,} tokens", name.start, name.end)
        for first, last in zip([0, *starts], [*starts, len(tokens)], strict=True):
            if first < last:
                yield tokens[first:last], error if last == len(tokens) else None
        if not tokens and error is not None:
            yield [], error
        if error is not None:
            head = re.compile(_HEAD).search(text, max(error.start, tokens[-1].end if tokens else 0) + 1)
            if head is None:
                return
            at = head.start()
        elif not full:
            return


def _rule(tokens: list[Token]) -> RuleText:
    """One rule of its tokens: `rule NAME {` … `}`."""
    name = tokens[1]
    stages, before, behind = _stages(tokens[3:-1])
    sections = {**_sections(before), **_sections(behind, headless=True)} if stages else _sections(behind)
    for needed in () if stages else ("events", "condition"):
        if not sections.get(needed):
            raise QueryError(f"rule {name.text} has no {needed}", name.start, name.end)
    made: list[str] = []
    parts: list[Part] = []
    lists: list[OrgList] = []
    for stage, inside in [*stages, ("", [])]:
        found, variables = query(_sections(inside, headless=True) if stage else sections, frozenset(made))
        parts.extend(found.parts)
        lists.extend(found.lists)
        made.append(f"${stage}")
    spans = tuple((key, part[0].start, part[-1].end) for key, part in sections.items() if part)
    meta, faults = _pairs(sections.get("meta", []))
    return RuleText(
        name.text, name.start, name.end, tokens[-1].end, meta, Query(tuple(parts), tuple(lists)), spans, variables,
        _outcomes(sections.get("outcome", [])), faults,
    )  # fmt: skip


def _stages(tokens: list[Token]) -> tuple[list[tuple[str, list[Token]]], list[Token], list[Token]]:
    """The name and the tokens of each `stage NAME { … }`, the tokens before the last one, and those behind it."""
    stages: list[tuple[str, list[Token]]] = []
    before: list[Token] = []
    rest: list[Token] = []
    at = 0
    while at < len(tokens):
        if not _is_stage(tokens, at):
            rest.append(tokens[at])
            at += 1
            continue
        stop = next((end for end in range(at, len(tokens)) if tokens[end].text == "}" and tokens[end].kind == "sign"), -1)
        if stop < 0:
            raise QueryError(f"stage {tokens[at + 1].text} has no closing brace", tokens[at].start, tokens[at + 1].end)
        stages.append((tokens[at + 1].text, tokens[at + 3 : stop]))
        before, rest = [*before, *rest], []
        at = stop + 1
    return stages, before, rest


def _is_stage(tokens: list[Token], at: int) -> bool:
    return (
        tokens[at].text == "stage"
        and at + 2 < len(tokens)
        and tokens[at + 1].kind == "word"
        and (tokens[at + 2].kind, tokens[at + 2].text) == ("sign", "{")
    )


def _sections(tokens: list[Token], *, headless: bool = False) -> dict[str, list[Token]]:
    """The tokens of each section by its name; `headless`: the events may stand without `events:` before the others."""
    heads: list[int] = []
    depth = 0
    for at, token in enumerate(tokens[:-1]):
        if token.kind == "sign":
            depth += (token.text in "([") - (token.text in ")]")
        elif token.kind == "word" and tokens[at + 1].text == ":" and (depth < 1 or token.text.lower() in _SECTIONS):
            heads.append(at)  # within brackets a word and a colon name an argument
    lead = tokens[: heads[0] if heads else len(tokens)]
    if lead and not headless:
        raise QueryError(f"expected a section, found {tokens[0].text[:40]!r}", tokens[0].start, tokens[0].end)
    out: dict[str, list[Token]] = {}
    for first, last in zip(heads, [*heads[1:], len(tokens)], strict=False):
        key = tokens[first].text.lower()
        if key in out:
            raise QueryError(f"a second section {key}", tokens[first].start, tokens[first].end)
        out[key] = tokens[first + 2 : last]
    if lead:
        out = {"events": [*lead, *out.pop("events", [])], **out}
    return out


def _pairs(tokens: list[Token]) -> tuple[tuple[Meta, ...], tuple[Broken, ...]]:
    """`key = value` lines, and where something else stands; what follows up to the next key is passed over."""
    out: list[Meta] = []
    faults: list[Broken] = []
    at = 0
    while at < len(tokens):
        signed = at + 2 < len(tokens) and tokens[at + 2].text == "-"
        size = 3 + signed
        named = _is_key(tokens, at) and at + size <= len(tokens) and not _is_key(tokens, at + size - 1)
        key, value = tokens[at], tokens[min(at + size, len(tokens)) - 1]
        if named and value.kind in ("string", "number", "word"):
            out.append(Meta(key.text, literal(value), value.start, value.end))
            at += size
            continue
        if len(faults) < MAX_BROKEN:
            faults.append(Broken(f"expected key = value, found {key.text[:40]!r}", key.start, key.end, key.text, ()))
        at += 1
        while at < len(tokens) and not _is_key(tokens, at):
            at += 1
    return tuple(out), tuple(faults)


def _is_key(tokens: list[Token], at: int) -> bool:
    """Whether `key =` stands there."""
    return at + 1 < len(tokens) and tokens[at].kind == "word" and tokens[at + 1].text == "="


def _meta_of(tokens: list[Token]) -> tuple[Meta, ...]:
    """What can be read of the meta section of a broken rule."""
    out: list[Meta] = []
    for key, equals, value in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if key.text in ("events", "match", "outcome", "condition") and equals.text == ":":
            break
        if key.kind == "word" and equals.text == "=" and value.kind == "string":
            out.append(Meta(key.text, literal(value), value.start, value.end))
    return tuple(out)


def _outcomes(tokens: list[Token]) -> tuple[Meta, ...]:
    """`$name = "literal"` of the outcome section."""
    return tuple(
        Meta(name.text[1:], literal(value), value.start, value.end)
        for name, equals, value in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if name.kind == "field" and equals.text == "=" and value.kind == "string"
    )
