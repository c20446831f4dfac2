"""The pages in a real browser, from the disk: what a reader does with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from linter.catalog.load import Catalog
from tests.site.conftest import Made

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

pytestmark = pytest.mark.browser
Open = Callable[..., "Tab"]
SHARES = "techniques/T1021.002.html"
MIXED = "techniques/T1105.html"
LOOKS = (
    "color-contrast",
    "scrollable-region-focusable",
    "target-size",
    "link-in-text-block",
)  # what a scheme or a width changes
FILTER = "filter_main_computer_accounts:\n    SubjectUserName|endswith: '$'"
KINDS = ("index.html", SHARES, "classes/index.html", "vendors/sigma.html", "checks/noisy-branch.html", "search.html#q=share")


@pytest.fixture
def tab(made: Made, browser: Browser) -> Iterator[Open]:
    """Opens a page of the site; at the end no script may have failed and nothing may have been refused by the policy."""
    contexts = []
    trouble: list[str] = []

    def open_page(path: str, site: Made | None = None, **options: Any) -> Tab:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(5000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda message: trouble.append(message.text) if message.type in ("error", "warning") else None)
        page.on("dialog", lambda dialog: (trouble.append("a dialog"), dialog.dismiss()))
        page.on("request", lambda request: None if request.url.startswith("file:") else trouble.append(request.url))
        page.goto((site or made).url(path))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert trouble == []


def visible_rules(page: Tab) -> list[str]:
    return page.locator(".rule:visible .t").all_text_contents()


def test_from_the_index_to_a_technique_to_an_indicator_to_a_rule(tab: Open) -> None:
    from playwright.sync_api import expect

    page = tab("index.html")
    column = page.locator("#lateral-movement")
    column.get_by_text("sub", exact=False).first.click()
    column.get_by_role("link", name="SMB/Windows Admin Shares").click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("Remote Services: SMB/Windows Admin Shares")
    row = page.locator("#indicators tr", has=page.get_by_text("5145", exact=True))
    row.locator("summary").click()
    expect(row.locator(".refs a")).to_have_count(16)  # ten in the page, the others by script
    assert "Sigma" in row.locator(".refs").inner_text()
    row.get_by_role("link", name="Share Touched 16").click()
    rule = page.locator("details.rule[open]")
    assert rule.locator(".t").inner_text() == "Share Touched 16"
    assert rule.is_visible()
    body = rule.locator(".body").inner_text()
    for part in ("Looks for", "Excludes", "Rarest indicators", "\\tool16.exe", "machine account", "svc-backup"):
        assert part in body
    source = rule.get_by_role("link", name="Source at Sigma").get_attribute("href")
    assert source == "https://github.com/somebody/rules/blob/0123456789abcdef0123456789abcdef01234567/rules/windows/share16.yml"


def test_filters_by_platform_and_domain_and_a_permalink(tab: Open) -> None:
    from playwright.sync_api import expect

    page = tab(MIXED)
    assert len(visible_rules(page)) == 22
    page.get_by_label("Platform").select_option("linux")
    assert len(visible_rules(page)) == 6
    assert "6 of 22 rules fit." in page.locator("output").inner_text()
    page.get_by_label("Domain").select_option("cloud")
    assert visible_rules(page) == []
    page.get_by_label("Platform").select_option("")
    assert len(visible_rules(page)) == 4
    page.get_by_label("Text").fill("ModifySnapshotAttribute52")
    assert visible_rules(page) == ["Snapshot Shared 52"]
    page.locator(".rule:visible summary").click()
    page.wait_for_url("**open=*")
    address = page.url
    assert {"domain=cloud", "text=ModifySnapshotAttribute52"} <= set(address.partition("#")[2].split("&"))
    page.reload()
    assert visible_rules(page) == ["Snapshot Shared 52"]
    assert page.get_by_label("Domain").input_value() == "cloud"
    assert page.locator(".rule[open] .body").is_visible()
    assert page.url == address
    page.get_by_role("button", name="Show all", exact=True).click()
    expect(page.locator(".rule:visible")).to_have_count(22)  # once the form is reset
    page.get_by_label("Vendor").select_option("elastic")
    assert len(visible_rules(page)) == 4


def test_a_permalink_to_a_value_that_is_not_among_the_first(tab: Open, made: Made) -> None:
    ids = re.findall(r'id="(i-\w+)"', made.text(MIXED))
    page = tab(f"{MIXED}#open={ids[-1]}")
    assert page.locator("#indicators tbody.rest.shown").count() == 1
    assert page.locator(f"#{ids[-1]}").evaluate("element => element.open")
    assert page.locator(f"#{ids[-1]} .refs").is_visible()
    page = tab(f"{MIXED}#open=i-zzzzzzz&or=/tmp/a42")
    assert visible_rules(page) == ["Archive Written Below tmp 42"]


def test_search(tab: Open) -> None:
    page = tab("index.html")
    page.get_by_label("Search the catalog").fill("5145")
    page.get_by_role("button", name="Search", exact=True).last.click()
    page.wait_for_url("**/search.html?q=5145*")
    page.get_by_role("heading", name="Values looked for").wait_for()
    page.get_by_role("link", name="windows:security:5145").wait_for()
    field = page.get_by_label("Search the catalog")
    field.fill("T1021.002")
    page.get_by_role("link", name="T1021.002 SMB/Windows Admin Shares").wait_for()
    field.fill("share touched 7")
    link = page.get_by_role("link", name="Share Touched 7", exact=True)
    link.wait_for()
    assert page.url.endswith("#q=share+touched+7")
    page.reload()
    link.click()
    assert page.locator("details.rule[open] .t").inner_text() == "Share Touched 7"
    page.go_back()
    for words, wanted in (("subjectusername", "Fields"), ("svc-backup", "Values excluded"), ("T1562.001", "Techniques")):
        page.get_by_label("Search the catalog").fill(words)
        page.get_by_role("heading", name=wanted).wait_for()
    page.get_by_label("Search the catalog").fill("no such thing anywhere")
    page.get_by_text("Nothing found.").wait_for()


def test_a_filter_is_copied(tab: Open) -> None:
    page = tab(SHARES, permissions=["clipboard-read", "clipboard-write"])
    page.locator("#exclusions td summary").first.click()
    page.get_by_role("button", name="Copy as Sigma").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == FILTER


def test_without_scripts_everything_is_there(tab: Open) -> None:
    page = tab(SHARES, java_script_enabled=False)
    row = page.locator("#indicators tr", has=page.get_by_text("5145", exact=True))
    row.locator("summary").click()
    assert row.locator(".refs a").count() == 10
    assert "6 more" in row.locator(".more").inner_text()
    row.locator(".refs a").first.click()
    assert page.locator(".rule:target").count() == 1
    page.locator(".rule:target summary").click()
    assert page.locator(".rule:target .body").is_visible()
    assert not page.locator("form.filters").is_visible()
    page = tab(MIXED, java_script_enabled=False)
    assert page.locator("tbody.rest").first.is_visible()
    page = tab("search.html", java_script_enabled=False)
    assert page.get_by_text("Searching needs JavaScript").is_visible()


def test_by_keyboard(tab: Open) -> None:
    page = tab(SHARES)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.locator("main:focus").wait_for()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.locator("#indicators summary").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("details.rule[open] > summary:focus").wait_for()


def open_all(page: Tab) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
    if "search" in page.url:
        page.get_by_role("heading", name="Rules").wait_for()


@pytest.mark.parametrize("path", [*KINDS, MIXED])
def test_a_phone_scrolls_one_way(path: str, tab: Open) -> None:
    page = tab(path, viewport={"width": 360, "height": 740})
    open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize(("scheme", "width", "only"), [("light", 1280, ()), ("dark", 360, LOOKS)], ids=["light", "dark"])
@pytest.mark.parametrize("path", KINDS)
def test_axe_finds_nothing(path: str, scheme: str, width: int, only: tuple[str, ...], tab: Open) -> None:
    axe = pytest.importorskip("axe_playwright_python")
    script = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page = tab(path, color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
    if path != "index.html":  # all of the matrix takes axe a minute; its first rows are open
        open_all(page)
    page.evaluate(script)
    options = {"resultTypes": ["violations"], "preload": False, **({"runOnly": list(only)} if only else {})}
    outcome = page.evaluate("options => axe.run(document, options)", options)
    assert [
        (one["id"], one["impact"], len(one["nodes"]), one["nodes"][0]["html"][:200])
        for one in outcome["violations"]
        if one["impact"] != "minor"
    ] == []


def test_a_hostile_catalog_does_nothing(hostile: Made, tab: Open) -> None:
    for path in ("techniques/T1105.html", "vendors/sigma.html", "search.html#q=alert"):
        page = tab(path, hostile, viewport={"width": 360, "height": 740})
        if path.startswith("search"):
            page.get_by_role("heading", name="Values looked for").wait_for()
        else:
            open_all(page)
        assert page.locator("main img, main iframe, main script, main [onerror], main [onload]").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") == 360
    page = tab("techniques/T1105.html", hostile)
    page.locator(".rule summary").nth(3).click()
    assert page.locator(".rule[open]").count() == 1


@pytest.mark.parametrize("number", [1, 2])
def test_the_numbers_on_the_page_are_the_catalogs(number: int, tab: Open, catalog: Catalog) -> None:
    name = ("T1021.002", "T1105")[number - 1]
    page = tab(f"techniques/{name}.html")
    assert page.locator("#rules .rule").count() == len(catalog.technique(name).rules)
