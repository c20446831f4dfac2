"""pySigma is the oracle: every public rule read alike, and conditions parsed alike, whatever they are."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from linter.dialects import sigma, sigma_condition
from linter.dialects.queries.core import QueryError
from linter.rule import And, Node, Not, Or, Term
from linter.source import Source
from tests.dialects.sigma_oracle import flat, ours, theirs
from tests.shared import SHARED, needs_shared

CORPUS = SHARED / "corpora/2026-08/sigma"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def pysigma(document: Any) -> Any:
    """pySigma's condition tree of a rule, None when it refuses the rule."""
    from sigma.exceptions import SigmaError
    from sigma.rule import SigmaRule

    try:
        (condition,) = SigmaRule.from_dict(document).detection.parsed_condition
        return condition.parsed
    except SigmaError:
        return None


@needs_shared
@pytest.mark.parametrize("part", range(4))
def test_every_live_rule_is_read_as_pysigma_reads_it(part: int) -> None:
    files = sorted(file for folder in CORPUS.glob("rules*") for file in folder.rglob("*.yml"))
    assert len(files) == 3780
    for file in files[part::4]:
        check(file, refused=False)


@needs_shared
def test_deprecated_and_unsupported_rules_too() -> None:
    files = sorted(file for name in ("deprecated", "unsupported") for file in (CORPUS / name).rglob("*.yml"))
    assert len(files) > 200
    unread = sum(check(file, refused=True) for file in files)
    assert unread <= 4  # conditions in no language: `selection1 by %x%`, `count() > 3 by y`


def check(file: Path, refused: bool) -> int:
    """Compares a file's rule with pySigma's; how many problems it has."""
    text = file.read_text(encoding="utf-8")
    source = Source(file.name, text)
    assert sigma.recognises(source)
    reading = sigma.read(source)
    documents = [document for document in yaml.load_all(text, Loader=LOADER) if document]
    if len(documents) > 1:
        assert len(reading.rules) == len(documents) - 1, file
        return len(reading.problems)
    tree = pysigma(documents[0])
    if tree is None and refused:
        assert len(reading.rules) + len(reading.problems) == 1, file
        return len(reading.problems)
    assert tree is not None, file
    (rule,) = reading.rules
    assert ours(rule.trees[0]) == theirs(tree), file
    assert reading.problems == (), file
    for leaf in rule.predicates():
        written = text[leaf.start : leaf.end]
        known = leaf.op in ("null", "exists", "like") or "\\u" in written
        assert known or plain(leaf.value) in plain(written), (file, leaf)
    return 0


def plain(text: str) -> str:
    """Without what quoting and escaping change."""
    return "".join(char for char in text.lower() if char.isalnum())


# values, by whatever modifiers

WORDS = st.text(st.sampled_from("ab*?\\ -/"), max_size=8)
MODIFIERS = st.sampled_from(
    ["", "|contains", "|startswith", "|endswith", "|contains|all", "|re", "|cased", "|windash", "|contains|windash",
     "|base64", "|base64offset|contains", "|wide|base64offset|contains", "|expand", "|exists", "|gt", "|fieldref", "|neq"]
)  # fmt: skip
PLAIN = st.one_of(WORDS, st.integers(-5, 70000), st.booleans(), st.none(), st.sampled_from(["%a%", "x%a%y", "10.0.0.0/8"]))


@settings(max_examples=300, deadline=None)
@given(MODIFIERS, st.one_of(PLAIN, st.lists(PLAIN, min_size=1, max_size=4)), st.sampled_from(["a", "b.c", ""]))
def test_values_as_pysigma_reads_them(modifiers: str, value: Any, field: str) -> None:
    document = {
        "title": "T", "logsource": {"product": "windows"},
        "detection": {"s": {field + modifiers: value}, "condition": "s"},
    }  # fmt: skip
    tree = pysigma(document)
    reading = sigma.read(Source("r.yml", yaml.safe_dump(document, allow_unicode=True)))
    values = value if isinstance(value, list) else [value]
    if modifiers == "|re" and not all(isinstance(each, str) for each in values):
        return  # pySigma lets a number pass as a regular expression
    if "base64" in modifiers and any(len(str(each)) < 3 or "\\" in str(each) for each in values):
        return  # too short for all three encodings; pySigma 1 encodes the escape too
    if tree is not None:
        assert ours(reading.rules[0].trees[0]) == theirs(tree)


# conditions

NAMES = [
    "sel",
    "sel_1",
    "selection_a",
    "filter_main_x",
    "filter-opt",
    "notsel",
    "android",
    "order",
    "all_x",
    "1st",
    "_hidden",
    "of2",
]
PATTERNS = ["them", "sel*", "*_*", "selection_a", "filter_main_*", "*x", "_*", "*", "s*1", "no_match*", "**"]
ATOMS = st.one_of(
    st.sampled_from(NAMES), st.builds("{} of {}".format, st.sampled_from(["1", "any", "all"]), st.sampled_from(PATTERNS))
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("{} and {}".format, inner, inner), st.builds("{} or {}".format, inner, inner),
        st.builds("not {}".format, inner), st.builds("({})".format, inner), st.builds("not({})".format, inner),
        st.builds("( {}\n)".format, inner),
    ),
    max_leaves=8,
)  # fmt: skip
TOKENS = st.lists(
    st.sampled_from([*NAMES[:4], "and", "or", "not", "(", ")", "1", "all", "of", "them", "sel*", "x"]), max_size=9
)


def own(condition: str) -> Any:
    """Our shape of a condition over NAMES, None when it is refused."""
    trees: dict[str, Node] = {
        name: Or((Term("f", "eq", name, "", False, 0, 0),), name) if name != "_hidden" else And((_term(name),), name)
        for name in NAMES
    }

    def shape(node: Node) -> Any:
        if isinstance(node, And | Or):
            return flat("and" if isinstance(node, And) else "or", [shape(item) for item in node.items])
        if isinstance(node, Not):
            return ("not", shape(node.item))
        assert isinstance(node, Term)
        return ("leaf", node.field, node.op, node.value)

    try:
        return shape(sigma_condition.parse(condition, trees, {}).tree)
    except QueryError:
        return None


def _term(name: str) -> Term:
    return Term("f", "eq", name, "", False, 0, 0)


def oracle(condition: str) -> Any:
    """pySigma's shape of the same."""
    detections: dict[str, Any] = {name: {"f": name} for name in NAMES}
    document = {"title": "T", "logsource": {"product": "x"}, "detection": {**detections, "condition": condition}}
    tree = pysigma(document)
    return None if tree is None else theirs(tree)


def parity(shape: Any) -> Any:
    """Without the pairs of NOTs that our reader shortens."""
    if shape is None or shape[0] == "leaf":
        return shape
    if shape[0] == "not":
        inner = parity(shape[1])
        if inner[0] == "not" and inner[1][0] == "not":
            return inner[1]
        return ("not", inner)
    return flat(shape[0], [parity(item) for item in shape[1]])


def major() -> int:
    from importlib.metadata import version

    return int(version("pysigma").split(".")[0])


@settings(max_examples=300, deadline=None)
@given(CONDITIONS)
def test_conditions_as_pysigma_parses_them(condition: str) -> None:
    if major() < 2 and any(word in condition for word in ("notsel", "android", "order", "no_match")):
        return  # pySigma 1 splits names that start with an operator, and drops selectors that match nothing
    assert parity(own(condition)) == parity(oracle(condition))


@settings(max_examples=300, deadline=None)
@given(TOKENS.map(" ".join))
def test_any_words_as_pysigma_parses_them(condition: str) -> None:
    if major() < 2:
        return
    mine = own(condition)
    assert parity(mine) == parity(oracle(condition))


@pytest.mark.parametrize(
    "condition", ["all of sel* and not 1 of filter_main_*", "not not sel", "1 of them", "any of selection_a"]
)
def test_usual_conditions(condition: str) -> None:
    assert own(condition) is not None
    assert parity(own(condition)) == parity(oracle(condition))
