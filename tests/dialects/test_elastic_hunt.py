from linter.dialects import elastic
from linter.discover import recognise
from linter.source import Source

HUNT = """\
[hunt]
author = "Us"
uuid = "0b7c2c60-5d1d-4a0e-9f6e-5a0d8f0c1b22"
name = "Shares written to by scripts"
integration = ["endpoint"]
language = ["ES|QL", "EQL", "SQL"]
license = "none"
notes = ["Look at the parent."]
mitre = ["T1021.002", "not one"]
query = ['''
from logs-*
| where process.name == "wscript.exe" and not user.name == "deploy"
| enrich admins on user.name with rank
''',
'''
// a comment first
process where process.name : "cscript.exe"
''',
'''sql
SELECT path FROM file WHERE path LIKE "/tmp/%"
''',
'''sql
from other-* | where a == "b"
''']
"""


def test_a_hunt_is_a_rule_with_a_tree_a_query() -> None:
    source = Source("hunting/windows/queries/a.toml", HUNT)
    assert recognise(source) == "elastic"
    reading = elastic.read(source)
    assert reading.problems == ()
    (rule,) = reading.rules
    assert (rule.id, rule.title, rule.author) == ("0b7c2c60-5d1d-4a0e-9f6e-5a0d8f0c1b22", "Shares written to by scripts", "Us")
    assert [(each.id, HUNT[each.start : each.end]) for each in rule.techniques] == [("T1021.002", "T1021.002")]
    assert "threat-hunting" in rule.tags
    assert [(p.field, p.value, p.negated, source.position(p.start).line) for p in rule.predicates()] == [
        ("process.name", "wscript.exe", False, 12), ("user.name", "deploy", True, 12),
        ("process.name", "cscript.exe", False, 17), ("a", "b", False, 23),
    ]  # fmt: skip
    assert [(each.name, source.position(each.start).line) for each in rule.lists] == [("admins", 13)]


def test_a_faulty_query_is_a_problem_at_its_place() -> None:
    source = Source("a.toml", HUNT.replace(': "cscript.exe"', ':: "cscript.exe"'))
    (problem,) = elastic.read(source).problems
    assert (source.position(problem.start).line, problem.title) == (17, "Shares written to by scripts")


def test_a_hunt_for_osquery_alone_has_no_predicates() -> None:
    text = '[hunt]\nname = "x"\nlanguage = ["SQL"]\nquery = ["select * from users"]\n'
    (rule,) = elastic.read(Source("a.toml", text)).rules
    assert list(rule.predicates()) == []
    for empty in ("", "query = 7\n", "query = []\n", 'query = [""]\n', "query = [1, 2]\n"):
        reading = elastic.read(Source("a.toml", f'[hunt]\nname = "x"\n{empty}'))
        assert [problem.message for problem in reading.problems] == ["the hunt has no query"]
