"""One snapshot folder: its manifest and its files, each checked against the manifest's hash when it is first read."""

from __future__ import annotations

import contextlib
import json
import os
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from linter.catalog import layout

if TYPE_CHECKING:
    from pathlib import Path  # imported where it is needed: linting one rule does without

SPLIT = 16_384  # bytes of a table that cost about as much to split into lines as one look-up in place


class SnapshotError(Exception):
    """A snapshot that can't be used, in one sentence that says what to do. The command ends with status 3."""


def shipped() -> Path:
    """The folder of the shipped snapshot: beside the package, in a checkout, an editable install and a wheel alike."""
    from pathlib import Path

    return Path(shipped_folder())


def shipped_folder() -> str:
    """The same as text."""
    return os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))), "catalog_snapshot")  # noqa: PTH118, PTH120


class Snapshot:
    """A snapshot folder opened for reading. `name` is what evidence calls it: "" for the shipped one, else the layer's name.

    SnapshotError when there is no snapshot, it is of another schema, or what is read is not what the manifest says.
    """

    def __init__(self, path: str | Path, number: int = 0, name: str = "") -> None:
        self.folder = os.fspath(path)
        if not os.path.isdir(path):  # noqa: PTH112
            recover(self.path)
        self.name = name
        self.prefix = f"{number}:" if number else ""
        self.manifest = _manifest(self.folder)
        self.files: dict[str, str] = self.manifest["files"]
        self.rules: int = self.manifest["rules"]
        self._bases: dict[str, str] = {corpus["vendor"]: corpus["url"] for corpus in self.manifest["corpora"]}
        if len(self.manifest["corpora"]) > 1:
            self._bases.pop("", None)  # several private corpora: whose file it is, is not recorded
        self._read: dict[str, bytes] = {}
        self._asked: dict[str, int] = {}
        self._lines: dict[str, list[bytes]] = {}

    @property
    def path(self) -> Path:
        """The folder."""
        from pathlib import Path

        return Path(self.folder)

    def base(self, vendor: str) -> str:
        """The address below which the files of a vendor's rules lie; "" when it is not known."""
        return self._bases.get(vendor) or self._bases.get("", "")

    def read(self, name: str) -> bytes:
        """A file's bytes, checked; b"" for a file that this snapshot does not have."""
        data = self._read.get(name)
        if data is None:
            wanted = self.files.get(name)
            data = b"" if wanted is None else self._checked(name, wanted)
            self._read[name] = data
        return data

    def lines(self, name: str, prefix: bytes) -> Sequence[bytes]:
        """The lines of a sorted table that begin with a prefix.

        Searched in place at first; split into lines once so much has been asked that it pays.
        """
        table = self._lines.get(name)
        if table is None:
            data = self.read(name)
            asked = self._asked[name] = self._asked.get(name, 0) + 1
            if asked * SPLIT < len(data):
                return list(layout.lines_with(data, prefix))
            table = self._lines[name] = data.removesuffix(b"\n").split(b"\n")[data.startswith(b"#") :]
            del self._read[name]
        at = end = bisect_left(table, prefix)
        while end < len(table) and table[end].startswith(prefix):
            end += 1
        return table[at:end]

    def _checked(self, name: str, wanted: str) -> bytes:
        path = os.path.join(self.folder, name)  # noqa: PTH118
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                data = file.read()
        except OSError as error:
            raise SnapshotError(f"the catalog's {_shown(path)} can't be read ({error.strerror}); {_REMEDY}") from None
        if layout.digest(data) != wanted:
            raise SnapshotError(f"the catalog's {_shown(path)} is not what its manifest says (cut short or edited); {_REMEDY}")
        return data


def recover(path: Path) -> None:
    """Puts a snapshot back that a killed build had moved aside and not yet replaced."""
    if path.exists() or not path.parent.is_dir():
        return
    for old in sorted(path.parent.glob(f".{path.name}-*.old/snapshot")):
        with contextlib.suppress(OSError):
            old.rename(path)
            old.parent.rmdir()
            return


_REMEDY = "restore it, or build it again with `siftlint catalog build`"


def _shown(path: str) -> str:
    return path.replace(os.sep, "/")


def _manifest(path: str) -> dict[str, Any]:
    name = os.path.join(path, layout.MANIFEST)  # noqa: PTH118
    shown = _shown(name)
    try:
        with open(name, encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
    except FileNotFoundError:
        raise SnapshotError(f"no catalog snapshot at {_shown(path)} (it has no {layout.MANIFEST})") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SnapshotError(f"the catalog's {shown} can't be read ({error}); {_REMEDY}") from None
    try:
        manifest = json.loads(text)
        if not isinstance(manifest, dict):
            raise ValueError
        schema = manifest["schema"]
    except (ValueError, KeyError, RecursionError):
        raise SnapshotError(f"the catalog's {shown} is no manifest (cut short or edited); {_REMEDY}") from None
    if schema != layout.SCHEMA:
        newer = isinstance(schema, int) and schema > layout.SCHEMA
        advice = "update siftlint" if newer else "build it again with `siftlint catalog build`"
        raise SnapshotError(
            f"the catalog at {_shown(path)} has schema {schema!r}, this siftlint reads {layout.SCHEMA}; {advice}"
        )
    if manifest.get("hash") != manifest_hash(manifest):
        raise SnapshotError(f"the catalog's {shown} was edited (its hash does not fit); {_REMEDY}")
    return manifest


def manifest_hash(manifest: dict[str, Any]) -> str:
    """The hash of a manifest's content, its own entry left out."""
    content = {key: value for key, value in manifest.items() if key != "hash"}
    return layout.digest(json.dumps(content, sort_keys=True, ensure_ascii=False).encode("utf-8"))
