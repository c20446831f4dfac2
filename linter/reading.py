"""Bytes → Source, or one clear line that says why not: encodings, sizes, special files."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from linter.source import Position, Source

MAX_BYTES = 5_000_000  # the largest public rule file has 0.3 MB
MAX_NDJSON_BYTES = 20_000_000  # one file holds every rule of a Kibana space
_HEAD, _TAIL = 256 * 1024, 64 * 1024  # of a file too large to read: enough to tell whether it is a rule
_FLAGS = os.O_RDONLY
for _name in ("O_BINARY", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY"):  # those that the system has
    _FLAGS |= getattr(os, _name, 0)
_UTF16 = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_UTF32 = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")


class Unreadable(NamedTuple):
    """Why a file can't be read, and where.

    `sample` is what can be made out of the text, to tell whether the file would have been a rule at all (a data file that
    is not UTF-8 deserves no word); None: it can't be told (no such path, no permission), so say it in any case.
    """

    path: str
    message: str
    position: Position = Position(1, 1)
    sample: str | None = None


def load(path: str) -> Source | Unreadable:
    """The text of a file, UTF-8 with or without a byte order mark, line ends kept; never raises on any path or content.

    What is not known to be a file belongs to `irregular` first: opening a device may do something to it.
    """
    limit = MAX_NDJSON_BYTES if path.lower().endswith(".ndjson") else MAX_BYTES
    try:
        data, size = _bytes(path, limit)
    except _Irregular as found:
        return irregular(path, found.mode)
    except FileNotFoundError:
        return Unreadable(path, "no such file or folder")
    except PermissionError:
        return Unreadable(path, "no permission to read it")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        return Unreadable(path, f"can't be read: {getattr(error, 'strerror', None) or error}")
    return decode(path, data) if size <= limit else _too_large(path, size, limit, data)


class _Irregular(Exception):
    """What was opened turned out to be no regular file."""

    def __init__(self, mode: int) -> None:
        super().__init__(mode)
        self.mode = mode


def irregular(path: str, mode: int) -> Unreadable:
    """Why what is no regular file is not read."""
    return Unreadable(path, f"not a regular file but {_sort(mode)}; it is not read")


def _bytes(path: str, limit: int) -> tuple[bytes, int]:
    """The bytes of a file and how many it has; of one that is larger than `limit` the head and the tail.

    Plain calls of the system: half the time of `open`. A pipe is not waited for.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _Irregular(status.st_mode)
        size = status.st_size
        if size <= limit:
            data = os.read(descriptor, size + 1)
            if len(data) != size:  # it has changed, has no size of its own (/proc), or came in pieces
                while len(data) <= limit and (more := os.read(descriptor, limit + 1)):
                    data += more
            if len(data) <= limit:
                return data, len(data)
            return data[:_HEAD], len(data)
        head = os.read(descriptor, _HEAD)
        os.lseek(descriptor, -_TAIL, os.SEEK_END)
        return head + b"\n" + os.read(descriptor, _TAIL), size
    finally:
        os.close(descriptor)


def decode(path: str, data: bytes) -> Source | Unreadable:
    """The Source of a file's bytes, or where they stop being UTF-8 text."""
    bom = data.startswith(b"\xef\xbb\xbf")
    body = data[3:] if bom else data
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(path, body, error)
    if "\0" in text:
        at = text.index("\0")
        if at < 4 and text.count("\0") * 3 > len(text):
            return Unreadable(path, "UTF-16 without a byte order mark; save it as UTF-8", sample=text.replace("\0", ""))
        position = Source(path, text).position(at)
        return Unreadable(path, "a NUL character; the file is damaged or binary", position, text.replace("\0", ""))
    return Source(path, text, bom)


def _not_utf8(path: str, body: bytes, error: UnicodeDecodeError) -> Unreadable:
    if body.startswith(_UTF32):
        return Unreadable(path, "UTF-32; save it as UTF-8", sample=body.decode("utf-32", "replace"))
    for mark, name in _UTF16:
        if body.startswith(mark):
            return Unreadable(path, "UTF-16; save it as UTF-8", sample=body[2:].decode(name, "replace"))
    before = body[: error.start].decode("utf-8")
    message = f"byte 0x{body[error.start]:02X} is not UTF-8 (Latin-1 or Windows-1252?); save the file as UTF-8"
    sample = body.decode("latin-1").replace("\0", "")
    return Unreadable(path, message, Source(path, before).position(len(before)), sample)


def _too_large(path: str, size: int, limit: int, sample: bytes) -> Unreadable:
    message = f"{size / 1e6:.1f} MB; files of more than {limit / 1e6:.0f} MB are not read"
    return Unreadable(path, message, sample=sample.decode("utf-8", "replace").replace("\0", ""))


def _sort(mode: int) -> str:
    """What a path is that is no regular file, for a message."""
    for is_one, name in (
        (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"),
    ):  # fmt: skip
        if is_one(mode):
            return name
    return "something else"
