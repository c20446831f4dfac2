"""`siftlint catalog show | info | build | site | diff`."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from linter import config, engine
from linter.commands.common import UsageError, catalogs, coloured, part, say, width, write

if TYPE_CHECKING:
    from linter.catalog.load import Catalog


def run(args: Namespace) -> int:
    """Runs the action."""
    actions = {"show": _show, "info": _info, "build": _build, "site": _site, "diff": _diff}
    return actions[args.action](args)


def _catalog(args: Namespace) -> Catalog:
    """The catalog that is meant: --snapshot, else the configuration's with its layers, else the shipped one."""
    settings = config.for_paths([])
    return engine.catalog(catalogs(args.snapshot or settings.snapshot, settings.catalogs))


def _json(data: dict[str, Any]) -> None:
    write(json.dumps(data, ensure_ascii=False, indent=1) + "\n", None)


def _show(args: Namespace) -> int:
    from linter.catalog.show import SECTIONS, Page

    if args.section is not None and args.section not in SECTIONS:
        raise UsageError(f"--section: no section is called `{args.section}`{config.nearby(args.section, SECTIONS)}")
    page = Page(_catalog(args), args.technique)
    if not page.known:
        raise UsageError(f"the catalog knows no technique or event class `{args.technique}` (such as T1021.002)")
    if args.format == "json":
        _json(page.data(args.section, args.value))
        return 0
    from linter.reporters import catalog_pages

    if args.format == "markdown":
        write(catalog_pages.markdown(page, args.section, args.value), None)
    else:
        paged(catalog_pages.text(page, width(), coloured(), args.section, args.value))
    return 0


def paged(text: str) -> None:
    """Writes to the terminal, through a pager when it is longer than the screen."""
    if sys.stdout.isatty() and sys.stdin.isatty():
        from shutil import get_terminal_size

        if text.count("\n") >= get_terminal_size().lines:
            import pydoc

            os.environ.setdefault("LESS", "FRX")  # colours as they are, and no clearing of the screen at the end
            pydoc.pager(text)
            return
    write(text, None)


def _info(args: Namespace) -> int:
    from linter.catalog.show import info

    data = info(_catalog(args))
    if args.format == "json":
        _json(data)
    else:
        from linter.reporters import catalog_pages

        write(catalog_pages.info_text(data, coloured()), None)
    return 0


def _build(args: Namespace) -> int:
    from linter.catalog.build import run_build

    try:
        built = run_build(args.corpus, args.output, args.sources, args.layer, args.jobs or 0)
    except ValueError as error:
        raise UsageError(str(error)) from None
    counts = ", ".join(f"{count:,} {name}" for name, count in built.rules.items())
    say(f"{counts} rules: {built.files:,} files, {built.bytes / 1e6:.1f} MB, {built.seconds:.1f} s, in {args.output}")
    return 0


def _site(args: Namespace) -> int:
    return int(part("linter.site.build").run(_catalog(args), args.output))


def _diff(args: Namespace) -> int:
    from linter.catalog.diff import compare

    old, new = (engine.catalog(catalogs(folder, ())) for folder in (args.old, args.new))
    data = compare(old, new)
    if args.format == "json":
        _json(data)
        return 0
    from linter.reporters import catalog_pages

    write(catalog_pages.diff_markdown(data) if args.format == "markdown" else catalog_pages.diff_text(data, width()), None)
    return 0
