"""Runs the command on hostile files, each in a process of its own that has everything imported, and measures it.

python -m tests.hostile.each [SUBSTRING…]     prints what is slow or fails
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from tests.hostile.cases import Case, cases
from tests.rules import sigma

SECONDS, MEBIBYTES = 2.0, 300
GIVE_UP = 20  # seconds after which a process is ended
GOOD = sigma(42, technique="t9999")  # of which something is to be said, whatever stands beside it


def slowness() -> float:
    """How much slower than on an idle machine Python runs here and now: bounds are of an idle one."""
    start = time.process_time()
    sum(number % 7 for number in range(1_000_000))
    return min(4.0, max(1.0, (time.process_time() - start) / 0.05))


class Outcome(NamedTuple):
    """How a case went: processor seconds of `lint` alone and of `parse` and `suggest`, peak memory, and what is wrong."""

    name: str
    seconds: float
    others: float
    mebibytes: float
    finding: str
    wrong: str


def write(case: Case, folder: Path) -> None:
    """The case's files, and a good rule beside them."""
    for name, text in {case.file: case.make(), **case.beside, "good.yml": GOOD}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            with path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
                file.write(text)


def command(*args: str) -> tuple[int, str, str]:
    """One run of the command in this process."""
    from linter.cli import main

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(args)
    return status, out.getvalue(), err.getvalue()


def judge(case: Case, others: Sequence[str] = ("parse", "suggest")) -> dict[str, object]:
    """Lints the current folder, runs other commands on the case's file; says what it took and what is wrong."""
    start = time.process_time()
    status, out, err = command("lint", "--format", "json", "--no-cache", "--jobs", "1")
    seconds = time.process_time() - start
    wrong = "" if status in (0, 1) else f"lint ended with {status}: {err[:300]}"
    findings = json.loads(out)["findings"] if not wrong else []
    if not wrong and not any(one["path"] == "good.yml" for one in findings):
        wrong = "the good rule was not linted"
    about = [one for one in findings if one["path"] != "good.yml"]
    if any(one["start"]["line"] < 1 or one["start"]["column"] < 1 for one in about):
        wrong = wrong or "a finding without a place"
    start = time.process_time()
    for other in others:
        status, out, err = command(other, case.file, "--format", "json")
        if status not in (0, 1):
            wrong = wrong or f"{other} ended with {status}: {err[:300]}"
        elif "Traceback" in err or "internal" in err:
            wrong = wrong or f"{other}: {err[:300]}"
        else:
            json.loads(out)
    more = time.process_time() - start
    first = f"{about[0]['check']} {about[0]['message'][:90]}" if about else ""
    return {"seconds": seconds, "others": more, "finding": first, "wrong": wrong}


def run(name: str, case: Case, others: Sequence[str] = ("parse", "suggest")) -> Outcome:
    """A case in a forked process, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        write(case, Path(folder))
        sys.stdout.flush()
        read, written = os.pipe()
        child = os.fork()
        if not child:
            try:
                os.close(read)
                os.chdir(folder)
                resource.setrlimit(resource.RLIMIT_CPU, (GIVE_UP, GIVE_UP))
                resource.setrlimit(resource.RLIMIT_AS, (2_000_000_000, 2_000_000_000))
                text = json.dumps(judge(case, others))
            except BaseException as error:
                text = json.dumps({"wrong": f"{type(error).__name__}: {str(error)[:300]}"})
            os.write(written, text.encode()[:60_000])
            os._exit(0)
        os.close(written)
        with os.fdopen(read, "rb") as pipe:
            said = pipe.read()
        _, _, used = os.wait4(child, 0)
    peak = used.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    data = json.loads(said) if said else {"wrong": "the process was ended"}
    wrong = data["wrong"]
    if not wrong:
        slack = slowness() if data["seconds"] > SECONDS or data["others"] > 2 * SECONDS else 1.0
        if data["seconds"] > SECONDS * slack or data["others"] > (2 * SECONDS + 0.01 * case.rules) * slack:
            wrong = "too slow"
    if not wrong and peak > MEBIBYTES:
        wrong = "too much memory"
    return Outcome(name, data.get("seconds", GIVE_UP), data.get("others", 0.0), peak, data.get("finding", ""), wrong)


def prepare() -> None:
    """Imports and reads what every run needs, so that forked processes need not."""
    with tempfile.TemporaryDirectory() as folder:
        before = Path.cwd()
        os.chdir(folder)
        try:
            from tests.rules import EVERY

            for name, text in EVERY.items():
                Path(name).write_text(text, encoding="utf-8")
            command("lint", "--format", "json", "--no-cache", "--jobs", "1")
            command("suggest", *EVERY, "--format", "json")
            command("parse", *EVERY)
        finally:
            os.chdir(before)


def main(wanted: Sequence[str]) -> int:
    """Runs the cases whose name holds one of these texts (all without any)."""
    prepare()
    bad = count = 0
    lint = others = 0.0
    slowest = 0.0
    for name, case in cases().items():
        if wanted and not any(text in name for text in wanted):
            continue
        count += 1
        done = run(name, case)
        slowest = max(slowest, done.seconds)
        lint += done.seconds
        others += done.others
        bad += bool(done.wrong)
        if done.wrong or wanted or done.seconds > SECONDS / 2 or done.mebibytes > MEBIBYTES / 2:
            print(
                f"{done.seconds:6.2f} s +{done.others:5.2f} s {done.mebibytes:5.0f} MiB  {name:45} "
                f"{done.wrong or 'ok'} | {done.finding}",
                flush=True,
            )
    print(f"{count} hostile inputs, {bad} wrong, slowest {slowest:.2f} s; lint {lint:.0f} s, parse and suggest {others:.0f} s")
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
