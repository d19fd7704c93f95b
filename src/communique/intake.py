"""From what a user gives to articles, one after the other; what is none is told, not raised."""

from __future__ import annotations

import fnmatch
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from communique.article import Article, article_of
from communique.errors import CommuniqueError, ConfigurationError, InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Taken", "articles_in", "take"]

_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Taken:
    """One of the things a user gave: its name, and the article or why there is none."""

    article_id: str
    article: Article | None = None
    failure: CommuniqueError | None = None


def take(item: Any, place: int) -> Taken:
    """Make an article of a text, an `Article` or a `Path`; never raises.

    Its name is the article's own id, else the path, else the URL, else `sha256:` and the first
    digits of the text's hash; `item:` and the place (from 0) where no text can be had.
    """
    name = _name(item, place)
    try:
        article = article_of(item)
    except CommuniqueError as failure:
        return Taken(name, failure=failure)
    except Exception as bug:  # noqa: BLE001 - one article, and not the run
        return Taken(name, failure=fault(name, bug))
    return Taken(name, article)


def _name(item: object, place: int) -> str:
    if isinstance(item, Path):
        return str(item)
    if isinstance(item, Article):
        return item.id or item.url or _hashed(item.sha256)
    if isinstance(item, str):
        try:
            return _hashed(hashlib.sha256(item.encode()).hexdigest())
        except UnicodeEncodeError:
            pass
    return f"item:{place}"


def _hashed(digest: str) -> str:
    return f"sha256:{digest[:_DIGITS]}"


def fault(name: str, bug: BaseException) -> InternalError:
    """Make a failure of an error that should not be, with the article's name and no traceback."""
    failure = InternalError(
        f"Reading {name!r} failed with {type(bug).__name__}.",
        "This is a fault of communique: please report it, with the article if you may.",
    )
    failure.__cause__ = bug
    return failure


def articles_in(folder: str | Path, pattern: str = "*") -> Iterator[Path]:
    """Yield the paths of the files below a folder, in the order of their names.

    `pattern` is a glob for the files' names: `"*.txt"`. Links are followed, and each folder is
    entered once, so that a loop ends. A folder that cannot be read, or that leads back to one
    above it, is yielded itself: given to `summarise_many`, it becomes a failure that says so, and
    nothing is left out in silence. Raises `ConfigurationError` where `folder` is none.
    """
    top = Path(folder)
    if not top.is_dir():
        what = f"{top} is no folder."
        raise ConfigurationError(what, "Name a folder; a single article is a Path by itself.")
    return _walk(top, pattern)


def _walk(top: Path, pattern: str) -> Iterator[Path]:
    seen: set[tuple[int, int]] = set()
    waiting = [top]  # the next one last
    while waiting:
        path = waiting.pop()
        if not path.is_dir():
            yield path
            continue
        try:
            status = path.stat()
            found = sorted(path.iterdir(), reverse=True)
        except OSError:
            yield path
            continue
        mark = (status.st_dev, status.st_ino)
        if mark in seen:
            yield path
            continue
        seen.add(mark)
        waiting += [p for p in found if p.is_dir() or fnmatch.fnmatch(p.name, pattern)]
