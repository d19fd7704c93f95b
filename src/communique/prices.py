"""What tokens cost: by the user's own table, else by a maintained library, else nobody knows.

The library is `genai-prices` (MIT, Pydantic): its table comes with the package, and nothing is
fetched. It is imported only when a hosted model is priced. A model is looked up by where it is
asked and never by its name alone: the same weights behind an address of one's own cost what
that machine costs. A price that is not known is None, never 0.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from communique.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_prices import Usage
    from genai_prices.types import PriceCalculation

__all__ = ["FREE", "Prices", "Rates", "Tariff", "checked", "tariff_of"]

Prices: TypeAlias = Mapping[str, tuple[float, float]]
"""US dollars for a million tokens, of the prompt and of the completion, by the model's name."""

_PER = 1e6
_ADVICE = 'Give US dollars for a million tokens, in and out: prices={"gpt-5-mini": (0.25, 2.0)}.'


class Tariff(Protocol):
    """Knows what a request costs."""

    def cost(
        self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0
    ) -> float | None:
        """US dollars; `cached_tokens` are those of the prompt that the endpoint had read before."""


@dataclass(frozen=True)
class Rates:
    """Prices that do not change with the size of a request.

    US dollars for a million tokens: of the prompt, of the completion, and of the part of the
    prompt that the endpoint had read before (None: as the rest of it).
    """

    prompt: float
    completion: float
    cached: float | None = None

    def cost(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """Price a request, in US dollars."""
        again = self.prompt if self.cached is None else self.cached
        known = min(cached_tokens, prompt_tokens)
        new = prompt_tokens - known
        return (new * self.prompt + known * again + completion_tokens * self.completion) / _PER


@dataclass(frozen=True)
class Listed:
    """Prices of the library that change with the size of a request, or with the hour."""

    provider: str
    model: str

    def cost(
        self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0
    ) -> float | None:
        """Price a request, in US dollars, as of now; None where the library cannot."""
        from genai_prices import Usage

        usage = Usage(
            input_tokens=prompt_tokens,
            output_tokens=completion_tokens,
            cache_read_tokens=min(cached_tokens, prompt_tokens) or None,
        )
        priced = _priced(usage, self.model, provider_id=self.provider)
        return None if priced is None else float(priced.total_price)


FREE = Rates(0.0, 0.0)
"""Of the embedded model."""


def checked(prices: Prices | None) -> dict[str, Rates]:
    """Take the user's table over; raises `ConfigurationError` for what is none."""
    if prices is None:
        return {}
    given: object = prices  # whatever the user gave
    if not isinstance(given, Mapping):
        what = f"The prices are a {type(prices).__name__}, not a table."
        raise ConfigurationError(what, _ADVICE)
    return {_model(name): _rates(name, pair) for name, pair in given.items()}


def _model(name: object) -> str:
    if not isinstance(name, str) or not name:
        raise ConfigurationError(f"The prices name a model {name!r}.", _ADVICE)
    return name.removeprefix("openai/")


def _rates(name: str, pair: object) -> Rates:
    numbers = tuple(pair) if isinstance(pair, Sequence) and not isinstance(pair, str) else ()
    if len(numbers) != 2 or not all(_is_price(number) for number in numbers):
        raise ConfigurationError(f"The price of {name!r} is {pair!r}.", _ADVICE)
    return Rates(float(numbers[0]), float(numbers[1]))


def _is_price(number: object) -> bool:
    usable = isinstance(number, int | float) and not isinstance(number, bool)
    return usable and math.isfinite(number) and number >= 0  # type: ignore[arg-type, operator]


def tariff_of(
    model: str, address: str | None, table: Mapping[str, Rates], *, public: bool = True
) -> Tariff | None:
    """Find the prices of a model at an address; None where they are not known.

    `table` is the user's, `checked`; it wins. `address` is the endpoint's, without credentials.
    `public` says that the address is not this machine's own, of which no library can know.
    """
    if model in table:
        return table[model]
    return _listed(model, address) if public and address else None


@functools.lru_cache(maxsize=32)
def _listed(model: str, address: str) -> Tariff | None:
    from genai_prices import Usage

    priced = _priced(Usage(input_tokens=1, output_tokens=1), model, provider_api_url=address)
    if priced is None:
        return None
    price = priced.model_price
    prompt, completion = _plain(price.input_mtok), _plain(price.output_mtok)
    # A list of prices depends on the date or the hour.
    if isinstance(priced.model.prices, list) or prompt is None or completion is None:
        return Listed(priced.provider.id, priced.model.id)
    return Rates(prompt, completion, _plain(price.cache_read_mtok))


def _priced(usage: Usage, model: str, **where: Any) -> PriceCalculation | None:
    """Ask the library; None where it does not know the model, or not both of its prices."""
    from genai_prices import calc_price

    try:
        priced = calc_price(usage, model, **where)
    except (LookupError, ValueError):
        return None
    price = priced.model_price
    return None if price.input_mtok is None or price.output_mtok is None else priced


def _plain(price: object) -> float | None:
    """Give a price as a number, where it is one and no scale."""
    from decimal import Decimal

    return float(price) if isinstance(price, Decimal) else None
