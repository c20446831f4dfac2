"""The contract of the outputs, held against rules with unusual but legal constructs, and against wrong types everywhere."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from linter import engine
from linter.checks import registry
from linter.checks.base import Options
from linter.discover import judge
from linter.source import Source
from tests.conftest import Run
from tests.rules import EVERY, KUSTO, SPLUNK, sigma

# wrong types at every key

CORRELATION = """\
title: Many failures
id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0777
correlation:
  type: value_count
  rules: [first_rule, second_rule]
  group-by: [User]
  timespan: 5m
  condition: {gte: 5, field: Workstation}
  aliases: {who: {first_rule: User}}
tags: [attack.t1110]
"""
FILTER = """\
title: Our administrators
id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0778
logsource: {category: process_creation, product: windows}
filter:
  rules: [7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0777]
  selection: {User|startswith: adm_}
  condition: not selection
"""
EXTRAS = """\
author: A. Nother
date: 2026-08-01
modified: 2026-08-02
references: [https://example.org]
falsepositives: [Unknown]
related: [{id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0000, type: derived}]
fields: [User]
"""
DOCUMENTS = {"rule": sigma() + EXTRAS, "correlation": CORRELATION, "filter": FILTER, "splunk": SPLUNK, "kusto": KUSTO}
VALUES: tuple[Any, ...] = (
    7,
    None,
    True,
    1.5,
    "x",
    "",
    [],
    {},
    [1, None, {"a": 1}, [2]],
    {"a": [1], 2: {"b": None}},
    float("nan"),
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*at, key)
        yield from places(item, (*at, key))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_wrong_types_at_every_key(name: str) -> None:
    document = yaml.safe_load(DOCUMENTS[name])
    options = Options(
        select=tuple(name for name in registry.IDS if not registry.check(name).CHECK.statistical), persona="auditor"
    )
    for at in places(document):
        for value in VALUES:
            broken = copy.deepcopy(document)
            inner = broken
            for key in at[:-1]:
                inner = inner[key]
            inner[at[-1]] = value
            text = yaml.safe_dump(broken, sort_keys=False)
            result = engine.lint_look(judge("a.yml", Source("a.yml", text)), options, lambda: engine.catalog(("",)))
            lines = text.count("\n") + 1
            for finding in result.findings:
                assert "Error" not in finding.message, (at, value, finding.message)
                assert 1 <= finding.begin.line <= finding.finish.line <= lines
                assert finding.begin <= finding.finish


# every output, field by field

UNUSUAL = """\
%YAML 1.1
---
title: "Ünïcode 🙂 of shares"
id: 11111111-1111-4111-8111-111111111111
status: stable
tags: [attack.t1562.001, attack.execution, attack.T1021.002]
logsource: {category: process_creation, product: windows}
detection:
    "sel 1":
        - Image|endswith: ['\\a.exe', '\\b.exe']
          CommandLine|contains|windash: ' -enc '
        - CommandLine|re|i: 'foo.*bar'
    sel2:
        EventID: [00000429, 4688]
        User|exists: true
        Bar: null
        Baz: ''
        Qux|fieldref: Image
        SourceIp|cidr: ['10.0.0.0/8', 'fe80::/10']
        S: '*foo*bar?'
        T: 'a\\*b\\\\*'
        V|neq: x
    keywords: ['🙂 evil', '*tool*']
    filter_main_accounts:
        User|endswith: '$'
    condition: (1 of sel* or keywords) and not (1 of filter_main_* or not sel2)
level: high
"""
COLLECTION = """\
title: Failed logon
id: 22222222-2222-4222-8222-222222222221
name: failed_logon
tags: [attack.t1110]
logsource: {product: windows, service: security}
detection: {selection: {EventID: 4625}, condition: selection}
level: low
---
title: Many failed logons
id: 22222222-2222-4222-8222-222222222222
correlation: {type: event_count, rules: [failed_logon], group-by: [TargetUserName], timespan: 10m, condition: {gte: 10}}
tags: [attack.t1110]
level: high
---
title: Not of computers
id: 22222222-2222-4222-8222-222222222223
logsource: {product: windows, service: security}
filter: {rules: [22222222-2222-4222-8222-222222222221], selection: {TargetUserName|endswith: '$'}, condition: not selection}
"""
GLOBAL = """\
action: global
title: Tool by two sources
id: 33333333-3333-4333-8333-333333333333
tags: [attack.t1059]
level: high
detection: {condition: selection}
---
logsource: {product: windows, service: sysmon}
detection: {selection: {EventID: 1, Image|endswith: '\\x.exe'}}
---
logsource: {category: process_creation, product: windows}
detection: {selection: {Image|endswith: '\\x.exe'}}
"""
MACHINE_LEARNING = """\
[metadata]
maturity = "production"
[rule]
name = "Unusual process for a host"
rule_id = "aaaaaaaa-0000-4000-8000-000000000002"
type = "machine_learning"
machine_learning_job_id = ["v3_rare_process"]
anomaly_threshold = 50
severity = "low"
[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1059"
"""
TREE = {
    **EVERY, "unusual.yml": UNUSUAL, "sub folder/collection.yml": COLLECTION, "global.yml": GLOBAL, "ml.toml": MACHINE_LEARNING,
    "bom.yml": "\ufeff" + sigma(7), "crlf.yml": sigma(8, technique="t9999").replace("\n", "\r\n"),
}  # fmt: skip


@pytest.fixture
def tree(here: Path) -> Path:
    for name, text in TREE.items():
        path = here / "rules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return here


def typed(value: Any, shape: dict[str, Any]) -> None:
    """Exactly these keys (a `?` at the end: optional), each of one of these types."""
    assert isinstance(value, dict)
    named = {key.rstrip("?"): kinds for key, kinds in shape.items()}
    assert set(value) <= set(named)
    for key in shape:
        assert key.endswith("?") or key in value, key
    for key, item in value.items():
        kinds = named[key]
        assert isinstance(item, kinds), (key, item)
        assert not isinstance(item, bool) or kinds is bool, (key, item)


NUMBER = (int, type(None))
EVENT = {"class": str, "provider": str, "id": str, "title": str, "implied": bool}


def test_lint_field_by_field(tree: Path, siftlint: Run) -> None:
    done = siftlint("lint", "rules", "--format", "json", "--persona", "auditor")
    assert done.status == 1
    report = json.loads(done.out)
    typed(report, {"version": int, "snapshot": dict, "findings": list, "rules": list, "summary": dict})
    typed(report["summary"], dict.fromkeys(("files", "rules", "findings", "suppressed", "baselined", "unreadable"), int))
    assert report["summary"]["files"] == len(TREE)
    assert report["summary"]["rules"] == len(report["rules"]) == len(TREE) + 2 + 1  # a collection, and two of one `global`
    assert report["summary"]["findings"] == len(report["findings"]) > 0
    for finding in report["findings"]:
        texts = ("check", "severity", "confidence", "persona", "fingerprint", "path", "dialect", "rule_id", "rule_title")
        lists = {"start": dict, "end": dict, "evidence": dict, "fixes": list, "message": str, "help_url": str}
        typed(finding, dict.fromkeys(texts, str) | lists)
        assert finding["severity"] in ("error", "warning", "advice")
        assert finding["confidence"] in ("low", "medium", "high")
        assert finding["persona"] in ("regular", "pedantic", "auditor")
        assert finding["check"] in registry.IDS
        assert finding["help_url"].startswith("https://")
        assert finding["help_url"].endswith(f"/{finding['check']}.html")
        assert finding["path"].removeprefix("rules/") in TREE
        evidence = finding["evidence"]
        counts = dict.fromkeys(("rules_here", "rules_considered", "families", "corpus_reach"), NUMBER)
        typed(evidence, counts | {"rules": list})
        for rule in evidence["rules"]:
            typed(rule, {"vendor": str, "id": str, "title": str, "url": str, "layer?": str})
        lines = TREE[finding["path"].removeprefix("rules/")].removeprefix("\ufeff").splitlines()
        for place in (finding["start"], finding["end"]):
            typed(place, {"line": int, "column": int})
            assert 1 <= place["line"] <= len(lines) + 1
            assert 1 <= place["column"] <= len([*lines, ""][place["line"] - 1]) + 1
        for fix in finding["fixes"]:
            typed(fix, {"applicability": str, "description": str, "edits": list})
            assert fix["applicability"] in ("safe", "unsafe", "display")
            for edit in fix["edits"]:
                typed(edit, {"start": dict, "end": dict, "text": str})
    for rule in report["rules"]:
        texts = dict.fromkeys(("path", "id", "title", "dialect"), str)
        typed(rule, texts | {"techniques": list, "events": list, "exclusions": int, "noise": (int, float, type(None))})
        assert rule["noise"] is None or 0 <= rule["noise"] <= 1
        for event in rule["events"]:
            typed(event, EVENT)


def test_places_count_code_points(tree: Path, siftlint: Run) -> None:
    done = siftlint("lint", "rules", "--format", "json", "--select", "unknown-technique")
    found = {(one["path"], one["message"][:5]): one for one in json.loads(done.out)["findings"]}
    moved = found["rules/unusual.yml", "T1562"]
    assert (moved["start"], moved["end"]) == ({"line": 6, "column": 15}, {"line": 6, "column": 24})
    crlf = found["rules/crlf.yml", "T9999"]
    assert (crlf["start"], crlf["end"]) == ({"line": 5, "column": 12}, {"line": 5, "column": 17})
    assert moved["rule_title"] == "Ünïcode 🙂 of shares"
    (fix,) = moved["fixes"]
    assert fix["applicability"] == "safe"
    assert fix["edits"] == [{"start": moved["start"], "end": moved["end"], "text": "t1685"}]


def test_parse_field_by_field(tree: Path, siftlint: Run) -> None:
    done = siftlint("parse", "rules", "--format", "json")
    assert done.status == 0
    document = json.loads(done.out)
    typed(document, {"version": int, "rules": list, "problems": list})
    assert document["problems"] == []
    for rule in document["rules"]:
        texts = dict.fromkeys(("path", "id", "title", "dialect", "vendor"), str)
        typed(rule, texts | {"techniques": list, "events": list, "predicates": list})
        for event in rule["events"]:
            typed(event, EVENT)
        for predicate in rule["predicates"]:
            texts = dict.fromkeys(("field", "canonical", "op", "value", "mapping"), str)
            typed(predicate, texts | {"negated": bool, "derived": bool, "line": int})
            assert predicate["op"] != "ne"
            assert predicate["mapping"] in ("exact", "scoped", "assumed", "native")
            assert predicate["value"] == "" or predicate["op"] not in ("null", "exists")
    by_path: dict[str, list[Any]] = {}
    for rule in document["rules"]:
        by_path.setdefault(rule["path"].removeprefix("rules/"), []).append(rule)
    assert {path: len(rules) for path, rules in by_path.items() if len(rules) > 1} == {
        "sub folder/collection.yml": 3,
        "global.yml": 2,
    }
    assert by_path["ml.toml"][0]["predicates"] == []
    assert by_path["ml.toml"][0]["techniques"] == ["T1059"]
    assert by_path["unusual.yml"][0]["techniques"] == ["T1685", "T1021.002"]
    first = by_path["sub folder/collection.yml"][0]
    assert [event["class"] for event in first["events"]] == ["windows:security:4625"]


def test_what_parse_makes_of_unusual_constructs(tree: Path, siftlint: Run) -> None:
    (rule,) = json.loads(siftlint("parse", "rules/unusual.yml").out)["rules"]
    found = {
        (one["field"], one["op"], one["value"]): (one["negated"], one["line"])
        for one in rule["predicates"]
    }  # fmt: skip
    assert found["Image", "endswith", "\\b.exe"] == (False, 10)
    assert found["CommandLine", "contains", " -enc "] == (False, 11)
    assert found["EventID", "eq", "00000429"] == (False, 14)
    assert found["User", "exists", ""] == (False, 15)
    assert found["Bar", "null", ""] == (False, 16)
    assert found["Baz", "eq", ""] == (False, 17)
    assert found["SourceIp", "cidr", "fe80::/10"] == (False, 19)
    assert found["S", "like", "*foo*bar?"] == (False, 20)
    assert found["T", "startswith", "a*b\\"] == (False, 21)
    assert found["V", "eq", "x"] == (True, 22)
    assert found["", "keyword", "🙂 evil"] == (False, 23)
    assert found["User", "endswith", "$"] == (True, 25)
    assert [one["derived"] for one in rule["predicates"] if one["field"] == "Qux"] == [True, True]


def test_problems_hold_only_what_kept_a_rule_from_being_read(here: Path, siftlint: Run) -> None:
    faulty = sigma(1).replace("  - attack.t1105", "  - nonamespace").replace("status: test", "status: 7\nreferences: text")
    (here / "faulty.yml").write_text(faulty, encoding="utf-8")
    (here / "broken.yml").write_text(sigma(2, condition="1 of"), encoding="utf-8")
    (here / "typo.yml").write_text(sigma(3, technique="t9999"), encoding="utf-8")
    document = json.loads(siftlint("parse", ".").out)
    (problem,) = document["problems"]
    typed(problem, {"path": str, "line": int, "message": str})
    assert (problem["path"], problem["line"]) == ("broken.yml", 15)
    assert [rule["path"] for rule in document["rules"]] == ["faulty.yml", "typo.yml"]


def test_the_documents_of_one_global_share_their_id(tree: Path, siftlint: Run) -> None:
    done = siftlint("lint", "rules/global.yml", "rules/sub folder", "--select", "duplicate-id")
    assert (done.status, done.err) == (0, "")


# fingerprints


def test_fingerprints_survive_what_moves_and_tell_apart_what_differs(here: Path, siftlint: Run) -> None:
    def prints(text: str) -> set[str]:
        (here / "a.yml").write_text(text, encoding="utf-8")
        done = siftlint("lint", "a.yml", "--format", "json", "--persona", "auditor")
        return {one["fingerprint"] for one in json.loads(done.out)["findings"]}

    text = sigma(technique="t9998").replace("  - attack.t9998", "  - attack.t9998\n  - attack.t9999")
    before = prints(text)
    assert len(before) >= 2
    assert prints("# a comment\n\n" + text.replace("level: high", "level: high\nauthor: me")) == before
    assert prints(text.replace("Download by certutil", "Another title")) == before
    assert prints(text.replace("0001", "0002").replace("4b6d1f0a0001", "4b6d1f0a0002")).isdisjoint(before)
