import json
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from linter.dialects.queries import spl
from linter.dialects.queries.core import Query, QueryError
from linter.dialects.queries.spl import MacroDefinition
from linter.dialects.queries.spl_words import KNOWN
from linter.dialects.splunk_macros import near
from linter.rule import And, Node, Not, Or, Term
from tests.shared import SHARED, needs_shared

CORPUS = SHARED / "corpora" / "2026-08" / "splunk"
READINGS = Path(__file__).parents[2] / "data" / "spl_readings.json"


def macros(**definitions: str) -> dict[str, MacroDefinition]:
    return {name: MacroDefinition(name, text) for name, text in definitions.items()}


def walk(node: Node, negated: bool = False) -> Iterator[tuple[Term, bool]]:
    if isinstance(node, Term):
        yield node, negated
    elif isinstance(node, Not):
        yield from walk(node.item, not negated)
    elif isinstance(node, And | Or):
        for item in node.items:
            yield from walk(item, negated)


def said(query: Query) -> list[str]:
    """`field op value`, `!` before it when negated, `~` when derived."""
    return [
        f"{'!' * negated}{'~' * term.derived}{' '.join(piece for piece in (term.field, term.op, term.value) if piece)}"
        for part in query.parts
        for term, negated in walk(part.tree)
    ]


def shape(node: Node) -> str:
    if isinstance(node, Term):
        return node.value or node.field
    if isinstance(node, Not):
        return f"not({shape(node.item)})"
    assert isinstance(node, And | Or)
    return f"{type(node).__name__.lower()}({' '.join(map(shape, node.items))})"


def one(text: str, **definitions: str) -> list[str]:
    return said(spl.parse(text, macros(**definitions)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", "1"),
        ("a=1 b=2", "and(1 2)"),
        ("a=1 OR b=2 c=3", "and(or(1 2) 3)"),
        ("a=1 b=2 OR c=3 d=4", "and(1 or(2 3) 4)"),
        ("a=1 AND b=2 OR c=3 AND d=4", "and(1 or(2 3) 4)"),
        ("(a=1 b=2) OR c=3", "or(and(1 2) 3)"),
        ("NOT a=1 OR b=2", "or(not(1) 2)"),
        ("NOT (a=1 b=2)", "not(and(1 2))"),
        ("NOT NOT a=1", "not(not(1))"),
        ("a!=1", "not(1)"),
        ("NOT a IN (1, 2)", "not(or(1 2))"),
        ("a NOT IN (1 2)", "not(or(1 2))"),
        ("a=1 or b=2", "and(1 or 2)"),  # small letters: a word like any other
        ("index=x | where a=1 OR b=2 AND c=3", "and(x or(1 and(2 3)))"),
        ("index=x | where a=1 or not b=2 and c=3", "and(x or(1 and(not(2) 3)))"),
        ("index=x | where a=1 XOR b=2", "and(x or(1 2))"),
        ("index=x | search a=1 OR b=2 c=3", "and(x or(1 2) 3)"),
    ],
)
def test_precedence(text: str, expected: str) -> None:
    assert shape(spl.parse(text).parts[0].tree) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a="b c"', "a eq b c"),
        (r'a="say \"x\""', 'a eq say "x"'),
        (r'a="C:\\Windows\\*"', "a startswith C:\\Windows\\"),
        (r"a=*\\Temp\\*", "a contains \\Temp\\"),
        (r'a="*\Temp"', "a endswith \\Temp"),
        ("a=x*y", "a like x*y"),
        ("a=*x?y*", "a contains x?y"),
        ("a=*", "a exists"),
        ("NOT a=*", "a null"),
        ("a!=*", "a null"),
        ('a=""', "a null"),
        ('a!=""', "a exists"),
        ("a = 5", "a eq 5"),
        ("a>=5", "a gte 5"),
        ("host::web*", "host startswith web"),
        ('source::"/var/log x"', "source eq /var/log x"),
        ("fe80::1", "keyword fe80::1"),
        ("a<.25", "a lt .25"),
        ("a==1", "a eq 1"),
        ("a=x,y", "a eq x,y"),
        ("NOT ip IN (10.0.0.0/8, fe80::/10, 10.1/x)", "!ip cidr 10.0.0.0/8|!ip cidr fe80::/10|!ip eq 10.1/x"),
        ("url=*?id=1&b=2*", "url contains ?id=1&b=2"),
        ('"a b"=1', "a b eq 1"),
        ("a{}.b=1", "a{}.b eq 1"),
        ('"some phrase"', "keyword some phrase"),
        ("*", ""),
        ("TERM(10.0.0.1)", "keyword 10.0.0.1"),
        ("CASE(Error)", "keyword Error"),
        ("a=CASE(Error)", "a eq Error"),
        ("a IN (x*, *y)", "a startswith x|a endswith y"),
        ('a IN ("x","y",)', "a eq x|a eq y"),
        ("a=(x OR y)", "a eq x|a eq y"),
        ("a=1 earliest=-1d@d latest=now", "a eq 1"),
        ("a=1 ```b=2``` c=3", "a eq 1|c eq 3"),
    ],
)
def test_search_terms(text: str, expected: str) -> None:
    assert "|".join(one(text)) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('a="x*"', "a eq x*"),  # no wildcards in where
        ('"x"=a', "a eq x"),
        ("5 < a", "a gt 5"),
        ("a > .25", "a gt 0.25"),
        ("a >= -5", "a gte -5"),
        ("'a b'=\"x\"", "a b eq x"),
        ('like(a, "%x%")', "a contains x"),
        ('a LIKE "x_y%"', "a like x?y*"),
        ('NOT like(a, "100*%")', "!a startswith 100*"),
        ('match(a, "(?i)^x\\\\d+")', "a re (?i)^x\\d+"),
        ('cidrmatch("10.0.0.0/8", a)', "a cidr 10.0.0.0/8"),
        ('in(a, "x", "y")', "a eq x|a eq y"),
        ('a IN ("x", "y")', "a eq x|a eq y"),
        ('a NOT IN ("x")', "!a eq x"),
        ("isnull(a)", "a null"),
        ("isnotnull(a) AND NOT isnull(b)", "a exists|b exists"),
        ("NOT isnotnull(a)", "a null"),
        ('a=""', "a null"),
        ('lower(a)="x"', "a eq x"),
        ("a=b", "~a eq b"),
        ("a > 2*b", "~a gt 2*b"),
        ("len(a) > 9", "~len(a) gt 9"),
        ('if(a=1, "x", "y")="x"', '~if(a=1, "x", "y") eq x'),
        ("1=1", ""),
        ("true()", ""),
        ('searchmatch("a=1 OR b=*x*")', "a eq 1|b contains x"),
        ('(a+b)>3 AND (c="x" OR c="y")', "~(a+b) gt 3|c eq x|c eq y"),
    ],
)
def test_where_terms(condition: str, expected: str) -> None:
    assert "|".join(one(f"z=1 | where {condition}")[1:]) == expected


def test_case_is_kept_where_it_matters() -> None:
    def cased(text: str) -> list[bool]:
        return [term.cased for part in spl.parse(text).parts for term, _ in walk(part.tree)]

    assert cased('a="X" | where b="X" | where lower(c)="x" | where match(d, "x") | where match(d, "(?i)x")') == [
        False, True, False, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("commands", "filter", "expected"),
    [
        ("eval x=if(a=1,2,3)", "x=2", "a eq 1"),
        ("eval x=if(a=1,2,3)", "x!=2", "!a eq 1"),
        ("eval x=if(a=1,2,3)", "x=3", "!a eq 1"),
        ("eval x=if(a=1,2,3)", "x>2", "!a eq 1"),
        ("eval x=if(a=1,b,3)", "x=3", "~x eq 3"),
        ('eval x=if(match(a,"q"),"yes",null())', "x=*", "a re q"),
        ("eval x=case(a=1,2,true(),3)", "x=2", "a eq 1"),
        ("eval x=if(a=1,1,0), y=if(x=1,5,6)", "y=5", "a eq 1"),
        ("eval x=if(a=1,1,0) | rename x as y", "y=1", "a eq 1"),
        ("eval x=if(a=1,1,0) | stats count by x", "x=1", "a eq 1"),
        ("eval x=if(a=1,1,0) | stats sum(x) as x", "x=1", "~x eq 1"),
        ("eval x=if(a=1,1,0), x=b", "x=1", "b eq 1"),
        ("eval x=if(a=,1,0)", "x=1", "~x eq 1"),
        ("frobnicate b output=x", "x=1", "~x eq 1"),
        ("eval x=a", "x=2", "a eq 2"),
        ("eval x=lower(a)", "x=2", "a eq 2"),
        ("eval x=a.b, y=1", "y=1", "~y eq 1"),
        ("eval a=replace(a, 1, 2)", "a=2", "~a eq 2"),
        ("rename a as b", "b=2", "a eq 2"),
        ("rename A.b as b", "b=2", "b eq 2"),
        ("rename a as b, c AS d", "d=2", "c eq 2"),
        ("stats count by a", "a=2", "a eq 2"),
        ("stats count by a", "count>2", "~count gt 2"),
        ("stats count by a", "b=2", "~b eq 2"),
        ("stats values(b) as b by a", "b=2", "~b eq 2"),
        ("stats count as n by a, b | rename b as c", "c=2", "b eq 2"),
        ("eventstats avg(a) as m", "m>2", "~m gt 2"),
        ("eventstats avg(a) as m", "a>2", "a gt 2"),
        ("streamstats count by a", "count=1", "~count eq 1"),
        ('rex field=a "(?<x>.+)"', "x=2", "~x eq 2"),
        ("bin span=5m _time", "_time>2", "~_time gt 2"),
        ("iplocation src", "Country=US", "~Country eq US"),
        ("lookup l a OUTPUT b as c", "c=2", "~c eq 2"),
        ("lookup l a OUTPUT b as c", "b=2", "b eq 2"),
        ("lookup ut_shannon_lookup word as a", "ut_shannon>3", "~ut_shannon gt 3"),
        ("transaction a", "duration>2", "~duration gt 2"),
        ("spath output=x path=b.c", "x=2", "b.c eq 2"),
        ("spath", "b.c=2", "b.c eq 2"),
        ("fillnull value=0 a | dedup a | sort - a | head 5 | table a | fields a", "a=2", "a eq 2"),
        ("foreach a* [eval y=1]", "y=1", "~y eq 1"),
        ("convert ctime(a) as t", "t=1", "~t eq 1"),
        ("top limit=5 a by b", "a=1", "a eq 1"),
        ("timechart span=1h count by a", "count>1", "~count gt 1"),
        ("append [search b=1] | apply model | fit KMeans b", "c=1", "c eq 1|b eq 1"),
    ],
)
def test_columns_are_followed(commands: str, filter: str, expected: str) -> None:
    assert "|".join(one(f"z=1 | {commands} | search {filter}")[1:]) == expected


def test_tstats() -> None:
    query = spl.parse(
        "| tstats `security_content_summariesonly` count min(_time) as firstTime from datamodel=Endpoint.Processes "
        'where Processes.process_name IN ("a.exe") Processes.process="* /x *" OR Processes.process=*y '
        "by _time span=1h Processes.dest, Processes.process_name | `drop_dm_object_name(Processes)` "
        '| search process_name!="b.exe" firstTime>5 | where other="x" | `this_filter`'
    )
    assert said(query) == [
        "Processes.process_name eq a.exe", "Processes.process contains  /x ", "Processes.process endswith y",
        "!process_name eq b.exe", "~firstTime gt 5", "~other eq x",
    ]  # fmt: skip
    assert query.parts[0].sources == ("datamodel:Endpoint.Processes",)
    assert [(each.name, each.negated) for each in query.lists] == [("this_filter", True)]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("| tstats count from datamodel=Web where Web.a=1 by Web.b", "datamodel:Web"),
        ('| tstats count from datamodel="Web" where Web.a=1 by Web.b', "datamodel:Web"),
        (
            "| tstats count FROM datamodel = Change WHERE nodename=All_Changes.Account a=1 BY b",
            "datamodel:Change.All_Changes.Account",
        ),
        ("| tstats count from datamodel Endpoint.Registry where a=1", "datamodel:Endpoint.Registry"),
        ("| from datamodel Risk.All_Risk | search a=1", "datamodel:Risk.All_Risk"),
        ('| from datamodel:"Risk.All_Risk" | search a=1', "datamodel:Risk.All_Risk"),
        ("| datamodel Endpoint Processes search | search a=1", "datamodel:Endpoint.Processes"),
        ("`unheard_of` a=1", "macro:unheard_of"),
        ("index=main a=1", "index:main"),
        ("(sourcetype=x OR sourcetype=y) a=1", "sourcetype:x"),
        ("| savedsearch mine | search a=1", "savedsearch:mine"),
        ("| rest /services/x count=0 | search a=1", "rest:/services/x"),
    ],
)
def test_sources(text: str, source: str) -> None:
    query = spl.parse(text)
    assert source in query.parts[0].sources
    assert "a eq 1" in [said.removeprefix("Web.") for said in said(query)]


def test_subsearches_and_joins_are_parts_of_their_own() -> None:
    query = spl.parse(
        "index=a x=1 [search index=b y=2 | fields z] NOT [search index=c w=3 | fields z] | join z [| tstats count from "
        "datamodel=Web where Web.q=4 by Web.z | `drop_dm_object_name(Web)`] | append [search index=d v=5 | stats count by v] "
        '| map search="search index=e u=\\"$z$\\" t=6"'
    )
    assert [part.sources for part in query.parts] == [
        ("index:a",), ("index:b",), (), ("datamodel:Web",), ("index:d",), ("index:e",),
    ]  # fmt: skip
    assert said(query) == [
        "index eq a", "x eq 1", "index eq b", "y eq 2", "~index eq c", "~w eq 3", "Web.q eq 4", "index eq d", "v eq 5",
        "index eq e", "~u eq $z$", "t eq 6",
    ]  # fmt: skip


def test_lists() -> None:
    query = spl.parse(
        "index=a NOT [| inputlookup good_domains | rename domain as query | fields query] [| inputlookup bad_hosts] "
        "user IN (`our_admins`) | lookup vip_users user OUTPUT is_vip | search is_vip!=true | lookup rare p OUTPUT allowed "
        '| where allowed="false" | `my_filter`'
    )
    assert {(each.name, each.negated) for each in query.lists} == {
        ("good_domains", True), ("bad_hosts", False), ("our_admins", False), ("vip_users", True), ("rare", True),
        ("my_filter", True),
    }  # fmt: skip
    listed = [(term.field, term.value, negated) for term, negated in walk(query.parts[0].tree) if term.listed]
    assert listed == [("query", "good_domains", True), ("user", "our_admins", False)]
    assert len(query.parts) == 1


def test_macros_are_expanded_where_they_stand() -> None:
    text = '`logs` `tool(b.exe, "c d")` OR x=1 | `post` | `gone_filter`'
    known = macros(logs="sourcetype=s OR source=t", post="eval q=1 | search q=1 r=2", inner="p=$v$")
    known["tool"] = MacroDefinition("tool", '(n=$a$ OR n="$b$")', ("a", "b"))
    query = spl.parse(text, known)
    assert said(query) == ["n eq b.exe", "n eq c d", "x eq 1", "~q eq 1", "r eq 2"]
    assert query.parts[0].sources == ("macro:logs", "sourcetype:s", "source:t")
    spans = [text[term.start : term.end] for term, _ in walk(query.parts[0].tree)]
    assert spans == ['`tool(b.exe, "c d")`', '`tool(b.exe, "c d")`', "x=1", "`post`", "`post`"]


def test_macros_inside_macros_and_named_arguments() -> None:
    known = {
        "outer": MacroDefinition("outer", "`inner(v=$w$)` b=2", ("w",)),
        "inner": MacroDefinition("inner", "a=$v$", ("v",)),
    }
    assert said(spl.parse("`outer(1)` c=3", known)) == ["a eq 1", "b eq 2", "c eq 3"]


def test_regex_command() -> None:
    text = 'index=a | regex f="^x\\\\y" | regex g!=z+ | regex "raw"'
    query = spl.parse(text)
    assert said(query) == ["index eq a", "f re ^x\\y", "!g re z+", "_raw re raw"]
    assert [text[term.start : term.end] for term, _ in walk(query.parts[0].tree)][1:] == ['f="^x\\\\y"', "g!=z+", '"raw"']


def test_places_for_edits() -> None:
    text = "| tstats count from datamodel=Web where Web.a=1 (Web.b=2 OR Web.c=3) by Web.d | search d=1 | `x_filter`"
    found = spl.read(text)
    assert found.base is not None
    assert text[slice(*found.base)] == "Web.a=1 (Web.b=2 OR Web.c=3)"
    assert found.sift is not None
    assert text[slice(*found.sift)] == "`x_filter`"
    text = "`sysmon` EventCode=1 | stats count by a | `x_filter`"
    assert text[slice(*(spl.read(text).base or (0, 0)))] == "`sysmon` EventCode=1"


def test_spans_behind_a_macro() -> None:
    text = '`p` | where like(a, "%x%") AND b LIKE "y" AND in(c, "z") AND d="w" AND match(e, "v")'
    found = list(walk(spl.parse(text, macros(p="n=1 m=22222222222222222 | eval q=1")).parts[0].tree))
    assert [text[term.start : term.end] for term, _ in found] == [
        "`p`", "`p`", 'like(a, "%x%")', 'b LIKE "y"', '"z"', 'd="w"', 'match(e, "v")',
    ]  # fmt: skip


def test_spans_point_at_the_terms() -> None:
    text = 'a="x" b IN (y, "z") | where like(c, "%w%") AND d>5'
    assert [text[term.start : term.end] for term, _ in walk(spl.parse(text).parts[0].tree)] == [
        'a="x"', "y", '"z"', 'like(c, "%w%")', "d>5",
    ]  # fmt: skip


def test_a_custom_command_makes_what_follows_computed() -> None:
    search = spl.read("index=x a=1 | scoreit model=m field=a [search b=2 | fields c] | where a=3 AND score>5")
    assert said(search.query) == ["index eq x", "a eq 1", "a eq 3", "~score gt 5", "b eq 2"]
    assert [name for name, _, _ in search.customs] == ["scoreit"]
    assert one("| fetchit host=h | search a=1 OR b=2") == ["~a eq 1", "~b eq 2"]
    assert one("index=x | scoreit {odd} | head 1") == ["index eq x"]


def test_not_may_be_an_exclamation_mark() -> None:
    assert one('index=x | where !match(a, "b") AND !(c="d") OR e!="f"') == ["index eq x", "!a re b", "!c eq d", "!e eq f"]


def test_macros_that_take_away_are_lists() -> None:
    query = spl.parse("index=x a=1 | `process_create_whitelist` | `x_exclusions` | `x_filter` | `other`")
    assert [(each.name, each.negated) for each in query.lists] == [
        ("process_create_whitelist", True), ("x_exclusions", True), ("x_filter", True),
    ]  # fmt: skip


def test_choices_stay_bounded() -> None:
    many = " | ".join(f'eval x{at}=if(x{at - 1}=1 OR x{at - 1}=1 OR a="{at}", 1, 0)' for at in range(1, 60))
    began = time.process_time()
    assert spl.parse(f"index=x | eval x0=if(a=1,1,0) | {many} | where x59=1 OR x58=1")
    wide = "case(" + ", ".join(f'a="{at}", {at}' for at in range(39)) + ")"
    assert spl.parse(f"index=x | eval y={wide} | where " + " OR ".join(f"y={at % 40}" for at in range(9_000)))
    assert time.process_time() - began < 2


BAD = {
    'a="b': "unterminated string",
    "a=b `c": "unterminated macro",
    "a=b ```c": "unterminated comment",
    "(a=b": "not closed",
    "a=b)": "expected a term",
    "a IN (b": "not closed",
    "a=b [search c=d": "not closed",
    "a=b ] c": "without a [",
    "a=b | where (c=d": "not closed",
    "a=b | where c=d)": "without a (",
    "a=b | where c ~ d": "unexpected character",
    "a=b | where c === d": "expected a value",
    "a=b | where c d": "expected an operator",
    "a =~ b": "unknown operator",
    "a= | head 1": "expected a value",
    "a=b | project c": "unknown command",
    "DeviceProcessEvents | where A == 1 | project A": "unknown command",
    'process where process.name == "x"': "another language",
    'process.name : "x"': "another language",
    "rule a { events: $e }": "another language",
    "": "empty",
    " | ": "empty",
    "`loop`": "calls itself",
    "`two(1)` OR `deep0`": "deeper",
    "a=b | eval = 3": "name=expression",
    "a=b | join x": "no sub-search",
    " ".join(f"f{at}=v" for at in range(30_000)): "more than",
    "a IN (" + ",".join("v" * 3 for _ in range(100_000)) + ")": "more than",
    " OR ".join("a=b" for _ in range(100_000)): "characters",
    "(" * 1000 + "a=b" + ")" * 1000: "nested deeper",
    "a=b | where " + "(" * 1000 + "a=b" + ")" * 1000: "nested deeper",
    "[" * 1000 + "a=b" + "]" * 1000: "sub-searches",
    "a=b " + "| head 1 " * 3000: "commands",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:30])
def test_bad_input_is_located(text: str) -> None:
    known = macros(loop="a=1 `loop`", **{f"deep{at}": f"`deep{at + 1}`" for at in range(40)})
    began = time.process_time()
    with pytest.raises(QueryError) as caught:
        spl.parse(text, known)
    assert time.process_time() - began < 1
    assert BAD[text] in caught.value.message
    assert 0 <= caught.value.start < caught.value.end
    assert caught.value.start <= len(text)


@pytest.mark.parametrize(
    "text",
    ["NOT " * 50_000 + "a=b", "a=b | where " + "-" * 50_000 + "1=a", '`"' * 50_000, '```"' * 30_000, "\\" * 99_999,
     "a=b | where " + "+".join(["a"] * 50_000) + ">1", 'a="' + "*a" * 90_000 + '"', "a IN (" + "," * 99_999 + ")",
     "| tstats count by " + " ".join(f"A.f{at}" for at in range(20_000)) + " | rename A.* as * | rename * as A.* " * 230,
     "a=b | where " + "lower(" * 2_000 + "a" + ")" * 2_000, "`m(" + '"a",' * 90_000 + ")`"],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_hostile_input_is_bounded(text: str) -> None:
    began = time.process_time()
    with suppress(QueryError):
        spl.parse(text)
    assert time.process_time() - began < 2


_WORDS = (
    "tstats stats where search eval rename lookup inputlookup join map regex | | | [ ] ( ) ' ` `m` `m(1)` `x_filter` ``` "
    '" \\ = != < a b.c * `drop_dm_object_name(A)` NOT AND OR IN by as from datamodel=A.B , 1 .5 $t$ <<F>> count like(a,"%") '
    "match( search= - + . field OUTPUT é"
)
_SOUP = st.lists(st.sampled_from([*sorted(KNOWN)[::9], *_WORDS.split(), '"x y"', "\x00", "\n"]), max_size=40).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(_SOUP | st.text(max_size=60))
def test_only_query_errors_on_any_text(text: str) -> None:
    known = {"m": MacroDefinition("m", f"a=$v$ {text}", ("v",))}
    found = None
    with suppress(QueryError):
        found = spl.read(text, known)
    if found is None:
        with pytest.raises(QueryError) as caught:
            spl.read(text, known)
        assert 0 <= caught.value.start < caught.value.end
        return
    for part in found.query.parts:
        for term, _ in walk(part.tree):
            assert 0 <= term.start < term.end <= len(text)


@needs_shared
def test_every_public_search_is_read_in_time() -> None:
    paths = sorted((CORPUS / "detections").rglob("*.yml"))
    searches = [(path, yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["search"]) for path in paths]
    assert len(searches) == 1711
    known = near(str(paths[0]))
    for name in list(known):
        known.get(name)
    began, failed = time.process_time(), []
    for path, text in searches:
        try:
            spl.parse(text, known)
        except QueryError as error:
            failed.append((path.name, error.message))
    assert failed == []
    assert (time.process_time() - began) / len(searches) < 0.001


@needs_shared
def test_forty_rules_read_by_eye() -> None:
    """Drawn with `random.Random(40).sample(sorted(paths), 40)`; the expectations were written from the rules' text."""
    for reading in json.loads(READINGS.read_text(encoding="utf-8")):
        path = CORPUS / reading["path"]
        data = path.read_bytes()
        assert sha256(data).hexdigest() == reading["sha256"]
        query = spl.parse(yaml.load(data, yaml.CSafeLoader)["search"], near(str(path)))
        got = [[t.field, t.op, t.value, n, t.derived] for part in query.parts for t, n in walk(part.tree)]
        assert sorted(got) == sorted(reading["predicates"]), path.name
