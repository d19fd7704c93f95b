"""Grounding: a quote is found where it stands, and never where it does not."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from communique.grounding import Index, fold, locate

SEED = (Path(__file__).parent.parent / "seeds" / "000_e5b3391f3894ea28.txt").read_text("utf-8")
quick = settings(max_examples=100, deadline=None)


def found(quote: str, text: str, near: int | None = None) -> str | None:
    """The source's words for the quote, checked against its offsets."""
    evidence = locate(quote, text, near=near)
    if evidence is None:
        return None
    assert text[evidence.start : evidence.end] == evidence.exact
    assert text[: evidence.start].endswith(evidence.prefix)
    assert text[evidence.end :].startswith(evidence.suffix)
    assert len(evidence.prefix) == min(32, evidence.start)
    assert len(evidence.suffix) == min(32, len(text) - evidence.end)
    return evidence.exact


# What may differ.

FOLDED = [
    ("met in Vientiane", "They met\n   in\u00a0Vientiane.", "met\n   in\u00a0Vientiane"),
    ("Vientiane talks", "the Vien\u200btiane\u200b talks", "Vien\u200btiane\u200b talks"),
    ("cooperation", "the co\u00adoper\u00adation", "co\u00adoper\u00adation"),
    ("Ministers' Meeting", "the Ministers\u2019 Meeting", "Ministers\u2019 Meeting"),
    ("Ministers Meeting", "the Ministers' Meeting", "Ministers' Meeting"),
    ('a "great friend" to', "a \u201cgreat friend\u201d to us", "a \u201cgreat friend\u201d to"),
    ("a great friend to", "a \u00abgreat friend\u00bb to us", "a \u00abgreat friend\u00bb to"),
    ("Meeting-Plus", "the Meeting\u2013Plus", "Meeting\u2013Plus"),
    ("talks - and", "talks \u2014 and", "talks \u2014 and"),
    ("so... he left", "so\u2026 he left", "so\u2026 he left"),
    ("defence minister", "The DEFENCE Minister", "DEFENCE Minister"),
    ("Gda\u0144sk", "in Gdan\u0301sk.", "Gdan\u0301sk"),
    ("Gdan\u0301sk", "in Gda\u0144sk.", "Gda\u0144sk"),
    ("office", "the o\ufb03ce of", "o\ufb03ce"),
    ("Strasse", "die Stra\u00dfe nach", "Stra\u00dfe"),
    ("\u0130stanbul", "in \u0130stanbul today", "\u0130stanbul"),
    ("I\u0307stanbul", "in \u0130stanbul today", "\u0130stanbul"),
    ("G20", "the \uff27\uff12\uff10 leaders", "\uff27\uff12\uff10"),
    ("US", "the U.S. said", "U.S."),
    ("U.S.", "the US said", "US"),
    ("Lloyd J Austin", "Secretary Lloyd J. Austin spoke", "Lloyd J. Austin"),
    ("Lloyd J. Austin", "Secretary Lloyd J Austin spoke", "Lloyd J Austin"),
    ("Gen Chansamone", "with Gen. Chansamone", "Gen. Chansamone"),
    ("20000 troops", "some 20,000 troops", "20,000 troops"),
    ("20,000 troops", "some 20\u202f000 troops", "20\u202f000 troops"),
    ("1,00,000 people", "for 100,000 people", "100,000 people"),
    ("2024", "\u0641\u064a \u0662\u0660\u0662\u0664 \u0645", "\u0662\u0660\u0662\u0664"),
    ("Singh", "in Singh's view", "Singh"),
    ("Inde", "de l\u2019Inde et", "Inde"),
    ('"he agreed."', "And he agreed, too", "he agreed"),
    ("- Kim Yong Hyun,", "met Kim Yong Hyun on", "Kim Yong Hyun"),
    ("Vientiane Lao PDR", "in Vientiane, Lao PDR, on", "Vientiane, Lao PDR"),
    ("team \U0001f469\u200d\U0001f4bb met", "a team \U0001f469\u200d\U0001f4bb met.", None),
]


@pytest.mark.parametrize(("quote", "text", "exact"), FOLDED)
def test_what_changes_no_meaning_is_folded(quote: str, text: str, exact: str | None) -> None:
    """A typographical difference would cost a true record, or the span would be wrong."""
    assert found(quote, text) == (exact or quote)


SPELLINGS = [
    ("defense", "Defence"),
    ("center", "centre"),
    ("neighboring", "neighbouring"),
    ("modernization", "modernisation"),
    ("license", "licence"),
    ("program", "programme"),
    ("signaling", "signalling"),
    ("fulfill", "fulfil"),
    ("kilometers", "kilometres"),
    ("maneuvers", "manoeuvres"),
    ("analyze", "analyse"),
]


@pytest.mark.parametrize(("american", "british"), SPELLINGS)
def test_british_and_american_spellings_are_one_word(american: str, british: str) -> None:
    """A model that spells in its own way would lose every quote with "defence" in it."""
    assert found(f"the {american} plan", f"In the {british} plan") == f"the {british} plan"
    assert found(f"the {british} plan", f"In the {american} plan") == f"the {american} plan"


DIFFERENT = [
    ("four", "for"),
    ("our", "or"),
    ("hour", "hor"),
    ("tire", "tier"),
    ("tyre", "tire"),
    ("size", "sise"),
    ("prise", "prize"),
    ("storey", "story"),
    ("cheque", "check"),
    ("advise", "advize"),
    ("Grey", "Gray"),
    ("re-sign", "resign"),
    ("louvre", "louver"),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_words_stay_apart(one: str, other: str) -> None:
    """A blanket spelling rule would make two words of one country equal."""
    assert found(f"the {one} there", f"the {other} there") is None
    assert found(f"the {other} there", f"the {one} there") is None


# What may not.

REFUSED = [
    ("will comply", "Iran will not comply with it"),
    ("will not comply", "Iran will comply with it"),
    ("Iran will comply with it", "Iran will not comply with it"),
    ("will sign the treaty", "they will not sign the treaty"),
    ("the minister signed the treaty", "the minister never signed the treaty"),
    ("the minister signed the treaty", "the minister refused to have signed the treaty"),
    ("the minister signed the treaty", "the minister would have signed the treaty"),
    ("the minister signed the treaty", "the minister from Oman signed the treaty"),
    ("the minister signed the treaty", "the minister said 12 men signed the treaty"),
    ("the minister signed the treaty", "the minister with two men signed the treaty"),
    ("the minister signed the treaty", "the minister left. they signed the treaty"),
    ("the minister signed the treaty", "the minister\n\nsomebody signed the treaty"),
    ("the minister ... signed the treaty", "the minister didn't say who signed the treaty"),
    ("the minister ... signed the treaty", "the minister " + "so " * 13 + "signed the treaty"),
    ("the treaty was signed there", "the treaty was to be signed there"),
    ("the envoy met them there", "the envoy's aide met them there"),
    ("the envoys met them there", "the envoys' aides met them there"),
    ("He met Singh. Austin left", "He met Singh Austin left"),
    ("He met Singh Austin left", "He met Singh. Austin left"),
    ("the minister quickly signed", "the minister signed"),
    ("the minister quickly signed", "the minister slowly signed"),
    ("did sign", "they didn't sign"),
    ("did", "they didn't"),
    ("can", "they cannot and can't"),
    ("we sign the deal", "we'll sign the deal"),
    ("le ministre a signé", "le ministre n'a pas signé"),
    ("der Minister hat unterschrieben", "der Minister hat nicht unterschrieben"),
    ("中国同意", "中国不同意"),
    ("भारत जाएगा और", "भारत नहीं जाएगा और"),
    ("$200 million", "Canada will give Ukraine $20 million"),
    ("$20 million", "Canada will give Ukraine $200 million"),
    ("\u20ac20 million", "$20 million"),
    ("$20", "$20 million"),
    ("million", "$20 million"),
    ("two", "two million people"),
    ("five", "twenty-five people"),
    ("20", "in 2024"),
    ("24", "in 2024"),
    ("5", "it is 5.3 now"),
    ("3", "it is 5.3 now"),
    ("5", "it is 5.3bn now"),
    ("1,000", "about 21,000 men"),
    ("000", "about 21 000 men"),
    ("20 000", "about 20 000,5 francs"),
    ("5 degrees", "it is -5 degrees"),
    ("11", "on 2024-11-22 they"),
    ("102", "some 10\u00b2 men"),
    ("1234", "it is 1.234 now"),
    ("20", "\u7ea620\u4e07\u4eba"),
    ("Oman", "a woman"),
    ("Niger", "in Nigeria"),
    ("aligned", "the non-aligned movement"),
    ("minister", "an ex-minister"),
    ("President", "the President-elect"),
    ("Defence Agreement", "Defence Cooperation Agreement"),
    ("e", "cafe\u0301".removeprefix("caf")),
    ("cafe", "a cafe\u0301 there"),
    ("\u0915", "\u0915\u0940"),
    ("", "text"),
    ("   ", "text"),
    ('"\u2026" --', 'text "\u2026" --'),
    ("$", "text $"),
    ("\U0001f642", "text \U0001f642"),
    ("text", ""),
    ("\ud800", "text"),
    ("text", "text \ud800"),
]


@pytest.mark.parametrize(("quote", "text"), REFUSED)
def test_what_changes_the_meaning_is_refused(quote: str, text: str) -> None:
    """A record would rest on words that say something else, or nothing."""
    assert locate(quote, text) is None


CASES = [
    ("US", "he told us so", None),
    ("us", "the US said", None),
    ("us", "the U.S. said", None),
    ("US", "talks with US envoys", "US"),
    ("us", "He told Us so", "Us"),
    ("WHO", "the man who left", None),
    ("who", "the man WHO left", None),
    ("IT sector", "and it sector", None),
    ("May", "it may rain", None),
    ("may", "in early May there", None),
    ("MAY", "in early May there", "May"),
    ("may attend", "May attend: three men", "May attend"),
    ("Polish", "they polish it", None),
    ("turkey", "visiting Turkey now", None),
    ("march", "on 3 March there", None),
    ("the talks may resume", "TALKS STALL\nTHE TALKS MAY RESUME", "THE TALKS MAY RESUME"),
    ("he told us about it", "HE TOLD US ABOUT IT TODAY", "HE TOLD US ABOUT IT"),
    ("Defence ministers", "defence Ministers met", "defence Ministers"),
]


@pytest.mark.parametrize(("quote", "text", "exact"), CASES)
def test_case_is_kept_where_it_makes_another_word(quote: str, text: str, exact: str | None) -> None:
    """The pronoun "us" would ground the United States, and "may" the month."""
    assert found(quote, text) == exact


# Words left out.

SHORTENED = [
    ("He said so", "He quietly said so.", "He quietly said so"),
    ("He ... said so", "He, quietly, said so.", "He, quietly, said so"),
    ("the talks [...] ended well", "the talks on trade ended well", None),
    ("the minister signed the pact", "the minister of defence signed the pact", None),
    ("the two sides \u2026 bilateral ties", "the two sides praised their bilateral ties", None),
    ("he [Singh] said", "Then he said no more", "he said"),
    ("[Singh] said it was good", "he said it was good", "said it was good"),
    ("he was [sic] there", "he was there", "he was there"),
]


@pytest.mark.parametrize(("quote", "text", "exact"), SHORTENED)
def test_a_shortened_quotation_is_found_whole(quote: str, text: str, exact: str | None) -> None:
    """A quote that leaves out harmless words, as editors do, would be lost."""
    assert found(quote, text) == (exact or text)


def test_a_bracket_may_not_carry_meaning() -> None:
    """A model could write "will [not] comply" and have "will comply" for its evidence."""
    assert locate("Iran will [not] comply", "Iran will comply") is None
    assert locate("a sum of [20] dollars", "a sum of dollars") is None
    assert found("will [not] comply", "will [not] comply") == "will [not] comply"


def test_the_closest_wording_wins_over_a_shortened_one() -> None:
    """An exact occurrence later in the text would lose to a looser one before it."""
    text = "The envoy quietly signed it. The envoy signed it."
    assert found("The envoy signed it", text) == "The envoy signed it"


# Several occurrences.


def test_the_first_or_the_nearest_occurrence_is_taken() -> None:
    """Evidence would point into another passage than the one the model read."""
    text = "Singh came. Singh spoke. Singh left."
    starts = [0, 12, 25]
    assert [e.start for e in Index(text).find_all("singh")] == starts
    first = locate("Singh", text)
    assert first is not None
    assert first.start == 0
    for near, start in [(0, 0), (11, 12), (13, 12), (20, 25), (999, 25), (-5, 0)]:
        evidence = locate("Singh", text, near=near)
        assert evidence is not None
        assert evidence.start == start


def test_an_overlapping_occurrence_is_found_when_it_is_the_nearest() -> None:
    """`near` would be off by one in repetitive text."""
    evidence = locate("a a", "a a a", near=2)
    assert evidence is not None
    assert evidence.start == 2


def test_find_all_is_empty_without_a_word() -> None:
    """Punctuation would ground everywhere."""
    assert Index("a, b, c").find_all(",") == []
    assert Index("").find_all("a") == []


def test_evidence_refuses_a_span_outside_the_text() -> None:
    """Slicing would quietly shorten a wrong span."""
    index = Index("some words")
    assert index.evidence(5, 10).exact == "words"
    for start, end in [(-1, 3), (4, 2), (0, 11)]:
        with pytest.raises(ValueError, match="is not in a text"):
            index.evidence(start, end)


# Languages.

LANGUAGES = [
    ("le ministre de la Défense", "Hier, le ministre de la De\u0301fense a rencontré"),
    ("aujourd'hui", "Il a signé aujourd\u2019hui l\u2019accord."),
    ("El ministro español", "¿El ministro español viajó?"),
    ("Verteidigungsminister Müller", "Der Verteidigungsminister Mu\u0308ller traf"),
    ("وزير الدفاع", "التقى وزير الدفاع نظيره في عمان"),
    ("وزير الدفاع", "التقى وزيـــر الدفاع نظيره"),
    ("रक्षा मंत्री", "रक्षा मंत्री राजनाथ सिंह ने"),
    ("国防部长", "中国国防部长董军会见了"),
    ("防衛大臣", "木原防衛大臣は会談した"),
    ("ガ行", "\u30ab\u3099行の"),
    ("국방부 장관", "한국 국방부 장관은"),
    ("국방", unicodedata.normalize("NFD", "한국 국방부 장관은")),
    ("กลาโหม", "รัฐมนตรีว่าการกระทรวงกลาโหมไทย"),
    ("министр обороны", "Вчера Министр обороны прибыл"),
    ("l'accord de pêche", "Ils ont signé l\u2019accord de pêche."),
    ('"Kalter Anker"', "die Übung „Kalter Anker“ begann"),
    ("Lucía Arizmendi", "La ministra LUCÍA ARIZMENDI dijo"),
    ("الهند", "الإمارات والهند"),
    ("اتفاقية الصيد", "علقت العمل باتفاقية الصيد مع إيران"),
    ("وزير الخارجية", "الرئيس ووزير الخارجية"),
    ("أحمد", "قال احمد"),
    ("الاتفاقية", "وقّع الوزيران الاتّفاقية"),
    ("2024", "عام ٢٠٢٤"),
    ("ज़ोमरफेल्ड", "हाइके जोमरफेल्ड से"),
    ("12 नवंबर", "१२ नवंबर को"),
    ("11月20日", "１１月２０日"),
    ("“很好”", "他说：「很好」"),
    ("ハン・ドユン", "韓国のハン・ドユン大統領"),
]


@pytest.mark.parametrize(("quote", "text"), LANGUAGES)
def test_other_languages_are_grounded(quote: str, text: str) -> None:
    """Names in scripts other than plain Latin would be found nowhere, or off by some letters."""
    exact = found(quote, text)
    assert exact is not None
    assert fold(exact) == fold(quote)


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("le Canada a signé", "le Canada n'a pas signé"),
        ("il signera", "il ne signera pas"),
        ("México firmará el acuerdo", "México no firmará el acuerdo"),
        ("hat den Vertrag ratifiziert", "hat den Vertrag nicht ratifiziert"),
        ("ein Abkommen", "kein Abkommen"),
        ("إن تونس وقعت", "إن تونس لم توقع"),
        ("عمان", "النعمانية"),
        ("زير", "وزير الدفاع"),
        ("हस्ताक्षर किए हैं", "हस्ताक्षर नहीं किए हैं"),
        ("राम", "रामपुर"),
        ("已签署协定", "尚未签署协定"),
        ("署名した", "署名していない"),
    ],
)
def test_other_languages_keep_their_negations_and_words(quote: str, text: str) -> None:
    """A refusal would ground its contrary, or a word be found within another."""
    assert locate(quote, text) is None


# What another aligner gets wrong.

PEERS = [
    ("The secretary general of the United Nations", "The secretary general of the United Nations"),
    ("中国国防部长", "中国国防部长"),
    ("President Macron", "Pre\u0301sident".replace("\u0301", "") + " Macron"),
    ("Ukraine's allies", "Ukraine\u2019s allies"),
]


@pytest.mark.parametrize(("quote", "source"), PEERS)
def test_the_whole_span_is_returned_or_nothing(quote: str, source: str) -> None:
    """A partial span ("The" for "The secretary general …") is evidence of nothing."""
    assert found(quote, f"Then {source} \u4e0e others.") == source
    assert locate(quote, "The meeting of the united allies") is None


def test_hostile_input_comes_to_an_end() -> None:
    """One malicious or degenerate article would stop the whole run."""
    words = " ".join(f"w{i}" for i in range(5_000))
    hostile = [
        ("a" * 100_000, "a" * 1_000_000),
        ("a " * 50_000 + "b", "a " * 100_000),
        ("a " * 5_000 + "b", "a " * 100_000 + "b"),
        (words, "word " * 5_100),
        ("us " * 20_000, "US " * 50_000),
        ("x " * 20_000 + "... b", "x " * 50_000 + "b"),
        ("(" * 50_000 + "a", "(" * 200_000 + "a"),
        ("1 000 " * 20_000, "1,000 " * 50_000),
    ]
    for quote, text in hostile:
        found(quote, text)


# The seed.

SEED_QUOTES = [
    "11th ASEAN Defence Ministers' Meeting (ADMM)-Plus",
    "Minister for Defense Industry & Capability Delivery of Australia Pat Conroy",
    "'Road map for Defence Industry Corporation' signed in February 2020",
    "US Secretary of Defense Lloyd J Austin",
    "Singh on Wednesday also held bilaterals with Khaled Nordin",
    "signed - the Security of Supplies Agreement (SOSA)",
]


@pytest.mark.parametrize("quote", SEED_QUOTES)
def test_the_seed_is_grounded(quote: str) -> None:
    """The first article anybody tries would lose its records."""
    exact = found(quote, SEED)
    assert exact is not None
    assert fold(exact) == fold(quote.strip("'"))


def test_nearest_shows_what_the_article_says_instead() -> None:
    """A model that misquoted would be told only that it was wrong."""
    index = Index(SEED)
    shown = index.nearest("He demanded early finalisation of a Defense Cooperation Agreement")
    assert "Defence Cooperation Agreement" in shown
    assert len(shown) <= 200
    assert shown in SEED
    assert index.nearest("zzzzz") == ""
    assert index.nearest("") == ""
    assert Index("").nearest("anything") == ""
    assert "Shermann" in Index("Ms Shermann left.").nearest("Sherman")


# Properties.

LETTERS = "abcdfgkqxzABCDéÉñüßİıﬁ'’-“”,.«»भाकीعبم国ไ한각\u0301\u0327\u200b\u200d\u00a0"
words = st.text(alphabet=LETTERS, min_size=1, max_size=6)
texts = st.lists(words, min_size=1, max_size=25).map(" ".join)


@quick
@given(text=texts, data=st.data())
def test_any_run_of_words_grounds_to_its_like(text: str, data: st.DataObject) -> None:
    """Words copied faithfully would not be found, or found as other words."""
    parts = text.split(" ")
    i = data.draw(st.integers(0, len(parts) - 1))
    j = data.draw(st.integers(i + 1, len(parts)))
    quote = " ".join(parts[i:j])
    exact = found(quote, text, near=len(" ".join(parts[:i])))
    if exact is None:
        assert not any(c.isalnum() for c in quote)
    else:
        letters = [[c for c in fold(words) if c.isalnum()] for words in (exact, quote)]
        assert letters[0] == letters[1]


@quick
@given(text=texts, data=st.data())
def test_a_decomposed_text_grounds_a_composed_quote(text: str, data: st.DataObject) -> None:
    """The form in which a site stores its accents would decide what is found."""
    parts = text.split(" ")
    i = data.draw(st.integers(0, len(parts) - 1))
    quote = " ".join(parts[i : i + 4])
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    asked = unicodedata.normalize("NFC", quote)
    one, other = found(asked, composed), found(asked, decomposed)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


@quick
@given(quote=st.text(max_size=60), text=st.text(max_size=200), near=st.integers(-10, 300))
def test_nothing_raises_and_every_span_slices(quote: str, text: str, near: int) -> None:
    """One odd character would end the article, or put every offset after it off."""
    found(quote, text, near)
    found(text[near % 50 : near % 50 + 20], text, near)
    Index(text).find_all(quote)
    shown = Index(text).nearest(quote)
    assert shown in text
    assert len(shown) <= 200


@quick
@given(text=st.text(max_size=100))
def test_folding_is_blind_to_composition(text: str) -> None:
    """NFC and NFD of the same article would fold to different texts."""
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))


@quick
@given(text=texts, word=st.sampled_from(["not", "never", "will", "may", "17", "Oman", "denied"]))
def test_a_word_that_matters_is_never_skipped(text: str, word: str) -> None:
    """An inserted negation, number or name would go unnoticed."""
    left, right = f"begin {fold(text)}", "went over there"
    inserted = f"{left} {word} {right}"
    exact = found(f"{left} {right}", inserted)
    assert exact is None or word not in exact
