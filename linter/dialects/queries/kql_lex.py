"""Tokens and literals of the Kusto Query Language, as Microsoft documents them ("String data type", "Literals", "Comments")."""

from __future__ import annotations

import re

from linter.dialects.queries.core import Lexer

_UNITS = (
    "d|days?|h|hrs?|hours?|m|min|minutes?|s|sec|seconds?|ms|millis?|milliseconds?|micros?|microseconds?"
    "|nanos?|nanoseconds?|ticks?"
)
NEGATIVE = (
    "in~|in|has_any|has_all|has_cs|has|hasprefix_cs|hasprefix|hassuffix_cs|hassuffix|contains_cs|containscs|contains|startswith_cs"
    "|startswith|endswith_cs|endswith|between|like"
)
# The order matters: a string's prefix before a name, a typed literal before a call, a number before a name.
LEXER = Lexer(
    [
        ("_space", r"(?:[\s\u200b\ufeff]+|//[^\n\r]*){1,200}"),  # bounded: each round costs memory
        ("typed", r"(?:datetime|date|timespan|time|guid|uuid|uniqueid)\s*\([^()\"'\n]*\)"),
        (
            "string",
            r"[hH]?(?:\"[^\"\\\r\n]*(?:\\[^\r\n][^\"\\\r\n]*)*\"|'[^'\\\r\n]*(?:\\[^\r\n][^'\\\r\n]*)*'"
            r"|@\"[^\"\r\n]*(?:\"\"[^\"\r\n]*)*\"|@'[^'\r\n]*(?:''[^'\r\n]*)*'|```[\s\S]*?```|~~~[\s\S]*?~~~)",
        ),
        ("!a string that does not end", r"[hH]?(?:@?[\"']|```|~~~)[^\n]*"),
        ("number", rf"(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:{_UNITS})?)(?![\w])"),
        (
            "sign",
            rf"in~|!(?:{NEGATIVE})(?!\w)|==|=~|!=|!~|<=|>=|<>|<\||=>|\.\.|[-+*/%<>=|,;:.()\[\]{{}}?]",
        ),
        ("name", r"\$?\w+"),
    ]
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def _one(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else found[0]
    if found[4]:
        return chr(int(found[4], 8))
    return _SIMPLE.get(found[5], found[5])


def unquoted(text: str) -> str:
    """The value of a string literal as written: plain, verbatim (`@`), multi-line or obfuscated (`h`)."""
    if text[0] in "hH":
        text = text[1:]
    if text[0] == "@":
        quote = text[1]
        return text[2:-1].replace(quote * 2, quote)
    if text[:3] in ("```", "~~~"):
        return text[3:-3]
    body = text[1:-1]
    return _ESCAPE.sub(_one, body) if "\\" in body else body
