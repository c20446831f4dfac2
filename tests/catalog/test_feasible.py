"""What may be proposed to a rule: conditions held against each other, and rules against candidates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.catalog.feasible import APART, OPEN, WITHIN, caveat, forms, relation
from linter.rule import Indicator

TEXTS = st.text(alphabet="ab\\", min_size=0, max_size=5)
OPS = st.sampled_from(("eq", "contains", "startswith", "endswith"))
HOLDS = {
    "eq": lambda value, text: text == value,
    "contains": lambda value, text: value in text,
    "startswith": lambda value, text: text.startswith(value),
    "endswith": lambda value, text: text.endswith(value),
}


@given(OPS, TEXTS, OPS, TEXTS, TEXTS)
def test_relation_is_true_of_every_text(op: str, value: str, other_op: str, other: str, text: str) -> None:
    said = relation(Indicator("CommandLine", op, value), Indicator("CommandLine", other_op, other))
    if HOLDS[op](value, text):
        if said == WITHIN:
            assert HOLDS[other_op](other, text)
        elif said == APART:
            assert not HOLDS[other_op](other, text)


@pytest.mark.parametrize(
    ("known", "other", "said"),
    [
        (("Image.name", "eq", "a.exe"), ("Image.name", "eq", "b.exe"), APART),
        (("Image.name", "eq", "a.exe"), ("Image", "null", ""), APART),
        (("Image", "null", ""), ("Image", "null", ""), WITHIN),
        (("Image.name", "eq", "a.exe"), ("Image.path", "startswith", "c:\\x\\"), OPEN),
        (("Image.name", "eq", "a.exe"), ("ParentImage.name", "eq", "b.exe"), OPEN),
        (("SourceIp", "eq", "10.1.2.3"), ("SourceIp", "cidr", "10.0.0.0/8"), WITHIN),
        (("SourceIp", "cidr", "10.0.0.0/8"), ("SourceIp", "cidr", "192.168.0.0/16"), APART),
        (("SourceIp", "cidr", "10.0.0.0/8"), ("SourceIp", "cidr", "10.1.0.0/16"), OPEN),
        (("SourceIp", "cidr", "10.0.0.0/8"), ("SourceIp", "cidr", "fe80::/10"), APART),
        (("SourceIp", "cidr", "nonsense"), ("SourceIp", "cidr", "10.0.0.0/8"), OPEN),
        (("CommandLine", "re", "a.*"), ("CommandLine", "eq", "b"), OPEN),
    ],
)
def test_relation(known: tuple[str, str, str], other: tuple[str, str, str], said: str) -> None:
    assert relation(Indicator(*known), Indicator(*other)) == said


def test_a_path_says_its_name_and_extension() -> None:
    found = forms(Indicator("Image.path", "eq", "c:\\x\\a.exe"))
    assert found[1:] == (Indicator("Image.name", "eq", "a.exe"), Indicator("Image.ext", "eq", "exe"))
    assert forms(Indicator("Image.path", "startswith", "c:\\x\\")) == (Indicator("Image.path", "startswith", "c:\\x\\"),)


@pytest.mark.parametrize(
    ("leaf", "evadable"),
    [
        (("Image.path", "startswith", "c:\\program files\\x\\"), False),
        (("Image.path", "eq", "c:\\windows\\system32\\svchost.exe"), False),
        (("Image.path", "startswith", "c:\\users\\"), True),
        (("Image.path", "contains", "\\vendor\\"), True),
        (("Image.name", "eq", "msmpeng.exe"), True),
        (("CommandLine", "contains", "/update"), True),
        (("SubjectUserName", "endswith", "$"), False),
    ],
)
def test_caveats(leaf: tuple[str, str, str], evadable: bool) -> None:
    assert bool(caveat(Indicator(*leaf))) is evadable
