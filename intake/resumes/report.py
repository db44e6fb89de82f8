"""What was read from a resume in the form of JSON: the profile, sources, doubts, and what was dropped."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from intake.resumes.entries import Entry
from intake.resumes.findings import Doubt, Found, Where
from intake.resumes.reading import ReadResume


def report(result: ReadResume) -> dict[str, Any]:
    """Return a resume's profile with sources and doubts, ready to be written as JSON.

    Fields of the profile that are empty are left out. `sources` has for each field its places (file, page, characters
    of the text) and how sure it is.
    """
    document = result.document
    return {
        "file": document.name,
        "kind": document.kind,
        "profile": result.profile.model_dump(mode="json", exclude_defaults=True),
        "sources": {name: _source(document.name, found) for name, found in result.found.items()},
        "skills": {name: _source(document.name, found) for name, found in result.skills.items()},
        "entries": [_entry(entry) for entry in result.entries],
        "doubts": [_doubt(doubt) for doubt in result.doubts],
        "hidden": [asdict(hidden) for hidden in document.hidden],
        "notes": list(document.notes),
        "pay_rates": str(result.rates.date) if result.rates else None,
    }


def _source(file: str, found: Found) -> dict[str, Any]:
    return {"value": found.value, "sure": found.sure, "where": _places(file, found.where)}


def _places(file: str, wheres: Sequence[Where]) -> list[dict[str, Any]]:
    return [{"file": file, "page": one.page, "start": one.start, "end": one.end} for one in wheres]


def _entry(entry: Entry) -> dict[str, Any]:
    end = entry.period.end
    return {
        "kind": entry.section.value,
        "title": entry.title.text if entry.title else None,
        "from": _month(entry.period.first),
        "to": _month(end - 1) if end is not None else None,
        "is_exact": entry.period.is_exact,
    }


def _month(month: int) -> str:
    return f"{month // 12:04}-{month % 12 + 1:02}"


def _doubt(doubt: Doubt) -> dict[str, Any]:
    return {"field": doubt.field, "why": doubt.why, "where": asdict(doubt.where) if doubt.where else None}
