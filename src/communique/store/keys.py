"""What makes two questions, two articles or two ways of asking the same: hashes of their parts.

No key, credential or time-out is ever a part. Each hash is the SHA-256, in hexadecimal, of
canonical JSON (sorted, without white space, in ASCII).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any

from communique._version import __version__
from communique.schemas import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from communique.article import Article
    from communique.profiles import Profile

__all__ = ["article_key", "reply_key", "settings_key"]


def reply_key(
    *,
    model: str,
    identity: str,
    messages: Sequence[Mapping[str, Any]],
    schema: Mapping[str, Any],
    sampling: Mapping[str, Any],
    prompt_version: str,
    repeat: int = 0,
) -> str:
    """Hash one request: what is asked, of which model, where, and in which form.

    `repeat` counts how often one conversation has already had a reply to these very words: a
    model that repeats its mistake is told the same again, and its next reply is another.

    It is what is meant to be sent: that an endpoint does not take a parameter is learnt from it
    anew in every process, and the reply that it gave without is still the reply.
    """
    question = {
        "model": model,
        "identity": identity,
        "messages": [dict(message) for message in messages],
        "schema": schema,
        "sampling": sampling,
        "prompt_version": prompt_version,
    }
    return _hash({**question, "repeat": repeat} if repeat else question)


def article_key(article: Article) -> str:
    """Hash an article: its text and all that is known of it, as it comes back in the summary.

    Whether `published` was given or read in the text counts too: it decides whether the items
    of a digest may have dates of their own.
    """
    published = article.published
    return _hash(
        {
            "sha256": article.sha256,
            "published": published and published.isoformat(),
            "explicit": article.dated_by_caller,
            "title": article.title,
            "url": article.url,
            "id": article.id,
            "language": article.language,
        }
    )


def settings_key(
    *,
    model: str,
    identity: str,
    profile: Profile,
    prompt: str,
    aliases: Mapping[str, str] | None = None,
    strict: bool = False,
) -> str:
    """Hash the way of asking, this version of the library and of the records included.

    `identity` is the endpoint's, without credentials; `prompt` is the prompt's label, which
    holds a digest of its text. Neither the profile's limit of seconds nor its passages
    side by side are parts: they do not change what is read.
    """
    asked = dataclasses.asdict(profile)
    for name in ("seconds", "parallel"):
        del asked[name]
    return _hash(
        {
            "model": model,
            "identity": identity,
            "profile": asked,
            "prompt": prompt,
            "aliases": dict(aliases or {}),
            "strict": strict,
            "library": __version__,
            "schema": SCHEMA_VERSION,
        }
    )


def _hash(parts: Mapping[str, Any]) -> str:
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
