"""Hostile and random text in every query language of Elastic: a tree or a `QueryError` with a place, in bounded time."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linter.dialects.queries import core, eql, esql, kuery, lucene

LANGUAGES = {"eql": eql.parse, "kuery": kuery.parse, "lucene": lucene.parse, "esql": esql.parse}
MANY = 100_000
PREFIX = {"eql": "any where ", "kuery": "", "lucene": "", "esql": "from a | where "}
EQUALS = {"eql": "f == ", "kuery": "f:", "lucene": "f:", "esql": "f == "}


def hostile(language: str) -> dict[str, str]:
    prefix, one = PREFIX[language], f'{EQUALS[language]}"v"'
    either = " OR " if language == "lucene" else " or "
    texts = {
        "terms": prefix + either.join([one] * MANY),
        "values": f"{prefix}f {'in' if language == 'esql' else ':'} ("
        + (", " if language[0] == "e" else " or ").join(['"v"'] * MANY)
        + ")",
        "nested": prefix + "(" * 1000 + one + ")" * 1000,
        "opened": prefix + "(" * MANY,
        "closed": prefix + one + ")" * MANY,
        "nots": prefix + "NOT " * MANY + one,
        "signs": prefix + "-" * MANY,
        "string": prefix + one[:-1],
        "quotes": prefix + '"' * (MANY + 1),
        "backslashes": prefix + EQUALS[language] + '"' + "\\" * (MANY - 1),
        "wildcards": prefix + EQUALS[language] + '"' + "*a" * MANY + '"',
        "line": prefix + "a" * MANY,
        "blanks": prefix + " " * MANY,
        "calls": prefix + "f(" * 5000,
        "brackets": prefix + "[" * 5000 + "{" * 5000,
        "slashes": prefix + "/" * MANY,
        "names": prefix + "`" * (MANY + 1),
        "nul": prefix + "\0" + one,
    }
    if language == "eql":
        texts |= {
            "comment": f"{prefix}{one} /* x",
            "operator": prefix + "f ~~ 1",
            "events": "sequence " + "[any where f == 1] " * MANY,
        }
    if language == "esql":
        texts |= {
            "comment": f"{prefix}{one} /* x", "operator": prefix + "f <> 1", "commands": "from a" + " | where f == 1" * MANY,
            "cases": prefix + "case(f == 1, " * 100 + "1" + ", 0)" * 100 + " == 1",
            "forks": "from a" + " | fork (where f == 1" * 500,
            "columns": "from a | eval " + ", ".join(f"c{n} = f" for n in range(MANY)), "sources": "from " + "(from " * 500,
            "patterns": 'from a | dissect f "' + "%{" * MANY + '"', "kql": f'{prefix}KQL("{"(" * MANY}")',
        }  # fmt: skip
    return texts


def outcome(language: str, text: str) -> core.Query | core.QueryError:
    try:
        return LANGUAGES[language](text)
    except core.QueryError as error:
        return error


CASES = [(language, name) for language in LANGUAGES for name in hostile(language)]


@pytest.mark.parametrize(("language", "name"), CASES)
def test_hostile_text_costs_little(language: str, name: str) -> None:
    text = hostile(language)[name]
    before = time.process_time()
    made = outcome(language, text)
    if isinstance(made, core.QueryError):
        assert 0 <= made.start <= min(made.end, len(text))
        assert len(made.message) < 200
    assert time.process_time() - before < 1


WRONG = {
    "eql": ("f:v and g:w", "from a | where f == 1", "index=main f=v | stats count", "T | where f == 1", "SELECT * FROM t"),
    "kuery": ('any where f == "v"', "from a | where f == 1", "sequence by f [any where g == 1]"),
    "lucene": ('any where f == "v"', "from a | where f == 1", "sequence by f [any where g == 1]"),
    "esql": ("f:v and g:w", 'any where f == "v"', "index=main f=v", "T | where f == 1"),
}


@pytest.mark.parametrize(("language", "text"), [(language, text) for language, texts in WRONG.items() for text in texts])
def test_another_language_is_an_error_with_a_place(language: str, text: str) -> None:
    with pytest.raises(core.QueryError) as caught:
        LANGUAGES[language](text)
    assert 0 <= caught.value.start <= len(text)


WORDS = """any process where sequence sample by with maxspan runs until from row ts eval stats inline rename as grok enrich fork
and or not AND OR NOT TO in in~ like like~ rlike regex~ is null true false length( startsWith~( KQL( TO_LOWER( case(
arraysearch( $v
a b.c ?d `e` `f g* *h * ? 1 -2.5 3e4 "x" "y*" "un 'z' /re/ \\ \\* := == != <= > : = ~ ^2 + - * / % ( ) [ ] { } , | ! . ::
metadata
@timestamp 10.0.0.0/8 15 minutes // /* */ _id FROM WHERE"""
SOUP = st.lists(st.sampled_from([*WORDS.split(), "\n", '"""raw"""']) | st.text(max_size=4), max_size=40)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=400, deadline=None)
@given(pieces=SOUP, glue=st.sampled_from(["", " "]), prefixed=st.booleans())
def test_token_soup_raises_nothing_else(language: str, pieces: list[str], glue: str, prefixed: bool) -> None:
    text = (PREFIX[language] if prefixed else "") + glue.join(pieces)
    made = outcome(language, text)
    if isinstance(made, core.QueryError):
        assert 0 <= made.start <= made.end <= len(text) + 1
        return
    assert made.parts
    stack = [part.tree for part in made.parts]
    while stack:
        node = stack.pop()
        if hasattr(node, "items"):
            stack.extend(node.items)
        elif hasattr(node, "item"):
            stack.append(node.item)
        else:
            assert 0 <= node.start <= node.end <= len(text)
