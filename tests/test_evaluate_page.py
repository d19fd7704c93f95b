"""The evaluation as a page: what it shows, and that nothing an article holds can act in it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import communique
from communique.errors import InvalidReply
from communique.evaluate import GoldArticle, compare, page, score
from communique.evaluate.__main__ import main
from communique.evaluate.marking import pairs_of, segments
from communique.evaluate.markup import Html, plain, shown, tag
from communique.schemas import (
    Agreement,
    DateValue,
    Engagement,
    Evidence,
    Participant,
    Party,
    Place,
    Report,
    Source,
    Statement,
    Summary,
)

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "</title></head><body onload=alert(1)>",
    "<!-- --><a href=javascript:alert(1)>x</a>",
    "&lt;script&gt; &#60;b&#62; &amp;",
    "]]><svg onload=alert(1)>",
    "{{7*7}} ${7*7} <%= 7 %>",
    "https://evil.example/x.png url(https://evil.example)",
)
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "section", "div"),
    *("span", "i", "b", "small", "table", "tr", "th", "td", "article", "ul", "li", "a", "br"),
    *("details", "summary"),
}
ATTRIBUTES = {
    *("class", "id", "title", "style", "href", "lang", "dir", "charset", "name", "content"),
    "http-equiv",
}
TEXT = (
    "Ana Ruiz of Spain met José Quispe of Peru in Lima. They signed the Reef Accord."
    " Pía Soto telephoned Lu Wen."
)


class Reader(HTMLParser):
    """Reads a page as a browser does: its elements, and the text of the articles."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.data = ""
        self._depth = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if self._depth or found.get("class") == "text":
            self._depth += tag not in {"br", "meta"}
            self.texts += [""] if self._depth == 1 else []

    def handle_endtag(self, tag: str) -> None:
        self._depth -= self._depth > 0

    def handle_data(self, data: str) -> None:
        self.data += data
        if self._depth:
            self.texts[-1] += data


def safe(html: str) -> Reader:
    """Read a page, and see that it holds no element, attribute or address but its own."""
    reader = Reader(html)
    for element, attributes in reader.tags:
        assert element in ALLOWED, element
        assert attributes.keys() <= ATTRIBUTES, (element, attributes)
        assert str(attributes.get("href", "#")).startswith("#")
        assert "url(" not in str(attributes.get("style"))
    policies = [a["content"] for t, a in reader.tags if t == "meta" and "http-equiv" in a]
    assert "default-src 'none'" in str(policies)
    return reader


def gold(text: str = TEXT, word: str = "Lima", **fields: Any) -> GoldArticle:
    """A gold article with a meeting and an agreement; `word` stands wherever a word may."""
    people = [{"name": "Ana Ruiz", "country": "ESP"}, {"name": "José Quispe", "role": word}]
    meeting = {"type": "meeting", "status": "held", "participants": people, "location": word}
    missing = {"type": "call", "status": "denied", "participants": [{"name": word}, {"name": "Lu"}]}
    accord = {"title": word, "parties": ["ESP", "PER"], "status": "signed", "note": word}
    records = {"engagements": [meeting, missing], "agreements": [accord], "source": word}
    return GoldArticle.model_validate({"id": f"one {word}", "text": text} | records | fields)


def at(text: str, words: str) -> Evidence:
    """Evidence for the first occurrence of these words; of the first character for none."""
    start = max(0, text.find(words))
    end = start + len(words) if words in text else 1
    return Evidence(start=start, end=end, exact=text[start:end])


def predicted(text: str = TEXT, word: str = "Lima") -> Summary:
    """A summary with the meeting, a spurious call and the agreement."""
    sides = [("Ana Ruiz", "ESP"), ("José Quispe", "PER")]
    people = [
        Participant(
            name=name,
            office=word,
            party=Party(code=code, kind="state", as_written=word),
            evidence=[at(text, name)],
        )
        for name, code in sides
    ]
    said = Statement(kind="assertion", text=word, evidence=[at(text, word)])
    meeting = Engagement(
        id="e1",
        type="meeting",
        status="held",
        laterality="bilateral",
        name=word,
        participants=people,
        place=Place(name=word, evidence=at(text, word)),
        date=DateValue(text=word, edtf=word, basis="explicit"),
        outcomes=[said],
        evidence=[at(text, "met")],
    )
    call = meeting.model_copy(
        update={
            "id": "e2",
            "type": "call",
            "participants": [Participant(name="Lu Wen", evidence=[at(text, "Lu Wen")])],
            "evidence": [at(text, "telephoned")],
        }
    )
    accord = Agreement(
        id="a1",
        title=word,
        type="agreement",
        parties=[p.party for p in people if p.party],
        status="signed",
        evidence=[at(text, "Reef Accord")],
    )
    return Summary(
        abstract=word,
        engagements=[meeting, call],
        agreements=[accord],
        source=Source(sha256=""),
        report=Report(model=word, prompt=word),
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_of_an_article_acts_in_the_page(payload: str) -> None:
    """An article, a model or a gold file could run a script in the browser of who measures."""
    text = f"{TEXT} {payload} {TEXT}"
    article, summary = gold(text, payload), predicted(text, payload)
    error = InvalidReply(payload, payload)
    pairs = [(article, summary), (article.model_copy(update={"id": f"two {payload}"}), error)]
    this = score(pairs)
    other = score([(article, predicted(text, f"{payload}!")), (pairs[1][0], None)])
    html = page(this, pairs, comparison=compare(this, other))
    reader = safe(html)
    assert reader.texts == [text, text]
    assert payload in reader.data


@given(st.text())
@example("\u202eabc\u2066\u200b\u0000\ufeff")
@example("\U000e0041\U000e0042<b>")
@example("\ud800 \U0001f468\u200d\U0001f469")
@example("\r\n\x85\u2028")
def test_every_text_is_shown_as_it_is(text: str) -> None:
    """A text would be changed, break the page, or hide and turn round what stands beside it."""
    html = tag("p", text, title=text)
    reader = Reader(html)
    attributes = reader.tags[0][1]
    assert {t for t, _ in reader.tags} <= {"p", "span"}
    assert attributes["title"] == plain(text)
    assert not set("\u202e\u2066\u200b\u0000\ufeff\ud800") & set(html)
    visible = re.sub(r'<span class="odd" [^>]*>[^<]*</span>', "", html)
    assert Reader(visible).data == "".join(c for c in text if plain(c) == c)


def test_what_is_not_to_be_seen_is_seen() -> None:
    """A hidden order in an article would be hidden on the page about it as well."""
    assert "202E" in shown("a\u202eb")
    assert "RIGHT-TO-LEFT OVERRIDE" in shown("\u202e")
    hidden = "".join(chr(0xE0000 + ord(c)) for c in "obey <me>")
    assert "tags: obey &lt;me&gt;" in shown(f"x{hidden}y")
    assert shown("क्‍ष, a\tb\nc") == "क्‍ष, a\tb\nc"


def test_markup_is_only_what_was_made_as_such() -> None:
    """A string that looks like markup would be taken for it, or an attribute's name be made up."""
    assert tag("b", "<i>", Html("<i></i>")) == "<b>&lt;i&gt;<i></i></b>"
    assert tag("a", "x", href='#"><b>', class_=None) == '<a href="#&quot;&gt;&lt;b&gt;">x</a>'
    for name in ("b onclick", "b><i", ""):
        with pytest.raises(ValueError, match="no name of HTML"):
            tag(name)


@given(st.integers(0, 120), st.integers(0, 120), st.sampled_from(["met", "Lima", "nowhere"]))
def test_segments_are_the_text(start: int, length: int, word: str) -> None:
    """A mark beyond the text's end, or one on top of another, would lose or double words."""
    strange = Evidence(start=start, end=start + length, exact="")
    summary = predicted(word=word)
    meeting = summary.engagements[0].model_copy(update={"evidence": [strange]})
    told = summary.model_copy(update={"engagements": [meeting]})
    parts = segments(TEXT, pairs_of(gold(word=word), told))
    assert "".join(part.text for part in parts) == TEXT


def test_the_article_is_marked_where_gold_and_prediction_point() -> None:
    """A reader could not see what was found, what is missing and what was made up."""
    marked = {
        part.text: ({mark.side for mark in part.marks}, {mark.fate for mark in part.marks})
        for part in segments(TEXT, pairs_of(gold(), predicted()))
        if part.marks
    }
    assert marked["Ana Ruiz"] == ({"gold", "predicted"}, {"found"})
    assert marked["met"] == ({"predicted"}, {"found"})
    assert marked["Lu"] == ({"gold", "predicted"}, {"missing", "spurious"})
    assert marked["telephoned"] == ({"predicted"}, {"spurious"})


def test_figures_records_and_findings_are_on_the_page() -> None:
    """The page would leave out what it is opened for."""
    article = gold()
    pairs = [(article, predicted()), (article.model_copy(update={"id": "two"}), None)]
    evaluation = score(pairs)
    html = page(evaluation, pairs, comparison=compare(evaluation, evaluation))
    data = safe(html).data
    for words in (
        "engagements, lenient",
        "participant party",
        "of those found",
        "majority",
        "Status of engagements",
        "missing engagement",
        "spurious engagement",
        "articles changed: 0",
        "No summary".lower(),
    ):
        assert words in data, words
    assert html == page(evaluation, pairs, comparison=compare(evaluation, evaluation))


def test_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--html` would write nothing, or to another place than it says."""

    class Reading:
        def __init__(self, **_: object) -> None:
            pass

        def summarise(self, text: str, *, published: object = None) -> Summary:
            return predicted(text)

    monkeypatch.setattr(communique, "Summariser", Reading)
    monkeypatch.chdir(tmp_path)
    content = gold().model_dump(mode="json") | {"text": f"{TEXT} \ud800"}
    (tmp_path / "one.json").write_text(json.dumps(content), encoding="utf-8")
    assert main([str(tmp_path), "--html", str(tmp_path / "page.html")]) == 0
    assert "Ana Ruiz" in safe((tmp_path / "page.html").read_text(encoding="utf-8")).data
    assert main([str(tmp_path), "--html"]) == 0
    assert (tmp_path / "evaluation.html").exists()
    assert main([str(tmp_path), "--html", str(tmp_path / "no" / "page.html")]) == 2
