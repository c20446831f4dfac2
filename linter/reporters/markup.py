"""Markdown as GitHub and GitLab read it, from texts by strangers.

Nothing that goes through here becomes a link, an image, a mention, a reference to an issue, an emoji, a formula, HTML or a
heading, and nothing ends a code span or block early. All of it is one line, but for `fence`.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from linter.reporters.clean import plain

GAP = "\u200b"  # breaks what is only recognised after the Markdown is read: mentions, references, bare addresses
_SPECIAL = re.compile(r"[\\`*_\[\]|~$!#^]")
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LOOSE = re.compile(r"(?<=@)|(?<=#)(?=\d)|(?<=:)(?=//)|(?<=\b[Ww]{3})(?=\.)|(?<=\b[Gg][Hh])(?=-\d)|(?<=:)(?=[\w+-]+:)")
_BLOCK = re.compile(r"(?:(\d{1,9})([.)])|([-+=]))(?=\s|$|[-+=])")
_COMMAND = re.compile(r"##(?=\w*\[)")
_SPANS = re.compile(r"`([^`]+)`")
LONGEST = 300  # characters of a text or a line
TALLEST = 60  # lines of a block


def text(words: str, most: int = LONGEST) -> str:
    """Words as nothing but words."""
    words = plain(words, most).strip()
    block = _BLOCK.match(words)
    head = ""
    if block:
        head, words = (f"{block[1]}\\{block[2]}" if block[1] else f"\\{block[3]}"), words[block.end() :]
    loose = _LOOSE.sub(GAP, words)
    return head + _SPECIAL.sub(r"\\\g<0>", loose).translate(_HTML)


def prose(words: str, most: int = 2 * LONGEST) -> str:
    """A message of a check: what it puts between single backticks is shown as code, the rest as words."""
    words = plain(words, most).strip()
    out, at = [], 0
    for span in _SPANS.finditer(words):
        out += [_within(words[at : span.start()]), code(span[1])]
        at = span.end()
    return "".join([*out, _within(words[at:])])


def _within(words: str) -> str:
    """Words that go on a line: `text` with the blanks at both ends kept."""
    if not words.strip():
        return words
    lead, tail = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
    return lead + text(words, len(words) + 1) + tail


def code(value: str, most: int = LONGEST) -> str:
    """A value as a code span. In it GitHub looks for nothing; `|` is drawn as `¦`, which no table takes for a border."""
    value = _COMMAND.sub("# #", plain(value, most)).replace("|", "¦")
    if not value.strip():
        return "` `"
    fence = "`" * (_longest_run(value) + 1)
    pad = " " if value[0] == "`" or value[-1] == "`" or (value[0] == value[-1] == " ") else ""
    return f"{fence}{pad}{value}{pad}{fence}"


def fence(block: str, language: str = "") -> str:
    """A block of code with its last line end. Its lines stay (endless ones are cut); what is not to be seen is shown."""
    lines = [_COMMAND.sub("# #", plain(line, LONGEST)) for line in block.rstrip("\r\n").splitlines()] or [""]
    if len(lines) > TALLEST:
        lines[TALLEST:] = [f"… {len(lines) - TALLEST} more lines"]
    mark = "`" * max(3, _longest_run(block) + 1)
    return "\n".join([mark + language, *lines, mark]) + "\n"


def exact(block: str) -> bool:
    """Whether `fence` shows a block as it is, so that it may be a suggestion that somebody applies."""
    return all(
        plain(line.replace("\t", " ")) == line.replace("\t", " ") and not _COMMAND.search(line) for line in block.split("\n")
    )


def suggestion(block: str) -> str:
    """A block that replaces the lines a comment stands on. The caller has asked `exact`."""
    mark = "`" * max(3, _longest_run(block) + 1)
    return f"{mark}suggestion\n{block}{'' if block.endswith(chr(10)) or not block else chr(10)}{mark}\n"


def link(words: str, url: str) -> str:
    """A link to an address of our own making, http(s) alone; the words alone when there is none."""
    if len(url) > 2000 or not re.match(r"https?://[\w.-]+(?:[:/]|$)", url):
        return text(words)
    return f"[{text(words) or 'untitled'}]({quote(url.encode('utf-8', 'replace'), safe=_URL)})"


_URL = ":/?#@!$&,;=%~+-._"


def _longest_run(value: str) -> int:
    return max(map(len, re.findall("`+", value)), default=0)
