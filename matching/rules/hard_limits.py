"""Hard limits: conditions in a profile that rule a pair out, whatever its score.

| limit | broken if |
|---|---|
| `work_permit` | the candidate lists countries where they may work, the job's country is not one of them, the job is not fully remote and the company does not sponsor a permit |
| `location` | the candidate would not relocate, and the job is on site or hybrid, in another region or country and in no city that they want |
| `salary_floor` | the upper end of the job's salary band is below the candidate's minimum |
| `candidate_block_words` | the job's title, description, industry or company contains a word that the candidate rules out |
| `job_block_words` | the candidate's headline, resume or skills contain a word that the job rules out |

A missing value breaks no limit, nor does a place that is not understood; a job in several countries is in each of them. A permit is needed where the work is done, so fully remote work needs none; only an
explicit `remote_policy` of `remote`, or `sponsors_work_permit`, lifts that limit. A wish is no limit and only changes
the score: people who want to work remotely accept work on site, and people move to cities they never listed. Block
words match whole words in upper or lower case (`matching.text.words`); synonyms do not match.
"""  # noqa: E501 - a table

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

import numpy as np
import polars as pl

from matching.arrays import Booleans, Floats, Keys, Rows
from matching.data.columns import floats
from matching.data.dataset import Pairs
from matching.text import places
from matching.text.words import BlockWords, Documents

Spelling = Callable[[str | None], str]

_SHIFT = np.uint64(32)
_MOST_COUNTRIES = 60  # a job in more countries than these is in no country for a limit


class HardLimit(StrEnum):
    """A condition in a profile that rules a pair out, whatever its score.

    >>> HardLimit("salary_floor"), SENTENCES[HardLimit.CANDIDATE_BLOCK_WORDS]
    (<HardLimit.SALARY_FLOOR: 'salary_floor'>, 'The job contains a word that the candidate rules out.')
    """

    WORK_PERMIT = "work_permit"
    LOCATION = "location"
    SALARY_FLOOR = "salary_floor"
    CANDIDATE_BLOCK_WORDS = "candidate_block_words"
    JOB_BLOCK_WORDS = "job_block_words"


SENTENCES = {
    HardLimit.WORK_PERMIT: "The job is in a country where the candidate does not say they may work, "
    "and the company does not offer to sponsor a permit.",
    HardLimit.LOCATION: "The job is outside the places where the candidate lives or wants to work, "
    "and they would not relocate.",
    HardLimit.SALARY_FLOOR: "The top of the salary band is below the candidate's minimum.",
    HardLimit.CANDIDATE_BLOCK_WORDS: "The job contains a word that the candidate rules out.",
    HardLimit.JOB_BLOCK_WORDS: "The candidate's profile contains a word that the job rules out.",
}
"""What each broken limit means, without repeating a personal value."""


@dataclass(frozen=True)
class CandidateLimits:
    """Candidates, ready for the limits. Arrays have shape (n,); the code 0 means missing."""

    country: Keys
    region: Keys
    stays: Booleans
    floor: Floats
    lists_countries: Booleans
    work_countries: Keys  # (row << 32) | code, sorted
    wish_cities: Keys  # the same
    blocks: BlockWords
    documents: Documents


@dataclass(frozen=True)
class JobLimits:
    """Jobs, ready for the limits. Arrays have shape (n,) or (n, most places of a job); the code 0 means missing."""

    countries: Keys
    region: Keys
    cities: Keys
    needs_presence: Booleans
    is_remote: Booleans
    sponsors: Booleans
    max_salary: Floats
    blocks: BlockWords
    documents: Documents


def encode_candidates(candidates: pl.DataFrame) -> CandidateLimits:
    """Encode `CandidateProfile` rows once, to compare them with many jobs."""
    permitted = [_permitted(names or []) for names in candidates["work_countries"].to_list()]
    return CandidateLimits(
        country=_codes(candidates["country"], _country),
        region=_codes(candidates["region"], places.region),
        stays=np.array([one is False for one in candidates["would_relocate"].to_list()], dtype=bool),
        floor=floats(candidates["min_salary_usd_per_year"]),
        lists_countries=np.array([bool(codes) for codes in permitted], dtype=bool),
        work_countries=_members(permitted),
        wish_cities=_members([_cities(names or []) for names in candidates["wish_cities"].to_list()]),
        blocks=BlockWords(candidates["block_words"]),
        documents=Documents(lambda: (candidates["headline"], candidates["resume"], _skills(candidates))),
    )


def encode_jobs(jobs: pl.DataFrame) -> JobLimits:
    """Encode `JobProfile` rows once, to compare them with many candidates."""
    policy = jobs["remote_policy"].to_list()
    return JobLimits(
        countries=_slots([_of_job(name) for name in jobs["country"].to_list()]),
        region=_codes(jobs["region"], places.region),
        cities=_slots([places.cities(name) for name in jobs["city"].to_list()]),
        needs_presence=np.array([one in ("onsite", "hybrid") for one in policy], dtype=bool),
        is_remote=np.array([one == "remote" for one in policy], dtype=bool),
        sponsors=np.array([one is True for one in jobs["sponsors_work_permit"].to_list()], dtype=bool),
        max_salary=floats(jobs["max_salary_usd_per_year"]),
        blocks=BlockWords(jobs["block_words"]),
        documents=Documents(lambda: (jobs["title"], jobs["description"], jobs["industry"], jobs["company"])),
    )


def broken(
    candidates: CandidateLimits, jobs: JobLimits, candidate_rows: Rows, job_rows: Rows
) -> dict[HardLimit, Booleans]:
    """Return which pairs break each limit; arrays have shape (n_pairs,)."""
    countries, lists = jobs.countries[job_rows], candidates.lists_countries[candidate_rows]
    needs_permit = (countries > 0).any(axis=1) & ~jobs.sponsors[job_rows] & ~jobs.is_remote[job_rows]
    away = candidates.stays[candidate_rows] & jobs.needs_presence[job_rows]
    if away.any():
        away &= _is_elsewhere(candidates, jobs, candidate_rows, job_rows)
    with np.errstate(invalid="ignore"):
        below = jobs.max_salary[job_rows] < candidates.floor[candidate_rows]
    return {
        HardLimit.WORK_PERMIT: needs_permit & lists & ~_has_any(candidates.work_countries, candidate_rows, countries),
        HardLimit.LOCATION: away,
        HardLimit.SALARY_FLOOR: below,
        HardLimit.CANDIDATE_BLOCK_WORDS: candidates.blocks.broken(candidate_rows, job_rows, jobs.documents),
        HardLimit.JOB_BLOCK_WORDS: jobs.blocks.broken(job_rows, candidate_rows, candidates.documents),
    }


def broken_limits(pairs: Pairs) -> dict[HardLimit, Booleans]:
    """Return which pairs break each limit; arrays have shape (n_pairs,)."""
    return broken(encode_candidates(pairs.candidates), encode_jobs(pairs.jobs), pairs.candidate_rows, pairs.job_rows)


def eligible(pairs: Pairs) -> Booleans:
    """Return which pairs break no limit, shape (n_pairs,)."""
    return ~any_of(broken_limits(pairs), len(pairs))


def any_of(flags: dict[HardLimit, Booleans], n_pairs: int, *, relaxed: tuple[HardLimit, ...] = ()) -> Booleans:
    """Return which pairs break a limit that is not relaxed, shape (n_pairs,).

    >>> flags = {HardLimit.LOCATION: np.array([True, False]), HardLimit.SALARY_FLOOR: np.array([False, True])}
    >>> any_of(flags, 2, relaxed=(HardLimit.LOCATION,)).tolist()
    [False, True]
    """
    kept = [values for limit, values in flags.items() if limit not in relaxed]
    return np.asarray(np.any(kept, axis=0)) if kept else np.zeros(n_pairs, dtype=bool)


def of_pair(flags: dict[HardLimit, Booleans], pair: int) -> tuple[HardLimit, ...]:
    """Return the limits that one pair breaks."""
    return tuple(limit for limit, values in flags.items() if values[pair])


def _is_elsewhere(candidates: CandidateLimits, jobs: JobLimits, candidate_rows: Rows, job_rows: Rows) -> Booleans:
    """Whether the job is in another country or region than the candidate, if both are known, and in no wanted city."""
    home, work = candidates.country[candidate_rows], jobs.countries[job_rows]
    abroad = (home > 0) & (work > 0).any(axis=1) & (work != home[:, None]).all(axis=1)
    here, there = candidates.region[candidate_rows], jobs.region[job_rows]
    elsewhere = (here > 0) & (there > 0) & (here != there)
    wished = _has_any(candidates.wish_cities, candidate_rows, jobs.cities[job_rows])
    return np.asarray((abroad | elsewhere) & ~wished)


def _country(name: str | None) -> str:
    return places.country(name) or ""


def _of_job(name: str | None) -> tuple[str, ...]:
    """Countries of a job; none if they are not understood, so that nobody is excluded for a spelling."""
    found = places.countries(name) or ()
    return tuple(sorted(found)) if len(found) <= _MOST_COUNTRIES else ()


def _cities(names: Sequence[str]) -> list[str]:
    return [city for name in names for city in places.cities(name)]


def _permitted(names: Sequence[str]) -> list[str]:
    """Countries where a candidate may work; none if an entry is not understood: it may be any country."""
    found = [places.countries(name) for name in names]
    return [] if None in found else sorted({code for codes in found for code in codes or ()})


def _code(name: str) -> int:
    return (crc32(name.encode()) or 1) if name else 0


def _codes(values: pl.Series, spelling: Spelling) -> Keys:
    """Numbers that are equal if the names are; 0 for null."""
    return np.array([_code(spelling(name)) for name in values.to_list()], dtype=np.uint64)


def _slots(lists: Sequence[Sequence[str]]) -> Keys:
    """Codes of the names of each list, shape (n, length of the longest list); 0 where a list is shorter."""
    width = max((len(names) for names in lists), default=1) or 1
    rows = [[*map(_code, names), *[0] * (width - len(names))] for names in lists]
    return np.array(rows, dtype=np.uint64).reshape(len(lists), width)


def _members(lists: Sequence[Sequence[str]]) -> Keys:
    """Each name of each list as (row << 32) | code, sorted."""
    keys = [(row << 32) | _code(name) for row, names in enumerate(lists) for name in names]
    return np.sort(np.array(keys, dtype=np.uint64))


def _skills(candidates: pl.DataFrame) -> pl.Series:
    return candidates["skills"].list.eval(pl.element().struct.field("name")).list.join("|")


def _has_any(members: Keys, rows: Rows, codes: Keys) -> Booleans:
    """Whether one of the codes of each row, shape (n_rows, n_codes), is in the list of that row."""
    return np.asarray(np.any([_is_member(members, rows, column) for column in codes.T], axis=0))


def _is_member(members: Keys, rows: Rows, codes: Keys) -> Booleans:
    """Whether each code is in the list of its row; the code 0 is in none."""
    keys = (rows.astype(np.uint64) << _SHIFT) | codes
    place = np.minimum(np.searchsorted(members, keys), max(len(members) - 1, 0))
    found = members[place] == keys if len(members) else np.zeros(len(keys), dtype=bool)
    return np.asarray(found & (codes > 0))
