"""One changed rule under the real pre-commit: how long siftlint's hook takes beside `sigma check` as a hook.

    python bench/hook.py TREE [--peers VENV] [--rounds 9]

Copies TREE into a new repository whose hooks are siftlint, installed by pre-commit from this checkout's last commit, and `sigma
check` from VENV (as for `speed.py`). Prints how long the first run took, which installs the hook, then medians of the durations
that pre-commit itself prints: each round changes one rule and runs both hooks on it, then runs them again.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from speed import HERE, peers

ROOT = HERE.parent
CONFIG = """\
repos:
  - repo: {root}
    rev: {rev}
    hooks: [{{id: siftlint, args: [--fail-on, never]}}]
  - repo: local
    hooks:
      - {{id: sigma, name: sigma check, entry: {sigma} check -x attacktag -x d3_fendtag, language: system, files: '[.]yml$',
         exclude: '^[.]', verbose: true, require_serial: true}}
"""
_DURATION = re.compile(r"- hook id: (\w+)\n(?:- .*\n)*?- duration: ([\d.]+)s")


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--peers", type=Path, default=HERE / ".peers")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    sigma = (peers(arguments.peers) / "sigma").absolute()
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as temporary:
        repository = Path(temporary, "rules")
        shutil.copytree(arguments.tree, repository)
        config = CONFIG.format(root=ROOT, rev=git(ROOT, "rev-parse", "HEAD"), sigma=sigma)
        (repository / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
        git(repository, "init", "-q")
        git(repository, "add", "-A")
        git(repository, "commit", "-q", "-m", "rules")
        rules = sorted(repository.rglob("*.yml"))
        one = rules[len(rules) // 2]
        env = {**os.environ, "PRE_COMMIT_HOME": f"{temporary}/home", "SIFTLINT_CACHE_DIR": f"{temporary}/cache"}
        command = ["pre-commit", "run", "--verbose", "--files", str(one)]
        started = time.perf_counter()
        first = subprocess.run(command, cwd=repository, env=env, capture_output=True, text=True)
        if not _DURATION.search(first.stdout):
            raise SystemExit(f"pre-commit failed:\n{first.stdout}{first.stderr}")
        print(f"first run, which clones and installs: {time.perf_counter() - started:.1f} s")
        took: dict[str, list[float]] = {"siftlint": [], "sigma": []}
        again: list[float] = []
        for at in range(arguments.rounds):
            with one.open("a", encoding="utf-8") as file:
                file.write(f"# change {at}\n")
            for into in (took["siftlint"], again):
                ran = subprocess.run(command, cwd=repository, env=env, capture_output=True, text=True)
                durations = dict(_DURATION.findall(ran.stdout))
                into.append(float(durations["siftlint"]))
                took["sigma"].append(float(durations["sigma"]))
        base = statistics.median(took["sigma"])
        for name, values in (
            ("siftlint, changed rule", took["siftlint"]),
            ("siftlint, same again", again),
            ("sigma check", took["sigma"]),
        ):
            middle = statistics.median(values)
            print(f"{name:24} {middle:5.2f} s   {base / middle:4.1f} ×")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
