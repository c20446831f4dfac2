"""Where a review goes: which pull request, on which server, by whose token. All of it from the environment of a CI job."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

API, WEB = "https://api.github.com", "https://github.com"
_NAME = re.compile(r"(?!\.{1,2}/)[\w.-]{1,100}/(?!\.{1,2}$)[\w.-]{1,100}")
_SHA = re.compile(r"[0-9a-f]{40,64}")


class ReviewError(Exception):
    """A review can't be made or posted: one line that says why and what would help."""


class Place(NamedTuple):
    """A pull request. `head` and `base` are commits, "" when they are not known; `fork`: it comes from another repository."""

    api: str
    web: str
    repo: str
    number: int
    head: str
    base: str
    token: str
    fork: bool = False

    @property
    def page(self) -> str:
        """The repository's address for a browser."""
        return f"{self.web}/{self.repo}"


def of(env: Mapping[str, str]) -> Place | None:
    """The pull request of a GitHub job; None outside of one. ReviewError for a job that says something impossible."""
    event = _event(env.get("GITHUB_EVENT_PATH", ""))
    pull = event.get("pull_request")
    pull = pull if isinstance(pull, dict) else {}
    ref = re.fullmatch(r"refs/pull/(\d+)/\w+", env.get("GITHUB_REF", ""))
    number = pull.get("number") or (int(ref[1]) if ref else 0)
    repo = env.get("GITHUB_REPOSITORY", "") or _deep(pull, "base", "repo", "full_name")
    if not number or not repo:
        return None
    if not isinstance(number, int) or not _NAME.fullmatch(repo):
        raise ReviewError(f"GITHUB_REPOSITORY: `{repo}` is not owner/name")
    head, base = _deep(pull, "head", "sha"), _deep(pull, "base", "sha")
    if any(sha and not _SHA.fullmatch(sha) for sha in (head, base)):
        raise ReviewError("the event names a commit that is none")
    api, web = env.get("GITHUB_API_URL") or API, env.get("GITHUB_SERVER_URL") or WEB
    for url in (api, web):
        if not re.fullmatch(r"https?://[\w.:\[\]-]+(?:/[\w./-]*)?", url):
            raise ReviewError(f"`{url}` is no address of a GitHub server")
    return Place(
        api.rstrip("/"), web.rstrip("/"), repo, number, head, base,
        env.get("GITHUB_TOKEN") or env.get("GH_TOKEN") or "",
        _deep(pull, "head", "repo", "full_name") not in ("", repo),
    )  # fmt: skip


def _event(path: str) -> dict[str, Any]:
    if not path:
        return {}
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            event = json.load(file)
    except (OSError, ValueError) as error:
        raise ReviewError(f"GITHUB_EVENT_PATH: {getattr(error, 'strerror', None) or 'not JSON'}") from None
    return event if isinstance(event, dict) else {}


def _deep(data: Any, *keys: str) -> str:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, str) else ""
