"""What a person wishes: where to work, and the salary they expect."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from intake.headings import Section
from intake.resumes.findings import Doubt, Found, Where
from intake.resumes.sections import Part
from intake.resumes.words import WORDS, folded, label, phrase
from matching.data.tables import RemoteWish
from matching.text import pay
from matching.text.pay_rates import PayRates

_LABEL = label(WORDS["labels"]["work_mode"])
_WISH = phrase(WORDS["phrases"]["wish"])
_MODES: tuple[tuple[RemoteWish, re.Pattern[str]], ...] = (
    ("any", phrase(WORDS["modes"]["any"])),
    ("hybrid", phrase(WORDS["modes"]["hybrid"])),
    ("remote", phrase(WORDS["modes"]["remote"])),
    ("onsite", phrase(WORDS["modes"]["onsite"])),
)
_SAID = (None, Section.SUMMARY, Section.CONTACT, Section.WISHES)
_EXPECTED = phrase(WORDS["labels"]["salary"])


@dataclass(frozen=True)
class Salary:
    """An expected salary.

    Attributes:
        found: in USD per year.
        pay: as it is written.
    """

    found: Found
    pay: pay.Pay


def remote_wish(parts: Sequence[Part]) -> Found | None:
    """Return where the person wants to work; the mode of a past position says nothing about it."""
    for part in parts:
        text = folded(part.text)
        labelled = _LABEL.match(text)
        wished = labelled or (_WISH.search(text) if part.section in _SAID else None)
        for mode, pattern in _MODES if wished else ():
            match = pattern.search(text, wished.end() if wished else 0)
            if match:
                where = Where(part.page, part.start + match.start(), part.start + match.end())
                return Found(mode, "stated" if labelled else "likely", (where,))
    return None


def expected_salary(parts: Sequence[Part], rates: PayRates) -> Salary | Doubt | None:
    """Return the expected salary in USD per year; a doubt where currency or period is not understood."""
    for part in parts:
        labelled = _EXPECTED.search(folded(part.text))
        if labelled is None or part.section in (Section.EXPERIENCE, Section.EDUCATION):
            continue
        start = labelled.end()
        written = part.text[start:].lstrip(" :\t")
        offset = part.start + part.text.rindex(written) if written else part.end
        stated = pay.read_field(written) or next(iter(pay.read(part.text)), None)
        if stated is not None:
            return _converted(stated, offset, part, rates)
        if re.search(r"\d{3}", written):
            return Doubt("expected_salary_usd_per_year", "The expected salary is not understood.", _where(part))
    return None


def _converted(stated: pay.Pay, offset: int, part: Part, rates: PayRates) -> Salary | Doubt:
    low, high = stated.usd_per_year(rates)
    value = low if low is not None else high
    if value is None or stated.sure == "unsure":
        why = "The expected salary has no currency or period that is known."
        return Doubt("expected_salary_usd_per_year", why, _where(part))
    where = Where(part.page, min(offset + stated.start, part.end), min(offset + stated.end, part.end))
    return Salary(Found(round(value, 2), stated.sure, (where,)), stated)


def _where(part: Part) -> Where:
    return Where(part.page, part.start, part.end)
