"""Headings of the sections of a resume; `headings.txt` lists them in eight languages."""

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from importlib.resources import files


class Section(StrEnum):
    """What a section of a resume is about."""

    SUMMARY = "summary"
    EXPERIENCE = "experience"
    INTERNSHIPS = "internships"
    EDUCATION = "education"
    SKILLS = "skills"
    PROJECTS = "projects"
    CONTACT = "contact"
    WISHES = "wishes"
    LANGUAGES = "languages"
    OTHER = "other"


_JOINT = re.compile(r"\s*(?:&|\+|/|,|\band\b|\bund\b|\bet\b|\by\b|\be\b|\ben\b)\s*")
_EDGES = re.compile(r"^[^\w]+|[^\w]+$")
_NUMBER = re.compile(r"^(?:[ivx]+|\d{1,2})[.)]\s+")
_MAX_LENGTH = 48


def _folded(text: str) -> str:
    """Fold a heading: lower case, no accents, no marks around it, letters that stand apart joined."""
    text = unicodedata.normalize("NFKC", text).strip()
    if re.fullmatch(r"(?:\w )+\w", text):
        text = text.replace(" ", "")
    decomposed = unicodedata.normalize("NFD", text.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return re.sub(r"\s+", " ", _EDGES.sub("", _NUMBER.sub("", bare)))


def _read() -> Iterator[tuple[str, Section]]:
    """Yield every heading of the data file in its folded form, with its section."""
    section = Section.OTHER
    for line in files("intake").joinpath("headings.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = Section(line.strip("[]"))
        elif not line.startswith("#"):
            yield from ((_folded(name), section) for name in line.split(",") if name.strip())


_SECTIONS = dict(_read())
# Letters of a heading may stand apart: "W O R K  E X P E R I E N C E".
_SQUEEZED = {name.replace(" ", ""): section for name, section in _SECTIONS.items() if " " in name}


def section_of(line: str) -> Section | None:
    """Return the section that a line is the heading of; None if it is no heading.

    >>> section_of("EXPÉRIENCE PROFESSIONNELLE"), section_of("2. Skills & Tools:"), section_of("S K I L L S")
    (<Section.EXPERIENCE: 'experience'>, <Section.SKILLS: 'skills'>, <Section.SKILLS: 'skills'>)
    >>> section_of("Experience with Kafka is a plus") is None
    True
    """
    if len(line) > _MAX_LENGTH or "\t" in line.strip():
        return None
    folded = _folded(line)
    section = _SECTIONS.get(folded) or _SQUEEZED.get(folded)
    if section is not None:
        return section
    parts = [_SECTIONS.get(part) for part in _JOINT.split(folded)]
    return parts[0] if len(parts) > 1 and all(parts) else None


def is_heading(line: str) -> bool:
    """Whether a line is the heading of a section."""
    return section_of(line) is not None
