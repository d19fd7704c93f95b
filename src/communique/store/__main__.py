"""Look into a store: ``python -m communique.store --help``.

Looking changes nothing: the file is opened for reading alone, and one that is not there is not
made. What is printed can do nothing to a terminal, whatever a model or an article put into it.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from communique.errors import CommuniqueError, StorageError
from communique.render import visible
from communique.store import Store, line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

OK, NOTHING, UNUSABLE, INTERRUPTED = 0, 1, 7, 130
EPILOG = """\
exit codes:
  0    done
  1    nothing found (show), or something damaged (check)
  2    wrong usage
  7    the store cannot be used: not there, damaged, of another application or a newer version
  130  interrupted
"""
_SHORT = 12
"""Digits of a key that `list` shows; `show` takes any beginning of a key."""
_WORDS = 60
_DAY = 24 * 60 * 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code; see `EPILOG`."""
    options = _parser().parse_args(arguments)
    try:
        if not options.file.exists():
            raise StorageError(f"There is no store {options.file}.", "Check the path.")
        with Store(options.file, readonly=options.command != "prune") as store:
            return _COMMANDS[options.command or "count"](store, options)
    except CommuniqueError as error:
        sys.stderr.write(visible(f"{error}\n"))
        return UNUSABLE
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m communique.store",
        description="Look into a store of replies and outcomes, the file of cache= and resume=.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the store")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("count", help="what is in it, and how much (the default)")
    commands.add_parser("list", help="a line for each reply and each outcome")
    show = commands.add_parser("show", help="one reply or outcome as JSON")
    show.add_argument("key", metavar="KEY", help="a key or its beginning, or an article's id")
    prune = commands.add_parser("prune", help="forget old replies and outcomes")
    prune.add_argument("--older-than", metavar="DAYS", type=_days, required=True)
    export = commands.add_parser("export", help="write everything as JSON Lines")
    export.add_argument("to", metavar="FILE.jsonl", help="a new file; - for standard output")
    commands.add_parser("check", help="read everything and tell what is damaged")
    return parser


def _days(words: str) -> float:
    try:
        days = float(words)
    except ValueError:
        days = -1.0
    if not 0 <= days < float("inf"):
        message = f"not a number of days: {words!r}"
        raise argparse.ArgumentTypeError(message)
    return days


def _count(store: Store, _: argparse.Namespace) -> int:
    counts: dict[str, Any] = dict(store.count())
    counts["bytes"] = store.size()
    _print(f"{name:<10} {number:>12,}\n" for name, number in counts.items())
    return OK


def _list(store: Store, _: argparse.Namespace) -> int:
    def lines() -> Iterator[str]:
        for reply in store:
            tokens = f"{reply.prompt_tokens}+{reply.completion_tokens}"
            head = _head(reply.key, reply.created)
            yield _line("reply", head, reply.model, tokens, reply.raw[: 2 * _WORDS])
        for outcome in store.outcomes():
            ended = "summary" if outcome.failure is None else type(outcome.failure).__name__
            head = _head(outcome.article_key, outcome.created)
            yield _line("outcome", head, ended, outcome.article_id)

    _print(lines())
    return OK


def _line(*cells: str) -> str:
    return "  ".join(" ".join(cell.split())[:_WORDS] for cell in cells) + "\n"


def _head(key: str, created: float) -> str:
    when = dt.datetime.fromtimestamp(created, tz=dt.UTC)
    return f"{key[:_SHORT]} {when:%Y-%m-%dT%H:%MZ}"


def _show(store: Store, options: argparse.Namespace) -> int:
    found = [record for record in store.records() if _named(record, options.key)]
    for record in found:
        _print([json.dumps(record, ensure_ascii=False, indent=2) + "\n"])
    if not found:
        sys.stderr.write(visible(f"There is nothing under {options.key!r}.\n"))
    return OK if found else NOTHING


def _named(record: dict[str, Any], name: str) -> bool:
    keys = [record[key] for key in ("key", "article_key") if key in record]
    return record.get("article_id") == name or any(key.startswith(name) for key in keys)


def _prune(store: Store, options: argparse.Namespace) -> int:
    gone = store.prune(older_than=options.older_than * _DAY)
    _print([f"{gone:,} replies and outcomes are forgotten.\n"])
    return OK


def _export(store: Store, options: argparse.Namespace) -> int:
    if options.to == "-":
        _print((line_of(record) for record in store.records()), escape=False)
        return OK
    lines = store.export(options.to)
    sys.stderr.write(visible(f"{lines:,} lines are in {options.to}.\n"))
    return OK


def _check(store: Store, _: argparse.Namespace) -> int:
    flaws = store.check()
    _print(f"{flaw}\n" for flaw in flaws or ["Nothing is damaged."])
    return NOTHING if flaws else OK


_COMMANDS = {
    "count": _count,
    "list": _list,
    "show": _show,
    "prune": _prune,
    "export": _export,
    "check": _check,
}


def _print(lines: Iterable[str], *, escape: bool = True) -> None:
    """Write to standard output, in UTF-8; a reader that has seen enough is no error."""
    try:
        for line in lines:
            sys.stdout.buffer.write((visible(line) if escape else line).encode("utf-8"))
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more as it ends; give it somewhere to flush to.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
