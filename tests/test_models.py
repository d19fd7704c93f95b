"""Which model is asked: the order of choice, and what is said where there is none."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec

import openai
import pytest

from communique import Profile, Summariser, models
from communique.errors import ConfigurationError
from communique.profiles import HOSTED, LOCAL

KEY = "sk-test-0123456789abcdef"
URL = "http://127.0.0.1:9/v1"


@pytest.fixture(params=[False, True], ids=["without engine", "with engine"])
def engine(request, monkeypatch):
    """Pretend that the embedded model's engine is installed, and that it is not."""
    return pretend(monkeypatch, installed=request.param)


def pretend(monkeypatch, *, installed):
    """Make `find_spec` answer for the engine; everything else is as it is."""
    real = importlib.util.find_spec

    def find_spec(name, package=None):
        if name == "xllamacpp":
            return ModuleSpec(name, None) if installed else None
        return real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    return installed


def test_the_argument_wins(monkeypatch, engine):
    """If this failed, a model named in the code could be replaced by the environment's."""
    monkeypatch.setenv("COMMUNIQUE_MODEL", "openai/other")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert models.choose("openai/mine").name == "mine"


def test_the_environment_comes_second(monkeypatch, engine):
    """If this failed, COMMUNIQUE_MODEL would be ignored where a key is set."""
    monkeypatch.setenv("COMMUNIQUE_MODEL", "openai/vendor/other")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    choice = models.choose(None)
    assert (choice.name, choice.api_key, choice.local) == ("vendor/other", KEY, False)


def test_a_key_means_openai(monkeypatch, engine):
    """If this failed, a user with a key would be given the small model, or none."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    choice = models.choose(None)
    assert f"openai/{choice.name}" == models.DEFAULT_HOSTED
    assert choice.base_url is None


@pytest.mark.parametrize("how", ["argument", "environment", "client"])
def test_an_endpoint_needs_no_key(monkeypatch, engine, how):
    """If this failed, a server of one's own (vLLM, Ollama) would need a made-up key."""
    options = {"base_url": URL} if how == "argument" else {}
    if how == "environment":
        monkeypatch.setenv("OPENAI_BASE_URL", URL)
    if how == "client":
        options = {"client": openai.OpenAI(base_url=URL, api_key=KEY)}
    choice = models.choose("openai/mine", **options)
    assert choice.base_url.rstrip("/") == URL
    assert not models.choose(None, **options).local


def test_a_client_says_where_the_text_goes(monkeypatch):
    """If this failed, the report would name another endpoint than the one that got the text."""
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/v1")
    client = openai.AsyncOpenAI(base_url=URL, api_key=KEY)
    assert models.choose("openai/m", client=client).base_url.rstrip("/") == URL


def test_the_embedded_model_comes_last(monkeypatch):
    """If this failed, communique[local] alone would not be enough."""
    pretend(monkeypatch, installed=True)
    choice = models.choose(None)
    assert (choice.name, choice.local) == ("local", True)


def test_without_any_model_every_way_to_one_is_told(monkeypatch):
    """If this failed, a new user would not learn from the message how to begin."""
    pretend(monkeypatch, installed=False)
    with pytest.raises(ConfigurationError) as caught:
        models.choose(None)
    for way in ("OPENAI_API_KEY", "base_url", "communique[local]", "COMMUNIQUE_MODEL"):
        assert way in str(caught.value)


@pytest.mark.parametrize("model", ["local", "local:model.gguf"])
def test_a_missing_extra_is_told(monkeypatch, model):
    """If this failed, asking for the embedded model would end in an ImportError."""
    pretend(monkeypatch, installed=False)
    with pytest.raises(ConfigurationError, match=r"communique\[local\]"):
        models.choose(model)


@pytest.mark.parametrize(
    "model", ["gpt-5", "anthropic/x", "openai/", "openai", "/", "Local", "{0}"]
)
def test_an_unknown_model_is_told(model):
    """If this failed, a mistyped model would fail somewhere else, later."""
    with pytest.raises(ConfigurationError, match="There is no model") as caught:
        models.choose(model, api_key=KEY)
    assert '"openai/<name>"' in caught.value.advice


def test_an_unknown_model_of_the_environment_is_told_as_such(monkeypatch):
    """If this failed, a user would look for the wrong name in the code."""
    monkeypatch.setenv("COMMUNIQUE_MODEL", "gpt")
    with pytest.raises(ConfigurationError, match="COMMUNIQUE_MODEL"):
        models.choose(None)


def test_a_model_of_openai_needs_a_key():
    """If this failed, a request without a key would be sent to a service that refuses it."""
    with pytest.raises(ConfigurationError, match="no key") as caught:
        models.choose("openai/gpt-5")
    assert "OPENAI_API_KEY" in caught.value.advice


@pytest.mark.parametrize("options", [{"base_url": URL}, {"client": object()}])
def test_the_embedded_model_takes_no_endpoint(monkeypatch, options):
    """If this failed, an endpoint that was named would be ignored without a word."""
    pretend(monkeypatch, installed=True)
    with pytest.raises(ConfigurationError, match="in this process"):
        models.choose("local", **options)


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://a/v1", "http://", "http://[/v1", "http://u:pw-secret@:x/", "x"]
)
def test_an_address_that_is_none_is_told_at_once(url):
    """If this failed, a mistyped address would be retried for minutes, or its password shown."""
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        models.choose("openai/m", base_url=url)
    assert "pw-secret" not in str(caught.value)


def test_a_model_that_is_no_string_is_told():
    """If this failed, a Path for a model would end in an AttributeError."""
    with pytest.raises(ConfigurationError, match="str"):
        models.choose(b"local")  # type: ignore[arg-type]


def test_a_client_of_another_kind_is_told(monkeypatch):
    """If this failed, any object could be given as a client and fail somewhere inside."""
    with pytest.raises(ConfigurationError, match="type object"):
        Summariser("openai/m", client=object()).summarise("The ministers met.")


def test_the_key_is_in_no_repr():
    """If this failed, a notebook would show the key of whatever stands in its last line."""
    choice = models.choose("openai/m", api_key=KEY, base_url="http://u:pw-secret@127.0.0.1/v1")
    shown = repr(choice) + repr(Summariser("openai/m", api_key=KEY))
    assert KEY not in shown
    assert "pw-secret" not in shown


def test_the_profile_fits_the_model(monkeypatch):
    """If this failed, the small model would be given whole articles, or a large one crumbs."""
    pretend(monkeypatch, installed=True)
    embedded, hosted = models.choose("local"), models.choose("openai/m", api_key=KEY)
    assert models.profile_of("auto", embedded) is LOCAL
    assert models.profile_of("auto", hosted) is HOSTED
    assert models.profile_of("local", hosted) is LOCAL
    own = Profile(100, 1, 0, 100, cued=False, abstract=False, prompt="read", version=1)
    assert models.profile_of(own, hosted) is own


def test_an_unknown_profile_is_told():
    """If this failed, a mistyped profile would be a KeyError."""
    with pytest.raises(ConfigurationError, match="There is no profile 'small'"):
        Summariser("openai/m", api_key=KEY, profile="small")
