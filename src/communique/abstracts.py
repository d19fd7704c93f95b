"""The abstract: the model's sentences where they can be trusted, the article's own otherwise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from communique.schemas import LeftOut

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from communique.article import Article
    from communique.schemas import Agreement, Engagement, Span

_NAMES = re.compile(r"(?<![.!?]\s)(?<!^)\b[^\W\d_][\w'’.-]*|\d[\d.,]*\d|\d")
_OPENERS = re.compile(r"(?:^|[.!?]\s+)([^\W\d_][\w'’-]*)")
_SENTENCES = 3
_LONGEST = 420


def choose(
    drafted: Iterable[str],
    article: Article,
    engagements: Sequence[Engagement],
    agreements: Sequence[Agreement],
) -> tuple[str, list[LeftOut]]:
    """Return the abstract, and the drafted one that was left out, if any.

    A drafted abstract counts when every name and number in it is in the article.
    """
    from communique.grounding import index_of

    index = index_of(article.told)
    left: list[LeftOut] = []
    for words in filter(None, (d.strip() for d in drafted)):
        strange = [n for n in _names(words) if index.locate(n) is None]
        if not strange:
            return words, left
        reason = f"not in the article: {', '.join(strange[:5])}"
        left.append(LeftOut(what="abstract", words=words, reason=reason))
    return _own_sentences(article, engagements, agreements), left


def _names(words: str) -> list[str]:
    """The capitalised words within sentences, and the numbers."""
    from communique import parties

    found = [m.group().rstrip(".,'’-") for m in _NAMES.finditer(words)]
    names = [f for f in found if f and (f[0].isupper() or f[0].isdigit())]
    # The first word of a sentence has a capital anyway; there a party's name is looked up.
    return names + [w for w in _OPENERS.findall(words) if parties.find(w)]


def _own_sentences(
    article: Article, engagements: Sequence[Engagement], agreements: Sequence[Agreement]
) -> str:
    """The first sentence, and those that tell most records beside it; in their order."""
    sentences = article.sentences
    if not sentences:
        return ""
    told = [e.evidence[0].start for e in engagements if e.salience == "focal"]
    told += [a.evidence[0].start for a in agreements]
    counts = {i: sum(s.start <= t < s.end for t in told) for i, s in enumerate(sentences)}
    ranked = sorted(counts, key=lambda i: (-counts[i], i))
    chosen = {0} | {i for i in ranked[:_SENTENCES] if counts[i]}
    kept = sorted(sorted(chosen, key=lambda i: (i != 0, -counts[i], i))[:_SENTENCES])
    return " ".join(_flat(article, sentences[i]) for i in kept)


def _flat(article: Article, span: Span) -> str:
    words = " ".join(article.words(span).split())
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1].rsplit(" ", 1)[0] + "…"
