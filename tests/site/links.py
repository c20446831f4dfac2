"""Every link of a site, followed: does the file exist, and the place in it?"""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.twice: set[str] = set()
        self.links: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                (self.twice if value in self.ids else self.ids).add(value or "")
            elif name in ("href", "src", "action"):
                self.links.append((tag, value or ""))


class Links:
    """What a site's links lead to."""

    def __init__(self, folder: Path) -> None:
        self.pages: dict[str, _Page] = {}
        for file in sorted(folder.rglob("*.html")):
            page = _Page()
            page.feed(file.read_text(encoding="utf-8"))
            self.pages[file.relative_to(folder).as_posix()] = page
        self.files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
        self.inside = 0
        self.outside: set[str] = set()
        self.broken: list[str] = []
        for path, page in self.pages.items():
            for _, link in page.links:
                self._follow(path, link)

    def _follow(self, path: str, link: str) -> None:
        if ":" in link.partition("#")[0]:
            self.outside.add(link)
            return
        self.inside += 1
        target, mark, place = link.partition("#")
        parts = path.split("/")[:-1]
        for step in filter(None, unquote(target).split("/")):
            if step == "..":
                if not parts:
                    self.broken.append(f"{path}: {link}")
                    return
                parts.pop()
            else:
                parts.append(step)
        file = "/".join(parts) if target else path
        if file not in self.files or (mark and "=" not in place and unquote(place) not in self.pages[file].ids):
            self.broken.append(f"{path}: {link}")

    @property
    def twice(self) -> list[str]:
        """Ids that stand twice on a page."""
        return [f"{path}: {one}" for path, page in self.pages.items() for one in page.twice]
