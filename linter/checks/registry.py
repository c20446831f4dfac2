"""Every check, in the order in which they are listed and run. To add one: write its module, add its id here."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import cast

from linter.checks.base import Check

IDS = (
    "unreadable-rule",
    "faulty-metadata",
    "duplicate-id",
    "missing-technique",
    "unknown-technique",
    "unused-selection",
    "noisy-branch",
    "broad-value",
    "dead-exclusion",
    "self-defeating-exclusion",
    "evadable-exclusion",
    "broad-exclusion",
    "unusual-field",
    "technique-mismatch",
    "parent-technique",
    "duplicate-rule",
    "upstream-drift",
    "common-exclusion",
)
RUN = ("duplicate-id",)
"""Those of scope `run`, which are asked in every run: the others need not be imported where all results are kept ones."""


def check(name: str) -> Check:
    """The check of an id. KeyError when there is none."""
    if name not in IDS:
        raise KeyError(name)
    return cast(Check, import_module("linter.checks." + name.replace("-", "_")))


def checks() -> Iterator[Check]:
    """Every check's module, in order."""
    return map(check, IDS)
