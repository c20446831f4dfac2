"""Builds the whole site and measures it: time, pages, sizes, links, first render and axe in chromium.

python bench/site/measure.py [OUTPUT] [--snapshot DIR]
"""

from __future__ import annotations

import argparse
import gzip
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from linter import jobs
from linter.catalog.load import Catalog
from linter.site.build import Site, build
from tests.site.conftest import ARGUMENTS, chromium
from tests.site.links import Links

LOOKED_AT = (
    "index.html", "techniques/T1021.002.html", "techniques/T1059.001.html", "classes/windows-security-5145.html",
    "classes/index.html", "vendors/yaral.html", "checks/noisy-branch.html", "search.html#q=psexec",
)  # fmt: skip
OPEN = "document.querySelectorAll('details').forEach(one => { one.open = true; })"
PAINT = """() => ({
  paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
  loaded: performance.getEntriesByType('navigation')[0].loadEventEnd,
  nodes: document.querySelectorAll('*').length,
})"""


def cpu() -> float:
    """Seconds of processor time of this process and those that have ended."""
    return sum(
        used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def sizes(site: Site, folder: Path, catalog: Catalog) -> None:
    pages = site.pages
    total = sum(one.size for one in site.files)
    print(f"{len(pages):,} pages, {len(site.files):,} files, {total / 1e6:.1f} MB")
    packed = sum(len(gzip.compress((folder / one.path).read_bytes(), 6)) for one in site.files)
    print(f"  {packed / 1e6:.1f} MB with each file compressed (gzip -6)")
    tagged = {f"techniques/{name}.html" for name in catalog.technique_names()}
    for name, some in (
        ("all pages", pages),
        ("techniques with rules", [one for one in pages if one.path in tagged]),
        ("event classes", [one for one in pages if one.path.startswith("classes/")]),
    ):
        each = [one.size for one in some]
        top = max(some, key=lambda one: one.size)
        size = f"median {statistics.median(each) / 1e3:.0f} kB, largest {top.size / 1e3:.0f} kB"
        print(f"  {name}: {len(some)}, {size} ({top.path})")
    print(f"  over 1.5 MB: {[one.path for one in pages if one.size > 1_500_000]}")


def rendering(folder: Path, pages: list[str], times: int = 5) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        for path in pages:
            seen = []
            for _ in range(times):
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.goto((folder / path).as_uri())
                page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
                seen.append(page.evaluate(PAINT))
                page.close()
            paint, loaded = ([one[key] for one in seen] for key in ("paint", "loaded"))
            first = f"first paint {statistics.median(paint):.0f} ms (worst {max(paint):.0f})"
            print(f"  {path}: {first}, loaded {statistics.median(loaded):.0f} ms, {seen[0]['nodes']:,} elements")
        browser.close()


def axe(folder: Path) -> None:
    import axe_playwright_python
    from playwright.sync_api import sync_playwright

    script = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        for path in LOOKED_AT:
            for scheme, width in (("light", 1280), ("dark", 360)):
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
                name, mark, place = path.partition("#")
                page.goto((folder / name).as_uri() + mark + place)
                page.wait_for_timeout(3000 if mark else 0)
                page.evaluate(script)
                found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")["violations"]
                wide = page.evaluate("document.documentElement.scrollWidth") > width
                what = [(one["id"], one["impact"], len(one["nodes"])) for one in found]
                print(f"  {path} {scheme} {width}: {what or 'nothing'}{', scrolls sideways' if wide else ''}", flush=True)
                page.close()
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("output", nargs="?")
    parser.add_argument("--snapshot")
    parser.add_argument("--no-axe", action="store_true")
    args = parser.parse_args()
    catalog = Catalog.open(args.snapshot)
    folder = Path(args.output or Path(tempfile.mkdtemp()) / "site")
    before, began = cpu(), time.perf_counter()
    site = build(catalog, folder)
    took = time.perf_counter() - began
    print(f"built in {took:.1f} s with {cpu() - before:.1f} s of processor time on {jobs.cores()} cores")
    sizes(site, folder, catalog)
    links = Links(folder)
    print(f"links: {links.inside:,} inside, {len(links.broken)} broken, {len(links.outside):,} outside")
    print(f"ids that stand twice on a page: {len(links.twice)}")
    print(*links.broken[:20], sep="\n")
    pages = sorted(site.pages, key=lambda one: -one.size)
    rendering(folder, [one.path for one in pages[:3]] + ["techniques/T1021.002.html", "index.html"])
    if not args.no_axe:
        axe(folder)


if __name__ == "__main__":
    main()
