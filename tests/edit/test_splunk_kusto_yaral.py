"""An exclusion more in Splunk's, Kusto's and YARA-L's rules."""

from __future__ import annotations

import pytest

from linter.dialects.edit.base import Refused
from linter.finding import AddExclusion, AddTag
from tests.edit.tools import changes, edited
from tests.rules import KUSTO, SPLUNK, YARAL

# Splunk


def search(text: str, intent: AddExclusion, quotes: str = "'") -> str:
    written = {"'": "'" + text.replace("'", "''") + "'", "|": "|\n  " + text, ">": ">\n  " + text, "": text}[quotes]
    rule = f"name: x\nid: r\ntype: TTP\nsearch: {written}\ntags:\n  mitre_attack_id: [T1105]\n"
    fix, new = edited(rule, intent, "splunk")
    assert fix.applicability == "unsafe"
    return new


@pytest.mark.parametrize("quotes", ["'", "|", ">", ""])
def test_the_first_filter(quotes: str) -> None:
    intent = AddExclusion("user", "endswith", "$")
    assert 'index=a EventCode=1 NOT user="*$" | stats count' in search(
        "index=a EventCode=1 | stats count by user", intent, quotes
    )


def test_tstats() -> None:
    model = "| tstats count from datamodel=Endpoint.Processes where {} by Processes.dest | `x_filter`"
    intent = AddExclusion("Processes.process_path", "startswith", "C:\\Agent\\")
    wanted = 'NOT Processes.process_path="C:\\\\Agent\\\\*"'
    assert f"Processes.a=1 {wanted} by" in search(model.format("Processes.a=1"), intent)
    assert f"Processes.a=1 AND Processes.b=2 AND {wanted} by" in search(model.format("Processes.a=1 AND Processes.b=2"), intent)
    assert f"(Processes.a=1 OR Processes.b=2) {wanted} by" in search(model.format("Processes.a=1 OR Processes.b=2"), intent)
    with pytest.raises(Refused, match="data model"):
        search(model.format("Processes.a=1"), AddExclusion("QueryName", "eq", "x"))
    # A field is called as it is where the exclusion goes.
    named = search(model.format("Processes.a=1"), AddExclusion("Image", "startswith", "C:\\Agent\\"))
    assert f"Processes.a=1 {wanted} by" in named
    assert "x=1 NOT Image=" in search(
        "index=a x=1 | stats count by Image", AddExclusion("Processes.process_path", "eq", "C:\\x")
    )
    with pytest.raises(Refused, match="raw events"):
        search("index=a x=1 | stats count", AddExclusion("Processes.process", "eq", "x"))


def test_several_searches_are_refused() -> None:
    with pytest.raises(Refused, match="together"):
        search("index=a x=1 | append [search index=b y=1] | stats count", AddExclusion("user", "eq", "x"))


def test_parts_and_quotes() -> None:
    both = AddExclusion("user", "eq", "it's", (("app", "contains", 'a"b'),))
    assert 'NOT (user="it\'\'s" app="*a\\"b*") |' in search("index=a x=1 | stats count", both)
    with pytest.raises(Refused):
        search("index=a x=1", AddExclusion("user", "null", ""))
    with pytest.raises(Refused, match="quotes"):
        search("index=a x=1 | stats count", AddExclusion("user", "eq", "a: b"), "")


def test_only_the_search_changes() -> None:
    _, new = edited(SPLUNK, AddExclusion("Processes.user", "eq", "SYSTEM"), "splunk")
    assert [line.strip() for line in changes(SPLUNK, new)[1:]] == [
        '+  Processes.process=*urlcache* NOT Processes.user="SYSTEM" by Processes.dest | `download_by_certutil_filter`\''
    ]
    _, new = edited(SPLUNK, AddTag("T1140"), "splunk")
    assert "mitre_attack_id: [T1105, T1140]" in new


# Kusto


def kusto(query: str, intent: AddExclusion, path: str = "a.kql") -> str:
    fix, new = edited(query, intent, "kusto", path)
    assert fix.applicability == "unsafe"
    return new


@pytest.mark.parametrize(
    ("intent", "written"),
    [
        (AddExclusion("FileName", "eq", "a.exe"), 'FileName =~ "a.exe"'),
        (AddExclusion("FolderPath", "startswith", "C:\\a\\"), 'FolderPath startswith @"C:\\a\\"'),
        (AddExclusion("FolderPath", "contains", '\\"x'), 'FolderPath contains @"\\""x"'),
        (AddExclusion("AccountName", "null", ""), "isempty(AccountName)"),
        (AddExclusion("RemoteIP", "cidr", "10.0.0.0/8"), 'ipv4_is_in_range(RemoteIP, "10.0.0.0/8")'),
        (AddExclusion("RemotePort", "eq", "443"), "RemotePort == 443"),
        (AddExclusion("A", "eq", "x", (("B", "endswith", "y"),)), 'A =~ "x" and B endswith "y"'),
    ],
)
def test_a_line_more(intent: AddExclusion, written: str) -> None:
    query = 'T\n    | where FileName =~ "b.exe" // why\n    | summarize count() by DeviceName\n'
    assert kusto(query, intent) == query.replace("// why\n", f"// why\n    | where not({written})\n")


def test_layouts_of_kusto() -> None:
    intent = AddExclusion("FileName", "eq", "a")
    assert kusto("T | where X == 1 | take 5", intent) == 'T | where X == 1 | where not(FileName =~ "a") | take 5'
    assert kusto("T\n| where X == 1\r\n| take 5", intent).startswith(
        'T\n| where X == 1\r\n| where not(FileName =~ "a")\r\n| take'
    )
    _, new = edited(KUSTO, intent, "kusto", "a.yaml")
    assert changes(KUSTO, new) == ['+  | where not(FileName =~ "a")']
    with pytest.raises(Refused, match="several tables"):
        kusto("A | where X == 1 | join (B | where Y == 2) on Z", AddExclusion("Q", "eq", "a"))
    got = kusto("A | where X == 1 | join (B | where Y == 2) on Z", AddExclusion("Y", "eq", "a"))
    assert 'B | where Y == 2 | where not(Y =~ "a")) on Z' in got
    # A column is looked up in the tables that are known.
    query = "DeviceProcessEvents | where X == 1 | join (DeviceNetworkEvents | where Y == 2) on Z"
    assert 'Y == 2 | where not(RemoteUrl =~ "a")) on Z' in kusto(query, AddExclusion("RemoteUrl", "eq", "a"))
    got = kusto("DeviceProcessEvents | where X == 1", AddExclusion("NewProcessName", "startswith", "C:\\a\\"))
    assert 'where not(FolderPath startswith @"C:\\a\\")' in got
    with pytest.raises(Refused, match="column"):
        kusto(query, AddExclusion("ActorDisplayName", "eq", "a"))
    _, new = edited(KUSTO, AddTag("T1140"), "kusto", "a.yaml")
    assert "relevantTechniques: [T1105, T1140]" in new


# YARA-L


@pytest.mark.parametrize(
    ("intent", "written"),
    [
        (AddExclusion("principal.hostname", "eq", "a\\b"), '$e.principal.hostname = "a\\\\b" nocase'),
        (
            AddExclusion("target.file.full_path", "endswith", "\\x.exe"),
            "re.regex($e.target.file.full_path, `\\\\x\\.exe$`) nocase",
        ),
        (AddExclusion("principal.ip", "cidr", "10.0.0.0/8"), 'net.ip_in_range_cidr($e.principal.ip, "10.0.0.0/8")'),
        (AddExclusion("principal.ip", "null", ""), '$e.principal.ip = ""'),
        (
            AddExclusion("principal.hostname", "eq", "a", (("principal.ip", "eq", "1.1.1.1"),)),
            '($e.principal.hostname = "a" nocase and $e.principal.ip = "1.1.1.1" nocase)',
        ),
    ],
)
def test_a_statement_more(intent: AddExclusion, written: str) -> None:
    fix, new = edited(YARAL, intent, "yaral", "a.yaral")
    assert fix.applicability == "unsafe"
    assert changes(YARAL, new) == [f"+    not {written}"]


def test_the_event_that_is_meant() -> None:
    text = (
        'rule x {\n  events:\n    $a.metadata.event_type = "A"\n    $a.principal.ip = "1"\n    $b.metadata.event_type = "B"\n'
        '    $b.target.ip = "2"\n  condition:\n    $a and $b\n}\n'
    )
    _, new = edited(text, AddExclusion("target.ip", "eq", "3"), "yaral", "a.yaral")
    assert changes(text, new) == ['+    not $b.target.ip = "3" nocase']
    with pytest.raises(Refused):
        edited(text, AddExclusion("src.ip", "eq", "3"), "yaral", "a.yaral")
