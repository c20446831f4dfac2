"""A function over many files: in this process when they are few, over worker processes where that pays, with progress."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TextIO, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future
    from multiprocessing.context import BaseContext

A = TypeVar("A")
B = TypeVar("B")

FEW = 200  # below this many files, starting another process costs more than it saves
MAX_CHUNK = 256
AHEAD = 2  # chunks a process that are under way; results of more would wait in memory
PATIENCE = 2.0  # seconds before a progress line appears
_REDRAW = 0.1


class WorkerLost(RuntimeError):
    """A worker process died (killed, out of memory); the message is one line."""


def run(
    function: Callable[[A], B],
    items: Sequence[A],
    processes: int = 0,
    *,
    label: str = "",
    per_process: int = FEW,
    sample: int = 0,
) -> Iterator[B]:
    """The function's results in the order of the items, as they come.

    `processes`: 0 for as many as pay (one for each `per_process` items, at most one a core), 1 for none but this one. With
    more than one, `function` must be a module's own function and items and results picklable. `label` ("linting"): a
    progress line on stderr, if that is a terminal, after PATIENCE seconds. `sample`: so many items of many, spread over all,
    are worked on here before workers are forked: what these load, no worker has to load again. WorkerLost when a worker dies;
    what the function itself raises comes through.
    """
    count = wanted(len(items), processes, per_process)
    progress = Progress(label, len(items))
    try:
        if count <= 1:
            for item in items:
                yield function(item)
                progress.advance()
        else:
            yield from _spread(function, items, count, progress, sample)
    finally:
        progress.clear()


def wanted(items: int, processes: int = 0, per_process: int = FEW) -> int:
    """How many processes to use."""
    if processes == 1 or items <= 1:
        return 1
    return min(processes, items) if processes > 1 else max(1, min(cores(), items // max(1, per_process)))


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _spread(function: Callable[[A], B], items: Sequence[A], count: int, progress: Progress, sample: int = 0) -> Iterator[B]:
    from collections import deque
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    context = _context()
    known: dict[int, B] = {}
    if sample and context.get_start_method() == "fork" and len(items) >= 10 * sample:
        known = {at: function(items[at]) for at in range(0, len(items), len(items) // sample)}
        gc.freeze()  # what is here stays: no worker need look through it
    chunks = _chunks(len(items), count)
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin)

    def submitted() -> Iterator[tuple[range, Future[list[B]]]]:
        for places in chunks:
            yield places, pool.submit(_chunk, function, [items[at] for at in places if at not in known])

    try:
        ahead = submitted()
        waiting = deque(islice(ahead, count * AHEAD))
        while waiting:
            places, future = waiting.popleft()
            results = iter(future.result())
            waiting.extend(islice(ahead, 1))
            for at in places:
                yield known.pop(at) if at in known else next(results)
            progress.advance(len(places))
    except BrokenProcessPool:
        raise WorkerLost(
            "a worker process died (killed, or out of memory?); --jobs 1 works in one process and shows where"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _chunks(items: int, processes: int) -> Iterator[range]:
    """The places of the items: large chunks first, each of which costs a message, then smaller ones: all end together."""
    start = 0
    while start < items:
        stop = start + max(1, min(MAX_CHUNK, (items - start) // (processes * 4)))
        yield range(start, stop)
        start = stop


def _context() -> BaseContext:
    """Forking starts a worker in milliseconds, but is safe on Linux alone; elsewhere workers are started afresh."""
    import multiprocessing

    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _begin() -> None:
    """In a worker: Ctrl-C is for the parent, which then waits for the chunk at hand."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _chunk(function: Callable[[A], B], items: Sequence[A]) -> list[B]:
    return [function(item) for item in items]


class Progress:
    """A line `linting 1,234 of 3,141` on stderr, on a terminal alone, once PATIENCE seconds have passed."""

    def __init__(self, label: str, total: int, stream: TextIO | None = None) -> None:
        self.label = label
        self.total = total
        self.done = 0
        self.stream = sys.stderr if stream is None else stream
        self.shown = 0
        self._due = time.monotonic() + PATIENCE if label and _is_terminal(self.stream) else float("inf")

    def advance(self, by: int = 1) -> None:
        """Counts what is done, and says so now and then."""
        self.done += by
        if self._due == float("inf"):
            return
        now = time.monotonic()
        if now >= self._due:
            self._due = now + _REDRAW
            line = f"{self.label} {self.done:,} of {self.total:,}"
            self.stream.write("\r" + line.ljust(self.shown))
            self.stream.flush()
            self.shown = len(line)

    def clear(self) -> None:
        """Takes the line away again."""
        if self.shown:
            self.stream.write("\r" + " " * self.shown + "\r")
            self.stream.flush()
            self.shown = 0


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # no stderr at all, or a closed one
        return False
