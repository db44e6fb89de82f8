"""JSON Resume (https://jsonresume.org/schema, version 1.0.0), written out as the lines of a plain resume."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from intake.documents.document import Document, Line, compose
from intake.documents.kind import Kind
from intake.documents.refusal import FileRefused

_KNOWN = {"basics", "work", "skills", "education", "projects", "languages", "volunteer"}
_SEND = "send a file in the form of https://jsonresume.org/schema, or a PDF"


def read_json_resume(text: str) -> Document:
    """Read a JSON Resume.

    Raises:
        FileRefused: it is no JSON, or JSON of another form.
    """
    try:
        resume = json.loads(text)
    except RecursionError:
        raise FileRefused("contains lists inside lists without end", _SEND) from None
    except ValueError:
        raise FileRefused("is damaged: its JSON cannot be read", _SEND) from None
    if not isinstance(resume, dict) or not _KNOWN & set(resume):
        raise FileRefused("is JSON, but no JSON Resume", _SEND)
    return compose(_lines(resume), kind=Kind.JSON)


def _lines(resume: Mapping[str, Any]) -> Iterator[Line]:
    yield from _basics(_mapping(resume.get("basics")))
    yield from _section("Skills", [_skill(one) for one in _mappings(resume.get("skills"))])
    yield from _entries("Experience", resume.get("work"), "position", "name")
    yield from _entries("Projects", resume.get("projects"), "name", "entity")
    yield from _entries("Education", resume.get("education"), "studyType", "area", "institution")
    yield from _entries("Volunteering", resume.get("volunteer"), "position", "organization")
    yield from _section(
        "Languages", [_joined(one, "language", "fluency") for one in _mappings(resume.get("languages"))]
    )


def _basics(basics: Mapping[str, Any]) -> Iterator[Line]:
    yield Line(_text(basics.get("name")), is_heading=True)
    yield Line(_text(basics.get("label")))
    place = _mapping(basics.get("location"))
    where = _joined(place, "city", "region", "countryCode")
    if where:
        yield Line(f"Location: {where}")
    yield from (Line(_text(basics.get(key))) for key in ("email", "phone", "url"))
    yield from _section("Summary", _text(basics.get("summary")).splitlines())


def _skill(skill: Mapping[str, Any]) -> str:
    keywords = ", ".join(_texts(skill.get("keywords")))
    name = _text(skill.get("name"))
    return f"{name}: {keywords}" if name and keywords else name or keywords


def _entries(heading: str, entries: Any, *title: str) -> Iterator[Line]:
    lines: list[str] = []
    for entry in _mappings(entries):
        lines.append(_joined(entry, *title, "location") or _text(entry.get("company")))
        start, end = _text(entry.get("startDate")), _text(entry.get("endDate"))
        if start:
            lines.append(f"{start} \N{EN DASH} {end or 'present'}")
        elif end:
            lines.append(end)
        lines += _text(entry.get("summary") or entry.get("description")).splitlines()
        lines += [f"• {text}" for key in ("highlights", "keywords", "courses") for text in _texts(entry.get(key))]
    return _section(heading, lines)


def _section(heading: str, texts: list[str]) -> Iterator[Line]:
    kept = [text for text in texts if text.strip()]
    if kept:
        yield Line(heading, is_heading=True)
        yield from (Line(text) for text in kept)


def _joined(entry: Mapping[str, Any], *keys: str) -> str:
    return ", ".join(filter(None, (_text(entry.get(key)) for key in keys)))


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [text for one in value if (text := _text(one))] if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
