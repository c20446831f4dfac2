import pytest

from linter.dialects.queries import core, lucene
from tests.dialects.queries.shown import parts, spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:b", "a~eq~b"),
        ('a:"b c"~2^3', "a~eq~b c"),
        ("a:b AND c:d OR e:f", "|(&(a~eq~b, c~eq~d), e~eq~f)"),
        ("a:b && NOT c:d || !e:f", "&(a~eq~b, !c~eq~d, !e~eq~f)"),
        ("a:b c:d", "|(a~eq~b, c~eq~d)"),
        ("+a:b c:d -e:f", "&(a~eq~b, !e~eq~f)"),
        ("a:b -e:f", "&(a~eq~b, !e~eq~f)"),
        ("a:(b OR c) AND NOT d:(e AND f)", "&(|(a~eq~b, a~eq~c), !&(d~eq~e, d~eq~f))"),
        ("a:[1 TO 5} AND b:{* TO x]", "&(a~gte~1, a~lt~5, b~lte~x)"),
        ("a:[-5 TO *]", "a~gte~-5"),
        ("a:[* TO *]", "a~exists~"),
        ("a:>=10 AND b:<5", "&(a~gte~10, b~lt~5)"),
        ("a:/x[0-9]{3}/", "a~re~x[0-9]{3}"),
        ("a:x* OR a:*x OR a:*x* OR a:x?y", "|(a~startswith~x, a~endswith~x, a~contains~x, a~like~x?y)"),
        ("a:x~1", "a~eq~x"),
        ("a:*", "a~exists~"),
        ("_exists_:a", "a~exists~"),
        (r"p:C\:\\Windows\\x\*.exe", "p~eq~C:\\Windows\\x*.exe"),
        ("a:foo-bar AND b:and", "&(a~eq~foo-bar, b~eq~and)"),
        ("ip:10.0.0.0/8", "ip~cidr~10.0.0.0/8"),
        ("*foo* OR fo*", "|(~keyword~foo, ~keyword~fo)"),
        ('foo "bar baz" /q+/', "|(~keyword~foo, ~keyword~bar baz, ~re~q+)"),
        ("*", "&()"),
        ("", "&()"),
    ],
)
def test_queries(text: str, expected: str) -> None:
    assert parts(lucene.parse(text)) == [expected]


def test_spans() -> None:
    text = 'a:b AND c:(d OR "e") AND f:[1 TO 2]'
    assert spans(text, lucene.parse(text)) == ["a:b", "d", '"e"', "f:[1 TO 2]", "f:[1 TO 2]"]


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ('a:"b', "unterminated string", 2),
        ("(a:b", "never closed", 0),
        ("a:b)", "expected the end", 3),
        ("a:[1 TO 2", "never closed", 2),
        ("a:[1 2 3]", "[from TO to]", 2),
        ("a:b AND", "expected a clause", 7),
        ("AND a:b", "expected a clause", 0),
        ("a: ", "expected a value", 3),
        ("a == b", "unknown operator '=='", 2),
    ],
)
def test_errors_have_a_place(text: str, message: str, at: int) -> None:
    with pytest.raises(core.QueryError) as caught:
        lucene.parse(text)
    assert message in caught.value.message
    assert caught.value.start == at
