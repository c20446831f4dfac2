"""Sigma rules with filters, written here, for tests of what is made of exclusions."""

from __future__ import annotations

from tests.checks.corpus import PROCESS

_RULE = """\
title: {title}
id: 5c0de000-0000-4000-9000-{number:012d}
status: test
tags: [attack.{technique}]
logsource: {source}
detection:
  selection:
{selection}
{filters}  condition: {condition}
level: high
"""


def filtered(
    number: int,
    *lines: str,
    filters: tuple[tuple[str, ...], ...] = (),
    title: str = "",
    source: str = PROCESS,
    technique: str = "t1059.003",
) -> str:
    """A rule with these lines as its selection, and filters of these lines each."""
    blocks = "".join(f"  filter_main_{at}:\n" + "".join(f"    {line}\n" for line in block) for at, block in enumerate(filters))
    return _RULE.format(
        title=title or f"Authored rule {number}", number=number, source=source, technique=technique,
        selection="\n".join(f"    {line}" for line in lines), filters=blocks,
        condition="selection and not 1 of filter_main_*" if filters else "selection",
    )  # fmt: skip
