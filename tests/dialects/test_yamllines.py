"""What is read by lines is what libyaml reads, place by place; what is not plain is left to libyaml."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from linter.dialects import yamllines
from linter.dialects.yamldoc import Mapping, Node, Scalar, Sequence, YamlError, composed
from tests.shared import SHARED, needs_shared

READ = {
    "keys and values": "title: A title, of words (and signs) [x] {y} = 100% #no\nid: 4688\n",
    "quotes": "a: 'it''s'\nb: \"x # y\"  # said\nc: ''\nd: ''''\n",
    "comments": "# first\na: 1 # one\n\n  # between\nb: # none\nc:\n    # inside\n    d: x\n# last\n",
    "lists": "a:\n    - x\n    - 'y'\n    -\n    - b: 1\n      c: 2\n    -   d: 3\n        e:\n            - 4\nf: 5\n",
    "lists at the margin": "a:\n- x\n- b: 1\n  c:\n  - 2\n  - 3\nd: 4\n",
    "keys of Sigma": "a:\n  Image|endswith|all: '\\x.exe'\n  cs-uri.x_1: y\n  1: z\n",
    "nothing": "a:\nb:\n    c:\nd:\n    -\n",
    "a plain text over lines": "a: x y\n  z\n\n\n   w:v - \n  'q'\nb: 1\n",
    "a plain text in a list": "a:\n  - x\n    y\n  - z\n",
    "literals": "a: |\n  x\n   y\n\n  z \n\nb: |-\n    x\n\nc: |+\n  x\n\n\nd:\n  - |\n    # x\n    y: z\n  - 1\n",
    "folded": "a: >\n  x\n  y\n\n\n  z\n\nb: >-\n\n  x \n  y\nc: >+\n  x\n\n",
    "a literal with blanks before": "a: |\n\n \n   x\n  \nb: 1\n",
    "other scripts": "a: é 💣 中\nb: 'ü'\n",
    "repeated": "a: 1\na: 2\n",
}
LEFT = {
    "nothing": "",
    "no line end": "a: 1",
    "a tab": "a:\t1\n",
    "carriage return": "a: 1\r\n",
    "a mark": "\ufeffa: 1\n",
    "next line": "a: x\x85y\n",
    "half a pair": "a: \ud800\n",
    "NUL": "a: \0\n",
    "documents": "---\na: 1\n",
    "two": "a: 1\n---\nb: 2\n",
    "an end": "a: 1\n...\n",
    "directive": "%YAML 1.1\n---\na: 1\n",
    "flow": "a: [1, 2]\n",
    "flow mapping": "a: {b: 1}\n",
    "anchor": "a: &x 1\n",
    "alias": "a: *x\n",
    "tag": "a: !!str 1\n",
    "merge": "<<: 1\n",
    "escape": 'a: "\\n"\n',
    "question": "? a\n: 1\n",
    "quoted key": "'a': 1\n",
    "a key with blanks": "a b: 1\n",
    "blank before colon": "a : 1\n",
    "a list": "- 1\n",
    "indented": "  a: 1\n",
    "two in a line": "a: b: 1\n",
    "ends with a colon": "a: b:\n",
    "lists in a line": "a:\n  - - 1\n",
    "text behind quotes": "a: 'b' c\n",
    "comment that is none": "a: 'b'#c\n",
    "a quote left open": "a: 'b\n  c'\n",
    "value below": "a:\n  b\n",
    "indent given": "a: |2\n   x\n",
    "an empty block": "a: |\nb: 1\n",
    "comment of a block": "a: | # x\n  y\n",
    "blanks deeper than the block": "a: |\n    \n  x\n",
    "folded and deeper": "a: >\n  x\n    y\n",
    "bad indent": "a:\n    b: 1\n  c: 2\n",
    "deeper than nothing": "a: 1\n  b: 2\n",
    "deeper than quotes": "a: '1'\n  b\n",
    "behind a comment": "a: 1 # x\n  b\n",
    "behind a whole comment": "a: 1\n# x\n  b\n",
    "a colon further on": "a: 1\n  b: 2\n",
    "not a list any more": "a:\n  - 1\n  b: 2\n",
    "a list in a mapping": "a:\n  b: 1\n  - 2\n",
    "reserved": "a: @b\n",
    "percent": "a: %b\n",
    "deep": "".join(f"{' ' * n}a:\n" for n in range(60)),
    "long": "a: " + "x" * 400_000 + "\n",
}


def flat(root: Node) -> list[tuple[object, ...]]:
    """All that is to be known of a tree."""
    out: list[tuple[object, ...]] = []
    stack: list[Node] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar):
            out.append((node.text, node.start, node.end, node.style, node.tag))
        elif isinstance(node, Sequence):
            out.append(("list", node.start, node.end, node.flow, len(node.items)))
            stack.extend(node.items)
        else:
            out.append(("mapping", node.start, node.end, node.flow, len(node.items)))
            stack.extend(item for pair in node.items for item in pair)
    return out


def agrees(text: str) -> bool:
    """Whether a text is read by lines; if so, as libyaml reads it."""
    found = yamllines.compose(text)
    if found is None:
        return False
    try:
        roots = composed(text)
    except YamlError as error:
        pytest.fail(f"libyaml refuses it ({error.message}): {text!r}")
    assert [flat(root) for root in roots] == [flat(found)], text
    return True


@pytest.mark.parametrize("name", READ)
def test_read_by_lines(name: str) -> None:
    assert agrees(READ[name])
    assert isinstance(yamllines.compose(READ[name]), Mapping)


@pytest.mark.parametrize("name", LEFT)
def test_left_to_libyaml(name: str) -> None:
    assert yamllines.compose(LEFT[name]) is None


HEADS = ("", "", "", "a: ", "b:", "c: ", "- ", "- ", "-", "- d: ", "-   e: ", "- f:", "# ", "g|h: ", "'i': ", "j k: ", "-  - ")
VALUES = (
    "", "", "x", "x y", "'q'", "'it''s'", "'x' # c", "'x'y", '"d"', '"d\\n"', "'", "x # c", "x: y", "x:", "x:y", "# c",
    "|", "|-", ">", ">-", "|+", "| # c", ">2", "-", "- x", "[a]", "&x", "*x", "!t", "%x", "a#b", "~", "12", " ", "\t",
    "x  ", "\u00e9", "---", "...", "?", "x\r",
)  # fmt: skip


def documents(count: int) -> Iterator[str]:
    """Texts of lines that mostly fit each other."""
    rng = random.Random(5)
    for _ in range(count):
        columns, lines, value = [0], ["a:"], ""
        for _ in range(rng.randrange(1, 9)):
            if value in ("", "|", ">") and rng.random() < 0.8:
                columns.append(columns[-1] + rng.choice((2, 2, 4, 1)))
            elif rng.random() < 0.3:
                columns = columns[: rng.randrange(len(columns)) + 1]
            column = columns[-1] + (rng.choice((1, 2, -1)) if rng.random() < 0.06 else 0)
            head = rng.choice(HEADS if rng.random() < 0.5 else ("a: ", "- ", "b:"))
            value = "" if head in ("b:", "- f:", "-") else rng.choice(VALUES if rng.random() < 0.3 else VALUES[:8])
            lines.append(" " * column + head + value if rng.random() > 0.1 else "")
        yield "\n".join(lines) + rng.choice(("\n", "\n", "\n", "\n\n", "\n  \n"))


def test_whatever_is_read_by_lines_is_what_libyaml_reads() -> None:
    read = sum(map(agrees, documents(15_000)))
    assert 1_000 < read < 14_000


@needs_shared
def test_most_public_rules_are_read_by_lines() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted((SHARED / "corpora/2026-08/sigma/rules").rglob("*.yml"))[::5]]
    assert sum(map(agrees, texts)) > 0.95 * len(texts)
