"""What tokens cost: the user's table, the library's, and what nobody knows."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from communique import prices
from communique.errors import ConfigurationError
from communique.prices import FREE, Listed, Rates, checked, tariff_of
from conftest import ROOT

OPENAI = "https://api.openai.com/v1"


def test_the_users_table_wins():
    """If this failed, a negotiated price, or a server of one's own, would be priced wrongly."""
    table = checked({"openai/gpt-5-mini": (1, 2.5), "mine": (0, 0)})
    assert tariff_of("gpt-5-mini", OPENAI, table) == Rates(1.0, 2.5)
    assert tariff_of("mine", "http://127.0.0.1:8000/v1", table, public=False) == FREE
    assert Rates(1.0, 2.5).cost(1_000_000, 2_000_000) == 6.0


def test_the_library_knows_what_is_public():
    """If this failed, a run with a well-known model would have no cost."""
    tariff = tariff_of("gpt-4o-mini", OPENAI, {})
    assert tariff is not None
    whole = tariff.cost(1_000_000, 1_000_000)
    assert 0.1 < whole < 10.0
    assert tariff.cost(1_000_000, 0, 1_000_000) < tariff.cost(1_000_000, 0), (
        "read before is cheaper"
    )


@pytest.mark.parametrize(
    ("model", "address", "public"),
    [
        ("no-such-model", OPENAI, True),
        ("gpt-4o-mini", "https://vllm.example/v1", True),
        ("gpt-4o-mini", "http://127.0.0.1:8000/v1", False),
        ("text-embedding-3-small", OPENAI, True),
        ("gpt-4o-mini", None, True),
    ],
)
def test_what_is_not_known_is_none(model, address, public):
    """If this failed, a budget would rest on a price that somebody made up."""
    assert tariff_of(model, address, {}, public=public) is None


def test_prices_that_depend_on_the_request_are_asked_for_each_time():
    """If this failed, a long article would be priced as a short one."""
    from genai_prices.data_snapshot import get_snapshot
    from genai_prices.types import TieredPrices

    (provider,) = (p for p in get_snapshot().providers if p.id == "google")
    tiered = next(
        model
        for model in provider.models
        if not isinstance(model.prices, list)
        and isinstance(model.prices.input_mtok, TieredPrices)
        and isinstance(model.prices.output_mtok, TieredPrices)
    )
    edge = tiered.prices.input_mtok.tiers[0].start
    tariff = Listed("google", tiered.id)
    assert tariff.cost(2 * edge, 0) > 2.1 * tariff.cost(edge - 1, 0)


def test_what_was_read_before_is_never_more_than_the_prompt():
    """If this failed, a strange count would make a request cost less than nothing."""
    assert Rates(1.0, 1.0, 0.1).cost(10, 0, 1_000) == pytest.approx(10 * 0.1 / 1e6)


@pytest.mark.parametrize(
    "wrong",
    [
        [("m", (1, 2))],
        {"m": 1},
        {"m": (1,)},
        {"m": (1, 2, 3)},
        {"m": "12"},
        {"m": (1, -2)},
        {"m": (1, float("nan"))},
        {"m": (True, 1)},
        {"m": (1, None)},
        {"": (1, 2)},
        {7: (1, 2)},
    ],
)
def test_a_table_that_is_none_is_told(wrong):
    """If this failed, a slip in the table would be a run without a price."""
    with pytest.raises(ConfigurationError, match=r"^The price"):
        checked(wrong)


def test_no_table():
    """If this failed, every call would need one."""
    assert checked(None) == {}


def test_the_library_is_read_when_it_is_needed():
    """If this failed, every import would read a table of a megabyte."""
    code = "import sys, communique.prices; sys.exit('genai_prices' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == 0


def test_nothing_is_fetched():
    """If this failed, a price would be asked for on the network, which tests may not reach."""
    prices._listed.cache_clear()
    assert tariff_of("gpt-4o-mini", OPENAI, {}) is not None
