import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linter.dialects.queries.yaral import MAX_BROKEN, RuleText, parse
from linter.rule import And, Node, Not, Or, Term
from tests.shared import SHARED, needs_shared

Row = tuple[str, str, str, bool, bool]


def rule(events: str, condition: str = "$e", extra: str = "", name: str = "a_rule") -> str:
    return f'rule {name} {{\n  meta:\n    author = "us"\n  events:\n    {events}\n{extra}\n  condition:\n    {condition}\n}}\n'


def only(text: str) -> RuleText:
    parsed = parse(text)
    assert not parsed.broken, parsed.broken
    assert len(parsed.rules) == 1
    return parsed.rules[0]


def rows(node: Node, negated: bool = False) -> Iterator[Row]:
    if isinstance(node, Not):
        yield from rows(node.item, not negated)
    elif isinstance(node, And | Or):
        for item in node.items:
            yield from rows(item, negated)
    elif isinstance(node, Term):
        yield node.field, node.op, node.value, negated, node.derived


def said(events: str, condition: str = "$e", extra: str = "") -> list[Row]:
    return [row for part in only(rule(events, condition, extra)).query.parts for row in rows(part.tree)]


def short(events: str) -> list[tuple[str, str, str]]:
    """Of predicates that are neither negated nor derived."""
    out = said(events)
    assert not any(row[3] or row[4] for row in out)
    return [row[:3] for row in out]


def shape(node: Node) -> str:
    if isinstance(node, Not):
        return f"not {shape(node.item)}"
    if isinstance(node, And | Or):
        return "(" + (" and " if isinstance(node, And) else " or ").join(map(shape, node.items)) + ")"
    assert isinstance(node, Term)
    return node.value


@pytest.mark.parametrize(
    ("text", "op", "value"),
    [
        ('$e.target.url = "x"', "eq", "x"),
        ("$e.target.url = `a\\b`", "eq", "a\\b"),
        (r'$e.target.url = "c:\\x\"y\t\x41\u00e9\d"', "eq", 'c:\\x"y\tAé\\d'),
        ("$e.target.url = /a\\/b\\.exe$/ nocase", "re", "a/b\\.exe$"),
        ("re.regex($e.target.url, `\\.exe$`)", "re", "\\.exe$"),
        ("re.regex(\n  $e.target.url,\n    /x y/\n)", "re", "x y"),
        ('strings.contains($e.target.url, "x")', "contains", "x"),
        ('strings.starts_with($e.target.url, "x")', "startswith", "x"),
        ('strings.ends_with($e.target.url, "x")', "endswith", "x"),
        ('net.ip_in_range_cidr($e.target.url, "10.0.0.0/8")', "cidr", "10.0.0.0/8"),
        ('arrays.contains($e.target.url, "x")', "eq", "x"),
        ("$e.target.url = 443", "eq", "443"),
        ("$e.target.url > -1.5", "gt", "-1.5"),
        ("443 < $e.target.url", "gt", "443"),
        ("$e.target.url is null", "null", ""),
        ("$e.target.url is not null", "exists", ""),
        ("10 >= $e.target.url", "lte", "10"),
        ('"x" = $e.target.url', "eq", "x"),
        ("$e.target.url >= 60 * 60 - 1", "gte", "3599"),
        ("$e.target.url = true", "eq", "true"),
        ("$e.target.url = PROCESS_LAUNCH", "eq", "PROCESS_LAUNCH"),
        ('$e.target.url != ""', "exists", ""),
        ('$e.target.url = ""', "null", ""),
        ('any $e.target.url = "x"', "eq", "x"),
        ('all $e.target.url = "x"', "eq", "x"),
        ('strings.to_lower($e.target.url) = "x"', "eq", "x"),
        ('strings.contains(strings.to_lower(strings.trim($e.target.url)), "x")', "contains", "x"),
        ('strings.coalesce($e.target.url, $e.target.ip) = "x"', "eq", "x"),
        ("($e.target.url) = 3", "eq", "3"),
        ('$e.target.url // why\n /* and\n how */ = "x"', "eq", "x"),
    ],
)
def test_comparisons(text: str, op: str, value: str) -> None:
    assert short(text) == [("target.url", op, value)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('$e.a.b != "x"', [("a.b", "eq", "x", True, False)]),
        ("$e.a.b != /x/", [("a.b", "re", "x", True, False)]),
        ('not $e.a.b = "x"', [("a.b", "eq", "x", True, False)]),
        ('NOT (not $e.a.b != "x")', [("a.b", "eq", "x", True, False)]),
        ('not not not $e.a.b = "x"', [("a.b", "eq", "x", True, False)]),
        ("re.regex($e.a.b, `x`) = false", [("a.b", "re", "x", True, False)]),
        ("re.regex($e.a.b, `x`) != false", [("a.b", "re", "x", False, False)]),
        ("not $e.a.b in %l", [("a.b", "eq", "%l", True, False)]),
        ("$e.a.b not in %l", [("a.b", "eq", "%l", True, False)]),
        ('$e.a.b in ("x", "y")', [("a.b", "eq", "x", False, False), ("a.b", "eq", "y", False, False)]),
        ('re.capture($e.a.b, `(x)`) = "x"', [("a.b", "eq", "x", False, True)]),
        ("timestamp.get_hour($e.a.b) > 18", [("a.b", "gt", "18", False, True)]),
        ("$e.a.b + $e.a.c > 18", [("a.b", "gt", "18", False, True)]),
        ("$e.a.b / 2 > 18", [("a.b", "gt", "18", False, True)]),
        ("5 < timestamp.current_seconds() - $e.a.b", [("a.b", "gt", "5", False, True)]),
        ('if($e.a.b = "x", 1, 0) = 1', [("a.b", "eq", "1", False, True)]),
        ("re.capture($e.a.b, `x`) in %l", [("a.b", "eq", "%l", False, True)]),
    ],
)
def test_polarity_and_what_is_computed(text: str, expected: list[Row]) -> None:
    assert said(text) == expected


def test_fields_keep_their_keys_and_lose_their_variable() -> None:
    text = '$e.target.labels["App Id"] = "1" $e.principal.ip[0] = "2" $e.additional.fields["x"].string_value = "3"'
    assert [row[0] for row in said(text)] == [
        'target.labels["App Id"]', "principal.ip[0]", 'additional.fields["x"].string_value',
    ]  # fmt: skip


def test_what_is_compared_without_case_is_not_cased() -> None:
    def cased(text: str) -> bool:
        (part,) = only(rule(text)).query.parts
        assert isinstance(part.tree, Term)
        return part.tree.cased

    assert cased('$e.a.b = "x"')
    assert cased("$e.a.b = /x/")
    for text in (
        '$e.a.b = "x" nocase',
        "$e.a.b = /x/ nocase",
        'strings.to_lower($e.a.b) = "x"',
        "re.regex($e.a.b, `x`) nocase",
    ):
        assert not cased(text), text


def test_a_new_line_is_an_and_that_binds_loosest() -> None:
    text = '$e.a.b = "1" or\n$e.a.b = "2"\n$e.a.b = "3" and $e.a.b = "4" or $e.a.b = "5"\n(\n$e.a.b = "6"\n$e.a.b = "7"\n)'
    (part,) = only(rule(text)).query.parts
    assert shape(part.tree) == "((1 or 2) and ((3 and 4) or 5) and 6 and 7)"


def test_joins_and_placeholders() -> None:
    events = """
        $a.metadata.event_type = "USER_LOGIN"
        $a.principal.user.userid = $user
        $b.target.user.userid = $user
        $b.metadata.event_timestamp.seconds > $a.metadata.event_timestamp.seconds
        $b.metadata.event_timestamp.seconds - $a.metadata.event_timestamp.seconds < 60
        $a.principal.ip != $b.principal.ip
        $b.metadata.product_event_type = "4625"
        $user != "root"
        $host = strings.to_lower($b.principal.hostname)
        $host = "dc1"
        $part = re.capture($b.target.url, `x(.*)`)
        $part = "y"
    """
    query = only(rule(events, "$a and $b")).query
    assert [part.sources for part in query.parts] == [("udm:$a",), ("udm:$b",)]
    first, second = (list(rows(part.tree)) for part in query.parts)
    assert first == [
        ("metadata.event_type", "eq", "USER_LOGIN", False, False),
        ("principal.user.userid", "eq", "root", True, False),
    ]
    assert second == [
        ("metadata.product_event_type", "eq", "4625", False, False),
        ("principal.hostname", "eq", "dc1", False, False),
        ("target.url", "eq", "y", False, True),
    ]


def test_one_statement_on_two_events_is_one_tree() -> None:
    query = only(rule('$a.x.y = "1"\n$b.x.y = "2"\n$a.x.y = "3" or $b.x.y = "4"\n$c.x.y = "5"', "$a and $b and $c")).query
    assert [sorted(row[2] for row in rows(part.tree)) for part in query.parts] == [["1", "2", "3", "4"], ["5"]]


def test_an_event_that_must_be_absent_is_negated() -> None:
    for condition in ("$a and !$b", "$a and not $b", "$a and #b = 0", "#a > 3 and #b < 1"):
        query = only(rule('$a.x.y = "1"\n$b.x.y = "2"', condition)).query
        assert [row[2:4] for part in query.parts for row in rows(part.tree)] == [("1", False), ("2", True)], condition
    present = only(rule('$a.x.y = "1"\n$b.x.y = "2"', "($a and !$b) or #b > 5")).query
    assert not any(row[3] for part in present.parts for row in rows(part.tree))


def test_counts_are_no_predicates_and_outcomes_are_derived() -> None:
    outcome = '  outcome:\n    $score = max(if($e.x.y = "z", 5, 1))\n    $n = count_distinct($e.x.z)'
    assert said('$e.x.y = "1"', "$e and #user > 5 and #e + #f >= 2 and $score > 3", outcome) == [
        ("x.y", "eq", "1", False, False),
        ("score", "gt", "3", False, True),
    ]


def test_reference_lists() -> None:
    query = only(
        rule("$e.a.b in %names\nnot $e.a.c in regex %paths nocase\nnot (not $e.a.d in cidr %nets)\n$e.a.f = %table.column")
    ).query
    assert [(each.name, each.negated) for each in query.lists] == [
        ("%names", False), ("%paths", True), ("%nets", False), ("%table.column", False),
    ]  # fmt: skip
    (part,) = query.parts
    assert isinstance(part.tree, And)
    terms = [item.item if isinstance(item, Not) else item for item in part.tree.items]
    assert [term.native for term in terms if isinstance(term, Term)] == ["in", "in regex nocase", "="]
    assert all(term.listed and term.op == "eq" for term in terms if isinstance(term, Term))


def test_graph_events_say_so() -> None:
    query = only(rule('$e.x.y = "1"\n$g.graph.metadata.entity_type = "FILE"', "$e and $g")).query
    assert [part.sources for part in query.parts] == [("udm:$e",), ("graph:$g",)]


def test_places() -> None:
    text = rule('$e.a.b = "x" nocase // first\n    $f.a.b = "y"\n    $e.c.d = "z"', "$e and $f")
    found = only(text)
    terms = [leaf for part in found.query.parts for leaf in _terms(part.tree)]
    assert [text[term.start : term.end] for term in terms] == ['$e.a.b = "x" nocase', '$e.c.d = "z"', '$f.a.b = "y"']
    assert text[found.start : found.end] == "a_rule"
    assert text[found.stop - 1] == "}"
    spans = {name: text[start:end] for name, start, end in found.variables}
    assert spans == {"$e": text[text.index("$e.a.b") : text.index("\n\n")], "$f": '$f.a.b = "y"'}
    assert [name for name, _, _ in found.sections] == ["meta", "events", "condition"]
    assert [(each.key, each.value, text[each.start : each.end]) for each in found.meta] == [("author", "us", '"us"')]


def _terms(node: Node) -> Iterator[Term]:
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Not):
        yield from _terms(node.item)
    elif isinstance(node, And | Or):
        for item in node.items:
            yield from _terms(item)


def test_every_section_and_several_rules() -> None:
    text = """
        /* licence { } rule commented { */
        rule first {
          meta:
            severity = "High"
            version = 2
            live = true
          events:
            $e.metadata.event_type = "X"
          match:
            $user over 5m before $e
          outcome:
            $score = max(if($e.a.b = /x/ nocase, 35, 5) + 3)
            $text = "T1059"
          condition:
            $e
          options:
            allow_zero_values = true
        }
        // rule second_commented { events: }
        rule second { events: $e.a.b = 1 condition: $e } rule third{events:$e.a.b=2 condition:$e}
    """.replace("\n", "\r\n")
    parsed = parse(text)
    assert not parsed.broken
    assert [each.name for each in parsed.rules] == ["first", "second", "third"]
    assert [(each.key, each.value) for each in parsed.rules[0].meta] == [
        ("severity", "High"),
        ("version", "2"),
        ("live", "true"),
    ]
    assert [(each.key, each.value) for each in parsed.rules[0].outcomes] == [("text", "T1059")]


def test_words_of_later_versions_of_the_language() -> None:
    text = """
        private rule joined {
          events:
            $e.udm.metadata.event_type = "NETWORK_CONNECTION"
            left join $e.principal.asset.hostname = $g.graph.entity.asset.hostname nocase
            $e.principal.hostname = %table.host
            "a-b" = strings.concat($e.principal.hostname, "-b")
          match:
            $host by 1d
          outcome:
            $mean = max(metrics.network_bytes_outbound(period: 1d, window: 30d, principal.asset.hostname: $host))
            $seen = $e.detection.detection.variables["x"].int64_seq.int64_vals[0]
          dedup:
            $host
          condition:
            $e and 1 <= #g
        }
        global private rule other { events: $e.a.b = 1 condition: $e }
    """
    parsed = parse(text)
    assert not parsed.broken
    assert [each.name for each in parsed.rules] == ["joined", "other"]
    assert [row for part in parsed.rules[0].query.parts for row in rows(part.tree)] == [
        ("metadata.event_type", "eq", "NETWORK_CONNECTION", False, False),
        ("principal.hostname", "eq", "%table.host", False, False),
        ("principal.hostname", "eq", "a-b", False, True),
    ]


GOOD = rule('$e.a.b = "1"', name="good")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (rule('($e.a.b = "1"'), 5, "unbalanced '('"),
        (rule('$e.a.b = "1")'), 5, "unbalanced ')'"),
        (rule('$e.a["b = "1"'), 5, "not closed"),
        (rule("$e.a.b = (1]"), 5, "unbalanced"),
        (rule('$e.a.b == "1"'), 5, "unknown operator"),
        (rule('$e.a.b like "1"'), 5, "expected an operator"),
        (rule('$e.a.b ~ "1"'), 5, "unexpected character '~'"),
        (rule('$e.a.b = "1'), 5, "string that is not closed"),
        (rule("$e.a.b = `1"), 5, "string that is not closed"),
        (rule("$e.a.b = /1"), 5, "regular expression that is not closed"),
        (rule("/* $e.a.b"), 5, "comment that is not closed"),
        (rule("$e.a.b = "), 5, "expected a field, a value"),
        (rule("$e.a.b = 1 and"), 5, "expected a field, a value"),
        (rule("$e.a.b in 5"), 5, "reference list"),
        (rule("$e.a. = 5"), 5, "name of a field"),
        (rule("re.regex($e.a.b)"), 5, "expected ,"),
        (rule("$e.a.b"), 5, "expected an operator"),
        (rule(""), 1, "no events"),
        ("rule x {\n events:\n $e.a.b = 1\n}\n", 1, "no condition"),
        ("rule x {\n strings:\n  $a = 1\n condition:\n  $a\n}\n", 1, "no events"),
        (rule("$e.a.b = 1")[:-2], 1, "no closing brace"),
        (rule("$e.a.b = 1") + "}\n", 10, "expected a rule"),
        (rule("$e.a.b = 1", extra="  events:\n $e.a.b = 2"), 6, "second section"),
        ("rule x {\n $e.a.b = 1\n condition: $e\n}\n", 2, "expected a section"),
        (rule("(" * 1000 + "$e.a.b = 1" + ")" * 1000), 5, "nested deeper"),
        (rule("(" * 1000 + "1" + ")" * 1000 + " = $e.a.b"), 5, "nested deeper"),
        (rule("strings.to_lower(" * 1000 + "$e.a.b" + ")" * 1000 + ' = "x"'), 5, "nested deeper"),
        (rule(" or\n".join(f'$e.a.b = "{n}"' for n in range(100_000))), 1, "more than 100,000 tokens"),
        ("index=main EventCode=1 NOT user=x\n", 1, "expected a rule"),
        ("title: x\nlogsource: y\n", 1, "expected a rule"),
        ("DeviceProcessEvents | where FileName == 'x'\n", 1, "expected a rule"),
    ],
)
def test_bad_input_is_located_and_the_next_rule_is_read(text: str, line: int, words: str) -> None:
    start = time.process_time()
    parsed = parse(text + GOOD)
    assert time.process_time() - start < 5  # 1 s on a quiet machine
    assert words in parsed.broken[0].message
    assert text.count("\n", 0, parsed.broken[0].start) + 1 == line
    assert parsed.rules[-1].name == "good"
    before = parse(GOOD + text)
    assert before.rules[0].name == "good"
    assert before.broken


def test_a_file_of_many_rules_is_read_whole() -> None:
    parsed = parse("".join(rule("$e.a.b = 1", name=f"r{n}") for n in range(7_500)))
    assert not parsed.broken
    assert [each.name for each in parsed.rules] == [f"r{n}" for n in range(7_500)]


def test_a_broken_rule_keeps_its_name_and_meta() -> None:
    (broken,) = parse(rule("$e.a.b == 1")).broken
    assert broken.name == "a_rule"
    assert [(each.key, each.value) for each in broken.meta] == [("author", "us")]


def test_as_deep_as_it_may_be() -> None:
    assert short("(" * 119 + '$e.a.b = "x"' + ")" * 119) == [("a.b", "eq", "x")]
    assert short("strings.to_lower(" * 119 + "$e.a.b" + ")" * 119 + ' = "x"') == [("a.b", "eq", "x")]


@pytest.mark.parametrize(
    "text",
    [
        rule('$e.a.b = "' + "\\\\" * 1_000_000 + '"'),
        rule("$e.a.b = /" + "\\/" * 1_000_000 + "/"),
        rule("/*" + "*" * 2_000_000 + '*/ $e.a.b = "1"'),
        "rule x {\n/*\n" * 50_000,
        rule("$e.a.b == 1") * 5_000,
        rule("$e.a.b > " + "9" * 1_000_000),
        rule("$e.a.b > 999999999999999" + "*999999999999999" * 5_000),
        rule("\n".join(f"$p{n} = $p{n + 1}" for n in range(10_000)) + '\n$p0 = "x"'),
    ],
    ids=["backslashes", "slashes", "stars", "open comments", "many faults", "long number", "large product", "long chain"],
)
def test_hostile_texts_cost_little(text: str) -> None:
    start = time.process_time()
    parsed = parse(text)
    assert time.process_time() - start < 4  # 1 s on a quiet machine
    assert len(parsed.broken) <= MAX_BROKEN + 1


WORDS = """
rule x { } meta: events: match: outcome: condition: options: $e $e.a.b $p #e %list = != < >= == in not and or any all nocase
regex cidr ( ) [ ] , . + - * / % /re/ "s" `r` " ` 5 5m re.regex( strings.to_lower( if( f( over ! : // /* */ é
"""
PIECES = [*WORDS.split(), "\n", "\0", "\ud800"]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60), st.booleans())
def test_token_soup_never_raises(pieces: list[str], framed: bool) -> None:
    soup = " ".join(pieces)
    parsed = parse(rule(soup) if framed else soup)
    for broken in parsed.broken:
        assert 0 <= broken.start <= broken.end


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_never_raises(text: str) -> None:
    parse(text)
    parse(rule(text))


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_characters='"\\\n', exclude_categories=["Cs"]), max_size=40))
def test_strings_come_back_as_written(text: str) -> None:
    if text:
        assert short(f'$e.a.b = "{text}"') == [("a.b", "eq", text)]


STAGED = """
rule two_stages {
  meta:
    author = "us"
  stage failures {
    metadata.event_type = "USER_LOGIN"
    security_result.action = "BLOCK"
    $user = target.user.userid
    match: $user by 1h
    outcome: $failed = count(metadata.id)
  }
  stage starts {
    events:
      $p.metadata.event_type = "PROCESS_LAUNCH"
      not $p.principal.user.userid in %admins
  }
  $failures.failed > 5
  $failures.user = $starts.user
  match:
    $failures.user
  condition:
    $failures
}
"""


def test_stages_are_trees_and_what_a_later_one_reads_of_them_is_computed() -> None:
    found = only(STAGED)
    assert [list(rows(part.tree)) for part in found.query.parts] == [
        [("metadata.event_type", "eq", "USER_LOGIN", False, False), ("security_result.action", "eq", "BLOCK", False, False)],
        [
            ("metadata.event_type", "eq", "PROCESS_LAUNCH", False, False),
            ("principal.user.userid", "eq", "%admins", True, False),
        ],
        [("failed", "gt", "5", False, True)],
    ]
    assert [(each.name, each.negated) for each in found.query.lists] == [("%admins", True)]
    assert [name for name, _, _ in found.sections] == ["meta", "events", "match", "condition"]
    broken = parse(STAGED.replace("  }\n  $failures", "  $failures")).broken
    assert [each.name for each in broken] == ["two_stages"]


@pytest.mark.parametrize("line", ['reference = "a" "b"', "tactics = [1, 2]", "lonely", "odd:", '"text"', "x = = y", "x ="])
def test_a_fault_in_the_metadata_keeps_no_rule_from_being_read(line: str) -> None:
    text = f'rule a {{\n meta:\n  author = "us"\n  {line}\n  rule_id = "7"\n events:\n  $e.a.b = "c"\n condition:\n  $e\n}}\n'
    if line == "odd:":  # a section like any other
        assert not only(text).faults
        return
    found = only(text)
    assert {(meta.key, meta.value) for meta in found.meta} >= {("author", "us")}
    assert [text.count("\n", 0, fault.start) + 1 for fault in found.faults] == [4]
    assert [row for part in found.query.parts for row in rows(part.tree)] == [("a.b", "eq", "c", False, False)]


READINGS = json.loads((Path(__file__).parents[2] / "data" / "yaral_readings.json").read_text(encoding="utf-8"))["rules"]


@needs_shared
@pytest.mark.parametrize("reading", READINGS, ids=[reading["rule"] for reading in READINGS])
def test_rules_read_by_eye(reading: dict[str, object]) -> None:
    data = (SHARED / "corpora" / "2026-08" / "yaral" / str(reading["path"])).read_bytes()
    assert hashlib.sha256(data).hexdigest() == reading["sha256"]
    found = only(data.decode("utf-8"))
    assert found.name == reading["rule"]
    expected = [tuple(row) for row in reading["predicates"]]  # type: ignore[attr-defined]
    assert sorted(row for part in found.query.parts for row in rows(part.tree)) == sorted(expected)


@needs_shared
def test_every_community_rule_is_read() -> None:
    files = sorted((SHARED / "corpora" / "2026-08" / "yaral" / "rules").rglob("*.yaral"))
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    start = time.process_time()
    parsed = {file: parse(text) for file, text in texts.items()}
    spent = time.process_time() - start
    live = [each for file, each in parsed.items() if "community" in file.parts]
    assert (len(live), sum(len(each.rules) for each in live)) == (348, 348)
    assert all(each.query.parts for one in live for each in one.rules)
    broken = [file.name for file, each in parsed.items() if each.broken]
    assert broken == ["paymen45_ransomware.yaral"], "a string in it is broken over two lines"
    assert sum(len(each.rules) for each in parsed.values()) == 348 + 538 - 1
    assert spent / len(files) < 0.003, "1 ms on a quiet machine"
