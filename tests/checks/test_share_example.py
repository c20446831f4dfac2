"""The first promise: access to an administrative share without a filter for computer accounts is held against its relatives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linter.catalog.snapshot import shipped
from tests.conftest import Run

pytestmark = pytest.mark.skipif(not shipped().is_dir(), reason="needs the shipped snapshot, which is not built here")
RULE = """\
title: Somebody opens an administrative share
id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0810
status: test
tags: [attack.lateral-movement, attack.t1021.002]
logsource: {{product: windows, service: security}}
detection:
  selection:
    EventID: 5140
    {share}
{filter}  condition: {condition}
level: medium
"""
SHARES = {
    "ends": "ShareName|endswith: '\\C$'",
    "contains": "ShareName|contains: 'ADMIN$'",
    "list": "ShareName: ['\\\\\\\\*\\\\ADMIN$', '\\\\\\\\*\\\\C$']",
    "as a public rule has it, which then is a copy and does not testify": "ShareName: Admin$",
}
FILTERS = ("SubjectUserName|endswith: '$'", "SubjectUserName: '*$'", "SubjectUserName|re: '\\$$'")


def found(here: Path, siftlint: Run, text: str) -> list[dict[str, object]]:
    (here / "share.yml").write_text(text, encoding="utf-8")
    done = siftlint("lint", "share.yml", "--select", "common-exclusion", "--format", "json")
    assert (done.status, done.err) == (0, "")
    findings: list[dict[str, object]] = json.loads(done.out)["findings"]
    return findings


@pytest.mark.parametrize("share", SHARES)
def test_without_the_filter(here: Path, siftlint: Run, share: str) -> None:
    text = RULE.format(share=SHARES[share], filter="", condition="selection")
    (finding,) = found(here, siftlint, text)
    assert finding["severity"] == "advice"
    assert text.splitlines()[finding["start"]["line"] - 1].strip() == "condition: selection"
    assert "T1021.002" in finding["message"]
    assert "SubjectUserName ends with `$`" in finding["message"]
    evidence = finding["evidence"]
    assert 3 <= evidence["rules_here"] < evidence["rules_considered"]
    assert len(evidence["rules"]) >= 3
    assert all(rule["url"].startswith("https://") for rule in evidence["rules"])


@pytest.mark.parametrize("filter", FILTERS)
def test_with_the_filter(here: Path, siftlint: Run, filter: str) -> None:
    own = f"  filter_main_computers:\n    {filter}\n"
    text = RULE.format(share=SHARES["ends"], filter=own, condition="selection and not 1 of filter_main_*")
    assert found(here, siftlint, text) == []
