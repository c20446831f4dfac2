"""YAML node trees: places, values, embedded texts, hostile input."""

import datetime
import re
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from linter.dialects.yamldoc import Mapping, Node, Scalar, Sequence, YamlError, documents, embedded, text_of
from linter.dialects.yamlnodes import FIRSTS
from linter.source import Source
from tests.shared import SHARED, needs_shared


def read(text: str) -> list[Node]:
    return documents(Source("rule.yml", text))


def mapping(text: str) -> Mapping:
    (root,) = read(text)
    assert isinstance(root, Mapping)
    return root


def plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key.value: plain(item) for key, item in node.items}


def test_offsets_count_code_points() -> None:
    text = "\U0001f600é: \"x\U0001f600y\"\r\nk: [v, 'w', plain word] # c\r\nz: &a !!str 12\r\n"
    root = mapping(text)
    (first, quoted), (_, items), (_, tagged) = root.items
    assert text[first.start : first.end] == "\U0001f600é"
    assert text[quoted.start : quoted.end] == '"x\U0001f600y"'
    assert isinstance(items, Sequence)
    assert [text[item.start : item.end] for item in items.items] == ["v", "'w'", "plain word"]
    assert text[items.start : items.end] == "[v, 'w', plain word]"
    assert isinstance(tagged, Scalar)
    assert (text[tagged.start : tagged.end], tagged.value) == ("12", "12")


def test_block_collections_end_with_their_last_item() -> None:
    text = "a:\n  b: 1\n  c:\n    - x\n\n# comment\n\nd: 2\n"
    node = mapping(text).get("a")
    assert node is not None
    assert text[node.start : node.end] == "b: 1\n  c:\n    - x"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("00000429", "00000429"), ("0017", 15), ("0x1F", 31), ("1_000", 1000), ("1:30", 90), ("yes", True), ("Off", False),
        ("~", None), ("", None), ("2024-01-31", datetime.date(2024, 1, 31)), ("2024-13-45", "2024-13-45"), ("1e3", "1e3"),
        ("1.5", 1.5), ("'12'", "12"), ('"yes"', "yes"), ("!!str 12", "12"), ("! 12", "12"), ("!mine 12", "12"), ("y", "y"),
    ],
)  # fmt: skip
def test_values_are_those_of_yaml_1_1(text: str, value: object) -> None:
    node = mapping(f"k: {text}\n").get("k")
    assert isinstance(node, Scalar)
    assert node.value == value


_SIGNS = "00123456789aAfFxXbBoOnNyYeEtTsSlLuUrRiI_.:-+~=<!&* "
_PLAIN = st.one_of(
    st.text(_SIGNS, max_size=8),
    st.text("0123456789-:TtZ. ", max_size=26),
    st.sampled_from(["yes", "no", "true", "false", "on", "off", "null", "y", "n", "nil"]).flatmap(
        lambda word: st.sampled_from((word, word.upper(), word.capitalize(), word + "s", word.swapcase(), word + " "))
    ),
    st.uuids().map(str),
    st.integers().map(str),
)


@given(_PLAIN)
def test_a_plain_text_has_the_value_that_pyyaml_gives_it(text: str) -> None:
    assert set(yaml.resolver.Resolver.yaml_implicit_resolvers) == FIRSTS
    loader = yaml.SafeLoader("")
    node = yaml.ScalarNode(loader.resolve(yaml.ScalarNode, text, (True, False)), text)
    try:
        value = loader.construct_object(node)
    except (ValueError, KeyError, yaml.YAMLError, AttributeError):
        value = text
    found = Scalar(text, 0, len(text), "").value
    assert (type(found), repr(found)) == (type(value), repr(value))


def test_text_of() -> None:
    root = mapping("a: 007\nb: ~\nc: [x]\nd: '~'\n")
    assert [text_of(root.get(name)) for name in "abcde"] == ["007", "", "", "~", ""]


def test_duplicate_keys_are_told_and_the_last_one_counts() -> None:
    root = mapping("a: 1\nb: 2\na: 3\n")
    assert [key.start for key in root.duplicates] == [10]
    assert text_of(root.get("a")) == "3"
    assert mapping("a: 1\n").duplicates == []


def test_merge_keys_and_aliases() -> None:
    text = "base: &b {x: 1, y: 2}\none:\n  <<: *b\n  y: 3\ntwo: {<<: [*b, {z: 4}]}\nsame: *b\n"
    assert plain(mapping(text)) == yaml.safe_load(text)
    assert mapping(text).get("same") is mapping(text).get("base") or mapping(text).get("same") is not None


EMBEDDED = [
    "plain words over\n    two lines\n\n    and a gap",
    "'it''s\n    folded  '",
    '"tab\\t \\x41\\u00e9\\U0001F600 \\" end\\\n    joined\\\n    \\  and\n\n   folded"',
    "|\n    one\n      two\n\n    three\n",
    "|2-\n    keeps two\n   one\n",
    "|+\n    kept\n\n\n",
    ">\n    one\n    line\n\n    para\n      code\n      code\n    end\n",
    ">-   # comment\n\n    late start\n    end",
]


@pytest.mark.parametrize("style", EMBEDDED)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_word_of_an_embedded_text_is_found_in_the_file(style: str, ending: str) -> None:
    source = Source("r.yml", f"a: é\nq: {style}\nb: c\n".replace("\n", ending))
    (root,) = documents(source)
    assert isinstance(root, Mapping)
    scalar = root.get("q")
    assert isinstance(scalar, Scalar)
    assert scalar.value == yaml.safe_load(source.text)["q"]
    check_places(source, scalar)


def check_places(source: Source, scalar: Scalar) -> None:
    place = embedded(source, scalar)
    assert place.text == scalar.text
    for index, char in enumerate(scalar.text):
        there = source.text[place.at(index) : place.at(index) + 1]
        assert there == char or char in " \n\t\u2028\u2029" or (scalar.style == '"' and there == "\\"), (index, char, there)


@given(st.text(st.sampled_from(" ab'\"\\\n\té#:-\U0001f600"), max_size=40), st.sampled_from(["'", '"', "|", ">", None]))
def test_embedded_whatever_the_text_and_style(text: str, style: str | None) -> None:
    written = yaml.dump({"q": [text]}, default_style=style, allow_unicode=True, width=12)
    source = Source("r.yml", written)
    stack = documents(source)
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar):
            check_places(source, node)
        elif isinstance(node, Sequence):
            stack.extend(node.items)
        else:
            stack.extend(item for pair in node.items for item in pair)


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 20))
HOSTILE = {
    "nul": ("é: b\0c", 4, "U+0000"), "tab": ("a:\n\tb: c\n", 3, "tab"), "later tab": ("a:\n  b: 1\n\tc: 2\n", 10, "tab"),
    "broken": ("a: b: c\n", 4, "mapping values"), "unclosed": ("a: [b\nc: d\n", 7, "expected"),
    "deep flow": ("[" * 10_000 + "]" * 10_000, None, "nest"), "deep block": ("- " * 10_000, None, "nested deeper"),
    "deep indent": ("\n".join(" " * i + "a:" for i in range(3000)), None, "nested deeper"),
    "bomb": (BOMB, None, "aliases expanded"), "cycle": ("a: &a [*a]", 7, "inside"), "unknown alias": ("a: *b", 3, "anchor"),
    "50 MB": ("x" * 50_000_000, 0, "50,000,000"), "many values": ("[" + "a," * 3_000_000 + "]", None, "more than"),
    "surrogate": ("a: \ud800", 3, "surrogate"), "key": ("[a]: b", 0, "key"), "merge": ("a: {<<: 3}", 4, "merge"),
    "directive": ("%YAML 3.0\n---\na", 0, "incompatible"), "questions": ("? " * 100_000, None, "nested deeper"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_a_located_error(name: str) -> None:
    text, start, word = HOSTILE[name]
    before = time.process_time()
    with pytest.raises(YamlError, match=re.escape(word)) as error:
        read(text)
    assert time.process_time() - before < 5
    assert start is None or error.value.start == start
    assert 0 <= error.value.start <= len(text)


def test_documents_before_an_error_are_kept() -> None:
    with pytest.raises(YamlError) as error:
        read("a: 1\n---\n---\nb: [\n")
    assert len(error.value.read) == 2
    assert read("") == []


def test_an_integer_of_a_million_digits_stays_text() -> None:
    node = mapping("a: " + "9" * 1_000_000).get("a")
    assert isinstance(node, Scalar)
    assert len(node.value) == 1_000_000


@pytest.mark.parametrize("text", ["a: \U0001f600\r\nb: |\r\n  x\r\n  y\r\nc: [1, *x]\n", "- &x 1\n- {a: *x, b: 'é'}\n"])
def test_the_pure_loader_agrees(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def all_of() -> str:
        try:
            return repr(read(text))
        except YamlError as error:
            return str(error.start)

    fast = all_of()
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert all_of() == fast


@needs_shared
def test_public_rules_mean_what_pyyaml_says() -> None:
    files = sorted((SHARED / "corpora/2026-08/sigma/rules").rglob("*.yml"))[::10]
    assert len(files) > 300
    for file in files:
        source = Source(file.name, file.read_text(encoding="utf-8"))
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        assert [plain(root) for root in documents(source)] == list(yaml.load_all(source.text, Loader=loader))
