"""One snapshot folder: its manifest and its files, each checked against the manifest's hash when it is first read."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from linter.catalog import layout


class SnapshotError(Exception):
    """A snapshot that can't be used, in one sentence that says what to do. The command ends with status 3."""


def shipped() -> Path:
    """The folder of the shipped snapshot: beside the package, in a checkout, an editable install and a wheel alike."""
    return Path(__file__).resolve().parents[2] / "catalog_snapshot"


class Snapshot:
    """A snapshot folder opened for reading. `name` is what evidence calls it: "" for the shipped one, else the layer's name.

    SnapshotError when there is no snapshot, it is of another schema, or what is read is not what the manifest says.
    """

    def __init__(self, path: Path, number: int = 0, name: str = "") -> None:
        recover(path)
        self.path = path
        self.name = name
        self.prefix = f"{number}:" if number else ""
        self.manifest = _manifest(path)
        self.files: dict[str, str] = self.manifest["files"]
        self.rules: int = self.manifest["rules"]
        self._bases: dict[str, str] = {corpus["vendor"]: corpus["url"] for corpus in self.manifest["corpora"]}
        if len(self.manifest["corpora"]) > 1:
            self._bases.pop("", None)  # several private corpora: whose file it is, is not recorded
        self._read: dict[str, bytes] = {}

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

    def _checked(self, name: str, wanted: str) -> bytes:
        path = self.path / name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SnapshotError(f"the catalog's {path.as_posix()} can't be read ({error.strerror}); {_REMEDY}") from None
        if layout.digest(data) != wanted:
            raise SnapshotError(
                f"the catalog's {path.as_posix()} is not what its manifest says (cut short or edited); {_REMEDY}"
            )
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


def _manifest(path: Path) -> dict[str, Any]:
    file = path / layout.MANIFEST
    shown = file.as_posix()
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SnapshotError(f"no catalog snapshot at {path.as_posix()} (it has no {layout.MANIFEST})") from None
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
            f"the catalog at {path.as_posix()} has schema {schema!r}, this siftlint reads {layout.SCHEMA}; {advice}"
        )
    if manifest.get("hash") != manifest_hash(manifest):
        raise SnapshotError(f"the catalog's {shown} was edited (its hash does not fit); {_REMEDY}")
    return manifest


def manifest_hash(manifest: dict[str, Any]) -> str:
    """The hash of a manifest's content, its own entry left out."""
    content = {key: value for key, value in manifest.items() if key != "hash"}
    return layout.digest(json.dumps(content, sort_keys=True, ensure_ascii=False).encode("utf-8"))
