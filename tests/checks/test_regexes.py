"""The linear regex search against Python's, on patterns made here."""

from __future__ import annotations

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.checks.regexes import search

PATTERNS = (
    r"a.*b", r"^foo", r"(?i)Foo\\bar\.exe", r"[a-c]+\d{2,3}", r"(ab|cd)*e?", r"\bword\b", r"[^\\]+\\x", r"\s-[eE]nc", r"x{3}",
    r"[\w.-]+@", r"[]a]b", r"(a*)*b", r"a{2,}", r"", r"a|", r"\W", r"(?:a|b)?c", r"a+?b", r"\Bo",
)  # fmt: skip


@given(st.sampled_from(PATTERNS), st.text("abcdexFfo\\ -123.@_wr]dn", max_size=14))
def test_as_python_does(pattern: str, text: str) -> None:
    assert search(pattern, text) is bool(re.search(pattern, text))


@pytest.mark.parametrize(
    "pattern", [r"(?=a)b", r"(a)\1", r"a++", r"(?P<x>a)", r"[[:alpha:]]", r"a{,3}", r"(", r"\pL", "a" * 2000]
)
def test_what_is_not_known_is_unknown(pattern: str) -> None:
    assert search(pattern, "ab") is None


def test_no_pattern_exhausts_the_clock() -> None:
    start = process_time()
    search("(a|a)*" * 60 + "b", "a" * 1000)
    search("(a{0,9}){0,9}" * 5, "a" * 1000)
    assert search("a", "a" * 5000) is None
    assert process_time() - start < 5


def test_case() -> None:
    assert search("foo", "FOO") is False
    assert search("foo", "FOO", ignore_case=True) is True
    assert search("[a-c]", "B", ignore_case=True) is True
