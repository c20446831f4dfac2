"""SPL as text: macros expanded, commands told apart, tokens of one command; every offset can be followed back to the query."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import NamedTuple

from linter.dialects.queries.core import Lexer, QueryError, Token

MAX_CHARS = 400_000  # the longest public search has 4,903
MAX_MACRO_DEPTH = 20
MAX_COMMANDS = 500

_STRING = r'"(?:[^"\\]|\\.)*"'
_COMMENT = r"```.*?```"
_MACRO = r'`(?!`)[^`"]*(?:"(?:[^"\\]|\\.)*"[^`"]*)*`'
_SCAN = re.compile(rf'{_STRING}|{_COMMENT}|{_MACRO}|\\["\\|\[\]]|[\[\]|"`]', re.DOTALL)
_SCAN_EVAL = re.compile(rf"{_STRING}|{_COMMENT}|{_MACRO}|'[^'\n]*'|[\[\]|\"`]", re.DOTALL)
_CALLS = re.compile(rf"{_STRING}|{_COMMENT}|({_MACRO})", re.DOTALL)
_HEAD = re.compile(r"\s*(?:```.*?```\s*)*([A-Za-z_]\w*)?", re.DOTALL)
_ARGUMENT = re.compile(r'\s*((?:"(?:[^"\\]|\\.)*"|[^",])*)(,|$)', re.DOTALL)
_PLAIN_BRACKETS = ("rex", "regex", "erex")  # a pattern may stand there without quotes
_EVALS = ("eval", "where", "fieldformat")

_COMMON = [
    ("_space", r"\s+"),
    ("_comment", _COMMENT),
    ("!unterminated comment", "```.*"),
    ("macro", _MACRO),
    ("string", _STRING),
]
_BROKEN = [("!unterminated string", '".*'), ("!unterminated macro", "`.*")]
_SEARCH = [*_COMMON, ("op", r"!=|<=|>=|==|=|<|>"), ("open", r"\("), ("close", r"\)"), ("comma", ","),
           ("word", r'(?:[^\s"`()\[\]|=<>!,\\]|\\["\\|\[\]]|\\|!(?!=))+'), *_BROKEN, ("word", r"[\[\]|]")]  # fmt: skip
_EVAL = [*_COMMON, ("field", r"'[^']*'"), ("number", r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w])|\.\d+"),
         ("op", r"!=|<=|>=|==|=|<(?!<)|>"), ("word", r"(?:\$[^\s$]+\$|<<\w+>>|[^\W\d]|\d|\{)(?:[\w@{}]|\.(?=\w)|:(?=\w))*"),
         ("open", r"\("), ("close", r"\)"), ("comma", ","), ("sign", r"[-+*/%.]"), ("bang", "!"),
         *_BROKEN]  # fmt: skip
_lexers: dict[str, Lexer] = {}


class MacroDefinition(NamedTuple):
    """A macro: its definition's text and the names of its arguments (`$name$` in the text)."""

    name: str
    definition: str
    arguments: tuple[str, ...] = ()


class Spans:
    """Where the offsets of a text made out of another one stand in that other one.

    `rows` are (offset here, offset there, end there): from a row on both run in step, or, where the row's end is not -1,
    all that follows up to the next row stands for the whole of [offset there, end there).
    """

    __slots__ = ("outer", "rows", "starts")

    def __init__(self, rows: list[tuple[int, int, int]], outer: Spans | None = None) -> None:
        self.rows = rows
        self.starts = [row[0] for row in rows]
        self.outer = outer

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span in the query that a span of this text came from."""
        here, there, fixed = self.rows[max(0, bisect_right(self.starts, start) - 1)]
        first = there if fixed >= 0 else there + start - here
        last = max(start, end - 1)
        here, there, fixed = self.rows[max(0, bisect_right(self.starts, last) - 1)]
        behind = fixed if fixed >= 0 else there + last - here + (1 if end > start else 0)
        return self.outer.span(first, behind) if self.outer is not None else (first, behind)


class Command(NamedTuple):
    """One command of a pipeline: its name in lower case ("" for none), where its arguments stand, its `[…]` in them."""

    name: str
    start: int
    body: int
    end: int
    subs: tuple[tuple[int, int], ...]


def call(text: str) -> tuple[str, tuple[str, ...]]:
    """Name and arguments of a macro call, back ticks included."""
    inner = text[1:-1].strip()
    name, bracket, rest = inner.partition("(")
    if not bracket:
        return inner, ()
    found: list[str] = []
    rest, at = rest.rstrip().removesuffix(")"), 0
    while match := _ARGUMENT.match(rest, at):
        value = match[1].strip()
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1].replace('\\"', '"')
        found.append(value)
        at = match.end()
        if not match[2]:
            break
    return name.strip(), tuple(found)


def expand(
    text: str, macros: Mapping[str, MacroDefinition], keep: Callable[[MacroDefinition], bool], outer: Spans | None = None
) -> tuple[str, Spans | None]:
    """The text with the calls of known macros replaced by their definitions, and where everything came from.

    `keep` says of a macro that its calls stay as they are. QueryError for a macro that calls itself or grows without bound.
    """
    if "`" not in text:
        return text, outer
    out: list[str] = []
    rows: list[tuple[int, int, int]] = [(0, 0, -1)]
    size = at = 0
    for match in _CALLS.finditer(text):
        if match.lastindex is None:
            continue
        name, arguments = call(match[1])
        definition = macros.get(name)
        if definition is None or keep(definition):
            continue
        body = _expansion(definition, arguments, macros, keep, (name,), match.span())
        out += text[at : match.start()], " ", body, " "
        size += match.start() - at
        rows.append((size, *match.span()))
        size += len(body) + 2
        rows.append((size, match.end(), -1))
        at = match.end()
        if size > MAX_CHARS:
            raise QueryError(f"more than {MAX_CHARS:,} characters with its macros", *match.span())
    if not out:
        return text, outer
    return "".join(out) + text[at:], Spans(rows, outer)


def _expansion(
    macro: MacroDefinition, values: tuple[str, ...], macros: Mapping[str, MacroDefinition],
    keep: Callable[[MacroDefinition], bool], above: tuple[str, ...], span: tuple[int, int],
) -> str:  # fmt: skip
    """A macro's definition with its arguments put in and its own calls expanded."""
    if len(above) > MAX_MACRO_DEPTH:
        raise QueryError(f"macros nested deeper than {MAX_MACRO_DEPTH}", *span)
    text = macro.definition
    if macro.arguments:
        given = dict(zip(macro.arguments, values, strict=False))
        for value in values:
            name, equals, rest = value.partition("=")
            if equals and name.strip() in given:
                given[name.strip()] = rest.strip().strip('"')
        text = re.sub(r"\$([\w.]+)\$", lambda match: given.get(match[1], match[0]), text)
    out: list[str] = []
    size = at = 0
    for match in _CALLS.finditer(text):
        if match.lastindex is None:
            continue
        name, arguments = call(match[1])
        inner = macros.get(name)
        if inner is None or keep(inner):
            continue
        if name in above:
            raise QueryError(f"the macro `{name}` calls itself", *span)
        body = _expansion(inner, arguments, macros, keep, (*above, name), span)
        out += text[at : match.start()], " ", body, " "
        size += match.start() - at + len(body)
        at = match.end()
        if size > MAX_CHARS:
            raise QueryError(f"more than {MAX_CHARS:,} characters with its macros", *span)
    return "".join(out) + text[at:]


def commands(text: str, start: int, end: int) -> list[Command]:
    """The commands of the pipeline in [start, end). QueryError for brackets, quotes, macros, comments left open."""
    found: list[Command] = []
    open_at: list[int] = []
    subs: list[tuple[int, int]] = []
    head = _HEAD.match(text, start, end)
    assert head is not None  # the pattern matches the empty text
    name, body, begin = (head[1] or "").lower(), head.end(), start
    plain, scan = name in _PLAIN_BRACKETS, (_SCAN_EVAL if name in _EVALS else _SCAN)
    at = start
    while True:
        match = scan.search(text, at, end)
        sign = match[0] if match else "|"
        if match and len(sign) > 1:
            at = match.end()
            continue
        if match and sign in '"`':
            what = "string" if sign == '"' else "comment" if text.startswith("```", match.start()) else "macro"
            raise QueryError(f"unterminated {what}", match.start(), end)
        if sign == "[":
            if not plain or open_at:
                open_at.append(match.start() if match else end)
        elif sign == "]":
            if open_at:
                opened = open_at.pop()
                if not open_at and match:
                    subs.append((opened, match.end()))
            elif not plain:
                raise QueryError("a ] without a [", match.start() if match else end)
        elif not open_at or not match:
            if open_at:
                raise QueryError("a [ is not closed", open_at[-1], open_at[-1] + 1)
            stop = match.start() if match else end
            found.append(Command(name, head.start(1) if head[1] else body, body, stop, tuple(subs)))
            if len(found) > MAX_COMMANDS:
                raise QueryError(f"more than {MAX_COMMANDS} commands", begin, stop)
            if not match:
                return found
            subs, begin = [], match.end()
            head = _HEAD.match(text, begin, end) or head
            name, body = (head[1] or "").lower(), head.end()
            plain, scan = name in _PLAIN_BRACKETS, (_SCAN_EVAL if name in _EVALS else _SCAN)
            at = head.start(1) if head[1] else head.end()
            continue
        at = match.end() if match else end


def tokens(kind: str, text: str, command: Command, start: int | None = None) -> list[Token]:
    """The tokens of a command's arguments (kind: "search" or "eval"); each `[…]` is one token of kind "sub"."""
    lexer = _lexers.get(kind)
    if lexer is None:
        lexer = _lexers[kind] = Lexer(_SEARCH if kind == "search" else _EVAL, re.DOTALL)
    at = command.body if start is None else start
    if not command.subs:
        return lexer.tokens(text, at, command.end)
    out: list[Token] = []
    for opened, closed in command.subs:
        if opened >= at:
            out += lexer.tokens(text, at, opened)[:-1]
            out.append(Token("sub", text[opened:closed], opened, closed))
            at = closed
    return out + lexer.tokens(text, at, command.end)


def plain(text: str) -> str:
    """The value of a quoted string or a word: quotes taken away, `\\"`, `\\\\` and (outside quotes) `\\|` unescaped."""
    quoted = text[:1] == '"'
    if quoted:
        text = text[1:-1]
    if "\\" not in text:
        return text
    return re.sub(r'\\(["\\])' if quoted else r'\\(["\\|])', r"\1", text)


def unquoted(token: Token, outer: Spans | None) -> tuple[str, Spans]:
    """The text inside a quoted string, unescaped, and where it came from."""
    inner = token.text[1:-1]
    rows, at, size = [(0, token.start + 1, -1)], 0, 0
    out: list[str] = []
    for match in re.finditer(r'\\(["\\])', inner):
        out += inner[at : match.start()], match[1]
        size += match.start() - at
        rows.append((size, token.start + 1 + match.start(), token.start + 1 + match.end()))
        size += 1
        at = match.end()
        rows.append((size, token.start + 1 + at, -1))
    return "".join(out) + inner[at:], Spans(rows, outer)
