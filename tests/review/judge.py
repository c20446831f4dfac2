"""A judge of requests: a mock server of GitHub's own OpenAPI description, on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.npm import installed

ROUTES = ("/repos/{owner}/{repo}/pulls", "/repos/{owner}/{repo}/issues")


def description(folder: Path) -> dict[str, Any]:
    """GitHub's OpenAPI description without the routes that have nothing to do with pull requests."""
    whole = json.loads((folder / "@octokit" / "openapi" / "generated" / "api.github.com.json").read_text(encoding="utf-8"))
    whole["paths"] = {path: one for path, one in whole["paths"].items() if path.startswith(ROUTES)}
    wanted: dict[str, Any] = {}
    todo = [whole["paths"]]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            ref = node.get("$ref")
            if isinstance(ref, str) and ref.startswith("#/components/"):
                _, _, kind, name = ref.split("/")
                if name not in wanted.setdefault(kind, {}):
                    wanted[kind][name] = whole["components"][kind][name]
                    todo.append(wanted[kind][name])
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)
    whole["components"] = wanted
    for key in ("x-webhooks", "webhooks"):
        whole.pop(key, None)
    return whole


class Judge:
    """Sends a request on to the mock and keeps what it finds wrong."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.wrong: list[str] = []

    def __call__(self, verb: str, path: str, body: Any) -> None:
        if path == "/graphql":  # see test_openapi.test_graphql_is_valid
            return
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=verb)
        self.asked.append(f"{verb} {path}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            said = json.loads(error.read())
            found = said.get("validation", [said])
            if not all(one.get("location", [""])[0] == "response" for one in found):  # some of its own examples are faulty
                self.wrong.append(f"{verb} {path}: {error.code} {found}"[:500])


@contextmanager
def sitting(temp: Path) -> Iterator[Judge]:
    """The judge, for as long as the block lasts; its files go to `temp`."""
    folder = installed()
    spec = temp / "github.json"
    spec.write_text(json.dumps(description(folder)), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    prism = folder / "@stoplight" / "prism-cli" / "dist" / "index.js"
    command = ["node", str(prism), "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), str(spec)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            made = Judge(f"http://127.0.0.1:{port}")
            for _ in range(240):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.5)
            yield made
        finally:
            server.terminate()
