"""What the provable checks claim holds for every event: rules over a tiny alphabet, all events tried."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linter.checks import dead_exclusion, matching, self_defeating_exclusion
from linter.checks.base import CheckInfo, Options, RuleContext
from linter.checks.witness import judge
from linter.dialects import registry
from linter.finding import Finding
from linter.rule import And, Node, Not, Or, Predicate, Rule
from linter.source import Source

VALUES = ["".join(letters) for size in range(1, 3) for letters in product("aB", repeat=size)]
EVENTS: list[str | None] = [None, *VALUES, *[value.swapcase() for value in VALUES if value.swapcase() not in VALUES]]
OPS = ("", "|contains", "|startswith", "|endswith", "|contains|cased", "|cased")


def no_catalog() -> object:
    raise AssertionError("nothing provable asks the catalog")


def read(text: str, dialect: str = "sigma", path: str = "rule.yml") -> tuple[Rule, Source]:
    source = Source(path, text)
    (rule,) = registry.dialect(dialect).read(source).rules
    return rule, source


def found(
    module: object, text: str, dialect: str = "sigma", path: str = "rule.yml", persona: str = "pedantic"
) -> list[Finding]:
    rule, source = read(text, dialect, path)
    info: CheckInfo = module.CHECK  # type: ignore[attr-defined]
    context = RuleContext(Options(persona=persona), info, rule, source, no_catalog)  # type: ignore[arg-type]
    return list(module.check(context))  # type: ignore[attr-defined]


def sigma(selection: list[str], filters: list[list[str]], condition: str = "selection and not 1 of filter_*") -> str:
    def block(name: str, lines: list[str]) -> str:
        return f"  {name}:\n" + "".join(f"    {line}\n" for line in lines)

    blocks = "".join(block(f"filter_{number}", lines) for number, lines in enumerate(filters))
    return (
        "title: t\nlogsource: {category: process_creation, product: windows}\ndetection:\n"
        f"{block('selection', selection)}{blocks}  condition: {condition}\n"
    )


def without(node: Node, gone: set[tuple[int, int]]) -> Node | None:
    """A tree without the leaves at some places; a conjunction that loses one is gone, a NOT of nothing holds."""
    if isinstance(node, Predicate):
        return None if (node.start, node.end) in gone else node
    if isinstance(node, Not):
        item = without(node.item, gone)
        return And(()) if item is None else Not(item)
    if isinstance(node, And | Or):
        items = [without(item, gone) for item in node.items]
        if isinstance(node, And):
            return None if None in items else And(tuple(item for item in items if item is not None and item != And(())))
        left = tuple(item for item in items if item is not None)
        return Or(left) if left else None
    return node


def outcomes(rule: Rule, tree: Node | None) -> list[bool | None]:
    out: list[bool | None] = []
    for image, command in product(EVENTS, repeat=2):
        event = {name: (value,) for name, value in (("image", image), ("commandline", command)) if value is not None}
        out.append(True if tree is None or tree == And(()) else judge(tree, event, rule.dialect))
    return out


line = st.builds(
    lambda field, op, values: f"{field}{op}: [{', '.join(values)}]",
    st.sampled_from(["Image", "CommandLine"]),
    st.sampled_from(OPS),
    st.lists(st.sampled_from(VALUES), min_size=1, max_size=2, unique=True),
)


def lines() -> st.SearchStrategy[list[str]]:
    return st.lists(line, min_size=1, max_size=2, unique_by=lambda text: text.partition(":")[0])


@settings(max_examples=50, deadline=None)
@given(lines(), st.lists(lines(), min_size=1, max_size=2))
def test_dead_exclusions_change_nothing(selection: list[str], filters: list[list[str]]) -> None:
    text = sigma(selection, filters)
    rule, _ = read(text)
    before = outcomes(rule, rule.trees[0])
    for one in found(dead_exclusion, text):
        assert outcomes(rule, without(rule.trees[0], {(one.start, one.end)})) == before, one.message


@settings(max_examples=50, deadline=None)
@given(lines(), st.lists(lines(), min_size=1, max_size=2))
def test_self_defeating_rules_match_nothing(selection: list[str], filters: list[list[str]]) -> None:
    text = sigma(selection, filters)
    rule, _ = read(text)
    for one in found(self_defeating_exclusion, text):
        if one.severity == "error":
            assert True not in outcomes(rule, rule.trees[0]), one.message


@settings(max_examples=200, deadline=None)
@given(line, line, st.sampled_from(EVENTS))
def test_implications_hold_for_every_value(left: str, right: str, value: str | None) -> None:
    rule, _ = read(sigma([left.replace("CommandLine", "Image")], [[right.replace("CommandLine", "Image")]]))
    leaves = list(rule.predicates())
    for known in leaves:
        for other in leaves:
            claim = matching.implies(known, other)
            one, two = matching.plain_text(known), matching.plain_text(other)
            if one and two and not one[0] == two[0] == "eq":
                assert matching.implies_text(one, two) is claim
            if claim is not None and matching.holds(known, value):
                assert matching.holds(other, value) is claim


@pytest.mark.parametrize(
    ("selection", "filter_"),
    [
        (["Image|endswith: '\\a.exe'"], ["Image|endswith: 'A.EXE'"]),  # covers all of it: not dead
        (["CommandLine|contains: 'x'"], ["CommandLine|contains: 'y'"]),
        (["Hashes|contains: 'MD5=1'"], ["Hashes: 'SHA1=2'"]),
        (["Image|re: '.*a'"], ["Image|endswith: 'b'"]),
        (["Image|expand: '%tools%'"], ["Image: 'b'"]),
        (["Image|fieldref: ParentImage"], ["Image: 'b'"]),
        (["CommandLine|contains|windash: ' -x'"], ["CommandLine: 'b'"]),
        (["CommandLine|base64offset|contains: 'xyz'"], ["CommandLine: 'b'"]),
        (["IntegrityLevel: 1"], ["IntegrityLevel: '01'"]),
        (["Image: 'a*b'"], ["Image: 'axb'"]),
    ],
)
def test_silent_where_nothing_is_proven(selection: list[str], filter_: list[str]) -> None:
    assert found(dead_exclusion, sigma(selection, [filter_])) == []


def test_fields_of_other_logs_may_hold_lists() -> None:
    text = sigma(["resources.type: a"], [["resources.type: b"]]).replace(
        "{category: process_creation, product: windows}", "{product: aws, service: cloudtrail}"
    )
    assert found(dead_exclusion, text) == []


ELASTIC = """\
[metadata]
creation_date = "2026/08/01"
[rule]
name = "n"
rule_id = "r"
type = "{kind}"
language = "{language}"
index = ["logs-endpoint.events.process-*"]
query = '''
{query}
'''
"""


@pytest.mark.parametrize(
    ("language", "query"),
    [
        ("eql", 'process where process.args : "a" and not process.args : "b"'),
        ("eql", 'sequence by host.id [process where process.name == "a"] [process where not process.name == "b"]'),
        ("eql", 'process where event.type == "start" and not event.type == "info"'),
        ("eql", 'process where (process.name == "a" or length(process.name) > 3) and not process.name == "b"'),
        ("kuery", "process.name: (a or b*) and not process.name: bx"),
        ("esql", 'from logs-* | where process.name == "a" or mv_count(tags) > 1 | where not process.name == "b"'),
    ],
)
def test_silent_in_elastic(language: str, query: str) -> None:
    kind = {"eql": "eql", "kuery": "query", "esql": "esql"}[language]
    text = ELASTIC.format(kind=kind, language=language, query=query)
    assert found(dead_exclusion, text, "elastic", "rule.toml") == []
    assert found(self_defeating_exclusion, text, "elastic", "rule.toml") == []


KUSTO = "id: 1d2f0a54-6f6c-4e1a-9f50-2f1f5c7d0009\nname: n\nquery: |\n  {}\n"


@pytest.mark.parametrize(
    "query",
    [
        'DeviceProcessEvents | where FileName has "cmd" | where not(FileName has "md")',
        'DeviceProcessEvents | where FileName hasprefix "cmd" | where FileName !hasprefix "c"',
        'T | where A == "x" | join kind=inner (U | where A == "y") on B | where A != "y"',
    ],
)
def test_silent_in_kusto(query: str) -> None:
    text = KUSTO.format(query)
    assert found(dead_exclusion, text, "kusto", "rule.yaml") == []
    assert found(self_defeating_exclusion, text, "kusto", "rule.yaml") == []


def test_an_alternative_of_its_own_is_judged_alone() -> None:
    text = sigma(["Image: a"], [["Image: b"]], "(selection and not filter_0) or (other and not filter_0)").replace(
        "  condition", "  other:\n    CommandLine: c\n  condition"
    )
    assert found(dead_exclusion, text) == []  # the same filter lives in the other alternative


def test_a_nested_exception() -> None:
    text = sigma(["Image: a"], [["Image: a"], ["Image: b"]], "selection and not (filter_0 and not filter_1)")
    (one,) = found(self_defeating_exclusion, text)
    assert one.severity == "error"


def test_many_values_stay_within_bounds() -> None:
    from time import process_time

    values = ", ".join(f"v{number}" for number in range(1200))
    text = sigma([f"Image: [{values}]", f"CommandLine: [{values}]"], [[f"Image: [{values}]", f"CommandLine: [{values}]"]])
    start = process_time()
    found(dead_exclusion, text)
    found(self_defeating_exclusion, text)
    assert process_time() - start < 10
