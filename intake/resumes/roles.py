"""Words that name an occupation, and those that set internships and studies apart."""

import re
from importlib.resources import files

from intake.resumes.words import WORDS, any_of, folded

_WORD = re.compile(r"[^\W\d_]+(?:[-/][^\W\d_]+)*")
_APART = frozenset(WORDS["roles"]["apart"])
_NOT_APART = re.compile(rf"\b(?:student|intern)s?\W+(?:{any_of(WORDS['roles']['about'])})")


def _read() -> tuple[frozenset[str], tuple[str, ...]]:
    lines = files("intake.resumes").joinpath("roles.txt").read_text(encoding="utf-8").splitlines()
    words = [word.strip() for line in lines if not line.startswith("#") for word in line.split(",") if word.strip()]
    endings = tuple(word[1:] for word in words if word.startswith("-"))
    return frozenset([*(word for word in words if not word.startswith("-")), *endings]), endings


_ROLES, _ENDINGS = _read()


def names_a_role(text: str) -> bool:
    """Whether a text contains a word that names an occupation.

    >>> names_a_role("Senior Softwareentwicklerin"), names_a_role("DevOps Engineer"), names_a_role("Acme GmbH")
    (True, True, False)
    """
    words = [part for word in _WORD.findall(folded(text)) for part in (word, *re.split("[-/]", word))]
    return any(word in _ROLES or word.endswith(_ENDINGS) for word in words)


def is_apart(title: str) -> bool:
    """Whether a title is that of an internship, a training or a study, which is no professional experience.

    >>> is_apart("Software Engineering Intern"), is_apart("Werkstudentin"), is_apart("PhD student supervisor")
    (True, True, False)
    """
    text = folded(title)
    return bool(_APART & set(_WORD.findall(text))) and not _NOT_APART.search(text)
