"""From what a user gives to articles: by name, in order, and nothing in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from communique import Article, ConfigurationError, InternalError, InvalidArticle, articles_in
from communique.intake import fault, take


def names(folder: Path, pattern: str = "*") -> list[str]:
    """The names of what is found, in order."""
    return [path.relative_to(folder).as_posix() for path in articles_in(folder, pattern)]


def fill(folder: Path, *paths: str) -> None:
    """Make files, with the folders above them."""
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("They met in Oslo.", encoding="utf-8")


def test_the_files_below_a_folder_in_order(tmp_path):
    """If this failed, a second run would see other articles, or another order, than the first."""
    fill(tmp_path, "b.txt", "a/2.txt", "a/1.txt", "a/deep/x.txt", "c.md")
    assert names(tmp_path) == [
        "a/1.txt",
        "a/2.txt",
        "a/deep/x.txt",
        "b.txt",
        "c.md",
    ]


def test_some_of_them(tmp_path):
    """If this failed, a folder's notes and pictures would be read as articles."""
    fill(tmp_path, "a.txt", "b.md", "sub/c.txt", "sub.txt/d.txt")
    found = names(tmp_path, "*.txt")
    assert found == ["a.txt", "sub/c.txt", "sub.txt/d.txt"]


def test_a_loop_ends_and_is_told(tmp_path):
    """If this failed, a link to the folder above would be walked for ever, or hide silently."""
    fill(tmp_path, "a.txt", "sub/b.txt")
    (tmp_path / "sub" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to("self")
    assert names(tmp_path) == [
        "a.txt",
        "self",
        "sub/b.txt",
        "sub/up",
    ]
    failed = {path.name for path in articles_in(tmp_path) if take(path, 0).failure is not None}
    assert failed == {"self", "up"}


def test_a_link_to_elsewhere_is_followed(tmp_path):
    """If this failed, articles that are linked into a folder would be left out."""
    fill(tmp_path, "there/a.txt")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "there", target_is_directory=True)
    assert names(tmp_path / "here") == ["link/a.txt"]


def test_a_folder_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    """If this failed, the articles in it would be missing, and nobody would know."""
    fill(tmp_path, "a.txt", "shut/b.txt")
    good = Path.iterdir

    def iterdir(path: Path):
        if path.name == "shut":
            raise PermissionError(path)
        return good(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert names(tmp_path) == ["a.txt", "shut"]


def test_a_folder_must_be_one(tmp_path):
    """If this failed, a wrong path would be a run over nothing."""
    fill(tmp_path, "a.txt")
    for wrong in (tmp_path / "a.txt", tmp_path / "none"):
        with pytest.raises(ConfigurationError, match="is no folder"):
            articles_in(wrong)


def test_a_folder_may_be_named_by_a_string(tmp_path):
    """If this failed, the name of a folder would need to be wrapped first."""
    fill(tmp_path, "a.txt")
    assert [path.name for path in articles_in(str(tmp_path))] == ["a.txt"]


def test_whose_name_an_article_has(tmp_path):
    """If this failed, an outcome could not be laid to its article."""
    fill(tmp_path, "a.txt")
    text = "They met in Oslo."
    digest = f"sha256:{Article(text).sha256[:16]}"
    given = {
        text: digest,
        Article(text): digest,
        Article(text, id="7", url="https://a.example"): "7",
        Article(text, url="https://a.example"): "https://a.example",
        tmp_path / "a.txt": str(tmp_path / "a.txt"),
        tmp_path / "none": str(tmp_path / "none"),
        "": f"sha256:{'e3b0c44298fc1c14'}",
        "a\ud800": "item:4",
        None: "item:4",
        7: "item:4",
    }
    assert {item: take(item, 4).article_id for item in given} == given


@given(
    st.one_of(
        st.text(max_size=50),
        st.binary(max_size=50),
        st.none(),
        st.integers(),
        st.lists(st.text(max_size=3), max_size=3),
    )
)
def test_whatever_is_given_is_an_article_or_a_failure(item):
    """If this failed, one odd thing in a table would end a run."""
    taken = take(item, 0)
    assert (taken.article is None) == isinstance(taken.failure, InvalidArticle)
    assert taken.article_id


def test_a_fault_is_told_without_its_words():
    """If this failed, an article's words would get into logs by way of an error."""
    with pytest.raises(ValueError, match="secret") as caught:
        int("the minister's secret")
    failure = fault("n7", caught.value)
    assert failure.__cause__ is caught.value
    assert isinstance(failure, InternalError)
    assert "ValueError (test_intake.py:" in failure.what
    assert "n7" in failure.what
    assert "secret" not in str(failure)
