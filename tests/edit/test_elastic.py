"""An exclusion more in an Elastic rule: in the query's own language, in the file's own quotes."""

from __future__ import annotations

import json

import pytest

from linter.dialects.edit.base import Refused
from linter.dialects.edit.proof import Unproven
from linter.finding import AddExclusion, AddTag, ReplaceTag
from tests.edit.tools import changes, edited
from tests.rules import ELASTIC

PATH = "a.toml"
FOLDER = AddExclusion("process.executable", "startswith", "C:\\Program Files\\Acme\\")
NAME = AddExclusion("process.parent.name", "eq", "svchost.exe")


def rule(query: str, language: str = "eql", quotes: str = "'''") -> str:
    kind = {"eql": "eql", "esql": "esql"}.get(language, "query")
    head = f'[rule]\nname = "x"\nrule_id = "r"\nseverity = "low"\nlanguage = "{language}"\ntype = "{kind}"\n'
    return f"{head}query = {quotes}{query}{quotes}\n"


def query_of(text: str) -> str:
    import tomllib

    return str(tomllib.loads(text)["rule"]["query"])


def after(query: str, intent: AddExclusion = NAME, language: str = "eql", quotes: str = "'''") -> str:
    text = rule(query, language, quotes)
    fix, new = edited(text, intent, "elastic", PATH)
    assert fix.applicability == "unsafe"
    return query_of(new)


@pytest.mark.parametrize(
    ("query", "extended"),
    [
        (
            'process where process.name : "a"',
            'process where process.name : "a" and not process.parent.name : "svchost.exe"',
        ),
        (
            'process where process.name : "a" or process.name : "b"',
            'process where (process.name : "a" or process.name : "b") and not process.parent.name : "svchost.exe"',
        ),
        (
            'process where process.name : "a" | head 5',
            'process where process.name : "a" and not process.parent.name : "svchost.exe" | head 5',
        ),
        (
            '\nprocess where a.b == 4 and\n  process.name : "a" // why\n',
            '\nprocess where a.b == 4 and\n  process.name : "a" and // why\n  not process.parent.name : "svchost.exe"\n',
        ),
        (
            '\nprocess where host.os.type == "x"\n  and process.name : "a"\n',
            '\nprocess where host.os.type == "x"\n  and process.name : "a"\n  and not process.parent.name : "svchost.exe"\n',
        ),
    ],
)
def test_eql(query: str, extended: str) -> None:
    assert after(query) == extended.removeprefix("\n")


@pytest.mark.parametrize("quotes", ["'''", '"""', '"'])
def test_backslashes_in_each_kind_of_quotes(quotes: str) -> None:
    query = "process where process.pid == 4"
    assert after(query, FOLDER, quotes=quotes) == query + ' and not process.executable : "C:\\\\Program Files\\\\Acme\\\\*"'


@pytest.mark.parametrize(
    ("intent", "written"),
    [
        (AddExclusion("process.name", "null", ""), "process.name == null"),
        (AddExclusion("process.args", "contains", 'say "x"'), 'process.args : "*say \\"x\\"*"'),
        (AddExclusion("destination.ip", "cidr", "10.0.0.0/8"), 'cidrMatch(destination.ip, "10.0.0.0/8")'),
        (AddExclusion("destination.port", "eq", "443"), "destination.port == 443"),
        (AddExclusion("process.name", "re", "a.*b"), 'process.name regex~ "a.*b"'),
        (AddExclusion("a.b", "eq", "x", (("a.c", "endswith", "y"),)), '(a.b : "x" and a.c : "*y")'),
    ],
)
def test_comparisons_of_eql(intent: AddExclusion, written: str) -> None:
    assert after("process where process.pid == 4", intent) == f"process where process.pid == 4 and not {written}"


def test_kuery() -> None:
    assert after("process.name:a", NAME, "kuery") == "process.name:a and not process.parent.name:svchost.exe"
    assert after("process.name : a or b", NAME, "kuery") == "(process.name : a or b) and not process.parent.name : svchost.exe"
    assert after("a:b", FOLDER, "kuery") == "a:b and not process.executable:C\\:\\\\Program Files\\\\Acme\\\\*"
    assert after("a:b and\n  c:d\n", NAME, "kuery") == "a:b and\n  c:d and\n  not process.parent.name:svchost.exe\n"
    with pytest.raises(Refused):
        after("a:b", AddExclusion("process.name", "null", ""), "kuery")


def test_lucene() -> None:
    assert after("a:b AND c:d", NAME, "lucene") == "a:b AND c:d AND NOT process.parent.name:svchost.exe"
    assert after("a:b c:d", NAME, "lucene") == "(a:b c:d) AND NOT process.parent.name:svchost.exe"


def test_esql() -> None:
    query = "from logs-*\n| where process.pid == 4 // why\n| stats n = count(*) by user.name\n| where n > 5\n"
    assert after(query, NAME, "esql") == query.replace("// why\n", '// why\n| where not process.parent.name == "svchost.exe"\n')
    folder = after(query, FOLDER, "esql")
    assert '| where not starts_with(process.executable, "C:\\\\Program Files\\\\Acme\\\\")' in folder
    contains = after("from x | where a == 1", AddExclusion("b.c", "contains", "\\x\\"), "esql")
    assert contains == 'from x | where a == 1 | where not b.c like "*\\\\\\\\x\\\\\\\\*"'


def test_sequences() -> None:
    query = (
        'sequence by host.id\n [process where process.parent.name : "a" or x.y == 1]\n [file where file.name : "b"] | head 1'
    )
    assert after(query) == query.replace(
        'process.parent.name : "a" or x.y == 1',
        '(process.parent.name : "a" or x.y == 1) and not process.parent.name : "svchost.exe"',
    )
    with pytest.raises(Refused, match="sequence"):
        after(query, FOLDER)


def test_an_export() -> None:
    one = {"rule_id": "r", "name": "x", "type": "query", "language": "kuery", "severity": "low", "query": "a:b\nand c:d"}
    text = json.dumps(one) + "\n" + json.dumps({**one, "rule_id": "s", "name": "y"}) + "\n"
    _, new = edited(text, FOLDER, "elastic", "a.ndjson", at=1)
    first, second = new.splitlines()
    assert json.loads(first) == one
    assert json.loads(second)["query"] == "a:b\nand c:d\nand not process.executable:C\\:\\\\Program Files\\\\Acme\\\\*"


def test_only_the_query_changes() -> None:
    _, new = edited(ELASTIC, NAME, "elastic", PATH)
    assert changes(ELASTIC, new)[1].endswith('and not process.parent.name : "svchost.exe"')
    assert len(changes(ELASTIC, new)) == 2
    _, crlf = edited(ELASTIC.replace("\n", "\r\n"), NAME, "elastic", PATH)
    assert crlf == new.replace("\n", "\r\n")


def test_techniques() -> None:
    threat = (
        '[[rule.threat]]\nframework = "MITRE ATT&CK"\n[[rule.threat.technique]]\nid = "T1070"\nname = "Indicator Removal"\n'
        'reference = "https://attack.mitre.org/techniques/T1070/"\n'
    )
    text = rule("process where true") + threat
    at = text.index("T1070")
    fix, new = edited(text, ReplaceTag("T1070", "T1105", at, at + 5), "elastic", PATH)
    assert fix.applicability == "safe"
    assert changes(text, new)[3:] == [
        '+id = "T1105"',
        '+name = "Ingress Tool Transfer"',
        '+reference = "https://attack.mitre.org/techniques/T1105/"',
    ]
    for intent in (ReplaceTag("T1070", "T1059.001", at, at + 5), AddTag("T1059")):
        from linter.dialects import elastic
        from linter.dialects.edit import registry
        from linter.source import Source

        source = Source(PATH, text)
        shown = registry.fix(source, elastic.read(source).rules[0], intent)
        assert (shown.applicability, shown.edits) == ("display", ())


def test_a_value_that_does_not_fit() -> None:
    with pytest.raises((Refused, Unproven)):
        after("process where true", AddExclusion("a.b", "eq", "x'''y"))
