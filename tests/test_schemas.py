"""The records: closed, exact in a round trip, and built once, whoever comes first."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from communique.schemas import Engagement, Record, Span, Summary, json_schema

WORDS = {"start": 0, "end": 3, "exact": "met"}
VISIT = {
    "id": "e1",
    "type": "visit",
    "status": "held",
    "laterality": "bilateral",
    "evidence": [WORDS],
}
SUMMARY = {"abstract": "They met.", "engagements": [VISIT], "source": {"sha256": "0"}}

RACE = """
import json, sys, threading
from communique.schemas import Engagement, Evidence, Source, Summary

given, failures = json.loads(sys.argv[1]), []
sys.setswitchinterval(1e-6)
together = threading.Barrier(8)

def use(number):
    together.wait()
    try:
        if number % 2:
            summary = Summary.model_validate(given)
            assert type(summary.engagements[0]) is Engagement
        else:
            Summary(abstract="", source=Source(sha256="0")).model_dump_json()
            Evidence(start=0, end=1, exact="a")
    except Exception as error:
        failures.append(repr(error))

threads = [threading.Thread(target=use, args=(n,)) for n in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit("; ".join(failures) or 0)
"""


def test_threads_may_race_for_the_first_use() -> None:
    """A server's first requests would fail while the records' validators are being built."""
    subprocess.run([sys.executable, "-c", RACE, json.dumps(SUMMARY)], check=True)


def test_a_summary_survives_json_and_pickle() -> None:
    """Records kept in a file, or sent to another process, would come back changed."""
    summary = Summary.model_validate(SUMMARY)
    assert Summary.model_validate_json(summary.model_dump_json()) == summary
    assert pickle.loads(pickle.dumps(summary)) == summary  # noqa: S301 - our own bytes


def test_records_are_frozen_closed_and_hashable() -> None:
    """A record could be changed behind its evidence, or carry a misspelt field unnoticed."""
    span = Span(start=1, end=2)
    with pytest.raises(ValidationError):
        span.start = 0  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Span.model_validate({"start": 1, "end": 2, "finish": 2})
    assert len({span, Span(start=1, end=2)}) == 1


def test_an_engagement_without_evidence_is_none() -> None:
    """A record could be told that no word of the article proves."""
    with pytest.raises(ValidationError):
        Engagement.model_validate({**VISIT, "evidence": []})


def refer(schema: dict[str, Any], reference: str) -> dict[str, Any]:
    """Look up `#/$defs/NAME`."""
    return schema["$defs"][reference.rpartition("/")[2]]


def test_every_field_is_described() -> None:
    """The JSON schema would leave a reader guessing what a field holds."""
    schema = json_schema()
    records = [schema, *schema["$defs"].values()]
    assert len(records) > len(Record.__subclasses__()) // 2
    for record in records:
        for name, field in record["properties"].items():
            # A description equal to that of the record referred to stands there only.
            told = field if "$ref" not in field else {**refer(schema, field["$ref"]), **field}
            assert told.get("description"), f"{record['title']}.{name}"
