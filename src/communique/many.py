"""Many articles: `summarise_many` and its awaitable twin, over one core (`communique.runs`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from communique.pipeline import Summariser

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
    from pathlib import Path

    from communique.article import Article
    from communique.outcomes import Outcome
    from communique.progress import Progress
    from communique.store import Store

__all__ = ["asummarise_many", "summarise_many"]


def summarise_many(  # noqa: PLR0913 - each is a setting of its own
    articles: Iterable[str | Path | Article] | AsyncIterable[str | Path | Article],
    *,
    model: str | None = None,
    concurrency: int | None = None,
    resume: str | Path | Store | None = None,
    progress: bool | Callable[[Progress], object] | None = None,
    ordered: bool = True,
    on_error: Literal["return", "raise"] = "return",
    processes: int | None = None,
    budget: float | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    dollars_per_minute: float | None = None,
    requests_per_run: float | None = None,
    tokens_per_run: float | None = None,
    **settings: Any,
) -> Iterator[Outcome]:
    """Read many articles; each ends as exactly one `Outcome`, a summary or a typed failure.

    `articles` is any iterable of texts, `Article`s and `Path`s, an asynchronous one too; it is
    read lazily, on the caller's thread, and the memory used does not grow with it. What is no
    article is a failure, never an exception. An exception of the iterable's own is raised when
    everything before it has been yielded.

    `concurrency` is the most requests at once (64; of the embedded model as many as its profile
    reads side by side): there are as many as the endpoint takes, fewer as soon as it answers 429
    or 503, and its `Retry-After` holds for all. `resume` names a file that keeps every reply and
    every outcome: the same call again goes on where the last one ended, and asks nothing twice.
    It takes the place of `cache`. `progress` shows a bar where there is a terminal (None, True),
    nothing (False), or calls a function with a `Progress`. `ordered` yields in the order of the
    articles, else as they are done. `on_error="raise"` raises the first failure, once it is kept.
    `processes` shares the work among so many processes.

    `budget` is in US dollars for the whole run, which ends before it is passed: what is done is
    kept, and the rest are `BudgetSpent`. The other limits say what they limit. `model` and
    `settings` are those of `Summariser`.

    Ctrl-C finishes the articles that are being read and yields them, says how to go on, and then
    raises `KeyboardInterrupt`; a second one breaks off. A loop that is left early waits for the
    requests under way, where there is a store to keep their replies.

    Raises `ConfigurationError` where no model can be used, an option is wrong, or a budget is
    given for a model whose prices are not known; and `StorageError` where the store cannot be
    used.
    """
    return Summariser(model, **settings).summarise_many(
        articles,
        concurrency=concurrency,
        resume=resume,
        progress=progress,
        ordered=ordered,
        on_error=on_error,
        processes=processes,
        budget=budget,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        dollars_per_minute=dollars_per_minute,
        requests_per_run=requests_per_run,
        tokens_per_run=tokens_per_run,
    )


def asummarise_many(
    articles: Iterable[str | Path | Article] | AsyncIterable[str | Path | Article],
    *,
    model: str | None = None,
    **options: Any,
) -> AsyncIterator[Outcome]:
    """Read many articles, from an event loop; everything else as of `summarise_many`.

    An asynchronous iterable is read on the caller's loop. A cancelled iteration waits for the
    requests under way, where there is a store to keep their replies.
    """
    run = {name: options.pop(name) for name in _RUN if name in options}
    return Summariser(model, **options).asummarise_many(articles, **run)


_RUN = frozenset(summarise_many.__kwdefaults__ or ()) - {"model"}
