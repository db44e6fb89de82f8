"""What was found in a resume: values with their places and how sure they are, and doubts."""

from dataclasses import dataclass
from typing import Any, Literal

Sure = Literal["stated", "likely", "guess"]
"""`stated`: written as such. `likely`: follows from what is written. `guess`: a rule of thumb, never in the profile."""


@dataclass(frozen=True)
class Where:
    """Where something was found: page, from 1, and characters of the document's text."""

    page: int
    start: int
    end: int


@dataclass(frozen=True)
class Found:
    """A value and its origin.

    Attributes:
        value: as in the field of the profile.
        sure: see `Sure`.
        where: one place or more.
    """

    value: Any
    sure: Sure
    where: tuple[Where, ...]


@dataclass(frozen=True)
class Doubt:
    """Why a field stayed empty or may be wrong.

    Attributes:
        field: of the profile.
        why: in a sentence.
        where: the place in question, if there is one.
    """

    field: str
    why: str
    where: Where | None = None
