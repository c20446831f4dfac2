"""Kinds of exclusion, by authored rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from linter.catalog.kinds import special_network
from linter.catalog.load import Catalog
from linter.rule import Indicator

RULE = """\
title: {title}
id: 00000000-0000-4000-8000-{number:012d}
status: test
level: {level}
{extra}tags: [{tags}]
logsource:
    category: {category}
    product: windows
detection:
    selection:
{selection}
    {label}:
{excluded}
    condition: selection and not {label}
"""


def rule(
    title: str, selection: str, excluded: str, label: str = "filter_main", tags: str = "attack.t1204", level: str = "high",
    category: str = "process_creation", number: int = 1, extra: str = "",
) -> str:  # fmt: skip
    def block(text: str) -> str:
        return "\n".join(f"        {line}" for line in text.split("\n"))

    return RULE.format(
        title=title, number=number, level=level, tags=tags, category=category, label=label, extra=extra,
        selection=block(selection), excluded=block(excluded),
    )  # fmt: skip


def kinds(catalog: Catalog, title: str) -> set[str]:
    (found,) = [one for one in catalog.every_rule() if one.title == title]
    return {leaf.kind for leaf in found.excluded}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (rule("Tool Spawned By Updater", "Image|endswith: '\\tool.exe'", "ParentImage|endswith: '\\updater.exe'"), "benign"),
        (
            rule(
                "Svchost From Elsewhere", "Image|endswith: '\\svchost.exe'", "Image|startswith: 'C:\\Windows\\System32\\'",
                tags="attack.t1036.005",
            ),
            "definitional",
        ),
        (rule("Renamed Tool", "OriginalFileName: tool.exe", "Image|endswith: '\\tool.exe'"), "definitional"),
        (
            rule("Uncommon Parent Of Tool", "Image|endswith: '\\tool.exe'", "ParentImage|endswith: '\\services.exe'"),
            "definitional",
        ),
        (
            rule(
                "Tool Talks To The Outside", "Image|endswith: '\\tool.exe'",
                "DestinationIp|cidr:\n    - 10.0.0.0/8\n    - 172.16.0.0/12\n    - 192.168.0.0/16",
                category="network_connection",
            ),
            "definitional",
        ),
        (
            rule("Tool Talks", "Image|endswith: '\\tool.exe'", "DestinationIp: 127.0.0.1", category="network_connection"),
            "benign",
        ),
        (rule("Tool", "Image|endswith: '\\tool.exe'", "User|expand: '%admins%'"), "list"),
        (
            rule("Uncommon Port Of Tool", "Image|endswith: '\\t.exe'", "DestinationPort: 443", category="network_connection"),
            "definitional",
        ),
        (
            rule("Library Side-Loading", "ImageLoaded|endswith: '\\lib.dll'",
                 "ImageLoaded|startswith: 'C:\\Windows\\System32\\'",
                 category="image_load"),
            "definitional",
        ),
        (
            rule("Library Side-Loading", "ImageLoaded|endswith: '\\lib.dll'", "Image|startswith: 'C:\\Program Files\\Suite\\'",
                 label="filter_optional_suite", category="image_load"),
            "benign",
        ),
    ],
)  # fmt: skip
def test_kinds(text: str, kind: str, built: Callable[[dict[str, str]], Catalog]) -> None:
    catalog = built({"rules/a.yml": text})
    (one,) = catalog.every_rule()
    assert {leaf.kind for leaf in one.excluded} == {kind}


def test_what_a_rule_that_is_named_looks_for_is_delegated(built: Callable[[dict[str, str]], Catalog]) -> None:
    other = rule("Loud Flag", "Image|endswith: '\\tool.exe'\nCommandLine|contains: '-loud'", "User: x", number=2)
    this = rule(
        "Any Flag", "Image|endswith: '\\tool.exe'", "CommandLine|contains: '-loud'",
        extra="related:\n    - id: 00000000-0000-4000-8000-000000000002\n      type: similar\n",
    )  # fmt: skip
    assert kinds(built({"rules/a.yml": this, "rules/b.yml": other}), "Any Flag") == {"delegated"}


def test_what_a_serious_rule_on_the_same_events_looks_for_is_delegated(built: Callable[[dict[str, str]], Catalog]) -> None:
    flags = "CommandLine|contains:\n    - '-loud'\n    - '-louder'\n    - '-loudest'"
    this = rule("Any Flag", "Image|endswith: '\\tool.exe'", flags)
    for level, kind in (("high", "delegated"), ("low", "benign")):
        other = rule("Loud Flags", f"Image|endswith: '\\tool.exe'\n{flags}", "User: x", number=2, level=level)
        assert kinds(built({"rules/a.yml": this, "rules/b.yml": other}), "Any Flag") == {kind}


@pytest.mark.parametrize(
    ("op", "value", "special"),
    [
        ("cidr", "10.0.0.0/8", True), ("cidr", "13.107.0.0/16", False), ("eq", "::1", True), ("eq", "8.8.8.8", False),
        ("cidr", "192.31.196.0/24", True), ("eq", "1.exe", False), ("contains", "10.0.0.1", False),
        ("eq", "fe80::1%eth0", True),
    ],
)  # fmt: skip
def test_networks_that_are_nobodys(op: str, value: str, special: bool) -> None:
    assert special_network(Indicator("DestinationIp", op, value)) is special
