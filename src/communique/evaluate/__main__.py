"""Measure a model on a directory of gold articles: ``python -m communique.evaluate --help``."""

from __future__ import annotations

import argparse
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from communique.errors import CommuniqueError, ConfigurationError, StorageError
from communique.evaluate.comparing import compare
from communique.evaluate.gold import GoldArticle, load_gold
from communique.evaluate.page import page
from communique.evaluate.results import Evaluation
from communique.evaluate.scoring import score

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from communique.schemas import Summary

_HTML = Path("evaluation.html")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the model over the gold articles and print what was found; the exit code.

    0: measured; 1: no article could be read; 2: the call cannot be made as given.
    """
    options = _parser().parse_args(arguments)
    try:
        other = _load(options.compare) if options.compare else None
        articles = [a for a in load_gold(options.gold) if fnmatchcase(a.id, options.only)]
        if not articles:
            what = f"{options.gold} holds no gold article with an id like {options.only!r}."
            raise ConfigurationError(what, "Check the directory and --only.")
        pairs = list(_read(articles, options))
        evaluation = score(pairs)
        # What was paid for is written before anything else can go wrong.
        if options.out:
            _save(evaluation.model_dump_json(indent=2) + "\n", options.out, "--out")
        comparison = compare(evaluation, other) if other else None
        if options.html:
            _save(page(evaluation, pairs, comparison=comparison), options.html, "--html")
    except CommuniqueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(evaluation.table(findings=not options.quiet))
    if comparison is not None:
        sys.stdout.write("\n" + comparison.table())
    return 1 if all(isinstance(read, CommuniqueError) for _, read in pairs) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m communique.evaluate",
        description="Measure a model on gold articles.",
    )
    parser.add_argument("gold", type=Path, metavar="GOLD_DIR", help="directory of gold JSON files")
    parser.add_argument("--model", help="as for communique.Summariser; by default its default")
    parser.add_argument(
        "--cache",
        type=Path,
        help="where replies are kept, and not asked for again; by default in the user's cache",
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="ask for everything anew, as when seconds are to be measured",
    )
    parser.add_argument("--out", type=Path, help="write the evaluation to this JSON file")
    parser.add_argument(
        "--html",
        type=Path,
        nargs="?",
        const=_HTML,
        metavar="FILE",
        help=f"write it as a page, too, to be read in a browser ({_HTML} if not named)",
    )
    parser.add_argument("--compare", type=Path, help="set it beside an evaluation that --out wrote")
    parser.add_argument("--only", default="*", metavar="GLOB", help="only articles with such an id")
    parser.add_argument("--quiet", action="store_true", help="figures only, no list of findings")
    return parser


def _read(
    articles: Sequence[GoldArticle], options: argparse.Namespace
) -> Iterator[tuple[GoldArticle, Summary | CommuniqueError]]:
    # Imported here: --help and a wrong directory need no model.
    from communique import Summariser

    cache = None if options.no_cache else options.cache or True
    settings: dict[str, Any] = {"model": options.model, "cache": cache}
    summariser = Summariser(**{key: value for key, value in settings.items() if value is not None})
    for number, article in enumerate(articles, start=1):
        sys.stderr.write(f"{number}/{len(articles)} {article.id}\n")
        try:
            yield article, summariser.summarise(article.text, published=article.published)
        except ConfigurationError:
            raise
        except CommuniqueError as error:
            sys.stderr.write(f"  {type(error).__name__}: {error}\n")
            yield article, error


def _load(path: Path) -> Evaluation:
    try:
        return Evaluation.model_validate_json(path.read_bytes())
    except OSError as error:
        raise StorageError(
            f"{path} cannot be read: {error.strerror}.", "Check --compare."
        ) from error
    except ValidationError as error:
        what = f"{path} is not an evaluation."
        raise ConfigurationError(what, "Give a file that --out wrote.") from error


def _save(content: str, path: Path, option: str) -> None:
    try:
        # A lone surrogate of a broken gold file must not cost the measurement.
        path.write_text(content, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror}."
        raise StorageError(what, f"Check {option}.") from error


if __name__ == "__main__":
    sys.exit(main())
