"""Stored candidates and jobs, so that a request can name a profile and a ranking can search all of them.

Only the columns of `CandidateProfile` and `JobProfile` are stored: protected attributes never enter this table.
"""

import io
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Engine, delete, insert, select

from matching.data.tables import CandidateProfile, JobProfile, polars_schema
from matching.data.versions import newest_versions
from store.database import reading, writing
from store.schema import profiles

_CHUNK = 5_000
_KINDS: dict[str, tuple[type[CandidateProfile | JobProfile], str]] = {
    "candidate": (CandidateProfile, "candidate_id"),
    "job": (JobProfile, "job_id"),
}


@dataclass(frozen=True)
class StoredProfiles:
    """Stored profiles of one kind, in the order of their ids; all three are parallel.

    Attributes:
        table: schema of `Candidate` or `Job`.
        payloads: the JSON of each profile, as the prediction log keeps it.
        row_of: row of each id.
    """

    table: pl.DataFrame
    payloads: list[str]
    row_of: dict[str, int]

    def __len__(self) -> int:
        return len(self.payloads)


def replace_all(engine: Engine, source: str, candidates: pl.DataFrame, jobs: pl.DataFrame) -> None:
    """Replace the stored profiles of a source, in one transaction.

    Args:
        engine: an engine of `store.database.connect`.
        source: name of the source; its models search these profiles.
        candidates: schema of `Candidate`; the newest version of each is stored, without any other columns.
        jobs: schema of `Job`, likewise.

    Raises:
        StorageError: the database cannot be written.
    """
    rows = [row | {"source": source} for row in _rows("candidate", candidates) + _rows("job", jobs)]
    with writing(engine) as connection:
        connection.execute(delete(profiles).where(profiles.c.source == source))
        for start in range(0, len(rows), _CHUNK):
            connection.execute(insert(profiles), rows[start : start + _CHUNK])


def load(engine: Engine, source: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the stored candidates (schema of `Candidate`) and jobs (schema of `Job`), in the order of their ids.

    Raises:
        StorageError: the database cannot be read.
    """
    return load_kind(engine, source, "candidate").table, load_kind(engine, source, "job").table


def load_kind(engine: Engine, source: str, kind: str) -> StoredProfiles:
    """Return a source's stored profiles of one kind, `candidate` or `job`; raises StorageError."""
    query = select(profiles.c.id, profiles.c.payload, profiles.c.updated_at).where(
        profiles.c.source == source, profiles.c.kind == kind
    )
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(profiles.c.id)).all()
    payloads = [row.payload for row in rows]
    updated_at = pl.Series("updated_at", [row.updated_at for row in rows], pl.Int64).cast(pl.Datetime("us", "UTC"))
    table = read_payloads(payloads, _KINDS[kind][0]).with_columns(updated_at)
    return StoredProfiles(table, payloads, {row.id: place for place, row in enumerate(rows)})


def read_payloads(payloads: list[str], record: type[CandidateProfile | JobProfile]) -> pl.DataFrame:
    """Read JSON profiles, one string each, into a table of the record."""
    schema = polars_schema(record)
    if not payloads:
        return pl.DataFrame(schema=schema)
    return pl.read_ndjson(io.BytesIO("\n".join(payloads).encode()), schema=schema)


def _rows(kind: str, table: pl.DataFrame) -> list[dict[str, str | int]]:
    """Return the rows of the table `profiles`: the newest version of each profile."""
    profile, key = _KINDS[kind]
    newest = newest_versions(table)
    if newest.is_empty():
        return []
    buffer = io.BytesIO()
    newest.select(polars_schema(profile).names()).write_ndjson(buffer)
    payloads = buffer.getvalue().decode().rstrip("\n").split("\n")  # not splitlines: a text may hold U+2028
    moments = newest["updated_at"].cast(pl.Datetime("us", "UTC")).cast(pl.Int64)
    keyed = zip(newest[key].to_list(), payloads, moments.to_list(), strict=True)
    return [{"kind": kind, "id": i, "payload": p, "updated_at": t} for i, p, t in keyed]
