"""A crew in each of several processes: the same run, over more cores.

Each worker is a fresh interpreter (as multiprocessing's "spawn" makes one, but it does not run the
caller's script again) with a `Crew` of its own. What limits a run is in one place: a worker asks
this process for each turn, so that the pace, a pause and a budget are shared exactly. A worker
that dies loses nothing: its articles are given to another, and whatever it had asked and not yet
told counts as spent. An article that two workers died of is read once more, by a worker that has
no other, and given up if that one dies too: of those that were in company, one is to blame.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections import deque
from typing import IO, TYPE_CHECKING, Any, Final

from communique import wire
from communique.crew import Left
from communique.errors import CommuniqueError, ConfigurationError, InternalError
from communique.outcomes import Outcome
from communique.pacing import Ending, again

if TYPE_CHECKING:
    from collections.abc import Callable

    from communique.crew import Job
    from communique.pacing import Pace, Turn, Waiting
    from communique.store import Store

__all__ = ["Pool"]

log = logging.getLogger("communique")

DEATHS: Final = 2
"""Workers that an article may take with it in the company of others, before it is read alone."""
STILLBORN: Final = 3
"""Workers in a row that may die before they have begun."""
AHEAD: Final = 2
"""How many times as many articles as it reads at once a worker is given."""
_LOST: Final = Ending("failed", None, None)


class Pool:
    """Several crews, as one; see `communique.crew.Crew`, whose methods it has."""

    def __init__(
        self,
        reader: Any,
        pace: Pace,
        *,
        processes: int,
        most: int,
        store: Store | None,
        ledger: Store | None,
        deliver: Callable[[Job, Outcome | None], None],
    ) -> None:
        self.reader = reader
        self.pace = pace
        self.most = most
        self.store = store
        self.ledger = ledger
        self.deliver = deliver
        self.way = ""
        self.priced = False
        self._each = max(1, math.ceil(most / processes))
        self._wanted = processes
        self._loop: asyncio.AbstractEventLoop | None = None
        self._workers: list[_Worker] = []
        self._waiting: deque[Job] = deque()
        self._deaths: dict[int, int] = {}
        self._stillborn = 0
        self._off = self._closing = False
        self._begun: asyncio.Future[None] | None = None
        self._ended = asyncio.Event()

    async def open(self) -> None:
        """Start the workers, and wait for the first of them; raises what its opening raises."""
        if self.reader.choice.local:
            what = "The embedded model uses every core by itself."
            raise ConfigurationError(what, "Leave processes= out.")
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.create_future()
        same_file = self.store is self.ledger
        opening = (self.reader, self.store, None if same_file else self.ledger, self._each)
        self._opening = pickle.dumps((*opening, self.ledger is not None))
        for _ in range(self._wanted):
            self._start()
        await self._begun

    # -- from any thread

    def submit(self, job: Job) -> None:
        """Take a job."""
        self._soon(self._take, job)

    def call_off(self) -> None:
        """Begin nothing more: what is being read is finished."""
        self._soon(self._drop)

    def stop(self, error: CommuniqueError) -> None:
        """End what is left with this error."""
        self._soon(self._stop, error)

    def _soon(self, function: Callable[..., None], *args: Any) -> None:
        if self._loop is None:  # pragma: no cover - opened first
            raise RuntimeError
        with contextlib.suppress(RuntimeError):  # the loop is gone, and everything with it
            self._loop.call_soon_threadsafe(function, *args)

    # -- on the loop

    def _take(self, job: Job) -> None:
        self._waiting.append(job)
        self._share()

    def _drop(self) -> None:
        self._off = True
        jobs, self._waiting = self._waiting, deque()
        for job in jobs:
            self.deliver(job, None)
        for worker in self._workers:
            worker.send(("off",))

    def _stop(self, error: CommuniqueError) -> None:
        self.pace.stop(error)
        for worker in self._workers:
            worker.send(("stopped", error))
        self._share()

    def _share(self) -> None:
        """Give what waits to the workers that have the least."""
        while self._waiting:
            stopped = self.pace.stopped
            if self._off or stopped is not None:
                job = self._waiting.popleft()
                outcome = None
                if stopped is not None and not self._off and not isinstance(stopped, Left):
                    outcome = Outcome.failed(job.article_id, again(stopped))
                self.deliver(job, outcome)
                continue
            worker = self._ready_for(self._waiting[0])
            if worker is None:
                return
            job = self._waiting.popleft()
            worker.jobs[job.place] = job
            worker.send(("job", job.place, job.article_id, job.article, job.key, job.seen))

    def _ready_for(self, job: Job) -> _Worker | None:
        """The worker with the least to do; for an article under suspicion, one with nothing."""
        most = 1 if self._suspected(job) else self._each * AHEAD
        ready = [
            w
            for w in self._workers
            if w.open and len(w.jobs) < most and not any(map(self._suspected, w.jobs.values()))
        ]
        return min(ready, key=lambda w: len(w.jobs), default=None)

    def _suspected(self, job: Job) -> bool:
        return self._deaths.get(job.place, 0) >= DEATHS

    def _start(self) -> None:
        worker = _Worker(self._heard, self._lost, self._soon)
        self._workers.append(worker)
        worker.send_raw(self._opening)

    def _heard(self, worker: _Worker, message: tuple[Any, ...]) -> None:
        """Act on what a worker tells."""
        kind, *values = message
        if kind == "enter":
            self._enter(worker, *values)
        elif kind == "leave":
            number, ending = values
            turn = worker.turns.pop(number, None)
            if turn is not None:
                self.pace.leave(turn, ending)
        elif kind == "withdraw":
            waiting = worker.queued.pop(values[0], None)
            if waiting is not None:
                self.pace.withdraw(waiting)
        elif kind == "done":
            job = worker.jobs.pop(values[0], None)
            if job is not None:
                self._deaths.pop(job.place, None)
                self.deliver(job, wire.unpacked(job.article_id, values[1]))
            self._share()
        elif kind == "stop":
            self._stop(values[0])
        else:
            self._opened(worker, kind, values)

    def _enter(self, worker: _Worker, number: int, load: Any) -> None:
        def grant(turn: Turn | CommuniqueError) -> None:
            worker.queued.pop(number, None)
            if isinstance(turn, CommuniqueError):
                worker.send(("refused", number, turn))
            elif worker.gone:
                self.pace.leave(turn, Ending("unsent"))
            else:
                worker.turns[number] = turn
                turn.number = number
                worker.send(("turn", number, turn, self.pace.progress()))

        waiting = self.pace.queue(load, grant)
        if number not in worker.turns and not worker.gone:
            worker.queued[number] = waiting

    def _opened(self, worker: _Worker, kind: str, values: list[Any]) -> None:
        begun = self._begun
        if kind == "open":
            worker.open = True
            self._stillborn = 0
            self.way, self.priced, endpoint = values
            self.reader.announce(*endpoint)
            if begun is not None and not begun.done():
                begun.set_result(None)
            self._share()
        elif begun is not None and not begun.done():
            begun.set_exception(values[0])

    def _lost(self, worker: _Worker) -> None:
        """Bury a worker, and have another do its work."""
        worker.gone = True
        self._workers.remove(worker)
        for waiting in worker.queued.values():
            self.pace.withdraw(waiting)
        for turn in worker.turns.values():
            self.pace.leave(turn, _LOST)
        for job in reversed(worker.jobs.values()):
            self._redo(job, worker)
        self._stillborn += not worker.open
        if not self._closing:
            if self._stillborn < STILLBORN:
                self._start()
            elif not self._workers:
                self._give_up(worker)
            self._share()
        if not self._workers:
            self._ended.set()

    def _redo(self, job: Job, worker: _Worker) -> None:
        if self._off or self._closing:
            self.deliver(job, None)
            return
        deaths = self._deaths[job.place] = self._deaths.get(job.place, 0) + 1
        if deaths <= DEATHS:
            self._waiting.appendleft(job)
            return
        del self._deaths[job.place]
        failure = InternalError(
            f"{deaths} processes that were reading {job.article_id!r} ended (code {worker.code}).",
            "Read it by itself, or without processes=, to see what it does to them.",
        )
        self.deliver(job, Outcome.failed(job.article_id, failure))

    def _give_up(self, worker: _Worker) -> None:
        error = InternalError(
            f"No process could be started: the last ended with code {worker.code}.",
            "Look at what it wrote to standard error, or leave processes= out.",
        )
        if self._begun is not None and not self._begun.done():
            self._begun.set_exception(error)
        self.pace.stop(error)

    # -- the end

    async def aclose(self, *, finish: bool = True) -> None:
        """End the workers: with `finish`, each waits for its requests under way."""
        self._closing = True
        self._drop()
        self.pace.stop(Left("The run was left."))
        workers = [*self._workers]
        for worker in workers:
            worker.send(("bye", finish))
        try:
            if workers:
                await self._ended.wait()
        finally:
            for worker in workers:
                worker.kill()
            await asyncio.gather(*(asyncio.to_thread(worker.wait) for worker in workers))


class _Worker:
    """One process: its pipes, each with a thread, and what it is busy with."""

    def __init__(
        self,
        heard: Callable[[_Worker, tuple[Any, ...]], None],
        lost: Callable[[_Worker], None],
        soon: Callable[..., None],
    ) -> None:
        self.open = self.gone = False
        self.jobs: dict[int, Job] = {}
        self.turns: dict[int, Turn] = {}
        self.queued: dict[int, Waiting] = {}
        self._tell: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._process = _spawn()
        self._threads = [
            threading.Thread(target=self._write, args=(self._process.stdin,), daemon=True),
            threading.Thread(
                target=self._read, args=(self._process.stdout, heard, lost, soon), daemon=True
            ),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def code(self) -> int | None:
        """The code that it ended with."""
        return self._process.poll()

    def send(self, message: tuple[Any, ...]) -> None:
        """Tell it something."""
        self.send_raw(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def send_raw(self, message: bytes) -> None:
        """Tell it something that is pickled already."""
        self._tell.put(message)

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        if self._process.poll() is None:
            self._process.kill()
        self._tell.put(None)

    def wait(self) -> None:
        """Wait for its end, and for the threads."""
        self._process.wait()
        for thread in self._threads:
            thread.join()

    def _write(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), pipe:
            while (message := self._tell.get()) is not None:
                wire.write(pipe, message)

    def _read(
        self,
        pipe: IO[bytes],
        heard: Callable[[_Worker, tuple[Any, ...]], None],
        lost: Callable[[_Worker], None],
        soon: Callable[..., None],
    ) -> None:
        with contextlib.suppress(OSError, ValueError, EOFError), pipe:
            while True:
                soon(heard, self, wire.read(pipe))
        self._process.wait()
        self._tell.put(None)
        soon(lost, self)


def _spawn() -> subprocess.Popen[bytes]:
    """Start an interpreter with this one's path, out of reach of the terminal's Ctrl-C."""
    if not sys.executable:
        what = "This program has no Python interpreter to start processes with."
        raise ConfigurationError(what, "Leave processes= out.")
    code = f"import sys; sys.path[:] = {sys.path!r}; from communique._worker import main; main()"
    apart: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
    return subprocess.Popen(  # noqa: S603 - this interpreter, and no word of a user's
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        **apart,
    )
