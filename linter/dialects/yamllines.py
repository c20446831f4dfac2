"""The plain YAML that most rules are written in, read by lines, in less than half the time that libyaml's events take.

`compose` knows one document of block mappings and lists with plain keys, plain and quoted scalars and blocks of text. Whatever
else stands in a text (flow collections, anchors, tags, escapes, tabs, other line ends, anything that may be an error) makes it
answer None, and the text is libyaml's. What it does answer is the same tree, place by place: `tests/dialects/test_yamllines.py`
holds that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from linter.dialects.yamlnodes import Mapping, Scalar, Sequence

MOST = 400_000  # characters, which can be no more nodes than `yamldoc.MAX_NODES`; the longest public rule has 300,000
_DEEPEST = 40
# indent, dash, key, colon; then one of a plain value about which there is no doubt, '…', "…" (nothing but a comment behind
# them) and the rest; what is behind the quotes
_LINES = re.compile(
    r"( *)(-(?: +|(?=\n)))?(?:([A-Za-z0-9_][A-Za-z0-9_.|-]{0,200})(:(?: +|(?=\n))))?"
    r"""(?:([^\s?:,\[\]{}#&*!|>'"%@`-][^\n:#]*(?<! )(?=\n))"""
    r"""|('[^'\n]*(?:''[^'\n]*)*')(?= *(?: #|\n))|("[^"\\\n]*")(?= *(?: #|\n))|([^\n]*))([^\n]*)\n"""
)
_NEXT = re.compile(r" *\n((?: *\n)*)( *)([^\n]*)")  # from the end of a plain scalar to that of the next line that is not empty
_FIRST = re.compile(r"((?: *\n)*)( +)(?=[^ \n])")  # up to the first line of a block
_FOLD = re.compile(r"(?<=[^\n])\n+")
_NOT_PLAIN = frozenset("-?:,[]{}#&*!|>'\"%@`")
_HEADERS = frozenset(("|", "|-", "|+", ">", ">-", ">+"))
_ORDINARY = bytes((10, *range(32, 127)))


def compose(text: str) -> Mapping | None:
    """The mapping that a text is; None where there is any doubt. Linear in time and memory."""
    if len(text) > MOST or text[-1:] != "\n" or not _ordinary(text):
        return None
    items: list[Any] = []  # of the collection at hand: keys and values in turn, or the items of a list
    level, listed, begin = 0, False, 0  # its column, whether it is a list, its start
    around: list[tuple[list[Any], int, bool, int]] = []  # the collections around it
    open_at = -1  # the end of a `key:` or `-` whose value has not come yet
    plain = False  # whether the value before may go on in the next line
    at = 0
    lines = iter(_LINES.findall(text))
    for indent, dash, key, colon, sure, single, double, rest, tail in lines:
        column = len(indent)
        start = at + column
        if not key and not dash:  # an empty line, a comment, more of a text, or what is not known here
            if not sure and not single and not double and (not rest or rest[0] == "#"):
                plain = plain and not rest
                at = start + len(rest) + 1
                continue
            if not plain or column <= level:
                return None
        if column != level or open_at >= 0 or listed is (dash == ""):  # not just the next item of the collection at hand
            if plain and column > level:
                before, at = at, _continue(text, items[-1], level)
                if at < 0:
                    return None
                _skip(lines, text.count("\n", before, at) - 1)
                plain = False
                continue
            if open_at >= 0:
                if column > level or (column == level and dash and not listed):
                    around.append((items, level, listed, begin))
                    items, level, listed, begin = [], column, dash != "", start
                    if len(around) > _DEEPEST:
                        return None
                else:
                    items.append(Scalar("", open_at, open_at, ""))
                open_at = -1
            while column < level or (listed and not dash and column == level and around and around[-1][1] == level):
                made = _made(items, listed, begin)
                items, level, listed, begin = around.pop()
                items.append(made)
            if column != level or listed is (dash == ""):
                return None
        if dash:
            start += len(dash)
            if key:
                around.append((items, level, listed, begin))
                items, level, listed, begin = [], column + len(dash), False, start
        if key:
            stop = start + len(key)
            items.append(Scalar(key, start, stop, ""))
            start = stop + len(colon)
        if sure:
            at = start + len(sure)
            items.append(Scalar(sure, start, at, ""))
            plain = True
            at += 1
            continue
        plain = False
        if single:
            at = start + len(single)
            items.append(Scalar(single[1:-1].replace("''", "'"), start, at, "'"))
        elif rest and rest[0] not in _NOT_PLAIN:
            value, hash_, _ = rest.partition(" #")
            value = value.rstrip(" ")
            if ": " in value or value[-1] == ":":
                return None
            items.append(Scalar(value, start, start + len(value), ""))
            plain = not hash_
            at = start + len(rest)
        elif double:
            at = start + len(double)
            items.append(Scalar(double[1:-1], start, at, '"'))
        elif not rest or rest[0] == "#":
            open_at = stop + 1 if key else start - len(dash) + 1
            at = start + len(rest)
        elif (header := rest.rstrip(" ")) in _HEADERS:
            before = start + len(rest) + 1
            block, at = _block(text, before, header, start, level)
            if block is None:
                return None
            items.append(block)
            _skip(lines, text.count("\n", before, at))
            continue
        else:
            return None
        at += len(tail) + 1
    if open_at >= 0:
        items.append(Scalar("", open_at, open_at, ""))
    while around:
        made = _made(items, listed, begin)
        items, level, listed, begin = around.pop()
        items.append(made)
    return _mapping(items, items[0].start) if items else None


def _skip(lines: Iterator[object], count: int) -> None:
    next(islice(lines, count, count), None)


def _ordinary(text: str) -> bool:
    """Whether nothing but line feeds and what can be seen stands in a text: no tabs, no other line ends, no marks."""
    if text.isascii():
        return not text.encode().translate(None, _ORDINARY)
    return text.replace("\n", "").isprintable()


def _made(items: list[Any], listed: bool, start: int) -> Mapping | Sequence:
    """A collection that is complete; it ends with its last item."""
    return Sequence(items, start, max(start, items[-1].end), False) if listed else _mapping(items, start)


def _mapping(items: list[Any], start: int) -> Mapping:
    end = max(start, items[-2].end, items[-1].end)
    return Mapping(list(zip(items[::2], items[1::2], strict=True)), start, end, False)


def _continue(text: str, scalar: Scalar, level: int) -> int:
    """Adds to a plain scalar what deeper lines say; where they end, -1 where there is doubt."""
    parts = [scalar.text]
    at = scalar.end
    while found := _NEXT.match(text, at):
        blanks, indent, content = found.groups()
        if len(indent) <= level or not content or content[0] == "#":
            break
        content = content.rstrip(" ")
        if ": " in content or " #" in content or content[-1] == ":":
            return -1
        parts += ("\n" * blanks.count("\n") or " ", content)
        at = found.start(3) + len(content)
    scalar.text = "".join(parts)
    scalar.end = at
    return text.index("\n", at) + 1


def _block(text: str, at: int, header: str, start: int, level: int) -> tuple[Scalar | None, int]:
    """The literal or folded block whose header stands at `start` and whose lines at `at`, and where they end."""
    found = _FIRST.match(text, at)
    if found is None:
        return None, at
    blanks, indent = found.groups()
    depth = len(indent)
    if depth <= level or (blanks and max(map(len, blanks.split("\n"))) > depth):
        return None, at
    region = _region(depth).match(text, at)
    assert region is not None  # it matches nothing, too
    raw = region.group()
    body = "\n".join([line[depth:] for line in raw.split("\n")])
    if header[0] == ">":
        if body[0] == " " or "\n " in body:  # what is indented further is not folded
            return None, at
        core = body.rstrip("\n")
        body = _FOLD.sub(_folded, core) + body[len(core) :]
    if len(header) == 1:
        body = body.rstrip("\n") + "\n"
    elif header[1] == "-":
        body = body.rstrip("\n")
    return Scalar(body, start, at + len(raw.rstrip(" \n")), header[0]), region.end()


def _folded(breaks: re.Match[str]) -> str:
    return breaks.group()[1:] or " "


@lru_cache(maxsize=64)
def _region(depth: int) -> re.Pattern[str]:
    """The lines of a block that is indented by so much."""
    return re.compile(f"(?: {{{depth}}}[^\n]*\n| *\n)*")
