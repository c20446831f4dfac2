"""Sigma rules: what is read of them, from where, and what is said of faulty ones."""

import pytest

from linter.dialects import sigma
from linter.rule import And, Node, Not, Or, Predicate, Reading, Rule
from linter.source import Source

RULE = """\
title: Shadow copies removed with vssadmin
id: 7c1f9a52-58f7-4b0c-8a3f-55f5f9f1a001
status: test
description: Told apart from a8b0c1d2-0001-4e5f-9a6b-0123456789ab by the tool.
references:
    - https://example.org/shadow
author: A. Author, B. Author
date: 2024/01/31
modified: 2024-02-29
tags:
    - attack.impact
    - attack.t1490
    - 'attack.T1059.003'
logsource:
    category: process_creation
    product: windows
detection:
    selection_img:
        - Image|endswith:
              - '\\vssadmin.exe'  # the tool
              - "\\\\wmic.exe"
        - OriginalFileName: VSSADMIN.EXE
    selection_cmd:
        CommandLine|contains|all:
            - delete
            - shadow*s
    filter_main_backup:
        ParentImage|startswith: 'C:\\Program Files\\'
    filter_old:
        User: null
    condition: all of selection_* and not 1 of filter_main_*
falsepositives:
    - Backup software
level: high
related:
    - id: 11111111-58f7-4b0c-8a3f-55f5f9f1a001
      type: obsoletes
"""


def source(text: str) -> Source:
    return Source("rules/x.yml", text)


def read(text: str) -> Reading:
    return sigma.read(source(text))


def rule(text: str) -> Rule:
    reading = read(text)
    assert reading.problems == ()
    (found,) = reading.rules
    return found


def detection(body: str, head: str = "") -> str:
    """A rule around a detection in flow style."""
    return f"title: T\nlogsource: {{product: windows}}\n{head}detection: {{{body}}}\n"


def terms(text: str) -> list[tuple[str, str, str]]:
    return [(leaf.field, leaf.op, leaf.value) for leaf in rule(text).predicates()]


def shape(node: Node) -> str:
    if isinstance(node, Predicate):
        return node.value
    if isinstance(node, Not):
        return f"not {shape(node.item)}"
    assert isinstance(node, And | Or)
    joined = (" and " if isinstance(node, And) else " or ").join(shape(item) for item in node.items)
    return f"{node.label}({joined})"


# a whole rule


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_whole_rule(ending: str) -> None:
    text = RULE.replace("\n", ending)
    found = rule(text)
    assert (found.title, found.id) == ("Shadow copies removed with vssadmin", "7c1f9a52-58f7-4b0c-8a3f-55f5f9f1a001")
    assert (found.status, found.level, found.author, found.date) == ("test", "high", "A. Author, B. Author", "2024-01-31")
    assert found.tags == ("attack.impact", "attack.t1490", "attack.T1059.003")
    assert (found.domain, found.platforms, found.kind) == ("endpoint", ("windows",), "rule")
    assert found.false_positives == ("Backup software",)
    assert [tuple(related) for related in found.related] == [
        ("a8b0c1d2-0001-4e5f-9a6b-0123456789ab", "mention"), ("11111111-58f7-4b0c-8a3f-55f5f9f1a001", "obsolete"),
    ]  # fmt: skip
    assert found.faults == ()
    assert [text[t.start : t.end] for t in found.techniques] == ["t1490", "T1059.003"]
    assert [(s.name, s.used, text[s.start : s.end]) for s in found.selections] == [
        ("selection_img", True, "selection_img"), ("selection_cmd", True, "selection_cmd"),
        ("filter_main_backup", True, "filter_main_backup"), ("filter_old", False, "filter_old"),
    ]  # fmt: skip
    assert [(p.field, p.op, p.value, p.native, p.negated, text[p.start : p.end]) for p in found.predicates()] == [
        ("Image", "endswith", "\\vssadmin.exe", "endswith", False, "'\\vssadmin.exe'"),
        ("Image", "endswith", "\\wmic.exe", "endswith", False, '"\\\\wmic.exe"'),
        ("OriginalFileName", "eq", "VSSADMIN.EXE", "", False, "VSSADMIN.EXE"),
        ("CommandLine", "contains", "delete", "contains|all", False, "delete"),
        ("CommandLine", "like", "*shadow*s*", "contains|all", False, "shadow*s"),
        ("ParentImage", "startswith", "C:\\Program Files\\", "startswith", True, "'C:\\Program Files\\'"),
    ]
    assert shape(found.trees[0]) == (
        "(selection_img((\\vssadmin.exe or \\wmic.exe) or VSSADMIN.EXE) and selection_cmd((delete and *shadow*s*))"
        " and not filter_main_backup(C:\\Program Files\\))"
    )


def test_anchors_are_places_to_edit() -> None:
    found = rule(RULE)

    def at(what: str) -> str:
        start, end = found.anchor(what)
        return RULE[start:end]

    assert RULE[found.start : found.end] == found.title
    assert at("title") == "title: Shadow copies removed with vssadmin"
    assert at("condition") == "all of selection_* and not 1 of filter_main_*"
    assert at("selection:filter_old") == "filter_old:\n        User: null"
    assert at("tags").startswith("tags:\n")
    assert at("tags").endswith("'attack.T1059.003'")
    assert at("detection").startswith("detection:\n")
    assert at("detection").endswith("filter_main_*")
    assert at("logsource").endswith("product: windows")
    assert at("level") == "level: high"


# values and modifiers

VALUES = [
    ("a: b", "eq", "b"), ("a: '*b'", "endswith", "b"), ("a: 'b*'", "startswith", "b"), ("a: '*b*'", "contains", "b"),
    ("a: 'b*c'", "like", "b*c"), ("a: 'b?'", "like", "b?"), ("a: '*'", "exists", ""), ("a: 'b\\*'", "eq", "b*"),
    ("a: 'b\\\\*'", "startswith", "b\\"), ("a: 'b\\\\\\*'", "eq", "b\\*"), ("a: 'b\\c'", "eq", "b\\c"),
    ("a: 'b\\\\c'", "eq", "b\\c"), ("a: '\\\\\\\\b'", "eq", "\\\\b"), ("a: 'b\\'", "eq", "b\\"), ("a: ''", "eq", ""),
    ("a: 'b\\?*c'", "like", "b[?]*c"), ("a: 'b[*]*c'", "like", "b[[]*]*c"), ("a: '**b'", "endswith", "b"),
    ("a|contains: b", "contains", "b"), ("a|contains: '*b'", "contains", "b"), ("a|startswith: 'b*'", "startswith", "b"),
    ("a|endswith: 'b*c'", "like", "*b*c"), ("a|startswith: '*b'", "contains", "b"), ("a|contains: 'b\\*'", "contains", "b*"),
    ("a: 4624", "eq", "4624"), ("a: 0x1F", "eq", "31"), ("a: 00000429", "eq", "00000429"), ("a: 1.5", "eq", "1.5"),
    ("a: true", "eq", "true"), ("a: No", "eq", "false"), ("a: 'No'", "eq", "No"), ("a: null", "null", ""), ("a:", "null", ""),
    ("a: []", "null", ""), ("a: 2024-01-01", "eq", "2024-01-01"),
    ("a|re: '^b\\\\.*$'", "re", "^b\\\\.*$"), ("a|re|i: b", "re", "b"), ("a|cidr: 10.0.0.0/8", "cidr", "10.0.0.0/8"),
    ("a|gt: 5", "gt", "5"), ("a|gte: 5", "gte", "5"), ("a|lt: 5", "lt", "5"), ("a|lte: 5", "lte", "5"),
    ("a|exists: true", "exists", ""), ("a|exists: false", "null", ""), ("a|cased: B", "eq", "B"),
    ("a|contains|windash: ' -b'", "contains", " -b"), ("a|wide|base64offset|contains: b", "contains", "b"),
    ("a|contains|cased: B", "contains", "B"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "op", "value"), VALUES)
def test_values(body: str, op: str, value: str) -> None:
    text = f"title: T\nlogsource: {{product: windows}}\ndetection:\n  s:\n    {body}\n  condition: s\n"
    found = rule(text)
    (leaf,) = found.predicates()
    assert (leaf.field, leaf.op, leaf.value) == ("a", op, value)
    assert leaf.native == body.partition(":")[0][2:]
    assert leaf.cased == ("cased" in body or "|re:" in body)
    assert found.faults == ()


def test_computed_and_listed_values() -> None:
    (reference,) = rule(detection("s: {User|fieldref: Other}, condition: s")).predicates()
    assert (reference.op, reference.value, reference.derived) == ("eq", "Other", True)
    (hour,) = rule(detection("s: {ts|hour: 3}, condition: s")).predicates()
    assert hour.derived
    text = detection("s: {User|expand: '%admins%'}, f: {Host|contains|expand: 'x%sites%y'}, condition: s and not f")
    found = rule(text)
    assert [(leaf.op, leaf.value, leaf.listed) for leaf in found.predicates()] == [
        ("eq", "%admins%", True), ("contains", "x%sites%y", True),
    ]  # fmt: skip
    assert [(item.name, item.negated, text[item.start : item.end]) for item in found.lists] == [
        ("%admins%", False, "'%admins%'"), ("%sites%", True, "'x%sites%y'"),
    ]  # fmt: skip
    assert not any(leaf.listed for leaf in rule(detection("s: {User: '%admins%'}, condition: s")).predicates())


def test_not_equal_is_a_negation() -> None:
    found = rule(detection("s: {a|neq: [b, c], d: e}, condition: s"))
    assert [(leaf.value, leaf.negated) for leaf in found.predicates()] == [("b", True), ("c", True), ("e", False)]


def test_keywords() -> None:
    assert terms(detection("s: [mimikatz, 4, '*x*'], condition: s")) == [
        ("", "keyword", "mimikatz"), ("", "keyword", "4"), ("", "keyword", "x"),
    ]  # fmt: skip
    assert terms(detection("s: word, condition: s")) == [("", "keyword", "word")]
    assert terms(detection("s: {'|re': 'a.b'}, condition: s")) == [("", "re", "a.b")]
    found = rule(detection("s: {'|all': [a, b]}, condition: s"))
    assert shape(found.trees[0]) == "s((a and b))"


def test_lists_of_maps_and_lists_of_conditions() -> None:
    found = rule(detection("s: [{a: 1, b: 2}, {c: 3}, word], t: {d: 4}, condition: [s, not t]"))
    assert shape(found.trees[0]) == "(s((1 and 2) or 3 or word) or not t(4))"


def test_an_aliased_selection_stands_where_it_was_written() -> None:
    text = "title: T\nlogsource: {product: windows}\ndetection:\n  s: &s {a: b}\n  t: *s\n  condition: s or t\n"
    assert [text[leaf.start : leaf.end] for leaf in rule(text).predicates()] == ["b", "b"]


# several documents


MANY = """\
title: Failed logon
name: failed_logon
logsource: {product: windows, service: security}
detection: {s: {EventID: 4625}, condition: s}
---
title: Many failed logons
correlation:
    type: event_count
    rules: [failed_logon]
    group-by: [User]
    timespan: 5m
    condition: {gte: 10}
level: medium
---
title: Unrelated
logsource: {product: windows, service: security}
detection: {s: {EventID: 4624}, condition: s}
"""


def test_correlation_and_its_base_rule() -> None:
    reading = read(MANY)
    assert reading.problems == ()
    assert [(found.kind, found.title) for found in reading.rules] == [
        ("base", "Failed logon"), ("correlation", "Many failed logons"), ("rule", "Unrelated"),
    ]  # fmt: skip
    assert [tuple(related) for related in reading.rules[1].related] == [("failed_logon", "base")]
    assert all(found.faults == () for found in reading.rules)


def test_what_pysigma_refuses_of_a_correlation_is_a_fault() -> None:
    text = MANY.replace("event_count", "event_counter").replace("5m", "5 minutes")
    faults = read(text).rules[1].faults
    assert [fault.code for fault in faults] == ["correlation", "correlation"]
    assert all(text[fault.start : fault.end] == "correlation" for fault in faults)
    assert "event_counter" in faults[0].message


def test_filter_document() -> None:
    text = (
        "title: F\nlogsource: {product: windows}\nfilter:\n  rules: [7c1f9a52-58f7-4b0c-8a3f-55f5f9f1a001]\n"
        "  selection: {User|startswith: adm_}\n  condition: not selection\n"
    )
    found = rule(text)
    assert (found.kind, found.faults) == ("filter", ())
    assert [(leaf.field, leaf.value, leaf.negated) for leaf in found.predicates()] == [("User", "adm_", True)]
    assert [related.kind for related in found.related] == ["base"]
    assert sigma.recognises(source(text))


def test_global_repeat_and_reset() -> None:
    reading = read(
        "action: global\ntitle: G\nlogsource: {product: windows}\ndetection: {condition: s}\n---\n"
        "detection: {s: {a: 1}}\n---\naction: repeat\ndetection: {s: {b: 2}}\n---\naction: reset\n---\n"
        "title: N\nlogsource: {product: linux}\ndetection: {t: {c: 3}, condition: t}\n---\n"
    )
    assert reading.problems == ()
    assert [(found.title, [leaf.value for leaf in found.predicates()]) for found in reading.rules] == [
        ("G", ["1"]), ("G", ["1", "2"]), ("N", ["3"]),
    ]  # fmt: skip


def test_rules_as_json() -> None:
    text = '[{"title": "A", "logsource": {"product": "windows"}, "detection": {"s": {"a": 1}, "condition": "s"}}]'
    assert sigma.recognises(source(text))
    assert rule(text).title == "A"


# log source → domain


@pytest.mark.parametrize(
    ("logsource", "domain"),
    [
        ("product: linux, service: sshd", "endpoint"), ("product: aws, service: cloudtrail", "cloud"),
        ("product: azure, service: signinlogs", "identity"), ("product: azure, service: activitylogs", "cloud"),
        ("product: okta, service: okta", "identity"), ("product: zeek, service: dns", "network"), ("category: proxy", "web"),
        ("category: webserver", "web"), ("category: firewall", "network"), ("service: apache", "web"),
        ("product: github, service: audit", "application"), ("category: application, product: kubernetes", "cloud"),
        ("category: database", "application"), ("product: somethingelse", ""),
    ],
)  # fmt: skip
def test_domains(logsource: str, domain: str) -> None:
    text = f"title: T\nlogsource: {{{logsource}}}\ndetection: {{s: {{a: b}}, condition: s}}\n"
    assert rule(text).domain == domain
