"""Runs the command with a fault in it: python -m tests.faults.hook MODE NUMBER ARGUMENT…

count N   no fault; how often files are touched goes to the file `touched`
kill N    the process is ended (as by kill -9) before it touches files for the N-th time
cut N     the process is ended when a file that it writes grows past N bytes
full N    the disk is full: no file grows past N bytes
fail N    the N-th touch is refused, as on a file system mounted read-only
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path
from typing import Any

TOUCHING = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate", "sqlite3.connect")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def main(mode: str, number: int, arguments: list[str]) -> int:
    from linter.cli import main as command

    touched = 0

    def hook(event: str, given: tuple[Any, ...]) -> None:
        nonlocal touched
        if event == "open":
            path, _, flags = given
            if isinstance(path, int) or not isinstance(flags, int) or not flags & WRITING or str(path) == "/dev/null":
                return
        elif event not in TOUCHING:
            return
        touched += 1
        if touched == number and mode == "kill":
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        if touched == number and mode == "fail":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(given[0]))

    if mode in ("cut", "full"):
        import resource

        if mode == "cut":
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (number, resource.RLIM_INFINITY))
    sys.addaudithook(hook)
    status = command(arguments)
    if mode == "count":
        Path("touched").write_text(str(touched), encoding="utf-8")
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
