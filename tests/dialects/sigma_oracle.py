"""pySigma's reading of a rule and ours, in one form that can be compared."""

import re
from base64 import b64encode
from typing import Any

from linter.rule import And, Node, Not, Or, Predicate, pattern_text

Shape = tuple[Any, ...]
DASHES = re.compile("[-/\u2013\u2014\u2015]")


def flat(kind: str, items: list[Shape]) -> Shape:
    """A connective with nested ones of its kind drawn in, alone operands unwrapped."""
    out: list[Shape] = []
    for item in items:
        out.extend(item[1]) if item[0] == kind else out.append(item)
    return out[0] if len(out) == 1 else (kind, tuple(out))


def ours(node: Node) -> Shape:
    """The shape of one of our trees: and, or, not, (leaf, field, op, value, cased)."""
    if isinstance(node, And | Or):
        return flat("and" if isinstance(node, And) else "or", [ours(item) for item in node.items])
    if isinstance(node, Not):
        return ("not", ours(node.item))
    assert isinstance(node, Predicate)
    mods = node.native.split("|")
    value = node.value
    if "windash" in mods:
        value = DASHES.sub("-", value)
    if "base64" in mods or "base64offset" in mods:
        value = encodings(value, mods)
    op = node.op
    if "fieldref" in mods:
        op = "fieldref"
    elif any(unit in mods for unit in ("minute", "hour", "day", "week", "month", "year")):
        op = "part"
    return ("leaf", node.field, op, value)


def theirs(node: Any) -> Shape:
    """The shape of one of pySigma's condition trees."""
    from sigma import conditions as c

    if isinstance(node, c.ConditionAND | c.ConditionOR):
        return flat("and" if isinstance(node, c.ConditionAND) else "or", [theirs(item) for item in node.args])
    if isinstance(node, c.ConditionNOT):
        return ("not", theirs(node.args[0]))
    field = getattr(node, "field", None) or ""
    op, value = literal(node.value, field)
    return ("leaf", field, op, value)


def literal(value: Any, field: str) -> tuple[str, str]:
    """(op, value) of a pySigma value, in our words."""
    from sigma import types as t

    if isinstance(value, t.SigmaExpansion):
        made = [literal(item, field) for item in value.values]
        ops, texts = {op for op, _ in made}, {text for _, text in made}
        assert len(ops) == 1
        if len(dashed := {DASHES.sub("-", text) for text in texts}) == 1:  # windash
            return ops.pop(), dashed.pop()
        return ops.pop(), " ".join(sorted(texts))
    if isinstance(value, t.SigmaString):
        return string(value, field)
    if isinstance(value, t.SigmaTimestampPart):
        return "part", str(value.number)
    if isinstance(value, t.SigmaNumber):
        return "eq" if field else "keyword", str(value.number)
    if isinstance(value, t.SigmaBool):
        return "eq" if field else "keyword", str(value.boolean).lower()
    if isinstance(value, t.SigmaNull):
        return "null", ""
    if isinstance(value, t.SigmaExists):
        return "exists" if value.exists else "null", ""
    if isinstance(value, t.SigmaRegularExpression):
        return "re", value.regexp.original
    if isinstance(value, t.SigmaCIDRExpression):
        return "cidr", value.cidr
    if isinstance(value, t.SigmaCompareExpression):
        return value.op.name.lower(), str(value.number.number)
    if isinstance(value, t.SigmaFieldReference):
        return "fieldref", value.field
    raise AssertionError(type(value))


def encodings(text: str, mods: list[str]) -> str:
    """What `base64` or `base64offset` make of a text, computed as the specification says."""
    data = text.encode("utf-16le" if "wide" in mods else "utf-8")
    if "base64offset" not in mods:
        return b64encode(data).decode()
    made = [b64encode(b" " * i + data)[(0, 2, 3)[i] : (None, -3, -2)[(len(data) + i) % 3]].decode() for i in range(3)]
    return " ".join(sorted(made))


def string(value: Any, field: str) -> tuple[str, str]:
    """(op, value) of a SigmaString, by its parts."""
    from sigma.types import Placeholder, SpecialChars

    parts: list[tuple[str, str]] = []
    for part in value.s:
        if isinstance(part, str):
            parts.append(("text", part))
        elif isinstance(part, Placeholder):
            parts.append(("text", f"%{part.name}%"))
        else:
            sign = "*" if part == SpecialChars.WILDCARD_MULTI else "?"
            if not (sign == "*" and parts and parts[-1] == ("wild", "*")):
                parts.append(("wild", sign))
    merged: list[tuple[str, str]] = []
    for kind, text in parts:
        if merged and kind == "text" == merged[-1][0]:
            merged[-1] = (kind, merged[-1][1] + text)
        else:
            merged.append((kind, text))
    kinds = [text if kind == "wild" else kind for kind, text in merged]
    texts = [text for kind, text in merged if kind == "text"]
    holder = any(isinstance(part, Placeholder) for part in value.s)
    if not field:
        op = "keyword"
    elif holder and len(texts) == 1 and re.fullmatch("%[^%]+%", texts[0]):
        return "eq", texts[0]
    elif kinds == ["*"]:
        return "exists", ""
    else:
        names = {"text": "eq", "*text": "endswith", "text*": "startswith", "*text*": "contains", "": "eq"}
        op = names.get("".join(kinds), "like")
    if len(texts) == len(merged) or op in ("endswith", "startswith", "contains"):
        return op, "".join(texts)
    if op == "keyword" and "".join(kinds) in ("*text", "text*", "*text*", "*"):
        return op, "".join(texts)
    return op, pattern_text((kind == "wild", text) for kind, text in merged)
