"""YARA-L: one more `not …` line behind the statements of an event variable."""

from __future__ import annotations

import re
from collections.abc import Sequence

from linter.dialects.edit.base import Refused, line_end, parts
from linter.finding import AddExclusion, AddTag, AnchorExclusion, Edit, Fix, Intent
from linter.rule import Rule
from linter.source import Source

_ORDER = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_TAIL = re.compile(r"[ \t]*(?://[^\r\n]*)?(?=[\r\n]|\Z)")


def fix(source: Source, rule: Rule, intent: Intent) -> Fix:
    """The edits of an intent. Refused where it can't be carried out."""
    if isinstance(intent, AddExclusion):
        return add_exclusion(source, rule, intent)
    if isinstance(intent, AddTag):
        return Fix("display", f"add {intent.technique} to the rule's meta section", ())
    if isinstance(intent, AnchorExclusion):
        return Fix("display", f"write {condition('…', intent.op, intent.value)} there", ())
    raise Refused("YARA-L knows no such fix")


def text(intent: AddExclusion) -> str:
    """The exclusion as a line of the events section."""
    try:
        return f"`{_line('$e', intent)}`"
    except Refused:
        return ""


def _line(variable: str, intent: AddExclusion) -> str:
    found = [condition(f"{variable}.{field}", op, value) for field, op, value in parts(intent)]
    return f"not {found[0]}" if len(found) == 1 else f"not ({' and '.join(found)})"


def condition(field: str, op: str, value: str) -> str:
    """A comparison in YARA-L, its case ignored. Refused when the language has no way to write it."""
    if op in _ORDER and _NUMBER.fullmatch(value):
        return f"{field} {_ORDER[op]} {value}"
    match op:
        case "null":
            return f'{field} = ""'
        case "eq" if _NUMBER.fullmatch(value) and field.endswith(("port", "bytes", "code")):
            return f"{field} = {value}"
        case "eq":
            return f"{field} = {_quoted(value)} nocase"
        case "cidr":
            return f"net.ip_in_range_cidr({field}, {_quoted(value)})"
        case "re":
            return f"re.regex({field}, {_raw(value)}) nocase"
        case "contains" | "startswith" | "endswith":
            pattern = re.sub(r"([\\.^$*+?()\[\]{}|/])", r"\\\1", value)
            start, end = ("^" if op == "startswith" else ""), ("$" if op == "endswith" else "")
            return f"re.regex({field}, {_raw(start + pattern + end)}) nocase"
    raise Refused(f"YARA-L has no way to write `{field}` {op}")


def _quoted(value: str) -> str:
    if any(not char.isprintable() for char in value):
        raise Refused("the value holds characters that can't be typed")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _raw(pattern: str) -> str:
    if "`" in pattern or any(not char.isprintable() for char in pattern):
        raise Refused("the value holds characters that can't be typed")
    return f"`{pattern}`"


def add_exclusion(source: Source, rule: Rule, intent: AddExclusion) -> Fix:
    """The line, where one event variable is meant. Refused when it could be several."""
    variable, start, end = _variable(source, rule, [part[0] for part in parts(intent)])
    line = _line(variable, intent)
    text = source.text
    tail = _TAIL.match(text, end)
    begin, _ = source.line_span(end - 1)
    first, _ = source.line_span(start)
    blanks = text[first:start] if not text[first:start].strip() else "    "
    if tail is None:  # something else follows on the line
        edit = Edit(end, end, f"{line_end(source, begin)}{blanks}{line}")
    else:
        edit = Edit(tail.end(), tail.end(), f"{line_end(source, begin)}{blanks}{line}")
    return Fix("unsafe", f"exclude `{line}`", (edit,))


def _variable(source: Source, rule: Rule, fields: Sequence[str]) -> tuple[str, int, int]:
    """(name, start, end) of the event variable that the fields belong to, and of its statements."""
    found = [(name[7:], start, end) for name, start, end in rule.anchors if name.startswith("events:$")]
    if len(found) > 1:
        found = [one for one in found if re.search(re.escape(f"{one[0]}.{fields[0]}") + r"\b", _events(source, rule))]
    if len(found) != 1:
        raise Refused("the rule reads several events: which one is meant is not known" if found else "no event is named")
    return found[0]


def _events(source: Source, rule: Rule) -> str:
    start, end = rule.anchor("events")
    return source.text[start:end]
