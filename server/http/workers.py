"""Several processes that do the same work, forked from a parent that does nothing but watch them.

The application is made once, before the fork, so that its memory is shared.
Rule: no worker outlives its parent, even if that is killed; a worker that is killed is replaced; if a worker ends by
itself, all of them end.
Test: tests/test_workers.py.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

RESTART_SECONDS = 0.5  # before a killed worker is replaced
GRACE_SECONDS = 15  # until a worker that does not end is killed
HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)

log = logging.getLogger("desmigratif")
Work = Callable[[int, int], None]


class WorkerFailed(Exception):
    """A worker ended by itself, and wrote why to standard error."""


def supervise(work: Work, count: int) -> int:
    """Keep `count` children at `work(number, parent)`.  Returns the signal that ended them; raises WorkerFailed.

    `parent` is the reading end of a pipe: it comes to its end when the parent process is gone."""
    gc.freeze()  # the children's collector does not touch the objects of now, so their memory stays shared
    reading_end, writing_end = os.pipe()
    children: dict[int, int] = {}  # number of each worker by its process id
    stop_signals: list[int] = []

    def stop(signum: int, frame: FrameType | None) -> None:
        stop_signals.append(signum)
        signal.alarm(GRACE_SECONDS)
        send(signum)

    def kill(signum: int, frame: FrameType | None) -> None:
        send(signal.SIGKILL)

    def send(signum: int) -> None:
        for pid in list(children):
            with suppress(ProcessLookupError):
                os.kill(pid, signum)

    def start(number: int) -> None:
        # A signal between the fork and the entry in `children` would miss the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        if not stop_signals:
            pid = os.fork()
            if pid == 0:
                os.close(writing_end)
                _run_child(work, number, reading_end)
            children[pid] = number
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)

    has_failed = False
    with _handling(stop, kill):
        for number in range(count):
            start(number)
        while children:
            pid, status = os.wait()
            number = children.pop(pid)
            if stop_signals:
                continue
            if os.WIFSIGNALED(status):
                log.error("Worker %d was killed by signal %d: another takes its place.", number, os.WTERMSIG(status))
                time.sleep(RESTART_SECONDS)
                start(number)
            else:
                has_failed = True
                stop(signal.SIGTERM, None)
        signal.alarm(0)
    os.close(reading_end)
    os.close(writing_end)
    if has_failed:
        raise WorkerFailed("A worker ended by itself: the lines above say why.")
    return stop_signals[0]


Handler = Callable[[int, FrameType | None], None]


@contextmanager
def _handling(stop: Handler, kill: Handler) -> Iterator[None]:
    handlers = dict(zip(HANDLED, (stop, stop, kill), strict=True))
    earlier = {signum: signal.signal(signum, handler) for signum, handler in handlers.items()}
    try:
        yield
    finally:
        for signum, handler in earlier.items():
            signal.signal(signum, handler)


def _run_child(work: Work, number: int, parent: int) -> NoReturn:
    status = 1
    try:
        os.setpgid(0, 0)  # Ctrl-C in a terminal reaches the parent alone, which passes it on
        for signum in HANDLED:
            signal.signal(signum, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        work(number, parent)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        logging.shutdown()
        os._exit(status)
