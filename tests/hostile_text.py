"""Texts with which a stranger's rule may try to do something, and what must be true of every output that holds them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

ATTEMPTS = {
    # workflow commands
    "command": "::error file=x.yml,line=1::forged",
    "command after a line end": "x\n::add-mask::secret",
    "command after a carriage return": "x\r::set-output name=a::b",
    "command after a line separator": "x\u2028::stop-commands::t\u0085::warning::y",
    "escaped line end": "x%0A::error::forged%0D%25",
    "properties": "x,line=1,title=forged::message",
    "command behind blanks": "  \u3000 ::save-state name=x::y",
    "old command": "##[error]forged ##[add-path]/tmp",
    "azure command": "##vso[task.setvariable variable=x]y",
    "teamcity command": "##teamcity[buildStatus status='SUCCESS']",
    # people, references
    "mention": "@everyone @octocat/team please, ping a@example.org",
    "reference": "fixes #1, closes octo/repo#2, GH-3",
    "emoji": ":tada: :+1:",
    # links and images
    "link": "[click](https://evil.example/a)",
    "bare link": "https://evil.example www.evil.example ftp://evil.example mailto:x@evil.example",
    "angle link": "<https://evil.example> <x@evil.example>",
    "reference link": "[a][b]\n\n[b]: https://evil.example",
    "footnote": "[^1]\n\n[^1]: note",
    "script link": "[a](javascript:alert(1))",
    "image": "![p](https://evil.example/p.png)",
    "end of a link": "x](https://evil.example) [y",
    "html": "<img src=https://evil.example/p.png onerror=alert(1)><script>alert(1)</script></details></summary>",
    "entity": "&lt;img src=x&gt; &#64;everyone &commat;everyone",
    # out of code
    "one backtick": "a`b",
    "backticks": "a` @x ``b`` ```c",
    "only backticks": "```",
    "end of a block": "x\n```\n@everyone [a](https://evil.example)\n```suggestion\nrm",
    "tildes": "x\n~~~\n# heading\n",
    "end of a span at its edge": "` @everyone `",
    "table": "a | b \\| c \\\\| d",
    "table row": "x |\n| --- |\n| @everyone",
    "formula": "$x$ $$y$$ $`z`$",
    # blocks
    "heading": "x\n\n# heading\n\n## heading",
    "list": "- item",
    "number": "1. item",
    "number with a parenthesis": "1) item",
    "quote": "> quote",
    "rule": "---",
    "underline": "x\n===",
    "plus": "+ item",
    "code by blanks": "        code",
    "task": "- [x] done",
    "emphasis": "**bold** _it_ ~~gone~~ <b>x</b>",
    # forgery
    "summary": "<!-- siftlint:summary -->\n## siftlint: nothing to say",
    "finding": "<!-- siftlint:finding 0123456789abcdef -->",
    "open comment": "<!-- ",
    "end of a comment": "--> x <!--",
    # characters
    "escapes": "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "bell and backspace": "a\x08\x08\x07b\x00",
    "right to left": "\u202egpj.exe\u202c \u2066x\u2069",
    "invisible": "a\u200bb\ufeffc\u00add\U000e0041",
    "no characters": "\ud800 \uffff \ufffe",
    # other formats
    "xml": "]]> </failure><testcase name='x'/> &xml; \x0c \"'",
    "sarif link": "[text](1) {0} {1}",
    "json": '", "x": "',
    "formula of a sheet": "=HYPERLINK(\"https://evil.example\")",
    "shell": "$(touch /tmp/x) `touch /tmp/y` ; touch /tmp/z",
    "expression": "${{ github.token }} {{ 7 * 7 }} {% raw %}",
    "long": "A" * 70_000,
    "long and nested": "[" * 5000 + "`" * 5000 + "<" * 5000,
    "empty": "",
    "blank": "  \t ",
}  # fmt: skip
HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff\ud800-\udfff]")
_MAY_LINK = ("https://siftlint.github.io/siftlint/checks/", "https://example.org/", "https://github.example/team/rules/blob/")
_LOOSE = re.compile(r"(?<!\w)@\w|#\d|\bGH-\d|:[\w+-]+:|https?://|ftp://|\bwww\.")

every_attempt = pytest.mark.parametrize("text", ATTEMPTS.values(), ids=ATTEMPTS)


def no_command(out: str, commands: int = 0) -> None:
    """Nothing in an output is a command to a CI's runner, but for `commands` of our own at the start of lines."""
    lines = re.split(r"\r\n|\r|\n", out)
    assert sum(line.lstrip().startswith("::") and "::" in line.lstrip()[2:] for line in lines) == commands
    assert not re.search(r"##\w*\[", "\n".join(line for line in lines if not (commands and line.startswith("::"))))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[Any, ...]]] = []
        self.comments: list[str] = []
        self.loose: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        if tag not in ("br", "hr", "img", "input"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if not {"code", "pre", "a"} & set(self._inside):
            self.loose.append(data)


def page(markdown: str) -> _Page:
    """Markdown as GitHub's own library reads it, raw HTML let through."""
    cmarkgfm = pytest.importorskip("cmarkgfm")
    from cmarkgfm.cmark import Options

    html = cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES)
    found = _Page()
    found.feed(html)
    found.close()
    return found


def only_words(markdown: str, like: str, comments: int = 0) -> None:
    """A Markdown text has the tags of one with harmless words (`like`), our links alone, and no word that GitHub heeds."""
    assert not HIDDEN.search(markdown)
    found, wanted = page(markdown), page(like)
    if like:
        assert _skeleton(found) == _skeleton(wanted)
    for tag, attrs in found.tags:
        values = dict(attrs)
        if tag == "a":
            assert values["href"].startswith(_MAY_LINK), values
        assert set(values) <= ({"href"} if tag == "a" else {"lang", "class", "align"}), values
    assert len(found.comments) == comments
    loose = _LOOSE.search("".join(found.loose))
    assert loose is None, loose


def _skeleton(found: _Page) -> list[str]:
    """The tags, without code spans (a text may hold some or none) and line breaks."""
    return [tag for tag, _ in found.tags if tag not in ("code", "br")]
