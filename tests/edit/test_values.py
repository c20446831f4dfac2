"""Any value is written so that it is read back as itself, in every language and container, or it is refused."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linter.dialects.edit.base import Refused
from linter.dialects.edit.proof import Unproven
from linter.finding import AddExclusion
from tests.edit.tools import edited
from tests.rules import EVERY, KUSTO, SPLUNK, sigma

TOML = '[rule]\nname = "x"\nrule_id = "r"\nseverity = "low"\nlanguage = "{}"\ntype = "{}"\nquery = {}\n'
EXPORT = {"rule_id": "r", "name": "x", "type": "query", "language": "kuery", "severity": "low", "query": "a.b:c"}
PLACES = {
    "sigma single": (sigma(), "sigma", "a.yml", "ParentImage"),
    "sigma double": (sigma().replace("\\", "").replace("'", '"'), "sigma", "a.yml", "ParentImage"),
    "sigma json": (
        json.dumps({"title": "x", "logsource": {"product": "windows"}, "detection": {"a": {"User": "b"}, "condition": "a"}}),
        "sigma", "a.json", "ParentImage",
    ),
    "eql literal": (TOML.format("eql", "eql", "'''process where a.b == 1'''"), "elastic", "a.toml", "process.name"),
    "eql basic": (TOML.format("eql", "eql", '"""\nprocess where a.b == 1\n"""'), "elastic", "a.toml", "process.name"),
    "eql line": (TOML.format("eql", "eql", '"process where a.b == 1"'), "elastic", "a.toml", "process.name"),
    "kuery": (TOML.format("kuery", "query", "'''\na.b:1\n'''"), "elastic", "a.toml", "process.name"),
    "kuery export": (json.dumps(EXPORT), "elastic", "a.ndjson", "process.name"),
    "lucene": (TOML.format("lucene", "query", "'''\na.b:1\n'''"), "elastic", "a.toml", "process.name"),
    "esql": (TOML.format("esql", "esql", "'''\nfrom x\n| where a.b == 1\n'''"), "elastic", "a.toml", "process.name"),
    "splunk single": (SPLUNK, "splunk", "a.yml", "Processes.user"),
    "splunk block": ("name: x\nid: r\ntype: TTP\nsearch: |\n  index=a x=1\n  | stats count\n", "splunk", "a.yml", "user"),
    "splunk double": ('name: x\nid: r\ntype: TTP\nsearch: "index=a x=1 | stats count"\n', "splunk", "a.yml", "user"),
    "splunk plain": ("name: x\nid: r\ntype: TTP\nsearch: index=a x=1 | stats count\n", "splunk", "a.yml", "user"),
    "kusto block": (KUSTO, "kusto", "a.yaml", "AccountName"),
    "kusto bare": ("T\n| where X == 1\n", "kusto", "a.kql", "AccountName"),
    "yaral": (EVERY["rule.yaral"], "yaral", "a.yaral", "principal.hostname"),
}  # fmt: skip
NASTY = (
    "'",
    '"',
    "\\",
    "\\\\",
    "*",
    "?",
    ":",
    " #",
    ": ",
    "`",
    "'''",
    '"""',
    "$",
    "%",
    "{",
    "}",
    "[",
    ",",
    "|",
    " and ",
    "é",
    "𝄞",
    "/",
)
values = st.lists(st.sampled_from(NASTY) | st.text("abcXYZ01 .-_", min_size=1, max_size=4), min_size=1, max_size=6).map("".join)
made: Counter[str] = Counter()
tried: Counter[str] = Counter()


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=60, deadline=None)
@given(value=values, op=st.sampled_from(("eq", "contains", "startswith", "endswith")))
def test_values_come_back_or_are_refused(place: str, value: str, op: str) -> None:
    text, dialect, path, field = PLACES[place]
    tried[place] += 1
    try:
        edited(text, AddExclusion(field, op, value), dialect, path)
    except (Refused, Unproven):
        return
    made[place] += 1


def test_most_values_can_be_written() -> None:
    few = {place: (made[place], tried[place]) for place in tried if made[place] < 0.4 * tried[place]}
    assert not few, few


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "value",
    [
        "C:\\Program Files (x86)\\Acme\\a.exe",
        "/usr/bin/dpkg",
        "it's",
        "svc-backup$",
        "10.0.0.1",
        "a b",
        "x#y",
        "NT AUTHORITY\\SYSTEM",
    ],
)
def test_ordinary_values_can_be_written(place: str, value: str) -> None:
    text, dialect, path, field = PLACES[place]
    edited(text, AddExclusion(field, "eq", value), dialect, path)
    edited(text, AddExclusion(field, "startswith", value), dialect, path)
