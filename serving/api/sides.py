"""The candidates or the jobs of one request."""

from typing import Any

import polars as pl

from matching.data.tables import CandidateProfile, JobProfile, polars_schema
from serving.api.errors import Detail, Problem, invalid
from store.profiles import StoredProfiles

Profile = CandidateProfile | JobProfile


class Side:
    """The candidates or the jobs of one request: each profile once, by id."""

    def __init__(self, record: type[Profile], stored: StoredProfiles) -> None:
        self.key = "candidate_id" if record is CandidateProfile else "job_id"
        self.profiles: dict[str, Profile | str] = {}
        self._record = record
        self._stored = stored
        self._row_of: dict[str, int] = {}

    def add(self, given: Profile | None, name: str | None, field: str) -> int:
        """Take a given profile, or else the stored one of this name; return its row; raises Problem."""
        if given is not None:
            return self._add(self._id_of(given, field), given, field)
        place = None if name is None else self._stored.row_of.get(name)
        if name is None or place is None:
            detail = Detail(field=f"{field}_id", problem="No stored profile has this id")
            raise Problem(404, "unknown_profile", "a profile that the request names is not stored", [detail])
        return self._add(name, self._stored.payloads[place], field)

    def _id_of(self, given: Profile, field: str) -> str:
        """Identifier of a given profile; raises Problem where it cannot be stored as a key."""
        key: str = getattr(given, self.key)
        if not key.isprintable():
            problem = "Identifiers hold printable characters only"
            raise invalid([Detail(field=f"{field}.{self.key}", problem=problem, limit="printable")])
        return key

    def record(self, row: int) -> Any:
        """Return the profile of a row as its record."""
        return self._read(list(self.profiles.values())[row])

    def table(self) -> pl.DataFrame:
        """The profiles as a table, one row each."""
        rows = [self._read(profile).model_dump() for profile in self.profiles.values()]
        return pl.DataFrame(rows, schema=polars_schema(self._record), orient="row")

    def _read(self, profile: Profile | str) -> Profile:
        return self._record.model_validate_json(profile) if isinstance(profile, str) else profile

    def _add(self, key: str, profile: Profile | str, field: str) -> int:
        if key not in self._row_of:
            self._row_of[key] = len(self._row_of)
            self.profiles[key] = profile
        elif self.profiles[key] != profile:
            problem = "This id was given before in the request with another profile"
            raise invalid([Detail(field=f"{field}.{self.key}", problem=problem, limit="one profile per id")])
        return self._row_of[key]
