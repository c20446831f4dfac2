"""A selection less, a tag more or another one, and Sigma filter documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from linter.catalog.snapshot import shipped
from linter.dialects import sigma
from linter.dialects.edit.base import Refused
from linter.dialects.edit.proof import Unproven
from linter.dialects.edit.sigma_filter import as_filter
from linter.finding import AddExclusion, AddTag, AnchorExclusion, RemoveSelection, ReplaceTag
from linter.source import Source
from tests.conftest import Run
from tests.edit.tools import changes, edited

RULE = """\
title: Download by certutil
id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0001
tags:
    - attack.command_and_control
    - attack.t1105  # transfer
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image|endswith: '\\certutil.exe'
    # agents
    filter_main_agent:
        ParentImage: 'C:\\Program Files\\Agent\\a.exe'
        # and more

    # the rest
    filter_main_other:
        User: x
    condition: selection and not filter_main_other
level: high
"""


def test_an_unused_selection_goes_with_its_comments() -> None:
    fix, new = edited(RULE, RemoveSelection("filter_main_agent"))
    assert fix.applicability == "safe"
    assert changes(RULE, new) == [
        "-    # agents",
        "-    filter_main_agent:",
        "-        ParentImage: 'C:\\Program Files\\Agent\\a.exe'",
        "-        # and more",
    ]


def test_a_used_selection_is_not_removed() -> None:
    with pytest.raises((Refused, Unproven, AssertionError)):
        edited(RULE, RemoveSelection("selection"))


def test_an_unused_selection_in_braces() -> None:
    text = "title: x\nlogsource: {product: windows}\ndetection: {a: {User: x}, b: {User: y}, condition: a}\n"
    _, new = edited(text, RemoveSelection("b"))
    assert "detection: {a: {User: x}, condition: a}" in new
    _, new = edited(text.replace("condition: a", "condition: b"), RemoveSelection("a"))
    assert "detection: {b: {User: y}, condition: b}" in new


def test_the_last_selection_without_a_line_end() -> None:
    text = "title: x\nlogsource: {product: windows}\ndetection:\n  condition: a\n  a:\n    User: x\n  b:\n    User: y"
    assert edited(text, RemoveSelection("b"))[1] == text[: text.index("\n  b:")]


def test_a_tag_more() -> None:
    fix, new = edited(RULE, AddTag("T1140"))
    assert fix.applicability == "safe"
    assert changes(RULE, new) == ["+    - attack.t1140"]
    flow = RULE.replace("tags:\n    - attack.command_and_control\n    - attack.t1105  # transfer\n", "tags: [attack.t1105]\n")
    assert "tags: [attack.t1105, attack.t1140]\n" in edited(flow, AddTag("T1140"))[1]
    bare = flow.replace("tags: [attack.t1105]\n", "")
    assert changes(bare, edited(bare, AddTag("T1140"))[1]) == ["+tags:", "+    - attack.t1140"]


def test_another_tag() -> None:
    at = RULE.index("t1105")
    fix, new = edited(RULE, ReplaceTag("t1105", "t1608.001", at, at + 5))
    assert fix.applicability == "safe"
    assert changes(RULE, new) == ["-    - attack.t1105  # transfer", "+    - attack.t1608.001  # transfer"]
    with pytest.raises(Refused):
        edited(RULE, ReplaceTag("t1106", "t1608.001", at, at + 5))


def test_a_successor_that_is_tagged_already() -> None:
    text = RULE.replace("- attack.t1105  # transfer", "- attack.t1562.001  # old\n    - attack.t1685")
    at = text.index("t1562.001")
    fix, new = edited(text, ReplaceTag("t1562.001", "t1685", at, at + 9))
    assert fix.applicability == "safe"
    assert changes(text, new) == ["-    - attack.t1562.001  # old"]
    flow = RULE[: RULE.index("tags:")] + "tags: [attack.t1562.001, attack.t1685]\n" + RULE[RULE.index("logsource:") :]
    at = flow.index("t1562.001")
    assert "tags: [attack.t1685]\n" in edited(flow, ReplaceTag("t1562.001", "t1685", at, at + 9))[1]


def test_an_anchored_form_is_shown_only() -> None:
    source = Source("a.yml", RULE)
    from linter.dialects.edit import registry

    fix = registry.fix(source, sigma.read(source).rules[0], AnchorExclusion("startswith", "C:\\Program Files\\Agent\\", 0, 1))
    assert fix.applicability == "display"
    assert not fix.edits
    assert "|startswith: 'C:\\Program Files\\Agent\\'" in fix.description


# filter documents

WANTED = [
    AddExclusion("ParentImage", "endswith", "\\svchost.exe"),
    AddExclusion("User", "contains", "AUTHORI", (("CommandLine", "contains", "-urlcache"), ("CommandLine", "contains", "-f"))),
]


def document(wanted: list[AddExclusion] = WANTED) -> str:
    source = Source("a.yml", RULE)
    return as_filter(source, sigma.read(source).rules[0], wanted)


def test_a_filter_document_is_read_by_us() -> None:
    reading = sigma.read(Source("f.yml", document()))
    assert not reading.problems
    assert reading.rules[0].kind == "filter"
    assert not reading.rules[0].faults
    assert document() == document()


def test_a_filter_document_is_applied_by_pysigma() -> None:
    from sigma.collection import SigmaCollection
    from sigma.rule import SigmaRule

    for wanted in (WANTED, WANTED[:1]):
        found = SigmaCollection.from_yaml(RULE + "---\n" + document(wanted))
        found.resolve_rule_references()
        rule = next(one for one in found.rules if isinstance(one, SigmaRule))
        assert "and (not " in rule.detection.condition[0]
        filters = [name for name in rule.detection.detections if name.startswith("_filt_")]
        assert len(filters) == len(wanted)
        text = str(rule.detection.parsed_condition[0].parse())
        assert "svchost.exe" in text


def test_what_has_no_filter_document() -> None:
    source = Source("a.yml", RULE.replace("id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0001\n", ""))
    with pytest.raises(Refused, match="id"):
        as_filter(source, sigma.read(source).rules[0], WANTED)
    with pytest.raises(Refused, match="nothing"):
        document([AddExclusion("a", "token", "x")])


@pytest.mark.skipif(not shipped().is_dir(), reason="needs the shipped snapshot, which is not built here")
def test_suggest_writes_a_filter(siftlint: Run, here: Path) -> None:
    from sigma.collection import SigmaCollection
    from sigma.filters import SigmaFilter

    (here / "a.yml").write_text(RULE, encoding="utf-8")
    (here / "b.kql").write_text("T | where X == 1\n", encoding="utf-8")
    status, out, err = siftlint("suggest", "a.yml", "b.kql", "--as-filter", "--limit", "4")
    assert status == 0
    assert "only a Sigma rule can have a Sigma filter" in err
    found = SigmaCollection.from_yaml(out)
    assert [type(one) for one in found.filters] == [SigmaFilter]
    assert not sigma.read(Source("f.yml", out)).problems
