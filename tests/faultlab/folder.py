"""A folder as analysts have them: good articles among everything that is none."""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from faultlab import articles

READS = ""
"""In place of the words of a failure: this one is an article, and is read."""

ODD_NAMES = (
    "two\nlines.txt",
    "-rf.txt",
    "ノルウェー外相.txt",
    "🤝 visit.txt",
    "tab\there.txt",
    "quote'\".txt",
    " lead and trail .txt ",
    "%s{0}{{x}}.txt",
    "\u202etxt.exe",
    "n" * 251 + ".txt",
)
_BINARY = bytes(range(256)) * 64
_ACCENTED = "La ministre Hélène Coulé a reçu son homologue à Évian.\n"


@dataclass(frozen=True)
class Found:
    """One entry of the folder: `number` of the readout in it, or what its failure must say."""

    path: Path
    fails: str
    number: int = -1


def build(folder: Path) -> list[Found]:
    """Fill an empty folder; what the system does not know (pipes, odd names) is left out."""
    makers: dict[str, tuple[Callable[[Path], object], str]] = {
        "empty.txt": (lambda p: p.write_bytes(b""), "empty"),
        "blank.txt": (lambda p: p.write_bytes(b" \n\t\n"), "empty|no words"),
        "binary.bin": (lambda p: p.write_bytes(_BINARY), "UTF-8"),
        "binary in ASCII.txt": (lambda p: p.write_bytes(b"a\x00\x01\x02" * 999), "binary|control"),
        "20 MB.txt": (lambda p: p.write_bytes(b"They met again.\n" * (20 << 16)), "longer than"),
        "utf-16.txt": (lambda p: p.write_bytes(articles.text(1).encode("utf-16")), "UTF-8"),
        "latin-1.txt": (lambda p: p.write_bytes(_ACCENTED.encode("latin-1")), "UTF-8"),
        "a folder": (lambda p: p.mkdir(), "is a directory"),
        "loop to a folder": (lambda p: p.symlink_to(folder, target_is_directory=True), "directory"),
        "loop to itself": (lambda p: p.symlink_to(p.name), "cannot be read|no file"),
        "broken link.txt": (lambda p: p.symlink_to(folder / "nothing"), "no file"),
        "pipe.txt": (lambda p: os.mkfifo(p), "is a pipe"),  # noqa: PLW0108 - not every system has it
        "socket.txt": (_socket, "is a pipe, a socket"),
    }
    found = []
    for name, (make, words) in makers.items():
        with contextlib.suppress(OSError, AttributeError, NotImplementedError):
            make(folder / name)
            found.append(Found(folder / name, words))
    found += [Found(path, READS, number) for number, path in _good(folder)]
    found.append(_forbidden(folder / "forbidden.txt"))
    return found


def matches(found: Found, words: str) -> bool:
    """Whether a failure says what it must."""
    return re.search(found.fails, words) is not None


def _good(folder: Path) -> Iterator[tuple[int, Path]]:
    """Write good articles under plain names, under odd ones, and a level down."""
    (folder / "a folder").mkdir(exist_ok=True)
    paths = [folder / f"{number}.txt" for number in range(5)]
    paths += [folder / name for name in ODD_NAMES] + [folder / "a folder" / "below.txt"]
    with contextlib.suppress(OSError, UnicodeError):
        paths.append(folder / os.fsdecode(b"byte \xff\xfe.txt"))
    for number, path in enumerate(paths):
        with contextlib.suppress(OSError, ValueError, UnicodeError):
            path.write_text(articles.text(number), encoding="utf-8")
            yield number, path


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


def _forbidden(path: Path) -> Found:
    """Write an article that may not be read; the superuser may, and then it is one."""
    path.write_text(articles.text(99), encoding="utf-8")
    path.chmod(0)
    if os.access(path, os.R_OK):
        return Found(path, READS, 99)
    return Found(path, "cannot be read")
