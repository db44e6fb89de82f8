"""Europass CVs in XML, written out as the lines of a plain resume.

Both forms are read, by the local names of their elements: `SkillsPassport` (Cedefop's schema 3, until 2020) and
`Candidate` (HR-XML, since 2020).
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from intake.documents.document import Document, Line, compose
from intake.documents.kind import Kind
from intake.documents.markup import text_lines
from intake.documents.refusal import FileRefused

_SEND = "export the CV from Europass again, or send a PDF"


def read_europass(content: bytes) -> Document:
    """Read a Europass CV.

    Raises:
        FileRefused: it is damaged, declares entities, or is XML of another form.
    """
    root = _parsed(content)
    form = _local(root)
    if form == "SkillsPassport" or _first(root, "LearnerInfo") is not None:
        return compose(_passport_lines(root), kind=Kind.XML)
    if form == "Candidate":
        return compose(_candidate_lines(root), kind=Kind.XML)
    raise FileRefused("is XML, but no Europass CV", _SEND)


def _parsed(content: bytes) -> Any:
    if b"<!ENTITY" in content.replace(b"\0", b""):
        raise FileRefused("declares entities of its own, which no CV needs", _SEND)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise FileRefused("is damaged: its XML cannot be read", _SEND) from None


def _passport_lines(root: Any) -> Iterator[Line]:
    yield Line(_joined(root, "FirstName", "Surname", separator=" "), is_heading=True)
    headline = _first(root, "Headline")
    yield Line(_text(headline, "Description", "Label") if headline is not None else "")
    contact = _first(root, "ContactInfo")
    if contact is not None:
        country = _text(contact, "Country", "Label") or _text(contact, "Country", "Code")
        yield Line(_place(_text(contact, "Municipality"), country))
    for entry in _all(root, "WorkExperience"):
        yield from _entry("Experience", entry, [_text(entry, "Position", "Label"), _text(entry, "Employer", "Name")])
    for entry in _all(root, "Education"):
        yield from _entry("Education", entry, [_text(entry, "Title"), _text(entry, "Organisation", "Name")])
    skills = [*_all(root, "Computer"), *_all(root, "JobRelated"), *_all(root, "Organisational")]
    yield from _section("Skills", [line for skill in skills for line in _markup(skill, "Description")])


def _candidate_lines(root: Any) -> Iterator[Line]:
    yield Line(_joined(root, "GivenName", "FamilyName", separator=" "), is_heading=True)
    address = _first(root, "Address")
    if address is not None:
        names = (_text(address, name) for name in ("CityName", "CountrySubDivisionCode", "CountryCode"))
        yield Line(_place(*names))
    yield from _section("Summary", _markup(root, "ExecutiveSummary"))
    for employer in _all(root, "EmployerHistory"):
        for entry in _all(employer, "PositionHistory"):
            titles = [_text(entry, "PositionTitle"), _text(employer, "OrganizationName")]
            yield from _entry("Experience", entry, titles)
    for entry in _all(root, "EducationOrganizationAttendance"):
        yield from _entry("Education", entry, [_text(entry, "DegreeName"), _text(entry, "OrganizationName")])
    competencies = [one for one in _all(root, "PersonCompetency") if "language" not in _text(one, "TaxonomyID").lower()]
    yield from _section("Skills", [_text(one, "CompetencyName") for one in competencies])


def _entry(section: str, entry: Any, titles: list[str]) -> Iterator[Line]:
    """Write one dated entry; its heading is repeated, so that entries of different kinds may follow in any order."""
    yield Line(section, is_heading=True)
    yield Line(", ".join(filter(None, titles)))
    yield Line(_period(entry))
    for name in ("Activities", "Description"):
        yield from (Line(text) for text in _markup(entry, name))


def _section(heading: str, texts: list[str]) -> Iterator[Line]:
    if any(texts):
        yield Line(heading, is_heading=True)
        yield from (Line(text) for text in texts)


def _place(*names: str) -> str:
    where = ", ".join(filter(None, names))
    return f"Location: {where}" if where else ""


def _period(entry: Any) -> str:
    start = _date(_first(entry, "From", "StartDate"))
    end = _date(_first(entry, "To", "EndDate"))
    is_current = any(_text(entry, name).lower() == "true" for name in ("Current", "CurrentIndicator"))
    if start:
        return f"{start} \N{EN DASH} {'present' if is_current else end or 'present'}"
    return end


def _date(element: Any) -> str:
    """Return a date as 2019-03-01, 2019-03 or 2019; Cedefop's months are written "--03"."""
    if element is None:
        return ""
    parts = [element.get(name, "").lstrip("-") for name in ("year", "month", "day")]
    if parts[0]:
        return "-".join(part for place, part in enumerate(parts) if part and all(parts[:place]))
    return "".join(element.itertext()).strip()[:10]


def _markup(element: Any, name: str) -> list[str]:
    found = _first(element, name)
    return text_lines("".join(found.itertext())) if found is not None else []


def _joined(element: Any, *names: str, separator: str = ", ") -> str:
    return separator.join(filter(None, (_text(element, name) for name in names)))


def _text(element: Any, *path: str) -> str:
    """Return the text of the first element below that has the last name of a path; empty if there is none."""
    for name in path:
        element = _first(element, name)
        if element is None:
            return ""
    return " ".join("".join(element.itertext()).split())


def _first(element: Any, *names: str) -> Any:
    return next((one for one in element.iter(etree.Element) if _local(one) in names and one is not element), None)


def _all(element: Any, name: str) -> list[Any]:
    return [one for one in element.iter(etree.Element) if _local(one) == name]


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)
