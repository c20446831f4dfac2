"""ES|QL's tokens, strings and columns, for `esql_expr` and `esql`."""

from __future__ import annotations

from linter.dialects.queries import core
from linter.dialects.queries.operand import Value

_QUOTED = r"(?!``(?!`))`[^`]*(?:``[^`]*){0,1000}`(?!`)"  # a name; two of its signs inside stand for one
_PAIRS = (
    ("_space", r"\s+"),
    ("_comment", r"//[^\n]*|/\*[\s\S]*?\*/"),
    ("!unterminated comment", r"/\*[\s\S]*"),
    ("string", r'"""[\s\S]*?"""(?:"{1,2}(?!"))?'),
    ("!unterminated string", r'"""[\s\S]*'),
    ("string", r'"[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+"'),
    ("!unterminated string", r'"[^\r\n]*'),
    ("name", rf"(?:[^\W\d][\w@]*|@\w+|{_QUOTED})(?:\.(?:[\w@]+|{_QUOTED}))*"),
    ("!unterminated name", r"`[\s\S]*"),
    ("number", r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?"),
    ("op", r"::|==|=~|!=|<=|>=|[-<>=:+*/%()\[\],|.?{};]"),
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}

_lexer: core.Lexer | None = None


def lex(text: str) -> list[core.Token]:
    """The tokens of a query; QueryError where there is none."""
    global _lexer
    if _lexer is None:
        _lexer = core.Lexer(_PAIRS)
    return _lexer.tokens(text, limit=core.MOST_TOKENS)


def unquote(raw: str) -> str:
    """The value of a string as written; a backslash before an unknown letter stays."""
    if raw.startswith('"""') or "\\" not in raw:
        return raw[3:-3] if raw.startswith('"""') else raw[1:-1]
    return "".join(char for char, _ in characters(raw))


def characters(raw: str) -> list[tuple[str, int]]:
    """The characters of a string with their offsets in `raw`."""
    if raw.startswith('"""'):
        return [(char, index) for index, char in enumerate(raw[3:-3], 3)]
    out: list[tuple[str, int]] = []
    at, stop = 1, len(raw) - 1
    while at < stop:
        char, start = raw[at], at
        if char == "\\" and at + 1 < stop:
            follows = raw[at + 1]
            if follows in '\\"' or follows in _ESCAPES:
                char = _ESCAPES.get(follows, follows)
                at += 1
        out.append((char, start))
        at += 1
    return out


class Columns:
    """The columns that the pipeline has defined so far: what each stands for. Any other name is a raw field."""

    def __init__(self, named: dict[str, Value] | None = None, prefixes: tuple[str, ...] = ()) -> None:
        self.named = {} if named is None else named
        self.prefixes = prefixes  # of computed columns whose names are not all known

    def define(self, name: str, value: Value) -> None:
        """A column of that name is a raw field, if that is what the value reads, else computed."""
        if value.kind == "field" and value.text == name and value.cased:
            self.named.pop(name, None)
        else:
            self.named[name] = value if value.kind == "field" else Value("computed", name, value.start, value.end)

    def compute(self, name: str) -> None:
        """A column of that name is computed."""
        self.named[name] = Value("computed", name, 0, 0)
