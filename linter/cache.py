"""What linting a file gave, kept for the next run: content-addressed, in one SQLite file in the platform's cache folder.

A key is a hash of all that a result depends on: the file's bytes and its path as given (a folder's name may say that rules are
deprecated, a whole path that a rule is a public one), the macros near it, how it is linted, the catalogs, and siftlint itself.
Entries are opaque bytes here, each with a checksum. Whatever goes wrong with the cache costs time and nothing else: a run that
can't use it works without, and a damaged file is reported and begun anew.
SQLite keeps several processes apart, and a killed one leaves what was there before.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from binascii import crc32
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from linter import __version__
from linter.dialects.splunk_folder import MAX_BYTES, above, macro_files

try:
    from _blake2 import blake2b  # hashlib's own, without OpenSSL, which takes ten times as long to load
except ImportError:  # another Python
    from hashlib import blake2b

if TYPE_CHECKING:
    import sqlite3

FILE = "lint-1.sqlite"
MAX_SIZE = 256_000_000  # bytes of the file; past it the entries longest unused go, until half is left
MAX_ENTRY = 4_000_000
MAX_FILE = 5_000_000  # a larger file is not looked up: reading it twice costs more than its one finding
MAX_MACROS = 50_000_000
_READING = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_BATCH = 500  # keys a query
_PATIENCE = 2.0  # seconds to wait for another process that writes
_DAY = 86_400
SHIPPED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "catalog_snapshot")  # noqa: PTH100, PTH118, PTH120


def folder() -> str:
    """The folder of the cache: $SIFTLINT_CACHE_DIR, else `siftlint` in the platform's cache folder; "" without a home."""
    named = os.environ.get("SIFTLINT_CACHE_DIR")
    if named:
        return os.path.abspath(named)  # noqa: PTH100
    home = os.path.expanduser("~")  # noqa: PTH111
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")  # noqa: PTH118
        return os.path.join(base, "siftlint", "cache")  # noqa: PTH118
    if sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")  # noqa: PTH118
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        base = base if os.path.isabs(base) else os.path.join(home, ".cache")  # noqa: PTH117, PTH118
    return os.path.join(base, "siftlint") if os.path.isabs(base) else ""  # noqa: PTH117, PTH118


# keys


class Keys:
    """Makes the keys of one run against catalogs in these folders ("": the shipped one). OSError when one has no manifest."""

    def __init__(self, catalogs: Sequence[str]) -> None:
        base = blake2b(digest_size=16)
        for part in _ourselves():
            base.update(part.encode("utf-8", "surrogateescape") + b"\0")
        for catalog in catalogs:
            with open(os.path.join(catalog or SHIPPED, "manifest.json"), "rb") as file:  # noqa: PTH118, PTH123
                base.update(blake2b(file.read(), digest_size=16).digest())
        self._base = base.digest()
        self._ways: dict[object, bytes] = {}
        self._macros: dict[str, bytes | None] = {}

    def key(self, path: str, way: tuple[object, ...]) -> bytes | None:
        """The key of a file that is linted in some way (options, dialect, …: all by their repr); None: it is not to be kept."""
        prefix = self._ways.get(way)
        if prefix is None:
            prefix = self._ways[way] = self._base + blake2b(repr(way).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        parent = os.path.dirname(path)  # noqa: PTH120
        if parent not in self._macros:
            self._macros[parent] = _macros(parent)
        macros = self._macros[parent]
        data = None if macros is None else _bytes_of(path, MAX_FILE)
        if macros is None or data is None:
            return None
        said = path.encode("utf-8", "surrogateescape")
        return blake2b(b"%b%b%d\0%b%b" % (prefix, macros, len(said), said, data), digest_size=16).digest()


def _macros(folder: str) -> bytes | None:
    """A hash of the macros folder near the files of a folder; None when it is too large to look through."""
    found, size = blake2b(digest_size=16), 0
    place = above(folder)
    for file in () if place is None else macro_files(place):
        data = _bytes_of(file, MAX_BYTES) or b""
        size += len(data)
        if size > MAX_MACROS:
            return None
        found.update(b"%s\0%d\0" % (os.fsencode(file), len(data)))
        found.update(data)
    return found.digest()


def _bytes_of(path: str, most: int) -> bytes | None:
    """A regular file's bytes; None when it is none, is larger, or can't be read."""
    try:
        handle = os.open(path, _READING)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            return None
        data = os.read(handle, status.st_size + 1)
        return data if len(data) == status.st_size else None  # else it is being written, or is none of the disk's
    except OSError:
        return None
    finally:
        os.close(handle)


def _ourselves() -> Iterator[str]:
    """What siftlint is: its version and, for whoever works on it, its files; Python; when a package was last installed."""
    yield __version__
    yield sys.version
    for entry in sys.path:
        if "-packages" in entry:
            with contextlib.suppress(OSError):
                yield f"{entry} {os.stat(entry).st_mtime_ns}"  # noqa: PTH116
    waiting = [os.path.dirname(__file__)]  # noqa: PTH120
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for found in sorted(entries, key=lambda one: one.name):
                if found.is_dir():
                    if found.name != "__pycache__":
                        waiting.append(found.path)
                else:
                    status = found.stat()
                    yield f"{found.name} {status.st_size} {status.st_mtime_ns}"


# entries


class Cache:
    """The kept entries. Never raises: a cache that can't be used is empty, and `note` says so where that is worth a line."""

    def __init__(self, place: str) -> None:
        self.note = ""
        self._path = os.path.join(place, FILE)  # noqa: PTH118
        self._base: sqlite3.Connection | None = None
        self._stale: list[bytes] = []
        self._today = 0
        if place:
            with self._care():
                self._base = self._open(place)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The entries of these keys that there are."""
        found: dict[bytes, bytes] = {}
        keys = sorted(keys)  # as they stand in the file: each of its pages is read once
        with self._care() as base:
            for at in range(0, len(keys), _BATCH):
                if base is None:
                    break
                some = keys[at : at + _BATCH]
                asked = f"SELECT key, used, hash, data FROM kept WHERE key IN ({','.join('?' * len(some))})"
                for key, used, checksum, data in base.execute(asked, some):
                    if crc32(data) != checksum:
                        raise _Damaged
                    found[key] = data
                    if used < self._today:
                        self._stale.append(key)
        return found if self._base else {}

    def put(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Keeps entries, and remembers that those which were got are still in use."""
        kept = [(key, self._today, crc32(data), data) for key, data in entries if len(data) <= MAX_ENTRY]
        stale, self._stale = [(self._today, key) for key in self._stale], []
        if not kept and not stale:
            return
        with self._care() as base:
            if base:
                base.execute("BEGIN IMMEDIATE")
                base.executemany("UPDATE kept SET used = ? WHERE key = ?", stale)
                base.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", kept)
                self._shrink(base)
                base.execute("COMMIT")

    def close(self) -> None:
        """Lets go of the file."""
        if self._base is not None:
            self._base.close()
            self._base = None

    def _open(self, place: str) -> sqlite3.Connection:
        import sqlite3
        import time

        if not os.path.isdir(place):  # noqa: PTH112
            os.makedirs(place, mode=0o700, exist_ok=True)  # noqa: PTH103
            with open(os.path.join(place, "CACHEDIR.TAG"), "w", encoding="ascii") as file:  # noqa: PTH118, PTH123
                file.write(_TAG)  # so that backups pass it over
        self._today = int(time.time() // _DAY)
        base = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
        base.execute("PRAGMA synchronous = OFF")  # a power cut may cost the entries, which have checksums; a killed run can't
        base.execute(
            "CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, used INTEGER, hash INTEGER, data BLOB) WITHOUT ROWID"
        )
        return base

    def _shrink(self, base: sqlite3.Connection) -> None:
        """Drops the entries longest unused when the file has grown too large; SQLite uses the room again."""
        (pages,), (free,), (size,) = (
            base.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
        )
        if (pages - free) * size <= MAX_SIZE:
            return
        (total,) = base.execute("SELECT count(*) FROM kept").fetchone()
        base.execute("DELETE FROM kept WHERE key IN (SELECT key FROM kept ORDER BY used, key LIMIT ?)", (total // 2,))

    @contextlib.contextmanager
    def _care(self) -> Iterator[sqlite3.Connection | None]:
        """Around all work on the file: what goes wrong ends the use of the cache in this run, and never the run."""
        try:
            import sqlite3
        except ImportError:  # a Python without it
            yield None
            return
        try:
            yield self._base
        except (sqlite3.OperationalError, OSError):  # locked for long, read-only, no room, no such folder
            self._give_up()
        except (sqlite3.Error, _Damaged):
            self._give_up()
            self.note = f"the cache {self._path} is damaged; it is not used, and begun anew"
            for name in (self._path, f"{self._path}-journal"):
                with contextlib.suppress(OSError):
                    os.unlink(name)  # noqa: PTH108

    def _give_up(self) -> None:
        with contextlib.suppress(Exception):
            self.close()
        self._base = None


class _Damaged(Exception):
    """An entry that is not what was written."""


_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# siftlint's cache; it may be deleted at any time\n"
