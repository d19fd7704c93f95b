"""The background loop: one core for scripts, notebooks and coroutines."""

from __future__ import annotations

import _thread
import asyncio
import os
import signal
import threading
import time

import pytest

from communique._loop import arun, run


async def _double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def _fail() -> None:
    message = "no"
    raise ValueError(message)


def test_run_gives_the_result() -> None:
    """A script would get no value if this failed."""
    assert run(_double(21)) == 42


def test_run_raises_what_the_coroutine_raises() -> None:
    """Errors would vanish on the other thread if this failed."""
    with pytest.raises(ValueError, match="no"):
        run(_fail())


def test_run_inside_a_running_loop() -> None:
    """A notebook, whose thread runs a loop, could not call the library if this failed."""

    async def cell() -> int:
        return run(_double(4))

    assert asyncio.run(cell()) == 8


def test_arun_from_another_loop() -> None:
    """An asynchronous user could not await the library if this failed."""

    async def user() -> list[int]:
        return await asyncio.gather(*(arun(_double(n)) for n in range(3)))

    assert asyncio.run(user()) == [0, 2, 4]


def test_one_loop_for_every_caller() -> None:
    """Connections could not be shared between calls if each call had a loop of its own."""

    async def which() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    found: list[asyncio.AbstractEventLoop] = []
    threads = [threading.Thread(target=lambda: found.append(run(which()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(map(id, found))) == 1


def test_run_on_the_loop_itself_is_refused() -> None:
    """A call from within the loop would hang for ever if this failed."""

    async def nested() -> int:
        return run(_double(1))

    with pytest.raises(RuntimeError, match="background loop"):
        run(nested())


def test_cancelling_the_caller_cancels_the_work() -> None:
    """A cancelled asynchronous call would go on spending tokens if this failed."""
    cancelled = threading.Event()
    started = threading.Event()

    async def work() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    async def user() -> None:
        task = asyncio.create_task(arun(work()))
        await asyncio.to_thread(started.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(user())
    assert cancelled.wait(10)


def test_an_interrupt_cancels_the_work() -> None:
    """Ctrl-C would leave the work running behind the prompt if this failed."""
    # A shell ignores the signal in what it starts in the background, and Python inherits that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    cancelled = threading.Event()

    async def work() -> None:
        asyncio.get_running_loop().call_later(0.05, _thread.interrupt_main)
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    try:
        with pytest.raises(KeyboardInterrupt):
            run(work())
    finally:
        signal.signal(signal.SIGINT, before)
    assert cancelled.wait(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_loop_of_its_own() -> None:
    """A worker forked after the first call would hang if this failed."""
    assert run(_double(1)) == 2
    child = os.fork()
    if child == 0:
        os._exit(0 if run(_double(3)) == 6 else 1)
    deadline = time.monotonic() + 30
    done, status = os.waitpid(child, os.WNOHANG)
    while not done and time.monotonic() < deadline:
        time.sleep(0.02)
        done, status = os.waitpid(child, os.WNOHANG)
    if not done:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert done == child
    assert os.waitstatus_to_exitcode(status) == 0
