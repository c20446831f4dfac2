import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linter import logic
from linter.dialects import yaral
from linter.discover import recognise
from linter.rule import Reading
from linter.source import Source
from tests.shared import SHARED, needs_shared

TEXT = """
rule admin_share_write {
  meta:
    author = "Us"
    description = "Writes to an administrative share"
    rule_id = "ours_1"
    rule_name = "Administrative share written"
    severity = "High"
    platform = "Windows, EDR"
    type = "hunt"
    data_source = "microsoft windows events, sysmon"
    mitre_attack_tactic = "Lateral Movement"
    mitre_attack_url = "https://attack.mitre.org/versions/v14/techniques/T1021/002/"
    sigma_uuid = "0d5c0dc6-6b48-4f45-a4d1-4c9a9b8f0b6e"
    false_positives = "Deployment tools"

  events:
    $e.metadata.event_type = "FILE_CREATION"
    $e.target.file.full_path = /\\\\ADMIN\\$\\\\/ nocase
    not $e.principal.user.userid in %deployers  // ours
    $u.graph.entity.user.userid = "x"

  match:
    $host over 5m

  condition:
    $e and $u
}
"""


def read(text: str) -> Reading:
    return yaral.read(Source("a/b.yaral", text))


def test_a_rule_with_all_its_metadata() -> None:
    reading = read(TEXT)
    assert reading.problems == ()
    (rule,) = reading.rules
    assert (rule.path, rule.dialect, rule.vendor, rule.id) == ("a/b.yaral", "yaral", "yaral", "ours_1")
    assert (rule.title, rule.author, rule.level, rule.platforms) == (
        "Administrative share written", "Us", "high", ("windows", "edr"),
    )  # fmt: skip
    assert rule.tags == ("type.hunt", "threat-hunting")
    assert [(each.id, each.kind) for each in rule.related] == [("0d5c0dc6-6b48-4f45-a4d1-4c9a9b8f0b6e", "derived")]
    assert rule.false_positives == ("Deployment tools",)
    assert [(each.id, each.original, TEXT[each.start : each.end]) for each in rule.techniques] == [
        ("T1021.002", "T1021.002", "T1021/002"),
    ]  # fmt: skip
    assert TEXT[rule.start : rule.end] == "admin_share_write"
    assert [(each.name, each.negated) for each in rule.lists] == [("%deployers", True)]
    assert len(rule.trees) == 2
    places = {name: TEXT[start:end] for name, start, end in rule.anchors}
    assert places["query"].startswith("$e.metadata")
    assert places["events:$u"] == '$u.graph.entity.user.userid = "x"'
    assert places["events:$e"].endswith("in %deployers")
    assert places["condition"] == "$e and $u"
    assert "meta" in places


def test_predicates_stand_where_they_are_written() -> None:
    (rule,) = read(TEXT).rules
    found = {TEXT[each.start : each.end]: each for each in rule.predicates()}
    regex = found["$e.target.file.full_path = /\\\\ADMIN\\$\\\\/ nocase"]
    assert (regex.field, regex.op, regex.value, regex.cased) == ("target.file.full_path", "re", "\\\\ADMIN\\$\\\\", False)
    listed = found["$e.principal.user.userid in %deployers"]
    assert listed.negated
    assert listed.listed
    assert not logic.exclusions(rule) or all(part.listed for clause in logic.exclusions(rule) for part in clause.parts)


@pytest.mark.parametrize(
    ("meta", "outcome", "expected"),
    [
        ('technique = "T1003.001"', "", ["T1003.001"]),
        (
            'technique = "t1003"\n mitre_attack_url = "https://attack.mitre.org/techniques/T1003/001/"',
            "",
            ["T1003", "T1003.001"],
        ),
        ('mitre = "credential_access, t1003, s0005, TA0006, car.2013-02-003, t1078.004"', "", ["T1003", "T1078.004"]),
        ('mitre_attack_technique = "Valid Accounts"', '$mitre_attack_technique_id = "T1078"', ["T1078"]),
        ('technique = "T1003"', '$mitre_attack_technique_id = "T1078"', ["T1003"]),
        ('reference = "https://attack.mitre.org/techniques/T1003"', "", ["T1003"]),
        ('reference = "https://example.com/T1003"\n description = "T1078 and T10781"', "", []),
        ('technique = "none"', "", []),
    ],
)
def test_techniques_by_the_habits_of_authors(meta: str, outcome: str, expected: list[str]) -> None:
    more = f"outcome:\n {outcome}" if outcome else ""
    text = f'rule x {{\n meta:\n {meta}\n events:\n $e.a.b = "c"\n {more}\n condition:\n $e\n}}'
    (rule,) = read(text).rules
    assert [technique.original.upper() for technique in rule.techniques] == expected


def test_a_rule_without_metadata_is_named_by_its_name() -> None:
    (rule,) = read('rule plain { events: $e.metadata.event_type = "X" condition: $e }').rules
    assert (rule.id, rule.title, rule.key) == ("", "plain", "yaral:a/b.yaral#plain")


def test_a_faulty_rule_is_a_problem_with_its_name_and_the_others_are_read() -> None:
    reading = read(TEXT.replace("in %deployers", "in deployers") + 'rule two { events: $e.a.b = "c" condition: $e }')
    assert [rule.title for rule in reading.rules] == ["two"]
    (problem,) = reading.problems
    assert (problem.rule_id, problem.title) == ("ours_1", "Administrative share written")
    assert "reference list" in problem.message
    assert problem.start == TEXT.index("%deployers")


def test_a_text_without_rules_is_a_problem() -> None:
    for text in ("", "// nothing\n"):
        (problem,) = read(text).problems
        assert problem.message.startswith("no rule")


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        (TEXT, True),
        (TEXT.replace("\n", "\r\n"), True),
        ("rule x\n{\n  events :\n}", True),
        ("/* licence */ rule x { meta: events: $e.udm.x = 1 condition: $e }", True),
        ('rule x { condition: $e.metadata.event_type = "x" }', True),
        ('rule x {\n strings:\n $a = "$x.principal.ip"\n condition:\n $a\n}', False),
        ("rule x { condition: uint16(0) == 0x5A4D }", False),
        ("title: x\nrule: y\nevents:\n  - z\n", False),
        ("a rule of thumb {\n events: \n}", False),
        ("", False),
    ],
)
def test_recognised_by_content(text: str, yes: bool) -> None:
    assert yaral.recognises(Source("x", text)) is yes
    assert (recognise(Source("x", text)) == "yaral") is yes


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120), st.integers(0, len(TEXT)), st.integers(0, 40))
def test_damaged_text_never_raises(text: str, at: int, cut: int) -> None:
    damaged = TEXT[:at] + text + TEXT[at + cut :]
    for problem in read(damaged).problems:
        assert 0 <= problem.start <= problem.end <= len(damaged) + 1


@needs_shared
def test_the_community_rules() -> None:
    files = sorted((SHARED / "corpora" / "2026-08" / "yaral" / "rules" / "community").rglob("*.yaral"))
    sources = [Source(file.as_posix(), file.read_text(encoding="utf-8")) for file in files]
    assert {recognise(source) for source in sources} == {"yaral"}
    rules = [rule for source in sources for rule in yaral.read(source).rules]
    assert len(rules) == 348
    assert sum(bool(rule.techniques) for rule in rules) >= 262
    assert sum(any("." in each.original for each in rule.techniques) for rule in rules) >= 141
    assert sum(bool(rule.id) for rule in rules) == 346


def test_an_empty_rule_is_a_problem() -> None:
    reading = yaral.read(Source("a.yaral", "rule a {}\nrule b { events: }\n"))
    assert [problem.message for problem in reading.problems] == ["rule a has no events", "rule b has no events"]


def test_faulty_metadata_is_a_fault_of_its_rule() -> None:
    text = TEXT.replace('severity = "High"', 'severity = "High" "or so"')
    (rule,) = read(text).rules
    assert rule.level == "high"
    assert [(fault.code, text[fault.start : fault.end]) for fault in rule.faults] == [("meta-syntax", '"or so"')]


def test_a_rule_of_stages_is_recognised() -> None:
    text = 'rule a {\n  stage s {\n    metadata.event_type = "USER_LOGIN"\n  }\n  condition:\n    $s\n}\n'
    assert recognise(Source("a.yaral", text)) == "yaral"
    assert [predicate.value for predicate in read(text).rules[0].predicates()] == ["USER_LOGIN"]
