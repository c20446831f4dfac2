"""Where strings, names and comments end, in every Python from 3.11.0 on: some lose their place in a possessive repetition."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.dialects import tomldoc
from linter.dialects.document import DocumentError
from linter.dialects.queries import esql_lex, yaral
from linter.dialects.queries.core import QueryError
from linter.source import Source


@given(st.sampled_from(('"""', "'''", '"', "'")), st.text("\"'\\a \n", max_size=8))
def test_every_string_of_toml_ends_where_tomllib_says(quote: str, inner: str) -> None:
    text = f"x = {quote}{inner}{quote}\ny = 1\n"
    try:
        value = tomllib.loads(text)["x"]
    except tomllib.TOMLDecodeError:
        return
    document = tomldoc.load(Source("a.toml", text))
    start, end = document.values[("x",)]
    assert tomllib.loads(f"x = {text[start:end]}")["x"] == value
    assert tomldoc.decode(text, start, end).text == value


def test_a_toml_string_without_an_end() -> None:
    with pytest.raises(DocumentError):
        tomldoc.load(Source("a.toml", 'x = """a\\"""\n'))


@pytest.mark.parametrize("comment", ["/**/", "/***/", "/* a ** b * / */", "/*\n*\n**/", "/* // */"])
def test_comments_of_yara_l(comment: str) -> None:
    text = f"rule a {{ meta: {comment} author = 'x' events: $e.metadata.event_type {comment}= \"A\" condition: $e }}"
    rules = yaral.parse(text.replace("'x'", '"x"'))
    assert "A" in str(rules)


@pytest.mark.parametrize(
    ("name", "end"), [("`a``b` x", 6), ("```` x", 4), ("`a`.`b``` x", 9), ("`a`.b x", 5), ("`` x", -1), ("`a`` x", -1)]
)
def test_quoted_names_of_esql(name: str, end: int) -> None:
    if end < 0:
        with pytest.raises(QueryError):
            esql_lex.lex(name)
    else:
        first = esql_lex.lex(name)[0]
        assert (first.kind, first.text) == ("name", name[:end])
