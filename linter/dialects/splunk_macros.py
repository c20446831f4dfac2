"""Where the macros of a Splunk rule are defined: in a `macros` folder near the rule, else in a list of our own.

A macros folder holds one YAML file a macro, as in Splunk's security content: `name`, `definition`, `arguments`. Only the files
of the macros that are called are read; by the convention that a file bears its macro's name, else by reading the folder.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from linter.dialects.queries.spl import MacroDefinition, called, silent
from linter.dialects.splunk_folder import MAX_BYTES, MAX_FILES, above, macro_files
from linter.dialects.yamldoc import Mapping as YamlMapping
from linter.dialects.yamldoc import Scalar, Sequence, YamlError, documents, text_of
from linter.source import Source

_OWN = Path(__file__).parent / "data" / "splunk_macros.tsv"


class Macros(Mapping[str, MacroDefinition]):
    """The macros that a rule may call; files are read when a macro is asked for. `read` lists the files that were."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.found: dict[str, MacroDefinition | None] = {}
        self.read: dict[Path, None] = {}

    def __getitem__(self, name: str) -> MacroDefinition:
        if name not in self.found:
            self.found[name] = self._find(name)
        found = self.found[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*(_folder(self.folder) if self.folder else ()), *own()]))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _find(self, name: str) -> MacroDefinition | None:
        if self.folder is not None and not silent(name) and re.fullmatch(r"[\w.-]{1,200}", name):
            path = self.folder / f"{name}.yml"
            macro = _definition(path)
            if macro is not None and macro.name == name:
                self.read[path] = None
                return macro
            self.read.update(dict.fromkeys(_paths(self.folder)))
            if name in (there := _folder(self.folder)):
                return there[name]
        return own().get(name)


def near(path: str) -> Macros:
    """The macros for a rule's file: those of the first `macros` folder beside it or up to five levels above."""
    place = above(os.path.dirname(path))  # noqa: PTH120
    return Macros(None if place is None else Path(place))


def dependencies(source: Source) -> list[Path]:
    """The files besides its own that reading a rule's file depends on: those of the macros that it calls, sorted."""
    macros = near(source.path)
    if macros.folder is None:
        return []
    waiting, seen = called(source.text), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen and len(seen) < MAX_FILES:
            seen.add(name)
            macro = macros.get(name)
            if macro is not None:
                waiting |= called(macro.definition)
    return sorted(macros.read)


def forget() -> None:
    """Drops what was read of macros folders, for a process that outlives changes to them."""
    for cache in (above, macro_files, _folder, _definition):
        cache.cache_clear()


def _paths(folder: Path) -> list[Path]:
    return list(map(Path, macro_files(str(folder))))


@lru_cache(maxsize=64)
def _folder(folder: Path) -> dict[str, MacroDefinition]:
    found = [macro for path in _paths(folder) if (macro := _definition(path)) is not None]
    return {macro.name: macro for macro in found}


@lru_cache(maxsize=8192)
def _definition(path: Path) -> MacroDefinition | None:
    """The macro in a file; None when there is none, or the file is no plain, small file of YAML."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
            return None
        source = Source(str(path), path.read_text(encoding="utf-8-sig"))
        roots = documents(source)
    except (OSError, ValueError, YamlError):
        return None
    root = roots[0] if roots else None
    definition = root.get("definition") if isinstance(root, YamlMapping) else None
    if not isinstance(root, YamlMapping) or not isinstance(definition, Scalar):
        return None
    given = root.get("arguments")
    arguments: tuple[str, ...] = ()
    if isinstance(given, Sequence):
        arguments = tuple(text_of(item) for item in given.items)
    elif isinstance(given, Scalar):
        arguments = tuple(re.split(r"[,\s]+", text_of(given).strip())) if text_of(given) else ()
    name = re.sub(r"\(\d+\)$", "", text_of(root.get("name")).strip())
    if not name or text_of(root.get("iseval")).lower() in ("1", "true"):
        return None
    return MacroDefinition(name, definition.text, arguments)


@lru_cache(maxsize=1)
def own() -> dict[str, MacroDefinition]:
    """The macros of our own list."""
    found: dict[str, MacroDefinition] = {}
    for line in _OWN.read_text(encoding="utf-8").splitlines():
        name, _, text = line.partition("\t")
        if line.startswith("#"):
            continue
        if name.startswith("process_"):
            images, _, originals = text.partition("\t")
            tests = [f"Processes.process_name={image}" for image in images.split()]
            tests += [f"Processes.original_file_name={original}" for original in originals.split()]
            text = f"({' OR '.join(tests)})"
        found[name] = MacroDefinition(name, text)
    return found
