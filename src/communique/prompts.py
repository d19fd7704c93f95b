"""The prompts: versioned Markdown files, and the messages made of them and a passage.

A prompt is a file ``prompts/<name>/v<N>.md`` at the top level of the project. A changed prompt
is a new version, never an edit of a released one. The file holds sections, each introduced by
a line of its own::

    Anything before the first section is for the maintainers.
    ## system
    The constant part.
    ## user
    A worked example's passage, between <<< and >>>.
    ## assistant
    Its answer.
    ## user
    {{notes}}
    {{passage}}

`system` comes first and once, or not at all; `user` and `assistant` alternate; the last section
is a `user` section, and the only one with markers: a line ``{{passage}}``, and before or after
it at most one line ``{{notes}}``. Inside a section, headings start at ``###``.

The template is taken apart at its markers before any word of an article comes near it, and put
together by concatenation: the article reaches the model byte for byte, whatever it holds. It
stands between a line ``<<<`` and a line ``>>>``, which are made longer until they do not occur
in it.

Where the files are: the wheel carries the top-level folder as ``communique/_prompts`` (mapped
in pyproject.toml); in a checkout or an editable install that folder does not exist, and the
top-level ``prompts/`` next to ``src/`` is read instead. Files are read at each `load`, so that
an edit counts at once.
"""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from communique.errors import ConfigurationError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["Prompt", "load"]

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_FILE = re.compile(r"v([1-9][0-9]*)\.md")
_HEADING = re.compile(r"##[ \t]+(.*?)[ \t]*")
_ROLES = frozenset({"system", "user", "assistant"})
_PASSAGE = "{{passage}}"
_NOTES = "{{notes}}"
_SHORTEST = 3
_DIGEST_SHOWN = 8


class _Template(NamedTuple):
    """The constant messages, and the lines of the last one, markers among them."""

    constant: tuple[tuple[str, str], ...]
    last: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a prompt. `digest` is the SHA-256 of its text, in hexadecimal."""

    name: str
    version: int
    text: str
    digest: str

    @property
    def label(self) -> str:
        """Name, version and the first eight digits of the digest: ``read/v1+0a1b2c3d``."""
        return f"{self.name}/v{self.version}+{self.digest[:_DIGEST_SHOWN]}"

    def messages(self, passage: str, *, notes: str = "") -> list[dict[str, str]]:
        """The chat messages that ask for `passage` to be read: ``[{"role", "content"}, …]``.

        Everything but the last message is the same for every passage. `notes` is what the
        caller knows about the passage; its line is left out where there are none. Raises
        `ConfigurationError` where the file is malformed, or has no place for the notes.
        """
        template = _parsed(self.text, self.label)
        if notes and _NOTES not in template.last:
            raise ConfigurationError(
                f"The prompt {self.label} has no place for notes.", f"Add a line {_NOTES} to it."
            )
        opening, closing = _delimiters(passage, notes)
        values = {_PASSAGE: f"{opening}\n{passage}\n{closing}", _NOTES: notes}
        lines = [values.get(line, line) for line in template.last if line != _NOTES or notes]
        messages = [{"role": role, "content": content} for role, content in template.constant]
        messages.append({"role": "user", "content": "\n".join(lines)})
        return messages


def load(name: str, version: int | None = None) -> Prompt:
    """The prompt `name` in `version`, or in its newest version.

    Raises `ConfigurationError` where there is no such prompt or version, or the file is not
    UTF-8 or malformed.
    """
    folder = _root() / name if _NAME.fullmatch(name) else None
    if folder is None or not folder.is_dir():
        raise ConfigurationError(f"There is no prompt {name!r}.", f"Known: {_known()}.")
    files = {
        int(match[1]): file for file in folder.iterdir() if (match := _FILE.fullmatch(file.name))
    }
    number = max(files, default=0) if version is None else version
    if number not in files:
        versions = ", ".join(f"v{n}" for n in sorted(files)) or "none"
        raise ConfigurationError(
            f"The prompt {name!r} has no version {number}.", f"There is: {versions}."
        )
    try:
        text = files[number].read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The prompt {name}/v{number} cannot be read: {error}.", "Restore the file."
        ) from error
    # A checkout on Windows may have other line ends: the same prompt has the same digest.
    text = text.replace("\r\n", "\n")
    prompt = Prompt(name, number, text, hashlib.sha256(text.encode("utf-8")).hexdigest())
    _parsed(text, prompt.label)
    return prompt


def _root() -> Traversable:
    """The folder of the prompts: in the wheel, or at the top level of the checkout."""
    shipped = resources.files("communique") / "_prompts"
    if shipped.is_dir():
        return shipped
    package = Path(__file__).resolve().parent
    checkout = package.parent.parent / "prompts"
    if package.parent.name == "src" and checkout.is_dir():
        return checkout
    raise ConfigurationError(
        "The prompts are missing from this installation.", "Install communique again."
    )


def _known() -> str:
    return ", ".join(sorted(f.name for f in _root().iterdir() if f.is_dir())) or "none"


def _delimiters(passage: str, notes: str) -> tuple[str, str]:
    """A pair of delimiters that occur neither in the passage nor in the notes."""
    runs = re.findall(r"<+|>+", passage) + re.findall(r"<+|>+", notes)
    length = max(_SHORTEST, max(map(len, runs), default=0) + 1)
    return "<" * length, ">" * length


@functools.lru_cache(maxsize=32)
def _parsed(text: str, label: str) -> _Template:
    sections: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        heading = _HEADING.fullmatch(line)
        if heading and heading[1] not in _ROLES:
            raise _malformed(label, f"a section {heading[1]!r}, which is no role")
        if heading:
            sections.append((heading[1], []))
        elif sections:
            sections[-1][1].append(line)
    _check([role for role, _ in sections], label)
    messages = [(role, "\n".join(lines).strip()) for role, lines in sections]
    if not all(content for _, content in messages):
        raise _malformed(label, "an empty section")
    last = tuple(_as_marker(line) for line in messages[-1][1].split("\n"))
    if last.count(_PASSAGE) != 1 or last.count(_NOTES) > 1:
        raise _malformed(label, f"not one line {_PASSAGE} and at most one {_NOTES} at its end")
    outside = [content for _, content in messages[:-1]]
    outside += [line for line in last if line not in {_PASSAGE, _NOTES}]
    if any(marker in content for content in outside for marker in (_PASSAGE, _NOTES)):
        raise _malformed(label, "a marker outside a line of its own in the last section")
    return _Template(tuple(messages[:-1]), last)


def _as_marker(line: str) -> str:
    return line.strip() if line.strip() in {_PASSAGE, _NOTES} else line


def _check(roles: list[str], label: str) -> None:
    """Raise unless the roles are: system or nothing, then user, assistant, …, user."""
    turns = roles[1:] if roles[:1] == ["system"] else roles
    wanted = ["user", "assistant"] * (len(turns) // 2) + ["user"]
    if turns != wanted:
        raise _malformed(label, f"sections in the order {', '.join(roles) or '(none)'}")


def _malformed(label: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"The prompt {label} is malformed: it has {what}.",
        "See the module communique.prompts for the format.",
    )
