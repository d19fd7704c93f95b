r"""The command: `python -m communique FILE` prints the summary of one article.

A thin layer. It reads a file, calls `Summariser` and prints what `render` or pydantic makes of
the records; whatever can be decided elsewhere is. Results go to standard output, everything
about the run to standard error, so that a pipe gets records and nothing else.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from communique import errors
from communique.render import text, visible

if TYPE_CHECKING:
    from communique.article import Article
    from communique.schemas import Summary

OK, PARTIAL, INTERRUPTED = 0, 6, 130

# The first class that fits decides; what is none of these is the library's own fault.
EXIT_CODES: tuple[tuple[type[errors.CommuniqueError], int], ...] = (
    (errors.InvalidArticle, 3),
    (errors.ConfigurationError, 4),
    (errors.ModelError, 5),
    (errors.BudgetSpent, 5),
    (errors.StorageError, 7),
    (errors.WeightsInvalid, 7),
    (errors.CommuniqueError, 1),
)

EPILOG = """\
exit codes:
  0    a summary was printed
  1    a fault of the program itself
  2    wrong usage
  3    the file is missing, or holds no article that can be read
  4    no model, or a wrong configuration
  5    the model, or the way to it, failed
  6    a summary was printed, but some passages could not be read: see "Not read"
  7    the cache or the embedded model's file cannot be used
  130  interrupted

environment:
  COMMUNIQUE_MODEL, OPENAI_API_KEY, OPENAI_BASE_URL, COMMUNIQUE_CACHE_DIR
"""

_WIDEST = 100
Progress = Callable[[int, int], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code; see `EPILOG` for what each says."""
    options = _parser().parse_args(arguments)
    try:
        article, summary = _summarise(options)
    except errors.CommuniqueError as error:
        return _explain(error)
    except KeyboardInterrupt:
        _say("Interrupted.")
        return INTERRUPTED
    if not options.timings:
        summary = summary.without_timings()
    _print(_json(summary) if options.json else text(summary, article.text, width=_width()))
    failed = any(passage.fate == "failed" for passage in summary.report.passages)
    return PARTIAL if failed else OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="communique",
        description="Print who met whom and who signed what, as an article tells it, "
        "each with the words it rests on.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="the article, in UTF-8; - for standard input")
    add("--model", metavar="M", help="openai/NAME, local or local:FILE.gguf")
    add("--base-url", metavar="URL", help="an OpenAI-compatible endpoint")
    add(
        "--published",
        metavar="DATE",
        type=_day,
        help="publication date, YYYY-MM-DD; wins over a date in the file",
    )
    add("--json", action="store_true", help="print JSON instead of text")
    add("--no-timings", dest="timings", action="store_false", help="leave out how long it took")
    cache = parser.add_mutually_exclusive_group()
    cache.add_argument("--cache", metavar="PATH", type=Path, help="keep the model's replies here")
    cache.add_argument("--no-cache", action="store_true", help="keep no replies, use none")
    return parser


def _day(words: str) -> dt.date:
    try:
        return dt.date.fromisoformat(words)
    except ValueError:
        message = f"not a date of the form YYYY-MM-DD: {words!r}"
        raise argparse.ArgumentTypeError(message) from None


def _summarise(options: argparse.Namespace) -> tuple[Article, Summary]:
    from communique import Summariser

    article = _read(options.file)
    given: dict[str, Any] = {
        name: value
        for name in ("model", "base_url", "cache")
        if (value := getattr(options, name)) is not None
    }
    if options.no_cache:
        given["cache"] = False
    with _progress(sys.stderr) as progress:
        summariser = Summariser(progress=progress, **given)
        return article, summariser.summarise(article, published=options.published)


def _read(name: str) -> Article:
    from communique.article import Article

    if name != "-":
        return Article.read(Path(name))
    try:
        return Article(sys.stdin.buffer.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        what, advice = "Standard input is not UTF-8.", "Convert it to UTF-8 first."
        raise errors.InvalidArticle(what, advice) from None
    except OSError as error:  # a directory, for one
        what, advice = f"Standard input cannot be read: {error}.", "Redirect a file to it."
        raise errors.InvalidArticle(what, advice) from None


@contextmanager
def _progress(stream: TextIO) -> Iterator[Progress | None]:
    """Give a callable that draws a bar of passages on a terminal; None elsewhere."""
    if not stream.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    columns = ("Reading", BarColumn(), MofNCompleteColumn(), "passages", TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("Reading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _json(summary: Summary) -> str:
    """Write JSON in which no character acts on a terminal: the same value, with escapes."""
    return _ACTING.sub(_escape, summary.model_dump_json(indent=2)) + "\n"


# C1 controls, marks and overrides of direction, line and paragraph separators, tags. JSON itself
# escapes those below U+0020.
_ACTING = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _width() -> int:
    """Give the terminal's columns, 100 at most; 100 in a pipe, whoever reads it."""
    if not sys.stdout.isatty():
        return _WIDEST
    return min(_WIDEST, shutil.get_terminal_size().columns)


def _print(words: str) -> None:
    """Write to standard output; a reader that has seen enough is no error."""
    try:
        # Bytes, not text: what a pipe gets is UTF-8 with line feeds on every system.
        sys.stdout.flush()
        sys.stdout.buffer.write(words.encode("utf-8"))
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more as it ends; give it somewhere to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: errors.CommuniqueError) -> int:
    _say(str(error))
    if error.report is not None and error.report.attempts:
        sent, received = error.report.prompt_tokens, error.report.completion_tokens
        _say(f"{len(error.report.attempts)} requests took {sent} + {received} tokens.")
    return next(code for kind, code in EXIT_CODES if isinstance(error, kind))


def _say(words: str) -> None:
    sys.stderr.write(visible(f"communique: {words}\n"))


if __name__ == "__main__":
    sys.exit(main())
