import textwrap
import time
from pathlib import Path

import pytest

from linter.dialects import registry, splunk
from linter.rule import Reading, Rule
from linter.source import Source
from tests.shared import SHARED, needs_shared

RULE = """\
name: Odd Child of a Printer Daemon
id: 0b6a1f2e-5f0e-4b7f-9d1d-1d2f3a4b5c6d
version: 3
date: '2024-05-01'
author: A. Nother, Example
status: production
type: Anomaly
data_source:
- Sysmon EventID 1 AND Sysmon EventID 11
- Windows Event Log Security 4688
description: Looks for it.
search: |-
  | tstats count from datamodel=Endpoint.Processes
    where Processes.parent_process_name="spoolsv.exe"
    NOT Processes.process_name IN ("conhost.exe",
      "werfault.exe") by Processes.dest Processes.process_name
  | `drop_dm_object_name(Processes)`
  | where count > 5
  | `odd_child_of_a_printer_daemon_filter`
how_to_implement: Collect it.
known_false_positives: Printer drivers.
references: []
tags:
  analytic_story:
  - Spooling
  asset_type: Endpoint
  mitre_attack_id:
  - T1055.001
  - 'T1547'
  risk_score: 49
  security_domain: endpoint
"""


def read(text: str, path: str = "detections/endpoint/odd.yml") -> Reading:
    return splunk.read(Source(path, text))


def only(text: str, path: str = "detections/endpoint/odd.yml") -> Rule:
    reading = read(text, path)
    assert reading.problems == ()
    assert len(reading.rules) == 1
    return reading.rules[0]


def lines(rule: Rule, text: str) -> dict[str, int]:
    source = Source(rule.path, text)
    return {predicate.value: source.position(predicate.start).line for predicate in rule.predicates()}


def test_a_rule() -> None:
    rule = only(RULE)
    assert (rule.id, rule.title) == ("0b6a1f2e-5f0e-4b7f-9d1d-1d2f3a4b5c6d", "Odd Child of a Printer Daemon")
    assert (rule.dialect, rule.vendor, rule.kind, rule.status, rule.level) == (
        "splunk",
        "splunk",
        "rule",
        "production",
        "medium",
    )
    assert (rule.author, rule.date, rule.domain, rule.platforms) == (
        "A. Nother, Example",
        "2024-05-01",
        "endpoint",
        ("windows",),
    )
    assert rule.tags == ("type:Anomaly", "Spooling")
    assert rule.false_positives == ("Printer drivers.",)
    assert [technique.original for technique in rule.techniques] == ["T1055.001", "T1547"]
    assert [RULE[technique.start : technique.end] for technique in rule.techniques] == ["T1055.001", "T1547"]
    assert [(each.name, each.negated) for each in rule.lists] == [("odd_child_of_a_printer_daemon_filter", True)]
    assert RULE[rule.start : rule.end] == "Odd Child of a Printer Daemon"
    got = [(p.field, p.op, p.value, p.negated, p.derived) for p in rule.predicates()]
    assert got == [
        ("Processes.parent_process_name", "eq", "spoolsv.exe", False, False),
        ("Processes.process_name", "eq", "conhost.exe", True, False),
        ("Processes.process_name", "eq", "werfault.exe", True, False),
        ("count", "gt", "5", False, True),
    ]
    assert "process_creation/windows" in rule.classes


def test_anchors() -> None:
    rule = only(RULE)
    texts = {name: RULE[start:end] for name, start, end in rule.anchors}
    assert texts["base"].startswith("Processes.parent_process_name=")
    assert texts["base"].endswith('"werfault.exe")')
    assert texts["sift"] == "`odd_child_of_a_printer_daemon_filter`"
    assert texts["query"].startswith("|-")
    assert texts["techniques"].split() == ["-", "T1055.001", "-", "'T1547'"]
    assert texts["false_positives"] == "Printer drivers."
    assert {"title", "id", "status", "tags"} <= texts.keys()


STYLES = {
    "literal": "search: |\n  a=one\n  b=\"two\"\n\n  | where c=\"three\"\n",
    "folded": "search: >-\n  a=one\n  b=\"two\"\n\n  | where c=\"three\"\n",
    "single": "search: 'a=one\n  b=\"two\"\n\n  | where c=\"three\"'\n",
    "double": "search: \"a=one\n  b=\\\"two\\\"\n\n  | where c=\\\"three\\\"\"\n",
    "plain": "search: a=one\n  b=\"two\"\n\n  | where c=\"three\"\n",
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_lines_in_every_scalar_style(style: str) -> None:
    text = "name: Styles\ntype: TTP\n" + STYLES[style]
    rule = only(text)
    first = 4 if style in ("literal", "folded") else 3
    assert lines(rule, text) == {"one": first, "two": first + 1, "three": first + 3}
    spans = [text[p.start : p.end] for p in rule.predicates()]
    quote = '\\"' if style == "double" else '"'
    assert spans[0] == "a=one"
    assert spans[1].startswith(f"b={quote}two")


def test_lines_with_carriage_returns_and_a_byte_order_mark() -> None:
    text = RULE.replace("\n", "\r\n")
    assert lines(only(text), text)["werfault.exe"] == 16
    assert splunk.recognises(Source("x.yml", "\ufeff" + RULE))


def test_newer_layouts() -> None:
    text = textwrap.dedent("""\
        name: Newer
        id: 5c2a2a50-8dd4-4f30-9f5a-3a1f5a2b7c11
        type: TTP
        data_source: [AWS CloudTrail]
        search: '`cloudtrail` eventName=X'
        rba:
          risk_objects:
          - {field: user, type: user, score: 64}
        security_domain: threat
        asset_type: AWS Account
        mitre_attack_id: [T1078.004]
        """)
    rule = only(text)
    assert [technique.original for technique in rule.techniques] == ["T1078.004"]
    assert (rule.level, rule.domain, rule.platforms) == ("high", "threat", ("aws",))


@pytest.mark.parametrize(
    ("kind", "expected"), [("Correlation", "correlation"), ("Baseline", "building_block"), ("Hunting", "rule")]
)
def test_kinds(kind: str, expected: str) -> None:
    assert only(f"name: K\ntype: {kind}\nsearch: a=b\n").kind == expected


def test_deprecated_by_folder() -> None:
    assert only(RULE, "detections/deprecated/odd.yml").status == "deprecated"


def test_linux_by_title() -> None:
    text = "name: Linux Thing\ntype: TTP\ndata_source: [Sysmon EventID 1]\nsearch: a=b\n"
    assert only(text).platforms == ("linux",)


def test_several_searches_are_several_trees() -> None:
    rule = only("name: N\ntype: TTP\nsearch: index=a x=1 | append [search index=b y=2]\n")
    assert len(rule.trees) == 2


@pytest.mark.parametrize(
    ("text", "recognised"),
    [
        (RULE, True),
        ("name: x\nsearch: a=b | head 1\ntype: TTP\n", True),
        ("name: x\nsearch: >-\n  a=b\nhow_to_implement: y\n", True),
        ("name: sysmon\ndefinition: sourcetype=x\ndescription: y\n", False),
        ("name: Sysmon EventID 1\nsource: x\nsourcetype: y\nfields:\n- a\n", False),
        ("name: CI\non: push\njobs:\n  search:\n    runs-on: x\n", False),
        ("name: site\nsearch:\n  provider: algolia\ntags: [a]\n", False),
        ("name: site\nsearch: true\n", False),
        ("title: s\nlogsource: {}\ndetection: {}\n", False),
        ("", False),
    ],
)
def test_recognition(text: str, recognised: bool) -> None:
    assert splunk.recognises(Source("x.yml", text)) is recognised


def test_a_command_that_is_nearly_splunks_is_a_fault() -> None:
    text = "name: Odd\ntype: TTP\nsearch: a=b | evall c=d | ourown e\n"
    [rule] = read(text).rules
    assert [(fault.code, text[fault.start : fault.end]) for fault in rule.faults] == [("command-unknown", "evall")]


@pytest.mark.parametrize(
    ("search", "message", "line", "column"),
    [
        ("'a=b | project c'", "unknown command 'project'", 3, 16),
        ("|\n  a=b\n  c=\"d", "unterminated string", 5, 5),
        ("|\n  a=b\n  (c=d", "not closed", 5, 3),
        ("[a, b]", "not text", 3, 9),
        ("{a: b}", "not text", 3, 9),
        ("''", "empty", 3, 9),
    ],
)  # fmt: skip
def test_problems_are_located(search: str, message: str, line: int, column: int) -> None:
    text = f"name: Bad\ntype: TTP\nsearch: {search}\nid: 12\n"
    reading = read(text)
    assert reading.rules == ()
    (problem,) = reading.problems
    assert message in problem.message
    assert (problem.rule_id, problem.title) == ("12", "Bad")
    assert Source("x", text).position(problem.start) == (line, column)
    assert problem.end > problem.start


@pytest.mark.parametrize(
    "text", ["", "just text", "- a\n- b\n", "name: [", "name: x\ntype: y\n", "a: &a [*a]", "\0", "search: {a: {b: c}}"]
)
def test_what_is_no_rule_is_a_problem(text: str) -> None:
    reading = read(text)
    assert reading.rules == ()
    assert len(reading.problems) == 1
    assert 0 <= reading.problems[0].start <= reading.problems[0].end


@pytest.mark.parametrize("size", [100_000, 1_500_000])
def test_a_search_of_any_length_takes_bounded_time(size: int) -> None:
    text = "name: Long\ntype: TTP\nsearch: |\n" + "  a=b OR\n" * (size // 9) + "  c=d\n"
    began = time.process_time()
    reading = read(text)
    assert time.process_time() - began < 2
    if size > 1_000_000:
        assert "no more than" in reading.problems[0].message
        assert text.index("|") == reading.problems[0].start


def test_the_registry_knows_it() -> None:
    assert registry.dialect("splunk").recognises(Source("x.yml", RULE))


@needs_shared
def test_the_public_rules() -> None:
    corpus = SHARED / "corpora" / "2026-08" / "splunk"
    rules = 0
    for path in sorted(corpus.rglob("*.yml"))[::10]:
        source = Source(path.as_posix(), path.read_text(encoding="utf-8"))
        expected = Path("detections") in [Path(parent.name) for parent in path.parents]
        assert splunk.recognises(source) is expected, path
        if not expected:
            continue
        reading = splunk.read(source)
        assert reading.problems == ()
        (rule,) = reading.rules
        rules += 1
        assert rule.title in source.text[rule.start : rule.end]
        begin, end = rule.anchor("query")
        for predicate in rule.predicates():
            assert begin <= predicate.start < predicate.end <= end
            place = source.text[predicate.start : predicate.end]
            last = predicate.field.rpartition(".")[2].partition("(")[0].lower()
            if "`" not in place and last and not predicate.derived and predicate.native not in ("IN", "", "in()"):
                assert last.strip("'") in place.lower() or "rename" in source.text or "eval" in source.text, (path, place)
    assert rules > 100
