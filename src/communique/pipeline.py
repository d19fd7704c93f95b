"""The way of one article: passages to the model, drafts to records; nothing is lost on it.

`Summariser` holds the settings; `summarise` and `asummarise` are one call of it. One coroutine
serves both. A passage that fails is reported with its words and the rest goes on; a reply that
was cut makes its passage smaller; all failing raises, with every attempt in the error's report.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import time
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from communique import abstracts, models
from communique.article import Article, Passage, article_of
from communique.errors import (
    AuthenticationFailed,
    CommuniqueError,
    ConfigurationError,
    ContextExceeded,
    QuotaExhausted,
    StorageError,
)
from communique.prices import checked
from communique.schemas import (
    Attempt,
    PassageReport,
    Report,
    Source,
    Span,
    Summary,
)

if TYPE_CHECKING:
    import asyncio
    import datetime as dt
    from collections.abc import (
        AsyncIterable,
        AsyncIterator,
        Callable,
        Coroutine,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )
    from pathlib import Path

    import openai
    from pydantic import BaseModel

    from communique.client import Client, Endpoint
    from communique.injection import Aside
    from communique.outcomes import Outcome
    from communique.pacing import Limits, Pacing
    from communique.prices import Prices
    from communique.profiles import Profile
    from communique.progress import Progress
    from communique.prompts import Prompt
    from communique.resolving import Findings
    from communique.scene import Scene
    from communique.store import Store

__all__ = ["Summariser", "asummarise", "summarise"]

log = logging.getLogger("communique")

T = TypeVar("T", bound="BaseModel")

_FATAL = (AuthenticationFailed, ConfigurationError, QuotaExhausted, StorageError)
_HOSTED_AT_ONCE: Final = 64
"""Requests at once, at the most, where nothing else is said."""
_announced: set[tuple[str, str]] = set()


@dataclass(frozen=True)
class Session:
    """What the articles of one call, or of one run, have in common: a client, and the prompts."""

    client: Client
    load: Callable[..., Prompt]


@dataclass(frozen=True)
class Reading:
    """A summary, and the errors of the passages that could not be read."""

    summary: Summary
    unread: tuple[CommuniqueError, ...] = ()


@dataclass
class _Run:
    """What happened to the passages of one article, in the making.

    While passages are read side by side, the two halves of one bear its number: the span is
    what tells passages apart, and `numbered` numbers them when all is done.
    """

    session: Session
    prompt: Prompt
    attempts: list[tuple[Span, Attempt]] = field(default_factory=list)
    passages: list[PassageReport] = field(default_factory=list)
    drafts: list[tuple[Passage, Any]] = field(default_factory=list)
    errors: list[tuple[Span, CommuniqueError]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    done: int = 0
    total: int = 0
    stop: CommuniqueError | None = None

    @property
    def error(self) -> CommuniqueError | None:
        """The error that tells most: the one that stopped the run, else the first passage's."""
        if self.stop is not None or not self.errors:
            return self.stop
        return min(self.errors, key=lambda failed: failed[0].start)[1]

    def numbered(self) -> _Run:
        """Number the passages in the order of the article, a split one before its halves.

        The order in which replies came is gone then: equal replies give an equal report.
        """
        passages = sorted(self.passages, key=lambda p: (p.span.start, -p.span.end))
        index = {p.span: number for number, p in enumerate(passages)}
        attempts = [
            (span, attempt.model_copy(update={"passage": index.get(span, attempt.passage)}))
            for span, attempt in self.attempts
        ]
        drafts = [(dataclasses.replace(p, index=index[p.span]), d) for p, d in self.drafts]
        return dataclasses.replace(
            self,
            attempts=sorted(attempts, key=lambda a: (a[1].passage, a[1].number)),
            passages=[p.model_copy(update={"index": index[p.span]}) for p in passages],
            drafts=sorted(drafts, key=lambda d: d[0].index),
        )

    def fate(self, passage: Passage, fate: str, error: str = "") -> None:
        """Note what became of a passage."""
        self.passages.append(
            PassageReport(index=passage.index, span=passage.span, fate=fate, error=error)
        )


class Summariser:
    """Reads articles with one model and one set of settings; reusable, picklable.

    `model` is `"openai/<name>"`, `"local"` or `"local:<file.gguf>"`; None takes
    `COMMUNIQUE_MODEL`, else OpenAI when `OPENAI_API_KEY` is set, else the embedded model when
    it is installed. `base_url` and `api_key` name another OpenAI-compatible endpoint; `client`
    is an `openai` client of your own. `cache` keeps replies: a path, True for the user's cache
    directory, a `Store`, or None. `profile` is `"auto"`, `"local"`, `"hosted"` or a `Profile`.
    `aliases` adds names of parties, name to code. `strict` raises on the first passage that
    fails. `timeout` is in seconds, for one request. `prices` are US dollars for a million tokens,
    `{model: (in, out)}`, for a model that the library of prices does not know, or at other prices.
    `progress` is called with the passages done and in all.

    Raises `ConfigurationError` when no such model can be used.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        client: openai.OpenAI | openai.AsyncOpenAI | None = None,
        cache: bool | str | Path | Store | None = None,
        profile: str | Profile = "auto",
        aliases: Mapping[str, str] | None = None,
        strict: bool = False,
        timeout: float = 600.0,
        prices: Prices | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.choice = models.choose(model, base_url=base_url, api_key=api_key, client=client)
        self.profile = models.profile_of(profile, self.choice)
        self.cache = cache
        self.aliases = dict(aliases or {})
        self.strict = strict
        self.timeout = timeout
        self.prices = checked(prices)
        self.progress = progress
        self._user_client = client
        self._client: Client | None = None

    def __repr__(self) -> str:
        return f"Summariser(model={self.choice.name!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Leave connections behind: the other process makes its own."""
        if self._user_client is not None:
            what = "A Summariser with a client of your own cannot be sent to another process."
            raise ConfigurationError(what, "Give base_url= and api_key= instead, or make it there.")
        return {**self.__dict__, "_client": None, "progress": None}

    def summarise(
        self, article: str | Path | Article, *, published: dt.date | str | None = None
    ) -> Summary:
        """Read one article; see `communique.summarise`."""
        from communique import _loop

        return _loop.run(self._summarise(article_of(article, published=published)))

    async def asummarise(
        self, article: str | Path | Article, *, published: dt.date | str | None = None
    ) -> Summary:
        """Read one article, awaitable; see `communique.summarise`."""
        from communique import _loop

        return await _loop.arun(self._summarise(article_of(article, published=published)))

    def summarise_many(  # noqa: PLR0913 - each is a setting of its own
        self,
        articles: Iterable[str | Path | Article] | AsyncIterable[str | Path | Article],
        *,
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
    ) -> Iterator[Outcome]:
        """Read many articles; see `communique.summarise_many`."""
        from communique import runs

        limits = self._limits(
            concurrency,
            budget=budget,
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
            dollars_per_minute=dollars_per_minute,
            requests_per_run=requests_per_run,
            tokens_per_run=tokens_per_run,
        )
        options = runs.Options(limits, resume, progress, ordered, on_error, processes)
        return runs.outcomes(self, articles, options)

    def asummarise_many(
        self,
        articles: Iterable[str | Path | Article] | AsyncIterable[str | Path | Article],
        *,
        concurrency: int | None = None,
        resume: str | Path | Store | None = None,
        progress: bool | Callable[[Progress], object] | None = None,
        ordered: bool = True,
        on_error: Literal["return", "raise"] = "return",
        processes: int | None = None,
        **limits: float | None,
    ) -> AsyncIterator[Outcome]:
        """Read many articles, from an event loop; see `communique.asummarise_many`."""
        from communique import runs

        given = self._limits(concurrency, **limits)
        options = runs.Options(given, resume, progress, ordered, on_error, processes)
        return runs.aoutcomes(self, articles, options)

    def _limits(self, concurrency: int | None, **limits: float | None) -> Limits:
        from communique.pacing import Limits

        usual = self.profile.parallel if self.choice.local else _HOSTED_AT_ONCE
        return Limits(usual if concurrency is None else concurrency, **limits)

    # --- the way ----------------------------------------------------------------------------

    async def _summarise(self, article: Article) -> Summary:
        return (await self.read(article, await self._session())).summary

    async def read(self, article: Article, session: Session) -> Reading:
        """Read one article in a session, on the session's event loop; see `communique.runs`."""
        import asyncio

        from communique.scene import Scene

        begun = time.monotonic()
        scene = Scene(article, self.aliases)
        run = _Run(session, self._prompt(scene.language, session))
        run.passages += [_unread(aside) for aside in article.asides]
        passages = [p for p in article.passages(self.profile.passage) if self._asked(p, scene, run)]
        run.total = len(passages)
        limit = asyncio.Semaphore(self.profile.parallel)
        await _together([self._passage(p, scene, run, limit) for p in passages])
        _not_yet(run)
        findings = await self._ask_homes(scene, run)
        run = run.numbered()
        report = self._report(run, begun)
        if run.error is not None and not run.drafts:
            run.error.report = report
            raise run.error
        if findings is None:
            findings = read(run.drafts, scene, supplement=self.profile.cued)
        summary = self._compose(article, scene, findings, run, report)
        return Reading(summary, tuple(error for _, error in run.errors))

    def _prompt(self, language: str, session: Session) -> Prompt:
        from communique import reading, tongues

        if self.profile.elsewhere is not None and not (
            reading.supports(language) or tongues.supports(language)
        ):
            return session.load(self.profile.elsewhere, self.profile.version)
        return session.load(self.profile.prompt, self.profile.version)

    async def _session(self) -> Session:
        """The session of one call, with the client of every call of this object.

        That is made at the first; the embedded model starts at its first request.
        """
        from communique import _loop
        from communique.store import open_store

        load = _loading()
        if self._client is None or self.choice.local:  # the user's file may be another one now
            endpoint = await self._endpoint(load)
            if self._client is None or self._client.endpoint != endpoint:
                self._client = self._connected(endpoint, store=open_store(self.cache))
                # Its connections belong to the background loop, and end with the summariser.
                weakref.finalize(self, _loop.later, self._client.aclose).atexit = False
        self.announce(self._client.endpoint.identity, self._client.endpoint.model)
        return Session(self._client, load)

    async def session(self, *, store: Store | None, durable: bool, pace: Pacing) -> Session:
        """A session with a client of its own, for a run; whoever asks for it closes the client."""
        load = _loading()
        endpoint = await self._endpoint(load)
        client = self._connected(endpoint, store=store, durable=durable, pace=pace)
        self.announce(endpoint.identity, endpoint.model)
        return Session(client, load)

    def way(self, session: Session) -> str:
        """The key of this way of reading, under which a store keeps outcomes."""
        from communique.store import settings_key

        profile, endpoint = self.profile, session.client.endpoint
        named = ((profile.prompt, profile.version), (profile.elsewhere, profile.version))
        labels = [session.load(*prompt).label for prompt in named if prompt[0] is not None]
        if profile.whose is not None:
            labels.append(session.load(profile.whose).label)
        return settings_key(
            model=endpoint.model,
            identity=endpoint.identity,
            profile=profile,
            prompt=" ".join(labels),
            aliases=self.aliases,
            strict=self.strict,
        )

    async def _endpoint(self, load: Callable[..., Prompt]) -> Endpoint:
        import asyncio

        prompt = load(self.profile.prompt, self.profile.version)
        return await asyncio.to_thread(self.choice.endpoint, self.profile, prompt, self.prices)

    def _connected(self, endpoint: Endpoint, **options: Any) -> Client:
        from communique.client import Client

        return Client(
            endpoint,
            client=self._user_client,
            timeout=self.timeout,
            reasks=self.profile.reasks,
            **options,
        )

    def announce(self, identity: str, model: str) -> None:
        """Say once per process where articles go."""
        if (identity, model) not in _announced:
            _announced.add((identity, model))
            log.info("Articles are sent to %s, model %s.", identity, model)

    def _asked(self, passage: Passage, scene: Scene, run: _Run) -> bool:
        """Whether a passage is worth asking about."""
        if _schema(passage, scene, self.profile) is not None:
            return True
        run.fate(passage, "skipped", "no word of it tells of an engagement or an agreement")
        return False

    async def _passage(
        self,
        passage: Passage,
        scene: Scene,
        run: _Run,
        limit: asyncio.Semaphore,
    ) -> None:
        """Read one passage; whatever happens to it is in the run afterwards."""
        from communique.client import Truncated

        try:
            async with limit:
                if run.stop is not None:
                    self._failed(passage, run.stop, run)
                    return
                await self._ask(passage, scene, run)
        except (Truncated, ContextExceeded) as error:
            self._keep_attempts(passage, error, run)
            halves = scene.article.halve(passage)
            if not halves:
                self._failed(passage, error, run)
                return
            run.fate(passage, "split", error.what)
            asked = [h for h in halves if self._asked(h, scene, run)]
            run.total += len(asked)
            await _together([self._passage(h, scene, run, limit) for h in asked])
        except CommuniqueError as error:
            self._keep_attempts(passage, error, run)
            self._failed(passage, error, run)
            if not run.session.client.started:  # nor would it start for the next passage
                run.stop = error
        finally:
            run.done += 1
            if self.progress is not None:
                self.progress(run.done, run.total)

    def _failed(self, passage: Passage, error: CommuniqueError, run: _Run) -> None:
        from communique.client import Deferred

        run.fate(passage, "failed", str(error))
        run.errors.append((passage.span, error))
        if self.strict and not isinstance(error, Deferred):  # the other passages ask as well
            error.report = self._report(run.numbered(), None)
            raise error
        if isinstance(error, _FATAL):
            run.stop = error

    @staticmethod
    def _keep_attempts(passage: Passage, error: CommuniqueError, run: _Run) -> None:
        """Take over the attempts that an error carries."""
        if error.report is not None:
            run.attempts += [(passage.span, attempt) for attempt in error.report.attempts]

    async def _ask(self, passage: Passage, scene: Scene, run: _Run) -> None:
        from communique.checking import Check
        from communique.client import Budget

        schema = _schema(passage, scene, self.profile)
        if schema is None:  # pragma: no cover - such passages are not asked
            return
        words = scene.text[passage.span.start : passage.span.end]
        check = Check(words, self.choice.restored)
        reply = await run.session.client.ask(
            run.prompt.messages(self.choice.sent(words)),
            schema,
            check=check,
            budget=Budget(attempts=self.profile.attempts, seconds=self.profile.seconds),
            max_tokens=self.profile.max_tokens,
            passage=passage.index,
            prompt_version=run.prompt.label,
        )
        run.attempts += [(passage.span, attempt) for attempt in reply.attempts]
        run.drafts.append((passage, self.choice.restored(reply.value)))
        run.fate(passage, "read")

    async def _ask_homes(self, scene: Scene, run: _Run) -> Findings | None:
        """Ask for whom people stand whose own words do not say it; a failure costs only that.

        Where there is nothing to ask, what was found in the drafts is given back, if it was
        looked for: it stays as it is.
        """
        from communique import homes, reading
        from communique.client import Budget, Deferred

        for _, draft in run.drafts:
            scene.assigned.update(homes.told(scene, draft))
        if self.profile.whose is None or run.stop is not None or not run.drafts:
            return None
        if not reading.supports(scene.language):
            return None
        findings = read(run.drafts, scene, supplement=self.profile.cued)
        met = (a.person for t in findings.told for a in t.attendees if a.person is not None)
        asked = homes.question(scene, met)
        if asked is None:
            return findings
        prompt = run.session.load(self.profile.whose)
        first = run.drafts[0][0]
        try:
            reply = await run.session.client.ask(
                prompt.messages(self.choice.sent(asked.passage), notes=asked.notes),
                asked.schema,
                check=lambda _: (),
                budget=Budget(attempts=2, seconds=self.profile.seconds),
                max_tokens=200,
                passage=first.index,
                prompt_version=prompt.label,
            )
        except Deferred:
            raise
        except CommuniqueError as error:
            self._keep_attempts(first, error, run)
            run.notes.append(f"For whom people stand could not be asked: {error.what}")
            return None
        run.attempts += [(first.span, attempt) for attempt in reply.attempts]
        scene.assigned.update(asked.answers(reply.value))
        return None

    # --- the records --------------------------------------------------------------------------

    def _report(self, run: _Run, begun: float | None) -> Report:
        endpoint = run.session.client.endpoint
        return Report(
            model=endpoint.model,
            endpoint=endpoint.identity,
            prompt=run.prompt.label,
            attempts=[attempt for _, attempt in run.attempts],
            passages=run.passages,
            notes=run.notes,
            seconds=None if begun is None else time.monotonic() - begun,
        )

    def _compose(
        self, article: Article, scene: Scene, findings: Findings, run: _Run, report: Report
    ) -> Summary:
        from communique import merging

        told = merging.with_events(findings.told, scene)
        made, unfit = merging.meetings(told, scene)
        merging.complete(made, scene)
        engagements = merging.engagements(made, scene)
        agreements = merging.agreements(findings.instruments, made, engagements, scene)
        drafted = [getattr(d, "abstract", "") for _, d in run.drafts]
        abstract, left = abstracts.choose(drafted, article, engagements, agreements)
        left_out = [*findings.left_out, *unfit, *left]
        return Summary(
            abstract=abstract,
            engagements=engagements,
            agreements=agreements,
            source=Source(
                sha256=article.sha256,
                published=article.published,
                language=article.language,
                title=article.title,
                url=article.url,
                id=article.id,
                items=article.items,
            ),
            report=report.model_copy(update={"left_out": left_out}),
        )


def _loading() -> Callable[..., Prompt]:
    """The prompts, each read once: what a call or a run asks does not change under it."""
    from communique import prompts

    return functools.cache(prompts.load)


async def _together(coroutines: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run coroutines side by side; where one raises, the others are stopped, not forgotten."""
    import asyncio

    if len(coroutines) == 1:
        await coroutines[0]
        return
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _not_yet(run: _Run) -> None:
    """Raise `Deferred` where a question of the article is to be asked later: half is nothing."""
    from communique.client import Deferred

    for _, error in run.errors:
        if isinstance(error, Deferred):
            raise error


def _unread(aside: Aside) -> PassageReport:
    span = Span(start=aside.start, end=aside.end)
    return PassageReport(index=0, span=span, fate="skipped", error=f"not news: {aside.reason}")


def _schema(passage: Passage, scene: Scene, profile: Profile) -> type[BaseModel] | None:
    """What is asked of a passage: only what it has words for, where words can tell."""
    from communique import drafts, reading, tongues

    if profile.abstract:
        return drafts.ArticleDraft
    translated = tongues.supports(scene.language)
    if not profile.cued or not (translated or reading.supports(scene.language)):
        return drafts.PassageDraft
    meetings = agreements = 0
    for span in passage.sentences:
        words = scene.text[span.start : span.end]
        if translated:
            meetings += len(tongues.triggers(words, scene.language))
            agreements += len(tongues.titles(words, scene.language))
            continue
        found = len(scene.triggers(scene.sentence_at(span.start)))
        # One word for several meetings ("held bilaterals with") may be several entries.
        meetings += found + (found > 0 and reading.distributive(words))
        agreements += len(reading.titles(words))
    return drafts.asked(meetings, agreements) if meetings or agreements else None


def read(drafts: list[tuple[Passage, Any]], scene: Scene, *, supplement: bool = False) -> Findings:
    """Resolve the drafts of every passage, in the order of the article.

    `supplement` adds what a sentence plainly tells and no draft pointed to.
    """
    from communique import tongues
    from communique.company import Company
    from communique.drafts import whole
    from communique.polyglot import Polyglot
    from communique.resolving import Findings, Reader

    together = Findings()
    company = Company(scene) if tongues.supports(scene.language) else None
    for passage, draft in sorted(drafts, key=lambda d: d[0].span.start):
        reader: Reader | Polyglot = Reader(scene, passage)
        if company is not None:
            reader = Polyglot(scene, passage, company, trusted=not supplement)
        for meeting in getattr(draft, "meetings", ()):
            reader.meeting(whole(meeting))
        for agreement in getattr(draft, "agreements", ()):
            reader.agreement(whole(agreement))
        if supplement:
            reader.supplement()
        together.told += reader.findings.told
        together.instruments += reader.findings.instruments
        together.left_out += reader.findings.left_out
    return together


def summarise(
    article: str | Path | Article,
    *,
    published: dt.date | str | None = None,
    model: str | None = None,
    **settings: Any,
) -> Summary:
    """Read one article: its engagements and agreements, each with the words that prove it.

    `article` is a text (a `str` is always text), a `Path` to a file, or an `Article`.
    `published` is the publication date, to which "on Wednesday" refers; it wins over a date in
    the text. `model` and `settings` are those of `Summariser`.

    A passage that could not be read is listed in `summary.report.passages`.

    Raises `InvalidArticle` for what is no article, `ConfigurationError` where no model can be
    used, and a `ModelError` or `BudgetSpent` where no passage could be read.
    """
    return Summariser(model, **settings).summarise(article, published=published)


async def asummarise(
    article: str | Path | Article,
    *,
    published: dt.date | str | None = None,
    model: str | None = None,
    **settings: Any,
) -> Summary:
    """Read one article, awaitable; arguments, result and errors as of `summarise`."""
    return await Summariser(model, **settings).asummarise(article, published=published)
