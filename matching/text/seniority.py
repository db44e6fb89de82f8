"""The seniority in a title, as the years of experience it usually stands for."""

import re
from collections.abc import Sequence

from matching.text.plain_text import plain

YEARS: dict[str, float] = {
    "intern": 0.0, "trainee": 0.0, "student": 0.0, "graduate": 0.5, "junior": 1.0, "jr": 1.0, "entry": 1.0,
    "entry-level": 1.0, "middle": 3.0, "mid": 3.0, "mid-level": 3.0, "intermediate": 3.0, "senior": 6.0, "sr": 6.0,
    "staff": 9.0, "lead": 10.0, "principal": 10.0, "head": 10.0, "director": 12.0, "vp": 14.0, "chief": 14.0,
}  # fmt: skip
_WORD = re.compile(r"[\w-]+")


def years_of_titles(titles: Sequence[str]) -> list[float]:
    """Years of experience that each title suggests; NaN for a title without a seniority.

    >>> years_of_titles(["Senior Go developer", "Nurse"])
    [6.0, nan]
    """
    return [
        next((YEARS[word] for word in _WORD.findall(plain(title).casefold()) if word in YEARS), float("nan"))
        for title in titles
    ]
