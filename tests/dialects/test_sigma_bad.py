"""Faulty, broken and hostile Sigma: located, bounded, never a traceback; and what is no Sigma at all."""

import time

import pytest

from linter.dialects import sigma
from linter.rule import Problem
from linter.source import Source
from tests.dialects.test_sigma import RULE, detection, read, rule, source

PLAIN = detection("s: {a: b}, condition: s")

FAULTS = [
    ("id: 12345\n", "id-type", "12345"), ("id: abc\n", "id-format", "abc"),
    ("tags: [attack.t1490, ransomware]\n", "tag-namespace", "ransomware"),
    ("tags: attack.t1490\n", "tags-type", "attack.t1490"),
    ("tags: [[a]]\n", "tags-item", "[a]"), ("tags: {a: b}\n", "tags-type", "{a: b}"),
    ("references: https://example.org\n", "references-type", "https://example.org"),
    ("falsepositives: none\n", "falsepositives-type", "none"), ("author: [A, B]\n", "author-type", "[A, B]"),
    ("level: severe\n", "level-value", "severe"), ("status: [test]\n", "status-type", "[test]"),
    ("date: yesterday\n", "date-value", "yesterday"), ("modified: 2024-13-01\n", "modified-value", "2024-13-01"),
    ("related: see other rule\n", "related-type", "see other rule"), ("related: [{id: x}]\n", "related-item", "{id: x}"),
    ("correlation: with the firewall\n", "correlation-type", "with the firewall"),
    ("description: [a]\n", "description-type", "[a]"), ("fields: x\n", "fields-type", "x"), ("name: 5\n", "name-type", "5"),
    ("scope: x\n", "scope-type", "x"), ("level: high\nlevel: low\n", "duplicate-key", "level"),
    ("action: repaet\n", "action-value", "T"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "code", "place"), FAULTS)
def test_faulty_metadata_is_a_fault_and_the_detection_is_read(line: str, code: str, place: str) -> None:
    text = PLAIN + line
    found = rule(text)
    assert [(fault.code, text[fault.start : fault.end]) for fault in found.faults] == [(code, place)]
    assert [leaf.value for leaf in found.predicates()] == ["b"]


def test_an_engine_s_own_modifier_is_a_fault_and_what_it_compares_is_computed() -> None:
    text = detection("s: {a|lookup_in: b, c: d}, condition: s")
    found = rule(text)
    assert [(fault.code, text[fault.start : fault.end]) for fault in found.faults] == [("modifier-unknown", "a|lookup_in")]
    assert [(leaf.field, leaf.value, leaf.derived) for leaf in found.predicates()] == [("a", "b", True), ("c", "d", False)]


@pytest.mark.parametrize(
    ("logsource", "code"),
    [("windows", "logsource-type"), ("[{product: windows}]", "logsource-type"),
     ("{product: [windows, linux]}", "logsource-item"),
     ("{product: 5}", "logsource-item"), ("{}", "logsource-empty"), ("{definition: x}", "logsource-empty")],
)  # fmt: skip
def test_faulty_log_sources(logsource: str, code: str) -> None:
    text = f"title: T\nlogsource: {logsource}\ndetection: {{s: {{a: b}}, condition: s}}\n"
    assert code in [fault.code for fault in rule(text).faults]


def test_no_title_and_no_log_source() -> None:
    found = rule("id: 7c1f9a52-58f7-4b0c-8a3f-55f5f9f1a001\ndetection: {s: {a: b}, condition: s}\n")
    assert [fault.code for fault in found.faults] == ["title-missing", "logsource-missing"]
    assert (found.start, found.end) == (0, 2)


@pytest.mark.parametrize(
    ("body", "code"),
    [("s: {a: b}, condition: s AND NOT s", "condition-case"), ("s: {a: b}, condition: s | count() by x > 5", "condition-pipe"),
     ("s: {a|contains: 5}, condition: s", "value-type"), ("s: {a|gt: many}, condition: s", "value-type"),
     ("s: {a: b, a: b}, condition: s", "duplicate-key"), ("s: {a: c}, s: {a: b}, condition: s", "duplicate-key")],
)  # fmt: skip
def test_what_others_refuse_in_a_detection_is_a_fault(body: str, code: str) -> None:
    assert code in [fault.code for fault in rule(detection(body)).faults]


PROBLEMS = [
    ("s: {a: b}, condition: selection", "names `selection`", "selection"), ("s: {a: b}", "no condition", "detection"),
    ("condition: s", "no selection", "detection"), ("s: {a: b}, condition: s and", "expected the name", None),
    ("s: {a: b}, condition: (s", "parenthesis", None), ("s: {a: b}, condition: s)", "expected and, or", ")"),
    ("s: {a: b}, condition: s s", "expected and, or", "s"), ("s: {a: b}, condition: 2 of s*", "only 1, any and all", "2"),
    ("s: {a: b}, condition: 1 of x*", "matches no selection", "1 of x*"), ("s: {a: b}, condition: s*", "needs `1 of`", "s*"),
    ("s: {a: b}, condition: ''", "empty", "''"), ("s: {a: b}, condition: [[s]]", "not a text", "[s]"),
    ("s: {a: b}, condition: []", "empty list", "[]"), ("s: {a: b}, condition: s > 5", "unexpected character", ">"),
    ("s: {a|endwith: b}, condition: s", "did you mean `endswith`", "a|endwith"),
    ("s: {'a|': b}, condition: s", "empty modifier", "'a|'"),
    ("s: {a: {b: c}}, condition: s", "holds a mapping", "a"), ("s: {a: [[b]]}, condition: s", "a list inside", "[b]"),
    ("s: {a: [{b: c}]}, condition: s", "a mapping in", "{b: c}"), ("s: {}, condition: s", "empty", "{}"),
    ("s: [], condition: s", "empty list", "[]"), ("s: ~, condition: s", "is empty", "s"),
    ("s: {a: b}, condition: " + "(" * 5000 + "s" + ")" * 5000, "nested deeper", None),
]  # fmt: skip


def problem(text: str) -> Problem:
    reading = read(text)
    assert reading.rules == ()
    (found,) = reading.problems
    return found


@pytest.mark.parametrize(("body", "words", "place"), PROBLEMS)
def test_an_unreadable_detection_is_a_located_problem(body: str, words: str, place: str | None) -> None:
    text = detection(body)
    found = problem(text)
    assert words in found.message
    assert found.title == "T"
    assert place is None or text[found.start : found.end] == place


def test_the_place_is_found_in_a_folded_condition() -> None:
    text = "title: T\nlogsource: {product: windows}\ndetection:\n  s: {a: b}\n  condition: >\n    s and\n    not\n    other\n"
    found = problem(text)
    assert text[found.start : found.end] == "other"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (RULE.replace("status: test", "status: test: x"), 3, "mapping values"),
        (RULE.replace("    condition", "\tcondition"), 31, "tab"), ("", 1, "no rule"), ("\n\n", 1, "no rule"),
        ("title: T\nlogsource: {product: windows}\ndetection: [a]\n", 3, "no mapping"),
        ("title: T\nlogsource: {product: windows}\ndetection: text\n", 3, "no mapping"),
        ("title: T\nlogsource: {product: windows}\n", 1, "no detection"), ("- a\n- b\n", 1, "no mapping"),
        ("title: T\ncorrelation: free text\n", 2, "`correlation` is no mapping"),
    ],
)  # fmt: skip
def test_unreadable_files(text: str, line: int, words: str) -> None:
    found = problem(text)
    assert words in found.message
    assert source(text).position(found.start).line == line


def test_broken_yaml_still_says_which_rule() -> None:
    found = problem(RULE.replace("status: test", "status: test: x"))
    assert (found.title, found.rule_id) == ("Shadow copies removed with vssadmin", "7c1f9a52-58f7-4b0c-8a3f-55f5f9f1a001")


def test_the_documents_before_and_after_a_bad_one_are_read() -> None:
    reading = read(PLAIN + "---\n" + PLAIN.replace("condition: s", "condition: t") + "---\n" + PLAIN)
    assert (len(reading.rules), len(reading.problems)) == (2, 1)
    reading = read(PLAIN + "---\nx: [\n")
    assert (len(reading.rules), len(reading.problems)) == (1, 1)


VALUES = ["5", "[]", "{}", "[{a: [b]}]", "{a: b}", "~", "2024-01-01", "[[x]]", "true", '"\\x00"', "!!binary x", "&a [1]", "1.5",
          '""', "[~]", "{? : }", "!!set {a}", "2001-02-30", "9" * 5000]  # fmt: skip
KEYS = ["title", "id", "status", "level", "logsource", "tags", "author", "date", "modified", "description", "references",
        "scope",         "falsepositives", "related", "fields", "name",
        "correlation", "filter", "license", "taxonomy", "custom"]  # fmt: skip


@pytest.mark.parametrize("key", [*KEYS, "detection", "action"])
def test_any_type_at_any_key(key: str) -> None:
    lines = [line for line in PLAIN.splitlines() if not line.startswith(f"{key}:")]
    for value in VALUES:
        text = "\n".join([*lines, f"{key}: {value}"]) + "\n"
        sigma.recognises(source(text))
        reading = read(text)
        if key in KEYS:
            assert [leaf.value for leaf in reading.rules[0].predicates()] == ["b"]
        places = [(found.start, found.end) for found in reading.problems]
        places += [(fault.start, fault.end) for each in reading.rules for fault in each.faults]
        assert all(0 <= start <= end <= len(text) for start, end in places)


@pytest.mark.parametrize("value", VALUES)
def test_any_type_anywhere_in_a_detection(value: str) -> None:
    for body in (
        f"s: {value}, condition: s", f"s: {{a: {value}}}, condition: s", f"s: {{a: b}}, condition: {value}",
        f"s: [{value}], condition: s", f"s: {{a|contains: {value}}}, condition: s", f"s: {{a|re: {value}}}, condition: s",
        f"s: {{a|exists: {value}}}, condition: s", f"s: {{a|gt: {value}}}, condition: s",
        f"s: {{a|all: [{value}]}}, condition: s",
        f"s: {{a|hour: {value}}}, condition: s", f"s: {{a|cidr: {value}}}, condition: s",
    ):  # fmt: skip
        reading = read(detection(body))
        assert len(reading.rules) + len(reading.problems) == 1


def selections(count: int) -> str:
    return "".join(f"  s{i}: {{a: b{i}}}\n" for i in range(count))


HEAD = "title: x\nlogsource: {product: windows}\ndetection:\n"
HOSTILE = {
    "one long line": detection("s: {a: ['" + "', '".join(["x" * 20] * 40_000) + "']}, condition: s"),
    "wildcards": detection('s: {a: "' + "*a\\\\" * 300_000 + '"}, condition: s'),
    "stars": detection("s: {a: '" + "*" * 1_000_000 + "'}, condition: s"),
    "1 of thousands, thousands of times": HEAD + selections(5000) + "  condition: " + " or ".join(["1 of s*"] * 5000) + "\n",
    "pattern to backtrack": HEAD + selections(5000) + "  condition: 1 of s" + "*9" * 400 + "\n",
    "not not not": HEAD + selections(1) + "  condition: " + "not " * 9_001 + "s0\n",
    "long condition": HEAD + selections(2) + "  condition: " + " or ".join(["s0", "s1"] * 90_000) + "\n",
    "deep": HEAD + selections(1) + "  condition: " + "(" * 100_000 + "s0" + ")" * 100_000 + "\n",
    "long chain": HEAD + selections(2) + "  condition: " + " or ".join(["s0", "s1"] * 4_000) + "\n",
    "big integer": detection("s: {a: " + "9" * 1_000_000 + "}, condition: s"),
    "big hexadecimal": detection("s: {a: 0x" + "f" * 1_000_000 + "}, condition: s"),
    "comments": PLAIN + "# " + "a-" * 500_000 + "\n" + "# -----\n" * 50_000,
    "tags": PLAIN + "tags: [attack." + "t1" * 300_000 + ", attack.t1" * 50_000 + "]\n",
    "aliases": "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 5))
    + HEAD + "  s: {f: *a4}\n  t: *a4\n  condition: s or t\n",
    "description": PLAIN + "description: " + "a1b2c3d4-" * 100_000 + "\n",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_rules_are_read_in_bounded_time(name: str) -> None:
    before = time.process_time()
    reading = read(HOSTILE[name])
    assert time.process_time() - before < 4
    assert len(reading.rules) + len(reading.problems) == 1


@pytest.mark.parametrize(
    "text",
    [
        "name: ci\non:\n  push:\njobs:\n  detection:\n    runs-on: ubuntu-latest\n    steps: [{run: 'echo logsource'}]\n",
        "services:\n  detection:\n    image: example/detection\n    logging: {driver: none}\nvolumes: {logsource: {}}\n",
        "name: Suspicious share\nid: 1\nsearch: '| tstats count from datatamodel'\ntags: {analytic_story: [x]}\nfilter: y\n",
        "id: 1\nname: X\nkind: Scheduled\nquery: |\n  T | where detection == 'logsource'\nrelevantTechniques: [T1078]\n",
        "# How to\n\n```yaml\ntitle: T\nlogsource:\n  product: windows\ndetection:\n  s: {a: b}\n  condition: s\n```\n",
        "filter: {condition: x}\n", "correlation: {id: 4}\n", "detection: true\n", "", "logsource: {product: windows}\n",
    ],
)  # fmt: skip
def test_other_yaml_is_left_alone(text: str) -> None:
    assert not sigma.recognises(source(text))


@pytest.mark.parametrize(
    "text",
    [PLAIN, RULE, "\ufeff" + PLAIN, PLAIN.replace("\n", "\r\n"), "---\n" + PLAIN, "# a comment\n" + PLAIN,
     PLAIN.replace("title: T", "title: T: x"), "title: T\nlogsource: {product: windows}\n",
     "title: T\ndetection:\n  s: {a: b}\n  condition: s\n", "title: T\ndetection:\n  s: [\n  condition: s\n",
     "title: C\ncorrelation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 2}}\n",
     '"title": T\n"logsource": {product: windows}\n"detection": {s: {a: b}, condition: s}\n'],
)  # fmt: skip
def test_sigma_is_recognised_even_when_broken(text: str) -> None:
    assert sigma.recognises(Source("x.yml", text))
