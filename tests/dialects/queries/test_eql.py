import pytest

from linter.dialects.queries import core, eql
from linter.rule import Term
from tests.dialects.queries.shown import parts, spans


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('a.b == "x"', "a.b~eq~x"),
        ('a != "x"', "!a~eq~x"),
        ('not a != "x"', "!!a~eq~x"),
        ('not not a : "x"', "!!a~eq~x"),
        ('a : ("x*", "*y", "*z*", "p*q", "w")', "|(a~startswith~x, a~endswith~y, a~contains~z, a~like~p*q, a~eq~w)"),
        ('a like~ "C:\\\\Us?rs\\\\*"', "a~like~C:\\Us?rs\\*"),
        ('a == "x*"', "a~eq~x*"),
        ('a : "*"', "a~exists~"),
        ('a in ("x", 1, true)', "|(a~eq~x, a~eq~1, a~eq~true)"),
        ('a not in~ ("x")', "!a~eq~x"),
        ("a == null", "a~null~"),
        ("a != null", "a~exists~"),
        ("?a.b >= -3", "a.b~gte~-3"),
        ("10 < a", "a~gt~10"),
        ('"x" == a', "a~eq~x"),
        ("`a b`.`c-d`[0].e == 1.5", "a b.c-d[0].e~eq~1.5"),
        ('a regex """x"\\d+"""', 'a~re~x"\\d+'),
        ('a : "\\u{1F4A9}\\t\\"\\q"', 'a~eq~\U0001f4a9\t"\\q'),
        ('a : "caf\\u00e9"', "a~eq~café"),
        ("a", "a~eq~true"),
        ("not a", "!a~eq~true"),
        ("a == 1 or b == 2 and not c == 3", "|(a~eq~1, &(b~eq~2, !c~eq~3))"),
        ("(a == 1 or b == 2) and (c == 3)", "&(|(a~eq~1, b~eq~2), c~eq~3)"),
        ("a == 1 /* note */ and // more\n b == 2", "&(a~eq~1, b~eq~2)"),
        ('startsWith~(a, "x") or endsWith(b, "y", "z")', "|(a~startswith~x, b~endswith~y, b~endswith~z)"),
        ('stringContains(a, "x") == false', "!a~contains~x"),
        ('wildcard(a, "x*", "y") != false', "|(a~startswith~x, a~eq~y)"),
        ('cidrMatch(a, "10.0.0.0/8", "::1/128")', "|(a~cidr~10.0.0.0/8, a~cidr~::1/128)"),
        ('match(a, "x.*")', "a~re~x.*"),
        ("string(a) == b", "a~eq~b^"),
        ('string(a) == "b"', "a~eq~b"),
        ("length(a) > 3", "length(a)~gt~3^"),
        ("a == b.c", "a~eq~b.c^"),
        ('startsWith~(a, concat(b, "x"))', 'a~startswith~concat(b, "x")^'),
        ("a + 1 > b * 2", "a + 1~gt~b * 2^"),
        ("(a - b) / 2 == 1", "(a - b) / 2~eq~1^"),
        ("indexOf(a, \"x\") == null", 'indexOf(a, "x")~null~^'),
        ("true", "&()"),
        ('_arraysearch(a.stack, $e, $e.module : "x" and not $e.trusted)', "&(a.stack.module~eq~x, !a.stack.trusted~eq~true)"),
        ('arrayCount(a, $e, $e.b == 1) > 2', "arrayCount(a, $e, $e.b == 1)~gt~2^"),
    ],
)  # fmt: skip
def test_conditions(condition: str, expected: str) -> None:
    query = eql.parse(f"process where {condition}")
    assert parts(query) == [expected]
    assert query.parts[0].sources == ("eql:process",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "sequence by host.id, user.id with maxspan=1m\n [process where a == 1] by x with runs=3\n"
            "  ![network where b == 2] by y\n [any where true]\n until [process where c == 3]",
            [("&()", "eql:any"), ("a~eq~1", "eql:process"), ("!b~eq~2", "eql:network"), ("!c~eq~3", "eql:process")],
        ),
        ("sample by host.id [file where a == 1] [registry where b == 2]", [("a~eq~1", "eql:file"), ("b~eq~2", "eql:registry")]),
        ("sequence with maxspan = 30 s [any where a == 1] as first [any where first.b == a]",
         [("a~eq~1", "eql:any"), ("first.b~eq~a^", "eql:any")]),
        ("any where a == 1 | head 5 | sort b", [("a~eq~1", "eql:any")]),
        ("any where a == 1 | filter b == 2", [("&(a~eq~1, b~eq~2)", "eql:any")]),
        ('"my category" where a == 1', [("a~eq~1", "eql:my category")]),
        ("process where a == 1 and not descendant of [process where b == 2]",
         [("a~eq~1", "eql:process"), ("!b~eq~2", "eql:process")]),
        ("process where a == 1 and child of [process where b == 2]", [("a~eq~1", "eql:process"), ("b~eq~2", "eql:process")]),
    ],
)  # fmt: skip
def test_queries(text: str, expected: list[tuple[str, str]]) -> None:
    query = eql.parse(text)
    assert sorted(zip(parts(query), [part.sources[0] for part in query.parts], strict=True)) == sorted(expected)


def test_case() -> None:
    def cased(condition: str) -> bool:
        tree = eql.parse(f"any where {condition}").parts[0].tree
        assert isinstance(tree, Term)
        return tree.cased

    assert [cased(c) for c in ('a == "x"', 'a like "x*"', 'a regex "x"', 'startsWith(a, "x")', 'a in ("x")')] == [True] * 5
    assert [cased(c) for c in ('a : "x"', 'a like~ "x*"', 'a regex~ "x"', 'startsWith~(a, "x")', 'a in~ ("x")')] == [False] * 5


def test_spans_cover_the_comparison_or_the_value_of_a_list() -> None:
    text = 'any where a == "x" and b : ("y", "z*") and endsWith(c, "w")'
    assert spans(text, eql.parse(text)) == ['a == "x"', '"y"', '"z*"', 'endsWith(c, "w")']


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ('any where a == "x', "unterminated string", 'any where a == "x'.index('"')),
        ("any where a == 1 /* b", "unterminated comment", 17),
        ("any where (a == 1", "never closed", 10),
        ("any where a == 1)", "unbalanced", 16),
        ("any where a = 1", "unknown operator '='", 12),
        ("any where a ~ 1", "unexpected character '~'", 12),
        ("any where a == ", "expected a field or a value", 15),
        ("any where a in b", "expected a list", 15),
        ("any where a in ()", "empty list", 15),
        ('any where "x"', "a value stands where a condition", 10),
        ("any where a == 1 b", "expected an operator", 17),
        ("any where a == 1 |", "name of a pipe", 18),
        ("sequence by a", "an event in [ ]", 13),
        ("sequence [any a == 1]", "category and 'where'", 10),
        ("index=main sourcetype=x", "category and 'where'", 0),
        ("process.name: cmd.exe and b", "category and 'where'", 0),
        ("", "empty", 0),
        ("any where cidrMatch(a)", "needs a field and a value", 10),
    ],
)
def test_errors_have_a_place(text: str, message: str, at: int) -> None:
    with pytest.raises(core.QueryError) as caught:
        eql.parse(text)
    assert message in caught.value.message
    assert caught.value.start == at
