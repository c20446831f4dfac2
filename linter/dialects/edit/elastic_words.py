"""A comparison as Elastic's query languages spell it. Each function takes (field, op, value), op one of `rule.OPS`."""

from __future__ import annotations

import re
from collections.abc import Callable

from linter.dialects.edit.base import Refused
from linter.rule import pattern_pieces

_ORDER = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d+)?")
_KUERY_SPECIAL = frozenset('\\():<>"*{}')
_LUCENE_SPECIAL = frozenset('+-=&|><!(){}[]^"~*?:\\/')
_WORD = re.compile(r"[\w.-]+")


def eql(field: str, op: str, value: str) -> str:
    """EQL: `process.executable : "C:\\\\\\\\x\\\\\\\\*"`."""
    if op in _ORDER:
        return f"{field} {_ORDER[op]} {_number(value)}"
    match op:
        case "null":
            return f"{field} == null"
        case "re":
            return f"{field} regex~ {_quoted(value)}"
        case "cidr":
            return f"cidrMatch({field}, {_quoted(value)})"
        case "eq" if _wild(value):
            return f"{field} == {_quoted(value)}"
        case "eq" if value in ("true", "false") or (_NUMBER.fullmatch(value) and not value.startswith("0")):
            return f"{field} == {value}"
        case "eq" | "contains" | "startswith" | "endswith" | "like":
            return f"{field} : {_quoted(_pattern(op, value))}"
    raise Refused(f"EQL has no way to write `{field}` {op}")


def kuery(field: str, op: str, value: str) -> str:
    """Kibana's query language: quoted where nothing is a wildcard, else with each special character escaped."""
    if op in _ORDER:
        return f"{field} {_ORDER[op]} {_number(value)}"
    if op in ("eq", "cidr"):
        return f"{field}:{value if _WORD.fullmatch(value) and value not in ('and', 'or', 'not') else _quoted(value)}"
    if op not in ("contains", "startswith", "endswith", "like") or re.search(
        r"\s(?:and|or|not)\s", f" {value} ", re.IGNORECASE
    ):
        raise Refused(f"Kibana's query language has no way to write `{field}` {op}")
    if (True, "?") in _signs(op, value):
        raise Refused("Kibana's query language has no sign for any one character")
    return f"{field}:{_starred(op, value, _KUERY_SPECIAL)}"


def lucene(field: str, op: str, value: str) -> str:
    """Lucene's query string."""
    if op in _ORDER:
        return f"{field}:{_ORDER[op]}{_number(value)}"
    if op in ("eq", "cidr"):
        return f"{field}:{value if _WORD.fullmatch(value) and not value.startswith('-') else _quoted(value)}"
    if op not in ("contains", "startswith", "endswith", "like"):
        raise Refused(f"Lucene has no way to write `{field}` {op}")
    return f"{field}:{_starred(op, value, _LUCENE_SPECIAL)}"


def esql(field: str, op: str, value: str) -> str:
    """ES|QL."""
    if op in _ORDER:
        return f"{field} {_ORDER[op]} {_number(value)}"
    match op:
        case "null":
            return f"{field} is null"
        case "eq" if value in ("true", "false"):
            return f"{field} == {value}"
        case "eq":
            return f"{field} == {_quoted(value)}"
        case "startswith" | "endswith":
            return f"{op.replace('swith', 's_with')}({field}, {_quoted(value)})"
        case "cidr":
            return f"cidr_match({field}, {_quoted(value)})"
        case "re":
            return f"{field} rlike {_quoted(value)}"
        case "contains" | "like":
            inner = "".join(char if wild or char not in "*?\\" else "\\" + char for wild, char in _signs(op, value))
            return f"{field} like {_quoted(inner if op == 'like' else f'*{inner}*')}"
    raise Refused(f"ES|QL has no way to write `{field}` {op}")


Words = Callable[[str, str, str], str]


def _quoted(value: str) -> str:
    """A text in double quotes, backslashes and quotes escaped."""
    if any(not char.isprintable() for char in value):
        raise Refused("the value holds characters that can't be typed")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise Refused(f"`{value[:40]}` is no number to compare with")
    return value


def _signs(op: str, value: str) -> list[tuple[bool, str]]:
    """The signs of a value, each with whether it is a wildcard."""
    return pattern_pieces(value) if op == "like" else [(False, char) for char in value]


def _wild(value: str) -> bool:
    return "*" in value or "?" in value


def _pattern(op: str, value: str) -> str:
    """The value with the wildcards that an operator means. Refused when it holds some that are meant literally."""
    signs = _signs(op, value)
    if any(not wild and char in "*?" for wild, char in signs):
        raise Refused("the value holds a literal wildcard")
    value = "".join(char for _, char in signs)
    return ("*" if op in ("contains", "endswith") else "") + value + ("*" if op in ("contains", "startswith") else "")


def _starred(op: str, value: str, special: frozenset[str]) -> str:
    """A value without quotes: special characters escaped, wildcards where the operator means them."""
    if any(not char.isprintable() for char in value) or not value.strip():
        raise Refused("the value holds characters that can't be typed")
    body = "".join(char if wild or char not in special else "\\" + char for wild, char in _signs(op, value))
    if " " in body and special is _LUCENE_SPECIAL:
        body = body.replace(" ", "\\ ")
    return ("*" if op in ("contains", "endswith") else "") + body + ("*" if op in ("contains", "startswith") else "")
