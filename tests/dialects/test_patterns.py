"""The value of a `like`: one spelling for readers, editors and the matching of comparisons."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.checks import matching
from linter.dialects.edit import elastic_words, sigma_text, splunk
from linter.dialects.edit.base import Refused
from linter.dialects.queries import core, eql, esql, kuery, lucene, spl
from linter.dialects.sigma_values import pattern
from linter.rule import Term, leaves, pattern_pieces, pattern_text
from tests.dialects.test_sigma import detection, rule

SIGNS = st.one_of(
    st.tuples(st.just(True), st.sampled_from("*?")), st.tuples(st.just(False), st.sampled_from("ab*?[]\\\\ :/"))
)  # fmt: skip


@given(st.lists(SIGNS, max_size=8))
def test_signs_come_back(signs: list[tuple[bool, str]]) -> None:
    assert pattern_pieces(pattern_text(signs)) == signs


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        (r"c:\users\*\x", [*((False, char) for char in "c:\\users\\"), (True, "*"), (False, "\\"), (False, "x")]),
        ("a[*]?", [(False, "a"), (False, "*"), (True, "?")]),
        ("[[]*]", [(False, "["), (True, "*"), (False, "]")]),
        ("[ab]*", [*((False, char) for char in "[ab]"), (True, "*")]),
    ],
)
def test_a_backslash_is_itself_and_brackets_make_a_sign_literal(text: str, signs: list[tuple[bool, str]]) -> None:
    assert pattern_pieces(text) == signs
    assert pattern_text(signs) == text


def likes(signs: list[tuple[bool, str]]) -> str:
    """The value of the `like` that some signs make; "" when it is none."""
    op, value = core.pattern(signs)
    return value if op == "like" else ""


def only(query: core.Query) -> tuple[str, str]:
    (term,) = (leaf for part in query.parts for leaf in leaves(part.tree) if isinstance(leaf, Term))
    return term.op, term.value


@given(st.lists(SIGNS, max_size=8).map(likes).filter(bool))
def test_what_an_editor_writes_is_read_as_it_was_meant(value: str) -> None:
    for front, write in (
        (eql, elastic_words.eql), (esql, elastic_words.esql), (kuery, elastic_words.kuery), (lucene, elastic_words.lucene),
        (spl, splunk.condition),
    ):  # fmt: skip
        try:
            written = write("field", "like", value)
        except Refused:
            continue
        text = f"any where {written}" if front is eql else f"from x | where {written}" if front is esql else written
        if front is kuery and re.search(r"\s", value):
            continue  # words side by side are one value there, with one blank between them
        assert only(front.parse(text)) == ("like", value), (front.__name__, written)
    spelled = sigma_text.spelled("field", "like", value)
    assert pattern(spelled.value) == ("like", value)


def test_matching_takes_a_literal_sign_for_itself() -> None:
    (found,) = rule(detection("s: {a: 'x\\*y*z'}, condition: s")).predicates()
    assert found.value == "x[*]y*z"
    assert matching.holds(found, "x*y1z") is True
    assert matching.holds(found, "x1y1z") is False
    (path,) = rule(detection(r"s: {a: 'c:\x\\*\y*'}, condition: s")).predicates()
    assert matching.holds(path, r"c:\x\1\y2") is True
