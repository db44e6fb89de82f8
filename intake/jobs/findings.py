"""What was found in a job post: values with their places and how sure they are, and doubts."""

from dataclasses import dataclass, field
from typing import Any

from intake.resumes.findings import Sure


@dataclass(frozen=True)
class Place:
    """Where something was found.

    Attributes:
        path: of the part of the input, such as `[0].baseSalary.value.minValue`, `item.pubDate` or `text`; `description`
            and `title` are the draft's own.
        start: first character in a text; None for a value of its own.
        end: character after the last.
    """

    path: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Found:
    """A value for a field of the profile.

    Attributes:
        value: as in the field.
        sure: `stated` if it is written as such, `likely` if it follows from what is written.
        places: where it comes from.
    """

    value: Any
    sure: Sure
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Doubt:
    """Why a field stayed empty or may be wrong.

    Attributes:
        field: of the profile.
        why: in a sentence that quotes nothing.
        place: the place in question, if there is one.
    """

    field: str
    why: str
    place: Place | None = None


@dataclass
class Findings:
    """What is found while a post is read: the first value of a field stays."""

    found: dict[str, Found] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)

    def add(self, name: str, value: Any, *places: Place, sure: Sure = "stated") -> None:
        """Keep a value, unless it is None or the field already has one."""
        if value is not None and name not in self.found:
            self.found[name] = Found(value, sure, places)

    def knows(self, name: str) -> bool:
        """Whether a field has a value or a doubt."""
        return name in self.found or any(one.field == name for one in self.doubts)

    def doubt(self, name: str, why: str, place: Place | None = None) -> None:
        """Note why a field is empty or may be wrong."""
        self.doubts.append(Doubt(name, why, place))
