import json
from typing import Any

from linter.dialects import elastic
from linter.rule import Reading
from linter.source import Source

RULE: dict[str, Any] = {
    "id": "x", "rule_id": "r1", "name": "One", "type": "eql", "language": "eql", "risk_score": 21, "severity": "low",
    "index": ["logs-*"],
    "query": 'process where\n a : "C:\\\\x" and not b == "caf\u00e9 \U0001f4a9"', "tags": ["OS: Linux"],
    "threat": [{"technique": [{"id": "T1021", "subtechnique": [{"id": "T1021.002"}]}]}],
    "exceptions_list": [{"id": "e", "list_id": "mine", "type": "detection"}],
    "filters": [{"meta": {"negate": True}, "query": {"match_phrase": {"c": "d"}}}],
}  # fmt: skip
ML = {"rule_id": "r2", "name": "Two", "type": "machine_learning", "machine_learning_job_id": "j", "risk_score": 1}
SUMMARY = {"exported_count": 2, "exported_rules_count": 2}
EXCEPTION = {"list_id": "mine", "item_id": "i", "type": "simple", "entries": []}


def read(text: str, path: str = "export.ndjson") -> tuple[Source, Reading]:
    source = Source(path, text)
    assert elastic.recognises(source)
    return source, elastic.read(source)


def check(source: Source, reading: Reading) -> None:
    assert reading.problems == ()
    made = reading.rules[0]
    assert (made.id, made.title, made.platforms, [item.name for item in made.lists]) == ("r1", "One", ("linux",), ["mine"])
    assert source.text[made.start : made.end] == "One"
    assert [t.original for t in made.techniques] == ["T1021", "T1021.002"]
    assert [source.text[t.start : t.end] for t in made.techniques] == ["T1021", "T1021.002"]
    assert [(p.field, p.value, p.excluded) for p in made.predicates()] == [
        ("a", "C:\\x", False), ("b", "caf\u00e9 \U0001f4a9", True), ("c", "d", True),
    ]  # fmt: skip
    second = list(made.predicates())[1]
    assert source.text[second.start :].startswith("b == ")
    assert source.position(second.start).line == source.position(made.anchor("query")[0]).line


def test_a_line_a_rule() -> None:
    for ascii_only in (True, False):
        lines = [json.dumps(item, ensure_ascii=ascii_only) for item in (RULE, ML, EXCEPTION, SUMMARY)]
        source, reading = read("\n".join(lines) + "\n")
        check(source, reading)
        assert [(made.id, made.kind) for made in reading.rules] == [("r1", "rule"), ("r2", "ml")]
        assert source.position(reading.rules[1].start).line == 2


def test_one_document_and_an_array_of_them() -> None:
    check(*read(json.dumps(RULE, indent=2), "rule.json"))
    check(*read(json.dumps([RULE, ML], indent=2), "rules.json"))
    check(*read(json.dumps({"id": "r1_1", "type": "security-rule", "attributes": RULE}, indent=2), "r.json"))


def test_a_broken_line_does_not_keep_the_others_from_being_read() -> None:
    broken = {**ML, "type": "query", "query": "a:(b"}
    text = "\n".join(
        (json.dumps(RULE)[:-3], json.dumps(broken), json.dumps({**RULE, "rule_id": "r3"}), '{"a": ' + "[" * 10_000)
    )
    source, reading = read(text)
    assert [made.id for made in reading.rules] == ["r3"]
    assert [source.position(found.start).line for found in reading.problems] == [1, 2, 4]
    assert reading.problems[1].rule_id == "r2"


def test_long_texts_and_many_lines_cost_little() -> None:
    long = {**RULE, "query": 'any where a : "' + "\\" * 600_000 + '"'}
    assert "more than 500000 characters" in read(json.dumps(long))[1].problems[0].message
    _, reading = read(json.dumps(RULE) + "\n" + "{}\n" * 300_000)
    assert (len(reading.rules), reading.problems) == (1, ())
    _, reading = read(json.dumps(RULE) + "\n" + "{\n" * 300_000)
    assert (len(reading.rules), len(reading.problems)) == (1, 100)
    assert "more than 300000 values" in read(json.dumps([RULE])[:-1] + ",[" + "1," * 400_000 + "1]]")[1].problems[0].message


def test_other_json_is_none_of_ours() -> None:
    for text in ('{"name": "x", "query": "y"}', "[]", '{"rule_id": 1}', json.dumps(SUMMARY), '{"rule_id": "x", "type": "eql"'):
        assert not elastic.recognises(Source("x.json", text))


SAVED: dict[str, Any] = {
    "name": "One", "tags": ["OS: Linux"], "rule_type_id": "siem.eqlRule", "consumer": "siem", "enabled": True,
    "params": {
        "ruleId": "r1", "type": "eql", "language": "eql", "riskScore": 21, "severity": "low", "index": ["logs-*"],
        "query": RULE["query"], "threat": RULE["threat"], "falsePositives": ["ours"], "filters": RULE["filters"],
        "exceptionsList": RULE["exceptions_list"],
    },
}  # fmt: skip


def test_rules_as_the_alerting_framework_keeps_them() -> None:
    for saved in (SAVED, [SAVED], {"id": "u", "type": "alert", "attributes": {**SAVED, "alertTypeId": "siem.eqlRule"}}):
        source, reading = read(json.dumps(saved, indent=2), "saved.json")
        check(source, reading)
        assert (reading.rules[0].level, reading.rules[0].false_positives) == ("low", ("ours",))
    source, reading = read(json.dumps(SAVED) + "\n" + json.dumps(SAVED) + "\n")
    assert [source.position(rule.start).line for rule in reading.rules] == [1, 2]


def test_an_alert_that_quotes_its_rule_is_none() -> None:
    alert = {"kibana.alert.rule.parameters": RULE, "signal": {"rule": {"name": "x"}}}
    source = Source("alert.json", json.dumps(alert))
    assert elastic.read(source) == Reading((), ())


def item(*entries: dict[str, Any], list_id: str = "mine") -> dict[str, Any]:
    return {"list_id": list_id, "item_id": "i", "type": "simple", "entries": list(entries)}


def test_exception_items_of_the_same_file_are_exclusions() -> None:
    given = {"field": "process.name", "operator": "included", "type": "match", "value": "ours.exe"}
    more = [
        item(given, {"field": "user.name", "operator": "excluded", "type": "match_any", "value": ["a", "b"]}),
        item({"field": "file.path", "operator": "included", "type": "wildcard", "value": "C:\\\\x\\\\*"}),
        item({"field": "p", "type": "nested", "entries": [{"field": "q", "operator": "included", "type": "exists"}]}),
        item({"field": "ip", "operator": "included", "type": "list", "list": {"id": "known", "type": "ip"}}),
        item(given, list_id="others"),
        item(),
    ]
    lines = [json.dumps(each) for each in (RULE, *more, SUMMARY)]
    source, reading = read("\n".join(lines) + "\n")
    (rule,) = reading.rules
    assert [(p.field, p.op, p.value, p.negated) for p in rule.predicates()][3:] == [
        ("process.name", "eq", "ours.exe", True), ("user.name", "eq", "a", False), ("user.name", "eq", "b", False),
        ("file.path", "startswith", "C:\\x\\", True), ("p.q", "exists", "", True), ("ip", "eq", "known", True),
    ]  # fmt: skip
    assert [source.position(p.start).line for p in rule.predicates()][3:] == [2, 2, 2, 3, 4, 5]
