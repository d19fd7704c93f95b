"""Who holds a claim, and whether that process is still alive.

An owner's name tells the machine, the process and its start, so that a process on the same
machine can see at once that another has died, and need not wait for the end of its lease.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import secrets
from pathlib import Path

__all__ = ["is_dead", "owner"]

_STATE, _START = 0, 19
"""Fields of /proc/PID/stat after the name in parentheses. Source: proc_pid_stat(5)."""


def owner() -> str:
    """Name a new owner of claims in this process: one for each run, and not carried over a fork."""
    pid = os.getpid()
    return f"{_machine()}:{pid}:{_started(pid)}:{secrets.token_hex(8)}"


def is_dead(name: str) -> bool:
    """Whether an owner's process is surely gone; False where that cannot be known from here."""
    machine, _, rest = name.partition(":")
    pid, _, rest = rest.partition(":")
    started = rest.partition(":")[0]
    # Windows' os.kill would end the process that it asks about.
    if machine != _machine() or not pid.isdigit() or os.name == "nt":
        return False
    if started:
        return _started(int(pid)) != started
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


@functools.cache
def _machine() -> str:
    """Hash what a process number means something in: the machine, its start, its namespace."""
    parts = [platform.node(), _read("/proc/sys/kernel/random/boot_id")]
    try:
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        parts.append("")
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _started(pid: int) -> str:
    """When a process started, as Linux counts; empty where it is gone, a zombie, or not Linux."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return "" if len(fields) <= _START or fields[_STATE] == "Z" else fields[_START]


def _read(path: str) -> str:
    try:
        return Path(path).read_text("ascii", "replace").strip()
    except OSError:
        return ""
