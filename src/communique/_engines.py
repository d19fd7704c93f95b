"""What Ray and Spark have in common: rows with a text in, the same rows with our columns out.

A `Reading` is what a worker is sent: a configured `Summariser` and the names of the columns. It
makes exactly one row of the table `nested` (see `communique.export`) of every row it is given, a
failed one where nothing could be read, and never raises for an article.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from communique import export
from communique.article import Article
from communique.errors import CommuniqueError, ConfigurationError, InvalidArticle
from communique.outcomes import Outcome
from communique.pipeline import Summariser

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

__all__ = ["BATCH", "Reading"]

BATCH: Final = 128
"""Articles that a worker reads before it hands them on: what a lost worker reads again."""


_RUN: Final = frozenset(
    {"concurrency", "resume", "requests_per_minute", "tokens_per_minute", "dollars_per_minute"}
)
_NOT_HERE: Final = frozenset(
    {"budget", "requests_per_run", "tokens_per_run", "processes", "progress", "ordered", "on_error"}
)


@dataclass(frozen=True)
class Reading:
    """How rows are read: by whom, from which columns, into columns with which prefix.

    `run` holds options of `communique.summarise_many`. Can be pickled. `repr` shows no key.
    """

    summariser: Summariser
    text: str = "text"
    published: str | None = None
    id: str | None = None
    prefix: str = ""
    run: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        text: str,
        *,
        published: str | None,
        id: str | None,  # noqa: A002 - as it is called elsewhere
        prefix: str,
        model: str | None,
        options: Mapping[str, Any],
    ) -> Reading:
        """Make one of what a user gave: options of a run, and settings of a `Summariser`.

        Raises `ConfigurationError` where no model can be used, or an option is wrong.
        """
        refused = sorted(_NOT_HERE & options.keys())
        if refused:
            what = f"{refused[0]} holds for one run, and here every worker has runs of its own."
            raise ConfigurationError(what, "Leave it out, or use summarise_many.")
        run = {name: value for name, value in options.items() if name in _RUN}
        settings = {name: value for name, value in options.items() if name not in _RUN}
        summariser = Summariser(model, **settings)
        summariser.summarise_many([], **run)  # raises for a wrong option; nothing is begun
        return cls(summariser, text, published, id, prefix, run)

    def check(self, columns: Iterable[str]) -> None:
        """Raise `ConfigurationError` where a column is missing, or one of ours is taken."""
        given = list(columns)
        for name in (self.text, self.published, self.id):
            if name is not None and name not in given:
                what = f"There is no column {name!r}."
                raise ConfigurationError(what, f"Name one of {', '.join(given)}.")
        taken = [name for name in self.names if name in given]
        if taken:
            what = f"The rows have a column {taken[0]!r} already."
            raise ConfigurationError(what, 'Give prefix=, such as prefix="communique_".')

    @property
    def names(self) -> list[str]:
        """The columns that are added, in order."""
        return [self.prefix + column.name for column in export.SCHEMAS["nested"]]

    def table(self, table: pa.Table) -> pa.Table:
        """The same table with our columns behind; rows keep their order and their types."""
        self.check(table.column_names)
        some = (table.column(n).to_pylist() if n else None for n in (self.published, self.id))
        rows = self.rows(table.column(self.text).to_pylist(), *some)
        made = export.arrow_rows(rows, "nested")
        for named, column in zip(made.schema, made.columns, strict=True):
            table = table.append_column(named.with_name(self.prefix + named.name), column)
        return table

    def rows(
        self,
        texts: Sequence[object],
        published: Sequence[object] | None = None,
        ids: Sequence[object] | None = None,
    ) -> list[dict[str, Any]]:
        """One row of the table `nested` for each text, in order.

        Raises `ConfigurationError` where no article can be read as configured, and nothing else
        that is an article's doing.
        """
        none = [None] * len(texts)
        given = list(zip(texts, published or none, ids or none, strict=True))
        made = [self._article(*one) for one in given]
        articles = [one for one in made if isinstance(one, Article)]
        read = iter(self._read(articles))
        outcomes = [next(read) if isinstance(one, Article) else one for one in made]
        rows = list(export.rows(outcomes, "nested"))
        for row, text in zip(rows, texts, strict=True):
            row["sha256"] = row["sha256"] or _digest(text)
        return rows

    def _article(self, text: object, published: object, identity: object) -> Article | Outcome:
        if _missing(text):
            what = f"The column {self.text!r} is empty in this row."
            advice = "Leave such rows out, or take them as failed."
            return Outcome.failed("", InvalidArticle(what, advice))
        try:
            return Article(
                text,  # type: ignore[arg-type]  # anything else is its InvalidArticle
                None if _missing(published) else published,  # type: ignore[arg-type]
                id=None if _missing(identity) else str(identity),
            )
        except InvalidArticle as error:
            return Outcome.failed("", error)

    def _read(self, articles: list[Article]) -> list[Outcome]:
        """One outcome for each article, in order, whatever ends the run."""
        done: list[Outcome] = []
        run = self.summariser.summarise_many(articles, progress=False, **self.run)
        try:
            for outcome in run:
                done.append(outcome)  # noqa: PERF402 - what came before an error is kept
        except ConfigurationError:
            raise
        except CommuniqueError as error:  # a full disk, a spent budget: what is done is kept
            rest = articles[len(done) :]
            done += [Outcome.failed("", error) for _ in rest]
        return done


def _missing(value: object) -> bool:
    """Whether a cell is empty: None, not a number (so pandas may say it), or blank."""
    if isinstance(value, str):
        return not value.strip()
    try:
        return value is None or bool(value != value)  # noqa: PLR0124 - only such are not themselves
    except TypeError:  # pandas.NA says neither yes nor no
        return True
    except ValueError:  # an array: no text, but not empty
        return False


def _digest(text: object) -> str | None:
    try:
        return hashlib.sha256(text.encode()).hexdigest() if isinstance(text, str) else None
    except UnicodeEncodeError:
        return None
