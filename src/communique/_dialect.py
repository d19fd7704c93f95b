"""What an endpoint takes and gives: the parameters of a request, and the text of a reply.

Hosted models refuse `temperature`, call `max_tokens` by another name, or know no JSON schema.
Each says so with a 400, and a `Dialect` steps down to what is left.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from communique._translate import refused, shorten, truncated
from communique.errors import InvalidReply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import BaseModel

SEED: Final = 20
"""Of every request: equal questions shall have equal answers, as far as the endpoint can."""


@dataclass(frozen=True)
class Dialect:
    """The parameters that an endpoint takes; hosted models refuse some, and say so with a 400."""

    form: Literal["grammar", "strict", "schema", "object", "none"]
    limit: Literal["max_tokens", "max_completion_tokens", ""] = "max_tokens"
    temperature: bool = True
    seed: bool = True
    grammar: Callable[[Mapping[str, Any]], str] | None = None

    def parameters(self, schema: type[BaseModel], max_tokens: int) -> dict[str, Any]:
        """Build the body of a request, messages and model aside."""
        given: dict[str, Any] = {}
        if self.limit:
            given[self.limit] = max_tokens
        if self.temperature:
            given["temperature"] = 0
        if self.seed:
            given["seed"] = SEED
        if self.form == "grammar" and self.grammar is not None:
            given["grammar"] = self.grammar(schema_of(schema))
        elif self.form == "object":
            given["response_format"] = {"type": "json_object"}
        elif self.form != "none":
            strict = self.form == "strict"
            rules = _strict_schema_of(schema) if strict else schema_of(schema)
            named = {"name": schema.__name__, "schema": rules}
            form = {**named, "strict": True} if strict else named
            given["response_format"] = {"type": "json_schema", "json_schema": form}
        return given

    def messages(
        self, messages: Sequence[Mapping[str, str]], schema: type[BaseModel]
    ) -> list[Mapping[str, str]]:
        """Say the schema in words where no parameter can."""
        if self.form in {"grammar", "strict", "schema"}:
            return list(messages)
        rules = json.dumps(schema_of(schema), ensure_ascii=False, separators=(",", ":"))
        order = f"Answer with one JSON object and nothing else. Its JSON schema:\n{rules}"
        first, *others = messages
        if first["role"] == "system":
            return [{**first, "content": f"{first['content']}\n\n{order}"}, *others]
        return [{"role": "system", "content": order}, *messages]

    def without(self, parameter: str, words: str) -> Dialect | None:
        """Step down from what a rejection names; None where it names nothing to step down from."""
        if not parameter and (_TOO_MUCH.search(words) or not _UNKNOWN.search(words)):
            return None
        for name in (parameter, *_PARAMETER.findall(words)):
            kind = _KINDS.get(name.lower().partition(".")[0])
            if kind == "limit" and self.limit and not _TOO_MUCH.search(words):
                return replace(
                    self, limit="max_completion_tokens" if self.limit == "max_tokens" else ""
                )
            if kind == "form" and self.form != "none":
                return replace(self, form=_NEXT_FORM[self.form])
            if kind == "temperature" and self.temperature:
                return replace(self, temperature=False)
            if kind == "seed" and self.seed:
                return replace(self, seed=False)
        return None


_KINDS: Final[Mapping[str, str]] = {
    "temperature": "temperature",
    "seed": "seed",
    "max_tokens": "limit",
    "max_completion_tokens": "limit",
    "response_format": "form",
    "json_schema": "form",
    "json_object": "form",
    "structured output": "form",
    "grammar": "form",
}
_PARAMETER: Final = re.compile(rf"\b(?:{'|'.join(_KINDS)})(?![a-z])", re.IGNORECASE)
_UNKNOWN: Final = re.compile(
    r"unsupported|not support|n['’]t support|unrecogni[sz]ed|unknown|unexpected|not permitted"
    r"|not allowed|extra (?:inputs|fields)|invalid|only the default|unavailable|not available"
    r"|deprecated|not implemented|must be|failed to",
    re.IGNORECASE,
)
_TOO_MUCH: Final = re.compile(r"too (?:large|high|big)|at most|exceeds|less than", re.IGNORECASE)
_NEXT_FORM: Final[Mapping[str, Literal["schema", "object", "none"]]] = {
    "grammar": "schema",
    "strict": "schema",
    "schema": "object",
    "object": "none",
}


@functools.lru_cache(maxsize=32)
def schema_of(schema: type[BaseModel]) -> dict[str, Any]:
    """Give the JSON schema that a reply must fit."""
    return schema.model_json_schema()


@functools.lru_cache(maxsize=32)
def _strict_schema_of(schema: type[BaseModel]) -> dict[str, Any]:
    return strict_schema(schema_of(schema))


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Rewrite a JSON schema into the subset of OpenAI's strict structured outputs.

    Every object is closed and all its properties are required, no keyword stands beside a
    `$ref`, and what the subset lacks is left out.
    Source: platform.openai.com/docs/guides/structured-outputs, "Supported schemas".
    """
    rewritten = _strict(schema)
    if not isinstance(rewritten, dict):  # pragma: no cover - a mapping gives a mapping
        raise TypeError(schema)
    return rewritten


_NOT_STRICT: Final = frozenset({"default", "title", "minLength", "maxLength", "uniqueItems"})
_NAMED: Final = frozenset({"properties", "$defs"})


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(part) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    kept = {
        # Below `properties` the keys are names, which may well be "title".
        key: {name: _strict(part) for name, part in value.items()}
        if key in _NAMED
        else _strict(value)
        for key, value in node.items()
        if key not in _NOT_STRICT
    }
    if kept.get("type") == "object":
        kept["additionalProperties"] = False
        kept["required"] = list(kept.get("properties", {}))
    return kept


def text_of(completion: Any) -> str:
    """Take the reply's text; raises `Truncated`, `Refused` or `InvalidReply`."""
    try:
        choice = completion.choices[0]
        message, reason = choice.message, choice.finish_reason
        content, refusal = message.content, getattr(message, "refusal", None)
    except (AttributeError, IndexError, KeyError, TypeError):
        said = completion if isinstance(completion, str) else getattr(completion, "error", None)
        about = f": {shorten(' '.join(str(said).split()))}" if said else ""
        raise InvalidReply(
            f"The endpoint's answer holds no reply{about}.",
            "Check that the address is that of an OpenAI-compatible endpoint.",
        ) from None
    if refusal or reason == "content_filter":
        raise refused(ValueError(), shorten(refusal or "its content filter stopped the reply"))
    if reason == "length":
        raise truncated(ValueError(), "it used all the tokens it was allowed")
    if not isinstance(content, str) or not content.strip():
        raise InvalidReply("The reply is empty.", "Try again, or use another model.")
    # A lone surrogate can be neither parsed, stored nor sent back.
    return content.encode("utf-8", "replace").decode("utf-8")


def json_in(text: str) -> str:
    """Cut the object out of what some models put around it: reasoning, fences, courtesies."""
    if text.lstrip().startswith("<think>"):
        text = text.partition("</think>")[2]
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text.strip()
