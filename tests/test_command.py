"""`python -m communique`, and the text that it prints."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

import communique
from communique import __main__ as command
from communique import errors, render
from communique.schemas import (
    Act,
    Agreement,
    Attempt,
    DateValue,
    Engagement,
    EngagementRef,
    Evidence,
    LeftOut,
    Participant,
    Party,
    PassageReport,
    Place,
    Report,
    Source,
    Span,
    Statement,
    Summary,
)
from conftest import ROOT

TEXT = (
    "Minister Ada Byron met her Ruritanian counterpart in Strelsau on Wednesday.\n"
    "\n"
    "The two sides signed a Memorandum of Understanding on Lighthouses (MoU-L).\n"
)
RURITANIA = Party(code=None, kind="state", as_written="Ruritanian")
INDIA = Party(code="IND", kind="state", as_written="Indian")


def evidence(words, text=TEXT):
    """Point at the first occurrence of words."""
    start = text.index(words)
    end = start + len(words)
    before, after = text[max(start - 32, 0) : start], text[end : end + 32]
    return Evidence(start=start, end=end, exact=words, prefix=before, suffix=after)


DATE = DateValue(
    text="on Wednesday",
    edtf="2024-11-20",
    basis="relative",
    start=dt.date(2024, 11, 20),
    end=dt.date(2024, 11, 20),
    evidence=evidence("on Wednesday"),
)
MEETING = Engagement(
    id="e1",
    type="meeting",
    status="held",
    laterality="bilateral",
    name="Strelsau Talks",
    participants=[
        Participant(name="Ada Byron", office="Minister", party=INDIA, role="visitor"),
        Participant(name=None, office="counterpart", party=RURITANIA),
    ],
    date=DATE,
    place=Place(name="Strelsau", country="RUR", evidence=evidence("Strelsau")),
    outcomes=[
        Statement(
            kind="commitment",
            by=[INDIA, RURITANIA],
            text="to meet again",
            evidence=[evidence("The two sides")],
        )
    ],
    part_of=EngagementRef(id="e2", relation="on_sidelines_of"),
    evidence=[evidence("met")],
)
ACCORD = Agreement(
    id="a1",
    title="Memorandum of Understanding on Lighthouses",
    acronym="MoU-L",
    type="memorandum",
    parties=[INDIA, RURITANIA],
    acts=[Act(kind="signed", by=[INDIA], evidence=[evidence("signed")])],
    status="signed",
    evidence=[evidence("Memorandum of Understanding on Lighthouses")],
)
REPORT = Report(
    model="local",
    prompt="read/1",
    attempts=[
        Attempt(passage=0, number=1, outcome="valid", prompt_tokens=321, completion_tokens=45),
        Attempt(passage=1, number=1, outcome="valid", prompt_tokens=300, cached=True, seconds=0.1),
    ],
    passages=[PassageReport(index=i, span=Span(start=0, end=9), fate="read") for i in (0, 1)],
    left_out=[LeftOut(what="date", words="last May", reason="not in the article", passage=1)],
    notes=["The abstract is the article's first sentence."],
    seconds=12.34,
)
SUMMARY = Summary(
    abstract="Minister Ada Byron met her Ruritanian counterpart in Strelsau.",
    engagements=[MEETING],
    agreements=[ACCORD],
    source=Source(sha256="0" * 64, published=dt.date(2024, 11, 22), title="Lighthouses"),
    report=REPORT,
)
FAILED = PassageReport(index=1, span=Span(start=77, end=150), fate="failed", error="Timed out.")
PARTIAL = SUMMARY.model_copy(
    update={"report": REPORT.model_copy(update={"passages": [REPORT.passages[0], FAILED]})}
)


class Terminal(io.TextIOWrapper):
    """A standard stream that says it is a terminal."""

    def __init__(self):
        super().__init__(io.BytesIO(), encoding="utf-8", newline="")

    def isatty(self):
        return True

    def shown(self):
        self.flush()
        return self.buffer.getvalue().decode()


class Fake:
    """A `Summariser` that answers, or raises, what it is told, and remembers what it was given."""

    def __init__(self, answer):
        self.answer = answer
        self.options, self.article, self.published = None, None, None

    def __call__(self, *, progress=None, **options):
        self.options, self.progress = options, progress
        return self

    def summarise(self, article, *, published=None):
        self.article, self.published = article, published
        if self.progress:
            for done in range(3):
                self.progress(done, 2)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def run(monkeypatch, capsysbinary, tmp_path):
    """Run the command in this process on TEXT; give its exit code, output and errors."""
    path = tmp_path / "article.txt"
    path.write_bytes(TEXT.encode())

    def run(*arguments, answer=SUMMARY, file=str(path)):
        run.fake = Fake(answer)
        monkeypatch.setattr(communique, "Summariser", run.fake, raising=False)
        code = command.main([file, *arguments])
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


# The text.


def test_text_tells_every_field():
    """If this failed, a reader of the text would miss something that the records hold."""
    assert render.text(SUMMARY, TEXT) == (
        """\
title         Lighthouses
published     2024-11-22
sha256        0000000000000000000000000000000000000000000000000000000000000000

Minister Ada Byron met her Ruritanian counterpart in Strelsau.

ENGAGEMENTS (1)

e1  meeting, held, bilateral, focal
    name          Strelsau Talks
    date          2024-11-20 "on Wednesday" (relative)
    place         Strelsau, RUR
    participants  Ada Byron    Minister     IND           visitor
                  (not named)  counterpart  "Ruritanian"  principal
    part of       e2 (on sidelines of)
    outcome       commitment by IND, "Ruritanian": to meet again
                    line 3: … in Strelsau on Wednesday. «The two sides» signed a Memorandum of …
    evidence      line 1: Minister Ada Byron «met» her Ruritanian counterpart in …

AGREEMENTS (1)

a1  memorandum, signed
    title         Memorandum of Understanding on Lighthouses (MoU-L)
    date          not stated
    parties       IND, "Ruritanian"
    act           signed by IND
                    line 3: … on Wednesday. The two sides «signed» a Memorandum of Understanding …
    evidence      line 3: … The two sides signed a «Memorandum of Understanding on Lighthouses»
                  (MoU-L).

LEFT OUT (1)
  - date "last May": not in the article (passage 1)

NOTES (1)
  - The abstract is the article's first sentence.

model local · prompt read/1 · 2 of 2 passages read · 2 requests (1 from the store) · 321 + 45 tokens
· 12.3 s
"""
    )


def test_text_of_nothing_says_so():
    """If this failed, an article without engagements would look like a broken run."""
    empty = Summary(abstract="", source=Source(sha256="0" * 64))
    shown = render.text(empty, "")
    assert "(no abstract)" in shown
    assert "ENGAGEMENTS (none)" in shown
    assert "AGREEMENTS (none)" in shown
    assert "published     not known" in shown


def test_text_tells_a_postponed_date_and_an_unresolved_one():
    """If this failed, a new date or a date without a value would be lost."""
    late = DATE.model_copy(update={"edtf": None, "basis": "unresolved", "modifier": "late"})
    moved = MEETING.model_copy(update={"status": "postponed", "date": late, "new_date": DATE})
    shown = render.text(SUMMARY.model_copy(update={"engagements": [moved]}), TEXT)
    assert 'date          late ? "on Wednesday" (unresolved)' in shown
    assert 'new date      2024-11-20 "on Wednesday" (relative)' in shown


def test_text_tells_what_was_not_read():
    """If this failed, missing records would be taken for an article that tells of none."""
    assert "NOT READ (1)\n  - passage 1, line 3: Timed out.\n" in render.text(PARTIAL, TEXT)


def test_long_cells_are_wrapped_in_their_columns():
    """If this failed, a long office would break the table or be cut."""
    office = "Minister for Defence Industry and Capability Delivery of the Commonwealth " * 2
    one = Participant(name="Ada Byron", office=office.strip(), party=INDIA)
    meeting = MEETING.model_copy(update={"participants": [one]})
    shown = render.text(SUMMARY.model_copy(update={"engagements": [meeting]}), TEXT, width=80)
    table = shown[shown.index("participants") : shown.index("    part of")]
    assert max(map(len, table.splitlines())) <= 80
    assert table.count("Commonwealth") == 2
    assert re.search(r"Ada Byron  Minister .* IND  principal\n {29}\S", table)


def test_wide_characters_count_two_columns():
    """If this failed, lines in Chinese, Japanese or Korean would run over the terminal's edge."""
    shown = render.text(SUMMARY.model_copy(update={"abstract": "外" * 90}), TEXT, width=100)
    assert "外" * 50 + "\n" + "外" * 40 + "\n" in shown


@given(st.text(max_size=200), st.integers(0, 130))
def test_no_control_character_and_no_long_line(words, width):
    """If this failed, an article could write to the reader's terminal, or break its lines."""
    place = Place(name=words, evidence=Evidence(start=0, end=0, exact=words, suffix=words))
    meeting = MEETING.model_copy(
        update={
            "name": words,
            "place": place,
            "participants": [Participant(name=words, office=words, party=RURITANIA)],
            "evidence": [place.evidence],
        }
    )
    left = LeftOut(what="office", words=words, reason=words)
    report = Report(model=words, prompt=words, left_out=[left], notes=[words], passages=[FAILED])
    changes = {"abstract": words, "engagements": [meeting], "report": report}
    shown = render.text(SUMMARY.model_copy(update=changes), words, width=width)
    hidden = {c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    assert hidden <= set("\n\u00ad\u200c\u200d")
    assert all(render._columns(line) <= max(width, 50) for line in shown.splitlines())


@given(st.text())
def test_visible_leaves_nothing_that_acts_and_loses_nothing(words):
    """If this failed, an escape would be ambiguous about what else it changed."""
    shown = render.visible(words)
    assert render.visible(shown) == shown
    assert [c for c in words if c.isalnum()] == [
        c
        for c in re.sub(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[rtn])", "", shown)
        if c.isalnum()
    ] or "\\" in words


def test_visible_shows_escapes_and_overrides():
    """If this failed, an ESC sequence or a bidirectional override would act on the terminal."""
    assert render.visible("a\x1b[2J\u202eb\u200d\x9b\ud800\n") == (
        "a\\x1b[2J\\u202eb\u200d\\x9b\\ud800\n"
    )


# The command.


def test_text_is_printed(run):
    """If this failed, the plainest call would not print the text."""
    assert run() == (0, render.text(SUMMARY, TEXT), "")


def test_options_reach_the_summariser(run, tmp_path):
    """If this failed, an option of the command would be taken and not honoured."""
    store = tmp_path / "store"
    options = ["--model", "openai/m", "--base-url", "http://127.0.0.1:1/v1", "--cache", str(store)]
    run(*options, "--published", "2024-11-22")
    given = {"model": "openai/m", "base_url": "http://127.0.0.1:1/v1", "cache": store}
    assert run.fake.options == given
    assert run.fake.published == dt.date(2024, 11, 22)
    assert run.fake.article.text == TEXT


def test_without_options_the_library_decides(run):
    """If this failed, the command would override the environment's settings with None."""
    run()
    assert run.fake.options == {}
    assert run.fake.published is None


def test_no_cache_is_passed_on(run):
    """If this failed, --no-cache would still answer from the cache."""
    run("--no-cache")
    assert run.fake.options == {"cache": False}


def test_json_is_the_models_own(run):
    """If this failed, what the command prints could not be read back as a Summary."""
    code, out, _ = run("--json")
    assert code == 0
    assert out == SUMMARY.model_dump_json(indent=2) + "\n"
    assert Summary.model_validate_json(out) == SUMMARY


def test_json_escapes_what_would_act_on_a_terminal(run):
    """If this failed, JSON shown on a terminal could reorder or rewrite its lines."""
    words = "a\x1b[2J\u202eb\x9b\u2028\U000e0041ü"
    code, out, _ = run("--json", answer=SUMMARY.model_copy(update={"abstract": words}))
    assert code == 0
    assert "a\\u001b[2J\\u202eb\\u009b\\u2028\\udb40\\udc41ü" in out
    assert json.loads(out)["abstract"] == words


def test_timings_can_be_left_out(run):
    """If this failed, two runs on the same replies could not be compared."""
    assert "12.3 s" not in run("--no-timings")[1]
    assert "12.34" not in run("--no-timings", "--json")[1]


def test_standard_input_is_read(run, monkeypatch):
    """If this failed, the command could not stand at the end of a pipe."""
    stdin = io.TextIOWrapper(io.BytesIO("\ufeffGrüße.\n".encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert run(file="-")[0] == 0
    assert run.fake.article.text == "Grüße.\n"


def test_standard_input_that_is_not_text_is_no_article(run, monkeypatch):
    """If this failed, a binary on standard input would end in a traceback."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\x00")))
    code, out, err = run(file="-")
    assert (code, out) == (3, "")
    assert err.startswith("communique: Standard input is not UTF-8.")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidArticle, 3),
        (errors.ConfigurationError, 4),
        (errors.AuthenticationFailed, 5),
        (errors.InvalidReply, 5),
        (errors.BudgetSpent, 5),
        (errors.StorageError, 7),
        (errors.WeightsInvalid, 7),
        (errors.CommuniqueError, 1),
    ],
)
def test_errors_become_exit_codes(run, error, code):
    """If this failed, a script could not tell a wrong file from a wrong key."""
    answer = error("It \x1b[31mbroke.", "Mend it.", report=REPORT)
    expected = (
        "communique: It \\x1b[31mbroke. Mend it.\ncommunique: 2 requests took 321 + 45 tokens.\n"
    )
    assert run(answer=answer) == (code, "", expected)


def test_every_error_has_an_exit_code():
    """If this failed, a new kind of error would end in an exception of the command's own."""
    kinds = [getattr(errors, name) for name in errors.__all__]
    assert all(any(issubclass(k, known) for known, _ in command.EXIT_CODES) for k in kinds)
    codes = {code for _, code in command.EXIT_CODES} | {0, 2, 6, 130}
    assert codes == {int(n) for n in re.findall(r"^  (\d+) ", command.EPILOG, re.MULTILINE)}


def test_a_passage_that_failed_shows_in_the_exit_code(run):
    """If this failed, a script would take half an article for the whole."""
    code, out, _ = run(answer=PARTIAL)
    assert code == 6
    assert "NOT READ (1)" in out


def test_ctrl_c_is_no_traceback(run):
    """If this failed, Ctrl-C would print a traceback."""
    assert run(answer=KeyboardInterrupt()) == (130, "", "communique: Interrupted.\n")


def test_a_file_that_is_not_there_is_told(run, tmp_path):
    """If this failed, a mistyped name would end in a traceback."""
    code, out, err = run(file=str(tmp_path / "none.txt"))
    assert (code, out) == (3, "")
    assert err.startswith("communique: There is no file ")


def test_a_directory_on_standard_input_is_told(run, monkeypatch, tmp_path):
    """If this failed, `communique - < folder` would end in a traceback."""

    class Folder(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, _):
            raise IsADirectoryError(21, "Is a directory")

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Folder())))
    code, out, err = run(file="-")
    assert (code, out) == (3, "")
    assert err.startswith("communique: Standard input cannot be read: ")


@pytest.mark.parametrize("wrong", [["--published", "soon"], ["--cache", "x", "--no-cache"], ["y"]])
def test_wrong_usage_is_told(run, wrong, capsysbinary):
    """If this failed, a mistyped option would be ignored."""
    with pytest.raises(SystemExit) as stopped:
        run(*wrong)
    assert stopped.value.code == 2
    assert b"usage:" in capsysbinary.readouterr().err


def test_progress_is_drawn_on_a_terminal_only(run, monkeypatch):
    """If this failed, a log would fill with bars, or a person would watch nothing for minutes."""
    run()
    assert run.fake.progress is None
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    code, out, _ = run()
    assert code == 0
    assert out == render.text(SUMMARY, TEXT)
    assert "2/2" in stream.shown()


def test_a_narrow_terminal_gets_narrow_lines(run, monkeypatch):
    """If this failed, every line would break twice on a small terminal."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("COLUMNS", "70")
    run()
    assert max(map(len, stream.shown().splitlines())) <= 70


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently there")
def test_a_reader_that_leaves_is_no_error():
    """If this failed, `communique FILE | head` would print a traceback."""
    code = (
        "import sys; from communique import __main__ as command\n"
        "command._print('word ' * 100_000)\n"
        "sys.exit(0)"
    )
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=writing, stderr=-1, env=environment, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_help_imports_nothing_heavy():
    """If this failed, --help would take seconds, and need packages that it does not use."""
    code = (
        "import sys; from communique.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'openai', 'instructor', 'rich', 'babel', 'sentencex'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environment, check=False, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "exit codes:" in done.stdout
