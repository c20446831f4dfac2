"""KQL: text → trees, written as short lines: `-` negated, `?` computed, `@` an organisation's list, `!` case counts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linter.dialects.queries import kql
from linter.dialects.queries.core import QueryError
from linter.rule import And, Node, Not, Or, Term


def flat(node: Node, negated: bool = False) -> list[str]:
    if isinstance(node, And | Or):
        return [line for item in node.items for line in flat(item, negated)]
    if isinstance(node, Not):
        return flat(node.item, not negated)
    assert isinstance(node, Term)
    marks = "-" * negated + "?" * node.derived + "@" * node.listed + "!" * node.cased
    return [f"{marks}{node.field} {node.op} {node.value}".rstrip()]


def tree(node: Node) -> str:
    if isinstance(node, And | Or):
        return f"({(' & ' if isinstance(node, And) else ' | ').join(tree(item) for item in node.items)})"
    if isinstance(node, Not):
        return f"~{tree(node.item)}"
    assert isinstance(node, Term)
    return f"{node.field}={node.value}"


def read(text: str) -> list[str]:
    """The terms of the one part."""
    query = kql.parse(text)
    assert len(query.parts) == 1, query
    return flat(query.parts[0].tree)


def where(condition: str) -> list[str]:
    return read(f"T | where {condition}")


def parts(text: str) -> list[tuple[tuple[str, ...], list[str]]]:
    return [(part.sources, flat(part.tree)) for part in kql.parse(text).parts]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('A == "x"', ["!A eq x"]),
        ('A != "x"', ["-!A eq x"]),
        ('A <> "x"', ["-!A eq x"]),
        ('A =~ "x"', ["A eq x"]),
        ('A !~ "x"', ["-A eq x"]),
        ('A has "x"', ["A token x"]),
        ('A has_cs "x"', ["!A token x"]),
        ('A !has "x"', ["-A token x"]),
        ('A !has_cs "x"', ["-!A token x"]),
        ('A hasprefix "x"', ["A contains x"]),
        ('A !hassuffix_cs "x"', ["-!A contains x"]),
        ('A contains_cs "x"', ["!A contains x"]),
        ('A !contains "x"', ["-A contains x"]),
        ('A notcontains "x"', ["-A contains x"]),
        ('A startswith "x"', ["A startswith x"]),
        ('A !startswith_cs "x"', ["-!A startswith x"]),
        ('A !endswith "x"', ["-A endswith x"]),
        ('A matches regex "x.*y"', ["!A re x.*y"]),
        ('A matches regex "(?i)x"', ["A re (?i)x"]),
        ('A in ("x", "y")', ["!A eq x", "!A eq y"]),
        ('A in~ ("x")', ["A eq x"]),
        ('A !in ("x", "y")', ["-!A eq x", "-!A eq y"]),
        ('A !in~ (dynamic(["x", "y"]))', ["-A eq x", "-A eq y"]),
        ("A has_any ('x', 'y')", ["A token x", "A token y"]),
        ("A has_all (dynamic(['x', 'y']))", ["A token x", "A token y"]),
        ("A > 5", ["A gt 5"]),
        ("5 > A", ["A lt 5"]),
        ('"x" == A', ["!A eq x"]),
        ('"x" in (A, B)', ["!A eq x", "!B eq x"]),
        ("A >= 0x1f", ["A gte 0x1f"]),
        ("A <= -3.5", ["A lte -3.5"]),
        ("A < 1.5h", ["A lt 1.5h"]),
        ("A between (1 .. 5)", ["A gte 1", "A lte 5"]),
        ("A !between (1 .. 5)", ["-A gte 1", "-A lte 5"]),
        ("A == datetime(2021-03-02T00:00:00Z)", ["A eq 2021-03-02T00:00:00Z"]),
        ("A == guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", ["A eq 74be27de-1e4e-49d9-b579-fe0b331d3642"]),
        ("A == true", ["A eq true"]),
        ("A", ["A eq true"]),
        ("not(A)", ["-A eq true"]),
        ("isempty(A)", ["A null"]),
        ("isnotempty(A)", ["A exists"]),
        ("isnull(A)", ["A null"]),
        ("isnotnull(A)", ["A exists"]),
        ('A == ""', ["A null"]),
        ('A != ""', ["A exists"]),
        ("A == int(null)", ["A null"]),
        ('A !in ("", "-")', ["-A null", "-!A eq -"]),
        ('* has "x"', [" keyword x"]),
        ('ipv4_is_in_range(A, "10.0.0.0/8")', ["A cidr 10.0.0.0/8"]),
        ('ipv4_is_match("10.0.0.0", A, 8)', ["A cidr 10.0.0.0/8"]),
        ("not(ipv4_is_private(A))", ["-A cidr 10.0.0.0/8", "-A cidr 172.16.0.0/12", "-A cidr 192.168.0.0/16"]),
        ('ipv4_is_match(A, "10.1.1.1") == false', ["-A cidr 10.1.1.1"]),
        ('has_ipv4(A, "10.1.1.1")', ["A token 10.1.1.1"]),
        ('has_any_ipv4(A, dynamic(["10.1.1.1", "10.1.1.2"]))', ["A token 10.1.1.1", "A token 10.1.1.2"]),
        ('(A has "x") == false', ["-A token x"]),
        ('A has "x" == true', ["A token x"]),
        ('iff(A has "x", B == 1, C == 2)', ["A token x", "B eq 1", "-A token x", "C eq 2"]),
        ('case(A == 1, true, B == 2, true, false)', ["A eq 1", "B eq 2"]),
        ('iff(A == 1, "x", "y") == "y"', ["-A eq 1"]),
    ],
)  # fmt: skip
def test_operators(condition: str, expected: list[str]) -> None:
    assert where(condition) == expected


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r'"C:\\x\t\u0041\""', 'C:\\x\tA"'),
        (r"'it\'s'", "it's"),
        (r'@"C:\x ""y"""', 'C:\\x "y"'),
        ("@'a''b'", "a'b"),
        ('```C:\\x\n"y"```', 'C:\\x\n"y"'),
        ("~~~x~~~", "x"),
        ('h"secret"', "secret"),
        ("h@'C:\\x'", "C:\\x"),
        ('"a" \'b\' @"c"', "abc"),
        ('"// no comment"', "// no comment"),
    ],
)
def test_string_literals(literal: str, value: str) -> None:
    query = kql.parse(f"T | where A == {literal} // done")
    (term,) = [part.tree for part in query.parts]
    assert isinstance(term, Term)
    assert term.value == value


@pytest.mark.parametrize(
    ("left", "field"),
    [
        ("tolower(A)", "A"),
        ("tostring(A.b[0].c)", "A.b[0].c"),
        ('parse_json(tostring(A.b))["c d"]', "A.b.c d"),
        ("todynamic(A)[-1].['@x']", "A[-1].@x"),
        ("trim('x', A)", "A"),
        ('column_ifexists("A", "")', "A"),
        ('coalesce(A, "")', "A"),
        ("toint(A)", "A"),
        ("['A b']", "A b"),
    ],
)
def test_wrappers_of_one_column_read_it(left: str, field: str) -> None:
    assert where(f"{left} =~ 'x'") == [f"{field} eq x"]


@pytest.mark.parametrize(
    "left", ["strlen(A)", "coalesce(A, B)", "(A + B)", "strcat(A, 'x')", "split(A, '/')[0]", "parse_url(A).Host"]
)
def test_computed_sides_are_derived(left: str) -> None:
    (line,) = where(f"{left} =~ 'x'")
    assert line == f"?{left} eq x"


def test_what_is_no_constant_is_derived() -> None:
    assert where("A > ago(1d)") == ["?A gt ago(1d)"]
    assert where("A =~ B") == ["?A eq B"]
    assert where("A between (ago(1d) .. now())") == ["?A gte ago(1d)", "?A lte now()"]


def test_precedence_and_shape() -> None:
    (part,) = kql.parse("T | where A == 1 or B == 2 and not(C == 3 or D == 4)").parts
    assert tree(part.tree) == "(A=1 | (B=2 & ~(C=3 | D=4)))"
    (part,) = kql.parse("T | where A == 1 | where B == 2 or C == 3 | where not(not(D == 4))").parts
    assert tree(part.tree) == "(A=1 & (B=2 | C=3) & ~~D=4)"


def test_spans() -> None:
    text = 'let l = dynamic(["a"]);\nT | where A has "x" and B in ("y", "z") and C in (l)'
    found = [text[term.start : term.end] for term in kql.parse(text).parts[0].tree[0][0:1]]
    assert found == ['A has "x"']
    (part,) = kql.parse(text).parts
    assert isinstance(part.tree, And)
    spans = []
    stack = list(reversed(part.tree.items))
    while stack:
        node = stack.pop()
        if isinstance(node, Or):
            stack.extend(reversed(node.items))
        else:
            assert isinstance(node, Term)
            spans.append(text[node.start : node.end])
    assert spans == ['A has "x"', '"y"', '"z"', "C in (l)"]


def test_lets() -> None:
    assert read("let n = 5; let l = dynamic(['a', 'b']); T | where A == n and B in~ (l)") == ["A eq 5", "B eq a", "B eq b"]
    assert read('let a = "x"; let l = pack_array(a, "y"); T | where A has_any (array_concat(l, dynamic(["z"])))') == [
        "A token x", "A token y", "A token z",
    ]  # fmt: skip
    assert read('let l = datatable(v: string, w: long)["a", 1, "b", 2]; T | where A in (l)') == ["!A eq a", "!A eq b"]
    assert read('let l = toscalar(datatable(v: string)["a"] | summarize make_set(v)); T | where A in (l)') == ["!A eq a"]
    assert read('let l = split("a,b", ","); T | where A in (l)') == ["!A eq a", "!A eq b"]
    assert read("T | extend n = 1 | where n == 1") == ["?n eq 1"]


def test_query_parameters_and_starred_views() -> None:
    assert read('declare query_parameters(p: string = "x", q: long); T | where A == p') == ["!A eq x"]
    assert parts("let v1 = view () { T | where A == 1 }; let v2 = view () { U | where B == 2 }; union v*") == [
        (("T",), ["A eq 1"]),
        (("U",), ["B eq 2"]),
    ]
    assert read("T | mv-apply with_itemindex=i X = A on (where i == 0 and X == 'x')") == ["?i eq 0", "!A eq x"]


def test_a_tabular_let_is_expanded_once() -> None:
    assert read("let base = T | where A == 1; base | where B == 2") == ["A eq 1", "B eq 2"]
    assert parts("let base = materialize(T | where A == 1); base | where B == 2 | join (base | where C == 3) on D") == [
        (("T",), ["A eq 1", "B eq 2"]),
        (("T",), ["C eq 3"]),
    ]
    assert read("let unused = U | where A == 1; T | where B == 2") == ["B eq 2"]
    assert read("let total = toscalar(T | count); let base = T | where A == 1; base | where total > 5")[0] == "A eq 1"
    assert parts("let base = T | where A == 1; let n = toscalar(base | count); base | where B == 2") == [
        (("T",), ["A eq 1", "B eq 2"])
    ]


def test_lambdas() -> None:
    assert read('let bad = (x: string) { x has "a" or x has "b" }; T | where bad(CommandLine)') == [
        "CommandLine token a", "CommandLine token b",
    ]  # fmt: skip
    assert parts('let f = (t: string) { table(t) | where A == 1 }; union f("T"), f("U")') == [(("T", "U"), ["A eq 1"])]
    assert read("let f = () { T | where A == 1 }; f | where B == 2") == ["A eq 1", "B eq 2"]
    assert read("let f = (t: (*), n: long = 3) { t | where A == n }; T | where B == 1 | invoke f()") == ["B eq 1", "A eq 3"]
    assert read("let clean = (x: string) { tolower(x) }; T | where clean(A) == 'x'") == ["!A eq x"]


def test_columns_through_the_pipeline() -> None:
    assert read("T | extend X = tostring(A.b) | where X == 'x'") == ["!A.b eq x"]
    assert read("T | project-rename X = A | where X == 'x'") == ["!A eq x"]
    assert read("T | project X = A, B | where X == 'x' and B == 'y' and C == 'z'") == ["!A eq x", "!B eq y", "?!C eq z"]
    assert read("T | summarize n = count(), make_set(B) by A, X = tolower(C) | where n > 5 and A == 'a' and X == 'x'") == [
        "?n gt 5", "!A eq a", "!C eq x",
    ]  # fmt: skip
    assert read("T | summarize arg_max(Time, *) by A | where B == 'x'") == ["!B eq x"]
    assert read("T | summarize arg_max(Time, B) by A | where B == 'x' and C == 'y'") == ["!B eq x", "?!C eq y"]
    assert read("T | parse A with * 'x=' X:string ' ' * | where X == 'x'") == ["?!X eq x"]
    assert read("T | mv-expand A.b | where A_b.c == 'x'") == ["!A.b.c eq x"]
    assert read("T | mv-expand X = A to typeof(string) limit 5 | where X == 'x'") == ["!A eq x"]
    assert read("T | mv-apply X = A on (where X.n == 'x' | take 1) | where B == 'y'") == ["!A.n eq x", "!B eq y"]
    assert read("T | make-series n = count() default = 0 on Time from ago(1d) to now() step 1h by A | where A == 'x'") == [
        "!A eq x"
    ]
    assert read("T | distinct A | where A == 'x'") == ["!A eq x"]
    assert read("T | extend x = parse_xml(E) | evaluate bag_unpack(x) | where CommandLine has 'x'") == ["CommandLine token x"]
    assert read("T | partition by A (where B == 'x' | take 2)") == ["!B eq x"]


def test_flags_stand_for_their_condition() -> None:
    assert read("T | extend bad = A has 'x' or B == 1 | where bad") == ["A token x", "B eq 1"]
    assert read("T | extend ok = iff(A has 'x', true, false) | where ok == false") == ["-A token x"]
    assert read("T | extend kind = case(A == 1, 'one', B == 2, 'two', 'none') | where kind == 'two'") == ["B eq 2", "-A eq 1"]
    assert read("T | extend kind = case(A == 1, 'one', B == 2, 'two', 'none') | where kind != 'none'") == ["A eq 1", "B eq 2"]


def test_joins_and_subqueries_are_parts_of_their_own() -> None:
    assert parts("T | where A == 1 | join (U | where B == 2 | project K, N = C) on K | where N == 'x' and D == 3") == [
        (("T",), ["A eq 1", "D eq 3"]),
        (("U",), ["B eq 2", "!C eq x"]),
    ]
    assert parts("T | where K in ((U | where B == 2 | project K))") == [
        (("T",), ["?!K eq U | where B == 2 | project K"]),
        (("U",), ["B eq 2"]),
    ]
    assert parts("union isfuzzy=true (T | where A == 1), (U | where B == 2) | where C == 3") == [
        (("T", "U"), ["C eq 3"]),
        (("T",), ["A eq 1"]),
        (("U",), ["B eq 2"]),
    ]
    assert parts("union T, Device* | where C == 3") == [(("T", "Device*"), ["C eq 3"])]
    assert parts("T | join U on K") == [(("T",), []), (("U",), [])]
    assert parts("T | where A == 1 | join kind=rightanti (U | where B == 2) on K | where C == 3") == [
        (("T",), ["A eq 1"]),
        (("U",), ["B eq 2", "C eq 3"]),
    ]
    assert parts("T | where A == 1 | lookup kind=leftouter (U) on K") == [(("T",), ["A eq 1"]), (("U",), [])]


def test_sources() -> None:
    assert parts('table("T") | where A == 1') == [(("T",), ["A eq 1"])]
    assert parts('workspace("w").T | where A == 1') == [(("T",), ["A eq 1"])]
    assert parts('cluster("c").database("d").T | where A == 1') == [(("T",), ["A eq 1"])]
    assert parts("MyFunction(1) | where A == 1") == [(("MyFunction",), ["A eq 1"])]
    assert parts("T") == [(("T",), [])]
    assert parts("set notruncation; declare query_parameters(x: long = 1); T | where A == 1") == [(("T",), ["A eq 1"])]


def test_search_and_find() -> None:
    assert parts('search in (T, U*) "x" and C:"y*" and D == 3') == [(("T", "U*"), [" keyword x", "C startswith y", "D eq 3"])]
    assert parts('find withsource=S in (T, U) where A has "x" project A, B') == [(("T", "U"), ["A token x"])]
    assert read('T | search "x" or "y"') == [" keyword x", " keyword y"]


def test_asim_arguments() -> None:
    assert parts("_Im_Dns(starttime=ago(1d), responsecodename='NXDOMAIN', domain_has_any=dynamic(['a', 'b']))") == [
        (("_Im_Dns",), ["DnsResponseCodeName eq NXDOMAIN", "DnsQuery token a", "DnsQuery token b"])
    ]
    assert read("imWebSession(url_has_any=dynamic([]), eventresult='Failure') | where A == 1") == [
        "EventResult eq Failure",
        "A eq 1",
    ]


def test_organisation_lists() -> None:
    query = kql.parse("let vips = _GetWatchlist('VIPs') | project Name; T | where A in (vips) and not(B in (vips))")
    assert flat(query.parts[0].tree) == ["@!A eq VIPs", "-@!B eq VIPs"]
    assert [(one.name, one.negated) for one in query.lists] == [("VIPs", False), ("VIPs", True)]
    query = kql.parse('T | where A !in~ ((externaldata(a: string)["https://example.org/a.csv"] with (format="csv")))')
    assert [(one.name, one.negated) for one in query.lists] == [("https://example.org/a.csv", True)]
    query = kql.parse("T | where A == 1 | join kind=leftanti _GetWatchlist('Known') on $left.A == $right.SearchKey")
    assert flat(query.parts[0].tree) == ["A eq 1", "-@A eq Known"]
    assert query.lists[0].negated
    assert flat(kql.parse("let mine = dynamic([]); T | where A !in (mine)").parts[0].tree) == ["-@!A eq mine"]


def test_chains() -> None:
    text = "T\n| where A == 1\n| extend B = C\n| where B == 2 | summarize count() by A\n| where A == 3"
    reading = kql.read(text)
    assert [text[chain.start : chain.end] for chain in reading.chains] == ["where B == 2"]
    text = "T | join (U | where A == 1 | project A) on A"
    assert sorted(text[chain.start : chain.end] for chain in kql.read(text).chains) == ["T", "where A == 1"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", ""),
        ("// nothing", "// nothing"),
        ('T | where A == "x', '"x'),
        ("T | where A == 'x\n| take 1", "'x"),
        ("T | where A == ```x", "```x"),
        ("T | where (A == 1", ""),
        ("T | where A == 1)", ")"),
        ("T | frobnicate A", "frobnicate"),
        ("T | where A === 1", "="),
        ("T | where A like", ""),
        ("T /* x", "x"),
        ("let x = ; T", ";"),
        ("T | where", ""),
        ("T | | take 1", "|"),
        ("index=main | stats count by host", "="),
        ('process where process.name == "x"', "where"),
        ("process.name: x and y: z", ":"),
        ("SELECT a FROM b", "a"),
        ("a \x00 b", "\x00"),
    ],
)
def test_bad_queries_are_located(text: str, place: str) -> None:
    with pytest.raises(QueryError) as caught:
        kql.parse(text)
    error = caught.value
    assert 0 <= error.start <= len(text)
    assert text[error.start : error.end].startswith(place)


_LAMBDAS = "let f0 = () { T | where x == 1 };" + "".join(
    f"let f{n} = () {{ union f{n - 1}(), f{n - 1}() }};" for n in range(1, 40)
)


@pytest.mark.parametrize(
    "text",
    [
        "T | where " + " or ".join(f'a == "v{n}"' for n in range(100_000)),
        "T | where a in (" + ",".join(f'"v{n}"' for n in range(59_000)) + ")",
        "T " + "| where a == 1\n" * 100_000,
        "T | where " + "(" * 1000 + "a == 1" + ")" * 1000,
        "T | where " + "not(" * 1000 + "a == 1" + ")" * 1000,
        "let a = dynamic(" + "[" * 1000 + "]" * 1000 + "); T",
        "T | where a == " + "-" * 20_000 + "1",
        "T | where a" + ".b" * 20_000 + " == 1",
        "let a = a | where x == 1; let b = b; a | join b on c",
        "let f = () { f() | where x == 1 }; f()",
        _LAMBDAS + "f39()",
        "let l = dynamic([" + ",".join('"v"' for _ in range(5000)) + "]); T " + "| where a in (l)\n" * 1000,
        "T | extend a0 = x has 'a'" + "".join(f"| extend a{n} = a{n - 1} or a{n - 1}" for n in range(1, 60)) + "| where a59",
        "T | where " + "coalesce(" * 50 + "c" + ")" * 50 + " == 1",
    ],
    ids=range(14),
)
def test_large_and_deep_queries_end_in_time(text: str) -> None:
    from time import process_time

    before = process_time()
    located(text)
    assert process_time() - before < 3  # a third of it on a quiet machine


_SOUP = r"""T U A B
where extend project summarize by join kind = inner on union let x y f ( ) { } [ ] | | | ; , . .. : == =~ != !~
has !has has_any !in in in~ ( ) and or not( iff( case( 1 5m 'a' "b" @"c" dynamic([ ]) ]) datetime( ago( * - + => toscalar(
materialize( mv-expand mv-apply parse with evaluate bag_unpack( search find in ( ) datatable( externaldata( a:string
_GetWatchlist('w') _Im_Dns(domain_has_any= tostring( between ( .. ) matches regex isempty( $left.A $right.B make-series default
as invoke partition ``` ' " // true null int(null) lookup distinct range print hint.strategy= hint. ['a'] view"""
_WORDS = [*_SOUP.split(), "\n"]


def located(text: str) -> None:
    """Reads a text; an error has a place in it."""
    try:
        kql.parse(text)
    except QueryError as error:
        place = error.start, error.end
    else:
        place = 0, 1
    assert 0 <= place[0] < place[1]
    assert place[0] <= len(text)


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=40).map(" ".join))
def test_token_soup_raises_nothing_but_query_errors(text: str) -> None:
    located(f"T | where {text}" if len(text) % 2 else text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_raises_nothing_but_query_errors(text: str) -> None:
    located(text)
