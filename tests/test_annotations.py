"""Evidence as Web Annotations: selectors that select, identifiers that stay."""

from __future__ import annotations

import json
import urllib.parse
import uuid

import pytest

import samples
from communique import Article, Summariser
from communique.annotations import annotation_page
from faults import FaultyServer


@pytest.fixture(scope="module")
def told():
    """Give an article and its summary, which came the whole way."""
    text = "Ünüsüal 🙂 letters stand first.\n\n" + samples.article(0)
    with FaultyServer(samples.reads) as server:
        summariser = Summariser(
            "openai/stand-in", base_url=server.url, api_key="k", profile="hosted"
        )
        yield text, summariser.summarise(Article(text, title="T", id="x"))


def pieces(summary):
    """Every piece of evidence of the records, as (start, end), each once."""
    found = []

    def walk(value):
        if isinstance(value, dict):
            if {"exact", "start", "end"} <= set(value):
                found.append((value["start"], value["end"]))
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    dumped = summary.model_dump(mode="json")
    walk(dumped["engagements"])
    # The date of an agreement is that of the act which decided its status.
    walk([{**a, "date": None} for a in dumped["agreements"]])
    return sorted(found)


def test_every_piece_of_evidence_is_selected_by_quote_and_by_position(told):
    """If this failed, a tool would highlight other words than the record rests on."""
    text, summary = told
    targets = [t for item in annotation_page(summary)["items"] for t in item["target"]]
    for target in targets:
        quote, position = target["selector"]
        assert (quote["type"], position["type"]) == ("TextQuoteSelector", "TextPositionSelector")
        start, end = position["start"], position["end"]
        assert text[start:end] == quote["exact"]
        assert text[:start].endswith(quote["prefix"])
        assert text[end:].startswith(quote["suffix"])
    chosen = [(t["selector"][1]["start"], t["selector"][1]["end"]) for t in targets]
    assert sorted(chosen) == pieces(summary)


def test_a_page_has_what_the_recommendation_asks_for(told):
    """If this failed, a consumer of Web Annotations would reject the page."""
    page = json.loads(json.dumps(annotation_page(told[1])))
    assert page["@context"] == "http://www.w3.org/ns/anno.jsonld"
    assert page["type"] == "AnnotationPage"
    ids = [page["id"], *(item["id"] for item in page["items"])]
    assert len(set(ids)) == len(ids)
    assert all(uuid.UUID(i) for i in ids)
    for item in page["items"]:
        assert item["type"] == "Annotation"
        assert item["target"]
        purposes = [body["purpose"] for body in item["body"]]
        assert purposes[0] == "describing"
        assert set(purposes[1:]) == {"tagging"}
    tags = {item["body"][1]["value"] for item in page["items"]}
    assert tags == {"engagement", "participant", "date", "place", "agreement", "act"}


def test_the_same_summary_gives_the_same_page(told):
    """If this failed, annotations that were imported twice would be there twice."""
    summary = told[1]
    assert annotation_page(summary) == annotation_page(summary.model_copy())
    other = annotation_page(summary, source="https://example.org/a")
    assert other["id"] != annotation_page(summary)["id"]
    assert {t["source"] for i in other["items"] for t in i["target"]} == {"https://example.org/a"}


def test_a_text_without_an_address_is_named_by_its_digest(told):
    """If this failed, annotations of two articles could not be told apart."""
    import base64

    (name,) = {t["source"] for i in annotation_page(told[1])["items"] for t in i["target"]}
    parts = urllib.parse.urlsplit(name)
    algorithm, _, digest = parts.path.lstrip("/").partition(";")
    assert (parts.scheme, algorithm) == ("ni", "sha-256")
    assert base64.urlsafe_b64decode(digest + "=").hex() == told[1].source.sha256


def test_a_summary_without_records_is_an_empty_page(told):
    """If this failed, an article with nothing in it would break the export of a folder."""
    empty = told[1].model_copy(update={"engagements": [], "agreements": []})
    assert annotation_page(empty)["items"] == []
