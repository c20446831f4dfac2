"""Text by strangers, made safe to print: nothing in it can move the cursor, colour the terminal or turn the line around."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_KEPT = {"\t": "    "}
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")  # controls, bidirectional and other format marks, surrogates, line separators


def plain(text: str, most: int = 0) -> str:
    """One line of visible characters: controls and invisible marks as `\\n`, `\\x1b`, `\\u202e`; cut to `most` characters."""
    if not text.isprintable() or not text.isascii():
        text = "".join(map(_shown, text))
    return text if not most or len(text) <= most else text[: most - 1] + "…"


def _shown(char: str) -> str:
    if char in _KEPT:
        return _KEPT[char]
    if unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    if char in "\n\r":
        return "\\n" if char == "\n" else "\\r"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# A line at whose start (blanks aside) GitHub's runner reads `::command …::`, or that holds `##[command]` or Azure's `##vso[`.
_COMMANDS = re.compile(r"(?:^|(?<=\r))([^\S\r\n]*):(?=:[^\r\n]*::)|##(?=\w*\[)", re.MULTILINE)


def inert(text: str) -> str:
    """An output in which a CI's runner finds no command: `\\x3a` or `\\x23` stands for what would begin one.

    A JSON document stays one, of the same values.
    """
    if "::" not in text and "##" not in text:
        return text
    number = "#\\u0023" if text.startswith(("{", "[")) else "\\x23#"
    return _COMMANDS.sub(lambda found: number if found[0] == "##" else f"{found[1]}\\x3a", text)


def document(data: Any) -> str:
    """A JSON document, with its line end, that any file can hold and in which a CI's runner finds no command."""
    import json

    text = json.dumps(data, ensure_ascii=False, indent=1)
    if not text.isascii():
        text = re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
    return inert(text) + "\n"
