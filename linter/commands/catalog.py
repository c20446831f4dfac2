"""`siftlint catalog`: show a technique's page, say what the snapshot is made of, build one, compare two, write the site."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from argparse import Namespace

from linter import config
from linter.commands.common import UsageError, catalogs, coloured, part, say, width, write


def run(args: Namespace) -> int:
    """Runs the action; 0, or 2 for what can't be asked."""
    action = {"show": _show, "info": _info, "build": _build, "diff": _diff, "site": _site}[args.action]
    return action(args)


def _folders(args: Namespace) -> tuple[str, ...]:
    settings = config.for_paths(())
    return catalogs(args.snapshot or settings.snapshot, settings.catalogs)


def _show(args: Namespace) -> int:
    from linter.catalog.load import open_catalog
    from linter.catalog.show import SECTIONS, Page

    if args.section is not None and args.section not in SECTIONS:
        near = config.nearby(args.section, SECTIONS) or f"; there are {', '.join(SECTIONS)}"
        raise UsageError(f"--section: no section is called `{args.section}`{near}")
    page = Page(open_catalog(_folders(args)), args.technique)
    if not page.known:
        raise UsageError(f"the catalog knows no technique or event class `{args.technique}`")
    if args.format == "json":
        write(json.dumps(page.data(args.section, args.value), ensure_ascii=False, indent=1) + "\n", None)
        return 0
    pages = part("linter.reporters.catalog_pages")
    if args.format == "markdown":
        write(pages.markdown(page, args.section, args.value), None)
    else:
        paged(pages.text(page, width(), coloured(), args.section, args.value))
    return 0


def _info(args: Namespace) -> int:
    from linter.catalog.load import open_catalog
    from linter.catalog.show import info

    data = info(open_catalog(_folders(args)))
    if args.format == "json":
        write(json.dumps(data, ensure_ascii=False, indent=1) + "\n", None)
    else:
        write(part("linter.reporters.catalog_pages").info_text(data, coloured()), None)
    return 0


def _build(args: Namespace) -> int:
    from linter.catalog.build import run_build

    try:
        built = run_build(args.corpus, args.output, args.sources, args.layer, args.jobs or None)
    except ValueError as error:
        raise UsageError(str(error)) from None
    counts = ", ".join(f"{name} {count:,}" for name, count in built.rules.items())
    say(
        f"{sum(built.rules.values()):,} live rules ({counts}) in {built.files:,} files, {built.bytes / 1e6:.1f} MB, {built.seconds:.1f} s"
    )
    return 0


def _diff(args: Namespace) -> int:
    from linter.catalog.diff import compare
    from linter.catalog.load import Catalog

    for folder in (args.old, args.new):
        if not os.path.isdir(folder):  # noqa: PTH112
            raise UsageError(f"no catalog snapshot at {folder}")
    data = compare(Catalog.open(args.old), Catalog.open(args.new))
    if args.format == "json":
        write(json.dumps(data, ensure_ascii=False, indent=1) + "\n", None)
    else:
        pages = part("linter.reporters.catalog_pages")
        write(pages.diff_markdown(data) if args.format == "markdown" else pages.diff_text(data, width()), None)
    return 0


def _site(args: Namespace) -> int:
    return int(part("linter.site.build").run(args, _folders(args)))


def paged(text: str) -> None:
    """Writes a text, through the reader's pager when it is longer than the terminal."""
    lines = shutil.get_terminal_size().lines
    pager = os.environ.get("PAGER", "less")
    if not sys.stdout.isatty() or text.count("\n") < lines or not pager or shutil.which(pager.split()[0]) is None:
        write(text, None)
        return
    environment = {"LESS": "FRX", "LESSCHARSET": "utf-8", **os.environ}
    try:
        subprocess.run(pager.split(), input=text, text=True, encoding="utf-8", env=environment, check=False)
    except OSError:
        write(text, None)
