"""`siftlint checks`."""

from __future__ import annotations

import json
from argparse import Namespace
from textwrap import wrap

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
        persona = f" ({info.persona})" if info.persona != "regular" else ""
        room = width() - longest - 11
        first, *more = wrap(info.summary + persona, room, break_on_hyphens=False)
        lines.append(f"{bold}{info.id:<{longest}}{plain}  {info.severity:<7}  {first}")
        lines += [" " * (longest + 11) + line for line in more]
    lines += ["", "siftlint explain CHECK says more. (pedantic) or (auditor): from that --persona on."]
    write("\n".join(lines) + "\n", None)
    return 0
