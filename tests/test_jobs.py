import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from linter import jobs


def double(number: int) -> int:
    return number * 2


def die(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return number


def fail(number: int) -> int:
    raise ValueError(f"item {number}")


def process(_: int) -> int:
    return os.getpid()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_results_keep_the_order_of_the_items() -> None:
    items = list(range(1000))
    expected = [double(item) for item in items]
    assert list(jobs.run(double, items, 1)) == expected
    assert list(jobs.run(double, items, 3)) == expected
    assert list(jobs.run(double, [], 3)) == []


def test_few_items_stay_in_this_process() -> None:
    assert set(jobs.run(process, range(20))) == {os.getpid()}
    assert os.getpid() not in set(jobs.run(process, range(20), 2))


def test_how_many_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "cores", lambda: 4)
    assert [jobs.wanted(n) for n in (0, 1, 199, 400, 10_000)] == [1, 1, 1, 2, 4]
    assert [jobs.wanted(n, 8) for n in (0, 1, 5, 10_000)] == [1, 1, 5, 8]
    assert jobs.wanted(10_000, 1) == 1
    assert jobs.wanted(100, per_process=10) == 4


def test_a_worker_that_dies_is_a_clear_error() -> None:
    with pytest.raises(jobs.WorkerLost, match="a worker process died"):
        list(jobs.run(die, range(100), 2))


def test_what_the_function_raises_comes_through() -> None:
    with pytest.raises(ValueError, match="item 0"):
        list(jobs.run(fail, range(100), 2))


def test_workers_can_be_started_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    import multiprocessing

    monkeypatch.setattr(jobs, "_context", lambda: multiprocessing.get_context("spawn"))
    assert list(jobs.run(double, range(50), 2)) == [double(item) for item in range(50)]


def test_leaving_early_stops_the_workers() -> None:
    results = jobs.run(double, range(10_000), 2)
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]


def test_progress_is_for_terminals_and_the_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    quick, pipe, slow = Terminal(), io.StringIO(), Terminal()
    for stream in (quick, pipe):
        progress = jobs.Progress("linting", 5000, stream)
        progress.advance(10)
        progress.clear()
        assert stream.getvalue() == ""
    monkeypatch.setattr(jobs, "PATIENCE", 0.0)
    progress = jobs.Progress("linting", 5000, slow)
    progress.advance(1234)
    progress.clear()
    assert slow.getvalue() == "\rlinting 1,234 of 5,000\r" + " " * 22 + "\r"
    unnamed = Terminal()
    jobs.Progress("", 5, unnamed).advance()
    assert unnamed.getvalue() == ""


def test_one_file_imports_no_multiprocessing() -> None:
    code = "import sys; from linter import jobs; list(jobs.run(len, ['x'])); sys.exit('multiprocessing' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def noted(place: str) -> int:
    with open(place, "ab") as file:  # noqa: PTH123
        file.write(b".")
    return 0


def test_workers_do_not_run_far_ahead_of_who_takes_the_results(tmp_path: Path) -> None:
    place = tmp_path / "done"
    results = jobs.run(noted, [str(place)] * 20_000, 2)
    next(results)
    before = -1
    while before != (before := place.stat().st_size):
        time.sleep(0.3)
    assert before <= (2 * jobs.AHEAD + 1) * jobs.MAX_CHUNK
    assert len(list(results)) == 19_999
    assert place.stat().st_size == 20_000


def test_a_sample_is_done_here_before_there_are_workers() -> None:
    expected = [double(item) for item in range(1003)]
    assert list(jobs.run(double, range(1003), 3, sample=7)) == expected
    found = list(jobs.run(process, range(1000), 2, sample=10))
    here = [at for at, one in enumerate(found) if one == os.getpid()]
    assert here == (list(range(0, 1000, 100)) if sys.platform == "linux" else [])
    assert os.getpid() not in jobs.run(process, range(90), 2, sample=10)  # few items: nothing to save
