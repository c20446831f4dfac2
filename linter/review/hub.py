"""GitHub, by PyGithub: each request once where it may be repeated only by one who looks first.

A request that GitHub refused to work on (rate limits) is sent again after the time it asks for; a failed one that changes
nothing when repeated (GET, PATCH, DELETE) is too. After a failed POST nobody knows: `Uncertain`, and the caller looks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from linter.review.place import Place, ReviewError

TRIES = 5
PATIENCE = 300.0  # seconds that one run waits in all
AT_ONCE = 100  # entries of a page
PACE = 1.0  # seconds between two writes, as GitHub asks
WAIT = time.sleep


class Denied(ReviewError):
    """The token may not do this, or GitHub does not show us the thing."""


class Refused(ReviewError):
    """GitHub finds a request faulty (422): a line that is not in the diff, a comment that is gone."""


class Uncertain(ReviewError):
    """GitHub failed after a request to create something: it may be there."""


class Hub:
    """Requests on one pull request. `sent` counts them by verb."""

    def __init__(self, place: Place) -> None:
        from github import Auth, Github

        self.place = place
        self.sent: dict[str, int] = {}
        self._wait = WAIT
        self._left = PATIENCE
        auth = Auth.Token(place.token) if place.token else None
        hub = Github(auth=auth, base_url=place.api, retry=None, timeout=30, user_agent="siftlint", per_page=AT_ONCE,
                     seconds_between_requests=PACE / 4, seconds_between_writes=PACE)  # fmt: skip
        self._requester = hub.requester

    # what the review asks

    def pull(self) -> dict[str, Any]:
        """The pull request."""
        return dict(self._call("GET", self._pull())[1])

    def review_comments(self) -> list[dict[str, Any]]:
        """Every comment on its lines, by anybody."""
        return list(self._pages(f"{self._pull()}/comments"))

    def comments(self) -> list[dict[str, Any]]:
        """Every comment below it, by anybody."""
        return list(self._pages(f"{self._issue()}/comments"))

    def graph(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of a GraphQL answer. Denied when it holds errors. What we ask may be asked twice, mutations too."""
        url = self._requester.graphql_url
        _, answer = self._call("POST", url, {"query": query, "variables": dict(variables)}, again=True, count="GRAPHQL")
        if not isinstance(answer, dict) or answer.get("errors") or not isinstance(answer.get("data"), dict):
            raise Denied("GitHub's GraphQL does not answer this token")
        return dict(answer["data"])

    def review(self, commit: str, comments: list[dict[str, Any]]) -> None:
        """Makes comments on lines at once. Refused when one of them can't be; Uncertain."""
        self._call("POST", f"{self._pull()}/reviews", {"commit_id": commit, "event": "COMMENT", "comments": comments})

    def comment_on(self, commit: str, comment: Mapping[str, Any]) -> None:
        """Makes one comment on lines. Refused, Uncertain."""
        self._call("POST", f"{self._pull()}/comments", {"commit_id": commit, **comment})

    def edit_review_comment(self, id: int, body: str) -> None:
        """Replaces a comment's text. Refused when it is gone."""
        self._call("PATCH", f"{self._repo()}/pulls/comments/{int(id)}", {"body": body})

    def drop_review_comment(self, id: int) -> None:
        """Removes a comment; it may be gone already."""
        self._drop(f"{self._repo()}/pulls/comments/{int(id)}")

    def comment(self, body: str) -> None:
        """Makes a comment below the pull request. Uncertain."""
        self._call("POST", f"{self._issue()}/comments", {"body": body})

    def edit_comment(self, id: int, body: str) -> None:
        """Replaces a comment's text."""
        self._call("PATCH", f"{self._repo()}/issues/comments/{int(id)}", {"body": body})

    def drop_comment(self, id: int) -> None:
        """Removes a comment; it may be gone already."""
        self._drop(f"{self._repo()}/issues/comments/{int(id)}")

    # how

    def _repo(self) -> str:
        return f"/repos/{self.place.repo}"

    def _pull(self) -> str:
        return f"{self._repo()}/pulls/{self.place.number}"

    def _issue(self) -> str:
        return f"{self._repo()}/issues/{self.place.number}"

    def _drop(self, url: str) -> None:
        try:
            self._call("DELETE", url)
        except Denied as error:
            if getattr(error, "status", 0) != 404:
                raise

    def _pages(self, url: str) -> Iterator[dict[str, Any]]:
        number = 1
        while True:
            headers, page = self._call("GET", f"{url}?per_page={AT_ONCE}&page={number}")
            yield from page if isinstance(page, list) else ()
            if 'rel="next"' not in headers.get("link", ""):
                return
            number += 1

    def _call(
        self, verb: str, url: str, body: Mapping[str, Any] | None = None, again: bool | None = None, count: str = ""
    ) -> tuple[Mapping[str, str], Any]:
        from github import GithubException
        from requests.exceptions import RequestException

        again = verb != "POST" if again is None else again
        why = ""
        for attempt in range(TRIES):
            self.sent[count or verb] = self.sent.get(count or verb, 0) + 1
            pause = float(2**attempt)
            try:
                headers, data = self._requester.requestJsonAndCheck(verb, url, input=dict(body) if body is not None else None)
                return headers, data
            except GithubException as error:
                status = int(error.status or 0)
                why = _said(error.data, status)
                headers = {str(name).lower(): str(value) for name, value in (error.headers or {}).items()}
                limited = _limit(status, headers, why, attempt)
                if limited is not None:
                    pause = limited
                elif status == 422:
                    raise Refused(f"GitHub refuses it: {why}") from None
                elif status < 500:
                    raise _denied(status, verb, url, why, self.place) from None
                elif not again:
                    raise Uncertain(f"GitHub answered {status}: {why}") from None
            except (RequestException, OSError) as error:
                why = f"no connection to {urlsplit(self.place.api).netloc} ({type(error).__name__})"
                if not again:
                    raise Uncertain(why) from None
            if attempt + 1 < TRIES:
                self.pause(pause, why)
        raise ReviewError(f"GitHub does not answer: {why}")

    def pause(self, seconds: float, why: str) -> None:
        """Waits. ReviewError when that is longer than a run waits in all."""
        if seconds > self._left:
            raise ReviewError(
                f"GitHub asks to wait {seconds:.0f} seconds, longer than siftlint does ({why}); run the job again"
            )
        self._left -= seconds
        self._wait(seconds)


def _limit(status: int, headers: Mapping[str, str], why: str, attempt: int) -> float | None:
    """The seconds to wait when an answer is a rate limit, else None."""
    if status not in (403, 429):
        return None
    after = headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    if headers.get("x-ratelimit-remaining") == "0":
        reset = headers.get("x-ratelimit-reset", "")
        return max(1.0, float(reset) - time.time() + 1) if reset.isdigit() else 60.0
    if status == 429 or "rate limit" in why.lower() or "abuse" in why.lower():
        return float(60 * 2**attempt)
    return None


def _said(data: Any, status: int) -> str:
    message = data.get("message") if isinstance(data, dict) else None
    return str(message)[:200] if message else f"status {status}"


def _denied(status: int, verb: str, url: str, why: str, place: Place) -> Denied:
    lost = (
        "it is gone" if verb in ("PATCH", "DELETE") else f"it shows this token no pull request {place.number} in {place.repo}"
    )
    what = {401: "the token is not valid", 404: lost}
    error = Denied(f"GitHub refuses {verb} {urlsplit(url).path}: {what.get(status, why)}")
    error.status = status  # type: ignore[attr-defined]
    return error
