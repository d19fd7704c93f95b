from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from communique.checking import Check
from communique.drafts import AgreementDraft, MeetingDraft, PassageDraft

PASSAGE = "Norwegian Foreign Minister Kari Dahl met Pedro Rojas in Oslo on Monday."


def draft(
    words: str = "met", who: tuple[str, ...] = (), where: str = "", title: str | None = None
) -> PassageDraft:
    """Return the draft of one meeting, and of one agreement if it has a title."""
    meeting = MeetingDraft(
        words=words, kind="meeting", status="held", who=list(who), event="", when="", where=where
    )
    agreements = []
    if title is not None:
        agreements = [AgreementDraft(title=title, act="signed", between=["Chile"], when="")]
    return PassageDraft(meetings=[meeting], agreements=agreements)


def same(value: object) -> object:
    """Restore nothing."""
    return value


def test_copied_words_pass() -> None:
    """A correct draft would be asked for again, at the user's cost."""
    assert Check(PASSAGE, same)(draft("met", ("Kari  Dahl", "Pedro Rojas"), "Oslo")) == []


def test_each_invention_is_told_with_the_nearest_words() -> None:
    """The model would not learn which of its words are not in the passage, or what is."""
    check = Check(PASSAGE, same)
    told = check(draft("met Kari Dahl in Narnia", ("King Zog",), "", "Treaty of Rome"))
    quoted = [t.split('"')[1] for t in told]
    assert quoted == ["met Kari Dahl in Narnia", "King Zog", "Treaty of Rome"]
    assert "Kari Dahl" in told[0].partition("The nearest words there:")[2]


def test_what_code_can_tell_is_not_asked_again() -> None:
    """A request would be paid for a pronoun, or for parties that the sentence tells anyway."""
    told = Check(PASSAGE, same)(draft("met", ("She", "both countries", "the two leaders")))
    assert told == []


def test_one_complaint_for_words_said_twice() -> None:
    """A re-ask would repeat itself and waste the budget."""
    assert len(Check(PASSAGE, same)(draft("met", ("King Zog", "King Zog"), "King Zog"))) == 1


def test_complaints_are_few() -> None:
    """A draft of inventions would make a re-ask longer than the passage."""
    who = tuple(f"King Zog {n}" for n in range(10))
    assert len(Check(PASSAGE, same)(draft("nothing there", who, "Narnia", "No Treaty"))) == 8


def test_empty_words_are_no_invention() -> None:
    """A field that the model rightly left empty would be complained of."""
    assert Check(PASSAGE, same)(draft("met", ("", "  "))) == []


def test_words_are_compared_as_restored() -> None:
    """Words that were neutralised on their way to the model would count as invented."""

    def restored(value: PassageDraft) -> PassageDraft:
        return value.model_validate_json(value.model_dump_json().replace("OSLO-1", "Oslo"))

    assert Check(PASSAGE, restored)(draft("met", (), "OSLO-1")) == []
    assert len(Check(PASSAGE, same)(draft("met", (), "OSLO-1"))) == 1


@given(st.integers(0, len(PASSAGE)), st.integers(0, len(PASSAGE)), st.text(max_size=40))
def test_complaints_are_sentences_about_the_draft(a: int, b: int, noise: str) -> None:
    """A reply of any shape would raise, or be complained of without its words."""
    told = Check(PASSAGE, same)(draft(PASSAGE[min(a, b) : max(a, b)], (noise,)))
    assert all(" is not in the passage." in t for t in told)
