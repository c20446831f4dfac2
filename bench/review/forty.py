"""A pull request with 40 changed rules, reviewed against a GitHub on loopback: time, requests, comments.

    python bench/review/forty.py [--pages DIR]

20 rules that changed between two dates of the public corpora and 20 that came between them, each made worse by a technique that
does not exist; `--pages` writes what was posted as HTML that looks as GitHub's does. Needs the corpora beside the checkout
(tests/shared.py) and the development group.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from linter import changes, cli  # noqa: E402
from tests.gits import Repo  # noqa: E402
from tests.review.fake import NUMBER, REPO, GitHub, serving  # noqa: E402
from tests.shared import SHARED  # noqa: E402

OLD, NEW = SHARED / "corpora" / "2023-12", SHARED / "corpora" / "2026-08"
SHARES = {"sigma": 10, "elastic": 6, "splunk": 4}  # of the 20 changed, and of the 20 that came
CSS = """
body{font:14px/1.5 -apple-system,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif;color:#1f2328;margin:24px;width:760px}
.c{border:1px solid #d1d9e0;border-radius:6px;margin:0 0 16px}.b{padding:16px}
.h{background:#f6f8fa;border-bottom:1px solid #d1d9e0;padding:8px 16px;color:#59636e;font-size:12px}
code{background:#818b981f;border-radius:6px;padding:.2em .4em;font:85% ui-monospace,Menlo,"DejaVu Sans Mono",monospace}
pre{background:#f6f8fa;border-radius:6px;padding:16px;overflow:auto}pre code{background:none;padding:0}a{color:#0969da}
table{border-collapse:collapse;margin:0 0 16px}td,th{border:1px solid #d1d9e0;padding:6px 13px}
tr:nth-child(2n){background:#f6f8fa}h2{border-bottom:1px solid #d1d9e0b3;padding-bottom:.3em;font-size:1.5em;margin:0 0 16px}
h3{font-size:1.25em}ul{padding-left:2em}li+li{margin-top:.25em}details,p{margin:0 0 16px}sub{color:#59636e}
"""


def rules(vendor: str) -> tuple[list[str], list[str]]:
    """(paths of rules that changed, of rules that came) of a vendor, sorted."""
    files = {path.relative_to(NEW / vendor).as_posix() for path in (NEW / vendor).rglob("*.*") if path.is_file()}
    files = {
        one for one in files if one.endswith((".yml", ".yaml", ".toml")) and "deprecated" not in one and "macros" not in one
    }
    old = {one for one in files if (OLD / vendor / one).is_file()}
    changed = [one for one in sorted(old) if (OLD / vendor / one).read_bytes() != (NEW / vendor / one).read_bytes()]
    return changed[:: max(1, len(changed) // 30)], sorted(files - old)[:: max(1, len(files - old) // 30)]


def main() -> None:
    pages = Path(sys.argv[2]) if sys.argv[1:2] == ["--pages"] else None
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        work.mkdir()
        repo = Repo(work)
        picked = {vendor: rules(vendor) for vendor in SHARES}
        for vendor, share in SHARES.items():
            for path in picked[vendor][0][:share]:
                repo.write(f"{vendor}/{path}", (OLD / vendor / path).read_text(encoding="utf-8"))
        repo.commit("base")
        repo.git("checkout", "-q", "-b", "feature")
        for vendor, share in SHARES.items():
            for path in (*picked[vendor][0][:share], *picked[vendor][1][:share]):
                text = (NEW / vendor / path).read_text(encoding="utf-8")
                repo.write(f"{vendor}/{path}", re.sub(r"\b([tT])1\d{3}(?:\.\d{3})?\b", r"\g<1>9999", text, count=1))
        head = repo.commit("head")
        _review(work, repo, head, pages)


def _review(work: Path, repo: Repo, head: str, pages: Path | None) -> None:
    hub = GitHub()
    hub.head = head
    diff = {change.path: list(change.ranges) for change in changes.diff(repo.top, "main", head, 3)}
    hub.hunks = lambda path: diff.get(path, [])
    event = work.parent / "event.json"
    side = {"repo": {"full_name": REPO}}
    pull = {"number": NUMBER, "head": {"sha": head, **side}, "base": {"sha": repo.git("rev-parse", "main"), **side}}
    event.write_text(json.dumps({"pull_request": pull}), encoding="utf-8")
    os.chdir(work)
    print(f"{len(diff)} files changed")
    with serving(hub) as url:
        os.environ |= {
            "GITHUB_EVENT_PATH": str(event), "GITHUB_REPOSITORY": REPO, "GITHUB_API_URL": url, "GITHUB_TOKEN": "x",
            "GITHUB_SERVER_URL": "https://github.com",
        }  # fmt: skip
        for turn, persona in (
            ("first review", "auditor"),
            ("the same push again", "auditor"),
            ("for the regular reader", "regular"),
        ):
            said = io.StringIO()
            before, began = len(hub.requests), time.perf_counter()
            with contextlib.redirect_stdout(said):
                status = cli.main(["review", "--persona", persona])
            took = time.perf_counter() - began
            if pages and not before:
                _write(pages, hub)
            print(f"{turn}: {took:.1f} s, {len(hub.requests) - before} requests, status {status}; {said.getvalue().strip()}")


def _write(pages: Path, hub: GitHub) -> None:
    import cmarkgfm
    from cmarkgfm.cmark import Options

    def shown(head: str, body: str) -> str:
        html = cmarkgfm.github_flavored_markdown_to_html(body, options=Options.CMARK_OPT_UNSAFE)
        return f"<div class=c><div class=h>{head}</div><div class=b>{html}</div></div>"

    pages.mkdir(parents=True, exist_ok=True)
    page = "<!doctype html><meta charset=utf-8><style>{}</style>{}"
    comments = "".join(shown(f"{one['path']} · line {one['line']}", one["body"]) for one in hub.mine())
    summary = shown("github-actions bot commented", hub.summaries()[0])
    (pages / "comments.html").write_text(page.format(CSS, comments), encoding="utf-8")
    (pages / "summary.html").write_text(page.format(CSS, summary), encoding="utf-8")
    (pages / "summary-open.html").write_text(page.format(CSS, summary.replace("<details>", "<details open>")), encoding="utf-8")
    (pages / "comments-open.html").write_text(
        page.format(CSS, comments.replace("<details>", "<details open>")), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
