import pytest

from linter.dialects.queries import core, esql
from linter.rule import Term
from tests.dialects.queries.shown import parts, spans


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('a.b == "x" AND c != 3', "&(a.b~eq~x, !c~eq~3)"),
        ('a IN ("x", "y") and b NOT IN (1)', "&(|(a~eq~x, a~eq~y), !b~eq~1)"),
        ('not a in ("x")', "!a~eq~x"),
        (
            'a LIKE "x*" OR a like "C:\\\\\\\\Win\\\\\\\\*" or a not like "*y*z"',
            "|(a~startswith~x, a~startswith~C:\\Win\\, !a~like~*y*z)",
        ),
        ('a LIKE ("x*", "*y")', "|(a~startswith~x, a~endswith~y)"),
        ('a RLIKE """x\\d+"""', "a~re~x\\d+"),
        ("a IS NULL and b is not null", "&(a~null~, b~exists~)"),
        ("5 < a", "a~gt~5"),
        ('"x" IN (a, b)', "|(a~eq~x, b~eq~x)"),
        ('CIDR_MATCH(a, "10.0.0.0/8", "::1/128")', "|(a~cidr~10.0.0.0/8, a~cidr~::1/128)"),
        ('STARTS_WITH(a, "x") and not ENDS_WITH(b, "y")', "&(a~startswith~x, !b~endswith~y)"),
        ('MATCH(a, "x", {"operator": "AND"}) and b : "y"', "&(a~eq~x, b~eq~y)"),
        ('KQL("a:\\"x y\\" and not b:c*")', "&(a~eq~x y, !b~startswith~c)"),
        ('QSTR("a:(x OR y)")', "|(a~eq~x, a~eq~y)"),
        ('TO_LOWER(a) == "x"', "a~eq~x"),
        ('a::STRING == "x" and to_ip(b) == "1.2.3.4"', "&(a~eq~x, b~eq~1.2.3.4)"),
        ("length(a) > 3", "length(a)~gt~3^"),
        ("a == b", "a~eq~b^"),
        ("@timestamp > now() - 1 day", "@timestamp~gt~now() - 1 day^"),
        ("a > 15 minutes", "a~gt~15 minutes"),
        ('`a b`.c == "x"', "a b.c~eq~x"),
        ('CASE(a == "b" and c in (1, 2), 1, 0) == 1', 'CASE(a == "b" and c in (1, 2), 1, 0)~eq~1^'),
        ("a", "a~eq~true"),
        ("(a == 1 or b == 2) == false", "!|(a~eq~1, b~eq~2)"),
        ("a == ?parameter", "a~eq~?parameter^"),
        ("a == 1 /* note */ and // more\n b == 2", "&(a~eq~1, b~eq~2)"),
        ("true", "&()"),
    ],
)
def test_conditions(condition: str, expected: str) -> None:
    query = esql.parse(f"FROM logs-* | WHERE {condition} | LIMIT 10")
    assert parts(query) == [expected]
    assert query.parts[0].sources == ("logs-*",)


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        ("| where a == 1 | where b == 2", "&(a~eq~1, b~eq~2)"),
        ("| eval x = a, y = to_lower(b), z = length(c) | where x == 1 and y == 2 and z == 3", "&(a~eq~1, b~eq~2, z~eq~3^)"),
        ("| eval a = concat(a, b) | where a == 1", "a~eq~1^"),
        ("| rename a as b, d = c | where b == 1 and d == 2", "&(a~eq~1, c~eq~2)"),
        (
            "| stats n = count(*) where q == 1, `max(z)` = max(z) by a, b = bucket(t, 1h) | where n > 1 and a == 2 and b == 3",
            "&(n~gt~1^, a~eq~2, b~eq~3^)",
        ),
        ("| stats count(*) by a | where `count(*)` > 5", "count(*)~gt~5^"),
        (
            "| inlinestats n = count() by a | inline stats m = max(b) | where n > 1 and m > 2 and c == 3",
            "&(n~gt~1^, m~gt~2^, c~eq~3)",
        ),
        (
            '| grok a "%{IP:ip} (?<x.y>z) %{INT:n:int}" | where ip == "1" and x.y == "2" and n == 3',
            "&(ip~eq~1^, x.y~eq~2^, n~eq~3^)",
        ),
        (
            '| dissect a "%{k} %{+l} %{?m} %{n->}" append_separator="," | where k == 1 and l == 2 and n == 3',
            "&(k~eq~1^, l~eq~2^, n~eq~3^)",
        ),
        ("| enrich policy on a with b = c, d | where b == 1 and d == 2 and c == 3", "&(b~eq~1^, d~eq~2^, c~eq~3)"),
        ("| fork (where a == 1 | limit 5) (where b == 2) | where c == 3", "&(|(a~eq~1, b~eq~2), c~eq~3)"),
        ('| completion r = p with {"inference_id": "x"} | where r == "y"', "r~eq~y^"),
        ("| lookup join threats on a | mv_expand b | drop c | keep a, Esql.* | sort a desc | where b == 1", "b~eq~1"),
        ("metadata _id, _index | where a == 1", "a~eq~1"),
        ('| EVAL t = TO_LOWER(a.b) | STATS c = COUNT(*) BY t | WHERE t == "x" and c > 5', "&(a.b~eq~x, c~gt~5^)"),
    ],
)
def test_pipelines(pipeline: str, expected: str) -> None:
    assert parts(esql.parse(f"from logs-* {pipeline}")) == [expected]


def test_sources() -> None:
    query = esql.parse(
        'SET a = "b"; FROM logs-aws.*, .alerts-security.*, "quoted", remote:idx-2024.01, <logs-{now/d}>, x::data | LIMIT 1'
    )
    assert query.parts[0].sources == (
        "logs-aws.*",
        ".alerts-security.*",
        "quoted",
        "remote:idx-2024.01",
        "<logs-{now/d}>",
        "x::data",
    )
    assert esql.parse("TS metrics | WHERE a == 1").parts[0].sources == ("metrics",)
    assert parts(esql.parse("ROW a = 1, b = [1, 2] | WHERE a == 1")) == ["a~eq~1^"]


def test_a_sub_query_is_a_part_of_its_own() -> None:
    query = esql.parse("FROM a, (FROM b | WHERE x == 1) | WHERE y == 2")
    assert [(part.sources, shown) for part, shown in zip(query.parts, parts(query), strict=True)] == [
        (("a",), "y~eq~2"),
        (("b",), "&(x~eq~1, y~eq~2)"),
    ]


def test_an_enrich_policy_is_an_organisations_list() -> None:
    assert [found.name for found in esql.parse("from a | enrich _any:my-policy on b").lists] == ["_any:my-policy"]


def test_case() -> None:
    query = esql.parse('from x | where to_lower(a) == "b"')
    tree = query.parts[0].tree
    assert isinstance(tree, Term)
    assert not tree.cased


def test_spans() -> None:
    text = 'from x | where a == "b" and c in ("d", "e") and KQL("f:\\"g\\" or h:i") and KQL("""j : k""")'
    assert spans(text, esql.parse(text)) == ['a == "b"', '"d"', '"e"', 'f:\\"g\\"', "h:i", "j : k"]


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ('from a | where b == "c', "unterminated string", 20),
        ("from a | where b == 1 /* c", "unterminated comment", 22),
        ("from a | where (b == 1", "expected )", 22),
        ("from a | where b == 1)", "expected '|'", 21),
        ("from a | where b == ", "expected a column", 20),
        ("from a | where b = 1", "expected '|'", 17),
        ("from a | where b in 1", "expected a list", 20),
        ("from a | whre b == 1", "unknown command", 9),
        ("from a | stats count(b", "never closed", 20),
        ("from a | where count(b", "never closed", 20),
        ("from a | grok b c", "expected a pattern", 16),
        ("from ", "expected an index pattern", 5),
        ("process where a == 1", "expected FROM", 0),
        ('from a | where KQL("b:(c")', "in KQL", 24),
        ("", "expected FROM", 0),
    ],
)
def test_errors_have_a_place(text: str, message: str, at: int) -> None:
    with pytest.raises(core.QueryError) as caught:
        esql.parse(text)
    assert message in caught.value.message
    assert caught.value.start == at
