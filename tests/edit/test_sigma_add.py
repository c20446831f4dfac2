"""An exclusion more in a Sigma rule: the filter, the condition, and nothing else."""

from __future__ import annotations

import pytest

from linter.dialects.edit.base import Refused
from linter.dialects.edit.proof import Unproven
from linter.finding import AddExclusion
from tests.edit.tools import changes, edited

HEAD = """\
title: Download by certutil
id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0001
logsource:
    category: process_creation
    product: windows
detection:
"""
SELECTION = "    selection:\n        Image|endswith: '\\certutil.exe'\n"
PARENT = AddExclusion("ParentImage", "endswith", "\\svchost.exe")


def add(detection: str, intent: AddExclusion = PARENT) -> list[str]:
    text = HEAD + detection
    return changes(text, edited(text, intent)[1])


def filter_of(intent: AddExclusion) -> list[str]:
    """The lines below the name of the filter that an intent becomes."""
    return [line[1:] for line in add(SELECTION + "    condition: selection\n", intent) if line[0] == "+"][1:-1]


def test_a_first_filter() -> None:
    assert add(SELECTION + "    condition: selection\nlevel: high\n") == [
        "-    condition: selection",
        "+    filter_main_svchost:",
        "+        ParentImage|endswith: '\\svchost.exe'",
        "+    condition: selection and not 1 of filter_main_*",
    ]


@pytest.mark.parametrize(
    ("condition", "extended"),
    [
        ("selection or other", "(selection or other) and not 1 of filter_main_*"),
        ("selection and other", "selection and other and not 1 of filter_main_*"),
        ("not selection or other", "(not selection or other) and not 1 of filter_main_*"),
        ("(selection or other)", "(selection or other) and not 1 of filter_main_*"),
        ("selection and (other or selection)", "selection and (other or selection) and not 1 of filter_main_*"),
        ("'selection'  # why", "'selection and not 1 of filter_main_*'  # why"),
        ("[selection, other]", "[selection and not 1 of filter_main_*, other and not 1 of filter_main_*]"),
        ("1 of selection* or other", "(1 of selection* or other) and not 1 of filter_main_*"),
    ],
)
def test_conditions(condition: str, extended: str) -> None:
    other = "    other:\n        User: a\n"
    got = add(f"{SELECTION}{other}    condition: {condition}\n")
    assert (got[0], got[-1], len(got)) == (f"-    condition: {condition}", f"+    condition: {extended}", 4)


@pytest.mark.parametrize(
    ("filters", "condition", "name", "extended"),
    [
        (("filter_main_a",), "selection and not 1 of filter_main_*", "filter_main_svchost", ""),
        (("filter_a", "filter_b"), "selection and not 1 of filter_*", "filter_svchost", ""),
        (("filter",), "selection and not filter", "filter_svchost", "selection and not 1 of filter*"),
        (("filter1", "filter2"), "selection and not 1 of filter*", "filter3", ""),
        (("filter1",), "selection and not filter1", "filter2", "selection and not filter1 and not filter2"),
        (("filter_null",), "selection and not filter_null", "filter_svchost", "selection and not 1 of filter_*"),
        (
            ("filter_a", "filter_b"),
            "selection and not filter_a and not filter_b",
            "filter_svchost",
            "selection and not filter_a and not filter_b and not filter_svchost",
        ),
        (
            ("filter_optional_a",),
            "selection and not 1 of filter_optional_*",
            "filter_main_svchost",
            "selection and not 1 of filter_main_* and not 1 of filter_optional_*",
        ),
        (("filter_main_svchost",), "selection and not 1 of filter_main_*", "filter_main_svchost_2", ""),
        (("exclusion",), "selection and not exclusion", "exclusion_svchost", "selection and not 1 of exclusion*"),
        (
            ("filter_a",),
            "selection and not all of filter_*",
            "filter_main_svchost",
            "",
        ),
        (("reg",), "selection and not reg", "filter_main_svchost", "selection and not reg and not 1 of filter_main_*"),
    ],
)  # fmt: skip
def test_the_rules_own_habit(filters: tuple[str, ...], condition: str, name: str, extended: str) -> None:
    body = "".join(f"    {one}:\n        User: {one}\n" for one in filters)
    if "all of" in condition:  # what it covers would have to match together: another name
        got = add(f"{SELECTION}{body}    condition: {condition}\n")
        assert not any("+    filter_" in line for line in got)
        return
    got = add(f"{SELECTION}{body}    condition: {condition}\n")
    assert f"+    {name}:" in got
    assert (got[0], got[-1]) == (f"-    condition: {condition}", f"+    condition: {extended}") or not extended
    assert len(got) == (4 if extended else 2)


def test_them_becomes_the_selections_pattern() -> None:
    body = "    sel_a:\n        User: a\n    sel_b:\n        User: b\n    condition: 1 of them\n"
    assert add(body)[-1] == "+    condition: 1 of sel_* and not 1 of filter_main_*"
    with pytest.raises(Refused, match="them"):
        add("    a:\n        User: a\n    b:\n        User: b\n    condition: all of them\n")


def test_software_that_not_everybody_has_is_optional() -> None:
    got = add(SELECTION + "    condition: selection\n", AddExclusion("Image", "endswith", "\\Google\\Chrome\\chrome.exe"))
    assert got[1] == "+    filter_optional_chrome:"
    assert got[-1] == "+    condition: selection and not 1 of filter_optional_*"


def test_a_value_joins_a_list_that_stands_alone() -> None:
    body = "    filter_main_generic:\n        ParentImage|endswith:\n            - '\\a.exe'\n            - '\\b.exe'  # b\n"
    assert add(f"{SELECTION}{body}    condition: selection and not 1 of filter_main_*\n") == ["+            - '\\svchost.exe'"]
    # A list that is about one product, has more conditions, or is used elsewhere is left alone.
    for old, new in (
        ("filter_main_generic", "filter_main_acme"),
        ("ParentImage|endswith:", "User: x\n        ParentImage|endswith:"),
        ("selection and not 1 of", "selection and filter_main_generic or not 1 of"),
        ("ParentImage|endswith:", "ParentImage|endswith|all:"),
    ):
        text = f"{SELECTION}{body}    condition: selection and not 1 of filter_main_*\n".replace(old, new)
        assert any("filter_" in line and line.startswith("+") for line in add(text))


@pytest.mark.parametrize(
    ("intent", "lines"),
    [
        (AddExclusion("User", "eq", "O'Brien"), ["        User: 'O''Brien'"]),
        (AddExclusion("EventID", "eq", "4688"), ["        EventID: 4688"]),
        (AddExclusion("GrantedAccess", "eq", "0x1000"), ["        GrantedAccess: '0x1000'"]),
        (AddExclusion("CommandLine", "null", ""), ["        CommandLine: null"]),
        (AddExclusion("CommandLine", "eq", ""), ["        CommandLine: ''"]),
        (AddExclusion("CommandLine", "contains", "a*b?"), ["        CommandLine|contains: 'a\\*b\\?'"]),
        (AddExclusion("Image", "startswith", "\\\\server\\share"), ["        Image|startswith: '\\\\\\\\server\\share'"]),
        (AddExclusion("Image", "like", "C:\\Users\\*\\x.exe"), ["        Image: 'C:\\Users\\\\*\\x.exe'"]),
        (AddExclusion("Image", "re", "^a.*b$"), ["        Image|re: '^a.*b$'"]),
        (AddExclusion("DestinationIp", "cidr", "10.0.0.0/8"), ["        DestinationIp|cidr: '10.0.0.0/8'"]),
        (AddExclusion("User", "eq", "a\tb"), ['        User: "a\\tb"']),
        (AddExclusion("cs(User-Agent)", "eq", "x"), ["        cs(User-Agent): 'x'"]),
        (
            AddExclusion("Image", "endswith", "\\a.exe", (("User", "contains", "AUTHORI"),)),
            ["        Image|endswith: '\\a.exe'", "        User|contains: 'AUTHORI'"],
        ),
        (
            AddExclusion("CommandLine", "contains", "a", (("CommandLine", "contains", "b"),)),
            ["        CommandLine|contains|all:", "            - 'a'", "            - 'b'"],
        ),
    ],
)
def test_values(intent: AddExclusion, lines: list[str]) -> None:
    assert filter_of(intent) == lines


def test_quotes_and_indentation_are_the_files_own() -> None:
    body = (
        '  sel:\n    Image|endswith: "\\\\a.exe"\n    User: "b"\n\n  filter_x:\n    - Image: "c"\n\n'
        "  condition: sel and not 1 of filter_*\n"
    )
    assert sorted(add(body)) == ["+", '+    ParentImage|endswith: "\\\\svchost.exe"', "+  filter_svchost:"]


def test_flow_and_json() -> None:
    text = HEAD.replace("detection:\n", "detection: {selection: {Image: a}, condition: selection}\n")
    _, new = edited(text, PARENT)
    assert (
        "{selection: {Image: a}, filter_main_svchost: {ParentImage|endswith: '\\svchost.exe'}, condition: selection and" in new
    )
    text = '{"title": "x", "logsource": {"category": "process_creation"}, "detection": {"a": {"User": "b"}, "condition": "a"}}'
    _, new = edited(text, PARENT, path="a.json")
    assert '"filter_main_svchost": {"ParentImage|endswith": "\\\\svchost.exe"}, "condition": "a and not' in new


def test_comments_stay_where_they_are() -> None:
    body = (
        "    selection:  # s\n        Image: a  # a\n        # more of a\n\n    # about the condition\n"
        "    condition: selection  # c\n\n# end\n"
    )
    assert add(body) == [
        "-    condition: selection  # c",
        "+    filter_main_svchost:",
        "+        ParentImage|endswith: '\\svchost.exe'",
        "+    condition: selection and not 1 of filter_main_*  # c",
    ]
    _, new = edited(HEAD + body, PARENT)
    assert "        # more of a\n    filter_main_svchost:\n" in new
    assert "\n\n    # about the condition\n    condition:" in new


def test_a_condition_over_several_lines() -> None:
    body = "    selection:\n        Image: a\n    condition: >\n        selection\n        or selection\n"
    got = add(body)
    assert got[:2] + got[-2:] == [
        "-        selection",
        "-        or selection",
        "+        (selection",
        "+        or selection) and not 1 of filter_main_*",
    ]


def test_without_a_last_line_end_and_with_crlf() -> None:
    text = (HEAD + "    condition: selection\n" + SELECTION).rstrip("\n").replace("\n", "\r\n")
    _, new = edited(text, PARENT)
    assert new.endswith("\\certutil.exe'\r\n    filter_main_svchost:\r\n        ParentImage|endswith: '\\svchost.exe'")
    assert new.count("\n") == new.count("\r\n")


@pytest.mark.parametrize(
    ("detection", "why"),
    [
        (SELECTION + "    condition: selection | count() > 5\n", "aggregation"),
        (f"{SELECTION}    fp:\n        ParentImage|endswith: '\\svchost.exe'\n    condition: selection and not fp\n", "alre"),
        ("    selection: &x\n        Image: a\n    other: *x\n    condition: &c selection\n", ""),
    ],
)  # fmt: skip
def test_what_is_refused(detection: str, why: str) -> None:
    if not why:
        assert "+    filter_main_svchost:" in add(detection)
        return
    with pytest.raises(Refused, match=why):
        add(detection)


def test_a_detection_in_several_documents_is_refused() -> None:
    text = (
        "action: global\ntitle: x\nlogsource: {product: windows}\ndetection:\n    condition: selection\n---\n"
        "detection:\n    selection:\n        Image: a\n---\ndetection:\n    selection:\n        Image: b\n"
    )
    with pytest.raises((Refused, Unproven)):
        edited(text, PARENT)


def test_one_rule_of_several_in_a_file() -> None:
    text = "\n---\n".join(HEAD.replace("0001", f"000{number}") + SELECTION + "    condition: selection" for number in (1, 2, 3))
    _, new = edited(text, PARENT, at=1)
    first, second, third = new.split("\n---\n")
    assert first in text
    assert third in text
    assert "filter_main_svchost" in second
