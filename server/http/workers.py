"""Several processes at one work, forked from a parent that does nothing but watch them.

The application is made once, before the fork, so that its memory is shared.  Rule: no worker outlives its parent, even
a killed one; a worker that is killed is replaced, and where one gives up by itself the whole ends.
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

AGAIN = 0.5  # seconds before a killed worker is replaced
GRACE = 15  # seconds until a worker that does not end is killed
HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)

log = logging.getLogger("desmigratif")
Work = Callable[[int, int], None]


class GaveUp(Exception):
    """A worker ended by itself: the lines above say why."""


def supervise(work: Work, count: int) -> int:
    """Keep `count` children at `work(number, parent)`; answers the signal that ended it.  Raises GaveUp.

    `parent` is a file descriptor that can be read, as ended, when the parent is gone."""
    gc.freeze()  # what is there already is not touched by the children's collector, and stays shared
    reading, writing = os.pipe()
    children: dict[int, int] = {}  # their numbers by process
    stopped: list[int] = []

    def stop(signum: int, frame: FrameType | None) -> None:
        stopped.append(signum)
        signal.alarm(GRACE)
        send(signum)

    def send(signum: int) -> None:
        for pid in list(children):
            with suppress(ProcessLookupError):
                os.kill(pid, signum)

    def start(number: int) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)  # a signal between fork and entry would miss the child
        if not stopped:
            if (pid := os.fork()) == 0:
                os.close(writing)
                _child(work, number, reading)
            children[pid] = number
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)

    gave_up = False
    with _handling(stop, lambda signum, frame: send(signal.SIGKILL)):
        for number in range(count):
            start(number)
        while children:
            pid, status = os.wait()
            number = children.pop(pid)
            if stopped:
                continue
            if os.WIFSIGNALED(status):
                log.error("Worker %d was killed by signal %d: another takes its place.", number, os.WTERMSIG(status))
                time.sleep(AGAIN)
                start(number)
            else:
                gave_up = True
                stop(signal.SIGTERM, None)
        signal.alarm(0)
    os.close(reading)
    os.close(writing)
    if gave_up:
        raise GaveUp("A worker ended by itself: the lines above say why.")
    return stopped[0]


@contextmanager
def _handling(
    stop: Callable[[int, FrameType | None], None], kill: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    handlers = dict(zip(HEARD, (stop, stop, kill), strict=True))
    before = {signum: signal.signal(signum, handler) for signum, handler in handlers.items()}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def _child(work: Work, number: int, parent: int) -> NoReturn:
    status = 1
    try:
        os.setpgid(0, 0)  # Ctrl-C of a terminal goes to the parent alone, which says it to all
        for signum in HEARD:
            signal.signal(signum, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
        work(number, parent)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        logging.shutdown()
        os._exit(status)
