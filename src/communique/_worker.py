"""A process that reads articles for another one; see `communique._processes`."""

from __future__ import annotations

import asyncio
import os
import pickle
import queue
import sys
import threading
from typing import IO, TYPE_CHECKING, Any

from communique import wire
from communique.crew import Crew, Job
from communique.errors import CommuniqueError

if TYPE_CHECKING:
    from communique.outcomes import Outcome
    from communique.pacing import Ending, Load, Turn


class Told:
    """What is told to the other process, by a thread that may have to wait for it."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def __call__(self, *message: Any) -> None:
        """Tell a message."""
        self._messages.put(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def close(self) -> None:
        """Tell what is left, and no more."""
        self._messages.put(None)
        self._thread.join()

    def _write(self) -> None:
        try:
            while (message := self._messages.get()) is not None:
                wire.write(self._pipe, message)
        except OSError:
            os._exit(1)  # nobody is left for whom to work


class RemotePace:
    """Stands for the pace of the other process."""

    shared = True

    def __init__(self, tell: Told) -> None:
        self._tell = tell
        self._number = 0
        self._progress = False
        self._waiting: dict[int, asyncio.Future[Turn]] = {}
        self._turns: set[int] = set()
        self.stopped: CommuniqueError | None = None

    @property
    def busy(self) -> bool:
        """Whether requests are under way."""
        return bool(self._turns)

    async def enter(self, load: Load) -> Turn:
        """Ask for a turn, and wait for it."""
        self._number += 1
        number = self._number
        future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self._tell("enter", number, load)
        try:
            return await future
        except asyncio.CancelledError:
            if self._waiting.pop(number, None) is not None:
                self._tell("withdraw", number)
            raise

    def leave(self, turn: Turn, ending: Ending) -> None:
        """Tell how the request ended."""
        self._turns.discard(turn.number)
        self._tell("leave", turn.number, ending)

    def progress(self) -> bool:
        """Whether the endpoint answered somebody, when the last turn was given."""
        return self._progress

    def stop(self, error: CommuniqueError) -> None:
        """Let nobody in any more, in any process."""
        if self.stopped is None:
            self.stopped = error
            self._tell("stop", error)

    def granted(self, number: int, turn: Turn, progress: bool) -> None:  # noqa: FBT001 - a message
        """Take a turn that came."""
        from communique.pacing import UNSENT

        self._progress = progress
        future = self._waiting.pop(number, None)
        if future is None or future.done():
            self._tell("leave", number, UNSENT)
            return
        self._turns.add(number)
        future.set_result(turn)

    def refused(self, number: int, error: CommuniqueError) -> None:
        """Take a refusal, which holds for all that follow."""
        self.stopped = self.stopped or error
        future = self._waiting.pop(number, None)
        if future is not None and not future.done():
            future.set_exception(error)


class Worker:
    """Reads what it is given, on this process's event loop."""

    def __init__(self, tell: Told, opening: tuple[Any, ...]) -> None:
        reader, store, ledger, most, durable = opening
        self.tell = tell
        self.pace = RemotePace(tell)
        self.crew = Crew(
            reader,
            self.pace,
            most=most,
            store=store,
            ledger=(ledger or store) if durable else None,
            deliver=self._deliver,
        )
        self.over = asyncio.Event()
        self._finish = True

    async def work(self) -> None:
        """Work until it is told to end, or nobody is left to tell it."""
        try:
            await self.crew.open()
        except CommuniqueError as error:
            self.tell("failed", error)
            return
        self.tell("open", self.crew.way, self.crew.priced, self.crew.endpoint)
        await self.over.wait()
        await self.crew.aclose(finish=self._finish)

    def heard(self, message: tuple[Any, ...]) -> None:
        """Act on what the other process tells."""
        kind, *values = message
        if kind == "job":
            self.crew.take(Job(*values))
        elif kind == "turn":
            self.pace.granted(*values)
        elif kind == "refused":
            self.pace.refused(*values)
        elif kind == "stopped":
            self.pace.stopped = self.pace.stopped or values[0]
            self.crew.begin()
        elif kind == "off":
            self.crew.drop()
        else:
            self._finish = bool(values[0])
            self.over.set()

    def _deliver(self, job: Job, outcome: Outcome | None) -> None:
        self.tell("done", job.place, wire.packed(outcome))


async def _work(source: IO[bytes], tell: Told, opening: tuple[Any, ...]) -> None:
    worker = Worker(tell, opening)
    loop = asyncio.get_running_loop()

    def listen() -> None:
        try:
            while True:
                loop.call_soon_threadsafe(worker.heard, wire.read(source))
        except (EOFError, OSError):
            os._exit(1)  # the other process is gone
        except RuntimeError:
            return  # the loop is closed

    threading.Thread(target=listen, daemon=True).start()
    await worker.work()


def main() -> None:
    """Work for the process at the other end of standard input and output."""
    # What anybody prints here goes to standard error: standard output belongs to the messages.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    tell = Told(sink)
    source = sys.stdin.buffer
    asyncio.run(_work(source, tell, wire.read(source)))
    tell.close()
    sink.close()
    os._exit(0)  # not waiting for the thread that listens
