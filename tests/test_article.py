"""Articles: what is accepted, and how a text falls into items, sentences and passages."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import os
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from communique.article import MAX_CHARACTERS, MAX_SENTENCE, Article, article_of
from communique.errors import ConfigurationError, InvalidArticle
from communique.schemas import Span

SEED = Path(__file__).parent.parent / "seeds" / "000_e5b3391f3894ea28.txt"

FIRST = (
    "Norway's foreign minister received her Estonian colleague in Oslo on Monday.\n\n"
    "They spoke about the Baltic Sea and about fishing quotas.\n\n"
    "A joint working group will meet in March. The talks lasted two hours."
)
SECOND = (
    "Finnish President Aino Korhonen visits Latvian Defence College in Riga\n\n"
    "President Aino Korhonen of Finland visited the Latvian Defence College in Riga on Tuesday, "
    "her office said.\n\nShe also met cadets."
)

LISTED = "Memorandum on Port and Fishing Vessel Safety Training for the Crews"

PIECES = [
    *("Gen. ", "Lt. Lee ", "J. ", "U.S. ", "a.", "D-R.I.", "No. 5 ", "ok? ", "end. "),
    *('He said "Yes. No." ', "\u2026", "\u201d", "\u2014", "{{x}}", "x" * 700 + " "),
    *("\n", "\r\n", "\r", "\u2028", "\u2029", "\n\n", "\r\n\r\n", "\x0b", "\x85", "\t", "\u00a0"),
    *("date 2024-11-22 ", "\n---\n", "\n***\n", "\n===\n", "- item\n", "\ufeff", "\u200b"),
    *("e\u0301", "👩‍👩‍👧 ", "مرحبا بك. ", "日本。", "東京で会談した。", "नमस्ते। "),
    *("Singh meets Austin in Hanoi on Friday", "\n\nSingh met Austin in Hanoi on Friday. "),
]
texts = st.one_of(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=40).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
)


def words_of(text: str) -> list[str]:
    """The sentences of a text, as words."""
    article = Article(text, language="en")
    return [article.words(sentence) for sentence in article.sentences]


def accepted(text: str) -> Article:
    """The article of a generated text, passing over the ones that are blank or binary."""
    try:
        return Article(text)
    except InvalidArticle as error:
        assume("empty" not in error.what)
        assume("binary" not in error.what)
        raise


# --- What is accepted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"bytes", "Decode it first"),
        (None, "of type NoneType"),
        (7, "of type int"),
        ("", "empty"),
        (" \n\t\ufeff\u200b ", "empty"),
        (" date 2024-11-22 ", "empty"),
        ("---\n\n***\n", "empty"),
        ("a\ud800b", "lone surrogate at character 1"),
        ("Text\x00text", "binary"),
        ("\x01\x02\x03 PK", "binary"),
        ("a" * (MAX_CHARACTERS + 1), "the limit is 1,000,000"),
    ],
)
def test_refuses_what_is_no_article(text: object, message: str) -> None:
    """A model would be paid to read nothing, or the text could not be sent at all."""
    with pytest.raises(InvalidArticle, match=message):
        Article(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value", ["yesterday", "2024-02-30", "1700-01-01", dt.date(2999, 1, 1), 20241122, float("nan")]
)
def test_refuses_an_impossible_publication_date(value: object) -> None:
    """Every relative date of the article would be resolved against nonsense."""
    with pytest.raises(InvalidArticle, match="publication date"):
        Article("Text.", published=value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    [
        dt.date(2024, 11, 22),
        dt.datetime(2024, 11, 22, 9, 30, tzinfo=dt.UTC),
        "2024-11-22",
        "2024-11-22T09:30:00Z",
    ],
)
def test_takes_every_usual_form_of_a_date(value: dt.date | str) -> None:
    """A caller's date column would have to be converted by hand."""
    assert Article("Text.", published=value).published == dt.date(2024, 11, 22)


@pytest.mark.parametrize("name", ["title", "url", "id"])
def test_refuses_metadata_that_is_not_text(name: str) -> None:
    """A missing cell of a data frame would fail much later, as another library's error."""
    with pytest.raises(InvalidArticle, match=name):
        Article("Text.", **{name: float("nan")})  # type: ignore[arg-type]


def test_an_article_crosses_process_boundaries() -> None:
    """Articles could not be handed to worker processes."""
    article = Article(FIRST, "2024-11-22", title="T", url="https://example.org", id="7")
    assert article.sentences
    copy = pickle.loads(pickle.dumps(article))  # noqa: S301
    assert copy == article
    assert copy.sentences == article.sentences
    with pytest.raises(dataclasses.FrozenInstanceError):
        article.title = "other"  # type: ignore[misc]


def test_sha256_is_that_of_the_utf8_text() -> None:
    """Records could not be matched with the texts that they came from."""
    assert Article("Černochová.").sha256 == hashlib.sha256("Černochová.".encode()).hexdigest()


# --- Files and the three forms of an article


def test_reads_a_file_with_its_line_ends_and_without_its_mark(tmp_path: Path) -> None:
    """Offsets would be off by one for each line, or by the byte-order mark."""
    file = tmp_path / "a.txt"
    file.write_bytes("\ufeffEins.\r\n\r\nZwei.".encode())
    assert Article.read(file).text == "Eins.\r\n\r\nZwei."


def test_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    """A batch would die of an untyped error on one bad file."""
    (tmp_path / "latin.txt").write_bytes("Černá é".encode("utf-16"))
    (tmp_path / "huge.txt").write_bytes(b"a" * (4 * MAX_CHARACTERS + 4))
    for name, message in {
        "none.txt": "There is no file",
        "": "is a directory",
        "latin.txt": "not UTF-8",
        "huge.txt": "longer than",
        "a\0b": "cannot be read",
    }.items():
        with pytest.raises(InvalidArticle, match=message):
            Article.read(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A run over a folder would stand still for ever at a pipe that nobody writes to."""
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(InvalidArticle, match="is a pipe"):
        Article.read(tmp_path / "pipe.txt")


@pytest.mark.parametrize("name", ["a\nb.txt", "a\udcffb.txt", "a\u202etxt.exe"])
def test_a_message_about_a_file_can_be_shown_and_stored(tmp_path: Path, name: str) -> None:
    """A file's name would break a line of a log, or the store that keeps the failure."""
    with pytest.raises(InvalidArticle, match="There is no file") as caught:
        Article.read(tmp_path / name)
    assert str(caught.value).isprintable()


def test_a_str_is_text_and_a_path_is_a_file(tmp_path: Path) -> None:
    """A text that happens to name a file would be replaced by that file's content."""
    file = tmp_path / "a.txt"
    file.write_text("In the file.", encoding="utf-8")
    assert article_of(file).text == "In the file."
    assert article_of(str(file)).text == str(file)
    article = Article("Text.")
    assert article_of(article) is article
    with pytest.raises(InvalidArticle):
        article_of(7)  # type: ignore[arg-type]


def test_an_explicit_date_wins() -> None:
    """The caller's knowledge would lose against a crawler's guess."""
    text = " date 2024-11-22 Text."
    assert article_of(text).published == dt.date(2024, 11, 22)
    assert article_of(text, published="2024-11-20").published == dt.date(2024, 11, 20)
    known = Article("Text.", "2024-01-01", title="T")
    assert article_of(known, published="2024-01-02").published == dt.date(2024, 1, 2)
    assert article_of(known, published="2024-01-02").title == "T"


# --- The crawler prefix


def test_the_prefix_is_no_part_of_the_body() -> None:
    """The prefix would be read as the first words of the first sentence."""
    article = Article(" date 2024-11-22 Singh met Austin.")
    assert article.text[article.body_start :] == "Singh met Austin."
    assert words_of(article.text) == ["Singh met Austin."]


@pytest.mark.parametrize(
    "text", ["date 2024-02-30 x.", "The date 2024-11-22 x.", "date 3024-01-01 x."]
)
def test_an_impossible_prefix_is_text(text: str) -> None:
    """A sentence would lose its beginning to something that only looks like a prefix."""
    article = Article(text)
    assert article.published is None
    assert article.body_start == 0


# --- Language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The ministers met in Oslo and agreed that the talks will go on.", "en"),
        ("Les ministres se sont réunis à Oslo et ont décidé de poursuivre les pourparlers.", "fr"),
        ("Los ministros se reunieron en Oslo y acordaron que las conversaciones sigan.", "es"),
        ("Die Minister trafen sich in Oslo und wollen mit den Gesprächen fortfahren.", "de"),
        ("岸田首相は東京で会談した。", "ja"),
        ("两国外长在北京举行会谈。", "zh"),
        ("التقى الوزيران في الدوحة.", "ar"),
        ("रक्षा मंत्री ने बैठक की।", "hi"),
        ("Министры встретились, чтобы обсудить рыболовство.", "ru"),
        ("Міністри зустрілися в Києві.", "uk"),
        ("Oslo Tallinn Riga", None),
        ("12:30", None),
    ],
)
def test_sees_the_language(text: str, language: str | None) -> None:
    """Sentences would be cut, and months read, by the rules of another language."""
    assert Article(text).language == language


def test_a_given_language_is_kept() -> None:
    """The caller's tag would be replaced by a guess."""
    assert Article("The end of the day.", language="pt_BR").language == "pt-BR"
    with pytest.raises(InvalidArticle, match="BCP 47"):
        Article("Text.", language="no tag!")


# --- Paragraphs


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\r\r", "\u2029", "\n \t\n", "\n"])
def test_a_paragraph_ends_at_any_line_end(end: str) -> None:
    """Texts from other systems would be one endless paragraph."""
    article = Article(f"One sentence. Another.{end}A second paragraph.")
    assert [article.words(p) for p in article.paragraphs] == [
        "One sentence. Another.",
        "A second paragraph.",
    ]


def test_wrapped_lines_are_one_paragraph() -> None:
    """A mail's lines would each be taken for a sentence."""
    text = (
        "The ministers of both countries met on Tuesday in the old\n"
        "town hall of Tartu, where they spoke about grain, rails and\n"
        "a bridge that has been closed for repairs since last\n"
        "spring. They will meet again."
    )
    assert len(Article(text).paragraphs) == 1
    assert len(Article(text).sentences) == 2


def test_a_list_keeps_its_lines() -> None:
    """The entries of a list of participants would run into one another."""
    text = "Present were:\n- Prime Minister Kallas\n- President Karis\nThe talks went on."
    assert len(words_of(text)) == 4


# --- Sentences


@pytest.mark.parametrize(
    "text",
    [
        "He met Secretary Lloyd J. Austin in Vientiane.",
        "They saw Gen. Milley and Lt. Gen. Lee there.",
        "The U.S. Secretary of Defense and the U.K. Foreign Secretary spoke.",
        "It was Sen. Jack Reed, D-R.I. and chairman, who asked.",
        "With Mrs. X. Amb. Jones was also present.",
        "Dr. S. Jaishankar and J.-P. Raffarin dined.",
        "It cited Resolution No. 2231 and Art. 5 on Nov. 21 again.",
        "The call began at approx. five in the morning.",
        "A. B. Vajpayee wrote it.",
    ],
)
def test_no_sentence_ends_after_an_initial_or_a_title(text: str) -> None:
    """A name would be cut in two, and could not be found in either passage."""
    assert words_of(text) == [text]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("He left the U.S. The visit was short.", 2),
        ("She went. He stayed! Why? Nobody knows.", 4),
        ("日本。中国はそう。", 2),
        ("नमस्ते। दुनिया।", 2),
        ("A Headline Without A Stop\n\nThe text follows.", 2),
        ('He said: "We did it. We won." Then he left.', 2),
    ],
)
def test_sentences_end_where_they_end(text: str, count: int) -> None:
    """Repairs would join what belongs apart."""
    assert len(words_of(text)) == count


@pytest.mark.parametrize("word", ["word ", "word", "語", "e\u0301", "👩‍👩‍👧"])
def test_an_endless_sentence_is_cut(word: str) -> None:
    """A table without punctuation would overflow the model's context."""
    article = Article(word * 2000)
    assert max(s.end - s.start for s in article.sentences) <= MAX_SENTENCE
    assert all(article.words(s)[0] not in "\u0301\u200d" for s in article.sentences)


# --- Items


def test_the_seed_holds_two_items() -> None:
    """The second article's headline would be told as the end of the first one's last sentence."""
    article = article_of(SEED)
    first, second = article.items
    assert article.words(first).endswith("in various spheres in recent years.")
    assert article.words(second).startswith("Defence Minister Rajnath Singh meets US Secretary")
    assert article.words(article.sentences[0]).startswith("Defence Minister Rajnath Singh met")
    assert article.published == dt.date(2024, 11, 22)


@pytest.mark.parametrize(
    "between",
    [
        " ",
        "\n\n",
        "\n---\n",
        "\n\n* * *\n\n",
        "\n\n===\n\n",
        "\n\n\n date 2024-12-03 ",
        "\ndate 2024-12-03\n",
    ],
)
def test_finds_concatenated_articles(between: str) -> None:
    """Two articles would be read as one, and their people mixed."""
    article = Article(FIRST + between + SECOND)
    assert [article.words(item) for item in article.items] == [FIRST, SECOND]


def test_a_line_of_words_separates_nothing() -> None:
    """A heading that is underlined would be an article of its own."""
    assert len(Article(f"{FIRST}\n\nNext steps\n----------\n{FIRST}").items) == 1


@pytest.mark.parametrize(
    "text",
    [
        FIRST,
        SECOND,
        # A site's name, a headline and its story.
        f"The Daily Example\n\n{SECOND}",
        # Subheadings, the second one partly taken up.
        f"{FIRST}\n\nBackground to the talks\n\nThe two countries have met before.",
        f"{FIRST}\n\nRelations with Sweden and Denmark\n\nRelations with Sweden are good.",
        f"{FIRST}\n\nMinister meets Swedish colleague\n\nMeeting the Swedish minister, she ate.",
        # Lists, cut-off last lines, and lines that are no headlines.
        f"{FIRST}\n\nMemorandum on Port and Fishing Vessel Safety Rules\n\n{LISTED}\n\nEnd.",
        f"{FIRST} She then travelled to Riga\n\nShe then travelled to Riga and Vilnius by train.",
        f"{FIRST} Contact the press office in Oslo\n\nAll rights are reserved.",
    ],
)
def test_one_article_is_one_item(text: str) -> None:
    """An ordinary article would be torn at its subheadings."""
    assert len(Article(text).items) == 1


def test_an_item_has_its_own_date() -> None:
    """Monday in the second article would be resolved against the first one's date."""
    text = f" date 2024-11-22 {FIRST}\n\n date 2024-12-03 {SECOND}"
    article = Article(text)
    dates = [article.published_of(i) for i in range(2)]
    assert dates == [dt.date(2024, 11, 22), dt.date(2024, 12, 3)]
    assert Article(text, "2025-01-01").published_of(1) == dt.date(2025, 1, 1)
    assert article.item_at(article.text.index("Finnish")) == 1


# --- Passages


def test_a_text_that_fits_is_one_passage() -> None:
    """A large model would be asked twice for nothing."""
    article = article_of(SEED)
    (passage,) = article.passages(100_000)
    assert passage.span == Span(start=article.items[0].start, end=article.items[1].end)
    assert passage.sentences == tuple(article.sentences)


@pytest.mark.parametrize("size", [400, 600, 1000, 2000, 4000])
def test_passages_are_balanced_and_keep_to_items(size: int) -> None:
    """A tiny last passage would lack all context, a mixed one would confuse two articles."""
    article = article_of(SEED)
    for passage in article.passages(size):
        item = article.items[passage.item]
        length = passage.span.end - passage.span.start
        assert item.start <= passage.span.start <= passage.span.end <= item.end
        assert length <= size or len(passage.sentences) == 1
    one = Article(" ".join(f"Sentence number {n} of the speech." for n in range(10, 60)))
    lengths = [p.span.end - p.span.start for p in one.passages(size)]
    assert min(lengths) * 2 >= max(lengths)


def test_a_passage_of_no_size_is_refused() -> None:
    """A wrong setting would loop or fail far away."""
    with pytest.raises(ConfigurationError):
        Article("Text.").passages(0)


def test_a_passage_is_halved_until_it_cannot_be() -> None:
    """A truncated reply would be asked for again, at the same length, for ever."""
    article = article_of(SEED)
    (whole,) = article.passages(100_000)
    first, second = article.halve(whole, 4)
    assert (first.index, second.index) == (4, 5)
    assert [p.span for p in (first, second)] == article.items
    assert [p.item for p in (first, second)] == [0, 1]
    pending, leaves = [whole], 0
    while pending:
        passage = pending.pop()
        halves = article.halve(passage)
        leaves += not halves
        assert all(
            h.span.end - h.span.start < passage.span.end - passage.span.start for h in halves
        )
        pending += halves
    assert leaves > len(article.sentences)


# --- Any text


def check_order(article: Article, spans: list[Span], holes: str = "") -> None:
    """The spans are true, in order, and leave out nothing but white space and `holes`."""
    at, left_out = article.body_start, []
    for span in spans:
        assert at <= span.start < span.end <= len(article.text)
        words = article.words(span)
        assert words == words.strip()
        left_out.append(article.told[at : span.start])
        at = span.end
    left_out.append(article.told[at:])
    for rest in left_out:
        assert not re.sub(holes, "", rest).strip()


MARKS = r"(?m)[-*=_#~\u2013\u2014\u2500\u2550]|date [0-9]{4}-[0-9]{2}-[0-9]{2}|\ufeff"


@settings(max_examples=200, deadline=None)
@given(texts)
@example("A\u2028.[b\x85”. c")
@example("date 2024-11-22 \r\n\u2029---\u2029x")
def test_every_character_is_in_one_sentence(text: str) -> None:
    """Words would never reach the model, or reach it twice."""
    article = accepted(text)
    check_order(article, article.items, MARKS)
    check_order(article, article.sentences, MARKS)
    check_order(article, article.paragraphs, MARKS)
    inside = [s for i in article.items for s in article.sentences if i.start <= s.start < i.end]
    assert inside == article.sentences
    for item in article.items:
        part = [s for s in article.sentences if item.start <= s.start and s.end <= item.end]
        kept = "".join(article.words(s) for s in part)
        whole = article.words(item)
        assert "".join(kept.split()) == "".join(whole.split())
    assert all(s.end - s.start <= MAX_SENTENCE for s in article.sentences)


@settings(max_examples=200, deadline=None)
@given(texts, st.integers(1, 3000))
def test_every_sentence_is_in_one_passage(text: str, size: int) -> None:
    """A passage would repeat or skip a sentence, or be longer than the model can read."""
    article = accepted(text)
    passages = article.passages(size)
    assert [s for p in passages for s in p.sentences] == article.sentences
    assert [p.index for p in passages] == list(range(len(passages)))
    for passage in passages:
        assert passage.span.start == passage.sentences[0].start
        assert passage.span.end == passage.sentences[-1].end
        assert passage.span.end - passage.span.start <= size or len(passage.sentences) == 1
        halves = article.halve(passage)
        parts = [s for half in halves for s in half.sentences]
        if len(passage.sentences) > 1:
            assert parts == list(passage.sentences)
        elif halves:
            kept = "".join(article.words(part) for part in parts)
            assert "".join(kept.split()) == "".join(article.words(passage.span).split())
        assert all(
            h.span.end - h.span.start < passage.span.end - passage.span.start for h in halves
        )


@settings(max_examples=100, deadline=None)
@given(texts)
def test_the_text_is_kept(text: str) -> None:
    """Offsets would refer to another text than the one that was given."""
    article = accepted(text)
    assert article.text == text
    assert pickle.loads(pickle.dumps(article)) == article  # noqa: S301


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("fr", "S.E. M. Jean Dupont est arrivé le 1er mai. Il repart demain.", 2),
        ("fr", "L'accord (art. 5) a été signé. « C'est un pas. » Il l'a dit.", 3),
        ("es", "El Sr. Pérez viajó a EE. UU. para ver al Dr. Gómez. ¿Firmarán? ¡Sí!", 3),
        ("de", "Am 3. Mai traf Dr. Müller z. B. den König. Der 2. Gipfel begann.", 2),
        ("de", "Im 19. Jahrhundert gab es ihn. Karl III. reiste ab.", 2),
        ("ar", "قال د. أحمد ذلك. هل وقعا الاتفاق؟ نعم! اجتمع أ.د. سالم مع السفير.", 4),
        ("hi", "डॉ. शर्मा और प्रो. वर्मा मिले। क्या समझौता हुआ? वे 3.5 घंटे बैठे।", 3),
        ("zh", "金额为3.5亿美元。他说：“我们同意。”随后签字！", 3),
        ("ja", "「良い会談だった。」と述べた。額は3.5億円だ。", 2),
    ],
)
def test_sentences_of_other_languages_end_where_they_end(
    language: str, text: str, count: int
) -> None:
    """A title, an ordinal or a quotation would cut a sentence in two, or two would be one."""
    article = Article(text, language=language)
    assert len(article.sentences) == count
    assert "".join(text.split()) == "".join(
        "".join(article.words(s).split()) for s in article.sentences
    )
