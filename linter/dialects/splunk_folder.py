"""Where the macros folder of a Splunk rule is, and which files are in it; apart from their reading, for the cache's sake."""

from __future__ import annotations

import os
from functools import lru_cache

MAX_LEVELS = 5
MAX_FILES = 5_000
MAX_BYTES = 256_000


@lru_cache(maxsize=4096)
def above(folder: str) -> str | None:
    """The first `macros` folder beside the files of a folder or up to five levels above; None without one."""
    at = folder
    for _ in range(MAX_LEVELS + 1):
        place = os.path.join(at, "macros")  # noqa: PTH118  (plain calls: this runs for every folder of a tree)
        try:
            if os.path.isdir(place):  # noqa: PTH112
                return place
        except ValueError:
            return None
        parent, name = os.path.split(at)
        up = os.path.join(at, "..") if name in ("", ".", "..") else parent  # noqa: PTH118
        if up == at:
            return None
        at = up
    return None


@lru_cache(maxsize=64)
def macro_files(folder: str) -> tuple[str, ...]:
    """The YAML files of a macros folder, sorted."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.lower().endswith((".yml", ".yaml")))  # noqa: PTH208
    except OSError:
        return ()
    return tuple(os.path.join(folder, name) for name in names[:MAX_FILES])  # noqa: PTH118
