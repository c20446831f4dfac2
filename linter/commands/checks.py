"""`siftlint checks`."""

from __future__ import annotations

import json
from argparse import Namespace

from linter.checks import registry
from linter.commands.common import coloured, width, write


def run(args: Namespace) -> int:
    """Lists every check: id, severity, persona, and what it points at."""
    infos = [check.CHECK for check in registry.checks()]
    if args.format == "json":
        rows = [info._asdict() | {"dialects": list(info.dialects)} for info in infos]
        write(json.dumps({"version": 1, "checks": rows}, indent=1) + "\n", None)
        return 0
    longest = max(len(info.id) for info in infos)
    bold, plain = ("\x1b[1m", "\x1b[0m") if coloured() else ("", "")
    lines = []
    for info in infos:
        head = f"{bold}{info.id:<{longest}}{plain}  {info.severity:<8} {info.persona:<8} "
        room = width() - longest - 20
        lines.append(head + (info.summary if len(info.summary) <= room else "\n    " + info.summary))
    lines += ["", "siftlint explain CHECK says what one means; advice does not fail a run unless you ask for it."]
    write("\n".join(lines) + "\n", None)
    return 0
