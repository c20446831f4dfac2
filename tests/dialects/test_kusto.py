"""Kusto rules in their containers: what is recognised, read, and where it stands in the file."""

from __future__ import annotations

import json
import textwrap
from time import process_time

import pytest

from linter.dialects import kusto
from linter.discover import recognise
from linter.rule import Reading, Rule
from linter.source import Source
from tests.shared import SHARED, needs_shared

RULE = """\
id: 1f0c7d3a-2b6e-4a0e-9d59-0c1e6a5f7b10
name: Odd child of the print spooler
description: |
  'Looks for it.'
severity: Medium
requiredDataConnectors:
  - connectorId: MicrosoftThreatProtection
    dataTypes:
      - DeviceProcessEvents
queryFrequency: 1h
triggerOperator: gt
tactics:
  - Execution
relevantTechniques:
  - T1059.003
  - t1547
query: |
  let shells = dynamic(["cmd.exe", "powershell.exe"]);
  DeviceProcessEvents
  | where Timestamp > ago(1h)
  | where InitiatingProcessFileName =~ "spoolsv.exe" // the spooler
      and FileName in~ (shells)
  | where FolderPath !startswith @"C:\\Tools\\"  // ours
  | summarize count() by DeviceName
  | where count_ > 3
version: 1.0.0
kind: Scheduled
"""


def read(text: str, path: str = "rules/spool.yaml") -> Reading:
    return kusto.read(Source(path, text))


def rule(text: str, path: str = "rules/spool.yaml") -> Rule:
    reading = read(text, path)
    assert not reading.problems, reading.problems
    (found,) = reading.rules
    return found


def shown(one: Rule, text: str) -> list[str]:
    """The raw predicates with their line and text."""
    source = Source(one.path, text)
    return [
        f"{source.position(p.start).line} {'-' * p.negated}{p.field} {p.op} {p.value} <{text[p.start : p.end]}>"
        for p in one.predicates()
        if not p.derived
    ]


def test_a_sentinel_rule() -> None:
    one = rule(RULE)
    assert (one.id, one.title, one.level, one.dialect) == (
        "1f0c7d3a-2b6e-4a0e-9d59-0c1e6a5f7b10", "Odd child of the print spooler", "medium", "kusto",
    )  # fmt: skip
    assert [technique.original for technique in one.techniques] == ["T1059.003", "T1547"]
    assert [RULE[technique.start : technique.end] for technique in one.techniques] == ["T1059.003", "t1547"]
    assert (one.platforms, one.domain, one.tags) == (("windows",), "endpoint", ("Execution",))
    assert "process_creation/windows" in one.classes
    assert shown(one, RULE) == [
        '21 InitiatingProcessFileName eq spoolsv.exe <InitiatingProcessFileName =~ "spoolsv.exe">',
        "22 FileName eq cmd.exe <shells>",
        "22 FileName eq powershell.exe <shells>",
        '23 -FolderPath startswith C:\\Tools\\ <FolderPath !startswith @"C:\\Tools\\">',
    ]
    assert [p.field for p in one.predicates() if p.derived] == ["Timestamp", "count_"]


def test_anchors() -> None:
    one = rule(RULE)
    texts = {what: RULE[start:end] for what, start, end in one.anchors}
    assert texts["title"] == "name: Odd child of the print spooler"
    assert texts["tags"].startswith("relevantTechniques:")
    assert texts["tags"].endswith("t1547")
    assert texts["level"] == "severity: Medium"
    assert texts["query"].startswith("|\n  let shells")
    assert texts["where:0"] == 'where FolderPath !startswith @"C:\\Tools\\"  // ours'
    assert RULE[one.start : one.end] == "Odd child of the print spooler"


def test_a_line_put_in_at_the_chain_s_end_is_a_condition() -> None:
    one = rule(RULE)
    start, end = one.anchor("where:0")
    column = Source("", RULE).position(start).column
    again = rule(f"{RULE[:end]}\n{' ' * (column - 3)}| where not(DeviceName =~ 'x'){RULE[end:]}")
    assert [(p.field, p.negated) for p in again.predicates() if p.field == "DeviceName"] == [("DeviceName", True)]
    assert len(list(again.predicates())) == len(list(one.predicates())) + 1


def test_places_survive_line_ends_and_scalar_styles() -> None:
    text = RULE.replace("\n", "\r\n")
    expected = [line.split(" <")[0] for line in shown(rule(RULE), RULE)]
    assert [line.split(" <")[0] for line in shown(rule(text), text)] == expected
    text = 'name: x\nrelevantTechniques: [T1003]\nquery: "T | where A == \'x\\t\'\\n| where B has \\"y\\""\n'
    assert shown(rule(text), text) == ["3 A eq x\t <A == 'x\\t'>", '3 B token y <B has \\"y\\">']
    text = "name: x\ntactics: []\nseverity: Low\nquery: >\n  T\n  | where A == 1\n\n  | where B == 2\n"
    text = text.replace("tactics", "entityMappings")
    assert [line.split(" <")[0] for line in shown(rule(text), text)] == ["6 A eq 1", "8 B eq 2"]


def test_techniques_in_every_shape() -> None:
    text = textwrap.dedent("""\
        name: x
        requiredDataConnectors: []
        RelevantTechniques: "T1003.001, T1059"
        subTechniques: ['T1021.002']
        techniques: [t1110, null]
        relevantTechniques: [Not a technique]
        query: T | where A == 1
        """)
    one = rule(text)
    found = [technique.original for technique in one.techniques]
    assert found == ["T1003.001", "T1059", "T1021.002", "T1110", "Not a technique"]
    assert [text[t.start : t.end] for t in one.techniques] == ["T1003.001", "T1059", "T1021.002", "t1110", "Not a technique"]


def test_faulty_metadata_is_a_fault() -> None:
    one = rule(RULE.replace("severity: Medium", "severity: Hight").replace("name: Odd child of the print spooler\n", ""))
    assert one.level == "high"
    assert {fault.code for fault in one.faults} == {"level-value", "title-missing"}


def test_several_documents_and_lists_of_rules() -> None:
    assert len(read(f"{RULE}---\n{RULE}").rules) == 2
    listed = "rules:\n" + "".join(textwrap.indent(RULE, "    ").replace("    id:", "  - id:", 1) for _ in range(2))
    reading = read(listed)
    assert len(reading.rules) == 2
    assert not reading.problems


def test_parts_become_trees_with_their_own_events() -> None:
    join = "  | join (DeviceNetworkEvents | where RemotePort == 445) on DeviceId\n"
    one = rule(RULE.replace("  | summarize count()", f"{join}  | summarize count()"))
    assert len(one.trees) == 2
    assert {"process_creation/windows", "network_connection/windows"} <= set(one.classes)
    assert {what for what, _, _ in one.anchors if what.startswith("where")} == {"where:0", "where:1"}


def test_watchlists() -> None:
    text = RULE.replace('dynamic(["cmd.exe", "powershell.exe"])', '_GetWatchlist("Shells") | project Name')
    one = rule(text)
    assert [(one_list.name, one_list.negated) for one_list in one.lists] == [("Shells", False)]
    assert [(p.field, p.value) for p in one.predicates() if p.listed] == [("FileName", "Shells")]


def test_defender_custom_detection() -> None:
    text = textwrap.dedent("""\
        displayName: Odd child
        queryCondition:
          queryText: |
            DeviceProcessEvents
            | where FileName =~ "x.exe"
        detectionAction:
          alertTemplate:
            severity: high
            mitreTechniques: [T1003.001]
        """)
    one = rule(text)
    assert (one.title, one.level, [t.id for t in one.techniques]) == ("Odd child", "high", ["T1003.001"])
    assert shown(one, text) == ['5 FileName eq x.exe <FileName =~ "x.exe">']
    assert kusto.recognises(Source("a.yaml", text))


ARM = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "resources": [
        {
            "type": "Microsoft.OperationalInsights/workspaces/providers/alertRules",
            "name": "[concat(parameters('workspace'),'/Microsoft.SecurityInsights/x')]",
            "properties": {
                "displayName": "Odd child",
                "severity": "Low",
                "query": 'DeviceProcessEvents\n| where FileName == "x.exe"\n| where A == "\\u00e9"',
                "tactics": ["Execution"],
                "techniques": ["T1059"],
            },
        },
        {
            "type": "Microsoft.Resources/templateSpecs/versions",
            "properties": {
                "mainTemplate": {
                    "resources": [
                        {
                            "type": "Microsoft.OperationalInsights/savedSearches",
                            "properties": {
                                "displayName": "Hunt",
                                "category": "Hunting Queries",
                                "query": "T | where A has 'y'",
                                "tags": [
                                    {"name": "tactics", "value": "Impact"},
                                    {"name": "techniques", "value": "T1003,T1021.002"},
                                ],
                            },
                        }
                    ]
                }
            },
        },
    ],
}  # fmt: skip


def test_arm_templates() -> None:
    text = json.dumps(ARM, indent=2)
    assert kusto.recognises(Source("azuredeploy.json", text))
    reading = read(text, "azuredeploy.json")
    assert not reading.problems
    first, second = reading.rules
    assert (first.title, first.level, [t.id for t in first.techniques]) == ("Odd child", "low", ["T1059"])
    line = text[: text.index("DeviceProcessEvents")].count("\n") + 1
    assert shown(first, text)[0] == f'{line} FileName eq x.exe <FileName == \\"x.exe\\">'
    assert (second.title, [t.id for t in second.techniques], second.tags) == ("Hunt", ["T1003", "T1021.002"], ("Impact",))


def test_template_expressions_and_empty_templates() -> None:
    text = json.dumps({"type": "x/alertRules", "properties": {"displayName": "a", "query": "[variables('q')]"}})
    assert recognise(Source("a.json", text)) == "kusto"
    one = rule(text, "a.json")
    assert (one.title, one.trees) == ("a", ())  # known when it is deployed
    given = {**json.loads(text), "variables": {"q": "[parameters('Q')]"}}
    one = rule(json.dumps({"parameters": {"Q": {"defaultValue": "T | where A == 1"}}, "resources": [given]}), "a.json")
    assert [(p.field, p.value) for p in one.predicates()] == [("A", "1")]
    given["variables"]["q"] = "[variables('q')]"
    assert rule(json.dumps(given), "a.json").trees == ()
    assert read('{"resources": []}', "a.json").problems
    assert read('{"resources": [', "a.json").problems


BARE = """\
// Name: Odd child of the print spooler
// Technique: T1059.003, T1547
// Severity: High
DeviceProcessEvents
| where FileName =~ "x.exe"
"""


def test_bare_queries() -> None:
    one = rule(BARE, "hunt/spool.kql")
    assert (one.title, one.level, [t.id for t in one.techniques]) == (
        "Odd child of the print spooler", "high", ["T1059.003", "T1547"],
    )  # fmt: skip
    assert BARE[one.start : one.end] == "Odd child of the print spooler"
    assert shown(one, BARE) == ['5 FileName eq x.exe <FileName =~ "x.exe">']
    assert rule("T | where A == 1", "hunt/spool.kql").title == "spool"
    many = "// first\nT | where A == 1\n\n// second\nU | where B == 2\n\n"
    one = rule(many, "hunt/spool.kql")
    assert shown(one, many) == ["2 A eq 1 <A == 1>", "5 B eq 2 <B == 2>"]
    assert len(one.trees) == 2
    (problem,) = read("T | where (A == 1\n", "hunt/spool.kql").problems
    assert Source("", "T | where (A == 1\n").position(problem.start).line in (1, 2)


def test_bare_queries_with_blank_lines_in_them() -> None:
    text = """\
let shells = dynamic(["cmd.exe", "sh"]);

T
| where A in (shells)

// and then
| where B == 2

U
| where C in (

  "x", "y"
)
"""
    one = rule(text, "hunt/spool.kql")
    assert shown(one, text) == [
        "4 A eq cmd.exe <shells>", "4 A eq sh <shells>", "7 B eq 2 <B == 2>", '12 C eq x <"x">', '12 C eq y <"y">',
    ]  # fmt: skip
    assert len(one.trees) == 2
    assert read(text.replace("(shells)", "((shells)"), "a.kql").problems
    before = process_time()
    read("T | where A == 1\n\n" + "| where B == 2\n\n" * 480 + "?", "a.kql")
    read("let a = 1;\n\n" * 480 + "| ?", "a.kql")
    assert process_time() - before < 3


def test_a_query_in_a_code_block() -> None:
    text = RULE.replace("query: |\n", "query: |\n  ```kusto\n").replace("version: 1", "  ```\nversion: 1")
    assert (
        shown(rule(text), text)[0] == '22 InitiatingProcessFileName eq spoolsv.exe <InitiatingProcessFileName =~ "spoolsv.exe">'
    )
    quoted = 'name: x\ntactics: []\nquery: "```KQL\\n\\nT | where A == 1\\n```"\n'
    assert shown(rule(quoted), quoted) == ["3 A eq 1 <A == 1>"]


def test_commands_to_a_database_are_no_rules() -> None:
    assert not kusto.recognises(Source("a.kql", "// a function\n\n.create-or-alter function F() {\n  T | where A == 1\n}\n"))


@pytest.mark.parametrize(
    "text",
    [
        "name: CI\non: push\njobs:\n  query:\n    steps: []\n",
        "packs:\n  a:\n    query: select * from processes;\n    interval: 10\n",
        "title: x\ndetection:\n  condition: a\n  a: {b: c}\nlogsource: {product: windows}\n",
        "name: x\nsearch: index=a | stats count\n",
        '{"query": {"match_all": {}}}',
        "openapi: 3.0.0\npaths:\n  /q:\n    get:\n      parameters:\n        - {name: query, in: query}\n",
        "# Heading\n\nSome text with a query: and | where words.\n",
        "",
        "query: [",
    ],
)
def test_what_is_no_kusto_rule(text: str) -> None:
    assert not kusto.recognises(Source("a.json" if text.startswith("{") else "a.yaml", text))


def test_what_is_one() -> None:
    assert kusto.recognises(Source("a.yaml", RULE))
    assert kusto.recognises(Source("a.yaml", "name: x\nquery: |\n  T\n  | where A == 1\n"))
    assert kusto.recognises(Source("a.yaml", RULE + "\tbroken: ["))
    assert kusto.recognises(Source("a.kql", "T"))
    detection = {"displayName": "x", "queryCondition": {"queryText": "T | where A == 1"}}
    source = Source("a.json", json.dumps(detection))
    assert recognise(source) == "kusto"
    assert [one.title for one in kusto.read(source).rules] == ["x"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (RULE.replace("(shells)", "(shells"), 22),
        (RULE.replace('"spoolsv.exe"', '"spoolsv.exe'), 21),
        (RULE.replace("summarize count()", "summarise count()"), 24),
        (RULE.replace("  DeviceProcessEvents\n", "  index=main DeviceProcessEvents\n"), 19),
        ("name: x\ntactics: []\nquery: []\n", 1),
        ("id: a\nname: x\nquery: [\n", 4),
        ("name: &a [*a]\nquery: x\n", 1),
        ("", 1),
        ("\t", 1),
        ("query: ''\nname: x\n", 1),
        ("- a\n- b\n", 1),
    ],
)
def test_bad_files_are_located_problems(text: str, line: int) -> None:
    reading = read(text)
    assert not reading.rules
    assert reading.problems
    place = Source("", text).position(reading.problems[0].start)
    assert place.line == line
    if "id: 1f0c" in text:
        assert reading.problems[0].rule_id == "1f0c7d3a-2b6e-4a0e-9d59-0c1e6a5f7b10"
        assert reading.problems[0].title == "Odd child of the print spooler"


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)),
        "query: " + "[" * 10_000,
        '{"query": ' * 10_000,
        "name: x\nquery: |\n  T | where a in (" + ", ".join(f'"{n}"' for n in range(100_000)) + ")\n",
        "name: x\nquery: |\n  T | where " + "(" * 1000 + "a" + ")" * 1000 + "\n",
        "name: x\nquery: T | where a == " + "9" * 1_000_000 + "\n",
        "name: x\nquery: |\n" + "".join(f"  let a{n} = a{n + 1};\n" for n in range(5000)) + "  a0\n",
    ],
    ids=range(7),
)
@pytest.mark.parametrize("path", ["a.yaml", "a.json", "a.kql"])
def test_hostile_files_end_in_time(text: str, path: str) -> None:
    before = process_time()
    source = Source(path, text)
    kusto.recognises(source)
    reading = kusto.read(source)
    assert reading.rules or reading.problems
    assert process_time() - before < 4  # a quarter of it on a quiet machine


@needs_shared
def test_the_corpus_is_read() -> None:
    folder = SHARED / "corpora/2026-08/kusto"
    rules = problems = tagged = 0
    for path in sorted(folder.rglob("*.y*ml")):
        source = Source(path.relative_to(folder).as_posix(), path.read_bytes().decode("utf-8-sig"))
        if not kusto.recognises(source):
            continue
        reading = kusto.read(source)
        problems += len(reading.problems)
        for one in reading.rules:
            rules += 1
            tagged += bool(one.techniques)
            assert one.trees
            lines = source.text.count("\n") + 1
            assert all(1 <= source.position(p.start).line <= lines and p.start < p.end for p in one.predicates())
    assert (rules, problems) == (2251, 11)  # Microsoft's parser accepts none of the 11 either
    assert tagged >= 1580
