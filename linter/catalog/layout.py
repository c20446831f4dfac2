"""How the snapshot lies on disk: file names, text of cells, blocks, and look-ups in sorted lines without parsing them all.

    manifest.json            schema version, corpora, counts, the hash of every file
    rules/SHARD.jsonl        one rule a line, sorted by handle; each rule is in the shard of its first event class
    index.tsv                handle, shard of its row, number of telling indicators, norm of all weights; sorted
    same.tsv                 what a rule looks for, what it excludes (a hash each, see `model.sides`), its handle; sorted
    families.tsv             the smallest handle of a family of near-copies, all its handles; sorted
    reach/FIELD.tsv          field, op, value, as written, rules that use it, rules that exclude it; sorted
    reach/small/C.tsv        the same for fields with few rows, by the field's first character
    classes/SHARD.tsv        blocks of event classes: rules, events, fields, indicators (of two rules or more), exclusions
    techniques/T1021.tsv     blocks of a technique and its sub-techniques, the same; exclusions of two rules or more
    events.tsv               provider, id, class, title, rules that name it, rules that imply it; sorted
    spellings.tsv            canonical field, op, vendor, count, native field, native op, template of the value; sorted
    circles.tsv              class, technique or program: where rules exclude the same, see `circles_build`; sorted
    texts.tsv                field, number of its values, short texts that many of them hold: see `texts`; sorted
    peers/                   what the ranker asks of rules that exclude a benign case: see `peers_build`

Tables begin with one `#` line that names the columns. A block begins with `#name<TAB>rules<TAB>families`, its sections with
`##section`; the rows of fields, indicators and exclusions begin with their count and stand in falling order of it.
Cells hold no tab and no line end: control characters stand as their pictures (U+2400 + code), pictures themselves after `␛`.

Marks behind a handle: `~` the field's mapping is assumed (reach); in exclusions `+` the leaf never stands alone, `>` delegated,
`=` definitional, `@` an organisation's list, `-` (reach) the rule excludes something narrower of which this is a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256

SCHEMA = 2
MANIFEST = "manifest.json"
MARKS = "~+>=@-"
KIND_MARKS = {"benign": "", "delegated": ">", "definitional": "=", "list": "@"}
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_UNSAFE = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029\u2400-\u2440\ud800-\udfff]|^#")
_PICTURE = re.compile("␛(.)|[\u2400-\u2421\u2425\u2426\u2428\u2429]", re.DOTALL)
_SPECIAL = {"\x1b": "\u2426", "\x7f": "\u2421", "\x85": "\u2425", "\u2028": "\u2428", "\u2029": "\u2429"}
_BACK = {picture: char for char, picture in _SPECIAL.items()}


def escape(text: str) -> str:
    """A text as a cell."""
    return _UNSAFE.sub(_escape_one, text) if _UNSAFE.search(text) else text


def _escape_one(match: re.Match[str]) -> str:
    char = match.group()
    if char in _SPECIAL:
        return _SPECIAL[char]
    if char < " ":
        return chr(0x2400 + ord(char))
    return "\ufffd" if "\ud800" <= char <= "\udfff" else "␛" + char


def unescape(cell: str) -> str:
    """A cell as the text it stands for."""
    return cell if cell.isascii() else _PICTURE.sub(_unescape_one, cell)


def _unescape_one(match: re.Match[str]) -> str:
    kept = match.group(1)
    if kept is not None:
        return str(kept)
    picture = match.group()
    return _BACK.get(picture) or chr(ord(picture) - 0x2400)


def handle_stem(letter: str, key: str, length: int = 5) -> str:
    """The handle of a rule's key at some length."""
    number = int.from_bytes(sha256(key.encode("utf-8", "replace")).digest()[:10], "big")
    stem = letter
    for _ in range(length):
        stem += _ALPHABET[number & 31]
        number >>= 5
    return stem


def digest(data: bytes) -> str:
    """The hash of a file's content as the manifest holds it: 32 hex digits of SHA-256."""
    return sha256(data).hexdigest()[:32]


def slug(text: str) -> str:
    """A file name of a text: lower case, letters, digits, `-` and `_`; never empty, never a device name of Windows."""
    name = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")[:60] or "none"
    return f"{name}-" if name in ("con", "prn", "aux", "nul") or re.fullmatch(r"(com|lpt)\d", name) else name


def class_shard(cls: str) -> str:
    """The shard of an event class: `category-product` or the product (with the service for Windows); `none` without one."""
    if "/" in cls:
        return slug(cls)
    parts = cls.split(":")
    return slug("-".join(parts[:2]) if parts[0] == "windows" else parts[0])


def small_reach(field: str) -> str:
    """The reach file of a field that has no file of its own."""
    first = field[:1].lower()
    return f"reach/small/{first if first.isascii() and first.isalnum() else '_'}.tsv"


def technique_shard(technique: str) -> str:
    """The shard of a technique: its parent's id."""
    return re.sub(r"[^A-Z0-9]", "_", technique.partition(".")[0].upper()) or "none"


# Sorted lines, searched in place


def starts(data: bytes, prefix: bytes, low: int = 0, high: int | None = None) -> int:
    """The offset of the first line in [low, high) that is not below a prefix; `low` and `high` stand at line starts."""
    end = len(data) if high is None else high
    while low < end:
        middle = (low + end) // 2
        line = data.rfind(b"\n", low, middle) + 1 or low  # the start of the line that holds the middle
        stop = data.find(b"\n", middle, end)
        stop = end if stop < 0 else stop
        if data[line : min(stop, line + len(prefix))] < prefix:
            low = stop + 1
        else:
            end = line
    return min(low, len(data) if high is None else high)


def lines_with(data: bytes, prefix: bytes, low: int = 0, high: int | None = None) -> Iterator[bytes]:
    """The lines in [low, high) that begin with a prefix, without their ends."""
    end = len(data) if high is None else high
    if low == 0 and data.startswith(b"#"):
        low = data.find(b"\n") + 1  # the line that names the columns
    at = starts(data, prefix, low, high)
    while at < end and data.startswith(prefix, at):
        stop = data.find(b"\n", at, end)
        stop = end if stop < 0 else stop
        yield data[at:stop]
        at = stop + 1


def block(data: bytes, name: str) -> bytes | None:
    """The lines of a block, its first one included; None when the shard has none of the name."""
    head = f"#{escape(name)}\t".encode()
    at = 0 if data.startswith(head) else data.find(b"\n" + head) + 1
    if at == 0 and not data.startswith(head):
        return None
    end = data.find(b"\n#", at)
    while end >= 0 and data.startswith(b"##", end + 1):
        end = data.find(b"\n#", end + 1)
    return data[at : len(data) if end < 0 else end + 1]


def blocks(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every block of a shard with its name, in order."""
    at = 0
    while at < len(data):
        if not data.startswith(b"#", at):
            raise ValueError("a block does not begin with #")
        name = unescape(data[at + 1 : data.index(b"\t", at)].decode())
        end = data.find(b"\n#", at)
        while end >= 0 and data.startswith(b"##", end + 1):
            end = data.find(b"\n#", end + 1)
        stop = len(data) if end < 0 else end + 1
        yield name, data[at:stop]
        at = stop


def section(lines: bytes, name: str) -> bytes:
    """The lines of a section of a block; b"" when it has none."""
    head = f"\n##{name}\n".encode()
    at = lines.find(head)
    if at < 0:
        return b""
    at += len(head)
    end = lines.find(b"\n##", at - 1)
    return lines[at : len(lines) if end < 0 else end + 1]


def table(columns: str, rows: Iterable[str]) -> bytes:
    """A table's bytes: the `#` line, then the rows sorted as UTF-8."""
    encoded = sorted(row.encode("utf-8") for row in rows)
    return b"\n".join([f"#{columns}".encode(), *encoded]) + b"\n"
