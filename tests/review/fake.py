"""A small GitHub on loopback that behaves as the real one does where a review could go wrong."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple

REPO, NUMBER = "team/rules", 7
BOT, PERSON = "github-actions[bot]", "mallory"


class Fault(NamedTuple):
    """An answer given instead, `times` times, to requests that match; `done`: after the request was carried out."""

    verb: str
    path: str
    status: int
    headers: Mapping[str, str] = MappingProxyType({})
    message: str = "fault"
    times: int = 1
    done: bool = False


class GitHub:
    """Its state. `hunks` are the lines of head's files that the diff shows: a comment elsewhere is refused (422)."""

    def __init__(self) -> None:
        self.head = ""
        self.hunks: Callable[[str], list[tuple[int, int]]] = lambda path: [(1, 10_000)]
        self.login = BOT
        self.rights = True
        self.graphql = True
        self.may_resolve = True
        self.comments: list[dict[str, Any]] = []  # on lines
        self.below: list[dict[str, Any]] = []
        self.resolved: dict[int, str] = {}  # first comment → who
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, Any]] = []
        self.page = 100
        self._id = 1000
        self.url = ""

    # what a test does

    def say(self, body: str, *, by: str = PERSON, path: str = "", line: int | None = None, reply: int | None = None) -> int:
        """A comment by somebody, on a line when `path` is given."""
        return self._new(self.comments if path else self.below, body, by, path=path, line=line, in_reply_to_id=reply)

    def mine(self) -> list[dict[str, Any]]:
        """The comments on lines by the review."""
        return [one for one in self.comments if one["user"]["login"] == self.login]

    def summaries(self) -> list[str]:
        """The texts by the review below the pull request."""
        return [one["body"] for one in self.below if one["user"]["login"] == self.login]

    def push(self, head: str) -> None:
        """A push: comments on lines that are in no hunk any more become outdated."""
        self.head = head
        for one in self.comments:
            if one["line"] is not None and not self._in_diff(one["path"], one["line"]):
                one["line"] = None
            elif one["line"] is not None:
                one["commit_id"] = head

    def count(self, verb: str, path: str = "") -> int:
        return sum(sent == verb and re.search(path, where) is not None for sent, where, _ in self.requests)

    # what it does

    def _new(self, among: list[dict[str, Any]], body: str, by: str, **more: Any) -> int:
        self._id += 1
        among.append({"id": self._id, "body": body, "user": {"login": by}, "commit_id": self.head, **more})
        return self._id

    def _in_diff(self, path: str, line: int) -> bool:
        return any(low <= line <= high for low, high in self.hunks(path))

    def _on_lines(self, comment: dict[str, Any]) -> bool:
        start, line = comment.get("start_line", comment["line"]), comment["line"]
        return any(low <= start <= line <= high for low, high in self.hunks(comment["path"]))

    def answer(self, verb: str, path: str, body: Any) -> tuple[int, Mapping[str, str], Any]:
        """(status, headers, document) of a request."""
        self.requests.append((verb, path, body))
        for at, fault in enumerate(self.faults):
            if fault.verb == verb and re.search(fault.path, path):
                self.faults[at : at + 1] = [fault._replace(times=fault.times - 1)] if fault.times > 1 else []
                if fault.done:
                    self._route(verb, path, body)
                return fault.status, fault.headers, {"message": fault.message}
        return self._route(verb, path, body)

    def _route(self, verb: str, path: str, body: Any) -> tuple[int, Mapping[str, str], Any]:
        if path == "/graphql":
            return self._graphql(body)
        if verb != "GET" and not self.rights:
            return 403, {}, {"message": "Resource not accessible by integration"}
        where, _, query = path.partition("?")
        pull, issue = f"/repos/{REPO}/pulls/{NUMBER}", f"/repos/{REPO}/issues/{NUMBER}"
        if (verb, where) == ("GET", pull):
            return 200, {}, {"number": NUMBER, "state": "open", "head": {"sha": self.head}}
        if (verb, where) in (("GET", f"{pull}/comments"), ("GET", f"{issue}/comments")):
            return self._list(self.comments if where.startswith(pull) else self.below, where, query)
        if (verb, where) == ("POST", f"{pull}/reviews"):
            if not all(map(self._on_lines, body["comments"])):
                return 422, {}, {"message": "Unprocessable Entity", "errors": ["Line could not be resolved"]}
            for one in body["comments"]:
                self._new(self.comments, one["body"], self.login, path=one["path"], line=one["line"], in_reply_to_id=None)
            return 200, {}, {"id": 1}
        if (verb, where) == ("POST", f"{pull}/comments"):
            if not self._on_lines(body):
                return 422, {}, {"message": "Validation Failed: line must be part of the diff"}
            self._new(self.comments, body["body"], self.login, path=body["path"], line=body["line"], in_reply_to_id=None)
            return 201, {}, {"id": self._id}
        if (verb, where) == ("POST", f"{issue}/comments"):
            return 201, {}, {"id": self._new(self.below, body["body"], self.login)}
        found = re.fullmatch(rf"/repos/{REPO}/(pulls|issues)/comments/(\d+)", where)
        among = self.comments if found and found[1] == "pulls" else self.below
        one = next((one for one in among if found and one["id"] == int(found[2])), None)
        if one is None:
            return 404, {}, {"message": "Not Found"}
        if one["user"]["login"] != self.login:
            return 403, {}, {"message": "Must have admin rights"}
        if verb == "PATCH":
            one["body"] = body["body"]
            return 200, {}, one
        among.remove(one)
        return 204, {}, None

    def _list(self, among: list[dict[str, Any]], where: str, query: str) -> tuple[int, Mapping[str, str], Any]:
        asked = dict(part.split("=") for part in query.split("&"))
        number, size = int(asked["page"]), min(int(asked["per_page"]), self.page)
        start = (number - 1) * size
        more = start + size < len(among)
        link = {"Link": f'<{self.url}{where}?per_page={size}&page={number + 1}>; rel="next"'} if more else {}
        return 200, link, among[start : start + size]

    def _graphql(self, body: Any) -> tuple[int, Mapping[str, str], Any]:
        if not self.graphql:
            return 200, {}, {"data": None, "errors": [{"message": "Resource not accessible by integration"}]}
        if "resolveReviewThread" in body["query"]:
            if not self.may_resolve:
                return 200, {}, {"data": None, "errors": [{"message": "Resource not accessible by integration"}]}
            self.resolved[int(body["variables"]["thread"].removeprefix("T"))] = self.login
            return 200, {}, {"data": {"resolveReviewThread": {"thread": {"isResolved": True}}}}
        firsts = [one for one in self.comments if not one["in_reply_to_id"]]
        start = int(body["variables"]["after"] or 0)
        some = firsts[start : start + self.page]
        nodes = [
            {
                "id": f"T{one['id']}",
                "isResolved": one["id"] in self.resolved,
                "resolvedBy": {"login": self.resolved[one["id"]].removesuffix("[bot]")} if one["id"] in self.resolved else None,
                "comments": {"nodes": [{"databaseId": one["id"]}]},
            }
            for one in some
        ]
        info = {"hasNextPage": start + self.page < len(firsts), "endCursor": str(start + self.page)}
        pull = {"reviewThreads": {"pageInfo": info, "nodes": nodes}}
        return 200, {}, {"data": {"viewer": {"login": self.login}, "repository": {"pullRequest": pull}}}


@contextmanager
def serving(hub: GitHub) -> Iterator[str]:
    """The address at which it answers, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, headers, document = hub.answer(self.command, self.path, body)
            if status == 0:  # the connection breaks
                self.close_connection = True
                return
            data = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
